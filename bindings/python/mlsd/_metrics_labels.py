"""Metrics of labels with scikit-learn's names, arguments and warnings: values alone, scikit-learn's for undefined ones.

Python finds labels, checks them and warns; every number is the library's (evaluate()).
"""

import numbers
import warnings

from ._arrays import class_codes, codes_among
from ._errors import named_as_sklearns
from ._metrics_values import UndefinedMetricWarning, evaluate

_MANY_ROWS = 1 << 14  # from here on labels are counted before they are sorted
_AVERAGES = (None, "micro", "macro", "weighted", "samples")


def _dense(y):
    import numpy as np

    y = y.toarray() if hasattr(y, "toarray") else y
    is_nested = isinstance(y, (list, tuple)) and any(isinstance(row, (list, tuple, set)) for row in y)
    if is_nested and len({len(row) if hasattr(row, "__len__") else -1 for row in y}) > 1:
        raise ValueError(
            "You appear to be using a legacy multi-label data representation. Sequence of sequences are no longer supported; "
            "use a binary array or sparse matrix instead"
        )
    return np.asarray(y)


def read_target(y, name):
    """y as an array, and its kind as scikit-learn's type_of_target names it, "labels" being binary and multiclass."""
    import numpy as np

    y = _dense(y)
    if y.ndim == 0:
        raise ValueError(f"Expected array-like (array or non-string sequence), got {y!r}")
    if y.ndim > 2 or y.shape[1:] == (0,) or y.dtype.kind == "O" and y.size and not isinstance(y.flat[0], (str, numbers.Number)):
        raise ValueError(f"{name} must be labels, texts or numbers, of one or more columns; got {y.dtype} of shape {y.shape}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        what = "NaN" if np.isnan(y).any() else f"infinity or a value too large for {y.dtype!r}"
        raise ValueError(f"Input {name} contains {what}.")
    several = y.ndim == 2 and y.shape[1] > 1
    if y.dtype.kind == "f" and (y != np.floor(y)).any():
        return y, "continuous-multioutput" if several else "continuous"
    if several:
        zeros_and_ones = y.dtype.kind in "biuf" and ((y == 0) | (y == 1)).all()
        return y, "multilabel-indicator" if zeros_and_ones else "multiclass-multioutput"
    return y, "labels"


def _target(y, name):
    """The same, labels in one dimension."""
    y, kind = read_target(y, name)
    return y.ravel() if kind == "labels" else y, kind


class _Coded:
    """y_true and y_pred as the library takes them: class numbers, or 0/1 of many labels.

    classes are the labels that occur, in order; labels those asked for, at the class numbers codes.
    """

    def __init__(self, y_true, y_pred, sample_weight=None, labels=None):
        import numpy as np

        (y, of_y), (p, of_p) = _target(y_true, "y_true"), _target(y_pred, "y_pred")
        self.n = len(y)
        self._check_rows(y, p, sample_weight)
        self.many = of_y == "multilabel-indicator"
        self.kind = of_y
        if of_y != of_p:
            of_y, of_p = (_fine_kind(a, kind) for a, kind in ((y, of_y), (p, of_p)))
            raise ValueError(f"Classification metrics can't handle a mix of {of_y} and {of_p} targets")
        if of_y not in ("labels", "multilabel-indicator"):
            raise ValueError(f"{of_y} is not supported")
        if self.many:
            self._take_indicators(y, p, labels)
        else:
            self._take_labels(y, p)
            self.kind = "binary" if len(self.classes) <= 2 else "multiclass"
            self._ask_for(self.classes if labels is None else np.asarray(labels))

    def _check_rows(self, y, p, sample_weight):
        import numpy as np

        self.weight, self.counts = None, True
        if sample_weight is not None:
            self.weight = np.asarray(sample_weight)
            self.counts = self.weight.dtype.kind in "biu"
            if self.weight.ndim == 2 and self.weight.shape[1] == 1:
                self.weight = self.weight.ravel()
            if self.weight.ndim != 1:
                raise ValueError(f"sample_weight should be a 1d array, got an array of shape {self.weight.shape} instead.")
        lengths = [len(a) for a in (y, p, self.weight) if a is not None]
        if len(set(lengths)) > 1:
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths}")

    def _take_indicators(self, y, p, labels):
        import numpy as np

        if y.shape != p.shape:
            raise ValueError(f"Multi-label binary indicator input with different numbers of labels: {y.shape} and {p.shape}")
        self.y, self.p = y.astype(np.float64), p.astype(np.float64)
        self.classes = np.arange(y.shape[1])
        self.labels = self.codes = self.classes if labels is None else np.asarray(labels)
        last = y.shape[1] - 1
        if labels is not None and len(self.labels) and (self.labels.max() > last or self.labels.min() < 0):
            wrong = f"{self.labels.max()} > {last}" if self.labels.max() > last else f"{self.labels.min()} < 0"
            raise ValueError(f"All labels must be in [0, n labels) for multilabel targets. Got {wrong}")

    def _take_labels(self, y, p):
        import numpy as np

        if len(y) and len({a.dtype.kind in "US" or isinstance(a.flat[0], str) for a in (y, p)}) > 1:
            raise TypeError(
                "Labels in y_true and y_pred should be of the same type. "
                f"Got y_true={np.unique(y)} and y_pred={np.unique(p)}. Make sure that the predictions provided by the "
                "classifier coincides with the true labels."
            )
        counted = _count_all(y, p) if len(y) >= _MANY_ROWS else None
        if counted is not None:
            self.classes, self.y, self.p = _small_labels(y, p, counted)
            return
        self.classes, codes = class_codes(np.concatenate([y, p]), "y_true or y_pred")
        self.y, self.p = codes[: len(y)], codes[len(y) :]

    def _ask_for(self, labels):
        """Labels that do not occur come behind those that do, as classes without rows: one more row that weighs 0."""
        import numpy as np

        place = {label: code for code, label in enumerate(self.classes.tolist())}
        n_known = len(place)
        self.labels = labels
        self.codes = np.array([place.setdefault(label, len(place)) for label in labels.tolist()], dtype=np.int64)
        if len(place) > n_known and self.n:
            weight = np.ones(self.n) if self.weight is None else self.weight
            self.y, self.p = (np.append(a, len(place) - 1) for a in (self.y, self.p))
            self.weight = np.append(weight, 0)

    def _call(self, kind, **params):
        return evaluate(kind, self.y, self.p, self.weight, level=None, **params)

    def value(self, kind, **params):
        return self._call(kind, **params).number("value")

    def sum(self, kind, **params):
        """The numerator of a share: the weight of its rows."""
        found = self._call(kind, **params)
        total = found.number("value") * (self.n if self.weight is None else float(self.weight.sum()))
        return round(total) if self.counts else total

    def table(self, kind, **params):
        """The columns of the table "confusion" beside each other."""
        import numpy as np

        found = self._call(kind, labels=self.codes.tolist(), **params).table("confusion")
        return np.column_stack([column for name, column in found.items() if name != "class"])

    def cells(self, samplewise=False):
        """tn, fp, fn, tp of each label, or with samplewise of each row."""
        import numpy as np

        if not self.n or not len(self.codes):
            return np.zeros((0 if samplewise else len(self.codes), 4), dtype=np.int64)
        cells = _cells_of_rows(self) if samplewise else self.table("multilabel_confusion_matrix")
        return cells.astype(np.int64) if self.counts else cells


