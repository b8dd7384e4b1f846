"""A whole experiment on the HMDA mortgage data, repeated step by step with scikit-learn.

Run with the library's path in MLSD_LIBRARY. Witness: scikit-learn 1.2.1 (StratifiedKFold, Pipeline,
OneHotEncoder, StandardScaler, LogisticRegression, DummyClassifier and its metrics) on mlsd's own
training, validation and test rows, and the corrected resampled t interval by NumPy and SciPy.
"""

import ctypes
import json
import os
import pathlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

P, I64 = ctypes.c_void_p, ctypes.c_int64
CSV = pathlib.Path(__file__).resolve().parents[2] / "docs/examples/data/hmda.csv"
SEED = 5
SPEC = {"kind": "experiment", "target": "deny", "slices": ["afam", "single"], "seed": SEED}


@pytest.fixture(scope="session")
def lib():
    path = os.environ.get("MLSD_LIBRARY")
    if not path:
        pytest.skip("MLSD_LIBRARY names no library")
    so = ctypes.CDLL(path)
    so.mlsd_last_error.restype = ctypes.c_char_p
    so.mlsd_folds_part_size.argtypes = [P, I64, I64]
    so.mlsd_folds_part_size.restype = I64
    so.mlsd_folds_part.argtypes = [P, I64, I64, P, I64]
    so.mlsd_result_to_json.argtypes = [P, P, I64, P]
    so.mlsd_experiment_run.argtypes = [P, P, P, P]
    so.mlsd_folds_split_dataset.argtypes = [P, P, P, P]
    return so


def check(lib, status):
    assert status == 0, lib.mlsd_last_error().decode()


def spec_of(lib, what):
    spec = P()
    check(lib, lib.mlsd_spec_from_json(None, json.dumps(what).encode(), ctypes.byref(spec)))
    return spec


@pytest.fixture(scope="session")
def run(lib):
    """The experiment's result, and its three parts as row numbers."""
    table, data, parts, result = P(), P(), P(), P()
    check(lib, lib.mlsd_table_read_csv(None, str(CSV).encode(), None, ctypes.byref(table)))
    check(lib, lib.mlsd_experiment_run(None, spec_of(lib, SPEC), table, ctypes.byref(result)))
    length = I64()
    check(lib, lib.mlsd_result_to_json(result, None, 0, ctypes.byref(length)))
    text = ctypes.create_string_buffer(length.value + 1)
    check(lib, lib.mlsd_result_to_json(result, text, length.value + 1, None))
    names = (ctypes.c_char_p * 1)(b"deny")
    roles = (ctypes.c_char_p * 1)(b"target")
    check(lib, lib.mlsd_dataset_from_table(None, table, names, roles, I64(1), 0,
                                           ctypes.byref(data)))
    holdout = spec_of(lib, {"kind": "holdout", "parts": [0.7, 0.15, 0.15], "stratify": True,
                            "seed": SEED})
    check(lib, lib.mlsd_folds_split_dataset(None, holdout, data, ctypes.byref(parts)))
    rows = []
    for part in range(3):
        n = lib.mlsd_folds_part_size(parts, 0, part)
        rows.append(np.empty(n, dtype=np.int64))
        check(lib, lib.mlsd_folds_part(parts, 0, part, rows[-1].ctypes.data, n))
    return json.loads(text.value), rows


@pytest.fixture(scope="session")
def frame():
    d = pd.read_csv(CSV)
    return d.drop(columns="deny"), (d["deny"] == "yes").to_numpy().astype(int)


def logistic(X):
    texts = [c for c in X if X[c].dtype == object]
    encode = ColumnTransformer([("texts", OneHotEncoder(drop="if_binary"), texts)],
                               remainder="passthrough")
    return make_pipeline(encode, StandardScaler(), LogisticRegression(tol=1e-10, max_iter=10000))


def corrected(scores, ratio, level=0.95):
    j = len(scores)
    half = stats.t.ppf(0.5 + level / 2, j - 1) * np.sqrt((1 / j + ratio) * np.var(scores, ddof=1))
    return np.mean(scores), np.mean(scores) - half, np.mean(scores) + half


def test_leaderboard(run, frame):
    result, (train, _, _) = run
    X, y = frame[0].iloc[train], frame[1][train]
    folds = list(StratifiedKFold(10, shuffle=True, random_state=SEED).split(X, y))
    ratio = np.mean([len(b) / len(a) for a, b in folds])
    ours = {row["model"]: row for row in result["tables"]["leaderboard"]}
    scores = {}
    for name, model in [("constant", DummyClassifier()), ("logistic", logistic(X))]:
        scores[name] = np.array([
            log_loss(y[b], model.fit(X.iloc[a], y[a]).predict_proba(X.iloc[b]))
            for a, b in folds])
        theirs = corrected(scores[name], ratio)
        assert np.allclose([ours[name][k] for k in ("score", "low", "high")], theirs, atol=1e-5)
    theirs = corrected(scores["logistic"] - scores["constant"], ratio)
    keys = ("difference", "difference_low", "difference_high")
    assert np.allclose([ours["logistic"][k] for k in keys], theirs, atol=1e-5)
    theirs = corrected(np.array([row["score"] for row in result["tables"]["fold_scores"]
                                 if row["model"] == "sgd"]), ratio)
    assert np.allclose([ours["sgd"][k] for k in ("score", "low", "high")], theirs, atol=1e-9)


def test_one_standard_error(run):
    board = run[0]["tables"]["leaderboard"]
    best = min(board, key=lambda row: row["score"])
    within = [row for row in board if row["score"] <= best["score"] + best["se"]]
    assert [row["model"] for row in board if row["chosen"]] == [within[0]["model"]]
    assert run[0]["texts"]["chosen"] == within[0]["model"]


def test_parts_keep_the_classes(run, frame):
    result, rows = run
    assert sorted(np.concatenate(rows)) == list(range(len(frame[1])))
    for row, part in zip(result["tables"]["parts"], rows):
        assert row["rows"] == len(part)
        assert abs(row["target_mean"] - frame[1][part].mean()) < 1e-12
        assert abs(frame[1][part].mean() - frame[1].mean()) < 0.01


def test_test_part(run, frame):
    result, (train, valid, test) = run
    assert result["texts"]["chosen"] == "logistic"
    X, y = frame
    seen = np.concatenate([train, valid])
    p = logistic(X).fit(X.iloc[seen], y[seen]).predict_proba(X.iloc[test])[:, 1]
    ours = {row["metric"]: row for row in result["tables"]["test"]}
    assert abs(ours["log_loss"]["value"] - log_loss(y[test], p)) < 1e-5
    assert abs(ours["roc_auc"]["value"] - roc_auc_score(y[test], p)) < 1e-9
    assert abs(ours["brier"]["value"] - brier_score_loss(y[test], p)) < 1e-5
    assert abs(ours["accuracy"]["value"] - accuracy_score(y[test], p > 0.5)) < 1e-12
    share = np.full(len(test), y[seen].mean())
    assert abs(ours["log_loss"]["baseline"] - log_loss(y[test], share)) < 1e-9
    for row in result["tables"]["slices"]:
        inside = (X[row["column"]].iloc[test] == row["level"]).to_numpy()
        assert row["n"] == inside.sum()
        assert abs(row["value"] - log_loss(y[test][inside], p[inside])) < 1e-5
