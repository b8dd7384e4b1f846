"""The handles of mlsd as Python objects: each ends with its last reference, in any order."""

import ctypes
import itertools

from ._arrays import Matrices, as_matrix, class_codes, column_values, doubles, int64s, is_frame, is_pandas
from ._arrow import export_stream, stream_pointer
from ._errors import InputError
from ._library import (
    Handle,
    call_back,
    call_long,
    context,
    encode,
    encode_path,
    lib,
    no_release,
    text_of,
    texts,
)
from ._quick import quick_prediction
from ._signatures import CHUNK_FN, MATRIX

TASKS = {"auto": 0, "regression": 1, "binary": 2, "multiclass": 3, "none": 4}
VALUE, PROBA, DECISION, FEATURES, TRAIN_FEATURES = 1, 2, 3, 4, 5
_F64, _I64 = 1, 2  # column types; the third is categories
_QUICK_ROWS = 1000  # that many predictions are over before a Ctrl-C could be felt


def _item(value):
    """NumPy's scalars as Python's."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value


def bytes_of(to_bytes, handle):
    """The state of a handle, by a function that tells the size where there is no room."""
    size = ctypes.c_size_t()
    to_bytes(handle, None, 0, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    to_bytes(handle, buffer, size.value, ctypes.byref(size))
    return buffer.raw


class Spec(Handle):
    """A kind, its parameters and its children. Parameters are checked when they are set."""

    _free = "mlsd_spec_free"

    _kinds = ()  # descriptions of the Python objects in it

    def __init__(self, kind, **params):
        self._become(lib.mlsd_spec_new, context(), encode(kind))
        for name, value in params.items():
            self.set(name, value)

    @classmethod
    def of(cls, estimator, transforms=False):
        """The Spec of an estimator: mlsd's, or any object with fit and predict, or with fit and transform."""
        if isinstance(estimator, Spec):
            return estimator
        if hasattr(estimator, "_mlsd_spec"):
            return estimator.spec()
        from . import _custom

        _custom.require(estimator)
        if transforms and not hasattr(estimator, "transform"):
            raise TypeError(f"a step before the last must have transform; got {estimator!r}")
        transforms = transforms or not hasattr(estimator, "predict")
        kind = _custom.kind_of(estimator, transforms)
        self = cls._made(lib.mlsd_spec_new_custom, kind._h)
        self._kinds = (kind,)
        return self

    @classmethod
    def from_json(cls, text, kinds=()):
        """The spec that a JSON text describes."""
        self = cls._made(lib.mlsd_spec_from_json, _context_of(kinds), encode(text))
        self._kinds = tuple(kinds)
        return self

    def clone(self):
        """A deep copy."""
        copy = Spec._made(lib.mlsd_spec_clone, self._h)
        copy._kinds = self._kinds
        return copy

    @classmethod
    def load(cls, path):
        """The spec in a JSON file."""
        return cls._made(lib.mlsd_spec_load, context(), encode_path(path))

    def __reduce__(self):
        if self._kinds:
            return _spec_again, (self.to_json(), _described(self._kinds))
        return Spec.from_json, (self.to_json(),)

    def __repr__(self):
        return f"Spec.from_json({self.to_json()!r})"

    @property
    def kind(self):
        """The kind's name."""
        return lib.mlsd_kind_name(lib.mlsd_spec_kind(self._h)).decode()

    def set(self, name, value):
        """Set a parameter to a number, truth, text, list or None."""
        key, value = encode(name), _item(value)
        if value is None:
            lib.mlsd_spec_set_text(self._h, key, b"null")
        elif isinstance(value, bool):
            lib.mlsd_spec_set_bool(self._h, key, value)
        elif isinstance(value, int):
            if not -(2**63) <= value < 2**63:
                raise ValueError(f"{name!r} does not fit into 64 bits, got {value}")
            lib.mlsd_spec_set_i64(self._h, key, value)
        elif isinstance(value, float):
            lib.mlsd_spec_set_f64(self._h, key, value)
        elif isinstance(value, str):
            lib.mlsd_spec_set_str(self._h, key, encode(value))
        else:
            self._set_list(key, [_item(v) for v in value])

    def _set_list(self, key, values):
        if not values:
            lib.mlsd_spec_set_text(self._h, key, b"")
        elif all(isinstance(v, str) for v in values):
            lib.mlsd_spec_set_str_list(self._h, key, texts(values), len(values))
        else:
            array = (ctypes.c_double * len(values))(*(float(v) for v in values))
            lib.mlsd_spec_set_f64_list(self._h, key, array, len(values))

    def check_name(self, name):
        """Raise ParameterError, with the nearest name, where there is no such parameter."""
        lib.mlsd_spec_is_null(self._h, encode(name), ctypes.byref(ctypes.c_int32()))

    def add(self, slot, child, name=None):
        """Copy a spec into a slot."""
        lib.mlsd_spec_add(self._h, encode(slot), None if name is None else encode(name), child._h)
        self._kinds = (*self._kinds, *child._kinds)

    def to_json(self, all=False):
        """The spec as JSON: what differs from the defaults, or all."""
        return text_of(lib.mlsd_spec_to_json, self._h, int(all))

    def save(self, path):
        """Write that JSON to a file."""
        lib.mlsd_spec_save(self._h, encode_path(path))


