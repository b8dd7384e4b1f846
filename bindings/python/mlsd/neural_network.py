"""Multi-layer perceptrons. Names as in sklearn.neural_network; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "mlp_classifier", "mlp_regressor")


class _Network:
    """What the classes share."""

    def _layers(self, name):
        found = []
        while True:
            try:
                value = self._fitted().get(f"{name}_{len(found)}")
            except ValueError:
                return found
            found.append(value if name == "coefs" else value.ravel())

    def fit_more(self, X, y, sample_weight=None, **params):
        """Go on from where the network is, for up to max_iter more epochs, and return self.

        The solver goes on with what it remembers. params, such as learning_rate_init, are for these epochs only. Of a classifier, labels
        of y are two or more of those of the first fit.
        """
        spec = self.spec()
        for name, value in params.items():
            spec.set(name, value)
        self.model_ = self._fitted().fit_more(self._more_data(X, y, sample_weight), spec)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One epoch over these rows; the first call must see all labels, which `classes` may list."""
        params = {"max_iter": 1, "early_stopping": False}
        if "model_" in self.__dict__:
            return self.fit_more(X, y, sample_weight, **params)
        if classes is not None and len(set(classes) - set(y)) > 0:
            raise ValueError(f"the first call of partial_fit must see all classes; y lacks {sorted(set(classes) - set(y))[0]!r}")
        before = {name: getattr(self, name) for name in params}
        try:
            return self.set_params(**params).fit(X, y, sample_weight)
        finally:
            self.set_params(**before)

    @property
    def coefs_(self):
        """Weights of each layer (units in x units out)."""
        return self._layers("coefs")

    @property
    def intercepts_(self):
        """Biases of each layer (units out)."""
        return self._layers("intercepts")

    @property
    def n_layers_(self):
        """Layers, with the input and the output."""
        return len(self.coefs_) + 1

    def _shape_attribute(self, name, value):
        if name in ("loss", "valid_loss", "best_iter", "sparsity") and value.size == 1:
            return float(value[0, 0])
        if name == "loss_curve":
            return value.ravel().tolist()
        return super()._shape_attribute(name, value)


_ATTRIBUTES = """
Attributes
----------
coefs_, intercepts_ : of each layer: weights (units in x units out) and biases
batch_norm_0_, batch_norm_stats_0_ : of hidden layer 0: gains and shifts; means and variances
embedding_0_ : of the first category column: levels x embedding_dim
loss_, valid_loss_, best_iter_ : of the epoch whose state is kept
sparsity_ : share of the weights that is 0
loss_curve_ : training loss of the first 1000 epochs, without the penalty
n_iter_, converged_, stop_reason_ : how the training ended

Numbers of columns go in as they are: scale them first.
"""


class MLPClassifier(_Network, MLPClassifier):  # noqa: F821 (made above)
    __doc__ = MLPClassifier.__doc__ + _ATTRIBUTES  # noqa: F821

    def _more_data(self, X, y, sample_weight):
        import numpy as np

        y = np.asarray(y)
        unknown = ~np.isin(y, self.classes_)
        if unknown.any():
            raise ValueError(f"y has {y[unknown][0]!r}, which is no label of the first fit")
        codes = np.searchsorted(self.classes_, y)
        numbers = self.classes_.dtype.kind in "iuf"
        target = self.classes_[codes] if numbers or self.classes_.dtype.kind in "OU" and hasattr(X, "columns") else codes
        return self._data(X, target, sample_weight, "binary" if len(self.classes_) == 2 else "multiclass")


class MLPRegressor(_Network, MLPRegressor):  # noqa: F821
    __doc__ = MLPRegressor.__doc__ + _ATTRIBUTES  # noqa: F821

    def partial_fit(self, X, y, sample_weight=None):
        """One epoch over these rows."""
        return super().partial_fit(X, y, None, sample_weight)

    def _more_data(self, X, y, sample_weight):
        return self._data(X, y, sample_weight, "regression")
