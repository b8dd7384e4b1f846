/* The main job: what a complete spec says, that it gives the same bytes again and for any number of
 * threads, which columns are dropped, that the test score is that of the model fitted by hand
 * through the public calls (the witness), and that bad input ends in one clear line. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "failing_allocator.h"

enum { N = 300 };

/* Numbers that look drawn: a Weyl sequence. */
static double draw(int i, double step)
{
    const double x = (i + 1) * step;
    return x - floor(x);
}

/* y depends on x0 and on the group; "noise" on nothing; "hole" misses every ninth value. */
static mlsd_table *make_table(const mlsd_context *context, int n, int is_class)
{
    double *x0 = malloc(sizeof *x0 * (size_t)n), *noise = malloc(sizeof *noise * (size_t)n);
    double *hole = malloc(sizeof *hole * (size_t)n), *y = malloc(sizeof *y * (size_t)n);
    int64_t *id = malloc(sizeof *id * (size_t)n), *same = malloc(sizeof *same * (size_t)n);
    const char **group = malloc(sizeof *group * (size_t)n);
    const char **label = malloc(sizeof *label * (size_t)n);
    mlsd_table *t = NULL;
    for (int i = 0; i < n; i++) {
        x0[i] = draw(i, 0.6180339887498949);
        noise[i] = draw(i, 0.7548776662466927);
        hole[i] = i % 9 == 0 ? NAN : draw(i, 0.5698402909980532);
        group[i] = i % 4 == 0 ? NULL : i % 3 == 0 ? "b" : "a";
        y[i] = 3 * x0[i] + (i % 3 == 0) + 0.5 * noise[i] * draw(i, 0.5698402909980532);
        label[i] = y[i] > 2.2 ? "yes" : "no";
        id[i] = i + 1;
        same[i] = 7;
    }
    ASSERT_OK(mlsd_table_new(context, &t));
    ASSERT_OK(mlsd_table_set_i64(t, "id", id, n));
    ASSERT_OK(mlsd_table_set_f64(t, "x0", x0, n));
    ASSERT_OK(mlsd_table_set_f64(t, "noise", noise, n));
    ASSERT_OK(mlsd_table_set_f64(t, "hole", hole, n));
    ASSERT_OK(mlsd_table_set_str(t, "group", group, n));
    ASSERT_OK(mlsd_table_set_i64(t, "same", same, n));
    if (is_class) {
        ASSERT_OK(mlsd_table_set_str(t, "y", label, n));
    } else {
        ASSERT_OK(mlsd_table_set_f64(t, "y", y, n));
    }
    free(x0);
    free(noise);
    free(hole);
    free(y);
    free(id);
    free(same);
    free(group);
    free(label);
    return t;
}

static mlsd_spec *make_spec(const mlsd_context *context, const char *target)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(context, "experiment", &spec));
    if (target != NULL) ASSERT_OK(mlsd_spec_set_str(spec, "target", target));
    return spec;
}

static char *spec_json(const mlsd_spec *spec)
{
    int64_t n = 0;
    ASSERT_OK(mlsd_spec_to_json(spec, 0, NULL, 0, &n));
    char *text = malloc((size_t)n + 1);
    ASSERT_OK(mlsd_spec_to_json(spec, 0, text, n + 1, NULL));
    return text;
}

