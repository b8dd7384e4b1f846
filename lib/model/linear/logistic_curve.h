/* logistic_curve.h - what a curve is told of a logistic fit: at step i, after i iterations, the
 * mean loss of the training rows and of every validation set under "loss", and what is minimised,
 * by the mean row, under "objective". The fit itself is not changed by who looks at it. */
#ifndef MLSD_MODEL_LOGISTIC_CURVE_H
#define MLSD_MODEL_LOGISTIC_CURVE_H

#include "model/linear/logistic_regression.h"

/* mlsd__logistic_problem_solve where the problem's train->curve is NULL; otherwise the same, told
 * to it step by step. */
mlsd_status mlsd__logistic_problem_solve_watched(mlsd__logistic_problem *p, mlsd__scope *scope,
                                                 const mlsd__logistic_params *params,
                                                 mlsd__logistic_outcome *out);

#endif
