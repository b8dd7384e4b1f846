"""mlsd test: exit codes that a build can trust, a table in 80 columns, JUnit XML that Python's parser reads."""
import json
import os
import pathlib
import random
import signal
import subprocess
import time
import xml.etree.ElementTree as etree

import pytest

from conftest import CANCELLED, ENVIRONMENT, SOURCE, TOOL, assert_refused

PASSED, FAILED, CANNOT_TELL = 0, 1, 2


@pytest.fixture
def suite(mlsd):
    """suite(sets, **top) writes t.suite.json beside cases.csv and predictions.csv, of which cases 3 and 4 are wrong."""
    (mlsd.work / "cases.csv").write_text("x,g,y\n" + "".join(f"{i},{'ab'[i % 2]},{'yes' if i > 9 else 'no'}\n" for i in range(20)))
    p = [0.9 if i in (3, 4) or i > 9 else 0.1 for i in range(20)]
    rows = "".join(f"{'yes' if q > 0.5 else 'no'},{1 - q:.1f},{q:.1f}\n" for q in p)
    (mlsd.work / "predictions.csv").write_text("prediction,p_no,p_yes\n" + rows)

    def write(*sets, **top):
        text = json.dumps({"cases": "cases.csv", "label": "y", **top, "sets": list(sets)}, indent=1)
        (mlsd.work / "t.suite.json").write_text(text)

    return write


def run(mlsd, *arguments):
    return mlsd("test", "t.suite.json", "--predictions", "predictions.csv", *arguments)


def regression(**more):
    return {"role": "regression", **more}


@pytest.mark.parametrize("sets, code", [
    ([regression(where={"g": "a"}, rate=0.5)], PASSED),
    ([regression(where={"x": [1, 2]})], PASSED),
    ([regression()], FAILED),
    ([regression(where={"x": [1, 2]}, rate=0.99)], CANNOT_TELL),
    ([regression(), regression(where={"x": [1, 2]}, rate=0.99)], FAILED),
    ([{"role": "goal", "metric": "accuracy"}], PASSED),
    ([{"role": "goal", "metric": "rmse"}], CANNOT_TELL),
    ([{"role": "uniformity", "metric": "accuracy", "by": "g", "margin": 0.1}], CANNOT_TELL),
    ([{"role": "edge", "change": {"x": {"add": 1}}, "expect": "same"}], CANNOT_TELL),
])
def test_exit_codes(mlsd, suite, sets, code):
    suite(*sets)
    outcome = run(mlsd)
    assert outcome.code == code and outcome.err == "", outcome
    assert outcome.out.splitlines()[0] == "t.suite.json on predictions.csv"
    assert all(len(line) <= 80 for line in outcome.out.splitlines()), outcome
    assert {PASSED: "passed: ", FAILED: "failed: ", CANNOT_TELL: "cannot tell: "}[code] in outcome.out


def test_failed_cases_with_their_lines(mlsd, suite):
    suite(regression(name="must"))
    outcome = run(mlsd)
    assert "cases.csv:5: expected no, got yes (0.9)" in outcome.out and "cases.csv:6: " in outcome.out, outcome
    assert "18 of 20 cases pass; all must" in outcome.out
    found = json.loads(run(mlsd, "--json").out)
    assert found["texts"]["status"] == "failed" and [f["line"] for f in found["tables"]["failures"]] == [5, 6]
    assert list(found)[-1] == "timings"


NASTY = "a <b> & \"c\" 'd' ]]> \u00e9\n\t\u0001\uffff"


