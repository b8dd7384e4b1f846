/* fuzz_driver.c - the fuzz targets as an ordinary test: samples are cut, flipped, spliced and
 * repeated by a fixed generator. The checksum of models, folds and policies is set right again
 * after most changes, so that what lies behind it is reached. MLSD_SWEEP draws more. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "fuzz_targets.h"
#include "mlsd/mlsd.h"
#include "unit.h"

enum { MAX_SIZE = 1 << 16, N_ROUNDS = 20000 };

static uint64_t generator = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t draw(uint64_t below)
{
    generator ^= generator << 13;
    generator ^= generator >> 7;
    generator ^= generator << 17;
    return generator % below;
}

static long long rounds(void)
{
    const char *sweep = getenv("MLSD_SWEEP");
    return N_ROUNDS * (sweep != NULL && atoll(sweep) > 1 ? atoll(sweep) : 1);
}

/* Change `bytes` a little; returns the new size. */
static size_t mutate(unsigned char *bytes, size_t size)
{
    for (uint64_t k = 1 + draw(4); k > 0 && size > 0; k--) {
        const size_t at = draw(size);
        switch (draw(6)) {
        case 0:
            bytes[at] ^= (unsigned char)(1u << draw(8));
            break;
        case 1:
            bytes[at] = (unsigned char)draw(256);
            break;
        case 2:
            bytes[at] = "\",\n\r.-+eE0\0\xff{}[]"[draw(17)];
            break;
        case 3:
            size = at;
            break;
        case 4: {
            const size_t n = draw(size - at) + 1;
            if (size + n > MAX_SIZE) break;
            memmove(bytes + at + n, bytes + at, size - at);
            size += n;
            break;
        }
        default: {
            const uint64_t wild = draw(2) ? UINT64_MAX >> draw(64) : draw(1 << 20);
            if (at + 8 <= size) memcpy(bytes + at, &wild, 8);
        }
        }
    }
    return size;
}

static void test_fuzz__csv(void **state)
{
    (void)state;
    static const char *const samples[] = {
        "a,b,c\n1,2.5,x\n3,,y\n-4e-3,1e400,\"q\"\"z\"\n",
        "\xef\xbb\xbf\"x,1\",y\r\nNA,inf\r\n\"two\nlines\",nan\r\n",
        "only\n1\n2\n3",
    };
    static unsigned char bytes[MAX_SIZE];
    for (long long i = 0; i < rounds(); i++) {
        const char *sample = samples[draw(3)];
        memcpy(bytes, sample, strlen(sample));
        const size_t size = mutate(bytes, strlen(sample));
        fuzz_csv(bytes, size);
    }
}

static void test_fuzz__spec(void **state)
{
    (void)state;
    static const char sample[] =
        "{\"kind\": \"pipeline\", \"steps\": [{\"kind\": \"impute\", \"strategy\": \"median\"}, "
        "{\"kind\": \"ridge_cv\", \"name\": \"m\", \"alphas\": [0.1, 1e3], \"fit_intercept\": "
        "true}]}";
    static unsigned char bytes[MAX_SIZE];
    for (long long i = 0; i < rounds(); i++) {
        memcpy(bytes, sample, sizeof sample - 1);
        const size_t size = mutate(bytes, sizeof sample - 1);
        fuzz_spec(bytes, size);
    }
}

/* Set the length and the checksum of the container right. */
static void seal(unsigned char *bytes, size_t size)
{
    const uint64_t payload = size - 32;
    memcpy(bytes + 16, &payload, 8);
    const uint64_t hash = XXH3_64bits(bytes, size - 8);
    memcpy(bytes + size - 8, &hash, 8);
}

/* A pipeline of standardize and a step described as JSON; forecasters, which read no features,
 * stand alone. */
static size_t sample_model(const char *json, mlsd_task task, unsigned char *bytes)
{
    const double x[] = {0, 1, 1, 0, 2, 1, 3, 5, 4, 2, 7, 1}, y[] = {0, 1, 0, 1, 1, 0};
    const mlsd_matrix X = {x, 6, 2, 2, 1, MLSD_F64, 0}, Y = {y, 6, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_spec *pipeline = NULL, *step = NULL;
    mlsd_model *model = NULL;
    size_t size = 0;
    const int forecasts = strstr(json, "forecaster") != NULL || strstr(json, "auto_reg") != NULL ||
                          strstr(json, "exponential_smoothing") != NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, task, &data));
    ASSERT_OK(mlsd_spec_new(NULL, "pipeline", &pipeline));
    ASSERT_OK(mlsd_spec_new(NULL, "standardize", &step));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", NULL, step));
    mlsd_spec_free(step);
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &step));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", NULL, step));
    ASSERT_OK(mlsd_model_fit(NULL, forecasts ? step : pipeline, data, NULL, NULL, &model));
    ASSERT_OK(mlsd_model_to_bytes(model, bytes, MAX_SIZE, &size));
    mlsd_model_free(model);
    mlsd_spec_free(step);
    mlsd_spec_free(pipeline);
    mlsd_dataset_free(data);
    return size;
}

