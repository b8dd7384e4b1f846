"""Discriminant analysis. Names as in sklearn.discriminant_analysis; the classes are made from the table of kinds."""

from ._estimators import make_classes
from ._handles import Spec

__all__ = make_classes(__name__, "linear_discriminant_analysis", "quadratic_discriminant_analysis")


class LinearDiscriminantAnalysis(LinearDiscriminantAnalysis):  # noqa: F821 (made above)
    __doc__ = (
        LinearDiscriminantAnalysis.__doc__  # noqa: F821
        + """
shrinkage="auto" is auto_shrinkage=True.

Attributes
----------
coef_, intercept_ : one row for two classes, else one for each class, counted from the centre of the means
means_ (classes x columns), priors_, xbar_ : the means by priors
scalings_ (columns x directions), explained_variance_ratio_ : of solvers svd and eigen
covariance_ : within the classes; of svd with store_covariance=True
"""
    )

    def spec(self):
        """The Spec that fit would use."""
        params = self.get_params(deep=False)
        if isinstance(params["shrinkage"], str) and params["shrinkage"] == "auto":
            params.update(shrinkage=None, auto_shrinkage=True)
        return Spec(self._kind, **params)

    def _shape_attribute(self, name, value):
        if name in ("means", "scalings", "covariance"):
            return value
        return value[0] if name in ("priors", "xbar", "explained_variance_ratio") else super()._shape_attribute(name, value)


class QuadraticDiscriminantAnalysis(QuadraticDiscriminantAnalysis):  # noqa: F821
    __doc__ = (
        QuadraticDiscriminantAnalysis.__doc__  # noqa: F821
        + """
Attributes
----------
means_ (classes x columns), priors_
rotations_, scalings_ : for each class the axes (columns x columns) and the variances along them
covariance_ : for each class, with store_covariance=True
"""
    )

    def _shape_attribute(self, name, value):
        k = len(self.classes_)
        if name == "rotations":
            return [axes.T for axes in value.reshape(k, -1, value.shape[1])]
        if name == "covariance":
            return list(value.reshape(k, -1, value.shape[1]))
        return list(value) if name == "scalings" else value if name == "means" else super()._shape_attribute(name, value)


