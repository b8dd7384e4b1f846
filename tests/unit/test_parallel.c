/* test_parallel.c - top-level calls: contexts, parallel regions, cancelling, progress, log. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/scope.h"
#include "failing_allocator.h"
#include "mlsd/mlsd.h"
#include "unit.h"

static mlsd_context *context_with(int64_t n_threads)
{
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    return context;
}

enum { N_TASKS = 5000 };

typedef struct counting {
    atomic_int runs[N_TASKS];
    int64_t fail_from;
    int32_t max_worker;
} counting;

static mlsd_status count_task(void *arg, int64_t task, mlsd__scope *scope)
{
    counting *c = arg;
    atomic_fetch_add(&c->runs[task], 1);
    if (scope->worker < 0 || scope->worker >= c->max_worker)
        return mlsd__fail(MLSD_E_INTERNAL, "worker %d", (int)scope->worker);
    if (task >= c->fail_from && task % 7 == 3)
        return mlsd__fail(MLSD_E_DATA, "task %lld failed", (long long)task);
    return MLSD_OK;
}

static void test_parallel__every_task_runs_once(void **state)
{
    (void)state;
    const int64_t threads[] = {1, 2, 7};
    for (int k = 0; k < 3; k++) {
        mlsd_context *context = context_with(threads[k]);
        counting *c = calloc(1, sizeof *c);
        c->fail_from = N_TASKS;
        c->max_worker = (int32_t)threads[k];
        mlsd__scope scope;
        ASSERT_OK(mlsd__scope_open(&scope, context));
        for (int round = 1; round <= 5; round++) {
            ASSERT_OK(mlsd__parallel_for(&scope, N_TASKS, count_task, c));
            for (int i = 0; i < N_TASKS; i++) assert_int_equal(c->runs[i], round);
        }
        ASSERT_OK(mlsd__parallel_for(&scope, 0, count_task, c));
        mlsd__scope_close(&scope);
        free(c);
        mlsd_context_free(context);
    }
}

static void test_parallel__lowest_failing_task_wins(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        mlsd_context *context = context_with(1 + round % 4);
        counting *c = calloc(1, sizeof *c);
        c->fail_from = 100;
        c->max_worker = 4;
        mlsd__scope scope;
        ASSERT_OK(mlsd__scope_open(&scope, context));
        ASSERT_FAILS(MLSD_E_DATA, "task 101 failed",
                     mlsd__parallel_for(&scope, N_TASKS, count_task, c));
        mlsd__scope_close(&scope);
        free(c);
        mlsd_context_free(context);
    }
}

/* Every task has three things done on the entry thread, one of which may fail. */
typedef struct asking {
    pthread_t entry;
    int64_t fails_at;
    int n_done, n_elsewhere; /* written on the entry thread only: no lock is needed */
    int64_t tasks[N_TASKS];
} asking;

typedef struct question {
    asking *of;
    int64_t task;
} question;

static mlsd_status answer(void *arg)
{
    const question *q = arg;
    asking *a = q->of;
    a->n_elsewhere += !pthread_equal(pthread_self(), a->entry);
    a->n_done++;
    a->tasks[q->task]++;
    if (q->task == a->fails_at) return mlsd__fail(MLSD_E_USER, "no answer to %d", (int)q->task);
    return MLSD_OK;
}

static mlsd_status ask_task(void *arg, int64_t task, mlsd__scope *scope)
{
    question q = {arg, task};
    (void)scope;
    for (int i = 0; i < 3; i++) MLSD__TRY(mlsd__on_entry_thread(answer, &q, false));
    return MLSD_OK;
}

static void test_parallel__tasks_have_things_done_on_the_entry_thread(void **state)
{
    (void)state;
    for (int64_t n_threads = 1; n_threads <= 4; n_threads++) {
        mlsd_context *context = context_with(n_threads);
        asking *a = calloc(1, sizeof *a);
        a->entry = pthread_self();
        a->fails_at = -1;
        mlsd__scope scope;
        ASSERT_OK(mlsd__scope_open(&scope, context));
        ASSERT_OK(mlsd__parallel_for(&scope, 200, ask_task, a));
        assert_int_equal(a->n_done, 600);
        for (int i = 0; i < 200; i++) assert_int_equal(a->tasks[i], 3);
        a->fails_at = 50;
        ASSERT_FAILS(MLSD_E_USER, "no answer to 50", mlsd__parallel_for(&scope, 200, ask_task, a));
        assert_int_equal(a->tasks[50], 4);
        assert_int_equal(a->n_elsewhere, 0);
        mlsd__scope_close(&scope);
        free(a);
        mlsd_context_free(context);
    }
}

