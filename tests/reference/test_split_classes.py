"""mlsd.model_selection's classes and mlsd.utils against scikit-learn's on random problems, with what they are drawn from.

Witness: scikit-learn 1.2.1 on NumPy 1.24: the same rows, the same refusals, and a RandomState that stands where
scikit-learn leaves it, also when only some of the splits are asked for, when several calls share it, and when it is
NumPy's global one. MLSD_SWEEP multiplies the number of cases. The rows alone, through C, are compared in
test_split_sklearn.py and test_shuffle_sklearn.py.
"""

import itertools
import os

import numpy as np
import pytest

from mlsd import model_selection as ours
from mlsd import utils as our_utils

theirs = pytest.importorskip("sklearn.model_selection")
their_utils = pytest.importorskip("sklearn.utils")
SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

LABELS = (
    lambda c: c, lambda c: c - 3, lambda c: c * 1.0, lambda c: -2.5 * c, lambda c: c > 0, lambda c: c.astype(np.uint8),
    lambda c: np.array(list("bacZ\u00e9fgh"))[c], lambda c: np.array(["x", "\U0001f600", "", "aa", "a", "B", "~", "b"], dtype=object)[c],
    lambda c: [f"class {v}" for v in c], lambda c: c.reshape(-1, 1), lambda c: c + 2**40, lambda c: list(c),
)


def random_codes(rng, n):
    n_codes = int(rng.choice([1, 2, 3, 5, 8]))
    return rng.choice(n_codes, n, p=rng.dirichlet(np.full(n_codes, rng.choice([0.5, 3.0, 100.0]))))


def random_labels(rng, n, fractions):
    make = LABELS[rng.randint(len(LABELS))]
    codes = random_codes(rng, n)
    return make(codes) if fractions or make is not LABELS[3] else codes


def random_groups(rng, n):
    if rng.randint(3) == 0:
        return rng.randint(0, max(1, n), n) * 1.5
    groups = random_labels(rng, n, True)
    return np.ravel(groups) if hasattr(groups, "ndim") else groups


def random_size(rng, n):
    kind = rng.randint(8)
    if kind < 3:
        return None
    if kind < 5:
        return int(rng.randint(0, n + 2))
    if kind == 5:
        return rng.choice([np.float32(0.25), np.int64(3), np.float64(0.4)])
    return float(rng.choice([0.0, 1.0, 0.1, 0.2, 1 / 3, 0.5, 0.7, 0.95, rng.rand()]))


def drawn(rng, n):
    return {"n_splits": int(rng.randint(1, 5)), "test_size": random_size(rng, n), "train_size": random_size(rng, n)}


def dealt(rng, n):
    return {"n_splits": int(rng.randint(2, 7)), "shuffle": True}


def repeated(rng, n):
    return {"n_splits": int(rng.randint(2, 6)), "n_repeats": int(rng.randint(1, 4))}


OPTIONS = {
    "KFold": dealt, "StratifiedKFold": dealt, "StratifiedGroupKFold": dealt,
    "RepeatedKFold": repeated, "RepeatedStratifiedKFold": repeated,
    "ShuffleSplit": drawn, "StratifiedShuffleSplit": drawn, "GroupShuffleSplit": drawn,
}
N_CASES = {"StratifiedGroupKFold": 300}


def classes_of(module, name, options):
    more = {"compat": "1.2"} if module is ours and name == "StratifiedGroupKFold" else {}
    return getattr(module, name)(**options, **more)


def outcome(call):
    try:
        return call()
    except (ValueError, TypeError) as error:
        return type(error)


def assert_same(expected, got):
    """Splits or refusals; returns whether there were splits."""
    if isinstance(expected, type) or isinstance(got, type):
        assert isinstance(expected, type) == isinstance(got, type), (expected, got)
        return False
    assert len(expected) == len(got)
    for (train, test), (our_train, our_test) in zip(expected, got):
        np.testing.assert_array_equal(train, our_train)
        np.testing.assert_array_equal(test, our_test)
        assert our_train.dtype == our_test.dtype == np.int64
    return True


