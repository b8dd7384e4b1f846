"""Encodings of categories: ordinal_encode and one_hot beside scikit-learn 1.2.1, target_encode beside its formulas.

scikit-learn 1.2 has no TargetEncoder; the witness is Micci-Barreca (2001) in NumPy on scikit-learn's own folds, as
TargetEncoder of 1.3 takes them. MLSD_SWEEP multiplies the cases.
"""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn.base
import sklearn.compose
import sklearn.model_selection
import sklearn.preprocessing

import mlsd
import mlsd.compose
import mlsd.linear_model
import mlsd.pipeline
import mlsd.preprocessing

CASES = 10 * int(os.environ.get("MLSD_SWEEP", "1"))


def frame(seed, n=None):
    rng = np.random.RandomState(seed)
    n = n or rng.randint(40, 300)
    g = rng.choice(list("abcdefgh"), n, p=[0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02]).astype(object)
    if seed % 2:
        g[rng.rand(n) < 0.1] = None
    return rng, pd.DataFrame({"x": rng.randn(n), "g": g, "h": rng.choice(["u", "v", "w"], n)})


@pytest.mark.parametrize("seed", range(CASES))
def test_ordinal(seed):
    rng, X = frame(seed)
    Z = X[["g", "h"]].where(X[["g", "h"]].notna(), np.nan)
    ours = mlsd.preprocessing.OrdinalEncoder(encoded_missing_value=-2.0 if seed % 4 == 1 else None).fit(X)
    theirs = sklearn.preprocessing.OrdinalEncoder(encoded_missing_value=-2.0 if seed % 4 == 1 else np.nan).fit(Z)
    np.testing.assert_array_equal(ours.transform(X)[:, 1:], theirs.transform(Z))
    np.testing.assert_array_equal(ours.transform(X)[:, 0], X["x"])
    assert list(ours.get_feature_names_out()) == ["x", "g", "h"]
    back = ours.inverse_transform(ours.transform(X))
    np.testing.assert_array_equal(back[:, 0].astype(float), X["x"])
    expected = theirs.inverse_transform(theirs.transform(Z))
    for j in range(2):
        known = pd.notna(expected[:, j])
        assert (back[known, 1 + j] == expected[known, j]).all() and all(v is None for v in back[~known, 1 + j])
        assert list(ours.categories_[1 + j]) == [c for c in theirs.categories_[j] if c == c]
    later = X.copy()
    later.loc[0, "g"] = "zzz"
    assert ours.transform(later)[0, 1] == -1
    strict = mlsd.preprocessing.OrdinalEncoder(handle_unknown="error").fit(X)
    with pytest.raises(ValueError, match="row 0, column 'g' has a level that no training row has"):
        strict.transform(later)


@pytest.mark.parametrize("seed", range(CASES))
def test_one_hot_of_frequent_levels(seed):
    rng, X = frame(2 * seed)
    Z = X[["g", "h"]]
    options = {"min_frequency": [5, 0.04, 30][seed % 3]}
    if seed % 4 == 0:
        options["max_categories"] = 4
    ours = mlsd.preprocessing.OneHotEncoder(**options).fit(Z)
    theirs = sklearn.preprocessing.OneHotEncoder(sparse_output=False, handle_unknown="ignore", **options).fit(Z)
    np.testing.assert_array_equal(ours.transform(Z), theirs.transform(Z))


def encode(g, y, rows, smooth):
    """Encodings of all rows of g by those of `rows`, for one target."""
    mean, variance = y[rows].mean(), y[rows].var()
    out = np.full(len(g), mean)
    for level in set(g[rows]):
        own = y[rows][g[rows] == level]
        if smooth is None:
            share = len(own) * variance / (len(own) * variance + own.var()) if variance > 0 else 0
        else:
            share = len(own) / (len(own) + smooth)
        out[g == level] = share * own.mean() + (1 - share) * mean
    return out


