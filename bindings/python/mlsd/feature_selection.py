"""Choosing columns. Names as in sklearn.feature_selection, and more; all are transforms, to be steps of a pipeline, so
that cross-validation chooses anew in each fold.
"""

from ._estimators import Classifier, Estimator, Transformer, make_classes

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

    import inspect

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
    from ._handles import Model

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
