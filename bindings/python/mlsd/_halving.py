"""HalvingGridSearchCV and HalvingRandomSearchCV: rounds in which fewer settings get more of a resource each.

The resource is the number of rows or a parameter of the estimator. Rounds, candidates and the rows of each round are
scikit-learn's, draw for draw (Jamieson & Talwalkar 2016, Non-stochastic best arm identification).
"""

import abc
import math
import numbers

from ._arrays import class_codes, n_rows
from ._estimators import is_classifier
from ._grids import ParameterGrid, ParameterSampler, random_state_of
from ._search import BaseSearchCV
from ._validation import splits_of
from .utils import resample


class _Subsample:
    """The folds of a splitter, a fraction of the rows of each part."""

    def __init__(self, base_cv, fraction, subsample_test, random_state):
        self.base_cv, self.fraction = base_cv, fraction
        self.subsample_test, self.random_state = subsample_test, random_state

    def _some(self, rows):
        n = int(self.fraction * len(rows))
        return resample(rows, replace=False, random_state=self.random_state, n_samples=n)

    def split(self, X, y=None, groups=None):
        """Yield (train rows, test rows)."""
        for train, test in splits_of(self.base_cv, X, y, groups):
            yield self._some(train), self._some(test) if self.subsample_test else test


def top_k(results, k, itr):
    """The k best settings of a round, the best last; those without a score are worst."""
    import numpy as np

    at = np.flatnonzero(np.asarray(results["iter"]) == itr)
    scores = np.asarray(results["mean_test_score"])[at]
    order = np.roll(np.argsort(scores), np.count_nonzero(np.isnan(scores)))  # NaN are sorted last
    return np.array(results["params"], dtype=object)[at][order[-k:]]


def _has_constant_splits(cv):
    """Whether a splitter gives the same splits each time."""
    seed = getattr(cv, "random_state", 0)
    return isinstance(seed, numbers.Integral) or not getattr(cv, "shuffle", True)


