/* BBC-CV: the draws repeated by a plain loop, and the simulation of Tsamardinos, Greasidou &
 * Borboudakis (2018), section 4: among candidates that all guess, the best looks better than it is,
 * and the corrected estimate does not. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "validate/bbc.h"

enum { N = 60, C = 5, B = 40 };

static void fill_losses(double *losses, int64_t n, int64_t n_candidates, uint64_t seed)
{
    mlsd__stream s;
    mlsd__stream_init(&s, seed, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < n * n_candidates; i++) losses[i] = mlsd__stream_double(&s) < 0.5;
}

static mlsd__bbc estimate(const mlsd__bbc_input *in, int32_t n_threads)
{
    mlsd_context *context = NULL;
    mlsd__scope scope;
    mlsd__bbc out;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(mlsd__scope_open(&scope, context));
    ASSERT_OK(mlsd__bbc_estimate(&scope, in, &out));
    mlsd__scope_close(&scope);
    mlsd_context_free(context);
    return out;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_bbc__as_a_plain_loop(void **state)
{
    (void)state;
    double losses[N * C], errors = 0, drawn_errors[B];
    fill_losses(losses, N, C, 3);
    for (int64_t b = 0; b < B; b++) {
        int drawn[N] = {0};
        mlsd__stream s;
        mlsd__stream_init(&s, 11, (uint64_t)b, 0, 0, MLSD__PURPOSE_BOOTSTRAP);
        for (int i = 0; i < N; i++) drawn[mlsd__stream_below(&s, N)]++;
        int best = 0;
        double least = INFINITY, sum = 0, n = 0;
        for (int c = 0; c < C; c++) {
            double loss = 0;
            for (int i = 0; i < N; i++) loss += drawn[i] * losses[i * C + c];
            if (loss < least) {
                least = loss;
                best = c;
            }
        }
        for (int i = 0; i < N; i++) {
            if (drawn[i] > 0) continue;
            sum += losses[i * C + best];
            n++;
        }
        errors += sum / n;
        drawn_errors[b] = sum / n;
    }
    qsort(drawn_errors, B, sizeof *drawn_errors, by_value);
    const mlsd__bbc_input in = {
        .losses = losses, .n_rows = N, .n_candidates = C, .n_draws = B, .seed = 11, .level = 0.9};
    const mlsd__bbc one = estimate(&in, 1), seven = estimate(&in, 7);
    ASSERT_NEAR(one.estimate.value, errors / B, 1e-15);
    /* 5 % and 95 % of the way from the first to the last of 40: 1.95 and 37.05 places on. */
    ASSERT_NEAR(one.estimate.low, 0.05 * drawn_errors[1] + 0.95 * drawn_errors[2], 1e-14);
    ASSERT_NEAR(one.estimate.high, 0.95 * drawn_errors[37] + 0.05 * drawn_errors[38], 1e-14);
    assert_memory_equal(&one, &seven, sizeof one);
}

static void test_bbc__of_one_candidate_is_its_mean(void **state)
{
    (void)state;
    double losses[N];
    fill_losses(losses, N, 1, 5);
    double mean = 0;
    for (int i = 0; i < N; i++) mean += losses[i] / N;
    const mlsd__bbc_input in = {
        .losses = losses, .n_rows = N, .n_candidates = 1, .n_draws = 2000, .seed = 1, .level = 0.9};
    const mlsd__bbc r = estimate(&in, 1);
    ASSERT_NEAR(r.selected, mean, 1e-15);
    ASSERT_NEAR(r.estimate.value, mean, 0.01);
    assert_int_equal(r.chosen, 0);
}

/* 100 candidates that all guess, 200 rows: the best seems to err in about 41 % of them. */
static void test_bbc__is_honest_about_the_best_of_many(void **state)
{
    (void)state;
    enum { ROWS = 200, CANDIDATES = 100, TIMES = 20 };
    double *losses = malloc(sizeof *losses * ROWS * CANDIDATES), naive = 0, honest = 0;
    assert_non_null(losses);
    for (int t = 0; t < TIMES; t++) {
        fill_losses(losses, ROWS, CANDIDATES, 100 + (uint64_t)t);
        const mlsd__bbc_input in = {.losses = losses,
                                    .n_rows = ROWS,
                                    .n_candidates = CANDIDATES,
                                    .n_draws = 200,
                                    .seed = t,
                                    .level = 0.95};
        const mlsd__bbc r = estimate(&in, 1);
        naive += r.selected / TIMES;
        honest += r.estimate.value / TIMES;
    }
    free(losses);
    ASSERT_NEAR(naive, 0.41, 0.02);
    ASSERT_NEAR(honest, 0.5, 0.02);
}

static void test_bbc__gains_weights_and_missing_losses(void **state)
{
    (void)state;
    double losses[N * C], weight[N];
    fill_losses(losses, N, C, 3);
    for (int i = 0; i < N; i++) {
        losses[i * C + 1] = 1;
        losses[i * C + 3] = i == 7 ? NAN : 0;
        weight[i] = i < N / 2;
    }
    mlsd__bbc_input in = {.losses = losses,
                          .n_rows = N,
                          .n_candidates = C,
                          .n_draws = B,
                          .seed = 2,
                          .level = 0.9,
                          .greater_is_better = true};
    assert_int_equal(estimate(&in, 1).chosen, 1);
    ASSERT_NEAR(estimate(&in, 1).estimate.value, 1, 0);
    in.greater_is_better = false;
    assert_int_not_equal(estimate(&in, 1).chosen, 3);
    /* Rows of weight 0 do not matter, whatever their losses. */
    in.weight = weight;
    const double before = estimate(&in, 1).estimate.value;
    for (int i = N / 2; i < N; i++) losses[i * C] = 50;
    ASSERT_NEAR(estimate(&in, 1).estimate.value, before, 0);
    for (int i = 0; i < N * C; i++) losses[i] = NAN;
    const mlsd__bbc none = estimate(&in, 1);
    assert_int_equal(none.chosen, -1);
    assert_true(isnan(none.estimate.value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bbc__as_a_plain_loop),
        cmocka_unit_test(test_bbc__of_one_candidate_is_its_mean),
        cmocka_unit_test(test_bbc__is_honest_about_the_best_of_many),
        cmocka_unit_test(test_bbc__gains_weights_and_missing_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
