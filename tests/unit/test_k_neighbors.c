/* test_k_neighbors.c - nearest rows and what is made of them. Witness: a plain loop over all rows,
 * bit for bit; scikit-learn is beside it in tests/reference. */
#include "linear_data.h"

typedef struct problem {
    int64_t n, m, p; /* training rows, queries, columns */
    double *x, *y, *q;
} problem;

/* Forms: 0 spread evenly; 1 far from 0; 2 on a grid, so that most distances are shared by rows. */
static problem make_problem(int64_t n, int64_t m, int64_t p, int form)
{
    problem d = {.n = n, .m = m, .p = p};
    d.x = malloc((size_t)(n * p) * sizeof(double));
    d.q = malloc((size_t)(m * p) * sizeof(double));
    d.y = malloc((size_t)n * sizeof(double));
    uint32_t seed = (uint32_t)(n + m + p + form);
    for (int64_t i = 0; i < (n + m) * p; i++) {
        const double u = next_uniform(&seed);
        *(i < n * p ? d.x + i : d.q + i - n * p) = form == 0   ? u
                                                   : form == 1 ? 1e8 + u
                                                               : floor(4 * u);
    }
    for (int64_t i = 0; i < n; i++) d.y[i] = (double)(i * 7 % 3);
    return d;
}

static void free_problem(problem *d)
{
    free(d->x);
    free(d->q);
    free(d->y);
}

