"""The main job end to end: the same bytes for any number of threads and from its own spec, other tasks and options,
predictions that agree with the result, splits, and what is printed."""
import csv
import io
import json
import math
import random
import re

import pytest

from conftest import DATA, HMDA, OK, REPORT_FILES, USAGE, assert_refused, binary_rows, result_of, without_timings

HMDA_RUN = ["run", HMDA, "--target", "deny", "--slices", "afam,single,selfemp"]


def run_to(mlsd, out, *arguments):
    outcome = mlsd("run", *arguments, "--out", out)
    assert outcome.code == OK, outcome
    return outcome


def table_of(outcome):
    return list(csv.DictReader(io.StringIO(outcome.out)))


def without_seconds(page):
    """A report without what times decide: two columns, ticks, and the picture of score over time."""
    page = re.sub(r'<section class="time">.*?</section>', "", page, flags=re.S)
    start = page.index("<table", page.index("Models, from simple to strong"))
    end = page.index("</table>", start)
    table = re.sub(r'<td class="number time">[^<]*</td>', "", page[start:end])
    return page[:start] + table + page[end:]


def test_threads_and_spec_give_the_same_bytes(mlsd):
    """1, 2 and 7 threads, and the run's own experiment.json: all files are the same but for measured times."""
    for n in (1, 2, 7):
        run_to(mlsd, f"t{n}", *HMDA_RUN[1:], "--threads", n)
    run_to(mlsd, "again", HMDA, "--spec", "t1/experiment.json")
    for other in ("t2", "t7", "again"):
        assert without_timings(mlsd.work / "t1") == without_timings(mlsd.work / other)
        for name in ("experiment.json", "model.mlsd"):
            assert (mlsd.work / "t1" / name).read_bytes() == (mlsd.work / other / name).read_bytes()
        pages = [without_seconds((mlsd.work / d / "report.html").read_text()) for d in ("t1", other)]
        assert pages[0] == pages[1]
    run_to(mlsd, "seed", *HMDA_RUN[1:], "--seed", 1, "--quick")
    assert without_timings(mlsd.work / "t1") != without_timings(mlsd.work / "seed")


def test_exact_numerics_give_the_same_bytes_on_any_blas_core(mlsd):
    """OpenBLAS as another processor would have it changes fast results, and says so in them; exact ones it does not."""
    cores = ("Nehalem", "Haswell")  # both run on every x86-64 of the last ten years
    for core in cores:
        for numerics in ("exact", "fast"):
            outcome = mlsd("run", HMDA, "--target", "deny", "--quick", "--numerics", numerics,
                           "--out", f"{numerics}-{core}", variables={"OPENBLAS_CORETYPE": core})
            assert outcome.code == OK, outcome
    exact, fast = ([mlsd.work / f"{numerics}-{core}" for core in cores] for numerics in ("exact", "fast"))
    assert without_timings(exact[0]) == without_timings(exact[1])
    for name in ("experiment.json", "model.mlsd"):
        assert (exact[0] / name).read_bytes() == (exact[1] / name).read_bytes()
    assert result_of(exact[0])["texts"]["environment.numerics"] == "exact"
    assert "environment.exact_kernels" in result_of(exact[0])["timings"]
    assert result_of(fast[0])["texts"]["environment.numerics"] == "fast"
    assert "environment.blas_core" in result_of(fast[0])["texts"]


def test_numerics_is_a_word_of_two(mlsd):
    outcome = mlsd("run", HMDA, "--target", "deny", "--numerics", "exakt")
    assert_refused(outcome, USAGE, "'exakt'", "did you mean 'exact'?")


