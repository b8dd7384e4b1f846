/* test_linear_folds.c - all penalties and folds of ridge and linear_regression from the moments of
 * one pass, beside the plain loop: fit each setting to each split's training rows and predict its
 * test rows. */
#include "linear_data.h"

#include "data/dataset_impl.h"
#include "model/model_impl.h"
#include "model/path.h"
#include "numeric/blas.h"

/* What came out for each (split, setting): predictions of the test rows, or sums of squares. */
typedef struct outcome {
    int64_t n_splits, n_settings, t, n_taken, n_failed;
    int64_t n_test[512];
    double *values; /* n_splits x n_settings x room */
    int64_t room;
    unsigned char *taken;
} outcome;

static outcome make_outcome(const mlsd_folds *folds, int64_t n_settings, int64_t t)
{
    outcome out = {.n_splits = mlsd_folds_n_splits(folds), .n_settings = n_settings, .t = t};
    assert_true(out.n_splits <= 512);
    for (int64_t k = 0; k < out.n_splits; k++) {
        out.n_test[k] = mlsd_folds_part_size(folds, k, mlsd_folds_n_parts(folds) - 1);
        if (out.n_test[k] * t > out.room) out.room = out.n_test[k] * t;
    }
    if (out.room < t) out.room = t;
    out.values = calloc((size_t)(out.n_splits * n_settings * out.room), sizeof(double));
    out.taken = calloc((size_t)(out.n_splits * n_settings), 1);
    assert_true(out.values != NULL && out.taken != NULL);
    return out;
}

static void free_outcome(outcome *out)
{
    free(out->values);
    free(out->taken);
}

static mlsd_status take(void *user, mlsd__scope *scope, int64_t split, int64_t setting,
                        int64_t part, const double *prediction)
{
    outcome *const out = user;
    const int64_t at = split * out->n_settings + setting;
    (void)scope;
    assert_true(part == 0 && !out->taken[at]);
    out->taken[at] = 1;
    memcpy(out->values + at * out->room, prediction,
           (size_t)(out->n_test[split] * out->t) * sizeof(double));
    return MLSD_OK;
}

static mlsd_status take_squares(void *user, int64_t split, int64_t setting, int64_t part,
                                const double *squares)
{
    outcome *const out = user;
    const int64_t at = split * out->n_settings + setting;
    assert_true(part == 0 && !out->taken[at]);
    out->taken[at] = 1;
    memcpy(out->values + at * out->room, squares, (size_t)out->t * sizeof(double));
    return MLSD_OK;
}

static mlsd_status fail_one(void *user, int64_t split, int64_t setting, mlsd_status status)
{
    outcome *const out = user;
    out->taken[split * out->n_settings + setting] = 2;
    return status == MLSD_E_DATA || status == MLSD_E_NUMERIC ? MLSD_OK : status;
}

static int64_t *rows_of(const mlsd_folds *folds, int64_t split, int64_t part, int64_t *n)
{
    *n = mlsd_folds_part_size(folds, split, part);
    int64_t *const rows = malloc((size_t)(*n + 1) * sizeof *rows);
    assert_true(rows != NULL);
    assert_int_equal(mlsd_folds_part(folds, split, part, rows, *n), MLSD_OK);
    return rows;
}

typedef struct question {
    const char *const *settings; /* JSON texts */
    int64_t n_settings;
    const char *standardize; /* JSON of the step before, or NULL */
    const mlsd_dataset *data;
    const mlsd_folds *folds;
    bool is_partition, squares;
    const char *numerics;
} question;

