"""Steps one after the other, as sklearn.pipeline: fitted together, inside each fold."""

import inspect

from . import _custom
from ._estimators import Classifier, Estimator, Regressor, Transformer, Transforms, spec_told
from ._handles import DECISION, PROBA, Spec

_BASES = {"classifier": Classifier, "regressor": Regressor, "transformer": Transformer, "any": Regressor}


def _is_skipped(step):
    return step is None or isinstance(step, str) and step == "passthrough"


def _tags_of(step):
    if isinstance(step, Estimator):
        return step._more_tags()
    return {"allow_nan": _custom.takes_nan(step), "no_validation": False, "requires_y": _custom.type_of(step) != "transformer"}


class Pipeline(Estimator):
    """Transforms, then an estimator. steps: [(name, estimator), ...].

    A step is an estimator of mlsd's or any object with fit and transform, and the last one may be any with fit and predict:
    scikit-learn's, or your own. Such an object is copied for each fit, and is given class numbers as labels. One that says
    neither by _estimator_type nor by predict_proba that it classifies is a regressor. The pipeline has the methods of its
    last step. (mlsd's estimators also run inside scikit-learn's Pipeline.) The step "passthrough" (or None) does nothing, so
    that a search can try a pipeline with and without it: {"scaler": [StandardScaler(), "passthrough"]}.
    """

    _required_parameters = ("steps",)  # for scikit-learn's checks

    def __init__(self, steps):
        self.steps = steps

    @property
    def named_steps(self):
        """The steps as a dict."""
        return dict(self.steps)

    def _active(self):
        """The steps that do something; the last of all is among them unless it passes its columns through."""
        active = [(name, step) for name, step in self.steps if not _is_skipped(step)]
        if not active:
            raise ValueError("a pipeline needs at least one step" + (" that is not 'passthrough'" if self.steps else ""))
        return active

    def _ends_in_transform(self):
        return _is_skipped(self.steps[-1][1])

    def __getattr__(self, name):
        """The last step's methods, which run on all steps, and what was fitted."""
        if name != "steps" and not name.startswith("_"):
            for base in (self._base(), *self._also()):
                method = inspect.getattr_static(base, name, None)
                if hasattr(method, "__get__"):
                    return method.__get__(self, type(self))
        return super().__getattr__(name)

    def _base(self):
        last = self._active()[-1][1]
        if self._ends_in_transform():
            return Transformer
        for base in (Classifier, Regressor, Transformer):
            if isinstance(last, base):
                return base
        if isinstance(last, Pipeline):
            return last._base()
        _custom.require(last)
        return _BASES[_custom.type_of(last)]

    def _also(self):
        """What a classifier at the end can do besides."""
        last = self._active()[-1][1]
        return last._also() if isinstance(last, Pipeline) else (Transforms,) if isinstance(last, Transforms) else ()

    def _more_tags(self):
        tags = [_tags_of(step) for _, step in self._active()]
        return {**tags[-1], "allow_nan": self._takes_nan(), "no_validation": tags[0]["no_validation"]}

    def _takes_nan(self):
        for _, step in self._active():
            if not _tags_of(step).get("allow_nan", False):
                return False
            if getattr(step, "_kind", None) == "impute":
                return True
        return True

    @property
    def _lacking(self):
        if "_model_lacks" in self.__dict__:
            return self._model_lacks
        last = self._active()[-1][1]
        if isinstance(last, Estimator):
            return last._lacking
        return tuple(
            what for what, name in ((PROBA, "predict_proba"), (DECISION, "decision_function")) if not hasattr(last, name)
        )

    @_lacking.setter
    def _lacking(self, outputs):
        self._model_lacks = outputs

    @property
    def _estimator_type(self):
        return self._base()._estimator_type

    @property
    def _needs_target(self):
        return any(getattr(step, "_needs_target", False) for _, step in self._active())

    def get_params(self, deep=True):
        """The steps, and with deep their parameters as <step>__<name>."""
        out = {"steps": self.steps}
        if deep:
            for name, step in self.steps:
                out[name] = step
                if hasattr(step, "get_params"):
                    out.update({f"{name}__{k}": v for k, v in step.get_params().items()})
        return out

    def set_params(self, **params):
        """Set steps, or parameters of steps as <step>__<name>, and return self."""
        for name, value in sorted(params.items(), key=lambda item: "__" in item[0]):  # first steps, then what they have
            step, _, rest = name.partition("__")
            if name == "steps":
                self.steps = value
            elif step not in self.named_steps:
                raise ValueError(f"the pipeline has no step {step!r}; it has {', '.join(self.named_steps)}")
            elif rest and _is_skipped(self.named_steps[step]):
                raise ValueError(f"the step {step!r} is {self.named_steps[step]!r} and has no parameter {rest!r}")
            elif rest:
                self.named_steps[step].set_params(**{rest: value})
            else:
                self.steps = [(n, value if n == step else s) for n, s in self.steps]
        return self

    def __repr__(self):
        return f"Pipeline(steps={self.steps!r})"

    def __len__(self):
        return len(self.steps)

    def __getitem__(self, step):
        return self.named_steps[step] if isinstance(step, str) else self.steps[step][1]

    def spec(self):
        """The Spec that fit would use; checks the parameters."""
        spec, active = Spec("pipeline"), self._active()
        if self._ends_in_transform() and not all(hasattr(step, "transform") for _, step in active):
            raise TypeError(f"a step before the last must have transform; got {active[-1][1]!r}")
        with _custom.one_tree():
            for name, step in active[:-1]:
                spec.add("steps", Spec.of(step, transforms=True), name)
            for name, step in active[-1:]:
                spec.add("steps", spec_told(step, self.__dict__.get("_labels")), name)
        return spec

    def _see(self, X):
        """Its columns are those of the first step."""
        first = self._active()[0][1]
        if isinstance(first, Estimator):
            first._see(X)

    def _shape_attribute(self, name, value):
        return self._base()._shape_attribute(self, name, value)


def make_pipeline(*steps):
    """A Pipeline whose steps are named after their classes."""
    classes = [type(step).__name__.lower() for step in steps]
    names = [
        name if classes.count(name) == 1 else f"{name}-{classes[: i + 1].count(name)}" for i, name in enumerate(classes)
    ]
    return Pipeline(list(zip(names, steps)))


__all__ = ["Pipeline", "make_pipeline"]
