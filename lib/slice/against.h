/* against.h - the rows of a slice against those outside it: what the error is on both sides, how
 * far apart they are, and how easily chance would do that. */
#ifndef MLSD_SLICE_AGAINST_H
#define MLSD_SLICE_AGAINST_H

#include <stdint.h>

#include "slice/sliced.h"

/* Sums over a set of rows that have an error. Errors are centred by the mean of all rows of the
 * half, so that squares may be added and taken away again: what is outside is all less what is
 * inside (Chan, Golub & LeVeque 1983, the shifted algorithm). */
typedef struct mlsd__errors {
    int64_t n;    /* rows */
    double w, wd; /* weights, weighted centred errors */
    double ww, wwd, wwdd;
} mlsd__errors;

/* What all rows of a half come to. */
typedef struct mlsd__half_errors {
    double mean; /* by weight; NaN without rows */
    bool zero_one;
    mlsd__errors all;
} mlsd__half_errors;

void mlsd__half_errors_make(const mlsd__half *h, mlsd__half_errors *out);

/* The rows of two sets at once (b may be NULL), those without an error left out. */
void mlsd__errors_of(const mlsd__half *h, const mlsd__half_errors *of, const uint64_t *a,
                     const uint64_t *b, mlsd__errors *out);

/* Inside less outside; what is not defined is NaN. */
typedef struct mlsd__against {
    int64_t n_inside, n_outside;
    double inside, outside, difference, low, high;
    double inside_low, inside_high;
    double statistic; /* t, or z of two proportions */
    double beta_t;    /* of proportions: how many deviations two Beta posteriors are apart */
    double p_value; /* two-sided: of shares Fisher's exact test (twice the smaller tail), of others
                       the more cautious of Welch's and Student's t */
    double effect;  /* difference over the root of the mean variance of both sides */
} mlsd__against;

/* level NaN: no intervals. is_share: errors are 0 or 1 and nothing weighs. */
void mlsd__against_make(const mlsd__half_errors *of, const mlsd__errors *inside, bool is_share,
                        double level, mlsd__against *out);

/* Only the p-value, for all that was looked at; NaN where a side has fewer than min_rows. Where
 * only what is worse is looked for, that of a slice that is not is 1: it may not make others
 * likelier to be found. */
double mlsd__against_p(const mlsd__half_errors *of, const mlsd__errors *inside, bool is_share,
                       int64_t min_rows, bool only_worse);

/* Twice the smaller tail of Fisher's exact test: `a` of n_1 are wrong inside, `b` of n_0 outside.
 */
double mlsd__fisher_p(int64_t a, int64_t n_1, int64_t b, int64_t n_0);

#endif
