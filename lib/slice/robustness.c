/* robustness.c - a fitted model asked again about rows whose columns were changed. What is drawn is
 * named by seed, column, repeat and row, so it depends neither on threads nor on what else is
 * tried. */
#include "slice/robustness_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/random.h"
#include "metric/adjust.h"
#include "numeric/blas.h"
#include "validate/compare_impl.h"

static const mlsd_param params[] = {
    MLSD__P_STR(mlsd__robustness_params, metric, "null",
                "what is scored, such as roc_auc or r2; null: log_loss or rmse"),
    MLSD__P_F64_LIST(mlsd__robustness_params, noise, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "[0.1,0.5]", NULL,
                     "noise put on columns of numbers, in their standard deviations"),
    MLSD__P_F64_LIST(mlsd__robustness_params, missing_rate, 0, 1, MLSD__OPEN_LOWER, "[0.1,0.3]",
                     NULL, "shares of all cells that are lost"),
    MLSD__P_F64_LIST(mlsd__robustness_params, label_noise, 0, 1, MLSD__OPEN_LOWER, "[0.05,0.1,0.2]",
                     NULL, "shares of labels that are made wrong"),
    MLSD__P_I64(mlsd__robustness_params, n_repeats, 1, 10000, "5", "log",
                "draws of each change that is drawn"),
    MLSD__P_I64(mlsd__robustness_params, n_rows, 0, 1000000, "20", "log",
                "dangerous rows that are listed at most for each reason"),
    MLSD__P_I64(mlsd__robustness_params, min_support, 2, 1000000000000.0, "30", "log",
                "rows that are needed for a judgement"),
    MLSD__P_F64(mlsd__robustness_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95",
                NULL, "level of intervals"),
    MLSD__P_I64(mlsd__robustness_params, seed, 0, 9007199254740992.0, "0", NULL,
                "seed of what is drawn"),
};

/* Steps of the range beyond which a value is put far outside. */
static const double FAR = 10;

/* ---- rows ---- */

static mlsd_status make_room(mlsd__scope *scope, mlsd__robustness *r)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__robustness_params *const p = r->p;
    int64_t n_shakes = 0;
    MLSD__TRY(mlsd__mul_size(r->n_features, p->noise.n + 4, &n_shakes));
    r->clean_loss = mlsd__alloc(a, r->n, sizeof *r->clean_loss);
    r->loss = mlsd__alloc(a, r->n, sizeof *r->loss);
    r->influence = mlsd__alloc(a, r->n, sizeof *r->influence);
    r->order = mlsd__alloc(a, r->n, sizeof *r->order);
    r->edge = mlsd__alloc(a, r->n, sizeof *r->edge);
    r->shakes = mlsd__alloc(a, n_shakes + p->missing_rate.n, sizeof *r->shakes);
    r->wrong = mlsd__alloc(a, p->label_noise.n, sizeof *r->wrong);
    if (r->clean_loss == NULL || r->loss == NULL || r->influence == NULL || r->order == NULL ||
        r->edge == NULL || r->shakes == NULL || r->wrong == NULL)
        return MLSD_E_NOMEM;
    return MLSD_OK;
}

/* Rows that weigh more than 0 close ranks. */
static void keep_rows(mlsd__robustness *r, int64_t n, const double *y, const double *weight)
{
    const size_t width = (size_t)r->n_features * sizeof *r->clean_x;
    r->n = 0;
    for (int64_t i = 0; i < n; i++) {
        if (weight != NULL && !(weight[i] > 0)) continue;
        r->row[r->n] = i;
        r->y[r->n] = y[i];
        if (weight != NULL) r->weight[r->n] = weight[i];
        memmove(r->clean_x + r->n * r->n_features, r->clean_x + i * r->n_features, width);
        r->n++;
    }
}

static mlsd_status copy_truth(mlsd__scope *scope, mlsd__robustness *r, const mlsd_dataset *data)
{
    const mlsd__allocator *const a = scope->allocator, *const theirs = &data->store->allocator;
    const int64_t n = data->n_rows;
    double *y = NULL, *weight = NULL;
    mlsd_status status = mlsd__model_gather_target(r->model, data, "data", &y);
    if (status == MLSD_OK) status = mlsd__dataset_gather_weight(data, &weight);
    if (status == MLSD_OK) {
        r->row = mlsd__alloc_raw(a, n, sizeof *r->row);
        r->y = mlsd__alloc_raw(a, n, sizeof *r->y);
        if (weight != NULL) r->weight = mlsd__alloc_raw(a, n, sizeof *r->weight);
        if (r->row == NULL || r->y == NULL || (weight != NULL && r->weight == NULL))
            status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK) keep_rows(r, n, y, weight);
    mlsd__free(theirs, weight);
    mlsd__free(theirs, y);
    return status;
}

