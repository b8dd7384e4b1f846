"""Splitters against scikit-learn, index for index, on random problems.

Run with the library's path in MLSD_LIBRARY; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1 on NumPy 1.24 (any 1.x release draws the same indices).
"""

import ctypes
import json
import os

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    LeavePGroupsOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
P, I64 = ctypes.c_void_p, ctypes.c_int64


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
    so.mlsd_folds_split.argtypes = [P, P, I64, ctypes.POINTER(Matrix), ctypes.POINTER(Matrix), ctypes.POINTER(P)]
    so.mlsd_folds_free.argtypes = [P]
    so.mlsd_folds_n_splits.argtypes = so.mlsd_folds_n_parts.argtypes = [P]
    so.mlsd_folds_n_splits.restype = so.mlsd_folds_n_parts.restype = I64
    so.mlsd_folds_part_size.argtypes = [P, I64, I64]
    so.mlsd_folds_part_size.restype = I64
    so.mlsd_folds_part.argtypes = [P, I64, I64, P, I64]
    return so


def column(values):
    """(n x 1 matrix or None, array to keep)."""
    if values is None:
        return None, None
    a = np.ascontiguousarray(values, dtype=np.float64)
    return ctypes.byref(Matrix(a.ctypes.data, len(a), 1, 1, 1, 2, 0)), a


def split(so, n, y=None, groups=None, **spec):
    """[[part, ...], ...] as arrays, or a ValueError with mlsd's message."""
    spec = {k: v for k, v in spec.items() if v is not None}
    handle, folds = P(), P()
    text = json.dumps(spec, default=float).encode()
    assert so.mlsd_spec_from_json(None, text, ctypes.byref(handle)) == 0, so.mlsd_last_error()
    (y_view, y), (group_view, groups) = column(y), column(groups)
    status = so.mlsd_folds_split(None, handle, n, y_view, group_view, ctypes.byref(folds))
    message = so.mlsd_last_error().decode()
    so.mlsd_spec_free(handle)
    if status != 0:
        assert not folds and message
        raise ValueError(message)
    result = []
    for k in range(so.mlsd_folds_n_splits(folds)):
        parts = []
        for p in range(so.mlsd_folds_n_parts(folds)):
            out = np.empty(so.mlsd_folds_part_size(folds, k, p), dtype=np.int64)
            assert so.mlsd_folds_part(folds, k, p, out.ctypes.data, len(out)) == 0
            parts.append(out)
        result.append(parts)
    so.mlsd_folds_free(folds)
    return result


def same(theirs, ours):
    """Both callables give the same rows, or both refuse. Returns whether there were rows."""
    try:
        expected = theirs()
    except ValueError:
        expected = None
    try:
        got = ours()
    except ValueError:
        got = None
    assert (expected is None) == (got is None)
    if expected is None:
        return False
    assert len(expected) == len(got)
    for e, g in zip(expected, got):
        assert len(e) == len(g)
        for a, b in zip(e, g):
            np.testing.assert_array_equal(a, b)
    return True


def random_seed(rng):
    return int(rng.choice([0, 1, 42, 2**31, 2**32 - 1, rng.randint(0, 2**32, dtype=np.int64)]))