/* Tasks on other threads ask, whether or not the call was cancelled; what must be done is done. */
typedef struct ending {
    const mlsd_context *context;
    int n_always, n_else; /* entry thread only */
} ending;

static mlsd_status count_always(void *arg)
{
    ((ending *)arg)->n_always++;
    return MLSD_OK;
}

static mlsd_status count_else(void *arg)
{
    ((ending *)arg)->n_else++;
    return MLSD_OK;
}

static mlsd_status end_task(void *arg, int64_t task, mlsd__scope *scope)
{
    ending *e = arg;
    (void)task;
    if (scope->on_entry_thread) {
        usleep(200); /* so that the other thread gets one */
        return MLSD_OK;
    }
    mlsd_context_cancel(e->context);
    const mlsd_status status = mlsd__on_entry_thread(count_else, e, false);
    MLSD__TRY(mlsd__on_entry_thread(count_always, e, true));
    return status;
}

static void test_parallel__a_cancel_leaves_undone_what_need_not_be(void **state)
{
    (void)state;
    mlsd_context *context = context_with(2);
    ending e = {context, 0, 0};
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, context));
    mlsd_status status = MLSD_OK;
    for (int i = 0; i < 1000 && status == MLSD_OK; i++)
        status = mlsd__parallel_for(&scope, 4, end_task, &e);
    mlsd__scope_close(&scope);
    assert_int_equal(status, MLSD_E_CANCELLED);
    assert_true(e.n_always >= 1);
    assert_int_equal(e.n_else, 0);
    mlsd_context_free(context);
}

static mlsd_status slow_task(void *arg, int64_t task, mlsd__scope *scope)
{
    (void)arg;
    (void)task;
    for (int i = 0; i < 200; i++) {
        MLSD__TRY(mlsd__checkpoint(scope));
        usleep(1000);
    }
    mlsd__stage_advance(scope, 1);
    return MLSD_OK;
}

static void *cancel_soon(void *arg)
{
    usleep(30000);
    mlsd_context_cancel(arg);
    return NULL;
}

static void test_parallel__cancel_stops_within_100_ms(void **state)
{
    (void)state;
    mlsd_context *context = context_with(2);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, context), 0);
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, context));
    ASSERT_FAILS(MLSD_E_CANCELLED, "cancelled", mlsd__parallel_for(&scope, 100, slow_task, NULL));
    mlsd__scope_close(&scope);
    assert_int_equal(pthread_join(thread, NULL), 0);
    /* It stays cancelled until reset. */
    assert_int_equal(mlsd__scope_open(&scope, context), MLSD_E_CANCELLED);
    mlsd_context_reset(context);
    ASSERT_OK(mlsd__scope_open(&scope, context));
    mlsd__scope_close(&scope);
    mlsd_context_free(context);
}

/* What each task computes with, and what a call inside a callback does. */
typedef struct numerics_seen {
    mlsd_context *other;
    mlsd__numerics by_task[N_TASKS], in_callback, after_callback;
} numerics_seen;

static mlsd_status see_numerics(void *arg, int64_t task, mlsd__scope *scope)
{
    numerics_seen *const seen = arg;
    if (task % 500 == 0) usleep(2000); /* so that each thread gets some */
    seen->by_task[task] = mlsd__thread_numerics();
    return mlsd__checkpoint(scope);
}

static int call_with_other_numerics(const mlsd_event *event, void *user)
{
    (void)event;
    numerics_seen *const seen = user;
    mlsd__scope scope;
    if (mlsd__scope_open(&scope, seen->other) != MLSD_OK) return 1;
    seen->in_callback = mlsd__thread_numerics();
    mlsd__scope_close(&scope);
    seen->after_callback = mlsd__thread_numerics();
    return 0;
}

