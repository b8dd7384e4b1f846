/* cv_interval.c - an interval for a model's score by one of several methods, and in words what it
 * is an interval for: kind "cv_interval" of family "validation". Methods differ in what they cover
 * and in what they cost; docs/intervals.md has their coverage in simulations. */
#include "validate/cv_interval.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "split/folds_walk.h"
#include "validate/result_rows.h"
#include "validate/words.h"

enum { CORRECTED_T, WALD, WALD_WITHIN, NESTED, BBC, BOOTSTRAP, BOOTSTRAP_PLUS };

/* What folds a method can use. */
typedef enum folds_need {
    ANY_FOLDS,
    TESTED_ONCE,   /* each row at most once */
    DEALT_FOLDS,   /* k-fold, also repeated: all other rows are trained on */
    BOOTSTRAP_SETS /* trained on as many rows as there are, drawn with repeats */
} folds_need;

static const struct method {
    const char *name, *words, *covers, *covers_words;
    mlsd_status (*run)(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                       mlsd__cv_interval *out);
    folds_need need;
    int64_t n_repeats; /* where none are asked for */
    bool by_row;       /* takes rows as independent, and the metric as their mean */
    bool of_many;      /* one interval for all models */
} methods[] = {
    [CORRECTED_T] = {"corrected_t", "corrected resampled t", "risk",
                     "the mean score of such models, over training sets of this size",
                     mlsd__cv_interval_corrected, ANY_FOLDS, 1, false, false},
    [WALD] = {"wald", "Wald", "test error",
              "the score on new rows of the models that were fitted in the folds, on average",
              mlsd__cv_interval_wald, TESTED_ONCE, 1, true, false},
    [WALD_WITHIN] = {"wald_within", "Wald with the variance within folds", "test error",
                     "the score on new rows of the models that were fitted in the folds, on "
                     "average",
                     mlsd__cv_interval_wald_within, TESTED_ONCE, 1, true, false},
    [NESTED] = {"nested", "nested cross-validation", "test error",
                "the score on new rows of the model that is fitted on all rows",
                mlsd__cv_interval_nested, DEALT_FOLDS, 50, true, false},
    [BBC] = {"bbc", "bootstrap bias corrected cross-validation", "risk of the best",
             "the score on new rows of taking the best of these models", mlsd__cv_interval_bbc,
             ANY_FOLDS, 1000, true, true},
    [BOOTSTRAP] = {"bootstrap_632", "the .632 bootstrap", "risk",
                   "the mean score of such models, over training sets of this size",
                   mlsd__cv_interval_632, BOOTSTRAP_SETS, 200, true, false},
    [BOOTSTRAP_PLUS] = {"bootstrap_632_plus", "the .632+ bootstrap", "risk",
                        "the mean score of such models, over training sets of this size",
                        mlsd__cv_interval_632_plus, BOOTSTRAP_SETS, 200, true, false},
};

void mlsd__cv_interval_number(mlsd__cv_interval *out, const char *name, double value)
{
    out->numbers[out->n_numbers].name = name;
    out->numbers[out->n_numbers++].value = value;
}

void mlsd__cv_interval_note(mlsd__cv_interval *out, const char *message)
{
    if (message == NULL || out->message[0] != '\0') return;
    const size_t n = strlen(message), room = sizeof out->message - 1;
    memcpy(out->message, message, n < room ? n : room);
}

mlsd_status mlsd__cv_interval_plan(mlsd__cv_interval *out, const mlsd__fold_output *runs)
{
    if (out->plan[0] != '\0') return MLSD_OK;
    mlsd__text t;
    mlsd__text_init(&t, &runs->allocator);
    mlsd__fold_say_plan(runs, 0, &t);
    const mlsd_status status = t.status;
    const size_t room = sizeof out->plan - 1, n = (size_t)t.length;
    if (status == MLSD_OK) memcpy(out->plan, t.data, n < room ? n : room);
    mlsd__text_free(&t);
    return status;
}

/* Repeats are those of the folds but for bbc, which draws on its own. */
static int64_t n_repeats(const mlsd__cv_interval_params *p)
{
    return p->n_repeats != MLSD__NULL_I64 ? p->n_repeats : methods[p->method].n_repeats;
}

static bool repeats_folds(const mlsd__cv_interval_params *p)
{
    return methods[p->method].need != BOOTSTRAP_SETS && p->method != BBC && n_repeats(p) > 1;
}

