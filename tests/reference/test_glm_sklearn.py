"""Generalised linear models beside scikit-learn's and statsmodels' on random problems, and R's published example.

Where the objective is strictly convex, coefficients agree to what the stopping rules leave: ours take a Newton step after
the slopes are below tol, scikit-learn's lbfgs is run to 1e-10. MLSD_SWEEP multiplies the cases.
"""

import os

import numpy as np
import pytest
import sklearn.linear_model
import sklearn.metrics
import statsmodels.api as sm

import mlsd.linear_model as ours

CASES = 10 * int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed, power):
    """Columns of any place and scale, a target of the distribution, weights or None."""
    rng = np.random.RandomState(seed)
    n, p = rng.randint(40, 400), rng.randint(1, 9)
    Z = rng.randn(n, p)
    mean = np.exp(Z @ rng.randn(p) * 0.4 + rng.uniform(-1, 3))
    if power == 0:
        y = mean + rng.randn(n)
    elif power == 1:
        y = rng.poisson(mean).astype(float)
    elif power < 2:
        y = np.array([rng.gamma(2, m / 2, size=rng.poisson(1)).sum() for m in mean])
    else:
        y = rng.gamma(2, mean / 2)
    X = Z * rng.uniform(0.5, 3, p) + rng.uniform(-2, 2, p)
    return rng, X, y, rng.randint(0, 4, n).astype(float) if seed % 2 else None


@pytest.mark.parametrize("power", [0, 1, 1.5, 2, 3])
@pytest.mark.parametrize("seed", range(CASES))
def test_glm__scikit_learn(seed, power):
    rng, X, y, weight = problem(seed, power)
    alpha = float(rng.choice([0.01, 0.3, 3]))
    options = {"alpha": alpha, "fit_intercept": bool(seed % 3)}
    name, more = {1: ("PoissonRegressor", {}), 2: ("GammaRegressor", {})}.get(
        power, ("TweedieRegressor", {"power": power, "link": ["auto", "log"][seed % 2]}))
    model = getattr(ours, name)(**options, **more, tol=1e-9, max_iter=1000).fit(X, y, weight)
    peer = getattr(sklearn.linear_model, name)(**options, **more, tol=1e-10, max_iter=10000).fit(X, y, weight)
    assert model.converged_ == 1
    if power in (0, 3) and more["link"] == "log":  # not convex: scikit-learn's may end in a worse valley
        half = sklearn.metrics.mean_tweedie_deviance(y, peer.predict(X), sample_weight=weight, power=power) / 2
        theirs = half + alpha / 2 * (peer.coef_ @ peer.coef_)
        assert model.objective_ <= theirs + 1e-7
        if model.objective_ < theirs - 1e-4:
            return
    np.testing.assert_allclose(model.coef_, peer.coef_, rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(model.intercept_, peer.intercept_, rtol=1e-5, atol=1e-5)
    # not peer.score: with weights scikit-learn 1.2.1 adds a mean to a sum there
    expected = sklearn.metrics.d2_tweedie_score(y, peer.predict(X), sample_weight=weight, power=power)
    assert model.score(X, y, weight) == pytest.approx(expected, abs=1e-6)
    assert model.d2_ == pytest.approx(model.score(X, y, weight), abs=1e-12)


FAMILIES = {
    "poisson": (1, "log", sm.families.Poisson()),
    "gamma": (2, "log", sm.families.Gamma(sm.families.links.log())),
    "gaussian log": (0, "log", sm.families.Gaussian(sm.families.links.log())),
    "inverse gaussian": (3, "log", sm.families.InverseGaussian(sm.families.links.log())),
    "tweedie": (1.4, "log", sm.families.Tweedie(sm.families.links.log(), 1.4)),
    "poisson identity": (1, "identity", sm.families.Poisson(sm.families.links.identity())),
    "gaussian": (0, "identity", sm.families.Gaussian()),
}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("seed", range(4))
def test_glm__statsmodels_without_penalty(seed, name):
    """Coefficients and deviances of an unpenalised fit; statsmodels' weights are frequencies as ours are."""
    power, link, family = FAMILIES[name]
    _, X, y, _ = problem(100 + seed, power)
    if link == "identity" and power:  # a mean that is linear and above 0
        rng = np.random.RandomState(seed)
        X = rng.uniform(0, 2, X.shape)
        y = rng.poisson(1 + X.sum(1)).astype(float)
    weight = np.random.RandomState(seed).randint(1, 4, len(y)).astype(float)
    model = ours.TweedieRegressor(power=power, link=link, alpha=0, tol=1e-10, max_iter=1000).fit(X, y, weight)
    peer = sm.GLM(y, sm.add_constant(X), family=family, freq_weights=weight).fit(tol=1e-14, maxiter=300)
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], peer.params, rtol=1e-6, atol=1e-7)
    assert model.deviance_ == pytest.approx(peer.deviance, rel=1e-9)
    if power != 1.4:  # statsmodels' null deviance of this one is that of another model
        assert model.null_deviance_ == pytest.approx(peer.null_deviance, rel=1e-7)


