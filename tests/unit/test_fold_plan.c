/* Shared work against the plain loop (the context's fast_paths = 0), for settings of k_neighbors,
 * for pipelines of equal steps, and for steps that have nothing to do: the same scores, failures
 * and predictions, to the last bit where the arithmetic is the same, and a plan that says what was
 * done. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>

#include "failing_allocator.h"

enum { N = 90, P = 4, K = 5 };

static double X[N * P], Y[N], LABEL[N], W[N];

static void fill_data(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.37 * (j + 1)) + 3 * (j == 1);
        Y[i] = 2 * X[i * P] - X[i * P + 1] + 0.5 * cos(i * 1.7);
        LABEL[i] = (i * 7) % 3;
        W[i] = 0.5 + (i % 3);
    }
}

static mlsd_context *make_context(int64_t n_threads, int64_t fast_paths)
{
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(mlsd_context_set_i64(context, "fast_paths", fast_paths));
    ASSERT_OK(mlsd_context_set_i64(context, "audit", 0));
    return context;
}

static mlsd_dataset *make_data(const double *y, mlsd_task task, const double *weight)
{
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0}, target = {y, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix w = {weight, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &x, &target, weight != NULL ? &w : NULL, task, &data));
    return data;
}

static mlsd_spec *make(const char *kind)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, kind, &spec));
    return spec;
}

/* Takes the child over. */
static void add(mlsd_spec *spec, const char *slot, const char *name, mlsd_spec *child)
{
    ASSERT_OK(mlsd_spec_add(spec, slot, name, child));
    mlsd_spec_free(child);
}

static mlsd_spec *neighbors(const char *kind, int64_t k, const char *weights)
{
    mlsd_spec *spec = make(kind);
    ASSERT_OK(mlsd_spec_set_i64(spec, "n_neighbors", k));
    ASSERT_OK(mlsd_spec_set_str(spec, "weights", weights));
    return spec;
}

/* One of the last steps behind [step, ...]; steps end with NULL. */
static mlsd_spec *behind(const char *const *steps, mlsd_spec *last)
{
    mlsd_spec *pipeline = make("pipeline");
    for (; *steps != NULL; steps++) add(pipeline, "steps", NULL, make(*steps));
    add(pipeline, "steps", NULL, last);
    return pipeline;
}

static const char *plan(const mlsd_result *r)
{
    const char *value = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "plan", &value));
    return value;
}

static void assert_same(double x, double y, double tolerance)
{
    if (isnan(x) && isnan(y)) return;
    if (!(fabs(x - y) <= tolerance * fmax(1, fabs(y))))
        fail_msg("%.17g is not %.17g to %g", x, y, tolerance);
}

/* Numbers of two tables; columns by name. */
static void compare(const mlsd_result *a, const mlsd_result *b, const char *table,
                    const char *const *columns, double tolerance)
{
    const int64_t n = mlsd_table_n_rows(mlsd_result_get_table(b, table));
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(a, table)), n);
    for (; *columns != NULL; columns++) {
        for (int64_t i = 0; i < n; i++)
            assert_same(cell(a, table, *columns, i), cell(b, table, *columns, i), tolerance);
    }
}

/* Run with and without shared work, for one thread and for three; returns what was shared. */
static mlsd_result *run_both(const mlsd_spec *run, const mlsd_dataset *data,
                             const char *const *folds_columns, double tolerance)
{
    mlsd_context *plain = make_context(1, 0), *fast = make_context(1, 1),
                 *more = make_context(3, 1);
    mlsd_result *a = NULL, *b = NULL, *c = NULL;
    ASSERT_OK(mlsd_validate(plain, run, data, NULL, &a));
    ASSERT_OK(mlsd_validate(fast, run, data, NULL, &b));
    ASSERT_OK(mlsd_validate(more, run, data, NULL, &c));
    assert_string_equal(plan(a), "plain loop");
    assert_string_equal(plan(b), plan(c));
    compare(b, a, "folds", folds_columns, tolerance);
    compare(c, b, "folds", folds_columns, 0);
    const int64_t n = n_rows_of(a, "folds");
    for (int64_t i = 0; i < n; i++) {
        const char *x = cell_text(a, "folds", "message", i),
                   *y = cell_text(b, "folds", "message", i);
        assert_string_equal(cell_text(a, "folds", "status", i), cell_text(b, "folds", "status", i));
        assert_string_equal(x != NULL ? x : "", y != NULL ? y : "");
        assert_true(cell(b, "timings.folds", "fit_seconds", i) >= 0);
    }
    mlsd_result_free(c);
    mlsd_result_free(a);
    mlsd_context_free(more);
    mlsd_context_free(fast);
    mlsd_context_free(plain);
    return b;
}

