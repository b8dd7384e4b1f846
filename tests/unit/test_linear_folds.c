/* test_linear_folds.c - all penalties and folds of ridge and linear_regression from the moments of
 * one pass, beside the plain loop: fit each setting to each split's training rows and predict its
 * test rows. */
#include "path_checks.h"

static path_answer run_fast(const path_question *q, int64_t n_threads, bool *served)
{
    mlsd_context *const context = path_context(q, n_threads);
    mlsd_status status;
    const path_answer out = path_run_folds(q, context, served, &status);
    mlsd_context_free(context);
    if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return out;
}

static path_answer run_each(const path_question *q)
{
    mlsd_status status;
    const path_answer out = path_run(q, NULL, &status);
    if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return out;
}

/* Folds at once and the plain loop, which fits everything, agree, for squares and for predictions.
 * Returns how many of the splits x settings were served. */
static int64_t check(path_question q, double tolerance)
{
    int64_t n_taken = 0;
    for (int squares = 0; squares < 2; squares++) {
        q.squares = squares != 0;
        path_answer plain = path_plain(&q);
        for (int64_t i = 0; i < plain.n_splits * plain.n_settings; i++)
            assert_int_equal(plain.state[i], PATH_TAKEN);
        n_taken = path_check_way(&q, 1, &plain, tolerance);
        path_answer_free(&plain);
    }
    return n_taken;
}

static const char *const RIDGE[] = {
    "{\"kind\":\"ridge\",\"alpha\":0.001}", "{\"kind\":\"ridge\",\"alpha\":0.1}",
    "{\"kind\":\"ridge\",\"alpha\":1}",     "{\"kind\":\"ridge\",\"alpha\":3}",
    "{\"kind\":\"ridge\",\"alpha\":10}",    "{\"kind\":\"ridge\",\"alpha\":100}",
    "{\"kind\":\"ridge\",\"alpha\":1000}",  "{\"kind\":\"ridge\",\"alpha\":1e6}",
};
enum { N_RIDGE = 8 };
static const char *const BARE[] = {
    "{\"kind\":\"ridge\",\"alpha\":0.01,\"fit_intercept\":false}",
    "{\"kind\":\"ridge\",\"alpha\":5,\"fit_intercept\":false}",
};
static const char *const STANDARDIZE = "{\"kind\":\"standardize\"}";

