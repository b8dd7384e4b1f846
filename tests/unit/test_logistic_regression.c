/* test_logistic_regression.c - coefficients beside scikit-learn's, the gradient at the optimum, and
 * the cases without an ordinary answer. Witness: scikit-learn 1.2.1,
 * LogisticRegression(solver="newton-cg", tol=1e-12), on the data of linear_data.h with n = 60, p =
 * 3, seed 7 and its weights; the largest slope of what it returned was 1.4e-11 (two
 * classes), 2.1e-9 (three, C = 0.7) and 3.3e-14 (three, C = 5, no intercept). */
#include "linear_data.h"
#include "failing_allocator.h"

static const char TIGHT[] = "{\"kind\":\"logistic_regression\",\"C\":0.7,\"tol\":1e-12}";

static void test_logistic_regression__two_classes_as_scikit_learn(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 1);
    mlsd_model *model = fit_json(NULL, TIGHT, data, NULL, NULL);
    const double coef[] = {1.9638555418847443, -2.2858188954307437, -0.09835267059084284};
    const double intercept = 0.2591988267684534;
    double got[3];
    array_of(model, "coef", got, 3);
    assert_close(got, coef, 3, 1e-10);
    array_of(model, "intercept", got, 1);
    assert_close(got, &intercept, 1, 1e-10);
    assert_true(number_of(model, "converged") == 1.0);

    const double proba[] = {0.8981952506656568, 0.1018047493343432};
    const mlsd_matrix row = {d.x, 1, 3, 3, 1, MLSD_F64, 0};
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_PROBA, got, 2),
                     MLSD_OK);
    assert_close(got, proba, 2, 1e-11);
    mlsd_model_free(model);

    const double no_intercept[] = {3.8213965117413435, -3.160908894651609, -0.15401772418869963};
    model = fit_json(NULL,
                     "{\"kind\":\"logistic_regression\",\"C\":5,\"tol\":1e-12,"
                     "\"fit_intercept\":false}",
                     data, NULL, NULL);
    array_of(model, "coef", got, 3);
    assert_close(got, no_intercept, 3, 1e-11);
    assert_true(number_of(model, "intercept") == 0.0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_logistic_regression__three_classes_as_scikit_learn(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 3, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_model *model = fit_json(NULL, TIGHT, data, NULL, NULL);
    const double coef[] = {-2.0907194793311716, 1.5994151956404026, 0.1170591313188993,
                           0.3851911601936901,  0.3522520827386657, -0.17741520605178338,
                           1.7055283191374815,  -1.951667278379069, 0.06035607473288465};
    const double intercept[] = {-0.42595468517058793, 0.4919418008186646, -0.06598711564807898};
    double got[9];
    array_of(model, "coef", got, 9);
    assert_close(got, coef, 9, 1e-8);
    array_of(model, "intercept", got, 3);
    assert_close(got, intercept, 3, 1e-8);
    mlsd_model_free(model);

    const double no_intercept[] = {-2.805635947374959,   1.563145348833707,   0.13607122064644167,
                                   -0.24404315874059482, 0.8482963103934533,  -0.22173564571145007,
                                   3.0496791061155526,   -2.4114416592271595, 0.08566442506500589};
    const double proba[] = {0.7941100379910982, 0.19956969945270678, 0.00632026255619484};
    model = fit_json(NULL,
                     "{\"kind\":\"logistic_regression\",\"C\":5,\"tol\":1e-12,"
                     "\"fit_intercept\":false}",
                     data, NULL, NULL);
    array_of(model, "coef", got, 9);
    assert_close(got, no_intercept, 9, 1e-11);
    const mlsd_matrix row = {d.x, 1, 3, 3, 1, MLSD_F64, 0};
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_PROBA, got, 3),
                     MLSD_OK);
    assert_close(got, proba, 3, 1e-11);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Largest slope of C sum w loss + ||coef||^2 / 2 at a model's coefficients, over the sum of
 * weights, computed here from the definition. */
