"""Splitters that scikit-learn does not have, made from the table of kinds: parameters and defaults are the library's.

They are used like scikit-learn's, also as its `cv=`. What only some of them look at is given by name, to split() or,
where split() is called by somebody else, to the constructor: times and time_ends (numbers, datetimes or texts of ISO
8601) and ids (numbers or texts, or several columns). Durations are texts such as "30d", timedeltas, or numbers in the
times' own unit. Where splits have a validation part, split() leaves it out and folds() has it.
"""

import datetime
import inspect
import sys

from ._arrays import is_frame
from ._estimators import _default, _describe
from ._handles import Dataset, Folds, Spec, Table
from ._library import kinds, user_warnings
from ._random import seed_of, source_of
from ._splitters import TARGETS, Columns, Splitter, count_rows, labels_or_values

_DATA = ("times", "time_ends", "ids")
_ROLES = {"times": "time", "time_ends": "time_end", "ids": "id", "groups": "group"}
_UNITS = {"D": "d", "h": "h", "m": "min", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}  # NumPy's and ours


def _as_times(values):
    """(whole ticks, or numbers as they are; what a tick is, or None)."""
    import numpy as np

    a = np.asarray(values)
    if getattr(values, "dtype", None) is not None and hasattr(values.dtype, "tz"):
        a = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if a.dtype.kind in "OUS":
        try:
            a = np.array([_utc(v) for v in a.ravel()], dtype="datetime64[us]")
        except (TypeError, ValueError) as error:
            raise ValueError(f"times must be numbers, datetimes or texts of ISO 8601: {error}") from None
    if a.dtype.kind != "M":
        return a, None
    if np.isnat(a).any():
        raise ValueError(f"the time of row {int(np.argmax(np.isnat(a)))} is missing")
    unit = np.datetime_data(a.dtype)
    if unit[0] not in _UNITS or unit[1] != 1:
        a, unit = a.astype("datetime64[us]"), ("us", 1)
    return a.astype(np.int64), _UNITS[unit[0]]


def _utc(value):
    if isinstance(value, str):
        value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return value


def _plain(value):
    """Timedeltas as "...us" and datetimes as ISO 8601; everything else as it is."""
    import numpy as np

    if isinstance(value, (np.timedelta64, datetime.timedelta)):
        return f"{int(np.timedelta64(value, 'us') / np.timedelta64(1, 'us'))}us"
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[us]"))
    if isinstance(value, (datetime.datetime, datetime.date)):
        return _utc(value).isoformat()
    if isinstance(value, (list, tuple)) and not isinstance(value, str):
        return [_plain(v) for v in value]
    return value


def _is_text(values):
    import numpy as np

    return values is not None and not is_frame(values) and np.asarray(values).dtype.kind in "OUS"


