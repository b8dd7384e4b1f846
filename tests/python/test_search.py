"""Searches, curves and out-of-fold predictions: mlsd's estimators in the library and others in the Python loop.

Witness: the Python loop on the same folds for what the library computes at once, and scikit-learn, whose own tests of the
same functions run in tests/reference/test_sklearn_own.py. Here are what mlsd adds, its own estimators, and bad input.
"""

import pickle
import warnings

import numpy as np
import pytest

import mlsd
from mlsd import dummy, linear_model, model_selection, neighbors
from mlsd.model_selection import (
    GridSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, KFold, ParameterGrid, ParameterSampler, RandomizedSearchCV,
    cross_val_predict, cross_val_score, cross_validate, learning_curve, permutation_test_score, validation_curve,
)
from mlsd.pipeline import Pipeline, make_pipeline
from mlsd.preprocessing import StandardScaler

sklearn = pytest.importorskip("sklearn")
import sklearn.base
import sklearn.linear_model
import sklearn.model_selection
import sklearn.pipeline
import sklearn.preprocessing

RNG = np.random.RandomState(5)
X = RNG.randn(150, 4)
Y = X @ [1.0, -2.0, 0.5, 0.0] + RNG.randn(150)
LABELS = np.where(Y > 0.2, "yes", "no")
ALPHAS = [0.01, 0.1, 1.0, 10.0, 100.0]
CV = KFold(4, shuffle=True, random_state=1)


class Plain:
    """Ridge by another name, with fit and predict only: it goes through the Python loop."""

    _estimator_type = "regressor"

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def get_params(self, deep=True):
        return {"alpha": self.alpha}

    def set_params(self, **params):
        for name in params:
            if name != "alpha":
                raise ValueError(f"no parameter {name}")
        vars(self).update(params)
        return self

    def fit(self, X, y):
        self.model = linear_model.Ridge(alpha=self.alpha).fit(X, y)
        return self

    def predict(self, X):
        return self.model.predict(X)

    def score(self, X, y):
        return self.model.score(X, y)


def assert_same_results(ours, theirs, rtol=1e-9):
    assert set(ours) == set(theirs)
    for name in ours:
        if name == "params":
            assert ours[name] == theirs[name]
        elif name.startswith("param_"):
            np.testing.assert_array_equal(ours[name].mask, theirs[name].mask)
            assert list(ours[name]) == list(theirs[name])
        elif name.startswith("rank"):  # equal means may differ in their last digits
            means = theirs[name.replace("rank", "mean")]
            apart = np.abs(means[:, None] - means[None, :]) > 1e-11
            better = [ranks[name][:, None] < ranks[name][None, :] for ranks in (ours, theirs)]
            np.testing.assert_array_equal(better[0][apart], better[1][apart])
        elif "_time" not in name:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=rtol, atol=1e-12, err_msg=name)
        assert type(ours[name]) is type(theirs[name])
        if name.startswith("rank"):
            assert ours[name].dtype == np.int32


@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error", ["r2", "neg_mean_squared_error"]])
def test_grid_search__the_library_and_the_loop_agree(scoring):
    given = {"cv": CV, "scoring": scoring, "refit": "r2" if isinstance(scoring, list) else True}
    fast = GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, **given).fit(X, Y)
    slow = GridSearchCV(Plain(), {"alpha": ALPHAS}, **given).fit(X, Y)
    assert_same_results(fast.cv_results_, slow.cv_results_)
    assert fast.best_params_ == slow.best_params_ and fast.best_index_ == slow.best_index_
    assert fast.best_score_ == pytest.approx(slow.best_score_)
    np.testing.assert_allclose(fast.predict(X), slow.predict(X))
    assert fast.score(X, Y) == pytest.approx(slow.score(X, Y))
    assert fast.n_splits_ == 4 and fast.n_features_in_ == 4 and fast.refit_time_ >= 0
    assert fast.multimetric_ == isinstance(scoring, list)


