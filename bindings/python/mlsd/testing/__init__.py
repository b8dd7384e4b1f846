"""Test suites: what must never fail, as sets with a role in a JSON file kept in version control (docs/suites.md).

    from mlsd.testing import Suite, assert_suite
    result = Suite("loans.suite.json").run("model.mlsd")     # or a fitted object with predict, or a function
    print(result.status, result.verdict)                      # passed, failed or cannot tell
    assert_suite("loans.suite.json", model)                   # raises AssertionError with each case that failed

With pytest, each set of each *.suite.json is a test: see mlsd.testing.pytest_plugin.
"""

import ctypes
import os

from .._handles import Model, Table
from .._library import Handle, call_back, call_long, encode, encode_path, lib, text_of, texts
from .._results import Result
from .._signatures import SUITE_PREDICT_FN

__all__ = ["Suite", "SuiteResult", "assert_suite"]


class SuiteResult(Result):
    """What a run of a suite found: status, verdict, and the tables tests, failures, groups and trend."""

    @property
    def status(self):
        """'passed', 'failed' or 'cannot tell'."""
        return self.text("status")

    @property
    def passed(self):
        return self.status == "passed"

    @property
    def tests(self):
        """A row for each set, as a dict of arrays."""
        return self.table("tests")

    @property
    def failures(self):
        """A row for each case that failed, as a dict of arrays."""
        return self.table("failures")

    def junit(self, path=None):
        """The run as JUnit XML: a text, or a file."""
        if path is None:
            return text_of(lib.mlsd_suite_junit, self._h)
        return lib.mlsd_suite_junit_save(self._h, encode_path(path))

    def _row(self, name):
        """The row of a set in the table tests."""
        names = list(self.tests["set"])
        if name not in names:
            raise KeyError(f"no set {name!r}; there are {', '.join(map(repr, names))}")
        return names.index(name)

    def _failed(self, name):
        """Each case of a set that failed, and what is said of it."""
        f = self.failures
        for i in (i for i, of in enumerate(f["set"]) if of == name):
            change = f"{f['change'][i]}: " if f["change"][i] else ""
            yield f"{f['file'][i]}:{f['line'][i]}", f"{change}expected {f['expected'][i]}, got {f['got'][i]}"

    def explain(self, name, most=20):
        """Why a set has its status: a sentence, and a line for each of the first cases that failed."""
        row, failed = self._row(name), list(self._failed(name))
        lines = [f"{self.tests['status'][row]}: {self.tests['detail'][row]}"]
        lines += [f"  {where}: {said}" for where, said in failed[:most]]
        if len(failed) > most:
            lines.append(f"  ... {len(failed) - most} more")
        return "\n".join(lines)

    def check(self, name, case=None):
        """Raise AssertionError unless a set passed, with what explain says; or unless one of its cases did (as
        Suite.cases names it), whatever the others do. A set that could not be evaluated has no case that passed."""
        status = self.tests["status"][self._row(name)]
        if case is None or status == "error":
            if status != "passed":
                raise AssertionError(f"{name}: {self.explain(name)}")
            return
        said = dict(self._failed(name)).get(case)
        if said is not None:
            raise AssertionError(f"{name}: {case}: {said}")


class Suite(Handle):
    """A suite of test sets, read from its file with its cases. What is wrong in it raises, with file and line."""

    _free = "mlsd_suite_free"

    def __init__(self, path):
        self._become(call_long, lib.mlsd_suite_load, encode_path(path))
        self.path = os.fspath(path)

    @property
    def sets(self):
        """(name, role, line in the file) of each set."""
        return [
            (
                lib.mlsd_suite_set_name(self._h, i).decode(),
                lib.mlsd_suite_set_role(self._h, i).decode(),
                lib.mlsd_suite_set_line(self._h, i),
            )
            for i in range(lib.mlsd_suite_count(self._h))
        ]

    def cases(self, name):
        """The cases of a set as "file:line", in their order."""
        for i, (of, _, _) in enumerate(self.sets):
            if of == name:
                file = lib.mlsd_suite_case_file(self._h, i).decode()
                n = lib.mlsd_suite_case_count(self._h, i)
                return [f"{file}:{lib.mlsd_suite_case_line(self._h, i, k)}" for k in range(n)]
        raise KeyError(f"no set {name!r}; there are {', '.join(repr(of) for of, _, _ in self.sets)}")

    def run(self, model=None, predictions=None, features=None, classes=None):
        """Run all sets and return a SuiteResult.

        model: an mlsd.Model or its file, or anything fitted that has predict (and predict_proba and classes_, where it
        predicts classes), or a function of a mlsd.Table of cases. features: the columns that it is given, in its order
        (default: feature_names_in_): as a frame of pandas where it knows names, otherwise as an array. classes: what a
        function's columns of probabilities are. predictions, instead of a model: a table as `mlsd predict` writes it.
        """
        if (model is None) == (predictions is None):
            raise TypeError("give a model or predictions")
        if predictions is not None:
            table = predictions if isinstance(predictions, Table) else Table(predictions)
            return SuiteResult._made(call_long, lib.mlsd_suite_run_predictions, self._h, table._h)
        if isinstance(model, (str, os.PathLike)):
            model = Model.load(model)
        if isinstance(model, Model):
            return SuiteResult._made(call_long, lib.mlsd_suite_run, self._h, model._h)
        return self._run_object(_Asked(model, features, classes))

    def _run_object(self, asked):
        function = SUITE_PREDICT_FN(lambda _user, cases, out: call_back(lambda: asked(cases, out)))
        names = texts(asked.names) if asked.names else None
        n = len(asked.names)
        arguments = (self._h, function, None, names, n, int(asked.has_proba))
        return SuiteResult._made(call_long, lib.mlsd_suite_run_function, *arguments)

    def keep(self, result, name="", baseline=False):
        """Keep a run as "last time" of goal and stretch sets, in the files beside the suite; baseline: also as what
        later runs must not fall below."""
        call_long(lib.mlsd_suite_keep_baseline if baseline else lib.mlsd_suite_keep, self._h, result._h, encode(name))


