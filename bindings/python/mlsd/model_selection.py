"""Splitting and cross-validation: scikit-learn's names with its signatures, and splitters that it does not have.

Splits are scikit-learn's, index for index: with the same integer random_state, and with the same numpy.random.RandomState,
which is where scikit-learn would have left it afterwards. random_state None draws from NumPy's global state. Each
splitter also serves as `cv=` inside scikit-learn. compat names the release to follow where scikit-learn changed.
"""

import numbers

from ._arrays import n_rows, take
from ._curves import learning_curve, permutation_test_score, validation_curve
from ._grids import ParameterGrid, ParameterSampler
from ._halving import HalvingGridSearchCV, HalvingRandomSearchCV
from ._handles import Folds, Spec
from ._new_splitters import make_splitters
from ._search import BaseSearchCV, GridSearchCV, RandomizedSearchCV
from ._splitters import Splitter
from ._validation import cross_val_predict, cross_val_score, cross_validate


class _KFolds(Splitter):
    _seeded = True

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None):
        self._start(n_splits=n_splits, shuffle=shuffle, random_state=random_state)

    def _start(self, **params):
        if not isinstance(params["shuffle"], bool):
            raise TypeError(f"shuffle must be True or False; got {params['shuffle']!r}")
        if params["random_state"] is not None and not params["shuffle"]:
            raise ValueError(
                "Setting a random_state has no effect since shuffle is False; leave it out, or set shuffle=True"
            )
        vars(self).update(params)
        self._spec()

    def _is_random(self):
        return self.shuffle


class KFold(_KFolds):
    """k folds of consecutive rows, or of shuffled ones."""

    _kind = "kfold"


class StratifiedKFold(_KFolds):
    """k folds with the classes' shares kept."""

    _kind = "stratified_kfold"
    _target = "classes"


class GroupKFold(_KFolds):
    """k folds that never cut a group, as even as whole groups allow; compat names the release to follow."""

    _kind = "group_kfold"
    _grouped = True

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None, compat="1.9"):
        self._start(n_splits=n_splits, shuffle=shuffle, random_state=random_state, compat=compat)


class StratifiedGroupKFold(_KFolds):
    """k folds that never cut a group, with about the classes' shares; compat names the release to follow."""

    _kind = "stratified_group_kfold"
    _target = "classes"
    _grouped = True

    def __init__(self, n_splits=5, shuffle=False, random_state=None, *, compat="1.9"):
        self._start(n_splits=n_splits, shuffle=shuffle, random_state=random_state, compat=compat)


class TimeSeriesSplit(Splitter):
    """Train on the past, test on what follows."""

    _kind = "time_series_split"

    def __init__(self, n_splits=5, *, max_train_size=None, test_size=None, gap=0):
        self.n_splits = n_splits
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = gap
        self._spec()


class _Repeated(Splitter):
    _seeded = True
    _draws = "n_repeats"

    def __init__(self, *, n_splits=5, n_repeats=10, random_state=None):
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state
        self._spec()

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits."""
        return self.n_splits * self.n_repeats


class RepeatedKFold(_Repeated):
    """Shuffled k folds, several times."""

    _kind = "repeated_kfold"


class RepeatedStratifiedKFold(_Repeated):
    """Shuffled k folds with the classes' shares kept, several times."""

    _kind = "repeated_stratified_kfold"
    _target = "classes"


def _check_size(name, size):
    """scikit-learn's rule: an integer is a number of rows, a float a fraction."""
    if size is None:
        return
    if isinstance(size, bool) or not isinstance(size, numbers.Real):
        raise ValueError(f"Invalid value for {name}: {size!r}")
    if isinstance(size, numbers.Integral) and size <= 0:
        raise ValueError(f"{name} must be at least one row, got {size!r}")
    if not isinstance(size, numbers.Integral) and not 0 < size < 1:
        raise ValueError(f"{name} must be an integer, or a fraction between 0 and 1, got {size!r}")


class ShuffleSplit(Splitter):
    """Rows drawn anew for every split: Monte-Carlo cross-validation."""

    _kind = "shuffle_split"
    _seeded = True
    _draws = "n_splits"

    def __init__(self, n_splits=10, *, test_size=None, train_size=None, random_state=None):
        self.n_splits = n_splits
        self.test_size = test_size
        self.train_size = train_size
        self.random_state = random_state
        self._spec()

    def _spec(self, **changed):
        _check_size("test_size", self.test_size)
        _check_size("train_size", self.train_size)
        return super()._spec(**changed)


class StratifiedShuffleSplit(ShuffleSplit):
    """Rows drawn anew for every split, with the classes' shares kept."""

    _kind = "stratified_shuffle_split"
    _target = "strata"


class GroupShuffleSplit(ShuffleSplit):
    """Whole groups drawn anew for every split; sizes count groups."""

    _kind = "group_shuffle_split"
    _grouped = True

    def __init__(self, n_splits=5, *, test_size=None, train_size=None, random_state=None):
        super().__init__(n_splits, test_size=test_size, train_size=train_size, random_state=random_state)


