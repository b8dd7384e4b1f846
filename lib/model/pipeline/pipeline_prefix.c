/* pipeline_prefix.c - what pipelines of equal steps can share: all but the last. Frames are chained
 * and nothing is copied, as in a pipeline's own fit. */
#include "model/pipeline/pipeline_prefix.h"

#include <math.h>
#include <string.h>

#include "model/pipeline/pipeline_impl.h"

extern const mlsd_kind mlsd__kind_pipeline;

struct mlsd__prefix_steps {
    mlsd__pipeline_state state; /* the steps as a pipeline of transforms */
    int64_t n_made;
    mlsd__frame *train, *parts; /* n_steps + 1 of each set of rows, one after the other */
};

static int64_t collect(const mlsd_spec *spec, const char *name, const mlsd_spec **out,
                       const char **out_names, int64_t capacity, int64_t at)
{
    if (mlsd_spec_kind(spec) != &mlsd__kind_pipeline) {
        if (at < capacity) {
            out[at] = spec;
            out_names[at] = name;
        }
        return at + 1;
    }
    for (int64_t i = 0;; i++) {
        const mlsd_spec *const child = mlsd__spec_slot_at(spec, "steps", i);
        if (child == NULL) return at;
        at =
            collect(child, mlsd__spec_slot_name_at(spec, "steps", i), out, out_names, capacity, at);
    }
}

int64_t mlsd__pipeline_leaves(const mlsd_spec *spec, const mlsd_spec **out, const char **out_names,
                              int64_t capacity)
{
    return collect(spec, "", out, out_names, capacity, 0);
}

void mlsd__prefix_free(const mlsd__allocator *a, mlsd__prefix *prefix)
{
    struct mlsd__prefix_steps *const s = prefix->steps;
    *prefix = (mlsd__prefix){0};
    if (s == NULL) return;
    for (int64_t i = 0; s->state.steps != NULL && i < s->n_made; i++) {
        mlsd__step *const step = &s->state.steps[i];
        if (step->state != NULL) step->ops->free_state(a, step->state);
        mlsd__features_free(a, step->features_in, step->p_in);
        mlsd__free(a, step->name);
    }
    mlsd__free(a, s->state.steps);
    mlsd__free(a, s->train);
    mlsd__free(a, s->parts);
    mlsd__free(a, s);
}

static void chain(const mlsd__step *step, mlsd__rows_fn rows_fn, const mlsd__frame *in,
                  mlsd__frame *out)
{
    int64_t n_out;
    const mlsd__feature *const features = step->ops->features_out(step->state, &n_out);
    mlsd__frame_chain_rows(in, rows_fn, step, mlsd__scratch_width(step->ops, step->state), features,
                           n_out, out);
}

static mlsd_status fit_step(mlsd__scope *scope, const mlsd__prefix_input *in, int64_t i,
                            bool x_is_finite, struct mlsd__prefix_steps *s)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__step *const step = &s->state.steps[i];
    const mlsd__frame *const x = &s->train[i];
    s->n_made = i + 1;
    step->ops = mlsd__spec_ops(in->steps[i]);
    step->name = mlsd__strdup(a, in->names[i]);
    if (step->name == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__features_copy(a, x->features, x->n_features, &step->features_in));
    step->p_in = x->n_features;
    mlsd__train inner = *in->train;
    inner.x = x;
    inner.x_is_finite = x_is_finite;
    inner.x_lacks_infinity = true;
    MLSD__TRY(mlsd__estimator_fit(scope, in->steps[i], &inner, &step->state));
    chain(step, mlsd__step_train, x, &s->train[i + 1]);
    const int64_t scratch = mlsd__scratch_width(step->ops, step->state);
    mlsd__pipeline_state *const state = &s->state;
    if (scratch > state->step_scratch) state->step_scratch = scratch;
    if (x->n_features > state->max_width) state->max_width = x->n_features;
    if (s->train[i + 1].n_features > state->max_width)
        state->max_width = s->train[i + 1].n_features;
    return MLSD_OK;
}

static mlsd_status fit_steps(mlsd__scope *scope, const mlsd__prefix_input *in,
                             struct mlsd__prefix_steps *s, bool *out_is_finite)
{
    bool is_finite = in->train->x_is_finite;
    if (!is_finite) {
        int64_t row, feature;
        MLSD__TRY(mlsd__frame_find_bad(scope, in->train->x, false, &row, &feature));
        is_finite = row < 0;
        if (!is_finite) MLSD__TRY(mlsd__frame_require_finite(scope, in->train->x, true));
    }
    s->train[0] = *in->train->x;
    for (int64_t i = 0; i < in->n_steps; i++) {
        MLSD__TRY(fit_step(scope, in, i, is_finite, s));
        const mlsd__step *const step = &s->state.steps[i];
        is_finite =
            (is_finite || !step->ops->takes_nan) && !mlsd__makes_nan(step->ops, step->state);
    }
    *out_is_finite = is_finite;
    return MLSD_OK;
}

