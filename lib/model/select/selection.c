/* selection.c - see the header: the state of selections is made, told, saved and loaded here, and
 * nothing is decided. */
#include "model/select/selection.h"

#include <math.h>
#include <string.h>

#include "numeric/rank.h"

void mlsd__selection_free(const mlsd__allocator *a, void *state)
{
    mlsd__selection *const s = state;
    if (s == NULL) return;
    mlsd__features_free(a, s->features, s->p);
    mlsd__features_free(a, s->out, s->n_out);
    for (int64_t i = 0; i < MLSD__SELECTION_ARRAYS; i++) mlsd__free(a, s->arrays[i].data);
    mlsd__free(a, s->columns);
    mlsd__free(a, s->support);
    mlsd__free(a, s);
}

mlsd_status mlsd__selection_new(const mlsd__allocator *a, const mlsd__feature *features, int64_t p,
                                const char *const *names, mlsd__selection **out)
{
    mlsd__selection *const s = mlsd__alloc(a, 1, sizeof *s);
    *out = s;
    if (s == NULL) return MLSD_E_NOMEM;
    s->names = names;
    s->support = mlsd__alloc(a, p, sizeof *s->support);
    if (s->support == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__features_copy(a, features, p, &s->features));
    s->p = p;
    return MLSD_OK;
}

mlsd_status mlsd__selection_array_new(const mlsd__allocator *a, mlsd__selection *s, int64_t i,
                                      int64_t rows, int64_t cols, double **out)
{
    int64_t size;
    MLSD__TRY(mlsd__mul_size(rows, cols, &size));
    *out = mlsd__alloc(a, size, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    s->arrays[i] = (mlsd__selection_array){.rows = rows, .cols = cols, .data = *out};
    return MLSD_OK;
}

mlsd_status mlsd__selection_choose(const mlsd__allocator *a, mlsd__selection *s)
{
    int64_t n = 0;
    for (int64_t j = 0; j < s->p; j++) n += s->support[j] != 0;
    s->columns = mlsd__alloc(a, n, sizeof *s->columns);
    s->out = mlsd__alloc(a, n, sizeof *s->out);
    if (s->columns == NULL || s->out == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < s->p; j++) {
        if (s->support[j] == 0) continue;
        MLSD__TRY(mlsd__feature_copy(a, &s->features[j], &s->out[s->n_out]));
        s->columns[s->n_out++] = j;
    }
    return MLSD_OK;
}

mlsd_status mlsd__selection_hand_over(mlsd__scope *scope, mlsd_status status, mlsd__selection *s,
                                      void **out_state)
{
    if (status == MLSD_OK) status = mlsd__selection_choose(scope->allocator, s);
    if (status != MLSD_OK) {
        mlsd__selection_free(scope->allocator, s);
        return status;
    }
    if (s->n_out == 0)
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "no column was selected of %lld: what follows sees none", (long long)s->p);
    *out_state = s;
    return MLSD_OK;
}

const mlsd__feature *mlsd__selection_features(const void *state, int64_t *out_n)
{
    const mlsd__selection *const s = state;
    *out_n = s->n_out;
    return s->out;
}

static void gather(const int64_t *columns, int64_t n_columns, int64_t p, const double *in,
                   int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const double *const row = in + i * p;
        for (int64_t k = 0; k < n_columns; k++) *out++ = row[columns[k]];
    }
}

void mlsd__selection_block(const void *state, const double *in, int64_t n, double *out)
{
    const mlsd__selection *const s = state;
    gather(s->columns, s->n_out, s->p, in, n, out);
}

const char *mlsd__selection_attribute(const void *state, int64_t i, const double **data,
                                      int64_t *rows, int64_t *cols)
{
    const mlsd__selection *const s = state;
    if (i == 0) {
        *data = s->support;
        *rows = 1;
        *cols = s->p;
        return "support";
    }
    for (int64_t k = 0; s->names[k] != NULL; k++) {
        if (s->arrays[k].data == NULL || --i > 0) continue;
        *data = s->arrays[k].data;
        *rows = s->arrays[k].rows;
        *cols = s->arrays[k].cols;
        return s->names[k];
    }
    return NULL;
}