/* The names of the models that an experiment on y = base + 0, 1, 2, ... gets by itself. */
static char *ladder_of(int64_t n, int64_t base, int is_text, int64_t rows_at_a_time)
{
    int64_t *y = malloc(sizeof *y * (size_t)n), *day = malloc(sizeof *day * (size_t)n);
    const char **label = malloc(sizeof *label * (size_t)n);
    mlsd_table *t = NULL;
    mlsd_spec *spec = make_spec(NULL, "y"), *full = NULL;
    for (int64_t i = 0; i < n; i++) {
        y[i] = base + i % 30;
        day[i] = rows_at_a_time > 0 ? i / rows_at_a_time : 0;
        label[i] = i % 2 == 0 ? "no" : "yes";
    }
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_i64(t, "x", y, n));
    ASSERT_OK(mlsd_table_set_i64(t, "day", day, n));
    if (rows_at_a_time > 0) ASSERT_OK(mlsd_spec_set_str(spec, "time", "day"));
    if (is_text) {
        ASSERT_OK(mlsd_table_set_str(t, "y", label, n));
    } else {
        ASSERT_OK(mlsd_table_set_i64(t, "y", y, n));
        ASSERT_OK(mlsd_spec_set_str(spec, "task", "regression"));
    }
    ASSERT_OK(mlsd_experiment_complete(NULL, spec, t, &full));
    char *const text = spec_json(full);
    mlsd_spec_free(full);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
    free(label);
    free(day);
    free(y);
    return text;
}

static void test_experiment__ladder_suits_the_target_and_the_rows(void **state)
{
    (void)state;
    const struct {
        int64_t n, base;
        int is_text;
        int64_t rows_at_a_time; /* 0: no time */
        const char *there[5], *missing[4];
    } cases[] = {
        {200, 0, 0, 0, {"poisson_regressor", "k_neighbors_regressor", "lasso_cv"}, {"gaussian_nb"}},
        {200,
         -1,
         0,
         0,
         {"linear_regression", "k_neighbors_regressor"},
         {"poisson_regressor", "naive_forecaster"}},
        {200, -1, 0, 1, {"naive_forecaster", "exponential_smoothing"}, {"poisson_regressor"}},
        {200, -1, 0, 2, {"linear_regression"}, {"naive_forecaster"}}, /* two series or more */
        {50001, 0, 0, 0, {"poisson_regressor"}, {"k_neighbors_regressor"}},
        {200,
         0,
         1,
         0,
         {"gaussian_nb", "linear_discriminant_analysis", "calibrated_classifier",
          "k_neighbors_classifier", "mlp_classifier"},
         {"poisson_regressor", "k_neighbors_regressor"}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char *const text =
            ladder_of(cases[c].n, cases[c].base, cases[c].is_text, cases[c].rows_at_a_time);
        for (int i = 0; i < 5 && cases[c].there[i] != NULL; i++)
            assert_non_null(strstr(text, cases[c].there[i]));
        for (int i = 0; i < 4 && cases[c].missing[i] != NULL; i++)
            assert_null(strstr(text, cases[c].missing[i]));
        free(text);
    }
}

static void test_experiment__complete_says_everything(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 1);
    mlsd_spec *spec = make_spec(NULL, "y"), *full = NULL, *again = NULL;
    ASSERT_OK(mlsd_experiment_complete(NULL, spec, t, &full));
    const char *text = NULL;
    ASSERT_OK(mlsd_spec_get_str(full, "task", &text));
    assert_string_equal(text, "binary");
    ASSERT_OK(mlsd_spec_get_str(full, "metric", &text));
    assert_string_equal(text, "log_loss");
    int64_t n_splits = 0;
    ASSERT_OK(mlsd_spec_get_i64(full, "splitter.n_splits", &n_splits));
    assert_int_equal(n_splits, 10);
    int64_t n_models = 0;
    for (int64_t i = 0; i < mlsd_spec_child_count(full); i++) {
        n_models += strcmp(mlsd_spec_child_slot(full, i), "models") == 0;
    }
    assert_int_equal(n_models, 8);
    assert_string_equal(mlsd_spec_child_name(full, 0) != NULL ? "named" : "", "named");

    ASSERT_OK(mlsd_experiment_complete(NULL, full, t, &again));
    char *one = spec_json(full), *two = spec_json(again);
    assert_string_equal(one, two);
    mlsd_spec *read = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, one, &read));
    free(two);
    two = spec_json(read);
    assert_string_equal(one, two);
    free(one);
    free(two);
    mlsd_spec_free(read);
    mlsd_spec_free(again);
    mlsd_spec_free(full);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static void test_experiment__quick_is_smaller(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, 20500, 0);
    mlsd_spec *spec = make_spec(NULL, "y");
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_set_bool(spec, "quick", 1));
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    assert_int_equal(number(r, "n_splits"), 5);
    assert_int_equal(number(r, "data.rows"), 20500);
    assert_int_equal(number(r, "data.rows_used"), 20000);
    assert_string_equal(cell_text(r, "notes", "note", 0), "quick: 20000 of 20500 rows were drawn");
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "leaderboard")), 3);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static mlsd_result *run_with(int64_t n_threads, int is_class, const char *json)
{
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    mlsd_table *t = make_table(context, N, is_class);
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(context, json, &spec));
    ASSERT_OK(mlsd_experiment_run(context, spec, t, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(t);
    mlsd_context_free(context);
    return r;
}

static void same_bytes(int is_class)
{
    static const char *const open =
        "{\"kind\": \"experiment\", \"target\": \"y\", \"slices\": [\"group\"], \"seed\": 3}";
    mlsd_table *t = make_table(NULL, N, is_class);
    mlsd_spec *spec = NULL, *full = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, open, &spec));
    ASSERT_OK(mlsd_experiment_complete(NULL, spec, t, &full));
    char *closed = spec_json(full);
    mlsd_result *one = run_with(1, is_class, open), *two = run_with(2, is_class, closed),
                *seven = run_with(7, is_class, closed);
    char *a = json_without_timings(one), *b = json_without_timings(two),
         *c = json_without_timings(seven);
    assert_string_equal(a, b);
    assert_string_equal(a, c);
    free(a);
    free(b);
    free(c);
    free(closed);
    mlsd_result_free(one);
    mlsd_result_free(two);
    mlsd_result_free(seven);
    mlsd_spec_free(full);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static void test_experiment__same_bytes_regression(void **state)
{
    (void)state;
    same_bytes(0);
}

