"""Metrics of scores and probabilities, with scikit-learn's names, signatures, label handling and warnings.

Checks and labels are Python's, every number is the library's (mlsd_metric_evaluate).
"""

import math
import numbers
import sys
import warnings

from ._arrays import Matrices
from ._errors import MlsdError
from ._handles import Spec
from ._library import call_long, lib
from ._metrics_labels import UndefinedMetricWarning, read_target
from ._results import Result

_MANY_ROWS = 1 << 14  # from here on a look at all labels costs more than the metric


def _undefined(message):
    theirs = sys.modules.get("sklearn.exceptions")
    warnings.warn(message, theirs.UndefinedMetricWarning if theirs else UndefinedMetricWarning, stacklevel=3)


def _evaluate(kind, y, prediction, sample_weight=None, **params):
    spec = Spec(kind)
    for name, value in params.items():
        if value is not None:
            spec.set(name, value)
    kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
    return Result._made(call_long, lib.mlsd_metric_evaluate, spec._h, *kept.pointers, math.nan)


def _value(kind, y, prediction, sample_weight=None, **params):
    return _evaluate(kind, y, prediction, sample_weight, **params).number("value")


def _parts(kind, y, prediction, sample_weight=None, **params):
    return _evaluate(kind, y, prediction, sample_weight, **params).table("values")["value"]


def _numbers(array, name):
    """Finite numbers, as they are where they are numbers."""
    import numpy as np

    if hasattr(array, "toarray"):
        array = array.toarray()
    a = np.asarray(array)
    if a.ndim == 0:
        raise ValueError(f"Expected an array, got a scalar for {name}")
    if a.dtype.kind in "OUS":
        a = a.astype(np.float64)
    if a.dtype.kind == "c":
        raise ValueError("Complex data not supported")
    if a.ndim > 2:
        raise ValueError(f"Found array with dim {a.ndim}. {name} must have 1 or 2 dimensions")
    if a.shape[0] == 0:
        raise ValueError(f"Found array with 0 sample(s) (shape={a.shape}) while a minimum of 1 is required.")
    if a.dtype.kind == "f":
        if np.isnan(a.min()):
            raise ValueError(f"Input {name} contains NaN.")
        if not np.isfinite(a.min()) or not np.isfinite(a.max()):
            raise ValueError(f"Input {name} contains infinity or a value too large for {a.dtype!r}.")
    return a


def _column(a, name):
    import numpy as np

    a = np.asarray(a)
    if a.ndim == 2 and a.shape[1] == 1:
        return a[:, 0]
    if a.ndim != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {a.shape} instead.")
    return a


def _same_rows(*arrays):
    lengths = [len(a) for a in arrays if a is not None]
    if len(set(lengths)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths}")


def _labels(y, name="y_true"):
    """y as an array, its kind as scikit-learn's type_of_target names it, and its labels."""
    import numpy as np

    y, kind = read_target(y, name)
    found = np.unique(y)
    return y, kind if kind != "labels" else "binary" if len(found) <= 2 else "multiclass", found


def _weights(sample_weight, n):
    import numpy as np

    if sample_weight is None:
        return None
    w = np.asarray(sample_weight)
    if isinstance(sample_weight, numbers.Number):
        w = np.full(n, sample_weight, dtype=np.float64)
    if w.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if len(w) != n:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n, len(w)]}")
    return w


def _positive(found, pos_label):
    if pos_label is not None:
        return pos_label
    if found.dtype.kind in "OUS" or not set(found.tolist()) <= {0, 1} and not set(found.tolist()) <= {-1, 1}:
        classes = ", ".join(repr(c) for c in found.tolist())
        raise ValueError(
            f"y_true takes value in {{{classes}}} and pos_label is not specified: either make y_true take value in "
            "{0, 1} or {-1, 1} or pass pos_label explicitly."
        )
    return 1


