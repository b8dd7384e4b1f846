/* minimize.h - the lowest point of a function of one number, without derivatives. */
#ifndef MLSD_NUMERIC_MINIMIZE_H
#define MLSD_NUMERIC_MINIMIZE_H

typedef double (*mlsd__function)(void *arg, double x);

/* A local minimum of f in [low, high], searched downhill from the interval [a, b] within it. Found
 * to about the square root of the rounding of f, 1.5e-8 relative, in some 20 calls; an end of [low,
 * high] is found too. f must not be NaN; infinity is fine. */
double mlsd__minimize(mlsd__function f, void *arg, double a, double b, double low, double high);

#endif
