/* walsh.h - means of all pairs of numbers (Walsh averages), the k-th of them without making them.
 */
#ifndef MLSD_VALIDATE_WALSH_H
#define MLSD_VALIDATE_WALSH_H

#include <stdint.h>

#include "base/scope.h"

/* The median of (d_i + d_j) / 2 over i <= j; NaN for no numbers. Sorts d. */
mlsd_status mlsd__walsh_median(mlsd__scope *scope, double *d, int64_t n, double *out);

/* The interval for a centre of symmetry that the signed-rank test of level alpha leaves: exact for
 * up to 50 numbers, whose test keeps at most alpha, by the normal distribution beyond. NaN where
 * the numbers are too few for any. Sorts d. */
mlsd_status mlsd__walsh_interval(mlsd__scope *scope, double *d, int64_t n, double alpha,
                                 double *out_low, double *out_high);

#endif
