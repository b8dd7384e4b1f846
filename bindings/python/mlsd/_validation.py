"""cross_validate, cross_val_score and cross_val_predict with scikit-learn's signatures.

mlsd's estimators with named scorers run in one call of the library, on its threads. Everything else (other packages'
estimators, scorers that are functions, fit parameters, models to be kept) runs in a Python loop that gives the same scores.
"""

import warnings

from ._arrays import n_rows
from ._custom import clone
from ._estimators import is_classifier
from ._fitting import (
    check_error_score, columns_of, fill_failures, fit_and_score, fit_params_of, fit_rows, make_indexable, part_of, rows_of,
    run_tasks, tell_failures,
)
from ._in_library import predict_out_of_fold, score_candidates, score_with_curves
from ._library import _frames_to_user
from ._quick_scores import quick_scores
from ._scorers import scorer_of, scorers_of


def splits_of(cv, X, y, groups):
    """[(train rows, test rows)] of a splitter."""
    given = {} if groups is None else {"groups": groups}
    return [(rows_of(train), rows_of(test)) for train, test in cv.split(X, y, **given)]


def _in_python(estimator, X, y, splits, scorer, fit_params, error_score, options, n_jobs, pre_dispatch):
    parts = ("test", "train") if options["with_train"] else ("test",)
    tasks = (
        ((clone(estimator), X, y, train, test, scorer, None, fit_params, error_score), {**options, "progress": ((k, len(splits)), (0, 1))})
        for k, (train, test) in enumerate(splits)
    )
    outs = run_tasks(fit_and_score, tasks, n_jobs, pre_dispatch)
    tell_failures(outs, error_score)
    fill_failures(outs, scorer, error_score, parts)
    return outs, {part: columns_of(outs, part) for part in parts}


def cross_validate(
    estimator, X, y=None, *, groups=None, scoring=None, cv=None, n_jobs=None, verbose=0, fit_params=None,
    pre_dispatch="2*n_jobs", return_train_score=False, return_estimator=False, return_indices=False,
    error_score=float("nan"), params=None, return_curves=False,
):
    """{"fit_time", "score_time", "test_score" or "test_<scorer>": an array with a number for each fold}.

    With return_train_score also "train_score" or "train_<scorer>", with return_estimator "estimator" (the fitted models),
    with return_indices "indices" ({"train", "test"}: the rows of each fold). fit_params, which params is another name of,
    goes to fit; what has an entry for each row is cut to the fold's. A fold that fails has the score error_score, or raises
    for error_score="raise". roc_auc of more than two classes is the one-vs-rest mean. n_jobs and pre_dispatch are for other
    packages' estimators, which joblib spreads; the library's threads are those of mlsd.set_threads.

    With return_curves (scikit-learn has not this one) "curves" is a Curve: the losses of every fold's training by epoch, on
    its training rows ("train") and on its test rows ("test"), which decide nothing; None for an estimator without epochs.
    curves.mean("test") is the mean over folds with its band, curves.refit_steps("test", rows_ratio=...) how long to train for.
    """
    import numpy as np

    from .model_selection import check_cv

    check_error_score(error_score)
    X, y, groups = make_indexable(X, y, groups)
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    scorers = scorers_of(estimator, scoring)
    fit_params = fit_params or params or {}
    splits = None
    found = curves = None
    if return_curves:
        with_curves = None
        if not (fit_params or return_estimator):
            with_curves = score_with_curves(estimator, X, y, groups, splitter, scorers, error_score, return_train_score)
        if with_curves is None:
            raise ValueError(
                "return_curves is for mlsd's estimators with one target and mlsd's scorers by name, without fit_params and "
                "return_estimator"
            )
        found, curves = with_curves
    elif not (fit_params or return_estimator):
        found = score_candidates(estimator, [{}], X, y, groups, splitter, scorers, error_score, return_train_score)
    if found is not None:
        out = {"fit_time": found.fit_time[0], "score_time": found.score_time[0]}
        columns = {"test": {name: scores[0] for name, scores in found.scores.items()}}
        if return_train_score:
            columns["train"] = {name: scores[0] for name, scores in found.train_scores.items()}
    else:
        splits = splits_of(splitter, X, y, groups)
        options = {"with_train": return_train_score, "with_estimator": return_estimator, "verbose": verbose}
        outs, columns = _in_python(estimator, X, y, splits, scorers, fit_params, error_score, options, n_jobs, pre_dispatch)
        out = {name: np.array([one[name] for one in outs]) for name in ("fit_time", "score_time")}
        if return_estimator:
            out["estimator"] = [one["estimator"] for one in outs]
    if return_indices:
        splits = splits or (found.splits() if found is not None else [])
        out["indices"] = {"train": tuple(train for train, _ in splits), "test": tuple(test for _, test in splits)}
    for name in columns["test"]:
        for part in ("test", "train")[: len(columns)]:
            out[f"{part}_{name}"] = columns[part][name]
    if return_curves:
        out["curves"] = curves
    return out


