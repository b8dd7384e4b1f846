"""Splitting and cross-validation with the signatures of sklearn.model_selection.

With the same integer random_state the splits are scikit-learn's, index for index. random_state None draws a seed.
"""

import copy
import os
import time

from ._handles import Dataset, Folds, Spec, cross_validate_result

# scikit-learn's scorer names: our metric, the sign, what it needs.
_SCORERS = {
    "accuracy": ("accuracy", 1),
    "r2": ("r2", 1),
    "roc_auc": ("roc_auc", 1),
    "neg_log_loss": ("log_loss", -1),
    "neg_brier_score": ("brier", -1),
    "neg_root_mean_squared_error": ("rmse", -1),
    "neg_mean_absolute_error": ("mae", -1),
}


def _seed(random_state):
    if random_state is None:
        return int.from_bytes(os.urandom(4), "little")
    if hasattr(random_state, "randint"):  # a RandomState: take the next number of its stream
        return int(random_state.randint(0, 2**32, dtype="uint32"))
    return int(random_state)


def _n_rows(array):
    return array.shape[0] if hasattr(array, "shape") else len(array)


def _take(array, rows):
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    if hasattr(array, "shape"):
        return array[rows]
    return type(array)(array[i] for i in rows) if isinstance(array, tuple) else [array[i] for i in rows]


def _codes(y):
    """Class numbers in ascending order of label, as int64."""
    import numpy as np

    return np.unique(np.asarray(y), return_inverse=True)[1].astype(np.int64)


class _Splitter:
    _kind = None
    _stratified = False

    def _spec(self):
        raise NotImplementedError

    def split(self, X, y=None, groups=None):
        """Yield (train rows, test rows)."""
        codes = _codes(y) if self._stratified else None
        yield from Folds(self._spec(), _n_rows(X), codes)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Number of splits."""
        return self.n_splits

    def __repr__(self):
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"


class KFold(_Splitter):
    """k folds of consecutive rows, or of shuffled ones."""

    _kind = "kfold"

    def __init__(self, n_splits=5, *, shuffle=False, random_state=None):
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state
        if random_state is not None and not shuffle:
            raise ValueError("random_state has no effect without shuffle=True; leave it out or shuffle")
        self._spec()

    def _spec(self):
        seed = _seed(self.random_state) if self.shuffle else 0
        return Spec(self._kind, n_splits=self.n_splits, shuffle=bool(self.shuffle), seed=seed)


class StratifiedKFold(KFold):
    """k folds with the classes' shares kept."""

    _kind = "stratified_kfold"
    _stratified = True


class TimeSeriesSplit(_Splitter):
    """Train on the past, test on what follows."""

    _kind = "time_series_split"

    def __init__(self, n_splits=5, *, max_train_size=None, test_size=None, gap=0):
        self.n_splits = n_splits
        self.max_train_size = max_train_size
        self.test_size = test_size
        self.gap = gap
        self._spec()

    def _spec(self):
        names = ("n_splits", "max_train_size", "test_size", "gap")
        return Spec(self._kind, **{name: getattr(self, name) for name in names})


def train_test_split(*arrays, test_size=None, train_size=None, random_state=None, shuffle=True, stratify=None):
    """Split arrays, frames or lists into random train and test parts."""
    if not arrays:
        raise ValueError("at least one array is needed")
    n = _n_rows(arrays[0])
    for array in arrays:
        if _n_rows(array) != n:
            raise ValueError(f"the arrays have different numbers of rows: {[_n_rows(a) for a in arrays]}")
    if test_size is None and train_size is None:
        test_size = 0.25
    spec = Spec("holdout", shuffle=bool(shuffle), stratify=stratify is not None)
    spec.set("test_size", test_size)
    spec.set("train_size", train_size)
    if shuffle:
        spec.set("seed", _seed(random_state))
    train, test = next(iter(Folds(spec, n, None if stratify is None else _codes(stratify))))
    return [part for array in arrays for part in (_take(array, train), _take(array, test))]


def check_cv(cv=None, y=None, *, classifier=False):
    """A splitter for None (5 folds), a number of folds, a splitter, or a list of (train, test)."""
    if cv is None or isinstance(cv, int):
        return (StratifiedKFold if classifier else KFold)(5 if cv is None else cv)
    if hasattr(cv, "split"):
        return cv
    return _Given(list(cv))


class _Given:
    def __init__(self, splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)

    def get_n_splits(self, X=None, y=None, groups=None):
        return len(self.splits)


def _clone(estimator):
    if hasattr(estimator, "get_params") and not hasattr(estimator, "steps"):
        return type(estimator)(**copy.deepcopy(estimator.get_params(deep=False)))
    return copy.deepcopy(estimator)


def _default_scoring(estimator):
    return "accuracy" if getattr(estimator, "_estimator_type", "") == "classifier" else "r2"


