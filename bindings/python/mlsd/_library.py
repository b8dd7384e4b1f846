"""Find and load libmlsd, call it, turn statuses into exceptions, and let Ctrl-C stop a call."""

import _thread
import contextlib
import ctypes
import glob
import os
import signal
import sys
import threading
import time

from ._errors import MlsdError, failure
from ._signatures import LOG_FN, PROGRESS_FN, RELEASE_FN, SIGNATURES, STATUS

__version__ = "0.1.0"


def _candidates():
    """Where the library may be, in order: MLSD_LIBRARY, in this package, in a build tree of the checkout, the system."""
    explicit = os.environ.get("MLSD_LIBRARY")
    if explicit:
        yield explicit
        return
    here = os.path.dirname(os.path.abspath(__file__))
    yield from sorted(glob.glob(os.path.join(glob.escape(here), "libmlsd.so*")))
    yield from sorted(glob.glob(os.path.join(glob.escape(here), "libs", "libmlsd.so*")))
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(here)))
    if os.path.isfile(os.path.join(checkout, "meson.build")):
        yield from sorted(glob.glob(os.path.join(glob.escape(checkout), "build*", "lib", "libmlsd.so.0")))
    yield "libmlsd.so.0"


def _load():
    tried = []
    for path in _candidates():
        try:
            return ctypes.CDLL(path), path
        except OSError as error:
            tried.append(f"{path}: {error}")
    raise ImportError("libmlsd was not found; set MLSD_LIBRARY to its path. Tried:\n  " + "\n  ".join(tried))


def _check_version(handle, path):
    """A library serves packages of its own version and older ones, down to the major version."""
    try:
        handle.mlsd_version_string.restype = ctypes.c_char_p
        found = handle.mlsd_version_string().decode()
    except AttributeError:
        raise ImportError(f"{path} is not libmlsd: it has no mlsd_version_string") from None
    major, minor = (int(part) for part in found.split(".")[:2])
    own_major, own_minor = (int(part) for part in __version__.split(".")[:2])
    if major != own_major or minor < own_minor:
        raise ImportError(
            f"{path} is libmlsd {found}, but this package needs {own_major}.{own_minor} or a later {own_major}.x; "
            "set MLSD_LIBRARY to the right file"
        )
    return found


def _declare(handle):
    for name, (result, arguments) in SIGNATURES.items():
        function = getattr(handle, name)
        function.restype = ctypes.c_int32 if result is STATUS else result
        function.argtypes = arguments
        if result is STATUS and name != "mlsd_status_at":
            function.errcheck = _check


def _check(status, _function, _arguments):
    if status == 0:
        return status
    name, message = lib.mlsd_status_name(status).decode(), lib.mlsd_last_error().decode("utf-8", "replace")
    error, raised = failure(status, name, message), _raised_by_callback(message)
    if raised is None:
        raise error
    if raised.__cause__ is None and isinstance(raised, Exception):
        raise raised from error  # which says in which estimator and fold
    raise raised


def _open():
    handle, path = _load()
    found = _check_version(handle, path)
    try:
        _declare(handle)
    except AttributeError as error:
        raise ImportError(f"{path} is libmlsd {found} but lacks a function: {error}") from None
    return handle, path


lib, library_path = _open()


def _interrupt_again():
    """Python drops what is raised in __del__; a Ctrl-C that arrives there comes again once it is over."""
    time.sleep(0.01)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


class Handle:
    """Owns one C object, which ends with the last reference to it."""

    _free = None
    _h = None  # so that a constructor that fails can be collected

    def __del__(self, _lib=lib):
        try:
            if self._h:
                getattr(_lib, self._free)(self._h)
                self._h = None
        except KeyboardInterrupt:
            _thread.start_new_thread(_interrupt_again, ())

    def __reduce__(self):
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")

    @classmethod
    def _made(cls, function, *arguments):
        """What function(*arguments, out) makes. The handle is owned from the start, whatever is raised on the way."""
        self = cls.__new__(cls)
        self._h = ctypes.c_void_p()
        function(*arguments, ctypes.byref(self._h))
        return self

    def _become(self, function, *arguments):
        """The same, for constructors."""
        self._h = ctypes.c_void_p()
        function(*arguments, ctypes.byref(self._h))


_WARNING = 2  # MLSD_LOG_WARNING

# What runs on this thread: `error` is what a progress callback or signal handler raised meanwhile; `failures` what
# estimators raised, as (text, exception); `in_callback` that the code of one of them runs.
_running = threading.local()
_settings = {"progress": None}


def _tell_progress(event):
    """Not about calls that the user's function itself makes."""
    function = _settings["progress"]
    if function is None or getattr(_running, "is_telling", False):
        return
    _running.is_telling = True
    try:
        function(lib.mlsd_event_stage(event).decode(), lib.mlsd_event_done(event), lib.mlsd_event_total(event))
    finally:
        _running.is_telling = False


