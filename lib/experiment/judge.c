/* judge.c - the test part, looked at once: every metric that suits, for the final model and for the
 * baseline beside it, and the slices. */
#include <string.h>

#include "experiment/experiment_impl.h"
#include "slice/slicing.h"
#include "validate/scoring.h"

enum { MAX_METRICS = 16 };

/* Slices that a column may have; columns of which all pairs are crossed, to look within the values
 * of one for the differences of another. */
enum { MOST_LEVELS = 100000000, MOST_CROSSED = 10 };

typedef struct metric_list {
    const char *names[MAX_METRICS];
    int64_t n;
} metric_list;

static bool suits(const mlsd__experiment *x, const mlsd__metric_ops *metric, bool has_proba)
{
    if (!metric->is_usual) return false;
    if (x->task == MLSD_TASK_REGRESSION) return metric->for_regression;
    if (metric->for_binary_only && x->task != MLSD_TASK_BINARY) return false;
    return metric->for_classification && (has_proba || !metric->needs_proba);
}

/* The metric that decides first, then the other usual ones of the task in the order of the kinds.
 */
static mlsd_status list_metrics(const mlsd__experiment *x, metric_list *out)
{
    const mlsd_model *const models[] = {x->final, x->baseline};
    bool has_proba = true;
    for (int64_t i = 0; i < MLSD__COUNT(models); i++) {
        if (models[i] == NULL) continue;
        has_proba = has_proba && mlsd_model_n_outputs(models[i], MLSD_OUTPUT_PROBA) > 0;
    }
    *out = (metric_list){.names = {x->params->metric}, .n = 1};
    for (int64_t i = 0; i < mlsd_kind_count("metric") && out->n < MAX_METRICS; i++) {
        const char *name = mlsd_kind_name(mlsd_kind_at("metric", i));
        const mlsd__metric_ops *metric;
        MLSD__TRY(mlsd__metric_find(name, &metric));
        if (strcmp(name, x->params->metric) == 0 || !suits(x, metric, has_proba)) continue;
        out->names[out->n++] = name;
    }
    return MLSD_OK;
}

static mlsd_status put_test(mlsd__experiment *x, const metric_list *metrics,
                            const mlsd__scoring *model, const mlsd__scoring *baseline)
{
    static const mlsd__row_column columns[] = {
        {"metric", MLSD_COLUMN_CATEGORY},   {"value", MLSD_COLUMN_F64},
        {"low", MLSD_COLUMN_F64},           {"high", MLSD_COLUMN_F64},
        {"baseline", MLSD_COLUMN_F64},      {"baseline_low", MLSD_COLUMN_F64},
        {"baseline_high", MLSD_COLUMN_F64}, {"n", MLSD_COLUMN_I64},
    };
    mlsd__rows rows;
    mlsd__rows_init(&rows, x->scope->allocator, columns, MLSD__COUNT(columns));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < metrics->n && status == MLSD_OK; i++) {
        mlsd__estimate e, b;
        status = mlsd__scoring_score(x->scope, model, metrics->names[i], x->params->level, &e);
        if (status != MLSD_OK) break;
        status = mlsd__scoring_score(x->scope, baseline, metrics->names[i], x->params->level, &b);
        if (status != MLSD_OK) break;
        if (i == 0) {
            x->test_score = e;
            x->baseline_score = b;
        }
        mlsd__rows_str(&rows, metrics->names[i]);
        mlsd__rows_f64(&rows, e.value);
        mlsd__rows_f64(&rows, e.low);
        mlsd__rows_f64(&rows, e.high);
        mlsd__rows_f64(&rows, b.value);
        mlsd__rows_f64(&rows, b.low);
        mlsd__rows_f64(&rows, b.high);
        mlsd__rows_i64(&rows, model->n);
    }
    if (status != MLSD_OK) {
        mlsd__rows_free(&rows);
        return status;
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(x->result, "test", table, false);
}

/* The slice columns of the test rows. */
static mlsd_status make_groups(mlsd__experiment *x, mlsd_table **out)
{
    *out = NULL;
    const mlsd__str_list *slices = &x->params->slices;
    const int64_t n = mlsd_folds_part_size(x->partition, 0, MLSD__TEST);
    mlsd_table *columns = NULL;
    int64_t *rows = mlsd__alloc_raw(x->scope->allocator, n, sizeof *rows);
    mlsd_status status =
        rows == NULL ? MLSD_E_NOMEM : mlsd__table_new(x->scope->allocator, &columns);
    for (int64_t i = 0; i < slices->n && status == MLSD_OK; i++) {
        int64_t j;
        status = mlsd_table_find(x->table, slices->values[i], &j);
        if (status != MLSD_OK) break;
        status = mlsd__table_set_column(columns, slices->values[i],
                                        mlsd__column_retain(x->table->columns[j]));
    }
    if (status == MLSD_OK) status = mlsd_folds_part(x->partition, 0, MLSD__TEST, rows, n);
    if (status == MLSD_OK) status = mlsd__table_rows(columns, rows, n, out);
    mlsd_table_free(columns);
    mlsd__free(x->scope->allocator, rows);
    return status;
}

/* The verdict on slices has a line for each thing to know; in the experiment's it is one sentence
 * of several. */
