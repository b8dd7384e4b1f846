/* curve.c - a curve's life and its points. Every value is kept as it came, NaN and infinities too,
 * in the place of its x. What watches them is in curve_watch.c, what is made of them in
 * curve_table.c and curve_band.c. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/text.h"
#include "curve/curve_impl.h"
#include "numeric/rank.h"

static mlsd_status check_rule(const mlsd__early_stopping *rule)
{
    const bool by_ratio =
        rule->criterion == MLSD__CRITERION_GL || rule->criterion == MLSD__CRITERION_PQ;
    if (by_ratio && (rule->maximize || rule->maximize_monitors.n > 0))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'criterion' gl and pq compare losses by their ratio: watch a loss, or "
                          "use criterion patience or up where higher is better");
    if (rule->smoothing == MLSD__SMOOTH_MEDIAN && rule->smoothing_window % 2 == 0)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'smoothing_window' must be odd, got %lld",
                          (long long)rule->smoothing_window);
    return MLSD_OK;
}

/* Copy the rule, and make room for what it watches. */
static mlsd_status take_rule(mlsd_curve *curve, const mlsd_spec *early_stopping)
{
    MLSD__TRY(mlsd_spec_clone(early_stopping, &curve->spec));
    curve->rule = mlsd__spec_params(curve->spec);
    MLSD__TRY(check_rule(curve->rule));
    const int64_t n = curve->rule->monitor.n;
    curve->stoppers = mlsd__alloc(&curve->allocator, n, sizeof *curve->stoppers);
    curve->x = mlsd__strdup(&curve->allocator, "step");
    if (curve->stoppers == NULL || curve->x == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) mlsd__stopper_init(&curve->stoppers[i]);
    return MLSD_OK;
}

mlsd_status mlsd__curve_make(const mlsd__allocator *a, const mlsd_spec *early_stopping,
                             mlsd_curve **out)
{
    mlsd_curve *curve = mlsd__alloc(a, 1, sizeof *curve);
    if (curve == NULL) return MLSD_E_NOMEM;
    curve->magic = MLSD__MAGIC_CURVE;
    curve->allocator = *a;
    curve->start = NAN;
    const mlsd_status status = take_rule(curve, early_stopping);
    if (status == MLSD_OK)
        *out = curve;
    else
        mlsd_curve_free(curve);
    return status;
}

mlsd_status mlsd_curve_new(const mlsd_context *context, const mlsd_spec *early_stopping,
                           mlsd_curve **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    const mlsd__allocator *a = mlsd__context_allocator(context);
    mlsd_spec *defaults = NULL;
    if (early_stopping == NULL) {
        MLSD__TRY(mlsd__spec_new(a, "early_stopping", &defaults));
        early_stopping = defaults;
    }
    MLSD__REQUIRE_LIVE(early_stopping, MLSD__MAGIC_SPEC, "spec");
    const char *kind = mlsd_kind_name(mlsd_spec_kind(early_stopping));
    if (strcmp(kind, "early_stopping") != 0)
        return mlsd__fail(MLSD_E_KIND,
                          "a curve is watched by a spec of kind 'early_stopping', got '%s'", kind);
    const mlsd_status status = mlsd__curve_make(a, early_stopping, out);
    mlsd_spec_free(defaults);
    return status;
}

static void free_series(const mlsd__allocator *a, mlsd__curve_series *s)
{
    mlsd__free(a, s->metric);
    mlsd__free(a, s->set);
    mlsd__free(a, s->name);
    mlsd__free(a, s->points);
}

void mlsd_curve_free(mlsd_curve *curve)
{
    if (!MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE)) return;
    const mlsd__allocator a = curve->allocator;
    for (int64_t i = 0; i < curve->n_series; i++) free_series(&a, &curve->series[i]);
    for (int64_t i = 0; i < curve->n_sets; i++) mlsd__free(&a, curve->sets[i].name);
    mlsd__free(&a, curve->series);
    mlsd__free(&a, curve->sets);
    mlsd__free(&a, curve->stoppers);
    mlsd__free(&a, curve->x);
    mlsd_spec_free(curve->spec);
    curve->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, curve);
}

