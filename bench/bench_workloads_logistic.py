"""Workloads of logistic regression, of two and of ten classes."""

import pathlib
import subprocess

import numpy as np

from bench_harness import OURS, PEER, Check, Measured, Side, Workload
from bench_workloads_lasso import has_glmnet

# Times glmnet itself, on data that are read before; X by columns, so nothing is transposed.
GLMNET = r"""
suppressMessages(library(glmnet))
a <- commandArgs(TRUE); folder <- a[1]; n <- as.integer(a[2]); p <- as.integer(a[3])
X <- matrix(readBin(file.path(folder, "x"), "double", n * p), n, p)
y <- readBin(file.path(folder, "y"), "double", n)
seconds <- system.time(fit <- glmnet(X, y, family = a[4], alpha = 0, standardize = FALSE,
                                     lambda = as.double(a[5]), thresh = 1e-10))[["elapsed"]]
writeBin(as.double(rbind(as.double(fit$a0), as.matrix(fit$beta))), file.path(folder, "answer"))
cat(seconds)
"""


# The same folds, and the mean log loss of each penalty over all rows' predictions out of their folds.
CV_GLMNET = r"""
suppressMessages(library(glmnet))
a <- commandArgs(TRUE); folder <- a[1]; n <- as.integer(a[2]); p <- as.integer(a[3])
X <- matrix(readBin(file.path(folder, "x"), "double", n * p), n, p)
y <- readBin(file.path(folder, "y"), "double", n)
fold <- readBin(file.path(folder, "fold"), "double", n) + 1
lambda <- readBin(file.path(folder, "lambda"), "double", as.integer(a[4]))
seconds <- system.time(fit <- cv.glmnet(X, y, family = "binomial", alpha = 0, standardize = FALSE, lambda = lambda,
                                        foldid = fold, type.measure = "deviance"))[["elapsed"]]
writeBin(as.double(fit$cvm) / 2, file.path(folder, "answer"))
cat(seconds)
"""


class _Answer:
    """Coefficients as scikit-learn's classes hold them."""

    def __init__(self, table):
        self.intercept_, self.coef_ = table[0], table[1:].T


def _glmnet(folder, X, y, family, C):
    folder.mkdir(exist_ok=True)
    np.ascontiguousarray(X.T).tofile(folder / "x")
    y.astype(float).tofile(folder / "y")
    script = folder / "glmnet.R"
    script.write_text(GLMNET, encoding="utf-8")
    n, p = X.shape
    command = ["Rscript", str(script), str(folder), str(n), str(p), family, repr(1 / (C * n))]

    def call():
        seconds = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        table = np.fromfile(folder / "answer").reshape(-1, p + 1).T
        return Measured(float(seconds), _Answer(table))

    return Side("R glmnet", PEER, call, key="R glmnet")


def _two_classes(n, p):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((n, p))
    score = X @ (rng.standard_normal(p) * 2 / np.sqrt(p)) - 0.5
    return X, (rng.random(n) < 1 / (1 + np.exp(-score))).astype(np.int64)


def _many_classes(n, p, k):
    rng = np.random.default_rng(2)
    X = rng.standard_normal((n, p))
    score = X @ (rng.standard_normal((p, k)) * 2 / np.sqrt(p))
    return X, np.argmax(score + rng.gumbel(size=(n, k)), axis=1)


def _objective(model, X, y):
    score = X @ np.atleast_2d(model.coef_).T + np.ravel(model.intercept_)
    if score.shape[1] == 1:
        return 0.5 * np.sum(np.square(model.coef_)) + np.logaddexp(0, -(2 * y - 1) * score[:, 0]).sum()
    top = score.max(axis=1)
    loss = top + np.log(np.exp(score - top[:, None]).sum(axis=1)) - score[np.arange(len(y)), y]
    return 0.5 * np.sum(np.square(model.coef_)) + loss.sum()


def _fit(bench, name, title, X, y, family, solvers, flops, limit):
    from mlsd.linear_model import LogisticRegression
    from sklearn.linear_model import LogisticRegression as PeerLogistic

    def check(out):
        found = _objective(out["mlsd 2"], X, y)
        for key in out:
            if not key.startswith("mlsd"):
                yield Check(f"objective above that of {key}, share", found / _objective(out[key], X, y) - 1, 1e-8)
        same = np.array_equal(out["mlsd 1"].coef_, out["mlsd 2"].coef_)
        yield Check("coefficients of 1 and 2 threads that differ in bits", 0 if same else 1, 0)

    n, p = X.shape
    sides = [
        Side(f"mlsd, {t} thread{'s' if t > 1 else ''}", OURS, lambda: LogisticRegression().fit(X, y), n_threads=t, key=f"mlsd {t}")
        for t in (1, 2)
    ]
    sides += [
        Side(f"scikit-learn {s}", PEER, lambda s=s: PeerLogistic(solver=s).fit(X, y), bench.peer_threads, key=s) for s in solvers
    ]
    notes = []
    if family is None:
        notes.append("R's glmnet stands aside: it does not converge at so small a penalty")
    elif not bench.smoke and has_glmnet():
        sides.append(_glmnet(pathlib.Path(bench.folder) / name, X, y, family, 1.0))
    elif not bench.smoke:
        notes.append("R's glmnet (r-cran-glmnet) is not installed")
    n_iter = LogisticRegression().fit(X, y).n_iter_
    return Workload(
        name, title, sides, check, lambda: bench.limits.seconds(flops=n_iter * flops, read=n_iter * 8 * n * (p + 1)),
        f"{n_iter} iterations, each {limit}", bench.size(7, 5, 1), notes,
    )


