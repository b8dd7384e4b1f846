/* test_augmented.c - estimators fitted to augmented rows. Witness: the same estimator fitted to the
 * rows that are made by hand; an augmentation of the test's own, which spoils every row it is given
 * and so shows whether a validation row was among them. */
#include "transform_checks.h"

static mlsd_spec *augmented_of(const char *estimator, const char *list)
{
    char json[1200];
    snprintf(json, sizeof json, "{\"kind\":\"augmented\",\"estimator\":%s,\"augment\":[%s]}",
             estimator, list);
    return spec_from(json);
}

static mlsd_model *fit_spec(const mlsd_spec *spec, const mlsd_dataset *data)
{
    mlsd_model *model = NULL;
    if (mlsd_model_fit(NULL, spec, data, NULL, NULL, &model) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return model;
}

static const char sgd[] = "{\"kind\":\"sgd_classifier\",\"max_iter\":8}";
static const char piped[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":"
    "\"sgd_classifier\",\"max_iter\":8}]}";
static const char logistic[] = "{\"kind\":\"logistic_regression\"}";
static const char neighbours[] = "{\"kind\":\"k_neighbors_classifier\"}";

/* Threads, files, a row alone; probabilities and decision scores are those of the estimator. */
static void test_augmented__threads_and_files(void **state)
{
    (void)state;
    static const char *const lists[] = {"{\"kind\":\"jitter\"},{\"kind\":\"mixup\"}",
                                        "{\"kind\":\"smote\"},{\"kind\":\"swap_noise\"}",
                                        "{\"kind\":\"random_undersample\"},{\"kind\":\"cutmix\"}"};
    static const char *const children[] = {sgd, piped, logistic, neighbours};
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(300, 3, k, 5);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 1);
        for (int t = 0; t < 12; t++) {
            char json[1200];
            snprintf(json, sizeof json,
                     "{\"kind\":\"augmented\",\"estimator\":%s,\"augment\":[%s],\"n_copies\":2}",
                     children[t % 4], lists[t / 4]);
            mlsd_model *model = fit_and_check(json, data, d.x, d.n, MLSD_OUTPUT_PROBA);
            mlsd_model *plain = fit_json(NULL, children[t % 4], data, NULL, NULL);
            static const mlsd_output outputs[] = {MLSD_OUTPUT_VALUE, MLSD_OUTPUT_PROBA,
                                                  MLSD_OUTPUT_DECISION, MLSD_OUTPUT_FEATURES};
            for (int o = 0; o < 4; o++)
                assert_int_equal(mlsd_model_n_outputs(model, outputs[o]),
                                 mlsd_model_n_outputs(plain, outputs[o]));
            mlsd_model_free(plain);
            mlsd_model_free(model);
        }
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* A regressor that is not trained by epochs: noise of scale 0 gives each row twice. */
static void test_augmented__copies(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 0, 5);
    double x[120 * 3], y[120];
    for (int i = 0; i < 120; i++) {
        memcpy(x + 3 * i, d.x + 3 * (i % 60), 3 * sizeof *x);
        y[i] = d.y[i % 60];
    }
    mlsd_dataset *once = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_dataset *twice = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, 120, 3);
    mlsd_spec *spec = augmented_of("{\"kind\":\"ridge\"}", "{\"kind\":\"jitter\",\"scale\":0}");
    mlsd_model *ours = fit_spec(spec, once);
    mlsd_model *theirs = fit_json(NULL, "{\"kind\":\"ridge\"}", twice, NULL, NULL);
    double a[3], b[3], n_rows = 0;
    int64_t rows, cols;
    assert_int_equal(mlsd_model_get_array(ours, "coef", a, 3, &rows, &cols), MLSD_OK);
    assert_int_equal(mlsd_model_get_array(theirs, "coef", b, 3, &rows, &cols), MLSD_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(mlsd_model_get_f64(ours, "n_rows_augmented", &n_rows), MLSD_OK);
    assert_true(n_rows == 120);
    mlsd_model_free(ours);
    mlsd_model_free(theirs);
    mlsd_spec_free(spec);
    mlsd_dataset_free(once);
    mlsd_dataset_free(twice);
    free_linear_data(&d);
}

/* Nothing but scale 0: training by epochs is what it is without. */
static void test_augmented__on_the_fly_is_the_same_training(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 3, 3, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 1);
    static const char *const children[] = {
        sgd, piped,
        "{\"kind\":\"sgd_classifier\",\"early_stopping\":true,\"max_iter\":20,\"average\":true}"};
    for (int k = 0; k < 3; k++) {
        mlsd_spec *spec = augmented_of(children[k], "{\"kind\":\"jitter\",\"scale\":0}");
        mlsd_model *ours = fit_spec(spec, data);
        mlsd_model *plain = fit_json(NULL, children[k], data, NULL, NULL);
        double *const a = output_of(ours, d.x, d.n, MLSD_OUTPUT_DECISION);
        double *const b = output_of(plain, d.x, d.n, MLSD_OUTPUT_DECISION);
        assert_memory_equal(a, b, (size_t)(d.n * 3) * sizeof *a);
        free(a);
        free(b);
        mlsd_model_free(ours);
        mlsd_model_free(plain);
        mlsd_spec_free(spec);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Noise in front of the scaling, and behind it, is the same noise where it is relative: scaling is
 * linear. */
static void test_augmented__before_and_after_scaling(void **state)
{
    (void)state;
    linear_data d = make_linear_data(300, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    mlsd_spec *before = augmented_of(piped, "{\"kind\":\"jitter\",\"scale\":0.3}");
    mlsd_spec *after = spec_from(
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"augmented\","
        "\"estimator\":{\"kind\":\"sgd_classifier\",\"max_iter\":8},\"augment\":[{\"kind\":"
        "\"jitter\",\"scale\":0.3}]}]}");
    mlsd_model *one = fit_spec(before, data), *other = fit_spec(after, data);
    mlsd_model *plain = fit_json(NULL, piped, data, NULL, NULL);
    double *const a = output_of(one, d.x, d.n, MLSD_OUTPUT_DECISION);
    double *const b = output_of(other, d.x, d.n, MLSD_OUTPUT_DECISION);
    double *const c = output_of(plain, d.x, d.n, MLSD_OUTPUT_DECISION);
    double apart = 0;
    for (int64_t i = 0; i < d.n; i++) {
        assert_true(fabs(a[i] - b[i]) <= 1e-9 * (1 + fabs(a[i])));
        apart = fmax(apart, fabs(a[i] - c[i]));
    }
    assert_true(apart > 1e-3);
    free(a);
    free(b);
    free(c);
    mlsd_model_free(one);
    mlsd_model_free(other);
    mlsd_model_free(plain);
    mlsd_spec_free(before);
    mlsd_spec_free(after);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* ---- an augmentation of the test's own ---- */

typedef struct spoiler {
    int64_t n_rows, n_calls, n_released, cols;
    int64_t most_epoch, most_row;
    double spoil;           /* added to every value */
    double largest;         /* value that was seen */
    double last_column_sum; /* of the last column, where validation rows carry a mark */
    int fails;
} spoiler;

static int spoil(const mlsd_spec *spec, uint64_t seed, int64_t epoch, const int64_t *rows,
                 const mlsd_matrix *X, double *out, int64_t *inout_cols, void *user)
{
    spoiler *const s = user;
    (void)spec, (void)seed;
    if (s->fails) return mlsd_error_set(MLSD_E_DATA, "no more");
    s->n_calls++;
    s->n_rows += X->rows;
    s->most_epoch = epoch > s->most_epoch ? epoch : s->most_epoch;
    *inout_cols = X->cols + s->cols;
    for (int64_t i = 0; i < X->rows; i++) {
        const double *const x = (const double *)X->data + i * X->row_stride;
        s->most_row = rows[i] > s->most_row ? rows[i] : s->most_row;
        s->last_column_sum += x[X->cols - 1];
        for (int64_t j = 0; j < X->cols; j++) out[i * X->cols + j] = x[j] + s->spoil;
    }
    return 0;
}

static void release(void *user)
{
    ((spoiler *)user)->n_released++;
}

/* A spec of the test's own augmentation around an estimator. */
static mlsd_spec *spoiled(const char *estimator, spoiler *s)
{
    mlsd_custom *custom = NULL;
    mlsd_spec *own = NULL, *child = spec_from(estimator), *spec = NULL;
    assert_int_equal(mlsd_custom_new_augmentation(NULL, "spoil", 0, spoil, s, release, &custom),
                     MLSD_OK);
    assert_int_equal(mlsd_spec_new_custom(custom, &own), MLSD_OK);
    mlsd_custom_free(custom);
    assert_int_equal(mlsd_spec_new(NULL, "augmented", &spec), MLSD_OK);
    assert_int_equal(mlsd_spec_add(spec, "estimator", NULL, child), MLSD_OK);
    assert_int_equal(mlsd_spec_add(spec, "augment", NULL, own), MLSD_OK);
    mlsd_spec_free(child);
    mlsd_spec_free(own);
    return spec;
}

static void test_augmented__callback(void **state)
{
    (void)state;
    linear_data d = make_linear_data(100, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    spoiler s = {0};
    mlsd_spec *spec = spoiled(sgd, &s);
    mlsd_model *model = fit_spec(spec, data), *failed = NULL;
    assert_int_equal(s.n_rows, 800); /* every row once an epoch */
    assert_int_equal(s.most_epoch, 7);
    assert_int_equal(s.most_row, 99);
    s.cols = 1;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &failed), MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(),
                        "spoil: augment made rows of 4 columns, but was given 3; columns are made "
                        "by transforms");
    s.cols = 0;
    s.spoil = NAN;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &failed), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "augment gave nan for column 0 of training row"));
    s.fails = 1;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &failed), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "spoil: augment: no more"));
    assert_null(failed);
    mlsd_spec_free(spec);
    mlsd_model_free(model);
    assert_int_equal(s.n_released, 1);

    mlsd_custom *custom = NULL;
    assert_int_equal(mlsd_custom_new_augmentation(NULL, "mixup", 0, spoil, &s, NULL, &custom),
                     MLSD_E_KIND);
    assert_int_equal(
        mlsd_custom_new_augmentation(NULL, "own", MLSD_CUSTOM_PROBA, spoil, &s, NULL, &custom),
        MLSD_E_ARG);
    assert_int_equal(mlsd_custom_new_augmentation(NULL, "own", 0, NULL, &s, NULL, &custom),
                     MLSD_E_ARG);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Early stopping's rows are held out before the augmentation, and never shown to it: nor copies. */
