"""Choosing columns. Names as in sklearn.feature_selection, and more; all are transforms, to be steps of a pipeline, so
that cross-validation chooses anew in each fold.
"""

import inspect

from ._estimators import Classifier, Estimator, Transformer, _default, _is_number, is_classifier, make_classes, spec_told
from ._handles import Model, Spec
from ._library import kinds
from ._scorers import NAMED
from ._splitters import Splitter
from ._wraps import Wraps

__all__ = make_classes(__name__, "variance_threshold", "univariate_select")


class _Selects:
    """What all that choose columns have, as scikit-learn's SelectorMixin."""

    def get_support(self, indices=False):
        """Which columns stay: a mask (p), or their numbers."""
        import numpy as np

        mask = self._fitted().get("support")[0] != 0
        return np.flatnonzero(mask) if indices else mask

    def inverse_transform(self, X):
        """Columns back in their places, 0 for those that did not stay (n x p)."""
        import numpy as np

        mask = self.get_support()
        X = np.asarray(X)
        if X.ndim != 2 or X.shape[1] != mask.sum():
            raise ValueError(f"X has a different shape than during fitting: {int(mask.sum())} columns stay, got an array of shape {X.shape}")
        out = np.zeros((X.shape[0], len(mask)), dtype=X.dtype)
        out[:, mask] = X
        return out

    def _shape_attribute(self, name, value):
        if name == "support":
            return value[0] != 0
        if name in ("threshold", "n_chosen", "false_bound") and value.size == 1:
            return float(value[0, 0])
        return value[0].astype(int) if name == "ranking" else super()._shape_attribute(name, value)


# scikit-learn's functions by name: the score, and what it takes the target for.
_SCORES = {
    "f": ("f", None),
    "f_classif": ("f_classif", "classes"),
    "f_regression": ("f_regression", "number"),
    "chi2": ("chi2", "classes"),
    "mutual_info": ("mutual_info", None),
    "mutual_info_classif": ("mutual_info", "classes"),
    "mutual_info_regression": ("mutual_info", "number"),
    "r": ("r", "number"),
    "r_regression": ("r", "number"),
}


class _Univariate(_Selects, Transformer):
    _kind = "univariate_select"
    _needs_target = True
    _mode = None

    def _score(self):
        name = getattr(self.score_func, "__name__", self.score_func)
        if name not in _SCORES:
            raise ValueError(f"score_func is {self.score_func!r}; it must be one of {', '.join(_SCORES)}, or a function of such a name")
        return _SCORES[name]

    def dataset(self, X, y=None, sample_weight=None):
        """The Dataset that fit would use."""
        wanted = self._score()[1]
        if wanted is None or y is None:
            return Transformer.dataset(self, X, y, sample_weight)
        if wanted == "number":
            return self._data(X, y, sample_weight, "regression")
        return Classifier._labelled(self, X, y, sample_weight)[0]

    def fit(self, X, y=None, sample_weight=None):
        """Score the columns of X (n x p) against y (n), and choose."""
        return self._fit_model(self.dataset(X, y, sample_weight), X)

    def fit_transform(self, X, y=None, sample_weight=None):
        """fit, then transform."""
        return self.fit(X, y, sample_weight).transform(X)

    def _spec_params(self):
        params = {"score_func": self._score()[0], "mode": self._mode}
        params.update({n: v for n, v in self.get_params(deep=False).items() if n not in ("score_func", "k")})
        if "k" in self._defaults:
            params["k"] = None if isinstance(self.k, str) and self.k == "all" else self.k
        return params


_PAGE = """{what}.

Parameters
----------
score_func : str or function
    'f' (f_classif for labels, f_regression for numbers), 'f_classif', 'f_regression', 'chi2', 'mutual_info_classif',
    'mutual_info_regression', 'r_regression', or scikit-learn's function of that name
{param}

Attributes
----------
scores_, pvalues_ : of each column; mutual_info has no p-values
support_ : which columns stay
"""

