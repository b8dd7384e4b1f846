"""mlsd's estimators keep scikit-learn's protocol: parameters, clone, repr, pickle, Pipeline, GridSearchCV.

Witness: scikit-learn's own clone, is_classifier, Pipeline, GridSearchCV and cross_val_score.
"""

import copy
import importlib
import inspect
import pickle

import numpy as np
import pytest

import mlsd

sklearn = pytest.importorskip("sklearn")
import sklearn.base
import sklearn.compose
import sklearn.exceptions
import sklearn.linear_model
import sklearn.model_selection
import sklearn.pipeline
import sklearn.preprocessing
import sklearn.utils.validation

MODULES = ("decomposition", "discriminant_analysis", "dummy", "factorization", "impute", "isotonic", "kernel_ridge", "linear_model", "naive_bayes", "neighbors", "neural_network",
           "preprocessing", "svm", "time_series")
CLASSES = [getattr(importlib.import_module(f"mlsd.{m}"), name) for m in MODULES for name in importlib.import_module(f"mlsd.{m}").__all__
           if name[0].isupper()]
CLASSES += [mlsd.feature_selection.VarianceThreshold, mlsd.feature_selection.UnivariateSelect]
KINDS = {kind["kind"]: kind for kind in mlsd.kinds()}
# Selections around an estimator, whose parameters are not the table's alone.
AROUND = {"boruta", "knockoff_filter", "permutation_select", "rfe", "rfecv", "select_from_model", "sequential_select", "stability_selection"}
RNG = np.random.RandomState(5)
X = RNG.randn(120, 3) + 4  # above 0: some estimators count
Y = (X - 4) @ [1.0, 2.0, -1.0] + RNG.randn(120)
LABELS = np.where(Y > 0, "up", "down")


def target_of(estimator):
    if sklearn.base.is_classifier(estimator):
        return LABELS
    return np.exp(Y / 4) if estimator._more_tags().get("requires_positive_y") else Y


def columns_of(cls):
    """X, or one column for what is a curve."""
    return X[:, :1] if cls.__name__ == "IsotonicRegression" else X


def fitted(cls):
    estimator = cls()
    return estimator.fit(columns_of(cls), target_of(estimator))


def changed_parameters(cls):
    """A value that differs from the default, for each parameter that has one by the table."""
    out = {}
    for param in KINDS[cls._kind]["params"]:
        default = param["default"]
        if param["type"] == "bool":
            out[param["name"]] = not default
        elif "choices" in param:
            out[param["name"]] = next(c for c in param["choices"] if c != default)
        elif param["type"] == "int" and default is not None:
            out[param["name"]] = default + 1
        elif param["type"] == "float" and default is not None:
            out[param["name"]] = default * 0.5 + 0.01
    return out


def test_protocol__every_kind_of_estimator_has_its_class():
    expected = {k["kind"] for f in ("estimator", "transform") for k in mlsd.kinds(f)} - {
        "pipeline", "calibrated_classifier", "exponentiated_gradient", "bagging_classifier", "bagging_regressor", "snapshot_ensemble_classifier",
        "snapshot_ensemble_regressor", "augmented", "column_transform", "on_columns"}
    assert {cls._kind for cls in CLASSES} == expected - AROUND
    for kind in AROUND:
        assert getattr(mlsd.feature_selection, KINDS[kind]["traits"]["sklearn"])._kind == kind
    for cls in CLASSES:
        assert cls.__name__ == KINDS[cls._kind]["traits"]["sklearn"]


@pytest.mark.parametrize("cls", CLASSES)
def test_protocol__signature_and_docstring_come_from_the_table(cls):
    params = KINDS[cls._kind]["params"]
    signature = inspect.signature(cls)
    schedule = [slot["name"] for slot in KINDS[cls._kind]["slots"] if slot["families"] == "schedule"]
    assert list(signature.parameters) == [p["name"] for p in params] + schedule == list(cls().get_params())
    for param in params:
        default = tuple(param["default"]) if isinstance(param["default"], list) else param["default"]
        assert signature.parameters[param["name"]].default == default
        assert f"{param['name']} : " in cls.__doc__ and param["doc"] in cls.__doc__
    assert KINDS[cls._kind]["doc"] in cls.__doc__
    assert inspect.signature(cls.__init__).parameters["self"]


