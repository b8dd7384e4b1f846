/* Row losses: their mean is what the metric says, on the metric's own scale, for every metric that
 * is a mean over rows; the others say that they are none. */
#include "unit.h"

#include <math.h>

#include "validate/row_loss.h"

enum { N = 40 };

static double Y[N], VALUES[N], PROBA[2 * N], WEIGHT[N];

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        Y[i] = i % 3 == 0;
        VALUES[i] = i % 4 == 0;
        PROBA[2 * i + 1] = 0.5 + 0.45 * sin(i);
        PROBA[2 * i] = 1 - PROBA[2 * i + 1];
        WEIGHT[i] = 1 + i % 5;
    }
}

static void check(const char *metric, mlsd_task task, double *weight)
{
    const mlsd__scoring s = {
        .n = N, .n_classes = 2, .y = Y, .weight = weight, .values = VALUES, .proba = PROBA};
    const mlsd__metric_ops *ops = NULL;
    double losses[N], sum = 0, total = 0;
    mlsd__scope scope;
    mlsd__estimate wanted;
    ASSERT_OK(mlsd__row_loss_find(metric, task, &ops));
    mlsd__row_losses(ops, &s, losses);
    for (int i = 0; i < N; i++) {
        const double w = weight == NULL ? 1 : weight[i];
        sum += w * losses[i];
        total += w;
    }
    mlsd__estimate e = {.value = sum / total, .se = 0.01, .low = NAN, .high = sum / total + 0.02};
    mlsd__row_loss_to_metric(ops, &e);
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__scoring_score(&scope, &s, metric, NAN, &wanted));
    mlsd__scope_close(&scope);
    ASSERT_NEAR(e.value, wanted.value, 1e-14);
    assert_true(isnan(e.low));
    if (!ops->is_root) return;
    ASSERT_NEAR(e.se, 0.005 / wanted.value, 1e-14);
    ASSERT_NEAR(e.high, sqrt(sum / total + 0.02), 1e-14);
}

static void test_row_loss__means_are_the_metrics(void **state)
{
    (void)state;
    fill();
    static const char *const numbers[] = {"rmse", "mae"};
    static const char *const classes[] = {"accuracy", "log_loss", "brier"};
    for (int w = 0; w < 2; w++) {
        double *const weight = w == 0 ? NULL : WEIGHT;
        for (int i = 0; i < 2; i++) check(numbers[i], MLSD_TASK_REGRESSION, weight);
        for (int i = 0; i < 3; i++) check(classes[i], MLSD_TASK_BINARY, weight);
    }
}

static void test_row_loss__no_error_and_below_zero(void **state)
{
    (void)state;
    const mlsd__metric_ops *ops = NULL;
    ASSERT_OK(mlsd__row_loss_find("rmse", MLSD_TASK_REGRESSION, &ops));
    mlsd__estimate e = {.value = 0, .se = 0, .low = -1, .high = 4};
    mlsd__row_loss_to_metric(ops, &e);
    ASSERT_NEAR(e.value, 0, 0);
    ASSERT_NEAR(e.se, 0, 0);
    ASSERT_NEAR(e.low, 0, 0);
    ASSERT_NEAR(e.high, 2, 0);
}

static void test_row_loss__bad_metrics(void **state)
{
    (void)state;
    const mlsd__metric_ops *ops = NULL;
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "'r2' is not a mean over rows; use rmse or mae",
                 mlsd__row_loss_find("r2", MLSD_TASK_REGRESSION, &ops));
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "'roc_auc' is not a mean over rows; use log_loss",
                 mlsd__row_loss_find("roc_auc", MLSD_TASK_BINARY, &ops));
    ASSERT_FAILS(MLSD_E_KIND, "'rmse' is for numbers",
                 mlsd__row_loss_find("rmse", MLSD_TASK_BINARY, &ops));
    ASSERT_FAILS(MLSD_E_KIND, "did you mean 'rmse'?",
                 mlsd__row_loss_find("rmsee", MLSD_TASK_REGRESSION, &ops));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_loss__means_are_the_metrics),
        cmocka_unit_test(test_row_loss__no_error_and_below_zero),
        cmocka_unit_test(test_row_loss__bad_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
