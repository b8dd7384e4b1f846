/* approximate_loo.c - kind "approximate_loo" of family "validation": what leaving out each row
 * would give, from one fit of a linear model. Exact for least squares and ridge, for which there is
 * the generalised cross-validation as well; otherwise a Newton step, which can be checked against
 * fits without the rows that count most. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "model/class_weight.h"
#include "model/linear/leave_rows.h"
#include "numeric/mathfun.h"
#include "validate/scoring.h"
#include "validate/validation.h"
#include "validate/words.h"

typedef struct params {
    mlsd__str_list metrics;
    int64_t n_checks;
} params;

static const double LEVEL = 0.95;

/* A fit, and what its rows' scores are with and without themselves. */
typedef struct job {
    const mlsd__validation_input *in;
    const mlsd_spec *estimator;
    mlsd__metrics metrics;
    mlsd_model *model;
    int64_t n;
    double *y, *weight;    /* of the data set */
    double *class_product; /* weights times class weights; NULL where they are `weight` */
    mlsd__link link;
    double *score, *without, *leverage; /* n each */
    mlsd__scoring left_out, in_sample;
    double gcv;   /* of least squares; NaN: of others */
    double worst; /* difference of a prediction to that of a fit without its row; NaN: none */
    int64_t n_checked;
} job;

static bool is_exact(const mlsd_spec *estimator)
{
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(estimator));
    return strcmp(kind, "ridge") == 0 || strcmp(kind, "linear_regression") == 0;
}

/* Generalised cross-validation (Golub, Heath & Wahba 1979, Technometrics 21:215, equation 1.4):
 * every row's leverage is put to the mean one, tr(H) / n, so (RSS / n) / (1 - tr(H) / n)^2. With
 * weights RSS / n is the weighted mean, and n the rows that have a weight. Of rows that all have
 * scores without themselves, so tr(H) < n. */
static double gcv(const job *j)
{
    double rss = 0, total = 0, trace = 0, n = 0;
    for (int64_t i = 0; i < j->n; i++) {
        const double w = j->weight != NULL ? j->weight[i] : 1, e = j->y[i] - j->score[i];
        rss += w * e * e;
        total += w;
        trace += j->leverage[i];
        n += w > 0;
    }
    const double left = 1 - trace / n;
    return rss / total / (left * left);
}

static mlsd_status check_estimator(const mlsd_spec *estimator)
{
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(estimator);
    if (ops->leave_out != NULL) return MLSD_OK;
    return mlsd__fail(MLSD_E_UNSUPPORTED,
                      "approximate_loo needs a linear model (ridge, linear_regression, lasso, "
                      "elastic_net, logistic_regression, poisson_regressor, gamma_regressor, "
                      "tweedie_regressor), got %s; cross_validate takes any",
                      mlsd_kind_name(mlsd_spec_kind(estimator)));
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const params *const p = mlsd__spec_params(in->spec);
    const mlsd_spec *const estimator = mlsd__spec_slot_child(in->spec, "estimator");
    mlsd__metrics metrics;
    if (estimator == NULL)
        return mlsd__fail(MLSD_E_CHILD, "approximate_loo has no model in its slot 'estimator'");
    if (in->folds != NULL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "approximate_loo leaves out one row at a time and takes no folds; "
                          "cross_validate takes them");
    MLSD__TRY(check_estimator(estimator));
    return mlsd__validation_metrics(&p->metrics, in->dataset, &metrics);
}

/* Predictions from scores, as the model makes them. */
static mlsd_status make_scoring(const job *j, const mlsd__allocator *a, const double *score,
                                mlsd__scoring *out)
{
    const bool is_class = j->link == MLSD__LINK_LOGISTIC;
    *out = (mlsd__scoring){
        .n = j->n, .n_classes = is_class ? 2 : 0, .owns_predictions = true, .allocator = *a};
    out->values = mlsd__alloc(a, j->n, sizeof *out->values);
    if (is_class) out->proba = mlsd__alloc(a, j->n, 2 * sizeof *out->proba);
    if (out->values == NULL || (is_class && out->proba == NULL)) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < j->n; i++) {
        out->values[i] = j->link == MLSD__LINK_LOG ? mlsd__exp(score[i]) : score[i];
        if (!is_class) continue;
        out->proba[2 * i + 1] = mlsd__sigmoid(score[i]);
        out->proba[2 * i] = mlsd__sigmoid(-score[i]);
        out->values[i] = score[i] > 0 ? 1 : 0;
    }
    return MLSD_OK;
}

