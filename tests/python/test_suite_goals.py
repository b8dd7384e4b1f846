"""Goals of a suite: every metric is compared with the runs that were kept, or says why it cannot be.

Witnesses: scipy.stats.permutation_test with scikit-learn's metrics, McNemar's mid-p by scipy's binomial distribution,
scikit-learn's metrics with sample_weight, and what a slip of many small steps must lead to."""
import json

import numpy as np
import pandas
import pytest
from scipy import stats
from sklearn import metrics

import mlsd
from mlsd._library import lib
from mlsd.testing import Suite

N = 200
CLASSES = {"number": None, "two": ["no", "yes"], "three": ["a", "b", "c"]}


@pytest.fixture
def goal(tmp_path):
    """goal(metric, label) is the suite of that one goal, read anew; goal.frame its cases."""
    draw = np.random.default_rng(1)
    x = draw.normal(size=N)
    frame = pandas.DataFrame({"id": np.arange(N), "x": x, "weight": draw.integers(0, 4, N)})
    frame["number"] = x + draw.normal(size=N)
    frame["two"] = np.where(x + draw.normal(size=N) > 0, "yes", "no")
    frame["three"] = np.array(["a", "b", "c"])[np.digitize(x + draw.normal(0, 0.7, N), [-0.5, 0.5])]
    frame.to_csv(tmp_path / "cases.csv", index=False)

    def make(metric, label, **more):
        one = {"role": "goal", "name": "g", "metric": metric, "label": label, "id": "id", **more}
        (tmp_path / "t.suite.json").write_text(json.dumps({"cases": "cases.csv", "sets": [one]}))
        return Suite(tmp_path / "t.suite.json")

    def forget():
        for path in tmp_path.glob("t.suite.*.csv"):
            path.unlink()

    make.frame, make.forget, make.last = frame, forget, tmp_path / "t.suite.last.csv"
    make.path = tmp_path / "t.suite.json"
    return make


def answers(frame, label, noise, seed=0):
    """What a model predicts that sees x through noise: numbers, or a probability for each class. noise None: it takes
    x for its opposite."""
    x = frame["x"].to_numpy()
    z = -x if noise is None else x + np.random.default_rng(seed).normal(0, noise, N)
    if label == "number":
        return z
    scores = np.column_stack([-2 * z, 0 * z] if label == "two" else [-2 * z - 0.6, 0 * z, 2 * z - 0.6])
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def run(suite, label, found):
    return suite.run(lambda table: found, classes=CLASSES[label])


def first(result):
    return {name: values[0] for name, values in result.tests.items()}


METRICS = [kind["kind"] for kind in mlsd.kinds("metric")] + [
    "f1", "f1_macro", "f1_micro", "precision_weighted", "recall_macro", "jaccard_macro", "roc_auc_ovr", "roc_auc_ovo", "roc_auc_micro", "sensitivity",
    "mean_squared_error"]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("label", CLASSES)
def test_every_metric(goal, label, weighted):
    """All in one suite: a model, the same again, and one that takes everything for its opposite."""
    more = {"weight": "weight"} if weighted else {}
    sets = [{"role": "goal", "name": metric, "metric": metric, "label": label, "id": "id", **more} for metric in METRICS]
    goal.path.write_text(json.dumps({"cases": "cases.csv", "sets": sets}))
    good = answers(goal.frame, label, 0)
    was = run(Suite(goal.path), label, good)
    Suite(goal.path).keep(was, "good")
    runs = (was, run(Suite(goal.path), label, good), run(Suite(goal.path), label, answers(goal.frame, label, None)))
    judged, n_failed = set(), 0
    for k, metric in enumerate(METRICS):
        one, same, worse = ({name: values[k] for name, values in r.tests.items()} for r in runs)
        if one["status"] == "error":
            detail = one["detail"]
            assert "t.suite.json:1: " in detail and "\n" not in detail and len(detail.split("t.suite.json:1: ")[1]) > 20, (metric, detail)
            assert same["status"] == worse["status"] == "error"
            continue
        judged.add(metric)
        assert one["status"] == "passed" and "nothing was kept" in one["detail"], (metric, one)
        assert same["status"] == "passed" and same["p_value"] == 1, (metric, same)
        sign = lib.mlsd_metric_direction(metric.encode())
        is_worse = sign * (worse["value"] - worse["last"]) < -1e-12  # some, as prevalence, do not ask who is right
        assert 0 < worse["p_value"] <= 1 and (worse["p_value"] <= 0.5 if is_worse else worse["p_value"] > 0.3), (metric, worse)
        assert worse["status"] == ("failed" if worse["p_value"] < 0.05 else "passed"), (metric, worse)
        n_failed += worse["status"] == "failed"
    numbers = {"r2", "rmse", "mae", "median_absolute_error", "explained_variance", "d2_pinball"}
    classes = {"accuracy", "log_loss", "brier", "roc_auc", "balanced_accuracy", "matthews_corrcoef", "f1_macro", "average_precision"}
    assert judged >= (numbers if label == "number" else classes)
    assert len(judged) > {"number": 15, "two": 35, "three": 20}[label] and n_failed > 0.8 * len(judged)


