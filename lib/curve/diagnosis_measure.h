/* diagnosis_measure.h - what is measured on a curve before it is judged: a smooth line with its
 * standard error, the noise around it, the slope of its end. */
#ifndef MLSD_CURVE_DIAGNOSIS_MEASURE_H
#define MLSD_CURVE_DIAGNOSIS_MEASURE_H

#include <stdint.h>

#include "base/memory.h"

/* Weights of a local linear fit at each of n steps over `half` steps to either side; norm[t] is the
 * standard error of the smoothed value at t for white noise of 1. */
typedef struct mlsd__smoother {
    int64_t n, half;
    double *weights; /* n x (2 half + 1); one block with norm */
    double *norm;
} mlsd__smoother;

mlsd_status mlsd__smoother_make(const mlsd__allocator *a, int64_t n, mlsd__smoother *out);
void mlsd__smoother_free(const mlsd__allocator *a, mlsd__smoother *s);
double mlsd__smooth_at(const mlsd__smoother *s, const double *y, int64_t t);
void mlsd__smooth(const mlsd__smoother *s, const double *y, double *out);

/* Of n numbers, which it reorders. */
double mlsd__median_in_place(double *x, int64_t n);

/* Standard deviation from step to step, by the median absolute second difference: a trend does not
 * count. Where `level` is not NULL, as a part of the level of each step. `room` has n numbers. */
double mlsd__step_noise(const double *y, const double *level, int64_t n, double *room);

/* Standard deviation about the smooth line over the points [first, first + n), with what
 * neighbouring steps have in common counted in: a mean of them has the standard error that so much
 * white noise would give it. `room` has n numbers. */
double mlsd__curve_noise(const mlsd__smoother *s, const double *y, const double *smooth,
                         int64_t first, int64_t n, double *room);

/* Least-squares slope of y[first .. n) by step; *norm is its standard error for white noise of 1.
 */
double mlsd__end_slope(const double *y, int64_t first, int64_t n, double *norm);

/* How many single steps stand out above both neighbours by more than `height` times the level. */
int64_t mlsd__count_spikes(const double *y, const double *level, int64_t n, double height);

#endif
