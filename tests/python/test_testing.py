"""mlsd.testing and its pytest plugin. Witness: scikit-learn's models, judged here by hand."""
import json
import os
import subprocess
import sys

import numpy as np
import pandas
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

import mlsd
from mlsd.testing import Suite, assert_suite

RNG = np.random.default_rng(3)


@pytest.fixture
def cases(tmp_path):
    """200 cases, a frame of them, and a suite about them: make(sets) writes it."""
    a, b = RNG.normal(size=200), RNG.normal(size=200)
    frame = pandas.DataFrame({"a": a, "b": b, "y": np.where(a + 0.5 * b + RNG.normal(0, 0.3, 200) > 0, "yes", "no")})
    frame["group"] = np.where(np.arange(200) % 2, "left", "right")
    frame.to_csv(tmp_path / "cases.csv", index=False)

    def make(*sets, **top):
        path = tmp_path / "t.suite.json"
        path.write_text(json.dumps({"cases": "cases.csv", "label": "y", **top, "sets": list(sets)}, indent=1))
        return path

    make.frame = frame
    return make


def fitted(frame):
    roles = {"y": "target", "group": "ignore"}
    return mlsd.Model(mlsd.Spec("logistic_regression"), mlsd.Dataset.from_table(mlsd.Table(frame), roles))


SETS = (
    {"role": "regression", "name": "mostly right", "rate": 0.7},
    {"role": "uniformity", "name": "even", "by": "group", "metric": "accuracy", "margin": 0.4},
    {"role": "goal", "name": "loss", "metric": "log_loss", "goal": 0.01},
    {"role": "edge", "name": "a counts", "change": {"a": {"add": 1}}, "class": "yes", "expect": "not lower"},
)


@pytest.mark.parametrize("model", [LogisticRegression(), RandomForestClassifier(20, random_state=0, max_features=1)])
def test_models_of_scikit_learn(cases, model):
    frame = cases.frame
    model.fit(frame[["a", "b"]], frame["y"])
    result = Suite(cases(*SETS)).run(model)
    n_right = int((model.predict(frame[["a", "b"]]) == frame["y"]).sum())
    assert result.tests["n_failed"][0] == 200 - n_right
    assert sorted(result.failures["line"][result.failures["set"] == "mostly right"]) == [
        i + 2 for i, (p, y) in enumerate(zip(model.predict(frame[["a", "b"]]), frame["y"])) if p != y
    ]
    before = model.predict_proba(frame[["a", "b"]])[:, 1]
    after = model.predict_proba(frame[["a", "b"]].assign(a=frame["a"] + 1))[:, 1]
    assert result.tests["n_failed"][3] == int((after < before).sum())
    assert result.status == ("failed" if (after < before).any() else "passed")
    assert "short of the goal 0.01" in result.tests["detail"][2]


def test_arrays_functions_and_labels_alone(cases):
    frame = cases.frame
    X, y = frame[["a", "b"]].to_numpy(), frame["y"].to_numpy()
    path = cases(SETS[0])
    by_name = Suite(path).run(LogisticRegression().fit(X, y), features=["a", "b"])
    model = LogisticRegression().fit(X, y)
    seen = []

    def predict(table):
        seen.append(table.columns)
        return model.predict_proba(np.column_stack([table["a"], table["b"]]))

    by_function = Suite(path).run(predict, classes=["no", "yes"])
    assert seen == [["a", "b", "y", "group"]]
    assert by_name.tests["detail"][0] == by_function.tests["detail"][0]
    labels = Suite(path).run(LinearSVC().fit(X, y), features=["a", "b"])
    assert labels.passed and labels.tests["n"][0] == 200
    with pytest.raises(TypeError, match="give features"):
        Suite(path).run(model)
    with pytest.raises(TypeError, match="a model or predictions"):
        Suite(path).run()


def test_numbers(cases):
    frame = cases.frame
    path = cases({"role": "regression", "tolerance": 0.5, "label": "a"}, {"role": "goal", "metric": "rmse", "label": "a"})
    model = LinearRegression().fit(frame[["b"]], frame["a"])
    result = Suite(path).run(model)
    error = np.abs(model.predict(frame[["b"]]) - frame["a"])
    assert result.tests["n_failed"][0] == int((error > 0.5).sum())
    assert result.tests["value"][1] == pytest.approx(np.sqrt(np.mean(error**2)))