def _context_of(kinds):
    if not kinds:
        return context()
    from . import _custom

    return _custom.context_with(kinds)


def _described(kinds):
    return [kind.described() for kind in kinds]


def _kinds_again(described):
    from . import _custom

    return tuple(_custom.Kind(*arguments) for arguments in described)


def _spec_again(text, described):
    return Spec.from_json(text, _kinds_again(described))


class Table(Handle):
    """Named, typed columns, from a dict or pairs of (name, values), a frame, or anything that speaks Arrow.

    pandas 2.2, Polars, DuckDB and pyarrow take it through __arrow_c_stream__.
    """

    _free = "mlsd_table_free"

    def __init__(self, columns=()):
        if hasattr(columns, "__arrow_c_stream__") and not is_pandas(columns):
            self._import(columns)
            return
        self._become(lib.mlsd_table_new, context())
        if is_pandas(columns):
            items = ((columns.columns[i], columns.iloc[:, i]) for i in range(columns.shape[1]))
        else:
            items = columns.items() if hasattr(columns, "items") else columns
        seen = set()
        for name, values in items:
            if str(name) in seen:
                raise ValueError(f"two columns are called {str(name)!r}")
            seen.add(str(name))
            self._set(str(name), values)

    def _set(self, name, values):
        try:
            values = column_values(values)
        except ValueError as error:
            raise ValueError(f"column {name!r}: {error}") from None
        if isinstance(values, list):
            lib.mlsd_table_set_str(self._h, encode(name), texts(values), len(values))
        elif values.dtype.kind == "i":
            lib.mlsd_table_set_i64(self._h, encode(name), int64s(values), len(values))
        else:
            lib.mlsd_table_set_f64(self._h, encode(name), doubles(values), len(values))

    def _import(self, source):
        stream, capsule = stream_pointer(source)
        self._become(call_long, lib.mlsd_table_import_arrow_stream, stream)
        del capsule

    @classmethod
    def read_csv(cls, source, **options):
        """Read a CSV file, or an open one; options are the parameters of kind "csv"."""
        spec = Spec("csv", **options)
        if hasattr(source, "read"):
            text = source.read()
            text = text.encode() if isinstance(text, str) else text
            return cls._made(call_long, lib.mlsd_table_parse_csv, text, len(text), spec._h)
        return cls._made(call_long, lib.mlsd_table_read_csv, encode_path(source), spec._h)

    @classmethod
    def from_arrow(cls, source):
        """Import anything with __arrow_c_stream__ (pandas 2.2, Polars, DuckDB, pyarrow)."""
        self = cls.__new__(cls)
        self._import(source)
        return self

    def __reduce__(self):
        return Table, (list(self.items()),)

    @property
    def n_rows(self):
        return lib.mlsd_table_n_rows(self._h)

    @property
    def columns(self):
        """The columns' names."""
        return [lib.mlsd_table_name(self._h, i).decode() for i in range(lib.mlsd_table_n_columns(self._h))]

    def __len__(self):
        return self.n_rows

    def __repr__(self):
        return f"<mlsd.Table of {self.n_rows} rows: {', '.join(self.columns)}>"

    def __iter__(self):
        return iter(self.columns)

    def keys(self):
        """The columns' names."""
        return self.columns

    def __contains__(self, name):
        return name in self.columns

    def __getitem__(self, name):
        """A column as an array: float64, int64, or object for texts (None where missing)."""
        import numpy as np

        position = ctypes.c_int64()
        lib.mlsd_table_find(self._h, encode(name), ctypes.byref(position))
        i, n = position.value, self.n_rows
        kind = lib.mlsd_table_type(self._h, i)
        out = np.empty(n, dtype=np.float64 if kind == _F64 else np.int64)
        if kind == _F64:
            lib.mlsd_table_get_f64(self._h, i, 0, n, doubles(out))
            return out
        lib.mlsd_table_get_i64(self._h, i, 0, n, int64s(out))
        if kind == _I64:
            return out
        n_levels = lib.mlsd_table_level_count(self._h, i)
        levels = [lib.mlsd_table_level_at(self._h, i, c).decode() for c in range(n_levels)]
        return np.array(levels + [None], dtype=object)[out]

    def items(self):
        """(name, array) of each column."""
        return ((name, self[name]) for name in self.columns)

    def values(self):
        """The columns as arrays."""
        return (self[name] for name in self.columns)

    def to_dict(self):
        """{column: array}; pandas.DataFrame(table.to_dict()) makes a frame."""
        return dict(self.items())

    def describe(self):
        """A table with a row about each column."""
        return Table._made(call_long, lib.mlsd_table_describe, self._h)

    def write_csv(self, path):
        """Write a CSV file that reads back to the same values."""
        lib.mlsd_table_write_csv(self._h, encode_path(path))

    def __arrow_c_stream__(self, requested_schema=None):
        """A capsule with one record batch, by the Arrow PyCapsule interface."""
        return export_stream(self._h)



