"""What `scoring` means: scikit-learn's names for scores, functions of (estimator, X, y), and several of them.

A name in NAMED is scored by the library, for an estimator of mlsd's in one call with its fits. scikit-learn's other names
are scored by the functions of mlsd.metrics (_function_scorers). For an estimator that is not mlsd's a name is scikit-learn's
scorer, where scikit-learn is installed: it may know more of it (several targets).
"""

from ._arrays import codes_among
from ._estimators import Classifier, Estimator, Regressor

_ON_VALUES = ("rmse", "mae", "r2", "accuracy")
# scikit-learn's scorer names: our metric, and the score that it makes (greater is better).
NAMED = {
    "accuracy": ("accuracy", lambda value: value),
    "r2": ("r2", lambda value: value),
    "roc_auc": ("roc_auc", lambda value: value),
    "roc_auc_ovr": ("roc_auc", lambda value: value),
    "neg_log_loss": ("log_loss", lambda value: -value),
    "neg_brier_score": ("brier", lambda value: -value),
    "neg_root_mean_squared_error": ("rmse", lambda value: -value),
    "neg_mean_squared_error": ("rmse", lambda value: -value * value),
    "neg_mean_absolute_error": ("mae", lambda value: -value),
}
_OF_CLASSES = [name for name, (metric, _) in NAMED.items() if metric in ("accuracy", "roc_auc", "log_loss", "brier")]


def _is_of_classes(name):
    others = "f1", "jaccard", "precision", "recall", "roc_auc", "balanced", "average_p", "top_k", "matthews", "positive", "neg_neg"
    return name in _OF_CLASSES or name.startswith(others)


class NamedScorer:
    """A score by one of the names in NAMED: a function of (estimator, X, y)."""

    def __init__(self, name):
        self.name = name
        self.metric, self.score_of = NAMED[name]

    def __call__(self, estimator, X, y, sample_weight=None):
        from . import metrics

        if self.metric == "accuracy":
            return metrics.accuracy_score(y, estimator.predict(X), sample_weight=sample_weight)
        if self.metric in _ON_VALUES:
            return float(self.score_of(metrics.score(self.metric, y, estimator.predict(X), sample_weight)[0]))
        codes = codes_among(estimator.classes_, y)
        return float(self.score_of(metrics.score(self.metric, codes, estimator.predict_proba(X), sample_weight)[0]))

    def __reduce__(self):
        return NamedScorer, (self.name,)

    def __repr__(self):
        return f"NamedScorer({self.name!r})"


class OwnScore:
    """The estimator's own method score, which is what None stands for. metric is the library's of that score, or None."""

    name = "score"

    def __init__(self, metric=None):
        self.metric = metric

    score_of = staticmethod(lambda value: value)

    def __call__(self, estimator, *arguments, **keywords):
        return estimator.score(*arguments, **keywords)

    def __reduce__(self):
        return OwnScore, (self.metric,)

    def __repr__(self):
        return "OwnScore()"


def _own_score(estimator):
    if not hasattr(estimator, "score"):
        raise TypeError(f"there is no scoring, and the estimator {estimator!r} has no 'score' method: give one of them")
    method = getattr(getattr(estimator, "score", None), "__func__", None)
    return _OWN[{Classifier.score: "accuracy", Regressor.score: "r2"}.get(method)]


_OWN = {metric: OwnScore(metric) for metric in ("accuracy", "r2", None)}


def _check_task(estimator, name):
    """Raise for a score of classes where numbers are predicted, before the first fit."""
    if _is_of_classes(name) and getattr(estimator, "_estimator_type", None) == "regressor":
        of_numbers = ", ".join(other for other in NAMED if not _is_of_classes(other))
        raise ValueError(f"scoring {name!r} is for classes, and {estimator!r} predicts numbers; use {of_numbers}")


def _unknown(name):
    import difflib

    names = get_scorer_names()
    near = [scorer for scorer, (metric, _) in NAMED.items() if metric == name]
    near = near or ["neg_" + name] * ("neg_" + name in names) or difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}? There" if near else "there"
    return ValueError(f"{name!r} is not a valid scoring value: it is not a scorer; {hint} are {', '.join(names)}")


def _by_name(estimator, name):
    if isinstance(estimator, Estimator):
        _check_task(estimator, name)
        return get_scorer(name)
    try:
        from sklearn.metrics import get_scorer as theirs

        return theirs(name)
    except (ImportError, ValueError, KeyError):
        return get_scorer(name)


