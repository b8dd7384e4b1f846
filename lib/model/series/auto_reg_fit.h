/* auto_reg_fit.h - the coefficients of an autoregression. */
#ifndef MLSD_MODEL_SERIES_AUTO_REG_FIT_H
#define MLSD_MODEL_SERIES_AUTO_REG_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* y[t] = constant + slope (t + 1) + coef[0] y[t-1] + coef[1] y[t-2] + ... */
typedef struct mlsd__auto_reg {
    bool has_constant, has_time;
    bool chooses, by_bic; /* up to n_lags are chosen, by AIC or BIC */
    int64_t n_lags;
    double *coef; /* room for n_lags */
    double constant, slope;
    double sse; /* of n_used rows */
    int64_t n_used, n_numbers;
} mlsd__auto_reg;

/* Least squares of rows n_lags.. on those before them. A choice compares all numbers of lags on the
 * same rows; then all rows that the chosen number has are used. */
mlsd_status mlsd__auto_reg_least_squares(mlsd__scope *scope, const double *y, int64_t n,
                                         mlsd__auto_reg *f);
/* Yule-Walker equations by Levinson's and Durbin's recursion (Durbin 1960); the constant is the
 * mean, and sse n times the variance that is left. */
mlsd_status mlsd__auto_reg_yule_walker(mlsd__scope *scope, const double *y, int64_t n,
                                       mlsd__auto_reg *f);

#endif
