/* distribution.h - distribution functions and quantiles. Sources at the definitions; tested against
 * published values and values of 40 digits.
 *
 * _cdf is P(X <= x) and _sf the upper tail P(X > x): each keeps relative accuracy where it is
 * small, which one minus the other does not. _quantile(p) inverts _cdf, _upper_quantile(q) inverts
 * _sf. A p outside [0, 1] or a parameter outside its range gives NaN. */
#ifndef MLSD_NUMERIC_DISTRIBUTION_H
#define MLSD_NUMERIC_DISTRIBUTION_H

#include <stdint.h>

double mlsd__normal_cdf(double x); /* the upper tail is the lower one of -x, here and of t */
double mlsd__normal_quantile(double p);
double mlsd__t_cdf(double t, double df);
double mlsd__t_quantile(double p, double df);
double mlsd__beta_cdf(double x, double a, double b); /* regularised incomplete beta */
double mlsd__beta_sf(double x, double a, double b);
double mlsd__beta_quantile(double p, double a, double b);

/* Gamma with scale 1; shape > 0 finite. */
double mlsd__gamma_cdf(double x, double shape);
double mlsd__gamma_sf(double x, double shape);
double mlsd__gamma_quantile(double p, double shape);
double mlsd__gamma_upper_quantile(double q, double shape);

double mlsd__chi_square_cdf(double x, double df);
double mlsd__chi_square_sf(double x, double df);
double mlsd__chi_square_quantile(double p, double df);
double mlsd__chi_square_upper_quantile(double q, double df);

/* df_1 of the numerator, df_2 of the denominator; either may be infinite. */
double mlsd__f_cdf(double f, double df_1, double df_2);
double mlsd__f_sf(double f, double df_1, double df_2);
double mlsd__f_quantile(double p, double df_1, double df_2);
double mlsd__f_upper_quantile(double q, double df_1, double df_2);

/* Successes in n trials. The quantiles are the smallest k with cdf(k) >= p, or sf(k) <= q. */
double mlsd__binomial_cdf(int64_t k, int64_t n, double chance);
double mlsd__binomial_sf(int64_t k, int64_t n, double chance);
double mlsd__binomial_quantile(double p, int64_t n, double chance);
double mlsd__binomial_upper_quantile(double q, int64_t n, double chance);

double mlsd__poisson_cdf(int64_t k, double mean);
double mlsd__poisson_sf(int64_t k, double mean);
double mlsd__poisson_quantile(double p, double mean);
double mlsd__poisson_upper_quantile(double q, double mean);

/* (Z + shift) / sqrt(chi-square(df) / df); df > 0, may be infinite; shift finite. */
double mlsd__noncentral_t_cdf(double t, double df, double shift);
double mlsd__noncentral_t_sf(double t, double df, double shift);
double mlsd__noncentral_t_quantile(double p, double df, double shift);

/* Range of n_groups >= 2 standard normals over an independent sqrt(chi-square(df) / df); df > 0,
 * may be infinite. Milliseconds, not microseconds: a double integral. */
double mlsd__studentized_range_cdf(double q, int64_t n_groups, double df);
double mlsd__studentized_range_sf(double q, int64_t n_groups, double df);
double mlsd__studentized_range_quantile(double p, int64_t n_groups, double df);
double mlsd__studentized_range_upper_quantile(double p, int64_t n_groups, double df);

#endif