def test_hmda_verdict(mlsd):
    """The Boston data: models beat the constant, and slices are worst for Black applicants (Munnell et al. 1996)."""
    outcome = run_to(mlsd, "report", *HMDA_RUN[1:])
    result = result_of(mlsd.work / "report")
    assert set(p.name for p in (mlsd.work / "report").iterdir()) == REPORT_FILES
    assert result["texts"]["slices.worst"] == "afam = yes"
    board = {row["model"]: row for row in result["tables"]["leaderboard"]}
    assert board["logistic"]["difference_high"] < 0 < board["constant"]["score"]
    assert sum(row["chosen"] for row in board.values()) == 1
    assert result["numbers"]["n_train"] + result["numbers"]["n_valid"] + result["numbers"]["n_test"] == 2380
    for text in ["training 1666, validation 357, test 357", "no 2095 (88 %), yes 285 (12 %)", "> afam = yes"]:
        assert text in outcome.out, outcome
    plain = " ".join(outcome.out.split())
    assert " ".join(result["verdict"].split()) in plain


def test_lines_fit_80_columns(mlsd):
    outcome = run_to(mlsd, "report", *HMDA_RUN[1:], "--quick")
    assert max(map(len, outcome.out.splitlines()[1:])) <= 80  # the first line is the file's path
    for command in (["--help"], ["run", "--help"], ["split", "--help"], ["predict", "--help"], ["kinds"],
                    ["kinds", "logistic_regression"]):
        for line in mlsd(*command).out.splitlines():
            assert len(line) <= (100 if line.startswith("usage") else 80), line


def regression_rows(n, seed=3):
    draw = random.Random(seed)
    rows = []
    for _ in range(n):
        x, z, g = draw.gauss(0, 1), draw.uniform(0, 10), draw.choice(["n", "s", "w"])
        rows.append([f"{x:.4f}", f"{z:.4f}", g, f"{3 * x - z + {'n': 0, 's': 2, 'w': -1}[g] + draw.gauss(0, .5):.4f}"])
    return rows


def multiclass_rows(n, seed=4):
    draw = random.Random(seed)
    rows = []
    for _ in range(n):
        k = draw.randrange(3)
        rows.append([f"{draw.gauss(2 * k, 1):.4f}", f"{draw.gauss(-k, 1):.4f}", draw.choice("uv"), ["cat", "dog", "elk"][k]])
    return rows


def test_regression(mlsd, make_csv):
    """Noise of 0.5 and a linear truth: the error on the test part must be about 0.5."""
    path = make_csv("house.csv", ["x", "z", "g", "price"], regression_rows(600))
    run_to(mlsd, "report", path, "--target", "price", "--slices", "g,z", "--threads", 1)
    result = result_of(mlsd.work / "report")
    assert result["texts"]["task"] == "regression" and result["texts"]["metric"] == "rmse"
    assert 0.4 < result["numbers"]["test.value"] < 0.6
    z = [row for row in result["tables"]["slices"] if row["column"] == "z"]
    assert len(z) == 4 and sum(row["n"] for row in z) == result["numbers"]["n_test"]  # cut at its quartiles
    run_to(mlsd, "again", path, "--spec", "report/experiment.json", "--threads", 2)
    assert without_timings(mlsd.work / "report") == without_timings(mlsd.work / "again")


def test_regression_on_dependent_columns(mlsd, make_csv):
    """The levels of a category do not depend on each other and the intercept; what does is said once, not by each fold."""
    rows = [[x, z, g, str(2 * float(x)), y] for x, z, g, y in regression_rows(300)]
    path = make_csv("house.csv", ["x", "z", "g", "twice", "price"], rows)
    lines = run_to(mlsd, "report", path, "--target", "price").out.splitlines()
    remarks = [line for line in lines if line.startswith("note: ") and "combination" in line]
    assert remarks == ["note: linear_regression: column 'twice' is a combination of 'x'"]
    assert not any("g_" in line for line in lines)


