"""Workloads of least squares: refined and fast, beside LAPACK's SVD, scikit-learn and R."""

import pathlib
import shutil
import subprocess

import numpy as np

from bench_harness import OURS, PEER, Check, Measured, Side, Workload

# Times lm.fit itself, which gets its column of ones and X by columns as it wants them.
LM_FIT = r"""
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3]); folder <- a[1]
get <- function(name, k) readBin(file.path(folder, name), "double", k)
X <- cbind(1, matrix(get("x", n * p), n, p)); y <- get("y", n)
seconds <- system.time(fit <- lm.fit(X, y))[["elapsed"]]
writeBin(as.double(fit$coefficients), file.path(folder, "coef"))
cat(seconds)
"""


def _lm_fit(folder, X, y):
    """A side that runs R, whose answer is the coefficients (intercept first) and lm.fit's own seconds."""
    for name, values in (("x", X.T), ("y", y)):
        np.ascontiguousarray(values).tofile(folder / name)
    script = folder / "lm_fit.R"
    script.write_text(LM_FIT, encoding="utf-8")
    command = ["Rscript", str(script), str(folder), *map(str, X.shape)]

    def call():
        said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return Measured(float(said), np.fromfile(folder / "coef"))

    return Side("R lm.fit", PEER, call, key="R")


def least_squares(bench):
    from mlsd.linear_model import LinearRegression
    from sklearn.linear_model import LinearRegression as PeerRegression

    n, p = bench.size((200_000, 100), (50_000, 100), (500, 10))
    rng = np.random.default_rng(4)
    X = rng.standard_normal((n, p)) * np.geomspace(1, 10, p) + np.linspace(-3, 3, p)
    y = X @ rng.standard_normal(p) + rng.standard_normal(n)

    def lstsq():
        return np.linalg.lstsq(np.column_stack([np.ones(n), X]), y, rcond=None)[0]

    def coefficients(fitted):
        return fitted if isinstance(fitted, np.ndarray) else np.r_[fitted.intercept_, fitted.coef_]

    def check(out):
        ours = coefficients(out["mlsd 2"])
        for key in ("numpy", "sklearn", "R"):
            if key in out:
                theirs = coefficients(out[key])
                yield Check(f"coefficients beside {key}, relative difference", np.max(np.abs(ours / theirs - 1)), 1e-9)
        same = np.array_equal(coefficients(out["mlsd 1"]), ours)
        yield Check("coefficients of 1 and 2 threads that differ in bits", 0 if same else 1, 0)

    sides = [
        Side("mlsd fast, 2 threads", OURS, lambda: LinearRegression(accuracy="fast").fit(X, y), n_threads=2, key="fast"),
        *(
            Side(f"mlsd refined, {k} thread{'s' if k > 1 else ''}", OURS, lambda: LinearRegression(accuracy="refined").fit(X, y), n_threads=k, key=f"mlsd {k}")
            for k in (1, 2)
        ),
        Side("numpy lstsq", PEER, lstsq, bench.peer_threads, key="numpy"),
        Side("scikit-learn", PEER, lambda: PeerRegression().fit(X, y), bench.peer_threads, key="sklearn"),
    ]
    notes = []
    if not bench.smoke and shutil.which("Rscript"):
        folder = pathlib.Path(bench.folder) / "lm_fit"
        folder.mkdir(exist_ok=True)
        sides.append(_lm_fit(folder, X, y))
    elif not bench.smoke:
        notes.append("R (r-base-core) is not installed")
    return Workload(
        "least_squares",
        f"linear regression with standard errors, {n:,} x {p}; peers give coefficients",
        sides,
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1), read=2 * 8 * n * (p + 1)),
        "X'X at the rate of dgemm, or reading X twice: once for X'X, once for residuals",
        bench.size(5, 5, 1),
        notes,
    )


WORKLOADS = {"least_squares": least_squares}