def test_grid_search__parameters_of_steps():
    grid = {"ridge__alpha": ALPHAS, "standardscaler__with_mean": [True, False]}
    pipe = make_pipeline(StandardScaler(), linear_model.Ridge())
    fast = GridSearchCV(pipe, grid, cv=CV).fit(X, Y)
    slow = GridSearchCV(pipe, grid, cv=CV, scoring=lambda e, X, y: e.score(X, y)).fit(X, Y)
    assert_same_results(fast.cv_results_, slow.cv_results_)
    whole = GridSearchCV(pipe, {"ridge": [linear_model.Ridge(), linear_model.LinearRegression()]}, cv=CV).fit(X, Y)
    assert type(whole.best_estimator_[-1]) in (linear_model.Ridge, linear_model.LinearRegression)
    assert not hasattr(pipe["ridge"], "model_")


def test_grid_search__classes_and_their_weights():
    grid = {"C": [0.1, 1.0], "class_weight": [None, "balanced", {"yes": 3.0, "no": 1.0}]}
    given = {"scoring": ["accuracy", "neg_log_loss", "roc_auc"], "refit": "roc_auc"}
    fast = GridSearchCV(linear_model.LogisticRegression(), grid, **given).fit(X, LABELS)
    slow = GridSearchCV(linear_model.LogisticRegression(), grid, return_train_score=True, **given).fit(X, LABELS)
    slow = {name: values for name, values in slow.cv_results_.items() if "train" not in name}
    assert_same_results(fast.cv_results_, slow, rtol=1e-7)
    assert list(fast.classes_) == ["no", "yes"]
    assert fast.predict_proba(X).shape == (150, 2) and fast.decision_function(X).shape == (150,)
    np.testing.assert_allclose(fast.predict_log_proba(X), np.log(fast.predict_proba(X)))


@pytest.mark.parametrize("cv", [
    3, None, sklearn.model_selection.KFold(3), model_selection.ShuffleSplit(3, random_state=1), [(np.arange(100), np.arange(100, 150))],
    model_selection.RepeatedKFold(n_splits=3, n_repeats=2, random_state=0), model_selection.TimeSeriesSplit(3),
    [(np.arange(150) < 100, np.arange(150) >= 100)], iter([(np.arange(100), np.arange(100, 150))]),
], ids=["3", "None", "theirs", "random", "list", "repeated", "time", "masks", "once"])
def test_grid_search__any_splitter(cv):
    cv = list(cv) if hasattr(cv, "__next__") else cv
    fast = GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, cv=cv).fit(X, Y)
    assert_same_results(fast.cv_results_, GridSearchCV(Plain(), {"alpha": ALPHAS}, cv=cv).fit(X, Y).cv_results_)


def test_grid_search__groups_and_fit_parameters():
    groups, weight = np.repeat(np.arange(10), 15), RNG.rand(150)
    given = {"cv": model_selection.GroupKFold(5)}
    fast = GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, **given).fit(X, Y, groups=groups)
    slow = GridSearchCV(Plain(), {"alpha": ALPHAS}, **given).fit(X, Y, groups=groups)
    assert_same_results(fast.cv_results_, slow.cv_results_)
    with pytest.raises(ValueError, match="groups"):
        GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, **given).fit(X, Y)
    weighted = GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}).fit(X, Y, sample_weight=weight)
    theirs = sklearn.model_selection.GridSearchCV(sklearn.linear_model.Ridge(), {"alpha": ALPHAS}).fit(X, Y, sample_weight=weight)
    assert_same_results(weighted.cv_results_, theirs.cv_results_)
    np.testing.assert_allclose(weighted.best_estimator_.coef_, theirs.best_estimator_.coef_)


def test_grid_search__refit():
    grid = {"alpha": ALPHAS}
    chosen = GridSearchCV(linear_model.Ridge(), grid, refit=lambda results: 2).fit(X, Y)
    assert chosen.best_index_ == 2 and chosen.best_params_ == {"alpha": 1.0} and not hasattr(chosen, "best_score_")
    without = GridSearchCV(linear_model.Ridge(), grid, refit=False).fit(X, Y)
    assert without.best_params_ and not hasattr(without, "best_estimator_")
    with pytest.raises(AttributeError, match="refit=False"):
        without.predict(X)
    with pytest.raises(ValueError, match="scorer key"):
        GridSearchCV(linear_model.Ridge(), grid, scoring=["r2", "neg_mean_absolute_error"]).fit(X, Y)
    assert not hasattr(GridSearchCV(linear_model.Ridge(), grid), "predict_proba")
    assert hasattr(GridSearchCV(linear_model.LogisticRegression(), {}), "predict_proba")
    with pytest.raises(ValueError, match="not fitted"):
        GridSearchCV(linear_model.Ridge(), grid).predict(X)


