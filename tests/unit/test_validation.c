/* The door to kinds of family "validation", and cross_validate behind it: against
 * mlsd_cross_validate, which test_cross_validate.c holds against scikit-learn, and the folds that
 * are drawn where nobody gives any. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>

enum { N = 60, P = 3 };

static double X[N * P], Y[N], LABEL[N], WHO[N], WHEN[N];

static void fill_data(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1));
        Y[i] = 2 * X[i * P] - X[i * P + 1] + 0.5 * cos(i * 1.7);
        LABEL[i] = i % 3 == 0;
        WHO[i] = i / 4;
        WHEN[i] = i;
    }
}

static mlsd_dataset *make_data(const double *y, mlsd_task task, const char *role)
{
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    double column[N];
    ASSERT_OK(mlsd_table_new(NULL, &table));
    for (int j = 0; j < P; j++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", j);
        for (int i = 0; i < N; i++) column[i] = X[i * P + j];
        ASSERT_OK(mlsd_table_set_f64(table, name, column, N));
    }
    ASSERT_OK(mlsd_table_set_f64(table, "y", y, N));
    const char *const names[] = {"y", "extra"}, *const roles[] = {"target", role};
    if (role != NULL)
        ASSERT_OK(mlsd_table_set_f64(table, "extra", strcmp(role, "time") == 0 ? WHEN : WHO, N));
    ASSERT_OK(
        mlsd_dataset_from_table(NULL, table, names, roles, role != NULL ? 2 : 1, task, &data));
    mlsd_table_free(table);
    return data;
}

static mlsd_spec *make(const char *kind)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, kind, &spec));
    return spec;
}

static void add(mlsd_spec *spec, const char *slot, const char *name, const char *kind)
{
    mlsd_spec *child = make(kind);
    ASSERT_OK(mlsd_spec_add(spec, slot, name, child));
    mlsd_spec_free(child);
}

static mlsd_folds *split(const mlsd_dataset *data, const char *kind, int64_t seed)
{
    mlsd_folds *folds = NULL;
    mlsd_spec *splitter = make(kind);
    ASSERT_OK(mlsd_spec_set_i64(splitter, "n_splits", 5));
    if (seed >= 0) {
        ASSERT_OK(mlsd_spec_set_bool(splitter, "shuffle", 1));
        ASSERT_OK(mlsd_spec_set_i64(splitter, "seed", seed));
    }
    ASSERT_OK(mlsd_folds_split_dataset(NULL, splitter, data, &folds));
    mlsd_spec_free(splitter);
    return folds;
}

static void test_validation__models_side_by_side(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data(Y, MLSD_TASK_REGRESSION, NULL);
    mlsd_folds *folds = split(data, "kfold", 3);
    mlsd_spec *run = make("cross_validate"), *ridge = make("ridge");
    mlsd_result *r = NULL, *alone = NULL;
    const char *const metrics[] = {"rmse", "r2"};
    add(run, "estimators", "constant", "dummy_regressor");
    add(run, "estimators", NULL, "ridge");
    ASSERT_OK(mlsd_spec_set_str_list(run, "metrics", metrics, 2));
    ASSERT_OK(mlsd_validate(NULL, run, data, folds, &r));
    ASSERT_OK(mlsd_cross_validate(NULL, ridge, data, folds, metrics, 2, &alone));
    for (int64_t k = 0; k < 5; k++) {
        ASSERT_NEAR(cell(r, "folds", "rmse", 5 + k), cell(alone, "folds", "rmse", k), 0);
        ASSERT_NEAR(cell(r, "folds", "fold", 5 + k), (double)k, 0);
        assert_string_equal(cell_text(r, "folds", "model", k), "constant");
        assert_true(cell(r, "timings.folds", "fit_seconds", k) >= 0);
    }
    static const char *const suffixes[] = {"mean", "se", "low", "high"};
    for (int m = 0; m < 2; m++) {
        for (int i = 0; i < 4; i++) {
            char name[32];
            double value = NAN;
            snprintf(name, sizeof name, "%s.%s", metrics[m], suffixes[i]);
            ASSERT_OK(mlsd_result_get_f64(alone, name, &value));
            ASSERT_NEAR(cell(r, "models", name, 1), value, 0);
        }
    }
    assert_string_equal(cell_text(r, "models", "model", 1), "ridge");
    ASSERT_NEAR(cell(r, "models", "n_failed", 0), 0, 0);
    /* All predictions together, by hand. */
    double squares = 0;
    for (int64_t i = 0; i < N; i++) {
        const double error = cell(r, "predictions", "value", N + i) -
                             Y[(int64_t)cell(r, "predictions", "row", N + i)];
        squares += error * error;
    }
    ASSERT_NEAR(cell(r, "models", "rmse.pooled", 1), sqrt(squares / N), 1e-14);
    for (int64_t i = 0; i < N; i++) {
        ASSERT_NEAR(cell(r, "predictions", "value", N + i), cell(alone, "predictions", "value", i),
                    0);
        ASSERT_NEAR(cell(r, "predictions", "row", N + i), cell(alone, "predictions", "row", i), 0);
        assert_string_equal(cell_text(r, "predictions", "model", N + i), "ridge");
    }
    assert_verdict(r, "'ridge' has the best mean of 2 models: rmse");
    mlsd_result_free(alone);
    mlsd_result_free(r);
    mlsd_spec_free(ridge);
    mlsd_spec_free(run);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

