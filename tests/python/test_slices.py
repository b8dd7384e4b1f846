"""Slices that are found: what the module takes and hands out; NumPy and pandas are the witnesses of every number."""

import numpy as np
import pandas as pd
import pytest

from mlsd import fairness, slices


def _frame(n=3000, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "city": rng.choice(["a", "b", "c"], n),
        "age": rng.integers(18, 90, n).astype(float),
        "level": rng.integers(0, 4, n),
    })
    frame.loc[rng.random(n) < 0.05, "age"] = np.nan
    frame.loc[rng.random(n) < 0.05, "city"] = None
    bad = (frame["city"] == "b") & (frame["age"] > 60)
    wrong = rng.random(n) < np.where(bad, 0.6, 0.1)
    y = rng.integers(0, 2, n)
    return frame, y, np.where(wrong, 1 - y, y)


def test_every_number_is_that_of_the_rows_of_its_mask():
    frame, y, p = _frame()
    error = y != p
    found = slices.search(frame, y, p, k=20, min_support=30, max_level=2)
    assert len(found) > 0
    for s in found:
        inside = s.mask(frame)
        assert inside.sum() == s.n + s.search_n
        mean = (s.n * s.value + s.search_n * s.search_value) / inside.sum()
        assert mean == pytest.approx(error[inside].mean(), rel=1e-12)
        outside = (error.sum() - error[inside].sum()) / (~inside).sum()
        assert min(s.outside, s.search_value - s.search_difference) <= outside + 1e-12
        assert max(s.outside, s.search_value - s.search_difference) >= outside - 1e-12


def test_what_was_planted_is_the_first_finding():
    frame, y, p = _frame()
    found = slices.search(frame, y, p, n_bins=12, binning="equal_width", min_support=20)
    first = found.findings[0]
    assert "city = b" in first.slice and "age" in first.slice
    assert first.difference_low > 0.2 and first.q_value < 1e-6 and first.status == "ok"
    assert str(found) == found.verdict and found.verdict.startswith("worse by more than chance: where ")
    assert found.number("n") == len(y)
    assert found.text("worst") == first.slice


def test_the_tree_is_a_partition_by_its_masks():
    frame, y, p = _frame()
    found = slices.tree(frame, y, p, max_leaves=5)
    masks = np.array([s.mask(frame) for s in found])
    assert len(found) == 5 and (masks.sum(axis=0) == 1).all()
    for s, inside in zip(found, masks):
        assert inside.sum() == s.n + s.search_n
    nodes = found.table("nodes")
    assert nodes["is_leaf"].sum() == 5 and nodes["parent"][0] == -1


def test_divergence_of_a_rate_leaves_its_rows_out():
    frame, y, p = _frame()
    found = slices.divergence(frame, y, p, outcome="fnr", confirm=0.0)
    overall = (p[y == 1] == 0).mean()
    for s in found:
        inside = s.mask(frame) & (y == 1)
        assert s.search_n == inside.sum()
        assert s.search_value == pytest.approx((p[inside] == 0).mean(), rel=1e-12)
        assert s.score == pytest.approx(s.search_value - overall, rel=1e-9)
        assert s.status == "not confirmed" and not s.finding and np.isnan(s.q_value)
    events = np.where(y == 1, (p == 0).astype(float), np.nan)
    again = slices.divergence(frame, events=events, confirm=0.0)
    assert list(again.slices["slice"]) == list(found.slices["slice"])
    shares = pd.DataFrame(dict(found.table("contributions"))).groupby("slice")["contribution"].sum()
    for s in found:
        assert shares[s.slice] == pytest.approx(s.score, rel=1e-9)


def test_losses_given_labels_as_texts_and_weights():
    frame, y, p = _frame(800)
    by_labels = slices.search(frame, np.where(y, "yes", "no"), np.where(p, "yes", "no"), min_support=20)
    by_codes = slices.search(frame, y, p, min_support=20)
    by_errors = slices.search(frame, errors=(y != p).astype(float), min_support=20)
    assert list(by_labels.slices["slice"]) == list(by_codes.slices["slice"]) == list(by_errors.slices["slice"])
    assert list(by_labels.slices["q_value"]) == list(by_errors.slices["q_value"])
    # Twice the weight is nothing new; a weight of 0 is as good as no row.
    weight = np.where(np.arange(len(y)) < 400, 2.0, 0.0)
    half = slices.search(frame[:400], errors=(y != p)[:400].astype(float), min_support=20)
    weighted = slices.search(frame, errors=(y != p).astype(float), sample_weight=weight, min_support=20, by=list(frame))
    assert weighted.number("value") == pytest.approx(half.number("value"), rel=1e-12)
    assert weighted.number("n") == 400


