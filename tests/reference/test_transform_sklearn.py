"""Transforms of numbers beside scikit-learn's 1.2.1, on random problems. MLSD_SWEEP multiplies the cases.

Tolerances: what is scaled agrees to rounding, exponents to the square root of it (both sides search a minimum), and
places in a distribution to rounding.
"""

import os

import numpy as np
import pytest
import scipy.stats
import sklearn.preprocessing

import mlsd.preprocessing

CASES = 12 * int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed):
    """Columns of several shapes, some with ties, a constant and NaN; and more rows, partly beyond the first ones."""
    rng = np.random.RandomState(seed)
    n = rng.randint(5, 400)
    X = np.column_stack([rng.randn(n) * rng.uniform(0.1, 20) + rng.uniform(-30, 30), rng.gamma(0.7, 3, n),
                         rng.randint(0, 6, n), -rng.lognormal(0, 1, n), np.full(n, 2.5), rng.uniform(5, 6, n)])
    more = X[rng.randint(0, n, 60)] * rng.uniform(0.5, 2, (60, 1)) + rng.randn(60, 1)
    if seed % 3 == 0:
        X[rng.rand(*X.shape) < 0.1] = np.nan
        X[0] = more[0]
    return rng, X, more


def compare(ours, theirs, X, more, attributes=(), rtol=1e-10, atol=1e-10, inverse=True):
    ours.fit(X)
    theirs.fit(X)
    for data in (X, more):
        got = ours.transform(data)
        np.testing.assert_allclose(got, theirs.transform(data), rtol=rtol, atol=atol)
    np.testing.assert_allclose(ours.fit_transform(X), theirs.transform(X), rtol=rtol, atol=atol)
    for name in attributes:
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=rtol, atol=atol, err_msg=name)
    if inverse:
        np.testing.assert_allclose(ours.inverse_transform(got), theirs.inverse_transform(got), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seed", range(CASES))
def test_scalers(seed):
    rng, X, more = problem(seed)
    low = rng.uniform(-3, 3)
    options = {"feature_range": (low, low + rng.uniform(0.1, 4)), "clip": bool(seed % 2)}
    names = ["min_", "scale_", "data_min_", "data_max_", "data_range_"]
    compare(mlsd.preprocessing.MinMaxScaler(**options), sklearn.preprocessing.MinMaxScaler(**options), X, more, names)
    compare(mlsd.preprocessing.MaxAbsScaler(), sklearn.preprocessing.MaxAbsScaler(), X, more, ["scale_", "max_abs_"])
    compare(mlsd.preprocessing.StandardScaler(), sklearn.preprocessing.StandardScaler(), X, more, ["mean_", "scale_", "var_"])
    options = {"quantile_range": (rng.uniform(1, 40), rng.uniform(60, 99)), "unit_variance": bool(seed % 2)}
    compare(mlsd.preprocessing.RobustScaler(**options), sklearn.preprocessing.RobustScaler(**options), X, more,
            ["center_", "scale_"])


@pytest.mark.parametrize("seed", range(CASES))
def test_rows(seed):
    rng, X, more = problem(seed)
    X = np.nan_to_num(X)
    for norm in ("l1", "l2", "max"):
        compare(mlsd.preprocessing.Normalizer(norm=norm), sklearn.preprocessing.Normalizer(norm=norm), X, more, inverse=False)
    threshold = float(np.median(X))
    compare(mlsd.preprocessing.Binarizer(threshold=threshold), sklearn.preprocessing.Binarizer(threshold=threshold), X, more,
            inverse=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(CASES))
def test_quantile_transform(seed):
    """scikit-learn takes the ends from within 1e-7 of the range; none of these numbers is that near without being it."""
    rng, X, more = problem(seed)
    X, more = np.delete(X, 2, axis=1), np.delete(more, 2, axis=1)  # with ties rounding decides there
    options = {"n_quantiles": int(rng.choice([3, 20, 1000])), "output_distribution": str(rng.choice(["uniform", "normal"]))}
    compare(mlsd.preprocessing.QuantileTransformer(**options), sklearn.preprocessing.QuantileTransformer(**options),
            X, more, ["quantiles_", "references_", "n_quantiles_"], rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("seed", range(CASES))
def test_quantile_transform_of_ties(seed):
    """With as many quantiles as rows a value's place is that of its mean rank; the ends are 0 and 1."""
    rng = np.random.RandomState(seed)
    n = rng.randint(5, 900)
    x = rng.randint(0, rng.randint(3, 40), n).astype(float)
    expected = (scipy.stats.rankdata(x) - 1) / (n - 1)
    expected[x == x.max()] = 1
    expected[x == x.min()] = 0
    got = mlsd.preprocessing.QuantileTransformer(n_quantiles=n).fit_transform(x[:, None])[:, 0]
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["yeo-johnson", "box-cox"])
@pytest.mark.parametrize("seed", range(CASES))
def test_power_transform(seed, method):
    """Column by column, on numbers of moderate exponents: scikit-learn's own overflow for others."""
    rng, X, more = problem(seed)
    X, more = X[:, :4], more[:, :4]
    if method == "box-cox":
        X, more = np.abs(X) + 0.1, np.abs(more) + 0.1
    standardize = bool(seed % 2)
    ours = mlsd.preprocessing.PowerTransformer(method=method, standardize=standardize).fit(X)
    theirs = sklearn.preprocessing.PowerTransformer(method=method, standardize=standardize).fit(X)
    np.testing.assert_allclose(ours.lambdas_, theirs.lambdas_, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(X)), X, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(more)), more, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("seed", range(CASES))
