/* quantile_solve.c - quantile regression from a start to a vertex that is proved.
 *
 * Large data are solved on every 64th and every 8th row first; the vertex found is a vertex of all
 * rows, and near theirs (after Portnoy & Koenker 1997, Statistical Science 12, section 5). Ties are
 * broken by adding tiny numbers to the targets: they change which vertex is met, and the last step,
 * which takes the basis with the true targets, checks that its dual numbers prove it. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/linear/quantile_pivot.h"
#include "numeric/sum.h"

enum { STRIDE = 8, LEAST_ROWS = 2000, LEAST_ROWS_BY_COLUMN = 40, MAX_ROUNDS = 4 };

/* Added to targets of the order of one in the first round, and how it shrinks with each. */
static const double NOISE = 1e-8, NOISE_SHRINKS = 1e-2;
/* Residuals on the wrong side by less are rounding. */
static const double RESIDUAL_SLACK = 1e-9;

static double loss_of(double residual, double upper, double lower)
{
    return residual * (residual >= 0.0 ? upper : lower);
}

/* With the true targets: objective, and what the dual numbers leave between it and the minimum.
 * Signs of residuals that the noise had wrong are put right, and counted. */
static mlsd_status prove(mlsd__simplex *s, const mlsd__quantile_problem *whole,
                         int64_t *out_n_wrong, mlsd__quantile_outcome *out)
{
    const int64_t q = s->p.q;
    memcpy(s->target, whole->y, (size_t)s->p.n * sizeof *s->target);
    memset(s->kink_target, 0, (size_t)q * sizeof *s->kink_target);
    MLSD__TRY(mlsd__quantile_basis_refresh(s->scope, &s->basis, &s->p));
    mlsd__quantile_theta(s);
    MLSD__TRY(mlsd__quantile_residuals(s, false));
    for (int64_t k = 0; k < q; k++) /* exactly, not to rounding */
        if (s->basis.row[k] < 0) {
            const int64_t j = mlsd__quantile_unit(s->basis.row[k], q);
            s->theta[j] = mlsd__quantile_target(s, s->basis.row[k]);
        }
    MLSD__TRY(mlsd__quantile_gradient(s));
    out->objective = 0.0;
    out->gap = 0.0;
    *out_n_wrong = 0;
    for (int64_t i = 0; i < s->p.n; i++) {
        const double r = s->residual[i];
        const double loss =
            loss_of(r, mlsd__quantile_bound(s, i, 1), mlsd__quantile_bound(s, i, -1));
        out->objective += loss;
        if (s->side[i] == 0) continue;
        out->gap += loss - r * mlsd__quantile_bound(s, i, s->side[i]);
        if (r * s->side[i] < -RESIDUAL_SLACK * (1.0 + fabs(s->target[i]))) {
            s->side[i] = (int8_t)-s->side[i];
            ++*out_n_wrong;
        }
    }
    for (int64_t j = 0; j < q; j++) {
        const double loss = s->p.penalty[j] * fabs(s->theta[j]);
        out->objective += loss;
        if (s->kink_side[j] == 0) continue;
        out->gap += loss + s->theta[j] * mlsd__quantile_bound(s, MLSD__KINK - j, s->kink_side[j]);
        if (-s->theta[j] * s->kink_side[j] < -RESIDUAL_SLACK) {
            s->kink_side[j] = (int8_t)-s->kink_side[j];
            ++*out_n_wrong;
        }
    }
    memset(s->is_idle, 0, (size_t)q * sizeof *s->is_idle);
    if (*out_n_wrong > 0) MLSD__TRY(mlsd__quantile_gradient(s));
    out->converged = mlsd__quantile_leaving(s, 1) < 0;
    return MLSD_OK;
}

static void add_noise(mlsd__simplex *s, const double *y, int64_t stride, double noise)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, 0, (uint64_t)stride, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < s->p.n; i++)
        s->target[i] = y[i] + noise * (mlsd__stream_double(&stream) - 0.5);
    for (int64_t j = 0; j < s->p.q; j++)
        s->kink_target[j] = noise * (mlsd__stream_double(&stream) - 0.5);
}

/* Every stride-th row of the problem, with its share of the penalty. */
typedef struct part {
    double *z, *y, *weight, *penalty;
} part;

static mlsd_status part_open(part *t, const mlsd__allocator *a, const mlsd__quantile_problem *whole,
                             int64_t stride, mlsd__quantile_problem *out)
{
    const int64_t n = (whole->n + stride - 1) / stride, q = whole->q;
    *out = *whole;
    *t = (part){0};
    if (stride == 1) return MLSD_OK;
    t->z = mlsd__alloc_raw(a, n * q, sizeof *t->z);
    t->y = mlsd__alloc_raw(a, n, sizeof *t->y);
    t->penalty = mlsd__alloc_raw(a, q, sizeof *t->penalty);
    if (whole->weight != NULL) t->weight = mlsd__alloc_raw(a, n, sizeof *t->weight);
    if (t->z == NULL || t->y == NULL || t->penalty == NULL ||
        (whole->weight != NULL && t->weight == NULL))
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        memcpy(t->z + i * q, whole->z + i * stride * q, (size_t)q * sizeof *t->z);
        t->y[i] = whole->y[i * stride];
        if (t->weight != NULL) t->weight[i] = whole->weight[i * stride];
    }
    for (int64_t j = 0; j < q; j++) t->penalty[j] = whole->penalty[j] / (double)stride;
    out->n = n;
    out->z = t->z;
    out->y = t->y;
    out->weight = t->weight;
    out->penalty = t->penalty;
    return MLSD_OK;
}

