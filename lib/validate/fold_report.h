/* fold_report.h - the tables and numbers that say what came of fitting every estimator on every
 * split. */
#ifndef MLSD_VALIDATE_FOLD_REPORT_H
#define MLSD_VALIDATE_FOLD_REPORT_H

#include "validate/corrected.h"
#include "validate/fold_tasks.h"
#include "validate/result_impl.h"

typedef struct mlsd__fold_report {
    const mlsd__fold_input *in;
    const mlsd__fold_output *out;
    const char *const *names; /* of the estimators; NULL: there is one, and no column tells which */
    const char *noun;         /* the name of that column: "model", "candidate" */
    double level;
    mlsd__t_memo *memo; /* or NULL; {0} to begin with */
    mlsd__scope *scope; /* or NULL: nothing is pooled */
} mlsd__fold_report;

/* Table "folds": <noun>, fold, each metric, train_<metric> where training rows were scored,
 * n_train, n_test, status, message; and "timings.folds".
 */
mlsd_status mlsd__report_folds(mlsd_result *r, const mlsd__fold_report *report);
/* Table "predictions": <noun>, row, fold, value or p_<class>; where predictions were kept. */
mlsd_status mlsd__report_predictions(mlsd_result *r, const mlsd__fold_report *report);
/* Table "models": <noun>, for each metric m: m.mean, m.se, m.low, m.high, m.pooled; n_splits (that
 * did not fail), n_failed, message (of the first that failed), plan. m.pooled is the score of all
 * rows that were predicted, taken together; NaN where predictions were not kept. */
mlsd_status mlsd__report_models(mlsd_result *r, const mlsd__fold_report *report);
/* Text "plan": what work was shared, see mlsd__fold_say_plans. */
mlsd_status mlsd__report_plan(mlsd_result *r, const mlsd__fold_output *out);
/* The numbers m.mean, m.low, m.high, m.se of one estimator. */
mlsd_status mlsd__report_numbers(mlsd_result *r, const mlsd__fold_report *report, int64_t e);

/* A metric's mean over the splits and its corrected interval. */
void mlsd__report_estimate(const mlsd__fold_report *report, int64_t e, int64_t metric,
                           mlsd__estimate *out);

/* The cheap checks of the folds behind "audit.", and a line in the log for each that found
 * something to worry about; nothing where the context does not want them. */
mlsd_status mlsd__report_audit(mlsd_result *r, mlsd__scope *scope, const mlsd_context *context,
                               const mlsd__fold_input *in);
/* The verdict of one estimator: its first metric, what failed, and what the audit found. */
mlsd_status mlsd__report_say(mlsd_result *r, const mlsd__fold_report *report);

/* A metric of all predictions of one estimator together (fold_pooled.c); NaN as above. */
mlsd_status mlsd__report_pooled(const mlsd__fold_report *report, int64_t e, int64_t metric,
                                double *out);

/* MLSD_E_DATA with the first message where no estimator has a split that did not fail. */
mlsd_status mlsd__report_require_one(const mlsd__fold_output *out);

#endif
