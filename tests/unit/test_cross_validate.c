/* Cross-validation against scikit-learn 1.2.1 (cross_val_score with KFold(5), Ridge and
 * DummyRegressor on the same numbers), and what happens to folds that fail, threads, memory,
 * cancel. */
#include "result_checks.h"

#include <math.h>
#include <stdlib.h>

#include "failing_allocator.h"

enum { N = 97, P = 3, K = 5 };

static double X[N * P], Y[N];

static void fill_data(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1));
        Y[i] = 2 * X[i * P] - X[i * P + 1] + 0.5 * cos(i * 1.7);
    }
}

static mlsd_dataset *make_data(const mlsd_context *context, const double *y, mlsd_task task)
{
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, target = {y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(context, &x, &target, NULL, task, &data));
    return data;
}

static mlsd_folds *make_folds(const mlsd_context *context, int64_t n)
{
    mlsd_spec *splitter = NULL;
    mlsd_folds *folds = NULL;
    ASSERT_OK(mlsd_spec_new(context, "kfold", &splitter));
    ASSERT_OK(mlsd_folds_split(context, splitter, n, NULL, NULL, &folds));
    mlsd_spec_free(splitter);
    return folds;
}

static void test_cross_validate__as_scikit_learn(void **state)
{
    (void)state;
    static const double rmse[K] = {0.3602070759411578, 0.35845368870889466, 0.3519159172099487,
                                   0.3610536209656275, 0.3612617260678875};
    static const double r2[K] = {0.942882985908859, 0.9509268126711258, 0.9568354576069645,
                                 0.9471597786311514, 0.9539349602788357};
    mlsd_dataset *data = make_data(NULL, Y, MLSD_TASK_AUTO);
    mlsd_folds *folds = make_folds(NULL, N);
    mlsd_spec *ridge = NULL;
    mlsd_result *r = NULL;
    const char *const metrics[] = {"rmse", "r2"};
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &ridge));
    ASSERT_OK(mlsd_cross_validate(NULL, ridge, data, folds, metrics, 2, &r));
    for (int k = 0; k < K; k++) {
        ASSERT_NEAR(cell(r, "folds", "rmse", k), rmse[k], 1e-12);
        ASSERT_NEAR(cell(r, "folds", "r2", k), r2[k], 1e-12);
        ASSERT_NEAR(cell(r, "folds", "n_test", k), k < 2 ? 20 : 19, 0);
        assert_true(cell(r, "timings.folds", "fit_seconds", k) >= 0);
    }
    ASSERT_NEAR(number(r, "rmse.mean"), 0.3585784057787032, 1e-12);
    ASSERT_NEAR(number(r, "rmse.se"), 0.002606516541243032, 1e-12);
    ASSERT_NEAR(number(r, "rmse.low"), 0.3513415556861519, 1e-10);
    ASSERT_NEAR(number(r, "rmse.high"), 0.3658152558712545, 1e-10);
    /* Ridge().fit(X[20:], y[20:]).predict(X[:20]) */
    ASSERT_NEAR(cell(r, "predictions", "value", 0), 0.0006625721733628381, 1e-12);
    ASSERT_NEAR(cell(r, "predictions", "value", 19), 0.3380571214421882, 1e-12);
    ASSERT_NEAR(cell(r, "predictions", "row", 25), 25, 0);
    ASSERT_NEAR(cell(r, "predictions", "fold", 25), 1, 0);
    assert_int_equal(n_rows_of(r, "predictions"), N);
    assert_verdict(r, "rmse");
    mlsd_result_free(r);
    mlsd_spec_free(ridge);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static char *run_json(int64_t n_threads)
{
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    mlsd_dataset *data = make_data(context, Y, MLSD_TASK_AUTO);
    mlsd_folds *folds = make_folds(context, N);
    mlsd_spec *ridge = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_new(context, "ridge", &ridge));
    ASSERT_OK(mlsd_cross_validate(context, ridge, data, folds, NULL, 0, &r));
    char *const text = json_without_timings(r);
    mlsd_result_free(r);
    mlsd_spec_free(ridge);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    mlsd_context_free(context);
    return text;
}

static void test_cross_validate__threads_change_nothing(void **state)
{
    (void)state;
    char *one = run_json(1), *two = run_json(2), *seven = run_json(7);
    assert_string_equal(one, two);
    assert_string_equal(one, seven);
    free(one);
    free(two);
    free(seven);
}

/* Rows in order of class: with unshuffled folds the training rows of the middle fold have one class
 * only where there are two folds. */
