"""Workloads of the lasso: a path of 100 penalties, and the penalty chosen by folds."""

import pathlib
import shutil
import subprocess

import numpy as np

from bench_harness import OURS, PEER, Check, Measured, Side, Workload

N_ALPHAS = 100

# Times glmnet itself, on data that are read before; X by columns, so nothing is transposed.
GLMNET = r"""
suppressMessages(library(glmnet))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3]); folder <- a[1]
get <- function(name, k) readBin(file.path(folder, name), "double", k)
X <- matrix(get("x", n * p), n, p); y <- get("y", n); lambda <- get("lambda", as.integer(a[4]))
seconds <- system.time(fit <- glmnet(X, y, standardize = FALSE, lambda = lambda))[["elapsed"]]
writeBin(as.double(as.matrix(fit$beta)), file.path(folder, "beta"))
cat(seconds, length(fit$lambda))
"""

# The same folds and penalties; mean squared errors over all rows.
CV_GLMNET = r"""
suppressMessages(library(glmnet))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3]); folder <- a[1]
get <- function(name, k) readBin(file.path(folder, name), "double", k)
X <- matrix(get("x", n * p), n, p); y <- get("y", n); lambda <- get("lambda", as.integer(a[4]))
seconds <- system.time(fit <- cv.glmnet(X, y, standardize = FALSE, lambda = lambda,
                                        foldid = get("fold", n) + 1))[["elapsed"]]
writeBin(as.double(fit$cvm), file.path(folder, "answer"))
cat(seconds)
"""


def _sparse(n, p):
    """A target that a twentieth of the columns tell something of."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, p))
    coef = np.zeros(p)
    coef[rng.choice(p, max(p // 20, 1), replace=False)] = rng.standard_normal(max(p // 20, 1))
    return X, X @ coef + rng.standard_normal(n)


def _ours(call):
    return [
        Side(f"mlsd, {n} thread{'s' if n > 1 else ''}", OURS, call, n_threads=n, key=f"mlsd {n}") for n in (1, 2)
    ]


def has_glmnet():
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", "library(glmnet)"], capture_output=True, check=False).returncode == 0


def _glmnet(folder, X, y, alphas):
    """A side that runs R, whose answer are coefficients (columns x penalties) and glmnet's own seconds."""
    for name, values in (("x", X.T), ("y", y), ("lambda", alphas)):
        np.ascontiguousarray(values).tofile(folder / name)
    script = folder / "glmnet.R"
    script.write_text(GLMNET, encoding="utf-8")
    command = ["Rscript", str(script), str(folder), *(str(k) for k in (*X.shape, len(alphas)))]

    def call():
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
        coef = np.fromfile(folder / "beta").reshape(int(said[1]), X.shape[1]).T
        return Measured(float(said[0]), coef)

    return Side("R glmnet", PEER, call, key="glmnet")


def lasso_path(bench):
    from mlsd.linear_model import lasso_path as path
    from sklearn.linear_model import lasso_path as peer_path

    n, p = bench.size((10_000, 1_000), (5_000, 400), (300, 12))
    X, y = _sparse(n, p)
    middle, level = X.mean(0), y.mean()
    alphas = np.abs((X - middle).T @ (y - level)).max() / n * np.geomspace(1, 1e-3, N_ALPHAS)

    def objectives(coefs):
        error = (y - level)[:, None] - (X - middle) @ coefs
        return 0.5 * np.mean(error**2, axis=0) + alphas[: coefs.shape[1]] * np.abs(coefs).sum(0)

    def check(out):
        found = objectives(out["mlsd 2"][1])
        yield Check("objective above scikit-learn's, share, worst of the path", np.max(found / objectives(out["peer"][1]) - 1), 1e-6)
        if "glmnet" in out:
            theirs = objectives(out["glmnet"])
            yield Check("objective above glmnet's, share, worst of the path", np.max(found[: len(theirs)] / theirs - 1), 1e-6)
        same = np.array_equal(out["mlsd 1"][1], out["mlsd 2"][1])
        yield Check("coefficients of 1 and 2 threads that differ in bits", 0 if same else 1, 0)

    def peer():  # lasso_path fits no intercept: columns are centred before, by columns as it wants them
        return peer_path(np.asfortranarray(X - X.mean(0)), y - y.mean(), alphas=alphas)

    sides = _ours(lambda: path(X, y, alphas=alphas, fit_intercept=True))
    sides.append(Side("scikit-learn lasso_path", PEER, peer, bench.peer_threads, key="peer"))
    notes = []
    if not bench.smoke and has_glmnet():
        folder = pathlib.Path(bench.folder) / "glmnet"
        folder.mkdir(exist_ok=True)
        sides.append(_glmnet(folder, X, y, alphas))
    elif not bench.smoke:
        notes.append("R's glmnet (r-cran-glmnet) is not installed")
    return Workload(
        "lasso_path",
        f"lasso, {N_ALPHAS} penalties, {n:,} x {p:,}, each with its own default tolerance",
        sides,
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1), read=8 * n * (p + 1)),
        "X'X once at the rate of dgemm",
        bench.size(7, 5, 1),
        notes,
    )