def test_box_cox_likelihood(seed):
    """The exponent is at least as likely as any other, by scipy.stats.boxcox_llf."""
    rng = np.random.RandomState(seed)
    x = rng.gamma(rng.uniform(0.3, 5), 2, 200) + rng.uniform(0, 3)
    found = mlsd.preprocessing.PowerTransformer(method="box-cox").fit(x[:, None]).lambdas_[0]
    best = scipy.stats.boxcox_llf(found, x)
    for other in np.concatenate([found + rng.randn(20) * 0.1, rng.uniform(-3, 3, 20)]):
        assert scipy.stats.boxcox_llf(other, x) <= best + 1e-9 * abs(best)


def test_log_transform():
    X = np.array([[0.0, 1.5], [3.0, 20.0], [np.nan, 7.0]])
    for options, expected in (({}, np.log1p(X)), ({"offset": 2.0}, np.log(X + 2)), ({"signed": True}, np.log1p(X))):
        ours = mlsd.preprocessing.LogTransformer(**options)
        np.testing.assert_allclose(ours.fit_transform(X), expected, rtol=1e-14)
        np.testing.assert_allclose(ours.inverse_transform(expected), X, rtol=1e-12)
    signed = mlsd.preprocessing.LogTransformer(signed=True, offset=2.0).fit(-X)
    np.testing.assert_allclose(signed.transform(-X), -np.log1p(X / 2), rtol=1e-14)
    np.testing.assert_allclose(signed.inverse_transform(signed.transform(-X)), -X, rtol=1e-12)


def test_inverse_takes_what_transform_gives():
    scaler = mlsd.preprocessing.MinMaxScaler().fit(np.arange(6.0).reshape(3, 2))
    with pytest.raises(ValueError, match="2 columns"):
        scaler.inverse_transform(np.ones((2, 3)))


