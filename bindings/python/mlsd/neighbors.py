"""Nearest neighbors. Names as in sklearn.neighbors; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "k_neighbors_classifier", "k_neighbors_regressor", "nearest_centroid")


class _Neighbors:
    """What the classes share."""

    def kneighbors(self, X, n_neighbors=None, return_distance=True):
        """Distances to the training rows nearest to each row of X (n x n_neighbors), and their numbers; or the latter alone."""
        data = self._data(X, None, None, "none")
        distance, index = self._fitted().neighbors(data, self.n_neighbors if n_neighbors is None else n_neighbors)
        return (distance, index) if return_distance else index

    @property
    def effective_metric_(self):
        """The metric by its own name: minkowski of power 1 is manhattan, of power 2 euclidean."""
        self._fitted()
        return {1: "manhattan", 2: "euclidean"}.get(self.p, self.metric) if self.metric == "minkowski" else self.metric

    def _shape_attribute(self, name, value):
        if name in ("n_samples_fit", "uses_tree"):
            return int(value[0, 0])
        return super()._shape_attribute(name, value)


_ATTRIBUTES = """
Attributes
----------
n_samples_fit_ : training rows of positive weight
uses_tree_ : whether they are searched by a tree
effective_metric_ : the metric by its own name

A weight counts how often its row was seen. Which neighbors are found does not depend on `algorithm`.
"""


class KNeighborsClassifier(_Neighbors, KNeighborsClassifier):  # noqa: F821 (made above)
    __doc__ = KNeighborsClassifier.__doc__ + _ATTRIBUTES  # noqa: F821


class KNeighborsRegressor(_Neighbors, KNeighborsRegressor):  # noqa: F821
    __doc__ = KNeighborsRegressor.__doc__ + _ATTRIBUTES  # noqa: F821


class NearestCentroid(NearestCentroid):  # noqa: F821
    __doc__ = NearestCentroid.__doc__ + """
Attributes
----------
centroids_ : the classes' centres
class_count_ : their weights
"""  # noqa: F821

    def _shape_attribute(self, name, value):
        return value if name == "centroids" else super()._shape_attribute(name, value)
