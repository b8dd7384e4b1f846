"""Intervals of a cross-validated score, restated with NumPy on scikit-learn's folds and models.

Witnesses: the formulas of Bayle et al. (2020), Bates, Hastie & Tibshirani (2023) with the rescaling and the bias of mlr3inferr's
MeasureCiNestedCV, and Efron & Tibshirani (1997), written out here from the definitions (every fit made, nothing shared);
scikit-learn's RepeatedKFold, RepeatedStratifiedKFold, resample, LinearRegression and GaussianNB; scipy's quantiles.
"""

import ctypes
import json

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold, RepeatedKFold, RepeatedStratifiedKFold
from sklearn.naive_bayes import GaussianNB

import mlsd
from mlsd._library import call_long, lib
from mlsd._results import Result

LEVEL = 0.9
EPSILON = np.finfo(float).eps


def validate(spec, dataset, folds=None):
    text = json.dumps(spec).encode()
    handle = ctypes.c_void_p()
    lib.mlsd_spec_from_json(None, text, ctypes.byref(handle))
    try:
        return Result._made(call_long, lib.mlsd_validate, handle, dataset._h, folds and folds._h)
    finally:
        lib.mlsd_spec_free(handle)


def interval(dataset, model, folds=None, **params):
    return validate({"kind": "cv_interval", "level": LEVEL, **params, "estimators": [{"kind": model}]}, dataset, folds)


def numbers(seed, n=60, p=3):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, p)
    return X, X @ np.arange(1, p + 1) + rng.standard_t(4, n)


def classes(seed, n=80, p=3):
    rng = np.random.RandomState(seed)
    X = rng.randn(n, p)
    return X, (X[:, 0] + rng.randn(n) > 0.3).astype(int)


def squared(model, X, y):
    return (y - model.predict(X)) ** 2


def absolute(model, X, y):
    return np.abs(y - model.predict(X))


def hit(model, X, y):
    return (y == model.predict(X)).astype(float)


def log_loss(model, X, y):
    p = np.clip(model.predict_proba(X), EPSILON, 1 - EPSILON)
    return -np.log(p[np.arange(len(y)), y] / p.sum(axis=1))


def brier(model, X, y):
    return (model.predict_proba(X)[:, 1] - y) ** 2


LOSSES = {"rmse": squared, "mae": absolute, "accuracy": hit, "log_loss": log_loss, "brier": brier}
CASES = [("rmse", "linear_regression"), ("mae", "linear_regression"), ("accuracy", "gaussian_nb"), ("log_loss", "gaussian_nb"),
         ("brier", "gaussian_nb")]


def problem(metric, seed):
    """Data, our data set, their model, and the splitter that both repeat."""
    if metric in ("rmse", "mae"):
        X, y = numbers(seed)
        return X, y, mlsd.Dataset(X, y), LinearRegression, RepeatedKFold
    X, y = classes(seed)
    return X, y, mlsd.Dataset(X, y, task="binary"), GaussianNB, RepeatedStratifiedKFold


def check(result, metric, value, se, z=None):
    z = stats.norm.ppf(0.5 + LEVEL / 2) if z is None else z
    low, high = max(0, value - z * se), value + z * se
    if metric == "accuracy":
        high = min(1, high)
    if metric == "rmse":
        low, high = np.sqrt(low), np.sqrt(high)
        value = np.sqrt(value)
        se = se / 2 / value
    got = [result.number(name) for name in ("value", "low", "high", "se")]
    np.testing.assert_allclose(got, [value, low, high, se], rtol=1e-9)


def nested(X, y, loss, model, folds):
    """One repeat: (mean_inner - mean_outer)^2 - var(mean_outer) of each outer fold, and all losses."""
    excess, inner_losses, outer_losses = [], [], []
    for k, test in enumerate(folds):
        rest = np.concatenate([f for j, f in enumerate(folds) if j != k])
        outer = loss(model().fit(X[rest], y[rest]), X[test], y[test])
        inner = []
        for j, part in enumerate(folds):
            if j == k:
                continue
            train = np.setdiff1d(rest, part)
            inner.append(loss(model().fit(X[train], y[train]), X[part], y[part]))
        inner = np.concatenate(inner)
        excess.append((inner.mean() - outer.mean()) ** 2 - outer.var(ddof=1) / len(outer))
        inner_losses.append(inner)
        outer_losses.append(outer)
    return excess, np.concatenate(inner_losses), np.concatenate(outer_losses)