def test_junit(mlsd, suite):
    suite(regression(name=NASTY), regression(name="fine", where={"x": 1}), {"role": "goal", "name": "no", "metric": "rmse"},
          name="the <suite> & more")
    assert run(mlsd, "--junit", "out.xml").code == FAILED
    root = etree.parse(mlsd.work / "out.xml").getroot()
    assert root.tag == "testsuites" and [child.tag for child in root] == ["testsuite"]
    counts = {"name": "the <suite> & more", "tests": "3", "failures": "1", "errors": "1"}
    for element in (root, root[0]):
        assert counts.items() <= element.attrib.items() and float(element.get("time")) >= 0
    cases = root[0].findall("testcase")
    assert [c.get("name") for c in cases] == [NASTY.replace("\u0001", "\ufffd").replace("\uffff", "\ufffd"), "fine", "no"]
    assert [child.tag for c in cases for child in c] == ["failure", "system-out", "error"]
    assert cases[0][0].get("message") == "18 of 20 cases pass; all must" and "cases.csv:5: expected no, got yes" in cases[0][0].text
    assert cases[2][0].get("type") == "error" and "rmse" in cases[2][0].get("message")
    assert all(c.get("classname") == "the <suite> & more" for c in cases)
    for element in root.iter():
        attributes, children = SHAPE[element.tag]
        assert attributes[0] <= set(element.attrib) <= attributes[0] | attributes[1], element.attrib
        assert {child.tag for child in element} <= children and sum(c.tag in ("failure", "error") for c in element) <= 1


# What the schemas of Jenkins (junit-10.xsd), Ant and GitLab's reader have in common: attributes that each must have and
# may have, and children.
COUNTS = {"name", "tests", "failures", "errors", "time"}
SHAPE = {
    "testsuites": ((COUNTS, set()), {"testsuite"}),
    "testsuite": ((COUNTS, {"skipped", "timestamp", "hostname"}), {"properties", "testcase", "system-out", "system-err"}),
    "testcase": (({"name", "classname", "time"}, set()), {"failure", "error", "skipped", "system-out", "system-err"}),
    "failure": (({"message", "type"}, set()), set()),
    "error": (({"message", "type"}, set()), set()),
    "system-out": ((set(), set()), set()),
}


def test_update_keeps_last_time(mlsd, suite):
    suite({"role": "goal", "name": "right", "metric": "accuracy", "goal": 0.95})
    assert "nothing was kept" in run(mlsd).out
    first = run(mlsd, "--update", "--as", "first")
    assert first.code == PASSED and "kept as last time" in first.out
    kept = (mlsd.work / "t.suite.last.csv").read_text().splitlines()
    assert kept[0] == "set,run,what,case,outcome" and len(kept) == 21 and sum(line.endswith(",0") for line in kept) == 2
    assert (mlsd.work / "t.suite.history.csv").read_text().splitlines()[1].startswith("1,first,right,20,0.9,")
    again = run(mlsd)
    assert again.code == PASSED and "not worse than last time" in again.out and "trend: first 0.9000, now 0.9000" in again.out
    whole = (mlsd.work / "t.suite.last.csv").read_text()
    (mlsd.work / "t.suite.last.csv").write_text(whole.replace("\nright,", "\nelse,"))
    lost = run(mlsd)  # nothing to compare with is a pass at the very first run only
    assert lost.code == CANNOT_TELL and "the cases of the last are gone" in " ".join(lost.out.split()), lost
    (mlsd.work / "t.suite.last.csv").unlink()
    assert run(mlsd).code == CANNOT_TELL
    (mlsd.work / "t.suite.last.csv").write_text(whole)
    worse = "".join("no,0.9,0.1\n" for _ in range(20))
    (mlsd.work / "predictions.csv").write_text("prediction,p_no,p_yes\n" + worse)
    outcome = run(mlsd, "--update")
    assert outcome.code == FAILED and "worse than last time by more than chance" in " ".join(outcome.out.split()), outcome
    outcome = run(mlsd)  # what was kept is last time from now on, and the baseline is what it was
    assert outcome.code == FAILED and "worse than the baseline, run 1 'first'" in " ".join(outcome.out.split()), outcome
    assert run(mlsd, "--baseline", "--as", "so be it").code == FAILED
    assert run(mlsd).code == PASSED
    assert len((mlsd.work / "t.suite.history.csv").read_text().splitlines()) == 4


