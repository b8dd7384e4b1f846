/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/interval.h - how sure is it? Intervals of rates, of their differences and ratios, and of any
 * metric by resampling; what many looks cost; how many rows an answer needs.
 *
 *   double low, high;
 *   mlsd_interval_proportion("wilson", 37, 5000, 0.95, &low, &high); // 0.00537 .. 0.01018
 *
 * Counts are doubles: with weights they are effective counts. A value that is not defined (a rate
 * of nothing, a ratio to 0) is NaN and the call succeeds: it is never 0. Any out pointer may be
 * NULL, and levels are shares such as 0.95. Functions fail with MLSD_E_ARG for counts that are
 * negative, not finite or larger than what they are counted among, for levels and rates outside of
 * (0, 1), and for names that there are not. How often the intervals hold what they promise:
 * docs/intervals.md.
 */
#ifndef MLSD_INTERVAL_H
#define MLSD_INTERVAL_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- Rates ------------------------------------------------------------------------------------ */

/* Interval of a rate of `successes` among `trials`. `method`: "wilson" (Wilson 1927; take it where
 * nothing speaks for another), "clopper_pearson" (exact: covers at least what it promises, and is
 * wide), "jeffreys" (quantiles of Beta(x + 1/2, n - x + 1/2), but for 0 at no success and 1 at no
 * failure, as Brown, Cai & DasGupta 2001 have it), "agresti_coull" (1998), "wald" (for comparison
 * only: far from its level for rates near 0 and 1). Since 0.1. */
MLSD_API mlsd_status mlsd_interval_proportion(const char *method, double successes, double trials,
                                              double level, double *out_low, double *out_high);

/* The difference x1 / n1 - x2 / n2 of the rates of two groups that share no row. `method`:
 * "newcombe" (1998, method 10: from the two Wilson intervals), "agresti_caffo" (2000), "wald".
 * *out_p_value is that of the two-sided score test of no difference, whose square is Pearson's
 * chi-square without continuity correction. Since 0.1. */
MLSD_API mlsd_status mlsd_interval_difference(const char *method, double successes_1,
                                              double trials_1, double successes_2, double trials_2,
                                              double level, double *out_value, double *out_low,
                                              double *out_high, double *out_p_value);

/* The ratio of the two rates. `method`: "log" (Katz et al. 1978: normal on the scale of logarithms;
 * NaN limits where a count of successes is 0) or "log_adjusted" (Walter 1975: with half a success
 * more in each group). The p-value is mlsd_interval_difference's. Since 0.1. */
MLSD_API mlsd_status mlsd_interval_ratio(const char *method, double successes_1, double trials_1,
                                         double successes_2, double trials_2, double level,
                                         double *out_value, double *out_low, double *out_high,
                                         double *out_p_value);

/* The ratio of the two odds. `method`: "log" (Woolf 1955; NaN limits where a cell is 0) or
 * "log_adjusted" (Gart 1966: half a count more in each cell). Since 0.1. */
MLSD_API mlsd_status mlsd_interval_odds_ratio(const char *method, double successes_1,
                                              double trials_1, double successes_2, double trials_2,
                                              double level, double *out_value, double *out_low,
                                              double *out_high, double *out_p_value);

/* The odds ratio that several two-by-two tables have in common: does a difference stand when like
 * is compared with like? `tables` (k x 4): a row for each stratum with the successes and failures
 * of group 1, then those of group 2; a stratum without rows does not count. *out_value is Mantel &
 * Haenszel's (1959) with the interval of Robins, Breslow & Greenland (1986); *out_statistic the
 * Mantel-Haenszel chi-square (1 df, continuity corrected, as R's mantelhaen.test has it) with its
 * p-value; *out_homogeneity Woolf's (1955) chi-square of equal odds ratios in all strata (one df
 * less than strata) with its p-value, NaN where a stratum has an empty cell. Errors: MLSD_E_SHAPE
 * (not four columns). Since 0.1. */
MLSD_API mlsd_status mlsd_common_odds_ratio(const mlsd_matrix *tables, double level,
                                            double *out_value, double *out_low, double *out_high,
                                            double *out_statistic, double *out_p_value,
                                            double *out_homogeneity,
                                            double *out_homogeneity_p_value);

