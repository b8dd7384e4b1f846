"""Splitters with scikit-learn's signatures give scikit-learn's rows, on random problems.

Witness: scikit-learn (1.2.1 where this was written) on NumPy's RandomState. MLSD_SWEEP multiplies the number of cases.
"""

import inspect
import os

import numpy as np
import pytest

from mlsd import model_selection as ours

theirs = pytest.importorskip("sklearn.model_selection")
SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))


def both(call):
    """What both modules give, or that both refuse."""
    found = []
    for module in (theirs, ours):
        try:
            found.append(call(module))
        except (ValueError, TypeError):
            found.append(None)
    expected, got = found
    assert (expected is None) == (got is None), (expected, got)
    return expected, got


def assert_same_folds(call):
    expected, got = both(call)
    if expected is None:
        return False
    assert len(expected) == len(got)
    for a, b in zip(expected, got):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])
    return True


def random_labels(rng, n):
    labels = rng.choice([2, 3, 5])
    y = rng.choice(labels, n, p=rng.dirichlet(np.full(labels, 3.0)))
    kind = rng.randint(5)
    if kind == 0:
        return [f"class {v}" for v in y]
    if kind == 1:
        return y.astype(float) * -1.0
    if kind == 2:
        return np.array(["b", "a", "c", "Z", "é"], dtype=object)[y]
    return y > 0 if kind == 3 else y


def test_splitting__kfold():
    rng, n_equal = np.random.RandomState(1), 0
    for _ in range(200 * SWEEP):
        n, k, shuffle = rng.randint(1, 60), rng.randint(1, 9), bool(rng.randint(2))
        seed = int(rng.randint(0, 2**32, dtype=np.int64)) if shuffle else None
        n_equal += assert_same_folds(lambda m: list(m.KFold(k, shuffle=shuffle, random_state=seed).split(np.zeros((n, 2)))))
    assert n_equal > 100 * SWEEP


def test_splitting__stratified_kfold():
    rng, n_equal = np.random.RandomState(2), 0
    for _ in range(200 * SWEEP):
        n, k, shuffle = rng.randint(2, 80), rng.randint(2, 8), bool(rng.randint(2))
        seed = np.uint32(rng.randint(0, 2**32, dtype=np.int64)) if shuffle else None
        y = random_labels(rng, n)
        with np.testing.suppress_warnings() as quiet:
            quiet.filter(UserWarning)
            n_equal += assert_same_folds(
                lambda m: list(m.StratifiedKFold(n_splits=k, shuffle=shuffle, random_state=seed).split([0] * n, y))
            )
    assert n_equal > 100 * SWEEP


def test_splitting__time_series_split():
    rng, n_equal = np.random.RandomState(3), 0
    for _ in range(200 * SWEEP):
        n, k = rng.randint(2, 80), rng.randint(2, 8)
        options = {
            "max_train_size": rng.choice([None, int(rng.randint(1, 20))]),
            "test_size": rng.choice([None, int(rng.randint(1, 10))]),
            "gap": int(rng.choice([0, 0, 1, 4])),
        }
        n_equal += assert_same_folds(lambda m: list(m.TimeSeriesSplit(k, **options).split(np.zeros(n))))
    assert n_equal > 60 * SWEEP


def random_size(rng, n):
    kind = rng.randint(6)
    if kind <= 1:
        return None
    if kind == 2:
        return int(rng.randint(-1, n + 2))
    if kind == 3:
        return float(rng.choice([0.0, 1.0, 1.5, -0.1, 2.0]))
    return np.float64(rng.rand()) if kind == 4 else float(rng.choice([0.1, 0.2, 0.25, 0.3, 0.5, 0.7]))


def test_splitting__train_test_split():
    rng, n_equal = np.random.RandomState(4), 0
    for _ in range(600 * SWEEP):
        n = rng.randint(1, 70)
        rows, y = np.arange(n), random_labels(rng, n)
        options = {"test_size": random_size(rng, n), "train_size": random_size(rng, n), "random_state": int(rng.randint(0, 2**31))}
        if rng.randint(4) == 0:
            options["shuffle"] = False
        if rng.randint(2):
            options["stratify"] = y
        expected, got = both(lambda m: m.train_test_split(rows, y, **options))
        if expected is not None:
            n_equal += 1
            for a, b in zip(expected, got):
                np.testing.assert_array_equal(a, b)
                assert type(a) is type(b)
    assert n_equal > 150 * SWEEP