@pytest.mark.parametrize("cls", CLASSES)
def test_protocol__parameters(cls):
    changed = changed_parameters(cls)
    estimator = cls(**changed)
    for twin in (estimator, cls().set_params(**changed), sklearn.base.clone(estimator), copy.deepcopy(estimator),
                 pickle.loads(pickle.dumps(estimator)), eval(repr(estimator), {cls.__name__: cls})):
        assert twin.get_params() == estimator.get_params() == {**cls().get_params(), **changed}
        assert repr(twin) == repr(estimator)
    assert repr(cls()) == f"{cls.__name__}()"
    assert cls().set_params() .get_params() == cls().get_params()


@pytest.mark.parametrize("name", ["SGDClassifier", "SGDRegressor", "MLPClassifier", "MLPRegressor"])
def test_protocol__schedules(name):
    cls = getattr(mlsd.linear_model if name.startswith("SGD") else mlsd.neural_network, name)
    target = LABELS if name.endswith("Classifier") else Y
    cosine = mlsd.Spec("cosine_annealing", t_0=2)
    estimator = cls(max_iter=4, schedule=cosine)
    plain = cls(max_iter=4).fit(X, target)
    assert [estimator.spec().to_json(), "schedule" in cls().spec().to_json()] == [
        mlsd.Spec.from_json(f'{{"kind": "{cls._kind}", "max_iter": 4, "schedule": {{"kind": "cosine_annealing", "t_0": 2}}}}').to_json(), False]
    for twin in (sklearn.base.clone(estimator), pickle.loads(pickle.dumps(estimator)), cls(max_iter=4).set_params(schedule=cosine)):
        assert np.array_equal(twin.fit(X, target).loss_, estimator.fit(X, target).loss_)
        assert twin.loss_ != plain.loss_
    with pytest.raises(TypeError, match="'schedule' must be a Spec"):
        cls(schedule="cosine").fit(X, target)


@pytest.mark.parametrize("cls", CLASSES)
def test_protocol__unknown_parameters_are_refused_with_a_suggestion(cls):
    name = next(iter(cls().get_params()), "")
    wrong = name[:-1] + name[-1:] * 2 if name else "nothing"
    for call in (lambda: cls(**{wrong: 1}), lambda: cls().set_params(**{wrong: 1})):
        for kind in (TypeError, ValueError):
            with pytest.raises(kind, match=f"did you mean '{name}'" if name else wrong):
                call()
    with pytest.raises(TypeError):
        cls(1, 2, 3)


def test_protocol__values_are_checked_when_fitting():
    model = mlsd.linear_model.Ridge(alpha=-1.0)  # scikit-learn's rule: __init__ checks no values
    with pytest.raises(ValueError, match="'alpha'.*-1"):
        model.fit(X, Y)
    with pytest.raises(ValueError, match="penalty"):
        mlsd.linear_model.LogisticRegression(penalty="l7").fit(X, LABELS)


@pytest.mark.parametrize("cls", CLASSES)
def test_protocol__not_fitted(cls):
    estimator = cls()
    method = "transform" if hasattr(estimator, "transform") else "predict"
    for kind in (mlsd.NotFittedError, ValueError, AttributeError):
        with pytest.raises(kind, match="not fitted"):
            getattr(estimator, method)(X)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        sklearn.utils.validation.check_is_fitted(estimator)
    with pytest.raises(AttributeError):
        estimator.coef_
    sklearn.utils.validation.check_is_fitted(fitted(cls))


@pytest.mark.parametrize("cls", CLASSES)
def test_protocol__fitted_estimators_survive_pickle_and_deepcopy(cls):
    estimator = fitted(cls)
    columns = columns_of(cls)
    assert estimator.n_features_in_ == columns.shape[1]
    for twin in (pickle.loads(pickle.dumps(estimator)), copy.deepcopy(estimator), copy.copy(estimator)):
        method = "transform" if hasattr(estimator, "transform") else "predict"
        np.testing.assert_array_equal(getattr(twin, method)(columns), getattr(estimator, method)(columns))
    again = sklearn.base.clone(estimator)
    assert not hasattr(again, "model_")
    with pytest.raises(AttributeError, match="has no attribute|no.*nonsense"):
        estimator.nonsense_


