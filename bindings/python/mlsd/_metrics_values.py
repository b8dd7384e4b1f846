"""Metrics of numbers, quantiles, intervals, series and survival times. scikit-learn's names return the value alone.

`evaluate` gives the interval as well. An undefined value is NaN, but where scikit-learn's force_finite asks for a number.
"""

import math
import warnings

from ._arrays import Matrices, _as_numbers
from ._errors import InputError, named_as_sklearns
from ._handles import Spec
from ._library import call_long, lib
from ._results import Result

_MULTIOUTPUT = ("raw_values", "uniform_average", "variance_weighted")


def evaluate(metric, y_true, y_pred, sample_weight=None, *, level=0.95, **params):
    """One metric, by its kind (mlsd.kinds("metric")) with parameters: a Result.

    Its numbers are value, low, high, se, n, n_effective, numerator and denominator; table "values" has a row a class,
    label or output, where the metric has them.
    """
    spec = metric if isinstance(metric, Spec) else Spec(metric, **params)
    arrays = Matrices(y_true=y_true, y_pred=y_pred, sample_weight=sample_weight)
    level = math.nan if level is None else level
    return Result._made(call_long, lib.mlsd_metric_evaluate, spec._h, *arrays.pointers, level)


class UndefinedMetricWarning(UserWarning):
    """A metric is not defined for these rows."""


def _warn_undefined(text):
    warnings.warn(text, named_as_sklearns(UndefinedMetricWarning, "UndefinedMetricWarning"), stacklevel=4)


def _columns(values, name):
    """An array of finite numbers, of at least one row and of one or more columns."""
    import numpy as np

    values = _as_numbers(values, name)
    if values.ndim == 1:
        values = values.reshape(-1, 1)
    if values.ndim != 2:
        raise InputError(f"{name} must have 1 or 2 dimensions, got {values.ndim}")
    if len(values) == 0:
        raise InputError(f"{name} has no rows, a minimum of 1 is required")
    if values.dtype.kind == "f" and not np.isfinite(values.sum()) and not np.isfinite(values).all():
        raise InputError(f"{name} contains {'NaN' if np.isnan(values).any() else 'infinity'}")
    return values


def _pair(y_true, y_pred, sample_weight):
    y_true, y_pred = _columns(y_true, "y_true"), _columns(y_pred, "y_pred")
    n = [len(y_true), len(y_pred)] + ([] if sample_weight is None else [len(sample_weight)])
    if len(set(n)) > 1:
        raise InputError(f"Found input variables with inconsistent numbers of samples: {n}")
    if y_true.shape[1] != y_pred.shape[1]:
        raise InputError(f"y_true and y_pred have different number of output ({y_true.shape[1]}!={y_pred.shape[1]})")
    return y_true, y_pred


def _check_multioutput(multioutput, n_outputs, by_variance):
    import numpy as np

    if isinstance(multioutput, str):
        if multioutput not in _MULTIOUTPUT:
            raise ValueError(f"Allowed 'multioutput' string values are {_MULTIOUTPUT}. You provided {multioutput=}")
        if multioutput == "variance_weighted" and not by_variance:
            raise ValueError(
                "multioutput is expected to be 'raw_values' or 'uniform_average' but we got 'variance_weighted' instead."
            )
        return multioutput
    if multioutput is None:
        return "uniform_average"
    weights = np.asarray(multioutput, dtype=np.float64)
    if n_outputs == 1:
        raise ValueError("Custom weights are useful only in multi-output cases.")
    if weights.shape != (n_outputs,):
        raise ValueError(f"There must be equally many custom weights ({len(weights)}) as outputs ({n_outputs}).")
    return weights


def _each_output(kind, y_true, y_pred, sample_weight, params):
    """(value, numerator, denominator) of each output, as the library found them."""
    import numpy as np

    r = evaluate(kind, y_true, y_pred, sample_weight, level=None, **params)
    names = ("value", "numerator", "denominator")
    if y_true.shape[1] == 1:
        return [np.array([r.number(name)]) for name in names]
    table = r.table("values")
    return [np.asarray(table[name]) for name in names]