def group_table(groups):
    """Columns of groups as a Table: a frame, a dict or a Table as it is, a Series, or an array (one column, or several)."""
    if isinstance(groups, Table):
        return groups
    if is_pandas(groups) and not hasattr(groups, "columns"):
        return Table({"group" if groups.name is None else str(groups.name): groups})
    if is_frame(groups):
        return Table(groups)
    import numpy as np

    columns = np.asarray(groups)
    if columns.ndim not in (1, 2):
        raise InputError(
            f"groups must be a frame, a dict of columns, or an array with one group a row, got {type(groups).__name__}"
        )
    if columns.ndim == 1:
        return Table({"group": columns.tolist() if columns.dtype.kind == "O" else columns})
    return Table({f"group{j}": columns[:, j] for j in range(columns.shape[1])})


class Dataset(Handle):
    """Rows with features and a target. X is not copied where it is an array: it is kept, and must not change."""

    _free = "mlsd_dataset_free"
    _n_targets = 1

    def __init__(self, X, y=None, sample_weight=None, task="auto"):
        kept = Matrices(X=X, y=y, sample_weight=sample_weight)
        code = _task("none" if y is None else task)
        self._become(lib.mlsd_dataset_adopt, context(), *kept.pointers, code, no_release, None)
        self._kept = kept
        self._n_targets = kept.columns_of("y")

    @classmethod
    def from_table(cls, table, roles=None, task="auto"):
        """roles: {column: "target" | "weight" | "group" | "time" | "id" | "slice" | "ignore"}; others are features."""
        roles = roles or {}
        code = _task(task if "target" in roles.values() else "none")
        names = texts(list(roles)), texts(list(roles.values()))
        return cls._made(lib.mlsd_dataset_from_table, context(), table._h, *names, len(roles), code)

    @property
    def n_rows(self):
        return lib.mlsd_dataset_n_rows(self._h)

    @property
    def n_features(self):
        return lib.mlsd_dataset_n_features(self._h)

    @property
    def n_classes(self):
        """0 where there are no classes."""
        return lib.mlsd_dataset_n_classes(self._h)

    @property
    def n_looks(self):
        """How often its rows were scored as a test set, through this or another view of them: see evaluate()."""
        return lib.mlsd_dataset_n_looks(self._h)

    @property
    def task(self):
        """"regression", "binary", "multiclass" or "none"."""
        return {code: name for name, code in TASKS.items()}[lib.mlsd_dataset_task(self._h)]

    @property
    def feature_names(self):
        return [lib.mlsd_dataset_feature_name(self._h, i).decode() for i in range(self.n_features)]

    @property
    def class_names(self):
        return [lib.mlsd_dataset_class_name(self._h, i).decode() for i in range(self.n_classes)]

    def target(self):
        """The target: numbers (n, or n x targets where there are several), or class numbers."""
        import numpy as np

        out = np.empty((self.n_rows, self._n_targets) if self._n_targets > 1 else self.n_rows)
        lib.mlsd_dataset_target(self._h, doubles(out), out.size)
        return out

    def rows(self, rows):
        """A view of some rows, in the order given."""
        import numpy as np

        rows = np.ascontiguousarray(rows, dtype=np.int64)
        view = Dataset._made(lib.mlsd_dataset_rows, self._h, int64s(rows), len(rows))
        view._kept = self
        view._n_targets = self._n_targets
        return view