def test_a_model_and_what_it_lacks(mlsd, suite, binary_csv):
    assert mlsd("run", binary_csv, "--target", "y", "--out", "r", "--quick").code == 0
    suite(regression())
    outcome = mlsd("test", "t.suite.json", "--model", "r/model.mlsd", "--junit", "out.xml")
    assert outcome.code == CANNOT_TELL and "no column 'a', which the model needs" in outcome.out, outcome
    assert etree.parse(mlsd.work / "out.xml").getroot().get("errors") == "1"
    suite(regression(rate=0.5, cases=str(binary_csv)),
          {"role": "edge", "cases": str(binary_csv), "change": {"a": {"add": 1}}, "class": "yes", "expect": "not lower"})
    outcome = mlsd("test", "t.suite.json", "--model", "r/model.mlsd")
    assert outcome.code == PASSED and "200 of 200 cases pass" in outcome.out, outcome


@pytest.mark.parametrize("arguments, words", [
    ([], ["one of '--model' and '--predictions' is needed, got neither"]),
    (["--model", "a", "--predictions", "b"], ["got both"]),
    (["--model", "none.mlsd"], ["none.mlsd"]),
    (["--predictions", "none.csv"], ["none.csv"]),
    (["--predictions", "cases.csv"], ["cases.csv", "no column 'prediction'"]),
    (["--predictions", "few.csv"], ["1 predictions for the 20 cases of 'cases.csv'"]),
    (["--prediction", "few.csv"], ["predictions"]),
])
def test_what_is_not_run_ends_with_2(mlsd, suite, arguments, words):
    suite(regression())
    (mlsd.work / "few.csv").write_text("prediction\nyes\n")
    assert_refused(mlsd("test", "t.suite.json", *arguments), CANNOT_TELL, *words)


@pytest.mark.parametrize("text, words", [
    (None, ["t.suite.json", "No such file"]),
    ("{", ["t.suite.json:1: "]),
    ('{"sets": []}', ["no set"]),
    ('{"sets": [\n{"role": "regression", "cases": "cases.csv",\n"lable": "y"}]}', ["t.suite.json:3: ", "did you mean 'label'?"]),
    ('{"sets": [{"role": "regression",\n"cases": "gone.csv"}]}', ["t.suite.json:2: ", "gone.csv"]),
])
def test_suites_that_cannot_be_read_end_with_2(mlsd, suite, text, words):
    if text is not None:
        (mlsd.work / "t.suite.json").write_text(text)
    assert_refused(run(mlsd), CANNOT_TELL, *words)


def test_help_tells_the_codes(mlsd):
    outcome = mlsd("test", "--help")
    assert outcome.code == 0 and "  0    all sets passed\n  1    a set failed\n  2    a set cannot" in outcome.out
    assert "audit" not in outcome.out  # the codes of the other commands mean something else


KILL_AT = pathlib.Path(os.environ.get("MLSD_KILL_AT", SOURCE / "build/tests/cli/libkill_at.so"))


def kept(directory):
    """What stands on the disk: the runs that each file has, and the JUnit XML's number of sets; None where there is no file."""
    found = []
    for name, column in (("t.suite.last.csv", 1), ("t.suite.history.csv", 0)):
        path = directory / name
        rows = path.read_text().splitlines()[1:] if path.exists() else None
        found.append(None if rows is None else sorted({row.split(",")[column] for row in rows}))
    out = directory / "out.xml"
    return found + [len(etree.parse(out).getroot().findall(".//testcase")) if out.exists() else None]


