"""A model asked about changed rows: NumPy and SciPy are the witnesses of every number."""

import numpy as np
import pytest
from scipy.stats import ttest_rel

import mlsd
from mlsd import robustness
from mlsd.linear_model import LogisticRegression, Ridge


def _numbers(n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return X, 2 * X[:, 0] - 0.3 * X[:, 1] + rng.normal(size=n) * 0.5


def _row(table, feature, change):
    rows = [i for i, pair in enumerate(zip(table["feature"], table["change"])) if pair == (feature, change)]
    return {name: values[rows[0]] for name, values in table.items()}


def test_far_values_are_those_of_the_changed_table():
    X, y = _numbers()
    model = Ridge().fit(X, y)
    found = robustness.analyse(model, X, y, metric="mae")
    clean = np.abs(model.predict(X) - y)
    for j in range(3):
        row = _row(found.features, f"x{j}", "far below")
        changed = X.copy()
        changed[:, j] = X[:, j].min() - 10 * np.ptp(X[:, j])
        loss = np.abs(model.predict(changed) - y)
        assert row["amount"] == pytest.approx(changed[0, j], rel=1e-12)
        assert row["score"] == pytest.approx(loss.mean(), rel=1e-10)
        assert row["difference"] == pytest.approx(loss.mean() - clean.mean(), rel=1e-9)
        assert row["p_value"] == pytest.approx(ttest_rel(loss, clean).pvalue, rel=1e-6, abs=1e-300)
        assert row["shift"] == pytest.approx(np.abs(model.predict(changed) - model.predict(X)).mean(), rel=1e-10)


def test_q_values_are_benjamini_hochberg_over_both_tables():
    X, y = _numbers()
    found = robustness.analyse(Ridge().fit(X, y), X, y)
    p, q = (np.concatenate([t[name] for t in (found.features, found.missingness)]) for name in ("p_value", "q_value"))
    known = ~np.isnan(p)
    order = np.argsort(p[known])[::-1]
    m = known.sum()
    wanted = np.empty(m)
    wanted[order] = np.minimum(1, np.minimum.accumulate(p[known][order] * m / np.arange(m, 0, -1)))
    assert np.allclose(q[known], wanted, rtol=1e-12)
    assert np.isnan(q[~known]).all()


def test_permuting_and_noise_cost_what_theory_says():
    X, y = _numbers(5000)
    model = Ridge().fit(X, y)
    found = robustness.analyse(model, X, y, noise=[0.5], n_repeats=20)
    coef, base = model.coef_, np.mean((model.predict(X) - y) ** 2)
    assert found.leans_on == "x0"
    assert "'x0'" in str(found)
    for j in range(3):
        variance = coef[j] ** 2 * X[:, j].var()
        noisy = _row(found.features, f"x{j}", "noise")["score"] ** 2
        permuted = _row(found.features, f"x{j}", "permuted")["score"] ** 2
        assert noisy == pytest.approx(base + 0.25 * variance, rel=0.03)
        assert permuted == pytest.approx(base + 2 * variance, rel=0.05)


def test_what_is_refused_is_said_and_nothing_is_called_a_finding():
    X, y = _numbers()
    found = robustness.analyse(Ridge().fit(X, y), X, y)
    row = _row(found.features, "x1", "missing")
    assert row["status"] == "refused" and "NaN" in row["message"] and np.isnan(row["score"])
    assert row["finding"] == 0
    few = robustness.analyse(Ridge().fit(X, y), X[:20], y[:20])
    assert set(few.features["status"]) == {"low support", "refused"}
    assert not np.any(few.features["finding"])
    assert few.leans_on is None


def test_labels_that_are_wrong_and_rows_that_are_dangerous():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 2))
    y = np.where(X[:, 0] + rng.normal(size=2000) * 0.3 > 0, "yes", "no")
    y[7] = "no" if X[7, 0] > 0 else "yes"
    X[7, 0] *= 10 / abs(X[7, 0])
    model = LogisticRegression().fit(X, y)
    found = robustness.analyse(model, X, y, metric="accuracy", label_noise=[0.1, 0.3], n_repeats=20, n_rows=5)
    accuracy = np.mean(model.predict(X) == y)
    for rate, score in zip(found.label_noise["rate"], found.label_noise["score"]):
        assert score == pytest.approx(accuracy * (1 - rate) + (1 - accuracy) * rate, abs=0.005)
    rows = {name: np.asarray(values) for name, values in found.dangerous_rows.items()}
    wrong = rows["row"][rows["reason"] == "confident and wrong"].astype(int)
    size = rows["size"][rows["reason"] == "confident and wrong"]
    p = model.predict_proba(X).max(axis=1) * (model.predict(X) != y)
    assert wrong[0] == 7
    assert np.allclose(size, np.sort(p)[::-1][:5])
    edge = rows["row"][rows["reason"] == "near the edge"].astype(int)
    p = model.predict_proba(X)[:, 1]
    assert np.all(np.abs(p[edge] - 0.5) < np.quantile(np.abs(p - 0.5), 0.25))
    again = robustness.analyse(model, X, y, metric="accuracy", label_noise=[0.1, 0.3], n_repeats=20, n_rows=5)
    assert str(again) == str(found)


