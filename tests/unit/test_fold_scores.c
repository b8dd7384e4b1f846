/* The scores alone: those of scikit-learn 1.2.1 (cross_val_score with KFold(5), Ridge and
 * DummyRegressor on the same numbers) and of mlsd_cross_validate, bit for bit; fits that fail. */
#include "unit.h"

#include <math.h>

#include "mlsd/mlsd.h"

enum { N = 97, P = 3, K = 5, MODELS = 3, METRICS = 2, SCORES = MODELS * METRICS * K };

static double X[N * P], Y[N];
static mlsd_dataset *data;
static mlsd_folds *folds;
static mlsd_spec *specs[MODELS];
static const char *const metrics[METRICS] = {"rmse", "r2"};
static double scores[SCORES + 1], train_scores[SCORES], seconds[MODELS * K * 2];
static int64_t n_failed;

static mlsd_dataset *make_data(void)
{
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, y = {Y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *made = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &x, &y, NULL, MLSD_TASK_REGRESSION, &made));
    return made;
}

static mlsd_folds *make_folds(int64_t n)
{
    mlsd_spec *splitter = NULL;
    mlsd_folds *made = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &splitter));
    ASSERT_OK(mlsd_folds_split(NULL, splitter, n, NULL, NULL, &made));
    mlsd_spec_free(splitter);
    return made;
}

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1));
        Y[i] = 2 * X[i * P] - X[i * P + 1] + 0.5 * cos(i * 1.7);
    }
    data = make_data();
    folds = make_folds(N);
    ASSERT_OK(mlsd_spec_new(NULL, "dummy_regressor", &specs[0]));
    for (int i = 1; i < MODELS; i++) ASSERT_OK(mlsd_spec_new(NULL, "ridge", &specs[i]));
    ASSERT_OK(mlsd_spec_set_f64(specs[1], "alpha", 100));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) mlsd_spec_free(specs[i]);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    return 0;
}

static mlsd_status run(const mlsd_dataset *d, const mlsd_folds *f, int64_t capacity)
{
    return mlsd_fold_scores(NULL, (const mlsd_spec *const *)specs, MODELS, d, f, metrics, METRICS,
                            scores, capacity, train_scores, seconds, &n_failed);
}

static void test_fold_scores__as_scikit_learn(void **state)
{
    (void)state;
    scores[SCORES] = 7;
    ASSERT_OK(run(data, folds, SCORES));
    assert_int_equal(n_failed, 0);
    ASSERT_NEAR(scores[SCORES], 7, 0);
    const double *const ridge = scores + 2 * METRICS * K, *const dummy = scores;
    ASSERT_NEAR(ridge[0], 0.3602070759411578, 1e-12);
    double mean[2] = {0, 0};
    for (int k = 0; k < K; k++) {
        mean[0] += dummy[k] / K;
        mean[1] += ridge[k] / K;
    }
    ASSERT_NEAR(mean[0], 1.62844740688872, 1e-12);
    ASSERT_NEAR(mean[1], 0.3585784057787032, 1e-12);
    for (int i = 0; i < MODELS * K * 2; i++) assert_false(seconds[i] < 0);
}

/* Alone or among others, an estimator's scores are those that mlsd_cross_validate tells. */
static void test_fold_scores__as_cross_validate(void **state)
{
    (void)state;
    ASSERT_OK(run(data, folds, SCORES));
    for (int e = 0; e < MODELS; e++) {
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_cross_validate(NULL, specs[e], data, folds, metrics, METRICS, &r));
        const mlsd_table *table = mlsd_result_get_table(r, "folds");
        for (int m = 0; m < METRICS; m++) {
            double wanted[K];
            int64_t j = -1;
            ASSERT_OK(mlsd_table_find(table, metrics[m], &j));
            ASSERT_OK(mlsd_table_get_f64(table, j, 0, K, wanted));
            for (int k = 0; k < K; k++) {
                ASSERT_NEAR(scores[(e * METRICS + m) * K + k], wanted[k], 1e-12);
            }
        }
        mlsd_result_free(r);
    }
}

static void test_fold_scores__one_metric_when_none_is_named(void **state)
{
    (void)state;
    double rmse[K];
    ASSERT_OK(mlsd_fold_scores(NULL, (const mlsd_spec *const *)specs + 2, 1, data, folds, NULL, 0,
                               rmse, K, NULL, NULL, NULL));
    ASSERT_NEAR(rmse[0], 0.3602070759411578, 1e-12);
}

/* A constant's R squared on the rows that it is the mean of is 0, and ridge's grows with less
 * penalty. As the scores of a split that tests what it trains on. */
