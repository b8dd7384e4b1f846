"""Bad input: one clear line that names the culprit and what to do, the documented exit code, and nothing lost."""
import json
import os
import resource
import subprocess

import pytest

from conftest import (DATA, ENVIRONMENT, HMDA, IO, OK, REPORT_FILES, TOOL, USAGE, assert_refused, binary_rows,
                      result_of)

HEADER = ["a", "b", "kind", "y"]


def with_column(rows, column, values):
    return [row[:column] + [value] + row[column + 1:] for row, value in zip(rows, values)]


ROWS = binary_rows(200)
NUMBERS = [float(row[0]) for row in ROWS]

# name: content of the file (bytes, or rows under HEADER), words of the message
REFUSED_FILES = {
    "empty": (b"", ["empty.csv", "is empty"]),
    "header_only": (b"a,b,kind,y\n", ["header_only.csv", "no rows"]),
    "one_row": (ROWS[:1], ["1 row", "'y'", "at least 10"]),
    "constant_target": (with_column(ROWS, 3, ["yes"] * 200), ["'y'", "'yes'", "every row"]),
    "constant_number": (with_column(ROWS, 3, [3.5] * 200), ["'y'", "3.5", "nothing to predict"]),
    "missing_target": (with_column(ROWS, 3, [""] * 200), ["'y'", "missing in all 200 rows"]),
    "class_with_one_row": (with_column(ROWS, 3, ["maybe"] + [r[3] for r in ROWS[1:]]),
                           ["'maybe'", "1 row", "merge classes"]),
    "infinity": (with_column(ROWS, 0, ["inf"] + NUMBERS[1:]), ["'a'", "inf", "row 1", "'drop'"]),
    "minus_infinity": (with_column(ROWS, 1, NUMBERS[1:] + ["-inf"]), ["'b'", "-inf", "row 200"]),
    "huge": (with_column(ROWS, 0, ["1e308", "-1e308"] * 100), ["'a'", "1e+308", "rescale"]),
    "huge_target": (with_column(ROWS, 3, NUMBERS[1:] + ["1e308"]), ["'y'", "1e+308", "rescale"]),
    "latin1": (b"a,y\n1,caf\xe9\n2,b\n", ["latin1.csv", "line 2", "UTF-8", "iconv"]),
    "nul": (b"a,y\n1,x\0y\n2,b\n", ["nul.csv", "line 2", "NUL"]),
    "ragged": (b"a,b,y\n1,2,yes\n1,no\n", ["ragged.csv", "line 3", "2 fields", "expected 3"]),
    "open_quote": (b'a,y\n1,"no\n2,b\n', ["open_quote.csv", "line 2"]),
}


@pytest.mark.parametrize("name", REFUSED_FILES)
def test_run_refuses(mlsd, make_csv, tmp_path, name):
    content, words = REFUSED_FILES[name]
    if isinstance(content, bytes):
        path = tmp_path / f"{name}.csv"
        path.write_bytes(content)
    else:
        path = make_csv(f"{name}.csv", HEADER, content)
    assert_refused(mlsd("run", path, "--target", "y", "--out", "report"), DATA, *words)
    assert os.listdir(mlsd.work) == []


def test_run_refuses_when_no_column_is_left(mlsd, make_csv):
    path = make_csv("only_missing.csv", ["m", "y"], [["", row[3]] for row in ROWS])
    assert_refused(mlsd("run", path, "--target", "y"), DATA, "no column is left", "missing")
    assert os.listdir(mlsd.work) == []