def random_classes(rng, n):
    """Class labels of all shapes: balanced or skewed, few or many, negative or with gaps."""
    n_classes = rng.choice([1, 2, 3, 5, 10, max(1, n // 3)])
    labels = rng.permutation(np.arange(-3, 3 * n_classes, 2))[:n_classes].astype(float)
    weights = rng.dirichlet(np.full(len(labels), rng.choice([0.5, 2.0, 100.0])))
    return rng.choice(labels, n, p=weights)


def random_groups(rng, n):
    """Groups of all shapes: all alike, even, skewed, many; numbers with gaps."""
    n_groups = int(rng.choice([1, 2, 3, 8, 20, max(1, n // 3), n]))
    labels = rng.permutation(np.arange(-3, 3 * n_groups, 2))[:n_groups].astype(float)
    weights = rng.dirichlet(np.full(len(labels), rng.choice([0.5, 2.0, 100.0])))
    return rng.choice(labels, n, p=weights)


def count(n):
    return max(1, n * SWEEP)


def test_kfold(lib):
    rng, n_equal = np.random.RandomState(1), 0
    for _ in range(count(1500)):
        n, k, seed = rng.randint(1, 120), rng.randint(2, 14), random_seed(rng)
        shuffle = bool(rng.randint(2))
        theirs = KFold(k, shuffle=shuffle, random_state=seed if shuffle else None)
        n_equal += same(
            lambda: list(theirs.split(np.zeros(n))),
            lambda: split(lib, n, kind="kfold", n_splits=k, shuffle=shuffle, seed=seed),
        )
    assert n_equal > count(1000)


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_stratified_kfold(lib):
    rng, n_equal = np.random.RandomState(2), 0
    for _ in range(count(1500)):
        n, k, seed = rng.randint(2, 150), rng.randint(2, 9), random_seed(rng)
        shuffle = bool(rng.randint(2))
        y = random_classes(rng, n)
        theirs = StratifiedKFold(k, shuffle=shuffle, random_state=seed if shuffle else None)
        n_equal += same(
            lambda: list(theirs.split(np.zeros(n), y)),
            lambda: split(lib, n, y, kind="stratified_kfold", n_splits=k, shuffle=shuffle, seed=seed),
        )
    assert n_equal > count(1000)


def random_size(rng, n):
    kind = rng.randint(4)
    if kind == 0:
        return None
    if kind == 1:
        return int(rng.randint(1, n + 2))
    return float(rng.choice([0.1, 0.2, 0.25, 0.3, 1 / 3, 0.5, 0.7, rng.uniform(0.01, 0.99)]))


@pytest.mark.parametrize("stratify", [False, True])
def test_holdout(lib, stratify):
    rng, n_equal = np.random.RandomState(3 + stratify), 0
    for _ in range(count(2500)):
        n, seed = rng.randint(2, 150), random_seed(rng)
        shuffle = stratify or bool(rng.randint(4))
        y = random_classes(rng, n)
        test_size, train_size = random_size(rng, n), random_size(rng, n)

        def theirs():
            return [train_test_split(
                np.arange(n), test_size=test_size, train_size=train_size, shuffle=shuffle,
                random_state=seed, stratify=y if stratify else None)]

        n_equal += same(
            theirs,
            lambda: split(lib, n, y, kind="holdout", test_size=test_size, train_size=train_size,
                          stratify=stratify, shuffle=shuffle, seed=seed),
        )
    assert n_equal > count(800)


@pytest.mark.parametrize("stratify", [False, True])
def test_holdout_parts_of_two_are_train_test_split(lib, stratify):
    rng, n_equal = np.random.RandomState(5 + stratify), 0
    for _ in range(count(400)):
        n, seed = rng.randint(4, 300), random_seed(rng)
        y = random_classes(rng, n)
        test = float(rng.choice([0.1, 0.2, 0.25, 0.3, 0.5, rng.uniform(0.05, 0.95)]))
        n_equal += same(
            lambda: [train_test_split(np.arange(n), test_size=test, random_state=seed,
                                      stratify=y if stratify else None)],
            lambda: split(lib, n, y, kind="holdout", parts=[1 - test, test], stratify=stratify,
                          seed=seed),
        )
    assert n_equal > count(100)


def test_time_series_split(lib):
    rng, n_equal = np.random.RandomState(7), 0
    for _ in range(count(1500)):
        n, k = rng.randint(1, 80), rng.randint(2, 10)
        maximum = int(rng.randint(1, 40)) if rng.randint(2) else None
        test_size = int(rng.randint(1, 12)) if rng.randint(2) else None
        gap = int(rng.choice([0, 0, 1, 2, 7]))
        theirs = TimeSeriesSplit(k, max_train_size=maximum, test_size=test_size, gap=gap)
        n_equal += same(
            lambda: list(theirs.split(np.zeros(n))),
            lambda: split(lib, n, kind="time_series_split", n_splits=k, max_train_size=maximum,
                          test_size=test_size, gap=gap),
        )
    assert n_equal > count(700)


def test_group_kfold(lib):
    """Witness of compat 1.2: NumPy 1.24's quicksort decides among groups of equal size."""
    rng, n_equal = np.random.RandomState(9), 0
    for _ in range(count(1500)):
        n, k = int(rng.choice([rng.randint(1, 60), rng.randint(60, 900)])), rng.randint(2, 12)
        groups = random_groups(rng, n)
        n_equal += same(
            lambda: list(GroupKFold(k).split(groups, None, groups)),
            lambda: split(lib, n, groups=groups, kind="group_kfold", n_splits=k, compat="1.2"),
        )
    assert n_equal > count(600)


def test_group_kfold_is_what_later_releases_say(lib):
    """1.9 sorts sizes stably and reverses; 1.6 brought shuffle: array_split of a permutation of the groups."""
    rng = np.random.RandomState(10)
    for _ in range(count(1000)):
        n, k, seed = rng.randint(10, 300), rng.randint(2, 9), random_seed(rng)
        groups = random_groups(rng, n)
        unique, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        if k > len(unique):
            continue
        loads, fold_of = np.zeros(k), np.zeros(len(unique), dtype=int)
        for g in np.argsort(sizes, kind="stable")[::-1]:
            fold_of[g] = np.argmin(loads)
            loads[fold_of[g]] += sizes[g]
        got = split(lib, n, groups=groups, kind="group_kfold", n_splits=k)
        assert [list(t) for _, t in got] == [list(np.flatnonzero(fold_of[inverse] == f)) for f in range(k)]

        drawn = np.array_split(np.random.RandomState(seed).permutation(unique), k)
        got = split(lib, n, groups=groups, kind="group_kfold", n_splits=k, shuffle=True, seed=seed)
        assert [list(t) for _, t in got] == [list(np.flatnonzero(np.isin(groups, d))) for d in drawn]


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("shuffle", [False, True])
def test_stratified_group_kfold(lib, shuffle):
    rng, n_equal = np.random.RandomState(11 + shuffle), 0
    for _ in range(count(500)):
        n, k, seed = rng.randint(1, 150), rng.randint(2, 12), random_seed(rng)
        y, groups = random_classes(rng, n), random_groups(rng, n)
        theirs = StratifiedGroupKFold(k, shuffle=shuffle, random_state=seed if shuffle else None)

        def expected():
            if k > n:
                raise ValueError
            return [(train, test) for train, test in theirs.split(np.zeros(n), y, groups)]

        n_equal += same(
            expected,
            lambda: split(lib, n, y, groups, kind="stratified_group_kfold", n_splits=k, shuffle=shuffle,
                          seed=seed, compat="1.2"),
        )
    assert n_equal > count(300)


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_stratified_group_kfold_shuffles_groups_since_1_8(lib):
    """1.8 (PR #32540) gives what 1.2 gave the group numbered r to the group that the shuffle put in place r."""
    rng = np.random.RandomState(14)
    for _ in range(count(200)):
        n, k, seed = rng.randint(20, 150), rng.randint(2, 6), random_seed(rng)
        y, groups = rng.randint(0, 3, n).astype(float), random_groups(rng, n)
        unique, inverse = np.unique(groups, return_inverse=True)
        if k > len(unique):
            with pytest.raises(ValueError, match="group"):
                split(lib, n, y, groups, kind="stratified_group_kfold", n_splits=k)
            continue
        fold_of_place = np.empty(len(unique), dtype=int)
        theirs = StratifiedGroupKFold(k, shuffle=True, random_state=seed)
        for f, (_, test) in enumerate(theirs.split(y, y, groups)):
            fold_of_place[inverse[test]] = f
        fold_of = np.empty(len(unique), dtype=int)
        fold_of[np.random.RandomState(seed).permutation(len(unique))] = fold_of_place
        got = split(lib, n, y, groups, kind="stratified_group_kfold", n_splits=k, shuffle=True, seed=seed)
        assert [list(t) for _, t in got] == [list(np.flatnonzero(fold_of[inverse] == f)) for f in range(k)]


@pytest.mark.filterwarnings("ignore:The least populated class")
def test_stratified_group_kfold_many_classes(lib):
    """More than 8 and 128 classes: NumPy sums them in another order."""
    rng, n_equal = np.random.RandomState(13), 0
    for n_classes in [8, 9, 40, 128, 129, 200, 300]:
        n = 900
        y, groups = rng.randint(0, n_classes, n).astype(float), rng.randint(0, 60, n).astype(float)
        n_equal += same(
            lambda: list(StratifiedGroupKFold(5).split(y, y, groups)),
            lambda: split(lib, n, y, groups, kind="stratified_group_kfold", compat="1.2"),
        )
    assert n_equal >= 6


@pytest.mark.filterwarnings("ignore:The least populated class")
@pytest.mark.parametrize("stratified", [False, True])
def test_repeated(lib, stratified):
    rng, n_equal = np.random.RandomState(15 + stratified), 0
    theirs_class = RepeatedStratifiedKFold if stratified else RepeatedKFold
    for _ in range(count(800)):
        n, k, r, seed = rng.randint(1, 90), rng.randint(2, 7), rng.randint(1, 5), random_seed(rng)
        y = random_classes(rng, n)
        theirs = theirs_class(n_splits=k, n_repeats=r, random_state=seed)
        if k > n:
            continue
        n_equal += same(
            lambda: list(theirs.split(y, y)),
            lambda: split(lib, n, y, kind="repeated_stratified_kfold" if stratified else "repeated_kfold",
                          n_splits=k, n_repeats=r, seed=seed),
        )
    assert n_equal > count(500)


def test_leave_out(lib):
    rng, n_equal = np.random.RandomState(17), 0
    for _ in range(count(400)):
        n, p = rng.randint(1, 12), rng.randint(1, 5)
        groups = random_groups(rng, n)
        x = np.zeros(n)
        n_equal += same(lambda: list(LeaveOneOut().split(x)), lambda: split(lib, n, kind="leave_one_out"))
        n_equal += same(lambda: list(LeavePOut(p).split(x)), lambda: split(lib, n, kind="leave_p_out", p=p))
        n_equal += same(lambda: list(LeaveOneGroupOut().split(x, x, groups)),
                        lambda: split(lib, n, groups=groups, kind="leave_one_group_out"))
        n_equal += same(lambda: list(LeavePGroupsOut(p).split(x, x, groups)),
                        lambda: split(lib, n, groups=groups, kind="leave_p_groups_out", n_groups=p))
    assert n_equal > count(800)


def test_predefined_split(lib):
    rng, n_equal = np.random.RandomState(18), 0
    for _ in range(count(500)):
        folds = rng.randint(-1, rng.randint(0, 8), rng.randint(1, 60))
        if (folds == -1).all():
            continue
        n_equal += same(lambda: list(PredefinedSplit(folds).split()),
                        lambda: split(lib, len(folds), groups=folds, kind="predefined_split"))
    assert n_equal > count(300)


def test_large(lib):
    """One case each that twists the generator many times and fills many classes."""
    rng = np.random.RandomState(8)
    n = 200_000
    y = rng.randint(0, 1000, n).astype(float)
    for stratify in (None, y):
        assert same(
            lambda: [train_test_split(np.arange(n), random_state=3, stratify=stratify)],
            lambda: split(lib, n, stratify, kind="holdout", stratify=stratify is not None, seed=3),
        )
    assert same(
        lambda: list(KFold(5, shuffle=True, random_state=3).split(y)),
        lambda: split(lib, n, kind="kfold", shuffle=True, seed=3),
    )
    assert same(
        lambda: list(StratifiedKFold(5, shuffle=True, random_state=3).split(y, y)),
        lambda: split(lib, n, y, kind="stratified_kfold", shuffle=True, seed=3),
    )
