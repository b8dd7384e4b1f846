"""Every name of scikit-learn's metrics and scorers is here, or docs/metrics.md says why not; scores are scikit-learn's."""

import os
import pathlib
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

import mlsd
from mlsd.linear_model import LogisticRegression, Ridge

metrics = pytest.importorskip("sklearn.metrics")
PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
RNG = np.random.default_rng(5)
NAMES = sorted(metrics.get_scorer_names())


def test_no_name_is_missing_without_a_reason():
    theirs = {name for module in (metrics, metrics.cluster) for name in module.__all__ if name != "cluster"}
    listed = PAGE.partition("## scikit-learn's metrics that are not here")[2].partition("## scikit-learn's own")[0]
    absent = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in listed.splitlines() if line.startswith("| `"))))
    assert {name for name in theirs if not hasattr(mlsd.metrics, name)} == absent
    assert mlsd.metrics.get_scorer_names() == NAMES


def _rows(name):
    X = RNG.normal(size=(120, 3))
    if name.startswith(("neg_m", "r2", "explained", "max_error", "neg_root")):
        return X, np.maximum(6 + X @ [0.3, -0.2, 0.1] + 0.2 * RNG.normal(size=120), 1), Ridge().fit
    n_classes = 3 if re.search(r"_(macro|micro|weighted|ovo|ovr)", name) else 2
    y = np.clip(np.round(X[:, 0] + RNG.normal(size=120) + (n_classes - 1) / 2), 0, n_classes - 1).astype(int)
    return X, y, LogisticRegression().fit


class Labels:
    """Two labels a row, as scorers of samples have them."""

    _estimator_type = "classifier"

    def fit(self, X, y):
        return self

    def predict(self, X):
        return (X[:, :2] > 0.1).astype(int)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weighted", [False, True])
def test_score_is_scikit_learns(name, weighted):
    X, y, fit = _rows(name)
    estimator = fit(X, y)
    if name.endswith("_samples"):
        estimator, y = Labels(), np.column_stack([y, 1 - y])
    weight = {"sample_weight": RNG.integers(1, 4, 120)} if weighted else {}
    theirs = metrics.get_scorer(name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = theirs(estimator, X, y, **weight)
    except (TypeError, ValueError) as error:  # max_error and the agreement of clusterings take no weights
        assert weighted, error
        return
    assert mlsd.metrics.get_scorer(name)(estimator, X, y, **weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("_samples")])
def test_scoring_in_cross_validation_and_search(name):
    X, y, _ = _rows(name)
    estimator = LogisticRegression() if y.dtype == int else Ridge()
    grid = {"C": [0.1, 1.0]} if y.dtype == int else {"alpha": [0.1, 1.0]}
    scores = mlsd.model_selection.cross_val_score(estimator, X, y, scoring=name, cv=3)
    assert len(scores) == 3 and np.isfinite(scores).all()
    expected = [
        metrics.get_scorer(name)(type(estimator)().fit(X[train], y[train]), X[test], y[test])
        for train, test in mlsd.model_selection.check_cv(3, y, classifier=y.dtype == int).split(X, y)
    ]
    assert scores == pytest.approx(expected, rel=1e-6, abs=1e-9)
    search = mlsd.model_selection.GridSearchCV(estimator, grid, scoring=name, cv=3).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_names_without_scikit_learn():
    """The names come from here: a Python in which scikit-learn cannot be imported has them too."""
    program = """
import sys
sys.modules["sklearn"] = None
import numpy as np, mlsd
X = np.random.default_rng(0).normal(size=(60, 2))
y = (X[:, 0] + 0.3 * X[:, 1] > 0).astype(int)
for name in ("f1", "f1_macro", "neg_log_loss", "balanced_accuracy", "average_precision", "neg_brier_score", "jaccard"):
    print(name, mlsd.model_selection.cross_val_score(mlsd.linear_model.LogisticRegression(), X, y, scoring=name).mean())
try:
    mlsd.model_selection.cross_val_score(mlsd.linear_model.LogisticRegression(), X, y, scoring="f1_makro")
except ValueError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=dict(os.environ))
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) == 8, done.stderr
    assert all(abs(float(line.split()[1])) <= 1 for line in lines[:-1])
    assert "did you mean 'f1_macro'? There are accuracy, " in lines[-1] and lines[-1].endswith("v_measure_score")


@pytest.mark.parametrize("name", ["f1_macro", "accuracy", "average_precision", "neg_log_loss", "top_k_accuracy"])
def test_a_score_of_classes_for_a_regressor(name):
    X, y, _ = _rows("r2")
    with pytest.raises(ValueError, match=f"scoring '{name}' is for classes, and Ridge.* predicts numbers; use r2, neg_root_"):
        mlsd.model_selection.cross_val_score(Ridge(), X, y, scoring=name)


def test_make_scorer():
    X, y, fit = _rows("f1")
    estimator = fit(X, y)
    for how in ({}, {"needs_proba": True}, {"needs_threshold": True}):
        function = mlsd.metrics.f1_score if not how else mlsd.metrics.roc_auc_score
        ours = mlsd.metrics.make_scorer(function, **how)(estimator, X, y)
        theirs = metrics.make_scorer(metrics.f1_score if not how else metrics.roc_auc_score, **how)(estimator, X, y)
        assert ours == pytest.approx(theirs, abs=1e-12)
    loss = mlsd.metrics.make_scorer(mlsd.metrics.fbeta_score, greater_is_better=False, beta=2)
    assert loss(estimator, X, y) == pytest.approx(-metrics.fbeta_score(y, estimator.predict(X), beta=2))
    assert repr(loss) == "make_scorer(fbeta_score, greater_is_better=False, beta=2)"
    with pytest.raises(ValueError, match="but not both"):
        mlsd.metrics.make_scorer(mlsd.metrics.f1_score, needs_proba=True, needs_threshold=True)


def test_check_scoring():
    class Bare:
        def fit(self):
            return self

    assert mlsd.metrics.check_scoring(Bare(), allow_none=True) is None
    assert mlsd.metrics.check_scoring(Ridge(), "r2").metric == "r2"
    with pytest.raises(TypeError, match="implementing 'fit'"):
        mlsd.metrics.check_scoring(object())
    with pytest.raises(ValueError, match="make_scorer makes a scorer of it"):
        mlsd.metrics.check_scoring(Ridge(), mlsd.metrics.r2_score)


def test_types_of_the_confusion_matrix():
    """What scikit-learn's test_confusion_matrix_dtype, which is left out, says of types."""
    y, weight = [0, 1, 1], np.ones(3)
    assert mlsd.metrics.confusion_matrix(y, y).dtype == np.int64
    for dtype in (np.bool_, np.int32, np.uint64):
        assert mlsd.metrics.confusion_matrix(y, y, sample_weight=weight.astype(dtype)).dtype == np.int64
    for dtype in (np.float32, np.float64, object):
        assert mlsd.metrics.confusion_matrix(y, y, sample_weight=weight.astype(dtype)).dtype == np.float64
    most = np.full(3, 2**32 - 1, dtype=np.uint32)
    assert mlsd.metrics.confusion_matrix(y, y, sample_weight=most).tolist() == [[2**32 - 1, 0], [0, 2**33 - 2]]
