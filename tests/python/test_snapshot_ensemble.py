"""SnapshotEnsembleClassifier and SnapshotEnsembleRegressor. Witness: the mean of the snapshots by numpy; scikit-learn's clone."""

import pickle

import numpy as np
import pytest

import mlsd
from mlsd.ensemble import SnapshotEnsembleClassifier, SnapshotEnsembleRegressor
from mlsd.linear_model import SGDClassifier
from mlsd.neural_network import MLPClassifier, MLPRegressor


def _rows(n=200):
    rng = np.random.RandomState(0)
    X = rng.randn(n, 4)
    return X, X[:, 0] - X[:, 1] + 0.3 * rng.randn(n)


def _network(**params):
    return MLPClassifier(hidden_layer_sizes=[5], max_iter=4, learning_rate_init=0.02, **params)


def test_snapshots__the_last_alone_make_the_mean():
    X, score = _rows()
    y = np.where(score > 0, "yes", "no")
    model = SnapshotEnsembleClassifier(_network(early_stopping=True), 3).fit(X, y)
    alone = [SnapshotEnsembleClassifier(_network(early_stopping=True), n, n_last=1).fit(X, y) for n in (1, 2, 3)]
    assert model.n_snapshots_ == 3 and model.n_iter_ == 12
    assert len(model.loss_curve_) == len(model.valid_loss_curve_) == 12
    assert np.array_equal(model.snapshot_losses_, model.loss_curve_[3::4])
    assert np.array_equal(model.snapshot_valid_losses_, model.valid_loss_curve_[3::4])
    assert np.array_equal(model.snapshot(2, "coefs_0"), alone[2].snapshot(0, "coefs_0"))
    assert np.allclose(model.predict_proba(X), np.mean([one.predict_proba(X) for one in alone], axis=0), rtol=0, atol=1e-14)
    assert set(model.predict(X)) == {"yes", "no"}
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X))


def test_snapshots__parameters_by_name_and_clone():
    base = pytest.importorskip("sklearn.base")
    X, y = _rows()
    model = SnapshotEnsembleRegressor(MLPRegressor(hidden_layer_sizes=[5], max_iter=3), n_last=2)
    copy = base.clone(model).set_params(n_snapshots=4, estimator__max_iter=2).fit(X, y)
    assert copy.n_iter_ == 8 and copy.n_snapshots_ == 2 and model.get_params()["estimator__max_iter"] == 3


def test_snapshots__labels_in_class_weights_and_pipelines():
    X, score = _rows()
    y = np.where(score > 0.5, "yes", "no")
    pipeline = mlsd.pipeline.Pipeline([
        ("scale", mlsd.preprocessing.StandardScaler()),
        ("fit", SnapshotEnsembleClassifier(SGDClassifier(max_iter=3, class_weight={"yes": 5.0, "no": 1.0}), 2)),
    ])
    plain = SnapshotEnsembleClassifier(SGDClassifier(max_iter=3), 2).fit(X, y)
    assert (pipeline.fit(X, y).predict(X) == "yes").sum() > (plain.predict(X) == "yes").sum()


def test_snapshots__says_what_is_wrong():
    X, score = _rows()
    for estimator in (mlsd.naive_bayes.GaussianNB(), MLPRegressor(), None):
        with pytest.raises(TypeError, match="MLPClassifier or SGDClassifier"):
            SnapshotEnsembleClassifier(estimator).fit(X, score > 0)
    with pytest.raises(ValueError, match="'n_last' is 3"):
        SnapshotEnsembleClassifier(_network(), 2, n_last=3).fit(X, score > 0)