static double largest_slope(const linear_data *d, const mlsd_model *model, int64_t k, double C)
{
    const int64_t s = k == 2 ? 1 : k;
    double *const coef = calloc((size_t)(s * d->p), sizeof *coef);
    double *const intercept = calloc((size_t)s, sizeof *intercept);
    double *const slope = calloc((size_t)(s * (d->p + 1)), sizeof *slope);
    double *const proba = calloc((size_t)s, sizeof *proba);
    array_of(model, "coef", coef, s * d->p);
    array_of(model, "intercept", intercept, s);
    double weight = 0.0;
    for (int64_t i = 0; i < d->n; i++) {
        double sum = s == 1 ? 1.0 : 0.0;
        for (int64_t c = 0; c < s; c++) {
            double score = intercept[c];
            for (int64_t j = 0; j < d->p; j++) score += coef[c * d->p + j] * d->x[i * d->p + j];
            proba[c] = exp(score);
            sum += proba[c];
        }
        weight += d->weight[i];
        for (int64_t c = 0; c < s; c++) {
            const double is_right = (int64_t)d->y[i] == (s == 1 ? 1 : c) ? 1.0 : 0.0;
            const double r = C * d->weight[i] * (proba[c] / sum - is_right);
            for (int64_t j = 0; j < d->p; j++) slope[c * (d->p + 1) + j] += r * d->x[i * d->p + j];
            slope[c * (d->p + 1) + d->p] += r;
        }
    }
    double top = 0.0;
    for (int64_t c = 0; c < s; c++)
        for (int64_t j = 0; j <= d->p; j++) {
            const double own = j < d->p ? coef[c * d->p + j] : 0.0;
            top = fmax(top, fabs(slope[c * (d->p + 1) + j] + own) / weight);
        }
    free(coef);
    free(intercept);
    free(slope);
    free(proba);
    return top;
}

