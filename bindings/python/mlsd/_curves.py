"""learning_curve, validation_curve and permutation_test_score with scikit-learn's signatures."""

import numbers
import time
import warnings

from ._arrays import n_rows, take
from ._custom import clone
from ._estimators import is_classifier
from ._fitting import (
    check_error_score, fit_and_score, fit_params_of, make_indexable, part_of, run_tasks, score_part, tell_failures,
)
from ._grids import random_state_of
from ._handles import Folds
from ._in_library import score_candidates
from ._library import _frames_to_user
from ._quick_scores import quick_scores
from ._scorers import scorer_of
from ._validation import splits_of


def _sizes(train_sizes, n_max):
    """Numbers of training rows, in ascending order and each once."""
    import numpy as np

    sizes = np.asarray(train_sizes)
    low, high = sizes.min(), sizes.max()
    if sizes.dtype.kind == "f":
        if low <= 0.0 or high > 1.0:
            raise ValueError(f"train_sizes are fractions of {n_max} rows and must be in (0, 1], got values in [{low}, {high}]")
        numbers_ = np.clip((sizes * n_max).astype(int), 1, n_max)
    else:
        if low <= 0 or high > n_max:
            raise ValueError(f"train_sizes are numbers of rows and must be in (0, {n_max}], got values in [{low}, {high}]")
        numbers_ = sizes.astype(int)
    unique = np.unique(numbers_)
    if len(unique) < len(sizes):
        warnings.warn(
            "Removed duplicate entries from 'train_sizes'. Number of ticks will be less than the size of 'train_sizes': "
            f"{len(unique)} instead of {len(sizes)}.",
            RuntimeWarning,
            stacklevel=_frames_to_user(),
        )
    return unique


def _parts_of(outs, error_score):
    """Scores of the training rows, of the test rows, and the seconds of fitting and of scoring."""
    import numpy as np

    tell_failures(outs, error_score)
    found = [[error_score if out[part] is None else out[part] for out in outs] for part in ("train", "test")]
    return [np.array(values, dtype=float) for values in (*found, [o["fit_time"] for o in outs], [o["score_time"] for o in outs])]


def _in_library(estimator, candidates, X, y, splits, scorer, error_score):
    """(train scores, test scores, seconds of fits, of scores): settings x splits, or None: the library does not do this one."""
    if not hasattr(estimator, "_mlsd_spec") or any(len(rows) == 0 for split in splits for rows in split):
        return None
    folds = Folds.from_rows(n_rows(X), 2, [rows for split in splits for rows in split])
    found = score_candidates(estimator, candidates, X, y, None, folds, scorer, error_score, with_train=True)
    if found is None:
        return None
    return found.train_scores["score"], found.scores["score"], found.fit_time, found.score_time


def _fit_more_and_more(estimator, X, y, train, test, sizes, scorer, labels, fit_params, error_score):
    """One fold of a curve by partial_fit: an entry as of fit_and_score for each size."""
    outs, done = [], 0
    more = {} if labels is None else {"classes": labels}
    for n in sizes:
        X_new, y_new = part_of(estimator, X, y, train[done:n], train[done:n])
        X_train, y_train = part_of(estimator, X, y, train[:n], train[:n])
        X_test, y_test = part_of(estimator, X, y, test, train[:n])
        params = fit_params_of(fit_params, n_rows(X), train[done:n])
        started = time.perf_counter()
        estimator.partial_fit(X_new, *(() if y is None else (y_new,)), **params, **more)
        fitted = time.perf_counter()
        scores = {"test": score_part(estimator, X_test, y_test, scorer, error_score)}
        scored = time.perf_counter()
        scores["train"] = score_part(estimator, X_train, y_train, scorer, error_score)
        outs.append({**scores, "fit_time": fitted - started, "score_time": scored - fitted, "error": None})
        done = n
    return outs


def learning_curve(
    estimator, X, y=None, *, groups=None, train_sizes=(0.1, 0.325, 0.55, 0.775, 1.0), cv=None, scoring=None,
    exploit_incremental_learning=False, n_jobs=None, pre_dispatch="all", verbose=0, shuffle=False, random_state=None,
    error_score=float("nan"), return_times=False, fit_params=None, params=None,
):
    """(sizes, train scores, test scores: sizes x folds), and with return_times the seconds of fits and of scores.

    Each fold's training rows are cut to their first so many, in random order with shuffle; train_sizes are fractions or
    numbers of rows. exploit_incremental_learning goes on by partial_fit from size to size.
    """
    import numpy as np

    from .model_selection import check_cv

    check_error_score(error_score)
    if exploit_incremental_learning and not hasattr(estimator, "partial_fit"):
        raise ValueError("An estimator must support the partial_fit interface to exploit incremental learning")
    X, y, groups = make_indexable(X, y, groups)
    splits = splits_of(check_cv(cv, y, classifier=is_classifier(estimator)), X, y, groups)
    scorer = scorer_of(estimator, scoring)
    if not splits:
        raise ValueError("cv gives no splits")
    sizes = _sizes(train_sizes, len(splits[0][0]))
    if verbose > 0:
        print(f"[learning_curve] Training set sizes: {sizes}")
    if shuffle:
        rng = random_state_of(random_state)
        splits = [(rng.permutation(train), test) for train, test in splits]
    fit_params = fit_params or params
    if not (exploit_incremental_learning or fit_params):
        # Each size of each fold is a split of its own, all in one call.
        found = _in_library(
            estimator, [{}], X, y, [(train[:n], test) for train, test in splits for n in sizes], scorer, error_score
        )
        if found is not None:
            found = [values.reshape(len(splits), len(sizes)).T for values in found]
            return (sizes, *found) if return_times else (sizes, *found[:2])
    if exploit_incremental_learning:
        labels = np.unique(np.asarray(y)) if is_classifier(estimator) else None
        tasks = (((clone(estimator), X, y, *split, sizes, scorer, labels, fit_params, error_score), {}) for split in splits)
        outs = [out for one in run_tasks(_fit_more_and_more, tasks, n_jobs, pre_dispatch) for out in one]
    else:
        tasks = (
            ((clone(estimator), X, y, train[:n], test, scorer, None, fit_params, error_score),
             {"with_train": True, "verbose": verbose, "progress": ((k, len(splits)), (s, len(sizes)))})
            for k, (train, test) in enumerate(splits)
            for s, n in enumerate(sizes)
        )
        outs = run_tasks(fit_and_score, tasks, n_jobs, pre_dispatch)
    found = [values.reshape(len(splits), len(sizes)).T for values in _parts_of(outs, error_score)]
    return (sizes, *found) if return_times else (sizes, *found[:2])


