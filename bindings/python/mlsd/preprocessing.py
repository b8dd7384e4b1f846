"""Transforms of features. Names as in sklearn.preprocessing; the classes are made from the table of kinds.

Columns of numbers and of categories may stand side by side: a transform of numbers leaves categories as they are, and
the other way round.
"""

from . import _inverse
from ._arrays import is_frame
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
    "polynomial_features",
    "spline_features",
    "bin",
)

_inverse.add(globals())


def _shape_bins(self, name, value):
    """Edges of each column alone, and whole numbers of bins, as scikit-learn has them."""
    import numpy as np

    if name == "n_bins":
        return value[0].astype(int)
    if name == "bin_edges":
        out = np.empty(len(value), dtype=object)
        for j, row in enumerate(value):
            out[j] = row[~np.isnan(row)] if row[0] < row[1] else np.array([-np.inf, np.inf])
        return out
    return super(KBinsDiscretizer, self)._shape_attribute(name, value)  # noqa: F821 - made above


def _fit_ordinal(self, data, X):
    """What inverse_transform needs, too: the texts of the numbers."""
    super(OrdinalEncoder, self)._fit_model(data, X)  # noqa: F821 - made above
    self.__dict__.pop("categories_", None)
    if is_frame(X):
        _inverse.learn_levels(self, X)
    return self


if "KBinsDiscretizer" in __all__:
    globals()["KBinsDiscretizer"]._shape_attribute = _shape_bins
if "OrdinalEncoder" in __all__:
    globals()["OrdinalEncoder"]._fit_model = _fit_ordinal
