/* mathfun_block.h - exp, log and log1p of many numbers: the bits of mathfun.h's, several at a time.
 */
#ifndef MLSD_NUMERIC_MATHFUN_BLOCK_H
#define MLSD_NUMERIC_MATHFUN_BLOCK_H

#include <stdint.h>

/* Each of n numbers becomes mlsd__exp of it. */
void mlsd__exp_block(double *x, int64_t n);
/* Each of n numbers becomes mlsd__log of it. */
void mlsd__log_block(double *x, int64_t n);
/* out[i] = mlsd__log1p(x[i]); fastest for numbers from 0 to 1. */
void mlsd__log1p_block(const double *x, int64_t n, double *out);

#endif
