"""scikit-learn's own tests, run in place from the Debian package, pass on indices that mlsd made.

Witness: scikit-learn 1.2.1's test suite. sklearn_plugin.py swaps the indices; nothing of scikit-learn is in this tree.
The numbers of cases are those that 1.2.1 collects: fewer mean that something was not run. Each splitter that a file
calls by name must have had parts written by the C library. A second plugin, sklearn_search_plugin.py, puts mlsd's searches
and cross-validation in the place of scikit-learn's, which then search over scikit-learn's estimators.
"""

import ast
import json
import os
import pathlib
import subprocess
import sys

import pytest

sklearn = pytest.importorskip("sklearn")
HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = pathlib.Path(sklearn.__file__).resolve().parent
N_CASES = {
    "model_selection/tests/test_split.py": 185,
    "model_selection/tests/test_validation.py": 84,
    "model_selection/tests/test_search.py": 95,
    "model_selection/tests/test_successive_halving.py": 119,
    "ensemble/tests/test_stacking.py": 65,
    "tests/test_calibration.py": 80,
}
SPLITTERS = {
    "GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "LeavePGroupsOut", "LeavePOut",
    "PredefinedSplit", "RepeatedKFold", "RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold",
    "StratifiedKFold", "StratifiedShuffleSplit", "TimeSeriesSplit",
}
# Of these the file only wants to see that a call refuses them before anything is split.
NOT_SPLIT = {
    "model_selection/tests/test_validation.py": {"GroupShuffleSplit", "LeaveOneGroupOut", "LeavePGroupsOut"},
    "model_selection/tests/test_successive_halving.py": {"ShuffleSplit"},
}
MAY_LACK = "could not import 'matplotlib.pyplot'"  # by scikit-learn's tests of its drawings


def called_splitters(path):
    """The splitters that a file calls by name."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return {getattr(f, "id", getattr(f, "attr", None)) for f in calls} & SPLITTERS


def run(path, tmp_path, plugin="sklearn_plugin"):
    report = tmp_path / "report.json"
    search = [str(HERE), str(HERE.parents[1] / "bindings/python"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:warnings", "-p", plugin, str(path)],
        capture_output=True, text=True, timeout=1200, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search), "PYTHONDONTWRITEBYTECODE": "1",
             "MLSD_PLUGIN_REPORT": str(report), "SKLEARN_SKIP_NETWORK_TESTS": "1"},
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return done, json.loads(report.read_text())


@pytest.mark.parametrize("name", N_CASES)
def test_passes_on_our_indices(name, tmp_path):
    path = PACKAGE / name
    if not path.exists():
        pytest.skip(f"{path} is not installed; Debian's python3-sklearn has it")
    if not sklearn.__version__.startswith("1.2."):
        pytest.skip(f"scikit-learn is {sklearn.__version__}; the numbers of cases are those of 1.2")
    done, report = run(path, tmp_path)
    assert done.returncode == 0, done.stdout[-6000:]
    outcomes = report["outcomes"]
    n_drawings = sum(n for outcome, n in outcomes.items() if MAY_LACK in outcome)
    assert outcomes["passed"] + n_drawings == sum(outcomes.values()) >= N_CASES[name], outcomes
    for splitter in called_splitters(path) - NOT_SPLIT.get(name, set()):
        assert report["written"].get(splitter, 0) > 0, f"{name} calls {splitter}, but no part of it came from the library"
    for splitter, n_splits in report["asked"].items():
        assert report["written"][splitter] >= 2 * n_splits
    assert sum(report["written"].values()) > 0
    if n_drawings:
        pytest.skip(f"{outcomes['passed']} cases passed; {n_drawings} need matplotlib: apt-get install python3-matplotlib")


# What the searches and the cross-validation of ours must pass: cases run, and cases left out (docs/scikit-learn.md says why).
OUR_SEARCHES = {
    "model_selection/tests/test_search.py": (95, 0, {"GridSearchCV", "RandomizedSearchCV", "BaseSearchCV", "ParameterGrid", "ParameterSampler"}),
    "model_selection/tests/test_successive_halving.py": (119, 0, {"HalvingGridSearchCV", "HalvingRandomSearchCV"}),
    "model_selection/tests/test_validation.py": (
        77, 7,
        {"cross_validate", "cross_val_score", "cross_val_predict", "learning_curve", "validation_curve", "permutation_test_score"},
    ),
}


@pytest.mark.parametrize("name", OUR_SEARCHES)
def test_passes_with_our_searches(name, tmp_path):
    path = PACKAGE / name
    if not path.exists():
        pytest.skip(f"{path} is not installed; Debian's python3-sklearn has it")
    if not sklearn.__version__.startswith("1.2."):
        pytest.skip(f"scikit-learn is {sklearn.__version__}; the numbers of cases are those of 1.2")
    done, report = run(path, tmp_path, "sklearn_search_plugin")
    assert done.returncode == 0, done.stdout[-6000:]
    n_cases, n_left_out, called = OUR_SEARCHES[name]
    assert report["outcomes"] == {"passed": n_cases} and len(report["left_out"]) == n_left_out
    documented = (HERE.parents[1] / "docs/scikit-learn.md").read_text(encoding="utf-8")
    assert all(f"`{case.partition('[')[0]}`" in documented for case in report["left_out"])
    for function in called:
        assert report["calls"].get(function, 0) > 0, f"{function} of ours was not called"
