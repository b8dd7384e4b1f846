/* search_folds.c - fewer splits and fewer training rows. Subsets of rows are beginnings of one
 * order, so that what is trained on more rows has seen those of the smaller rung too. */
#include "validate/search_folds.h"

#include <string.h>

#include "base/random.h"
#include "numeric/rank.h"
#include "split/folds_lists.h"

/* Lists of training and test rows being made. */
typedef struct lists {
    const mlsd__allocator *a;
    int64_t n_splits, n_rows;
    int64_t *starts, *sizes; /* 2 a split */
    int64_t *rows;
} lists;

static void lists_close(lists *l)
{
    mlsd__free(l->a, l->starts);
    mlsd__free(l->a, l->sizes);
    mlsd__free(l->a, l->rows);
}

/* Room for n_splits splits whose sizes were set by the caller. */
static mlsd_status lists_open(lists *l, const mlsd__allocator *a, int64_t n_splits)
{
    *l = (lists){.a = a, .n_splits = n_splits};
    l->starts = mlsd__alloc(a, 2 * n_splits, sizeof *l->starts);
    l->sizes = mlsd__alloc(a, 2 * n_splits, sizeof *l->sizes);
    return l->starts != NULL && l->sizes != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status lists_lay_out(lists *l)
{
    int64_t n = 0;
    for (int64_t k = 0; k < 2 * l->n_splits; k++) {
        l->starts[k] = n;
        n += l->sizes[k];
    }
    l->rows = mlsd__alloc_raw(l->a, n, sizeof *l->rows);
    return l->rows != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status lists_fold(mlsd__scope *scope, const lists *l, int64_t n_rows, mlsd_folds **out)
{
    const mlsd__fold_lists all = {.n_rows = n_rows,
                                  .n_splits = l->n_splits,
                                  .n_parts = 2,
                                  .starts = l->starts,
                                  .sizes = l->sizes,
                                  .rows = l->rows};
    return mlsd__folds_from_lists(scope, &all, out);
}

mlsd_status mlsd__folds_of_splits(mlsd__scope *scope, const mlsd_folds *folds,
                                  const int64_t *splits, int64_t n, mlsd_folds **out)
{
    const int64_t parts[] = {0, mlsd_folds_n_parts(folds) - 1};
    lists l;
    *out = NULL;
    mlsd_status status = lists_open(&l, scope->allocator, n);
    for (int64_t i = 0; i < 2 * n && status == MLSD_OK; i++)
        l.sizes[i] = mlsd_folds_part_size(folds, splits[i / 2], parts[i % 2]);
    if (status == MLSD_OK) status = lists_lay_out(&l);
    for (int64_t i = 0; i < 2 * n && status == MLSD_OK; i++)
        status =
            mlsd_folds_part(folds, splits[i / 2], parts[i % 2], l.rows + l.starts[i], l.sizes[i]);
    if (status == MLSD_OK) status = lists_fold(scope, &l, mlsd_folds_n_rows(folds), out);
    lists_close(&l);
    return status;
}

/* ---- beginnings ---- */

void mlsd__prefixes_free(const mlsd__allocator *a, mlsd__prefixes *p)
{
    for (int64_t k = 0; k < p->n_splits; k++) {
        if (p->rows != NULL) mlsd__free(a, p->rows[k]);
        if (p->order != NULL) mlsd__free(a, p->order[k]);
    }
    mlsd__free(a, p->rows);
    mlsd__free(a, p->order);
    memset(p, 0, sizeof *p);
}

/* Shuffled positions are sorted by how far on in its class each stands: (i + 1/2) / n for the i-th
 * of n. Without classes that is the shuffle itself. */
typedef struct spread {
    const double *y; /* class of each row of the data set; NULL without */
    int64_t n_classes;
    int64_t *counts, *seen; /* n_classes + 1 */
    int64_t *shuffled;
    double *keys;
} spread;

static mlsd_status order_split(mlsd__scope *scope, spread *d, const int64_t *rows, int64_t n,
                               int64_t seed, int64_t split, int64_t *order)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)seed, (uint64_t)split, 0, 0, MLSD__PURPOSE_SUBSAMPLE);
    for (int64_t i = 0; i < n; i++) d->shuffled[i] = i;
    mlsd__stream_shuffle(&stream, d->shuffled, n);
    memset(d->counts, 0, (size_t)(d->n_classes + 1) * sizeof *d->counts);
    memset(d->seen, 0, (size_t)(d->n_classes + 1) * sizeof *d->seen);
    for (int64_t i = 0; i < n; i++) d->counts[d->y != NULL ? (int64_t)d->y[rows[i]] : 0]++;
    for (int64_t i = 0; i < n; i++) {
        const int64_t c = d->y != NULL ? (int64_t)d->y[rows[d->shuffled[i]]] : 0;
        d->keys[i] = ((double)d->seen[c]++ + 0.5) / (double)d->counts[c];
    }
    MLSD__TRY(mlsd__argsort_rows(scope, d->keys, n, order));
    for (int64_t i = 0; i < n; i++) order[i] = d->shuffled[order[i]];
    return MLSD_OK;
}

