"""The Python examples of the documentation run as printed."""

import subprocess
import sys

import pytest

from conftest import SOURCE

EXAMPLES = sorted((SOURCE / "docs/examples").glob("*.py"))


def test_examples__there_are_some():
    assert [path.name for path in EXAMPLES]


def check_first(lines):
    assert len(lines) == 3 and "afam" in lines[0]
    roc_auc, accuracy = (float(line.split(": ")[1].split(" ")[0]) for line in lines[1:])
    assert 0.75 < roc_auc < 0.9 and 0.85 < accuracy < 0.95


def check_forecast(lines):
    """The series has a trend and seasons that grow: who knows of both is nearest."""
    wrong = {name.strip(): float(words.split()[2]) for name, words in (line.split(": ") for line in lines[:5])}
    assert max(wrong["Holt-Winters"], wrong["AR(p)"]) < wrong["same month"] < min(wrong["last value"], wrong["drift"])
    assert len(lines) == 7


CHECKS = {"first.py": check_first, "forecast.py": check_forecast}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_examples__run(path, tmp_path):
    done = subprocess.run(
        [sys.executable, str(path), str(SOURCE / "docs/examples/data/hmda.csv")],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    CHECKS[path.name](done.stdout.splitlines())
    assert list(tmp_path.iterdir()) == []
