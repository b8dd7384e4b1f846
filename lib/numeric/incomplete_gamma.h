/* incomplete_gamma.h - the regularised incomplete gamma functions. What the gamma, chi-square and
 * Poisson distributions stand on. Small values keep relative accuracy. */
#ifndef MLSD_NUMERIC_INCOMPLETE_GAMMA_H
#define MLSD_NUMERIC_INCOMPLETE_GAMMA_H

/* P(a, x) and Q(a, x) = 1 - P(a, x), DLMF 8.2.4; a > 0 finite, x >= 0. */
double mlsd__incomplete_gamma_lower(double a, double x);
double mlsd__incomplete_gamma_upper(double a, double x);

/* log(Gamma(1 + a)), |a| <= 1/2, with relative accuracy also near 0. */
double mlsd__lgamma1p(double a);

#endif