def test_multiclass(mlsd, make_csv):
    path = make_csv("pets.csv", ["a", "b", "c", "pet"], multiclass_rows(400))
    run_to(mlsd, "report", path, "--target", "pet", "--slices", "c", "--threads", 2)
    result = result_of(mlsd.work / "report")
    assert result["texts"]["task"] == "multiclass" and result["numbers"]["n_classes"] == 3
    assert result["numbers"]["test.value"] < 0.7 < result["numbers"]["test.baseline"]
    run_to(mlsd, "again", path, "--spec", "report/experiment.json", "--threads", 1)
    assert without_timings(mlsd.work / "report") == without_timings(mlsd.work / "again")
    rows = table_of(mlsd("predict", "report/model.mlsd", path))
    assert list(rows[0]) == ["prediction", "p_cat", "p_dog", "p_elk"]
    for row in rows:
        p = {name[2:]: float(row[name]) for name in ("p_cat", "p_dog", "p_elk")}
        assert abs(sum(p.values()) - 1) < 1e-9 and p[row["prediction"]] == max(p.values())


def test_options(mlsd, binary_csv):
    run_to(mlsd, "split", binary_csv, "--target", "y", "--quick", "--split", "60,20,20")
    numbers = result_of(mlsd.work / "split")["numbers"]
    assert [numbers[k] for k in ("n_train", "n_valid", "n_test")] == [120, 40, 40]
    run_to(mlsd, "fractions", binary_csv, "--target", "y", "--quick", "--split", "0.6,0.2,0.2")
    assert without_timings(mlsd.work / "split") == without_timings(mlsd.work / "fractions")
    run_to(mlsd, "metric", binary_csv, "--target", "y", "--quick", "--metric", "roc_auc", "--slices", "kind")
    metric = result_of(mlsd.work / "metric")
    assert metric["texts"]["metric"] == "roc_auc" == metric["tables"]["test"][0]["metric"]
    assert metric["numbers"]["direction"] == 1
    run_to(mlsd, "macro", binary_csv, "--target", "y", "--quick", "--metric", "f1_macro")
    macro = result_of(mlsd.work / "macro")
    assert macro["texts"]["metric"] == "f1_macro" == macro["tables"]["test"][0]["metric"]
    assert 0 < macro["tables"]["test"][0]["value"] <= 1
    run_to(mlsd, "drop", binary_csv, "--target", "y", "--quick", "--drop", "a,kind", "--slices", "kind")
    dropped = result_of(mlsd.work / "drop")
    assert dropped["numbers"]["n_features"] == 1
    assert {row["level"] for row in dropped["tables"]["slices"]} == {"red", "green", "blue"}
    run_to(mlsd, "task", binary_csv, "--target", "y", "--quick", "--task", "multiclass")
    assert result_of(mlsd.work / "task")["texts"]["task"] == "multiclass"
    spec = json.loads((mlsd.work / "drop/experiment.json").read_text())
    assert spec["kind"] == "experiment" and spec["quick"] is True and spec["drop"] == ["a", "kind"]


def test_level_of_intervals(mlsd, binary_csv, tmp_path):
    """Headings speak of the level that was asked for."""
    spec = tmp_path / "spec.json"
    spec.write_text('{"kind": "experiment", "target": "y", "quick": true, "level": 0.8}')
    outcome = run_to(mlsd, "report", binary_csv, "--spec", spec)
    assert "80 % interval" in outcome.out and "95 % interval" not in outcome.out
    page = (mlsd.work / "report/report.html").read_text()
    assert "80 %" in page and "95 %" not in page


def test_notes_are_shown(mlsd, make_csv):
    """Rows without a target are left out, and the person is told: in the terminal and in the report."""
    rows = binary_rows(200)
    rows[7][3] = rows[8][3] = ""
    path = make_csv("holes.csv", ["a", "b", "kind", "y"], rows)
    outcome = run_to(mlsd, "report", path, "--target", "y", "--quick")
    assert outcome.out.count("left out: 2 of 200 rows") == 1
    assert "left out: 2 of 200 rows" in (mlsd.work / "report/report.html").read_text()


