/* test_approximate_loo.c - leaving out each row from one fit, beside n fits that leave it out.
 * Witness of the figures' size: the simulation of Rad & Maleki's formula that this kind is built
 * on, logistic regression with n = 400 and p = 20: exact .29814, approximate .29770, in sample
 * .2495; here with other random numbers, hence other digits. */
#include <stdbool.h>

#include "failing_allocator.h"
#include "linear_data.h"

static const double PI = 3.14159265358979323846;

static double next_normal(uint32_t *seed)
{
    const double u = next_uniform(seed) + 0.5, v = next_uniform(seed) + 0.5;
    return sqrt(-2 * log(u > 0 ? u : 1e-9)) * cos(2 * PI * v);
}

/* p normal columns; y: 0 and 1 (k = 2), counts (k = -1), or positive numbers (k = 0). */
static linear_data normal_data(int64_t n, int64_t p, int k, double strength, uint32_t seed)
{
    linear_data d = make_linear_data(n, p, 0, 1);
    double coef[64];
    for (int64_t j = 0; j < p; j++) coef[j] = strength * next_normal(&seed) / sqrt((double)p);
    for (int64_t i = 0; i < n; i++) {
        double score = 0.3;
        for (int64_t j = 0; j < p; j++) {
            d.x[i * p + j] = next_normal(&seed);
            score += coef[j] * d.x[i * p + j];
        }
        const double u = next_uniform(&seed) + 0.5;
        d.y[i] = k == 2  ? (u < 1 / (1 + exp(-score)) ? 1 : 0)
                 : k < 0 ? floor(exp(score) * 2 * u)
                         : exp(0.3 * score) * (0.5 + u);
    }
    return d;
}

static mlsd_result *validate(const mlsd_context *context, const char *estimator, int64_t n_checks,
                             const char *metric, const mlsd_dataset *data, mlsd_status *status)
{
    char json[1024];
    snprintf(json, sizeof json,
             "{\"kind\":\"approximate_loo\",\"estimator\":%s,\"n_checks\":%d,\"metrics\":[\"%s\"]}",
             estimator, (int)n_checks, metric);
    mlsd_spec *spec = spec_from(json);
    mlsd_result *result = NULL;
    *status = mlsd_validate(context, spec, data, NULL, &result);
    mlsd_spec_free(spec);
    return result;
}

static mlsd_result *validated(const char *estimator, int64_t n_checks, const char *metric,
                              const mlsd_dataset *data)
{
    mlsd_status status;
    mlsd_result *result = validate(NULL, estimator, n_checks, metric, data, &status);
    if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return result;
}