def cross_val_score(
    estimator, X, y=None, *, groups=None, scoring=None, cv=None, n_jobs=None, verbose=0, fit_params=None,
    pre_dispatch="2*n_jobs", error_score=float("nan"), params=None,
):
    """The score of each fold; arguments as in cross_validate."""
    check_error_score(error_score)
    if groups is None and not fit_params and not params and not verbose and (scoring is None or type(scoring) is str):
        found = quick_scores(estimator, X, y, scoring, cv)
        if found is not None:
            return found
    scorer = scorer_of(estimator, scoring)
    if isinstance(scoring, str) or scoring is None:
        named = scorer
    else:
        named = {"score": scorer}  # so that one number is asked for, not a dict of them
    found = cross_validate(
        estimator, X, y, groups=groups, scoring=named, cv=cv, n_jobs=n_jobs, verbose=verbose, fit_params=fit_params,
        pre_dispatch=pre_dispatch, error_score=error_score, params=params,
    )
    return found["test_score"]


def _check_partition(splits, n):
    import numpy as np

    tested = np.concatenate([test for _, test in splits]) if splits else np.empty(0, dtype=int)
    counts = np.bincount(tested, minlength=n)
    if len(counts) != n or (counts != 1).any():
        row = int(np.argmax(counts != 1))
        raise ValueError(
            f"cross_val_predict only works for partitions: row {row} is tested {counts[row]} times. aggregate='mean' gives the "
            "mean of its predictions, and NaN where there is none"
        )


def _fit_and_predict(estimator, X, y, train, test, fit_params, method):
    X_train, y_train = part_of(estimator, X, y, train, train)
    fit_rows(estimator, X_train, y_train, fit_params_of(fit_params, n_rows(X), train))
    X_test, _ = part_of(estimator, X, None, test, train)
    return getattr(estimator, method)(X_test), getattr(estimator, "classes_", None)


def _by_all_classes(predictions, classes, n_classes, method):
    """Columns of the classes that a fold's model saw, among all classes 0 .. n_classes - 1."""
    import numpy as np

    if n_classes == len(classes):
        return predictions
    warnings.warn(
        f"Number of classes in training fold ({len(classes)}) does not match total number of classes ({n_classes}). Results "
        "may not be appropriate for your use case. To fix this, use a cross-validation technique resulting in properly "
        "stratified folds",
        RuntimeWarning,
        stacklevel=_frames_to_user(),
    )
    if method == "decision_function":
        if predictions.ndim == 2 and predictions.shape[1] != len(classes):
            raise ValueError(
                f"Output shape {predictions.shape} of {method} does not match number of classes ({len(classes)}) in fold. "
                f"Irregular {method} outputs are not currently supported by cross_val_predict"
            )
        if len(classes) <= 2:
            raise ValueError(
                f"Only {len(classes)} class/es in training fold, but {n_classes} in overall dataset. This is not supported "
                f"for {method} with imbalanced folds. To fix this, use a cross-validation technique resulting in properly "
                "stratified folds"
            )
    missing = 0 if method == "predict_proba" else np.finfo(predictions.dtype).min
    out = np.full((len(predictions), n_classes), missing, dtype=predictions.dtype)
    out[:, np.asarray(classes).astype(int)] = predictions
    return out


