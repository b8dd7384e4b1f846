"""Linear models. Names as in sklearn.linear_model; the classes are made from the table of kinds."""

from ._estimators import make_classes
from ._further import ClassifierGoesOn, RegressorGoesOn
from ._handles import VALUE, Spec
from ._library import user_warnings

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
    "passive_aggressive_classifier",
    "passive_aggressive_regressor",
    "poisson_regressor",
    "gamma_regressor",
    "tweedie_regressor",
    "huber_regressor",
    "quantile_regressor",
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
n_refinements_ : passes in double-double
dependencies_ : which columns are combinations of which others

With y of several columns there is a row (or a number) for each target.
A weight counts how often its row was seen. NaN is what the data does not tell.
"""
    )

    def _shape_attribute(self, name, value):
        n_targets = self.model_.n_outputs(VALUE)
        if n_targets > 1 and value.size and name in ("interval", "covariance"):
            return value.reshape(n_targets, -1, value.shape[1])
        if n_targets > 1 and name == "intercept_interval":
            return value.reshape(n_targets, value.size // n_targets)
        if n_targets > 1 and value.shape[1] == 1 and value.shape[0] == n_targets:
            return value.ravel()
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

        if self.model_.n_outputs(VALUE) > 1:
            raise ValueError("intervals of predictions are for models of one target")
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


class _Warns:
    """What the fit remarks, such as that it did not converge, is a UserWarning."""

    def _fit_model(self, data, X):
        with user_warnings():
            return super()._fit_model(data, X)


class LogisticRegression(_Warns, LogisticRegression):  # noqa: F821 (made above)
    __doc__ = LogisticRegression.__doc__  # noqa: F821


class LogisticRegressionCV(_Warns, LogisticRegressionCV):  # noqa: F821
    __doc__ = LogisticRegressionCV.__doc__  # noqa: F821


class _Enet(_Warns):
    """What the classes of lasso and elastic net share: warnings, and attributes in scikit-learn's shapes."""

    _ROWS = ("coef", "alphas", "intercept_path", "dual_gaps")

    def _shape_attribute(self, name, value):
        if name in ("dual_gap", "l1_ratio"):
            return float(value[0, 0])
        if name == "n_iters":
            return value.ravel().astype(int)
        if name in self._ROWS and value.shape[0] <= 1:
            return value.ravel()
        if name == "mse_path":
            n_ratios = len(self.model_.get("alphas"))
            return value.reshape(n_ratios, -1, value.shape[1]) if n_ratios > 1 else value
        if name == "alphas" and self.alphas is not None:
            return value[0]
        return value if name in ("coef_path", "alphas") else super()._shape_attribute(name, value)


_PATH = """
Attributes
----------
coef_, intercept_ : of `alpha`
dual_gap_, n_iter_, converged_ : how far the objective may be above its minimum, after how many sweeps
alphas_, coef_path_ (penalties x columns), intercept_path_, dual_gaps_, n_iters_ : of the path, where there is one
"""

_CHOICE = """
Attributes
----------
alpha_, l1_ratio_ : what was chosen
coef_, intercept_, dual_gap_, n_iter_, converged_ : of the model with that, fitted to all rows
alphas_, mse_path_ (penalties x folds) : with several shares of L1 one more axis, the first
coef_path_ (penalties x columns), intercept_path_, dual_gaps_, n_iters_ : of all rows, at the share chosen
"""


class Lasso(_Enet, Lasso):  # noqa: F821 (made above)
    __doc__ = Lasso.__doc__ + _PATH  # noqa: F821


class ElasticNet(_Enet, ElasticNet):  # noqa: F821
    __doc__ = ElasticNet.__doc__ + _PATH  # noqa: F821


class LassoCV(_Enet, LassoCV):  # noqa: F821
    __doc__ = LassoCV.__doc__ + _CHOICE  # noqa: F821


class ElasticNetCV(_Enet, ElasticNetCV):  # noqa: F821
    __doc__ = ElasticNetCV.__doc__ + _CHOICE  # noqa: F821

    def spec(self):
        """The Spec that fit would use; one share of L1 may be given as a number."""
        params = self.get_params(deep=False)
        if isinstance(params["l1_ratio"], (int, float)):
            params["l1_ratio"] = [params["l1_ratio"]]
        return Spec(self._kind, **params)


class _Scored(_Warns):
    """What regressors of one linear score share: warnings, and fitted numbers that are plain numbers."""

    def _shape_attribute(self, name, value):
        if name in ("coef", "outlier_rows"):
            return value[0]
        return int(value[0, 0]) if name in ("n_iter", "converged", "n_rows") else float(value[0, 0])


