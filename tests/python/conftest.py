"""Fixtures of the Python tests. MLSD_LIBRARY names the library and PYTHONPATH has bindings/python."""

import os
import pathlib
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def source():
    """The root of the source tree."""
    return SOURCE


@pytest.fixture
def python(tmp_path):
    """Run Python code in a process of its own; returns what it printed, and fails where it made noise."""

    def run(code, status=0, stderr="", **environment):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(SOURCE / "bindings/python"), **environment}, check=False,
        )
        assert done.returncode == status, done.stderr + done.stdout
        if stderr is not None:
            assert done.stderr == stderr
        return done.stdout.strip()

    return run
