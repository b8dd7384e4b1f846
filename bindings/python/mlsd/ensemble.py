"""Many members instead of one, as sklearn.ensemble: an estimator fitted to rows and columns drawn at random."""

from ._estimators import DECISION, Classifier, Regressor, is_classifier, spec_told
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


__all__ = ["BaggingClassifier", "BaggingRegressor"]