static void test_experiment__same_bytes_binary(void **state)
{
    (void)state;
    same_bytes(1);
}

static void test_experiment__drops_what_cannot_serve(void **state)
{
    (void)state;
    enum { EMPTY = 6, NAME = 7, DROPPED = 8 };
    double empty[N], other[N];
    char names[N][16];
    const char *texts[N];
    for (int i = 0; i < N; i++) {
        empty[i] = NAN;
        other[i] = draw(i, 0.3);
        (void)snprintf(names[i], sizeof names[i], "person %d", i);
        texts[i] = names[i];
    }
    mlsd_table *t = make_table(NULL, N, 0);
    ASSERT_OK(mlsd_table_set_f64(t, "empty", empty, N));
    ASSERT_OK(mlsd_table_set_str(t, "name", texts, N));
    ASSERT_OK(mlsd_table_set_f64(t, "other", other, N));
    mlsd_spec *spec = make_spec(NULL, "y");
    ASSERT_OK(mlsd_spec_set_str_list(spec, "drop", (const char *const[]){"other"}, 1));
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    static const struct {
        const char *column, *action, *reason;
    } wanted[] = {
        {"id", "dropped", "number the rows"},
        {"x0", "used", ""},
        {"noise", "used", ""},
        {"hole", "used", ""},
        {"group", "used", ""},
        {"same", "dropped", "constant"},
        {"y", "predicted", ""},
        {"empty", "dropped", "all missing"},
        {"name", "dropped", "name rows"},
        {"other", "dropped", "'drop'"},
    };
    for (int i = 0; i < 10; i++) {
        assert_string_equal(cell_text(r, "columns", "column", i), wanted[i].column);
        assert_string_equal(cell_text(r, "columns", "action", i), wanted[i].action);
        assert_non_null(strstr(cell_text(r, "columns", "reason", i), wanted[i].reason));
    }
    assert_int_equal(number(r, "n_features"), 4);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

/* The same by hand: the holdout, the chosen model on training and validation, rmse on test. */
static void test_experiment__test_score_by_hand(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 0);
    mlsd_spec *spec = NULL, *full = NULL, *holdout = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL,
                                  "{\"kind\": \"experiment\", \"target\": \"y\", \"drop\": "
                                  "[\"hole\", \"group\"], \"split\": [60, 20, 20], \"models\": "
                                  "[{\"kind\": \"dummy_regressor\", \"name\": \"none\"}, "
                                  "{\"kind\": \"ridge\", \"name\": \"ridge\"}]}",
                                  &spec));
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    const char *chosen = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "chosen", &chosen));
    assert_string_equal(chosen, "ridge");
    assert_non_null(mlsd_result_get_model(r, "chosen"));

    ASSERT_OK(mlsd_spec_from_json(
        NULL, "{\"kind\": \"holdout\", \"parts\": [0.6, 0.2, 0.2], \"seed\": 0}", &holdout));
    mlsd_folds *parts = NULL;
    ASSERT_OK(mlsd_folds_split(NULL, holdout, N, NULL, NULL, &parts));
    int64_t rows[N], n_test = mlsd_folds_part_size(parts, 0, 2);
    assert_int_equal(n_test, 60);
    assert_int_equal(number(r, "n_test"), 60);
    ASSERT_OK(mlsd_folds_part(parts, 0, 0, rows, 180));
    ASSERT_OK(mlsd_folds_part(parts, 0, 1, rows + 180, 60));
    ASSERT_OK(mlsd_folds_part(parts, 0, 2, rows + 240, 60));
    static const char *const columns[] = {"y", "id", "hole", "group", "same"};
    static const char *const roles[] = {"target", "ignore", "ignore", "ignore", "ignore"};
    mlsd_dataset *all = NULL, *train = NULL, *test = NULL;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, columns, roles, 5, MLSD_TASK_REGRESSION, &all));
    ASSERT_OK(mlsd_dataset_rows(all, rows, 240, &train));
    ASSERT_OK(mlsd_dataset_rows(all, rows + 240, 60, &test));
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &full));
    mlsd_model *model = NULL;
    ASSERT_OK(mlsd_model_fit(NULL, full, train, NULL, NULL, &model));
    double p[60], y[60], sum = 0;
    ASSERT_OK(mlsd_model_predict(NULL, model, test, MLSD_OUTPUT_VALUE, p, 60));
    ASSERT_OK(mlsd_dataset_target(test, y, 60));
    for (int i = 0; i < 60; i++) sum += (y[i] - p[i]) * (y[i] - p[i]);
    ASSERT_NEAR(number(r, "test.value"), sqrt(sum / 60), 1e-12);
    assert_true(number(r, "test.value") < number(r, "test.baseline"));

    mlsd_model_free(model);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    mlsd_dataset_free(all);
    mlsd_folds_free(parts);
    mlsd_spec_free(holdout);
    mlsd_spec_free(full);
    mlsd_spec_free(spec);
    mlsd_result_free(r);
    mlsd_table_free(t);
}

