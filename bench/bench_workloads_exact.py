"""What exact numerics cost: the same fits with OpenBLAS and LAPACK ("fast") and with the kernels in a fixed order.

Fast is told to be the peer, so a ratio below 1 says how much longer exact takes: 0.5 is twice the time. Both on one thread
and from one library, in turns.
"""

import numpy as np

from bench_harness import OURS, PEER, Check, Side, Workload


def _data(n, p, n_classes=0):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((n, p))
    score = X @ (rng.standard_normal((p, max(n_classes, 1))) * 2 / np.sqrt(p)) + rng.standard_normal((n, max(n_classes, 1)))
    if n_classes == 0:
        return X, score[:, 0]
    return X, score.argmax(1) if n_classes > 2 else (score[:, 0] > 0).astype(np.int64)


def _workload(name, text, sizes, n_classes, make, result, repeats):
    def workload(bench):
        import mlsd

        n, p = bench.size(*sizes)
        X, y = _data(n, p, n_classes)

        def fit(numerics):
            mlsd.set_numerics(numerics)
            try:
                return np.ravel(result(make(), X, y))
            finally:
                mlsd.set_numerics("fast")

        def check(out):
            difference = np.max(np.abs(out["exact"] - out["fast"])) / np.max(np.abs(out["fast"]))
            yield Check("results, relative difference", difference, 1e-6)

        return Workload(
            f"exact_{name}",
            f"{text}, {n:,} x {p}, 1 thread",
            [
                Side("mlsd exact", OURS, lambda: fit("exact"), n_threads=1, key="exact"),
                Side("mlsd fast", PEER, lambda: fit("fast"), n_threads=1, key="fast"),
            ],
            check,
            repeats=bench.size(repeats, 5, 1),
        )

    return workload


def _made(kind, **parameters):
    def make():
        import mlsd.linear_model

        return getattr(mlsd.linear_model, kind)(**parameters)

    return make


def _fitted(model, X, y):
    return model.fit(X, y).coef_


def _predicted(model, X, y):
    from mlsd.linear_model import Ridge

    return Ridge().fit(X[:1000], y[:1000]).predict(X)


def _path(_, X, y):
    from mlsd.linear_model import lasso_path

    return lasso_path(X, y, n_alphas=100)[1]


_ROWS = ("name", "text", "sizes", "n_classes", "make", "result", "repeats")
_TABLE = [
    ("ridge", "ridge", ((200_000, 100), (50_000, 100), (500, 10)), 0, _made("Ridge"), _fitted, 9),
    ("least_squares", "least squares, refined", ((50_000, 100), (20_000, 100), (500, 10)), 0, _made("LinearRegression"), _fitted, 7),
    ("least_squares_fast", "least squares, accuracy='fast'", ((200_000, 100), (50_000, 100), (500, 10)), 0,
     _made("LinearRegression", accuracy="fast"), _fitted, 5),
    ("lasso_path", "lasso, 100 penalties", ((10_000, 1_000), (5_000, 400), (300, 12)), 0, lambda: None, _path, 5),
    ("logistic", "logistic regression", ((200_000, 50), (50_000, 50), (500, 5)), 2, _made("LogisticRegression"), _fitted, 7),
    ("multinomial", "logistic regression, 10 classes", ((50_000, 50), (20_000, 50), (500, 5)), 10, _made("LogisticRegression"), _fitted, 5),
    ("predict", "predicting with ridge", ((200_000, 100), (50_000, 100), (500, 10)), 0, lambda: None, _predicted, 7),
]  # fmt: skip
WORKLOADS = {f"exact_{row[0]}": _workload(*row) for row in _TABLE}
