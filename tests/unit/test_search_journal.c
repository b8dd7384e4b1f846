/* Searches that are killed go on from what the context's journal has and end in the same bytes:
 * each kind of rounds is killed at moments all over its run, by SIGKILL in a child, and started
 * again. */
#include "journal_checks.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 150, P = 4 };

static double X[N * P], Y[N];
static char directory[] = "/tmp/mlsd_search_XXXXXX";
static char path[64];

static const char *const SEARCHES[] = {
    "{\"kind\":\"grid_search\",\"estimator\":{\"kind\":\"k_neighbors_classifier\"},"
    "\"space\":[\"n_neighbors = 1, 3, 5, 9\",\"p = 1, 2\"]}",
    "{\"kind\":\"halving_grid_search\",\"estimator\":{\"kind\":\"sgd_classifier\"},"
    "\"space\":[\"alpha = 0.0001, 0.001, 0.01, 0.1\"],\"resource\":\"max_iter\",\"factor\":2,"
    "\"max_resources\":16}",
    "{\"kind\":\"hyperband\",\"estimator\":{\"kind\":\"logistic_regression\"},"
    "\"space\":[\"C ~ log_uniform(0.01, 10)\"],\"min_resources\":40}",
    "{\"kind\":\"racing_search\",\"estimator\":{\"kind\":\"gaussian_nb\"},"
    "\"space\":[\"var_smoothing = 1e-9, 0.1, 1, 100\"]}",
    "{\"kind\":\"nested_cv\",\"search\":{\"kind\":\"grid_search\",\"estimator\":"
    "{\"kind\":\"gaussian_nb\"},\"space\":[\"var_smoothing = 1e-9, 1, 100\"]}}",
    "{\"kind\":\"cross_validate\",\"estimators\":[{\"kind\":\"grid_search\",\"estimator\":"
    "{\"kind\":\"gaussian_nb\"},\"space\":[\"var_smoothing = 1e-9, 1, 100\"]}]}",
};

static void refuse_line(mlsd_log_level level, const char *line, void *user)
{
    (void)level, (void)user;
    fail_msg("nothing was to be warned of: %s", line);
}

/* The JSON of a result without its timings. */
static char *run_text(const char *json, const char *journal, int64_t n_threads)
{
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, y = {Y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_context *context = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(mlsd_context_set_i64(context, "audit", 0));
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_WARNING, refuse_line, NULL, NULL));
    if (journal != NULL) ASSERT_OK(mlsd_context_set_str(context, "journal", journal));
    ASSERT_OK(mlsd_dataset_from_matrix(context, &x, &y, NULL, MLSD_TASK_BINARY, &data));
    ASSERT_OK(mlsd_spec_from_json(context, json, &spec));
    ASSERT_OK(mlsd_validate(context, spec, data, NULL, &r));
    char *const text = json_without_timings(r);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    mlsd_context_free(context);
    return text;
}

static void assert_runs_as(const char *json, int64_t n_threads, const char *wanted)
{
    char *text = run_text(json, path, n_threads);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_search_journal__killed_and_started_again(void **state)
{
    (void)state;
    int n_killed = 0;
    for (size_t s = 0; s < sizeof SEARCHES / sizeof SEARCHES[0]; s++) {
        char *wanted = run_text(SEARCHES[s], NULL, 1);
        (void)unlink(path);
        for (int round = 0; round < 12; round++) {
            const pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                free(run_text(SEARCHES[s], path, 1 + round % 2));
                _exit(0);
            }
            usleep((unsigned)(300 + 700 * round));
            (void)kill(child, SIGKILL);
            int how = 0;
            assert_int_equal(waitpid(child, &how, 0), child);
            n_killed += WIFSIGNALED(how);
            if (round % 4 != 3) continue;
            assert_runs_as(SEARCHES[s], 2, wanted);
            const long size = size_of(path);
            assert_true(size > 100);
            assert_runs_as(SEARCHES[s], 1, wanted); /* all of it is there now */
            assert_int_equal(size_of(path), size);
            (void)unlink(path);
        }
        free(wanted);
    }
    assert_true(n_killed > 0);
}

/* A fold's inner search keeps what it has finished under the lock of the outer work. */
static void test_search_journal__search_within_a_fold(void **state)
{
    (void)state;
    const char *const json = SEARCHES[sizeof SEARCHES / sizeof SEARCHES[0] - 1];
    char *wanted = run_text(json, NULL, 1);
    (void)unlink(path);
    assert_runs_as(json, 1, wanted);
    const long size = size_of(path);
    assert_true(size > 2000); /* 5 x 3 x 5 inner fits, not 5 outer ones */
    assert_runs_as(json, 2, wanted);
    assert_int_equal(size_of(path), size);
    free(wanted);
}

/* The score of a search on one split: its inner folds keep the groups of the column together. */
static double score_of(const char *group, const char *journal)
{
    static double columns[P + 3][N];
    static const char *const names[] = {"x0", "x1", "x2", "x3", "y", "g", "h"};
    static const char *const roles[] = {"target", "group", "ignore"};
    static int64_t ids[N];
    const char *const given[] = {"y", group, group[0] == 'g' ? "h" : "g"};
    const char *const metric = "rmse";
    mlsd_context *context = NULL;
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_folds *folds = NULL;
    mlsd_spec *search = NULL;
    double score = 0;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    for (int j = 0; j < P + 3; j++) {
        for (int i = 0; i < N; i++)
            columns[j][i] = j < P ? X[i * P + j] : j == P ? Y[i] : (j == P + 1 ? i % 5 : i / 10);
        ASSERT_OK(mlsd_table_set_f64(table, names[j], columns[j], N));
    }
    for (int i = 0; i < N; i++) ids[i] = i % 3 == 0 ? 0 : -1;
    ASSERT_OK(mlsd_context_new(&context));
    if (journal != NULL) ASSERT_OK(mlsd_context_set_str(context, "journal", journal));
    ASSERT_OK(
        mlsd_dataset_from_table(context, table, given, roles, 3, MLSD_TASK_REGRESSION, &data));
    ASSERT_OK(mlsd_folds_from_ids(context, ids, N, &folds));
    ASSERT_OK(mlsd_spec_from_json(context,
                                  "{\"kind\":\"grid_search\",\"choose\":\"best\",\"estimator\":"
                                  "{\"kind\":\"k_neighbors_regressor\"},\"space\":["
                                  "\"n_neighbors = 1, 2, 3, 5, 7, 9, 12, 15, 20, 30, 40\"]}",
                                  &search));
    const mlsd_spec *const only = search;
    ASSERT_OK(
        mlsd_fold_scores(context, &only, 1, data, folds, &metric, 1, &score, 1, NULL, NULL, NULL));
    mlsd_spec_free(search);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    mlsd_context_free(context);
    return score;
}

static void test_search_journal__other_groups_are_other_work(void **state)
{
    (void)state;
    const double g = score_of("g", NULL), h = score_of("h", NULL);
    assert_true(g != h);
    (void)unlink(path);
    assert_float_equal(score_of("g", path), g, 0);
    assert_float_equal(score_of("h", path), h, 0);
}

int main(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1) + j);
        Y[i] = X[i * P] - X[i * P + 1] + cos(i * 1.7) > 0.1;
    }
    if (mkdtemp(directory) == NULL) return 1;
    (void)snprintf(path, sizeof path, "%s/journal", directory);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search_journal__killed_and_started_again),
        cmocka_unit_test(test_search_journal__search_within_a_fold),
        cmocka_unit_test(test_search_journal__other_groups_are_other_work),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    (void)rmdir(directory);
    return failed;
}