static mlsd_dataset *data_of(const double *x, const double *y, const double *w, int64_t n,
                             int64_t p, mlsd_task task)
{
    const mlsd_matrix mx = {x, n, p, p, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix mw = {w, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, y != NULL ? &my : NULL, w != NULL ? &mw : NULL, task,
                                 &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

static double plain_distance(const char *metric, const double *a, const double *b, int64_t p)
{
    double sum = 0, aa = 0, bb = 0;
    for (int64_t j = 0; j < p; j++) {
        const double d = fabs(a[j] - b[j]);
        aa += a[j] * a[j];
        bb += b[j] * b[j];
        if (strcmp(metric, "euclidean") == 0) sum += d * d;
        if (strcmp(metric, "manhattan") == 0) sum += d;
        if (strcmp(metric, "chebyshev") == 0) sum = d > sum ? d : sum;
        if (strcmp(metric, "minkowski") == 0) sum += pow(d, 3);
        if (strcmp(metric, "cosine") == 0) sum += a[j] * b[j];
    }
    if (strcmp(metric, "cosine") == 0) return aa > 0 && bb > 0 ? 1 - sum / sqrt(aa * bb) : 1;
    return sum;
}

static double finished(const char *metric, double sum)
{
    if (strcmp(metric, "euclidean") == 0) return sqrt(sum);
    return strcmp(metric, "minkowski") == 0 ? cbrt(sum) : sum;
}

/* The k nearest by sorting in; ties stay in the order of the rows. */
static void plain_nearest(const char *metric, const problem *d, int64_t query, int64_t k,
                          int64_t *index, double *distance)
{
    int64_t n = 0;
    for (int64_t i = 0; i < d->n; i++) {
        const double s = plain_distance(metric, d->q + query * d->p, d->x + i * d->p, d->p);
        int64_t at = n < k ? n++ : k;
        if (at == k && s >= distance[k - 1]) continue;
        if (at == k) at = k - 1;
        for (; at > 0 && distance[at - 1] > s; at--) {
            distance[at] = distance[at - 1];
            index[at] = index[at - 1];
        }
        distance[at] = s;
        index[at] = i;
    }
    for (int64_t i = 0; i < k; i++) distance[i] = finished(metric, distance[i]);
}

static void check_neighbors(const problem *d, const char *metric, const char *algorithm, int64_t k,
                            double tolerance)
{
    char json[200];
    snprintf(json, sizeof json,
             "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":%d,\"metric\":\"%s\","
             "\"algorithm\":\"%s\",\"leaf_size\":5,\"p\":3}",
             (int)k, metric, algorithm);
    mlsd_dataset *data = data_of(d->x, d->y, NULL, d->n, d->p, MLSD_TASK_REGRESSION);
    mlsd_dataset *queries = data_of(d->q, NULL, NULL, d->m, d->p, MLSD_TASK_NONE);
    int64_t *const index = malloc((size_t)(d->m * k) * sizeof *index), *const want =
                                                                           malloc((size_t)k *
                                                                                  sizeof *want);
    double *const distance = malloc((size_t)(d->m * k) * sizeof *distance);
    double *const wanted = malloc((size_t)k * sizeof *wanted);
    for (int64_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_model *model = fit_json(context, json, data, NULL, NULL);
        assert_true(number_of(model, "uses_tree") == (strcmp(algorithm, "kd_tree") == 0));
        if (mlsd_model_neighbors(context, model, queries, k, index, distance, d->m * k) != MLSD_OK)
            fail_msg("%s", mlsd_last_error());
        for (int64_t i = 0; i < d->m; i++) {
            plain_nearest(metric, d, i, k, want, wanted);
            for (int64_t j = 0; j < k; j++) {
                const double got = distance[i * k + j];
                if (tolerance == 0) {
                    assert_int_equal(index[i * k + j], want[j]);
                    assert_true(got == wanted[j]);
                } else {
                    assert_true(fabs(got - wanted[j]) <= tolerance);
                }
            }
        }
        mlsd_model_free(model);
        mlsd_context_free(context);
    }
    free(index);
    free(want);
    free(distance);
    free(wanted);
    mlsd_dataset_free(queries);
    mlsd_dataset_free(data);
}

static void test_k_neighbors__are_those_of_the_plain_loop(void **state)
{
    (void)state;
    static const char *const exact[] = {"euclidean", "manhattan", "chebyshev"};
    static const int64_t widths[] = {1, 2, 5, 33};
    for (int w = 0; w < 4; w++) {
        for (int form = 0; form < 3; form++) {
            problem d = make_problem(301, 29, widths[w], form);
            for (int m = 0; m < 3; m++) {
                check_neighbors(&d, exact[m], "brute", 7, 0);
                check_neighbors(&d, exact[m], "kd_tree", 7, 0);
            }
            /* Sums of powers are off by rounding; 1 - cos loses digits where the plain loop does.
             */
            check_neighbors(&d, "minkowski", "brute", 7, 1e-12);
            check_neighbors(&d, "minkowski", "kd_tree", 7, 1e-12);
            check_neighbors(&d, "cosine", "brute", 7, 1e-13);
            check_neighbors(&d, "cosine", "kd_tree", 7, 1e-13);
            free_problem(&d);
        }
    }
    problem all = make_problem(40, 300, 3, 2); /* several blocks of queries, every row wanted */
    check_neighbors(&all, "euclidean", "brute", 40, 0);
    check_neighbors(&all, "euclidean", "kd_tree", 40, 0);
    free_problem(&all);
    problem one = make_problem(1, 5, 2, 0);
    check_neighbors(&one, "euclidean", "brute", 1, 0);
    check_neighbors(&one, "chebyshev", "kd_tree", 1, 0);
    free_problem(&one);
}

/* Predictions of a file's model, of one row alone, and of the other search are the same bytes. */
static void test_k_neighbors__one_answer(void **state)
{
    (void)state;
    problem d = make_problem(500, 40, 4, 0);
    mlsd_dataset *data = data_of(d.x, d.y, NULL, d.n, d.p, MLSD_TASK_MULTICLASS);
    const mlsd_matrix queries = {d.q, d.m, d.p, d.p, 1, MLSD_F64, 0};
    double want[3 * 40], got[3 * 40];
    static const char *const searches[] = {"brute", "kd_tree", "auto"};
    for (int s = 0; s < 3; s++) {
        char json[160];
        snprintf(json, sizeof json,
                 "{\"kind\":\"k_neighbors_classifier\",\"weights\":\"distance\",\"algorithm\":"
                 "\"%s\"}",
                 searches[s]);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        double *const out = s == 0 ? want : got;
        assert_int_equal(
            mlsd_model_predict_matrix(NULL, model, &queries, MLSD_OUTPUT_PROBA, out, 3 * d.m),
            MLSD_OK);
        assert_memory_equal(out, want, sizeof want);
        size_t size = 0;
        unsigned char *const bytes = bytes_of(model, &size);
        mlsd_model *loaded = NULL;
        assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &loaded), MLSD_OK);
        assert_same_model(model, loaded);
        for (int64_t i = 0; i < d.m; i++) {
            const mlsd_matrix row = {d.q + i * d.p, 1, d.p, d.p, 1, MLSD_F64, 0};
            assert_int_equal(
                mlsd_model_predict_matrix(NULL, loaded, &row, MLSD_OUTPUT_PROBA, got + 3 * i, 3),
                MLSD_OK);
        }
        assert_memory_equal(got, want, sizeof want);
        free(bytes);
        mlsd_model_free(loaded);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_problem(&d);
}

static double predict_one(const mlsd_model *model, const double *x, int64_t p)
{
    const mlsd_matrix row = {x, 1, p, p, 1, MLSD_F64, 0};
    double out = NAN;
    if (mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_VALUE, &out, 1) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return out;
}

/* From 0: rows at 1, 2, 4 with targets 10, 20, 40. */
static void test_k_neighbors__shares_by_hand(void **state)
{
    (void)state;
    const double x[] = {4, 1, 2, 8}, y[] = {40, 10, 20, 80}, at[] = {0, 2};
    mlsd_dataset *data = data_of(x, y, NULL, 4, 1, MLSD_TASK_REGRESSION);
    mlsd_model *mean =
        fit_json(NULL, "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":3}", data, NULL, NULL);
    mlsd_model *inverse = fit_json(
        NULL, "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":3,\"weights\":\"distance\"}",
        data, NULL, NULL);
    assert_true(fabs(predict_one(mean, at, 1) - 70.0 / 3) < 1e-14);
    assert_true(fabs(predict_one(inverse, at, 1) - 30 / 1.75) < 1e-14);
    assert_true(predict_one(inverse, at + 1, 1) == 20); /* a row at no distance leaves nothing */
    mlsd_model_free(mean);
    mlsd_model_free(inverse);
    mlsd_dataset_free(data);
}

/* Whole weights are repetition, 0 is removal; numbers of neighbors stay those of the data. */
static void test_k_neighbors__weights(void **state)
{
    (void)state;
    enum { SEEN = 60 };
    problem d = make_problem(SEEN, 25, 3, 2);
    double weight[SEEN], x[3 * 4 * SEEN], y[4 * SEEN];
    int64_t n = 0;
    for (int64_t i = 0; i < d.n; i++) {
        weight[i] = (double)(i % 4);
        for (int64_t r = 0; r < i % 4; r++, n++) {
            memcpy(x + 3 * n, d.x + 3 * i, 3 * sizeof *x);
            y[n] = d.y[i];
        }
    }
    mlsd_dataset *weighted = data_of(d.x, d.y, weight, d.n, 3, MLSD_TASK_REGRESSION);
    mlsd_dataset *repeated = data_of(x, y, NULL, n, 3, MLSD_TASK_REGRESSION);
    static const char *const specs[] = {
        "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":1}",
        "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":8}",
        "{\"kind\":\"k_neighbors_regressor\",\"weights\":\"distance\",\"algorithm\":\"kd_tree\"}"};
    for (int s = 0; s < 3; s++) {
        mlsd_model *a = fit_json(NULL, specs[s], weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, specs[s], repeated, NULL, NULL);
        for (int64_t i = 0; i < d.m; i++)
            assert_true(fabs(predict_one(a, d.q + 3 * i, 3) - predict_one(b, d.q + 3 * i, 3)) <
                        1e-14);
        if (s == 0) {
            mlsd_dataset *queries = data_of(d.x, NULL, NULL, d.n, 3, MLSD_TASK_NONE);
            int64_t index[SEEN];
            assert_true(number_of(a, "n_samples_fit") == 45);
            assert_int_equal(mlsd_model_neighbors(NULL, a, queries, 1, index, NULL, SEEN), MLSD_OK);
            for (int64_t i = 0; i < SEEN; i++) {
                assert_true(weight[index[i]] > 0 && index[i] <= i + (i % 4 == 0 ? SEEN : 0));
                if (i % 4 != 0) assert_memory_equal(d.x + 3 * index[i], d.x + 3 * i, 24);
            }
            mlsd_dataset_free(queries);
        }
        mlsd_model_free(a);
        mlsd_model_free(b);
    }
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(repeated);
    free_problem(&d);
}

