/* test_auc_count.c - roc_auc of many rows against its definition, by counting every pair of values
 * (scores here have few distinct ones), and against the sort of metric_ranking.c. */
#include <math.h>

#include "unit.h"

#include "mlsd/metric.h"
#include "base/scope.h"
#include "metric/metric_impl.h"

enum { N = 20000, LEVELS = 300 };
static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("got %.17g, wanted %.17g", got, wanted);
}

static double y[N], p[N], w[N];

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* kind 0: few values, 1: many, 2: of wild sizes, 3: all equal, 4: the widest doubles. */
static void fill(int kind, int n_levels)
{
    uint32_t state = 7 + (uint32_t)kind;
    for (int i = 0; i < N; i++) {
        const double u = (double)(next(&state) % (uint32_t)n_levels) / n_levels;
        y[i] = (double)(next(&state) % 1000) / 1000 < 0.2 + 0.5 * u;
        w[i] = next(&state) % 4;
        p[i] = kind == 3 ? 0.5 : kind == 2 ? pow(10, 200 * (u - 0.5)) : u;
        if (kind == 4) p[i] = (u - 0.5) * 1.7e308 * 2;
        if (kind == 1) p[i] += (double)next(&state) * 1e-12;
    }
}

static mlsd_matrix column(const double *x)
{
    return (mlsd_matrix){x, N, 1, 1, 1, MLSD_F64, 0};
}

/* Of every pair of levels: the definition. */
static double by_pairs(bool weighted)
{
    static double mass[LEVELS][2], value[LEVELS];
    int n = 0;
    for (int i = 0; i < LEVELS; i++) mass[i][0] = mass[i][1] = 0;
    for (int i = 0; i < N; i++) {
        int k = 0;
        while (k < n && value[k] != p[i]) k++;
        if (k == n) value[n++] = p[i];
        mass[k][y[i] != 0] += weighted ? w[i] : 1;
    }
    double wins = 0, all = 0;
    for (int a = 0; a < n; a++) {
        for (int b = 0; b < n; b++) {
            const double pairs = mass[a][1] * mass[b][0];
            all += pairs;
            wins += pairs * (value[a] > value[b] ? 1 : value[a] == value[b] ? 0.5 : 0);
        }
    }
    return wins / all;
}

static void direct(int n_threads, bool weighted, double *out)
{
    const mlsd_matrix ym = column(y), pm = column(p), wm = column(w);
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(mlsd_metric_score(context, "roc_auc", &ym, &pm, weighted ? &wm : NULL, 0.95, out,
                                out + 1, out + 2));
    mlsd_context_free(context);
}

/* Value and interval by the other way: one sort. */
static void by_sort(bool weighted, double *out)
{
    static double columns[N][2];
    for (int i = 0; i < N; i++) {
        columns[i][0] = -p[i];
        columns[i][1] = p[i];
    }
    const mlsd__metric_ops *ops = NULL;
    const mlsd__scored s = {
        .n = N, .n_classes = 2, .y = y, .prediction = *columns, .weight = weighted ? w : NULL};
    mlsd__scope scope;
    mlsd__estimate e;
    ASSERT_OK(mlsd__metric_find("roc_auc", &ops));
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__metric_score(&scope, ops, &s, NULL, N, 0.95, &e));
    mlsd__scope_close(&scope);
    out[0] = e.value;
    out[1] = e.low;
    out[2] = e.high;
}

static void test_auc_count__equals_the_definition_and_the_sort(void **state)
{
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        fill(kind, kind == 1 ? 1000000 : LEVELS);
        for (int weighted = 0; weighted < 2; weighted++) {
            double got[3], one[3], wanted[3];
            direct(2, weighted, got);
            direct(1, weighted, one);
            assert_memory_equal(got, one, sizeof got);
            by_sort(weighted, wanted);
            assert_near(got[0], wanted[0], 1e-14);
            assert_near(got[1], wanted[1], 1e-12);
            assert_near(got[2], wanted[2], 1e-12);
            if (kind != 1) assert_near(got[0], by_pairs(weighted), 1e-13);
        }
    }
}

static void test_auc_count__bad_rows_are_named(void **state)
{
    (void)state;
    fill(0, LEVELS);
    const mlsd_matrix ym = column(y), pm = column(p), wm = column(w);
    double value = 0;
    p[17000] = NAN;
    ASSERT_FAILS(MLSD_E_DATA, "prediction[17000] is nan",
                 mlsd_metric_score(NULL, "roc_auc", &ym, &pm, NULL, 0, &value, NULL, NULL));
    p[17000] = 0.5;
    y[16000] = 2;
    ASSERT_FAILS(MLSD_E_DATA, "y[16000] is 2",
                 mlsd_metric_score(NULL, "roc_auc", &ym, &pm, NULL, 0, &value, NULL, NULL));
    ASSERT_FAILS(MLSD_E_DATA, "y[16000] is 2",
                 mlsd_metric_score(NULL, "log_loss", &ym, &pm, NULL, 0, &value, NULL, NULL));
    y[16000] = 1;
    w[3] = -1;
    ASSERT_FAILS(MLSD_E_DATA, "weight[3] is -1",
                 mlsd_metric_score(NULL, "roc_auc", &ym, &pm, &wm, 0, &value, NULL, NULL));
    for (int i = 0; i < N; i++) y[i] = 1;
    ASSERT_OK(mlsd_metric_score(NULL, "roc_auc", &ym, &pm, NULL, 0, &value, NULL, NULL));
    assert_true(isnan(value));
}

/* The sum of logarithms by products, against one logarithm a row. */
static void test_auc_count__log_loss_of_many_rows(void **state)
{
    (void)state;
    fill(1, 1000000);
    p[0] = 0;
    p[1] = 1;
    for (int i = 2; i < N; i++) p[i] = p[i] < 1 ? p[i] : 1;
    double sum[2] = {0}, total[2] = {0};
    for (int i = 0; i < N; i++) {
        const double q = fmin(fmax(y[i] != 0 ? p[i] : 1 - p[i], 0x1p-52), 1 - 0x1p-52);
        sum[0] -= log(q);
        sum[1] -= w[i] * log(q);
        total[0] += 1;
        total[1] += w[i];
    }
    const mlsd_matrix ym = column(y), pm = column(p), wm = column(w);
    for (int weighted = 0; weighted < 2; weighted++) {
        double value = 0;
        ASSERT_OK(mlsd_metric_score(NULL, "log_loss", &ym, &pm, weighted ? &wm : NULL, 0, &value,
                                    NULL, NULL));
        assert_near(value, sum[weighted] / total[weighted], 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auc_count__equals_the_definition_and_the_sort),
        cmocka_unit_test(test_auc_count__bad_rows_are_named),
        cmocka_unit_test(test_auc_count__log_loss_of_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