def kept_and_now(goal, metric, label, then, now, **more):
    suite = goal(metric, label, **more)
    suite.keep(run(suite, label, then), "then")
    return first(run(goal(metric, label, **more), label, now))


@pytest.mark.parametrize("metric, label, score", [
    ("r2", "number", metrics.r2_score),
    ("median_absolute_error", "number", lambda y, p: -metrics.median_absolute_error(y, p)),
    ("f1", "two", lambda y, p: metrics.f1_score(y, np.where(p > 0.5, "yes", "no"), pos_label="yes")),
    ("matthews_corrcoef", "two", lambda y, p: metrics.matthews_corrcoef(y, np.where(p > 0.5, "yes", "no"))),
    ("average_precision", "two", lambda y, p: metrics.average_precision_score(y == "yes", p)),
    ("mae", "number", lambda y, p: -metrics.mean_absolute_error(y, p)),
    ("brier", "two", lambda y, p: -metrics.brier_score_loss(y == "yes", p)),
])
def test_exchanged_answers_are_scipys(goal, metric, label, score):
    y = goal.frame[label].to_numpy()
    then, now = answers(goal.frame, label, 0.1, 1), answers(goal.frame, label, 0.6, 2)
    found = kept_and_now(goal, metric, label, then, now)
    a, b = (x if label == "number" else x[:, 1] for x in (then, now))
    witness = stats.permutation_test((a, b), lambda a, b: score(y, a) - score(y, b), permutation_type="samples",
                                     alternative="greater", n_resamples=199, random_state=5)
    # Of both draws: 199 here; there until 100 are as bad, or 999.
    spread = np.sqrt(max(witness.pvalue, 0.005) * (1 / 199 + 1 / 999) + witness.pvalue**2 / 100)
    assert abs(found["p_value"] - witness.pvalue) < 4 * spread + 0.001, (found, witness.pvalue)


def test_right_and_wrong_are_mcnemars(goal):
    y = goal.frame["two"].to_numpy()
    then, now = answers(goal.frame, "two", 0.1, 1), answers(goal.frame, "two", 0.8, 2)
    found = kept_and_now(goal, "accuracy", "two", then, now)
    was, is_ = ((np.where(p[:, 1] > 0.5, "yes", "no") == y) for p in (then, now))
    lost, won = int((was & ~is_).sum()), int((~was & is_).sum())
    mid_p = stats.binom.cdf(won, lost + won, 0.5) - 0.5 * stats.binom.pmf(won, lost + won, 0.5)
    assert found["p_value"] == pytest.approx(mid_p, rel=1e-12)


@pytest.mark.parametrize("metric, score", [
    ("accuracy", lambda y, p, w: metrics.accuracy_score(y, np.where(p > 0.5, "yes", "no"), sample_weight=w)),
    ("f1", lambda y, p, w: metrics.f1_score(y, np.where(p > 0.5, "yes", "no"), pos_label="yes", sample_weight=w)),
    ("roc_auc", lambda y, p, w: metrics.roc_auc_score(y == "yes", p, sample_weight=w)),
    ("log_loss", lambda y, p, w: metrics.log_loss(y == "yes", p, sample_weight=w)),
])
def test_weights(goal, metric, score):
    y, w = goal.frame["two"].to_numpy(), goal.frame["weight"].to_numpy()
    sign = -1 if metric == "log_loss" else 1
    then, now = answers(goal.frame, "two", 0.1, 1), answers(goal.frame, "two", 0.6, 2)
    found = kept_and_now(goal, metric, "two", then, now, weight="weight")
    assert found["value"] == pytest.approx(score(y, now[:, 1], w), rel=1e-12)
    assert found["last"] == pytest.approx(score(y, then[:, 1], w), rel=1e-12)
    witness = stats.permutation_test(
        (then[:, 1], now[:, 1]), lambda a, b: sign * (score(y, a, w) - score(y, b, w)), permutation_type="samples",
        alternative="greater", n_resamples=199, random_state=5)
    assert abs(found["p_value"] - witness.pvalue) < 4 * np.sqrt(max(witness.pvalue, 0.005) * (1 / 199 + 1 / 999) + witness.pvalue**2 / 100) + 0.001
    assert f"{(w > 0).sum()} common cases" in found["detail"]  # a case that weighs 0 is not there


