"""Settings of one of mlsd's estimators on all folds, scored in one call of the library.

All settings become specs, so that each name and value is checked, before the first fit. Where a fit fails, which is rare,
the settings that have failures are run again by mlsd_cross_validate, which says why.
"""

import ctypes
import warnings

from ._arrays import doubles, is_frame
from ._errors import DataError
from ._estimators import Classifier, Estimator, Regressor, is_classifier, spec_told
from ._fitting import tell_failures
from ._handles import Folds, Spec, is_over_at_once
from ._library import _frames_to_user, call_long, call_plain, context, encode, exception_of, failures_kept, lib, texts
from ._quick_scores import keep_folds, kept_folds, own_function, spec_of
from ._splitters import Splitter

_MOST_KEPT_ROWS = 1 << 13  # of folds that are kept for the next call
# With no more rows, and no more numbers in all training parts, fits are over before a Ctrl-C could be felt.
_QUICK_ROWS, _QUICK_NUMBERS = 500, 1 << 18
_OF_CLASSES = ("accuracy", "roc_auc", "log_loss", "brier")


class Found:
    """What was found: {name: settings x splits} of test rows and of training rows (where asked for), seconds of the same
    shape, and the folds."""

    def __init__(self, scores, train_scores, seconds, folds):
        self.scores, self.train_scores, self.folds = scores, train_scores, folds
        self.fit_time, self.score_time = seconds[:, :, 0], seconds[:, :, 1]

    def splits(self):
        """[(train rows, test rows)]"""
        return list(self.folds)


def _metrics_of(estimator, scorers):
    """The library's metrics of all scorers, or None where one is not the library's."""
    of_classes, metrics = is_classifier(estimator), []
    for scorer in scorers.values():
        metric = getattr(scorer, "metric", None)
        if metric is None or (metric in _OF_CLASSES) != of_classes:
            return None
        metrics.append(metric)
    return list(dict.fromkeys(metrics))


def folds_of(splitter, X, y, groups):
    """The Folds of a splitter: mlsd's own at once, what others yield as lists of rows; None where these are no splits."""
    import numpy as np

    from ._validation import splits_of

    if isinstance(splitter, Splitter) and type(splitter).__module__.startswith("mlsd."):
        if type(y) is not np.ndarray or len(y) > _MOST_KEPT_ROWS:
            return splitter.folds(X, y, groups)
        key, kept = kept_folds(splitter, len(y), y, None)
        if kept is not None:
            return kept[0]
        folds = splitter.folds(X, y, groups)
        keep_folds(key, folds, y)
        return folds
    splits = splits_of(splitter, X, y, groups)
    parts = [np.ascontiguousarray(rows, dtype=np.int64) for split in splits for rows in split]
    if not splits or any(len(rows) == 0 for rows in parts):
        return None
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    return Folds.from_rows(n, 2, parts)


# Names whose values the classes change on their way into a spec.
_CHANGED = ("class_weight", "dual", "l1_ratio")


def _path_of(estimator, name):
    """Where a parameter of get_params stands in the estimator's spec, or None."""
    from .pipeline import Pipeline

    if type(estimator) is Pipeline:
        step, _, rest = name.partition("__")
        inner = estimator.named_steps.get(step)
        inside = _path_of(inner, rest) if rest and isinstance(inner, Estimator) else None
        return None if inside is None else f"{step}.{inside}"
    plain = type(estimator).spec is Estimator.spec and name in estimator._defaults and name not in _CHANGED
    return name if plain else None


_clone, _free, _set_f64, _set_i64 = map(
    own_function, ("mlsd_spec_clone", "mlsd_spec_free", "mlsd_spec_set_f64", "mlsd_spec_set_i64")
)


class Specs:
    """The specs of some settings of an estimator, as an array of handles for the library."""

    def __init__(self, estimator, candidates, labels):
        self.n = len(candidates)
        self.handles = (ctypes.c_void_p * self.n)()
        self._owned, self._others = [], []
        self._base = spec_of(estimator) or spec_told(estimator, labels)
        self.kinds = self._base._kinds
        names = {name for params in candidates for name in params}
        paths = {name: _path_of(estimator, name) for name in names}
        if None not in paths.values():
            self._make({name: encode(path) for name, path in paths.items()}, candidates)
            return
        for i, params in enumerate(candidates):
            self._make_anew(i, estimator, params, labels)

    def _make(self, keys, candidates):
        """Copies of the estimator's spec, changed: thousands of them cost about a microsecond each."""
        base, address, owned = self._base._h.value, ctypes.addressof(self.handles), self._owned
        for i, params in enumerate(candidates):
            if _clone(base, address + 8 * i):
                raise MemoryError("out of memory for the settings of a search")
            handle = self.handles[i]
            owned.append(handle)
            for name, value in params.items():
                if isinstance(value, float):
                    status = _set_f64(handle, keys[name], value)
                elif type(value) is int and -(2**63) <= value < 2**63:
                    status = _set_i64(handle, keys[name], value)
                else:
                    status = 1
                if status:
                    _set_carefully(handle, keys[name].decode(), value)

    def _make_anew(self, i, estimator, params, labels):
        from ._custom import clone

        spec = spec_told(clone(estimator).set_params(**params), labels) if params else self._base
        self._others.append(spec)
        if spec is not self._base:
            self.kinds = (*self.kinds, *spec._kinds)
        self.handles[i] = spec._h.value

    def is_over_at_once(self, n_numbers):
        return not self._others and is_over_at_once(self._base, n_numbers)

    def __del__(self, _free=_free):
        for handle in self._owned:
            _free(handle)
        self._owned = []