/* All numbers of neighbors and weightings from one search; one asks for more than there are. */
static void test_fold_plan__neighbors(void **state)
{
    (void)state;
    static const int64_t ks[] = {1, 3, 8, 71, 80};
    static const char *const weightings[] = {"uniform", "distance"};
    static const char *const class_columns[] = {"accuracy", "log_loss", "train_accuracy", NULL};
    static const char *const number_columns[] = {"rmse", "mae", "r2", "train_rmse", NULL};
    for (int c = 0; c < 4; c++) {
        const int has_classes = c % 2;
        mlsd_dataset *data =
            make_data(has_classes ? LABEL : Y,
                      has_classes ? MLSD_TASK_MULTICLASS : MLSD_TASK_REGRESSION, c >= 2 ? W : NULL);
        mlsd_spec *run = make("cross_validate");
        const char *const kind = has_classes ? "k_neighbors_classifier" : "k_neighbors_regressor";
        for (int i = 0; i < 5; i++) {
            for (int w = 0; w < 2; w++) {
                char name[32];
                snprintf(name, sizeof name, "k%d_%s", (int)ks[i], weightings[w]);
                add(run, "estimators", name, neighbors(kind, ks[i], weightings[w]));
            }
        }
        ASSERT_OK(mlsd_spec_set_bool(run, "return_train_score", 1));
        ASSERT_OK(
            mlsd_spec_set_text(run, "metrics", has_classes ? "accuracy,log_loss" : "rmse,mae,r2"));
        mlsd_result *r = run_both(run, data, has_classes ? class_columns : number_columns, 0);
        assert_string_equal(plan(r),
                            "one search a fold for all numbers of neighbors and weightings");
        /* Without weights 72 rows are trained on; with them, two in three count less. */
        if (c < 2)
            assert_non_null(strstr(cell_text(r, "models", "message", 9), "lower n_neighbors"));
        mlsd_result_free(r);
        mlsd_spec_free(run);
        mlsd_dataset_free(data);
    }
}

/* Steps before the last are fitted once, whatever the last steps are; the idle ones not at all. */
static void test_fold_plan__shared_steps(void **state)
{
    (void)state;
    static const char *const scaled[] = {"impute", "one_hot", "standardize", NULL};
    static const char *const columns[] = {"rmse", "r2", NULL};
    static const char *const settings = "one search a fold for all numbers of neighbors and "
                                        "weightings";
    mlsd_dataset *data = make_data(Y, MLSD_TASK_REGRESSION, NULL);
    mlsd_spec *run = make("cross_validate"), *pca = make("pca"), *huber = make("huber_regressor");
    add(run, "estimators", "a", behind(scaled, neighbors("k_neighbors_regressor", 3, "uniform")));
    add(run, "estimators", "b", behind(scaled, neighbors("k_neighbors_regressor", 9, "distance")));
    add(run, "estimators", "c", behind(scaled, make("dummy_regressor")));
    ASSERT_OK(mlsd_spec_set_f64(huber, "epsilon", 1.2));
    add(run, "estimators", "d", behind(scaled, huber));
    add(run, "estimators", "e", make("dummy_regressor"));
    ASSERT_OK(mlsd_spec_set_text(run, "metrics", "rmse,r2"));
    mlsd_result *r = run_both(run, data, columns, 0);
    assert_non_null(strstr(cell_text(r, "models", "plan", 0), settings));
    assert_non_null(strstr(cell_text(r, "models", "plan", 1), "behind steps fitted once a fold"));
    assert_string_equal(cell_text(r, "models", "plan", 2),
                        "steps before the last fitted once a fold");
    assert_string_equal(cell_text(r, "models", "plan", 3),
                        "steps before the last fitted once a fold");
    assert_string_equal(cell_text(r, "models", "plan", 4), "plain loop");
    assert_non_null(strstr(plan(r), "plain loop: 1 of 5"));
    mlsd_result_free(r);
    mlsd_spec_free(pca);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
}

