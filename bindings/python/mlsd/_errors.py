"""Exceptions, and which status becomes which. Most are also the built-in one that a Python programmer would catch."""

import sys


class MlsdError(Exception):
    """A failure of mlsd. `status` is its number, `name` its constant; the text is the library's message."""

    status = 0
    name = ""

    def __str__(self):
        return Exception.__str__(self)  # KeyError would put quotes around it


class ArgumentError(MlsdError, ValueError):
    """A call was made in a way that cannot work: a row that is not there, an unknown role."""


class ParameterError(MlsdError, ValueError, TypeError):
    """A parameter is unknown, of another type, out of bounds or contradicts another."""


class DataError(MlsdError, ValueError):
    """The data or their shape cannot be used."""


class ColumnError(DataError, KeyError):
    """There is no column of that name."""


class NumericError(MlsdError, ArithmeticError):
    """The computation broke down."""


class FileError(MlsdError, OSError):
    """The system refuses to read or write a file."""


class FormatError(MlsdError, ValueError):
    """A file or text is not well formed, damaged, or newer than this library."""


class UnsupportedError(MlsdError, NotImplementedError):
    """This kind of object cannot do that."""


class OutOfMemoryError(MlsdError, MemoryError):
    """Memory ran out; nothing was changed."""


class CancelledError(MlsdError):
    """The call was cancelled."""


class CallbackError(MlsdError):
    """A callback stopped the call with a status of its own."""


class InternalError(MlsdError, RuntimeError):
    """A defect of mlsd, or a system that refuses threads: please report it."""


class NotFittedError(ValueError, AttributeError):
    """The estimator has no model yet: call fit."""


class InputError(ValueError, TypeError):
    """An array that cannot be used as it is: sparse, or of objects that are not numbers."""


def named_as_sklearns(own, name):
    """`own`, or where scikit-learn is loaded a class that is also its exception or warning of that name."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), name, None)
    if theirs is None or issubclass(own, theirs):
        return own
    return _COMBINED.setdefault(own, type(own.__name__, (own, theirs), {"__doc__": own.__doc__, "__module__": own.__module__}))


_COMBINED = {}


class DataConversionWarning(UserWarning):
    """Data were given in another shape than the one wanted, and were converted."""


class FitFailedWarning(RuntimeWarning):
    """Some folds of a cross-validation failed; their scores are error_score."""


# The numbers come from the library.
EXCEPTIONS = {
    "MLSD_E_NOMEM": OutOfMemoryError,
    "MLSD_E_ARG": ArgumentError,
    "MLSD_E_CANCELLED": CancelledError,
    "MLSD_E_BUFFER": InternalError,  # the binding asks for the size first
    "MLSD_E_UNSUPPORTED": UnsupportedError,
    "MLSD_E_INTERNAL": InternalError,
    "MLSD_E_THREAD": InternalError,
    "MLSD_E_KIND": ParameterError,
    "MLSD_E_PARAM_UNKNOWN": ParameterError,
    "MLSD_E_PARAM_TYPE": ParameterError,
    "MLSD_E_PARAM_RANGE": ParameterError,
    "MLSD_E_PARAM_CONFLICT": ParameterError,
    "MLSD_E_CHILD": ParameterError,
    "MLSD_E_DATA": DataError,
    "MLSD_E_SHAPE": DataError,
    "MLSD_E_COLUMN": ColumnError,
    "MLSD_E_TYPE": DataError,
    "MLSD_E_NUMERIC": NumericError,
    "MLSD_E_IO": FileError,
    "MLSD_E_PARSE": FormatError,
    "MLSD_E_CORRUPT": FormatError,
    "MLSD_E_VERSION": FormatError,
    "MLSD_E_USER": CallbackError,
}


def failure(status, name, message):
    """The exception for a status."""
    error = EXCEPTIONS.get(name, MlsdError)(message)
    error.status, error.name = status, name
    return error