mlsd_status mlsd__selection_save(const void *state, mlsd__writer *w)
{
    const mlsd__selection *const s = state;
    mlsd__put_f64s(w, s->support, s->p);
    for (int64_t k = 0; s->names[k] != NULL; k++) {
        const mlsd__selection_array *const array = &s->arrays[k];
        mlsd__put_i64(w, array->data == NULL ? -1 : array->cols);
        if (array->data != NULL) mlsd__put_f64s(w, array->data, array->rows * array->cols);
    }
    return w->status;
}

static mlsd_status load_array(mlsd__reader *r, mlsd__selection_array *array)
{
    int64_t n = 0;
    array->cols = mlsd__take_i64(r);
    if (r->status != MLSD_OK || array->cols == -1) return r->status;
    array->data = mlsd__take_f64s(r, &n);
    if (r->status != MLSD_OK) return r->status;
    if (array->cols < 1 ? n != 0 || array->cols != 0 : n % array->cols != 0)
        return mlsd__fail(MLSD_E_CORRUPT,
                          "an array of the selection has %lld numbers in rows of "
                          "%lld",
                          (long long)n, (long long)array->cols);
    array->rows = array->cols == 0 ? 1 : n / array->cols;
    return MLSD_OK;
}

static mlsd_status load_support(mlsd__reader *r, mlsd__selection *s)
{
    int64_t n = 0;
    double *const support = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    bool fits = n == s->p;
    for (int64_t j = 0; status == MLSD_OK && fits && j < n; j++)
        fits = support[j] == 0 || support[j] == 1;
    if (status == MLSD_OK && !fits)
        status =
            mlsd__fail(MLSD_E_CORRUPT, "the selection does not fit %lld features", (long long)s->p);
    if (status == MLSD_OK && n > 0) memcpy(s->support, support, (size_t)n * sizeof *support);
    mlsd__free(r->allocator, support);
    return status;
}

mlsd_status mlsd__selection_load(mlsd__reader *r, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t n_features,
                                 int64_t n_classes, void **out_state)
{
    const char *const *const names = ((const mlsd__selection_ops *)mlsd__spec_ops(spec))->names;
    mlsd__selection *s;
    (void)n_classes;
    *out_state = NULL;
    mlsd_status status = mlsd__selection_new(r->allocator, features, n_features, names, &s);
    if (status == MLSD_OK) status = load_support(r, s);
    for (int64_t k = 0; status == MLSD_OK && names[k] != NULL; k++)
        status = load_array(r, &s->arrays[k]);
    if (status == MLSD_OK) status = mlsd__selection_choose(r->allocator, s);
    if (status == MLSD_OK)
        *out_state = s;
    else
        mlsd__selection_free(r->allocator, s);
    return status;
}

mlsd_status mlsd__selection_tell(const void *state, const char *name,
                                 const mlsd__selection_sink *sink)
{
    return sink->take(sink->user, name, state);
}

bool mlsd__spec_selects(const mlsd_spec *spec)
{
    if (strcmp(mlsd_kind_family(mlsd_spec_kind(spec)), "transform") == 0) {
        const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
        if (ops->tell_selections == mlsd__selection_tell) return true;
    }
    for (int64_t i = 0; i < mlsd_spec_child_count(spec); i++) {
        if (mlsd__spec_selects(mlsd_spec_child_at(spec, i))) return true;
    }
    return false;
}

static void some_block(const void *state, const double *in, int64_t n, double *out)
{
    const mlsd__some_columns *const some = state;
    gather(some->columns, some->n, some->p, in, n, out);
}

void mlsd__some_columns_frame(mlsd__some_columns *some, const mlsd__frame *all, mlsd__frame *out)
{
    some->p = all->n_features;
    for (int64_t k = 0; k < some->n; k++) some->features[k] = all->features[some->columns[k]];
    mlsd__frame_chain(all, some_block, some, some->features, some->n, out);
}

mlsd_status mlsd__rank_falling(const mlsd__allocator *a, const double *value, int64_t n,
                               int64_t *order)
{
    double *const negative = mlsd__alloc_raw(a, n, sizeof *negative);
    if (negative == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) negative[i] = -value[i];
    const mlsd_status status = mlsd__argsort(a, negative, n, order);
    mlsd__free(a, negative);
    return status;
}
