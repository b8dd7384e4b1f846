/* How often rows were looked at: views share counts, repeats count once, threads lose none. */
#include "unit.h"

#include <pthread.h>

#include "failing_allocator.h"
#include "mlsd/mlsd.h"

enum { N = 12, N_THREADS = 4, N_EACH = 50 };

static double X[N], Y[N];

static mlsd_dataset *make_data(const mlsd_context *context)
{
    for (int i = 0; i < N; i++) {
        X[i] = i;
        Y[i] = 2 * i + i % 3;
    }
    const mlsd_matrix x = {X, N, 1, 1, 1, MLSD_F64, 0}, y = {Y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(context, &x, &y, NULL, MLSD_TASK_REGRESSION, &data));
    return data;
}

static mlsd_dataset *make_view(const mlsd_dataset *data, const int64_t *rows, int64_t n)
{
    mlsd_dataset *view = NULL;
    ASSERT_OK(mlsd_dataset_rows(data, rows, n, &view));
    return view;
}

static mlsd_model *fit(const mlsd_dataset *data)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "linear_regression", &spec));
    ASSERT_OK(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    mlsd_spec_free(spec);
    return model;
}

/* The number that a look is told to be. */
static double look(const mlsd_model *model, const mlsd_dataset *data)
{
    mlsd_result *r = NULL;
    double looks = -1;
    ASSERT_OK(mlsd_evaluate(NULL, model, data, NULL, 0, &r));
    ASSERT_OK(mlsd_result_get_f64(r, "looks", &looks));
    mlsd_result_free(r);
    return looks;
}

static void test_dataset_looks__belong_to_the_rows(void **state)
{
    (void)state;
    static const int64_t first[] = {0, 1, 2, 3, 4, 5}, last[] = {6, 7, 8, 9, 10, 11};
    static const int64_t again[] = {11, 6, 6, 6}, of_view[] = {0};
    mlsd_dataset *data = make_data(NULL), *train = make_view(data, first, 6);
    mlsd_dataset *test = make_view(data, last, 6), *other = make_view(data, again, 4);
    mlsd_dataset *inner = make_view(test, of_view, 1);
    mlsd_model *model = fit(train);
    assert_int_equal(mlsd_dataset_n_looks(data), 0);
    assert_int_equal(mlsd_dataset_n_looks(NULL), 0);
    ASSERT_NEAR(look(model, test), 1, 0);
    assert_int_equal(mlsd_dataset_n_looks(train), 0); /* other rows */
    assert_int_equal(mlsd_dataset_n_looks(other), 1); /* the same rows, repeated */
    assert_int_equal(mlsd_dataset_n_looks(inner), 1); /* a view of a view */
    assert_int_equal(mlsd_dataset_n_looks(data), 1);
    ASSERT_NEAR(look(model, other), 2, 0);
    ASSERT_NEAR(look(model, train), 1, 0);
    assert_int_equal(mlsd_dataset_n_looks(test), 2);
    mlsd_dataset_free(data); /* the counts live with the views */
    assert_int_equal(mlsd_dataset_n_looks(inner), 2);
    ASSERT_NEAR(look(model, inner), 3, 0);

    mlsd_dataset *anew = make_data(NULL);
    assert_int_equal(mlsd_dataset_n_looks(anew), 0);
    mlsd_dataset_free(anew);
    mlsd_model_free(model);
    mlsd_dataset_free(inner);
    mlsd_dataset_free(other);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
}

static void test_dataset_looks__what_does_not_count(void **state)
{
    (void)state;
    const char *const nothing[] = {"accuracy"};
    mlsd_dataset *data = make_data(NULL);
    mlsd_model *model = fit(data);
    mlsd_spec *splitter = NULL, *spec = NULL;
    mlsd_folds *folds = NULL;
    mlsd_result *r = NULL;
    double out[N];
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, N));
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &splitter));
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &spec));
    ASSERT_OK(mlsd_folds_split_dataset(NULL, splitter, data, &folds));
    ASSERT_OK(mlsd_cross_validate(NULL, spec, data, folds, NULL, 0, &r));
    mlsd_result_free(r);
    ASSERT_FAILS(MLSD_E_KIND, "accuracy", mlsd_evaluate(NULL, model, data, nothing, 1, &r));
    assert_int_equal(mlsd_dataset_n_looks(data), 0);
    mlsd_folds_free(folds);
    mlsd_spec_free(spec);
    mlsd_spec_free(splitter);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

typedef struct looker {
    const mlsd_model *model;
    const mlsd_dataset *data;
    int n_first; /* how often it was told to be the first */
    double most;
} looker;

static void *look_often(void *user)
{
    looker *const l = user;
    for (int i = 0; i < N_EACH; i++) {
        mlsd_result *r = NULL;
        double looks = 0;
        if (mlsd_evaluate(NULL, l->model, l->data, NULL, 0, &r) == MLSD_OK)
            (void)mlsd_result_get_f64(r, "looks", &looks);
        mlsd_result_free(r);
        l->n_first += looks == 1;
        if (looks > l->most) l->most = looks;
    }
    return NULL;
}

static void test_dataset_looks__of_many_threads(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data(NULL);
    mlsd_model *model = fit(data);
    pthread_t threads[N_THREADS];
    looker lookers[N_THREADS];
    int n_first = 0;
    double most = 0;
    for (int t = 0; t < N_THREADS; t++) {
        lookers[t] = (looker){.model = model, .data = data};
        assert_int_equal(pthread_create(&threads[t], NULL, look_often, &lookers[t]), 0);
    }
    for (int t = 0; t < N_THREADS; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        n_first += lookers[t].n_first;
        if (lookers[t].most > most) most = lookers[t].most;
    }
    assert_true(n_first <= 1);
    ASSERT_NEAR(most, N_THREADS * N_EACH, 0);
    assert_int_equal(mlsd_dataset_n_looks(data), N_THREADS * N_EACH);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dataset_looks__belong_to_the_rows),
        cmocka_unit_test(test_dataset_looks__what_does_not_count),
        cmocka_unit_test(test_dataset_looks__of_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
