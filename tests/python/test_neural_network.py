"""Networks through the package: attributes, going on, bad input. Witness: identities; scikit-learn's steps are in tests/reference."""

import warnings

import numpy as np
import pytest

import mlsd
from mlsd.neural_network import MLPClassifier, MLPRegressor

RNG = np.random.default_rng(4)
X = RNG.normal(size=(150, 4))
Y = np.tanh(X @ [1.0, -1.0, 0.5, 0.0]) + 0.1 * RNG.normal(size=150)
LABELS = np.where(Y > 0.4, "high", np.where(Y < -0.4, "low", "middle"))


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_neural_network__attributes():
    net = MLPClassifier(hidden_layer_sizes=[6, 5], max_iter=3).fit(X, LABELS)
    assert [w.shape for w in net.coefs_] == [(4, 6), (6, 5), (5, 3)]
    assert [b.shape for b in net.intercepts_] == [(6,), (5,), (3,)]
    assert net.n_layers_ == 4 and net.n_iter_ == 3 and len(net.loss_curve_) == 3
    hidden = X
    for w, b in zip(net.coefs_[:-1], net.intercepts_[:-1]):
        hidden = np.maximum(hidden @ w + b, 0)
    scores = hidden @ net.coefs_[-1] + net.intercepts_[-1]
    np.testing.assert_allclose(net.decision_function(X), scores, atol=1e-12)
    proba = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    np.testing.assert_allclose(net.predict_proba(X), proba, atol=1e-12)


def test_neural_network__goes_on_as_if_it_had_not_stopped():
    options = dict(hidden_layer_sizes=[7], shuffle=False, learning_rate_init=0.01)
    whole = MLPClassifier(max_iter=6, **options).fit(X, LABELS)
    halves = MLPClassifier(max_iter=3, **options).fit(X, LABELS).fit_more(X, LABELS)
    pieces = MLPClassifier(**options)
    for _ in range(6):
        assert pieces.partial_fit(X, LABELS, classes=np.unique(LABELS)) is pieces
    for net in (halves, pieces):
        assert all(np.array_equal(a, b) for a, b in zip(net.coefs_, whole.coefs_))
    assert pieces.max_iter == 200, "parameters stay as they were"


def test_neural_network__later_rows_may_lack_classes():
    net = MLPClassifier(hidden_layer_sizes=[5], max_iter=2, learning_rate_init=0.02).fit(X, LABELS)
    before = net.predict_proba(X)[:, 0].mean()
    some = LABELS != "high"
    for _ in range(30):
        net.partial_fit(X[some], LABELS[some])
    assert net.predict_proba(X)[:, 0].mean() < 0.6 * before
    with pytest.raises(ValueError, match="'huge'"):
        net.partial_fit(X[:2], ["huge", "low"])
    with pytest.raises(ValueError, match="y lacks 'middle'"):
        MLPClassifier().partial_fit(X[LABELS != "middle"], LABELS[LABELS != "middle"], classes=["high", "low", "middle"])
    two = MLPClassifier(hidden_layer_sizes=[3], max_iter=1).fit(X, Y > 0)
    two.partial_fit(X, Y > 0.2)


def test_neural_network__another_network_is_refused():
    net = MLPRegressor(hidden_layer_sizes=[5], max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        net.fit_more(X, Y, hidden_layer_sizes=[4])
    loss = net.loss_
    assert net.fit_more(X, Y, learning_rate_init=0.01, max_iter=40).loss_ < loss


def test_neural_network__text_columns_are_embedded():
    import pandas

    level = np.array(["a", "b", "c", "d"])[RNG.integers(0, 4, 150)]
    y = np.where(level == "a", 2.0, 0.0) - np.where(level == "c", 1.0, 0.0)
    frame = pandas.DataFrame({"x": X[:, 0], "level": level})
    net = MLPRegressor(hidden_layer_sizes=[8], embedding_dim=3, learning_rate_init=0.02, max_iter=400, tol=0.0).fit(frame, y)
    assert net.embedding_0_.shape == (4, 3) and net.coefs_[0].shape == (1 + 3, 8)
    assert np.mean((net.predict(frame) - y) ** 2) < 0.02
    assert np.isfinite(net.predict(pandas.DataFrame({"x": [0.0], "level": ["unheard of"]}))).all()


def test_neural_network__curve_and_validation_set():
    spec = MLPRegressor(hidden_layer_sizes=[20], max_iter=30).spec()
    train, valid = mlsd.Dataset(X[:100], Y[:100]), mlsd.Dataset(X[100:], Y[100:])
    model = mlsd.Model(spec, train, valid)
    assert np.isfinite(model.get("valid_loss")).all()


def test_neural_network__linear_models_go_on_too():
    from mlsd.linear_model import SGDClassifier, SGDRegressor

    options = dict(shuffle=False, max_iter=6, tol=0.0, learning_rate="constant", eta0=1e-4, batch_size=1)
    whole = SGDRegressor(**options).fit(X, Y)
    halves = SGDRegressor(**{**options, "max_iter": 3}).fit(X, Y).fit_more(X, Y)
    np.testing.assert_array_equal(halves.coef_, whole.coef_)
    net = SGDClassifier(seed=3)
    for _ in range(20):
        net.partial_fit(X, LABELS)
    assert net.score(X, LABELS) > 0.8 and net.t_ == 20 * 5
