/* test_oom.c - the k-th allocation fails, for every k, once and for good: the call says
 * MLSD_E_NOMEM, leaks nothing, and the next one works. Under the address and leak sanitizers in the
 * sanitizer runs. */
#include <stdio.h>
#include <stdlib.h>

#include "failing_allocator.h"
#include "scenarios.h"
#include "unit.h"

/* An experiment makes some ten thousand allocations: they are walked in strides, finer with
 * -Dsweep. So are those of a scenario with some thousand. */
enum { LONG_WALK_STEPS = 60, WALK_STEPS = 700 };

/* One thread walks, so the thread sanitizer has nothing to see, and takes many times as long. */
#ifdef __SANITIZE_THREAD__
enum { ALL_ARE_LONG = 1 };
#else
enum { ALL_ARE_LONG = 0 };
#endif

static long long count_calls(const scenario *s)
{
    failing_allocator f;
    failing_allocator_init(&f, 0, 0);
    mlsd_context *context = failing_context(&f, 1);
    uint64_t hash = 0;
    const mlsd_status status = s->run(context, &hash);
    if (status != MLSD_OK) fail_msg("%s: %s", s->name, mlsd_last_error());
    mlsd_context_free(context);
    if (f.live_blocks != 0) fail_msg("%s leaks %lld blocks", s->name, (long long)f.live_blocks);
    return f.calls;
}

static void fail_at(const scenario *s, long long k, int fail_after)
{
    failing_allocator f;
    failing_allocator_init(&f, k, fail_after);
    mlsd_context *context = failing_context(&f, 1);
    uint64_t hash = 0;
    /* Without a context the refusal hit its making, which is a case of its own. */
    const mlsd_status status = context != NULL ? s->run(context, &hash) : MLSD_E_NOMEM;
    mlsd_context_free(context);
    if (f.failed > 0 && status != MLSD_E_NOMEM)
        fail_msg("%s, allocation %lld%s: status %s (%s)", s->name, k, fail_after ? " and on" : "",
                 mlsd_status_name(status), mlsd_last_error());
    if (status != MLSD_OK && *mlsd_last_error() == '\0') fail_msg("%s: no message", s->name);
    if (f.live_blocks != 0)
        fail_msg("%s, allocation %lld%s: %lld blocks leak", s->name, k, fail_after ? " and on" : "",
                 (long long)f.live_blocks);
}

static void test_oom__walk(void **state)
{
    (void)state;
    const char *sweep = getenv("MLSD_SWEEP");
    const long long factor = sweep != NULL && atoll(sweep) > 1 ? atoll(sweep) : 1;
    for (int i = 0; i < n_scenarios; i++) {
        const scenario *s = &scenarios[i];
        const long long n = count_calls(s);
        const long long steps =
            factor * (s->is_long || ALL_ARE_LONG ? LONG_WALK_STEPS : WALK_STEPS);
        /* Odd, so that what alternates is not always met in the same phase. */
        const long long stride = n > steps ? n / steps | 1 : 1;
        for (long long k = 1; k <= n; k += stride) {
            fail_at(s, k, 0);
            fail_at(s, k, 1);
        }
        printf("%s: %lld allocations, every %lld failed\n", s->name, n, stride);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_oom__walk)};
    scenario_directory_make();
    const int failed = cmocka_run_group_tests_name("oom", tests, NULL, NULL);
    scenario_directory_remove();
    return failed;
}
