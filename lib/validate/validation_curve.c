/* validation_curve.c - kind "validation_curve" of family "validation": one parameter of an
 * estimator, value by value, on test rows and on the rows it was trained on. Where the two part,
 * the model fits noise; where the best value is the first or last one, the best is not known yet.
 */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "validate/choose.h"
#include "validate/corrected.h"
#include "validate/search_impl.h"
#include "validate/search_table.h"
#include "validate/words.h"

typedef struct params {
    mlsd__str_list space, metrics;
    int64_t seed;
} params;

static const double LEVEL = 0.95;

typedef struct curve {
    const mlsd__allocator *a;
    const mlsd__validation_input *in;
    mlsd__metrics metrics;
    mlsd__space space;
    mlsd__candidates candidates;
    mlsd__fold_output runs;
    mlsd__choice_rule rule;
    mlsd__contender *contenders; /* one a value; within one standard error of the best */
    mlsd__choice choice;
    mlsd__text plan;
} curve;

static const mlsd__axis *axis_of(const curve *c)
{
    return &c->space.grids[0].axes[0];
}

/* The values, checked: one parameter, and a list of them. */
static mlsd_status read_values(const mlsd__allocator *a, const mlsd__validation_input *in,
                               mlsd__space *space, mlsd__candidates *out)
{
    const params *const p = mlsd__spec_params(in->spec);
    const mlsd_spec *const estimator = mlsd__spec_slot_child(in->spec, "estimator");
    if (estimator == NULL)
        return mlsd__fail(MLSD_E_CHILD,
                          "validation_curve has no estimator; put one into its slot 'estimator'");
    MLSD__TRY(mlsd__space_read(a, estimator, &p->space, space));
    if (space->n_grids != 1 || space->grids[0].n_axes != 1)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "a validation curve is over one parameter, and 'space' has %lld; "
                          "grid_search takes several",
                          (long long)space->n_names);
    MLSD__TRY(mlsd__space_grid(space, estimator, out));
    return mlsd__candidates_check(out, mlsd_dataset_task(in->dataset));
}

static mlsd_status check(const mlsd__validation_input *in)
{
    const params *const p = mlsd__spec_params(in->spec);
    mlsd__metrics metrics;
    mlsd__space space = {0};
    mlsd__candidates candidates = {0};
    MLSD__TRY(mlsd__validation_metrics(&p->metrics, in->dataset, &metrics));
    const mlsd_status status =
        read_values(mlsd__context_allocator(in->context), in, &space, &candidates);
    mlsd__candidates_free(&candidates);
    mlsd__space_free(&space);
    return status;
}

/* ---- tables ---- */

typedef struct column_kind {
    const char *suffix;
    bool is_train;
    size_t field; /* of mlsd__estimate */
} column_kind;

static const column_kind COLUMNS[] = {
    {".mean", false, offsetof(mlsd__estimate, value)},
    {".se", false, offsetof(mlsd__estimate, se)},
    {".low", false, offsetof(mlsd__estimate, low)},
    {".high", false, offsetof(mlsd__estimate, high)},
    {".train_mean", true, offsetof(mlsd__estimate, value)},
    {".train_se", true, offsetof(mlsd__estimate, se)},
};

static void estimate_of(const curve *c, int64_t value, int64_t metric, bool is_train,
                        mlsd__estimate *out)
{
    const double *const scores = is_train ? mlsd__fold_train_scores(&c->runs, value, metric)
                                          : mlsd__fold_scores(&c->runs, value, metric);
    mlsd__corrected_t(scores, c->runs.n_splits, c->runs.test_train, LEVEL, out);
}

static mlsd_status fill_values(mlsd__columns *t, const curve *c, int64_t step)
{
    for (int64_t i = 0; i < t->n; i++) {
        t->texts[i] = c->candidates.texts[i / step];
        if (!mlsd__parse_double(t->texts[i], strlen(t->texts[i]), &t->f64[i])) t->f64[i] = NAN;
    }
    MLSD__TRY(mlsd__columns_texts(t, "value"));
    return mlsd__columns_f64(t, "number", "");
}

