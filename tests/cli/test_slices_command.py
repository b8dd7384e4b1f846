"""mlsd slices: metrics by group of any model's predictions, a picture in 80 columns, one line where something is wrong."""
import json
import random
import subprocess
from xml.etree import ElementTree

import pytest

from conftest import DATA, ENVIRONMENT, OK, TOOL, USAGE

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


def _guesses(n=600, seed=3):
    """Rows of y and a guess that is wrong for one in four."""
    draw = random.Random(seed)
    for _ in range(n):
        y = draw.random() < 0.5
        yield draw, int(y), int(y if draw.random() < 0.75 else not y)


def _names(out):
    """The first cells of the lines of a picture."""
    lines = out.split("  slice")[1].split("\n\n")[0].splitlines()[1:]
    return [line[2:].split("  ")[0].rsplit(" 0.", 1)[0].strip() for line in lines]


def test_names_keep_what_tells_them_apart(mlsd, make_csv):
    kinds = [f"a long name of which only the last word differs: {word}" for word in ("red", "green", "blue")]
    rows = [[draw.choice(kinds), draw.choice("uv"), draw.choice(["short", "tall"]), y, p]
            for draw, y, p in _guesses()]
    path = make_csv("names.csv", ["kind", "b", "c", "y", "p"], rows)
    asked = ["slices", path, "--label", "y", "--pred", "p", "--metric", "accuracy"]
    for more, n in ((["--by", "kind"], 3), (["--by", "kind,b,c", "--intersections", "3"], 3 + 2 + 2 + 6 + 6 + 4 + 12)):
        outcome = mlsd(*asked, *more)
        assert outcome.code == OK and all(len(line) <= 80 for line in outcome.out.splitlines()[1:]), outcome
        names = _names(outcome.out)
        assert len(names) == n and len(set(names)) == n, names


def test_every_cell_of_a_control_is_there(mlsd, make_csv):
    rows = [[draw.choice("ab" if i % 2 else "abc"), "odd" if i % 2 else "even", y, p] for i, (draw, y, p) in enumerate(_guesses())]
    path = make_csv("control.csv", ["g", "half", "y", "p"], rows)
    asked = ["slices", path, "--label", "y", "--pred", "p", "--by", "g", "--control", "half", "--metric", "accuracy"]
    table = json.loads(mlsd(*asked, "--json").out)["tables"]["slices"]
    cells = {(row["level"], row["control"]): row for row in table}
    assert len(table) == len(cells) == 6
    nobody = cells["c", "half = odd"]
    assert nobody["n"] == 0 and nobody["value"] is None and nobody["status"] == "undefined" and not nobody["finding"]
    shown = mlsd(*asked).out
    assert "undefined" in shown and "g = c, among half = odd" in " ".join(shown.split())


def test_probabilities_of_many_classes_may_be_rounded(mlsd, make_csv):
    rows = []
    for draw, y, _ in _guesses():
        weights = [draw.random() for _ in range(3)]
        rows.append([draw.choice("uv"), draw.choice(["no", "perhaps", "yes"]), *(f"{x / sum(weights):.2f}" for x in weights)])
    assert any(abs(sum(map(float, row[2:])) - 1) > 1e-9 for row in rows)
    asked = ["--label", "y", "--pred", "p0", "--pred", "p1", "--pred", "p2", "--by", "g", "--json"]
    header = ["g", "y", "p0", "p1", "p2"]
    outcome = mlsd("slices", make_csv("rounded.csv", header, rows), *asked, "--metric", "log_loss")
    assert outcome.code == OK, outcome
    rows[4][2:] = [0.2, 0.3, 0.3]
    outcome = mlsd("slices", make_csv("wrong.csv", header, rows), *asked)
    assert outcome.code == DATA and len(outcome.err.splitlines()) == 1
    assert "row 5" in outcome.err and "'p0' to 'p2'" in outcome.err and "0.8" in outcome.err
    rows[4][2:] = [1.5, -0.3, -0.2]
    outcome = mlsd("slices", make_csv("wrong.csv", header, rows), *asked)
    assert outcome.code == DATA and "row 5 of column 'p0' is 1.5" in outcome.err


def test_a_pipe_and_classes_for_probabilities(mlsd, make_csv):
    path = make_csv("piped.csv", ["g", "y", "p"], [[draw.choice("uv"), y, p] for draw, y, p in _guesses()])
    asked = ["--label", "y", "--pred", "p", "--by", "g", "--metric", "roc_auc"]
    with open(path) as file:
        piped = mlsd("slices", "-", *asked, stdin=file)
    named = mlsd("slices", path, *asked)
    assert piped.code == OK and piped.out.startswith("standard input: 600 rows")
    assert piped.out.splitlines()[1:] == named.out.splitlines()[1:]
    assert "note: 'p' has classes only; roc_auc" in named.out
    assert "roc_auc: area under the ROC curve" in named.out


