/* column_parts.c - parts fitted on frames of their columns; their blocks gathered, transformed and
 * put side by side. */
#include "model/transform/column_parts.h"

#include <math.h>
#include <string.h>

void mlsd__column_parts_free(const mlsd__allocator *a, void *state_)
{
    mlsd__column_parts *const state = state_;
    for (int64_t i = 0; i < state->n_parts; i++) {
        mlsd__column_part *const part = &state->parts[i];
        if (part->state != NULL) part->ops->free_state(a, part->state);
        mlsd__features_free(a, part->features, part->n);
        mlsd__free(a, part->columns);
    }
    mlsd__features_free(a, state->out, state->n_named);
    mlsd__free(a, state->parts);
    mlsd__free(a, state);
}

mlsd_status mlsd__column_parts_new(const mlsd__allocator *a, int64_t p, int64_t n_parts,
                                   mlsd__column_parts **out)
{
    *out = NULL;
    mlsd__column_parts *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->p = p;
    state->parts = mlsd__alloc(a, n_parts, sizeof *state->parts);
    if (state->parts == NULL) {
        mlsd__column_parts_free(a, state);
        return MLSD_E_NOMEM;
    }
    *out = state;
    return MLSD_OK;
}

mlsd_status mlsd__column_parts_add(const mlsd__allocator *a, mlsd__column_parts *state,
                                   const mlsd__feature *features, int64_t *columns, int64_t n,
                                   mlsd__column_part **out)
{
    mlsd__column_part *const part = &state->parts[state->n_parts];
    mlsd__feature *const own = mlsd__alloc(a, n, sizeof *own); /* shallow, to be copied */
    mlsd_status status = own == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) own[i] = features[columns[i]];
    if (status == MLSD_OK) status = mlsd__features_copy(a, own, n, &part->features);
    mlsd__free(a, own);
    if (status != MLSD_OK) {
        mlsd__free(a, columns);
        return status;
    }
    part->columns = columns;
    part->n = n;
    state->n_parts++;
    *out = part;
    return MLSD_OK;
}

static void gather(const mlsd__column_part *part, const double *x, int64_t n, int64_t ld,
                   double *out)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < part->n; j++) out[i * part->n + j] = x[i * ld + part->columns[j]];
    }
}

/* A part's columns of a frame. */
typedef struct selection {
    const mlsd__column_part *part;
    int64_t p;
} selection;

static void select_block(const void *state, const int64_t *rows, int64_t first, const double *in,
                         int64_t n, double *out, double *scratch)
{
    const selection *const s = state;
    (void)rows, (void)first, (void)scratch;
    gather(s->part, in, n, s->p, out);
}

mlsd_status mlsd__column_part_fit(mlsd__scope *scope, const mlsd_spec *transform,
                                  const mlsd__train *train, mlsd__column_part *part)
{
    const selection columns = {.part = part, .p = train->x->n_features};
    mlsd__frame frame;
    mlsd__frame_chain_rows(train->x, select_block, &columns, 0, part->features, part->n, &frame);
    mlsd__train inner = *train;
    inner.x = &frame;
    inner.x_valid = NULL; /* transforms do not look at it */
    inner.y_valid = NULL;
    inner.weight_valid = NULL;
    inner.x_lacks_infinity = true; /* it was looked through */
    part->ops = mlsd__spec_ops(transform);
    MLSD__TRY(mlsd__estimator_fit(scope, transform, &inner, &part->state));
    if (!mlsd__estimator_by_rows(part->ops, part->state)) return MLSD_OK;
    return mlsd__fail(MLSD_E_UNSUPPORTED,
                      "a transform of the user's own cannot stand in column_transform; make it a "
                      "step of the pipeline");
}

mlsd_status mlsd__column_part_load(mlsd__reader *r, const mlsd_spec *transform,
                                   mlsd__column_part *part)
{
    part->ops = mlsd__spec_ops(transform);
    for (int64_t i = 0; !part->ops->takes_category && i < part->n; i++) {
        if (part->features[i].type == MLSD__CATEGORY)
            return mlsd__fail(MLSD_E_CORRUPT, "a part of column_transform cannot take '%.100s'",
                              part->features[i].name);
    }
    MLSD__TRY(part->ops->load(r, transform, part->features, part->n, 0, &part->state));
    if (!mlsd__estimator_by_rows(part->ops, part->state)) return MLSD_OK;
    return mlsd__fail(MLSD_E_CORRUPT, "column_transform holds what it cannot hold");
}

mlsd_status mlsd__column_parts_finish(const mlsd__allocator *a, mlsd__column_parts *state)
{
    for (int64_t i = 0; i < state->n_parts; i++) {
        mlsd__column_part *const part = &state->parts[i];
        part->n_out = part->n;
        if (part->ops != NULL) {
            (void)part->ops->features_out(part->state, &part->n_out);
            const int64_t scratch = mlsd__scratch_width(part->ops, part->state);
            if (scratch > state->scratch) state->scratch = scratch;
        }
        if (part->n + part->n_out > state->width) state->width = part->n + part->n_out;
        state->p_out += part->n_out;
    }
    state->out = mlsd__alloc(a, state->p_out, sizeof *state->out);
    if (state->out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < state->n_parts; i++) {
        const mlsd__column_part *const part = &state->parts[i];
        int64_t n = part->n;
        const mlsd__feature *names = part->features;
        if (part->ops != NULL) names = part->ops->features_out(part->state, &n);
        for (int64_t j = 0; j < n; j++) {
            MLSD__TRY(mlsd__feature_copy(a, &names[j], &state->out[state->n_named]));
            state->n_named++;
        }
    }
    return MLSD_OK;
}