static mlsd_status make_orders(mlsd__scope *scope, spread *d, int64_t seed, mlsd__prefixes *p)
{
    const mlsd__allocator *const a = scope->allocator;
    for (int64_t k = 0; k < p->n_splits; k++) {
        const int64_t n = mlsd_folds_part_size(p->folds, k, 0);
        p->rows[k] = mlsd__alloc_raw(a, n, sizeof *p->rows[k]);
        p->order[k] = mlsd__alloc_raw(a, n, sizeof *p->order[k]);
        if (p->rows[k] == NULL || p->order[k] == NULL) return MLSD_E_NOMEM;
        MLSD__TRY(mlsd_folds_part(p->folds, k, 0, p->rows[k], n));
        MLSD__TRY(order_split(scope, d, p->rows[k], n, seed, k, p->order[k]));
    }
    return MLSD_OK;
}

mlsd_status mlsd__prefixes_new(mlsd__scope *scope, const mlsd_dataset *dataset,
                               const mlsd_folds *folds, int64_t seed, mlsd__prefixes *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__prefixes){.folds = folds, .n_splits = mlsd_folds_n_splits(folds)};
    spread d = {.n_classes = mlsd_dataset_n_classes(dataset)};
    double *y = NULL;
    int64_t most = 0;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const int64_t n = mlsd_folds_part_size(folds, k, 0);
        if (n > most) most = n;
    }
    out->rows = mlsd__alloc(a, out->n_splits, sizeof *out->rows);
    out->order = mlsd__alloc(a, out->n_splits, sizeof *out->order);
    d.counts = mlsd__alloc(a, d.n_classes + 1, sizeof *d.counts);
    d.seen = mlsd__alloc(a, d.n_classes + 1, sizeof *d.seen);
    d.shuffled = mlsd__alloc_raw(a, most, sizeof *d.shuffled);
    d.keys = mlsd__alloc_raw(a, most, sizeof *d.keys);
    mlsd_status status = MLSD_E_NOMEM;
    if (out->rows != NULL && out->order != NULL && d.counts != NULL && d.seen != NULL &&
        d.shuffled != NULL && d.keys != NULL)
        status = d.n_classes > 0 ? mlsd__dataset_gather_target(dataset, &y) : MLSD_OK;
    d.y = y;
    if (status == MLSD_OK) status = make_orders(scope, &d, seed, out);
    mlsd__free(&dataset->store->allocator, y);
    mlsd__free(a, d.keys);
    mlsd__free(a, d.shuffled);
    mlsd__free(a, d.seen);
    mlsd__free(a, d.counts);
    if (status != MLSD_OK) mlsd__prefixes_free(a, out);
    return status;
}

/* The first n of the order, as they stand among the training rows. */
static void take_beginning(const int64_t *rows, const int64_t *order, int64_t n, int64_t n_all,
                           bool *is_taken, int64_t *out)
{
    memset(is_taken, 0, (size_t)n_all * sizeof *is_taken);
    for (int64_t i = 0; i < n; i++) is_taken[order[i]] = true;
    for (int64_t i = 0; i < n_all; i++) {
        if (is_taken[i]) *out++ = rows[i];
    }
}

mlsd_status mlsd__prefixes_folds(mlsd__scope *scope, const mlsd__prefixes *p, double share,
                                 mlsd_folds **out)
{
    const int64_t last = mlsd_folds_n_parts(p->folds) - 1;
    int64_t most = 1;
    lists l;
    bool *is_taken = NULL;
    *out = NULL;
    mlsd_status status = lists_open(&l, scope->allocator, p->n_splits);
    for (int64_t k = 0; k < p->n_splits && status == MLSD_OK; k++) {
        const int64_t n = mlsd_folds_part_size(p->folds, k, 0);
        const int64_t taken = (int64_t)(share * (double)n);
        if (n > most) most = n;
        l.sizes[2 * k] = taken < 1 ? 1 : taken > n ? n : taken;
        l.sizes[2 * k + 1] = mlsd_folds_part_size(p->folds, k, last);
    }
    if (status == MLSD_OK) status = lists_lay_out(&l);
    if (status == MLSD_OK) {
        is_taken = mlsd__alloc(scope->allocator, most, sizeof *is_taken);
        if (is_taken == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t k = 0; k < p->n_splits && status == MLSD_OK; k++) {
        take_beginning(p->rows[k], p->order[k], l.sizes[2 * k],
                       mlsd_folds_part_size(p->folds, k, 0), is_taken, l.rows + l.starts[2 * k]);
        status =
            mlsd_folds_part(p->folds, k, last, l.rows + l.starts[2 * k + 1], l.sizes[2 * k + 1]);
    }
    if (status == MLSD_OK) status = lists_fold(scope, &l, mlsd_folds_n_rows(p->folds), out);
    mlsd__free(scope->allocator, is_taken);
    lists_close(&l);
    return status;
}
