/* quantile_pivot.c - the simplex method of Barrodale & Roberts (1973, SIAM J. Numer. Anal. 10) as
 * Koenker & d'Orey (1987, Applied Statistics 36) have it for quantiles, with bounded dual numbers
 * and line searches that pass kinks while the objective falls (Bloomfield & Steiger 1983, chapter
 * 7).
 *
 * A vertex has q basic rows with residual 0. Rows off the basis have a residual of one sign and so
 * a dual number at its bound, w quantile or w (quantile - 1); the basic rows' dual numbers are what
 * makes sum dual z = 0. While one is out of its bounds, moving off its row goes downhill. */
#include "model/linear/quantile_pivot.h"

#include <math.h>
#include <string.h>

#include "numeric/blas.h"

/* Dual numbers out of bounds by less, in mean weights, are rounding. */
static const double DUAL_SLACK = 1e-9;
/* Changes of a residual along a direction, beside the largest, that are rounding of 0. */
static const double LEAST_CHANGE = 1e-10;

static double weight_of(const mlsd__simplex *s, int64_t i)
{
    return s->p.weight != NULL ? s->p.weight[i] : 1.0;
}

/* The dual number of a row on that side of 0. */
double mlsd__quantile_bound(const mlsd__simplex *s, int64_t row, int side)
{
    if (mlsd__quantile_is_hold(row, s->p.q)) return 0.0;
    if (row < 0) return side * s->p.penalty[mlsd__quantile_unit(row, s->p.q)];
    return weight_of(s, row) * (side > 0 ? s->p.quantile : s->p.quantile - 1.0);
}

static int8_t *side_of(const mlsd__simplex *s, int64_t row)
{
    return row >= 0 ? &s->side[row] : &s->kink_side[mlsd__quantile_unit(row, s->p.q)];
}

double mlsd__quantile_target(const mlsd__simplex *s, int64_t row)
{
    if (row >= 0) return s->target[row];
    const int64_t j = mlsd__quantile_unit(row, s->p.q);
    return mlsd__quantile_is_hold(row, s->p.q) ? s->held[j] : s->kink_target[j];
}

typedef struct product_job {
    const mlsd__simplex *s;
    const double *x;
    double *out;
} product_job;

static mlsd_status product_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const product_job *const job = arg;
    const int64_t q = job->s->p.q;
    int64_t first = 0, n = 0;
    mlsd__block_range(job->s->p.n, block, &first, &n);
    mlsd__gemv(false, n, q, 1.0, job->s->p.z + first * q, q, job->x, 0.0, job->out + first);
    return mlsd__checkpoint(scope);
}

/* out = Z x. */
static mlsd_status product(const mlsd__simplex *s, const double *x, double *out)
{
    product_job job = {s, x, out};
    return mlsd__parallel_for(s->scope, mlsd__n_blocks(s->p.n), product_block, &job);
}

/* Sum of dual numbers times rows off the basis. `change` is scratch. */
mlsd_status mlsd__quantile_gradient(mlsd__simplex *s)
{
    const int64_t q = s->p.q;
    memset(s->gradient, 0, (size_t)q * sizeof *s->gradient);
    for (int64_t b = 0; b < mlsd__n_blocks(s->p.n); b++) {
        int64_t first = 0, n = 0;
        mlsd__block_range(s->p.n, b, &first, &n);
        for (int64_t i = first; i < first + n; i++)
            s->change[i] = s->side[i] != 0 ? mlsd__quantile_bound(s, i, s->side[i]) : 0.0;
        mlsd__gemv(true, n, q, 1.0, s->p.z + first * q, q, s->change + first, 1.0, s->gradient);
        MLSD__TRY(mlsd__checkpoint(s->scope));
    }
    for (int64_t j = 0; j < q; j++)
        if (s->kink_side[j] != 0)
            s->gradient[j] += mlsd__quantile_bound(s, MLSD__KINK - j, s->kink_side[j]);
    return MLSD_OK;
}

static void add_row(mlsd__simplex *s, int64_t row, double factor)
{
    const int64_t q = s->p.q;
    if (row < 0) {
        s->gradient[mlsd__quantile_unit(row, q)] += factor;
        return;
    }
    const double *const numbers = s->p.z + row * q;
    for (int64_t j = 0; j < q; j++) s->gradient[j] += factor * numbers[j];
}

/* theta from the basis, corrected, so that errors of the inverse do not stay. */
void mlsd__quantile_theta(mlsd__simplex *s)
{
    const int64_t q = s->p.q;
    for (int round = 0; round < 3; round++) {
        for (int64_t k = 0; k < q; k++)
            s->numbers[k] = mlsd__quantile_target(s, s->basis.row[k]) -
                            mlsd__quantile_row_dot(&s->p, s->basis.row[k], s->theta);
        mlsd__gemv(true, q, q, 1.0, s->basis.inverse, q, s->numbers, 1.0, s->theta);
    }
}

