"""Isotonic regression. Names as in sklearn.isotonic; the class is made from the table of kinds."""

from ._arrays import is_frame
from ._estimators import make_classes
from ._handles import Spec

__all__ = make_classes(__name__, "isotonic_regression")


def _column(X):
    import numpy as np

    return X if is_frame(X) or np.ndim(X) != 1 else np.reshape(X, (-1, 1))


class IsotonicRegression(IsotonicRegression):  # noqa: F821 (made above)
    __doc__ = (
        IsotonicRegression.__doc__  # noqa: F821
        + """
increasing="auto" is auto_increasing=True. X may be one column (n x 1) or its numbers (n).

Attributes
----------
X_thresholds_, y_thresholds_ : points between which the curve is straight
X_min_, X_max_ : of the training rows
increasing_ : whether it rises
"""
    )

    _own_tags = {"X_types": ["1darray"]}

    def _data(self, X, y, sample_weight, task):
        return super()._data(_column(X), y, sample_weight, task)

    def _output(self, X, what):
        return super()._output(_column(X), what)

    def spec(self):
        """The Spec that fit would use."""
        params = self.get_params(deep=False)
        if isinstance(params["increasing"], str) and params["increasing"] == "auto":
            params.update(increasing=True, auto_increasing=True)
        return Spec(self._kind, **params)

    def transform(self, T):
        """The curve at these values (n): predict by another name."""
        return self.predict(T)

    def fit_transform(self, X, y=None, sample_weight=None):
        """fit, then transform (n)."""
        return self.fit(X, y, sample_weight).transform(X)

    def _shape_attribute(self, name, value):
        if name.endswith("thresholds"):
            return value[0]
        return bool(value[0, 0]) if name == "increasing" else float(value[0, 0])
