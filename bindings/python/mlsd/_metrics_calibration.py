"""Are probabilities what happens? Calibration errors, and what a Brier score is made of."""

from typing import NamedTuple

from ._metrics_scores import _column, _known_classes, _labels, _numbers, _positive, _same_rows, _weights
from ._metrics_values import evaluate


class BrierParts(NamedTuple):
    """score = reliability - resolution + uncertainty + within."""

    reliability: float
    resolution: float
    uncertainty: float
    within: float
    score: float


def _coded(y_true, y_prob, sample_weight, pos_label, labels):
    """Class numbers, probabilities and weights; one column is the probability of pos_label."""
    import numpy as np

    y, _, found = _labels(_column(y_true, "y_true"))
    prob = _numbers(y_prob, "y_prob")
    _same_rows(y, prob, sample_weight)
    weight = _weights(sample_weight, len(y))
    if prob.ndim == 1 or prob.shape[1] == 1:
        if len(found) > 2:
            raise ValueError(f"y_true has {len(found)} labels: y_prob must have a column for each of them")
        return (y == _positive(found, pos_label)).astype("int64"), prob, weight
    classes = _known_classes(labels, prob.shape[1], found, "columns in y_prob")
    if len(np.setdiff1d(found, classes)):
        raise ValueError("y_true contains labels not in parameter 'labels'")
    return np.searchsorted(classes, y), prob, weight


def calibration_error(
    y_true, y_prob, *, n_bins=10, strategy="uniform", norm="l1", debiased=False, multi_class="confidence",
    sample_weight=None, pos_label=None, labels=None,
):
    """Distance between probabilities and what happens: l1 is the expected calibration error, max the largest.

    y_prob: of two labels that of pos_label; of more a column each, in the order of the labels. Then multi_class says whether
    it is of the most probable label ("confidence") or the mean over all ("classwise"). strategy: uniform or quantile bins.
    """
    y, prob, weight = _coded(y_true, y_prob, sample_weight, pos_label, labels)
    params = {"n_bins": n_bins, "strategy": strategy, "norm": norm, "debiased": debiased, "multi_class": multi_class}
    return evaluate("calibration_error", y, prob, weight, level=None, **params).number("value")


def brier_score_decomposition(
    y_true, y_prob, *, n_bins=10, strategy="uniform", debiased=False, sample_weight=None, pos_label=None, labels=None
):
    """(reliability, resolution, uncertainty, within, score) of probabilities in bins, which add up to the Brier score.

    Of more than two labels the score is the sum of the squared errors of all columns. debiased: corrected for chance.
    """
    y, prob, weight = _coded(y_true, y_prob, sample_weight, pos_label, labels)
    params = {"n_bins": n_bins, "strategy": strategy}
    table = evaluate("brier_reliability", y, prob, weight, level=None, **params).table("brier")
    return BrierParts(*(float(x) for x in table["corrected" if debiased else "value"]))


__all__ = ["BrierParts", "brier_score_decomposition", "calibration_error"]
