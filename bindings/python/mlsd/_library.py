"""Find and load libmlsd, turn statuses into exceptions, and let Ctrl-C stop a call."""

import contextlib
import ctypes
import ctypes.util
import os
import pathlib
import signal
import threading

from ._signatures import FREE_FN, PROGRESS_FN, RELEASE_FN, SIGNATURES, STATUS

__version__ = "0.1.0"


class MlsdError(Exception):
    """A failure of mlsd. `status` is the number, `name` its constant."""

    status = 0
    name = ""


class DataError(MlsdError, ValueError):
    """The data, a shape, a column or a parameter cannot be used."""


class ParameterError(MlsdError, ValueError):
    """A parameter is unknown, of another type or out of bounds."""


class FileError(MlsdError, OSError):
    """A file cannot be read or written, or is damaged."""


class UnsupportedError(MlsdError, NotImplementedError):
    """This kind of object cannot do that."""


class OutOfMemoryError(MlsdError, MemoryError):
    """Memory ran out."""


class CancelledError(MlsdError):
    """The call was cancelled."""


# By family of statuses; the numbers themselves come from the library.
_EXCEPTIONS = {
    "MLSD_E_NOMEM": OutOfMemoryError,
    "MLSD_E_CANCELLED": CancelledError,
    "MLSD_E_UNSUPPORTED": UnsupportedError,
    "MLSD_E_ARG": DataError,
    "MLSD_E_KIND": ParameterError,
    "MLSD_E_PARAM_UNKNOWN": ParameterError,
    "MLSD_E_PARAM_TYPE": ParameterError,
    "MLSD_E_PARAM_RANGE": ParameterError,
    "MLSD_E_PARAM_CONFLICT": ParameterError,
    "MLSD_E_CHILD": ParameterError,
    "MLSD_E_DATA": DataError,
    "MLSD_E_SHAPE": DataError,
    "MLSD_E_COLUMN": DataError,
    "MLSD_E_TYPE": DataError,
    "MLSD_E_IO": FileError,
    "MLSD_E_PARSE": FileError,
    "MLSD_E_CORRUPT": FileError,
    "MLSD_E_VERSION": FileError,
}


def _candidates():
    """Where the library may be, in order: the environment, beside this file, a build tree beside the checkout, the system."""
    explicit = os.environ.get("MLSD_LIBRARY")
    if explicit:
        yield explicit
        return
    here = pathlib.Path(__file__).resolve().parent
    for path in sorted(here.glob("libmlsd.so*")) + sorted(here.glob("libs/libmlsd.so*")):
        yield str(path)
    checkout = here.parents[2]
    if (checkout / "meson.build").is_file():
        for path in sorted(checkout.glob("build*/lib/libmlsd.so.0")):
            yield str(path)
    yield "libmlsd.so.0"


def _load():
    tried = []
    for path in _candidates():
        try:
            return ctypes.CDLL(path), path
        except OSError as error:
            tried.append(f"{path}: {error}")
    raise ImportError("libmlsd was not found; set MLSD_LIBRARY to its path. Tried:\n  " + "\n  ".join(tried))


def _declare(handle):
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(handle, name)
        function.restype = result
        function.argtypes = arguments
        if result is STATUS and name != "mlsd_status_at":
            function.errcheck = _check


def _check(status, _function, _arguments):
    if status == 0:
        return status
    message = lib.mlsd_last_error().decode("utf-8", "replace")
    name = lib.mlsd_status_name(status).decode()
    error = _EXCEPTIONS.get(name, MlsdError)(message)
    error.status, error.name = status, name
    raise error


def _open():
    handle, path = _load()
    try:
        handle.mlsd_version_string.restype = ctypes.c_char_p
        found = handle.mlsd_version_string().decode()
    except AttributeError:
        raise ImportError(f"{path} is not libmlsd") from None
    if found.split(".")[:2] != __version__.split(".")[:2]:
        raise ImportError(f"{path} is libmlsd {found}, but this package is for {__version__}; set MLSD_LIBRARY to the right one")
    try:
        _declare(handle)
    except AttributeError as error:
        raise ImportError(f"{path} is libmlsd {found} but lacks a function: {error}") from None
    return handle, path


lib, library_path = _open()


class _State:
    context = None
    interrupted = False
    lock = threading.Lock()


def _on_progress(_event, _user):
    # Entering Python is what lets a pending Ctrl-C reach its handler.
    return 1 if _State.interrupted else 0


_progress = PROGRESS_FN(_on_progress)
no_release = ctypes.cast(None, RELEASE_FN)
no_free = ctypes.cast(None, FREE_FN)


def context():
    """The context of this process's calls, made when first needed."""
    with _State.lock:
        if _State.context is None:
            out = ctypes.c_void_p()
            lib.mlsd_context_new(ctypes.byref(out))
            lib.mlsd_context_set_progress(out, _progress, None, no_release)
            _State.context = out
        return _State.context


def set_threads(n):
    """Use at most n threads in a call; 0 for one for each CPU the process is allowed. Results do not depend on it."""
    lib.mlsd_context_set_i64(context(), b"n_threads", n)


def get_threads():
    """The number that set_threads was given, 0 before."""
    out = ctypes.c_int64()
    lib.mlsd_context_get_i64(context(), b"n_threads", ctypes.byref(out))
    return out.value


def _on_interrupt(_number, _frame):
    _State.interrupted = True
    lib.mlsd_context_cancel(_State.context)


@contextlib.contextmanager
def interruptible():
    """Around a long call: Ctrl-C stops it and raises KeyboardInterrupt. Only the main thread may set handlers."""
    shared = context()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield shared
        return
    _State.interrupted = False
    signal.signal(signal.SIGINT, _on_interrupt)
    try:
        yield shared
    except CancelledError:
        if _State.interrupted:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if _State.interrupted:
            lib.mlsd_context_reset(shared)
            _State.interrupted = False


def text_of(function, *arguments):
    """The text of a call that writes into a caller's buffer."""
    length = ctypes.c_int64()
    function(*arguments, None, 0, ctypes.byref(length))
    buffer = ctypes.create_string_buffer(length.value + 1)
    function(*arguments, buffer, length.value + 1, None)
    return buffer.value.decode("utf-8")


def encode(text):
    return text.encode("utf-8")


def texts(values):
    """An array of C strings; None becomes NULL."""
    return (ctypes.c_char_p * max(1, len(values)))(*(None if v is None else str(v).encode("utf-8") for v in values))


def build_info():
    """What this build is and what it runs on, as a dict."""
    import json

    return json.loads(text_of(lib.mlsd_build_info))
