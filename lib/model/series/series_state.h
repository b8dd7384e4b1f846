/* series_state.h - a fitted forecaster: where its series ends, and arrays of numbers by name. */
#ifndef MLSD_MODEL_SERIES_STATE_H
#define MLSD_MODEL_SERIES_STATE_H

#include "model/series/series_clock.h"

enum { MLSD__SERIES_ARRAYS = 20 };

typedef struct mlsd__series_state {
    mlsd__clock clock;
    const char *const *names; /* static, NULL-terminated */
    int64_t n_arrays;
    struct {
        double *data;
        int64_t n;
    } arrays[MLSD__SERIES_ARRAYS];
} mlsd__series_state;

/* An empty state for a training set. MLSD_E_CHILD where fit() was not given a series. */
mlsd_status mlsd__series_state_new(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd__train *train, const char *const *names,
                                   mlsd__series_state **out);
/* Copy numbers to the i-th array; a number is an array of one. */
mlsd_status mlsd__series_state_set(const mlsd__allocator *a, mlsd__series_state *s, int64_t i,
                                   const double *values, int64_t n);
mlsd_status mlsd__series_state_set_number(const mlsd__allocator *a, mlsd__series_state *s,
                                          int64_t i, double value);
static inline double mlsd__series_number(const mlsd__series_state *s, int64_t i)
{
    return s->arrays[i].data[0];
}

/* Members of the ops table. After loading, arrays may have any length: the kind checks them. */
const mlsd__clock *mlsd__series_clock(const void *state);
const char *mlsd__series_attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                                   int64_t *cols);
mlsd_status mlsd__series_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__series_load(mlsd__reader *r, const char *const *names, mlsd__series_state **out);
void mlsd__series_free(const mlsd__allocator *a, void *state);
/* MLSD_E_CORRUPT, and the state is freed. */
mlsd_status mlsd__series_reject(mlsd__reader *r, mlsd__series_state *s);

#endif