/* ---- series ---- */

mlsd__curve_series *mlsd__curve_find(const mlsd_curve *curve, const char *metric, const char *set,
                                     int64_t fold, int64_t repeat)
{
    for (int64_t i = 0; i < curve->n_series; i++) {
        mlsd__curve_series *const s = &curve->series[i];
        if (s->fold == fold && s->repeat == repeat && strcmp(s->set, set) == 0 &&
            strcmp(s->metric, metric) == 0)
            return s;
    }
    return NULL;
}

static mlsd_status check_text(const char *noun, const char *text)
{
    size_t bad = 0;
    MLSD__REQUIRE(text != NULL && text[0] != '\0', "%s needs a name", noun);
    MLSD__REQUIRE(mlsd__utf8_valid(text, strlen(text), &bad),
                  "the name of %s is not UTF-8 at byte %zu", noun, bad);
    return MLSD_OK;
}

static mlsd_status check_series(const mlsd_curve *curve, const char *metric, const char *set,
                                int64_t fold, int64_t repeat)
{
    MLSD__TRY(check_text("a series", set));
    MLSD__TRY(check_text("a metric", metric));
    MLSD__REQUIRE(strchr(metric, '/') == NULL, "a metric has no '/' in its name, got '%.60s'",
                  metric);
    MLSD__REQUIRE(strcmp(set, curve->x) != 0,
                  "a series cannot be called '%.60s': that is the column of the %.60ss", set,
                  curve->x);
    MLSD__REQUIRE(fold >= -1 && repeat >= 0,
                  "a fold is -1 (none) or more and a repeat 0 or more, got %lld and %lld",
                  (long long)fold, (long long)repeat);
    return MLSD_OK;
}

static mlsd_status name_series(const mlsd__allocator *a, mlsd__curve_series *s)
{
    mlsd__text name;
    mlsd__text_init(&name, a);
    if (strcmp(s->metric, "loss") != 0) mlsd__text_format(&name, "%s/", s->metric);
    mlsd__text_append(&name, s->set);
    if (s->fold >= 0) mlsd__text_format(&name, " fold %lld", (long long)s->fold);
    if (s->repeat > 0) mlsd__text_format(&name, " repeat %lld", (long long)s->repeat);
    s->name = name.data;
    return name.status;
}

static mlsd_status fill_series(mlsd_curve *curve, const char *metric, const char *set,
                               mlsd__curve_series *s)
{
    const mlsd__early_stopping *const rule = curve->rule;
    s->metric = mlsd__strdup(&curve->allocator, metric);
    s->set = mlsd__strdup(&curve->allocator, set);
    if (s->metric == NULL || s->set == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(name_series(&curve->allocator, s));
    for (int64_t i = 0; s->monitor < 0 && i < rule->monitor.n; i++)
        if (strcmp(rule->monitor.values[i], s->name) == 0) s->monitor = i;
    s->is_training = rule->training != NULL && strcmp(rule->training, s->name) == 0;
    return MLSD_OK;
}

mlsd_status mlsd_curve_series(mlsd_curve *curve, const char *metric, const char *set, int64_t fold,
                              int64_t repeat, int64_t *out)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    MLSD__TRY(check_series(curve, metric, set, fold, repeat));
    const mlsd__curve_series *const found = mlsd__curve_find(curve, metric, set, fold, repeat);
    if (found != NULL) {
        *out = found - curve->series;
        return MLSD_OK;
    }
    void *series = curve->series;
    MLSD__TRY(mlsd__reserve(&curve->allocator, &series, &curve->capacity, curve->n_series + 1,
                            sizeof *curve->series));
    curve->series = series;
    mlsd__curve_series *const s = &curve->series[curve->n_series];
    *s = (mlsd__curve_series){.fold = fold, .repeat = repeat, .monitor = -1};
    const mlsd_status status = fill_series(curve, metric, set, s);
    if (status != MLSD_OK) {
        free_series(&curve->allocator, s);
        return status;
    }
    *out = curve->n_series++;
    return MLSD_OK;
}

