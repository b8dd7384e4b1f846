/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/suite.h - what must never fail, written down: test sets with a role, kept in a file.
 *
 * A suite is a JSON file beside CSV files of cases, all under version control; docs/suites.md
 * describes it key by key. Each of its sets has a role, and the role says when it passes:
 *
 *   regression     each case passes or fails by itself (label, tolerance, bounds). Passed when all
 *                  pass, or when the share that passes is shown to be at least `rate`
 *   uniformity     a metric is the same in all groups, within `margin`
 *   goal, stretch  a metric is reported, with its trend. Failed when it is worse than last time, or
 *                  than the baseline, by more than chance
 *   edge           cases are changed, and the prediction must stay, rise, fall or keep bounds
 *
 *   mlsd_suite_load(NULL, "loans.suite.json", &suite);
 *   mlsd_suite_run(NULL, suite, model, &result);
 *   mlsd_result_get_str(result, "status", &status); // "passed", "failed" or "cannot tell"
 *   puts(mlsd_result_verdict(result));
 */
#ifndef MLSD_SUITE_H
#define MLSD_SUITE_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/model.h"
#include "mlsd/result.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_suite mlsd_suite;

/* Read a suite, its cases (paths are relative to it), and what was kept of the last time: the files
 * "<path without .json>.last.csv" and "....history.csv", where they are there. Every key is
 * checked. Errors, with file and line where there is one: MLSD_E_IO (no such file), MLSD_E_PARSE
 * (not JSON or CSV), MLSD_E_PARAM_UNKNOWN (a key, with the nearest name), MLSD_E_PARAM_TYPE,
 * MLSD_E_PARAM_RANGE, MLSD_E_PARAM_CONFLICT (a key that the role has no use for, or one that is
 * missing), MLSD_E_KIND (a metric), MLSD_E_COLUMN, MLSD_E_TYPE, MLSD_E_DATA (a set without cases).
 * Since 0.1. */
MLSD_API mlsd_status mlsd_suite_load(const mlsd_context *context, const char *path,
                                     mlsd_suite **out);

/* The same of a JSON text that would stand in the file `path`: cases are read beside that, and
 * messages name it. Since 0.1. */
MLSD_API mlsd_status mlsd_suite_parse(const mlsd_context *context, const char *text, size_t size,
                                      const char *path, mlsd_suite **out);

/* End a suite; NULL is fine. Since 0.1. */
MLSD_API void mlsd_suite_free(mlsd_suite *suite);

/* Its sets in order: how many, and of each the name, the role and the line it begins at; NULL and 0
 * when i is out of range. Since 0.1. */
MLSD_API int64_t mlsd_suite_count(const mlsd_suite *suite);
MLSD_API const char *mlsd_suite_set_name(const mlsd_suite *suite, int64_t i);
MLSD_API const char *mlsd_suite_set_role(const mlsd_suite *suite, int64_t i);
MLSD_API int64_t mlsd_suite_set_line(const mlsd_suite *suite, int64_t i);

/* The cases of set i: how many, and the file (as the suite names it) and line of each; NULL and 0
 * where there is none. Since 0.1. */
MLSD_API int64_t mlsd_suite_case_count(const mlsd_suite *suite, int64_t i);
MLSD_API const char *mlsd_suite_case_file(const mlsd_suite *suite, int64_t i);
MLSD_API int64_t mlsd_suite_case_line(const mlsd_suite *suite, int64_t i, int64_t number);

/* Run all sets on a model, which must know the cases' columns by name.
 *
 * Texts: "status" ("failed" where a set has failed, otherwise "cannot tell" where one cannot be
 * judged or evaluated, otherwise "passed") and "suite". Numbers: "n_sets", "n_passed", "n_failed",
 * "n_cannot_tell", "n_error". Table "tests", a row a set: set, role, status ("passed", "failed",
 * "cannot tell", "error": it could not be evaluated), n (cases), n_failed, value (share of cases
 * that pass, or the metric), low and high (its interval at the set's level; of shares of passed
 * cases `low` is the one-sided bound and `high` NaN), wanted (rate, margin or goal; NaN without),
 * p_value (of "not worse than last time and than the baseline": of both together), last (the value
 * of last time), detail (a sentence), line.
 * "failures", a row a case that failed: set, file, line, change, expected, got. "groups", a row a
 * group of a uniformity set: set, column, level, n, value, low, high, difference (to the rows
 * outside) with difference_low and difference_high, status. "trend", a row a run of a goal or
 * stretch set: set, run, name, n, value, low, high. "outcomes", what mlsd_suite_keep writes: set,
 * run, what (of a case is kept: the metric where it is a mean over cases, else "prediction",
 * "predicts <class>" or "p(<class>)"), case (its name), outcome.
 *
 * A set that cannot be evaluated (a column the model needs is missing, a label is empty) has status
 * "error" and says why in `detail`; the others are run. Errors: MLSD_E_NOMEM, MLSD_E_CANCELLED
 * (*out is NULL then: some of the sets are no suite that passed). Since 0.1. */
