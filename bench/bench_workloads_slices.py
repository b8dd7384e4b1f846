"""Workloads of slices: the exact search for those with the highest losses."""

import numpy as np

from bench_harness import PEER, Check, Side, Workload
from bench_workloads_models import ours

LEVELS = (2, 3, 4, 5, 6, 8, 10, 12, 15, 20)


def _rows(n, n_columns):
    """Columns of 2 to 20 levels, frequent ones and rare ones; two slices are wrong more often than the rest."""
    rng = np.random.default_rng(0)
    columns = {}
    for j in range(n_columns):
        share = 1 / np.arange(1, LEVELS[j % 10] + 1)
        columns[f"c{j}"] = rng.choice(len(share), n, p=share / share.sum())
    chance = 0.1 + 0.25 * ((columns["c3"] == 1) & (columns["c7"] == 2))
    chance += 0.3 * ((columns["c1"] == 2) & (columns["c5"] == 0) & (columns["c9"] == 3))
    return columns, (rng.random(n) < chance).astype(np.float64)


def _peer(bench, pairs):
    return Side("SciPy, X'X, two levels", PEER, pairs, bench.peer_threads, key="peer", most=2)


def _pairs(columns, error, alpha, least):
    """SliceLine's first two levels with SciPy's sparse matrices, as its script does them: sizes and errors by X'X."""
    import scipy.sparse

    X = scipy.sparse.hstack([
        scipy.sparse.csr_matrix((np.ones(len(c)), c, np.arange(len(c) + 1)), shape=(len(c), int(c.max()) + 1))
        for c in columns.values()
    ]).tocsr()
    size = np.asarray((X.T @ X).todense())
    errors = np.asarray((X.T @ X.multiply(error[:, np.newaxis]).tocsr()).todense())
    n, mean = len(error), error.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        score = alpha * (errors / size / mean - 1) - (1 - alpha) * (n / size - 1)
    return np.sort(score[np.triu(size >= least)])[::-1]


LIMIT = "reading the sets of rows from memory"


def _limits(bench, n, counts):
    """Three sets of rows are read for each slice that is looked at, in both halves together a bit a row; they mostly fit the caches."""
    return bench.limits.seconds(read=3 * n / 8 * sum(counts.get("looked_at", [1])))


def slice_search(bench):
    import mlsd
    from mlsd import slices

    n, n_columns = bench.size(500_000, 100_000, 5_000), bench.size(20, 20, 10)
    columns, error = _rows(n, n_columns)
    table, alpha, least = mlsd.Table(columns), 0.95, max(32, n // 100)
    pairs = lambda: _pairs(columns, error, alpha, least)  # noqa: E731
    counts = {}

    def search(**more):
        return lambda: slices.search(table, errors=error, alpha=alpha, k=10, max_level=3, **more)

    def check(out):
        found = slices.search(table, errors=error, alpha=alpha, max_level=2, confirm=0.0, min_support=least, k=5)
        theirs = out["peer"][out["peer"] > 0][:5]
        yield Check("scores of the best slices of two levels, difference", np.max(np.abs(found.slices["score"] - theirs)), 1e-9)
        same = out["mlsd 1"].slices["slice"].tolist() == out["mlsd 2"].slices["slice"].tolist()
        yield Check("slices that two threads find and one does not", 1 - same, 0)
        counts.update({k: v.tolist() for k, v in out["mlsd 2"].table("levels").items()})
        workload.notes.append(
            f"{sum(counts['candidates']):,} candidates by level {counts['candidates']}, looked at {counts['looked_at']}, each tested in the other half"
        )

    workload = Workload(
        "slice_search",
        f"slice_search, {n:,} x {n_columns} columns of 2 to 20 levels, three levels, with cutting the rows and testing all",
        ours(search()) + [_peer(bench, pairs)],
        check, lambda: _limits(bench, n, counts), LIMIT, repeats=bench.size(5, 3, 1),
    )
    return workload


def slice_search_hard(bench):
    import mlsd
    from mlsd import slices

    n, n_columns = bench.size(500_000, 100_000, 5_000), bench.size(20, 20, 10)
    columns, error = _rows(n, n_columns)
    table, counts = mlsd.Table(columns), {}
    options = {"alpha": 1.0, "k": 10, "min_support": 500}

    def check(out):
        found = slices.search(table, errors=error, max_level=2, confirm=0.0, **options)
        theirs = out["peer"][:10]
        yield Check("scores of the best slices of two levels, difference", np.max(np.abs(found.slices["score"] - theirs)), 1e-9)
        same = out["mlsd 1"].slices["slice"].tolist() == out["mlsd 2"].slices["slice"].tolist()
        yield Check("slices that two threads find and one does not", 1 - same, 0)
        counts.update({k: v.tolist() for k, v in out["mlsd 2"].table("levels").items()})
        workload.notes.append(f"candidates {counts['candidates']}, looked at {counts['looked_at']}")

    workload = Workload(
        "slice_search_hard",
        f"slice_search, {n:,} x {n_columns}, where size does not count (alpha 1) and slices may have 500 rows: little is pruned",
        ours(lambda: slices.search(table, errors=error, max_level=3, **options))
        + [_peer(bench, lambda: _pairs(columns, error, 1.0, options["min_support"]))],
        check, lambda: _limits(bench, n, counts), LIMIT, repeats=bench.size(3, 3, 1),
    )
    return workload


WORKLOADS = {"slice_search": slice_search, "slice_search_hard": slice_search_hard}