/* The iterative model is watched even where another one is chosen. */
static void test_experiment__shows_a_curve(void **state)
{
    (void)state;
    mlsd_result *r = run_with(1, 1, "{\"kind\": \"experiment\", \"target\": \"y\"}");
    const char *text = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "curve.model", &text));
    assert_string_equal(text, "sgd");
    const mlsd_table *curve = mlsd_result_get_table(r, "curve");
    int64_t j = -1;
    ASSERT_OK(mlsd_table_find(curve, "epoch", &j));
    ASSERT_OK(mlsd_table_find(curve, "train", &j));
    ASSERT_OK(mlsd_table_find(curve, "valid", &j));
    assert_int_equal(mlsd_table_n_rows(curve), number(r, "curve.n_epochs"));
    mlsd_result_free(r);
    r = run_with(1, 0, "{\"kind\": \"experiment\", \"target\": \"y\"}"); /* 'linear' is chosen */
    const int64_t n = mlsd_table_n_rows(mlsd_result_get_table(r, "coefficients"));
    assert_true(n >= 5);
    assert_string_equal(cell_text(r, "coefficients", "feature", 0), "x0");
    mlsd_result_free(r);
}

static void test_experiment__rows_without_target_are_left_out(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 0);
    double y[N];
    int64_t j = 0;
    ASSERT_OK(mlsd_table_find(t, "y", &j));
    ASSERT_OK(mlsd_table_get_f64(t, j, 0, N, y));
    for (int i = 0; i < N; i += 10) y[i] = NAN;
    ASSERT_OK(mlsd_table_set_f64(t, "y", y, N));
    mlsd_spec *spec = make_spec(NULL, "y");
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    assert_int_equal(number(r, "data.rows_without_target"), 30);
    assert_int_equal(number(r, "n_train") + number(r, "n_valid") + number(r, "n_test"), 270);
    assert_string_equal(cell_text(r, "notes", "note", 0),
                        "left out: 30 of 300 rows, whose target is not known");
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

