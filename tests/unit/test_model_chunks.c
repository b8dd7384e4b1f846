/* test_model_chunks.c - a fit to chunks beside the fit to all their rows; what chunks may differ
 * in, and what is said where they do not fit together. */
#include "table_data.h"

enum { N = 400, P = 5 };

/* Rows first .. of a data set, `step` at a time; or an end with `status` at chunk `stop`. */
typedef struct source {
    const mlsd_dataset *all;
    mlsd_dataset *chunk;
    int64_t at, step;
    int64_t n_calls, stop;
    int32_t status;
    const char *reason;
    mlsd_context *to_cancel;
} source;

static int32_t next_rows(void *user, const mlsd_dataset **out)
{
    source *const s = user;
    mlsd_dataset_free(s->chunk);
    s->chunk = NULL;
    assert_null(*out);
    if (s->status != 0 && s->n_calls++ == s->stop) {
        if (s->reason != NULL) (void)mlsd_error_set(s->status, s->reason);
        return s->status;
    }
    if (s->to_cancel != NULL) mlsd_context_cancel(s->to_cancel);
    const int64_t left = mlsd_dataset_n_rows(s->all) - s->at;
    const int64_t n = left < s->step ? left : s->step;
    if (n <= 0) return 0;
    int64_t rows[N];
    for (int64_t i = 0; i < n; i++) rows[i] = s->at + i;
    assert_int_equal(mlsd_dataset_rows(s->all, rows, n, &s->chunk), MLSD_OK);
    s->at += n;
    *out = s->chunk;
    return 0;
}

static mlsd_model *fit_chunks(const char *json, const mlsd_dataset *data, int64_t step)
{
    source s = {.all = data, .step = step};
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    if (mlsd_model_fit_chunks(NULL, spec, next_rows, &s, &model) != MLSD_OK)
        fail_msg("%s: %s", json, mlsd_last_error());
    assert_null(s.chunk);
    mlsd_spec_free(spec);
    return model;
}

/* Predictions of the two models, relative to the largest. */
static double difference(const mlsd_model *a, const mlsd_model *b, const mlsd_dataset *data)
{
    const mlsd_output what = mlsd_model_n_classes(a) > 0 ? MLSD_OUTPUT_PROBA
                             : mlsd_model_n_outputs(a, MLSD_OUTPUT_VALUE) > 0
                                 ? MLSD_OUTPUT_VALUE
                                 : MLSD_OUTPUT_FEATURES;
    const int64_t width = mlsd_model_n_outputs(a, what), n = mlsd_dataset_n_rows(data) * width;
    double *const one = malloc((size_t)n * sizeof *one), *const other =
                                                             malloc((size_t)n * sizeof *one);
    assert_int_equal(width, mlsd_model_n_outputs(b, what));
    if (mlsd_model_predict(NULL, a, data, what, one, n) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    if (mlsd_model_predict(NULL, b, data, what, other, n) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    double worst = 0, largest = 0;
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs(one[i] - other[i]));
        largest = fmax(largest, fabs(other[i]));
    }
    free(one);
    free(other);
    return worst / largest;
}

static void check(const char *json, const mlsd_dataset *data, double tolerance)
{
    mlsd_model *all = fit_json(NULL, json, data, NULL, NULL);
    const int64_t steps[] = {400, 97, 30, 3};
    for (int i = 0; i < 4; i++) {
        mlsd_model *chunks = fit_chunks(json, data, steps[i]);
        const double worst = difference(chunks, all, data);
        if (!(worst <= tolerance)) fail_msg("%s: differs by %.3g", json, worst);
        for (int64_t c = 0; c < mlsd_model_n_classes(all); c++)
            assert_string_equal(mlsd_model_class_name(chunks, c), mlsd_model_class_name(all, c));
        mlsd_model_free(chunks);
    }
    mlsd_model_free(all);
}

