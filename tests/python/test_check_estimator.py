"""Every class passes scikit-learn's check_estimator, but for the checks that docs/scikit-learn.md lists with reasons.

The page is the list: a check that fails and is not there fails this test, and so does one that is there and passes.
Witness: sklearn.utils.estimator_checks.
"""

import importlib
import inspect
import re

import pytest

import mlsd
from mlsd._estimators import Estimator

pytest.importorskip("sklearn")
from sklearn.utils.estimator_checks import check_estimator

# What a class needs, or the checks expect: they set alpha of a penalised model to 0.01, but not where it also has alphas.
ARGUMENTS = {
    "AugmentedClassifier": {"estimator": mlsd.naive_bayes.GaussianNB(), "augment": [mlsd.augment.jitter()]},
    "AugmentedRegressor": {"estimator": mlsd.linear_model.Ridge(alpha=0.01), "augment": [mlsd.augment.jitter()]},
    "BaggingClassifier": {"estimator": mlsd.naive_bayes.GaussianNB()},
    "BaggingRegressor": {"estimator": mlsd.linear_model.Ridge(alpha=0.01)},
    "CalibratedClassifierCV": {"estimator": mlsd.naive_bayes.GaussianNB(), "cv": 2},
    "ColumnTransformer": {"transformers": [("scale", mlsd.preprocessing.StandardScaler(), slice(None))]},
    "ElasticNet": {"alpha": 0.01},
    "ExponentiatedGradient": {
        "estimator": mlsd.naive_bayes.GaussianNB(), "sensitive_features": ["x0"], "keep_sensitive": True, "eps": 1.0},
    "Lasso": {"alpha": 0.01},
    "PermutationSelect": {"estimator": mlsd.linear_model.Ridge(), "cv": 2},
    "QuadraticDiscriminantAnalysis": {"reg_param": 0.1},
    "RFE": {"estimator": mlsd.linear_model.Ridge()},
    "RFECV": {"estimator": mlsd.linear_model.Ridge(), "cv": 2},
    "SelectFromModel": {"estimator": mlsd.linear_model.Ridge()},
    "SnapshotEnsembleClassifier": {"estimator": mlsd.linear_model.SGDClassifier(max_iter=20), "n_snapshots": 2},
    "SnapshotEnsembleRegressor": {"estimator": mlsd.linear_model.SGDRegressor(max_iter=100, learning_rate="constant"), "n_snapshots": 2},
    "SequentialFeatureSelector": {"estimator": mlsd.linear_model.Ridge(), "cv": 2},
    "Pipeline": {"steps": [("scale", mlsd.preprocessing.StandardScaler()), ("model", mlsd.linear_model.Ridge())]},
}


def classes():
    """The estimators of all modules of the package, each once."""
    found = {}
    for module in (importlib.import_module(f"mlsd.{name}") for name in mlsd._MODULES):
        for name in getattr(module, "__all__", dir(module)):
            value = getattr(module, name)
            if inspect.isclass(value) and issubclass(value, Estimator) and not name.startswith("_"):
                found[name] = value
    return [found[name] for name in sorted(found)]


def skipped(source, name):
    """The checks that the page says do not apply to a class: rows `| Class, Class | check | reason |`."""
    page = (source / "docs/scikit-learn.md").read_text()
    rows = re.findall(r"^\| ([A-Za-z, ]+) \| `(check_\w+)` \| (.+) \|$", page, re.MULTILINE)
    assert rows and all(len(reason) > 10 for _, _, reason in rows)
    return {check for names, check, _ in rows if name in names.split(", ")}


def failures(estimator):
    """{check: what it said} of the checks that fail."""
    out = {}
    for made, check in check_estimator(estimator, generate_only=True):
        try:
            check(made)
        except Exception as error:
            if type(error).__name__ != "SkipTest":
                out[check.func.__name__] = f"{type(error).__name__}: {error}"
    return out


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_check_estimator(cls, source):
    found = failures(cls(**ARGUMENTS.get(cls.__name__, {})))
    listed = skipped(source, cls.__name__)
    unlisted = "\n".join(f"{check}: {found[check]}" for check in sorted(set(found) - listed))
    assert not unlisted, unlisted
    assert not listed - set(found), "they pass: take them off docs/scikit-learn.md"


def test_check_estimator__the_page_names_classes_that_there_are(source):
    page = (source / "docs/scikit-learn.md").read_text()
    names = {cls.__name__ for cls in classes()}
    for row in re.findall(r"^\| ([A-Za-z, ]+) \| `check_", page, re.MULTILINE):
        assert set(row.split(", ")) <= names
    arguments = page[page.index("## Parameters that the checks are given") :]
    assert all(f"`{name}`" in arguments for name in ARGUMENTS)


@pytest.mark.filterwarnings("ignore")
def test_check_estimator__pipelines_of_transforms_and_of_classifiers():
    scale, impute = mlsd.preprocessing.StandardScaler(), mlsd.impute.SimpleImputer()
    for steps in ([("scale", scale)], [("impute", impute), ("model", mlsd.linear_model.LogisticRegression())]):
        assert failures(mlsd.pipeline.Pipeline(steps)) == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"])
def test_check_estimator__searches(name, source):
    page = (source / "docs/scikit-learn.md").read_text()
    options = {"RandomizedSearchCV": {"n_iter": 2}, "HalvingGridSearchCV": {"min_resources": "smallest"}}.get(name, {})
    search = getattr(mlsd.model_selection, name)
    if name != "GridSearchCV":
        options["random_state"] = 0
    assert failures(search(mlsd.linear_model.Ridge(), {"alpha": [0.1, 1.0]}, cv=2, **options)) == {}
    found = failures(search(mlsd.linear_model.LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, **options))
    assert set(found) == {"check_classifiers_one_label_sample_weights"} and f"`{next(iter(found))}`" in page