/* Penalties of ridge from the moments of folds, bare and behind steps of which only standardize has
 * anything to do; without predictions from squared errors alone. */
static void test_fold_plan__penalties(void **state)
{
    (void)state;
    static const char *const scaled[] = {"impute", "standardize", NULL};
    static const char *const columns[] = {"rmse", "r2", NULL};
    for (int c = 0; c < 8; c++) {
        mlsd_dataset *data = make_data(Y, MLSD_TASK_REGRESSION, c & 4 ? W : NULL);
        mlsd_spec *run = make("cross_validate");
        for (int i = 0; i < 4; i++) {
            char name[8];
            mlsd_spec *ridge = make("ridge");
            ASSERT_OK(mlsd_spec_set_f64(ridge, "alpha", pow(10, i - 2)));
            snprintf(name, sizeof name, "a%d", i);
            add(run, "estimators", name, c & 1 ? behind(scaled, ridge) : ridge);
        }
        ASSERT_OK(mlsd_spec_set_text(run, "metrics", "rmse,r2"));
        ASSERT_OK(mlsd_spec_set_bool(run, "return_predictions", (c & 2) != 0));
        mlsd_result *r = run_both(run, data, columns, 1e-10);
        if (strcmp(plan(r), "plain loop") == 0) fail_msg("ridge did not share (case %d)", c);
        mlsd_result_free(r);
        mlsd_spec_free(run);
        mlsd_dataset_free(data);
    }
}

/* A validation with and without shared work: the plan that is told, and the same numbers. */
static void check_moments(const char *json, mlsd_task task, const char *table,
                          const char *const *columns, const char *expected)
{
    mlsd_dataset *data = make_data(task == MLSD_TASK_REGRESSION ? Y : LABEL, task, W);
    mlsd_context *fast = make_context(2, 1), *plain = make_context(1, 0);
    mlsd_result *a = NULL, *b = NULL;
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_validate(fast, spec, data, NULL, &a));
    ASSERT_OK(mlsd_validate(plain, spec, data, NULL, &b));
    assert_string_equal(plan(a), expected);
    assert_string_equal(plan(b), "plain loop");
    compare(a, b, table, columns, 1e-10);
    mlsd_spec_free(spec);
    mlsd_result_free(b);
    mlsd_result_free(a);
    mlsd_context_free(plain);
    mlsd_context_free(fast);
    mlsd_dataset_free(data);
}

#define ONE_PASS "moments of all folds from one pass, one factorisation a fold"
#define RIDGE_PASS ONE_PASS " for all penalties"
#define RIDGES                                           \
    "{\"kind\":\"ridge\",\"alpha\":0.1,\"name\":\"a\"}," \
    "{\"kind\":\"ridge\",\"alpha\":10,\"name\":\"b\"}"

/* Training rows are scored from the same moments, with and without predictions that are kept. */
static void test_fold_plan__training_scores(void **state)
{
    (void)state;
    static const char *const columns[] = {"rmse", "r2", "train_rmse", "train_r2", NULL};
    for (int keeps = 0; keeps < 2; keeps++) {
        char json[512];
        snprintf(json, sizeof json,
                 "{\"kind\":\"cross_validate\",\"metrics\":[\"rmse\",\"r2\"],"
                 "\"return_train_score\":true,\"return_predictions\":%s,\"estimators\":[" RIDGES
                 "]}",
                 keeps ? "true" : "false");
        check_moments(json, MLSD_TASK_REGRESSION, "folds", columns, RIDGE_PASS);
    }
}

