"""Choosing columns in Python: around anybody's estimators, in pipelines and searches, with frames, copied and pickled.

Witness: scikit-learn's selectors around the same estimators; tests/reference/test_selection_sklearn.py has the numbers.
"""

import pickle

import numpy as np
import pytest

import mlsd
from mlsd import feature_selection as ours
from mlsd.linear_model import LogisticRegression, Ridge
from mlsd.model_selection import GridSearchCV
from mlsd.pipeline import make_pipeline

sklearn = pytest.importorskip("sklearn")
import sklearn.base
import sklearn.ensemble
import sklearn.feature_selection as theirs
import sklearn.linear_model

RNG = np.random.RandomState(3)
X = RNG.randn(150, 6)
Y = X[:, 1] - X[:, 4] + 0.5 * RNG.randn(150)
LABELS = np.where(Y > 0, "up", "down")


@pytest.mark.parametrize("name", ["SelectFromModel", "RFE"])
@pytest.mark.parametrize(
    "estimator", [sklearn.ensemble.RandomForestClassifier(n_estimators=20, random_state=0), sklearn.linear_model.LogisticRegression()]
)
def test_feature_selection__around_foreign_estimators(name, estimator):
    mine = getattr(ours, name)(estimator).fit(X, LABELS)
    peer = getattr(theirs, name)(estimator).fit(X, LABELS)
    np.testing.assert_array_equal(mine.get_support(), peer.get_support())


def test_feature_selection__boruta_around_a_forest():
    forest = sklearn.ensemble.RandomForestClassifier(n_estimators=30, max_depth=4, random_state=0)
    found = ours.Boruta(forest, max_iter=30).fit(X, LABELS)
    assert found.get_support(indices=True).tolist() == [1, 4]
    assert found.ranking_[1] == found.ranking_[4] == 1 and found.hits_.shape == (6,)


def test_feature_selection__a_foreign_estimator_without_weights_is_told():
    from sklearn.neighbors import KNeighborsClassifier

    with pytest.raises(mlsd.UnsupportedError, match="neither coef nor feature_importances; permutation_select"):
        ours.RFE(KNeighborsClassifier()).fit(X, LABELS)
    assert {1, 4} <= set(ours.PermutationSelect(KNeighborsClassifier()).fit(X, LABELS).get_support(indices=True))


def test_feature_selection__in_searches():
    search = GridSearchCV(make_pipeline(ours.SelectKBest(k=1), Ridge()), {"selectkbest__k": [1, 2, 6]}, cv=5).fit(X, Y)
    assert search.best_params_["selectkbest__k"] >= 2
    chooser = ours.RFE(LogisticRegression())
    search = GridSearchCV(make_pipeline(chooser, LogisticRegression()), {"rfe__n_features_to_select": [1, 2], "rfe__estimator__C": [0.1, 1.0]}, cv=3)
    assert search.fit(X, LABELS).best_params_["rfe__n_features_to_select"] == 2


def test_feature_selection__table_over_folds():
    data = Ridge().dataset(X, Y)
    folds = mlsd.model_selection.KFold(5).folds(X)
    result = mlsd.cross_validate(make_pipeline(ours.SelectKBest(k=2), Ridge()), data, folds, metrics=["r2"])
    table = result.table("selection")
    shares = dict(zip(table["feature"], table["share"]))
    assert shares["x1"] == shares["x4"] == 1.0 and sum(shares.values()) == 2.0
    assert result.number("selection.stability") == 1.0


def test_feature_selection__names_copies_and_pickles():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("uvwxyz"))
    for chooser in (ours.SelectKBest(k=2), ours.RFE(Ridge(), n_features_to_select=2), ours.StabilitySelection(n_chosen=2), ours.VarianceThreshold()):
        fitted = sklearn.base.clone(chooser).fit(frame, Y)
        assert {"v", "y"} <= set(fitted.get_feature_names_out())
        again = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(again.transform(frame), fitted.transform(frame))
        np.testing.assert_array_equal(again.get_support(), fitted.support_)
        assert sklearn.base.clone(fitted).get_params().keys() == chooser.get_params().keys()


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: ours.SelectKBest("gini").fit(X, Y), "score_func is 'gini'; it must be one of"),
        (lambda: ours.RFE().fit(X, Y), "put one into its slot 'estimator'"),
        (lambda: ours.RFECV(Ridge(), scoring="neg_mean_squared_error").fit(X, Y), "it must be None or one of"),
        (lambda: ours.SelectFromModel(Ridge(), threshold="most").fit(X, Y), "give a number"),
        (lambda: ours.SelectKBest().fit(X), "needs y"),
    ],
)
def test_feature_selection__mistakes(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_feature_selection__knockoffs_and_stability():
    rng = np.random.RandomState(0)
    wide = rng.randn(300, 30)
    y = wide[:, :10].sum(axis=1) + rng.randn(300)
    found = ours.KnockoffFilter(fdr=0.2).fit(wide, y)
    assert set(range(10)) <= set(found.get_support(indices=True)) and found.statistics_.shape == (30,)
    stable = ours.StabilitySelection(max_false=2.0).fit(wide, y)
    assert stable.false_bound_ <= 2.0 and set(stable.get_support(indices=True)) <= set(range(10))