def assert_same_state(a, b):
    a, b = a.get_state(), b.get_state()
    assert a[2:] == b[2:] and (a[1] == b[1]).all()


def problem(rng, name):
    n = int(rng.choice([rng.randint(2, 12), rng.randint(2, 60), rng.randint(60, 200)]))
    return n, random_labels(rng, n, name == "StratifiedShuffleSplit"), random_groups(rng, n)


@pytest.mark.parametrize("name", OPTIONS)
def test_numbers_as_seeds(name):
    rng, n_equal = np.random.RandomState(len(name)), 0
    n_cases = N_CASES.get(name, 1000) * SWEEP
    for _ in range(n_cases):
        n, y, groups = problem(rng, name)
        seed = rng.choice([0, 1, 2**32 - 1, int(rng.randint(0, 2**32, dtype=np.int64))])
        options = {**OPTIONS[name](rng, n), "random_state": seed}
        expected, got = (
            outcome(lambda: list(classes_of(module, name, options).split(np.zeros((n, 2)), y, groups)))
            for module in (theirs, ours)
        )
        n_equal += assert_same(expected, got)
    assert n_equal > 0.2 * n_cases


@pytest.mark.parametrize("name", OPTIONS)
def test_a_random_state_goes_on(name):
    """Several splits share one state, and some are left before their end."""
    rng, n_equal = np.random.RandomState(100 + len(name)), 0
    n_cases = N_CASES.get(name, 800) // 2 * SWEEP
    for _ in range(n_cases):
        seed = int(rng.randint(0, 2**31))
        states = [np.random.RandomState(seed) for _ in range(2)]
        for state in states:
            state.randn(seed % 5)  # somewhere in the stream, and half a pair of normal numbers kept
        for _ in range(rng.randint(1, 4)):
            n, y, groups = problem(rng, name)
            options, wanted = OPTIONS[name](rng, n), int(rng.choice([1, 2, 3, 100]))
            expected, got = (
                outcome(lambda: list(itertools.islice(
                    classes_of(module, name, {**options, "random_state": state}).split(np.zeros(n), y, groups), wanted)))
                for module, state in zip((theirs, ours), states)
            )
            if assert_same(expected, got):
                n_equal += 1
                assert_same_state(*states)
            else:  # a refusal may come before or after a draw
                states[1].set_state(states[0].get_state())
            assert states[0].randint(1000) == states[1].randint(1000)
    assert n_equal > 0.2 * n_cases


def test_splits_that_take_turns_share_a_state():
    """Two splitters and the user draw from one state, split by split."""
    rng = np.random.RandomState(3)
    for _ in range(200 * SWEEP):
        n, seed, order = int(rng.randint(10, 50)), int(rng.randint(0, 2**31)), rng.randint(0, 3, 12)
        y = np.arange(n) % 2
        found = []
        for module in (theirs, ours):
            state = np.random.RandomState(seed)
            walks = [
                module.ShuffleSplit(20, random_state=state).split(y),
                module.StratifiedShuffleSplit(20, test_size=0.3, random_state=state).split(y, y),
            ]
            found.append([next(walks[turn]) if turn < 2 else (state.permutation(5), state.rand(2)) for turn in order])
        for a, b in zip(*found):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])


def test_none_is_numpys_global_state():
    for name, options in OPTIONS.items():
        rng = np.random.RandomState(4)
        params = {**options(rng, 40), **({"test_size": 0.3, "train_size": None} if options is drawn else {}), "random_state": None}
        y, groups, found = np.arange(40) % 2, np.arange(40) % 9, []
        for module in (theirs, ours):
            np.random.seed(7)
            found.append(list(classes_of(module, name, params).split(y, y, groups)) + [(np.random.rand(3), np.random.randn(1))])
            found[-1] += [module.train_test_split(y, random_state=given) for given in (None, np.random, np.random.mtrand._rand)]
        for a, b in zip(*found):
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])


