/* learning_curve_report.c - the tables of a learning curve, the curve carried on to more rows, and
 * in words whether they would help. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "validate/corrected.h"
#include "validate/extrapolate.h"
#include "validate/fold_tasks.h"
#include "validate/learning_curve.h"
#include "validate/result_rows.h"
#include "validate/words.h"

typedef struct names {
    mlsd__row_column *columns;
    mlsd__text *texts;
    int64_t n;
} names;

static void names_free(const mlsd__allocator *a, names *n, int64_t n_texts)
{
    for (int64_t i = 0; n->texts != NULL && i < n_texts; i++) mlsd__text_free(&n->texts[i]);
    mlsd__free(a, n->texts);
    mlsd__free(a, n->columns);
}

/* Columns of the first names, then for each metric those with the suffixes, then the last names. */
static mlsd_status name_columns(const mlsd__allocator *a, const mlsd__metrics *metrics,
                                const mlsd__row_column *first, int64_t n_first,
                                const char *const *patterns, int64_t n_patterns,
                                const mlsd__row_column *last, int64_t n_last, names *out)
{
    const int64_t n_texts = metrics->n * n_patterns;
    *out = (names){0};
    out->columns = mlsd__alloc(a, n_first + n_texts + n_last, sizeof *out->columns);
    out->texts = mlsd__alloc(a, n_texts, sizeof *out->texts);
    if (out->columns == NULL || out->texts == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_first; i++) out->columns[out->n++] = first[i];
    for (int64_t m = 0; m < metrics->n; m++) {
        for (int64_t i = 0; i < n_patterns; i++) {
            mlsd__text *const t = &out->texts[m * n_patterns + i];
            mlsd__text_init(t, a);
            mlsd__text_format(t, patterns[i], metrics->names[m]);
            if (t->status != MLSD_OK) return t->status;
            out->columns[out->n++] = (mlsd__row_column){t->data, MLSD_COLUMN_F64};
        }
    }
    for (int64_t i = 0; i < n_last; i++) out->columns[out->n++] = last[i];
    return MLSD_OK;
}

static void put_estimates(mlsd__rows *rows, const mlsd__curve_job *j, int64_t e, int64_t s)
{
    for (int64_t m = 0; m < j->metrics->n; m++) {
        mlsd__estimate test, train;
        mlsd__corrected_t(j->scores + mlsd__curve_place(j, e, m, s), j->n_splits, j->test_train[s],
                          j->p->level, &test);
        mlsd__corrected_t(j->train_scores + mlsd__curve_place(j, e, m, s), j->n_splits,
                          j->test_train[s], j->p->level, &train);
        mlsd__rows_f64(rows, test.value);
        mlsd__rows_f64(rows, test.se);
        mlsd__rows_f64(rows, test.low);
        mlsd__rows_f64(rows, test.high);
        mlsd__rows_f64(rows, train.value);
        mlsd__rows_f64(rows, train.se);
    }
}

/* Table "learning_curve": model, train_size, of each metric m m.mean, m.se, m.low, m.high,
 * m.train_mean, m.train_se; n_failed, message. */
static mlsd_status put_curve(mlsd_result *r, const mlsd__curve_job *j)
{
    static const mlsd__row_column first[] = {{"model", MLSD_COLUMN_CATEGORY},
                                             {"train_size", MLSD_COLUMN_I64}};
    static const mlsd__row_column last[] = {{"n_failed", MLSD_COLUMN_I64},
                                            {"message", MLSD_COLUMN_CATEGORY}};
    static const char *const patterns[] = {"%s.mean", "%s.se",         "%s.low",
                                           "%s.high", "%s.train_mean", "%s.train_se"};
    const int64_t n_patterns = MLSD__COUNT(patterns);
    names n;
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd_status status = name_columns(&r->allocator, j->metrics, first, MLSD__COUNT(first),
                                      patterns, n_patterns, last, MLSD__COUNT(last), &n);
    mlsd__rows_init(&rows, &r->allocator, n.columns, n.n);
    for (int64_t e = 0; e < j->models->n && status == MLSD_OK; e++) {
        for (int64_t s = 0; s < j->n_sizes; s++) {
            const char *message = NULL;
            int64_t n_failed = 0;
            for (int64_t k = 0; k < j->n_splits; k++) {
                const int64_t at = mlsd__curve_run_place(j, e, s, k);
                n_failed += j->statuses[at] != MLSD_OK;
                if (message == NULL) message = j->messages[at];
            }
            mlsd__rows_str(&rows, j->models->names[e]);
            mlsd__rows_i64(&rows, j->sizes[s]);
            put_estimates(&rows, j, e, s);
            mlsd__rows_i64(&rows, n_failed);
            mlsd__rows_str(&rows, message);
        }
    }
    if (status == MLSD_OK) {
        status = mlsd__rows_to_table(&rows, &table);
        if (status == MLSD_OK) status = mlsd__result_set_table(r, "learning_curve", table, false);
    }
    names_free(&r->allocator, &n, j->metrics->n * n_patterns);
    return status;
}

