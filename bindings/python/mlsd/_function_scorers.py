"""Scores made of functions of (y, prediction): scikit-learn's names of scorers beyond those the library scores by itself.

The values are those of mlsd.metrics, with scikit-learn's answers where something is not defined.
"""

from . import metrics


def _is_of_two(y):
    import numpy as np

    y = np.asarray(y)
    return y.ndim == 1 and len(np.unique(y)) <= 2


def _column_of(values, y):
    """Of two classes the second one's."""
    return values[:, 1] if values.ndim == 2 and values.shape[1] == 2 and _is_of_two(y) else values


def _probabilities(estimator, X, y):
    return _column_of(estimator.predict_proba(X), y)


def _decisions(estimator, X, y):
    """Decision values, or probabilities, or of a regressor its predictions."""
    if getattr(estimator, "_estimator_type", None) == "regressor":
        return estimator.predict(X)
    if hasattr(estimator, "decision_function"):
        return _column_of(estimator.decision_function(X), y)
    return _probabilities(estimator, X, y)


_RESPONSES = {"predict": lambda estimator, X, y: estimator.predict(X), "proba": _probabilities, "threshold": _decisions}


class FunctionScorer:
    """sign * function(y, what the estimator says of X, **options): a function of (estimator, X, y)."""

    metric = None  # none of the library's own: the estimator is asked

    def __init__(self, function, sign=1, response="predict", options=None, name=None):
        self.function, self.sign, self.response = function, sign, response
        self.options, self.name = dict(options or {}), name or getattr(function, "__name__", repr(function))

    def __call__(self, estimator, X, y, sample_weight=None):
        options = self.options if sample_weight is None else {**self.options, "sample_weight": sample_weight}
        return self.sign * self.function(y, _RESPONSES[self.response](estimator, X, y), **options)

    def __repr__(self):
        options = "".join(f", {name}={value!r}" for name, value in self.options.items())
        sign = "" if self.sign == 1 else ", greater_is_better=False"
        needs = "" if self.response == "predict" else f", needs_{self.response}=True"
        return f"make_scorer({self.name}{sign}{needs}{options})"


def positive_likelihood_ratio(y_true, y_pred, *, sample_weight=None):
    """The first of class_likelihood_ratios."""
    return metrics.class_likelihood_ratios(y_true, y_pred, sample_weight=sample_weight)[0]


def negative_likelihood_ratio(y_true, y_pred, *, sample_weight=None):
    """The second."""
    return metrics.class_likelihood_ratios(y_true, y_pred, sample_weight=sample_weight)[1]


def _scorers():
    found = {}

    def put(name, function, **how):
        found[name] = FunctionScorer(function, **how)

    for name in ("balanced_accuracy", "explained_variance"):
        put(name, getattr(metrics, name + "_score"))
    put("matthews_corrcoef", metrics.matthews_corrcoef)
    put("max_error", metrics.max_error, sign=-1)  # by scikit-learn's name, which does not say so
    for name in (
        "mean_absolute_percentage_error", "mean_gamma_deviance", "mean_poisson_deviance", "mean_squared_log_error",
        "median_absolute_error",
    ):
        put("neg_" + name, getattr(metrics, name), sign=-1)
    for name in ("f1", "jaccard", "precision", "recall"):
        function = getattr(metrics, name + "_score")
        put(name, function, options={"average": "binary"})
        for average in ("macro", "micro", "samples", "weighted"):
            put(f"{name}_{average}", function, options={"average": average})
    for name in (
        "adjusted_mutual_info", "adjusted_rand", "completeness", "fowlkes_mallows", "homogeneity", "mutual_info",
        "normalized_mutual_info", "rand", "v_measure",
    ):
        put(name + "_score", getattr(metrics, name + "_score"))
    for manner in ("ovo", "ovr"):
        for average in ("macro", "weighted"):
            name = f"roc_auc_{manner}" + ("" if average == "macro" else "_weighted")
            options = {"multi_class": manner, "average": average}
            put(name, metrics.roc_auc_score, response="proba", options=options)
    put("average_precision", metrics.average_precision_score, response="threshold")
    put("top_k_accuracy", metrics.top_k_accuracy_score, response="threshold")
    put("positive_likelihood_ratio", positive_likelihood_ratio)
    put("neg_negative_likelihood_ratio", negative_likelihood_ratio, sign=-1)
    return found


FUNCTION_SCORERS = _scorers()
