/* The report from the library's side: the same bytes again, what is refused, files that stay whole,
 * failures of memory. What it looks like and that nothing is fetched: tests/cli/test_report.py. */
#include "unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failing_allocator.h"
#include "mlsd/mlsd.h"
#include "validate/result_impl.h"

enum { N_ROWS = 120 };

static mlsd_table *make_table(void)
{
    double x[N_ROWS];
    const char *kind[N_ROWS], *y[N_ROWS];
    for (int i = 0; i < N_ROWS; i++) {
        x[i] = (i * 37) % 101;
        kind[i] = i % 3 == 0 ? "<a>" : "b & c";
        y[i] = (i * 37) % 101 + (i * 53) % 60 > 80 ? "yes" : "no";
    }
    mlsd_table *t;
    if (mlsd_table_new(NULL, &t) != MLSD_OK) return NULL;
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, N_ROWS));
    ASSERT_OK(mlsd_table_set_str(t, "kind", kind, N_ROWS));
    ASSERT_OK(mlsd_table_set_str(t, "y", y, N_ROWS));
    return t;
}

static mlsd_result *make_result(void)
{
    mlsd_table *t = make_table();
    mlsd_spec *spec;
    mlsd_result *r;
    ASSERT_OK(mlsd_spec_new(NULL, "experiment", &spec));
    ASSERT_OK(mlsd_spec_set_text(spec, "target", "y"));
    ASSERT_OK(mlsd_spec_set_text(spec, "slices", "kind"));
    ASSERT_OK(mlsd_spec_set_bool(spec, "quick", 1));
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(t);
    return r;
}

static void temporary_path(char path[64])
{
    strcpy(path, "/tmp/mlsd-test-report-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    (void)fclose(file);
    return text;
}

static void test_report__is_the_same_again(void **state)
{
    (void)state;
    char path[64];
    temporary_path(path);
    mlsd_result *r = make_result();
    ASSERT_OK(mlsd_report_save(NULL, r, "a <title>", path));
    char *first = read_all(path);
    ASSERT_OK(mlsd_report_save(NULL, r, "a <title>", path));
    char *second = read_all(path);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "<title>a &lt;title&gt;</title>"));
    assert_non_null(strstr(first, "kind = &lt;a&gt;"));
    assert_non_null(strstr(first, "b &amp; c"));
    assert_non_null(strstr(first, "<svg class=\"folds\""));
    assert_non_null(strstr(first, ">fold 3<"));
    assert_string_equal(first + strlen(first) - 8, "</html>\n");
    free(first);
    ASSERT_OK(mlsd_report_save(NULL, r, NULL, path));
    free(second);
    mlsd_result_free(r);
    unlink(path);
}

static void test_report__refuses(void **state)
{
    (void)state;
    mlsd_result *r = make_result(), *other;
    ASSERT_OK(mlsd__result_new(&mlsd__libc_allocator, "slices", &other));
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "slices", mlsd_report_save(NULL, other, NULL, "/tmp/x"));
    ASSERT_FAILS(MLSD_E_ARG, "path", mlsd_report_save(NULL, r, NULL, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "result", mlsd_report_save(NULL, NULL, NULL, "/tmp/x"));
    ASSERT_FAILS(MLSD_E_IO, "/no/such/place",
                 mlsd_report_save(NULL, r, NULL, "/no/such/place/report.html"));
    ASSERT_FAILS(MLSD_E_IO, "No space left", mlsd_report_save(NULL, r, NULL, "/dev/full"));
    mlsd_result_free(other);
    mlsd_result_free(r);
}

static char *page_of(const char *json, char path[64])
{
    mlsd_table *t = make_table();
    mlsd_dataset *data;
    mlsd_spec *spec;
    mlsd_result *r;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, (const char *[]){"y", "kind"},
                                      (const char *[]){"target", "ignore"}, 2, MLSD_TASK_BINARY,
                                      &data));
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_validate(NULL, spec, data, NULL, &r));
    ASSERT_OK(mlsd_report_save(NULL, r, "page", path));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    mlsd_table_free(t);
    return read_all(path);
}

static int count(const char *text, const char *wanted)
{
    int n = 0;
    for (; (text = strstr(text, wanted)) != NULL; text++) n++;
    return n;
}

#define LOGISTIC "{\"kind\":\"logistic_regression\"}"