class Refuses(Plain):
    """Counts its fits."""

    n_fits = 0

    def fit(self, X, y):
        Refuses.n_fits += 1
        return super().fit(X, y)


@pytest.mark.parametrize("estimator", [linear_model.Ridge(), Refuses()], ids=["ours", "other"])
def test_grid_search__an_unknown_parameter_is_said_before_the_first_fit(estimator):
    Refuses.n_fits = 0
    with pytest.raises(ValueError, match="alhpa|no parameter"):
        GridSearchCV(estimator, [{"alpha": ALPHAS}, {"alhpa": [1.0]}]).fit(X, Y)
    assert Refuses.n_fits == 0


def test_grid_search__values_are_checked_before_the_first_fit():
    told = []
    mlsd.set_progress(lambda *event: told.append(event))
    try:
        with pytest.raises(ValueError, match="'alpha' must be in .*got -1"):
            GridSearchCV(linear_model.Ridge(), {"alpha": [1.0] * 500 + [-1.0]}).fit(X, Y)
    finally:
        mlsd.set_progress(None)
    assert told == []
    pipe = make_pipeline(StandardScaler(), linear_model.Ridge())
    with pytest.raises(ValueError, match="did you mean 'alpha'"):
        GridSearchCV(pipe, {"ridge__alhpa": [1.0]}).fit(X, Y)
    with pytest.raises(ValueError, match="no step 'ridges'"):
        GridSearchCV(pipe, {"ridges__alpha": [1.0]}).fit(X, Y)


def test_grid_search__is_an_estimator_itself():
    search = GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, cv=3)
    copy = sklearn.base.clone(search)
    assert copy is not search and copy.get_params()["estimator__alpha"] == 1.0
    assert copy.set_params(estimator__alpha=7.0, cv=4).estimator.alpha == 7.0 and search.estimator.alpha == 1.0
    assert repr(search).startswith("GridSearchCV(estimator=Ridge(), param_grid={'alpha': [0.01")
    with pytest.raises(ValueError, match="Invalid parameter 'cvv'"):
        search.set_params(cvv=3)
    nested = cross_val_score(search, X, Y, cv=4)
    theirs = sklearn.model_selection.GridSearchCV(sklearn.linear_model.Ridge(), {"alpha": ALPHAS}, cv=3)
    np.testing.assert_allclose(nested, sklearn.model_selection.cross_val_score(theirs, X, Y, cv=4))
    np.testing.assert_allclose(nested, sklearn.model_selection.cross_val_score(search, X, Y, cv=4))
    again = pickle.loads(pickle.dumps(search.fit(X, Y)))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert sklearn.base.is_regressor(search) and not sklearn.base.is_classifier(search)


def test_random_search__draws_are_scikit_learns():
    stats = pytest.importorskip("scipy.stats")
    given = {"n_iter": 7, "cv": 3, "random_state": 3}
    for space in (
        {"alpha": stats.loguniform(1e-3, 1e3), "fit_intercept": [True, False]},
        [{"alpha": stats.uniform(0, 2)}, {"alpha": [5.0, 6.0], "fit_intercept": [False]}],
        {"alpha": list(np.linspace(0.1, 5, 40)), "fit_intercept": [True, False]},
    ):
        ours = RandomizedSearchCV(linear_model.Ridge(), space, **given).fit(X, Y)
        theirs = sklearn.model_selection.RandomizedSearchCV(sklearn.linear_model.Ridge(), space, **given).fit(X, Y)
        assert_same_results(ours.cv_results_, theirs.cv_results_)
        assert ours.best_params_ == theirs.best_params_