def _average(values, multioutput, variances=None):
    import numpy as np

    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return values
        weights = variances if multioutput == "variance_weighted" else None
        if weights is not None and not np.any(weights):
            weights = None  # all outputs are constant
        return np.average(values, weights=weights)
    return np.average(values, weights=multioutput)


def _loss(kind, y_true, y_pred, sample_weight, multioutput, **params):
    y_true, y_pred = _pair(y_true, y_pred, sample_weight)
    multioutput = _check_multioutput(multioutput, y_true.shape[1], False)
    values, _, _ = _each_output(kind, y_true, y_pred, sample_weight, params)
    return _average(values, multioutput)


def _skill(kind, y_true, y_pred, sample_weight, multioutput, force_finite, name=None, by_variance=True, **params):
    """1 - loss / loss of the best constant; a constant target gives 1 or 0, or without force_finite NaN or -inf."""
    import numpy as np

    y_true, y_pred = _pair(y_true, y_pred, sample_weight)
    multioutput = _check_multioutput(multioutput, y_true.shape[1], by_variance)
    if name is not None and len(y_true) < 2:
        _warn_undefined(f"{name} is not well-defined with less than two samples.")
        return float("nan")
    values, loss, variances = _each_output(kind, y_true, y_pred, sample_weight, params)
    constant = variances == 0
    values[constant & (loss == 0)] = 1.0 if force_finite else np.nan
    values[constant & (loss != 0)] = 0.0 if force_finite else -np.inf
    return _average(values, multioutput, variances)


def mean_absolute_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean of the absolute errors."""
    return _loss("mae", y_true, y_pred, sample_weight, multioutput)


def mean_squared_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average", squared=True):
    """Mean of the squared errors, or its root (of many outputs the mean of their roots)."""
    return _loss("mse" if squared else "rmse", y_true, y_pred, sample_weight, multioutput)


def root_mean_squared_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Root of the mean of the squared errors."""
    return _loss("rmse", y_true, y_pred, sample_weight, multioutput)


def _require_no_negatives(y_true, y_pred, name):
    if (_columns(y_true, "y_true") < 0).any() or (_columns(y_pred, "y_pred") < 0).any():
        raise ValueError(f"{name} cannot be used when targets contain negative values.")


def mean_squared_log_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average", squared=True):
    """Mean of the squared errors of log(1 + y), or its root."""
    name = "Mean Squared Logarithmic Error" if squared else "Root Mean Squared Logarithmic Error"
    _require_no_negatives(y_true, y_pred, name)
    return _loss("msle" if squared else "rmsle", y_true, y_pred, sample_weight, multioutput)


def root_mean_squared_log_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Root of the mean of the squared errors of log(1 + y)."""
    return mean_squared_log_error(
        y_true, y_pred, sample_weight=sample_weight, multioutput=multioutput, squared=False
    )


def mean_absolute_percentage_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean of the absolute errors as shares of the target's size."""
    return _loss("mape", y_true, y_pred, sample_weight, multioutput)