/* Rows of zeros have no direction: by cosine they are at 1 from all, as in scikit-learn. */
static void test_k_neighbors__cosine_of_zeros(void **state)
{
    (void)state;
    const double x[] = {0, 0, 1, 1, -1, -1}, y[] = {0, 1, 2}, q[] = {3, 3, 0, 0};
    mlsd_dataset *data = data_of(x, y, NULL, 3, 2, MLSD_TASK_REGRESSION);
    mlsd_dataset *queries = data_of(q, NULL, NULL, 2, 2, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(
        NULL, "{\"kind\":\"k_neighbors_regressor\",\"metric\":\"cosine\",\"n_neighbors\":3}", data,
        NULL, NULL);
    int64_t index[6];
    double distance[6];
    assert_int_equal(mlsd_model_neighbors(NULL, model, queries, 3, index, distance, 6), MLSD_OK);
    const int64_t want[] = {1, 0, 2, 0, 1, 2};
    const double far[] = {0, 1, 2, 1, 1, 1};
    assert_memory_equal(index, want, sizeof want);
    assert_close(distance, far, 6, 1e-15);
    mlsd_model_free(model);
    mlsd_dataset_free(queries);
    mlsd_dataset_free(data);
}

static void assert_refused(const char *json, const mlsd_dataset *data, mlsd_status status,
                           const char *text)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), status);
    assert_null(model);
    if (strstr(mlsd_last_error(), text) == NULL) fail_msg("%s", mlsd_last_error());
    mlsd_spec_free(spec);
}

