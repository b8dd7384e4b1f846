"""mlsd validate: specs of validations from files, folds from mlsd split, what is printed and saved, mistakes."""
import json

import pytest

from conftest import DATA, HMDA, IO, OK, USAGE, assert_refused

MODELS = [{"kind": "pipeline", "name": "constant", "steps": [{"kind": "one_hot"}, {"kind": "dummy_classifier"}]},
          {"kind": "pipeline", "name": "logistic",
           "steps": [{"kind": "impute"}, {"kind": "one_hot"}, {"kind": "standardize"}, {"kind": "logistic_regression"}]}]


@pytest.fixture
def spec(tmp_path):
    def make(**parameters):
        path = tmp_path / "spec.json"
        path.write_text(json.dumps({"kind": "cross_validate", "estimators": MODELS} | parameters))
        return path
    return make


def test_cross_validate(mlsd, spec):
    outcome = mlsd("validate", spec(metrics=["log_loss", "accuracy"]), HMDA, "--target", "deny", "--out", "r.json")
    assert outcome.code == OK, outcome
    result = json.loads((mlsd.work / "r.json").read_text())
    models = {row["model"]: row for row in result["tables"]["models"]}
    assert models["logistic"]["log_loss.mean"] < models["constant"]["log_loss.mean"]
    assert len(result["tables"]["predictions"]) == 2 * 2380
    lines = outcome.out.splitlines()
    assert max(map(len, lines[1:])) <= 80
    assert any(line.split()[:2] == ["model", "log_loss.mean"] for line in lines)
    assert "plan: " in outcome.out and " ".join(result["verdict"].split()) in " ".join(outcome.out.split())
    again = mlsd("validate", spec(metrics=["log_loss", "accuracy"]), HMDA, "--target", "deny", "--threads", 1)
    assert again.out == outcome.out


def test_metrics_by_scikit_learns_names(mlsd, spec):
    outcome = mlsd("validate", spec(metrics=["f1_macro", "balanced_accuracy"]), HMDA, "--target", "deny", "--out", "r.json")
    assert outcome.code == OK, outcome
    models = {row["model"]: row for row in json.loads((mlsd.work / "r.json").read_text())["tables"]["models"]}
    # What never says yes has half of the classes' recall, and of F1 the half of that of "no".
    assert models["constant"]["balanced_accuracy.mean"] == 0.5 < models["logistic"]["balanced_accuracy.mean"]
    assert models["constant"]["f1_macro.mean"] < models["logistic"]["f1_macro.mean"]


def test_folds_and_parameters(mlsd, spec):
    assert mlsd("split", HMDA, "--splitter", "kfold", "--set", "n_splits=3", "--out", "f.txt").code == OK
    outcome = mlsd("validate", spec(), HMDA, "--target", "deny", "--folds", "f.txt", "--set", "metrics=accuracy",
                   "--out", "r.json")
    assert outcome.code == OK, outcome
    folds = json.loads((mlsd.work / "r.json").read_text())["tables"]["folds"]
    assert [row["n_test"] for row in folds] == [794, 793, 793] * 2 and "accuracy" in folds[0]


def test_a_file_that_is_no_folds(mlsd, spec):
    (mlsd.work / "empty").touch()
    (mlsd.work / "noise").write_bytes(bytes(range(256)) * 4)
    for file, words in ((spec(), "no folds as mlsd_folds_save and 'mlsd split --out' write them"), ("noise", "no folds as"),
                        (HMDA, "a column 'fold', or columns 'row' and 'part'"), ("empty", "no byte at all")):
        assert_refused(mlsd("validate", spec(), HMDA, "--target", "deny", "--folds", file), DATA, f"'{file}': ", words)


def test_a_long_table_shows_the_best(mlsd, spec):
    path = spec()
    search = {"kind": "random_search", "estimator": MODELS[1] | {"name": "m"}, "n_iter": 45, "seed": 1, "n_bootstraps": 0,
              "space": ["logistic_regression.C ~ log_uniform(0.00001, 1)"]}
    del search["estimator"]["name"]
    path.write_text(json.dumps(search))
    outcome = mlsd("validate", path, HMDA, "--target", "deny", "--out", "r.json", "--report", "r.html")
    assert outcome.code == OK, outcome
    exact = [row["logistic_regression.C"] for row in json.loads((mlsd.work / "r.json").read_text())["tables"]["candidates"]]
    assert max(len(text) for text in exact) >= 17
    for shown in (outcome.out, (mlsd.work / "r.html").read_text()):
        assert not any(text in shown for text in exact if len(text) >= 17)
    assert sum(line.startswith("  > ") or line.lstrip().startswith("> ") for line in outcome.out.splitlines()) == 1
    assert "  and 15 more rows, which rank behind these\n" in outcome.out
    assert max(map(len, outcome.out.splitlines()[1:])) <= 80


def test_a_page_with_pictures(mlsd, spec):
    outcome = mlsd("validate", spec(metrics=["log_loss"]), HMDA, "--target", "deny", "--report", "page.html")
    assert outcome.code == OK, outcome
    page = (mlsd.work / "page.html").read_text()
    assert page.count('<g class="row ') == 2 and page.count('class="fold"') == 10 and "http" not in page
    assert mlsd("validate", spec(), HMDA, "--target", "deny", "--report", "/no/such/page.html").code == IO


