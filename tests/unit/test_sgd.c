/* test_sgd.c - stochastic gradient descent: updates beside scikit-learn's, slopes beside
 * differences, the optimum of a convex problem, what is given back at the end, and what happens
 * when numbers break down. Witness: scikit-learn 1.2.1, SGDClassifier and
 * SGDRegressor(shuffle=False, tol=None, max_iter=4), on the data of linear_data.h with n = 60, p =
 * 3, seed 7, without weights. */
#include "linear_data.h"
#include "failing_allocator.h"
#include "model/model_impl.h"
#include "numeric/blas.h"

/* A curve that neither stops nor restores: the fit gives back its last state, as scikit-learn does.
 */
static mlsd_curve *bare_curve(void)
{
    mlsd_spec *rule = spec_from("{\"kind\":\"early_stopping\",\"monitor\":\"train\","
                                "\"patience\":1000000,\"restore_best\":false}");
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
    mlsd_spec_free(rule);
    return curve;
}

static mlsd_task task_of(int64_t k)
{
    return k == 0 ? MLSD_TASK_REGRESSION : k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS;
}

static void test_sgd__batches_of_one_are_scikit_learn(void **state)
{
    (void)state;
    static const struct {
        int64_t k;
        const char *json;
        double want[4]; /* coefficients, intercept */
    } CASES[] = {
        {2,
         "{\"kind\":\"sgd_classifier\",\"learning_rate\":\"constant\",\"eta0\":0.05,"
         "\"alpha\":0.01,\"shuffle\":false,\"batch_size\":1,\"max_iter\":4}",
         {0.5617358724004767, -1.2578923594872713, -0.12010462818557449, 0.05891828801809219}},
        {2,
         "{\"kind\":\"sgd_classifier\",\"loss\":\"hinge\",\"alpha\":0.05,"
         "\"penalty\":\"elasticnet\",\"l1_ratio\":0.4,\"shuffle\":false,\"batch_size\":1,"
         "\"max_iter\":4}",
         {0.8602004032069553, -1.5840075294106273, 0.0, -0.02255511044370802}},
        {2,
         "{\"kind\":\"sgd_classifier\",\"loss\":\"modified_huber\",\"alpha\":0.02,"
         "\"learning_rate\":\"invscaling\",\"eta0\":0.1,\"penalty\":\"l1\",\"shuffle\":false,"
         "\"batch_size\":1,\"max_iter\":4}",
         {0.4815855115128545, -0.8250602345059407, -0.05913621256578929, 0.05105758492432631}},
        {2,
         "{\"kind\":\"sgd_classifier\",\"learning_rate\":\"constant\",\"eta0\":0.05,"
         "\"alpha\":0.01,\"average\":true,\"shuffle\":false,\"batch_size\":1,\"max_iter\":4}",
         {0.2973896553986622, -0.7761082959117374, -0.04717327009891492, 0.01613254188557543}},
        {0,
         "{\"kind\":\"sgd_regressor\",\"shuffle\":false,\"batch_size\":1,\"max_iter\":4}",
         {0.16999552605794052, -0.32280440950525424, -0.02545830188475669, -0.02829819100137329}},
        {0,
         "{\"kind\":\"sgd_regressor\",\"loss\":\"huber\",\"epsilon\":0.3,"
         "\"learning_rate\":\"constant\",\"eta0\":0.05,\"penalty\":\"l1\",\"alpha\":0.01,"
         "\"shuffle\":false,\"batch_size\":1,\"max_iter\":4}",
         {0.3115121842136563, -0.7170981774208903, -0.00086732867807006, 0.10374834256814827}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        linear_data d = make_linear_data(60, 3, CASES[i].k, 7);
        mlsd_dataset *data = dataset_of(&d, task_of(CASES[i].k), 0);
        mlsd_curve *curve = bare_curve();
        mlsd_model *model = fit_json(NULL, CASES[i].json, data, NULL, curve);
        double got[4];
        array_of(model, "coef", got, 3);
        array_of(model, "intercept", got + 3, 1);
        assert_close(got, CASES[i].want, 4, 1e-13);
        assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_BUDGET);
        assert_true(number_of(model, "converged") == 0.0);
        mlsd_model_free(model);
        mlsd_curve_free(curve);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* The losses from their definitions, of one row with k scores. */
static double loss_by_definition(const char *name, const double *z, int64_t k, double y)
{
    if (strcmp(name, "squared_error") == 0) return 0.5 * (z[0] - y) * (z[0] - y);
    if (strcmp(name, "huber") == 0) {
        const double r = fabs(z[0] - y);
        return r <= 0.1 ? 0.5 * r * r : 0.1 * (r - 0.05);
    }
    if (strcmp(name, "log_loss") == 0 && k > 1) {
        double sum = 0.0;
        for (int64_t c = 0; c < k; c++) sum += exp(z[c]);
        return log(sum) - z[(int64_t)y];
    }
    double total = 0.0;
    for (int64_t c = 0; c < k; c++) {
        const double margin = z[c] * ((int64_t)y == (k == 1 ? 1 : c) ? 1.0 : -1.0);
        if (strcmp(name, "log_loss") == 0) total += log(1.0 + exp(-margin));
        if (strcmp(name, "hinge") == 0) total += fmax(0.0, 1.0 - margin);
        if (strcmp(name, "modified_huber") == 0)
            total += margin >= -1.0 ? pow(fmax(0.0, 1.0 - margin), 2) : -4.0 * margin;
    }
    return total;
}

/* Weighted mean over the data at theta (coefficients, then intercepts). */
static double mean_by_definition(const char *name, const linear_data *d, int64_t k,
                                 const double *theta)
{
    double sum = 0.0, weight = 0.0, z[3] = {0};
    for (int64_t i = 0; i < d->n; i++) {
        for (int64_t c = 0; c < k; c++) {
            z[c] = theta[k * d->p + c];
            for (int64_t j = 0; j < d->p; j++) z[c] += theta[c * d->p + j] * d->x[i * d->p + j];
        }
        sum += d->weight[i] * loss_by_definition(name, z, k, d->y[i]);
        weight += d->weight[i];
    }
    return sum / weight;
}

static void theta_after(const char *loss, const mlsd_dataset *data, int64_t k, int64_t n_scores,
                        int64_t epochs, double *out)
{
    char json[256];
    (void)snprintf(json, sizeof json,
                   "{\"kind\":\"%s\",\"loss\":\"%s\",\"penalty\":\"none\",\"batch_size\":200,"
                   "\"learning_rate\":\"constant\",\"eta0\":0.125,\"max_iter\":%lld}",
                   k == 0 ? "sgd_regressor" : "sgd_classifier", loss, (long long)epochs);
    mlsd_curve *curve = bare_curve();
    mlsd_model *model = fit_json(NULL, json, data, NULL, curve);
    array_of(model, "coef", out, 3 * n_scores);
    array_of(model, "intercept", out + 3 * n_scores, n_scores);
    mlsd_model_free(model);
    mlsd_curve_free(curve);
}

/* With all rows in one batch an update is -eta times the slope of the mean loss: central
 * differences of the definition say what that is. Kinks are met with probability zero. */
static void test_sgd__slopes_are_differences_of_the_loss(void **state)
{
    (void)state;
    static const struct {
        int64_t k;
        const char *loss;
    } CASES[] = {{2, "log_loss"},       {3, "log_loss"},       {2, "hinge"},         {3, "hinge"},
                 {2, "modified_huber"}, {3, "modified_huber"}, {0, "squared_error"}, {0, "huber"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        const int64_t k = CASES[i].k, s = k == 3 ? 3 : 1, n_theta = 4 * s;
        linear_data d = make_linear_data(120, 3, k, 21);
        mlsd_dataset *data = dataset_of(&d, task_of(k), 1);
        double before[12], after[12];
        theta_after(CASES[i].loss, data, k, s, 3, before);
        theta_after(CASES[i].loss, data, k, s, 4, after);
        for (int64_t j = 0; j < n_theta; j++) {
            double theta[12];
            memcpy(theta, before, sizeof theta);
            theta[j] = before[j] + 1e-6;
            const double up = mean_by_definition(CASES[i].loss, &d, s, theta);
            theta[j] = before[j] - 1e-6;
            const double down = mean_by_definition(CASES[i].loss, &d, s, theta);
            const double slope = (before[j] - after[j]) / 0.125;
            if (!(fabs(slope - (up - down) / 2e-6) < 1e-7))
                fail_msg("%s, %lld classes, %lld: %.12g, differences say %.12g", CASES[i].loss,
                         (long long)k, (long long)j, slope, (up - down) / 2e-6);
        }
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* C = 1 / (alpha n) makes both objectives the same. */
static void test_sgd__reaches_the_optimum_of_logistic_regression(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(2000, 3, k, 3);
        mlsd_dataset *data = dataset_of(&d, task_of(k), 0);
        mlsd_model *exact = fit_json(
            NULL, "{\"kind\":\"logistic_regression\",\"C\":0.5,\"tol\":1e-10}", data, NULL, NULL);
        mlsd_model *sgd = fit_json(NULL,
                                   "{\"kind\":\"sgd_classifier\",\"alpha\":0.001,"
                                   "\"learning_rate\":\"adaptive\",\"eta0\":0.2,"
                                   "\"tol\":1e-7,\"max_iter\":5000,\"batch_size\":100}",
                                   data, NULL, NULL);
        double want[9], got[9];
        array_of(exact, "coef", want, k == 2 ? 3 : 9);
        array_of(sgd, "coef", got, k == 2 ? 3 : 9);
        assert_close(got, want, k == 2 ? 3 : 9, 0.03);
        assert_true(fabs(number_of(sgd, "loss") - number_of(exact, "loss")) < 5e-4);
        assert_true(number_of(sgd, "converged") == 1.0);
        mlsd_model_free(exact);
        mlsd_model_free(sgd);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

static double least_of(const mlsd_curve *curve, int64_t series, int64_t *out_step)
{
    double least = INFINITY;
    for (int64_t i = 0; i < mlsd_curve_point_count(curve, series); i++) {
        double step = 0.0, value = 0.0;
        assert_int_equal(mlsd_curve_point(curve, series, i, &step, &value), MLSD_OK);
        assert_int_equal(step, i);
        if (value < least) {
            least = value;
            *out_step = (int64_t)step;
        }
    }
    return least;
}

/* Few rows, many columns and no penalty: the validation loss turns. Whether patience or the budget
 * ends the training, the state of the best epoch comes back: bit for bit that of a training which
 * ends there. */
static void test_sgd__best_state_is_restored(void **state)
{
    (void)state;
    linear_data d = make_linear_data(120, 20, 2, 5);
    for (int64_t i = 0; i < 2400; i++) d.x[i] /= (double)(i % 20 + 1);
    mlsd_dataset *all = dataset_of(&d, MLSD_TASK_BINARY, 0), *train = NULL, *valid = NULL;
    int64_t rows[120];
    for (int64_t i = 0; i < 120; i++) rows[i] = i;
    assert_int_equal(mlsd_dataset_rows(all, rows, 40, &train), MLSD_OK);
    assert_int_equal(mlsd_dataset_rows(all, rows + 40, 80, &valid), MLSD_OK);
    static const char FORMAT[] = "{\"kind\":\"sgd_classifier\",\"penalty\":\"none\","
                                 "\"learning_rate\":\"constant\",\"eta0\":0.5,\"max_iter\":%d}";
    const int budgets[] = {2000, 150};
    const char *const rules[] = {"{\"kind\":\"early_stopping\",\"patience\":20}",
                                 "{\"kind\":\"early_stopping\",\"patience\":100000}"};
    for (int i = 0; i < 2; i++) {
        char json[256];
        mlsd_spec *rule = spec_from(rules[i]);
        mlsd_curve *curve = NULL;
        assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
        mlsd_spec_free(rule);
        (void)snprintf(json, sizeof json, FORMAT, budgets[i]);
        mlsd_model *model = fit_json(NULL, json, train, valid, curve);
        assert_int_equal(mlsd_curve_stop_reason(curve),
                         i == 0 ? MLSD_STOP_PATIENCE : MLSD_STOP_BUDGET);
        assert_string_equal(mlsd_curve_series_name(curve, 0), "train");
        assert_string_equal(mlsd_curve_series_name(curve, 1), "valid");
        int64_t best = -1;
        const double least = least_of(curve, 1, &best);
        assert_true(best > 0 && best < mlsd_curve_point_count(curve, 1) - 1);
        assert_int_equal(mlsd_curve_best_step(curve), best);
        assert_true(number_of(model, "best_iter") == (double)best);
        assert_true(number_of(model, "valid_loss") == least);

        (void)snprintf(json, sizeof json, FORMAT, (int)best + 1);
        mlsd_curve *bare = bare_curve();
        mlsd_model *until_best = fit_json(NULL, json, train, valid, bare);
        double got[20], want[20], proba[160], loss = 0.0;
        array_of(model, "coef", got, 20);
        array_of(until_best, "coef", want, 20);
        assert_memory_equal(got, want, sizeof want);
        assert_int_equal(mlsd_model_predict(NULL, model, valid, MLSD_OUTPUT_PROBA, proba, 160),
                         MLSD_OK);
        for (int64_t r = 0; r < 80; r++) loss -= log(proba[2 * r + (int64_t)d.y[40 + r]]) / 80.0;
        assert_true(fabs(loss - least) < 1e-14);
        mlsd_model_free(until_best);
        mlsd_curve_free(bare);
        mlsd_model_free(model);
        mlsd_curve_free(curve);
    }
    mlsd_dataset_free(train);
    mlsd_dataset_free(valid);
    mlsd_dataset_free(all);
    free_linear_data(&d);
}

static void test_sgd__early_stopping_holds_rows_out(void **state)
{
    (void)state;
    linear_data d = make_linear_data(500, 4, 3, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    const char *json = "{\"kind\":\"sgd_classifier\",\"early_stopping\":true,\"eta0\":0.05,"
                       "\"learning_rate\":\"constant\"}";
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    assert_true(number_of(model, "converged") == 1.0);
    assert_true(number_of(model, "stop_reason") == (double)MLSD_STOP_PATIENCE);
    assert_true(number_of(model, "n_iter") >= number_of(model, "best_iter") + 1.0);
    assert_true(number_of(model, "valid_loss") < log(3.0));
    mlsd_model *again = fit_json(NULL, json, data, NULL, NULL);
    assert_same_model(model, again);
    mlsd_model_free(again);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    int64_t rows[3] = {0, 1, 2};
    d.y[0] = 0.0;
    d.y[1] = 1.0;
    d.y[2] = 2.0;
    mlsd_dataset *all = dataset_of(&d, MLSD_TASK_MULTICLASS, 0), *few = NULL;
    assert_int_equal(mlsd_dataset_rows(all, rows, 3, &few), MLSD_OK);
    mlsd_spec *spec = spec_from(json);
    assert_int_equal(mlsd_model_fit(NULL, spec, few, NULL, NULL, &model), MLSD_E_DATA);
    mlsd_spec_free(spec);
    mlsd_dataset_free(few);
    mlsd_dataset_free(all);
    free_linear_data(&d);
}

static void test_sgd__training_loss_ends_it_without_a_validation_set(void **state)
{
    (void)state;
    linear_data d = make_linear_data(500, 3, 0, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    const char *const rates[] = {"constant", "adaptive"};
    double losses[2];
    for (int i = 0; i < 2; i++) {
        char json[256];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"sgd_regressor\",\"learning_rate\":\"%s\",\"eta0\":0.3,"
                       "\"batch_size\":4}",
                       rates[i]);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        assert_true(number_of(model, "converged") == 1.0);
        assert_true(number_of(model, "stop_reason") == (double)MLSD_STOP_CONVERGED);
        assert_true(isnan(number_of(model, "valid_loss")));
        losses[i] = number_of(model, "loss");
        mlsd_model_free(model);
    }
    assert_true(losses[1] < losses[0]);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Steps far too long for the data: the fit ends by itself, says so, and gives back finite numbers.
 */
static void test_sgd__divergence_is_reported_and_leaves_finite_numbers(void **state)
{
    (void)state;
    linear_data d = make_linear_data(300, 3, 0, 5);
    for (int64_t i = 0; i < 900; i++) d.x[i] *= 1e100;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    for (int with_curve = 0; with_curve < 2; with_curve++) {
        mlsd_curve *curve = with_curve ? bare_curve() : NULL;
        mlsd_model *model = fit_json(NULL,
                                     "{\"kind\":\"sgd_regressor\",\"learning_rate\":\"constant\","
                                     "\"eta0\":1}",
                                     data, NULL, curve);
        double coef[3];
        array_of(model, "coef", coef, 3);
        for (int j = 0; j < 3; j++) assert_true(isfinite(coef[j]));
        assert_true(isfinite(number_of(model, "intercept")));
        assert_true(isfinite(number_of(model, "loss")));
        assert_true(number_of(model, "converged") == 0.0);
        assert_true(number_of(model, "stop_reason") == (double)MLSD_STOP_NONFINITE);
        if (with_curve) assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_NONFINITE);
        mlsd_model_free(model);
        mlsd_curve_free(curve);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_sgd__weights_count_only_beside_each_other(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 3, 2, 5);
    for (int64_t i = 0; i < d.n; i++) d.weight[i] = 8.0;
    mlsd_dataset *heavy = dataset_of(&d, MLSD_TASK_BINARY, 1);
    mlsd_dataset *plain = dataset_of(&d, MLSD_TASK_BINARY, 0);
    const char *json = "{\"kind\":\"sgd_classifier\",\"max_iter\":20}";
    mlsd_model *a = fit_json(NULL, json, heavy, NULL, NULL);
    mlsd_model *b = fit_json(NULL, json, plain, NULL, NULL);
    double coef_a[3], coef_b[3];
    array_of(a, "coef", coef_a, 3);
    array_of(b, "coef", coef_b, 3);
    assert_memory_equal(coef_a, coef_b, sizeof coef_a);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(heavy);
    mlsd_dataset_free(plain);
    free_linear_data(&d);
}

static void test_sgd__probabilities_by_loss(void **state)
{
    (void)state;
    linear_data d = make_linear_data(300, 3, 3, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 0);
    static double out[900];
    mlsd_model *hinge =
        fit_json(NULL, "{\"kind\":\"sgd_classifier\",\"loss\":\"hinge\"}", data, NULL, NULL);
    assert_int_equal(mlsd_model_n_outputs(hinge, MLSD_OUTPUT_PROBA), 0);
    assert_int_equal(mlsd_model_predict(NULL, hinge, data, MLSD_OUTPUT_PROBA, out, 900),
                     MLSD_E_UNSUPPORTED);
    assert_int_equal(mlsd_model_n_outputs(hinge, MLSD_OUTPUT_DECISION), 3);
    assert_int_equal(mlsd_model_predict(NULL, hinge, data, MLSD_OUTPUT_VALUE, out, 300), MLSD_OK);
    int64_t n_right = 0;
    for (int64_t i = 0; i < 300; i++) n_right += out[i] == d.y[i];
    assert_true(n_right > 150);
    mlsd_model_free(hinge);

    mlsd_model *huber = fit_json(NULL, "{\"kind\":\"sgd_classifier\",\"loss\":\"modified_huber\"}",
                                 data, NULL, NULL);
    assert_int_equal(mlsd_model_predict(NULL, huber, data, MLSD_OUTPUT_PROBA, out, 900), MLSD_OK);
    for (int64_t i = 0; i < 300; i++) {
        assert_true(fabs(out[3 * i] + out[3 * i + 1] + out[3 * i + 2] - 1.0) < 1e-14);
        for (int c = 0; c < 3; c++) assert_true(out[3 * i + c] >= 0.0);
    }
    mlsd_model_free(huber);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_sgd__contradicting_parameters_are_named(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_model *model = NULL;
    mlsd_spec *spec = spec_from("{\"kind\":\"sgd_classifier\",\"learning_rate\":\"constant\"}");
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_PARAM_CONFLICT);
    assert_string_equal(mlsd_last_error(),
                        "'eta0' must be above 0 where 'learning_rate' is constant");
    mlsd_spec_free(spec);
    spec = spec_from("{\"kind\":\"sgd_classifier\",\"alpha\":0}");
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_PARAM_CONFLICT);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);

    for (int64_t i = 0; i < d.n; i++) d.y[i] = (double)(i % 2);
    mlsd_dataset *all = dataset_of(&d, MLSD_TASK_BINARY, 0), *one = NULL;
    const int64_t rows[] = {1, 3, 5};
    assert_int_equal(mlsd_dataset_rows(all, rows, 3, &one), MLSD_OK);
    spec = spec_from("{\"kind\":\"sgd_classifier\"}");
    assert_int_equal(mlsd_model_fit(NULL, spec, one, NULL, NULL, &model), MLSD_E_DATA);
    mlsd_spec_free(spec);
    mlsd_dataset_free(one);
    mlsd_dataset_free(all);
    free_linear_data(&d);
}

static void test_sgd__threads_do_not_change_a_byte(void **state)
{
    (void)state;
    const int64_t threads[] = {1, 2, 7};
    linear_data d = make_linear_data(5000, 4, 3, 17);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_model *models[3];
    for (int t = 0; t < 3; t++) {
        mlsd_context *context = context_with_threads(threads[t]);
        models[t] = fit_json(context,
                             "{\"kind\":\"sgd_classifier\",\"early_stopping\":true,"
                             "\"max_iter\":15,\"seed\":3}",
                             data, NULL, NULL);
        mlsd_context_free(context);
        assert_same_model(models[0], models[t]);
    }
    for (int t = 0; t < 3; t++) mlsd_model_free(models[t]);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Train to 2, then to 3, then to 8 epochs: the bytes of 8 at once. */
static void assert_goes_on(const char *json, const mlsd_dataset *data)
{
    static const int64_t budgets[] = {2, 3, 8};
    mlsd_spec *spec = spec_from(json);
    const char *const name =
        mlsd_spec_child_count(spec) > 0 ? "sgd_classifier.max_iter" : "max_iter";
    mlsd__scope scope;
    void *progress = NULL;
    mlsd_model *whole = NULL, *parts = NULL;
    assert_int_equal(mlsd__numeric_open(&scope, NULL), MLSD_OK);
    for (int i = 0; i < 3; i++) {
        mlsd_model_free(parts);
        assert_int_equal(mlsd_spec_set_i64(spec, name, budgets[i]), MLSD_OK);
        assert_int_equal(mlsd__model_fit_on(&scope, spec, data, &progress, &parts), MLSD_OK);
    }
    assert_int_equal(mlsd__model_fit(&scope, spec, data, NULL, NULL, &whole), MLSD_OK);
    assert_same_model(whole, parts);
    mlsd__free(scope.allocator, progress);
    mlsd_model_free(whole);
    mlsd_model_free(parts);
    mlsd__scope_close(&scope);
    mlsd_spec_free(spec);
}

static void test_sgd__goes_on_where_it_stopped(void **state)
{
    (void)state;
    linear_data d = make_linear_data(300, 4, 3, 17), r = make_linear_data(300, 4, 0, 18);
    mlsd_dataset *classes = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_dataset *numbers = dataset_of(&r, MLSD_TASK_REGRESSION, 0);
    assert_goes_on("{\"kind\":\"sgd_classifier\"}", classes);
    assert_goes_on("{\"kind\":\"sgd_classifier\",\"penalty\":\"l1\",\"average\":true,"
                   "\"learning_rate\":\"invscaling\",\"eta0\":0.1,\"class_weight\":\"balanced\"}",
                   classes);
    assert_goes_on("{\"kind\":\"sgd_classifier\",\"early_stopping\":true,\"seed\":3}", classes);
    assert_goes_on("{\"kind\":\"sgd_regressor\"}", numbers);
    assert_goes_on("{\"kind\":\"sgd_regressor\",\"learning_rate\":\"adaptive\",\"eta0\":1,"
                   "\"tol\":10,\"n_iter_no_change\":1,\"penalty\":\"elasticnet\"}",
                   numbers);
    /* It ends by itself before the first budget, and numbers break down. */
    assert_goes_on("{\"kind\":\"sgd_regressor\",\"tol\":100,\"n_iter_no_change\":1}", numbers);
    assert_goes_on("{\"kind\":\"sgd_regressor\",\"learning_rate\":\"constant\",\"eta0\":1e200}",
                   numbers);
    assert_goes_on("{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
                   "{\"kind\":\"sgd_classifier\"}]}",
                   classes);
    mlsd_dataset_free(numbers);
    mlsd_dataset_free(classes);
    free_linear_data(&r);
    free_linear_data(&d);
}

static int stop_at_third_call(const mlsd_event *event, void *user)
{
    (void)event;
    return ++*(int *)user >= 3;
}

static void test_sgd__can_be_cancelled(void **state)
{
    (void)state;
    linear_data d = make_linear_data(20000, 4, 2, 17);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_context *context = context_with_threads(2);
    int calls = 0;
    assert_int_equal(mlsd_context_set_progress(context, stop_at_third_call, &calls, NULL), MLSD_OK);
    mlsd_spec *spec = spec_from("{\"kind\":\"sgd_classifier\",\"tol\":0,\"max_iter\":1000000,"
                                "\"n_iter_no_change\":1000000}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(context, spec, data, NULL, NULL, &model), MLSD_E_CANCELLED);
    assert_true(calls >= 3);
    mlsd_spec_free(spec);
    mlsd_context_free(context);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_sgd__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    linear_data d = make_linear_data(80, 3, 3, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_spec *spec = spec_from("{\"kind\":\"sgd_classifier\",\"early_stopping\":true,"
                                "\"average\":true,\"penalty\":\"l1\",\"max_iter\":2}");
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *context = failing_context(&f, 2);
        mlsd_curve *curve = NULL;
        mlsd_model *model = NULL;
        mlsd_status status = context != NULL ? mlsd_curve_new(context, NULL, &curve) : MLSD_E_NOMEM;
        if (status == MLSD_OK) status = mlsd_model_fit(context, spec, data, NULL, curve, &model);
        mlsd_model_free(model);
        mlsd_curve_free(curve);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (f.failed == 0) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Two rows, worked by hand in fractions of two (Crammer et al. 2006, figure 1): without a limit the
 * loss of a row is 0 after its step, C caps or softens the step, and a row that is near enough
 * changes nothing. */
static void test_sgd__passive_aggressive_steps(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        double want[3]; /* coefficients, intercept */
    } CASES[] = {
        {"\"C\":100", {1.0625, -0.1875, 0.4375}},
        {"\"C\":0.25", {0.5, 0.0, 0.25}},
        {"\"C\":0.5,\"loss\":\"squared_epsilon_insensitive\"", {1.0, 0.0, 0.5}},
        {"\"C\":100,\"average\":true", {1.15625, -0.09375, 0.53125}},
    };
    double x[] = {2.0, 0.0, 1.0, 1.0}, y[] = {3.0, 1.0};
    const mlsd_matrix X = {x, 2, 2, 2, 1, MLSD_F64, 0}, Y = {y, 2, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    assert_int_equal(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_REGRESSION, &data),
                     MLSD_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char json[256];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"passive_aggressive_regressor\",\"epsilon\":0.5,"
                       "\"shuffle\":false,\"max_iter\":1,%s}",
                       CASES[i].json);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        double got[3];
        array_of(model, "coef", got, 2);
        array_of(model, "intercept", got + 2, 1);
        assert_close(got, CASES[i].want, 3, 0.0);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd__batches_of_one_are_scikit_learn),
        cmocka_unit_test(test_sgd__slopes_are_differences_of_the_loss),
        cmocka_unit_test(test_sgd__reaches_the_optimum_of_logistic_regression),
        cmocka_unit_test(test_sgd__best_state_is_restored),
        cmocka_unit_test(test_sgd__early_stopping_holds_rows_out),
        cmocka_unit_test(test_sgd__training_loss_ends_it_without_a_validation_set),
        cmocka_unit_test(test_sgd__divergence_is_reported_and_leaves_finite_numbers),
        cmocka_unit_test(test_sgd__weights_count_only_beside_each_other),
        cmocka_unit_test(test_sgd__probabilities_by_loss),
        cmocka_unit_test(test_sgd__contradicting_parameters_are_named),
        cmocka_unit_test(test_sgd__threads_do_not_change_a_byte),
        cmocka_unit_test(test_sgd__goes_on_where_it_stopped),
        cmocka_unit_test(test_sgd__can_be_cancelled),
        cmocka_unit_test(test_sgd__every_refused_allocation_is_survived),
        cmocka_unit_test(test_sgd__passive_aggressive_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
