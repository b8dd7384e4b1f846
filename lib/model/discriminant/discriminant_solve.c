/* discriminant_solve.c - see the header. Directions are found as in Hastie, Tibshirani & Friedman
 * (2009), The Elements of Statistical Learning, section 4.3.3: rows are brought to covariance 1
 * within classes, and the means are turned to their principal axes. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/discriminant/class_folds.h"
#include "model/discriminant/discriminant.h"
#include "model/row_pass.h"
#include "model/row_triangle.h"
#include "numeric/blas.h"
#include "numeric/least_squares.h"

/* Eigenvalues of a covariance, and pivots of its Cholesky, below so many roundings of the largest
 * are 0. */
static const double RANK_SLACK = 8;

/* ---- svd ---- */

/* Standard deviations within classes; infinite where a column is constant in each, which then
 * counts for nothing. */
static void find_divisor(mlsd__scope *scope, const mlsd__discriminant *d, double *divisor)
{
    for (int64_t j = 0; j < d->p; j++) {
        double within = 0, largest = 0, lowest = INFINITY, highest = -INFINITY;
        for (int64_t c = 0; c < d->k; c++) {
            if (!(d->count[c] > 0)) continue;
            const double mean = d->mean[c * d->p + j];
            within += d->count[c] / d->weight * d->variance[c * d->p + j];
            largest = fmax(largest, fabs(mean));
            lowest = fmin(lowest, mean);
            highest = fmax(highest, mean);
        }
        const bool is_constant = mlsd__is_constant(4, largest, within);
        divisor[j] = is_constant ? INFINITY : sqrt(within);
        if (is_constant && highest - lowest > 8 * DBL_EPSILON * largest)
            mlsd__log_line(
                scope, MLSD_LOG_WARNING,
                "linear_discriminant_analysis: column '%.100s' is constant in each class "
                "and tells classes apart by itself; it is left out",
                d->train->x->features[j].name);
    }
}

static mlsd_status fail_no_rank(double largest, double tol)
{
    if (largest > 0)
        return mlsd__fail(
            MLSD_E_PARAM_CONFLICT,
            "'tol' is %g, which no singular value is above (the largest is %g); lower "
            "it",
            tol, largest);
    return mlsd__fail(MLSD_E_DATA, "no column varies within the classes, so there is nothing to "
                                   "measure the distance between them by");
}

/* Rows of out (rank x p) bring centred rows, whose singular values those are of columns over their
 * divisors, to covariance 1. */
static mlsd_status whiten(mlsd__scope *scope, const mlsd__discriminant *d, double tol,
                          const double *divisor, const mlsd__row_svd *svd, double **out,
                          int64_t *out_rank)
{
    const int64_t p = d->p;
    const double scale = 1 / sqrt(d->weight - (double)d->n_present);
    int64_t rank = 0, size;
    while (rank < svd->n && svd->s[rank] * scale > tol) rank++;
    if (rank == 0) return fail_no_rank(svd->s[0] * scale, tol);
    MLSD__TRY(mlsd__mul_size(rank, p, &size));
    *out = mlsd__alloc_raw(scope->allocator, size, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__row_svd_vectors(scope, svd, rank, *out));
    for (int64_t i = 0; i < rank; i++)
        for (int64_t j = 0; j < p; j++) (*out)[i * p + j] /= divisor[j] * (svd->s[i] * scale);
    if (rank < p)
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "linear_discriminant_analysis: of %lld columns only %lld are independent "
                       "within the classes; the rest of the space is left out",
                       (long long)p, (long long)rank);
    *out_rank = rank;
    return MLSD_OK;
}

static mlsd_status find_whitening(mlsd__scope *scope, const mlsd__discriminant *d, double tol,
                                  double *divisor, double **out, int64_t *out_rank)
{
    const mlsd__centred_rows rows = {.x = d->train->x,
                                     .weight = d->train->weight,
                                     .origin = d->mean,
                                     .class_of = d->train->y,
                                     .divisor = divisor};
    mlsd__row_svd svd;
    mlsd_status status = mlsd__row_svd_new(scope, &rows, &svd);
    if (status == MLSD_OK) status = whiten(scope, d, tol, divisor, &svd, out, out_rank);
    mlsd__row_svd_free(&svd, scope->allocator);
    return status;
}

