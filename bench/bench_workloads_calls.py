"""Workloads of small things: one row through a model from C and from Python, import time, and memory."""

import json
import os
import subprocess
import sys
import time

import numpy as np

from bench_harness import FLOOR, OURS, PEER, Check, Measured, Side, Workload

N_FEATURES = 50


# --- one row --------------------------------------------------------------------------------------


def _each_row(call, rows, n_calls):
    """Seconds of a call as the mean of many, each with a row of its own."""
    views = [rows[i : i + 1] for i in range(len(rows))]

    def run():
        start = time.perf_counter()
        for i in range(n_calls):
            call(views[i % len(views)])
        seconds = (time.perf_counter() - start) / n_calls
        return Measured(seconds, np.array([np.ravel(call(v))[-1] for v in views]))

    return run


def _through_c(bench, name, model, rows, output, n_calls):
    """bench_predict on the saved model; None where it is not built."""
    program = os.path.join(bench.programs, "bench_predict")
    if not os.path.exists(program):
        return None
    paths = [os.path.join(bench.folder, f"{name}.{end}") for end in ("mlsd", "rows")]
    model.model_.save(paths[0])
    np.ascontiguousarray(rows).tofile(paths[1])
    command = [program, *paths, str(rows.shape[1]), output, str(n_calls)]

    def run():
        out = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return Measured(out["mean_us"] / 1e6, np.array(out["predictions"]))

    return run


def _predict(bench, name, title, model, peer, output):
    rng = np.random.default_rng(6)
    n = 2000
    X = rng.standard_normal((n, N_FEATURES))
    w = rng.standard_normal(N_FEATURES) / 4
    y = X @ w + rng.standard_normal(n)
    if output == "proba":
        y = (y > 0).astype(np.int64)
    model.fit(X, y)
    peer.fit(X, y)
    rows, n_calls = X[:100], bench.size(1000, 500, 5)
    method = "predict_proba" if output == "proba" else "predict"
    c_call = _through_c(bench, name, model, rows, output, bench.size(100_000, 50_000, 10))
    sides = [] if c_call is None else [Side("mlsd from C", OURS, c_call)]
    sides += [
        Side("mlsd from Python", OURS, _each_row(getattr(model, method), rows, n_calls)),
        Side("scikit-learn", PEER, _each_row(getattr(peer, method), rows, n_calls)),
        Side("numpy dot, the least Python can do", FLOOR, _each_row(lambda x: np.dot(x, w), rows, n_calls)),
    ]

    def check(out):
        for side in (s.key for s in sides if s.role == OURS):
            difference = np.max(np.abs(out[side] - out["scikit-learn"]))
            yield Check(f"{side}: prediction beside scikit-learn's, difference", difference, 1e-8)

    notes = [] if c_call else ["bench_predict is not built or not beside the library: name its folder with --programs"]
    return Workload(name, f"one row of {N_FEATURES}, {title}", sides, check, repeats=bench.size(9, 7, 1), notes=notes)


def predict_ridge(bench):
    from mlsd.linear_model import Ridge
    from sklearn.linear_model import Ridge as PeerRidge

    return _predict(bench, "predict_ridge", "ridge, predict", Ridge(), PeerRidge(), "value")


def predict_logistic(bench):
    from mlsd.linear_model import LogisticRegression
    from sklearn.linear_model import LogisticRegression as PeerLogistic

    peer = PeerLogistic(solver="newton-cholesky", tol=1e-12)
    return _predict(
        bench, "predict_logistic", "logistic regression, predict_proba", LogisticRegression(tol=1e-12), peer, "proba"
    )


def predict_pipeline(bench):
    from mlsd.linear_model import LogisticRegression
    from mlsd.pipeline import make_pipeline
    from mlsd.preprocessing import StandardScaler
    from sklearn.linear_model import LogisticRegression as PeerLogistic
    from sklearn.pipeline import make_pipeline as make_peer_pipeline
    from sklearn.preprocessing import StandardScaler as PeerScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(tol=1e-12))
    peer = make_peer_pipeline(PeerScaler(), PeerLogistic(solver="newton-cholesky", tol=1e-12))
    return _predict(
        bench, "predict_pipeline", "StandardScaler and logistic regression, predict_proba", model, peer, "proba"
    )


def predict_neighbors(bench):
    from mlsd.neighbors import KNeighborsRegressor
    from sklearn.neighbors import KNeighborsRegressor as PeerNeighbors

    title = "the mean of the 5 nearest of 2,000 rows, predict"
    return _predict(bench, "predict_neighbors", title, KNeighborsRegressor(), PeerNeighbors(), "value")


# --- a fresh process ------------------------------------------------------------------------------


