"""Python objects with fit and predict as estimators of the library: scikit-learn's, and classes of the user's own.

Witness: scikit-learn's own pipelines and cross-validation, and what the objects themselves saw.
"""

import copy
import gc
import os
import pickle
import signal
import threading
import weakref

import numpy as np
import pytest

import mlsd
from mlsd import _custom
from mlsd.impute import SimpleImputer
from mlsd.linear_model import LogisticRegression, Ridge
from mlsd.model_selection import KFold, StratifiedKFold, cross_val_score, cross_validate
from mlsd.pipeline import Pipeline, make_pipeline
from mlsd.preprocessing import StandardScaler

pytest.importorskip("sklearn")
import sklearn.calibration
import sklearn.decomposition
import sklearn.linear_model
import sklearn.model_selection
import sklearn.pipeline
import sklearn.preprocessing
import sklearn.svm
import sklearn.tree
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

RNG = np.random.RandomState(11)
X = RNG.randn(240, 4)
Y = X[:, 0] + X[:, 1] * X[:, 2] + 0.1 * RNG.randn(240)
LABELS = np.where(Y > 0, "up", "down")
THREE = np.digitize(Y, [-0.7, 0.7])


class Own:
    """The mean of y, or the most frequent class; a list of what happened."""

    log = []

    def __init__(self, kind="regressor", fails_at=None, error=None):
        self._estimator_type, self.fails_at, self.error = kind, fails_at, error

    def fit(self, X, y):
        self.log.append((self, threading.get_ident(), X, y))
        if len(self.log) == self.fails_at:
            raise self.error()
        self.answer = y.mean() if self._estimator_type == "regressor" else np.bincount(y).argmax()
        return self

    def predict(self, X):
        return np.full(len(X), self.answer)


@pytest.fixture(autouse=True)
def tidy():
    Own.log.clear()
    yield
    Own.log.clear()
    gc.collect()
    assert _custom._kinds == {}


def pair(ours, theirs, model):
    return make_pipeline(ours, model), sklearn.pipeline.make_pipeline(theirs, copy.deepcopy(model))