static void test_k_neighbors__bad_input(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3}, y[] = {1, 2, 3}, w[] = {0.5, 0.5, 0.5}, far[] = {1e200};
    const double huge[] = {-1e200, 1e200, 0}, tiny[] = {0, 1e-200, 2e-200}, same[] = {4, 4, 4};
    static const char five[] = "{\"kind\":\"k_neighbors_regressor\"}";
    static const char one[] = "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":1}";
    mlsd_dataset *data = data_of(x, y, NULL, 3, 1, MLSD_TASK_REGRESSION);
    assert_refused(five, data, MLSD_E_DATA, "'n_neighbors' is 5, but the training set has 3 rows");
    mlsd_model *model = fit_json(NULL, one, data, NULL, NULL);
    const mlsd_matrix row = {far, 1, 1, 1, 1, MLSD_F64, 0};
    double out;
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_VALUE, &out, 1),
                     MLSD_E_NUMERIC);
    assert_non_null(strstr(mlsd_last_error(), "row 0 is so far from the training set"));
    int64_t index[3];
    assert_int_equal(mlsd_model_neighbors(NULL, model, data, 4, index, NULL, 12), MLSD_E_ARG);
    assert_non_null(strstr(mlsd_last_error(), "must be in [1, 3], the number of training rows"));
    assert_int_equal(mlsd_model_neighbors(NULL, model, data, 0, index, NULL, 3), MLSD_E_ARG);
    assert_int_equal(mlsd_model_neighbors(NULL, model, data, 1, index, NULL, 2), MLSD_E_BUFFER);
    mlsd_model_free(model);
    model = fit_json(NULL, "{\"kind\":\"ridge\"}", data, NULL, NULL);
    assert_int_equal(mlsd_model_neighbors(NULL, model, data, 1, index, NULL, 3),
                     MLSD_E_UNSUPPORTED);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    data = data_of(x, y, w, 3, 1, MLSD_TASK_REGRESSION);
    assert_refused("{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":2}", data, MLSD_E_DATA,
                   "the weights sum to 1.5");
    model = fit_json(NULL, one, data, NULL, NULL); /* two halves make a neighbor */
    assert_true(predict_one(model, (const double[]){0}, 1) == 1.5);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    data = data_of(huge, y, NULL, 3, 1, MLSD_TASK_REGRESSION);
    assert_refused(one, data, MLSD_E_NUMERIC, "distances overflow");
    mlsd_dataset_free(data);
    data = data_of(tiny, y, NULL, 3, 1, MLSD_TASK_REGRESSION);
    assert_refused(one, data, MLSD_E_NUMERIC, "distances underflow");
    mlsd_dataset_free(data);
    data = data_of(same, y, NULL, 3, 1, MLSD_TASK_REGRESSION); /* no distance: the first row */
    model = fit_json(NULL, one, data, NULL, NULL);
    assert_true(predict_one(model, (const double[]){-7}, 1) == 1);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* As the last step of a pipeline, with a class that has no row. */
