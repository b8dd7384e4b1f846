/* test_scorecard.c - a scorecard against one metric at a time on the rows of each group; the same
 * bytes for every number of threads and cut into calls; merging; bytes and back. The values of
 * whole confusions are checked by formulas for two classes, their errors by jackknife-free numeric
 * slopes. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "unit.h"

#include "mlsd/metric.h"

enum { N = 150000, K = 3, N_GROUPS = 4, N_METRICS = 6 };
static double y[N], prediction[N], weight[N];
static int32_t group[N];
static const char *const names[N_METRICS] = {"accuracy",    "f1_macro",     "balanced_accuracy",
                                             "cohen_kappa", "hamming_loss", "matthews_corrcoef"};

static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

static void make(int64_t n_classes)
{
    uint64_t seed = 7;
    for (int64_t i = 0; i < N; i++) {
        y[i] = floor(draw(&seed) * (double)n_classes);
        prediction[i] = draw(&seed) < 0.6 ? y[i] : floor(draw(&seed) * (double)n_classes);
        weight[i] = i % 19 == 0 ? 0 : 0.5 + draw(&seed);
        group[i] = (int32_t)(draw(&seed) * (N_GROUPS + 1)) - 1;
    }
}

static mlsd_matrix part(const double *x, int64_t first, int64_t n)
{
    return (mlsd_matrix){x + first, n, 1, 1, 1, MLSD_F64, 0};
}

static mlsd_scorecard *new_card(void)
{
    mlsd_spec *specs[N_METRICS];
    mlsd_scorecard *card = NULL;
    for (int m = 0; m < N_METRICS; m++) ASSERT_OK(mlsd_metric_new(NULL, names[m], &specs[m]));
    ASSERT_OK(
        mlsd_scorecard_new(NULL, (const mlsd_spec *const *)specs, N_METRICS, K, N_GROUPS, &card));
    for (int m = 0; m < N_METRICS; m++) mlsd_spec_free(specs[m]);
    return card;
}

static void add(mlsd_scorecard *card, int64_t first, int64_t n, bool weighted, int32_t threads)
{
    const mlsd_matrix a = part(y, first, n), b = part(prediction, first, n),
                      w = part(weight, first, n);
    mlsd_context *context = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", threads));
    ASSERT_OK(mlsd_scorecard_add(context, card, &a, &b, weighted ? &w : NULL, group + first));
    mlsd_context_free(context);
}

static char *json_of(const mlsd_scorecard *card)
{
    mlsd_result *r = NULL;
    int64_t length = 0;
    ASSERT_OK(mlsd_scorecard_finish(NULL, card, 0.95, 30, &r));
    (void)mlsd_result_to_json(r, NULL, 0, &length);
    char *const text = malloc((size_t)length + 1);
    ASSERT_OK(mlsd_result_to_json(r, text, length + 1, &length));
    mlsd_result_free(r);
    return text;
}

static void assert_same(const mlsd_scorecard *a, const mlsd_scorecard *b)
{
    char *const of_a = json_of(a), *const of_b = json_of(b);
    assert_string_equal(of_a, of_b);
    free(of_a);
    free(of_b);
}

/* Each group's metrics are those of its rows alone; group -1 is all rows. */
static void test_scorecard__groups_are_metrics_of_their_rows(void **state)
{
    (void)state;
    make(K);
    mlsd_scorecard *const card = new_card();
    add(card, 0, N, true, 1);
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_scorecard_finish(NULL, card, 0.95, 30, &r));
    const mlsd_table *const t = mlsd_result_get_table(r, "scores");
    assert_int_equal(mlsd_table_n_rows(t), (N_GROUPS + 1) * N_METRICS);
    static double some_y[N], some_p[N], some_w[N];
    for (int g = -1; g < N_GROUPS; g++) {
        int64_t n = 0;
        for (int64_t i = 0; i < N; i++) {
            if (g >= 0 && group[i] != g) continue;
            some_y[n] = y[i];
            some_p[n] = prediction[i];
            some_w[n++] = weight[i];
        }
        const mlsd_matrix a = part(some_y, 0, n), b = part(some_p, 0, n), w = part(some_w, 0, n);
        for (int m = 0; m < N_METRICS; m++) {
            const int64_t row = (g + 1) * N_METRICS + m;
            double want[3], got[3];
            ASSERT_OK(
                mlsd_metric_score(NULL, names[m], &a, &b, &w, 0.95, &want[0], &want[1], &want[2]));
            assert_string_equal(mlsd_table_get_str(t, 1, row), names[m]);
            for (int k = 0; k < 3; k++) {
                ASSERT_OK(mlsd_table_get_f64(t, 2 + k, row, 1, &got[k]));
                ASSERT_NEAR(got[k], want[k], 1e-11);
            }
        }
    }
    mlsd_result_free(r);
    mlsd_scorecard_free(card);
}

