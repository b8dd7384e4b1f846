/* linear_state.c - the fitted state of a linear regression: predicting, telling, saving. Predicting
 * is one dot product a row in the fixed order of numeric/sum.h, so a row alone and a row among many
 * give the same bits. */
#include "model/linear/linear_state.h"

#include <math.h>
#include <string.h>

#include "numeric/sum.h"

mlsd_status mlsd__linear_state_new(const mlsd__allocator *a, int64_t p,
                                   const char *const *extra_names, mlsd__linear_state **out)
{
    return mlsd__linear_state_new_many(a, p, 1, extra_names, out);
}

mlsd_status mlsd__linear_state_new_many(const mlsd__allocator *a, int64_t p, int64_t n_targets,
                                        const char *const *extra_names, mlsd__linear_state **out)
{
    int64_t size;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(p, n_targets, &size));
    mlsd__linear_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->p = p;
    state->n_targets = n_targets;
    state->extra_names = extra_names;
    while (extra_names != NULL && extra_names[state->n_extras] != NULL) state->n_extras++;
    state->coef = mlsd__alloc(a, size, sizeof *state->coef);
    if (n_targets > 1) state->more_intercepts = mlsd__alloc(a, n_targets, sizeof(double));
    if (state->coef == NULL || (n_targets > 1 && state->more_intercepts == NULL)) {
        mlsd__linear_free(a, state);
        return MLSD_E_NOMEM;
    }
    *out = state;
    return MLSD_OK;
}

void mlsd__linear_set_intercept(mlsd__linear_state *state, int64_t k, double intercept)
{
    if (k == 0) state->intercept = intercept;
    if (state->more_intercepts != NULL) state->more_intercepts[k] = intercept;
}

int64_t mlsd__linear_n_targets(const void *state)
{
    return ((const mlsd__linear_state *)state)->n_targets;
}

static const double *intercepts(const mlsd__linear_state *state)
{
    return state->more_intercepts != NULL ? state->more_intercepts : &state->intercept;
}

double *mlsd__linear_state_extra(const mlsd__allocator *a, mlsd__linear_state *state, int64_t i,
                                 int64_t rows, int64_t cols)
{
    double *const data = mlsd__alloc(a, rows * cols, sizeof *data);
    if (data == NULL) return NULL;
    state->extras[i].data = data;
    state->extras[i].rows = rows;
    state->extras[i].cols = cols;
    return data;
}

mlsd_status mlsd__linear_state_check(const mlsd__linear_state *state)
{
    bool is_finite = true;
    for (int64_t k = 0; k < state->n_targets; k++)
        is_finite = is_finite && isfinite(intercepts(state)[k]);
    for (int64_t j = 0; j < state->n_targets * state->p; j++)
        is_finite = is_finite && isfinite(state->coef[j]);
    if (is_finite) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC,
                      "the sums of squares overflow; scale the columns or the target "
                      "down (a standardize step does)");
}

void mlsd__linear_predict_block(const void *state_, const double *x, int64_t n, int64_t ld,
                                mlsd_output what, double *out, double *scratch)
{
    const mlsd__linear_state *const state = state_;
    (void)what, (void)scratch;
    const int64_t p = state->p, t = state->n_targets;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < t; k++)
            out[i * t + k] = intercepts(state)[k] + mlsd__dot(x + i * ld, state->coef + k * p, p);
}

const char *mlsd__linear_attribute(const void *state_, int64_t i, const double **data,
                                   int64_t *rows, int64_t *cols)
{
    const mlsd__linear_state *const state = state_;
    *rows = 1;
    *cols = 1;
    if (i == 0) {
        *data = state->coef;
        *rows = state->n_targets;
        *cols = state->p;
        return "coef";
    }
    if (i == 1) {
        *data = intercepts(state);
        *cols = state->n_targets;
        return "intercept";
    }
    if (i - 2 >= state->n_extras) return NULL;
    *data = state->extras[i - 2].data;
    *rows = state->extras[i - 2].rows;
    *cols = state->extras[i - 2].cols;
    return state->extra_names[i - 2];
}

mlsd_status mlsd__linear_save(const void *state_, mlsd__writer *w)
{
    const mlsd__linear_state *const state = state_;
    mlsd__put_f64s(w, state->coef, state->n_targets * state->p);
    for (int64_t k = 0; k < state->n_targets; k++) mlsd__put_f64(w, intercepts(state)[k]);
    for (int64_t i = 0; i < state->n_extras; i++) {
        mlsd__put_i64(w, state->extras[i].cols);
        mlsd__put_f64s(w, state->extras[i].data, state->extras[i].rows * state->extras[i].cols);
    }
    return w->status;
}

/* Coefficients, as many for each target as there are features, and intercepts. */
static mlsd_status take_targets(mlsd__reader *r, int64_t n_features, mlsd__linear_state *state)
{
    int64_t n = 0;
    state->coef = mlsd__take_f64s(r, &n);
    MLSD__TRY(r->status);
    const bool fits = n == n_features || (n > 0 && n_features > 0 && n % n_features == 0);
    if (!fits)
        return mlsd__fail(MLSD_E_CORRUPT, "%lld coefficients for %lld features", (long long)n,
                          (long long)n_features);
    state->p = n_features;
    state->n_targets = n > n_features ? n / n_features : 1;
    if (state->n_targets > 1) {
        state->more_intercepts = mlsd__alloc(r->allocator, state->n_targets, sizeof(double));
        if (state->more_intercepts == NULL) return MLSD_E_NOMEM;
    }
    for (int64_t k = 0; k < state->n_targets; k++)
        mlsd__linear_set_intercept(state, k, mlsd__take_f64(r));
    return r->status;
}

mlsd_status mlsd__linear_load(mlsd__reader *r, int64_t n_features, const char *const *extra_names,
                              void **out_state)
{
    MLSD__TRY(mlsd__linear_load_many(r, n_features, extra_names, out_state));
    if (mlsd__linear_n_targets(*out_state) == 1) return MLSD_OK;
    mlsd__linear_free(r->allocator, *out_state);
    *out_state = NULL;
    return mlsd__fail(MLSD_E_CORRUPT, "coefficients of several targets for a model of one");
}

mlsd_status mlsd__linear_load_many(mlsd__reader *r, int64_t n_features,
                                   const char *const *extra_names, void **out_state)
{
    *out_state = NULL;
    mlsd__linear_state *state = NULL;
    MLSD__TRY(mlsd__linear_state_new(r->allocator, 0, extra_names, &state));
    mlsd__free(r->allocator, state->coef);
    mlsd_status status = take_targets(r, n_features, state);
    for (int64_t i = 0; status == MLSD_OK && i < state->n_extras; i++) {
        int64_t n = 0;
        const int64_t cols = mlsd__take_count(r, (int64_t)r->size);
        state->extras[i].data = mlsd__take_f64s(r, &n);
        state->extras[i].cols = cols;
        state->extras[i].rows = cols > 0 ? n / cols : 0;
        status = r->status;
        if (status == MLSD_OK && (cols > 0 ? n % cols != 0 : n != 0))
            status = mlsd__fail(MLSD_E_CORRUPT, "'%s' is not rectangular", extra_names[i]);
    }
    if (status != MLSD_OK) {
        mlsd__linear_free(r->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

void mlsd__linear_free(const mlsd__allocator *a, void *state_)
{
    mlsd__linear_state *const state = state_;
    for (int64_t i = 0; i < state->n_extras; i++) mlsd__free(a, state->extras[i].data);
    mlsd__free(a, state->more_intercepts);
    mlsd__free(a, state->coef);
    mlsd__free(a, state);
}
