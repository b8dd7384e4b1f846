"""Steps one after the other, as sklearn.pipeline: fitted together, inside each fold."""

import inspect

from ._estimators import Classifier, Estimator, Regressor, Transformer, Transforms
from ._handles import Spec


class Pipeline(Estimator):
    """Transforms, then an estimator. steps: [(name, estimator), ...]; all of them mlsd's own.

    It has the methods of its last step. (mlsd's estimators also run inside scikit-learn's Pipeline.)
    """

    _required_parameters = ("steps",)  # for scikit-learn's checks

    def __init__(self, steps):
        self.steps = steps

    @property
    def named_steps(self):
        """The steps as a dict."""
        return dict(self.steps)

    def __getattr__(self, name):
        """The last step's methods, which run on all steps, and what was fitted."""
        if name != "steps" and not name.startswith("_"):
            for base in (self._base(), *self._also()):
                method = inspect.getattr_static(base, name, None)
                if hasattr(method, "__get__"):
                    return method.__get__(self, type(self))
        return super().__getattr__(name)

    def _base(self):
        if not self.steps:
            raise ValueError("a pipeline needs at least one step")
        last = self.steps[-1][1]
        for base in (Classifier, Regressor, Transformer):
            if isinstance(last, base):
                return base
        return last._base() if isinstance(last, Pipeline) else self._refuse(last)

    def _also(self):
        """What a classifier at the end can do besides."""
        last = self.steps[-1][1]
        return last._also() if isinstance(last, Pipeline) else (Transforms,) if isinstance(last, Transforms) else ()

    @staticmethod
    def _refuse(step):
        raise TypeError(f"the steps must be mlsd's own estimators, got {step!r}; sklearn.pipeline takes both")

    def _more_tags(self):
        tags = [step._more_tags() for _, step in self.steps]
        return {**tags[-1], "allow_nan": self._takes_nan(), "no_validation": tags[0]["no_validation"]}

    def _takes_nan(self):
        for _, step in self.steps:
            if not step._more_tags().get("allow_nan", False):
                return False
            if step._kind == "impute":
                return True
        return True

    @property
    def _lacking(self):
        return self.__dict__.get("_model_lacks", self.steps[-1][1]._lacking)

    @_lacking.setter
    def _lacking(self, outputs):
        self._model_lacks = outputs

    @property
    def _estimator_type(self):
        return self._base()._estimator_type

    @property
    def _needs_target(self):
        return any(getattr(step, "_needs_target", False) for _, step in self.steps)

    def get_params(self, deep=True):
        """The steps, and with deep their parameters as <step>__<name>."""
        out = {"steps": self.steps}
        if deep:
            for name, step in self.steps:
                out[name] = step
                out.update({f"{name}__{k}": v for k, v in step.get_params().items()})
        return out

    def set_params(self, **params):
        """Set steps, or parameters of steps as <step>__<name>, and return self."""
        for name, value in params.items():
            step, _, rest = name.partition("__")
            if name == "steps":
                self.steps = value
            elif step not in self.named_steps:
                raise ValueError(f"the pipeline has no step {step!r}; it has {', '.join(self.named_steps)}")
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
        spec = Spec("pipeline")
        for name, step in self.steps:
            if not isinstance(step, Estimator):
                self._refuse(step)
            spec.add("steps", step.spec(), name)
        return spec

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
