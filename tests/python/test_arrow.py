"""Tables through Arrow's PyCapsule interface, with a consumer and a producer of our own.

Witness: the structs of the Arrow specification, read and written here with ctypes; releases are counted.
"""

import ctypes
import gc

import numpy as np
import pytest

import mlsd
from mlsd import _arrow

NAME = b"arrow_array_stream"


class Schema(ctypes.Structure):
    pass


class Array(ctypes.Structure):
    pass


Schema._fields_ = [
    ("format", ctypes.c_char_p), ("name", ctypes.c_char_p), ("metadata", ctypes.c_char_p), ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("children", ctypes.POINTER(ctypes.POINTER(Schema))), ("dictionary", ctypes.POINTER(Schema)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))), ("private", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64), ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64), ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))), ("dictionary", ctypes.POINTER(Array)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))), ("private", ctypes.c_void_p),
]


class Stream(ctypes.Structure):
    _fields_ = [
        ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Schema))),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Array))),
        ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)),
        ("release", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("private", ctypes.c_void_p),
    ]


def stream_of(capsule):
    return Stream.from_address(_arrow._pointer_of(capsule, NAME))


@pytest.fixture
def table():
    return mlsd.Table(
        {"number": [1.5, float("nan"), -3.0], "whole": [1, 2**60, -3], "text": ["b", None, "é"], "none": [None] * 3}
    )


def test_arrow__round_trip(table):
    again = mlsd.Table.from_arrow(table)
    assert again.columns == table.columns
    for name, values in table.items():
        np.testing.assert_array_equal(again[name], values)
        assert again[name].dtype == values.dtype
    third = mlsd.Table(again)
    del again, table
    gc.collect()
    assert list(third["text"]) == ["b", None, "é"]


def test_arrow__empty_tables_and_many_rows():
    n = 100_000
    big = mlsd.Table({"a": np.arange(n), "b": np.arange(n) % 7 * 0.5, "c": [f"level {i % 1000}" for i in range(n)]})
    again = mlsd.Table.from_arrow(big)
    for name, values in big.items():
        np.testing.assert_array_equal(again[name], values)
    assert mlsd.Table.from_arrow(mlsd.Table({"a": []})).n_rows == 0


def test_arrow__a_consumer_reads_the_structs(table):
    capsule = table.__arrow_c_stream__()
    stream = stream_of(capsule)
    schema, array, end = Schema(), Array(), Array()
    address = ctypes.addressof(stream)
    assert stream.get_schema(address, ctypes.byref(schema)) == 0
    assert stream.get_next(address, ctypes.byref(array)) == 0
    assert stream.get_next(address, ctypes.byref(end)) == 0 and not end.release
    assert schema.format == b"+s" and (schema.n_children, array.n_children, array.length) == (4, 4, 3)
    assert [schema.children[i].contents.name.decode() for i in range(4)] == table.columns
    assert [schema.children[i].contents.format for i in range(3)] == [b"g", b"l", b"i"]
    stream.release(address)
    del capsule, table
    gc.collect()
    whole = array.children[1].contents
    np.testing.assert_array_equal(np.ctypeslib.as_array(ctypes.cast(whole.buffers[1], ctypes.POINTER(ctypes.c_int64)), (3,)), [1, 2**60, -3])
    array.release(ctypes.byref(array))
    schema.release(ctypes.byref(schema))


def counted(stream):
    """Put a counting release before a stream's own."""
    calls, own = [], ctypes.cast(stream.release, ctypes.c_void_p).value
    call_own = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(own)

    @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    def release(address):
        calls.append(address)
        call_own(address)

    stream.release = release
    return calls, release


def test_arrow__a_capsule_that_nobody_took_is_released_once(table):
    capsule = table.__arrow_c_stream__()
    calls, kept = counted(stream_of(capsule))
    assert len(_arrow._streams) == 1
    del capsule
    gc.collect()
    assert len(calls) == 1 and not _arrow._streams and kept


def test_arrow__a_capsule_that_was_taken_is_not_released_again(table):
    capsule = table.__arrow_c_stream__()
    calls, kept = counted(stream_of(capsule))

    class Source:
        def __arrow_c_stream__(self, requested_schema=None):
            return capsule

    again = mlsd.Table.from_arrow(Source())
    assert len(calls) == 1 and kept
    with pytest.raises(ValueError):
        mlsd.Table.from_arrow(Source())  # it is empty now
    del capsule, Source
    gc.collect()
    assert len(calls) == 1 and not _arrow._streams
    assert list(again["whole"]) == [1, 2**60, -3]


def test_arrow__a_producer_that_fails_is_quoted_and_released():
    released, message = [], ctypes.create_string_buffer(b"the disk is on fire")

    class Broken:
        def __arrow_c_stream__(self, requested_schema=None):
            self.stream = Stream()
            self.stream.get_schema = Stream._fields_[0][1](lambda s, out: 5)
            self.stream.get_next = Stream._fields_[1][1](lambda s, out: 5)
            self.stream.get_last_error = Stream._fields_[2][1](lambda s: ctypes.addressof(message))

            def release(address):
                released.append(address)
                Stream.from_address(address).release = Stream._fields_[3][1]()

            self.stream.release = Stream._fields_[3][1](release)
            return _arrow._new(ctypes.addressof(self.stream), NAME, ctypes.cast(None, _arrow._Destructor))

    broken = Broken()
    with pytest.raises(mlsd.FileError, match="the disk is on fire"):
        mlsd.Table.from_arrow(broken)
    assert len(released) == 1


def test_arrow__a_source_that_speaks_no_arrow():
    with pytest.raises(TypeError, match="list has no __arrow_c_stream__"):
        mlsd.Table.from_arrow([1])

    class Wrong:
        def __arrow_c_stream__(self):
            return object()

    with pytest.raises(ValueError):
        mlsd.Table.from_arrow(Wrong())


def test_arrow__an_estimator_takes_what_speaks_arrow(table):
    class Frame:
        def __arrow_c_stream__(self, requested_schema=None):
            return mlsd.Table({"a": [1.0, 2.0, 3.0], "b": ["u", "v", "u"]}).__arrow_c_stream__()

    pipe = mlsd.pipeline.make_pipeline(mlsd.preprocessing.OneHotEncoder(), mlsd.linear_model.Ridge(alpha=1e-9))
    assert pipe.fit(Frame(), [1.0, 5.0, 3.0]).predict(Frame()) == pytest.approx([1.0, 5.0, 3.0], abs=1e-5)


@pytest.mark.parametrize("package", ["pyarrow", "polars"])
def test_arrow__other_packages_take_it(table, package):
    module = pytest.importorskip(package)
    made = module.table(table) if package == "pyarrow" else module.DataFrame(table)
    again = mlsd.Table.from_arrow(made)
    for name, values in table.items():
        if name != "none":
            np.testing.assert_array_equal(again[name], values)
