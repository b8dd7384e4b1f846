/* The leaderboard against scikit-learn 1.2.1, NumPy 1.24 and SciPy (scores by cross_val_score,
 * intervals by Nadeau & Bengio's formula on them), and the rule of one standard error. */
#include "result_checks.h"

#include <math.h>

enum { N = 97, P = 3, MODELS = 4 };

static double X[N * P], Y[N];
static mlsd_dataset *data;
static mlsd_folds *folds;
static mlsd_spec *specs[MODELS];
static const char *const names[MODELS] = {"constant", "strong penalty", "ridge", "ridge again"};

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1));
        Y[i] = 2 * X[i * P] - X[i * P + 1] + 0.5 * cos(i * 1.7);
    }
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, y = {Y, N, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &x, &y, NULL, MLSD_TASK_AUTO, &data));
    mlsd_spec *splitter = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &splitter));
    ASSERT_OK(mlsd_folds_split(NULL, splitter, N, NULL, NULL, &folds));
    mlsd_spec_free(splitter);
    ASSERT_OK(mlsd_spec_new(NULL, "dummy_regressor", &specs[0]));
    for (int i = 1; i < MODELS; i++) ASSERT_OK(mlsd_spec_new(NULL, "ridge", &specs[i]));
    ASSERT_OK(mlsd_spec_set_f64(specs[1], "alpha", 100));
    ASSERT_OK(mlsd_spec_set_f64(specs[3], "alpha", 0.9));
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

static void test_leaderboard__as_scikit_learn(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    ASSERT_OK(
        mlsd_leaderboard(NULL, (const mlsd_spec *const *)specs, names, 3, data, folds, "rmse", &r));
    ASSERT_NEAR(cell(r, "leaderboard", "score", 0), 1.62844740688872, 1e-12);
    ASSERT_NEAR(cell(r, "leaderboard", "low", 0), 1.4597017656927878, 1e-10);
    ASSERT_NEAR(cell(r, "leaderboard", "score", 1), 1.1979545030932557, 1e-12);
    ASSERT_NEAR(cell(r, "leaderboard", "se", 1), 0.04639849947901302, 1e-12);
    ASSERT_NEAR(cell(r, "leaderboard", "score", 2), 0.3585784057787032, 1e-12);
    ASSERT_NEAR(cell(r, "leaderboard", "difference", 2), -1.2698690011100169, 1e-12);
    ASSERT_NEAR(cell(r, "leaderboard", "difference_low", 2), -1.4419076554737351, 1e-10);
    ASSERT_NEAR(cell(r, "leaderboard", "difference_high", 2), -1.0978303467462986, 1e-10);
    ASSERT_NEAR(cell(r, "leaderboard", "difference", 0), 0, 0);
    /* 3.76106 standard errors: as in test_corrected.c. */
    assert_true(isnan(cell(r, "leaderboard", "difference_detectable", 0)));
    ASSERT_NEAR(cell(r, "leaderboard", "difference_detectable", 2), 0.2330489529256391, 1e-10);
    ASSERT_NEAR(cell(r, "leaderboard", "on_front", 0), 1, 0); /* the smallest */
    ASSERT_NEAR(cell(r, "leaderboard", "on_front", 2), 1, 0); /* the best */
    ASSERT_NEAR(cell(r, "timings.leaderboard", "on_front", 2), 1, 0);
    ASSERT_NEAR(cell(r, "fold_scores", "score", 10), 0.3602070759411578, 1e-12);
    assert_true(cell(r, "leaderboard", "model_bytes", 2) > 0);
    assert_true(cell(r, "timings.leaderboard", "fit_seconds", 2) >= 0);
    assert_true(cell(r, "timings.leaderboard", "predict_us_per_row", 2) > 0);
    const char *chosen = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "chosen", &chosen));
    assert_string_equal(chosen, "ridge");
    assert_verdict(r, "'ridge' is chosen");
    mlsd_result_free(r);
}

/* alpha 0.9 scores a little better than alpha 1, by less than one standard error: the earlier,
 * simpler one is chosen. */
static void test_leaderboard__simplest_within_one_standard_error(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_leaderboard(NULL, (const mlsd_spec *const *)specs, names, MODELS, data, folds,
                               "rmse", &r));
    const char *chosen = NULL, *best = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "chosen", &chosen));
    ASSERT_OK(mlsd_result_get_str(r, "best", &best));
    assert_string_equal(best, "ridge again");
    assert_string_equal(chosen, "ridge");
    assert_true(cell(r, "leaderboard", "score", 3) < cell(r, "leaderboard", "score", 2));
    assert_true(cell(r, "leaderboard", "score", 2) <=
                cell(r, "leaderboard", "score", 3) + cell(r, "leaderboard", "se", 3));
    ASSERT_NEAR(cell(r, "leaderboard", "within", 1), 0, 0);
    ASSERT_NEAR(cell(r, "leaderboard", "within", 2), 1, 0);
    ASSERT_NEAR(cell(r, "leaderboard", "chosen", 2), 1, 0);
    ASSERT_NEAR(cell(r, "leaderboard", "chosen", 3), 0, 0);
    mlsd_result_free(r);
}

