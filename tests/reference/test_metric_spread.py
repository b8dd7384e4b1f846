"""Intervals of metrics that are no means of rows, against rows left out one by one, counted in numpy or scikit-learn.

Witness: the jackknife, by brute force (Efron & Tibshirani 1993, ch. 11): its standard error and the influence function's
are the same up to a share 1 / rows. Values are scikit-learn's; weights that differ count as (sum w)^2 / sum w^2 rows (Kish 1965).
"""

import math

import numpy as np
import pytest

import mlsd

cluster = pytest.importorskip("sklearn.metrics.cluster")
from sklearn import metrics  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

RNG = np.random.default_rng(20261)


def estimate(kind, y, p, weight=None, **params):
    r = mlsd.metrics.evaluate(kind, y, p, weight, **params)
    return {name: r.number(name) for name in ("value", "low", "high", "se")}


def jackknife(value_of, n):
    """Standard error of value_of(rows that are kept)."""
    rows = np.arange(n)
    left = np.array([value_of(np.delete(rows, i)) for i in rows])
    return math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())


def clusterings(n=1500):
    """No cell of the table has few rows."""
    y = RNG.integers(0, 4, n)
    p = np.where(RNG.random(n) < 0.4, (y + 1) % 4, RNG.integers(0, 5, n))
    return y, p


def jackknife_of_cells(value_of, y, p):
    """The same, rows of one cell being alike."""
    _, first, of = np.unique(5 * y + p, return_index=True, return_inverse=True)
    left = np.array([value_of(np.delete(y, i), np.delete(p, i)) for i in first])[of]
    n = len(y)
    return math.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum())


AGREEMENT = {
    "rand": cluster.rand_score, "adjusted_rand": cluster.adjusted_rand_score,
    "fowlkes_mallows": cluster.fowlkes_mallows_score, "mutual_info": cluster.mutual_info_score,
    "homogeneity": cluster.homogeneity_score, "completeness": cluster.completeness_score,
}
for _method in ("arithmetic", "geometric", "min", "max"):
    AGREEMENT["normalized_mutual_info", _method] = (
        lambda y, p, m=_method: cluster.normalized_mutual_info_score(y, p, average_method=m))
    AGREEMENT["adjusted_mutual_info", _method] = (
        lambda y, p, m=_method: cluster.adjusted_mutual_info_score(y, p, average_method=m))
for _beta in (1.0, 0.3):
    AGREEMENT["v_measure", _beta] = lambda y, p, b=_beta: cluster.v_measure_score(y, p, beta=b)


@pytest.mark.parametrize("name", AGREEMENT, ids=str)
def test_clusterings__influence_is_the_jackknife(name):
    y, p = clusterings()
    kind, option = name if isinstance(name, tuple) else (name, None)
    params = {} if option is None else {"beta": option} if kind == "v_measure" else {"average_method": option}
    got = estimate(kind, y, p, **params)
    value_of = AGREEMENT[name]
    assert got["value"] == pytest.approx(value_of(y, p), abs=1e-12)
    assert got["se"] == pytest.approx(jackknife_of_cells(value_of, y, p), rel=0.02)
    assert got["low"] < got["value"] < got["high"]


def test_clusterings__equal_ones_have_no_interval():
    y, _ = clusterings(50)
    for kind in ("adjusted_rand", "mutual_info", "v_measure", "rand"):
        got = estimate(kind, y, (y + 2) % 4)
        if kind != "mutual_info":  # information itself varies with the rows
            assert math.isnan(got["low"]) and math.isnan(got["se"]), kind


def scores(n=250, ties=True):
    y = (RNG.random(n) < 0.4).astype(int)
    s = y + RNG.normal(size=n)
    return y, np.round(s, 1) if ties else s


@pytest.mark.parametrize("max_fpr", [0.05, 0.2, 0.7])
@pytest.mark.parametrize("ties", [False, True])
def test_partial_area__interval(max_fpr, ties):
    """DeLong's way: each side's placements; the jackknife moves the limit as well, by whole rows of 12 that are below 0.05."""
    y, s = scores(400, ties)
    got = estimate("roc_auc", y, s, max_fpr=max_fpr)
    assert got["value"] == pytest.approx(roc_auc_score(y, s, max_fpr=max_fpr), abs=1e-13)
    expected = jackknife(lambda rows: roc_auc_score(y[rows], s[rows], max_fpr=max_fpr), len(y))
    assert got["se"] == pytest.approx(expected, rel=0.2 if max_fpr == 0.05 else 0.05)


