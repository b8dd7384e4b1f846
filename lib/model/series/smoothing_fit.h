/* smoothing_fit.h - exponential smoothing in error-correction form, and its least squares over
 * smoothing parameters and initial states together. */
#ifndef MLSD_MODEL_SERIES_SMOOTHING_FIT_H
#define MLSD_MODEL_SERIES_SMOOTHING_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

enum { MLSD__NO_SEASONS, MLSD__ADDED_SEASONS, MLSD__MULTIPLIED_SEASONS };

/* Level and, where there are, trend and seasons. One-step forecasts y' = q + s or q s with
 * q = l + phi b; with the error e they are corrected by
 *   l = q + alpha r,  b = phi b + alpha beta r,  s = s + gamma u,
 * r = u = e, or r = e / s and u = e / q where seasons multiply (Hyndman & Athanasopoulos 2021,
 * chapter 8: beta and gamma as in the component form). */
typedef struct mlsd__smoothing {
    bool has_trend, is_damped;
    int64_t seasons, period; /* period 1 without seasons */

    double alpha, beta, gamma,
        phi;             /* NaN before: to be estimated; beta 0 and phi 1 where not used */
    double level, trend; /* initial, then after the last row in final_* */
    double *season;      /* period: initial; their sum is 0, or their mean 1 */
    double final_level, final_trend;
    double *final_season; /* period: of the next steps */

    double sse; /* of the one-step errors */
    int64_t n_estimated, n_iter;
    bool converged;
} mlsd__smoothing;

/* Estimate what is NaN, and the initial states. season and final_season have room for `period`. n
 * is at least 2, 3 with a trend, and two periods with seasons. */
mlsd_status mlsd__smoothing_fit(mlsd__scope *scope, const double *y, int64_t n, int64_t max_iter,
                                mlsd__smoothing *s);

/* The forecast so many steps after the end. */
double mlsd__smoothing_forecast(const mlsd__smoothing *s, int64_t step);

/* One-step errors' sum of squares, their gradient and Gauss-Newton matrix (upper, d x d) by theta:
 * alpha, beta, gamma / (1 - alpha), phi, level, trend, seasons but the last, as far as they are
 * there. For fitting, and for its test. d is mlsd__smoothing_width. */
int64_t mlsd__smoothing_width(const mlsd__smoothing *s);
mlsd_status mlsd__smoothing_errors(mlsd__scope *scope, mlsd__smoothing *s, const double *theta,
                                   const double *y, int64_t n, double *sse, double *gradient,
                                   double *matrix);

#endif
