/* curve.c - loss curves: named series of (step, value), one of which a rule of early stopping
 * watches. Every value is kept as it came, NaN and infinities too; the rule's own state is in
 * early_stopping.c. */
#include "mlsd/curve.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/kindtable.h"
#include "base/scope.h"
#include "base/text.h"
#include "curve/curve_impl.h"
#include "data/table_impl.h"

typedef struct curve_point {
    int64_t step;
    double value;
} curve_point;

typedef struct curve_series {
    char *name;
    curve_point *points;
    int64_t n, capacity;
} curve_series;

struct mlsd_curve {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd__early_stopping rule; /* monitor is owned */
    mlsd__stopper stopper;
    mlsd_stop_reason end; /* the fit's own, where the rule has none */
    curve_series *series;
    int64_t n_series, capacity;
};

mlsd_status mlsd__curve_new(const mlsd__allocator *a, const mlsd__early_stopping *rule,
                            mlsd_curve **out)
{
    *out = NULL;
    mlsd_curve *curve = mlsd__alloc(a, 1, sizeof *curve);
    if (curve == NULL) return MLSD_E_NOMEM;
    curve->magic = MLSD__MAGIC_CURVE;
    curve->allocator = *a;
    curve->rule = *rule;
    mlsd__stopper_init(&curve->stopper);
    if (rule->monitor != NULL) {
        curve->rule.monitor = mlsd__strdup(a, rule->monitor);
        if (curve->rule.monitor == NULL) {
            mlsd_curve_free(curve);
            return MLSD_E_NOMEM;
        }
    }
    *out = curve;
    return MLSD_OK;
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
    const mlsd_status status = mlsd__curve_new(a, mlsd__spec_params(early_stopping), out);
    mlsd_spec_free(defaults);
    return status;
}

void mlsd_curve_free(mlsd_curve *curve)
{
    if (!MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE)) return;
    const mlsd__allocator a = curve->allocator;
    for (int64_t i = 0; i < curve->n_series; i++) {
        mlsd__free(&a, curve->series[i].name);
        mlsd__free(&a, curve->series[i].points);
    }
    mlsd__free(&a, curve->series);
    mlsd__free(&a, curve->rule.monitor);
    curve->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, curve);
}

static curve_series *find_series(const mlsd_curve *curve, const char *name)
{
    for (int64_t i = 0; i < curve->n_series; i++)
        if (strcmp(curve->series[i].name, name) == 0) return &curve->series[i];
    return NULL;
}

static mlsd_status check_name(const char *name)
{
    size_t bad = 0;
    MLSD__REQUIRE(name != NULL && name[0] != '\0', "a series needs a name");
    MLSD__REQUIRE(mlsd__utf8_valid(name, strlen(name), &bad),
                  "the name of a series is not UTF-8 at byte %zu", bad);
    MLSD__REQUIRE(strcmp(name, "step") != 0,
                  "a series cannot be called 'step': that is the column of the steps");
    return MLSD_OK;
}

static mlsd_status make_series(mlsd_curve *curve, const char *name, curve_series **out)
{
    const mlsd__allocator *a = &curve->allocator;
    void *series = curve->series;
    MLSD__TRY(
        mlsd__reserve(a, &series, &curve->capacity, curve->n_series + 1, sizeof(curve_series)));
    curve->series = series;
    char *copy = mlsd__strdup(a, name);
    if (copy == NULL) return MLSD_E_NOMEM;
    *out = &curve->series[curve->n_series++];
    **out = (curve_series){.name = copy};
    return MLSD_OK;
}

mlsd_status mlsd_curve_add(mlsd_curve *curve, const char *series, int64_t step, double value)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__TRY(check_name(series));
    curve_series *s = find_series(curve, series);
    if (s == NULL) MLSD__TRY(make_series(curve, series, &s));
    void *points = s->points;
    const mlsd_status status =
        mlsd__reserve(&curve->allocator, &points, &s->capacity, s->n + 1, sizeof *s->points);
    if (status != MLSD_OK) {
        if (s->n == 0) mlsd__free(&curve->allocator, curve->series[--curve->n_series].name);
        return status;
    }
    s->points = points;
    s->points[s->n++] = (curve_point){step, value};
    if (mlsd__curve_watches(curve, series))
        mlsd__stopper_add(&curve->stopper, &curve->rule, step, value);
    return MLSD_OK;
}

int64_t mlsd_curve_series_count(const mlsd_curve *curve)
{
    return MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE) ? curve->n_series : 0;
}

static const curve_series *series_at(const mlsd_curve *curve, int64_t series)
{
    if (series < 0 || series >= mlsd_curve_series_count(curve)) return NULL;
    return &curve->series[series];
}

const char *mlsd_curve_series_name(const mlsd_curve *curve, int64_t series)
{
    const curve_series *s = series_at(curve, series);
    return s != NULL ? s->name : NULL;
}

int64_t mlsd_curve_point_count(const mlsd_curve *curve, int64_t series)
{
    const curve_series *s = series_at(curve, series);
    return s != NULL ? s->n : 0;
}

