"""Scorecards of many metrics and groups; NumPy is the witness, formula by formula."""

import copy
import pickle

import numpy as np
import pytest

import mlsd
from mlsd import Spec
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


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_together_say_what_each_says_alone(weighted):
    """Means over rows are filled two at a time and read one column of probabilities: the bits are those of one at a time, and of two."""
    y, p, groups = _rows(150_000)
    p[:200] = np.repeat([0, 1, 1e-300, 1 - 2.0**-53], 50)
    given = {"groups": groups, "sample_weight": np.arange(len(y)) % 3.0} if weighted else {"groups": groups}

    def finish(metrics, prediction):
        return Scorecard(metrics, 2, 5).add(y, prediction, **given).finish().table("scores")

    for metrics in (METRICS, ("brier", "log_loss"), ("log_loss", "zero_one_loss", "brier"), ("brier", "calibration_error", "log_loss"),
                    (mlsd.Spec("log_loss", eps=0.01), "brier")):
        together, of_two = finish(metrics, p), finish(metrics, np.column_stack([1 - p, p]))
        for i, metric in enumerate(metrics):
            alone = finish([metric], p)
            for name in ("value", "low", "high", "se"):
                np.testing.assert_array_equal(together[name][i :: len(metrics)], alone[name], err_msg=f"{metric} {name}")
                np.testing.assert_array_equal(together[name], of_two[name], err_msg=f"{metrics} {name}")


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


def _card(y, p, groups):
    metrics = [*METRICS, "roc_auc", Spec("f_score", beta=2.0)]
    return Scorecard(metrics, 2, 5).add(y, p, np.where(y > 0, 2.0, 1.0), groups=groups)


def _same(a, b):
    a, b = (card.finish().table("scores") for card in (a, b))
    assert all(np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f") for name in a)


@pytest.mark.parametrize(
    "through", [lambda card: Scorecard.from_bytes(card.to_bytes()), lambda card: pickle.loads(pickle.dumps(card)), copy.deepcopy]
)
def test_card_as_bytes_goes_on_as_itself(through):
    """Identity: what was kept, and rows that come later, count as if nothing had happened; the first card is left alone."""
    y, p, groups = _rows(2000)
    card, half = _card(y, p, groups), _card(y[:1000], p[:1000], groups[:1000])
    back = through(half)
    assert type(back) is Scorecard and back.n_rows == 1000
    _same(back, half)
    _same(back.add(y[1000:], p[1000:], np.where(y[1000:] > 0, 2.0, 1.0), groups=groups[1000:]), card)
    assert half.n_rows == 1000 and back.to_bytes() == card.to_bytes()


def test_cards_of_other_processes_are_merged():
    y, p, groups = _rows(3000)
    parts = [_card(y[part], p[part], groups[part]).to_bytes() for part in (slice(0, 900), slice(900, 3000))]
    first, second = map(Scorecard.from_bytes, parts)
    assert first.merge(second) is first
    a, b = (card.finish().table("scores") for card in (first, _card(y, p, groups)))
    for name in ("value", "low", "high", "n"):
        np.testing.assert_allclose(a[name], b[name], rtol=1e-12)


def test_bytes_that_are_no_card():
    card = Scorecard(["accuracy"]).add([0, 1], [0, 1]).to_bytes()
    for bad in (b"", b"scores", card[:-1], card[:40] + bytes([card[40] ^ 1]) + card[41:]):
        with pytest.raises((ValueError, mlsd.MlsdError)) as told:
            Scorecard.from_bytes(bad)
        assert str(told.value) and "\n" not in str(told.value)
    with pytest.raises(ValueError, match="metrics"):
        Scorecard(["accuracy"]).merge(Scorecard(["f1"]))


def test_undefined_is_never_nought():
    """Trap: fairlearn's recall of a group without positives is 0 (scikit-learn's confusion_matrix(normalize) makes NaN 0),
    AIF360's and Aequitas' divisions by 0 are 0 or 10. Here they are NaN, and said to be undefined."""
    y, p = [0, 0, 0, 1, 1], [0, 0, 0, 1, 0]
    names = ["recall", "precision", "fnr", "f1", "positive_likelihood_ratio"]
    scores = Scorecard(names, 2, 2).add(y, p, groups=[0, 0, 0, 1, 1]).finish().table("scores")
    of_first = np.asarray(scores["group"]) == 0
    assert np.isnan(np.asarray(scores["value"])[of_first]).all()
    assert set(np.asarray(scores["status"])[of_first]) == {"undefined"}
    assert not np.isnan(np.asarray(scores["value"])[np.asarray(scores["group"]) == 1][:4]).any()