@pytest.mark.parametrize("n, n_iter", [(10, 10), (10, 9), (1000, 3), (1000, 995), (40, 20)])
@pytest.mark.parametrize("random_state", [0, 7, "state"])
def test_parameter_sampler__without_replacement(n, n_iter, random_state):
    state = (lambda: np.random.RandomState(4)) if random_state == "state" else lambda: random_state
    space = {"a": list(range(n // 2)), "b": [1, 2]}
    ours = list(ParameterSampler(space, n_iter, random_state=state()))
    assert ours == list(sklearn.model_selection.ParameterSampler(space, n_iter, random_state=state()))
    assert len({tuple(p.values()) for p in ours}) == n_iter
    assert list(ParameterGrid(space)) == [ParameterGrid(space)[i] for i in range(n)]


def test_halving__rows_and_rounds_are_scikit_learns():
    import sklearn.experimental.enable_halving_search_cv  # noqa: F401

    grid = {"alpha": list(np.logspace(-3, 3, 20))}
    given = {"cv": 3, "random_state": 2, "factor": 2}
    for name, space in (("HalvingGridSearchCV", grid), ("HalvingRandomSearchCV", grid)):
        ours = getattr(model_selection, name)(linear_model.Ridge(), space, **given).fit(X, Y)
        theirs = getattr(sklearn.model_selection, name)(sklearn.linear_model.Ridge(), space, **given).fit(X, Y)
        assert_same_results(ours.cv_results_, theirs.cv_results_)
        assert ours.best_params_ == theirs.best_params_ and ours.best_score_ == pytest.approx(theirs.best_score_)
        for attribute in ("n_resources_", "n_candidates_", "n_remaining_candidates_", "min_resources_", "max_resources_"):
            assert getattr(ours, attribute) == getattr(theirs, attribute)
    fast = HalvingGridSearchCV(linear_model.Ridge(), grid, return_train_score=False, **given).fit(X, Y)
    slow = HalvingGridSearchCV(Plain(), grid, return_train_score=False, **given).fit(X, Y)
    assert_same_results(fast.cv_results_, slow.cv_results_)


def test_halving__a_parameter_as_resource():
    search = HalvingRandomSearchCV(
        neighbors.KNeighborsRegressor(), {"weights": ["uniform", "distance"], "p": [1, 2]}, resource="n_neighbors",
        max_resources=12, n_candidates=4, min_resources=3, factor=2, random_state=0,
    ).fit(X, Y)
    assert search.n_resources_ == [3, 6, 12]
    assert search.best_params_["n_neighbors"] == 12
    with pytest.raises(ValueError, match="Multimetric"):
        HalvingGridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, scoring=["r2"]).fit(X, Y)


def test_cross_validate__what_is_returned():
    ours = cross_validate(linear_model.Ridge(), X, Y, cv=CV, return_indices=True)
    for k, (train, test) in enumerate(CV.split(X)):
        np.testing.assert_array_equal(ours["indices"]["train"][k], train)
        np.testing.assert_array_equal(ours["indices"]["test"][k], test)
    slow = cross_validate(linear_model.Ridge(), X, Y, cv=CV, return_indices=True, return_estimator=True, return_train_score=True)
    np.testing.assert_allclose(slow["test_score"], ours["test_score"], rtol=1e-12)
    np.testing.assert_array_equal(slow["indices"]["test"][1], ours["indices"]["test"][1])
    assert [type(e) for e in slow["estimator"]] == [linear_model.Ridge] * 4
    for params in ({"fit_params": {"sample_weight": np.arange(150.0)}}, {"params": {"sample_weight": np.arange(150.0)}}):
        weighted = cross_validate(linear_model.Ridge(), X, Y, **params)["test_score"]
        theirs = sklearn.model_selection.cross_val_score(sklearn.linear_model.Ridge(), X, Y, fit_params={"sample_weight": np.arange(150.0)})
        np.testing.assert_allclose(weighted, theirs)


def test_cross_val_score__scores_of_other_kinds():
    """A classifier scored as numbers, a name that only scikit-learn has, and the deviance that a class scores by."""
    model, labels = linear_model.LogisticRegression(), (LABELS == "yes").astype(int)
    for scoring in ("neg_mean_squared_error", "f1", "max_error"):
        theirs = sklearn.model_selection.cross_val_score(model, X, labels, scoring=scoring)
        np.testing.assert_allclose(cross_val_score(model, X, labels, scoring=scoring), theirs)
    counts = np.exp(0.3 * Y).round() + 1
    theirs = sklearn.model_selection.cross_val_score(sklearn.linear_model.PoissonRegressor(tol=1e-9, max_iter=1000), X, counts)
    np.testing.assert_allclose(cross_val_score(linear_model.PoissonRegressor(tol=1e-9), X, counts), theirs, rtol=1e-5)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_cross_val_predict__as_scikit_learn(method):
    for y in (LABELS, np.digitize(Y, [-1, 1])):
        ours = cross_val_predict(linear_model.LogisticRegression(tol=1e-10), X, y, method=method)
        theirs = sklearn.model_selection.cross_val_predict(linear_model.LogisticRegression(tol=1e-10), X, y, method=method)
        np.testing.assert_array_equal(ours, theirs)


def test_cross_val_predict__numbers():
    for model, theirs in ((linear_model.Ridge(), sklearn.linear_model.Ridge()), (make_pipeline(StandardScaler(), Plain()), Plain())):
        for cv in (CV, 3, sklearn.model_selection.KFold(5, shuffle=True, random_state=3), model_selection.LeaveOneOut()):
            if isinstance(theirs, Plain):
                theirs = sklearn.pipeline.make_pipeline(StandardScaler(), theirs)
            ours = cross_val_predict(model, X, Y, cv=cv)
            np.testing.assert_allclose(ours, sklearn.model_selection.cross_val_predict(theirs, X, Y, cv=cv), rtol=1e-9)
    holes = X.copy()
    holes[7] = np.nan
    with pytest.raises(ValueError, match="row 7|NaN|nan"):
        cross_val_predict(linear_model.Ridge(), holes, Y, cv=CV)


def test_cross_val_predict__rows_that_are_tested_often_or_never():
    with pytest.raises(ValueError, match="row 0 is tested 2 times. aggregate='mean'"):
        cross_val_predict(linear_model.Ridge(), X, Y, cv=model_selection.RepeatedKFold(n_splits=5, n_repeats=2, random_state=0))
    cv = model_selection.RepeatedKFold(n_splits=5, n_repeats=3, random_state=0)
    mean = cross_val_predict(linear_model.Ridge(), X, Y, cv=cv, aggregate="mean")
    total = np.zeros(150)
    for train, test in cv.split(X):
        total[test] += linear_model.Ridge().fit(X[train], Y[train]).predict(X[test])
    np.testing.assert_allclose(mean, total / 3)
    forward = cross_val_predict(linear_model.Ridge(), X, Y, cv=model_selection.TimeSeriesSplit(4), aggregate="mean")
    assert np.isnan(forward[:30]).all() and np.isfinite(forward[30:]).all()
    with pytest.raises(ValueError, match="labels have no mean"):
        cross_val_predict(linear_model.LogisticRegression(), X, LABELS, cv=cv, aggregate="mean")
    proba = cross_val_predict(linear_model.LogisticRegression(), X, LABELS, cv=cv, method="predict_proba", aggregate="mean")
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    with pytest.raises(ValueError, match="aggregate must be"):
        cross_val_predict(linear_model.Ridge(), X, Y, aggregate="median")


def test_curves__as_scikit_learn():
    ours = learning_curve(linear_model.Ridge(), X, Y, cv=4, train_sizes=[10, 40, 100], shuffle=True, random_state=3)
    theirs = sklearn.model_selection.learning_curve(
        sklearn.linear_model.Ridge(), X, Y, cv=4, train_sizes=[10, 40, 100], shuffle=True, random_state=3
    )
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, rtol=1e-9)
    ours = validation_curve(linear_model.Ridge(), X, Y, param_name="alpha", param_range=ALPHAS, cv=4)
    theirs = sklearn.model_selection.validation_curve(
        sklearn.linear_model.Ridge(), X, Y, param_name="alpha", param_range=ALPHAS, cv=4
    )
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@pytest.mark.parametrize("groups", [None, np.repeat([0, 1, 2], 50)], ids=["alone", "groups"])
def test_permutation_test__as_scikit_learn(groups):
    given = {"n_permutations": 12, "random_state": 4, "groups": groups, "cv": 3}
    ours = permutation_test_score(linear_model.Ridge(), X, Y, **given)
    theirs = sklearn.model_selection.permutation_test_score(sklearn.linear_model.Ridge(), X, Y, **given)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, rtol=1e-9)


