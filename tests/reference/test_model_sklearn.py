"""Linear models, transforms and pipelines against scikit-learn on random problems.

Run with the library's path in MLSD_LIBRARY; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1 (Ridge by SVD, LinearRegression, RidgeCV, StandardScaler, SimpleImputer,
OneHotEncoder, Pipeline), with and without weights.
"""

import ctypes
import json
import os

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
P, I64, F64 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
REGRESSION, VALUE, FEATURES = 1, 1, 4


class Matrix(ctypes.Structure):
    _fields_ = [
        ("data", P), ("rows", I64), ("cols", I64), ("row_stride", I64), ("col_stride", I64),
        ("dtype", ctypes.c_int32), ("flags", ctypes.c_uint32),
    ]


def view(x):
    if x is None:
        return None
    if x.ndim == 1:
        x = x[:, None]
    return ctypes.byref(Matrix(x.ctypes.data, x.shape[0], x.shape[1], x.strides[0] // 8,
                               x.strides[1] // 8, 2, 0))


@pytest.fixture(scope="session")
def lib():
    path = os.environ.get("MLSD_LIBRARY")
    if not path:
        pytest.skip("MLSD_LIBRARY names no library")
    so = ctypes.CDLL(path)
    so.mlsd_last_error.restype = ctypes.c_char_p
    so.mlsd_model_n_outputs.restype = I64
    so.mlsd_model_n_outputs.argtypes = [P, ctypes.c_int32]
    so.mlsd_model_output_name.restype = ctypes.c_char_p
    so.mlsd_model_output_name.argtypes = [P, I64]
    for name in ("mlsd_model_free", "mlsd_dataset_free", "mlsd_spec_free", "mlsd_table_free"):
        getattr(so, name).argtypes = [P]
        getattr(so, name).restype = None
    so.mlsd_dataset_n_rows.argtypes = [P]
    so.mlsd_dataset_n_rows.restype = I64
    so.mlsd_model_predict.argtypes = [P, P, P, ctypes.c_int32, P, I64]
    so.mlsd_model_get_array.argtypes = [P, ctypes.c_char_p, P, I64, P, P]
    so.mlsd_model_fit.argtypes = [P, P, P, P, P, P]
    so.mlsd_dataset_from_matrix.argtypes = [P, P, P, P, ctypes.c_int32, P]
    so.mlsd_dataset_from_table.argtypes = [P, P, P, P, I64, ctypes.c_int32, P]
    so.mlsd_spec_from_json.argtypes = [P, ctypes.c_char_p, P]
    so.mlsd_table_new.argtypes = [P, P]
    so.mlsd_table_set_f64.argtypes = [P, ctypes.c_char_p, P, I64]
    so.mlsd_table_set_str.argtypes = [P, ctypes.c_char_p, P, I64]
    return so


def made(so, maker, *args):
    out = P()
    status = maker(*args, ctypes.byref(out))
    assert status == 0, so.mlsd_last_error()
    return out


def matrix_data(so, X, y=None, weight=None):
    return made(so, so.mlsd_dataset_from_matrix, None, view(X), view(y), view(weight), REGRESSION)


def table_data(so, columns, y, n):
    table = made(so, so.mlsd_table_new, None)
    for name, values in {**columns, "y": y}.items():
        if values.dtype == object:
            texts = (ctypes.c_char_p * n)(*[None if v is None else v.encode() for v in values])
            assert so.mlsd_table_set_str(table, name.encode(), texts, n) == 0
        else:
            assert so.mlsd_table_set_f64(table, name.encode(), values.ctypes.data, n) == 0
    names, roles = (ctypes.c_char_p * 1)(b"y"), (ctypes.c_char_p * 1)(b"target")
    data = made(so, so.mlsd_dataset_from_table, None, table, names, roles, 1, REGRESSION)
    so.mlsd_table_free(table)
    return data


def fit(so, spec, data):
    handle = made(so, so.mlsd_spec_from_json, None, json.dumps(spec).encode())
    model = made(so, so.mlsd_model_fit, None, handle, data, None, None)
    so.mlsd_spec_free(handle)
    return model


def array(so, model, name):
    rows, cols = I64(), I64()
    sizes = [ctypes.byref(rows), ctypes.byref(cols)]
    assert so.mlsd_model_get_array(model, name.encode(), None, 0, *sizes) == 0, so.mlsd_last_error()
    out = np.empty((rows.value, cols.value))
    assert so.mlsd_model_get_array(model, name.encode(), out.ctypes.data, out.size, *sizes) == 0
    return out


def predict(so, model, data, what=VALUE):
    n, width = so.mlsd_dataset_n_rows(data), so.mlsd_model_n_outputs(model, what)
    out = np.empty((n, width))
    status = so.mlsd_model_predict(None, model, data, what, out.ctypes.data, out.size)
    assert status == 0, so.mlsd_last_error()
    return out


def problem(seed):
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(2, 4000 if seed % 3 == 0 else 60)), int(rng.integers(1, 30))
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 3, p) + rng.normal(size=p) * 5
    y = X @ rng.normal(size=p) + rng.normal(size=n) * 3 + 2
    weight = rng.integers(0, 4, n) + rng.random(n) if seed % 2 else None
    return rng, np.ascontiguousarray(X), y, weight