def test_predictions_agree_with_the_result(mlsd):
    """The scores that result.json gives for the test part, computed here from what predict says about its rows."""
    run_to(mlsd, "report", *HMDA_RUN[1:])
    result = result_of(mlsd.work / "report")
    with open(HMDA, newline="") as file:
        rows = list(csv.DictReader(file))
    predictions = table_of(mlsd("predict", "report/model.mlsd", HMDA))
    parts = table_of(mlsd("split", HMDA, "--by", "holdout", "--set", "parts=0.7,0.15,0.15", "--set", "stratify=true",
                          "--target", "deny", "--seed", "0"))
    test = [int(row["row"]) for row in parts if row["part"] == "test"]
    assert len(predictions) == len(rows) == 2380 and len(test) == 357
    loss = [-math.log(float(predictions[i]["p_" + rows[i]["deny"]])) for i in test]
    right = [predictions[i]["prediction"] == rows[i]["deny"] for i in test]
    scores = {row["metric"]: row["value"] for row in result["tables"]["test"]}
    assert sum(loss) / len(loss) == pytest.approx(scores["log_loss"], rel=1e-12)
    assert sum(right) / len(right) == pytest.approx(scores["accuracy"], rel=1e-12)
    black = [k for k, i in enumerate(test) if rows[i]["afam"] == "yes"]
    slice_ = next(s for s in result["tables"]["slices"] if s["column"] == "afam" and s["level"] == "yes")
    assert slice_["n"] == len(black)
    assert slice_["value"] == pytest.approx(sum(loss[k] for k in black) / len(black), rel=1e-12)


def test_predict_to_a_file(mlsd, binary_csv):
    run_to(mlsd, "report", binary_csv, "--target", "y", "--quick")
    to_file = mlsd("predict", "report/model.mlsd", binary_csv, "--out", "p.csv")
    assert to_file.code == OK and to_file.out == to_file.err == ""
    assert (mlsd.work / "p.csv").read_text() == mlsd("predict", "report/model.mlsd", binary_csv).out
    for threads in (1, 7):
        assert mlsd("predict", "report/model.mlsd", binary_csv, "--threads", threads).out == (mlsd.work / "p.csv").read_text()


@pytest.mark.parametrize("kind", ["kfold", "stratified_kfold"])
def test_split_folds(mlsd, kind):
    """Index for index scikit-learn's, whose splitters are the witness."""
    sklearn = pytest.importorskip("sklearn.model_selection")
    with open(HMDA, newline="") as file:
        y = [row["deny"] for row in csv.DictReader(file)]
    outcome = mlsd("split", HMDA, "--by", kind, "--set", "n_splits=4", "--set", "shuffle=true", "--seed", 7, "--target",
                   "deny")
    assert outcome.code == OK, outcome
    rows = table_of(outcome)
    assert list(rows[0]) == ["row", "fold"] and [int(r["row"]) for r in rows] == list(range(2380))
    splitter = {"kfold": sklearn.KFold, "stratified_kfold": sklearn.StratifiedKFold}[kind](4, shuffle=True, random_state=7)
    for fold, (_, test) in enumerate(splitter.split(y, y)):
        assert [int(r["row"]) for r in rows if int(r["fold"]) == fold] == list(test)
    assert outcome.err.count("\n") == 4


def test_split_holdout_and_time(mlsd):
    sklearn = pytest.importorskip("sklearn.model_selection")
    rows = table_of(mlsd("split", HMDA))
    assert list(rows[0]) == ["row", "part"]
    assert {r["part"] for r in rows} >= {"train", "test"} and len(rows) == 2380
    rows = table_of(mlsd("split", HMDA, "--by", "time_series_split", "--set", "n_splits=3"))
    assert list(rows[0]) == ["split", "row", "part"]
    for k, (train, test) in enumerate(sklearn.TimeSeriesSplit(3).split(range(2380))):
        for part, expected in (("train", train), ("test", test)):
            assert [int(r["row"]) for r in rows if r["split"] == str(k) and r["part"] == part] == list(expected)


