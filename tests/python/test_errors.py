"""Statuses become exceptions by table; messages and numbers are kept."""

import copy
import pickle

import numpy as np
import pytest

import mlsd
from mlsd import _errors
from mlsd._library import lib


def statuses():
    return [lib.mlsd_status_at(i) for i in range(lib.mlsd_status_count())]


def test_errors__every_status_has_an_exception():
    names = {lib.mlsd_status_name(status).decode() for status in statuses() if status != 0}
    assert len(names) == lib.mlsd_status_count() - 1
    assert names == set(_errors.EXCEPTIONS)


def test_errors__every_exception_is_public_documented_and_also_a_built_in_one():
    generic = (mlsd.MlsdError, mlsd.CancelledError, mlsd.CallbackError)
    for cls in set(_errors.EXCEPTIONS.values()):
        assert getattr(mlsd, cls.__name__) is cls and cls.__doc__
        assert issubclass(cls, mlsd.MlsdError)
        built_in = [b for b in cls.__mro__ if b.__module__ == "builtins" and b not in (Exception, BaseException, object)]
        assert built_in or cls in generic


@pytest.mark.parametrize(
    "call, expected, status, words",
    [
        (lambda: mlsd.Spec("rigde"), (mlsd.ParameterError, ValueError), "MLSD_E_KIND", "ridge"),
        (lambda: mlsd.Spec("ridge", alhpa=1), (mlsd.ParameterError, TypeError), "MLSD_E_PARAM_UNKNOWN", "did you mean 'alpha'"),
        (lambda: mlsd.Spec("ridge", alpha="x"), (mlsd.ParameterError, TypeError), "MLSD_E_PARAM_TYPE", "alpha"),
        (lambda: mlsd.Spec("ridge", alpha=-1), (mlsd.ParameterError, ValueError), "MLSD_E_PARAM_RANGE", "-1"),
        (lambda: mlsd.Spec("ridge", alpha=float("nan")), (mlsd.ParameterError, ValueError), "MLSD_E_PARAM_RANGE", "nan"),
        (lambda: mlsd.Table({"a": [1]})["b"], (mlsd.ColumnError, KeyError), "MLSD_E_COLUMN", "'b'"),
        (lambda: mlsd.Table({"a": [1, 2], "b": [1]}), (mlsd.DataError, ValueError), "MLSD_E_SHAPE", "b"),
        (lambda: mlsd.read_csv("no/such/file.csv"), (mlsd.FileError, OSError), "MLSD_E_IO", "no/such/file.csv"),
        (lambda: mlsd.Spec.from_json("{"), (mlsd.FormatError, ValueError), "MLSD_E_PARSE", "line"),
        (lambda: mlsd.Model.from_bytes(b"nonsense"), (mlsd.FormatError, ValueError), None, ""),
        (lambda: mlsd.Dataset(np.zeros((3, 1))).rows([3]), (mlsd.ArgumentError, ValueError), "MLSD_E_ARG", "3"),
        (lambda: mlsd.Dataset(np.zeros((3, 1))).target(), (mlsd.UnsupportedError, NotImplementedError), "MLSD_E_UNSUPPORTED", ""),
        (lambda: mlsd.score("rmse", [1.0, 2.0], [1.0]), (mlsd.DataError, ValueError), "MLSD_E_SHAPE", "2"),
    ],
)
def test_errors__the_message_names_the_culprit(call, expected, status, words):
    with pytest.raises(expected[0]) as caught:
        call()
    error = caught.value
    assert isinstance(error, expected[1])
    assert error.status < 0 and error.name == lib.mlsd_status_name(error.status).decode()
    assert status in (None, error.name)
    message = str(error)
    assert words in message and message and "\n" not in message
    assert message == error.args[0]  # KeyError, left alone, would put it in quotes
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(twin), str(twin), twin.status, twin.name) == (type(error), message, error.status, error.name)


@pytest.mark.parametrize("name, value", [("seed", 2**63), ("seed", -(2**64)), ("n_splits", 2**64 + 5)])
def test_errors__integers_are_not_cut(name, value):
    with pytest.raises(ValueError, match="64 bits"):
        mlsd.Spec("kfold", **{name: value})


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_errors__texts_that_c_cannot_hold(text):
    with pytest.raises(ValueError):
        mlsd.Spec(text)
    with pytest.raises(ValueError):
        mlsd.Table({"a": [text, "x"]})


def test_errors__wrong_types_are_type_errors():
    for call in (lambda: mlsd.Spec(3), lambda: mlsd.read_csv(3.5), lambda: mlsd.Table.from_arrow([1]), lambda: mlsd.set_progress(3)):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(ValueError, match="no task"):
        mlsd.Dataset([[1.0]], [1.0], task="classify")


def test_errors__a_failed_constructor_is_collected_in_silence(python):
    out = python(
        "import mlsd\n"
        "for make in (lambda: mlsd.Spec('no'), lambda: mlsd.Table({'a': [1, 2], 'b': [1]}), lambda: mlsd.Model.from_bytes(b'')):\n"
        "    try: make()\n"
        "    except mlsd.MlsdError: print('caught')\n"
    )
    assert out.split() == ["caught"] * 3