/* Singular values and vectors of the means in the whitened space, weighted by priors. */
static mlsd_status turn_means(mlsd__scope *scope, const mlsd__discriminant *d,
                              const double *whitening, int64_t rank, mlsd__row_svd *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = d->p, k = d->k;
    double *const means = mlsd__alloc(a, k, (size_t)(p + rank) * sizeof *means);
    double *const zero = mlsd__alloc(a, rank, sizeof *zero);
    mlsd_status status = MLSD_E_NOMEM;
    if (means != NULL && zero != NULL) {
        double *const turned = means + k * p;
        const double groups = d->n_present > 1 ? (double)(d->n_present - 1) : 1;
        for (int64_t c = 0; c < k; c++) {
            const double root = d->count[c] > 0 ? sqrt(d->weight * d->prior[c] / groups) : 0;
            for (int64_t j = 0; j < p; j++)
                means[c * p + j] = root * (d->mean[c * p + j] - d->centre[j]);
        }
        mlsd__gemm(false, true, k, rank, p, 1, means, p, whitening, p, 0, turned, rank);
        const mlsd__frame frame = {.n_rows = k,
                                   .n_features = rank,
                                   .matrix = {turned, k, rank, rank, 1, MLSD_F64, 0},
                                   .n_source = rank,
                                   .max_width = rank};
        const mlsd__centred_rows rows = {.x = &frame, .origin = zero};
        status = mlsd__row_svd_new(scope, &rows, out);
    }
    mlsd__free(a, means);
    mlsd__free(a, zero);
    return status;
}

/* Room for n directions, and for their shares. */
static mlsd_status make_directions(const mlsd__allocator *a, mlsd__discriminant *d, int64_t n)
{
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, d->p, &size));
    d->directions = mlsd__alloc_raw(a, size, sizeof *d->directions);
    if (d->directions == NULL) return MLSD_E_NOMEM;
    d->n_directions = n;
    return MLSD_OK;
}

/* Shares of n values that are not below 0. */
static void set_ratio(mlsd__discriminant *d, const double *values, int64_t n)
{
    const int64_t most = d->n_present - 1 < d->p ? d->n_present - 1 : d->p;
    double total = 0;
    for (int64_t i = 0; i < n; i++) total += values[i];
    d->n_ratio = most < n ? most : n;
    for (int64_t i = 0; i < d->n_ratio; i++) d->ratio[i] = total > 0 ? values[i] / total : 0;
}

/* coef = between D'D. */
static mlsd_status set_coef(mlsd__scope *scope, mlsd__discriminant *d)
{
    const int64_t p = d->p, r = d->n_directions;
    double *const along = mlsd__alloc(scope->allocator, d->n_scores * r, sizeof *along);
    if (along == NULL) return MLSD_E_NOMEM;
    mlsd__gemm(false, true, d->n_scores, r, p, 1, d->between, p, d->directions, p, 0, along, r);
    mlsd__gemm(false, false, d->n_scores, p, r, 1, along, r, d->directions, p, 0, d->coef, p);
    mlsd__free(scope->allocator, along);
    return MLSD_OK;
}

static mlsd_status turn_directions(mlsd__scope *scope, mlsd__discriminant *d,
                                   const double *whitening, int64_t rank, double tol)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__row_svd svd = {0};
    double *turn = NULL;
    int64_t n = 0;
    mlsd_status status = turn_means(scope, d, whitening, rank, &svd);
    while (status == MLSD_OK && n < svd.n && n < d->n_present && svd.s[n] > tol * svd.s[0]) n++;
    if (status == MLSD_OK) status = make_directions(a, d, n);
    if (status == MLSD_OK) {
        turn = mlsd__alloc_raw(a, n * rank, sizeof *turn);
        status = turn == NULL ? MLSD_E_NOMEM : mlsd__row_svd_vectors(scope, &svd, n, turn);
    }
    if (status == MLSD_OK) {
        mlsd__gemm(false, false, n, d->p, rank, 1, turn, rank, whitening, d->p, 0, d->directions,
                   d->p);
        mlsd__flip_signs(n, d->p, d->directions);
        for (int64_t i = 0; i < svd.n; i++) svd.s[i] *= svd.s[i];
        set_ratio(d, svd.s, svd.n);
        status = set_coef(scope, d);
    }
    mlsd__free(a, turn);
    mlsd__row_svd_free(&svd, a);
    return status;
}

mlsd_status mlsd__discriminant_by_svd(mlsd__scope *scope, mlsd__discriminant *d, double tol)
{
    const mlsd__allocator *const a = scope->allocator;
    double *whitening = NULL;
    int64_t rank = 0;
    double *const divisor = mlsd__alloc_raw(a, d->p, sizeof *divisor);
    if (divisor == NULL) return MLSD_E_NOMEM;
    find_divisor(scope, d, divisor);
    mlsd_status status = find_whitening(scope, d, tol, divisor, &whitening, &rank);
    if (status == MLSD_OK) status = turn_directions(scope, d, whitening, rank, tol);
    mlsd__free(a, whitening);
    mlsd__free(a, divisor);
    return status;
}

