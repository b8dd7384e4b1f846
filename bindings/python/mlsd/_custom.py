"""Any Python object with fit and predict, or fit and transform, as an estimator of the library: scikit-learn's, or your own.

The library calls back on the thread that called it. Each fit learns on a fresh copy of the object, so folds share nothing.
What a callback raises fails its fold with the exception's text, and the exception itself comes out of the call that
fails because of it. Fitted objects are saved by pickle, so loading a model runs pickle too, and only where an object of
its kind is given.
"""

import contextlib
import copy
import ctypes
import inspect
import itertools
import math
import pickle
import re
import threading

from ._library import Context, Handle, call_back, encode, lib
from ._signatures import ATTRIBUTE_FN, FIT_FN, PREDICT_FN, RELEASE_FN, STATE_FREE_FN, STATE_LOAD_FN, STATE_SAVE_FN, WIDTH_FN

REGRESSES, CLASSIFIES, TRANSFORMS, PROBA, DECISION, CLASSES, TAKES_NAN = (1 << i for i in range(7))
_VALUE, _PROBA, _DECISION = 1, 2, 3
_F64, _I64, _BOOL, _STR = 1, 2, 3, 4
_EXACT = 2.0**53
_NAMES = {name: ctypes.create_string_buffer(name.encode()) for name in ("coef", "feature_importances")}

# The kinds that the library refers to, by the number that it hands to callbacks.
_kinds = {}
_numbers = itertools.count(1)


def clone(estimator):
    """A copy that is not fitted, as sklearn.base.clone makes it."""
    if isinstance(estimator, (list, tuple)):
        return type(estimator)(clone(e) for e in estimator)
    if hasattr(estimator, "__sklearn_clone__") and not isinstance(estimator, type):
        return estimator.__sklearn_clone__()
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        return copy.deepcopy(estimator)
    return type(estimator)(**{name: clone(value) for name, value in estimator.get_params(deep=False).items()})


def is_foreign(step):
    """Whether it is an object that can be wrapped."""
    return not isinstance(step, type) and hasattr(step, "fit") and (hasattr(step, "predict") or hasattr(step, "transform"))


def require(estimator):
    """Raise TypeError for what cannot be wrapped."""
    if not is_foreign(estimator):
        raise TypeError(f"an estimator has fit and predict, or fit and transform; got {estimator!r}")


def innermost(estimator):
    """The estimator that a search is around, whose tags are the search's; others as they are."""
    while hasattr(estimator, "_mlsd_wraps"):
        estimator = estimator._mlsd_wraps
    return estimator


def type_of(estimator):
    """"classifier", "regressor", "transformer", or "any": it predicts, and does not say what."""
    estimator = innermost(estimator)
    kind = getattr(estimator, "_estimator_type", None)
    if kind is None and hasattr(estimator, "__sklearn_tags__"):
        kind = estimator.__sklearn_tags__().estimator_type
    if kind in ("classifier", "regressor"):
        return kind
    if not hasattr(estimator, "predict"):
        return "transformer"
    return "classifier" if hasattr(estimator, "predict_proba") else "any"


def takes_nan(estimator):
    """Whether it says that it takes missing values, by any of scikit-learn's ways of saying it."""
    estimator = innermost(estimator)
    if hasattr(estimator, "_mlsd_spec"):
        return bool(estimator._more_tags().get("allow_nan", False))
    if hasattr(estimator, "__sklearn_tags__"):
        return bool(estimator.__sklearn_tags__().input_tags.allow_nan)
    tags = {}
    for ask in ("_get_tags", "_more_tags"):
        if hasattr(estimator, ask):
            tags = getattr(estimator, ask)()
            break
    return bool(tags.get("allow_nan", False))


