"""Metrics of numbers against peers on random data: concordance beside R's package survival, values beside scikit-learn."""

import shutil
import subprocess

import numpy as np
import pytest

from mlsd import metrics

REPEATS = 3

SURVIVAL = """
library(survival)
d <- read.csv(file("stdin"))
show <- function(...) cat(sprintf("%.15g", c(...)), "\\n")
for (w in list(rep(1, nrow(d)), d$w)) {
  d$v <- w
  for (timewt in c("n", "n/G2")) {
    k <- concordance(Surv(time, event) ~ x, data = d, weights = v, timewt = timewt)
    show(k$concordance, sqrt(k$var))
  }
}
"""


def survival_rows(seed):
    """Times and predictions of few values, so that many are equal."""
    rng = np.random.default_rng(seed)
    n = 80
    time = rng.integers(1, 30, n).astype(float)
    event = (rng.random(n) < 0.7).astype(float)
    x = np.round(time / 3 + rng.normal(size=n) * 3)
    return time, event, x, rng.integers(1, 4, n).astype(float)


@pytest.mark.parametrize("seed", range(2))
def test_concordance_is_that_of_r(seed):
    if shutil.which("Rscript") is None:
        pytest.skip("needs R and its package survival: apt-get install r-cran-survival")
    time, event, x, w = survival_rows(seed)
    rows = "time,event,x,w\n" + "\n".join(",".join(map(repr, map(float, r))) for r in zip(time, event, x, w))
    done = subprocess.run(["Rscript", "-e", SURVIVAL], input=rows, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = [list(map(float, line.split())) for line in done.stdout.splitlines()]
    assert len(theirs) == 4
    y, n = np.column_stack([time, event]), len(time)
    for k, (weight, ipcw) in enumerate([(None, False), (None, True), (w, False), (w, True)]):
        r = metrics.evaluate("concordance", y, x, weight, ipcw=ipcw)
        assert r.number("value") == pytest.approx(theirs[k][0], rel=1e-12)
        # R adds up squared moves; ours is that times n / (n - 1), as everywhere.
        if not ipcw:
            assert r.number("se") * np.sqrt((n - 1) / n) == pytest.approx(theirs[k][1], rel=1e-10)
    assert metrics.concordance_index(time, x, event) == pytest.approx(theirs[0][0], rel=1e-12)
    assert metrics.concordance_index(time, -x, event, prediction="risk") == pytest.approx(theirs[0][0], rel=1e-12)


def numbers(seed, cols):
    rng = np.random.default_rng(100 + seed)
    y = rng.gamma(2.0, 1.5, size=(60, cols)) + 0.05
    return y, y * rng.uniform(0.5, 1.6, size=y.shape), rng.integers(0, 5, 60).astype(float)


OUTPUTS = (
    "mean_absolute_error", "mean_squared_error", "mean_squared_log_error", "mean_absolute_percentage_error", "r2_score",
    "median_absolute_error", "mean_pinball_loss", "explained_variance_score", "d2_pinball_score", "d2_absolute_error_score",
)


@pytest.mark.parametrize("seed", range(REPEATS))
@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_are_those_of_scikit_learn(name, seed):
    theirs = pytest.importorskip("sklearn.metrics")
    y, f, w = numbers(seed, 3)
    ways = ["raw_values", "uniform_average", [0.2, 0.5, 0.3]]
    if name in ("r2_score", "explained_variance_score"):
        ways.append("variance_weighted")
    for way in ways:
        for weight in (None, w):
            ours = getattr(metrics, name)(y, f, sample_weight=weight, multioutput=way)
            wanted = getattr(theirs, name)(y, f, sample_weight=weight, multioutput=way)
            assert ours == pytest.approx(wanted, rel=1e-11), (way, weight is not None)


@pytest.mark.parametrize("seed", range(REPEATS))
def test_deviances_are_those_of_scikit_learn(seed):
    theirs = pytest.importorskip("sklearn.metrics")
    y, f, w = (a if a.ndim == 1 else a[:, 0] for a in numbers(seed, 1))
    for power in (-1.5, 0, 1, 1.7, 2, 3):
        for name in ("mean_tweedie_deviance", "d2_tweedie_score"):
            ours = getattr(metrics, name)(y, f, sample_weight=w, power=power)
            assert ours == pytest.approx(getattr(theirs, name)(y, f, sample_weight=w, power=power), rel=1e-10)
    for squared in (True, False):
        ours = metrics.mean_squared_log_error(y, f, sample_weight=w, squared=squared)
        assert ours == pytest.approx(theirs.mean_squared_log_error(y, f, sample_weight=w, squared=squared), rel=1e-12)


def test_interval_of_r2_covers():
    """Of 400 samples of a known model about 95 % have the true value in their interval."""
    rng = np.random.default_rng(7)
    hit = 0
    for _ in range(400):
        y = rng.normal(size=200)
        f = y + 0.6 * rng.normal(size=200)
        r = metrics.evaluate("r2", y, f)
        hit += r.number("low") <= 1 - 0.36 <= r.number("high")
    assert 0.92 <= hit / 400 <= 0.98


def test_forecasts_have_functions():
    y = np.array([1.0, 2.0, 4.0])
    assert metrics.interval_score(y, y - 1, y + 1, alpha=0.1) == pytest.approx(2)
    assert metrics.interval_coverage(y, y - 1, [1.5, 1.5, 5])[0] == pytest.approx(2 / 3)
    assert metrics.crps_gaussian(y, y, np.zeros(3)) == 0
    assert metrics.crps_ensemble(y, np.column_stack([y - 1, y + 1])) == pytest.approx(0.5)
    assert metrics.crps_ensemble(y, np.column_stack([y - 1, y + 1]), fair=True) == pytest.approx(0)
    assert metrics.crps_quantiles(y, (y + 1).reshape(-1, 1), [0.5]) == pytest.approx(1)
    assert metrics.mean_absolute_scaled_error(y, y + 1, y_train=[1, 3, 5]) == pytest.approx(0.5)
    assert metrics.root_mean_squared_scaled_error(y, y + 1, scale=4) == pytest.approx(0.25)
    assert metrics.mean_directional_accuracy(y, [0, 3, 1]) == pytest.approx(0.5)
    assert metrics.symmetric_mean_absolute_percentage_error([1.0, 0.0], [3.0, 0.0]) == pytest.approx(0.5)
    losses = metrics.mean_pinball_loss(y, np.column_stack([y - 1, y + 1]), alpha=[0.1, 0.9], multioutput="raw_values")
    assert losses == pytest.approx([0.1, 0.1])
    with pytest.raises(ValueError, match="'training'"):
        metrics.mean_absolute_scaled_error(y, y)