def _task(name):
    if name not in TASKS:
        raise ValueError(f"{name!r} is no task; there are {', '.join(TASKS)}")
    return TASKS[name]


class Folds(Handle):
    """Which rows are trained on and which are tested on: n rows, or those of a Dataset."""

    _free = "mlsd_folds_free"

    def __init__(self, spec, n, y=None, groups=None):
        if isinstance(n, Dataset):
            self._become(call_long, lib.mlsd_folds_split_dataset, spec._h, n._h)
            return
        is_number = getattr(groups, "dtype", None) is not None and getattr(groups.dtype, "kind", "O") in "iufb"
        kept = Matrices(
            y=None if y is None else class_codes(y, fractions=True)[1],
            groups=groups if groups is None or is_number else class_codes(groups, "groups")[1],
        )
        self._become(call_long, lib.mlsd_folds_split, spec._h, n, *kept.pointers)

    @classmethod
    def of_columns(cls, spec, n, columns, generator=None):
        """Split n rows by {role: numbers}; a Generator is drawn from instead of the spec's seed, and goes on."""
        kept = [as_matrix(values, role) for role, values in columns.items()]
        matrices = (MATRIX * max(1, len(kept)))(*(ctypes.pointer(matrix) for matrix, _ in kept))
        arguments = (texts(list(columns)), matrices, len(kept), generator._h if generator else None)
        return cls._made(call_long, lib.mlsd_folds_split_columns, spec._h, n, *arguments)

    @classmethod
    def from_rows(cls, n, n_parts, parts):
        """Folds of n rows from lists of rows: the parts of the first split, those of the second, and so on."""
        import numpy as np

        offsets = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(rows) for rows in parts], out=offsets[1:])
        rows = np.concatenate([np.ascontiguousarray(rows, dtype=np.int64) for rows in parts]) if parts else offsets[:0]
        return cls._made(
            lib.mlsd_folds_from_rows, context(), n, len(parts) // n_parts, n_parts, int64s(offsets), int64s(rows)
        )

    @property
    def n_splits(self):
        return lib.mlsd_folds_n_splits(self._h)

    @property
    def n_parts(self):
        return lib.mlsd_folds_n_parts(self._h)

    def part(self, split, part):
        """The rows of a part; part 0 is training and the last is test."""
        import numpy as np

        out = np.empty(max(0, lib.mlsd_folds_part_size(self._h, split, part)), dtype=np.int64)
        lib.mlsd_folds_part(self._h, split, part, int64s(out), len(out))
        return out

    def __len__(self):
        return self.n_splits

    def __iter__(self):
        for k in range(self.n_splits):
            yield tuple(self.part(k, p) for p in range(self.n_parts))


