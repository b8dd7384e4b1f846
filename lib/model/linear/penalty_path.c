/* penalty_path.c - A = Q T Q' with T tridiagonal is a third of the work of eigenvectors and leaves
 * 5 p operations a penalty: (T + alpha I) z = Q'b is solved by elimination, all penalties side by
 * side (Elden 1977, BIT 17, for the bidiagonal form of X).
 *
 * Orthogonal reductions see A as it is scaled, Cholesky does not; where A + alpha I is so close to
 * singular that this could be seen in a prediction, a penalty is solved on its own, as a single fit
 * is. */
#include "model/linear/penalty_path.h"

#include <math.h>
#include <string.h>

#include "model/linear/linear_solve.h"
#include "numeric/blas.h"

/* Penalties below which a Cholesky each is less work than the reduction. */
enum { FEW_PENALTIES = 6 };

/* Columns up to which calling LAPACK costs more than the work, and the least pivot beside its
 * diagonal element that is left to plain loops. */
enum { LITTLE = 16 };
static const double LITTLE_PIVOT = 1e-8;

/* Least eigenvalue of A + alpha I beside the largest: a prediction's error grows with the root of
 * their ratio. */
static const double SAFE_RATIO = 1e-10;

typedef struct path_work {
    int64_t p, t, n;
    const double *alphas;
    double *matrix; /* p x p: a copy of A, then its reflections */
    double *d, *e, *tau;
    double *turned; /* t x p: Q'b */
    double *pivot;  /* p x n: of T + alpha I = LDL' */
    double *ratio;  /* p x n: e / pivot */
    double *z;      /* p x n: a solution of each penalty */
    double *basis;  /* p x p: Q' where it is made, or NULL */
} path_work;

/* U'U = A + alpha I by plain loops, from the upper triangle, and one right-hand side. False where a
 * pivot is not safely positive beside its diagonal element. */
static bool solve_little(int64_t p, const double *a, const double *b, double alpha, double *u,
                         double *x)
{
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) u[i * p + j] = a[i * p + j];
        u[i * p + i] += alpha;
        x[i] = b[i];
    }
    for (int64_t i = 0; i < p; i++) {
        double *const row = u + i * p;
        if (!(row[i] > LITTLE_PIVOT * (a[i * p + i] + alpha)) || isinf(row[i])) return false;
        const double root = sqrt(row[i]);
        for (int64_t j = i; j < p; j++) row[j] /= root;
        x[i] /= row[i];
        for (int64_t k = i + 1; k < p; k++) {
            const double factor = row[k];
            for (int64_t j = k; j < p; j++) u[k * p + j] -= factor * row[j];
            x[k] -= factor * x[i];
        }
    }
    for (int64_t i = p - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < p; j++) x[i] -= u[i * p + j] * x[j];
        x[i] /= u[i * p + i];
    }
    return true;
}

static mlsd_status solve_alone(mlsd__scope *scope, const double *a, const double *b, double alpha,
                               const path_work *work, double *x)
{
    const int64_t p = work->p, t = work->t;
    if (t == 1 && p <= LITTLE && solve_little(p, a, b, alpha, work->matrix, x)) return MLSD_OK;
    double *const columns = mlsd__alloc_raw(scope->allocator, p * t, sizeof *columns);
    if (columns == NULL) return MLSD_E_NOMEM;
    memcpy(work->matrix, a, (size_t)(p * p) * sizeof *a);
    const mlsd_status status = mlsd__linear_solve(scope, p, t, work->matrix, b, alpha, columns);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        for (int64_t k = 0; k < t; k++) x[k * p + j] = columns[j * t + k];
    mlsd__free(scope->allocator, columns);
    return status;
}

/* Is the least eigenvalue of T + alpha I above SAFE_RATIO times the largest? The pivots of T +
 * (alpha
 * - bound) I are positive exactly then (Sylvester's law of inertia). */
static bool is_safe(const path_work *work, double alpha)
{
    const double *const d = work->d, *const e = work->e;
    double norm = 0; /* Gershgorin */
    for (int64_t j = 0; j < work->p; j++) {
        const double beside = (j > 0 ? fabs(e[j - 1]) : 0) + (j + 1 < work->p ? fabs(e[j]) : 0);
        norm = fmax(norm, fabs(d[j]) + beside);
    }
    const double shift = alpha - SAFE_RATIO * (norm + alpha);
    double pivot = d[0] + shift;
    for (int64_t j = 1; j < work->p && pivot > 0; j++)
        pivot = d[j] + shift - e[j - 1] * (e[j - 1] / pivot);
    return pivot > 0;
}

