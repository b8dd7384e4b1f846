/* enet_set.c - coordinate descent over a working set of columns (Friedman, Hastie & Tibshirani
 * 2010, J. Stat. Software 33(1), 2.2).
 *
 * The moments of the set's columns lie side by side, so a coordinate that moves costs one pass over
 * a short row (covariance updates). A set that grew beyond what that pays for keeps the residual
 * instead (naive updates). Where sweeps creep although the signs stand still, the descent goes
 * straight to the optimum of these signs, or up to the first coefficient that reaches 0: the
 * objective is a parabola on the way. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/linear/enet.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

enum {
    SMALLEST_CAPACITY = 64,
    MOST_GRAM_COLUMNS = 2048,   /* of a set whose problem keeps rows */
    LEAST_GRAM_COLUMNS = 256,   /* so many are always worth it */
    MOST_STEPS = 64,            /* one after the other, each of which takes a coefficient out */
    MOST_SOLVED = 1024,         /* coefficients that are solved for directly: some 20 ms */
    CREEPING_SWEEPS = 8,        /* before the first direct step, and a share of the coefficients: */
    SWEEPS_PER_COEFFICIENT = 16 /* as many sweeps cost about as much as the step */
};
/* Added to the diagonal that is solved with, as a share of it: above rounding, and small enough
 * that a step is Newton's to ten digits. */
static const double TRIFLE = 1e-10;
/* Doubles in a product of one call: some milliseconds of work. */
static const int64_t PRODUCT_CELLS = INT64_C(100000000);

