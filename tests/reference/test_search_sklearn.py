"""Searches beside scikit-learn's, on the same folds.

Run with the library's path in MLSD_LIBRARY. Witness: scikit-learn 1.2.1's GridSearchCV, RandomizedSearchCV (its candidates
handed over as a list), HalvingGridSearchCV with a parameter as the resource (no draw of rows, so that every rung can be
compared) and validation_curve, with Ridge, Lasso and KNeighborsClassifier.
"""

import ctypes
import json
import os

import numpy as np
import pytest
from scipy import stats
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    ParameterSampler,
    RandomizedSearchCV,
    StratifiedKFold,
    validation_curve,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

P, I64 = ctypes.c_void_p, ctypes.c_int64


class Matrix(ctypes.Structure):
    _fields_ = [("data", P), ("rows", I64), ("cols", I64), ("row_stride", I64), ("col_stride", I64), ("dtype", ctypes.c_int32), ("flags", ctypes.c_int32)]


def matrix(a):
    a = a.reshape(len(a), -1)
    return Matrix(a.ctypes.data, a.shape[0], a.shape[1], a.shape[1], 1, 2, 0)


@pytest.fixture(scope="session")
def lib():
    path = os.environ.get("MLSD_LIBRARY")
    if not path:
        pytest.skip("MLSD_LIBRARY names no library")
    so = ctypes.CDLL(path)
    so.mlsd_last_error.restype = ctypes.c_char_p
    so.mlsd_result_to_json.argtypes = [P, P, I64, P]
    so.mlsd_validate.argtypes = [P, P, P, P, P]
    so.mlsd_dataset_from_matrix.argtypes = [P, P, P, P, ctypes.c_int32, P]
    return so


def validate(lib, spec, X, y):
    """The result of a spec as a dictionary; tables by column."""
    made, data, result = P(), P(), P()

    def check(status):
        assert status == 0, lib.mlsd_last_error().decode()

    check(lib.mlsd_spec_from_json(None, json.dumps(spec).encode(), ctypes.byref(made)))
    x, t = matrix(X), matrix(y)
    check(lib.mlsd_dataset_from_matrix(None, ctypes.byref(x), ctypes.byref(t), None, 0, ctypes.byref(data)))
    check(lib.mlsd_validate(None, made, data, None, ctypes.byref(result)))
    size = I64()
    check(lib.mlsd_result_to_json(result, None, 0, ctypes.byref(size)))
    text = ctypes.create_string_buffer(size.value + 1)
    check(lib.mlsd_result_to_json(result, text, size.value + 1, None))
    lib.mlsd_result_free(result)
    lib.mlsd_dataset_free(data)
    lib.mlsd_spec_free(made)
    out = json.loads(text.value)
    out["tables"] = {name: {c: [row[c] for row in rows] for c in rows[0]} for name, rows in out["tables"].items() if rows}
    return out


def split_scores(folds, metric, n_splits):
    return np.array(folds[metric], float).reshape(-1, n_splits)


def compare_all(ours, theirs, metric, sign, n_splits, atol=1e-9):
    scores = split_scores(ours["tables"]["folds"], metric, n_splits)
    wanted = np.array([theirs.cv_results_[f"split{k}_test_score"] for k in range(n_splits)]).T
    np.testing.assert_allclose(sign * scores, wanted, atol=atol)
    np.testing.assert_allclose(sign * np.array(ours["tables"]["candidates"][f"{metric}.mean"]), theirs.cv_results_["mean_test_score"], atol=atol)
    # Equal means differ in their last bits, there and here: ranks are compared on rounded ones.
    ranks = stats.rankdata(-theirs.cv_results_["mean_test_score"].round(10), method="min")
    assert all(abs(a - b) <= np.sum(ranks == b) - 1 for a, b in zip(ours["tables"]["candidates"]["rank"], ranks))
    assert ours["numbers"]["best_candidate"] == theirs.best_index_


def regression(n=150, p=6, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.arange(1, p + 1)
    return X, X @ rng.normal(size=p) + rng.normal(size=n) * 3


def classification(n=200, p=4, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=n) > 0).astype(float)


KFOLD = {"kind": "kfold", "n_splits": 5, "shuffle": True, "seed": 3}
STRATIFIED = {"kind": "stratified_kfold", "n_splits": 4, "shuffle": True, "seed": 3}
PIPELINE = {"kind": "pipeline", "steps": [{"kind": "standardize"}, {"kind": "ridge"}]}


def test_grid_of_a_pipeline(lib):
    X, y = regression()
    ours = validate(
        lib,
        {
            "kind": "grid_search",
            "estimator": PIPELINE,
            "splitter": KFOLD,
            "metrics": ["rmse"],
            "space": ["ridge.alpha = 0.01, 0.1, 1, 10, 100, 1000", "ridge.fit_intercept = true, false"],
        },
        X,
        y,
    )
    grid = {"ridge__alpha": [0.01, 0.1, 1, 10, 100, 1000], "ridge__fit_intercept": [True, False]}
    theirs = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), grid, cv=KFold(5, shuffle=True, random_state=3), scoring="neg_root_mean_squared_error").fit(X, y)
    compare_all(ours, theirs, "rmse", -1, 5)
    assert ours["texts"]["chosen"] == "ridge.alpha = {ridge__alpha:g}, ridge.fit_intercept = {ridge__fit_intercept}".format(**theirs.best_params_).replace("True", "true").replace("False", "false")