def test_partial_area__of_nearly_all_is_delongs():
    y, s = scores(300)
    w = RNG.random(300)
    whole, nearly = estimate("roc_auc", y, s, w), estimate("roc_auc", y, s, w, max_fpr=1 - 1e-9)
    assert nearly["value"] == pytest.approx(whole["value"], abs=1e-7)
    assert nearly["se"] == pytest.approx(whole["se"], abs=1e-7)


def test_partial_area__weights_are_rows_seen_again():
    y, s = scores(120)
    w = RNG.integers(0, 4, 120)
    weighted = estimate("roc_auc", y, s, w, max_fpr=0.3)
    repeated = estimate("roc_auc", np.repeat(y, w), np.repeat(s, w), max_fpr=0.3)
    assert weighted["value"] == pytest.approx(repeated["value"], abs=1e-13)
    assert weighted["value"] == pytest.approx(roc_auc_score(y, s, max_fpr=0.3, sample_weight=w), abs=1e-13)


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_one_against_one__interval(average):
    n, k = 300, 4
    y = RNG.choice(k, n, p=[0.4, 0.3, 0.2, 0.1])
    p = RNG.dirichlet(np.ones(k), n) + 0.4 * np.eye(k)[y]
    p /= p.sum(axis=1, keepdims=True)
    got = estimate("roc_auc", y, p, multi_class="ovo", average=average)

    def value_of(rows):
        return roc_auc_score(y[rows], p[rows], multi_class="ovo", average=average)

    assert got["value"] == pytest.approx(value_of(np.arange(n)), abs=1e-13)
    # The weights of the pairs move with the rows that are left out; DeLong's placements stay within their sides.
    assert got["se"] == pytest.approx(jackknife(value_of, n), rel=0.1)


def test_one_against_one__of_two_sided_classes_is_delongs():
    """Three classes, one of them without rows: the only pair is that of two, both by columns that say the same."""
    y, s = scores(200)
    s = 1 / (1 + np.exp(-s))
    two = estimate("roc_auc", y, s)
    three = estimate("roc_auc", y, np.column_stack([1 - s, s, 0 * s]), multi_class="ovo")
    assert three["value"] == pytest.approx(two["value"], abs=1e-14)
    assert three["se"] == pytest.approx(two["se"], rel=0.01)  # S10 / m + S01 / n is the same with n / (n - 1) of both


def coverage(kind, draw, truth, n_draws=400, **params):
    """How often the 95 % interval has the true value, and how often it lies above and below it."""
    found = [estimate(kind, *draw(), **params) for _ in range(n_draws)]
    above = sum(e["low"] > truth for e in found)
    below = sum(e["high"] < truth for e in found)
    return 1 - (above + below) / n_draws, above / n_draws, below / n_draws


def normal_rows(n, shift, share=0.5):
    y = (RNG.random(n) < share).astype(int)
    return y, RNG.normal(size=n) + shift * y


@pytest.mark.parametrize("shift, share", [(0.0, 0.5), (0.5, 0.5), (1.5, 0.2)])
def test_ks__covers(shift, share):
    """The true distance of two normals is 2 Phi(shift / 2) - 1; an interval of the found threshold alone, taken as given,
    would begin above 0 in a third of the draws from equal distributions."""
    truth = math.erf(shift / 2 / math.sqrt(2))
    covered, above, below = coverage("ks", lambda: normal_rows(300, shift, share), truth)
    assert covered >= 0.93 and above <= 0.045 and below <= 0.045


@pytest.mark.parametrize("shift, share", [(0.5, 0.5), (1.5, 0.5), (1.5, 0.15), (3.0, 0.3)])
def test_equal_error_rate__covers(shift, share):
    """Of two normals it is Phi(-shift / 2)."""
    truth = 0.5 * math.erfc(shift / 2 / math.sqrt(2))
    covered, _, _ = coverage("equal_error_rate", lambda: normal_rows(400, shift, share), truth)
    assert 0.92 <= covered <= 0.99


