"""Does a split keep its promise, that test rows are news to the model? Ten checks of data and folds.

    from mlsd.audit import leakage_audit
    found = leakage_audit(X, y, cv=10, groups=patients)
    print(found.verdict)
    found.table("findings")
"""

from ._arrays import n_rows
from ._estimators import Estimator
from ._handles import Dataset, Folds, Spec, Table
from ._library import call_long, lib
from ._results import Result
from ._splitters import Splitter

__all__ = ["folds_audit", "leakage_audit"]


def folds_audit(dataset, folds, options=None):
    """Audit Folds of a Dataset; options is a Spec of kind "leakage_audit". Returns a Result."""
    return Result._made(call_long, lib.mlsd_folds_audit, options._h if options else None, dataset._h, folds._h)


def _columns(X):
    """{name: values} of a frame, a Table, a dict or an array, whose columns are called x0, x1, ..."""
    import numpy as np

    if hasattr(X, "items") and not isinstance(X, np.ndarray):
        return {str(name): np.asarray(values) for name, values in X.items()}
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(f"X has {X.ndim} dimensions, not 2")
    return {f"x{j}": X[:, j] for j in range(X.shape[1])}


def _dataset(X, y, roles, task):
    columns, given = _columns(X), {}
    for role, values in {"target": y, **roles}.items():
        if values is None:
            continue
        if n_rows(values) != n_rows(X):
            raise ValueError(f"X has {n_rows(X)} rows and {role} {n_rows(values)}: inconsistent numbers of rows")
        name = role
        while name in columns:
            name += "_"
        columns[name], given[name] = values, role
    return Dataset.from_table(Table(columns), given, task)


def _predefined(splits, n):
    """Folds of (train, test) pairs whose training rows are all that are not tested; others cannot be told."""
    import numpy as np

    fold = np.full(n, -1, dtype=np.int64)
    for k, (train, test) in enumerate(splits):
        train, test = np.asarray(train), np.asarray(test)
        rest = np.setdiff1d(np.arange(n), test)
        if (fold[test] >= 0).any() or not np.array_equal(np.sort(train), rest):
            raise ValueError(f"split {k} is not one of a k-fold: test parts must be disjoint and training the rest; "
                             "give a splitter of mlsd.model_selection instead")
        fold[test] = k
    return Folds(Spec("predefined_split"), n, groups=fold)


def _folds(cv, X, y, groups):
    from .model_selection import check_cv

    if isinstance(cv, Folds):
        return cv
    if isinstance(cv, Splitter) or cv is None or isinstance(cv, int):
        return check_cv(cv, y, classifier=y is not None).folds(X, y, groups)
    return _predefined(cv.split(X, y, groups) if hasattr(cv, "split") else cv, n_rows(X))


def leakage_audit(
    X, y=None, *, cv=None, groups=None, times=None, time_ends=None, full=False, estimator=None, task="auto", **options
):
    """A Result with the tables "findings" (worst first), "examples" and "checks", and a verdict.

    cv is a splitter, a number of folds, Folds, or pairs of training and test rows; groups and times are columns that
    models do not see. full adds the costly checks; estimator (one of mlsd's) tells what leaks are worth. Other options
    are those of mlsd.kinds("audit").
    """
    dataset = _dataset(X, y, {"group": groups, "time": times, "time_end": time_ends}, task)
    spec = Spec("leakage_audit", depth="full" if full else "cheap", **options)
    if estimator is not None:
        spec.add("estimator", estimator.spec() if isinstance(estimator, Estimator) else estimator)
    return folds_audit(dataset, _folds(cv, X, y, groups), spec)