def _abilities(estimator, transforms):
    if transforms:
        return TRANSFORMS | (TAKES_NAN if takes_nan(estimator) else 0)
    kind = type_of(estimator)
    out = {"classifier": CLASSIFIES, "regressor": REGRESSES}.get(kind, CLASSIFIES | REGRESSES)
    if out & CLASSIFIES:
        out |= CLASSES
        out |= PROBA if hasattr(estimator, "predict_proba") else 0
        out |= DECISION if hasattr(estimator, "decision_function") else 0
    return out | (TAKES_NAN if takes_nan(estimator) else 0)


def _text_parameter(value):
    return len(value) < 200 and not re.search(r'["\\\[\]\x00-\x1f]', value) and value != "null"


def _parameters(estimator):
    """{name: (type, default as text)} of what get_params gives that is a number, truth or plain text."""
    out = {}
    params = estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    for name, value in params.items():
        if not re.fullmatch(r"\w{1,63}", name, re.ASCII) or name in ("kind", "name"):
            continue
        if isinstance(value, bool):
            out[name] = (_BOOL, str(value).lower())
        elif isinstance(value, int) and abs(value) < _EXACT:
            out[name] = (_I64, str(value))
        elif isinstance(value, float) and math.isfinite(value):
            out[name] = (_F64, repr(value))
        elif isinstance(value, str) and _text_parameter(value):
            out[name] = (_STR, value)
    return out


