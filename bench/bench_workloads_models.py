"""Workloads of fitting: ridge and its cross-validation, and what a small call costs."""

import numpy as np

from bench_harness import OURS, PEER, Check, Side, Workload


def _regression(n, p):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((n, p))
    return X, X @ rng.standard_normal(p) + rng.standard_normal(n)


def ours(call):
    """The same call with one and with two of our threads."""
    return [
        Side(f"mlsd, {n} thread{'s' if n > 1 else ''}", OURS, call, n_threads=n, key=f"mlsd {n}") for n in (1, 2)
    ]


def _relative(a, b):
    return np.max(np.abs(np.asarray(a) - b)) / np.max(np.abs(b))


def ridge_fit(bench):
    from mlsd.linear_model import Ridge
    from sklearn.linear_model import Ridge as PeerRidge

    n, p = bench.size((200_000, 100), (50_000, 100), (500, 10))
    X, y = _regression(n, p)

    def normal_equations():
        mean, level = X.mean(0), y.mean()
        gram, right = X.T @ X - n * np.outer(mean, mean), X.T @ y - n * level * mean
        gram[np.diag_indices(p)] += 1
        return np.linalg.solve(gram, right)

    def check(out):
        yield Check("coefficients beside scikit-learn, relative difference", _relative(out["mlsd 2"].coef_, out["peer"].coef_), 1e-9)
        yield Check("coefficients beside numpy, relative difference", _relative(out["mlsd 2"].coef_, out["numpy"]), 1e-9)
        same = np.array_equal(out["mlsd 1"].coef_, out["mlsd 2"].coef_)
        yield Check("coefficients of 1 and 2 threads that differ in bits", 0 if same else 1, 0)

    return Workload(
        "ridge_fit",
        f"ridge, {n:,} x {p}, alpha 1",
        ours(lambda: Ridge(alpha=1.0).fit(X, y))
        + [
            Side("scikit-learn cholesky", PEER, lambda: PeerRidge(alpha=1.0).fit(X, y), bench.peer_threads, key="peer"),
            Side("numpy X.T @ X, solve", PEER, normal_equations, bench.peer_threads, key="numpy"),
        ],
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1), read=8 * n * (p + 1)),
        "X'X at the rate of dgemm, or reading X once",
        bench.size(9, 7, 1),
    )


def ridge_cv(bench):
    from mlsd.linear_model import Ridge
    from mlsd.model_selection import KFold, cross_val_score
    from sklearn.linear_model import Ridge as PeerRidge
    from sklearn.model_selection import KFold as PeerKFold
    from sklearn.model_selection import cross_val_score as peer_cross_val_score

    n, p = bench.size((200_000, 100), (50_000, 100), (500, 10))
    X, y = _regression(n, p)

    def check(out):
        difference = np.max(np.abs(out["mlsd 2"] - out["peer"]))
        yield Check("R squared of the folds, difference", difference, 1e-9)

    return Workload(
        "ridge_cv",
        f"cross_val_score(Ridge), 10 folds, shuffled, {n:,} x {p}",
        ours(lambda: cross_val_score(Ridge(), X, y, cv=KFold(10, shuffle=True, random_state=0)))
        + [
            Side(
                "scikit-learn",
                PEER,
                lambda: peer_cross_val_score(PeerRidge(), X, y, cv=PeerKFold(10, shuffle=True, random_state=0)),
                bench.peer_threads,
                key="peer",
            )
        ],
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 3), read=8 * n * (p + 1)),
        "X'X once at the rate of dgemm, shared by the folds",
        bench.size(5, 5, 1),
    )


def cv_small(bench):
    from mlsd.linear_model import Ridge
    from mlsd.model_selection import cross_val_score
    from sklearn.linear_model import Ridge as PeerRidge
    from sklearn.model_selection import cross_val_score as peer_cross_val_score

    n, p = bench.size((200, 10), (200, 10), (50, 3))
    X, y = _regression(n, p)

    def check(out):
        yield Check("R squared of the folds, difference", np.max(np.abs(out["mlsd 2"] - out["peer"])), 1e-9)

    return Workload(
        "cv_small",
        f"cross_val_score(Ridge), 5 folds, {n} x {p}: what the calls cost",
        ours(lambda: cross_val_score(Ridge(), X, y))
        + [Side("scikit-learn", PEER, lambda: peer_cross_val_score(PeerRidge(), X, y), bench.peer_threads, key="peer")],
        check,
        repeats=bench.size(25, 25, 1),
    )


WORKLOADS = {"ridge_fit": ridge_fit, "ridge_cv": ridge_cv, "cv_small": cv_small}
