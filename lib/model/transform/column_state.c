/* column_state.c - the state of transforms with a few fitted numbers for each column: made, told,
 * saved and loaded. */
#include "model/transform/column_state.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"

void mlsd__column_state_free(const mlsd__allocator *a, void *state_)
{
    mlsd__column_state *const state = state_;
    mlsd__features_free(a, state->features, state->p);
    mlsd__free(a, state->numbers);
    mlsd__free(a, state);
}

mlsd_status mlsd__column_state_new(const mlsd__allocator *a, const mlsd__feature *features,
                                   int64_t p, int64_t n_arrays, const char *const *names,
                                   size_t size, void **out)
{
    *out = NULL;
    mlsd__column_state *const state = mlsd__alloc(a, 1, size);
    if (state == NULL) return MLSD_E_NOMEM;
    state->n_arrays = n_arrays;
    state->n_saved = n_arrays;
    state->names = names;
    state->numbers = mlsd__alloc(a, p, (size_t)n_arrays * sizeof(double));
    mlsd_status status = MLSD_E_NOMEM;
    if (state->numbers != NULL) status = mlsd__features_copy(a, features, p, &state->features);
    if (status != MLSD_OK) {
        mlsd__column_state_free(a, state);
        return status;
    }
    state->p = p;
    *out = state;
    return MLSD_OK;
}

mlsd_status mlsd__column_state_keep(const mlsd__allocator *a, mlsd_status status, void **state)
{
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__column_state_free(a, *state);
    *state = NULL;
    return status;
}

double *mlsd__column_state_array(const mlsd__column_state *state, int64_t k)
{
    return state->numbers + k * state->p;
}

bool mlsd__is_number(const mlsd__column_state *state, int64_t j)
{
    return state->features[j].type == MLSD__NUMERIC;
}

const mlsd__feature *mlsd__column_state_features(const void *state_, int64_t *out_n)
{
    const mlsd__column_state *const state = state_;
    *out_n = state->p;
    return state->features;
}

const char *mlsd__column_state_attribute(const void *state_, int64_t i, const double **data,
                                         int64_t *rows, int64_t *cols)
{
    const mlsd__column_state *const state = state_;
    for (int64_t k = 0; k <= i; k++) {
        if (state->names[k] == NULL) return NULL;
    }
    *data = mlsd__column_state_array(state, i);
    *rows = 1;
    *cols = state->p;
    return state->names[i];
}

mlsd_status mlsd__column_state_save(const void *state_, mlsd__writer *w)
{
    const mlsd__column_state *const state = state_;
    mlsd__put_f64s(w, state->numbers, state->n_saved * state->p);
    return w->status;
}

mlsd_status mlsd__column_state_load(mlsd__reader *r, mlsd__column_state *state)
{
    int64_t n = 0;
    double *const numbers = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    bool fits = n == state->n_saved * state->p;
    for (int64_t i = 0; status == MLSD_OK && fits && i < n; i++) fits = isfinite(numbers[i]);
    if (status == MLSD_OK && !fits)
        status = mlsd__fail(MLSD_E_CORRUPT, "the transform's numbers do not fit %lld features",
                            (long long)state->p);
    if (status == MLSD_OK && n > 0) memcpy(state->numbers, numbers, (size_t)n * sizeof *numbers);
    mlsd__free(r->allocator, numbers);
    return status;
}

void mlsd__shift_and_divide(const double *in, int64_t n, int64_t p, const double *shift,
                            const double *divisor, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) out[i * p + j] = (in[i * p + j] - shift[j]) / divisor[j];
    }
}

double mlsd__standard_scale(double weight, double mean, double variance)
{
    return mlsd__is_constant(weight, mean, variance) ? 1 : sqrt(variance);
}
