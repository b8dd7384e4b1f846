/* knockoff_copies.h - columns that look like those of a matrix, and are to it as they are to each
 * other, but know nothing of the target (Candes, Fan, Janson & Lv 2018). */
#ifndef MLSD_MODEL_SELECT_KNOCKOFF_COPIES_H
#define MLSD_MODEL_SELECT_KNOCKOFF_COPIES_H

#include <stdint.h>

#include "base/scope.h"

/* Gaussian second-order knockoffs of n rows of p columns of mean 0 and deviation 1 (weight NULL, or
 * n): `copies` has room for n x p. MLSD_E_NUMERIC where their correlations cannot be factored. */
mlsd_status mlsd__knockoff_copies(mlsd__scope *scope, const double *x, const double *weight,
                                  int64_t n, int64_t p, uint64_t seed, double *copies);

/* The threshold of the knockoff+ filter (Barber & Candes 2015, eq. 1.9) for a share of false
 * discoveries: the smallest t > 0 among the |w| with (1 + #{w <= -t}) / #{w >= t} at most that;
 * infinity without. */
mlsd_status mlsd__knockoff_threshold(const mlsd__allocator *a, const double *w, int64_t p,
                                     double fdr, double *out);

#endif