/* The fast way. */
static outcome run_fast(const question *q, int64_t n_threads, bool *served)
{
    const mlsd_dataset *const data = q->data;
    const int64_t t = data->store->n_targets, n_splits = mlsd_folds_n_splits(q->folds);
    outcome out = make_outcome(q->folds, q->n_settings, t);
    mlsd_context *context = context_with_threads(n_threads);
    if (q->numerics != NULL)
        assert_int_equal(mlsd_context_set_str(context, "numerics", q->numerics), MLSD_OK);
    mlsd_spec **settings = calloc((size_t)q->n_settings, sizeof *settings);
    mlsd__path_rows *splits = calloc((size_t)n_splits, sizeof *splits);
    for (int64_t l = 0; l < q->n_settings; l++) settings[l] = spec_from(q->settings[l]);
    for (int64_t k = 0; k < n_splits; k++) {
        splits[k].train = rows_of(q->folds, k, 0, &splits[k].n_train);
        splits[k].test = rows_of(q->folds, k, mlsd_folds_n_parts(q->folds) - 1, &splits[k].n_test);
    }
    mlsd_spec *standardize = q->standardize != NULL ? spec_from(q->standardize) : NULL;
    mlsd__frame frame;
    double *y = NULL, *weight = NULL;
    mlsd__dataset_frame(data, &frame);
    assert_int_equal(mlsd__dataset_gather_targets(data, &y), MLSD_OK);
    assert_int_equal(mlsd__dataset_gather_weight(data, &weight), MLSD_OK);
    const mlsd__train all = {.x = &frame,
                             .y = y,
                             .n_more_targets = t - 1,
                             .weight = weight,
                             .task = MLSD_TASK_REGRESSION};
    const mlsd__path_sink sink = {take, take_squares, fail_one, &out};
    const mlsd__path_folds folds = {.settings = (const mlsd_spec *const *)settings,
                                    .n_settings = q->n_settings,
                                    .standardize = standardize,
                                    .all = &all,
                                    .splits = splits,
                                    .n_splits = n_splits,
                                    .is_partition = q->is_partition,
                                    .what = MLSD_OUTPUT_VALUE,
                                    .width = t,
                                    .wants_squares_only = q->squares,
                                    .sink = &sink};
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(settings[0]);
    mlsd__scope scope;
    assert_int_equal(mlsd__numeric_open(&scope, context), MLSD_OK);
    const mlsd_status status = ops->path->run_folds(&scope, &folds, served);
    if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
    mlsd__scope_close(&scope);
    mlsd__free(&data->store->allocator, y);
    mlsd__free(&data->store->allocator, weight);
    for (int64_t l = 0; l < q->n_settings; l++) mlsd_spec_free(settings[l]);
    for (int64_t k = 0; k < n_splits; k++) {
        free((void *)(uintptr_t)splits[k].train);
        free((void *)(uintptr_t)splits[k].test);
    }
    mlsd_spec_free(standardize);
    free(settings);
    free(splits);
    mlsd_context_free(context);
    return out;
}

static mlsd_dataset *view(const mlsd_dataset *data, const mlsd_folds *folds, int64_t split,
                          int64_t part);

/* The way of single folds. */
static outcome run_each(const question *q)
{
    const int64_t t = q->data->store->n_targets;
    outcome out = make_outcome(q->folds, q->n_settings, t);
    mlsd_spec **settings = calloc((size_t)q->n_settings, sizeof *settings);
    for (int64_t l = 0; l < q->n_settings; l++) settings[l] = spec_from(q->settings[l]);
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(settings[0]);
    const mlsd__path_sink sink = {take, take_squares, fail_one, &out};
    mlsd__scope scope;
    assert_int_equal(mlsd__numeric_open(&scope, NULL), MLSD_OK);
    for (int64_t k = 0; k < out.n_splits; k++) {
        mlsd_dataset *train = view(q->data, q->folds, k, 0);
        mlsd_dataset *test = view(q->data, q->folds, k, mlsd_folds_n_parts(q->folds) - 1);
        double *y = NULL, *weight = NULL;
        mlsd__frame x, part;
        mlsd__dataset_frame(train, &x);
        mlsd__dataset_frame(test, &part);
        assert_int_equal(mlsd__dataset_gather_targets(train, &y), MLSD_OK);
        assert_int_equal(mlsd__dataset_gather_weight(train, &weight), MLSD_OK);
        const mlsd__train prepared = {.x = &x,
                                      .y = y,
                                      .n_more_targets = t - 1,
                                      .weight = weight,
                                      .task = MLSD_TASK_REGRESSION};
        const mlsd__path_fold fold = {.settings = (const mlsd_spec *const *)settings,
                                      .n_settings = q->n_settings,
                                      .train = &prepared,
                                      .parts = &part,
                                      .n_parts = 1,
                                      .what = MLSD_OUTPUT_VALUE,
                                      .width = t,
                                      .split = k,
                                      .sink = &sink};
        if (ops->path->run(&scope, &fold) != MLSD_OK) fail_msg("%s", mlsd_last_error());
        mlsd__free(&train->store->allocator, y);
        mlsd__free(&train->store->allocator, weight);
        mlsd_dataset_free(train);
        mlsd_dataset_free(test);
    }
    mlsd__scope_close(&scope);
    for (int64_t l = 0; l < q->n_settings; l++) mlsd_spec_free(settings[l]);
    free(settings);
    return out;
}

static mlsd_dataset *view(const mlsd_dataset *data, const mlsd_folds *folds, int64_t split,
                          int64_t part)
{
    int64_t n;
    int64_t *const rows = rows_of(folds, split, part, &n);
    mlsd_dataset *out = NULL;
    assert_int_equal(mlsd_dataset_rows(data, rows, n, &out), MLSD_OK);
    free(rows);
    return out;
}