/* A class with 8 rows: 10 folds become as many as it has rows in the training part. */
static void test_experiment__fewer_folds_for_a_small_class(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 0);
    const char *label[N];
    for (int i = 0; i < N; i++) label[i] = i % 40 == 0 ? "rare" : i % 2 ? "a" : "b";
    ASSERT_OK(mlsd_table_set_str(t, "y", label, N));
    mlsd_spec *spec = make_spec(NULL, "y");
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    const char *task = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "task", &task));
    assert_string_equal(task, "multiclass");
    assert_true(number(r, "n_splits") < 8 && number(r, "n_splits") >= 2);
    assert_non_null(strstr(cell_text(r, "notes", "note", 0), "folds instead of 10"));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

/* Times in order: the last rows are tested and no row of the time column is learned from. */
static void test_experiment__split_by_time(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 0);
    mlsd_spec *spec = make_spec(NULL, "y");
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_set_str(spec, "time", "id"));
    ASSERT_OK(mlsd_spec_set_i64(spec, "n_splits", 3));
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    assert_int_equal(number(r, "n_test"), (15 * N + 50) / 100);
    assert_int_equal(number(r, "n_valid"), (15 * N + 50) / 100);
    assert_int_equal(number(r, "n_features"), 4);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static void fails(const mlsd_spec *spec, const mlsd_table *t, mlsd_status status, const char *text)
{
    mlsd_result *r = NULL;
    ASSERT_FAILS(status, text, mlsd_experiment_run(NULL, spec, t, &r));
    assert_null(r);
}