def _fine_kind(y, kind):
    import numpy as np

    return kind if kind != "labels" else "binary" if len(np.unique(y)) <= 2 else "multiclass"


def _cells_of_rows(coded):
    """A row is to its labels as a label to its rows. Of a single row there must be two, or it would be classes."""
    import numpy as np

    y, p = (a[:, coded.codes].T for a in (coded.y, coded.p))
    if coded.n == 1:
        y, p = np.repeat(y, 2, axis=1), np.repeat(p, 2, axis=1)
    found = evaluate("multilabel_confusion_matrix", y, p, None, level=None).table("confusion")
    cells = np.column_stack([found[name] for name in ("tn", "fp", "fn", "tp")])[: coded.n]
    return cells if coded.weight is None else cells * coded.weight[:, None]


def _require_labels(coded):
    if coded.many:
        raise ValueError("multilabel-indicator is not supported")
    return coded


def accuracy_score(y_true, y_pred, *, normalize=True, sample_weight=None):
    """Share, or with normalize=False number, of rows that are right."""
    coded = _Coded(y_true, y_pred, sample_weight)
    return coded.value("accuracy") if normalize else coded.sum("accuracy")


def zero_one_loss(y_true, y_pred, *, normalize=True, sample_weight=None):
    """Share, or with normalize=False number, of rows that are wrong."""
    coded = _Coded(y_true, y_pred, sample_weight)
    return coded.value("zero_one_loss") if normalize else coded.sum("zero_one_loss")