static void test_k_neighbors__pipeline(void **state)
{
    (void)state;
    problem d = make_problem(90, 10, 3, 0);
    for (int64_t i = 0; i < d.n; i++) d.x[3 * i] *= 1e6;
    mlsd_dataset *data = data_of(d.x, d.y, NULL, d.n, 3, MLSD_TASK_MULTICLASS), *part = NULL;
    int64_t rows[90], n = 0;
    for (int64_t i = 0; i < d.n; i++)
        if (d.y[i] != 1) rows[n++] = i;
    assert_int_equal(mlsd_dataset_rows(data, rows, n, &part), MLSD_OK);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
                                 "{\"kind\":\"k_neighbors_classifier\"}]}",
                                 part, NULL, NULL);
    double *const out = malloc((size_t)(3 * d.n) * sizeof *out);
    int64_t index[90];
    double distance[90];
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, out, 3 * d.n),
                     MLSD_OK);
    for (int64_t i = 0; i < d.n; i++)
        assert_true(out[3 * i + 1] == 0 && fabs(out[3 * i] + out[3 * i + 2] - 1) < 1e-15);
    assert_int_equal(mlsd_model_neighbors(NULL, model, part, 1, index, distance, n), MLSD_OK);
    for (int64_t i = 0; i < n; i++) assert_true(index[i] == i && distance[i] == 0);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(part);
    mlsd_dataset_free(data);
    free_problem(&d);
}

/* Targets whose sum overflows have a mean. */
static void test_k_neighbors__large_targets(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 3}, y[] = {1.5e308, 1.5e308, 1.5e308, -1.5e308}, at[] = {0};
    mlsd_dataset *data = data_of(x, y, NULL, 4, 1, MLSD_TASK_REGRESSION);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":4}", data, NULL, NULL);
    assert_true(predict_one(model, at, 1) == 0.75e308);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* 1 / distance of a row close by times its weight overflows; the row still gets its share. */
static void test_k_neighbors__very_near(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2}, y[] = {10, 20, 40}, w[] = {3, 1, 1}, at[] = {8e-309, 1e-300};
    mlsd_dataset *data = data_of(x, y, w, 3, 1, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"k_neighbors_regressor\",\"n_neighbors\":5,"
                                 "\"weights\":\"distance\",\"metric\":\"manhattan\"}",
                                 data, NULL, NULL);
    assert_true(predict_one(model, at, 1) == 10 && predict_one(model, at + 1, 1) == 10);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_k_neighbors__are_those_of_the_plain_loop),
        cmocka_unit_test(test_k_neighbors__one_answer),
        cmocka_unit_test(test_k_neighbors__shares_by_hand),
        cmocka_unit_test(test_k_neighbors__weights),
        cmocka_unit_test(test_k_neighbors__cosine_of_zeros),
        cmocka_unit_test(test_k_neighbors__bad_input),
        cmocka_unit_test(test_k_neighbors__pipeline),
        cmocka_unit_test(test_k_neighbors__large_targets),
        cmocka_unit_test(test_k_neighbors__very_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
