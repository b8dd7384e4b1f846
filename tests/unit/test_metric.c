/* test_metric.c - metrics against values worked out by hand or published; random problems are
 * compared with scikit-learn in tests/reference/test_metric_sklearn.py.
 *
 * Wilson's interval: Newcombe (1998), Statistics in Medicine 17:857, table I, method 3. DeLong's:
 * the two-sample example below by its definition, over all pairs. */
#include <math.h>

#include "unit.h"

#include "mlsd/kind.h"
#include "mlsd/metric.h"
#include "failing_allocator.h"
#include "metric/metric_impl.h"

static const char *const all_metrics[] = {"rmse",     "mae",     "r2",   "accuracy",
                                          "log_loss", "roc_auc", "brier"};
enum { N_METRICS = 7 };

static mlsd_matrix vector(const double *x, int64_t n)
{
    return (mlsd_matrix){x, n, 1, 1, 1, MLSD_F64, 0};
}

typedef struct scored {
    double value, low, high;
} scored;

static scored score(const char *metric, int64_t n, const double *y, const double *prediction,
                    const double *weight)
{
    const mlsd_matrix ym = vector(y, n), pm = vector(prediction, n), wm = vector(weight, n);
    scored s;
    ASSERT_OK(mlsd_metric_score(NULL, metric, &ym, &pm, weight == NULL ? NULL : &wm, 0.95, &s.value,
                                &s.low, &s.high));
    return s;
}

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("got %.17g, wanted %.17g", got, wanted);
}

/* scikit-learn's user guide: 3.4.4.4-6, y_true = [3, -0.5, 2, 7], y_pred = [2.5, 0, 2, 8]. */
static void test_metric__regression_examples_of_the_user_guide(void **state)
{
    (void)state;
    const double y[] = {3, -0.5, 2, 7}, f[] = {2.5, 0, 2, 8};
    assert_near(score("mae", 4, y, f, NULL).value, 0.5, 0);
    assert_near(score("rmse", 4, y, f, NULL).value, sqrt(0.375), 1e-16);
    assert_near(score("r2", 4, y, f, NULL).value, 0.9486081370449679, 1e-15);
}

/* Losses .5 .5 0 1: mean 1/2, variance 1/6, t(.975, 3) = 3.182446305284263. */
static void test_metric__mean_has_a_t_interval(void **state)
{
    (void)state;
    const double y[] = {3, -0.5, 2, 7}, f[] = {2.5, 0, 2, 8};
    const double half = 3.182446305284263 * sqrt(1.0 / 6 / 4);
    const scored s = score("mae", 4, y, f, NULL);
    assert_near(s.high, 0.5 + half, 1e-9);
    assert_near(s.low, 0, 0); /* an error is never negative */
}

static void test_metric__accuracy_has_wilson_s_interval(void **state)
{
    (void)state;
    static const struct {
        int hits, n;
        double low, high;
    } cases[] = {{81, 263, 0.2553, 0.3662},
                 {15, 148, 0.0624, 0.1605},
                 {0, 20, 0.0000, 0.1611},
                 {1, 29, 0.0061, 0.1718}};
    static double y[300], f[300];
    for (size_t k = 0; k < 4; k++) {
        for (int i = 0; i < cases[k].n; i++) f[i] = i < cases[k].hits ? 0 : 1;
        const scored s = score("accuracy", cases[k].n, y, f, NULL);
        assert_near(s.value, (double)cases[k].hits / cases[k].n, 1e-16);
        assert_near(s.low, cases[k].low, 5e-5);
        assert_near(s.high, cases[k].high, 5e-5);
    }
}

/* scikit-learn: roc_auc_score([0, 0, 1, 1], [.1, .4, .35, .8]) == .75. Placements of the positives
 * are .5 and 1, of the negatives 1 and .5: variance (.125 + .125) / 2. */
static void test_metric__roc_auc_has_delong_s_interval(void **state)
{
    (void)state;
    const double y[] = {0, 0, 1, 1}, p[] = {0.1, 0.4, 0.35, 0.8};
    const scored s = score("roc_auc", 4, y, p, NULL);
    assert_near(s.value, 0.75, 0);
    assert_near(s.low, 0.75 - 1.959963984540054 * sqrt(0.125), 1e-14);
    assert_near(s.high, 1, 0);
    const double tied[] = {0.5, 0.5, 0.5, 0.5}, scores[] = {-10, 40, 35, 800};
    assert_near(score("roc_auc", 4, y, tied, NULL).value, 0.5, 0);
    assert_near(score("roc_auc", 4, y, scores, NULL).value, 0.75, 0);
}

