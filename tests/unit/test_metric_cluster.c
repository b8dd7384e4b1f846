/* test_metric_cluster.c - agreement of clusterings against loops over all pairs of rows, sums over
 * the table, and shuffles. tests/reference runs scikit-learn's own tests on them. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "unit.h"

#include "mlsd/metric.h"
#include "metric/contingency.h"

enum { N = 60, ROWS = 4, COLS = 5 };

typedef struct sample {
    double y[N], f[N], w[N];
} sample;

static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

static void make(sample *s, uint64_t seed)
{
    for (int i = 0; i < N; i++) {
        s->y[i] = floor(ROWS * draw(&seed));
        s->f[i] = draw(&seed) < 0.5 ? s->y[i] : floor(COLS * draw(&seed));
        s->w[i] = i % 9 == 0 ? 0 : 0.25 + draw(&seed);
    }
}

static mlsd_result *evaluate(const char *json, const sample *s, bool weighted)
{
    const mlsd_matrix y = {(void *)(uintptr_t)s->y, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix f = {(void *)(uintptr_t)s->f, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix w = {(void *)(uintptr_t)s->w, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &y, &f, weighted ? &w : NULL, 0.95, &r));
    mlsd_spec_free(spec);
    return r;
}

static double value_of(const char *kind, const sample *s, bool weighted)
{
    char json[128];
    double value = 0;
    snprintf(json, sizeof json, "{\"kind\":\"%s\"}", kind);
    mlsd_result *const r = evaluate(kind[0] == '{' ? kind : json, s, weighted);
    ASSERT_OK(mlsd_result_get_f64(r, "value", &value));
    mlsd_result_free(r);
    return value;
}

/* Weight of ordered pairs of different rows: [together in y][together in prediction]. */
static void count_pairs(const sample *s, bool weighted, double out[2][2])
{
    out[0][0] = out[0][1] = out[1][0] = out[1][1] = 0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            if (i == j) continue;
            out[s->y[i] == s->y[j]][s->f[i] == s->f[j]] += weighted ? s->w[i] * s->w[j] : 1;
        }
    }
}

static void test_metric_cluster__pairs(void **state)
{
    (void)state;
    for (int run = 0; run < 10; run++) {
        const bool weighted = run % 2 == 1;
        sample s;
        double c[2][2];
        make(&s, (uint64_t)run + 1);
        count_pairs(&s, weighted, c);
        const double all = c[0][0] + c[0][1] + c[1][0] + c[1][1];
        ASSERT_NEAR(value_of("rand", &s, weighted), (c[0][0] + c[1][1]) / all, 1e-12);
        ASSERT_NEAR(value_of("fowlkes_mallows", &s, weighted),
                    c[1][1] / sqrt((c[1][1] + c[1][0]) * (c[1][1] + c[0][1])), 1e-12);
        /* Hubert and Arabie: (index - expected) / (largest - expected). */
        const double y = c[1][0] + c[1][1], f = c[0][1] + c[1][1], expected = y * f / all;
        ASSERT_NEAR(value_of("adjusted_rand", &s, weighted),
                    (c[1][1] - expected) / ((y + f) / 2 - expected), 1e-12);
        mlsd_result *const r = evaluate("{\"kind\":\"rand\"}", &s, weighted);
        double pairs[4];
        ASSERT_OK(mlsd_table_get_f64(mlsd_result_get_table(r, "pairs"), 2, 0, 4, pairs));
        for (int k = 0; k < 4; k++) ASSERT_NEAR(pairs[k], c[k / 2][k % 2], 1e-10);
        mlsd_result_free(r);
    }
}

static void tabulate(const sample *s, bool weighted, double t[ROWS][COLS], double *rows,
                     double *cols)
{
    double total = 0;
    memset(t, 0, ROWS * sizeof *t);
    for (int i = 0; i < ROWS; i++) rows[i] = 0;
    for (int j = 0; j < COLS; j++) cols[j] = 0;
    for (int i = 0; i < N; i++) total += weighted ? s->w[i] : 1;
    for (int i = 0; i < N; i++) {
        const double p = (weighted ? s->w[i] : 1) / total;
        t[(int)s->y[i]][(int)s->f[i]] += p;
        rows[(int)s->y[i]] += p;
        cols[(int)s->f[i]] += p;
    }
}

static double entropy(const double *p, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum -= p[i] > 0 ? p[i] * log(p[i]) : 0;
    return sum;
}

static double information(const sample *s, bool weighted, double *hy, double *hf)
{
    double t[ROWS][COLS], rows[ROWS], cols[COLS], sum = 0;
    tabulate(s, weighted, t, rows, cols);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLS; j++) {
            if (t[i][j] > 0) sum += t[i][j] * log(t[i][j] / (rows[i] * cols[j]));
        }
    }
    *hy = entropy(rows, ROWS);
    *hf = entropy(cols, COLS);
    return sum;
}

static void test_metric_cluster__information(void **state)
{
    (void)state;
    for (int run = 0; run < 10; run++) {
        const bool w = run % 2 == 1;
        sample s;
        double hy, hf;
        make(&s, (uint64_t)run + 20);
        const double mi = information(&s, w, &hy, &hf);
        ASSERT_NEAR(value_of("mutual_info", &s, w), mi, 1e-12);
        ASSERT_NEAR(value_of("homogeneity", &s, w), mi / hy, 1e-12);
        ASSERT_NEAR(value_of("completeness", &s, w), mi / hf, 1e-12);
        ASSERT_NEAR(value_of("v_measure", &s, w), 2 * mi / (hy + hf), 1e-12);
        ASSERT_NEAR(value_of("normalized_mutual_info", &s, w), 2 * mi / (hy + hf), 1e-12);
        ASSERT_NEAR(
            value_of("{\"kind\":\"normalized_mutual_info\",\"average_method\":\"geometric\"}", &s,
                     w),
            mi / sqrt(hy * hf), 1e-12);
        ASSERT_NEAR(
            value_of("{\"kind\":\"normalized_mutual_info\",\"average_method\":\"min\"}", &s, w),
            mi / fmin(hy, hf), 1e-12);
        const double h = mi / hy, c = mi / hf;
        ASSERT_NEAR(value_of("{\"kind\":\"v_measure\",\"beta\":0.25}", &s, w),
                    1.25 * h * c / (0.25 * h + c), 1e-12);
    }
}

