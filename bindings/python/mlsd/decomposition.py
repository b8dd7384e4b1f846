"""Decompositions of matrices. Names as in sklearn.decomposition; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "pca", "truncated_svd")

_ATTRIBUTES = """
Attributes
----------
components_ : (components x columns), each of length 1; its number largest in absolute value is positive
explained_variance_, explained_variance_ratio_, singular_values_ : one for each component
"""


class _Projection:
    def _shape_attribute(self, name, value):
        if name == "noise_variance":
            return float(value[0, 0])
        return value if name == "components" else value[0]

    @property
    def n_components_(self):
        """How many components there are."""
        return len(self.components_)

    def _spread(self):
        return 1.0

    def _origin(self):
        return 0.0

    def inverse_transform(self, X):
        """Rows in the space of the columns (n x columns) from coordinates (n x components)."""
        import numpy as np

        return (np.asarray(X, dtype=float) * self._spread()) @ self.components_ + self._origin()


class PCA(_Projection, PCA):  # noqa: F821 (made above)
    __doc__ = (
        PCA.__doc__  # noqa: F821
        + _ATTRIBUTES
        + """mean_ : one for each column
noise_variance_ : mean variance of the directions left out
"""
    )

    def _spread(self):
        return self.explained_variance_**0.5 if self.whiten else 1.0

    def _origin(self):
        return self.mean_

    def get_covariance(self):
        """Covariance of the columns by the model: that of the components, and the same noise in every other direction."""
        import numpy as np

        excess = np.maximum(self.explained_variance_ - self.noise_variance_, 0)
        return (self.components_.T * excess) @ self.components_ + self.noise_variance_ * np.eye(self.n_features_in_)


class TruncatedSVD(_Projection, TruncatedSVD):  # noqa: F821
    __doc__ = TruncatedSVD.__doc__ + _ATTRIBUTES  # noqa: F821
