"""Estimator classes made from the table of kinds, with scikit-learn's protocol.

Nothing is typed twice: names, defaults and docstrings come from the library. A class follows scikit-learn's rules (its
parameters are the arguments of __init__ and are stored as given; fit returns self; fitted attributes end in "_"), so
that it also runs inside scikit-learn's Pipeline, GridSearchCV and clone.
"""

import inspect
import sys
import types
import warnings

from ._arrays import class_codes, is_frame, require_rows
from ._errors import DataConversionWarning, DataError, NotFittedError, named_as_sklearns
from ._handles import DECISION, FEATURES, PROBA, TRAIN_FEATURES, VALUE, Dataset, Model, Spec, Table
from ._library import kinds
from ._quick import quick_prediction

_EXACT = 2**53  # whole numbers beyond are not exact as doubles

# What scikit-learn's checks of an estimator must know; see sklearn.utils._tags. Of all but these the defaults hold.
_TAKES_NAN = set(
    "bin binarize column_transform dummy_classifier dummy_regressor impute log_transform max_abs_scale min_max_scale"
    " normalize one_hot ordinal_encode polynomial_features power_transform quantile_transform robust_scale spline_features"
    " standardize target_encode variance_threshold".split()
)
_TAGS = {
    "bernoulli_nb": {"poor_score": True},
    "dummy_classifier": {"poor_score": True, "no_validation": True},
    "dummy_regressor": {"poor_score": True, "no_validation": True},
    "linear_regression": {"multioutput": True},
    "log_transform": {"requires_positive_X": True},
    "multinomial_nb": {"poor_score": True, "requires_positive_X": True},
    "ridge": {"multioutput": True},
}


def _column_warning():
    warnings.warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,), for "
        "example using ravel()",
        named_as_sklearns(DataConversionWarning, "DataConversionWarning"),
        stacklevel=4,
    )


def _require_target(y):
    """y as given, where there is one; a column of numbers or labels is told of, as scikit-learn does."""
    if y is None:
        raise ValueError("this estimator requires y to be passed, but the target y is None")
    shape = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] == 1:
        _column_warning()
    return y


class _Output:
    """A method that an estimator has only where its model gives that output."""

    def __init__(self, what):
        self._what = what

    def __call__(self, function):
        self._function = function
        self.__doc__ = function.__doc__
        return self

    def __get__(self, instance, owner=None):
        if instance is None:
            return self._function
        if self._what in instance._lacking:
            raise AttributeError(f"{type(instance).__name__!r} object has no attribute {self._function.__name__!r}")
        return types.MethodType(self._function, instance)


_ABSENT = object()  # is no parameter's value


