"""Tables through the Arrow PyCapsule interface: a capsule holds an ArrowArrayStream, and ends it if nobody took it."""

import ctypes

from ._library import lib

_NAME = b"arrow_array_stream"  # a capsule keeps the pointer to its name, so this must live as long as the module
_Stream = ctypes.c_void_p * 5  # get_schema, get_next, get_last_error, release, private_data
_RELEASE = 3
_Destructor = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

# Prototypes of our own: those of ctypes.pythonapi are shared with every other package.
_new = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, _Destructor)(
    ("PyCapsule_New", ctypes.pythonapi)
)
_pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_pointer_of_dying = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_streams = {}  # exported and not yet collected, by address


@_Destructor
def _end(capsule, _pointer_of_dying=_pointer_of_dying, _name=_NAME, _streams=_streams, _release=_Destructor):
    # All it needs are defaults: at the interpreter's exit this module may be gone before the capsule.
    stream = _streams.pop(_pointer_of_dying(capsule, _name))
    if stream[3]:
        _release(stream[3])(stream)


ctypes.PYFUNCTYPE(None, ctypes.py_object)(("Py_IncRef", ctypes.pythonapi))(_end)  # capsules may outlive the module


def export_stream(table):
    """A capsule with one record batch of a table's handle."""
    stream = _Stream()
    address = ctypes.addressof(stream)
    lib.mlsd_table_export_arrow_stream(table, address)
    _streams[address] = stream
    return _new(address, _NAME, _end)


def stream_pointer(source):
    """(address of the stream, capsule that must be kept) of what has __arrow_c_stream__."""
    if not hasattr(source, "__arrow_c_stream__"):
        raise TypeError(f"{type(source).__name__} has no __arrow_c_stream__")
    capsule = source.__arrow_c_stream__()
    return _pointer_of(capsule, _NAME), capsule