/* r2: greater is better, so the order turns round. */
static void test_leaderboard__knows_which_way_is_better(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_leaderboard(NULL, (const mlsd_spec *const *)specs, names, MODELS, data, folds,
                               "r2", &r));
    const char *chosen = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "chosen", &chosen));
    assert_string_equal(chosen, "ridge");
    assert_true(cell(r, "leaderboard", "difference", 2) > 0.9);
    mlsd_result_free(r);
}

/* The chance of being better than the best of the simpler ones, as mlsd_compare gives it on the
 * scores of the folds, in both directions; the strong penalty comes after a ridge that is better.
 */
static void test_leaderboard__chance_beside_the_simpler(void **state)
{
    (void)state;
    enum { FOLDS = 5 };
    static const char *const metrics[] = {"rmse", "r2"};
    static const int order[] = {0, 2, 1, 3}, simpler[] = {-1, 0, 1, 1};
    const mlsd_spec *some[MODELS];
    const char *some_names[MODELS];
    for (int i = 0; i < MODELS; i++) {
        some[i] = specs[order[i]];
        some_names[i] = names[order[i]];
    }
    for (int m = 0; m < 2; m++) {
        mlsd_result *r = NULL, *pair = NULL;
        mlsd_spec *test = NULL;
        ASSERT_OK(mlsd_leaderboard(NULL, some, some_names, MODELS, data, folds, metrics[m], &r));
        assert_true(isnan(cell(r, "leaderboard", "p_better", 0)));
        ASSERT_OK(mlsd_spec_new(NULL, "bayes_correlated_t", &test));
        ASSERT_OK(mlsd_spec_set_bool(test, "greater_is_better", m));
        double ratio = 0; /* average of n_test / n_train: 20 or 19 of 97 */
        for (int k = 0; k < FOLDS; k++) ratio += (k < 2 ? 20.0 / 77 : 19.0 / 78) / FOLDS;
        ASSERT_OK(mlsd_spec_set_f64(test, "test_train", ratio));
        for (int e = 1; e < MODELS; e++) {
            double scores[FOLDS][2], p = NAN;
            for (int k = 0; k < FOLDS; k++) {
                scores[k][0] = cell(r, "fold_scores", "score", FOLDS * simpler[e] + k);
                scores[k][1] = cell(r, "fold_scores", "score", FOLDS * e + k);
            }
            const mlsd_matrix x = {scores, FOLDS, 2, 2, 1, MLSD_F64, 0};
            ASSERT_OK(mlsd_compare(NULL, test, &x, NULL, &pair));
            ASSERT_OK(mlsd_result_get_f64(pair, "p_better", &p));
            ASSERT_NEAR(cell(r, "leaderboard", "p_better", e), p, 1e-12);
            mlsd_result_free(pair);
        }
        assert_true(cell(r, "leaderboard", "p_better", 1) > 0.99);
        assert_true(cell(r, "leaderboard", "p_better", 2) < 0.01);
        mlsd_spec_free(test);
        mlsd_result_free(r);
    }
}

static void test_leaderboard__one_split_has_no_interval(void **state)
{
    (void)state;
    mlsd_spec *holdout = NULL;
    mlsd_folds *once = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "holdout", &holdout));
    ASSERT_OK(mlsd_folds_split(NULL, holdout, N, NULL, NULL, &once));
    ASSERT_OK(
        mlsd_leaderboard(NULL, (const mlsd_spec *const *)specs, names, 3, data, once, "rmse", &r));
    assert_true(isnan(cell(r, "leaderboard", "low", 2)));
    const char *chosen = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "chosen", &chosen));
    assert_string_equal(chosen, "ridge");
    mlsd_result_free(r);
    mlsd_folds_free(once);
    mlsd_spec_free(holdout);
}

static void test_leaderboard__checks_its_arguments(void **state)
{
    (void)state;
    const char *const twice[] = {"a", "a"};
    mlsd_result *r = NULL;
    const mlsd_spec *const *const s = (const mlsd_spec *const *)specs;
    ASSERT_FAILS(MLSD_E_ARG, "two models are called 'a'",
                 mlsd_leaderboard(NULL, s, twice, 2, data, folds, "rmse", &r));
    ASSERT_FAILS(MLSD_E_ARG, "no estimator",
                 mlsd_leaderboard(NULL, s, names, 0, data, folds, "rmse", &r));
    ASSERT_FAILS(MLSD_E_KIND, "", mlsd_leaderboard(NULL, s, names, 2, data, folds, "log_loss", &r));
    ASSERT_FAILS(MLSD_E_KIND, "rmse",
                 mlsd_leaderboard(NULL, s, names, 2, data, folds, "rmsee", &r));
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaderboard__as_scikit_learn),
        cmocka_unit_test(test_leaderboard__simplest_within_one_standard_error),
        cmocka_unit_test(test_leaderboard__knows_which_way_is_better),
        cmocka_unit_test(test_leaderboard__chance_beside_the_simpler),
        cmocka_unit_test(test_leaderboard__one_split_has_no_interval),
        cmocka_unit_test(test_leaderboard__checks_its_arguments),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
