/* test_model_file.c - what is saved comes back bit for bit, and damaged files end in a status. */
#include <unistd.h>

#include "base/file.h"
#include "table_data.h"

static const char STEPS[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"i\",\"kind\":\"impute\",\"add_indicator\":true,"
    "\"category_strategy\":\"own_level\"},{\"name\":\"o\",\"kind\":\"one_hot\",\"max_categories\":"
    "3},"
    "{\"name\":\"s\",\"kind\":\"standardize\"},{\"name\":\"r\",\"kind\":\"%s\"}]}";

enum { N = 12 };

static mlsd_dataset *data_for(mlsd_task task)
{
    const double x[N] = {1, 2, NAN, 4, 5, 6, 7, 8, 9, 1, 2, 3};
    const double y[N] = {1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1};
    mlsd_table *t = new_table();
    put_numbers(t, "x", x, N);
    put_letters(t, "g", "abcd.abcabca");
    put_numbers(t, "y", y, N);
    return dataset_of_table(t, "y", NULL, task);
}

static mlsd_model *fit_kind(const char *kind, const mlsd_dataset *data)
{
    char json[512];
    (void)snprintf(json, sizeof json, STEPS, kind);
    return fit_json(NULL, json, data, NULL, NULL);
}

static void check_comes_back(const char *kind, mlsd_task task, mlsd_output what)
{
    mlsd_dataset *data = data_for(task);
    mlsd_model *model = fit_kind(kind, data), *copy = NULL;
    size_t size;
    unsigned char *bytes = bytes_of(model, &size);
    if (mlsd_model_from_bytes(NULL, bytes, size, &copy) != MLSD_OK)
        fail_msg("%s: %s", kind, mlsd_last_error());
    assert_same_model(model, copy);
    const int64_t width = mlsd_model_n_outputs(model, what);
    assert_true(width > 0 && width == mlsd_model_n_outputs(copy, what) && width <= 2);
    double a[2 * N], b[2 * N];
    assert_int_equal(mlsd_model_predict(NULL, model, data, what, a, N * width), MLSD_OK);
    assert_int_equal(mlsd_model_predict(NULL, copy, data, what, b, N * width), MLSD_OK);
    assert_memory_equal(a, b, (size_t)(N * width) * sizeof *a);
    assert_string_equal(mlsd_model_feature_name(copy, 1), "g");
    assert_int_equal(mlsd_model_task(copy), task);
    mlsd_model_free(copy);
    free(bytes);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_model_file__comes_back_bit_for_bit(void **state)
{
    (void)state;
    check_comes_back("ridge", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("ridge_cv", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("lasso", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("lasso_cv", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("elastic_net", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("elastic_net_cv", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("linear_regression", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("dummy_regressor", MLSD_TASK_REGRESSION, MLSD_OUTPUT_VALUE);
    check_comes_back("dummy_classifier", MLSD_TASK_BINARY, MLSD_OUTPUT_PROBA);
    check_comes_back("gaussian_nb", MLSD_TASK_BINARY, MLSD_OUTPUT_PROBA);
    check_comes_back("bernoulli_nb", MLSD_TASK_BINARY, MLSD_OUTPUT_PROBA);
}

static void test_model_file__on_disk(void **state)
{
    (void)state;
    char path[] = "/tmp/mlsd-model-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    mlsd_dataset *data = data_for(MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_kind("ridge", data), *copy = NULL;
    assert_int_equal(mlsd_model_save(model, path), MLSD_OK);
    assert_int_equal(mlsd_model_load(NULL, path, &copy), MLSD_OK);
    assert_same_model(model, copy);
    mlsd_model_free(copy);
    assert_int_equal(mlsd_model_save(model, "/tmp/no such folder/m"), MLSD_E_IO);
    assert_int_equal(mlsd_model_load(NULL, "/tmp/no such folder/m", &copy), MLSD_E_IO);
    assert_null(copy);
    size_t size;
    unsigned char small[8];
    assert_int_equal(mlsd_model_to_bytes(model, small, sizeof small, &size), MLSD_E_BUFFER);
    assert_true(size > sizeof small);
    assert_int_equal(mlsd_model_from_bytes(NULL, "kind: ridge", 11, &copy), MLSD_E_PARSE);
    assert_int_equal(mlsd_model_from_bytes(NULL, NULL, 0, &copy), MLSD_E_PARSE);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    (void)unlink(path);
}

/* Use what was read, whatever it is: it must not crash. */
static void use(mlsd_model *model, const mlsd_dataset *data)
{
    double out[64 * N];
    for (mlsd_output what = MLSD_OUTPUT_VALUE; what <= MLSD_OUTPUT_FEATURES; what++)
        (void)mlsd_model_predict(NULL, model, data, what, out, 64 * N);
    (void)mlsd_model_get_f64(model, "rank", out);
    mlsd_model_free(model);
}

static void test_model_file__every_byte_flipped_and_cut(void **state)
{
    (void)state;
    mlsd_dataset *data = data_for(MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_kind("linear_regression", data), *copy = NULL;
    size_t size;
    unsigned char *bytes = bytes_of(model, &size);
    for (size_t i = 0; i < size; i++) {
        const unsigned char kept = bytes[i];
        bytes[i] ^= (unsigned char)(1u << (i % 8));
        assert_int_not_equal(mlsd_model_from_bytes(NULL, bytes, size, &copy), MLSD_OK);
        assert_null(copy);
        bytes[i] = kept;
        unsigned char *cut = malloc(i + 1);
        memcpy(cut, bytes, i);
        assert_int_not_equal(mlsd_model_from_bytes(NULL, cut, i, &copy), MLSD_OK);
        free(cut);
    }
    free(bytes);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* The same behind a checksum that is right: damage that was made on purpose. */
static void test_model_file__damage_behind_a_right_checksum(void **state)
{
    (void)state;
    const mlsd__allocator *const a = &mlsd__libc_allocator;
    mlsd_dataset *data = data_for(MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_kind("linear_regression", data), *copy = NULL;
    size_t size, payload_size;
    unsigned char *bytes = bytes_of(model, &size);
    const unsigned char *payload;
    assert_int_equal(mlsd__container_unwrap(bytes, size, MLSD__FILE_MODEL, &payload, &payload_size),
                     MLSD_OK);
    static const unsigned char patterns[] = {0x01, 0x80, 0xff, 0x7f};
    for (size_t i = 0; i < payload_size; i++) {
        for (size_t k = 0; k < sizeof patterns; k++) {
            mlsd__writer inner, outer;
            mlsd__writer_init(&inner, a);
            mlsd__writer_init(&outer, a);
            mlsd__put_bytes(&inner, payload, payload_size);
            inner.data[i] ^= patterns[k];
            assert_int_equal(mlsd__container_wrap(&inner, MLSD__FILE_MODEL, &outer), MLSD_OK);
            copy = NULL;
            if (mlsd_model_from_bytes(NULL, outer.data, (size_t)outer.size, &copy) == MLSD_OK)
                use(copy, data);
            else
                assert_null(copy);
            mlsd__writer_free(&inner);
            mlsd__writer_free(&outer);
        }
    }
    free(bytes);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_file__comes_back_bit_for_bit),
        cmocka_unit_test(test_model_file__on_disk),
        cmocka_unit_test(test_model_file__every_byte_flipped_and_cut),
        cmocka_unit_test(test_model_file__damage_behind_a_right_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