# arguments after the file, exit code, words of the message
REFUSED_REQUESTS = [
    (["--target", "yy"], DATA, ["'yy'", "did you mean 'y'"]),
    (["--target", "Kind"], DATA, ["'Kind'", "did you mean 'kind'"]),
    (["--target", "zzzzzzz"], DATA, ["'zzzzzzz'", "'a', 'b', 'kind', 'y'"]),
    (["--target", "y", "--slices", "knd"], DATA, ["'knd'", "did you mean 'kind'"]),
    (["--target", "y", "--slices", "y"], DATA, ["'y'", "target", "'slices'"]),
    (["--target", "y", "--drop", "bb"], DATA, ["'bb'", "did you mean"]),
    (["--target", "y", "--metric", "accurcy"], DATA, ["did you mean 'accuracy'"]),
    (["--target", "y", "--metric", "rmse"], DATA, ["'rmse'", "use accuracy"]),
    (["--target", "y", "--task", "regression"], DATA, ["regression", "'y'", "texts"]),
    (["--target", "kind", "--task", "binary"], DATA, ["'kind'", "multiclass"]),
    ([], USAGE, ["--target COLUMN"]),
    (["--target"], USAGE, ["'--target'", "COLUMN"]),
    (["--target", "y", "--task", "guess"], USAGE, ["'guess'", "multiclass"]),
    (["--target", "y", "--seed", "-1"], USAGE, ["'seed'", "-1"]),
    (["--target", "y", "--seed", "one"], USAGE, ["'seed'", "'one'"]),
    (["--target", "y", "--threads", "-3"], USAGE, ["'--threads'", "-3"]),
    (["--target", "y", "--threads", "99999999999999999999"], USAGE, ["'--threads'"]),
    (["--target", "y", "--split", "60,40"], USAGE, ["'--split'", "70,15,15"]),
    (["--target", "y", "--split", "60,40,0"], USAGE, ["'--split'", "above 0"]),
    (["--target", "y", "--quik"], USAGE, ["'--quik'", "did you mean '--quick'"]),
    (["--target", "y", "-q"], USAGE, ["'-q'", "--help"]),
    (["--target", "y", "--quick=yes"], USAGE, ["'--quick'", "no value"]),
    (["other.csv", "--target", "y"], USAGE, ["'other.csv'", "too many"]),
    (["--target", "y", "--out", ""], USAGE, ["'--out'"]),
    (["--target", "y", "--spec", "none.json"], IO, ["none.json", "No such file"]),
]


@pytest.mark.parametrize("arguments, code, words", REFUSED_REQUESTS, ids=lambda x: " ".join(x) if x and isinstance(x, list)
                         else "")
def test_run_refuses_request(mlsd, binary_csv, arguments, code, words):
    assert_refused(mlsd("run", binary_csv, *arguments), code, *words)
    assert os.listdir(mlsd.work) == []


# content of the spec, exit code, words of the message
REFUSED_SPECS = {
    "no_json": ('{"kind": "experiment", "target": }', DATA, ["spec.json", "line 1"]),
    "other_kind": ('{"kind": "ridge"}', USAGE, ["spec.json", "'ridge'", "experiment"]),
    "no_kind": ('{"target": "y"}', DATA, ["spec.json"]),
    "unknown_kind": ('{"kind": "experimnt"}', DATA, ["spec.json", "did you mean 'experiment'"]),
    "misspelt": ('{"kind": "experiment", "targt": "y"}', DATA, ["spec.json", "did you mean 'target'"]),
    "wrong_type": ('{"kind": "experiment", "target": 3}', DATA, ["spec.json", "target"]),
    "more_folds_than_rows": ('{"kind": "experiment", "splitter": {"kind": "kfold", "n_splits": 500}}', DATA,
                             ["500", "200 rows", "n_splits"]),
    "wrong_slot": ('{"kind": "experiment", "splitter": {"kind": "ridge"}}', DATA, ["spec.json", "splitter"]),
}


@pytest.mark.parametrize("name", REFUSED_SPECS)
def test_run_refuses_spec(mlsd, binary_csv, tmp_path, name):
    text, code, words = REFUSED_SPECS[name]
    spec = tmp_path / "spec.json"
    spec.write_text(text)
    assert_refused(mlsd("run", binary_csv, "--target", "y", "--spec", spec), code, *words)
    assert os.listdir(mlsd.work) == []


# arguments, exit code, words: mistakes without a good file
REFUSED_COMMANDS = [
    (["runn"], USAGE, ["'runn'", "run, split"]),
    (["run"], USAGE, ["needs a file"]),
    (["run", "missing.csv", "--target", "y"], IO, ["missing.csv", "No such file"]),
    (["run", ".", "--target", "y"], IO, ["'.'", "directory"]),
    (["run", HMDA / "x", "--target", "y"], IO, ["hmda.csv", "ot a directory"]),
    (["predict", "model.mlsd"], USAGE, ["needs a model and a file"]),
    (["predict", "none.mlsd", HMDA], IO, ["none.mlsd", "No such file"]),
    (["split", "missing.csv"], IO, ["missing.csv"]),
    (["split", HMDA, "--by", "kfld"], USAGE, ["did you mean 'kfold'"]),
    (["split", HMDA, "--by", "kfold", "--set", "n_splits=9999"], DATA, ["9999", "2380 rows"]),
    (["split", HMDA, "--by", "kfold", "--set", "n_splits=1"], USAGE, ["'n_splits'", "got 1"]),
    (["split", HMDA, "--by", "kfold", "--set", "n_split=4"], USAGE, ["did you mean 'n_splits'"]),
    (["split", HMDA, "--by", "kfold", "--set", "n_splits"], USAGE, ["name=value"]),
    (["split", HMDA, "--by", "stratified_kfold"], DATA, ["needs a target"]),
    (["split", HMDA, "--target", "dney"], DATA, ["did you mean 'deny'"]),
    (["kinds", "rigde"], USAGE, ["did you mean 'ridge'"]),
    (["kinds", "--family", "nothing"], USAGE, ["'nothing'"]),
    (["env", "--verbose"], USAGE, ["'--verbose'"]),
]


