"""PCA and truncated SVD beside scikit-learn's full and ARPACK solvers. MLSD_SWEEP multiplies the cases.

Signs: ours make the number of a component that is largest in absolute value positive, as scikit-learn from 1.5 on; older ones
decide by the rows, so components are compared as products of a coordinate and its direction, or up to the sign.
"""

import os

import numpy as np
import pytest
import sklearn.decomposition

import mlsd.decomposition

CASES = 10 * int(os.environ.get("MLSD_SWEEP", "1"))


def problem(seed):
    rng = np.random.RandomState(seed)
    n, p = [(rng.randint(30, 1500), rng.randint(2, 30)), (rng.randint(5, 30), rng.randint(30, 200))][seed % 2]
    spread = 10.0 ** rng.uniform(-2, 2, p)
    return rng, (rng.randn(n, p) * spread) @ rng.randn(p, p) + rng.uniform(-50, 50, p)


def up_to_sign(ours, theirs, tolerance):
    sign = np.sign((ours * theirs).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(ours, sign * theirs, atol=tolerance)


@pytest.mark.parametrize("seed", range(CASES))
def test_pca(seed):
    """Vectors may differ by roundings of the largest singular value over the gap between neighbours."""
    rng, X = problem(seed)
    whiten, k = bool(rng.randint(2)), int(rng.randint(1, min(X.shape)))
    for n_components in (k, float(rng.uniform(0.3, 0.99))):
        ours = mlsd.decomposition.PCA(n_components=n_components, whiten=whiten).fit(X)
        theirs = sklearn.decomposition.PCA(n_components, whiten=whiten, svd_solver="full").fit(X)
        assert ours.n_components_ == theirs.n_components_ == len(ours.get_feature_names_out())
        s = theirs.singular_values_
        np.testing.assert_allclose(ours.singular_values_, s, atol=1e-13 * s[0])
        np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-9)
        np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-9)
        np.testing.assert_allclose(ours.noise_variance_, theirs.noise_variance_, rtol=1e-9)
        np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-12)
        up_to_sign(ours.components_, theirs.components_, 1e-8)
        up_to_sign(ours.transform(X).T, theirs.transform(X).T, 1e-7 * np.abs(theirs.transform(X)).max())
        top = np.abs(ours.components_).argmax(axis=1)
        assert (ours.components_[np.arange(len(top)), top] > 0).all()
        assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())
        Z = ours.transform(X)
        np.testing.assert_allclose(ours.inverse_transform(Z), theirs.inverse_transform(theirs.transform(X)), atol=1e-9 * s[0])
        if not whiten:  # scikit-learn's get_covariance squares variances where whiten is set
            scale = theirs.explained_variance_[0]
            np.testing.assert_allclose(ours.get_covariance(), theirs.get_covariance(), atol=1e-11 * scale)


@pytest.mark.parametrize("seed", range(CASES))
def test_truncated_svd(seed):
    rng, X = problem(seed)
    k = int(rng.randint(1, min(X.shape)))
    ours = mlsd.decomposition.TruncatedSVD(n_components=k).fit(X)
    theirs = sklearn.decomposition.TruncatedSVD(k, algorithm="arpack", random_state=0).fit(X)
    np.testing.assert_allclose(ours.singular_values_, theirs.singular_values_, rtol=1e-9)
    scale = theirs.explained_variance_.max()
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_, rtol=1e-7, atol=1e-11 * scale)
    np.testing.assert_allclose(ours.explained_variance_ratio_, theirs.explained_variance_ratio_, rtol=1e-7, atol=1e-11)
    up_to_sign(ours.components_, theirs.components_, 1e-7)
    back = theirs.inverse_transform(theirs.transform(X))
    np.testing.assert_allclose(ours.inverse_transform(ours.fit_transform(X)), back, atol=1e-8 * np.abs(back).max())


def test_in_a_pipeline():
    """Three components of ten columns, then least squares: as scikit-learn's."""
    from sklearn.linear_model import LinearRegression as TheirRegression

    import mlsd.linear_model
    import mlsd.pipeline

    rng, X = problem(0)
    y = X[:, 0] + rng.randn(len(X))
    ours = mlsd.pipeline.make_pipeline(mlsd.decomposition.PCA(n_components=2), mlsd.linear_model.LinearRegression()).fit(X, y)
    scores = sklearn.decomposition.PCA(2, svd_solver="full").fit_transform(X)
    np.testing.assert_allclose(ours.predict(X), TheirRegression().fit(scores, y).predict(scores), rtol=1e-7, atol=1e-8)
