"""learning_curve and permutation_test beside scikit-learn's learning_curve and permutation_test_score on the same folds, rows and
permutations; corrected standard errors by NumPy."""

import ctypes
import json

import numpy as np
import pytest
import sklearn.model_selection as peers
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlsd
from mlsd._library import call_long, lib
from mlsd._results import Result

SCORES = {"rmse": "neg_root_mean_squared_error", "mae": "neg_mean_absolute_error", "r2": "r2", "accuracy": "accuracy",
          "log_loss": "neg_log_loss"}


def validate(kind, dataset, folds, model, **params):
    text = json.dumps({"kind": kind, **params, "estimators": [model]}).encode()
    handle = ctypes.c_void_p()
    lib.mlsd_spec_from_json(None, text, ctypes.byref(handle))
    try:
        return Result._made(call_long, lib.mlsd_validate, handle, dataset._h, folds and folds._h)
    finally:
        lib.mlsd_spec_free(handle)


def numbers(seed, n=90, p=4):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, p)
    return X, X[:, 0] - X[:, 1] + rng.randn(n)


def classes(seed, n=120, p=3):
    X, y = numbers(seed, n, p)
    return X, (y > 0.2).astype(int)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("sizes", [[0.1, 0.33, 0.5, 0.775, 1.0], [20, 41, 60]])
@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_learning_curve(metric, sizes, shuffle):
    X, y = numbers(3)
    cv = peers.KFold(4, shuffle=True, random_state=2)
    n, train, test = peers.learning_curve(
        LinearRegression(), X, y, train_sizes=sizes, cv=cv, scoring=SCORES[metric], shuffle=shuffle, random_state=7)
    folds = mlsd.Folds(mlsd.Spec("kfold", n_splits=4, shuffle=True, seed=2), len(y))
    r = validate("learning_curve", mlsd.Dataset(X, y), folds, {"kind": "linear_regression"}, train_sizes=sizes, shuffle=shuffle,
                 seed=7, metrics=[metric])
    sign = 1 if metric == "r2" else -1
    curve, rows = r.table("learning_curve"), r.table("folds")
    np.testing.assert_array_equal(curve["train_size"], n)
    np.testing.assert_allclose(np.reshape(rows[metric], test.shape), sign * test, rtol=1e-9)
    np.testing.assert_allclose(np.reshape(rows["train_" + metric], train.shape), sign * train, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(curve[metric + ".mean"], sign * test.mean(axis=1), rtol=1e-9)
    np.testing.assert_allclose(curve[metric + ".train_mean"], sign * train.mean(axis=1), rtol=1e-8, atol=1e-12)
    splits = list(cv.split(X))
    ratio = np.array([np.mean([len(b) / min(len(a), m) for a, b in splits]) for m in n])
    se = np.sqrt((1 / 4 + ratio) * test.var(axis=1, ddof=1))
    np.testing.assert_allclose(curve[metric + ".se"], se, rtol=1e-8)


def test_learning_curve_of_classes():
    X, y = classes(4)
    cv = peers.StratifiedKFold(5, shuffle=True, random_state=1)
    n, _, test = peers.learning_curve(GaussianNB(), X, y, train_sizes=[0.2, 0.6, 1.0], cv=cv, scoring="neg_log_loss", shuffle=True,
                                      random_state=3)
    folds = mlsd.Folds(mlsd.Spec("stratified_kfold", n_splits=5, shuffle=True, seed=1), len(y), y)
    r = validate("learning_curve", mlsd.Dataset(X, y, task="binary"), folds, {"kind": "gaussian_nb"}, train_sizes=[0.2, 0.6, 1],
                 seed=3)
    np.testing.assert_array_equal(r.table("learning_curve")["train_size"], n)
    np.testing.assert_allclose(np.reshape(r.table("folds")["log_loss"], test.shape), -test, rtol=1e-8)


PIPELINE = {"kind": "pipeline", "steps": [{"kind": "standardize"}, {"kind": "ridge", "alpha": 3.0}]}


@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
@pytest.mark.parametrize("model, theirs", [({"kind": "ridge"}, Ridge()), ({"kind": "linear_regression"}, LinearRegression()),
                                           (PIPELINE, make_pipeline(StandardScaler(), Ridge(alpha=3.0)))])
def test_permutation_test(metric, model, theirs):
    """mae goes the plain way, the others by all permutations at once: both give scikit-learn's scores and p."""
    X, y = numbers(5)
    y = y * 0.05 + np.random.RandomState(1).randn(len(y))  # so that p is neither end
    cv = peers.KFold(5, shuffle=True, random_state=2)
    score, permuted, p = peers.permutation_test_score(theirs, X, y, cv=cv, scoring=SCORES[metric], n_permutations=60, random_state=4)
    folds = mlsd.Folds(mlsd.Spec("kfold", n_splits=5, shuffle=True, seed=2), len(y))
    r = validate("permutation_test", mlsd.Dataset(X, y), folds, model, metric=metric, n_permutations=60, seed=4)
    sign = 1 if metric == "r2" else -1
    np.testing.assert_allclose(r.number("score"), sign * score, rtol=1e-9)
    np.testing.assert_allclose(r.table("permutations")["score"], sign * permuted, rtol=1e-8, atol=1e-11)
    assert r.number("p_value") == p
    assert (r.text("plan") == "plain loop") == (metric == "mae")


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_permutation_test_of_classes(metric):
    """The splitter looks at the classes, so each permuted target is split anew, as scikit-learn does."""
    X, y = classes(6)
    cv = peers.StratifiedKFold(4, shuffle=True, random_state=9)
    score, permuted, p = peers.permutation_test_score(GaussianNB(), X, y, cv=cv, scoring=SCORES[metric], n_permutations=40,
                                                      random_state=9)
    model = {"kind": "gaussian_nb"}
    r = validate("permutation_test", mlsd.Dataset(X, y, task="binary"), None, model, metric=metric, n_permutations=40, seed=9,
                 splitter={"kind": "stratified_kfold", "n_splits": 4, "shuffle": True, "seed": 9})
    sign = 1 if metric == "accuracy" else -1
    np.testing.assert_allclose(r.number("score"), sign * score, rtol=1e-9)
    np.testing.assert_allclose(r.table("permutations")["score"], sign * permuted, rtol=1e-8)
    assert r.number("p_value") == p


@pytest.mark.parametrize("within", [True, False])
def test_permutation_test_within_groups(within):
    X, y = numbers(7, n=60)
    groups = np.random.RandomState(2).randint(0, 8, len(y)) * 10
    table = mlsd.Table({**{f"x{j}": X[:, j] for j in range(X.shape[1])}, "y": y, "who": groups})
    data = mlsd.Dataset.from_table(table, {"y": "target", "who": "group"})
    splitter = {"kind": "group_kfold", "n_splits": 4}
    splits = list(mlsd.Folds(mlsd.Spec("group_kfold", n_splits=4), len(y), groups=groups))
    score, permuted, p = peers.permutation_test_score(
        Ridge(), X, y, groups=groups if within else None, cv=splits, scoring="r2", n_permutations=50, random_state=3)
    r = validate("permutation_test", data, None, {"kind": "ridge"}, metric="r2", n_permutations=50, seed=3, within_groups=within,
                 splitter=splitter)
    np.testing.assert_allclose(r.number("score"), score, rtol=1e-9)
    np.testing.assert_allclose(r.table("permutations")["score"], permuted, rtol=1e-8, atol=1e-10)
    assert r.number("p_value") == p
