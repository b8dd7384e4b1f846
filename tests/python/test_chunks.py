"""Fits to chunks: as scikit-learn's to all rows, in little memory, and what the source raises is raised."""

import resource

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

import mlsd

RNG = np.random.default_rng(7)
X = RNG.standard_normal((500, 6)) + 3
Y = X @ RNG.standard_normal(6) + RNG.standard_normal(500)


def chunks(X, y, size=60, **how):
    return (mlsd.Dataset(X[i : i + size], y[i : i + size], **how) for i in range(0, len(X), size))


def test_chunks__as_scikit_learn():
    peer = Ridge(alpha=2.0).fit(X, Y)
    model = mlsd.Model.from_chunks(mlsd.Spec("ridge", alpha=2.0), chunks(X, Y, task="regression"))
    assert np.allclose(model.get("coef"), peer.coef_, rtol=1e-10) and np.isclose(model.get("intercept"), peer.intercept_, rtol=1e-10)
    classes = (Y > np.median(Y)).astype(int) + (Y > np.quantile(Y, 0.8))
    peer = LinearDiscriminantAnalysis().fit(X, classes)
    kind = mlsd.Spec("linear_discriminant_analysis")
    model = mlsd.Model.from_chunks(kind, chunks(X, classes, task="multiclass"))
    assert np.allclose(model.predict(mlsd.Dataset(X), 2), peer.predict_proba(X), atol=1e-9)


def test_chunks__what_the_source_raises_is_raised():
    def broken():
        yield from list(chunks(X, Y, task="regression"))[:2]
        raise LookupError("no third file")

    with pytest.raises(LookupError, match="no third file"):
        mlsd.Model.from_chunks(mlsd.Spec("ridge"), broken())
    with pytest.raises(mlsd.DataError, match="the chunks have no rows"):
        mlsd.Model.from_chunks(mlsd.Spec("ridge"), [])
    with pytest.raises(AttributeError):
        mlsd.Model.from_chunks(mlsd.Spec("ridge"), [X])


def test_chunks__one_at_a_time_in_memory():
    def rows():
        for i in range(200):
            Z = np.random.default_rng(i).standard_normal((10_000, 20))  # 1.6 MB each, 320 MB in all
            yield mlsd.Dataset(Z, Z[:, 0] - Z[:, 3], task="regression")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model = mlsd.Model.from_chunks(mlsd.Spec("linear_regression"), rows())
    assert np.allclose(model.get("coef").ravel()[:4], [1, 0, 0, -1], atol=1e-12)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 80_000  # kB
