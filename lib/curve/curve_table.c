/* curve_table.c - curves as tables and text: wide (a column for each series), long (a row for each
 * point), CSV and JSON lines. Reading them is in curve_read.c. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/text.h"
#include "curve/curve_impl.h"
#include "data/table_impl.h"
#include "numeric/rank.h"

static int64_t count_points(const mlsd_curve *curve)
{
    int64_t n = 0;
    for (int64_t k = 0; k < curve->n_series; k++) n += curve->series[k].n;
    return n;
}

/* A column of x: whole numbers where all are. */
static mlsd_status set_x_column(mlsd_table *table, const mlsd__allocator *a, const char *name,
                                const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(x[i]) < 0x1p53) || x[i] != floor(x[i]))
            return mlsd_table_set_f64(table, name, x, n);
    int64_t *const whole = mlsd__alloc(a, n, sizeof *whole);
    if (whole == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) whole[i] = (int64_t)x[i];
    const mlsd_status status = mlsd_table_set_i64(table, name, whole, n);
    mlsd__free(a, whole);
    return status;
}

/* ---- wide ---- */

/* All x of all series, ascending, each once, into room for all points. */
static mlsd_status collect_x(const mlsd_curve *curve, const mlsd__allocator *a, int64_t n_all,
                             double *out, int64_t *out_n)
{
    double *const all = mlsd__alloc(a, n_all, sizeof *all);
    if (all == NULL) return MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t k = 0; k < curve->n_series; k++)
        for (int64_t i = 0; i < curve->series[k].n; i++) all[at++] = curve->series[k].points[i].x;
    const mlsd_status status = mlsd__factorize(a, all, n_all, out, out_n, NULL);
    mlsd__free(a, all);
    return status;
}

/* A series' values on those x. */
static void spread_values(const mlsd__curve_series *s, const double *x, int64_t n, double *values)
{
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) {
        const bool is_there = at < s->n && s->points[at].x == x[i];
        values[i] = is_there ? s->points[at++].value : NAN;
    }
}