static mlsd_status read_rows(mlsd__scope *scope, mlsd__robustness *r, const mlsd_dataset *data)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__aligned aligned;
    MLSD__TRY(mlsd__model_align(a, r->model, data, &aligned));
    const mlsd_status status = mlsd__frame_materialize(scope, &aligned.frame, &r->clean_x);
    mlsd__aligned_free(a, &aligned);
    MLSD__TRY(status);
    MLSD__TRY(copy_truth(scope, r, data));
    if (r->n == 0) return mlsd__fail(MLSD_E_DATA, "the data has no rows that weigh more than 0");
    r->x = mlsd__memdup(a, r->clean_x, r->n * r->n_features, sizeof *r->x);
    if (r->x == NULL) return MLSD_E_NOMEM;
    r->frame = (mlsd__frame){
        .n_rows = r->n,
        .n_features = r->n_features,
        .features = r->model->features,
        .matrix = {r->x, r->n, r->n_features, r->n_features, 1, MLSD_F64, 0},
        .n_source = r->n_features,
        .max_width = r->n_features,
    };
    return make_room(scope, r);
}

/* Of a number for each row, or the root of one. */
static bool is_mean(const mlsd__robustness *r)
{
    return r->metric->row_loss != NULL;
}

static mlsd_status score_clean(mlsd__scope *scope, mlsd__robustness *r)
{
    mlsd__scored scored;
    MLSD__TRY(mlsd__scoring_make_frame(scope, r->model, &r->frame, r->y, r->weight, r->names,
                                       r->n_names, true, &r->clean));
    mlsd__scoring_view(&r->clean, r->metric, &scored);
    MLSD__TRY(
        mlsd__metric_score(scope, r->metric, &scored, NULL, r->n, r->p->level, &r->clean_score));
    r->support = r->clean_score.support > 0 ? r->clean_score.support : (double)r->n;
    if (is_mean(r)) {
        mlsd__row_losses(r->metric, &r->clean, r->clean_loss);
    } else {
        MLSD__TRY(mlsd__robustness_leave_out(scope, r, &r->clean, &r->clean_value, r->clean_loss,
                                             &r->n_left));
    }
    return mlsd__checkpoint(scope);
}

/* ---- changes ---- */

/* Another level than `code`, all alike likely. */
static double other_level(mlsd__stream *stream, double code, int64_t n_levels)
{
    if (!(code >= 0) || n_levels < 2) return code;
    const double drawn = (double)mlsd__stream_below(stream, (uint64_t)n_levels - 1);
    return drawn >= code ? drawn + 1 : drawn;
}

static double changed(const mlsd__robustness *r, const mlsd__shake *s, int64_t draw, double sd,
                      int64_t i)
{
    const int64_t j = s->feature, p = r->n_features;
    const double x = r->clean_x[i * p + j];
    mlsd__stream stream;
    switch (s->how) {
    case MLSD__SHAKE_PERMUTED:
        return r->clean_x[r->order[i] * p + j];
    case MLSD__SHAKE_MISSING:
        return NAN;
    case MLSD__SHAKE_UNSEEN:
        return -1;
    case MLSD__SHAKE_NOISE:
    case MLSD__SHAKE_SWAPPED:
        mlsd__stream_init(&stream, (uint64_t)r->p->seed, (uint64_t)j, (uint64_t)draw,
                          (uint64_t)r->row[i], MLSD__PURPOSE_NOISE);
        if (s->how == MLSD__SHAKE_SWAPPED)
            return other_level(&stream, x, r->model->features[j].n_levels);
        return x + s->amount * sd * mlsd__stream_normal(&stream);
    default:
        return s->amount;
    }
}

typedef struct spread {
    double low, high, sd;
} spread;