MLSD_API mlsd_status mlsd_suite_run(const mlsd_context *context, const mlsd_suite *suite,
                                    const mlsd_model *model, mlsd_result **out);

/* Run it on predictions that any model made: a table with a column "prediction" (numbers or labels)
 * or columns "p_<class>" of probabilities, or both, as `mlsd predict` writes them. Its rows are
 * those of the case file; where the suite has several, a column "cases" says which file (as the
 * suite names it) a row belongs to, and those of a file are in its order. Numbers without columns
 * of probabilities are labels where MLSD_TASK_AUTO would call them classes. Sets of role edge that
 * change cases cannot be evaluated. Errors: MLSD_E_COLUMN, MLSD_E_SHAPE, MLSD_E_DATA, and those
 * above. Since 0.1. */
MLSD_API mlsd_status mlsd_suite_run_predictions(const mlsd_context *context,
                                                const mlsd_suite *suite,
                                                const mlsd_table *predictions, mlsd_result **out);

/* Predict the rows of `cases` into out, row-major: of each row n_classes probabilities, or one
 * number: the value (n_classes 0) or the class number (has_proba 0). Returns 0, or a status that
 * becomes that of the sets that needed it (with the message of mlsd_error_set); MLSD_E_CANCELLED
 * ends the run. Called on the thread that entered mlsd. */
typedef int32_t (*mlsd_suite_predict_fn)(void *user, const mlsd_table *cases, double *out);

/* Run it on anything that predicts. `classes` are the n_classes names of its classes, in its order;
 * n_classes 0 for numbers. Errors: MLSD_E_ARG, and those above. Since 0.1. */
MLSD_API mlsd_status mlsd_suite_run_function(const mlsd_context *context, const mlsd_suite *suite,
                                             mlsd_suite_predict_fn predict, void *user,
                                             const char *const *classes, int64_t n_classes,
                                             int32_t has_proba, mlsd_result **out);

/* Keep what a run of this suite found as "last time": each goal and stretch set's outcome of each
 * case goes to "....last.csv", and a row to "....history.csv", called `name` (NULL: ""). The first
 * run that is kept is the baseline, whose outcomes stay in the former beside those of the last run
 * (as long as the metric, the classes and some of the cases are the same). A set that could not be
 * evaluated keeps what it had. Each file is written beside its place, flushed and renamed.
 * Errors: MLSD_E_ARG (a result of another kind), MLSD_E_IO. Since 0.1. */
MLSD_API mlsd_status mlsd_suite_keep(const mlsd_context *context, const mlsd_suite *suite,
                                     const mlsd_result *result, const char *name);

/* The same, and from now on this run is the baseline of the goal and stretch sets that it could
 * evaluate, whatever it found: a decision of people, such as to accept a model that is worse in
 * something. Since 0.1. */
MLSD_API mlsd_status mlsd_suite_keep_baseline(const mlsd_context *context, const mlsd_suite *suite,
                                              const mlsd_result *result, const char *name);

/* A run as JUnit XML, which CI systems read: a test case each set; what cannot be told or evaluated
 * is an error there. Errors: MLSD_E_ARG (a result of another kind), MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_suite_junit(const mlsd_result *result, char *buf, int64_t capacity,
                                      int64_t *out_length);

/* The same into a file, which is there whole or not at all. Errors: MLSD_E_ARG, MLSD_E_IO.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_suite_junit_save(const mlsd_result *result, const char *path);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_SUITE_H */