class NewSplitter(Splitter):
    """What these splitters share."""

    _defaults = {}
    _texts = ()
    _slots = ()
    _reads = ()  # of X, y, groups, times, time_ends, ids
    _data = ()  # of _DATA, as parameters
    _goes_on = False  # the generator that random_state is

    def __init__(self, *children, **params):
        named = {**dict(zip(self._slots, children)), **params}
        for name in named:
            if name not in (*self._defaults, *self._slots, *self._data):
                Spec(self._kind).check_name(name)
                raise TypeError(f"{type(self).__name__} has no parameter {name!r}")
        for slot in self._slots:
            if not isinstance(named.get(slot), Splitter):
                raise TypeError(f"{slot} must be a splitter of mlsd.model_selection, got {named.get(slot)!r}")
        for name in (*self._slots, *self._defaults, *self._data):
            setattr(self, name, named.get(name, self._defaults.get(name)))
        self._spec()

    def _params(self):
        params = {n: _plain(getattr(self, n)) for n in self._defaults if n != "random_state"}
        for name in self._texts:
            if isinstance(params[name], (int, float)) and not isinstance(params[name], bool):
                params[name] = repr(params[name])
        return params

    def _spec(self, **changed):
        spec = super()._spec(**changed)
        for slot in self._slots:
            spec.add(slot, _seeded_spec(getattr(self, slot)))
        return spec

    def _looks_at(self, name):
        """Whether y, groups, ids, ... matter with these parameters."""
        if any(_looks_at(getattr(self, slot), name) for slot in self._slots):
            return True
        if name not in self._reads:
            return False
        if name == "y":
            return getattr(self, "stratify", True)
        if name in ("groups", "ids") and hasattr(self, "by"):
            return (self.by == "group") == (name == "groups")
        return name != "groups" or getattr(self, "grouped", True)

    def _target_of(self):
        if self._slots:
            return next((t for t in (_target_of(getattr(self, slot)) for slot in self._slots) if t), None)
        return "numbers" if getattr(self, "strata_bins", None) is not None else self._target

    def _gather(self, X, y, groups, **data):
        """{name: values} of what is given and looked at, and the number of rows."""
        given = {"X": X, "y": y, "groups": groups, **{n: v if v is not None else getattr(self, n, None) for n, v in data.items()}}
        if all(v is None for v in given.values()):
            raise ValueError(f"{type(self).__name__} was given no rows: X, y, groups, times and ids are None")
        return {n: v for n, v in given.items() if v is not None and self._looks_at(n)}, count_rows(**given)

    def _changes(self, used):
        """Times as numbers, and the unit that the spec must be told."""
        units = set()
        for name in ("times", "time_ends"):
            if name in used:
                used[name], unit = _as_times(used[name])
                units.add(unit)
        if len(units) > 1:
            raise ValueError("times and time_ends must both be numbers, or both datetimes of one resolution")
        unit = units.pop() if units else None
        return {} if unit is None else {"time_unit": unit}

    def _split_by_columns(self, used, n, spec, generator):
        columns = Columns(n)
        for name, values in used.items():
            if name == "y":
                columns.add("target", *TARGETS[self._target_of()](values), "class")
            elif name == "groups":
                columns.add("group", *labels_or_values(values, "groups", fractions=True), "group")
            else:
                columns.add(_ROLES.get(name, "features"), values)
        return columns.folds(spec, generator)

    def _split_by_dataset(self, used, n, spec):
        """Texts are known by their letters and not by their number, and features may have names."""
        import numpy as np

        table = Table(used["X"] if is_frame(used.get("X")) else {})
        roles = {}

        def add(name, values, role):
            while name in table:
                name += "_"
            table._set(name, values)
            roles[name] = role

        if "X" not in used:
            add("row", np.zeros(n), "feature")
        elif not is_frame(used["X"]):
            X = np.asarray(used["X"])
            for j in range(X.shape[1] if X.ndim > 1 else 1):
                add(f"x{j}", X[:, j] if X.ndim > 1 else X, "feature")
        for name in ("groups", "times", "time_ends", "ids"):
            if name in used:
                columns = np.asarray(used[name])
                for values in columns.T if columns.ndim == 2 else [columns]:
                    add(name, values, _ROLES[name])
        task = "none"
        if "y" in used:
            numbers = self._target_of() == "numbers"
            add("y", np.asarray(used["y"]) if numbers else labels_or_values(used["y"], "y", True)[0], "target")
            task = "regression" if numbers else "auto"
        with user_warnings():
            return Folds(spec, Dataset.from_table(table, roles, task))

    def _folds_of(self, used, n, changes):
        by_dataset = is_frame(used.get("X")) or _is_text(used.get("ids"))
        by_dataset = by_dataset or hasattr(self, "by") and _is_text(used.get("groups"))
        if self._seeded and self._goes_on and not by_dataset and seed_of(self.random_state) is None:
            with source_of(self.random_state).use() as generator:
                return self._split_by_columns(used, n, self._spec(**changes), generator)
        if self._seeded:
            changes["seed"] = _some_seed(self.random_state)
        spec = self._spec(**changes)
        return self._split_by_dataset(used, n, spec) if by_dataset else self._split_by_columns(used, n, spec, None)

    def folds(self, X=None, y=None, groups=None, *, times=None, time_ends=None, ids=None):
        """All splits, as Folds: train, (validation) and test part of each."""
        used, n = self._gather(X, y, groups, times=times, time_ends=time_ends, ids=ids)
        return self._folds_of(used, n, self._changes(used))

    def split(self, X=None, y=None, groups=None, *, times=None, time_ends=None, ids=None):
        """Yield (train rows, test rows)."""
        folds = self.folds(X, y, groups, times=times, time_ends=time_ends, ids=ids)
        for k in range(folds.n_splits):
            yield folds.part(k, 0), folds.part(k, folds.n_parts - 1)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits; where it depends on the rows they must be given."""
        if any(v is not None for v in (X, y, groups, *(getattr(self, n) for n in self._data))):
            return self.folds(X, y, groups).n_splits
        if getattr(self, "n_splits", None) is None:
            raise ValueError(f"The 'X' parameter should not be None: {type(self).__name__} counts its splits by the rows")
        return self.n_splits

    def __repr__(self):
        shown = {n: getattr(self, n) for n in (*self._slots, *self._defaults) if n not in _DATA}
        changed = (f"{n}={v!r}" for n, v in shown.items() if n in self._slots or v != self._defaults.get(n))
        return f"{type(self).__name__}({', '.join(changed)})"


def _looks_at(splitter, name):
    if isinstance(splitter, NewSplitter):
        return splitter._looks_at(name)
    return name == "y" and splitter._target is not None or name == "groups" and splitter._grouped


def _target_of(splitter):
    return splitter._target_of() if isinstance(splitter, NewSplitter) else splitter._target


def _some_seed(random_state):
    """A number for what draws by its own seed only."""
    seed = seed_of(random_state)
    if seed is None:
        with source_of(random_state).use() as generator:
            seed = int(generator.integers(0, 2**32, 1)[0])
    return seed


def _seeded_spec(splitter):
    """A splitter's spec with a seed in it, for those that are made of splitters."""
    return splitter._spec(seed=_some_seed(splitter.random_state)) if splitter._is_random() else splitter._spec()