@pytest.mark.parametrize("metric, label, name, score", [
    ({"kind": "f_score", "beta": 2}, "two", 'f_score {"beta": 2}',
     lambda y, p: metrics.fbeta_score(y, np.where(p[:, 1] > 0.5, "yes", "no"), beta=2, pos_label="yes")),
    ({"kind": "recall", "pos_label": 0}, "two", 'recall {"pos_label": 0}',
     lambda y, p: metrics.recall_score(y, np.where(p[:, 1] > 0.5, "yes", "no"), pos_label="no")),
    ({"kind": "recall", "average": "macro"}, "three", "recall_macro",
     lambda y, p: metrics.recall_score(y, np.array(["a", "b", "c"])[p.argmax(axis=1)], average="macro")),
    ({"kind": "pinball", "alpha": 0.9}, "number", 'pinball {"alpha": 0.9}', lambda y, p: metrics.mean_pinball_loss(y, p, alpha=0.9)),
    ({"kind": "roc_auc", "max_fpr": 0.2}, "two", 'roc_auc {"max_fpr": 0.2}', lambda y, p: metrics.roc_auc_score(y == "yes", p[:, 1], max_fpr=0.2)),
    ({"kind": "roc_auc", "max_fpr": None}, "two", "roc_auc", lambda y, p: metrics.roc_auc_score(y == "yes", p[:, 1])),
])
def test_metrics_with_parameters(goal, metric, label, name, score):
    y = goal.frame[label].to_numpy()
    then, now = answers(goal.frame, label, 0, 1), answers(goal.frame, label, None)
    found = kept_and_now(goal, metric, label, then, now)
    assert found["value"] == pytest.approx(score(y, now), rel=1e-12) and found["last"] == pytest.approx(score(y, then), rel=1e-12)
    assert found["status"] == "failed" and found["detail"].startswith(name + " "), found
    one = {"role": "uniformity", "name": "g", "metric": metric, "label": label, "by": "weight", "margin": 0.5}
    goal.path.write_text(json.dumps({"cases": "cases.csv", "sets": [one]}))
    groups = run(Suite(goal.path), label, then).table("groups")
    for level, value in zip(groups["level"], groups["value"]):
        rows = goal.frame["weight"] == int(level)
        assert value == pytest.approx(score(y[rows], then[rows]), rel=1e-12)


def test_classes_in_another_order_and_other_classes(goal):
    then, now = answers(goal.frame, "two", 0.1, 1), answers(goal.frame, "two", 0.3, 2)
    suite = goal("roc_auc", "two")
    suite.keep(run(suite, "two", then), "then")
    suite = goal("roc_auc", "two")
    as_ever = first(run(suite, "two", now))
    turned = first(suite.run(lambda table: now[:, ::-1], classes=["yes", "no"]))
    assert turned["p_value"] == pytest.approx(as_ever["p_value"], rel=1e-9)
    goal.last.write_text(goal.last.read_text().replace("p(yes)", "p(perhaps)"))
    lost = first(run(goal("roc_auc", "two"), "two", now))
    assert lost["status"] == "cannot tell" and "of another metric or of other classes" in lost["detail"]


STEPS = 50


def steps(direction):
    """Probabilities of 50 models of 1000 cases, each a little worse than the one before, or just other luck."""
    draw = np.random.default_rng(11)
    skill = draw.normal(size=1000)
    for k in range(STEPS):
        yield 1 / (1 + np.exp(-(1.5 + direction * 0.03 * k + skill + 0.3 * draw.normal(size=1000))))


@pytest.mark.parametrize("keep", ["update", "baseline"])
def test_a_slip_of_many_small_steps(tmp_path, keep):
    """Each of 50 models is kept. Against last time alone hardly one is worse; the baseline notices."""
    pandas.DataFrame({"id": range(1000), "y": "yes"}).to_csv(tmp_path / "cases.csv", index=False)
    one = {"role": "goal", "name": "g", "metric": "accuracy", "label": "y", "id": "id"}
    (tmp_path / "t.suite.json").write_text(json.dumps({"cases": "cases.csv", "sets": [one]}))
    statuses, said = [], []
    for p in steps(-1):
        suite = Suite(tmp_path / "t.suite.json")
        found = suite.run(lambda table, p=p: np.column_stack([1 - p, p]), classes=["no", "yes"])
        statuses.append(first(found)["status"])
        said.append(first(found)["detail"])
        suite.keep(found, f"v{len(said)}", baseline=keep == "baseline")
    if keep == "baseline":  # is as if there were none: only last time is compared with
        assert statuses.count("failed") <= 10 and statuses[-1] == "passed"
        return
    from_failed = statuses.index("failed")
    assert from_failed < 25 and statuses[-20:] == ["failed"] * 20
    assert "worse than the baseline, run 1 'v1' by more than chance" in said[-1]
    kept = pandas.read_csv(tmp_path / "t.suite.last.csv")
    assert sorted(kept["run"].unique()) == [1, STEPS] and len(kept) == 2000