/* One data set, one splitter, all the settings given. */
static void compare(int64_t n, int64_t p, int weighted, double offset, const char *splitter,
                    bool is_partition, const char *const *settings, int64_t n_settings,
                    const char *standardize, double tolerance, int64_t expected)
{
    linear_data d = make_linear_data(n, p, 0, 17);
    for (int64_t i = 0; i < n * p; i++) d.x[i] += offset;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
    mlsd_folds *folds = path_split(data, splitter);
    const path_question q = {.settings = settings,
                             .n_settings = n_settings,
                             .standardize = standardize,
                             .data = data,
                             .folds = folds,
                             .what = MLSD_OUTPUT_VALUE,
                             .is_partition = is_partition};
    const int64_t n_taken = check(q, tolerance);
    assert_int_equal(n_taken, expected < 0 ? mlsd_folds_n_splits(folds) * n_settings : expected);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static const char *const KFOLD = "{\"kind\":\"kfold\",\"n_splits\":5,\"shuffle\":true}";

static void test_ridge__folds_as_the_plain_loop(void **state)
{
    (void)state;
    compare(300, 6, 0, 0, KFOLD, true, RIDGE, N_RIDGE, NULL, 1e-12, -1);
    compare(300, 6, 1, 0, KFOLD, true, RIDGE, N_RIDGE, NULL, 1e-12, -1);
    compare(300, 6, 1, 0, KFOLD, false, RIDGE, N_RIDGE, NULL, 1e-12, -1);
    compare(300, 6, 1, 0, KFOLD, true, BARE, 2, NULL, 1e-12, -1);
    compare(300, 1, 0, 0, KFOLD, true, RIDGE, N_RIDGE, NULL, 1e-12, -1);
    compare(5000, 40, 0, 3, KFOLD, true, RIDGE, N_RIDGE, NULL, 1e-11, -1);
}

static void test_ridge__standardised_in_each_fold(void **state)
{
    (void)state;
    compare(300, 6, 1, 5, KFOLD, true, RIDGE, N_RIDGE, STANDARDIZE, 1e-12, -1);
    compare(300, 6, 1, 5, KFOLD, true, BARE, 2, STANDARDIZE, 1e-12, -1);
    compare(300, 6, 1, 5, KFOLD, true, BARE, 2, "{\"kind\":\"standardize\",\"with_mean\":false}",
            1e-11, -1);
    compare(300, 6, 1, 5, KFOLD, true, RIDGE, N_RIDGE,
            "{\"kind\":\"standardize\",\"with_std\":false}", 1e-12, -1);
}

static void test_ridge__far_from_the_origin(void **state)
{
    (void)state;
    compare(300, 6, 1, 1e8, KFOLD, true, RIDGE, N_RIDGE, STANDARDIZE, 1e-12, -1);
    /* Predictions x'b are rounded at 1e-8, in the plain loop. */
    compare(300, 6, 1, 1e8, KFOLD, true, RIDGE, N_RIDGE, NULL, 1e-7, -1);
}

static void test_ridge__other_splits(void **state)
{
    (void)state;
    const char *const splitters[] = {
        "{\"kind\":\"time_series_split\",\"n_splits\":5}",
        "{\"kind\":\"time_series_split\",\"n_splits\":5,\"max_train_size\":60,\"gap\":3}",
        "{\"kind\":\"shuffle_split\",\"n_splits\":9,\"test_size\":0.2}",
        "{\"kind\":\"repeated_kfold\",\"n_splits\":5,\"n_repeats\":3}",
        "{\"kind\":\"kfold\",\"n_splits\":60}",
    };
    for (size_t i = 0; i < sizeof splitters / sizeof *splitters; i++) {
        compare(240, 4, 1, 2, splitters[i], false, RIDGE, N_RIDGE, NULL, 1e-11, -1);
        compare(240, 4, 0, 2, splitters[i], false, RIDGE, N_RIDGE, STANDARDIZE, 1e-11, -1);
    }
}

/* All penalties on one fold at a time, also with more columns than rows. */
static void test_ridge__one_fold_as_the_plain_loop(void **state)
{
    (void)state;
    const int64_t sizes[][2] = {{300, 6}, {40, 60}, {2500, 30}, {9, 9}};
    for (int i = 0; i < 8; i++) {
        linear_data d = make_linear_data(sizes[i / 2][0], sizes[i / 2][1], 0, 31);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, i % 2);
        mlsd_folds *folds = path_split(data, KFOLD);
        const bool bare = i % 3 == 2;
        const path_question q = {.settings = bare ? BARE : RIDGE,
                                 .n_settings = bare ? 2 : N_RIDGE,
                                 .data = data,
                                 .folds = folds,
                                 .what = MLSD_OUTPUT_VALUE};
        path_answer plain = path_plain(&q), each = run_each(&q);
        int64_t n_taken;
        const double worst = path_difference(&each, &plain, &n_taken);
        assert_int_equal(n_taken, 5 * q.n_settings);
        if (!(worst <= 1e-11)) fail_msg("predictions differ by %.3g, case %d", worst, i);
        path_answer_free(&plain);
        path_answer_free(&each);
        mlsd_folds_free(folds);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* Rows of a training set or a part that hold NaN fail every setting, in words. */
static void test_ridge__one_fold_with_nan_fails(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 0, 23);
    d.x[31] = NAN;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = path_split(data, KFOLD);
    const path_question q = {.settings = RIDGE,
                             .n_settings = N_RIDGE,
                             .data = data,
                             .folds = folds,
                             .what = MLSD_OUTPUT_VALUE};
    path_answer each = run_each(&q);
    for (int i = 0; i < 5 * N_RIDGE; i++) assert_int_equal(each.state[i], PATH_FAILED);
    if (strstr(mlsd_last_error(), "NaN") == NULL) fail_msg("%s", mlsd_last_error());
    path_answer_free(&each);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static const char *const PLAIN[] = {"{\"kind\":\"linear_regression\"}",
                                    "{\"kind\":\"linear_regression\",\"accuracy\":\"fast\"}"};
static const char *const PLAIN_BARE[] = {
    "{\"kind\":\"linear_regression\",\"fit_intercept\":false}"};

static void test_linear_regression__folds_as_the_plain_loop(void **state)
{
    (void)state;
    compare(300, 6, 0, 0, KFOLD, true, PLAIN, 2, NULL, 1e-12, -1);
    compare(300, 6, 1, 3, KFOLD, true, PLAIN, 1, STANDARDIZE, 1e-12, -1);
    compare(300, 6, 1, 3, KFOLD, true, PLAIN_BARE, 1, NULL, 1e-12, -1);
    compare(300, 6, 1, 3, "{\"kind\":\"time_series_split\",\"n_splits\":5}", false, PLAIN, 1, NULL,
            1e-12, -1);
}

/* A column that repeats another: no normal equations have the answer of least norm's digits. */
static void test_linear_regression__dependent_columns_are_left(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 5, 0, 3);
    for (int64_t i = 0; i < 200; i++) d.x[i * 5 + 4] = d.x[i * 5] - d.x[i * 5 + 1];
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = path_split(data, KFOLD);
    const path_question least = {.settings = PLAIN,
                                 .n_settings = 1,
                                 .data = data,
                                 .folds = folds,
                                 .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(least, 0), 0);
    /* Ridge has one answer for each penalty; where there is none it is the plain loop's. */
    const char *const free_of_penalty[] = {"{\"kind\":\"ridge\",\"alpha\":0}"};
    const path_question none = {.settings = free_of_penalty,
                                .n_settings = 1,
                                .data = data,
                                .folds = folds,
                                .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(none, 1e-11), 0);
    const path_question many = {.settings = RIDGE,
                                .n_settings = N_RIDGE,
                                .data = data,
                                .folds = folds,
                                .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(many, 1e-11), 5 * N_RIDGE);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Columns far from 0 without an intercept, and a penalty that is nothing beside them: the moments
 * have not the digits. */
static void test_ridge__what_has_lost_its_digits_is_left(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 5, 0, 3);
    for (int64_t i = 0; i < 200 * 5; i++) d.x[i] += 1e5;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = path_split(data, KFOLD);
    const char *const weak[] = {"{\"kind\":\"ridge\",\"alpha\":0.0001,\"fit_intercept\":false}"};
    const path_question lost = {
        .settings = weak, .n_settings = 1, .data = data, .folds = folds, .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(lost, 1e-11), 0);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Columns that are nearly the same, and of sizes far apart: reductions that mix them would lose
 * what is small. */
static void test_ridge__badly_scaled_columns(void **state)
{
    (void)state;
    linear_data d = make_linear_data(300, 6, 0, 5);
    for (int64_t i = 0; i < 300; i++) {
        double *const row = d.x + i * 6;
        row[1] *= 1e6;
        row[2] *= 1e-6;
        row[5] = row[4] + 1e-6 * row[5];
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_folds *folds = path_split(data, KFOLD);
    path_question q = {.settings = RIDGE,
                       .n_settings = N_RIDGE,
                       .data = data,
                       .folds = folds,
                       .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(q, 1e-10), 5 * N_RIDGE);
    q.standardize = STANDARDIZE;
    assert_int_equal(check(q, 1e-10), 5 * N_RIDGE);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Without noise there is next to nothing left: the squares come from rows, and least squares is
 * left to itself. */
static void test_ridge__nearly_perfect_fits(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 4, 0, 9);
    uint32_t seed = 4;
    for (int64_t i = 0; i < 200; i++)
        d.y[i] = 3 + d.x[i * 4] - 2 * d.x[i * 4 + 3] + 1e-6 * next_uniform(&seed);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = path_split(data, KFOLD);
    path_question q = {.settings = RIDGE,
                       .n_settings = N_RIDGE,
                       .data = data,
                       .folds = folds,
                       .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(q, 1e-9), 5 * N_RIDGE);
    bool served;
    q.settings = PLAIN;
    q.n_settings = 1;
    q.squares = true;
    path_answer out = run_fast(&q, 1, &served);
    assert_false(served);
    path_answer_free(&out);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_ridge__several_targets(void **state)
{
    (void)state;
    linear_data d = make_linear_data(240, 5, 0, 21);
    double *const y = malloc(240 * 3 * sizeof *y);
    for (int64_t i = 0; i < 240; i++) {
        y[3 * i] = d.y[i];
        y[3 * i + 1] = d.x[i * 5 + 2] - d.y[i];
        y[3 * i + 2] = 100 + d.y[(i * 7) % 240];
    }
    const mlsd_matrix x = {d.x, 240, 5, 5, 1, MLSD_F64, 0},
                      targets = {y, 240, 3, 3, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    assert_int_equal(
        mlsd_dataset_from_matrix(NULL, &x, &targets, NULL, MLSD_TASK_REGRESSION, &data), MLSD_OK);
    mlsd_folds *folds = path_split(data, KFOLD);
    path_question q = {.settings = RIDGE,
                       .n_settings = N_RIDGE,
                       .data = data,
                       .folds = folds,
                       .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(q, 1e-12), 5 * N_RIDGE);
    q.settings = PLAIN;
    q.n_settings = 1;
    q.standardize = STANDARDIZE;
    assert_int_equal(check(q, 1e-12), 5);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
    free(y);
}

/* Folds of fewer rows than columns, training rows that are fewer, and rows of weight 0. */
static void test_ridge__tiny_folds(void **state)
{
    (void)state;
    compare(30, 6, 0, 0, "{\"kind\":\"kfold\",\"n_splits\":15}", true, RIDGE, N_RIDGE, NULL, 1e-12,
            -1);
    compare(30, 6, 0, 0, "{\"kind\":\"leave_one_out\"}", true, RIDGE, N_RIDGE, STANDARDIZE, 1e-10,
            -1);
    /* 4 or 5 rows to train on at first: those splits are left. */
    compare(30, 6, 0, 0, "{\"kind\":\"time_series_split\",\"n_splits\":5}", false, RIDGE, N_RIDGE,
            NULL, 1e-12, 4 * N_RIDGE);
    compare(20, 30, 0, 0, KFOLD, true, RIDGE, N_RIDGE, NULL, 0, 0);
}

/* Each row left out: from one fit, for weights, without an intercept, and where a row is nearly
 * alone in deciding its fit. */
static void test_ridge__leave_one_out(void **state)
{
    (void)state;
    const char *const loo = "{\"kind\":\"leave_one_out\"}";
    compare(90, 5, 0, 4, loo, true, RIDGE, N_RIDGE, NULL, 1e-10, -1);
    compare(300, 5, 1, 0, loo, true, RIDGE, N_RIDGE, NULL, 1e-10, -1);
    compare(90, 5, 1, 0, loo, true, BARE, 2, NULL, 1e-10, -1);
    compare(90, 5, 1, 1e8, loo, true, RIDGE, N_RIDGE,
            "{\"kind\":\"standardize\",\"with_std\":false}", 1e-10, -1);
    compare(90, 5, 1, 0, loo, true, PLAIN, 1, NULL, 1e-10, -1);
    linear_data d = make_linear_data(60, 3, 0, 12);
    for (int64_t i = 0; i < 60; i++) d.x[3 * i + 1] = i == 7 ? 1e7 : d.x[3 * i + 1] * 1e-3;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = path_split(data, loo);
    const path_question q = {.settings = RIDGE,
                             .n_settings = N_RIDGE,
                             .data = data,
                             .folds = folds,
                             .what = MLSD_OUTPUT_VALUE,
                             .is_partition = true};
    const int64_t n_taken = check(q, 1e-8);
    assert_true(n_taken < 60 * N_RIDGE);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Enough work for threads to start: the same bytes from 1, 2 and 7 of them. */
static void test_ridge__threads_change_nothing(void **state)
{
    (void)state;
    const char *const splitters[] = {KFOLD, "{\"kind\":\"leave_one_out\"}",
                                     "{\"kind\":\"time_series_split\",\"n_splits\":7}",
                                     "{\"kind\":\"shuffle_split\",\"n_splits\":7}"};
    linear_data d = make_linear_data(500, 40, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    for (int i = 0; i < 8; i++) {
        mlsd_folds *folds = path_split(data, splitters[i / 2]);
        const path_question q = {.settings = RIDGE,
                                 .n_settings = N_RIDGE,
                                 .standardize = i / 2 != 1 ? STANDARDIZE : NULL,
                                 .data = data,
                                 .folds = folds,
                                 .what = MLSD_OUTPUT_VALUE,
                                 .is_partition = i / 2 < 2,
                                 .squares = i % 2 != 0};
        bool served;
        path_answer one = run_fast(&q, 1, &served), two = run_fast(&q, 2, &served);
        path_answer seven = run_fast(&q, 7, &served);
        assert_true(served);
        path_assert_same(&one, &two);
        path_assert_same(&one, &seven);
        path_answer_free(&one);
        path_answer_free(&two);
        path_answer_free(&seven);
        mlsd_folds_free(folds);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_ridge__exact_numerics(void **state)
{
    (void)state;
    linear_data d = make_linear_data(300, 9, 0, 23);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_folds *folds = path_split(data, KFOLD);
    const path_question q = {.settings = RIDGE,
                             .n_settings = N_RIDGE,
                             .standardize = STANDARDIZE,
                             .data = data,
                             .folds = folds,
                             .what = MLSD_OUTPUT_VALUE,
                             .is_partition = true,
                             .numerics = "exact"};
    assert_int_equal(check(q, 1e-12), 5 * N_RIDGE);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A row of a bootstrap is there more than once: nothing is served. NaN: the plain way says where.
 */
static void test_ridge__what_is_left_to_the_plain_loop(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 0, 23);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = path_split(data, "{\"kind\":\"bootstrap\",\"n_splits\":4}");
    path_question q = {.settings = RIDGE,
                       .n_settings = N_RIDGE,
                       .data = data,
                       .folds = folds,
                       .what = MLSD_OUTPUT_VALUE};
    assert_int_equal(check(q, 0), 0);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    d.x[31] = NAN;
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    folds = path_split(data, KFOLD);
    q.data = data;
    q.folds = folds;
    bool served = true;
    path_answer out = run_fast(&q, 1, &served);
    assert_false(served);
    path_answer_free(&out);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ridge__folds_as_the_plain_loop),
        cmocka_unit_test(test_ridge__standardised_in_each_fold),
        cmocka_unit_test(test_ridge__far_from_the_origin),
        cmocka_unit_test(test_ridge__other_splits),
        cmocka_unit_test(test_ridge__one_fold_as_the_plain_loop),
        cmocka_unit_test(test_ridge__one_fold_with_nan_fails),
        cmocka_unit_test(test_linear_regression__folds_as_the_plain_loop),
        cmocka_unit_test(test_linear_regression__dependent_columns_are_left),
        cmocka_unit_test(test_ridge__what_has_lost_its_digits_is_left),
        cmocka_unit_test(test_ridge__badly_scaled_columns),
        cmocka_unit_test(test_ridge__nearly_perfect_fits),
        cmocka_unit_test(test_ridge__several_targets),
        cmocka_unit_test(test_ridge__tiny_folds),
        cmocka_unit_test(test_ridge__leave_one_out),
        cmocka_unit_test(test_ridge__threads_change_nothing),
        cmocka_unit_test(test_ridge__exact_numerics),
        cmocka_unit_test(test_ridge__what_is_left_to_the_plain_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
