/* augmentation_test.c - kind "augmentation_test" of family "validation": does augmentation help? An
 * augmented estimator, and the same without its augmentations, on the same folds; the corrected
 * resampled t test (Nadeau & Bengio 2003) of their scores; and, where nothing is shown, how large a
 * difference would have been found. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "validate/audit_impl.h"
#include "validate/compare_impl.h"
#include "validate/fold_report.h"
#include "validate/validation.h"
#include "validate/words.h"

extern const mlsd_kind mlsd__kind_augmentation_test;

typedef struct params {
    mlsd__str_list metrics;
    double level, power;
    int64_t seed;
} params;

enum { WITHOUT = 0, WITH = 1, N_MODELS = 2 };
static const char *const model_names[N_MODELS] = {"without", "with"};

static bool is_kind(const mlsd_spec *spec, const char *name)
{
    return strcmp(mlsd_kind_name(mlsd_spec_kind(spec)), name) == 0;
}

/* ---- the same without augmentation ---- */

static mlsd_status strip(const mlsd__allocator *a, const mlsd_spec *spec, mlsd_spec **out);

/* A pipeline whose last step is stripped. */
static mlsd_status strip_last(const mlsd__allocator *a, const mlsd_spec *pipeline, mlsd_spec **out)
{
    mlsd_spec *copy = NULL;
    MLSD__TRY(mlsd__spec_new(a, "pipeline", &copy));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK; i++) {
        const mlsd_spec *const step = mlsd__spec_slot_at(pipeline, "steps", i);
        if (step == NULL) break;
        const bool is_last = mlsd__spec_slot_at(pipeline, "steps", i + 1) == NULL;
        mlsd_spec *stripped = NULL;
        if (is_last) status = strip(a, step, &stripped);
        if (status == MLSD_OK)
            status = mlsd_spec_add(copy, "steps", mlsd__spec_slot_name_at(pipeline, "steps", i),
                                   is_last ? stripped : step);
        mlsd_spec_free(stripped);
    }
    if (status != MLSD_OK) {
        mlsd_spec_free(copy);
        return status;
    }
    *out = copy;
    return MLSD_OK;
}

static mlsd_status strip(const mlsd__allocator *a, const mlsd_spec *spec, mlsd_spec **out)
{
    *out = NULL;
    const mlsd_spec *const estimator =
        is_kind(spec, "augmented") ? mlsd__spec_slot_child(spec, "estimator") : NULL;
    if (estimator != NULL) return mlsd_spec_clone(estimator, out);
    if (is_kind(spec, "pipeline")) return strip_last(a, spec, out);
    return mlsd__fail(MLSD_E_CHILD,
                      "augmentation_test: %s is not augmented; its estimator is of kind augmented, "
                      "or a pipeline that ends in one",
                      mlsd_kind_name(mlsd_spec_kind(spec)));
}

/* ---- what came of it ---- */

typedef struct outcome {
    const params *params;
    const mlsd__fold_report *report;
    mlsd__metrics metrics;
    mlsd__paired *is; /* by metric */
} outcome;

/* +1: better with, -1: worse, 0: not shown either way. */
static int direction_of(const outcome *o, int64_t metric)
{
    const mlsd__paired *const is = &o->is[metric];
    const mlsd__metric_ops *ops;
    if (!(is->p_value < 1 - o->params->level)) return 0;
    if (mlsd__metric_find(o->metrics.names[metric], &ops) != MLSD_OK) return 0;
    return (is->difference > 0) == ops->greater_is_better ? 1 : -1;
}

static double chance_better(const outcome *o, int64_t metric)
{
    const mlsd__metric_ops *ops;
    if (mlsd__metric_find(o->metrics.names[metric], &ops) != MLSD_OK) return NAN;
    return ops->greater_is_better ? o->is[metric].p_above : o->is[metric].p_below;
}

static const char *word_of(int direction)
{
    return direction > 0 ? "helps" : direction < 0 ? "harms" : "not shown";
}

