/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/robustness.h - what a fitted model does when its input is not what it was fitted with.
 *
 *   mlsd_spec_new(NULL, "robustness", &analysis);
 *   mlsd_robustness(NULL, analysis, model, data, &result);
 *   puts(mlsd_result_verdict(result));
 */
#ifndef MLSD_ROBUSTNESS_H
#define MLSD_ROBUSTNESS_H

#include "mlsd/context.h"
#include "mlsd/dataset.h"
#include "mlsd/export.h"
#include "mlsd/model.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Change the rows of `data` column by column, ask the model again, and hold its score against that
 * on the rows as they are: values permuted, with noise, missing, far below or above all others; of
 * categories permuted, missing, one that was never seen, another one. `analysis` is of kind
 * "robustness". What the model refuses to predict is told with its message. Rows of weight 0 are
 * left out. Nothing is fitted, and no look at the data is counted.
 *
 * Tables: "features" (a row for each column and change), "missingness" (cells of all columns lost
 * at random), both with score, difference (changed less clean) with its paired interval, p_value,
 * q_value (Benjamini and Hochberg over both tables), flips, status ("ok", "low support",
 * "undefined", "refused") and message; "label_noise" (the score that would be measured if so many
 * labels were wrong); "dangerous_rows" (reason, row from 0, size). Numbers "clean", "clean_low",
 * "clean_high", "n", "n_tested", "n_worse", "n_refused"; texts "metric" and "leans_on", the column
 * whose permuted values cost most ("" where none is shown to cost anything). More: docs/slices.md.
 * Errors: MLSD_E_KIND (also a metric of another task); MLSD_E_UNSUPPORTED (a model of a series or
 * without a target, or without the probabilities that a metric needs); MLSD_E_DATA, MLSD_E_COLUMN,
 * ... where the model does not take the rows as they are; MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_robustness(const mlsd_context *context, const mlsd_spec *analysis,
                                     const mlsd_model *model, const mlsd_dataset *data,
                                     mlsd_result **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_ROBUSTNESS_H */
