"""A pytest plugin: scikit-learn's splitters draw their indices from mlsd.

    python3 -m pytest -p sklearn_plugin <tests of scikit-learn, in place>

Each private generator of indices in sklearn.model_selection is replaced by mlsd.model_selection's splitter of the same
name. scikit-learn's own generator still runs first where it checks arguments, on a copy that draws nothing, so that
checks, messages and warnings are its own; what it would have split is thrown away. Written to MLSD_PLUGIN_REPORT at the
end, as JSON: how many cases had which outcome, by splitter how many splits were asked for, and how many parts the C
function mlsd_folds_part wrote for it. That function is wrapped here where ctypes calls it: nothing else counts.
"""

import collections
import contextlib
import copy
import json
import os
import warnings

import numpy as np
import sklearn.model_selection._split as theirs

import mlsd._handles
from mlsd import model_selection as ours

asked, written, outcomes = (collections.Counter() for _ in range(3))
_now = {"splitter": None, "is_checking": False}


def _count_parts():
    function = mlsd._handles.lib.mlsd_folds_part

    def counted(*arguments):
        status = function(*arguments)
        written[_now["splitter"]] += 1
        return status

    mlsd._handles.lib.mlsd_folds_part = counted


@contextlib.contextmanager
def _set(**values):
    before = {name: _now[name] for name in values}
    _now.update(values)
    try:
        yield
    finally:
        _now.update(before)


def _check(original, splitter, arguments, **changed):
    """Run scikit-learn's own generator up to its first split, for its checks and warnings."""
    quiet = copy.copy(splitter)
    vars(quiet).update(changed)
    with _set(is_checking=True):
        made = original(quiet, *arguments)
        if not hasattr(made, "dtype"):  # a generator does nothing until it is asked
            next(iter(made), None)


def _splits(name, splitter, params, X, y, groups):
    """(train, test) from the library, one when it is asked for."""
    options = {p: getattr(splitter, p) for p in params}
    if options.get("shuffle") is False:
        options["random_state"] = None  # stacking sets it, and nothing is drawn
    if name in ("GroupKFold", "StratifiedGroupKFold"):
        options["compat"] = "1.2"
    cv = getattr(ours, name)(**options)
    rows = iter(cv.split(np.zeros(theirs._num_samples(X)), y, groups))
    while True:
        with _set(splitter=name), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's own have been given
            pair = next(rows, None)
        if pair is None:
            return
        asked[name] += 1
        yield pair


def _tests_of(pairs):
    return (test for _, test in pairs)


def _masks_of(pairs):
    for train, test in pairs:
        mask = np.zeros(len(train) + len(test), dtype=bool)
        mask[test] = True
        yield mask


def _fold_of_rows(pairs):
    tests = [test for _, test in pairs]
    folds = np.empty(sum(map(len, tests)), dtype="i")
    for k, test in enumerate(tests):
        folds[test] = k
    return folds


_DRAWN = ("n_splits", "test_size", "train_size", "random_state")
_DEALT = ("n_splits", "shuffle", "random_state")
_ORDER = {"shuffle": False, "random_state": None}  # a copy that draws nothing
_NONE = {"n_splits": 0}  # a copy that checks and is asked for no split

# Splitter, the method that makes its indices, how it hands them over, its parameters, and what is changed for checks.
_METHODS = (
    ("KFold", "_iter_test_indices", _tests_of, _DEALT, _ORDER),
    ("StratifiedKFold", "_make_test_folds", _fold_of_rows, _DEALT, _ORDER),
    ("GroupKFold", "_iter_test_indices", _tests_of, ("n_splits",), {}),
    ("StratifiedGroupKFold", "_iter_test_indices", _tests_of, _DEALT, _ORDER),
    ("TimeSeriesSplit", "split", iter, ("n_splits", "max_train_size", "test_size", "gap"), {}),
    ("ShuffleSplit", "_iter_indices", iter, _DRAWN, _NONE),
    ("StratifiedShuffleSplit", "_iter_indices", iter, _DRAWN, _NONE),
    ("GroupShuffleSplit", "_iter_indices", iter, _DRAWN, _NONE),
    ("LeaveOneOut", "_iter_test_indices", _tests_of, (), {}),
    ("LeavePOut", "_iter_test_indices", _tests_of, ("p",), {}),
    ("LeaveOneGroupOut", "_iter_test_masks", _masks_of, (), {}),
    ("LeavePGroupsOut", "_iter_test_masks", _masks_of, ("n_groups",), {}),
)


def _swap(name, method, hand_over, params, changed):
    splitter_class = getattr(theirs, name)
    original = getattr(splitter_class, method)

    def generate(self, X=None, y=None, groups=None):
        arguments = (X, y) if method == "_make_test_folds" else (X, y, groups)
        if _now["is_checking"]:
            return original(self, *arguments)
        _check(original, self, arguments, **changed)
        if getattr(self, "n_splits", 1) == 0:
            return iter(())
        return hand_over(_splits(name, self, params, X, y, groups))

    def generate_late(self, X=None, y=None, groups=None):
        yield from generate(self, X, y, groups)

    # The methods that yield do nothing before they are asked, and so must ours.
    setattr(splitter_class, method, generate if method == "_make_test_folds" else generate_late)


def _swap_repeated(name):
    splitter_class = getattr(theirs, name)

    def split(self, X, y=None, groups=None):
        once = self.cv(**self.cvargs)
        with _set(is_checking=True):
            next(once.split(X, y, groups))
        holder = copy.copy(self)
        holder.n_splits = once.n_splits
        yield from _splits(name, holder, ("n_splits", "n_repeats", "random_state"), X, y, groups)

    splitter_class.split = split


def _swap_predefined():
    def masks(self):
        n = len(self.test_fold)
        for _, test in _splits("PredefinedSplit", self, ("test_fold",), range(n), None, None):
            mask = np.zeros(n, dtype=bool)
            mask[test] = True
            yield mask

    theirs.PredefinedSplit._iter_test_masks = masks


def pytest_configure(config):
    _count_parts()
    for method in _METHODS:
        _swap(*method)
    for name in ("RepeatedKFold", "RepeatedStratifiedKFold"):
        _swap_repeated(name)
    _swap_predefined()


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        outcomes[f"skipped: {report.longrepr[2]}"] += 1
    elif report.when == "call" or report.failed:
        outcomes["xfailed" if hasattr(report, "wasxfail") else report.outcome] += 1


def pytest_sessionfinish(session):
    path = os.environ.get("MLSD_PLUGIN_REPORT")
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"outcomes": outcomes, "asked": asked, "written": written}, file)
