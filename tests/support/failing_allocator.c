/* failing_allocator.c - see the header. */
#include "failing_allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static int refuses(failing_allocator *f)
{
    const long long call = atomic_fetch_add(&f->calls, 1) + 1;
    if (f->fail_at == 0 || call < f->fail_at || (call > f->fail_at && !f->fail_after)) return 0;
    atomic_fetch_add(&f->failed, 1);
    return 1;
}

static void *fa_alloc(size_t size, void *user)
{
    failing_allocator *f = user;
    if (refuses(f)) return NULL;
    atomic_fetch_add(&f->live_bytes, (long long)size);
    atomic_fetch_add(&f->live_blocks, 1);
    return malloc(size);
}

static void *fa_realloc(void *pointer, size_t old_size, size_t size, void *user)
{
    failing_allocator *f = user;
    if (refuses(f)) return NULL;
    atomic_fetch_add(&f->live_bytes, (long long)size - (long long)old_size);
    return realloc(pointer, size);
}

static void fa_free(void *pointer, size_t size, void *user)
{
    failing_allocator *f = user;
    atomic_fetch_sub(&f->live_bytes, (long long)size);
    atomic_fetch_sub(&f->live_blocks, 1);
    free(pointer);
}

void failing_allocator_init(failing_allocator *f, long long fail_at, int fail_after)
{
    atomic_init(&f->calls, 0);
    atomic_init(&f->live_bytes, 0);
    atomic_init(&f->live_blocks, 0);
    atomic_init(&f->failed, 0);
    f->fail_at = fail_at;
    f->fail_after = fail_after;
}

mlsd_context *failing_context(failing_allocator *f, int64_t n_threads)
{
    mlsd_context *context = NULL;
    const mlsd_status status =
        mlsd_context_new_with_allocator(fa_alloc, fa_realloc, fa_free, f, &context);
    if (status == MLSD_OK && mlsd_context_set_i64(context, "n_threads", n_threads) != MLSD_OK) {
        mlsd_context_free(context);
        context = NULL;
    }
    if (context == NULL && f->fail_at == 0) fail_msg("%s", mlsd_last_error());
    return context;
}

void assert_refusals_survived(const mlsd_spec *spec, const mlsd_dataset *data)
{
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *context = failing_context(&f, 2);
        mlsd_model *model = NULL;
        const mlsd_status status = context != NULL
                                       ? mlsd_model_fit(context, spec, data, NULL, NULL, &model)
                                       : MLSD_E_NOMEM;
        mlsd_model_free(model);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        assert_int_equal(status, f.failed == 0 ? MLSD_OK : MLSD_E_NOMEM);
        if (f.failed == 0) return;
    }
}
