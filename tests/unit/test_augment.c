/* test_augment.c - changes of single rows. Witness: the definition of each, checked value by value
 * or by its moments over some ten thousand draws; the same rows in batches of any size and order.
 */
#include "augment_rows.h"
#include "model/augment/draws.h"

enum { N = 4000, P = 6 };

static const char *const every[] = {
    "{\"kind\":\"jitter\"}",
    "{\"kind\":\"feature_dropout\"}",
    "{\"kind\":\"swap_noise\"}",
    "{\"kind\":\"mixup\"}",
    "{\"kind\":\"cutmix\"}",
    "{\"kind\":\"series_jitter\",\"channels\":2}",
    "{\"kind\":\"series_scale\",\"channels\":3}",
    "{\"kind\":\"series_time_warp\"}",
    "{\"kind\":\"series_window_slice\",\"fraction\":0.6}",
    "{\"kind\":\"series_permute\"}",
    "{\"kind\":\"image_flip\",\"height\":2,\"width\":3}",
    "{\"kind\":\"image_shift\",\"height\":2,\"width\":3,\"max_shift\":0.5}",
    "{\"kind\":\"image_crop\",\"height\":2,\"width\":3}",
    "{\"kind\":\"image_rotate\",\"height\":2,\"width\":3}",
    "{\"kind\":\"image_erase\",\"height\":1,\"width\":3,\"channels\":2}",
    "{\"kind\":\"image_brightness\",\"height\":2,\"width\":3}",
    ("{\"kind\":\"mixup\"},{\"kind\":\"jitter\"},{\"kind\":\"jitter\",\"name\":\"more\"},{\"kind\":"
     "\"cutmix\"}"),
};
enum { N_KINDS = sizeof every / sizeof *every };

/* Backwards in batches of seven, each row with a wider stride, is what all at once is. */
static void test_augment__any_batches(void **state)
{
    (void)state;
    enum { ROWS = 50, LD = P + 2 };
    linear_data d = make_linear_data(ROWS, P, 3, 9);
    for (int k = 0; k < N_KINDS; k++) {
        augment_rows a;
        double all[ROWS * P], shares[ROWS * 3], next[ROWS * P], again[ROWS * P];
        augment_rows_open(&a, every[k], 5, d.x, d.y, ROWS, P, 3);
        augment_all(&a, 2, all, shares, 3);
        augment_all(&a, 3, next, shares, 3);
        augment_all(&a, 2, again, shares, 3);
        assert_memory_equal(all, again, sizeof all);
        assert_memory_not_equal(all, next, sizeof all);
        assert_memory_not_equal(all, d.x, sizeof all);
        for (int64_t first = ROWS - 1; first >= 0; first -= 7) {
            const int64_t n = first >= 6 ? 7 : first + 1;
            int64_t rows[7];
            double x[7 * LD], targets[7 * 3];
            for (int64_t i = 0; i < n; i++) {
                rows[i] = first - i;
                memcpy(x + i * LD, d.x + rows[i] * P, P * sizeof *x);
                x[i * LD + P] = 77;
                for (int c = 0; c < 3; c++) targets[i * 3 + c] = d.y[rows[i]] == c;
            }
            assert_int_equal(
                mlsd__augment_batch(a.augment, &a.scope, 2, rows, n, x, LD, targets, 3), MLSD_OK);
            for (int64_t i = 0; i < n; i++) {
                assert_memory_equal(x + i * LD, all + rows[i] * P, P * sizeof *x);
                assert_memory_equal(targets + i * 3, shares + rows[i] * 3, 3 * sizeof *targets);
                assert_true(x[i * LD + P] == 77);
            }
        }
        augment_rows_close(&a);
        augment_rows_open(&a, every[k], 6, d.x, d.y, ROWS, P, 3);
        augment_all(&a, 2, next, shares, 3);
        assert_memory_not_equal(all, next, sizeof all);
        augment_rows_close(&a);
    }
    free_linear_data(&d);
}

