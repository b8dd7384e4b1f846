"""Forecasters: the next values of one series. The classes are made from the table of kinds.

    model = mlsd.time_series.ExponentialSmoothing(trend="add", seasonal="mul", seasonal_periods=12).fit(y)
    model.predict(24)  # the next 24 values

They also take scikit-learn's way, fit(X, y) and predict(X), inside cross-validation by TimeSeriesSplit and the like: the
columns of X are not read, its rows count.
"""

import numbers
import statistics

from ._estimators import make_classes
from ._library import user_warnings

__all__ = make_classes(__name__, "naive_forecaster", "exponential_smoothing", "auto_reg")


class _Forecaster:
    """What forecasters share: the series alone as the data, steps instead of rows, and prediction intervals."""

    _ARRAYS = ("coef", "last", "initial_seasons", "seasons")
    _COUNTS = ("n_iter", "converged", "n_obs", "lags")
    _own_tags = {"poor_score": True, "allow_nan": True}

    def fit(self, X, y=None, sample_weight=None):
        """Fit to a series: fit(y), its values in the order of time; or fit(X, y), whose X is not read."""
        import numpy as np

        if y is None and np.ndim(X) == 1:
            X, y = np.zeros((len(X), 1)), X
        return super().fit(X, y, sample_weight)

    def _fit_model(self, data, X):
        with user_warnings():
            return super()._fit_model(data, X)

    def predict(self, X):
        """The next values: predict(steps), or predict(X) for as many as X has rows."""
        return super().predict(self._rows(X))

    def _rows(self, X):
        import numpy as np

        if not isinstance(X, numbers.Integral):
            return X
        if X < 0:
            raise ValueError(f"steps must be at least 0, got {X}")
        return np.zeros((int(X), self._fitted().n_features))

    def _shape_attribute(self, name, value):
        if name in self._ARRAYS or (name == "level" and self._kind == "naive_forecaster"):
            return value[0]
        return int(value[0, 0]) if name in self._COUNTS else float(value[0, 0])

    def predict_interval(self, X, level=0.95):
        """Lower and upper bounds (n x 2) of the next values, each at the given level.

        Normal residuals of constant variance; the error of the estimated parameters is left out, but for the mean's and the
        drift's (Hyndman & Athanasopoulos 2021, Forecasting: Principles and Practice, sections 5.5 and 8.7).
        """
        import numpy as np

        if not 0 < level < 1:
            raise ValueError(f"level must be between 0 and 1, got {level}")
        value = self.predict(X)
        deviation = self.residual_sd_ * np.sqrt(self._variance(len(value)))
        reach = statistics.NormalDist().inv_cdf(0.5 + level / 2) * deviation
        return np.column_stack([value - reach, value + reach])

    def _variance(self, n):
        """Of the errors 1 .. n steps ahead, in variances of the residuals: 1 + the squares of how far an error is carried."""
        import numpy as np

        return np.cumsum(np.r_[1.0, self._carried(n - 1) ** 2])[:n]


class NaiveForecaster(_Forecaster, NaiveForecaster):  # noqa: F821 (made above)
    __doc__ = (
        NaiveForecaster.__doc__  # noqa: F821
        + """
Attributes
----------
level_, slope_ : the forecast of step h is level_[(h - 1) % sp] + slope_ * h
residual_sd_, n_obs_ : standard deviation of the one-step residuals, and the rows
"""
    )

    def _variance(self, n):
        import numpy as np

        steps, rows = np.arange(1.0, n + 1), self.n_obs_
        if self.strategy == "drift":
            return steps * (1 + steps / (rows - 1))
        if self.strategy == "mean":
            return np.full(n, 1 + self.sp / rows)
        return np.ceil(steps / self.sp)


class ExponentialSmoothing(_Forecaster, ExponentialSmoothing):  # noqa: F821
    __doc__ = (
        ExponentialSmoothing.__doc__  # noqa: F821
        + """
Attributes
----------
smoothing_level_, smoothing_trend_, smoothing_seasonal_, damping_trend_ : given or estimated
initial_level_, initial_trend_, initial_seasons_ : states before the first row
level_, trend_, seasons_ : states after the last row; seasons_[0] is that of the next row
sse_, residual_sd_, aic_, bic_ : squares of the one-step errors, and what follows from them
n_obs_, n_iter_, converged_ : rows, and how the minimum was reached
"""
    )

    def _carried(self, n):
        import numpy as np

        if self.seasonal == "mul":
            raise ValueError("there is no formula for intervals where seasons multiply; set seasonal='add'")
        steps, phi = np.arange(1.0, n + 1), self.damping_trend_
        trend = np.cumsum(phi**steps) if self.trend == "add" else 0.0
        seasons = self.smoothing_seasonal_ * (steps % self.seasonal_periods == 0) if self.seasonal == "add" else 0.0
        return self.smoothing_level_ * (1 + self.smoothing_trend_ * trend) + seasons * np.ones(n)


class AutoReg(_Forecaster, AutoReg):  # noqa: F821
    __doc__ = (
        AutoReg.__doc__  # noqa: F821
        + """
Attributes
----------
coef_, intercept_, trend_ : of the last values (the latest first), the constant, and of time counted from 1
lags_ : their number, given or chosen
sse_, residual_sd_, aic_, bic_ : squares of the one-step errors, and what follows from them
last_, n_obs_ : the values that forecasts start from, and the rows
"""
    )

    def _carried(self, n):
        import numpy as np

        out = np.zeros(n + 1)
        out[0] = 1.0
        for j in range(1, n + 1):
            lags = min(j, len(self.coef_))
            out[j] = self.coef_[:lags] @ out[j - lags : j][::-1]
        return out[1:]