class Trouble(Exception):
    pass


class Fails(Plain):
    """Fails where alpha is 10, with an exception of its own."""

    def fit(self, X, y):
        if self.alpha == 10.0:
            raise Trouble("ten")
        return super().fit(X, y)


def test_search__what_user_code_raises_keeps_type_and_traceback():
    with pytest.raises(Trouble, match="ten") as info:
        GridSearchCV(Fails(), {"alpha": ALPHAS}, error_score="raise").fit(X, Y)
    assert info.traceback[-1].name == "fit" and info.traceback[-1].path.name == "test_search.py"
    with pytest.warns(mlsd.FitFailedWarning, match="5 fits failed out of a total of 25(.|\n)*Trouble: ten"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One or more")
        search = GridSearchCV(Fails(), {"alpha": ALPHAS}).fit(X, Y)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, False, False, True, False]
    assert search.cv_results_["rank_test_score"][3] == 5
    pipe = make_pipeline(StandardScaler(), Fails())
    with pytest.raises(Trouble):
        GridSearchCV(pipe, {"fails__alpha": [1.0, 10.0]}, error_score="raise").fit(X, Y)
    with pytest.warns(mlsd.FitFailedWarning, match="5 fits failed out of a total of 10"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "One or more")
        GridSearchCV(pipe, {"fails__alpha": [1.0, 10.0]}, error_score=-1.0).fit(X, Y)