def test_too_little_is_never_a_finding(mlsd, make_csv):
    path = make_csv("one.csv", ["g", "y", "p"], [["u", 1, 0]])
    outcome = mlsd("slices", path, "--label", "y", "--pred", "p", "--by", "g", "--check")
    assert outcome.code == OK and "one.csv: 1 row\n" in outcome.out
    assert "No group can be judged" in outcome.out and "worse" not in outcome.out
    # All 15 of a group are wrong, nobody else: so far from chance, and too few to say so.
    rows = [["few" if i < 15 else "many", y, 1 - y if i < 15 else y] for i, (_, y, _) in enumerate(_guesses())]
    path = make_csv("few.csv", ["g", "y", "p"], rows)
    for more in ([], ["--metric", "roc_auc"], ["--metric", "recall"], ["--metric", "brier"], ["--metric", "f1"]):
        outcome = mlsd("slices", path, "--label", "y", "--pred", "p", "--by", "g", "--check", *more)
        assert outcome.code == OK and " is worse" not in outcome.out and "low support" in outcome.out, outcome


def test_a_column_of_names_is_refused_or_merged(mlsd, make_csv):
    path = make_csv("wide.csv", ["id", "y", "p"], [[f"u{i}", i % 2, int(i % 3 == 0)] for i in range(3000)] + [["often", 1, 1]] * 200)
    asked = ["slices", path, "--label", "y", "--pred", "p", "--by", "id", "--metric", "accuracy"]
    outcome = mlsd(*asked)
    assert outcome.code == DATA and outcome.out == "" and len(outcome.err.splitlines()) == 1
    assert "3001 values" in outcome.err and "merge_rare" in outcome.err
    outcome = mlsd(*asked, "--merge-rare", "100")
    assert outcome.code == OK and "id = (other)" in outcome.out and "id = often" in outcome.out


def test_pictures_of_hostile_names_are_xml(mlsd, make_csv):
    names = ["<script>alert(1)</script>", '"/><svg onload="x">', "]]>&amp;'", "東京", "new\nline"]
    rows = [[draw.choice(names), y, p] for draw, y, p in _guesses()]
    path = make_csv("hostile.csv", ["<g>", "y", "p"], rows)
    asked = ["slices", path, "--label", "y", "--pred", "p", "--by", "<g>", "--metric", "accuracy", "--metric", "recall"]
    assert mlsd(*asked, "--out", "found.svg").code == OK and mlsd(*asked, "--out", "found.html").code == OK
    drawn = ElementTree.parse(mlsd.work / "found.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert len(list(drawn.iter(space + "circle"))) == 2 * len(names)
    titles = {e.find(space + "title").text for e in drawn.iter(space + "g")}
    assert titles == {f"<g> = {name}" for name in names}
    assert {e.tag.removeprefix(space) for e in drawn.iter()} <= {"svg", "title", "style", "rect", "g", "text", "line", "circle"}
    page = (mlsd.work / "found.html").read_text()
    assert "<script>alert" not in page and "<svg onload" not in page


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


def test_numbers_that_have_two_values_are_no_classes_for_a_metric_of_numbers(mlsd, make_csv):
    rows = [[10 + 10 * (i % 2), 10 + 10 * (i % 3 == 0), "ab"[i % 2]] for i in range(200)]
    path = make_csv("two.csv", ["y", "p", "g"], rows)
    found = json.loads(mlsd("slices", path, "--label", "y", "--pred", "p", "--by", "g", "--metric", "mae", "--json").out)
    truth = {f"g = {g}": sum(abs(y - p) for y, p, k in rows if k == g) / 100 for g in "ab"}
    assert {row["slice"]: row["value"] for row in found["tables"]["slices"]} == pytest.approx(truth)


@pytest.mark.parametrize("classes", [["yes"], ["high", "low", "middle"]])
def test_texts_beside_one_column_of_numbers_are_two_classes_or_an_error(mlsd, make_csv, classes):
    path = make_csv("texts.csv", ["y", "p", "g"], [[classes[i % len(classes)], 0.9, "ab"[i % 2]] for i in range(90)])
    outcome = mlsd("slices", path, "--label", "y", "--pred", "p", "--by", "g")
    assert outcome.code != OK and outcome.out == "" and len(outcome.err.splitlines()) == 1
    assert f"the label 'y' has {len(classes)} class" in outcome.err and "--pred" in outcome.err, outcome


def test_a_picture_that_does_not_fit_leaves_the_old_one(mlsd, admissions_csv):
    asked = [TOOL, "slices", str(admissions_csv), *ADMIT, "--pred", "p", "--by", "sex", "--out", "a.svg"]
    assert mlsd(*asked[1:]).code == OK
    before = (mlsd.work / "a.svg").read_bytes()
    cut = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 1; "$@"', "sh", *asked], cwd=mlsd.work, env=ENVIRONMENT, capture_output=True, timeout=60)
    assert cut.returncode != OK and b"'a.svg' cannot be written" in cut.stderr, cut
    assert (mlsd.work / "a.svg").read_bytes() == before and not list(mlsd.work.glob("*.partial"))
