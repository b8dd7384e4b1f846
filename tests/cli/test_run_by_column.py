"""mlsd run --group and --time: what the parts and the folds go by, and mistakes with them."""
import random

import pytest

from conftest import USAGE, DATA
from test_run import result_of, run_to, without_timings


def visits(n_people=60, n_each=8, seed=5):
    """Rows of people in which the outcome is the person's own: learned by heart, worthless for new people."""
    draw = random.Random(seed)
    rows = []
    for person in range(n_people):
        x, y = draw.gauss(0, 1), draw.choice(["no", "yes"])
        for visit in range(n_each):
            day = f"2024-{1 + (person * 7 + visit * 3) % 12:02d}-{1 + (person + visit * 5) % 28:02d}"
            rows.append([f"p{person}", day, f"{x:.6f}", f"{draw.gauss(0, 1):.4f}", y])
    draw.shuffle(rows)
    return rows


HEADER = ["person", "day", "x", "noise", "y"]


@pytest.fixture
def visits_csv(make_csv):
    return make_csv("visits.csv", HEADER, visits())


def column(result, name):
    return next(row for row in result["tables"]["columns"] if row["column"] == name)


def test_group(mlsd, visits_csv):
    outcome = run_to(mlsd, "grouped", visits_csv, "--target", "y", "--group", "person", "--quick", "--threads", 1)
    result = result_of(mlsd.work / "grouped")
    assert column(result, "person")["role"] == "group" and column(result, "person")["action"] == "split by"
    assert sum(result["numbers"][k] for k in ("n_train", "n_valid", "n_test")) == 480
    assert all(result["numbers"][k] % 8 == 0 for k in ("n_train", "n_valid", "n_test"))  # whole people only
    assert "rows with the same 'person' stay in one part and in one fold" in " ".join(outcome.out.split())
    assert '"stratified_group_kfold"' in (mlsd.work / "grouped/experiment.json").read_text()
    run_to(mlsd, "again", visits_csv, "--spec", "grouped/experiment.json", "--threads", 2)
    assert without_timings(mlsd.work / "grouped") == without_timings(mlsd.work / "again")


def test_time(mlsd, visits_csv):
    outcome = run_to(mlsd, "timed", visits_csv, "--target", "y", "--time", "day", "--quick", "--threads", 1)
    result = result_of(mlsd.work / "timed")
    assert column(result, "day")["role"] == "time" and column(result, "day")["action"] == "split by"
    assert "split by 'day': the latest rows are the test part" in " ".join(outcome.out.split())
    assert '"rolling_split"' in (mlsd.work / "timed/experiment.json").read_text()
    days = sorted(row[1] for row in visits())
    n_train, n_valid, n_test = (int(result["numbers"][k]) for k in ("n_train", "n_valid", "n_test"))
    assert n_test == n_valid == 72
    # By hand: a part ends before the day on which the next begins, and what is between is left out.
    first_tested = days[-n_test]
    before = [day for day in days if day < first_tested]
    assert n_train == sum(day < before[-n_valid] for day in before)
    left = 480 - n_train - n_valid - n_test
    assert left > 0 and f"left out: {left} rows of moments that are cut" in " ".join(outcome.out.split())
    run_to(mlsd, "again", visits_csv, "--spec", "timed/experiment.json", "--threads", 2)
    assert without_timings(mlsd.work / "timed") == without_timings(mlsd.work / "again")


@pytest.mark.parametrize("options, words", [
    (["--group", "person", "--time", "day"], "'group' and 'time' split the rows in two ways"),
    (["--group", "persn"], "'person'"),
    (["--time", "dya"], "'day'"),
    (["--group", "y"], "'y' is the target, so it cannot be the 'group'"),
    (["--time", "y"], "'y' is the target, so it cannot be the 'time'"),
    (["--time", "person"], "which is no date"),
])
def test_mistakes(mlsd, visits_csv, options, words):
    outcome = mlsd("run", visits_csv, "--target", "y", "--quick", *options)
    assert outcome.code in (USAGE, DATA), outcome
    assert words in outcome.err and len(outcome.err.strip().splitlines()) == 1, outcome
    assert not (mlsd.work / "mlsd-report").exists()


def test_a_missing_group(mlsd, make_csv):
    rows = visits()
    rows[11][0] = ""
    outcome = mlsd("run", make_csv("hole.csv", HEADER, rows), "--target", "y", "--group", "person", "--quick")
    assert outcome.code == DATA and "person" in outcome.err and "11" in outcome.err, outcome


def test_too_few_groups(mlsd, make_csv):
    rows = [[f"p{i % 2}", "2024-01-01", f"{i % 7}", f"{i % 5}", "no" if i % 3 else "yes"] for i in range(60)]
    outcome = mlsd("run", make_csv("two.csv", HEADER, rows), "--target", "y", "--group", "person", "--quick")
    assert outcome.code == DATA and "group" in outcome.err and "2" in outcome.err, outcome
