"""GridSearchCV, RandomizedSearchCV, and what a search of your own is made of.

All settings of a round are evaluated together: mlsd's estimators in one call of the library, which shares the work between
settings; others in a Python loop. Attributes are scikit-learn's.
"""

import inspect
import numbers
import time
import warnings

from ._arrays import n_rows
from ._custom import clone
from ._errors import NotFittedError, named_as_sklearns
from ._estimators import is_classifier
from ._fitting import (
    check_error_score, columns_of, fill_failures, fit_and_score, fit_rows, make_indexable, run_tasks, tell_failures,
)
from ._grids import ParameterGrid, ParameterSampler
from ._in_library import score_candidates
from ._library import _frames_to_user
from ._scorers import scorers_of
from ._validation import splits_of

_REFIT_RULE = (
    "For multi-metric scoring, the parameter refit must be set to a scorer key or a callable to refit an estimator with the "
    "best parameter setting on the whole data and make the best_* attributes available for that metric. If this is not "
    "needed, refit should be set to False explicitly. {!r} was passed."
)


class _OfBest:
    """A method of the best estimator's, there when the refitted model (or, before, the estimator) has it."""

    def __init__(self, name, doc):
        self._name, self.__doc__ = name, doc

    def __get__(self, search, owner=None):
        if search is None:
            return self
        _check_refit(search, self._name)
        holder = vars(search).get("best_estimator_", search.estimator)
        getattr(holder, self._name)  # which says that it is not there
        name = self._name

        def call(*arguments, **keywords):
            return getattr(search._best(), name)(*arguments, **keywords)

        call.__name__, call.__doc__ = name, self.__doc__
        return call


def _check_refit(search, name):
    if not search.refit:
        raise AttributeError(
            f"This {type(search).__name__} instance was initialized with `refit=False`. {name} is available only after "
            "refitting on the best parameters. You can refit an estimator manually using the `best_params_` attribute"
        )


def _check_names(estimator, candidates):
    """Raise what the estimator raises of a parameter that it does not have, before anything is fitted."""
    known = set(estimator.get_params()) if hasattr(estimator, "get_params") else None
    for params in candidates if known is not None else ():
        if not all(name in known or name.partition("__")[0] in known for name in params):
            clone(estimator).set_params(**params)


def _ranks(means):
    """1 for the greatest; equals share the best rank among them, and NaN is worst."""
    import numpy as np

    missing = np.isnan(means)
    if missing.any():
        if missing.all():
            return np.ones(len(means), dtype=np.int32)
        means = np.where(missing, np.nanmin(means) - 1, means)
    descending = -means
    ranks = np.sort(descending).searchsorted(descending)
    ranks += 1
    return ranks.astype(np.int32)


def _store(results, key, array, splits=False, rank=False):
    import numpy as np

    n = array.shape[1]
    if splits:
        results.update((f"split{k}_{key}", array[:, k]) for k in range(n))
    means = np.add.reduce(array, 1) / n
    if splits and not np.isfinite(means).all():
        part = key.partition("_")[0]
        warnings.warn(f"One or more of the {part} scores are non-finite: {means}", UserWarning, stacklevel=_frames_to_user())
        with np.errstate(invalid="ignore"):
            deviations = array - means[:, None]
    else:
        deviations = array - means[:, None]
    results[f"mean_{key}"] = means
    results[f"std_{key}"] = np.sqrt(np.add.reduce(deviations * deviations, 1) / n)
    if rank:
        results[f"rank_{key}"] = _ranks(means)


_SCALARS = frozenset((float, int, str, bool, type(None)))


