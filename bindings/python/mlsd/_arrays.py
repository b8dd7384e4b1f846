"""Arrays, frames and lists of Python as the library takes them, and labels as class numbers."""

import contextlib
import ctypes
import numbers
import sys

from ._errors import InputError
from ._signatures import F64S, I64S, Matrix

# By dtype.str, which NumPy knows at once; it builds dtype.name anew, which would be a tenth of a row's prediction.
_NATIVE = "<" if sys.byteorder == "little" else ">"
_DTYPES = {_NATIVE + code: number for number, code in enumerate(("f4", "f8", "i4", "i8"), 1)}


def _as_numbers(array, name):
    """A NumPy array of numbers; no copy where it is one. Masked values become NaN."""
    import numpy as np

    if isinstance(array, np.ma.MaskedArray):
        array = array.astype(np.float64).filled(np.nan)
    if hasattr(array, "tocsr"):
        raise InputError(f"{name} is a sparse matrix, which mlsd does not take; use {name}.toarray()")
    try:
        a = np.asarray(array)
    except ValueError as error:
        raise ValueError(f"{name} cannot be made an array: {error}") from None
    if a.dtype.kind == "O":
        try:
            a = np.array([np.nan if _is_missing(v) else v for v in a.flat], dtype=np.float64).reshape(a.shape)
        except (TypeError, ValueError) as error:
            raise InputError(f"{name} holds objects that are not numbers: {error}") from None
    if a.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} must hold numbers without an imaginary part, got {a.dtype}")
    if a.dtype.kind not in "fiub":
        raise ValueError(
            f"{name} must hold numbers, got {a.dtype}; give texts and categories as columns of a frame or a dict"
        )
    return a


def require_rows(X):
    """X as something with two dimensions, as scikit-learn asks for it; an array of one is refused with the remedy."""
    shape = getattr(X, "shape", None)
    if shape is None:
        X = _as_numbers(X, "X")
        shape = X.shape
    if len(shape) != 2:
        raise ValueError(
            f"Expected 2D array, got {len(shape)}D array instead: X must have 2 dimensions, got {len(shape)}. "
            "Reshape your data using X.reshape(-1, 1) if it is one column, or X.reshape(1, -1) if it is one row"
        )
    return X


def as_matrix(array, name="X"):
    """(Matrix, array that must be kept): no copy for aligned float32, float64, int32 and int64 of any strides."""
    import numpy as np

    is_ready = type(array) is np.ndarray and array.dtype.str in _DTYPES
    a = array if is_ready else _as_numbers(array, name)
    if a.ndim == 1:
        a = a[:, np.newaxis]
    if a.ndim != 2:
        raise ValueError(f"{name} must have 1 or 2 dimensions, got {a.ndim}")
    size, (row, col) = a.itemsize, a.strides
    fits = (is_ready or a.dtype.str in _DTYPES) and a.flags.aligned and not row % size and not col % size
    if not fits:
        a = np.array(a, dtype=np.float64, order="C")
        size, (row, col) = a.itemsize, a.strides
    address = a.__array_interface__["data"][0]  # NumPy knows it at once; a.ctypes is made of several objects
    return Matrix(address, *a.shape, row // size, col // size, _DTYPES[a.dtype.str], 0), a


class Matrices:
    """Some arrays, each of which may be None, as arguments of a call; they live as long as this does."""

    def __init__(self, **arrays):
        self._names = list(arrays)
        self._kept = [None if a is None else as_matrix(a, name) for name, a in arrays.items()]
        self.pointers = [None if m is None else ctypes.byref(m[0]) for m in self._kept]

    def columns_of(self, name):
        """How many columns an array has; 0 where it is None."""
        kept = self._kept[self._names.index(name)]
        return 0 if kept is None else kept[0].cols


def doubles(array):
    return array.ctypes.data_as(F64S)


def int64s(array):
    return array.ctypes.data_as(I64S)


def _is_missing(value):
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def is_pandas(data):
    return hasattr(data, "iloc")


def is_frame(data):
    """Whether these are columns with names rather than a matrix."""
    if hasattr(data, "tocsr"):  # a sparse matrix, one kind of which is a dict
        return False
    return is_pandas(data) and hasattr(data, "columns") or hasattr(data, "items") or hasattr(data, "__arrow_c_stream__")


def n_rows(data):
    """Rows of an array, a frame, a dict of columns, or a list."""
    if hasattr(data, "items") and not is_pandas(data):
        return min((n_rows(values) for values in data.values()), default=0)
    if not hasattr(data, "shape"):
        return len(data)
    if len(data.shape) == 0:
        raise ValueError("a single number is not an array of rows")
    return int(data.shape[0])


def take(data, rows):
    """Some rows of an array, a frame, a dict of columns, or a list."""
    if data is None:
        return None
    if hasattr(data, "tocsr"):
        return data.tocsr()[rows]
    if is_pandas(data):
        return data.iloc[rows]
    if hasattr(data, "items"):
        return {name: take(values, rows) for name, values in data.items()}
    return data[rows] if hasattr(data, "shape") else [data[i] for i in rows]


def class_codes(y, name="y", fractions=False):
    """(labels in ascending order, class numbers as int64). Missing labels are an error; fractions, unless allowed."""
    import numpy as np

    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(f"{name} must have 1 dimension, got {y.ndim}")
    if y.dtype.kind == "O" and any(_is_missing(v) for v in y) or y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"{name} has missing or infinite labels")
    if y.dtype.kind == "f" and not fractions and (y != np.floor(y)).any():
        raise ValueError(f"{name} holds fractions, which are no class labels. Unknown label type: continuous")
    try:
        labels, codes = _small_codes(y) or np.unique(y, return_inverse=True)
    except TypeError:
        raise ValueError(f"{name} mixes labels that cannot be put in order, such as texts and numbers") from None
    return labels, codes.astype(np.int64)


