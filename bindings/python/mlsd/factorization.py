"""Factorization machines. The classes are made from the table of kinds; scikit-learn has none like them."""

from ._estimators import make_classes

__all__ = make_classes(__name__, "factorization_machine_classifier", "factorization_machine_regressor")


class _Machine:
    """What the classes share."""

    def _shape_attribute(self, name, value):
        if name == "factors":
            return value.reshape(-1, self.n_features_in_, value.shape[1]) if value.shape[0] != self.n_features_in_ else value
        return super()._shape_attribute(name, value)


_ATTRIBUTES = """
Attributes
----------
coef_, intercept_ : of the columns alone
factors_ : columns x n_factors (of more than two classes: class by class); the product of two rows is what their two columns weigh together
n_iter_, converged_, stop_reason_, loss_, valid_loss_, best_iter_ : how the training ended

Numbers of columns go in as they are: scale them first.
"""


class FactorizationMachineClassifier(_Machine, FactorizationMachineClassifier):  # noqa: F821 (made above)
    __doc__ = FactorizationMachineClassifier.__doc__ + _ATTRIBUTES  # noqa: F821


class FactorizationMachineRegressor(_Machine, FactorizationMachineRegressor):  # noqa: F821
    __doc__ = FactorizationMachineRegressor.__doc__ + _ATTRIBUTES  # noqa: F821