/* Moments of Beta(a, a): mean 1/2, variance 1 / (4 (2 a + 1)); also where a is tiny. */
static void test_augment__beta_draws(void **state)
{
    (void)state;
    static const double alphas[] = {1e-5, 0.2, 1, 3};
    enum { DRAWS = 40000 };
    for (int k = 0; k < 4; k++) {
        mlsd__stream s;
        mlsd__stream_init(&s, 1, (uint64_t)k, 0, 0, MLSD__PURPOSE_AUGMENT);
        double mean = 0, square = 0;
        for (int i = 0; i < DRAWS; i++) {
            const double v = mlsd__draw_beta(&s, alphas[k]);
            assert_true(v >= 0 && v <= 1);
            mean += v / DRAWS;
            square += (v - 0.5) * (v - 0.5) / DRAWS;
        }
        assert_true(fabs(mean - 0.5) < 0.012);
        assert_true(fabs(square - 1 / (4 * (2 * alphas[k] + 1))) < 0.004);
    }
}

static void test_augment__jitter(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 3);
    double *const out = malloc(N * P * sizeof *out);
    static const char *const lists[] = {
        "{\"kind\":\"jitter\",\"scale\":0.5}",
        "{\"kind\":\"jitter\",\"scale\":0.5,\"relative\":false}",
        "{\"kind\":\"jitter\",\"scales\":[0,1,2,3,4,5],\"relative\":false}"};
    for (int k = 0; k < 3; k++) {
        augment_rows a;
        augment_rows_open(&a, lists[k], 1, d.x, d.y, N, P, 0);
        augment_all(&a, 0, out, NULL, 1);
        for (int64_t j = 0; j < P; j++) {
            double mean = 0, square = 0;
            for (int64_t i = 0; i < N; i++) {
                const double noise = out[i * P + j] - d.x[i * P + j];
                mean += noise / N;
                square += noise * noise / N;
            }
            /* A column is uniform of width j + 1. */
            const double wanted = k == 0   ? 0.5 * (double)(j + 1) / sqrt(12)
                                  : k == 1 ? 0.5
                                           : (double)j;
            assert_true(fabs(sqrt(square) - wanted) <= 0.05 * wanted);
            assert_true(fabs(mean) <= 0.06 * wanted);
        }
        augment_rows_close(&a);
    }
    free(out);
    free_linear_data(&d);
}

static void test_augment__dropout_and_swaps(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 4);
    double *const out = malloc(N * P * sizeof *out);
    static const char *const lists[] = {
        "{\"kind\":\"feature_dropout\",\"probability\":0.3}",
        "{\"kind\":\"feature_dropout\",\"probability\":0.3,\"fill\":\"zero\"}",
        "{\"kind\":\"swap_noise\",\"probability\":0.3}"};
    for (int k = 0; k < 3; k++) {
        augment_rows a;
        augment_rows_open(&a, lists[k], 1, d.x, d.y, N, P, 0);
        augment_all(&a, 0, out, NULL, 1);
        for (int64_t j = 0; j < P; j++) {
            double mean = 0, n_changed = 0;
            for (int64_t i = 0; i < N; i++) mean += d.x[i * P + j] / N;
            for (int64_t i = 0; i < N; i++) {
                const double value = out[i * P + j];
                if (value == d.x[i * P + j]) continue;
                n_changed++;
                int64_t from = 0;
                while (k == 2 && from < N && d.x[from * P + j] != value) from++;
                if (k == 0) assert_true(fabs(value - mean) < 1e-12);
                if (k == 1) assert_true(value == 0);
                if (k == 2) assert_true(from < N);
            }
            assert_true(fabs(n_changed / N - 0.3) < 0.03);
        }
        augment_rows_close(&a);
    }
    free(out);
    free_linear_data(&d);
}

