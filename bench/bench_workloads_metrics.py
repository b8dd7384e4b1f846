"""Workloads of metrics: one number of ten million rows."""

import numpy as np

from bench_harness import OURS, PEER, Check, Side, Workload


def _rows(bench):
    rng = np.random.default_rng(9)
    n = bench.size(10_000_000, 1_000_000, 50_000)
    score = rng.random(n)
    return (rng.random(n) < score).astype(np.int64), score


def _metric(bench, name, title, limit_text):
    import mlsd.metrics
    import sklearn.metrics

    y, score = _rows(bench)
    ours, theirs = getattr(mlsd.metrics, title), getattr(sklearn.metrics, title)

    def check(out):
        for key in ("1", "2"):
            yield Check(f"{title} with {key} threads, difference", abs(out[key] - out["sklearn"]), 1e-12)

    sides = [
        Side("mlsd", OURS, lambda: ours(y, score), f"{k} thread{'s' if k > 1 else ''}", n_threads=k, key=str(k))
        for k in (1, 2)
    ]
    sides.append(Side("scikit-learn", PEER, lambda: theirs(y, score), "1 thread", key="sklearn", most=2))
    return Workload(
        name, f"{title} of {len(y):,} rows, two classes, labels int64", sides, check,
        lambda: bench.limits.seconds(read=16 * len(y)), limit_text, repeats=bench.size(9, 5, 1),
    )


def metric_roc_auc(bench):
    return _metric(bench, "metric_roc_auc", "roc_auc_score", "reading labels and scores once, though they must be put in some order")


def metric_log_loss(bench):
    return _metric(bench, "metric_log_loss", "log_loss", "reading labels and probabilities once")


WORKLOADS = {"metric_roc_auc": metric_roc_auc, "metric_log_loss": metric_log_loss}
