/* rolling_windows.c - where windows of a number of rows lie in one series.
 *
 * A window is known by where its test begins: everything before is counted back from there, and
 * never ends among rows of the time at which the next part begins. What there is to train on grows
 * with that place, so the first place that works is found by bisection, and the windows that fit
 * are counted, not tried. */
#include "split/rolling_windows.h"

const char *const mlsd__anchors[] = {"end", "start", NULL};

/* Above any number of rows, with room for sums of some. */
#define MANY (INT64_C(1) << 60)

static int64_t capped_add(int64_t a, int64_t b)
{
    return a + b < MANY ? a + b : MANY;
}

static int64_t capped_mul(int64_t a, int64_t b)
{
    int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) || product > MANY ? MANY : product;
}

/* Where a part must end that comes before `next`. */
static int64_t end_before(const mlsd__rolling *r, int64_t next)
{
    const int64_t end = next - r->p->gap;
    if (r->times == NULL || next <= 0 || next >= r->n) return end;
    const int64_t tie = mlsd__ticks_below(r->times, next, r->times[next]);
    return tie < end ? tie : end;
}

static mlsd__window window_at(const mlsd__rolling *r, int64_t test_first)
{
    mlsd__window w = {.test_first = test_first, .validation_first = test_first};
    w.test_end = test_first + r->test_size < r->n ? test_first + r->test_size : r->n;
    if (r->validation_size > 0) {
        w.validation_end = end_before(r, test_first);
        w.validation_first = w.validation_end - r->validation_size;
    }
    w.train_end = end_before(r, w.validation_first);
    w.train_first = w.train_end > r->train_size ? w.train_end - r->train_size : 0;
    return w;
}

static bool can_train(const mlsd__rolling *r, int64_t test_first)
{
    const mlsd__window w = window_at(r, test_first);
    return w.train_end - w.train_first >= r->min_train_size;
}

/* The first place where a test can begin; n where there is none. */
static int64_t first_place(const mlsd__rolling *r)
{
    int64_t low = 0, high = r->n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (can_train(r, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

mlsd_status mlsd__rolling_check(const mlsd__rolling_params *p)
{
    if (p->n_splits == MLSD__NULL_I64 && p->test_size == MLSD__NULL_I64)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'n_splits' and 'test_size' are both null; set one of them");
    if (p->train_size != MLSD__NULL_I64 && p->min_train_size != MLSD__NULL_I64 &&
        p->min_train_size > p->train_size)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'min_train_size' is %lld, above 'train_size', which is %lld",
                          (long long)p->min_train_size, (long long)p->train_size);
    return MLSD_OK;
}

static void count_windows(mlsd__rolling *r)
{
    const bool is_cut = r->p->anchor == MLSD__ANCHOR_START && r->p->allow_incomplete;
    const int64_t last = is_cut ? r->n - 1 : r->n - r->test_size; /* place of a test */
    const int64_t lowest = r->test_size > 0 && last >= 0 ? first_place(r) : r->n;
    r->n_fit = lowest <= last && lowest < r->n ? (last - lowest) / r->step + 1 : 0;
    r->first = r->p->anchor == MLSD__ANCHOR_START ? lowest : last - (r->n_fit - 1) * r->step;
    r->n_wanted = r->p->n_splits != MLSD__NULL_I64 ? r->p->n_splits : 1;
    r->needed = capped_add(r->min_train_size, capped_mul(r->n_wanted - 1, r->step));
    r->needed = capped_add(r->needed, capped_add(r->p->gap, is_cut ? 1 : r->test_size));
    if (r->validation_size > 0)
        r->needed = capped_add(r->needed, capped_add(r->p->gap, r->validation_size));
}

mlsd__rolling mlsd__rolling_plan(const mlsd__rolling_params *p, const int64_t *times, int64_t n)
{
    const bool expands = p->train_size == MLSD__NULL_I64;
    mlsd__rolling r = {.p = p, .times = times, .n = n, .validation_size = p->validation_size};
    r.train_size = expands ? MANY : p->train_size;
    r.min_train_size = p->min_train_size != MLSD__NULL_I64 ? p->min_train_size
                       : expands                           ? 1
                                                           : p->train_size;
    r.test_size = p->test_size != MLSD__NULL_I64 ? p->test_size : n / (p->n_splits + 1);
    r.step = p->step != MLSD__NULL_I64 ? p->step : r.test_size > 0 ? r.test_size : 1;
    count_windows(&r);
    return r;
}

mlsd__window mlsd__rolling_window(const mlsd__rolling *r, int64_t k)
{
    return window_at(r, r->first + k * r->step);
}

mlsd_status mlsd__rolling_fail(const mlsd__rolling *r, const char *series)
{
    const long long n = r->n, k = r->n_wanted, fit = r->n_fit;
    if (r->test_size == 0)
        return mlsd__fail(
            MLSD_E_DATA,
            "n_splits=%lld needs at least %lld rows%s, but there are %lld; use fewer splits", k,
            k + 1, series, n);
    if (r->needed <= r->n)
        return mlsd__fail(MLSD_E_DATA,
                          "only %lld of %lld splits fit in %lld rows%s, because rows of one time "
                          "stay together; use n_splits=%s or smaller windows",
                          fit, k, n, series, fit > 0 ? "null for as many as fit" : "1");
    if (fit > 0)
        return mlsd__fail(MLSD_E_DATA,
                          "n_splits=%lld with a step of %lld rows needs %lld rows%s, but there are "
                          "%lld; use n_splits of at most %lld, or null for as many as fit",
                          k, (long long)r->step, (long long)r->needed, series, n, fit);
    return mlsd__fail(
        MLSD_E_DATA,
        "%lld split%s of at least %lld rows to train on, %lld to validate on, %lld to "
        "test on and gap=%lld need %lld rows%s, but there are %lld; use smaller "
        "windows",
        k, k == 1 ? "" : "s", (long long)r->min_train_size, (long long)r->validation_size,
        (long long)r->test_size, (long long)r->p->gap, (long long)r->needed, series, n);
}
