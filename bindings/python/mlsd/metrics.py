"""Metrics with intervals. The functions with scikit-learn's names return the value alone.

A value that is not defined (r2 of a constant target, roc_auc of one class) is NaN.
"""

from . import _metrics_cluster, _metrics_scores, _metrics_values
from ._metrics_cluster import *  # noqa: F403
from ._metrics_scores import *  # noqa: F403
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
from ._scorecard import Scorecard


__all__ = [
    *_metrics_cluster.__all__,
    *_metrics_scores.__all__,
    *_metrics_values.__all__,
    "Scorecard",
    "UndefinedMetricWarning",
    "accuracy_score",
    "balanced_accuracy_score",
    "cohen_kappa_score",
    "confusion_matrix",
    "evaluate",
    "f1_score",
    "fbeta_score",
    "hamming_loss",
    "jaccard_score",
    "matthews_corrcoef",
    "precision_score",
    "recall_score",
    "score",
    "zero_one_loss",
]