def symmetric_mean_absolute_percentage_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean of 2 |y - f| / (|y| + |f|), in [0, 2]; 0 where both are 0."""
    return _loss("smape", y_true, y_pred, sample_weight, multioutput)


def median_absolute_error(y_true, y_pred, *, multioutput="uniform_average", sample_weight=None):
    """Median of the absolute errors."""
    return _loss("median_absolute_error", y_true, y_pred, sample_weight, multioutput)


def max_error(y_true, y_pred):
    """The largest absolute error."""
    y_true, y_pred = _pair(y_true, y_pred, None)
    if y_true.shape[1] > 1:
        raise ValueError("Multioutput not supported in max_error")
    return evaluate("max_error", y_true, y_pred, level=None).number("value")


def mean_pinball_loss(y_true, y_pred, *, sample_weight=None, alpha=0.5, multioutput="uniform_average"):
    """Loss of predicted quantiles; y_pred of one y_true may have a column for each of a list of alpha."""
    if hasattr(alpha, "__len__"):
        r = evaluate("pinball", y_true, y_pred, sample_weight, level=None, quantiles=alpha)
        if isinstance(multioutput, str) and multioutput == "raw_values":
            return r.table("values")["value"]
        return r.number("value")
    return _loss("pinball", y_true, y_pred, sample_weight, multioutput, alpha=float(alpha))


def r2_score(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average", force_finite=True):
    """1 - squared errors over squared deviations from the mean."""
    return _skill("r2", y_true, y_pred, sample_weight, multioutput, force_finite, name="R^2 score")


def explained_variance_score(
    y_true, y_pred, *, sample_weight=None, multioutput="uniform_average", force_finite=True
):
    """1 - variance of the errors over that of the target."""
    return _skill("explained_variance", y_true, y_pred, sample_weight, multioutput, force_finite)


_DOMAINS = (  # powers from which on, what scikit-learn says, y from, y may be 0
    (2, "strictly positive y and y_pred.", 0, False),
    (1, "non-negative y and strictly positive y_pred.", 0, True),
    (-math.inf, "strictly positive y_pred.", -math.inf, True),
)


def _tweedie_pair(y_true, y_pred, sample_weight, power):
    y_true, y_pred = _pair(y_true, y_pred, sample_weight)
    if y_true.shape[1] > 1:
        raise ValueError("Multioutput not supported in mean_tweedie_deviance")
    if 0 < power < 1:
        raise ValueError("Tweedie deviance is only defined for power<=0 and power>=1.")
    if power != 0:
        _, what, least, may_be_least = next(d for d in _DOMAINS if power >= d[0])
        outside = y_true < least if may_be_least else y_true <= least
        if outside.any() or (y_pred <= 0).any():
            raise ValueError(f"Mean Tweedie deviance error with power={power} can only be used on {what}")
    return y_true, y_pred


def mean_tweedie_deviance(y_true, y_pred, *, sample_weight=None, power=0):
    """Mean deviance of a Tweedie distribution whose variance grows as mean^power."""
    y_true, y_pred = _tweedie_pair(y_true, y_pred, sample_weight, power)
    r = evaluate("tweedie_deviance", y_true, y_pred, sample_weight, level=None, power=float(power))
    return r.number("value")


def mean_poisson_deviance(y_true, y_pred, *, sample_weight=None):
    """Mean deviance of the Poisson distribution."""
    return mean_tweedie_deviance(y_true, y_pred, sample_weight=sample_weight, power=1)


def mean_gamma_deviance(y_true, y_pred, *, sample_weight=None):
    """Mean deviance of the gamma distribution."""
    return mean_tweedie_deviance(y_true, y_pred, sample_weight=sample_weight, power=2)


def d2_tweedie_score(y_true, y_pred, *, sample_weight=None, power=0):
    """Share of the deviance of the mean that is saved."""
    y_true, y_pred = _pair(y_true, y_pred, sample_weight)
    if y_true.shape[1] > 1:
        raise ValueError("Multioutput not supported in d2_tweedie_score")
    if len(y_true) < 2:
        return _skill("d2_tweedie", y_true, y_pred, sample_weight, None, True, name="D^2 score")
    _tweedie_pair(y_true, y_pred, sample_weight, power)
    r = evaluate("d2_tweedie", y_true, y_pred, sample_weight, level=None, power=float(power))
    return r.number("value")


def d2_pinball_score(y_true, y_pred, *, sample_weight=None, alpha=0.5, multioutput="uniform_average"):
    """Share of the pinball loss of the target's own quantile that is saved."""
    return _skill(
        "d2_pinball", y_true, y_pred, sample_weight, multioutput, True, name="D^2 score", by_variance=False,
        alpha=float(alpha),
    )