/* ---- points ---- */

/* Where the first point at or after x is. */
static int64_t place_of(const mlsd__curve_series *s, double x)
{
    int64_t low = 0, high = s->n;
    if (s->n > 0 && s->points[s->n - 1].x < x) return s->n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (s->points[middle].x < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

mlsd_status mlsd__curve_put(mlsd_curve *curve, mlsd__curve_series *s, double x, double value)
{
    const int64_t at = place_of(s, x);
    if (at < s->n && s->points[at].x == x) {
        s->points[at].value = value;
        return MLSD_OK;
    }
    void *points = s->points;
    MLSD__TRY(mlsd__reserve(&curve->allocator, &points, &s->capacity, s->n + 1, sizeof *s->points));
    s->points = points;
    const size_t n_after = (size_t)(s->n - at);
    if (n_after > 0) memmove(s->points + at + 1, s->points + at, n_after * sizeof *s->points);
    s->points[at] = (mlsd__curve_point){x, value};
    s->n++;
    return MLSD_OK;
}

mlsd_status mlsd__curve_put_all(mlsd_curve *curve, mlsd__curve_series *s,
                                const mlsd__curve_point *points, int64_t n)
{
    const mlsd__allocator *const a = &curve->allocator;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const x = mlsd__alloc_raw(a, n, sizeof *x);
    mlsd_status status = order != NULL && x != NULL ? MLSD_OK : MLSD_E_NOMEM;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) x[i] = points[i].x;
    if (status == MLSD_OK) status = mlsd__argsort(a, x, n, order);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++)
        status = mlsd__curve_put(curve, s, points[order[i]].x, points[order[i]].value);
    mlsd__free(a, order);
    mlsd__free(a, x);
    return status;
}

static const mlsd__curve_series *series_at(const mlsd_curve *curve, int64_t series)
{
    if (series < 0 || series >= mlsd_curve_series_count(curve)) return NULL;
    return &curve->series[series];
}

mlsd_status mlsd_curve_add_point(mlsd_curve *curve, int64_t series, double x, double value)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE(series_at(curve, series) != NULL, "there is no series %lld: the curve has %lld",
                  (long long)series, (long long)curve->n_series);
    mlsd__curve_series *const s = &curve->series[series];
    MLSD__REQUIRE(isfinite(x), "a point of series '%.100s' has a %s that is not finite", s->name,
                  curve->x);
    MLSD__TRY(mlsd__curve_put(curve, s, x, value));
    return mlsd__curve_watch(curve, s, x, value);
}

mlsd_status mlsd_curve_add(mlsd_curve *curve, const char *set, int64_t step, double value)
{
    int64_t series = 0;
    MLSD__TRY(mlsd_curve_series(curve, "loss", set, -1, 0, &series));
    return mlsd_curve_add_point(curve, series, (double)step, value);
}

mlsd_status mlsd_curve_set_x(mlsd_curve *curve, const char *name)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__TRY(check_text("x", name));
    for (int64_t i = 0; i < curve->n_series; i++)
        MLSD__REQUIRE(strcmp(curve->series[i].name, name) != 0,
                      "x cannot be called '%.60s': that is a series", name);
    char *const copy = mlsd__strdup(&curve->allocator, name);
    if (copy == NULL) return MLSD_E_NOMEM;
    mlsd__free(&curve->allocator, curve->x);
    curve->x = copy;
    return MLSD_OK;
}

const char *mlsd_curve_x(const mlsd_curve *curve)
{
    return MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE) ? curve->x : NULL;
}

int64_t mlsd_curve_series_count(const mlsd_curve *curve)
{
    return MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE) ? curve->n_series : 0;
}

