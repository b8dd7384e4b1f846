/* saddle_point.h - the two functions in which Loader writes binomial, Poisson and gamma densities
 * so that they stay accurate for large parameters. */
#ifndef MLSD_NUMERIC_SADDLE_POINT_H
#define MLSD_NUMERIC_SADDLE_POINT_H

/* Error of Stirling's formula, log(Gamma(z + 1)) - log(sqrt(2 pi z) (z / e)^z), z > 0. */
double mlsd__stirling_error(double z);

/* k log(k / m) + m - k given d = k - m, without cancellation near k = m; k, m > 0. */
double mlsd__deviance(double k, double m, double d);

/* x^a exp(-x) / Gamma(a), the density of the gamma distribution times x, given d = a - x. */
double mlsd__gamma_kernel(double x, double a, double d);

#endif
