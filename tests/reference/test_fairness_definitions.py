"""Measures of fairness against the definitions of Fairlearn and AIF360, written down here with NumPy, on drawn tables: several groups and columns,
weights, controls, probabilities, many classes. Where those tools turn an undefined rate into 0, NaN is expected."""

import os

import numpy as np
import pytest

from mlsd import fairness

sklearn_metrics = pytest.importorskip("sklearn.metrics")

CASES = 40 * int(os.environ.get("MLSD_SWEEP", "1"))


def drawn(seed, n_groups=None, n_classes=2):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 400))
    group = rng.integers(0, n_groups or rng.integers(2, 7), n)
    y = rng.integers(0, n_classes, n)
    lift = rng.normal(0, 1, 10)[group]
    p = 1 / (1 + np.exp(-(1.2 * (2 * y - 1) + lift + rng.normal(0, 1, n))))
    weight = None if seed % 3 == 0 else rng.integers(0, 4, n) * 1.0 if seed % 3 == 1 else rng.exponential(1, n)
    if weight is not None and not weight.any():
        weight[0] = 1.0
    return y, p, group, weight


def share(w, numerator, denominator):
    below = w[denominator].sum()
    return w[numerator & denominator].sum() / below if below > 0 else np.nan


def rates(y, said, w):
    all_rows = np.ones(len(y), bool)
    return {
        "selection_rate": share(w, said == 1, all_rows), "base_rate": share(w, y == 1, all_rows),
        "tpr": share(w, said == 1, y == 1), "fpr": share(w, said == 1, y == 0),
        "tnr": share(w, said == 0, y == 0), "fnr": share(w, said == 0, y == 1),
        "ppv": share(w, y == 1, said == 1), "npv": share(w, y == 0, said == 0),
        "accuracy": share(w, y == said, all_rows),
        "fn_per_fp": w[(y == 1) & (said == 0)].sum() / w[(y == 0) & (said == 1)].sum()
        if w[(y == 0) & (said == 1)].sum() > 0 else np.nan,
    }


def by_group(y, said, group, w):
    found = [rates(y[group == g], said[group == g], w[group == g]) for g in np.unique(group)]
    return {name: np.array([r[name] for r in found]) for name in found[0]}


def between(values, ratio):
    values = values[~np.isnan(values)]
    if len(values) < 2 or (ratio and values.max() == 0):
        return np.nan
    return values.min() / values.max() if ratio else values.max() - values.min()


def overall(values, whole, ratio):
    values = values[~np.isnan(values)]
    if len(values) < 2 or (ratio and (whole == 0).any()):
        return np.nan
    return np.minimum(values / whole, whole / np.where(values == 0, np.inf, values)).min() if ratio else abs(values - whole).max()


PARITIES = {
    "demographic_parity": "selection_rate", "equal_opportunity": "tpr", "predictive_equality": "fpr",
    "predictive_parity": "ppv", "negative_predictive_parity": "npv", "accuracy_parity": "accuracy",
    "treatment_equality": "fn_per_fp", "base_rate": "base_rate",
}


def measures(result, control=None, positive=1):
    table = result.table("measures")
    keep = [i for i in range(len(table["measure"])) if table["class"][i] == positive and (control is None or table["control"][i] == control)]
    return {table["measure"][i]: {c: table[c][i] for c in table} for i in keep}


def close(a, b, **k):
    np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13, **k)


@pytest.mark.parametrize("seed", range(CASES))
def test_parities(seed):
    y, p, group, weight = drawn(seed)
    said, w = (p > 0.5) * 1, np.ones(len(y)) if weight is None else weight
    found = measures(fairness.assess(y, said, group, sample_weight=weight, min_support=1, permutations=9))
    expected = by_group(y, said, group, w)
    for name, rate in PARITIES.items():
        for form in ("difference", "ratio"):
            row = found[f"{name}_{form}"]
            close(row["value"], between(expected[rate], form == "ratio"), err_msg=name)
            if row["status"] == "ok":
                assert row["low"] <= row["value"] <= row["high"], row
    odds = [between(expected[r], False) for r in ("tpr", "fpr")], [between(expected[r], True) for r in ("tpr", "fpr")]
    close(found["equalized_odds_difference"]["value"], np.max(odds[0]))
    close(found["equalized_odds_ratio"]["value"], np.min(odds[1]))
    close(found["equalized_odds_mean_difference"]["value"], np.mean(odds[0]))
    close(found["equalized_odds_mean_ratio"]["value"], np.mean(odds[1]))
    close(found["worst_group_accuracy"]["value"], np.nanmin(expected["accuracy"]))
    ok = ~np.isnan(expected["selection_rate"])
    if (expected["selection_rate"][ok] > 0).all():
        largest = np.argmax(np.where(ok, [w[group == g].sum() for g in np.unique(group)], -1))
        loss = np.abs(np.log(expected["selection_rate"][ok] / expected["selection_rate"][largest])).sum()
        close(found["parity_loss_selection_rate"]["value"], loss)