def _on_progress(event, _user):
    # Entering Python is what lets a pending signal reach its handler, see interruptible().
    try:
        if _running.error is None:
            _tell_progress(event)
    except BaseException as error:
        _running.error = error
    return 0 if _running.error is None else 1


def _on_log(level, line, _user):
    try:
        import logging

        kept = getattr(_running, "warnings", None)
        if kept is not None and level == _WARNING:
            kept.append(line.decode("utf-8", "replace"))
            return

        # debug, info, warning, error: from 4 to 1 here, from 10 to 40 there
        logging.getLogger("mlsd").log(50 - 10 * level, "%s", line.decode("utf-8", "replace"))
    except BaseException as error:
        _running.error = error


_progress, _log = PROGRESS_FN(_on_progress), LOG_FN(_on_log)
no_release = ctypes.cast(None, RELEASE_FN)


def encode(text):
    """A Python string as C wants it."""
    if not isinstance(text, str):
        raise TypeError(f"expected a str, got {text!r}")
    if "\0" in text:
        raise ValueError(f"a text may not hold a NUL: {text!r}")
    return text.encode("utf-8")


class Context(Handle):
    """Threads, log and progress of the calls that are given it. Once made it does not change."""

    _free = "mlsd_context_free"

    def __init__(self, n_threads=0, numerics="fast", watched=False, audits=True):
        self._become(lib.mlsd_context_new)
        lib.mlsd_context_set_i64(self._h, b"n_threads", n_threads)
        lib.mlsd_context_set_i64(self._h, b"audit", int(audits))
        lib.mlsd_context_set_str(self._h, b"numerics", encode(numerics))
        lib.mlsd_context_set_log(self._h, 3, _log, None, no_release)  # 3: info and above
        if watched:
            lib.mlsd_context_set_progress(self._h, _progress, None, no_release)
        self._as_parameter_ = self._h
        self.address = self._h.value


def _make_contexts(n_threads=0, numerics="fast"):
    """short: for calls that are over at once; one: on the calling thread alone; long: watched for interrupts; plain: also
    watched, and the folds of a cross-validation are not audited."""
    return {
        "short": Context(n_threads, numerics),
        "one": Context(1, numerics),
        "long": Context(n_threads, numerics, watched=True),
        "plain": Context(n_threads, numerics, watched=True, audits=False),
    }


_contexts = _make_contexts()


def context():
    """For calls that are over at once: enters Python for nothing but lines of the log."""
    return _contexts["short"]


def _renew_contexts(**changed):
    """Contexts with the settings there are but for those changed. Calls under way go on as they began."""
    _contexts.update(_make_contexts(**{"n_threads": get_threads(), "numerics": get_numerics(), **changed}))


def set_threads(n):
    """Use at most n threads in a call; 0 for one for each CPU the process is allowed. Results do not depend on it.

    Calls that are under way in other threads go on as they began.
    """
    _renew_contexts(n_threads=int(n))


def get_threads():
    """The number that set_threads was given, 0 before."""
    out = ctypes.c_int64()
    lib.mlsd_context_get_i64(context(), b"n_threads", ctypes.byref(out))
    return out.value


def set_numerics(numerics):
    """How the calls from now on add up.

    "fast" takes OpenBLAS and LAPACK, whose last bits differ with the processor; "exact" takes kernels of its own in a
    fixed order, which give the same bytes on every machine, at up to twice the time.
    """
    _renew_contexts(numerics=numerics)


def get_numerics():
    """The word that set_numerics was given, "fast" before."""
    out = ctypes.c_char_p()
    lib.mlsd_context_get_str(context(), b"numerics", ctypes.byref(out))
    return out.value.decode()


def set_progress(function):
    """Hear how far long calls are: function(stage, done, total), about twenty times a second; None for silence.

    total is 0 while it is not known. What the function raises stops the call and comes out of it.
    """
    if function is not None and not callable(function):
        raise TypeError("expected a function of (stage, done, total), or None")
    _settings["progress"] = function


_STATUSES = {lib.mlsd_status_name(code).decode(): code for code in map(lib.mlsd_status_at, range(lib.mlsd_status_count()))}
_MESSAGE_BYTES = 300  # of an exception's text, so that names and fold fit into the library's message beside it


def call_back(work, failure_name="MLSD_E_DATA"):
    """Run an estimator's code for the library: 0, or the status of its failure.

    An exception fails the fit or prediction, as a fold's data may. Anything else (KeyboardInterrupt) ends the call.
    """
    if getattr(_running, "error", None) is not None:
        return _STATUSES["MLSD_E_CANCELLED"]
    outer = getattr(_running, "in_callback", False)
    try:
        _running.in_callback = True
        work()
        return 0
    except BaseException as error:
        return _keep_failure(error, failure_name)
    finally:
        _running.in_callback = outer


