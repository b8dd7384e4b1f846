"""The handles of mlsd as Python objects: each ends with its last reference, in any order."""

import ctypes
import json
import math

from ._library import context, encode, interruptible, lib, no_release, text_of, texts
from ._signatures import Matrix

_DTYPES = {"float32": 1, "float64": 2, "int32": 3, "int64": 4}
TASKS = {"auto": 0, "regression": 1, "binary": 2, "multiclass": 3, "none": 4}
VALUE, PROBA, DECISION, FEATURES = 1, 2, 3, 4


def as_matrix(array):
    """(Matrix, array that must be kept): no copy for aligned float32, float64, int32 and int64 of any strides."""
    import numpy as np

    a = np.asarray(array)
    if a.ndim == 1:
        a = a.reshape(-1, 1)
    if a.ndim != 2:
        raise ValueError(f"expected a 1-D or 2-D array, got {a.ndim}-D")
    ok = a.dtype.name in _DTYPES and a.dtype.isnative and a.flags.aligned
    if not ok or any(s % a.itemsize for s in a.strides):
        a = np.array(a, dtype=np.float64, order="C")
    row, col = (s // a.itemsize for s in a.strides)
    return Matrix(a.ctypes.data, a.shape[0], a.shape[1], row, col, _DTYPES[a.dtype.name], 0), a


def _doubles(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_double))


def _int64s(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_int64))


class Handle:
    """Owns one C object."""

    _free = None
    _h = None  # so that a constructor that fails can be collected

    def __del__(self, _lib=lib):
        if self._h:
            getattr(_lib, self._free)(self._h)
            self._h = None

    @classmethod
    def _own(cls, pointer):
        self = cls.__new__(cls)
        self._h = pointer
        return self


class Spec(Handle):
    """A kind, its parameters and its children. Parameters are checked when they are set."""

    _free = "mlsd_spec_free"

    def __init__(self, kind, **params):
        out = ctypes.c_void_p()
        lib.mlsd_spec_new(context(), encode(kind), ctypes.byref(out))
        self._h = out
        for name, value in params.items():
            self.set(name, value)

    @classmethod
    def from_json(cls, text):
        out = ctypes.c_void_p()
        lib.mlsd_spec_from_json(context(), encode(text), ctypes.byref(out))
        return cls._own(out)

    @classmethod
    def load(cls, path):
        out = ctypes.c_void_p()
        lib.mlsd_spec_load(context(), encode(str(path)), ctypes.byref(out))
        return cls._own(out)

    def set(self, name, value):
        key = encode(name)
        if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
            value = value.item()
        if value is None:
            lib.mlsd_spec_set_text(self._h, key, b"null")
        elif isinstance(value, bool):
            lib.mlsd_spec_set_bool(self._h, key, value)
        elif isinstance(value, int):
            lib.mlsd_spec_set_i64(self._h, key, value)
        elif isinstance(value, float):
            lib.mlsd_spec_set_f64(self._h, key, value)
        elif isinstance(value, str):
            lib.mlsd_spec_set_str(self._h, key, encode(value))
        else:
            self._set_list(key, list(value))

    def _set_list(self, key, values):
        if values and all(isinstance(v, str) for v in values):
            lib.mlsd_spec_set_str_list(self._h, key, texts(values), len(values))
        else:
            array = (ctypes.c_double * max(1, len(values)))(*(float(v) for v in values))
            lib.mlsd_spec_set_f64_list(self._h, key, array, len(values))

    def add(self, slot, child, name=None):
        lib.mlsd_spec_add(self._h, encode(slot), None if name is None else encode(name), child._h)

    def to_json(self, all=False):
        return text_of(lib.mlsd_spec_to_json, self._h, int(all))

    def save(self, path):
        lib.mlsd_spec_save(self._h, encode(str(path)))


