"""mlsd.compare beside SciPy, statsmodels and R (base, pROC, forecast) on random scores with ties, zeros and gaps."""
import json
import os
import shutil
import subprocess

import numpy as np
import pytest

from mlsd import compare as ours

stats = pytest.importorskip("scipy.stats")
SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
SEEDS = range(10 * SWEEP)


def two(seed, n, decimals=None):
    rng = np.random.default_rng(seed)
    a = rng.normal(0, 1, n)
    b = a + rng.normal(rng.choice([0, 0.5]), 1, n)
    return (a, b) if decimals is None else (a.round(decimals), b.round(decimals))


def near(value, wanted, tolerance=1e-9):
    assert value == pytest.approx(wanted, rel=tolerance, abs=1e-14)


def run_r(script, **data):
    """The numbers that an R script prints, one a line, given lists by name."""
    if shutil.which("Rscript") is None:
        pytest.skip("R is not there")
    head = "".join(f"{k} <- c({','.join(repr(float(v)) for v in values)})\n" for k, values in data.items())
    done = subprocess.run(["Rscript", "--vanilla", "-e", f"options(digits=17)\n{head}{script}"], capture_output=True, text=True)
    if done.returncode and "there is no package" in done.stderr:
        pytest.skip(done.stderr.splitlines()[0])
    assert done.returncode == 0, done.stderr
    return [float(v) for v in done.stdout.split()]


@pytest.mark.parametrize("seed", SEEDS)
def test_corrected_t(seed):
    a, b = two(seed, 10)
    ratio = 1 / 9
    r = ours.corrected_t_test(a, b, test_train=ratio, rope=0.1)
    d = b - a
    se = np.sqrt((1 / 10 + ratio) * d.var(ddof=1))
    t = d.mean() / se
    near(r.p_value, 2 * stats.t.sf(abs(t), 9))
    assert r.low == pytest.approx(d.mean() - stats.t.ppf(0.975, 9) * se, abs=1e-9)  # whose quantile has ten digits
    near(r.p_better, stats.t.sf((0.1 - d.mean()) / se, 9))
    # Without a correction it is the paired t test, whose power statsmodels knows.
    plain = ours.corrected_t_test(a, b, test_train=0)
    near(plain.p_value, stats.ttest_rel(b, a).pvalue)
    power = pytest.importorskip("statsmodels.stats.power").TTestPower()
    near(plain.min_detectable, power.solve_power(nobs=10, alpha=0.05, power=0.8) * d.std(ddof=1), 1e-6)
    for alternative in ("greater", "less"):
        one_sided = ours.corrected_t_test(a, b, test_train=0, alternative=alternative)
        near(one_sided.p_value, stats.ttest_rel(b, a, alternative=alternative).pvalue)


@pytest.mark.parametrize("seed", SEEDS)
def test_detectable_of_five_by_two_f(seed):
    a, b = two(seed, 10)
    r = ours.five_by_two_f_test(a, b)
    d = (b - a).reshape(5, 2)
    variance = ((d[:, 0] - d[:, 1]) ** 2 / 2).mean()
    limit = stats.f.isf(0.05, 10, 5)
    near(stats.ncf.sf(limit, 10, 5, 10 * r.min_detectable**2 / variance), 0.8, 1e-7)


@pytest.mark.parametrize("zeros", ["pratt", "wilcox"])
@pytest.mark.parametrize("seed", SEEDS)
def test_wilcoxon(seed, zeros):
    a, b = two(seed, 20)
    r = ours.wilcoxon_test(a, b)
    near(r.p_value, stats.wilcoxon(b, a, mode="exact").pvalue, 1e-12)
    a, b = two(seed, 70, 1)
    for continuity in (True, False):
        r = ours.wilcoxon_test(a, b, zeros=zeros, continuity=continuity)
        wanted = stats.wilcoxon(b, a, zero_method=zeros, correction=continuity, mode="approx")
        near(r.p_value, wanted.pvalue)
        assert min(r.statistic, (1 / r.effect - 1) / (1 / r.effect + 1) * r.statistic) == pytest.approx(wanted.statistic)