static spread find_spread(const mlsd__robustness *r, int64_t j)
{
    spread s = {.low = NAN, .high = NAN, .sd = 0};
    double mean = 0, squares = 0, n = 0;
    for (int64_t i = 0; i < r->n; i++) {
        const double x = r->clean_x[i * r->n_features + j];
        if (isnan(x)) continue;
        const double d = x - mean;
        n++;
        mean += d / n;
        squares += d * (x - mean);
        if (!(x >= s.low)) s.low = x;
        if (!(x <= s.high)) s.high = x;
    }
    if (n > 1) s.sd = sqrt(squares / (n - 1));
    return s;
}

static mlsd_status change_column(mlsd__scope *scope, mlsd__robustness *r, const mlsd__shake *s,
                                 int64_t draw, double sd)
{
    if (s->how == MLSD__SHAKE_PERMUTED) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)r->p->seed, (uint64_t)s->feature, (uint64_t)draw, 0,
                          MLSD__PURPOSE_SHUFFLE);
        for (int64_t i = 0; i < r->n; i++) r->order[i] = i;
        mlsd__stream_shuffle(&stream, r->order, r->n);
    }
    for (int64_t i = 0; i < r->n; i++) {
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        r->x[i * r->n_features + s->feature] = changed(r, s, draw, sd, i);
    }
    return MLSD_OK;
}

/* The same cells are lost at a higher rate, and others. */
static mlsd_status lose_cells(mlsd__scope *scope, mlsd__robustness *r, double rate, int64_t draw)
{
    const int64_t p = r->n_features;
    for (int64_t i = 0; i < r->n; i++) {
        mlsd__stream stream;
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        mlsd__stream_init(&stream, (uint64_t)r->p->seed, (uint64_t)p, (uint64_t)draw,
                          (uint64_t)r->row[i], MLSD__PURPOSE_SUBSAMPLE);
        for (int64_t j = 0; j < p; j++) {
            const bool is_lost = mlsd__stream_double(&stream) < rate;
            r->x[i * p + j] = is_lost ? (double)NAN : r->clean_x[i * p + j];
        }
    }
    return MLSD_OK;
}

static void restore(mlsd__robustness *r, int64_t feature)
{
    const int64_t p = r->n_features;
    if (feature < 0) memcpy(r->x, r->clean_x, (size_t)(r->n * p) * sizeof *r->x);
    for (int64_t i = 0; feature >= 0 && i < r->n; i++)
        r->x[i * p + feature] = r->clean_x[i * p + feature];
}

/* ---- what the model makes of them ---- */

/* Answers of one draw; r->influence is free for them until the end. */
static mlsd_status add_answers(mlsd__scope *scope, mlsd__robustness *r, mlsd__shake *s,
                               const mlsd__scoring *scoring)
{
    const bool is_least = s->how == MLSD__SHAKE_NOISE && s->amount == r->least_noise;
    int64_t n = r->n;
    double value = NAN;
    if (is_mean(r)) {
        mlsd__row_losses(r->metric, scoring, r->influence);
    } else {
        MLSD__TRY(mlsd__robustness_leave_out(scope, r, scoring, &value, r->influence, &n));
    }
    s->total += value;
    for (int64_t i = 0; i < n; i++) r->loss[i] += r->influence[i];
    for (int64_t i = 0; i < r->n; i++) {
        const bool differs = scoring->values[i] != r->clean.values[i];
        s->shift += fabs(scoring->values[i] - r->clean.values[i]);
        s->n_changed += differs;
        if (is_least) r->edge[i] += differs;
    }
    s->n_asked += r->n;
    if (is_least) r->n_edge++;
    return MLSD_OK;
}

/* A model may refuse; that memory ran out or the call was cancelled is no answer. */
static mlsd_status ask(mlsd__scope *scope, mlsd__robustness *r, mlsd__shake *s)
{
    mlsd__scoring scoring;
    mlsd_status status = mlsd__scoring_make_frame(scope, r->model, &r->frame, r->y, r->weight,
                                                  r->names, r->n_names, false, &scoring);
    if (status == MLSD_E_NOMEM || status == MLSD_E_CANCELLED) return status;
    if (status != MLSD_OK) {
        s->is_refused = true;
        mlsd__text_append(&s->message, mlsd_last_error());
        return s->message.status;
    }
    status = add_answers(scope, r, s, &scoring);
    mlsd__scoring_free(&scoring);
    return status == MLSD_OK ? mlsd__checkpoint(scope) : status;
}

