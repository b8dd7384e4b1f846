"""Estimator classes made from the table of kinds, with scikit-learn's protocol.

Nothing is typed twice: names, defaults and docstrings come from the library. A class follows scikit-learn's rules (its
parameters are the arguments of __init__ and are stored as given; fit returns self; fitted attributes end in "_"), so
that it also runs inside scikit-learn's Pipeline, GridSearchCV and clone.
"""

import inspect
import json

from ._handles import DECISION, FEATURES, PROBA, VALUE, Dataset, Model, Spec, Table
from ._library import lib, text_of


class NotFittedError(ValueError, AttributeError):
    """The estimator has no model yet: call fit."""


def _is_frame(X):
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def _frame_table(frame):
    return Table([(str(name), frame[name].to_numpy()) for name in frame.columns])


class Estimator:
    """What all estimators share."""

    _kind = None
    _names = ()

    def __init__(self):
        pass

    @classmethod
    def _get_param_names(cls):
        return sorted(cls._names)

    def get_params(self, deep=True):
        """Parameters by name, as scikit-learn's get_params."""
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params):
        """Set parameters by name and return self, as scikit-learn's set_params."""
        for name, value in params.items():
            if name not in self._names:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(self._names)}")
            setattr(self, name, value)
        return self

    def __repr__(self):
        defaults = {p.name: p.default for p in inspect.signature(type(self).__init__).parameters.values()}
        changed = [f"{k}={v!r}" for k, v in self.get_params(deep=False).items() if not _same(v, defaults[k])]
        return f"{type(self).__name__}({', '.join(changed)})"

    def spec(self):
        """The Spec that fit would use; checks the parameters."""
        spec = Spec(self._kind)
        for name in self._names:
            spec.set(name, getattr(self, name))
        return spec

    def _data(self, X, y=None, sample_weight=None, task="auto"):
        if _is_frame(X):
            return self._frame_data(X, y, sample_weight, task)
        return Dataset(X, y, sample_weight, task)

    @staticmethod
    def _frame_data(X, y, sample_weight, task):
        table, roles = _frame_table(X), {}
        for role, values in (("target", y), ("weight", sample_weight)):
            if values is not None:
                name = f"__{role}__"
                table._set(name, values)
                roles[name] = role
        return Dataset.from_table(table, roles, task)

    def _fit_model(self, X, y, sample_weight, task):
        data = self._data(X, y, sample_weight, task)
        self.model_ = Model(self.spec(), data)
        self.n_features_in_ = self.model_.n_features
        if _is_frame(X):
            import numpy as np

            self.feature_names_in_ = np.array([str(c) for c in X.columns], dtype=object)
        return self

    def _check_fitted(self):
        if "model_" not in self.__dict__:
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet; call fit first")
        return self.model_

    def _output(self, X, what):
        model = self._check_fitted()
        return model.predict(self._data(X) if _is_frame(X) else X, what)

    def __getattr__(self, name):
        """Fitted arrays by name with a trailing underscore: coef_, intercept_, n_iter_, mean_, ..."""
        if name.startswith("_") or not name.endswith("_") or "model_" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            return self._shape_attribute(name[:-1], self.model_.get(name[:-1]))
        except ValueError as error:
            raise AttributeError(str(error)) from None

    def _shape_attribute(self, name, value):
        if value.size == 1 and name != "coef":
            return float(value[0, 0]) if name not in ("n_iter", "rank") else int(value[0, 0])
        return value[0] if value.shape[0] == 1 else value

    def __getstate__(self):
        state = dict(self.__dict__)
        if "model_" in state:
            state["model_"] = state["model_"].to_bytes()
        return state

    def __setstate__(self, state):
        if "model_" in state:
            state = dict(state, model_=Model.from_bytes(state["model_"]))
        self.__dict__.update(state)

    def __sklearn_is_fitted__(self):
        return "model_" in self.__dict__


def _same(a, b):
    try:
        return bool(a == b)
    except ValueError:
        return False


