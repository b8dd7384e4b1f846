"""cross_validate and cross_val_score: scikit-learn's numbers, in the library and in the Python loop.

Witness: scikit-learn's cross_validate with its own estimators on the same folds.
"""

import warnings

import numpy as np
import pytest

import mlsd
from mlsd import linear_model, model_selection
from mlsd.pipeline import make_pipeline
from mlsd.preprocessing import StandardScaler

sklearn = pytest.importorskip("sklearn")
import sklearn.linear_model
import sklearn.model_selection
import sklearn.pipeline
import sklearn.preprocessing

RNG = np.random.RandomState(11)
X = RNG.randn(240, 4)
Y = X @ [1.0, -2.0, 0.5, 0.0] + RNG.randn(240)
LABELS = np.where(Y > 0.3, "yes", "no")
THREE = np.digitize(Y, [-1, 1])
REGRESSION = ["r2", "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error"]
CLASSIFICATION = ["accuracy", "roc_auc", "neg_log_loss", "neg_brier_score"]


def assert_same_scores(ours, theirs, rtol=1e-9):
    names = {name for name in theirs if name.startswith(("test_", "train_"))}
    assert names == {name for name in ours if name.startswith(("test_", "train_"))}
    for name in names:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=rtol, err_msg=name)
    assert ours["fit_time"].shape == ours["score_time"].shape == theirs["fit_time"].shape


@pytest.mark.parametrize("cv", [None, 3, "splitter", "theirs", "given"])
@pytest.mark.parametrize("train", [False, True])
def test_cross_validation__regression(cv, train):
    cvs = {
        "splitter": [m.KFold(4, shuffle=True, random_state=9) for m in (model_selection, sklearn.model_selection)],
        "theirs": [sklearn.model_selection.ShuffleSplit(3, random_state=1)] * 2,
        "given": [list(sklearn.model_selection.TimeSeriesSplit(3).split(X))] * 2,
    }.get(cv, [cv, cv])
    given = {"scoring": REGRESSION, "return_train_score": train}
    ours = model_selection.cross_validate(linear_model.Ridge(alpha=2.0), X, Y, cv=cvs[0], **given)
    theirs = sklearn.model_selection.cross_validate(sklearn.linear_model.Ridge(alpha=2.0), X, Y, cv=cvs[1], **given)
    assert_same_scores(ours, theirs)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("cv", [None, "splitter"])
def test_cross_validation__classification(cv, train):
    cvs = [cv and m.StratifiedKFold(6, shuffle=True, random_state=2) for m in (model_selection, sklearn.model_selection)]
    given = {"scoring": CLASSIFICATION, "return_train_score": train}
    labels = LABELS == "yes"  # scikit-learn's Brier scorer takes no texts
    ours = model_selection.cross_validate(
        make_pipeline(StandardScaler(), linear_model.LogisticRegression(tol=1e-10)), X, labels, cv=cvs[0], **given
    )
    pipe = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), sklearn.linear_model.LogisticRegression(tol=1e-7, solver="newton-cg")
    )
    theirs = sklearn.model_selection.cross_validate(pipe, X, labels, cv=cvs[1], **given)
    assert_same_scores(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("y", [LABELS, THREE, list(LABELS), LABELS.astype(object)], ids=["U", "three", "list", "O"])
def test_cross_validation__labels_of_any_kind(y):
    fast = linear_model.LogisticRegression(tol=1e-10)
    theirs = sklearn.model_selection.cross_val_score(sklearn.linear_model.LogisticRegression(tol=1e-10), X, y)
    in_library = model_selection.cross_val_score(fast, X, y)
    in_python = model_selection.cross_val_score(fast, X, y, scoring=lambda e, X, y: e.score(X, y))
    np.testing.assert_array_equal(in_library, in_python)
    np.testing.assert_allclose(in_library, theirs, atol=1 / 48 + 1e-9)  # one row on the border may differ


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "neg_log_loss", "neg_brier_score"])
def test_cross_validation__the_library_and_the_loop_agree(scoring):
    model = linear_model.LogisticRegression(tol=1e-14, max_iter=1000)  # fits of all folds at once begin elsewhere
    for y in (LABELS, THREE):
        in_library = model_selection.cross_val_score(model, X, y, scoring=scoring)
        in_python = model_selection.cross_validate(model, X, y, scoring=scoring, return_estimator=True)
        np.testing.assert_allclose(in_library, in_python["test_score"], rtol=1e-10)
        assert len(in_python["estimator"]) == 5 and in_python["estimator"][0] is not model


