"""What the tests of the command-line tool share: running it, and making CSV files.

MLSD_CLI is the path of the built tool. Nothing of the library is imported: the tool is judged from outside.
"""
import csv
import json
import os
import pathlib
import random
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HMDA = SOURCE / "docs/examples/data/hmda.csv"
TOOL = os.environ.get("MLSD_CLI", str(SOURCE / "build/bindings/cli/mlsd"))
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LC_ALL", "LANG")}

OK, DATA, USAGE, IO, SYSTEM, CANCELLED = 0, 1, 2, 3, 4, 130
REPORT_FILES = {"experiment.json", "looks.csv", "model.mlsd", "report.html", "result.json"}


class Outcome:
    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __repr__(self):
        return f"exit code {self.code}\nstdout: {self.out}\nstderr: {self.err}"


@pytest.fixture
def mlsd(tmp_path):
    """Call the tool in an empty directory: mlsd("run", file, "--target", "y").code, .out, .err"""
    work = tmp_path / "work"
    work.mkdir()

    def call(*arguments, cwd=work, variables=(), **options):
        options.setdefault("stdout", subprocess.PIPE)
        process = subprocess.run([TOOL, *map(str, arguments)], stderr=subprocess.PIPE, cwd=cwd,
                                 env=ENVIRONMENT | dict(variables), timeout=120, text=True, errors="replace", **options)
        return Outcome(process)

    call.work = work
    return call


@pytest.fixture
def make_csv(tmp_path):
    """Write rows (a header first) as a CSV file and hand out its path."""
    def make(name, header, rows):
        path = tmp_path / name
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
        return path
    return make


@pytest.fixture
def binary_csv(make_csv):
    """200 rows: two numbers, a category, and a target that they tell something about."""
    return make_csv("binary.csv", ["a", "b", "kind", "y"], binary_rows(200))


def binary_rows(n, seed=1):
    draw = random.Random(seed)
    rows = []
    for _ in range(n):
        a, b = draw.gauss(0, 1), draw.gauss(5, 2)
        kind = draw.choice(["red", "green", "blue"])
        y = "yes" if a + 0.2 * b + draw.gauss(0, 1) > 1 else "no"
        rows.append([f"{a:.5f}", f"{b:.5f}", kind, y])
    return rows


def result_of(directory):
    with open(pathlib.Path(directory) / "result.json") as file:
        return json.load(file)


def without_timings(directory):
    """The bytes of result.json but for the key "timings", which stands last."""
    text = (pathlib.Path(directory) / "result.json").read_text()
    parsed = json.loads(text)
    assert list(parsed)[-1] == "timings"
    return text[: text.rindex('"timings"')]


def assert_refused(outcome, code, *words):
    """One line on standard error that holds each of `words`, the exit code, nothing on standard output."""
    assert outcome.code == code, outcome
    assert outcome.err.endswith("\n") and outcome.err.count("\n") == 1, outcome
    assert outcome.err.startswith("mlsd: "), outcome
    assert len(outcome.err) < 520, outcome
    for word in words:
        assert word in outcome.err, (word, outcome)
    assert outcome.out in ("", None), outcome