def test_equal_error_rate__se_is_the_bootstraps():
    y, s = normal_rows(2000, 1.2, 0.3)
    got = estimate("equal_error_rate", y, s)
    drawn = mlsd.intervals.bootstrap(y, s, metric="equal_error_rate", n_resamples=999)
    assert got["se"] == pytest.approx(drawn.se, rel=0.15)


def test_equal_error_rate__no_error():
    y = np.repeat([0, 1], 20)
    got = estimate("equal_error_rate", y, y + 0.25)
    assert got["value"] == 0 and got["low"] == 0 and 0.1 < got["high"] < 0.2  # Wilson's of 0 of 20


def test_largest_calibration_error__covers():
    """Calibrated, but that in the bin of the highest probabilities it happens less often by 0.15."""
    def draw():
        q = RNG.random(600)
        return (RNG.random(600) < np.where(q > 0.8, q - 0.15, q)).astype(int), q

    covered, above, below = coverage("calibration_error", draw, 0.15, n_bins=5, norm="max")
    assert covered >= 0.95 and above <= 0.03 and below <= 0.03


@pytest.mark.parametrize("n, n_bins", [(100, 10), (1000, 5)])
def test_calibration_error__right_probabilities_are_not_found_wrong(n, n_bins):
    """The value is above 0 whatever is right, and an interval about it would never have 0."""
    def draw():
        q = RNG.random(n)
        return (RNG.random(n) < q).astype(int), q

    covered, above, _ = coverage("calibration_error", draw, 0.0, n_bins=n_bins)
    assert covered >= 0.94 and above <= 0.06


def test_calibration_error__of_classes_covers():
    """A third of a third is taken from every probability: the true error is that of 2 million rows."""
    def draw(n=150):
        p = RNG.dirichlet(np.ones(3), n)
        return (RNG.random(n)[:, None] > np.cumsum(2 * p / 3 + 1 / 9, axis=1)).sum(axis=1), p

    for multi_class in ("classwise", "confidence"):
        truth = estimate("calibration_error", *draw(2_000_000), multi_class=multi_class, n_bins=5)["value"]
        covered, _, _ = coverage("calibration_error", draw, truth, multi_class=multi_class, n_bins=5)
        assert 0.91 <= covered <= 0.985, multi_class


def test_calibration_error__certain_and_wrong():
    y = np.array([0] * 40 + [1] * 40)
    got = estimate("calibration_error", y, np.where(np.arange(80) < 4, 1.0, y))
    assert got["value"] == pytest.approx(0.05) and 0 < got["low"] < 0.05 < got["high"]


def test_information__covers_without_any_agreement():
    """Information of labels drawn apart is above 0; its interval is not, nor is that of v_measure."""
    for kind in ("mutual_info", "v_measure", "normalized_mutual_info"):
        covered, _, _ = coverage(kind, lambda: (RNG.integers(0, 4, 150), RNG.integers(0, 4, 150)), 0.0, n_draws=200)
        assert covered >= 0.95, kind


@pytest.mark.parametrize("n1, n0", [(5, 5), (3, 40), (1, 9), (20_000, 300), (2, 30_000)])
def test_area__of_classes_that_are_apart(n1, n0):
    """DeLong's interval would be 1 to 1. k of k pairs that share no row are in order: Clopper & Pearson's limit."""
    y, k = np.repeat([1, 0], [n1, n0]), min(n1, n0)
    s = y + RNG.random(n1 + n0) / 2
    got, turned = estimate("roc_auc", y, s), estimate("roc_auc", y, -s)
    assert got["value"] == 1 and got["high"] == 1
    assert got["low"] == pytest.approx(0.025 ** (1 / k), rel=1e-12)
    assert turned["value"] == 0 and turned["low"] == 0
    assert turned["high"] == pytest.approx(1 - 0.025 ** (1 / k), rel=1e-9, abs=1e-12)
    assert estimate("gini", y, s)["low"] == pytest.approx(2 * 0.025 ** (1 / k) - 1, rel=1e-9, abs=1e-12)
    assert math.isnan(estimate("roc_auc", y, s, max_fpr=0.5)["low"])


def test_area__covers_where_classes_are_often_apart():
    """10 rows of which 5 are of class 1, two and a half standard deviations apart: a third of the draws are apart."""
    truth = 0.5 * math.erfc(-2.5 / 2)

    def draw():
        y = np.repeat([0, 1], 5)
        return y, RNG.normal(size=10) + 2.5 * y

    apart = sum(estimate("roc_auc", *draw())["value"] == 1 for _ in range(200))
    covered, _, below = coverage("roc_auc", draw, truth, n_draws=1000)
    assert apart > 40 and below == 0 and covered >= 0.85


