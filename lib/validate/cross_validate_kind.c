/* cross_validate_kind.c - models from simple to strong on the same folds, as a spec: kind
 * "cross_validate" of family "validation". */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/select/selection.h"
#include "validate/audit_impl.h"
#include "validate/fold_choices.h"
#include "validate/fold_curves.h"
#include "validate/fold_report.h"
#include "validate/validation.h"
#include "validate/words.h"

typedef struct params {
    mlsd__str_list metrics;
    int64_t return_train_score, return_predictions, return_curves, seed;
} params;

static const double LEVEL = 0.95;

/* The model of the best mean of the first metric; -1 where none has one. */
static int64_t find_best(const mlsd__fold_report *report, bool greater_is_better)
{
    int64_t best = -1;
    double score = NAN;
    for (int64_t e = 0; e < report->in->n_estimators; e++) {
        mlsd__estimate s;
        mlsd__report_estimate(report, e, 0, &s);
        if (isnan(s.value)) continue;
        if (best >= 0 && !(greater_is_better ? s.value > score : s.value < score)) continue;
        best = e;
        score = s.value;
    }
    return best;
}

/* How many fits failed, and of whom and why the first did. */
static void say_failures(const mlsd__fold_report *report, int64_t n_failed, mlsd__text *t)
{
    int64_t e = 0;
    while (mlsd__fold_n_done(report->out, e) == report->out->n_splits) e++;
    const char *const message = mlsd__fold_first_message(report->out, e);
    mlsd__text_format(t, "; %lld of %lld fits failed, the first ('%s') with: %s",
                      (long long)n_failed,
                      (long long)(report->in->n_estimators * report->out->n_splits),
                      report->names[e], message != NULL ? message : "no message");
}

static mlsd_status say_many(mlsd_result *r, const mlsd__fold_report *report)
{
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find(report->in->metrics[0], &metric));
    const int64_t best = find_best(report, metric->greater_is_better);
    int64_t n_failed = 0;
    for (int64_t e = 0; e < report->in->n_estimators; e++)
        n_failed += report->out->n_splits - mlsd__fold_n_done(report->out, e);
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    if (best >= 0) {
        mlsd__estimate s;
        mlsd__report_estimate(report, best, 0, &s);
        mlsd__text_format(&t, "'%s' has the best mean of %lld models: %s ", report->names[best],
                          (long long)report->in->n_estimators, report->in->metrics[0]);
        mlsd__words_estimate(&t, &s, report->level);
    } else {
        mlsd__text_format(&t, "no model has a %s that is defined", report->in->metrics[0]);
    }
    if (n_failed > 0) say_failures(report, n_failed, &t);
    mlsd__audit_say(&t, "; the audit of the folds: ", r, MLSD__AUDIT_PREFIX);
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status make_result(mlsd__scope *scope, const mlsd__validation_input *in,
                               const mlsd__fold_report *report, mlsd_result **out)
{
    const params *const p = mlsd__spec_params(in->spec);
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(&report->out->allocator, "cross_validate", &r));
    mlsd_status status = mlsd__report_folds(r, report);
    if (status == MLSD_OK) status = mlsd__report_models(r, report);
    if (status == MLSD_OK && report->in->n_estimators == 1)
        status = mlsd__report_numbers(r, report, 0);
    if (status == MLSD_OK && report->in->n_estimators == 1)
        status = mlsd__report_choices(r, report->out, 0);
    if (status == MLSD_OK && p->return_predictions) status = mlsd__report_predictions(r, report);
    if (status == MLSD_OK && p->return_curves)
        status = mlsd__report_curves(r, scope, in->context, report);
    if (status == MLSD_OK) status = mlsd__report_plan(r, report->out);
    if (status == MLSD_OK) status = mlsd__report_audit(r, scope, in->context, report->in);
    if (status == MLSD_OK)
        status = report->in->n_estimators == 1 ? mlsd__report_say(r, report) : say_many(r, report);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

static mlsd_status cross_validate(mlsd__scope *scope, const mlsd__validation_input *in,
                                  const mlsd__models *models, mlsd_result **out)
{
    const params *const p = mlsd__spec_params(in->spec);
    mlsd__metrics metrics;
    MLSD__TRY(mlsd__validation_metrics(&p->metrics, in->dataset, &metrics));
    mlsd__fold_input fits = {.estimators = models->specs,
                             .n_estimators = models->n,
                             .dataset = in->dataset,
                             .folds = in->folds,
                             .metrics = metrics.names,
                             .n_metrics = metrics.n,
                             .keep_predictions = p->return_predictions != 0,
                             .keep_curves = p->return_curves != 0,
                             .train_scores = p->return_train_score != 0};
    MLSD__TRY(mlsd__fold_check(&fits));
    fits.keep_choices = models->n == 1 && mlsd__spec_selects(models->specs[0]);
    mlsd__fold_output runs;
    mlsd_status status = mlsd__fold_run_all(scope, &fits, &runs);
    if (status == MLSD_OK) status = mlsd__report_require_one(&runs);
    mlsd__t_memo memo = {0};
    const mlsd__fold_report report = {.in = &fits,
                                      .out = &runs,
                                      .names = models->names,
                                      .noun = "model",
                                      .level = LEVEL,
                                      .memo = &memo,
                                      .scope = scope};
    if (status == MLSD_OK) status = make_result(scope, in, &report, out);
    mlsd__fold_output_free(&runs);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    mlsd__models models;
    MLSD__TRY(mlsd__validation_models(scope->allocator, in->spec, "estimators", &models));
    const mlsd_status status = cross_validate(scope, in, &models, out);
    mlsd__models_free(scope->allocator, &models);
    return status;
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const params *const p = mlsd__spec_params(in->spec);
    mlsd__metrics metrics;
    if (mlsd__spec_slot_child(in->spec, "estimators") == NULL)
        return mlsd__fail(MLSD_E_CHILD, "cross_validate has no model in its slot 'estimators'");
    return mlsd__validation_metrics(&p->metrics, in->dataset, &metrics);
}

static const mlsd__validation_ops ops = {.check = check, .run = run};

static const mlsd_param cross_validate_params[] = {
    MLSD__P_STR_LIST(params, metrics, "null",
                     "metrics by name, the first one decides; null: rmse for regression, log_loss "
                     "for classes"),
    MLSD__P_BOOL(params, return_train_score, "false",
                 "score each model on its training rows as well, as train_<metric>"),
    MLSD__P_BOOL(params, return_predictions, "true",
                 "keep each model's predictions of the rows that it was not trained on"),
    MLSD__P_BOOL(params, return_curves, "false",
                 "keep the loss of each epoch, on training rows and on the fold's test rows, of "
                 "models that are trained by epochs"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the folds where none are given and no splitter either"),
};

static const mlsd__slot slots[] = {
    {"estimators", "estimator,search", 1, "models from simple to strong"},
    {"splitter", "splitter", 0,
     "the folds; without one, five that keep the classes, keep groups together and respect times"},
};

const mlsd_kind mlsd__kind_cross_validate = {
    .name = "cross_validate",
    .family = "validation",
    .doc = "Models on the same folds, scored on rows that they did not see",
    .params = cross_validate_params,
    .n_params = MLSD__COUNT(cross_validate_params),
    .params_size = sizeof(params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