def _set_carefully(handle, name, value):
    """Set a value of any type, or raise what is wrong with it."""
    borrowed = Spec.__new__(Spec)
    borrowed._h = ctypes.c_void_p(handle)
    try:
        borrowed.set(name, value)
    finally:
        borrowed._h = None


def _data_of(estimator, X, y):
    """(Dataset, labels or None)"""
    estimator._see(X)
    if is_classifier(estimator):
        return Classifier._labelled(estimator, X, y, None)
    return Regressor.dataset(estimator, X, y), None


def _is_quick(specs, data, n_splits):
    n_rows = data.n_rows
    n_numbers = n_rows * max(1, data.n_features) * n_splits * specs.n
    return n_rows <= _QUICK_ROWS and n_numbers <= _QUICK_NUMBERS or specs.is_over_at_once(n_numbers)


def _run_one(specs, i, data, folds, metrics):
    """(scores, seconds, messages) of setting i: for each split a text or an exception, None where its fit did not fail."""
    import numpy as np

    from ._results import Result

    arguments = (ctypes.c_void_p(specs.handles[i]), data._h, folds._h, texts(metrics), len(metrics))
    try:
        result = Result._made(call_plain, lib.mlsd_cross_validate, *arguments)
    except Exception as error:
        told = error if isinstance(error, DataError) else error.__cause__
        if not isinstance(told, DataError):
            raise
        n, text = folds.n_splits, str(told)
        what = error if error is not told else text.partition("the first with: ")[2] or text
        return np.full((len(metrics), n), np.nan), np.zeros((n, 2)), [what] * n
    table, times = result.table("folds"), result.table("timings.folds")
    scores = np.array([table[metric] for metric in metrics])
    messages = [message if status != "ok" else None for status, message in zip(table["status"], table["message"])]
    return scores, np.column_stack([times["fit_seconds"], times["predict_seconds"]]), messages


def _tell(messages, failures, error_score):
    """Warn of fits that failed, or raise; truths where they are."""
    import numpy as np

    def as_error(message):
        if message is None or isinstance(message, Exception):
            return message
        return exception_of(message, failures) or DataError(message)

    errors = [[as_error(message) for message in row] for row in messages]
    first = next((error for row in errors for error in row if error is not None), None)
    try:
        if first is not None and error_score == "raise":
            raise first
        tell_failures([{"error": error} for row in errors for error in row], error_score)
        return np.array([[error is not None for error in row] for row in errors])
    finally:
        del errors, first  # whose tracebacks hold this frame


def _run_each(specs, data, folds, metrics, error_score, wanted=None):
    """_run one setting after the other, by mlsd_cross_validate, which tells of failures; `wanted`: only these settings."""
    import numpy as np

    with failures_kept() as failures:
        found = [
            _run_one(specs, i, data, folds, metrics) if wanted is None or wanted[i] else (None, None, [None] * folds.n_splits)
            for i in range(specs.n)
        ]
    failed = _tell([messages for _, _, messages in found], failures, error_score)
    if wanted is not None:
        return failed
    return np.array([scores for scores, _, _ in found]), np.array([seconds for _, seconds, _ in found]), failed


def _run(specs, data, folds, metrics, error_score, with_train):
    """(scores and training scores or None: settings x metrics x splits, seconds: settings x splits x 2, which fits failed
    or None)"""
    import numpy as np

    if specs.kinds:  # objects of the user's, which may fail once and not again
        scores, seconds, failed = _run_each(specs, data, folds, metrics, error_score)
        return scores, None, seconds, failed
    shape = (specs.n, len(metrics), folds.n_splits)
    scores, train_scores = np.empty(shape), np.empty(shape) if with_train else None
    seconds, n_failed = np.empty((specs.n, folds.n_splits, 2)), ctypes.c_int64()
    arguments = (
        specs.handles, specs.n, data._h, folds._h, texts(metrics), len(metrics), doubles(scores), scores.size,
        doubles(train_scores) if with_train else None, doubles(seconds), ctypes.byref(n_failed),
    )
    if _is_quick(specs, data, folds.n_splits):
        lib.mlsd_fold_scores(context(), *arguments)
    else:
        call_long(lib.mlsd_fold_scores, *arguments)
    seconds[np.isnan(seconds)] = 0  # what went into the fit
    failed = None
    if n_failed.value:
        wanted = np.isnan(scores).all(axis=1).any(axis=1)
        failed = _run_each(specs, data, folds, metrics, error_score, wanted)
    return scores, train_scores, seconds, failed


