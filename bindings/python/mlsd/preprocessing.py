"""Transforms of features. Names as in sklearn.preprocessing; the classes are made from the table of kinds.

Columns of numbers and of categories may stand side by side: a transform of numbers leaves categories as they are, and
the other way round.
"""

from . import _inverse
from ._estimators import make_classes

__all__ = make_classes(
    __name__,
    "standardize",
    "min_max_scale",
    "max_abs_scale",
    "robust_scale",
    "quantile_transform",
    "power_transform",
    "log_transform",
    "normalize",
    "binarize",
    "one_hot",
    "ordinal_encode",
    "target_encode",
)

_inverse.add(globals())
