"""For whom is a classifier fair, by which measure, and how sure is it? And what to do about it.

    report = mlsd.fairness.assess(y, prediction, people, by=["race", "sex"], privileged="race = white and sex = male")
    print(report.verdict)

A measure that cannot be computed is NaN, never 0. What the measures mean, and what they cannot tell: docs/fairness.md.
"""

import ctypes

from ._arrays import Matrices, doubles, is_frame
from ._errors import InputError
from ._estimators import DECISION, Classifier, is_classifier, spec_told
from ._handles import Spec, Table, group_table
from ._library import Handle, call_long, context, encode_path, lib
from ._results import Result
from ._wraps import Wraps

__all__ = [
    "ExponentiatedGradient",
    "GroupThresholds",
    "assess",
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equal_opportunity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "frontier",
    "reweighing",
]


def _list(names):
    return [names] if isinstance(names, str) else None if names is None else list(names)


def _refuse_texts(**labels):
    """Which of two texts is the favourable class is not to be guessed."""
    import numpy as np

    for name, values in labels.items():
        values = np.asarray(values)
        if values.dtype.kind in "US" or values.dtype.kind == "O" and any(isinstance(v, str) for v in values.flat):
            first = next(v for v in values.flat if isinstance(v, (str, bytes)))
            raise InputError(
                f"{name} holds texts such as {str(first)!r}; give class numbers, 1 for the favourable class: ({name} == 'yes') * 1"
            )


def assess(y, prediction, groups, *, by=None, control=None, sample_weight=None, **params):
    """The measures of fairness of predictions (labels, or probabilities) for groups of rows.

    groups: a frame, dict or Table, whose columns `by` (all, where None) are crossed; or an array with one group a row.
    Further parameters are those of the kind "fairness": privileged, tolerance, min_ratio, min_support, positive, strata, ...
    Tables of the result: "measures", "groups", with probabilities "calibration" and "auc", and "strata" where there are
    columns within whose values differences are looked at again (Simpson's alarm).
    """
    _refuse_texts(y=y, prediction=prediction)
    spec = Spec("fairness", by=_list(by), control=_list(control), **params)
    table = group_table(groups)  # lives as long as the call
    kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
    return Result._made(call_long, lib.mlsd_slice_run, spec._h, table._h, *kept.pointers)


def _one(name, y_true, y_pred, sensitive_features, sample_weight, method):
    result = assess(
        y_true, y_pred, sensitive_features, sample_weight=sample_weight, method=method, min_support=1, permutations=0
    )
    return result.number(name)


