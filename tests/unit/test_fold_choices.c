/* test_fold_choices.c - which columns the folds choose, as cross-validation and searches tell it,
 * and that choosing inside the folds does not leak. Witness: the selections fitted on each training
 * part by hand; Kuncheva's index (2007), which the stability equals where as many columns are
 * chosen every time; chance. */
#include <unistd.h>

#include "transform_checks.h"
#include "table_data.h"
#include "unit.h"

enum { N = 60, P = 12, K = 5 };

#define PIPELINE(select, last) \
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"}," select "," last "]}"
#define THREE "{\"name\":\"pick\",\"kind\":\"univariate_select\",\"k\":3}"

static mlsd_dataset *make_data(double *x, double *y)
{
    uint32_t seed = 17;
    for (int i = 0; i < N; i++) {
        y[i] = 0;
        for (int j = 0; j < P; j++) x[i * P + j] = next_uniform(&seed);
        for (int j = 0; j < 5; j++) y[i] += x[i * P + 2 * j] / (j + 1);
        y[i] += 1.5 * next_uniform(&seed);
    }
    return dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, N, P);
}

static mlsd_folds *kfold(const mlsd_dataset *data)
{
    mlsd_spec *spec = spec_from("{\"kind\":\"kfold\"}");
    mlsd_folds *folds = NULL;
    assert_int_equal(mlsd_folds_split_dataset(NULL, spec, data, &folds), MLSD_OK);
    mlsd_spec_free(spec);
    return folds;
}

static mlsd_result *validate(const mlsd_context *context, const char *json,
                             const mlsd_dataset *data)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_folds *folds = kfold(data);
    mlsd_result *result = NULL;
    if (mlsd_cross_validate(context, spec, data, folds, NULL, 0, &result) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    return result;
}

/* The columns that each training part chooses: chosen[k * P + j]. */
static void choose_by_hand(const double *x, const double *y, int *chosen)
{
    for (int k = 0; k < K; k++) {
        double few_x[N * P], few_y[N], support[P];
        int n = 0;
        for (int i = 0; i < N; i++) {
            if (i / (N / K) == k) continue;
            memcpy(few_x + n * P, x + i * P, P * sizeof *x);
            few_y[n++] = y[i];
        }
        mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, few_x, few_y, NULL, n, P);
        mlsd_model *model =
            fit_json(NULL, "{\"kind\":\"univariate_select\",\"k\":3}", data, NULL, NULL);
        array_of(model, "support", support, P);
        for (int j = 0; j < P; j++) chosen[k * P + j] = support[j] != 0;
        mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
}

static double kuncheva(const int *chosen, double size)
{
    double sum = 0;
    for (int a = 0; a < K; a++) {
        for (int b = 0; b < a; b++) {
            double both = 0;
            for (int j = 0; j < P; j++) both += chosen[a * P + j] && chosen[b * P + j];
            sum += (both - size * size / P) / (size - size * size / P);
        }
    }
    return sum / (K * (K - 1) / 2);
}

static void check_table(const mlsd_result *result, const int *chosen)
{
    const mlsd_table *table = mlsd_result_get_table(result, "selection");
    assert_non_null(table);
    assert_int_equal(mlsd_table_n_rows(table), P);
    int64_t counts[P];
    double shares[P], stability = NAN;
    int64_t n_selected = 0, share = 0, feature = 0, step = 0;
    assert_int_equal(mlsd_table_find(table, "n_selected", &n_selected), MLSD_OK);
    assert_int_equal(mlsd_table_find(table, "share", &share), MLSD_OK);
    assert_int_equal(mlsd_table_find(table, "feature", &feature), MLSD_OK);
    assert_int_equal(mlsd_table_find(table, "step", &step), MLSD_OK);
    assert_int_equal(mlsd_table_get_i64(table, n_selected, 0, P, counts), MLSD_OK);
    assert_int_equal(mlsd_table_get_f64(table, share, 0, P, shares), MLSD_OK);
    for (int j = 0; j < P; j++) {
        char name[8];
        int want = 0;
        for (int k = 0; k < K; k++) want += chosen[k * P + j];
        (void)snprintf(name, sizeof name, "x%d", j);
        assert_int_equal(counts[j], want);
        ASSERT_NEAR(shares[j], want / (double)K, 1e-15);
        assert_string_equal(mlsd_table_get_str(table, feature, j), name);
        assert_string_equal(mlsd_table_get_str(table, step, j), "pick");
    }
    assert_int_equal(mlsd_result_get_f64(result, "selection.stability", &stability), MLSD_OK);
    ASSERT_NEAR(stability, kuncheva(chosen, 3), 1e-12);
}

static void test_fold_choices__table(void **state)
{
    (void)state;
    static double x[N * P], y[N];
    int chosen[K * P];
    mlsd_dataset *data = make_data(x, y);
    choose_by_hand(x, y, chosen);
    mlsd_result *result = validate(NULL, PIPELINE(THREE, "{\"kind\":\"ridge\"}"), data);
    check_table(result, chosen);
    double stability = NAN;
    assert_int_equal(mlsd_result_get_f64(result, "selection.stability", &stability), MLSD_OK);
    assert_true(stability > 0.1 && stability < 1); /* the folds differ, or nothing is shown */
    mlsd_result_free(result);
    /* Without a step that chooses nothing is told. */
    result = validate(NULL, "{\"kind\":\"ridge\"}", data);
    assert_null(mlsd_result_get_table(result, "selection"));
    mlsd_result_free(result);
    mlsd_dataset_free(data);
}