def _curve(y_true, y_score, pos_label, sample_weight, points):
    """(false positives, true positives, thresholds) in weights, from the highest threshold down; and the labels."""
    y, kind, found = _labels(y_true)
    if not (kind == "binary" or kind == "multiclass" and pos_label is not None):
        raise ValueError(f"{kind} format is not supported")
    _same_rows(y, y_score, sample_weight)
    y, score = _column(y, "y_true"), _column(_numbers(y_score, "y_score"), "y_score")
    w = _weights(sample_weight, len(y))
    kept = found if w is None else _labels(y[w != 0])[2]
    codes = (y == _positive(kept, pos_label)).astype("int64")
    table = _evaluate("roc_auc", codes, score, w, curve=points).table("curve")
    return table["alarms"], table["hits"], table["threshold"], found


def roc_curve(y_true, y_score, *, pos_label=None, sample_weight=None, drop_intermediate=True):
    """(false positive rates, true positive rates, thresholds), the first of which is above all scores."""
    import numpy as np

    points = "corners" if drop_intermediate else "all"
    fps, tps, thresholds, _ = _curve(y_true, y_score, pos_label, sample_weight, points)
    fps, tps, thresholds = np.r_[0, fps], np.r_[0, tps], np.r_[thresholds[0] + 1, thresholds]
    if fps[-1] <= 0:
        _undefined("No negative samples in y_true, false positive value should be meaningless")
    if tps[-1] <= 0:
        _undefined("No positive samples in y_true, true positive value should be meaningless")
    fpr = fps / fps[-1] if fps[-1] > 0 else np.full(fps.shape, np.nan)
    tpr = tps / tps[-1] if tps[-1] > 0 else np.full(tps.shape, np.nan)
    return fpr, tpr, thresholds


def precision_recall_curve(y_true, probas_pred, *, pos_label=None, sample_weight=None):
    """(precisions, recalls, thresholds) by rising threshold; the last point is (1, 0)."""
    import numpy as np

    fps, tps, thresholds, _ = _curve(y_true, probas_pred, pos_label, sample_weight, "all")
    precision = tps / (tps + fps)
    if tps[-1] == 0:
        warnings.warn("No positive class found in y_true, recall is set to one for all thresholds.", stacklevel=2)
        recall = np.ones_like(tps)
    else:
        recall = tps / tps[-1]
    return np.r_[precision[::-1], 1], np.r_[recall[::-1], 0], thresholds[::-1]


def det_curve(y_true, y_score, pos_label=None, sample_weight=None):
    """(false positive rates, false negative rates, thresholds) by rising threshold."""
    import numpy as np

    fps, tps, thresholds, found = _curve(y_true, y_score, pos_label, sample_weight, "all")
    if len(found) != 2:
        raise ValueError(
            "Only one class present in y_true. Detection error tradeoff curve is not defined in that case."
        )
    first = max(np.searchsorted(fps, fps[0], side="right") - 1, 0)
    rows = slice(first, np.searchsorted(tps, tps[-1]) + 1)
    return fps[rows][::-1] / fps[-1], (tps[-1] - tps[rows])[::-1] / tps[-1], thresholds[rows][::-1]


def auc(x, y):
    """Area under the points of a curve, by trapezoids."""
    import numpy as np

    x, y = np.asarray(x), np.asarray(y)
    _same_rows(x, y)
    x, y = _column(x, "x"), _column(y, "y")
    if x.shape[0] < 2:
        raise ValueError(f"At least 2 points are needed to compute area under curve, but x.shape = {x.shape}")
    steps = np.diff(x)
    if (steps < 0).any() and not (steps <= 0).all():
        raise ValueError(f"x is neither increasing nor decreasing : {x}.")
    return (-1 if (steps < 0).any() else 1) * np.trapz(y, x)


_ONE_CLASS = "Only one class present in y_true. ROC AUC score is not defined in that case."
_AVERAGES = (None, "micro", "macro", "weighted", "samples")