static mlsd_status check_rows(const mlsd__validation_input *in, const struct method *m)
{
    const mlsd__data_store *const s = in->dataset->store;
    const mlsd__cv_interval_params *const p = mlsd__spec_params(in->spec);
    const char *const role = s->group != NULL ? "groups" : s->time != NULL ? "times" : NULL;
    const bool has_folds = in->folds != NULL || mlsd__spec_slot_child(in->spec, "splitter") != NULL;
    if (role == NULL) return MLSD_OK;
    if (m->by_row) {
        return mlsd__fail(MLSD_E_DATA,
                          "method '%s' takes rows as independent, and the data set has %s; use "
                          "method=corrected_t, whose folds respect them",
                          m->name, role);
    }
    if (repeats_folds(p) && !has_folds) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'n_repeats' repeats folds of single rows, and the data set has %s; use "
                          "n_repeats=1, or give a splitter",
                          role);
    }
    return MLSD_OK;
}

static mlsd_status check_params(const mlsd__cv_interval_params *p)
{
    const struct method *const m = &methods[p->method];
    if (m->need == TESTED_ONCE && n_repeats(p) > 1) {
        return mlsd__fail(
            MLSD_E_PARAM_CONFLICT,
            "method '%s' tests each row once, so 'n_repeats' must be 1, got %lld; use "
            "method=corrected_t or nested",
            m->name, (long long)n_repeats(p));
    }
    if (p->method == NESTED && p->n_splits < 3) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "method 'nested' leaves two folds out, so 'n_splits' must be at least 3, "
                          "got %lld",
                          (long long)p->n_splits);
    }
    return MLSD_OK;
}

static mlsd_status find_metric(const mlsd__validation_input *in, const char **out_name,
                               const mlsd__metric_ops **out)
{
    const mlsd__cv_interval_params *const p = mlsd__spec_params(in->spec);
    const mlsd_task task = mlsd_dataset_task(in->dataset);
    if (task == MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_DATA, "the data set has no target to validate on");
    *out_name = p->metric != NULL ? p->metric : mlsd__metric_default(task);
    if (methods[p->method].by_row) return mlsd__row_loss_find(*out_name, task, out);
    MLSD__TRY(mlsd__metric_check(*out_name, task));
    return mlsd__metric_find(*out_name, out);
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const mlsd__cv_interval_params *const p = mlsd__spec_params(in->spec);
    const char *name = NULL;
    const mlsd__metric_ops *metric = NULL;
    if (mlsd__spec_slot_child(in->spec, "estimators") == NULL)
        return mlsd__fail(MLSD_E_CHILD, "cv_interval has no model in its slot 'estimators'");
    MLSD__TRY(find_metric(in, &name, &metric));
    MLSD__TRY(check_params(p));
    return check_rows(in, &methods[p->method]);
}

/* Where neither folds nor a splitter are given. */
static mlsd_status default_splitter(const mlsd__allocator *a, const mlsd__validation_input *in,
                                    mlsd_spec **out)
{
    const mlsd__cv_interval_params *const p = mlsd__spec_params(in->spec);
    const bool is_bootstrap = methods[p->method].need == BOOTSTRAP_SETS;
    if (!is_bootstrap && !repeats_folds(p))
        return mlsd__default_splitter(a, in->dataset, p->n_splits, p->seed, out);
    const char *const kind = is_bootstrap                        ? "bootstrap"
                             : in->dataset->store->n_classes > 0 ? "repeated_stratified_kfold"
                                                                 : "repeated_kfold";
    mlsd_spec *s = NULL;
    MLSD__TRY(mlsd__spec_new(a, kind, &s));
    mlsd_status status =
        mlsd_spec_set_i64(s, "n_splits", is_bootstrap ? n_repeats(p) : p->n_splits);
    if (status == MLSD_OK && !is_bootstrap)
        status = mlsd_spec_set_i64(s, "n_repeats", n_repeats(p));
    if (status == MLSD_OK) status = mlsd_spec_set_i64(s, "seed", p->seed);
    if (status == MLSD_OK) {
        *out = s;
    } else {
        mlsd_spec_free(s);
    }
    return status;
}

static mlsd_status draw_folds(mlsd__scope *scope, const mlsd__validation_input *in,
                              mlsd_folds **out)
{
    const mlsd_spec *const given = mlsd__spec_slot_child(in->spec, "splitter");
    if (given != NULL) return mlsd__folds_split_dataset(scope, given, in->dataset, out);
    mlsd_spec *splitter = NULL;
    MLSD__TRY(default_splitter(scope->allocator, in, &splitter));
    const mlsd_status status = mlsd__folds_split_dataset(scope, splitter, in->dataset, out);
    mlsd_spec_free(splitter);
    return status;
}