@pytest.mark.parametrize("metric, kind", CASES)
@pytest.mark.parametrize("K, repeats", [(3, 1), (5, 3)])
def test_nested(metric, kind, K, repeats):
    X, y, data, model, splitter = problem(metric, 7 * K)
    splits = [test for _, test in splitter(n_splits=K, n_repeats=repeats, random_state=3).split(X, y)]
    parts = [nested(X, y, LOSSES[metric], model, splits[r * K:r * K + K]) for r in range(repeats)]
    excess = np.concatenate([p[0] for p in parts])
    inner, outer = np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts])
    n, sd = len(y), inner.std(ddof=1)
    mse = (K - 1) / K * excess.mean()
    se = max(sd / np.sqrt(n), min(np.sqrt(max(0, mse)), sd * np.sqrt(K / n)))
    value = inner.mean() - (1 + (K - 2) / K) * (inner.mean() - outer.mean())
    r = interval(data, kind, method="nested", metric=metric, n_splits=K, n_repeats=repeats, seed=3)
    check(r, metric, value, se)
    root = np.sqrt if metric == "rmse" else lambda v: v
    np.testing.assert_allclose(r.number("inner"), root(inner.mean()), rtol=1e-10)
    np.testing.assert_allclose(r.number("outer"), root(outer.mean()), rtol=1e-10)
    np.testing.assert_allclose(r.number("inflation"), se / (sd / np.sqrt(n)), rtol=1e-9)
    assert len(r.table("repeats")["mse"]) == repeats
    # The same of folds that are handed over.
    name = "repeated_kfold" if splitter is RepeatedKFold else "repeated_stratified_kfold"
    folds = mlsd.Folds(mlsd.Spec(name, n_splits=K, n_repeats=repeats, seed=3), n, y)
    check(interval(data, kind, folds, method="nested", metric=metric), metric, value, se)


@pytest.mark.parametrize("metric, kind", CASES)
def test_wald(metric, kind):
    X, y, data, model, splitter = problem(metric, 2)
    parts = []
    for train, test in splitter(n_splits=5, n_repeats=1, random_state=9).split(X, y):
        parts.append(LOSSES[metric](model().fit(X[train], y[train]), X[test], y[test]))
    losses, n = np.concatenate(parts), len(y)
    check(interval(data, kind, method="wald", metric=metric, seed=9), metric, losses.mean(), np.sqrt(losses.var() / n))
    within = np.mean([p.var(ddof=1) for p in parts])
    check(interval(data, kind, method="wald_within", metric=metric, seed=9), metric, losses.mean(), np.sqrt(within / n))


@pytest.mark.parametrize("metric, kind", CASES)
def test_corrected_t(metric, kind):
    X, y, data, model, splitter = problem(metric, 4)
    scores, ratios = [], []
    for train, test in splitter(n_splits=4, n_repeats=3, random_state=9).split(X, y):
        mean = LOSSES[metric](model().fit(X[train], y[train]), X[test], y[test]).mean()
        scores.append(np.sqrt(mean) if metric == "rmse" else mean)
        ratios.append(len(test) / len(train))
    J = len(scores)
    r = interval(data, kind, method="corrected_t", metric=metric, seed=9, n_splits=4, n_repeats=3)
    se = np.sqrt((1 / J + np.mean(ratios)) * np.var(scores, ddof=1))
    check(r, "", np.mean(scores), se, stats.t.ppf(0.5 + LEVEL / 2, J - 1))


def test_wald_with_weights():
    X, y = numbers(5)
    w = np.random.RandomState(0).uniform(0.2, 3, len(y))
    losses = np.empty(len(y))
    for train, test in KFold(5, shuffle=True, random_state=1).split(X):
        losses[test] = squared(Ridge().fit(X[train], y[train], sample_weight=w[train]), X[test], y[test])
    value = np.average(losses, weights=w)
    se = np.sqrt(np.sum((w * (losses - value)) ** 2)) / w.sum()
    r = interval(mlsd.Dataset(X, y, sample_weight=w), "ridge", method="wald", seed=1)
    check(r, "rmse", value, se)


def pairs(metric, model, X, y):
    """The no-information rate from its definition: every target with every prediction."""
    if metric in ("rmse", "mae"):
        d = y[:, None] - model.predict(X)[None, :]
        return np.mean(d ** 2 if metric == "rmse" else np.abs(d))
    loss = np.mean([LOSSES[metric](model, X, np.full(len(y), v)).mean() for v in y])
    return 1 - loss if metric == "accuracy" else loss