def test_search__fits_that_fail_in_the_library():
    holes = X.copy()
    holes[3, 0] = np.nan
    cv = [(np.arange(100, 150), np.arange(50, 100)), (np.arange(100), np.arange(100, 150))]
    for estimator, grid in ((linear_model.Ridge(), {"alpha": ALPHAS}), (make_pipeline(StandardScaler(), linear_model.Ridge()), {"ridge__alpha": [1.0]})):
        with pytest.warns(mlsd.FitFailedWarning, match="out of a total"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "One or more")
            search = GridSearchCV(estimator, grid, cv=cv, refit=False).fit(holes, Y)
        assert np.isfinite(search.cv_results_["split0_test_score"]).all() and np.isnan(search.cv_results_["split1_test_score"]).all()
        with pytest.raises(mlsd.DataError):
            GridSearchCV(estimator, grid, cv=cv, error_score="raise").fit(holes, Y)
    with pytest.raises(ValueError, match="All the 25 fits failed"):
        GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}).fit(np.full_like(X, np.nan), Y)


def test_search__bad_input_is_said_in_a_line():
    ridge = linear_model.Ridge()
    for wanted, call in (
        ("inconsistent numbers of samples", lambda: GridSearchCV(ridge, {"alpha": [1.0]}).fit(X, Y[:-1])),
        ("error_score must be", lambda: cross_val_score(ridge, X, Y, error_score="rise")),
        ("Empty list", lambda: cross_validate(ridge, X, Y, scoring=[])),
        ("needs to be a list", lambda: GridSearchCV(ridge, {"alpha": 1.0}).fit(X, Y)),
        ("non-empty", lambda: GridSearchCV(ridge, {"alpha": []}).fit(X, Y)),
        ("n_permutations must be a positive integer", lambda: permutation_test_score(ridge, X, Y, n_permutations=0)),
        ("train_sizes are fractions", lambda: learning_curve(ridge, X, Y, train_sizes=[1.5])),
        ("is not a scorer", lambda: GridSearchCV(ridge, {"alpha": [1.0]}, scoring="nothing").fit(X, Y)),
        ("cv must be", lambda: GridSearchCV(ridge, {"alpha": [1.0]}, cv="five").fit(X, Y)),
        ("cv is an empty list", lambda: cross_val_score(ridge, X, Y, cv=[])),
        (r"did you mean 'neg_mean_absolute_error'\?", lambda: cross_val_score(ridge, X, Y, scoring="mae")),
        (r"'accuracy' is for classes, and Ridge\(.*\) predicts numbers; use r2", lambda: cross_val_score(ridge, X, Y, scoring="accuracy")),
        (r"is a class: write Ridge\(\)", lambda: GridSearchCV(linear_model.Ridge, {"alpha": [1.0]}).fit(X, Y)),
        ("has no parameter 'alfa'; it has alpha", lambda: GridSearchCV(ridge, {"alfa": [1.0]}).fit(X, Y)),
    ):
        with pytest.raises((ValueError, TypeError), match=wanted):
            call()
    with pytest.raises(ValueError, match="rows"):
        GridSearchCV(ridge, {"alpha": [1.0]}, cv=[(np.arange(200), np.arange(3))]).fit(X, Y)