static mlsd_status share_verdict(mlsd__experiment *x, const mlsd_result *slices)
{
    mlsd__text t;
    mlsd__text_init(&t, x->scope->allocator);
    mlsd__text_append(&t, mlsd_result_verdict(slices));
    for (int64_t i = 0; t.status == MLSD_OK && i < t.length; i++) {
        if (t.data[i] == '\n') t.data[i] = ' ';
    }
    mlsd_status status = t.status;
    if (status == MLSD_OK)
        status = mlsd__result_set_str(x->result, "slices.verdict", t.data, false);
    mlsd__text_free(&t);
    return status;
}

static mlsd_status share_slices(mlsd__experiment *x, const mlsd_result *slices)
{
    const mlsd_table *table = mlsd_result_get_table(slices, "slices");
    if (table == NULL) return MLSD_E_INTERNAL;
    mlsd_table *shared;
    MLSD__TRY(mlsd__table_share(table, &shared));
    MLSD__TRY(mlsd__result_set_table(x->result, "slices", shared, false));
    const char *worst = "";
    MLSD__TRY(mlsd_result_get_str(slices, "worst", &worst));
    MLSD__TRY(mlsd__result_set_str(x->result, "slices.worst", worst, false));
    return share_verdict(x, slices);
}

/* All columns of the groups, by the metric that decides. Every value of a column is a slice however
 * many there are; extremes are not reported, so that no chance is drawn for them. */
static mlsd_status make_analysis(const mlsd__experiment *x, mlsd_spec **out)
{
    const mlsd__experiment_params *const p = x->params;
    const char *const metric = p->metric;
    MLSD__TRY(mlsd__spec_new(x->scope->allocator, "slice_metrics", out));
    MLSD__TRY(mlsd_spec_set_str_list(*out, "metrics", &metric, 1));
    MLSD__TRY(mlsd_spec_set_i64(*out, "min_support", p->min_support));
    MLSD__TRY(mlsd_spec_set_f64(*out, "level", p->level));
    MLSD__TRY(mlsd_spec_set_i64(*out, "max_levels", MOST_LEVELS));
    MLSD__TRY(mlsd_spec_set_bool(*out, "strata", p->slices.n <= MOST_CROSSED));
    return mlsd_spec_set_i64(*out, "permutations", 0);
}

static mlsd_status run_analysis(mlsd__experiment *x, const mlsd__scoring *scoring,
                                const mlsd_table *groups, const mlsd_spec *spec, mlsd_result **out)
{
    mlsd__scored s;
    mlsd__scoring_view(scoring, x->metric, &s);
    const int64_t n_columns = x->metric->needs_proba ? s.n_classes : 1;
    const mlsd_matrix y = {s.y, s.n, 1, 1, 1, MLSD_F64, 0},
                      weight = {s.weight, s.n, 1, 1, 1, MLSD_F64, 0},
                      prediction = {s.prediction, s.n, n_columns, n_columns, 1, MLSD_F64, 0};
    const mlsd__slicing_input in = {.n_rows = s.n,
                                    .groups = groups,
                                    .y = &y,
                                    .prediction = &prediction,
                                    .weight = s.weight != NULL ? &weight : NULL};
    return mlsd__slicing_run(x->scope, spec, &in, out);
}

static mlsd_status judge_slices(mlsd__experiment *x, const mlsd__scoring *scoring)
{
    if (x->params->slices.n == 0) return MLSD_OK;
    mlsd_table *groups;
    MLSD__TRY(make_groups(x, &groups));
    mlsd_result *slices = NULL;
    mlsd_spec *spec = NULL;
    mlsd_status status = make_analysis(x, &spec);
    if (status == MLSD_OK) status = run_analysis(x, scoring, groups, spec, &slices);
    if (status == MLSD_OK) status = share_slices(x, slices);
    mlsd_result_free(slices);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return status;
}

mlsd_status mlsd__experiment_judge(mlsd__experiment *x)
{
    metric_list metrics;
    MLSD__TRY(list_metrics(x, &metrics));
    const mlsd_dataset *test = x->parts[MLSD__TEST];
    mlsd__scoring model = {0}, baseline = {0};
    mlsd__stage_begin(x->scope, "test", 0);
    mlsd_status status = mlsd__dataset_look_prepare(test);
    if (status == MLSD_OK)
        status =
            mlsd__scoring_make(x->scope, x->final, test, metrics.names, metrics.n, false, &model);
    if (status == MLSD_OK && x->baseline != NULL) {
        status = mlsd__scoring_make(x->scope, x->baseline, test, metrics.names, metrics.n, false,
                                    &baseline);
    }
    if (status == MLSD_OK) {
        status = put_test(x, &metrics, &model, x->baseline != NULL ? &baseline : &model);
    }
    if (status == MLSD_OK) status = judge_slices(x, &model);
    if (status == MLSD_OK) {
        status =
            mlsd__result_set_f64(x->result, "test.predict_seconds", model.predict_seconds, true);
    }
    if (status == MLSD_OK) status = mlsd__experiment_look(x);
    mlsd__stage_end(x->scope);
    mlsd__scoring_free(&model);
    mlsd__scoring_free(&baseline);
    return status;
}