@pytest.mark.parametrize("seed", range(60 * SWEEP))
def test_model_sklearn__ridge(lib, seed):
    rng, X, y, weight = problem(seed)
    alpha, intercept = float(10 ** rng.uniform(-2, 4)), bool(rng.integers(2))
    peer = Ridge(alpha, fit_intercept=intercept, solver="svd").fit(X, y, weight)
    data = matrix_data(lib, X, y, weight)
    model = fit(lib, {"kind": "ridge", "alpha": alpha, "fit_intercept": intercept}, data)
    np.testing.assert_allclose(array(lib, model, "coef")[0], peer.coef_, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(predict(lib, model, data)[:, 0], peer.predict(X), rtol=1e-9, atol=1e-9)
    lib.mlsd_model_free(model)
    lib.mlsd_dataset_free(data)


@pytest.mark.parametrize("seed", range(60 * SWEEP))
def test_model_sklearn__linear_regression(lib, seed):
    rng, X, y, weight = problem(seed)
    intercept = bool(rng.integers(2))
    peer = LinearRegression(fit_intercept=intercept).fit(X, y, weight)
    data = matrix_data(lib, X, y, weight)
    model = fit(lib, {"kind": "linear_regression", "fit_intercept": intercept}, data)
    # The peer's cut is one rounding of the largest singular value: it may count noise as a direction.
    singular = peer.singular_
    if singular[peer.rank_ - 1] > 1e-12 * singular[0]:
        np.testing.assert_allclose(array(lib, model, "coef")[0], peer.coef_, rtol=1e-8, atol=1e-9)
        np.testing.assert_allclose(predict(lib, model, data)[:, 0], peer.predict(X), rtol=1e-8,
                                   atol=1e-8)
        assert array(lib, model, "rank")[0, 0] == peer.rank_
    lib.mlsd_model_free(model)
    lib.mlsd_dataset_free(data)


@pytest.mark.parametrize("seed", range(60 * SWEEP))
def test_model_sklearn__ridge_cv(lib, seed):
    rng, X, y, weight = problem(seed)
    alphas, intercept = list(10.0 ** rng.uniform(-1, 4, 5)), bool(rng.integers(2))
    peer = RidgeCV(alphas, fit_intercept=intercept, store_cv_values=True).fit(X, y, weight)
    total = len(y) if weight is None else weight.sum()
    losses = peer.cv_values_.sum(0) / total
    data = matrix_data(lib, X, y, weight)
    model = fit(lib, {"kind": "ridge_cv", "alphas": alphas, "fit_intercept": intercept}, data)
    if np.isfinite(losses).all():
        np.testing.assert_allclose(array(lib, model, "losses")[:, 1], losses, rtol=1e-7)
        # With two rows, and the like, all losses are equal but for rounding.
        chosen = alphas.index(array(lib, model, "alpha")[0, 0])
        assert losses[chosen] <= losses.min() * (1 + 1e-9)
    lib.mlsd_model_free(model)
    lib.mlsd_dataset_free(data)


@pytest.mark.parametrize("seed", range(40 * SWEEP))
def test_model_sklearn__scaling_and_filling(lib, seed):
    rng, X, y, weight = problem(seed)
    X[rng.random(X.shape) < 0.2] = np.nan
    X[rng.integers(len(X))] = rng.normal(size=X.shape[1])
    data = matrix_data(lib, X, y, weight)
    scaler = StandardScaler().fit(X, sample_weight=weight)
    model = fit(lib, {"kind": "standardize"}, data)
    np.testing.assert_allclose(array(lib, model, "mean")[0], scaler.mean_, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(predict(lib, model, data, FEATURES), scaler.transform(X), rtol=1e-9,
                               atol=1e-9)
    lib.mlsd_model_free(model)
    lib.mlsd_dataset_free(data)
    data = matrix_data(lib, X, y)
    for strategy in ("mean", "median", "most_frequent"):
        rounded = np.round(X) if strategy == "most_frequent" else X
        data = matrix_data(lib, rounded, y)
        imputer = SimpleImputer(strategy=strategy, add_indicator=True).fit(rounded)
        model = fit(lib, {"kind": "impute", "strategy": strategy, "add_indicator": True}, data)
        np.testing.assert_allclose(predict(lib, model, data, FEATURES), imputer.transform(rounded),
                                   rtol=1e-12, atol=1e-13)
        lib.mlsd_model_free(model)
        lib.mlsd_dataset_free(data)


@pytest.mark.parametrize("seed", range(40 * SWEEP))
def test_model_sklearn__pipeline(lib, seed):
    rng, X, y, _ = problem(seed)
    n, p = X.shape
    X[rng.random(X.shape) < 0.1] = np.nan
    X[0] = 1.0
    letters = rng.choice(np.array(list("zebra"), object), n)
    most = int(rng.integers(1, 6)) + 1
    columns = {f"x{j}": np.ascontiguousarray(X[:, j]) for j in range(p)}
    data = table_data(lib, {**columns, "g": letters}, y, n)
    model = fit(lib, {"kind": "pipeline", "steps": [
        {"name": "i", "kind": "impute", "strategy": "median"},
        {"name": "o", "kind": "one_hot", "max_categories": most},
        {"name": "s", "kind": "standardize"}, {"name": "r", "kind": "ridge", "alpha": 0.5}]}, data)
    Z = np.column_stack([X.astype(object), letters])
    numbers = list(range(p))
    peer = make_pipeline(
        ColumnTransformer([("n", SimpleImputer(strategy="median"), numbers),
                           ("c", OneHotEncoder(max_categories=most, sparse_output=False), [p])]),
        StandardScaler(), Ridge(0.5, solver="svd")).fit(Z, y)
    np.testing.assert_allclose(predict(lib, model, data)[:, 0], peer.predict(Z), rtol=1e-8, atol=1e-8)
    lib.mlsd_model_free(model)
    lib.mlsd_dataset_free(data)
