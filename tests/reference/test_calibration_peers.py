"""Calibration errors and Brier's parts of two and many classes, written out in numpy from their definitions.

Sources: Guo et al. 2017 (ECE of the most probable class), Nixon et al. 2019 (classwise, and with bins of equal mass),
Kumar, Liang & Ma 2019 (debiased l2; of classes their marginal error), Murphy 1973 with Stephenson et al. 2008 (the parts).
"""

import math

import numpy as np
import pytest

from mlsd import intervals, metrics

RNG = np.random.default_rng(4)


def rows(n, k, weighted=False):
    p = RNG.dirichlet(np.ones(k) * 0.7, n)
    wrong = RNG.dirichlet(np.ones(k), n)
    y = np.array([RNG.choice(k, p=q) for q in 0.7 * p + 0.3 * wrong])
    return y, p, RNG.integers(0, 4, n).astype(float) if weighted else None


def events(y, p, multi_class):
    """(probability, did it happen) of what is asked about."""
    if p.shape[1] == 2:
        return [(p[:, 1], (y == 1).astype(float))]
    if multi_class == "confidence":
        return [(p.max(axis=1), (p.argmax(axis=1) == y).astype(float))]
    return [(p[:, c], (y == c).astype(float)) for c in range(p.shape[1])]


def bins_of(q, w, n_bins, strategy):
    """A row that weighs 0 is absent, so that quantiles do not see it."""
    edges = np.linspace(0, 1, n_bins + 1) if strategy == "uniform" else np.quantile(q[w > 0], np.linspace(0, 1, n_bins + 1))
    return np.searchsorted(edges[1:-1], q)


def gaps(q, y, w, n_bins, strategy):
    """Share of the weight, mean of outcome less probability and its variance over rows, of each bin that has rows."""
    at = bins_of(q, w, n_bins, strategy)
    for b in np.unique(at[w > 0]):
        m = (at == b) & (w > 0)
        n = w[m].sum() ** 2 / (w[m] ** 2).sum()
        g = np.average((y - q)[m], weights=w[m])
        v = np.average((y - q)[m] ** 2, weights=w[m]) - g * g
        yield w[m].sum() / w.sum(), g, v / (n - 1) if m.sum() > 1 and n > 1 else 0


def error(y, p, w, n_bins, strategy, norm, multi_class, debiased=False):
    w = np.ones(len(y)) if w is None else w
    of = [list(gaps(q, hit, w, n_bins, strategy)) for q, hit in events(y, p, multi_class)]
    if norm == "l1":
        return np.mean([sum(s * abs(g) for s, g, _ in each) for each in of])
    if norm == "l2":
        return math.sqrt(max(0, np.mean([sum(s * (g * g - debiased * v) for s, g, v in each) for each in of])))
    return max(abs(g) for each in of for _, g, _ in each)


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("multi_class", ["confidence", "classwise"])
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_calibration_error__as_defined(k, weighted, multi_class, strategy, norm):
    y, p, w = rows(500, k, weighted)
    got = metrics.calibration_error(
        y, p[:, 1] if k == 2 else p, n_bins=12, strategy=strategy, norm=norm, multi_class=multi_class, sample_weight=w)
    assert got == pytest.approx(error(y, p, w, 12, strategy, norm, multi_class), abs=1e-13)


@pytest.mark.parametrize("multi_class", ["confidence", "classwise"])
def test_calibration_error__debiased(multi_class):
    y, p, w = rows(800, 4, True)
    got = metrics.calibration_error(y, p, n_bins=15, norm="l2", debiased=True, multi_class=multi_class, sample_weight=w)
    assert got == pytest.approx(error(y, p, w, 15, "uniform", "l2", multi_class, debiased=True), abs=1e-13)


def evaluate(kind, y, p, **params):
    r = metrics.evaluate(kind, y, p, **params)
    return [r.number(name) for name in ("value", "low", "high", "se")]


def test_calibration_error__se_of_many_classes_is_the_bootstraps():
    y, p, _ = rows(3000, 3)
    for multi_class in ("confidence", "classwise"):
        spec = {"n_bins": 5, "multi_class": multi_class}
        value, low, high, se = evaluate("calibration_error", y, p, **spec)
        assert low < value < high
        drawn = intervals.bootstrap(y, p, metric=_spec("calibration_error", **spec), n_resamples=500)
        assert se == pytest.approx(drawn.se, rel=0.15)


def _spec(kind, **params):
    from mlsd._handles import Spec

    return Spec(kind, **params)


def test_calibration_error__one_class_is_left_as_it_was():
    """Two columns, or the second alone: the same."""
    y, p, _ = rows(300, 2)
    assert metrics.calibration_error(y, p) == metrics.calibration_error(y, p[:, 1])
    named = np.array(["no", "yes"])[y]
    assert metrics.calibration_error(named, p, labels=["no", "yes"]) == metrics.calibration_error(y, p)
    assert metrics.calibration_error(named, p[:, 1], pos_label="yes") == metrics.calibration_error(y, p)