@pytest.mark.parametrize("seed", range(CASES))
def test_functions_with_fairlearns_names(seed):
    """Values of Fairlearn's definitions wherever no rate is undefined."""
    y, p, group, weight = drawn(seed)
    said, w = (p > 0.5) * 1, np.ones(len(y)) if weight is None else weight
    expected, whole = by_group(y, said, group, w), rates(y, said, w)
    kept = {"sensitive_features": group, "sample_weight": weight}
    close(fairness.demographic_parity_difference(y, said, **kept), between(expected["selection_rate"], False))
    close(fairness.demographic_parity_ratio(y, said, **kept), between(expected["selection_rate"], True))
    close(fairness.equal_opportunity_difference(y, said, **kept), between(expected["tpr"], False))
    close(fairness.equal_opportunity_ratio(y, said, **kept), between(expected["tpr"], True))
    mean = fairness.equalized_odds_difference(y, said, agg="mean", **kept)
    close(mean, np.mean([between(expected[r], False) for r in ("tpr", "fpr")]))
    to_all = fairness.demographic_parity_difference(y, said, method="to_overall", **kept)
    close(to_all, overall(expected["selection_rate"], whole["selection_rate"], False))
    to_all = fairness.demographic_parity_ratio(y, said, method="to_overall", **kept)
    close(to_all, overall(expected["selection_rate"], whole["selection_rate"], True))


def entropy(b, w, k):
    x = b / np.average(b, weights=w)
    if k == 1:
        return np.average(x * np.log(np.where(x > 0, x, 1)), weights=w)
    return (np.average(x**k, weights=w) - 1) / (k * (k - 1))


@pytest.mark.parametrize("seed", range(CASES))
def test_persons(seed):
    y, p, group, weight = drawn(seed)
    said, w = (p > 0.5) * 1, np.ones(len(y)) if weight is None else weight
    power = (0.5, 1, 2, 3)[seed % 4]
    result = fairness.assess(y, said, group, sample_weight=weight, min_support=1, permutations=0, entropy_power=power)
    found, b = measures(result), said - y + 1.0
    means = np.zeros(len(y))
    for g in np.unique(group):
        if w[group == g].sum() > 0:
            means[group == g] = np.average(b[group == g], weights=w[group == g])
    close(found["generalized_entropy"]["value"], entropy(b, w, power))
    close(found["theil_index"]["value"], entropy(b, w, 1))
    close(found["between_group_generalized_entropy"]["value"], entropy(means, w, power))
    mean = np.average(b, weights=w)
    close(found["coefficient_of_variation"]["value"], np.sqrt(np.average((b - mean) ** 2, weights=w)) / mean)
    # Of weighted rows a share counts as that of (sum w)^2 / sum w^2 rows, so that the unit of weights does not matter.
    parts = [(w[group == g], said[group == g]) for g in np.unique(group) if w[group == g].sum() > 0]
    size = np.array([v.sum() ** 2 / (v**2).sum() for v, _ in parts])
    q = (np.array([np.average(s, weights=v) for v, s in parts]) * size + 0.5) / (size + 1)
    close(found["differential_fairness"]["value"], max(np.log(q.max() / q.min()), np.log((1 - q.min()) / (1 - q.max()))))


