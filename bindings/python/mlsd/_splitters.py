"""What all splitters share: which columns the library is given, what is drawn from, and one split after the other.

A splitter that draws several times does so when its next split is asked for, as scikit-learn's do, so that a
RandomState that others draw from, too, is at the same place for each of them.
"""

import re

from ._arrays import class_codes, n_rows
from ._errors import DataError
from ._handles import Folds, Spec
from ._library import user_warnings
from ._random import seed_of, source_of

_EXACT = 2**53  # whole numbers beyond look like their neighbours as doubles
_ROWS_AT_ONCE = 1 << 22  # splits of so many rows are drawn at once where nobody can see it


def labels_or_values(values, name, fractions):
    """(numbers that are equal where the labels are and sort like them, the labels that 0, 1, ... stand for or None)."""
    import numpy as np

    a = np.asarray(values)
    if a.ndim == 2 and a.shape[1] == 1:
        a = a[:, 0]
    if a.ndim == 1 and a.dtype.kind in "iu" and (a.itemsize < 8 or not len(a) or -_EXACT < a.min() <= a.max() < _EXACT):
        return a, None
    if a.ndim == 1 and a.dtype.kind == "f" and np.isfinite(a).all() and (fractions or (a == np.floor(a)).all()):
        return a, None
    labels, codes = class_codes(a, name, fractions)
    return codes, labels


def strata(y, name="y"):
    """The same of what scikit-learn stratifies by: rows of several columns are classes of their own."""
    import numpy as np

    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] != 1:
        y = np.array([" ".join(row.astype("str")) for row in y])
    return labels_or_values(y, name, fractions=True)


def _classes(y):
    return labels_or_values(y, "y", fractions=False)


def _numbers(y):
    return y, None


# How y becomes the column "target".
TARGETS = {"classes": _classes, "strata": strata, "numbers": _numbers, "labels": _numbers}


class Columns:
    """What rows bring to a split, and how many there are."""

    def __init__(self, n):
        self.n_rows = n
        self.values, self._labels = {}, {}

    def add(self, role, values, labels=None, noun=""):
        self.values[role] = values
        if labels is not None:
            self._labels[noun] = labels

    def _spell(self, message):
        """Put labels into a message that names the numbers which stand for them."""
        for noun, labels in self._labels.items():
            shown = dict(enumerate(labels.tolist()))
            message = re.sub(rf"\b{noun} (\d+)\b", lambda m: f"{noun} {shown.get(int(m[1]), m[1])!r}", message)
        return message

    def folds(self, spec, generator=None):
        """The Folds of a spec."""
        try:
            with user_warnings(self._spell):
                return Folds.of_columns(spec, self.n_rows, self.values, generator)
        except DataError as error:
            spelled = type(error)(self._spell(str(error)))
            spelled.status, spelled.name = error.status, error.name
        raise spelled


def count_rows(**given):
    """The rows that all of the arrays have; None is not counted."""
    sizes = {name: n_rows(values) for name, values in given.items() if values is not None}
    (first, n), *others = sizes.items()
    for name, size in others:
        if size != n:
            raise ValueError(f"{first} has {n} rows and {name} {size}: inconsistent numbers of rows")
    return n


class Splitter:
    """split(X, y, groups) yields (train rows, test rows)."""

    _kind = None
    _target = None  # a name of TARGETS
    _grouped = False
    _draws = None  # the parameter that says how often is drawn
    _seeded = False  # whether random_state is a parameter

    def _params(self):
        """What the spec is made of, without the seed."""
        return {name: value for name, value in vars(self).items() if name != "random_state"}

    def _spec(self, **changed):
        return Spec(self._kind, **{**self._params(), **changed})

    def _columns(self, X, y, groups):
        if self._target and y is None:
            raise ValueError(f"The 'y' parameter should not be None: {type(self).__name__} needs y")
        if self._grouped and groups is None:
            raise ValueError(f"The 'groups' parameter should not be None: {type(self).__name__} needs groups")
        columns = Columns(count_rows(X=X, y=y, groups=groups if self._grouped else None))
        if self._target:
            columns.add("target", *TARGETS[self._target](y), "class")
        if self._grouped:
            columns.add("group", *labels_or_values(groups, "groups", fractions=True), "group")
        return columns

    def _is_random(self):
        return self._seeded

    def folds(self, X, y=None, groups=None):
        """All splits, as Folds."""
        columns = self._columns(X, y, groups)
        if not self._is_random():
            return columns.folds(self._spec())
        seed = seed_of(self.random_state)
        if seed is not None:
            return columns.folds(self._spec(seed=seed))
        with source_of(self.random_state).use() as generator:
            return columns.folds(self._spec(), generator)

    def split(self, X, y=None, groups=None):
        """Yield (train rows, test rows)."""
        columns = self._columns(X, y, groups)
        if not self._is_random():
            yield from self._made(columns, self._spec())
            return
        source = source_of(self.random_state)
        if self._draws is None:
            yield from self._made(columns, self._spec(), source)
            return
        n_left = getattr(self, self._draws)
        at_once = 1 if source.is_shared else max(1, _ROWS_AT_ONCE // max(1, columns.n_rows))
        self._spec()  # all parameters are checked before anything is drawn
        while n_left > 0:
            n = min(n_left, at_once)
            yield from self._made(columns, self._spec(**{self._draws: n}), source)
            n_left -= n

    @staticmethod
    def _made(columns, spec, source=None):
        if source is None:
            return columns.folds(spec)
        with source.use() as generator:
            return columns.folds(spec, generator)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits."""
        return self.n_splits

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in sorted(vars(self).items()))})"
