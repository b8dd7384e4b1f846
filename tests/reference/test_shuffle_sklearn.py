"""Splits that are drawn, against scikit-learn, index for index, on random problems; and what scikit-learn does not
have, against slow versions in Python and against what must hold of any split.

Run with the library's path in MLSD_LIBRARY; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1 on NumPy 1.24 (any 1.x release draws the same indices).
"""

import ctypes
import itertools
import json

import numpy as np
import pytest
from sklearn.model_selection import (
    GroupShuffleSplit,
    ShuffleSplit,
    StratifiedShuffleSplit,
    train_test_split,
)
from sklearn.utils import resample, shuffle
from test_split_sklearn import I64, Matrix, P, column, count, lib, random_classes, random_groups, random_seed, same, split

assert lib  # the fixture


def random_size(rng, n):
    """None, a count (also one too large) or a fraction, on its own and near borders."""
    kind = rng.randint(4)
    if kind == 0:
        return None
    if kind == 1:
        return int(rng.randint(1, n + 2))
    return float(rng.choice([0.1, 0.2, 0.25, 0.3, 1 / 3, 0.5, 0.7, 1 - 1 / max(n, 2), 1 / max(n, 2), rng.uniform(0.01, 0.99)]))


def random_sizes(rng, n):
    test_size = random_size(rng, n)
    train_size = None if rng.randint(2) else random_size(rng, n)
    return {"test_size": test_size, "train_size": train_size}


def test_shuffle_split(lib):
    rng, n_equal = np.random.RandomState(1), 0
    for _ in range(count(1500)):
        n, k, seed = rng.randint(2, 150), rng.randint(1, 6), random_seed(rng)
        sizes = random_sizes(rng, n)
        n_equal += same(
            lambda: list(ShuffleSplit(k, random_state=seed, **sizes).split(np.zeros(n))),
            lambda: split(lib, n, kind="shuffle_split", n_splits=k, seed=seed, **sizes),
        )
    assert n_equal > count(700)


def test_stratified_shuffle_split(lib):
    rng, n_equal = np.random.RandomState(2), 0
    for _ in range(count(2000)):
        n, k, seed = rng.randint(2, 250), rng.randint(1, 5), random_seed(rng)
        y, sizes = random_classes(rng, n), random_sizes(rng, n)
        n_equal += same(
            lambda: list(StratifiedShuffleSplit(k, random_state=seed, **sizes).split(y, y)),
            lambda: split(lib, n, y, kind="stratified_shuffle_split", n_splits=k, seed=seed, **sizes),
        )
    assert n_equal > count(500)


def test_group_shuffle_split(lib):
    rng, n_equal = np.random.RandomState(3), 0
    for _ in range(count(1500)):
        n, k, seed = rng.randint(2, 150), rng.randint(1, 6), random_seed(rng)
        groups = random_groups(rng, n)
        sizes = random_sizes(rng, len(np.unique(groups)))
        n_equal += same(
            lambda: list(GroupShuffleSplit(k, random_state=seed, **sizes).split(groups, None, groups)),
            lambda: split(lib, n, groups=groups, kind="group_shuffle_split", n_splits=k, seed=seed, **sizes),
        )
    assert n_equal > count(500)


def test_defaults(lib):
    y, groups = np.arange(60) % 3, np.arange(60) % 12
    assert same(lambda: list(ShuffleSplit(random_state=0).split(y)), lambda: split(lib, 60, kind="shuffle_split"))
    assert same(lambda: list(StratifiedShuffleSplit(random_state=0).split(y, y)),
                lambda: split(lib, 60, y, kind="stratified_shuffle_split"))
    assert same(lambda: list(GroupShuffleSplit(random_state=0).split(y, y, groups)),
                lambda: split(lib, 60, groups=groups, kind="group_shuffle_split"))


