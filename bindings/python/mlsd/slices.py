"""For whom does a model fail? Slices of the rows that are found, not named beforehand.

    from mlsd import slices
    found = slices.search(frame[["age", "city", "plan"]], y, prediction)
    print(found)               # worse by more than chance: where city = b and age > 60, the share of errors is ...
    for s in found:
        print(s.slice, s.value, s.outside, s.q_value, s.finding)
        rows = frame[s.mask(frame)]

search looks for the slices with the highest losses (exactly: SliceLine), tree cuts all rows into a few disjoint slices, and
divergence lists all frequent patterns by how far a rate among them is from elsewhere, with what each item contributes.
These three look at one half of the rows and measure on the other, so that what is reported was not chosen for being extreme; q-values
count everything that was looked at. A slice with too few rows has the status "low support" and is never a finding.

metrics scores groups that are named beforehand, all of them in one pass:

    found = slices.metrics(frame, y, prediction, ["recall", "fpr"], by=["sex", "age"])
    print(found)
    pandas.DataFrame(found.slices)
"""

import json

from ._arrays import Matrices
from ._errors import InputError
from ._handles import Spec, group_table
from ._library import call_long, lib
from ._results import Result

__all__ = [
    "Comparison", "Metrics", "Slice", "Slices", "compare", "divergence", "mask", "metrics", "run", "search", "tree",
]


def mask(predicates, groups):
    """Which rows of a frame, a dict of columns or a Table meet all predicates (a list of dicts, or its JSON)."""
    import numpy as np

    predicates = json.loads(predicates) if isinstance(predicates, str) else predicates
    columns = [groups[p["column"]] for p in predicates]
    n = len(columns[0]) if columns else len(next(iter(groups.values()))) if isinstance(groups, dict) else len(groups)
    found = np.ones(n, dtype=bool)
    for predicate, values in zip(predicates, columns):
        found &= _meets(predicate, np.asarray(values))
    return found


def _is_missing(values):
    import numpy as np

    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind in "mM":
        return np.isnat(values)
    if values.dtype.kind == "O":
        return np.array([v is None or v != v for v in values], dtype=bool)
    return np.zeros(len(values), dtype=bool)


def _meets(predicate, values):
    import numpy as np

    missing = _is_missing(values)
    if values.dtype.kind in "mM":  # times are numbers of their unit, as in a Table
        values = values.astype(np.int64)
    if "missing" in predicate:
        return missing if predicate["missing"] else ~missing
    if "in" in predicate or isinstance(predicate.get("equals"), str):
        wanted = predicate["in"] if "in" in predicate else [predicate["equals"]]
        found = np.isin(np.where(missing, "", values).astype(str), wanted) & ~missing
    else:
        numbers = np.where(missing, np.nan, values).astype(np.float64)
        found = ~missing
        for key, holds in (
            ("equals", np.equal), ("above", np.greater), ("at_least", np.greater_equal), ("at_most", np.less_equal),
        ):
            if key in predicate:
                found &= holds(numbers, predicate[key])
    return found | missing if predicate.get("or_missing") else found


class Slice:
    """One row of the table "slices": each column by its name, predicates as a list of dicts."""

    def __init__(self, row):
        self.__dict__.update(row, predicates=json.loads(row["predicates"]), finding=bool(row["finding"]))

    def mask(self, groups):
        """Which rows of a frame, a dict of columns or a Table are in the slice."""
        return mask(self.predicates, groups)

    def __repr__(self):
        sure = "a finding" if self.finding else self.status
        return f"<Slice {self.slice}: {self.value:.4g} against {self.outside:.4g} elsewhere, {sure}>"


class Slices(Result):
    """What was found: a verdict, tables, and the slices in their order."""

    @property
    def slices(self):
        """A row for each slice, as a dict of arrays."""
        return self.table("slices")

    def __len__(self):
        return len(self.slices["slice"])

    def __iter__(self):
        columns = self.slices
        for values in zip(*columns.values()):
            yield Slice(dict(zip(columns, values)))

    @property
    def findings(self):
        """The slices that are findings."""
        return [s for s in self if s.finding]

    def __str__(self):
        return self.verdict


class ComparedSlice(Slice):
    """One group of a comparison: a and b (the losses), difference (b less a), change ("worse", "better", "not shown")."""

    def __repr__(self):
        sure = self.change if self.status == "ok" else self.status
        return f"<Slice {self.slice}: {self.b:.4g} against {self.a:.4g}, {sure}>"


class Comparison(Slices):
    """Two models on the same rows: a verdict, and the groups in their order, the worst of the second model first."""

    def __iter__(self):
        columns = self.slices
        for values in zip(*columns.values()):
            yield ComparedSlice(dict(zip(columns, values)))

    @property
    def worse(self):
        """The groups for which the second model is worse by more than chance."""
        return [s for s in self if s.change == "worse"]

    @property
    def better(self):
        """The groups for which it is better by more than chance."""
        return [s for s in self if s.change == "better"]


def _as_codes(y, prediction):
    """Labels that are texts as class numbers, in ascending order of both."""
    import numpy as np

    given = {name: np.asarray(values) for name, values in (("y", y), ("prediction", prediction)) if values is not None}
    texts = [name for name, values in given.items() if _holds_texts(values)]
    if y is None or not texts:
        return y, prediction
    for name, values in given.items():
        if name not in texts:
            raise InputError(f"{texts[0]} holds texts and {name} does not; give labels in both, or class numbers in both")
        if _is_missing(values).any():
            raise InputError(f"{name}[{int(np.argmax(_is_missing(values)))}] is missing, where a label is needed")
    labels, codes = np.unique(np.concatenate(list(given.values())).astype(str), return_inverse=True)
    n = len(given["y"])
    return codes[:n].astype(np.float64), codes[n:].astype(np.float64)


