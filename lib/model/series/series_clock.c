/* series_clock.c - time order of a series' rows, and steps after its end. Times are taken for even
 * where no gap differs from the middle one by more than EVEN of it, so that months and years count;
 * the step is the mean gap. */
#include "model/series/series_clock.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "data/dataset_roles.h"
#include "numeric/rank.h"

static const double EVEN = 0.15;
/* Gaps of at least so many steps among even ones are rows that are missing; where they are more
 * than the share (weekends), rows just follow each other. */
static const double MISSING = 1.5, MISSING_SHARE = 0.1;

enum { MOST_STEPS = 1000 * 1000 }; /* farther forecasts would take long, and tell nothing */

/* Times as numbers (dates in microseconds), NULL without the role; mlsd__free with a. */
static mlsd_status read_times(const mlsd__allocator *a, const mlsd_dataset *data, double **out)
{
    int64_t *times = NULL, *ends = NULL;
    mlsd__time_scale scale;
    *out = NULL;
    if (data->store->time == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__dataset_gather_times(data, &times, &ends, &scale));
    double *const values = mlsd__alloc_raw(a, data->n_rows, sizeof *values);
    const double per_unit = scale.per_unit > 0.0 ? scale.per_unit : 1.0;
    for (int64_t i = 0; values != NULL && i < data->n_rows; i++)
        values[i] = (double)times[i] / per_unit;
    mlsd__free(&data->store->allocator, times);
    mlsd__free(&data->store->allocator, ends);
    *out = values;
    return values == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static int64_t source_row(const mlsd_dataset *data, int64_t i)
{
    return data->rows != NULL ? data->rows[i] : i;
}

/* Ascending order of keys that must differ. */
static mlsd_status sort_rows(mlsd__scope *scope, const mlsd_dataset *data, const double *key,
                             const char *what, int64_t *order)
{
    MLSD__TRY(mlsd__argsort_rows(scope, key, data->n_rows, order));
    for (int64_t i = 1; i < data->n_rows; i++)
        if (key[order[i]] == key[order[i - 1]])
            return mlsd__fail(MLSD_E_DATA,
                              "rows %lld and %lld have the same %s; a forecaster takes one series",
                              (long long)source_row(data, order[i - 1]),
                              (long long)source_row(data, order[i]), what);
    return MLSD_OK;
}

/* Even times give a clock; gaps among them are refused. `gap` is scratch, n - 1. */
static mlsd_status read_spacing(mlsd__scope *scope, const mlsd_dataset *data, const double *time,
                                const int64_t *order, double *gap, mlsd__clock *out)
{
    const int64_t n = data->n_rows - 1;
    double first = 0.0, last = 0.0;
    int64_t n_wide = 0, n_odd = 0, wide_at = 0;
    int64_t *const by_size = mlsd__alloc_raw(scope->allocator, n, sizeof *by_size);
    if (by_size == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) gap[i] = time[order[i + 1]] - time[order[i]];
    const mlsd_status status = mlsd__argsort_rows(scope, gap, n, by_size);
    const double middle = status == MLSD_OK && n > 0 ? gap[by_size[n / 2]] : 1.0;
    mlsd__free(scope->allocator, by_size);
    MLSD__TRY(status);
    for (int64_t i = n; i-- > 0;) {
        if (fabs(gap[i] - middle) <= EVEN * middle) continue;
        n_odd++;
        if (gap[i] < MISSING * middle) continue;
        n_wide++;
        wide_at = i;
    }
    if (n_odd == 0) {
        first = time[order[0]];
        last = time[order[n]];
        *out = (mlsd__clock){MLSD__CLOCK_TIMES, last, n > 0 ? (last - first) / (double)n : 1.0};
        return MLSD_OK;
    }
    if (n_wide == n_odd && (double)n_wide <= MISSING_SHARE * (double)n)
        return mlsd__fail(MLSD_E_DATA,
                          "time steps are missing between rows %lld and %lld; a forecaster needs "
                          "an unbroken series: fill them in, or split by time_series_split or "
                          "rolling_split",
                          (long long)source_row(data, order[wide_at]),
                          (long long)source_row(data, order[wide_at + 1]));
    mlsd__log_line(scope, MLSD_LOG_INFO, "times are not evenly spaced: rows count as consecutive");
    return MLSD_OK;
}

static mlsd_status check_weights(const double *weight, int64_t n)
{
    for (int64_t i = 1; weight != NULL && i < n; i++)
        if (weight[i] != weight[0])
            return mlsd__fail(MLSD_E_DATA,
                              "a series has no weights, but row %lld weighs %g and row 0 %g; leave "
                              "the weights out",
                              (long long)i, weight[i], weight[0]);
    return MLSD_OK;
}

/* The clock of rows in the order found. */
static mlsd_status find_clock(mlsd__scope *scope, const mlsd_dataset *train, const double *time,
                              const int64_t *order, double *scratch, mlsd__clock *out)
{
    const int64_t n = train->n_rows;
    if (time != NULL) return read_spacing(scope, train, time, order, scratch, out);
    if (train->rows == NULL) return MLSD_OK;
    for (int64_t i = 1; i < n; i++) {
        const int64_t before = train->rows[order[i - 1]], row = train->rows[order[i]];
        if (row != before + 1)
            return mlsd__fail(MLSD_E_DATA,
                              "the training rows skip row %lld; a forecaster needs an unbroken "
                              "series: split by time_series_split or rolling_split",
                              (long long)before + 1);
    }
    *out = (mlsd__clock){MLSD__CLOCK_ROWS, (double)train->rows[order[n - 1]], 1.0};
    return MLSD_OK;
}

/* Keys that put rows in order: times, or the numbers of chosen rows; NULL: as they stand. */
static mlsd_status read_keys(const mlsd__allocator *a, const mlsd_dataset *data, double **out)
{
    MLSD__TRY(read_times(a, data, out));
    if (*out != NULL || data->rows == NULL) return MLSD_OK;
    *out = mlsd__alloc_raw(a, data->n_rows, sizeof **out);
    for (int64_t i = 0; *out != NULL && i < data->n_rows; i++) (*out)[i] = (double)data->rows[i];
    return *out == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

mlsd_status mlsd__series_order(mlsd__scope *scope, const mlsd_dataset *train, double *y,
                               const double *weight, mlsd__clock *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->n_rows;
    double *key = NULL;
    *out = (mlsd__clock){MLSD__CLOCK_ORDER, 0.0, 1.0};
    MLSD__TRY(check_weights(weight, n));
    MLSD__TRY(read_keys(a, train, &key));
    if (key == NULL) return MLSD_OK;
    const bool has_time = train->store->time != NULL;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const moved = mlsd__alloc_raw(a, n, sizeof *moved);
    mlsd_status status = order == NULL || moved == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK)
        status = sort_rows(scope, train, key, has_time ? "time" : "number", order);
    if (status == MLSD_OK)
        status = find_clock(scope, train, has_time ? key : NULL, order, moved, out);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) moved[i] = y[order[i]];
        memcpy(y, moved, (size_t)n * sizeof *y);
    }
    mlsd__free(a, moved);
    mlsd__free(a, order);
    mlsd__free(a, key);
    return status;
}

