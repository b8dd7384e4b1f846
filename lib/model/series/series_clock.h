/* series_clock.h - where a series ends, and how many steps after its end the rows to be predicted
 * are. Rows are in the order of the data set's time role, otherwise as they stand. */
#ifndef MLSD_MODEL_SERIES_CLOCK_H
#define MLSD_MODEL_SERIES_CLOCK_H

#include "data/dataset_impl.h"
#include "model/estimator.h"

/* How steps are counted. Values stand in model files: never renumbered. */
enum {
    MLSD__CLOCK_ORDER = 1, /* rows follow each other: 1, 2, ... */
    MLSD__CLOCK_ROWS = 2,  /* training rows were chosen from a data set: by numbers of its rows */
    MLSD__CLOCK_TIMES = 3  /* times are evenly spaced: by the time that has passed */
};

typedef struct mlsd__clock {
    int64_t kind;
    double end;  /* last row's number or time */
    double step; /* time from row to row */
} mlsd__clock;

/* Put the target into the order of time, and tell where it ends. Errors: MLSD_E_DATA for rows of
 * equal time, rows that are left out between others, and weights that are not all equal. */
mlsd_status mlsd__series_order(mlsd__scope *scope, const mlsd_dataset *train, double *y,
                               const double *weight, mlsd__clock *out);

/* Steps from the end to each row of a data set. Errors: MLSD_E_DATA for rows that are not after the
 * end, or too far from it. */
mlsd_status mlsd__series_steps(mlsd__scope *scope, const mlsd__clock *clock,
                               const mlsd_dataset *data, double *steps);

/* Steps of n rows that follow each other. */
mlsd_status mlsd__series_next_steps(int64_t n, double *steps);

#endif
