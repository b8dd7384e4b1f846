"""Workloads of validation: many settings on many folds, permutations, and the memory that they take."""

import pathlib
import subprocess

import numpy as np

from bench_harness import OURS, PEER, Check, Measured, Side, Workload
from bench_workloads_calls import _memory
from bench_workloads_lasso import has_glmnet

N_PENALTIES, N_FOLDS = 100, 10
FEW = 5  # of the penalties, for a peer that would take minutes; its time is then a multiple, and says so

# Times cv.glmnet itself, on data that are read before. glmnet's penalty is alpha over the training rows where y has deviation 1.
GLMNET = r"""
suppressMessages(library(glmnet))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3]); folder <- a[1]
get <- function(name, k, what = "double") readBin(file.path(folder, name), what, k)
X <- matrix(get("x", n * p), n, p); y <- get("y", n); lambda <- get("lambda", as.integer(a[4])); fold <- get("fold", n, "integer")
seconds <- system.time(fit <- cv.glmnet(X, y, alpha = 0, standardize = FALSE, lambda = lambda, foldid = fold))[["elapsed"]]
writeBin(as.double(fit$cvm), file.path(folder, "cvm"))
cat(seconds)
"""


def _noisy(n, p):
    rng = np.random.default_rng(11)
    X = rng.standard_normal((n, p))
    y = X @ (rng.standard_normal(p) / np.sqrt(p)) + rng.standard_normal(n)
    return X, y / y.std()


def _folds_of(mlsd, n, seed=0):
    return mlsd.Folds(mlsd.Spec("kfold", n_splits=N_FOLDS, shuffle=True, seed=seed), n)


def _fold_numbers(folds, n):
    numbers = np.empty(n, dtype=np.int32)
    for k in range(N_FOLDS):
        numbers[np.asarray(folds.part(k, 1))] = k
    return numbers


def _validate(mlsd, spec, data, folds):
    """mlsd_validate, the one door; the folds are not audited, as no peer does it."""
    from mlsd._library import call_plain, lib
    from mlsd._results import Result

    return Result._made(call_plain, lib.mlsd_validate, spec._h, data._h, folds._h)


def _cross_validation(mlsd, kind, alphas, metric="rmse"):
    spec = mlsd.Spec("cross_validate", metrics=[metric], return_predictions=False)
    for i, alpha in enumerate(alphas):
        spec.add("estimators", mlsd.Spec(kind, alpha=alpha), f"m{i}")
    return spec


def _means(result, column):
    table = result.table("models")
    return np.asarray(table[column])


def _threads(call):
    return [Side(f"mlsd, {n} thread{'s' if n > 1 else ''}", OURS, call, n_threads=n, key=f"mlsd {n}") for n in (1, 2)]


def _cv_glmnet(folder, X, y, alphas, numbers):
    for name, values in (("x", X.T), ("y", y), ("lambda", alphas[::-1] / (len(y) * (1 - 1 / N_FOLDS))), ("fold", numbers + 1)):
        np.ascontiguousarray(values).tofile(folder / name)
    script = folder / "cv_glmnet.R"
    script.write_text(GLMNET, encoding="utf-8")
    command = ["Rscript", str(script), str(folder), *(str(k) for k in (*X.shape, len(alphas)))]

    def call():
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return Measured(float(said), np.sqrt(np.fromfile(folder / "cvm")[::-1]))

    return Side("R cv.glmnet", PEER, call, key="glmnet")