@pytest.mark.parametrize("smooth", [None, 0.0, 7.5])
@pytest.mark.parametrize("task", ["number", "binary", "classes"])
@pytest.mark.parametrize("seed", range(CASES))
def test_target(seed, task, smooth):
    rng, X = frame(seed)
    n, cv = len(X), int(rng.choice([2, 5, 9]))
    g = X["g"].fillna("?").to_numpy()
    effect = pd.factorize(g)[0] * 0.3 + rng.randn(n)
    y = effect if task == "number" else (effect > 1).astype(int) if task == "binary" else np.digitize(effect, [0, 1])
    targets = [y] if task != "classes" else [(y == k).astype(float) for k in range(3)]
    encoder = mlsd.preprocessing.TargetEncoder(smooth=smooth, cv=cv, seed=seed)
    crossed = encoder.fit_transform(X, y)
    np.testing.assert_array_equal(encoder.fit(X, y).transform(X), encoder.transform(X))
    everything, plain = np.arange(n), encoder.transform(X)
    kind = sklearn.model_selection.KFold if task == "number" else sklearn.model_selection.StratifiedKFold
    folds = list(kind(cv, shuffle=True, random_state=seed).split(X, y))
    for column, values in ((1, g), (1 + len(targets), X["h"].to_numpy())):
        for k, target in enumerate(targets):
            np.testing.assert_allclose(plain[:, column + k], encode(values, target, everything, smooth), rtol=1e-10, atol=1e-12)
            for train, test in folds:
                np.testing.assert_allclose(crossed[test, column + k], encode(values, target, train, smooth)[test],
                                           rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(crossed[:, 0], X["x"])
    names = ["x", "g", "h"] if task != "classes" else ["x"] + [f"{c}_{k}" for c in "gh" for k in range(3)]
    assert list(encoder.get_feature_names_out()) == names
    np.testing.assert_allclose(encoder.target_mean_, [t.mean() for t in targets])


def test_target_of_noise_tells_nothing():
    """400 levels over 2,000 rows that have nothing to do with y: cross-fitted there is nothing to learn."""
    rng = np.random.RandomState(3)
    n = 2000
    X, y = pd.DataFrame({"id": rng.randint(0, 400, n).astype(str), "x": rng.randn(n)}), rng.randn(n)
    later, y_later = pd.DataFrame({"id": rng.randint(0, 400, n).astype(str), "x": rng.randn(n)}), rng.randn(n)
    encoder = mlsd.preprocessing.TargetEncoder()
    naive = encoder.fit(X, y).transform(X)
    model = mlsd.linear_model.LinearRegression()
    assert model.fit(naive, y).score(naive, y) > 0.15  # a fifth of the variance, out of nothing
    assert model.score(encoder.transform(later), y_later) < -0.1
    pipe = mlsd.pipeline.make_pipeline(encoder, model).fit(X, y)
    assert pipe.score(X, y) < 0.05 and pipe.score(later, y_later) > -0.05
    crossed = encoder.fit_transform(X, y)
    np.testing.assert_allclose(model.fit(crossed, y).coef_, pipe.coef_, rtol=1e-9, atol=1e-12)
    assert model.score(crossed, y) < 0.01


def test_target_inside_folds():
    """Cross-validation of a level that does tell something finds it, and of noise finds nothing."""
    rng = np.random.RandomState(4)
    n = 1500
    g = rng.randint(0, 60, n)
    effect = rng.randn(60)[g]
    X = pd.DataFrame({"g": g.astype(str), "noise": rng.randint(0, 300, n).astype(str)})
    pipe = mlsd.pipeline.make_pipeline(mlsd.preprocessing.TargetEncoder(), mlsd.linear_model.Ridge())
    found = sklearn.model_selection.cross_val_score(pipe, X, effect + 0.5 * rng.randn(n), cv=5)
    assert found.mean() > 0.7
    nothing = sklearn.model_selection.cross_val_score(pipe, X, rng.randn(n), cv=5)
    assert -0.05 < nothing.mean() < 0.03


@pytest.mark.parametrize("seed", range(CASES))
def test_column_transformer(seed):
    rng, X = frame(2 * seed)
    X["z"] = rng.rand(len(X))
    remainder = ["drop", "passthrough"][seed % 2]
    rows = lambda m, c: [("scale", m.MinMaxScaler(), ["x"]), ("codes", c, ["h", "g"]), ("rest", "passthrough", [3])]
    theirs = sklearn.compose.ColumnTransformer(rows(sklearn.preprocessing, sklearn.preprocessing.OneHotEncoder(sparse_output=False)),
                                               remainder=remainder, verbose_feature_names_out=False)
    ours = mlsd.compose.ColumnTransformer(rows(mlsd.preprocessing, mlsd.preprocessing.OneHotEncoder()), remainder=remainder)
    np.testing.assert_allclose(ours.fit_transform(X), theirs.fit_transform(X), rtol=1e-14)
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())
    np.testing.assert_allclose(ours.transform(X[:7]), theirs.transform(X[:7]), rtol=1e-14)


