"""Workloads of splitting: every index of every split is made on both sides, and must be the same."""

import numpy as np

from bench_harness import OURS, PEER, Check, Side, Workload


def _walk(splits):
    """Make all splits and keep none."""
    return sum(len(train) + len(test) for train, test in splits)


def _k_fold(bench, name, kind, n_classes=None):
    import mlsd.model_selection
    import sklearn.model_selection

    n = bench.size(1_000_000, 200_000, 20_000)
    y = np.random.default_rng(3).integers(0, n_classes or 2, n)
    if n_classes is not None and n_classes * 100 > n:
        y = np.arange(n) % n_classes  # no class may be too small for its folds
    X = np.empty((n, 1))
    mine, theirs = (
        getattr(module, kind)(10, shuffle=True, random_state=0)
        for module in (mlsd.model_selection, sklearn.model_selection)
    )

    def check(_):
        pairs = zip(mine.split(X, y), theirs.split(X, y))
        wrong = sum(not (np.array_equal(a[0], b[0]) and np.array_equal(a[1], b[1])) for a, b in pairs)
        yield Check("splits of 10 with other indices", wrong, 0)

    classes = "" if n_classes is None else f", {n_classes} classes"
    return Workload(
        name,
        f"{kind}(10, shuffle), {n:,} rows{classes}, all splits",
        [
            Side("mlsd", OURS, lambda: _walk(mine.split(X, y)), n_threads=2),
            Side("scikit-learn", PEER, lambda: _walk(theirs.split(X, y))),
        ],
        check,
        lambda: bench.limits.seconds(write=8 * 10 * n),
        "writing the indices to memory",
        bench.size(7, 7, 1),
    )


def kfold(bench):
    return _k_fold(bench, "kfold", "KFold")


def _stratified(n_classes):
    def make(bench):
        return _k_fold(bench, f"stratified_{n_classes}", "StratifiedKFold", n_classes)

    return make


def _train_test(bench, name, n_classes=None):
    import mlsd.model_selection
    import sklearn.model_selection

    n = bench.size(1_000_000, 200_000, 20_000)
    rows = np.arange(n)
    y = None if n_classes is None else np.random.default_rng(4).integers(0, n_classes, n)

    def side(module):
        return lambda: module.train_test_split(rows, test_size=0.2, random_state=0, stratify=y)

    def check(out):
        wrong = sum(not np.array_equal(a, b) for a, b in zip(out["mlsd"], out["scikit-learn"]))
        yield Check("parts with other rows", wrong, 0)

    stratify = "" if n_classes is None else f", stratified by {n_classes} classes"
    return Workload(
        name,
        f"train_test_split of {n:,} row numbers{stratify}",
        [
            Side("mlsd", OURS, side(mlsd.model_selection), n_threads=2),
            Side("scikit-learn", PEER, side(sklearn.model_selection)),
        ],
        check,
        lambda: bench.limits.seconds(write=2 * 8 * n),
        "writing the indices and the rows to memory",
        bench.size(7, 7, 1),
    )


def train_test(bench):
    return _train_test(bench, "train_test")


def train_test_stratified(bench):
    return _train_test(bench, "train_test_strat", 10)


WORKLOADS = {
    "kfold": kfold,
    "stratified_2": _stratified(2),
    "stratified_10": _stratified(10),
    "stratified_1000": _stratified(1000),
    "train_test": train_test,
    "train_test_strat": train_test_stratified,
}
