/* summary.h - what metrics are made of, and how to write one.
 *
 * A metric names the SUMMARY it needs and finishes it. A summary is what rows add up to: counts,
 * sums, or, where rows must be sorted, the rows themselves. Summaries hold many groups at once
 * (slots), can be merged, and are shared by the metrics that need the same one. So one pass over
 * the rows serves any number of metrics and groups, and threads, chunks and machines are merges.
 *
 * To write a metric (metric_rate.c and metric_classification.c are the examples):
 *   1. Choose a summary: `mlsd__summary_confusion` (classes: a K x K table of weights),
 *      `mlsd__summary_row_loss` (the weighted mean of a number for each row: set ops.row_loss),
 *      `mlsd__summary_rows` (the rows: what must be sorted), or write another mlsd__summary_ops.
 *   2. Write finish(scope, f, out): read slot f->slot of f->state with the summary's reading
 *      functions below; fill out->estimate, and with f->wants_parts also one part a class, label or
 *      output (mlsd__measured_part) and tables (mlsd__measured_table).
 *   3. Make a mlsd__metric_ops and a mlsd_kind of it, and a row in lib/registry.c. Parameters: a
 *      struct, a table, and a `static const` of the defaults as ops.params (test_metric_kinds
 *      compares them with the table). A metric with other parameters under a name of its own
 *      ("f1_macro") is a row in metric_alias.c.
 * A metric whose value needs all rows may bring ops.score instead of finish: it is then given the
 * rows of each group. Undefined is NaN, never 0. */
#ifndef MLSD_METRIC_SUMMARY_H
#define MLSD_METRIC_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/table.h"
#include "base/file.h"
#include "base/scope.h"
#include "metric/metric_impl.h"

/* What the rows look like; the same for every batch. */
typedef struct mlsd__shape {
    int64_t n_classes;       /* 0: numbers */
    int64_t y_cols;          /* 1, or the number of labels or outputs */
    int64_t prediction_cols; /* columns of `prediction` */
    int64_t n_slots;         /* groups, at least 1 */
    bool has_proba;
    bool is_weighted;
} mlsd__shape;

/* Rows, checked: contiguous, row-major. */
typedef struct mlsd__batch {
    int64_t n;
    const double *y; /* n x y_cols: numbers, class numbers, or 0/1 of each label */
    const double
        *prediction;      /* n x prediction_cols: numbers, class numbers, or 0/1 of each label */
    const double *proba;  /* n x n_classes (n x y_cols of labels), or NULL */
    const double *score;  /* instead of proba where mlsd__intake.one_column: those of class 1 */
    const double *weight; /* NULL: ones */
    const int32_t *slot;  /* NULL: all in slot 0; otherwise in [0, n_slots) */
    const int32_t *y_class, *prediction_class; /* y and prediction where they are class numbers */
} mlsd__batch;

typedef struct mlsd__summary_ops {
    const char *name;
    /* An empty one. `metric` is the first that asked for it. */
    mlsd_status (*open)(const mlsd__allocator *a, const mlsd__shape *shape,
                        const mlsd__metric_ops *metric, void **out);
    mlsd_status (*add)(mlsd__scope *scope, void *state, const mlsd__batch *batch);
    /* Add slot s of `from` to slot slot_of[s] of `into`; -1 leaves it out, NULL keeps the numbers.
     * Rows of `from` come after those of `into`. */
    mlsd_status (*merge)(void *into, const void *from, const int32_t *slot_of);
    void (*save)(const void *state, mlsd__writer *w);
    /* Into an empty one; a bad content fails the reader or returns MLSD_E_CORRUPT. */
    mlsd_status (*load)(void *state, mlsd__reader *r);
    void (*close)(void *state);
    bool is_of_metric; /* shared only by metrics of equal row_loss and parameters */
    int64_t (*cells)(const mlsd__shape *shape); /* numbers in a slot, to size chunks; NULL: few */
} mlsd__summary_ops;

/* What a metric is asked to finish. */
typedef struct mlsd__finish {
    const mlsd__metric_ops *metric;
    const void *params; /* the metric's struct; NULL for a metric without */
    const mlsd__shape *shape;
    const void *state;
    int64_t slot;
    double level; /* of the interval; NaN: the value alone */
    bool wants_parts;
} mlsd__finish;

/* What it answers. */
typedef struct mlsd__part {
    int64_t id; /* class, label or output */
    mlsd__estimate estimate;
} mlsd__part;
typedef struct mlsd__measured_table_entry {
    const char *name; /* static */
    mlsd_table *table;
} mlsd__measured_table_entry;
typedef struct mlsd__measured {
    const mlsd__allocator *allocator;
    mlsd__estimate estimate;
    mlsd__part *parts;
    int64_t n_parts, part_capacity;
    mlsd__measured_table_entry tables[4];
    int64_t n_tables;
} mlsd__measured;

void mlsd__measured_init(mlsd__measured *m, const mlsd__allocator *a); /* undefined, no parts */
void mlsd__measured_free(mlsd__measured *m);
mlsd_status mlsd__measured_part(mlsd__measured *m, int64_t id, const mlsd__estimate *e);
/* Takes the table over, also on failure. At most four. */
mlsd_status mlsd__measured_table(mlsd__measured *m, const char *name, mlsd_table *table);