@pytest.mark.parametrize("n", [7, 12, 49, 120])
def test_wilcoxon_interval_as_r(n):
    a, b = two(n, n)
    r = ours.wilcoxon_test(a, b)
    script = "w <- wilcox.test(b, a, paired=TRUE, conf.int=TRUE, exact=length(a) < 50); cat(w$statistic, w$p.value, w$estimate, w$conf.int)"
    statistic, p, estimate, low, high = run_r(script, a=a, b=b)
    assert r.statistic == statistic
    near(r.p_value, p)
    if n < 50:  # R finds roots of the test beyond; ours are differences that were seen
        near(r.difference, estimate)
        near(r.low, low)
        near(r.high, high)
    else:
        assert r.difference == pytest.approx(estimate, abs=0.01)
        assert (r.low, r.high) == pytest.approx((low, high), abs=0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_sign(seed):
    a, b = two(seed, 31, 0)
    wins, losses = int((b > a).sum()), int((b < a).sum())
    near(ours.sign_test(a, b).p_value, stats.binomtest(wins, wins + losses).pvalue)
    near(ours.sign_test(a, b, alternative="greater").p_value, stats.binomtest(wins, wins + losses, alternative="greater").pvalue)


@pytest.mark.parametrize("seed", SEEDS)
def test_permutation(seed):
    a, b = two(seed, 11, 1)
    for alternative in ("two_sided", "greater", "less"):
        r = ours.permutation_test(a, b, alternative=alternative)
        wanted = stats.permutation_test(
            (b, a), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples", vectorized=True,
            n_resamples=np.inf, alternative=alternative.replace("_", "-"),
        )
        near(r.p_value, wanted.pvalue)


@pytest.mark.parametrize("seed", SEEDS)
def test_friedman(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1, (15, 5)).round(1 if seed % 2 else 6) + [0, 0, 0.4, 0.4, 0.8]
    r = ours.friedman_test(scores)
    wanted = stats.friedmanchisquare(*scores.T)
    near(r.chi2, wanted.statistic)
    near(r.chi2_p_value, wanted.pvalue)
    ranks = stats.rankdata(-scores, axis=1).mean(axis=0)
    np.testing.assert_allclose(r.ranks["mean_rank"], ranks)
    se = np.sqrt(5 * 6 / (6 * 15))
    near(r.critical_difference, stats.studentized_range.isf(0.05, 5, 1e7) / np.sqrt(2) * se, 1e-5)
    gap = abs(ranks[0] - ranks[4]) / se * np.sqrt(2)
    near(r.pairs["p_value"][3], stats.studentized_range.sf(gap, 5, 1e7), 1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_right_and_wrong(seed):
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 120)
    labels = np.array(["cat", "dog", "eel"])
    predictions = [np.where(rng.random(120) < share, y, rng.integers(0, 3, 120)) for share in (0.5, 0.6, 0.7)]
    right = np.column_stack([p == y for p in predictions])
    r = ours.cochran_q_test(labels[y], [labels[p] for p in predictions])
    wanted = tables.cochrans_q(right.astype(int))
    near(r.statistic, wanted.statistic)
    near(r.p_value, wanted.pvalue)
    a, b = right[:, 0], right[:, 1]
    table = [[(a & b).sum(), (a & ~b).sum()], [(~a & b).sum(), (~a & ~b).sum()]]
    for method, options in {
        "exact": {"exact": True}, "chi2": {"exact": False, "correction": False}, "chi2_corrected": {"exact": False},
    }.items():
        r = ours.mcnemar_test(y, predictions[0], predictions[1], method=method)
        wanted = tables.mcnemar(table, **options)
        near(r.p_value, wanted.pvalue)
        near(r.statistic, wanted.statistic)


@pytest.mark.parametrize("seed", range(3))
def test_detectable_of_mcnemar_by_simulation(seed):
    """Power at the detectable difference, by a normal approximation: 80 % within a few points."""
    rng = np.random.default_rng(seed)
    n, discordant = 400, 0.2
    base = np.zeros((n, 2))
    base[: int(n * discordant / 2), 0] = base[int(n * discordant / 2) : int(n * discordant), 1] = 1
    detectable = ours.compare("mcnemar", base, method="chi2").min_detectable
    found = 0
    for _ in range(400):
        kind = rng.choice(3, n, p=[(discordant + detectable) / 2, (discordant - detectable) / 2, 1 - discordant])
        found += ours.compare("mcnemar", np.column_stack([kind == 1, kind == 0]).astype(float), method="chi2").p_value <= 0.05
    assert 0.72 < found / 400 < 0.88


@pytest.mark.parametrize(
    "method",
    ["holm", "hochberg", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli", "sidak", "holm_sidak"],
)
def test_corrections(method):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    names = {"holm": "holm", "hochberg": "simes-hochberg", "bonferroni": "bonferroni", "benjamini_hochberg": "fdr_bh",
             "benjamini_yekutieli": "fdr_by", "sidak": "sidak", "holm_sidak": "holm-sidak"}
    for seed in SEEDS:
        p = np.random.default_rng(seed).beta(0.5, 2, 30).round(3)
        np.testing.assert_allclose(ours.adjust_p_values(p, method), multitest.multipletests(p, method=names[method])[1], rtol=1e-12)


def test_delong_as_proc():
    """Published with pROC (Robin et al. 2011): s100b .731, wfns .824, Z = -2.209, p = 0.02718; random scores with ties."""
    values = run_r(
        "suppressMessages(library(pROC)); data(aSAH)\n"
        "cat(as.numeric(aSAH$outcome == 'Poor'), aSAH$s100b, as.numeric(aSAH$wfns), aSAH$ndka)"
    )
    y, s100b, wfns, ndka = np.reshape(values, (4, -1))
    r = ours.delong_test(y, s100b, wfns)
    assert r.statistic == pytest.approx(2.20898, abs=1e-5)
    assert r.p_value == pytest.approx(0.027176, abs=1e-6)
    np.testing.assert_allclose(r.ranks["score"], [0.73136856, 0.82367886], atol=1e-8)
    assert ours.delong_test(y, ndka, s100b).statistic == pytest.approx(1.39077003, abs=1e-8)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    a, b = (y + rng.normal(0, 1.5, 300)).round(1), (y + rng.normal(0, 2, 300)).round(1)
    z, p, low, high = run_r(
        "suppressMessages(library(pROC))\nt <- roc.test(roc(y, b, quiet=TRUE, direction='<'), roc(y, a, quiet=TRUE, direction='<'))\n"
        "cat(t$statistic, t$p.value, t$conf.int)", y=y, a=a, b=b,
    )
    r = ours.delong_test(y, a, b)
    for value, wanted in zip((r.statistic, r.p_value, r.low, r.high), (z, p, low, high)):
        near(value, wanted, 1e-8)


@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_diebold_mariano_as_r(horizon):
    rng = np.random.default_rng(horizon)
    y, a, b = rng.normal(0, 1, (3, 60))
    script = (
        f"suppressMessages(library(forecast)); for (v in c('acf', 'bartlett')) {{ d <- dm.test(b - y, a - y, h={horizon}, power=2, "
        "varestimator=v); cat(d$statistic, d$p.value, '') }"
    )
    values = run_r(script, y=y, a=a, b=b)
    for window, (statistic, p) in zip(("uniform", "bartlett"), np.reshape(values, (2, 2))):
        r = ours.diebold_mariano_test(y, a, b, horizon=horizon, window=window)
        near(r.statistic, statistic)
        near(r.p_value, p)


def test_max_t_controls_the_family():
    """Six equal models beside a control: about 5 % of families have a false one, not 26 %."""
    rng = np.random.default_rng(4)
    found = sum(
        ours.max_t_test(rng.normal(0, 1, (20, 7)), n_permutations=199, seed=i).p_value <= 0.05 for i in range(300)
    )
    assert 4 <= found <= 28


def test_level_of_every_test():
    """Under no difference p-values at or below 0.05 come about once in twenty."""
    rng = np.random.default_rng(9)
    tests = {
        "corrected_t": {"test_train": 0.0}, "wilcoxon": {}, "sign_test": {}, "paired_permutation": {"n_permutations": 199},
        "five_by_two_f": {}, "five_by_two_t": {}, "diebold_mariano": {},
    }
    for test, options in tests.items():
        found = sum(ours.compare(test, rng.normal(0, 1, (10, 2)), **options).p_value <= 0.05 for _ in range(400))
        assert found <= 38, (test, found)


def test_json_of_a_comparison():
    r = ours.friedman_test({"a": [1, 2, 3], "b": [2, 3, 4], "c": [2.5, 2, 1]})
    parsed = json.loads(r.to_json())
    assert parsed["kind"] == "comparison" and len(parsed["tables"]["pairs"]) == 3