/* scikit-learn's documentation of log_loss (.21616...) and brier_score_loss (.0375). */
static void test_metric__probabilities_of_the_documentation(void **state)
{
    (void)state;
    const double y[] = {1, 0, 0, 1}, p[] = {0.9, 0.1, 0.2, 0.65};
    assert_near(score("log_loss", 4, y, p, NULL).value, 0.21616187468057912, 1e-15);
    const double z[] = {0, 1, 1, 0}, q[] = {0.1, 0.9, 0.8, 0.3};
    assert_near(score("brier", 4, z, q, NULL).value, 0.0375, 1e-16);
    const double sure[] = {0, 1, 1, 1};
    assert_near(score("log_loss", 4, y, sure, NULL).value, 0.75 * log(0x1p52), 1e-12);
}

/* A weight of 0 is a row that is not there; a common factor changes nothing. */
static void test_metric__weights_are_relative(void **state)
{
    (void)state;
    const double y[] = {0, 1, 1, 0, 1, 0, 1}, p[] = {0.2, 0.4, 0.9, 0.6, 0.7, 0.1, 0.3};
    const double zero[] = {1, 1, 1, 1, 1, 1, 0}, three[] = {3, 3, 3, 3, 3, 3, 0};
    const double labels[] = {0, 0, 1, 1, 1, 0, 0};
    for (int k = 0; k < N_METRICS; k++) {
        const double *const f = k == 3 ? labels : p;
        const scored without = score(all_metrics[k], 6, y, f, NULL);
        const scored with = score(all_metrics[k], 7, y, f, zero);
        const scored more = score(all_metrics[k], 7, y, f, three);
        assert_near(with.value, without.value, 1e-15);
        assert_near(with.low, without.low, 1e-12);
        assert_near(with.high, without.high, 1e-12);
        assert_near(more.value, without.value, 1e-15);
        assert_near(more.low, without.low, 1e-12);
    }
}

/* A subset by row numbers is the same bits as those rows alone. */
static void test_metric__subset_is_the_rows_alone(void **state)
{
    (void)state;
    enum { N = 300 };
    static double y[N], p[2 * N], w[N], y2[N], p2[2 * N], w2[N], f[N], f2[N];
    static int64_t rows[N];
    int64_t n = 0;
    for (int i = 0; i < N; i++) {
        y[i] = (i * 7 % 11) % 2;
        p[2 * i + 1] = (double)(i * 37 % 101) / 101;
        p[2 * i] = 1 - p[2 * i + 1];
        f[i] = i % 3 == 0;
        w[i] = 1 + i % 4;
        if (i % 3 == 1) continue;
        rows[n] = i;
        y2[n] = y[i];
        f2[n] = f[i];
        w2[n] = w[i];
        memcpy(p2 + 2 * n, p + 2 * i, sizeof *p * 2);
        n++;
    }
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    for (int k = 0; k < N_METRICS; k++) {
        const mlsd__metric_ops *ops = NULL;
        mlsd__estimate part, alone;
        ASSERT_OK(mlsd__metric_find(all_metrics[k], &ops));
        for (int weighted = 0; weighted < 2; weighted++) {
            const mlsd__scored whole = {.n = N,
                                        .n_classes = 2,
                                        .y = y,
                                        .prediction = ops->needs_proba ? p : f,
                                        .weight = weighted ? w : NULL};
            const mlsd__scored copy = {.n = n,
                                       .n_classes = 2,
                                       .y = y2,
                                       .prediction = ops->needs_proba ? p2 : f2,
                                       .weight = weighted ? w2 : NULL};
            ASSERT_OK(mlsd__metric_score(&scope, ops, &whole, rows, n, 0.95, &part));
            ASSERT_OK(mlsd__metric_score(&scope, ops, &copy, NULL, n, 0.95, &alone));
            assert_memory_equal(&part, &alone, sizeof part);
        }
    }
    mlsd__scope_close(&scope);
}