/* The summary of a metric for such rows, with the fallback to `rows` for those with `score`. */
const mlsd__summary_ops *mlsd__summary_of(const mlsd__metric_ops *metric, const mlsd__shape *shape);
/* Do two metrics share it? */
bool mlsd__summary_is_shared(const mlsd__summary_ops *summary, const mlsd__metric_ops *a,
                             const mlsd__metric_ops *b);
/* finish, or `score` on the rows of the slot. Fills in support where the metric did not. */
mlsd_status mlsd__metric_finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out);

/* ---- the summary `confusion`: weights by (class, predicted class), or of each label ---- */
extern const mlsd__summary_ops mlsd__summary_confusion;
typedef struct mlsd__confusion {
    int64_t n_classes;
    int64_t n_labels; /* of many labels a row: so many tables of 2 x 2; otherwise 0 */
    const double
        *count; /* n_classes x n_classes, row: the true class; rows that weigh more than 0 */
    const double *weight;  /* the same; count where all weigh 1 */
    const double *squares; /* sums of squared weights, the same */
} mlsd__confusion;
/* Borrowed. */
void mlsd__confusion_read(const void *state, int64_t slot, mlsd__confusion *out);

/* ---- the summary `row_loss`: the weighted mean of metric->row_loss, NaN left out ---- */
extern const mlsd__summary_ops mlsd__summary_row_loss;
/* Rows of groups that all weigh 1 may be added to two empty ones at once, through cells that they
 * share until the end; NULL when memory runs out, and the caller's by mlsd__free. */
bool mlsd__row_loss_is_plain(const mlsd__metric_ops *metric, const mlsd__shape *shape);
void *mlsd__row_loss_two_new(const mlsd__allocator *a, const mlsd__shape *shape);
void mlsd__row_loss_two_add(void *cells, void *state, void *other, const mlsd__batch *batch);
void mlsd__row_loss_two_end(const void *cells, void *state, void *other);
/* Can the row_loss of a metric of probabilities read those of class 1 of two alone? It is told so
 * by prediction_cols of 1. */
bool mlsd__takes_column(const mlsd__metric_ops *metric);
/* Value, se, df, n_rows, support; no interval yet (mlsd__estimate_interval, or Wilson's). */
void mlsd__row_loss_estimate(const void *state, int64_t slot, mlsd__estimate *out);
/* The finish of a metric that is that mean, or its root (metric->is_root), with a t interval
 * kept within metric->lower and upper, or Wilson's where metric->is_share. */
mlsd_status mlsd__row_loss_finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out);

/* ---- the summary `rows`: the rows themselves, in the order they came ---- */
extern const mlsd__summary_ops mlsd__summary_rows;
/* The rows of a slot as metrics with `score` read them (prediction is `proba` where the metric
 * needs probabilities). Borrowed: rows of a slot stand together. */
void mlsd__rows_read(const void *state, int64_t slot, const mlsd__metric_ops *metric,
                     mlsd__scored *out);

/* ---- intervals that metrics share ---- */
/* A share numerator / denominator (weights) whose denominator's weights have the given sum of
 * squares: value, Wilson's interval at the effective number of rows, se, numerator, denominator.
 * `support` is the number of rows in the denominator. NaN where the denominator is 0. */
void mlsd__estimate_share(double numerator, double denominator, double squares, double support,
                          double level, mlsd__estimate *out);

/* Lower limit of a rate at which all of n were so: Clopper & Pearson's of n of n, 0 for none. Of
 * the mean, by shares s, of rates of n_c rows each, all of which were so, it is that of the least
 * n_c / s: the chance of it is the product of rate^n_c, at most (mean of the rates)^n by the
 * inequality of the means. */
double mlsd__limit_of_all(double level, double n);
/* Limits of the mean of two groups of rates, by the sums of their shares (1 together): those that
 * are 0 and those that are 1 in all of their rows, n of each as told above. */
void mlsd__limits_of_ends(double level, const double *sum, const double *n, mlsd__estimate *e);
/* A standard error that rounding alone leaves: no row moves the value. */
bool mlsd__has_spread(const mlsd__estimate *e);

/* ---- rows of the table of kinds ---- */
/* The metric of a name, whose operations are name_ops. `tasks` is MLSD__OF_...; direction "1" where
 * greater is better, else "-1". */
#define MLSD__OF_CLASSES "\"binary\",\"multiclass\""
#define MLSD__OF_TWO_CLASSES "\"binary\""
#define MLSD__OF_NUMBERS "\"regression\""
#define MLSD__OF_NO_TASK ""
#define MLSD__METRIC_KIND(name_, tasks_, direction_, doc_)                 \
    const mlsd_kind mlsd__kind_##name_ = {                                 \
        .name = #name_,                                                    \
        .family = "metric",                                                \
        .doc = doc_,                                                       \
        .ops = &name_##_ops,                                               \
        .traits = "{\"tasks\":[" tasks_ "],\"direction\":" direction_ "}", \
    }
/* The same of one with parameters: their table, and the struct they stand in. */
#define MLSD__METRIC_KIND_WITH(name_, table_, struct_, tasks_, direction_, doc_) \
    const mlsd_kind mlsd__kind_##name_ = {                                       \
        .name = #name_,                                                          \
        .family = "metric",                                                      \
        .doc = doc_,                                                             \
        .params = table_,                                                        \
        .n_params = MLSD__COUNT(table_),                                         \
        .params_size = sizeof(struct_),                                          \
        .ops = &name_##_ops,                                                     \
        .traits = "{\"tasks\":[" tasks_ "],\"direction\":" direction_ "}",       \
    }

#endif