def validation_curve(
    estimator, X, y=None, *, param_name, param_range, groups=None, cv=None, scoring=None, n_jobs=None, pre_dispatch="all",
    verbose=0, error_score=float("nan"), fit_params=None, params=None,
):
    """(train scores, test scores: values x folds) of one parameter's values."""
    from .model_selection import check_cv

    check_error_score(error_score)
    X, y, groups = make_indexable(X, y, groups)
    splits = splits_of(check_cv(cv, y, classifier=is_classifier(estimator)), X, y, groups)
    scorer = scorer_of(estimator, scoring)
    if not (fit_params or params):
        found = _in_library(estimator, [{param_name: value} for value in param_range], X, y, splits, scorer, error_score)
        if found is not None:
            return found[0], found[1]
    tasks = (
        ((clone(estimator), X, y, train, test, scorer, {param_name: value}, fit_params or params, error_score),
         {"with_train": True, "verbose": verbose, "progress": ((k, len(splits)), (v, len(param_range)))})
        for k, (train, test) in enumerate(splits)
        for v, value in enumerate(param_range)
    )
    outs = run_tasks(fit_and_score, tasks, n_jobs, pre_dispatch)
    train, test, *_ = (values.reshape(len(splits), len(param_range)).T for values in _parts_of(outs, error_score))
    return train, test


def _mean_score(estimator, X, y, groups, cv, scoring, scorer, fit_params):
    import numpy as np

    if not fit_params and groups is None and (scoring is None or isinstance(scoring, str)):
        found = quick_scores(estimator, X, y, scoring, cv)
        if found is not None:
            return float(np.add.reduce(found) / len(found))
    if not fit_params:
        found = score_candidates(estimator, [{}], X, y, groups, cv, scorer, "raise")
        if found is not None:
            return float(found.scores["score"].mean())
    outs = [
        fit_and_score(clone(estimator), X, y, train, test, scorer, None, fit_params, "raise")["test"]
        for train, test in splits_of(cv, X, y, groups)
    ]
    return float(np.mean(outs))


def _permuted(y, groups, rng):
    import numpy as np

    if groups is None:
        rows = rng.permutation(n_rows(y))
    else:
        groups, rows = np.asarray(groups), np.arange(n_rows(y))
        for group in np.unique(groups):
            members = np.flatnonzero(groups == group)
            rows[members] = rng.permutation(members)
    return take(y, rows)


def permutation_test_score(
    estimator, X, y, *, groups=None, cv=None, n_permutations=100, n_jobs=None, random_state=0, verbose=0, scoring=None,
    fit_params=None, params=None,
):
    """(score, scores with permuted targets, p-value): is there anything in X that tells of y?

    With groups, targets are permuted within groups. p = (number of permutations that score no less + 1) / (permutations
    + 1) (Ojala & Garriga 2010, JMLR 11:1833, test 1). Permutations are scikit-learn's.
    """
    import numpy as np

    from .model_selection import check_cv

    if isinstance(n_permutations, bool) or not isinstance(n_permutations, numbers.Integral) or n_permutations < 1:
        raise ValueError(f"n_permutations must be a positive integer, got {n_permutations!r}")
    X, y, groups = make_indexable(X, y, groups)
    cv = check_cv(cv, y, classifier=is_classifier(estimator))
    scorer, fit_params = scorer_of(estimator, scoring), fit_params or params
    rng = random_state_of(random_state)
    targets = [y, *(_permuted(y, groups, rng) for _ in range(n_permutations))]
    if hasattr(estimator, "_mlsd_spec"):
        n_jobs = None  # the library has threads of its own
    tasks = (((estimator, X, target, groups, cv, scoring, scorer, fit_params), {}) for target in targets)
    score, *permuted = run_tasks(_mean_score, tasks, n_jobs, "2*n_jobs")
    permuted = np.array(permuted)
    return score, permuted, float((np.sum(permuted >= score) + 1.0) / (n_permutations + 1))
