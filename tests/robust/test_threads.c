/* test_threads.c - the thread contract: const handles and one context shared by many threads, the
 * same bytes for every n_threads, a fork between calls. Under the thread sanitizer in the sanitizer
 * runs. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenarios.h"
#include "unit.h"

enum { N_THREADS = 8 };

static mlsd_context *context_with(int64_t n_threads)
{
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    return context;
}

static void test_threads__same_bytes_for_any_number(void **state)
{
    (void)state;
    const int64_t counts[] = {1, 2, 7};
    for (int i = 0; i < n_scenarios; i++) {
        uint64_t hashes[3] = {0};
        for (int k = 0; k < 3; k++) {
            mlsd_context *context = context_with(counts[k]);
            ASSERT_OK(scenarios[i].run(context, &hashes[k]));
            mlsd_context_free(context);
        }
        if (hashes[0] != hashes[1] || hashes[0] != hashes[2])
            fail_msg("%s differs between 1, 2 and 7 threads", scenarios[i].name);
    }
}

enum { MOST_SCENARIOS = 64 };

typedef struct job {
    const mlsd_context *context;
    uint64_t hashes[MOST_SCENARIOS];
    mlsd_status status;
} job;

static void *run_all(void *arg)
{
    job *j = arg;
    assert_true(n_scenarios <= MOST_SCENARIOS);
    for (int i = 0; i < n_scenarios && j->status == MLSD_OK; i++)
        j->status = scenarios[i].run(j->context, &j->hashes[i]);
    return NULL;
}

static void test_threads__one_context_many_threads(void **state)
{
    (void)state;
    mlsd_context *context = context_with(2);
    job jobs[N_THREADS];
    pthread_t threads[N_THREADS];
    memset(jobs, 0, sizeof jobs);
    for (int t = 0; t < N_THREADS; t++) {
        jobs[t].context = context;
        assert_int_equal(pthread_create(&threads[t], NULL, run_all, &jobs[t]), 0);
    }
    for (int t = 0; t < N_THREADS; t++) assert_int_equal(pthread_join(threads[t], NULL), 0);
    for (int t = 0; t < N_THREADS; t++) {
        assert_int_equal(jobs[t].status, MLSD_OK);
        assert_memory_equal(jobs[t].hashes, jobs[0].hashes, sizeof jobs[0].hashes);
    }
    mlsd_context_free(context);
}

enum { N_ROWS = 3000, N_COLUMNS = 5 };

typedef struct shared_model {
    const mlsd_model *model;
    const mlsd_dataset *data;
    double out[N_ROWS];
    mlsd_status status;
} shared_model;

static void *predict_often(void *arg)
{
    shared_model *s = arg;
    for (int i = 0; i < 20 && s->status == MLSD_OK; i++)
        s->status = mlsd_model_predict(NULL, s->model, s->data, MLSD_OUTPUT_VALUE, s->out, N_ROWS);
    return NULL;
}

static void test_threads__one_model_many_threads(void **state)
{
    (void)state;
    double *x = malloc(N_ROWS * N_COLUMNS * sizeof *x), *y = malloc(N_ROWS * sizeof *y);
    for (int i = 0; i < N_ROWS * N_COLUMNS; i++) x[i] = (double)((i * 7919) % 1000) / 1000;
    for (int i = 0; i < N_ROWS; i++) y[i] = x[i * N_COLUMNS] - 2 * x[i * N_COLUMNS + 1];
    const mlsd_matrix X = {x, N_ROWS, N_COLUMNS, N_COLUMNS, 1, MLSD_F64, 0};
    const mlsd_matrix Y = {y, N_ROWS, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_REGRESSION, &data));
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &spec));
    ASSERT_OK(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    shared_model *jobs = calloc(N_THREADS, sizeof *jobs);
    pthread_t threads[N_THREADS];
    for (int t = 0; t < N_THREADS; t++) {
        jobs[t].model = model;
        jobs[t].data = data;
        assert_int_equal(pthread_create(&threads[t], NULL, predict_often, &jobs[t]), 0);
    }
    for (int t = 0; t < N_THREADS; t++) assert_int_equal(pthread_join(threads[t], NULL), 0);
    for (int t = 0; t < N_THREADS; t++) {
        assert_int_equal(jobs[t].status, MLSD_OK);
        assert_memory_equal(jobs[t].out, jobs[0].out, sizeof jobs[0].out);
    }
    free(jobs);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free(x);
    free(y);
}

/* The parent has fitted with threads and BLAS; the child does all of it again, within half a
 * minute. */
static void test_threads__fork_between_calls(void **state)
{
    (void)state;
    mlsd_context *context = context_with(2);
    job parent = {.context = context}, child = {.context = context};
    (void)run_all(&parent);
    assert_int_equal(parent.status, MLSD_OK);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)alarm(30);
        (void)run_all(&child);
        const int same = memcmp(child.hashes, parent.hashes, sizeof child.hashes) == 0;
        _exit(child.status == MLSD_OK && same ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(pid, &result, 0), pid);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    mlsd_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads__same_bytes_for_any_number),
        cmocka_unit_test(test_threads__one_context_many_threads),
        cmocka_unit_test(test_threads__one_model_many_threads),
        cmocka_unit_test(test_threads__fork_between_calls),
    };
    scenario_directory_make();
    const int failed = cmocka_run_group_tests_name("threads", tests, NULL, NULL);
    scenario_directory_remove();
    return failed;
}
