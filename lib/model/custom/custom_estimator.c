/* custom_estimator.c - fit, predict, save and so on of an estimator of the user's: each brings its
 * arguments into the callbacks' form, calls on the entry thread (or here, where any thread will
 * do), and checks what came back, so that nothing wrong goes on in silence. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/custom/custom_impl.h"

typedef struct custom_state {
    const mlsd_custom *custom; /* retained */
    void *of_user;
    int64_t n_in, n_out, n_classes; /* n_out: of a transform */
    mlsd__feature *features_out;
} custom_state;

/* One call of a callback, by whichever of its functions. */
typedef struct callback {
    const mlsd_custom *custom;
    const char *verb; /* for messages */
    int (*run)(struct callback *c);
    const mlsd_spec *spec;
    mlsd_matrix X;
    const double *y, *weight;
    int64_t n_classes;
    void *state; /* in, or out of fit and load */
    mlsd_output what;
    double *out;
    void *bytes;
    size_t n_bytes;
    int64_t index, rows, cols, width;
    const double *data;
    const char *name;
    const mlsd__augmented_rows *rows_in; /* to be augmented */
} callback;

/* The status of what a callback returned. What it said by mlsd_error_set, or what failed last
 * within it, is in the thread's message, which was empty before. */
static mlsd_status judge(const callback *c, int returned)
{
    const mlsd_status status = mlsd__status_is_known(returned) ? returned : MLSD_E_CANCELLED;
    char said[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(said);
    if (said[0] != '\0') return mlsd__fail(status, "%s: %s: %s", c->custom->name, c->verb, said);
    return mlsd__fail(status, "%s: %s returned %d and gave no reason (mlsd_error_set)",
                      c->custom->name, c->verb, returned);
}

static mlsd_status call_here(void *arg)
{
    callback *const c = arg;
    char before[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(before);
    (void)mlsd_error_set(MLSD_OK, "");
    const int returned = c->run(c);
    if (returned != 0) return judge(c, returned);
    mlsd__error_restore(before);
    return MLSD_OK;
}

static mlsd_status call(callback *c, bool always)
{
    if ((c->custom->abilities & MLSD_CUSTOM_ANY_THREAD) != 0) return call_here(c);
    return mlsd__on_entry_thread(call_here, c, always);
}

static int run_fit(callback *c)
{
    return c->custom->fit(c->spec, &c->X, c->y, c->weight, c->n_classes, &c->state,
                          c->custom->user);
}

static int run_predict(callback *c)
{
    return c->custom->predict(c->state, &c->X, c->what, c->out, c->custom->user);
}

static int run_free(callback *c)
{
    if (c->custom->state_free != NULL) c->custom->state_free(c->state, c->custom->user);
    return 0;
}

static int run_width(callback *c)
{
    c->width = c->custom->width(c->state, c->custom->user);
    return 0;
}

static int run_attribute(callback *c)
{
    c->name =
        c->custom->attribute(c->state, c->index, &c->data, &c->rows, &c->cols, c->custom->user);
    return 0;
}

static int run_save(callback *c)
{
    const size_t capacity = c->n_bytes;
    return c->custom->save(c->state, c->bytes, capacity, &c->n_bytes, c->custom->user);
}

static int run_load(callback *c)
{
    return c->custom->load(c->spec, c->bytes, c->n_bytes, &c->state, c->custom->user);
}

static void state_free(const mlsd__allocator *a, void *state_)
{
    custom_state *const state = state_;
    callback c = {
        .custom = state->custom, .verb = "free", .run = run_free, .state = state->of_user};
    (void)call(&c, true);
    mlsd__features_free(a, state->features_out, state->features_out != NULL ? state->n_out : 0);
    mlsd__kind_release(&state->custom->kind);
    mlsd__free(a, state);
}

/* The columns that a transform makes: those it was given, or called after it with numbers. */
static mlsd_status name_columns(const mlsd__allocator *a, custom_state *state,
                                const mlsd__feature *in)
{
    const mlsd_custom *const custom = state->custom;
    state->n_out = state->n_in;
    if (!custom->ops.transforms) return MLSD_OK;
    if (custom->width == NULL) return mlsd__features_copy(a, in, state->n_in, &state->features_out);
    callback c = {.custom = custom, .verb = "width", .run = run_width, .state = state->of_user};
    MLSD__TRY(call(&c, false));
    if (c.width < 0)
        return mlsd__fail(MLSD_E_DATA, "%s: width is %lld", custom->name, (long long)c.width);
    state->n_out = c.width;
    state->features_out = mlsd__alloc(a, c.width, sizeof *state->features_out);
    if (state->features_out == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < c.width; j++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%lld", (long long)j);
        MLSD__TRY(mlsd__feature_name(a, custom->name, number, &state->features_out[j]));
    }
    return MLSD_OK;
}

/* Take over what fit or load made (also on failure). */
static mlsd_status state_new(const mlsd__allocator *a, const callback *c,
                             const mlsd__feature *features, int64_t n_features, void **out_state)
{
    custom_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) {
        callback end = {.custom = c->custom, .verb = "free", .run = run_free, .state = c->state};
        (void)call(&end, true);
        return mlsd__fail_nomem();
    }
    state->custom = c->custom;
    mlsd__kind_retain(&c->custom->kind);
    state->of_user = c->state;
    state->n_in = n_features;
    state->n_classes = c->n_classes;
    const mlsd_status status = name_columns(a, state, features);
    if (status != MLSD_OK) {
        char message[MLSD__ERROR_CAPACITY];
        mlsd__error_copy(message);
        state_free(a, state);
        mlsd__error_restore(message);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static mlsd_matrix rows_of(const double *x, int64_t n, int64_t p, int64_t ld)
{
    return (mlsd_matrix){x, n, p, ld, 1, MLSD_F64, 0};
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__frame *const f = train->x;
    double *copy = NULL;
    int64_t ld = f->n_features;
    const double *x = mlsd__frame_direct(f, 0, &ld);
    if (x == NULL) {
        MLSD__TRY(mlsd__frame_materialize(scope, f, &copy));
        x = copy;
    }
    callback c = {.custom = mlsd__custom_of(mlsd_spec_kind(spec)),
                  .verb = "fit",
                  .run = run_fit,
                  .spec = spec,
                  .X = rows_of(x, f->n_rows, f->n_features, ld),
                  .y = train->y,
                  .weight = train->weight,
                  .n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes};
    mlsd_status status = call(&c, false);
    mlsd__free(scope->allocator, copy);
    MLSD__TRY(status);
    MLSD__TRY(state_new(scope->allocator, &c, f->features, f->n_features, out_state));
    status = mlsd__checkpoint(scope);
    if (status != MLSD_OK) {
        state_free(scope->allocator, *out_state);
        *out_state = NULL;
    }
    return status;
}

static bool predicts_rows(const void *state)
{
    (void)state;
    return true;
}

/* Probabilities of a row may miss 1 by what float32 loses over many classes. */
static const double PROBA_TOLERANCE = 1e-3;

static mlsd_status fail_output(const custom_state *s, int64_t row, double value, const char *what)
{
    return mlsd__fail(MLSD_E_DATA, "%s: predict gave %.10g for row %lld, %s", s->custom->name,
                      value, (long long)row, what);
}

static mlsd_status check_proba(const custom_state *s, const double *out, int64_t n,
                               int64_t first_row)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;
        for (int64_t k = 0; k < s->n_classes; k++) {
            const double p = out[i * s->n_classes + k];
            if (!(p >= 0 && p <= 1 + PROBA_TOLERANCE))
                return fail_output(s, first_row + i, p, "which is no probability");
            sum += p;
        }
        if (!(fabs(sum - 1) <= PROBA_TOLERANCE))
            return fail_output(s, first_row + i, sum,
                               "the sum of the probabilities, which is not 1");
    }
    return MLSD_OK;
}

static mlsd_status check_classes(const custom_state *s, const double *out, int64_t n,
                                 int64_t first_row)
{
    for (int64_t i = 0; i < n; i++) {
        if (!(out[i] >= 0 && out[i] < (double)s->n_classes && out[i] == floor(out[i])))
            return fail_output(s, first_row + i, out[i], "which is no class number");
    }
    return MLSD_OK;
}

static mlsd_status check_output(const custom_state *s, mlsd_output what, const double *out,
                                int64_t n, int64_t width, int64_t first_row)
{
    if (what == MLSD_OUTPUT_PROBA) return check_proba(s, out, n, first_row);
    if (what == MLSD_OUTPUT_VALUE && s->n_classes > 0) return check_classes(s, out, n, first_row);
    const bool nan_ok = what == MLSD_OUTPUT_FEATURES && s->custom->ops.takes_nan;
    for (int64_t i = 0; i < n * width; i++) {
        if (isfinite(out[i]) || (nan_ok && isnan(out[i]))) continue;
        return fail_output(s, first_row + i / width, out[i], "which is not finite");
    }
    return MLSD_OK;
}

static int64_t output_width(const custom_state *s, mlsd_output what)
{
    switch (what) {
    case MLSD_OUTPUT_PROBA:
        return s->n_classes;
    case MLSD_OUTPUT_DECISION:
        return s->n_classes <= 2 ? 1 : s->n_classes;
    case MLSD_OUTPUT_FEATURES:
        return s->n_out;
    default:
        return 1;
    }
}

static mlsd_status predict_rows(mlsd__scope *scope, const void *state, const double *x, int64_t n,
                                int64_t ld, int64_t first_row, mlsd_output what, double *out)
{
    const custom_state *const s = state;
    const int64_t width = output_width(s, what);
    for (int64_t i = 0; i < n * width; i++) out[i] = NAN;
    callback c = {.custom = s->custom,
                  .verb = s->custom->ops.transforms ? "transform" : "predict",
                  .run = run_predict,
                  .X = rows_of(x, n, s->n_in, ld),
                  .state = s->of_user,
                  .what = what,
                  .out = out};
    MLSD__TRY(call(&c, false));
    MLSD__TRY(check_output(s, what, out, n, width, first_row));
    return scope != NULL ? mlsd__checkpoint(scope) : MLSD_OK;
}

static const mlsd__feature *features_out(const void *state, int64_t *out_n)
{
    const custom_state *const s = state;
    *out_n = s->n_out;
    return s->features_out;
}

static const char *attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const custom_state *const s = state;
    if (s->custom->attribute == NULL) return NULL;
    callback c = {.custom = s->custom,
                  .verb = "attribute",
                  .run = run_attribute,
                  .state = s->of_user,
                  .index = i};
    (void)call(&c, true);
    *data = c.data;
    *rows = c.rows;
    *cols = c.cols;
    return c.name;
}