static double weighted_mean(const mlsd__robustness *r, const double *x)
{
    double sum = 0, total = 0;
    for (int64_t i = 0; i < r->n; i++) {
        const double w = r->weight == NULL ? 1 : r->weight[i];
        sum += w * x[i];
        total += w;
    }
    return sum / total;
}

/* Losses that differ by no more than the rounding of their sums do not differ. */
static bool differ(const mlsd__robustness *r, int64_t n, bool *out_varies)
{
    double low = INFINITY, high = -INFINITY, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = r->loss[i] - r->clean_loss[i];
        low = fmin(low, d);
        high = fmax(high, d);
        largest = fmax(largest, fmax(fabs(r->loss[i]), fabs(r->clean_loss[i])));
    }
    const double rounding = 64 * DBL_EPSILON * largest;
    *out_varies = high - low > rounding;
    return fmax(fabs(low), fabs(high)) > rounding;
}

static double slope_of(const mlsd__robustness *r, double mean)
{
    if (!r->metric->is_root) return 1;
    return mean > 0 ? 1 / (2 * sqrt(mean)) : 0;
}

/* The difference of means on the metric's scale with its standard error, paired row by row; of
 * roots by the delta method. Returns whether losses differ by more than one number. */
static bool judge_mean(mlsd__robustness *r, mlsd__shake *s, double *out_se, double *out_df)
{
    mlsd__estimate e;
    bool varies;
    if (!differ(r, r->n, &varies)) memcpy(r->loss, r->clean_loss, (size_t)r->n * sizeof *r->loss);
    const double before = weighted_mean(r, r->clean_loss), after = weighted_mean(r, r->loss);
    const double by = slope_of(r, after), from = slope_of(r, before);
    for (int64_t i = 0; i < r->n; i++)
        r->influence[i] = by * (r->loss[i] - after) - from * (r->clean_loss[i] - before);
    mlsd__estimate_from_influence(r->influence, r->weight, r->n, &e);
    s->score = r->metric->is_root ? sqrt(after) : after;
    s->difference = s->score - (r->metric->is_root ? sqrt(before) : before);
    *out_se = e.se;
    *out_df = e.df;
    return varies;
}

/* The same of any other metric. */
static bool judge_any(mlsd__robustness *r, mlsd__shake *s, double *out_se, double *out_df)
{
    bool varies;
    s->score = s->total / (double)s->n_draws;
    if (!differ(r, r->n_left, &varies)) s->score = r->clean_value;
    s->difference = s->score - r->clean_value;
    mlsd__robustness_jackknife(r->clean_loss, r->loss, r->n_left, out_se, out_df);
    return varies;
}

static void judge(mlsd__robustness *r, mlsd__shake *s)
{
    const mlsd__pair_settings settings = {.level = r->p->level, .power = NAN};
    const int64_t n = is_mean(r) ? r->n : r->n_left;
    mlsd__paired is;
    double se, df;
    mlsd__paired_clear(&is);
    for (int64_t i = 0; i < n; i++) r->loss[i] /= (double)s->n_draws;
    const bool varies = is_mean(r) ? judge_mean(r, s, &se, &df) : judge_any(r, s, &se, &df);
    s->shift /= (double)s->n_asked;
    mlsd__paired_by_t(&is, &settings, s->difference, varies ? se : (double)NAN, df);
    s->difference = is.difference;
    s->low = is.low;
    s->high = is.high;
    if (isfinite(s->score) && r->support >= (double)r->p->min_support) s->p_value = is.p_value;
}

static mlsd_status shake(mlsd__scope *scope, mlsd__robustness *r, mlsd__shake *s, double sd)
{
    mlsd_status status = MLSD_OK;
    memset(r->loss, 0, (size_t)r->n * sizeof *r->loss);
    for (int64_t draw = 0; draw < s->n_draws && !s->is_refused && status == MLSD_OK; draw++) {
        status = s->feature < 0 ? lose_cells(scope, r, s->amount, draw)
                                : change_column(scope, r, s, draw, sd);
        if (status == MLSD_OK) status = ask(scope, r, s);
    }
    restore(r, s->feature);
    if (status == MLSD_OK && !s->is_refused) judge(r, s);
    mlsd__stage_advance(scope, 1);
    return status;
}