def _named(named, metrics, scores, failed, error_score):
    """{name: scores of settings x splits}"""
    import numpy as np

    found = {}
    for name, scorer in named.items():
        found[name] = scorer.score_of(scores[:, metrics.index(scorer.metric), :])
        if failed is not None:
            found[name] = np.where(failed, error_score, found[name])
    return found


def _prepared(estimator, candidates, X, y, groups, splitter, scorers, with_train):
    """(scorers by name, metrics, data, specs of the settings, folds), or None: the library does not do this one."""
    if not isinstance(estimator, Estimator) or estimator._estimator_type not in ("classifier", "regressor") or y is None:
        return None
    named = scorers if isinstance(scorers, dict) else {"score": scorers}
    metrics = _metrics_of(estimator, named)
    if metrics is None or len(getattr(y, "shape", ())) > 1 or not (is_frame(X) or len(getattr(X, "shape", (0, 0))) == 2):
        return None
    data, labels = _data_of(estimator, X, y)
    specs = Specs(estimator, candidates, labels)
    if with_train and specs.kinds:
        return None
    folds = splitter if isinstance(splitter, Folds) else folds_of(splitter, X, y, groups)
    return None if folds is None else (named, metrics, data, specs, folds)


def score_candidates(estimator, candidates, X, y, groups, splitter, scorers, error_score, with_train=False):
    """Settings ({name: value} each) of an estimator on the folds of a splitter, which may be Folds, as Found; or None: the
    library does not do this one."""
    prepared = _prepared(estimator, candidates, X, y, groups, splitter, scorers, with_train)
    if prepared is None:
        return None
    named, metrics, data, specs, folds = prepared
    scores, train_scores, seconds, failed = _run(specs, data, folds, metrics, error_score, with_train)
    train = _named(named, metrics, train_scores, failed, error_score) if with_train else None
    return Found(_named(named, metrics, scores, failed, error_score), train, seconds, folds)


def _curve_of(result):
    """The curves of all folds in one Curve; None, with a warning, where the estimator tells none."""
    from ._loss_curve import Curve
    from ._results import borrowed_table

    if "curves.missing" in result.names:
        warnings.warn(result.text("curves.missing"), RuntimeWarning, stacklevel=_frames_to_user())
        return None
    with borrowed_table(result, "curves") as table:
        return Curve.from_table(table)


def score_with_curves(estimator, X, y, groups, splitter, scorers, error_score, with_train=False):
    """(Found, Curve) of one estimator; or None: the library does not do this one."""
    import numpy as np

    from ._results import validate

    prepared = _prepared(estimator, [{}], X, y, groups, splitter, scorers, with_train)
    if prepared is None:
        return None
    named, metrics, data, specs, folds = prepared
    run = Spec("cross_validate", metrics=metrics, return_train_score=with_train, return_predictions=False, return_curves=True)
    run.add("estimators", specs._base, "estimator")
    with failures_kept() as failures:
        result = validate(run, data, folds)
    table, times = result.table("folds"), result.table("timings.folds")
    messages = [message if status != "ok" else None for status, message in zip(table["status"], table["message"])]
    failed = _tell([messages], failures, error_score)
    scores = _named(named, metrics, np.array([[table[metric] for metric in metrics]]), failed, error_score)
    train = None
    if with_train:
        train = _named(named, metrics, np.array([[table["train_" + metric] for metric in metrics]]), failed, error_score)
    seconds = np.column_stack([times["fit_seconds"], times["predict_seconds"]])[None]
    seconds[np.isnan(seconds)] = 0
    return Found(scores, train, seconds, folds), _curve_of(result)


def predict_out_of_fold(estimator, X, y, splits):
    """A prediction for each row by the model that did not see it, where the rows are tested once each; None: the library
    does not do this one, or a fit failed."""
    import numpy as np

    from ._results import Result

    if not isinstance(estimator, Estimator) or estimator._estimator_type != "regressor" or len(getattr(y, "shape", (0,))) != 1:
        return None
    if not is_frame(X) and len(getattr(X, "shape", (0, 0))) != 2 or any(len(rows) == 0 for split in splits for rows in split):
        return None
    data, _ = _data_of(estimator, X, y)
    folds = Folds.from_rows(data.n_rows, 2, [rows for split in splits for rows in split])
    spec = spec_of(estimator) or estimator.spec()
    arguments = (spec._h, data._h, folds._h, texts(["rmse"]), 1)
    try:
        result = Result._made(call_plain, lib.mlsd_cross_validate, *arguments)
    except Exception as error:
        if isinstance(error, DataError) or isinstance(error.__cause__, DataError):
            return None
        raise
    table = result.table("predictions")
    if len(table["row"]) != data.n_rows:
        return None
    out = np.empty(data.n_rows)
    out[table["row"]] = table["value"]
    return out