def test_two_models_by_group_are_what_pandas_counts():
    frame, y, p = _frame()
    rng = np.random.default_rng(1)
    again = np.where(rng.random(len(y)) < np.where(frame["city"] == "c", 0.5, 0.05), 1 - y, y)
    found = slices.compare(frame, y, p, again, name_a="old", name_b="new", by=["city", "level"])
    wrong_a, wrong_b = y != p, y != again
    for s in found:
        inside = s.mask(frame)
        assert inside.sum() == s.n and s.a == pytest.approx(wrong_a[inside].mean())
        assert s.difference == pytest.approx(wrong_b[inside].mean() - wrong_a[inside].mean(), abs=1e-14)
        assert s.negative_flips == (wrong_b & ~wrong_a & inside).sum()
        assert s.positive_flips == (wrong_a & ~wrong_b & inside).sum()
        assert s.difference_low < s.difference < s.difference_high
    assert found.text("worst") == "city = c" and "worse where city = c (n = " in str(found)
    assert {s.slice for s in found.better} >= {"city = b"}
    assert all(s.status == "ok" and s.q_value <= 0.05 for s in found.findings)
    as_texts = slices.compare(frame, *(np.where(x, "yes", "no") for x in (y, p, again)), by=["city", "level"])
    assert list(as_texts.slices["q_value"]) == list(found.slices["q_value"])


def test_two_models_of_numbers_are_a_paired_t_test():
    from scipy.stats import ttest_rel, binomtest

    frame, y, p = _frame(600)
    rng = np.random.default_rng(2)
    value = rng.normal(size=600)
    a, b = value + rng.normal(size=600), value + rng.normal(size=600) * (1 + (frame["city"] == "a"))
    for s in slices.compare(frame, value, a, b, loss="absolute", by=["city"], max_level=1):
        inside = s.mask(frame)
        test = ttest_rel(np.abs(b - value)[inside], np.abs(a - value)[inside])
        assert (s.p_value == pytest.approx(test.pvalue, rel=1e-9)) if s.status == "ok" else np.isnan(s.p_value)
    errors = slices.compare(frame, None, np.abs(a - value), np.abs(b - value), by=["city"], max_level=1)
    assert errors.number("p_value") == pytest.approx(ttest_rel(np.abs(b - value), np.abs(a - value)).pvalue, rel=1e-9)
    exact = slices.compare(frame, y, p, 1 - p, by=["city"], test="exact")
    for s in exact:
        if s.status == "ok":
            assert s.p_value == pytest.approx(binomtest(int(s.negative_flips), int(s.n)).pvalue, rel=1e-9)
    with pytest.raises(ValueError, match="prediction_a has the shape"):
        slices.compare(frame, y, p, p[:5])


def test_predicates_by_hand():
    columns = {"x": np.array([1.0, 2.0, np.nan, 4.0]), "c": np.array(["u", None, "v", "w"], dtype=object)}
    assert slices.mask([{"column": "x", "above": 1, "at_most": 2}], columns).tolist() == [False, True, False, False]
    assert slices.mask([{"column": "x", "at_least": 2, "or_missing": True}], columns).tolist() == [False, True, True, True]
    assert slices.mask([{"column": "c", "in": ["u", "w"]}], columns).tolist() == [True, False, False, True]
    assert slices.mask([{"column": "c", "missing": True}], columns).tolist() == [False, True, False, False]
    assert slices.mask('[{"column": "c", "equals": "v"}]', columns).tolist() == [False, False, True, False]
    assert slices.mask([], columns).all()


def test_bad_input_is_named():
    frame, y, p = _frame(100)
    with pytest.raises(ValueError, match="errors take the place"):
        slices.search(frame, y, errors=y)
    with pytest.raises(ValueError, match="events take the place"):
        slices.divergence(frame, y, events=y)
    with pytest.raises(ValueError, match="no parameter 'min_suport'; did you mean 'min_support'"):
        slices.search(frame, y, p, min_suport=3)
    with pytest.raises(ValueError, match="the table of groups has 100 rows, y has 99"):
        slices.search(frame, y[:99], p[:99])