mlsd_status mlsd_curve_point(const mlsd_curve *curve, int64_t series, int64_t i, int64_t *out_step,
                             double *out_value)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE(out_step != NULL && out_value != NULL, "'out_step' or 'out_value' is NULL");
    const curve_series *s = series_at(curve, series);
    MLSD__REQUIRE(s != NULL, "there is no series %lld: the curve has %lld", (long long)series,
                  (long long)curve->n_series);
    MLSD__REQUIRE(i >= 0 && i < s->n, "there is no point %lld: series '%s' has %lld", (long long)i,
                  s->name, (long long)s->n);
    *out_step = s->points[i].step;
    *out_value = s->points[i].value;
    return MLSD_OK;
}

int32_t mlsd_curve_should_stop(const mlsd_curve *curve)
{
    return MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE) && curve->stopper.reason != MLSD_STOP_NONE;
}

mlsd_stop_reason mlsd_curve_stop_reason(const mlsd_curve *curve)
{
    if (!MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE)) return MLSD_STOP_NONE;
    return curve->stopper.reason != MLSD_STOP_NONE ? curve->stopper.reason : curve->end;
}

int64_t mlsd_curve_best_step(const mlsd_curve *curve)
{
    return MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE) ? curve->stopper.best_step : -1;
}

double mlsd_curve_best_value(const mlsd_curve *curve)
{
    return MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE) ? curve->stopper.best : NAN;
}

bool mlsd__curve_watches(const mlsd_curve *curve, const char *series)
{
    return curve->rule.monitor != NULL && strcmp(curve->rule.monitor, series) == 0;
}

bool mlsd__curve_improved(const mlsd_curve *curve)
{
    return curve->stopper.improved;
}

bool mlsd__curve_restores_best(const mlsd_curve *curve)
{
    return curve->rule.restore_best != 0;
}

void mlsd__curve_end(mlsd_curve *curve, mlsd_stop_reason reason)
{
    curve->end = reason;
}

/* Ascending and distinct, in place (heap sort: no scratch, no worst case); returns how many. */
static int64_t sort_unique(int64_t *x, int64_t n)
{
    int64_t start = n / 2, end = n;
    while (end > 1) {
        if (start > 0) {
            start--;
        } else {
            end--;
            const int64_t top = x[end];
            x[end] = x[0];
            x[0] = top;
        }
        int64_t root = start, child = 2 * start + 1;
        const int64_t value = x[root];
        while (child < end) {
            if (child + 1 < end && x[child] < x[child + 1]) child++;
            if (value >= x[child]) break;
            x[root] = x[child];
            root = child;
            child = 2 * root + 1;
        }
        x[root] = value;
    }
    int64_t n_distinct = 0;
    for (int64_t i = 0; i < n; i++)
        if (n_distinct == 0 || x[n_distinct - 1] != x[i]) x[n_distinct++] = x[i];
    return n_distinct;
}

/* All steps of all series, ascending, each once; *out is owned. */
static mlsd_status collect_steps(const mlsd_curve *curve, const mlsd__allocator *a, int64_t **out,
                                 int64_t *out_n)
{
    int64_t n = 0;
    for (int64_t k = 0; k < curve->n_series; k++) n += curve->series[k].n;
    int64_t *steps = mlsd__alloc(a, n, sizeof *steps);
    if (steps == NULL) return MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t k = 0; k < curve->n_series; k++)
        for (int64_t i = 0; i < curve->series[k].n; i++)
            steps[at++] = curve->series[k].points[i].step;
    *out = steps;
    *out_n = sort_unique(steps, n);
    return MLSD_OK;
}

/* A series' values on those steps; where a step came twice the later point counts. */
static void spread_values(const curve_series *s, const int64_t *steps, int64_t n, double *values)
{
    for (int64_t i = 0; i < n; i++) values[i] = NAN;
    for (int64_t i = 0; i < s->n; i++) {
        int64_t low = 0, high = n - 1;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (steps[middle] < s->points[i].step)
                low = middle + 1;
            else
                high = middle;
        }
        values[low] = s->points[i].value;
    }
}

mlsd_status mlsd_curve_to_table(const mlsd_context *context, const mlsd_curve *curve,
                                mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");

    const mlsd__allocator *a = mlsd__context_allocator(context);
    int64_t n = 0, *steps = NULL;
    double *values = NULL;
    mlsd_table *table = NULL;
    mlsd_status status = collect_steps(curve, a, &steps, &n);
    if (status != MLSD_OK) goto out;
    values = mlsd__alloc(a, n, sizeof *values);
    status = values != NULL ? mlsd__table_new(a, &table) : MLSD_E_NOMEM;
    if (status == MLSD_OK) status = mlsd_table_set_i64(table, "step", steps, n);
    for (int64_t k = 0; status == MLSD_OK && k < curve->n_series; k++) {
        spread_values(&curve->series[k], steps, n, values);
        status = mlsd_table_set_f64(table, curve->series[k].name, values, n);
    }

out:
    mlsd__free(a, steps);
    mlsd__free(a, values);
    if (status != MLSD_OK) {
        mlsd_table_free(table);
        return status;
    }
    *out = table;
    return MLSD_OK;
}