@pytest.mark.parametrize("seed", range(8))
def test_limits_of_inequality(seed):
    """Standard errors by the infinitesimal jackknife: the index is differentiated numerically by the weight of each row."""
    normal = pytest.importorskip("scipy.stats").norm
    y, p, group, weight = drawn(seed, n_groups=3)
    said, w = (p > 0.5) * 1, np.ones(len(y)) if weight is None else weight
    power = (0.5, 1, 2, 3)[seed % 4]
    found = measures(fairness.assess(y, said, group, sample_weight=weight, min_support=1, permutations=0, entropy_power=power))
    b = said - y + 1.0

    def between_groups(v):
        means = np.zeros(len(y))
        for g in np.unique(group):
            if v[group == g].sum() > 0:
                means[group == g] = np.average(b[group == g], weights=v[group == g])
        return entropy(means, v, power)

    for name, index in (("generalized_entropy", lambda v: entropy(b, v, power)), ("between_group_generalized_entropy", between_groups)):
        moved, step = 0.0, 1e-4
        for i in np.flatnonzero(w > 0):
            up, down = w.copy(), w.copy()
            up[i] += step * w[i]
            down[i] -= step * w[i]
            moved += ((index(up) - index(down)) / (2 * step)) ** 2
        n = (w > 0).sum()
        half = normal.ppf(0.975) * np.sqrt(moved * n / (n - 1))
        row = found[name]
        np.testing.assert_allclose([row["low"], row["high"]], [max(0, row["value"] - half), row["value"] + half], rtol=1e-5, atol=1e-9)


def test_two_groups_with_a_sign():
    for seed in range(CASES):
        y, p, group, weight = drawn(seed, n_groups=3)
        said, w = (p > 0.5) * 1, np.ones(len(y)) if weight is None else weight
        names = np.array(["u", "p", "v"])[group]
        found = measures(fairness.assess(y, said, names, sample_weight=weight, privileged="p", min_support=1, permutations=0))
        u, v = (rates(y[m], said[m], w[m]) for m in (names != "p", names == "p"))
        close(found["statistical_parity_difference"]["value"], u["selection_rate"] - v["selection_rate"])
        if v["selection_rate"] > 0:
            close(found["disparate_impact"]["value"], u["selection_rate"] / v["selection_rate"])
        close(found["equal_opportunity_signed_difference"]["value"], u["tpr"] - v["tpr"])
        close(found["average_odds_difference"]["value"], (u["tpr"] - v["tpr"] + u["fpr"] - v["fpr"]) / 2)
        close(found["average_abs_odds_difference"]["value"], (abs(u["tpr"] - v["tpr"]) + abs(u["fpr"] - v["fpr"])) / 2)


def test_intersections_controls_and_counts():
    rng = np.random.default_rng(5)
    n = 900
    columns = {name: list(rng.choice(list(levels), n)) for name, levels in (("race", "abc"), ("sex", "fm"), ("city", "xy"))}
    y, said = rng.integers(0, 2, n), rng.integers(0, 2, n)
    result = fairness.assess(y, said, columns, by=["race", "sex"], control="city", min_support=1, permutations=0)
    crossed = np.array([f"race = {r} and sex = {s}" for r, s in zip(columns["race"], columns["sex"])])
    city, table = np.array(columns["city"]), result.table("groups")
    for level in "xy":
        inside = city == level
        expected = by_group(y[inside], said[inside], crossed[inside], np.ones(inside.sum()))
        found = measures(result, level)
        close(found["equal_opportunity_difference"]["value"], between(expected["tpr"], False))
        keep = (np.array(table["control"]) == level) & (np.array(table["rate"]) == "tpr")
        order = {g: i for i, g in enumerate(np.unique(crossed))}
        for g, value, num, den in zip(*(np.array(table[c])[keep] for c in ("group", "value", "numerator", "denominator"))):
            close(value, expected["tpr"][order[g]])
            mask = inside & (crossed == g) & (y == 1)
            assert (num, den) == (said[mask].sum(), mask.sum())


def test_each_class_against_the_rest():
    rng = np.random.default_rng(6)
    y, said, group = rng.integers(0, 3, 500), rng.integers(0, 3, 500), rng.integers(0, 4, 500)
    result = fairness.assess(y, said, group, min_support=1, permutations=0)
    for c in range(3):
        expected = by_group((y == c) * 1, (said == c) * 1, group, np.ones(500))
        found = measures(result, positive=c)
        close(found["equalized_odds_difference"]["value"], max(between(expected[r], False) for r in ("tpr", "fpr")))
    soft = rng.dirichlet(np.ones(3), 500)
    hard = measures(fairness.assess(y, soft.argmax(1), group, min_support=1, permutations=0), positive=2)
    both = measures(fairness.assess(y, soft, group, min_support=1, permutations=0), positive=2)
    assert both["equalized_odds_ratio"]["value"] == hard["equalized_odds_ratio"]["value"]
    assert "subgroup_auc_min" in both and "subgroup_auc_min" not in hard