@pytest.mark.parametrize("y", [LABELS, THREE, THREE == 1], ids=["text", "three", "truth"])
def test_custom__a_tree_in_our_pipeline_is_as_in_scikit_learns(y):
    ours, theirs = pair(StandardScaler(), sklearn.preprocessing.StandardScaler(), DecisionTreeClassifier(max_depth=3, random_state=0))
    ours.fit(X, y), theirs.fit(X, y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    np.testing.assert_array_equal(ours.predict_proba(X[3:4]), theirs.predict_proba(X[3:4]))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert not hasattr(ours, "decision_function") and sklearn.base.is_classifier(ours)
    for scoring in ("accuracy", "neg_log_loss", "roc_auc_ovr"):
        expected = sklearn.model_selection.cross_val_score(theirs, X, y, scoring=scoring)
        np.testing.assert_allclose(cross_val_score(ours, X, y, scoring=scoring), expected, rtol=1e-12)
    assert not hasattr(ours.steps[-1][1], "tree_")  # each fit learns on a copy


def test_custom__regressors_and_decisions():
    ours, theirs = pair(SimpleImputer(), sklearn.preprocessing.StandardScaler(with_mean=False, with_std=False), DecisionTreeRegressor(max_depth=4, random_state=0))
    np.testing.assert_array_equal(ours.fit(X, Y).predict(X), theirs.fit(X, Y).predict(X))
    np.testing.assert_allclose(cross_val_score(ours, X, Y, cv=KFold(4)), cross_val_score(theirs, X, Y, cv=KFold(4)), rtol=1e-12)
    for y in (LABELS, THREE):
        svm = make_pipeline(StandardScaler(), sklearn.svm.SVC(random_state=0))
        witness = sklearn.svm.SVC(random_state=0).fit(StandardScaler().fit_transform(X), y)
        np.testing.assert_allclose(svm.fit(X, y).decision_function(X), witness.decision_function(StandardScaler().fit_transform(X)))
        assert not hasattr(svm, "predict_proba")


def test_custom__transforms_before_our_models():
    for transform in (sklearn.decomposition.PCA(2), sklearn.preprocessing.PolynomialFeatures(2), sklearn.preprocessing.KBinsDiscretizer(3, subsample=None)):
        ours = make_pipeline(transform, Ridge())
        made = copy.deepcopy(transform).fit(X).transform(X)
        made = made.toarray() if hasattr(made, "toarray") else made
        np.testing.assert_array_equal(ours.fit(X, Y).coef_, Ridge().fit(made, Y).coef_)
        np.testing.assert_array_equal(ours.predict(X), Ridge().fit(made, Y).predict(made))
    alone = make_pipeline(StandardScaler(), sklearn.decomposition.PCA(2)).fit(X)
    scaled = StandardScaler().fit_transform(X)
    expected = sklearn.decomposition.PCA(2).fit(scaled).transform(scaled)
    np.testing.assert_array_equal(alone.transform(X), expected)
    assert list(alone.get_feature_names_out()) == ["python:PCA0", "python:PCA1"]


@pytest.mark.parametrize("n_threads", [1, 4])
def test_custom__each_fold_has_an_object_of_its_own_on_the_calling_thread(n_threads):
    model = Own()
    mlsd.set_threads(n_threads)
    try:
        scores = cross_val_score(make_pipeline(StandardScaler(), model), X, Y, cv=KFold(6))
    finally:
        mlsd.set_threads(0)
    np.testing.assert_allclose(scores, sklearn.model_selection.cross_val_score(mlsd.dummy.DummyRegressor(), X, Y, cv=6), rtol=1e-12)
    assert len({id(one) for one, *_ in Own.log} | {id(model)}) == 7 and not hasattr(model, "answer")
    assert {thread for _, thread, _, _ in Own.log} == {threading.get_ident()}
    for _, _, rows, y in Own.log:
        assert rows.flags.owndata or rows.base is not None
        assert rows.shape == (200, 4) and abs(rows.mean(0)).max() < 1e-12 and np.isin(y, Y).all()


class Trouble(Exception):
    pass


def test_custom__what_fit_raises_comes_out():
    error = Trouble("in the third fold")
    failing = lambda: make_pipeline(StandardScaler(), Own(fails_at=len(Own.log) + 3, error=lambda: error))
    with pytest.warns(mlsd.FitFailedWarning, match="1 fits failed out of a total of 5.*in the third fold"):
        scores = cross_val_score(failing(), X, Y, cv=KFold(5))
    assert np.isnan(scores).sum() == 1
    with pytest.raises(Trouble) as info:
        cross_validate(failing(), X, Y, cv=KFold(5), error_score="raise")
    assert info.value is error
    with pytest.raises(Trouble) as info:
        make_pipeline(StandardScaler(), Own(fails_at=len(Own.log) + 1, error=lambda: error)).fit(X, Y)
    assert info.value is error and isinstance(error.__cause__, mlsd.DataError)
    assert "python:Own: fit: Trouble: in the third fold" in str(error.__cause__)
    always = type("Always", (Own,), {"fit": lambda self, X, y: 1 / 0})
    with pytest.raises(ValueError, match="All the 5 fits failed") as info:
        cross_val_score(make_pipeline(StandardScaler(), always()), X, Y)
    assert isinstance(info.value.__cause__, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        mlsd.run({"x": X[:, 0], "y": Y}, "y", models={"own": always()}, n_splits=3)
    info = None
    error.__traceback__ = error.__cause__ = None


def test_custom__a_step_before_several_targets():
    rows = RNG.randn(2500, 3)  # several blocks
    targets = rows @ RNG.randn(3, 2)
    own = make_pipeline(sklearn.preprocessing.StandardScaler(), Ridge()).fit(rows, targets)
    built_in = make_pipeline(StandardScaler(), Ridge()).fit(rows, targets)
    np.testing.assert_allclose(own.predict(rows), built_in.predict(rows), rtol=1e-9, atol=1e-9)


def test_custom__what_predict_gives_is_checked():
    def predicting(answer):
        return type("Odd", (Own,), {"predict": lambda self, X: answer(X)})

    for answer, kind, words in (
        (lambda X: np.zeros((len(X), 2)), ValueError, r"gave an array of shape \(240, 2\), expected \(240, 1\)"),
        (lambda X: X[:5, 0], ValueError, r"shape \(5, 1\), expected \(240, 1\)"),
        (lambda X: np.full(len(X), np.nan), mlsd.DataError, "python:Odd: predict gave nan for row 0, which is not finite"),
        (lambda X: {}[len(X)], KeyError, "240"),
    ):
        model = make_pipeline(StandardScaler(), predicting(answer)()).fit(X, Y)
        with pytest.raises(kind, match=words):
            model.predict(X)
    model = make_pipeline(StandardScaler(), predicting(lambda X: np.full(len(X), 7))("classifier")).fit(X, THREE)
    with pytest.raises(mlsd.DataError, match="gave 7 for row 0, which is no class number"):
        model.predict(X)


def test_custom__interrupts_stop_everything():
    pressed = type("Pressed", (Own,), {"fit": lambda self, X, y: (Own.log.append(0), os.kill(os.getpid(), signal.SIGINT), [_ for _ in range(10**6)])})

    def raise_it(self, X, y):
        Own.log.append(0)
        raise KeyboardInterrupt

    raised = type("Raised", (Own,), {"fit": raise_it})
    before = signal.getsignal(signal.SIGINT)
    for cls in (pressed, raised):
        for run in (
            lambda model: cross_val_score(model, X, Y, cv=KFold(8)),
            lambda model: model.fit(X, Y),
            lambda model: mlsd.leaderboard({"a": model, "b": mlsd.dummy.DummyRegressor()}, mlsd.Dataset(X, Y), KFold(3).folds(X, Y), "rmse"),
        ):
            Own.log.clear()
            with pytest.raises(KeyboardInterrupt):
                run(make_pipeline(StandardScaler(), cls()))
            assert Own.log == [0]
    assert signal.getsignal(signal.SIGINT) is before
    assert Ridge().fit(X, Y).score(X, Y) > 0.1


def test_custom__weights_reach_who_takes_them():
    weight = RNG.rand(240)
    for model in (DecisionTreeRegressor(max_depth=2, random_state=0), sklearn.linear_model.Ridge()):
        ours = make_pipeline(SimpleImputer(), model).fit(X, Y, weight)
        np.testing.assert_array_equal(ours.predict(X), copy.deepcopy(model).fit(X, Y, sample_weight=weight).predict(X))
    with pytest.raises(TypeError, match="Own.fit takes no sample_weight"):
        make_pipeline(SimpleImputer(), Own()).fit(X, Y, weight)


def test_custom__a_class_that_a_fold_lacks():
    y = np.where(np.arange(240) < 120, THREE, 3)
    cv = [(np.arange(120), np.arange(100, 240)), (np.arange(60, 240), np.arange(60))]
    folds = mlsd.model_selection.check_cv(cv)
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=2, random_state=0))
    spec, data = model.spec(), model.dataset(X, y)
    result = mlsd.cross_validate(spec, data, folds.folds(X, y) if hasattr(folds, "folds") else KFold(2).folds(X, y), ["accuracy", "log_loss"])
    assert (result.table("folds")["status"] == "ok").all()