static void test_fold_scores__of_the_training_rows(void **state)
{
    (void)state;
    enum { N_TRAIN = 77 }; /* 97 rows, of which the first fold has 20 */
    int64_t rows[2 * N_TRAIN];
    for (int i = 0; i < N_TRAIN; i++) rows[i] = rows[N_TRAIN + i] = 20 + i;
    const int64_t offsets[] = {0, N_TRAIN, 2 * N_TRAIN};
    mlsd_folds *itself = NULL;
    ASSERT_OK(mlsd_folds_from_rows(NULL, N, 1, 2, offsets, rows, &itself));
    double alone[MODELS * METRICS];
    ASSERT_OK(mlsd_fold_scores(NULL, (const mlsd_spec *const *)specs, MODELS, data, itself, metrics,
                               METRICS, alone, MODELS * METRICS, NULL, NULL, NULL));
    ASSERT_OK(run(data, folds, SCORES));
    for (int i = 0; i < MODELS * METRICS; i++) ASSERT_NEAR(train_scores[i * K], alone[i], 1e-12);
    ASSERT_NEAR(train_scores[K], 0, 1e-12);
    assert_true(train_scores[3 * K] < train_scores[5 * K]);
    mlsd_folds_free(itself);
}

/* With a hole in X ridge is fitted to no fold but the one that tests the hole, and fails there in
 * prediction. The dummy does not look at X. */
static void test_fold_scores__fits_that_fail_are_counted(void **state)
{
    (void)state;
    const double kept = X[5];
    X[5] = NAN;
    mlsd_dataset *holed = make_data();
    X[5] = kept;
    ASSERT_OK(run(holed, folds, SCORES));
    assert_int_equal(n_failed, 2 * K);
    for (int i = 0; i < METRICS * K; i++) assert_true(isfinite(scores[i]));
    for (int i = METRICS * K; i < SCORES; i++) assert_true(isnan(scores[i]));
    mlsd_dataset_free(holed);
}

/* A gap in a row of weight 0 does not count for sums over rows, but a fit refuses it: the shared
 * ways fail where the plain loop does. */
static void test_fold_scores__a_gap_in_a_row_of_no_weight(void **state)
{
    (void)state;
    static const char *const models[] = {"ridge", "lasso", "elastic_net", "linear_regression"};
    const char *const metric = "rmse";
    static double x[N * P], weight[N];
    for (int i = 0; i < N * P; i++) x[i] = i == 40 * P + 1 ? NAN : X[i];
    for (int i = 0; i < N; i++) weight[i] = i == 40 ? 0 : 1 + i % 3;
    const mlsd_matrix features = {x, N, P, P, 1, MLSD_F64, 0}, y = {Y, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix weights = {weight, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *gap = NULL;
    mlsd_folds *alone = NULL;
    static int64_t ids[N];
    for (int i = 0; i < N; i++) ids[i] = i == 40 ? 0 : 1 + i % (K - 1);
    ASSERT_OK(mlsd_folds_from_ids(NULL, ids, N, &alone));
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &features, &y, &weights, MLSD_TASK_REGRESSION, &gap));
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++) {
        mlsd_spec *spec = NULL;
        ASSERT_OK(mlsd_spec_new(NULL, models[m], &spec));
        const mlsd_spec *const given[] = {spec};
        for (int way = 0; way < 4; way++) {
            mlsd_context *context = NULL;
            ASSERT_OK(mlsd_context_new(&context));
            ASSERT_OK(mlsd_context_set_i64(context, "fast_paths", way & 1));
            ASSERT_OK(mlsd_fold_scores(context, given, 1, gap, way < 2 ? folds : alone, &metric, 1,
                                       scores, K, NULL, NULL, &n_failed));
            assert_int_equal(n_failed, K);
            for (int k = 0; k < K; k++) assert_true(isnan(scores[k]));
            mlsd_context_free(context);
        }
        mlsd_spec_free(spec);
    }
    mlsd_folds_free(alone);
    mlsd_dataset_free(gap);
}

static void test_fold_scores__says_what_does_not_fit(void **state)
{
    (void)state;
    const mlsd_spec *const *const given = (const mlsd_spec *const *)specs;
    mlsd_folds *others = make_folds(N - 1);
    ASSERT_FAILS(MLSD_E_BUFFER, "3 estimators, 2 metrics and 5 splits make 30 scores",
                 run(data, folds, SCORES - 1));
    ASSERT_FAILS(MLSD_E_SHAPE, "96 rows, the data set has 97", run(data, others, SCORES));
    ASSERT_FAILS(
        MLSD_E_ARG, "no estimators",
        mlsd_fold_scores(NULL, given, 0, data, folds, NULL, 0, scores, K, NULL, NULL, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "scores is NULL",
                 mlsd_fold_scores(NULL, given, 1, data, folds, NULL, 0, NULL, K, NULL, NULL, NULL));
    ASSERT_FAILS(
        MLSD_E_ARG, "metrics are NULL",
        mlsd_fold_scores(NULL, given, 1, data, folds, NULL, 1, scores, K, NULL, NULL, NULL));
    ASSERT_FAILS(
        MLSD_E_ARG, "dataset",
        mlsd_fold_scores(NULL, given, 1, NULL, folds, NULL, 0, scores, K, NULL, NULL, NULL));
    mlsd_folds_free(others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_scores__as_scikit_learn),
        cmocka_unit_test(test_fold_scores__as_cross_validate),
        cmocka_unit_test(test_fold_scores__of_the_training_rows),
        cmocka_unit_test(test_fold_scores__one_metric_when_none_is_named),
        cmocka_unit_test(test_fold_scores__fits_that_fail_are_counted),
        cmocka_unit_test(test_fold_scores__a_gap_in_a_row_of_no_weight),
        cmocka_unit_test(test_fold_scores__says_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