@pytest.mark.parametrize("arguments, code, words", REFUSED_COMMANDS,
                         ids=lambda x: " ".join(os.path.basename(str(a)) for a in x) if isinstance(x, list) else "")
def test_refuses_command(mlsd, arguments, code, words):
    assert_refused(mlsd(*arguments), code, *words)
    assert os.listdir(mlsd.work) == []


def test_run_shows_what_was_dropped(mlsd, make_csv):
    """An all-missing column, a name for each row and a constant are no error: they are left out, and it is said."""
    rows = [["", f"person {i}", 7] + row for i, row in enumerate(ROWS)]
    path = make_csv("dropped.csv", ["nothing", "who", "same"] + HEADER, rows)
    outcome = mlsd("run", path, "--target", "y", "--quick", "--out", "report")
    assert outcome.code == OK and outcome.err == "", outcome
    for line in ["nothing: dropped (all missing)", "who: dropped (200 different texts", "same: dropped (constant)"]:
        assert line in outcome.out, outcome
    actions = {row["column"]: row["action"] for row in result_of(mlsd.work / "report")["tables"]["columns"]}
    assert actions == {"nothing": "dropped", "who": "dropped", "same": "dropped", "a": "used", "b": "used",
                       "kind": "used", "y": "predicted"}


def test_run_names_the_word_among_numbers(mlsd, make_csv):
    rows = [[i % 50 + 0.5, i, "yes" if i % 3 else "no"] for i in range(200)]
    rows[16][0] = "n.a."
    path = make_csv("slip.csv", ["ratio", "x", "y"], rows)
    outcome = mlsd("run", path, "--target", "y", "--quick")
    assert outcome.code == OK, outcome
    assert "ratio: used (numbers but for 'n.a.'" in " ".join(outcome.out.split()), outcome


def test_run_takes_nan_as_missing(mlsd, make_csv):
    path = make_csv("nan.csv", HEADER, with_column(ROWS, 0, ["NaN"] + NUMBERS[1:]))
    assert mlsd("run", path, "--target", "y", "--quick", "--out", "report").code == OK
    columns = {row["column"]: row for row in result_of(mlsd.work / "report")["tables"]["columns"]}
    assert columns["a"]["missing"] == 1 and columns["a"]["type"] == "number"


def test_run_takes_100000_categories(mlsd, make_csv):
    """Each text twice, so that they do not merely name rows."""
    draw = binary_rows(1000)
    rows = [[draw[i % 1000][0], draw[i % 997][1], f"c{i % 100000}", draw[i % 1000][3]] for i in range(200000)]
    path = make_csv("categories.csv", HEADER, rows)
    outcome = mlsd("run", path, "--target", "y", "--quick", "--out", "report")
    assert outcome.code == OK, outcome
    assert "100000 categories" in outcome.out
    assert len(outcome.out.splitlines()) < 100


def test_run_takes_many_slices(mlsd, make_csv):
    """3000 rows of 2500 levels: a screenful of them is shown, all are written."""
    rows = [row + [f"c{i % 2500}"] for i, row in enumerate(binary_rows(3000))]
    path = make_csv("levels.csv", HEADER + ["level"], rows)
    outcome = mlsd("run", path, "--target", "y", "--quick", "--slices", "level", "--out", "report")
    assert outcome.code == OK, outcome
    assert "the worst 40 of 2500 slices" in outcome.out and len(outcome.out.splitlines()) < 100
    assert len(result_of(mlsd.work / "report")["tables"]["slices"]) == 2500


def test_run_existing_directory(mlsd, binary_csv):
    first = mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "report")
    assert first.code == OK, first
    before = {name: (mlsd.work / "report" / name).read_bytes() for name in REPORT_FILES}
    assert_refused(mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "report/"), IO, "'report'", "--overwrite")
    assert before == {name: (mlsd.work / "report" / name).read_bytes() for name in REPORT_FILES}
    (mlsd.work / "report" / "mine.txt").write_text("kept")
    again = mlsd("run", binary_csv, "--target", "y", "--quick", "--seed", "5", "--out", "report", "--overwrite")
    assert again.code == OK, again
    assert set(os.listdir(mlsd.work / "report")) == REPORT_FILES | {"mine.txt"}
    assert json.loads((mlsd.work / "report/experiment.json").read_text())["seed"] == 5