def _small_codes(y):
    """np.unique(y, return_inverse=True) of whole numbers that lie near each other, by counting; None for others."""
    import numpy as np

    if y.dtype.kind not in "iub" or not len(y):
        return None
    low, high = int(y.min()), int(y.max())
    if high - low >= 4096 or high >= 2**63:
        return None
    shifted = y.astype(np.int64) - low
    occurs = np.bincount(shifted, minlength=high - low + 1) > 0
    return (np.flatnonzero(occurs) + low).astype(y.dtype), (np.cumsum(occurs) - 1)[shifted]


def codes_among(labels, y, name="y"):
    """Class numbers of y among labels, which are in ascending order."""
    import numpy as np

    y = np.asarray(y).ravel()
    codes = np.searchsorted(labels, y)
    codes[codes == len(labels)] = 0
    unknown = labels[codes] != y
    if np.any(unknown):
        raise ValueError(f"{name} holds {y[np.argmax(unknown)]!r}, which is none of the labels {list(labels)}")
    return codes.astype(np.int64)


def column_values(values):
    """A column as float64, int64, or a list of texts and None. Texts are what is not numbers, truths or times."""
    import numpy as np

    dtype = getattr(values, "dtype", None)
    if dtype is not None and dtype.kind in "iufb" and not isinstance(dtype, np.dtype):
        whole = dtype.kind != "f" and not values.isna().any()
        values = values.to_numpy(dtype=np.int64) if whole else values.to_numpy(dtype=np.float64, na_value=np.nan)
    elif getattr(dtype, "name", "") == "category":
        return _texts(np.asarray(values.astype(object)))
    if isinstance(values, np.ma.MaskedArray):
        values = _as_numbers(values, "a column")
    a = np.asarray(values)
    if a.ndim != 1:
        raise ValueError(f"a column must have 1 dimension, got {a.ndim}")
    if a.dtype.kind == "O" and len(a):
        return _object_values(a)
    if a.dtype.kind in "mM":  # numbers of their unit, as from Arrow
        missing = np.isnat(a)
        a = a.astype(np.int64)
        if missing.any():
            a = np.where(missing, np.nan, a)
    if a.dtype.kind in "ib" or a.dtype.kind == "u" and a.dtype.itemsize < 8:
        return np.ascontiguousarray(a, dtype=np.int64)
    if a.dtype.kind in "fu" or not len(a):
        return np.ascontiguousarray(a, dtype=np.float64)
    return _texts(a)


def _object_values(a):
    import numpy as np

    types = set(map(type, a))
    if types <= {str, type(None)}:
        return a.tolist()
    present = [v for v in a if not _is_missing(v)] if str not in types else []
    if not present or not all(isinstance(v, (numbers.Real, np.bool_)) for v in present):
        return _texts(a)
    if len(present) == len(a) and all(isinstance(v, (numbers.Integral, np.bool_)) for v in present):
        with contextlib.suppress(OverflowError):
            return np.array(a, dtype=np.int64)
    return np.array([np.nan if _is_missing(v) else float(v) for v in a])


def _text(value):
    if type(value) is str or _is_missing(value):
        return value if type(value) is str else None
    return value.decode() if isinstance(value, bytes) else str(value)


def _texts(a):
    return [_text(v) for v in a]
