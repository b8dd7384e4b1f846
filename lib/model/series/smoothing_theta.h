/* smoothing_theta.h - inside exponential smoothing: where each parameter stands in theta, and what
 * theta says of the corrections. */
#ifndef MLSD_MODEL_SERIES_SMOOTHING_THETA_H
#define MLSD_MODEL_SERIES_SMOOTHING_THETA_H

#include "model/series/smoothing_fit.h"

enum {
    MLSD__ALPHA,
    MLSD__BETA,
    MLSD__GAMMA, /* as a share of what alpha leaves, gamma / (1 - alpha) */
    MLSD__PHI,
    MLSD__N_SMOOTHING,
    MLSD__LEVEL = MLSD__N_SMOOTHING,
    MLSD__TREND,
    MLSD__SEASON /* the first of period - 1 */
};

/* Place of each in theta, -1 where it is not there; *out_d is theta's length. */
void mlsd__smoothing_places(const mlsd__smoothing *s, int64_t place[MLSD__SEASON + 1],
                            int64_t *out_d);

/* The corrections, and derivatives of alpha * beta and of gamma by theta's numbers. */
typedef struct mlsd__smoother {
    double alpha, beta, gamma, phi;
    double beta_by_alpha, beta_by_beta;
    double gamma_by_alpha, gamma_by_share;
} mlsd__smoother;

mlsd__smoother mlsd__smoother_of(const mlsd__smoothing *s, const int64_t place[],
                                 const double *theta);

#endif
