"""Forecasters beside statsmodels and published values: exponential smoothing, autoregressions, naive forecasts.

Smoothing: statsmodels' recursions give the same squared errors from our parameters and states, the book's component form the
same forecasts (statsmodels 0.13 drops the last row's correction of its season), and no minimum of statsmodels within our
bounds lies below ours by more than its level and seasons gain at 0 and 1 (ours: 0.0001 and 0.9999). MLSD_SWEEP multiplies the cases.
"""

import os

import numpy as np
import pytest
import statsmodels.tsa.holtwinters
from statsmodels.datasets import co2, nile, sunspots
from statsmodels.tsa.ar_model import AutoReg, ar_select_order

import mlsd
import mlsd.time_series as ours

CASES = 4 * int(os.environ.get("MLSD_SWEEP", "1"))
FORMS = [("none", False, "none"), ("add", False, "none"), ("add", True, "none"), ("none", False, "add"), ("add", False, "add"),
         ("add", True, "add"), ("none", False, "mul"), ("add", False, "mul"), ("add", True, "mul")]


def series(seed, seasons):
    """Level, trend, four seasons and noise, all wandering; above 0."""
    rng = np.random.RandomState(seed)
    n = rng.randint(30, 150)
    level = 100 + np.cumsum(rng.randn(n) * rng.uniform(0.2, 2) + rng.uniform(-0.2, 0.5))
    season = np.tile(rng.uniform(-1, 1, 4), n)[:n]
    y = level * (1 + 0.2 * season) if seasons == "mul" else level + 15 * season
    return np.maximum(y + rng.randn(n), 5.0)


def peer_of(y, trend, damped, seasonal, period=4, **start):
    if start:
        more = {"initialization_method": "known", **start}
    else:
        bounds = {"smoothing_trend": (1e-4, 0.9999)} if trend == "add" else {}
        if damped:
            bounds["damping_trend"] = (0.8, 0.98)
        more = {"initialization_method": "estimated", "bounds": bounds}
    return statsmodels.tsa.holtwinters.ExponentialSmoothing(
        y, trend=None if trend == "none" else trend, damped_trend=damped, seasonal=None if seasonal == "none" else seasonal,
        seasonal_periods=period if seasonal != "none" else None, **more)


def component_form(model, y, steps):
    """Table 8.7 of Forecasting: Principles and Practice (3rd edition), as printed, from the model's start."""
    a, b, g, phi = model.smoothing_level_, model.smoothing_trend_, model.smoothing_seasonal_, model.damping_trend_
    level, trend, seasons, m = model.initial_level_, model.initial_trend_, list(model.initial_seasons_), model.seasonal_periods
    for i, value in enumerate(y):
        base, season = level + phi * trend, seasons[i]
        before = level
        if model.seasonal == "mul":
            level = a * value / season + (1 - a) * base
            seasons.append(g * value / base + (1 - g) * season)
        else:
            level = a * (value - season) + (1 - a) * base
            seasons.append(g * (value - base) + (1 - g) * season)
        trend = b * (level - before) + (1 - b) * phi * trend
    out = []
    for h in range(1, steps + 1):
        season = seasons[len(y) + (h - 1) % m]
        base = level + sum(phi**k for k in range(1, h + 1)) * trend
        out.append(base * season if model.seasonal == "mul" else base + season)
    return out


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("trend, damped, seasonal", FORMS)
@pytest.mark.parametrize("seed", range(CASES))
def test_smoothing(seed, trend, damped, seasonal):
    y = series(seed, seasonal)
    period = 4 if seasonal != "none" else 1
    model = ours.ExponentialSmoothing(trend=trend, damped_trend=damped, seasonal=seasonal, seasonal_periods=period).fit(y)
    assert model.converged_ == 1
    start = {"initial_level": model.initial_level_}
    fixed = {"smoothing_level": model.smoothing_level_}
    if trend == "add":
        start["initial_trend"], fixed["smoothing_trend"] = model.initial_trend_, model.smoothing_trend_
    if damped:
        fixed["damping_trend"] = model.damping_trend_
    if seasonal != "none":
        start["initial_seasonal"], fixed["smoothing_seasonal"] = model.initial_seasons_, model.smoothing_seasonal_
    same = peer_of(y, trend, damped, seasonal, **start).fit(**fixed, optimized=False)
    assert model.sse_ == pytest.approx(same.sse, rel=1e-9)
    np.testing.assert_allclose(model.predict(11), component_form(model, y, 11), rtol=1e-9)
    own = np.arange(11) % 4 != 3 if seasonal != "none" else np.full(11, True)
    np.testing.assert_allclose(model.predict(11)[own], same.forecast(11)[own], rtol=1e-9)
    best = peer_of(y, trend, damped, seasonal).fit()
    assert model.sse_ <= best.sse * (1 + 2e-3)


