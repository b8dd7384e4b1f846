"""Workloads of models trained by epochs: the multi-layer perceptron and stochastic gradient descent beside scikit-learn's
classes, and what watching a training costs."""

import warnings

import numpy as np

from bench_harness import OURS, PEER, Check, Side, Workload

HIDDEN, EPOCHS, BATCH = (64, 64), 10, 200


def _data(n, p):
    """Two classes that a plane does not part."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, p))
    score = X @ rng.standard_normal(p) + 2 * np.sin(2 * X[:, 0]) + rng.standard_normal(n)
    return X, (score > 0).astype(int)


def _flops(n, p):
    """Products of an epoch: forward, slopes of weights, and slopes of what every layer but the first was given."""
    widths = (p, *HIDDEN, 1)
    layers = [a * b for a, b in zip(widths, widths[1:])]
    return 2 * n * (2 * sum(layers) + sum(layers[1:]))


def _log_loss(model, X, y):
    proba = model.predict_proba(X)[:, 1]
    return float(-np.mean(np.log(np.where(y == 1, proba, 1 - proba))))


def _shares(rates, flops):
    """How much of a large product's rate the training reaches: of dgemm in double, of sgemm in float."""

    def note(workload):
        lines = []
        for side in workload.sides:
            kind = "dgemm" if side.key.startswith("double") else "sgemm"
            if side.role == OURS and workload.limit_for(side):
                rate, peak = flops / side.best, rates[kind][side.n_threads]
                lines.append(f"{side.key}: {rate / 1e9:.3g} GFLOP/s, {rate / peak * 100:.0f} % of {kind}'s {peak / 1e9:.3g}")
        return "products, by the best: " + "; ".join(lines) if lines else None

    return note


def mlp(bench):
    from mlsd.neural_network import MLPClassifier
    from sklearn.neural_network import MLPClassifier as Peer

    n, p = bench.size((50_000, 50), (20_000, 50), (600, 10))
    X, y = _data(2 * n, p)
    X, y, X_new, y_new = X[:n].copy(), y[:n], X[n:].copy(), y[n:]
    both = dict(hidden_layer_sizes=HIDDEN, batch_size=BATCH, max_iter=EPOCHS, n_iter_no_change=1000)

    def fit(make):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make().fit(X, y)

    flops = EPOCHS * _flops(n, p)
    peaks = {
        "single": lambda: bench.limits.seconds(flops_f32=flops),
        "double": lambda: bench.limits.seconds(flops=flops),
    }
    sides = [
        Side(
            f"mlsd, {precision}, {k} thread{'s' if k > 1 else ''}", OURS, lambda precision=precision: fit(lambda: MLPClassifier(**both, precision=precision)),
            n_threads=k, key=f"{precision} {k}", limits=peaks[precision],
        )
        for precision, k in (("double", 1), ("double", 2), ("single", 1), ("single", 2))
    ]
    sides.append(Side("scikit-learn", PEER, lambda: fit(lambda: Peer(**both, random_state=0)), bench.peer_threads, key="peer"))

    def check(out):
        peer = _log_loss(out["peer"], X_new, y_new)
        for precision in ("single", "double"):
            text = f"log loss of new rows, {precision}, above scikit-learn's, as a share"
            yield Check(text, max(_log_loss(out[f"{precision} 2"], X_new, y_new) / peer - 1, 0), 0.1 if n > 1000 else 1)
            ours = [np.concatenate([w.ravel() for w in out[f"{precision} {k}"].coefs_]) for k in (1, 2)]
            yield Check(f"weights of 1 and 2 threads that differ in bits, {precision}", np.count_nonzero(ours[0] != ours[1]), 0)

    return Workload(
        "mlp",
        f"{EPOCHS} epochs of Adam in batches of {BATCH}, {n:,} x {p}, hidden {HIDDEN}",
        sides,
        check,
        peaks["single"],
        "all products at the rate of sgemm; of the sides in double at that of dgemm",
        bench.size(5, 5, 1),
        notes=[_shares(bench.limits.rates, flops)],
    )


def sgd(bench):
    """Each with its own batches (ours 32, scikit-learn's 1) and its own default steps; the loss that is reached is checked."""
    from mlsd.linear_model import SGDClassifier
    from sklearn.linear_model import SGDClassifier as Peer

    n, p = bench.size((200_000, 50), (50_000, 50), (600, 10))
    X, y = _data(n, p)
    sides = [
        Side(
            f"mlsd, {k} thread{'s' if k > 1 else ''}", OURS,
            lambda: SGDClassifier(loss="log_loss", max_iter=EPOCHS, tol=0, n_iter_no_change=1000).fit(X, y),
            n_threads=k, key=f"ours {k}",
        )
        for k in (1, 2)
    ]
    sides.append(Side("scikit-learn", PEER, lambda: Peer(loss="log_loss", max_iter=EPOCHS, tol=None).fit(X, y), "1 thread", key="peer"))

    def check(out):
        ours, peer = (_log_loss(out[key], X, y) for key in ("ours 2", "peer"))
        yield Check("log loss above scikit-learn's, as a share", max(ours / peer - 1, 0), 0.01 if n > 1000 else 1)
        unequal = np.count_nonzero(out["ours 1"].coef_ != out["ours 2"].coef_)
        yield Check("coefficients of 1 and 2 threads that differ in bits", unequal, 0)

    return Workload(
        "sgd",
        f"{EPOCHS} epochs of SGD, log loss, {n:,} x {p}",
        sides,
        check,
        # Rows are read once for the steps and once for the loss of the epoch.
        lambda: bench.limits.seconds(read=2 * EPOCHS * X.nbytes),
        "reading the rows twice an epoch",
        bench.size(5, 5, 1),
    )


def watched(bench):
    """The same training with and without a curve and a rule that watches it; both work the validation rows' losses out."""
    import mlsd

    n, p = bench.size((50_000, 50), (20_000, 50), (600, 10))
    X, y = _data(2 * n, p)
    train, valid = (mlsd.Dataset(X[rows], y[rows], task="binary") for rows in (slice(0, n), slice(n, n + n // 5)))
    spec = mlsd.Spec("mlp_classifier", hidden_layer_sizes=list(HIDDEN), max_iter=EPOCHS, n_iter_no_change=1000)

    def fit(is_watched):
        rule = mlsd.Spec("early_stopping", patience=1000) if is_watched else None
        return mlsd.Model(spec, train, valid, mlsd.Curve(rule) if is_watched else None)

    sides = [
        Side("with curve and rule", OURS, lambda: fit(True), n_threads=2, key="watched"),
        Side("without", PEER, lambda: fit(False), n_threads=2, key="bare"),
    ]

    def check(out):
        same = out["watched"].to_bytes() == out["bare"].to_bytes()
        yield Check("models that differ", 0 if same else 1, 0)

    title = f"{EPOCHS} epochs of a network, {n:,} x {p}, watched or not"
    return Workload("watched", title, sides, check, repeats=bench.size(9, 9, 1))


WORKLOADS = {"mlp": mlp, "sgd": sgd, "watched": watched}
