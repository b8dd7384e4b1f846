/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/experiment.h - the main job: from a table to a verdict.
 */
#ifndef MLSD_EXPERIMENT_H
#define MLSD_EXPERIMENT_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fill in what a spec of kind "experiment" leaves open (task, metric, models from simple to
 * strong), so that the spec says everything: the table decides the task. *out is a new spec whose
 * JSON, run on the same table, gives the same bytes. Errors: MLSD_E_KIND, MLSD_E_COLUMN (with the
 * nearest name), MLSD_E_DATA. Since 0.1. */
MLSD_API mlsd_status mlsd_experiment_complete(const mlsd_context *context, const mlsd_spec *spec,
                                              const mlsd_table *table, mlsd_spec **out);

/* Run an experiment: drop columns that cannot serve and say why, split into training, validation
 * and test, cross-validate the ladder on training, choose, train the best iterative model with the
 * validation loss watched, fit the chosen model, and look at the test part once, overall and by
 * slice. An iterative chosen model is the one whose curve is shown, trained on training alone; any
 * other, and the baseline beside it, is fitted on training and validation (text "fitted_on").
 * Tables: "columns", "parts", "classes" (where there are some), "leaderboard", "fold_scores",
 * "curve" (epoch, train, valid; with an iterative model), "test", "slices" (where they are asked
 * for), "coefficients" (of a linear model, on standardised columns), "notes". Texts: "target",
 * "task", "metric", "chosen", "chosen_because", "best", "fitted_on", "curve.model",
 * "curve.stop_reason", "slices.worst", "slices.verdict", "data.fingerprint", "test.fingerprint" (of
 * its rows and their target), "environment.*". Numbers: "n_train", "n_valid", "n_test", "n_splits",
 * "test.value", "test.low", "test.high", "test.baseline" and "test.looks" (the scores of the test
 * part are one look at it; with the context parameter `looks` the experiments of earlier processes
 * that looked at the same rows count as well, each once; from the second on the verdict says so),
 * "curve.best_epoch", with a budget "n_within_budget" (where it is 0, the nearest to the budget is
 * chosen and the verdict says so), "data.*", ... Model: "chosen". Errors: those of each step.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_experiment_run(const mlsd_context *context, const mlsd_spec *spec,
                                         const mlsd_table *table, mlsd_result **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_EXPERIMENT_H */
