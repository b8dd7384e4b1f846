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


def test_metrics_that_are_no_mean_are_refused():
    X, y = _numbers()
    with pytest.raises(mlsd.MlsdError, match="not a mean over rows"):
        robustness.analyse(Ridge().fit(X, y), X, y, metric="r2")
