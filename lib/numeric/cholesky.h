/* cholesky.h - Cholesky of a matrix that is large enough to share between threads. */
#ifndef MLSD_NUMERIC_CHOLESKY_H
#define MLSD_NUMERIC_CHOLESKY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* A = U'U in place, upper triangle (n x n, row-major); what is below the diagonal stays as it is.
 * The same bits for any number of threads; can be cancelled. *out_ok is false where A is not
 * positive definite to working precision: a pivot that has lost all but rounding of its diagonal
 * element. A is then spoiled. */
mlsd_status mlsd__cholesky(mlsd__scope *scope, int64_t n, double *a, bool *out_ok);

#endif