static void test_augmented__rows_held_out_are_not_augmented(void **state)
{
    (void)state;
    static const char *const children[] = {
        "{\"kind\":\"sgd_classifier\",\"early_stopping\":true,\"validation_fraction\":0.25,"
        "\"max_iter\":1}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"sgd_classifier\","
        "\"early_stopping\":true,\"validation_fraction\":0.25,\"max_iter\":1}]}"};
    linear_data d = make_linear_data(100, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    for (int k = 0; k < 2; k++) {
        spoiler s = {0};
        mlsd_spec *spec = spoiled(children[k], &s);
        mlsd_model *model = fit_spec(spec, data);
        double n_rows = 0;
        assert_int_equal(mlsd_model_get_f64(model, "n_rows_augmented", &n_rows), MLSD_OK);
        assert_true(n_rows == (double)s.n_rows && n_rows >= 74 && n_rows <= 76);
        mlsd_model_free(model);
        mlsd_spec_free(spec);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* The loss of a validation set is that of its own rows, whatever augmentation does. Where it does
 * nothing to what is learned (log loss of a model without features that vary), nothing changes. */
static void test_augmented__validation_loss(void **state)
{
    (void)state;
    linear_data d = make_linear_data(120, 3, 2, 5), v = make_linear_data(80, 3, 2, 6);
    mlsd_dataset *train = dataset_of(&d, MLSD_TASK_AUTO, 0);
    mlsd_dataset *valid = dataset_of(&v, MLSD_TASK_AUTO, 0);
    mlsd_spec *spec = augmented_of(sgd, "{\"kind\":\"jitter\",\"scale\":3},{\"kind\":\"mixup\"}");
    mlsd_curve *curve = NULL;
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_curve_new(NULL, NULL, &curve), MLSD_OK);
    assert_int_equal(mlsd_model_fit(NULL, spec, train, valid, curve, &model), MLSD_OK);
    double told = 0;
    assert_int_equal(mlsd_model_get_f64(model, "valid_loss", &told), MLSD_OK);
    double *const proba = output_of(model, v.x, v.n, MLSD_OUTPUT_PROBA), loss = 0;
    for (int64_t i = 0; i < v.n; i++) loss -= log(proba[2 * i + (int64_t)v.y[i]]) / (double)v.n;
    assert_true(fabs(loss - told) < 1e-12);
    free(proba);
    mlsd_model_free(model);
    mlsd_curve_free(curve);
    mlsd_spec_free(spec);
    mlsd_dataset_free(train);
    mlsd_dataset_free(valid);
    free_linear_data(&d);
    free_linear_data(&v);
}

/* Out-of-fold predictions of each fold are those of a fit to its training rows alone: other rows
 * may be anything. */
static void test_augmented__folds_do_not_leak(void **state)
{
    (void)state;
    static const char *const lists[] = {"{\"kind\":\"swap_noise\"},{\"kind\":\"mixup\"}",
                                        "{\"kind\":\"smote\"},{\"kind\":\"jitter\"}"};
    static const char *const children[] = {piped, logistic};
    linear_data d = make_linear_data(150, 3, 2, 5);
    for (int t = 0; t < 4; t++) {
        mlsd_spec *spec = augmented_of(children[t % 2], lists[t / 2]);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0), *part = NULL;
        int64_t rows[100];
        for (int64_t i = 0; i < 100; i++) rows[i] = i;
        assert_int_equal(mlsd_dataset_rows(data, rows, 100, &part), MLSD_OK);
        mlsd_model *model = fit_spec(spec, part);
        double *const before = output_of(model, d.x, d.n, MLSD_OUTPUT_PROBA);
        linear_data spoiled_rows = make_linear_data(150, 3, 2, 5);
        for (int64_t i = 300; i < 450; i++) spoiled_rows.x[i] = 1e6;
        mlsd_dataset *tampered = dataset_of(&spoiled_rows, MLSD_TASK_AUTO, 0), *same = NULL;
        assert_int_equal(mlsd_dataset_rows(tampered, rows, 100, &same), MLSD_OK);
        mlsd_model *again = fit_spec(spec, same);
        double *const after = output_of(again, d.x, d.n, MLSD_OUTPUT_PROBA);
        assert_memory_equal(before, after, (size_t)(2 * d.n) * sizeof *before);
        free(before);
        free(after);
        mlsd_model_free(model);
        mlsd_model_free(again);
        mlsd_dataset_free(data);
        mlsd_dataset_free(part);
        mlsd_dataset_free(tampered);
        mlsd_dataset_free(same);
        mlsd_spec_free(spec);
        free_linear_data(&spoiled_rows);
    }
    free_linear_data(&d);
}

/* In cross-validation the marks of test rows never reach the callback: with three folds each row is
 * seen by two fits, once an epoch. */
static void test_augmented__cross_validation(void **state)
{
    (void)state;
    linear_data d = make_linear_data(90, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    spoiler s = {0};
    mlsd_spec *spec = spoiled(sgd, &s), *cv = spec_from("{\"kind\":\"cross_validate\",\"splitter\":"
                                                        "{\"kind\":\"kfold\",\"n_splits\":3}}");
    mlsd_result *result = NULL;
    assert_int_equal(mlsd_spec_add(cv, "estimators", NULL, spec), MLSD_OK);
    if (mlsd_validate(NULL, cv, data, NULL, &result) != MLSD_OK) fail_msg("%s", mlsd_last_error());
    assert_int_equal(s.n_rows, 3 * 60 * 8);
    assert_int_equal(s.most_row, 59); /* rows of the training part */
    mlsd_result_free(result);
    mlsd_spec_free(cv);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_augmented__says_what_is_wrong(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    assert_fit_fails("{\"kind\":\"augmented\"}", data, MLSD_E_CHILD, "has no estimator");
    assert_fit_fails("{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"gaussian_nb\"}}", data,
                     MLSD_E_CHILD, "has no augmentation");
    static const struct {
        const char *estimator, *list, *words;
    } cases[] = {
        {"{\"kind\":\"logistic_regression_cv\"}", "{\"kind\":\"jitter\"}", "parts its training"},
        {"{\"kind\":\"calibrated_classifier\",\"estimator\":{\"kind\":\"gaussian_nb\"}}",
         "{\"kind\":\"smote\"}", "calibrated_classifier parts its training"},
        {"{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"target_encode\"},{\"kind\":\"gaussian_nb\"}"
         "]}",
         "{\"kind\":\"jitter\"}", "target_encode parts its training"},
        {"{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"gaussian_nb\"},\"augment\":[{\"kind\":"
         "\"jitter\"}]}",
         "{\"kind\":\"jitter\"}", "augmented already"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[600];
        snprintf(json, sizeof json, "{\"kind\":\"augmented\",\"estimator\":%s,\"augment\":[%s]}",
                 cases[i].estimator, cases[i].list);
        assert_fit_fails(json, data, MLSD_E_CHILD, cases[i].words);
    }
    /* A NaN is found where the estimator cannot take it. */
    mlsd_spec *spec = augmented_of(logistic, "{\"kind\":\"jitter\"}");
    mlsd_model *model = fit_spec(spec, data);
    const double row[] = {1, NAN, 1};
    const mlsd_matrix x = {row, 1, 3, 3, 1, MLSD_F64, 0};
    double out;
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &x, MLSD_OUTPUT_VALUE, &out, 1),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "is NaN"));
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_augmented__threads_and_files),
        cmocka_unit_test(test_augmented__copies),
        cmocka_unit_test(test_augmented__on_the_fly_is_the_same_training),
        cmocka_unit_test(test_augmented__before_and_after_scaling),
        cmocka_unit_test(test_augmented__callback),
        cmocka_unit_test(test_augmented__rows_held_out_are_not_augmented),
        cmocka_unit_test(test_augmented__validation_loss),
        cmocka_unit_test(test_augmented__folds_do_not_leak),
        cmocka_unit_test(test_augmented__cross_validation),
        cmocka_unit_test(test_augmented__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