# Class name: kind, what it reads, what its target is, and how it draws: by a seed that is a parameter of its own
# (None), by a seed made from random_state ("seed"), or from the generator, which goes on ("generator").
_CLASSES = {
    "Holdout": ("holdout", ("y", "groups"), "strata", "generator"),
    "StratifiedGroupShuffleSplit": ("stratified_group_shuffle_split", ("y", "groups"), "strata", "generator"),
    "Bootstrap": ("bootstrap", ("y", "groups"), "strata", "generator"),
    "MultilabelStratifiedKFold": ("multilabel_stratified_kfold", ("y",), "labels", "generator"),
    "MultilabelStratifiedShuffleSplit": ("multilabel_stratified_shuffle_split", ("y",), "labels", "generator"),
    "RollingSplit": ("rolling_split", ("times", "time_ends"), None, None),
    "PanelSplit": ("panel_split", ("groups", "times", "time_ends"), None, None),
    "TimeWindowSplit": ("time_window_split", ("times", "time_ends"), None, None),
    "PurgedKFold": ("purged_kfold", ("times", "time_ends"), None, None),
    "CombinatorialPurgedSplit": ("combinatorial_purged_split", ("times", "time_ends"), None, None),
    "HashSplit": ("hash_split", ("ids", "groups"), None, None),
    "HashKFold": ("hash_kfold", ("ids", "groups"), None, None),
    "AnticlusteringKFold": ("anticlustering_kfold", ("X", "y"), "strata", "seed"),
    "NearDuplicateSplit": ("near_duplicate_split", ("X", "groups"), None, None),
    "NestedSplit": ("nested", (), None, None),
}


def _init_of(name, slots, defaults, data):
    """An __init__ of its own for each class, so that inspect and help show its parameters."""

    def __init__(self, *children, **params):
        NewSplitter.__init__(self, *children, **params)

    own = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    own += [inspect.Parameter(slot, inspect.Parameter.POSITIONAL_OR_KEYWORD) for slot in slots]
    own += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=v) for n, v in defaults.items()]
    own += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None) for n in data]
    __init__.__signature__ = inspect.Signature(own)
    __init__.__qualname__ = f"{name}.__init__"
    return __init__


def _make_class(module, name, kind, reads, target, draws):
    params = [p for p in kind["params"] if draws is None or p["name"] != "seed"]
    defaults = {p["name"]: _default(p) for p in params}
    if draws is not None:
        defaults["random_state"] = None
    slots = tuple(slot["name"] for slot in kind["slots"])
    data = tuple(n for n in _DATA if n in reads or slots)
    about = [_describe(p) for p in params]
    if draws is not None:
        about.append("random_state : int, RandomState or None, default=None\n    what is drawn from")
    about += [f"{n} : default None\n    for split(), where it is called without" for n in data]
    return type(name, (NewSplitter,), {
        "__doc__": f"{kind['doc']}.\n\nParameters\n----------\n" + "\n".join(about) + "\n",
        "__init__": _init_of(name, slots, defaults, data),
        "__module__": module,
        "_kind": kind["kind"],
        "_defaults": defaults,
        "_texts": tuple(p["name"] for p in params if p["type"] == "str"),
        "_slots": slots,
        "_reads": reads,
        "_target": target,
        "_seeded": draws is not None,
        "_goes_on": draws == "generator",
        "_data": data,
    })


def make_splitters(module):
    """Put the classes of those kinds that the library has into a module; returns their names."""
    table = {kind["kind"]: kind for kind in kinds("splitter")}
    made = [_make_class(module, n, table[c[0]], *c[1:]) for n, c in _CLASSES.items() if c[0] in table]
    vars(sys.modules[module]).update((cls.__name__, cls) for cls in made)
    return [cls.__name__ for cls in made]
