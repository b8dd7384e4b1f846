"""What a fitted model does when its input is not what it was fitted with.

    from mlsd import robustness
    found = robustness.analyse(model, X, y)
    print(found)                      # the model leans most on 'age': with its values permuted, log_loss is ...
    pandas.DataFrame(found.features)  # each column permuted, with noise, missing, far outside, never seen
    found.dangerous_rows              # confident and wrong, near the edge, outside

Nothing is fitted. What the model refuses to predict stands in the tables with its message.
"""

from ._handles import Dataset, Model, Spec
from ._library import call_long, lib
from ._results import Result

__all__ = ["Robustness", "analyse"]


class Robustness(Result):
    """A verdict, and tables as dicts of arrays, which pandas.DataFrame takes as they are."""

    @property
    def features(self):
        """A row for each column and change: clean, score, difference, low, high, q_value, flips, status, effect, message."""
        return self.table("features")

    @property
    def missingness(self):
        """The same with cells of all columns lost at random, by rate."""
        return self.table("missingness")

    @property
    def label_noise(self):
        """The score that would be measured if so many labels were wrong: its mean and standard deviation over draws."""
        return self.table("label_noise")

    @property
    def dangerous_rows(self):
        """reason, row, size, feature, value, y, prediction; the largest of each reason first."""
        return self.table("dangerous_rows")

    @property
    def leans_on(self):
        """The column whose permuted values cost most, None where none is shown to cost anything."""
        return self.text("leans_on") or None

    def __str__(self):
        return self.verdict


def _codes(classes, y):
    """Labels as the classifier numbered them when it was fitted, whichever of its classes y has."""
    import numpy as np

    y = np.asarray(y)
    number = {label: k for k, label in enumerate(np.asarray(classes).tolist())}
    unknown = [label for label in y.tolist() if label not in number]
    if unknown:
        raise ValueError(f"y has the label {unknown[0]!r}, which is no class of the model")
    return np.array([number[label] for label in y.tolist()], dtype=np.float64)


def _dataset(model, X, y, sample_weight):
    if isinstance(model, Model):
        task = {0: "regression", 2: "binary"}.get(model.n_classes, "multiclass")
        return Dataset(X, y, sample_weight, task=task)
    if not hasattr(model, "classes_") or y is None:
        return model.dataset(X, y, sample_weight)
    names = model.model_.class_names
    codes = _codes(model.classes_, y)
    if [str(k) for k in range(len(names))] != names:
        return model.dataset(X, y, sample_weight)  # the model file knows the labels themselves
    return model._data(X, codes, sample_weight, "binary" if len(names) == 2 else "multiclass")


def analyse(model, X, y=None, *, sample_weight=None, **options):
    """Shake, lose and stretch the columns of X one by one and score the model again each time.

    model is a fitted estimator of this package, or a Model; X and y are what it would be scored on, or X is a Dataset.
    Options: metric (any that suits the model: roc_auc, f1, r2, ...), noise, missing_rate, label_noise (lists), n_repeats, n_rows, min_support, level, seed.
    """
    data = X if isinstance(X, Dataset) else _dataset(model, X, y, sample_weight)
    fitted = model if isinstance(model, Model) else model.model_
    spec = Spec("robustness", **options)
    return Robustness._made(call_long, lib.mlsd_robustness, spec._h, fitted._h, data._h)