@pytest.mark.parametrize("seed", range(CASES))
def test_smoothing__given_parameters(seed):
    """Least squares over the initial states alone, which additive forms are linear in: scipy's lstsq on statsmodels' errors."""
    y = series(seed, "add")
    given = {"smoothing_level": 0.3, "smoothing_trend": 0.2, "smoothing_seasonal": 0.25}
    model = ours.ExponentialSmoothing(trend="add", seasonal="add", seasonal_periods=4, **given).fit(y)

    def errors(x):
        start = {"initial_level": x[0], "initial_trend": x[1], "initial_seasonal": np.r_[x[2:], -x[2:].sum()]}
        return y - peer_of(y, "add", False, "add", **start).fit(**given, optimized=False).fittedvalues

    base = errors(np.zeros(5))
    slopes = np.column_stack([errors(np.eye(5)[j]) - base for j in range(5)])
    x = np.linalg.lstsq(slopes, -base, rcond=None)[0]
    assert model.sse_ == pytest.approx(np.sum(errors(x) ** 2), rel=1e-9)
    np.testing.assert_allclose([model.initial_level_, model.initial_trend_, *model.initial_seasons_[:3]], x, rtol=1e-5, atol=1e-4)


# International oil production of Saudi Arabia 1996-2013, and what R's forecast::ses gives for it: Hyndman & Athanasopoulos,
# Forecasting: Principles and Practice, 2nd edition (2018), section 7.1.
OIL = [445.3641, 453.1950, 454.4096, 422.3789, 456.0371, 440.3866, 425.1944, 486.2052, 500.4291, 521.2759, 508.9476, 488.8889,
       509.8706, 456.7229, 473.8166, 525.9509, 549.8338, 542.3405]


def test_smoothing__published():
    model = ours.ExponentialSmoothing().fit(OIL)
    assert model.smoothing_level_ == pytest.approx(0.8339, abs=1e-4)
    assert model.initial_level_ == pytest.approx(446.5868, abs=0.02)  # R's search stops there; ours is lower by 1e-8
    assert model.residual_sd_ == pytest.approx(29.8282, abs=1e-4)
    np.testing.assert_allclose(model.predict(5), 542.6806, atol=1e-3)
    low, high = model.predict_interval(5).T  # as the formula of section 7.1: variance grows by alpha squared
    spread = 1.959964 * 29.8282 * np.sqrt(1 + 0.8339**2 * np.arange(5))
    np.testing.assert_allclose(high - low, 2 * spread, rtol=1e-4)