def test_protocol__types():
    for cls in CLASSES:
        estimator = cls()
        tasks = KINDS[cls._kind]["traits"].get("tasks", [])
        assert sklearn.base.is_classifier(estimator) == ("classification" in tasks)
        assert sklearn.base.is_regressor(estimator) == ("regression" in tasks)
        assert hasattr(estimator, "transform") == bool(KINDS[cls._kind]["traits"].get("transform"))


def test_protocol__attributes_are_as_scikit_learns():
    ours = mlsd.linear_model.Ridge(alpha=3.0).fit(X, Y)
    theirs = sklearn.linear_model.Ridge(alpha=3.0).fit(X, Y)
    assert ours.coef_.shape == theirs.coef_.shape and isinstance(ours.intercept_, float)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
    assert ours.score(X, Y) == pytest.approx(theirs.score(X, Y), rel=1e-12)
    for y in (LABELS, np.digitize(Y, [-1, 1])):
        ours = mlsd.linear_model.LogisticRegression(tol=1e-9).fit(X, y)
        theirs = sklearn.linear_model.LogisticRegression(tol=1e-9, max_iter=1000).fit(X, y)
        assert ours.coef_.shape == theirs.coef_.shape and ours.intercept_.shape == theirs.intercept_.shape
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
        np.testing.assert_allclose(ours.predict_log_proba(X), np.log(ours.predict_proba(X)))
        assert ours.decision_function(X).shape == theirs.decision_function(X).shape
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        assert ours.score(X, y) == theirs.score(X, y)
        assert isinstance(ours.n_iter_, int)
    scaler = mlsd.preprocessing.StandardScaler().fit(X)
    np.testing.assert_allclose(scaler.mean_, X.mean(0))


@pytest.mark.parametrize("y", [[1.0, 2.0] * 60, [True, False] * 60, np.array([2**60, 2**60 + 1] * 60), np.array([-(2**63), 2**63 - 1] * 60),
                               list("ab" * 60), [[1], [0]] * 60],
                         ids=["float", "bool", "large", "extreme", "list", "column"])
def test_protocol__labels_come_back_as_they_were(y):
    model = mlsd.linear_model.LogisticRegression().fit(X, y)
    expected = np.unique(np.asarray(y))
    assert model.classes_.dtype == expected.dtype
    np.testing.assert_array_equal(model.classes_, expected)
    assert model.predict(X).dtype == expected.dtype


@pytest.mark.parametrize(
    "y, words",
    [
        (["a"] * 120, "every row"),
        ([0.5, 1.0] * 60, "continuous"),
        ([1.0, np.nan] * 60, "missing"),
        (["a", None] * 60, "missing"),
        (np.array(["a", 1] * 60, dtype=object), "mixes"),
        (np.zeros((120, 2)), "1 dimension"),
        ([0, 1], "120|2"),
        ([], "empty"),
    ],
)
def test_protocol__labels_that_cannot_be_used(y, words):
    with pytest.raises(ValueError, match=words):
        mlsd.linear_model.LogisticRegression().fit(X, y)


def test_protocol__wrong_numbers_of_columns():
    model = mlsd.linear_model.Ridge().fit(X, Y)
    with pytest.raises(ValueError, match="3"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match="target"):
        mlsd.linear_model.Lasso().fit(X, np.c_[Y, Y])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_protocol__grid_search_in_scikit_learns_pipeline(n_jobs):
    def search(scaler, model):
        pipe = sklearn.pipeline.Pipeline([("scale", scaler), ("model", model)])
        grid = {"model__C": [0.01, 1.0, 100.0], "scale__with_mean": [True, False]}
        return sklearn.model_selection.GridSearchCV(pipe, grid, cv=3, n_jobs=n_jobs, scoring="neg_log_loss").fit(X, LABELS)

    ours = search(mlsd.preprocessing.StandardScaler(), mlsd.linear_model.LogisticRegression(tol=1e-10))
    theirs = search(sklearn.preprocessing.StandardScaler(), sklearn.linear_model.LogisticRegression(tol=1e-10))
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-4)
    np.testing.assert_array_equal(ours.predict(X), ours.best_estimator_.predict(X))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_protocol__grid_search_over_our_pipeline(n_jobs):
    pipe = mlsd.pipeline.Pipeline([("scale", mlsd.preprocessing.StandardScaler()), ("model", mlsd.linear_model.Ridge())])
    grid = {"model__alpha": [0.1, 10.0], "model": [mlsd.linear_model.Ridge(), mlsd.linear_model.LinearRegression()]}
    search = sklearn.model_selection.GridSearchCV(pipe, {"model__alpha": grid["model__alpha"]}, cv=4, n_jobs=n_jobs).fit(X, Y)
    assert search.best_params_["model__alpha"] in (0.1, 10.0) and search.best_score_ > 0.5
    search = sklearn.model_selection.GridSearchCV(pipe, {"model": grid["model"]}, cv=4, n_jobs=n_jobs).fit(X, Y)
    assert search.best_score_ > 0.5


