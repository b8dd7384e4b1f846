"""mlsd split: splitters of any kind, roles, files in and out, what a person sees, and what is refused."""
import csv
import os
import pty
import subprocess

import pytest

from conftest import DATA, ENVIRONMENT, HMDA, IO, OK, TOOL, USAGE, assert_refused


@pytest.fixture
def people_csv(make_csv):
    """60 rows of 12 people in order of time, with a label."""
    rows = [[f"p{i % 12:02d}", 1000 + i, "yes" if i % 3 == 0 else "no", f"{i * 0.25}"] for i in range(60)]
    return make_csv("people.csv", ["person", "when", "label", "x"], rows)


def folds_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_split_command__groups_stay_together(mlsd, people_csv):
    outcome = mlsd("split", people_csv, "--splitter", "group_kfold", "--set", "n_splits=4", "--group", "person", "--out", "f.csv")
    assert outcome.code == OK, outcome
    assert outcome.out == "" and outcome.err.count("\n") == 4
    rows = folds_of(mlsd.work / "f.csv")
    of_person = {}
    for row in rows:
        of_person.setdefault(int(row["row"]) % 12, set()).add(row["fold"])
    assert len(rows) == 60 and all(len(folds) == 1 for folds in of_person.values())


def test_split_command__a_spec_as_json_is_a_splitter(mlsd, people_csv):
    by_name = mlsd("split", people_csv, "--splitter", "kfold", "--set", "n_splits=3", "--set", "shuffle=true", "--seed", 5)
    by_json = mlsd("split", people_csv, "--splitter", '{"kind": "kfold", "n_splits": 3, "shuffle": true}', "--seed", 5)
    assert by_name.code == by_json.code == OK
    assert by_name.out == by_json.out != mlsd("split", people_csv, "--splitter", "kfold", "--set", "n_splits=3").out


@pytest.mark.parametrize("kind", ["kfold", "time_series_split", "holdout", "leave_one_group_out", "leave_p_groups_out"])
def test_split_command__folds_survive_every_format(mlsd, people_csv, kind):
    outcome = mlsd("split", people_csv, "--splitter", kind, "--group", "person", "--out", "folds.mlsd")
    assert outcome.code == OK, outcome
    shown = mlsd("split", people_csv, "--folds", "folds.mlsd", "--describe").out
    for name in ("f.txt", "f.csv", "f.bin"):
        assert mlsd("split", people_csv, "--folds", "folds.mlsd", "--out", name).code == OK
        assert mlsd("split", people_csv, "--folds", name, "--describe").out == shown
    assert (mlsd.work / "f.txt").read_text().startswith("mlsd folds 1\nrows 60\n")
    assert (mlsd.work / "f.bin").read_bytes() == (mlsd.work / "folds.mlsd").read_bytes()


def test_split_command__folds_from_a_spreadsheet(mlsd, make_csv, people_csv):
    mine = make_csv("mine.csv", ["fold"], [[["a", "b", "c"][i % 3]] for i in range(60)])
    outcome = mlsd("split", people_csv, "--folds", mine, "--target", "label", "--describe")
    assert outcome.code == OK, outcome
    lines = outcome.out.splitlines()
    table = [line.split() for line in lines[lines.index("") + 1:]]
    # Rows 0, 3, 6, ... say yes, and they are fold a.
    assert table[0] == ["split", "part", "rows", "share", "yes"]
    assert table[1] == ["0", "train", "40", "66.7", "%", "0.0", "%"]
    assert table[2] == ["0", "test", "20", "33.3", "%", "100.0", "%"]


def test_split_command__describe_prints_picture_table_and_fingerprint(mlsd, people_csv):
    outcome = mlsd("split", people_csv, "--splitter", "time_series_split", "--set", "n_splits=3", "--time", "when", "--group",
                   "person", "--target", "label", "--describe")
    assert outcome.code == OK and outcome.err == "", outcome
    lines = outcome.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["row", "0", "59"]
    assert lines[1].startswith("split 0  ") and lines[1].endswith("15 / 15")
    assert any(line.startswith("class ") for line in lines) and any(line.startswith("group ") for line in lines)
    assert ["split", "part", "rows", "share", "yes", "groups", "time", "first", "time", "last"] in [line.split() for line in lines]
    assert any(line.split()[-2:] == ["1000", "1014"] for line in lines)
    assert "fingerprint " in lines[-1] and "--out" in lines[-1]
    assert mlsd("split", people_csv, "--folds", "absent").code == IO


