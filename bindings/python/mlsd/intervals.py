"""How sure is it? Intervals of rates and what is made of them, what many looks cost, how many rows an answer needs.

A value that is not defined (a rate of nothing, a ratio to 0) is NaN.
"""

import ctypes
from typing import NamedTuple

from ._arrays import Matrices
from ._library import encode, lib


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
    lib.mlsd_interval_proportion(encode(method), successes, trials, level, *pointers)
    return Interval(*(o.value for o in out))


def _effect(call, successes, trials, method, level):
    out, pointers = _doubles(4)
    call(encode(method), successes[0], trials[0], successes[1], trials[1], level, *pointers)
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
    kept = Matrices(tables=cells.reshape(len(cells), -1))
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
    return _whole(lib.mlsd_rows_needed_difference, encode(method), rates[0], rates[1], half_width, level)


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
