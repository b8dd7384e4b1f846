/* interval_rates.h - intervals of rates and of what is made of two or more of them. Sources stand
 * in mlsd/interval.h. Counts are doubles, effective ones where rows have weights; what is undefined
 * is NaN. The caller has checked: 0 <= successes <= trials, level in (0, 1). */
#ifndef MLSD_METRIC_INTERVAL_RATES_H
#define MLSD_METRIC_INTERVAL_RATES_H

#include <stdint.h>

#include "base/fail.h"

typedef enum mlsd__rate_method {
    MLSD__WILSON,
    MLSD__CLOPPER_PEARSON,
    MLSD__JEFFREYS,
    MLSD__AGRESTI_COULL,
    MLSD__RATE_WALD
} mlsd__rate_method;
typedef enum mlsd__difference_method {
    MLSD__NEWCOMBE,
    MLSD__AGRESTI_CAFFO,
    MLSD__DIFFERENCE_WALD
} mlsd__difference_method;
typedef enum mlsd__ratio_method { MLSD__RATIO_LOG, MLSD__RATIO_LOG_ADJUSTED } mlsd__ratio_method;

typedef struct mlsd__rate {
    double successes, trials;
} mlsd__rate;

/* What two rates make, and the score test of their being equal: Pearson's chi-square of 1 df. */
typedef struct mlsd__two_rates {
    double value, low, high;
    double statistic, p_value;
} mlsd__two_rates;

/* Wilson's interval of a rate of n, z being the normal quantile. */
void mlsd__wilson(double rate, double n, double z, double *out_low, double *out_high);
void mlsd__proportion_interval(mlsd__rate_method method, mlsd__rate rate, double level,
                               double *out_low, double *out_high);
/* Rates a less b; ratio of a to b; ratio of the odds. */
void mlsd__rates_difference(mlsd__difference_method method, mlsd__rate a, mlsd__rate b,
                            double level, mlsd__two_rates *out);
void mlsd__rates_ratio(mlsd__ratio_method method, mlsd__rate a, mlsd__rate b, double level,
                       mlsd__two_rates *out);
void mlsd__rates_odds_ratio(mlsd__ratio_method method, mlsd__rate a, mlsd__rate b, double level,
                            mlsd__two_rates *out);

/* Clopper & Pearson's one-sided lower bound. */
double mlsd__pass_rate_bound(double passes, double cases, double level);

/* Two by two tables of several strata: successes and failures of group 1, then of group 2. */
typedef struct mlsd__strata_odds {
    double value, low, high;           /* the common odds ratio */
    double statistic, p_value;         /* Mantel-Haenszel, 1 df */
    double homogeneity, homogeneity_p; /* Woolf */
} mlsd__strata_odds;
void mlsd__common_odds_ratio(const double (*tables)[4], int64_t n_strata, double level,
                             mlsd__strata_odds *out);

#endif
