"""leakage_audit: planted leaks are found with their rows, clean data are silent, any form of cv is understood."""

import numpy as np
import pytest

from mlsd.audit import leakage_audit
from mlsd.linear_model import Ridge
from mlsd.model_selection import KFold, ShuffleSplit


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 4))
    return X, (X[:, 0] + rng.normal(size=400) > 0).astype(int)


def kinds(found):
    return list(found.table("findings")["kind"])


def test_clean(data):
    for cv in (None, 10, KFold(shuffle=True, random_state=1), KFold(4).split(data[0])):
        found = leakage_audit(*data, cv=cv, full=True)
        assert kinds(found) == [] and found.verdict.startswith("no leak")


def test_copies_are_found_as_numpy_finds_them(data):
    X, y = data
    X[200:230], y[200:230] = X[:30], y[:30]
    cv = KFold(shuffle=True, random_state=2)
    flagged = set()
    for train, test in cv.split(X):
        equal = (X[test][:, None, :] == X[train][None, :, :]).all(axis=2).any(axis=1)
        flagged |= set(test[equal])
    found = leakage_audit(X, y, cv=cv, n_examples=1000)
    table, examples = found.table("findings"), found.table("examples")
    assert kinds(found) == ["duplicates"] and table["count"][0] == len(flagged)
    assert set(examples["row"]) == flagged
    assert (np.abs(examples["row"] - examples["other"]) == 200).all()


def test_groups_times_and_text_labels(data):
    X, y = data
    groups = np.array([f"p{i % 40}" for i in range(400)])
    found = leakage_audit(X, np.array(["no", "yes"])[y], groups=groups, cv=KFold(shuffle=True, random_state=0))
    assert kinds(found) == ["group_overlap"] and found.number("n_errors") == 1
    found = leakage_audit(X, y, times=np.arange(400.0), cv=KFold(shuffle=True, random_state=0))
    assert "future_in_training" in kinds(found)


def test_effect(data):
    X, _ = data
    y = X @ [1.0, 2, 3, 4] + np.sin(np.arange(400) * 7.3)
    X[200:230], y[200:230] = X[:30], y[:30]
    found = leakage_audit(X, y, cv=KFold(shuffle=True, random_state=2), estimator=Ridge(), metric="rmse")
    assert np.isfinite(found.table("findings")["effect"][0])


def test_bad_input(data):
    X, y = data
    with pytest.raises(ValueError, match="inconsistent numbers of rows"):
        leakage_audit(X, y, groups=np.zeros(3))
    with pytest.raises(ValueError, match="is not one of a k-fold"):
        leakage_audit(X, y, cv=ShuffleSplit(2, random_state=0).split(X))
    with pytest.raises(ValueError, match="did you mean 'overlap'"):
        leakage_audit(X, y, checks=["overlop"])