@pytest.mark.parametrize("seed", range(12))
def test_areas(seed):
    y, p, group, weight = drawn(seed, n_groups=3)
    result = fairness.assess(y, p, group, sample_weight=weight, min_support=1, permutations=0)
    table, w = result.table("auc"), np.ones(len(y)) if weight is None else weight
    found = measures(result)
    for name, keep in (
        ("subgroup_auc", lambda g: group == g),
        ("bpsn_auc", lambda g: (group == g) == (y == 0)),
        ("bnsp_auc", lambda g: (group == g) == (y == 1)),
    ):
        expected = np.array([sklearn_metrics.roc_auc_score(y[keep(g)], p[keep(g)], sample_weight=w[keep(g)]) for g in range(3)])
        close(np.array(table["value"])[np.array(table["measure"]) == name], expected)
        close(found[f"{name}_min"]["value"], expected.min())
        close(found[f"{name}_mean"]["value"], np.mean(expected**-5.0) ** (-1 / 5))


def wilson(k, n, z):
    centre, half = (k + z * z / 2) / (n + z * z), z / (n + z * z) * np.sqrt(k * (n - k) / n + z * z / 4)
    return np.maximum(0, centre - half), np.minimum(1, centre + half)


@pytest.mark.parametrize("seed", range(12))
def test_limits_of_the_largest_gap_of_many_groups(seed):
    """Newcombe's and Katz's (with half a count more where there is none) limits of all pairs, with NumPy; the library looks at few of them."""
    normal = pytest.importorskip("scipy.stats").norm
    rng = np.random.default_rng(40 + seed)
    k, n = int(rng.integers(17, 60)), int(rng.integers(300, 4000))
    group = np.concatenate([np.arange(k), rng.integers(0, k, n) if seed % 2 else np.minimum(k - 1, rng.exponential(k / 5, n)).astype(int)])
    y = rng.integers(0, 2, n + k)
    said = (rng.random(n + k) < rng.choice([0.02, 0.3, 0.6])) * 1
    found = measures(fairness.assess(y, said, group, min_support=1, permutations=0, max_values=100))
    x, m = (np.array([f(group == g) for g in range(k)], float) for f in (lambda g: said[g].sum(), lambda g: g.sum()))
    z = normal.ppf(1 - 0.05 / (k * (k - 1) / 2) / 2)
    a, b = np.array([(i, j) for i in range(k) for j in range(k) if i != j]).T
    p, (low, high) = x / m, wilson(x, m, z)
    close(found["demographic_parity_difference"]["low"], max(0, (p[a] - p[b] - np.hypot(p[a] - low[a], high[b] - p[b])).max()))
    close(found["demographic_parity_difference"]["high"], max(0, (p[a] - p[b] + np.hypot(high[a] - p[a], p[b] - low[b])).max()))
    if x.max() == 0:
        return
    more = np.where((x[a] > 0) & (x[b] > 0), 0, 0.5)
    xa, xb, na, nb = x[a] + more, x[b] + more, m[a] + more, m[b] + more
    se = np.sqrt(1 / xa - 1 / na + 1 / xb - 1 / nb)
    row = found["demographic_parity_ratio"]
    close(row["low"], min(1, row["value"], (xa / na / (xb / nb) * np.exp(-z * se)).min()))
    close(row["high"], min(1, (xa / na / (xb / nb) * np.exp(z * se)).min()))


@pytest.mark.parametrize("seed", range(8))
def test_limits_against_all_rows(seed):
    """The rate of all rows is share * group + (1 - share) * others: limits of the two groups without a row in common, carried over."""
    normal = pytest.importorskip("scipy.stats").norm
    y, p, group, _ = drawn(seed, n_groups=4)
    said = (p > 0.5) * 1
    found = measures(fairness.assess(y, said, group, min_support=1, permutations=0, method="to_overall"))
    z = normal.ppf(1 - 0.05 / len(np.unique(group)) / 2)
    lows, highs, low_ratios, high_ratios = [], [], [], []
    for g in np.unique(group):
        inside = group == g
        (a, n), (b, m) = ((said[k].sum(), k.sum()) for k in (inside, ~inside))
        share, (la, ua), (lb, ub) = n / (n + m), wilson(a, n, z), wilson(b, m, z)
        d = a / n - b / m
        low, high = d - np.hypot(a / n - la, ub - b / m), d + np.hypot(ua - a / n, b / m - lb)
        lows.append((1 - share) * max(low, -high))
        highs.append((1 - share) * max(high, -low))
        half = z * np.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
        low, high = (share + (1 - share) * (b / m) / (a / n) * np.exp(s * half) for s in (-1, 1))
        low_ratios.append(min(low, 1 / high))
        high_ratios.append(min(high, 1 / low))
    close(found["demographic_parity_difference"]["low"], max(0, *lows))
    close(found["demographic_parity_difference"]["high"], max(highs))
    close(found["demographic_parity_ratio"]["low"], min(low_ratios))
    close(found["demographic_parity_ratio"]["high"], min(1, *high_ratios))
    for name in ("treatment_equality_difference", "treatment_equality_ratio", "equalized_odds_ratio"):
        row = found[name]
        assert row["status"] != "ok" or row["low"] <= row["value"] <= row["high"], row


