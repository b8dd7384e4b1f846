/* strata_draw.c - what is drawn from strata: how many rows of each a part gets, and which.
 *
 * Words are drawn in scikit-learn's order, on which every row number depends: for one split the
 * shares of each part, a permutation of each stratum in ascending order, a permutation of each
 * part. */
#include "split/strata.h"

#include <assert.h>
#include <math.h>

#include "numeric/rank.h"

/* Who of those with equal remainders, by_remainder[first .. end), gets one more. */
static mlsd_status share_ties(mlsd__scope *scope, mlsd__mt19937 *mt, const int64_t *by_remainder,
                              int64_t n_ties, int64_t n_add, int64_t *order, int64_t *shares)
{
    MLSD__TRY(mlsd__split_permutation(scope, mt, order, n_ties));
    for (int64_t k = 0; k < n_add; k++) shares[by_remainder[order[k]]]++;
    return MLSD_OK;
}

mlsd_status mlsd__strata_share(mlsd__scope *scope, mlsd__mt19937 *mt, const int64_t *counts,
                               int64_t n, int64_t n_draws, int64_t *shares)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *by_remainder = NULL, *order = NULL;
    double sum = 0;
    for (int64_t c = 0; c < n; c++) sum += (double)counts[c];
    double *const remainders = mlsd__alloc_raw(a, n, sizeof *remainders);
    if (remainders == NULL) return MLSD_E_NOMEM;

    int64_t need = n_draws;
    for (int64_t c = 0; c < n; c++) {
        const double continuous = (double)counts[c] / sum * (double)n_draws;
        shares[c] = (int64_t)floor(continuous);
        remainders[c] = continuous - floor(continuous);
        need -= shares[c];
    }
    mlsd_status status = MLSD_OK;
    if (need <= 0) goto out;
    status = MLSD_E_NOMEM;
    by_remainder = mlsd__alloc_raw(a, n, sizeof *by_remainder);
    if (by_remainder == NULL) goto out;
    order = mlsd__alloc_raw(a, n, sizeof *order);
    if (order == NULL) goto out;
    status = mlsd__argsort(a, remainders, n, by_remainder);
    for (int64_t end = n; status == MLSD_OK && need > 0 && end > 0;) {
        int64_t first = end - 1;
        const double value = remainders[by_remainder[first]];
        while (first > 0 && remainders[by_remainder[first - 1]] == value) first--;
        const int64_t n_ties = end - first, n_add = n_ties < need ? n_ties : need;
        status = share_ties(scope, mt, by_remainder + first, n_ties, n_add, order, shares);
        need -= n_add;
        end = first;
    }
out:
    mlsd__free(a, order);
    mlsd__free(a, by_remainder);
    mlsd__free(a, remainders);
    return status;
}

typedef struct draw {
    int64_t *left;          /* rows of each stratum not yet given to a part */
    int64_t *shares;        /* n_parts x n: rows of each stratum in each part */
    int64_t *ends;          /* how far each part is filled */
    mlsd__row_numbers held; /* the rows of one stratum, where they are needed again */
} draw;

static void draw_free(draw *d, const mlsd__allocator *a)
{
    mlsd__free(a, d->left);
    mlsd__free(a, d->shares);
    mlsd__free(a, d->ends);
    mlsd__row_numbers_free(&d->held, a);
}

static mlsd_status draw_new(draw *d, const mlsd__allocator *a, const mlsd__strata *s,
                            const mlsd_folds *f)
{
    int64_t n_shares = 0, largest = 0;
    MLSD__TRY(mlsd__mul_size(f->n_parts, s->n, &n_shares));
    d->left = mlsd__alloc_raw(a, s->n, sizeof *d->left);
    if (d->left == NULL) return MLSD_E_NOMEM;
    d->shares = mlsd__alloc_raw(a, n_shares, sizeof *d->shares);
    if (d->shares == NULL) return MLSD_E_NOMEM;
    d->ends = mlsd__alloc_raw(a, f->n_parts, sizeof *d->ends);
    if (d->ends == NULL) return MLSD_E_NOMEM;
    if (f->n_splits == 1) return MLSD_OK;
    for (int64_t c = 0; c < s->n; c++) largest = s->counts[c] > largest ? s->counts[c] : largest;
    return mlsd__row_numbers_new(a, s->n_rows, largest, &d->held);
}

static mlsd_status share_parts(mlsd__scope *scope, mlsd__mt19937 *mt, const mlsd__strata *s,
                               const int64_t *sizes, int64_t n_parts, draw *d)
{
    for (int64_t c = 0; c < s->n; c++) d->left[c] = s->counts[c];
    for (int64_t k = 0; k < n_parts; k++) {
        int64_t *const shares = d->shares + k * s->n;
        MLSD__TRY(mlsd__strata_share(scope, mt, d->left, s->n, sizes[k], shares));
        for (int64_t c = 0; c < s->n; c++) {
            assert(shares[c] <= d->left[c]); /* sizes sum to at most the rows: floors fit */
            d->left[c] -= shares[c];
        }
    }
    return MLSD_OK;
}

/* Shuffle one stratum and hand its rows to the parts. The last split may do so in place. */
static mlsd_status deal_stratum(mlsd__scope *scope, mlsd__mt19937 *mt, const mlsd__strata *s,
                                int64_t c, bool is_last, draw *d, const mlsd__row_numbers *rows,
                                int64_t n_parts)
{
    const mlsd__row_numbers *const from = is_last ? &s->rows : &d->held;
    int64_t at = is_last ? s->starts[c] : 0;
    if (!is_last) mlsd__row_numbers_copy(from, 0, &s->rows, s->starts[c], s->counts[c]);
    MLSD__TRY(mlsd__row_numbers_shuffle(scope, mt, from, at, s->counts[c]));
    for (int64_t k = 0; k < n_parts; k++) {
        const int64_t n = d->shares[k * s->n + c];
        mlsd__row_numbers_copy(rows, d->ends[k], from, at, n);
        d->ends[k] += n;
        at += n;
    }
    return MLSD_OK;
}

static mlsd_status draw_split(mlsd__scope *scope, mlsd__mt19937 *mt, const mlsd__strata *s,
                              const int64_t *sizes, int64_t split, draw *d, const mlsd_folds *f)
{
    const mlsd__row_numbers rows = mlsd__folds_row_numbers(f);
    const int64_t *const firsts = f->offsets + split * f->n_parts;
    MLSD__TRY(share_parts(scope, mt, s, sizes, f->n_parts, d));
    for (int64_t k = 0; k < f->n_parts; k++) d->ends[k] = firsts[k];
    for (int64_t c = 0; c < s->n; c++) {
        MLSD__TRY(deal_stratum(scope, mt, s, c, split == f->n_splits - 1, d, &rows, f->n_parts));
    }
    for (int64_t k = 0; k < f->n_parts; k++) {
        MLSD__TRY(mlsd__row_numbers_shuffle(scope, mt, &rows, firsts[k], sizes[k]));
    }
    return mlsd__checkpoint(scope);
}

mlsd_status mlsd__strata_draw_splits(mlsd__scope *scope, mlsd__mt19937 *mt, mlsd__strata *s,
                                     const int64_t *sizes, mlsd_folds *f)
{
    draw d = {0};
    mlsd_status status = draw_new(&d, scope->allocator, s, f);
    for (int64_t k = 0; status == MLSD_OK && k < f->n_splits; k++)
        status = draw_split(scope, mt, s, sizes, k, &d, f);
    draw_free(&d, scope->allocator);
    return status;
}
