"""Metrics with intervals. The functions with scikit-learn's names return the value alone.

A value that is not defined (r2 of a constant target, roc_auc of one class) is NaN.
"""

from . import _metrics_calibration, _metrics_cluster, _metrics_labels, _metrics_scores, _metrics_values
from ._metrics_calibration import *  # noqa: F403
from ._metrics_cluster import *  # noqa: F403
from ._metrics_scores import *  # noqa: F403
from ._metrics_values import *  # noqa: F403
from ._metrics_labels import *  # noqa: F403
from ._metrics_values import UndefinedMetricWarning
from ._results import score
from ._scorecard import Scorecard
from ._scorers import check_scoring, get_scorer, get_scorer_names, make_scorer

__all__ = [
    *_metrics_calibration.__all__,
    *_metrics_cluster.__all__,
    *_metrics_labels.__all__,
    *_metrics_scores.__all__,
    *_metrics_values.__all__,
    "Scorecard",
    "UndefinedMetricWarning",
    "check_scoring",
    "get_scorer",
    "get_scorer_names",
    "make_scorer",
    "score",
]
