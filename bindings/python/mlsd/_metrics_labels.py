"""Metrics of labels with scikit-learn's names and arguments: values alone, scikit-learn's for undefined ones.

evaluate() is the door to the library: any metric with its parameters, its interval and its parts.
"""

import warnings

from ._arrays import Matrices, class_codes
from ._handles import Spec
from ._library import call_long, lib
from ._results import Result


class UndefinedMetricWarning(UserWarning):
    """A value is not defined and was set to a number."""


def evaluate(metric, y, prediction, sample_weight=None, level=0.95, **params):
    """A Result with value, low, high, se, n and, where the metric has them, the tables "values" and others."""
    spec = metric if isinstance(metric, Spec) else Spec(metric, **params)
    kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
    return Result._made(call_long, lib.mlsd_metric_evaluate, spec._h, *kept.pointers, level)


class _Coded:
    """y_true and y_pred as the library takes them: class numbers of the sorted labels, or 0/1 of many labels."""

    def __init__(self, y_true, y_pred, labels=None):
        import numpy as np

        y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
        if len(y_true) != len(y_pred):
            raise ValueError(f"y_true has {len(y_true)} rows and y_pred {len(y_pred)}")
        self.many = y_true.ndim == 2 and y_true.shape[1] > 1
        if self.many:
            if y_true.shape != y_pred.shape:
                raise ValueError(f"y_true has shape {y_true.shape} and y_pred {y_pred.shape}")
            self.y, self.p = y_true.astype(float), y_pred.astype(float)
            self.present = self.all = np.arange(y_true.shape[1])
        else:
            self.y, self.p = y_true.ravel(), y_pred.ravel()
            class_codes(np.concatenate([self.y, self.p]), "y_true or y_pred")
            self.present = np.unique(np.concatenate([self.y, self.p])) if len(self.y) else np.array([])
            self.all = self.present if labels is None else np.union1d(self.present, np.asarray(labels))
            self.y, self.p = (np.searchsorted(self.all, x).astype(float) for x in (self.y, self.p))
        asked = self.present if labels is None else np.asarray(labels)
        self.labels = np.searchsorted(self.all, asked).astype(float)
        self.asked = asked


def _plain(metric, y_true, y_pred, sample_weight, **params):
    coded = _Coded(y_true, y_pred)
    return evaluate(metric, coded.y, coded.p, sample_weight, float("nan"), **params).number("value")


def _count(share, y_true, sample_weight, normalize):
    if normalize:
        return share
    return share * (len(y_true) if sample_weight is None else sum(sample_weight))


def accuracy_score(y_true, y_pred, *, normalize=True, sample_weight=None):
    """Share, or with normalize=False number, of rows that are right."""
    return _count(_plain("accuracy", y_true, y_pred, sample_weight), y_true, sample_weight, normalize)


def zero_one_loss(y_true, y_pred, *, normalize=True, sample_weight=None):
    """Share, or with normalize=False number, of rows that are wrong."""
    return _count(_plain("zero_one_loss", y_true, y_pred, sample_weight), y_true, sample_weight, normalize)


def hamming_loss(y_true, y_pred, *, sample_weight=None):
    """Share of labels that are wrong."""
    return _plain("hamming_loss", y_true, y_pred, sample_weight)


def balanced_accuracy_score(y_true, y_pred, *, sample_weight=None, adjusted=False):
    """Mean of the recalls of the classes in y_true."""
    return _plain("balanced_accuracy", y_true, y_pred, sample_weight, adjusted=adjusted)


def matthews_corrcoef(y_true, y_pred, *, sample_weight=None):
    """Correlation of classes and predictions; 0 where one of them never varies."""
    value = _plain("matthews_corrcoef", y_true, y_pred, sample_weight)
    return 0.0 if value != value else value


