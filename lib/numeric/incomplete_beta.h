/* incomplete_beta.h - the regularised incomplete beta function with both x and 1 - x given, so that
 * neither end loses digits. What the t and beta distributions stand on. */
#ifndef MLSD_NUMERIC_INCOMPLETE_BETA_H
#define MLSD_NUMERIC_INCOMPLETE_BETA_H

/* I_x(a, b), y = 1 - x; a, b > 0 finite, x and y in [0, 1]. Small values keep relative accuracy. */
double mlsd__incomplete_beta(double x, double y, double a, double b);

/* x^a y^b / B(a, b): the density of the beta distribution times x y. */
double mlsd__beta_kernel(double x, double y, double a, double b);

/* log of the beta function. */
double mlsd__log_beta(double a, double b);

#endif