def test_metrics_by_group():
    """Berkeley's admissions (R's UCBAdmissions): the difference turns around within departments (mantelhaen.test)."""
    counts = [(512, 313, 89, 19), (353, 207, 17, 8), (120, 205, 202, 391), (138, 279, 131, 244), (53, 138, 94, 299), (22, 351, 24, 317)]
    sex, dept, admit = [], [], []
    for name, row in zip("ABCDEF", counts):
        for k, n in enumerate(row):
            sex += ["male" if k < 2 else "female"] * n
            dept += [name] * n
            admit += ["yes" if k % 2 == 0 else "no"] * n
    found = slices.metrics({"sex": sex, "dept": dept}, admit, admit, "selection_rate", by=["sex", "dept"])
    rows = dict(zip(found.slices["slice"], found.slices["value"]))
    assert abs(rows["sex = male"] - 0.44518766) < 5e-9 and abs(rows["sex = female"] - 0.30354223) < 5e-9
    alarms = dict(zip(zip(found.strata["level"], found.strata["within"]), found.strata["alarm"]))
    assert alarms["female", "dept"] == alarms["male", "dept"] == "turns around"
    assert "its sign flips" in str(found) and len(found.findings) == 8
    within = slices.metrics({"sex": sex, "dept": dept}, admit, admit, "selection_rate", by="sex", control="dept")
    different = {row["control"] for row in within.findings}
    assert different == {"dept = A"}  # chisq.test of each department
    overall = slices.metrics({"sex": sex}, admit, admit, reference="overall")
    assert set(overall.slices["metric"]) == {"accuracy", "recall", "fpr", "selection_rate"}


def test_labels_of_one_sort_and_none_missing():
    frame, y, p = _frame(100)
    texts = np.where(y, "yes", "no").astype(object)
    with pytest.raises(ValueError, match="y holds texts and prediction does not; give labels in both"):
        slices.search(frame, texts, p)  # not "all are wrong"
    with pytest.raises(ValueError, match="prediction holds texts and y does not"):
        slices.divergence(frame, y, texts)
    texts[7] = None
    with pytest.raises(ValueError, match=r"y\[7\] is missing"):
        slices.search(frame, texts, np.where(p, "yes", "no"))


def test_groups_are_columns_arrays_or_lists():
    rng = np.random.default_rng(5)
    group = rng.choice(["a", "b"], 400)
    errors = (rng.random(400) < np.where(group == "a", 0.6, 0.1)).astype(float)
    shapes = {
        "group": [group, list(group), pd.Series(group)], "city": [{"city": group}, pd.Series(group, name="city")],
        "group1": [np.column_stack([rng.choice(["u", "v"], 400), group])],
    }
    for name, given in shapes.items():
        for groups in given:
            assert slices.search(groups, errors=errors, max_level=1).text("worst") == f"{name} = a"
            table = fairness.assess(errors, errors, groups, by=name, permutations=0).table("groups")
            assert len(table["group"]) > 0
    for module in (lambda: slices.search(None, errors=errors), lambda: fairness.assess(errors, errors, None)):
        with pytest.raises(ValueError, match="groups must be a frame, a dict of columns, or an array .* got NoneType"):
            module()


def test_masks_of_times():
    days = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=200)})
    days.loc[:9, "day"] = pd.NaT
    found = slices.search(days, errors=(np.arange(200) >= 150).astype(float), min_support=5, confirm=0)
    assert len(found) > 0
    for s in found:
        assert s.mask(days).sum() == s.search_n


def test_fairness_of_texts_says_what_to_give():
    with pytest.raises(ValueError, match=r"y holds texts such as 'no'; give class numbers, 1 for the favourable class"):
        fairness.assess(["no", "yes"], [0, 1], ["a", "b"])


# ---- q-values and what is called a finding: statsmodels, SciPy and simulation ----


def _adjusted(p, method):
    from statsmodels.stats.multitest import multipletests

    known = ~np.isnan(p)
    q = np.full(len(p), np.nan)
    q[known] = multipletests(p[known], method=method)[1]
    return q


def _planted(n=2400, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"city": rng.choice(list("abcde"), n), "level": rng.integers(0, 4, n), "size": rng.choice(list("uvw"), n)})
    y = rng.integers(0, 2, n)
    return frame, y, np.where(rng.random(n) < 0.1 + 0.15 * (frame["city"] == "b") + 0.1 * (frame["level"] == 2), 1 - y, y)


@pytest.mark.parametrize("correction, method", [("holm", "holm"), ("benjamini_hochberg", "fdr_bh"), ("bonferroni", "bonferroni")])
def test_corrected_p_of_metrics_are_statsmodels(correction, method):
    frame, y, p = _planted()
    found = slices.metrics(frame, y, p, ["accuracy", "recall", "fpr"], intersections=2, correction=correction, min_support=60)
    rows = found.slices
    judged = (rows["status"] == "ok") & ~np.isnan(rows["p_value"])
    assert 50 < judged.sum() < len(judged)  # and some have too few rows, which do not count
    p_value = np.where(judged, rows["p_value"], np.nan)
    assert np.allclose(rows["p_adjusted"], _adjusted(p_value, method), rtol=1e-9, equal_nan=True)
    assert ((rows["finding"] == 1) == (judged & (rows["p_adjusted"] <= 0.05))).all() and rows["finding"].sum() > 2