@pytest.mark.parametrize("seed", range(CASES))
def test_polynomial_features(seed):
    rng, X, more = problem(seed)
    X, more = np.nan_to_num(X)[:, : rng.randint(1, 6)], more
    options = {"degree": int(rng.randint(1, 5)), "interaction_only": bool(seed % 2), "include_bias": bool(seed % 3)}
    ours, theirs = mlsd.preprocessing.PolynomialFeatures(**options), sklearn.preprocessing.PolynomialFeatures(**options)
    compare(ours, theirs, X, more[:, : X.shape[1]], inverse=False)
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue", "periodic"])
@pytest.mark.parametrize("seed", range(CASES))
def test_spline_features(seed, extrapolation):
    """Without the constant column, for which scikit-learn gives NaN, and the one with ties, for which quantiles coincide.

    Lines of degree 1 one column at a time: of several, scikit-learn 1.2 gives splines that do not sum to 1.
    """
    rng, X, more = problem(seed)
    X, more = np.nan_to_num(X)[:, [0, 1, 3, 5]], more[:, [0, 1, 3, 5]]
    if extrapolation == "linear" and seed % 2:
        X, more = X[:, :1], more[:, :1]
    options = {"n_knots": int(rng.randint(5, 9)), "degree": int(rng.randint(0 if extrapolation != "linear" else 1 if seed % 2 else 2, 5)),
               "knots": str(rng.choice(["uniform", "quantile"])), "include_bias": bool(seed % 3), "extrapolation": extrapolation}
    if len(np.unique(X[:, -1])) < 50 or seed % 3 == 0:
        options["knots"] = "uniform"  # zeros in place of NaN are ties too
    ours, theirs = mlsd.preprocessing.SplineTransformer(**options), sklearn.preprocessing.SplineTransformer(**options)
    more = np.clip(more, X.min(axis=0) - 0.3 * np.ptp(X, axis=0), X.max(axis=0) + 0.3 * np.ptp(X, axis=0))
    if options["degree"] == 0:
        more = np.clip(more, X.min(axis=0), X.max(axis=0))  # scikit-learn's steps beyond the knots are 0
    compare(ours, theirs, X, more, inverse=False, rtol=1e-8, atol=1e-9)
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("seed", range(CASES))
def test_bins(seed, strategy):
    rng, X, more = problem(seed)
    X = np.nan_to_num(X)
    options = {"n_bins": int(rng.randint(2, 9)), "strategy": strategy, "encode": str(rng.choice(["ordinal", "onehot-dense"]))}
    ours = mlsd.preprocessing.KBinsDiscretizer(**options).fit(X)
    theirs = sklearn.preprocessing.KBinsDiscretizer(**options).fit(X)
    assert list(ours.n_bins_) == list(theirs.n_bins_)
    for a, b in zip(ours.bin_edges_, theirs.bin_edges_):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(ours.transform(more), theirs.transform(more))
    keep = [0, 1, 2, 3, 5]  # the middle of the constant's bin is NaN
    X, more = X[:, keep], more[:, keep]
    ours.fit(X), theirs.fit(X)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(more)), theirs.inverse_transform(theirs.transform(more)),
                               rtol=1e-10)
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())


@pytest.mark.parametrize("seed", range(CASES))
def test_bins_of_k_means(seed):
    """scikit-learn stops within a tolerance, we at rest: its sum of squares is at most a hair below ours."""
    rng = np.random.RandomState(seed)
    x = np.concatenate([rng.randn(rng.randint(20, 200)) + c for c in rng.uniform(-20, 20, rng.randint(2, 6))])
    k = int(rng.randint(2, 7))
    edges = [cls(n_bins=k, strategy="kmeans", encode="ordinal").fit(x[:, None]).bin_edges_[0]
             for cls in (mlsd.preprocessing.KBinsDiscretizer, sklearn.preprocessing.KBinsDiscretizer)]
    squares = []
    for e in edges:
        group = np.searchsorted(e[1:-1], x, side="right")
        squares.append(sum(((x[group == g] - x[group == g].mean()) ** 2).sum() for g in set(group)))
    assert squares[0] <= squares[1] * (1 + 1e-3)
    assert len(edges[0]) == k + 1 and (np.diff(edges[0]) > 0).all()