def _param_columns(candidates):
    """{"param_<name>": the values, masked where a setting does not have the name}"""
    import numpy as np

    n, out = len(candidates), {}
    names = dict.fromkeys(name for params in candidates for name in params)
    for name in names:
        at = [i for i, params in enumerate(candidates) if name in params]
        given = [candidates[i][name] for i in at]
        values, mask = np.empty(n, dtype=object), np.ones(n, dtype=bool)
        if len(at) == n and _SCALARS.issuperset(map(type, given)):
            values[:], mask[:] = given, False
        else:  # arrays and estimators, of which NumPy would make something else
            for i, value in zip(at, given):
                values[i], mask[i] = value, False
        out[f"param_{name}"] = np.ma.MaskedArray(values, mask=mask)
    return out


class _Round:
    """Some settings and what became of them: blocks of settings x splits."""

    def __init__(self, candidates, fit_time, score_time, test, train):
        self.candidates, self.fit_time, self.score_time, self.test, self.train = candidates, fit_time, score_time, test, train


def _cv_results(rounds, more, with_train):
    """The attribute cv_results_."""
    import numpy as np

    def joined(blocks):
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)

    candidates = [params for one in rounds for params in one.candidates]
    results = {name: np.asarray(values) for name, values in more.items()}
    _store(results, "fit_time", joined([one.fit_time for one in rounds]))
    _store(results, "score_time", joined([one.score_time for one in rounds]))
    results.update(_param_columns(candidates))
    results["params"] = candidates
    for name in rounds[0].test:
        _store(results, f"test_{name}", joined([one.test[name] for one in rounds]), splits=True, rank=True)
        if with_train:
            _store(results, f"train_{name}", joined([one.train[name] for one in rounds]), splits=True)
    return results


