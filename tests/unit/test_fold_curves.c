/* test_fold_curves.c - the losses of each fold's training as cross-validation tells them. Witness:
 * fits by hand on each training part with a curve that looks at the test part; scores without
 * curves; means and the number of steps by brute force. */
#include <unistd.h>

#include "journal_checks.h"
#include "transform_checks.h"

enum { N = 90, P = 4, K = 3 };

static double x[N * P], y[N], classes[N];

static void fill_data(void)
{
    uint32_t seed = 5;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) x[i * P + j] = next_uniform(&seed);
        y[i] = 3 * x[i * P] - x[i * P + 1] + next_uniform(&seed);
        classes[i] = y[i] > 0;
    }
}

#define KFOLD "\"splitter\":{\"kind\":\"kfold\",\"n_splits\":3}"
#define SGD "{\"kind\":\"sgd_regressor\",\"max_iter\":12,\"seed\":3}"
#define PIPE "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"}," SGD "]}"
#define MLP                                                                                        \
    "{\"kind\":\"mlp_regressor\",\"hidden_layer_sizes\":[6],\"max_iter\":15,\"n_iter_no_change\":" \
    "3,"                                                                                           \
    "\"early_stopping\":true}"
#define NOISY "{\"kind\":\"augmented\",\"estimator\":" SGD ",\"augment\":[{\"kind\":\"jitter\"}]}"
#define PASSIVE "{\"kind\":\"passive_aggressive_regressor\",\"max_iter\":10}"
#define MACHINE "{\"kind\":\"factorization_machine_regressor\",\"max_iter\":6}"
#define NET                                                                                       \
    "{\"kind\":\"mlp_classifier\",\"hidden_layer_sizes\":[5],\"max_iter\":9,\"batch_norm\":true," \
    "\"dropout\":0.2}"
#define SEARCH "{\"kind\":\"grid_search\",\"estimator\":" SGD ",\"space\":[\"alpha = 0.001, 0.1\"]}"

/* A cross-validation of one model, with curves or without; more stands behind it. */
static mlsd_result *run(const mlsd_context *context, const char *models, const char *more,
                        bool has_curves, const mlsd_dataset *data)
{
    char json[1500];
    mlsd_result *r = NULL;
    snprintf(json, sizeof json,
             "{\"kind\":\"cross_validate\",\"return_curves\":%s,\"estimators\":[%s],%s}",
             has_curves ? "true" : "false", models, more);
    if (validate(context, json, data, NULL, &r) != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return r;
}

static void assert_same_table(const mlsd_result *a, const mlsd_result *b, const char *name,
                              const char *but)
{
    const mlsd_table *const s = table_of(a, name), *const t = table_of(b, name);
    assert_int_equal(mlsd_table_n_rows(s), mlsd_table_n_rows(t));
    assert_int_equal(mlsd_table_n_columns(s), mlsd_table_n_columns(t));
    for (int64_t c = 0; c < mlsd_table_n_columns(s); c++) {
        if (but != NULL && strcmp(mlsd_table_name(s, c), but) == 0) continue;
        for (int64_t i = 0; i < mlsd_table_n_rows(s); i++) {
            double u = 0, v = 0;
            if (mlsd_table_type(s, c) == MLSD_COLUMN_CATEGORY) {
                const char *const p = mlsd_table_get_str(s, c, i), *const q =
                                                                       mlsd_table_get_str(t, c, i);
                assert_string_equal(p != NULL ? p : "", q != NULL ? q : "");
                continue;
            }
            ASSERT_OK(mlsd_table_get_f64(s, c, i, 1, &u));
            ASSERT_OK(mlsd_table_get_f64(t, c, i, 1, &v));
            if (memcmp(&u, &v, sizeof u) != 0)
                fail_msg("%s, %s, row %lld: %.17g and %.17g", name, mlsd_table_name(s, c),
                         (long long)i, u, v);
        }
    }
}

static const struct model {
    const char *json;
    bool classifies;
} models[] = {{SGD, false},     {PIPE, false},    {MLP, false}, {NOISY, false},
              {PASSIVE, false}, {MACHINE, false}, {NET, true},  {SEARCH, false}};

static mlsd_dataset *data_of(bool classifies)
{
    return dataset_for(classifies ? MLSD_TASK_BINARY : MLSD_TASK_REGRESSION, x,
                       classifies ? classes : y, NULL, N, P);
}

/* Looking at test rows changes no score, prediction or interval, to the bit. */
static void test_fold_curves__change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        mlsd_dataset *data = data_of(models[i].classifies);
        mlsd_result *with = run(NULL, models[i].json, KFOLD, true, data);
        mlsd_result *without = run(NULL, models[i].json, KFOLD, false, data);
        assert_same_table(with, without, "folds", NULL);
        assert_same_table(with, without, "predictions", NULL);
        assert_same_table(with, without, "models", "plan");
        assert_true(n_rows_of(with, "curves") > 0);
        assert_null(mlsd_result_get_table(without, "curves"));
        mlsd_result_free(with);
        mlsd_result_free(without);
        mlsd_dataset_free(data);
    }
}

