"""What a suite's verdicts promise. Witnesses: scipy's beta and binomial distributions (Clopper & Pearson), and simulation."""
import json

import numpy as np
import pandas
import pytest
from scipy import stats

from mlsd.testing import Suite


def write(directory, frame, **one):
    frame.to_csv(directory / "cases.csv", index=False)
    (directory / "t.suite.json").write_text(json.dumps({"cases": "cases.csv", "label": "y", "sets": [{"name": "s", **one}]}))
    return Suite(directory / "t.suite.json")


def judge(suite, right):
    """A model that is right where it is said to be; all labels are yes."""
    return suite.run(lambda table: np.column_stack([~right, right]).astype(float), classes=["no", "yes"])


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 29, 298, 299, 300, 473, 2000])
def test_pass_rates_are_clopper_and_pearsons(tmp_path, n, level):
    rate = 0.99
    suite = write(tmp_path, pandas.DataFrame({"y": ["yes"] * n}), role="regression", rate=rate, level=level)
    for n_failed in {0, 1, 2, 4, n // 2, n - 1, n} & set(range(n + 1)):
        found = judge(suite, np.arange(n) >= n_failed).tests
        k = n - n_failed
        bound = stats.beta.ppf(1 - level, k, n_failed + 1) if k > 0 else 0.0
        assert found["low"][0] == pytest.approx(bound, rel=1e-9, abs=1e-300), (n, n_failed)
        # The same asked the other way: would a rate of 99 % often do so well?
        shown = stats.binom.sf(k - 1, n, rate) <= 1 - level
        assert found["status"][0] == ("passed" if shown else "cannot tell" if k / n >= rate else "failed"), (n, n_failed)


N_RUNS = 1000


def shares(directory, rates, sizes, margin, seed):
    """How often a uniformity set passes, fails, and cannot tell, of models with these rates in the groups."""
    draw = np.random.default_rng(seed)
    group = np.repeat(["a", "b", "c"][: len(sizes)], sizes)
    suite = write(directory, pandas.DataFrame({"g": group, "y": "yes"}), role="uniformity", by="g", metric="accuracy", margin=margin)
    chance = np.repeat(rates, sizes)
    found = [judge(suite, draw.random(len(chance)) < chance).status for _ in range(N_RUNS)]
    return [found.count(status) / N_RUNS for status in ("passed", "failed", "cannot tell")]


@pytest.mark.parametrize("rates, sizes, margin", [
    ([0.9, 0.8], [200, 200], 0.1),
    ([0.95, 0.85], [60, 600], 0.1),
    ([0.8, 0.9], [60, 600], 0.1),
    ([0.99, 0.94], [300, 300], 0.05),
])
def test_a_difference_of_the_margin_passes_and_fails_in_5_percent(tmp_path, rates, sizes, margin):
    passed, failed, _ = shares(tmp_path, rates, sizes, margin, seed=1)
    most = stats.binom.ppf(0.9999, N_RUNS, 0.055) / N_RUNS  # the intervals are Wilson's: about 5 %, not at most
    assert passed <= most and failed <= most


def test_equal_groups_pass_and_unequal_ones_fail_when_there_are_cases_enough(tmp_path):
    assert shares(tmp_path, [0.9, 0.9, 0.9], [600, 600, 600], 0.1, seed=2)[0] > 0.99
    assert shares(tmp_path, [0.9, 0.7], [600, 600], 0.1, seed=3)[1] > 0.95
    passed, failed, cannot_tell = shares(tmp_path, [0.9, 0.9], [40, 40], 0.1, seed=4)
    assert cannot_tell > 0.5 and failed < 0.01  # few cases are no proof of anything


def test_dozens_of_equal_groups_do_not_fail_by_their_number(tmp_path):
    draw = np.random.default_rng(5)
    group = np.repeat([f"g{i}" for i in range(30)], 60)
    suite = write(tmp_path, pandas.DataFrame({"g": group, "y": "yes"}), role="uniformity", by="g", metric="accuracy", margin=0.001)
    n_failed = sum(judge(suite, draw.random(len(group)) < 0.8).status == "failed" for _ in range(200))
    assert n_failed <= stats.binom.ppf(0.9999, 200, 0.05)  # of uncorrected tests three in four would
