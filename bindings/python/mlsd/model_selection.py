"""Splitting and cross-validation with the signatures of sklearn.model_selection.

With the same integer random_state the splits are scikit-learn's, index for index. random_state None draws a seed from
the operating system. A numpy.random.RandomState gives its next number as the seed: such splits repeat from run to run
and differ from call to call, but are not those that scikit-learn draws from the same RandomState.
"""

import numbers
import operator
import os

from ._arrays import class_codes, n_rows, take
from ._handles import Folds, Spec
from ._validation import cross_val_score, cross_validate


def _seed(random_state):
    if random_state is None:
        return int.from_bytes(os.urandom(4), "little")
    if hasattr(random_state, "randint"):
        return int(random_state.randint(0, 2**32, dtype="uint32"))
    try:
        seed = operator.index(random_state)
    except TypeError:
        seed = -1
    if not 0 <= seed < 2**32:
        wanted = "an integer in [0, 4294967295], a RandomState or None"
        raise ValueError(f"random_state must be {wanted}, got {random_state!r}")
    return seed


class _Splitter:
    _stratified = False
    _grouped = False

    def _spec(self):
        raise NotImplementedError

    def folds(self, X, y=None, groups=None):
        """The splits as Folds."""
        if self._stratified and y is None:
            raise ValueError(f"{type(self).__name__} needs y")
        if self._grouped and groups is None:
            raise ValueError(f"{type(self).__name__} needs groups")
        n = n_rows(X)
        if y is not None and n_rows(y) != n:
            raise ValueError(f"X has {n} rows and y {n_rows(y)}")
        if groups is not None and n_rows(groups) != n:
            raise ValueError(f"X has {n} rows and groups {n_rows(groups)}")
        classes = class_codes(y)[1] if self._stratified else None
        codes = class_codes(groups, "groups", fractions=True)[1] if self._grouped else None
        return Folds(self._spec(), n, classes, codes)

    def split(self, X, y=None, groups=None):
        """Yield (train rows, test rows)."""
        yield from self.folds(X, y, groups if self._grouped else None)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits."""
        return self.n_splits

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class _KFolds(_Splitter):
    _kind = None

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None):
        if random_state is not None and not shuffle:
            raise ValueError("random_state has no effect without shuffle=True; leave it out or shuffle")
        Spec(self._kind, n_splits=n_splits)
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state

    def _spec(self):
        seed = _seed(self.random_state) if self.shuffle else 0
        return Spec(self._kind, n_splits=self.n_splits, shuffle=bool(self.shuffle), seed=seed)


class KFold(_KFolds):
    """k folds of consecutive rows, or of shuffled ones."""

    _kind = "kfold"


class StratifiedKFold(_KFolds):
    """k folds with the classes' shares kept."""

    _kind = "stratified_kfold"
    _stratified = True


class TimeSeriesSplit(_Splitter):
    """Train on the past, test on what follows."""

    def __init__(self, n_splits=5, *, max_train_size=None, test_size=None, gap=0):
        self.n_splits = n_splits
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = gap
        self._spec()

    def _spec(self):
        return Spec("time_series_split", **vars(self))


class _GroupKFolds(_KFolds):
    _grouped = True

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None, compat="1.9"):
        super().__init__(n_splits, shuffle=shuffle, random_state=random_state)
        self.compat = compat
        self._spec_of(0)

    def _spec_of(self, seed):
        return Spec(self._kind, n_splits=self.n_splits, shuffle=bool(self.shuffle), seed=seed, compat=self.compat)

    def _spec(self):
        return self._spec_of(_seed(self.random_state) if self.shuffle else 0)


class GroupKFold(_GroupKFolds):
    """k folds that never cut a group, as even as whole groups allow; compat names the release to follow."""

    _kind = "group_kfold"


class StratifiedGroupKFold(_GroupKFolds):
    """k folds that never cut a group, with about the classes' shares; compat names the release to follow."""

    _kind = "stratified_group_kfold"
    _stratified = True