CERTAIN = [
    ("balanced_accuracy", {}), ("recall", {"average": "macro"}), ("recall", {"average": "micro"}),
    ("recall", {"average": "weighted"}), ("precision", {"average": "macro"}), ("f_score", {"average": "macro"}),
    ("f_score", {"average": "weighted", "beta": 2.0}), ("jaccard", {"average": "micro"}), ("f_score", {"average": "micro"}),
]


@pytest.mark.parametrize("kind, params", CERTAIN, ids=str)
def test_averages__without_an_error_are_not_certain(kind, params):
    """Rows are right with a chance of 0.9 in class 0 and 1, 0.8 in class 2: a fifth of the draws of 10 have no error, and the
    delta method would give these as 1 to 1. Where no row is wrong the interval has the true value, mostly far inside."""
    def draw(n=10):
        y = np.r_[0, 0, 0, 0, 1, 1, 1, 2, 2, 2] if n == 10 else RNG.choice(3, n, p=[0.4, 0.3, 0.3])
        return y, np.where(RNG.random(n) < np.array([0.9, 0.9, 0.8])[y], y, (y + 1) % 3)

    truth = estimate(kind, *draw(1_000_000), **params)["value"]
    found = [estimate(kind, *draw(), **params) for _ in range(400)]
    perfect = [e for e in found if e["value"] == 1]
    assert len(perfect) > 40
    assert all(0.5 < e["low"] < truth < e["high"] == 1 for e in perfect)


def test_averages__limits_of_ends_by_hand():
    """All of 4 + 4 + 12 rows: macro 0.025^(1 / 12), as of 12 of 12; of two classes, one of 3 rows right and one of 2 wrong,
    half of 0.025^(1 / 3) and one half and half of 1 - 0.025^(1 / 2)."""
    y = np.repeat([0, 1, 2], [4, 4, 12])
    for kind, params in (("balanced_accuracy", {}), ("recall", {"average": "macro"}), ("f_score", {"average": "macro"})):
        got = estimate(kind, y, y, **params)
        assert (got["low"], got["high"]) == pytest.approx((0.025 ** (1 / 12), 1), abs=1e-14)
    assert estimate("recall", y, y, average="micro")["low"] == pytest.approx(
        mlsd.intervals.proportion_interval(20, 20, method="clopper_pearson").low / (2 - 0.025 ** (1 / 20)), abs=1e-14)
    y, p = [0, 0, 0, 1, 1], [0] * 5
    for kind, params in (("balanced_accuracy", {}), ("recall", {"average": "macro"})):
        got = estimate(kind, y, p, **params)
        assert (got["low"], got["high"]) == pytest.approx((0.025 ** (1 / 3) / 2, 1 - 0.025 ** (1 / 2) / 2), abs=1e-14)
    adjusted = estimate("balanced_accuracy", y, p, adjusted=True)
    assert adjusted["low"] == pytest.approx(0.025 ** (1 / 3) - 1, abs=1e-14) and adjusted["value"] == 0
    for kind in ("matthews_corrcoef", "cohen_kappa"):
        got = estimate(kind, [0, 1, 2] * 4, [0, 1, 2] * 4)
        assert got["value"] == 1 and math.isnan(got["low"]) and math.isnan(got["high"])


def limits(*args, **params):
    found = mlsd.metrics.evaluate(*args, **params)
    return tuple(found.number(name) for name in ("value", "low", "high"))