def test_what_is_impossible():
    """Chouldechova's (2017) FPR = p / (1 - p) (1 - PPV) / PPV TPR of each group, at the precision and true positive rate of all."""
    for seed in range(CASES):
        y, p, group, weight = drawn(seed)
        said, w = (p > 0.5) * 1, np.ones(len(y)) if weight is None else weight
        row = measures(fairness.assess(y, said, group, sample_weight=weight, min_support=1, permutations=0))["impossible_fpr_difference"]
        whole, base = rates(y, said, w), by_group(y, said, group, w)["base_rate"]
        base = base[~np.isnan(base)]
        if len(base) < 2 or base.max() == 1 or not whole["ppv"] > 0:
            assert np.isnan(row["value"]) and row["status"] == "undefined"
            continue
        forced = base / (1 - base) * (1 - whole["ppv"]) / whole["ppv"] * whole["tpr"]
        close(row["value"], forced.max() - forced.min())
        assert row["low"] <= row["value"] <= row["high"]
    # A classifier that has these rates shows them: groups of 100 with base rates 0.5 and 0.2, PPV 0.8 and TPR 0.8.
    y = np.repeat([1, 1, 0, 0, 1, 1, 0, 0], [40, 10, 10, 40, 16, 4, 4, 76])
    said = np.repeat([1, 0, 1, 0, 1, 0, 1, 0], [40, 10, 10, 40, 16, 4, 4, 76])
    found = measures(fairness.assess(y, said, np.repeat(["a", "b"], 100), permutations=0))
    assert abs(found["predictive_parity_difference"]["value"]) < 1e-15 and abs(found["equal_opportunity_difference"]["value"]) < 1e-15
    close(found["predictive_equality_difference"]["value"], 0.2 - 0.05)
    close(found["impossible_fpr_difference"]["value"], 0.2 - 0.05)


@pytest.mark.parametrize("seed", range(8))
def test_sums_and_means_over_groups(seed):
    """Parity loss and means of areas grow with each rate and area: their limits are those of limits that hold together (Sidak)."""
    normal = pytest.importorskip("scipy.stats").norm
    y, p, group, _ = drawn(seed, n_groups=3)
    result = fairness.assess(y, p, group, min_support=1, permutations=0, privileged="1")
    found, table = measures(result), {c: np.array(v) for c, v in result.table("auc").items()}
    for name in ("subgroup_auc", "bpsn_auc", "bnsp_auc"):
        for column in ("low", "high"):
            close(found[f"{name}_mean"][column], np.mean(table[column][table["measure"] == name] ** -5.0) ** (-1 / 5))
    z = normal.ppf(0.5 + 0.95 ** (1 / 3) / 2)
    low, high = np.array([wilson(((p > 0.5) & (group == g)).sum(), (group == g).sum(), z) for g in range(3)]).T
    row = found["parity_loss_selection_rate"]
    close(row["low"], sum(max(0, np.log(low[g] / high[1]), np.log(low[1] / high[g])) for g in (0, 2)))
    close(row["high"], sum(max(np.log(high[g] / low[1]), np.log(high[1] / low[g])) for g in (0, 2)))


# Admitted and rejected men, then women, by department: Bickel, Hammel & O'Connell (1975), Science 187:398; R's UCBAdmissions.
ADMISSIONS = {
    "A": (512, 313, 89, 19), "B": (353, 207, 17, 8), "C": (120, 205, 202, 391), "D": (138, 279, 131, 244), "E": (53, 138, 94, 299),
    "F": (22, 351, 24, 317),
}