def _native(estimator, X, y, cv, scoring):
    """(dataset, folds, metrics) when the library can do it all in one call, else None."""
    import numpy as np

    if not hasattr(estimator, "spec") or not isinstance(cv, _Splitter) or y is None:
        return None
    if any(s not in _SCORERS for s in scoring):
        return None
    classifier = getattr(estimator, "_estimator_type", "") == "classifier"
    target = _codes(y) if classifier else np.asarray(y, dtype=np.float64)
    task = "regression" if not classifier else "binary" if target.max(initial=0) < 2 else "multiclass"
    data = estimator._data(X, target, None, task)
    folds = Folds(cv._spec(), _n_rows(X), target if cv._stratified else None)
    return data, folds, [_SCORERS[s][0] for s in scoring]


def _cross_validate_natively(estimator, native, scoring, error_score):
    import numpy as np

    data, folds, metrics = native
    result = cross_validate_result(estimator.spec(), data, folds, list(dict.fromkeys(metrics)))
    table = result.table("folds")
    failed = np.array([s != "ok" for s in table["status"]])
    if failed.any() and error_score == "raise":
        raise ValueError(str(table["message"][failed][0]))
    fill = np.nan if error_score == "raise" else error_score
    return {s: np.where(failed, fill, _SCORERS[s][1] * table[m]) for s, m in zip(scoring, metrics)}


def _score_one(estimator, X, y, scorer):
    from . import metrics

    if callable(scorer):
        return scorer(estimator, X, y)
    metric, sign = _SCORERS[scorer]
    if metric in ("rmse", "mae", "r2"):
        return sign * metrics.score(metric, y, estimator.predict(X))[0]
    if metric == "accuracy":
        return metrics.accuracy_score(y, estimator.predict(X))
    labels = estimator.classes_
    import numpy as np

    return sign * metrics.score(metric, np.searchsorted(labels, y), estimator.predict_proba(X))[0]


def _cross_validate_in_python(estimator, X, y, groups, cv, scoring, fit_params, error_score):
    import numpy as np

    out = {s: [] for s in scoring}
    for train, test in cv.split(X, y, groups):
        try:
            fitted = _clone(estimator)
            fitted.fit(_take(X, train), *(() if y is None else (_take(y, train),)), **(fit_params or {}))
            for s in scoring:
                out[s].append(_score_one(fitted, _take(X, test), None if y is None else _take(y, test), s))
        except Exception:
            if error_score == "raise":
                raise
            for s in scoring:
                out[s].append(error_score)
    return {s: np.array(values) for s, values in out.items()}


def cross_validate(
    estimator, X, y=None, *, groups=None, scoring=None, cv=None, n_jobs=None, verbose=0, fit_params=None,
    pre_dispatch="2*n_jobs", return_train_score=False, return_estimator=False, error_score=float("nan"),
):
    """Scores of each fold, as {"test_score" or "test_<scorer>": array, "total_time": seconds}.

    mlsd's estimators with mlsd's splitters and named scorers run in one call of the library, on its threads; anything
    else runs in a Python loop. n_jobs, verbose and pre_dispatch are taken and not needed.
    """
    if return_train_score or return_estimator:
        raise NotImplementedError("return_train_score and return_estimator are not offered; fit on a fold and look")
    names = [scoring or _default_scoring(estimator)] if scoring is None or isinstance(scoring, str) or callable(scoring) else list(scoring)
    for name in names:
        if not callable(name) and name not in _SCORERS:
            raise ValueError(f"{name!r} is not a scorer; there are {', '.join(_SCORERS)}")
    splitter = check_cv(cv, y, classifier=getattr(estimator, "_estimator_type", "") == "classifier")
    start = time.perf_counter()
    native = None if fit_params else _native(estimator, X, y, splitter, names)
    if native is not None:
        scores = _cross_validate_natively(estimator, native, names, error_score)
    else:
        scores = _cross_validate_in_python(estimator, X, y, groups, splitter, names, fit_params, error_score)
    single = scoring is None or isinstance(scoring, str) or callable(scoring)
    out = {"test_score" if single else f"test_{s}": values for s, values in scores.items()}
    out["total_time"] = time.perf_counter() - start
    return out


def cross_val_score(
    estimator, X, y=None, *, groups=None, scoring=None, cv=None, n_jobs=None, verbose=0, fit_params=None,
    pre_dispatch="2*n_jobs", error_score=float("nan"),
):
    """The score of each fold."""
    return cross_validate(
        estimator, X, y, groups=groups, scoring=scoring, cv=cv, fit_params=fit_params, error_score=error_score
    )["test_score"]


__all__ = ["KFold", "StratifiedKFold", "TimeSeriesSplit", "check_cv", "cross_val_score", "cross_validate", "train_test_split"]
