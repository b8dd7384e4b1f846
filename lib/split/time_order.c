/* time_order.c - sorting rows by time, and the ends of their labels.
 *
 * Ticks are int64, which doubles do not hold: they are sorted as differences where these fit, and
 * otherwise by their low and then their high halves, which the sort's stability puts together. */
#include "split/time_order.h"

#include "numeric/rank.h"

enum { CHECK_ROWS = 1 << 16, HALF_BITS = 32 };
#define EXACT_WIDTH (UINT64_C(1) << 53)

int64_t mlsd__ticks_below(const int64_t *ticks, int64_t n, int64_t tick)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (ticks[middle] < tick)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The order of all of int64 as unsigned numbers. */
static uint64_t tick_key(int64_t tick)
{
    return (uint64_t)tick ^ (UINT64_C(1) << 63);
}

static mlsd_status argsort_halves(mlsd__scope *scope, const int64_t *ticks, int64_t n, double *half,
                                  int64_t *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *const by_low = mlsd__alloc_raw(a, n, sizeof *by_low);
    int64_t *const by_high = mlsd__alloc_raw(a, n, sizeof *by_high);
    mlsd_status status = by_low == NULL || by_high == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++)
        half[i] = (double)(tick_key(ticks[i]) & UINT32_MAX);
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, half, n, by_low);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        if (i % CHECK_ROWS == 0) status = mlsd__checkpoint(scope);
        half[i] = (double)(tick_key(ticks[by_low[i]]) >> HALF_BITS);
    }
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, half, n, by_high);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        if (i % CHECK_ROWS == 0) status = mlsd__checkpoint(scope);
        out[i] = by_low[by_high[i]];
    }
    mlsd__free(a, by_high);
    mlsd__free(a, by_low);
    return status;
}

mlsd_status mlsd__argsort_ticks(mlsd__scope *scope, const int64_t *ticks, int64_t n, int64_t *out)
{
    const mlsd__allocator *const a = scope->allocator;
    uint64_t low = UINT64_MAX, high = 0;
    double *const x = mlsd__alloc_raw(a, n, sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__checkpoint(scope);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t key = tick_key(ticks[i]);
        low = key < low ? key : low;
        high = key > high ? key : high;
    }
    if (status == MLSD_OK && n > 0 && high - low >= EXACT_WIDTH) {
        status = argsort_halves(scope, ticks, n, x, out);
    } else if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) x[i] = (double)(tick_key(ticks[i]) - low);
        status = mlsd__argsort_rows(scope, x, n, out);
    }
    mlsd__free(a, x);
    return status;
}

static bool is_sorted(const int64_t *times, int64_t n)
{
    for (int64_t i = 1; i < n; i++)
        if (times[i] < times[i - 1]) return false;
    return true;
}

mlsd_status mlsd__time_order_make(mlsd__scope *scope, const int64_t *times, int64_t n,
                                  mlsd__time_order *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__time_order){.n = n, .times = times};
    if (times == NULL || is_sorted(times, n)) return MLSD_OK;
    out->own_rows = mlsd__alloc_raw(a, n, sizeof *out->own_rows);
    out->own_times = mlsd__alloc_raw(a, n, sizeof *out->own_times);
    if (out->own_rows == NULL || out->own_times == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__argsort_ticks(scope, times, n, out->own_rows));
    for (int64_t p = 0; p < n; p++) {
        if (p % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        out->own_times[p] = times[out->own_rows[p]];
    }
    out->rows = out->own_rows;
    out->times = out->own_times;
    return MLSD_OK;
}

void mlsd__time_order_free(mlsd__time_order *order, const mlsd__allocator *a)
{
    mlsd__free(a, order->own_rows);
    mlsd__free(a, order->own_times);
}

static mlsd_status ends_of_horizon(mlsd__scope *scope, const mlsd__split_input *in, int64_t horizon,
                                   mlsd__labels *out)
{
    out->own_ends = mlsd__alloc_raw(scope->allocator, in->n_rows, sizeof *out->own_ends);
    if (out->own_ends == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < in->n_rows; i++)
        out->own_ends[i] = mlsd__tick_add(in->times[i], horizon);
    out->ends = out->own_ends;
    return mlsd__checkpoint(scope);
}

mlsd_status mlsd__labels_read(mlsd__scope *scope, const mlsd__split_input *in,
                              const mlsd__ruler *ruler, const mlsd__purge_params *p,
                              mlsd__labels *out)
{
    const bool is_known = in->ends != NULL || p->label_horizon != NULL;
    int64_t horizon = 0;
    *out = (mlsd__labels){.ends = in->ends};
    if (in->ends != NULL && p->label_horizon != NULL)
        return mlsd__fail(
            MLSD_E_PARAM_CONFLICT,
            "'label_horizon' is set, but rows bring the ends of their labels too; use "
            "one of the two");
    if (p->embargo != NULL && !is_known)
        return mlsd__fail(MLSD_E_DATA,
                          "'embargo' needs the ends of the labels' intervals; give a column of the "
                          "role 'time_end' or set label_horizon");
    if (is_known && in->times == NULL)
        return mlsd__fail(MLSD_E_DATA,
                          "%s needs times where labels have an end; give a time for each row, or a "
                          "column of the role 'time'",
                          in->kind);
    if (p->embargo != NULL)
        MLSD__TRY(mlsd__duration_read(ruler, "embargo", p->embargo, &out->embargo));
    if (p->label_horizon == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__duration_read(ruler, "label_horizon", p->label_horizon, &horizon));
    return ends_of_horizon(scope, in, horizon, out);
}

void mlsd__labels_free(mlsd__labels *labels, const mlsd__allocator *a)
{
    mlsd__free(a, labels->own_ends);
}
