/* The journal of finished fits: what was killed goes on from where it was and ends in the same
 * bytes; what is torn, damaged or of other work is not taken; a second writer only reads. */
#include "journal_checks.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 90, P = 4, K = 5 };

static double X[N * P], Y[N];
static char directory[] = "/tmp/mlsd_journal_XXXXXX";
static char path[64], log_text[2048];

static void fill_data(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1));
        Y[i] = 2 * X[i * P] - X[i * P + 1] + 0.5 * cos(i * 1.7);
    }
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/journal", directory);
}

static void keep_line(mlsd_log_level level, const char *line, void *user)
{
    (void)level, (void)user;
    const size_t n = strlen(log_text);
    snprintf(log_text + n, sizeof log_text - n, "%s\n", line);
}

static mlsd_spec *make(const char *kind)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, kind, &spec));
    return spec;
}

static void add(mlsd_spec *spec, const char *slot, const char *name, mlsd_spec *child)
{
    ASSERT_OK(mlsd_spec_add(spec, slot, name, child));
    mlsd_spec_free(child);
}

static mlsd_spec *with_number(const char *kind, const char *name, double value)
{
    mlsd_spec *spec = make(kind);
    char text[32];
    snprintf(text, sizeof text, "%g", value);
    ASSERT_OK(mlsd_spec_set_text(spec, name, text));
    return spec;
}

static mlsd_spec *scaled(mlsd_spec *last)
{
    mlsd_spec *pipeline = make("pipeline");
    add(pipeline, "steps", NULL, make("standardize"));
    add(pipeline, "steps", NULL, last);
    return pipeline;
}

/* Every way there is: all folds at once, settings, shared steps, plain, and one that fails. */
static mlsd_spec *make_run(double alpha)
{
    mlsd_spec *run = make("cross_validate");
    add(run, "estimators", "ridge1", with_number("ridge", "alpha", alpha));
    add(run, "estimators", "ridge2", with_number("ridge", "alpha", 10));
    add(run, "estimators", "near3", with_number("k_neighbors_regressor", "n_neighbors", 3));
    add(run, "estimators", "near9", with_number("k_neighbors_regressor", "n_neighbors", 9));
    add(run, "estimators", "near99", with_number("k_neighbors_regressor", "n_neighbors", 99));
    add(run, "estimators", "huber1", scaled(with_number("huber_regressor", "epsilon", 1.2)));
    add(run, "estimators", "huber2", scaled(with_number("huber_regressor", "epsilon", 1.5)));
    add(run, "estimators", "classes", make("gaussian_nb"));
    add(run, "estimators", "kernel", make("kernel_ridge"));
    ASSERT_OK(mlsd_spec_set_text(run, "metrics", "rmse,mae"));
    ASSERT_OK(mlsd_spec_set_bool(run, "return_train_score", alpha > 5));
    return run;
}

/* The JSON of a run without its timings; `seed` draws the folds. NULL where it was killed. */
static char *run_text(const char *journal, double alpha, int64_t seed, int64_t n_threads,
                      mlsd_status wanted)
{
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, target = {Y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_context *context = NULL;
    mlsd_dataset *data = NULL;
    mlsd_result *r = NULL;
    log_text[0] = '\0';
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(mlsd_context_set_i64(context, "audit", 0));
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_WARNING, keep_line, NULL, NULL));
    if (journal != NULL) ASSERT_OK(mlsd_context_set_str(context, "journal", journal));
    ASSERT_OK(mlsd_dataset_from_matrix(context, &x, &target, NULL, MLSD_TASK_AUTO, &data));
    mlsd_spec *run = make_run(alpha);
    ASSERT_OK(mlsd_spec_set_i64(run, "seed", seed));
    const mlsd_status status = mlsd_validate(context, run, data, NULL, &r);
    assert_int_equal(status, wanted);
    char *const text = status == MLSD_OK ? json_without_timings(r) : NULL;
    mlsd_result_free(r);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
    mlsd_context_free(context);
    return text;
}

static void assert_runs_as(const char *journal, double alpha, const char *expected)
{
    char *text = run_text(journal, alpha, 0, 2, MLSD_OK);
    assert_string_equal(text, expected);
    free(text);
}

static void test_fold_journal__goes_on(void **state)
{
    (void)state;
    for (int c = 0; c < 2; c++) {
        const double alpha = c == 0 ? 1 : 7;
        (void)unlink(path);
        char *without = run_text(NULL, alpha, 0, 1, MLSD_OK);
        assert_runs_as(path, alpha, without);
        const long written = size_of(path);
        assert_true(written > 1000);
        assert_runs_as(path, alpha, without);
        assert_int_equal(size_of(path), written); /* nothing was done again */
        free(without);
    }
}

