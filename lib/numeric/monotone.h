/* monotone.h - invert a monotone function whose value and unknown are positive. */
#ifndef MLSD_NUMERIC_MONOTONE_H
#define MLSD_NUMERIC_MONOTONE_H

#include <stdbool.h>

/* A monotone function of x in (0, highest) that is to be inverted; it also gives x f'(x) without
 * its sign. */
typedef struct mlsd__monotone {
    double (*value)(const struct mlsd__monotone *f, double x, double *out_x_derivative);
    double a;
    double b;
    double highest;
    bool is_decreasing;
} mlsd__monotone;

/* x with f(x) = target > 0, from a start that may be any number. */
double mlsd__invert(const mlsd__monotone *f, double target, double start);

#endif