/* Nested rows of each split are few blocks. */
static void test_fold_plan__learning_curves(void **state)
{
    (void)state;
    static const char *const columns[] = {"rmse", "train_rmse", NULL};
    static const char *const models[][2] = {{RIDGES, RIDGE_PASS},
                                            {"{\"kind\":\"linear_regression\"}", ONE_PASS},
                                            {"{\"kind\":\"lasso\",\"alpha\":0.05}",
                                             "moments of the folds from one pass over the data"}};
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        for (int m = 0; m < 3; m++) {
            char json[512];
            snprintf(json, sizeof json,
                     "{\"kind\":\"learning_curve\",\"train_sizes\":[0.3,0.5,0.8,1],\"shuffle\":%s,"
                     "\"estimators\":[%s]}",
                     shuffled ? "true" : "false", models[m][0]);
            check_moments(json, MLSD_TASK_REGRESSION, "folds", columns, models[m][1]);
        }
    }
}

/* Of classes, of which a curve's first rows may lack one. */
static void test_fold_plan__discriminants(void **state)
{
    (void)state;
    static const char *const columns[] = {"log_loss", "train_log_loss", NULL};
    static const char *const curve =
        "{\"kind\":\"learning_curve\",\"train_sizes\":[0.3,0.5,0.8,1],\"estimators\":[{\"kind\":"
        "\"linear_discriminant_analysis\"},{\"kind\":\"linear_discriminant_analysis\",\"name\":"
        "\"shrunk\",\"solver\":\"lsqr\",\"shrinkage\":0.1},{\"kind\":\"pipeline\",\"steps\":[{"
        "\"kind\":\"standardize\"},{\"kind\":\"linear_discriminant_analysis\"}]}]}";
    check_moments(curve, MLSD_TASK_MULTICLASS, "folds", columns,
                  "moments of the classes of all folds from one pass over the data");
}

static void test_fold_plan__nested_intervals(void **state)
{
    (void)state;
    static const char *const columns[] = {"value", "low", "high", NULL};
    check_moments("{\"kind\":\"cv_interval\",\"method\":\"nested\",\"metric\":\"rmse\","
                  "\"n_repeats\":3,\"estimators\":[{\"kind\":\"ridge\"}]}",
                  MLSD_TASK_REGRESSION, "models", columns, RIDGE_PASS);
}

/* A grid of ridge, each row left out in turn. */
static void test_fold_plan__leave_one_out(void **state)
{
    (void)state;
    static const char *const columns[] = {"rmse", NULL};
    check_moments("{\"kind\":\"cross_validate\",\"metrics\":[\"rmse\"],\"splitter\":{\"kind\":"
                  "\"leave_one_out\"},\"estimators\":[" RIDGES "]}",
                  MLSD_TASK_REGRESSION, "folds", columns, RIDGE_PASS);
    check_moments("{\"kind\":\"grid_search\",\"metrics\":[\"rmse\"],\"splitter\":{\"kind\":"
                  "\"leave_one_out\"},\"estimator\":{\"kind\":\"ridge\"},"
                  "\"space\":[\"alpha = 0.01, 1, 100\"]}",
                  MLSD_TASK_REGRESSION, "folds", columns, RIDGE_PASS);
}

/* Gaps: an imputer then has something to do; a step that cannot take them fails, in the plain
 * loop's words. */
static void test_fold_plan__gaps(void **state)
{
    (void)state;
    static const char *const filled[] = {"impute", "standardize", NULL};
    static const char *const bare[] = {"pca", NULL};
    static const char *const columns[] = {"accuracy", "log_loss", NULL};
    const double kept[] = {X[5], X[40 * P]};
    X[5] = X[40 * P] = NAN;
    mlsd_dataset *data = make_data(LABEL, MLSD_TASK_MULTICLASS, NULL);
    mlsd_spec *run = make("cross_validate");
    static const char *const kind = "k_neighbors_classifier";
    add(run, "estimators", "a", behind(filled, neighbors(kind, 3, "uniform")));
    add(run, "estimators", "b", behind(filled, neighbors(kind, 5, "uniform")));
    add(run, "estimators", "c", behind(bare, neighbors(kind, 3, "uniform")));
    add(run, "estimators", "d", behind(bare, neighbors(kind, 5, "uniform")));
    add(run, "estimators", "e", neighbors(kind, 3, "uniform"));
    add(run, "estimators", "f", neighbors(kind, 5, "uniform"));
    add(run, "estimators", "g", behind(filled, make("gaussian_nb")));
    add(run, "estimators", "h", behind(filled, make("dummy_classifier")));
    ASSERT_OK(mlsd_spec_set_text(run, "metrics", "accuracy,log_loss"));
    mlsd_result *r = run_both(run, data, columns, 0);
    assert_non_null(strstr(cell_text(r, "models", "plan", 0), "one search a fold"));
    assert_non_null(strstr(cell_text(r, "models", "message", 2), "is NaN"));
    ASSERT_NEAR(cell(r, "models", "n_failed", 4), 5, 0);
    mlsd_result_free(r);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
    X[5] = kept[0];
    X[40 * P] = kept[1];
}