static void test_scorecard__threads_and_cuts_change_no_bit(void **state)
{
    (void)state;
    make(K);
    mlsd_scorecard *const whole = new_card(), *const threads = new_card(), *const cut = new_card();
    add(whole, 0, N, true, 1);
    add(threads, 0, N, true, 5);
    for (int64_t first = 0, n = 1; first < N; first += n, n = n * 3 + 1) {
        add(cut, first, n < N - first ? n : N - first, true, 2);
        if (first == 1) free(json_of(cut)); /* finishing in between leaves no trace */
    }
    assert_same(whole, threads);
    assert_same(whole, cut);
    assert_int_equal(mlsd_scorecard_n_rows(cut), N);
    mlsd_scorecard_free(whole);
    mlsd_scorecard_free(threads);
    mlsd_scorecard_free(cut);
}

/* Rows that all weigh 1 are counted, and counts do not care for the order. */
static void test_scorecard__merging_and_bytes(void **state)
{
    (void)state;
    make(K);
    mlsd_scorecard *const whole = new_card(), *const a = new_card(), *const b = new_card();
    add(whole, 0, N, false, 2);
    add(a, 0, 70001, false, 1);
    add(b, 70001, N - 70001, false, 1);
    ASSERT_OK(mlsd_scorecard_merge(NULL, a, b));
    assert_int_equal(mlsd_scorecard_n_rows(a), N);
    size_t size = 0;
    ASSERT_OK(mlsd_scorecard_to_bytes(whole, NULL, 0, &size));
    assert_int_equal(mlsd_scorecard_to_bytes(whole, NULL, 1, &size), MLSD_E_BUFFER);
    void *const bytes = malloc(size);
    mlsd_scorecard *again = NULL;
    ASSERT_OK(mlsd_scorecard_to_bytes(whole, bytes, size, &size));
    ASSERT_OK(mlsd_scorecard_from_bytes(NULL, bytes, size, &again));
    assert_same(whole, again);
    ((unsigned char *)bytes)[size / 2] ^= 1;
    mlsd_scorecard *bad = NULL;
    assert_int_equal(mlsd_scorecard_from_bytes(NULL, bytes, size, &bad), MLSD_E_CORRUPT);
    assert_null(bad);
    free(bytes);

    mlsd_result *of_whole = NULL, *of_a = NULL;
    ASSERT_OK(mlsd_scorecard_finish(NULL, whole, 0.95, 30, &of_whole));
    ASSERT_OK(mlsd_scorecard_finish(NULL, a, 0.95, 30, &of_a));
    for (int64_t row = 0; row < (N_GROUPS + 1) * N_METRICS; row++) {
        double want, got;
        const mlsd_table *const t = mlsd_result_get_table(of_whole, "scores");
        const mlsd_table *const u = mlsd_result_get_table(of_a, "scores");
        ASSERT_OK(mlsd_table_get_f64(t, 2, row, 1, &want));
        ASSERT_OK(mlsd_table_get_f64(u, 2, row, 1, &got));
        ASSERT_NEAR(got, want, 1e-13);
    }
    mlsd_result_free(of_whole);
    mlsd_result_free(of_a);
    mlsd_scorecard_free(whole);
    mlsd_scorecard_free(a);
    mlsd_scorecard_free(b);
    mlsd_scorecard_free(again);
}

static void test_scorecard__bad_rows_are_named(void **state)
{
    (void)state;
    make(K);
    mlsd_scorecard *const card = new_card();
    const mlsd_matrix p = part(prediction, 0, 9), w = part(weight, 0, 9);
    double wrong[9] = {0, 1, 2, 0, 3, 0, 0, 0, 0};
    mlsd_matrix a = part(wrong, 0, 9);
    ASSERT_FAILS(MLSD_E_DATA, "y[4] is 3, not a class number in 0 .. 2",
                 mlsd_scorecard_add(NULL, card, &a, &p, NULL, group));
    wrong[4] = NAN;
    ASSERT_FAILS(MLSD_E_DATA, "y[4] is nan", mlsd_scorecard_add(NULL, card, &a, &p, NULL, group));
    wrong[4] = 0;
    const int32_t groups[9] = {0, 1, N_GROUPS};
    ASSERT_FAILS(MLSD_E_DATA, "group[2] is 4",
                 mlsd_scorecard_add(NULL, card, &a, &p, NULL, groups));
    ASSERT_OK(mlsd_scorecard_add(NULL, card, &a, &p, NULL, group)); /* nothing of them was kept */
    assert_int_equal(mlsd_scorecard_n_rows(card), 9);
    ASSERT_FAILS(MLSD_E_ARG, "no weights", mlsd_scorecard_add(NULL, card, &a, &p, &w, group));
    mlsd_scorecard_free(card);
}

