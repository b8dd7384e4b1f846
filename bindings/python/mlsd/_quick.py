"""Predictions of a few rows: an array of doubles that lies ready goes to the library without the checks of others.

A single row costs the library a tenth of what ctypes and NumPy ask for on the way, so each look-up counts here. Whatever
is out of the ordinary, errors too, is left to Model.predict, which says what is wrong.
"""

import ctypes
import struct
import sys

from ._library import _contexts, lib, library_path
from ._signatures import SIGNATURES

_MOST_ROWS = 1000  # that many predictions are over before a Ctrl-C could be felt
_VALUE, _N_OUTPUTS = 1, 5  # MLSD_OUTPUT_VALUE; MLSD_OUTPUT_TRAIN_FEATURES is never asked for here
_F64 = 2  # MLSD_F64
_pack_matrix = struct.Struct("@Pqqqqii").pack  # mlsd_matrix
_memory_of = (ctypes.c_char * 1).from_buffer  # only of what is contiguous and may be written to
_address_of = ctypes.addressof


def _own_function():
    """A function object of its own, which takes addresses as they are and raises nothing."""
    function = ctypes.CDLL(library_path)["mlsd_model_predict_matrix"]
    arguments = SIGNATURES["mlsd_model_predict_matrix"][1]
    function.restype = ctypes.c_int32
    function.argtypes = [ctypes.c_char_p if i == 2 else ctypes.c_void_p if i in (0, 1, 4) else t for i, t in enumerate(arguments)]
    return function


_predict = _own_function()


class _NumPy:
    """What is asked of NumPy, once it is there: mlsd leaves its import to others."""

    array_type = double = empty = None

    @classmethod
    def find(cls):
        numpy = sys.modules.get("numpy")
        if numpy is not None and hasattr(numpy, "ndarray") and hasattr(numpy, "empty"):
            cls.array_type, cls.double, cls.empty = numpy.ndarray, numpy.dtype(numpy.float64), numpy.empty


def _learn(model):
    model._facts = model._h.value, tuple(lib.mlsd_model_n_outputs(model._h, what) for what in range(_N_OUTPUTS))
    return model._facts


def quick_prediction(model, X, what):
    """The outputs of a few rows of doubles, or None: then somebody else must do it."""
    if type(X) is not _NumPy.array_type:
        if _NumPy.array_type is None:
            _NumPy.find()
        if type(X) is not _NumPy.array_type:
            return None
    if X.dtype is not _NumPy.double or X.ndim != 2:
        return None
    n, p = X.shape
    handle, widths = model._facts or _learn(model)
    width = widths[what] if what < _N_OUTPUTS else 0
    if not 0 < n <= _MOST_ROWS or p == 0 or width == 0:
        return None
    try:
        address = _address_of(_memory_of(X))
    except (TypeError, ValueError, BufferError):
        return None
    if address % 8:
        return None
    out = _NumPy.empty(n if what == _VALUE and width == 1 else (n, width))
    matrix = _pack_matrix(address, n, p, p, 1, _F64, 0)
    context = _contexts["short"]  # held until the call is over: set_threads in another thread may replace it meanwhile
    if _predict(context.address, handle, matrix, what, _address_of(_memory_of(out)), n * width):
        return None
    return out
