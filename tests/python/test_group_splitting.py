"""Splitters by group, repeated and exhaustive ones give scikit-learn's rows, also as its cv=.

Witness: scikit-learn 1.2.1, whose behaviour compat="1.2" asks for.
"""

import numpy as np
import pytest

from mlsd import model_selection as ours

theirs = pytest.importorskip("sklearn.model_selection")

CASES = [
    ("GroupKFold", {"n_splits": 3}, {"compat": "1.2"}),
    ("StratifiedGroupKFold", {"n_splits": 3}, {"compat": "1.2"}),
    ("StratifiedGroupKFold", {"n_splits": 3, "shuffle": True, "random_state": 4}, {"compat": "1.2"}),
    ("RepeatedKFold", {"n_splits": 3, "n_repeats": 2, "random_state": 1}, {}),
    ("RepeatedStratifiedKFold", {"n_splits": 3, "n_repeats": 2, "random_state": 1}, {}),
    ("LeaveOneOut", {}, {}),
    ("LeavePOut", {"p": 2}, {}),
    ("LeaveOneGroupOut", {}, {}),
    ("LeavePGroupsOut", {"n_groups": 2}, {}),
    ("PredefinedSplit", {"test_fold": [-1, 3, 3, 0, -1, 0] * 5}, {}),
]


@pytest.mark.parametrize(("name", "options", "more"), CASES)
@pytest.mark.parametrize("texts", [False, True])
def test_rows_are_scikit_learns(name, options, more, texts):
    rng = np.random.RandomState(0)
    X, y, groups = rng.rand(30, 2), np.arange(30) % 3, rng.randint(0, 7, 30)
    if texts:
        y, groups = np.array(["b", "a", "c"])[y], np.array(list("zyxWvu\u00e9"))[groups]
    reference, splitter = getattr(theirs, name)(**options), getattr(ours, name)(**options, **more)
    expected, got = list(reference.split(X, y, groups)), list(splitter.split(X, y, groups))
    assert len(got) == len(expected) == splitter.get_n_splits(X, y, groups)
    for a, b in zip(expected, got):
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(a[1], b[1])


@pytest.mark.parametrize(("name", "options", "more"), CASES)
def test_scikit_learn_takes_them_as_cv(name, options, more):
    from sklearn.linear_model import Ridge

    rng = np.random.RandomState(0)
    X, y, groups = rng.rand(30, 2), np.arange(30) % 3, rng.randint(0, 7, 30)
    scores = [
        theirs.cross_val_score(Ridge(), X, y, groups=groups, cv=cv, scoring="neg_mean_squared_error")
        for cv in (getattr(theirs, name)(**options), getattr(ours, name)(**options, **more))
    ]
    np.testing.assert_array_equal(*scores)


def test_refusals_say_why():
    X = np.zeros((4, 1))
    with pytest.raises(ValueError, match="needs groups"):
        next(ours.GroupKFold(2).split(X))
    with pytest.raises(ValueError, match="more than the 2 groups; use at most 2"):
        next(ours.GroupKFold(3).split(X, groups=[1, 1, 2, 2]))
    with pytest.raises(ValueError, match="groups 3"):
        next(ours.GroupKFold(2).split(X, groups=[1, 1, 2]))
    with pytest.raises(ValueError, match="compat"):
        ours.GroupKFold(2, compat="0.9")