/* Table "folds": model, train_size, fold, each metric and train_<metric>, n_train, n_test, status,
 * message. */
static mlsd_status put_folds(mlsd_result *r, const mlsd__curve_job *j)
{
    static const mlsd__row_column first[] = {{"model", MLSD_COLUMN_CATEGORY},
                                             {"train_size", MLSD_COLUMN_I64},
                                             {"fold", MLSD_COLUMN_I64}};
    static const mlsd__row_column last[] = {{"n_train", MLSD_COLUMN_I64},
                                            {"n_test", MLSD_COLUMN_I64},
                                            {"status", MLSD_COLUMN_CATEGORY},
                                            {"message", MLSD_COLUMN_CATEGORY}};
    static const char *const patterns[] = {"%s", "train_%s"};
    const int64_t n_patterns = MLSD__COUNT(patterns);
    names n;
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd_status status = name_columns(&r->allocator, j->metrics, first, MLSD__COUNT(first),
                                      patterns, n_patterns, last, MLSD__COUNT(last), &n);
    mlsd__rows_init(&rows, &r->allocator, n.columns, n.n);
    const int64_t n_rows = j->n_sizes * j->n_splits;
    for (int64_t i = 0; i < j->models->n * n_rows && status == MLSD_OK; i++) {
        const int64_t e = i / n_rows, s = i % n_rows / j->n_splits, k = i % j->n_splits;
        const int64_t at = mlsd__curve_run_place(j, e, s, k);
        mlsd__rows_str(&rows, j->models->names[e]);
        mlsd__rows_i64(&rows, j->sizes[s]);
        mlsd__rows_i64(&rows, k);
        for (int64_t m = 0; m < j->metrics->n; m++) {
            mlsd__rows_f64(&rows, j->scores[mlsd__curve_place(j, e, m, s) + k]);
            mlsd__rows_f64(&rows, j->train_scores[mlsd__curve_place(j, e, m, s) + k]);
        }
        mlsd__rows_i64(&rows, mlsd__curve_n_train(j, k, s));
        mlsd__rows_i64(&rows, j->splits[k].n_test);
        mlsd__rows_str(&rows,
                       j->statuses[at] == MLSD_OK ? "ok" : mlsd_status_name(j->statuses[at]));
        mlsd__rows_str(&rows, j->messages[at]);
    }
    if (status == MLSD_OK) {
        status = mlsd__rows_to_table(&rows, &table);
        if (status == MLSD_OK) status = mlsd__result_set_table(r, "folds", table, false);
    }
    names_free(&r->allocator, &n, j->metrics->n * n_patterns);
    return status;
}

/* Gains have a ceiling of 1, so that 1 less a gain is an error. */
static double flip(const mlsd__metric_ops *metric, double x)
{
    return metric->greater_is_better ? 1 - x : x;
}

static void flip_estimate(const mlsd__metric_ops *metric, mlsd__estimate *e)
{
    if (!metric->greater_is_better) return;
    const double low = e->low;
    e->value = 1 - e->value;
    e->low = 1 - e->high;
    e->high = 1 - low;
}

