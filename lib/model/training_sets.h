/* training_sets.h - the rows that a model trained by epochs learns from, and those by whose loss it
 * is watched: validation sets that were given, or rows held out at random. */
#ifndef MLSD_MODEL_TRAINING_SETS_H
#define MLSD_MODEL_TRAINING_SETS_H

#include "model/estimator.h"

/* y is n_rows x (1 + n_more_targets) numbers, or class numbers; weight NULL: ones. */
typedef struct mlsd__training_set {
    const char *name; /* of its series: "train", "valid", ... */
    const mlsd__frame *frame;
    const double *y, *weight;
    double total_weight;
} mlsd__training_set;

typedef struct mlsd__training_sets {
    int64_t n;                /* at least 1 */
    mlsd__training_set *sets; /* 0 is learned from, the others are only looked at */
    bool has_valid;           /* set 1 is the one that the fit's own rule watches */
    mlsd__frame train_frame, valid_frame;
    int64_t *rows, *storage; /* of rows held out */
    double *values;          /* gathered y and weights */
} mlsd__training_sets;

/* Whether rows are to be held out where no validation set is given: about `fraction` of each class
 * (of all rows without classes), drawn by the seed. */
typedef struct mlsd__hold_out {
    bool asked;
    double fraction;
    int64_t seed;
} mlsd__hold_out;

/* End it with _close, also after a failure; it must not be moved. Errors: MLSD_E_DATA where too few
 * rows are held out. */
mlsd_status mlsd__training_sets_open(mlsd__training_sets *s, mlsd__scope *scope,
                                     const mlsd__train *train, const mlsd__hold_out *hold_out);
void mlsd__training_sets_close(mlsd__training_sets *s, const mlsd__allocator *a);

#endif