def admissions():
    rows = [
        (dept, sex, said) for dept, counts in ADMISSIONS.items() for (sex, said), n in
        zip((("male", 1), ("male", 0), ("female", 1), ("female", 0)), counts) for _ in range(n)
    ]
    dept, sex, said = zip(*rows)
    return {"sex": list(sex), "dept": list(dept)}, np.array(said)


@pytest.mark.parametrize("asked", ({"by": "sex"}, {"by": "sex", "control": "dept"}, {"by": "sex", "strata": ["dept"]}))
def test_simpsons_alarm(asked):
    """R's mantelhaen.test, and Woolf's test, of UCBAdmissions."""
    people, said = admissions()
    y = np.random.default_rng(0).integers(0, 2, len(said))
    result = fairness.assess(y, said, people, privileged="male", permutations=0, **asked)
    table = {c: np.array(v) for c, v in result.table("strata").items()}
    at = np.flatnonzero(table["rate"] == "selection_rate")
    assert len(at) == 1
    row = {c: table[c][at[0]] for c in table}
    assert (row["within"], row["group"], row["than"], row["strata"], row["alarm"]) == ("dept", "female", "male", 6, "turns around")
    np.testing.assert_allclose(row["difference"], 0.30354223 - 0.44518766, atol=1e-8)
    np.testing.assert_allclose(1 / row["odds_ratio"], 0.90469683, atol=1e-8)
    np.testing.assert_allclose([1 / row["high"], 1 / row["low"]], [0.77190736, 1.06032976], atol=1e-8)
    np.testing.assert_allclose([row["statistic"], row["p_value"]], [1.42695, 0.23226], atol=5e-6)
    np.testing.assert_allclose([row["homogeneity"], row["homogeneity_p"]], [17.901712, 0.0030721], atol=5e-7)
    np.testing.assert_allclose(row["pooled_odds_ratio"], (557 / 1278) / (1198 / 1493), rtol=1e-12)
    assert "turns around where rows of the same dept are compared" in result.verdict
    assert result.number("n_alarms") == (table["alarm"] != "").sum()
    alone = fairness.assess(y, said, people, by="sex", strata=[], permutations=0)
    assert alone.number("n_alarms") == 0
    with pytest.raises(KeyError, match="strata"):
        alone.table("strata")


def test_alarms_of_what_appears_and_vanishes():
    """Equal selection in all rows that is unequal within each site, and the reverse."""
    def people(counts):
        rows = [(site, g, said) for (site, g), (yes, no) in counts.items() for said, n in ((1, yes), (0, no)) for _ in range(n)]
        site, g, said = zip(*rows)
        return {"g": list(g), "site": list(site)}, np.array(said)

    for counts, alarm in (
        ({("x", "a"): (180, 20), ("x", "b"): (60, 40), ("y", "a"): (20, 80), ("y", "b"): (10, 190)}, ""),
        ({("x", "a"): (90, 10), ("x", "b"): (170, 130), ("y", "a"): (90, 210), ("y", "b"): (10, 90)}, "appears"),
        ({("x", "a"): (240, 60), ("x", "b"): (80, 20), ("y", "a"): (20, 80), ("y", "b"): (60, 240)}, "vanishes"),
    ):
        table, said = people(counts)
        found = fairness.assess(said, said, table, by="g", permutations=0).table("strata")
        assert [a for r, a in zip(found["rate"], found["alarm"]) if r == "selection_rate"] == [alarm]