class Regressor(Estimator):
    _estimator_type = "regressor"

    def fit(self, X, y, sample_weight=None):
        """Fit to X (n x p) and y (n)."""
        return self._fit_model(X, y, sample_weight, "regression")

    def predict(self, X):
        """Predict numbers (n)."""
        return self._output(X, VALUE)

    def score(self, X, y, sample_weight=None):
        """R squared, as scikit-learn's regressors."""
        from ._handles import score

        return score("r2", _floats(y), self.predict(X), sample_weight)[0]


def _floats(y):
    import numpy as np

    return np.asarray(y, dtype=np.float64)


class Classifier(Estimator):
    _estimator_type = "classifier"

    def fit(self, X, y, sample_weight=None):
        """Fit to X (n x p) and labels y (n): numbers, texts or booleans."""
        import numpy as np

        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class only: {self.classes_[0]!r}" if len(self.classes_) else "y is empty")
        task = "binary" if len(self.classes_) == 2 else "multiclass"
        return self._fit_model(X, codes.astype(np.int64), sample_weight, task)

    def predict(self, X):
        """Predict labels (n)."""
        return self.classes_[self._output(X, VALUE).astype(int)]

    def predict_proba(self, X):
        """Probabilities (n x classes), in the order of classes_."""
        return self._output(X, PROBA)

    def predict_log_proba(self, X):
        """Logarithms of the probabilities."""
        import numpy as np

        return np.log(self.predict_proba(X))

    def decision_function(self, X):
        """Scores: (n) for two classes, (n x classes) for more."""
        out = self._output(X, DECISION)
        return out[:, 0] if out.shape[1] == 1 else out

    def score(self, X, y, sample_weight=None):
        """Accuracy, as scikit-learn's classifiers."""
        import numpy as np

        hit = np.asarray(y) == self.predict(X)
        return float(np.average(hit, weights=sample_weight))

    def _shape_attribute(self, name, value):
        if name in ("coef", "intercept"):
            return value if name == "coef" else value.ravel()
        return super()._shape_attribute(name, value)


class Transformer(Estimator):
    _estimator_type = "transformer"

    def fit(self, X, y=None, sample_weight=None):
        """Learn from X (n x p)."""
        return self._fit_model(X, None, sample_weight, "none")

    def transform(self, X):
        """The transformed columns (n x columns out)."""
        return self._output(X, FEATURES)

    def fit_transform(self, X, y=None, sample_weight=None):
        """fit, then transform."""
        return self.fit(X, y, sample_weight).transform(X)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns out."""
        import numpy as np

        return np.array(self._check_fitted().output_names, dtype=object)


KINDS = json.loads(text_of(lib.mlsd_kind_json, None))
_BY_NAME = {kind["kind"]: kind for kind in KINDS}


def kinds(family=None):
    """The table of kinds as a list of dicts: kind, family, doc, traits, params."""
    return [kind for kind in KINDS if family is None or kind["family"] == family]


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


def _make_init(params):
    names = [p["name"] for p in params]
    arguments = "".join(f", {n}=_defaults[{n!r}]" for n in names)
    star = ", *" if names else ""
    body = "".join(f"\n    self.{n} = {n}" for n in names) or "\n    pass"
    scope = {"_defaults": {p["name"]: _default(p) for p in params}}
    exec(f"def __init__(self{star}{arguments}):{body}", scope)  # real parameters, so that signatures and clone work
    return scope["__init__"]


def make_class(kind_name, class_name, module):
    """A scikit-learn-like class for a kind."""
    kind = _BY_NAME[kind_name]
    traits = kind["traits"]
    if traits.get("transform"):
        base = Transformer
    else:
        base = Regressor if "regression" in traits["tasks"] else Classifier
    params = "\n".join(_describe(p) for p in kind["params"])
    members = {
        "__doc__": f"{kind['doc']}\n\nParameters\n----------\n{params}\n" if params else kind["doc"],
        "__init__": _make_init(kind["params"]),
        "__module__": module,
        "_kind": kind_name,
        "_names": tuple(p["name"] for p in kind["params"]),
    }
    made = type(class_name, (base,), members)
    made.__init__.__qualname__ = f"{class_name}.__init__"
    return made
