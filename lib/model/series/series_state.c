/* series_state.c - the fitted state of a forecaster: telling, saving, loading. */
#include "model/series/series_state.h"

#include <math.h>

#include "base/fail.h"

static mlsd_status state_new(const mlsd__allocator *a, const char *const *names,
                             mlsd__series_state **out)
{
    mlsd__series_state *const s = mlsd__alloc(a, 1, sizeof *s);
    *out = s;
    if (s == NULL) return MLSD_E_NOMEM;
    s->names = names;
    while (names[s->n_arrays] != NULL) s->n_arrays++;
    return MLSD_OK;
}

mlsd_status mlsd__series_state_new(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd__train *train, const char *const *names,
                                   mlsd__series_state **out)
{
    *out = NULL;
    if (train->clock == NULL)
        return mlsd__fail(MLSD_E_CHILD,
                          "%s reads no features: use it alone, not as a step of a pipeline",
                          mlsd_kind_name(mlsd_spec_kind(spec)));
    MLSD__TRY(state_new(scope->allocator, names, out));
    (*out)->clock = *train->clock;
    return MLSD_OK;
}

mlsd_status mlsd__series_state_set(const mlsd__allocator *a, mlsd__series_state *s, int64_t i,
                                   const double *values, int64_t n)
{
    mlsd__free(a, s->arrays[i].data);
    s->arrays[i].data = mlsd__memdup(a, values, n, sizeof *values);
    s->arrays[i].n = s->arrays[i].data != NULL ? n : 0;
    return s->arrays[i].data != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

mlsd_status mlsd__series_state_set_number(const mlsd__allocator *a, mlsd__series_state *s,
                                          int64_t i, double value)
{
    return mlsd__series_state_set(a, s, i, &value, 1);
}

const mlsd__clock *mlsd__series_clock(const void *state)
{
    return &((const mlsd__series_state *)state)->clock;
}

const char *mlsd__series_attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                                   int64_t *cols)
{
    const mlsd__series_state *const s = state;
    if (i >= s->n_arrays) return NULL;
    *data = s->arrays[i].data;
    *rows = 1;
    *cols = s->arrays[i].n;
    return s->names[i];
}

mlsd_status mlsd__series_save(const void *state, mlsd__writer *w)
{
    const mlsd__series_state *const s = state;
    mlsd__put_i64(w, s->clock.kind);
    mlsd__put_f64(w, s->clock.end);
    mlsd__put_f64(w, s->clock.step);
    for (int64_t i = 0; i < s->n_arrays; i++) mlsd__put_f64s(w, s->arrays[i].data, s->arrays[i].n);
    return w->status;
}

mlsd_status mlsd__series_load(mlsd__reader *r, const char *const *names, mlsd__series_state **out)
{
    mlsd__series_state *s = NULL;
    *out = NULL;
    MLSD__TRY(state_new(r->allocator, names, &s));
    s->clock.kind = mlsd__take_i64(r);
    s->clock.end = mlsd__take_f64(r);
    s->clock.step = mlsd__take_f64(r);
    for (int64_t i = 0; i < s->n_arrays; i++)
        s->arrays[i].data = mlsd__take_f64s(r, &s->arrays[i].n);
    if (r->status == MLSD_OK &&
        (s->clock.kind < MLSD__CLOCK_ORDER || s->clock.kind > MLSD__CLOCK_TIMES ||
         !isfinite(s->clock.end) || !(s->clock.step > 0.0) || !isfinite(s->clock.step)))
        return mlsd__series_reject(r, s);
    if (r->status != MLSD_OK) {
        mlsd__series_free(r->allocator, s);
        return r->status;
    }
    *out = s;
    return MLSD_OK;
}

mlsd_status mlsd__series_reject(mlsd__reader *r, mlsd__series_state *s)
{
    mlsd__series_free(r->allocator, s);
    if (r->status == MLSD_OK)
        r->status = mlsd__fail(MLSD_E_CORRUPT, "the forecaster in the file contradicts itself");
    return r->status;
}

void mlsd__series_free(const mlsd__allocator *a, void *state)
{
    mlsd__series_state *const s = state;
    if (s == NULL) return;
    for (int64_t i = 0; i < s->n_arrays; i++) mlsd__free(a, s->arrays[i].data);
    mlsd__free(a, s);
}