def _python(bench, code):
    """Run code in a fresh interpreter; the text it prints."""
    environment = dict(os.environ, PYTHONPATH=bench.package, MLSD_LIBRARY=bench.library)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def import_time(bench):
    def seconds(code):
        start = time.perf_counter()
        _python(bench, code)
        return time.perf_counter() - start

    def imported(code):
        return lambda: Measured(seconds(code) - seconds("pass"))

    return Workload(
        "import",
        "import of the linear models in a fresh process, less the interpreter's own start",
        [
            Side("mlsd", OURS, imported("import mlsd.linear_model")),
            Side("mlsd and numpy", OURS, imported("import numpy, mlsd.linear_model")),
            Side("scikit-learn", PEER, imported("import sklearn.linear_model")),
            Side("numpy", FLOOR, imported("import numpy")),
        ],
        lambda _: (),
        repeats=bench.size(9, 7, 1),
    )


PEAK = """
def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1e3
"""
FIT = PEAK + """
import numpy as np
X = np.full(({n}, {p}), 0.5)
rng = np.random.default_rng(0)
for i in range(0, {n}, 1000):
    X[i:i + 1000] = rng.standard_normal(X[i:i + 1000].shape)
y = X[:, 0] + X[:, 1]
{fit}
print(peak())
"""
FITS = {
    "mlsd": "from mlsd.linear_model import Ridge; Ridge().fit(X, y)",
    "scikit-learn": "from sklearn.linear_model import Ridge; Ridge().fit(X, y)",
    "numpy and the data alone": "",
}


def _memory(bench, name, title, n, p, fits=FITS):
    def measured(fit):
        code = FIT.format(n=n, p=p, fit=fit)
        return lambda: Measured(float(_python(bench, code)))

    roles = {"mlsd": OURS, "scikit-learn": PEER}
    sides = [Side(side, roles.get(side, FLOOR), measured(fit)) for side, fit in fits.items()]
    return Workload(name, title, sides, lambda _: (), repeats=bench.size(3, 3, 1))


def memory_small(bench):
    workload = _memory(bench, "memory_import", "peak memory: import, one ridge fit of 1,000 x 10", 1000, 10)
    program = os.path.join(bench.programs, "bench_predict")
    if os.path.exists(program):
        workload.sides.insert(0, Side("mlsd from C", OURS, _c_memory(bench, program)))
    return workload


def _c_memory(bench, program):
    """A C program that loads a ridge model and predicts with it."""
    from mlsd.linear_model import Ridge

    X = np.random.default_rng(7).standard_normal((1000, 10))
    paths = [os.path.join(bench.folder, f"memory.{end}") for end in ("mlsd", "rows")]
    Ridge().fit(X, X[:, 0]).model_.save(paths[0])
    X.tofile(paths[1])

    def run():
        command = [program, *paths, "10", "value", "1000"]
        out = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return Measured(out["peak_kb"] / 1e3)

    return run


def memory_ridge(bench):
    n, p = bench.size((200_000, 100), (50_000, 100), (500, 10))
    title = f"peak memory: ridge fit, {n:,} x {p} ({8 * n * p / 1e6:.0f} MB of data)"
    return _memory(bench, "memory_ridge", title, n, p)


def _fits_of(labels):
    """Fits of logistic regression to labels made of y."""
    return {
        "mlsd": f"{labels}; from mlsd.linear_model import LogisticRegression; LogisticRegression().fit(X, y)",
        "scikit-learn": f"{labels}; from sklearn.linear_model import LogisticRegression; LogisticRegression().fit(X, y)",
        "numpy and the data alone": "",
    }


def memory_logistic(bench):
    n, p = bench.size((200_000, 50), (50_000, 50), (500, 5))
    title = f"peak memory: logistic regression, {n:,} x {p} ({8 * n * p / 1e6:.0f} MB of data)"
    return _memory(bench, "memory_logistic", title, n, p, _fits_of("y = (y > 0.3).astype(int)"))


def memory_multinomial(bench):
    n, p = bench.size((50_000, 50), (20_000, 50), (500, 5))
    title = f"peak memory: logistic regression of 10 classes, {n:,} x {p} ({8 * n * p / 1e6:.0f} MB of data)"
    labels = "y = np.digitize(y + rng.standard_normal(len(y)), np.linspace(-2, 2, 9))"
    return _memory(bench, "memory_multinomial", title, n, p, _fits_of(labels))


WORKLOADS = {
    "predict_ridge": predict_ridge,
    "predict_logistic": predict_logistic,
    "predict_pipeline": predict_pipeline,
    "predict_neighbors": predict_neighbors,
    "import": import_time,
    "memory_import": memory_small,
    "memory_ridge": memory_ridge,
    "memory_logistic": memory_logistic,
    "memory_multinomial": memory_multinomial,
}
UNITS = {"memory_import": "MB", "memory_ridge": "MB", "memory_logistic": "MB", "memory_multinomial": "MB"}
