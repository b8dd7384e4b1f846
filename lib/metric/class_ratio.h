/* class_ratio.h - metrics that are, class against the rest, a ratio of two sums of cells: recall,
 * precision, F, Jaccard and their kin, averaged over classes. */
#ifndef MLSD_METRIC_CLASS_RATIO_H
#define MLSD_METRIC_CLASS_RATIO_H

#include "metric/summary.h"

/* How classes are put together; the order of `average` in the tables. */
typedef enum mlsd__average {
    MLSD__AVERAGE_BINARY,
    MLSD__AVERAGE_MICRO,
    MLSD__AVERAGE_MACRO,
    MLSD__AVERAGE_WEIGHTED,
    MLSD__AVERAGE_SAMPLES,
    MLSD__AVERAGE_NONE
} mlsd__average;
extern const char *const mlsd__average_choices[];

/* Parameters that all of them have. */
typedef struct mlsd__ratio_params {
    int64_t average;
    int64_t pos_label;
    mlsd__f64_list labels;
    double zero_division;
    double beta; /* of f_score alone */
} mlsd__ratio_params;

/* What of the four cells of a class goes into numerator and denominator. */
enum { MLSD__TP, MLSD__FP, MLSD__FN, MLSD__TN, MLSD__N_CELLS };
typedef struct mlsd__ratio {
    double above[MLSD__N_CELLS], below[MLSD__N_CELLS];
} mlsd__ratio;

/* The ratio's interval at one class: Wilson's where it is a share; of F1, which grows with the
 * share J = tp / (tp + fp + fn), that of J; otherwise by the delta method. */
mlsd_status mlsd__ratio_finish(const mlsd__finish *f, const mlsd__ratio *ratio,
                               mlsd__measured *out);
/* A row's own ratio over its labels: average = samples. */
void mlsd__ratio_row_loss(const mlsd__scored *s, const mlsd__ratio *ratio, int64_t first, int64_t n,
                          double *out);
/* The confusion, or the mean over rows. */
const mlsd__summary_ops *mlsd__ratio_summary(const void *params, const mlsd__shape *shape);
/* average = binary needs two classes, labels and pos_label are class numbers. */
mlsd_status mlsd__ratio_check(const void *params, const mlsd__shape *shape);

#endif