/* The covariance within classes over divisors, as what it is the square of. */
static bool factor_within(const mlsd__discriminant *d, const double *divisor, double *room,
                          double *u)
{
    const int64_t p = d->p;
    double *const within = room, *const spare = within + p * p, *const mean = spare + p * p;
    for (int64_t i = 0; i < p * p; i++) within[i] = 0;
    for (int64_t j = 0; j < p; j++) {
        if (isinf(divisor[j])) return false;
        mean[j] = 0;
    }
    for (int64_t c = 0; c < d->k; c++) {
        for (int64_t i = 0; i < p; i++) {
            mean[i] = fmax(mean[i], fabs(d->mean[c * p + i]) / divisor[i]);
            for (int64_t j = i; j < p; j++)
                within[i * p + j] += d->grams[c].scatter[i * p + j] / divisor[i] / divisor[j];
        }
    }
    return mlsd__class_factor(p, within, mean, d->weight, spare, u);
}

mlsd_status mlsd__discriminant_by_moments(mlsd__scope *scope, mlsd__discriminant *d, double tol,
                                          bool *out_ok)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = d->p;
    double *whitening = NULL;
    int64_t rank = 0, size;
    *out_ok = false;
    MLSD__TRY(mlsd__mul_size(p, 3 * p + 2, &size));
    double *const u = mlsd__alloc(a, size, sizeof *u);
    if (u == NULL) return MLSD_E_NOMEM;
    double *const divisor = u + p * p, *const room = divisor + p;
    find_divisor(scope, d, divisor);
    mlsd_status status = MLSD_OK;
    if (factor_within(d, divisor, room, u)) {
        mlsd__row_svd svd;
        status = mlsd__row_svd_reduce(scope, p, p, u, &svd);
        if (status == MLSD_OK) status = whiten(scope, d, tol, divisor, &svd, &whitening, &rank);
        mlsd__row_svd_free(&svd, a);
        if (status == MLSD_OK) status = turn_directions(scope, d, whitening, rank, tol);
        *out_ok = status == MLSD_OK && rank == p;
    }
    mlsd__free(a, whitening);
    mlsd__free(a, u);
    return status;
}

/* ---- covariance ---- */

/* U'U = C. The column that depends on those before it, -1 where none does. */
static int64_t factorize(const mlsd__discriminant *d, double *u)
{
    const int64_t p = d->p;
    bool is_definite;
    memcpy(u, d->covariance, (size_t)(p * p) * sizeof *u);
    mlsd__potrf(p, u, p, &is_definite);
    for (int64_t j = 0; j < p; j++) {
        const double pivot = u[j * p + j] * u[j * p + j];
        const double least = RANK_SLACK * DBL_EPSILON * (double)p * d->covariance[j * p + j];
        if (!(pivot > least)) return j;
    }
    return is_definite ? -1 : p - 1;
}

/* coef = between C^+ by eigenvalues: of least norm. */
static mlsd_status solve_singular(mlsd__scope *scope, mlsd__discriminant *d, double *vectors,
                                  double *values)
{
    const int64_t p = d->p;
    memcpy(vectors, d->covariance, (size_t)(p * p) * sizeof *vectors);
    MLSD__TRY(mlsd__syev(scope, p, vectors, p, values));
    double *const along = mlsd__alloc(scope->allocator, d->n_scores * p, sizeof *along);
    if (along == NULL) return MLSD_E_NOMEM;
    const double least = RANK_SLACK * DBL_EPSILON * (double)p * values[p - 1];
    mlsd__gemm(false, false, d->n_scores, p, p, 1, d->between, p, vectors, p, 0, along, p);
    for (int64_t c = 0; c < d->n_scores; c++)
        for (int64_t j = 0; j < p; j++)
            along[c * p + j] = values[j] > least ? along[c * p + j] / values[j] : 0;
    mlsd__gemm(false, true, d->n_scores, p, p, 1, along, p, vectors, p, 0, d->coef, p);
    mlsd__free(scope->allocator, along);
    return MLSD_OK;
}

/* coef = between C^-1 from the factor. */
static mlsd_status solve_definite(mlsd__scope *scope, mlsd__discriminant *d, const double *u)
{
    const int64_t p = d->p, m = d->n_scores;
    double *const right = mlsd__alloc_raw(scope->allocator, p * m, sizeof *right);
    if (right == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < m; c++)
        for (int64_t j = 0; j < p; j++) right[j * m + c] = d->between[c * p + j];
    mlsd__potrs(p, m, u, p, right, m);
    for (int64_t c = 0; c < m; c++)
        for (int64_t j = 0; j < p; j++) d->coef[c * p + j] = right[j * m + c];
    mlsd__free(scope->allocator, right);
    return MLSD_OK;
}