/* Sizes on both sides of the choice of the solver and of the start on part of the rows. */
static void test_logistic_regression__slope_at_the_optimum_is_zero(void **state)
{
    (void)state;
    static const struct {
        int64_t n, p, k;
        double tol, most;
    } CASES[] = {
        {200, 4, 2, 1e-12, 1e-13},   {3000, 12, 5, 1e-12, 1e-13}, {1500, 450, 2, 1e-9, 1e-6},
        {900, 60, 12, 1e-9, 1e-6},   {9000, 12, 6, 1e-9, 1e-8},   {70000, 3, 2, 1e-12, 1e-13},
        {70000, 3, 3, 1e-12, 1e-13},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        linear_data d = make_linear_data(CASES[i].n, CASES[i].p, CASES[i].k, 11);
        mlsd_dataset *data =
            dataset_of(&d, CASES[i].k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, 1);
        char json[128];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"logistic_regression\",\"C\":0.1,\"max_iter\":1000,\"tol\":%g}",
                       CASES[i].tol);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        assert_true(number_of(model, "converged") == 1.0);
        const double slope = largest_slope(&d, model, CASES[i].k, 0.1);
        if (!(slope <= CASES[i].most)) fail_msg("case %zu: slope %g", i, slope);
        mlsd_model_free(model);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* Default tolerance: the last Newton step makes the answer far better than the tolerance. */
static void test_logistic_regression__default_tolerance_is_safe(void **state)
{
    (void)state;
    linear_data d = make_linear_data(70000, 5, 2, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_model *loose = fit_json(NULL, "{\"kind\":\"logistic_regression\"}", data, NULL, NULL);
    mlsd_model *tight =
        fit_json(NULL, "{\"kind\":\"logistic_regression\",\"tol\":1e-13}", data, NULL, NULL);
    double a[5], b[5];
    array_of(loose, "coef", a, 5);
    array_of(tight, "coef", b, 5);
    assert_close(a, b, 5, 1e-5);
    mlsd_model_free(loose);
    mlsd_model_free(tight);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_logistic_regression__weight_two_is_a_row_twice(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(60, 3, k, 7), twice = make_linear_data(120, 3, k, 7);
        int64_t n = 0;
        for (int64_t i = 0; i < 60; i++) {
            for (int64_t copy = 0; copy < 1 + i % 3 && n < 120; copy++, n++) {
                memcpy(twice.x + n * 3, d.x + i * 3, 3 * sizeof(double));
                twice.y[n] = d.y[i];
            }
        }
        assert_int_equal(n, 120);
        const mlsd_task task = k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS;
        mlsd_dataset *weighted = dataset_of(&d, task, 1), *repeated = dataset_of(&twice, task, 0);
        mlsd_model *a = fit_json(NULL, TIGHT, weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, TIGHT, repeated, NULL, NULL);
        double coef_a[9], coef_b[9];
        const int64_t n_coef = k == 2 ? 3 : 9;
        array_of(a, "coef", coef_a, n_coef);
        array_of(b, "coef", coef_b, n_coef);
        assert_close(coef_a, coef_b, n_coef, 1e-11);
        assert_true(fabs(number_of(a, "loss") - number_of(b, "loss")) < 1e-13);
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_dataset_free(weighted);
        mlsd_dataset_free(repeated);
        free_linear_data(&d);
        free_linear_data(&twice);
    }
}

static void test_logistic_regression__separated_classes(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(90, 2, k, 5);
        for (int64_t i = 0; i < d.n; i++) {
            d.y[i] = (double)(i % k);
            d.x[2 * i] += 4.0 * d.y[i];
        }
        mlsd_dataset *data = dataset_of(&d, k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, 0);
        mlsd_model *model = fit_json(
            NULL, "{\"kind\":\"logistic_regression\",\"C\":1e4,\"tol\":1e-10,\"max_iter\":500}",
            data, NULL, NULL);
        assert_true(number_of(model, "converged") == 1.0);
        for (int64_t i = 0; i < d.n; i++) d.weight[i] = 1.0;
        assert_true(largest_slope(&d, model, k, 1e4) < 1e-6);
        mlsd_model_free(model);

        model = fit_json(NULL, "{\"kind\":\"logistic_regression\",\"penalty\":\"none\"}", data,
                         NULL, NULL);
        assert_true(number_of(model, "converged") == 0.0);
        double coef[6];
        const int64_t n_coef = k == 2 ? 2 : 6;
        array_of(model, "coef", coef, n_coef);
        for (int64_t j = 0; j < n_coef; j++) assert_true(isfinite(coef[j]));
        double predicted[90];
        assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, predicted, d.n),
                         MLSD_OK);
        assert_memory_equal(predicted, d.y, (size_t)d.n * sizeof(double));
        mlsd_model_free(model);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* Quasi-complete separation (Albert & Anderson 1984, Biometrika 71:1): x == 1 only where y == 1,
 * and both classes at x == 0. The slope falls below any tolerance while the coefficient runs away.
 */
static void test_logistic_regression__half_separated_without_penalty_does_not_converge(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 1, 2, 5);
    for (int64_t i = 0; i < d.n; i++) {
        d.x[i] = i % 3 == 0 ? 1.0 : 0.0;
        d.y[i] = i % 3 == 0 ? 1.0 : (double)(i % 2);
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"logistic_regression\",\"penalty\":\"none\",\"max_iter\":100}",
                 data, NULL, NULL);
    assert_true(number_of(model, "converged") == 0.0);
    assert_true(isfinite(number_of(model, "coef")));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Without a penalty, two equal columns: the sum is that of the fit with one of them. */
static void test_logistic_regression__collinear_columns_share(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 3, 2, 9), one = make_linear_data(200, 3, 2, 9);
    for (int64_t i = 0; i < d.n; i++) {
        d.x[3 * i + 2] = d.x[3 * i + 1];
        one.x[3 * i + 2] = 0.0;
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_dataset *single = dataset_of(&one, MLSD_TASK_BINARY, 0);
    const char *json = "{\"kind\":\"logistic_regression\",\"penalty\":\"none\",\"tol\":1e-10}";
    mlsd_model *a = fit_json(NULL, json, data, NULL, NULL);
    mlsd_model *b = fit_json(NULL, json, single, NULL, NULL);
    double coef_a[3], coef_b[3];
    array_of(a, "coef", coef_a, 3);
    array_of(b, "coef", coef_b, 3);
    assert_true(number_of(a, "converged") == 1.0);
    assert_true(fabs(coef_a[1] - coef_a[2]) < 1e-3);
    assert_true(fabs(coef_a[1] + coef_a[2] - coef_b[1]) < 1e-7);
    assert_true(coef_b[2] == 0.0);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(data);
    mlsd_dataset_free(single);
    free_linear_data(&d);
    free_linear_data(&one);
}

/* A large offset and wild units change coefficients by those units only. */
static void test_logistic_regression__units_and_offsets_do_no_harm(void **state)
{
    (void)state;
    linear_data d = make_linear_data(400, 3, 2, 13), moved = make_linear_data(400, 3, 2, 13);
    for (int64_t i = 0; i < d.n; i++) {
        moved.x[3 * i] = d.x[3 * i] * 1e9;
        moved.x[3 * i + 1] = d.x[3 * i + 1] + 1e6;
        moved.x[3 * i + 2] = d.x[3 * i + 2] * 1e-9;
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_dataset *other = dataset_of(&moved, MLSD_TASK_BINARY, 0);
    const char *json = "{\"kind\":\"logistic_regression\",\"penalty\":\"none\",\"tol\":1e-11}";
    mlsd_model *a = fit_json(NULL, json, data, NULL, NULL);
    mlsd_model *b = fit_json(NULL, json, other, NULL, NULL);
    double want[3], got[3];
    array_of(a, "coef", want, 3);
    array_of(b, "coef", got, 3);
    const double units[] = {1e9, 1.0, 1e-9};
    for (int64_t j = 0; j < 3; j++) got[j] *= units[j];
    assert_close(got, want, 3, 1e-7);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(data);
    mlsd_dataset_free(other);
    free_linear_data(&d);
    free_linear_data(&moved);
}

static void test_logistic_regression__class_without_rows_gets_probability_zero(void **state)
{
    (void)state;
    linear_data d = make_linear_data(90, 3, 3, 7);
    mlsd_dataset *all = dataset_of(&d, MLSD_TASK_MULTICLASS, 0);
    int64_t rows[90], n = 0;
    for (int64_t i = 0; i < d.n; i++)
        if (d.y[i] != 1.0) rows[n++] = i;
    mlsd_dataset *some = NULL;
    assert_int_equal(mlsd_dataset_rows(all, rows, n, &some), MLSD_OK);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"logistic_regression\"}", some, NULL, NULL);
    double proba[90 * 3];
    assert_int_equal(mlsd_model_predict(NULL, model, all, MLSD_OUTPUT_PROBA, proba, 270), MLSD_OK);
    for (int64_t i = 0; i < d.n; i++) {
        assert_true(proba[3 * i + 1] == 0.0);
        assert_true(fabs(proba[3 * i] + proba[3 * i + 2] - 1.0) < 1e-15);
    }
    mlsd_model_free(model);

    n = 0;
    for (int64_t i = 0; i < d.n; i++)
        if (d.y[i] == 2.0) rows[n++] = i;
    mlsd_dataset_free(some);
    assert_int_equal(mlsd_dataset_rows(all, rows, n, &some), MLSD_OK);
    mlsd_spec *spec = spec_from("{\"kind\":\"logistic_regression\"}");
    model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, some, NULL, NULL, &model), MLSD_E_DATA);
    assert_null(model);
    assert_string_equal(mlsd_last_error(),
                        "logistic_regression needs rows of at least two classes, "
                        "got only class number 2");
    mlsd_spec_free(spec);
    mlsd_dataset_free(some);
    mlsd_dataset_free(all);
    free_linear_data(&d);
}

