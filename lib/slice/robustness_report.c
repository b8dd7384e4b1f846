/* robustness_report.c - what changed rows did to a model's score, as numbers, tables and words, and
 * the rows that are the most dangerous. */
#include "slice/robustness_impl.h"

#include <math.h>
#include <string.h>

#include "numeric/rank.h"
#include "slice/finding.h"
#include "validate/result_rows.h"
#include "validate/words.h"

static const char *const hows[] = {
    [MLSD__SHAKE_PERMUTED] = "permuted", [MLSD__SHAKE_NOISE] = "noise",
    [MLSD__SHAKE_MISSING] = "missing",   [MLSD__SHAKE_BELOW] = "far below",
    [MLSD__SHAKE_ABOVE] = "far above",   [MLSD__SHAKE_UNSEEN] = "unseen",
    [MLSD__SHAKE_SWAPPED] = "swapped",   [MLSD__SHAKE_SOME_MISSING] = "missing",
};

/* The middle of a column, outside of which a value is far from the others. */
static const double OUTER = 0.005;

const char *mlsd__shake_status(const mlsd__robustness *r, const mlsd__shake *s)
{
    if (s->is_refused) return "refused";
    if (!isfinite(s->score)) return "undefined";
    return r->support < (double)r->p->min_support ? "low support" : "ok";
}

bool mlsd__shake_is_finding(const mlsd__robustness *r, const mlsd__shake *s)
{
    return strcmp(mlsd__shake_status(r, s), "ok") == 0 && s->q_value <= MLSD__FINDING_LEVEL &&
           s->difference != 0;
}

bool mlsd__shake_is_worse(const mlsd__robustness *r, const mlsd__shake *s)
{
    return r->metric->greater_is_better ? s->difference < 0 : s->difference > 0;
}

/* ---- tables of changes ---- */

static const mlsd__row_column shake_columns[] = {
    {"feature", MLSD_COLUMN_CATEGORY}, {"change", MLSD_COLUMN_CATEGORY},
    {"amount", MLSD_COLUMN_F64},       {"n", MLSD_COLUMN_I64},
    {"draws", MLSD_COLUMN_I64},        {"clean", MLSD_COLUMN_F64},
    {"score", MLSD_COLUMN_F64},        {"difference", MLSD_COLUMN_F64},
    {"low", MLSD_COLUMN_F64},          {"high", MLSD_COLUMN_F64},
    {"p_value", MLSD_COLUMN_F64},      {"q_value", MLSD_COLUMN_F64},
    {"flips", MLSD_COLUMN_F64},        {"flips_n", MLSD_COLUMN_I64},
    {"flips_of", MLSD_COLUMN_I64},     {"shift", MLSD_COLUMN_F64},
    {"status", MLSD_COLUMN_CATEGORY},  {"effect", MLSD_COLUMN_CATEGORY},
    {"finding", MLSD_COLUMN_I64},      {"message", MLSD_COLUMN_CATEGORY},
};

static double flips_of(const mlsd__shake *s)
{
    return s->is_refused ? (double)NAN : (double)s->n_changed / (double)s->n_asked;
}

static void put_shake(mlsd__rows *rows, const mlsd__robustness *r, const mlsd__shake *s)
{
    const bool is_finding = mlsd__shake_is_finding(r, s);
    mlsd__rows_str(rows, s->feature < 0 ? "(all)" : r->model->features[s->feature].name);
    mlsd__rows_str(rows, hows[s->how]);
    mlsd__rows_f64(rows, s->amount);
    mlsd__rows_i64(rows, r->n);
    mlsd__rows_i64(rows, s->n_draws);
    mlsd__rows_f64(rows, r->clean_score.value);
    mlsd__rows_f64(rows, s->score);
    mlsd__rows_f64(rows, s->difference);
    mlsd__rows_f64(rows, s->low);
    mlsd__rows_f64(rows, s->high);
    mlsd__rows_f64(rows, s->p_value);
    mlsd__rows_f64(rows, s->q_value);
    mlsd__rows_f64(rows, flips_of(s));
    mlsd__rows_i64(rows, s->n_changed);
    mlsd__rows_i64(rows, s->n_asked);
    mlsd__rows_f64(rows, s->is_refused || r->model->n_classes > 0 ? (double)NAN : s->shift);
    mlsd__rows_str(rows, mlsd__shake_status(r, s));
    mlsd__rows_str(rows, !is_finding                  ? "not shown"
                         : mlsd__shake_is_worse(r, s) ? "worse"
                                                      : "better");
    mlsd__rows_i64(rows, is_finding);
    mlsd__rows_str(rows, s->is_refused ? s->message.data : "");
}