/* The plain loop: predictions, or sums of squares of them. */
static outcome run_plain(const question *q)
{
    const int64_t t = q->data->store->n_targets;
    outcome out = make_outcome(q->folds, q->n_settings, t);
    mlsd_context *context = context_with_threads(2);
    if (q->numerics != NULL)
        assert_int_equal(mlsd_context_set_str(context, "numerics", q->numerics), MLSD_OK);
    for (int64_t k = 0; k < out.n_splits; k++) {
        mlsd_dataset *train = view(q->data, q->folds, k, 0);
        mlsd_dataset *test = view(q->data, q->folds, k, mlsd_folds_n_parts(q->folds) - 1);
        double *y = NULL, *weight = NULL, *f = calloc((size_t)out.room, sizeof *f);
        assert_int_equal(mlsd__dataset_gather_targets(test, &y), MLSD_OK);
        assert_int_equal(mlsd__dataset_gather_weight(test, &weight), MLSD_OK);
        for (int64_t l = 0; l < q->n_settings; l++) {
            char json[1024];
            if (q->standardize != NULL)
                snprintf(json, sizeof json, "{\"kind\":\"pipeline\",\"steps\":[%s,%s]}",
                         q->standardize, q->settings[l]);
            else
                snprintf(json, sizeof json, "%s", q->settings[l]);
            mlsd_model *model = fit_json(context, json, train, NULL, NULL);
            const int64_t size = out.n_test[k] * t;
            if (mlsd_model_predict(context, model, test, MLSD_OUTPUT_VALUE, f, size) != MLSD_OK)
                fail_msg("%s", mlsd_last_error());
            double *const values = out.values + (k * q->n_settings + l) * out.room;
            out.taken[k * q->n_settings + l] = 1;
            for (int64_t i = 0; i < size; i++) {
                const double w = weight != NULL ? weight[i / t] : 1, e = y[i] - f[i];
                if (q->squares)
                    values[i % t] += w * e * e;
                else
                    values[i] = f[i];
            }
            mlsd_model_free(model);
        }
        mlsd__free(&test->store->allocator, y);
        mlsd__free(&test->store->allocator, weight);
        free(f);
        mlsd_dataset_free(train);
        mlsd_dataset_free(test);
    }
    mlsd_context_free(context);
    return out;
}

/* The largest difference beside the largest number of the split; how many were taken. */
static double difference(const outcome *fast, const outcome *plain, bool squares, int64_t *n_taken)
{
    double worst = 0;
    *n_taken = 0;
    for (int64_t at = 0; at < fast->n_splits * fast->n_settings; at++) {
        if (fast->taken[at] != 1) continue;
        ++*n_taken;
        const int64_t split = at / fast->n_settings;
        const int64_t n = squares ? fast->t : fast->n_test[split] * fast->t;
        double largest = 1e-300;
        for (int64_t i = 0; i < n; i++)
            largest = fmax(largest, fabs(plain->values[at * plain->room + i]));
        for (int64_t i = 0; i < n; i++) {
            const double want = plain->values[at * plain->room + i];
            const double scale = squares ? fmax(fabs(want), 1e-300) : largest;
            worst = fmax(worst, fabs(fast->values[at * fast->room + i] - want) / scale);
        }
    }
    return worst;
}

static void assert_same_bytes(const outcome *a, const outcome *b)
{
    const size_t n = (size_t)(a->n_splits * a->n_settings);
    assert_memory_equal(a->taken, b->taken, n);
    assert_memory_equal(a->values, b->values, n * (size_t)a->room * sizeof(double));
}

/* Fast and plain agree, for squares and for predictions; threads change nothing. Returns how many
 * of the splits x settings were served. */