static mlsd_status save(const void *state, mlsd__writer *w)
{
    const custom_state *const s = state;
    const mlsd_custom *const custom = s->custom;
    if (custom->save == NULL)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "a model of '%s' cannot be saved: its description has no save "
                          "(mlsd_custom_set_save)",
                          custom->name);
    callback c = {.custom = custom, .verb = "save", .run = run_save, .state = s->of_user};
    MLSD__TRY(call(&c, false));
    const size_t n_bytes = c.n_bytes;
    c.bytes = mlsd__alloc(w->allocator, (int64_t)n_bytes, 1);
    if (c.bytes == NULL) return MLSD_E_NOMEM;
    mlsd_status status = call(&c, false);
    if (status == MLSD_OK && c.n_bytes != n_bytes)
        status = mlsd__fail(MLSD_E_DATA, "%s: save asked for %zu bytes, then wrote %zu",
                            custom->name, n_bytes, c.n_bytes);
    if (status == MLSD_OK) {
        mlsd__put_i64(w, (int64_t)n_bytes);
        mlsd__put_bytes(w, c.bytes, n_bytes);
    }
    mlsd__free(w->allocator, c.bytes);
    return status != MLSD_OK ? status : w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    const mlsd_custom *const custom = mlsd__custom_of(mlsd_spec_kind(spec));
    if (custom->load == NULL)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "a model of '%s' cannot be loaded: its description has no load "
                          "(mlsd_custom_set_save)",
                          custom->name);
    const int64_t n_bytes = mlsd__take_count(r, (int64_t)(r->size - r->position));
    MLSD__TRY(r->status);
    if ((size_t)n_bytes > r->size - r->position)
        return mlsd__fail(MLSD_E_CORRUPT, "the state of '%s' is cut off", custom->name);
    callback c = {.custom = custom,
                  .verb = "load",
                  .run = run_load,
                  .spec = spec,
                  .bytes = (void *)(uintptr_t)(r->data + r->position),
                  .n_bytes = (size_t)n_bytes,
                  .n_classes = n_classes};
    MLSD__TRY(call(&c, false));
    r->position += (size_t)n_bytes;
    return state_new(r->allocator, &c, features, n_features, out_state);
}