static mlsd_status put_shakes(const mlsd__robustness *r, bool of_all, const char *name,
                              mlsd_result *out)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &out->allocator, shake_columns, MLSD__COUNT(shake_columns));
    for (int64_t i = 0; i < r->n_shakes; i++) {
        if ((r->shakes[i].feature < 0) == of_all) put_shake(&rows, r, &r->shakes[i]);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(out, name, table, false);
}

static mlsd_status put_labels(const mlsd__robustness *r, mlsd_result *out)
{
    static const mlsd__row_column columns[] = {
        {"rate", MLSD_COLUMN_F64},  {"n", MLSD_COLUMN_I64},     {"draws", MLSD_COLUMN_I64},
        {"clean", MLSD_COLUMN_F64}, {"score", MLSD_COLUMN_F64}, {"difference", MLSD_COLUMN_F64},
        {"sd", MLSD_COLUMN_F64},
    };
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &out->allocator, columns, MLSD__COUNT(columns));
    for (int64_t k = 0; k < r->p->label_noise.n; k++) {
        const mlsd__wrong_labels *const w = &r->wrong[k];
        mlsd__rows_f64(&rows, w->rate);
        mlsd__rows_i64(&rows, r->n);
        mlsd__rows_i64(&rows, r->p->n_repeats);
        mlsd__rows_f64(&rows, r->clean_score.value);
        mlsd__rows_f64(&rows, w->score);
        mlsd__rows_f64(&rows, w->score - r->clean_score.value);
        mlsd__rows_f64(&rows, w->sd);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(out, "label_noise", table, false);
}

/* ---- dangerous rows ---- */

/* Sizes of one reason by row, those of 0 and below are none; feature NULL where it is of none. */
typedef struct dangers {
    const char *reason;
    double *size; /* negated while they are sorted */
    int64_t *feature, *order;
} dangers;

static mlsd_status put_dangers(mlsd__scope *scope, const mlsd__robustness *r, const dangers *d,
                               bool has_feature, mlsd__rows *rows)
{
    for (int64_t i = 0; i < r->n; i++) d->size[i] = d->size[i] > 0 ? -d->size[i] : (double)NAN;
    MLSD__TRY(mlsd__argsort_rows(scope, d->size, r->n, d->order));
    for (int64_t k = 0; k < r->n && k < r->p->n_rows; k++) {
        const int64_t i = d->order[k];
        if (isnan(d->size[i])) break;
        const mlsd__feature *const f = has_feature ? &r->model->features[d->feature[i]] : NULL;
        mlsd__rows_str(rows, d->reason);
        mlsd__rows_i64(rows, r->row[i]);
        mlsd__rows_f64(rows, -d->size[i]);
        mlsd__rows_str(rows, f != NULL ? f->name : NULL);
        mlsd__rows_f64(rows,
                       f != NULL ? r->clean_x[i * r->n_features + d->feature[i]] : (double)NAN);
        mlsd__rows_f64(rows, r->y[i]);
        mlsd__rows_f64(rows, r->clean.values[i]);
    }
    return rows->status;
}

/* Of classes the probability of the class that is not true, of numbers the error. */
static mlsd_status find_wrong(mlsd__scope *scope, const mlsd__robustness *r, dangers *d,
                              mlsd__rows *rows)
{
    const int64_t n_classes = r->model->n_classes;
    if (n_classes > 0 && r->clean.proba == NULL) return MLSD_OK;
    d->reason = n_classes > 0 ? "confident and wrong" : "far off";
    for (int64_t i = 0; i < r->n; i++) {
        const double value = r->clean.values[i];
        d->size[i] = n_classes == 0     ? fabs(value - r->y[i])
                     : value == r->y[i] ? 0
                                        : r->clean.proba[i * n_classes + (int64_t)value];
    }
    return put_dangers(scope, r, d, false, rows);
}

static mlsd_status find_edge(mlsd__scope *scope, const mlsd__robustness *r, dangers *d,
                             mlsd__rows *rows)
{
    if (r->model->n_classes == 0 || r->n_edge == 0) return MLSD_OK;
    d->reason = "near the edge";
    for (int64_t i = 0; i < r->n; i++) d->size[i] = (double)r->edge[i] / (double)r->n_edge;
    return put_dangers(scope, r, d, false, rows);
}