@pytest.mark.parametrize("look, is_one_sided", [
    (lambda f, y, p: slices.divergence(f, y, p, k=10000, epsilon=0.0, max_level=2), False),
    (lambda f, y, p: slices.tree(f, y, p, max_leaves=12), True),
    (lambda f, y, p: slices.compare(f, y, p, np.where(f["city"] == "c", 1 - p, p)), False),
])
def test_q_values_are_statsmodels(look, is_one_sided):
    """Of leaves, where worse ones are looked for, those that are better count with p = 1."""
    found = look(*_planted())
    rows = found.slices
    p_value = np.where(rows["status"] == "ok", rows["p_value"], np.nan)
    assert (~np.isnan(p_value)).sum() == found.number("n_tested") > 5  # all that was looked at is there
    if is_one_sided:
        p_value = np.where(rows["difference"] > 0, p_value, 1.0)
    assert np.allclose(rows["q_value"], _adjusted(p_value, "fdr_bh"), rtol=1e-9, equal_nan=True)


def _search_half(n):
    """Which rows a search looks at: of a column of row numbers the patterns of one row are those of that half."""
    rows = np.arange(n)
    found = slices.divergence({"row": rows}, events=rows % 2, k=10000, epsilon=0.0, min_support=1, max_values=n, max_level=1)
    half = np.zeros(n, dtype=bool)
    for s in found:
        half |= s.mask({"row": rows})
    assert half.sum() == found.number("n_search") == len(found)
    return half


def test_q_values_of_a_search_count_all_that_was_looked_at():
    """All slices of two levels by brute force: Fisher's exact test (the smaller tail twice) in the other half, then BH."""
    from itertools import combinations, product

    from scipy.stats import fisher_exact

    frame, y, p = _planted()
    wrong, half = y != p, _search_half(len(y))
    found = slices.search(frame, y, p, k=10000, alpha=1.0, max_level=2, min_support=30, confirm_support=30)
    tested = {}
    for size in (1, 2):
        for names in combinations(frame, size):
            for levels in product(*(sorted(frame[c].unique()) for c in names)):
                inside = np.all([frame[c] == v for c, v in zip(names, levels)], axis=0)
                if (inside & half).sum() < 30 or (inside & ~half).sum() < 30:
                    continue
                a, b = wrong[inside & ~half], wrong[~inside & ~half]
                table = [[a.sum(), (~a).sum()], [b.sum(), (~b).sum()]]
                tails = [fisher_exact(table, alternative=side)[1] for side in ("greater", "less")]
                worse = a.mean() > b.mean()
                tested[" and ".join(f"{c} = {v}" for c, v in zip(names, levels))] = min(1, 2 * min(tails)) if worse else 1.0
    assert len(tested) == found.number("n_tested")
    q_value = dict(zip(tested, _adjusted(np.array(list(tested.values())), "fdr_bh")))
    assert len(found) > 10 and len(found.findings) > 1
    for s in found:
        assert s.q_value == pytest.approx(q_value[s.slice], rel=1e-7)
        assert s.finding == (q_value[s.slice] <= 0.05 and s.difference > 0)


@pytest.mark.parametrize("look", [
    lambda f, y, p, e: slices.search(f, y, p, min_support=20, max_level=3),
    lambda f, y, p, e: slices.search(f, errors=e, min_support=20, max_level=2),
    lambda f, y, p, e: slices.divergence(f, y, p, outcome="fnr", min_support=20),
    lambda f, y, p, e: slices.compare(f, y, p, np.where(e > 1.9, 1 - y, y)),  # 15 % wrong, others
    lambda f, y, p, e: slices.metrics(f, y, p, ["accuracy", "recall"], permutations=0, strata=False),
])
def test_where_nothing_differs_few_runs_find_anything(look):
    """At most one run in twenty: more than 23 of 200 has the chance 0.0001 (scipy.stats.binom.sf(23, 200, .05))."""
    n_with = 0
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        frame = pd.DataFrame({name: rng.integers(0, 4, 500) for name in "abcde"})
        y = rng.integers(0, 2, 500)
        p = np.where(rng.random(500) < 0.15, 1 - y, y)
        n_with += len(look(frame, y, p, rng.exponential(size=500)).findings) > 0
    assert n_with <= 23