def test_search__threads_do_not_change_scores():
    found = []
    try:
        for n in (1, 2, 5):
            mlsd.set_threads(n)
            search = GridSearchCV(linear_model.LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, scoring="neg_log_loss").fit(X, LABELS)
            found.append(search.cv_results_["mean_test_score"])
    finally:
        mlsd.set_threads(0)
    for one in found[1:]:
        np.testing.assert_array_equal(one, found[0])


def test_search__ctrl_c_ends_it(python):
    """In the library, and in an estimator of the user's."""
    assert python(
        """
import os, signal, threading, time
import numpy as np, mlsd
from mlsd.model_selection import GridSearchCV
X = np.random.RandomState(0).randn(20000, 40)
class Slow:
    def get_params(self, deep=True): return {}
    def set_params(self, **params): return self
    def fit(self, X, y): time.sleep(5)
    def predict(self, X): return X[:, 0]
    def score(self, X, y): return 0.0
def stop(): os.kill(os.getpid(), signal.SIGINT)
for model, grid in ((mlsd.linear_model.LogisticRegression(), {"C": list(np.logspace(-3, 3, 300))}), (Slow(), {})):
    threading.Timer(0.5, stop).start()
    started = time.time()
    try:
        GridSearchCV(model, grid).fit(X, X[:, 0] > 0)
    except KeyboardInterrupt:
        print(time.time() - started < 4)
"""
    ) == "True\nTrue"


def test_search__frames_and_texts():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["kind"] = np.where(X[:, 0] > 0, "up", "down")
    pipe = make_pipeline(mlsd.preprocessing.OneHotEncoder(), linear_model.Ridge())
    fast = GridSearchCV(pipe, {"ridge__alpha": ALPHAS}, cv=CV).fit(frame, pd.Series(Y))
    slow = GridSearchCV(pipe, {"ridge__alpha": ALPHAS}, cv=CV, scoring=lambda e, X, y: e.score(X, y)).fit(frame, pd.Series(Y))
    assert_same_results(fast.cv_results_, slow.cv_results_)
    assert list(fast.feature_names_in_) == ["a", "b", "c", "d", "kind"]
    table = pd.DataFrame(fast.cv_results_)
    assert len(table) == 5 and "mean_test_score" in table


def test_search__several_targets_and_constants():
    both = np.column_stack([Y, -Y])
    search = GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, cv=3).fit(X, both)
    theirs = sklearn.model_selection.GridSearchCV(sklearn.linear_model.Ridge(), {"alpha": ALPHAS}, cv=3).fit(X, both)
    assert_same_results(search.cv_results_, theirs.cv_results_)
    assert search.predict(X).shape == (150, 2)
    assert GridSearchCV(dummy.DummyRegressor(), {}).fit(X, Y).cv_results_["params"] == [{}]


