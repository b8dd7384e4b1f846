"""Several targets at once: shapes and values as scikit-learn's, and who does not take them."""

import pickle

import numpy as np
import pytest
from sklearn import linear_model as peer

import mlsd
from mlsd.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from mlsd.model_selection import KFold, cross_val_score
from mlsd.pipeline import make_pipeline
from mlsd.preprocessing import StandardScaler

RNG = np.random.default_rng(31)
X = RNG.standard_normal((80, 5)) + 2
Y = X @ RNG.standard_normal((5, 3)) + RNG.standard_normal((80, 3))
WEIGHT = RNG.integers(0, 4, 80).astype(float)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["plain", "weighted"])
@pytest.mark.parametrize("ours, theirs", [(Ridge, peer.Ridge), (LinearRegression, peer.LinearRegression)])
@pytest.mark.parametrize("rows", [80, 4], ids=["tall", "wide"])
def test_many_targets__as_scikit_learn(ours, theirs, weight, rows):
    weight = weight if weight is None else weight[:rows]
    a, b = ours().fit(X[:rows], Y[:rows], weight), theirs().fit(X[:rows], Y[:rows], weight)
    assert a.coef_.shape == b.coef_.shape == (3, 5) and a.intercept_.shape == b.intercept_.shape == (3,)
    assert np.allclose(a.coef_, b.coef_, rtol=1e-9, atol=1e-11) and np.allclose(a.intercept_, b.intercept_, rtol=1e-9)
    for some in (X, X[:1], np.asfortranarray(X)):
        assert a.predict(some).shape == (len(some), 3)
        assert np.allclose(a.predict(some), b.predict(some), rtol=1e-9)
    assert a.score(X, Y) == pytest.approx(b.score(X, Y), abs=1e-9)
    assert np.array_equal(pickle.loads(pickle.dumps(a)).predict(X), a.predict(X))


def test_many_targets__inference_has_a_row_for_each():
    model, singles = LinearRegression().fit(X, Y), [LinearRegression().fit(X, Y[:, k]) for k in range(3)]
    for name in ("std_error_", "interval_", "covariance_", "r2_", "intercept_std_error_", "intercept_interval_", "f_value_"):
        alone = np.array([getattr(single, name) for single in singles])
        assert getattr(model, name).shape == alone.shape, name
        assert np.allclose(getattr(model, name), alone, rtol=1e-11), name
    assert model.rank_ == 5 and model.df_residual_ == 74
    with pytest.raises(ValueError, match="one target"):
        model.predict_interval(X)
    assert LinearRegression(fit_intercept=False).fit(X, Y).intercept_interval_.shape == (3, 0)


def test_many_targets__pipelines_and_data_sets():
    assert np.allclose(make_pipeline(StandardScaler(), Ridge(alpha=0.0)).fit(X, Y).predict(X), LinearRegression().fit(X, Y).predict(X))
    data = mlsd.Dataset(X, Y)
    assert np.array_equal(data.target(), Y) and np.array_equal(data.rows([3, 1]).target(), Y[[3, 1]])


def test_many_targets__who_takes_one_says_so():
    with pytest.raises(ValueError, match="lasso predicts one number, but there are 3 targets"):
        Lasso().fit(X, Y)
    with pytest.raises(ValueError, match="1 dimension"):
        LogisticRegression().fit(X, Y > 0)
    scores = [Ridge().fit(X[train], Y[train]).score(X[test], Y[test]) for train, test in KFold(5).split(X)]
    np.testing.assert_allclose(cross_val_score(Ridge(), X, Y), scores)  # the mean over the targets
    with pytest.raises(ValueError, match="X as an array"):
        Ridge().fit({"a": X[:, 0]}, Y)
