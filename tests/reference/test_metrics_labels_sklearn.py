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


@pytest.mark.parametrize("seed", range(10))
def test_reports_cells_and_margins(seed):
    rng, n, y, prediction, weight = draw(seed)
    same("multilabel_confusion_matrix", y, prediction, sample_weight=weight)
    labels = list(np.unique(np.concatenate([y, prediction])))[::-1]
    same("multilabel_confusion_matrix", y, prediction, sample_weight=weight, labels=labels[:2])
    for average in (None, "weighted"):
        named = {"average": average, "beta": 0.5, "sample_weight": weight, "labels": labels[1:]}
        wanted, got = (m.precision_recall_fscore_support(y, prediction, **named) for m in (metrics, ours))
        for a, b in zip(got[:3], wanted[:3]):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    texts = [m.classification_report(y, prediction, digits=4) for m in (metrics, ours)]
    assert texts[0] == texts[1]
    many, said = rng.integers(0, 2, (n, 3)), rng.integers(0, 2, (n, 3))
    assert ours.classification_report(many, said) == metrics.classification_report(many, said)
    same("multilabel_confusion_matrix", many, said, sample_weight=weight, samplewise=True)
    same("multilabel_confusion_matrix", many[:1], said[:1], samplewise=True)
    two = [rng.permutation(np.arange(n) % 2) for _ in range(2)]
    same("class_likelihood_ratios", *two, sample_weight=weight)
    same("hinge_loss", two[0], rng.normal(size=n), sample_weight=weight)
    three = rng.permutation(np.arange(n) % 3)
    same("hinge_loss", three, rng.normal(size=(n, 3)), sample_weight=weight)


@pytest.mark.parametrize("kind", ["even", "rounded", "crowded near 0", "of two sizes"])
def test_scores_of_many_rows(kind):
    """From 16,384 rows on these are counted without a look at the labels first; labels then may still be of any kind."""
    rng = np.random.default_rng(3)
    n = 17_000
    p = {
        "even": lambda: rng.random(n), "rounded": lambda: np.round(rng.random(n), 2), "crowded near 0": lambda: rng.random(n) ** 30,
        "of two sizes": lambda: np.where(rng.random(n) < 0.5, 1e-12, 1) * rng.random(n),
    }[kind]()
    y, weight = (rng.random(n) < p).astype(np.int64), rng.integers(0, 4, n)
    for labels in (y, y.astype(float), y.astype(np.int32), y * 2 - 1, y.astype(bool), np.array(["no", "yes"])[y]):
        for given in ({}, {"sample_weight": weight}):
            same("roc_auc_score", labels, p, **given)
            same("log_loss", labels, p, **given)
            if labels.dtype.kind != "U":
                same("brier_score_loss", labels, p, **given)
    for row in (0, 16_500, n - 1):  # the only one of its class
        y[:] = 0
        y[row] = 1
        same("log_loss", y, p)
        same("roc_auc_score", y, p)
    y[row] = 0
    for name in ("log_loss", "roc_auc_score"):
        for m in (metrics, ours):
            with pytest.raises(ValueError, match="only one label|Only one class"):
                getattr(m, name)(y, p)


@pytest.mark.parametrize("names", [[0, 1], [0, 1, 2, 3], [1, 3], [0, 7, 200], [-1, 1], [0, 1, 70_000], [1]])
def test_labels_of_many_rows(names):
    """Small whole numbers are counted in place of being sorted; the last label may be one that a glimpse does not see."""
    rng = np.random.default_rng(len(names))
    n = 17_000
    names = np.array(names)
    y = names[rng.integers(0, max(1, len(names) - 1), n)]
    y[16_001] = names[-1]
    prediction = np.where(rng.random(n) < 0.6, y, names[rng.integers(0, max(1, len(names) - 1), n)])
    weight = rng.integers(0, 3, n)
    for dtype in (np.int64, np.int32):
        a, b = y.astype(dtype), prediction.astype(dtype)
        for given in ({}, {"sample_weight": weight}):
            for name in WHOLE:
                same(name, a, b, **given)
            for name in RATES:
                same(name, a, b, average="macro", **given)
                same(name, a, b, average=None, labels=names[:1], **given)
        assert ours.classification_report(a, b) == metrics.classification_report(a, b)
        same("multilabel_confusion_matrix", a, b)
    same("f1_score", y.astype(np.int32), prediction, average="weighted")
