"""scikit-learn's own tests of metrics, run in place from the Debian package, pass on mlsd.metrics' functions.

Witness: scikit-learn 1.2.1's test suite. sklearn_metrics_plugin.py swaps the functions; nothing of scikit-learn is in
this tree. The numbers of cases are those that 1.2.1 collects, and every function named here must have reached the library.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

sklearn = pytest.importorskip("sklearn")
HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = pathlib.Path(sklearn.__file__).resolve().parent
REGRESSION = {
    "d2_absolute_error_score", "d2_pinball_score", "d2_tweedie_score", "explained_variance_score", "max_error",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_pinball_loss", "mean_squared_error",
    "mean_tweedie_deviance", "median_absolute_error", "r2_score",
}
CLUSTERS = {
    "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "homogeneity_score",
    "normalized_mutual_info_score", "rand_score", "v_measure_score",
}
SCORES = {
    "average_precision_score", "coverage_error", "dcg_score", "label_ranking_average_precision_score",
    "label_ranking_loss", "ndcg_score", "precision_recall_curve", "roc_auc_score", "roc_curve", "top_k_accuracy_score",
}
LABELS = {
    "accuracy_score", "balanced_accuracy_score", "cohen_kappa_score", "confusion_matrix", "f1_score", "fbeta_score",
    "hamming_loss", "jaccard_score", "matthews_corrcoef", "multilabel_confusion_matrix", "precision_score", "recall_score",
    "zero_one_loss",
}
LEFT_OUT = {"metrics/tests/test_classification.py": ["test_confusion_matrix_dtype"]}
# File: cases that pass, and functions that must have been called.
CASES = {
    "metrics/tests/test_classification.py": (126, LABELS | {"class_likelihood_ratios", "classification_report", "hinge_loss",
                                                            "precision_recall_fscore_support"}),
    "metrics/tests/test_regression.py": (27, REGRESSION | {"mean_squared_log_error"}),
    "metrics/tests/test_ranking.py": (185, SCORES | {"det_curve"}),
    "metrics/tests/test_common.py": (1202, REGRESSION | LABELS | SCORES | {
        "brier_score_loss", "log_loss", "mean_poisson_deviance", "mean_gamma_deviance",
    }),
    "metrics/cluster/tests/test_supervised.py": (36, CLUSTERS | {"fowlkes_mallows_score", "mutual_info_score",
                                                                 "contingency_matrix", "pair_confusion_matrix"}),
    "metrics/cluster/tests/test_common.py": (66, CLUSTERS | {"fowlkes_mallows_score", "mutual_info_score"}),
}


def run(path, tmp_path):
    report = tmp_path / "report.json"
    search = [str(HERE), str(HERE.parents[1] / "bindings/python"), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:warnings", "-p",
         "sklearn_metrics_plugin", str(path)],
        capture_output=True, text=True, timeout=1200, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(search), "PYTHONDONTWRITEBYTECODE": "1",
             "MLSD_PLUGIN_REPORT": str(report), "SKLEARN_SKIP_NETWORK_TESTS": "1",
             "SKLEARN_RUN_FLOAT32_TESTS": "1"},
    )
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    return done, json.loads(report.read_text())


@pytest.mark.parametrize("name", CASES)
def test_passes_with_our_metrics(name, tmp_path):
    path = PACKAGE / name
    if not path.exists():
        pytest.skip(f"{path} is not installed; Debian's python3-sklearn has it")
    if not sklearn.__version__.startswith("1.2."):
        pytest.skip(f"scikit-learn is {sklearn.__version__}; the numbers of cases are those of 1.2")
    done, report = run(path, tmp_path)
    n_cases, functions = CASES[name]
    assert done.returncode == 0, done.stdout[-6000:]
    assert report["outcomes"] == {"passed": n_cases}, report["outcomes"]
    assert report["left_out"] == LEFT_OUT.get(name, [])
    documented = (HERE.parents[1] / "docs/metrics.md").read_text(encoding="utf-8")
    assert all(f"`{case.partition('[')[0]}`" in documented for case in report["left_out"])
    for function in functions:
        assert report["calls"].get(function, 0) > 0, f"{function} of ours was not called"
        assert report["reached"].get(function, 0) > 0, f"{function} never reached the library"
