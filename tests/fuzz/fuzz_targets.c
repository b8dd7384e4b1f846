/* fuzz_targets.c - what reads foreign bytes: CSV, JSON specs, model files, folds, suites, policies;
 * Arrow is not among them (its structs are trusted by contract). Each target takes any bytes and
 * must end with a status.
 *
 * Built with -fsanitize=fuzzer (clang) and -DTARGET=fuzz_csv, _spec, _model, _folds, _suite or
 * _policy it is a libFuzzer program; fuzz_driver.c runs all of them over changed samples as an
 * ordinary test. */
#include "fuzz_targets.h"

#include <stdlib.h>
#include <string.h>

#include "mlsd/mlsd.h"

/* Read what came out, so that a wrong size or pointer is touched. */
static void use_table(const mlsd_table *table)
{
    double values[16];
    const int64_t n_rows = mlsd_table_n_rows(table);
    for (int64_t c = 0; c < mlsd_table_n_columns(table); c++) {
        (void)mlsd_table_get_f64(table, c, 0, n_rows < 16 ? n_rows : 16, values);
        for (int64_t i = 0; i < mlsd_table_level_count(table, c); i++)
            if (strlen(mlsd_table_level_at(table, c, i)) > (size_t)1 << 40) abort();
    }
}

void fuzz_csv(const unsigned char *bytes, size_t size)
{
    mlsd_table *table = NULL, *described = NULL;
    if (mlsd_table_parse_csv(NULL, (const char *)bytes, size, NULL, &table) == MLSD_OK) {
        use_table(table);
        if (mlsd_table_describe(NULL, table, &described) == MLSD_OK) use_table(described);
    } else if (*mlsd_last_error() == '\0') {
        abort();
    }
    mlsd_table_free(described);
    mlsd_table_free(table);
}

void fuzz_spec(const unsigned char *bytes, size_t size)
{
    char *text = malloc(size + 1), json[4096];
    mlsd_spec *spec = NULL;
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (mlsd_spec_from_json(NULL, text, &spec) == MLSD_OK)
        (void)mlsd_spec_to_json(spec, 1, json, sizeof json, NULL);
    else if (*mlsd_last_error() == '\0')
        abort();
    mlsd_spec_free(spec);
    free(text);
}

void fuzz_model(const unsigned char *bytes, size_t size)
{
    mlsd_model *model = NULL;
    if (mlsd_model_from_bytes(NULL, bytes, size, &model) == MLSD_OK) {
        double x[64] = {0}, out[64];
        const int64_t p = mlsd_model_n_features(model);
        const mlsd_matrix X = {x, 1, p, p, 1, MLSD_F64, 0};
        if (p <= 64) (void)mlsd_model_predict_matrix(NULL, model, &X, MLSD_OUTPUT_VALUE, out, 64);
    } else if (*mlsd_last_error() == '\0') {
        abort();
    }
    mlsd_model_free(model);
}

/* A few bytes may speak of more rows than there is memory for: so much is refused. */
enum { LARGEST_BLOCK = 1 << 22 };

static void *take(size_t size, void *user)
{
    (void)user;
    return size > LARGEST_BLOCK ? NULL : malloc(size);
}

static void *resize(void *pointer, size_t old_size, size_t size, void *user)
{
    (void)old_size;
    (void)user;
    return size > LARGEST_BLOCK ? NULL : realloc(pointer, size);
}

static void give(void *pointer, size_t size, void *user)
{
    (void)size;
    (void)user;
    free(pointer);
}

/* Read every row of the first splits. */
static void use_folds(const mlsd_folds *folds)
{
    static int64_t rows[4096];
    const int64_t n_splits = mlsd_folds_n_splits(folds), n_parts = mlsd_folds_n_parts(folds);
    for (int64_t k = 0; k < n_splits && k < 16; k++) {
        for (int64_t p = 0; p < n_parts && p < 16; p++) {
            const int64_t n = mlsd_folds_part_size(folds, k, p);
            if (mlsd_folds_part(folds, k, p, rows, 4096) != MLSD_OK) continue;
            for (int64_t i = 0; i < n; i++)
                if (rows[i] < 0 || rows[i] >= mlsd_folds_n_rows(folds)) abort();
        }
    }
}

void fuzz_folds(const unsigned char *bytes, size_t size)
{
    mlsd_context *context = NULL;
    mlsd_folds *folds = NULL;
    if (mlsd_context_new_with_allocator(take, resize, give, NULL, &context) != MLSD_OK) abort();
    (void)mlsd_context_set_i64(context, "n_threads", 1);
    if (mlsd_folds_from_bytes(context, bytes, size, &folds) == MLSD_OK)
        use_folds(folds);
    else if (*mlsd_last_error() == '\0')
        abort();
    mlsd_folds_free(folds);
    mlsd_context_free(context);
}

/* The cases stand in a file that is always there, so that what lies behind it is reached. */
void fuzz_suite(const unsigned char *bytes, size_t size)
{
    const char *const path = getenv("MLSD_FUZZ_SUITE");
    mlsd_suite *suite = NULL;
    if (mlsd_suite_parse(NULL, (const char *)bytes, size, path != NULL ? path : "suite.json",
                         &suite) == MLSD_OK) {
        for (int64_t i = 0; i < mlsd_suite_count(suite); i++) {
            if (strlen(mlsd_suite_set_name(suite, i)) == 0) abort();
            if (mlsd_suite_set_line(suite, i) < 1) abort();
        }
    } else if (*mlsd_last_error() == '\0') {
        abort();
    }
    mlsd_suite_free(suite);
}

/* What is read decides rows of columns that it may or may not name, by coins where it needs them.
 */
void fuzz_policy(const unsigned char *bytes, size_t size)
{
    static const char *const texts[] = {"a", "b", NULL, "c"};
    static const double numbers[] = {1, 2.5, -1e300, 4}, scores[] = {-1, 0, 0.5, 9};
    const mlsd_matrix score = {scores, 4, 1, 1, 1, MLSD_F64, 0};
    mlsd_policy *policy = NULL;
    if (mlsd_policy_from_bytes(NULL, bytes, size, &policy) == MLSD_OK) {
        mlsd_table *table = NULL;
        mlsd_result *told = NULL;
        double out[4];
        if (mlsd_table_new(NULL, &table) != MLSD_OK) abort();
        if (mlsd_table_set_str(table, "g", texts, 4) != MLSD_OK) abort();
        if (mlsd_table_set_f64(table, "x", numbers, 4) != MLSD_OK) abort();
        if (mlsd_table_set_str(table, "id", texts, 4) != MLSD_OK) abort();
        if (mlsd_policy_predict(policy, table, &score, out, 4) == MLSD_OK)
            for (int i = 0; i < 4; i++)
                if (out[i] != 0 && out[i] != 1) abort();
        (void)mlsd_policy_chance(policy, table, &score, out, 4);
        if (mlsd_policy_describe(policy, &told) != MLSD_OK) abort();
        mlsd_result_free(told);
        mlsd_table_free(table);
    } else if (*mlsd_last_error() == '\0') {
        abort();
    }
    mlsd_policy_free(policy);
}

#ifdef TARGET
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    TARGET(bytes, size);
    return 0;
}
#endif
