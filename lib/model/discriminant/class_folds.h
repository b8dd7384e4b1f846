/* class_folds.h - the moments of each class in the training rows of every split, from one pass over
 * the data: what discriminant analyses are made of, for all settings of a split. */
#ifndef MLSD_MODEL_CLASS_FOLDS_H
#define MLSD_MODEL_CLASS_FOLDS_H

#include "model/path.h"
#include "numeric/gram.h"

/* One split. Behind a step that standardises, moments are of standardised columns. */
typedef struct mlsd__class_fold {
    const mlsd__path_folds *folds;
    int64_t split;
    mlsd__gram *grams;     /* of each class */
    const double *shift;   /* p, or NULL where columns are as they are: */
    const double *divisor; /* (x - shift) / divisor */
    const mlsd__frame *x;  /* folds->all->x, or a copy of it that is at hand */
} mlsd__class_fold;

/* Fits the settings of a split and takes what they predict (mlsd__class_fold_take); settings that
 * moments have no digits for are left alone. *out_served: any was taken. */
typedef mlsd_status (*mlsd__class_fold_solve)(mlsd__scope *scope, const mlsd__class_fold *fold,
                                              bool *out_served);

/* As mlsd__path_ops.run_folds. `solve` is called for several splits at a time. */
mlsd_status mlsd__class_run_folds(mlsd__scope *scope, const mlsd__path_folds *folds,
                                  mlsd__class_fold_solve solve, bool *out_served);

/* Predict the split's test rows with the state of a setting. */
mlsd_status mlsd__class_fold_take(mlsd__scope *scope, const mlsd__class_fold *fold,
                                  const mlsd__estimator_ops *ops, int64_t setting,
                                  const void *state);

/* U'U = a (p x p, upper triangle, row-major; the rest of u is 0). False where columns are so close
 * to dependent, or means so far from 0 beside deviations, that rows have digits which moments have
 * lost. `mean` has p numbers; `weight` is what a is divided by to be a covariance; `room` p * p. */
bool mlsd__class_factor(int64_t p, const double *a, const double *mean, double weight, double *room,
                        double *u);

#endif
