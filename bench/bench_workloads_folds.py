"""Workloads of making indices: the C calls alone, into the caller's buffers, beside scikit-learn's splitters.

Measured is mlsd_folds_split (one thread's work, spec and matrices made before) and mlsd_folds_part for every part of
every split into int64 buffers that are there already; of scikit-learn, walking over split(). Where something is drawn,
two more sides do nothing but draw as much: NumPy's permutations, and mlsd's (mlsd_resample_rows, which shuffles int32
and hands out int64, and mlsd_random_state_shuffle for short ones). Peak memory is what passes through the context's allocator, as bytes for each row.
"""

import ctypes
import itertools

import numpy as np

from bench_harness import FLOOR, OURS, PEER, Check, Side, Workload

N_SPLITS = 5
SMALL = 100_000  # rows that lie in the caches, however wide their numbers are; of more, int32 are shuffled faster
LARGE = "_1e7"  # ends the names of what only the full mode runs


class _Memory:
    """Counts what an allocator hands out: bytes now, and the most there ever were."""

    def __init__(self):
        from mlsd._library import Handle, lib
        from mlsd._signatures import ALLOC_FN, FREE_FN, REALLOC_FN

        libc = ctypes.CDLL(None)
        libc.malloc.restype = libc.realloc.restype = ctypes.c_void_p
        libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
        libc.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self.now = self.peak = 0

        def allocate(size, _):
            self._add(size)
            return libc.malloc(size)

        def reallocate(pointer, old, new, _):
            self._add(new - old)
            return libc.realloc(pointer, new)

        def release(pointer, size, _):
            self._add(-size)
            libc.free(pointer)

        self._kept = ALLOC_FN(allocate), REALLOC_FN(reallocate), FREE_FN(release)
        self.context = type("Counted", (Handle,), {"_free": "mlsd_context_free"})._made(
            lambda *out: lib.mlsd_context_new_with_allocator(*self._kept, None, *out)
        )

    def _add(self, size):
        self.now += size
        self.peak = max(self.peak, self.now)

    def of(self, call):
        """Bytes that call(context) needed at most."""
        before = self.peak = self.now
        call(self.context._h)
        return self.peak - before


class _Task:
    """A split by the C calls, prepared so that nothing but the calls is left to do."""

    def __init__(self, spec, n, y=None, groups=None):
        from mlsd._arrays import as_matrix, int64s
        from mlsd._library import lib

        self.lib, self.spec, self.n = lib, spec, n
        self._kept = [None if v is None else as_matrix(v) for v in (y, groups)]
        self._views = [None if m is None else ctypes.byref(m[0]) for m in self._kept]
        self.buffers = [np.zeros(n, dtype=np.int64) for _ in range(2)]
        self._places = [int64s(b) for b in self.buffers]

    def folds(self, context=None):
        out = ctypes.c_void_p()
        self.lib.mlsd_folds_split(context, self.spec._h, self.n, *self._views, ctypes.byref(out))
        return out

    def end(self, folds):
        self.lib.mlsd_folds_free(folds)

    def only_folds(self, context=None):
        self.end(self.folds(context))

    def splits(self, context=None):
        """(train, test) of each split, in buffers that the next split writes over."""
        folds = self.folds(context)
        try:
            for k in range(self.lib.mlsd_folds_n_splits(folds)):
                sizes = [self.lib.mlsd_folds_part_size(folds, k, p) for p in (0, 1)]
                for p in (0, 1):
                    self.lib.mlsd_folds_part(folds, k, p, self._places[p], self.n)
                yield tuple(b[:size] for b, size in zip(self.buffers, sizes))
        finally:
            self.end(folds)

    def walk(self, context=None):
        for _ in self.splits(context):
            pass


def _count_different(mine, theirs):
    pairs = itertools.zip_longest(mine, theirs, fillvalue=((), ()))
    return sum(not (np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])) for a, b in pairs)


def _bare(task, sizes):
    """The two sides that only draw: a shuffle of each of the sizes."""
    from mlsd._random import Generator

    out, state, generator = task.buffers[0], np.random.RandomState(0), Generator(0)
    place = ctypes.cast(out.ctypes.data, ctypes.POINTER(ctypes.c_int64))

    def ours():
        for size in sizes:
            if size < SMALL:
                task.lib.mlsd_random_state_shuffle(generator._h, place, size)
            else:
                task.lib.mlsd_resample_rows(None, size, size, 0, None, 0, place, len(out))

    def numpys():
        for size in sizes:
            state.permutation(size)

    return [Side("bare shuffles, mlsd", FLOOR, ours), Side("bare shuffles, NumPy", FLOOR, numpys)]


def _workload(bench, name, title, task, theirs, drawn=(), ids=None):
    """theirs: a function that gives scikit-learn's splits; drawn: sizes that are shuffled; ids: its fold ids only."""
    n, memory = task.n, _Memory()
    sides = [Side("mlsd", OURS, task.walk), Side("scikit-learn", PEER, lambda: [None for _ in theirs()] and None)]
    if ids is not None:
        sides = [Side("mlsd", OURS, task.only_folds), Side("scikit-learn", PEER, ids)]
    sides += _bare(task, drawn) if drawn else []
    workload = None

    def check(_):
        peak = memory.of(task.only_folds if ids is not None else task.walk)
        workload.notes.append(f"peak memory beyond input and output: {peak / n:.1f} bytes a row (target 8)")
        yield Check("splits with other indices", _count_different(task.splits(), theirs()), 0)

    workload = Workload(name, f"{title}, {n:,} rows", sides, check, repeats=bench.size(3 if name.endswith(LARGE) else 5, 5, 1))
    return workload


