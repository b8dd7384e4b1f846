"""Least squares on NIST's linear sets: the digits that doubles allow.

The data and certified values stand in tests/data/nist_linear.json (NIST Statistical Reference Datasets). The ceiling is what
exact arithmetic on the rows as doubles scores: powers of x and decimals that are no doubles cost the rest.
"""

import os

import pytest

if not os.environ.get("MLSD_LIBRARY"):
    pytest.skip("MLSD_LIBRARY names no library", allow_module_level=True)

from nist_linear import SETS, design, fit_exactly, fit_mlsd, score

# Two or three units of rounding of the answer itself; below them, a quarter more error than the rows carry.
LAST_DIGITS = 14.4
SLACK = 0.1


@pytest.mark.parametrize("name", SETS)
def test_nist_linear__reaches_the_ceiling(name):
    ceiling, found = (score(fit(*design(name)), name) for fit in (fit_exactly, fit_mlsd))
    assert set(found) == set(ceiling) >= {"coef", "std_error", "residual_std_error", "r2"}
    for key, digits in ceiling.items():
        assert found[key] >= min(digits - SLACK, LAST_DIGITS), f"{key}: {found[key]:.2f} digits of {digits:.2f}"


def test_nist_linear__every_set_is_tested():
    assert len(SETS) == 11