static void part_close(part *t, const mlsd__allocator *a)
{
    mlsd__free(a, t->z);
    mlsd__free(a, t->y);
    mlsd__free(a, t->weight);
    mlsd__free(a, t->penalty);
}

static mlsd_status solve_level(mlsd__simplex *s, const mlsd__quantile_problem *level,
                               int64_t stride, mlsd__quantile_outcome *out)
{
    double noise = NOISE;
    s->p = *level;
    s->p.y = s->target;
    s->mean_weight =
        level->weight != NULL ? mlsd__sum(level->weight, level->n) / (double)level->n : 1.0;
    s->most_pivots = s->n_pivots + 1000 + 20 * (level->n + 10 * level->q);
    add_noise(s, level->y, stride, noise);
    MLSD__TRY(mlsd__quantile_descend(s, true));
    if (stride > 1) return MLSD_OK;
    for (int round = 0;; round++) {
        int64_t n_wrong = 0;
        MLSD__TRY(prove(s, level, &n_wrong, out));
        if (out->converged && n_wrong > 0) /* the signs are right now: the proof holds */
            MLSD__TRY(prove(s, level, &n_wrong, out));
        if (out->converged || round == MAX_ROUNDS || s->n_pivots >= s->most_pivots) break;
        noise *= NOISE_SHRINKS;
        add_noise(s, level->y, stride, noise);
        MLSD__TRY(mlsd__quantile_descend(s, true));
    }
    return MLSD_OK;
}

static mlsd_status simplex_open(mlsd__simplex *s, const mlsd__allocator *a,
                                const mlsd__quantile_problem *p)
{
    const int64_t n = p->n, q = p->q;
    s->basis.q = q;
    int64_t n_inverse = 0;
    MLSD__TRY(mlsd__mul_size(q, q, &n_inverse));
    s->basis.row = mlsd__alloc_raw(a, 2 * q, sizeof *s->basis.row);
    s->basis.inverse = mlsd__alloc(a, n_inverse, sizeof *s->basis.inverse);
    s->target = mlsd__alloc_raw(a, 3 * n, sizeof *s->target);
    s->side = mlsd__alloc(a, n + q, sizeof *s->side);
    s->held = mlsd__alloc(a, 9 * q, sizeof *s->held);
    s->is_idle = mlsd__alloc(a, q, sizeof *s->is_idle);
    s->heap_length = mlsd__alloc_raw(a, n + q, sizeof *s->heap_length);
    s->heap_row = mlsd__alloc_raw(a, n + q, sizeof *s->heap_row);
    if (s->basis.row == NULL || s->basis.inverse == NULL || s->target == NULL || s->side == NULL ||
        s->held == NULL || s->is_idle == NULL || s->heap_length == NULL || s->heap_row == NULL)
        return MLSD_E_NOMEM;
    s->basis.used = s->basis.row + q;
    s->residual = s->target + n;
    s->change = s->target + 2 * n;
    s->kink_side = s->side + n;
    s->kink_target = s->held + q;
    s->gradient = s->held + 2 * q;
    s->dual = s->held + 3 * q;
    s->direction = s->held + 4 * q;
    s->numbers = s->held + 5 * q;
    s->basis.products = s->held + 6 * q;
    s->basis.sums = s->held + 7 * q;
    s->basis.squares = s->held + 8 * q;
    return MLSD_OK;
}

static void simplex_close(mlsd__simplex *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->basis.row);
    mlsd__free(a, s->basis.inverse);
    mlsd__free(a, s->target);
    mlsd__free(a, s->side);
    mlsd__free(a, s->held);
    mlsd__free(a, s->is_idle);
    mlsd__free(a, s->heap_length);
    mlsd__free(a, s->heap_row);
}

/* From the coarsest part to all rows. The rows of a basis are `STRIDE` times as far on the next
 * level. */
static mlsd_status solve_levels(mlsd__simplex *s, const mlsd__quantile_problem *p,
                                mlsd__quantile_outcome *out)
{
    const mlsd__allocator *const a = s->scope->allocator;
    const int64_t least = LEAST_ROWS + LEAST_ROWS_BY_COLUMN * p->q;
    int64_t stride = 1;
    while (p->n / (stride * STRIDE) >= least) stride *= STRIDE;
    for (; stride >= 1; stride /= STRIDE) {
        part t;
        mlsd__quantile_problem level;
        mlsd_status status = part_open(&t, a, p, stride, &level);
        if (status == MLSD_OK) status = solve_level(s, &level, stride, out);
        part_close(&t, a);
        MLSD__TRY(status);
        for (int64_t k = 0; stride > 1 && k < p->q; k++)
            if (s->basis.row[k] >= 0) s->basis.row[k] *= STRIDE;
    }
    return MLSD_OK;
}

mlsd_status mlsd__quantile_solve(mlsd__scope *scope, const mlsd__quantile_problem *problem,
                                 double *theta, mlsd__quantile_outcome *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = problem->q;
    mlsd__simplex s = {.scope = scope, .theta = theta};
    *out = (mlsd__quantile_outcome){0};
    mlsd_status status = simplex_open(&s, a, problem);
    if (status == MLSD_OK) {
        memcpy(s.held, theta, (size_t)q * sizeof *theta);
        for (int64_t j = 0; j < q; j++) {
            s.basis.row[j] = problem->penalty[j] > 0.0 ? MLSD__KINK - j : MLSD__KINK - q - j;
            s.basis.inverse[j * q + j] = s.basis.sums[j] = s.basis.squares[j] = 1.0;
        }
        status = solve_levels(&s, problem, out);
        out->n_pivots = s.n_pivots;
    }
    simplex_close(&s, a);
    return status;
}