def get_scorer(scoring):
    """The score of a name (get_scorer_names): a function of (estimator, X, y). What is no text is given back."""
    if not isinstance(scoring, str):
        return scoring
    if scoring in NAMED:
        return NamedScorer(scoring)
    from ._function_scorers import FUNCTION_SCORERS

    if scoring not in FUNCTION_SCORERS:
        raise _unknown(scoring)
    return FUNCTION_SCORERS[scoring]


def get_scorer_names():
    """Every name that `scoring` takes: scikit-learn's."""
    from ._function_scorers import FUNCTION_SCORERS

    return sorted({*NAMED, *FUNCTION_SCORERS})


def make_scorer(score_func, *, greater_is_better=True, needs_proba=False, needs_threshold=False, **kwargs):
    """A score of a function of (y, prediction), which gets kwargs: a function of (estimator, X, y), greater being better.

    needs_proba: prediction is what predict_proba says, of two classes its second column; needs_threshold: what
    decision_function says, or else that.
    """
    from ._function_scorers import FunctionScorer

    if needs_proba and needs_threshold:
        raise ValueError("Set either needs_proba or needs_threshold to True, but not both.")
    response = "proba" if needs_proba else "threshold" if needs_threshold else "predict"
    return FunctionScorer(score_func, 1 if greater_is_better else -1, response, kwargs)


def check_scoring(estimator, scoring=None, *, allow_none=False):
    """The score that scoring stands for; None is the estimator's own, and where it has none, with allow_none, None."""
    if not hasattr(estimator, "fit"):
        raise TypeError(f"estimator should be an estimator implementing 'fit' method, {estimator!r} was passed")
    if scoring is None and allow_none and not hasattr(estimator, "score"):
        return None
    return scorer_of(estimator, scoring)


def scorer_of(estimator, scoring):
    """The scorer for None, a name or a function."""
    if isinstance(estimator, type):
        raise TypeError(f"an estimator is needed, and {estimator.__name__} is a class: write {estimator.__name__}()")
    if scoring is None:
        return _own_score(estimator)
    if isinstance(scoring, str):
        return _by_name(estimator, scoring)
    if not callable(scoring):
        raise ValueError(f"scoring must be one name or one function, got {scoring!r}; cross_validate takes several")
    module = getattr(scoring, "__module__", None) or ""
    is_metric = module.startswith("sklearn.metrics.") and not hasattr(scoring, "_score_func")
    if is_metric or module.startswith("mlsd._metrics_"):
        raise ValueError(
            f"scoring must be a function of (estimator, X, y), and {scoring!r} is one of (y, prediction): "
            "mlsd.metrics.make_scorer makes a scorer of it"
        )
    return scoring


def _names_of(scoring):
    rule = "a list of scorers must be unique strings"
    if len(scoring) == 0:
        raise ValueError(f"{rule}. Empty list was given: {scoring!r}")
    if not all(isinstance(name, str) for name in scoring):
        what = "; functions go into a dict, by names of yours" if any(callable(s) for s in scoring) else ""
        raise ValueError(f"{rule}{what}, got {scoring!r}")
    if len(set(scoring)) < len(scoring):
        raise ValueError(f"{rule}. Duplicate names were given: {scoring!r}")
    return {name: name for name in scoring}


def scorers_of(estimator, scoring):
    """The scorer, or a dict of them where scoring is a list, set, tuple or dict."""
    if scoring is None or isinstance(scoring, str) or callable(scoring):
        return scorer_of(estimator, scoring)
    if hasattr(scoring, "items"):
        if not scoring:
            raise ValueError("An empty dict was given as scoring")
        if not all(isinstance(name, str) for name in scoring):
            raise ValueError(f"the keys of scoring must be texts, got {list(scoring)}")
        named = scoring
    elif isinstance(scoring, (list, tuple, set, frozenset)):
        named = _names_of(scoring)
    else:
        raise ValueError(
            "scoring is invalid: it must be a name, a function, a list or tuple of names or a dict, "
            f"got {type(scoring).__name__} {scoring!r}. Refer to the scoring glossary for details: "
            "https://scikit-learn.org/stable/glossary.html#term-scoring"
        )
    return {name: scorer_of(estimator, scorer) for name, scorer in named.items()}