_MODES = (
    ("SelectKBest", "k_best", "Keep the k columns that by themselves say most about the target", "k", 10, "k : int or 'all'"),
    ("SelectPercentile", "percentile", "Keep that percent of the columns which say most about the target", "percentile", 10, "percentile : float in [0, 100]"),
    ("SelectFpr", "fpr", "Keep the columns with a p-value below alpha", "alpha", 0.05, "alpha : float in [0, 1]"),
    ("SelectFdr", "fdr", "Hold the expected share of false discoveries at alpha (Benjamini-Hochberg)", "alpha", 0.05, "alpha : float in [0, 1]"),
    ("SelectFwe", "fwe", "Hold the chance of any false discovery at alpha (Bonferroni)", "alpha", 0.05, "alpha : float in [0, 1]"),
)


def _univariate(name, mode, what, param, default, doc):
    def __init__(self, score_func="f", **params):
        Estimator.__init__(self, score_func=score_func, **params)

    kinds = inspect.Parameter
    __init__.__signature__ = inspect.Signature(
        [
            kinds("self", kinds.POSITIONAL_ONLY),
            kinds("score_func", kinds.POSITIONAL_OR_KEYWORD, default="f"),
            kinds(param, kinds.KEYWORD_ONLY, default=default),
        ]
    )
    members = {
        "__doc__": _PAGE.format(what=what, param=doc),
        "__init__": __init__,
        "__module__": __name__,
        "_mode": mode,
        "_defaults": {"score_func": "f", param: default},
    }
    return type(name, (_Univariate,), members)


for _row in _MODES:
    globals()[_row[0]] = _univariate(*_row)
__all__ += [row[0] for row in _MODES]


def _scored(score, X, y, sample_weight=None, **options):
    """(scores, p-values or None) of the columns of X."""
    chooser = SelectKBest(score, k="all")  # noqa: F821 (made above)
    spec = chooser.spec()
    for name, value in options.items():
        spec.set(name, value)
    model = Model(spec, chooser.dataset(X, y, sample_weight))
    return model.get("scores")[0], None if score.startswith("mutual") else model.get("pvalues")[0]


def f_classif(X, y, sample_weight=None):
    """F of an analysis of variance of each column by the labels y, and its p-value."""
    return _scored("f_classif", X, y, sample_weight)


def f_regression(X, y, *, center=True, sample_weight=None):
    """F of the regression of the numbers y on each column alone, and its p-value."""
    return _scored("f_regression", X, y, sample_weight, center=center)


def r_regression(X, y, *, center=True, sample_weight=None):
    """Pearson's correlation of each column with the numbers y."""
    return _scored("r_regression", X, y, sample_weight, center=center)[0]


def chi2(X, y, sample_weight=None):
    """Chi-square of each column of counts and the labels y, and its p-value."""
    return _scored("chi2", X, y, sample_weight)


def mutual_info_classif(X, y, *, discrete_features=False, n_neighbors=3, random_state=0):
    """Mutual information (nats) of each column and the labels y."""
    options = {"discrete_features": discrete_features, "n_neighbors": n_neighbors, "seed": random_state}
    return _scored("mutual_info_classif", X, y, **options)[0]


def mutual_info_regression(X, y, *, discrete_features=False, n_neighbors=3, random_state=0):
    """Mutual information (nats) of each column and the numbers y."""
    options = {"discrete_features": discrete_features, "n_neighbors": n_neighbors, "seed": random_state}
    return _scored("mutual_info_regression", X, y, **options)[0]


__all__ += ["chi2", "f_classif", "f_regression", "mutual_info_classif", "mutual_info_regression", "r_regression"]


def _with_support(name):
    made = globals()[name]
    globals()[name] = type(name, (_Selects, made), {"__doc__": made.__doc__, "__module__": __name__})


for _name in ("VarianceThreshold", "UnivariateSelect"):
    if _name in globals():
        _with_support(_name)