def on_terminal(*arguments, **environment):
    main, other = pty.openpty()
    process = subprocess.Popen([TOOL, *map(str, arguments)], stdout=other, stderr=subprocess.PIPE, env={**ENVIRONMENT, **environment})
    os.close(other)
    said = b""
    while True:
        try:
            piece = os.read(main, 65536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        said += piece
    os.close(main)
    return process.wait(timeout=60), said.decode(), process.stderr.read().decode()


def test_split_command__a_terminal_gets_a_picture(people_csv, tmp_path):
    code, said, errors = on_terminal("split", people_csv, "--splitter", "kfold", LC_ALL="C.UTF-8")
    assert code == OK and errors == ""
    assert "█" in said and "·" in said and "row,fold" not in said
    assert max(map(len, said.replace("\r", "").splitlines())) <= 80
    code, said, _ = on_terminal("split", people_csv, "--splitter", "kfold", "--out", tmp_path / "f.csv", LC_ALL="C")
    assert code == OK and said.isascii() and "saved in" in said
    assert len(folds_of(tmp_path / "f.csv")) == 60


def test_split_command__every_column_may_have_a_role(mlsd, make_csv):
    rows = make_csv("two.csv", ["id", "y"], [[i, i % 2] for i in range(20)])
    outcome = mlsd("split", rows, "--splitter", "stratified_kfold", "--set", "n_splits=2", "--target", "y", "--id", "id")
    assert outcome.code == OK, outcome
    assert outcome.out.count("\n") == 21


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["--by", "kfold", "--splitter", "kfold"], USAGE, ["'--by'", "'--splitter'"]),
    (["--splitter", "kfld"], USAGE, ["did you mean 'kfold'"]),
    (["--splitter", "{\"kind\": \"kfold\""], USAGE, []),
    (["--splitter", "{\"kind\": \"ridge\"}"], DATA, ["ridge"]),
    (["--splitter", "group_kfold"], DATA, ["needs groups"]),
    (["--splitter", "group_kfold", "--group", "persn"], DATA, ["did you mean 'person'"]),
    (["--group", "person", "--time", "person"], DATA, ["two roles"]),
    (["--folds", "folds.csv", "--seed", "1"], USAGE, ["'--seed'"]),
    (["--folds", "folds.csv", "--by", "kfold"], USAGE, ["'--by'"]),
    (["--folds", "few.csv"], DATA, ["3 rows", "has 60", "few.csv"]),
    (["--folds", "broken.txt"], DATA, ["broken.txt", "line 3"]),
    (["--folds", "cut.mlsd"], DATA, ["cut.mlsd", "cut short"]),
    (["--folds", "newer.txt"], DATA, ["newer.txt", "newer mlsd"]),
    (["--out", "no/such/f.csv"], IO, ["no/such/f.csv"]),
    (["--describe=yes"], USAGE, ["takes no value"]),
])
def test_split_command__mistakes_are_one_line(mlsd, people_csv, arguments, code, words):
    (mlsd.work / "few.csv").write_text("fold\n1\n2\n1\n")
    (mlsd.work / "broken.txt").write_text("mlsd folds 1\nrows 60\nsplat\n")
    (mlsd.work / "newer.txt").write_text("mlsd folds 9\n")
    (mlsd.work / "cut.mlsd").write_bytes(b"MLSD\r\n\x1a\n\x01")
    assert_refused(mlsd("split", people_csv, *arguments), code, *words)


def test_split_command__the_data_of_the_guide(mlsd):
    outcome = mlsd("split", HMDA, "--splitter", "stratified_kfold", "--set", "n_splits=10", "--target", "deny", "--describe")
    assert outcome.code == OK and outcome.out.count("12.0 %") >= 10, outcome
