"""Scorecards of many metrics and groups; NumPy is the witness, formula by formula."""

import numpy as np
import pytest

import mlsd
from mlsd.metrics import Scorecard, confusion_matrix

METRICS = ("accuracy", "recall", "log_loss", "brier")


def _rows(n=70_000, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    return (rng.random(n) < p).astype(float), p, rng.integers(-1, 5, n)


def _by_numpy(y, p):
    loss = -np.log(np.where(y > 0, p, 1 - p))
    hit = (p > 0.5) == (y > 0)
    return [hit.mean(), hit[y > 0].mean(), loss.mean(), np.mean((p - y) ** 2)]


def test_values_of_groups_and_of_all_are_those_of_their_rows():
    y, p, groups = _rows()
    scores = Scorecard(METRICS, 2, 5).add(y, p, groups=groups).finish().table("scores")
    for g in range(-1, 5):
        rows = np.ones(len(y), bool) if g < 0 else groups == g
        found = np.asarray(scores["value"])[np.asarray(scores["group"]) == g]
        np.testing.assert_allclose(found, _by_numpy(y[rows], p[rows]), rtol=1e-12)


def test_neither_threads_nor_cuts_nor_dtypes_change_a_bit():
    y, p, groups = _rows(200_000)
    whole = Scorecard(METRICS, 2, 5).add(y, p, groups=groups).finish().table("scores")
    cut = Scorecard(METRICS, 2, 5)
    for first in range(0, len(y), 33_333):
        part = slice(first, first + 33_333)
        cut.add(y[part].astype(np.int64), p[part], groups=groups[part])
    assert cut.n_rows == len(y)
    mlsd.set_threads(1)
    try:
        alone = Scorecard(METRICS, 2, 5).add(np.asarray(y, np.int32), p, groups=groups).finish().table("scores")
    finally:
        mlsd.set_threads(0)
    for name in ("value", "low", "high", "se"):
        np.testing.assert_array_equal(whole[name], cut.finish().table("scores")[name])
        np.testing.assert_array_equal(whole[name], alone[name])


def test_merged_cards_count_as_one():
    y, p, groups = _rows()
    first = Scorecard(["accuracy", "f1"], 2, 5).add(y[:1000], p[:1000], groups=groups[:1000])
    rest = Scorecard(["accuracy", "f1"], 2, 5).add(y[1000:], p[1000:], groups=groups[1000:])
    whole = Scorecard(["accuracy", "f1"], 2, 5).add(y, p, groups=groups)
    np.testing.assert_array_equal(first.merge(rest).finish().table("scores")["low"], whole.finish().table("scores")["low"])


def test_bad_groups_and_shapes_are_named():
    y, p, groups = _rows(100)
    with pytest.raises(ValueError, match="groups has shape"):
        Scorecard(METRICS, 2, 5).add(y, p, groups=groups[:50])
    with pytest.raises(ValueError, match="not a group in 0 .. 4"):
        Scorecard(METRICS, 2, 5).add(y, p, groups=np.full(100, 5))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float64])
@pytest.mark.parametrize("labels", [[0, 1], [0, 2, 7], [3], [-1, 1], [1, 300]])
def test_confusion_of_whole_numbers_is_that_of_counting(dtype, labels):
    rng = np.random.default_rng(1)
    y, q = (rng.choice(labels, 70_000).astype(dtype) for _ in range(2))
    counted = [[int(np.sum((y == a) & (q == b))) for b in labels] for a in labels]
    np.testing.assert_array_equal(confusion_matrix(y, q), counted)


def test_confusion_sees_a_rare_label_between_the_rows_looked_at_first():
    y = np.zeros(10_000, np.int64)
    y[4321], q = -5, np.zeros(10_000, np.int64)
    np.testing.assert_array_equal(confusion_matrix(y, q), [[0, 1], [0, 9999]])