static void test_experiment__bad_names(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 0);
    mlsd_spec *spec = make_spec(NULL, NULL), *full = NULL;
    fails(spec, t, MLSD_E_COLUMN, "no target");
    ASSERT_OK(mlsd_spec_set_str(spec, "target", "grouup"));
    fails(spec, t, MLSD_E_COLUMN, "'group'");
    ASSERT_FAILS(MLSD_E_COLUMN, "'group'", mlsd_experiment_complete(NULL, spec, t, &full));
    assert_null(full);
    ASSERT_OK(mlsd_spec_set_str(spec, "target", "y"));
    ASSERT_OK(mlsd_spec_set_str_list(spec, "slices", (const char *const[]){"noisee"}, 1));
    fails(spec, t, MLSD_E_COLUMN, "'noise'");
    ASSERT_OK(mlsd_spec_set_str_list(spec, "slices", (const char *const[]){"y"}, 1));
    fails(spec, t, MLSD_E_PARAM_CONFLICT, "'y' is the target");
    ASSERT_OK(mlsd_spec_reset(spec, "slices"));
    ASSERT_OK(mlsd_spec_set_str(spec, "group", "idd"));
    fails(spec, t, MLSD_E_COLUMN, "'id'");
    ASSERT_OK(mlsd_spec_set_str(spec, "group", "y"));
    fails(spec, t, MLSD_E_PARAM_CONFLICT, "cannot be the 'group'");
    ASSERT_OK(mlsd_spec_set_str(spec, "group", "group"));
    fails(spec, t, MLSD_E_DATA, "group"); /* some rows have none */
    ASSERT_OK(mlsd_spec_set_str(spec, "time", "id"));
    fails(spec, t, MLSD_E_PARAM_CONFLICT, "two ways");
    ASSERT_OK(mlsd_spec_reset(spec, "group"));
    ASSERT_OK(mlsd_spec_reset(spec, "time"));
    ASSERT_OK(mlsd_spec_set_str(spec, "metric", "log_loss"));
    fails(spec, t, MLSD_E_KIND, "log_loss");
    ASSERT_OK(mlsd_spec_reset(spec, "metric"));
    ASSERT_OK(mlsd_spec_set_str(spec, "task", "binary"));
    fails(spec, t, MLSD_E_DATA, "");
    ASSERT_OK(mlsd_spec_reset(spec, "task"));
    ASSERT_OK(mlsd_spec_set_f64_list(spec, "split", (const double[]){0.5, 0.5}, 2));
    fails(spec, t, MLSD_E_PARAM_RANGE, "three numbers");
    mlsd_spec_free(spec);
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &spec));
    fails(spec, t, MLSD_E_KIND, "'kfold'");
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static void test_experiment__bad_targets(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 0);
    mlsd_spec *spec = make_spec(NULL, "y");
    double y[N];
    const char *label[N];
    for (int i = 0; i < N; i++) y[i] = 0.5;
    ASSERT_OK(mlsd_table_set_f64(t, "y", y, N));
    fails(spec, t, MLSD_E_DATA, "0.5");
    ASSERT_OK(mlsd_spec_set_str(spec, "target", "same"));
    fails(spec, t, MLSD_E_DATA, "'7'");
    ASSERT_OK(mlsd_spec_set_str(spec, "target", "y"));
    for (int i = 0; i < N; i++) y[i] = NAN;
    ASSERT_OK(mlsd_table_set_f64(t, "y", y, N));
    fails(spec, t, MLSD_E_DATA, "missing in all 300 rows");
    for (int i = 0; i < N; i++) y[i] = i == 41 ? (double)INFINITY : (double)i;
    ASSERT_OK(mlsd_table_set_f64(t, "y", y, N));
    fails(spec, t, MLSD_E_DATA, "inf");
    for (int i = 0; i < N; i++) y[i] = 1e-200 * i;
    ASSERT_OK(mlsd_table_set_f64(t, "y", y, N));
    fails(spec, t, MLSD_E_DATA, "rescale it");
    for (int i = 0; i < N; i++) label[i] = i == 5 ? "once" : i % 2 ? "a" : "b";
    ASSERT_OK(mlsd_table_set_str(t, "y", label, N));
    fails(spec, t, MLSD_E_DATA, "class 'once' of the target 'y' has 1 row");
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static void test_experiment__bad_features(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, N, 0);
    mlsd_spec *spec = make_spec(NULL, "y");
    double x[N];
    for (int i = 0; i < N; i++) x[i] = draw(i, 0.3);
    x[16] = -INFINITY;
    ASSERT_OK(mlsd_table_set_f64(t, "noise", x, N));
    fails(spec, t, MLSD_E_DATA, "column 'noise' is -inf in data row 17");
    x[16] = 1e308;
    ASSERT_OK(mlsd_table_set_f64(t, "noise", x, N));
    fails(spec, t, MLSD_E_DATA, "column 'noise' is 1e+308 in data row 17");
    ASSERT_OK(mlsd_spec_set_str_list(spec, "drop",
                                     (const char *const[]){"x0", "noise", "hole", "group"}, 4));
    fails(spec, t, MLSD_E_DATA, "no column is left to learn from");
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static void test_experiment__too_few_rows(void **state)
{
    (void)state;
    static const int sizes[] = {1, 2, 9};
    for (int k = 0; k < 3; k++) {
        mlsd_table *t = NULL;
        double x[10], y[10];
        for (int i = 0; i < 10; i++) x[i] = draw(i, 0.3), y[i] = draw(i, 0.7);
        ASSERT_OK(mlsd_table_new(NULL, &t));
        ASSERT_OK(mlsd_table_set_f64(t, "x", x, sizes[k]));
        ASSERT_OK(mlsd_table_set_f64(t, "y", y, sizes[k]));
        mlsd_spec *spec = make_spec(NULL, "y");
        fails(spec, t, MLSD_E_DATA, "too few to train, validate and test on");
        mlsd_spec_free(spec);
        mlsd_table_free(t);
    }
}