def test_cross_validation__names_of_the_columns():
    model = linear_model.Ridge()
    for scoring in (None, "r2", ["r2"], {"mine": "r2", "other": lambda e, X, y: 1.0}, lambda e, X, y: 0.5):
        ours = model_selection.cross_validate(model, X, Y, scoring=scoring)
        theirs = sklearn.model_selection.cross_validate(
            sklearn.linear_model.Ridge(), X, Y, scoring=scoring if not isinstance(scoring, dict) else dict(scoring)
        )
        assert_same_scores(ours, theirs)


def test_cross_validation__scikit_learns_estimators_and_fit_parameters():
    weight = RNG.rand(240)
    given = {"cv": 4, "fit_params": {"sample_weight": weight}}
    theirs = sklearn.model_selection.cross_val_score(sklearn.linear_model.Ridge(), X, Y, **given)
    for model in (sklearn.linear_model.Ridge(), linear_model.Ridge()):
        np.testing.assert_allclose(model_selection.cross_val_score(model, X, Y, **given), theirs, rtol=1e-9)
    pipe = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), linear_model.Ridge())
    np.testing.assert_allclose(
        model_selection.cross_val_score(pipe, X, Y), sklearn.model_selection.cross_val_score(pipe, X, Y), rtol=1e-12
    )
    scorer = sklearn.metrics.make_scorer(sklearn.metrics.max_error)
    np.testing.assert_allclose(
        model_selection.cross_val_score(linear_model.Ridge(), X, Y, scoring=scorer),
        sklearn.model_selection.cross_val_score(sklearn.linear_model.Ridge(), X, Y, scoring=scorer),
    )


def test_cross_validation__frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"), index=np.arange(240) * 3)
    target = pd.Series(Y, index=frame.index)
    expected = model_selection.cross_val_score(linear_model.Ridge(), X, Y)
    np.testing.assert_array_equal(model_selection.cross_val_score(linear_model.Ridge(), frame, target), expected)
    loop = model_selection.cross_val_score(linear_model.Ridge(), frame, target, scoring=lambda e, X, y: e.score(X, y))
    np.testing.assert_allclose(loop, expected, rtol=1e-12)
    columns = {name: frame[name].to_numpy() for name in frame}
    np.testing.assert_array_equal(model_selection.cross_val_score(linear_model.Ridge(), columns, Y), expected)


class Fails:
    """An estimator that fails on some folds."""

    def __init__(self, limit=0.0):
        self.limit = limit

    def get_params(self, deep=True):
        return {"limit": self.limit}

    def fit(self, X, y):
        if X[0, 0] > self.limit:
            raise ValueError("too large")
        return self

    def predict(self, X):
        return np.zeros(len(X))


def test_cross_validation__folds_that_fail():
    data = np.arange(20.0)[:, None]
    with pytest.warns(mlsd.FitFailedWarning, match="1 fits failed out of a total of 2.* too large"):
        scores = model_selection.cross_val_score(Fails(5.0), data, np.arange(20.0), cv=2, scoring="r2", error_score=-7.0)
    assert scores[0] == -7.0 and np.isfinite(scores[1])
    with pytest.raises(ValueError, match="too large"):
        model_selection.cross_val_score(Fails(5.0), data, np.arange(20.0), cv=2, scoring="r2", error_score="raise")
    with pytest.raises(ValueError, match="every fold failed"):
        model_selection.cross_val_score(Fails(-1.0), data, np.arange(20.0), cv=2, scoring="r2")


