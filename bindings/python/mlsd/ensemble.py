"""Many members instead of one: bagging, as in sklearn.ensemble, and snapshots of one training."""

from ._estimators import DECISION, Classifier, Estimator, Regressor, is_classifier, spec_told
from ._handles import Spec
from ._wraps import Wraps

_PAGE = """{what}.

Parameters
----------
estimator : {child} of mlsd, a pipeline that ends in one, or any object with fit and predict
n_estimators : int
    Members
max_samples, max_features : float or int
    Rows and columns drawn for each member: a share of them up to 1, a number above
bootstrap, bootstrap_features : bool
    A row, or column, may be drawn again
oob_score : bool
    Score each row by the members that were not fitted to it
seed : int
    Of all that is drawn; the seeds in member m's estimator are those given plus m

Attributes
----------
estimators_features_ : the columns of each member (members x columns)
oob_score_, {told}_ : with oob_score: {score}, and what the members that have not seen a row say of it
"""


class _Bagging(Wraps):
    _defaults = {
        "estimator": None, "n_estimators": 10, "max_samples": 1.0, "max_features": 1.0, "bootstrap": True, "bootstrap_features": False,
        "oob_score": False, "seed": 0,
    }

    def __init__(
        self, estimator=None, n_estimators=10, *, max_samples=1.0, max_features=1.0, bootstrap=True, bootstrap_features=False,
        oob_score=False, seed=0,
    ):
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_samples = max_samples
        self.max_features = max_features
        self.bootstrap = bootstrap
        self.bootstrap_features = bootstrap_features
        self.oob_score = oob_score
        self.seed = seed

    def spec(self):
        """The Spec that fit would use."""
        self._check_child()
        spec = Spec(self._kind, **{name: getattr(self, name) for name in self._defaults if name != "estimator"})
        spec.add("estimator", spec_told(self.estimator, self.__dict__.get("_labels")))
        return spec

    def _more_tags(self):
        return {**super()._more_tags(), "multioutput": False}

    def _shape_attribute(self, name, value):
        if name == "oob_score":
            return float(value[0, 0])
        if name == "estimators_features":
            return value.astype(int)
        return value[:, 0] if name == "oob_prediction" else value


class BaggingClassifier(_Bagging, Classifier):
    __doc__ = _PAGE.format(
        what="A classifier fitted to many draws of rows and columns; probabilities are averaged, or votes where it has none",
        child="a classifier",
        told="oob_decision_function",
        score="accuracy",
    )
    _kind = "bagging_classifier"
    _lacking = (DECISION,)

    def _check_child(self):
        if not is_classifier(self.estimator) and not hasattr(self.estimator, "predict_proba"):
            raise TypeError(f"the estimator must be a classifier, got {self.estimator!r}")


class BaggingRegressor(_Bagging, Regressor):
    __doc__ = _PAGE.format(
        what="A regressor fitted to many draws of rows and columns, and the mean of what the members say",
        child="a regressor",
        told="oob_prediction",
        score="r2",
    )
    _kind = "bagging_regressor"

    def _check_child(self):
        if self.estimator is None or is_classifier(self.estimator):
            raise TypeError(f"the estimator must be a regressor, got {self.estimator!r}")


_SNAPSHOTS = """{what} (Huang et al. 2017, "Snapshot ensembles: train 1, get M for free").

One training whose step goes down like a cosine and starts anew, cycle after cycle: each cycle begins with the weights of the one before, and
with what momentum and Adam remember. tol and n_iter_no_change of the estimator end no cycle; its early_stopping holds rows out, whose loss is
told. Steps in front of the estimator go into a pipeline that ends in the ensemble.

Parameters
----------
estimator : {child} of mlsd; its max_iter epochs make a cycle. An SGD estimator needs learning_rate="constant" (and eta0) for its step to
    start anew in full
n_snapshots : int
    Cycles, and snapshots at their ends
n_last : int or None
    The last so many snapshots are kept and averaged; None: all

Attributes
----------
n_snapshots_ : snapshots that are averaged
n_iter_ : epochs of all cycles
loss_curve_, valid_loss_curve_ : losses of every epoch (the latter with early_stopping)
snapshot_losses_, snapshot_valid_losses_ : at the end of each cycle
stop_reason_ : how the last cycle ended
"""


class _Snapshots(Wraps):
    _defaults = {"estimator": None, "n_snapshots": 5, "n_last": None}

    def __init__(self, estimator=None, n_snapshots=5, *, n_last=None):
        self.estimator = estimator
        self.n_snapshots = n_snapshots
        self.n_last = n_last

    def spec(self):
        """The Spec that fit would use."""
        self._check_child()
        spec = Spec(self._kind, n_snapshots=self.n_snapshots, n_last=self.n_last)
        spec.add("estimator", spec_told(self.estimator, self.__dict__.get("_labels")))
        return spec

    def snapshot(self, number, name):
        """A number or array of a kept snapshot, the oldest first: snapshot(0, "coefs_0")."""
        return self._fitted().get(f"snapshot_{number}.{name}")

    def _shape_attribute(self, name, value):
        if name in ("loss_curve", "valid_loss_curve", "snapshot_losses", "snapshot_valid_losses"):
            return value.ravel()
        if name == "n_snapshots":
            return int(value[0, 0])
        return super()._shape_attribute(name, value)


def _trains_on(estimator, kinds):
    return isinstance(estimator, Estimator) and estimator._kind in kinds


class SnapshotEnsembleClassifier(_Snapshots, Classifier):
    __doc__ = _SNAPSHOTS.format(
        what="A classifier trained in cycles; the probabilities of the models at their ends are averaged, or votes where it has none",
        child="MLPClassifier or SGDClassifier",
    )
    _kind = "snapshot_ensemble_classifier"
    _lacking = (DECISION,)

    def _check_child(self):
        if not _trains_on(self.estimator, ("mlp_classifier", "sgd_classifier")):
            raise TypeError(f"the estimator must be an MLPClassifier or SGDClassifier of mlsd, got {self.estimator!r}")


class SnapshotEnsembleRegressor(_Snapshots, Regressor):
    __doc__ = _SNAPSHOTS.format(
        what="A regressor trained in cycles, and the mean of what the models at their ends say", child="MLPRegressor or SGDRegressor"
    )
    _kind = "snapshot_ensemble_regressor"

    def _check_child(self):
        if not _trains_on(self.estimator, ("mlp_regressor", "sgd_regressor")):
            raise TypeError(f"the estimator must be an MLPRegressor or SGDRegressor of mlsd, got {self.estimator!r}")


__all__ = ["BaggingClassifier", "BaggingRegressor", "SnapshotEnsembleClassifier", "SnapshotEnsembleRegressor"]
