/* column_state.h - what transforms share that make one number of each number by a few fitted
 * numbers of its column: scalers and the like. Columns keep their names; categories go through. */
#ifndef MLSD_MODEL_TRANSFORM_COLUMN_STATE_H
#define MLSD_MODEL_TRANSFORM_COLUMN_STATE_H

#include "model/estimator.h"

/* The first member of such a transform's state. Array k stands at numbers + k * p; the first ones
 * are what people can ask for by name. */
typedef struct mlsd__column_state {
    int64_t p, n_arrays;
    int64_t n_saved;          /* of the arrays; set to n_arrays */
    mlsd__feature *features;  /* owned copies */
    const char *const *names; /* of the first arrays, ends with NULL */
    double *numbers;
} mlsd__column_state;

/* A state of `size` bytes whose numbers are all 0. */
mlsd_status mlsd__column_state_new(const mlsd__allocator *a, const mlsd__feature *features,
                                   int64_t p, int64_t n_arrays, const char *const *names,
                                   size_t size, void **out);
double *mlsd__column_state_array(const mlsd__column_state *state, int64_t k);
bool mlsd__is_number(const mlsd__column_state *state, int64_t j);

/* Ready for the table of functions. */
void mlsd__column_state_free(const mlsd__allocator *a, void *state);
const mlsd__feature *mlsd__column_state_features(const void *state, int64_t *out_n);
const char *mlsd__column_state_attribute(const void *state, int64_t i, const double **data,
                                         int64_t *rows, int64_t *cols);
mlsd_status mlsd__column_state_save(const void *state, mlsd__writer *w);
/* Fill the saved arrays of a new state: not all finite is MLSD_E_CORRUPT. */
mlsd_status mlsd__column_state_load(mlsd__reader *r, mlsd__column_state *state);

/* `status`; where it is a failure the state is freed and *state is NULL. */
mlsd_status mlsd__column_state_keep(const mlsd__allocator *a, mlsd_status status, void **state);

/* (x - shift) / divisor of each column of n rows. */
void mlsd__shift_and_divide(const double *in, int64_t n, int64_t p, const double *shift,
                            const double *divisor, double *out);

/* The divisor that gives deviation 1; 1 where the variance cannot be told from the rounding of its
 * own sum (a constant). */
double mlsd__standard_scale(double weight, double mean, double variance);

#endif