def test_scores_with_ties_keep_them():
    """Rounded probabilities of three classes, whose sums are off by a rounding, beside scikit-learn's."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        score, y = rng.multinomial(10, np.ones(3) / 3, 40) / 10, np.r_[0, 1, 2, rng.integers(0, 3, 37)]
        for how in ("ovr", "ovo"):
            assert mlsd.metrics.roc_auc_score(y, score, multi_class=how) == pytest.approx(metrics.roc_auc_score(y, score, multi_class=how), rel=1e-12)
    score, y, weight = rng.dirichlet(np.ones(3), 6), np.array([0, 1, 2, 0, 1, 0]), np.array([1, 1, 0, 1, 1, 1.0])
    given = {"average": "weighted", "multi_class": "ovr", "sample_weight": weight}
    assert mlsd.metrics.roc_auc_score(y, score, **given) == pytest.approx(metrics.roc_auc_score(y, score, **given), rel=1e-12)


@pytest.mark.filterwarnings("ignore:The y_pred values do not sum to one")
def test_log_loss_of_sums_above_one():
    p, y = np.array([[0, 1.0, 0.3], [1, 0, 0.3], [0.5, 0.5, 0.0]]), [0, 1, 2]
    assert mlsd.metrics.log_loss(y, p) == pytest.approx(metrics.log_loss(y, p), rel=1e-12)


def test_bins_are_scikit_learns():
    from sklearn.calibration import calibration_curve

    q, y = np.array([0.1 * 3] * 3 + [0.35] * 2 + [0.1] * 2), np.array([1, 0, 1, 0, 0, 0, 1])
    for ours, theirs in zip(mlsd.metrics.calibration_curve(y, q, n_bins=10), calibration_curve(y, q, n_bins=10)):
        assert ours == pytest.approx(theirs, rel=1e-12)
    p, y = np.array([0.05, 0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9]), np.array([0, 1, 0, 0, 1, 0, 1, 1])
    w = np.array([1, 1, 1, 1, 1, 1, 0, 0.0])
    given = {"strategy": "quantile", "n_bins": 3}
    assert limits("calibration_error", y, p, w, **given) == limits("calibration_error", y[:6], p[:6], w[:6], **given)


@pytest.mark.parametrize("n", [30, 20_000])
def test_what_is_perfect_is_not_certain_with_weights(n):
    """Of weighted rows the limit is that of (sum w)^2 / sum w^2 rows (Kish), also where sums of weights round."""
    rng = np.random.default_rng(n)
    for _ in range(10):
        y = (rng.random(n) < 0.4) * 1
        value, low, high = limits("roc_auc", y, y + rng.random(n) * 0.5, rng.random(n) + 0.1)
        assert value == pytest.approx(1, abs=1e-12) and low < 0.9999 and high == 1
    y, w = np.array([0, 1] * 50), np.full(100, 1e-3)
    w[:2] = 1000
    for copies in (1, 200):  # few rows, and as many as are counted another way
        value, low, high = limits("roc_auc", np.tile(y, copies), np.tile(y, copies) * 1.0, np.tile(w, copies))
        assert value == high == 1 and low == pytest.approx(0.025 ** (1 / copies), rel=1e-3), low
    for name, more in (("recall", {}), ("recall", {"average": "macro"}), ("recall", {"average": "micro"}), ("f_score", {"beta": 2.0})):
        value, low, high = limits(name, y, y, w, **more)
        assert value == high == 1 and low < 0.35, (name, more, low)


def test_no_spread_is_no_interval():
    for name, y, p, more in (
        ("calibration_error", [1], [0.7], {"norm": "l2"}), ("brier_reliability", [1], [0.7], {}),
        ("brier_reliability", [1, 1, 0, 0], [0.05, 0.05, 0.95, 0.95], {}), ("brier_resolution", [1, 0], [0.95, 0.05], {}),
    ):
        value, low, high = limits(name, y, p, **more)
        assert value > 0 and np.isnan(low) and np.isnan(high), name
    value, low, high = limits("brier_reliability", [0, 0, 0], [0.42718865, 0.9888946, 0.92518829])
    assert low < value < high <= 1


def test_rows_and_weights_of_areas():
    rng = np.random.default_rng(1)
    for n in (200, 20_000):
        y, w = rng.integers(0, 2, n), rng.random(n) * (rng.random(n) < 0.8)
        score = rng.random(n) + 0.3 * y
        found = mlsd.metrics.evaluate("roc_auc", y, score, w)
        assert found.number("n_effective") == pytest.approx(w.sum() ** 2 / (w**2).sum())
        huge = mlsd.metrics.evaluate("roc_auc", y, score, w * 1e200).number("value")
        assert np.isnan(huge) or huge == pytest.approx(metrics.roc_auc_score(y, score, sample_weight=w))
    micro = mlsd.metrics.evaluate("roc_auc", [0, 1, 2, 0], np.eye(3)[[0, 1, 2, 0]], [1, 1, 1, 0.0], average="micro")
    assert micro.number("n") == 3