# Kinds whose fit is a product of matrices and little more.
_DIRECT_KINDS = frozenset((
    "dummy_classifier", "dummy_regressor", "gaussian_nb", "linear_discriminant_analysis", "linear_regression",
    "nearest_centroid", "ridge",
))
_DIRECT_NUMBERS = 1 << 21  # so many numbers are over before a Ctrl-C could be felt


def is_over_at_once(spec, n_numbers):
    """Whether fits of so many numbers in all need nobody to listen for interrupts meanwhile."""
    return n_numbers <= _DIRECT_NUMBERS and not spec._kinds and spec.kind in _DIRECT_KINDS


class Model(Handle):
    """A fitted spec. Never changes; any number of threads may predict with it."""

    _free = "mlsd_model_free"
    _kinds = ()
    _facts = None  # of quick_prediction, once it was asked for: the handle, and the columns of each output

    def __init__(self, spec, train, valid=None, curve=None):
        spec = Spec.of(spec)
        handles = (spec._h, train._h, valid._h if valid else None, curve._h if curve else None)
        if curve is None and is_over_at_once(spec, train.n_rows * train.n_features):
            self._become(lib.mlsd_model_fit, context(), *handles)
        else:
            self._become(call_long, lib.mlsd_model_fit, *handles)
        self._kinds = spec._kinds

    def fit_more(self, train, spec=None, valid=None, curve=None):
        """A model trained further from where this one is, on the rows of a Dataset; spec may change how, not what."""
        spec = Spec.of(spec) if spec is not None else None
        handles = (h._h if h is not None else None for h in (self, spec, train, valid, curve))
        return type(self)._made(call_long, lib.mlsd_model_fit_more, *handles)

    @classmethod
    def from_chunks(cls, spec, chunks):
        """A spec fitted to the rows of all Datasets of an iterable, of which one at a time need be in memory.

        For kinds that know their rows by sums: ridge, linear_regression, lasso, elastic_net, gaussian_nb,
        linear_discriminant_analysis, quadratic_discriminant_analysis, standardize, and pipelines of them. What the
        iterable raises is raised.
        """
        spec, chunks, kept = Spec.of(spec), iter(chunks), []

        def take(out):
            kept[:] = []
            kept.extend(itertools.islice(chunks, 1))
            if kept:
                out[0] = kept[0]._h

        next_chunk = CHUNK_FN(lambda _user, out: call_back(lambda: take(out)))
        return cls._made(call_long, lib.mlsd_model_fit_chunks, spec._h, next_chunk, None)

    @classmethod
    def load(cls, path, like=None):
        """The model in a file. With Python objects in it, like is the estimator or Spec that it was fitted with.

        Those objects are read by pickle: load only files that you trust.
        """
        kinds = Spec.of(like)._kinds if like is not None else ()
        return cls._with(kinds, lib.mlsd_model_load, encode_path(path))

    @classmethod
    def from_bytes(cls, data, like=None):
        """The model that to_bytes gave; like as in load."""
        kinds = Spec.of(like)._kinds if like is not None else ()
        return cls._with(kinds, lib.mlsd_model_from_bytes, data, len(data))

    @classmethod
    def _with(cls, kinds, function, *arguments):
        self = cls._made(function, _context_of(kinds), *arguments)
        self._kinds = tuple(kinds)
        return self

    def __reduce__(self):
        if self._kinds:
            return _model_again, (self.to_bytes(), _described(self._kinds))
        return Model.from_bytes, (self.to_bytes(),)

    def save(self, path):
        """Write a model file; never half a file."""
        lib.mlsd_model_save(self._h, encode_path(path))

    def to_bytes(self):
        """The model file's bytes."""
        return model_bytes(self._h)

    def predict(self, data, what=VALUE):
        """Predict a Dataset or an array: (n,) for VALUE of one target, (n, outputs) otherwise."""
        out = quick_prediction(self, data, what)
        if out is not None:
            return out
        import numpy as np

        if isinstance(data, Dataset):
            function, argument, n = lib.mlsd_model_predict, data._h, data.n_rows
        else:
            matrix, data = as_matrix(data)
            function, argument, n = lib.mlsd_model_predict_matrix, ctypes.byref(matrix), matrix.rows
        out = np.empty((n, self.n_outputs(what)))
        arguments = (self._h, argument, what, doubles(out), out.size)
        if n <= _QUICK_ROWS:
            function(context(), *arguments)
        else:
            call_long(function, *arguments)
        return out[:, 0] if what == VALUE and out.shape[1] == 1 else out

    def neighbors(self, data, n_neighbors):
        """(distances, numbers) of the training rows nearest to each row of a Dataset or an array, nearest first."""
        import numpy as np

        data = data if isinstance(data, Dataset) else Dataset(data)
        shape = (data.n_rows, max(0, n_neighbors))
        index, distance = np.empty(shape, dtype=np.int64), np.empty(shape)
        call_long(
            lib.mlsd_model_neighbors, self._h, data._h, n_neighbors, int64s(index), doubles(distance), index.size
        )
        return distance, index

    def n_outputs(self, what):
        """Columns of an output; 0 where the model does not have it."""
        return lib.mlsd_model_n_outputs(self._h, what)

    @property
    def n_features(self):
        return lib.mlsd_model_n_features(self._h)

    @property
    def feature_names(self):
        return [lib.mlsd_model_feature_name(self._h, i).decode() for i in range(self.n_features)]

    @property
    def output_names(self):
        """Names of the columns that a transform makes."""
        return [lib.mlsd_model_output_name(self._h, i).decode() for i in range(self.n_outputs(FEATURES))]

    @property
    def class_names(self):
        n = lib.mlsd_model_n_classes(self._h)
        return [lib.mlsd_model_class_name(self._h, i).decode() for i in range(n)]

    def spec_json(self):
        """What it was fitted with, as JSON."""
        return text_of(lib.mlsd_spec_to_json, lib.mlsd_model_spec(self._h), 0)

    def get(self, name):
        """A fitted number or array by name: a 2-D array."""
        import numpy as np

        rows, cols = ctypes.c_int64(), ctypes.c_int64()
        sizes = (ctypes.byref(rows), ctypes.byref(cols))
        lib.mlsd_model_get_array(self._h, encode(name), None, 0, *sizes)
        out = np.empty((rows.value, cols.value))
        lib.mlsd_model_get_array(self._h, encode(name), doubles(out), out.size, *sizes)
        return out


def _model_again(data, described):
    return Model._with(_kinds_again(described), lib.mlsd_model_from_bytes, data, len(data))


def model_bytes(pointer):
    size = ctypes.c_size_t()
    lib.mlsd_model_to_bytes(pointer, None, 0, ctypes.byref(size))
    buffer = ctypes.create_string_buffer(size.value)
    lib.mlsd_model_to_bytes(pointer, buffer, size.value, ctypes.byref(size))
    return buffer.raw
