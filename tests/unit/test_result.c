/* Results: what goes in comes out by name, JSON reads back (with jansson as the witness), timings
 * stand apart, failures of memory leak nothing. */
#include "unit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "failing_allocator.h"
#include "mlsd/mlsd.h"
#include "validate/result_impl.h"

static mlsd_table *make_table(const mlsd__allocator *a)
{
    const double score[] = {0.5, NAN, -INFINITY};
    const int64_t n[] = {1, 2, 9007199254740993};
    const char *const name[] = {"a \"quoted\"", NULL, "c\n"};
    mlsd_table *t;
    if (mlsd__table_new(a, &t) != MLSD_OK) return NULL;
    if (mlsd_table_set_str(t, "name", name, 3) != MLSD_OK ||
        mlsd_table_set_f64(t, "score", score, 3) != MLSD_OK ||
        mlsd_table_set_i64(t, "n", n, 3) != MLSD_OK) {
        mlsd_table_free(t);
        return NULL;
    }
    return t;
}

static mlsd_status fill(const mlsd__allocator *a, mlsd_result **out)
{
    MLSD__TRY(mlsd__result_new(a, "test", out));
    mlsd_result *r = *out;
    MLSD__TRY(mlsd__result_set_f64(r, "alpha", 0.1, false));
    MLSD__TRY(mlsd__result_set_str(r, "chosen", "ridge", false));
    MLSD__TRY(mlsd__result_set_f64(r, "fit_seconds", 1.5, true));
    mlsd_table *t = make_table(a);
    if (t == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__result_set_table(r, "board", t, false));
    t = make_table(a);
    if (t == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__result_set_table(r, "board", t, true));
    return mlsd__result_set_verdict(r, "all is well");
}

static void test_result__gives_back_what_was_set(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    ASSERT_OK(fill(&mlsd__libc_allocator, &r));
    double number;
    const char *text;
    ASSERT_OK(mlsd_result_get_f64(r, "alpha", &number));
    ASSERT_NEAR(number, 0.1, 0);
    ASSERT_OK(mlsd_result_get_str(r, "chosen", &text));
    assert_string_equal(text, "ridge");
    ASSERT_OK(mlsd_result_get_f64(r, "timings.fit_seconds", &number));
    ASSERT_NEAR(number, 1.5, 0);
    assert_non_null(mlsd_result_get_table(r, "board"));
    assert_true(mlsd_result_get_table(r, "board") != mlsd_result_get_table(r, "timings.board"));
    assert_int_equal(mlsd_result_count(r), 5);
    assert_string_equal(mlsd_result_name(r, 0), "alpha");
    assert_null(mlsd_result_name(r, 5));
    assert_string_equal(mlsd_result_verdict(r), "all is well");
    ASSERT_OK(mlsd__result_set_f64(r, "alpha", 0.2, false));
    ASSERT_OK(mlsd_result_get_f64(r, "alpha", &number));
    ASSERT_NEAR(number, 0.2, 0);
    assert_int_equal(mlsd_result_count(r), 5);
    mlsd_result_free(r);
}

static void test_result__names_the_nearest(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    ASSERT_OK(fill(&mlsd__libc_allocator, &r));
    double number;
    const char *text;
    ASSERT_FAILS(MLSD_E_PARAM_UNKNOWN, "did you mean 'alpha'",
                 mlsd_result_get_f64(r, "alhpa", &number));
    ASSERT_FAILS(MLSD_E_PARAM_UNKNOWN, "is a table, not a text",
                 mlsd_result_get_str(r, "board", &text));
    assert_null(mlsd_result_get_table(r, "bord"));
    assert_non_null(strstr(mlsd_last_error(), "did you mean 'board'"));
    assert_null(mlsd_result_get_model(r, "chosen"));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_result_get_f64(NULL, "alpha", &number));
    assert_string_equal(mlsd_result_verdict(NULL), "");
    mlsd_result_free(r);
    mlsd_result_free(NULL);
}

static json_t *to_json(const mlsd_result *r)
{
    int64_t n = 0;
    ASSERT_OK(mlsd_result_to_json(r, NULL, 0, &n));
    char *text = malloc((size_t)n + 1);
    ASSERT_OK(mlsd_result_to_json(r, text, n + 1, &n));
    assert_int_equal(strlen(text), n);
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);
    if (root == NULL) fail_msg("%s in line %d of %s", error.text, error.line, text);
    ASSERT_FAILS(MLSD_E_BUFFER, "", mlsd_result_to_json(r, text, n, &n));
    free(text);
    return root;
}