static mlsd_status leave_out(job *j, mlsd__scope *scope)
{
    const mlsd_dataset *const data = j->in->dataset;
    const mlsd__estimator_ops *const ops = j->model->ops;
    mlsd__frame frame;
    mlsd__dataset_frame(data, &frame);
    const mlsd__train all = {.x = &frame,
                             .y = j->y,
                             .weight = j->weight,
                             .task = mlsd_dataset_task(data),
                             .n_classes = mlsd_dataset_n_classes(data)};
    mlsd__train train = all;
    if (ops->class_weight != NULL)
        MLSD__TRY(mlsd__class_weight_apply(scope, ops->class_weight(j->estimator), &all, &train,
                                           &j->class_product));
    mlsd__leave_out model;
    MLSD__TRY(ops->leave_out(j->estimator, &train, j->model->state, &model));
    j->link = model.link;
    return mlsd__leave_out_rows(scope, &train, &model, j->score, j->without, j->leverage);
}

static mlsd_status prepare(job *j, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd_dataset *const data = j->in->dataset;
    j->n = mlsd_dataset_n_rows(data);
    j->worst = NAN;
    j->score = mlsd__alloc(a, j->n, 3 * sizeof *j->score);
    if (j->score == NULL) return MLSD_E_NOMEM;
    j->without = j->score + j->n;
    j->leverage = j->without + j->n;
    MLSD__TRY(mlsd__dataset_gather_target(data, &j->y));
    MLSD__TRY(mlsd__dataset_gather_weight(data, &j->weight));
    MLSD__TRY(mlsd__model_fit(scope, j->estimator, data, NULL, NULL, &j->model));
    MLSD__TRY(leave_out(j, scope));
    for (int64_t i = 0; i < j->n; i++)
        if (isnan(j->without[i]))
            return mlsd__fail(MLSD_E_NUMERIC,
                              "row %lld alone decides a coefficient, so nothing is known of it "
                              "without it; a penalty helps (ridge), or leaving out the column",
                              (long long)i);
    j->gcv = is_exact(j->estimator) ? gcv(j) : NAN;
    MLSD__TRY(make_scoring(j, a, j->without, &j->left_out));
    return make_scoring(j, a, j->score, &j->in_sample);
}

/* The row of the largest leverage that is not in rows[0 .. n). */
static int64_t next_row(const job *j, const int64_t *rows, int64_t n)
{
    int64_t best = -1;
    for (int64_t i = 0; i < j->n; i++) {
        bool is_taken = false;
        for (int64_t k = 0; k < n && !is_taken; k++) is_taken = rows[k] == i;
        if (!is_taken && (best < 0 || j->leverage[i] > j->leverage[best])) best = i;
    }
    return best;
}

static mlsd_status check_row(const job *j, mlsd__scope *scope, int64_t row, int64_t *rest,
                             double *out_difference)
{
    const mlsd_dataset *const data = j->in->dataset;
    const bool is_class = j->link == MLSD__LINK_LOGISTIC;
    mlsd_dataset *train = NULL, *test = NULL;
    mlsd_model *model = NULL;
    double out[2] = {0, 0};
    int64_t n = 0;
    for (int64_t i = 0; i < j->n; i++)
        if (i != row) rest[n++] = i;
    mlsd_status status = mlsd_dataset_rows(data, rest, n, &train);
    if (status == MLSD_OK) status = mlsd_dataset_rows(data, &row, 1, &test);
    if (status == MLSD_OK) status = mlsd__model_fit(scope, j->estimator, train, NULL, NULL, &model);
    if (status == MLSD_OK)
        status = mlsd__model_predict(scope, model, test,
                                     is_class ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE, out,
                                     is_class ? 2 : 1);
    if (status == MLSD_OK)
        *out_difference = is_class ? fabs(out[1] - j->left_out.proba[2 * row + 1])
                                   : fabs(out[0] - j->left_out.values[row]);
    mlsd_model_free(model);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    return status;
}