static mlsd_status extrapolate(mlsd__scope *scope, const mlsd__curve_job *j, int64_t model,
                               const mlsd__metric_ops *metric, mlsd__extrapolation *out)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const sizes = mlsd__alloc_raw(a, j->n_sizes, sizeof *sizes);
    double *const errors = mlsd__alloc_raw(a, j->n_sizes * j->n_splits, sizeof *errors);
    mlsd_status status = sizes == NULL || errors == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        for (int64_t s = 0; s < j->n_sizes; s++) {
            sizes[s] = (double)j->sizes[s];
            for (int64_t k = 0; k < j->n_splits; k++) {
                errors[k * j->n_sizes + s] =
                    flip(metric, j->scores[mlsd__curve_place(j, model, 0, s) + k]);
            }
        }
        const mlsd__curve_errors in = {.sizes = sizes,
                                       .errors = errors,
                                       .test_train = j->test_train,
                                       .n_sizes = j->n_sizes,
                                       .n_splits = j->n_splits,
                                       .level = j->p->level,
                                       .n_draws = j->p->n_draws,
                                       .seed = j->p->seed};
        status = mlsd__extrapolate_open(scope, &in, out);
    }
    mlsd__free(a, errors);
    mlsd__free(a, sizes);
    return status;
}

/* What is expected with all rows of the data set, twice and ten times as many. */
enum { N_AHEAD = 3 };
static const int64_t ahead_times[N_AHEAD] = {1, 2, 10};

typedef struct outlook {
    bool is_known;
    char refusal[MLSD__REFUSAL_CAPACITY];
    mlsd__power_law law;
    mlsd__estimate ahead[N_AHEAD], rows_needed;
} outlook;

static mlsd_status look_ahead(mlsd__scope *scope, const mlsd__curve_job *j, int64_t model,
                              const mlsd__metric_ops *metric, outlook *out)
{
    mlsd__extrapolation x = {0};
    mlsd_status status = extrapolate(scope, j, model, metric, &x);
    *out = (outlook){.is_known = status == MLSD_OK && x.refusal[0] == '\0', .law = x.law};
    memcpy(out->refusal, x.refusal, sizeof out->refusal);
    const double n = (double)mlsd_dataset_n_rows(j->in->dataset);
    for (int64_t i = 0; i < N_AHEAD && status == MLSD_OK && out->is_known; i++) {
        status = mlsd__extrapolate_at(&x, n * (double)ahead_times[i], &out->ahead[i]);
        flip_estimate(metric, &out->ahead[i]);
    }
    if (status == MLSD_OK && out->is_known)
        status = mlsd__extrapolate_rows(&x, flip(metric, j->p->target), &out->rows_needed);
    mlsd__extrapolate_close(&x);
    return status;
}

/* Table "extrapolation": model, n_rows, value, low, high. */
static mlsd_status put_outlooks(mlsd_result *r, const mlsd__curve_job *j, const outlook *outlooks)
{
    static const mlsd__row_column columns[] = {{"model", MLSD_COLUMN_CATEGORY},
                                               {"n_rows", MLSD_COLUMN_I64},
                                               {"value", MLSD_COLUMN_F64},
                                               {"low", MLSD_COLUMN_F64},
                                               {"high", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < j->models->n; e++) {
        for (int64_t i = 0; i < N_AHEAD && outlooks[e].is_known; i++) {
            mlsd__rows_str(&rows, j->models->names[e]);
            mlsd__rows_i64(&rows, ahead_times[i] * mlsd_dataset_n_rows(j->in->dataset));
            mlsd__rows_f64(&rows, outlooks[e].ahead[i].value);
            mlsd__rows_f64(&rows, outlooks[e].ahead[i].low);
            mlsd__rows_f64(&rows, outlooks[e].ahead[i].high);
        }
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "extrapolation", table, false);
}

/* Table "limits": model, what the curve goes to, how fast, and the rows that the target needs. */
static mlsd_status put_limits(mlsd_result *r, const mlsd__curve_job *j,
                              const mlsd__metric_ops *metric, const outlook *outlooks)
{
    static const mlsd__row_column columns[] = {
        {"model", MLSD_COLUMN_CATEGORY},      {"limit", MLSD_COLUMN_F64},
        {"exponent", MLSD_COLUMN_F64},        {"rows_needed", MLSD_COLUMN_F64},
        {"rows_needed_low", MLSD_COLUMN_F64}, {"rows_needed_high", MLSD_COLUMN_F64},
        {"message", MLSD_COLUMN_CATEGORY}};
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < j->models->n; e++) {
        const outlook *const o = &outlooks[e];
        const bool has_target = o->is_known && !isnan(j->p->target);
        mlsd__rows_str(&rows, j->models->names[e]);
        mlsd__rows_f64(&rows, o->is_known ? flip(metric, o->law.a) : NAN);
        mlsd__rows_f64(&rows, o->is_known ? o->law.c : NAN);
        mlsd__rows_f64(&rows, has_target ? o->rows_needed.value : NAN);
        mlsd__rows_f64(&rows, has_target ? o->rows_needed.low : NAN);
        mlsd__rows_f64(&rows, has_target ? o->rows_needed.high : NAN);
        mlsd__rows_str(&rows, o->refusal[0] != '\0' ? o->refusal : NULL);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "limits", table, false);
}

