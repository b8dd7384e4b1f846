/* augmented_state.c - see augmented.h: a fitted augmented estimator is the estimator's own state;
 * nothing of the augmentations is left but the number of rows they made. */
#include <math.h>

#include "model/augment/augmented.h"

void mlsd__augmented_free(const mlsd__allocator *a, void *state_)
{
    mlsd__augmented *const s = state_;
    if (s->state != NULL) s->child->free_state(a, s->state);
    mlsd__features_free(a, s->features, s->p);
    mlsd__free(a, s);
}

mlsd_status mlsd__augmented_new(const mlsd__allocator *a, const mlsd_spec *child,
                                const mlsd__feature *features, int64_t p, mlsd__augmented **out)
{
    *out = NULL;
    mlsd__augmented *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->allocator = *a;
    s->child = mlsd__spec_ops(child);
    const mlsd_status status = mlsd__features_copy(a, features, p, &s->features);
    if (status != MLSD_OK) {
        mlsd__augmented_free(a, s);
        return status;
    }
    s->p = p;
    *out = s;
    return MLSD_OK;
}

static mlsd_status find_nan(const mlsd__augmented *s, const double *x, int64_t n, int64_t ld,
                            int64_t first_row)
{
    for (int64_t i = 0; !s->child->takes_nan && i < n; i++)
        for (int64_t j = 0; j < s->p; j++)
            if (isnan(x[i * ld + j]))
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is NaN; add an impute step",
                                  (long long)(first_row + i), s->features[j].name);
    return MLSD_OK;
}

mlsd_status mlsd__augmented_check_block(const void *state, const double *x, int64_t n, int64_t ld,
                                        int64_t first_row, bool has_nan, double *scratch)
{
    const mlsd__augmented *const s = state;
    if (has_nan) MLSD__TRY(find_nan(s, x, n, ld, first_row));
    if (s->child->check_block == NULL) return MLSD_OK;
    return s->child->check_block(s->state, x, n, ld, first_row, has_nan, scratch);
}

mlsd_status mlsd__augmented_predict(mlsd__scope *scope, const void *state, const double *x,
                                    int64_t n, int64_t ld, mlsd_output what, double *out,
                                    double *scratch)
{
    const mlsd__augmented *const s = state;
    return mlsd__estimator_predict(scope, s->child, s->state, x, n, ld, what, out, scratch);
}

int64_t mlsd__augmented_scratch(const void *state)
{
    const mlsd__augmented *const s = state;
    return mlsd__scratch_width(s->child, s->state);
}

int64_t mlsd__augmented_n_targets(const void *state)
{
    const mlsd__augmented *const s = state;
    return s->child->n_targets != NULL ? s->child->n_targets(s->state) : 1;
}

int64_t mlsd__augmented_block_rows(const void *state)
{
    const mlsd__augmented *const s = state;
    return s->child->block_rows != NULL ? s->child->block_rows(s->state) : MLSD__BLOCK_ROWS;
}

bool mlsd__augmented_by_rows(const void *state)
{
    const mlsd__augmented *const s = state;
    return mlsd__estimator_by_rows(s->child, s->state);
}

mlsd_status mlsd__augmented_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                         int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                         double *out)
{
    const mlsd__augmented *const s = state;
    MLSD__TRY(find_nan(s, x, n, ld, first_row));
    return s->child->predict_rows(scope, s->state, x, n, ld, first_row, what, out);
}

const mlsd__feature *mlsd__augmented_features_seen(const void *state, int64_t *out_n)
{
    const mlsd__augmented *const s = state;
    if (s->child->features_seen != NULL) return s->child->features_seen(s->state, out_n);
    *out_n = s->p;
    return s->features;
}

mlsd_status mlsd__augmented_tell_selections(const void *state, const char *name,
                                            const struct mlsd__selection_sink *sink)
{
    const mlsd__augmented *const s = state;
    if (s->child->tell_selections == NULL) return MLSD_OK;
    return s->child->tell_selections(s->state, name, sink);
}

const char *mlsd__augmented_attribute(const void *state, int64_t i, const double **data,
                                      int64_t *rows, int64_t *cols)
{
    const mlsd__augmented *const s = state;
    if (i > 0)
        return s->child->attribute != NULL ? s->child->attribute(s->state, i - 1, data, rows, cols)
                                           : NULL;
    *data = &s->n_rows_augmented;
    *rows = 1;
    *cols = 1;
    return "n_rows_augmented";
}

mlsd_status mlsd__augmented_save(const void *state, mlsd__writer *w)
{
    const mlsd__augmented *const s = state;
    mlsd__put_f64s(w, &s->n_rows_augmented, 1);
    return s->child->save(s->state, w);
}

static mlsd_status load_parts(mlsd__reader *r, const mlsd_spec *child, int64_t n_classes,
                              mlsd__augmented *s)
{
    int64_t n = 0;
    double *const number = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK && n != 1)
        status = mlsd__fail(MLSD_E_CORRUPT, "the augmented model in the file is damaged");
    if (status == MLSD_OK) s->n_rows_augmented = *number;
    mlsd__free(r->allocator, number);
    for (int64_t j = 0; status == MLSD_OK && j < s->p && !s->child->takes_category; j++)
        if (s->features[j].type == MLSD__CATEGORY)
            status = mlsd__fail(MLSD_E_CORRUPT, "the estimator in the file cannot take '%.100s'",
                                s->features[j].name);
    if (status == MLSD_OK)
        status = s->child->load(r, child, s->features, s->p, n_classes, &s->state);
    return status;
}

mlsd_status mlsd__augmented_load(mlsd__reader *r, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t n_features,
                                 int64_t n_classes, void **out_state)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    *out_state = NULL;
    if (child == NULL)
        return mlsd__fail(MLSD_E_CORRUPT, "the augmented model in the file has no estimator");
    mlsd__augmented *s;
    MLSD__TRY(mlsd__augmented_new(r->allocator, child, features, n_features, &s));
    const mlsd_status status = load_parts(r, child, n_classes, s);
    if (status != MLSD_OK) {
        mlsd__augmented_free(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}