class _Tweedie(_Scored):
    """The generalised linear models, scored by the share of the deviance that they explain."""

    _power = None  # of TweedieRegressor its parameter

    def score(self, X, y, sample_weight=None):
        """D squared: the share of the deviance about the mean of y that the model explains, as scikit-learn's."""
        import numpy as np

        y, weight = np.asarray(y, dtype=float).ravel(), sample_weight
        power = self.power if self._power is None else self._power
        about_mean = _deviance(power, y, np.full(len(y), np.average(y, weights=weight)), weight)
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(1 - np.float64(_deviance(power, y, self.predict(X), weight)) / about_mean)


def _deviance(power, y, mean, weight):
    """Mean unit deviance of a Tweedie distribution (McCullagh & Nelder 1989, section 2.3)."""
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        if power == 0:
            unit = (y - mean) ** 2
        elif power == 1:
            unit = 2 * (np.where(y > 0, y * np.log(np.where(y > 0, y, 1) / mean), 0) - y + mean)
        elif power == 2:
            unit = 2 * (np.log(mean / y) + y / mean - 1)
        else:
            own = np.maximum(y, 0) ** (2 - power) / ((1 - power) * (2 - power))
            unit = 2 * (own - y * mean ** (1 - power) / (1 - power) + mean ** (2 - power) / (2 - power))
    return np.average(unit, weights=weight)


_GLM = """
Attributes
----------
coef_, intercept_ : of the linear score
deviance_, null_deviance_, d2_ : sum over the rows; that of the mean; one minus their ratio
objective_, n_iter_, converged_ : half the mean deviance plus the penalty, and how it was reached

Counts with different exposures: fit count / exposure with sample_weight=exposure.
"""


class PoissonRegressor(_Tweedie, PoissonRegressor):  # noqa: F821 (made above)
    __doc__ = PoissonRegressor.__doc__ + _GLM  # noqa: F821
    _power = 1
    _own_tags = {"requires_positive_y": True}


class GammaRegressor(_Tweedie, GammaRegressor):  # noqa: F821
    __doc__ = GammaRegressor.__doc__ + _GLM  # noqa: F821
    _power = 2
    _own_tags = {"requires_positive_y": True}


class TweedieRegressor(_Tweedie, TweedieRegressor):  # noqa: F821
    __doc__ = TweedieRegressor.__doc__ + _GLM  # noqa: F821


class HuberRegressor(_Scored, HuberRegressor):  # noqa: F821
    __doc__ = (
        HuberRegressor.__doc__  # noqa: F821
        + """
Attributes
----------
coef_, intercept_, scale_ : the model, and the scale of its residuals
outliers_ : for each row of training, whether its residual is beyond epsilon * scale_
objective_, n_iter_, converged_ : the minimum, and how it was reached
"""
    )

    @property
    def outliers_(self):
        """For each row of training, whether its residual is beyond epsilon * scale_."""
        import numpy as np

        if "model_" not in self.__dict__:
            raise AttributeError("outliers_ is there once fit was called")
        mask = np.zeros(self.n_rows_, dtype=bool)
        mask[self.outlier_rows_.astype(np.int64)] = True
        return mask


class QuantileRegressor(_Scored, QuantileRegressor):  # noqa: F821
    __doc__ = (
        QuantileRegressor.__doc__  # noqa: F821
        + """
Attributes
----------
coef_, intercept_ : of one of the best vertices
objective_, dual_gap_, n_iter_, converged_ : the minimum, what the dual solution leaves of it, and the pivots to it
"""
    )


class SGDClassifier(ClassifierGoesOn, SGDClassifier):  # noqa: F821
    __doc__ = SGDClassifier.__doc__  # noqa: F821


class SGDRegressor(RegressorGoesOn, SGDRegressor):  # noqa: F821
    __doc__ = SGDRegressor.__doc__  # noqa: F821


def enet_path(X, y, *, l1_ratio=0.5, eps=1e-3, n_alphas=100, alphas=None, positive=False, fit_intercept=False,
              sample_weight=None, **params):
    """Elastic net down a path of penalties: (alphas, coefs (columns x penalties), dual gaps), as scikit-learn's enet_path."""
    strongest = 1.0 if alphas is None else max(alphas)  # the model's own penalty, which nobody asks for
    model = ElasticNet(alpha=strongest, l1_ratio=l1_ratio, eps=eps, n_alphas=n_alphas, alphas=alphas, positive=positive,
                       fit_intercept=fit_intercept, **params).fit(X, y, sample_weight)
    return model.alphas_, model.coef_path_.T, model.dual_gaps_


def lasso_path(X, y, **params):
    """Lasso down a path of penalties, as enet_path."""
    return enet_path(X, y, l1_ratio=1.0, **params)


__all__ += ["enet_path", "lasso_path"]