def test_losses_by_epoch(mlsd, spec):
    path = spec(metrics=["log_loss"])
    steps = [*MODELS[1]["steps"][:-1], {"kind": "sgd_classifier", "max_iter": 30}]
    models = [MODELS[1], {"name": "net", "kind": "pipeline", "steps": steps}]
    path.write_text(json.dumps({"kind": "cross_validate", "estimators": models}))
    outcome = mlsd("validate", path, HMDA, "--target", "deny", "--curves", "--out", "r.json", "--report", "page.html")
    assert outcome.code == OK, outcome
    assert "'net', loss by epoch, mean over the folds" in outcome.out and "refit_steps" in outcome.out
    assert f"note: '{MODELS[1]['name']}': not trained by epochs" in outcome.out
    assert max(map(len, outcome.out.splitlines()[1:])) <= 80
    tables = json.loads((mlsd.work / "r.json").read_text())["tables"]
    assert {row["set"] for row in tables["curves"]} == {"train", "test"} and {row["model"] for row in tables["curves"]} == {"net"}
    assert (mlsd.work / "page.html").read_text().count('class="band ') == 2
    assert "refit_steps" not in mlsd("validate", path, HMDA, "--target", "deny").out
    path.write_text(json.dumps({"kind": "learning_curve", "estimators": [MODELS[1]]}))
    assert_refused(mlsd("validate", path, HMDA, "--target", "deny", "--curves"), USAGE, "'--curves' is for a spec of kind 'cross_validate'")


def test_columns_that_just_fit(mlsd, spec):
    path = spec()
    search = {"kind": "grid_search", "metrics": ["log_loss"], "estimator": {k: v for k, v in MODELS[1].items() if k != "name"},
              "space": ["logistic_regression.C = 0.01, 0.1"]}
    path.write_text(json.dumps({"kind": "nested_cv", "search": search}))
    outcome = mlsd("validate", path, HMDA, "--target", "deny")
    assert outcome.code == OK and "inner.log_loss" in outcome.out, outcome
    assert max(map(len, outcome.out.splitlines()[1:])) <= 80


def test_a_search_saves_its_model(mlsd, spec):
    path = spec()
    search = {"kind": "halving_grid_search", "estimator": MODELS[1] | {"name": "m"}, "space": ["logistic_regression.C = 0.01, 0.1, 1"]}
    del search["estimator"]["name"]
    path.write_text(json.dumps(search))
    outcome = mlsd("validate", path, HMDA, "--target", "deny", "--model", "best.mlsd", "--out", "r.json")
    assert outcome.code == OK, outcome
    assert "candidates" in outcome.out and "rung_folds" not in outcome.out  # single folds are for the file
    assert "rung_folds" in json.loads((mlsd.work / "r.json").read_text())["tables"]
    assert max(map(len, outcome.out.splitlines()[1:])) <= 80
    assert mlsd("predict", "best.mlsd", HMDA).out.startswith("prediction,p_no,p_yes")
    outcome = mlsd("validate", spec(), HMDA, "--target", "deny", "--model", "m")  # there is none; the tables are not lost
    assert outcome.code == DATA and "'cross_validate' chooses no model" in outcome.err and "logistic" in outcome.out


def test_a_journal_is_gone_on_from(mlsd, spec):
    command = ["validate", spec(), HMDA, "--target", "deny", "--journal", "j", "--out"]
    assert mlsd(*command, "a.json").code == mlsd(*command, "b.json").code == OK
    assert (mlsd.work / "j").stat().st_size > 8
    texts = [(mlsd.work / name).read_text() for name in ("a.json", "b.json")]
    assert texts[0][:texts[0].index('"timings"')] == texts[1][:texts[1].index('"timings"')]


def test_mistakes(mlsd, spec, binary_csv):
    path = spec()
    assert_refused(mlsd("validate", path, HMDA), USAGE, "--target")
    assert_refused(mlsd("validate", path), USAGE, "needs a spec and a file")
    assert_refused(mlsd("validate", "absent.json", HMDA, "--target", "deny"), IO, "absent.json")
    assert_refused(mlsd("validate", path, HMDA, "--target", "deney"), DATA, "did you mean 'deny'?")
    assert_refused(mlsd("validate", path, HMDA, "--target", "deny", "--set", "metrics=rmse"), DATA, "rmse")
    assert_refused(mlsd("validate", path, HMDA, "--target", "deny", "--set", "metrix=rmse"), USAGE, "metrix")
    assert_refused(mlsd("validate", path, HMDA, "--target", "deny", "--set", "metrics"), USAGE, "name=value")
    assert mlsd("split", HMDA, "--out", "f.txt").code == OK
    assert_refused(mlsd("validate", path, binary_csv, "--target", "y", "--folds", "f.txt"), DATA, "2380 rows", "200")
    (mlsd.work / "ridge.json").write_text('{"kind": "ridge"}')
    assert_refused(mlsd("validate", "ridge.json", HMDA, "--target", "deny"), USAGE, "'ridge'", "validation")
