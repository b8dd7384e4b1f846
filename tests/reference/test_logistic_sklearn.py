"""LogisticRegression beside scikit-learn's on random problems, through the Python package.

Run with the library's path in MLSD_LIBRARY and the package on PYTHONPATH; MLSD_SWEEP multiplies the number of cases.
Witness: scikit-learn 1.2.1 (newton-cg, saga and liblinear run to far smaller tolerances than their own).
"""

import os
import warnings

import numpy as np
import pytest
import sklearn.linear_model as theirs
from sklearn.exceptions import ConvergenceWarning

import mlsd.linear_model as ours

SWEEP = int(os.environ.get("MLSD_SWEEP", "1"))
SHAPES = [(60, 4), (300, 12), (1500, 6), (40, 25)]


def problem(seed, n_classes=None):
    rng = np.random.default_rng(seed)
    n, p = SHAPES[seed % len(SHAPES)]
    k = n_classes or int(rng.integers(2, 5))
    X = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, p)
    X[:, 1] += 0.5 * X[:, 0]
    score = X @ (rng.normal(size=(p, k)) * (rng.random(p) < 0.5)[:, None]) + rng.gumbel(size=(n, k))
    y = np.array([7, 3, 5, 9])[np.argmax(score, axis=1)]
    y[:k] = np.array([7, 3, 5, 9])[:k]
    return rng, X, y


def fitted(model, *data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(*data)


@pytest.mark.parametrize("seed", range(16 * SWEEP))
def test_logistic_sklearn__class_weight(seed):
    """Slopes of both are below 1e-9 of the mean loss; the penalty bounds the curvature from below by 1 / (C n)."""
    rng, X, y = problem(seed)
    labels = np.unique(y)
    class_weight = [None, "balanced", {int(label): float(rng.uniform(0.2, 3)) for label in labels[:-1]}][seed % 3]
    C = float(10 ** rng.uniform(-1, 1))
    weight = rng.uniform(0.5, 2, len(y)) if seed % 2 else None
    model = ours.LogisticRegression(C=C, class_weight=class_weight, tol=1e-12).fit(X, y, weight)
    if class_weight == "balanced" and weight is not None:  # the peer counts rows, we count their weights
        class_weight = {c: weight.sum() / (len(labels) * weight[y == c].sum()) for c in labels}
    peer = fitted(theirs.LogisticRegression(C=C, class_weight=class_weight, tol=1e-12, solver="newton-cg", max_iter=500), X, y, weight)
    assert model.converged_ == 1
    np.testing.assert_allclose(model.coef_, peer.coef_, atol=1e-6)
    np.testing.assert_allclose(model.predict_proba(X), peer.predict_proba(X), atol=1e-7)


def test_logistic_sklearn__class_weight_by_label_is_checked():
    _, X, y = problem(1)
    with pytest.raises(ValueError, match="class_weight has 11, which is no label of y"):
        ours.LogisticRegression(class_weight={11: 2.0}).fit(X, y)
    with pytest.raises(ValueError, match="class_weights"):
        ours.LogisticRegression(class_weight={3: 2.0}).spec()