/* Killed at any moment, again and again, until it gets through. */
static void test_fold_journal__killed_in_the_middle(void **state)
{
    (void)state;
    char *without = run_text(NULL, 1, 0, 1, MLSD_OK);
    (void)unlink(path);
    int n_killed = 0;
    for (int round = 0; round < 60; round++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            char *text = run_text(path, 1, 0, 1 + round % 2, MLSD_OK);
            _exit(strcmp(text, without) == 0 ? 0 : 1);
        }
        usleep((unsigned)(100 + 150 * round));
        (void)kill(child, SIGKILL);
        int how = 0;
        assert_int_equal(waitpid(child, &how, 0), child);
        if (WIFEXITED(how)) assert_int_equal(WEXITSTATUS(how), 0);
        n_killed += WIFSIGNALED(how);
        assert_runs_as(path, 1, without);
        if (round % 7 == 0) (void)unlink(path);
    }
    assert_true(n_killed > 0);
    free(without);
}

/* Whatever byte is cut or changed, the results stay. */
static void test_fold_journal__damage(void **state)
{
    (void)state;
    char *without = run_text(NULL, 1, 0, 1, MLSD_OK);
    (void)unlink(path);
    assert_runs_as(path, 1, without);
    const long size = size_of(path);
    FILE *file = fopen(path, "rb");
    char *bytes = malloc((size_t)size);
    assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
    fclose(file);
    for (long i = 0; i < 60; i++) {
        const long at = 8 + (size - 8) * i / 60;
        const int cuts = (int)(i % 2);
        const char kept = bytes[at];
        if (!cuts) bytes[at] = (char)(kept ^ 0x10);
        file = fopen(path, "wb");
        assert_int_equal(fwrite(bytes, 1, (size_t)(cuts ? at : size), file), cuts ? at : size);
        bytes[at] = kept;
        fclose(file);
        assert_runs_as(path, 1, without);
        const long mended = size_of(path);
        assert_runs_as(path, 1, without);
        assert_int_equal(size_of(path), mended); /* what was lost was written again */
    }
    /* A header cut short is one that was being written. */
    assert_int_equal(truncate(path, 3), 0);
    assert_runs_as(path, 1, without);
    free(bytes);
    free(without);
}

/* Other rows, folds or specs. */
static void test_fold_journal__other_work(void **state)
{
    (void)state;
    (void)unlink(path);
    char *first = run_text(path, 1, 0, 1, MLSD_OK);
    for (int c = 0; c < 3; c++) {
        const double alpha = c == 0 ? 2 : 1;
        const int64_t seed = c == 1 ? 5 : 0;
        const double kept = X[7];
        if (c == 2) X[7] += 1e-9;
        char *without = run_text(NULL, alpha, seed, 1, MLSD_OK);
        char *with = run_text(path, alpha, seed, 1, MLSD_OK);
        assert_string_equal(with, without);
        free(with);
        free(without);
        X[7] = kept;
    }
    assert_runs_as(path, 1, first);
    free(first);
}

static void test_fold_journal__a_second_writer_reads(void **state)
{
    (void)state;
    char *without = run_text(NULL, 1, 0, 1, MLSD_OK);
    (void)unlink(path);
    const int file = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(flock(file, LOCK_EX), 0);
    assert_runs_as(path, 1, without);
    assert_non_null(strstr(log_text, "another process writes the journal"));
    assert_int_equal(size_of(path), 0);
    assert_int_equal(close(file), 0);
    assert_runs_as(path, 1, without);
    assert_string_equal(log_text, "");
    assert_true(size_of(path) > 1000);
    free(without);
}

static void test_fold_journal__what_cannot_be_written(void **state)
{
    (void)state;
    char *without = run_text(NULL, 1, 0, 1, MLSD_OK), other[80];
    assert_runs_as("/dev/full", 1, without);
    assert_non_null(strstr(log_text, "could not be written"));
    snprintf(other, sizeof other, "%s/none/journal", directory);
    (void)run_text(other, 1, 0, 1, MLSD_E_IO);
    FILE *file = fopen(path, "w");
    fputs("a,b\n1,2\n", file);
    fclose(file);
    (void)run_text(path, 1, 0, 1, MLSD_E_PARSE);
    assert_int_equal(size_of(path), 8);
    free(without);
}

int main(void)
{
    fill_data();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_journal__goes_on),
        cmocka_unit_test(test_fold_journal__killed_in_the_middle),
        cmocka_unit_test(test_fold_journal__damage),
        cmocka_unit_test(test_fold_journal__other_work),
        cmocka_unit_test(test_fold_journal__a_second_writer_reads),
        cmocka_unit_test(test_fold_journal__what_cannot_be_written),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    (void)rmdir(directory);
    return failed;
}