def ridge_grid(bench):
    import mlsd
    from sklearn.linear_model import Ridge, RidgeCV
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    n, p = bench.size((100_000, 100), (20_000, 100), (300, 6))
    X, y = _noisy(n, p)
    alphas = np.geomspace(1e-2, 1e5, bench.size(N_PENALTIES, N_PENALTIES, 10))
    data, folds = mlsd.Dataset(X, y, task="regression"), _folds_of(mlsd, n)
    numbers, spec = _fold_numbers(folds, n), _cross_validation(mlsd, "ridge", alphas)
    few = alphas[:: max(len(alphas) // FEW, 1)][:FEW]

    def search():
        import time

        cv = PredefinedSplit(numbers)
        start = time.perf_counter()
        found = GridSearchCV(Ridge(), {"alpha": few}, scoring="neg_root_mean_squared_error", cv=cv, refit=False).fit(X, y)
        seconds = (time.perf_counter() - start) * len(alphas) / len(few)
        return Measured(seconds, -found.cv_results_["mean_test_score"])

    def check(out):
        ours = out["mlsd 2"]
        some = np.searchsorted(alphas, few)
        yield Check("root mean squared error beside GridSearchCV's, relative", np.max(np.abs(ours[some] / out["grid"] - 1)), 1e-10)
        if "glmnet" in out:  # its own tolerance, and the deviation of y is that of each fold's training rows
            yield Check("the same beside cv.glmnet's, relative", np.max(np.abs(ours / out["glmnet"] - 1)), 1e-3)
        yield Check("errors of 1 and 2 threads that differ in bits", 0 if np.array_equal(out["mlsd 1"], ours) else 1, 0)

    sides = _threads(lambda: _means(_validate(mlsd, spec, data, folds), "rmse.mean"))
    sides.append(Side(f"scikit-learn GridSearchCV, {len(few)} penalties x {len(alphas) // len(few)}", PEER, search, bench.peer_threads, key="grid"))
    sides.append(Side("scikit-learn RidgeCV (leave one out)", PEER, lambda: RidgeCV(alphas).fit(X, y).alpha_, bench.peer_threads, key="loo"))
    notes = [f"GridSearchCV fits {len(few)} of the penalties; its seconds are multiplied by {len(alphas) // len(few)}"]
    if not bench.smoke and has_glmnet():
        folder = pathlib.Path(bench.folder) / "cv_glmnet"
        folder.mkdir(exist_ok=True)
        sides.append(_cv_glmnet(folder, X, y, alphas, numbers))
    elif not bench.smoke:
        notes.append("R's glmnet (r-cran-glmnet) is not installed")
    return Workload(
        "ridge_grid",
        f"ridge, {len(alphas)} penalties on {N_FOLDS} folds, {n:,} x {p}",
        sides,
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1), read=8 * n * (p + 1)),
        "X'X once at the rate of dgemm, shared by folds and penalties",
        bench.size(5, 3, 1),
        notes,
    )


def discriminant_grid(bench):
    """Shrinkage of a linear discriminant analysis: scikit-learn fits every value on every fold."""
    import mlsd
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.model_selection import GridSearchCV, PredefinedSplit

    n, p, k = bench.size((20_000, 50, 5), (10_000, 30, 3), (300, 4, 3))
    rng = np.random.default_rng(5)
    label = rng.integers(0, k, n)
    X = rng.standard_normal((n, p)) + rng.standard_normal((k, p))[label] / 4
    values = np.linspace(0.05, 0.95, bench.size(20, 10, 3))
    data, folds = mlsd.Dataset(X, label.astype(float), task="multiclass"), _folds_of(mlsd, n)
    cv = PredefinedSplit(_fold_numbers(folds, n))
    spec = mlsd.Spec("cross_validate", metrics=["log_loss"], return_predictions=False)
    for i, value in enumerate(values):
        spec.add("estimators", mlsd.Spec("linear_discriminant_analysis", solver="lsqr", shrinkage=float(value)), f"m{i}")

    def search():
        model = LinearDiscriminantAnalysis(solver="lsqr")
        found = GridSearchCV(model, {"shrinkage": values}, scoring="neg_log_loss", cv=cv, refit=False).fit(X, label)
        return -found.cv_results_["mean_test_score"]

    def check(out):
        yield Check("log loss beside GridSearchCV's, relative", np.max(np.abs(out["mlsd 2"] / out["grid"] - 1)), 1e-9)
        yield Check("losses of 1 and 2 threads that differ in bits", 0 if np.array_equal(out["mlsd 1"], out["mlsd 2"]) else 1, 0)

    sides = _threads(lambda: _means(_validate(mlsd, spec, data, folds), "log_loss.mean"))
    sides.append(Side("scikit-learn GridSearchCV", PEER, search, bench.peer_threads, key="grid"))
    return Workload(
        "discriminant_grid",
        f"linear discriminant analysis, {len(values)} shrinkages on {N_FOLDS} folds, {n:,} x {p}, {k} classes",
        sides,
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1) + 2 * n * p * k * len(values), read=8 * n * p),
        "moments once at the rate of dgemm, shared by folds and shrinkages, and a product of the rows for each shrinkage",
        bench.size(5, 3, 1),
    )


