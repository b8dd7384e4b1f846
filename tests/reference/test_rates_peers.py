"""Intervals of rates against statsmodels 0.13 (proportion_confint, confint_proportions_2indep, StratifiedTable) on drawn counts; areas under ROC curves against
pROC on its data set."""

import os
import pathlib

import numpy as np
import pytest

import mlsd
from mlsd import compare
from mlsd import intervals as ours

statsmodels = pytest.importorskip("statsmodels.api")
from statsmodels.stats import proportion  # noqa: E402
from statsmodels.stats.contingency_tables import StratifiedTable  # noqa: E402

CASES = 200 * int(os.environ.get("MLSD_SWEEP", "1"))
LEVELS = (0.8, 0.9, 0.95, 0.99)


def drawn(seed, inner=False):
    """Counts of two groups; inner: no count is 0 or all."""
    rng = np.random.default_rng(seed)
    for i in range(CASES):
        n = rng.integers(3, 400, 2)
        x = rng.integers(1, n) if inner else rng.integers(0, n + 1)
        yield tuple(int(v) for v in x), tuple(int(v) for v in n), LEVELS[i % 4]


@pytest.mark.parametrize(
    "method, theirs",
    [("wilson", "wilson"), ("clopper_pearson", "beta"), ("jeffreys", "jeffreys"), ("agresti_coull", "agresti_coull"),
     ("wald", "normal")],
)
def test_proportions(method, theirs):
    for x, n, level in drawn(1, inner=method == "jeffreys"):
        low, high = proportion.proportion_confint(x[0], n[0], alpha=1 - level, method=theirs)
        found = ours.proportion_interval(x[0], n[0], method=method, level=level)
        np.testing.assert_allclose(found, (low, high), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method, theirs", [("newcombe", "newcomb"), ("agresti_caffo", "agresti-caffo"), ("wald", "wald")])
def test_differences(method, theirs):
    for x, n, level in drawn(2):
        low, high = proportion.confint_proportions_2indep(x[0], n[0], x[1], n[1], method=theirs, alpha=1 - level)
        found = ours.difference_interval(x, n, method=method, level=level)
        np.testing.assert_allclose((found.low, found.high), (max(low, -1), min(high, 1)), rtol=1e-9, atol=1e-12)
        if 0 < sum(x) < sum(n):
            z, p = proportion.proportions_ztest(x, n)
            np.testing.assert_allclose(found.p_value, p, rtol=1e-9, atol=1e-300)
            assert found.value == pytest.approx(x[0] / n[0] - x[1] / n[1])
        else:
            assert found.p_value == 1


@pytest.mark.parametrize("method", ["log", "log_adjusted"])
def test_ratios(method):
    for x, n, level in drawn(3, inner=True):
        for call, compare, theirs in (
            (ours.ratio_interval, "ratio", method.replace("_", "-")),
            (ours.odds_ratio_interval, "odds-ratio", method.replace("log", "logit").replace("_", "-")),
        ):
            wanted = proportion.confint_proportions_2indep(
                x[0], n[0], x[1], n[1], compare=compare, method=theirs, alpha=1 - level
            )
            found = call(x, n, method=method, level=level)
            np.testing.assert_allclose((found.low, found.high), wanted, rtol=1e-9)
            assert found.low <= found.value <= found.high


def test_strata():
    for seed in range(CASES // 4):
        tables = np.random.default_rng(seed).integers(1, 60, (4, 2, 2)).astype(float)
        found = ours.common_odds_ratio(tables)
        theirs = StratifiedTable(list(tables))
        assert found.value == pytest.approx(theirs.oddsratio_pooled, rel=1e-12)
        assert (found.low, found.high) == pytest.approx(theirs.oddsratio_pooled_confint(), rel=1e-9)
        margins = tables.sum(2)[:, 0] * tables.sum(1)[:, 0] / tables.sum((1, 2))
        # R corrects only where there is half a count to take, statsmodels always.
        wanted = theirs.test_null_odds(correction=abs((tables[:, 0, 0] - margins).sum()) >= 0.5)
        assert found.statistic == pytest.approx(wanted.statistic, rel=1e-9, abs=1e-12)
        assert found.p_value == pytest.approx(wanted.pvalue, rel=1e-9)


def test_contracts():
    from scipy import stats

    for x, n, level in drawn(4):
        wanted = stats.beta.ppf(1 - level, x[0], n[0] - x[0] + 1) if x[0] else 0
        assert ours.pass_rate_bound(x[0], n[0], level=level) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert [ours.pass_rate_cases(p) for p in (0.9, 0.95, 0.99, 0.999)] == [29, 59, 299, 2995]
    assert ours.rows_needed(0.5, 0.01, method="wald") == 9604
    assert ours.rows_needed_difference((0.5, 0.5), 0.05, method="wald") == 769


def test_areas_of_asah_as_proc():
    """pROC 1.18.0: roc, ci.auc and roc.test(paired, delong) of its data set aSAH."""
    rows = np.genfromtxt(pathlib.Path(__file__).parents[1] / "data" / "asah.csv", delimiter=",", names=True, skip_header=1)
    poor = rows["poor"].astype(int)
    assert mlsd.score("roc_auc", poor, rows["s100b"]) == pytest.approx((0.73136856, 0.63011821, 0.83261892), abs=6e-9)
    assert mlsd.score("roc_auc", poor, rows["wfns"]) == pytest.approx((0.82367886, 0.74853489, 0.89882284), abs=6e-9)
    found = compare.delong_test(poor, rows["wfns"], rows["s100b"])
    assert found.statistic == pytest.approx(-2.20898, abs=5e-6) and found.p_value == pytest.approx(0.027176, abs=5e-7)
    assert compare.delong_test(poor, rows["ndka"], rows["s100b"]).statistic == pytest.approx(1.39077003, abs=6e-9)


def test_what_is_refused():
    with pytest.raises(ValueError, match="did you mean 'wilson'"):
        ours.proportion_interval(1, 2, method="wilsn")
    with pytest.raises(ValueError, match="got 3 of 2"):
        ours.proportion_interval(3, 2)
    with pytest.raises(ValueError, match=r"e_values\[1\] is -1, below 0"):
        ours.adjust_e_values([1, -1])
    assert np.isnan(ours.ratio_interval((3, 0), (5, 9)).value)
    with pytest.raises(ValueError, match="successes must be a number: could not convert string to float: 'a'"):
        ours.proportion_interval("a", 2)
    with pytest.raises(ValueError, match="trials must be a pair, one number for each of two groups, got 3"):
        ours.difference_interval((1, 2), (5, 6, 7))
    with pytest.raises(ValueError, match="rates must be a pair"):
        ours.rows_needed_difference(0.5, 0.1)
    with pytest.raises(ValueError, match="row_numbers must be whole numbers, got float64"):
        ours.PoissonBootstrap(1).add([1.0, 2.0], row_numbers=[1.5, 2.5])
    with pytest.raises(ValueError, match="tables must have 4 columns"):
        ours.common_odds_ratio([])