/* Twelve rows: not enough for 10 folds, and no crash on the way to a result. */
static void test_experiment__few_rows_still_run(void **state)
{
    (void)state;
    mlsd_table *t = make_table(NULL, 12, 0);
    mlsd_spec *spec = make_spec(NULL, "y");
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_experiment_run(NULL, spec, t, &r));
    assert_true(number(r, "n_splits") <= 4);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
}

static int stop_in_training(const mlsd_event *event, void *user)
{
    (void)user;
    return strcmp(mlsd_event_stage(event), "cross-validate") == 0 ? MLSD_E_USER - 5 : 0;
}

static void test_experiment__can_be_stopped(void **state)
{
    (void)state;
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_progress(context, stop_in_training, NULL, NULL));
    mlsd_table *t = make_table(context, N, 0);
    mlsd_spec *spec = make_spec(context, "y");
    mlsd_result *r = NULL;
    assert_int_equal(mlsd_experiment_run(context, spec, t, &r), MLSD_E_USER - 5);
    assert_null(r);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
    mlsd_context_free(context);
}

/* Every allocation of a small experiment would take minutes: the first ones, then every so many. */
static void test_experiment__survives_failures_of_memory(void **state)
{
    (void)state;
    long long step = 1;
    for (long long k = 1;; k += step) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *context = failing_context(&f, 1);
        mlsd_table *t = make_table(context, 40, 1);
        mlsd_spec *spec = NULL;
        ASSERT_OK(mlsd_spec_from_json(context,
                                      "{\"kind\": \"experiment\", \"target\": \"y\", \"quick\": "
                                      "true, \"slices\": [\"group\"], \"n_splits\": 2}",
                                      &spec));
        mlsd_result *r = NULL;
        f.fail_at = f.calls + k;
        const mlsd_status status = mlsd_experiment_run(context, spec, t, &r);
        if (status != MLSD_OK) assert_int_equal(status, MLSD_E_NOMEM);
        const int refused = f.failed > 0;
        mlsd_result_free(r);
        mlsd_spec_free(spec);
        mlsd_table_free(t);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (!refused) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
        if (k > 200) step = 11;
        if (k > 2000) step = 101;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_experiment__complete_says_everything),
        cmocka_unit_test(test_experiment__ladder_suits_the_target_and_the_rows),
        cmocka_unit_test(test_experiment__quick_is_smaller),
        cmocka_unit_test(test_experiment__same_bytes_regression),
        cmocka_unit_test(test_experiment__same_bytes_binary),
        cmocka_unit_test(test_experiment__drops_what_cannot_serve),
        cmocka_unit_test(test_experiment__test_score_by_hand),
        cmocka_unit_test(test_experiment__shows_a_curve),
        cmocka_unit_test(test_experiment__rows_without_target_are_left_out),
        cmocka_unit_test(test_experiment__fewer_folds_for_a_small_class),
        cmocka_unit_test(test_experiment__split_by_time),
        cmocka_unit_test(test_experiment__bad_names),
        cmocka_unit_test(test_experiment__bad_targets),
        cmocka_unit_test(test_experiment__bad_features),
        cmocka_unit_test(test_experiment__too_few_rows),
        cmocka_unit_test(test_experiment__few_rows_still_run),
        cmocka_unit_test(test_experiment__can_be_stopped),
        cmocka_unit_test(test_experiment__survives_failures_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
