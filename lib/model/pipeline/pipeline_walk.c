/* pipeline_walk.c - blocks of rows on their way through the steps of a fitted pipeline: predicted,
 * transformed, made as training rows, and looked at before. Pipelines with a step of the user's go
 * another way, see pipeline_rows.c. */
#include <math.h>
#include <string.h>

#include "model/pipeline/pipeline_impl.h"

void mlsd__step_rows(const void *step, const int64_t *rows, int64_t first, const double *in,
                     int64_t n, double *out, double *scratch)
{
    const mlsd__step *const s = step;
    (void)rows, (void)first;
    mlsd__transform_rows(s->ops, s->state, in, n, s->p_in, out, scratch);
}

void mlsd__step_train(const void *step, const int64_t *rows, int64_t first, const double *in,
                      int64_t n, double *out, double *scratch)
{
    const mlsd__step *const s = step;
    mlsd__transform_training_rows(s->ops, s->state, rows, first, in, n, s->p_in, out, scratch);
}

/* Rows on their way through the steps: they lie in x, then in one or the other half of scratch. */
typedef struct walk {
    const double *rows;
    int64_t n, ld;
    double *here, *there; /* n * max_width each; rows are never in `here` */
    double *scratch;      /* of the steps */
    bool is_training;     /* these are rows of the fit, */
    const int64_t *numbers;
    int64_t first; /* as mlsd__rows_fn is told them */
} walk;

static void walk_begin(const mlsd__pipeline_state *state, const double *x, int64_t n, int64_t ld,
                       double *scratch, walk *w)
{
    *w = (walk){.rows = x, .n = n, .ld = ld, .here = scratch};
    w->there = scratch + n * state->max_width;
    w->scratch = w->there + n * state->max_width;
}

static void walk_swap(walk *w, int64_t ld)
{
    double *const free_half = w->there;
    w->rows = w->here;
    w->ld = ld;
    w->there = w->here;
    w->here = free_half;
}

/* Transforms take rows that lie one after the other. */
static void walk_pack(const mlsd__step *s, walk *w)
{
    const int64_t p = s->p_in;
    if (w->ld == p) return;
    for (int64_t i = 0; i < w->n && p > 0; i++)
        memcpy(w->here + i * p, w->rows + i * w->ld, (size_t)p * sizeof *w->rows);
    walk_swap(w, p);
}

/* Of packed rows. */
static void walk_transform(const mlsd__step *s, walk *w, double *out)
{
    if (w->is_training)
        mlsd__step_train(s, w->numbers, w->first, w->rows, w->n, out, w->scratch);
    else
        mlsd__step_rows(s, NULL, 0, w->rows, w->n, out, w->scratch);
}

static void walk_through(const mlsd__step *s, walk *w)
{
    int64_t p_out;
    (void)s->ops->features_out(s->state, &p_out);
    walk_pack(s, w); /* which turns the halves round */
    walk_transform(s, w, w->here);
    walk_swap(w, p_out);
}

mlsd_status mlsd__pipeline_predict_long(mlsd__scope *scope, const void *state_, const double *x,
                                        int64_t n, int64_t ld, mlsd_output what, double *out,
                                        double *scratch)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    walk w;
    walk_begin(state, x, n, ld, scratch, &w);
    for (const mlsd__step *s = state->steps; s < last; s++) walk_through(s, &w);
    if (what != MLSD_OUTPUT_FEATURES)
        return mlsd__estimator_predict(scope, last->ops, last->state, w.rows, n, w.ld, what, out,
                                       w.scratch);
    walk_pack(last, &w);
    walk_transform(last, &w, out);
    return MLSD_OK;
}

/* Of a pipeline of transforms. */
void mlsd__pipeline_transform_train(const void *state_, const int64_t *rows, int64_t first,
                                    const double *in, int64_t n, double *out, double *scratch)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    walk w;
    walk_begin(state, in, n, state->steps[0].p_in, scratch, &w);
    w.is_training = true;
    w.numbers = rows;
    w.first = first;
    for (const mlsd__step *s = state->steps; s < last; s++) walk_through(s, &w);
    walk_pack(last, &w);
    walk_transform(last, &w, out);
}