def test_union_of_grids(lib):
    X, y = classification()
    ours = validate(
        lib,
        {
            "kind": "grid_search",
            "estimator": {"kind": "k_neighbors_classifier"},
            "splitter": STRATIFIED,
            "metrics": ["accuracy"],
            "space": ["n_neighbors = 1, 3, 5, 9", "p = 1, 2", "or", "n_neighbors = 7, 15", "weights = distance"],
        },
        X,
        y,
    )
    grids = [{"n_neighbors": [1, 3, 5, 9], "p": [1, 2]}, {"n_neighbors": [7, 15], "weights": ["distance"]}]
    theirs = GridSearchCV(KNeighborsClassifier(), grids, cv=StratifiedKFold(4, shuffle=True, random_state=3)).fit(X, y)
    compare_all(ours, theirs, "accuracy", 1, 4)


def test_random_candidates_given_as_a_union(lib):
    X, y = regression(seed=4)
    drawn = list(ParameterSampler({"alpha": np.geomspace(1e-3, 10, 50)}, 12, random_state=0))
    entries = []
    for one in drawn:
        entries += ["or"] * bool(entries) + [f"alpha = {one['alpha']!r}"]
    spec = {"kind": "grid_search", "estimator": {"kind": "lasso", "tol": 1e-10}, "splitter": KFOLD, "metrics": ["r2"], "space": entries}
    ours = validate(lib, spec, X, y)
    search = RandomizedSearchCV(Lasso(tol=1e-12, max_iter=100000), {"alpha": np.geomspace(1e-3, 10, 50)}, n_iter=12, random_state=0, cv=KFold(5, shuffle=True, random_state=3))
    compare_all(ours, search.fit(X, y), "r2", 1, 5, atol=1e-7)


@pytest.mark.parametrize("aggressive", [False, True])
def test_halving_over_a_parameter(lib, aggressive):
    X, y = classification(seed=6)
    ours = validate(
        lib,
        {
            "kind": "halving_grid_search",
            "estimator": {"kind": "k_neighbors_classifier"},
            "splitter": STRATIFIED,
            "metrics": ["log_loss"],
            "resource": "n_neighbors",
            "min_resources": 9 if aggressive else 3,
            "max_resources": 40,
            "factor": 2,
            "aggressive_elimination": aggressive,
            "space": ["p = 1, 1.5, 2, 3, 4, 7", "weights = uniform, distance"],
        },
        X,
        y,
    )
    grid = {"p": [1, 1.5, 2, 3, 4, 7], "weights": ["uniform", "distance"]}
    theirs = HalvingGridSearchCV(
        KNeighborsClassifier(),
        grid,
        cv=StratifiedKFold(4, shuffle=True, random_state=3),
        scoring="neg_log_loss",
        resource="n_neighbors",
        min_resources=9 if aggressive else 3,
        max_resources=40,
        factor=2,
        aggressive_elimination=aggressive,
        refit=False,
    ).fit(X, y)
    rungs = ours["tables"]["rungs"]
    per_rung = [rungs["rung"].count(k) for k in range(len(set(rungs["rung"])))]
    assert per_rung == theirs.n_candidates_
    assert sorted(set(zip(rungs["rung"], rungs["n_resources"]))) == list(enumerate(theirs.n_resources_))
    # scikit-learn numbers candidates anew in every rung, from worst to best; the means are the same sets.
    for k in range(theirs.n_iterations_):
        mine = sorted(s for s, rung in zip(rungs["log_loss.mean"], rungs["rung"]) if rung == k)
        wanted = np.sort(-theirs.cv_results_["mean_test_score"][theirs.cv_results_["iter"] == k])
        np.testing.assert_allclose(mine, wanted, atol=1e-9)
    best = theirs.cv_results_["params"][theirs.best_index_]
    assert ours["texts"]["chosen"] == f"p = {best['p']:g}, weights = {best['weights']}"
    assert json.loads(ours["texts"]["chosen_spec"])["n_neighbors"] == best["n_neighbors"]


def test_halving_over_rows_finds_the_same_best(lib):
    X, y = classification(n=600, seed=8)
    values = [1, 5, 25, 125]
    spec = {"kind": "halving_grid_search", "estimator": {"kind": "k_neighbors_classifier"}, "splitter": STRATIFIED, "metrics": ["accuracy"]}
    ours = validate(lib, {**spec, "min_resources": 300, "space": ["n_neighbors = " + ", ".join(map(str, values))]}, X, y)
    theirs = HalvingGridSearchCV(KNeighborsClassifier(), {"n_neighbors": values}, cv=StratifiedKFold(4, shuffle=True, random_state=3), min_resources=300, random_state=0).fit(X, y)
    rungs = ours["tables"]["rungs"]
    assert [rungs["rung"].count(k) for k in sorted(set(rungs["rung"]))] == theirs.n_candidates_
    assert sorted(set(rungs["n_resources"])) == theirs.n_resources_
    assert ours["texts"]["chosen"] == f"n_neighbors = {theirs.best_params_['n_neighbors']}"


def test_validation_curve(lib):
    X, y = regression(seed=9)
    alphas = [0.01, 1, 100, 10000]
    ours = validate(
        lib,
        {"kind": "validation_curve", "estimator": PIPELINE, "splitter": KFOLD, "metrics": ["r2"], "space": ["ridge.alpha = 0.01, 1, 100, 10000"]},
        X,
        y,
    )
    train, test = validation_curve(
        make_pipeline(StandardScaler(), Ridge()), X, y, param_name="ridge__alpha", param_range=alphas, cv=KFold(5, shuffle=True, random_state=3)
    )
    curve = ours["tables"]["curve"]
    np.testing.assert_allclose(curve["r2.mean"], test.mean(axis=1), atol=1e-9)
    np.testing.assert_allclose(curve["r2.train_mean"], train.mean(axis=1), atol=1e-9)
    np.testing.assert_allclose(np.array(ours["tables"]["folds"]["r2.train"]).reshape(4, 5), train, atol=1e-9)
    assert ours["numbers"]["best_index"] == test.mean(axis=1).argmax()