def test_what_predict_raises_is_told_of_its_set(cases):
    def predict(table):
        raise RuntimeError("no power")

    result = Suite(cases(SETS[0])).run(predict, classes=["no", "yes"])
    assert result.status == "cannot tell" and "RuntimeError: no power" in result.tests["detail"][0]

    def interrupt(table):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Suite(cases(SETS[0])).run(interrupt, classes=["no", "yes"])
    wrong = Suite(cases(SETS[0])).run(lambda table: [1.0], classes=["no", "yes"])
    assert "200 cases need 400 numbers, the model gave 1" in wrong.tests["detail"][0]


def test_models_of_mlsd_predictions_and_keeping(cases, tmp_path):
    frame = cases.frame
    fitted(frame).save(tmp_path / "m.mlsd")
    suite = Suite(cases(*SETS[:3]))
    assert [name for name, _, _ in suite.sets] == ["mostly right", "even", "loss"] and suite.sets[0][1] == "regression"
    result = assert_suite(suite, tmp_path / "m.mlsd")
    suite.keep(result, "first")
    worse = Suite(suite.path).run(lambda t: np.full((t.n_rows, 2), 0.5), classes=["no", "yes"])
    assert worse.tests["status"][2] == "failed" and "worse than last time" in worse.explain("loss")
    assert list(worse.table("trend")["name"]) == ["first", "now"]
    with pytest.raises(AssertionError, match=r"cases.csv:\d+: expected (yes|no), got"):
        assert_suite(suite, predictions={"prediction": ["no"] * 200})
    assert "<testcase" in result.junit()


def test_columns_as_pandas_reads_them(cases, tmp_path):
    """A model sees what it was fitted to: truths, and NaN for an empty text. Witness: the same model on pandas.read_csv."""
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = cases.frame.assign(flag=cases.frame["b"] > 0, group=np.where(cases.frame["b"] > 1, "", cases.frame["group"]))
    path = cases({"role": "regression", "rate": 0.5})
    frame.to_csv(tmp_path / "cases.csv", index=False)
    read = pandas.read_csv(tmp_path / "cases.csv")
    steps = make_column_transformer((OneHotEncoder(), ["group"]), remainder="passthrough")
    model = make_pipeline(steps, LogisticRegression()).fit(read[["group", "a", "flag"]], read["y"])
    result = Suite(path).run(model)
    assert result.tests["status"][0] == "passed", result.explain("regression 1")
    assert result.tests["n_failed"][0] == int((model.predict(read[["group", "a", "flag"]]) != read["y"]).sum())


@pytest.mark.parametrize("answer, words", [
    (lambda n: np.full((n, 2), 0.9), "cases.csv:2: the prediction is 1.8, not probabilities that sum to 1"),
    (lambda n: np.full((n, 2), np.nan), "cases.csv:2: the prediction is nan, not a probability"),
    (lambda n: np.tile([-0.5, 1.5], (n, 1)), "cases.csv:2: the prediction is -0.5, not a probability"),
    (lambda n: np.full(n, 0.9), "200 cases need 400 numbers, the model gave 200: a probability for each of no, yes"),
])
def test_answers_that_are_none(cases, answer, words):
    result = Suite(cases(SETS[0])).run(lambda table: answer(table.n_rows), classes=["no", "yes"])
    assert result.status == "cannot tell" and words in result.tests["detail"][0], result.tests["detail"]
    right = np.where(cases.frame["y"].to_numpy()[:, None] == ["no", "yes"], 0.75, 0.25)
    later = Suite(cases(SETS[0], {**SETS[3], "name": "changed"})).run(
        lambda table, asked=[]: asked.append(1) or (right if len(asked) == 1 else answer(table.n_rows)), classes=["no", "yes"])
    assert list(later.tests["status"]) == ["passed", "error"]
    assert words.replace("cases.csv:2: the prediction is", "cases.csv: the prediction of a changed case is") in later.tests["detail"][1]


