"""Splitters by time against scikit-learn and against plain loops, on random problems.

Run with the library's path in MLSD_LIBRARY; MLSD_SWEEP multiplies the number of cases.
Witnesses: scikit-learn 1.2.1's TimeSeriesSplit where windows are the same; elsewhere loops over all
rows that follow the definitions (for purging, snippet 7.1 of Lopez de Prado 2018) and share no code
or idea with the library.
"""

import ctypes
import itertools
import json
import math
import os

import numpy as np
import pytest
from sklearn.model_selection import TimeSeriesSplit

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
P, I64 = ctypes.c_void_p, ctypes.c_int64
F64, TICKS = 2, 4


class Matrix(ctypes.Structure):
    _fields_ = [
        ("data", P), ("rows", I64), ("cols", I64), ("row_stride", I64), ("col_stride", I64),
        ("dtype", ctypes.c_int32), ("flags", ctypes.c_uint32),
    ]


@pytest.fixture(scope="session")
def lib():
    path = os.environ.get("MLSD_LIBRARY")
    if not path:
        pytest.skip("MLSD_LIBRARY names no library")
    so = ctypes.CDLL(path)
    so.mlsd_last_error.restype = ctypes.c_char_p
    so.mlsd_spec_from_json.argtypes = [P, ctypes.c_char_p, ctypes.POINTER(P)]
    so.mlsd_spec_free.argtypes = [P]
    so.mlsd_folds_split_columns.argtypes = [P, P, I64, P, P, I64, P, ctypes.POINTER(P)]
    so.mlsd_folds_free.argtypes = [P]
    so.mlsd_folds_n_splits.argtypes = so.mlsd_folds_n_parts.argtypes = [P]
    so.mlsd_folds_n_splits.restype = so.mlsd_folds_n_parts.restype = I64
    so.mlsd_folds_part_size.argtypes = [P, I64, I64]
    so.mlsd_folds_part_size.restype = I64
    so.mlsd_folds_part.argtypes = [P, I64, I64, P, I64]
    return so


def split(so, n, time=None, time_end=None, group=None, **spec):
    """[[part, ...], ...] as lists, or a ValueError with mlsd's message."""
    columns = {"time": time, "time_end": time_end, "group": group}
    columns = {k: np.ascontiguousarray(v) for k, v in columns.items() if v is not None}
    views = [
        Matrix(a.ctypes.data, len(a), 1, 1, 1, TICKS if a.dtype == np.int64 else F64, 0)
        for a in columns.values()
    ]
    roles = (ctypes.c_char_p * 3)(*[k.encode() for k in columns])
    pointers = (P * 3)(*[ctypes.addressof(v) for v in views])
    handle, folds = P(), P()
    spec = {k: v for k, v in spec.items() if v is not None or k == "n_splits"}
    text = json.dumps(spec, default=int).encode()
    assert so.mlsd_spec_from_json(None, text, ctypes.byref(handle)) == 0, so.mlsd_last_error()
    status = so.mlsd_folds_split_columns(
        None, handle, n, roles, pointers, len(columns), None, ctypes.byref(folds))
    message = so.mlsd_last_error().decode()
    so.mlsd_spec_free(handle)
    if status != 0:
        assert not folds and message and len(message) < 500
        raise ValueError(message)
    result = []
    for k in range(so.mlsd_folds_n_splits(folds)):
        parts = []
        for p in range(so.mlsd_folds_n_parts(folds)):
            out = np.empty(so.mlsd_folds_part_size(folds, k, p), dtype=np.int64)
            assert so.mlsd_folds_part(folds, k, p, out.ctypes.data, len(out)) == 0
            parts.append(out.tolist())
        result.append(parts)
    so.mlsd_folds_free(folds)
    return result


def agree(expected, ours):
    """Both give the same rows, or ours refuses where there are none. Returns whether there were."""
    try:
        got = ours()
    except ValueError:
        got = None
    assert got == expected
    return expected is not None