class Table(Handle):
    """Named, typed columns. pandas, Polars and DuckDB take it through __arrow_c_stream__ without a copy."""

    _free = "mlsd_table_free"

    def __init__(self, columns=()):
        out = ctypes.c_void_p()
        lib.mlsd_table_new(context(), ctypes.byref(out))
        self._h = out
        items = columns.items() if hasattr(columns, "items") else columns
        for name, values in items:
            self._set(str(name), values)

    def _set(self, name, values):
        import numpy as np

        a = np.asarray(values)
        if a.dtype.kind in "iu" and a.dtype.itemsize <= 8 and a.dtype.name != "uint64":
            a = np.ascontiguousarray(a, dtype=np.int64)
            lib.mlsd_table_set_i64(self._h, encode(name), _int64s(a), len(a))
        elif a.dtype.kind in "fu":
            a = np.ascontiguousarray(a, dtype=np.float64)
            lib.mlsd_table_set_f64(self._h, encode(name), _doubles(a), len(a))
        else:
            lib.mlsd_table_set_str(self._h, encode(name), texts([_text_or_none(v) for v in a]), len(a))

    @classmethod
    def read_csv(cls, path, **options):
        """Read a CSV file; options are the parameters of kind "csv"."""
        out = ctypes.c_void_p()
        spec = Spec("csv", **options)
        with interruptible() as ctx:
            lib.mlsd_table_read_csv(ctx, encode(str(path)), spec._h, ctypes.byref(out))
        return cls._own(out)

    @classmethod
    def from_arrow(cls, source):
        """Import anything with __arrow_c_stream__ (pandas 2.2, Polars, DuckDB, pyarrow)."""
        capsule = source.__arrow_c_stream__()
        get = ctypes.pythonapi.PyCapsule_GetPointer
        get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        out = ctypes.c_void_p()
        lib.mlsd_table_import_arrow_stream(context(), get(capsule, b"arrow_array_stream"), ctypes.byref(out))
        return cls._own(out)

    @property
    def n_rows(self):
        return lib.mlsd_table_n_rows(self._h)

    @property
    def columns(self):
        return [lib.mlsd_table_name(self._h, i).decode() for i in range(lib.mlsd_table_n_columns(self._h))]

    def __len__(self):
        return self.n_rows

    def __getitem__(self, name):
        """A column as an array: float64, int64, or object for texts (None where missing)."""
        import numpy as np

        position = ctypes.c_int64()
        lib.mlsd_table_find(self._h, encode(name), ctypes.byref(position))
        i, n = position.value, self.n_rows
        kind = lib.mlsd_table_type(self._h, i)
        out = np.empty(n, dtype=np.float64 if kind == 1 else np.int64)
        if kind == 1:
            lib.mlsd_table_get_f64(self._h, i, 0, n, _doubles(out))
            return out
        lib.mlsd_table_get_i64(self._h, i, 0, n, _int64s(out))
        if kind == 2:
            return out
        levels = [lib.mlsd_table_level_at(self._h, i, c).decode() for c in range(lib.mlsd_table_level_count(self._h, i))]
        return np.array(levels + [None], dtype=object)[out]

    def to_dict(self):
        """{column: array}; pandas.DataFrame(table.to_dict()) makes a frame."""
        return {name: self[name] for name in self.columns}

    def describe(self):
        out = ctypes.c_void_p()
        lib.mlsd_table_describe(context(), self._h, ctypes.byref(out))
        return Table._own(out)

    def write_csv(self, path):
        lib.mlsd_table_write_csv(self._h, encode(str(path)))

    def __arrow_c_stream__(self, requested_schema=None):
        """A capsule with one record batch, by the Arrow PyCapsule interface."""
        stream = (ctypes.c_void_p * 5)()  # get_schema, get_next, get_last_error, release, private_data
        lib.mlsd_table_export_arrow_stream(self._h, ctypes.addressof(stream))
        new = ctypes.pythonapi.PyCapsule_New
        new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, _CAPSULE_END]
        _streams[ctypes.addressof(stream)] = stream
        return new(ctypes.addressof(stream), b"arrow_array_stream", _end_capsule)


_CAPSULE_END = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_STREAM_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_streams = {}  # exported and not yet collected, by address


@_CAPSULE_END
def _end_capsule(capsule):
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))
    stream = _streams.pop(get(capsule, b"arrow_array_stream"))
    if stream[3]:  # nobody took it
        _STREAM_RELEASE(stream[3])(ctypes.addressof(stream))