static void assert_same_bytes(const mlsd_model *a, const mlsd_model *b)
{
    size_t n = 0, m = 0;
    ASSERT_OK(mlsd_model_to_bytes(a, NULL, 0, &n));
    ASSERT_OK(mlsd_model_to_bytes(b, NULL, 0, &m));
    assert_int_equal(n, m);
    unsigned char *const p = malloc(n), *const q = malloc(n);
    ASSERT_OK(mlsd_model_to_bytes(a, p, n, &n));
    ASSERT_OK(mlsd_model_to_bytes(b, q, n, &n));
    assert_memory_equal(p, q, n);
    free(p), free(q);
}

/* Rows of fold k of an unshuffled 3-fold, or all others. */
static mlsd_dataset *part(const mlsd_dataset *data, int k, bool is_test)
{
    int64_t rows[N];
    mlsd_dataset *out = NULL;
    int n = 0;
    for (int i = 0; i < N; i++)
        if ((i / (N / K) == k) == is_test) rows[n++] = i;
    ASSERT_OK(mlsd_dataset_rows(data, rows, n, &out));
    return out;
}

/* A curve whose rule watches nothing. */
static mlsd_curve *idle_curve(void)
{
    mlsd_spec *rule = spec_from("{\"kind\":\"early_stopping\",\"monitor\":null}");
    mlsd_curve *curve = NULL;
    ASSERT_OK(mlsd_curve_new(NULL, rule, &curve));
    mlsd_spec_free(rule);
    return curve;
}

/* The curves are those of fits by hand, whose models have the bytes of fits without a curve. */
static void test_fold_curves__as_fits_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (strcmp(models[i].json, SEARCH) == 0) continue;
        mlsd_dataset *data = data_of(models[i].classifies);
        mlsd_result *r = run(NULL, models[i].json, KFOLD, true, data);
        int64_t row = 0;
        for (int k = 0; k < K; k++) {
            mlsd_dataset *train = part(data, k, false), *test = part(data, k, true);
            mlsd_curve *curve = idle_curve();
            ASSERT_OK(mlsd_curve_add_set(curve, "test", test));
            mlsd_model *watched = fit_json(NULL, models[i].json, train, NULL, curve);
            mlsd_model *plain = fit_json(NULL, models[i].json, train, NULL, NULL);
            assert_same_bytes(watched, plain);
            assert_true(mlsd_curve_series_count(curve) >= 2);
            for (int64_t s = 0; s < mlsd_curve_series_count(curve); s++) {
                for (int64_t j = 0; j < mlsd_curve_point_count(curve, s); j++, row++) {
                    double at, value;
                    ASSERT_OK(mlsd_curve_point(curve, s, j, &at, &value));
                    ASSERT_NEAR(cell(r, "curves", "fold", row), k, 0);
                    ASSERT_NEAR(cell(r, "curves", "step", row), at, 0);
                    ASSERT_NEAR(cell(r, "curves", "value", row), value, 0);
                    assert_string_equal(cell_text(r, "curves", "set", row),
                                        mlsd_curve_series_set(curve, s));
                }
            }
            mlsd_model_free(plain);
            mlsd_model_free(watched);
            mlsd_curve_free(curve);
            mlsd_dataset_free(test);
            mlsd_dataset_free(train);
        }
        assert_int_equal(row, n_rows_of(r, "curves"));
        mlsd_result_free(r);
        mlsd_dataset_free(data);
    }
}