@pytest.mark.skipif(not KILL_AT.is_file(), reason="kill_at.c is not built with a sanitizer")
@pytest.mark.parametrize("before", [0, 1, 2])
def test_kill_9_leaves_old_or_new(mlsd, suite, before):
    """kill -9 after each call that changes what stands on the disk: each file is as before or as after, whole; and the
    same command goes on from there."""
    suite({"role": "goal", "name": "right", "metric": "accuracy", "goal": 0.95}, regression(rate=0.5))
    command = ["test", "t.suite.json", "--predictions", "predictions.csv", "--update", "--junit", "out.xml"]
    old = [None, None, None] if before == 0 else [sorted({"1", str(before)}), [str(k + 1) for k in range(before)], 2]
    new = [sorted({"1", str(before + 1)}), [str(k + 1) for k in range(before + 1)], 2]
    n_killed = 0
    for number in range(1, 100):
        for path in [*mlsd.work.glob("t.suite.*.csv"), *mlsd.work.glob("out.xml*")]:
            path.unlink()
        for _ in range(before):
            assert mlsd(*command).code == PASSED
        assert kept(mlsd.work) == old
        environment = ENVIRONMENT | {"LD_PRELOAD": str(KILL_AT), "KILL_AT": str(number)}
        done = subprocess.run([TOOL, *command], cwd=mlsd.work, env=environment, capture_output=True, timeout=60)
        if done.returncode != -signal.SIGKILL:
            assert done.returncode == PASSED and kept(mlsd.work) == new
            break
        n_killed += 1
        for now, was, becomes in zip(kept(mlsd.work), old, new):
            assert now in (was, becomes), (number, now)
        again = mlsd(*command)
        assert again.code == PASSED and again.err == "", (number, again)
        runs = kept(mlsd.work)[0]
        assert runs[0] == "1" and len(runs) <= 2, (number, runs)  # the baseline is still that of the first run
    assert n_killed > 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_with_130_and_leaves_nothing(mlsd, suite, number):
    """At any moment: all is written or nothing, and a build that is stopped has not passed."""
    rows = "".join(f"{i / 20000:.5f},{'yes' if i % 3 else 'no'}\n" for i in range(20000))
    (mlsd.work / "cases.csv").write_text("x,y\n" + rows)
    (mlsd.work / "predictions.csv").write_text("p_no,p_yes\n" + "".join(f"{1 - i / 20000:.5f},{i / 20000:.5f}\n" for i in range(20000)))
    suite_path = mlsd.work / "t.suite.json"
    suite_path.write_text(json.dumps({"cases": "cases.csv", "label": "y", "sets": [
        {"role": "goal", "name": m, "metric": m} for m in ("f1", "average_precision", "roc_auc", "matthews_corrcoef")]}))
    command = [TOOL, "test", "t.suite.json", "--predictions", "predictions.csv", "--update", "--junit", "out.xml"]
    subprocess.run(command, cwd=mlsd.work, env=ENVIRONMENT, check=True, capture_output=True)
    other = "".join(f"{i / 20000:.5f},{1 - i / 20000:.5f}\n" for i in range(20000))
    (mlsd.work / "predictions.csv").write_text("p_no,p_yes\n" + other)  # so that exchanges take a while
    (mlsd.work / "out.xml").unlink()
    before = kept(mlsd.work)
    draw, n_stopped = random.Random(int(number)), 0
    for _ in range(8):
        process = subprocess.Popen(command, cwd=mlsd.work, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.05 + draw.random())
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        if process.returncode == CANCELLED:
            n_stopped += 1
            # A run of some seconds has told its progress before.
            assert err.splitlines()[-1] == "mlsd: cancelled; nothing was written"
            assert out == "" or "passed: 4 of 4" in out  # told, and stopped before it was kept
        elif process.returncode == FAILED:  # it had finished
            before = kept(mlsd.work)
        else:
            assert process.returncode == -number and out == ""  # before the tool was up and listened
        assert kept(mlsd.work) == before
    assert n_stopped > 0


def test_junit_that_cannot_be_written_ends_with_2(mlsd, suite):
    suite(regression(rate=0.5))
    assert_refused(run(mlsd, "--junit", "none/out.xml"), CANNOT_TELL, "none/out.xml")
    assert not (mlsd.work / "none").exists()