def test_large(lib):
    """Twists the generator many times; classes of one row in a thousand and of most rows."""
    rng, n = np.random.RandomState(8), 200_000
    few, many = rng.randint(0, 10, n), rng.randint(0, 1000, n)
    skewed = np.minimum(rng.geometric(0.5, n), 15)
    groups = rng.randint(0, 30_000, n)
    for y in (few, many, skewed):
        assert same(lambda: list(StratifiedShuffleSplit(2, random_state=3).split(y, y)),
                    lambda: split(lib, n, y, kind="stratified_shuffle_split", n_splits=2, seed=3))
        assert same(lambda: [train_test_split(np.arange(n), stratify=y, random_state=4)],
                    lambda: split(lib, n, y, kind="holdout", stratify=True, seed=4))
    assert same(lambda: list(ShuffleSplit(3, random_state=3).split(few)),
                lambda: split(lib, n, kind="shuffle_split", n_splits=3, seed=3))
    assert same(lambda: list(GroupShuffleSplit(3, random_state=3).split(few, few, groups)),
                lambda: split(lib, n, groups=groups, kind="group_shuffle_split", n_splits=3, seed=3))


def resample_rows(so, n, m, replace, y, seed):
    so.mlsd_resample_rows.argtypes = [P, I64, I64, ctypes.c_int32, ctypes.POINTER(Matrix), I64, P, I64]
    view, y = column(y)
    out = np.full(max(m, 1), -1, dtype=np.int64)
    if so.mlsd_resample_rows(None, n, m, replace, view, seed, out.ctypes.data, m) != 0:
        raise ValueError(so.mlsd_last_error().decode())
    return out[:m]


def test_resample(lib):
    rng, n_equal = np.random.RandomState(11), 0
    for _ in range(count(2500)):
        n, seed, replace = rng.randint(1, 120), random_seed(rng), bool(rng.randint(2))
        m = int(rng.choice([n, rng.randint(1, n + 1), rng.randint(1, 3 * n + 1)]))
        y = random_classes(rng, n) if rng.randint(2) else None
        n_equal += same(
            lambda: [[resample(np.arange(n), n_samples=m, replace=replace, stratify=y, random_state=seed)]],
            lambda: [[resample_rows(lib, n, m, replace, y, seed)]],
        )
    assert n_equal > count(1800)
    rows = resample_rows(lib, 50, 50, 0, None, 7)
    np.testing.assert_array_equal(rows, shuffle(np.arange(50), random_state=7))


def expected_bootstrap(n, k, m, seed, y=None, groups=None):
    """resample() again and again, whenever nothing was left out once more."""
    rng, splits = np.random.RandomState(seed), []
    unit = np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_units = unit.max() + 1
    if y is not None and groups is not None:
        y = y[np.unique(groups, return_index=True)[1]]
    while len(splits) < k:
        drawn = resample(np.arange(n_units), n_samples=m, stratify=y, random_state=rng)
        test = np.flatnonzero(~np.isin(unit, drawn))
        if len(test):
            splits.append((np.concatenate([np.flatnonzero(unit == u) for u in drawn]), test))
    return splits


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_bootstrap(lib, stratify, grouped):
    rng, n_equal = np.random.RandomState(12 + stratify + 2 * grouped), 0
    for _ in range(count(350)):
        n, k, seed = rng.randint(2, 80), rng.randint(1, 5), random_seed(rng)
        groups = random_groups(rng, n) if grouped else None
        n_units = len(np.unique(groups)) if grouped else n
        if n_units < 2:
            continue
        y = None
        if stratify:
            y = np.floor(groups / 7) if grouped else random_classes(rng, n)
            if n_units == len(np.unique(y)):
                continue
        m = None if rng.randint(2) else int(rng.randint(1, n_units + 3))
        got = split(lib, n, y, groups, kind="bootstrap", n_splits=k, seed=seed, sample_size=m,
                    stratify=stratify, grouped=grouped)
        n_equal += same(lambda: expected_bootstrap(n, k, m, seed, y, groups), lambda: got)
    assert n_equal > count(150)


def iterative_stratification(labels, fractions, rng):
    """Algorithm 1 of Sechidis, Tsoumakas & Vlahavas (2011), label by label and row by row."""
    def choose(candidates):
        return candidates[rng.randint(len(candidates))] if len(candidates) > 1 else candidates[0]

    def neediest(wanted, candidates):
        return [k for k in candidates if wanted[k] == max(wanted[c] for c in candidates)]

    n, n_labels = labels.shape
    parts = range(len(fractions))
    wanted = [f * n for f in fractions]
    wanted_of = [[f * int(labels[:, j].sum()) for f in fractions] for j in range(n_labels)]
    part_of = np.full(n, -1)
    while (part_of < 0).any():
        left = [int(labels[part_of < 0, j].sum()) for j in range(n_labels)]
        rare = [j for j in range(n_labels) if left[j] == min((c for c in left if c), default=-1)]
        rows, of_label = np.flatnonzero(part_of < 0), wanted
        if rare:
            j = choose(rare)
            rows, of_label = np.flatnonzero((part_of < 0) & (labels[:, j] == 1)), wanted_of[j]
        for i in rows:
            k = choose(neediest(wanted, neediest(of_label, parts)))
            part_of[i] = k
            wanted[k] -= 1
            for j in np.flatnonzero(labels[i]):
                wanted_of[j][k] -= 1
    return part_of