/* Column 0 tells which row it is, so the share and the other row can be worked out. */
static void test_augment__mixup(void **state)
{
    (void)state;
    enum { ROWS = 300 };
    double x[ROWS * 2], y[ROWS], out[ROWS * 2], target[ROWS];
    uint32_t seed = 8;
    for (int i = 0; i < ROWS; i++) {
        x[2 * i] = next_uniform(&seed);
        x[2 * i + 1] = next_uniform(&seed);
        y[i] = 100 * next_uniform(&seed);
    }
    augment_rows a;
    augment_rows_open(&a, "{\"kind\":\"mixup\",\"alpha\":1}", 1, x, y, ROWS, 2, 0);
    augment_all(&a, 0, out, target, 1);
    int n_low = 0;
    for (int i = 0; i < ROWS; i++) {
        int found = 0;
        for (int j = 0; j < ROWS && !found; j++) {
            const double across = x[2 * i] - x[2 * j];
            const double share = i == j ? 1 : (out[2 * i] - x[2 * j]) / across;
            found =
                share >= -1e-12 && share <= 1 + 1e-12 &&
                fabs(share * x[2 * i + 1] + (1 - share) * x[2 * j + 1] - out[2 * i + 1]) < 1e-12 &&
                fabs(share * y[i] + (1 - share) * y[j] - target[i]) < 1e-9;
            n_low += found && share < 0.5;
        }
        assert_true(found);
    }
    assert_true(n_low > ROWS / 3 && n_low < 2 * ROWS / 3);
    augment_rows_close(&a);
}

/* Rows of weight 0 are nobody's other row. */
static void test_augment__rows_without_weight(void **state)
{
    (void)state;
    enum { ROWS = 200 };
    double x[ROWS], y[ROWS], weight[ROWS], out[ROWS], target[ROWS];
    static const char *const lists[] = {"{\"kind\":\"mixup\",\"alpha\":1}", "{\"kind\":\"cutmix\"}",
                                        "{\"kind\":\"swap_noise\",\"probability\":1}"};
    for (int i = 0; i < ROWS; i++) {
        weight[i] = i % 2;
        x[i] = y[i] = i % 2 == 0 ? 1000 : 0;
    }
    for (int k = 0; k < 3; k++) {
        augment_rows a;
        augment_rows_prepare(&a, lists[k], x, y, ROWS, 1, 0);
        a.train.weight = weight;
        assert_int_equal(mlsd__augment_open(&a.scope, a.spec, 1, &a.train, &a.augment), MLSD_OK);
        augment_all(&a, 0, out, target, 1);
        for (int i = 1; i < ROWS; i += 2) assert_true(out[i] == 0 && target[i] == 0);
        augment_rows_close(&a);
    }
}

/* Each column tells its row; the part of columns kept is the part of the target kept. */
static void test_augment__cutmix(void **state)
{
    (void)state;
    enum { ROWS = 500, WIDE = 10 };
    static double x[ROWS * WIDE], y[ROWS], out[ROWS * WIDE], shares[ROWS * 2];
    int64_t counts[WIDE + 1] = {0}, taken[WIDE] = {0};
    for (int i = 0; i < ROWS; i++) {
        y[i] = i % 2;
        for (int j = 0; j < WIDE; j++) x[i * WIDE + j] = i;
    }
    augment_rows a;
    augment_rows_open(&a, "{\"kind\":\"cutmix\"}", 1, x, y, ROWS, WIDE, 2);
    augment_all(&a, 0, out, shares, 2);
    for (int i = 0; i < ROWS; i++) {
        int n_other = 0, other = i;
        for (int j = 0; j < WIDE; j++) {
            if (out[i * WIDE + j] == i) continue;
            assert_true(n_other == 0 || out[i * WIDE + j] == other);
            other = (int)out[i * WIDE + j];
            n_other++;
            taken[j]++;
        }
        counts[n_other]++;
        const double kept = 1 - (double)n_other / WIDE;
        const double wanted = (i % 2 == 1 ? kept : 0) + (other % 2 == 1 ? 1 - kept : 0);
        assert_true(fabs(shares[2 * i + 1] - wanted) < 1e-12);
        assert_true(fabs(shares[2 * i] + shares[2 * i + 1] - 1) < 1e-12);
    }
    /* Shares are uniform where alpha is 1, and no column is taken more often than another. */
    for (int m = 1; m < WIDE; m++) assert_true(counts[m] > 25 && counts[m] < 85);
    for (int j = 0; j < WIDE; j++) assert_true(taken[j] > 190 && taken[j] < 310);
    augment_rows_close(&a);
}