/* Does any row stand in two test parts? */
static mlsd_status check_tested_once(mlsd__scope *scope, const mlsd_folds *folds, const char *name)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = mlsd_folds_n_rows(folds), last = mlsd_folds_n_parts(folds) - 1;
    mlsd_status status = MLSD_E_NOMEM;
    uint8_t *const seen = mlsd__alloc(a, n, sizeof *seen);
    int64_t *const rows = mlsd__alloc_raw(a, n, sizeof *rows);
    if (seen == NULL || rows == NULL) goto out;
    status = MLSD_OK;
    for (int64_t k = 0; k < mlsd_folds_n_splits(folds) && status == MLSD_OK; k++) {
        const int64_t size = mlsd_folds_part_size(folds, k, last);
        if (size <= n) status = mlsd_folds_part(folds, k, last, rows, n);
        for (int64_t i = 0; i < size && status == MLSD_OK; i++) {
            if (size <= n && seen[rows[i]]++ == 0) continue;
            status = mlsd__fail(MLSD_E_DATA,
                                "method '%s' needs folds that test each row once, and split %lld "
                                "of %lld tests some again; use method=corrected_t",
                                name, (long long)k, (long long)mlsd_folds_n_splits(folds));
        }
    }
out:
    mlsd__free(a, rows);
    mlsd__free(a, seen);
    return status;
}

static mlsd_status check_folds(mlsd__scope *scope, const struct method *m, const mlsd_folds *folds)
{
    if (m->need == TESTED_ONCE) return check_tested_once(scope, folds, m->name);
    if (m->need == DEALT_FOLDS &&
        (!mlsd__folds_are_dealt(folds) || mlsd__folds_n_dealt(folds) < 3)) {
        return mlsd__fail(MLSD_E_DATA,
                          "method '%s' needs k-fold splits, at least 3 of them, which it nests: "
                          "use kfold or repeated_kfold, or give none",
                          m->name);
    }
    for (int64_t k = 0; m->need == BOOTSTRAP_SETS && k < mlsd_folds_n_splits(folds); k++) {
        const int64_t n = mlsd_folds_n_rows(folds), size = mlsd_folds_part_size(folds, k, 0);
        if (size == n) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "method '%s' needs samples of all %lld rows, drawn with repeats, and "
                          "split %lld trains on %lld; use the splitter bootstrap, or give none",
                          m->name, (long long)n, (long long)k, (long long)size);
    }
    return MLSD_OK;
}

typedef struct outcome {
    const mlsd__interval_job *job;
    const struct method *method;
    mlsd__cv_interval *intervals;
    const char **names; /* of the intervals' models */
    int64_t n;
} outcome;

/* Table "intervals": model, value, low, high, se, the method's own numbers, n_done, n_failed,
 * message. */
static mlsd_status put_intervals(mlsd_result *r, const outcome *o)
{
    mlsd__row_column columns[8 + MLSD__MOST_INTERVAL_NUMBERS] = {{"model", MLSD_COLUMN_CATEGORY},
                                                                 {"value", MLSD_COLUMN_F64},
                                                                 {"low", MLSD_COLUMN_F64},
                                                                 {"high", MLSD_COLUMN_F64},
                                                                 {"se", MLSD_COLUMN_F64}};
    int64_t n_columns = 5, n_numbers = 0, example = 0;
    for (int64_t e = 0; e < o->n; e++) {
        if (o->intervals[e].n_numbers <= n_numbers) continue;
        n_numbers = o->intervals[e].n_numbers;
        example = e;
    }
    for (int64_t i = 0; i < n_numbers; i++) {
        columns[n_columns++] =
            (mlsd__row_column){o->intervals[example].numbers[i].name, MLSD_COLUMN_F64};
    }
    columns[n_columns++] = (mlsd__row_column){"n_done", MLSD_COLUMN_I64};
    columns[n_columns++] = (mlsd__row_column){"n_failed", MLSD_COLUMN_I64};
    columns[n_columns++] = (mlsd__row_column){"message", MLSD_COLUMN_CATEGORY};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, n_columns);
    for (int64_t e = 0; e < o->n; e++) {
        const mlsd__cv_interval *const v = &o->intervals[e];
        mlsd__rows_str(&rows, o->names[e]);
        mlsd__rows_f64(&rows, v->estimate.value);
        mlsd__rows_f64(&rows, v->estimate.low);
        mlsd__rows_f64(&rows, v->estimate.high);
        mlsd__rows_f64(&rows, v->estimate.se);
        for (int64_t i = 0; i < n_numbers; i++) {
            mlsd__rows_f64(&rows, i < v->n_numbers ? v->numbers[i].value : NAN);
        }
        mlsd__rows_i64(&rows, v->n_done);
        mlsd__rows_i64(&rows, v->n_failed);
        mlsd__rows_str(&rows, v->message[0] != '\0' ? v->message : NULL);
    }
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "intervals", table, false);
}

