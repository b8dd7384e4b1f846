/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/validate.h - cross-validation, models side by side, and everything else that validates.
 */
#ifndef MLSD_VALIDATE_H
#define MLSD_VALIDATE_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/dataset.h"
#include "mlsd/export.h"
#include "mlsd/model.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/split.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fit `estimator` on part 0 of every split and score its last part. Everything in the spec,
 * preprocessing included, is fitted inside the fold. Table "folds": fold, a column for each metric,
 * n_train, n_test, status, message (a fold that fails is recorded, not fatal, unless all do), and
 * in "timings" fit_seconds, predict_seconds. Table "predictions": row, fold, value or p_<class>.
 * What the cheap checks of mlsd_folds_audit give stands behind "audit." ("audit.findings",
 * "audit.n_errors", ...); warnings and errors are in the verdict and in the log as well. The
 * context parameter `audit` = 0 turns that off.
 * Numbers for each metric m: "m.mean", "m.low", "m.high", "m.se", by the corrected resampled t
 * interval at 95 % (Nadeau & Bengio 2003, Machine Learning 52:239, eq. 8: variance times
 * (1/J + n_test/n_train)). Errors: MLSD_E_KIND, MLSD_E_SHAPE (folds of another number of rows),
 * MLSD_E_DATA (every fold failed), MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_cross_validate(const mlsd_context *context, const mlsd_spec *estimator,
                                         const mlsd_dataset *dataset, const mlsd_folds *folds,
                                         const char *const *metrics, int64_t n_metrics,
                                         mlsd_result **out);