def _rows(bench, name):
    return 10_000_000 if name.endswith(LARGE) else bench.size(1_000_000, 200_000, 20_000)


def _classes(n, n_classes):
    return np.random.default_rng(3).permutation(np.arange(n) % n_classes)


def kfold(bench, name):
    from mlsd import Spec
    from sklearn.model_selection import KFold

    n = _rows(bench, name)
    task, X = _Task(Spec("kfold", n_splits=N_SPLITS, shuffle=True), n), np.empty((n, 1))
    theirs = KFold(N_SPLITS, shuffle=True, random_state=0)
    return _workload(bench, name, "KFold(5, shuffle)", task, lambda: theirs.split(X), [n])


def _stratified(n_classes, of_ids):
    def make(bench, name):
        from mlsd import Spec
        from sklearn.model_selection import StratifiedKFold

        n = _rows(bench, name)
        y, X = _classes(n, n_classes), np.empty((n, 1))
        task = _Task(Spec("stratified_kfold", n_splits=N_SPLITS, shuffle=True), n, y)
        theirs = StratifiedKFold(N_SPLITS, shuffle=True, random_state=0)
        ids = (lambda: theirs._make_test_folds(X, y)) if of_ids else None
        title = f"StratifiedKFold(5, shuffle){', fold ids' if of_ids else ''}, {n_classes} classes"
        return _workload(bench, name, title, task, lambda: theirs.split(X, y), np.bincount(y).tolist(), ids)

    return make


def group_kfold(bench, name):
    from mlsd import Spec
    from sklearn.model_selection import GroupKFold

    n = _rows(bench, name)
    n_groups = 100_000 if n >= 1_000_000 else n // 10
    groups, X = np.random.default_rng(5).integers(0, n_groups, n), np.empty((n, 1))
    task = _Task(Spec("group_kfold", n_splits=N_SPLITS, compat="1.2"), n, None, groups)
    theirs = GroupKFold(N_SPLITS)
    return _workload(bench, name, f"GroupKFold(5), {n_groups:,} groups", task, lambda: theirs.split(X, None, groups))


def stratified_shuffle_split(bench, name):
    from mlsd import Spec
    from sklearn.model_selection import StratifiedShuffleSplit

    n, n_splits = _rows(bench, name), 2
    y, X = _classes(n, 10), np.empty((n, 1))
    task = _Task(Spec("stratified_shuffle_split", n_splits=n_splits, test_size=0.2), n, y)
    theirs = StratifiedShuffleSplit(n_splits, test_size=0.2, random_state=0)
    drawn = [*np.bincount(y).tolist(), n - n // 5, n // 5] * n_splits
    return _workload(bench, name, "StratifiedShuffleSplit(2), 10 classes", task, lambda: theirs.split(X, y), drawn)


def train_test_stratified(bench, name):
    from mlsd import Spec
    from sklearn.model_selection import train_test_split

    n = _rows(bench, name)
    y, rows = _classes(n, 1000 if n > 100_000 else 100), np.arange(n)
    task = _Task(Spec("holdout", test_size=0.25, stratify=True), n, y)

    def theirs():
        yield train_test_split(rows, test_size=0.25, stratify=y, random_state=0)

    n_classes = int(y.max()) + 1
    drawn = [*np.bincount(y).tolist(), n - n // 4, n // 4]
    return _workload(bench, name, f"train_test_split(stratify) of row numbers, {n_classes} classes", task, theirs, drawn)


def stratified_group_kfold(bench, name):
    from mlsd import Spec
    from sklearn.model_selection import StratifiedGroupKFold

    n, rng = bench.size(20_000, 20_000, 2_000), np.random.default_rng(6)
    y, groups, X = rng.integers(0, 10, n), rng.integers(0, n // 4, n), np.empty((n, 1))
    task = _Task(Spec("stratified_group_kfold", n_splits=N_SPLITS, compat="1.2"), n, y, groups)
    theirs = StratifiedGroupKFold(N_SPLITS)
    return _workload(bench, name, f"StratifiedGroupKFold(5), {n // 4:,} groups, 10 classes", task, lambda: theirs.split(X, y, groups))


_MAKERS = {
    "folds_kfold": kfold,
    "folds_ids_10": _stratified(10, True),
    "folds_ids_1000": _stratified(1000, True),
    "folds_strat_10": _stratified(10, False),
    "folds_strat_1000": _stratified(1000, False),
    "folds_group": group_kfold,
    "folds_strat_shuffle": stratified_shuffle_split,
    "folds_holdout": train_test_stratified,
}


def _named(name, make):
    return lambda bench: make(bench, name)


WORKLOADS = {name: _named(name, make) for name, make in _MAKERS.items()}
WORKLOADS["folds_strat_group"] = _named("folds_strat_group", stratified_group_kfold)
WORKLOADS.update({name + LARGE: _named(name + LARGE, make) for name, make in _MAKERS.items()})
