"""What snapshot ensembles gain: prints the table of docs/networks.md, on scikit-learn's handwritten digits and breast cancer.

Five cycles of ten epochs, against their last snapshot alone and one cosine over all fifty epochs; means over eight random splits.
MLSD_LIBRARY and PYTHONPATH as in tests/python.
"""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from mlsd.ensemble import SnapshotEnsembleClassifier
from mlsd.neural_network import MLPClassifier

CYCLES, EPOCHS, SPLITS = 5, 10, 8
ROWS = {
    "digits, adam": (load_digits, 0.8, {"learning_rate_init": 0.03}),
    "digits, sgd without momentum": (load_digits, 0.8, {"solver": "sgd", "learning_rate_init": 0.3, "momentum": 0.0}),
    "digits, adam, dropout 0.5": (load_digits, 0.8, {"learning_rate_init": 0.03, "dropout": 0.5}),
    "breast cancer, adam": (load_breast_cancer, 0.5, {"learning_rate_init": 0.03}),
}


def probabilities(train, y, test, params, seed, cycles, epochs):
    network = MLPClassifier(hidden_layer_sizes=[32], batch_size=32, max_iter=epochs, seed=seed, **params)
    return SnapshotEnsembleClassifier(network, cycles).fit(train, y).predict_proba(test), SnapshotEnsembleClassifier(
        network, cycles, n_last=1).fit(train, y).predict_proba(test)


def one_split(load, share, params, seed):
    """Errors in percent of all snapshots, the last one, one cosine; their log losses; how often two neighbours disagree."""
    X, y = load(return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, test_size=share, random_state=seed, stratify=y)
    centre, width = train.mean(axis=0), train.std(axis=0) + 1e-9
    train, test = (train - centre) / width, (test - centre) / width
    every, last = probabilities(train, y_train, test, params, seed, CYCLES, EPOCHS)
    before = probabilities(train, y_train, test, params, seed, CYCLES - 1, EPOCHS)[1]
    one = probabilities(train, y_train, test, params, seed, 1, CYCLES * EPOCHS)[0]
    wrong = [100 * np.mean(p.argmax(axis=1) != y_test) for p in (every, last, one)]
    return [*wrong, *(log_loss(y_test, p) for p in (every, last, one)), 100 * np.mean(last.argmax(1) != before.argmax(1))]


for name, (load, share, params) in ROWS.items():
    found = np.array([one_split(load, share, params, seed) for seed in range(SPLITS)])
    gain = found[:, 2] - found[:, 0]
    error = gain.std(ddof=1) / np.sqrt(SPLITS)
    all_, last, one, loss_all, loss_last, loss_one, differ = found.mean(axis=0)
    print(f"| {name} | {all_:.2f} | {last:.2f} | {one:.2f} | {gain.mean():+.2f} ± {error:.2f} | {loss_all:.3f} | {loss_last:.3f} | {loss_one:.3f} | {differ:.1f} |",
          flush=True)
