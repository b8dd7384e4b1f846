/* line_integral.h - integrals of smooth positive functions with one peak, to all digits: the
 * trapezoidal rule converges exponentially for them. */
#ifndef MLSD_NUMERIC_LINE_INTEGRAL_H
#define MLSD_NUMERIC_LINE_INTEGRAL_H

/* Two integrals are taken at once over the same points. The first says where to stop. */
enum { MLSD__N_INTEGRALS = 2 };

typedef void mlsd__integrand(const void *arg, double y, double out[MLSD__N_INTEGRALS]);

/* Over the whole line. f(start) is not zero, and beyond the points where f[0] falls below 1e-18 of
 * the sum it does not rise again. `step` is a first guess of what resolves f; it is halved till the
 * sums agree. */
void mlsd__line_integral(mlsd__integrand *f, const void *arg, double start, double step,
                         double out[MLSD__N_INTEGRALS]);

/* Integral of a density over t in (0, inf) where it falls; `scale` is about the length over which
 * it falls by a factor e. */
double mlsd__tail_integral(double (*density)(const void *arg, double t), const void *arg,
                           double scale);

#endif
