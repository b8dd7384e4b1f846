/* impute_fill.c - fill values of columns: means from blocks of rows, medians and most frequent
 * values from sorted columns. */
#include "model/transform/impute_fill.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "model/transform/column_pass.h"

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
    double *fill, *had_missing;
} fill_job;

static mlsd_status fill_column(void *arg, const mlsd__sorted_column *c, mlsd__scope *scope)
{
    (void)scope;
    const fill_job *const job = arg;
    const bool is_category = job->train->x->features[c->column].type == MLSD__CATEGORY;
    job->fill[c->column] = !is_category && job->strategy == MLSD__IMPUTE_MEDIAN
                               ? mlsd__weighted_median(c->values, c->weight, c->n)
                               : mlsd__weighted_mode(c->values, c->weight, c->n);
    job->had_missing[c->column] = c->has_missing ? 1 : 0;
    return MLSD_OK;
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
    fill_job job = {.train = train, .strategy = strategy, .fill = fill, .had_missing = had_missing};
    if (status == MLSD_OK)
        status = mlsd__each_sorted_column(scope, train, columns, n_sorted, fill_column, &job);
    mlsd__free(a, columns);
    return status;
}
