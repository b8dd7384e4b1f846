"""Workloads of searching: what a search or a cross-validation of small data costs, and a search that is work."""

import time

import numpy as np

from bench_harness import PEER, Check, Measured, Side, Workload
from bench_workloads_models import ours


def _many(call, n_calls):
    """Seconds of a call as the mean of several in a row; the output of the last."""

    def run():
        start = time.perf_counter()
        for _ in range(n_calls):
            out = call()
        return Measured((time.perf_counter() - start) / n_calls, out)

    return run


def _small(n=200, p=5):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, p))
    y = X @ rng.standard_normal(p) + rng.standard_normal(n)
    return X, y, (y > 0).astype(np.int64)


def _scores(search):
    return search.cv_results_["mean_test_score"]


def _compared(name, title, mine, theirs, wanted, allowed, bench, n_calls, repeats, text):
    def check(out):
        for key in ("mlsd 1", "mlsd 2"):
            yield Check(f"{key}: {text}, difference", np.max(np.abs(wanted(out[key]) - wanted(out["peer"]))), allowed)

    sides = ours(_many(mine, n_calls)) + [Side("scikit-learn", PEER, _many(theirs, max(1, n_calls // 100)), bench.peer_threads, key="peer")]
    return Workload(name, title, sides, check, repeats=repeats)


def cv_score_small(bench):
    from mlsd.linear_model import Ridge
    from mlsd.model_selection import cross_val_score
    from sklearn.linear_model import Ridge as PeerRidge
    from sklearn.model_selection import cross_val_score as peer_cross_val_score

    X, y, _ = _small()
    return _compared(
        "cv_score_small", "cross_val_score(Ridge), 10 folds, 200 x 5, many in a row: what the calls cost",
        lambda: cross_val_score(Ridge(), X, y, cv=10), lambda: peer_cross_val_score(PeerRidge(), X, y, cv=10),
        np.asarray, 1e-10, bench, bench.size(1000, 1000, 2), bench.size(15, 9, 1), "R squared of the folds",
    )


def grid_small(bench):
    from mlsd.linear_model import Ridge
    from mlsd.model_selection import GridSearchCV
    from sklearn.linear_model import Ridge as PeerRidge
    from sklearn.model_selection import GridSearchCV as PeerGridSearchCV

    X, y, _ = _small()
    grid = {"alpha": list(np.logspace(-3, 3, bench.size(100, 100, 4)))}
    return _compared(
        "grid_small", f"GridSearchCV(Ridge), {len(grid['alpha'])} penalties, 10 folds, 200 x 5, many in a row: what the calls cost",
        lambda: GridSearchCV(Ridge(), grid, cv=10).fit(X, y), lambda: PeerGridSearchCV(PeerRidge(), grid, cv=10).fit(X, y),
        _scores, 1e-10, bench, bench.size(50, 50, 1), bench.size(7, 5, 1), "mean R squared",
    )


def grid_logistic_small(bench):
    from mlsd.linear_model import LogisticRegression
    from mlsd.model_selection import GridSearchCV
    from sklearn.linear_model import LogisticRegression as PeerLogisticRegression
    from sklearn.model_selection import GridSearchCV as PeerGridSearchCV

    X, _, y = _small()
    grid = {"C": list(np.logspace(-3, 3, bench.size(20, 20, 3)))}
    given = {"cv": 10, "scoring": "neg_log_loss"}
    return _compared(
        "grid_logistic_small", f"GridSearchCV(LogisticRegression), {len(grid['C'])} penalties, 10 folds, 200 x 5, log loss",
        lambda: GridSearchCV(LogisticRegression(), grid, **given).fit(X, y),
        lambda: PeerGridSearchCV(PeerLogisticRegression(), grid, **given).fit(X, y),
        _scores, 1e-3, bench, bench.size(10, 10, 1), bench.size(7, 5, 1), "mean log loss",
    )


def neighbors_search(bench):
    from mlsd.model_selection import GridSearchCV, KFold
    from mlsd.neighbors import KNeighborsRegressor
    from sklearn.model_selection import GridSearchCV as PeerGridSearchCV
    from sklearn.model_selection import KFold as PeerKFold
    from sklearn.neighbors import KNeighborsRegressor as PeerKNeighborsRegressor

    X, y, _ = _small(bench.size(10_000, 4_000, 300), 20)
    grid = {"n_neighbors": [1, 2, 5, 10, 20, 50], "weights": ["uniform", "distance"]}
    return _compared(
        "neighbors_search", f"GridSearchCV(KNeighborsRegressor), 12 settings, 5 folds, {len(X):,} x 20",
        lambda: GridSearchCV(KNeighborsRegressor(), grid, cv=KFold(5)).fit(X, y),
        lambda: PeerGridSearchCV(PeerKNeighborsRegressor(algorithm="brute"), grid, cv=PeerKFold(5)).fit(X, y),
        _scores, 1e-9, bench, 1, bench.size(5, 3, 1), "mean R squared",
    )


WORKLOADS = {
    "cv_score_small": cv_score_small,
    "grid_small": grid_small,
    "grid_logistic_small": grid_logistic_small,
    "neighbors_search": neighbors_search,
}
