"""For whom is a classifier fair, by which measure, and how sure is it? And what to do about it.

    report = mlsd.fairness.assess(y, prediction, people, by=["race", "sex"], privileged="race = white and sex = male")
    print(report.verdict)

A measure that cannot be computed is NaN, never 0. What the measures mean, and what they cannot tell: docs/fairness.md.
"""

from ._arrays import Matrices, is_frame
from ._handles import Spec, Table
from ._library import call_long, lib
from ._results import Result


def _table(groups):
    if isinstance(groups, Table):
        return groups
    if is_frame(groups):
        return Table(groups)
    import numpy as np

    columns = np.asarray(groups)
    if columns.ndim == 1:
        return Table({"group": list(columns)})
    return Table({f"group{j}": list(columns[:, j]) for j in range(columns.shape[1])})


def _list(names):
    return [names] if isinstance(names, str) else None if names is None else list(names)


def assess(y, prediction, groups, *, by=None, control=None, sample_weight=None, **params):
    """The measures of fairness of predictions (labels, or probabilities) for groups of rows.

    groups: a frame, dict or Table, whose columns `by` (all, where None) are crossed; or an array with one group a row.
    Further parameters are those of the kind "fairness": privileged, tolerance, min_ratio, min_support, positive, ...
    Tables of the result: "measures", "groups", and with probabilities "calibration" and "auc".
    """
    spec = Spec("fairness", by=_list(by), control=_list(control), **params)
    table = _table(groups)  # lives as long as the call
    kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
    return Result._made(call_long, lib.mlsd_slice_run, spec._h, table._h, *kept.pointers)


def _one(name, y_true, y_pred, sensitive_features, sample_weight, method):
    result = assess(
        y_true, y_pred, sensitive_features, sample_weight=sample_weight, method=method, min_support=1, permutations=0
    )
    return result.number(name)


def demographic_parity_difference(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Largest difference of the share of rows that class 1 is predicted for."""
    return _one("demographic_parity_difference", y_true, y_pred, sensitive_features, sample_weight, method)


def demographic_parity_ratio(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Smallest ratio of the share of rows that class 1 is predicted for."""
    return _one("demographic_parity_ratio", y_true, y_pred, sensitive_features, sample_weight, method)


def equal_opportunity_difference(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Largest difference of true positive rates."""
    return _one("equal_opportunity_difference", y_true, y_pred, sensitive_features, sample_weight, method)


def equal_opportunity_ratio(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Smallest ratio of true positive rates."""
    return _one("equal_opportunity_ratio", y_true, y_pred, sensitive_features, sample_weight, method)


def _odds(what, agg):
    if agg not in ("worst_case", "mean"):
        raise ValueError(f"agg must be 'worst_case' or 'mean', got {agg!r}")
    return f"equalized_odds_{'mean_' if agg == 'mean' else ''}{what}"


def equalized_odds_difference(
    y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None, agg="worst_case"
):
    """The larger, or the mean, of the largest differences of true and of false positive rates."""
    return _one(_odds("difference", agg), y_true, y_pred, sensitive_features, sample_weight, method)


def equalized_odds_ratio(
    y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None, agg="worst_case"
):
    """The smaller, or the mean, of the smallest ratios of true and of false positive rates."""
    return _one(_odds("ratio", agg), y_true, y_pred, sensitive_features, sample_weight, method)