def test_run_names_a_new_directory(mlsd, binary_csv):
    for expected in ["binary-report", "binary-report-2", "binary-report-3"]:
        assert mlsd("run", binary_csv, "--target", "y", "--quick").code == OK
        assert set(os.listdir(mlsd.work / expected)) == REPORT_FILES


@pytest.mark.parametrize("out, words", [("no/such/place", ["'no/such'", "No such file"]),
                                        ("file", ["'file'", "no directory"]),
                                        ("file/x", ["'file'", "ot a directory"])])
def test_run_bad_directory(mlsd, binary_csv, out, words):
    (mlsd.work / "file").write_text("kept")
    assert_refused(mlsd("run", binary_csv, "--target", "y", "--out", out), IO, "--out", *words)
    assert (mlsd.work / "file").read_text() == "kept"


def as_nobody():
    """Root may do everything, so permissions are tried as another user."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def run_as_nobody(arguments, cwd):
    """None where that user cannot even reach the tool."""
    try:
        return subprocess.run([TOOL, *map(str, arguments)], cwd=cwd, env=ENVIRONMENT, preexec_fn=as_nobody,
                              capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None


@pytest.fixture
def open_directory():
    """A directory that every user can reach; pytest's own are private."""
    import shutil
    import tempfile
    path = tempfile.mkdtemp(prefix="mlsd-cli-")
    os.chmod(path, 0o755)
    yield path
    os.chmod(path, 0o755)
    shutil.rmtree(path)


def test_no_permission(open_directory):
    secret = os.path.join(open_directory, "secret.csv")
    with open(secret, "w") as file:
        file.write("a,y\n1,2\n")
    os.chmod(secret, 0)
    os.chmod(open_directory, 0o555)
    denied = run_as_nobody(["run", secret, "--target", "y", "--out", "/tmp/never"], open_directory)
    if denied is None:
        pytest.skip("the tool is out of another user's reach")
    assert denied.returncode == IO and denied.stderr.count("\n") == 1, denied
    assert "secret.csv" in denied.stderr and "ermission denied" in denied.stderr
    if os.getuid() == 0:
        os.chmod(secret, 0o644)
    data = os.path.join(open_directory, "secret.csv") if os.getuid() == 0 else str(HMDA)
    no_write = run_as_nobody(["run", data, "--target", "y", "--out", "report"], open_directory)
    assert no_write.returncode == IO and no_write.stderr.count("\n") == 1, no_write
    assert "'report'" in no_write.stderr and "ermission denied" in no_write.stderr and "--out" in no_write.stderr
    assert os.listdir(open_directory) == ["secret.csv"]


def limit_file_size(n_bytes):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))


@pytest.mark.parametrize("n_bytes", [0, 1000, 5000, 12000])
def test_run_disk_full(mlsd, binary_csv, n_bytes):
    """A limit on file sizes stands in for a full disk: some files fit, a later one does not."""
    outcome = mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "report", preexec_fn=limit_file_size(n_bytes),
                   stdout=subprocess.PIPE)
    assert outcome.code == IO and outcome.err.count("\n") == 1, outcome
    assert "too large" in outcome.err and "nothing was written" in outcome.err and "--out" in outcome.err
    assert "log_loss" in outcome.out  # the verdict itself is not lost
    assert os.listdir(mlsd.work) == []


def test_run_disk_full_keeps_the_earlier_report(mlsd, binary_csv):
    assert mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "report").code == OK
    before = {name: (mlsd.work / "report" / name).read_bytes() for name in REPORT_FILES}
    outcome = mlsd("run", binary_csv, "--target", "y", "--quick", "--seed", "9", "--out", "report", "--overwrite",
                   preexec_fn=limit_file_size(5000))
    assert outcome.code == IO, outcome
    assert set(os.listdir(mlsd.work / "report")) == REPORT_FILES
    assert before == {name: (mlsd.work / "report" / name).read_bytes() for name in REPORT_FILES}