def test_protocol__our_pipeline():
    pipe = mlsd.pipeline.make_pipeline(
        mlsd.preprocessing.StandardScaler(), mlsd.preprocessing.StandardScaler(), mlsd.linear_model.LogisticRegression()
    )
    assert list(pipe.named_steps) == ["standardscaler-1", "standardscaler-2", "logisticregression"]
    assert sklearn.base.is_classifier(pipe) and not hasattr(pipe, "transform") and hasattr(pipe, "predict_proba")
    pipe.set_params(logisticregression__C=0.5)
    assert pipe.get_params()["logisticregression__C"] == 0.5 == pipe[-1].C
    twin = sklearn.base.clone(pipe)
    assert repr(twin) == repr(pipe) and twin[0] is not pipe[0]
    pipe.fit(X, LABELS)
    for other in (pickle.loads(pickle.dumps(pipe)), copy.deepcopy(pipe)):
        np.testing.assert_array_equal(other.predict_proba(X), pipe.predict_proba(X))
    assert set(pipe.predict(X)) == {"up", "down"} and pipe.coef_.shape == (1, 3)
    theirs = sklearn.model_selection.cross_val_score(pipe, X, LABELS)
    np.testing.assert_array_equal(mlsd.model_selection.cross_val_score(pipe, X, LABELS), theirs)
    transforms = mlsd.pipeline.make_pipeline(mlsd.impute.SimpleImputer(), mlsd.preprocessing.StandardScaler())
    assert not hasattr(transforms, "predict")
    np.testing.assert_allclose(transforms.fit_transform(X), sklearn.preprocessing.scale(X), atol=1e-12)
    assert len(transforms.get_feature_names_out()) == 3


def test_protocol__what_fit_sees_reaches_the_steps():
    """Labels of class weights and numbers of columns, in pipelines as in scikit-learn's, and around them."""
    rng = np.random.RandomState(7)
    X, y = rng.randn(120, 3), np.where(rng.rand(120) < 0.3, "rare", "usual")
    weights = {"rare": 3.0, "usual": 1.0}

    def classifier(module, **more):
        return module.LogisticRegression(class_weight=weights, tol=1e-8, **more)

    def pipeline(modules, compose, pipelines, last, columns):
        scale = compose.ColumnTransformer([("scale", modules.StandardScaler(), columns)], remainder="passthrough")
        return pipelines.make_pipeline(scale, last)

    for columns in ([0, 2], slice(1), lambda given: [given.shape[1] - 1]):
        ours = pipeline(mlsd.preprocessing, mlsd.compose, mlsd.pipeline, classifier(mlsd.linear_model), columns)
        exact = classifier(sklearn.linear_model, solver="newton-cg")  # lbfgs leaves 1e-5
        theirs = pipeline(sklearn.preprocessing, sklearn.compose, sklearn.pipeline, exact, columns)
        theirs.fit(X, y)
        for nested in (ours, mlsd.pipeline.make_pipeline(ours)):
            np.testing.assert_allclose(nested.fit(X, y).predict_proba(X), theirs.predict_proba(X), atol=1e-6)
        calibrated = mlsd.calibration.CalibratedClassifierCV(ours).fit(X, y)
        assert set(calibrated.predict(X)) <= set(y)
    unweighted = pipeline(mlsd.preprocessing, mlsd.compose, mlsd.pipeline, mlsd.linear_model.LogisticRegression(), [0, 2])
    assert len(mlsd.model_selection.cross_val_score(unweighted, X, y, cv=mlsd.model_selection.StratifiedKFold(3))) == 3
    with pytest.raises(ValueError, match="name the columns"):
        second = mlsd.compose.ColumnTransformer([("scale", mlsd.preprocessing.StandardScaler(), [0])])
        mlsd.pipeline.make_pipeline(mlsd.preprocessing.StandardScaler(), second).fit(X)