class _Repeated(_Splitter):
    _kind = None

    def __init__(self, *, n_splits=5, n_repeats=10, random_state=None):
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state
        Spec(self._kind, n_splits=n_splits, n_repeats=n_repeats)

    def _spec(self):
        seed = _seed(self.random_state)
        return Spec(self._kind, n_splits=self.n_splits, n_repeats=self.n_repeats, seed=seed)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits."""
        return self.n_splits * self.n_repeats


class RepeatedKFold(_Repeated):
    """Shuffled k folds, several times."""

    _kind = "repeated_kfold"


class RepeatedStratifiedKFold(_Repeated):
    """Shuffled k folds with the classes' shares kept, several times."""

    _kind = "repeated_stratified_kfold"
    _stratified = True


class _LeaveOut(_Splitter):
    _kind = None

    def _spec(self):
        return Spec(self._kind, **vars(self))

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits, which depends on the rows or the groups."""
        given = groups if self._grouped else X
        if given is None:
            raise ValueError(f"{type(self).__name__} needs {'groups' if self._grouped else 'X'} to count its splits")
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


class PredefinedSplit(_Splitter):
    """Folds as given: a number for each row, -1 where it is never tested."""

    def __init__(self, test_fold):
        import numpy as np

        self.test_fold = np.asarray(test_fold, dtype=np.int64).ravel()

    def folds(self, X=None, y=None, groups=None):
        """The splits as Folds."""
        if X is not None and n_rows(X) != len(self.test_fold):
            raise ValueError(f"X has {n_rows(X)} rows and test_fold {len(self.test_fold)}")
        return Folds(Spec("predefined_split"), len(self.test_fold), None, self.test_fold)

    def split(self, X=None, y=None, groups=None):
        """Yield (train rows, test rows)."""
        yield from self.folds(X)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits."""
        return self.folds().n_splits


def _check_size(name, size):
    """scikit-learn's rule: an integer is a number of rows, a float a fraction."""
    if isinstance(size, numbers.Integral) and size <= 0:
        raise ValueError(f"{name} must be at least one row, got {size!r}")
    if not isinstance(size, numbers.Integral) and size is not None and not 0 < size < 1:
        raise ValueError(f"{name} must be an integer, or a fraction between 0 and 1, got {size!r}")


def _stratum_codes(stratify):
    """Class numbers to stratify by; rows of several columns are classes of their own."""
    import numpy as np

    y = np.asarray(stratify)
    if y.ndim == 2:
        y = np.array([" ".join(row.astype("str")) for row in y])
    return class_codes(y, "stratify", fractions=True)[1]


def train_test_split(*arrays, test_size=None, train_size=None, random_state=None, shuffle=True, stratify=None):
    """Split arrays, frames or lists into random train and test parts: [train of the first, test of the first, ...]."""
    if not arrays:
        raise ValueError("at least one array is needed")
    sizes = [n_rows(array) for array in arrays if array is not None]
    if len(set(sizes)) != 1:
        raise ValueError(f"the arrays have different numbers of rows: {sizes}")
    _check_size("test_size", test_size)
    _check_size("train_size", train_size)
    if test_size is None and train_size is None:
        test_size = 0.25
    spec = Spec("holdout", shuffle=bool(shuffle), stratify=stratify is not None)
    spec.set("test_size", test_size)
    spec.set("train_size", train_size)
    if shuffle:
        spec.set("seed", _seed(random_state))
    folds = Folds(spec, sizes[0], None if stratify is None else _stratum_codes(stratify))
    train, test = folds.part(0, 0), folds.part(0, 1)
    return [part for array in arrays for part in (take(array, train), take(array, test))]


def check_cv(cv=None, y=None, *, classifier=False):
    """A splitter for None (5 folds), a number of folds, a splitter, or a list of (train, test)."""
    if cv is None or isinstance(cv, numbers.Integral):
        return (StratifiedKFold if classifier else KFold)(5 if cv is None else int(cv))
    if hasattr(cv, "split") and not isinstance(cv, str):
        return cv
    if isinstance(cv, str) or not hasattr(cv, "__iter__"):
        raise ValueError(f"cv must be a number of folds, a splitter or a list of (train, test), got {cv!r}")
    return _Given(list(cv))


class _Given:
    def __init__(self, splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.splits)


__all__ = [
    "GroupKFold",
    "KFold",
    "LeaveOneGroupOut",
    "LeaveOneOut",
    "LeavePGroupsOut",
    "LeavePOut",
    "PredefinedSplit",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "StratifiedGroupKFold",
    "StratifiedKFold",
    "TimeSeriesSplit",
    "check_cv",
    "cross_val_score",
    "cross_validate",
    "train_test_split",
]
