/* context.c - the context: its parameters, callbacks and cancel flag. What happens during a call is
 * in parallel.c. Once configured a context is shared by threads; the one thing they write is the
 * flag. */
#include "base/context_impl.h"

#include <stdbool.h>
#include <string.h>

#include "base/handle.h"
#include "base/scope.h"

/* In the order of mlsd__numerics. */
static const char *const numerics[] = {"fast", "exact", NULL};

static const mlsd_param context_params[] = {
    MLSD__P_I64(mlsd__context_params, n_threads, 0, 4096, "0", NULL,
                "Threads that one call may use; 0 is one for each CPU the process is allowed. "
                "Results do not depend on it."),
    MLSD__P_BOOL(
        mlsd__context_params, hold_blas, "true",
        "Hold OpenBLAS's own threading at one while a call runs. Off only where the program "
        "sets it to one itself."),
    MLSD__P_BOOL(mlsd__context_params, audit, "true",
                 "Look for leaks between training and test wherever a data set is "
                 "cross-validated, by the cheap checks of an audit."),
    MLSD__P_CHOICE(mlsd__context_params, numerics, numerics, "\"fast\"",
                   "fast: OpenBLAS and LAPACK, whose last bits differ with the processor; exact: "
                   "own kernels in a fixed order, which give the same bytes on every machine."),
    MLSD__P_BOOL(mlsd__context_params, fast_paths, "true",
                 "Share work between settings and folds wherever that gives the same scores (to "
                 "1e-10); off: fit, predict and score one by one."),
    MLSD__P_STR(mlsd__context_params, journal, "null",
                "File that keeps what cross-validations and searches finished, so that the same "
                "work goes on from there when it is started again; null: none."),
    MLSD__P_STR(mlsd__context_params, looks, "null",
                "File that keeps which experiments looked at which test part, so that results say "
                "how often it was looked at across processes; null: none."),
    MLSD__P_STR(mlsd__context_params, checkpoint, "null",
                "File that keeps the state of a training by epochs, so that the same fit goes on "
                "from there when it is started again; null: none."),
    MLSD__P_I64(mlsd__context_params, checkpoint_every, 1, INFINITY, "1", "log",
                "It is written after so many epochs, and at the end."),
};

const mlsd_kind mlsd__kind_context = {
    .name = "context",
    .family = "context",
    .doc = "Threads and memory of the calls that are given it.",
    .params = context_params,
    .n_params = MLSD__COUNT(context_params),
    .params_size = sizeof(mlsd__context_params),
};

static mlsd_status new_context(const mlsd__allocator *a, mlsd_context **out)
{
    mlsd_context *context = mlsd__alloc(a, 1, sizeof *context);
    if (context == NULL) return MLSD_E_NOMEM;
    context->magic = MLSD__MAGIC_CONTEXT;
    context->allocator = *a;
    atomic_init(&context->cancelled, 0);
    const mlsd_status status = mlsd__spec_new(a, "context", &context->params);
    if (status != MLSD_OK) {
        mlsd_context_free(context);
        return status;
    }
    *out = context;
    return MLSD_OK;
}

mlsd_status mlsd_context_new(mlsd_context **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    return new_context(&mlsd__libc_allocator, out);
}

mlsd_status mlsd_context_new_with_allocator(mlsd_alloc_fn alloc_fn, mlsd_realloc_fn realloc_fn,
                                            mlsd_free_fn free_fn, void *user, mlsd_context **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE(alloc_fn != NULL && realloc_fn != NULL && free_fn != NULL,
                  "an allocator needs all three of alloc_fn, realloc_fn and free_fn");
    const mlsd__allocator allocator = {alloc_fn, realloc_fn, free_fn, user};
    return new_context(&allocator, out);
}

const mlsd_kind *mlsd__context_find_kind(const mlsd_context *context, const char *name)
{
    const bool is_live = MLSD__IS_LIVE(context, MLSD__MAGIC_CONTEXT);
    for (int64_t i = 0; name != NULL && is_live && i < context->n_kinds; i++) {
        if (strcmp(context->kinds[i]->name, name) == 0) return context->kinds[i];
    }
    return mlsd_kind_find(name);
}

mlsd_status mlsd__context_add_kind(mlsd_context *context, const mlsd_kind *kind)
{
    mlsd__kind_retain(kind);
    int64_t i = 0;
    while (i < context->n_kinds && strcmp(context->kinds[i]->name, kind->name) != 0) i++;
    if (i == context->n_kinds) {
        void *kinds = context->kinds;
        const mlsd_status status = mlsd__reserve(
            &context->allocator, &kinds, &context->kinds_capacity, i + 1, sizeof *context->kinds);
        context->kinds = kinds;
        if (status != MLSD_OK) {
            mlsd__kind_release(kind);
            return status;
        }
        context->n_kinds++;
        context->kinds[i] = kind;
        return MLSD_OK;
    }
    const mlsd_kind *const before = context->kinds[i];
    context->kinds[i] = kind;
    mlsd__kind_release(before); /* may call the user, who finds the new one */
    return MLSD_OK;
}

