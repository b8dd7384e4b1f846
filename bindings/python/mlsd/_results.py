"""Results, and the analyses that make them: cross-validation, leaderboard, metrics, slices and the whole experiment."""

import contextlib
import ctypes

from ._arrays import Matrices
from ._arrow import export_stream
from ._handles import Model, Spec, Table, model_bytes
from ._library import Handle, call_long, encode, encode_path, lib, text_of, texts


class Columns(dict):
    """A table of a result: {column: array}. It speaks Arrow, so pandas (2.2 with pyarrow, or 3), Polars and DuckDB open it."""

    _of = None  # the result, and the table's name in it

    def __arrow_c_stream__(self, requested_schema=None):
        """A capsule with one record batch, by the Arrow PyCapsule interface: the table as it came from the library."""
        result, name = self._of
        return export_stream(_found(lib.mlsd_result_get_table(result._h, encode(name))))

    def __reduce__(self):
        return dict, (dict(self),)


@contextlib.contextmanager
def borrowed_table(result, name):
    """A Table that is the result's own, for a while."""
    borrowed = Table.__new__(Table)
    borrowed._h = _found(lib.mlsd_result_get_table(result._h, encode(name)))
    try:
        yield borrowed
    finally:
        borrowed._h = None


class Result(Handle):
    """Numbers, texts, tables and models by name, and a verdict."""

    _free = "mlsd_result_free"
    _kinds = ()  # descriptions of the Python objects in its models

    def number(self, name):
        """A number by name."""
        out = ctypes.c_double()
        lib.mlsd_result_get_f64(self._h, encode(name), ctypes.byref(out))
        return out.value

    def text(self, name):
        """A text by name."""
        out = ctypes.c_char_p()
        lib.mlsd_result_get_str(self._h, encode(name), ctypes.byref(out))
        return out.value.decode()

    def table(self, name):
        """A table by name, as a dict of arrays that also speaks Arrow."""
        with borrowed_table(self, name) as borrowed:
            columns = Columns(borrowed.items())
        columns._of = self, name
        return columns

    def to_pandas(self, name):
        """A table by name as a frame of pandas, through Arrow where pandas takes it."""
        import pandas

        columns = self.table(name)
        if hasattr(pandas.DataFrame, "from_arrow"):
            with contextlib.suppress(ImportError):  # of pyarrow
                return pandas.DataFrame.from_arrow(columns)
        return pandas.DataFrame(dict(columns))

    def model(self, name="chosen"):
        """A model by name."""
        data = model_bytes(_found(lib.mlsd_result_get_model(self._h, encode(name))))
        return Model._with(self._kinds, lib.mlsd_model_from_bytes, data, len(data))

    @property
    def names(self):
        """The names of everything in it."""
        return [lib.mlsd_result_name(self._h, i).decode() for i in range(lib.mlsd_result_count(self._h))]

    @property
    def verdict(self):
        """One sentence or more, for a person."""
        return lib.mlsd_result_verdict(self._h).decode()

    def to_json(self):
        """All of it but the models, as JSON."""
        return text_of(lib.mlsd_result_to_json, self._h)

    def to_dict(self):
        """The same as a dict."""
        import json

        return json.loads(self.to_json())

    def save(self, path):
        """Write the JSON to a file."""
        lib.mlsd_result_save(self._h, encode_path(path))

    def save_report(self, path, title=None):
        """Write the HTML report of an experiment's result."""
        call_long(lib.mlsd_report_save, self._h, None if title is None else encode(title), encode_path(path))


def _found(pointer):
    if not pointer:
        raise KeyError(lib.mlsd_last_error().decode())
    return pointer


def cross_validate(spec, dataset, folds, metrics):
    """Fit a Spec (or an estimator) on each fold of a Dataset and score it by each metric, preprocessing included."""
    spec = Spec.of(spec)
    return Result._made(
        call_long, lib.mlsd_cross_validate, spec._h, dataset._h, folds._h, texts(metrics), len(metrics)
    )


def validate(spec, dataset, folds=None):
    """Do what a Spec of family "validation" or "search" says (mlsd.kinds("validation"), mlsd.kinds("search")).

    Without folds: those of the spec's slot "splitter", or five that suit the data.
    """
    result = Result._made(
        call_long, lib.mlsd_validate, spec._h, dataset._h, None if folds is None else folds._h
    )
    result._kinds = spec._kinds
    return result


def leaderboard(specs, dataset, folds, metric):
    """Cross-validate {name: Spec or estimator}, given from simple to strong, on the same folds."""
    from ._custom import one_tree

    with one_tree():
        specs = {name: Spec.of(spec) for name, spec in specs.items()}
    pointers = (ctypes.c_void_p * max(1, len(specs)))(*(s._h for s in specs.values()))
    names = texts(list(specs))
    return Result._made(
        call_long, lib.mlsd_leaderboard, pointers, names, len(specs), dataset._h, folds._h, encode(metric)
    )


def evaluate(model, dataset, metrics=()):
    """Score a Model on rows that nothing was chosen by, by each metric; counts as a look at them (Dataset.n_looks)."""
    return Result._made(call_long, lib.mlsd_evaluate, model._h, dataset._h, texts(metrics), len(metrics))


def score(metric, y, prediction, sample_weight=None, level=0.95):
    """(value, low, high) of a metric; y holds numbers or class numbers."""
    kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
    out = (ctypes.c_double * 3)()
    addresses = (ctypes.byref(out, 8 * i) for i in range(3))
    addresses = [ctypes.cast(address, ctypes.POINTER(ctypes.c_double)) for address in addresses]
    call_long(lib.mlsd_metric_score, encode(metric), *kept.pointers, level, *addresses)
    return tuple(out)


def _experiment(source, target, spec, models, params):
    if not isinstance(source, Table):
        is_path = isinstance(source, (str, bytes)) or hasattr(source, "__fspath__") or hasattr(source, "read")
        source = Table.read_csv(source) if is_path else Table(source)
    if isinstance(spec, Spec):
        spec = spec.clone()
    else:
        spec = Spec("experiment") if spec is None else Spec.load(spec)
    if target is not None:
        params = {"target": target, **params}
    for name, value in params.items():
        spec.set(name, value)
    if models:
        _add_models(spec, models)
    return spec, source


def _add_models(spec, models):
    from ._custom import one_tree

    with one_tree():
        for name, model in models.items():
            spec.add("models", Spec.of(model), name)


def complete(source, target=None, *, spec=None, models=None, **params):
    """The Spec of the experiment that run would run, with all that is left open filled in."""
    spec, table = _experiment(source, target, spec, models, params)
    out = Spec._made(call_long, lib.mlsd_experiment_complete, spec._h, table._h)
    out._kinds = spec._kinds
    return out


def run(source, target=None, *, spec=None, models=None, **params):
    """The main job: from a CSV file, a Table, a frame or a dict of columns to a verdict.

    spec is a Spec of kind "experiment" or the path of its JSON; target and params (slices, task, split, seed, quick,
    ...: see mlsd.kinds("experiment")) are set on it. models: {name: estimator} from simple to strong, in place of the
    ladder; mlsd's estimators and pipelines, or any object with fit and predict, which is given class numbers as labels.
    Returns a Result.
    """
    spec, table = _experiment(source, target, spec, models, params)
    result = Result._made(call_long, lib.mlsd_experiment_run, spec._h, table._h)
    result._kinds = spec._kinds
    return result
