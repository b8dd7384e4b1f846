"""Multi-layer perceptrons. Names as in sklearn.neural_network; the classes are made from the table of kinds."""

from ._estimators import make_classes
from ._further import ClassifierGoesOn, RegressorGoesOn

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


class MLPClassifier(ClassifierGoesOn, _Network, MLPClassifier):  # noqa: F821 (made above)
    __doc__ = MLPClassifier.__doc__ + _ATTRIBUTES  # noqa: F821


class MLPRegressor(RegressorGoesOn, _Network, MLPRegressor):  # noqa: F821
    __doc__ = MLPRegressor.__doc__ + _ATTRIBUTES.replace(  # noqa: F821
        "loss_, valid_loss_", "target_mean_, target_scale_ : what the target is standardised by, with scale_target\nloss_, valid_loss_"
    )