def hamming_loss(y_true, y_pred, *, sample_weight=None):
    """Share of labels that are wrong."""
    coded = _Coded(y_true, y_pred, sample_weight)
    if not coded.many:
        return coded.value("hamming_loss")
    cells = coded.cells()  # exact where weights are integers
    return cells[:, 1:3].sum() / cells.sum()


def balanced_accuracy_score(y_true, y_pred, *, sample_weight=None, adjusted=False):
    """Mean of the recalls of the classes in y_true."""
    coded = _require_labels(_Coded(y_true, y_pred, sample_weight))
    cells = coded.cells()
    if (cells[:, 2] + cells[:, 3] == 0).any():
        warnings.warn("y_pred contains classes not in y_true", stacklevel=2)
    return coded.value("balanced_accuracy", adjusted=bool(adjusted))


def matthews_corrcoef(y_true, y_pred, *, sample_weight=None):
    """Correlation of classes and predictions; 0 where one of them never varies."""
    value = _require_labels(_Coded(y_true, y_pred, sample_weight)).value("matthews_corrcoef")
    return 0.0 if value != value else value


def cohen_kappa_score(y1, y2, *, labels=None, weights=None, sample_weight=None):
    """Agreement beyond chance."""
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f"Unknown kappa weighting type: {weights!r}, not None, 'linear' or 'quadratic'")
    coded = _chosen(y1, y2, labels, sample_weight)
    return coded.value("cohen_kappa", labels=coded.codes.tolist(), weights=weights or "none")


def _chosen(y_true, y_pred, labels, sample_weight):
    import numpy as np

    coded = _require_labels(_Coded(y_true, y_pred, sample_weight, labels))
    if labels is not None and len(coded.labels) == 0:
        raise ValueError("'labels' should contains at least one label.")
    if labels is not None and coded.n and not np.isin(coded.codes, coded.y[: coded.n]).any():
        raise ValueError("At least one label specified must be in y_true")
    return coded


