/* What cross-validation takes beside the data: no fold is copied. The most that is taken at a time,
 * as counted by the context's allocator, is set against the size of the data. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mlsd/mlsd.h"

enum { N = 40000, P = 60, K = 10 };
static const long long DATA_BYTES = (long long)N * P * 8;

static double X[N * P], Y[N], LABEL[N];
static long long now, most;

static void note(long long bytes)
{
    now += bytes;
    if (now > most) most = now;
}

static void *take(size_t size, void *user)
{
    (void)user;
    note((long long)size);
    return malloc(size);
}

static void *grow(void *pointer, size_t before, size_t size, void *user)
{
    (void)user;
    note((long long)size - (long long)before);
    return realloc(pointer, size);
}

static void give(void *pointer, size_t size, void *user)
{
    (void)user;
    note(-(long long)size);
    free(pointer);
}

static void fill_data(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(0.1 + i * 0.37 * (j + 1)) + 0.1 * j;
        Y[i] = X[i * P] - X[i * P + 7] + 0.5 * cos(i * 1.7);
        LABEL[i] = Y[i] > 0;
    }
}

/* The most that cross-validating 8 settings takes, as a share of the data. */
static double share_of(const char *kind, const char *param, int steps, int fast_paths,
                       int has_classes)
{
    const mlsd_matrix x = {X, N, P, P, 1, MLSD_F64, 0};
    const mlsd_matrix y = {has_classes ? LABEL : Y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_context *context = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *run = NULL, *splitter = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_context_new_with_allocator(take, grow, give, NULL, &context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", 1));
    ASSERT_OK(mlsd_context_set_i64(context, "audit", 0));
    ASSERT_OK(mlsd_context_set_i64(context, "fast_paths", fast_paths));
    ASSERT_OK(mlsd_dataset_adopt(NULL, &x, &y, NULL,
                                 has_classes ? MLSD_TASK_BINARY : MLSD_TASK_REGRESSION, NULL, NULL,
                                 &data));
    ASSERT_OK(mlsd_spec_new(NULL, "cross_validate", &run));
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &splitter));
    ASSERT_OK(mlsd_spec_set_i64(splitter, "n_splits", K));
    ASSERT_OK(mlsd_spec_add(run, "splitter", NULL, splitter));
    ASSERT_OK(mlsd_spec_set_bool(run, "return_predictions", 0));
    for (int i = 0; i < 8; i++) {
        mlsd_spec *model = NULL, *step = NULL, *last = NULL;
        char name[8];
        snprintf(name, sizeof name, "m%d", i);
        ASSERT_OK(mlsd_spec_new(NULL, kind, &last));
        ASSERT_OK(mlsd_spec_set_f64(last, param, pow(10, i - 4)));
        ASSERT_OK(mlsd_spec_new(NULL, "pipeline", &model));
        ASSERT_OK(mlsd_spec_new(NULL, "standardize", &step));
        if (steps) ASSERT_OK(mlsd_spec_add(model, "steps", NULL, step));
        ASSERT_OK(mlsd_spec_add(model, "steps", NULL, last));
        ASSERT_OK(mlsd_spec_add(run, "estimators", name, model));
        mlsd_spec_free(step);
        mlsd_spec_free(last);
        mlsd_spec_free(model);
    }
    const long long before = now;
    most = now;
    ASSERT_OK(mlsd_validate(context, run, data, NULL, &r));
    const double share = (double)(most - before) / (double)DATA_BYTES;
    mlsd_result_free(r);
    mlsd_spec_free(splitter);
    mlsd_spec_free(run);
    mlsd_dataset_free(data);
    mlsd_context_free(context);
    return share;
}

static void test_fold_memory__no_copy_of_a_fold(void **state)
{
    (void)state;
    /* The row numbers of ten folds alone are 1 / 6 of 60 columns; training rows would be 9 / 10. */
    for (int steps = 0; steps < 2; steps++) {
        const double fast = share_of("ridge", "alpha", steps, 1, 0);
        const double plain = share_of("ridge", "alpha", steps, 0, 0);
        /* Nothing at all would mean that nothing was counted. */
        assert_true(fast > 1e-4 && fast < 0.35);
        assert_true(plain > 1e-4 && plain < 0.35);
    }
}

int main(void)
{
    fill_data();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold_memory__no_copy_of_a_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
