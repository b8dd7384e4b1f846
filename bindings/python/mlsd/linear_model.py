"""Linear models. Names as in sklearn.linear_model; the classes are made from the table of kinds."""

from ._estimators import make_classes

__all__ = make_classes(
    __name__,
    "linear_regression",
    "ridge",
    "ridge_cv",
    "lasso",
    "lasso_cv",
    "elastic_net",
    "elastic_net_cv",
    "logistic_regression",
    "logistic_regression_cv",
    "sgd_classifier",
    "sgd_regressor",
)


class LinearRegression(LinearRegression):  # noqa: F821 (made above)
    __doc__ = (
        LinearRegression.__doc__  # noqa: F821
        + """
Attributes
----------
coef_, intercept_, std_error_, t_value_, p_value_ : one for each column; intercept_std_error_ and so on
interval_, intercept_interval_ : lower bounds, upper bounds, at `level`
covariance_ : of the coefficients, the intercept last; of models with up to 512 columns
r2_, adjusted_r2_, f_value_, f_p_value_, df_model_, df_residual_, residual_std_error_
rank_, condition_, singular_ : condition of the centred columns brought to one length
n_refinements_ : passes in double-double; 0 where the answer is that of accuracy="fast"
dependencies_ : which columns are combinations of which others

A weight counts how often its row was seen. NaN is what the data does not tell.
"""
    )

    def _shape_attribute(self, name, value):
        if name in ("coef", "interval", "singular", "covariance", "dependence", "mean", "std_error", "t_value", "p_value"):
            return value[0] if value.shape[0] == 1 and name not in ("covariance", "dependence") else value
        if name == "intercept_interval":
            return value.ravel()
        if name == "n_refinements":
            return int(value[0, 0])
        return float(value[0, 0]) if value.size == 1 and name != "rank" else super()._shape_attribute(name, value)

    @property
    def dependencies_(self):
        """A line for each column that depends on columns before it; empty where the rank is full."""
        names = self._fitted().feature_names
        lines = []
        for row in self.model_.get("dependence"):
            *others, own = row.nonzero()[0]
            of = ", ".join(repr(names[i]) for i in others)
            nothing = "constant" if self.fit_intercept else "0 in every row"
            lines.append(f"column {names[own]!r} is " + (f"a combination of {of}" if others else nothing))
        return lines

    def predict_interval(self, X, new=True):
        """Lower and upper bounds (n x 2) at the model's `level`: of new observations, or of their mean (new=False)."""
        import numpy as np

        covariance, p = self.covariance_, self.n_features_in_
        if p > 0 and covariance.size == 0:
            raise ValueError(f"a model of {p} columns keeps no covariance; fit with at most 512 columns")
        distance = np.asarray(X, dtype=float) - self.mean_
        variance = np.einsum("ij,jk,ik->i", distance, covariance[:p, :p], distance)
        residual = self.residual_std_error_**2
        if self.model_.get("intercept_std_error").size:
            variance = variance + residual / self.weight_sum_
        reach = self.t_quantile_ * np.sqrt(variance + (residual if new else 0))
        value = self.predict(X)
        return np.column_stack([value - reach, value + reach])