/* Fits without the rows of the largest leverage, where the step is longest. */
static mlsd_status check_rows(job *j, mlsd__scope *scope)
{
    const params *const p = mlsd__spec_params(j->in->spec);
    const int64_t n = p->n_checks < j->n - 1 ? p->n_checks : j->n - 1;
    if (n <= 0) return MLSD_OK;
    int64_t *const rows = mlsd__alloc(scope->allocator, n + j->n, sizeof *rows);
    mlsd_status status = rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < n; k++) {
        double difference = 0;
        rows[k] = next_row(j, rows, k);
        status = check_row(j, scope, rows[k], rows + n, &difference);
        j->worst = fmax(isnan(j->worst) ? 0 : j->worst, difference);
        j->n_checked = k + 1;
    }
    mlsd__free(scope->allocator, rows);
    return status;
}

static mlsd_status score_with(const job *j, mlsd__scope *scope, const mlsd__scoring *scoring,
                              const char *metric, mlsd__estimate *out)
{
    mlsd__scoring s = *scoring;
    s.y = j->y;
    s.weight = j->weight;
    return mlsd__scoring_score(scope, &s, metric, LEVEL, out);
}

static mlsd_status put_scores(mlsd_result *r, const job *j, mlsd__scope *scope)
{
    for (int64_t m = 0; m < j->metrics.n; m++) {
        const char *const metric = j->metrics.names[m];
        mlsd__estimate e, inside;
        MLSD__TRY(score_with(j, scope, &j->left_out, metric, &e));
        MLSD__TRY(score_with(j, scope, &j->in_sample, metric, &inside));
        MLSD__TRY(mlsd__result_set_metric(r, metric, "mean", e.value));
        MLSD__TRY(mlsd__result_set_metric(r, metric, "low", e.low));
        MLSD__TRY(mlsd__result_set_metric(r, metric, "high", e.high));
        MLSD__TRY(mlsd__result_set_metric(r, metric, "se", e.se));
        MLSD__TRY(mlsd__result_set_metric(r, metric, "in_sample", inside.value));
    }
    double sum = 0, top = 0;
    for (int64_t i = 0; i < j->n; i++) {
        sum += j->leverage[i];
        top = fmax(top, j->leverage[i]);
    }
    MLSD__TRY(mlsd__result_set_f64(r, "effective_parameters", sum, false));
    MLSD__TRY(mlsd__result_set_f64(r, "largest_leverage", top, false));
    if (!isnan(j->gcv)) MLSD__TRY(mlsd__result_set_f64(r, "gcv", j->gcv, false));
    if (j->n_checked > 0) MLSD__TRY(mlsd__result_set_f64(r, "largest_difference", j->worst, false));
    return mlsd__result_set_str(r, "plan",
                                is_exact(j->estimator)
                                    ? "one fit; leaving out a row of least squares is exact"
                                    : "one fit, and a Newton step for each row left out",
                                false);
}

static mlsd_status put_proba(mlsd_table *t, const job *j, int64_t c, double *room)
{
    mlsd__text name;
    mlsd__text_init(&name, &j->left_out.allocator);
    mlsd__text_append(&name, "p_");
    mlsd__text_append(&name, mlsd_dataset_class_name(j->in->dataset, c));
    for (int64_t i = 0; i < j->n; i++) room[i] = j->left_out.proba[2 * i + c];
    mlsd_status status = name.status;
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, name.data, room, j->n);
    mlsd__text_free(&name);
    return status;
}