/* Metrics of labels take the most probable class, as mlsd_metric_evaluate does; three rows by hand:
 * class 1 of two equal ones comes second. */
static void test_metric__labels_from_probabilities(void **state)
{
    const double y[] = {0, 1, 2}, classes[] = {0, 0, 2}, halves[] = {0, 1, 1};
    const double proba[] = {.6, .3, .1, .4, .4, .2, .1, .2, .7}, of_one[] = {.2, .6, .5};
    static const char *const names[] = {"accuracy", "f1_macro", "matthews_corrcoef"};
    const mlsd_matrix ym = vector(y, 3), pm = {proba, 3, 3, 3, 1, MLSD_F64, 0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        double value = NAN, low = NAN, high = NAN;
        const scored wanted = score(names[i], 3, y, classes, NULL);
        ASSERT_OK(mlsd_metric_score(NULL, names[i], &ym, &pm, NULL, 0.95, &value, &low, &high));
        assert_near(value, wanted.value, 0);
        assert_near(low, wanted.low, 1e-15);
        assert_near(high, wanted.high, 1e-15);
    }
    assert_near(score("accuracy", 3, y, classes, NULL).value, 2.0 / 3, 1e-15);
    /* One column: class 1 above 1/2. */
    assert_near(score("recall", 3, halves, of_one, NULL).value, 0.5, 1e-15);
    const double wrong[] = {.6, .3, .3, .4, .4, .2, .1, .2, .7};
    const mlsd_matrix bad = {wrong, 3, 3, 3, 1, MLSD_F64, 0};
    double value = 0;
    assert_int_equal(mlsd_metric_score(NULL, "accuracy", &ym, &bad, NULL, 0.95, &value, NULL, NULL),
                     MLSD_E_DATA);
}

/* scikit-learn's example of hinge_loss, three classes, and two classes by hand. */
static void test_metric__hinge_loss_of_decision_values(void **state)
{
    const double y[] = {0, 1, 2, 3};
    const double decision[] = {1.27,  0.03,  -0.68, -2.1,  -1.45, -0.58, -0.38, -1.17,
                               -1.45, -0.58, -0.38, -1.17, -2.36, -0.79, -2.37, 0.24};
    const mlsd_matrix ym = vector(y, 4), dm = {decision, 4, 4, 4, 1, MLSD_F64, 0};
    double value = NAN;
    (void)state;
    ASSERT_OK(mlsd_metric_score(NULL, "hinge_loss", &ym, &dm, NULL, 0.95, &value, NULL, NULL));
    assert_near(value, (0 + 1.2 + 0.8 + 0) / 4, 1e-12);
    const double two[] = {0, 1, 1}, one_column[] = {-2.18, 2.36, 0.09};
    assert_near(score("hinge_loss", 3, two, one_column, NULL).value, 0.91 / 3, 1e-12);
    assert_int_equal(mlsd__metric_check("hinge_loss", MLSD_TASK_BINARY), MLSD_E_KIND);
}

static void test_metric__tasks_and_names_are_checked(void **state)
{
    (void)state;
    ASSERT_OK(mlsd__metric_check("rmse", MLSD_TASK_REGRESSION));
    ASSERT_OK(mlsd__metric_check("roc_auc", MLSD_TASK_MULTICLASS));
    ASSERT_FAILS(MLSD_E_KIND, "use accuracy, log_loss", mlsd__metric_check("r2", MLSD_TASK_BINARY));
    ASSERT_FAILS(MLSD_E_KIND, "use rmse", mlsd__metric_check("brier", MLSD_TASK_REGRESSION));
    ASSERT_FAILS(MLSD_E_KIND, "needs a target", mlsd__metric_check("brier", MLSD_TASK_NONE));
    ASSERT_FAILS(MLSD_E_KIND, "did you mean 'accuracy'",
                 mlsd__metric_check("acuracy", MLSD_TASK_BINARY));
    assert_string_equal(mlsd__metric_default(MLSD_TASK_REGRESSION), "rmse");
    assert_string_equal(mlsd__metric_default(MLSD_TASK_BINARY), "log_loss");
    assert_true(mlsd_kind_count("metric") > N_METRICS);
    assert_int_equal(mlsd_metric_direction("r2"), 1);
    assert_int_equal(mlsd_metric_direction("rmse"), -1);
    assert_int_equal(mlsd_metric_direction("no"), 0);
    assert_int_equal(mlsd_metric_direction(NULL), 0);
}