static mlsd_status try_one(mlsd__scope *scope, mlsd__robustness *r, int64_t feature,
                           mlsd__shake_how how, double amount, double sd)
{
    const bool is_drawn = how == MLSD__SHAKE_PERMUTED || how == MLSD__SHAKE_NOISE ||
                          how == MLSD__SHAKE_SWAPPED || how == MLSD__SHAKE_SOME_MISSING;
    mlsd__shake *const s = &r->shakes[r->n_shakes++];
    *s = (mlsd__shake){.feature = feature,
                       .how = how,
                       .amount = amount,
                       .n_draws = is_drawn ? r->p->n_repeats : 1,
                       .score = NAN,
                       .difference = NAN,
                       .low = NAN,
                       .high = NAN,
                       .p_value = NAN,
                       .q_value = NAN};
    mlsd__text_init(&s->message, scope->allocator);
    return shake(scope, r, s, sd);
}

static mlsd_status try_numbers(mlsd__scope *scope, mlsd__robustness *r, int64_t j)
{
    const mlsd__f64_list *const noise = &r->p->noise;
    const spread s = find_spread(r, j);
    double range = s.high - s.low;
    if (range == 0) range = fmax(1, fabs(s.high));
    for (int64_t k = 0; k < noise->n; k++)
        MLSD__TRY(try_one(scope, r, j, MLSD__SHAKE_NOISE, noise->values[k], s.sd));
    MLSD__TRY(try_one(scope, r, j, MLSD__SHAKE_MISSING, NAN, 0));
    MLSD__TRY(try_one(scope, r, j, MLSD__SHAKE_BELOW, s.low - FAR * range, 0));
    return try_one(scope, r, j, MLSD__SHAKE_ABOVE, s.high + FAR * range, 0);
}

static mlsd_status try_categories(mlsd__scope *scope, mlsd__robustness *r, int64_t j)
{
    MLSD__TRY(try_one(scope, r, j, MLSD__SHAKE_MISSING, NAN, 0));
    MLSD__TRY(try_one(scope, r, j, MLSD__SHAKE_UNSEEN, NAN, 0));
    return try_one(scope, r, j, MLSD__SHAKE_SWAPPED, NAN, 0);
}

static mlsd_status try_all(mlsd__scope *scope, mlsd__robustness *r)
{
    const mlsd__f64_list *const noise = &r->p->noise, *const rates = &r->p->missing_rate;
    r->least_noise = INFINITY;
    for (int64_t k = 0; k < noise->n; k++) r->least_noise = fmin(r->least_noise, noise->values[k]);
    for (int64_t j = 0; j < r->n_features; j++) {
        MLSD__TRY(try_one(scope, r, j, MLSD__SHAKE_PERMUTED, NAN, 0));
        MLSD__TRY(r->model->features[j].type == MLSD__CATEGORY ? try_categories(scope, r, j)
                                                               : try_numbers(scope, r, j));
    }
    for (int64_t k = 0; k < rates->n; k++)
        MLSD__TRY(try_one(scope, r, -1, MLSD__SHAKE_SOME_MISSING, rates->values[k], 0));
    return MLSD_OK;
}

/* ---- wrong labels ---- */

/* Another class, or the number of any row. */
static void spoil_labels(const mlsd__robustness *r, double rate, int64_t draw, double *y)
{
    for (int64_t i = 0; i < r->n; i++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)r->p->seed, 0, (uint64_t)draw, (uint64_t)r->row[i],
                          MLSD__PURPOSE_RESAMPLE);
        y[i] = r->y[i];
        if (!(mlsd__stream_double(&stream) < rate)) continue;
        y[i] = r->model->n_classes > 0 ? other_level(&stream, y[i], r->model->n_classes)
                                       : r->y[mlsd__stream_below(&stream, (uint64_t)r->n)];
    }
}

static mlsd_status try_labels(mlsd__scope *scope, mlsd__robustness *r)
{
    mlsd__scoring scoring = r->clean;
    scoring.y = r->influence;
    for (int64_t k = 0; k < r->p->label_noise.n; k++) {
        mlsd__wrong_labels *const w = &r->wrong[k];
        double squares = 0;
        *w = (mlsd__wrong_labels){.rate = r->p->label_noise.values[k]};
        for (int64_t draw = 0; draw < r->p->n_repeats; draw++) {
            mlsd__estimate e;
            spoil_labels(r, w->rate, draw, r->influence);
            MLSD__TRY(mlsd__scoring_score(scope, &scoring, r->names[0], NAN, &e));
            MLSD__TRY(mlsd__checkpoint(scope));
            const double d = e.value - w->score;
            w->score += d / (double)(draw + 1);
            squares += d * (e.value - w->score);
        }
        w->sd = r->p->n_repeats > 1 ? sqrt(squares / (double)(r->p->n_repeats - 1)) : (double)NAN;
    }
    return MLSD_OK;
}

