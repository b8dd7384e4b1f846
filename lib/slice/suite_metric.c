/* suite_metric.c - a metric over some cases of a set: does it suit what predicts, and what it
 * reads, answers, labels and weights. */
#include <math.h>
#include <string.h>

#include "base/spec_impl.h"
#include "metric/metric_impl.h"
#include "metric/metric_name.h"
#include "slice/suite_impl.h"
#include "slice/suite_json.h"

static mlsd_task task_of(const mlsd__predictor *p)
{
    return p->n_classes == 0   ? MLSD_TASK_REGRESSION
           : p->n_classes == 2 ? MLSD_TASK_BINARY
                               : MLSD_TASK_MULTICLASS;
}

/* ---- which ---- */

/* A parameter as texts are read: "0.1", "null", "0.1,0.5,0.9". */
static mlsd_status put_parameter(const mlsd__json *value, mlsd__text *t)
{
    char number[MLSD__NUMBER_CAPACITY];
    switch (value->type) {
    case MLSD__JSON_NULL:
        mlsd__text_append(t, "null");
        break;
    case MLSD__JSON_TRUTH:
        mlsd__text_append(t, value->number != 0 ? "true" : "false");
        break;
    case MLSD__JSON_NUMBER:
        mlsd__format_double(value->number, number);
        mlsd__text_append(t, number);
        break;
    case MLSD__JSON_TEXT:
        mlsd__text_append(t, value->text);
        break;
    case MLSD__JSON_LIST:
        for (const mlsd__json *item = value->first; item != NULL; item = item->next) {
            if (item != value->first) mlsd__text_append(t, ",");
            if (item->type == MLSD__JSON_LIST || item->type == MLSD__JSON_OBJECT)
                return mlsd__fail(MLSD_E_PARAM_TYPE, "'%.60s' holds %s", value->key,
                                  mlsd__json_type_name(item));
            MLSD__TRY(put_parameter(item, t));
        }
        break;
    default:
        return mlsd__fail(MLSD_E_PARAM_TYPE, "'%.60s' must not be an object", value->key);
    }
    return t->status;
}

static mlsd_status set_parameter(const mlsd_suite *s, mlsd_spec *spec, const mlsd__json *value)
{
    mlsd__text t;
    mlsd__text_init(&t, &s->allocator);
    mlsd_status status = put_parameter(value, &t);
    if (status == MLSD_OK) status = mlsd_spec_set_text(spec, value->key, t.data);
    mlsd__text_free(&t);
    return status == MLSD_OK ? status : mlsd__suite_refail(s->path, value->line, status);
}

/* A name of several lines as one. */
static void put_on_one_line(char *text)
{
    char *out = text;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p != '\n') {
            *out++ = *p;
            continue;
        }
        if (out > text && out[-1] == ',') *out++ = ' ';
        while (p[1] == ' ') p++;
    }
    *out = '\0';
}

/* {"kind": "f_score", "beta": 2} */
static mlsd_status read_object(const mlsd_context *context, mlsd_suite *s, mlsd__suite_set *set,
                               const mlsd__json *value)
{
    const mlsd__json *kind = value->first;
    while (kind != NULL && strcmp(kind->key, "kind") != 0) kind = kind->next;
    if (kind == NULL || kind->type != MLSD__JSON_TEXT)
        return mlsd__suite_fail(s->path, value->line, MLSD_E_PARAM_CONFLICT,
                                "'metric' needs 'kind', the name of a metric");
    mlsd_status status = mlsd_spec_new(context, kind->text, &set->parameters);
    if (status == MLSD_OK) status = mlsd__metric_of_spec(set->parameters, &set->ops);
    if (status != MLSD_OK) return mlsd__suite_refail(s->path, kind->line, status);
    for (const mlsd__json *m = value->first; m != NULL; m = m->next) {
        if (m != kind) MLSD__TRY(set_parameter(s, set->parameters, m));
    }
    mlsd__text name;
    mlsd__text_init(&name, &s->allocator);
    status = mlsd__metric_spec_name(set->parameters, &name);
    if (status == MLSD_OK) {
        put_on_one_line(name.data);
        set->metric = mlsd__suite_text(s, name.data);
        status = set->metric == NULL ? MLSD_E_NOMEM : MLSD_OK;
    }
    mlsd__text_free(&name);
    return status;
}