def test_protocol__classifiers_and_regressors_before_a_transform():
    """They learn from y though the pipeline, whose last step only transforms, could do without."""
    rng = np.random.RandomState(8)
    X, labels = rng.randn(90, 3), rng.randint(3, size=90)
    lda, scale = mlsd.discriminant_analysis.LinearDiscriminantAnalysis, mlsd.preprocessing.StandardScaler
    expected = scale().fit_transform(lda().fit_transform(X, labels))
    for step in (lda(), mlsd.compose.ColumnTransformer([("lda", lda(), slice(None))])):
        np.testing.assert_allclose(mlsd.pipeline.make_pipeline(step, scale()).fit(X, labels).transform(X), expected, atol=1e-12)
    curve = mlsd.isotonic.IsotonicRegression()
    found = mlsd.pipeline.make_pipeline(curve, scale()).fit(X[:, :1], X[:, 1]).transform(X[:, :1])
    np.testing.assert_allclose(found[:, 0], scale().fit_transform(curve.fit_transform(X[:, :1], X[:, 1])[:, None])[:, 0], atol=1e-12)
    with pytest.raises(ValueError, match="needs y"):
        mlsd.pipeline.make_pipeline(lda(), scale()).fit(X)


def test_protocol__pipelines_that_cannot_be():
    make = mlsd.pipeline.make_pipeline
    with pytest.raises(ValueError, match="at least one step"):
        mlsd.pipeline.Pipeline([]).fit(X, Y)
    with pytest.raises(ValueError, match="no step 'modl'"):
        make(mlsd.linear_model.Ridge()).set_params(modl__alpha=1)
    with pytest.raises(ValueError):
        make(mlsd.linear_model.Ridge(), mlsd.linear_model.Ridge()).fit(X, Y)


def test_protocol__metrics_are_scikit_learns():
    import sklearn.metrics as theirs

    ours = mlsd.metrics
    weight = RNG.rand(120)
    proba = 1 / (1 + np.exp(-Y + RNG.randn(120)))
    three = RNG.dirichlet([1, 1, 1], 120)
    classes = np.array(["a", "b", "c"])[RNG.randint(0, 3, 120)]
    for w in (None, weight):
        given = {"sample_weight": w}
        for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
            assert getattr(ours, name)(Y, proba, **given) == pytest.approx(getattr(theirs, name)(Y, proba, **given))
        assert ours.mean_squared_error(Y, proba, squared=False, **given) == pytest.approx(theirs.mean_squared_error(Y, proba, squared=False, **given))
        assert ours.accuracy_score(LABELS, classes, **given) == theirs.accuracy_score(LABELS, classes, **given)
        for name in ("log_loss", "roc_auc_score"):
            assert getattr(ours, name)(LABELS, proba, **given) == pytest.approx(getattr(theirs, name)(LABELS, proba, **given))
        assert ours.brier_score_loss(LABELS, proba, pos_label="up", **given) == pytest.approx(
            theirs.brier_score_loss(LABELS, proba, pos_label="up", **given)
        )
        assert ours.log_loss(classes, three, **given) == pytest.approx(theirs.log_loss(classes, three, **given))
    assert ours.roc_auc_score(classes, three, multi_class="ovr") == pytest.approx(theirs.roc_auc_score(classes, three, multi_class="ovr"))
    few = np.array(["a", "c"] * 60)
    assert ours.log_loss(few, three, labels=["c", "a", "b"]) == pytest.approx(theirs.log_loss(few, three, labels=["a", "b", "c"]))
    with pytest.raises(ValueError, match="labels argument"):
        ours.log_loss(few, three)
    with pytest.raises(ValueError, match="'c'.*, which is none of the labels"):
        ours.log_loss(few, proba, labels=["a", "b"])
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[2, 1\]"):
        ours.accuracy_score([1, 2], [1])
    value, low, high = mlsd.score("accuracy", [0, 1, 1, 0] * 9, [0, 1, 1, 1] * 9)
    assert low < value == 0.75 < high
