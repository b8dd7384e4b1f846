"""A pytest plugin: scikit-learn's searches and cross-validation are mlsd's.

    python3 -m pytest -p sklearn_search_plugin <tests of scikit-learn, in place>

The functions and classes of sklearn.model_selection named below are replaced by those of mlsd.model_selection before a test
imports them; the tests' estimators stay scikit-learn's, and so do their splitters. Cases that look at what is private to
scikit-learn are left out, each by name and with its reason. Written to MLSD_PLUGIN_REPORT at the end, as JSON: how many
cases had which outcome, those that were left out, and how often each function of ours was called.
"""

import collections
import json
import os

import pytest
import sklearn.experimental.enable_halving_search_cv  # noqa: F401
import sklearn.model_selection
import sklearn.model_selection._search
import sklearn.model_selection._search_successive_halving
import sklearn.model_selection._validation

import mlsd._halving
from mlsd import model_selection as ours

NAMES = (
    "BaseSearchCV", "GridSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV", "ParameterGrid", "ParameterSampler",
    "RandomizedSearchCV", "cross_val_predict", "cross_val_score", "cross_validate", "learning_curve",
    "permutation_test_score", "validation_curve",
)
# What is private on both sides, and the tests look at.
INNER = {"_SubsampleMetaSplitter": mlsd._halving._Subsample, "_top_k": mlsd._halving.top_k}
_PRIVATE = "calls a private function of scikit-learn's"
LEFT_OUT = {
    "test_check_is_permutation": _PRIVATE,
    "test_fit_and_score_failing": _PRIVATE,
    "test_fit_and_score_verbosity": _PRIVATE,
    "test_fit_and_score_working": _PRIVATE,
    "test_score": _PRIVATE,
}
calls, outcomes, left_out = collections.Counter(), collections.Counter(), []


def _counted(name):
    ours_one = getattr(ours, name)
    if isinstance(ours_one, type):
        original = ours_one.fit if hasattr(ours_one, "fit") else ours_one.__init__
        what = "fit" if hasattr(ours_one, "fit") else "__init__"

        def call(self, *arguments, **keywords):
            calls[name] += type(self).__name__ == name or name == "BaseSearchCV"
            return original(self, *arguments, **keywords)

        call.__signature__ = __import__("inspect").signature(original)
        setattr(ours_one, what, call)
        return ours_one

    def function(*arguments, **keywords):
        calls[name] += 1
        return ours_one(*arguments, **keywords)

    return function


def pytest_configure(config):
    for name in NAMES:
        replaced = _counted(name)
        for module in (
            sklearn.model_selection, sklearn.model_selection._search, sklearn.model_selection._validation,
            sklearn.model_selection._search_successive_halving,
        ):
            if hasattr(module, name):
                setattr(module, name, replaced)
    for name, inner in INNER.items():
        setattr(sklearn.model_selection._search_successive_halving, name, inner)


def pytest_collection_modifyitems(config, items):
    kept = [item for item in items if item.originalname not in LEFT_OUT]
    left_out.extend(item.name for item in items if item.originalname in LEFT_OUT)
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        outcomes[f"skipped: {report.longrepr[2]}"] += 1
    elif report.when == "call" or report.failed:
        outcomes["xfailed" if hasattr(report, "wasxfail") else report.outcome] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    path = os.environ.get("MLSD_PLUGIN_REPORT")
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"outcomes": outcomes, "left_out": left_out, "calls": calls}, file)