static void test_logistic_regression__bad_numbers_are_named(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 7);
    mlsd_spec *spec = spec_from("{\"kind\":\"logistic_regression\"}");
    mlsd_model *model = NULL;
    const double bad[] = {NAN, INFINITY, 1e308};
    const mlsd_status want[] = {MLSD_E_DATA, MLSD_E_DATA, MLSD_E_NUMERIC};
    for (int i = 0; i < 3; i++) {
        for (int64_t r = 0; r < d.n; r++)
            if (i == 2 || r == 41) d.x[3 * r + 1] = r % 2 == 0 ? -bad[i] : bad[i];
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
        const mlsd_status status = mlsd_model_fit(NULL, spec, data, NULL, NULL, &model);
        if (i < 2) {
            assert_int_equal(status, want[i]);
            assert_non_null(strstr(mlsd_last_error(), "row 41, column 'x1'"));
        } else if (status == MLSD_OK) {
            double coef[3];
            array_of(model, "coef", coef, 3);
            for (int j = 0; j < 3; j++) assert_true(isfinite(coef[j]));
            mlsd_model_free(model);
        } else {
            assert_int_equal(status, want[i]);
        }
        mlsd_dataset_free(data);
    }
    mlsd_spec_free(spec);
    free_linear_data(&d);
}

