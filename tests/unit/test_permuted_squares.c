/* test_permuted_squares.c - squared errors of permuted targets beside fitting each of them on its
 * own. */
#include "path_checks.h"

#include "numeric/blas.h"
#include "validate/permuted_squares.h"

enum { N = 150, P = 4, PERMUTATIONS = 70, SPLITS = 5 };

/* A full cycle of its own for each permutation; the first is the identity. */
static mlsd_status permute(void *user, int64_t permutation, int64_t *order)
{
    const int64_t step = 1 + 7 * permutation % N;
    *(int64_t *)user += 1;
    for (int64_t i = 0; i < N; i++) order[i] = permutation == 0 ? i : (i * 7 + step) % N;
    return MLSD_OK;
}

static bool serve(const char *json, const mlsd_dataset *data, const mlsd_folds *folds,
                  int64_t n_threads, double *mean_square, double *variance)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_context *context = context_with_threads(n_threads);
    mlsd__scope scope;
    int64_t n_calls = 0;
    bool served;
    const mlsd__permutations in = {.estimator = spec,
                                   .dataset = data,
                                   .folds = folds,
                                   .n_permutations = PERMUTATIONS,
                                   .permute = permute,
                                   .user = &n_calls};
    assert_int_equal(mlsd__numeric_open(&scope, context), MLSD_OK);
    if (mlsd__permuted_squares(&scope, &in, mean_square, variance, &served) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd__scope_close(&scope);
    if (served) assert_int_equal(n_calls, PERMUTATIONS);
    mlsd_spec_free(spec);
    mlsd_context_free(context);
    return served;
}

static mlsd_dataset *part(const mlsd_dataset *data, const mlsd_folds *folds, int64_t k, int64_t p)
{
    int64_t rows[N];
    const int64_t n = mlsd_folds_part_size(folds, k, p);
    mlsd_dataset *out = NULL;
    assert_int_equal(mlsd_folds_part(folds, k, p, rows, N), MLSD_OK);
    assert_int_equal(mlsd_dataset_rows(data, rows, n, &out), MLSD_OK);
    return out;
}

/* One permutation and split the plain way. */
static void fit_one(const char *json, const linear_data *d, int weighted, const mlsd_folds *folds,
                    int64_t permutation, int64_t k, double *mean_square, double *variance)
{
    int64_t order[N], rows[N], ignored = 0;
    linear_data permuted = *d;
    permuted.y = malloc(N * sizeof *permuted.y);
    assert_int_equal(permute(&ignored, permutation, order), MLSD_OK);
    for (int64_t i = 0; i < N; i++) permuted.y[i] = d->y[order[i]];
    mlsd_dataset *data = dataset_of(&permuted, MLSD_TASK_REGRESSION, weighted);
    mlsd_dataset *train = part(data, folds, k, 0), *test = part(data, folds, k, 1);
    mlsd_model *model = fit_json(NULL, json, train, NULL, NULL);
    double f[N], weight = 0, mean = 0;
    const int64_t n = mlsd_dataset_n_rows(test);
    assert_int_equal(mlsd_model_predict(NULL, model, test, MLSD_OUTPUT_VALUE, f, N), MLSD_OK);
    assert_int_equal(mlsd_folds_part(folds, k, 1, rows, N), MLSD_OK);
    *mean_square = *variance = 0;
    for (int64_t i = 0; i < n; i++) {
        const double w = weighted ? d->weight[rows[i]] : 1, y = permuted.y[rows[i]];
        weight += w;
        mean += w * y;
        *mean_square += w * (y - f[i]) * (y - f[i]);
    }
    mean /= weight;
    for (int64_t i = 0; i < n; i++) {
        const double w = weighted ? d->weight[rows[i]] : 1, y = permuted.y[rows[i]];
        *variance += w * (y - mean) * (y - mean);
    }
    *mean_square /= weight;
    *variance /= weight;
    mlsd_model_free(model);
    mlsd_dataset_free(train);
    mlsd_dataset_free(test);
    mlsd_dataset_free(data);
    free(permuted.y);
}

static void check(const char *json, int weighted)
{
    static double squares[PERMUTATIONS * SPLITS], variance[PERMUTATIONS * SPLITS];
    static double again[PERMUTATIONS * SPLITS], other[PERMUTATIONS * SPLITS];
    linear_data d = make_linear_data(N, P, 0, 41);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
    mlsd_folds *folds = path_split(data, "{\"kind\":\"kfold\",\"n_splits\":5,\"shuffle\":true}");
    assert_true(serve(json, data, folds, 1, squares, variance));
    assert_true(serve(json, data, folds, 7, again, other));
    assert_memory_equal(squares, again, sizeof squares);
    assert_memory_equal(variance, other, sizeof variance);
    for (int64_t i = 0; i < PERMUTATIONS; i += 3) {
        for (int64_t k = 0; k < SPLITS; k++) {
            double want, spread;
            fit_one(json, &d, weighted, folds, i, k, &want, &spread);
            assert_true(fabs(squares[i * SPLITS + k] - want) <= 1e-12 * want);
            assert_true(fabs(variance[i * SPLITS + k] - spread) <= 1e-12 * spread);
        }
    }
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_permuted_squares__as_one_by_one(void **state)
{
    (void)state;
    check("{\"kind\":\"ridge\",\"alpha\":2}", 0);
    check("{\"kind\":\"ridge\",\"alpha\":2}", 1);
    check("{\"kind\":\"linear_regression\"}", 1);
    check("{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"ridge\"}]}", 1);
}

static void test_permuted_squares__what_is_not_served(void **state)
{
    (void)state;
    static double squares[PERMUTATIONS * SPLITS], variance[PERMUTATIONS * SPLITS];
    const char *const kinds[] = {"{\"kind\":\"k_neighbors_regressor\"}",
                                 "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"polynomial_"
                                 "features\"},{\"kind\":\"ridge\"}]}"};
    linear_data d = make_linear_data(N, P, 0, 41);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = path_split(data, "{\"kind\":\"kfold\",\"n_splits\":5}");
    mlsd_folds *bootstrap = path_split(data, "{\"kind\":\"bootstrap\",\"n_splits\":5}");
    for (int i = 0; i < 2; i++) assert_false(serve(kinds[i], data, folds, 1, squares, variance));
    assert_false(serve("{\"kind\":\"ridge\"}", data, bootstrap, 1, squares, variance));
    mlsd_folds_free(bootstrap);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permuted_squares__as_one_by_one),
        cmocka_unit_test(test_permuted_squares__what_is_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