enum { STEPS = 24, CHANNELS = 2 };

/* Channel 0 rises by one each step; channel 1 is a square of it; rows differ by a constant. */
static void make_series(double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t t = 0; t < STEPS; t++) {
            x[(i * STEPS + t) * CHANNELS] = (double)t;
            x[(i * STEPS + t) * CHANNELS + 1] = (double)(t * t + i);
        }
}

static void change_series(const char *list, int64_t n, double *x, double *out)
{
    static double y[2000];
    augment_rows a;
    make_series(x, n);
    augment_rows_open(&a, list, 1, x, y, n, STEPS * CHANNELS, 0);
    augment_all(&a, 0, out, NULL, 1);
    augment_rows_close(&a);
}

/* The value of channel 1 at time t, by the definition. */
static double square_at(double t, int64_t i)
{
    const double left = floor(t);
    return left * left + (t - left) * (2 * left + 1) + (double)i;
}

static void test_augment__time_is_bent(void **state)
{
    (void)state;
    enum { ROWS = 200 };
    static double x[ROWS * STEPS * CHANNELS], out[ROWS * STEPS * CHANNELS];
    static const char *const lists[] = {
        "{\"kind\":\"series_time_warp\",\"channels\":2,\"scale\":0.5}",
        "{\"kind\":\"series_window_slice\",\"channels\":2,\"fraction\":0.5}"};
    for (int k = 0; k < 2; k++) {
        int n_moved = 0;
        change_series(lists[k], ROWS, x, out);
        for (int64_t i = 0; i < ROWS; i++) {
            const double *const time = out + i * STEPS * CHANNELS;
            const double first = time[0], step = time[CHANNELS] - first;
            for (int64_t t = 0; t < STEPS; t++) {
                /* The ramp shows where each step was taken from; both channels from one place. */
                const double from = time[t * CHANNELS];
                assert_true(fabs(time[t * CHANNELS + 1] - square_at(from, i)) < 1e-9);
                assert_true(t == 0 || from > time[(t - 1) * CHANNELS]);
                if (k == 1) assert_true(fabs(from - first - step * (double)t) < 1e-9);
                n_moved += fabs(from - (double)t) > 0.5;
            }
            const double last = time[(STEPS - 1) * CHANNELS];
            if (k == 0) assert_true(first == 0 && fabs(last - (STEPS - 1)) < 1e-12);
            if (k == 1) assert_true(first == floor(first) && last - first == STEPS / 2 - 1);
        }
        assert_true(n_moved > ROWS * STEPS / 4);
    }
}

/* Segments are borders 0, 4, 9, 14, 19 of 24 in some order. */
static void test_augment__series_permute(void **state)
{
    (void)state;
    enum { ROWS = 100 };
    static double x[ROWS * STEPS * CHANNELS], out[ROWS * STEPS * CHANNELS];
    change_series("{\"kind\":\"series_permute\",\"channels\":2,\"n_segments\":5}", ROWS, x, out);
    int n_same = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        const double *const row = out + i * STEPS * CHANNELS;
        int seen[STEPS] = {0}, n_breaks = 0;
        for (int64_t t = 0; t < STEPS; t++) {
            const int64_t from = (int64_t)row[t * CHANNELS];
            assert_true(row[t * CHANNELS + 1] == (double)(from * from + i));
            seen[from]++;
            const int is_border = from == 0 || from == 4 || from == 9 || from == 14 || from == 19;
            if (t > 0 && from != (int64_t)row[(t - 1) * CHANNELS] + 1) {
                assert_true(is_border);
                n_breaks++;
            }
        }
        for (int t = 0; t < STEPS; t++) assert_int_equal(seen[t], 1);
        n_same += n_breaks == 0;
    }
    assert_true(n_same < 10); /* one order of 120 */
}