static mlsd_status fill_wide(const mlsd_curve *curve, const mlsd__allocator *a, mlsd_table *table)
{
    const int64_t n_all = count_points(curve);
    int64_t n = 0;
    double *const x = mlsd__alloc(a, 2 * n_all, sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    double *const values = x + n_all;
    mlsd_status status = collect_x(curve, a, n_all, x, &n);
    if (status == MLSD_OK) status = set_x_column(table, a, curve->x, x, n);
    for (int64_t k = 0; status == MLSD_OK && k < curve->n_series; k++) {
        spread_values(&curve->series[k], x, n, values);
        status = mlsd_table_set_f64(table, curve->series[k].name, values, n);
    }
    mlsd__free(a, x);
    return status;
}

/* ---- long ---- */

/* The columns of the long table but for x. */
typedef struct long_columns {
    const char **metric, **set;
    int64_t *fold, *repeat;
    double *x, *value;
} long_columns;

static void put_long(const mlsd_curve *curve, long_columns *c)
{
    int64_t at = 0;
    for (int64_t k = 0; k < curve->n_series; k++) {
        const mlsd__curve_series *const s = &curve->series[k];
        for (int64_t i = 0; i < s->n; i++, at++) {
            c->metric[at] = s->metric;
            c->set[at] = s->set;
            c->fold[at] = s->fold;
            c->repeat[at] = s->repeat;
            c->x[at] = s->points[i].x;
            c->value[at] = s->points[i].value;
        }
    }
}

static mlsd_status set_long(const mlsd_curve *curve, const mlsd__allocator *a,
                            const long_columns *c, int64_t n, mlsd_table *table)
{
    MLSD__TRY(mlsd_table_set_str(table, "metric", c->metric, n));
    MLSD__TRY(mlsd_table_set_str(table, "set", c->set, n));
    MLSD__TRY(mlsd_table_set_i64(table, "fold", c->fold, n));
    MLSD__TRY(mlsd_table_set_i64(table, "repeat", c->repeat, n));
    MLSD__TRY(set_x_column(table, a, curve->x, c->x, n));
    return mlsd_table_set_f64(table, "value", c->value, n);
}

static mlsd_status fill_long(const mlsd_curve *curve, const mlsd__allocator *a, mlsd_table *table)
{
    const int64_t n = count_points(curve);
    long_columns c = {.metric = mlsd__alloc(a, 2 * n, sizeof *c.metric),
                      .fold = mlsd__alloc(a, 2 * n, sizeof *c.fold),
                      .x = mlsd__alloc(a, 2 * n, sizeof *c.x)};
    mlsd_status status = MLSD_E_NOMEM;
    if (c.metric != NULL && c.fold != NULL && c.x != NULL) {
        c.set = c.metric + n;
        c.repeat = c.fold + n;
        c.value = c.x + n;
        put_long(curve, &c);
        status = set_long(curve, a, &c, n, table);
    }
    mlsd__free(a, c.metric);
    mlsd__free(a, c.fold);
    mlsd__free(a, c.x);
    return status;
}

typedef mlsd_status (*fill_fn)(const mlsd_curve *curve, const mlsd__allocator *a,
                               mlsd_table *table);

static mlsd_status make_table(const mlsd_context *context, const mlsd_curve *curve, fill_fn fill,
                              mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    const mlsd__allocator *a = mlsd__context_allocator(context);
    mlsd_table *table = NULL;
    mlsd_status status = mlsd__table_new(a, &table);
    if (status == MLSD_OK) status = fill(curve, a, table);
    if (status == MLSD_OK)
        *out = table;
    else
        mlsd_table_free(table);
    return status;
}

mlsd_status mlsd_curve_to_table(const mlsd_context *context, const mlsd_curve *curve,
                                mlsd_table **out)
{
    return make_table(context, curve, fill_wide, out);
}

mlsd_status mlsd_curve_to_points(const mlsd_context *context, const mlsd_curve *curve,
                                 mlsd_table **out)
{
    return make_table(context, curve, fill_long, out);
}

mlsd_status mlsd_curve_write_csv(const mlsd_context *context, const mlsd_curve *curve,
                                 const char *layout, const char *path)
{
    MLSD__REQUIRE(layout != NULL && path != NULL, "'layout' or 'path' is NULL");
    const bool is_long = strcmp(layout, "long") == 0;
    MLSD__REQUIRE(is_long || strcmp(layout, "wide") == 0,
                  "'layout' is 'wide' or 'long', got '%.60s'", layout);
    mlsd_table *table = NULL;
    MLSD__TRY(make_table(context, curve, is_long ? fill_long : fill_wide, &table));
    const mlsd_status status = mlsd_table_write_csv(table, path);
    mlsd_table_free(table);
    return status;
}

mlsd_status mlsd_curve_to_jsonl(const mlsd_curve *curve, char *buf, int64_t capacity,
                                int64_t *out_length)
{
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    mlsd__text t;
    mlsd__text_init(&t, &curve->allocator);
    mlsd__text_append(&t, "");
    for (int64_t k = 0; k < curve->n_series; k++) {
        const mlsd__curve_series *const s = &curve->series[k];
        for (int64_t i = 0; i < s->n; i++) {
            mlsd__text_append(&t, "{\"metric\": ");
            mlsd__text_json_string(&t, s->metric);
            mlsd__text_append(&t, ", \"set\": ");
            mlsd__text_json_string(&t, s->set);
            mlsd__text_format(&t, ", \"fold\": %lld, \"repeat\": %lld, ", (long long)s->fold,
                              (long long)s->repeat);
            mlsd__text_json_string(&t, curve->x);
            mlsd__text_append(&t, ": ");
            mlsd__text_json_double(&t, s->points[i].x);
            mlsd__text_append(&t, ", \"value\": ");
            mlsd__text_json_double(&t, s->points[i].value);
            mlsd__text_append(&t, "}\n");
        }
    }
    const mlsd_status status =
        t.status == MLSD_OK ? mlsd__text_to_buffer(&t, buf, capacity, out_length) : t.status;
    mlsd__text_free(&t);
    return status;
}