int64_t mlsd__pipeline_scratch_width(const void *state_)
{
    const mlsd__pipeline_state *const state = state_;
    return 2 * state->max_width + state->step_scratch;
}

int64_t mlsd__pipeline_block_rows(const void *state_)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    return last->ops->block_rows != NULL ? last->ops->block_rows(last->state) : MLSD__BLOCK_ROWS;
}

mlsd_status mlsd__pipeline_neighbors(mlsd__scope *scope, const void *state_, const double *x,
                                     int64_t n, int64_t ld, int64_t k, double *distance,
                                     double *number)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    if (state->by_rows) {
        double *rows = NULL;
        int64_t ld_rows = 0;
        mlsd_status found = mlsd__pipeline_head(scope, state, x, n, ld, 0, &rows, &ld_rows);
        if (found == MLSD_OK)
            found = last->ops->neighbors(scope, last->state, rows, n, ld_rows, k, distance, number);
        mlsd__free(scope->allocator, rows);
        return found;
    }
    double *const scratch =
        mlsd__alloc_raw(scope->allocator, n * mlsd__pipeline_scratch_width(state), sizeof *scratch);
    if (scratch == NULL) return MLSD_E_NOMEM;
    walk w;
    walk_begin(state, x, n, ld, scratch, &w);
    for (const mlsd__step *s = state->steps; s < last; s++) walk_through(s, &w);
    const mlsd_status status =
        last->ops->neighbors(scope, last->state, w.rows, n, w.ld, k, distance, number);
    mlsd__free(scope->allocator, scratch);
    return status;
}

/* The first NaN among the rows that a step is given and cannot take. */
mlsd_status mlsd__step_find_nan(const mlsd__step *s, const double *rows, int64_t n, int64_t ld,
                                int64_t first_row)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < s->p_in; j++) {
            if (isnan(rows[i * ld + j]))
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is NaN at step '%.60s'; add an impute "
                                  "step before it",
                                  (long long)(first_row + i), s->features_in[j].name, s->name);
        }
    }
    return MLSD_OK;
}

/* The last step that looks at its rows before they are predicted; -1 where none does. */
static int64_t last_to_check(const mlsd__pipeline_state *state, bool has_nan)
{
    int64_t last = -1;
    for (int64_t i = 0; i < state->n_steps; i++) {
        const mlsd__step *const s = &state->steps[i];
        if (s->ops->check_block != NULL || (has_nan && !s->ops->takes_nan)) last = i;
        has_nan = has_nan || mlsd__makes_nan(s->ops, s->state);
    }
    return last;
}

mlsd_status mlsd__pipeline_check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                                       int64_t first_row, bool has_nan, double *scratch)
{
    const mlsd__pipeline_state *const state = state_;
    if (state->by_rows) return MLSD_OK; /* each step looks at its rows, see pipeline_rows.c */
    const int64_t last = last_to_check(state, has_nan);
    walk w;
    walk_begin(state, x, n, ld, scratch, &w);
    for (int64_t i = 0; i <= last; i++) {
        const mlsd__step *const s = &state->steps[i];
        if (has_nan && !s->ops->takes_nan)
            MLSD__TRY(mlsd__step_find_nan(s, w.rows, n, w.ld, first_row));
        if (s->ops->check_block != NULL)
            MLSD__TRY(
                s->ops->check_block(s->state, w.rows, n, w.ld, first_row, has_nan, w.scratch));
        if (i < last) walk_through(s, &w);
        has_nan = has_nan || mlsd__makes_nan(s->ops, s->state);
    }
    return MLSD_OK;
}

mlsd_status mlsd__pipeline_tell_selections(const void *state_, const char *name,
                                           const struct mlsd__selection_sink *sink)
{
    const mlsd__pipeline_state *const state = state_;
    (void)name; /* the steps have their own */
    for (int64_t i = 0; i < state->n_steps; i++) {
        const mlsd__step *const s = &state->steps[i];
        if (s->ops->tell_selections != NULL)
            MLSD__TRY(s->ops->tell_selections(s->state, s->name, sink));
    }
    return MLSD_OK;
}