def test_custom__fitted_pipelines_are_saved(tmp_path):
    model = make_pipeline(sklearn.decomposition.PCA(3), StandardScaler(), DecisionTreeClassifier(max_depth=3, random_state=0)).fit(X, THREE)
    expected = model.predict_proba(X)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model))))):
        np.testing.assert_array_equal(twin.predict_proba(X), expected)
    model.model_.save(tmp_path / "model")
    with pytest.raises(mlsd.ParameterError, match="no kind 'python:PCA'.*an estimator of your own"):
        mlsd.Model.load(tmp_path / "model")
    again = mlsd.Model.load(tmp_path / "model", like=model)
    np.testing.assert_array_equal(again.predict(X, 2), expected)
    np.testing.assert_array_equal(mlsd.Model.from_bytes(model.model_.to_bytes(), like=model.spec()).predict(X, 2), expected)
    data = bytearray(model.model_.to_bytes())
    data[-40] ^= 1
    with pytest.raises(mlsd.FormatError):
        mlsd.Model.from_bytes(bytes(data), like=model)


def test_custom__parameters_are_the_objects_own():
    model = make_pipeline(DecisionTreeClassifier(max_depth=3, ccp_alpha=0.5, random_state=0))
    spec = model.spec()
    assert '"ccp_alpha": 0.5' in spec.to_json(all=True) and '"criterion": "gini"' in spec.to_json(all=True)
    spec.set("decisiontreeclassifier.max_depth", 1)
    spec.set("decisiontreeclassifier.ccp_alpha", 0.0)
    with pytest.raises(mlsd.ParameterError, match="has no parameter 'max_dept'; did you mean 'max_depth'"):
        spec.set("decisiontreeclassifier.max_dept", 1)
    data = model.dataset(X, THREE)
    expected = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, THREE).predict_proba(X)
    np.testing.assert_array_equal(mlsd.Model(spec, data).predict(X, 2), expected)
    for twin in (pickle.loads(pickle.dumps(spec)), spec.clone(), mlsd.Spec.from_json(spec.to_json(), spec._kinds)):
        assert twin.to_json() == spec.to_json()
        np.testing.assert_array_equal(mlsd.Model(twin, data).predict(X, 2), expected)
    search = sklearn.model_selection.GridSearchCV(model, {"decisiontreeclassifier__max_depth": [1, 4], "decisiontreeclassifier__ccp_alpha": [0.0]}, cv=3).fit(X, THREE)
    assert search.best_params_["decisiontreeclassifier__max_depth"] == 4
    model.set_params(decisiontreeclassifier__max_depth=2)
    assert model[0].max_depth == 2 and sklearn.base.clone(model)[0] is not model[0]


