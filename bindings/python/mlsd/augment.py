"""Augmentation: training rows changed a little, or made anew, while validation rows stay as they are.

    from mlsd import augment, linear_model
    model = augment.AugmentedClassifier(linear_model.SGDClassifier(), [augment.jitter(scale=0.2), augment.mixup()])

Each augmentation of the library is a function of its name here (jitter, mixup, smote, image_flip, ...), which takes the parameters
of its kind and returns a Spec; own(function) makes one of a function of yours.
"""

import inspect

from . import _custom
from ._estimators import Classifier, Estimator, Regressor, is_classifier, spec_told
from ._handles import Spec
from ._library import Handle, call_back, encode, kinds, lib
from ._signatures import AUGMENT_FN


def _maker(kind):
    def make(**params):
        return Spec(kind["kind"], **params)

    parameters = [
        inspect.Parameter(p["name"], inspect.Parameter.KEYWORD_ONLY, default=p["default"]) for p in kind["params"]
    ]
    make.__name__ = make.__qualname__ = kind["kind"]
    make.__signature__ = inspect.Signature(parameters)
    lines = [f"{p['name']} : {p['doc']}" for p in kind["params"]]
    make.__doc__ = f"{kind['doc']}.\n\n" + "\n".join(lines)
    return make


AUGMENTATIONS = [kind["kind"] for kind in kinds("augmentation")]
globals().update({kind["kind"]: _maker(kind) for kind in kinds("augmentation")})


class _Function:
    """What the library's callback calls."""

    def __init__(self, function):
        self.function = function

    def augment(self, seed, epoch, rows, X, out, inout_cols):
        import numpy as np

        given = _custom._rows_of(X)
        values = _custom._dense(self.function(given, rows=rows, epoch=epoch, seed=seed))
        if values.ndim != 2 or len(values) != len(given):
            raise ValueError(f"the augmentation gave an array of shape {values.shape} for rows of shape {given.shape}")
        inout_cols[0] = values.shape[1]
        if values.shape == given.shape and values.size:
            np.ctypeslib.as_array(out, shape=values.shape)[...] = values


def _on_augment(_spec, seed, epoch, rows, X, out, inout_cols, user):
    def work():
        import numpy as np

        numbers = np.ctypeslib.as_array(rows, shape=(X.contents.rows,)).copy()
        _custom._kinds[user].augment(seed, epoch, numbers, X, out, inout_cols)

    return call_back(work)


_AUGMENT = AUGMENT_FN(_on_augment)
lib._kept_augment = (_AUGMENT,)  # until the last handle has ended


class _Kind(Handle):
    """The description that the library has of a function."""

    _free = "mlsd_custom_free"

    def __init__(self, function, name):
        number = next(_custom._numbers)
        _custom._kinds[number] = _Function(function)
        try:
            self._become(lib.mlsd_custom_new_augmentation, None, encode(name), 0, _AUGMENT, number, _custom._RELEASE)
        except BaseException:
            del _custom._kinds[number]
            raise

    def described(self):
        raise TypeError("an augmentation by a function of one's own cannot be pickled or copied to another process")


def own(function, name="own"):
    """A Spec of an augmentation by a function of yours.

    function(X, rows, epoch, seed) gets rows of the training set (an array of its own), their numbers in it, and the epoch (or the
    number of the copy), and returns as many rows with as many columns. What a row becomes must depend on the row, seed, epoch
    and its number alone: numpy.random.default_rng([seed, epoch, row]) is a stream for each.
    """
    kind = _Kind(function, f"python:{name}")
    spec = Spec._made(lib.mlsd_spec_new_custom, kind._h)
    spec._kinds = (kind,)
    return spec


class _Augmented(Estimator):
    _kind = "augmented"
    _required_parameters = ("estimator",)  # for scikit-learn's checks
    _defaults = {"estimator": None, "augment": (), "n_copies": 1, "seed": 0}

    def __init__(self, estimator=None, augment=(), *, n_copies=1, seed=0):
        self.estimator = estimator
        self.augment = augment
        self.n_copies = n_copies
        self.seed = seed

    def get_params(self, deep=True):
        """Parameters by name, and with deep the estimator's as estimator__<name>."""
        params = super().get_params(deep=False)
        if deep and hasattr(self.estimator, "get_params"):
            params.update({f"estimator__{name}": value for name, value in self.estimator.get_params().items()})
        return params

    def set_params(self, **params):
        """Set parameters, the estimator's as estimator__<name>, and return self."""
        nested = {name: params.pop(name) for name in list(params) if name.startswith("estimator__")}
        super().set_params(**params)
        if nested:
            self.estimator.set_params(**{name.partition("__")[2]: value for name, value in nested.items()})
        return self

    def _more_tags(self):
        child = self.estimator._more_tags() if isinstance(self.estimator, Estimator) else {}
        return {**super()._more_tags(), **child}

    def spec(self):
        """The Spec that fit would use."""
        self._check_child()
        spec = Spec(self._kind, n_copies=self.n_copies, seed=self.seed)
        with _custom.one_tree():
            spec.add("estimator", spec_told(self.estimator, self.__dict__.get("_labels")))
        given = self.augment if isinstance(self.augment, (list, tuple)) else [self.augment]
        for number, augmentation in enumerate(given):
            spec.add("augment", augmentation, f"{augmentation.kind}{number}")
        return spec

    def _see(self, X):
        if isinstance(self.estimator, Estimator):
            self.estimator._see(X)


class AugmentedClassifier(_Augmented, Classifier):
    """A classifier fitted to augmented training rows; what it predicts is never changed.

    Parameters
    ----------
    estimator : a classifier of mlsd, a pipeline that ends in one, or any object with fit and predict
    augment : a list of augmentations of this module, in order: resamplers change the training set once, the others each row
    n_copies : int
        Changed copies of each row beside the row itself, for estimators that are not trained by epochs
    seed : int

    Attributes
    ----------
    n_rows_augmented_ : rows that the estimator was fitted to
    and those of the estimator
    """

    def _check_child(self):
        if not is_classifier(self.estimator) and not hasattr(self.estimator, "predict_proba"):
            raise TypeError(f"the estimator must be a classifier, got {self.estimator!r}")

    @property
    def _lacking(self):
        """Once fitted, what the model does not give; before, what the estimator does not."""
        if "model_" in self.__dict__:
            return self.__dict__["_lacking_fitted"]
        return getattr(self.estimator, "_lacking", ()) if isinstance(self.estimator, Estimator) else ()

    @_lacking.setter
    def _lacking(self, value):
        self.__dict__["_lacking_fitted"] = value


class AugmentedRegressor(_Augmented, Regressor):
    """A regressor fitted to augmented training rows; what it predicts is never changed.

    Parameters and attributes are those of AugmentedClassifier.
    """

    def _check_child(self):
        if is_classifier(self.estimator):
            raise TypeError(f"the estimator must be a regressor, got {self.estimator!r}")


__all__ = ["AugmentedClassifier", "AugmentedRegressor", "own", *AUGMENTATIONS]
