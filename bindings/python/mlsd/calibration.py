"""Probabilities from scores, as sklearn.calibration: curves fitted inside folds around any classifier."""

from ._estimators import DECISION, Classifier, is_classifier, spec_told
from ._handles import Spec
from ._wraps import Wraps


class CalibratedClassifierCV(Wraps, Classifier):
    """A classifier whose scores become probabilities by curves fitted on rows it has not seen.

    Parameters
    ----------
    estimator : a classifier of mlsd, a pipeline that ends in one, or any object with fit and predict_proba or decision_function
    method : {'sigmoid', 'isotonic', 'temperature'}
        Platt's sigmoid, for few rows; any rising curve, for a thousand rows or more; one number, which changes no decision
    cv : int or None
        Stratified inner folds, None for 5
    ensemble : bool
        Average one calibrated estimator for each fold; False: one estimator of all rows, and curves from the scores of the folds

    Attributes
    ----------
    slope_, offset_ : of 'sigmoid' (members x curves): the probability is 1 / (1 + exp(slope score + offset))
    thresholds_, threshold_starts_ : of 'isotonic': points (score, probability) of all curves, and where each curve starts
    temperature_ : of 'temperature', one for each member
    converged_
    """

    _kind = "calibrated_classifier"
    _lacking = (DECISION,)

    def __init__(self, estimator=None, *, method="sigmoid", cv=None, ensemble=True):
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.ensemble = ensemble

    _defaults = {"estimator": None, "method": "sigmoid", "cv": None, "ensemble": True}

    def spec(self):
        """The Spec that fit would use."""
        child = self.estimator
        if not is_classifier(child) and not hasattr(child, "predict_proba"):
            raise TypeError(f"the estimator must be a classifier, got {child!r}")
        spec = Spec(self._kind, method=self.method, ensemble=self.ensemble)
        if self.cv is not None:
            spec.set("n_splits", self.cv)
        spec.add("estimator", spec_told(child, self.__dict__.get("_labels")))
        return spec

    def _shape_attribute(self, name, value):
        if name == "converged":
            return int(value[0, 0])
        return value[0].astype(int) if name == "threshold_starts" else value[0] if name == "temperature" else value


__all__ = ["CalibratedClassifierCV"]