/* The numbers of a single interval by themselves. */
static mlsd_status put_numbers(mlsd_result *r, mlsd__cv_interval *v)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"value", v->estimate.value},
                   {"low", v->estimate.low},
                   {"high", v->estimate.high},
                   {"se", v->estimate.se}};
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    for (int64_t i = 0; i < v->n_numbers; i++)
        MLSD__TRY(mlsd__result_set_f64(r, v->numbers[i].name, v->numbers[i].value, false));
    if (v->repeats == NULL) return MLSD_OK;
    mlsd_table *const repeats = v->repeats;
    v->repeats = NULL;
    return mlsd__result_set_table(r, "repeats", repeats, false);
}

static void say(mlsd__text *t, const outcome *o)
{
    const mlsd__models *const models = o->job->models;
    int64_t n_failed = 0, n_all = 0;
    for (int64_t e = 0; e < o->n; e++) {
        const mlsd__cv_interval *const v = &o->intervals[e];
        n_failed += v->n_failed;
        n_all += v->n_failed + v->n_done;
        if (e > 0) mlsd__text_append(t, "; ");
        if (models->n > 1 && !o->method->of_many) mlsd__text_format(t, "'%s': ", o->names[e]);
        mlsd__text_format(t, "%s ", o->job->metric_name);
        mlsd__words_estimate(t, &v->estimate, o->job->params->level);
        if (v->chosen >= 0) {
            mlsd__text_format(t, ", where '%s', the best of %lld, shows ", models->names[v->chosen],
                              (long long)models->n);
            mlsd__words_number(t, v->numbers[0].value);
        }
    }
    mlsd__text_format(t, "; by %s, for %s", o->method->words, o->method->covers_words);
    if (n_failed > 0) {
        mlsd__text_format(t, "; %lld of %lld %s failed, see the messages in the table 'intervals'",
                          (long long)n_failed, (long long)n_all,
                          o->job->params->method == NESTED ? "repeats" : "fits");
    }
}

static mlsd_status put_words(mlsd_result *r, const outcome *o)
{
    MLSD__TRY(mlsd__result_set_str(r, "method", o->method->name, false));
    MLSD__TRY(mlsd__result_set_str(r, "metric", o->job->metric_name, false));
    MLSD__TRY(mlsd__result_set_str(r, "covers", o->method->covers, false));
    MLSD__TRY(mlsd__result_set_str(r, "plan", o->intervals[0].plan, false));
    if (o->n == 1 && o->intervals[0].chosen >= 0) {
        const char *const chosen = o->job->models->names[o->intervals[0].chosen];
        MLSD__TRY(mlsd__result_set_str(r, "chosen", chosen, false));
    }
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    say(&t, o);
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status make_result(mlsd__scope *scope, const outcome *o, mlsd_result **out)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(scope->allocator, "cv_interval", &r));
    mlsd_status status = o->n == 1 ? put_numbers(r, &o->intervals[0]) : MLSD_OK;
    if (status == MLSD_OK) status = put_intervals(r, o);
    if (status == MLSD_OK) status = put_words(r, o);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

/* Every model's interval, or the one of all. */
static mlsd_status find_intervals(mlsd__scope *scope, outcome *o)
{
    bool is_known = false;
    for (int64_t e = 0; e < o->n; e++) {
        mlsd__cv_interval *const v = &o->intervals[e];
        *v = (mlsd__cv_interval){.chosen = -1};
        mlsd__estimate_undefined(&v->estimate);
        o->names[e] = o->method->of_many ? "best" : o->job->models->names[e];
        MLSD__TRY(o->method->run(scope, o->job, e, v));
        is_known |= !isnan(v->estimate.value);
    }
    if (is_known) return MLSD_OK;
    const mlsd__cv_interval *const v = &o->intervals[0];
    return mlsd__fail(MLSD_E_DATA, "no %s could be estimated: %s", o->job->metric_name,
                      v->message[0] != '\0' ? v->message
                                            : "it is not defined on the folds' test rows");
}

