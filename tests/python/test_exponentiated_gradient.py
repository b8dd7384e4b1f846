"""mlsd.fairness.ExponentiatedGradient. Witness: groups' rates by numpy."""

import numpy as np
import pytest

from mlsd import fairness, linear_model, naive_bayes

GENERATOR = np.random.default_rng(0)
N = 1500
GROUP = (GENERATOR.random(N) > 0.6).astype(float)
SIGNAL = GENERATOR.normal(size=N)
X = np.c_[GROUP, SIGNAL, GROUP + 0.5 * GENERATOR.normal(size=N), np.arange(N)]
Y = (SIGNAL + 0.8 * GROUP + 0.5 * GENERATOR.normal(size=N) > 0.4).astype(int)
ROWS = {"demographic_parity": [Y >= 0], "equal_opportunity": [Y == 1], "predictive_equality": [Y == 0], "equalized_odds": [Y == 1, Y == 0]}


def model(**params):
    return fairness.ExponentiatedGradient(linear_model.LogisticRegression(), sensitive_features=["x0"], id="x3", **params)


@pytest.mark.parametrize("constraint", ROWS)
def test_exponentiated_gradient__gaps_are_the_rates(constraint):
    fitted = model(constraint=constraint, eps=0.01).fit(X, Y)
    chance = fitted.predict_proba(X)[:, 1]
    want = [[chance[rows & (GROUP == g)].mean() - chance[rows].mean() for g in (0, 1)] for rows in ROWS[constraint]]
    np.testing.assert_allclose(fitted.gaps_, want, atol=1e-12)
    assert np.abs(want).max() <= 0.01 + fitted.best_gap_
    free = model(constraint=constraint, eps=1).fit(X, Y)
    assert np.abs(free.gaps_).max() > 0.02
    np.testing.assert_array_equal(free.predict(X), linear_model.LogisticRegression().fit(X[:, 1:3], Y).predict(X[:, 1:3]))


def test_exponentiated_gradient__labels_and_parameters():
    names = np.array(["no", "yes"])[Y]
    fitted = fairness.ExponentiatedGradient(naive_bayes.GaussianNB(), sensitive_features="x0").fit(X, names)
    assert set(fitted.predict(X)) == {"no", "yes"}
    assert fitted.get_params()["estimator"] is fitted.estimator
    assert fitted.weights_.sum() == pytest.approx(1)
    with pytest.raises(TypeError, match="must be a classifier"):
        fairness.ExponentiatedGradient(sensitive_features="x0").fit(X, Y)
