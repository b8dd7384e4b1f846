"""How sure is it? Intervals of rates and what is made of them, what many looks cost, how many rows an answer needs.

A value that is not defined (a rate of nothing, a ratio to 0) is NaN.
"""

import ctypes
from typing import NamedTuple

from ._arrays import Matrices, int64s
from ._errors import InputError
from ._handles import Handle, Spec, bytes_of
from ._library import call_long, context, encode, lib

__all__ = [
    "CommonOddsRatio",
    "Effect",
    "Interval",
    "PoissonBootstrap",
    "Resampled",
    "adjust_e_values",
    "adjust_p_values",
    "bootstrap",
    "common_odds_ratio",
    "difference_interval",
    "jackknife",
    "odds_ratio_interval",
    "pass_rate_bound",
    "pass_rate_cases",
    "proportion_interval",
    "ratio_interval",
    "rows_needed",
    "rows_needed_difference",
]


class Interval(NamedTuple):
    """Limits of one rate."""

    low: float
    high: float


class Effect(NamedTuple):
    """What two rates make, its interval, and the p-value of the score test of their being equal."""

    value: float
    low: float
    high: float
    p_value: float


class CommonOddsRatio(NamedTuple):
    """Mantel and Haenszel's odds ratio over strata, its test of 1 and Woolf's test of one for all."""

    value: float
    low: float
    high: float
    statistic: float
    p_value: float
    homogeneity: float
    homogeneity_p_value: float


def _doubles(n):
    out = [ctypes.c_double() for _ in range(n)]
    return out, [ctypes.byref(o) for o in out]


def proportion_interval(successes, trials, *, method="wilson", level=0.95):
    """Interval of a rate: wilson, clopper_pearson, jeffreys, agresti_coull or wald."""
    out, pointers = _doubles(2)
    x, n = _number("successes", successes), _number("trials", trials)
    lib.mlsd_interval_proportion(encode(method), x, n, _number("level", level), *pointers)
    return Interval(*(o.value for o in out))


def _number(name, value):
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name} must be a number: {error}") from None


def _pair(name, values):
    values = list(values) if hasattr(values, "__len__") else [values]
    if len(values) != 2:
        raise InputError(f"{name} must be a pair, one number for each of two groups, got {len(values)}")
    return [_number(name, value) for value in values]


def _effect(call, successes, trials, method, level):
    out, pointers = _doubles(4)
    (x1, x2), (n1, n2) = _pair("successes", successes), _pair("trials", trials)
    call(encode(method), x1, n1, x2, n2, _number("level", level), *pointers)
    return Effect(*(o.value for o in out))


def difference_interval(successes, trials, *, method="newcombe", level=0.95):
    """Rate of the first group less that of the second; successes and trials are pairs. newcombe, agresti_caffo, wald."""
    return _effect(lib.mlsd_interval_difference, successes, trials, method, level)


def ratio_interval(successes, trials, *, method="log", level=0.95):
    """Rate of the first group over that of the second: log, or log_adjusted where a count may be 0."""
    return _effect(lib.mlsd_interval_ratio, successes, trials, method, level)


def odds_ratio_interval(successes, trials, *, method="log", level=0.95):
    """Odds of the first group over those of the second: log, or log_adjusted where a cell may be 0."""
    return _effect(lib.mlsd_interval_odds_ratio, successes, trials, method, level)


def common_odds_ratio(tables, *, level=0.95):
    """Odds ratio that two-by-two tables have in common (Mantel-Haenszel); tables is k x 2 x 2 or k x 4, groups in rows."""
    import numpy as np

    cells = np.asarray(tables, dtype=np.float64)
    out, pointers = _doubles(7)
    kept = Matrices(tables=cells.reshape(len(cells), 4) if cells.ndim == 3 and cells[:1].size in (0, 4) else cells)
    lib.mlsd_common_odds_ratio(*kept.pointers, level, *pointers)
    return CommonOddsRatio(*(o.value for o in out))


def pass_rate_bound(passes, cases, *, level=0.95):
    """What a test set shows: with confidence `level` the rate of passing is at least this (Clopper and Pearson)."""
    out, pointers = _doubles(1)
    lib.mlsd_pass_rate_bound(passes, cases, level, *pointers)
    return out[0].value


def _whole(call, *args):
    out = ctypes.c_int64()
    call(*args, ctypes.byref(out))
    return out.value


def pass_rate_cases(rate, *, failures=0, level=0.95):
    """How many cases, of which `failures` fail, show that the rate of passing is at least `rate`."""
    return _whole(lib.mlsd_pass_rate_cases, rate, failures, level)


def rows_needed(rate, half_width, *, method="wilson", level=0.95):
    """The fewest rows whose interval is `half_width` wide to either side, if the rate comes out as `rate`."""
    return _whole(lib.mlsd_rows_needed, encode(method), rate, half_width, level)


def rows_needed_difference(rates, half_width, *, method="newcombe", level=0.95):
    """The fewest rows in each of two groups for the interval of the difference of their rates."""
    return _whole(lib.mlsd_rows_needed_difference, encode(method), *_pair("rates", rates), half_width, level)


def _adjust(call, values):
    import numpy as np

    values = np.ascontiguousarray(values, dtype=np.float64)
    out = np.empty_like(values)
    pointers = [a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for a in (values, out)]
    call(pointers[0], values.size, pointers[1])
    return out


