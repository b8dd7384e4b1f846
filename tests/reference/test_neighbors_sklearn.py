"""Nearest neighbors beside scikit-learn's, on random problems. MLSD_SWEEP multiplies the cases."""

import os

import numpy as np
import pytest
import sklearn.datasets
import sklearn.metrics
import sklearn.neighbors

import mlsd.neighbors

CASES = 10 * int(os.environ.get("MLSD_SWEEP", "1"))
METRICS = [("euclidean", 2), ("manhattan", 2), ("chebyshev", 2), ("minkowski", 3), ("minkowski", 1), ("cosine", 2)]


def problem(seed):
    rng = np.random.RandomState(seed)
    n, p = rng.randint(20, 600), rng.randint(1, 12)
    X = rng.randn(n, p) * rng.uniform(0.1, 5, p) + rng.uniform(-30, 30, p)
    queries = X[rng.randint(0, n, 50)] + rng.randn(50, p)
    return rng, X, queries


@pytest.mark.parametrize("metric,power", METRICS)
@pytest.mark.parametrize("seed", range(CASES))
def test_neighbors_and_predictions(seed, metric, power):
    """Continuous data have no ties, so the rows must be the same ones; distances to rounding (cosine: to that of 1 - cos)."""
    rng, X, queries = problem(seed)
    options = {"n_neighbors": int(rng.randint(1, 12)), "weights": str(rng.choice(["uniform", "distance"])),
               "metric": metric, "p": power}
    search = "brute" if metric == "cosine" else "auto"
    ours_options = {**options, "algorithm": str(rng.choice(["auto", "brute", "kd_tree"])), "leaf_size": int(rng.randint(1, 40))}
    y = X[:, 0] + rng.randn(len(X))
    ours = mlsd.neighbors.KNeighborsRegressor(**ours_options).fit(X, y)
    theirs = sklearn.neighbors.KNeighborsRegressor(algorithm=search, **options).fit(X, y)
    distance, index = ours.kneighbors(queries)
    their_distance, their_index = theirs.kneighbors(queries)
    assert (index == their_index).all()
    np.testing.assert_allclose(distance, their_distance, rtol=1e-9, atol=1e-14)
    # 1 / distance carries the error of the distance, which scikit-learn takes from 1 - cos
    np.testing.assert_allclose(ours.predict(queries), theirs.predict(queries), rtol=1e-9, atol=1e-12)
    assert ours.effective_metric_ == ("manhattan" if power == 1 else metric)
    assert ours.n_samples_fit_ == len(X)

    labels = np.array(["a", "b", "c"])[np.digitize(y, np.quantile(y, [0.3, 0.7]))]
    ours = mlsd.neighbors.KNeighborsClassifier(**ours_options).fit(X, labels)
    theirs = sklearn.neighbors.KNeighborsClassifier(algorithm=search, **options).fit(X, labels)
    np.testing.assert_allclose(ours.predict_proba(queries), theirs.predict_proba(queries), rtol=1e-9, atol=1e-12)
    assert (ours.predict(queries) == theirs.predict(queries)).all()
    assert (ours.kneighbors(queries, 2, return_distance=False) == theirs.kneighbors(queries, 2, return_distance=False)).all()


@pytest.mark.parametrize("options", [{}, {"metric": "manhattan"}, {"shrink_threshold": 0.3}, {"shrink_threshold": 2.0}])
@pytest.mark.parametrize("seed", range(CASES))
def test_nearest_centroid(seed, options):
    """Centres to rounding; repetition is what weights are compared with, as scikit-learn takes none."""
    rng, X, queries = problem(seed)
    y = np.array(["a", "b", "c"])[rng.permutation(np.arange(len(X)) % 3)]
    weight = rng.randint(0, 3, len(X)) if seed % 2 else np.ones(len(X), dtype=int)
    ours = mlsd.neighbors.NearestCentroid(**options).fit(X, y, sample_weight=weight)
    theirs = sklearn.neighbors.NearestCentroid(**options).fit(X.repeat(weight, axis=0), y.repeat(weight))
    np.testing.assert_allclose(ours.centroids_, theirs.centroids_, rtol=1e-9, atol=1e-11)
    far = sklearn.metrics.pairwise_distances(queries, theirs.centroids_, metric=options.get("metric", "euclidean"))
    clear = np.diff(np.sort(far, axis=1)[:, :2], axis=1)[:, 0] > 1e-9  # centres that are drawn to one point are equally near
    assert (ours.predict(queries) == theirs.predict(queries))[clear].all()


def test_real_data():
    """The handwritten digits, whole numbers with many ties: scikit-learn's tree is exact, and the votes that ties cannot
    touch are the same; distances are equal in every place."""
    X, y = sklearn.datasets.load_digits(return_X_y=True)
    ours = mlsd.neighbors.KNeighborsClassifier().fit(X[:1200], y[:1200])
    theirs = sklearn.neighbors.KNeighborsClassifier(algorithm="kd_tree").fit(X[:1200], y[:1200])
    distance, index = ours.kneighbors(X[1200:], 6)
    np.testing.assert_array_equal(distance, theirs.kneighbors(X[1200:], 6)[0])
    clear = distance[:, 4] < distance[:, 5]
    assert clear.sum() > 500
    np.testing.assert_array_equal(ours.predict_proba(X[1200:])[clear], theirs.predict_proba(X[1200:])[clear])
    squares = ((X[1200:, None] - X[None, :1200]) ** 2).sum(2)  # whole numbers: exact, and stable sorting breaks ties by row
    np.testing.assert_array_equal(index, np.argsort(squares, axis=1, kind="stable")[:, :6])


def test_far_from_zero():
    """Squares of 1e8 leave scikit-learn's brute force no digit of the distances; its tree is right, and so are we."""
    rng = np.random.RandomState(3)
    X = 1e8 + rng.randn(3000, 20)
    theirs = sklearn.neighbors.KNeighborsRegressor(algorithm="kd_tree").fit(X, X[:, 0])
    ours = mlsd.neighbors.KNeighborsRegressor(algorithm="brute").fit(X, X[:, 0])
    for ours_part, their_part in zip(ours.kneighbors(X[:200] + 0.1), theirs.kneighbors(X[:200] + 0.1)):
        np.testing.assert_allclose(ours_part, their_part, rtol=1e-14)


def test_columns_by_name():
    rng = np.random.RandomState(4)
    frame = {"a": rng.randn(60), "b": rng.randn(60)}
    model = mlsd.neighbors.KNeighborsRegressor(n_neighbors=1).fit(frame, frame["a"])
    swapped = {"b": frame["b"], "a": frame["a"]}
    assert (model.kneighbors(swapped, return_distance=False)[:, 0] == np.arange(60)).all()