class _Wrapper(_Selects, Wraps, Transformer):
    """What those share that fit an estimator: the target is what the estimator takes it for."""

    _needs_target = True
    _page = ()

    def __init__(self, estimator=None, **params):
        Estimator.__init__(self, estimator=estimator, **params)

    def dataset(self, X, y=None, sample_weight=None):
        """The Dataset that fit would use."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        return self._labelled(X, y, sample_weight)[0]

    def _labelled(self, X, y, sample_weight):
        if is_classifier(self.estimator) if self.estimator is not None else not _is_number(y):
            return Classifier._labelled(self, X, y, sample_weight)
        return self._data(X, y, sample_weight, "regression"), None

    def fit(self, X, y=None, sample_weight=None):
        """Choose among the columns of X (n x p) by fits to y (n)."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        data, self._labels = self._labelled(X, y, sample_weight)
        try:
            return self._fit_model(data, X)
        finally:
            del self._labels

    def fit_transform(self, X, y=None, sample_weight=None):
        """fit, then transform."""
        return self.fit(X, y, sample_weight).transform(X)

    def spec(self):
        """The Spec that fit would use."""
        spec = Spec(self._kind)
        for name, value in self._spec_params().items():
            if name not in ("estimator", "cv", "scoring") and value is not None:
                spec.set(name, value)
        if self.estimator is not None:
            spec.add("estimator", spec_told(self.estimator, self.__dict__.get("_labels")))
        if getattr(self, "scoring", None) is not None:
            spec.set("scoring", self._metric()[0])
        cv = getattr(self, "cv", None)
        if isinstance(cv, Splitter):
            spec.add("cv", cv._spec())
        elif cv is not None:
            spec.set("n_splits", cv)
        return spec

    def _metric(self):
        """(the library's metric, 1 or -1: what makes greater better)."""
        scoring = getattr(self, "scoring", None)
        if scoring == "neg_mean_squared_error" or (scoring is not None and scoring not in NAMED):
            raise ValueError(f"scoring is {scoring!r}; it must be None or one of {', '.join(n for n in NAMED if n != 'neg_mean_squared_error')}")
        if scoring is None:
            return None, 1.0
        metric, score_of = NAMED[scoring]
        return metric, score_of(1.0)


def _wrapper(name, kind, what, params, attributes, positional=1):
    """A class around an estimator: params are (name, default, doc)."""
    defaults = {n: default for n, default, _ in params}

    def __init__(self, *args, **given):
        given.update(zip(defaults, args))
        Estimator.__init__(self, **given)

    one = inspect.Parameter
    __init__.__signature__ = inspect.Signature(
        [one("self", one.POSITIONAL_ONLY)]
        + [
            one(n, one.POSITIONAL_OR_KEYWORD if i < positional else one.KEYWORD_ONLY, default=d)
            for i, (n, d, _) in enumerate(params)
        ]
    )
    docs = "\n".join(f"{n} : {doc}" for n, _, doc in params)
    members = {
        "__doc__": f"{what}.\n\nParameters\n----------\n{docs}\n\nAttributes\n----------\nsupport_ : which columns stay\n{attributes}\n",
        "__init__": __init__,
        "__module__": __name__,
        "_kind": kind,
        "_defaults": defaults,
    }
    return type(name, (_Wrapper,), members)


_ESTIMATOR = ("estimator", None, "an estimator of mlsd with coef_ or feature_importances_, a pipeline that ends in one, or any such object")
_ANY_ESTIMATOR = ("estimator", None, "any estimator")
_STEP = ("step", 1, "columns dropped after each fit: a number, or a share of all below 1")
_CV = ("cv", None, "inner folds: a number, a splitter of mlsd, or None for 5")
_SCORING = ("scoring", None, "scikit-learn's name of a score of the held-out rows; None: accuracy, or r2")


class SelectFromModel(
    _wrapper(
        "SelectFromModel", "select_from_model", "Keep the columns that count in a fitted model",
        (
            _ESTIMATOR,
            ("threshold", None, "what an importance must reach: a number, 'mean', 'median', '1.25*mean'; None: 1e-5 under an l1 penalty, else the mean"),
            ("max_features", None, "at most so many columns, or None"),
        ),
        "importances_ : of each column\nthreshold_ : what they had to reach",
    )
):
    def _spec_params(self):
        params = super()._spec_params()
        if params["threshold"] is not None and not isinstance(params["threshold"], str):
            params["threshold"] = repr(float(params["threshold"]))
        return params