def _lost(model, X, y, found):
    """Probabilities of class 1 as they are and with x0 far above."""
    changed = X.copy()
    changed[:, 0] = _row(found.features, "x0", "far above")["amount"]
    return model.predict_proba(X)[:, 1], model.predict_proba(changed)[:, 1]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("metric", ["roc_auc", "f1", "balanced_accuracy", "average_precision"])
def test_any_metric_is_a_paired_jackknife(metric, weighted):
    """scikit-learn's metrics with each row left out of both; below 100 rows a group is a row."""
    from scipy.stats import t
    from sklearn import metrics

    rng = np.random.default_rng(4)
    X = rng.normal(size=(80, 2))
    y = (X[:, 0] + X[:, 1] + rng.normal(size=80) > 0).astype(int)
    w = rng.integers(1, 4, 80).astype(float) if weighted else None
    model = LogisticRegression().fit(X, y)
    found = robustness.analyse(model, X, y, sample_weight=w, metric=metric, min_support=10)
    before, after = _lost(model, X, y, found)
    of_scores = {"roc_auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score}
    of_classes = {"f1": metrics.f1_score, "balanced_accuracy": metrics.balanced_accuracy_score}
    call = of_scores.get(metric) or of_classes[metric]
    if metric in of_classes:
        before, after = before > 0.5, after > 0.5

    def difference(rows):
        of = None if w is None else w[rows]
        return call(y[rows], after[rows], sample_weight=of) - call(y[rows], before[rows], sample_weight=of)

    everyone = np.arange(80)
    out = np.array([difference(np.delete(everyone, i)) for i in range(80)])
    half = t.ppf(0.975, 79) * np.sqrt(79 / 80 * np.sum((out - out.mean()) ** 2))
    row = _row(found.features, "x0", "far above")
    assert row["difference"] == pytest.approx(difference(everyone), abs=1e-12)
    assert row["low"] == pytest.approx(difference(everyone) - half, abs=1e-9)
    assert row["high"] == pytest.approx(difference(everyone) + half, abs=1e-9)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "f1"])
def test_the_error_is_that_of_other_samples(metric):
    """The spread of the difference over 300 samples of the same population, and DeLong's for the area."""
    from sklearn import metrics

    def sample(rng, n=1500):
        X = rng.normal(size=(n, 2))
        return X, (X[:, 0] + X[:, 1] + rng.normal(size=n) > 0.5).astype(int)

    model = LogisticRegression().fit(*sample(np.random.default_rng(0)))
    X, y = sample(np.random.default_rng(1))
    found = robustness.analyse(model, X, y, metric=metric, missing_rate=[], noise=[])
    row = _row(found.features, "x0", "far above")
    call = {"roc_auc": metrics.roc_auc_score, "average_precision": metrics.average_precision_score,
            "f1": lambda y, p: metrics.f1_score(y, p > 0.5)}[metric]
    seen = []
    for k in range(300):
        X, y = sample(np.random.default_rng(100 + k))
        changed = X.copy()
        changed[:, 0] = row["amount"]
        seen.append(call(y, model.predict_proba(changed)[:, 1]) - call(y, model.predict_proba(X)[:, 1]))
    se = (row["high"] - row["low"]) / 2 / 1.97
    assert se == pytest.approx(np.std(seen), rel=0.25)


def test_metrics_of_another_task_are_refused():
    X, y = _numbers()
    with pytest.raises(mlsd.MlsdError, match="'accuracy' is for classes"):
        robustness.analyse(Ridge().fit(X, y), X, y, metric="accuracy")