static void test_logistic_regression__threads_do_not_change_a_byte(void **state)
{
    (void)state;
    const int64_t threads[] = {1, 2, 7};
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(70001, 4, k, 17);
        mlsd_dataset *data = dataset_of(&d, k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, 1);
        mlsd_model *models[3];
        for (int t = 0; t < 3; t++) {
            mlsd_context *context = context_with_threads(threads[t]);
            models[t] = fit_json(context, "{\"kind\":\"logistic_regression\"}", data, NULL, NULL);
            mlsd_context_free(context);
            assert_same_model(models[0], models[t]);
        }
        for (int t = 0; t < 3; t++) mlsd_model_free(models[t]);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

static void test_logistic_regression__comes_back_from_bytes(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 3, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_model *model = fit_json(NULL, TIGHT, data, NULL, NULL), *back = NULL;
    size_t size = 0;
    unsigned char *const bytes = bytes_of(model, &size);
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &back), MLSD_OK);
    assert_same_model(model, back);
    assert_true(number_of(back, "objective") == number_of(model, "objective"));
    mlsd_model_free(back);
    free(bytes);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static int cancel_now(const mlsd_event *event, void *user)
{
    (void)event;
    (void)user;
    return 1;
}

static void test_logistic_regression__can_be_cancelled(void **state)
{
    (void)state;
    linear_data d = make_linear_data(3000, 3, 2, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_context *context = context_with_threads(2);
    assert_int_equal(mlsd_context_set_progress(context, cancel_now, NULL, NULL), MLSD_OK);
    mlsd_spec *spec = spec_from("{\"kind\":\"logistic_regression\"}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(context, spec, data, NULL, NULL, &model), MLSD_E_CANCELLED);
    assert_null(model);
    mlsd_spec_free(spec);
    mlsd_context_free(context);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_logistic_regression__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 3, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_spec *spec = spec_from("{\"kind\":\"logistic_regression\"}");
    assert_refusals_survived(spec, data);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Every way of solving it: Newton's, proximal steps, a working set, L-BFGS; then the
 * cross-validated sister. The last point is the model's own loss and objective, and what its
 * probabilities say of the validation rows; before it the objective only falls. Being looked at
 * changes no byte. */
static const struct {
    const char *json;
    int64_t n_features;
    int n_classes;
} LOOKED_AT[] = {
    {"{\"kind\":\"logistic_regression\",\"C\":0.5}", 3, 2},
    {"{\"kind\":\"logistic_regression\",\"C\":0.5}", 3, 3},
    {"{\"kind\":\"logistic_regression\",\"penalty\":\"l1\"}", 3, 3},
    {"{\"kind\":\"logistic_regression\",\"penalty\":\"l1\",\"C\":0.3}", 120, 2},
    {"{\"kind\":\"logistic_regression\",\"C\":0.01}", 450, 2},
    {"{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
     "{\"kind\":\"logistic_regression\",\"penalty\":\"none\",\"max_iter\":3}]}",
     3, 2},
    {"{\"kind\":\"logistic_regression_cv\",\"Cs\":[0.1,1.0],\"n_splits\":2}", 3, 3},
};

/* Mean log loss of a model's probabilities. */
static double log_loss_of(const mlsd_model *model, const mlsd_dataset *data, const linear_data *d)
{
    double *const proba = calloc((size_t)(d->n * 3), sizeof *proba);
    const int64_t k = mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA);
    double sum = 0.0;
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, proba, d->n * k),
                     MLSD_OK);
    for (int64_t i = 0; i < d->n; i++) sum -= log(proba[i * k + (int64_t)d->y[i]]);
    free(proba);
    return sum / (double)d->n;
}

static double last_of(const mlsd_curve *curve, int64_t series)
{
    double x = 0.0, value = NAN;
    const int64_t n = mlsd_curve_point_count(curve, series);
    assert_true(n >= 1);
    assert_int_equal(mlsd_curve_point(curve, series, n - 1, &x, &value), MLSD_OK);
    return value;
}

static void assert_falls(const mlsd_curve *curve, int64_t series)
{
    double x = -1.0, before = INFINITY;
    for (int64_t i = 0; i < mlsd_curve_point_count(curve, series); i++) {
        double value = NAN;
        assert_int_equal(mlsd_curve_point(curve, series, i, &x, &value), MLSD_OK);
        assert_true(value <= before * (1.0 + 1e-12));
        before = value;
    }
}