def adjust_p_values(p_values, correction="holm"):
    """p-values corrected for how many there are; NaN stays.

    holm, hochberg, bonferroni, sidak, holm_sidak, benjamini_hochberg, benjamini_yekutieli or none.
    """
    return _adjust(lambda *args: lib.mlsd_adjust_p_values(encode(correction), *args), p_values)


def adjust_e_values(e_values):
    """For each e-value the smallest alpha at which e-BH calls it significant; NaN stays."""
    return _adjust(lib.mlsd_adjust_e_values, e_values)


class Resampled(NamedTuple):
    """A value with its interval; se is the standard deviation of the replicates, bias their mean less the value."""

    value: float
    low: float
    high: float
    se: float
    bias: float


def _codes(labels):
    """Any labels as numbers."""
    import numpy as np

    if labels is None:
        return None
    labels = np.asarray(labels)
    return labels if labels.dtype.kind in "iuf" else np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _resample(spec, metric, y, prediction, weight, cluster, stratum, replicates=None):
    if isinstance(metric, Spec):
        spec.add("metric", metric)
    elif metric is not None:
        spec.set("metric_name", metric)
    kept = Matrices(y=y, prediction=prediction, weight=weight, cluster=_codes(cluster), stratum=_codes(stratum))
    out, pointers = _doubles(5)
    address = None if replicates is None else replicates.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    call_long(
        lib.mlsd_interval_resample, spec._h, *kept.pointers, *pointers, address, 0 if replicates is None else replicates.size
    )
    return Resampled(*(o.value for o in out))


def bootstrap(
    y, prediction=None, *, metric=None, method="percentile", n_resamples=9999, level=0.95, weight=None, cluster=None,
    stratum=None, seed=0, n_groups=1000, return_replicates=False
):
    """Interval of a metric, or without one of the mean of y, by rows drawn with replacement.

    metric: a name, such as "f1_macro", or a Spec with its parameters. method: percentile, basic, bca, studentized (means) or
    normal. cluster: rows of one label are drawn together. stratum: each keeps its size. With return_replicates the result is (interval, replicates).
    """
    import numpy as np

    spec = Spec(
        "bootstrap_interval", method=method, n_resamples=n_resamples, level=float(level), seed=seed, n_groups=n_groups
    )
    replicates = np.empty(n_resamples) if return_replicates else None
    found = _resample(spec, metric, y, prediction, weight, cluster, stratum, replicates)
    return (found, replicates) if return_replicates else found


def jackknife(
    y, prediction=None, *, metric=None, level=0.95, weight=None, cluster=None, stratum=None, seed=0, n_groups=1000
):
    """Interval of a metric, or of the mean of y, by rows (of metrics that are no means: groups of them) left out in turn."""
    spec = Spec("jackknife_interval", level=float(level), seed=seed, n_groups=n_groups)
    return _resample(spec, metric, y, prediction, weight, cluster, stratum)


class PoissonBootstrap(Handle):
    """The bootstrap of sums for rows that come in parts: add, merge, and ask for intervals of ratios of sums at any time.

    Draws are keyed by the seed and the number of each row in the whole, so parts may be added in any order and place.
    """

    _free = "mlsd_poisson_bootstrap_free"

    def __init__(self, n_columns, *, n_replicates=1000, seed=0):
        self._become(lib.mlsd_poisson_bootstrap_new, context(), n_columns, n_replicates, seed)

    def add(self, values, *, first_row=0, row_numbers=None):
        """Add rows (n, or n x n_columns numbers), called first_row, first_row + 1, ... or by row_numbers."""
        import numpy as np

        kept = Matrices(values=values)
        numbers = None
        if row_numbers is not None:
            numbers = np.asarray(row_numbers)
            if len(numbers) and numbers.dtype.kind not in "iu":
                raise InputError(f"row_numbers must be whole numbers, got {numbers.dtype}")
            numbers = np.ascontiguousarray(numbers, dtype=np.int64)
            if numbers.shape != (len(values),):
                raise ValueError(f"row_numbers has shape {numbers.shape}, not ({len(values)},)")
        call_long(
            lib.mlsd_poisson_bootstrap_add, self._h, *kept.pointers, None if numbers is None else int64s(numbers), first_row
        )
        return self

    def merge(self, other):
        """Add all that another one of the same size and seed was given."""
        lib.mlsd_poisson_bootstrap_merge(self._h, other._h)
        return self

    def interval(self, column=0, divisor=None, *, method="percentile", level=0.95):
        """(value, low, high, se) of the sum of a column over that of another, or over the number of rows."""
        out, pointers = _doubles(4)
        lib.mlsd_poisson_bootstrap_interval(
            self._h, column, -1 if divisor is None else divisor, encode(method), level, *pointers, None
        )
        return tuple(o.value for o in out)

    def to_bytes(self):
        """Its state."""
        return bytes_of(lib.mlsd_poisson_bootstrap_to_bytes, self._h)

    @classmethod
    def from_bytes(cls, data):
        """One in the state that to_bytes gave."""
        return cls._made(lib.mlsd_poisson_bootstrap_from_bytes, context(), data, len(data))