def test_sets_and_cases_one_by_one(cases):
    frame = cases.frame
    model = LogisticRegression().fit(frame[["a", "b"]], frame["y"])
    suite = Suite(cases({"role": "regression", "name": "left", "where": {"group": "left"}}, SETS[0],
                        {"role": "regression", "name": "numbers", "tolerance": 1, "where": {"group": "left"}, "label": "a"}))
    names = suite.cases("left")
    assert names == [f"cases.csv:{i + 2}" for i in range(1, 200, 2)] and len(suite.cases("mostly right")) == 200
    result = suite.run(model)
    wrong = model.predict(frame[["a", "b"]]) != frame["y"]
    result.check("mostly right")
    with pytest.raises(AssertionError, match=r"left: failed: \d+ of 100 cases pass; all must\n  cases.csv:\d+: expected"):
        result.check("left")
    for name in names:
        row = int(name.split(":")[1]) - 2
        if wrong[row]:
            with pytest.raises(AssertionError, match=rf"^left: {name}: expected {frame['y'][row]}, got (yes|no) \(0.\d+\)$"):
                result.check("left", name)
        else:
            result.check("left", name)
    with pytest.raises(AssertionError, match="numbers: error: .*no class of the model"):
        result.check("numbers", suite.cases("numbers")[0])
    for ask in (suite.cases, result.check, result.explain):
        with pytest.raises(KeyError, match="no set 'right'; there are 'left', 'mostly right'"):
            ask("right")


def test_junit_as_a_file(cases, tmp_path):
    result = Suite(cases(SETS[0])).run(lambda t: np.full((t.n_rows, 2), 0.5), classes=["no", "yes"])
    result.junit(tmp_path / "out.xml")
    assert (tmp_path / "out.xml").read_text() == result.junit()
    with pytest.raises(mlsd.FileError):
        result.junit(tmp_path / "none" / "out.xml")


def test_what_is_wrong_has_a_line(cases, tmp_path):
    path = cases({"role": "regression", "rates": 1})
    with pytest.raises(mlsd.ParameterError, match=r"t\.suite\.json:7: regression has no key 'rates'; did you mean 'rate'"):
        Suite(path)
    with pytest.raises(mlsd.FileError):
        Suite(tmp_path / "none.json")


def run_pytest(directory, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments], cwd=directory, capture_output=True, text=True,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return done.returncode, done.stdout + done.stderr


CONFTEST = """
pytest_plugins = ["mlsd.testing.pytest_plugin"]

def pytest_mlsd_model(path):
    import numpy as np
    assert path.name == "t.suite.json"
    return {"model": lambda t: np.column_stack([t["a"] < 0, t["a"] >= 0]), "classes": ["no", "yes"]}
"""


def test_the_plugin_of_pytest(cases, tmp_path):
    cases(SETS[0], {"role": "regression", "name": "never wrong"}, {"role": "regression", "name": "unsure", "where": {"group": "left"}, "rate": 0.8})
    (tmp_path / "conftest.py").write_text(CONFTEST)
    code, said = run_pytest(tmp_path, "-v")
    assert code == 1 and "t.suite.json::mostly right PASSED" in said and "t.suite.json::never wrong FAILED" in said, said
    assert "cases pass; all must" in said and "cases.csv:" in said and "expected " in said


def test_the_plugin_case_by_case(cases, tmp_path):
    few = {"where": {"group": "left"}}
    cases({"role": "regression", "name": "all", **few}, {"role": "regression", "name": "most", "rate": 0.6, **few}, SETS[3])
    (tmp_path / "conftest.py").write_text(CONFTEST)
    code, said = run_pytest(tmp_path, "-v", "--mlsd-cases", "-rx")
    a, y = cases.frame["a"].to_numpy()[1::2], cases.frame["y"].to_numpy()[1::2]
    n_wrong = int(((a >= 0) != (y == "yes")).sum())
    assert code == 1 and n_wrong > 0
    # The set "all" and its wrong cases fail; "most" allows them; a rises, so that its probability does.
    assert f"{n_wrong + 1} failed, {100 - n_wrong + 1 + 100 - n_wrong + 1} passed, {n_wrong} xfailed" in said, said[-2000:]
    assert "t.suite.json::all[cases.csv:3] " in said and "the set must pass in 60 %" in said
    code, said = run_pytest(tmp_path, "-q", "--mlsd-cases", "-m", "edge", "--strict-markers", "-W", "error")
    assert code == 0 and "1 passed" in said, said


def test_the_plugin_with_a_model_file(cases, tmp_path):
    frame = cases.frame
    fitted(frame).save(tmp_path / "m.mlsd")
    cases(SETS[0])
    code, said = run_pytest(tmp_path, "-q", "-p", "mlsd.testing.pytest_plugin", "--mlsd-model", "m.mlsd")
    assert code == 0 and "1 passed" in said, said
    (tmp_path / "broken.suite.json").write_text('{"sets": [{"role": "regresion"}]}')
    code, said = run_pytest(tmp_path, "-q", "-p", "mlsd.testing.pytest_plugin", "--continue-on-collection-errors")
    assert code == 1 and "no role 'regresion'" in said and "there is no model" in said, said