def _check_average(average):
    if average not in _AVERAGES:
        raise ValueError(f"average has to be one of {_AVERAGES}")


def _by_average(kind, y, score, w, average, **params):
    """The value, or with None an array of them."""
    if average is None:
        return _parts(kind, y, score, w, average="none", **params)
    return _value(kind, y, score, w, average=average, **params)


def _quick(kind, y_true, score, sample_weight):
    """Of many rows whose labels are 0 and 1: the value, or None where this is not so."""
    import numpy as np

    if not (isinstance(y_true, np.ndarray) and isinstance(score, np.ndarray)):
        return None
    if y_true.ndim != 1 or score.ndim != 1 or len(y_true) < _MANY_ROWS or len(y_true) != len(score):
        return None
    if y_true.dtype.kind not in "iuf" or score.dtype != np.float64 or np.ndim(sample_weight) > 1:
        return None
    try:
        value = _value(kind, y_true, score, sample_weight)
    except (MlsdError, ValueError):  # what is wrong is said by those who look at everything
        return None
    return None if math.isnan(value) else value


def roc_auc_score(
    y_true, y_score, *, average="macro", sample_weight=None, max_fpr=None, multi_class="raise", labels=None
):
    """Area under the ROC curve; of more than two classes with multi_class "ovr" or "ovo"."""
    import numpy as np

    if max_fpr is None:
        quick = _quick("roc_auc", y_true, y_score, sample_weight)
        if quick is not None:
            return quick
    y, kind, found = _labels(y_true)
    score = _numbers(y_score, "y_score")
    if kind == "multiclass" or kind == "binary" and score.ndim == 2 and score.shape[1] > 2:
        if max_fpr is not None and max_fpr != 1:
            raise ValueError(
                "Partial AUC computation not available in multiclass setting, 'max_fpr' must be set to `None`, "
                f"received `max_fpr={max_fpr}` instead"
            )
        if multi_class == "raise":
            raise ValueError("multi_class must be in ('ovo', 'ovr')")
        return _multiclass_auc(y, score, labels, multi_class, average, sample_weight, found)
    _check_average(average)
    if max_fpr is not None and not 0 < max_fpr <= 1:
        raise ValueError(f"Expected max_fpr in range (0, 1], got: {max_fpr!r}")
    max_fpr = None if max_fpr == 1 else max_fpr
    if kind == "binary":
        y, score = _column(y, "y_true"), _column(score, "y_score")
        _same_rows(y, score, sample_weight)
        if len(found) != 2:
            raise ValueError(_ONE_CLASS)
        codes = (y == found[1]).astype(np.int64)
        return _value("roc_auc", codes, score, _weights(sample_weight, len(y)), max_fpr=max_fpr)
    if kind != "multilabel-indicator":
        raise ValueError(f"{kind} format is not supported")
    _same_rows(y, score, sample_weight)
    sides = y if average in (None, "macro", "weighted") else y.T if average == "samples" else y.reshape(-1, 1)
    if (sides.min(axis=0) == sides.max(axis=0)).any():
        raise ValueError(_ONE_CLASS)
    return _by_average("roc_auc", y, score, _weights(sample_weight, len(y)), average, max_fpr=max_fpr)