static mlsd_status fill_curve(mlsd__columns *t, const curve *c)
{
    MLSD__TRY(fill_values(t, c, 1));
    for (int64_t m = 0; m < c->metrics.n; m++) {
        for (int64_t j = 0; j < MLSD__COUNT(COLUMNS); j++) {
            for (int64_t i = 0; i < t->n; i++) {
                mlsd__estimate e;
                estimate_of(c, i, m, COLUMNS[j].is_train, &e);
                memcpy(&t->f64[i], (const char *)&e + COLUMNS[j].field, sizeof t->f64[i]);
            }
            MLSD__TRY(mlsd__columns_f64(t, c->metrics.names[m], COLUMNS[j].suffix));
        }
    }
    for (int64_t i = 0; i < t->n; i++)
        t->i64[i] = c->runs.n_splits - mlsd__fold_n_done(&c->runs, i);
    MLSD__TRY(mlsd__columns_i64(t, "n_failed"));
    for (int64_t i = 0; i < t->n; i++) t->i64[i] = c->contenders[i].is_within;
    MLSD__TRY(mlsd__columns_i64(t, "within_one_se"));
    for (int64_t i = 0; i < t->n; i++) t->i64[i] = i == c->choice.best;
    MLSD__TRY(mlsd__columns_i64(t, "best"));
    for (int64_t i = 0; i < t->n; i++) t->texts[i] = mlsd__fold_first_message(&c->runs, i);
    return mlsd__columns_texts(t, "message");
}

static mlsd_status fill_folds(mlsd__columns *t, const curve *c)
{
    const int64_t n_splits = c->runs.n_splits;
    MLSD__TRY(fill_values(t, c, n_splits));
    for (int64_t i = 0; i < t->n; i++) t->i64[i] = i % n_splits;
    MLSD__TRY(mlsd__columns_i64(t, "fold"));
    for (int64_t m = 0; m < c->metrics.n; m++) {
        for (int64_t i = 0; i < t->n; i++)
            t->f64[i] = mlsd__fold_scores(&c->runs, i / n_splits, m)[i % n_splits];
        MLSD__TRY(mlsd__columns_f64(t, c->metrics.names[m], ""));
        for (int64_t i = 0; i < t->n; i++)
            t->f64[i] = mlsd__fold_train_scores(&c->runs, i / n_splits, m)[i % n_splits];
        MLSD__TRY(mlsd__columns_f64(t, c->metrics.names[m], ".train"));
    }
    for (int64_t i = 0; i < t->n; i++) {
        const mlsd_status status = mlsd__fold_at(&c->runs, i / n_splits, i % n_splits)->status;
        t->texts[i] = status == MLSD_OK ? "ok" : mlsd_status_name(status);
    }
    MLSD__TRY(mlsd__columns_texts(t, "status"));
    for (int64_t i = 0; i < t->n; i++)
        t->texts[i] = mlsd__fold_at(&c->runs, i / n_splits, i % n_splits)->message;
    return mlsd__columns_texts(t, "message");
}

static mlsd_status fill_timings(mlsd__columns *t, const curve *c)
{
    const int64_t n_splits = c->runs.n_splits;
    MLSD__TRY(fill_values(t, c, n_splits));
    for (int64_t i = 0; i < t->n; i++) t->i64[i] = i % n_splits;
    MLSD__TRY(mlsd__columns_i64(t, "fold"));
    for (int64_t i = 0; i < t->n; i++)
        t->f64[i] = mlsd__fold_at(&c->runs, i / n_splits, i % n_splits)->fit_seconds;
    MLSD__TRY(mlsd__columns_f64(t, "fit_seconds", ""));
    for (int64_t i = 0; i < t->n; i++)
        t->f64[i] = mlsd__fold_at(&c->runs, i / n_splits, i % n_splits)->predict_seconds;
    return mlsd__columns_f64(t, "predict_seconds", "");
}