static void test_cross_validate__probabilities_by_class(void **state)
{
    (void)state;
    double y[N];
    for (int i = 0; i < N; i++) y[i] = i % 3 == 0;
    mlsd_dataset *data = make_data(NULL, y, MLSD_TASK_BINARY);
    mlsd_folds *folds = make_folds(NULL, N);
    mlsd_spec *dummy = NULL;
    mlsd_result *r = NULL;
    const char *const metrics[] = {"log_loss", "accuracy"};
    ASSERT_OK(mlsd_spec_new(NULL, "dummy_classifier", &dummy));
    ASSERT_OK(mlsd_cross_validate(NULL, dummy, data, folds, metrics, 2, &r));
    /* The training share of class 1 in fold 0: rows 20 .. 96, of which 21, 24, ..., 96 are ones. */
    ASSERT_NEAR(cell(r, "predictions", "p_1", 0), 26.0 / 77, 1e-15);
    ASSERT_NEAR(cell(r, "predictions", "p_0", 0), 51.0 / 77, 1e-15);
    ASSERT_NEAR(cell(r, "folds", "accuracy", 0), 13.0 / 20, 1e-15);
    mlsd_result_free(r);
    ASSERT_FAILS(
        MLSD_E_KIND, "",
        mlsd_cross_validate(NULL, dummy, data, folds, (const char *const[]){"rmse"}, 1, &r));
    assert_null(r);
    mlsd_spec_free(dummy);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static void test_cross_validate__says_what_does_not_fit(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data(NULL, Y, MLSD_TASK_AUTO);
    mlsd_folds *folds = make_folds(NULL, N - 1);
    mlsd_spec *ridge = NULL, *splitter = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &ridge));
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &splitter));
    ASSERT_FAILS(MLSD_E_SHAPE, "96 rows, the data set has 97",
                 mlsd_cross_validate(NULL, ridge, data, folds, NULL, 0, &r));
    ASSERT_FAILS(MLSD_E_KIND, "splitter",
                 mlsd_cross_validate(NULL, splitter, data, folds, NULL, 0, &r));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_cross_validate(NULL, ridge, data, NULL, NULL, 0, &r));
    mlsd_spec_free(ridge);
    mlsd_spec_free(splitter);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

/* A hole in X: ridge cannot be trained on it, so only the fold that tests the hole survives
 * fitting, and fails in prediction. */
static void test_cross_validate__all_folds_failed(void **state)
{
    (void)state;
    const double kept = X[5];
    X[5] = NAN;
    mlsd_dataset *data = make_data(NULL, Y, MLSD_TASK_AUTO);
    mlsd_folds *folds = make_folds(NULL, N);
    mlsd_spec *ridge = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &ridge));
    ASSERT_FAILS(MLSD_E_DATA, "every one of 5 splits failed",
                 mlsd_cross_validate(NULL, ridge, data, folds, NULL, 0, &r));
    assert_null(r);
    X[5] = kept;
    mlsd_spec_free(ridge);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static int stop_at_once(const mlsd_event *event, void *user)
{
    (void)user;
    return strcmp(mlsd_event_stage(event), "cross-validate") == 0;
}

static void test_cross_validate__can_be_cancelled(void **state)
{
    (void)state;
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_progress(context, stop_at_once, NULL, NULL));
    mlsd_dataset *data = make_data(context, Y, MLSD_TASK_AUTO);
    mlsd_folds *folds = make_folds(context, N);
    mlsd_spec *ridge = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_new(context, "ridge", &ridge));
    ASSERT_FAILS(MLSD_E_CANCELLED, "",
                 mlsd_cross_validate(context, ridge, data, folds, NULL, 0, &r));
    assert_null(r);
    mlsd_spec_free(ridge);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    mlsd_context_free(context);
}

static void test_cross_validate__survives_every_failure_of_memory(void **state)
{
    (void)state;
    for (long long k = 1;; k += k < 40 ? 1 : 7) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *context = failing_context(&f, 1);
        mlsd_dataset *data = make_data(context, Y, MLSD_TASK_AUTO);
        mlsd_folds *folds = make_folds(context, N);
        mlsd_spec *ridge = NULL;
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_spec_new(context, "ridge", &ridge));
        f.fail_at = f.calls + k;
        const mlsd_status status = mlsd_cross_validate(context, ridge, data, folds, NULL, 0, &r);
        if (status != MLSD_OK) assert_int_equal(status, MLSD_E_NOMEM);
        const int refused = f.failed > 0;
        mlsd_result_free(r);
        mlsd_spec_free(ridge);
        mlsd_folds_free(folds);
        mlsd_dataset_free(data);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (!refused) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
    }
}

int main(void)
{
    fill_data();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_validate__as_scikit_learn),
        cmocka_unit_test(test_cross_validate__threads_change_nothing),
        cmocka_unit_test(test_cross_validate__probabilities_by_class),
        cmocka_unit_test(test_cross_validate__says_what_does_not_fit),
        cmocka_unit_test(test_cross_validate__all_folds_failed),
        cmocka_unit_test(test_cross_validate__can_be_cancelled),
        cmocka_unit_test(test_cross_validate__survives_every_failure_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
