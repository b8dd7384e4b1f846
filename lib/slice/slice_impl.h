/* slice_impl.h - groups of rows, and a slice against the rows outside it. */
#ifndef MLSD_SLICE_SLICE_IMPL_H
#define MLSD_SLICE_SLICE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/slice.h"
#include "base/scope.h"
#include "base/text.h"
#include "metric/interval_rates.h"
#include "metric/metric_impl.h"
#include "validate/result_rows.h"

/* What the rows of a level have in common, for programs; labels say it for people. */
typedef enum mlsd__level_kind {
    MLSD__LEVEL_CATEGORY, /* the text is the label */
    MLSD__LEVEL_VALUE,    /* equal to `at_most` */
    MLSD__LEVEL_RANGE,    /* in (above, at_most], either of which may be infinite */
    MLSD__LEVEL_MISSING
} mlsd__level_kind;
typedef struct mlsd__level {
    mlsd__level_kind kind;
    double above, at_most;
} mlsd__level;

/* The rows of a table by the values of one column: those of level k stand, ascending, in
 * rows[starts[k] .. starts[k + 1] - 1]. A level without rows is kept. */
typedef struct mlsd__grouping {
    int64_t n_rows, n_levels;
    char **labels;
    mlsd__level *levels;
    int64_t *starts; /* n_levels + 1 */
    int64_t *rows;
} mlsd__grouping;

/* How columns of numbers are cut. */
typedef struct mlsd__grouping_options {
    int64_t max_values; /* with no more values than these each is a level */
    int64_t n_bins;     /* otherwise so many bins at most, >= 1 */
    bool equal_width;   /* or, false, equally many rows in each */
    const double *cuts; /* given, ascending: all columns of numbers are cut there; NULL for none */
    int64_t n_cuts;
} mlsd__grouping_options;

/* 20 values, quartiles. */
#define MLSD__GROUPING_DEFAULTS       \
    (mlsd__grouping_options)          \
    {                                 \
        .max_values = 20, .n_bins = 4 \
    }

/* Categories by their levels, numbers of few values by value, others by bins that are closed above:
 * quantiles are observed values (Hyndman & Fan 1996, type 1), of equal widths empty ones are left
 * out. Missing values are the level "(missing)". */
mlsd_status mlsd__grouping_make(mlsd__scope *scope, const mlsd_table *table, int64_t column,
                                const mlsd__grouping_options *options, mlsd__grouping *out);
void mlsd__grouping_free(mlsd__grouping *g, const mlsd__allocator *a);
/* What a row of the level meets, in words: "age in (34, 49]", "city = Bern", "city is missing". */
void mlsd__grouping_words(const mlsd__grouping *g, int64_t level, const char *column,
                          mlsd__text *t);
/* The same as members of a JSON object after its first: , "equals": "red". */
void mlsd__grouping_json(const mlsd__grouping *g, int64_t level, mlsd__text *t);

/* The columns of a common odds ratio, its test and Woolf's, in a table (fairness_strata.c). */
void mlsd__put_odds(mlsd__rows *rows, const mlsd__strata_odds *odds);

/* How a slice differs from the rows outside it; what is undefined is NaN. */
typedef struct mlsd__difference {
    double value, low, high, p_value; /* two-sided, of this difference alone */
    double ratio, ratio_low, ratio_high;
} mlsd__difference;
/* The two share no row. Shares: Newcombe's interval of the difference, Walter's of the ratio, p of
 * the score test, or Fisher's where fewer than five rows are expected in a cell. Others: Welch's t
 * or normal, the ratio by the delta method. */
void mlsd__slice_difference(const mlsd__estimate *inside, const mlsd__estimate *outside,
                            double level, mlsd__difference *out);
/* Is it a share of rows, so that value and n_rows say all? */
bool mlsd__estimate_is_share(const mlsd__estimate *e);

#endif
