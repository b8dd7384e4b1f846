/* curve_smooth.c - a series smoothed for the eye. What a rule watches is smoothed in
 * early_stopping.c: it knows no later points, so its median looks back only. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "curve/curve_impl.h"
#include "data/table_impl.h"

enum { MOST_WIDE = 1001 };

static void put_ema(const mlsd__curve_series *s, double beta, double *out)
{
    double mean = 0.0, weight = 1.0;
    for (int64_t i = 0; i < s->n; i++) {
        const double value = s->points[i].value;
        if (isfinite(value)) {
            mean = beta * mean + (1.0 - beta) * value;
            weight *= beta;
        }
        out[i] = weight < 1.0 ? mean / (1.0 - weight) : NAN;
    }
}

/* The median of the finite values from first to last; NaN without. */
static double median_of(const mlsd__curve_series *s, int64_t first, int64_t last)
{
    double sorted[MOST_WIDE];
    int64_t n = 0;
    for (int64_t i = first; i <= last; i++) {
        const double value = s->points[i].value;
        if (!isfinite(value)) continue;
        int64_t at = n++;
        for (; at > 0 && sorted[at - 1] > value; at--) sorted[at] = sorted[at - 1];
        sorted[at] = value;
    }
    if (n == 0) return NAN;
    return n % 2 == 1 ? sorted[n / 2] : 0.5 * sorted[n / 2 - 1] + 0.5 * sorted[n / 2];
}

static void put_median(const mlsd__curve_series *s, int64_t width, double *out)
{
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t half = width / 2;
        out[i] = median_of(s, i > half ? i - half : 0, i + half < s->n ? i + half : s->n - 1);
    }
}

static mlsd_status check(const char *method, double parameter, bool *out_is_median)
{
    MLSD__REQUIRE(method != NULL, "'method' is NULL");
    *out_is_median = strcmp(method, "median") == 0;
    MLSD__REQUIRE(*out_is_median || strcmp(method, "ema") == 0,
                  "a series is smoothed by 'ema' or 'median', got '%.60s'", method);
    if (*out_is_median)
        MLSD__REQUIRE(parameter >= 1.0 && parameter <= MOST_WIDE && fmod(parameter, 2.0) == 1.0,
                      "a running median is of an odd number of points up to %d", MOST_WIDE);
    else
        MLSD__REQUIRE(parameter >= 0.0 && parameter < 1.0,
                      "the parameter of a moving average must be in [0, 1)");
    return MLSD_OK;
}

mlsd_status mlsd_curve_smooth(const mlsd_context *context, const mlsd_curve *curve, int64_t series,
                              const char *method, double parameter, mlsd_table **out)
{
    bool is_median = false;
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__REQUIRE(series >= 0 && series < curve->n_series,
                  "there is no series %lld: the curve has %lld", (long long)series,
                  (long long)curve->n_series);
    MLSD__TRY(check(method, parameter, &is_median));

    const mlsd__allocator *a = mlsd__context_allocator(context);
    const mlsd__curve_series *const s = &curve->series[series];
    mlsd_table *table = NULL;
    double *const numbers = mlsd__alloc(a, 3 * s->n, sizeof *numbers);
    if (numbers == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->n; i++) {
        numbers[i] = s->points[i].x;
        numbers[s->n + i] = s->points[i].value;
    }
    if (is_median)
        put_median(s, (int64_t)parameter, numbers + 2 * s->n);
    else
        put_ema(s, parameter, numbers + 2 * s->n);
    mlsd_status status = mlsd__table_new(a, &table);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, curve->x, numbers, s->n);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "value", numbers + s->n, s->n);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "smoothed", numbers + 2 * s->n, s->n);
    mlsd__free(a, numbers);
    if (status == MLSD_OK)
        *out = table;
    else
        mlsd_table_free(table);
    return status;
}