class BaseSearchCV:
    """What searches share. One of your own overrides _run_search(evaluate_candidates): evaluate_candidates(settings, cv=None,
    more_results=None) evaluates a list of dicts and returns the results so far, as in cv_results_."""

    _required_parameters = ("estimator",)  # for scikit-learn's checks

    def __init__(
        self, estimator, *, scoring=None, n_jobs=None, refit=True, cv=None, verbose=0, pre_dispatch="2*n_jobs",
        error_score=float("nan"), return_train_score=True,
    ):
        self.estimator = estimator
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.verbose = verbose
        self.pre_dispatch = pre_dispatch
        self.error_score = error_score
        self.return_train_score = return_train_score

    @classmethod
    def _own_params(cls):
        """The arguments of __init__; those of the classes above where it takes **kwargs."""
        names = []
        for base in cls.__mro__:
            parameters = inspect.signature(base.__init__).parameters if "__init__" in vars(base) else {}
            named = [n for n, p in parameters.items() if n != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
            names += [n for n in named if n not in names]
            if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()) and parameters:
                break
        return names

    def get_params(self, deep=True):
        """Parameters by name; with deep the estimator's as estimator__<name>."""
        out = {name: getattr(self, name) for name in self._own_params()}
        if deep and hasattr(self.estimator, "get_params") and not isinstance(self.estimator, type):
            out.update({f"estimator__{name}": value for name, value in self.estimator.get_params().items()})
        return out

    def set_params(self, **params):
        """Set parameters, the estimator's as estimator__<name>, and return self."""
        known, nested = self._own_params(), {}
        for name, value in params.items():
            head, _, rest = name.partition("__")
            if head not in known:
                raise ValueError(f"Invalid parameter {name!r} for estimator {self!r}; there are {', '.join(known)}")
            if rest:
                nested.setdefault(head, {})[rest] = value
            else:
                setattr(self, name, value)
        for head, values in nested.items():
            getattr(self, head).set_params(**values)
        return self

    def __repr__(self):
        parameters = {n: p.default for n, p in inspect.signature(type(self).__init__).parameters.items()}
        told = []
        for name in self._own_params():
            value, default = getattr(self, name), parameters.get(name, inspect.Parameter.empty)
            if value is not default and repr(value) != repr(default):
                told.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(told)})"

    @property
    def _estimator_type(self):
        from ._custom import type_of

        kind = getattr(self.estimator, "_estimator_type", None)
        if kind is None and hasattr(self.estimator, "__sklearn_tags__"):
            kind = type_of(self.estimator)
        if kind is None:
            raise AttributeError(f"{type(self.estimator).__name__!r} does not say whether it is a classifier or a regressor")
        return kind

    @property
    def _mlsd_wraps(self):
        return self.estimator

    def _more_tags(self):
        """What scikit-learn before 1.6 asks of an estimator."""
        tags = {}
        for ask in ("_get_tags", "_more_tags"):
            if hasattr(self.estimator, ask):
                tags = getattr(self.estimator, ask)()
                break
        return {"pairwise": tags.get("pairwise", False), "allow_nan": tags.get("allow_nan", False)}

    def _get_tags(self):
        from sklearn.utils._tags import _DEFAULT_TAGS

        return {**_DEFAULT_TAGS, **self._more_tags()}

    def __sklearn_tags__(self):
        """What scikit-learn 1.6 and later ask of an estimator: those of the estimator inside."""
        import copy

        from sklearn.utils import get_tags

        return copy.deepcopy(get_tags(self.estimator))

    def __sklearn_is_fitted__(self):
        return "cv_results_" in vars(self) and (not self.refit or "best_estimator_" in vars(self))

    def _best(self):
        if "best_estimator_" not in vars(self):
            kind = named_as_sklearns(NotFittedError, "NotFittedError")
            raise kind(f"This {type(self).__name__} instance is not fitted yet; call fit first")
        return self.best_estimator_

    predict = _OfBest("predict", "Predict with the refitted best estimator.")
    predict_proba = _OfBest("predict_proba", "Probabilities by the refitted best estimator.")
    predict_log_proba = _OfBest("predict_log_proba", "Logarithms of the probabilities by the refitted best estimator.")
    decision_function = _OfBest("decision_function", "Scores by the refitted best estimator.")
    score_samples = _OfBest("score_samples", "Scores of the rows by the refitted best estimator.")
    transform = _OfBest("transform", "Transform by the refitted best estimator.")
    inverse_transform = _OfBest("inverse_transform", "Undo the transform by the refitted best estimator.")

    def score(self, X, y=None):
        """The score by `scoring` (with several metrics, the one that refit names) of the refitted best estimator."""
        _check_refit(self, "score")
        best, scorer = self._best(), self.scorer_
        if isinstance(scorer, dict):
            scorer = scorer[self.refit]
        found = scorer(best, X) if y is None else scorer(best, X, y)
        return found[self.refit] if self.multimetric_ and isinstance(found, dict) else found

    @property
    def n_features_in_(self):
        """Number of columns seen by fit; with refit only."""
        if "best_estimator_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} object has no n_features_in_ attribute before it is fitted with refit")
        return self.best_estimator_.n_features_in_

    @property
    def classes_(self):
        """The labels; with refit, and of classifiers."""
        _check_refit(self, "classes_")
        if "best_estimator_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} object has no classes_ attribute before it is fitted")
        return self.best_estimator_.classes_

    def _run_search(self, evaluate_candidates):
        """Evaluate settings by evaluate_candidates, in one round or several: what a search of your own overrides.

        Not abstract: as of scikit-learn's, a class that overrides fit alone can be made without it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no _run_search of its own: _run_search not implemented.")

    def _check_refit_of(self, names):
        is_name = isinstance(self.refit, str) and self.refit in names
        if self.refit is not False and not is_name and not callable(self.refit):
            raise ValueError(_REFIT_RULE.format(self.refit))

    @staticmethod
    def _select_best_index(refit, refit_metric, results):
        if not callable(refit):
            return results[f"rank_test_{refit_metric}"].argmin()
        index = refit(results)
        if not isinstance(index, numbers.Integral):
            raise TypeError(f"best_index_ returned is not an integer: refit gave {index!r}")
        if not 0 <= index < len(results["params"]):
            raise IndexError(f"best_index_ index out of range: refit gave {index}, and there are {len(results['params'])} settings")
        return index

    def fit(self, X, y=None, *, groups=None, **fit_params):
        """Evaluate the settings on the folds of cv, and fit the best of them to all rows (refit). Returns self.

        groups goes to the splitter and fit_params to the estimator's fit, cut to the fold's rows where there is an entry
        for each row.
        """
        from .model_selection import check_cv

        check_error_score(self.error_score)
        scorers = scorers_of(self.estimator, self.scoring)
        if isinstance(scorers, dict):
            self._check_refit_of(scorers)
        X, y, groups = make_indexable(X, y, groups)
        if n_rows(X) == 1:
            raise ValueError(f"{type(self).__name__} needs rows to train on and others to score, got n_samples=1")
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        work = _Work(self, X, y, groups, fit_params, cv, scorers)
        self._begin(X, y, groups, cv)
        self._run_search(work.evaluate)
        if not work.rounds:
            raise ValueError("No fits were performed. Was the CV iterator empty? Were there no candidates?")
        self.multimetric_ = work.is_multimetric
        if self.multimetric_ and not isinstance(scorers, dict):
            self._check_refit_of(work.rounds[0].test)
        self._choose(work.results, self.refit if self.multimetric_ else "score")
        if self.refit:
            self._refit(X, y, fit_params)
        self.scorer_, self.cv_results_, self.n_splits_ = scorers, work.results, work.n_splits
        return self

    def _begin(self, X, y, groups, cv):
        """For searches that look at the data first."""

    def _choose(self, results, metric):
        if not self.refit and self.multimetric_:
            return
        self.best_index_ = self._select_best_index(self.refit, metric, results)
        if not callable(self.refit):
            self.best_score_ = results[f"mean_test_{metric}"][self.best_index_]
        self.best_params_ = results["params"][self.best_index_]

    def _refit(self, X, y, fit_params):
        values = {name: clone(v) if hasattr(v, "fit") else v for name, v in self.best_params_.items()}
        self.best_estimator_ = clone(self.estimator).set_params(**values)
        started = time.perf_counter()
        fit_rows(self.best_estimator_, X, y, fit_params)
        self.refit_time_ = time.perf_counter() - started
        if hasattr(self.best_estimator_, "feature_names_in_"):
            self.feature_names_in_ = self.best_estimator_.feature_names_in_


class _Work:
    """One fit of a search: its data, and the rounds so far."""

    def __init__(self, search, X, y, groups, fit_params, cv, scorers):
        self.search, self.X, self.y, self.groups = search, X, y, groups
        self.fit_params, self.cv, self.scorers = fit_params, cv, scorers
        self.n_splits = cv.get_n_splits(X, y, groups)
        self.rounds, self.more, self.results, self.is_multimetric = [], {}, None, isinstance(scorers, dict)

    def evaluate(self, candidate_params, cv=None, more_results=None):
        candidates, search = list(candidate_params), self.search
        if search.verbose > 0:
            print(
                f"Fitting {self.n_splits} folds for each of {len(candidates)} candidates, totalling "
                f"{len(candidates) * self.n_splits} fits"
            )
        if not candidates:
            raise ValueError("No fits were performed. Was the CV iterator empty? Were there no candidates?")
        self.rounds.append(self._round(candidates, cv or self.cv))
        for name, values in (more_results or {}).items():
            self.more.setdefault(name, []).extend(values)
        self.results = _cv_results(self.rounds, self.more, search.return_train_score)
        return self.results

    def _round(self, candidates, cv):
        search, found = self.search, None
        if not self.fit_params:
            found = score_candidates(
                search.estimator, candidates, self.X, self.y, self.groups, cv, self.scorers, search.error_score,
                search.return_train_score,
            )
        if found is None:
            return self._in_python(candidates, cv)
        self._check_n_splits(found.fit_time.size, len(candidates))
        return _Round(candidates, found.fit_time, found.score_time, found.scores, found.train_scores)

    def _check_n_splits(self, n_fits, n_candidates):
        if n_fits == 0:
            raise ValueError("No fits were performed. Was the CV iterator empty? Were there no candidates?")
        if n_fits != n_candidates * self.n_splits:
            raise ValueError(
                f"cv.split and cv.get_n_splits returned inconsistent results. Expected {self.n_splits} splits, got "
                f"{n_fits // n_candidates}"
            )

    def _in_python(self, candidates, cv):
        search = self.search
        _check_names(search.estimator, candidates)
        splits = splits_of(cv, self.X, self.y, self.groups)
        parts = ("test", "train") if search.return_train_score else ("test",)
        options = {"with_train": search.return_train_score, "verbose": search.verbose}
        tasks = (
            (
                (clone(search.estimator), self.X, self.y, train, test, self.scorers, params, self.fit_params, search.error_score),
                {**options, "progress": ((k, len(splits)), (c, len(candidates)))},
            )
            for c, params in enumerate(candidates)
            for k, (train, test) in enumerate(splits)
        )
        outs = run_tasks(fit_and_score, tasks, search.n_jobs, search.pre_dispatch)
        self._check_n_splits(len(outs), len(candidates))
        tell_failures(outs, search.error_score)
        fill_failures(outs, self.scorers, search.error_score, parts)
        self.is_multimetric = isinstance(outs[0]["test"], dict)
        return self._as_round(candidates, outs, parts)

    def _as_round(self, candidates, outs, parts):
        import numpy as np

        shape = (len(candidates), len(outs) // len(candidates))
        times = [np.array([out[name] for out in outs]).reshape(shape) for name in ("fit_time", "score_time")]
        columns = {
            part: {name: values.astype(float).reshape(shape) for name, values in columns_of(outs, part).items()} for part in parts
        }
        return _Round(candidates, *times, columns["test"], columns.get("train"))


class GridSearchCV(BaseSearchCV):
    """Every setting of a grid ({name: list of values}, or a list of such dicts) on the same folds, and the best refitted.

    mlsd's estimators with named scores are evaluated in one call of the library, which does for all settings together what
    they share; any other object with fit and predict in a loop. refit is True, the name of a score, a function of
    cv_results_ that gives best_index_, or False.

    Attributes: cv_results_, best_index_, best_score_, best_params_, best_estimator_, refit_time_, scorer_, n_splits_,
    multimetric_, classes_, n_features_in_, feature_names_in_.
    """

    def __init__(
        self, estimator, param_grid, *, scoring=None, n_jobs=None, refit=True, cv=None, verbose=0,
        pre_dispatch="2*n_jobs", error_score=float("nan"), return_train_score=False,
    ):
        super().__init__(
            estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, cv=cv, verbose=verbose, pre_dispatch=pre_dispatch,
            error_score=error_score, return_train_score=return_train_score,
        )
        self.param_grid = param_grid

    def _run_search(self, evaluate_candidates):
        evaluate_candidates(ParameterGrid(self.param_grid))


class RandomizedSearchCV(BaseSearchCV):
    """n_iter settings drawn from lists and distributions (scipy's, or whatever has rvs), and the best of them refitted.

    Without replacement where all are lists. The draws are scikit-learn's. Otherwise as GridSearchCV.
    """

    def __init__(
        self, estimator, param_distributions, *, n_iter=10, scoring=None, n_jobs=None, refit=True, cv=None, verbose=0,
        pre_dispatch="2*n_jobs", random_state=None, error_score=float("nan"), return_train_score=False,
    ):
        super().__init__(
            estimator, scoring=scoring, n_jobs=n_jobs, refit=refit, cv=cv, verbose=verbose, pre_dispatch=pre_dispatch,
            error_score=error_score, return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.random_state = random_state

    def _run_search(self, evaluate_candidates):
        evaluate_candidates(ParameterSampler(self.param_distributions, self.n_iter, random_state=self.random_state))