def _multiclass_auc(y, score, labels, multi_class, average, sample_weight, found):
    import numpy as np

    y = _column(y, "y_true")
    if score.ndim != 2 or not np.allclose(1, score.sum(axis=1)):
        raise ValueError(
            "Target scores need to be probabilities for multiclass roc_auc, i.e. they should sum up to 1.0 over classes"
        )
    options = (("micro",) if multi_class == "ovr" else ()) + ("macro", "weighted", None)
    if average not in options:
        raise ValueError(f"average must be one of {options} for multiclass problems")
    if multi_class not in ("ovo", "ovr"):
        raise ValueError(
            f"multi_class='{multi_class}' is not supported for multiclass ROC AUC, multi_class must be in ('ovo', 'ovr')"
        )
    if average is None and multi_class == "ovo":
        raise NotImplementedError("average=None is not implemented for multi_class='ovo'.")
    _same_rows(y, score)
    classes = _known_classes(labels, score.shape[1], found, "columns in 'y_score'")
    if labels is not None and len(np.setdiff1d(y, classes)):
        raise ValueError("'y_true' contains labels not in parameter 'labels'")
    codes = np.searchsorted(classes, y)
    if multi_class == "ovo" and sample_weight is not None:
        raise ValueError(
            "sample_weight is not supported for multiclass one-vs-one ROC AUC, 'sample_weight' must be None in this case."
        )
    _same_rows(y, score, sample_weight)
    if multi_class == "ovr" and average != "micro" and len(found) < len(classes):
        raise ValueError(_ONE_CLASS)
    w = _weights(sample_weight, len(y))
    sums = score.sum(axis=1, keepdims=True)  # sums that are near 1 are taken as they are: dividing breaks ties
    score = np.where(np.abs(sums - 1) < 1e-5, score, score / sums)
    return _by_average("roc_auc", codes, score, w, average, multi_class=multi_class)


def _known_classes(labels, n_columns, found, where):
    import numpy as np

    if labels is None:
        if len(found) != n_columns:
            raise ValueError("Number of classes in y_true not equal to the number of columns in 'y_score'")
        return found
    labels = _column(labels, "labels")
    classes = np.unique(labels)
    if len(classes) != len(labels):
        raise ValueError("Parameter 'labels' must be unique")
    if not np.array_equal(classes, labels):
        raise ValueError("Parameter 'labels' must be ordered")
    if len(classes) != n_columns:
        raise ValueError(
            f"Number of given labels, {len(classes)}, not equal to the number of {where}, {n_columns}"
        )
    return classes


def average_precision_score(y_true, y_score, *, average="macro", pos_label=1, sample_weight=None):
    """Precision averaged over the gains of recall; without a row of the class 0, with a warning, as in scikit-learn."""
    import numpy as np

    y, kind, found = _labels(y_true)
    if kind == "multilabel-indicator" and pos_label != 1:
        raise ValueError(
            "Parameter pos_label is fixed to 1 for multilabel-indicator y_true. Do not set pos_label or set pos_label to 1."
        )
    if kind == "binary" and len(found) == 2 and pos_label not in found.tolist():
        raise ValueError(f"pos_label={pos_label} is not a valid label. It should be one of {found.tolist()}")
    if kind not in ("binary", "multilabel-indicator"):
        raise ValueError(f"{kind} format is not supported")
    _check_average(average)
    score = _numbers(y_score, "y_score")
    _same_rows(y, score, sample_weight)
    w = _weights(sample_weight, len(y))
    if kind == "binary":
        codes = (_column(y, "y_true") == pos_label).astype(np.int64)
        return _or_zero(_value("average_precision", codes, _column(score, "y_score"), w))
    if average in ("micro", "samples"):
        value = _or_zero(_value("average_precision", y, score, w, average=average))
        if average == "samples":  # scikit-learn counts a row without labels as 0
            value *= np.average((y != 0).any(axis=1), weights=w)
        return value
    parts = _or_zero(_parts("average_precision", y, score, w, average="none"))
    if average is None:
        return parts
    shares = np.ones(len(parts)) if average == "macro" else y.sum(axis=0) if w is None else w @ y
    return np.average(parts, weights=shares) if shares.sum() > 0 else 0


def _or_zero(value):
    import numpy as np

    if np.isnan(value).any():
        warnings.warn("No positive class found in y_true, recall is set to one for all thresholds.", stacklevel=3)
    return np.nan_to_num(value, nan=0.0) if np.ndim(value) else 0.0 if np.isnan(value) else value