/* --- Planning and contracts ------------------------------------------------------------------- */

/* What a set of `cases` shows about the rate of passing: with confidence `level` it is at least
 * *out_low (Clopper & Pearson's one-sided bound). Since 0.1. */
MLSD_API mlsd_status mlsd_pass_rate_bound(double passes, double cases, double level,
                                          double *out_low);

/* How many cases, of which `failures` fail, show with confidence `level` that the rate of passing
 * is at least `rate`: 299 without a failure show 0.99 at 0.95. Since 0.1. */
MLSD_API mlsd_status mlsd_pass_rate_cases(double rate, int64_t failures, double level,
                                          int64_t *out_cases);

/* The fewest rows whose interval of a rate (a method of mlsd_interval_proportion), if the rate
 * comes out as `rate` (0 and 1 are allowed), is no wider than `half_width` to either side on
 * average. Since 0.1. */
MLSD_API mlsd_status mlsd_rows_needed(const char *method, double rate, double half_width,
                                      double level, int64_t *out_rows);

/* The fewest rows in each of two groups for the interval of a difference (a method of
 * mlsd_interval_difference). Since 0.1. */
MLSD_API mlsd_status mlsd_rows_needed_difference(const char *method, double rate_1, double rate_2,
                                                 double half_width, double level,
                                                 int64_t *out_rows);

/* --- Many looks ------------------------------------------------------------------------------- */

/* Correct n p-values for being n: `out` (may be `p_values`) gets them so that those at or below
 * alpha can be called significant. `correction` is "holm", "hochberg", "bonferroni", "sidak",
 * "holm_sidak" (chance of any false one at most alpha; the last two for independent or positively
 * dependent tests), "benjamini_hochberg" (expected share of false ones), "benjamini_yekutieli" (the
 * same under any dependence), or "none". NaN is no test: it stays and does not count. Sources: Holm
 * (1979), Scand. J. Statist. 6:65; Hochberg (1988), Biometrika 75:800; Sidak (1967), JASA 62:626;
 * Benjamini & Hochberg (1995), JRSS B 57:289; Benjamini & Yekutieli (2001), Ann. Statist. 29:1165.
 * Errors: MLSD_E_ARG (a p-value outside of [0, 1], no such correction). Since 0.1. */
MLSD_API mlsd_status mlsd_adjust_p_values(const char *correction, const double *p_values, int64_t n,
                                          double *out);

/* The same for e-values (Wang & Ramdas 2022, JRSS B 84:822): `out` gets for each the smallest alpha
 * at which the e-BH procedure calls it significant, so the expected share of false ones among those
 * at or below alpha is at most alpha under any dependence. NaN stays and does not count. Errors:
 * MLSD_E_ARG (an e-value below 0). Since 0.1. */
MLSD_API mlsd_status mlsd_adjust_e_values(const double *e_values, int64_t n, double *out);

/* --- Any metric, by resampling ---------------------------------------------------------------- */

/* Interval of a metric by drawing the rows again. `how` is of family "interval":
 *   bootstrap_interval  rows drawn with replacement; `method` percentile, basic, bca, studentized
 *                       (of means) or normal
 *   jackknife_interval  rows left out in turn
 * and has the metric as its child `metric`, or by the name `metric_name`; without one it is the
 * mean of y that is asked for, and `prediction` is NULL. y, prediction and weight are
 * mlsd_metric_score's. cluster (n x 1, any numbers, or NULL): rows of one number belong together
 * and are drawn or left out together. stratum (n x 1 or NULL): each stratum keeps its number of
 * rows, or of clusters, which then lie in one.
 *
 * *out_se is the standard deviation of the replicates and *out_bias their mean less the value.
 * `replicates` (may be NULL) gets those of the bootstrap, n_resamples of them. A replicate in which
 * the metric is not defined is NaN and left out; where more of them are than the interval leaves
 * out on either side its limits are NaN, as all but the value is where no stratum has two rows, or
 * clusters, that weigh anything: one says nothing about how sure it is. Draws are keyed by seed,
 * replicate and row, so results are the same bytes for every number of threads. Metrics that are
 * means over rows, and labels of few classes, cost a fraction of the others.
 *
 * Errors: MLSD_E_KIND; MLSD_E_SHAPE; MLSD_E_DATA (NaN, clusters that lie in two strata);
 * MLSD_E_PARAM_CONFLICT (studentized without a mean); MLSD_E_BUFFER (capacity below n_resamples);
 * MLSD_E_CANCELLED. Sources: Efron & Tibshirani (1993), An Introduction to the Bootstrap; Efron
 * (1987), JASA 82:171. Since 0.1. */
