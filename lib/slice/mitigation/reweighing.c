/* reweighing.c - the kind reweighing: weights under which groups and classes are independent.
 *
 * w(g, c) = P(g) P(c) / P(g, c): Kamiran & Calders (2012), Knowledge and Information Systems 33:1,
 * section 4.2. Any classes and groups; weights given are multiplied, and their sum stays. */
#include <math.h>

#include "data/matrix_view.h"
#include "numeric/rank.h"
#include "slice/crossing.h"
#include "slice/slicing.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"

typedef struct reweighing_params {
    mlsd__str_list by;
    int64_t max_groups, max_values, group_bins;
} reweighing_params;

static const mlsd_param params[] = {
    MLSD__P_STR_LIST(reweighing_params, by, "null",
                     "columns whose values, crossed, are the groups; null: all"),
    MLSD__P_I64(reweighing_params, max_groups, 1, 10000, "1000", "log", "groups at most"),
    MLSD__P_I64(reweighing_params, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are grouped by value"),
    MLSD__P_I64(reweighing_params, group_bins, 1, 10000, "4", "log",
                "quantile bins of other columns of numbers"),
};

typedef struct work {
    int64_t n, n_classes;
    mlsd__crossing groups;
    int64_t *by, n_by;
    double *weight, *classes; /* weights given, or NULL; distinct values of y */
    int32_t *class_of;
    double *cell, *of_group, *of_class, *out; /* weights by (group, class), sums; the result */
    double all;
} work;

static void work_free(work *w, const mlsd__allocator *a)
{
    mlsd__crossing_free(&w->groups, a);
    mlsd__free(a, w->by);
    mlsd__free(a, w->weight);
    mlsd__free(a, w->classes);
    mlsd__free(a, w->class_of);
    mlsd__free(a, w->cell);
    mlsd__free(a, w->of_group);
    mlsd__free(a, w->of_class);
    mlsd__free(a, w->out);
}

static mlsd_status read_classes(mlsd__scope *scope, const mlsd__slicing_input *in, work *w)
{
    enum { MOST_CLASSES = 1000 };
    double *y = NULL;
    w->class_of = mlsd__alloc_raw(scope->allocator, w->n, sizeof *w->class_of);
    if (w->class_of == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__slicing_column(scope, in, in->y, "y", &y));
    mlsd_status status =
        mlsd__factorize_new(scope, y, w->n, &w->classes, &w->n_classes, w->class_of);
    mlsd__free(scope->allocator, y);
    MLSD__TRY(status);
    for (int64_t i = 0; i < w->n; i++) {
        if (w->class_of[i] < 0) {
            return mlsd__fail(MLSD_E_DATA, "y[%lld] is nan, not a class", (long long)i);
        }
    }
    if (w->n_classes <= MOST_CLASSES) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "y has %lld different values; reweighing is for classes",
                      (long long)w->n_classes);
}

static mlsd_status read_all(mlsd__scope *scope, const reweighing_params *p,
                            const mlsd__slicing_input *in, work *w)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__grouping_options options = {.max_values = p->max_values, .n_bins = p->group_bins};
    if (w->n == 0) return mlsd__fail(MLSD_E_DATA, "there are no rows to weigh");
    MLSD__TRY(mlsd__slicing_by(scope, in, &p->by, &w->by, &w->n_by));
    MLSD__TRY(mlsd__crossing_make(scope, in->groups, w->by, w->n_by, &options, p->max_groups, "by",
                                  &w->groups));
    MLSD__TRY(mlsd__slicing_weights(scope, in, &w->weight));
    MLSD__TRY(read_classes(scope, in, w));
    w->cell = mlsd__alloc(a, w->groups.n_groups * w->n_classes, sizeof *w->cell);
    if (w->cell == NULL) return MLSD_E_NOMEM;
    w->of_group = mlsd__alloc(a, w->groups.n_groups, sizeof *w->of_group);
    if (w->of_group == NULL) return MLSD_E_NOMEM;
    w->of_class = mlsd__alloc(a, w->n_classes, sizeof *w->of_class);
    if (w->of_class == NULL) return MLSD_E_NOMEM;
    w->out = mlsd__alloc_raw(a, w->n, sizeof *w->out);
    return w->out == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static double factor(const work *w, int64_t g, int64_t c)
{
    const double is = w->cell[g * w->n_classes + c];
    return is > 0 ? w->of_group[g] / w->all * w->of_class[c] / is : (double)NAN;
}

