"""Steps one after the other, as sklearn.pipeline: fitted together, inside each fold."""

from ._estimators import Classifier, Estimator, Regressor, Transformer
from ._handles import Spec


class Pipeline(Estimator):
    """Transforms, then an estimator. steps: [(name, estimator), ...]; all of them mlsd's own.

    (mlsd's estimators also run inside scikit-learn's Pipeline, beside scikit-learn's.)
    """

    _names = ("steps",)

    def __init__(self, steps):
        self.steps = steps

    @property
    def named_steps(self):
        return dict(self.steps)

    def _last(self):
        return self.steps[-1][1]

    @property
    def _estimator_type(self):
        return self._last()._estimator_type

    def get_params(self, deep=True):
        out = {"steps": self.steps}
        if deep:
            for name, step in self.steps:
                out[name] = step
                out.update({f"{name}__{k}": v for k, v in step.get_params().items()})
        return out

    def set_params(self, **params):
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

    def spec(self):
        spec = Spec("pipeline")
        for name, step in self.steps:
            spec.add("steps", step.spec(), name)
        return spec

    def _as(self, base):
        if not isinstance(self._last(), base):
            raise AttributeError(f"the last step, {self._last()!r}, is no {base.__name__.lower()}")
        return base

    def fit(self, X, y=None, sample_weight=None):
        """Fit all steps."""
        for base in (Classifier, Regressor, Transformer):
            if isinstance(self._last(), base):
                return base.fit(self, X, y, sample_weight)
        raise TypeError(f"the last step must be an mlsd estimator, got {self._last()!r}")

    def predict(self, X):
        """Predict with the last step."""
        base = Classifier if isinstance(self._last(), Classifier) else self._as(Regressor)
        return base.predict(self, X)

    def predict_proba(self, X):
        """Probabilities of the last step."""
        return self._as(Classifier).predict_proba(self, X)

    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the last step."""
        return self._as(Classifier).predict_log_proba(self, X)

    def decision_function(self, X):
        """Scores of the last step."""
        return self._as(Classifier).decision_function(self, X)

    def transform(self, X):
        """The columns that the last step makes."""
        return self._as(Transformer).transform(self, X)

    def fit_transform(self, X, y=None, sample_weight=None):
        """fit, then transform."""
        return self.fit(X, y, sample_weight).transform(X)

    def get_feature_names_out(self, input_features=None):
        """Names of the columns that the last step makes."""
        return self._as(Transformer).get_feature_names_out(self, input_features)

    def score(self, X, y, sample_weight=None):
        """Accuracy or R squared, by the last step."""
        base = Classifier if isinstance(self._last(), Classifier) else self._as(Regressor)
        return base.score(self, X, y, sample_weight)

    def _shape_attribute(self, name, value):
        return type(self._last())._shape_attribute(self._last(), name, value)


def make_pipeline(*steps):
    """A Pipeline whose steps are named after their classes."""
    names = [type(step).__name__.lower() for step in steps]
    seen = {}
    for i, name in enumerate(names):
        seen[name] = seen.get(name, 0) + 1
        if names.count(name) > 1:
            names[i] = f"{name}-{seen[name]}"
    return Pipeline(list(zip(names, steps)))


__all__ = ["Pipeline", "make_pipeline"]