def log_loss(y_true, y_pred, *, eps="auto", normalize=True, sample_weight=None, labels=None):
    """Minus the mean logarithm of the probability given to what happened."""
    import numpy as np

    if eps == "auto" and labels is None and normalize:
        quick = _quick("log_loss", y_true, y_pred, sample_weight)
        if quick is not None and _has_both(y_true):
            return quick
    p = _numbers(y_pred, "y_pred")
    eps = np.finfo(p.dtype if p.dtype in (np.float16, np.float32, np.float64) else np.float64).eps if eps == "auto" else eps
    y, _, found = _labels(y_true)
    _same_rows(p, y, sample_weight)
    y = _column(y, "y_true") if y.ndim == 1 or y.shape[1] == 1 else y
    classes = found if labels is None else np.unique(labels)
    if len(classes) == 1:
        if labels is None:
            raise ValueError(
                "y_true contains only one label ({0}). Please provide the true labels explicitly through the labels "
                "argument.".format(classes[0])
            )
        raise ValueError(f"The labels array needs to contain at least two labels for log_loss, got {classes}.")
    if y.ndim == 2:
        classes = np.arange(y.shape[1])
    elif len(np.setdiff1d(found, classes)):
        stranger, names = np.setdiff1d(found, classes)[0], ", ".join(map(repr, classes.tolist()))
        raise ValueError(f"y_true contains {stranger!r}, which is none of the labels: {names}")
    p = np.clip(p.astype(np.float64), eps, 1 - eps)
    p = p.reshape(len(p), -1)
    if p.shape[1] == 1:
        p = np.hstack([1 - p, p])
    if len(classes) != p.shape[1]:
        if labels is None:
            raise ValueError(
                f"y_true and y_pred contain different number of classes {len(classes)}, {p.shape[1]}. Please provide the "
                f"true labels explicitly through the labels argument. Classes found in y_true: {classes}"
            )
        raise ValueError(
            "The number of classes in labels is different from that in y_pred. Classes found in labels: {0}".format(classes)
        )
    sums = p.sum(axis=1)
    if not np.isclose(sums, 1, rtol=1e-15, atol=5 * eps).all():
        warnings.warn(
            "The y_pred values do not sum to one. Starting from 1.5 thiswill result in an error.", UserWarning, stacklevel=2
        )
    w = _weights(sample_weight, len(y))
    p = p / sums[:, np.newaxis]
    rows = None
    if y.ndim == 2:  # indicators of classes: a row counts once for each of its own
        rows, codes = y.nonzero()
    else:
        codes = np.searchsorted(classes, y)
    total = len(y) if w is None else w.sum()
    # What is clipped already is not clipped again, also where a sum above 1 has divided it.
    least = min(float(eps), np.finfo(np.float64).eps) / max(1.0, float(sums.max()))
    if rows is None:
        mean = _value("log_loss", codes, p, w, eps=least)
    else:
        of_rows = np.ones(len(rows)) if w is None else w[rows]
        mean = _value("log_loss", codes, p[rows], of_rows, eps=least) * (of_rows.sum() / total)
    return mean if normalize else mean * total


def _has_both(y):
    """Are there two labels? Of most arrays the first few tell."""
    return any((y[first : first + _MANY_ROWS] != y[0]).any() for first in range(0, len(y), _MANY_ROWS))


def brier_score_loss(y_true, y_prob, *, sample_weight=None, pos_label=None):
    """Mean squared difference between probability and outcome."""
    import numpy as np

    if pos_label in (None, 1):
        quick = _quick("brier", y_true, y_prob, sample_weight)
        if quick is not None:
            return quick
    y, kind, found = _labels(_column(y_true, "y_true"))
    prob = _column(y_prob, "y_prob")
    prob = _numbers(prob, "y_prob")
    _same_rows(y, prob, sample_weight)
    if kind != "binary":
        raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
    if prob.max() > 1:
        raise ValueError("y_prob contains values greater than 1.")
    if prob.min() < 0:
        raise ValueError("y_prob contains values less than 0.")
    try:
        pos_label = _positive(found, pos_label)
    except ValueError:
        if found.dtype.kind in "OUS":
            raise
        pos_label = found[-1]
    return _value("brier", (y == pos_label).astype(np.int64), prob, _weights(sample_weight, len(y)))


