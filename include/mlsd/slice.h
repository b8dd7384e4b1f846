/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/slice.h - for whom a model is good: metrics by group.
 */
#ifndef MLSD_SLICE_H
#define MLSD_SLICE_H

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

/* Do an analysis of slices: a spec of the family "slicing" says which. `groups` is a table whose
 * columns tell the rows apart. y (what is true), prediction and weight (n x 1) have a row for each
 * of its rows; which of them may be NULL and how many columns they have is the kind's to say:
 *
 *   slice_metrics     any metrics by the values of columns and their intersections
 *   slice_search      the slices with the highest losses, by exact search (SliceLine)
 *   slice_tree        all rows cut into a few disjoint slices by a tree on their losses
 *   slice_divergence  frequent patterns, by how far a rate among them is from elsewhere
 *   slice_comparison  two models on the same rows, the columns of the first before those of the
 *                     second in `prediction`: who got worse
 *   fairness          how differently a classifier treats groups (prediction: labels, or
 *                     probabilities of class 1, or of every class): docs/fairness.md, as the next
 *   reweighing        weights under which groups and classes are independent; needs no prediction
 *   group_thresholds  thresholds by group; mlsd/policy.h decides by them
 *   fairness_frontier what keeping groups equal costs
 *
 *   mlsd_spec_new(NULL, "slice_search", &search);
 *   mlsd_slice_run(NULL, search, groups, &y, &prediction, NULL, &result);
 *   puts(mlsd_result_verdict(result));
 *
 * Status of a slice in every table: "ok", "low support" (too few rows to say anything: never a
 * finding), "undefined" (NaN, never 0). What each kind hands out: docs/slices.md. Arguments are
 * borrowed for the call; *out is the caller's (mlsd_result_free), NULL on failure. Whole programs:
 * docs/examples/slices.c, and policy.c for fairness. Errors: MLSD_E_KIND (a spec of another
 * family), MLSD_E_SHAPE, MLSD_E_COLUMN, MLSD_E_DATA, MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_slice_run(const mlsd_context *context, const mlsd_spec *analysis,
                                    const mlsd_table *groups, const mlsd_matrix *y,
                                    const mlsd_matrix *prediction, const mlsd_matrix *weight,
                                    mlsd_result **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_SLICE_H */