/* Without folds: the same as with those of the splitter that suits the roles. */
static void test_validation__draws_the_folds_that_suit(void **state)
{
    (void)state;
    static const struct {
        const char *role, *kind;
        mlsd_task task;
        int64_t seed;
    } cases[] = {
        {NULL, "kfold", MLSD_TASK_REGRESSION, 7},
        {NULL, "stratified_kfold", MLSD_TASK_BINARY, 7},
        {"group", "group_kfold", MLSD_TASK_REGRESSION, 7},
        {"group", "stratified_group_kfold", MLSD_TASK_BINARY, 7},
        {"time", "rolling_split", MLSD_TASK_REGRESSION, -1},
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const int has_classes = cases[c].task == MLSD_TASK_BINARY;
        mlsd_dataset *data = make_data(has_classes ? LABEL : Y, cases[c].task, cases[c].role);
        mlsd_folds *folds = split(data, cases[c].kind, cases[c].seed);
        mlsd_spec *run = make("cross_validate");
        mlsd_result *drawn = NULL, *given = NULL;
        add(run, "estimators", NULL, has_classes ? "dummy_classifier" : "dummy_regressor");
        ASSERT_OK(mlsd_spec_set_i64(run, "seed", 7));
        ASSERT_OK(mlsd_validate(NULL, run, data, NULL, &drawn));
        ASSERT_OK(mlsd_validate(NULL, run, data, folds, &given));
        const int64_t n = n_rows_of(given, "predictions");
        assert_int_equal(n_rows_of(drawn, "predictions"), n);
        for (int64_t i = 0; i < n; i++) {
            ASSERT_NEAR(cell(drawn, "predictions", "row", i), cell(given, "predictions", "row", i),
                        0);
            ASSERT_NEAR(cell(drawn, "predictions", "fold", i),
                        cell(given, "predictions", "fold", i), 0);
        }
        mlsd_result_free(given);
        mlsd_result_free(drawn);
        mlsd_spec_free(run);
        mlsd_folds_free(folds);
        mlsd_dataset_free(data);
    }
}

static void test_validation__says_what_does_not_fit(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data(Y, MLSD_TASK_REGRESSION, NULL);
    mlsd_dataset *classes = make_data(LABEL, MLSD_TASK_BINARY, NULL);
    mlsd_folds *folds = split(data, "kfold", 0), *short_folds = NULL;
    mlsd_spec *run = make("cross_validate"), *ridge = make("ridge"), *kfold = make("kfold");
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_folds_split(NULL, kfold, N - 1, NULL, NULL, &short_folds));
    ASSERT_FAILS(MLSD_E_CHILD, "no model in its slot 'estimators'",
                 mlsd_validate(NULL, run, data, folds, &r));
    add(run, "estimators", NULL, "ridge");
    ASSERT_FAILS(MLSD_E_SHAPE, "the folds split 59 rows, the data set has 60",
                 mlsd_validate(NULL, run, data, short_folds, &r));
    ASSERT_FAILS(MLSD_E_KIND, "ridge", mlsd_validate(NULL, ridge, data, folds, &r));
    ASSERT_FAILS(MLSD_E_ARG, "spec is NULL", mlsd_validate(NULL, NULL, data, folds, &r));
    ASSERT_FAILS(MLSD_E_ARG, "dataset is NULL", mlsd_validate(NULL, run, NULL, folds, &r));
    ASSERT_FAILS(MLSD_E_ARG, "result is NULL", mlsd_validate(NULL, run, data, folds, NULL));
    ASSERT_OK(mlsd_spec_set_text(run, "metrics", "rmse,rmse"));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "'metrics' has 'rmse' twice",
                 mlsd_validate(NULL, run, data, folds, &r));
    ASSERT_OK(mlsd_spec_set_text(run, "metrics", "log_loss"));
    ASSERT_FAILS(MLSD_E_KIND, "log_loss", mlsd_validate(NULL, run, data, folds, &r));
    ASSERT_OK(mlsd_spec_set_text(run, "metrics", "null"));
    ASSERT_FAILS(MLSD_E_DATA, "every one of 5 splits failed",
                 mlsd_validate(NULL, run, classes, NULL, &r));
    assert_null(r);
    mlsd_spec_free(kfold);
    mlsd_spec_free(ridge);
    mlsd_spec_free(run);
    mlsd_folds_free(short_folds);
    mlsd_folds_free(folds);
    mlsd_dataset_free(classes);
    mlsd_dataset_free(data);
}