static void test_fuzz__model(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        mlsd_task task;
    } steps[] = {
        {"{\"kind\":\"ridge\"}", MLSD_TASK_REGRESSION},
        {"{\"kind\":\"logistic_regression\"}", MLSD_TASK_BINARY},
        {"{\"kind\":\"poisson_regressor\"}", MLSD_TASK_REGRESSION},
        {"{\"kind\":\"naive_forecaster\",\"sp\":2}", MLSD_TASK_REGRESSION},
        {"{\"kind\":\"exponential_smoothing\",\"trend\":\"add\"}", MLSD_TASK_REGRESSION},
        {"{\"kind\":\"auto_reg\"}", MLSD_TASK_REGRESSION},
        {"{\"kind\":\"pca\"}", MLSD_TASK_REGRESSION},
        {"{\"kind\":\"linear_discriminant_analysis\"}", MLSD_TASK_BINARY},
        {"{\"kind\":\"quadratic_discriminant_analysis\",\"reg_param\":0.5}", MLSD_TASK_BINARY},
        {"{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"pca\",\"n_components\":1},{\"kind\":"
         "\"isotonic_regression\"}]}",
         MLSD_TASK_REGRESSION},
        {"{\"kind\":\"calibrated_classifier\",\"method\":\"isotonic\",\"n_splits\":2,"
         "\"estimator\":{\"kind\":\"gaussian_nb\"}}",
         MLSD_TASK_BINARY},
        {"{\"kind\":\"bagging_classifier\",\"n_estimators\":2,\"oob_score\":true,\"estimator\":"
         "{\"kind\":\"gaussian_nb\"}}",
         MLSD_TASK_BINARY},
        {"{\"kind\":\"exponentiated_gradient\",\"sensitive_features\":[\"x0\"],\"max_iter\":2,"
         "\"estimator\":{\"kind\":\"gaussian_nb\"}}",
         MLSD_TASK_BINARY},
        {"{\"kind\":\"snapshot_ensemble_classifier\",\"n_snapshots\":2,\"estimator\":{\"kind\":"
         "\"mlp_classifier\",\"hidden_layer_sizes\":[2],\"max_iter\":2}}",
         MLSD_TASK_BINARY},
        {"{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"gaussian_nb\"},\"augment\":[{\"kind\":"
         "\"jitter\"}]}",
         MLSD_TASK_BINARY},
    };
    enum { N_STEPS = sizeof steps / sizeof *steps };
    static unsigned char samples[N_STEPS][MAX_SIZE], bytes[MAX_SIZE];
    size_t sizes[N_STEPS];
    for (int k = 0; k < N_STEPS; k++)
        sizes[k] = sample_model(steps[k].json, steps[k].task, samples[k]);
    for (long long i = 0; i < rounds(); i++) {
        const uint64_t k = draw(N_STEPS);
        memcpy(bytes, samples[k], sizes[k]);
        size_t size = mutate(bytes, sizes[k]);
        if (size > 32 && draw(8) != 0) seal(bytes, size);
        fuzz_model(bytes, size);
    }
}

