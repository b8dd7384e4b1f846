"""Metrics with intervals. The functions with scikit-learn's names return the value alone.

A value that is not defined (r2 of a constant target, roc_auc of one class) is NaN.
"""

from . import _metrics_cluster, _metrics_values
from ._arrays import class_codes, codes_among
from ._metrics_cluster import *  # noqa: F403
from ._metrics_values import *  # noqa: F403
from ._metrics_labels import (
    UndefinedMetricWarning,
    accuracy_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    confusion_matrix,
    evaluate,
    f1_score,
    fbeta_score,
    hamming_loss,
    jaccard_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
    zero_one_loss,
)
from ._results import score


def _code_labels(y_true, labels, n_columns):
    """Class numbers of y_true; n_columns probabilities tell how many classes there are."""
    import numpy as np

    if labels is None:
        found, codes = class_codes(y_true, "y_true")
    else:
        found = np.unique(np.asarray(labels))
        codes = codes_among(found, y_true, "y_true")
    if len(found) != n_columns:
        hint = "" if labels is not None else "; give labels"
        raise ValueError(f"y_true has {len(found)} labels, but the predictions are for {n_columns}{hint}")
    return codes


def _score_classes(metric, y_true, y_pred, sample_weight, labels):
    import numpy as np

    y_pred = np.asarray(y_pred)
    n_columns = 2 if y_pred.ndim == 1 or y_pred.shape[1] == 1 else y_pred.shape[1]
    return score(metric, _code_labels(y_true, labels, n_columns), y_pred, sample_weight)[0]


def log_loss(y_true, y_pred, *, sample_weight=None, labels=None):
    """Minus the mean logarithm of the probability given to what happened."""
    return _score_classes("log_loss", y_true, y_pred, sample_weight, labels)


def roc_auc_score(y_true, y_score, *, sample_weight=None, labels=None):
    """Area under the ROC curve; one-vs-rest mean for more than two classes."""
    return _score_classes("roc_auc", y_true, y_score, sample_weight, labels)


def brier_score_loss(y_true, y_prob, *, sample_weight=None, labels=None):
    """Mean squared difference between probability and outcome."""
    return _score_classes("brier", y_true, y_prob, sample_weight, labels)


__all__ = [
    "UndefinedMetricWarning",
    "accuracy_score",
    "balanced_accuracy_score",
    "brier_score_loss",
    "cohen_kappa_score",
    "confusion_matrix",
    "evaluate",
    "f1_score",
    "fbeta_score",
    "hamming_loss",
    "jaccard_score",
    "log_loss",
    "matthews_corrcoef",
    "precision_score",
    "recall_score",
    "roc_auc_score",
    "score",
    "zero_one_loss",
]