def demographic_parity_difference(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Largest difference of the share of rows that class 1 is predicted for."""
    return _one("demographic_parity_difference", y_true, y_pred, sensitive_features, sample_weight, method)


def demographic_parity_ratio(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Smallest ratio of the share of rows that class 1 is predicted for."""
    return _one("demographic_parity_ratio", y_true, y_pred, sensitive_features, sample_weight, method)


def equal_opportunity_difference(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Largest difference of true positive rates."""
    return _one("equal_opportunity_difference", y_true, y_pred, sensitive_features, sample_weight, method)


def equal_opportunity_ratio(y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None):
    """Smallest ratio of true positive rates."""
    return _one("equal_opportunity_ratio", y_true, y_pred, sensitive_features, sample_weight, method)


def _odds(what, agg):
    if agg not in ("worst_case", "mean"):
        raise ValueError(f"agg must be 'worst_case' or 'mean', got {agg!r}")
    return f"equalized_odds_{'mean_' if agg == 'mean' else ''}{what}"


def equalized_odds_difference(
    y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None, agg="worst_case"
):
    """The larger, or the mean, of the largest differences of true and of false positive rates."""
    return _one(_odds("difference", agg), y_true, y_pred, sensitive_features, sample_weight, method)


def equalized_odds_ratio(
    y_true, y_pred, *, sensitive_features, method="between_groups", sample_weight=None, agg="worst_case"
):
    """The smaller, or the mean, of the smallest ratios of true and of false positive rates."""
    return _one(_odds("ratio", agg), y_true, y_pred, sensitive_features, sample_weight, method)


def reweighing(y, groups, *, by=None, sample_weight=None):
    """Weights of rows under which groups and classes are independent (Kamiran & Calders 2012): fit with them."""
    _refuse_texts(y=y)
    spec, table = Spec("reweighing", by=_list(by)), group_table(groups)
    kept = Matrices(y=y, prediction=None, sample_weight=sample_weight)
    return Result._made(call_long, lib.mlsd_slice_run, spec._h, table._h, *kept.pointers).table("weights")["weight"]


def frontier(y, score, groups, *, by=None, sample_weight=None, **params):
    """What equality costs: the table "frontier" and the pictures "plot" (text) and "svg" of the best thresholds by tolerance.

    params: constraint (demographic_parity, equal_opportunity, predictive_equality, equalized_odds), objective, n_points.
    """
    _refuse_texts(y=y)
    spec, table = Spec("fairness_frontier", by=_list(by), **params), group_table(groups)
    kept = Matrices(y=y, score=score, sample_weight=sample_weight)
    return Result._made(call_long, lib.mlsd_slice_run, spec._h, table._h, *kept.pointers)


class GroupThresholds(Handle):
    """Decisions from scores with a threshold for each group, the best of those that keep the groups' rates equal.

        policy = GroupThresholds(y, score, people, by="race", constraint="equalized_odds", tolerance=0.02, id="person")
        decisions = policy.predict(new_people, new_scores)

    Where equality needs chance, the coin is a hash of the column `id`: one person always gets one answer. Parameters
    are those of the kind "group_thresholds".
    """

    _free = "mlsd_policy_free"

    def __init__(self, y, score, groups, *, by=None, sample_weight=None, **params):
        _refuse_texts(y=y)
        spec, table = Spec("group_thresholds", by=_list(by), **params), group_table(groups)
        kept = Matrices(y=y, score=score, sample_weight=sample_weight)
        self._become(call_long, lib.mlsd_policy_fit, spec._h, table._h, *kept.pointers)

    def _rows(self, function, groups, score):
        import numpy as np

        table, kept = group_table(groups), Matrices(score=score)
        out = np.empty(table.n_rows)
        function(self._h, table._h, *kept.pointers, doubles(out), len(out))
        return out

    def predict(self, groups, score):
        """0 or 1 for each row; groups has the columns of the fit, and the id where there is a coin."""
        return self._rows(lib.mlsd_policy_predict, groups, score).astype(int)

    def predict_proba(self, groups, score):
        """The chance of 1 for each row, over all coins."""
        return self._rows(lib.mlsd_policy_chance, groups, score)

    def describe(self):
        """What was chosen: the tables "thresholds" and "groups", and a verdict."""
        return Result._made(lib.mlsd_policy_describe, self._h)

    def save(self, path):
        """Write to a file."""
        lib.mlsd_policy_save(self._h, encode_path(path))

    @classmethod
    def load(cls, path):
        """Read from a file."""
        return cls._made(lib.mlsd_policy_load, context(), encode_path(path))

    def to_bytes(self):
        """What save writes; pickle does the same."""
        size = ctypes.c_size_t()
        lib.mlsd_policy_to_bytes(self._h, None, 0, ctypes.byref(size))
        buffer = ctypes.create_string_buffer(size.value)
        lib.mlsd_policy_to_bytes(self._h, buffer, size.value, ctypes.byref(size))
        return buffer.raw

    @classmethod
    def from_bytes(cls, data):
        """The policy that to_bytes gave."""
        return cls._made(lib.mlsd_policy_from_bytes, context(), data, len(data))

    def __reduce__(self):
        return GroupThresholds.from_bytes, (self.to_bytes(),)


class ExponentiatedGradient(Wraps, Classifier):
    """A mixture of classifiers that errs least of those that treat groups alike (Agarwal et al. 2018, algorithm 1).

        model = ExponentiatedGradient(LogisticRegression(), constraint="equalized_odds", sensitive_features=["sex"])
        model.fit(X, y).predict(X)

    Two classes; the estimator is fitted again and again to weighted and relabelled rows.

    Parameters
    ----------
    estimator : a classifier of mlsd, a pipeline that ends in one, or any object with fit(X, y, sample_weight) and predict
    constraint : "demographic_parity", "equal_opportunity", "predictive_equality" or "equalized_odds"
    sensitive_features : list of names of the columns whose values, crossed, are the groups (x0, x1, ... of an array)
    keep_sensitive : the estimator sees these columns too
    eps : how far a group's rate may be from that of all
    max_iter, nu, eta, lambda_bound, lp_step : of the algorithm; see docs/fairness.md
    id, randomize, seed : predict by a coin, the hash of the column id, in place of the likelier class
    max_groups, max_values, group_bins : how columns become groups

    Attributes
    ----------
    weights_ : of the mixture
    lambda_ : multipliers (events x groups, of the gap and of its opposite)
    groups_ : what makes each group
    rates_, gaps_, slack_ : of training rows (events x groups): the group's rate, less that of all, and what is left to eps
    error_, best_gap_, nu_, n_iter_, converged_, n_unbound_ : of training rows; converged_ is best_gap_ <= nu_
    """

    _kind = "exponentiated_gradient"
    _lacking = (DECISION,)
    _defaults = {
        "estimator": None, "constraint": "demographic_parity", "sensitive_features": None, "keep_sensitive": False, "eps": 0.01,
        "max_iter": 50, "nu": None, "eta": 2.0, "lambda_bound": 100.0, "lp_step": True, "id": None, "randomize": False, "seed": 0,
        "max_groups": 50, "max_values": 20, "group_bins": 4,
    }

    def __init__(
        self, estimator=None, *, constraint="demographic_parity", sensitive_features=None, keep_sensitive=False, eps=0.01, max_iter=50,
        nu=None, eta=2.0, lambda_bound=100.0, lp_step=True, id=None, randomize=False, seed=0, max_groups=50, max_values=20, group_bins=4,
    ):
        self.estimator = estimator
        self.constraint = constraint
        self.sensitive_features = sensitive_features
        self.keep_sensitive = keep_sensitive
        self.eps = eps
        self.max_iter = max_iter
        self.nu = nu
        self.eta = eta
        self.lambda_bound = lambda_bound
        self.lp_step = lp_step
        self.id = id
        self.randomize = randomize
        self.seed = seed
        self.max_groups = max_groups
        self.max_values = max_values
        self.group_bins = group_bins

    def spec(self):
        """The Spec that fit would use."""
        if not is_classifier(self.estimator) and not hasattr(self.estimator, "predict"):
            raise TypeError(f"the estimator must be a classifier, got {self.estimator!r}")
        params = {name: getattr(self, name) for name in self._defaults if name != "estimator"}
        params["sensitive_features"] = _list(self.sensitive_features)
        spec = Spec(self._kind, **params)
        spec.add("estimator", spec_told(self.estimator, self.__dict__.get("_labels")))
        return spec

    def _more_tags(self):
        return {**super()._more_tags(), "binary_only": True}

    def _shape_attribute(self, name, value):
        if name == "weights":
            return value.ravel()
        return float(value[0, 0]) if name in ("error", "best_gap", "nu", "n_iter", "converged", "n_unbound") else value