static void weigh(work *w)
{
    for (int64_t i = 0; i < w->n; i++) {
        const double x = w->weight == NULL ? 1 : w->weight[i];
        w->cell[w->groups.of_row[i] * w->n_classes + w->class_of[i]] += x;
        w->of_group[w->groups.of_row[i]] += x;
        w->of_class[w->class_of[i]] += x;
        w->all += x;
    }
    for (int64_t i = 0; i < w->n; i++) {
        const double x = w->weight == NULL ? 1 : w->weight[i];
        w->out[i] = x > 0 ? x * factor(w, w->groups.of_row[i], w->class_of[i]) : 0;
    }
}

static const mlsd__row_column cell_columns[] = {
    {"group", MLSD_COLUMN_CATEGORY}, {"class", MLSD_COLUMN_F64},  {"observed", MLSD_COLUMN_F64},
    {"expected", MLSD_COLUMN_F64},   {"factor", MLSD_COLUMN_F64},
};

static mlsd_status put_cells(const work *w, const mlsd__allocator *a, mlsd_result *r)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, cell_columns, MLSD__COUNT(cell_columns));
    for (int64_t g = 0; g < w->groups.n_groups; g++) {
        for (int64_t c = 0; c < w->n_classes; c++) {
            mlsd__rows_str(&rows, w->groups.labels[g]);
            mlsd__rows_f64(&rows, w->classes[c]);
            mlsd__rows_f64(&rows, w->cell[g * w->n_classes + c]);
            mlsd__rows_f64(&rows, w->of_group[g] / w->all * w->of_class[c]);
            mlsd__rows_f64(&rows, factor(w, g, c));
        }
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "cells", table, false);
}

static mlsd_status put_weights(const work *w, const mlsd__allocator *a, mlsd_result *r)
{
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd__table_new(a, &table));
    const mlsd_status status = mlsd_table_set_f64(table, "weight", w->out, w->n);
    if (status == MLSD_OK) return mlsd__result_set_table(r, "weights", table, false);
    mlsd_table_free(table);
    return status;
}

static mlsd_status report(const work *w, const mlsd__allocator *a, mlsd_result *r)
{
    int64_t n_empty = 0;
    double most = 0;
    for (int64_t k = 0; k < w->groups.n_groups * w->n_classes; k++) {
        const double f = factor(w, k / w->n_classes, k % w->n_classes);
        n_empty += isnan(f);
        most = fmax(most, f);
    }
    MLSD__TRY(mlsd__result_set_f64(r, "n_empty", (double)n_empty, false));
    MLSD__TRY(mlsd__result_set_f64(r, "largest_factor", most, false));
    MLSD__TRY(put_cells(w, a, r));
    MLSD__TRY(put_weights(w, a, r));
    mlsd__text t;
    mlsd__text_init(&t, a);
    mlsd__text_format(&t, "weights for %lld groups and %lld classes, by which they are independent",
                      (long long)w->groups.n_groups, (long long)w->n_classes);
    if (n_empty > 0) {
        mlsd__text_format(&t,
                          "; not so where a group has no row of a class, as in %lld cells: no "
                          "weight makes up for rows that are not there",
                          (long long)n_empty);
    }
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status run(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__slicing_input *in,
                       mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    work w = {.n = in->n_rows};
    mlsd_result *r = NULL;
    mlsd_status status = read_all(scope, mlsd__spec_params(spec), in, &w);
    if (status == MLSD_OK) {
        weigh(&w);
        status = mlsd__result_new(a, "reweighing", &r);
    }
    if (status == MLSD_OK) status = report(&w, a, r);
    work_free(&w, a);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

static const mlsd__slicing_ops ops = {.needs_y = true, .run = run};

const mlsd_kind mlsd__kind_reweighing = {
    .name = "reweighing",
    .family = "slicing",
    .doc = "Weights of rows under which groups and classes are independent (Kamiran & Calders "
           "2012): train with them",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(reweighing_params),
    .ops = &ops,
};
