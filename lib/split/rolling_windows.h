/* rolling_windows.h - windows of a number of rows that roll over one series. */
#ifndef MLSD_SPLIT_ROLLING_WINDOWS_H
#define MLSD_SPLIT_ROLLING_WINDOWS_H

#include "split/time_spans.h"

/* The parameters of rolling_split and panel_split; sizes are rows, MLSD__NULL_I64 where not set. */
typedef struct mlsd__rolling_params {
    int64_t n_splits, train_size, min_train_size, validation_size, test_size, gap, step, anchor,
        allow_incomplete, purge, short_series, time_unit;
    char *label_horizon, *embargo;
} mlsd__rolling_params;

/* Choices of anchor: which windows are kept, and from where they are counted. */
enum { MLSD__ANCHOR_END = 0, MLSD__ANCHOR_START = 1 };
extern const char *const mlsd__anchors[];

/* Windows of a series of n rows, of which times (or NULL) are by place and ascend. Window k of
 * n_fit tests from first + k * step; `needed` rows are enough for n_wanted windows where times are
 * all different. */
typedef struct mlsd__rolling {
    const mlsd__rolling_params *p;
    const int64_t *times;
    int64_t n, train_size, min_train_size, validation_size, test_size, step;
    int64_t n_fit, first, n_wanted, needed;
} mlsd__rolling;

/* Parameters that contradict each other, whatever the rows are: MLSD_E_PARAM_CONFLICT. */
mlsd_status mlsd__rolling_check(const mlsd__rolling_params *p);
mlsd__rolling mlsd__rolling_plan(const mlsd__rolling_params *p, const int64_t *times, int64_t n);
/* Window k of n_fit. */
mlsd__window mlsd__rolling_window(const mlsd__rolling *r, int64_t k);
/* MLSD_E_DATA, as n_wanted windows do not fit; `series` ("", " of group 'a' ") says of what. */
mlsd_status mlsd__rolling_fail(const mlsd__rolling *r, const char *series);

#endif
