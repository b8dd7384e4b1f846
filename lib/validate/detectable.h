/* detectable.h - which difference a test could have found: its power, turned round. */
#ifndef MLSD_VALIDATE_DETECTABLE_H
#define MLSD_VALIDATE_DETECTABLE_H

#include <stdbool.h>

/* The difference, in standard errors, that Student's t test of level alpha finds with a chance of
 * `power`; df may be infinite. */
double mlsd__detectable_t(double df, double alpha, double power, bool one_sided);

/* The noncentrality with which an F test of level alpha rejects with a chance of `power`. */
double mlsd__detectable_f(double df_1, double df_2, double alpha, double power);

/* The difference of two shares that McNemar's test on n rows finds when a share `discordant` of
 * them is answered rightly by just one of the two; NaN where no difference would do. */
double mlsd__detectable_mcnemar(double n, double discordant, double alpha, double power,
                                bool one_sided);

/* Upper tail of the noncentral F distribution. */
double mlsd__noncentral_f_sf(double f, double df_1, double df_2, double noncentrality);

#endif
