"""Metrics against scikit-learn, and their intervals against independent formulas, on random problems.

Run with the library's path in MLSD_LIBRARY; MLSD_SWEEP multiplies the number of cases.
Witnesses: scikit-learn 1.2.1 for values; for intervals scipy's quantiles with textbook formulas written
out here, brute force over pairs for DeLong, and the jackknife for r2 and multiclass roc_auc.
"""

import ctypes
import os

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
P, I64, F64 = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
E_KIND, E_DATA, E_SHAPE, E_ARG = -20, -40, -41, -2
REGRESSION = ["rmse", "mae", "r2"]
DTYPES = {np.dtype("f4"): 1, np.dtype("f8"): 2, np.dtype("i4"): 3, np.dtype("i8"): 4}


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
    size = x.itemsize
    return ctypes.byref(Matrix(x.ctypes.data, x.shape[0], x.shape[1], x.strides[0] // size,
                               x.strides[1] // size, DTYPES[x.dtype], 0))


@pytest.fixture(scope="session")
def lib():
    path = os.environ.get("MLSD_LIBRARY")
    if not path:
        pytest.skip("MLSD_LIBRARY names no library")
    so = ctypes.CDLL(path)
    so.mlsd_last_error.restype = ctypes.c_char_p
    so.mlsd_metric_score.argtypes = [
        P, ctypes.c_char_p, ctypes.POINTER(Matrix), ctypes.POINTER(Matrix), ctypes.POINTER(Matrix),
        F64, ctypes.POINTER(F64), ctypes.POINTER(F64), ctypes.POINTER(F64)]
    so.mlsd_metric_direction.argtypes = [ctypes.c_char_p]
    return so


def status_of(so, metric, y, prediction, weight=None, level=0.95):
    out = [F64(), F64(), F64()]
    keep = [np.asarray(x) if x is not None else None for x in (y, prediction, weight)]
    status = so.mlsd_metric_score(None, metric.encode(), *[view(x) for x in keep], level,
                                  *[ctypes.byref(o) for o in out])
    return status, [o.value for o in out]


def score(so, metric, y, prediction, weight=None, level=0.95):
    status, values = status_of(so, metric, y, prediction, weight, level)
    assert status == 0, so.mlsd_last_error()
    return values


def close(got, expected, rtol=1e-12):
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=1e-13)


def count(n):
    return max(1, n * SWEEP)


def random_weight(rng, n):
    kind = rng.randint(4)
    if kind <= 1:
        return None
    if kind == 2:
        return rng.gamma(1.0, size=n)
    return rng.randint(0, 4, n).astype(float) + (np.arange(n) < 3)


def t_quantile(p, df):
    """scipy 1.10's t.ppf is right to 2e-9 only; a Newton step brings the rest."""
    q = stats.t.ppf(p, df)
    return q - (stats.t.cdf(q, df) - p) / stats.t.pdf(q, df)


def mean_interval(loss, w, level):
    """A weighted mean and its interval by linearisation, written out."""
    w = np.ones(len(loss)) if w is None else w
    loss, w = loss[w > 0], w[w > 0]
    n, mean = len(loss), np.average(loss, weights=w)
    se = np.sqrt(n / (n - 1) * np.sum((w * (loss - mean)) ** 2)) / w.sum()
    q = t_quantile(0.5 + level / 2, n - 1)
    return mean, mean - q * se, mean + q * se


def test_regression(lib):
    rng = np.random.RandomState(1)
    for _ in range(count(400)):
        n = rng.randint(3, 200)
        y = rng.normal(scale=10.0 ** rng.randint(-3, 4), size=n) + rng.choice([0.0, 100.0])
        f = y + rng.normal(scale=y.std() * rng.choice([0.1, 1.0, 3.0]), size=n)
        w, level = random_weight(rng, n), float(rng.choice([0.8, 0.95, 0.99]))
        value, low, high = score(lib, "mae", y, f, w, level)
        expected = mean_interval(abs(y - f), w, level)
        close(value, metrics.mean_absolute_error(y, f, sample_weight=w))
        close([value, low, high], [expected[0], max(0, expected[1]), expected[2]], 1e-9)
        value, low, high = score(lib, "rmse", y, f, w, level)
        expected = mean_interval((y - f) ** 2, w, level)
        close(value, np.sqrt(metrics.mean_squared_error(y, f, sample_weight=w)))
        close([low, high], np.sqrt(np.maximum(0, expected[1:])), 1e-8)
        value, low, high = score(lib, "r2", y, f, w, level)
        close(value, metrics.r2_score(y, f, sample_weight=w), 1e-9)
        assert low <= value <= high <= 1 or high == 1


def test_r2_interval_is_the_jackknife_s(lib):
    """The influence function and the jackknife agree to O(1/n)."""
    rng = np.random.RandomState(2)
    y = rng.normal(size=2000)
    f = 0.8 * y + rng.normal(scale=0.5, size=2000)
    value, low, high = score(lib, "r2", y, f)
    e2, s1, s2, n = (y - f) ** 2, y.sum(), (y**2).sum(), len(y)
    sst = (s2 - y**2) - (s1 - y) ** 2 / (n - 1)
    leave_out = 1 - (e2.sum() - e2) / sst
    se = np.sqrt((n - 1) / n * np.sum((leave_out - leave_out.mean()) ** 2))
    q = t_quantile(0.975, n - 1)
    close([low, high], [value - q * se, value + q * se], 3e-3)


def random_probabilities(rng, n, k):
    kind = rng.randint(3)
    if kind == 0:
        p = rng.dirichlet(np.full(k, rng.choice([0.2, 1.0, 5.0])), n)
    elif kind == 1:
        p = np.round(rng.dirichlet(np.ones(k), n), 1) + 0.1
    else:
        p = np.eye(k)[rng.randint(k, size=n)]
    return p / p.sum(axis=1, keepdims=True)


def random_classes(rng, n, k):
    return np.concatenate([np.arange(k), rng.randint(k, size=n - k)])[rng.permutation(n)]


def test_classification(lib):
    rng = np.random.RandomState(3)
    for _ in range(count(500)):
        k = int(rng.choice([2, 2, 3, 5]))
        n = rng.randint(2 * k, 150)
        y, p, w = random_classes(rng, n, k), random_probabilities(rng, n, k), random_weight(rng, n)
        level = float(rng.choice([0.8, 0.95]))
        labels = np.arange(k)
        chosen = np.clip(p, 2.0**-52, 1 - 2.0**-52)
        rows = np.arange(n)
        loss = -np.log(chosen[rows, y] / chosen.sum(axis=1))
        value, low, high = score(lib, "log_loss", y, p, w, level)
        close(value, metrics.log_loss(y, p, sample_weight=w, labels=labels))
        expected = mean_interval(loss, w, level)
        close([low, high], [max(0, expected[1]), expected[2]], 1e-9)

        loss = ((p - np.eye(k)[y]) ** 2).sum(axis=1) / (2 if k == 2 else 1)
        expected = mean_interval(loss, w, level)
        value, low, high = score(lib, "brier", y, p, w, level)
        close(value, expected[0])
        close([low, high], [max(0, expected[1]), min(1 if k == 2 else 2, expected[2])], 1e-9)
        if k == 2:
            close(value, metrics.brier_score_loss(y, p[:, 1], sample_weight=w))
            for metric in ("log_loss", "brier", "roc_auc"):
                assert score(lib, metric, y, p[:, 1], w) == pytest.approx(
                    score(lib, metric, y, np.column_stack([1 - p[:, 1], p[:, 1]]), w), rel=1e-14,
                    nan_ok=True)

        f = p.argmax(axis=1)
        value, low, high = score(lib, "accuracy", y, f, w, level)
        close(value, metrics.accuracy_score(y, f, sample_weight=w))
        n_effective = n if w is None else w.sum() ** 2 / (w**2).sum()
        close([low, high], wilson(value, n_effective, level), 1e-9)


def wilson(p, n, level):
    """The roots of (p - x)^2 = z^2 x (1 - x) / n, by numpy."""
    z2 = stats.norm.ppf(0.5 + level / 2) ** 2
    return np.sort(np.roots([1 + z2 / n, -2 * p - z2 / n, p * p]).real)


def delong(y, s, level):
    """By all pairs, as the definition says; where classes are apart Clopper and Pearson's of as many pairs as share no row."""
    x, z = s[y == 1], s[y == 0]
    wins = (x[:, None] > z) + 0.5 * (x[:, None] == z)
    auc, n = wins.mean(), min(len(x), len(z))
    if auc in (0, 1):
        limit = stats.beta.ppf((1 - level) / 2, n, 1)
        return auc, limit * auc, auc + (1 - auc) * (1 - limit)
    if len(x) < 2 or len(z) < 2:
        return auc, np.nan, np.nan
    se = np.sqrt(wins.mean(axis=1).var(ddof=1) / len(x) + wins.mean(axis=0).var(ddof=1) / len(z))
    q = stats.norm.ppf(0.5 + level / 2)
    return auc, max(0, auc - q * se), min(1, auc + q * se)


def test_roc_auc(lib):
    rng = np.random.RandomState(4)
    for _ in range(count(500)):
        n = rng.randint(4, 150)
        y = random_classes(rng, n, 2)
        s = rng.normal(size=n) + y * rng.choice([0.0, 1.0, 4.0])
        s = np.round(s, int(rng.choice([0, 1, 15])))
        w, level = random_weight(rng, n), float(rng.choice([0.8, 0.95]))
        if w is None:
            close(score(lib, "roc_auc", y, s, None, level), delong(y, s, level), 1e-11)
            close(score(lib, "roc_auc", y, s)[0], metrics.roc_auc_score(y, s), 1e-14)
        elif w[y == 1].sum() > 0 and w[y == 0].sum() > 0:
            value, low, high = score(lib, "roc_auc", y, s, w, level)
            close(value, metrics.roc_auc_score(y, s, sample_weight=w), 1e-11)
            assert np.isnan(low) or low <= value <= high
            close(score(lib, "roc_auc", y, s, 8 * w, level), [value, low, high])


def test_roc_auc_of_many_classes(lib):
    rng = np.random.RandomState(5)
    for _ in range(count(150)):
        k = int(rng.choice([3, 4, 7]))
        n = rng.randint(3 * k, 120)
        y, p, w = random_classes(rng, n, k), random_probabilities(rng, n, k), random_weight(rng, n)
        if w is not None and min(np.bincount(y, w)) == 0:
            continue
        expected = metrics.roc_auc_score(y, p, multi_class="ovr", average="macro", sample_weight=w)
        value, low, high = score(lib, "roc_auc", y, p, w)
        close(value, expected, 1e-11)
        assert 0 <= low <= value <= high <= 1


def test_interval_of_many_classes_is_the_jackknife_s(lib):
    rng = np.random.RandomState(6)
    n, k = 600, 3
    y = random_classes(rng, n, k)
    p = rng.dirichlet(np.ones(k), n) + 0.5 * np.eye(k)[y]
    p /= p.sum(axis=1, keepdims=True)
    value, low, high = score(lib, "roc_auc", y, p)
    keep = ~np.eye(n, dtype=bool)
    leave_out = np.array([score(lib, "roc_auc", y[m], p[m])[0] for m in keep])
    se = np.sqrt((n - 1) / n * np.sum((leave_out - leave_out.mean()) ** 2))
    close([low, high], value + np.array([-1, 1]) * stats.norm.ppf(0.975) * se, 1e-3)


def test_layouts_and_types_do_not_matter(lib):
    rng = np.random.RandomState(7)
    y, p = random_classes(rng, 60, 3), random_probabilities(rng, 60, 3)
    expected = score(lib, "log_loss", y, p)
    for x in (np.asfortranarray(p), p[::-1][::-1], np.repeat(p, 2, axis=1)[:, ::2]):
        assert score(lib, "log_loss", y.astype("i4"), x) == expected
    f = np.arange(60)[::-1].astype("f4")
    assert score(lib, "mae", y.astype("i8"), f) == score(lib, "mae", y.astype("f8"), f.astype("f8"))


def test_undefined_is_nan_and_no_error(lib):
    none = np.empty(0)
    for metric in REGRESSION + ["accuracy", "brier", "log_loss", "roc_auc"]:
        assert np.isnan(score(lib, metric, none, none)).all()
    assert np.isnan(score(lib, "roc_auc", np.zeros(5), np.linspace(0, 1, 5))).all()
    assert np.isnan(score(lib, "r2", np.full(5, 0.1), np.linspace(0, 1, 5))).all()
    assert np.isnan(score(lib, "mae", np.ones(3), np.zeros(3), np.zeros(3))).all()
    value, low, high = score(lib, "mae", np.ones(1), np.zeros(1))
    assert value == 1 and np.isnan(low) and np.isnan(high)
    value, low, high = score(lib, "roc_auc", np.array([0, 1]), np.array([0.2, 0.7]))
    assert value == 1 and low == pytest.approx(0.025) and high == 1  # one pair of one is in order


@pytest.mark.parametrize("metric, y, prediction, weight, expected, word", [
    ("mae", [1, np.nan], [1, 2], None, E_DATA, "y[1] is nan"),
    ("mae", [1, 2], [1, np.inf], None, E_DATA, "prediction[1] is inf"),
    ("mae", [1, 2], [1, 2], [1, -1], E_DATA, "weight[1] is -1"),
    ("accuracy", [0, 1.5], [0, 1], None, E_DATA, "y[1] is 1.5"),
    ("accuracy", [0, -1], [0, 1], None, E_DATA, "y[1] is -1"),
    ("log_loss", [0, 2], [0.5, 0.5], None, E_DATA, "y[1] is 2"),
    ("brier", [0, 1], [0.5, 1.5], None, E_DATA, "prediction[1] is 1.5"),
    ("brier", [0, 1], [0.5, np.nan], None, E_DATA, "prediction[1] is nan"),
    ("brier", [0, 1], [[0.5, 0.5], [0.5, 0.6]], None, E_DATA, "row 1 sum to 1.1"),
    ("roc_auc", [0, 1], [0.5, np.nan], None, E_DATA, "prediction[1] is nan"),
    ("mae", [1, 2], [1, 2, 3], None, E_SHAPE, "prediction must be 2 x 1"),
    ("log_loss", [0, 1], [0.5], None, E_SHAPE, "prediction must be 2 x"),
    ("mae", [1, 2], [1, 2], [1], E_SHAPE, "weight must be 2 x 1"),
    ("rsme", [1, 2], [1, 2], None, E_KIND, "did you mean 'rmse'"),
    ("ridge", [1, 2], [1, 2], None, E_KIND, "no metric 'ridge'"),
])
def test_errors_name_the_culprit(lib, metric, y, prediction, weight, expected, word):
    arrays = [None if x is None else np.asarray(x, dtype=float) for x in (y, prediction, weight)]
    assert status_of(lib, metric, *arrays)[0] == expected
    assert word in lib.mlsd_last_error().decode().lower()


def test_level_is_checked_only_for_intervals(lib):
    y = np.ones(3)
    assert status_of(lib, "mae", y, y, None, 1.5)[0] == E_ARG
    out = F64()
    assert lib.mlsd_metric_score(None, b"mae", view(y), view(y), None, 1.5, ctypes.byref(out),
                                 None, None) == 0


def test_direction(lib):
    for name in REGRESSION + ["accuracy", "brier", "log_loss", "roc_auc"]:
        greater = name in ("r2", "accuracy", "roc_auc")
        assert lib.mlsd_metric_direction(name.encode()) == (1 if greater else -1)
    assert lib.mlsd_metric_direction(b"nonsense") == 0
