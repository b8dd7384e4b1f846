/* time_spans.h - splits that are made of spans of time, gathered one by one and stored as folds in
 * the smallest form that holds them. */
#ifndef MLSD_SPLIT_TIME_SPANS_H
#define MLSD_SPLIT_TIME_SPANS_H

#include "split/time_order.h"

/* The rows at places [first, end) are in a part of a split, but for those whose label ends after
 * `last`; INT64_MAX: all are. */
typedef struct mlsd__span {
    int64_t split, part, first, end, last;
} mlsd__span;

/* Zeroed but for order, labels and n_parts; ends by _free, also after a failure. Spans of one split
 * do not overlap; those of one split and part stand in any order. */
typedef struct mlsd__spans {
    const mlsd__time_order *order;
    const mlsd__labels *labels;
    int64_t n_splits, n_parts; /* n_splits grows with what is added */
    mlsd__span *items;
    int64_t n, capacity;
} mlsd__spans;

/* One after the other in time: what is trained on, what validates (empty where n_parts is 2) and
 * what is tested, as places. */
typedef struct mlsd__window {
    int64_t train_first, train_end, validation_first, validation_end, test_first, test_end;
} mlsd__window;

/* Add a window to a split; labels that reach what follows, or within the embargo before it, are
 * left out of what goes before. */
mlsd_status mlsd__spans_add_window(mlsd__scope *scope, mlsd__spans *spans, int64_t split,
                                   const mlsd__window *w);

/* Errors: MLSD_E_DATA where the labels leave a part of a split empty. */
mlsd_status mlsd__spans_store(mlsd__scope *scope, mlsd__spans *spans, mlsd_folds *out);
void mlsd__spans_free(mlsd__spans *spans, const mlsd__allocator *a);

#endif
