/* fold_curves.c - see the header. */
#include "validate/fold_curves.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "curve/curve_impl.h"
#include "split/splitter.h"
#include "validate/result_rows.h"

/* ---- keeping ---- */

static bool is_search(const mlsd_spec *spec)
{
    return strcmp(mlsd_kind_family(mlsd_spec_kind(spec)), "search") == 0;
}

bool mlsd__fold_tells_curve(const mlsd__fold_input *in, const mlsd_spec *spec)
{
    if (!in->keep_curves) return false;
    if (is_search(spec)) return true;
    const mlsd_spec *const final = mlsd__estimator_final(spec);
    if (final == NULL) return false;
    if (is_search(final)) return true;
    return ((const mlsd__estimator_ops *)mlsd__spec_ops(final))->is_iterative;
}

/* A curve whose rule watches nothing, so that it never stops or chooses. */
static mlsd_status curve_new(const mlsd__allocator *a, mlsd_curve **out)
{
    mlsd_spec *rule;
    *out = NULL;
    MLSD__TRY(mlsd__spec_new(a, "early_stopping", &rule));
    mlsd_status status = mlsd_spec_set_text(rule, "monitor", "null");
    if (status == MLSD_OK) status = mlsd__curve_make(a, rule, out);
    mlsd_spec_free(rule);
    return status;
}

mlsd_status mlsd__fold_watch_open(mlsd__fold_watch *watch, const mlsd__fold_set *set, int64_t e,
                                  const mlsd__train_part *test)
{
    *watch = (mlsd__fold_watch){0};
    if (!mlsd__fold_tells_curve(set->in, set->in->estimators[e])) return MLSD_OK;
    MLSD__TRY(curve_new(&set->out->allocator, &watch->curve));
    /* A fit refuses a set without weight, which is no reason for the fold to fail. */
    if (test->n == 0 || !(test->total > 0.0)) return MLSD_OK;
    watch->test =
        (mlsd__more_set){.name = "test", .x = &test->frame, .y = test->y, .weight = test->weight};
    watch->n_sets = 1;
    return MLSD_OK;
}

static mlsd_status has_weight(const mlsd_dataset *data, bool *out)
{
    double *weight = NULL, total = 0.0;
    MLSD__TRY(mlsd__dataset_gather_weight(data, &weight));
    for (int64_t i = 0; weight != NULL && i < data->n_rows; i++) total += weight[i];
    *out = data->n_rows > 0 && (weight == NULL || total > 0.0);
    mlsd__free(&data->store->allocator, weight);
    return MLSD_OK;
}

mlsd_status mlsd__fold_watch_view(mlsd__fold_watch *watch, const mlsd__fold_set *set, int64_t e,
                                  const mlsd_dataset *test)
{
    bool is_seen = false;
    *watch = (mlsd__fold_watch){0};
    if (!mlsd__fold_tells_curve(set->in, set->in->estimators[e])) return MLSD_OK;
    MLSD__TRY(curve_new(&set->out->allocator, &watch->curve));
    MLSD__TRY(has_weight(test, &is_seen));
    return is_seen ? mlsd_curve_add_set(watch->curve, "test", test) : MLSD_OK;
}

void mlsd__fold_watch_close(mlsd__fold_watch *watch, const mlsd__fold_set *set, int64_t e,
                            int64_t split, mlsd_status status)
{
    mlsd__fold_run *const run = mlsd__fold_at(set->out, e, split);
    if (status == MLSD_OK && mlsd_curve_series_count(watch->curve) > 0) {
        run->curve = watch->curve;
        /* Its sets end with the fold. */
        for (int64_t i = 0; i < run->curve->n_sets; i++)
            mlsd__free(&run->curve->allocator, run->curve->sets[i].name);
        run->curve->n_sets = 0;
    } else {
        mlsd_curve_free(watch->curve);
    }
    *watch = (mlsd__fold_watch){0};
}

/* ---- telling ---- */

/* The curves of one model's folds, one behind the other; *out_n tells of how many, and *out_rows
 * how many rows were trained on in the mean. */
