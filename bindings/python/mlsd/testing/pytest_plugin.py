"""Each set of each *.suite.json is a test of pytest.

    pytest -p mlsd.testing.pytest_plugin --mlsd-model model.mlsd tests/

or, in conftest.py,

    pytest_plugins = ["mlsd.testing.pytest_plugin"]

    def pytest_mlsd_model(path):          # of the suite; instead of --mlsd-model
        return fitted                     # what Suite.run takes, or a dict of its arguments

With --mlsd-cases each case of a regression set is a test as well; one that fails where the set's rate allows it is an
expected failure.
"""

import pytest

from . import Suite
from .._errors import MlsdError


class Hooks:
    @pytest.hookspec(firstresult=True)
    def pytest_mlsd_model(self, config, path):
        """The model that the suite at `path` is run on: what Suite.run takes, or a dict of its arguments."""


def pytest_addhooks(pluginmanager):
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser):
    group = parser.getgroup("mlsd")
    group.addoption("--mlsd-model", metavar="MODEL.mlsd", help="the model that *.suite.json are run on")
    group.addoption("--mlsd-cases", action="store_true", help="each case of a regression set is a test, too")


def pytest_configure(config):
    for role in ("regression", "uniformity", "goal", "stretch", "edge"):
        config.addinivalue_line("markers", f"{role}: sets of that role in *.suite.json")


def pytest_collect_file(file_path, parent):
    return SuiteFile.from_parent(parent, path=file_path) if file_path.name.endswith(".suite.json") else None


class SuiteFile(pytest.File):
    _result = None

    def collect(self):
        try:
            self.suite = Suite(self.path)
        except MlsdError as error:
            raise self.CollectError(str(error)) from None
        for name, role, line in self.suite.sets:
            yield SetItem.from_parent(self, name=name, role=role, line=line)
            if role == "regression" and self.config.getoption("--mlsd-cases"):
                for case in self.suite.cases(name):
                    yield CaseItem.from_parent(self, name=f"{name}[{case}]", role=role, line=line, of=name, case=case)

    def result(self):
        """The run of all sets, made once."""
        if self._result is None:
            model = self.config.hook.pytest_mlsd_model(config=self.config, path=self.path)
            model = self.config.getoption("--mlsd-model") if model is None else model
            if model is None:
                pytest.fail("there is no model: give --mlsd-model, or pytest_mlsd_model in conftest.py", pytrace=False)
            self._result = self.suite.run(**model) if isinstance(model, dict) else self.suite.run(model)
        return self._result


class SetItem(pytest.Item):
    def __init__(self, *, role, line, **options):
        super().__init__(**options)
        self.line = line
        self.add_marker(role)

    def runtest(self):
        self.judge(self.parent.result())

    def judge(self, result):
        try:
            result.check(self.name)
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)

    def reportinfo(self):
        return self.path, self.line - 1, self.name


class CaseItem(SetItem):
    def __init__(self, *, of, case, **options):
        super().__init__(**options)
        self.of, self.case = of, case

    def judge(self, result):
        try:
            result.check(self.of, self.case)
        except AssertionError as error:
            wanted = dict(zip(result.tests["set"], result.tests["wanted"]))[self.of]
            if wanted < 1:
                pytest.xfail(f"{error}; the set must pass in {100 * wanted:g} %")
            pytest.fail(str(error), pytrace=False)