/* Means, and how many steps to train for, from the rows of table "curves". Folds of sgd without
 * progress to wait for are of one length. */
static void test_fold_curves__means_and_steps(void **state)
{
    (void)state;
    enum { STEPS = 12 };
    mlsd_dataset *data = data_of(false);
    mlsd_result *r = run(NULL,
                         "{\"kind\":\"sgd_regressor\",\"max_iter\":12,\"n_iter_no_change\":100,"
                         "\"learning_rate\":\"constant\",\"eta0\":0.2,\"seed\":3}",
                         KFOLD, true, data);
    double mean[STEPS] = {0}, least[K] = {INFINITY, INFINITY, INFINITY}, at[K], loss[K][STEPS];
    for (int64_t i = 0; i < n_rows_of(r, "curves"); i++) {
        if (strcmp(cell_text(r, "curves", "set", i), "test") != 0) continue;
        const int step = (int)cell(r, "curves", "step", i), k = (int)cell(r, "curves", "fold", i);
        const double value = cell(r, "curves", "value", i);
        loss[k][step] = value;
        mean[step] += value / K;
        if (value < least[k]) least[k] = value, at[k] = step + 1;
    }
    int best = 0, seen = 0;
    for (int s = 1; s < STEPS; s++) best = mean[s] < mean[best] ? s : best;
    for (int64_t i = 0; i < n_rows_of(r, "curve_means"); i++) {
        if (strcmp(cell_text(r, "curve_means", "set", i), "test") != 0) continue;
        const int s = (int)cell(r, "curve_means", "step", i);
        double squares = 0;
        for (int k = 0; k < K; k++) squares += pow(loss[k][s] - mean[s], 2);
        const double se = sqrt(squares / (K - 1) / K);
        ASSERT_NEAR(cell(r, "curve_means", "mean", i), mean[s], 1e-14);
        ASSERT_NEAR(cell(r, "curve_means", "se", i), se, 1e-14);
        /* t of 2 degrees of freedom at 0.975 (any table of it) */
        ASSERT_NEAR(cell(r, "curve_means", "upper", i), mean[s] + 4.302652729749464 * se, 1e-12);
        ASSERT_NEAR(cell(r, "curve_means", "n", i), K, 0);
        seen++;
    }
    assert_int_equal(seen, STEPS);
    double squares = 0;
    for (int k = 0; k < K; k++) squares += pow(loss[k][best] - mean[best], 2);
    int one_se = 0;
    while (mean[one_se] > mean[best] + sqrt(squares / (K - 1) / K)) one_se++;
    const double low = fmin(fmin(at[0], at[1]), at[2]), high = fmax(fmax(at[0], at[1]), at[2]);
    const double median = at[0] + at[1] + at[2] - low - high;
    ASSERT_NEAR(cell(r, "refit_steps", "n_folds", 0), K, 0);
    ASSERT_NEAR(cell(r, "refit_steps", "best", 0), best + 1, 0);
    ASSERT_NEAR(cell(r, "refit_steps", "one_se", 0), one_se + 1, 0);
    ASSERT_NEAR(cell(r, "refit_steps", "refit", 0), floor(median * N / (N - N / K) + 0.5), 0);
    ASSERT_NEAR(cell(r, "refit_steps", "loss", 0), mean[best], 1e-14);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* Models without epochs have no rows, and are named; repeats are told; threads change nothing. */
static void test_fold_curves__several_models(void **state)
{
    (void)state;
    static const char several[] =
        "{\"kind\":\"cross_validate\",\"return_curves\":true,\"estimators\":[{\"name\":\"plain\","
        "\"kind\":\"ridge\"},{\"name\":\"steps\",\"kind\":\"sgd_regressor\",\"max_iter\":5}],"
        "\"splitter\":{\"kind\":\"repeated_kfold\",\"n_splits\":3,\"n_repeats\":2}}";
    const char *missing = NULL;
    bool has_seen[6] = {false};
    mlsd_dataset *data = data_of(false);
    mlsd_result *r = NULL;
    ASSERT_OK(validate(NULL, several, data, NULL, &r));
    ASSERT_OK(mlsd_result_get_str(r, "curves.missing", &missing));
    assert_non_null(strstr(missing, "'plain': not trained by epochs"));
    for (int64_t i = 0; i < n_rows_of(r, "curves"); i++) {
        const int fold = (int)cell(r, "curves", "fold", i);
        assert_string_equal(cell_text(r, "curves", "model", i), "steps");
        ASSERT_NEAR(cell(r, "curves", "repeat", i), fold / 3, 0);
        has_seen[fold] = true;
    }
    for (int k = 0; k < 6; k++) assert_true(has_seen[k]);
    assert_int_equal(n_rows_of(r, "refit_steps"), 1);
    char *const text = json_without_timings(r);
    mlsd_result_free(r);
    for (int64_t n_threads = 1; n_threads <= 7; n_threads += 3) {
        mlsd_context *context = context_with_threads(n_threads);
        ASSERT_OK(validate(context, several, data, NULL, &r));
        char *const other = json_without_timings(r);
        assert_string_equal(text, other);
        free(other);
        mlsd_result_free(r);
        mlsd_context_free(context);
    }
    free(text);
    mlsd_dataset_free(data);
}

/* What a journal holds of such fits has no curve: they are run again, and others are not. */
static void test_fold_curves__journal(void **state)
{
    (void)state;
    static const char two[] = "{\"name\":\"a\",\"kind\":\"ridge\"},{\"name\":\"b\",\"kind\":\"sgd_"
                              "regressor\",\"max_iter\":4}";
    char path[] = "/tmp/mlsd_curves_XXXXXX";
    assert_true(close(mkstemp(path)) == 0 && remove(path) == 0);
    mlsd_context *context = context_with_threads(1);
    ASSERT_OK(mlsd_context_set_str(context, "journal", path));
    mlsd_dataset *data = data_of(false);
    mlsd_result *plain = run(context, two, KFOLD, false, data);
    mlsd_result *first = run(context, two, KFOLD, true, data);
    const long size = size_of(path);
    mlsd_result *again = run(context, two, KFOLD, true, data);
    assert_int_equal(size, size_of(path));
    assert_same_table(first, again, "curves", NULL);
    assert_same_table(first, plain, "folds", NULL);
    assert_true(n_rows_of(first, "curves") == 3 * 2 * 4);
    mlsd_result_free(again);
    mlsd_result_free(first);
    mlsd_result_free(plain);
    mlsd_dataset_free(data);
    mlsd_context_free(context);
    remove(path);
}

/* A test part without weight is not looked at, and is no reason to fail. */
static void test_fold_curves__no_weight(void **state)
{
    (void)state;
    double weight[N];
    for (int i = 0; i < N; i++) weight[i] = i < N / K ? 0 : 1;
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, x, y, weight, N, P);
    mlsd_result *with = run(NULL, PIPE, KFOLD, true, data);
    mlsd_result *without = run(NULL, PIPE, KFOLD, false, data);
    assert_same_table(with, without, "folds", NULL);
    for (int64_t i = 0; i < n_rows_of(with, "curves"); i++)
        if (cell(with, "curves", "fold", i) == 0)
            assert_string_equal(cell_text(with, "curves", "set", i), "train");
    mlsd_result_free(with);
    mlsd_result_free(without);
    mlsd_dataset_free(data);
}

int main(void)
{
    fill_data();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_curves__change_nothing),
        cmocka_unit_test(test_fold_curves__as_fits_by_hand),
        cmocka_unit_test(test_fold_curves__means_and_steps),
        cmocka_unit_test(test_fold_curves__several_models),
        cmocka_unit_test(test_fold_curves__journal),
        cmocka_unit_test(test_fold_curves__no_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
