"""What LinearRegression tells beyond coefficients. Witness: statsmodels' OLS (predictions and their intervals)."""

import numpy as np
import pytest

from mlsd.linear_model import LinearRegression

RNG = np.random.RandomState(3)
X = RNG.randn(80, 3) + [0, 100, -5]
Y = X @ [1.0, 2.0, -1.0] + RNG.randn(80)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_linear_regression__as_statsmodels(fit_intercept):
    sm = pytest.importorskip("statsmodels.api")
    model = LinearRegression(fit_intercept=fit_intercept, level=0.9).fit(X, Y)
    ones = (lambda x: np.column_stack([x, np.ones(len(x))])) if fit_intercept else (lambda x: x)
    peer = sm.OLS(Y, ones(X)).fit(method="qr")
    np.testing.assert_allclose(model.std_error_, peer.bse[:3], rtol=1e-10)
    np.testing.assert_allclose(model.p_value_, peer.pvalues[:3], rtol=1e-8, atol=1e-300)
    np.testing.assert_allclose(model.covariance_, peer.cov_params(), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose([model.r2_, model.adjusted_r2_, model.f_value_],
                               [peer.rsquared, peer.rsquared_adj, peer.fvalue], rtol=1e-9)
    new = RNG.randn(7, 3) + [0, 100, -5]
    frame = peer.get_prediction(ones(new)).summary_frame(alpha=0.1)
    # scipy's quantile of t has nine digits.
    for which, low in ((True, "obs_ci"), (False, "mean_ci")):
        got = model.predict_interval(new, new=which)
        np.testing.assert_allclose(got, frame[[f"{low}_lower", f"{low}_upper"]].to_numpy(), rtol=1e-8)


def test_linear_regression__dependencies():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 0] - 2 * X[:, 1], "d": 1.0})
    model = LinearRegression().fit(frame, Y)
    assert model.dependencies_ == ["column 'c' is a combination of 'a', 'b'", "column 'd' is constant"]
    assert model.rank_ == 2 and np.isnan(model.std_error_).all()
    assert LinearRegression().fit(X, Y).dependencies_ == []


def test_linear_regression__accuracy():
    assert LinearRegression().fit(X, Y).n_refinements_ >= 1
    assert LinearRegression(accuracy="fast").fit(X, Y).n_refinements_ == 0
    with pytest.raises(ValueError, match="refined"):
        LinearRegression(accuracy="exact").fit(X, Y)