def test_results__tables_speak_arrow_and_pandas_opens_them():
    pd = pytest.importorskip("pandas")
    result = mlsd.cross_validate(linear_model.Ridge(), mlsd.Dataset(X, Y), CV.folds(X), ["r2", "rmse"])
    columns = result.table("folds")
    assert isinstance(columns, dict) and list(columns)[:3] == ["fold", "r2", "rmse"]
    again = mlsd.Table.from_arrow(columns)
    del result
    np.testing.assert_array_equal(again["r2"], columns["r2"])
    assert list(mlsd.Table(columns)["status"]) == ["ok"] * 4
    frame = columns._of[0].to_pandas("folds")
    assert type(frame) is pd.DataFrame and list(frame.columns) == list(columns)
    np.testing.assert_array_equal(frame["rmse"], columns["rmse"])
    assert pickle.loads(pickle.dumps(columns)).keys() == columns.keys()
    if hasattr(pd.DataFrame, "from_arrow"):
        np.testing.assert_array_equal(pd.DataFrame.from_arrow(columns)["r2"], columns["r2"])


def test_a_step_that_passes_through():
    """Settings with and without a step, as scikit-learn's pipelines have them."""
    grid = {"scale": [StandardScaler(), "passthrough", None], "ridge__alpha": [0.1, 10.0]}
    ours = GridSearchCV(Pipeline([("scale", StandardScaler()), ("ridge", linear_model.Ridge())]), grid, cv=CV).fit(X * [1, 9, 40, 5], Y)
    wanted = sklearn.model_selection.GridSearchCV(
        sklearn.pipeline.Pipeline([("scale", sklearn.preprocessing.StandardScaler()), ("ridge", sklearn.linear_model.Ridge())]),
        {**grid, "scale": [sklearn.preprocessing.StandardScaler(), "passthrough", None]},
        cv=sklearn.model_selection.KFold(4, shuffle=True, random_state=1),
    ).fit(X * [1, 9, 40, 5], Y)
    scores = ours.cv_results_["mean_test_score"]
    np.testing.assert_allclose(scores, wanted.cv_results_["mean_test_score"], rtol=1e-9)
    assert scores[0] != scores[1] and scores[1] == scores[2]
    assert ours.cv_results_["param_scale"][1] == "passthrough"
    np.testing.assert_allclose(ours.predict(X), wanted.predict(X), rtol=1e-9)


def test_what_passes_through_in_other_places():
    plain = Pipeline([("nothing", "passthrough"), ("ridge", linear_model.Ridge())]).fit(X, Y)
    np.testing.assert_array_equal(plain.predict(X), linear_model.Ridge().fit(X, Y).predict(X))
    last = Pipeline([("scale", StandardScaler()), ("model", "passthrough")])
    assert last._estimator_type is None or last._estimator_type == "transformer"
    np.testing.assert_array_equal(last.fit(X).transform(X), StandardScaler().fit(X).transform(X))
    both = plain.set_params(nothing__with_mean=False, nothing=StandardScaler())  # the step first, then its parameter
    assert both.named_steps["nothing"].with_mean is False
    with pytest.raises(ValueError, match="'scale' is 'passthrough' and has no parameter 'with_mean'"):
        Pipeline([("scale", "passthrough"), ("ridge", linear_model.Ridge())]).set_params(scale__with_mean=False)
    with pytest.raises(ValueError, match="at least one step that is not 'passthrough'"):
        Pipeline([("a", "passthrough")]).fit(X, Y)
    with pytest.raises(TypeError, match="must have transform"):
        Pipeline([("ridge", linear_model.Ridge()), ("model", "passthrough")]).fit(X, Y)


def test_hooks_that_are_not_overridden():
    class Fits(model_selection.BaseSearchCV):
        def fit(self, X, y=None):
            return self

    class Forgets(model_selection.BaseSearchCV):
        pass

    assert Fits(linear_model.Ridge()).fit(X, Y)
    with pytest.raises(NotImplementedError, match="Forgets has no _run_search"):
        Forgets(linear_model.Ridge()).fit(X, Y)
    with pytest.raises(TypeError, match="abstract"):
        HalvingGridSearchCV.__base__(linear_model.Ridge())