/* A search tells it of what it chose, and through any way of sharing work; so does the journal. */
static void test_fold_choices__search_and_journal(void **state)
{
    (void)state;
    static double x[N * P], y[N];
    int chosen[K * P];
    char path[64] = "/tmp/mlsd_choices_XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    assert_int_equal(unlink(path), 0);
    mlsd_dataset *data = make_data(x, y);
    choose_by_hand(x, y, chosen);
    mlsd_folds *folds = kfold(data);
    mlsd_spec *search = spec_from(
        "{\"kind\":\"grid_search\",\"space\":[\"ridge.alpha = 0.1, 1\"],\"estimator\":" PIPELINE(
            THREE, "{\"name\":\"ridge\",\"kind\":\"ridge\"}") "}");
    mlsd_result *result = NULL;
    if (mlsd_validate(NULL, search, data, folds, &result) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    check_table(result, chosen);
    mlsd_result_free(result);
    for (int run = 0; run < 2; run++) {
        mlsd_context *context = NULL;
        assert_int_equal(mlsd_context_new(&context), MLSD_OK);
        assert_int_equal(mlsd_context_set_str(context, "journal", path), MLSD_OK);
        result = validate(context, PIPELINE(THREE, "{\"kind\":\"ridge\"}"), data);
        check_table(result, chosen);
        mlsd_result_free(result);
        mlsd_context_free(context);
    }
    (void)unlink(path);
    mlsd_spec_free(search);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

/* Two steps that choose, one inside of on_columns: each is told. */
static void test_fold_choices__several(void **state)
{
    (void)state;
    static double x[N * P], y[N];
    mlsd_dataset *data = make_data(x, y);
    mlsd_result *result = validate(
        NULL,
        PIPELINE("{\"name\":\"first\",\"kind\":\"on_columns\",\"columns\":[\"x0\",\"x1\",\"x2\"],"
                 "\"remainder\":\"passthrough\",\"transform\":{\"kind\":\"univariate_select\","
                 "\"k\":1}},{\"name\":\"then\",\"kind\":\"variance_threshold\"}",
                 "{\"kind\":\"ridge\"}"),
        data);
    const mlsd_table *table = mlsd_result_get_table(result, "selection");
    assert_int_equal(mlsd_table_n_rows(table), 3 + P - 2);
    int64_t step = 0, n = 0;
    double stability = 0;
    assert_int_equal(mlsd_table_find(table, "step", &step), MLSD_OK);
    for (int64_t i = 0; i < mlsd_table_n_rows(table); i++)
        n += strcmp(mlsd_table_get_str(table, step, i), "first") == 0;
    assert_int_equal(n, 3);
    assert_int_equal(mlsd_result_get_f64(result, "selection.then.stability", &stability), MLSD_OK);
    /* All that it was given stay; those that it was not given in some fold were not chosen there.
     */
    assert_int_equal(mlsd_result_get_f64(result, "selection.first.stability", &stability), MLSD_OK);
    mlsd_result_free(result);
    mlsd_dataset_free(data);
}

/* Noise: 1,500 columns, of which those that fit the labels best predict the same rows, and no
 * others. */
static void test_fold_choices__no_leak(void **state)
{
    (void)state;
    enum { ROWS = 80, COLUMNS = 1500, KEPT = 10 };
    static const char *const metrics[] = {"accuracy"};
    double *const x = malloc(ROWS * COLUMNS * sizeof *x), *const few = malloc(ROWS * KEPT * 8);
    double y[ROWS], inside = NAN, outside = NAN;
    uint32_t seed = 99;
    assert_true(x != NULL && few != NULL);
    for (int i = 0; i < ROWS * COLUMNS; i++) x[i] = next_uniform(&seed);
    for (int i = 0; i < ROWS; i++) y[i] = (i * 7 / 3) % 2;
    mlsd_dataset *data = dataset_for(MLSD_TASK_BINARY, x, y, NULL, ROWS, COLUMNS);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"univariate_select\",\"k\":10}", data, NULL, NULL);
    double *const chosen = output_of(model, x, ROWS, MLSD_OUTPUT_FEATURES);
    memcpy(few, chosen, ROWS * KEPT * sizeof *few);
    mlsd_dataset *leaked = dataset_for(MLSD_TASK_BINARY, few, y, NULL, ROWS, KEPT);
    mlsd_folds *folds = kfold(data);
    for (int is_outside = 0; is_outside < 2; is_outside++) {
        mlsd_result *result = NULL;
        mlsd_spec *spec = spec_from(
            is_outside ? "{\"kind\":\"linear_discriminant_analysis\"}"
                       : "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"univariate_select\",\"k\":"
                         "10},{\"kind\":\"linear_discriminant_analysis\"}]}");
        assert_int_equal(
            mlsd_cross_validate(NULL, spec, is_outside ? leaked : data, folds, metrics, 1, &result),
            MLSD_OK);
        assert_int_equal(
            mlsd_result_get_f64(result, "accuracy.mean", is_outside ? &outside : &inside), MLSD_OK);
        mlsd_result_free(result);
        mlsd_spec_free(spec);
    }
    if (!(inside < 0.65 && inside > 0.35 && outside > 0.8))
        fail_msg("inside the folds %g, outside %g", inside, outside);
    free(x), free(few), free(chosen);
    mlsd_model_free(model);
    mlsd_folds_free(folds);
    mlsd_dataset_free(leaked);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_choices__table),
        cmocka_unit_test(test_fold_choices__search_and_journal),
        cmocka_unit_test(test_fold_choices__several),
        cmocka_unit_test(test_fold_choices__no_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