def test_cross_validation__folds_that_fail_in_the_library():
    X = np.ones((20, 1)) * np.arange(20)[:, None]
    X[3] = np.nan
    y = np.arange(20.0)
    cv = [(np.arange(10), np.arange(10, 20)), (np.arange(10, 20), np.arange(4, 10))]
    with pytest.raises(ValueError):
        model_selection.cross_val_score(linear_model.Ridge(), X, y, cv=4)
    with pytest.warns(mlsd.FitFailedWarning):
        scores = model_selection.cross_val_score(linear_model.Ridge(), X, y, cv=cv)
    assert np.isnan(scores[0]) and np.isfinite(scores[1])
    split = model_selection.TimeSeriesSplit(2, max_train_size=3, test_size=8)
    with pytest.warns(mlsd.FitFailedWarning, match="1 fits failed out of a total of 2"):
        scores = model_selection.cross_val_score(linear_model.Ridge(), X, y, cv=split)
    assert np.isnan(scores[0]) and np.isfinite(scores[1])
    with pytest.raises(ValueError):
        model_selection.cross_val_score(linear_model.Ridge(), X, y, cv=split, error_score="raise")


def test_cross_validation__what_cannot_be_done_is_said():
    for scoring in ("acuracy", ["r2", "nope"]):
        with pytest.raises(ValueError, match="is not a scorer"):
            model_selection.cross_validate(linear_model.Ridge(), X, Y, scoring=scoring)
    with pytest.raises(ValueError, match="cross_validate takes several"):
        model_selection.cross_val_score(linear_model.Ridge(), X, Y, scoring=["r2"])
    with pytest.raises(ValueError, match="alpha"):
        model_selection.cross_val_score(linear_model.Ridge(alpha=-1), X, Y)


def test_cross_validation__leaves_the_estimator_alone():
    model = linear_model.Ridge()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model_selection.cross_val_score(model, X, Y)
    assert not hasattr(model, "model_")


def test_cross_validation__threads_do_not_change_scores():
    try:
        found = []
        for n in (1, 2, 7):
            mlsd.set_threads(n)
            assert mlsd.get_threads() == n
            found.append(model_selection.cross_val_score(linear_model.LogisticRegression(), X, THREE, cv=7, scoring="neg_log_loss"))
        np.testing.assert_array_equal(found[0], found[1])
        np.testing.assert_array_equal(found[0], found[2])
    finally:
        mlsd.set_threads(0)


def by_the_loop(model, X, y, **given):
    return model_selection.cross_validate(model, X, y, return_estimator=True, **given)["test_score"]


@pytest.mark.parametrize("y", [Y, THREE, Y > 0, THREE.astype(np.int8)], ids=["numbers", "classes", "truths", "small"])
@pytest.mark.parametrize("cv", [None, 4, "shuffled", "stratified"])
def test_cross_val_score__small_data_again_and_again(y, cv):
    """What is kept from call to call (specs, folds) is told apart from what it is not."""
    of_classes = y is not Y
    cv = {
        "shuffled": model_selection.KFold(6, shuffle=True, random_state=3),
        "stratified": model_selection.StratifiedKFold(3, shuffle=True, random_state=5),
    }.get(cv, cv)
    if not of_classes and type(cv) is model_selection.StratifiedKFold:
        return
    kind, name = (linear_model.LogisticRegression, "C") if of_classes else (linear_model.Ridge, "alpha")
    for rows in (240, 239, 240):
        for value in (1.0, 1, 50.0):
            for model in (kind(**{name: value}), make_pipeline(StandardScaler(), kind(**{name: value}))):
                for labels in (y, y[::-1].copy()):
                    found = [model_selection.cross_val_score(model, X[:rows], labels[:rows], cv=cv) for _ in range(3)]
                    wanted = by_the_loop(model, X[:rows], labels[:rows], cv=cv)
                    for one in found:
                        np.testing.assert_allclose(one, wanted, rtol=1e-9)


