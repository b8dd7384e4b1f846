/* bootstrap_632.h - the .632 and .632+ estimates of a model's error: the mathematics alone. Losses
 * are the smaller the better. */
#ifndef MLSD_VALIDATE_BOOTSTRAP_632_H
#define MLSD_VALIDATE_BOOTSTRAP_632_H

#include <stdbool.h>
#include <stdint.h>

#include "metric/metric_impl.h"

/* What bootstrap samples bring, added up in their order. */
typedef struct mlsd__bootstrap_sums {
    const mlsd__allocator *allocator;
    int64_t n_rows, n_samples;
    const double *weight; /* borrowed; NULL: ones */
    double scale;         /* n_rows / sum of weights */
    double *loss;         /* by row: sum of its losses while it was left out */
    double *n_out;        /* how often it was left out */
    double *n_drawn;      /* how often it was drawn */
    double *drawn_loss;   /* sum over the samples of its draws times the sample's loss */
    double *draws;        /* of the sample at hand */
    double loss_sum;      /* of the samples' losses, */
    double loss_m2;       /* and of their squares about the mean */
} mlsd__bootstrap_sums;
mlsd_status mlsd__bootstrap_open(mlsd__bootstrap_sums *s, const mlsd__allocator *a,
                                 const double *weight, int64_t n_rows);
void mlsd__bootstrap_close(mlsd__bootstrap_sums *s);
/* One sample: the rows drawn, with repeats, and the losses of the rows left out. */
void mlsd__bootstrap_add(mlsd__bootstrap_sums *s, const int64_t *drawn, int64_t n_drawn,
                         const int64_t *left_out, const double *losses, int64_t n_left_out);

typedef struct mlsd__bootstrap_632 {
    mlsd__estimate estimate;
    double apparent;       /* error on the rows of the fit */
    double out_of_bag;     /* the leave-one-out bootstrap's */
    double no_information; /* as given */
    double overfitting;    /* relative rate in [0, 1]; 0 for .632 */
    double weight;         /* of out_of_bag: 0.632 .. 1 */
} mlsd__bootstrap_632;
/* no_information is read for .632+ only. */
void mlsd__bootstrap_finish(const mlsd__bootstrap_sums *s, double apparent, double no_information,
                            bool plus, double level, mlsd__bootstrap_632 *out);

/* The mean loss where predictions and targets have nothing to do with each other: over all pairs of
 * a row's target and a row's prediction. */
mlsd_status mlsd__no_information(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                 const mlsd__scored *s, double *out);

#endif