/* tp 40, fn 10, fp 5, tn 45: the textbook's formulas for two classes. */
static void test_scorecard__two_classes_by_formula(void **state)
{
    (void)state;
    double a[100], b[100], value, low, high;
    for (int i = 0; i < 100; i++) {
        a[i] = i < 50;
        b[i] = i < 40 || (i >= 50 && i < 55);
    }
    const mlsd_matrix am = part(a, 0, 100), bm = part(b, 0, 100);
    ASSERT_OK(
        mlsd_metric_score(NULL, "matthews_corrcoef", &am, &bm, NULL, 0.95, &value, &low, &high));
    ASSERT_NEAR(value, (40.0 * 45 - 5 * 10) / sqrt(45.0 * 50 * 50 * 55), 1e-15);
    ASSERT_OK(mlsd_metric_score(NULL, "cohen_kappa", &am, &bm, NULL, 0.95, &value, &low, &high));
    ASSERT_NEAR(value, (0.85 - 0.5) / 0.5, 1e-15);
    ASSERT_OK(
        mlsd_metric_score(NULL, "balanced_accuracy", &am, &bm, NULL, 0.95, &value, &low, &high));
    ASSERT_NEAR(value, 0.85, 1e-15);
    ASSERT_OK(mlsd_metric_score(NULL, "positive_likelihood_ratio", &am, &bm, NULL, 0.95, &value,
                                &low, &high));
    ASSERT_NEAR(value, 0.8 / 0.1, 1e-14);
    const double of_log = sqrt(1 / 40.0 - 1 / 50.0 + 1 / 5.0 - 1 / 50.0);
    ASSERT_NEAR(low, 8 * exp(-1.959963984540054 * of_log), 1e-10);
    ASSERT_NEAR(high, 8 * exp(1.959963984540054 * of_log), 1e-10);
}

/* Standard errors against the slope of the value by every row's weight, by central differences. */
static void test_scorecard__standard_errors_are_derivatives(void **state)
{
    (void)state;
    static const char *const of_confusion[] = {"balanced_accuracy", "cohen_kappa",
                                               "matthews_corrcoef"};
    enum { ROWS = 90 };
    make(K);
    for (int m = 0; m < 3; m++) {
        const mlsd_matrix a = part(y, 0, ROWS), b = part(prediction, 0, ROWS),
                          w = part(weight, 0, ROWS);
        double squares = 0, n = 0, up, down, se = 0;
        for (int i = 0; i < ROWS; i++) {
            const double was = weight[i], h = 1e-5 * was;
            n += was > 0;
            if (!(was > 0)) continue;
            weight[i] = was + h;
            ASSERT_OK(mlsd_metric_score(NULL, of_confusion[m], &a, &b, &w, 0.95, &up, NULL, NULL));
            weight[i] = was - h;
            ASSERT_OK(
                mlsd_metric_score(NULL, of_confusion[m], &a, &b, &w, 0.95, &down, NULL, NULL));
            weight[i] = was;
            const double move = (up - down) / 2e-5;
            squares += move * move;
        }
        mlsd_spec *spec = NULL;
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_metric_new(NULL, of_confusion[m], &spec));
        ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &a, &b, &w, 0.95, &r));
        ASSERT_OK(mlsd_result_get_f64(r, "se", &se));
        ASSERT_NEAR(se, sqrt(squares * n / (n - 1)), 1e-8);
        mlsd_result_free(r);
        mlsd_spec_free(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scorecard__groups_are_metrics_of_their_rows),
        cmocka_unit_test(test_scorecard__threads_and_cuts_change_no_bit),
        cmocka_unit_test(test_scorecard__merging_and_bytes),
        cmocka_unit_test(test_scorecard__bad_rows_are_named),
        cmocka_unit_test(test_scorecard__two_classes_by_formula),
        cmocka_unit_test(test_scorecard__standard_errors_are_derivatives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
