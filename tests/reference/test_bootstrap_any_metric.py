"""Every kind of metric, on rows of every shape it takes, is bootstrapped in one call.

Witness: the metric itself, evaluated: on the rows as they are (the value), and on rows that stand as often as in a draw
(the replicates: they are values of the metric, so their spread about the value is what the call says it is).
"""

import numpy as np
import pytest

import mlsd
from mlsd import Spec, intervals, metrics

RNG = np.random.default_rng(77)
N = 80


def _shapes():
    y = RNG.integers(0, 2, N)
    p = np.clip(0.3 * y + 0.7 * RNG.random(N), 0, 1)
    three = RNG.integers(0, 3, N)
    labels = RNG.integers(0, 2, (N, 3))
    low = RNG.random(N)
    return {
        "scores of two classes": (y, p),
        "classes": (three, np.where(RNG.random(N) < 0.6, three, RNG.integers(0, 3, N))),
        "probabilities of three": (three, RNG.dirichlet(np.ones(3), N)),
        "labels": (labels, np.where(RNG.random((N, 3)) < 0.7, labels, 1 - labels)),
        "scores of labels": (labels, RNG.random((N, 3)) + 0.5 * labels),
        "numbers": (RNG.random(N) + 0.1, RNG.random(N) + 0.1),
        "outputs": (RNG.random((N, 2)) + 0.1, RNG.random((N, 2)) + 0.1),
        "low and high": (RNG.random(N), np.column_stack([low, low + RNG.random(N)])),
        "survival": (np.column_stack([RNG.random(N), RNG.random(N) < 0.7]), RNG.random(N)),
    }


SHAPES = _shapes()
NEEDED = {"mase": {"scale": 1.7}, "rmsse": {"scale": 1.7}, "crps_quantiles": {"quantiles": [0.2, 0.8]}}
OF_TABLES = ("confusion_matrix", "multilabel_confusion_matrix")  # which have no value
KINDS = [kind["kind"] for kind in mlsd.kinds("metric") if kind["kind"] not in OF_TABLES]


def _accepted(kind):
    for name, (y, p) in SHAPES.items():
        try:
            yield name, y, p, metrics.evaluate(Spec(kind, **NEEDED.get(kind, {})), y, p).number("value")
        except ValueError:
            continue


@pytest.mark.parametrize("kind", KINDS)
def test_every_metric_in_every_shape(kind):
    n_shapes = 0
    for shape, y, p, value in _accepted(kind):
        spec = Spec(kind, **NEEDED.get(kind, {}))
        found, drawn = intervals.bootstrap(y, p, metric=spec, n_resamples=60, return_replicates=True)
        assert found.value == pytest.approx(value, rel=1e-12, abs=1e-12, nan_ok=True), shape
        kept = drawn[~np.isnan(drawn)]
        if np.isnan(value) or len(kept) < len(drawn):
            continue
        n_shapes += 1
        assert found.se == pytest.approx(kept.std(ddof=1), rel=1e-9, abs=1e-12), shape
        assert kept.min() - 1e-12 <= found.low <= found.high <= kept.max() + 1e-12, shape
        assert intervals.jackknife(y, p, metric=spec).value == found.value
    assert n_shapes > 0, "no shape that this metric takes was tried"


@pytest.mark.parametrize(
    "kind, shape", [("adjusted_mutual_info", "classes"), ("hamming_loss", "labels"), ("r2", "outputs"), ("rmse", "outputs"),
                    ("ndcg", "outputs"), ("concordance", "survival"), ("tweedie_deviance", "numbers"), ("pinball", "outputs")]
)
def test_a_replicate_is_the_metric_of_the_rows_drawn(kind, shape):
    """Clusters of one half or the other, of which three of four draws are one twice or both: so replicates are few values."""
    y, p = SHAPES[shape]
    half = np.arange(N) < N // 2
    _, drawn = intervals.bootstrap(y, p, metric=kind, cluster=half, n_resamples=40, return_replicates=True)
    rows = [np.flatnonzero(half), np.flatnonzero(~half), np.arange(N)]
    twice = [np.tile(r, 2) if len(r) < N else r for r in rows]
    possible = [metrics.evaluate(kind, y[r], p[r]).number("value") for r in twice]
    assert len(set(np.round(drawn, 9))) > 1
    assert all(np.isclose(possible, value, rtol=1e-9, atol=1e-12).any() for value in drawn)


def test_parameters_are_heard():
    y, p = SHAPES["numbers"]
    for kind, params in (("pinball", {"alpha": 0.9}), ("tweedie_deviance", {"power": 1.0})):
        found = intervals.bootstrap(y, p, metric=Spec(kind, **params), n_resamples=20)
        assert found.value == pytest.approx(metrics.evaluate(kind, y, p, **params).number("value"), rel=1e-13)
    y, p = SHAPES["scores of two classes"]
    found = intervals.bootstrap(y, p, metric=Spec("log_loss", eps=0.2), n_resamples=20)
    clipped = np.clip(p, 0.2, 0.8)
    assert found.value == pytest.approx(-np.log(np.where(y == 1, clipped, 1 - clipped)).mean(), rel=1e-13)


def test_columns_that_do_not_match():
    y, p = SHAPES["survival"]
    with pytest.raises(ValueError, match="prediction must have 2 columns as y has, got 1"):
        metrics.evaluate("ndcg", y, p)
    with pytest.raises(ValueError, match="studentized"):
        intervals.bootstrap(*SHAPES["outputs"], metric="rmse", method="studentized")
