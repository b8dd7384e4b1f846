"""Metrics with intervals. The functions with scikit-learn's names return the value alone."""

from ._handles import score


def _classes(y_true, labels=None):
    import numpy as np

    return np.unique(np.asarray(y_true), return_inverse=True) if labels is None else (labels, np.searchsorted(labels, y_true))


def accuracy_score(y_true, y_pred, *, sample_weight=None):
    """Share of labels that are right."""
    import numpy as np

    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    labels = np.unique(np.concatenate([y_true, y_pred]))
    codes = [np.searchsorted(labels, y).astype(np.int64) for y in (y_true, y_pred)]
    return score("accuracy", *codes, sample_weight)[0]


def mean_absolute_error(y_true, y_pred, *, sample_weight=None):
    """Mean of the absolute errors."""
    return score("mae", y_true, y_pred, sample_weight)[0]


def mean_squared_error(y_true, y_pred, *, sample_weight=None, squared=True):
    """Mean of the squared errors, or its root."""
    rmse = score("rmse", y_true, y_pred, sample_weight)[0]
    return rmse * rmse if squared else rmse


def r2_score(y_true, y_pred, *, sample_weight=None):
    """1 - squared errors over squared deviations from the mean."""
    return score("r2", y_true, y_pred, sample_weight)[0]


def log_loss(y_true, y_pred, *, sample_weight=None, labels=None):
    """Minus the mean logarithm of the probability given to what happened."""
    return score("log_loss", _classes(y_true, labels)[1], y_pred, sample_weight)[0]


def roc_auc_score(y_true, y_score, *, sample_weight=None, labels=None):
    """Area under the ROC curve; one-vs-rest mean for more than two classes."""
    return score("roc_auc", _classes(y_true, labels)[1], y_score, sample_weight)[0]


def brier_score_loss(y_true, y_prob, *, sample_weight=None, labels=None):
    """Mean squared difference between probability and outcome."""
    return score("brier", _classes(y_true, labels)[1], y_prob, sample_weight)[0]


__all__ = [
    "accuracy_score",
    "brier_score_loss",
    "log_loss",
    "mean_absolute_error",
    "mean_squared_error",
    "r2_score",
    "roc_auc_score",
    "score",
]