def _class_name(value):
    """A class as it stands in a file of cases: 1.0 is 1 there."""
    value = value.item() if hasattr(value, "item") else value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _as_pandas_reads(values):
    """A column of texts as pandas.read_csv gives it, which is what a model saw: missing ones NaN, True and False truths."""
    import numpy as np

    if values.dtype.kind != "O":
        return values
    truths = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
    if all(value in truths for value in values):
        return np.array([truths[value] for value in values], dtype=bool)
    return np.array([np.nan if value is None else value for value in values], dtype=object)


class _Asked:
    """A Python object that predicts, as the library calls it."""

    def __init__(self, model, features, classes):
        self._model, self._features = model, features
        self._predict = getattr(model, "predict", model)
        if not callable(self._predict):
            raise TypeError(f"a model has predict, or is a function of a table; got {model!r}")
        self._classes = classes if classes is not None else getattr(model, "classes_", ())
        self.names = [_class_name(c) for c in self._classes]
        self.has_proba = bool(self.names) and (hasattr(model, "predict_proba") or not hasattr(model, "predict"))
        if self.has_proba and hasattr(model, "predict_proba"):
            self._predict = model.predict_proba
        if hasattr(model, "predict") and features is None:
            names = getattr(model, "feature_names_in_", None)
            if names is None:
                raise TypeError("the model does not know the names of its columns: fit it to a frame, or give features=[...]")
            self._features = [str(name) for name in names]

    def _take(self, table):
        """The columns of the cases as the model takes them."""
        import numpy as np

        if not hasattr(self._model, "predict"):
            return table
        columns = {name: table[name] for name in self._features}
        knows_names = hasattr(self._model, "feature_names_in_")
        if not knows_names and all(values.dtype.kind != "O" for values in columns.values()):
            return np.column_stack(list(columns.values()))
        import pandas

        return pandas.DataFrame({name: _as_pandas_reads(values) for name, values in columns.items()})

    def __call__(self, cases, out):
        import numpy as np

        table = Table.__new__(Table)
        table._h = ctypes.c_void_p(cases)
        try:
            found = np.asarray(self._predict(self._take(table)))
            n = table.n_rows
        finally:
            table._h = None  # it is borrowed
        width = len(self.names) if self.has_proba else 1
        if self.names and not self.has_proba:
            numbers = {name: i for i, name in enumerate(self.names)}
            found = np.array([numbers[_class_name(value)] for value in found.ravel()], dtype=np.float64)
        if found.size != n * width:
            of = f": a probability for each of {', '.join(self.names)}" if self.has_proba else ""
            raise ValueError(f"{n} cases need {n * width} numbers, the model gave {found.size}{of}")
        np.ctypeslib.as_array(out, shape=(n * width,))[:] = found.astype(np.float64).ravel()


def assert_suite(suite, model=None, **options):
    """Run a suite (or its file) and raise AssertionError unless all of it passed; returns the SuiteResult."""
    suite = suite if isinstance(suite, Suite) else Suite(suite)
    result = suite.run(model, **options)
    if not result.passed:
        tests = result.tests
        wrong = [name for name, status in zip(tests["set"], tests["status"]) if status != "passed"]
        told = "\n".join(f"{name}: {result.explain(name)}" for name in wrong)
        raise AssertionError(f"{suite.path}: {result.verdict}\n{told}")
    return result
