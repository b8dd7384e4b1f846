/* impute_fill.c - fill values of columns: means from blocks of rows, medians and most frequent
 * values from sorted columns, a limited number of which are gathered at a time. */
#include "model/transform/impute_fill.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "numeric/rank.h"

/* Doubles of columns that are gathered at a time: 128 MB. */
enum { GATHER_DOUBLES = 16 * 1024 * 1024 };

double mlsd__weighted_median(const double *sorted, const double *weight, int64_t n)
{
    double total = 0, below = 0, value = 0;
    for (int64_t i = 0; i < n; i++) total += weight != NULL ? weight[i] : 1;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[i] : 1;
        if (w == 0) continue;
        /* Halved before they are added: the sum of two large values overflows. */
        if (below == total / 2) return value / 2 + sorted[i] / 2;
        value = sorted[i];
        below += w;
        if (below > total / 2) break;
    }
    return value;
}

double mlsd__weighted_mode(const double *sorted, const double *weight, int64_t n)
{
    double best = 0, best_weight = 0;
    for (int64_t i = 0; i < n;) {
        const double value = sorted[i];
        double run = 0;
        for (; i < n && sorted[i] == value; i++) run += weight != NULL ? weight[i] : 1;
        if (run > best_weight) {
            best = value;
            best_weight = run;
        }
    }
    return best;
}

typedef struct fill_job {
    const mlsd__train *train;
    int64_t strategy;
    const int64_t *columns; /* that are gathered now */
    int64_t n_columns;
    double *values; /* n_columns x n_rows: one column after the other */
    double *fill, *had_missing;
} fill_job;

static mlsd_status gather_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const fill_job *const job = arg;
    const mlsd__frame *const x = job->train->x;
    int64_t first, n, ld;
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, x));
    const double *const rows = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
    for (int64_t c = 0; c < job->n_columns; c++) {
        double *const to = job->values + c * x->n_rows + first;
        const double *const from = rows + job->columns[c];
        for (int64_t i = 0; i < n; i++) to[i] = from[i * ld];
    }
    mlsd__row_reader_close(&reader);
    return MLSD_OK;
}

/* Sort one gathered column (NaN come last) and look up its fill value. */
static mlsd_status fill_column(void *arg, int64_t c, mlsd__scope *scope)
{
    const fill_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = job->train->x->n_rows, j = job->columns[c];
    const double *const values = job->values + c * n, *const all = job->train->weight;
    const bool is_category = job->train->x->features[j].type == MLSD__CATEGORY;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const sorted = mlsd__alloc_raw(a, n, 2 * sizeof *sorted);
    mlsd_status status = order == NULL || sorted == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, values, n, order);
    if (status == MLSD_OK) {
        double *const weight = all != NULL ? sorted + n : NULL;
        int64_t n_known = 0;
        for (; n_known < n && !isnan(values[order[n_known]]); n_known++) {
            sorted[n_known] = values[order[n_known]];
            if (weight != NULL) weight[n_known] = all[order[n_known]];
        }
        job->fill[j] = !is_category && job->strategy == MLSD__IMPUTE_MEDIAN
                           ? mlsd__weighted_median(sorted, weight, n_known)
                           : mlsd__weighted_mode(sorted, weight, n_known);
        for (int64_t i = n_known; i < n; i++) {
            if (all == NULL || all[order[i]] > 0) job->had_missing[j] = 1;
        }
    }
    mlsd__free(a, sorted);
    mlsd__free(a, order);
    return status;
}

static mlsd_status fill_from_sorted(mlsd__scope *scope, fill_job *job, const int64_t *columns,
                                    int64_t n_columns)
{
    const int64_t n = job->train->x->n_rows;
    const int64_t fitting = GATHER_DOUBLES / n;
    const int64_t n_most = fitting < 1 ? 1 : fitting < n_columns ? fitting : n_columns;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_most, n, &size));
    job->values = mlsd__alloc_raw(scope->allocator, size, sizeof *job->values);
    mlsd_status status = job->values == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && first < n_columns; first += n_most) {
        job->columns = columns + first;
        job->n_columns = n_columns - first < n_most ? n_columns - first : n_most;
        status = mlsd__parallel_for(scope, mlsd__n_blocks(n), gather_block, job);
        if (status == MLSD_OK) status = mlsd__parallel_for(scope, job->n_columns, fill_column, job);
    }
    mlsd__free(scope->allocator, job->values);
    return status;
}

/* Means by blocks of rows, and which columns lack values. */
static mlsd_status fill_from_moments(mlsd__scope *scope, const mlsd__train *train, bool with_mean,
                                     double constant, double *fill, double *had_missing)
{
    const int64_t p = train->x->n_features;
    double *const weight = mlsd__alloc_raw(scope->allocator, p, 2 * sizeof *weight);
    if (weight == NULL) return MLSD_E_NOMEM;
    double *const mean = weight + p;
    const mlsd_status status =
        mlsd__column_moments(scope, train->x, train->weight, weight, mean, NULL, had_missing);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        fill[j] = with_mean ? mean[j] : constant;
        had_missing[j] = had_missing[j] > 0;
    }
    mlsd__free(scope->allocator, weight);
    return status;
}

mlsd_status mlsd__impute_fill(mlsd__scope *scope, const mlsd__train *train, int64_t strategy,
                              double constant, double *fill, double *had_missing)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features;
    const bool sorts = strategy == MLSD__IMPUTE_MEDIAN || strategy == MLSD__IMPUTE_MOST_FREQUENT;
    int64_t *const columns = mlsd__alloc_raw(a, p, sizeof *columns);
    if (columns == NULL) return MLSD_E_NOMEM;
    int64_t n_sorted = 0;
    for (int64_t j = 0; j < p; j++) {
        if (sorts || train->x->features[j].type == MLSD__CATEGORY) columns[n_sorted++] = j;
    }
    mlsd_status status = MLSD_OK;
    if (n_sorted < p)
        status = fill_from_moments(scope, train, strategy == MLSD__IMPUTE_MEAN, constant, fill,
                                   had_missing);
    for (int64_t i = 0; i < n_sorted; i++) had_missing[columns[i]] = 0;
    fill_job job = {.train = train, .strategy = strategy, .fill = fill, .had_missing = had_missing};
    if (status == MLSD_OK && n_sorted > 0)
        status = fill_from_sorted(scope, &job, columns, n_sorted);
    mlsd__free(a, columns);
    return status;
}
