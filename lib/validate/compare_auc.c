/* compare_auc.c - areas under ROC curves of one test set side by side: DeLong, DeLong &
 * Clarke-Pearson (1988), Biometrics 44:837, by midranks as in Sun & Xu (2014), IEEE Signal
 * Processing Letters 21:1389. Letters as there: m positives X, n negatives Y. */
#include <math.h>

#include "numeric/rank.h"
#include "numeric/sum.h"
#include "validate/compare_impl.h"

/* Structural components of each model over the rows that all have: m + n of them, deviations from
 * the area (positives first). */
typedef struct components {
    int64_t m, n;
    double *deviation; /* model by model */
} components;

static void free_components(mlsd__comparison *c)
{
    components *const s = c->state;
    if (s == NULL) return;
    mlsd__free(c->scope->allocator, s->deviation);
    mlsd__free(c->scope->allocator, s);
    c->state = NULL;
}

/* Area and components of one model; x holds its scores, positives first, and `ranks` room for
 * 2 (m + n). */
static mlsd_status find_components(const mlsd__allocator *a, const double *x, int64_t m, int64_t n,
                                   double *ranks, double *auc, double *out)
{
    double *const pooled = ranks, *const own = ranks + m + n;
    MLSD__TRY(mlsd__midranks(a, x, m + n, pooled));
    MLSD__TRY(mlsd__midranks(a, x, m, own));
    MLSD__TRY(mlsd__midranks(a, x + m, n, own + m));
    for (int64_t i = 0; i < m; i++) out[i] = (pooled[i] - own[i]) / (double)n;
    for (int64_t j = m; j < m + n; j++) out[j] = 1 - (pooled[j] - own[j]) / (double)m;
    *auc = mlsd__sum(out, m) / (double)m;
    for (int64_t i = 0; i < m + n; i++) out[i] -= *auc;
    return MLSD_OK;
}

/* The rows that count, positives first. */
static mlsd_status order_rows(mlsd__comparison *c, components *s, int64_t *rows, int64_t *scratch)
{
    const int64_t n_rows = mlsd__comparison_complete_rows(c, scratch);
    for (int64_t i = 0; i < n_rows; i++) {
        const double y = c->y[scratch[i]];
        if (y != 0 && y != 1)
            return mlsd__fail(MLSD_E_DATA, "row %lld of y is neither 0 nor 1",
                              (long long)scratch[i]);
        s->m += y == 1;
    }
    int64_t positive = 0, negative = s->m;
    for (int64_t i = 0; i < n_rows; i++)
        rows[c->y[scratch[i]] == 1 ? positive++ : negative++] = scratch[i];
    s->n = n_rows - s->m;
    return MLSD_OK;
}

static mlsd_status fill_components(mlsd__comparison *c, components *s, int64_t *rows, double *room)
{
    const mlsd__allocator *const a = c->scope->allocator;
    MLSD__TRY(order_rows(c, s, rows, rows + c->n_rows));
    const int64_t n = s->m + s->n;
    for (int64_t j = 0; j < c->n_models; j++) {
        c->rank_score[j] = NAN;
        if (s->m == 0 || s->n == 0) continue;
        for (int64_t i = 0; i < n; i++) room[i] = mlsd__comparison_scores(c, j)[rows[i]];
        MLSD__TRY(find_components(a, room, s->m, s->n, room + n, &c->rank_score[j],
                                  s->deviation + j * n));
        MLSD__TRY(mlsd__checkpoint(c->scope));
    }
    return MLSD_OK;
}

static mlsd_status prepare_auc(mlsd__comparison *c)
{
    const mlsd__allocator *const a = c->scope->allocator;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(c->n_rows, c->n_models, &size));
    components *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    c->state = s;
    s->deviation = mlsd__alloc_raw(a, size, sizeof *s->deviation);
    int64_t *const rows = mlsd__alloc_raw(a, 2 * c->n_rows, sizeof *rows);
    double *const room = mlsd__alloc_raw(a, 3 * c->n_rows, sizeof *room);
    mlsd_status status =
        s->deviation == NULL || rows == NULL || room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = fill_components(c, s, rows, room);
    mlsd__free(a, room);
    mlsd__free(a, rows);
    return status;
}

/* Variance of the difference of two areas: of the differences of their components. */
static double variance_of_difference(const double *u, const double *v, int64_t m, int64_t n)
{
    double positives = 0, negatives = 0;
    for (int64_t i = 0; i < m; i++) positives += (v[i] - u[i]) * (v[i] - u[i]);
    for (int64_t j = m; j < m + n; j++) negatives += (v[j] - u[j]) * (v[j] - u[j]);
    return positives / ((double)(m - 1) * (double)m) + negatives / ((double)(n - 1) * (double)n);
}

static mlsd_status pair_delong(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    const components *const s = c->state;
    mlsd__paired *const is = &pair->is;
    mlsd__paired_clear(is);
    is->n = s->m + s->n;
    is->difference = is->effect = c->rank_score[pair->b] - c->rank_score[pair->a];
    if (s->m < 2 || s->n < 2) {
        is->reason = "fewer than two rows of a class";
        return MLSD_OK;
    }
    const double variance = variance_of_difference(s->deviation + pair->a * is->n,
                                                   s->deviation + pair->b * is->n, s->m, s->n);
    /* Components are shares: what varies by less is rounding. */
    static const double ROUNDING = 1e-28;
    if (!(variance > ROUNDING)) {
        is->reason = "both order the two classes in the same way";
        return MLSD_OK;
    }
    mlsd__paired_by_t(is, &c->settings, is->difference, sqrt(variance), INFINITY);
    is->low = fmax(is->low, -1);
    is->high = fmin(is->high, 1);
    return mlsd__checkpoint(scope);
}

const mlsd__comparison_ops mlsd__compare_delong_ops = {
    .test = "DeLong",
    .effect_is = "difference of the areas under the ROC curves",
    .rows = "rows",
    .takes_y = true,
    .needs_y = true,
    .direction = MLSD__GREATER_IS_BETTER,
    .prepare = prepare_auc,
    .end = free_components,
    .pair = pair_delong,
};