def _text_or_none(value):
    if value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ in ("NAType", "NaTType"):
        return None
    return str(value)


class Dataset(Handle):
    """Rows with features and a target. Arrays are not copied: they are kept, and must not change."""

    _free = "mlsd_dataset_free"

    def __init__(self, X, y=None, sample_weight=None, task="auto"):
        out = ctypes.c_void_p()
        matrices = [None if a is None else as_matrix(a) for a in (X, y, sample_weight)]
        pointers = [None if m is None else ctypes.byref(m[0]) for m in matrices]
        code = TASKS["none" if y is None else task]
        lib.mlsd_dataset_adopt(context(), *pointers, code, no_release, None, ctypes.byref(out))
        self._h = out
        self._kept = matrices

    @classmethod
    def from_table(cls, table, roles=None, task="auto"):
        """roles: {column: "target" | "weight" | "group" | "time" | "id" | "slice" | "ignore"}; others are features."""
        roles = roles or {}
        out = ctypes.c_void_p()
        code = TASKS[task if "target" in roles.values() else "none"]
        lib.mlsd_dataset_from_table(
            context(), table._h, texts(list(roles)), texts(list(roles.values())), len(roles), code, ctypes.byref(out)
        )
        return cls._own(out)

    @property
    def n_rows(self):
        return lib.mlsd_dataset_n_rows(self._h)

    @property
    def feature_names(self):
        return [lib.mlsd_dataset_feature_name(self._h, i).decode() for i in range(lib.mlsd_dataset_n_features(self._h))]

    @property
    def class_names(self):
        return [lib.mlsd_dataset_class_name(self._h, i).decode() for i in range(lib.mlsd_dataset_n_classes(self._h))]

    def target(self):
        import numpy as np

        out = np.empty(self.n_rows)
        lib.mlsd_dataset_target(self._h, _doubles(out), len(out))
        return out

    def rows(self, rows):
        import numpy as np

        rows = np.ascontiguousarray(rows, dtype=np.int64)
        out = ctypes.c_void_p()
        lib.mlsd_dataset_rows(self._h, _int64s(rows), len(rows), ctypes.byref(out))
        view = Dataset._own(out)
        view._kept = self
        return view


class Folds(Handle):
    """Which rows are trained on and which are tested on."""

    _free = "mlsd_folds_free"

    def __init__(self, spec, n, y=None):
        out = ctypes.c_void_p()
        matrix = None if y is None else as_matrix(y)
        pointer = None if matrix is None else ctypes.byref(matrix[0])
        lib.mlsd_folds_split(context(), spec._h, n, pointer, ctypes.byref(out))
        self._h = out

    @property
    def n_splits(self):
        return lib.mlsd_folds_n_splits(self._h)

    @property
    def n_parts(self):
        return lib.mlsd_folds_n_parts(self._h)

    def part(self, split, part):
        import numpy as np

        out = np.empty(max(0, lib.mlsd_folds_part_size(self._h, split, part)), dtype=np.int64)
        lib.mlsd_folds_part(self._h, split, part, _int64s(out), len(out))
        return out

    def __iter__(self):
        for k in range(self.n_splits):
            yield tuple(self.part(k, p) for p in range(self.n_parts))


class Curve(Handle):
    """Loss curves by epoch, watched by an "early_stopping" spec."""

    _free = "mlsd_curve_free"

    def __init__(self, early_stopping=None):
        out = ctypes.c_void_p()
        lib.mlsd_curve_new(context(), None if early_stopping is None else early_stopping._h, ctypes.byref(out))
        self._h = out

    def add(self, series, step, value):
        lib.mlsd_curve_add(self._h, encode(series), step, value)

    @property
    def should_stop(self):
        return bool(lib.mlsd_curve_should_stop(self._h))

    @property
    def stop_reason(self):
        return lib.mlsd_stop_reason_name(lib.mlsd_curve_stop_reason(self._h)).decode()

    @property
    def best_step(self):
        return lib.mlsd_curve_best_step(self._h)

    @property
    def best_value(self):
        return lib.mlsd_curve_best_value(self._h)

    def series(self):
        """{name: [(step, value), ...]}"""
        step, value, out = ctypes.c_int64(), ctypes.c_double(), {}
        for s in range(lib.mlsd_curve_series_count(self._h)):
            points = out.setdefault(lib.mlsd_curve_series_name(self._h, s).decode(), [])
            for i in range(lib.mlsd_curve_point_count(self._h, s)):
                lib.mlsd_curve_point(self._h, s, i, ctypes.byref(step), ctypes.byref(value))
                points.append((step.value, value.value))
        return out

    def to_table(self):
        out = ctypes.c_void_p()
        lib.mlsd_curve_to_table(context(), self._h, ctypes.byref(out))
        return Table._own(out)