static void test_result__json_reads_back(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    ASSERT_OK(fill(&mlsd__libc_allocator, &r));
    json_t *root = to_json(r);
    const json_t *numbers = json_object_get(root, "numbers");
    ASSERT_NEAR(json_real_value(json_object_get(numbers, "alpha")), 0.1, 0);
    assert_int_equal(json_object_size(numbers), 1);
    const json_t *board = json_object_get(json_object_get(root, "tables"), "board");
    assert_int_equal(json_array_size(board), 3);
    const json_t *first = json_array_get(board, 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "a \"quoted\"");
    const json_t *second = json_array_get(board, 1);
    assert_true(json_is_null(json_object_get(second, "name")));
    assert_true(json_is_null(json_object_get(second, "score")));
    const json_t *third = json_array_get(board, 2);
    assert_string_equal(json_string_value(json_object_get(third, "score")), "-inf");
    assert_true(json_integer_value(json_object_get(third, "n")) == 9007199254740993);
    const json_t *timings = json_object_get(root, "timings");
    ASSERT_NEAR(json_real_value(json_object_get(timings, "fit_seconds")), 1.5, 0);
    assert_int_equal(json_array_size(json_object_get(timings, "board")), 3);
    json_decref(root);
    mlsd_result_free(r);
}

static void test_result__saves_whole_files(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    ASSERT_OK(fill(&mlsd__libc_allocator, &r));
    char path[] = "/tmp/mlsd-result-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    ASSERT_OK(mlsd_result_save(r, path));
    json_t *root = json_load_file(path, 0, NULL);
    assert_non_null(root);
    json_decref(root);
    (void)unlink(path);
    ASSERT_FAILS(MLSD_E_IO, "/no/such/place", mlsd_result_save(r, "/no/such/place/result.json"));
    mlsd_result_free(r);
}

/* Where a text and a model share a name, each is found; a model that cannot be set is ended. */
static void test_result__models_have_names_of_their_own(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3}, y[] = {1, 3, 2};
    const mlsd_matrix X = {x, 3, 1, 1, 1, MLSD_F64, 0}, Y = {y, 3, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_REGRESSION, &data));
    ASSERT_OK(mlsd_spec_new(NULL, "dummy_regressor", &spec));
    ASSERT_OK(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    ASSERT_OK(mlsd__result_new(&mlsd__libc_allocator, "test", &r));
    ASSERT_OK(mlsd__result_set_str(r, "chosen", "constant", false));
    ASSERT_OK(mlsd__result_set_model(r, "chosen", model));
    const char *text = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "chosen", &text));
    assert_string_equal(text, "constant");
    assert_ptr_equal(mlsd_result_get_model(r, "chosen"), model);
    assert_null(mlsd_result_get_model(r, "other"));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
}

static void test_result__absorbs_another(void **state)
{
    (void)state;
    mlsd_result *from = NULL, *to = NULL;
    ASSERT_OK(fill(&mlsd__libc_allocator, &from));
    ASSERT_OK(mlsd__result_new(&mlsd__libc_allocator, "outer", &to));
    ASSERT_OK(mlsd__result_absorb(to, "inner.", from));
    mlsd_result_free(from);
    double number;
    const char *text;
    ASSERT_OK(mlsd_result_get_f64(to, "inner.alpha", &number));
    ASSERT_OK(mlsd_result_get_f64(to, "timings.inner.fit_seconds", &number));
    ASSERT_OK(mlsd_result_get_str(to, "inner.verdict", &text));
    assert_string_equal(text, "all is well");
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(to, "inner.board")), 3);
    assert_string_equal(mlsd_result_verdict(to), "");
    mlsd_result_free(to);
}

static mlsd_status everything(const mlsd__allocator *a)
{
    mlsd_result *r = NULL, *to = NULL;
    int64_t n;
    mlsd_status status = fill(a, &r);
    if (status == MLSD_OK) status = mlsd__result_new(a, "outer", &to);
    if (status == MLSD_OK) status = mlsd__result_absorb(to, "x.", r);
    if (status == MLSD_OK) status = mlsd_result_to_json(to, NULL, 0, &n);
    mlsd_result_free(to);
    mlsd_result_free(r);
    return status;
}

static void test_result__survives_every_failure_of_memory(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *context = failing_context(&f, 1);
        f.fail_at = f.calls + k;
        const mlsd_status status = everything(mlsd__context_allocator(context));
        if (status != MLSD_OK) assert_int_equal(status, MLSD_E_NOMEM);
        const bool refused = f.failed > 0;
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (!refused) {
            assert_int_equal(status, MLSD_OK);
            assert_true(k > 10);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_result__gives_back_what_was_set),
        cmocka_unit_test(test_result__names_the_nearest),
        cmocka_unit_test(test_result__json_reads_back),
        cmocka_unit_test(test_result__saves_whole_files),
        cmocka_unit_test(test_result__models_have_names_of_their_own),
        cmocka_unit_test(test_result__absorbs_another),
        cmocka_unit_test(test_result__survives_every_failure_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