def _takes(function, name):
    """Whether a function has that parameter, or takes any."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return True
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _dense(values):
    import numpy as np

    if hasattr(values, "toarray"):
        values = values.toarray()
    return np.asarray(values, dtype=np.float64)


def _rows_of(pointer):
    """A matrix as an array of its own: the object may keep it."""
    import numpy as np

    m = pointer.contents
    if m.rows == 0 or m.cols == 0:
        return np.empty((m.rows, m.cols))
    n = (m.rows - 1) * m.row_stride + m.cols
    flat = np.frombuffer((ctypes.c_double * n).from_address(m.data))
    return np.lib.stride_tricks.as_strided(flat, (m.rows, m.cols), (8 * m.row_stride, 8)).copy()


def _numbers_at(pointer, n):
    import numpy as np

    return np.ctypeslib.as_array(pointer, shape=(n,)).copy() if pointer else None


class Kind(Handle):
    """What the library is told about an object: the description that specs are made of."""

    _free = "mlsd_custom_free"

    def __init__(self, estimator, name, transforms):
        self.prototype, self.name, self.transforms = clone(estimator), name, transforms
        parameters = _parameters(self.prototype)
        number = next(_numbers)
        _kinds[number] = _Callee(self.prototype, parameters, transforms)
        try:
            self._become(
                lib.mlsd_custom_new, None, encode(name), _abilities(self.prototype, transforms), _FIT, _PREDICT,
                _STATE_FREE, number, _RELEASE,
            )
        except BaseException:
            del _kinds[number]
            raise
        for key, (kind, default) in parameters.items():
            bound = _EXACT if kind == _I64 else math.inf
            lib.mlsd_custom_add_param(self._h, encode(key), kind, encode(default), -bound, bound, b"of the Python object")
        lib.mlsd_custom_set_save(self._h, _SAVE, _LOAD)
        if transforms:
            lib.mlsd_custom_set_width(self._h, _WIDTH)
        else:
            lib.mlsd_custom_set_attribute(self._h, _ATTRIBUTE)

    def described(self):
        """What Kind is called with to make the same again."""
        return self.prototype, self.name, self.transforms


class _Callee:
    """The object behind a description, as the callbacks need it. It knows no handle: the library keeps it alive."""

    def __init__(self, prototype, parameters, transforms):
        self.prototype, self.parameters, self.transforms = prototype, parameters, transforms
        self.states, self._next, self._saved, self.arrays = {}, itertools.count(1), {}, {}

    def _keep(self, fitted, n_classes, width):
        key = next(self._next)
        self.states[key] = (fitted, n_classes, width)
        if not self.transforms:
            self.arrays[key] = _weights_of(fitted)
        return key

    def _fresh(self, spec):
        """An unfitted copy, with the spec's parameters where they are not the object's."""
        fresh, changed = clone(self.prototype), {}
        for name, (kind, default) in self.parameters.items():
            value = _GETTERS[kind](spec, encode(name))
            if value != _parse(kind, default):
                changed[name] = value
        if changed:
            fresh.set_params(**changed)
        return fresh

    def fit(self, spec, X, y, weight, n_classes):
        import numpy as np

        fresh, rows = self._fresh(spec), _rows_of(X)
        target, weights = _numbers_at(y, len(rows)), _numbers_at(weight, len(rows))
        if target is not None and n_classes > 0:
            target = target.astype(np.int64)
        given = {}
        if weights is not None and _takes(fresh.fit, "sample_weight"):
            given["sample_weight"] = weights
        elif weights is not None and not self.transforms:
            raise TypeError(f"{type(fresh).__name__}.fit takes no sample_weight, and the data have weights")
        y_too = not self.transforms or _takes(fresh.fit, "y")
        fitted = fresh.fit(rows, target, **given) if y_too else fresh.fit(rows, **given)
        fitted = fresh if fitted is None else fitted
        width = _dense(fitted.transform(rows[:1])).shape[1] if self.transforms else 0
        return self._keep(fitted, n_classes, width)

    def predict(self, state, X, what, out):
        import numpy as np

        fitted, n_classes, width = self.states[state]
        rows = _rows_of(X)
        if self.transforms:
            values = _dense(fitted.transform(rows))
        elif what == _PROBA:
            values, width = _by_class(fitted, _dense(fitted.predict_proba(rows)), n_classes, 0.0), n_classes
        elif what == _DECISION:
            width = n_classes if n_classes > 2 else 1
            values = _scores(fitted, _dense(fitted.decision_function(rows)), n_classes)
        else:
            values, width = _dense(fitted.predict(rows)), 1
        if width == 1 and values.ndim == 1:
            values = values[:, np.newaxis]
        if values.shape != (len(rows), width):
            raise ValueError(f"{type(fitted).__name__} gave an array of shape {values.shape}, expected {(len(rows), width)}")
        np.ctypeslib.as_array(out, shape=values.shape)[...] = values

    def save(self, state):
        if state not in self._saved:
            self._saved[state] = pickle.dumps(self.states[state])
        return self._saved[state]

    def load(self, data):
        return self._keep(*pickle.loads(data))


def _weights_of(fitted):
    """[(name, array)] of what says how much each column counts, for those that select by it."""
    out = []
    for name in _NAMES:
        try:
            values = _dense(getattr(fitted, name + "_"))
        except Exception:  # has none, or a property that cannot be asked for
            continue
        if values.ndim in (1, 2) and values.size > 0:
            out.append((name, values.reshape(-1, values.shape[-1]).copy()))
    return out


def _by_class(fitted, values, n_classes, missing):
    """Columns of the classes that the object saw, among all classes."""
    import numpy as np

    classes = getattr(fitted, "classes_", None)
    if classes is None or len(classes) == n_classes or values.ndim != 2 or values.shape[1] != len(classes):
        return values
    out = np.full((len(values), n_classes), missing)
    out[:, np.asarray(classes).astype(int)] = values
    return out


def _scores(fitted, values, n_classes):
    import numpy as np

    classes = getattr(fitted, "classes_", None)
    if n_classes <= 2 or classes is None or len(classes) == n_classes:
        return values
    if values.ndim == 1:
        values = np.column_stack([-values, values])
    return _by_class(fitted, values, n_classes, values.min(initial=0.0) - 1.0)


def _parse(kind, text):
    return {_BOOL: lambda t: t == "true", _I64: int, _F64: float, _STR: str}[kind](text)


def _getter(name, ctype, convert):
    function = getattr(lib, name)

    def get(spec, key):
        out = ctype()
        function(spec, key, ctypes.byref(out))
        return convert(out.value)

    return get


_GETTERS = {
    _F64: _getter("mlsd_spec_get_f64", ctypes.c_double, float),
    _I64: _getter("mlsd_spec_get_i64", ctypes.c_int64, int),
    _BOOL: _getter("mlsd_spec_get_bool", ctypes.c_int32, bool),
    _STR: _getter("mlsd_spec_get_str", ctypes.c_char_p, lambda value: value.decode()),
}


def _on_fit(spec, X, y, weight, n_classes, out_state, user):
    def work():
        out_state[0] = _kinds[user].fit(spec, X, y, weight, n_classes)

    return call_back(work)


def _on_predict(state, X, what, out, user):
    return call_back(lambda: _kinds[user].predict(state, X, what, out))


def _on_state_free(state, user, _kinds=_kinds):
    callee = _kinds.get(user)
    if callee is not None:
        callee.states.pop(state, None)
        callee.arrays.pop(state, None)
        callee._saved.pop(state, None)


def _on_release(user, _kinds=_kinds):
    _kinds.pop(user, None)


def _on_width(state, user):
    return _kinds[user].states[state][2]


def _on_attribute(state, i, out_data, out_rows, out_cols, user):
    try:
        name, values = _kinds[user].arrays[state][i]
    except (KeyError, IndexError):
        return None
    out_data[0] = values.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    out_rows[0], out_cols[0] = values.shape
    return ctypes.addressof(_NAMES[name])


def _on_save(state, buffer, capacity, out_size, user):
    def work():
        data = _kinds[user].save(state)
        out_size[0] = len(data)
        if buffer:
            if capacity < len(data):
                raise ValueError("the buffer for a fitted object is too small")
            ctypes.memmove(buffer, data, len(data))
            _kinds[user]._saved.pop(state)

    return call_back(work, "MLSD_E_UNSUPPORTED")  # an object that cannot be pickled is fitted and compared all the same


def _on_load(_spec, data, size, out_state, user):
    def work():
        out_state[0] = _kinds[user].load(ctypes.string_at(data, size))

    return call_back(work)


# A name goes back as an address: what a text is made of must outlive the call.
_ADDRESS_FN = ctypes.CFUNCTYPE(ctypes.c_void_p, *ATTRIBUTE_FN._argtypes_)
_FIT, _PREDICT, _STATE_FREE, _RELEASE = FIT_FN(_on_fit), PREDICT_FN(_on_predict), STATE_FREE_FN(_on_state_free), RELEASE_FN(_on_release)
_WIDTH, _SAVE, _LOAD = WIDTH_FN(_on_width), STATE_SAVE_FN(_on_save), STATE_LOAD_FN(_on_load)
_ADDRESS = _ADDRESS_FN(_on_attribute)
_ATTRIBUTE = ctypes.cast(_ADDRESS, ATTRIBUTE_FN)
lib._kept = (_FIT, _PREDICT, _STATE_FREE, _RELEASE, _WIDTH, _SAVE, _LOAD, _ADDRESS, _ATTRIBUTE)  # until the last handle has ended

# Names that are taken among the specs that are being put together on this thread.
_naming = threading.local()


@contextlib.contextmanager
def one_tree():
    """Around the making of specs that belong together: objects of one class get names of their own."""
    outer = getattr(_naming, "taken", None)
    if outer is None:
        _naming.taken = {}
    try:
        yield
    finally:
        _naming.taken = outer


def _name_for(estimator):
    name = "python:" + re.sub(r"[^A-Za-z0-9_]", "_", type(estimator).__name__)[:48]
    taken = getattr(_naming, "taken", None)
    if taken is None:
        return name
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}-{taken[name]}"


def kind_of(estimator, transforms):
    """The description of an object; transforms: it is a step before the last, or only transforms."""
    return Kind(estimator, _name_for(estimator), transforms)


def context_with(kinds):
    """A context that knows these kinds by name, for reading specs and models."""
    context = Context()
    for kind in kinds:
        lib.mlsd_context_add_custom(context._h, kind._h)
    return context


