/* loss_rows.h - losses of rows by their scores, with first and second derivatives: what tells the
 * objectives that logistic_loss.c sums up apart. */
#ifndef MLSD_MODEL_LINEAR_LOSS_ROWS_H
#define MLSD_MODEL_LINEAR_LOSS_ROWS_H

#include <stdint.h>

/* Of one score z: log loss, max(0, 1 - y z)^2 with y = +1 and -1, max(0, |z - t| - epsilon)^2. Log
 * loss is also that of a score for each class. */
enum { MLSD__LOSS_LOG = 0, MLSD__LOSS_SQUARED_HINGE = 1, MLSD__LOSS_SQUARED_EPSILON = 2 };

typedef struct mlsd__loss_rows {
    int64_t kind;
    const int32_t *label;          /* of every row; NULL where target is */
    int32_t positive;              /* the label whose y is +1; all others' is -1 */
    const double *target, *weight; /* of every row; weight NULL: ones */
    double epsilon;
} mlsd__loss_rows;

/* What a pass adds up over rows. */
typedef struct mlsd__loss_sums {
    double loss, weight;
    double min_margin; /* smallest lead of the right class; below 0 where there are no classes */
} mlsd__loss_sums;

/* n rows from `first` on, with one score each: residual and curvature become the weighted first and
 * second derivatives by the score. */
void mlsd__loss_of_scores(const mlsd__loss_rows *rows, int64_t first, int64_t n,
                          const double *score, double *residual, double *curvature,
                          mlsd__loss_sums *sums);
/* The same for log loss with k scores a row, which become probabilities; the curvature is up to the
 * caller. */
void mlsd__loss_of_classes(const mlsd__loss_rows *rows, int64_t first, int64_t n, int64_t k,
                           double *score, double *residual, mlsd__loss_sums *sums);

#endif
