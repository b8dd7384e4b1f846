"""Linear support vector machines. Names as in sklearn.svm; the classes are made from the table of kinds."""

from ._estimators import make_classes
from ._library import user_warnings

__all__ = make_classes(__name__, "linear_svc", "linear_svr")


class _Linear:
    """What both share: warnings, and `dual` as a truth as in scikit-learn."""

    def _fit_model(self, data, X):
        with user_warnings():
            return super()._fit_model(data, X)

    def _spec_params(self):
        params = super()._spec_params()
        if isinstance(params["dual"], bool):
            params["dual"] = "true" if params["dual"] else "false"
        return params


_ATTRIBUTES = """
Attributes
----------
coef_, intercept_ : of the scores
objective_, dual_gap_ : of each score: what was minimised, and how far it may be above its minimum
n_iter_, converged_ : most epochs or Newton steps of a score; 1 where all scores converged
"""


class LinearSVC(_Linear, LinearSVC):  # noqa: F821 (made above)
    __doc__ = LinearSVC.__doc__ + _ATTRIBUTES  # noqa: F821


class LinearSVR(_Linear, LinearSVR):  # noqa: F821
    __doc__ = LinearSVR.__doc__ + _ATTRIBUTES  # noqa: F821