class RFE(
    _wrapper(
        "RFE", "rfe", "Recursive feature elimination: drop what counts least in a fitted model, and fit again",
        (_ESTIMATOR, ("n_features_to_select", None, "columns that stay: a number, a share below 1, or None for half"), _STEP),
        "ranking_ : 1 for those, 2 for the last ones dropped, and so on",
    )
):
    @property
    def n_features_(self):
        """How many columns stay."""
        return int(self.get_support().sum())


class RFECV(
    _wrapper(
        "RFECV", "rfecv", "Recursive feature elimination to the number of columns that does best on held-out rows",
        (_ESTIMATOR, _STEP, ("min_features_to_select", 1, "at least so many columns stay"), _CV, _SCORING),
        "ranking_ : 1 for those, 2 for the last ones dropped, and so on\ncv_results_ : n_features, mean_test_score, std_test_score",
    )
):
    n_features_ = RFE.n_features_

    @property
    def cv_results_(self):
        """Mean and deviation of the score by number of columns, few first."""
        model, sign = self._fitted(), self._metric()[1]
        return {
            "n_features": model.get("n_features")[0].astype(int),
            "mean_test_score": sign * model.get("scores")[0],
            "std_test_score": model.get("scores_std")[0],
        }


class SequentialFeatureSelector(
    _wrapper(
        "SequentialFeatureSelector", "sequential_select", "Add or drop columns one by one, as the score on held-out rows says",
        (
            _ANY_ESTIMATOR,
            ("n_features_to_select", "auto", "columns that stay: a number, a share below 1, or 'auto': as tol lets in, half without one"),
            ("tol", None, "stop where the score rises by less"),
            ("direction", "forward", "'forward' or 'backward'"),
            _SCORING,
            ("cv", 5, _CV[2]),
        ),
        "scores_ : mean score when a column was added or dropped\norder_ : 1 for the first one, 0 for those that did not move",
    )
):
    def _spec_params(self):
        params = super()._spec_params()
        if isinstance(params["n_features_to_select"], str) and params["n_features_to_select"] == "auto":
            params["n_features_to_select"] = None
        return params

    @property
    def n_features_to_select_(self):
        """How many columns stay."""
        return int(self.get_support().sum())


def _own(name, kind, estimator, attributes):
    """A class whose parameters are those of the kind's table, around an estimator that may be left out."""
    table = {entry["kind"]: entry for entry in kinds()}
    if kind not in table:
        return
    params = [("estimator", None, estimator)]
    for param in table[kind]["params"]:
        if param["name"] not in ("n_splits", "scoring"):
            params.append((param["name"], _default(param), param["doc"]))
        elif param["name"] == "n_splits":
            params += [_SCORING, _CV]
    globals()[name] = _wrapper(name, kind, table[kind]["doc"], params, attributes)
    if estimator.startswith("None"):
        globals()[name]._required_parameters = ()
    __all__.append(name)


_own(
    "StabilitySelection", "stability_selection",
    "None for the first columns that an l1 penalty lets in, or one that makes coefficients 0, such as Lasso",
    "frequencies_ : the share of halves that chose each column\nn_chosen_, false_bound_ : how many a half chose on average, and how "
    "many false columns are to be expected at most",
)
_own("PermutationSelect", "permutation_select", "any estimator", "importances_, importances_std_, pvalues_ : what permuting each column costs")
_own(
    "Boruta", "boruta", "None for Ridge or LogisticRegression, or one with coef_ or feature_importances_",
    "ranking_ : 1 confirmed, 2 open, 3 rejected\nhits_, n_iter_ : how often each column counted more than the best shadow",
)
_own(
    "KnockoffFilter", "knockoff_filter", "None for LassoCV or LogisticRegressionCV with an l1 penalty, or one with coef_ or feature_importances_",
    "statistics_, threshold_ : of each column, and what they had to reach",
)

for _made in (SelectFromModel, RFE, RFECV, SequentialFeatureSelector):
    _made.__doc__ = _made.__mro__[1].__doc__
    __all__.append(_made.__name__)