/* What luck gives is the mean over shuffles, which is known to 4 standard errors. */
static void test_metric_cluster__adjusted_for_luck(void **state)
{
    (void)state;
    sample s, shuffled;
    double hy, hf, sum = 0, squares = 0;
    const int n = 4000;
    uint64_t seed = 99;
    make(&s, 40);
    const double mi = information(&s, false, &hy, &hf);
    shuffled = s;
    for (int k = 0; k < n; k++) {
        for (int i = N - 1; i > 0; i--) {
            const int j = (int)(draw(&seed) * (i + 1));
            const double swap = shuffled.f[i];
            shuffled.f[i] = shuffled.f[j];
            shuffled.f[j] = swap;
        }
        double a, b;
        const double x = information(&shuffled, false, &a, &b);
        sum += x;
        squares += x * x;
    }
    const double luck = sum / n, error = sqrt((squares / n - luck * luck) / n);
    const double ami = value_of("adjusted_mutual_info", &s, false), most = (hy + hf) / 2;
    const double implied = (mi - ami * most) / (1 - ami); /* ami = (mi - luck) / (most - luck) */
    ASSERT_NEAR(implied, luck, 4 * error);
    assert_true(error < 0.002);
    const mlsd_matrix y = {s.y, N, 1, 1, 1, MLSD_F64, 0};
    double value;
    ASSERT_FAILS(
        MLSD_E_SHAPE, "leave them out",
        mlsd_metric_score(NULL, "adjusted_mutual_info", &y, &y, &y, 0.9, &value, NULL, NULL));
}

static void test_metric_cluster__extremes(void **state)
{
    (void)state;
    static const char *const kinds[] = {"rand",        "adjusted_rand",          "fowlkes_mallows",
                                        "homogeneity", "normalized_mutual_info", "completeness",
                                        "v_measure",   "adjusted_mutual_info"};
    sample s;
    make(&s, 50);
    for (int i = 0; i < N; i++) s.f[i] = 7 - 3 * s.y[i]; /* the same clusters, other names */
    for (int k = 0; k < 8; k++) ASSERT_NEAR(value_of(kinds[k], &s, false), 1, 1e-12);
    for (int i = 0; i < N; i++) s.y[i] = s.f[i] = i; /* every row alone: no pairs together */
    ASSERT_NEAR(value_of("adjusted_rand", &s, false), 1, 0);
    assert_true(isnan(value_of("fowlkes_mallows", &s, false)));
}

/* Pieces in slots, merged: the same table; and what was saved comes back. */
static void test_metric_cluster__table_merges(void **state)
{
    (void)state;
    sample s;
    make(&s, 60);
    for (int i = 0; i < N; i++) s.f[i] = floor(40 * s.w[i]); /* more pairs than places at first */
    const mlsd__summary_ops *const ops = &mlsd__summary_contingency;
    const mlsd__shape shape = {.y_cols = 1, .prediction_cols = 1, .n_slots = 1};
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    const mlsd__allocator *const a = scope.allocator;
    void *whole = NULL, *left = NULL, *right = NULL;
    ASSERT_OK(ops->open(a, &shape, NULL, &whole));
    ASSERT_OK(ops->open(a, &shape, NULL, &left));
    ASSERT_OK(ops->open(a, &shape, NULL, &right));
    const mlsd__batch all = {.n = N, .y = s.y, .prediction = s.f};
    const mlsd__batch first = {.n = 25, .y = s.y, .prediction = s.f};
    const mlsd__batch second = {.n = N - 25, .y = s.y + 25, .prediction = s.f + 25};
    ASSERT_OK(ops->add(&scope, whole, &all));
    ASSERT_OK(ops->add(&scope, left, &first));
    ASSERT_OK(ops->add(&scope, right, &second));
    ASSERT_OK(ops->merge(right, left, NULL)); /* the later rows first: sorting mends it */
    mlsd__contingency_cell *x = NULL, *z = NULL;
    int64_t n_x = 0, n_z = 0;
    ASSERT_OK(mlsd__contingency_read(&scope, whole, 0, &x, &n_x));
    ASSERT_OK(mlsd__contingency_read(&scope, right, 0, &z, &n_z));
    assert_int_equal(n_x, n_z);
    assert_true(n_x > 32);
    assert_memory_equal(x, z, (size_t)n_x * sizeof *x);
    for (int64_t i = 1; i < n_x; i++) {
        assert_true(x[i - 1].y < x[i].y ||
                    (x[i - 1].y == x[i].y && x[i - 1].prediction < x[i].prediction));
    }
    mlsd__free(a, x);
    mlsd__free(a, z);
    ops->close(whole);
    ops->close(left);
    ops->close(right);
    mlsd__scope_close(&scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric_cluster__pairs),
        cmocka_unit_test(test_metric_cluster__information),
        cmocka_unit_test(test_metric_cluster__adjusted_for_luck),
        cmocka_unit_test(test_metric_cluster__extremes),
        cmocka_unit_test(test_metric_cluster__table_merges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