@pytest.mark.parametrize("trend, damped, seasonal", [("add", False, "none"), ("add", True, "none"), ("add", True, "add")])
def test_smoothing__intervals_are_those_of_the_state_space_form(trend, damped, seasonal):
    """Variances of statsmodels' ETSModel (state space, Hyndman et al. 2008) from our parameters and states."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    pandas = pytest.importorskip("pandas")
    y = series(2, seasonal)
    period = 4 if seasonal == "add" else 1
    model = ours.ExponentialSmoothing(trend=trend, damped_trend=damped, seasonal=seasonal, seasonal_periods=period).fit(y)
    a, b, g = model.smoothing_level_, model.smoothing_level_ * model.smoothing_trend_, model.smoothing_seasonal_
    peer = ETSModel(pandas.Series(y), trend=trend, damped_trend=damped, seasonal=seasonal if period > 1 else None,
                    seasonal_periods=period if period > 1 else None, initialization_method="known",
                    initial_level=model.initial_level_, initial_trend=model.initial_trend_,
                    initial_seasonal=model.initial_seasons_ if period > 1 else None)
    params = [a, b, *([g] if period > 1 else []), *([model.damping_trend_] if damped else [])]
    frame = peer.smooth(params).get_prediction(start=len(y), end=len(y) + 11).summary_frame(alpha=0.1)
    got = model.predict_interval(12, level=0.9)
    sigma = np.sqrt(model.sse_ / len(y)) / model.residual_sd_  # theirs has no correction for the numbers estimated
    np.testing.assert_allclose(model.predict(12), frame["mean"], rtol=1e-8)
    np.testing.assert_allclose((got[:, 1] - got[:, 0]) * sigma, frame["pi_upper"] - frame["pi_lower"], rtol=1e-6)


def test_smoothing__real_series():
    """Monthly carbon dioxide (statsmodels' data): seasons and trend; our minimum is below statsmodels'."""
    y = co2.load_pandas().data["co2"].resample("M").mean().interpolate().to_numpy()[-240:]
    model = ours.ExponentialSmoothing(trend="add", seasonal="add", seasonal_periods=12).fit(y)
    peer = peer_of(y, "add", False, "add", period=12).fit()
    assert model.sse_ <= peer.sse * (1 + 1e-4)
    np.testing.assert_allclose(model.predict(12), peer.forecast(12), atol=0.2)


@pytest.mark.parametrize("trend", ["n", "c", "t", "ct"])
@pytest.mark.parametrize("data", [nile, sunspots])
def test_auto_reg(data, trend):
    y = data.load_pandas().data.iloc[:, -1].to_numpy(dtype=float)
    for lags in (0, 1, 4, 9):
        if lags == 0 and trend == "n":
            continue
        model = ours.AutoReg(lags=lags, trend=trend).fit(y)
        peer = AutoReg(y, lags, trend=trend).fit()
        got = [*([model.intercept_] if "c" in trend else []), *([model.trend_] if "t" in trend else []), *model.coef_]
        np.testing.assert_allclose(got, peer.params, rtol=1e-8, atol=1e-12)
        assert model.aic_ == pytest.approx(peer.aic, rel=1e-10) and model.bic_ == pytest.approx(peer.bic, rel=1e-10)
        np.testing.assert_allclose(model.predict(20), peer.forecast(20), rtol=1e-8)
    spread = np.diff(model.predict_interval(10, level=0.8)).ravel()
    frame = peer.get_prediction(len(y), len(y) + 9).conf_int(alpha=0.2)
    sigma = np.sqrt(model.sse_ / (len(y) - 9)) / model.residual_sd_
    np.testing.assert_allclose(spread * sigma, np.diff(frame).ravel(), rtol=1e-6)


@pytest.mark.parametrize("ic", ["aic", "bic"])
def test_auto_reg__order(ic):
    y = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    model = ours.AutoReg(max_lags=15, ic=ic).fit(y)
    assert list(range(1, model.lags_ + 1)) == ar_select_order(y, 15, ic=ic).ar_lags


def test_auto_reg__published_by_r():
    """Luteinizing hormone (Diggle 1990, table A.1), R's ar(lh): help(ar), Venables & Ripley 2002, section 14.2."""
    lh = [2.4, 2.4, 2.4, 2.2, 2.1, 1.5, 2.3, 2.3, 2.5, 2.0, 1.9, 1.7, 2.2, 1.8, 3.2, 3.2, 2.7, 2.2, 2.2, 1.9, 1.9, 1.8, 2.7, 3.0,
          2.3, 2.0, 2.0, 2.9, 2.9, 2.7, 2.7, 2.3, 2.6, 2.4, 1.8, 1.7, 1.5, 1.4, 2.1, 3.3, 3.5, 3.5, 3.1, 2.6, 2.1, 3.4, 3.0, 2.9]
    model = ours.AutoReg(method="yule_walker").fit(lh)
    assert model.lags_ == 3
    np.testing.assert_allclose(model.coef_, [0.6534, -0.0636, -0.2269], atol=5e-5)
    assert model.residual_sd_**2 == pytest.approx(0.1959, abs=5e-5)
    from statsmodels.regression.linear_model import yule_walker

    np.testing.assert_allclose(ours.AutoReg(method="yule_walker", lags=5).fit(lh).coef_, yule_walker(lh, 5, method="mle")[0], rtol=1e-10)


def test_naive__the_book():
    """Section 5.2 and 5.5 of Forecasting: Principles and Practice (3rd edition, 2021) by their formulas."""
    y = np.array(OIL)
    assert (ours.NaiveForecaster().fit(y).predict(3) == y[-1]).all()
    np.testing.assert_array_equal(ours.NaiveForecaster(sp=4).fit(y).predict(6), np.r_[y[-4:], y[-4:-2]])
    drift = ours.NaiveForecaster(strategy="drift").fit(y)
    slope = (y[-1] - y[0]) / (len(y) - 1)
    np.testing.assert_allclose(drift.predict(3), y[-1] + slope * np.arange(1, 4))
    np.testing.assert_allclose(ours.NaiveForecaster(strategy="mean", sp=4).fit(y).predict(4), [y[2::4].mean(), y[3::4].mean(), y[0::4].mean(), y[1::4].mean()])
    sigma = np.sqrt(np.sum(np.diff(y) ** 2) / (len(y) - 1))
    low, high = ours.NaiveForecaster().fit(y).predict_interval(4).T
    np.testing.assert_allclose(high - low, 2 * 1.959963984540054 * sigma * np.sqrt([1, 2, 3, 4]))
    sigma = np.sqrt(np.sum((np.diff(y) - slope) ** 2) / (len(y) - 2))
    low, high = drift.predict_interval(2, level=0.8).T
    np.testing.assert_allclose(high - low, 2 * 1.2815515655446004 * sigma * np.sqrt([1 * (1 + 1 / 17), 2 * (1 + 2 / 17)]))
    low, high = ours.NaiveForecaster(sp=4).fit(y).predict_interval(9).T
    np.testing.assert_allclose(((high - low) / (high[0] - low[0])) ** 2, [1] * 4 + [2] * 4 + [3])
    low, high = ours.NaiveForecaster(strategy="mean").fit(y).predict_interval(1).T
    np.testing.assert_allclose((high - low) / 2 / 1.959963984540054, y.std(ddof=1) * np.sqrt(1 + 1 / 18))


def test_forecasters_in_cross_validation():
    """Each fold's forecasts are those of a model of that fold's rows; gaps count as steps."""
    from sklearn.model_selection import TimeSeriesSplit, cross_val_predict, cross_val_score

    y = series(1, "add")
    X = np.arange(len(y))[:, None]
    model = ours.ExponentialSmoothing(trend="add", seasonal="add", seasonal_periods=4)
    for gap in (0, 3):
        cv = TimeSeriesSplit(4, test_size=6, gap=gap)
        got = mlsd.model_selection.cross_val_score(model, X, y, cv=mlsd.model_selection.TimeSeriesSplit(4, test_size=6, gap=gap),
                                                   scoring="neg_mean_absolute_error")
        expected = [-np.abs(y[test] - model.fit(y[train]).predict(6 + gap)[gap:]).mean() for train, test in cv.split(X)]
        np.testing.assert_allclose(got, expected, rtol=1e-12)
    # scikit-learn's own loop calls predict(X), which knows no gap
    theirs = cross_val_score(model, X, y, cv=TimeSeriesSplit(4, test_size=6), scoring="neg_mean_absolute_error")
    cv = mlsd.model_selection.TimeSeriesSplit(4, test_size=6)
    np.testing.assert_allclose(theirs, mlsd.model_selection.cross_val_score(model, X, y, cv=cv, scoring="neg_mean_absolute_error"))