static mlsd_status merge_folds(const mlsd__fold_report *report, int64_t e, mlsd_curve *all,
                               int64_t *out_n, double *out_rows)
{
    const mlsd_folds *const folds = report->in->folds;
    *out_n = 0;
    *out_rows = 0.0;
    for (int64_t k = 0; k < report->out->n_splits; k++) {
        const mlsd__fold_run *const run = mlsd__fold_at(report->out, e, k);
        const bool repeats = folds->form == MLSD__FOLDS_IDS && folds->n_ids > 0;
        if (run->curve == NULL) continue;
        MLSD__TRY(mlsd_curve_merge(all, run->curve, k, repeats ? k / folds->n_ids : 0));
        *out_rows += (double)run->n_train;
        ++*out_n;
    }
    if (*out_n > 0) *out_rows /= (double)*out_n;
    return MLSD_OK;
}

static void put_points(mlsd__rows *rows, const char *name, const mlsd_curve *curve)
{
    for (int64_t s = 0; s < mlsd_curve_series_count(curve); s++) {
        for (int64_t i = 0; i < mlsd_curve_point_count(curve, s); i++) {
            double x = NAN, value = NAN;
            (void)mlsd_curve_point(curve, s, i, &x, &value);
            mlsd__rows_str(rows, name);
            mlsd__rows_i64(rows, mlsd_curve_series_repeat(curve, s));
            mlsd__rows_i64(rows, mlsd_curve_series_fold(curve, s));
            mlsd__rows_str(rows, mlsd_curve_series_set(curve, s));
            mlsd__rows_str(rows, mlsd_curve_series_metric(curve, s));
            mlsd__rows_f64(rows, x);
            mlsd__rows_f64(rows, value);
        }
    }
}

/* Has no earlier series of the curve the metric and the set of this one? */
static bool is_first_of_set(const mlsd_curve *curve, int64_t series)
{
    for (int64_t s = 0; s < series; s++)
        if (strcmp(mlsd_curve_series_metric(curve, s), mlsd_curve_series_metric(curve, series)) ==
                0 &&
            strcmp(mlsd_curve_series_set(curve, s), mlsd_curve_series_set(curve, series)) == 0)
            return false;
    return true;
}

/* The mean of a metric and set: columns step, mean, sd, se, lower, upper, n in this order. */
static mlsd_status put_mean(mlsd__rows *rows, const char *name, const mlsd_context *context,
                            const mlsd_curve *curve, int64_t series)
{
    const char *const metric = mlsd_curve_series_metric(curve, series);
    const char *const set = mlsd_curve_series_set(curve, series);
    mlsd_table *means = NULL;
    MLSD__TRY(mlsd_curve_mean(context, curve, metric, set, &means));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < mlsd_table_n_rows(means); i++) {
        mlsd__rows_str(rows, name);
        mlsd__rows_str(rows, set);
        mlsd__rows_str(rows, metric);
        for (int64_t c = 0; status == MLSD_OK && c < mlsd_table_n_columns(means); c++) {
            double value = NAN;
            status = mlsd_table_get_f64(means, c, i, 1, &value);
            mlsd__rows_f64(rows, value);
        }
    }
    mlsd_table_free(means);
    return status;
}

static double least_mean(const mlsd_table *means)
{
    double least = NAN;
    for (int64_t i = 0; i < mlsd_table_n_rows(means); i++) {
        double value = NAN;
        if (mlsd_table_get_f64(means, 1, i, 1, &value) == MLSD_OK && isfinite(value))
            least = isnan(least) || value < least ? value : least;
    }
    return least;
}

/* Nothing where no fold had test rows, or no finite mean of their losses. */
static mlsd_status put_steps(mlsd__rows *rows, const char *name, const mlsd_context *context,
                             const mlsd_curve *curve, int64_t n_folds, double rows_ratio)
{
    int64_t best = 0, one_se = 0, refit = 0;
    mlsd_table *means = NULL;
    mlsd_status status = mlsd_curve_mean(context, curve, "loss", "test", &means);
    if (status == MLSD_OK)
        status = mlsd_curve_refit_steps(curve, "loss", "test", rows_ratio, &best, &one_se, &refit);
    if (status == MLSD_OK) {
        mlsd__rows_str(rows, name);
        mlsd__rows_i64(rows, n_folds);
        mlsd__rows_i64(rows, best);
        mlsd__rows_i64(rows, one_se);
        mlsd__rows_i64(rows, refit);
        mlsd__rows_f64(rows, least_mean(means));
    }
    mlsd_table_free(means);
    return status == MLSD_E_DATA ? MLSD_OK : status;
}

typedef struct tables {
    mlsd__rows curves, means, steps;
    mlsd__text missing;
} tables;