static size_t sample_folds(const char *kind, unsigned char *bytes)
{
    const double groups[] = {1, 1, 2, 3, 3, 2, 4, 4};
    const mlsd_matrix g = {groups, 8, 1, 1, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    size_t size = 0;
    ASSERT_OK(mlsd_spec_new(NULL, kind, &spec));
    ASSERT_OK(mlsd_folds_split(NULL, spec, 8, NULL, &g, &folds));
    ASSERT_OK(mlsd_folds_to_bytes(folds, bytes, MAX_SIZE, &size));
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return size;
}

/* Folds of every form, as bytes and as text. */
static void test_fuzz__folds(void **state)
{
    (void)state;
    static const char *const kinds[] = {"kfold", "time_series_split", "holdout", "leave_p_out",
                                        "leave_one_group_out"};
    static const char *const texts[] = {
        "mlsd folds 1\nrows 9\nsplit\ntrain rest\ntest 0-3\nsplit\ntrain rest\ntest 4 6 5\n",
        "mlsd folds 1\nrows 5\nparts 3\nsplit\ntrain 0 0 1\nvalidation 2\ntest 3-4\n",
        "row,fold\n0,1\n1,2\n2,1\n3,-1\n",
        "split,row,part\n0,0,train\n0,1,test\n1,1,train\n1,0,test\n",
    };
    enum { N_KINDS = sizeof kinds / sizeof *kinds, N_TEXTS = sizeof texts / sizeof *texts };
    static unsigned char samples[N_KINDS][MAX_SIZE], bytes[MAX_SIZE];
    size_t sizes[N_KINDS];
    for (int k = 0; k < N_KINDS; k++) sizes[k] = sample_folds(kinds[k], samples[k]);
    for (long long i = 0; i < rounds(); i++) {
        const uint64_t k = draw(N_KINDS + N_TEXTS);
        const int is_text = k >= N_KINDS;
        const char *text = is_text ? texts[k - N_KINDS] : "";
        size_t size = is_text ? strlen(text) : sizes[k];
        memcpy(bytes, is_text ? (const void *)text : samples[k], size);
        size = mutate(bytes, size);
        if (!is_text && size > 32 && draw(8) != 0) seal(bytes, size);
        fuzz_folds(bytes, size);
    }
}

static const char suite_sample[] =
    "{\"name\": \"s\", \"cases\": \"c.csv\", \"label\": \"y\", \"level\": 0.9, \"sets\": [\n"
    "{\"role\": \"regression\", \"rate\": 0.9, \"low\": \"l\", \"where\": {\"g\": [\"a\", "
    "null]}},\n"
    "{\"role\": \"uniformity\", \"by\": [\"g\"], \"metric\": \"accuracy\", \"margin\": 0.1},\n"
    "{\"role\": \"goal\", \"metric\": \"log_loss\", \"id\": \"l\", \"goal\": 1e-1},\n"
    "{\"role\": \"edge\", \"change\": {\"l\": {\"times\": 2}, \"g\": {\"swap\": [\"a\", \"b\"]}}, "
    "\"expect\": \"not lower\", \"tolerance\": 0.1},\n"
    "{\"role\": \"edge\", \"change\": {\"l\": [1, 2, null]}, \"high\": 3}]}";

static void test_fuzz__suite(void **state)
{
    (void)state;
    static unsigned char bytes[MAX_SIZE];
    char directory[] = "/tmp/mlsd-fuzz-XXXXXX", path[64], cases[64];
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/suite.json", directory);
    snprintf(cases, sizeof cases, "%s/c.csv", directory);
    FILE *const file = fopen(cases, "w");
    assert_non_null(file);
    fputs("y,g,l\nyes,a,1\nno,b,2\nyes,,3\n", file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(setenv("MLSD_FUZZ_SUITE", path, 1), 0);
    mlsd_suite *suite = NULL;
    ASSERT_OK(mlsd_suite_parse(NULL, suite_sample, sizeof suite_sample - 1, path, &suite));
    mlsd_suite_free(suite);
    /* Each reads the cases: a tenth of the others' rounds. */
    for (long long i = 0; i < rounds() / 10; i++) {
        memcpy(bytes, suite_sample, sizeof suite_sample - 1);
        const size_t size = mutate(bytes, sizeof suite_sample - 1);
        fuzz_suite(bytes, size);
    }
    (void)remove(cases);
    (void)rmdir(directory);
}

/* Groups of texts, of numbers in bins, and of both; missing ones among them; one that needs coins.
 */
static size_t sample_policy(const char *json, unsigned char *bytes)
{
    static const char *const texts[] = {"a", "b", "a", NULL, "b", "a", "b", NULL};
    static const char *const ids[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    static const double numbers[] = {1, 2, 3, 4, 5, NAN, 7, 8}, y[] = {0, 1, 0, 1, 1, 0, 0, 1};
    static const double scores[] = {1, 2, 3, 1, 2, 3, 1, 2};
    const mlsd_matrix Y = {y, 8, 1, 1, 1, MLSD_F64, 0}, S = {scores, 8, 1, 1, 1, MLSD_F64, 0};
    mlsd_table *table = NULL;
    mlsd_spec *spec = NULL;
    mlsd_policy *policy = NULL;
    size_t size = 0;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_str(table, "g", texts, 8));
    ASSERT_OK(mlsd_table_set_f64(table, "x", numbers, 8));
    ASSERT_OK(mlsd_table_set_str(table, "id", ids, 8));
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_policy_fit(NULL, spec, table, &Y, &S, NULL, &policy));
    ASSERT_OK(mlsd_policy_to_bytes(policy, bytes, MAX_SIZE, &size));
    mlsd_policy_free(policy);
    mlsd_spec_free(spec);
    mlsd_table_free(table);
    return size;
}

static void test_fuzz__policy(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "{\"kind\": \"group_thresholds\", \"by\": [\"g\"], \"id\": \"id\"}",
        "{\"kind\": \"group_thresholds\", \"by\": [\"x\"], \"max_values\": 2, \"group_bins\": 2}",
        "{\"kind\": \"group_thresholds\", \"by\": [\"g\", \"x\"], \"constraint\": \"none\"}",
    };
    enum { N_SPECS = sizeof specs / sizeof *specs };
    static unsigned char samples[N_SPECS][MAX_SIZE], bytes[MAX_SIZE];
    size_t sizes[N_SPECS];
    for (int k = 0; k < N_SPECS; k++) sizes[k] = sample_policy(specs[k], samples[k]);
    for (long long i = 0; i < rounds(); i++) {
        const uint64_t k = draw(N_SPECS);
        memcpy(bytes, samples[k], sizes[k]);
        size_t size = mutate(bytes, sizes[k]);
        if (size > 32 && draw(8) != 0) seal(bytes, size);
        fuzz_policy(bytes, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fuzz__csv),   cmocka_unit_test(test_fuzz__spec),
        cmocka_unit_test(test_fuzz__model), cmocka_unit_test(test_fuzz__folds),
        cmocka_unit_test(test_fuzz__suite), cmocka_unit_test(test_fuzz__policy),
    };
    return cmocka_run_group_tests_name("fuzz", tests, NULL, NULL);
}
