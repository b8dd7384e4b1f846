"""cross_val_score of small data, with as little as there can be between the caller and mlsd_fold_scores.

What depends on the estimator's class and parameters, and on the splitter and the number of rows, is made once and kept: its
spec, its folds. What is out of the ordinary, errors and folds that fail too, is left to _in_library, which says what is wrong.
"""

import ctypes
import numbers

from ._arrays import class_codes
from ._estimators import Classifier, Estimator, Regressor, is_classifier
from ._library import _contexts, library_path, texts
from ._quick import _address_of, _F64, _memory_of, _NumPy, _pack_matrix
from ._scorers import NAMED
from ._signatures import SIGNATURES, STATUS

_MOST_ROWS, _MOST_NUMBERS = 500, 50_000  # rows, and numbers in all training parts: over before a Ctrl-C could be felt
_MOST_KEPT = 64
_I64 = 4  # MLSD_I64
_REGRESSION, _BINARY, _MULTICLASS = 1, 2, 3  # MLSD_TASK_...


def own_function(name):
    """A function object of its own, which takes addresses as they are and raises nothing."""
    result, arguments = SIGNATURES[name]
    function = ctypes.CDLL(library_path)[name]
    function.restype = ctypes.c_int32 if result is STATUS else result
    as_they_are = (ctypes.c_int32, ctypes.c_int64, ctypes.c_double, ctypes.c_char_p)
    function.argtypes = [a if a in as_they_are else ctypes.c_void_p for a in arguments]
    return function


_adopt, _dataset_free, _fold_scores = map(own_function, ("mlsd_dataset_adopt", "mlsd_dataset_free", "mlsd_fold_scores"))
# Packed matrices are bytes, whose address ctypes takes only for a text.
_adopt.argtypes = [ctypes.c_char_p if 1 <= i <= 2 else t for i, t in enumerate(_adopt.argtypes)]


class _Kept(dict):
    """What was made before, by what it was made of; begins anew when it has grown."""

    def keep(self, key, value):
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[key] = value
        return value


_specs, _folds, _metrics = _Kept(), _Kept(), _Kept()


def _parameters_of(estimator):
    """What tells one of our estimators' specs from others, or None where more than its parameters goes into it."""
    cls, steps = type(estimator), estimator.__dict__.get("steps")
    if steps is not None:
        inner = [(name, _parameters_of(step) if isinstance(step, Estimator) else None) for name, step in steps]
        return None if any(key is None for _, key in inner) else (cls, tuple(inner))
    if cls.spec is not Estimator.spec:
        return None
    values = tuple(map(estimator.__dict__.__getitem__, cls._defaults))
    return cls, values, tuple(map(type, values))


def spec_of(estimator):
    """The Spec of an estimator, one that was made before where there is one, not to be changed; None: it must be asked."""
    try:
        key = _parameters_of(estimator)
        found = _specs.get(key)
    except (TypeError, KeyError):  # a list, an array or a dict among its parameters
        return None
    return found if found is not None or key is None else _specs.keep(key, estimator.spec())


def _key_of(cv, n, y, of_classes):
    """What tells one splitter's folds from others, or None where they are drawn or need more than the rows and classes."""
    from . import model_selection as splitters

    if cv is None or type(cv) is int:
        cls, params = (splitters.StratifiedKFold if of_classes else splitters.KFold), (5 if cv is None else cv, False, None)
    else:
        cls = type(cv)
        if cls is not splitters.KFold and cls is not splitters.StratifiedKFold:
            return None
        params = (cv.n_splits, cv.shuffle, cv.random_state)
        if cv.shuffle and not isinstance(cv.random_state, numbers.Integral):
            return None
    if cls is splitters.KFold:
        return cls, params, n
    return None if y.dtype.hasobject else (cls, params, n, y.dtype.str, y.tobytes())