mlsd_status mlsd__enet_set_open(mlsd__enet_set *set, const mlsd__allocator *a,
                                const mlsd__enet_problem *problem)
{
    *set = (mlsd__enet_set){.problem = problem};
    if (problem->gram != NULL) return MLSD_OK;
    set->residual = mlsd__memdup(a, problem->y, problem->n, sizeof *set->residual);
    return set->residual != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

void mlsd__enet_set_close(mlsd__enet_set *set, const mlsd__allocator *a)
{
    mlsd__free(a, set->column);
    mlsd__free(a, set->numbers);
    mlsd__free(a, set->gram);
    mlsd__free(a, set->rows);
    mlsd__free(a, set->residual);
    *set = (mlsd__enet_set){0};
}

/* Moments and rows of the set at a new capacity. */
static mlsd_status move_gram(mlsd__enet_set *set, const mlsd__allocator *a, int64_t capacity)
{
    const int64_t rows = set->problem->n;
    int64_t cells, row_cells;
    MLSD__TRY(mlsd__mul_size(capacity, capacity, &cells));
    MLSD__TRY(mlsd__mul_size(capacity, rows, &row_cells));
    double *const gram = mlsd__alloc_raw(a, cells, sizeof *gram);
    if (gram == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < set->n; k++)
        memcpy(gram + k * capacity, set->gram + k * set->capacity, (size_t)set->n * sizeof *gram);
    mlsd__free(a, set->gram);
    set->gram = gram;
    if (set->problem->gram != NULL) return MLSD_OK;
    double *const copy = mlsd__realloc(a, set->rows, row_cells, sizeof *copy);
    if (copy == NULL) return MLSD_E_NOMEM;
    set->rows = copy;
    return MLSD_OK;
}

/* w, gradient, diagonal, root and direction at a new capacity. */
static mlsd_status move_numbers(mlsd__enet_set *set, const mlsd__allocator *a, int64_t capacity)
{
    enum { N_LISTS = 5 };
    int64_t *const column = mlsd__realloc(a, set->column, capacity, sizeof *column);
    if (column == NULL) return MLSD_E_NOMEM;
    set->column = column;
    double *const numbers = mlsd__alloc(a, capacity, N_LISTS * sizeof *numbers);
    if (numbers == NULL) return MLSD_E_NOMEM;
    double **const lists[] = {&set->w, &set->gradient, &set->diagonal, &set->root, &set->direction};
    for (int i = 0; i < N_LISTS; i++) {
        double *const list = numbers + i * capacity;
        if (set->n > 0) memcpy(list, *lists[i], (size_t)set->n * sizeof *list);
        *lists[i] = list;
    }
    mlsd__free(a, set->numbers);
    set->numbers = numbers;
    return MLSD_OK;
}

static void give_up_gram(mlsd__enet_set *set, const mlsd__allocator *a)
{
    mlsd__free(a, set->gram);
    mlsd__free(a, set->rows);
    set->gram = set->rows = NULL;
    set->is_large = true;
}

static mlsd_status reserve(mlsd__enet_set *set, const mlsd__allocator *a, int64_t needed)
{
    const mlsd__enet_problem *const problem = set->problem;
    if (problem->gram == NULL && !set->is_large) {
        const int64_t paying =
            2 * problem->n > LEAST_GRAM_COLUMNS ? 2 * problem->n : LEAST_GRAM_COLUMNS;
        if (needed > (paying < MOST_GRAM_COLUMNS ? paying : MOST_GRAM_COLUMNS))
            give_up_gram(set, a);
    }
    if (needed <= set->capacity) return MLSD_OK;
    int64_t capacity = set->capacity > 0 ? set->capacity : SMALLEST_CAPACITY;
    while (capacity < needed) capacity *= 2;
    if (capacity > problem->p) capacity = problem->p;
    MLSD__TRY(move_numbers(set, a, capacity));
    if (!set->is_large) MLSD__TRY(move_gram(set, a, capacity));
    set->capacity = capacity;
    return MLSD_OK;
}

/* Moments of columns first.. of the set with all up to them. */
static void gather_gram(mlsd__enet_set *set, int64_t first)
{
    const mlsd__enet_problem *const problem = set->problem;
    for (int64_t k = first; k < set->n; k++) {
        const double *const from = problem->gram + set->column[k] * problem->p;
        double *const row = set->gram + k * set->capacity;
        for (int64_t i = 0; i <= k; i++) row[i] = from[set->column[i]];
        for (int64_t i = 0; i < k; i++) set->gram[i * set->capacity + k] = row[i];
    }
}

static mlsd_status multiply_gram(mlsd__enet_set *set, mlsd__scope *scope, int64_t first)
{
    const mlsd__enet_problem *const problem = set->problem;
    const int64_t n = problem->n;
    for (int64_t k = first; k < set->n; k++)
        memcpy(set->rows + k * n, problem->x + set->column[k] * n, (size_t)n * sizeof(double));
    const int64_t most = PRODUCT_CELLS / (n * set->n) > 1 ? PRODUCT_CELLS / (n * set->n) : 1;
    for (int64_t k = first; k < set->n; k += most) {
        const int64_t n_here = set->n - k < most ? set->n - k : most;
        mlsd__gemm(false, true, n_here, k + n_here, n, 1, set->rows + k * n, n, set->rows, n, 0,
                   set->gram + k * set->capacity, set->capacity);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    for (int64_t k = first; k < set->n; k++)
        for (int64_t i = 0; i < k; i++)
            set->gram[i * set->capacity + k] = set->gram[k * set->capacity + i];
    return MLSD_OK;
}

mlsd_status mlsd__enet_set_add(mlsd__enet_set *set, mlsd__scope *scope, const int64_t *columns,
                               int64_t n)
{
    const mlsd__enet_problem *const problem = set->problem;
    if (n == 0) return MLSD_OK;
    MLSD__TRY(reserve(set, scope->allocator, set->n + n));
    const int64_t first = set->n;
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = set->n++;
        set->column[k] = columns[i];
        set->w[k] = 0;
        set->diagonal[k] = problem->diagonal[columns[i]];
        set->root[k] = sqrt(set->diagonal[k]);
    }
    if (set->is_large) return MLSD_OK;
    if (problem->gram == NULL) return multiply_gram(set, scope, first);
    gather_gram(set, first);
    return MLSD_OK;
}

static double shrink(double z, double l1, bool positive)
{
    if (z > l1) return z - l1;
    return z < -l1 && !positive ? z + l1 : 0;
}

void mlsd__enet_set_move(mlsd__enet_set *set, int64_t k, double after)
{
    const double by = set->w[k] - after;
    const int64_t n = set->problem->n;
    set->w[k] = after;
    if (set->gram != NULL)
        mlsd__enet_axpy(set->gradient, by, set->gram + k * set->capacity, set->n);
    else
        mlsd__enet_axpy(set->residual, by, set->problem->x + set->column[k] * n, n);
}

/* What a sweep saw, as effects on the fit: root of the column's mean square times coefficient. */
typedef struct sweep {
    double moved, largest;
    bool has_turned; /* a coefficient became 0, or stopped being it, or changed its sign */
} sweep;

static inline void note(sweep *seen, double root, double before, double after)
{
    seen->moved = fmax(seen->moved, root * fabs(after - before));
    seen->has_turned |= (before > 0) != (after > 0) || (before < 0) != (after < 0);
}

static void sweep_gram(mlsd__enet_set *set, const mlsd__enet_step *step, sweep *seen)
{
    const int64_t n = set->n;
    for (int64_t i = 0; i < n; i++) {
        const int64_t k =
            step->stream != NULL ? (int64_t)mlsd__stream_below(step->stream, (uint64_t)n) : i;
        const double before = set->w[k], d = set->diagonal[k];
        const double after =
            shrink(set->gradient[k] + d * before, step->l1, step->positive) / (d + step->l2);
        if (after != before) {
            mlsd__enet_set_move(set, k, after);
            note(seen, set->root[k], before, after);
        }
        seen->largest = fmax(seen->largest, set->root[k] * fabs(after));
    }
}

static mlsd_status sweep_rows(mlsd__enet_set *set, mlsd__scope *scope, const mlsd__enet_step *step,
                              sweep *seen)
{
    const mlsd__enet_problem *const problem = set->problem;
    const int64_t n = problem->n;
    for (int64_t i = 0; i < set->n; i++) {
        const int64_t k =
            step->stream != NULL ? (int64_t)mlsd__stream_below(step->stream, (uint64_t)set->n) : i;
        const double *const x = problem->x + set->column[k] * n;
        const double before = set->w[k], d = set->diagonal[k];
        const double z = mlsd__dot(x, set->residual, n) + d * before;
        const double after = shrink(z, step->l1, step->positive) / (d + step->l2);
        if (after != before) {
            mlsd__enet_set_move(set, k, after);
            note(seen, set->root[k], before, after);
        }
        seen->largest = fmax(seen->largest, set->root[k] * fabs(after));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* The m columns with coefficients into `active`. */
static int64_t list_active(const mlsd__enet_set *set, int64_t *active)
{
    int64_t m = 0;
    for (int64_t k = 0; k < set->n && m <= MOST_SOLVED; k++)
        if (set->w[k] != 0) active[m++] = k;
    return m;
}

/* The share of the direction that can be gone until a coefficient is 0, at most 1, and which. */
static double first_zero(const mlsd__enet_set *set, const int64_t *active, int64_t m,
                         const double *direction, int64_t *out_at)
{
    double share = 1;
    *out_at = -1;
    for (int64_t i = 0; i < m; i++) {
        const double w = set->w[active[i]];
        if ((w + direction[i] > 0) == (w > 0) && w + direction[i] != 0) continue;
        const double here = -w / direction[i];
        if (here >= share) continue;
        share = here;
        *out_at = i;
    }
    return share;
}

/* Moments of the active columns into matrix (m x m, upper), and their gradients. */
static mlsd_status gather_active(mlsd__enet_set *set, const mlsd__allocator *a,
                                 const int64_t *active, int64_t m, double *matrix, double *gradient)
{
    const int64_t n = set->problem->n;
    if (set->gram != NULL) {
        for (int64_t i = 0; i < m; i++) {
            const double *const from = set->gram + active[i] * set->capacity;
            for (int64_t j = i; j < m; j++) matrix[i * m + j] = from[active[j]];
            gradient[i] = set->gradient[active[i]];
        }
        return MLSD_OK;
    }
    double *const rows = mlsd__alloc_raw(a, m * n, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < m; i++)
        memcpy(rows + i * n, set->problem->x + set->column[active[i]] * n,
               (size_t)n * sizeof *rows);
    mlsd__gemm(false, true, m, m, n, 1, rows, n, rows, n, 0, matrix, m);
    mlsd__gemv(false, m, n, 1, rows, n, set->residual, 0, gradient);
    mlsd__free(a, rows);
    return MLSD_OK;
}

/* Newton's step of the coefficients that are not 0, in the orthant they are in. *out_share of it
 * was gone: less than 1 where a coefficient came to 0 first, 0 where there is no step.
 *
 * Columns that depend on each other (there may be more coefficients than rows tell apart) have no
 * Newton's step: a trifle on the diagonal makes one, which goes far along what makes no difference
 * to the fit, until a coefficient that is not needed is 0. It never ascends: the matrix is larger
 * than the curvature. */
static mlsd_status solve_active(mlsd__enet_set *set, mlsd__scope *scope,
                                const mlsd__enet_step *step, double *out_share)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t active[MOST_SOLVED + 1];
    const int64_t m = list_active(set, active);
    *out_share = 0;
    if (m == 0 || m > MOST_SOLVED) return MLSD_OK;
    if (set->gram == NULL && m * m > 10 * PRODUCT_CELLS / set->problem->n) return MLSD_OK;
    double *const matrix = mlsd__alloc_raw(a, m * m, sizeof *matrix);
    if (matrix == NULL) return MLSD_E_NOMEM;
    double *const direction = set->direction;
    bool ok = false;
    const mlsd_status status = gather_active(set, a, active, m, matrix, direction);
    for (int64_t i = 0; status == MLSD_OK && i < m; i++) {
        const double w = set->w[active[i]];
        direction[i] -= step->l2 * w + (w > 0 ? step->l1 : -step->l1);
        matrix[i * m + i] += step->l2 + TRIFLE * set->diagonal[active[i]];
    }
    if (status == MLSD_OK) mlsd__posv(m, 1, matrix, m, direction, 1, &ok);
    mlsd__free(a, matrix);
    for (int64_t i = 0; ok && i < m; i++) ok = isfinite(direction[i]);
    if (!ok) return status;
    int64_t at;
    *out_share = first_zero(set, active, m, direction, &at);
    for (int64_t i = 0; i < m; i++) {
        const double after = set->w[active[i]] + *out_share * direction[i];
        mlsd__enet_set_move(set, active[i], i == at ? 0 : after);
    }
    return mlsd__checkpoint(scope);
}

/* Steps until one is whole. */
static mlsd_status solve(mlsd__enet_set *set, mlsd__scope *scope, const mlsd__enet_step *step,
                         bool *out_can)
{
    double share = 0.5;
    for (int i = 0; i < MOST_STEPS && share > 0 && share < 1; i++)
        MLSD__TRY(solve_active(set, scope, step, &share));
    *out_can = share > 0;
    return MLSD_OK;
}

mlsd_status mlsd__enet_descend(mlsd__enet_set *set, mlsd__scope *scope, mlsd__enet_step *step)
{
    int64_t creeping = 0;
    bool can_solve = true;
    step->is_still = set->n == 0;
    while (set->n > 0 && step->n_iter < step->max_iter) {
        sweep seen = {0};
        if (set->gram != NULL)
            sweep_gram(set, step, &seen);
        else
            MLSD__TRY(sweep_rows(set, scope, step, &seen));
        MLSD__TRY(mlsd__checkpoint(scope));
        step->n_iter++;
        step->is_still = seen.moved == 0 && step->stream == NULL;
        if (seen.moved <= step->still * seen.largest) break;
        creeping = seen.has_turned ? 0 : creeping + 1;
        if (can_solve && creeping >= CREEPING_SWEEPS + set->n / SWEEPS_PER_COEFFICIENT) {
            MLSD__TRY(solve(set, scope, step, &can_solve));
            creeping = 0;
        }
    }
    return MLSD_OK;
}
