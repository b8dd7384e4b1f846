"""mlsd.augment: any estimator fitted to augmented rows, and functions of one's own. Witness: the same rows made with NumPy."""

import numpy as np
import pytest

import mlsd
from mlsd import augment, linear_model, naive_bayes, neighbors, pipeline, preprocessing


def _data(n=200, seed=1):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + X[:, 1] + rng.normal(size=n) > 0).astype(int)


def test_augment__every_kind_is_a_function_with_its_parameters():
    for kind in mlsd.kinds("augmentation"):
        make = getattr(augment, kind["kind"])
        params = {p["name"]: p["default"] for p in kind["params"]}
        assert make().kind == kind["kind"] and make(**{k: v for k, v in params.items() if v is not None}).kind == kind["kind"]
        assert kind["kind"] in augment.__all__ and make.__doc__.startswith(kind["doc"])


def test_augment__classifier_and_regressor():
    X, y = _data()
    model = augment.AugmentedClassifier(linear_model.LogisticRegression(), [augment.smote(), augment.jitter()], n_copies=3)
    model.fit(X, y)
    n = 2 * max(np.bincount(y))
    assert model.n_rows_augmented_ == 4 * n
    assert model.predict_proba(X).shape == (200, 2) and model.score(X, y) > 0.7
    assert model.coef_.shape == linear_model.LogisticRegression().fit(X, y).coef_.shape
    plain = augment.AugmentedRegressor(linear_model.Ridge(), augment.jitter(scale=0.0)).fit(X, X[:, 0])
    twice = linear_model.Ridge().fit(np.vstack([X, X]), np.r_[X[:, 0], X[:, 0]])
    assert np.allclose(plain.coef_, twice.coef_, rtol=0, atol=1e-12)
    assert model.get_params()["estimator__C"] == 1.0
    assert model.set_params(estimator__C=2.0).estimator.C == 2.0


def test_augment__outputs_are_those_of_the_estimator():
    X, y = _data()
    model = augment.AugmentedClassifier(neighbors.KNeighborsClassifier(), [augment.swap_noise()]).fit(X, y)
    assert not hasattr(model, "decision_function") and model.predict_proba(X).shape == (200, 2)
    model = augment.AugmentedClassifier(linear_model.SGDClassifier(), [augment.swap_noise()]).fit(X, y)
    assert model.decision_function(X).shape == (200,)


def test_augment__a_function_of_ones_own():
    X, y = _data()
    seen = []

    def move(rows_of_X, rows, epoch, seed):
        seen.append((rows.copy(), epoch))
        shifts = [np.random.default_rng([seed, epoch, row]).normal(size=X.shape[1]) for row in rows]
        return rows_of_X + 0.1 * np.array(shifts)

    model = augment.AugmentedClassifier(linear_model.SGDClassifier(max_iter=3, batch_size=64), [augment.own(move)]).fit(X, y)
    assert {epoch for _, epoch in seen} == {0, 1, 2}
    for epoch in range(3):
        assert sorted(np.concatenate([rows for rows, e in seen if e == epoch])) == list(range(200))
    again = augment.AugmentedClassifier(linear_model.SGDClassifier(max_iter=3, batch_size=64), [augment.own(move)]).fit(X, y)
    assert np.array_equal(model.coef_, again.coef_)


def test_augment__a_function_that_changes_the_columns():
    X, y = _data()
    for function, text in (
        (lambda X, rows, epoch, seed: X[:, :2], "made rows of 2 columns, but was given 4"),
        (lambda X, rows, epoch, seed: X[:1, :], "shape"),
        (lambda X, rows, epoch, seed: 1 / 0, "division by zero"),
    ):
        with pytest.raises(Exception, match=text):
            augment.AugmentedClassifier(naive_bayes.GaussianNB(), [augment.own(function)]).fit(X, y)


def test_augment__in_pipelines_and_cross_validation():
    X, y = _data()
    inner = augment.AugmentedClassifier(linear_model.SGDClassifier(max_iter=5), [augment.mixup()])
    for model in (
        pipeline.Pipeline([("scale", preprocessing.StandardScaler()), ("fit", inner)]),
        augment.AugmentedClassifier(
            pipeline.Pipeline([("scale", preprocessing.StandardScaler()), ("fit", linear_model.SGDClassifier(max_iter=5))]),
            [augment.mixup()],
        ),
    ):
        assert model.fit(X, y).score(X, y) > 0.7
        spec = mlsd.Spec("augmentation_test")
        spec.add("estimator", model.spec())
        result = mlsd.validate(spec, model.dataset(X, y))
        assert result.text("conclusion") in ("helps", "harms", "not shown") and "augmentation" in result.verdict
