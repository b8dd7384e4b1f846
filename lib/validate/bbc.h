/* bbc.h - the honest score of the best of many candidates, from their out-of-fold losses. */
#ifndef MLSD_VALIDATE_BBC_H
#define MLSD_VALIDATE_BBC_H

#include <stdbool.h>
#include <stdint.h>

#include "metric/metric_impl.h"

typedef struct mlsd__bbc_input {
    const double *losses; /* n_rows x n_candidates, row-major; see row_loss.h for their scale */
    const double *weight; /* NULL: ones */
    int64_t n_rows, n_candidates;
    bool greater_is_better;
    int64_t n_draws, seed;
    double level;
} mlsd__bbc_input;

typedef struct mlsd__bbc {
    /* On the scale of the losses. se is the standard deviation over the draws. */
    mlsd__estimate estimate;
    int64_t chosen;  /* the best on all rows, ties to the first; -1 where no candidate has losses */
    double selected; /* its mean on all rows: what the choice makes too good */
} mlsd__bbc;

/* Bootstrap bias corrected cross-validation. A candidate with a NaN does not take part. */
mlsd_status mlsd__bbc_estimate(mlsd__scope *scope, const mlsd__bbc_input *in, mlsd__bbc *out);

#endif