def _keep_failure(error, failure_name):
    text = " ".join(f"{type(error).__name__}: {error}".replace("\0", " ").split())
    text = text.encode("utf-8", "replace")[:_MESSAGE_BYTES].decode("utf-8", "ignore")
    if getattr(_running, "failures", None) is None:
        _running.failures = []
    _running.failures.append((text, error))
    status = _STATUSES[failure_name if isinstance(error, Exception) else "MLSD_E_CANCELLED"]
    if not isinstance(error, Exception) and getattr(_running, "is_watched", False):
        _running.error = error  # so that no other fold begins
    _set_error(status, text.encode())
    return status


def _set_error(status, text):
    function = lib["mlsd_error_set"]  # one of its own, that raises nothing
    function.argtypes = [ctypes.c_int32, ctypes.c_char_p]
    function(status, text)


def exception_of(message, failures):
    """The exception that a message of the library tells of, or None."""
    return next((error for text, error in failures if text in message), None)


def _raised_by_callback(message):
    failures = getattr(_running, "failures", None)
    if not failures:
        return None
    error = exception_of(message, failures)
    failures.clear()
    return error


@contextlib.contextmanager
def failures_kept():
    """A list of what estimators raise in calls inside that do not fail because of it."""
    outer, _running.keeper = getattr(_running, "keeper", None), []
    try:
        yield _running.keeper
    finally:
        _running.keeper = outer


@contextlib.contextmanager
def _own_interrupt_handler():
    """While a call runs, a handler of SIGINT that never raises: an exception could not pass through C.

    What the program's own handler raises (KeyboardInterrupt, by default) is kept; the next progress callback stops
    the call, and interruptible() raises it. Only the main thread handles signals in Python, so only there.
    """
    previous = None
    if threading.current_thread() is threading.main_thread():
        previous = signal.getsignal(signal.SIGINT)
    if not callable(previous):
        yield
        return

    def keep(number, frame):
        if getattr(_running, "in_callback", False):
            previous(number, frame)  # an estimator's code runs: it may be left
            return
        try:
            previous(number, frame)
        except BaseException as error:
            _running.error = error

    signal.signal(signal.SIGINT, keep)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


@contextlib.contextmanager
def interruptible(name="long"):
    """Around a long call, whose context (by its name) it gives: Ctrl-C and what callbacks raise stop the call and come out of it."""
    outer = getattr(_running, "error", None)
    before = {name: getattr(_running, name, None) for name in ("in_callback", "failures", "is_watched")}
    vars(_running).update(error=None, in_callback=False, failures=[], is_watched=True)
    try:
        with _own_interrupt_handler():
            yield _contexts[name]
    except MlsdError:
        if _running.error is None:
            raise
    finally:
        if getattr(_running, "keeper", None) is not None:
            _running.keeper.extend(_running.failures)
        kept, _running.error = _running.error, outer
        vars(_running).update(before)
    try:
        if kept is not None:
            raise kept from kept.__cause__  # the cancelled call is not what happened to the caller
    finally:
        del kept  # its traceback holds this frame, and with it the caller's arrays


def _frames_to_user():
    """How many frames lie between the caller and code that is not this package's."""
    here, frame, n = os.path.dirname(os.path.abspath(__file__)), sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith((here, contextlib.__file__)):
        frame, n = frame.f_back, n + 1
    return n


@contextlib.contextmanager
def user_warnings(spell=str):
    """What the library warns of inside becomes a UserWarning instead of a line of the log."""
    import warnings

    outer, kept = getattr(_running, "warnings", None), []
    _running.warnings = kept
    try:
        yield
    finally:
        _running.warnings = outer
    for line in kept:
        warnings.warn(spell(line), UserWarning, stacklevel=_frames_to_user())


def call_long(function, *arguments):
    """function(context, *arguments), interruptible."""
    with interruptible() as watched:
        return function(watched, *arguments)


def call_plain(function, *arguments):
    """call_long without the audit of folds."""
    with interruptible("plain") as watched:
        return function(watched, *arguments)


def text_of(function, *arguments):
    """The text of a call that writes into a caller's buffer."""
    length = ctypes.c_int64()
    function(*arguments, None, 0, ctypes.byref(length))
    buffer = ctypes.create_string_buffer(length.value + 1)
    function(*arguments, buffer, length.value + 1, None)
    return buffer.value.decode("utf-8")


def encode_path(path):
    """A path (str, bytes or os.PathLike) as C wants it."""
    return os.fsencode(path)


class _Encoded(dict):
    """Texts as C wants them, each different one made once."""

    def __missing__(self, text):
        self[text] = None if text is None else encode(text)
        return self[text]


def texts(values):
    """An array of C strings; None becomes NULL."""
    return (ctypes.c_char_p * max(1, len(values)))(*map(_Encoded().__getitem__, values))


def build_info():
    """What this build is and what it runs on, as a dict."""
    import json

    return json.loads(text_of(lib.mlsd_build_info))


def kinds(family=None):
    """The table of kinds as a list of dicts: kind, family, doc, traits, params."""
    import json

    return [kind for kind in json.loads(text_of(lib.mlsd_kind_json, None)) if family in (None, kind["family"])]
