"""Do two clusterings agree? scikit-learn's names; labels may be anything that can be compared."""

from ._errors import InputError
from ._metrics_values import evaluate


def _codes(labels, name):
    import numpy as np

    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise InputError(f"{name} must be 1D: shape is {labels.shape!r}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise InputError(f"{name} contains NaN or infinity")
    return np.unique(labels, return_inverse=True)


def _pair(labels_true, labels_pred):
    """The labels, and which of them each row has."""
    of_true, y = _codes(labels_true, "labels_true")
    of_pred, p = _codes(labels_pred, "labels_pred")
    if len(y) != len(p):
        raise InputError(f"Found input variables with inconsistent numbers of samples: [{len(y)}, {len(p)}]")
    return of_true, y, of_pred, p


def _value(kind, labels_true, labels_pred, sample_weight=None, undefined=1.0, **params):
    """The value; `undefined`, which scikit-learn gives where there are no rows, or no pairs of them."""
    _, y, _, p = _pair(labels_true, labels_pred)
    if len(y) == 0:
        return undefined
    value = evaluate(kind, y, p, sample_weight, level=None, **params).number("value")
    return undefined if value != value else value


def rand_score(labels_true, labels_pred, *, sample_weight=None):
    """Share of the pairs of rows that are together in both clusterings or in none."""
    return _value("rand", labels_true, labels_pred, sample_weight)


def adjusted_rand_score(labels_true, labels_pred, *, sample_weight=None):
    """Rand's share above what luck gives."""
    return _value("adjusted_rand", labels_true, labels_pred, sample_weight)


def fowlkes_mallows_score(labels_true, labels_pred, *, sparse=False, sample_weight=None):
    """Geometric mean of precision and recall of pairs that are together."""
    return _value("fowlkes_mallows", labels_true, labels_pred, sample_weight, 0.0)


def mutual_info_score(labels_true, labels_pred, *, contingency=None, sample_weight=None):
    """Mutual information, in nats; of a contingency table where one is given (an array, or sparse)."""
    import numpy as np

    if contingency is not None:
        table = contingency.toarray() if hasattr(contingency, "tocsr") else np.asarray(contingency)
        labels_true, labels_pred = np.nonzero(table)
        sample_weight = table[labels_true, labels_pred]
    return _value("mutual_info", labels_true, labels_pred, sample_weight, 0.0)


def normalized_mutual_info_score(labels_true, labels_pred, *, average_method="arithmetic", sample_weight=None):
    """Mutual information over a mean of the entropies."""
    return _value("normalized_mutual_info", labels_true, labels_pred, sample_weight, average_method=average_method)


def adjusted_mutual_info_score(labels_true, labels_pred, *, average_method="arithmetic"):
    """Mutual information above what luck gives."""
    return _value("adjusted_mutual_info", labels_true, labels_pred, average_method=average_method)


def homogeneity_score(labels_true, labels_pred, *, sample_weight=None):
    """Share of the entropy of labels_true that labels_pred tells."""
    return _value("homogeneity", labels_true, labels_pred, sample_weight)


def completeness_score(labels_true, labels_pred, *, sample_weight=None):
    """Share of the entropy of labels_pred that labels_true tells."""
    return _value("completeness", labels_true, labels_pred, sample_weight)


def v_measure_score(labels_true, labels_pred, *, beta=1.0, sample_weight=None):
    """Harmonic mean of homogeneity and completeness."""
    return _value("v_measure", labels_true, labels_pred, sample_weight, beta=float(beta))


def homogeneity_completeness_v_measure(labels_true, labels_pred, *, beta=1.0):
    """All three."""
    return (
        homogeneity_score(labels_true, labels_pred),
        completeness_score(labels_true, labels_pred),
        v_measure_score(labels_true, labels_pred, beta=beta),
    )


def pair_confusion_matrix(labels_true, labels_pred):
    """Ordered pairs of rows, 2 x 2: together in labels_true (second row), in labels_pred (second column)."""
    import numpy as np

    _, y, _, p = _pair(labels_true, labels_pred)
    if len(y) == 0:
        return np.zeros((2, 2), dtype=np.int64)
    pairs = np.asarray(evaluate("rand", y, p, level=None).table("pairs")["pairs"])
    return np.rint(pairs).astype(np.int64).reshape(2, 2)


def contingency_matrix(labels_true, labels_pred, *, eps=None, sparse=False, dtype=None, sample_weight=None):
    """How many rows have each label of labels_true (rows) and of labels_pred (columns), or their weight."""
    import numpy as np

    if eps is not None and sparse:
        raise ValueError("Cannot set 'eps' when sparse=True")
    of_true, y, of_pred, p = _pair(labels_true, labels_pred)
    out = np.zeros((len(of_true), len(of_pred)))
    if len(y) > 0:
        cells = evaluate("rand", y, p, sample_weight, level=None).table("contingency")
        out[np.asarray(cells["y"], dtype=int), np.asarray(cells["prediction"], dtype=int)] = cells["weight"]
    if eps is not None:
        return out + eps
    out = out.astype(dtype or (np.int64 if sample_weight is None else np.float64))
    if not sparse:
        return out
    from scipy.sparse import csr_matrix

    return csr_matrix(out)


__all__ = [
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "completeness_score",
    "contingency_matrix",
    "fowlkes_mallows_score",
    "homogeneity_completeness_v_measure",
    "homogeneity_score",
    "mutual_info_score",
    "normalized_mutual_info_score",
    "pair_confusion_matrix",
    "rand_score",
    "v_measure_score",
]