static mlsd_status run_job(mlsd__scope *scope, const mlsd__interval_job *job, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    outcome o = {.job = job, .method = &methods[job->params->method]};
    const int64_t n = o.method->of_many ? 1 : job->models->n;
    o.intervals = mlsd__alloc(a, n, sizeof *o.intervals);
    o.names = mlsd__alloc(a, n, sizeof *o.names);
    mlsd_status status = o.intervals == NULL || o.names == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        o.n = n;
        status = find_intervals(scope, &o);
    }
    if (status == MLSD_OK) status = make_result(scope, &o, out);
    for (int64_t e = 0; e < o.n; e++) mlsd_table_free(o.intervals[e].repeats);
    mlsd__free(a, o.names);
    mlsd__free(a, o.intervals);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    const mlsd__cv_interval_params *const p = mlsd__spec_params(in->spec);
    mlsd__interval_job job = {.in = in, .params = p, .n_repeats = n_repeats(p)};
    mlsd__models models;
    mlsd_folds *drawn = NULL;
    MLSD__TRY(find_metric(in, &job.metric_name, &job.metric));
    MLSD__TRY(mlsd__validation_models(scope->allocator, in->spec, "estimators", &models));
    job.models = &models;
    mlsd_status status = in->folds == NULL ? draw_folds(scope, in, &drawn) : MLSD_OK;
    job.folds = in->folds != NULL ? in->folds : drawn;
    if (status == MLSD_OK) status = check_folds(scope, &methods[p->method], job.folds);
    const mlsd__fold_input fits = {.estimators = models.specs,
                                   .n_estimators = models.n,
                                   .dataset = in->dataset,
                                   .folds = job.folds,
                                   .metrics = &job.metric_name,
                                   .n_metrics = 1};
    if (status == MLSD_OK) status = mlsd__fold_check(&fits);
    if (status == MLSD_OK) status = run_job(scope, &job, out);
    mlsd_folds_free(drawn);
    mlsd__models_free(scope->allocator, &models);
    return status;
}

static const mlsd__validation_ops ops = {.draws_folds = true, .check = check, .run = run};

static const char *const method_names[] = {
    "corrected_t", "wald",          "wald_within",        "nested",
    "bbc",         "bootstrap_632", "bootstrap_632_plus", NULL};

static const mlsd_param cv_interval_params[] = {
    MLSD__P_CHOICE(mlsd__cv_interval_params, method, method_names, "\"corrected_t\"",
                   "how the interval is made: corrected resampled t, Wald (all losses, or within "
                   "folds), nested cross-validation, BBC for the best of many, .632 or .632+ "
                   "bootstrap"),
    MLSD__P_STR(mlsd__cv_interval_params, metric, "null",
                "metric; null: rmse for regression, log_loss for classes. All methods but "
                "corrected_t need one that is a mean over rows"),
    MLSD__P_I64_NULL(mlsd__cv_interval_params, n_repeats, 1, 1000000, "null",
                     "how often the folds are drawn (null: 1, nested 50), bootstrap samples (200) "
                     "or draws of bbc (1000)"),
    MLSD__P_I64(mlsd__cv_interval_params, n_splits, 2, INT32_MAX - 1, "5", NULL,
                "folds, where neither folds nor a splitter are given"),
    MLSD__P_F64(mlsd__cv_interval_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95",
                NULL, "level of the interval"),
    MLSD__P_I64(mlsd__cv_interval_params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the folds, samples and draws"),
};

static const mlsd__slot slots[] = {
    {"estimators", "estimator,search", 1,
     "the model, or several: an interval each, or with bbc one for the best"},
    {"splitter", "splitter", 0,
     "the folds; without one they are drawn as 'n_splits', 'n_repeats' and 'seed' say"},
};

const mlsd_kind mlsd__kind_cv_interval = {
    .name = "cv_interval",
    .family = "validation",
    .doc = "How sure a cross-validated score is, by a method that says what it covers",
    .params = cv_interval_params,
    .n_params = MLSD__COUNT(cv_interval_params),
    .params_size = sizeof(mlsd__cv_interval_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