def split_columns(so, n, columns, **spec):
    """split() by columns of any role."""
    so.mlsd_folds_split_columns.argtypes = [P, P, I64, P, P, I64, P, ctypes.POINTER(P)]
    arrays = {role: np.ascontiguousarray(a, dtype=np.float64).reshape(n, -1) for role, a in columns.items()}
    views = [Matrix(a.ctypes.data, n, a.shape[1], a.shape[1], 1, 2, 0) for a in arrays.values()]
    roles = (ctypes.c_char_p * len(views))(*(role.encode() for role in arrays))
    pointers = (ctypes.POINTER(Matrix) * len(views))(*(ctypes.pointer(v) for v in views))
    spec = {k: v for k, v in spec.items() if v is not None}
    handle, folds = P(), P()
    assert so.mlsd_spec_from_json(None, json.dumps(spec, default=float).encode(), ctypes.byref(handle)) == 0
    status = so.mlsd_folds_split_columns(None, handle, n, roles, pointers, len(views), None, ctypes.byref(folds))
    message = so.mlsd_last_error().decode()
    so.mlsd_spec_free(handle)
    if status != 0:
        raise ValueError(message)
    result = []
    for k, p in itertools.product(range(so.mlsd_folds_n_splits(folds)), range(so.mlsd_folds_n_parts(folds))):
        out = np.empty(so.mlsd_folds_part_size(folds, k, p), dtype=np.int64)
        assert so.mlsd_folds_part(folds, k, p, out.ctypes.data, len(out)) == 0
        result.append(out)
    n_parts = so.mlsd_folds_n_parts(folds)
    so.mlsd_folds_free(folds)
    return [result[i:i + n_parts] for i in range(0, len(result), n_parts)]


def random_labels(rng, n):
    n_labels = rng.randint(2, 9)
    return (rng.uniform(size=(n, n_labels)) < rng.choice([0.05, 0.2, 0.5, 0.9], n_labels)).astype(int)


def test_multilabel_stratified_kfold(lib):
    rng, n_equal = np.random.RandomState(21), 0
    for _ in range(count(150)):
        n, k, seed, mixed = rng.randint(4, 90), rng.randint(2, 6), random_seed(rng), bool(rng.randint(2))
        labels = random_labels(rng, n)

        def expected():
            draws, order = np.random.RandomState(seed), np.arange(n)
            if mixed:
                draws.shuffle(order)
            fold_of = np.empty(n, dtype=int)
            fold_of[order] = iterative_stratification(labels[order], [1 / k] * k, draws)
            if len(np.unique(fold_of)) < k:
                raise ValueError
            return [(np.flatnonzero(fold_of != f), np.flatnonzero(fold_of == f)) for f in range(k)]

        n_equal += same(expected, lambda: split_columns(
            lib, n, {"target": labels}, kind="multilabel_stratified_kfold", n_splits=k, shuffle=mixed, seed=seed))
    assert n_equal > count(100)


def test_multilabel_stratified_shuffle_split(lib):
    rng, n_equal = np.random.RandomState(22), 0
    for _ in range(count(100)):
        n, k, seed = rng.randint(4, 90), rng.randint(1, 4), random_seed(rng)
        labels, sizes = random_labels(rng, n), random_sizes(rng, n)

        def expected():
            train, test = next(ShuffleSplit(1, random_state=0, **sizes).split(labels))
            draws, splits = np.random.RandomState(seed), []
            for _ in range(k):
                order, part_of = np.arange(n), np.empty(n, dtype=int)
                draws.shuffle(order)
                fractions = np.array([len(train), len(test)]) / (len(train) + len(test))
                part_of[order] = iterative_stratification(labels[order], fractions, draws)
                splits.append((np.flatnonzero(part_of == 0), np.flatnonzero(part_of == 1)))
            if min(len(part) for s in splits for part in s) == 0:
                raise ValueError
            return splits

        n_equal += same(expected, lambda: split_columns(
            lib, n, {"target": labels}, kind="multilabel_stratified_shuffle_split", n_splits=k, seed=seed, **sizes))
    assert n_equal > count(40)


