"""Objects end in any order, at the interpreter's exit in silence, after a fork, and on many threads."""

import copy
import gc
import itertools
import multiprocessing
import pickle
import threading
import weakref

import numpy as np
import pytest

import mlsd
from mlsd import _quick
from mlsd._library import _contexts, lib

RNG = np.random.RandomState(0)
X = RNG.randn(300, 4)
Y = X @ [1.0, 2.0, 3.0, 4.0] + RNG.randn(300)


def everything():
    """One object of each kind, each made from others."""
    made = {}
    made["spec"] = mlsd.Spec("ridge", alpha=2.0)
    made["array"] = X.copy()
    made["dataset"] = mlsd.Dataset(made["array"], Y)
    made["view"] = made["dataset"].rows(np.arange(0, 300, 2))
    made["deeper"] = made["view"].rows([5, 5, 0])
    made["folds"] = mlsd.Folds(mlsd.Spec("kfold"), made["dataset"])
    made["curve"] = mlsd.Curve()
    made["model"] = mlsd.Model(made["spec"], made["view"], curve=made["curve"])
    made["result"] = mlsd.cross_validate(made["spec"], made["dataset"], made["folds"], ["r2", "rmse"])
    made["table"] = mlsd.Table({"a": [1, 2], "b": ["x", None]})
    made["capsule"] = made["table"].__arrow_c_stream__()
    made["imported"] = mlsd.Table.from_arrow(made["table"])
    made["described"] = made["table"].describe()
    made["from table"] = mlsd.Dataset.from_table(made["imported"], {"b": "ignore"})
    return made


def use(made):
    """What must work with whatever is left."""
    if "deeper" in made:
        assert made["deeper"].target().tolist() == [Y[10], Y[10], Y[0]]
    if "view" in made:
        assert mlsd.Model(mlsd.Spec("standardize"), made["view"]).get("mean")[0, 0] == pytest.approx(X[::2, 0].mean())
    if "model" in made:
        assert made["model"].predict(X).shape == (300,)
    if "result" in made:
        assert len(made["result"].table("folds")["r2"]) == 5
    if "imported" in made:
        assert list(made["imported"]["b"]) == ["x", None]
    if "from table" in made:
        assert made["from table"].feature_names == ["a"]
    if "folds" in made:
        assert len(made["folds"].part(0, 1)) == 60


def test_lifetime__objects_end_in_any_order():
    rng = np.random.RandomState(1)
    for _ in range(8):
        made = everything()
        for name in rng.permutation(list(made)):
            del made[name]
            if rng.rand() < 0.3:
                gc.collect()
            use(made)


def test_lifetime__pairs_end_in_both_orders():
    made = everything()
    for first, second in itertools.permutations(made, 2):
        pair = copy.copy(made)
        rest = {name: pair.pop(name) for name in (first, second)}
        del rest[first], rest[second]
    use(made)


def test_lifetime__copies_own_their_objects():
    made = everything()
    for name in ("spec", "model", "table"):
        for twin in (copy.copy(made[name]), copy.deepcopy(made[name]), pickle.loads(pickle.dumps(made[name]))):
            assert twin is not made[name] and twin._h.value != made[name]._h.value
    assert copy.copy(made["spec"]).to_json(all=True) == made["spec"].to_json(all=True)
    np.testing.assert_array_equal(copy.copy(made["model"]).predict(X), made["model"].predict(X))
    assert list(copy.copy(made["table"])["b"]) == ["x", None]
    for name in ("dataset", "folds", "curve", "result"):
        for make in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot be copied"):
                make(made[name])


def test_lifetime__a_data_set_keeps_its_array():
    data = mlsd.Dataset(np.arange(2000.0).reshape(-1, 2), np.arange(1000.0))
    view = data.rows(np.arange(1000))
    del data
    gc.collect()
    junk = [np.full((1000, 2), -1.0) for _ in range(50)]
    assert mlsd.Model(mlsd.Spec("standardize"), view).get("mean").tolist() == [[999.0, 1000.0]] and junk