const mlsd__estimator_ops mlsd__custom_ops = {
    .fit = fit,
    .predicts_rows = predicts_rows,
    .predict_rows = predict_rows,
    .features_out = features_out,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = state_free,
};

/* ---- augmentations ---- */

static int run_augment(callback *c)
{
    const mlsd__augmented_rows *const r = c->rows_in;
    return c->custom->augment(c->spec, r->seed, (int64_t)r->epoch, r->rows, &c->X, c->out,
                              &c->width, c->custom->user);
}

/* A value that breaks down where it did not before. */
static mlsd_status check_augmented(const mlsd_custom *custom, const mlsd__augmented_rows *r,
                                   const double *out)
{
    for (int64_t i = 0; i < r->n * r->p; i++) {
        if (isfinite(out[i]) || !isfinite(r->x[i])) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "%s: augment gave %g for column %lld of training row %lld, which is not "
                          "finite",
                          custom->name, out[i], (long long)(i % r->p),
                          (long long)r->rows[i / r->p]);
    }
    return MLSD_OK;
}

static mlsd_status change_rows(mlsd__scope *scope, mlsd__augmented_rows *r)
{
    const mlsd_custom *const custom = mlsd__custom_of(mlsd_spec_kind(r->spec));
    int64_t size;
    MLSD__TRY(mlsd__mul_size(r->n, r->p, &size));
    double *const out = mlsd__alloc_raw(scope->allocator, size, sizeof *out);
    if (out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < size; i++) out[i] = NAN;
    callback c = {.custom = custom,
                  .verb = "augment",
                  .run = run_augment,
                  .spec = r->spec,
                  .X = rows_of(r->x, r->n, r->p, r->p),
                  .width = r->p,
                  .out = out,
                  .rows_in = r};
    mlsd_status status = call(&c, false);
    if (status == MLSD_OK && c.width != r->p)
        status = mlsd__fail(MLSD_E_DATA,
                            "%s: augment made rows of %lld columns, but was given %lld; columns "
                            "are made by transforms",
                            custom->name, (long long)c.width, (long long)r->p);
    if (status == MLSD_OK) status = check_augmented(custom, r, out);
    if (status == MLSD_OK && size > 0) memcpy(r->x, out, (size_t)size * sizeof *out);
    mlsd__free(scope->allocator, out);
    return status != MLSD_OK ? status : mlsd__checkpoint(scope);
}

const mlsd__augmentation_ops mlsd__custom_augmentation_ops = {.takes_category = true,
                                                              .change_rows = change_rows};