mlsd_status mlsd__suite_metric_read(const mlsd_context *context, mlsd_suite *s,
                                    mlsd__suite_set *set, const mlsd__json *value)
{
    const mlsd__metric_ops *ops;
    if (value->type == MLSD__JSON_OBJECT) return read_object(context, s, set, value);
    if (value->type != MLSD__JSON_TEXT)
        return mlsd__suite_fail(s->path, value->line, MLSD_E_PARAM_TYPE,
                                "'metric' must be the name of a metric, or an object with its "
                                "'kind' and parameters, got %s",
                                mlsd__json_type_name(value));
    const mlsd_status status = mlsd__metric_find(value->text, &ops);
    if (status != MLSD_OK) return mlsd__suite_refail(s->path, value->line, status);
    set->ops = *ops;
    set->metric = mlsd__suite_text(s, value->text);
    return set->metric == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status check_metric(const mlsd__suite_run *run, const mlsd__suite_set *set)
{
    const mlsd__predictor *const p = &run->predictor;
    const mlsd_status status = mlsd__metric_ops_check(&set->ops, set->metric, task_of(p));
    if (status != MLSD_OK) return mlsd__suite_refail(run->suite->path, set->line, status);
    if (!set->ops.needs_proba || p->has_proba || p->n_classes == 0) return MLSD_OK;
    return mlsd__suite_fail(run->suite->path, set->line, MLSD_E_UNSUPPORTED,
                            "'%s' needs probabilities, and there are none", set->metric);
}

/* ---- what it reads ---- */

mlsd_status mlsd__suite_weights(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                double **out)
{
    const mlsd__suite_file *const file = set->file;
    double total = 0;
    *out = NULL;
    if (set->weight < 0) return MLSD_OK;
    double *const weights = mlsd__alloc_raw(run->scope->allocator, set->n_rows, sizeof *weights);
    if (weights == NULL) return MLSD_E_NOMEM;
    *out = weights;
    for (int64_t i = 0; i < set->n_rows; i++) {
        weights[i] = mlsd__suite_cell_number(file->table, set->weight, set->rows[i]);
        total += weights[i];
        if (weights[i] >= 0 && isfinite(weights[i])) continue;
        return mlsd__suite_fail(file->path, file->lines[set->rows[i]], MLSD_E_DATA,
                                "the weight '%.60s' is %s; it must be 0 or more",
                                mlsd_table_name(file->table, set->weight),
                                isnan(weights[i]) ? "empty"
                                : weights[i] < 0  ? "negative"
                                                  : "infinite");
    }
    if (total > 0) return MLSD_OK;
    return mlsd__suite_fail(run->suite->path, set->line, MLSD_E_DATA,
                            "all cases of the set '%.60s' weigh 0", set->name);
}

mlsd_status mlsd__suite_scored_open(mlsd__suite_run *run, const mlsd__suite_set *set,
                                    mlsd__suite_scored *out)
{
    *out = (mlsd__suite_scored){0};
    MLSD__TRY(check_metric(run, set));
    MLSD__TRY(mlsd__suite_answers(run, set, &out->answers));
    MLSD__TRY(mlsd__suite_labels(run, set, false, &out->labels));
    return mlsd__suite_weights(run, set, &out->weights);
}

void mlsd__suite_scored_free(const mlsd__allocator *a, mlsd__suite_scored *s)
{
    mlsd__free(a, s->labels);
    mlsd__free(a, s->weights);
}

mlsd_status mlsd__suite_gather(const mlsd__suite_run *run, const mlsd__suite_set *set,
                               const mlsd__suite_scored *s, const int64_t *which, int64_t n,
                               mlsd__scored_copy *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const mlsd__metric_ops *const ops = &set->ops;
    *out = (mlsd__scored_copy){0};
    const bool is_proba = ops->needs_proba && s->answers->proba != NULL;
    const int64_t k = is_proba ? run->predictor.n_classes : 1;
    const double *const from = is_proba ? s->answers->proba : s->answers->value;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(n, k, &size));
    out->y = mlsd__alloc_raw(a, n, sizeof *out->y);
    out->prediction = mlsd__alloc_raw(a, size, sizeof *out->prediction);
    if (s->weights != NULL) out->weight = mlsd__alloc_raw(a, n, sizeof *out->weight);
    if (out->y == NULL || out->prediction == NULL || (s->weights != NULL && out->weight == NULL)) {
        mlsd__scored_free(out, a);
        return MLSD_E_NOMEM;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = which == NULL ? i : which[i];
        out->y[i] = s->labels[at];
        if (s->weights != NULL) out->weight[i] = s->weights[at];
        for (int64_t c = 0; c < k; c++) out->prediction[i * k + c] = from[set->rows[at] * k + c];
    }
    /* All classes of the model, also where a group lacks some. */
    out->view = (mlsd__scored){.n = n,
                               .n_classes = run->predictor.n_classes,
                               .y = out->y,
                               .prediction = out->prediction,
                               .weight = out->weight,
                               .params = ops->params,
                               .data = ops->data};
    return MLSD_OK;
}

mlsd_status mlsd__suite_score_rows(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                   const mlsd__suite_scored *s, const int64_t *which, int64_t n,
                                   double level, mlsd__suite_score *out)
{
    mlsd__scored_copy rows;
    mlsd__estimate e;
    *out = (mlsd__suite_score){NAN, NAN, NAN, 0};
    if (n == 0) return MLSD_OK;
    MLSD__TRY(mlsd__suite_gather(run, set, s, which, n, &rows));
    const mlsd_status status =
        mlsd__metric_score(run->scope, &set->ops, &rows.view, NULL, n, level, &e);
    mlsd__scored_free(&rows, run->scope->allocator);
    if (status != MLSD_OK) return mlsd__suite_refail(run->suite->path, set->line, status);
    *out = (mlsd__suite_score){e.value, e.low, e.high, e.support > 0 ? e.support : (double)n};
    return MLSD_OK;
}