def test_splitting__each_container_keeps_its_type():
    pd = pytest.importorskip("pandas")
    sparse = pytest.importorskip("scipy.sparse")
    n = 25
    frame = pd.DataFrame({"a": np.arange(n), "b": list("x" * n)}, index=np.arange(n) * 2)
    arrays = (frame, frame["a"], list(range(n)), tuple(range(n)), np.arange(2 * n).reshape(n, 2), sparse.eye(n).tocsr(), range(n))
    expected, got = both(lambda m: m.train_test_split(*arrays, test_size=7, random_state=5, stratify=[i % 3 for i in range(n)]))
    for a, b in zip(expected, got):
        assert type(a) is type(b)
        if isinstance(a, (pd.DataFrame, pd.Series)):
            assert a.equals(b)
        else:
            np.testing.assert_array_equal(*(v.toarray() if sparse.issparse(v) else v for v in (a, b)))


def test_splitting__several_columns_stratify_by_their_combinations():
    rng = np.random.RandomState(8)
    y = rng.randint(0, 2, (80, 2))
    expected, got = both(lambda m: m.train_test_split(np.arange(80), stratify=y, random_state=1))
    for a, b in zip(expected, got):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: ours.train_test_split(), "at least one"),
        (lambda: ours.train_test_split([1, 2], [1]), r"\[2, 1\]"),
        (lambda: ours.train_test_split(np.arange(9), test_size=1.0), "fraction"),
        (lambda: ours.train_test_split(np.arange(9), random_state=-1), "random_state"),
        (lambda: ours.train_test_split(np.arange(9), random_state=1.5), "random_state"),
        (lambda: ours.train_test_split(np.arange(9), random_state=np.random.default_rng(1)), "random_state"),
        (lambda: ours.train_test_split(np.arange(4), stratify=["a", "a", "a", "b"]), "b|class|row"),
        (lambda: ours.train_test_split(np.arange(4), stratify=["a", None, "a", "b"]), "missing"),
        (lambda: ours.train_test_split(3), "len|rows"),
        (lambda: ours.KFold(random_state=1), "shuffle"),
        (lambda: ours.KFold(1), "n_splits"),
        (lambda: ours.KFold(2.5), "n_splits"),
        (lambda: list(ours.StratifiedKFold(2).split(np.zeros(4), [0.5, 0.25, 1, 2])), "continuous"),
        (lambda: list(ours.StratifiedKFold(2).split(np.zeros(4))), "needs y"),
        (lambda: list(ours.KFold(2).split(np.zeros(4), np.zeros(3))), "4 rows and y 3"),
        (lambda: ours.check_cv("kfold"), "kfold"),
        (lambda: ours.TimeSeriesSplit(gap=-1), "gap"),
    ],
)
def test_splitting__what_cannot_be_done_is_said(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_splitting__a_random_state_gives_its_next_number():
    first, again = (list(ours.KFold(3, shuffle=True, random_state=np.random.RandomState(5)).split(np.zeros(30))) for _ in range(2))
    np.testing.assert_array_equal(first[0][1], again[0][1])
    state = np.random.RandomState(5)
    splitter = ours.KFold(3, shuffle=True, random_state=state)
    draws = [list(splitter.split(np.zeros(30)))[0][1] for _ in range(2)]
    np.testing.assert_array_equal(draws[0], first[0][1])
    assert not np.array_equal(draws[0], draws[1])


def test_splitting__no_random_state_draws_anew():
    draws = {tuple(ours.train_test_split(np.arange(50))[1]) for _ in range(5)}
    assert len(draws) > 1


def test_splitting__signatures_are_scikit_learns():
    for name in ("KFold", "StratifiedKFold", "TimeSeriesSplit", "train_test_split"):
        expected, got = (inspect.signature(getattr(m, name)) for m in (theirs, ours))
        assert [(p.name, p.default, p.kind) for p in expected.parameters.values()] == [
            (p.name, p.default, p.kind) for p in got.parameters.values()
        ], name
    for name in ("cross_val_score", "cross_validate"):
        expected, got = (dict(inspect.signature(getattr(m, name)).parameters) for m in (theirs, ours))
        assert set(expected) <= set(got), name
        for parameter in set(expected) - {"error_score", "fit_params", "params", "return_indices"}:
            assert (expected[parameter].kind, expected[parameter].default) == (got[parameter].kind, got[parameter].default)


def test_splitting__our_splitters_serve_scikit_learn():
    from sklearn.linear_model import Ridge

    rng = np.random.RandomState(0)
    X, y = rng.randn(60, 3), rng.randn(60)
    for cv in (lambda m: m.KFold(4, shuffle=True, random_state=3), lambda m: m.TimeSeriesSplit(4)):
        scores = [theirs.cross_val_score(Ridge(), X, y, cv=cv(m)) for m in (theirs, ours)]
        np.testing.assert_array_equal(*scores)
        assert repr(cv(ours)) == repr(cv(theirs))