def test_cross_val_score__what_changes_between_calls_is_seen():
    model, labels = linear_model.Ridge(), (Y > 0).astype(int)
    first = model_selection.cross_val_score(model, X, Y, cv=8)
    model.set_params(alpha=1000.0)
    second = model_selection.cross_val_score(model, X, Y, cv=8)
    np.testing.assert_allclose(second, by_the_loop(model, X, Y, cv=8), rtol=1e-9)
    assert (first != second).all()
    moved = X.copy()
    model_selection.cross_val_score(model, moved, Y, cv=8)
    moved[:, 0] = 0
    np.testing.assert_allclose(model_selection.cross_val_score(model, moved, Y, cv=8), by_the_loop(model, moved, Y, cv=8), rtol=1e-9)
    drawn = model_selection.KFold(8, shuffle=True, random_state=np.random.RandomState(0))
    assert (model_selection.cross_val_score(model, X, Y, cv=drawn) != model_selection.cross_val_score(model, X, Y, cv=drawn)).any()
    rare = np.where(np.arange(240) < 3, 1, 0)
    for _ in range(2):
        with pytest.warns(UserWarning, match="fewer than n_splits"):
            model_selection.cross_val_score(linear_model.LogisticRegression(), X, rare)
        with pytest.warns(mlsd.FitFailedWarning):
            model_selection.cross_val_score(linear_model.LogisticRegression(), X, np.sort(labels), cv=model_selection.KFold(2))
        with pytest.raises(ValueError, match="alpha"):
            model_selection.cross_val_score(linear_model.Ridge(alpha=-1.0), X, Y, cv=8)
        with pytest.raises(ValueError, match="fits failed"):
            model_selection.cross_val_score(linear_model.Ridge(), np.full_like(X, np.nan), Y, cv=8)
    weighted = linear_model.LogisticRegression(class_weight={0: 1.0, 1: 5.0})
    for _ in range(2):
        np.testing.assert_allclose(
            model_selection.cross_val_score(weighted, X, labels, scoring="neg_log_loss"),
            by_the_loop(weighted, X, labels, scoring="neg_log_loss"), rtol=1e-9,
        )
    for texts in (LABELS.astype(object), LABELS[::-1].astype(object)):
        for _ in range(2):
            np.testing.assert_array_equal(
                model_selection.cross_val_score(linear_model.LogisticRegression(), X, texts), by_the_loop(linear_model.LogisticRegression(), X, texts)
            )
    frozen = X.copy()
    frozen.flags.writeable = False
    for given in (frozen, np.asfortranarray(X), X[:, ::-1], X.astype(np.float32), X.tolist()):
        np.testing.assert_allclose(
            model_selection.cross_val_score(model, given, Y, cv=8), by_the_loop(model, np.asarray(given, float), Y, cv=8), rtol=1e-6
        )


def test_cross_val_score__small_data_follows_the_numerics():
    model = linear_model.Ridge()
    for _ in range(2):
        fast = model_selection.cross_val_score(model, X, Y, cv=8)
    mlsd.set_numerics("exact")
    try:
        exact = model_selection.cross_val_score(model, X, Y, cv=8)
        np.testing.assert_allclose(exact, by_the_loop(model, X, Y, cv=8), rtol=1e-13)
        np.testing.assert_array_equal(exact, model_selection.cross_validate(model, X, Y, cv=8)["test_score"])
    finally:
        mlsd.set_numerics("fast")
    np.testing.assert_allclose(exact, fast, rtol=1e-12)


def test_small_data__what_the_library_remarks_is_heard(caplog):
    twice = np.column_stack([X, X[:, 0]])
    with caplog.at_level("INFO", logger="mlsd"):
        linear_model.LinearRegression().fit(twice, Y)
        assert any("column" in record.message for record in caplog.records)
        caplog.clear()
        slow = linear_model.LogisticRegression(max_iter=1)
        for _ in range(3):
            model_selection.cross_val_score(slow, X, (Y > 0).astype(int))
            assert len(caplog.records) >= 1
            caplog.clear()


def test_validate__one_door_for_all_kinds():
    spec = mlsd.Spec("cross_validate", metrics=["r2"])
    spec.add("estimators", linear_model.Ridge().spec(), "ridge")
    spec.add("estimators", make_pipeline(StandardScaler(), linear_model.Ridge(alpha=9.0)).spec(), "scaled")
    result = mlsd.validate(spec, mlsd.Dataset(X, Y), model_selection.KFold(4).folds(X))
    table = result.table("folds")
    np.testing.assert_allclose(table["r2"][:4], model_selection.cross_val_score(linear_model.Ridge(), X, Y, cv=4), rtol=1e-10)
    assert list(table["model"]) == ["ridge"] * 4 + ["scaled"] * 4
    assert len(mlsd.validate(spec, mlsd.Dataset(X, Y)).table("folds")["fold"]) == 10