def test_column_transformer_of_arrays_and_in_pipelines():
    rng = np.random.RandomState(1)
    X, y = rng.rand(90, 4), rng.rand(90)
    for columns in (slice(1, 3), [1, 2], [False, True, True, False], lambda X: [1, 2]):
        ours = mlsd.compose.make_column_transformer((mlsd.preprocessing.StandardScaler(), columns), ("drop", 0),
                                                    remainder="passthrough").fit(X)
        expected = sklearn.preprocessing.StandardScaler().fit_transform(X[:, 1:3])
        np.testing.assert_allclose(ours.transform(X), np.column_stack([expected, X[:, 3]]), rtol=1e-12)
        twin = sklearn.base.clone(ours)
        np.testing.assert_array_equal(twin.fit(X).transform(X), ours.transform(X))
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).transform(X), ours.transform(X)) if not callable(columns) else None
    ours.set_params(standardscaler__with_mean=False, remainder="drop")
    assert ours.get_params()["standardscaler__with_mean"] is False and "with_mean=False" in repr(ours)
    assert ours.fit(X).transform(X).shape == (90, 2)
    pipe = mlsd.pipeline.make_pipeline(ours, mlsd.linear_model.Ridge()).fit(X, y)
    np.testing.assert_allclose(pipe.predict(X), mlsd.linear_model.Ridge().fit(ours.transform(X), y).predict(ours.transform(X)))
    with pytest.raises(ValueError, match="no transformer 'nothing'"):
        ours.set_params(nothing__x=1)
    with pytest.raises(TypeError, match="mlsd's own"):
        mlsd.compose.ColumnTransformer([("a", sklearn.preprocessing.StandardScaler(), [0])]).fit(X)


def test_column_transformer_crosses():
    rng, X = frame(4, 120)
    y = rng.randn(120)
    inside = mlsd.compose.make_column_transformer((mlsd.preprocessing.TargetEncoder(), ["h"])).fit_transform(X, y)
    np.testing.assert_array_equal(inside[:, 0], mlsd.preprocessing.TargetEncoder().fit_transform(X, y)[:, 2])


def test_target_of_text_classes_and_pipelines_of_transforms():
    rng, X = frame(5, 200)
    y = np.where(rng.rand(200) < 0.4, "yes", "no")
    pipe = mlsd.pipeline.make_pipeline(mlsd.preprocessing.TargetEncoder(), mlsd.preprocessing.StandardScaler())
    crossed = pipe.fit_transform(X, y)
    expected = mlsd.preprocessing.TargetEncoder().fit_transform(X, y)
    expected = (expected - expected.mean(axis=0)) / expected.std(axis=0)
    np.testing.assert_allclose(crossed, expected, rtol=1e-9, atol=1e-9)
    with pytest.raises(ValueError, match="needs y"):
        mlsd.preprocessing.TargetEncoder().fit(X)