/* The covariance within classes, and of all rows. */
static mlsd_status find_covariance(mlsd__scope *scope, mlsd__discriminant *d,
                                   const mlsd__shrinkage *shrinkage, double *total)
{
    int64_t size;
    mlsd__gram *grams;
    MLSD__TRY(mlsd__mul_size(d->p, d->p, &size));
    d->covariance = mlsd__alloc(scope->allocator, size, sizeof *d->covariance);
    if (d->covariance == NULL) return MLSD_E_NOMEM;
    if (d->grams != NULL)
        return mlsd__class_covariance(scope, d->train, d->grams, d->prior, shrinkage, d->covariance,
                                      total);
    MLSD__TRY(mlsd__class_grams(scope, d->train, &grams));
    const mlsd_status status =
        mlsd__class_covariance(scope, d->train, grams, d->prior, shrinkage, d->covariance, total);
    mlsd__class_grams_free(scope->allocator, grams, d->k);
    return status;
}

mlsd_status mlsd__discriminant_by_covariance(mlsd__scope *scope, mlsd__discriminant *d,
                                             const mlsd__shrinkage *shrinkage)
{
    int64_t size;
    MLSD__TRY(find_covariance(scope, d, shrinkage, NULL));
    MLSD__TRY(mlsd__mul_size(d->p, d->p + 1, &size));
    double *const u = mlsd__alloc_raw(scope->allocator, size, sizeof *u);
    if (u == NULL) return MLSD_E_NOMEM;
    const int64_t dependent = factorize(d, u);
    mlsd_status status;
    if (dependent < 0) {
        status = solve_definite(scope, d, u);
    } else {
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "linear_discriminant_analysis: within classes column '%.100s' is a "
                       "combination of those before it; the answer is the one of least norm",
                       d->train->x->features[dependent].name);
        status = solve_singular(scope, d, u, u + d->p * d->p);
    }
    mlsd__free(scope->allocator, u);
    return status;
}

/* The eigenvectors e of (total - C) e = lambda C e, of length 1 in C, by falling eigenvalue. room
 * has p x (3 p + 1) zeros. */
static mlsd_status find_eigenvectors(mlsd__scope *scope, mlsd__discriminant *d, double *total,
                                     double *room)
{
    const int64_t p = d->p, cells = p * p;
    double *const u = room, *const inverse = u + cells, *const left = inverse + cells;
    double *const values = left + cells;
    const int64_t dependent = factorize(d, u);
    if (dependent >= 0)
        return mlsd__fail(MLSD_E_DATA,
                          "within classes column '%.100s' is a combination of those before it; set "
                          "'shrinkage', or 'solver' to svd",
                          d->train->x->features[dependent].name);
    mlsd__invert_upper(p, u, p, inverse, p); /* below its diagonal room is 0 */
    for (int64_t i = 0; i < cells; i++) total[i] -= d->covariance[i];
    mlsd__gemm(true, false, p, p, p, 1, inverse, p, total, p, 0, left, p);
    mlsd__gemm(false, false, p, p, p, 1, left, p, inverse, p, 0, total, p);
    MLSD__TRY(mlsd__syev(scope, p, total, p, values));
    MLSD__TRY(make_directions(scope->allocator, d, p));
    /* Columns by ascending eigenvalue become rows by falling one. */
    mlsd__gemm(true, true, p, p, p, 1, total, p, inverse, p, 0, left, p);
    double sum = 0;
    for (int64_t i = 0; i < p; i++) {
        memcpy(d->directions + i * p, left + (p - 1 - i) * p, (size_t)p * sizeof *left);
        sum += values[i];
    }
    mlsd__flip_signs(p, p, d->directions);
    const int64_t most = d->n_present - 1 < p ? d->n_present - 1 : p;
    d->n_ratio = most;
    for (int64_t i = 0; i < most; i++) d->ratio[i] = sum > 0 ? values[p - 1 - i] / sum : 0;
    return MLSD_OK;
}

mlsd_status mlsd__discriminant_by_eigen(mlsd__scope *scope, mlsd__discriminant *d,
                                        const mlsd__shrinkage *shrinkage)
{
    int64_t size;
    MLSD__TRY(mlsd__mul_size(d->p, 4 * d->p + 1, &size));
    double *const total = mlsd__alloc(scope->allocator, size, sizeof *total);
    if (total == NULL) return MLSD_E_NOMEM;
    mlsd_status status = find_covariance(scope, d, shrinkage, total);
    if (status == MLSD_OK) status = find_eigenvectors(scope, d, total, total + d->p * d->p);
    if (status == MLSD_OK) status = set_coef(scope, d);
    mlsd__free(scope->allocator, total);
    return status;
}
