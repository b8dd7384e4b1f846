"""Intervals by resampling against scipy 1.10 (bootstrap), R-like formulas and brute force over drawn rows."""

import os

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

import mlsd
from mlsd import intervals as ours

SEEDS = range(3 * int(os.environ.get("MLSD_SWEEP", "1")))
B = 4000


def close(mine, low, high, se, n_resamples=B):
    """Two limits of 95 % from as many independent replicates: the standard error of each is 2.67 / sqrt(B) of theirs."""
    allowed = 5 * np.sqrt(2) * 2.67 / np.sqrt(n_resamples) * se
    assert abs(mine.low - low) < allowed and abs(mine.high - high) < allowed
    assert abs(mine.se / se - 1) < 5 / np.sqrt(n_resamples)


@pytest.mark.parametrize("method, theirs", [("percentile", "percentile"), ("basic", "basic"), ("bca", "BCa")])
@pytest.mark.parametrize("seed", SEEDS)
def test_means_as_scipy(method, theirs, seed):
    x = np.random.default_rng(seed).exponential(size=40 + 2500 * (seed % 2))
    found = stats.bootstrap((x,), np.mean, n_resamples=B, method=theirs, random_state=seed, batch=200)
    close(ours.bootstrap(x, method=method, n_resamples=B, seed=seed), *found.confidence_interval, found.standard_error)


@pytest.mark.parametrize("seed", SEEDS)
def test_bca_of_its_own_replicates(seed):
    """scipy's formulas on our replicates, with its jackknife: the same limits."""
    x = np.random.default_rng(seed).exponential(size=35)
    found, t = ours.bootstrap(x, method="bca", n_resamples=B, seed=seed, return_replicates=True)
    z0 = stats.norm.ppf(((t < x.mean()).mean() + (t <= x.mean()).mean()) / 2)
    left = np.array([np.delete(x, i).mean() for i in range(len(x))])
    d = left.mean() - left
    a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    z = z0 + stats.norm.ppf([0.025, 0.975])
    wanted = np.quantile(t, stats.norm.cdf(z0 + z / (1 - a * z)))
    np.testing.assert_allclose((found.low, found.high), wanted, rtol=1e-9)


def drawn(seed, n=150):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    score = y + rng.standard_normal(n).round(1)
    return y, score, (score > 0.5).astype(int), rng.integers(0, 30, n)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_as_scipy(seed):
    y, score, predicted, _ = drawn(seed)
    for name, prediction, theirs in (
        ("roc_auc", score, metrics.roc_auc_score), ("accuracy", predicted, metrics.accuracy_score),
    ):
        found = stats.bootstrap(
            (y, prediction), theirs, paired=True, vectorized=False, n_resamples=400, method="percentile", random_state=seed
        )
        mine = ours.bootstrap(y, prediction, metric=name, n_resamples=B, seed=seed)
        close(mine, *found.confidence_interval, found.standard_error, 400)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_left_out_by_brute_force(seed):
    y, score, _, cluster = drawn(seed)
    for groups in (np.arange(len(y)), cluster):
        left = np.array([metrics.roc_auc_score(y[groups != g], score[groups != g]) for g in np.unique(groups)])
        n = len(left)
        found = ours.jackknife(y, score, metric="roc_auc", n_groups=0, cluster=None if n == len(y) else groups)
        se = np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())
        assert found.se == pytest.approx(se, rel=1e-9)
        assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, n - 1) * se, rel=1e-9)
        assert found.bias == pytest.approx((n - 1) * (left.mean() - found.value), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_clusters_are_drawn_whole(seed):
    """A weighted mean of clusters against a bootstrap of clusters written out."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(25), rng.integers(1, 9, 25))
    x = rng.standard_normal(25)[cluster] + rng.standard_normal(len(cluster))
    weight = rng.random(len(cluster))
    up, under = np.bincount(cluster, weight * x), np.bincount(cluster, weight)
    rows = rng.integers(0, 25, (B, 25))
    t = up[rows].sum(1) / under[rows].sum(1)
    mine = ours.bootstrap(x, weight=weight, cluster=np.char.add("c", cluster.astype(str)), n_resamples=B)
    close(mine, *np.quantile(t, [0.025, 0.975]), t.std(ddof=1))


def test_strata_are_drawn_apart():
    rng = np.random.default_rng(5)
    stratum = np.repeat([0, 1, 2], [40, 3000, 7])
    x = 100.0 * stratum + rng.standard_normal(len(stratum))
    parts = [x[stratum == h] for h in range(3)]
    variance = sum(len(p) * p.var() for p in parts) / len(x) ** 2
    mine = ours.bootstrap(x, stratum=stratum, n_resamples=B)
    assert mine.se == pytest.approx(np.sqrt(variance), rel=5 / np.sqrt(2 * B))


def test_studentized_by_the_formula():
    """The replicates of t from the counts are not shown: the limits against a bootstrap of t written out."""
    rng = np.random.default_rng(6)
    x = rng.exponential(size=60)
    rows = rng.integers(0, 60, (20000, 60))
    t = (x[rows].mean(1) - x.mean()) / (x[rows].std(1, ddof=1) / np.sqrt(60))
    se = x.std(ddof=1) / np.sqrt(60)
    wanted = x.mean() - se * np.quantile(t, [0.975, 0.025])
    mine = ours.bootstrap(x, method="studentized", n_resamples=20000)
    np.testing.assert_allclose((mine.low, mine.high), wanted, atol=0.1 * se)
    ones = ours.bootstrap(x, method="studentized", n_resamples=20000, weight=np.ones(60))
    np.testing.assert_allclose((ones.low, ones.high), (mine.low, mine.high), rtol=1e-9)


def test_streams():
    rng = np.random.default_rng(7)
    x, w = rng.exponential(size=3000), rng.random(3000)
    rows = np.column_stack([w * x, w])
    whole = ours.PoissonBootstrap(2, seed=4).add(rows)
    order = rng.permutation(3000)
    parts = [ours.PoissonBootstrap(2, seed=4).add(rows[part], row_numbers=part) for part in np.array_split(order, 4)]
    merged = ours.PoissonBootstrap.from_bytes(parts[0].to_bytes())
    for part in parts[1:]:
        merged.merge(part)
    assert merged.interval(0, 1) == pytest.approx(whole.interval(0, 1), rel=1e-12)
    value, low, high, se = whole.interval(0, 1)
    plain = ours.bootstrap(x, weight=w)
    assert value == pytest.approx(np.average(x, weights=w))
    close(plain, low, high, se, 1000)
    with pytest.raises(ValueError, match="row_numbers has shape"):
        whole.add(rows, row_numbers=[1, 2])


def test_threads_change_nothing():
    y, score, _, _ = drawn(1, 5000)
    found = []
    for n in (1, 2):
        mlsd.set_threads(n)
        found.append((ours.bootstrap(score, method="bca"), ours.bootstrap(y, score, metric="roc_auc", n_resamples=40)))
    mlsd.set_threads(0)
    assert found[0] == found[1]