def test_calibration_error__bins_of_classes():
    y, p, _ = rows(400, 3)
    r = metrics.evaluate("calibration_error", y, p, n_bins=4, multi_class="classwise")
    bins = r.table("bins")
    assert list(bins["class"]) == [c for c in range(3) for _ in range(4)]
    assert sum(bins["n"]) == 3 * 400
    of_classes = [metrics.calibration_error((y == c).astype(int), p[:, c], n_bins=4) for c in range(3)]
    assert np.allclose(r.table("values")["value"], of_classes, atol=1e-15)
    assert r.number("value") == pytest.approx(np.mean(of_classes), abs=1e-15)


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("strategy, n_bins", [("uniform", 7), ("quantile", 10), ("uniform", 1)])
def test_brier_parts__as_defined_and_add_up(k, weighted, strategy, n_bins):
    y, p, w = rows(400, k, weighted)
    parts = metrics.brier_score_decomposition(y, p, n_bins=n_bins, strategy=strategy, sample_weight=w)
    v = np.ones(len(y)) if w is None else w
    expected = np.zeros(4)
    of = events(y, p, "classwise")
    for q, hit in of:
        base, at = np.average(hit, weights=v), bins_of(q, v, n_bins, strategy)
        for b in np.unique(at[v > 0]):
            m = at == b
            share, rate, mean = v[m].sum() / v.sum(), np.average(hit[m], weights=v[m]), np.average(q[m], weights=v[m])
            variance = np.average((q[m] - mean) ** 2, weights=v[m])
            covariance = np.average((q[m] - mean) * (hit[m] - rate), weights=v[m])
            expected += share * np.array([(mean - rate) ** 2, (rate - base) ** 2, 0, variance - 2 * covariance])
        expected[2] += base * (1 - base)
    assert np.allclose(parts[:4], expected, atol=1e-13)
    score = sum(np.average((q - hit) ** 2, weights=v) for q, hit in of)
    assert parts.score == pytest.approx(score, abs=1e-13)
    assert parts.reliability - parts.resolution + parts.uncertainty + parts.within == pytest.approx(score, abs=1e-13)
    assert parts.score == pytest.approx(metrics.evaluate("brier", y, p, w).number("value"), abs=1e-13)
    for name, expected_part in zip(parts._fields[:4], parts):
        value = metrics.evaluate(f"brier_{name}", y, p, w, n_bins=n_bins, strategy=strategy).number("value")
        assert value == pytest.approx(expected_part, abs=1e-15)


def test_brier_parts__corrected_add_up():
    """Ferro & Fricker 2012: what they take off reliability they take off resolution, and give uncertainty the rest."""
    y, p, _ = rows(60, 4)
    parts = metrics.brier_score_decomposition(y, p, debiased=True)
    assert parts.reliability - parts.resolution + parts.uncertainty + parts.within == pytest.approx(parts.score, abs=1e-14)
    plain = metrics.brier_score_decomposition(y, p)
    base = np.bincount(y) / 60
    assert parts.uncertainty == pytest.approx(sum(base * (1 - base)) * 60 / 59, abs=1e-14)
    assert parts.reliability < plain.reliability and parts.resolution < plain.resolution


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("part", ["reliability", "resolution", "uncertainty", "within"])
def test_brier_parts__se_is_the_bootstraps(k, part):
    """Of classes the standard deviations of squares are added, so that it is at least that."""
    y, p, _ = rows(3000, k)
    kept = (y > 0) | (RNG.random(3000) < 0.5)  # at base rates that are equal the uncertainty has no slope
    y, p = y[kept], p[kept]
    value, low, high, se = evaluate(f"brier_{part}", y, p, n_bins=5)
    assert low < value < high
    drawn = intervals.bootstrap(y, p, metric=_spec(f"brier_{part}", n_bins=5), n_resamples=400)
    adds = k > 2 and part in ("reliability", "resolution")
    assert se == pytest.approx(drawn.se, rel=0.15) or adds and drawn.se < se < 3 * drawn.se


@pytest.mark.parametrize("ones", [2, 9, 25, 31])
def test_brier_parts__uncertainty_by_wilson(ones):
    y = np.arange(50) < ones
    value, low, high, _ = evaluate("brier_uncertainty", y.astype(int), np.full(50, 0.5))
    ends = np.linspace(*intervals.proportion_interval(ones, 50), 10001)
    assert value == pytest.approx(ones * (50 - ones) / 2500, abs=1e-15)
    assert [low, high] == pytest.approx([(ends * (1 - ends)).min(), (ends * (1 - ends)).max()], abs=1e-7)


def test_brier_parts__wrong_input():
    with pytest.raises(ValueError, match="y_prob must have a column for each"):
        metrics.brier_score_decomposition([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="sum to 1.5, not to 1"):
        metrics.calibration_error([0, 1, 2], [[0.5, 0.5, 0.5]] * 3)