def test_a_path_that_is_no_text_is_told_in_xml_and_json(mlsd, suite):
    suite(regression())
    name = b"\xff\xc3(\xed\xa0\x80.suite.json"
    os.rename(mlsd.work / "t.suite.json", os.path.join(os.fsencode(mlsd.work), name))
    done = subprocess.run([TOOL, b"test", name, b"--predictions", b"predictions.csv", b"--junit", b"out.xml", b"--json"],
                          cwd=mlsd.work, env=ENVIRONMENT, capture_output=True)
    assert done.returncode == FAILED and json.loads(done.stdout)["texts"]["status"] == "failed"
    assert "suite.json" in etree.parse(mlsd.work / "out.xml").getroot().get("name")


@pytest.mark.parametrize("name, text", [
    ("history", "run,name,set,n,value,low,high\n"), ("history", ""), ("history", "\x00\x01"), ("history", "run,name,set,n,val"),
    ("last", "set,run,what,case,outcome\nright,1,accuracy"), ("last", "set,what,case,outcome\nright,accuracy,1,1\n"),
])
def test_what_was_kept_and_is_damaged_ends_with_2(mlsd, suite, name, text):
    suite({"role": "goal", "name": "right", "metric": "accuracy"})
    assert run(mlsd, "--update").code == PASSED
    (mlsd.work / f"t.suite.{name}.csv").write_text(text)
    assert_refused(run(mlsd), CANNOT_TELL, f"t.suite.{name}.csv", "restore the file, or remove it to begin anew")
    (mlsd.work / f"t.suite.{name}.csv").unlink()
    assert run(mlsd, "--update").code == (CANNOT_TELL if name == "last" else PASSED)  # its own remedy: keep this run
    assert run(mlsd).code == PASSED


def test_a_model_that_is_cut(mlsd, suite, binary_csv):
    assert mlsd("run", binary_csv, "--target", "y", "--out", "r", "--quick").code == 0
    suite(regression(rate=0.5, cases=str(binary_csv)))
    whole = (mlsd.work / "r/model.mlsd").read_bytes()
    for n in (0, 1, len(whole) // 2, len(whole) - 1):
        (mlsd.work / "cut.mlsd").write_bytes(whole[:n])
        assert_refused(mlsd("test", "t.suite.json", "--model", "cut.mlsd"), CANNOT_TELL, "cut.mlsd")


def goals(suite, *names):
    suite(*({"role": "goal", "name": name, "metric": "accuracy", "goal": 0.99, "where": {"g": name}} for name in names))


def test_a_set_that_is_gone_for_a_run_keeps_its_baseline(mlsd, suite):
    goals(suite, "a", "b")
    run(mlsd, "--update", "--as", "first")
    goals(suite, "a")
    run(mlsd, "--update", "--as", "without b")
    goals(suite, "a", "b")
    said = " ".join(run(mlsd).out.split())
    assert "nothing was kept" not in said and said.count("last ") >= 2, said


def test_a_name_that_is_no_text_keeps_nothing(mlsd, suite):
    goals(suite, "a")
    outcome = run(mlsd, "--update", "--as", os.fsdecode(b"\xff"))
    assert outcome.code == CANNOT_TELL and "is not UTF-8 at byte 0" in outcome.err, outcome
    assert not list(mlsd.work.glob("*.last.csv")) + list(mlsd.work.glob("*.history.csv"))


def test_a_full_standard_output_keeps_nothing_and_ends_with_2(mlsd, suite):
    goals(suite, "a")
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [TOOL, "test", "t.suite.json", "--predictions", "predictions.csv", "--update"], cwd=mlsd.work, env=ENVIRONMENT,
            stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert ended.returncode == CANNOT_TELL and b"standard output" in ended.stderr
    assert not list(mlsd.work.glob("*.last.csv")) + list(mlsd.work.glob("*.history.csv"))