def test_kinds_and_env(mlsd):
    listing = mlsd("kinds").out
    for kind in ("ridge", "logistic_regression", "stratified_kfold", "log_loss", "pipeline", "experiment"):
        assert re.search(rf"^{kind} ", listing, re.M), kind
    assert "ridge" not in mlsd("kinds", "--family", "splitter").out
    everything = json.loads(mlsd("kinds", "--json").out)
    one = json.loads(mlsd("kinds", "ridge", "--json").out)
    assert one in (everything if isinstance(everything, list) else everything["kinds"])
    assert "alpha = 1" in mlsd("kinds", "ridge").out
    env = json.loads(mlsd("env").out)
    assert mlsd("--version").out == f"mlsd {env['version']}\n"


@pytest.mark.parametrize("command", ["run", "split", "predict", "kinds", "env"])
def test_help(mlsd, command):
    for arguments in ([command, "--help"], [command, "x", "-h"]):
        outcome = mlsd(*arguments)
        assert outcome.code == OK and outcome.err == ""
        assert outcome.out.startswith(f"usage: mlsd {command}") and "130" in outcome.out
    assert command in mlsd("--help").out
    assert mlsd().code == 2


def test_rules_of_choosing(mlsd, make_csv):
    """Each rule against the table that it chose from; sizes are the same on every machine."""
    path = make_csv("house.csv", ["x", "z", "g", "price"], regression_rows(300))
    boards = {}
    for name, options in {"one_se": [], "best": ["--choose", "best"], "tolerance": ["--choose", "tolerance", "--tolerance", 9],
                          "rope": ["--choose", "rope", "--rope", 100], "small": ["--max-bytes", 1500],
                          "fast": ["--max-latency-us", 1e6]}.items():
        run_to(mlsd, name, path, "--target", "price", "--quick", *options)
        result = result_of(mlsd.work / name)
        boards[name] = result["tables"]["leaderboard"]
        chosen = [row for row in boards[name] if row["chosen"] == 1]
        assert len(chosen) == 1 and chosen[0]["model"] == result["texts"]["chosen"]
        assert chosen[0]["within"] == 1 and result["texts"]["chosen_because"].startswith("the ")
        if name not in ("one_se",):
            assert result["texts"]["chosen_because"] in result["verdict"]
    rows = {name: {row["model"]: row for row in board} for name, board in boards.items()}
    best = min(boards["best"], key=lambda row: row["score"])
    assert best["chosen"] == 1 and best["on_front"] == 1
    limit = min(row["score"] + row["se"] for row in boards["one_se"] if row["model"] == best["model"])
    assert next(row for row in boards["one_se"] if row["score"] <= limit)["chosen"] == 1
    assert rows["tolerance"]["constant"]["chosen"] == rows["rope"]["constant"]["chosen"] == 1
    assert all(row["model_bytes"] <= 1500 for row in boards["small"] if row["chosen"])
    assert rows["one_se"]["linear"]["p_better"] > 0.999 and rows["one_se"]["constant"]["p_better"] is None
    assert_refused(mlsd("run", path, "--target", "price", "--choose", "rope"), DATA, "'choose' = rope needs 'rope'")
    assert_refused(mlsd("run", path, "--target", "price", "--choose", "first"), USAGE, "'first'", "one_se")
    outcome = run_to(mlsd, "tiny", path, "--target", "price", "--quick", "--max-bytes", 10)
    result = result_of(mlsd.work / "tiny")
    chosen, = [row for row in result["tables"]["leaderboard"] if row["chosen"] == 1]
    assert chosen["model_bytes"] == min(row["model_bytes"] for row in result["tables"]["leaderboard"]) and chosen["within"] == 0
    assert "the nearest to the budget, which no model meets (" in result["verdict"] and "'max_bytes' is 10" in result["verdict"]
    assert "the nearest to the budget" in " ".join(outcome.out.split())
    assert result["numbers"]["n_within_budget"] == 0