/* The first NaN that a part cannot take. */
static mlsd_status find_nan(const mlsd__column_part *part, const double *x, int64_t n,
                            int64_t first_row)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < part->n; j++) {
            if (isnan(x[i * part->n + j]))
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is NaN; add an impute step",
                                  (long long)(first_row + i), part->features[j].name);
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__column_parts_check_block(const void *state_, const double *x, int64_t n,
                                           int64_t ld, int64_t first_row, bool has_nan,
                                           double *scratch)
{
    const mlsd__column_parts *const state = state_;
    for (int64_t i = 0; i < state->n_parts; i++) {
        const mlsd__column_part *const part = &state->parts[i];
        if (part->ops == NULL) continue;
        gather(part, x, n, ld, scratch);
        if (has_nan && !part->ops->takes_nan) MLSD__TRY(find_nan(part, scratch, n, first_row));
        if (part->ops->check_block != NULL)
            MLSD__TRY(part->ops->check_block(part->state, scratch, n, part->n, first_row, has_nan,
                                             scratch + n * state->width));
    }
    return MLSD_OK;
}

/* Are these rows of the fit, and which? */
typedef struct row_numbers {
    bool is_training;
    const int64_t *rows;
    int64_t first;
} row_numbers;

static void run_parts(const mlsd__column_parts *state, const double *x, int64_t n, int64_t ld,
                      const row_numbers *numbers, double *out, double *scratch)
{
    int64_t at = 0;
    for (int64_t i = 0; i < state->n_parts; i++) {
        const mlsd__column_part *const part = &state->parts[i];
        double *made = scratch;
        gather(part, x, n, ld, scratch);
        if (part->ops != NULL) {
            double *const room = scratch + n * state->width;
            made = scratch + n * part->n;
            if (numbers->is_training)
                mlsd__transform_training_rows(part->ops, part->state, numbers->rows, numbers->first,
                                              scratch, n, part->n, made, room);
            else
                mlsd__transform_rows(part->ops, part->state, scratch, n, part->n, made, room);
        }
        for (int64_t r = 0; r < n && part->n_out > 0; r++)
            memcpy(out + r * state->p_out + at, made + r * part->n_out,
                   (size_t)part->n_out * sizeof *out);
        at += part->n_out;
    }
}

void mlsd__column_parts_block(const void *state, const double *x, int64_t n, int64_t ld,
                              mlsd_output what, double *out, double *scratch)
{
    const row_numbers none = {0};
    (void)what;
    run_parts(state, x, n, ld, &none, out, scratch);
}

void mlsd__column_parts_train(const void *state_, const int64_t *rows, int64_t first,
                              const double *in, int64_t n, double *out, double *scratch)
{
    const mlsd__column_parts *const state = state_;
    const row_numbers numbers = {.is_training = true, .rows = rows, .first = first};
    run_parts(state, in, n, state->p, &numbers, out, scratch);
}

int64_t mlsd__column_parts_scratch(const void *state_)
{
    const mlsd__column_parts *const state = state_;
    return state->width + state->scratch;
}

bool mlsd__column_parts_make_nan(const void *state_)
{
    const mlsd__column_parts *const state = state_;
    for (int64_t i = 0; i < state->n_parts; i++) {
        const mlsd__column_part *const part = &state->parts[i];
        if (part->ops != NULL && mlsd__makes_nan(part->ops, part->state)) return true;
    }
    return false;
}

void mlsd__column_parts_end_training(const mlsd__allocator *a, void *state_)
{
    const mlsd__column_parts *const state = state_;
    for (int64_t i = 0; i < state->n_parts; i++) {
        const mlsd__column_part *const part = &state->parts[i];
        if (part->ops != NULL && part->ops->end_training != NULL)
            part->ops->end_training(a, part->state);
    }
}

const mlsd__feature *mlsd__column_parts_features(const void *state_, int64_t *out_n)
{
    const mlsd__column_parts *const state = state_;
    *out_n = state->p_out;
    return state->out;
}

mlsd_status mlsd__column_parts_save(const void *state_, mlsd__writer *w)
{
    const mlsd__column_parts *const state = state_;
    for (int64_t i = 0; i < state->n_parts; i++) {
        const mlsd__column_part *const part = &state->parts[i];
        mlsd__put_i64s(w, part->columns, part->n);
        if (part->ops != NULL) MLSD__TRY(part->ops->save(part->state, w));
    }
    return w->status;
}

mlsd_status mlsd__column_parts_tell(const void *state, const char *name,
                                    const struct mlsd__selection_sink *sink)
{
    const mlsd__column_parts *const parts = state;
    for (int64_t i = 0; i < parts->n_parts; i++) {
        const mlsd__column_part *const part = &parts->parts[i];
        if (part->ops != NULL && part->ops->tell_selections != NULL)
            MLSD__TRY(part->ops->tell_selections(part->state, name, sink));
    }
    return MLSD_OK;
}
