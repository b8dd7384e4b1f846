"""Workloads of models that turn the space: discriminant analysis, principal components."""

import numpy as np

from bench_harness import PEER, Check, Side, Workload
from bench_workloads_models import _relative, ours


def _classes(n, p, k):
    rng = np.random.default_rng(5)
    y = rng.integers(0, k, n)
    spread = rng.standard_normal((p, p)) / np.sqrt(p) + np.eye(p)
    return rng.standard_normal((n, p)) @ spread + rng.standard_normal((k, p))[y] * 0.5 + 3, y


def _same_bits(out, name):
    return Check(f"{name} of 1 and 2 threads that differ in bits", 0 if np.array_equal(*(getattr(out[f"mlsd {n}"], name) for n in (1, 2))) else 1, 0)


def lda_fit(bench):
    from mlsd.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as Peer

    n, p, k = bench.size((200_000, 50, 5), (50_000, 50, 5), (600, 6, 3))
    X, y = _classes(n, p, k)

    def check(out):
        yield Check("coefficients beside scikit-learn, relative difference", _relative(out["mlsd 2"].coef_, out["peer"].coef_), 1e-9)
        differ = np.mean(out["mlsd 2"].predict(X) != out["peer"].predict(X))
        yield Check("rows told otherwise, share", differ, 1e-5)
        yield _same_bits(out, "coef_")

    return Workload(
        "lda_fit",
        f"linear discriminant analysis by singular values, {n:,} x {p}, {k} classes",
        ours(lambda: LinearDiscriminantAnalysis().fit(X, y))
        + [Side("scikit-learn svd", PEER, lambda: Peer().fit(X, y), bench.peer_threads, key="peer")],
        check,
        lambda: bench.limits.seconds(flops=2 * n * p * p, read=8 * n * p),
        "QR of the rows at the rate of dgemm, or reading X once",
        bench.size(7, 5, 1),
    )


def lda_lsqr_fit(bench):
    from mlsd.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as Peer

    n, p, k = bench.size((200_000, 50, 5), (50_000, 50, 5), (600, 6, 3))
    X, y = _classes(n, p, k)

    def centred(model):  # scikit-learn counts scores from 0, mlsd from the centre of the means
        return model.coef_ - model.coef_.mean(axis=0)

    def check(out):
        difference = _relative(centred(out["mlsd 2"]), centred(out["peer"]))
        yield Check("coefficients beside scikit-learn, relative difference", difference, 1e-8)
        yield _same_bits(out, "coef_")

    return Workload(
        "lda_lsqr_fit",
        f"linear discriminant analysis by the covariance, Ledoit-Wolf, {n:,} x {p}, {k} classes",
        ours(lambda: LinearDiscriminantAnalysis(solver="lsqr", auto_shrinkage=True).fit(X, y))
        + [Side("scikit-learn lsqr", PEER, lambda: Peer(solver="lsqr", shrinkage="auto").fit(X, y), bench.peer_threads, key="peer")],
        check,
        lambda: bench.limits.seconds(flops=n * p * (p + 1), read=8 * n * p),
        "the covariances at the rate of dgemm, or reading X once",
        bench.size(7, 5, 1),
    )


def pca_fit(bench):
    from mlsd.decomposition import PCA
    from sklearn.decomposition import PCA as Peer

    n, p = bench.size((200_000, 50), (50_000, 50), (600, 6))
    X = _classes(n, p, 1)[0]

    def check(out):
        found, theirs = out["mlsd 2"], out["peer"]
        yield Check("singular values beside scikit-learn, relative difference", _relative(found.singular_values_, theirs.singular_values_), 1e-11)
        dots = np.abs(np.sum(found.components_ * theirs.components_, axis=1))
        yield Check("components beside scikit-learn: 1 - |product|", np.max(np.abs(1 - dots)), 1e-9)
        yield _same_bits(out, "components_")

    return Workload(
        "pca_fit",
        f"principal components, all {p}, {n:,} x {p}",
        ours(lambda: PCA().fit(X)) + [Side("scikit-learn full", PEER, lambda: Peer(svd_solver="full").fit(X), bench.peer_threads, key="peer")],
        check,
        lambda: bench.limits.seconds(flops=2 * n * p * p, read=8 * n * p),
        "QR of the rows at the rate of dgemm, or reading X once",
        bench.size(7, 5, 1),
    )


WORKLOADS = {"lda_fit": lda_fit, "lda_lsqr_fit": lda_lsqr_fit, "pca_fit": pca_fit}
