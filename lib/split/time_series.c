/* time_series.c - time_series_split: train on the past, test on what follows.
 *
 * Index for index scikit-learn's TimeSeriesSplit. Rows must stand in time order,
 * which is checked where times are given. Everything is
 * contiguous, so folds are stored as ranges: O(n_splits) whatever the number of rows. */
#include "split/splitter.h"

/* Above any number of rows, below where a bound is no longer exact as a double. */
#define MAX_COUNT 9007199254740991.0

typedef struct params {
    int64_t n_splits, max_train_size, test_size, gap;
} params;

static const mlsd_param time_series_params[] = {
    MLSD__P_I64(params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of splits"),
    MLSD__P_I64_NULL(params, max_train_size, 1, MAX_COUNT, "null",
                     "most rows to train on, the latest; null for all"),
    MLSD__P_I64_NULL(params, test_size, 1, MAX_COUNT, "null",
                     "rows in each test set; null for rows / (n_splits + 1)"),
    MLSD__P_I64(params, gap, 0, MAX_COUNT, "0", NULL, "rows left out between training and test"),
};

static mlsd_status choose_test_size(const params *p, int64_t n, int64_t *out)
{
    const int64_t k = p->n_splits;
    if (k + 1 > n) {
        return n < 3
                   ? mlsd__fail(MLSD_E_DATA, "time_series_split needs at least 3 rows, got %lld",
                                (long long)n)
                   : mlsd__fail(MLSD_E_DATA,
                                "n_splits=%lld needs %lld rows, one more, but there are %lld; use "
                                "at most %lld",
                                (long long)k, (long long)(k + 1), (long long)n, (long long)(n - 1));
    }
    const int64_t test_size = p->test_size == MLSD__NULL_I64 ? n / (k + 1) : p->test_size;
    /* test_size * k < n - gap, without overflow. */
    if (p->gap >= n || test_size > (n - p->gap - 1) / k) {
        const int64_t room = p->gap < n ? (n - p->gap - 1) / k : 0;
        if (room >= 1) {
            return mlsd__fail(MLSD_E_DATA,
                              "n_splits=%lld of test_size=%lld with gap=%lld leave nothing of %lld "
                              "rows to train on; use a test_size of at most %lld",
                              (long long)k, (long long)test_size, (long long)p->gap, (long long)n,
                              (long long)room);
        }
        return mlsd__fail(MLSD_E_DATA,
                          "n_splits=%lld with gap=%lld leave nothing of %lld rows to train on; use "
                          "a smaller gap or fewer splits",
                          (long long)k, (long long)p->gap, (long long)n);
    }
    *out = test_size;
    return MLSD_OK;
}

static mlsd_status check_order(mlsd__scope *scope, const mlsd__split_input *in)
{
    for (int64_t i = 1; in->times != NULL && i < in->n_rows; i++) {
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        if (in->times[i] >= in->times[i - 1]) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "row %lld is earlier than row %lld; sort the rows or use rolling_split",
                          (long long)i, (long long)(i - 1));
    }
    return MLSD_OK;
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    int64_t test_size = 0;
    MLSD__TRY(check_order(scope, in));
    MLSD__TRY(choose_test_size(p, in->n_rows, &test_size));
    out->form = MLSD__FOLDS_RANGES;
    out->n_splits = p->n_splits;
    out->n_parts = 2;
    out->ranges = mlsd__alloc_raw(&out->allocator, p->n_splits, 4 * sizeof *out->ranges);
    if (out->ranges == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < p->n_splits; k++) {
        const int64_t test_first = in->n_rows - (p->n_splits - k) * test_size;
        const int64_t train_end = test_first - p->gap;
        const bool is_cut = p->max_train_size != MLSD__NULL_I64 && p->max_train_size < train_end;
        int64_t *const range = out->ranges + 4 * k;
        range[0] = is_cut ? train_end - p->max_train_size : 0;
        range[1] = train_end;
        range[2] = test_first;
        range[3] = test_first + test_size;
    }
    return MLSD_OK;
}

static int32_t needs(const mlsd_spec *spec)
{
    (void)spec;
    return MLSD__MAY_USE(MLSD__NEEDS_TIMES);
}

static const mlsd__splitter_ops time_series_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_time_series_split = {
    .name = "time_series_split",
    .family = "splitter",
    .doc = "train on rows up to a moment, test on those that follow; rows in time order",
    .params = time_series_params,
    .n_params = MLSD__COUNT(time_series_params),
    .params_size = sizeof(params),
    .ops = &time_series_ops,
};