def test_numerics__exact_fits_agree_with_fast_ones_and_hold_for_new_calls_only():
    model = linear_model.Ridge()
    assert mlsd.get_numerics() == "fast"
    fast = model.fit(X, Y).coef_.copy()
    mlsd.set_threads(2)
    try:
        mlsd.set_numerics("exact")
        assert mlsd.get_numerics() == "exact" and mlsd.get_threads() == 2
        found = model.fit(X, Y).coef_.copy()
        np.testing.assert_allclose(found, fast, rtol=1e-12)
        alone = np.concatenate([model.predict(row[None, :]) for row in X])
        np.testing.assert_array_equal(alone, model.predict(X))
        with pytest.raises(ValueError, match="did you mean 'exact'"):
            mlsd.set_numerics("exakt")
        with pytest.raises(TypeError, match="expected a str"):
            mlsd.set_numerics(1)
        assert mlsd.get_numerics() == "exact"
    finally:
        mlsd.set_numerics("fast")
        mlsd.set_threads(0)
    np.testing.assert_array_equal(model.fit(X, Y).coef_, fast)


def test_curves_of_the_folds():
    """Witness: fits by hand of each training part, with a curve that looks at the test part; numpy's mean."""
    model = linear_model.SGDRegressor(max_iter=8, n_iter_no_change=100, seed=3)
    plain = model_selection.cross_validate(model, X, Y, cv=3, return_train_score=True)
    out = model_selection.cross_validate(model, X, Y, cv=3, return_train_score=True, return_curves=True)
    assert_same_scores(out, plain, rtol=0)
    curves = out["curves"]
    assert [key[1:3] for key in curves.keys()] == [(part, k) for k in range(3) for part in ("train", "test")]
    spec = mlsd.Spec("sgd_regressor", max_iter=8, n_iter_no_change=100, seed=3)
    losses = []
    for k, (train, test) in enumerate(model_selection.KFold(3).split(X)):
        curve = mlsd.Curve(mlsd.Spec("early_stopping", monitor=None))
        curve.add_set("test", mlsd.Dataset(X[test], Y[test]))
        mlsd.Model(spec, mlsd.Dataset(X[train], Y[train]), curve=curve)
        losses.append([value for _, value in curve.series()["test"]])
        assert curves.series()[f"test fold {k}"] == curve.series()["test"]
    mean = curves.mean("test")
    np.testing.assert_allclose(mean["mean"], np.mean(losses, axis=0), rtol=1e-14)
    assert curves.refit_steps("test")["best"] == np.argmin(np.mean(losses, axis=0)) + 1


def test_curves_that_there_are_not():
    with pytest.warns(RuntimeWarning, match="not trained by epochs"):
        assert model_selection.cross_validate(linear_model.Ridge(), X, Y, return_curves=True)["curves"] is None
    with pytest.raises(ValueError, match="return_curves is for mlsd's estimators"):
        model_selection.cross_validate(sklearn.linear_model.Ridge(), X, Y, return_curves=True)


@pytest.mark.parametrize("scoring", ["f1_macro", "balanced_accuracy", "recall_weighted", "jaccard_macro", "f1_micro"])
def test_names_of_averaged_metrics_of_labels(scoring):
    ours, theirs = linear_model.LogisticRegression(), sklearn.linear_model.LogisticRegression(tol=1e-8, max_iter=1000)
    cv = sklearn.model_selection.KFold(4)
    wanted = sklearn.model_selection.cross_val_score(theirs, X, THREE, cv=cv, scoring=scoring)
    np.testing.assert_allclose(model_selection.cross_val_score(ours, X, THREE, cv=cv, scoring=scoring), wanted, rtol=1e-12)
    search = model_selection.GridSearchCV(ours, {"C": [0.1, 1.0]}, cv=cv, scoring=scoring).fit(X, THREE)
    assert search.cv_results_["mean_test_score"][1] == pytest.approx(wanted.mean(), rel=1e-12)
