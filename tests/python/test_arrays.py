"""Arrays in: which are taken without a copy, which are converted, and which are refused with a clear message.

Witness for "no copy": the address that the library is given is the array's own, and results on a view equal those on
a copy in C order.
"""

import ctypes

import numpy as np
import pytest

import mlsd
import mlsd.linear_model
from mlsd._arrays import as_matrix, column_values
from mlsd._library import lib
from mlsd._signatures import Matrix

RNG = np.random.RandomState(7)
VIEWS = {
    "C": lambda a: a,
    "F": np.asfortranarray,
    "reversed rows": lambda a: a[::-1],
    "reversed columns": lambda a: a[:, ::-1],
    "both reversed": lambda a: a[::-1, ::-1],
    "every third row": lambda a: a[::3],
    "every second column": lambda a: a[:, ::2],
    "transposed": lambda a: a.T,
    "middle of F": lambda a: np.asfortranarray(a)[5:20, 1:3],
    "broadcast row": lambda a: np.broadcast_to(a[0], (9, a.shape[1])),
    "one row": lambda a: a[3:4],
    "one column": lambda a: a[:, 2],
    "reversed column": lambda a: a[::-2, 1],
}


def element(matrix, i, j):
    """What C reads at (i, j), by the struct's own arithmetic."""
    kind = {1: ctypes.c_float, 2: ctypes.c_double, 3: ctypes.c_int32, 4: ctypes.c_int64}[matrix.dtype]
    offset = (i * matrix.row_stride + j * matrix.col_stride) * ctypes.sizeof(kind)
    return kind.from_address(matrix.data + offset).value


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("view", VIEWS)
def test_arrays__views_are_not_copied(dtype, view):
    base = (RNG.randn(30, 4) * 100).astype(dtype)
    a = VIEWS[view](base)
    matrix, kept = as_matrix(a)
    assert matrix.data == a.__array_interface__["data"][0]
    assert np.shares_memory(kept, a)
    two = a if a.ndim == 2 else a[:, None]
    assert (matrix.rows, matrix.cols, matrix.flags) == (*two.shape, 0)
    for i in range(matrix.rows):
        for j in range(matrix.cols):
            assert element(matrix, i, j) == two[i, j]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("view", VIEWS)
def test_arrays__views_give_the_results_of_their_copies(dtype, view):
    a = VIEWS[view]((RNG.randn(30, 4) * 100).astype(dtype))
    a = a if a.ndim == 2 else a[:, None]
    copy = np.array(a, order="C", dtype=np.float64)
    scaler = mlsd.preprocessing.StandardScaler
    if len(a) > 1:
        np.testing.assert_array_equal(scaler().fit_transform(a), scaler().fit_transform(copy))
    y = RNG.randn(60, 2)[::2, 1][::-1][: len(a)]
    if len(a) > 3:
        ours = [mlsd.linear_model.Ridge().fit(x, y) for x in (a, copy)]
        np.testing.assert_array_equal(ours[0].coef_, ours[1].coef_)
        np.testing.assert_array_equal(ours[0].predict(a), ours[1].predict(copy))


def test_arrays__the_data_set_reads_the_array_itself(monkeypatch):
    seen = []
    real = lib.mlsd_dataset_adopt

    def spy(context, X, *rest):
        matrix = ctypes.cast(X, ctypes.POINTER(Matrix)).contents
        seen.append((matrix.data, matrix.row_stride, matrix.col_stride))
        return real(context, X, *rest)

    monkeypatch.setattr(lib, "mlsd_dataset_adopt", spy)
    a = np.asfortranarray(RNG.randn(40, 3).astype(np.float32))
    mlsd.linear_model.Ridge().fit(a[::-1], RNG.randn(40))
    assert seen == [(a.ctypes.data + 39 * 4, -1, 40)]
    data = mlsd.Dataset(a)
    before = mlsd.Model(mlsd.Spec("standardize"), data).get("mean")[0, 0]
    a[:, 0] += 1000  # what a program must not do shows that there is no copy
    assert mlsd.Model(mlsd.Spec("standardize"), data).get("mean")[0, 0] == pytest.approx(before + 1000, abs=1e-3)


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 0], [3, 4]], dtype=bool),
        np.array([[1, 2], [3, 4]], dtype=np.int8),
        np.array([[1, 2], [3, 4]], dtype=np.uint64),
        np.array([[1, 2], [3, 4]], dtype=np.float16),
        np.array([[1, 2], [3, 4]], dtype=np.longdouble),
        np.array([[1, 2], [3, 4]], dtype=">f8"),
        np.array([[1, 2], [3, 4]], dtype=object),
        [[1.0, 2], [3, 4]],
        ((True, False), (False, True)),
        np.frombuffer(b"x" + np.arange(4.0).tobytes(), dtype=np.uint8)[1:].view("f8").reshape(2, 2),
        np.zeros(2, dtype=[("a", "f8"), ("b", "f4")])["a"],
    ],
    ids=str,
)
def test_arrays__others_are_converted(array):
    matrix, kept = as_matrix(array)
    expected = np.array(array, dtype=np.float64)
    expected = expected if expected.ndim == 2 else expected[:, None]
    assert matrix.dtype == 2  # MLSD_F64
    np.testing.assert_array_equal(kept, expected)


