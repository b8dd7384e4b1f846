/* distribution.h - distribution functions and quantiles. Sources at the definitions; tested against
 * published values and scipy. p outside [0, 1] gives NaN. */
#ifndef MLSD_NUMERIC_DISTRIBUTION_H
#define MLSD_NUMERIC_DISTRIBUTION_H

double mlsd__normal_cdf(double x);
double mlsd__normal_quantile(double p);
double mlsd__t_cdf(double t, double df);
double mlsd__t_quantile(double p, double df);
double mlsd__beta_cdf(double x, double a, double b); /* regularised incomplete beta */
double mlsd__beta_quantile(double p, double a, double b);

#endif