def test_custom__objects_of_one_class_keep_apart():
    steps = [("a", sklearn.decomposition.PCA(3)), ("b", sklearn.decomposition.PCA(1)), ("c", DecisionTreeRegressor(max_depth=2, random_state=0))]
    ours, theirs = Pipeline(steps).fit(X, Y), sklearn.pipeline.Pipeline(copy.deepcopy(steps)).fit(X, Y)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).predict(X), theirs.predict(X))
    assert '"python:PCA-2"' in ours.spec().to_json()


@pytest.mark.parametrize("y", [LABELS, THREE], ids=["two", "three"])
def test_custom__calibrated(y):
    tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    ours = mlsd.calibration.CalibratedClassifierCV(tree, cv=3).fit(X, y)
    theirs = sklearn.calibration.CalibratedClassifierCV(tree, cv=3).fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=2e-3)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).predict_proba(X), ours.predict_proba(X))
    inside = make_pipeline(StandardScaler(), mlsd.calibration.CalibratedClassifierCV(make_pipeline(sklearn.decomposition.PCA(3), tree), cv=3))
    assert np.isfinite(cross_val_score(inside, X, y, scoring="neg_log_loss")).all()


def test_custom__in_the_main_job_and_on_the_leaderboard():
    table = {"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "g": np.where(X[:, 3] > 0, "u", "v"), "y": LABELS}
    trees = {f"tree {d}": make_pipeline(mlsd.preprocessing.OneHotEncoder(), DecisionTreeClassifier(max_depth=d, random_state=0)) for d in (1, 6)}
    models = {"constant": mlsd.dummy.DummyClassifier(), **trees}
    result = mlsd.run(table, "y", models=models, metric="roc_auc", n_splits=4, slices=["g"])
    assert list(result.table("leaderboard")["model"]) == list(models) and result.text("chosen").startswith("tree")
    assert (result.table("leaderboard")["model_bytes"] > 0).all()
    chosen = result.model()
    assert chosen.predict(mlsd.Dataset.from_table(mlsd.Table({k: v for k, v in table.items() if k != "y"})), 2).shape == (240, 2)
    assert mlsd.run(table, spec=mlsd.complete(table, "y", models=models, metric="roc_auc", n_splits=4, slices=["g"])).verdict == result.verdict
    board = mlsd.leaderboard(models, LogisticRegression().dataset(X, LABELS), StratifiedKFold(3).folds(X, LABELS), "accuracy")
    assert board.text("chosen") in models


def test_custom__what_cannot_be_pickled_is_compared_all_the_same():
    class Local(Own):
        pass

    models = {"constant": mlsd.dummy.DummyRegressor(), "own": make_pipeline(StandardScaler(), Local())}
    result = mlsd.run({"x": X[:, 0], "z": X[:, 1], "y": Y}, "y", models=models, n_splits=3)
    assert list(result.table("leaderboard")["n_splits"]) == [3, 3] and result.table("leaderboard")["model_bytes"][1] == 0
    own = make_pipeline(StandardScaler(), Local()).fit(X, Y)
    with pytest.raises((pickle.PicklingError, AttributeError), match="Local"):
        pickle.dumps(own)
    with pytest.raises((pickle.PicklingError, AttributeError), match="Local"):
        own.model_.to_bytes()


def test_custom__mlsd_within_a_callback():
    class Within(Own):
        def fit(self, X, y):
            self.answer = Ridge().fit(X, y)
            return self

        def predict(self, X):
            return self.answer.predict(X)

    np.testing.assert_array_equal(make_pipeline(SimpleImputer(), Within()).fit(X, Y).predict(X), Ridge().fit(X, Y).predict(X))
    wrong = type("Wrong", (Own,), {"fit": lambda self, X, y: Ridge(alpha=-1.0).fit(X, y)})
    with pytest.raises(mlsd.ParameterError, match="'alpha' must be in"):
        make_pipeline(SimpleImputer(), wrong()).fit(X, Y)


def test_custom__nothing_is_kept():
    class Kept(Own):
        pass

    made = []
    fit = Kept.fit
    Kept.fit = lambda self, X, y: (made.append(weakref.ref(self)), fit(self, X, y))[1]
    model = make_pipeline(StandardScaler(), Kept())
    cross_val_score(model, X, Y)
    failing = make_pipeline(StandardScaler(), Kept(fails_at=len(Own.log) + 2, error=lambda: ValueError("once")))
    with pytest.warns(mlsd.FitFailedWarning):
        cross_val_score(failing, X, Y)
    model.fit(X, Y)
    assert len(made) == 11
    Own.log.clear()
    gc.collect()
    assert sum(ref() is not None for ref in made) == 1  # the one in model_
    del model, failing
    gc.collect()
    assert all(ref() is None for ref in made)


def test_custom__what_cannot_be_a_step():
    for step in (object(), 3, DecisionTreeClassifier):
        with pytest.raises(TypeError, match="an estimator has fit and predict, or fit and transform"):
            make_pipeline(StandardScaler(), step).fit(X, Y)
    with pytest.raises(TypeError, match="a step before the last must have transform"):
        make_pipeline(DecisionTreeRegressor(), Ridge()).fit(X, Y)


def test_custom__a_program_ends_with_models_alive(python):
    python("""
import numpy as np, mlsd
from mlsd.pipeline import make_pipeline
class Mean:
    def fit(self, X, y): self.m = y.mean()
    def predict(self, X): return np.full(len(X), self.m)
model = make_pipeline(mlsd.preprocessing.StandardScaler(), Mean()).fit(np.eye(4), np.arange(4.0))
kept = [model, model.spec(), model.model_]
""")