def test_train_test_split():
    rng, n_equal = np.random.RandomState(5), 0
    n_cases = 1500 * SWEEP
    for _ in range(n_cases):
        n, y, _ = problem(rng, "StratifiedShuffleSplit")
        rows, seed = np.arange(n), int(rng.randint(0, 2**31))
        options = {"test_size": random_size(rng, n), "train_size": random_size(rng, n)}
        if rng.randint(5) == 0:
            options["shuffle"] = False
        if rng.randint(2):
            options["stratify"] = y if rng.randint(6) else rng.randint(0, 2, (n, 2))
        states = [np.random.RandomState(seed) if seed % 2 else seed for _ in range(2)]
        expected, got = (
            outcome(lambda: [tuple(module.train_test_split(rows, random_state=state, **options))])
            for module, state in zip((theirs, ours), states)
        )
        n_equal += assert_same(expected, got)
        if seed % 2 and not isinstance(expected, type):
            assert_same_state(*states)
    assert n_equal > 0.2 * n_cases


@pytest.mark.parametrize("name", ["GroupKFold", "LeaveOneGroupOut", "LeavePGroupsOut", "LeaveOneOut", "LeavePOut", "TimeSeriesSplit"])
def test_nothing_is_drawn(name):
    rng, n_equal = np.random.RandomState(6), 0
    n_cases = 500 * SWEEP
    for _ in range(n_cases):
        n, y, groups = problem(rng, name)
        n, y, groups = (n, y, groups) if name.endswith(("Fold", "Split")) else (n % 12, y[: n % 12], groups[: n % 12])
        options = {
            "GroupKFold": {"n_splits": int(rng.randint(2, 7))}, "LeavePGroupsOut": {"n_groups": int(rng.randint(1, 3))},
            "LeavePOut": {"p": int(rng.randint(1, 3))},
            "TimeSeriesSplit": {"n_splits": int(rng.randint(2, 7)), "gap": int(rng.randint(0, 3)),
                                "test_size": rng.choice([None, int(rng.randint(1, 9))]),
                                "max_train_size": rng.choice([None, int(rng.randint(1, 30))])},
        }.get(name, {})
        more = {"compat": "1.2"} if name == "GroupKFold" else {}
        cvs = getattr(theirs, name)(**options), getattr(ours, name)(**options, **more)
        expected, got = (outcome(lambda: list(cv.split(np.zeros(n), y, groups))) for cv in cvs)
        if assert_same(expected, got):
            n_equal += 1
            assert cvs[0].get_n_splits(np.zeros(n), y, groups) == cvs[1].get_n_splits(np.zeros(n), y, groups) == len(got)
    assert n_equal > 0.2 * n_cases


def test_resample_and_shuffle():
    rng, n_equal = np.random.RandomState(7), 0
    n_cases = 1500 * SWEEP
    for _ in range(n_cases):
        n, y, _ = problem(rng, "StratifiedShuffleSplit")
        seed, rows = int(rng.randint(0, 2**31)), np.arange(n)
        options = {"n_samples": rng.choice([None, int(rng.randint(1, 2 * n))])}
        states = [np.random.RandomState(seed) if seed % 2 else seed for _ in range(2)]
        if rng.randint(3):
            options["replace"] = bool(rng.randint(2))
            if rng.randint(2):
                options["stratify"] = y if rng.randint(6) else rng.randint(0, 2, (n, 2))
        call = "resample" if "replace" in options else "shuffle"
        expected, got = (
            outcome(lambda: [tuple(getattr(module, call)(rows, list(rows), random_state=state, **options))])
            for module, state in zip((their_utils, our_utils), states)
        )
        if not isinstance(expected, type) and not isinstance(got, type):
            assert type(expected[0][1]) is type(got[0][1]) is list
            expected, got = ([(a, np.array(b)) for a, b in pairs] for pairs in (expected, got))
        if assert_same(expected, got):
            n_equal += 1
            if seed % 2:
                assert_same_state(*states)
    assert n_equal > 0.4 * n_cases