def _label_rows(y_true, y_score, sample_weight, allows_one=False):
    y, kind, _ = _labels(y_true)
    score = _numbers(y_score, "y_score")
    if not allows_one and 1 in (y.ndim, score.ndim):
        raise ValueError("Expected 2D array, got 1D array instead")
    _same_rows(y, score, sample_weight)
    if y.shape != score.shape:
        raise ValueError("y_true and y_score have different shape")
    if kind != "multilabel-indicator" and not (allows_one and kind == "binary" and y.ndim == 2):
        raise ValueError(f"{kind} format is not supported")
    return y, score, _weights(sample_weight, len(y))


def label_ranking_average_precision_score(y_true, y_score, *, sample_weight=None):
    """Of each relevant label, the share of relevant ones among those scored as high."""
    y, score, w = _label_rows(y_true, y_score, sample_weight, allows_one=True)
    return 1.0 if y.shape[1] == 1 else _value("label_ranking_average_precision", y, score, w)


def coverage_error(y_true, y_score, *, sample_weight=None):
    """How far down the labels one must go, in the mean, to have all relevant ones."""
    return _value("coverage_error", *_label_rows(y_true, y_score, sample_weight))


def label_ranking_loss(y_true, y_score, *, sample_weight=None):
    """Share of the pairs of a relevant and another label that are in the wrong order."""
    return _value("label_ranking_loss", *_label_rows(y_true, y_score, sample_weight))


def _gains(y_true, y_score, sample_weight):
    score = _numbers(y_score, "y_score")
    y, kind, _ = _labels(_numbers(y_true, "y_true"))
    if kind not in ("multilabel-indicator", "continuous-multioutput", "multiclass-multioutput"):
        formats = ("multilabel-indicator", "continuous-multioutput", "multiclass-multioutput")
        raise ValueError(f"Only {formats} formats are supported. Got {kind} instead")
    _same_rows(y, score, sample_weight)
    return y, score, _weights(sample_weight, len(y))


def dcg_score(y_true, y_score, *, k=None, log_base=2, sample_weight=None, ignore_ties=False):
    """Gains discounted by the logarithm of their place; equal scores share the mean of their gains."""
    rows = _gains(y_true, y_score, sample_weight)
    return _value("dcg", *rows, k=k, log_base=float(log_base), ignore_ties=bool(ignore_ties))


def ndcg_score(y_true, y_score, *, k=None, sample_weight=None, ignore_ties=False):
    """The same as a share of the best order's."""
    rows = _gains(y_true, y_score, sample_weight)
    if rows[0].min() < 0:
        warnings.warn(
            "ndcg_score should not be used on negative y_true values. ndcg_score will raise a ValueError on negative "
            "y_true values starting from version 1.4.", FutureWarning, stacklevel=2,
        )
    return _value("ndcg", *rows, k=k, ignore_ties=bool(ignore_ties))