/* One row for each metric. */
static mlsd_status put_table(mlsd_result *r, const outcome *o, const mlsd_context *context)
{
    enum { N_COLUMNS = 9 };
    static const char *const names[N_COLUMNS] = {"without", "with",           "difference",
                                                 "low",     "high",           "p_value",
                                                 "effect",  "min_detectable", "p_better"};
    const int64_t n = o->metrics.n;
    const mlsd__allocator *const a = &r->allocator;
    mlsd_table *table = NULL;
    double *const cells = mlsd__alloc(a, n, N_COLUMNS * sizeof *cells);
    mlsd_status status = cells == NULL ? MLSD_E_NOMEM : mlsd_table_new(context, &table);
    if (status == MLSD_OK) status = mlsd_table_set_str(table, "metric", o->metrics.names, n);
    for (int64_t m = 0; status == MLSD_OK && m < n; m++) {
        mlsd__estimate without, with;
        mlsd__report_estimate(o->report, WITHOUT, m, &without);
        mlsd__report_estimate(o->report, WITH, m, &with);
        const mlsd__paired *const is = &o->is[m];
        const double row[N_COLUMNS] = {without.value, with.value,         is->difference,
                                       is->low,       is->high,           is->p_value,
                                       is->effect,    is->min_detectable, chance_better(o, m)};
        for (int64_t c = 0; c < N_COLUMNS; c++) cells[c * n + m] = row[c];
    }
    for (int64_t c = 0; status == MLSD_OK && c < N_COLUMNS; c++)
        status = mlsd_table_set_f64(table, names[c], cells + c * n, n);
    mlsd__free(a, cells);
    if (status == MLSD_OK) return mlsd__result_set_table(r, "comparison", table, false);
    mlsd_table_free(table);
    return status;
}

static mlsd_status put_numbers(mlsd_result *r, const outcome *o)
{
    const mlsd__paired *const is = &o->is[0];
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"difference", is->difference},
        {"low", is->low},
        {"high", is->high},
        {"p_value", is->p_value},
        {"effect", is->effect},
        {"min_detectable", is->min_detectable},
        {"p_better", chance_better(o, 0)},
    };
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    return mlsd__result_set_str(r, "conclusion", word_of(direction_of(o, 0)), false);
}

static void say_numbers(mlsd__text *t, const outcome *o)
{
    const mlsd__paired *const is = &o->is[0];
    mlsd__estimate without, with;
    mlsd__report_estimate(o->report, WITHOUT, 0, &without);
    mlsd__report_estimate(o->report, WITH, 0, &with);
    mlsd__text_format(t, ": %s ", o->metrics.names[0]);
    mlsd__words_number(t, with.value);
    mlsd__text_append(t, " with it and ");
    mlsd__words_number(t, without.value);
    mlsd__text_append(t, " without, a difference of ");
    const mlsd__estimate difference = {.value = is->difference, .low = is->low, .high = is->high};
    mlsd__words_estimate(t, &difference, o->params->level);
    if (is->reason != NULL) {
        mlsd__text_format(t, "; no test: %s", is->reason);
        return;
    }
    mlsd__text_append(t, ", p ");
    mlsd__words_number(t, is->p_value);
    mlsd__text_format(t, " by the corrected resampled t test over %lld splits", (long long)is->n);
}

static mlsd_status put_verdict(mlsd_result *r, const outcome *o)
{
    static const char *const openings[] = {"augmentation makes it worse",
                                           "augmentation is not shown to help or to harm",
                                           "augmentation helps"};
    const int direction = direction_of(o, 0);
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    mlsd__text_append(&t, openings[direction + 1]);
    say_numbers(&t, o);
    if (direction == 0 && !isnan(o->is[0].min_detectable)) {
        mlsd__text_append(&t, "; a difference of ");
        mlsd__words_number(&t, o->is[0].min_detectable);
        mlsd__text_format(&t, " would have been found with a chance of %g %%",
                          100 * o->params->power);
    }
    mlsd__audit_say(&t, "; the audit of the folds: ", r, MLSD__AUDIT_PREFIX);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__result_set_verdict(r, t.data);
    mlsd__text_free(&t);
    return status;
}

static mlsd_status fill(mlsd_result *r, const outcome *o, mlsd__scope *scope,
                        const mlsd__validation_input *in)
{
    MLSD__TRY(mlsd__report_folds(r, o->report));
    MLSD__TRY(mlsd__report_models(r, o->report));
    MLSD__TRY(put_table(r, o, in->context));
    MLSD__TRY(put_numbers(r, o));
    MLSD__TRY(mlsd__report_plan(r, o->report->out));
    MLSD__TRY(mlsd__report_audit(r, scope, in->context, o->report->in));
    return put_verdict(r, o);
}

