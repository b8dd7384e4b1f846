/* mathfun.h - transcendental functions of our own, the same bits on every machine; libm's are not.
 * sqrt, fabs, floor and the like are exact everywhere and need no door. Errors: docs/numerics.md.
 */
#ifndef MLSD_NUMERIC_MATHFUN_H
#define MLSD_NUMERIC_MATHFUN_H

#include <stdint.h>

double mlsd__exp(double x);
double mlsd__log(double x);
double mlsd__log1p(double x);
double mlsd__expm1(double x);
double mlsd__pow(double x, double y);
double mlsd__tanh(double x);
double mlsd__lgamma(double x); /* thread-safe: does not touch signgam */
double mlsd__erf(double x);
double mlsd__erfc(double x);

/* 1 / (1 + exp(-x)) and log(1 + exp(x)) without overflow. */
double mlsd__sigmoid(double x);
double mlsd__log1pexp(double x);
/* Turn n scores into probabilities in place, and return log(sum(exp(scores))). */
double mlsd__softmax(double *scores, int64_t n);

#endif