static mlsd_status fill_table(mlsd_table *t, const job *j, const mlsd__allocator *a)
{
    int64_t *const row = mlsd__alloc(a, j->n, sizeof *row);
    double *const room = mlsd__alloc(a, j->n, sizeof *room);
    mlsd_status status = row == NULL || room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < j->n; i++) row[i] = i;
    if (status == MLSD_OK) status = mlsd_table_set_i64(t, "row", row, j->n);
    if (status == MLSD_OK && j->left_out.proba == NULL)
        status = mlsd_table_set_f64(t, "value", j->left_out.values, j->n);
    for (int64_t c = 0; status == MLSD_OK && j->left_out.proba != NULL && c < 2; c++)
        status = put_proba(t, j, c, room);
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, "leverage", j->leverage, j->n);
    mlsd__free(a, row);
    mlsd__free(a, room);
    return status;
}

static mlsd_status put_table(mlsd_result *r, const job *j, const mlsd__allocator *a)
{
    mlsd_table *t = NULL;
    MLSD__TRY(mlsd__table_new(a, &t));
    const mlsd_status status = fill_table(t, j, a);
    if (status == MLSD_OK) return mlsd__result_set_table(r, "predictions", t, false);
    mlsd_table_free(t);
    return status;
}

static mlsd_status say(mlsd_result *r, const job *j, mlsd__scope *scope)
{
    const char *const metric = j->metrics.names[0];
    mlsd__estimate e, inside;
    MLSD__TRY(score_with(j, scope, &j->left_out, metric, &e));
    MLSD__TRY(score_with(j, scope, &j->in_sample, metric, &inside));
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    mlsd__text_format(&t, "%s of %lld rows, each left out in turn: ", metric, (long long)j->n);
    mlsd__words_estimate(&t, &e, LEVEL);
    mlsd__text_append(&t, "; on the rows it was fitted to: ");
    mlsd__words_number(&t, inside.value);
    if (!isnan(j->gcv)) {
        mlsd__text_append(&t, "; generalised cross-validation: mean squared error ");
        mlsd__words_number(&t, j->gcv);
    }
    if (j->n_checked > 0) {
        mlsd__text_format(&t,
                          "; of the %lld rows that count most, refitted without them, no "
                          "prediction differs by more than ",
                          (long long)j->n_checked);
        mlsd__words_number(&t, j->worst);
    }
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status make_result(const job *j, mlsd__scope *scope, mlsd_result **out)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(scope->allocator, "approximate_loo", &r));
    mlsd_status status = put_scores(r, j, scope);
    if (status == MLSD_OK) status = put_table(r, j, scope->allocator);
    if (status == MLSD_OK) status = say(r, j, scope);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    const params *const p = mlsd__spec_params(in->spec);
    const mlsd__allocator *const a = scope->allocator;
    job j = {.in = in, .estimator = mlsd__spec_slot_child(in->spec, "estimator")};
    MLSD__TRY(mlsd__validation_metrics(&p->metrics, in->dataset, &j.metrics));
    mlsd_status status = prepare(&j, scope);
    if (status == MLSD_OK) status = check_rows(&j, scope);
    if (status == MLSD_OK) status = make_result(&j, scope, out);
    mlsd__scoring_free(&j.left_out);
    mlsd__scoring_free(&j.in_sample);
    mlsd_model_free(j.model);
    mlsd__free(a, j.class_product);
    mlsd__free(a, j.score);
    mlsd__free(&in->dataset->store->allocator, j.y);
    mlsd__free(&in->dataset->store->allocator, j.weight);
    return status;
}

static const mlsd__validation_ops ops = {.draws_folds = true, .check = check, .run = run};

static const mlsd_param approximate_loo_params[] = {
    MLSD__P_STR_LIST(params, metrics, "null",
                     "metrics by name, the first one decides; null: rmse for regression, log_loss "
                     "for classes"),
    MLSD__P_I64(params, n_checks, 0, INFINITY, "0", NULL,
                "rows of the largest leverage that the model is fitted without, to tell how near "
                "their predictions are"),
};

static const mlsd__slot slots[] = {
    {"estimator", "estimator", 0, "a linear model"},
};

const mlsd_kind mlsd__kind_approximate_loo = {
    .name = "approximate_loo",
    .family = "validation",
    .doc = "What leaving out each row would give, from one fit of a linear model",
    .params = approximate_loo_params,
    .n_params = MLSD__COUNT(approximate_loo_params),
    .params_size = sizeof(params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