static void test_augment__series_scale_and_jitter(void **state)
{
    (void)state;
    enum { ROWS = 1500 };
    static double x[ROWS * STEPS * CHANNELS], out[ROWS * STEPS * CHANNELS];
    change_series("{\"kind\":\"series_scale\",\"channels\":2,\"scale\":0.2}", ROWS, x, out);
    double square = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        const int64_t at = i * STEPS * CHANNELS;
        const double factor = out[at + CHANNELS]; /* of the ramp, whose step 1 was 1 */
        const double other = out[at + CHANNELS + 1] / x[at + CHANNELS + 1];
        assert_true(factor != other);
        for (int64_t t = 0; t < STEPS; t++) {
            assert_true(fabs(out[at + t * CHANNELS] - factor * (double)t) < 1e-9);
            assert_true(fabs(out[at + t * CHANNELS + 1] - other * x[at + t * CHANNELS + 1]) < 1e-6);
        }
        square += (factor - 1) * (factor - 1) / ROWS;
    }
    assert_true(fabs(sqrt(square) - 0.2) < 0.015);

    change_series("{\"kind\":\"series_jitter\",\"channels\":2,\"scale\":0.1}", ROWS, x, out);
    square = 0;
    for (int64_t i = 0; i < ROWS * STEPS; i++) {
        const double noise = out[i * CHANNELS] - x[i * CHANNELS];
        square += noise * noise / (ROWS * STEPS);
    }
    /* A ramp of T steps varies by (T^2 - 1) / 12. */
    assert_true(fabs(sqrt(square) - 0.1 * sqrt((STEPS * STEPS - 1) / 12.0)) < 0.02);
}

static void expect_misfit(const char *list, const char *words)
{
    double x[12] = {0}, y[2] = {0, 1};
    augment_rows a;
    augment_rows_prepare(&a, list, x, y, 2, 6, 0);
    mlsd_spec *spec = a.spec;
    const mlsd_matrix mx = {x, 2, 6, 6, 1, MLSD_F64, 0}, my = {y, 2, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_dataset_from_matrix(NULL, &mx, &my, NULL, MLSD_TASK_REGRESSION, &data),
                     MLSD_OK);
    assert_true(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model) != MLSD_OK);
    if (strstr(mlsd_last_error(), words) == NULL)
        fail_msg("'%s' is not in: %s", words, mlsd_last_error());
    mlsd_dataset_free(data);
    augment_rows_close(&a);
}

static void test_augment__says_what_does_not_fit(void **state)
{
    (void)state;
    expect_misfit("{\"kind\":\"jitter\",\"scales\":[1,2]}", "'scales' has 2 values for 6 columns");
    expect_misfit("{\"kind\":\"series_scale\",\"channels\":4}", "rows of 6 columns are no series");
    expect_misfit("{\"kind\":\"series_permute\",\"n_segments\":7}", "a series has 6 steps");
    expect_misfit("{\"kind\":\"image_flip\",\"height\":2,\"width\":2}", "2 x 2 x 1");
    expect_misfit("{\"kind\":\"image_erase\",\"height\":2,\"width\":3,\"min_area\":0.5}",
                  "'min_area' = 0.5 is above");
    expect_misfit("{\"kind\":\"image_brightness\",\"height\":2,\"width\":3,\"low\":1,\"high\":0}",
                  "'low' = 1 is above");
    expect_misfit("{\"kind\":\"smote\"}", "smote balances classes, but the target is a number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_augment__any_batches),
        cmocka_unit_test(test_augment__beta_draws),
        cmocka_unit_test(test_augment__jitter),
        cmocka_unit_test(test_augment__dropout_and_swaps),
        cmocka_unit_test(test_augment__mixup),
        cmocka_unit_test(test_augment__rows_without_weight),
        cmocka_unit_test(test_augment__cutmix),
        cmocka_unit_test(test_augment__time_is_bent),
        cmocka_unit_test(test_augment__series_permute),
        cmocka_unit_test(test_augment__series_scale_and_jitter),
        cmocka_unit_test(test_augment__says_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