def top_k_accuracy_score(y_true, y_score, *, k=2, normalize=True, sample_weight=None, labels=None):
    """Share of the rows whose class is among the k scored highest."""
    import numpy as np

    y, kind, found = _labels(_column(y_true, "y_true"))
    if kind == "binary" and labels is not None and len(labels) > 2:
        kind = "multiclass"
    if kind not in ("binary", "multiclass"):
        raise ValueError(f"y type must be 'binary' or 'multiclass', got '{kind}' instead.")
    score = _numbers(y_score, "y_score")
    if kind == "binary":
        if score.ndim == 2 and score.shape[1] != 1:
            raise ValueError(
                f"`y_true` is binary while y_score is 2d with {score.shape[1]} classes. If `y_true` does not contain all "
                "the labels, `labels` must be provided."
            )
        score = _column(score, "y_score")
    _same_rows(y, score, sample_weight)
    n_columns = score.shape[1] if score.ndim == 2 else 2
    classes = _top_classes(found, labels, n_columns)
    if labels is not None and len(np.setdiff1d(y, classes)):
        raise ValueError("'y_true' contains labels not in parameter 'labels'.")
    if k >= len(classes):
        _undefined(
            f"'k' ({k}) greater than or equal to 'n_classes' ({len(classes)}) will result in a perfect score and is "
            "therefore meaningless."
        )
    if kind == "binary":  # of one score: is it above the middle?
        middle = 0.5 if score.min() >= 0 and score.max() <= 1 else 0
        is_above = (score > middle).astype(np.float64)
        score = np.column_stack([1 - is_above, is_above])
    w = _weights(sample_weight, len(y))
    mean = _value("top_k_accuracy", np.searchsorted(classes, y), score, w, k=int(k))
    if normalize:
        return mean
    return round(mean * len(y)) if w is None else mean * w.sum()


def _top_classes(found, labels, n_columns):
    import numpy as np

    if labels is None:
        if len(found) != n_columns:
            raise ValueError(
                f"Number of classes in 'y_true' ({len(found)}) not equal to the number of classes in 'y_score' "
                f"({n_columns}).You can provide a list of all known classes by assigning it to the `labels` parameter."
            )
        return found
    labels = _column(labels, "labels")
    classes = np.unique(labels)
    if len(classes) != len(labels):
        raise ValueError("Parameter 'labels' must be unique.")
    if not np.array_equal(classes, labels):
        raise ValueError("Parameter 'labels' must be ordered.")
    if len(classes) != n_columns:
        raise ValueError(
            f"Number of given labels ({len(classes)}) not equal to the number of classes in 'y_score' ({n_columns})."
        )
    return classes


def calibration_curve(y_true, y_prob, *, pos_label=None, n_bins=5, strategy="uniform"):
    """(observed rates, mean probabilities) of the bins that have rows, as sklearn.calibration's."""
    y, kind, found = _labels(_column(y_true, "y_true"))
    prob = _numbers(_column(y_prob, "y_prob"), "y_prob")
    _same_rows(y, prob)
    if prob.min() < 0 or prob.max() > 1:
        raise ValueError("y_prob has values outside [0, 1].")
    if len(found) > 2:
        raise ValueError(f"Only binary classification is supported. Provided labels {found}.")
    if strategy not in ("uniform", "quantile"):
        raise ValueError("Invalid entry to 'strategy' input. Strategy must be either 'quantile' or 'uniform'.")
    codes = (y == _positive(found, pos_label)).astype("int64")
    bins = _evaluate("calibration_error", codes, prob, n_bins=n_bins, strategy=strategy).table("bins")
    has_rows = bins["n"] > 0
    return bins["rate"][has_rows], bins["mean_prediction"][has_rows]


def lift_curve(y_true, y_score, *, pos_label=None, sample_weight=None):
    """(share of rows taken from the top, share of class 1 found = gain, lift) by falling score."""
    fps, tps, _, _ = _curve(y_true, y_score, pos_label, sample_weight, "all")
    share, gain = (fps + tps) / (fps[-1] + tps[-1]), tps / tps[-1]
    return share, gain, gain / share


# Those of scikit-learn's metrics.
FUNCTIONS = (
    "auc", "average_precision_score", "brier_score_loss", "coverage_error", "dcg_score", "det_curve",
    "label_ranking_average_precision_score", "label_ranking_loss", "log_loss", "ndcg_score", "precision_recall_curve",
    "roc_auc_score", "roc_curve", "top_k_accuracy_score",
)
__all__ = [*FUNCTIONS, "calibration_curve", "lift_curve"]