static void test_parallel__threads_compute_as_the_context_says(void **state)
{
    (void)state;
    for (int exact = 0; exact < 2; exact++) {
        const mlsd__numerics mine = exact ? MLSD__EXACT : MLSD__FAST;
        const mlsd__numerics theirs = exact ? MLSD__FAST : MLSD__EXACT;
        mlsd_context *const context = context_with(3);
        numerics_seen *const seen = calloc(1, sizeof *seen);
        seen->other = context_with(1);
        ASSERT_OK(mlsd_context_set_str(exact ? context : seen->other, "numerics", "exact"));
        ASSERT_OK(mlsd_context_set_progress(context, call_with_other_numerics, seen, NULL));
        for (int i = 0; i < N_TASKS; i++) seen->by_task[i] = theirs;
        seen->in_callback = seen->after_callback = (mlsd__numerics)-1;
        mlsd__scope scope;
        ASSERT_OK(mlsd__scope_open(&scope, context));
        mlsd__stage_begin(&scope, "compute", N_TASKS);
        ASSERT_OK(mlsd__parallel_for(&scope, N_TASKS, see_numerics, seen));
        mlsd__stage_end(&scope);
        assert_int_equal(mlsd__thread_numerics(), mine);
        mlsd__scope_close(&scope);
        assert_int_equal(mlsd__thread_numerics(), MLSD__FAST);
        for (int i = 0; i < N_TASKS; i++) assert_int_equal(seen->by_task[i], mine);
        assert_int_equal(seen->in_callback, theirs);
        assert_int_equal(seen->after_callback, mine);
        mlsd_context_free(seen->other);
        mlsd_context_free(context);
        free(seen);
    }
    mlsd_context *const cancelled = context_with(1);
    ASSERT_OK(mlsd_context_set_str(cancelled, "numerics", "exact"));
    mlsd_context_cancel(cancelled);
    mlsd__scope scope;
    assert_int_equal(mlsd__scope_open(&scope, cancelled), MLSD_E_CANCELLED);
    assert_int_equal(mlsd__thread_numerics(), MLSD__FAST);
    mlsd_context_free(cancelled);
}

typedef struct heard {
    int calls, answer_at, answer;
    int64_t last_done, total;
    char stage[32];
    pthread_t thread;
} heard;

static int hear(const mlsd_event *event, void *user)
{
    heard *h = user;
    h->calls++;
    assert_true(pthread_equal(h->thread, pthread_self()));
    h->last_done = mlsd_event_done(event);
    h->total = mlsd_event_total(event);
    strncpy(h->stage, mlsd_event_stage(event), sizeof h->stage - 1);
    return h->answer_at > 0 && h->calls >= h->answer_at ? h->answer : 0;
}

static void test_parallel__progress_is_heard_and_can_stop(void **state)
{
    (void)state;
    mlsd_context *context = context_with(2);
    heard h = {.thread = pthread_self()};
    ASSERT_OK(mlsd_context_set_progress(context, hear, &h, NULL));
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, context));
    mlsd__stage_begin(&scope, "slow", 2);
    ASSERT_OK(mlsd__parallel_for(&scope, 2, slow_task, NULL));
    mlsd__stage_end(&scope);
    mlsd__scope_close(&scope);
    assert_true(h.calls >= 3);
    assert_string_equal(h.stage, "slow");
    assert_int_equal(h.last_done, 2);
    assert_int_equal(h.total, 2);

    const int answers[] = {1, MLSD_E_USER - 5};
    const mlsd_status statuses[] = {MLSD_E_CANCELLED, MLSD_E_USER - 5};
    for (int k = 0; k < 2; k++) {
        h = (heard){.thread = pthread_self(), .answer_at = 1, .answer = answers[k]};
        ASSERT_OK(mlsd__scope_open(&scope, context));
        assert_int_equal(mlsd__parallel_for(&scope, 20, slow_task, NULL), statuses[k]);
        mlsd__scope_close(&scope);
    }
    mlsd_context_free(context);
}

static int n_lines;
static int n_freed;

static void hear_line(mlsd_log_level level, const char *line, void *user)
{
    (void)user;
    assert_int_equal(level, MLSD_LOG_WARNING);
    assert_string_equal(line, "seen 7");
    n_lines++;
}