def _count_all(y_true, y_pred):
    """Rows by label and predicted label, both small whole numbers from 0 on: they need not be sorted first. None where they are not."""
    import numpy as np

    for a in (y_true, y_pred):
        if type(a) is not np.ndarray or a.ndim != 1 or a.dtype.str[1:] not in ("i4", "i8") or len(a) != len(y_true):
            return None
        glimpse = a[:: max(1, len(a) // 4096)]
        if len(a) == 0 or glimpse.min() < 0 or glimpse.max() > 255:
            return None
    try:
        table = evaluate("confusion_matrix", y_true, y_pred, level=None).table("confusion")
    except ValueError:  # a label that the glimpse did not see
        return None
    return np.column_stack([column for name, column in table.items() if name != "class"]).astype(np.int64)


def _small_labels(y_true, y_pred, counted):
    """The labels that occur, and those of the rows as their numbers: without a copy where the labels are 0, 1, ..."""
    import numpy as np

    occurs = counted.sum(axis=0) + counted.sum(axis=1) > 0
    labels = np.flatnonzero(occurs).astype(np.result_type(y_true, y_pred))
    if occurs.all():
        return labels, y_true, y_pred
    number = np.cumsum(occurs) - 1
    return labels, number[y_true], number[y_pred]


def _count_codes(y_true, y_pred):
    """The confusion of labels that are small whole numbers; None where they are not."""
    import numpy as np

    cells = _count_all(y_true, y_pred)
    if cells is None:
        return None
    present = np.flatnonzero(cells.sum(axis=0) + cells.sum(axis=1))
    return cells[np.ix_(present, present)]


def confusion_matrix(y_true, y_pred, *, labels=None, sample_weight=None, normalize=None):
    """Weights of the rows by class and predicted class; shares of nothing are 0, as scikit-learn has it."""
    import numpy as np

    if labels is None and normalize is None and sample_weight is None:
        cells = _count_codes(y_true, y_pred)
        if cells is not None:
            return cells
    coded = _chosen(y_true, y_pred, labels, sample_weight)
    if normalize not in ("true", "pred", "all", None):
        raise ValueError("normalize must be one of {'true', 'pred', 'all', None}")
    if not coded.n:
        return np.zeros((len(coded.labels),) * 2, dtype=np.int64)
    cells = coded.table("confusion_matrix", normalize=normalize or "none")
    if normalize is not None:
        return np.nan_to_num(cells)
    return cells.astype(np.int64) if coded.counts else cells


def multilabel_confusion_matrix(y_true, y_pred, *, sample_weight=None, labels=None, samplewise=False):
    """[[tn, fp], [fn, tp]] of each class or label against the rest, or with samplewise of each row's labels."""
    coded = _Coded(y_true, y_pred, sample_weight, labels)
    if samplewise and not coded.many:
        raise ValueError("Samplewise metrics are not available outside of multilabel classification.")
    return coded.cells(samplewise).reshape(-1, 2, 2)


def class_likelihood_ratios(y_true, y_pred, *, labels=None, sample_weight=None, raise_warning=True):
    """(sensitivity / (1 - specificity), (1 - sensitivity) / specificity) of two classes; undefined ones are NaN."""
    coded = _Coded(y_true, y_pred, sample_weight)
    if coded.kind != "binary":
        raise ValueError(f"class_likelihood_ratios only supports binary classification problems, got targets of type: {coded.kind}")
    coded = _chosen(y_true, y_pred, labels, sample_weight)
    cells = coded.table("confusion_matrix")
    said = []
    if cells.size == 1:
        said, ratios = ["samples of only one class were seen during testing"], (float("nan"),) * 2
    else:
        (tn, fp), (fn, tp) = cells
        if tp + fn == 0:
            said.append("no samples of the positive class were present in the testing set")
        if fp == 0:
            said.append(
                "positive_likelihood_ratio ill-defined and being set to nan"
                if tp
                else "no samples predicted for the positive class"
            )
        if tn == 0:
            said.append("negative_likelihood_ratio ill-defined and being set to nan")
        ratios = _likelihood_ratios(cells)
    for text in said if raise_warning else ():
        warnings.warn(text, UserWarning, stacklevel=2)
    return ratios


def _likelihood_ratios(cells):
    """Of a table of two classes, whose cells are rows with weights."""
    import numpy as np

    y, p, w = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.asarray(cells, dtype=np.float64).ravel()
    kinds = ("positive_likelihood_ratio", "negative_likelihood_ratio")
    return tuple(evaluate(kind, y, p, w, level=None).number("value") for kind in kinds)


def _check_zero_division(zero_division):
    if not (isinstance(zero_division, str) and zero_division == "warn") and zero_division not in (0, 1):
        raise ValueError(f'Got zero_division={zero_division}. Must be one of ["warn", 0, 1]')


def _coded_for(y_true, y_pred, labels, pos_label, average, sample_weight):
    """With average="binary" the one label asked for is pos_label."""
    if average not in (*_AVERAGES, "binary"):
        raise ValueError(f"average has to be one of {_AVERAGES}")
    coded = _Coded(y_true, y_pred, sample_weight, labels if average != "binary" else None)
    if average == "binary":
        if coded.kind != "binary":
            fit = [a for a in _AVERAGES if coded.many or a != "samples"]
            raise ValueError(
                f"Target is {coded.kind} but average='binary'. Please choose another average setting, one of {fit!r}."
            )
        present = coded.classes.tolist()
        if pos_label not in present and len(present) >= 2:
            raise ValueError(f"pos_label={pos_label} is not a valid label. It should be one of {present}")
        return _Coded(y_true, y_pred, sample_weight, [pos_label])
    if pos_label not in (None, 1):
        warnings.warn(
            f"Note that pos_label (set to {pos_label!r}) is ignored when average != 'binary' (got {average!r}). "
            "You may use labels=[pos_label] to specify a single positive class.",
            UserWarning,
            stacklevel=4,
        )
    if average == "samples" and not coded.many:
        raise ValueError("Samplewise metrics are not available outside of multilabel classification.")
    return coded


def _rate(coded, kind, average, given, **params):
    """The rate of each label (average None) or their average; `given` where it is not defined."""
    import numpy as np

    if not coded.n or not len(coded.codes):
        if average is None:
            return np.full(len(coded.codes), given)
        return np.float64(given if average == "micro" or len(coded.codes) else "nan")
    if average == "binary":
        average = "macro"  # of one label
    found = coded._call(kind, labels=coded.codes.tolist(), average=average or "none", zero_division=given, **params)
    return np.asarray(found.table("values")["value"]) if average is None else np.float64(found.number("value"))


def _warn_undefined(what, lacking, average, n_values):
    of, unit = ("label", "sample") if average == "samples" else ("sample", "label")
    where = "due to" if n_values == 1 else f"in {unit}s with"
    warnings.warn(
        f"{what} ill-defined and being set to 0.0 {where} no {lacking} {of}s. "
        "Use `zero_division` parameter to control this behavior.",
        named_as_sklearns(UndefinedMetricWarning, "UndefinedMetricWarning"),
        stacklevel=5,
    )


def _margins(coded, average):
    """(true positives, predicted, true) of each label or row, or with "micro" of all together."""
    cells = coded.cells(average == "samples")
    if average == "micro":
        cells = cells.sum(axis=0, keepdims=True)
    return cells[:, 3], cells[:, 1] + cells[:, 3], cells[:, 2] + cells[:, 3]


def _warn_where_undefined(margins, average, warn_for):
    _, predicted, true = margins
    for name, lacking, below in (("precision", "predicted", predicted), ("recall", "true", true)):
        if name in warn_for and (below == 0).any():
            also = "{} and F-score are" if "f-score" in warn_for else "{} is"
            _warn_undefined(also.format(name.title()), lacking, average, len(true))
    if tuple(warn_for) == ("f-score",) and ((predicted == 0) & (true == 0)).any():
        _warn_undefined("F-score is", "true nor predicted", average, len(true))


def _rates(coded, wanted, average, zero_division, warn_for, beta=1.0):
    """The wanted ones of precision, recall and f-score, and the weight of the rows of each label."""
    import numpy as np

    _check_zero_division(zero_division)
    given = 0.0 if zero_division == "warn" else float(zero_division)
    margins = _margins(coded, average)
    if zero_division == "warn":
        _warn_where_undefined(margins, average, warn_for)
    support = margins[2] if average is None else None
    if average == "weighted" and not margins[2].any():
        none = np.float64(given if not margins[1].any() else 0.0)  # no rows of these labels
        return [np.float64(given) if name == "recall" else none for name in wanted], support
    found = []
    for name in wanted:
        if name == "f-score" and not np.isposinf(beta):
            found.append(_rate(coded, "f_score", average, given, beta=float(beta)))
        else:
            found.append(_rate(coded, "precision" if name == "precision" else "recall", average, given))
    return found, support


def precision_recall_fscore_support(
    y_true, y_pred, *, beta=1.0, labels=None, pos_label=1, average=None,
    warn_for=("precision", "recall", "f-score"), sample_weight=None, zero_division="warn",
):
    """(precision, recall, f-score, support) of each label, or averages and None."""
    _check_zero_division(zero_division)
    if beta < 0:
        raise ValueError("beta should be >=0 in the F-beta score")
    coded = _coded_for(y_true, y_pred, labels, pos_label, average, sample_weight)
    values, support = _rates(coded, ("precision", "recall", "f-score"), average, zero_division, warn_for, beta)
    return (*values, support)


def _one_rate(name, y_true, y_pred, labels, pos_label, average, sample_weight, zero_division, beta=1.0):
    _check_zero_division(zero_division)
    if beta < 0:
        raise ValueError("beta should be >=0 in the F-beta score")
    coded = _coded_for(y_true, y_pred, labels, pos_label, average, sample_weight)
    return _rates(coded, (name,), average, zero_division, (name,), beta)[0][0]


def precision_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Share of the rows predicted as a class that are of it."""
    return _one_rate("precision", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)


def recall_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Share of a class's rows that are predicted as it."""
    return _one_rate("recall", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)


def fbeta_score(y_true, y_pred, *, beta, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Weighted harmonic mean of precision and recall."""
    return _one_rate("f-score", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division, beta)


def f1_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Harmonic mean of precision and recall."""
    return _one_rate("f-score", y_true, y_pred, labels, pos_label, average, sample_weight, zero_division)


def jaccard_score(y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division="warn"):
    """Rows of a class predicted as it, as a share of those that are or are predicted."""
    _check_zero_division(zero_division)
    coded = _coded_for(y_true, y_pred, labels, pos_label, average, sample_weight)
    _, predicted, true = _margins(coded, average)
    if zero_division == "warn" and ((predicted == 0) & (true == 0)).any():
        _warn_undefined("Jaccard is", "true or predicted", average, len(true))
    if average == "weighted" and not true.any():
        average = "macro"
    return _rate(coded, "jaccard", average, 0.0 if zero_division == "warn" else float(zero_division))


def _decision_values(pred_decision):
    import numpy as np

    values = np.asarray(pred_decision)
    if values.dtype.kind not in "biuf":
        try:
            values = values.astype(np.float64)
        except (TypeError, ValueError):
            raise TypeError("pred_decision should be an array of floats.") from None
    if not np.isfinite(values).all():
        what = "NaN" if np.isnan(values).any() else f"infinity or a value too large for {values.dtype!r}"
        raise ValueError(f"Input pred_decision contains {what}.")
    return values


def _check_decision_shape(values, n, n_classes, labels_given):
    if n_classes > 2 and values.ndim <= 1:
        raise ValueError(
            "The shape of pred_decision cannot be 1d arraywith a multiclass target. pred_decision shape must be "
            f"(n_samples, n_classes), that is ({n}, {n_classes}). Got: {values.shape}"
        )
    if n_classes > 2 and values.shape[1] != n_classes:
        if not labels_given:
            raise ValueError("Please include all labels in y_true or pass labels as third argument")
        raise ValueError(
            "The shape of pred_decision is not consistent with the number of classes. With a multiclass target, "
            f"pred_decision shape must be (n_samples, n_classes), that is ({n}, {n_classes}). Got: {values.shape}"
        )
    if n_classes <= 2 and values.ndim == 2 and values.shape[1] != 1:
        raise ValueError(f"y should be a 1d array, got an array of shape {values.shape} instead.")


def hinge_loss(y_true, pred_decision, *, labels=None, sample_weight=None):
    """Mean of max(0, 1 - margin) of decision values: of two classes one a row, of more one a class."""
    import numpy as np

    y, kind = _target(y_true, "y_true")
    if kind != "labels":
        raise ValueError(f"y should be a 1d array, got an array of shape {y.shape} instead.")
    values = _decision_values(pred_decision)
    lengths = [len(a) for a in (y, values, sample_weight) if a is not None]
    if len(set(lengths)) > 1:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: {lengths}")
    found, codes = class_codes(y, "y_true")
    classes = found if labels is None else np.unique(np.asarray(labels))
    _check_decision_shape(values, len(y), len(classes), labels is not None)
    if len(classes) > 2 and labels is not None:
        codes = codes_among(classes, y, "y_true")
    return evaluate("hinge_loss", codes, values, sample_weight, level=None).number("value")


_REPORTED = ("precision", "recall", "f-score")
_HEADERS = ("precision", "recall", "f1-score", "support")


def _report_names(coded, target_names, labels_given):
    n = len(coded.labels)
    if target_names is None:
        return [f"{label}" for label in coded.labels]
    if len(target_names) != n and labels_given:
        warnings.warn(f"labels size, {n}, does not match size of target_names, {len(target_names)}", stacklevel=3)
    elif len(target_names) != n:
        raise ValueError(
            f"Number of classes, {n}, does not match size of target_names, {len(target_names)}. "
            "Try specifying the labels parameter"
        )
    return list(target_names)


def classification_report(
    y_true, y_pred, *, labels=None, target_names=None, sample_weight=None, digits=2, output_dict=False,
    zero_division="warn",
):
    """Precision, recall, f1 and support of every label and their averages, as text or as a dict."""
    coded = _Coded(y_true, y_pred, sample_weight, labels)
    whole = not coded.many and (labels is None or set(coded.labels.tolist()) == set(coded.classes.tolist()))
    names = _report_names(coded, target_names, labels is not None)
    warn_for = ("precision", "recall", "f-score")
    columns, support = _rates(coded, _REPORTED, None, zero_division, warn_for)
    rows = [(name, *values) for name, *values in zip(names, *columns, support)]
    averages = []
    for average in ("micro", "macro", "weighted", "samples")[: 4 if coded.many else 3]:
        values, _ = _rates(coded, _REPORTED, average, zero_division, warn_for)
        heading = "accuracy" if whole and average == "micro" else f"{average} avg"
        averages.append((heading, *values, support.sum()))
    return _report_dict(rows, averages) if output_dict else _report_text(rows, averages, digits)


def _report_dict(rows, averages):
    report = {name: dict(zip(_HEADERS, (v.item() for v in values))) for name, *values in rows + averages}
    if averages[0][0] == "accuracy":
        report["accuracy"] = averages[0][1].item()
    return report


def _report_text(rows, averages, digits):
    width = max(*(len(name) for name, *_ in rows), len("weighted avg"), digits) if rows else len("weighted avg")
    text = f"{'':>{width}s} " + "".join(f" {header:>9}" for header in _HEADERS) + "\n\n"
    for name, *values, support in rows:
        text += f"{name:>{width}s} " + "".join(f" {v:>9.{digits}f}" for v in values) + f" {support:>9}\n"
    text += "\n"
    for name, *values, support in averages:
        shown = ["" if name == "accuracy" and i < 2 else f"{v:.{digits}f}" for i, v in enumerate(values)]
        text += f"{name:>{width}s} " + "".join(f" {v:>9}" for v in shown) + f" {support:>9}\n"
    return text


__all__ = [
    "accuracy_score", "balanced_accuracy_score", "class_likelihood_ratios", "classification_report", "cohen_kappa_score",
    "confusion_matrix", "f1_score", "fbeta_score", "hamming_loss", "hinge_loss", "jaccard_score", "matthews_corrcoef",
    "multilabel_confusion_matrix", "precision_recall_fscore_support", "precision_score", "recall_score", "zero_one_loss",
]
