/* test_auc_count.c - roc_auc of many rows against its definition, by counting every pair of values
 * (scores here have few distinct ones), and against the sort of metric_ranking.c. */
#include <math.h>

#include "unit.h"

#include "mlsd/metric.h"
#include "base/scope.h"
#include "metric/metric_impl.h"
#include "numeric/distribution.h"

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

/* kind 0: few values, 1: many, 2: of wild sizes, 3: all equal, 4: the widest doubles, 5: many, most
 * of them close to 0 and some equal, 6: a crowd between two far ones. */
static void fill(int kind, int n_levels)
{
    uint32_t state = 7 + (uint32_t)kind;
    for (int i = 0; i < N; i++) {
        const double u = (double)(next(&state) % (uint32_t)n_levels) / n_levels;
        y[i] = (double)(next(&state) % 1000) / 1000 < 0.2 + 0.5 * u;
        w[i] = next(&state) % 4;
        p[i] = kind == 3 ? 0.5 : kind == 2 ? pow(10, 200 * (u - 0.5)) : u;
        if (kind == 4) p[i] = (u - 0.5) * 1.7e308 * 2;
        if (kind == 1 || kind == 5) p[i] += (double)next(&state) * 1e-12;
        if (kind == 5) p[i] = next(&state) % 10 < 3 ? 1e-9 : pow(p[i], 40);
        if (kind == 6) p[i] = i < 2 ? (i - 0.5) * 1e12 : u;
    }
}

static mlsd_matrix column(const double *x)
{
    return (mlsd_matrix){x, N, 1, 1, 1, MLSD_F64, 0};
}

/* Of every pair of levels: the definition. */
static double by_pairs(bool weighted)
{
    static double mass[LEVELS + 2][2], value[LEVELS + 2];
    int n = 0;
    for (int i = 0; i < LEVELS + 2; i++) mass[i][0] = mass[i][1] = 0;
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
    for (int kind = 0; kind < 7; kind++) {
        fill(kind, kind == 1 || kind == 5 ? 1000000 : LEVELS);
        for (int weighted = 0; weighted < 2; weighted++) {
            double got[3], one[3], wanted[3];
            direct(2, weighted, got);
            direct(1, weighted, one);
            assert_memory_equal(got, one, sizeof got);
            by_sort(weighted, wanted);
            assert_near(got[0], wanted[0], 1e-14);
            assert_near(got[1], wanted[1], 1e-12);
            assert_near(got[2], wanted[2], 1e-12);
            if (kind != 1 && kind != 5) assert_near(got[0], by_pairs(weighted), 1e-13);
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

/* Labels as whole numbers, scores as floats, columns of wider matrices: the bits of doubles. */
static void test_auc_count__any_dtype_and_stride(void **state)
{
    (void)state;
    static const char *const metrics[] = {"roc_auc", "log_loss"};
    static int64_t y_i64[N], y_wide[2 * N];
    static int32_t y_i32[N];
    static float p_f32[N];
    static double p_wide[3 * N];
    fill(0, LEVELS);
    for (int i = 0; i < N; i++) {
        p_f32[i] = (float)p[i];
        p[i] = p_wide[3 * i] = p_f32[i];
        y_i64[i] = y_wide[2 * i] = (int64_t)y[i];
        y_i32[i] = (int32_t)y[i];
    }
    const mlsd_matrix ys[] = {{y_i64, N, 1, 1, 1, MLSD_I64, 0},
                              {y_wide, N, 1, 2, 1, MLSD_I64, 0},
                              {y_i32, N, 1, 1, 1, MLSD_I32, 0},
                              column(y)};
    const mlsd_matrix ps[] = {
        {p_f32, N, 1, 1, 1, MLSD_F32, 0}, {p_wide, N, 1, 3, 1, MLSD_F64, 0}, column(p)};
    for (int m = 0; m < 2; m++) {
        double wanted[3];
        ASSERT_OK(mlsd_metric_score(NULL, metrics[m], &ys[3], &ps[2], NULL, 0.9, wanted, wanted + 1,
                                    wanted + 2));
        for (int k = 0; k < 12; k++) {
            double got[3];
            ASSERT_OK(mlsd_metric_score(NULL, metrics[m], &ys[k % 4], &ps[k / 4], NULL, 0.9, got,
                                        got + 1, got + 2));
            assert_memory_equal(got, wanted, sizeof got);
        }
    }
    y_i64[19000] = -1;
    for (int m = 0; m < 2; m++) {
        double value = 0;
        ASSERT_FAILS(
            MLSD_E_DATA, "y[19000] is -1, not a class number in 0 .. 1",
            mlsd_metric_score(NULL, metrics[m], &ys[0], &ps[2], NULL, 0, &value, NULL, NULL));
    }
}

static void log_loss_of(int n_threads, const double *weight, double *out)
{
    const mlsd_matrix ym = column(y), pm = column(p), wm = column(w);
    mlsd_context *context = NULL;
    double alone = 0;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(mlsd_metric_score(context, "log_loss", &ym, &pm, weight == NULL ? NULL : &wm, 0.95,
                                out, out + 1, out + 2));
    ASSERT_OK(mlsd_metric_score(context, "log_loss", &ym, &pm, weight == NULL ? NULL : &wm, 0,
                                &alone, NULL, NULL));
    assert_memory_equal(&alone, out, sizeof alone);
    mlsd_context_free(context);
}

/* The sum of logarithms by products, against one logarithm a row; the interval by the textbook's
 * standard error of a (weighted) mean, sum w^2 (l - mean)^2 n / (n - 1), and Student's quantile.
 */
static void test_auc_count__log_loss_of_many_rows(void **state)
{
    (void)state;
    fill(1, 1000000);
    p[0] = 0;
    p[1] = 1;
    for (int i = 2; i < N; i++) p[i] = p[i] < 1 ? p[i] : 1;
    static double loss[N];
    for (int i = 0; i < N; i++) {
        loss[i] = -log(fmin(fmax(y[i] != 0 ? p[i] : 1 - p[i], 0x1p-52), 1 - 0x1p-52));
    }
    for (int weighted = 0; weighted < 2; weighted++) {
        double got[3], one[3], sum = 0, total = 0, squares = 0, n = 0;
        for (int i = 0; i < N; i++) {
            const double weight = weighted ? w[i] : 1;
            sum += weight * loss[i];
            total += weight;
            n += weight > 0;
        }
        for (int i = 0; i < N; i++) {
            const double part = (weighted ? w[i] : 1) * (loss[i] - sum / total);
            squares += part * part;
        }
        log_loss_of(2, weighted ? w : NULL, got);
        log_loss_of(1, weighted ? w : NULL, one);
        assert_memory_equal(got, one, sizeof got);
        assert_near(got[0], sum / total, 1e-12);
        const double half = sqrt(squares * n / (n - 1)) / total * mlsd__t_quantile(0.975, n - 1);
        assert_near(got[1], sum / total - half, 1e-12);
        assert_near(got[2], sum / total + half, 1e-12);
    }
    for (int i = 0; i < N; i++) p[i] = y[i] != 0 ? 0.7 : 0.3;
    double alike[3];
    log_loss_of(2, NULL, alike);
    assert_near(alike[0], 0.35667494393873245, 1e-15);
    assert_near(alike[2] - alike[1], 0, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auc_count__equals_the_definition_and_the_sort),
        cmocka_unit_test(test_auc_count__bad_rows_are_named),
        cmocka_unit_test(test_auc_count__any_dtype_and_stride),
        cmocka_unit_test(test_auc_count__log_loss_of_many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
