"""Workloads of nearest neighbors: many columns, where all rows are looked at, and few, where a tree is."""

import numpy as np

from bench_harness import OURS, PEER, Check, Side, Workload

N_NEIGHBORS = 5


def _data(n, m, p):
    """Rows and queries that float32 holds exactly, so that both sides see the same numbers."""
    rng = np.random.default_rng(8)
    return [rng.standard_normal((rows, p)).astype(np.float32).astype(np.float64) for rows in (n, m)]


def _differing(ours, theirs):
    """Share of queries whose neighbors are not the same rows in the same order."""
    return float(np.mean((ours[1] != theirs[1]).any(1)))


def _ours(model, queries):
    return [
        Side(f"mlsd, {n} thread{'s' if n > 1 else ''}", OURS, lambda: model.kneighbors(queries), n_threads=n, key=f"mlsd {n}")
        for n in (1, 2)
    ]


def _same_bits(out):
    same = all(np.array_equal(a, b) for a, b in zip(out["mlsd 1"], out["mlsd 2"]))
    return Check("distances and rows of 1 and 2 threads that differ in bits", 0 if same else 1, 0)


def neighbors(bench):
    from mlsd.neighbors import KNeighborsRegressor
    from sklearn.neighbors import KNeighborsRegressor as Peer

    n, m, p = bench.size((50_000, 10_000, 50), (20_000, 4_000, 50), (400, 60, 20))
    X, queries = _data(n, m, p)
    model = KNeighborsRegressor(n_neighbors=N_NEIGHBORS).fit(X, X[:, 0])
    sides = _ours(model, queries)
    for key, dtype in (("float32", np.float32), ("float64", np.float64)):
        peer = Peer(n_neighbors=N_NEIGHBORS, algorithm="brute").fit(X.astype(dtype), X[:, 0])
        rows = queries.astype(dtype)
        sides.append(
            Side(f"scikit-learn brute, {key}", PEER, lambda peer=peer, rows=rows: peer.kneighbors(rows), bench.peer_threads, key=key)
        )

    def check(out):
        yield Check("queries with other neighbors than scikit-learn's of float64, share", _differing(out["mlsd 2"], out["float64"]), 0)
        difference = np.max(np.abs(out["mlsd 2"][0] - out["float64"][0]))
        yield Check("distances beside scikit-learn's of float64, difference", difference, 1e-11)
        # In float32 neighbors that are nearly as far change places.
        yield Check("queries with other neighbors than scikit-learn's of float32, share", _differing(out["mlsd 2"], out["float32"]), 0.02)
        yield _same_bits(out)

    return Workload(
        "neighbors",
        f"{N_NEIGHBORS} nearest of {n:,} rows for {m:,} queries, {p} columns",
        sides,
        check,
        # Products of float take half of what dgemm's take.
        lambda: bench.limits.seconds(flops=n * m * p),
        "all products of rows at twice the rate of dgemm",
        bench.size(5, 5, 1),
    )


def neighbors_tree(bench):
    from mlsd.neighbors import KNeighborsRegressor
    from sklearn.neighbors import KNeighborsRegressor as Peer

    n, m, p = bench.size((200_000, 20_000, 3), (100_000, 10_000, 3), (1_000, 60, 2))
    X, queries = _data(n, m, p)
    model = KNeighborsRegressor(n_neighbors=N_NEIGHBORS).fit(X, X[:, 0])
    peer = Peer(n_neighbors=N_NEIGHBORS, algorithm="kd_tree").fit(X, X[:, 0])
    sides = _ours(model, queries)
    sides.append(Side("scikit-learn kd_tree", PEER, lambda: peer.kneighbors(queries), "1 thread", key="peer"))

    def check(out):
        yield Check("queries with other neighbors than scikit-learn's, share", _differing(out["mlsd 2"], out["peer"]), 0)
        yield Check("distances beside scikit-learn's, difference", np.max(np.abs(out["mlsd 2"][0] - out["peer"][0])), 0)
        yield _same_bits(out)

    return Workload(
        "neighbors_tree",
        f"{N_NEIGHBORS} nearest of {n:,} rows for {m:,} queries, {p} columns",
        sides,
        check,
        repeats=bench.size(5, 5, 1),
    )


def neighbors_search(bench):
    from mlsd.model_selection import GridSearchCV
    from mlsd.neighbors import KNeighborsClassifier
    from sklearn.model_selection import GridSearchCV as PeerSearch
    from sklearn.neighbors import KNeighborsClassifier as Peer

    n, p = bench.size((4_000, 20), (2_000, 20), (200, 4))
    X, noise = _data(n, n, p)
    y = (X[:, 0] + X[:, 1] * X[:, 2] + noise[:, 0] > 0).astype(np.int64)
    grid = {"n_neighbors": [1, 3, 5, 9, 15, 25, 41, 65], "weights": ["uniform", "distance"]}

    def ours():
        return GridSearchCV(KNeighborsClassifier(), grid, cv=5, refit=False).fit(X, y).cv_results_

    def peer(n_jobs):
        return PeerSearch(Peer(), grid, cv=5, refit=False, n_jobs=n_jobs).fit(X, y).cv_results_

    sides = [
        Side(f"mlsd, {k} thread{'s' if k > 1 else ''}", OURS, ours, n_threads=k, key=f"mlsd {k}") for k in (1, 2)
    ]
    sides.append(Side("scikit-learn GridSearchCV", PEER, lambda: peer(1), "1 process", key="peer"))
    if bench.size(True, True, False):  # starting processes takes longer than tiny searches
        sides.append(Side("scikit-learn GridSearchCV, n_jobs=2", PEER, lambda: peer(2), "2 processes", key="peer 2"))

    def check(out):
        scores = {key: result["mean_test_score"] for key, result in out.items()}
        yield Check("mean scores beside scikit-learn's, difference", np.max(np.abs(scores["mlsd 2"] - scores["peer"])), 1e-12)
        yield Check("mean scores of 1 and 2 threads, difference", np.max(np.abs(scores["mlsd 2"] - scores["mlsd 1"])), 0)

    return Workload(
        "neighbors_search",
        f"search over 8 numbers of neighbors and 2 weightings, 5 folds of {n:,} rows, {p} columns",
        sides,
        check,
        repeats=bench.size(3, 2, 1),
    )


WORKLOADS = {"neighbors": neighbors, "neighbors_tree": neighbors_tree, "neighbors_search": neighbors_search}
