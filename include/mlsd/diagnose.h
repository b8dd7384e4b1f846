/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/diagnose.h - what loss curves say about a fit, how sure that is, and what to do about it.
 *
 *   mlsd_curve_new(NULL, NULL, &curve);
 *   for (step = 0; step < n; step++) {
 *       mlsd_curve_add(curve, "train", step, train_loss[step]);
 *       mlsd_curve_add(curve, "valid", step, valid_loss[step]);
 *   }
 *   mlsd_curve_diagnose(NULL, curve, NULL, &result);
 *   puts(mlsd_result_verdict(result));
 *   // overfit (confidence 1): the validation loss rose from 0.3125 at step 17 to 0.52 ...
 */
#ifndef MLSD_DIAGNOSE_H
#define MLSD_DIAGNOSE_H

#include "mlsd/context.h"
#include "mlsd/curve.h"
#include "mlsd/export.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Diagnose a fit by its curves of training and validation loss; lower is better, and no loss is
 * below the parameter `floor` (use log loss or a squared error, not accuracy). `spec` is of kind
 * "diagnosis", or NULL for its defaults: names of the two series, the loss of the constant
 * predictor, a target, numbers of rows, what a flexible probe reached on the same folds.
 *
 * Folds: series "train.0", "valid.0", "train.1", ... instead of "train" and "valid". The steps that
 * all folds have are looked at; where training was logged at other steps than validation, its mean
 * since the validation before. A step that was logged twice counts as logged last.
 *
 * Texts: "diagnosis" (underfit, overfit, optimal, improving, unstable, diverged, unknown), "kind"
 * (of overfit: rise, gap; of unstable: jitter, both rise; of unknown: the reason), "why" and
 * "remedy". Numbers: "confidence" (the share of resamples with the same diagnosis), "best_step",
 * "best_value", "last_value", "train_last", "base", "rise" and "rise_se", "gap", "slope" and
 * "slope_se" a step, "expected_gain" over "slope_steps" more steps, "jitter", "fold_se",
 * "plateau_step", "first_broken_step", "n_steps", "n_folds"; NaN where there is none; with a probe
 * "probe_difference" and "probe_p_value". Tables: "shares" (diagnosis, share of the resamples),
 * "flags" (flag, message: double_descent, leak, validation_easier, few_validation_rows, plateau,
 * base_not_known, not_tested), "remedies" (remedy), "curve" (step, train and valid as means over
 * folds, train_smooth, valid_smooth).
 *
 * What cannot be judged is "unknown" with the reason: fewer than 8 steps, losses that never change,
 * losses below `floor`, a series that is missing. Errors: MLSD_E_ARG, MLSD_E_KIND for a spec of
 * another kind; MLSD_E_DATA when a fold has only one of the two series; MLSD_E_PARAM_CONFLICT when
 * `probe_losses` are not as many as folds; MLSD_E_CANCELLED. Since 0.1.
 * Source: docs/curves.md, which also says how often the diagnosis is right. */
MLSD_API mlsd_status mlsd_curve_diagnose(const mlsd_context *context, const mlsd_curve *curve,
                                         const mlsd_spec *spec, mlsd_result **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_DIAGNOSE_H */
