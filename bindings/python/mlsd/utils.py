"""Rows drawn from arrays: resample and shuffle as in sklearn.utils, row for row, also from a RandomState that goes on."""

import ctypes
import numbers

from ._arrays import as_matrix, int64s, take
from ._library import call_long, lib
from ._random import seed_of, source_of
from ._splitters import count_rows, strata

__all__ = ["resample", "shuffle"]


def _draw(generator, n, n_samples, replace):
    """n_samples numbers below n."""
    import numpy as np

    if replace:
        return generator.integers(0, n, n_samples) if n_samples else np.empty(0, dtype=np.int64)
    rows = np.arange(n)
    generator.shuffle(rows)
    return rows[:n_samples]


def _shares(generator, counts, n_samples):
    """Rows of each class: in proportion, rounded down; the largest remainders, drawn among equals, get one more."""
    import numpy as np

    exact = counts / counts.sum() * n_samples
    shares = np.floor(exact).astype(np.int64)
    n_left, remainders = int(n_samples - shares.sum()), exact - shares
    for value in np.unique(remainders)[::-1]:
        if n_left <= 0:
            break
        equals = np.flatnonzero(remainders == value)
        chosen = equals[_draw(generator, len(equals), min(n_left, len(equals)), replace=False)]
        shares[chosen] += 1
        n_left -= len(chosen)
    return shares


def _draw_strata(generator, values, n_samples, replace):
    """As mlsd_resample_rows draws from each class, with a generator that is the caller's."""
    import numpy as np

    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    shares = _shares(generator, counts, n_samples)
    for c, n_drawn in enumerate(shares):
        if not replace and n_drawn > counts[c]:
            raise ValueError(f"{n_drawn} rows cannot be drawn from the {counts[c]} of one class without replacement")
    drawn = [rows[_draw(generator, len(rows), k, replace)] for rows, k in zip(members, shares)]
    rows = np.concatenate(drawn).astype(np.int64)
    generator.shuffle(rows)
    return rows


def _draw_seeded(seed, values, n, n_samples, replace):
    import numpy as np

    out = np.empty(n_samples, dtype=np.int64)
    matrix, values = as_matrix(values, "stratify")
    call_long(lib.mlsd_resample_rows, n, n_samples, int(replace), ctypes.byref(matrix), seed, int64s(out), n_samples)
    return out


def resample(*arrays, replace=True, n_samples=None, random_state=None, stratify=None):
    """Rows drawn with or without replacement, the same of each array; with stratify, in proportion to its classes."""
    if not arrays:
        return None
    n = count_rows(**{f"array {i}": array for i, array in enumerate(arrays)}, stratify=stratify)
    if n_samples is None:
        n_samples = n
    if not isinstance(n_samples, numbers.Integral) or isinstance(n_samples, bool) or n_samples < 0:
        raise ValueError(f"n_samples must be a whole number of rows or None, got {n_samples!r}")
    n_samples, replace = int(n_samples), bool(replace)
    if n_samples > n and not replace:
        raise ValueError(f"{n_samples} rows cannot be drawn from {n} without replacement")
    if n == 0 and n_samples > 0:
        raise ValueError(f"there are no rows to draw {n_samples} from")
    values = None if stratify is None else strata(stratify, "stratify")[0]
    seed = seed_of(random_state)
    if seed is not None and values is not None:
        rows = _draw_seeded(seed, values, n, n_samples, replace)
    else:
        with source_of(random_state).use() as generator:
            draw = _draw if values is None else _draw_strata
            rows = draw(generator, n if values is None else values, n_samples, replace)
    drawn = [take(array, rows) for array in arrays]
    return drawn[0] if len(drawn) == 1 else drawn


def shuffle(*arrays, random_state=None, n_samples=None):
    """The rows in random order, the same of each array; the first n_samples of them."""
    return resample(*arrays, replace=False, n_samples=n_samples, random_state=random_state)