/* Models, candidates and values have a row each with its five folds, one that failed its message; a
 * learning curve has a band and two lines, the losses of epochs two bands. */
static void test_report__draws_validations(void **state)
{
    (void)state;
    char path[64];
    temporary_path(path);
    char *page = page_of("{\"kind\":\"cross_validate\",\"metrics\":[\"accuracy\"],\"estimators\":["
                         "{\"kind\":\"dummy_classifier\"}," LOGISTIC
                         ",{\"kind\":\"k_neighbors_classifier\",\"n_neighbors\":500}]}",
                         path);
    assert_int_equal(count(page, "<g class=\"row "), 3);
    assert_int_equal(count(page, "class=\"fold\""), 10);
    assert_non_null(strstr(page, ">failed<"));
    assert_non_null(strstr(page, "lower n_neighbors"));
    free(page);
    page = page_of("{\"kind\":\"grid_search\",\"metrics\":[\"log_loss\"],\"estimator\":" LOGISTIC
                   ",\"space\":[\"C = 0.01, 0.1, 1\"]}",
                   path);
    assert_int_equal(count(page, "<g class=\"row "), 3);
    assert_int_equal(count(page, "<g class=\"row strong\""), 1);
    assert_int_equal(count(page, "class=\"fold\""), 15);
    assert_non_null(strstr(page, ">C = 0.01<"));
    free(page);
    page =
        page_of("{\"kind\":\"validation_curve\",\"metrics\":[\"log_loss\"],\"estimator\":" LOGISTIC
                ",\"space\":[\"C = 0.01, 0.1\"]}",
                path);
    assert_int_equal(count(page, "<g class=\"row "), 2);
    assert_int_equal(count(page, "class=\"fold\""), 10);
    free(page);
    page = page_of(
        "{\"kind\":\"learning_curve\",\"metrics\":[\"log_loss\"],\"estimators\":[" LOGISTIC "]}",
        path);
    assert_int_equal(count(page, "<path class=\"band valid\""), 1);
    assert_int_equal(count(page, "<path class=\"line "), 2);
    assert_string_equal(page + strlen(page) - 8, "</html>\n");
    free(page);
    page = page_of("{\"kind\":\"cross_validate\",\"return_curves\":true,\"estimators\":[" LOGISTIC
                   ",{\"kind\":\"sgd_classifier\"}]}",
                   path);
    assert_int_equal(count(page, "<path class=\"band valid\""), 1);
    assert_int_equal(count(page, "<path class=\"band train\""), 1);
    assert_non_null(strstr(page, "logistic_regression&#39;: not trained by epochs"));
    free(page);
    unlink(path);
}

/* An empty result of an experiment is a page of little, not a crash. */
static void test_report__needs_no_tables(void **state)
{
    (void)state;
    char path[64];
    temporary_path(path);
    mlsd_result *r;
    ASSERT_OK(mlsd__result_new(&mlsd__libc_allocator, "experiment", &r));
    ASSERT_OK(mlsd_report_save(NULL, r, NULL, path));
    char *text = read_all(path);
    assert_null(strstr(text, "<svg"));
    free(text);
    mlsd_result_free(r);
    unlink(path);
}

/* Every allocation fails once, alone and with all later ones: a status, no file, nothing left. */
static void test_report__survives_failures_of_memory(void **state)
{
    (void)state;
    char path[64];
    mlsd_result *r = make_result();
    for (int after = 0; after < 2; after++) {
        for (int64_t k = 1;; k++) {
            failing_allocator f;
            failing_allocator_init(&f, k, after);
            mlsd_context *context = failing_context(&f, 1);
            if (context == NULL) continue;
            temporary_path(path);
            unlink(path);
            const mlsd_status status = mlsd_report_save(context, r, "title", path);
            mlsd_context_free(context);
            assert_int_equal(f.live_blocks, 0);
            const bool refused = f.failed > 0;
            if (refused) assert_int_equal(status, MLSD_E_NOMEM);
            assert_int_equal(access(path, F_OK) == 0, !refused);
            unlink(path);
            if (!refused) break;
        }
    }
    mlsd_result_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report__is_the_same_again),
        cmocka_unit_test(test_report__refuses),
        cmocka_unit_test(test_report__draws_validations),
        cmocka_unit_test(test_report__needs_no_tables),
        cmocka_unit_test(test_report__survives_failures_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