static void drop_user(mlsd_release_fn *user_free, void **user)
{
    if (*user_free != NULL) (*user_free)(*user);
    *user_free = NULL;
    *user = NULL;
}

void mlsd_context_free(mlsd_context *context)
{
    if (!MLSD__IS_LIVE(context, MLSD__MAGIC_CONTEXT)) return;
    drop_user(&context->log_user_free, &context->log_user);
    drop_user(&context->progress_user_free, &context->progress_user);
    mlsd_spec_free(context->params);
    for (int64_t i = 0; i < context->n_kinds; i++) mlsd__kind_release(context->kinds[i]);
    mlsd__free(&context->allocator, context->kinds);
    context->magic = MLSD__DEAD_MAGIC;
    const mlsd__allocator allocator = context->allocator;
    mlsd__free(&allocator, context);
}

/* Parameters that are true or false, for which numbers stand here. */
static bool is_switch(const char *name)
{
    return strcmp(name, "hold_blas") == 0 || strcmp(name, "audit") == 0 ||
           strcmp(name, "fast_paths") == 0;
}

mlsd_status mlsd_context_set_i64(mlsd_context *context, const char *name, int64_t value)
{
    MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE(name != NULL, "'name' is NULL");
    if (is_switch(name)) {
        if (value != 0 && value != 1)
            return mlsd__fail(MLSD_E_PARAM_RANGE, "'%s' must be 0 or 1, got %lld", name,
                              (long long)value);
        return mlsd_spec_set_bool(context->params, name, (int32_t)value);
    }
    return mlsd_spec_set_i64(context->params, name, value);
}

mlsd_status mlsd_context_get_i64(const mlsd_context *context, const char *name, int64_t *out)
{
    MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE(name != NULL && out != NULL, "'name' or 'out' is NULL");
    if (is_switch(name)) {
        int32_t value = 0;
        MLSD__TRY(mlsd_spec_get_bool(context->params, name, &value));
        *out = value;
        return MLSD_OK;
    }
    return mlsd_spec_get_i64(context->params, name, out);
}

mlsd_status mlsd_context_set_str(mlsd_context *context, const char *name, const char *value)
{
    MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE(name != NULL && value != NULL, "'name' or 'value' is NULL");
    return mlsd_spec_set_str(context->params, name, value);
}

mlsd_status mlsd_context_get_str(const mlsd_context *context, const char *name, const char **out)
{
    MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    MLSD__REQUIRE(name != NULL && out != NULL, "'name' or 'out' is NULL");
    return mlsd_spec_get_str(context->params, name, out);
}

mlsd_status mlsd_context_set_log(mlsd_context *context, mlsd_log_level level, mlsd_log_fn fn,
                                 void *user, mlsd_release_fn user_free)
{
    MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    if (level < MLSD_LOG_ERROR || level > MLSD_LOG_DEBUG)
        return mlsd__fail(MLSD_E_ARG, "'level' must be 1 (error) to 4 (debug), got %d", (int)level);
    drop_user(&context->log_user_free, &context->log_user);
    context->log_level = level;
    context->log_fn = fn;
    context->log_user = user;
    context->log_user_free = user_free;
    return MLSD_OK;
}

mlsd_status mlsd_context_set_progress(mlsd_context *context, mlsd_progress_fn fn, void *user,
                                      mlsd_release_fn user_free)
{
    MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    drop_user(&context->progress_user_free, &context->progress_user);
    context->progress_fn = fn;
    context->progress_user = user;
    context->progress_user_free = user_free;
    return MLSD_OK;
}

void mlsd_context_cancel(const mlsd_context *context)
{
    if (!MLSD__IS_LIVE(context, MLSD__MAGIC_CONTEXT)) return;
    atomic_store(&((mlsd_context *)(uintptr_t)context)->cancelled, 1);
}

void mlsd_context_reset(mlsd_context *context)
{
    if (!MLSD__IS_LIVE(context, MLSD__MAGIC_CONTEXT)) return;
    atomic_store(&context->cancelled, 0);
}

const mlsd__allocator *mlsd__context_allocator(const mlsd_context *context)
{
    return MLSD__IS_LIVE(context, MLSD__MAGIC_CONTEXT) ? &context->allocator
                                                       : &mlsd__libc_allocator;
}

const char *mlsd_event_stage(const mlsd_event *event)
{
    return event != NULL ? event->stage : "";
}

int64_t mlsd_event_done(const mlsd_event *event)
{
    return event != NULL ? event->done : 0;
}

int64_t mlsd_event_total(const mlsd_event *event)
{
    return event != NULL ? event->total : 0;
}
