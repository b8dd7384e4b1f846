"""How often the 95 % intervals of metrics that are no means of rows cover. Prints a table of docs/intervals.md.

    MLSD_LIBRARY=build/lib/libmlsd.so.0 PYTHONPATH=bindings/python python3 bench/spread_coverage.py [draws]

Rows are drawn from distributions whose true value is known in closed form, or is that of 4 million rows.
"""

import math
import sys

import numpy as np

from mlsd import metrics

RNG = np.random.default_rng(1)


def normals(shift, share):
    def draw(n):
        y = (RNG.random(n) < share).astype(int)
        return y, RNG.normal(size=n) + shift * y

    return draw


def raters(agreement):
    """Two labellings of the same things: the second repeats the first, or draws one of four labels."""
    def draw(n):
        y = RNG.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
        return y, np.where(RNG.random(n) < agreement, y, RNG.choice(4, n, p=[0.4, 0.3, 0.2, 0.1]))

    return draw


def classes(n):
    p = RNG.dirichlet(np.ones(3), n)
    y = (RNG.random(n)[:, None] > np.cumsum(0.7 * p + 0.3 / 3, axis=1)).sum(axis=1)
    return y, p


def off(n):
    """Calibrated, but that in the bin above 0.8 it happens less often by 0.15."""
    q = RNG.random(n)
    return (RNG.random(n) < np.where(q > 0.8, q - 0.15, q)).astype(int), q


def phi(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


SPEC = "equal distributions", "1 s.d. apart", "1.5 s.d. apart, 15 % of class 1"
CASES = [  # kind, parameters, rows, what is drawn, true value
    ("ks", {}, SPEC[0], normals(0, 0.5), 0),
    ("ks", {}, SPEC[1], normals(1, 0.5), 2 * phi(0.5) - 1),
    ("ks", {}, SPEC[2], normals(1.5, 0.15), 2 * phi(0.75) - 1),
    ("equal_error_rate", {}, SPEC[1], normals(1, 0.5), phi(-0.5)),
    ("equal_error_rate", {}, SPEC[2], normals(1.5, 0.15), phi(-0.75)),
    ("roc_auc", {"max_fpr": 0.2}, SPEC[1], normals(1, 0.5), None),
    ("roc_auc", {"max_fpr": 0.2}, SPEC[2], normals(1.5, 0.15), None),
    ("roc_auc", {"multi_class": "ovo"}, "three classes", classes, None),
    ("adjusted_rand", {}, "60 % agree", raters(0.6), None),
    ("adjusted_rand", {}, "no agreement but by chance", raters(0), 0),
    ("adjusted_mutual_info", {}, "60 % agree", raters(0.6), None),
    ("normalized_mutual_info", {}, "60 % agree", raters(0.6), None),
    ("mutual_info", {}, "60 % agree", raters(0.6), None),
    ("v_measure", {}, "no agreement but by chance", raters(0), 0),
    ("calibration_error", {"norm": "max", "n_bins": 5}, "one bin of five is off", off, 0.15),
    ("calibration_error", {"multi_class": "classwise", "n_bins": 5}, "three classes", classes, None),
    ("calibration_error", {"multi_class": "confidence", "n_bins": 5}, "three classes", classes, None),
    ("calibration_error", {"norm": "l2", "multi_class": "classwise", "n_bins": 5}, "three classes", classes, None),
    ("brier_reliability", {"n_bins": 5}, "three classes", classes, None),
    ("brier_resolution", {"n_bins": 5}, "three classes", classes, None),
]


def coverage(kind, params, draw, truth, n, n_draws):
    above = below = undefined = width = 0
    for _ in range(n_draws):
        r = metrics.evaluate(kind, *draw(n), **params)
        low, high = r.number("low"), r.number("high")
        if math.isnan(low):
            undefined += 1
            continue
        above += low > truth
        below += high < truth
        width += high - low
    n_defined = n_draws - undefined
    return [100 * x / n_defined for x in (n_defined - above - below, above, below)] + [width / n_defined]


def main():
    n_draws = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("| metric | rows drawn | n | true | coverage | too high | too low | width |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind, params, words, draw, truth in CASES:
        if truth is None:
            truth = metrics.evaluate(kind, *draw(4_000_000), level=None, **params).number("value")
        name = "`" + kind + "`" + "".join(f", {k} {v}" for k, v in params.items() if k != "n_bins")
        for n in (100, 1000):
            covered, high, low, width = coverage(kind, params, draw, truth, n, n_draws)
            print(f"| {name} | {words} | {n} | {truth:.3f} | {covered:.1f} | {high:.1f} | {low:.1f} | {width:.3f} |", flush=True)


if __name__ == "__main__":
    main()