def parts_of(n, parts):
    """The part of each row, which is in one at most; -1 for none."""
    part_of = np.full(n, -1)
    for k, rows in enumerate(parts):
        assert (part_of[rows] == -1).all() and len(np.unique(rows)) == len(rows) > 0
        part_of[rows] = k
    return part_of


def test_grouped_holdout_keeps_groups_whole_and_sizes_near(lib):
    """Every group in one part, every row in one; sizes off by less than the largest group; no worse than any of 30
    random deals."""
    rng = np.random.RandomState(31)
    for _ in range(count(150)):
        n, n_parts = rng.randint(20, 300), rng.randint(2, 5)
        groups = random_groups(rng, n)
        fractions = rng.dirichlet(np.full(n_parts, 5.0))
        wanted = fractions * n
        _, unit, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        try:
            got = split(lib, n, groups=groups, kind="holdout", parts=list(fractions), grouped=True,
                        seed=random_seed(rng))
        except ValueError as e:
            assert len(sizes) < n_parts or np.floor(wanted).min() == 0, e
            continue
        part_of = parts_of(n, got[0])
        assert (part_of >= 0).all()
        for g in range(len(sizes)):
            assert len(np.unique(part_of[unit == g])) == 1
        off = np.square(np.bincount(part_of, minlength=n_parts) - wanted).sum()
        for _ in range(30):
            drawn = rng.choice(n_parts, len(sizes), p=fractions)
            if len(np.unique(drawn)) == n_parts:
                assert off <= np.square(np.bincount(drawn[unit], minlength=n_parts) - wanted).sum() + 4 * n


def unevenness(part_of, y, unit, fractions):
    """The objective: squared misses of class shares, rows as a whole being one class more."""
    total = 0.0
    for rows in [np.ones(len(y), dtype=bool)] + [y == c for c in np.unique(y)]:
        for k, f in enumerate(fractions):
            total += ((part_of[rows] == k).sum() / rows.sum() - f) ** 2
    return total


def test_stratified_grouped_holdout_is_as_good_as_the_best_deal(lib):
    """Against all deals of up to 9 groups: within a hair of the best, as the local search ends near it."""
    rng, n_best, n_cases = np.random.RandomState(32), 0, 0
    for _ in range(count(60)):
        n_groups, n_parts = rng.randint(4, 10), rng.randint(2, 4)
        n = n_groups * rng.randint(3, 9)
        groups = np.concatenate([np.arange(n_groups), rng.randint(0, n_groups, n - n_groups)])
        y = (groups * 3 + rng.randint(0, 6, n)) // 4 % rng.randint(2, 4)
        fractions = np.array([0.75, 0.25] if n_parts == 2 else [0.5, 0.25, 0.25])
        got = split(lib, n, y, groups, kind="holdout", parts=list(fractions), grouped=True, stratify=True,
                    seed=random_seed(rng))
        sizes = np.array([np.ceil(0.25 * n)]) if n_parts == 2 else None
        shares = np.array([1 - sizes[0] / n, sizes[0] / n]) if n_parts == 2 else None
        if shares is None:  # largest remainder
            exact = fractions * n
            whole = np.floor(exact)
            whole[np.argsort(whole - exact, kind="stable")[:int(n - whole.sum())]] += 1
            shares = whole / n
        best = min(
            unevenness(np.array(deal)[groups], y, groups, shares)
            for deal in itertools.product(range(n_parts), repeat=n_groups) if len(set(deal)) == n_parts
        ) if n_parts ** n_groups <= 3000 else None
        if best is None:
            continue
        n_cases += 1
        ours = unevenness(parts_of(n, got[0]), y, groups, shares)
        assert ours <= best * 1.5 + 1e-3
        n_best += ours <= best + 1e-6
    assert n_cases > 0 and n_best >= 0.9 * n_cases