static mlsd_status put_tables(mlsd_result *r, const curve *c)
{
    const int64_t n = c->candidates.n;
    const struct {
        const char *name;
        mlsd_status (*fill)(mlsd__columns *t, const curve *c);
        int64_t n_rows;
        bool timing;
    } tables[] = {{"curve", fill_curve, n, false},
                  {"folds", fill_folds, n * c->runs.n_splits, false},
                  {"folds", fill_timings, n * c->runs.n_splits, true}};
    for (int64_t i = 0; i < MLSD__COUNT(tables); i++) {
        mlsd__columns t;
        MLSD__TRY(mlsd__columns_open(&t, c->a, tables[i].n_rows));
        MLSD__TRY(mlsd__columns_to_result(r, &t, tables[i].name, tables[i].timing,
                                          tables[i].fill(&t, c)));
    }
    return MLSD_OK;
}

/* ---- numbers and words ---- */

static mlsd_status put_numbers(mlsd_result *r, const curve *c)
{
    const int64_t best = c->choice.best;
    for (int64_t m = 0; m < c->metrics.n; m++) {
        mlsd__estimate e;
        estimate_of(c, best, m, false, &e);
        MLSD__TRY(mlsd__result_set_estimate(r, c->metrics.names[m], &e));
    }
    MLSD__TRY(mlsd__result_set_f64(r, "best_index", (double)best, false));
    MLSD__TRY(mlsd__result_set_f64(
        r, "edge", (double)mlsd__axis_edge(axis_of(c), c->candidates.texts[best]), false));
    MLSD__TRY(mlsd__result_set_str(r, "metric", c->metrics.names[0], false));
    MLSD__TRY(mlsd__result_set_str(r, "parameter", axis_of(c)->name, false));
    MLSD__TRY(mlsd__result_set_str(r, "best", c->candidates.texts[best], false));
    return mlsd__result_set_str(r, "plan", c->plan.data, false);
}

/* The values that one standard error does not tell from the best. */
static void say_alike(const curve *c, mlsd__text *t)
{
    int64_t n = 0, first = -1, last = -1;
    for (int64_t i = 0; i < c->candidates.n; i++) {
        if (!c->contenders[i].is_within) continue;
        if (first < 0) first = i;
        last = i;
        n++;
    }
    if (n < 2) return;
    if (last - first + 1 == n)
        mlsd__text_format(t, ". From %s to %s it stays within one standard error of that",
                          c->candidates.texts[first], c->candidates.texts[last]);
    else
        mlsd__text_format(t, ". %lld of %lld values are within one standard error of that",
                          (long long)n, (long long)c->candidates.n);
}

static void say_edge(const curve *c, mlsd__text *t)
{
    const char *const value = c->candidates.texts[c->choice.best];
    const int side = mlsd__axis_edge(axis_of(c), value);
    if (side != 0) {
        mlsd__text_format(t, ". That is the %s value that was tried: look beyond ",
                          side < 0 ? "smallest" : "largest");
        mlsd__words_value(t, value);
    }
}

static mlsd_status put_verdict(mlsd_result *r, const curve *c)
{
    const int64_t best = c->choice.best;
    mlsd__estimate train;
    mlsd__text t;
    estimate_of(c, best, 0, true, &train);
    mlsd__text_init(&t, &r->allocator);
    mlsd__text_format(&t, "%s is best at %s = ", c->metrics.names[0], axis_of(c)->name);
    mlsd__words_value(&t, c->candidates.texts[best]);
    mlsd__text_append(&t, ": ");
    mlsd__words_estimate(&t, &c->contenders[best].score, LEVEL);
    mlsd__text_append(&t, ", and on the training rows ");
    mlsd__words_number(&t, train.value);
    say_alike(c, &t);
    say_edge(c, &t);
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status make_result(mlsd__scope *scope, const curve *c, mlsd_result **out)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(c->a, "validation_curve", &r));
    mlsd_status status = put_tables(r, c);
    if (status == MLSD_OK) status = put_numbers(r, c);
    if (status == MLSD_OK)
        status = mlsd__search_audit(r, scope, c->in->context, c->in->dataset, c->in->folds);
    if (status == MLSD_OK) status = put_verdict(r, c);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

