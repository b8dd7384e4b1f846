/* linear_state.h - what a fitted linear regression is, shared by linear_regression, ridge and
 * ridge_cv: coefficients, an intercept, and a few arrays by name that tell how they were found. */
#ifndef MLSD_MODEL_LINEAR_LINEAR_STATE_H
#define MLSD_MODEL_LINEAR_LINEAR_STATE_H

#include "model/estimator.h"

enum { MLSD__LINEAR_EXTRAS = 24 };

typedef struct mlsd__linear_state {
    int64_t p;
    int64_t n_targets;
    double *coef;                   /* n_targets x p */
    double intercept;               /* of the first target */
    double *more_intercepts;        /* n_targets: of all, where there are several; else NULL */
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
/* The same for several targets. */
mlsd_status mlsd__linear_state_new_many(const mlsd__allocator *a, int64_t p, int64_t n_targets,
                                        const char *const *extra_names, mlsd__linear_state **out);
/* Set the k-th target's. */
void mlsd__linear_set_intercept(mlsd__linear_state *state, int64_t k, double intercept);
int64_t mlsd__linear_n_targets(const void *state);
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
/* The same for kinds that take several targets. */
mlsd_status mlsd__linear_load_many(mlsd__reader *r, int64_t n_features,
                                   const char *const *extra_names, void **out_state);
void mlsd__linear_free(const mlsd__allocator *a, void *state);

#endif