static double number_in(const mlsd_result *result, const char *name)
{
    double value = NAN;
    if (mlsd_result_get_f64(result, name, &value) != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return value;
}

/* Column `name` of the predictions. */
static void column_in(const mlsd_result *result, const char *name, double *out, int64_t n)
{
    const mlsd_table *const table = mlsd_result_get_table(result, "predictions");
    int64_t column = -1;
    assert_non_null(table);
    assert_int_equal(mlsd_table_find(table, name, &column), MLSD_OK);
    assert_int_equal(mlsd_table_get_f64(table, column, 0, n, out), MLSD_OK);
}

/* Each row's prediction (the probability of the second class) by a fit to the others. */
static void brute_force(const char *estimator, const mlsd_dataset *data, bool is_class, double *out)
{
    const int64_t n = mlsd_dataset_n_rows(data);
    int64_t *rest = malloc((size_t)n * sizeof *rest);
    mlsd_spec *spec = spec_from(estimator);
    for (int64_t i = 0; i < n; i++) {
        mlsd_dataset *train = NULL, *test = NULL;
        mlsd_model *model = NULL;
        double p[2];
        for (int64_t k = 0, m = 0; k < n; k++)
            if (k != i) rest[m++] = k;
        assert_int_equal(mlsd_dataset_rows(data, rest, n - 1, &train), MLSD_OK);
        assert_int_equal(mlsd_dataset_rows(data, &i, 1, &test), MLSD_OK);
        assert_int_equal(mlsd_model_fit(NULL, spec, train, NULL, NULL, &model), MLSD_OK);
        assert_int_equal(mlsd_model_predict(NULL, model, test,
                                            is_class ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE, p,
                                            is_class ? 2 : 1),
                         MLSD_OK);
        out[i] = p[is_class ? 1 : 0];
        mlsd_model_free(model);
        mlsd_dataset_free(train);
        mlsd_dataset_free(test);
    }
    mlsd_spec_free(spec);
    free(rest);
}

/* The largest difference to brute force, and the mean one. */
static double compare(const char *estimator, const linear_data *d, bool is_class, int weighted,
                      double *out_mean)
{
    const mlsd_task task = is_class ? MLSD_TASK_BINARY : MLSD_TASK_REGRESSION;
    mlsd_dataset *data = dataset_of(d, task, weighted);
    double *want = malloc((size_t)d->n * sizeof *want), *got = malloc((size_t)d->n * sizeof *got);
    mlsd_result *result = validated(estimator, 0, is_class ? "log_loss" : "rmse", data);
    column_in(result, is_class ? "p_1" : "value", got, d->n);
    brute_force(estimator, data, is_class, want);
    double worst = 0, sum = 0;
    for (int64_t i = 0; i < d->n; i++) {
        worst = fmax(worst, fabs(got[i] - want[i]));
        sum += fabs(got[i] - want[i]);
    }
    *out_mean = sum / (double)d->n;
    free(want);
    free(got);
    mlsd_result_free(result);
    mlsd_dataset_free(data);
    return worst;
}

static void test_approximate_loo__least_squares_is_exact(void **state)
{
    (void)state;
    const char *const kinds[] = {"{\"kind\":\"ridge\",\"alpha\":3}",
                                 "{\"kind\":\"ridge\",\"alpha\":0.01,\"fit_intercept\":false}",
                                 "{\"kind\":\"linear_regression\"}"};
    linear_data d = make_linear_data(80, 6, 0, 3);
    for (size_t k = 0; k < 3; k++) {
        for (int weighted = 0; weighted < 2; weighted++) {
            double mean;
            const double worst = compare(kinds[k], &d, false, weighted, &mean);
            if (!(worst < 1e-11)) fail_msg("%s differs by %.3g", kinds[k], worst);
        }
    }
    free_linear_data(&d);
}

enum { GCV_ROWS = 60, GCV_COLUMNS = 5 };

/* x becomes the inverse of a, both q x q with q <= GCV_COLUMNS: Gauss-Jordan; a is used up. */
static void invert(double *a, double *x, int q)
{
    for (int i = 0; i < q * q; i++) x[i] = i / q == i % q;
    for (int k = 0; k < q; k++) {
        const double pivot = a[k * q + k];
        for (int j = 0; j < q; j++) a[k * q + j] /= pivot, x[k * q + j] /= pivot;
        for (int i = 0; i < q; i++) {
            const double times = i == k ? 0 : a[i * q + k];
            for (int j = 0; j < q; j++)
                a[i * q + j] -= times * a[k * q + j], x[i * q + j] -= times * x[k * q + j];
        }
    }
}

/* With the hat matrix H = Z (Z'WZ + alpha I)^-1 Z'W spelled out, element by element; Z is X, with a
 * column of ones that is not penalised in front where there is an intercept. */
static double gcv_by_hand(const linear_data *d, double alpha, bool intercept, bool weighted)
{
    const int n = (int)d->n, q = (int)d->p + intercept;
    double z[GCV_ROWS * GCV_COLUMNS],
        gram[GCV_COLUMNS * GCV_COLUMNS] = {0}, inverse[GCV_COLUMNS * GCV_COLUMNS], rss = 0,
                           total = 0, trace = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < q; j++)
            z[i * q + j] = intercept && j == 0 ? 1 : d->x[i * d->p + j - intercept];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < q * q; j++)
            gram[j] += (weighted ? d->weight[i] : 1) * z[i * q + j / q] * z[i * q + j % q];
    for (int j = intercept; j < q; j++) gram[j * q + j] += alpha;
    invert(gram, inverse, q);
    for (int i = 0; i < n; i++) {
        double fitted = 0;
        for (int k = 0; k < n; k++) {
            double h = 0;
            for (int j = 0; j < q * q; j++) h += z[i * q + j / q] * inverse[j] * z[k * q + j % q];
            h *= weighted ? d->weight[k] : 1;
            fitted += h * d->y[k];
            trace += i == k ? h : 0;
        }
        const double w = weighted ? d->weight[i] : 1;
        rss += w * (d->y[i] - fitted) * (d->y[i] - fitted);
        total += w;
    }
    return rss / total / pow(1 - trace / n, 2);
}