const char *mlsd_curve_series_name(const mlsd_curve *curve, int64_t series)
{
    const mlsd__curve_series *const s = series_at(curve, series);
    return s != NULL ? s->name : NULL;
}

const char *mlsd_curve_series_metric(const mlsd_curve *curve, int64_t series)
{
    const mlsd__curve_series *const s = series_at(curve, series);
    return s != NULL ? s->metric : NULL;
}

const char *mlsd_curve_series_set(const mlsd_curve *curve, int64_t series)
{
    const mlsd__curve_series *const s = series_at(curve, series);
    return s != NULL ? s->set : NULL;
}

int64_t mlsd_curve_series_fold(const mlsd_curve *curve, int64_t series)
{
    const mlsd__curve_series *const s = series_at(curve, series);
    return s != NULL ? s->fold : -1;
}

int64_t mlsd_curve_series_repeat(const mlsd_curve *curve, int64_t series)
{
    const mlsd__curve_series *const s = series_at(curve, series);
    return s != NULL ? s->repeat : -1;
}

int64_t mlsd_curve_point_count(const mlsd_curve *curve, int64_t series)
{
    const mlsd__curve_series *const s = series_at(curve, series);
    return s != NULL ? s->n : 0;
}

mlsd_status mlsd_curve_point(const mlsd_curve *curve, int64_t series, int64_t i, double *out_x,
                             double *out_value)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE(out_x != NULL && out_value != NULL, "'out_x' or 'out_value' is NULL");
    const mlsd__curve_series *const s = series_at(curve, series);
    MLSD__REQUIRE(s != NULL, "there is no series %lld: the curve has %lld", (long long)series,
                  (long long)curve->n_series);
    MLSD__REQUIRE(i >= 0 && i < s->n, "there is no point %lld: series '%s' has %lld", (long long)i,
                  s->name, (long long)s->n);
    *out_x = s->points[i].x;
    *out_value = s->points[i].value;
    return MLSD_OK;
}

/* ---- sets, and other curves ---- */

mlsd_status mlsd_curve_add_set(mlsd_curve *curve, const char *name, const mlsd_dataset *data)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE_LIVE(data, MLSD__MAGIC_DATASET, "dataset");
    MLSD__TRY(check_series(curve, "loss", name, -1, 0));
    bool is_taken = strcmp(name, "train") == 0 || strcmp(name, "valid") == 0;
    for (int64_t i = 0; i < curve->n_sets; i++) is_taken |= strcmp(curve->sets[i].name, name) == 0;
    MLSD__REQUIRE(!is_taken, "there is a set '%.60s' already", name);
    void *sets = curve->sets;
    MLSD__TRY(mlsd__reserve(&curve->allocator, &sets, &curve->sets_capacity, curve->n_sets + 1,
                            sizeof *curve->sets));
    curve->sets = sets;
    char *const copy = mlsd__strdup(&curve->allocator, name);
    if (copy == NULL) return MLSD_E_NOMEM;
    curve->sets[curve->n_sets++] = (mlsd__curve_set){copy, data};
    return MLSD_OK;
}

mlsd_status mlsd_curve_merge(mlsd_curve *curve, const mlsd_curve *other, int64_t fold,
                             int64_t repeat)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE_LIVE(other, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE(curve != other, "a curve cannot be merged into itself");
    for (int64_t i = 0; i < other->n_series; i++) {
        const mlsd__curve_series *const from = &other->series[i];
        const bool is_outside = from->fold < 0;
        int64_t to = 0;
        MLSD__TRY(mlsd_curve_series(curve, from->metric, from->set, is_outside ? fold : from->fold,
                                    is_outside ? repeat : from->repeat, &to));
        for (int64_t k = 0; k < from->n; k++)
            MLSD__TRY(mlsd__curve_put(curve, &curve->series[to], from->points[k].x,
                                      from->points[k].value));
    }
    return MLSD_OK;
}