def logistic_fit(bench):
    n, p = bench.size((200_000, 50), (50_000, 50), (500, 5))
    X, y = _two_classes(n, p)
    title = f"logistic regression, {n:,} x {p}, C 1, each with its own tolerance, objectives compared"
    return _fit(bench, "logistic_fit", title, X, y, "binomial", ("lbfgs", "newton-cholesky"), n * p * (p + 1), "X'WX at the rate of dgemm")


def multinomial_fit(bench):
    n, p, k = bench.size((50_000, 50, 10), (20_000, 50, 10), (500, 5, 3))
    X, y = _many_classes(n, p, k)
    title = f"logistic regression of {k} classes, {n:,} x {p}, C 1, each with its own tolerance, objectives compared"
    return _fit(bench, "multinomial_fit", title, X, y, None, ("lbfgs", "newton-cg"), 4 * n * p * k, "X B and X'R at the rate of dgemm")


def _cv_glmnet(folder, X, y, Cs, fold):
    folder.mkdir(exist_ok=True)
    n, p = X.shape
    n_train = n - n / (fold.max() + 1)
    np.ascontiguousarray(X.T).tofile(folder / "x")
    for name, values in (("y", y), ("fold", fold), ("lambda", 1 / (Cs * n_train))):
        values.astype(float).tofile(folder / name)
    script = folder / "cv_glmnet.R"
    script.write_text(CV_GLMNET, encoding="utf-8")
    command = ["Rscript", str(script), str(folder), str(n), str(p), str(len(Cs))]

    def call():
        seconds = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return Measured(float(seconds), np.fromfile(folder / "answer"))

    return Side("R cv.glmnet", PEER, call, key="cv.glmnet")


def logistic_cv(bench):
    from mlsd.linear_model import LogisticRegressionCV
    from sklearn.linear_model import LogisticRegressionCV as PeerCV
    from sklearn.model_selection import StratifiedKFold

    n, p = bench.size((20_000, 50), (10_000, 30), (400, 5))
    X, y = _two_classes(n, p)
    Cs, splitter = np.logspace(-4, 4, 20), StratifiedKFold(10)
    fold = np.empty(n)
    for k, (_, test) in enumerate(splitter.split(X, y)):
        fold[test] = k

    def losses(out, key):
        if key.startswith("mlsd"):
            return out[key].losses_.mean(axis=1)
        return -out[key].scores_[1].mean(axis=0) if key == "peer" else out[key]

    def check(out):
        found = losses(out, "mlsd 2")
        best = np.argmin(found)
        for key in out:
            if key.startswith("mlsd"):
                continue
            theirs = losses(out, key)
            yield Check(f"mean log loss, relative difference to {key}, worst of the path", np.max(np.abs(found / theirs - 1)), 1e-2 if key == "cv.glmnet" else 1e-4)
            yield Check(f"loss at the penalty chosen above {key}'s choice, share", found[best] / found[np.argmin(theirs)] - 1, 1e-4)
        same = np.array_equal(out["mlsd 1"].losses_, out["mlsd 2"].losses_)
        yield Check("losses of 1 and 2 threads that differ in bits", 0 if same else 1, 0)

    sides = [
        Side(f"mlsd, {t} thread{'s' if t > 1 else ''}", OURS, lambda: LogisticRegressionCV(Cs=Cs, n_splits=10).fit(X, y), n_threads=t, key=f"mlsd {t}")
        for t in (1, 2)
    ]
    sides.append(
        Side(
            "scikit-learn LogisticRegressionCV", PEER,
            lambda: PeerCV(Cs=Cs, cv=splitter, scoring="neg_log_loss").fit(X, y), bench.peer_threads, key="peer",
        )
    )  # fmt: skip
    notes = []
    if not bench.smoke and has_glmnet():
        sides.append(_cv_glmnet(pathlib.Path(bench.folder) / "logistic_cv", X, y, Cs, fold))
    elif not bench.smoke:
        notes.append("R's glmnet (r-cran-glmnet) is not installed")
    return Workload(
        "logistic_cv",
        f"logistic regression, the best of {len(Cs)} penalties by the log loss of 10 folds, {n:,} x {p}",
        sides,
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1) * len(Cs), read=8 * n * (p + 1) * len(Cs)),
        "one Hessian of all rows for each penalty at the rate of dgemm",
        bench.size(3, 3, 1),
        notes,
    )


WORKLOADS = {"logistic_cv": logistic_cv, "logistic_fit": logistic_fit, "multinomial_fit": multinomial_fit}