static mlsd_status make_result(mlsd__scope *scope, const mlsd__validation_input *in, outcome *o,
                               mlsd_result **out)
{
    const mlsd__fold_output *const runs = o->report->out;
    const mlsd__pair_settings settings = {.level = o->params->level, .power = o->params->power};
    mlsd_result *r = NULL;
    o->is = mlsd__alloc(scope->allocator, o->metrics.n, sizeof *o->is);
    mlsd_status status = o->is == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t m = 0; status == MLSD_OK && m < o->metrics.n; m++)
        mlsd__compare_corrected_t(mlsd__fold_scores(runs, WITHOUT, m),
                                  mlsd__fold_scores(runs, WITH, m), runs->n_splits,
                                  runs->test_train, &settings, &o->is[m]);
    if (status == MLSD_OK) status = mlsd__result_new(&runs->allocator, "augmentation_test", &r);
    if (status == MLSD_OK) status = fill(r, o, scope, in);
    mlsd__free(scope->allocator, o->is);
    if (status == MLSD_OK)
        *out = r;
    else
        mlsd_result_free(r);
    return status;
}

/* Both on the same folds; where one fails throughout there is nothing to compare. */
static mlsd_status compare(mlsd__scope *scope, const mlsd__validation_input *in,
                           const mlsd_spec *const *models, mlsd_result **out)
{
    const params *const p = mlsd__spec_params(in->spec);
    outcome o = {.params = p};
    MLSD__TRY(mlsd__validation_metrics(&p->metrics, in->dataset, &o.metrics));
    const mlsd__fold_input fits = {.estimators = models,
                                   .n_estimators = N_MODELS,
                                   .dataset = in->dataset,
                                   .folds = in->folds,
                                   .metrics = o.metrics.names,
                                   .n_metrics = o.metrics.n};
    MLSD__TRY(mlsd__fold_check(&fits));
    mlsd__fold_output runs;
    mlsd_status status = mlsd__fold_run_all(scope, &fits, &runs);
    for (int64_t e = 0; status == MLSD_OK && e < N_MODELS; e++)
        if (mlsd__fold_n_done(&runs, e) == 0)
            status =
                mlsd__fail(MLSD_E_DATA, "every fit '%s' augmentation failed, the first with: %s",
                           model_names[e], mlsd__fold_first_message(&runs, e));
    mlsd__t_memo memo = {0};
    const mlsd__fold_report report = {.in = &fits,
                                      .out = &runs,
                                      .names = model_names,
                                      .noun = "model",
                                      .level = p->level,
                                      .memo = &memo,
                                      .scope = scope};
    o.report = &report;
    if (status == MLSD_OK) status = make_result(scope, in, &o, out);
    mlsd__fold_output_free(&runs);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    const mlsd_spec *const with = mlsd__spec_slot_child(in->spec, "estimator");
    mlsd_spec *without = NULL;
    MLSD__TRY(strip(scope->allocator, with, &without));
    const mlsd_spec *const models[N_MODELS] = {without, with};
    const mlsd_status status = compare(scope, in, models, out);
    mlsd_spec_free(without);
    return status;
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const params *const p = mlsd__spec_params(in->spec);
    const mlsd_spec *const estimator = mlsd__spec_slot_child(in->spec, "estimator");
    if (estimator == NULL)
        return mlsd__fail(MLSD_E_CHILD, "augmentation_test has no model in its slot 'estimator'");
    mlsd_spec *without = NULL;
    MLSD__TRY(strip(&in->dataset->store->allocator, estimator, &without));
    mlsd_spec_free(without);
    mlsd__metrics metrics;
    return mlsd__validation_metrics(&p->metrics, in->dataset, &metrics);
}

static const mlsd__validation_ops ops = {.check = check, .run = run};

static const mlsd_param table[] = {
    MLSD__P_STR_LIST(params, metrics, "null",
                     "metrics by name, the first one decides; null: rmse for regression, log_loss "
                     "for classes"),
    MLSD__P_F64(params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "of intervals; 1 - level is the level of the test"),
    MLSD__P_F64(params, power, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.8", NULL,
                "chance with which the minimum detectable difference is found"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the folds where none are given and no splitter either"),
};

static const mlsd__slot slots[] = {
    {"estimator", "estimator", 0, "an augmented estimator, or a pipeline that ends in one"},
    {"splitter", "splitter", 0,
     "the folds; without one, five that keep the classes, keep groups together and respect times"},
};

const mlsd_kind mlsd__kind_augmentation_test = {
    .name = "augmentation_test",
    .family = "validation",
    .doc = "Does augmentation help? The same model with and without it, on the same folds",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