/* The basic rows' dual numbers, corrected so many times. */
static void solve_dual(mlsd__simplex *s, int n_corrections)
{
    const int64_t q = s->p.q;
    memset(s->dual, 0, (size_t)q * sizeof *s->dual);
    for (int round = 0; round <= n_corrections; round++) {
        memcpy(s->numbers, s->gradient, (size_t)q * sizeof *s->numbers);
        for (int64_t k = 0; round > 0 && k < q; k++) {
            const int64_t row = s->basis.row[k];
            if (row < 0) s->numbers[mlsd__quantile_unit(row, q)] += s->dual[k];
            for (int64_t j = 0; row >= 0 && j < q; j++)
                s->numbers[j] += s->dual[k] * s->p.z[row * q + j];
        }
        mlsd__gemv(false, q, q, -1.0, s->basis.inverse, q, s->numbers, 1.0, s->dual);
    }
}

/* Residuals of all rows at theta; signs of rows off the basis follow them where `sets_sides`. */
mlsd_status mlsd__quantile_residuals(mlsd__simplex *s, bool sets_sides)
{
    MLSD__TRY(product(s, s->theta, s->residual));
    for (int64_t i = 0; i < s->p.n; i++) {
        s->residual[i] = s->target[i] - s->residual[i];
        if (sets_sides) s->side[i] = s->residual[i] >= 0.0 ? 1 : -1;
    }
    for (int64_t j = 0; sets_sides && j < s->p.q; j++)
        s->kink_side[j] =
            s->p.penalty[j] > 0.0 ? (s->kink_target[j] - s->theta[j] >= 0.0 ? 1 : -1) : 0;
    for (int64_t k = 0; k < s->p.q; k++) {
        const int64_t row = s->basis.row[k];
        if (row >= 0) s->residual[row] = 0.0;
        if (!mlsd__quantile_is_hold(row, s->p.q)) *side_of(s, row) = 0;
    }
    return MLSD_OK;
}

/* How far the k-th basic row's dual number is below (negative) or above its bounds. */
static double excess(const mlsd__simplex *s, int64_t k)
{
    const int64_t row = s->basis.row[k];
    const double above = s->dual[k] - mlsd__quantile_bound(s, row, 1),
                 below = s->dual[k] - mlsd__quantile_bound(s, row, -1);
    return above > 0.0 ? above : below < 0.0 ? below : 0.0;
}

/* The basic row to leave: the steepest way down. -1 where all dual numbers are in their bounds. */
int64_t mlsd__quantile_leaving(mlsd__simplex *s, int n_corrections)
{
    const int64_t q = s->p.q;
    int64_t best = -1;
    double steepest = 0.0;
    solve_dual(s, n_corrections);
    for (int64_t k = 0; k < q; k++) {
        const double out = fabs(excess(s, k)), slope = out / sqrt(s->basis.squares[k]);
        const double slack = DUAL_SLACK * s->mean_weight * (1.0 + s->basis.sums[k]);
        if (!(out > slack) || s->is_idle[k]) continue;
        if (slope > steepest) {
            steepest = slope;
            best = k;
        }
    }
    return best;
}

static void sift_down(mlsd__simplex *s, int64_t at)
{
    const double length = s->heap_length[at];
    const int64_t row = s->heap_row[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= s->n_heap) break;
        if (child + 1 < s->n_heap && s->heap_length[child + 1] < s->heap_length[child]) child++;
        if (!(s->heap_length[child] < length)) break;
        s->heap_length[at] = s->heap_length[child];
        s->heap_row[at] = s->heap_row[child];
        at = child;
    }
    s->heap_length[at] = length;
    s->heap_row[at] = row;
}

/* Rows whose residual comes to 0 along the direction, by how far. */
static void gather_kinks(mlsd__simplex *s)
{
    double top = 0.0;
    for (int64_t i = 0; i < s->p.n; i++) top = fmax(top, fabs(s->change[i]));
    for (int64_t j = 0; j < s->p.q; j++) top = fmax(top, fabs(s->direction[j]));
    const double least = LEAST_CHANGE * top;
    s->n_heap = 0;
    for (int64_t i = 0; i < s->p.n; i++) {
        if (!(s->side[i] * s->change[i] > least)) continue;
        s->heap_length[s->n_heap] = fmax(s->residual[i] / s->change[i], 0.0);
        s->heap_row[s->n_heap++] = i;
    }
    for (int64_t j = 0; j < s->p.q; j++) {
        if (!(s->kink_side[j] * s->direction[j] > least)) continue;
        s->heap_length[s->n_heap] = fmax((s->kink_target[j] - s->theta[j]) / s->direction[j], 0.0);
        s->heap_row[s->n_heap++] = MLSD__KINK - j;
    }
    for (int64_t at = s->n_heap / 2; at-- > 0;) sift_down(s, at);
}