class Estimator:
    """What all estimators share."""

    _kind = None
    _defaults = {}
    _children = ()  # parameters that are a Spec
    _mlsd_spec = True  # for Spec.of

    def __init__(self, **params):
        for name in params:
            if name not in self._defaults:
                Spec(self._kind).check_name(name)
        for name, default in self._defaults.items():
            setattr(self, name, params.get(name, default))

    def get_params(self, deep=True):
        """Parameters by name, as scikit-learn's get_params."""
        return {name: getattr(self, name) for name in self._defaults}

    def set_params(self, **params):
        """Set parameters by name and return self, as scikit-learn's set_params."""
        for name, value in params.items():
            if name not in self._defaults:
                Spec(self._kind).check_name(name)
            setattr(self, name, value)
        return self

    def __repr__(self):
        changed = (f"{k}={v!r}" for k, v in self.get_params(deep=False).items() if not _same(v, self._defaults[k]))
        return f"{type(self).__name__}({', '.join(changed)})"

    def spec(self):
        """The Spec that fit would use; checks the parameters."""
        defaults = self._defaults
        given = {k: v for k, v in self._spec_params().items() if v is not defaults.get(k, _ABSENT)}
        children = {name: given.pop(name) for name in self._children if name in given}
        spec = Spec(self._kind, **given)
        for name, child in children.items():
            if not isinstance(child, Spec):
                raise TypeError(f"{name!r} must be a Spec or None, such as mlsd.Spec('cosine_annealing'), got {child!r}")
            spec.add(name, child)
        return spec

    def _spec_params(self):
        """Parameters as the library takes them."""
        return self.get_params(deep=False)

    def _data(self, X, y, sample_weight, task):
        if not is_frame(X):
            X = require_rows(X)
            if X.shape[1] == 0 and X.shape[0] > 0 and not self._more_tags()["no_validation"]:
                raise ValueError(f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
            return Dataset(X, y, sample_weight, task)
        if len(getattr(y, "shape", ())) == 2 and y.shape[1] > 1:
            raise ValueError(f"y has {y.shape[1]} columns: give X as an array of numbers where there are several targets")
        table, roles = Table(X), {}
        for role, values in (("target", y), ("weight", sample_weight)):
            if values is not None:
                name = role
                while name in table:
                    name += "_"
                table._set(name, values)
                roles[name] = role
        return Dataset.from_table(table, roles, task)

    def _see(self, X):
        """What a spec must know of the columns that fit is given, before it is made."""

    def _fit_model(self, data, X):
        import numpy as np

        self._see(X)
        try:
            self.model_ = Model(self.spec(), data)
        except DataError as error:
            if data.n_rows == 1:
                error.args = (f"{error} (n_samples=1)",)
            raise
        self.n_features_in_ = self.model_.n_features
        self._lacking = tuple(what for what in (PROBA, DECISION) if self.model_.n_outputs(what) == 0)
        self.__dict__.pop("feature_names_in_", None)
        if is_frame(X):
            self.feature_names_in_ = np.array(self.model_.feature_names, dtype=object)
        return self

    def _fitted(self):
        if "model_" not in self.__dict__:
            kind = named_as_sklearns(NotFittedError, "NotFittedError")
            raise kind(f"this {type(self).__name__} is not fitted yet; call fit first")
        return self.model_

    def _output(self, X, what):
        model = self._fitted()
        out = quick_prediction(model, X, what)
        if out is not None:
            return out
        if is_frame(X):
            return model.predict(self._data(X, None, None, "none"), what)
        X = require_rows(X)
        try:
            return model.predict(X, what)
        except DataError as error:
            if X.shape[1] != self.n_features_in_:
                raise self._wrong_width(X, error) from None
            raise

    def _wrong_width(self, X, error):
        """The library's exception with scikit-learn's sentence in front."""
        error.args = (
            f"X has {X.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features as input: "
            f"{error}",
        )
        return error

    def __getattr__(self, name):
        """Fitted arrays by name with a trailing underscore: coef_, intercept_, n_iter_, mean_, ..."""
        if name.startswith("_") or not name.endswith("_") or "model_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            return self._shape_attribute(name[:-1], self.model_.get(name[:-1]))
        except ValueError as error:
            raise AttributeError(str(error)) from None

    def _shape_attribute(self, name, value):
        if name in ("n_iter", "rank", "converged") and value.size == 1:
            return int(value[0, 0])
        if value.size == 1 and name in ("intercept", "alpha", "epsilon"):
            return float(value[0, 0])
        return value[0] if value.shape[0] == 1 else value

    def __sklearn_is_fitted__(self):
        return "model_" in self.__dict__

    def _more_tags(self):
        """What scikit-learn before 1.6 asks of an estimator."""
        tags = {
            "requires_y": self._estimator_type != "transformer",
            "no_validation": False,
            "allow_nan": self._kind in _TAKES_NAN,
        }
        return {**tags, **_TAGS.get(self._kind, {}), **self._own_tags}

    _own_tags = {}  # for modules: tags of a class that differ from its kind's
    _lacking = ()  # outputs that it never gives; once fitted, those that its model does not give

    def __sklearn_tags__(self):
        return _tags(self)


def spec_told(estimator, labels):
    """The Spec of an estimator inside another one whose fit has seen these labels (None: it has not)."""
    if labels is None or not isinstance(estimator, Estimator):
        return Spec.of(estimator)
    estimator._labels = labels
    try:
        return estimator.spec()
    finally:
        del estimator._labels


def _tags(estimator):
    """What scikit-learn 1.6 and later ask of an estimator; only it calls this."""
    from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags, TransformerTags

    kind, more = estimator._estimator_type, estimator._more_tags()
    return Tags(
        estimator_type=kind if kind in ("classifier", "regressor") else None,
        target_tags=TargetTags(
            required=kind != "transformer",
            multi_output=more.get("multioutput", False),
            positive_only=more.get("requires_positive_y", False),
        ),
        transformer_tags=TransformerTags() if kind == "transformer" else None,
        classifier_tags=ClassifierTags() if kind == "classifier" else None,
        regressor_tags=RegressorTags() if kind == "regressor" else None,
        input_tags=InputTags(allow_nan=True, categorical=True, positive_only=more.get("requires_positive_X", False)),
        no_validation=more["no_validation"],
    )


def _same(a, b):
    try:
        return bool(a == b)
    except ValueError:
        return False


def is_classifier(estimator):
    """Whether an estimator, mlsd's or scikit-learn's of any version, is a classifier; a search is what it is around."""
    while hasattr(estimator, "_mlsd_wraps"):
        estimator = estimator._mlsd_wraps
    kind = getattr(estimator, "_estimator_type", None)
    if kind is None and hasattr(estimator, "__sklearn_tags__"):
        kind = estimator.__sklearn_tags__().estimator_type
    return kind == "classifier"


class Regressor(Estimator):
    _estimator_type = "regressor"

    def dataset(self, X, y=None, sample_weight=None):
        """The Dataset that fit would use."""
        return self._data(X, _require_target(y), sample_weight, "regression")

    def fit(self, X, y, sample_weight=None):
        """Fit to X (n x p) and y (n; n x targets for those that take several)."""
        return self._fit_model(Regressor.dataset(self, X, y, sample_weight), X)

    def predict(self, X):
        """Predict numbers (n; n x targets where there were several)."""
        return self._output(X, VALUE)

    def score(self, X, y, sample_weight=None):
        """R squared, as scikit-learn's regressors; of several targets the mean."""
        from ._results import score

        found = Regressor.predict(self, X)
        if found.ndim == 1:
            return score("r2", y, found, sample_weight)[0]
        import numpy as np

        y = np.asarray(y, dtype=float)
        return float(np.mean([score("r2", y[:, k], found[:, k].copy(), sample_weight)[0] for k in range(found.shape[1])]))


class Classifier(Estimator):
    _estimator_type = "classifier"

    def _spec_params(self):
        """class_weight may be a dictionary by label once fit has seen the labels."""
        params = super()._spec_params()
        if "class_weight" in params:
            by_label = params["class_weight"]
            if by_label is None:
                params["class_weight"] = "none"
            elif isinstance(by_label, dict):
                params.update(class_weight="none", class_weights=self._class_weights(by_label))
        return params

    def _class_weights(self, by_label):
        labels = self.__dict__.get("_labels")
        if labels is None:
            raise ValueError("class_weight by label is for fit, which sees the labels; elsewhere give class_weights, a factor for each class")
        unknown = [label for label in by_label if label not in labels]
        if unknown:
            raise ValueError(f"class_weight has {unknown[0]!r}, which is no label of y")
        return [float(by_label.get(label, 1.0)) for label in labels.tolist()]

    def dataset(self, X, y=None, sample_weight=None):
        """The Dataset that fit would use."""
        return Classifier._labelled(self, X, y, sample_weight)[0]

    def _labelled(self, X, y, sample_weight):
        """(the Dataset, the labels): class k is labels[k]."""
        labels, codes = class_codes(_require_target(y))
        if len(labels) == 0:
            raise ValueError("y is empty")
        if len(labels) == 1:
            raise ValueError(f"y is {labels[0]!r} in every row, which is 1 class; two are needed")
        target = codes
        if labels.dtype.kind in "iuf" and -_EXACT < labels[0] and labels[-1] < _EXACT:
            target = labels[codes]  # so that the model file knows the labels
        elif labels.dtype.kind in "OU" and is_frame(X) and all(isinstance(label, str) for label in labels):
            target = labels[codes]
        return self._data(X, target, sample_weight, "binary" if len(labels) == 2 else "multiclass"), labels

    def fit(self, X, y, sample_weight=None):
        """Fit to X (n x p) and labels y (n): numbers, texts or truths."""
        data, labels = Classifier._labelled(self, X, y, sample_weight)
        self._labels = labels
        try:
            self._fit_model(data, X)
        finally:
            del self._labels
        self.classes_ = labels
        return self

    def predict(self, X):
        """Predict labels (n)."""
        codes = self._output(X, VALUE)
        return self.classes_[codes.astype(int)]

    @_Output(PROBA)
    def predict_proba(self, X):
        """Probabilities (n x classes), in the order of classes_."""
        return self._output(X, PROBA)

    @_Output(PROBA)
    def predict_log_proba(self, X):
        """Logarithms of the probabilities."""
        import numpy as np

        with np.errstate(divide="ignore"):
            return np.log(Classifier.predict_proba(self, X))

    @_Output(DECISION)
    def decision_function(self, X):
        """Scores: (n) for two classes, (n x classes) for more."""
        out = self._output(X, DECISION)
        return out[:, 0] if out.shape[1] == 1 else out

    def score(self, X, y, sample_weight=None):
        """Accuracy, as scikit-learn's classifiers."""
        import numpy as np

        hit = np.asarray(y).ravel() == Classifier.predict(self, X)
        return float(np.average(hit, weights=sample_weight))

    def _shape_attribute(self, name, value):
        if name == "coef":
            return value
        return value.ravel() if name in ("intercept", "class_prior") else super()._shape_attribute(name, value)


class Transforms:
    """The methods of all that transforms, classifiers too."""

    def transform(self, X):
        """The transformed columns (n x columns out)."""
        return self._output(X, FEATURES)

    def fit_transform(self, X, y=None, sample_weight=None):
        """fit, then transform."""
        return Transforms.transform(self.fit(X, y, sample_weight), X)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns out."""
        import numpy as np

        return np.array(self._fitted().output_names, dtype=object)


class Transformer(Transforms, Estimator):
    _estimator_type = "transformer"
    _needs_target = False

    def dataset(self, X, y=None, sample_weight=None):
        """The Dataset that fit would use."""
        if not self._needs_target:
            return self._data(X, None, sample_weight, "none")
        if y is None:
            raise ValueError(f"{type(self).__name__} needs y")
        if _is_number(y):
            return self._data(X, y, sample_weight, "regression")
        return Classifier._labelled(self, X, y, sample_weight)[0]

    def fit(self, X, y=None, sample_weight=None):
        """Learn from X (n x p)."""
        return self._fit_model(Transformer.dataset(self, X, y, sample_weight), X)

    def fit_transform(self, X, y=None, sample_weight=None):
        """fit, and what the next step of a pipeline is fitted on: transform(X), but cross-fitted by those that learn from y."""
        data = Transformer.dataset(self, X, y, sample_weight)
        return self._fit_model(data, X).model_.predict(data, TRAIN_FEATURES)


def _is_number(y):
    """Whether a target is a number rather than a class: it has fractions, or more than 20 values, as the library has it."""
    import numpy as np

    y = np.asarray(y).ravel()
    return y.dtype.kind in "iuf" and (len(np.unique(y)) > 20 or (y.dtype.kind == "f" and (y != np.floor(y)).any()))


def _default(param):
    value = param["default"]
    return tuple(value) if isinstance(value, list) else value


def _describe(param):
    parts = [param["type"]]
    if "choices" in param:
        parts = ["{" + ", ".join(repr(c) for c in param["choices"]) + "}"]
    elif param["type"] in ("float", "int", "floats"):
        low, high = (str(param[side]).replace("None", "") for side in ("lower", "upper"))
        opening = "(" if param["lower_open"] or "inf" in low else "["
        closing = ")" if param["upper_open"] or "inf" in high else "]"
        parts.append(f"in {opening}{low}, {high}{closing}")
    if param["nullable"]:
        parts.append("or None")
    return f"{param['name']} : {' '.join(parts)}, default {_default(param)!r}\n    {param['doc']}"


def _init_of(class_name, defaults):
    """An __init__ of its own for each class, so that inspect and help show its parameters."""

    def __init__(self, **params):
        Estimator.__init__(self, **params)

    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    named = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=v) for n, v in defaults.items()]
    __init__.__signature__ = inspect.Signature([own, *named])
    __init__.__qualname__ = f"{class_name}.__init__"
    return __init__


def _make_class(kind, module):
    """A class in the manner of scikit-learn for a kind."""
    name, traits = kind["traits"]["sklearn"], kind["traits"]
    tasks = traits.get("tasks")
    bases = (Transformer,) if not tasks else (Regressor,) if "regression" in tasks else (Classifier,)
    if tasks and traits.get("transform"):
        bases = (Transforms, *bases)
    children = [slot for slot in kind["slots"] if slot["families"] == "schedule"]
    told = [f"{slot['name']} : Spec of a {slot['families']} or None, default None\n    {slot['doc']}" for slot in children]
    params = "\n".join([*map(_describe, kind["params"]), *told])
    defaults = {p["name"]: _default(p) for p in kind["params"]} | {slot["name"]: None for slot in children}
    members = {
        "__doc__": f"{kind['doc']}.\n\nParameters\n----------\n{params}\n" if params else f"{kind['doc']}.",
        "__init__": _init_of(name, defaults),
        "__module__": module,
        "_kind": kind["kind"],
        "_defaults": defaults,
        "_children": tuple(slot["name"] for slot in children),
        "_needs_target": bool(tasks or traits.get("target")),
        "_lacking": tuple(what for what, trait in ((PROBA, "proba"), (DECISION, "decision")) if not traits.get(trait, True)),
    }
    return type(name, bases, members)


def make_classes(module, *kind_names):
    """Put the classes of those kinds that the library has into a module; returns its __all__."""
    table = {kind["kind"]: kind for kind in kinds()}
    made = [_make_class(table[name], module) for name in kind_names if name in table]
    vars(sys.modules[module]).update((cls.__name__, cls) for cls in made)
    return [cls.__name__ for cls in made]