def _permutation(bench, name, n, p, n_permutations):
    import mlsd
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import PredefinedSplit, permutation_test_score

    X, y = _noisy(n, p)
    data, folds = mlsd.Dataset(X, y, task="regression"), _folds_of(mlsd, n)
    cv = PredefinedSplit(_fold_numbers(folds, n))
    spec = mlsd.Spec("permutation_test", n_permutations=n_permutations, metric="r2", seed=0)
    spec.add("estimators", mlsd.Spec("ridge"), "ridge")

    def ours():
        result = _validate(mlsd, spec, data, folds)
        return np.asarray(result.table("permutations")["score"]), result.number("p_value")

    def peer():
        found = permutation_test_score(Ridge(), X, y, cv=cv, n_permutations=n_permutations, random_state=0, scoring="r2")
        return found[1], found[2]

    def check(out):
        yield Check("scores of the same permutations, largest difference", np.max(np.abs(out["mlsd 2"][0] - out["peer"][0])), 1e-10)
        yield Check("p-value, difference", abs(out["mlsd 2"][1] - out["peer"][1]), 0)

    sides = _threads(ours) + [Side("scikit-learn permutation_test_score", PEER, peer, bench.peer_threads, key="peer")]
    title = f"permutation test of ridge, {n_permutations} permutations on {N_FOLDS} folds, {n:,} x {p}"
    return Workload(name, title, sides, check, repeats=bench.size(5, 3, 1))


def permutation(bench):
    return _permutation(bench, "permutation", *bench.size((10_000, 50, 100), (5_000, 50, 50), (120, 4, 9)))


def permutation_small(bench):
    return _permutation(bench, "permutation_small", *bench.size((200, 5, 100), (200, 5, 100), (60, 3, 9)))


def memory_ridge_grid(bench):
    """Peak memory of the same beside one fit: no copy of the data for a fold."""
    n, p = bench.size((100_000, 100), (50_000, 100), (500, 10))
    lines = (
        f"import sys; sys.path.insert(0, {str(pathlib.Path(__file__).parent)!r}); "
        "import mlsd, bench_workloads_validate as b; d = mlsd.Dataset(X, y, task='regression'); "
        f"f = b._folds_of(mlsd, {n}); s = b._cross_validation(mlsd, 'ridge', np.geomspace(.01, 1e5, 100)); b._validate(mlsd, s, d, f)"
    )
    peer = (
        "from sklearn.linear_model import Ridge; from sklearn.model_selection import GridSearchCV, KFold; "
        "GridSearchCV(Ridge(), {'alpha': [1, 10]}, cv=KFold(10, shuffle=True), refit=False).fit(X, y)"
    )
    fits = {"mlsd": lines, "scikit-learn": peer, "numpy and the data alone": ""}
    title = f"peak memory: ridge, 100 penalties on 10 folds (scikit-learn: 2), {n:,} x {p} ({8 * n * p / 1e6:.0f} MB of data)"
    return _memory(bench, "memory_ridge_grid", title, n, p, fits)


WORKLOADS = {
    "ridge_grid": ridge_grid,
    "discriminant_grid": discriminant_grid,
    "permutation": permutation,
    "permutation_small": permutation_small,
    "memory_ridge_grid": memory_ridge_grid,
}
UNITS = {"memory_ridge_grid": "MB"}