def cohen_kappa_score(y1, y2, *, labels=None, weights=None, sample_weight=None):
    """Agreement beyond chance."""
    coded = _Coded(y1, y2, labels)
    return evaluate(
        "cohen_kappa", coded.y, coded.p, sample_weight, float("nan"), labels=list(coded.labels), weights=weights or "none"
    ).number("value")


def _count_codes(y_true, y_pred):
    """The confusion of labels that are small whole numbers: they need not be sorted first. None where they are not."""
    import numpy as np

    for a in (y_true, y_pred):
        if type(a) is not np.ndarray or a.ndim != 1 or a.dtype.str[1:] not in ("i4", "i8") or len(a) != len(y_true):
            return None
        glimpse = a[:: max(1, len(a) // 4096)]
        if len(a) == 0 or glimpse.min() < 0 or glimpse.max() > 255:
            return None
    try:
        table = evaluate("confusion_matrix", y_true, y_pred, None, float("nan")).table("confusion")
    except ValueError:  # a label that the glimpse did not see
        return None
    cells = np.column_stack([column for name, column in table.items() if name != "class"]).astype(np.int64)
    present = np.flatnonzero(cells.sum(axis=0) + cells.sum(axis=1))
    return cells[np.ix_(present, present)]


def confusion_matrix(y_true, y_pred, *, labels=None, sample_weight=None, normalize=None):
    """Weights of the rows by class and predicted class; shares of nothing are 0, as scikit-learn has it."""
    import numpy as np

    if labels is None and normalize is None and sample_weight is None:
        cells = _count_codes(y_true, y_pred)
        if cells is not None:
            return cells
    coded = _Coded(y_true, y_pred, labels)
    if coded.many:
        raise ValueError("multilabel-indicator is not supported")
    table = evaluate(
        "confusion_matrix", coded.y, coded.p, sample_weight, float("nan"),
        labels=list(coded.labels), normalize=normalize or "none",
    ).table("confusion")
    cells = np.column_stack([column for name, column in table.items() if name != "class"])
    if normalize is not None:
        return np.nan_to_num(cells)
    integer = sample_weight is None or np.asarray(sample_weight).dtype.kind in "iub"
    return cells.astype(np.int64) if integer else cells


def _rate(kind, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division, **params):
    import numpy as np

    coded = _Coded(y_true, y_pred, labels)
    if average == "binary":
        if coded.many or len(coded.present) > 2:
            raise ValueError("Target is multiclass but average='binary': choose another average setting, such as 'macro'")
        if pos_label not in coded.present and len(coded.present) >= 2:
            raise ValueError(f"pos_label={pos_label} is not a valid label: {list(coded.present)}")
        coded = _Coded(y_true, y_pred, np.union1d(coded.present, [pos_label]))
        coded.labels, average_of = [float(np.searchsorted(coded.all, pos_label))], "macro"
    else:
        average_of = average or "none"
    given = 0.0 if zero_division == "warn" else float(zero_division)
    result = evaluate(
        kind, coded.y, coded.p, sample_weight, float("nan"), labels=list(coded.labels), average=average_of,
        zero_division=given, **params,
    )
    values = result.table("values") if average_of != "samples" else None
    if values is not None and zero_division == "warn" and np.any(np.asarray(values["denominator"]) == 0):
        warnings.warn(f"{kind} is ill-defined and set to 0.0 where its denominator is 0", UndefinedMetricWarning, stacklevel=3)
    return np.asarray(values["value"]) if average is None else result.number("value")


def precision_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Share of the rows predicted as a class that are of it."""
    return _rate("precision", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)


def recall_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Share of a class's rows that are predicted as it."""
    return _rate("recall", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)


def fbeta_score(y_true, y_pred, *, beta, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Weighted harmonic mean of precision and recall."""
    return _rate("f_score", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division, beta=float(beta))


def f1_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Harmonic mean of precision and recall."""
    return _rate("f_score", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)


def jaccard_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Rows of a class predicted as it, as a share of those that are or are predicted."""
    return _rate("jaccard", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)