static int64_t check(question q, double tolerance)
{
    int64_t n_taken = 0;
    for (int squares = 0; squares < 2; squares++) {
        q.squares = squares != 0;
        bool served;
        outcome plain = run_plain(&q);
        outcome one = run_fast(&q, 1, &served);
        outcome two = run_fast(&q, 2, &served);
        outcome seven = run_fast(&q, 7, &served);
        const double worst = difference(&one, &plain, q.squares, &n_taken);
        assert_int_equal(served, n_taken > 0);
        if (!(worst <= tolerance))
            fail_msg("%s differ by %.3g", squares ? "squares" : "predictions", worst);
        assert_same_bytes(&one, &two);
        assert_same_bytes(&one, &seven);
        free_outcome(&plain);
        free_outcome(&one);
        free_outcome(&two);
        free_outcome(&seven);
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

static mlsd_folds *split(const mlsd_dataset *data, const char *json)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_folds *folds = NULL;
    if (mlsd_folds_split_dataset(NULL, spec, data, &folds) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_spec_free(spec);
    return folds;
}

/* One data set, one splitter, all the settings given. */
static void compare(int64_t n, int64_t p, int weighted, double offset, const char *splitter,
                    bool is_partition, const char *const *settings, int64_t n_settings,
                    const char *standardize, double tolerance, int64_t expected)
{
    linear_data d = make_linear_data(n, p, 0, 17);
    for (int64_t i = 0; i < n * p; i++) d.x[i] += offset;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
    mlsd_folds *folds = split(data, splitter);
    const question q = {.settings = settings,
                        .n_settings = n_settings,
                        .standardize = standardize,
                        .data = data,
                        .folds = folds,
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
        mlsd_folds *folds = split(data, KFOLD);
        const bool bare = i % 3 == 2;
        const question q = {.settings = bare ? BARE : RIDGE,
                            .n_settings = bare ? 2 : N_RIDGE,
                            .data = data,
                            .folds = folds};
        outcome plain = run_plain(&q), each = run_each(&q);
        int64_t n_taken;
        const double worst = difference(&each, &plain, false, &n_taken);
        assert_int_equal(n_taken, 5 * q.n_settings);
        if (!(worst <= 1e-11)) fail_msg("predictions differ by %.3g, case %d", worst, i);
        free_outcome(&plain);
        free_outcome(&each);
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
    mlsd_folds *folds = split(data, KFOLD);
    const question q = {.settings = RIDGE, .n_settings = N_RIDGE, .data = data, .folds = folds};
    outcome each = run_each(&q);
    for (int i = 0; i < 5 * N_RIDGE; i++) assert_int_equal(each.taken[i], 2);
    if (strstr(mlsd_last_error(), "NaN") == NULL) fail_msg("%s", mlsd_last_error());
    free_outcome(&each);
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
    mlsd_folds *folds = split(data, KFOLD);
    const question least = {.settings = PLAIN, .n_settings = 1, .data = data, .folds = folds};
    assert_int_equal(check(least, 0), 0);
    /* Ridge has one answer for each penalty; where there is none it is the plain loop's. */
    const char *const free_of_penalty[] = {"{\"kind\":\"ridge\",\"alpha\":0}"};
    const question none = {
        .settings = free_of_penalty, .n_settings = 1, .data = data, .folds = folds};
    assert_int_equal(check(none, 1e-11), 0);
    const question many = {.settings = RIDGE, .n_settings = N_RIDGE, .data = data, .folds = folds};
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
    mlsd_folds *folds = split(data, KFOLD);
    const char *const weak[] = {"{\"kind\":\"ridge\",\"alpha\":0.0001,\"fit_intercept\":false}"};
    const question lost = {.settings = weak, .n_settings = 1, .data = data, .folds = folds};
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
    mlsd_folds *folds = split(data, KFOLD);
    question q = {.settings = RIDGE, .n_settings = N_RIDGE, .data = data, .folds = folds};
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
    mlsd_folds *folds = split(data, KFOLD);
    question q = {.settings = RIDGE, .n_settings = N_RIDGE, .data = data, .folds = folds};
    assert_int_equal(check(q, 1e-9), 5 * N_RIDGE);
    bool served;
    q.settings = PLAIN;
    q.n_settings = 1;
    q.squares = true;
    outcome out = run_fast(&q, 1, &served);
    assert_false(served);
    free_outcome(&out);
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
    mlsd_folds *folds = split(data, KFOLD);
    question q = {.settings = RIDGE, .n_settings = N_RIDGE, .data = data, .folds = folds};
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
    mlsd_folds *folds = split(data, loo);
    const question q = {.settings = RIDGE,
                        .n_settings = N_RIDGE,
                        .data = data,
                        .folds = folds,
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
        mlsd_folds *folds = split(data, splitters[i / 2]);
        const question q = {.settings = RIDGE,
                            .n_settings = N_RIDGE,
                            .standardize = i / 2 != 1 ? STANDARDIZE : NULL,
                            .data = data,
                            .folds = folds,
                            .is_partition = i / 2 < 2,
                            .squares = i % 2 != 0};
        bool served;
        outcome one = run_fast(&q, 1, &served), two = run_fast(&q, 2, &served);
        outcome seven = run_fast(&q, 7, &served);
        assert_true(served);
        assert_same_bytes(&one, &two);
        assert_same_bytes(&one, &seven);
        free_outcome(&one);
        free_outcome(&two);
        free_outcome(&seven);
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
    mlsd_folds *folds = split(data, KFOLD);
    const question q = {.settings = RIDGE,
                        .n_settings = N_RIDGE,
                        .standardize = STANDARDIZE,
                        .data = data,
                        .folds = folds,
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
    mlsd_folds *folds = split(data, "{\"kind\":\"bootstrap\",\"n_splits\":4}");
    question q = {.settings = RIDGE, .n_settings = N_RIDGE, .data = data, .folds = folds};
    assert_int_equal(check(q, 0), 0);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    d.x[31] = NAN;
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    folds = split(data, KFOLD);
    q.data = data;
    q.folds = folds;
    bool served = true;
    outcome out = run_fast(&q, 1, &served);
    assert_false(served);
    free_outcome(&out);
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
