/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/audit.h - does a split keep its promise, that test rows are news to the model?
 *
 * Ten checks of a data set and its folds. Options are a spec of the kind "leakage_audit" (family
 * "audit"); NULL means its defaults, which are the cheap checks. With the parameter depth "full",
 * or by name in the parameter checks, the costly ones run as well:
 *
 *   overlap          cheap  test rows that are training rows, empty parts, rows drawn twice
 *   duplicates       cheap  test rows whose features equal those of a training row
 *   near_duplicates  full   the same but for a distance far below that of natural neighbours
 *   groups           cheap  groups on both sides; columns that look like groups nobody declared
 *   time             cheap  training rows that are not before the test rows; label intervals
 *   target_leak      cheap  columns that alone tell the target
 *   order            cheap  the order of the rows tells the target, and the folds mix neighbours
 *   shift            full   a classifier that tells test rows from training rows
 *   preprocessing    full   what fitting transforms outside of the folds would pretend
 *   stratification   cheap  class shares that differ, classes without rows, uneven parts
 *
 * What is natural is not reported: duplicates of coarse data, drift in a split by time, class
 * shares that chance explains. After Kaufman, Rosset & Perlich (2012), ACM TKDD 6:15, and Kapoor &
 * Narayanan (2023), Patterns 4:100804.
 */
#ifndef MLSD_AUDIT_H
#define MLSD_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/dataset.h"
#include "mlsd/export.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/split.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Audit folds of a data set. Table "findings", worst first: check, kind, severity ("error":
 * scores of this split are not to be believed; "warning": look at it; "info"), split (-1: several
 * or all), count (rows, or columns where a finding is about columns), columns, rows (examples, as
 * text), effect, message (one line with the remedy). effect is the mean score of the estimator (the
 * child "estimator" of the options) over the splits with the flagged test rows left out minus that
 * with them; NaN without an estimator and where rows are not what is flagged. Table "examples":
 * finding (row of that table), split, row, other (the training row it meets, or -1). Table
 * "checks": check, status ("done", "skipped"), reason, measure (what value is), value. Numbers
 * "n_errors", "n_warnings", "n_infos", "n_splits_looked_at"; seconds of each check in "timings".
 * The verdict says it in a sentence. The target, groups and times are those of the data set; a
 * check that lacks what it needs is skipped, and says so. Errors: MLSD_E_KIND; MLSD_E_SHAPE (folds
 * of another number of rows); MLSD_E_PARAM_RANGE (a check that there is not), MLSD_E_CANCELLED,
 * and those of fitting the estimator. Since 0.1. */
MLSD_API mlsd_status mlsd_folds_audit(const mlsd_context *context, const mlsd_spec *options,
                                      const mlsd_dataset *dataset, const mlsd_folds *folds,
                                      mlsd_result **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_AUDIT_H */
