"""The table of signatures agrees with the headers, argument by argument, and the struct with C's layout.

Witness: the headers themselves, parsed here, and the C compiler's offsets where there is a compiler.
"""

import ctypes
import re
import shutil
import subprocess

import pytest

from mlsd import _signatures as s

CALLBACKS = {
    "mlsd_release_fn": s.RELEASE_FN,
    "mlsd_progress_fn": s.PROGRESS_FN,
    "mlsd_chunk_fn": s.CHUNK_FN,
    "mlsd_suite_predict_fn": s.SUITE_PREDICT_FN,
    "mlsd_log_fn": s.LOG_FN,
    "mlsd_alloc_fn": s.ALLOC_FN,
    "mlsd_realloc_fn": s.REALLOC_FN,
    "mlsd_free_fn": s.FREE_FN,
    "mlsd_custom_fit_fn": s.FIT_FN,
    "mlsd_custom_predict_fn": s.PREDICT_FN,
    "mlsd_custom_free_fn": s.STATE_FREE_FN,
    "mlsd_custom_width_fn": s.WIDTH_FN,
    "mlsd_custom_augment_fn": s.AUGMENT_FN,
    "mlsd_custom_attribute_fn": s.ATTRIBUTE_FN,
    "mlsd_custom_save_fn": s.STATE_SAVE_FN,
    "mlsd_custom_load_fn": s.STATE_LOAD_FN,
}
VALUES = {"int": ctypes.c_int, "uint64_t": ctypes.c_uint64, "int32_t": s.I32, "uint32_t": ctypes.c_uint32, "int64_t": s.I64, "double": s.F64, "size_t": s.SIZE}
POINTERS = {
    "int32_t": s.I32S,
    "uint32_t": s.U32S,
    "int64_t": s.I64S,
    "uint64_t": s.U64S,
    "double": s.F64S,
    "size_t": s.SIZES,
    "mlsd_matrix": s.MATRIX,
    "void": s.POINTER,
}
POINTERS_TO_POINTERS = {"mlsd_matrix": s.MATRICES, "double": s.F64SS, "void": s.HANDLE_OUT}


@pytest.fixture(scope="module")
def headers(source):
    text = "\n".join(p.read_text() for p in sorted((source / "include/mlsd").glob("*.h")))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"^ *#.*$", "", text, flags=re.M)  # the definition of MLSD_API declares nothing


@pytest.fixture(scope="module")
def types(headers):
    """What typedefs stand for: int32_t for closed sets, None for opaque structs."""
    found = {name: what for what, name in re.findall(r"typedef (\w+) (mlsd_\w+);", headers)}
    opaque = re.findall(r"typedef struct (mlsd_\w+) \1;", headers) + ["ArrowSchema", "ArrowArray", "ArrowArrayStream"]
    return {**found, **dict.fromkeys(opaque)}


def ctypes_of(declared, types):
    """The ctypes type of a C declaration without its name."""
    words = [w for w in re.findall(r"\w+|\*", declared) if w not in ("const", "struct")]
    base, stars = words[0], words.count("*")
    if base in CALLBACKS:
        return CALLBACKS[base]
    if base == "char":
        return {1: s.TEXT, 2: s.TEXTS}[stars]
    base = types.get(base, base)
    if stars == 0:
        return None if base == "void" else VALUES[base]
    if base is None:
        return {1: s.HANDLE, 2: s.HANDLE_OUT}[stars]
    rules = {1: POINTERS, 2: POINTERS_TO_POINTERS}.get(stars, {})
    return rules[base] if base in rules else pytest.fail(f"no rule for {declared!r}")


def without_name(parameter):
    return re.sub(r"\w+\s*$", "", parameter.strip())


def declarations(text):
    for result, name, parameters in re.findall(r"^MLSD_API\s+([^;(]*?)\b(mlsd_\w+)\s*\(([^)]*)\)\s*;", text, flags=re.M):
        yield name, result, [] if parameters.strip() == "void" else parameters.split(",")


def test_signatures__every_function_agrees_argument_by_argument(headers, types):
    declared = list(declarations(headers))
    assert len(declared) > 100
    assert {name for name, _, _ in declared} == set(s.SIGNATURES)
    for name, result, parameters in declared:
        fails = result.strip() == "mlsd_status" and name != "mlsd_status_at"
        expected = (s.STATUS if fails else ctypes_of(result, types), [ctypes_of(without_name(p), types) for p in parameters])
        assert s.SIGNATURES[name] == expected, name


def test_signatures__every_callback_agrees(headers, types):
    found = re.findall(r"typedef\s+([^;(]*?)\(\*(mlsd_\w+_fn)\)\(([^)]*)\)\s*;", headers)
    assert {name for _, name, _ in found} == set(CALLBACKS)
    for result, name, parameters in found:
        prototype = CALLBACKS[name]
        assert prototype._restype_ is ctypes_of(result, types), name
        assert list(prototype._argtypes_) == [ctypes_of(without_name(p), types) for p in parameters.split(",")], name


def test_signatures__matrix_has_the_layout_of_c(source, tmp_path):
    fields = [name for name, _ in s.Matrix._fields_]
    assert ctypes.sizeof(s.Matrix) == 48
    assert [getattr(s.Matrix, f).offset for f in fields] == [0, 8, 16, 24, 32, 40, 44]
    assert [getattr(s.Matrix, f).size for f in fields] == [8, 8, 8, 8, 8, 4, 4]
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    checks = "".join(
        f'_Static_assert(offsetof(mlsd_matrix, {f}) == {getattr(s.Matrix, f).offset}, "{f}");\n'
        f'_Static_assert(sizeof ((mlsd_matrix *)0)->{f} == {getattr(s.Matrix, f).size}, "{f}");\n'
        for f in fields
    )
    file = tmp_path / "layout.c"
    file.write_text(f'#include "mlsd/matrix.h"\n_Static_assert(sizeof(mlsd_matrix) == 48, "size");\n{checks}')
    subprocess.run(["cc", f"-I{source / 'include'}", "-fsyntax-only", str(file)], check=True)


def test_signatures__are_set_on_the_library():
    from mlsd._library import lib

    for name, (result, arguments) in s.SIGNATURES.items():
        function = getattr(lib, name)
        fails = result is s.STATUS
        assert function.restype is (ctypes.c_int32 if fails else result) and list(function.argtypes) == arguments
        assert hasattr(function, "errcheck") == fails or not fails and function.errcheck is None
