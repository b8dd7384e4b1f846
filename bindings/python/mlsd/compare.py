"""Is one model better than another, or was it luck? Tests of scores, predictions and forecasts side by side.

    from mlsd.compare import corrected_t_test
    found = corrected_t_test(scores_a, scores_b, test_train=1 / 9)   # 10 folds
    print(found)              # 'b' is better than 'a' by 0.012 (95 % interval 0.002 to 0.022); p = 0.021
    found.p_value, found.difference, found.low, found.high, found.min_detectable

Which test fits what: folds or drawn splits of one data set: corrected_t_test, bayes_correlated_t_test (ten scores of five
times two-fold: five_by_two_f_test); rows of one test set: mcnemar_test, cochran_q_test (right or wrong), delong_test (areas
under ROC curves), permutation_test and max_t_test (losses), diebold_mariano_test (forecasts); several data sets:
wilcoxon_test, sign_test, bayes_signed_rank_test, friedman_test. compare runs any of them on several models.

A difference is always the later model's minus the earlier one's. More options of each test: mlsd.kinds("comparison").
"""

from ._arrays import Matrices
from ._handles import Spec
from ._library import call_long, context, lib, text_of
from ._results import Result
from .intervals import adjust_p_values

__all__ = [
    "Comparison", "adjust_p_values", "bayes_correlated_t_test", "bayes_signed_rank_test", "cochran_q_test", "compare",
    "corrected_t_test", "delong_test", "diebold_mariano_test", "five_by_two_f_test", "five_by_two_t_test", "friedman_test",
    "max_t_test", "mcnemar_test", "permutation_test", "sign_test", "wilcoxon_test",
]


_TEXTS = ("test", "effect_is", "reason")


class Comparison(Result):
    """What a test found: a verdict, tables, and each number by its name as an attribute.

    statistic, df, p_value; difference with low and high; effect; min_detectable, the difference that would have been found
    with a chance of 80 %. Bayesian tests: p_better, p_equivalent, p_worse. friedman_test: chi2, critical_difference.
    """

    def __getattr__(self, name):
        if not name.startswith("_") and name in self.names:
            return self.text(name) if name in _TEXTS else self.number(name)
        raise AttributeError(f"the comparison has no {name!r}; it has {', '.join(self.names)}")

    @property
    def pairs(self):
        """A row for each pair of models, as a dict of arrays."""
        return self.table("pairs")

    @property
    def ranks(self):
        """Score and mean rank of each model, as a dict of arrays."""
        return self.table("ranks")

    def svg(self):
        """The picture as an SVG file's text: mean ranks with bars over the models that cannot be told apart, or intervals."""
        return text_of(lib.mlsd_comparison_svg, context(), self._h)

    def draw(self, width=80, ascii=False):
        """The same picture for a terminal."""
        return text_of(lib.mlsd_comparison_draw_text, context(), self._h, width, int(ascii))

    def _repr_svg_(self):
        return self.svg()

    def __str__(self):
        return self.verdict

    def __repr__(self):
        return f"<{self.text('test')}: {self.verdict}>"


def _columns(scores):
    """(n x k array, names or None) of a frame, a dict, a 2-d array or a list of columns."""
    import numpy as np

    if hasattr(scores, "items") and not isinstance(scores, np.ndarray):
        columns = {str(name): np.asarray(values) for name, values in scores.items()}
        return _beside(columns.values()), list(columns)
    if isinstance(scores, (list, tuple)) and scores and np.ndim(scores[0]) == 1:
        return _beside(scores), None
    scores = np.asarray(scores)
    if scores.ndim != 2:
        raise ValueError(f"scores have {scores.ndim} dimensions, not 2: a column for each model")
    return scores, None


def _beside(columns):
    import numpy as np

    columns = [np.asarray(c) for c in columns]
    lengths = [len(c) for c in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"the models have different numbers of scores: {', '.join(map(str, lengths))}")
    return np.column_stack(columns) if columns else np.empty((0, 0))


def _as_codes(predictions, y):
    """Labels of any type as numbers that are equal where they are."""
    import numpy as np

    if predictions.dtype.kind in "biuf" and (y is None or np.asarray(y).dtype.kind in "biuf"):
        return predictions, y
    shape = predictions.shape
    values = [*predictions.ravel().tolist(), *([] if y is None else np.asarray(y).tolist())]
    number = {}
    codes = np.array([number.setdefault(v, len(number)) for v in values], dtype=np.float64)
    return codes[: predictions.size].reshape(shape), None if y is None else codes[predictions.size :]


