"""Metrics of labels beside scikit-learn's functions of the same names on random labels: of two and more classes, of many labels a row,
with and without weights, every average."""

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics")

import mlsd.metrics as ours  # noqa: E402

WHOLE = "accuracy_score zero_one_loss hamming_loss balanced_accuracy_score matthews_corrcoef cohen_kappa_score confusion_matrix".split()
RATES = ["precision_score", "recall_score", "f1_score", "jaccard_score"]
pytestmark = pytest.mark.filterwarnings("ignore")


def same(name, *arguments, **named):
    wanted, got = getattr(metrics, name)(*arguments, **named), getattr(ours, name)(*arguments, **named)
    np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14, err_msg=f"{name} {named.get('average')}")


def draw(seed):
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(3, 40)), int(rng.integers(2, 5))
    y = rng.integers(0, k, n)
    prediction = np.where(rng.random(n) < 0.5, y, rng.integers(0, k, n))
    weight = None if seed % 2 else rng.random(n) + 0.1
    if seed % 3 == 0:
        names = np.array(list("dbca"))
        y, prediction = names[y], names[prediction]
    return rng, n, y, prediction, weight


@pytest.mark.parametrize("seed", range(30))
def test_one_label_a_row(seed):
    _, _, y, prediction, weight = draw(seed)
    for name in WHOLE:
        same(name, y, prediction, sample_weight=weight)
    for normalize in ("true", "pred", "all"):
        same("confusion_matrix", y, prediction, normalize=normalize, sample_weight=weight)
    for weights in ("linear", "quadratic"):
        same("cohen_kappa_score", y, prediction, weights=weights, sample_weight=weight)
    for name in RATES:
        for average in ("micro", "macro", "weighted", None):
            same(name, y, prediction, average=average, sample_weight=weight)
            same(name, y, prediction, average=average, sample_weight=weight, zero_division=1) if name != "jaccard_score" else None
    for average in ("micro", "macro"):
        same("fbeta_score", y, prediction, beta=2, average=average, sample_weight=weight)


@pytest.mark.parametrize("seed", range(30))
def test_two_classes_and_many_labels(seed):
    rng, n, _, _, weight = draw(seed)
    y, prediction = rng.integers(0, 2, n), rng.integers(0, 2, n)
    y[0], prediction[0] = 0, 1
    for name in RATES:
        same(name, y, prediction, sample_weight=weight)
    y, prediction = rng.integers(0, 2, (n, 3)), rng.integers(0, 2, (n, 3))
    for name in ("accuracy_score", "zero_one_loss", "hamming_loss"):
        same(name, y, prediction, sample_weight=weight)
    for name in RATES:
        for average in ("micro", "macro", "weighted", "samples", None):
            same(name, y, prediction, average=average, sample_weight=weight)


def test_undefined_is_nan_unless_a_number_is_asked_for():
    result = ours.evaluate("recall", [0.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    assert np.isnan(result.number("value")) and result.table("values")["status"][1] == "undefined"
    with pytest.warns(ours.UndefinedMetricWarning):
        assert ours.recall_score([0, 0], [0, 1]) == 0
