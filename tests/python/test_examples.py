"""The Python examples of the documentation run as printed."""

import subprocess
import sys

import pytest

from conftest import SOURCE

EXAMPLES = sorted((SOURCE / "docs/examples").glob("*.py"))


def test_examples__there_are_some():
    assert [path.name for path in EXAMPLES]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_examples__run(path, tmp_path):
    done = subprocess.run(
        [sys.executable, str(path), str(SOURCE / "docs/examples/data/hmda.csv")],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3 and "afam" in lines[0]
    roc_auc, accuracy = (float(line.split(": ")[1].split(" ")[0]) for line in lines[1:])
    assert 0.75 < roc_auc < 0.9 and 0.85 < accuracy < 0.95
    assert list(tmp_path.iterdir()) == []
