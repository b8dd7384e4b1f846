/* contingency.h - the summary `contingency`: how much weight pairs of labels (of two clusterings)
 * have. Labels are any numbers. Internal to metrics of clusterings. */
#ifndef MLSD_METRIC_CONTINGENCY_H
#define MLSD_METRIC_CONTINGENCY_H

#include "metric/summary.h"

extern const mlsd__summary_ops mlsd__summary_contingency;

typedef struct mlsd__contingency_cell {
    double y, prediction;          /* the two labels */
    double count, weight, squares; /* rows, sums of weights and of their squares */
} mlsd__contingency_cell;

/* The cells of a slot that have rows, by y and then by prediction; the caller's by mlsd__free. */
mlsd_status mlsd__contingency_read(mlsd__scope *scope, const void *state, int64_t slot,
                                   mlsd__contingency_cell **out, int64_t *out_n);

#endif