def compare(test, scores, y=None, *, names=None, **options):
    """Run a test by the name of its kind ("friedman", "corrected_t", ...) on a column of scores for each model.

    scores is a 2-d array, a list of columns, a dict or a frame whose names are the models'. Options are the parameters of
    the kind. More than two models are compared pair by pair, or all with the column `control`.
    """
    columns, found = _columns(scores)
    names = names if names is not None else found
    spec = Spec(test, **options)
    if names is not None:
        spec.set("names", [str(name) for name in names])
    if test in ("mcnemar", "cochran_q"):
        columns, y = _as_codes(columns, y)
    kept = Matrices(scores=columns, y=y)
    return Comparison._made(call_long, lib.mlsd_compare, spec._h, *kept.pointers)


def corrected_t_test(scores_a, scores_b, *, test_train, **options):
    """Corrected resampled t test (Nadeau & Bengio 2003) of two models' scores on the same folds or drawn splits.

    test_train: rows tested over rows trained on, 1 / (k - 1) for k folds, however often they are repeated.
    """
    return compare("corrected_t", [scores_a, scores_b], test_train=test_train, **options)


def bayes_correlated_t_test(scores_a, scores_b, *, test_train, rope=0.0, **options):
    """Chances that b is better by more than rope, within rope, or worse (Corani & Benavoli 2015), by scores on folds."""
    return compare("bayes_correlated_t", [scores_a, scores_b], test_train=test_train, rope=float(rope), **options)


def five_by_two_f_test(scores_a, scores_b, **options):
    """Combined F test of five times two-fold cross-validation (Alpaydin 1999); both halves of a repeat together."""
    return compare("five_by_two_f", [scores_a, scores_b], **options)


def five_by_two_t_test(scores_a, scores_b, **options):
    """t test of five times two-fold cross-validation (Dietterich 1998); the F test uses the ten scores better."""
    return compare("five_by_two_t", [scores_a, scores_b], **options)


def mcnemar_test(y, prediction_a, prediction_b, *, method="mid_p", **options):
    """McNemar's test of two models' predicted labels; with y None the predictions say 1 for right and 0 for wrong."""
    return compare("mcnemar", [prediction_a, prediction_b], y, method=method, **options)


def cochran_q_test(y, predictions, **options):
    """Cochran's Q of several models' predicted labels (a column each), and McNemar's test of each pair."""
    return compare("cochran_q", predictions, y, **options)


def delong_test(y, score_a, score_b, **options):
    """DeLong's test of two areas under the ROC curve; y is 0 or 1, scores are greater for 1."""
    return compare("delong", [score_a, score_b], y, **options)


def diebold_mariano_test(y, forecast_a, forecast_b, *, horizon=1, loss_power=2.0, **options):
    """Diebold & Mariano's test of forecasts with the correction for short series; with y None the columns are losses."""
    return compare(
        "diebold_mariano", [forecast_a, forecast_b], y, horizon=horizon, loss_power=float(loss_power), **options
    )


def wilcoxon_test(scores_a, scores_b, **options):
    """Wilcoxon's signed-rank test over independent rows, such as data sets; exact for up to 50 that differ."""
    return compare("wilcoxon", [scores_a, scores_b], **options)


def sign_test(scores_a, scores_b, **options):
    """Sign test: in how many of the independent rows is a model better?"""
    return compare("sign_test", [scores_a, scores_b], **options)


def permutation_test(scores_a, scores_b, **options):
    """Permutation test of the mean difference by flips of signs over independent rows, such as losses of a test set."""
    return compare("paired_permutation", [scores_a, scores_b], **options)


def max_t_test(scores, *, control=0, **options):
    """Several models against one by flips of signs, corrected by the largest t (Westfall & Young 1993)."""
    return compare("max_t", scores, control=control, **options)


def friedman_test(scores, **options):
    """Friedman's test of mean ranks over data sets with Iman & Davenport's F, and Nemenyi's test of each pair."""
    return compare("friedman", scores, **options)


def bayes_signed_rank_test(scores_a, scores_b, *, rope=0.0, **options):
    """Chances that b is better by more than rope, within rope, or worse, over data sets (Benavoli et al. 2017)."""
    return compare("bayes_signed_rank", [scores_a, scores_b], rope=float(rope), **options)