class _LeaveOut(Splitter):
    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits, which depends on the rows or the groups."""
        name, given = ("groups", groups) if self._grouped else ("X", X)
        if given is None:
            raise ValueError(f"The '{name}' parameter should not be None: {type(self).__name__} counts its splits by it")
        return self.folds(given, None, groups).n_splits


class LeaveOneOut(_LeaveOut):
    """Each row is tested once, alone."""

    _kind = "leave_one_out"


class LeavePOut(_LeaveOut):
    """Every choice of p rows is tested once."""

    _kind = "leave_p_out"

    def __init__(self, p):
        self.p = p


class LeaveOneGroupOut(_LeaveOut):
    """Each group is tested once, alone."""

    _kind = "leave_one_group_out"
    _grouped = True


class LeavePGroupsOut(_LeaveOut):
    """Every choice of n_groups groups is tested once."""

    _kind = "leave_p_groups_out"
    _grouped = True

    def __init__(self, n_groups):
        self.n_groups = n_groups


class PredefinedSplit(Splitter):
    """Folds as given: a number for each row, -1 where it is never tested."""

    _kind = "predefined_split"

    def __init__(self, test_fold):
        import numpy as np

        self.test_fold = np.asarray(test_fold, dtype=np.int64).ravel()

    def folds(self, X=None, y=None, groups=None):
        """All splits, as Folds."""
        if X is not None and n_rows(X) != len(self.test_fold):
            raise ValueError(f"X has {n_rows(X)} rows and test_fold {len(self.test_fold)}")
        return Folds(Spec(self._kind), len(self.test_fold), None, self.test_fold)

    def split(self, X=None, y=None, groups=None):
        """Yield (train rows, test rows)."""
        yield from self.folds(X)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits."""
        return self.folds().n_splits


def train_test_split(*arrays, test_size=None, train_size=None, random_state=None, shuffle=True, stratify=None):
    """Split arrays, frames or lists into random train and test parts: [train of the first, test of the first, ...]."""
    if not arrays:
        raise ValueError("at least one array is needed")
    sizes = [n_rows(array) for array in arrays if array is not None]
    if len(set(sizes)) != 1:
        raise ValueError(f"the arrays have different numbers of rows: {sizes}")
    if stratify is not None and not shuffle:
        raise ValueError("stratify needs shuffle=True: rows that are cut in order have the classes that they have")
    if test_size is None and train_size is None:
        test_size = 0.25
    if shuffle:
        splitter = (ShuffleSplit if stratify is None else StratifiedShuffleSplit)(
            1, test_size=test_size, train_size=train_size, random_state=random_state
        )
        train, test = next(splitter.split(range(sizes[0]), stratify))
    else:
        _check_size("test_size", test_size)
        _check_size("train_size", train_size)
        spec = Spec("holdout", shuffle=False, test_size=test_size, train_size=train_size)
        ((train, test),) = Folds(spec, sizes[0])
    return [part for array in arrays for part in (take(array, train), take(array, test))]


def check_cv(cv=None, y=None, *, classifier=False):
    """A splitter for None (5 folds), a number of folds, a splitter, or a list of (train, test)."""
    if cv is None or isinstance(cv, numbers.Integral):
        return _plain_folds(StratifiedKFold if classifier and _has_classes(y) else KFold, 5 if cv is None else int(cv))
    if hasattr(cv, "split") and not isinstance(cv, str):
        return cv
    if isinstance(cv, str) or not hasattr(cv, "__iter__"):
        raise ValueError(f"cv must be a number of folds, a splitter or a list of (train, test), got {cv!r}")
    splits = list(cv)
    if not splits:
        asked = "No fits were performed. Was the CV iterator empty? Were there no candidates?"  # as scikit-learn says it
        raise ValueError(f"{asked} cv is an empty list; give a (train, test) for each split, or a number of folds")
    return _Given(splits)


def _plain_folds(cls, n_splits):
    """cls(n_splits), whose parameters were found to be good before where it was made before."""
    if (cls, n_splits) not in _checked:
        _checked[cls, n_splits] = vars(cls(n_splits))
    made = cls.__new__(cls)
    vars(made).update(_checked[cls, n_splits])
    return made


_checked = {}


def _has_classes(y):
    """Whether y is one column of classes."""
    import numpy as np

    if y is None:
        return False
    y = np.asarray(y)
    if y.ndim != 1 and y.shape[1:] != (1,):
        return False
    return y.dtype.kind != "f" or not np.isfinite(y).all() or bool((y == np.floor(y)).all())


class _Given:
    def __init__(self, splits):
        self.splits = splits

    def split(self, X=None, y=None, groups=None):
        return iter(self.splits)

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.splits)


__all__ = [
    "BaseSearchCV",
    "GridSearchCV",
    "GroupKFold",
    "GroupShuffleSplit",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "KFold",
    "LeaveOneGroupOut",
    "LeaveOneOut",
    "LeavePGroupsOut",
    "LeavePOut",
    "ParameterGrid",
    "ParameterSampler",
    "PredefinedSplit",
    "RandomizedSearchCV",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "ShuffleSplit",
    "StratifiedGroupKFold",
    "StratifiedKFold",
    "StratifiedShuffleSplit",
    "TimeSeriesSplit",
    "check_cv",
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "learning_curve",
    "permutation_test_score",
    "train_test_split",
    "validation_curve",
    *make_splitters(__name__),
]
