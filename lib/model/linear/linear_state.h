/* linear_state.h - what a fitted linear regression is, shared by linear_regression, ridge and
 * ridge_cv: coefficients, an intercept, and a few arrays by name that tell how they were found. */
#ifndef MLSD_MODEL_LINEAR_LINEAR_STATE_H
#define MLSD_MODEL_LINEAR_LINEAR_STATE_H

#include "model/estimator.h"

enum { MLSD__LINEAR_EXTRAS = 24 };

typedef struct mlsd__linear_state {
    int64_t p;
    double *coef; /* p */
    double intercept;
    const char *const *extra_names; /* static, NULL-terminated; NULL for none */
    int64_t n_extras;
    struct {
        double *data;
        int64_t rows, cols;
    } extras[MLSD__LINEAR_EXTRAS];
} mlsd__linear_state;

/* Zero coefficients, extras without data. */
mlsd_status mlsd__linear_state_new(const mlsd__allocator *a, int64_t p,
                                   const char *const *extra_names, mlsd__linear_state **out);
/* Room for the i-th extra array, zeroed; NULL when memory runs out. */
double *mlsd__linear_state_extra(const mlsd__allocator *a, mlsd__linear_state *state, int64_t i,
                                 int64_t rows, int64_t cols);
/* MLSD_E_NUMERIC unless all is finite. */
mlsd_status mlsd__linear_state_check(const mlsd__linear_state *state);

/* Members of the ops table. */
void mlsd__linear_predict_block(const void *state, const double *x, int64_t n, int64_t ld,
                                mlsd_output what, double *out, double *scratch);
const char *mlsd__linear_attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                                   int64_t *cols);
mlsd_status mlsd__linear_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__linear_load(mlsd__reader *r, int64_t n_features, const char *const *extra_names,
                              void **out_state);
void mlsd__linear_free(const mlsd__allocator *a, void *state);

#endif