/* ---- all of it ---- */

static mlsd_status correct(const mlsd__allocator *a, mlsd__robustness *r)
{
    double *const q = mlsd__alloc_raw(a, r->n_shakes, sizeof *q);
    if (q == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < r->n_shakes; i++) q[i] = r->shakes[i].p_value;
    const mlsd_status status =
        mlsd__adjust_p_values(a, MLSD__BENJAMINI_HOCHBERG, q, r->n_shakes, q);
    for (int64_t i = 0; i < r->n_shakes && status == MLSD_OK; i++) r->shakes[i].q_value = q[i];
    mlsd__free(a, q);
    return status;
}

static mlsd_status prepare(mlsd__robustness *r)
{
    const mlsd_model *const model = r->model;
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(model->spec));
    if (model->task == MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_UNSUPPORTED, "'%s' predicts no target, so it has no score", kind);
    if (model->ops->clock != NULL || mlsd__model_width(model, MLSD_OUTPUT_VALUE) != 1)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "robustness is about models that predict one target from columns, which "
                          "'%s' does not",
                          kind);
    r->n_features = model->n_features;
    r->names[0] = r->p->metric != NULL ? r->p->metric : mlsd__metric_default(model->task);
    r->names[1] = "accuracy";
    r->n_names = model->n_classes > 0 ? 2 : 1;
    MLSD__TRY(mlsd__metric_check(r->names[0], model->task));
    return mlsd__metric_find(r->names[0], &r->metric);
}

static mlsd_status run(mlsd__scope *scope, mlsd__robustness *r, const mlsd_dataset *data)
{
    MLSD__TRY(prepare(r));
    MLSD__TRY(read_rows(scope, r, data));
    MLSD__TRY(score_clean(scope, r));
    mlsd__stage_begin(scope, "robustness",
                      r->n_features * (r->p->noise.n + 4) + r->p->missing_rate.n);
    mlsd_status status = try_all(scope, r);
    if (status == MLSD_OK) status = try_labels(scope, r);
    mlsd__stage_end(scope);
    return status == MLSD_OK ? correct(scope->allocator, r) : status;
}

static void end(const mlsd__allocator *a, mlsd__robustness *r)
{
    for (int64_t i = 0; i < r->n_shakes; i++) mlsd__text_free(&r->shakes[i].message);
    mlsd__scoring_free(&r->clean);
    mlsd__free(a, r->wrong);
    mlsd__free(a, r->shakes);
    mlsd__free(a, r->edge);
    mlsd__free(a, r->order);
    mlsd__free(a, r->influence);
    mlsd__free(a, r->loss);
    mlsd__free(a, r->clean_loss);
    mlsd__free(a, r->x);
    mlsd__free(a, r->weight);
    mlsd__free(a, r->y);
    mlsd__free(a, r->row);
    mlsd__free(a, r->clean_x);
}

mlsd_status mlsd_robustness(const mlsd_context *context, const mlsd_spec *analysis,
                            const mlsd_model *model, const mlsd_dataset *data, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(analysis, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    MLSD__REQUIRE_LIVE(data, MLSD__MAGIC_DATASET, "dataset");
    MLSD__TRY(mlsd__spec_require(analysis, "robustness"));
    mlsd__robustness r = {.p = mlsd__spec_params(analysis), .model = model};
    mlsd__scope scope;
    mlsd_result *result = NULL;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd_status status = run(&scope, &r, data);
    if (status == MLSD_OK) status = mlsd__result_new(scope.allocator, "robustness", &result);
    if (status == MLSD_OK) status = mlsd__robustness_report(&scope, &r, result);
    if (status == MLSD_OK) {
        *out = result;
    } else {
        mlsd_result_free(result);
    }
    end(scope.allocator, &r);
    mlsd__scope_close(&scope);
    return status;
}

const mlsd_kind mlsd__kind_robustness = {
    .name = "robustness",
    .family = "robustness",
    .doc = "A fitted model on rows whose columns are shaken, lost or far outside",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__robustness_params),
};
