/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/policy.h - decisions from scores, with a threshold for each group.
 *
 *   const char *by = "race"; // what makes groups: a column of the tables
 *   mlsd_spec_new(NULL, "group_thresholds", &spec);
 *   mlsd_spec_set_str_list(spec, "by", &by, 1);
 *   mlsd_spec_set_str(spec, "id", "person"); // what tells one person from another
 *   mlsd_spec_set_str(spec, "constraint", "equalized_odds");
 *   mlsd_policy_fit(NULL, spec, groups, &y, &score, NULL, &policy);
 *   mlsd_policy_predict(policy, new_groups, &new_score, decisions, n);
 *
 * constraint: "demographic_parity", "equal_opportunity" (true positive rates),
 * "predictive_equality" (false positive rates), "equalized_odds" (both) or "none"; tolerance: how
 * far apart the rates may be; objective: "accuracy", "balanced_accuracy" or "cost". All parameters:
 * docs/parameters.md; what they mean, and what thresholds by group may mean in law:
 * docs/fairness.md; a whole program: docs/examples/policy.c.
 *
 * Where two groups can only be made equal by chance, a group has several thresholds with a chance
 * each. The coin is a hash of the unit's id: one person always gets one answer, on every machine,
 * and of two persons of a group with the same coin the one with the higher score never fares worse.
 */
#ifndef MLSD_POLICY_H
#define MLSD_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_policy mlsd_policy;

/* Choose the thresholds that are best by `objective` among all that keep the groups as equal as
 * `constraint` and `tolerance` say (Hardt, Price & Srebro 2016): a spec of kind group_thresholds.
 * `groups` has n rows and the columns `by` (where `by` is null all of its columns but `id` make the
 * groups, crossed); y (n x 1) 0 and 1, score (n x 1) finite numbers, the higher the likelier 1;
 * weight n x 1 or NULL. All are borrowed for the call; *out is the caller's, NULL on failure. A
 * group in which the constrained rate is not defined (no positives) is bound by nothing. Errors:
 * MLSD_E_KIND, MLSD_E_SHAPE, MLSD_E_COLUMN, MLSD_E_DATA (y that is not 0 or 1, a score that is not
 * finite, more groups than max_groups, no group that the constraint binds), MLSD_E_CANCELLED.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_policy_fit(const mlsd_context *context, const mlsd_spec *spec,
                                     const mlsd_table *groups, const mlsd_matrix *y,
                                     const mlsd_matrix *score, const mlsd_matrix *weight,
                                     mlsd_policy **out);

/* End a policy; NULL is fine. Since 0.1. */
MLSD_API void mlsd_policy_free(mlsd_policy *policy);

/* Decide: 0 or 1 for each of the n rows of `groups` and `score` into out[0 .. n - 1]. The table has
 * the columns that the policy was fitted with, of the same type, and the column `id` where a coin
 * is needed; others are not looked at. Scores must be those of the same model. On failure nothing
 * in `out` is to be used. Errors: MLSD_E_SHAPE; MLSD_E_COLUMN; MLSD_E_DATA (a group that the policy
 * does not know, a missing id, a score that is not finite, a coin is needed and the policy names no
 * id). Since 0.1. */
MLSD_API mlsd_status mlsd_policy_predict(const mlsd_policy *policy, const mlsd_table *groups,
                                         const mlsd_matrix *score, double *out, int64_t n);

/* The chance of 1 for each row, over all coins: 0, 1, or between where a coin decides; needs no id.
 * Errors: as above. Since 0.1. */
MLSD_API mlsd_status mlsd_policy_chance(const mlsd_policy *policy, const mlsd_table *groups,
                                        const mlsd_matrix *score, double *out, int64_t n);

/* What was chosen. Tables: "thresholds" (group, chance, threshold: 1 is decided for scores of at
 * least it), "groups" (group, n, positives, selection_rate, tpr, fpr, accuracy as expected over
 * coins, bound: whether the constraint holds it). Numbers: objective (as far as it goes), gap (how
 * far bound groups are apart), tolerance, unconstrained (the objective without a constraint),
 * n_unbound, is_random. Since 0.1. */
MLSD_API mlsd_status mlsd_policy_describe(const mlsd_policy *policy, mlsd_result **out);

/* Write a policy to a file and read it again: the same decisions. Errors: MLSD_E_IO, MLSD_E_PARSE,
 * MLSD_E_VERSION, MLSD_E_CORRUPT. Since 0.1. */
MLSD_API mlsd_status mlsd_policy_save(const mlsd_policy *policy, const char *path);
MLSD_API mlsd_status mlsd_policy_load(const mlsd_context *context, const char *path,
                                      mlsd_policy **out);

/* The same bytes in memory: *out_size is always set, buf may be NULL with capacity 0 to ask.
 * Errors: MLSD_E_BUFFER (nothing is written); those of reading a file but MLSD_E_IO. Since 0.1. */
MLSD_API mlsd_status mlsd_policy_to_bytes(const mlsd_policy *policy, void *buf, size_t capacity,
                                          size_t *out_size);
MLSD_API mlsd_status mlsd_policy_from_bytes(const mlsd_context *context, const void *bytes,
                                            size_t size, mlsd_policy **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_POLICY_H */