def _cv_glmnet(folder, X, y, alphas, fold):
    folder.mkdir(exist_ok=True)
    for name, values in (("x", X.T), ("y", y), ("lambda", alphas), ("fold", fold)):
        np.ascontiguousarray(values).tofile(folder / name)
    script = folder / "cv_glmnet.R"
    script.write_text(CV_GLMNET, encoding="utf-8")
    command = ["Rscript", str(script), str(folder), *(str(k) for k in (*X.shape, len(alphas)))]

    def call():
        seconds = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return Measured(float(seconds), np.fromfile(folder / "answer"))

    return Side("R cv.glmnet", PEER, call, key="cv.glmnet")


def lasso_cv(bench):
    from mlsd.linear_model import LassoCV
    from sklearn.linear_model import LassoCV as PeerLassoCV

    n, p = bench.size((10_000, 1_000), (5_000, 400), (300, 12))
    X, y = _sparse(n, p)

    def check(out):
        ours, peer = out["mlsd 2"], out["peer"]
        yield Check("penalties, relative difference", np.max(np.abs(ours.alphas_ / peer.alphas_ - 1)), 1e-10)
        yield Check("mean squared errors of folds, relative difference", np.max(np.abs(ours.mse_path_ / peer.mse_path_ - 1)), 1e-3)
        yield Check("the penalty chosen, relative difference", abs(ours.alpha_ / peer.alpha_ - 1), 1e-10)
        if "cv.glmnet" in out:  # it may end the path early, where little is left to explain
            theirs = out["cv.glmnet"]
            found = ours.mse_path_.mean(axis=1)[: len(theirs)]
            yield Check("mean squared errors, relative difference to cv.glmnet", np.max(np.abs(found / theirs - 1)), 1e-2)

    sides = _ours(lambda: LassoCV(n_splits=10).fit(X, y))
    sides.append(Side("scikit-learn LassoCV", PEER, lambda: PeerLassoCV(cv=10).fit(X, y), bench.peer_threads, key="peer"))
    notes = []
    if not bench.smoke and has_glmnet():
        alphas = np.abs((X - X.mean(0)).T @ (y - y.mean())).max() / n * np.geomspace(1, 1e-3, N_ALPHAS)
        fold = np.concatenate([np.full(len(rows), float(k)) for k, rows in enumerate(np.array_split(np.arange(n), 10))])
        sides.append(_cv_glmnet(pathlib.Path(bench.folder) / "lasso_cv", X, y, alphas, fold))
    elif not bench.smoke:
        notes.append("R's glmnet (r-cran-glmnet) is not installed")
    return Workload(
        "lasso_cv",
        f"lasso, the best of {N_ALPHAS} penalties by 10 folds, {n:,} x {p:,}",
        sides,
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1), read=8 * n * (p + 1)),
        "X'X once at the rate of dgemm, shared by the folds",
        bench.size(3, 3, 1),
        notes,
    )


WORKLOADS = {"lasso_path": lasso_path, "lasso_cv": lasso_cv}