def test_stratified_group_shuffle_split(lib):
    """Groups never straddle, sizes and class shares are near, splits differ, and seeds reproduce."""
    rng = np.random.RandomState(33)
    for _ in range(count(25)):
        n = rng.randint(300, 900)
        groups, y = rng.randint(0, n // 6, n), rng.choice(3, n, p=[0.6, 0.3, 0.1])
        test = float(rng.choice([0.1, 0.25, 0.5]))
        spec = dict(kind="stratified_group_shuffle_split", n_splits=4, test_size=test, seed=random_seed(rng))
        got = split(lib, n, y, groups, **spec)
        for train, tested in got:
            assert not set(groups[train]) & set(groups[tested])
            assert len(parts_of(n, [train, tested])) == len(train) + len(tested)
            assert (np.diff(train) > 0).all() and (np.diff(tested) > 0).all()
            assert abs(len(tested) - test * n) <= 3
            for c in range(3):
                assert abs((y[tested] == c).sum() - test * (y == c).sum()) <= 2
        assert any((got[0][1].shape != s[1].shape) or (got[0][1] != s[1]).any() for s in got[1:])
        assert all((a == b).all() for s, t in zip(got, split(lib, n, y, groups, **spec)) for a, b in zip(s, t))


def test_every_group_is_tested_sometimes(lib):
    """Groups come in a random order, so large ones are not always trained on."""
    groups = np.repeat(np.arange(12), [30, 28, 26, 20, 15, 10, 8, 6, 4, 3, 2, 1])
    tested = np.zeros(12)
    for train, test in split(lib, len(groups), groups * 0, groups, kind="stratified_group_shuffle_split",
                             n_splits=200, test_size=0.3):
        assert abs(len(test) - 0.3 * len(groups)) <= 1
        tested[np.unique(groups[test])] += 1
    assert tested.min() >= 10


def test_sizes_that_leave_rows_over(lib):
    rng = np.random.RandomState(34)
    groups, y = rng.randint(0, 60, 400), rng.randint(0, 2, 400)
    for grouped, stratify in itertools.product([False, True], repeat=2):
        (train, test), = split(lib, 400, y, groups, kind="holdout", train_size=0.4, test_size=0.2, grouped=grouped,
                               stratify=stratify)
        assert abs(len(train) - 160) <= 2 and abs(len(test) - 80) <= 2
        assert (parts_of(400, [train, test]) == -1).sum() == 400 - len(train) - len(test)
        assert not grouped or not set(groups[train]) & set(groups[test])


def test_quantile_strata(lib):
    """A numeric target without ties: each part has each decile's share, as if the bins were classes; with them it is
    the split of these classes, which scikit-learn makes from numbers of bins."""
    rng, n_equal = np.random.RandomState(35), 0
    for _ in range(count(200)):
        n, bins, seed = rng.randint(40, 300), rng.randint(2, 9), random_seed(rng)
        y = rng.normal(size=n)
        codes = np.empty(n, dtype=int)
        codes[np.argsort(y)] = np.arange(n) * bins // n
        test = float(rng.choice([0.25, 0.4]))
        n_equal += same(
            lambda: [train_test_split(np.arange(n), stratify=codes, test_size=test, random_state=seed)],
            lambda: split(lib, n, y, kind="holdout", stratify=True, strata_bins=bins, test_size=test, seed=seed),
        )
        n_equal += same(
            lambda: list(StratifiedShuffleSplit(2, test_size=test, random_state=seed).split(codes, codes)),
            lambda: split(lib, n, y, kind="stratified_shuffle_split", n_splits=2, strata_bins=bins, test_size=test,
                          seed=seed),
        )
    assert n_equal > count(350)


def test_quantile_strata_with_ties(lib):
    """Equal values stay in one stratum, so many zeros (as in sales or rain) are one; nothing is lost."""
    rng = np.random.RandomState(36)
    for _ in range(count(100)):
        n = rng.randint(30, 200)
        y = np.round(np.maximum(rng.normal(rng.uniform(-1, 1), 1, n), 0), rng.randint(0, 3))
        try:
            got = split(lib, n, y, kind="holdout", stratify=True, strata_bins=5, parts=[0.6, 0.2, 0.2], seed=1)
        except ValueError as e:
            assert "few different values" in str(e) and len(np.unique(y)) < 5
            continue
        part_of = parts_of(n, got[0])
        assert (part_of >= 0).all()
        for k, share in enumerate([0.6, 0.2, 0.2]):
            assert abs((part_of == k)[y == 0].sum() - share * (y == 0).sum()) <= 0.5 * (y == 0).sum() ** 0.5 * 3 + 2