def d2_absolute_error_score(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Share of the absolute error of the median that is saved."""
    return d2_pinball_score(y_true, y_pred, sample_weight=sample_weight, alpha=0.5, multioutput=multioutput)


# Forecasts and series; not in scikit-learn.


def _two_columns(first, second):
    import numpy as np

    return np.column_stack([np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)])


def _value(kind, y_true, y_pred, sample_weight, **params):
    return evaluate(kind, y_true, y_pred, sample_weight, level=None, **params).number("value")


def interval_score(y_true, low, high, *, alpha=0.05, sample_weight=None):
    """Winkler's score of intervals meant to miss a share alpha: their width, and 2 / alpha times what they miss by."""
    return _value("interval_score", y_true, _two_columns(low, high), sample_weight, alpha=float(alpha))


def interval_coverage(y_true, low, high, *, sample_weight=None, level=0.95):
    """(share of the values inside their intervals, and the low and high end of its Wilson interval)."""
    r = evaluate("interval_coverage", y_true, _two_columns(low, high), sample_weight, level=level)
    return r.number("value"), r.number("low"), r.number("high")


def crps_gaussian(y_true, mean, sd, *, sample_weight=None):
    """Continuous ranked probability score of normal forecasts."""
    return _value("crps_gaussian", y_true, _two_columns(mean, sd), sample_weight)


def crps_ensemble(y_true, members, *, fair=False, sample_weight=None):
    """The same of ensembles, a column a member."""
    return _value("crps_ensemble", y_true, members, sample_weight, fair=bool(fair))


def crps_quantiles(y_true, y_pred, quantiles, *, sample_weight=None):
    """The same of forecast quantiles, a column each."""
    return _value("crps_quantiles", y_true, y_pred, sample_weight, quantiles=[float(q) for q in quantiles])


def _scaled(kind, y_true, y_pred, y_train, season, scale, sample_weight):
    training = None if y_train is None else [float(v) for v in y_train]
    return _value(kind, y_true, y_pred, sample_weight, season=int(season), training=training, scale=scale)


def mean_absolute_scaled_error(y_true, y_pred, *, y_train=None, season=1, scale=None, sample_weight=None):
    """Mean absolute error over that of the naive forecast ("as one season ago") on y_train, or over scale."""
    return _scaled("mase", y_true, y_pred, y_train, season, scale, sample_weight)


def root_mean_squared_scaled_error(y_true, y_pred, *, y_train=None, season=1, scale=None, sample_weight=None):
    """Root mean squared error over that of the naive forecast on y_train, or over scale."""
    return _scaled("rmsse", y_true, y_pred, y_train, season, scale, sample_weight)


def mean_directional_accuracy(y_true, y_pred, *, sample_weight=None):
    """Share of rows forecast to move from the last true value the way they did."""
    return _value("directional_accuracy", y_true, y_pred, sample_weight)


def concordance_index(event_times, predictions, event_observed=None, *, sample_weight=None, prediction="time", ipcw=False, tau=None):
    """Share of comparable pairs of survival times that are predicted in order; prediction: "time", or "risk"."""
    import numpy as np

    times = np.asarray(event_times, dtype=np.float64)
    events = np.ones(len(times)) if event_observed is None else event_observed
    y = _two_columns(times, events)
    return _value("concordance", y, predictions, sample_weight, prediction=prediction, ipcw=bool(ipcw), tau=tau)


__all__ = [
    "concordance_index",
    "crps_ensemble",
    "crps_gaussian",
    "crps_quantiles",
    "d2_absolute_error_score",
    "d2_pinball_score",
    "d2_tweedie_score",
    "evaluate",
    "explained_variance_score",
    "interval_coverage",
    "interval_score",
    "max_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_absolute_scaled_error",
    "mean_directional_accuracy",
    "mean_gamma_deviance",
    "mean_pinball_loss",
    "mean_poisson_deviance",
    "mean_squared_error",
    "mean_squared_log_error",
    "mean_tweedie_deviance",
    "median_absolute_error",
    "r2_score",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
    "root_mean_squared_scaled_error",
    "symmetric_mean_absolute_percentage_error",
]