static void test_logistic_regression__tells_a_curve(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof LOOKED_AT / sizeof *LOOKED_AT; i++) {
        const int n_classes = LOOKED_AT[i].n_classes;
        const mlsd_task task = n_classes == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS;
        linear_data d = make_linear_data(90, LOOKED_AT[i].n_features, n_classes, 5);
        linear_data e = make_linear_data(50, LOOKED_AT[i].n_features, n_classes, 6);
        mlsd_dataset *data = dataset_of(&d, task, 0), *valid = dataset_of(&e, task, 0);
        mlsd_curve *curve = NULL;
        mlsd_spec *rule = spec_from("{\"kind\":\"early_stopping\",\"patience\":1000}");
        assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
        mlsd_spec_free(rule);
        assert_int_equal(mlsd_curve_add_set(curve, "more", valid), MLSD_OK);
        mlsd_model *plain = fit_json(NULL, LOOKED_AT[i].json, data, NULL, NULL);
        mlsd_model *model = fit_json(NULL, LOOKED_AT[i].json, data, valid, curve);
        assert_same_model(plain, model);
        assert_int_equal(mlsd_curve_series_count(curve), 4);
        int64_t train = -1, objective = -1, given = -1, more = -1;
        assert_int_equal(mlsd_curve_series(curve, "loss", "train", -1, 0, &train), MLSD_OK);
        assert_int_equal(mlsd_curve_series(curve, "objective", "train", -1, 0, &objective),
                         MLSD_OK);
        assert_int_equal(mlsd_curve_series(curve, "loss", "valid", -1, 0, &given), MLSD_OK);
        assert_int_equal(mlsd_curve_series(curve, "loss", "more", -1, 0, &more), MLSD_OK);
        const double loss = log_loss_of(model, valid, &e);
        assert_true(last_of(curve, train) == number_of(model, "loss"));
        assert_true(fabs(last_of(curve, given) - loss) < 1e-12 * (1.0 + loss));
        assert_true(last_of(curve, more) == last_of(curve, given));
        assert_falls(curve, objective);
        const double C = strstr(LOOKED_AT[i].json, "0.5") != NULL ? 0.5 : 0.0;
        if (C > 0.0)
            assert_true(fabs(C * 90.0 * last_of(curve, objective) - number_of(model, "objective")) <
                        1e-12);
        const double n_iter = number_of(model, "n_iter");
        assert_true(mlsd_curve_point_count(curve, train) <= (int64_t)n_iter + 2);
        assert_int_equal(mlsd_curve_stop_reason(curve), number_of(model, "converged") == 1.0
                                                            ? MLSD_STOP_CONVERGED
                                                            : MLSD_STOP_BUDGET);
        mlsd_model_free(plain);
        mlsd_model_free(model);
        mlsd_curve_free(curve);
        mlsd_dataset_free(data);
        mlsd_dataset_free(valid);
        free_linear_data(&d);
        free_linear_data(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logistic_regression__two_classes_as_scikit_learn),
        cmocka_unit_test(test_logistic_regression__three_classes_as_scikit_learn),
        cmocka_unit_test(test_logistic_regression__slope_at_the_optimum_is_zero),
        cmocka_unit_test(test_logistic_regression__default_tolerance_is_safe),
        cmocka_unit_test(test_logistic_regression__weight_two_is_a_row_twice),
        cmocka_unit_test(test_logistic_regression__separated_classes),
        cmocka_unit_test(
            test_logistic_regression__half_separated_without_penalty_does_not_converge),
        cmocka_unit_test(test_logistic_regression__collinear_columns_share),
        cmocka_unit_test(test_logistic_regression__units_and_offsets_do_no_harm),
        cmocka_unit_test(test_logistic_regression__class_without_rows_gets_probability_zero),
        cmocka_unit_test(test_logistic_regression__bad_numbers_are_named),
        cmocka_unit_test(test_logistic_regression__threads_do_not_change_a_byte),
        cmocka_unit_test(test_logistic_regression__comes_back_from_bytes),
        cmocka_unit_test(test_logistic_regression__can_be_cancelled),
        cmocka_unit_test(test_logistic_regression__every_refused_allocation_is_survived),
        cmocka_unit_test(test_logistic_regression__tells_a_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
