/* logistic_precondition.h - a rough inverse of the Hessian of the logistic objective, for methods
 * that cannot afford the Hessian itself. */
#ifndef MLSD_MODEL_LINEAR_LOGISTIC_PRECONDITION_H
#define MLSD_MODEL_LINEAR_LOGISTIC_PRECONDITION_H

#include "model/linear/logistic_loss.h"

typedef struct mlsd__precondition {
    int64_t k, q;             /* scores, columns of the design; k 0: none, the identity */
    double *vectors, *values; /* k x k and k: of the curvature across scores */
    double *gram;             /* q x q, upper: mean of z z' */
    double *factors;          /* k of q x q: Cholesky factors */
    double *room;             /* k x q */
} mlsd__precondition;

/* Room, where the columns are few enough for it to pay; and k = 0 otherwise. */
mlsd_status mlsd__precondition_open(mlsd__precondition *c, const mlsd__logistic_loss *l,
                                    const mlsd__allocator *a);
void mlsd__precondition_close(mlsd__precondition *c, const mlsd__allocator *a);

/* Make it anew for theta, from some blocks of rows. Where that fails it becomes the identity. */
mlsd_status mlsd__precondition_make(mlsd__precondition *c, mlsd__scope *scope,
                                    mlsd__logistic_loss *l, const double *theta);

/* v (k x q) becomes its product with the rough inverse, which is symmetric and positive definite.
 */
void mlsd__precondition_apply(const mlsd__precondition *c, double *v);

#endif
