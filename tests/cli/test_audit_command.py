"""mlsd audit: planted leaks end with code 5 and a line that says what to do, clean data with 0; mlsd run warns."""
import json
import random

import pytest

from conftest import HMDA, OK

FOUND, USAGE, DATA = 5, 2, 1


@pytest.fixture
def table(mlsd):
    """A clean CSV file of two features, groups, days and classes, and a way to write another."""
    rng = random.Random(3)
    rows = [[rng.gauss(0, 1), rng.gauss(0, 1), f"g{i % 30}", i, 0] for i in range(300)]
    for row in rows:
        row[4] = "yes" if row[0] + rng.gauss(0, 1) > 0 else "no"

    def write(name, rows):
        lines = ["a,b,who,day,y"] + [",".join(str(v) for v in row) for row in rows]
        (mlsd.work / name).write_text("\n".join(lines) + "\n")
        return name

    return rows, write


def test_clean_data_end_with_0(mlsd, table):
    rows, write = table
    file = write("clean.csv", rows)
    for more in (["--group", "who"], ["--time", "day"], ["--full"]):
        outcome = mlsd("audit", file, "--target", "y", *more)
        assert outcome.code == OK and "no leak was found" in outcome.out, outcome
    assert mlsd("audit", HMDA, "--target", "deny", "--full").code == OK


def test_copies_end_with_5(mlsd, table):
    rows, write = table
    file = write("copies.csv", rows[:250] + [list(row) for row in rows[:50]])
    outcome = mlsd("audit", file, "--target", "y", "--out", "found.json")
    assert outcome.code == FOUND and "equal a training row" in outcome.out, outcome
    assert all(len(line) <= 80 for line in outcome.out.splitlines())
    found = json.loads((mlsd.work / "found.json").read_text())
    assert found["kind"] == "audit" and found["numbers"]["n_errors"] == 1
    told = mlsd("run", file, "--target", "y", "--quick", "--out", "report").out
    assert "\naudit of the split\n" in told and "The audit of the split found 1 error" in told
    assert "Leaks between training and test" in (mlsd.work / "report" / "report.html").read_text()


def test_groups_and_folds_from_a_file(mlsd, table):
    rows, write = table
    file = write("clean.csv", rows)
    outcome = mlsd("audit", file, "--target", "y", "--group", "who", "--splitter", "kfold", "--set", "shuffle=true")
    assert outcome.code == FOUND and "groups that training has" in outcome.out
    (mlsd.work / "folds.csv").write_text("fold\n" + "".join(f"{i % 30 % 3}\n" for i in range(300)))
    assert mlsd("audit", file, "--target", "y", "--group", "who", "--folds", "folds.csv").code == OK
    (mlsd.work / "few.csv").write_text("fold\n0\n1\n")
    assert "split 2 rows, " in mlsd("audit", file, "--folds", "few.csv").err


def test_mistakes(mlsd, table):
    rows, write = table
    file = write("clean.csv", rows)
    assert mlsd("audit", file, "--target", "why").code == DATA
    assert mlsd("audit", file, "--checks", "overlop").code in (DATA, USAGE)
    assert mlsd("audit", file, "--splitter", "kfolt").code == USAGE
    assert mlsd("audit", file, "--splitter", "kfold", "--folds", "f.csv").code == USAGE