def random_times(rng, n):
    """Ticks of all shapes: regular, irregular, with ties, unsorted, beyond 2^53."""
    shape = rng.randint(5)
    if shape == 0:
        times = np.arange(n, dtype=np.int64) * rng.randint(1, 5)
    elif shape == 1:
        times = np.sort(rng.randint(0, 3 * n + 1, n))
    elif shape == 2:
        times = rng.randint(-n, n + 1, n)
    elif shape == 3:
        times = rng.permutation(n).astype(np.int64) * 2
    else:
        times = np.int64(2**60) + rng.randint(0, max(1, n // 3) + 1, n)
    return times.astype(np.int64)


def count(n):
    return max(1, n * SWEEP)


def maybe(rng, value, p=0.5):
    return value if rng.rand() < p else None


# --- windows of rows ---


def brute_rolling(rows, times, ends, spec):
    """Windows over `rows`, which stand in time order; None where the request cannot be met."""
    n = len(rows)
    n_splits, train = spec["n_splits"], spec.get("train_size")
    val, gap = spec.get("validation_size", 0), spec.get("gap", 0)
    test = spec.get("test_size")
    if test is None:
        if n_splits is None:
            return None
        test = n // (n_splits + 1)
    if test < 1:
        return None
    step = spec.get("step") or test
    least = spec.get("min_train_size") or train or 1
    if train is not None and least > train:
        return None
    embargo = int(spec.get("embargo") or 0)

    def before(first):
        """Places that may come before the part that begins at place `first`."""
        return [q for q in range(n) if q < first - gap
                and (times is None or times[rows[q]] < times[rows[first]])]

    def kept(places, first):
        return sorted(rows[q] for q in places
                      if ends is None or ends[rows[q]] + embargo < times[rows[first]])

    def window(first):
        parts, following = [sorted(rows[first:first + test])], first
        if val > 0:
            places = before(first)[-val:]
            if len(places) < val:
                return None
            parts.insert(0, kept(places, first))
            following = places[0]
        places = before(following)
        places = places[-train:] if train is not None else places
        if len(places) < least:
            return None
        return [kept(places, following)] + parts

    found = []
    if spec.get("anchor", "end") == "end":
        first = n - test
        while first >= 0 and window(first) is not None:
            found.insert(0, window(first))
            first -= step
        if n_splits is not None:
            found = found[-n_splits:]
    else:
        firsts = [p for p in range(n) if window(p) is not None]
        first = firsts[0] if firsts else n
        while first < n if spec.get("allow_incomplete") else first + test <= n:
            found.append(window(first))
            first += step
        if n_splits is not None:
            found = found[:n_splits]
    if not found or (n_splits is not None and len(found) < n_splits):
        return None
    return found


def random_rolling(rng, n):
    size = max(1, n // 4)
    return {
        "n_splits": maybe(rng, int(rng.randint(1, 7))),
        "train_size": maybe(rng, int(rng.randint(1, 2 * size + 1))),
        "min_train_size": maybe(rng, int(rng.randint(1, size + 1)), 0.3),
        "validation_size": int(rng.choice([0, 0, rng.randint(1, size + 1)])),
        "test_size": maybe(rng, int(rng.randint(1, size + 1)), 0.7),
        "gap": int(rng.choice([0, 0, rng.randint(0, 4)])),
        "step": maybe(rng, int(rng.randint(1, size + 1))),
        "anchor": str(rng.choice(["end", "start"])),
        "allow_incomplete": bool(rng.randint(2)),
    }


def has_all_parts(expected):
    """What labels empty is refused."""
    if expected is not None and all(part for parts in expected for part in parts):
        return expected
    return None


def test_rolling_split_is_time_series_split(lib):
    rng, n_equal = np.random.RandomState(1), 0
    for _ in range(count(1500)):
        n, k = rng.randint(2, 90), rng.randint(2, 9)
        test_size, gap = maybe(rng, rng.randint(1, 12)), rng.randint(0, 6)
        longest = maybe(rng, rng.randint(1, 30))
        theirs = TimeSeriesSplit(k, max_train_size=longest, test_size=test_size, gap=gap)
        try:
            expected = [[a.tolist(), b.tolist()] for a, b in theirs.split(np.zeros(n))]
        except ValueError:
            expected = None
        n_equal += agree(expected, lambda: split(
            lib, n, kind="rolling_split", n_splits=k, train_size=longest,
            min_train_size=1, test_size=test_size, gap=gap))
    assert n_equal > count(800)


def test_rolling_split(lib):
    rng, n_equal = np.random.RandomState(2), 0
    for _ in range(count(3000)):
        n = rng.randint(1, 40)
        spec = random_rolling(rng, n)
        times = maybe(rng, random_times(rng, n), 0.8)
        ends = None
        if times is not None and rng.randint(2):
            ends = times + rng.randint(0, rng.choice([1, 2, 10]), n)
            spec["embargo"] = maybe(rng, str(rng.randint(0, 4)))
        rows = np.arange(n) if times is None else np.argsort(times, kind="stable")
        expected = has_all_parts(brute_rolling(rows.tolist(), times, ends, spec))
        n_equal += agree(expected, lambda: split(
            lib, n, time=times, time_end=ends, kind="rolling_split", **spec))
    assert n_equal > count(1000)


def test_panel_split(lib):
    rng, n_equal = np.random.RandomState(3), 0
    for _ in range(count(2000)):
        n, n_groups = rng.randint(1, 60), rng.randint(1, 5)
        spec = random_rolling(rng, max(1, n // n_groups))
        groups = rng.randint(0, n_groups, n).astype(float)
        times = maybe(rng, random_times(rng, n), 0.8)
        ends = maybe(rng, times + rng.randint(0, 3, n)) if times is not None else None
        order = np.arange(n) if times is None else np.argsort(times, kind="stable")
        skips = bool(rng.randint(2))
        n_splits = spec["n_splits"]
        series = [[r for r in order.tolist() if groups[r] == g] for g in np.unique(groups)]
        found = []
        for rows in series:
            all_of = dict(spec, n_splits=None)
            if spec["test_size"] is None and n_splits is not None:
                all_of["test_size"] = len(rows) // (n_splits + 1)
            found.append((brute_rolling(rows, times, ends, all_of) if all_of["test_size"] else None) or [])
        lengths = [len(f) for f in found]
        n_wanted = n_splits or (max(lengths) if skips else min(lengths))
        expected = None
        fits = max(lengths) >= n_wanted if skips else min(lengths) >= n_wanted
        if fits and n_wanted > 0:
            n_parts = 3 if spec["validation_size"] > 0 else 2
            expected = [[[] for _ in range(n_parts)] for _ in range(n_wanted)]
            for windows in found:
                windows = windows[-n_wanted:] if spec["anchor"] == "end" else windows[:n_wanted]
                skipped = n_wanted - len(windows) if spec["anchor"] == "end" else 0
                for k, parts in enumerate(windows):
                    for p, part in enumerate(parts):
                        expected[skipped + k][p] = sorted(expected[skipped + k][p] + part)
        expected = has_all_parts(expected)
        n_equal += agree(expected, lambda: split(
            lib, n, time=times, time_end=ends, group=groups, kind="panel_split",
            short_series="skip" if skips else "refuse", **spec))
    assert n_equal > count(300)


# --- windows of time ---


def brute_windows(times, ends, spec):
    first, last = int(times.min()), int(times.max())
    span = last - first + 1

    def ticks(name):
        return int(spec[name]) if spec.get(name) is not None else None

    n_splits, train, test = spec["n_splits"], ticks("train_window"), ticks("test_window")
    if test is None:
        if n_splits is None:
            return None
        test = span // (n_splits + 1)
    if test < 1 or test > span:
        return None
    least = ticks("min_train_window") or train or test
    if train is not None and least > train:
        return None
    val, gap, step = ticks("validation_window"), ticks("gap") or 0, ticks("step") or test
    embargo = ticks("embargo") or 0
    lead = gap if val is None else 2 * gap + val

    def rows(low, high):
        return [i for i, t in enumerate(times.tolist()) if low <= t < high]

    def kept(part, following):
        if ends is None or not following:
            return part
        return [i for i in part if ends[i] + embargo < min(times[j] for j in following)]

    def window(cutoff):
        parts = [rows(cutoff - train if train is not None else -2**70, cutoff)]
        if val is not None:
            parts.append(rows(cutoff + gap, cutoff + gap + val))
        parts.append(rows(cutoff + lead, cutoff + lead + test))
        return parts

    found = []
    if spec.get("first_cutoff") is None and spec.get("anchor", "end") == "end":
        cutoff, way = last + 1 - test - lead, -1
    else:
        cutoff, way = ticks("first_cutoff"), 1
        cutoff = first + least if cutoff is None else cutoff
    while n_splits is None or len(found) < n_splits:
        if way < 0 and cutoff < first + least:
            break
        end = cutoff + lead + (1 if spec.get("allow_incomplete", True) else test)
        if way > 0 and end > last + 1:
            break
        parts = window(cutoff)
        if all(parts):
            found.append(parts)
        elif spec.get("empty_windows", "refuse") == "refuse":
            return None
        cutoff += way * step
    if not found or (n_splits is not None and len(found) < n_splits):
        return None
    found = found if way > 0 else found[::-1]
    return [[kept(a, b) for a, b in zip(parts, parts[1:])] + [parts[-1]] for parts in found]


def test_time_window_split(lib):
    rng, n_equal = np.random.RandomState(4), 0
    for _ in range(count(3000)):
        n = rng.randint(2, 40)
        times = random_times(rng, n)
        span = int(times.max() - times.min()) + 1
        size = max(1, span // 5)

        def ticks(p):
            return maybe(rng, str(rng.randint(1, size + 1)), p)

        spec = {
            "n_splits": maybe(rng, int(rng.randint(1, 6))), "train_window": ticks(0.5),
            "min_train_window": ticks(0.3), "validation_window": ticks(0.3),
            "test_window": ticks(0.7), "gap": maybe(rng, str(rng.randint(0, 4))),
            "step": ticks(0.5), "anchor": str(rng.choice(["end", "start"])),
            "first_cutoff": maybe(rng, str(times.min() + rng.randint(0, span)), 0.2),
            "allow_incomplete": bool(rng.randint(2)),
            "empty_windows": str(rng.choice(["refuse", "skip"])),
        }
        ends = None
        if rng.randint(2):
            ends = times + rng.randint(0, rng.choice([1, 2, 10]), n)
            spec["embargo"] = maybe(rng, str(rng.randint(0, 4)))
        expected = has_all_parts(brute_windows(times, ends, spec))
        n_equal += agree(expected, lambda: split(
            lib, n, time=times, time_end=ends, kind="time_window_split", **spec))
    assert n_equal > count(800)


def test_time_windows_step_over_long_holes(lib):
    """Some rows at each end of a very long time: nearly all windows are empty."""
    times = np.array([0, 1, 2, 10**18, 10**18 + 1], dtype=np.int64)
    for anchor in ["end", "start"]:
        got = split(lib, 5, time=times, kind="time_window_split", n_splits=None, test_window="1",
                    anchor=anchor, empty_windows="skip")
        assert got == [[list(range(k)), [k]] for k in range(1, 5)]


def test_time_windows_at_given_cutoffs(lib):
    times = np.repeat(np.arange(6, dtype=np.int64), 2)
    got = split(lib, 12, time=times, kind="time_window_split", train_window="2", test_window="1",
                cutoffs=["2", "5"])
    assert got == [[[0, 1, 2, 3], [4, 5]], [[6, 7, 8, 9], [10, 11]]]


def test_days_as_dates_and_as_seconds(lib):
    """Durations mean the same in any unit of the times."""
    rng = np.random.RandomState(5)
    hours = np.sort(rng.randint(0, 24 * 60, 200))
    expected = None
    for unit, per_hour in [("h", 1), ("min", 60), ("s", 3600), ("ms", 3600 * 10**3),
                           ("us", 3600 * 10**6), ("ns", 3600 * 10**9), ("d", 1 / 24)]:
        times = (hours * per_hour).astype(np.int64 if unit != "d" else float)
        got = split(lib, 200, time=times, time_unit=unit, kind="time_window_split", n_splits=3,
                    train_window="2w", test_window="36h", gap="90min" if unit not in "hd" else "2h",
                    empty_windows="skip")
        if unit not in ("h", "d"):
            expected = expected or got
            assert got == expected
        assert len(got) == 3


# --- purging ---


def brute_purged(times, ends, n_folds, n_tested, embargo=None, fraction=None):
    """Every row against every tested fold, by the definition."""
    n = len(times)
    order = np.argsort(times, kind="stable")
    folds = [f.tolist() for f in np.array_split(order, n_folds)]
    result = []
    for tested in itertools.combinations(range(n_folds), n_tested):
        test = sorted(r for f in tested for r in folds[f])
        left_out = set()
        for f in tested:
            low, high = min(times[r] for r in folds[f]), max(ends[r] for r in folds[f])
            for i in range(n):
                # Snippet 7.1: it starts in the test, ends in it, or envelops it.
                starts_in, ends_in = low <= times[i] <= high, low <= ends[i] <= high
                if starts_in or ends_in or (times[i] <= low and high <= ends[i]):
                    left_out.add(i)
                if embargo is not None and high < times[i] <= high + embargo:
                    left_out.add(i)
            if fraction is not None:
                after = [r for r in order.tolist() if times[r] > high][:int(n * fraction)]
                latest = max([times[r] for r in after], default=None)
                left_out.update(i for i in range(n) if latest is not None and high < times[i] <= latest)
        train = [i for i in range(n) if i not in left_out and i not in test]
        result.append([train, test])
    return has_all_parts(result)


def test_purged_kfold(lib):
    rng, n_equal = np.random.RandomState(6), 0
    for _ in range(count(2000)):
        n = rng.randint(2, 60)
        times, k = random_times(rng, n), rng.randint(2, 8)
        ends = times + rng.randint(0, rng.choice([1, 3, 15]), n)
        if rng.rand() < 0.2:
            ends[rng.randint(n)] += 40
        embargo = maybe(rng, int(rng.randint(0, 6)), 0.4)
        fraction = float(rng.choice([0, 0.05, 0.2])) if embargo is None and rng.randint(2) else None
        expected = brute_purged(times, ends, k, 1, embargo, fraction) if k <= n else None
        n_equal += agree(expected, lambda: split(
            lib, n, time=times, time_end=ends, kind="purged_kfold", n_splits=k,
            embargo=None if embargo is None else str(embargo), embargo_fraction=fraction))
    assert n_equal > count(1000)


def test_combinatorial_purged_split(lib):
    rng, n_equal = np.random.RandomState(7), 0
    for _ in range(count(700)):
        n, n_folds = rng.randint(3, 50), rng.randint(2, 8)
        n_tested = rng.randint(1, n_folds)
        times = random_times(rng, n)
        horizon = int(rng.choice([0, 1, 5]))
        embargo = int(rng.randint(0, 4))
        expected = None
        if n_folds <= n:
            expected = brute_purged(times, times + horizon, n_folds, n_tested, embargo)
        if expected is not None:
            assert len(expected) == math.comb(n_folds, n_tested)
        n_equal += agree(expected, lambda: split(
            lib, n, time=times, kind="combinatorial_purged_split", n_folds=n_folds,
            n_test_folds=n_tested, label_horizon=str(horizon), embargo=str(embargo)))
    assert n_equal > count(300)


def test_purged_kfold_is_snippet_7_3(lib):
    """Lopez de Prado's PurgedKFold itself, where its bars are unlike: it needs sorted, unique times,
    and lets intervals touch, so ends that are no bar's time are compared."""
    rng = np.random.RandomState(8)
    for _ in range(count(300)):
        n, k = rng.randint(10, 80), rng.randint(2, 6)
        t0 = 2 * np.arange(n)
        t1 = np.minimum(t0 + 1 + 2 * rng.randint(0, 4, n), 2 * n + 1)
        pct = float(rng.choice([0, 0.01, 0.05]))
        expected = []
        for test in np.array_split(np.arange(n), k):
            low, bars = t0[test[0]], int(n * pct)
            first_after = np.searchsorted(t0, t1[test].max())
            train = np.searchsorted(t0, t0[t1 <= low])
            if first_after < n:
                train = np.concatenate([train, np.arange(n)[first_after + bars:]])
            expected.append([train.tolist(), test.tolist()])
        got = split(lib, n, time=t0.astype(np.int64), time_end=t1.astype(np.int64),
                    kind="purged_kfold", n_splits=k, embargo_fraction=pct)
        assert got == expected


def test_backtest_paths(lib):
    """Every fold is tested k / N * C(N, k) times, and in no split with itself."""
    times = np.arange(60, dtype=np.int64)
    for n_folds, k in [(6, 2), (5, 1), (7, 3)]:
        got = split(lib, 60, time=times, kind="combinatorial_purged_split", n_folds=n_folds,
                    n_test_folds=k, label_horizon="0")
        assert len(got) == math.comb(n_folds, k)
        tested = np.bincount(np.concatenate([test for _, test in got]))
        assert (tested == math.comb(n_folds, k) * k // n_folds).all()


# --- properties ---


def test_time_never_runs_backwards(lib):
    """Whatever the windows, all training comes before all testing, and none of its labels reaches it."""
    rng, n_splits = np.random.RandomState(9), 0
    for _ in range(count(1500)):
        n = rng.randint(5, 120)
        times = random_times(rng, n)
        ends = maybe(rng, times + rng.randint(0, 4, n))
        gap = int(rng.randint(0, 3))
        kind = str(rng.choice(["rolling_split", "time_window_split"]))
        spec = {"rolling_split": {"gap": gap}, "time_window_split": {"gap": str(gap)}}[kind]
        if ends is not None:
            spec["embargo"] = str(rng.randint(0, 3))
        try:
            got = split(lib, n, time=times, time_end=ends, kind=kind,
                        n_splits=int(rng.randint(1, 6)), **spec)
        except ValueError:
            continue
        previous = -2**70
        for train, test in got:
            n_splits += 1
            assert train and test and not set(train) & set(test)
            assert train == sorted(train) and test == sorted(test)
            first_test = times[test].min()
            assert times[train].max() < first_test
            assert times[test].min() >= previous
            previous = times[test].min()
            if kind == "time_window_split":
                assert times[train].max() + gap < first_test
            if ends is not None:
                assert (ends[train] + int(spec["embargo"])).max() < first_test
    assert n_splits > count(1000)


def test_order_of_rows_does_not_matter(lib):
    """Splits of shuffled rows are the shuffled splits, where times are all different."""
    rng, n_equal = np.random.RandomState(10), 0
    for _ in range(count(300)):
        n = rng.randint(20, 100)
        times = np.cumsum(rng.randint(1, 5, n)).astype(np.int64)
        ends = times + rng.randint(0, 10, n)
        p = rng.permutation(n)
        for spec in [{"kind": "rolling_split"}, {"kind": "purged_kfold"},
                     {"kind": "time_window_split", "empty_windows": "skip"},
                     {"kind": "combinatorial_purged_split"}]:
            try:
                sorted_ = split(lib, n, time=times, time_end=ends, **spec)
            except ValueError:
                continue
            shuffled = split(lib, n, time=times[p], time_end=ends[p], **spec)
            assert [[sorted(p[part].tolist()) for part in s] for s in shuffled] == sorted_
            n_equal += 1
    assert n_equal > count(600)