/* ---- the kind ---- */

static mlsd_status find_best(curve *c)
{
    const mlsd__metric_ops *metric;
    const char *message = NULL;
    MLSD__TRY(mlsd__metric_find(c->metrics.names[0], &metric));
    c->rule = (mlsd__choice_rule){.rule = MLSD__CHOOSE_ONE_SE,
                                  .max_latency_us = NAN,
                                  .max_bytes = NAN,
                                  .level = LEVEL,
                                  .test_train = c->runs.test_train,
                                  .greater_is_better = metric->greater_is_better};
    c->contenders = mlsd__alloc(c->a, c->candidates.n, sizeof *c->contenders);
    if (c->contenders == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < c->candidates.n; i++) {
        c->contenders[i] = (mlsd__contender){
            .scores = mlsd__fold_scores(&c->runs, i, 0), .latency_us = NAN, .n_bytes = NAN};
        if (message == NULL) message = mlsd__fold_first_message(&c->runs, i);
    }
    MLSD__TRY(
        mlsd__choose(c->a, &c->rule, c->contenders, c->candidates.n, c->runs.n_splits, &c->choice));
    return mlsd__choice_require(&c->choice, "value", c->metrics.names[0], message);
}

static mlsd_status trace(mlsd__scope *scope, curve *c, mlsd_result **out)
{
    const params *const p = mlsd__spec_params(c->in->spec);
    MLSD__TRY(mlsd__validation_metrics(&p->metrics, c->in->dataset, &c->metrics));
    MLSD__TRY(read_values(c->a, c->in, &c->space, &c->candidates));
    const mlsd__fold_input fits = {.estimators = (const mlsd_spec *const *)c->candidates.specs,
                                   .n_estimators = c->candidates.n,
                                   .dataset = c->in->dataset,
                                   .folds = c->in->folds,
                                   .metrics = c->metrics.names,
                                   .n_metrics = c->metrics.n,
                                   .train_scores = true};
    MLSD__TRY(mlsd__fold_run_all(scope, &fits, &c->runs));
    MLSD__TRY(mlsd__fold_say_plans(&c->runs, &c->plan));
    MLSD__TRY(find_best(c));
    return make_result(scope, c, out);
}

static mlsd_status run(mlsd__scope *scope, const mlsd__validation_input *in, mlsd_result **out)
{
    curve c = {.a = scope->allocator, .in = in};
    mlsd__text_init(&c.plan, c.a);
    const mlsd_status status = trace(scope, &c, out);
    mlsd__text_free(&c.plan);
    mlsd__free(c.a, c.contenders);
    mlsd__fold_output_free(&c.runs);
    mlsd__candidates_free(&c.candidates);
    mlsd__space_free(&c.space);
    return status;
}

static const mlsd__validation_ops ops = {.check = check, .run = run};

static const mlsd_param curve_params[] = {
    MLSD__P_STR_LIST(params, space, "null",
                     "the parameter and its values, one entry: 'alpha = 0.01, 0.1, 1, 10'"),
    MLSD__P_STR_LIST(params, metrics, "null",
                     "metrics by name, the first one decides; null: rmse for regression, log_loss "
                     "for classes"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the folds where none are given and no splitter either"),
};

static const mlsd__slot slots[] = {
    {"estimator", "estimator", 0, "an estimator or a pipeline that has the parameter"},
    {"splitter", "splitter", 0,
     "the folds; without one, five that keep the classes, keep groups together and respect times"},
};

const mlsd_kind mlsd__kind_validation_curve = {
    .name = "validation_curve",
    .family = "validation",
    .doc = "One parameter, value by value: scores of test rows and of training rows",
    .params = curve_params,
    .n_params = MLSD__COUNT(curve_params),
    .params_size = sizeof(params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
};