def test_arrays__missing_becomes_nan():
    masked = np.ma.masked_array([[1, 2], [3, 4]], mask=[[0, 1], [0, 0]])
    for array in (masked, [[1, None], [3, 4]], np.array([[1, None], [3, 4.0]], dtype=object)):
        np.testing.assert_array_equal(as_matrix(array)[1], [[1, np.nan], [3, 4]])


@pytest.mark.parametrize(
    "array, words",
    [
        (3.0, "got 0"),
        (np.zeros((2, 2, 2)), "got 3"),
        (np.array([["a", "b"]]), "must hold numbers"),
        (np.array([["a", 1]], dtype=object), "not numbers"),
        (np.array([[1j]]), "must hold numbers"),
        (np.array([["2020-01-01"]], dtype="M8[D]"), "must hold numbers"),
        (np.zeros((2, 1), dtype=[("a", "f8")]), "must hold numbers"),
        ([[1, 2], [3]], "X"),
        (object(), "not numbers"),
        (np.zeros((0, 3)), "row|0 x 1"),
        (np.zeros((3, 0)), "feature|column"),
    ],
    ids=repr,
)
def test_arrays__what_cannot_be_used_is_said(array, words):
    for fit in (lambda: mlsd.linear_model.Ridge().fit(array, [1.0, 2.0, 3.0]),
                lambda: mlsd.preprocessing.StandardScaler().fit(array)):
        with pytest.raises(ValueError, match=words):
            fit()


def test_arrays__sparse_matrices_are_refused_with_the_remedy():
    scipy_sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match="toarray"):
        mlsd.preprocessing.StandardScaler().fit(scipy_sparse.eye(3).tocsr())


def test_arrays__predicting_no_rows_gives_no_rows():
    model = mlsd.linear_model.Ridge().fit(RNG.randn(9, 2), RNG.randn(9))
    assert model.predict(np.zeros((0, 2))).shape == (0,)


@pytest.mark.parametrize(
    "values, expected",
    [
        ([1, 2], np.array([1, 2])),
        ([True, False], np.array([1, 0])),
        ([1.5, None], np.array([1.5, np.nan])),
        ([1, None], np.array([1.0, np.nan])),
        ([2**70, 1], np.array([float(2**70), 1.0])),
        (np.array([1, 2], dtype=np.uint64), np.array([1.0, 2.0])),
        (["a", None, float("nan")], ["a", None, None]),
        (["a", 1], ["a", "1"]),
        ([b"ab", "c"], ["ab", "c"]),
        (np.array(["2020-01-02", "NaT"], dtype="M8[D]"), np.array([18263.0, np.nan])),
        ([None, None], [None, None]),
        (np.array(["x", "y"]), ["x", "y"]),
    ],
    ids=repr,
)
def test_arrays__columns_of_tables(values, expected):
    array = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    found = column_values(array)
    if isinstance(expected, list):
        assert found == expected
    else:
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


def _fitted_line():
    rng = np.random.default_rng(12)
    X = rng.standard_normal((60, 4))
    return X, mlsd.linear_model.Ridge().fit(X, X @ [1.0, -2.0, 0.5, 0.0])