class Model(Handle):
    """A fitted spec. Never changes; any number of threads may predict with it."""

    _free = "mlsd_model_free"

    def __init__(self, spec, train, valid=None, curve=None):
        out = ctypes.c_void_p()
        pointers = (spec._h, train._h, valid._h if valid else None, curve._h if curve else None)
        with interruptible() as ctx:
            lib.mlsd_model_fit(ctx, *pointers, ctypes.byref(out))
        self._h = out

    @classmethod
    def load(cls, path):
        out = ctypes.c_void_p()
        lib.mlsd_model_load(context(), encode(str(path)), ctypes.byref(out))
        return cls._own(out)

    @classmethod
    def from_bytes(cls, data):
        out = ctypes.c_void_p()
        lib.mlsd_model_from_bytes(context(), data, len(data), ctypes.byref(out))
        return cls._own(out)

    def save(self, path):
        lib.mlsd_model_save(self._h, encode(str(path)))

    def to_bytes(self):
        size = ctypes.c_size_t()
        lib.mlsd_model_to_bytes(self._h, None, 0, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        lib.mlsd_model_to_bytes(self._h, buffer, size.value, ctypes.byref(size))
        return buffer.raw

    def predict(self, data, what=VALUE):
        """Predict a Dataset or an array: (n,) for VALUE, (n, outputs) otherwise."""
        import numpy as np

        n_outputs = lib.mlsd_model_n_outputs(self._h, what)
        if isinstance(data, Dataset):
            out = np.empty((data.n_rows, n_outputs))
            lib.mlsd_model_predict(context(), self._h, data._h, what, _doubles(out), out.size)
        else:
            matrix, kept = as_matrix(data)
            out = np.empty((matrix.rows, n_outputs))
            lib.mlsd_model_predict_matrix(context(), self._h, ctypes.byref(matrix), what, _doubles(out), out.size)
            del kept
        return out[:, 0] if what == VALUE else out

    def n_outputs(self, what):
        return lib.mlsd_model_n_outputs(self._h, what)

    @property
    def n_features(self):
        return lib.mlsd_model_n_features(self._h)

    @property
    def feature_names(self):
        return [lib.mlsd_model_feature_name(self._h, i).decode() for i in range(self.n_features)]

    @property
    def class_names(self):
        return [lib.mlsd_model_class_name(self._h, i).decode() for i in range(lib.mlsd_model_n_classes(self._h))]

    @property
    def output_names(self):
        return [lib.mlsd_model_output_name(self._h, i).decode() for i in range(self.n_outputs(FEATURES))]

    @property
    def spec_json(self):
        return text_of(lib.mlsd_spec_to_json, lib.mlsd_model_spec(self._h), 0)

    def get(self, name):
        """A fitted number or array by name: a 2-D array."""
        import numpy as np

        rows, cols = ctypes.c_int64(), ctypes.c_int64()
        arguments = (ctypes.byref(rows), ctypes.byref(cols))
        lib.mlsd_model_get_array(self._h, encode(name), None, 0, *arguments)
        out = np.empty((rows.value, cols.value))
        lib.mlsd_model_get_array(self._h, encode(name), _doubles(out), out.size, *arguments)
        return out


class Result(Handle):
    """Numbers, texts, tables and models by name, and a verdict."""

    _free = "mlsd_result_free"

    def number(self, name):
        out = ctypes.c_double()
        lib.mlsd_result_get_f64(self._h, encode(name), ctypes.byref(out))
        return out.value

    def text(self, name):
        out = ctypes.c_char_p()
        lib.mlsd_result_get_str(self._h, encode(name), ctypes.byref(out))
        return out.value.decode()

    def table(self, name):
        """A dict of arrays: tables inside a result are copied out."""
        pointer = lib.mlsd_result_get_table(self._h, encode(name))
        if not pointer:
            raise KeyError(lib.mlsd_last_error().decode())
        borrowed = Table._own(pointer)
        try:
            return borrowed.to_dict()
        finally:
            borrowed._h = None

    def model(self, name):
        pointer = lib.mlsd_result_get_model(self._h, encode(name))
        if not pointer:
            raise KeyError(lib.mlsd_last_error().decode())
        borrowed = Model._own(pointer)
        try:
            return Model.from_bytes(borrowed.to_bytes())
        finally:
            borrowed._h = None

    @property
    def names(self):
        return [lib.mlsd_result_name(self._h, i).decode() for i in range(lib.mlsd_result_count(self._h))]

    @property
    def verdict(self):
        return lib.mlsd_result_verdict(self._h).decode()

    def to_json(self):
        return text_of(lib.mlsd_result_to_json, self._h)

    def to_dict(self):
        return json.loads(self.to_json())

    def save(self, path):
        lib.mlsd_result_save(self._h, encode(str(path)))

    def save_report(self, path, title=None):
        """Write the HTML report of an experiment's result."""
        lib.mlsd_report_save(context(), self._h, None if title is None else encode(title), encode(str(path)))


def cross_validate_result(spec, dataset, folds, metrics):
    out = ctypes.c_void_p()
    with interruptible() as ctx:
        lib.mlsd_cross_validate(ctx, spec._h, dataset._h, folds._h, texts(metrics), len(metrics), ctypes.byref(out))
    return Result._own(out)


def leaderboard(specs, dataset, folds, metric):
    """Cross-validate {name: Spec}, given from simple to strong, on the same folds."""
    pointers = (ctypes.c_void_p * len(specs))(*(s._h for s in specs.values()))
    out = ctypes.c_void_p()
    with interruptible() as ctx:
        lib.mlsd_leaderboard(
            ctx, pointers, texts(list(specs)), len(specs), dataset._h, folds._h, encode(metric), ctypes.byref(out)
        )
    return Result._own(out)


def score(metric, y, prediction, sample_weight=None, level=0.95):
    """(value, low, high) of a metric; y holds numbers or class numbers."""
    kept = [None if a is None else as_matrix(a) for a in (y, prediction, sample_weight)]
    pointers = [None if m is None else ctypes.byref(m[0]) for m in kept]
    value, low, high = ctypes.c_double(), ctypes.c_double(), ctypes.c_double()
    lib.mlsd_metric_score(
        context(), encode(metric), *pointers, level, ctypes.byref(value), ctypes.byref(low), ctypes.byref(high)
    )
    return value.value, low.value, high.value


def slice_score(groups, by, metric, y, prediction, sample_weight=None, min_support=20):
    """Score predictions for each value of the columns `by` of a Table or dict `groups`."""
    table = groups if isinstance(groups, Table) else Table(groups)
    kept = [None if a is None else as_matrix(a) for a in (y, prediction, sample_weight)]
    pointers = [None if m is None else ctypes.byref(m[0]) for m in kept]
    out = ctypes.c_void_p()
    with interruptible() as ctx:
        lib.mlsd_slice_score(ctx, table._h, texts(by), len(by), encode(metric), *pointers, min_support, ctypes.byref(out))
    return Result._own(out)


def run(source, target, **params):
    """The main job: from a CSV file, a Table or a dict of columns to a verdict.

    Parameters are those of kind "experiment" (slices, task, split, seed, quick, ...). Returns a Result.
    """
    if isinstance(source, Table):
        table = source
    elif hasattr(source, "items"):
        table = Table(source)
    else:
        table = Table.read_csv(source)
    spec = Spec("experiment", target=target, **params)
    out = ctypes.c_void_p()
    with interruptible() as ctx:
        lib.mlsd_experiment_run(ctx, spec._h, table._h, ctypes.byref(out))
    return Result._own(out)