@pytest.mark.parametrize("metric, kind", CASES)
@pytest.mark.parametrize("plus", [False, True])
def test_bootstrap_632(metric, kind, plus):
    X, y, data, model, _ = problem(metric, 6)
    n, B = len(y), 70

    def error(m, rows):
        loss = LOSSES[metric](m, X[rows], y[rows])
        return 1 - loss if metric == "accuracy" else loss

    rng = np.random.RandomState(8)
    N, I, Q = np.zeros((B, n)), np.zeros((B, n)), np.zeros((B, n))
    for b in range(B):
        drawn = rng.randint(0, n, n)  # sklearn.utils.resample
        N[b] = np.bincount(drawn, minlength=n)
        out = np.flatnonzero(N[b] == 0)
        I[b, out] = 1
        Q[b, out] = error(model().fit(X[drawn], y[drawn]), out)
    E = (I * Q).sum(axis=0) / I.sum(axis=0)
    whole = model().fit(X, y)
    apparent, oob, gamma = error(whole, np.arange(n)).mean(), E.mean(), pairs(metric, whole, X, y)
    q = (I * Q).sum(axis=1) / n
    own, factor = (E - oob) / n, (1 - 1 / n) ** -n
    covariance = factor * ((N - N.mean(axis=0)) * q[:, None]).sum(axis=0) / I.sum(axis=0)
    least, slope = own @ own, own @ covariance / (own @ own)
    rest = np.sum((covariance - slope * own) ** 2)
    noise = np.sum((factor / I.mean(axis=0)) ** 2) * q.var() / B * (1 + 0.5 * np.sqrt(2 / n))
    variance = max((2 + 1 / (n - 1) + slope) ** 2 * least + max(0, rest - noise), least)
    weight, bounded = 0.632, oob
    if plus:
        bounded = min(oob, gamma)
        rate = (bounded - apparent) / (gamma - apparent) if bounded > apparent and gamma > apparent else 0
        weight = 0.632 / (1 - 0.368 * rate)
    value = (1 - weight) * apparent + weight * bounded
    se = np.sqrt(variance) * value / oob
    r = interval(data, kind, method="bootstrap_632" + "_plus" * plus, metric=metric, seed=8, n_repeats=B)
    check(r, metric, 1 - value if metric == "accuracy" else value, se)
    if plus:
        shown = 1 - gamma if metric == "accuracy" else np.sqrt(gamma) if metric == "rmse" else gamma
        np.testing.assert_allclose(r.number("no_information"), shown, rtol=1e-10)
        np.testing.assert_allclose(r.number("weight"), weight, rtol=1e-10)


def test_standard_error_of_the_bootstrap():
    """The delta method after bootstrap is about the spread of the estimate over data sets (60 of them tell it to a fifth)."""
    results = []
    for seed in range(60):
        X, y = numbers(seed, n=40)
        results.append(interval(mlsd.Dataset(X, y), "linear_regression", method="bootstrap_632", n_repeats=200))
    spread = np.std([r.number("value") for r in results], ddof=1)
    assert 0.7 < np.mean([r.number("se") for r in results]) / spread < 1.4


def test_bbc():
    """Among many models the chosen one is found, and its optimism corrected upwards."""
    X, y = numbers(3, n=100)
    models = [{"kind": "ridge", "name": f"m{i}", "alpha": float(a)} for i, a in enumerate(np.logspace(-3, 4, 8))]
    spec = {"kind": "cv_interval", "method": "bbc", "estimators": models, "seed": 2, "metric": "mae"}
    r = validate(spec, mlsd.Dataset(X, y))
    means = []
    for a in np.logspace(-3, 4, 8):
        losses = np.empty(len(y))
        for train, test in KFold(5, shuffle=True, random_state=2).split(X):
            losses[test] = absolute(Ridge(alpha=a).fit(X[train], y[train]), X[test], y[test])
        means.append(losses.mean())
    assert r.text("chosen") == f"m{np.argmin(means)}"
    np.testing.assert_allclose(r.number("selected"), min(means), rtol=1e-10)
    assert r.number("low") < r.number("value") < r.number("high")
    assert min(means) < r.number("value") == pytest.approx(min(means), rel=0.1)