MLSD_API mlsd_status mlsd_interval_resample(const mlsd_context *context, const mlsd_spec *how,
                                            const mlsd_matrix *y, const mlsd_matrix *prediction,
                                            const mlsd_matrix *weight, const mlsd_matrix *cluster,
                                            const mlsd_matrix *stratum, double *out_value,
                                            double *out_low, double *out_high, double *out_se,
                                            double *out_bias, double *replicates, int64_t capacity);

/* --- Streams ---------------------------------------------------------------------------------- */

/* The bootstrap of what is added up, for rows that come in parts: each row counts in each replicate
 * as often as a Poisson(1) variable says that is keyed by (seed, replicate, row number). Parts may
 * be added in any order, on any machine, and merged: the draws are the same, and the sums differ by
 * rounding at most. Source: Hanley & MacGibbon (2006), Comput. Methods Programs Biomed. 83:57;
 * Chamandy et al. (2012), "Estimating uncertainty for massive data streams". One thread at a time.
 */
typedef struct mlsd_poisson_bootstrap mlsd_poisson_bootstrap;

/* n_columns numbers a row, 1 to 1024, and n_replicates, 1 to 1,000,000. Since 0.1. */
MLSD_API mlsd_status mlsd_poisson_bootstrap_new(const mlsd_context *context, int64_t n_columns,
                                                int64_t n_replicates, int64_t seed,
                                                mlsd_poisson_bootstrap **out);
/* NULL is fine. Since 0.1. */
MLSD_API void mlsd_poisson_bootstrap_free(mlsd_poisson_bootstrap *b);

/* Add n rows. row_numbers: what each row is called in the whole of the stream, no two the same;
 * NULL for first_row, first_row + 1, ... Errors: MLSD_E_SHAPE (another number of columns),
 * MLSD_E_DATA (a value that is not finite, a negative row number): nothing is added then.
 * MLSD_E_CANCELLED leaves it without use. Since 0.1. */
MLSD_API mlsd_status mlsd_poisson_bootstrap_add(const mlsd_context *context,
                                                mlsd_poisson_bootstrap *b,
                                                const mlsd_matrix *values,
                                                const int64_t *row_numbers, int64_t first_row);

/* Add all that `other` was given. Errors: MLSD_E_ARG (another seed or size). Since 0.1. */
MLSD_API mlsd_status mlsd_poisson_bootstrap_merge(mlsd_poisson_bootstrap *b,
                                                  const mlsd_poisson_bootstrap *other);

/* Interval of the sum of one column over the sum of another: of w * loss over w it is that of a
 * weighted mean, of hits over tries that of a rate. divisor -1: over the number of rows. `method`:
 * "percentile", "basic" or "normal". NaN where the divisor is 0. *out_rows: how many rows there
 * were. Since 0.1. */
MLSD_API mlsd_status mlsd_poisson_bootstrap_interval(const mlsd_poisson_bootstrap *b,
                                                     int64_t column, int64_t divisor,
                                                     const char *method, double level,
                                                     double *out_value, double *out_low,
                                                     double *out_high, double *out_se,
                                                     int64_t *out_rows);

/* Its state as bytes, to be sent or kept: *out_size is always set, buf may be NULL with capacity 0
 * to ask. Errors: MLSD_E_BUFFER; MLSD_E_PARSE (other bytes), MLSD_E_CORRUPT. Since 0.1. */
MLSD_API mlsd_status mlsd_poisson_bootstrap_to_bytes(const mlsd_poisson_bootstrap *b, void *buf,
                                                     size_t capacity, size_t *out_size);
MLSD_API mlsd_status mlsd_poisson_bootstrap_from_bytes(const mlsd_context *context,
                                                       const void *bytes, size_t size,
                                                       mlsd_poisson_bootstrap **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_INTERVAL_H */
