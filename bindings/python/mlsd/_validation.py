"""cross_validate and cross_val_score with scikit-learn's signatures.

mlsd's estimators on mlsd's splitters with named scorers run in one call of the library, on its threads. Everything else
(other packages' estimators or splitters, scorers that are functions, fit parameters) runs in a Python loop that gives
the same scores.
"""

import time
import warnings

from ._arrays import n_rows, take
from ._custom import clone
from ._errors import FitFailedWarning
from ._estimators import Estimator, is_classifier
from ._library import exception_of, failures_kept

# scikit-learn's scorer names: our metric, and the score that it makes (greater is better).
_SCORERS = {
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
_ON_VALUES = ("rmse", "mae", "r2", "accuracy")


def _named_scorers(estimator, scoring):
    """{name: scorer}, a scorer being a name of _SCORERS or a function of (estimator, X, y)."""
    if scoring is None:
        if isinstance(estimator, Estimator):
            return {"score": "accuracy" if is_classifier(estimator) else "r2"}
        return {"score": lambda fitted, X, *y: fitted.score(X, *y)}
    if isinstance(scoring, str) or callable(scoring):
        named = {"score": scoring}
    else:
        named = dict(scoring) if hasattr(scoring, "items") else {name: name for name in scoring}
    for scorer in named.values():
        if not callable(scorer) and scorer not in _SCORERS:
            raise ValueError(f"{scorer!r} is not a scorer; there are {', '.join(_SCORERS)}")
    return named


def _in_library(estimator, X, y, cv, scorers, error_score):
    """Columns of the result, by one call of the library."""
    import numpy as np

    from ._results import cross_validate as run

    metrics = list(dict.fromkeys(_SCORERS[s][0] for s in scorers.values()))
    estimator._see(X)
    with failures_kept() as failures:
        result = run(estimator.spec(), estimator.dataset(X, y), cv.folds(X, y), metrics)
    table, seconds = result.table("folds"), result.table("timings.folds")
    failed = np.array([status != "ok" for status in table["status"]])
    if failed.any():
        message = str(table["message"][failed][0])
        if error_score == "raise":
            raise exception_of(message, failures) or ValueError(message)
        _warn_of_failures(int(failed.sum()), len(failed), message)
    out = {"fit_time": seconds["fit_seconds"], "score_time": seconds["predict_seconds"]}
    for name, scorer in scorers.items():
        metric, score_of = _SCORERS[scorer]
        out[f"test_{name}"] = score_of(table[metric])
        if failed.any():
            out[f"test_{name}"] = np.where(failed, error_score, out[f"test_{name}"])
    return out


def _warn_of_failures(n_failed, n, message):
    text = f"{n_failed} of {n} folds failed; their score is error_score. The first: {message}"
    warnings.warn(text, FitFailedWarning, stacklevel=4)


def _score_one(estimator, X, y, scorer):
    from . import metrics

    if callable(scorer):
        return scorer(estimator, X, *y)
    metric, score_of = _SCORERS[scorer]
    if metric == "accuracy":
        return metrics.accuracy_score(*y, estimator.predict(X))
    if metric in _ON_VALUES:
        return score_of(metrics.score(metric, *y, estimator.predict(X))[0])
    codes = metrics.codes_among(estimator.classes_, *y)
    return score_of(metrics.score(metric, codes, estimator.predict_proba(X))[0])


def _fit_and_score(estimator, X, y, train, test, scorers, fit_params, parts):
    """(seconds to fit, seconds to score, {column: score}, the fitted estimator) of one fold."""
    rows = {"train": train, "test": test}
    n, started = n_rows(X), time.perf_counter()
    params = {k: take(v, train) if hasattr(v, "__len__") and n_rows(v) == n else v for k, v in fit_params.items()}
    fitted = clone(estimator)
    fitted.fit(take(X, train), *(take(a, train) for a in y), **params)
    fit_ended = time.perf_counter()
    scores = {
        f"{part}_{name}": _score_one(fitted, take(X, rows[part]), [take(a, rows[part]) for a in y], scorer)
        for part in parts
        for name, scorer in scorers.items()
    }
    return fit_ended - started, time.perf_counter() - fit_ended, scores, fitted


def _in_python(estimator, X, y, groups, cv, scorers, fit_params, error_score, parts):
    """Columns of the result, fold by fold."""
    import numpy as np

    folds, failures = [], []
    for train, test in cv.split(X, *y, **({} if groups is None else {"groups": groups})):
        try:
            folds.append(_fit_and_score(estimator, X, y, train, test, scorers, fit_params, parts))
        except Exception as error:
            if error_score == "raise":
                raise
            failures.append(error)
            columns = {f"{part}_{name}": error_score for part in parts for name in scorers}
            folds.append((0.0, 0.0, columns, None))
    if folds and len(failures) == len(folds):
        raise ValueError(f"every fold failed. The first: {failures[0]}") from failures[0]
    if failures:
        _warn_of_failures(len(failures), len(folds), failures[0])
    fit_time, score_time, scores, fitted = zip(*folds) if folds else ((), (), (), ())
    out = {"fit_time": np.array(fit_time), "score_time": np.array(score_time), "estimator": list(fitted)}
    for part in parts:
        out.update({f"{part}_{name}": np.array([s[f"{part}_{name}"] for s in scores]) for name in scorers})
    return out


def cross_validate(
    estimator, X, y=None, *, groups=None, scoring=None, cv=None, n_jobs=None, verbose=0, fit_params=None,
    pre_dispatch="2*n_jobs", return_train_score=False, return_estimator=False, error_score=float("nan"), params=None,
):
    """{"fit_time", "score_time", "test_score" or "test_<scorer>": an array with a number for each fold}.

    n_jobs, verbose and pre_dispatch are taken and not needed: see mlsd.set_threads. A fold that fails has the score
    error_score, or raises for error_score="raise". roc_auc of more than two classes is the one-vs-rest mean.
    """
    from ._splitters import Splitter
    from .model_selection import check_cv

    scorers = _named_scorers(estimator, scoring)
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    fit_params = fit_params or params or {}
    by_library = isinstance(estimator, Estimator) and isinstance(splitter, Splitter) and y is not None
    plain = not (fit_params or return_train_score or return_estimator or groups is not None)
    if by_library and plain and not any(callable(s) for s in scorers.values()):
        return _in_library(estimator, X, y, splitter, scorers, error_score)
    parts = ("test", "train") if return_train_score else ("test",)
    y = [] if y is None else [y]
    out = _in_python(estimator, X, y, groups, splitter, scorers, fit_params, error_score, parts)
    if not return_estimator:
        del out["estimator"]
    return out


def cross_val_score(
    estimator, X, y=None, *, groups=None, scoring=None, cv=None, n_jobs=None, verbose=0, fit_params=None,
    pre_dispatch="2*n_jobs", error_score=float("nan"), params=None,
):
    """The score of each fold; arguments as in cross_validate."""
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(f"scoring must be one name or one function, got {scoring!r}; cross_validate takes several")
    return cross_validate(
        estimator, X, y, groups=groups, scoring=scoring, cv=cv, fit_params=fit_params,
        error_score=error_score, params=params,
    )["test_score"]