/* Golub, Heath & Wahba (1979) by the explicit hat matrix. */
static void test_approximate_loo__generalised_cross_validation(void **state)
{
    (void)state;
    const struct {
        const char *kind;
        double alpha;
        bool intercept;
    } cases[] = {{"{\"kind\":\"ridge\",\"alpha\":3}", 3, true},
                 {"{\"kind\":\"ridge\",\"alpha\":0.5,\"fit_intercept\":false}", 0.5, false},
                 {"{\"kind\":\"linear_regression\"}", 0, true}};
    linear_data d = make_linear_data(GCV_ROWS, GCV_COLUMNS - 1, 0, 3);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (int weighted = 0; weighted < 2; weighted++) {
            mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
            mlsd_result *result = validated(cases[k].kind, 0, "rmse", data);
            const double want = gcv_by_hand(&d, cases[k].alpha, cases[k].intercept, weighted);
            assert_true(want > 0);
            assert_true(fabs(number_in(result, "gcv") / want - 1) < 1e-11);
            assert_non_null(strstr(mlsd_result_verdict(result), "generalised cross-validation: "));
            mlsd_result_free(result);
            mlsd_dataset_free(data);
        }
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_result *result = validated("{\"kind\":\"lasso\",\"alpha\":0.01}", 0, "rmse", data);
    double none;
    assert_int_not_equal(mlsd_result_get_f64(result, "gcv", &none), MLSD_OK);
    mlsd_result_free(result);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static double log_loss(const double *y, const double *p, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum -= log(y[i] > 0.5 ? p[i] : 1 - p[i]);
    return sum / (double)n;
}

static void test_approximate_loo__logistic_simulation(void **state)
{
    (void)state;
    enum { N = 400, P = 20 };
    static const char KIND[] = "{\"kind\":\"logistic_regression\",\"tol\":1e-8}";
    linear_data d = normal_data(N, P, 2, 4.5, 20);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    double want[N];
    brute_force(KIND, data, true, want);
    mlsd_result *result = validated(KIND, 5, "log_loss", data);
    const double exact = log_loss(d.y, want, N), found = number_in(result, "log_loss.mean");
    const double inside = number_in(result, "log_loss.in_sample");
    print_message("exact %.5f, approximate %.5f, in sample %.5f, effective parameters %.2f\n",
                  exact, found, inside, number_in(result, "effective_parameters"));
    assert_true(fabs(found - exact) < 0.001);
    assert_true(fabs(exact - 0.298) < 0.02 && fabs(inside - 0.2495) < 0.02);
    assert_true(exact - inside > 0.03);
    const double effective = number_in(result, "effective_parameters"),
                 largest = number_in(result, "largest_difference");
    assert_true(effective > P - 1 && effective < P + 1); /* a weak penalty, an intercept */
    assert_true(largest > 0 && largest < 0.05);
    assert_non_null(strstr(mlsd_result_verdict(result), "left out in turn"));
    mlsd_result_free(result);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_approximate_loo__generalised_linear_models(void **state)
{
    (void)state;
    const struct {
        const char *kind;
        int target;
        bool is_class;
        double worst, mean;
    } cases[] = {
        {"{\"kind\":\"logistic_regression\",\"tol\":1e-8}", 2, true, 4e-3, 4e-4},
        {"{\"kind\":\"poisson_regressor\",\"alpha\":0.1,\"tol\":1e-9}", -1, false, 0.04, 2e-3},
        {"{\"kind\":\"gamma_regressor\",\"alpha\":0.1,\"tol\":1e-9}", 0, false, 8e-4, 1e-4},
        {"{\"kind\":\"tweedie_regressor\",\"power\":1.5,\"alpha\":0.1,\"tol\":1e-9}", 0, false,
         2e-4, 2e-5},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        linear_data d = normal_data(120, 3, cases[k].target, 1, 5);
        for (int weighted = 0; weighted < 2; weighted++) {
            double mean;
            const double worst = compare(cases[k].kind, &d, cases[k].is_class, weighted, &mean);
            print_message("%s: worst %.3g, mean %.3g\n", cases[k].kind, worst, mean);
            assert_true(worst < cases[k].worst && mean < cases[k].mean);
        }
        free_linear_data(&d);
    }
}

/* Where the columns that take part stay the same the step is nearly exact; a few rows change them.
 */
static void test_approximate_loo__sparse_models(void **state)
{
    (void)state;
    const char *const kinds[] = {
        "{\"kind\":\"lasso\",\"alpha\":0.05,\"tol\":1e-12,\"max_iter\":100000}",
        "{\"kind\":\"elastic_net\",\"alpha\":0.05,\"tol\":1e-12,\"max_iter\":100000}",
        "{\"kind\":\"logistic_regression\",\"penalty\":\"l1\",\"C\":0.5,\"tol\":1e-9}"};
    for (size_t k = 0; k < 3; k++) {
        linear_data d = normal_data(150, 6, k == 2 ? 2 : 0, 2, 7);
        double mean;
        const double worst = compare(kinds[k], &d, k == 2, 0, &mean);
        print_message("%s: worst %.3g, mean %.3g\n", kinds[k], worst, mean);
        assert_true(worst < 0.05 && mean < 5e-4);
        free_linear_data(&d);
    }
}

static void test_approximate_loo__bad_requests_are_named(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 3, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 0);
    mlsd_status status;
    assert_null(validate(NULL, "{\"kind\":\"gaussian_nb\"}", 0, "log_loss", data, &status));
    assert_int_equal(status, MLSD_E_UNSUPPORTED);
    assert_non_null(strstr(mlsd_last_error(), "needs a linear model"));
    assert_null(validate(NULL, "{\"kind\":\"logistic_regression\"}", 0, "log_loss", data, &status));
    assert_int_equal(status, MLSD_E_UNSUPPORTED);
    assert_non_null(strstr(mlsd_last_error(), "two classes"));
    mlsd_spec *kfold = spec_from("{\"kind\":\"kfold\"}"),
              *none = spec_from("{\"kind\":\"approximate_loo\"}"),
              *some =
                  spec_from("{\"kind\":\"approximate_loo\",\"estimator\":{\"kind\":\"ridge\"}}");
    mlsd_folds *folds = NULL;
    mlsd_result *result = NULL;
    assert_int_equal(mlsd_folds_split_dataset(NULL, kfold, data, &folds), MLSD_OK);
    assert_int_equal(mlsd_validate(NULL, some, data, folds, &result), MLSD_E_PARAM_CONFLICT);
    assert_int_equal(mlsd_validate(NULL, none, data, NULL, &result), MLSD_E_CHILD);
    mlsd_folds_free(folds);
    mlsd_spec_free(kfold);
    mlsd_spec_free(none);
    mlsd_spec_free(some);
    mlsd_dataset_free(data);
    free_linear_data(&d);

    /* A row that alone has a column decides its coefficient. */
    linear_data alone = make_linear_data(40, 2, 0, 3);
    for (int64_t i = 0; i < 40; i++) alone.x[i * 2 + 1] = i == 7 ? 1 : 0;
    data = dataset_of(&alone, MLSD_TASK_REGRESSION, 0);
    assert_null(validate(NULL, "{\"kind\":\"linear_regression\"}", 0, "rmse", data, &status));
    assert_int_equal(status, MLSD_E_NUMERIC);
    assert_non_null(strstr(mlsd_last_error(), "row 7 alone"));
    mlsd_dataset_free(data);
    free_linear_data(&alone);
}

static void test_approximate_loo__threads_and_refused_allocations(void **state)
{
    (void)state;
    static const char KIND[] = "{\"kind\":\"logistic_regression\",\"class_weight\":\"balanced\"}";
    linear_data d = normal_data(3000, 4, 2, 1, 9);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 1);
    double first[3000], again[3000];
    for (int64_t threads = 1; threads <= 7; threads += 3) {
        mlsd_context *context = context_with_threads(threads);
        mlsd_status status;
        mlsd_result *result = validate(context, KIND, 1, "log_loss", data, &status);
        assert_int_equal(status, MLSD_OK);
        column_in(result, "p_1", threads == 1 ? first : again, 3000);
        if (threads > 1) assert_memory_equal(first, again, sizeof first);
        mlsd_result_free(result);
        mlsd_context_free(context);
    }
    mlsd_dataset_free(data);
    d.n = 40;
    data = dataset_of(&d, MLSD_TASK_BINARY, 1);
    for (long long k = 1, refused = 1; refused > 0; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *context = failing_context(&f, 2);
        mlsd_status status = MLSD_E_NOMEM;
        mlsd_result *result = NULL;
        if (context != NULL) result = validate(context, KIND, 2, "log_loss", data, &status);
        mlsd_result_free(result);
        mlsd_context_free(context);
        refused = atomic_load(&f.failed);
        assert_int_equal(status, refused > 0 ? MLSD_E_NOMEM : MLSD_OK);
        assert_int_equal(atomic_load(&f.live_blocks), 0);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_approximate_loo__least_squares_is_exact),
        cmocka_unit_test(test_approximate_loo__generalised_cross_validation),
        cmocka_unit_test(test_approximate_loo__logistic_simulation),
        cmocka_unit_test(test_approximate_loo__generalised_linear_models),
        cmocka_unit_test(test_approximate_loo__sparse_models),
        cmocka_unit_test(test_approximate_loo__bad_requests_are_named),
        cmocka_unit_test(test_approximate_loo__threads_and_refused_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