/* Rows in the order of their classes: each half trains on one class only, which some models cannot,
 * and they say so. */
static void test_validation__a_fold_with_one_class(void **state)
{
    (void)state;
    double y[N];
    for (int i = 0; i < N; i++) y[i] = i >= N / 2;
    mlsd_dataset *data = make_data(y, MLSD_TASK_BINARY, NULL);
    mlsd_spec *run = make("cross_validate"), *kfold = make("kfold");
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_set_i64(kfold, "n_splits", 2));
    ASSERT_OK(mlsd_spec_add(run, "splitter", NULL, kfold));
    add(run, "estimators", NULL, "dummy_classifier");
    add(run, "estimators", NULL, "logistic_regression");
    add(run, "estimators", NULL, "linear_discriminant_analysis");
    ASSERT_OK(mlsd_spec_set_text(run, "metrics", "accuracy,roc_auc"));
    ASSERT_OK(mlsd_validate(NULL, run, data, NULL, &r));
    ASSERT_NEAR(cell(r, "models", "n_failed", 0), 0, 0);
    ASSERT_NEAR(cell(r, "models", "accuracy.mean", 0), 0, 0);
    /* Both test parts have one class, so there is nothing to rank. */
    assert_true(isnan(cell(r, "models", "roc_auc.mean", 0)));
    ASSERT_NEAR(cell(r, "models", "n_failed", 1), 2, 0);
    assert_non_null(strstr(cell_text(r, "models", "message", 1), "at least two classes"));
    ASSERT_NEAR(cell(r, "models", "n_failed", 2), 0, 0); /* tells the one class */
    assert_verdict(r, "2 of 6 fits failed");
    assert_verdict(r, "training of split 0 has no row of class '0'");
    mlsd_result_free(r);
    mlsd_spec_free(kfold);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
}

/* One of two models fails everywhere: told, not fatal. */
static void test_validation__a_model_that_fails_is_told(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data(Y, MLSD_TASK_REGRESSION, NULL);
    mlsd_spec *run = make("cross_validate");
    mlsd_result *r = NULL;
    add(run, "estimators", NULL, "dummy_regressor");
    add(run, "estimators", NULL, "logistic_regression");
    ASSERT_OK(mlsd_spec_set_bool(run, "return_predictions", 0));
    ASSERT_OK(mlsd_validate(NULL, run, data, NULL, &r));
    ASSERT_NEAR(cell(r, "models", "n_failed", 1), 5, 0);
    assert_non_null(strstr(cell_text(r, "models", "message", 1), "classes"));
    assert_true(isnan(cell(r, "models", "rmse.mean", 1)));
    assert_verdict(r, "5 of 10 fits failed, the first ('logistic_regression') with: ");
    assert_null(mlsd_result_get_table(r, "predictions"));
    mlsd_result_free(r);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
}

int main(void)
{
    fill_data();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validation__models_side_by_side),
        cmocka_unit_test(test_validation__draws_the_folds_that_suit),
        cmocka_unit_test(test_validation__says_what_does_not_fit),
        cmocka_unit_test(test_validation__a_fold_with_one_class),
        cmocka_unit_test(test_validation__a_model_that_fails_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