def test_small_groups_of_scores_are_no_findings_by_chance():
    """Rows are calibrated and ordered alike everywhere. With an area judged by all rows, and a calibration error by its distance,
    a quarter of these runs would find something in the small groups; more than 23 of 200 has the chance 0.0001."""
    n_with = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        group = np.where(np.arange(1000) < 30, "thirty", np.where(np.arange(1000) < 130, "hundred", rng.choice(["a", "b"], 1000)))
        score = rng.beta(0.3, 3, 1000)
        y = (rng.random(1000) < score).astype(int)
        found = slices.metrics({"g": group}, y, score, ["roc_auc", "calibration_error", "average_precision"], strata=False)
        n_with += len(found.findings) > 0
        assert np.isnan(found.slices["p_value"][found.slices["metric"] == "calibration_error"]).all()
        assert np.isnan(found.table("extremes")["p_value"][np.asarray(found.table("extremes")["metric"]) == "calibration_error"]).all()
    assert n_with <= 23
    assert "calibration_error is larger by chance alone where rows are fewer" in str(found)


def test_low_support_is_never_a_finding():
    """A rare value that is always wrong, however far from the others: in every analysis, for every metric."""
    rng = np.random.default_rng(8)
    n = 4000
    group = np.where(np.arange(n) < 18, "rare", rng.choice(["a", "b", "c"], n))
    y = rng.integers(0, 2, n)
    p = np.where((group == "rare") | (rng.random(n) < 0.1), 1 - y, y)
    score = np.where(p == 1, 0.6, 0.4) + rng.random(n) * 0.2
    frame = {"g": group}
    results = [slices.metrics(frame, y, p, m) for m in ("accuracy", "recall", "fpr", "f1", "precision", "selection_rate")]
    results += [slices.metrics(frame, y, score, m) for m in ("roc_auc", "brier", "log_loss", "average_precision")]
    results += [slices.metrics(frame, score, p.astype(float), m) for m in ("mae", "rmse", "r2")]
    for found in results:
        rows = {name: values[0] for name, values in zip(found.slices["slice"], zip(found.slices["status"], found.slices["finding"]))}
        assert rows["g = rare"] in ("low support", "undefined")
        finding = dict(zip(found.slices["slice"], found.slices["finding"]))
        assert finding["g = rare"] == 0 and "where g = rare, by more than chance" not in str(found)
        assert "g = rare" not in set(found.table("extremes")["lowest"]) | set(found.table("extremes")["highest"])
    options = {"confirm_support": 30, "min_support": 3}
    for found in (slices.search(frame, y, p, alpha=1.0, **options), slices.divergence(frame, y, p, epsilon=0.0, k=100, **options)):
        rare = [s for s in found if s.slice == "g = rare"]
        assert len(rare) == 1 and rare[0].status == "low support" and not rare[0].finding and np.isnan(rare[0].q_value)
    compared = slices.compare(frame, y, np.where(group == "rare", y, p), p)
    rare = [s for s in compared if s.slice == "g = rare"]
    assert rare[0].status == "low support" and not rare[0].finding and "g = rare" not in {s.slice for s in compared.worse}


def test_metrics__probabilities_that_mean_less_in_one_group_are_found_unasked():
    """By construction: in one region probabilities are drawn towards 1/2, which turns no decision around."""
    rng = np.random.default_rng(1)
    n = 4000
    region, age = rng.choice(["north", "south", "west"], n, p=[0.5, 0.4, 0.1]), rng.integers(18, 80, n)
    z = 2 * rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    p = 1 / (1 + np.exp(-z * np.where(region == "west", 0.1, 1)))
    found = slices.metrics({"region": region, "age": age}, y, p)
    assert {(row["slice"], row["metric"]) for row in found.findings if "age" not in row["slice"] and row["difference"] > 0} == {
        ("region = west", "brier")
    }
    inside = region == "west"
    value = next(row["value"] for row in found.findings if row["slice"] == "region = west" and row["metric"] == "brier")
    assert value == pytest.approx(np.mean((p - y)[inside] ** 2))
    lines = str(found).splitlines()  # a line for each thing to know
    assert any(line.startswith("brier is worse where region = west, by more than chance: ") for line in lines)
    assert [line.partition(" ")[0] for line in lines] == ["accuracy:", "recall:", "fpr:", "selection_rate:", "brier"]
    names = set(found.slices["slice"])
    assert {"region = north", "age <= 34"} <= names and any(name.startswith("age in (34, ") for name in names), names
