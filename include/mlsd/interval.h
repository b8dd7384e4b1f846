/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/interval.h - how sure is it? Intervals of rates, of their differences and ratios; what many
 * looks cost; how many rows an answer needs.
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

#include "mlsd/export.h"
#include "mlsd/matrix.h"
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

#ifdef __cplusplus
}
#endif
#endif /* MLSD_INTERVAL_H */