def test_exchanges_hold_their_level(goal):
    """Of models that are equally good, one of 20 looks worse at the level 0.95: exchanges stop early when it is clear."""
    draw = np.random.default_rng(17)
    p_values = []
    for k in range(100):
        a, b = (answers(goal.frame, "two", 0.5, seed) for seed in draw.integers(0, 10**9, 2))
        goal.forget()
        p_values.append(kept_and_now(goal, "f1", "two", a, b)["p_value"])
    for level in (0.05, 0.2, 0.5):
        n_below = int((np.array(p_values) <= level).sum())
        assert stats.binom.ppf(0.0005, 100, 0.6 * level) <= n_below <= stats.binom.ppf(0.9995, 100, level), (level, n_below)


@pytest.mark.parametrize("level", [0.9, 0.999])
@pytest.mark.parametrize("metric", ["f1", "log_loss"])
def test_high_levels_can_fail(goal, metric, level):
    """A certainty of 99.9 % needs more draws than 999, of which the smallest p-value is 0.001."""
    suite = goal(metric, "two", level=level)
    suite.keep(run(suite, "two", answers(goal.frame, "two", 0)), "good")
    found = first(run(goal(metric, "two", level=level), "two", answers(goal.frame, "two", None)))
    assert found["status"] == "failed" and found["p_value"] < (1 - level) / 5


def test_other_luck_is_no_slip(tmp_path):
    """50 models that are equally good: about 1 of 20 looks worse, with two references as with one."""
    pandas.DataFrame({"id": range(1000), "y": "yes"}).to_csv(tmp_path / "cases.csv", index=False)
    one = {"role": "goal", "name": "g", "metric": "accuracy", "label": "y", "id": "id"}
    (tmp_path / "t.suite.json").write_text(json.dumps({"cases": "cases.csv", "sets": [one]}))
    n_failed = 0
    for k, p in enumerate(steps(0)):
        suite = Suite(tmp_path / "t.suite.json")
        found = suite.run(lambda table, p=p: np.column_stack([1 - p, p]), classes=["no", "yes"])
        n_failed += first(found)["status"] == "failed"
        suite.keep(found, f"v{k}")
    assert n_failed <= stats.binom.ppf(0.999, STEPS, 0.05)


@pytest.mark.parametrize("column, words", [
    ([1, -1], "cases.csv:3: the weight 'w' is negative"),
    ([1, None], "cases.csv:3: the weight 'w' is empty"),
    ([1, "inf"], "cases.csv:3: the weight 'w' is infinite"),
    ([0, 0], "t.suite.json:1: all cases of the set 'g' weigh 0"),
])
@pytest.mark.parametrize("role", [{"role": "goal"}, {"role": "uniformity", "by": "g", "margin": 0.1}])
def test_weights_that_are_none(tmp_path, role, column, words):
    pandas.DataFrame({"y": ["no", "yes"], "g": ["a", "b"], "w": column}).to_csv(tmp_path / "cases.csv", index=False)
    one = {"name": "g", "metric": "accuracy", "label": "y", "weight": "w", **role}
    (tmp_path / "t.suite.json").write_text(json.dumps({"cases": "cases.csv", "sets": [one]}))
    result = Suite(tmp_path / "t.suite.json").run(lambda table: [[1, 0], [0, 1]], classes=["no", "yes"])
    assert first(result)["status"] == "error" and words in first(result)["detail"], first(result)
    assert result.status == "cannot tell"


def test_weights_of_a_uniformity_set(goal, tmp_path):
    w, y = goal.frame["weight"].to_numpy(), goal.frame["two"].to_numpy()
    one = {"role": "uniformity", "name": "u", "metric": "accuracy", "label": "two", "by": "three", "margin": 0.5, "weight": "weight"}
    (tmp_path / "t.suite.json").write_text(json.dumps({"cases": "cases.csv", "sets": [one]}))
    p = answers(goal.frame, "two", 0)
    groups = run(Suite(tmp_path / "t.suite.json"), "two", p).table("groups")
    said = np.where(p[:, 1] > 0.5, "yes", "no")
    for level, value in zip(groups["level"], groups["value"]):
        rows = goal.frame["three"] == level
        assert value == pytest.approx(metrics.accuracy_score(y[rows], said[rows], sample_weight=w[rows]), rel=1e-12)
    one["weight"] = "three"
    (tmp_path / "t.suite.json").write_text(json.dumps({"cases": "cases.csv", "sets": [one]}, indent=1))
    with pytest.raises(mlsd.MlsdError,
                       match=r"t\.suite\.json:\d+: 'weight': column 'three' of 'cases.csv' holds texts"):
        Suite(tmp_path / "t.suite.json")
