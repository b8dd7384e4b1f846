/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/compare.h - is one model better than another, or was it luck?
 *
 * Scores go in as a matrix: a column for each model, a row for whatever was repeated. What that is
 * decides which test is right, and the test is a spec of the family "comparison":
 *
 *   rows are                         two models                      several models
 *   resamples of one data set        corrected_t,                    corrected_t, max_t
 *   (folds, drawn splits)            bayes_correlated_t,
 *                                    five_by_two_f, five_by_two_t
 *   rows of one test set:
 *     right or wrong                 mcnemar                         cochran_q
 *     scores of class 1 of two       delong                          delong
 *     losses                         paired_permutation              max_t
 *     forecasts, in order of time    diebold_mariano                 diebold_mariano
 *   data sets                        wilcoxon, sign_test,            friedman
 *                                    bayes_signed_rank
 *
 * A test of two models takes more columns as well: it compares all pairs, or all with one (the
 * parameter `control`), and corrects for how many there are (the parameter `correction`).
 *
 *   double scores[10][2];                          // 10 folds, two models
 *   mlsd_matrix columns = {scores, 10, 2, 2, 1, MLSD_F64, 0};
 *   mlsd_spec_new(NULL, "corrected_t", &test);
 *   mlsd_spec_set_f64(test, "test_train", 1.0 / 9); // rows tested over rows trained on
 *   mlsd_compare(NULL, test, &columns, NULL, &result);
 *   puts(mlsd_result_verdict(result));
 *   // 'b' is better than 'a' by 0.012 (95 % interval 0.002 to 0.022); p = 0.021
 *
 * p-values of other tests are corrected by mlsd_adjust_p_values of mlsd/interval.h.
 */
#ifndef MLSD_COMPARE_H
#define MLSD_COMPARE_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/interval.h"
#include "mlsd/matrix.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Compare the models in the columns of `scores` by the test that the spec names. `y` (n x 1) is the
 * truth where the columns are predictions: classes for mcnemar and cochran_q (without y the columns
 * say 1 for right and 0 for wrong), 0 or 1 for delong, which needs it, and what was forecast for
 * diebold_mariano (without y the columns are losses); NULL for all other tests. A row in which a
 * model has no score (NaN, as of a fold that failed) does not count where that model is compared.
 *
 * Numbers: "statistic", "df" (and "df_2" of an F), "p_value", "difference" (the later column minus
 * the earlier) with its interval "low" and "high" at the spec's `level`, "effect" (text "effect_is"
 * says which), and "min_detectable", the difference that the test would have found with a chance of
 * `power` given the spread of these scores. Of more than two models: statistic, df and p_value
 * answer whether any differ (of tests of pairs: the smallest p_value after correction), and the
 * rest is of the pair with the smallest. Bayesian tests have no p_value; "p_better", "p_equivalent"
 * and "p_worse" are the chances that the later model is better by more than `rope`, no more than
 * `rope` apart, or worse by more.
 *
 * Table "pairs": a, b, n (rows that counted), the above, p_adjusted, better (the name of the better
 * model; "" where the two cannot be told apart), message (why something is not defined: it is NaN,
 * never 0). Table "ranks": model, score (its mean; of delong the area under the curve), mean_rank
 * (1 is best). friedman adds "chi2", "chi2_p_value" and "critical_difference" of mean ranks. Texts
 * "test" and, where something is not defined, "reason". The verdict says it in a sentence.
 *
 * Errors: MLSD_E_KIND (a spec of another family); MLSD_E_SHAPE (fewer than two columns, a number of
 * rows or names that does not fit); MLSD_E_DATA (infinite scores, values that are not of the kind
 * the test needs); MLSD_E_PARAM_RANGE, MLSD_E_PARAM_CONFLICT; MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_compare(const mlsd_context *context, const mlsd_spec *test,
                                  const mlsd_matrix *scores, const mlsd_matrix *y,
                                  mlsd_result **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_COMPARE_H */