def test_arrays__rows_that_lie_ready_and_others_give_the_same_bits():
    X, model = _fitted_line()
    whole = model.predict(np.asfortranarray(X))
    misaligned = np.frombuffer(b"\0" + X.tobytes(), dtype=np.uint8)[1:].view(np.float64).reshape(X.shape)
    frozen = X.copy()
    frozen.flags.writeable = False
    for name, rows in {"ready": X, "misaligned": misaligned, "read-only": frozen, "reversed": X[::-1][::-1], "list": X.tolist()}.items():
        assert np.array_equal(model.predict(rows), whole), name
    assert [model.predict(X[i : i + 1])[0] for i in range(len(X))] == whole.tolist()
    assert model.predict(X[:1]).shape == (1,) and model.predict(X[:0]).shape == (0,)
    assert np.array_equal(model.predict(X.astype(np.float32)), model.predict(X.astype(np.float32).astype(float)))


def test_arrays__what_is_wrong_with_a_few_rows_is_said():
    X, model = _fitted_line()
    with pytest.raises(ValueError, match="X has 3 features, but Ridge is expecting 4 features"):
        model.predict(X[:1, :3].copy())
    broken = X[:2].copy()
    broken[1, 2] = np.nan
    with pytest.raises(ValueError, match="row 1, column 'x2' is NaN"):
        model.predict(broken)
    with pytest.raises(ValueError, match="Expected 2D array"):
        model.predict(X[0])


def test_arrays__a_classifier_predicts_few_rows_as_many():
    X, _ = _fitted_line()
    model = mlsd.linear_model.LogisticRegression().fit(X, X[:, 0] > 0)
    proba = model.predict_proba(np.asfortranarray(X))
    assert np.array_equal(model.predict_proba(X), proba) and proba.shape == (60, 2)
    assert np.array_equal(np.concatenate([model.predict_proba(X[i : i + 1]) for i in range(60)]), proba)
    assert np.array_equal(model.decision_function(X[:5]), model.decision_function(X)[:5])


AROUND_AN_ESTIMATOR = ("select_from_model", "rfe", "rfecv", "sequential_select", "permutation_select")


def _spec_of(kind, around):
    spec = mlsd.Spec(kind)
    if around is not None:
        spec.add("estimator", mlsd.Spec(around))
    return spec


def _specs():
    """Every kind that fits plain numbers, alone and after a transform, with the target that it takes."""
    for kind in mlsd.kinds("transform") + mlsd.kinds("estimator"):
        name, tasks = kind["kind"], kind["traits"].get("tasks", [])
        if name in ("pipeline", "calibrated_classifier", "exponentiated_gradient", "bagging_classifier", "bagging_regressor", "snapshot_ensemble_classifier",
                    "snapshot_ensemble_regressor", "augmented", "on_columns", "column_transform", "isotonic_regression") or (
            name.endswith(("forecaster", "smoothing", "auto_reg"))
        ):
            continue
        around = "ridge" if name in AROUND_AN_ESTIMATOR else None
        for first in (None, "max_abs_scale"):
            spec = mlsd.Spec("pipeline")
            for step in (first, name):
                if step is not None:
                    spec.add("steps", _spec_of(step, around if step is name else None), "first" if step is first else "last")
            yield pytest.param(_spec_of(name, around) if first is None else spec, "classification" in tasks, id=f"{first}-{name}")


@pytest.mark.parametrize("spec, classifies", _specs())
def test_arrays__how_rows_lie_changes_no_bit(spec, classifies):
    rng = np.random.RandomState(3)
    wide = np.abs(rng.randn(1100, 6)) + 0.01
    X = np.ascontiguousarray(wide[:, 1:4])
    y = X @ [1.0, 2.0, -0.2] + 1 + 0.1 * rng.rand(1100)
    data = mlsd.Dataset(X, np.digitize(y, np.quantile(y, [0.3, 0.7])) if classifies else y)
    model = mlsd.Model(spec, data)
    for what in (1, 2, 3, 4):
        if model.n_outputs(what) == 0:
            continue
        expected = model.predict(X, what)
        assert np.isfinite(expected).all()
        for same in (wide[:, 1:4], np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2], data, data.rows(np.arange(1100))):
            np.testing.assert_array_equal(model.predict(same, what), expected)
        for i in (0, 1023, 1099):
            np.testing.assert_array_equal(model.predict(wide[i : i + 1, 1:4], what), expected[i : i + 1])
