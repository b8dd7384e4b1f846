/* time_order.h - rows in the order of their times, and where the intervals end that their labels
 * are about. A place is a row's position in time order. */
#ifndef MLSD_SPLIT_TIME_ORDER_H
#define MLSD_SPLIT_TIME_ORDER_H

#include "split/duration.h"
#include "split/splitter.h"

/* Zeroed before it is made; ends by _free, also after a failure. */
typedef struct mlsd__time_order {
    int64_t n;
    const int64_t *rows;  /* by place; NULL: rows stand in order already */
    const int64_t *times; /* by place; NULL: rows have none and stand in order */
    int64_t *own_rows, *own_times;
} mlsd__time_order;

/* Equal times by row. */
mlsd_status mlsd__time_order_make(mlsd__scope *scope, const int64_t *times, int64_t n,
                                  mlsd__time_order *out);
void mlsd__time_order_free(mlsd__time_order *order, const mlsd__allocator *a);

static inline int64_t mlsd__row_at(const mlsd__time_order *order, int64_t place)
{
    return order->rows != NULL ? order->rows[place] : place;
}

/* How many of n ascending ticks are below `tick`. */
int64_t mlsd__ticks_below(const int64_t *ticks, int64_t n, int64_t tick);

/* Ascending stable order of ticks, exact for all of int64. */
mlsd_status mlsd__argsort_ticks(mlsd__scope *scope, const int64_t *ticks, int64_t n, int64_t *out);

/* The parameters of kinds that leave out what overlaps, texts NULL where not set. */
typedef struct mlsd__purge_params {
    const char *label_horizon, *embargo;
} mlsd__purge_params;

/* The last moment of each row's label, by row; `ends` is NULL where nothing is known of it. */
typedef struct mlsd__labels {
    const int64_t *ends;
    int64_t *own_ends;
    int64_t embargo; /* ticks */
} mlsd__labels;

/* From the ends that rows bring or label_horizon. ends by _free, also after a failure. */
mlsd_status mlsd__labels_read(mlsd__scope *scope, const mlsd__split_input *in,
                              const mlsd__ruler *ruler, const mlsd__purge_params *p,
                              mlsd__labels *out);
void mlsd__labels_free(mlsd__labels *labels, const mlsd__allocator *a);

#endif