static double change_of(const mlsd__simplex *s, int64_t row)
{
    return row >= 0 ? s->change[row] : s->direction[mlsd__quantile_unit(row, s->p.q)];
}

/* Pass kinks while the slope is negative; rows passed are behind the heap's end, in order. False
 * where there is no end: then the slope was rounding. */
static bool search(mlsd__simplex *s, double slope, int64_t *out_row, double *out_length,
                   int64_t *out_passed)
{
    const int64_t n = s->n_heap;
    while (s->n_heap > 0) {
        const int64_t row = s->heap_row[0];
        const double length = s->heap_length[0];
        slope += (mlsd__quantile_bound(s, row, 1) - mlsd__quantile_bound(s, row, -1)) *
                 fabs(change_of(s, row));
        s->n_heap--;
        if (slope >= 0.0) {
            *out_row = row;
            *out_length = length;
            *out_passed = n - s->n_heap - 1;
            return true;
        }
        s->heap_length[0] = s->heap_length[s->n_heap];
        s->heap_row[0] = s->heap_row[s->n_heap];
        s->heap_row[s->n_heap] = row;
        sift_down(s, 0);
    }
    return false;
}

/* Move along the direction that leaves the k-th basic row; *out_moved false where it goes nowhere.
 */
static mlsd_status pivot(mlsd__simplex *s, int64_t k, bool *out_moved)
{
    const int64_t q = s->p.q, leaving = s->basis.row[k];
    const double out = excess(s, k), sign = out > 0.0 ? -1.0 : 1.0;
    int64_t entering = 0, n_passed = 0;
    double length = 0.0;
    for (int64_t j = 0; j < q; j++) s->direction[j] = sign * s->basis.inverse[k * q + j];
    MLSD__TRY(product(s, s->direction, s->change));
    gather_kinks(s);
    const int64_t n_kinks = s->n_heap;
    *out_moved = search(s, -fabs(out), &entering, &length, &n_passed);
    s->is_idle[k] = !*out_moved;
    if (!*out_moved) return MLSD_OK;

    for (int64_t i = n_kinks - n_passed; i < n_kinks; i++) {
        const int64_t row = s->heap_row[i];
        int8_t *const side = side_of(s, row);
        add_row(s, row, mlsd__quantile_bound(s, row, -*side) - mlsd__quantile_bound(s, row, *side));
        *side = (int8_t) - *side;
    }
    for (int64_t i = 0; i < s->p.n; i++) s->residual[i] -= length * s->change[i];
    for (int64_t j = 0; j < q; j++) s->theta[j] += length * s->direction[j];
    add_row(s, entering, -mlsd__quantile_bound(s, entering, *side_of(s, entering)));
    *side_of(s, entering) = 0;
    if (entering >= 0) s->residual[entering] = 0.0;
    if (!mlsd__quantile_is_hold(leaving, q)) {
        *side_of(s, leaving) = out > 0.0 ? 1 : -1;
        add_row(s, leaving, mlsd__quantile_bound(s, leaving, out > 0.0 ? 1 : -1));
    }
    mlsd__quantile_row(&s->p, entering, s->numbers);
    mlsd__quantile_basis_exchange(&s->basis, k, entering, s->numbers);
    memset(s->is_idle, 0, (size_t)q * sizeof *s->is_idle);
    s->n_pivots++;
    return MLSD_OK;
}

/* Downhill from the vertex that the basis is, until none of its rows can leave. */
mlsd_status mlsd__quantile_descend(mlsd__simplex *s, bool sets_sides)
{
    const int64_t between = 50 + s->p.q;
    int64_t since = 0;
    memset(s->is_idle, 0, (size_t)s->p.q * sizeof *s->is_idle);
    mlsd__quantile_theta(s);
    MLSD__TRY(mlsd__quantile_residuals(s, sets_sides));
    MLSD__TRY(mlsd__quantile_gradient(s));
    for (;;) {
        const int64_t k = mlsd__quantile_leaving(s, 0);
        if (k < 0 || s->n_pivots >= s->most_pivots) return MLSD_OK;
        bool moved = false;
        MLSD__TRY(pivot(s, k, &moved));
        if (!moved || ++since < between) continue;
        since = 0;
        MLSD__TRY(mlsd__quantile_basis_refresh(s->scope, &s->basis, &s->p));
        mlsd__quantile_theta(s);
        MLSD__TRY(mlsd__quantile_residuals(s, false));
        MLSD__TRY(mlsd__quantile_gradient(s));
    }
}
