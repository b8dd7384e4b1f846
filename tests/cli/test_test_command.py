"""mlsd test: exit codes that a build can trust, a table in 80 columns, JUnit XML that Python's parser reads."""
import json
import xml.etree.ElementTree as etree

import pytest

from conftest import assert_refused

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
