"""mlsd slices: metrics by group of any model's predictions, a picture in 80 columns, one line where something is wrong."""
import json
import random
from xml.etree import ElementTree

import pytest

from conftest import DATA, OK, USAGE

FOUND = 5

ADMISSIONS = {  # R's UCBAdmissions: men admitted and not, women admitted and not
    "A": (512, 313, 89, 19), "B": (353, 207, 17, 8), "C": (120, 205, 202, 391),
    "D": (138, 279, 131, 244), "E": (53, 138, 94, 299), "F": (22, 351, 24, 317),
}


@pytest.fixture
def admissions_csv(make_csv):
    rows = []
    for dept, counts in ADMISSIONS.items():
        for k, n in enumerate(counts):
            rows += [["yes" if k % 2 == 0 else "no", "male" if k < 2 else "female", dept, 1 if k % 2 == 0 else 0]] * n
    return make_csv("ucb.csv", ["admit", "sex", "dept, in full", "p"], rows)


ADMIT = ["--label", "admit", "--metric", "selection_rate"]


def test_admissions(mlsd, admissions_csv):
    outcome = mlsd("slices", admissions_csv, *ADMIT, "--pred", "p", "--by", "sex", "--by", "dept, in full")
    assert outcome.code == OK, outcome
    assert all(len(line) <= 80 for line in outcome.out.splitlines())
    assert "its sign flips" in " ".join(outcome.out.split())
    assert "class 1, which rates are of: 'yes'" in outcome.out
    asked = ["slices", admissions_csv, *ADMIT, "--pred", "admit", "--by", '"dept, in full",sex']
    result = json.loads(mlsd(*asked, "--json").out)
    value = {row["slice"]: row["value"] for row in result["tables"]["slices"]}
    assert abs(value["sex = male"] - 0.44518766) < 5e-9 and abs(value["sex = female"] - 0.30354223) < 5e-9
    assert mlsd(*asked, "--check").code == FOUND
    other = json.loads(mlsd(*asked, "--json", "--positive", "no").out)
    value = {row["slice"]: row["value"] for row in other["tables"]["slices"]}
    assert abs(value["sex = male"] - (1 - 0.44518766)) < 5e-9


def test_few_rows_and_numbers(mlsd, make_csv):
    rows = [[i % 7, i % 7 + (5 if i < 4 else i % 3 - 1), "few" if i < 4 else "many"] for i in range(200)]
    path = make_csv("numbers.csv", ["y", "p", "g"], [[y + 0.5, p, g] for y, p, g in rows])
    outcome = mlsd("slices", path, "--label", "y", "--pred", "p", "--by", "g", "--check", "--out", "found.json")
    assert outcome.code == OK, outcome
    assert "low support" in outcome.out and "Too few rows to judge" in outcome.out
    found = json.loads((mlsd.work / "found.json").read_text())
    assert {row["metric"] for row in found["tables"]["slices"]} == {"mae", "rmse"}
    assert not any(row["finding"] for row in found["tables"]["slices"])


def test_pages_and_pictures(mlsd, admissions_csv):
    asked = ["slices", admissions_csv, *ADMIT, "--metric", "recall", "--pred", "p", "--by", "sex"]
    assert mlsd(*asked, "--out", "found.html").code == OK and mlsd(*asked, "--out", "found.svg").code == OK
    page, picture = (mlsd.work / "found.html").read_text(), (mlsd.work / "found.svg").read_text()
    assert "its sign flips" not in page and page.count("<svg") == 2 and "sex = female" in page
    drawn = ElementTree.fromstring(picture)
    names = [e.text for e in drawn.iter("{http://www.w3.org/2000/svg}text") if e.get("class") == "name"]
    assert names == ["sex = female", "sex = male"] * 2
    assert mlsd(*asked, "--search", "--out", "found.svg").code != OK


def test_run_takes_columns_with_commas(mlsd, make_csv):
    draw = random.Random(1)
    rows = [[x := draw.gauss(0, 1), draw.choice("uv"), draw.choice("pq"), "yes" if x + draw.gauss(0, 1) > 0 else "no"]
            for _ in range(300)]
    path = make_csv("commas.csv", ["x", "a, b", "c", "y"], rows)
    asked = ["run", path, "--target", "y", "--quick", "--level", "0.8", "--slices", "a, b", "--slices", "c"]
    outcome = mlsd(*asked, "--out", "report")
    assert outcome.code == OK, outcome
    result = json.loads((mlsd.work / "report/result.json").read_text())
    assert [row["column"] for row in result["tables"]["slices"]] == ["a, b", "a, b", "c", "c"]
    assert result["numbers"]["level"] == 0.8 and "o score, --- 80 % interval" in outcome.out
    assert mlsd(*asked, "--slices", "c", "--out", "again").err.count("twice") == 1


@pytest.mark.parametrize("arguments, code, words", [
    (["--pred", "p", "--by", "sex"], USAGE, ["--label"]),
    (["--label", "admit", "--by", "sex"], USAGE, ["--pred"]),
    (["--label", "admit", "--pred", "p"], USAGE, ["--by"]),
    (["--label", "admit", "--pred", "p", "--by", "sexx"], DATA, ["'sexx'", "'sex'"]),
    (["--label", "admit", "--pred", "p", "--by", "sex", "--metric", "recal"], DATA, ["'recal", "'recall'"]),
    (["--label", "p", "--pred", "admit", "--by", "sex"], DATA, ["'admit' has texts"]),
    (["--label", "admit", "--pred", "p", "--by", "sex", "--positive", "maybe"], DATA, ["maybe"]),
    (["--label", "admit", "--pred", "p", "--by", "sex", "--set", "max_levels=1"], DATA, ["'sex' has 2 values", "merge_rare"]),
])
def test_what_is_wrong_is_said_in_one_line(mlsd, admissions_csv, arguments, code, words):
    outcome = mlsd("slices", admissions_csv, *arguments)
    assert outcome.code == code, outcome
    assert outcome.out == "" and len(outcome.err.splitlines()) == 1
    for word in words:
        assert word in outcome.err
