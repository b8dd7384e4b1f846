/* spline_basis.h - B-splines on one sequence of knots, at a number. */
#ifndef MLSD_MODEL_TRANSFORM_SPLINE_BASIS_H
#define MLSD_MODEL_TRANSFORM_SPLINE_BASIS_H

#include <stdint.h>

enum { MLSD__MOST_SPLINE_DEGREE = 20 };

/* In the order of the choices of spline_features. */
enum {
    MLSD__SPLINE_CONSTANT,
    MLSD__SPLINE_LINEAR,
    MLSD__SPLINE_CONTINUE,
    MLSD__SPLINE_PERIODIC,
    MLSD__SPLINE_ERROR
};

/* n_knots base knots that ascend (ties allowed, not all one), with `degree` more on either side. */
typedef struct mlsd__spline {
    int64_t degree, n_knots, extrapolation;
    const double *knots; /* n_knots + 2 * degree */
} mlsd__spline;

/* Splines that there are: n_knots + degree - 1, of periodic ones n_knots - 1. */
int64_t mlsd__spline_count(const mlsd__spline *s);

/* Put knots on either side of the base knots, which stand at knots + degree. */
void mlsd__spline_extend(int64_t degree, int64_t n_knots, int64_t extrapolation, double *knots);

/* The values of the first n_out splines at x, by the recurrence of Cox and de Boor. */
void mlsd__spline_values(const mlsd__spline *s, double x, int64_t n_out, double *out);

#endif