mlsd_status mlsd__series_next_steps(int64_t n, double *steps)
{
    if (n > MOST_STEPS)
        return mlsd__fail(MLSD_E_DATA, "%lld steps were asked for; a forecaster gives at most %d",
                          (long long)n, (int)MOST_STEPS);
    for (int64_t i = 0; i < n; i++) steps[i] = (double)(i + 1);
    return MLSD_OK;
}

/* Steps by how far keys are from the end. */
static mlsd_status count_steps(const mlsd__clock *clock, const mlsd_dataset *data,
                               const double *key, double *steps)
{
    for (int64_t i = 0; i < data->n_rows; i++) {
        steps[i] = floor((key[i] - clock->end) / clock->step + 0.5);
        if (!(steps[i] >= 1.0))
            return mlsd__fail(MLSD_E_DATA,
                              "row %lld is not after the end of the training rows; a forecaster "
                              "predicts what comes after them",
                              (long long)source_row(data, i));
        if (steps[i] > MOST_STEPS)
            return mlsd__fail(MLSD_E_DATA,
                              "row %lld is %.0f steps after the end of the training rows; a "
                              "forecaster gives at most %d",
                              (long long)source_row(data, i), steps[i], (int)MOST_STEPS);
    }
    return MLSD_OK;
}

mlsd_status mlsd__series_steps(mlsd__scope *scope, const mlsd__clock *clock,
                               const mlsd_dataset *data, double *steps)
{
    const mlsd__allocator *const a = scope->allocator;
    double *key = NULL;
    MLSD__TRY(read_keys(a, data, &key));
    if (key == NULL) return mlsd__series_next_steps(data->n_rows, steps);
    const bool has_time = data->store->time != NULL;
    mlsd_status status = MLSD_OK;
    if (clock->kind == (has_time ? MLSD__CLOCK_TIMES : MLSD__CLOCK_ROWS)) {
        status = count_steps(clock, data, key, steps);
    } else if (has_time) {
        int64_t *const order = mlsd__alloc_raw(a, data->n_rows, sizeof *order);
        double *const next = mlsd__alloc_raw(a, data->n_rows, sizeof *next);
        status = order == NULL || next == NULL ? MLSD_E_NOMEM
                                               : sort_rows(scope, data, key, "time", order);
        if (status == MLSD_OK) status = mlsd__series_next_steps(data->n_rows, next);
        for (int64_t i = 0; status == MLSD_OK && i < data->n_rows; i++) steps[order[i]] = next[i];
        mlsd__free(a, next);
        mlsd__free(a, order);
    } else {
        status = mlsd__series_next_steps(data->n_rows, steps);
    }
    mlsd__free(a, key);
    return status;
}
