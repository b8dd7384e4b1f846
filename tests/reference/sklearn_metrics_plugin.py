"""A pytest plugin: scikit-learn's tests of metrics call mlsd's functions.

    python3 -m pytest -p sklearn_metrics_plugin <tests of scikit-learn, in place>

Every function of mlsd.metrics stands in the place of scikit-learn's of that name before the tests are imported. Written
to MLSD_PLUGIN_REPORT at the end, as JSON: how many cases had which outcome, which were left out (LEFT_OUT below), and by
function how often a test called it and how often that reached the C library, whose metric calls are wrapped where ctypes
makes them.
"""

import collections
import functools
import importlib
import json
import os

import sklearn.metrics
import sklearn.metrics.cluster

import mlsd._library

# Modules whose __all__ is put in scikit-learn's place.
OURS = ("_metrics_values", "_metrics_cluster", "_metrics_calibration", "_metrics_labels", "_metrics_scores")
PLACES = (
    "sklearn.metrics", "sklearn.metrics._classification", "sklearn.metrics._ranking", "sklearn.metrics._regression",
    "sklearn.metrics.cluster", "sklearn.metrics.cluster._supervised",
)
IN_LIBRARY = ("mlsd_metric_evaluate", "mlsd_metric_score")
LEFT_OUT = ("test_confusion_matrix_dtype",)  # names of cases out of scope; docs/metrics.md says why

calls, reached, outcomes = (collections.Counter() for _ in range(3))
left_out = []
_now = []  # names of our functions that run


def _count_library(name):
    function = getattr(mlsd._library.lib, name)

    def counted(*arguments):
        reached.update(_now[:1])
        return function(*arguments)

    setattr(mlsd._library.lib, name, counted)


def _count_calls(name, function):
    @functools.wraps(function)
    def counted(*arguments, **options):
        calls[name] += not _now
        _now.append(name)
        try:
            return function(*arguments, **options)
        finally:
            _now.pop()

    return counted


def pytest_configure(config):
    for name in IN_LIBRARY:
        _count_library(name)
    for module in OURS:
        ours = importlib.import_module("mlsd." + module)
        for name in ours.__all__:
            counted = _count_calls(name, getattr(ours, name))
            for place in map(importlib.import_module, PLACES):
                if hasattr(place, name):
                    setattr(place, name, counted)


def pytest_collection_modifyitems(config, items):
    out = [item for item in items if item.originalname in LEFT_OUT]
    left_out.extend(item.name for item in out)
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        outcomes[f"skipped: {report.longrepr[2]}"] += 1
    elif report.when == "call" or report.failed:
        outcomes["xfailed" if hasattr(report, "wasxfail") else report.outcome] += 1


def pytest_sessionfinish(session):
    path = os.environ.get("MLSD_PLUGIN_REPORT")
    if path:
        report = {"outcomes": outcomes, "left_out": left_out, "calls": calls, "reached": reached}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(report, file)
