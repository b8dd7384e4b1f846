"""Workloads of intervals by resampling."""

import numpy as np

from bench_harness import OURS, PEER, Check, Side, Workload


def bootstrap(bench):
    """The percentile interval of a mean of many rows: the draws differ, so limits agree within what chance makes of them."""
    from mlsd import intervals
    from scipy import stats

    n, n_resamples = bench.size((100_000, 10_000), (100_000, 1000), (2000, 200))
    x = np.random.default_rng(17).exponential(size=n)
    batch = max(1, 20_000_000 // n)  # whole, its indices would take 8 GB

    def ours():
        return intervals.bootstrap(x, n_resamples=n_resamples)

    def theirs():
        found = stats.bootstrap((x,), np.mean, n_resamples=n_resamples, batch=batch, method="percentile", random_state=0)
        return (*found.confidence_interval, found.standard_error)

    def check(out):
        (low, high, se), mine = out["scipy"], out["mlsd 2"]
        # The standard error of a 2.5 % quantile of B normal numbers is 2.67 / sqrt(B) of theirs; five times that of two.
        allowed = 5 * np.sqrt(2) * 2.67 / np.sqrt(n_resamples)
        yield Check("limits beside scipy's, in standard errors", max(abs(mine.low - low), abs(mine.high - high)) / se, allowed)
        yield Check("standard error beside scipy's, relative", abs(mine.se / se - 1), 5 / np.sqrt(n_resamples))
        yield Check("intervals of 1 and 2 threads that differ in bits", 0 if out["mlsd 1"] == mine else 1, 0)

    return Workload(
        "bootstrap",
        f"percentile interval of a mean, {n_resamples:,} resamples of {n:,} rows",
        [
            *(Side(f"mlsd, {k} thread{'s' if k > 1 else ''}", OURS, ours, n_threads=k, key=f"mlsd {k}") for k in (1, 2)),
            Side("scipy.stats.bootstrap", PEER, theirs, key="scipy", most=1),
        ],
        check,
        lambda: bench.limits.seconds(flops=n * n_resamples),
        "an addition for each row drawn, at the rate of dgemm",
        repeats=bench.size(4, 3, 1),
        notes=[f"scipy draws {batch} resamples at a time"],
    )


def bootstrap_accuracy(bench):
    """The interval of accuracy beside scikit-learn, asked about each resample."""
    from mlsd import intervals
    from sklearn.metrics import accuracy_score

    n, n_resamples, few = bench.size((100_000, 1000, 20), (100_000, 500, 10), (2000, 100, 5))
    rng = np.random.default_rng(18)
    y = rng.integers(0, 3, n)
    predicted = np.where(rng.random(n) < 0.8, y, rng.integers(0, 3, n))

    def theirs():
        from bench_harness import Measured
        import time

        start, found = time.perf_counter(), []
        draw = np.random.default_rng(0)
        for _ in range(few):
            rows = draw.integers(0, n, n)
            found.append(accuracy_score(y[rows], predicted[rows]))
        return Measured((time.perf_counter() - start) * n_resamples / few, np.mean(found))

    def check(out):
        mine, (value, se) = out["mlsd"], (np.mean(y == predicted), np.sqrt(0.25 / n))
        yield Check("mean of scikit-learn's replicates beside the value, in standard errors", abs(out["sklearn"] - value) / se, 5)
        yield Check("value beside numpy's", abs(mine.value - value), 1e-12)

    return Workload(
        "bootstrap_accuracy",
        f"percentile interval of accuracy, {n_resamples:,} resamples of {n:,} rows",
        [
            Side("mlsd", OURS, lambda: intervals.bootstrap(y, predicted, metric="accuracy", n_resamples=n_resamples), n_threads=2),
            Side(f"scikit-learn accuracy_score of drawn rows, {few} x {n_resamples // few}", PEER, theirs, key="sklearn"),
        ],
        check,
        repeats=bench.size(3, 3, 1),
        notes=[f"scikit-learn draws {few} resamples; its seconds are multiplied by {n_resamples // few}"],
    )


WORKLOADS = {"bootstrap": bootstrap, "bootstrap_accuracy": bootstrap_accuracy}