/* LDL' of T + alpha I for all penalties; those that are not safe give numbers without a meaning. */
static void eliminate(const path_work *work)
{
    const int64_t n = work->n;
    const double *restrict const alphas = work->alphas;
    for (int64_t j = 0; j < work->p; j++) {
        double *restrict const pivot = work->pivot + j * n;
        double *restrict const ratio = work->ratio + j * n;
        const double d = work->d[j], above = j > 0 ? work->e[j - 1] : 0;
        const double e = j + 1 < work->p ? work->e[j] : 0;
        const double *const before = j > 0 ? work->ratio + (j - 1) * n : work->ratio;
        for (int64_t l = 0; l < n; l++) {
            const double left = j > 0 ? above * before[l] : 0;
            pivot[l] = d + alphas[l] - left;
        }
        for (int64_t l = 0; l < n; l++) ratio[l] = e / pivot[l];
    }
}

/* Forward and back for one right-hand side, into z. */
static void substitute(const path_work *work, const double *right)
{
    const int64_t p = work->p, n = work->n;
    double *const z = work->z;
    for (int64_t l = 0; l < n; l++) z[l] = right[0];
    for (int64_t j = 1; j < p; j++) {
        const double *restrict const before = z + (j - 1) * n;
        const double *restrict const ratio = work->ratio + (j - 1) * n;
        double *restrict const here = z + j * n;
        for (int64_t l = 0; l < n; l++) here[l] = right[j] - ratio[l] * before[l];
    }
    for (int64_t l = 0; l < p * n; l++) z[l] /= work->pivot[l];
    for (int64_t j = p - 2; j >= 0; j--) {
        const double *restrict const after = z + (j + 1) * n;
        const double *restrict const ratio = work->ratio + j * n;
        double *restrict const here = z + j * n;
        for (int64_t l = 0; l < n; l++) here[l] -= ratio[l] * after[l];
    }
}

/* Q' by turning the unit vectors: where they are fewer than the solutions, and short. */
static mlsd_status make_basis(mlsd__scope *scope, const path_work *work)
{
    const int64_t p = work->p;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++) work->basis[i * p + j] = i == j ? 1 : 0;
    return mlsd__tridiagonal_turn(scope, false, p, work->matrix, p, work->tau, p, work->basis);
}

static mlsd_status solve_together(mlsd__scope *scope, const double *a, const double *b,
                                  const path_work *work, double *x)
{
    const int64_t p = work->p, t = work->t, n = work->n;
    memcpy(work->matrix, a, (size_t)(p * p) * sizeof *a);
    MLSD__TRY(mlsd__tridiagonal(scope, p, work->matrix, p, work->d, work->e, work->tau));
    for (int64_t k = 0; k < t; k++)
        for (int64_t j = 0; j < p; j++) work->turned[k * p + j] = b[j * t + k];
    MLSD__TRY(mlsd__tridiagonal_turn(scope, true, p, work->matrix, p, work->tau, t, work->turned));
    if (work->basis != NULL) MLSD__TRY(make_basis(scope, work));
    eliminate(work);
    for (int64_t k = 0; k < t; k++) {
        substitute(work, work->turned + k * p);
        if (work->basis != NULL) {
            mlsd__gemm(true, false, n, p, p, 1, work->z, n, work->basis, p, 0, x + k * p, t * p);
            continue;
        }
        for (int64_t l = 0; l < n; l++)
            for (int64_t j = 0; j < p; j++) x[(l * t + k) * p + j] = work->z[j * n + l];
    }
    MLSD__TRY(mlsd__checkpoint(scope));
    if (work->basis != NULL) return MLSD_OK;
    return mlsd__tridiagonal_turn(scope, false, p, work->matrix, p, work->tau, n * t, x);
}

static mlsd_status solve_all(mlsd__scope *scope, const double *a, const double *b,
                             const path_work *work, double *x)
{
    const int64_t n = work->n, size = work->p * work->t;
    const bool together = n >= FEW_PENALTIES;
    if (together) MLSD__TRY(solve_together(scope, a, b, work, x));
    double least = INFINITY;
    for (int64_t l = 0; l < n; l++) least = fmin(least, work->alphas[l]);
    if (together && is_safe(work, least)) return MLSD_OK;
    for (int64_t l = 0; l < n; l++) {
        if (together && is_safe(work, work->alphas[l])) continue;
        MLSD__TRY(solve_alone(scope, a, b, work->alphas[l], work, x + l * size));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

mlsd_status mlsd__penalty_path(mlsd__scope *scope, int64_t p, int64_t t, const double *a,
                               const double *b, const double *alphas, int64_t n, double *x)
{
    if (p == 0 || n == 0) return MLSD_OK;
    path_work work = {.p = p, .t = t, .n = n, .alphas = alphas};
    double *const room =
        mlsd__alloc_raw(scope->allocator, 2 * p * p + 3 * p + t * p + 3 * p * n, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    work.matrix = room;
    work.d = work.matrix + p * p;
    work.e = work.d + p;
    work.tau = work.e + p;
    work.turned = work.tau + p;
    work.pivot = work.turned + t * p;
    work.ratio = work.pivot + p * n;
    work.z = work.ratio + p * n;
    work.basis = p <= LITTLE && n * t > p ? work.z + p * n : NULL;
    const mlsd_status status = solve_all(scope, a, b, &work, x);
    mlsd__free(scope->allocator, room);
    return status;
}