/* Does twice the data help? By its gain beside the standard error at the largest size. */
static void say_ahead(mlsd__text *t, const mlsd__curve_job *j, const outlook *o, double se)
{
    const double gain = fabs(o->ahead[1].value - o->ahead[0].value);
    const bool helps = isnan(se) ? gain > 0 : gain > se;
    mlsd__text_append(t, helps ? "; more data helps: " : "; more data helps little: ");
    mlsd__text_format(t, "with %lld rows expect ",
                      (long long)(2 * mlsd_dataset_n_rows(j->in->dataset)));
    mlsd__words_estimate(t, &o->ahead[1], j->p->level);
    mlsd__text_append(t, ", and ");
    mlsd__words_number(t, o->ahead[2].value);
    mlsd__text_format(t, " with %lld", (long long)(10 * mlsd_dataset_n_rows(j->in->dataset)));
    if (isnan(j->p->target)) return;
    mlsd__text_append(t, "; ");
    mlsd__words_number(t, j->p->target);
    if (isinf(o->rows_needed.value)) {
        mlsd__text_append(t, " is out of reach of more rows");
        return;
    }
    mlsd__text_append(t, " needs about ");
    mlsd__words_number(t, ceil(o->rows_needed.value));
    mlsd__text_append(t, " rows");
}

static void say(mlsd__text *t, const mlsd__curve_job *j, const outlook *outlooks)
{
    for (int64_t e = 0; e < j->models->n; e++) {
        mlsd__estimate from, to;
        const int64_t last = j->n_sizes - 1;
        mlsd__corrected_t(j->scores + mlsd__curve_place(j, e, 0, 0), j->n_splits, j->test_train[0],
                          j->p->level, &from);
        mlsd__corrected_t(j->scores + mlsd__curve_place(j, e, 0, last), j->n_splits,
                          j->test_train[last], j->p->level, &to);
        if (e > 0) mlsd__text_append(t, ". ");
        if (j->models->n > 1) mlsd__text_format(t, "'%s': ", j->models->names[e]);
        mlsd__text_format(t, "%s goes from ", j->metrics->names[0]);
        mlsd__words_number(t, from.value);
        mlsd__text_format(t, " with %lld training rows to ", (long long)j->sizes[0]);
        mlsd__words_estimate(t, &to, j->p->level);
        mlsd__text_format(t, " with %lld", (long long)j->sizes[last]);
        if (outlooks[e].is_known) {
            say_ahead(t, j, &outlooks[e], to.se);
        } else {
            mlsd__text_format(t, "; %s", outlooks[e].refusal);
        }
    }
}

static mlsd_status put_words(mlsd_result *r, const mlsd__curve_job *j, const outlook *outlooks)
{
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    say(&t, j, outlooks);
    return mlsd__result_end_verdict(r, &t);
}

mlsd_status mlsd__learning_curve_report(mlsd__scope *scope, const mlsd__curve_job *j,
                                        mlsd_result **out)
{
    const mlsd__metric_ops *metric = NULL;
    mlsd_result *r = NULL;
    MLSD__TRY(mlsd__metric_find(j->metrics->names[0], &metric));
    outlook *const outlooks = mlsd__alloc(scope->allocator, j->models->n, sizeof *outlooks);
    mlsd_status status = outlooks == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t e = 0; e < j->models->n && status == MLSD_OK; e++)
        status = look_ahead(scope, j, e, metric, &outlooks[e]);
    if (status == MLSD_OK) status = mlsd__result_new(scope->allocator, "learning_curve", &r);
    if (status == MLSD_OK) status = put_curve(r, j);
    if (status == MLSD_OK) status = put_folds(r, j);
    if (status == MLSD_OK) status = put_outlooks(r, j, outlooks);
    if (status == MLSD_OK) status = put_limits(r, j, metric, outlooks);
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "metric", j->metrics->names[0], false);
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "plan", j->plan.data, false);
    if (status == MLSD_OK) status = put_words(r, j, outlooks);
    mlsd__free(scope->allocator, outlooks);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}
