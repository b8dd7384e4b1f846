/* member.c - see the header. */
#include "model/ensemble/member.h"

#include <math.h>

#include "model/model_impl.h"

mlsd_status mlsd__members_open(const mlsd__allocator *a, const mlsd_spec *spec,
                               const mlsd__feature *features, int64_t p, int64_t k,
                               mlsd__members *out)
{
    *out = (mlsd__members){.allocator = *a, .ops = mlsd__spec_ops(spec), .k = k};
    MLSD__TRY(mlsd__features_copy(a, features, p, &out->features));
    out->p = p;
    return mlsd_spec_clone(spec, &out->spec);
}

mlsd_status mlsd__members_make_room(mlsd__members *m, int64_t n)
{
    m->states = mlsd__alloc(&m->allocator, n, sizeof *m->states);
    if (m->states == NULL) return MLSD_E_NOMEM;
    m->n = n;
    return MLSD_OK;
}

void mlsd__members_close(mlsd__members *m)
{
    const mlsd__allocator *const a = &m->allocator;
    for (int64_t i = 0; i < m->n; i++)
        if (m->states[i] != NULL) m->ops->free_state(a, m->states[i]);
    mlsd__free(a, m->states);
    mlsd__features_free(a, m->features, m->p);
    mlsd_spec_free(m->spec);
}

mlsd__frame mlsd__members_frame(const mlsd__members *m, const double *x, int64_t n, int64_t ld)
{
    return (mlsd__frame){.n_rows = n,
                         .n_features = m->p,
                         .features = m->features,
                         .matrix = {x, n, m->p, ld, 1, MLSD_F64, 0},
                         .n_source = m->p,
                         .max_width = m->p};
}

mlsd_status mlsd__members_find_nan(const mlsd__members *m, const mlsd__feature *features,
                                   const int64_t *columns, int64_t n_columns, const double *x,
                                   int64_t n, int64_t ld, int64_t first_row)
{
    for (int64_t i = 0; !m->ops->takes_nan && i < n; i++) {
        for (int64_t j = 0; j < n_columns; j++) {
            if (!isnan(x[i * ld + (columns != NULL ? columns[j] : j)])) continue;
            return mlsd__fail(MLSD_E_DATA, "row %lld, column '%.100s' is NaN; add an impute step",
                              (long long)(first_row + i), features[j].name);
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__members_ask(mlsd__scope *scope, const mlsd__members *m, void *state,
                              const mlsd__frame *frame, double *out)
{
    const mlsd__scope own = {.allocator = scope != NULL ? scope->allocator : &m->allocator};
    const int64_t k = m->k;
    const mlsd__train told = {.task = k == 0  ? MLSD_TASK_REGRESSION
                                      : k > 2 ? MLSD_TASK_MULTICLASS
                                              : MLSD_TASK_BINARY,
                              .n_classes = k};
    const mlsd_model model = mlsd__model_view(&own, m->spec, &told, frame, state);
    if (k == 0) return mlsd__model_predict_frame(scope, &model, frame, MLSD_OUTPUT_VALUE, out);
    if (mlsd__model_width(&model, MLSD_OUTPUT_PROBA) > 0)
        return mlsd__model_predict_frame(scope, &model, frame, MLSD_OUTPUT_PROBA, out);
    MLSD__TRY(mlsd__model_predict_frame(scope, &model, frame, MLSD_OUTPUT_VALUE, out));
    for (int64_t i = frame->n_rows - 1; i >= 0; i--) {
        const int64_t chosen = (int64_t)out[i]; /* of row i; rows before it are not yet spread */
        for (int64_t c = 0; c < k; c++) out[i * k + c] = c == chosen;
    }
    return MLSD_OK;
}

bool mlsd__members_take(const mlsd__members *m, const mlsd__feature *features, int64_t n)
{
    for (int64_t j = 0; j < n && !m->ops->takes_category; j++)
        if (features[j].type == MLSD__CATEGORY) return false;
    return true;
}

mlsd_status mlsd__members_load(mlsd__reader *r, mlsd__members *m, int64_t member,
                               const mlsd__feature *features, int64_t n)
{
    return m->ops->load(r, m->spec, features, n, m->k, &m->states[member]);
}
