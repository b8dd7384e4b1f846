"""Our own exp, log and so on against mpmath with 60 digits: the largest errors in units in the last place.

MLSD_SWEEP multiplies the points. Run with -s it prints the errors that docs/numerics.md tells.
"""

import math
import os
import random
import subprocess

import pytest

mpmath = pytest.importorskip("mpmath")
from mpmath import mp, mpf  # noqa: E402

mp.dps = 60
POINTS = 500 * int(os.environ.get("MLSD_SWEEP", "1"))
PROGRAM = os.environ["MLSD_MATHFUN_VALUES"]


def uniform(low, high):
    return lambda r: r.uniform(low, high)


def of_any_size(low, high, signs=(1,)):
    return lambda r: r.choice(signs) * 2.0 ** r.uniform(low, high)


def lgamma(x):
    return mpmath.loggamma(x).real


CASES = [
    ("exp", mpmath.exp, uniform(-1, 1), 0.51),
    ("exp", mpmath.exp, uniform(-745.1, 709.7), 0.51),
    ("expm1", mpmath.expm1, uniform(-1, 1), 0.51),
    ("expm1", mpmath.expm1, uniform(-50, 709), 0.51),
    ("expm1", mpmath.expm1, of_any_size(-60, 5, (-1, 1)), 0.51),
    ("log", mpmath.log, uniform(0, 2), 0.51),
    ("log", mpmath.log, uniform(0.98, 1.02), 0.51),
    ("log", mpmath.log, of_any_size(-1074, 1023), 0.51),
    ("log1p", mpmath.log1p, uniform(-1, 1), 0.51),
    ("log1p", mpmath.log1p, of_any_size(-60, 1023), 0.51),
    ("tanh", mpmath.tanh, uniform(-1, 1), 0.51),
    ("tanh", mpmath.tanh, of_any_size(-60, 5, (-1, 1)), 0.51),
    ("erf", mpmath.erf, uniform(-6, 6), 0.52),
    ("erf", mpmath.erf, of_any_size(-1060, 1, (-1, 1)), 0.52),
    ("erfc", mpmath.erfc, uniform(-6, 6), 0.56),
    ("erfc", mpmath.erfc, uniform(0, 27.2), 0.56),
    ("lgamma", lgamma, uniform(0.01, 3), 0.75),
    ("lgamma", lgamma, uniform(3, 40), 0.52),
    ("lgamma", lgamma, uniform(0.99, 1.01), 0.75),
    ("lgamma", lgamma, uniform(1.99, 2.01), 0.75),
    ("lgamma", lgamma, of_any_size(-1000, 1013), 0.75),
]


def error(got, true):
    """In units in the last place of the true value."""
    rounded = float(true)
    if math.isinf(rounded) or math.isinf(got):
        return 0 if got == rounded else math.inf
    return float(abs(mpf(got) - true) / mpf(max(math.ulp(abs(rounded) * (1 - 2**-53)), 2.0**-1074)))


def values(lines):
    done = subprocess.run([PROGRAM], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [float.fromhex(line) for line in done.stdout.split()]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_error(case):
    name, true, draw, bound = CASES[case]
    r = random.Random(case)
    points = [draw(r) for _ in range(POINTS)]
    errors = [error(got, true(mpf(x))) for x, got in zip(points, values([f"{name} {x.hex()}" for x in points]))]
    print(f"{name} on [{min(points):.3g}, {max(points):.3g}]: {max(errors):.3f}")
    assert max(errors) <= bound, points[errors.index(max(errors))].hex()


def test_error_of_pow():
    r = random.Random(7)
    points = [(2.0 ** r.uniform(-1000, 1000), r.uniform(-1.05, 1.05)) for _ in range(POINTS)]
    points += [(r.uniform(0.5, 2), r.uniform(-1100, 1100)) for _ in range(POINTS)]
    points += [(1 + r.uniform(-1, 1) * 2**-30, r.uniform(-1, 1) * 2**39) for _ in range(POINTS)]
    got = values([f"pow {x.hex()} {y.hex()}" for x, y in points])
    errors = [error(g, mpf(x) ** mpf(y)) for g, (x, y) in zip(got, points)]
    print(f"pow: {max(errors):.3f}")
    assert max(errors) <= 0.52, points[errors.index(max(errors))]


def test_absolute_error_of_lgamma_between_its_negative_poles():
    """Near the zeros there no relative accuracy is promised: an absolute error of some units of what is subtracted."""
    r = random.Random(8)
    points = [r.uniform(-20, -0.01) for _ in range(POINTS)]
    for x, got in zip(points, values([f"lgamma {x.hex()}" for x in points])):
        assert abs(got - lgamma(mpf(x))) <= 4e-16 * (4 + abs(math.lgamma(-x))), x.hex()
