/* test_cancel.c - a callback stops the call at its k-th tick, and a cancel from outside at any
 * time: the call says so, leaks nothing, and the next one gives the same as if nothing had been. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "failing_allocator.h"
#include "scenarios.h"
#include "unit.h"

typedef struct ticks {
    int n, stop_at;
} ticks;

static int on_progress(const mlsd_event *event, void *user)
{
    (void)event;
    ticks *t = user;
    return ++t->n == t->stop_at;
}

static void test_cancel__at_each_tick(void **state)
{
    (void)state;
    for (int i = 0; i < n_scenarios; i++) {
        for (int stop_at = 1; stop_at <= 3; stop_at++) {
            failing_allocator f;
            failing_allocator_init(&f, 0, 0);
            mlsd_context *context = failing_context(&f, 2);
            ticks t = {0, stop_at};
            uint64_t hash = 0;
            ASSERT_OK(mlsd_context_set_progress(context, on_progress, &t, NULL));
            const mlsd_status status = scenarios[i].run(context, &hash);
            if (t.n >= stop_at && status != MLSD_OK) assert_int_equal(status, MLSD_E_CANCELLED);
            if (t.n < stop_at) assert_int_equal(status, MLSD_OK);
            mlsd_context_free(context);
            if (f.live_blocks != 0) fail_msg("%s leaks when stopped", scenarios[i].name);
        }
    }
}

typedef struct canceller {
    const mlsd_context *context;
    unsigned delay_microseconds;
} canceller;

static void *cancel_later(void *arg)
{
    const canceller *c = arg;
    usleep(c->delay_microseconds);
    mlsd_context_cancel(c->context);
    return NULL;
}

static void test_cancel__from_another_thread_at_random_times(void **state)
{
    (void)state;
    const scenario *experiment = &scenarios[n_scenarios - 1];
    uint64_t whole = 0;
    ASSERT_OK(experiment->run(NULL, &whole));
    for (unsigned k = 0; k < 25; k++) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *context = failing_context(&f, 2);
        canceller c = {context, (k * 2654435761u) % 40000};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, cancel_later, &c), 0);
        uint64_t hash = 0;
        const mlsd_status status = experiment->run(context, &hash);
        assert_true(status == MLSD_OK || status == MLSD_E_CANCELLED);
        assert_int_equal(pthread_join(thread, NULL), 0);
        mlsd_context_reset(context);
        hash = 0;
        ASSERT_OK(experiment->run(context, &hash));
        assert_true(hash == whole);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cancel__at_each_tick),
        cmocka_unit_test(test_cancel__from_another_thread_at_random_times),
    };
    scenario_directory_make();
    const int failed = cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
    scenario_directory_remove();
    return failed;
}