/* The scores alone, of several estimators on the same folds, into the caller's memory: for callers
 * that make arrays of their own of them, and whose call must cost little. The score of estimator e
 * by metric m on split k goes to scores[(e * n_metrics + m) * n_splits + k], of `capacity` numbers;
 * NaN where the fit failed or the score is not defined. train_scores (NULL: not wanted) has the
 * same room, for the scores on the rows of part 0. seconds (NULL: not wanted) has 2 numbers a fit,
 * seconds[(e * n_splits + k) * 2] of the fit and the next one of the predictions: what one
 * computation gave for several is shared out evenly, and NaN is what cannot be told from the fit.
 * *out_n_failed (may be NULL) is the number of fits that failed; mlsd_cross_validate says why. The
 * folds are not audited. Errors: those of mlsd_cross_validate but for failing fits, however many;
 * MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_fold_scores(const mlsd_context *context,
                                      const mlsd_spec *const *estimators, int64_t n_estimators,
                                      const mlsd_dataset *dataset, const mlsd_folds *folds,
                                      const char *const *metrics, int64_t n_metrics, double *scores,
                                      int64_t capacity, double *train_scores, double *seconds,
                                      int64_t *out_n_failed);

/* Cross-validate several estimators on the same folds, given from simple to strong, and set them
 * side by side on one metric. Table "leaderboard": model, score, low, high, se, difference to the
 * first with difference_low and difference_high (corrected resampled t on the paired differences)
 * and difference_detectable (what that comparison finds four times in five; NaN of the first),
 * simpler (the best of those before it) and p_better (the chance of being better than that one, by
 * the Bayesian correlated t test of mlsd_compare: is the more complex model worth it?), model_bytes
 * (0 of a model that cannot be saved), n_splits (that did not fail), on_front (of score and bytes:
 * none is better in one and as good in the other), within (as good as the rule asks), chosen,
 * message (of the first fit that failed); in "timings" fit_seconds (once, on all rows),
 * predict_us_per_row (of whole test parts), predict_us_one_row and on_front of score, bytes and
 * microseconds. Texts "chosen" and "chosen_because": the simplest whose score is within one
 * corrected standard error of the best (Breiman, Friedman, Olshen & Stone 1984, section 3.4.3).
 * Table "fold_scores": model, fold, score. The verdict says it in a sentence. Errors as above.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_leaderboard(const mlsd_context *context,
                                      const mlsd_spec *const *estimators, const char *const *names,
                                      int64_t n_estimators, const mlsd_dataset *dataset,
                                      const mlsd_folds *folds, const char *metric,
                                      mlsd_result **out);

/* Do what a spec of family "validation" or "search" says: cross_validate, grid_search, ... The
 * kinds and their parameters are in the reference (mlsd_kind_at("validation", i)); what each gives
 * is said there and in docs/validation.md. `folds` NULL: those of the spec's slot "splitter", or
 * without one five folds, which keep the classes where the target has some, keep groups together
 * where the data set has the role "group", and test on what follows where it has the role "time";
 * shuffled with the spec's "seed" but for times.
 *
 * cross_validate (models in the slot "estimators", from simple to strong) gives the table "folds"
 * (model, fold, a column for each metric, n_train, n_test, status, message) with its seconds in
 * "timings.folds"; the table "models" (model, for each metric m the columns m.mean, m.se, m.low,
 * m.high by the corrected resampled t interval at 95 %, and m.pooled, the score of all predictions
 * taken together; n_splits, n_failed, message, plan); the text "plan" (what work was shared); the
 * table "predictions" (model, row, fold, value or p_<class>), and "audit." as mlsd_cross_validate
 * does.
 *
 * cv_interval says how sure a score is: numbers "value", "low", "high", "se" and those of its
 * method, texts "method", "metric" and "covers" ("risk": of such models over training sets; "test
 * error": of models fitted to these rows); with several models the table "intervals" has a row for
 * each. Its methods, their sources and their coverage are in docs/intervals.md.
 * A search (grid_search, random_search, halving_grid_search, halving_random_search, hyperband,
 * racing_search; an estimator in the slot "estimator") gives the table "candidates" (candidate,
 * each parameter of the space as text, for each metric m the columns m.mean, m.se, m.low, m.high;
 * rank, where 1 is best, ties share and what has no score is last; n_splits, n_failed; model_bytes
 * where measured; on_front, of score and bytes; within, as the rule asks; chosen, message), with
 * fit_seconds, predict_us_per_row and on_front, of score, time and bytes, in "timings.candidates";
 * the table "folds" (candidate, fold, each metric, n_train, n_test, status, message); with rungs
 * also bracket, rung and n_resources of a candidate's last one and the tables "rungs" and
 * "rung_folds". Texts "chosen", "best" and "chosen_spec" (as JSON), "plan", "note"; numbers
 * "chosen_candidate", m.mean, m.se, m.low, m.high of it, "bbc.value", "bbc.low", "bbc.high" (what
 * to expect of the best of many: bootstrap bias corrected, Tsamardinos, Greasidou & Borboudakis
 * 2018, Machine Learning 107:1895), "optimism.expected", "detectable_difference", with a budget
 * "n_within_budget" (where it is 0, the nearest to the budget is chosen and the verdict says so);
 * and the model "chosen", fitted on all rows. docs/searching.md tells more. A search may also stand
 * where an estimator may: in mlsd_model_fit, mlsd_cross_validate, mlsd_leaderboard, and among the
 * models of an experiment. Fitted, it is the model of what it chose on the training rows.
 *
 * nested_cv (a search in the slot "search") runs the search on the training rows of every fold and
 * scores what it chose on the others: tables "inner" (fold, the chosen parameters, n_candidates,
 * inner.m and inner.se as the search saw them, outer.m), "folds" and "choices" (choice, n_folds);
 * numbers m.mean, m.se, m.low, m.high, "inner.mean", "optimism", "n_choices", "stability" (share of
 * folds with the choice made most often, text "chosen_most_often"). validation_curve (an estimator
 * in the slot "estimator", one list in "space") gives the table "curve": value, number, for each
 * metric m.mean, m.se, m.low, m.high, m.train_mean, m.train_se, then n_failed, within_one_se, best,
 * message; "folds"; texts "best" and "parameter", numbers "best_index" and "edge" (-1 or 1 where
 * the best is the least or greatest number that was tried).
 *
 * learning_curve gives the table "learning_curve" (model, train_size, for each metric m m.mean,
 * m.se, m.low, m.high by the corrected resampled t interval, m.train_mean, m.train_se; n_failed,
 * message), the table "folds" with every score, the table "extrapolation" (model, n_rows, value,
 * low, high: what is expected with all rows, twice and ten times as many) and the table "limits"
 * (model, limit, exponent, rows_needed, rows_needed_low, rows_needed_high, message: why a curve is
 * not carried on).
 *
 * permutation_test gives the numbers "score", "p_value", "n_as_good", "permuted_mean" and
 * "permuted_sd", the table "tests" with a row for each model, the table "permutations" (model,
 * permutation, score) and the text "plan".
 *
 * augmentation_test (an augmented estimator, or a pipeline that ends in one, in the slot
 * "estimator") fits it with and without its augmentations: table "comparison" (metric, without,
 * with, difference, low, high, p_value, effect, min_detectable, p_better), the same as numbers of
 * the first metric, the text "conclusion" ("helps", "harms", "not shown"), and "folds", "models"
 * and "plan" as above.
 *
 * Errors: MLSD_E_KIND (the spec is of another family; a metric does not suit the task),
 * MLSD_E_PARSE, MLSD_E_PARAM_UNKNOWN, MLSD_E_PARAM_TYPE, MLSD_E_PARAM_RANGE, MLSD_E_PARAM_CONFLICT
 * (a search space, before the first fit, with the entry that is wrong), MLSD_E_CHILD (no model),
 * MLSD_E_SHAPE (folds of another number of rows), MLSD_E_DATA (no target; every fold failed),
 * MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_validate(const mlsd_context *context, const mlsd_spec *spec,
                                   const mlsd_dataset *dataset, const mlsd_folds *folds,
                                   mlsd_result **out);

/* Score a fitted model on rows that nothing was chosen by. Table "scores": metric, value, low, high
 * (the metric's own interval at 95 %); each also as the numbers "m.value", "m.low", "m.high" of
 * metric m. Table "predictions": value or p_<class>, a row of the test set each. Numbers "n_test"
 * and "looks": this call is a look at the rows, and "looks" is its number, as
 * mlsd_dataset_n_looks counts; from the second on the verdict says that the score is no longer
 * that of unseen rows. A call that fails is no look. The classes of the test set go by name.
 * n_metrics 0: the metric that is the task's default. Errors: MLSD_E_KIND (a metric that the task
 * does not have), MLSD_E_DATA (no rows, no target, a class that the model was not fitted with),
 * MLSD_E_TYPE, MLSD_E_UNSUPPORTED (a model without a target, probabilities that it does not give),
 * and those of mlsd_model_predict. Since 0.1. */
MLSD_API mlsd_status mlsd_evaluate(const mlsd_context *context, const mlsd_model *model,
                                   const mlsd_dataset *test_dataset, const char *const *metrics,
                                   int64_t n_metrics, mlsd_result **out);
/* The candidates of a search, without fitting any: a table with candidate and each parameter of the
 * space as text. `dataset` may be NULL where their number does not depend on it (hyperband, and
 * halving_random_search without n_iter). Errors: as above of spaces; MLSD_E_KIND; MLSD_E_ARG.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_search_candidates(const mlsd_context *context, const mlsd_spec *search,
                                            const mlsd_dataset *dataset, mlsd_table **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_VALIDATE_H */
