"""Fingerprints and descriptions of folds against an account of them in Python.

Witness: xxHash's own Python package for the fingerprint, whose definition is written out here from the comment in
folds_fingerprint.c; numpy's counts for the description. Run with the library's path in MLSD_LIBRARY.
"""

import ctypes
import json
import os
import struct

import numpy as np
import pytest

P, I64 = ctypes.c_void_p, ctypes.c_int64
N = 10007
SPECS = [
    {"kind": "kfold", "n_splits": 7, "shuffle": True},
    {"kind": "kfold", "n_splits": 5},
    {"kind": "time_series_split", "n_splits": 20},
    {"kind": "holdout"},
    {"kind": "holdout", "parts": [0.5, 0.3, 0.2], "stratify": True},
    {"kind": "repeated_kfold", "n_splits": 3, "n_repeats": 2},
    {"kind": "group_kfold", "n_splits": 3},
    {"kind": "leave_p_groups_out", "n_groups": 2},
]


@pytest.fixture(scope="session")
def lib():
    library = ctypes.CDLL(os.environ["MLSD_LIBRARY"])
    library.mlsd_last_error.restype = ctypes.c_char_p
    for name in ("n_splits", "n_parts", "part_size"):
        getattr(library, f"mlsd_folds_{name}").restype = I64
    return library


def must(lib, status):
    assert status == 0, lib.mlsd_last_error().decode()


@pytest.fixture(scope="session")
def data(lib):
    """A table with a target, groups and times, and the same as arrays."""
    draw = np.random.RandomState(3)
    columns = {
        "x": draw.randn(N),
        "y": draw.randint(0, 3, N).astype(float),
        "g": draw.randint(0, 6, N).astype(float),
        "t": np.cumsum(draw.rand(N)),
        "z": draw.randn(N) * 1e6,
    }
    table = P()
    must(lib, lib.mlsd_table_new(None, ctypes.byref(table)))
    for name, values in columns.items():
        must(lib, lib.mlsd_table_set_f64(table, name.encode(), P(values.ctypes.data), I64(N)))
    return table, columns


def make_dataset(lib, table, target):
    names = [target, b"g", b"t"]
    roles = [b"target", b"group", b"time"]
    dataset = P()
    task = 3 if target == b"y" else 1
    must(lib, lib.mlsd_dataset_from_table(None, table, (ctypes.c_char_p * 3)(*names), (ctypes.c_char_p * 3)(*roles), I64(3),
                                          task, ctypes.byref(dataset)))
    return dataset


def make_folds(lib, spec, dataset):
    splitter, folds = P(), P()
    must(lib, lib.mlsd_spec_from_json(None, json.dumps(spec).encode(), ctypes.byref(splitter)))
    must(lib, lib.mlsd_folds_split_dataset(None, splitter, dataset, ctypes.byref(folds)))
    lib.mlsd_spec_free(splitter)
    return folds


def parts_of(lib, folds):
    out = []
    for split in range(lib.mlsd_folds_n_splits(folds)):
        parts = []
        for part in range(lib.mlsd_folds_n_parts(folds)):
            rows = np.empty(lib.mlsd_folds_part_size(folds, I64(split), I64(part)), dtype=np.int64)
            must(lib, lib.mlsd_folds_part(folds, I64(split), I64(part), P(rows.ctypes.data), I64(len(rows))))
            parts.append(rows)
        out.append(parts)
    return out


def fingerprint(xxhash, splits, n_rows):
    """The definition, piece by piece."""
    def words(values, seed):
        return xxhash.xxh3_64_intdigest(struct.pack(f"<{len(values)}Q", *(v & (2**64 - 1) for v in values)), seed=seed)

    result = words([n_rows, len(splits), len(splits[0])], 0)
    for first in range(0, len(splits), 16):
        chain = 0
        for parts in splits[first:first + 16]:
            others = np.concatenate(parts[1:])
            rest = np.setdiff1d(np.arange(n_rows), others)
            is_rest = len(np.unique(others)) == len(others) and np.array_equal(parts[0], rest)
            for number, rows in enumerate(parts):
                value, how = 0, 0
                if number == 0 and is_rest:
                    how = 1
                else:
                    for at in range(0, len(rows), 4096):
                        value = words(rows[at:at + 4096].tolist(), value)
                chain = words([len(rows), how, value], chain)
        result = words([chain], result)
    return result


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: json.dumps(spec))
def test_folds__fingerprint(lib, data, spec):
    xxhash = pytest.importorskip("xxhash")
    dataset = make_dataset(lib, data[0], b"y")
    folds = make_folds(lib, spec, dataset)
    value = ctypes.c_uint64()
    must(lib, lib.mlsd_folds_fingerprint(None, folds, ctypes.byref(value)))
    assert value.value == fingerprint(xxhash, parts_of(lib, folds), N)
    lib.mlsd_folds_free(folds)
    lib.mlsd_dataset_free(dataset)


def read_table(lib, table):
    lib.mlsd_table_name.restype = ctypes.c_char_p
    lib.mlsd_table_n_columns.restype = lib.mlsd_table_n_rows.restype = I64
    n = lib.mlsd_table_n_rows(table)
    out = {}
    for column in range(lib.mlsd_table_n_columns(table)):
        values = np.empty(n)
        must(lib, lib.mlsd_table_get_f64(table, I64(column), I64(0), I64(n), P(values.ctypes.data)))
        out[lib.mlsd_table_name(table, I64(column)).decode()] = values
    return out


@pytest.mark.parametrize("target", [b"y", b"z"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: json.dumps(spec))
def test_folds__description(lib, data, spec, target):
    table, columns = data
    dataset = make_dataset(lib, table, target)
    folds = make_folds(lib, {**spec, **({"stratify": False} if target == b"z" and "stratify" in spec else {})}, dataset)
    described = P()
    must(lib, lib.mlsd_folds_describe(None, folds, dataset, ctypes.byref(described)))
    got = read_table(lib, described)
    at = 0
    for split, parts in enumerate(parts_of(lib, folds)):
        for part, rows in enumerate(parts):
            assert (got["split"][at], got["part"][at], got["rows"][at]) == (split, part, len(rows))
            assert got["share"][at] == len(rows) / N
            assert got["groups"][at] == len(np.unique(columns["g"][rows]))
            assert (got["time_first"][at], got["time_last"][at]) == (columns["t"][rows].min(), columns["t"][rows].max())
            if target == b"y":
                for name in "012":
                    assert got[f"class {name}"][at] == np.mean(columns["y"][rows] == float(name))
            else:
                values = columns["z"][rows]
                assert got["target_mean"][at] == pytest.approx(values.mean(), rel=1e-12)
                assert (got["target_min"][at], got["target_max"][at]) == (values.min(), values.max())
            at += 1
    assert at == len(got["rows"])
    lib.mlsd_table_free(described)
    lib.mlsd_folds_free(folds)
    lib.mlsd_dataset_free(dataset)