static void test_model_chunks__regression_as_all_rows(void **state)
{
    (void)state;
    const char *const kinds[] = {
        "{\"kind\":\"ridge\",\"alpha\":3}",
        "{\"kind\":\"ridge\",\"alpha\":0.5,\"fit_intercept\":false}",
        "{\"kind\":\"linear_regression\"}",
        "{\"kind\":\"lasso\",\"alpha\":0.05,\"tol\":1e-12}",
        "{\"kind\":\"elastic_net\",\"alpha\":0.1,\"tol\":1e-12}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"ridge\"}]}",
    };
    for (int weighted = 0; weighted < 2; weighted++) {
        linear_data d = make_linear_data(N, P, 0, 61);
        for (int64_t i = 0; i < N; i++) d.x[i * P + 2] += 30;
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) check(kinds[k], data, 1e-11);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* What linear_regression says of itself: degrees of freedom are those of all rows. */
static void test_model_chunks__inference_as_all_rows(void **state)
{
    (void)state;
    const char *const names[] = {"rank", "r2", "df_residual", "residual_std_error", "f_value"};
    linear_data d = make_linear_data(N, P, 0, 62);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *all = fit_json(NULL, "{\"kind\":\"linear_regression\"}", data, NULL, NULL);
    mlsd_model *chunks = fit_chunks("{\"kind\":\"linear_regression\"}", data, 33);
    for (int i = 0; i < 5; i++) {
        const double want = number_of(all, names[i]);
        assert_true(fabs(number_of(chunks, names[i]) - want) <= 1e-11 * fabs(want));
    }
    double got[P], want[P];
    array_of(chunks, "std_error", got, P);
    array_of(all, "std_error", want, P);
    assert_close(got, want, P, 1e-12);
    mlsd_model_free(all);
    mlsd_model_free(chunks);
    /* A column that repeats others is seen, and the answer is the one of least norm. */
    for (int64_t i = 0; i < N; i++) d.x[i * P + 4] = d.x[i * P] + d.x[i * P + 1];
    mlsd_dataset_free(data);
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    chunks = fit_chunks("{\"kind\":\"linear_regression\"}", data, 33);
    assert_true(number_of(chunks, "rank") == P - 1);
    mlsd_model_free(chunks);
    check("{\"kind\":\"linear_regression\"}", data, 1e-10);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_model_chunks__several_targets(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 63);
    double y[2 * N];
    for (int i = 0; i < N; i++) {
        y[2 * i] = d.y[i];
        y[2 * i + 1] = 3 - d.y[(i + 5) % N] + d.x[i * P];
    }
    const mlsd_matrix x = {d.x, N, P, P, 1, MLSD_F64, 0}, both = {y, N, 2, 2, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    assert_int_equal(mlsd_dataset_from_matrix(NULL, &x, &both, NULL, MLSD_TASK_REGRESSION, &data),
                     MLSD_OK);
    check("{\"kind\":\"ridge\"}", data, 1e-12);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Classes are sorted, so that the first chunks lack the later ones. */
static void test_model_chunks__classes_as_all_rows(void **state)
{
    (void)state;
    const char *const kinds[] = {
        "{\"kind\":\"gaussian_nb\"}",
        "{\"kind\":\"linear_discriminant_analysis\"}",
        "{\"kind\":\"quadratic_discriminant_analysis\"}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"gaussian_nb\"}]}",
    };
    linear_data d = make_linear_data(N, P, 3, 64);
    double x[N * P], y[N], w[N];
    int64_t at = 0;
    for (int c = 2; c >= 0; c--) {
        for (int64_t i = 0; i < N; i++) {
            if (d.y[i] != c) continue;
            memcpy(x + at * P, d.x + i * P, P * sizeof *x);
            w[at] = d.weight[i];
            y[at++] = 10 * c;
        }
    }
    assert_int_equal(at, N);
    const linear_data sorted = {N, P, x, y, w};
    for (int weighted = 0; weighted < 2; weighted++) {
        mlsd_dataset *data = dataset_of(&sorted, MLSD_TASK_MULTICLASS, weighted);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) check(kinds[k], data, 1e-10);
        mlsd_dataset_free(data);
    }
    free_linear_data(&d);
}

/* Tables: columns by name in any order, classes as texts. */
typedef struct tables {
    mlsd_dataset *chunks[4];
    int64_t at;
} tables;

static int32_t next_table(void *user, const mlsd_dataset **out)
{
    tables *const t = user;
    *out = t->chunks[t->at++];
    return 0;
}

static mlsd_dataset *small_table(const char *first, const char *second, double shift,
                                 const char *letters)
{
    double a[6], b[6];
    for (int i = 0; i < 6; i++) {
        a[i] = shift + i;
        b[i] = (i * 5) % 7 - shift;
    }
    mlsd_table *t = new_table();
    put_numbers(t, first, first[0] == 'a' ? a : b, 6);
    put_numbers(t, second, second[0] == 'a' ? a : b, 6);
    put_letters(t, "class", letters);
    return dataset_of_table(t, "class", NULL, MLSD_TASK_MULTICLASS);
}

static void free_tables(tables *t)
{
    for (int i = 0; i < 4; i++) mlsd_dataset_free(t->chunks[i]);
}

static void test_model_chunks__tables(void **state)
{
    (void)state;
    tables t = {.chunks = {small_table("a", "b", 0, "zzyyzz"), small_table("b", "a", 2, "yxyxxx"),
                           small_table("a", "b", 4, "xzxzyy")}};
    mlsd_spec *spec = spec_from("{\"kind\":\"gaussian_nb\"}");
    mlsd_model *model = NULL;
    if (mlsd_model_fit_chunks(NULL, spec, next_table, &t, &model) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    assert_int_equal(mlsd_model_n_classes(model), 3);
    assert_string_equal(mlsd_model_class_name(model, 0), "x");
    assert_string_equal(mlsd_model_class_name(model, 2), "z");
    double theta[6], x_of_a = 0;
    array_of(model, "theta", theta, 6);
    const double of_x[] = {3, 5, 6, 7, 4, 6}; /* a of rows of class x: shift + number */
    for (int i = 0; i < 6; i++) x_of_a += of_x[i] / 6;
    assert_true(fabs(theta[0] - x_of_a) < 1e-13);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    free_tables(&t);
}

static void expect(mlsd_status got, mlsd_status want, const mlsd_model *model, const char *words)
{
    if (got != want) fail_msg("status %d: %s", (int)got, mlsd_last_error());
    assert_null(model);
    if (strstr(mlsd_last_error(), words) == NULL) fail_msg("%s", mlsd_last_error());
}

static void test_model_chunks__chunks_that_do_not_fit_together(void **state)
{
    (void)state;
    mlsd_spec *spec = spec_from("{\"kind\":\"gaussian_nb\"}");
    mlsd_model *model = NULL;
    tables t = {.chunks = {small_table("a", "b", 0, "zzyyzz"), small_table("a", "c", 2, "yxyxxx")}};
    expect(mlsd_model_fit_chunks(NULL, spec, next_table, &t, &model), MLSD_E_COLUMN, model,
           "chunk 1: ");
    free_tables(&t);
    linear_data d = make_linear_data(20, 2, 0, 3);
    t = (tables){
        .chunks = {small_table("a", "b", 0, "zzyyzz"), dataset_of(&d, MLSD_TASK_REGRESSION, 0)}};
    expect(mlsd_model_fit_chunks(NULL, spec, next_table, &t, &model), MLSD_E_TYPE, model,
           "chunk 1: the target is a number, but a class in the first chunk");
    free_tables(&t);
    mlsd_spec_free(spec);
    spec = spec_from("{\"kind\":\"ridge\"}");
    linear_data wide = make_linear_data(20, 3, 0, 3);
    t = (tables){.chunks = {dataset_of(&d, MLSD_TASK_REGRESSION, 0),
                            dataset_of(&wide, MLSD_TASK_REGRESSION, 0)}};
    expect(mlsd_model_fit_chunks(NULL, spec, next_table, &t, &model), MLSD_E_SHAPE, model,
           "chunk 1: ");
    free_tables(&t);
    t = (tables){.chunks = {small_table("a", "b", 0, "zzyyzz")}};
    expect(mlsd_model_fit_chunks(NULL, spec, next_table, &t, &model), MLSD_E_DATA, model,
           "chunk 0: ridge predicts a number, but the target is a class");
    free_tables(&t);
    d.x[9] = NAN;
    t = (tables){.chunks = {dataset_of(&d, MLSD_TASK_REGRESSION, 0)}};
    expect(mlsd_model_fit_chunks(NULL, spec, next_table, &t, &model), MLSD_E_DATA, model,
           "chunk 0: ");
    free_tables(&t);
    t = (tables){.chunks = {NULL}};
    expect(mlsd_model_fit_chunks(NULL, spec, next_table, &t, &model), MLSD_E_DATA, model,
           "the chunks have no rows");
    mlsd_spec_free(spec);
    free_linear_data(&d);
    free_linear_data(&wide);
}

static void test_model_chunks__sources_that_stop(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 61);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_spec *spec = spec_from("{\"kind\":\"ridge\"}");
    mlsd_model *model = NULL;
    source s = {.all = data, .step = 100, .stop = 2, .status = MLSD_E_IO, .reason = "disk is gone"};
    expect(mlsd_model_fit_chunks(NULL, spec, next_rows, &s, &model), MLSD_E_IO, model,
           "chunk 2: disk is gone");
    s = (source){.all = data, .step = 100, .stop = 1, .status = 7};
    expect(mlsd_model_fit_chunks(NULL, spec, next_rows, &s, &model), MLSD_E_CANCELLED, model,
           "chunk 1: its source returned 7");
    mlsd_context *context = context_with_threads(2);
    s = (source){.all = data, .step = 100, .to_cancel = context};
    expect(mlsd_model_fit_chunks(context, spec, next_rows, &s, &model), MLSD_E_CANCELLED, model,
           "cancelled");
    mlsd_dataset_free(s.chunk);
    mlsd_context_free(context);
    mlsd_spec_free(spec);
    s = (source){.all = data, .step = 100};
    spec = spec_from("{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
                     "{\"kind\":\"k_neighbors_regressor\"}]}");
    expect(mlsd_model_fit_chunks(NULL, spec, next_rows, &s, &model), MLSD_E_UNSUPPORTED, model,
           "'k_neighbors_regressor' must see all rows at once");
    assert_null(s.chunk);
    expect(mlsd_model_fit_chunks(NULL, spec, NULL, &s, &model), MLSD_E_ARG, model, "next is NULL");
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model_chunks__regression_as_all_rows),
        cmocka_unit_test(test_model_chunks__inference_as_all_rows),
        cmocka_unit_test(test_model_chunks__several_targets),
        cmocka_unit_test(test_model_chunks__classes_as_all_rows),
        cmocka_unit_test(test_model_chunks__tables),
        cmocka_unit_test(test_model_chunks__chunks_that_do_not_fit_together),
        cmocka_unit_test(test_model_chunks__sources_that_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