def test_lifetime__exit_is_silent(python):
    code = (
        "import sys, mlsd, numpy as np\n"
        "X = np.arange(40.0).reshape(20, 2)\n"
        "model = mlsd.linear_model.Ridge().fit(X, X[:, 0])\n"
        "data = mlsd.Dataset(X, X[:, 0]); view = data.rows([1, 2])\n"
        "table = mlsd.Table({'a': [1.0, 2.0]})\n"
        "capsule = table.__arrow_c_stream__()\n"
        "class Cycle: pass\n"
        "cycle = Cycle(); cycle.self = cycle; cycle.model = model; cycle.capsule = table.__arrow_c_stream__()\n"
        "sys.mlsd_kept = [model, capsule, table.__arrow_c_stream__(), mlsd.Spec('ridge')]\n"
        "mlsd.set_progress(lambda *event: None)\n"
        "print('done')\n"
    )
    assert python(code) == "done"
    assert python(code + "sys.exit(3)\n", status=3) == "done"
    assert python("import atexit\n" + code + "atexit.register(lambda: model.predict(X))\n") == "done"


def test_lifetime__many_threads():
    model = mlsd.linear_model.Ridge().fit(X, Y)
    expected = model.predict(X)
    barrier, failures = threading.Barrier(8), []

    def work(number):
        try:
            barrier.wait()
            for _ in range(20):
                np.testing.assert_array_equal(model.predict(X), expected)
                fresh = mlsd.linear_model.Ridge(alpha=1.0 + number).fit(X, Y)
                assert fresh.score(X, Y) > 0.9
                with pytest.raises(ValueError, match=f"got -{number + 1}"):
                    mlsd.Spec("ridge", alpha=-(number + 1))
                if number == 0:
                    mlsd.set_threads(1 + _ % 2)
                assert len(mlsd.model_selection.cross_val_score(fresh, X, Y)) == 5
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mlsd.set_threads(0)
    assert not failures


def test_lifetime__a_few_predictions_hold_their_context(monkeypatch):
    model = mlsd.linear_model.Ridge().fit(X, Y)
    expected, real, seen = model.predict(X), _quick._predict, []

    def predict_as_another_thread_sets_threads(address, *arguments):
        context = weakref.ref(_contexts["short"])
        mlsd.set_threads(1)
        gc.collect()
        seen.append(context() is not None and context().address == address)
        return real(address, *arguments) if seen[-1] else 1

    monkeypatch.setattr(_quick, "_predict", predict_as_another_thread_sets_threads)
    np.testing.assert_array_equal(model.predict(X), expected)
    mlsd.set_threads(0)
    assert seen == [True]


def _child(queue, model):
    fitted = mlsd.linear_model.Ridge().fit(X, Y)
    scores = mlsd.model_selection.cross_val_score(mlsd.linear_model.LogisticRegression(), X, Y > 0)
    queue.put((fitted.coef_, model.predict(X), scores))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_lifetime__child_processes_work(method):
    mlsd.set_threads(2)
    model = mlsd.linear_model.Ridge().fit(X, Y)
    scores = mlsd.model_selection.cross_val_score(mlsd.linear_model.LogisticRegression(), X, Y > 0)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    children = [context.Process(target=_child, args=(queue, model)) for _ in range(3)]
    for child in children:
        child.start()
    answers = [queue.get(timeout=60) for _ in children]
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    for coef, predicted, found in answers:
        np.testing.assert_array_equal(coef, model.coef_)
        np.testing.assert_array_equal(predicted, model.predict(X))
        np.testing.assert_array_equal(found, scores)
    mlsd.set_threads(0)


def test_lifetime__a_pool_of_forked_processes():
    with multiprocessing.get_context("fork").Pool(2) as pool:
        models = pool.map(_fit_with, [0.1, 1.0, 10.0, 100.0])
    for alpha, model in zip([0.1, 1.0, 10.0, 100.0], models):
        np.testing.assert_array_equal(model.coef_, _fit_with(alpha).coef_)


def _fit_with(alpha):
    return mlsd.linear_model.Ridge(alpha=alpha).fit(X, Y)


def test_lifetime__an_interrupted_constructor_leaks_nothing(monkeypatch):
    ended = []
    real = lib.mlsd_model_free
    monkeypatch.setattr(lib, "mlsd_model_free", lambda h: (ended.append(h.value), real(h)))

    def fit_then_signal(*arguments):
        lib.mlsd_model_fit(*arguments)
        raise KeyboardInterrupt  # as when Ctrl-C comes between the end of the call and its return

    data, spec = mlsd.Dataset(X, Y), mlsd.Spec("ridge")
    with pytest.raises(KeyboardInterrupt):
        mlsd.Model._made(fit_then_signal, None, spec._h, data._h, None, None)
    gc.collect()
    assert len(ended) == 1 and ended[0]
