"""Workloads of metrics of labels: ten metrics of a hundred groups in one pass, and a confusion matrix."""

import numpy as np

from bench_harness import PEER, Check, Side, Workload
from bench_workloads_models import ours

METRICS = ("accuracy", "precision", "recall", "f1", "fpr", "fnr", "selection_rate", "prevalence", "log_loss", "brier")
N_GROUPS = 100


def _rows(n):
    rng = np.random.default_rng(4)
    y = (rng.random(n) < 0.3).astype(np.float64)
    p = 1 / (1 + np.exp(-rng.normal(size=n) - 2 * y + 1))
    return y, p, rng.integers(0, N_GROUPS, n).astype(np.int32)


def _losses(y, p):
    kept = np.clip(p, np.finfo(float).eps, 1 - np.finfo(float).eps)
    return -np.log(np.where(y > 0, kept, 1 - kept)), (p - y) ** 2


def _rates(table, n, log_loss, brier):
    """The ten metrics of each group: `table` is groups x class x predicted class."""
    tn, fp, fn, tp = (table[:, t, k].astype(float) for t in (0, 1) for k in (0, 1))
    return np.column_stack([
        (tp + tn) / n, tp / (tp + fp), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn), fp / (fp + tn), fn / (fn + tp),
        (tp + fp) / n, (tp + fn) / n, log_loss / n, brier / n,
    ])


def _by_bincount(y, p, group):
    code = group * 4 + (y > 0.5) * np.int32(2) + (p > 0.5)
    table = np.bincount(code, minlength=4 * N_GROUPS).reshape(-1, 2, 2)
    sums = [np.bincount(group, weights=loss, minlength=N_GROUPS) for loss in _losses(y, p)]
    return _rates(table, table.sum(axis=(1, 2)), *sums)


def _by_pandas(y, p, group):
    import pandas as pd

    code = group * 4 + (y > 0.5) * np.int32(2) + (p > 0.5)
    log_loss, brier = _losses(y, p)
    frame = pd.DataFrame({"code": code, "log_loss": log_loss, "brier": brier})
    cells = frame.groupby("code", sort=True).agg(n=("brier", "size"), log_loss=("log_loss", "sum"), brier=("brier", "sum"))
    cells = cells.reindex(range(4 * N_GROUPS), fill_value=0)
    table = cells["n"].to_numpy().reshape(-1, 2, 2)
    sums = [cells[name].to_numpy().reshape(-1, 4).sum(axis=1) for name in ("log_loss", "brier")]
    return _rates(table, table.sum(axis=(1, 2)), *sums)


def metrics_by_group(bench):
    from mlsd.metrics import Scorecard

    n = bench.size(5_000_000, 1_000_000, 50_000)
    y, p, group = _rows(n)

    def ours_():
        return Scorecard(METRICS, 2, N_GROUPS).add(y, p, groups=group).finish()

    def check(out):
        found = np.asarray(out["mlsd 2"].table("scores")["value"]).reshape(N_GROUPS + 1, -1)[1:]
        for name in ("numpy", "pandas"):
            yield Check(f"values of all groups, largest difference to {name}", np.max(np.abs(found - out[name])), 1e-12)
        one, two = (np.asarray(out[key].table("scores")["low"]) for key in ("mlsd 1", "mlsd 2"))
        yield Check("bounds that the number of threads changes", int(np.sum(one != two)), 0)

    return Workload(
        "metrics_by_group",
        f"metrics_by_group, {len(METRICS)} metrics x {N_GROUPS} groups of {n:,} rows; mlsd with intervals, the peers without",
        ours(ours_) + [
            Side("NumPy bincount", PEER, lambda: _by_bincount(y, p, group), "1 thread", key="numpy", most=5),
            Side("pandas groupby", PEER, lambda: _by_pandas(y, p, group), "1 thread", key="pandas", most=5),
        ],
        check, lambda: bench.limits.seconds(read=20 * n), "reading the rows once", repeats=bench.size(15, 5, 1),
    )


def metric_confusion(bench):
    import mlsd.metrics
    import sklearn.metrics

    n = bench.size(10_000_000, 1_000_000, 50_000)
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, n)
    predicted = np.where(rng.random(n) < 0.8, y, 1 - y)

    def check(out):
        for key in ("mlsd 1", "mlsd 2"):
            yield Check(f"cells of {key} that differ", int(np.sum(out[key] != out["sklearn"])), 0)

    return Workload(
        "metric_confusion",
        f"confusion_matrix of {n:,} rows, two classes, labels int64",
        ours(lambda: mlsd.metrics.confusion_matrix(y, predicted)) + [
            Side("scikit-learn", PEER, lambda: sklearn.metrics.confusion_matrix(y, predicted), "1 thread", key="sklearn", most=2),
        ],
        check, lambda: bench.limits.seconds(read=2 * 16 * n), "reading the labels twice", repeats=bench.size(9, 5, 1),
    )


WORKLOADS = {"metrics_by_group": metrics_by_group, "metric_confusion": metric_confusion}