def _holds_texts(values):
    return values.dtype.kind in "US" or values.dtype.kind == "O" and any(isinstance(v, str) for v in values.flat)


def run(kind, groups, y=None, prediction=None, *, sample_weight=None, **options):
    """Any kind of the family "slicing" by its name (mlsd.kinds("slicing")); options are its parameters."""
    y, prediction = _as_codes(y, prediction)
    spec, table = Spec(kind, **options), group_table(groups)
    kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
    return Slices._made(call_long, lib.mlsd_slice_run, spec._h, table._h, *kept.pointers)


class Metrics(Result):
    """Metrics by group: a verdict, and tables as dicts of arrays, which pandas.DataFrame takes as they are."""

    @property
    def slices(self):
        """A row for each group and metric: column, level, control, metric, n, value, low, high, status, difference, ..."""
        return self.table("slices")

    @property
    def extremes(self):
        """The largest difference between groups for each column, control cell and metric, with its p-value."""
        return self.table("extremes")

    @property
    def overall(self):
        """All rows, in each control cell."""
        return self.table("overall")

    @property
    def strata(self):
        """Each group against the others within the values of another column; `alarm` says where the difference turns."""
        return self.table("strata")

    @property
    def findings(self):
        """The rows of slices that differ by more than chance, as a list of dicts."""
        columns = self.slices
        rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
        return [row for row in rows if row["finding"]]

    def __str__(self):
        return self.verdict


def metrics(groups, y, prediction, metrics=None, *, by=None, sample_weight=None, **options):
    """Any metrics (a name or several; default: the usual of such rows) for the groups of the columns of `groups`.

    y holds numbers, class numbers or labels; prediction the same or probabilities. Options: control, intersections,
    reference ("complement", "overall", "largest", "sex = male"), comparisons, min_support, level, correction, n_bins,
    binning, cuts, merge_rare, max_levels, strata, permutations, seed.
    """
    y, prediction = _as_codes(y, prediction)
    options = {
        name: [value] if isinstance(value, str) and name in ("by", "control", "metrics", "comparisons") else value
        for name, value in {**options, "by": by, "metrics": metrics}.items()
        if value is not None
    }
    spec, table = Spec("slice_metrics", **options), group_table(groups)
    kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
    return Metrics._made(call_long, lib.mlsd_slice_run, spec._h, table._h, *kept.pointers)


def search(groups, y=None, prediction=None, *, errors=None, sample_weight=None, **options):
    """The slices of `groups` (a frame, a dict of columns, a Table) with the highest losses, by exact search.

    Give y and prediction (numbers, labels, or probabilities), or a loss of each row as errors. Options: loss ("auto",
    "zero_one", "absolute", "squared", "log_loss"), k, alpha, max_level, min_support, confirm, n_bins, binning, by, seed.
    """
    return run("slice_search", groups, *_given(y, prediction, errors), sample_weight=sample_weight, **options)


def tree(groups, y=None, prediction=None, *, errors=None, sample_weight=None, **options):
    """All rows cut into a few disjoint slices by a small tree on their losses; options: loss, max_leaves, max_depth, ..."""
    return run("slice_tree", groups, *_given(y, prediction, errors), sample_weight=sample_weight, **options)


def divergence(groups, y=None, prediction=None, *, outcome=None, events=None, sample_weight=None, **options):
    """All frequent patterns by how far a rate among them is from elsewhere, with Shapley values of their items.

    outcome: "error_rate" (the default), "accuracy", "recall", "fnr", "fpr", "specificity", "precision", ..., of the class
    `positive`. Or give events: 1, 0, or NaN where the rate leaves a row out. Tables "items" and "contributions".
    """
    if events is not None:
        if y is not None or prediction is not None or outcome is not None:
            raise ValueError("events take the place of y, prediction and outcome")
        return run("slice_divergence", groups, None, events, sample_weight=sample_weight, outcome="given", **options)
    outcome = outcome or "error_rate"
    return run("slice_divergence", groups, y, prediction, sample_weight=sample_weight, outcome=outcome, **options)


def compare(groups, y, prediction_a, prediction_b, *, sample_weight=None, **options):
    """Two models on the same rows, group by group: for whom is the second one worse, and is that more than chance?

    Predictions are labels, probabilities or numbers; y is None where they are losses already. Every value of every column of
    `groups`, and every crossing of up to max_level (2) columns, has both losses, the difference (b less a) with its paired
    interval, the rows that only one of the two has right (negative_flips: only a), and a q-value over all groups that have
    min_support (30) rows. Options: by, loss, max_level, min_support, test ("mid_p", "exact"), correction, name_a, name_b, ...
    """
    import numpy as np

    a, b = np.asarray(prediction_a), np.asarray(prediction_b)
    if a.shape != b.shape:
        raise ValueError(f"prediction_a has the shape {a.shape}, prediction_b {b.shape}")
    if y is not None and np.asarray(y).dtype.kind in "OUS":
        labels = np.concatenate([np.asarray(y), a, b]).astype(str)
        codes = np.unique(labels, return_inverse=True)[1].astype(np.float64)
        y, a, b = np.split(codes, [len(np.asarray(y)), len(np.asarray(y)) + len(a)])
    both = np.column_stack([a, b])
    spec, table = Spec("slice_comparison", **options), group_table(groups)
    kept = Matrices(y=y, prediction=both, sample_weight=sample_weight)
    return Comparison._made(call_long, lib.mlsd_slice_run, spec._h, table._h, *kept.pointers)


def _given(y, prediction, errors):
    if errors is None:
        return y, prediction
    if y is not None or prediction is not None:
        raise ValueError("errors take the place of y and prediction")
    return None, errors