class _Halving(BaseSearchCV, abc.ABC):
    def __init__(
        self, estimator, *, scoring=None, n_jobs=None, refit=True, cv=5, verbose=0, random_state=None,
        error_score=float("nan"), return_train_score=True, max_resources="auto", min_resources="exhaust",
        resource="n_samples", factor=3, aggressive_elimination=False,
    ):
        super().__init__(
            estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, cv=cv, verbose=verbose, error_score=error_score,
            return_train_score=return_train_score,
        )
        self.random_state = random_state
        self.max_resources = max_resources
        self.resource = resource
        self.factor = factor
        self.min_resources = min_resources
        self.aggressive_elimination = aggressive_elimination

    @classmethod
    def _own_params(cls):
        return [name for name in super()._own_params() if name != "pre_dispatch"]

    def _check(self, cv):
        if self.resource != "n_samples" and self.resource not in self.estimator.get_params():
            raise ValueError(
                f"Cannot use resource={self.resource} which is not supported by estimator {type(self.estimator).__name__}"
            )
        if self.max_resources == "auto" and self.resource != "n_samples":
            raise ValueError("resource can only be 'n_samples' when max_resources='auto'")
        for name, words in (("max_resources", ("auto",)), ("min_resources", ("smallest", "exhaust"))):
            value = getattr(self, name)
            is_number = isinstance(value, numbers.Integral) and not isinstance(value, bool) and value > 0
            if not is_number and value not in words:
                raise ValueError(f"{name} must be either {' or '.join(map(repr, words))} or a positive integer, got {value!r}")
        if isinstance(self.factor, bool) or not isinstance(self.factor, numbers.Real) or self.factor <= 1:
            raise ValueError(f"factor must be a number above 1, got {self.factor!r}")
        if not _has_constant_splits(cv):
            raise ValueError(
                "The cv parameter must yield consistent folds across calls to split(). Set its random_state to an int, or "
                "set shuffle=False"
            )
        if not isinstance(self.refit, bool) and not callable(self.refit):
            raise ValueError(f"refit is expected to be a boolean. Got {type(self.refit).__name__} instead")

    def _begin(self, X, y, groups, cv):
        import numpy as np

        self._check(cv)
        self._cv, self._n_samples = cv, n_rows(X)
        self.min_resources_ = self.min_resources
        if self.min_resources_ in ("smallest", "exhaust"):
            self.min_resources_ = 1
            if self.resource == "n_samples":
                self.min_resources_ = 2 * cv.get_n_splits(X, y, groups)
                if is_classifier(self.estimator) and y is not None:
                    self.min_resources_ *= len(class_codes(y)[0] if np.ndim(y) == 1 and n_rows(y) else np.unique(np.asarray(y)))
        self.max_resources_ = self._n_samples if self.max_resources == "auto" else self.max_resources
        if self.resource == "n_samples" and self.max_resources_ > self._n_samples:
            self.max_resources_ = self._n_samples
        if self.min_resources_ == 0:
            raise ValueError(f"min_resources_={self.min_resources_}: you might have passed an empty dataset X.")
        if self.min_resources_ > self.max_resources_:
            raise ValueError(f"min_resources_={self.min_resources_} is greater than max_resources_={self.max_resources_}.")

    def fit(self, X, y=None, *, groups=None, **fit_params):
        """Run the rounds, and fit the best setting of the last one to all rows (refit). Returns self."""
        if self.scoring is not None and not (isinstance(self.scoring, str) or callable(self.scoring)):
            raise ValueError("Multimetric scoring is not supported: give one score")
        super().fit(X, y, groups=groups, **fit_params)
        self.best_score_ = self.cv_results_["mean_test_score"][self.best_index_]
        del self._cv, self._n_samples
        return self

    @staticmethod
    def _select_best_index(refit, refit_metric, results):
        """The best of the last round: earlier ones had less to learn from."""
        import numpy as np

        if callable(refit):
            return BaseSearchCV._select_best_index(refit, refit_metric, results)
        last = np.max(results["iter"])
        at = np.flatnonzero(results["iter"] == last)
        scores = np.asarray(results["mean_test_score"])[at]
        return at[0 if np.isnan(scores).all() else np.nanargmax(scores)]

    @abc.abstractmethod
    def _generate(self):
        """The settings of the first round, as a list of dicts."""

    def _run_search(self, evaluate_candidates):
        candidates = self._generate()
        if self.resource != "n_samples" and any(self.resource in params for params in candidates):
            raise ValueError(f"Cannot use parameter {self.resource} as the resource since it is part of the searched parameters.")
        self._plan(len(candidates))
        self.n_resources_, self.n_candidates_ = [], []
        for itr in range(self.n_iterations_):
            power = itr
            if self.aggressive_elimination:  # stays at the first amounts as long as there are too many
                power = max(0, itr - self.n_required_iterations_ + self.n_possible_iterations_)
            n_resources = min(int(self.factor**power * self.min_resources_), self.max_resources_)
            self.n_resources_.append(n_resources)
            self.n_candidates_.append(len(candidates))
            results = self._evaluate(evaluate_candidates, candidates, itr, n_resources)
            candidates = list(top_k(results, math.ceil(len(candidates) / self.factor), itr))
        self.n_remaining_candidates_ = len(candidates)
        self.n_iterations_ = len(self.n_candidates_)

    def _plan(self, n_candidates):
        self.n_required_iterations_ = 1 + math.floor(math.log(n_candidates, self.factor))
        if self.min_resources == "exhaust":  # the last round gets all there is
            last = self.n_required_iterations_ - 1
            self.min_resources_ = max(self.min_resources_, int(self.max_resources_ // self.factor**last))
        self.n_possible_iterations_ = 1 + math.floor(math.log(self.max_resources_ // self.min_resources_, self.factor))
        self.n_iterations_ = self.n_required_iterations_
        if not self.aggressive_elimination:
            self.n_iterations_ = min(self.n_possible_iterations_, self.n_required_iterations_)
        if self.verbose:
            for name in ("n_iterations_", "n_required_iterations_", "n_possible_iterations_", "min_resources_", "max_resources_"):
                print(f"{name[:-1]}: {getattr(self, name)}")

    def _evaluate(self, evaluate_candidates, candidates, itr, n_resources):
        if self.verbose:
            print(f"----------\niter: {itr}\nn_candidates: {len(candidates)}\nn_resources: {n_resources}")
        if self.resource == "n_samples":
            cv = _Subsample(self._cv, n_resources / self._n_samples, True, self.random_state)
        else:
            cv, candidates = self._cv, [{**params, self.resource: n_resources} for params in candidates]
        n = len(candidates)
        return evaluate_candidates(candidates, cv, more_results={"iter": [itr] * n, "n_resources": [n_resources] * n})


class HalvingGridSearchCV(_Halving):
    """All settings of a grid, a third of which (factor=3) goes on to each next round with three times as much of `resource`.

    resource is "n_samples", the number of rows, or a parameter of the estimator (then max_resources is needed). Attributes
    as GridSearchCV's, and n_resources_, n_candidates_, n_remaining_candidates_, n_iterations_, n_possible_iterations_,
    n_required_iterations_, min_resources_, max_resources_; cv_results_ has iter and n_resources.
    """

    def __init__(
        self, estimator, param_grid, *, factor=3, resource="n_samples", max_resources="auto", min_resources="exhaust",
        aggressive_elimination=False, cv=5, scoring=None, refit=True, error_score=float("nan"), return_train_score=True,
        random_state=None, n_jobs=None, verbose=0,
    ):
        super().__init__(
            estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, verbose=verbose, cv=cv, random_state=random_state,
            error_score=error_score, return_train_score=return_train_score, max_resources=max_resources,
            resource=resource, factor=factor, min_resources=min_resources, aggressive_elimination=aggressive_elimination,
        )
        self.param_grid = param_grid

    def _generate(self):
        return list(ParameterGrid(self.param_grid))


class HalvingRandomSearchCV(_Halving):
    """Settings drawn from lists and distributions, of which fewer and fewer go on, as in HalvingGridSearchCV.

    n_candidates is a number, or "exhaust": as many as the last round can use all of the resource for.
    """

    def __init__(
        self, estimator, param_distributions, *, n_candidates="exhaust", factor=3, resource="n_samples",
        max_resources="auto", min_resources="smallest", aggressive_elimination=False, cv=5, scoring=None, refit=True,
        error_score=float("nan"), return_train_score=True, random_state=None, n_jobs=None, verbose=0,
    ):
        super().__init__(
            estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, verbose=verbose, cv=cv, random_state=random_state,
            error_score=error_score, return_train_score=return_train_score, max_resources=max_resources,
            resource=resource, factor=factor, min_resources=min_resources, aggressive_elimination=aggressive_elimination,
        )
        self.param_distributions = param_distributions
        self.n_candidates = n_candidates

    def _check(self, cv):
        n = self.n_candidates
        is_number = isinstance(n, numbers.Integral) and not isinstance(n, bool) and n > 0
        if not is_number and n != "exhaust":
            raise ValueError(f"n_candidates must be either 'exhaust' or a positive integer, got {n!r}")
        if n == "exhaust" and self.min_resources == "exhaust":
            raise ValueError("n_candidates and min_resources cannot be both set to 'exhaust'")
        super()._check(cv)

    def _generate(self):
        n = self.n_candidates
        if n == "exhaust":
            n = self.max_resources_ // self.min_resources_
        return list(ParameterSampler(self.param_distributions, n, random_state=random_state_of(self.random_state)))