def test_run_full_tmpfs(mlsd, binary_csv):
    disk = mlsd.work / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], capture_output=True).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        outcome = mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "disk")
        assert outcome.code == IO and outcome.err.count("\n") == 1, outcome
        assert "No space left" in outcome.err
        assert os.listdir(disk) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_full_output(mlsd, binary_csv):
    model = mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "report")
    assert model.code == OK, model
    for command in [["split", binary_csv], ["predict", "report/model.mlsd", binary_csv]]:
        assert_refused(mlsd(*command, "--out", "/dev/full"), IO, "/dev/full", "No space left")
    for command in [["kinds"], ["kinds", "--json"], ["kinds", "ridge"], ["env"], ["run", "--help"], ["split", binary_csv],
                    ["predict", "report/model.mlsd", binary_csv]]:
        with open("/dev/full", "w") as full:
            assert_refused(mlsd(*command, stdout=full), IO, "No space left")
    with open("/dev/full", "w") as full:
        run = mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "other", stdout=full)
    assert_refused(run, IO, "standard output", "No space left")
    assert set(os.listdir(mlsd.work / "other")) == REPORT_FILES  # the files were written before


def test_closed_pipe_loses_no_report(mlsd, binary_csv):
    """`mlsd run | head -1`: the files stand before the first line is printed."""
    process = subprocess.run(f"{TOOL} run {binary_csv} --target y --quick --out report | head -1", shell=True,
                             cwd=mlsd.work, env=ENVIRONMENT, capture_output=True, timeout=60)
    assert process.stderr == b"", process
    assert set(os.listdir(mlsd.work / "report")) == REPORT_FILES


@pytest.fixture
def model(mlsd, binary_csv):
    assert mlsd("run", binary_csv, "--target", "y", "--quick", "--out", "report").code == OK
    return mlsd.work / "report/model.mlsd"


def test_predict_refuses_damaged_models(mlsd, binary_csv, model, tmp_path):
    whole = model.read_bytes()
    bad = tmp_path / "bad.mlsd"
    for length in [0, 1, 7, 8, 20, 31, len(whole) // 2, len(whole) - 1]:
        bad.write_bytes(whole[:length])
        assert_refused(mlsd("predict", bad, binary_csv), DATA, "bad.mlsd")
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        damaged = bytearray(whole)
        damaged[at] ^= 0x41
        bad.write_bytes(damaged)
        assert_refused(mlsd("predict", bad, binary_csv), DATA, "bad.mlsd")
    bad.write_bytes(whole + b"x")
    assert_refused(mlsd("predict", bad, binary_csv), DATA, "bad.mlsd")
    bad.write_bytes(whole[:8] + b"\xff\0\0\0" + whole[12:])
    assert_refused(mlsd("predict", bad, binary_csv), DATA, "bad.mlsd", "newer")
    assert_refused(mlsd("predict", binary_csv, binary_csv), DATA, "binary.csv", "not one of mlsd")
    assert_refused(mlsd("predict", mlsd.work, binary_csv), IO, "directory")


def test_predict_refuses_other_columns(mlsd, model, make_csv):
    rows = [row[:3] for row in ROWS]
    missing = make_csv("missing.csv", ["a", "kind"], [[row[0], row[2]] for row in rows])
    assert_refused(mlsd("predict", model, missing), DATA, "'b'")
    renamed = make_csv("renamed.csv", ["a", "b", "kinds"], rows)
    assert_refused(mlsd("predict", model, renamed), DATA, "'kind'", "'kinds'")
    retyped = make_csv("retyped.csv", ["a", "b", "kind"], [["x" + row[0]] + row[1:] for row in rows])
    assert_refused(mlsd("predict", model, retyped), DATA, "'a'", "text", "numbers")
    reordered = make_csv("reordered.csv", ["kind", "extra", "b", "a"], [[r[2], 1, r[1], r[0]] for r in rows])
    straight = make_csv("straight.csv", ["a", "b", "kind"], rows)
    assert mlsd("predict", model, reordered).out == mlsd("predict", model, straight).out != ""
    assert_refused(mlsd("predict", model, straight, "--out", "no/such/place.csv"), IO, "no/such/place.csv")


def test_hostile_names_stay_one_line(mlsd, tmp_path):
    """Control characters in a file's name or content never reach the terminal raw."""
    path = tmp_path / "a\nb\x1b[31m.csv"
    assert_refused(mlsd("run", path, "--target", "y"), IO, "No such file")
    rows = "".join(f"{row[0]},{row[1]},\"{row[2]}\x1b[2J\n{row[2]}\",{row[3]}\n" for row in ROWS)
    path = tmp_path / "hostile.csv"
    path.write_text("a,b,\"ki\x1b[31mnd\",y\n" + rows)
    outcome = mlsd("run", path, "--target", "y", "--quick", "--slices", "ki\x1b[31mnd", "--out", "report")
    assert outcome.code == OK, outcome
    assert "\x1b" not in outcome.out + outcome.err
    assert "ki?[31mnd = red?[2J?red" in outcome.out