def kept_folds(cv, n, y, of_classes):
    """(what they are kept by, (Folds, how many splits) that were made before or None) of a splitter."""
    key = _key_of(cv, n, y, of_classes)
    return key, _folds.get(key)


def keep_folds(key, folds, y):
    """Keep them, unless they come with a warning, which is to be heard each time."""
    import numpy as np

    n = folds.n_splits
    if key is not None and (len(key) == 3 or np.unique(y, return_counts=True)[1].min() >= n):
        _folds.keep(key, (folds, n))


def _metric_of(estimator, scoring):
    """(the metric as the library takes it, what makes the score of it, whether it is of classes), or None."""
    key = type(estimator), scoring
    if key not in _metrics or "steps" in estimator.__dict__:
        _metrics.keep(key, _find_metric(estimator, scoring))
    return _metrics[key]


def _find_metric(estimator, scoring):
    of_classes = is_classifier(estimator)
    if scoring is None:
        own = {Classifier.score: "accuracy", Regressor.score: "r2"}.get(getattr(getattr(estimator, "score", None), "__func__", None))
        named = None if own is None else (own, None)
    else:
        named = NAMED.get(scoring)
    if named is None or (named[0] in ("accuracy", "roc_auc", "log_loss", "brier")) != of_classes:
        return None
    return texts([named[0]]), named[1], of_classes


def _target_of(y, of_classes):
    """(array, MLSD dtype, task) or None"""
    if not of_classes:
        return (y, _F64, _REGRESSION) if y.dtype is _NumPy.double else None
    if y.dtype.kind not in "iub":
        return None
    labels, codes = class_codes(y)
    return None if len(labels) < 2 else (codes, _I64, _BINARY if len(labels) == 2 else _MULTICLASS)


def quick_scores(estimator, X, y, scoring, cv):
    """The score of each fold, or None: then somebody else must do it."""
    if type(X) is not _NumPy.array_type:
        _NumPy.find()
    if type(X) is not _NumPy.array_type or type(y) is not _NumPy.array_type or not isinstance(estimator, Estimator):
        return None
    if X.dtype is not _NumPy.double or X.ndim != 2 or y.ndim != 1:
        return None
    n, p = X.shape
    if not 0 < n <= _MOST_ROWS or p == 0 or len(y) != n:
        return None
    metric = _metric_of(estimator, scoring)
    if metric is None:
        return None
    metric, score_of, of_classes = metric
    folds = kept_folds(cv, n, y, of_classes)[1]
    target = _target_of(y, of_classes) if folds is not None and n * p * folds[1] <= _MOST_NUMBERS else None
    spec = spec_of(estimator) if target is not None else None
    if spec is None or spec._kinds:
        return None
    scores = _scores(spec, X, target, *folds, metric)
    return scores if scores is None or score_of is None else score_of(scores)


def _scores(spec, X, target, folds, n_splits, metric):
    (n, p), (y, dtype, task) = X.shape, target
    try:
        x_address, y_address = _address_of(_memory_of(X)), _address_of(_memory_of(y))
    except (TypeError, ValueError, BufferError):
        return None
    scores, context = _NumPy.empty(n_splits), _contexts["one"]
    handle, n_failed = ctypes.c_void_p(), ctypes.c_int64()
    specs = ctypes.c_void_p(spec._h.value)
    rows, values = _pack_matrix(x_address, n, p, p, 1, _F64, 0), _pack_matrix(y_address, n, 1, 1, 1, dtype, 0)
    if x_address % 8 or y_address % 8 or _adopt(context.address, rows, values, None, task, None, None, _address_of(handle)):
        return None
    try:
        status = _fold_scores(
            context.address, _address_of(specs), 1, handle.value, folds._h.value, _address_of(metric), 1,
            _address_of(_memory_of(scores)), n_splits, None, None, _address_of(n_failed),
        )
    finally:
        _dataset_free(handle)
    return None if status or n_failed.value else scores
