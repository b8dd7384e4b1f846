"""Least squares on NIST's linear sets: the digits that doubles allow.

The data and certified values stand in tests/data/nist_linear.json (NIST Statistical Reference Datasets). A ceiling is what exact
arithmetic on the rows as doubles would score: powers of x and decimals that are no doubles cost the rest.
"""

import os

import pytest

if not os.environ.get("MLSD_LIBRARY"):
    pytest.skip("MLSD_LIBRARY names no library", allow_module_level=True)

from nist_linear import SETS, design, fit_mlsd, score

# Digits of coefficients, standard errors, residual standard error, R2 and F that the answer must keep.
LEAST = {
    "Norris": (14.0, 13.8, 13.9, 15.0, 13.6),
    "Pontius": (13.4, 13.6, 13.7, 15.0, 13.4),
    "NoInt1": (14.6, 14.8, 14.9, 15.0, 14.9),
    "NoInt2": (15.0, 14.8, 14.9, 15.0, 14.9),
    "Filip": (7.5, 8.0, 8.0, 10.2, 7.8),
    "Longley": (14.5, 14.2, 14.9, 15.0, 14.8),
    "Wampler1": (15.0, 15.0, 15.0, 15.0, None),
    "Wampler2": (13.1, 14.9, 14.9, 15.0, None),
    "Wampler3": (15.0, 13.0, 14.7, 15.0, 14.6),
    "Wampler4": (15.0, 13.0, 14.7, 15.0, 14.6),
    "Wampler5": (15.0, 13.0, 14.7, 14.5, 14.6),
}
KEYS = ("coef", "std_error", "residual_std_error", "r2", "f")


def test_nist_linear__every_set_is_tested():
    assert list(SETS) == list(LEAST)


@pytest.mark.parametrize("name", LEAST)
def test_nist_linear__digits(name):
    found = score(fit_mlsd(*design(name)), name)
    for key, least in zip(KEYS, LEAST[name]):
        if least is not None:
            assert found[key] >= least, f"{key}: {found[key]:.2f} digits"
