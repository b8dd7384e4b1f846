/* finder.h - what slice_search, slice_divergence and slice_tree have in common: parameters, rows in
 * two halves, and the report of what was found. */
#ifndef MLSD_SLICE_FINDER_H
#define MLSD_SLICE_FINDER_H

#include "base/kindtable.h"
#include "slice/finding.h"
#include "slice/slicing.h"

/* Each kind's table has some of them. */
typedef struct mlsd__finder_params {
    mlsd__str_list by;
    int64_t loss, outcome, direction, positive, k, min_support, max_level, max_patterns;
    int64_t max_leaves, max_depth, confirm_support, max_values, n_bins, binning, seed;
    double alpha, epsilon, min_gain, confirm, level;
} mlsd__finder_params;

extern const char *const mlsd__finder_binnings[];

/* Rows of the tables of all three. */
#define MLSD__FINDER_BY \
    MLSD__P_STR_LIST(mlsd__finder_params, by, "null", "columns to slice by; null: all")
#define MLSD__FINDER_SUPPORT                                                       \
    MLSD__P_I64_NULL(mlsd__finder_params, min_support, 1, 1000000000000.0, "null", \
                     "rows a slice needs where it is searched; null: 1 % of them, at least 32")
#define MLSD__FINDER_HALVES                                                                        \
    MLSD__P_F64(mlsd__finder_params, confirm, 0, 0.9, 0, "0.5", NULL,                              \
                "share of rows kept from the search, by which effects are measured; 0: none"),     \
        MLSD__P_I64_NULL(mlsd__finder_params, confirm_support, 1, 1000000000000.0, "null",         \
                         "rows on both sides to judge a slice; null: 30, or min_support if less"), \
        MLSD__P_I64(mlsd__finder_params, max_values, 0, 100000, "20", "log",                       \
                    "columns of numbers with no more values are sliced by value"),                 \
        MLSD__P_I64(mlsd__finder_params, n_bins, 1, 10000, "4", "log",                             \
                    "bins of other columns of numbers"),                                           \
        MLSD__P_CHOICE(mlsd__finder_params, binning, mlsd__finder_binnings, "\"quantile\"",        \
                       "bins of equally many rows, or of equal width"),                            \
        MLSD__P_F64(mlsd__finder_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", \
                    NULL, "level of intervals"),                                                   \
        MLSD__P_I64(mlsd__finder_params, seed, 0, UINT32_MAX, "0", NULL, "seed of the halves")

/* One run of such a kind. */
typedef struct mlsd__finder {
    const mlsd__finder_params *p;
    int64_t min_support, confirm_support;
    mlsd__sliced sliced;
    mlsd__half_errors halves[MLSD__N_HALVES];
    mlsd__findings findings;
    uint64_t *rows[MLSD__N_HALVES]; /* room for those of one slice */
} mlsd__finder;

/* Cut the rows into halves and items, or codes. `error` has a number for each of the caller's rows.
 * The caller ends it by mlsd__finder_close, also after a failure. */
mlsd_status mlsd__finder_open(mlsd__scope *scope, const mlsd__finder_params *p,
                              const mlsd__slicing_input *in, const double *error, bool codes,
                              mlsd__finder *out);
void mlsd__finder_close(mlsd__finder *f, const mlsd__allocator *a);

/* Name and judge finding i, the slice of these items; its score and q_value must stand. */
mlsd_status mlsd__finder_judge(mlsd__finder *f, int64_t i, const int32_t *items, int64_t n_items,
                               bool either_way);

/* Make the result: everything about the findings. n_looked_at and n_tested, what and claim of
 * `findings` must stand. The kind adds to it. */
mlsd_status mlsd__finder_result(mlsd__finder *f, const char *kind, const mlsd__allocator *a,
                                mlsd_result **out);

/* How many are not NaN. */
int64_t mlsd__count_known(const double *x, int64_t n);

#endif
