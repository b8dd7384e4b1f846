/* tweedie_loss.h - half the deviance of Tweedie's distributions (power 0 normal, 1 Poisson, 2
 * gamma, 3 inverse Gaussian; 1 < power < 2 compound Poisson) as a family of score_loss.h. */
#ifndef MLSD_MODEL_LINEAR_TWEEDIE_LOSS_H
#define MLSD_MODEL_LINEAR_TWEEDIE_LOSS_H

#include "model/linear/score_loss.h"

typedef struct mlsd__tweedie {
    double power;
    bool is_log; /* the link: mean = exp(score), otherwise mean = score */
} mlsd__tweedie;

/* Half the deviance but for terms of y alone, with slopes and curvatures: the second derivative, or
 * a share of Fisher's information where that is larger. `family` is a mlsd__tweedie. */
void mlsd__tweedie_rows(const void *family, mlsd__score_rows *rows);
/* Half the deviance itself; no slopes. */
void mlsd__tweedie_deviance_rows(const void *family, mlsd__score_rows *rows);

/* Half the deviance of one row. */
double mlsd__tweedie_half_deviance(double power, double y, double mean);

#endif