def _encode(y):
    """Labels as 0, 1, ..., and how many there are: lists of these where y has several columns."""
    import numpy as np

    y = np.asarray(y)
    if y.ndim == 1:
        labels, codes = np.unique(y, return_inverse=True)
        return codes, len(labels)
    found = [np.unique(y[:, j], return_inverse=True) for j in range(y.shape[1])]
    return np.column_stack([codes for _, codes in found]), [len(labels) for labels, _ in found]


def _all_columns(predictions, classes, n_classes, method):
    if n_classes is None:
        return predictions
    if isinstance(predictions, list):
        seen = classes if isinstance(classes, list) else [classes] * len(predictions)
        return [_by_all_classes(p, c, n, method) for p, c, n in zip(predictions, seen, n_classes)]
    if isinstance(n_classes, list):  # one column for each of several targets
        return predictions
    return _by_all_classes(predictions, range(n_classes) if classes is None else classes, n_classes, method)


def _put_together(blocks, splits, n):
    """The predictions of all rows, in their order."""
    import numpy as np

    if isinstance(blocks[0], list):
        return [_put_together([block[j] for block in blocks], splits, n) for j in range(len(blocks[0]))]
    rows = np.concatenate([test for _, test in splits])
    back = np.empty(n, dtype=int)
    back[rows] = np.arange(n)
    if hasattr(blocks[0], "tocsr"):
        import scipy.sparse

        return scipy.sparse.vstack(blocks, format=blocks[0].format)[back]
    return np.concatenate([np.asarray(block) for block in blocks])[back]


def _mean_of(blocks, splits, n, is_label):
    """The mean prediction of each row, NaN where it is never tested."""
    import numpy as np

    if isinstance(blocks[0], list):
        return [_mean_of([block[j] for block in blocks], splits, n, is_label) for j in range(len(blocks[0]))]
    if is_label:
        raise ValueError("labels have no mean: give method='predict_proba' or 'decision_function' with aggregate='mean'")
    total, counts = np.zeros((n, *np.shape(blocks[0])[1:])), np.zeros(n)
    for (_, test), block in zip(splits, blocks):
        np.add.at(total, test, block)
        np.add.at(counts, test, 1)
    with np.errstate(invalid="ignore"):
        return total / counts.reshape(-1, *[1] * (total.ndim - 1))


def cross_val_predict(
    estimator, X, y=None, *, groups=None, cv=None, n_jobs=None, verbose=0, fit_params=None, pre_dispatch="2*n_jobs",
    method="predict", params=None, aggregate=None,
):
    """What models that did not see them say of the rows: predict, predict_proba, predict_log_proba or decision_function.

    Each row must be tested once, unless aggregate is "mean" (scikit-learn has not this one): then a row that repeated,
    random or forward splits test several times has the mean of its predictions, and NaN where it is never tested. Columns
    of probabilities are those of all labels of y in ascending order, also where a fold lacks some.
    """
    import numpy as np

    from .model_selection import check_cv

    if aggregate not in (None, "mean"):
        raise ValueError(f"aggregate must be None or 'mean', got {aggregate!r}")
    X, y, groups = make_indexable(X, y, groups)
    splits = splits_of(check_cv(cv, y, classifier=is_classifier(estimator)), X, y, groups)
    n, n_classes = n_rows(X), None
    if aggregate is None:
        _check_partition(splits, n)
        if method == "predict" and not (fit_params or params):
            found = predict_out_of_fold(estimator, X, y, splits)
            if found is not None:
                return found
    if method in ("decision_function", "predict_proba", "predict_log_proba") and y is not None:
        y, n_classes = _encode(y)
    tasks = (((clone(estimator), X, y, train, test, fit_params or params, method), {}) for train, test in splits)
    outs = run_tasks(_fit_and_predict, tasks, n_jobs, pre_dispatch)
    blocks = [_all_columns(predictions, classes, n_classes, method) for predictions, classes in outs]
    if aggregate is None:
        return _put_together(blocks, splits, n)
    is_label = method == "predict" and (is_classifier(estimator) or np.asarray(blocks[0]).dtype.kind not in "fiu")
    return _mean_of(blocks, splits, n, is_label)