/* How far each value is outside the middle of its column, in widths of that. */
static mlsd_status add_outside(mlsd__scope *scope, const mlsd__robustness *r, int64_t j,
                               double *sorted, dangers *d)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->n; i++) sorted[i] = r->clean_x[i * r->n_features + j];
    MLSD__TRY(mlsd__argsort_rows(scope, sorted, r->n, d->order));
    for (; n < r->n && !isnan(sorted[d->order[n]]); n++) continue;
    for (int64_t k = 0; k < n; k++) sorted[k] = r->clean_x[d->order[k] * r->n_features + j];
    if (n == 0) return MLSD_OK;
    const double low = mlsd__quantile_sorted(sorted, n, OUTER);
    const double high = mlsd__quantile_sorted(sorted, n, 1 - OUTER);
    if (!(high > low)) return MLSD_OK;
    for (int64_t i = 0; i < r->n; i++) {
        const double x = r->clean_x[i * r->n_features + j];
        const double size = fmax(low - x, x - high) / (high - low);
        if (!(size > d->size[i])) continue;
        d->size[i] = size;
        d->feature[i] = j;
    }
    return MLSD_OK;
}

static mlsd_status find_outside(mlsd__scope *scope, const mlsd__robustness *r, dangers *d,
                                mlsd__rows *rows)
{
    double *const sorted = mlsd__alloc_raw(scope->allocator, r->n, sizeof *sorted);
    if (sorted == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    d->reason = "outside";
    memset(d->size, 0, (size_t)r->n * sizeof *d->size);
    memset(d->feature, 0, (size_t)r->n * sizeof *d->feature);
    for (int64_t j = 0; j < r->n_features && status == MLSD_OK; j++) {
        if (r->model->features[j].type != MLSD__CATEGORY)
            status = add_outside(scope, r, j, sorted, d);
    }
    mlsd__free(scope->allocator, sorted);
    return status == MLSD_OK ? put_dangers(scope, r, d, true, rows) : status;
}

static mlsd_status fill_dangerous(mlsd__scope *scope, const mlsd__robustness *r, mlsd__rows *rows)
{
    const mlsd__allocator *const a = scope->allocator;
    dangers d = {.size = mlsd__alloc(a, r->n, sizeof *d.size),
                 .feature = mlsd__alloc(a, r->n, sizeof *d.feature),
                 .order = mlsd__alloc(a, r->n, sizeof *d.order)};
    mlsd_status status = MLSD_E_NOMEM;
    if (d.size != NULL && d.feature != NULL && d.order != NULL) {
        status = find_wrong(scope, r, &d, rows);
        if (status == MLSD_OK) status = find_edge(scope, r, &d, rows);
        if (status == MLSD_OK) status = find_outside(scope, r, &d, rows);
    }
    mlsd__free(a, d.order);
    mlsd__free(a, d.feature);
    mlsd__free(a, d.size);
    return status;
}

static mlsd_status put_dangerous(mlsd__scope *scope, const mlsd__robustness *r, mlsd_result *out)
{
    static const mlsd__row_column columns[] = {
        {"reason", MLSD_COLUMN_CATEGORY},  {"row", MLSD_COLUMN_I64},   {"size", MLSD_COLUMN_F64},
        {"feature", MLSD_COLUMN_CATEGORY}, {"value", MLSD_COLUMN_F64}, {"y", MLSD_COLUMN_F64},
        {"prediction", MLSD_COLUMN_F64},
    };
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, &out->allocator, columns, MLSD__COUNT(columns));
    const mlsd_status status = fill_dangerous(scope, r, &rows);
    if (status != MLSD_OK) {
        mlsd__rows_free(&rows);
        return status;
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(out, "dangerous_rows", table, false);
}

/* ---- words ---- */

static const mlsd__shake *find_shake(const mlsd__robustness *r, int64_t feature,
                                     mlsd__shake_how how)
{
    for (int64_t i = 0; i < r->n_shakes; i++) {
        if (r->shakes[i].feature == feature && r->shakes[i].how == how) return &r->shakes[i];
    }
    return NULL;
}

/* The column whose permuted values cost most, among those that cost anything; NULL for none. */
static const mlsd__shake *find_leaned_on(const mlsd__robustness *r)
{
    const mlsd__shake *most = NULL;
    for (int64_t i = 0; i < r->n_shakes; i++) {
        const mlsd__shake *const s = &r->shakes[i];
        if (s->how != MLSD__SHAKE_PERMUTED || !mlsd__shake_is_finding(r, s) ||
            !mlsd__shake_is_worse(r, s))
            continue;
        if (most == NULL || fabs(s->difference) > fabs(most->difference)) most = s;
    }
    return most;
}

static void say_flips(mlsd__text *t, const mlsd__robustness *r, const mlsd__shake *s)
{
    if (r->model->n_classes == 0) {
        mlsd__text_append(t, "predictions move by ");
        mlsd__words_number(t, s->shift);
        mlsd__text_append(t, " on average");
        return;
    }
    mlsd__text_fixed(t, 100 * flips_of(s), 1);
    mlsd__text_append(t, " % of the predicted classes change");
}

static void say_shake(mlsd__text *t, const mlsd__robustness *r, const mlsd__shake *s)
{
    const mlsd__estimate e = {.value = s->difference, .low = s->low, .high = s->high};
    mlsd__text_format(t, "%s is ", r->names[0]);
    mlsd__words_number(t, s->score);
    mlsd__text_append(t, " instead of ");
    mlsd__words_number(t, r->clean_score.value);
    mlsd__text_append(t, ", a difference of ");
    mlsd__words_estimate(t, &e, r->p->level);
    mlsd__text_append(t, ", and ");
    say_flips(t, r, s);
}

static void say_missing(mlsd__text *t, const mlsd__robustness *r, int64_t feature)
{
    const mlsd__shake *const s = find_shake(r, feature, MLSD__SHAKE_MISSING);
    if (s->is_refused) {
        mlsd__text_append(t, "; where it is missing the model refuses to predict");
        return;
    }
    mlsd__text_append(t, "; where it is missing, ");
    say_shake(t, r, s);
}

/* Changes of columns that the model does not take. */
static void say_refused(mlsd__text *t, const mlsd__robustness *r)
{
    int64_t n_missing = 0, n_unseen = 0;
    for (int64_t i = 0; i < r->n_shakes; i++) {
        n_missing += r->shakes[i].is_refused && r->shakes[i].how == MLSD__SHAKE_MISSING;
        n_unseen += r->shakes[i].is_refused && r->shakes[i].how == MLSD__SHAKE_UNSEEN;
    }
    if (n_missing > 0)
        mlsd__text_format(t, "; missing values are refused in %lld of %lld columns",
                          (long long)n_missing, (long long)r->n_features);
    if (n_unseen > 0)
        mlsd__text_format(t, "; categories that were never seen are refused in %lld column%s",
                          (long long)n_unseen, n_unseen == 1 ? "" : "s");
}

static void say(mlsd__text *t, const mlsd__robustness *r)
{
    const mlsd__shake *const most = find_leaned_on(r);
    if (r->support < (double)r->p->min_support) {
        mlsd__text_append(t, "too few rows (");
        mlsd__text_fixed(t, r->support, 0);
        mlsd__text_format(t, " that %s counts, %lld are needed) to say what the model leans on",
                          r->names[0], (long long)r->p->min_support);
    } else if (most == NULL) {
        mlsd__text_format(t,
                          "no column is shown to matter: permuted, none makes %s worse by more "
                          "than chance",
                          r->names[0]);
    } else {
        mlsd__text_format(t, "the model leans most on '%s': with its values permuted, ",
                          r->model->features[most->feature].name);
        say_shake(t, r, most);
        say_missing(t, r, most->feature);
    }
    say_refused(t, r);
}

/* ---- the result ---- */

static mlsd_status put_numbers(const mlsd__robustness *r, mlsd_result *out)
{
    double n_tested = 0, n_worse = 0, n_refused = 0;
    for (int64_t i = 0; i < r->n_shakes; i++) {
        const mlsd__shake *const s = &r->shakes[i];
        n_tested += !isnan(s->p_value);
        n_worse += mlsd__shake_is_finding(r, s) && mlsd__shake_is_worse(r, s);
        n_refused += s->is_refused;
    }
    MLSD__TRY(mlsd__result_set_f64(out, "clean", r->clean_score.value, false));
    MLSD__TRY(mlsd__result_set_f64(out, "clean_low", r->clean_score.low, false));
    MLSD__TRY(mlsd__result_set_f64(out, "clean_high", r->clean_score.high, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n", (double)r->n, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_tested", n_tested, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_worse", n_worse, false));
    return mlsd__result_set_f64(out, "n_refused", n_refused, false);
}

mlsd_status mlsd__robustness_report(mlsd__scope *scope, const mlsd__robustness *r, mlsd_result *out)
{
    const mlsd__shake *const most = find_leaned_on(r);
    const char *const leans_on = most == NULL ? "" : r->model->features[most->feature].name;
    mlsd__text verdict;
    MLSD__TRY(put_numbers(r, out));
    MLSD__TRY(mlsd__result_set_str(out, "metric", r->names[0], false));
    MLSD__TRY(mlsd__result_set_str(out, "leans_on", leans_on, false));
    MLSD__TRY(put_shakes(r, false, "features", out));
    MLSD__TRY(put_shakes(r, true, "missingness", out));
    MLSD__TRY(put_labels(r, out));
    MLSD__TRY(put_dangerous(scope, r, out));
    mlsd__text_init(&verdict, &out->allocator);
    say(&verdict, r);
    return mlsd__result_end_verdict(out, &verdict);
}
