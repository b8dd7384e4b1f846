"""One fit on one fold in Python, for what the library cannot call itself: other packages' estimators and scorers.

What a fit raises becomes the score error_score and is told at the end, unless error_score is "raise"; what a scorer
raises is told at once. Nothing but Exception is caught, so that Ctrl-C ends the call.
"""

import numbers
import time
import traceback
import warnings
from collections import Counter

from ._arrays import is_pandas, n_rows, take
from ._custom import clone, innermost
from ._errors import FitFailedWarning, named_as_sklearns
from ._library import _frames_to_user

_WIDTH = 80  # of a line that tells of a fit


def make_indexable(*arrays):
    """Arrays whose rows can be taken, all of the same number; None stays None."""
    import numpy as np

    made = []
    for a in arrays:
        if hasattr(a, "tocsr"):
            a = a.tocsr()
        elif not (a is None or hasattr(a, "__getitem__") or hasattr(a, "iloc")):
            a = np.asarray(a)
        made.append(a)
    sizes = [n_rows(a) for a in made if a is not None]
    if len(set(sizes)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {sizes}")
    return made


def check_error_score(error_score):
    """error_score is "raise" or a number."""
    if error_score != "raise" and not isinstance(error_score, numbers.Number):
        raise ValueError(
            "error_score must be the string 'raise' or a numeric value. (Hint: if using 'raise', please make sure that it "
            "has been spelled correctly.)"
        )


def rows_of(rows):
    """Numbers of rows, also where they come as truths or a list."""
    import numpy as np

    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _is_pairwise(estimator):
    """Whether X is a square of distances or kernels between rows."""
    estimator = innermost(estimator)
    if hasattr(estimator, "_mlsd_spec"):
        return False
    if hasattr(estimator, "__sklearn_tags__"):
        return bool(getattr(estimator.__sklearn_tags__().input_tags, "pairwise", False))
    for ask in ("_get_tags", "_more_tags"):
        if hasattr(estimator, ask):
            return bool(getattr(estimator, ask)().get("pairwise", False))
    return False


def part_of(estimator, X, y, rows, train):
    """(X, y) of some rows; train: those that it is fitted to."""
    if _is_pairwise(estimator):
        if not hasattr(X, "shape"):
            raise ValueError("precomputed kernels or affinity matrices have to be passed as arrays or sparse matrices")
        if X.shape[0] != X.shape[1]:
            raise ValueError(f"X should be a square kernel matrix, got the shape {X.shape}")
        part = X.iloc[rows, train] if is_pandas(X) else X[rows][:, train]
    else:
        part = take(X, rows)
    return part, None if y is None else take(y, rows)


def fit_params_of(fit_params, n, rows):
    """Those of the fit's parameters that have an entry for each of n rows, cut to some of them."""
    out = {}
    for name, value in (fit_params or {}).items():
        is_array = hasattr(value, "shape") or isinstance(value, list)
        cut = is_array and getattr(value, "shape", (1,)) != () and n_rows(value) == n
        out[name] = take(make_indexable(value)[0], rows) if cut else value
    return out


def fit_rows(fitted, X, y, fit_params):
    """fit, with y where there is one."""
    if y is None:
        fitted.fit(X, **fit_params)
    else:
        fitted.fit(X, y, **fit_params)


def _number(score, name=""):
    if hasattr(score, "item"):
        try:
            score = score.item()
        except ValueError:
            pass
    if not isinstance(score, numbers.Number):
        raise ValueError(f"scoring must return a number, got {score!r} ({type(score)}) instead{name}")
    return score


def _tell_of_scoring(error_score):
    warnings.warn(
        "Scoring failed. The score on this train-test partition for these parameters will be set to "
        f"{error_score}. Details: \n{traceback.format_exc()}",
        UserWarning,
        stacklevel=_frames_to_user(),
    )
    return error_score


def score_part(fitted, X, y, scorer, error_score):
    """A number, or a dict of them where the scorer is a dict or gives one."""
    arguments = (X,) if y is None else (X, y)
    named = scorer if isinstance(scorer, dict) else {None: scorer}
    out = {}
    for name, one in named.items():
        try:
            score = one(fitted, *arguments)
        except Exception:
            if error_score == "raise":
                raise
            score = _tell_of_scoring(error_score)
        if name is None and isinstance(score, dict):
            return {key: _number(value, f" for {key!r}") for key, value in score.items()}
        out[name] = _number(score, f" ({one!r})" if name is None else f" for {name!r}")
    return out if isinstance(scorer, dict) else out[None]


def set_params(estimator, params):
    """Set parameters; estimators among them are copied."""
    if params:
        estimator.set_params(**{name: clone(value) if hasattr(value, "fit") else value for name, value in params.items()})
    return estimator


def _line(params, progress, verbose, out, with_train):
    """What verbose says of a fit that ended."""
    (k, n_splits), (c, n_candidates) = progress
    begin = "[CV" if verbose <= 2 else f"[CV {k + 1}/{n_splits}" if verbose <= 9 else f"[CV {k + 1}/{n_splits}; {c + 1}/{n_candidates}"
    told = ", ".join(f"{name}={params[name]}" for name in sorted(params or {})) if verbose > 1 else ""
    end = f" total time={out['fit_time'] + out['score_time']:7.1f}s"
    scores = ""
    if verbose > 2 and out["error"] is None:
        test, train = out["test"], out["train"]
        if isinstance(test, dict):
            for name in sorted(test):
                inside = f"train={train[name]:.3f}, test={test[name]:.3f}" if with_train else f"test={test[name]:.3f}"
                scores += f" {name}: ({inside})"
        else:
            scores = f" score=(train={train:.3f}, test={test:.3f})" if with_train else f" score={test:.3f}"
    dots = "." * max(2, _WIDTH - len(begin) - len(told) - len(scores) - len(end) - 6)
    return f"{begin}] END {told}{dots}{scores}{end}"


def fit_and_score(estimator, X, y, train, test, scorer, params=None, fit_params=None, error_score="raise", *,
                  with_train=False, with_estimator=False, verbose=0, progress=((0, 1), (0, 1))):
    """What a fold comes to: fit_time, score_time, test and train scores (None where it failed), error, estimator."""
    fitted = set_params(estimator, params)
    out = {"fit_time": 0.0, "score_time": 0.0, "test": None, "train": None, "error": None, "estimator": None, "n_test": len(test)}
    started = time.perf_counter()
    try:
        X_train, y_train = part_of(fitted, X, y, train, train)
        fit_rows(fitted, X_train, y_train, fit_params_of(fit_params, n_rows(X), train))
    except Exception as error:
        out["fit_time"] = time.perf_counter() - started
        if error_score == "raise":
            raise
        error.mlsd_text = traceback.format_exc()
        out["error"] = error
    else:
        out["fit_time"] = time.perf_counter() - started
        X_test, y_test = part_of(fitted, X, y, test, train)
        out["test"] = score_part(fitted, X_test, y_test, scorer, error_score)
        out["score_time"] = time.perf_counter() - started - out["fit_time"]
        if with_train:
            out["train"] = score_part(fitted, X_train, y_train, scorer, error_score)
    if with_estimator:
        out["estimator"] = fitted
    if verbose > 1:
        print(_line(params, progress, verbose, out, with_train))
    return out


def run_tasks(function, tasks, n_jobs, pre_dispatch):
    """[function(*arguments, **keywords) for each task], in processes of joblib's where n_jobs asks for them and it is there."""
    if n_jobs not in (None, 1):
        try:
            import joblib
        except ImportError:
            pass
        else:
            calls = (joblib.delayed(function)(*arguments, **keywords) for arguments, keywords in tasks)
            return joblib.Parallel(n_jobs=n_jobs, pre_dispatch=pre_dispatch)(calls)
    return [function(*arguments, **keywords) for arguments, keywords in tasks]


def tell_failures(outs, error_score):
    """Warn of the fits that failed, or raise where all did."""
    errors = [out["error"] for out in outs if out["error"] is not None]
    if not errors:
        return
    counts = Counter(getattr(error, "mlsd_text", f"{type(error).__name__}: {error}") for error in errors)
    rule = "-" * _WIDTH
    details = "\n".join(f"{rule}\n{n} fits failed with the following error:\n{text}" for text, n in counts.items())
    if len(errors) == len(outs):
        raise ValueError(
            f"All the {len(outs)} fits failed: every fold failed. It is very likely that your model is misconfigured; "
            f"error_score='raise' raises what the first one did. The first: {errors[0]}\n\n{details}"
        ) from errors[0]
    warnings.warn(
        f"{len(errors)} fits failed out of a total of {len(outs)}. The score on these train-test partitions for these "
        f"parameters will be set to {error_score}; error_score='raise' raises instead. The first: {errors[0]}\n\n{details}",
        named_as_sklearns(FitFailedWarning, "FitFailedWarning"),
        stacklevel=_frames_to_user(),
    )


def fill_failures(outs, scorer, error_score, parts):
    """Put error_score where a fit failed: for each of the names that the scorer has, or gave elsewhere."""
    names = list(scorer) if isinstance(scorer, dict) else None
    if names is None:
        given = next((out["test"] for out in outs if isinstance(out["test"], dict)), None)
        names = None if given is None else list(given)
    for out in outs:
        for part in parts:
            if out[part] is None or (names is not None and not isinstance(out[part], dict)):
                value = error_score if out[part] is None else out[part]
                out[part] = value if names is None else dict.fromkeys(names, value)


def columns_of(outs, part):
    """{name: scores of all fits}, the name being "score" where there is one."""
    import numpy as np

    if outs and isinstance(outs[0][part], dict):
        return {name: np.array([out[part][name] for out in outs]) for name in outs[0][part]}
    return {"score": np.array([out[part] for out in outs])}