/* A transform that makes its training rows otherwise than others. */
static void test_fold_plan__cross_fitted_steps(void **state)
{
    (void)state;
    static const char *const columns[] = {"rmse", "train_rmse", NULL};
    static const char *const levels[] = {"a", "b", "c", "d"};
    const char *texts[N];
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    double column[N];
    for (int i = 0; i < N; i++) texts[i] = levels[(i * i) % 4];
    for (int i = 0; i < N; i++) column[i] = X[i * P];
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_str(table, "level", texts, N));
    ASSERT_OK(mlsd_table_set_f64(table, "x", column, N));
    ASSERT_OK(mlsd_table_set_f64(table, "y", Y, N));
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, (const char *const[]){"y"},
                                      (const char *const[]){"target"}, 1, MLSD_TASK_REGRESSION,
                                      &data));
    static const char *const encoded[] = {"target_encode", "standardize", NULL};
    mlsd_spec *run = make("cross_validate");
    add(run, "estimators", "a", behind(encoded, neighbors("k_neighbors_regressor", 3, "uniform")));
    add(run, "estimators", "b", behind(encoded, neighbors("k_neighbors_regressor", 5, "uniform")));
    add(run, "estimators", "c", behind(encoded, make("ridge")));
    add(run, "estimators", "d", behind(encoded, make("dummy_regressor")));
    ASSERT_OK(mlsd_spec_set_bool(run, "return_train_score", 1));
    mlsd_result *r = run_both(run, data, columns, 1e-10);
    mlsd_result_free(r);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
}

static void test_fold_plan__survives_every_failure_of_memory(void **state)
{
    (void)state;
    static const char *const scaled[] = {"standardize", NULL};
    mlsd_spec *run = make("cross_validate");
    static const char *const kind = "k_neighbors_regressor";
    add(run, "estimators", "a", behind(scaled, neighbors(kind, 3, "uniform")));
    add(run, "estimators", "b", behind(scaled, neighbors(kind, 5, "distance")));
    add(run, "estimators", "c", behind(scaled, make("dummy_regressor")));
    add(run, "estimators", "d", behind(scaled, make("ridge")));
    for (long long k = 1;; k += k < 40 ? 1 : 5) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *context = failing_context(&f, 1);
        ASSERT_OK(mlsd_context_set_i64(context, "audit", 0));
        mlsd_dataset *data = make_data(Y, MLSD_TASK_REGRESSION, NULL);
        mlsd_result *r = NULL;
        f.fail_at = f.calls + k;
        const mlsd_status status = mlsd_validate(context, run, data, NULL, &r);
        if (status != MLSD_OK) assert_int_equal(status, MLSD_E_NOMEM);
        const int refused = f.failed > 0;
        mlsd_result_free(r);
        mlsd_dataset_free(data);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (!refused) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
    }
    mlsd_spec_free(run);
}

int main(void)
{
    fill_data();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_plan__neighbors),
        cmocka_unit_test(test_fold_plan__shared_steps),
        cmocka_unit_test(test_fold_plan__penalties),
        cmocka_unit_test(test_fold_plan__training_scores),
        cmocka_unit_test(test_fold_plan__learning_curves),
        cmocka_unit_test(test_fold_plan__discriminants),
        cmocka_unit_test(test_fold_plan__nested_intervals),
        cmocka_unit_test(test_fold_plan__leave_one_out),
        cmocka_unit_test(test_fold_plan__gaps),
        cmocka_unit_test(test_fold_plan__cross_fitted_steps),
        cmocka_unit_test(test_fold_plan__survives_every_failure_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