static mlsd_status tell_model(const mlsd__fold_report *report, const mlsd_context *context,
                              int64_t e, tables *t)
{
    const char *const name = report->names != NULL ? report->names[e] : "model";
    const double n_rows = (double)mlsd_dataset_n_rows(report->in->dataset);
    mlsd_curve *all;
    int64_t n_folds = 0;
    double n_train = 0.0;
    MLSD__TRY(curve_new(&report->out->allocator, &all));
    mlsd_status status = merge_folds(report, e, all, &n_folds, &n_train);
    if (status == MLSD_OK && n_folds == 0)
        mlsd__text_format(&t->missing, "%s'%.100s'", t->missing.length > 0 ? ", " : "", name);
    if (status == MLSD_OK) put_points(&t->curves, name, all);
    for (int64_t s = 0; status == MLSD_OK && s < mlsd_curve_series_count(all); s++)
        if (is_first_of_set(all, s)) status = put_mean(&t->means, name, context, all, s);
    if (status == MLSD_OK && n_folds > 0)
        status = put_steps(&t->steps, name, context, all, n_folds, n_rows / n_train);
    mlsd_curve_free(all);
    return status;
}

static mlsd_status set_table(mlsd_result *r, const char *name, mlsd__rows *rows, mlsd_status before)
{
    mlsd_table *table = NULL;
    if (before != MLSD_OK) {
        mlsd__rows_free(rows);
        return before;
    }
    MLSD__TRY(mlsd__rows_to_table(rows, &table));
    return mlsd__result_set_table(r, name, table, false);
}

static mlsd_status say_missing(mlsd_result *r, mlsd__scope *scope, mlsd__text *missing)
{
    if (missing->status != MLSD_OK || missing->length == 0) return missing->status;
    mlsd__text_append(missing, ": not trained by epochs, or every fold failed; no curve");
    MLSD__TRY(missing->status);
    mlsd__log_line(scope, MLSD_LOG_INFO, "%s", missing->data);
    return mlsd__result_set_str(r, "curves.missing", missing->data, false);
}

#define TEXT_COLUMN(name)            \
    {                                \
        (name), MLSD_COLUMN_CATEGORY \
    }
#define REAL_COLUMN(name)       \
    {                           \
        (name), MLSD_COLUMN_F64 \
    }
#define WHOLE_COLUMN(name)      \
    {                           \
        (name), MLSD_COLUMN_I64 \
    }

mlsd_status mlsd__report_curves(mlsd_result *r, mlsd__scope *scope, const mlsd_context *context,
                                const mlsd__fold_report *report)
{
    const mlsd__row_column curves[] = {
        TEXT_COLUMN(report->noun), WHOLE_COLUMN("repeat"), WHOLE_COLUMN("fold"), TEXT_COLUMN("set"),
        TEXT_COLUMN("metric"),     REAL_COLUMN("step"),    REAL_COLUMN("value")};
    const mlsd__row_column means[] = {
        TEXT_COLUMN(report->noun), TEXT_COLUMN("set"), TEXT_COLUMN("metric"), REAL_COLUMN("step"),
        REAL_COLUMN("mean"),       REAL_COLUMN("sd"),  REAL_COLUMN("se"),     REAL_COLUMN("lower"),
        REAL_COLUMN("upper"),      REAL_COLUMN("n")};
    const mlsd__row_column steps[] = {TEXT_COLUMN(report->noun), WHOLE_COLUMN("n_folds"),
                                      WHOLE_COLUMN("best"),      WHOLE_COLUMN("one_se"),
                                      WHOLE_COLUMN("refit"),     REAL_COLUMN("loss")};
    const mlsd__allocator *const a = &report->out->allocator;
    tables t;
    mlsd__rows_init(&t.curves, a, curves, MLSD__COUNT(curves));
    mlsd__rows_init(&t.means, a, means, MLSD__COUNT(means));
    mlsd__rows_init(&t.steps, a, steps, MLSD__COUNT(steps));
    mlsd__text_init(&t.missing, a);
    mlsd_status status = MLSD_OK;
    for (int64_t e = 0; status == MLSD_OK && e < report->in->n_estimators; e++)
        status = tell_model(report, context, e, &t);
    status = set_table(r, "curves", &t.curves, status);
    status = set_table(r, "curve_means", &t.means, status);
    status = set_table(r, "refit_steps", &t.steps, status);
    if (status == MLSD_OK) status = say_missing(r, scope, &t.missing);
    mlsd__text_free(&t.missing);
    return status;
}