@pytest.mark.parametrize("seed", range(8))
def test_intervals_of_areas(seed):
    """DeLong's standard error (weights as in a weighted mean) from every pair of rows; ties, weights of 0 and controls among them."""
    normal = pytest.importorskip("scipy.stats").norm
    rng = np.random.default_rng(60 + seed)
    n, k = 400, 12
    group, inside = rng.integers(0, k, n), rng.choice(["x", "y"], n)
    y = rng.integers(0, 2, n)
    p = np.round(1 / (1 + np.exp(-(y + rng.normal(0, 1, n)))), 1 + seed % 3)
    w = np.ones(n) if seed % 2 else rng.integers(0, 3, n) * 1.0
    result = fairness.assess(
        y, p, {"g": group, "c": list(inside)}, by="g", control="c", sample_weight=w, min_support=1, permutations=0
    )
    table = {c: np.array(v) for c, v in result.table("auc").items()}
    z = normal.ppf(0.5 + 0.95 ** (1 / k) / 2)
    for i in range(len(table["value"])):
        g, kept = int(table["group"][i]), (w > 0) & (inside == table["control"][i])
        own = {"subgroup_auc": (True, True), "bpsn_auc": (False, True), "bnsp_auc": (True, False)}[table["measure"][i]]
        a, b = (kept & (y == side) & ((group == g) == is_own) for side, is_own in zip((1, 0), own))
        assert (table["n_positive"][i], table["n_negative"][i]) == (a.sum(), b.sum())
        if not (a.any() and b.any()):
            assert np.isnan(table["value"][i]) and table["status"][i] == "undefined"
            continue
        wins = (p[a][:, None] > p[b]) + 0.5 * (p[a][:, None] == p[b])
        up, down = np.average(wins, axis=1, weights=w[b]), np.average(wins, axis=0, weights=w[a])
        auc = np.average(up, weights=w[a])
        close(table["value"][i], auc)
        if min(a.sum(), b.sum()) < 2:
            assert np.isnan(table["low"][i])
            continue
        variance = sum(
            ((v * (x - auc)) ** 2).sum() / v.sum() ** 2 * len(v) / (len(v) - 1) for v, x in ((w[a], up), (w[b], down))
        )
        np.testing.assert_allclose(table["low"][i], max(0, auc - z * np.sqrt(variance)), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(table["high"][i], min(1, auc + z * np.sqrt(variance)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_calibration(seed):
    y, p, group, weight = drawn(seed, n_groups=3)
    result = fairness.assess(y, p, group, sample_weight=weight, min_support=1, permutations=0, n_bins=5)
    w = np.ones(len(y)) if weight is None else weight
    worst = -1
    for k in range(5):
        inside = np.minimum((p * 5).astype(int), 4) == k
        observed = np.array([share(w, y == 1, inside & (group == g)) for g in range(3)])
        worst = np.nanmax([worst, between(observed, False)])
    close(measures(result)["calibration_difference"]["value"], worst)
    gaps = [abs(np.average(y[group == g], weights=w[group == g]) - np.average(p[group == g], weights=w[group == g])) for g in range(3)]
    close(measures(result)["calibration_gap"]["value"], max(gaps))


def consistency(X, said, w, k, include_self):
    """Zemel et al.'s, by all distances: of equally near rows the first."""
    rows = np.flatnonzero(w > 0)
    far = ((X[rows][:, None] - X[rows]) ** 2).sum(axis=2)
    if not include_self:
        np.fill_diagonal(far, np.inf)
    near = np.argsort(far, axis=1, kind="stable")[:, : min(k, len(rows) - 1 + include_self)]
    alike = 1 - np.abs(said[rows] - said[rows][near].mean(axis=1))
    return np.average(alike, weights=w[rows]), alike, w[rows]


@pytest.mark.parametrize("seed", range(12))
def test_consistency(seed):
    normal = pytest.importorskip("scipy.stats").norm
    rng = np.random.default_rng(90 + seed)
    n, p = int(rng.integers(20, 700)), int(rng.integers(1, 6))
    X = rng.normal(size=(n, p)) if seed % 3 else rng.integers(0, 3, (n, p)) * 1.0  # many rows are the same
    y, said = rng.integers(0, 3, n), rng.integers(0, 3, n)
    w = rng.integers(0, 3, n) * 1.0 if seed % 2 else np.ones(n)
    columns = {"g": list(rng.choice(["a", "b"], n)), **{f"x{j}": X[:, j] for j in range(p)}}
    for include in (True, False):
        result = fairness.assess(
            y, said, columns, by="g", features=[f"x{j}" for j in range(p)], n_neighbors=4, include_self=include, permutations=0,
            sample_weight=w if seed % 2 else None, min_support=1,
        )
        for c in range(3):
            value, alike, v = consistency(X, (said == c) * 1, w, 4, include)
            row = measures(result, positive=c)["consistency"]
            se = np.sqrt(((v * (alike - value)) ** 2).sum() * len(v) / (len(v) - 1)) / v.sum()
            close(row["value"], value)
            close(row["low"], max(0, value - normal.ppf(0.975) * se))
            close(row["high"], min(1, value + normal.ppf(0.975) * se))


def test_consistency_of_drawn_rows():
    """Drawn rows are asked, and all rows answer: the mean over seeds is that of all rows, and 95 % of the intervals hold it."""
    rng = np.random.default_rng(8)
    n = 1500
    X, said = rng.normal(size=(n, 2)), rng.integers(0, 2, n)
    said[X[:, 0] > 0.3] = 1
    columns = {"g": list(rng.choice(["a", "b"], n)), "x0": X[:, 0], "x1": X[:, 1]}
    whole = consistency(X, said, np.ones(n), 5, False)[0]
    rows = [
        measures(fairness.assess(
            said, said, columns, by="g", features=["x0", "x1"], consistency_rows=200, permutations=0, seed=seed
        ))["consistency"]
        for seed in range(200)
    ]
    values = np.array([row["value"] for row in rows])
    assert all(row["n_group"] == 200 for row in rows) and len(set(values)) > 50
    assert abs(values.mean() - whole) < 4 * values.std() / np.sqrt(len(values))
    inside = sum(row["low"] <= whole <= row["high"] for row in rows)
    assert 180 <= inside  # 190 are expected, or more: 200 of 1,500 rows vary less than 200 of all that there could be
    every = fairness.assess(said, said, columns, by="g", features=["x0", "x1"], consistency_rows=None, permutations=0)
    close(measures(every)["consistency"]["value"], whole)


LISTED = (
    *(f"{name}_{form}" for name in PARITIES for form in ("difference", "ratio")),
    *(f"equalized_odds_{mean}{form}" for mean in ("", "mean_") for form in ("difference", "ratio")),
    "statistical_parity_difference", "disparate_impact", "equal_opportunity_signed_difference", "average_odds_difference",
    "average_abs_odds_difference", "worst_group_accuracy", "worst_group_tpr", "worst_group_fpr", "worst_group_ppv", "differential_fairness",
    *(f"parity_loss_{rate}" for rate in ("selection_rate", "tpr", "fpr", "ppv", "accuracy")), "impossible_fpr_difference",
    "generalized_entropy", "theil_index", "coefficient_of_variation", "between_group_generalized_entropy", "calibration_difference",
    "calibration_gap", *(f"{area}_auc_{form}" for area in ("subgroup", "bpsn", "bnsp") for form in ("min", "mean")), "consistency",
)
# What stays defined where no row of a group is positive, and where none is of the other groups either.
NEEDS_POSITIVES = ("equal_opportunity", "equalized_odds", "average_", "worst_group_tpr", "parity_loss_tpr", "subgroup_auc", "bnsp_auc")


@pytest.mark.parametrize("weighted", (False, True))
@pytest.mark.parametrize("method", ("between_groups", "to_overall"))
def test_every_measure_has_an_interval_and_a_status(weighted, method):
    rng = np.random.default_rng(17)
    n = 3000
    group, y = rng.integers(0, 4, n), rng.integers(0, 2, n)
    p = 1 / (1 + np.exp(-(1.2 * (2 * y - 1) + rng.normal(0, 1.5, n) + 0.2 * group)))
    w = rng.uniform(0.5, 1.5, n) if weighted else None
    columns = {"g": [f"g{g}" for g in group], "x": p + rng.normal(0, 0.1, n)}
    asked = {"by": "g", "features": ["x"], "privileged": "g0", "sample_weight": w, "method": method, "permutations": 19}
    found = measures(fairness.assess(y, p, columns, **asked))
    assert set(found) == set(LISTED)
    for name, row in found.items():
        assert row["status"] == "ok" and row["low"] <= row["value"] <= row["high"], row
        assert row["low"] < row["high"], row
    # Judged where the parameters say what passes: the 80 % rule of every ratio, and of disparate impact both ways.
    for name, row in found.items():
        assert (row["passes"] is not None) == (name == "disparate_impact" or name.endswith("_ratio") and "base_rate" not in name), name
    # One group alone has positives: what compares positives is undefined, and NaN; the rest is not touched.
    y[group > 0] = 0
    found = measures(fairness.assess(y, p, columns, **asked))
    for name, row in found.items():
        if name.startswith(NEEDS_POSITIVES) and name not in ("worst_group_tpr", "subgroup_auc_min", "subgroup_auc_mean", "bnsp_auc_min",
                                                              "bnsp_auc_mean"):
            assert row["status"] == "undefined" and np.isnan(row["value"]) and np.isnan(row["low"]) and row["passes"] is None, row
        elif name in ("demographic_parity_difference", "accuracy_parity_ratio", "predictive_equality_difference", "worst_group_fpr"):
            assert row["status"] == "ok" and np.isfinite(row["value"]), row
