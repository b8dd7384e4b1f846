"""Kernel ridge beside scikit-learn's, on random problems with and without weights. MLSD_SWEEP multiplies the cases."""

import os

import numpy as np
import pytest
import sklearn.kernel_ridge

import mlsd.kernel_ridge

CASES = 6 * int(os.environ.get("MLSD_SWEEP", "1"))
KERNELS = ["linear", "rbf", "polynomial", "laplacian", "sigmoid", "cosine"]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("seed", range(CASES))
def test_kernel_ridge(seed, kernel):
    """Both solve the same system, whose condition is below 1e7 here: about nine digits are left."""
    rng = np.random.RandomState(seed)
    n, p = rng.randint(5, 700), rng.randint(1, 9)
    X = rng.randn(n, p) + rng.uniform(-2, 2, p)
    y = np.sin(X[:, 0]) + 0.1 * rng.randn(n)
    weight = None if seed % 2 else rng.uniform(0.2, 3, n)
    options = {"kernel": kernel, "alpha": float(10 ** rng.uniform(-2, 1)),
               "gamma": None if seed % 3 == 0 else float(rng.uniform(0.01, 0.3)),
               "degree": int(rng.choice([1, 2, 3])), "coef0": float(rng.uniform(0, 1))}
    if kernel == "sigmoid":
        options.update(gamma=0.01, alpha=10.0)  # otherwise not positive definite: two answers that are both right
    ours = mlsd.kernel_ridge.KernelRidge(**options).fit(X, y, sample_weight=weight)
    theirs = sklearn.kernel_ridge.KernelRidge(**options).fit(X, y, sample_weight=weight)
    scale = np.abs(theirs.dual_coef_).max()
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, rtol=1e-7, atol=1e-8 * scale)
    new = rng.randn(300, p)
    np.testing.assert_allclose(ours.predict(new), theirs.predict(new), rtol=1e-7, atol=1e-8)
    np.testing.assert_array_equal(ours.X_fit_, X)


def test_far_from_zero():
    """Distances of rows do not change where all are moved; numbers near 1e6 leave ten digits of their differences."""
    rng = np.random.RandomState(1)
    X, new = rng.randn(100, 3), rng.randn(50, 3)
    y = X[:, 0] ** 2
    near = mlsd.kernel_ridge.KernelRidge(kernel="rbf", alpha=0.1).fit(X, y).predict(new)
    far = mlsd.kernel_ridge.KernelRidge(kernel="rbf", alpha=0.1).fit(X + 1e6, y).predict(new + 1e6)
    np.testing.assert_allclose(far, near, atol=1e-8)