/* The steps look at n rows as a pipeline's would before it predicts them. */
static mlsd_status check_rows(const struct mlsd__prefix_steps *s, const double *x, int64_t n,
                              int64_t p, int64_t first_row, double *scratch, bool *any_nan)
{
    bool has_nan = false;
    for (int64_t i = 0; i < n * p; i++) {
        if (isinf(x[i]))
            return mlsd__fail(MLSD_E_DATA, "row %lld is infinite", (long long)(first_row + i / p));
        has_nan |= isnan(x[i]);
    }
    *any_nan |= has_nan;
    return mlsd__pipeline_check_block(&s->state, x, n, p, first_row, has_nan, scratch);
}

static mlsd_status check_part(mlsd__scope *scope, const struct mlsd__prefix_steps *s,
                              const mlsd__frame *part, bool *any_nan)
{
    const int64_t p = part->n_features;
    const int64_t n = part->n_rows < MLSD__BLOCK_ROWS ? part->n_rows : MLSD__BLOCK_ROWS;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, p + mlsd__pipeline_scratch_width(&s->state), &size));
    size += mlsd__frame_scratch(part, n);
    double *const buffer = mlsd__alloc_raw(scope->allocator, size, sizeof *buffer);
    if (buffer == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < part->n_rows; i += n) {
        const int64_t n_here = part->n_rows - i < n ? part->n_rows - i : n;
        status = mlsd__checkpoint(scope);
        if (status != MLSD_OK) break;
        mlsd__frame_read(part, i, n_here, buffer, buffer + n * p);
        status = check_rows(s, buffer, n_here, p, i, buffer + n * p, any_nan);
    }
    mlsd__free(scope->allocator, buffer);
    return status;
}

static bool looks_at_rows(const struct mlsd__prefix_steps *s, bool parts_are_finite)
{
    bool looks = !parts_are_finite;
    for (int64_t i = 0; i < s->state.n_steps; i++)
        looks |= s->state.steps[i].ops->check_block != NULL;
    return looks;
}

static mlsd_status chain_part(mlsd__scope *scope, const mlsd__prefix_input *in, int64_t j,
                              struct mlsd__prefix_steps *s)
{
    mlsd__frame *const frames = s->parts + j * (in->n_steps + 1);
    bool any_nan = false;
    frames[0] = in->parts[j];
    for (int64_t i = 0; i < in->n_steps; i++) {
        const mlsd__step *const step = &s->state.steps[i];
        chain(step, mlsd__step_rows, &frames[i], &frames[i + 1]);
        any_nan |= mlsd__makes_nan(step->ops, step->state);
    }
    if (looks_at_rows(s, in->parts_are_finite))
        MLSD__TRY(check_part(scope, s, &in->parts[j], &any_nan));
    if (!any_nan) return MLSD_OK;
    int64_t row, feature;
    MLSD__TRY(mlsd__frame_find_bad(scope, &frames[in->n_steps], false, &row, &feature));
    if (row < 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_UNSUPPORTED, "row %lld is still not a number before the last step",
                      (long long)row);
}

static mlsd_status make(mlsd__scope *scope, const mlsd__prefix_input *in, mlsd__prefix *out)
{
    const mlsd__allocator *const a = scope->allocator;
    struct mlsd__prefix_steps *const s = out->steps;
    int64_t n_frames;
    s->state.allocator = *a;
    s->state.n_steps = in->n_steps;
    /* The frames of the parts, and behind them those that the last step is given. */
    MLSD__TRY(mlsd__mul_size(in->n_parts, in->n_steps + 2, &n_frames));
    s->state.steps = mlsd__alloc(a, in->n_steps, sizeof *s->state.steps);
    s->train = mlsd__alloc(a, in->n_steps + 1, sizeof *s->train);
    s->parts = mlsd__alloc(a, n_frames, sizeof *s->parts);
    if (s->state.steps == NULL || s->train == NULL || s->parts == NULL) return MLSD_E_NOMEM;
    bool is_finite;
    MLSD__TRY(fit_steps(scope, in, s, &is_finite));
    out->train = *in->train;
    out->train.x = &s->train[in->n_steps];
    out->train.x_is_finite = is_finite;
    out->train.x_lacks_infinity = true;
    out->parts = s->parts + in->n_parts * (in->n_steps + 1);
    for (int64_t j = 0; j < in->n_parts; j++) {
        MLSD__TRY(chain_part(scope, in, j, s));
        out->parts[j] = s->parts[j * (in->n_steps + 1) + in->n_steps];
    }
    return MLSD_OK;
}

mlsd_status mlsd__prefix_fit(mlsd__scope *scope, const mlsd__prefix_input *in, mlsd__prefix *out)
{
    *out = (mlsd__prefix){0};
    out->steps = mlsd__alloc(scope->allocator, 1, sizeof *out->steps);
    if (out->steps == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = make(scope, in, out);
    if (status != MLSD_OK) mlsd__prefix_free(scope->allocator, out);
    return status;
}

mlsd_status mlsd__prefix_tell_selections(const mlsd__prefix *prefix,
                                         const struct mlsd__selection_sink *sink)
{
    return mlsd__pipeline_tell_selections(&prefix->steps->state, NULL, sink);
}