static void test_metric__memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    const double y[] = {0, 1, 1, 0}, f[] = {0, 0, 1, 0}, w[] = {1, 2, 1, 1};
    const mlsd_matrix ym = vector(y, 4), fm = vector(f, 4), wm = vector(w, 4);
    for (int k = 0; k < N_METRICS; k++) {
        for (long long fail_at = 1;; fail_at++) {
            failing_allocator fa;
            double value = 0, low = 0, high = 0;
            failing_allocator_init(&fa, fail_at, 0);
            mlsd_context *const context = failing_context(&fa, 1);
            if (context == NULL) continue;
            const mlsd_status status = mlsd_metric_score(context, all_metrics[k], &ym, &fm, &wm,
                                                         0.95, &value, &low, &high);
            mlsd_context_free(context);
            const int failed = atomic_load(&fa.failed) > 0;
            assert_int_equal(status, failed ? MLSD_E_NOMEM : MLSD_OK);
            assert_int_equal(atomic_load(&fa.live_blocks), 0);
            if (!failed) break;
        }
    }
}

/* Few rows, repeated 1000 times, have the value of the few, weighted or not, though many rows are
 * summarised in parallel; Wilson's interval by its formula. */
static void test_metric__many_rows_are_few_repeated(void **state)
{
    (void)state;
    enum { FEW = 90, MANY = 1000 * FEW };
    static const char *const of_classes[] = {"accuracy", "f1_macro", "matthews_corrcoef"};
    static const char *const of_numbers[] = {"rmse", "mae", "r2", "mape"};
    static double y[MANY], f[MANY], w[MANY];
    for (int i = 0; i < MANY; i++) {
        y[i] = i % FEW % 3;
        f[i] = i % FEW % 7 < 4 ? y[i] : i % FEW % 2;
        w[i] = i % FEW % 5;
    }
    for (int m = 0; m < 7; m++) {
        const char *const metric = m < 3 ? of_classes[m] : of_numbers[m - 3];
        for (int weighted = 0; weighted < 2; weighted++) {
            double *const weight = weighted ? w : NULL;
            const scored few = score(metric, FEW, y, f, weight);
            const scored many = score(metric, MANY, y, f, weight);
            assert_near(many.value, few.value, 1e-13 * fabs(few.value));
            assert_true(many.low <= many.value && many.value <= many.high);
            assert_true(many.high - many.low < (few.high - few.low) / 25);
        }
    }
    const scored s = score("accuracy", MANY, y, f, NULL);
    const double z = 1.959963984540054, p = s.value, n = MANY;
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    assert_near(s.low, middle - half, 1e-14);
    assert_near(s.high, middle + half, 1e-14);

    y[80000] = -1;
    const mlsd_matrix ym = vector(y, MANY), fm = vector(f, MANY), wm = vector(w, MANY);
    double value = 0;
    ASSERT_FAILS(MLSD_E_DATA, "y[80000] is -1, not a class number 0, 1, ...",
                 mlsd_metric_score(NULL, "accuracy", &ym, &fm, NULL, 0, &value, NULL, NULL));
    w[70000] = -1;
    ASSERT_FAILS(MLSD_E_DATA, "weight[70000] is -1",
                 mlsd_metric_score(NULL, "mae", &ym, &fm, &wm, 0, &value, NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric__regression_examples_of_the_user_guide),
        cmocka_unit_test(test_metric__mean_has_a_t_interval),
        cmocka_unit_test(test_metric__accuracy_has_wilson_s_interval),
        cmocka_unit_test(test_metric__roc_auc_has_delong_s_interval),
        cmocka_unit_test(test_metric__probabilities_of_the_documentation),
        cmocka_unit_test(test_metric__weights_are_relative),
        cmocka_unit_test(test_metric__subset_is_the_rows_alone),
        cmocka_unit_test(test_metric__labels_from_probabilities),
        cmocka_unit_test(test_metric__hinge_loss_of_decision_values),
        cmocka_unit_test(test_metric__tasks_and_names_are_checked),
        cmocka_unit_test(test_metric__many_rows_are_few_repeated),
        cmocka_unit_test(test_metric__memory_that_runs_out_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
