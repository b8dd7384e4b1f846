/* knockoff_copies.c - see the header.
 *
 * With correlations S and s = min(1, 2 lambda_min(S)) a copy of a row x is normal with mean
 * x - s S^-1 x and covariance 2 s I - s^2 S^-1 (Candes et al. 2018, eq. 3.13, equicorrelated). S is
 * the sample's, drawn to the identity as far as the rows are too few to tell it (Ledoit & Wolf
 * 2004). Each row draws from a stream of its own. */
#include "model/select/knockoff_copies.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "numeric/blas.h"
#include "numeric/cholesky.h"
#include "model/select/selection.h"

/* How far below its largest value s stays, so that the covariance keeps a root. */
static const double SHARE = 0.999;

/* s (upper) = weighted x'x / sum of weights; returns the shrinkage. */
static mlsd_status correlate(mlsd__scope *scope, const double *x, const double *weight, int64_t n,
                             int64_t p, double *s, double *out_shrinkage)
{
    double total = 0, fourth = 0, square = 0, distance = 0;
    double *const rooted = mlsd__alloc_raw(scope->allocator, n * p, sizeof *rooted);
    if (rooted == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[i] : 1, root = sqrt(w);
        double norm = 0;
        for (int64_t j = 0; j < p; j++) {
            rooted[i * p + j] = root * x[i * p + j];
            norm += x[i * p + j] * x[i * p + j];
        }
        total += w;
        fourth += w * norm * norm;
    }
    mlsd__syrk(n, p, 1 / total, rooted, p, 0, s, p);
    mlsd__free(scope->allocator, rooted);
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) {
            const double v = s[i * p + j], d = v - (i == j);
            square += (i == j ? 1 : 2) * v * v;
            distance += (i == j ? 1 : 2) * d * d;
        }
    }
    const double noise = (fourth / total - square) / total;
    *out_shrinkage = !(distance > 0) || noise >= distance ? 1 : noise > 0 ? noise / distance : 0;
    return MLSD_OK;
}

/* Both triangles of the shrunken correlations, a constant column standing alone. */
static void shrink(double *s, int64_t p, double share)
{
    for (int64_t i = 0; i < p; i++) {
        s[i * p + i] = s[i * p + i] > 0 ? (1 - share) * s[i * p + i] + share : 1;
        for (int64_t j = i + 1; j < p; j++) s[j * p + i] = s[i * p + j] *= 1 - share;
    }
}

static mlsd_status smallest_eigenvalue(mlsd__scope *scope, const double *s, int64_t p, double *out)
{
    double *const copy = mlsd__alloc_raw(scope->allocator, p * p + p, sizeof *copy);
    if (copy == NULL) return MLSD_E_NOMEM;
    memcpy(copy, s, (size_t)(p * p) * sizeof *copy);
    const mlsd_status status = mlsd__syev(scope, p, copy, p, copy + p * p);
    *out = copy[p * p];
    mlsd__free(scope->allocator, copy);
    return status;
}

/* turn (p x p) = I - s S^-1; root (p x p, upper) with root' root = 2 s I - s^2 S^-1. S is spoiled.
 */
static mlsd_status make_law(mlsd__scope *scope, double *correlation, int64_t p, double *turn,
                            double *root)
{
    double least;
    bool is_ok = false;
    MLSD__TRY(smallest_eigenvalue(scope, correlation, p, &least));
    const double s = SHARE * (2 * least < 1 ? 2 * least : 1);
    memset(turn, 0, (size_t)(p * p) * sizeof *turn);
    for (int64_t i = 0; i < p; i++) turn[i * p + i] = 1;
    if (s > 0) mlsd__posv(p, p, correlation, p, turn, p, &is_ok); /* S^-1 */
    for (int64_t i = 0; is_ok && i < p; i++) {
        for (int64_t j = 0; j < p; j++) {
            const double inverse = turn[i * p + j];
            root[i * p + j] = (i == j ? 2 * s : 0) - s * s * inverse;
            turn[i * p + j] = (i == j) - s * inverse;
        }
    }
    if (is_ok) MLSD__TRY(mlsd__cholesky(scope, p, root, &is_ok));
    if (is_ok) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC, "knockoff_filter: some columns are sums of others, so that "
                                      "nothing tells them from their copies; drop them first");
}

mlsd_status mlsd__knockoff_copies(mlsd__scope *scope, const double *x, const double *weight,
                                  int64_t n, int64_t p, uint64_t seed, double *copies)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t square, rows;
    double shrinkage = 0;
    MLSD__TRY(mlsd__mul_size(p, p, &square));
    MLSD__TRY(mlsd__mul_size(n, p, &rows));
    double *const correlation = mlsd__alloc(a, square, 3 * sizeof *correlation);
    double *const noise = mlsd__alloc_raw(a, rows, sizeof *noise);
    mlsd_status status = correlation == NULL || noise == NULL ? MLSD_E_NOMEM : MLSD_OK;
    double *turn = NULL, *root = NULL;
    if (status == MLSD_OK) status = correlate(scope, x, weight, n, p, correlation, &shrinkage);
    if (status == MLSD_OK) {
        turn = correlation + square, root = turn + square;
        shrink(correlation, p, shrinkage);
        status = make_law(scope, correlation, p, turn, root);
    }
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, seed, (uint64_t)i, 0, 0, MLSD__PURPOSE_INIT);
        for (int64_t j = 0; j < p; j++) noise[i * p + j] = mlsd__stream_normal(&stream);
        status = mlsd__checkpoint(scope);
    }
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < i; j++) root[i * p + j] = 0;
        mlsd__gemm(false, false, n, p, p, 1, x, p, turn, p, 0, copies, p);
        mlsd__gemm(false, false, n, p, p, 1, noise, p, root, p, 1, copies, p);
    }
    mlsd__free(a, correlation);
    mlsd__free(a, noise);
    return status;
}

mlsd_status mlsd__knockoff_threshold(const mlsd__allocator *a, const double *w, int64_t p,
                                     double fdr, double *out)
{
    double *const size = mlsd__alloc_raw(a, p, sizeof *size);
    int64_t *const falling = mlsd__alloc_raw(a, p, sizeof *falling);
    mlsd_status status = size == NULL || falling == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) size[j] = fabs(w[j]);
    if (status == MLSD_OK) status = mlsd__rank_falling(a, size, p, falling);
    double n_above = 0, n_below = 0;
    *out = INFINITY;
    for (int64_t i = 0; status == MLSD_OK && i < p && size[falling[i]] > 0; i++) {
        n_above += w[falling[i]] > 0;
        n_below += w[falling[i]] < 0;
        if (i + 1 < p && size[falling[i + 1]] == size[falling[i]]) continue;
        if (n_above > 0 && (1 + n_below) / n_above <= fdr) *out = size[falling[i]];
    }
    mlsd__free(a, size);
    mlsd__free(a, falling);
    return status;
}
