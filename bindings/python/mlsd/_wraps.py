"""What an estimator around another one needs: parameters of both by name, as scikit-learn's meta-estimators have them."""

from ._estimators import Estimator


class Wraps:
    """Parameters of the estimator inside as estimator__<name>."""

    _required_parameters = ("estimator",)  # for scikit-learn's checks

    def get_params(self, deep=True):
        """Parameters by name, and with deep the estimator's as estimator__<name>."""
        params = super().get_params(deep=False)
        if deep and hasattr(self.estimator, "get_params"):
            params.update({f"estimator__{name}": value for name, value in self.estimator.get_params().items()})
        return params

    def set_params(self, **params):
        """Set parameters, the estimator's as estimator__<name>, and return self."""
        nested = {name: params.pop(name) for name in list(params) if name.startswith("estimator__")}
        super().set_params(**params)
        if nested:
            self.estimator.set_params(**{name.partition("__")[2]: value for name, value in nested.items()})
        return self

    def _more_tags(self):
        child = self.estimator._more_tags() if isinstance(self.estimator, Estimator) else {}
        return {**super()._more_tags(), **child}

    def _see(self, X):
        if isinstance(self.estimator, Estimator):
            self.estimator._see(X)