static void count_free(void *user)
{
    (void)user;
    n_freed++;
}

static void test_parallel__log_by_level_and_user_is_released_once(void **state)
{
    (void)state;
    mlsd_context *context = context_with(1);
    n_lines = n_freed = 0;
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_WARNING, hear_line, NULL, count_free));
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, context));
    mlsd__log_line(&scope, MLSD_LOG_WARNING, "seen %d", 7);
    mlsd__log_line(&scope, MLSD_LOG_INFO, "not seen");
    mlsd__scope_close(&scope);
    assert_int_equal(n_lines, 1);
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_INFO, NULL, NULL, count_free));
    assert_int_equal(n_freed, 1);
    assert_int_equal(mlsd_context_set_log(context, 9, NULL, NULL, NULL), MLSD_E_ARG);
    mlsd_context_free(context);
    assert_int_equal(n_freed, 2);
}

static void test_parallel__context_arguments(void **state)
{
    (void)state;
    mlsd_context *context = context_with(3);
    int64_t value = 0;
    ASSERT_OK(mlsd_context_get_i64(context, "n_threads", &value));
    assert_int_equal(value, 3);
    ASSERT_OK(mlsd_context_get_i64(context, "hold_blas", &value));
    assert_int_equal(value, 1);
    ASSERT_OK(mlsd_context_set_i64(context, "hold_blas", 0));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "hold_blas", mlsd_context_set_i64(context, "hold_blas", 2));
    ASSERT_FAILS(MLSD_E_PARAM_UNKNOWN, "did you mean 'n_threads'",
                 mlsd_context_set_i64(context, "n_thread", 2));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "got -1", mlsd_context_set_i64(context, "n_threads", -1));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_context_set_i64(NULL, "n_threads", 1));
    const char *numerics = NULL;
    ASSERT_OK(mlsd_context_get_str(context, "numerics", &numerics));
    assert_string_equal(numerics, "fast");
    ASSERT_OK(mlsd_context_set_str(context, "numerics", "exact"));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "did you mean 'exact'",
                 mlsd_context_set_str(context, "numerics", "exakt"));
    ASSERT_FAILS(MLSD_E_PARAM_UNKNOWN, "did you mean 'numerics'",
                 mlsd_context_set_str(context, "numeric", "fast"));
    ASSERT_FAILS(MLSD_E_PARAM_TYPE, "numerics", mlsd_context_set_i64(context, "numerics", 1));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_context_set_str(context, "numerics", NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_context_get_str(context, "numerics", NULL));
    ASSERT_OK(mlsd_context_get_str(context, "numerics", &numerics));
    assert_string_equal(numerics, "exact");
    mlsd_context_free(context);
    ASSERT_FAILS(MLSD_E_ARG, "all three",
                 mlsd_context_new_with_allocator(NULL, NULL, NULL, NULL, &context));
    assert_null(context);
    mlsd_context_free(NULL);
    mlsd_context_cancel(NULL);
    mlsd_context_reset(NULL);
    uint64_t junk[64] = {1};
    ASSERT_FAILS(MLSD_E_ARG, "not a live",
                 mlsd_context_set_i64((mlsd_context *)(void *)junk, "n_threads", 1));
}

static void test_parallel__default_context_uses_allowed_cpus(void **state)
{
    (void)state;
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    assert_true(scope.n_threads >= 1);
    mlsd__scope_close(&scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parallel__every_task_runs_once),
        cmocka_unit_test(test_parallel__lowest_failing_task_wins),
        cmocka_unit_test(test_parallel__tasks_have_things_done_on_the_entry_thread),
        cmocka_unit_test(test_parallel__a_cancel_leaves_undone_what_need_not_be),
        cmocka_unit_test(test_parallel__cancel_stops_within_100_ms),
        cmocka_unit_test(test_parallel__threads_compute_as_the_context_says),
        cmocka_unit_test(test_parallel__progress_is_heard_and_can_stop),
        cmocka_unit_test(test_parallel__log_by_level_and_user_is_released_once),
        cmocka_unit_test(test_parallel__context_arguments),
        cmocka_unit_test(test_parallel__default_context_uses_allowed_cpus),
    };
    return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