def test_glm__exposures_are_weights():
    """Rates weighted by exposure give the coefficients of counts with an offset (statsmodels' exposure)."""
    rng = np.random.RandomState(3)
    X, exposure = rng.randn(300, 3), rng.uniform(0.1, 5, 300)
    counts = rng.poisson(exposure * np.exp(X @ [0.5, -0.2, 0.1] + 1))
    model = ours.PoissonRegressor(alpha=0, tol=1e-12).fit(X, counts / exposure, exposure)
    peer = sm.GLM(counts, sm.add_constant(X), family=sm.families.Poisson(), exposure=exposure).fit(tol=1e-14)
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], peer.params, rtol=1e-10)
    assert model.deviance_ == pytest.approx(peer.deviance, rel=1e-11)


def test_glm__published_by_r():
    """Dobson (1990), page 93: the randomised controlled trial of help(glm) in R, coefficients and deviances as printed."""
    counts = [18, 17, 15, 20, 10, 20, 25, 13, 12]
    outcome, treatment = np.tile([1, 2, 3], 3), np.repeat([1, 2, 3], 3)
    X = np.column_stack([outcome == 2, outcome == 3, treatment == 2, treatment == 3]).astype(float)
    model = ours.PoissonRegressor(alpha=0, tol=1e-12).fit(X, counts)
    np.testing.assert_allclose(np.r_[model.intercept_, model.coef_], [3.045, -0.4543, -0.2930, 0, 0], atol=5e-4)
    assert model.deviance_ == pytest.approx(5.1291, abs=5e-5) and model.null_deviance_ == pytest.approx(10.5814, abs=5e-5)


def test_glm__gamma_published_by_r():
    """McCullagh & Nelder (1989), pages 300-2: clotting times, log link as R 4.2 has them, glm(..., Gamma("log"))."""
    u, lot1 = [5, 10, 15, 20, 30, 40, 60, 80, 100], [118, 58, 42, 35, 27, 25, 21, 19, 18]
    model = ours.GammaRegressor(alpha=0, tol=1e-12).fit(np.log(u)[:, None], lot1)
    peer = sm.GLM(lot1, sm.add_constant(np.log(u)), family=sm.families.Gamma(sm.families.links.log())).fit(tol=1e-14)
    np.testing.assert_allclose([model.intercept_, model.coef_[0]], peer.params, rtol=1e-10)
    assert model.null_deviance_ == pytest.approx(3.51283, abs=5e-6)  # "Null Deviance: 3.513", the same for every link


def test_glm__more_columns_than_a_hessian_is_made_for():
    """L-BFGS: the objective is scikit-learn's minimum."""
    rng = np.random.RandomState(0)
    X = rng.randn(300, 500)
    y = rng.poisson(np.exp(X[:, 0] * 0.5 + 1)).astype(float)
    model = ours.PoissonRegressor(alpha=0.5, tol=1e-8, max_iter=1000).fit(X, y)
    peer = sklearn.linear_model.PoissonRegressor(alpha=0.5, tol=1e-10, max_iter=10000).fit(X, y)
    assert model.converged_ == 1
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-6)


def test_glm__not_converged_warns():
    _, X, y, _ = problem(1, 1)
    with pytest.warns(UserWarning, match="poisson_regressor: not converged after 1 iterations; raise max_iter"):
        ours.PoissonRegressor(max_iter=1, tol=1e-12).fit(X, y)
