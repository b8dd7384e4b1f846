/* test_mathfun.c - our own exp, log and so on: special values as C99's annex F has them, points
 * that are hard to round, and the hash of many results, which no compiler, flag or CPU may change.
 * The stable combinations of them, at their ends and against identities; and the normal draws that
 * are made of them. Errors over many points: tests/reference/test_mathfun_mpmath.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/random.h"
#include "numeric/mathfun.h"
#include "numeric/mathfun_block.h"

static void check_close(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static void test_mathfun__sigmoid_has_no_overflow_and_is_symmetric(void **state)
{
    (void)state;
    assert_true(mlsd__sigmoid(0) == 0.5);
    assert_true(mlsd__sigmoid(1e4) == 1);
    assert_true(mlsd__sigmoid(-1e4) == 0);
    check_close(mlsd__sigmoid(-700), exp(-700), 1e-15);
    for (double x = -30; x < 30; x += 0.37)
        check_close(mlsd__sigmoid(x) + mlsd__sigmoid(-x), 1, 1e-15);
    assert_true(isnan(mlsd__sigmoid(NAN)));
}

/* exp(log1pexp(x)) - 1 = exp(x), and the two ends differ by x. */
static void test_mathfun__log1pexp_keeps_its_identities(void **state)
{
    (void)state;
    check_close(mlsd__log1pexp(0), M_LN2, 1e-15);
    assert_true(mlsd__log1pexp(1e6) == 1e6);
    check_close(mlsd__log1pexp(-600), exp(-600), 1e-15);
    for (double x = -40; x < 20; x += 0.41) check_close(expm1(mlsd__log1pexp(x)), exp(x), 1e-14);
    for (double x = 1; x < 40; x += 0.41)
        check_close(mlsd__log1pexp(x) - mlsd__log1pexp(-x), x, 1e-15);
}

static void test_mathfun__softmax_survives_large_scores(void **state)
{
    (void)state;
    double scores[] = {1e4, 1e4 + log(2.0), -1e4};
    check_close(mlsd__softmax(scores, 3), 1e4 + log(3.0), 1e-15);
    check_close(scores[0], 1.0 / 3, 1e-12);
    check_close(scores[1], 2.0 / 3, 1e-12);
    assert_true(scores[2] == 0);
}

/* Gamma(1/2) = sqrt(pi), and Gamma(-1/2) < 0, which would show in signgam. */
static void test_mathfun__lgamma_leaves_signgam_alone(void **state)
{
    (void)state;
    signgam = 77;
    check_close(mlsd__lgamma(0.5), 0.5 * log(M_PI), 1e-15);
    check_close(mlsd__lgamma(-0.5), log(2 * sqrt(M_PI)), 1e-14);
    assert_int_equal(signgam, 77);
}

typedef struct known_value {
    double (*function)(double);
    double x, expected;
} known_value;

#define TINY 0x1p-1074

static bool same(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

static void check_known(const known_value *known, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double got = known[i].function(known[i].x);
        if (!same(got, known[i].expected))
            fail_msg("%zu: %a gives %a, not %a", i, known[i].x, got, known[i].expected);
    }
}

static void test_mathfun__special_values_are_those_of_annex_f(void **state)
{
    (void)state;
    const known_value known[] = {
        {mlsd__exp, 0.0, 1},
        {mlsd__exp, -0.0, 1},
        {mlsd__exp, TINY, 1},
        {mlsd__exp, INFINITY, INFINITY},
        {mlsd__exp, -INFINITY, 0},
        {mlsd__exp, NAN, NAN},
        {mlsd__exp, 0x1.62e42fefa39efp+9, 0x1.fffffffffff2ap+1023},
        {mlsd__exp, 0x1.62e42fefa39f0p+9, INFINITY},
        {mlsd__exp, -0x1.74910d52d3051p+9, TINY},
        {mlsd__exp, -0x1.74910d52d3052p+9, 0},
        {mlsd__exp, 1e300, INFINITY},
        {mlsd__exp, -1e300, 0},
        {mlsd__expm1, 0.0, 0.0},
        {mlsd__expm1, -0.0, -0.0},
        {mlsd__expm1, -TINY, -TINY},
        {mlsd__expm1, INFINITY, INFINITY},
        {mlsd__expm1, -INFINITY, -1},
        {mlsd__expm1, -60, -1},
        {mlsd__expm1, NAN, NAN},
        {mlsd__log, 1, 0.0},
        {mlsd__log, 0.0, -INFINITY},
        {mlsd__log, -0.0, -INFINITY},
        {mlsd__log, -1, NAN},
        {mlsd__log, -INFINITY, NAN},
        {mlsd__log, INFINITY, INFINITY},
        {mlsd__log, NAN, NAN},
        {mlsd__log, TINY, -0x1.74385446d71c3p+9},
        {mlsd__log1p, 0.0, 0.0},
        {mlsd__log1p, -0.0, -0.0},
        {mlsd__log1p, TINY, TINY},
        {mlsd__log1p, -1, -INFINITY},
        {mlsd__log1p, -1.5, NAN},
        {mlsd__log1p, INFINITY, INFINITY},
        {mlsd__log1p, NAN, NAN},
        {mlsd__tanh, -0.0, -0.0},
        {mlsd__tanh, -TINY, -TINY},
        {mlsd__tanh, INFINITY, 1},
        {mlsd__tanh, -INFINITY, -1},
        {mlsd__tanh, 1e300, 1},
        {mlsd__tanh, NAN, NAN},
        {mlsd__erf, -0.0, -0.0},
        {mlsd__erf, 2 * TINY, 2 * TINY},
        {mlsd__erf, INFINITY, 1},
        {mlsd__erf, -INFINITY, -1},
        {mlsd__erf, NAN, NAN},
        {mlsd__erfc, 0.0, 1},
        {mlsd__erfc, INFINITY, 0},
        {mlsd__erfc, -INFINITY, 2},
        {mlsd__erfc, 1e300, 0},
        {mlsd__erfc, NAN, NAN},
        {mlsd__lgamma, 1, 0},
        {mlsd__lgamma, 2, 0},
        {mlsd__lgamma, 0.0, INFINITY},
        {mlsd__lgamma, -0.0, INFINITY},
        {mlsd__lgamma, -3, INFINITY},
        {mlsd__lgamma, -1e300, INFINITY},
        {mlsd__lgamma, INFINITY, INFINITY},
        {mlsd__lgamma, -INFINITY, INFINITY},
        {mlsd__lgamma, 1e308, INFINITY},
        {mlsd__lgamma, NAN, NAN},
    };
    check_known(known, sizeof known / sizeof *known);
}

/* Every pair of these against the C library's pow, which is exact in all of them. */
static void test_mathfun__pow_has_the_special_values_of_annex_f(void **state)
{
    (void)state;
    const double values[] = {0.0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, INFINITY, -INFINITY, NAN};
    const size_t n = sizeof values / sizeof *values;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double got = mlsd__pow(values[i], values[j]);
            const double expected = pow(values[i], values[j]);
            if (!same(got, expected))
                fail_msg("%g^%g is %a, not %a", values[i], values[j], got, expected);
        }
    assert_true(mlsd__pow(-1, 0x1p53) == 1);
    assert_true(mlsd__pow(-1, 0x1p53 - 1) == -1);
    assert_true(mlsd__pow(1 + 0x1p-52, 1e300) == INFINITY);
    assert_true(mlsd__pow(2, -1074) == TINY);
    assert_true(mlsd__pow(2, -1076) == 0);
    assert_true(mlsd__pow(TINY, 1) == TINY);
}

static void test_mathfun__pow_is_exact_where_the_power_is_a_double(void **state)
{
    (void)state;
    for (int k = -1074; k < 1024; k++) assert_true(mlsd__pow(2, k) == ldexp(1, k));
    mlsd__stream stream;
    mlsd__stream_init(&stream, 3, 1, 2, 3, MLSD__PURPOSE_INIT);
    for (int i = 0; i < 10000; i++) {
        const double x = ldexp(mlsd__stream_normal(&stream), i % 2000 - 1000);
        assert_true(mlsd__pow(x, 1) == x);
        const double whole = floor(ldexp(fabs(mlsd__stream_normal(&stream)), 15));
        assert_true(mlsd__pow(whole, 3) == whole * whole * whole);
    }
}

/* Of many random points those where the true value is nearest to the middle of two doubles; the
 * expected ones were rounded from 60 digits (mpmath). The neighbour on the other side may come. */
static void test_mathfun__hard_points_are_within_a_unit(void **state)
{
    (void)state;
    const known_value hard[] = {
        {mlsd__exp, 0x1.48feaa89a7640p+1, 0x1.a238545137cb0p+3},
        {mlsd__exp, -0x1.94e578026e198p+2, 0x1.d4c8e1a817309p-10},
        {mlsd__exp, 0x1.ebe2b41142134p+4, 0x1.46dd9673b0fc5p+44},
        {mlsd__exp, -0x1.1f3eaef8ae0c0p+0, 0x1.4d6d1c1998975p-2},
        {mlsd__exp, 0x1.1ca16bdf1b254p+5, 0x1.41a8902012b30p+51},
        {mlsd__exp, 0x1.9b958d2a7cc00p+4, 0x1.14a5b43f978d8p+37},
        {mlsd__expm1, 0x1.822d42dcb2008p+1, 0x1.36e16f5eeca33p+4},
        {mlsd__expm1, 0x1.03648151927b6p+2, 0x1.c490460c4fc12p+5},
        {mlsd__expm1, 0x1.4c28ebc7db84cp+0, 0x1.547f3a7f56ca7p+1},
        {mlsd__expm1, -0x1.8bf278ea64360p-1, -0x1.13b9f73f8f682p-1},
        {mlsd__expm1, -0x1.1a46caa2f7614p+0, -0x1.560511ec999cdp-1},
        {mlsd__expm1, -0x1.d6cf18634fabap+0, -0x1.ae9caffa8816fp-1},
        {mlsd__log, 0x1.246a4a68ea499p+4, 0x1.73ea3dcd697fdp+1},
        {mlsd__log, 0x1.2aeab3f0afb62p+2, 0x1.8a9178af39b49p+0},
        {mlsd__log, 0x1.a60d4db07fc37p-3, -0x1.94597de3eaf1bp+0},
        {mlsd__log, 0x1.0046a33f2f309p+4, 0x1.63077cb0b4d53p+1},
        {mlsd__log, 0x1.8b6f264740a70p+3, 0x1.41d2e499f8a8ep+1},
        {mlsd__log, 0x1.09c009798eb90p+3, 0x1.0ef3fab5c340bp+1},
        {mlsd__log1p, 0x1.bc06181142df9p+1, 0x1.7f453eb18c975p+0},
        {mlsd__log1p, 0x1.cdce39754d421p+1, 0x1.871b7440d132ep+0},
        {mlsd__log1p, -0x1.a9da77f16e0b0p-5, -0x1.b55246ca657e9p-5},
        {mlsd__log1p, -0x1.0b4abffd09cbap-1, -0x1.79fd130b5f6e2p-1},
        {mlsd__log1p, 0x1.9ddbb0888eab3p+1, 0x1.7166bea76eff1p+0},
        {mlsd__log1p, 0x1.80fdab053e161p+1, 0x1.6362e61130359p+0},
        {mlsd__tanh, 0x1.275307c137520p-1, 0x1.0a69f4281fbd0p-1},
        {mlsd__tanh, 0x1.afb1a2bb4ba40p+1, 0x1.fecbf3a5df09fp-1},
        {mlsd__tanh, 0x1.05637e6af5386p+1, 0x1.ef0b74876a69fp-1},
        {mlsd__tanh, 0x1.660357dd081f0p+1, 0x1.fc345d0b4d309p-1},
        {mlsd__tanh, 0x1.87483ee702ec8p-1, 0x1.49806526d79dep-1},
        {mlsd__tanh, 0x1.1b89f24c3a46cp+1, 0x1.f3f25c6733f3bp-1},
        {mlsd__erf, 0x1.7025010d11d70p-3, 0x1.9af9afd85b88fp-3},
        {mlsd__erf, -0x1.3309b90942c0ap+1, -0x1.ffa529d46e63cp-1},
        {mlsd__erf, -0x1.8b7ba722b4406p+0, -0x1.f13321dd59ed7p-1},
        {mlsd__erf, -0x1.b0163c838e05cp-1, -0x1.88de1cc60b12ap-1},
        {mlsd__erf, 0x1.665db7f43f054p+1, 0x1.fff62705e4751p-1},
        {mlsd__erf, -0x1.4f0af391c3620p+0, -0x1.df22aab0cfe69p-1},
        {mlsd__erfc, 0x1.8a39c5e4e0b08p+0, 0x1.e20546bf3c215p-6},
        {mlsd__erfc, 0x1.141e0a48a6bcdp+2, 0x1.2109365a4e1cdp-30},
        {mlsd__erfc, 0x1.3215437820300p-2, 0x1.5851b8186ea70p-1},
        {mlsd__erfc, 0x1.0163c6a7fe54ap+3, 0x1.c34190458e509p-98},
        {mlsd__erfc, 0x1.1721921bb27e8p+0, 0x1.f81cf967c1cb2p-4},
        {mlsd__erfc, -0x1.30d8d3dcaeb94p-1, 0x1.99a88d7548eeep+0},
        {mlsd__lgamma, 0x1.a63541c9eaf12p+3, 0x1.47a8fd59d1256p+4},
        {mlsd__lgamma, 0x1.285203757ff64p+3, 0x1.6548b7852157bp+3},
        {mlsd__lgamma, 0x1.3867f5dabe782p+1, 0x1.f361325fc9ffbp-3},
        {mlsd__lgamma, 0x1.3809c8abdbb92p+4, 0x1.2ef1e8f904145p+5},
        {mlsd__lgamma, 0x1.b98d1516bf44ep+3, 0x1.6077402febdd1p+4},
        {mlsd__lgamma, 0x1.8263a02b5eef5p+0, -0x1.ed29b1ae51e37p-4},
    };
    const double powers[][3] = {
        {0x1.2841789c5240ap+2, -0x1.8f24bc127fc81p+5, 0x1.a05e66e5de8f6p-111},
        {0x1.5035f41d4b270p-1, -0x1.54370c8dc718cp+6, 0x1.8661dc2e02648p+51},
        {0x1.5cc88f9c0a80cp+2, -0x1.49507408b7e60p+3, 0x1.c5dc8d8885821p-26},
        {0x1.32656eadcf536p+3, 0x1.2ca5aa84fb912p+6, 0x1.f5f2bc2da4bfep+244},
        {0x1.9a8db4be9078bp+1, -0x1.d9f19e56cff42p+5, 0x1.4ed464be425dep-100},
        {0x1.29b2b139d113bp+3, 0x1.e0c64ca290590p+4, 0x1.9c210d8452f61p+96},
    };
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        const double got = hard[i].function(hard[i].x), expected = hard[i].expected;
        if (got != expected && got != nextafter(expected, INFINITY) &&
            got != nextafter(expected, -INFINITY))
            fail_msg("%zu: %a gives %a, not %a", i, hard[i].x, got, expected);
    }
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        const double got = mlsd__pow(powers[i][0], powers[i][1]), expected = powers[i][2];
        if (got != expected && got != nextafter(expected, INFINITY) &&
            got != nextafter(expected, -INFINITY))
            fail_msg("%a^%a gives %a, not %a", powers[i][0], powers[i][1], got, expected);
    }
}

/* Neighbouring doubles on both sides of each border of the tables: no step down. */
static void test_mathfun__functions_rise_across_the_borders_of_tables(void **state)
{
    (void)state;
    double (*const rising[])(double) = {mlsd__exp,   mlsd__expm1, mlsd__log,
                                        mlsd__log1p, mlsd__tanh,  mlsd__erf};
    for (size_t f = 0; f < sizeof rising / sizeof *rising; f++)
        for (int border = 1; border < 2000; border++) {
            const double borders[] = {border / 256.0, (border - 0.5) * M_LN2 / 128,
                                      border / 128.0 - 1 + 0x1p-40};
            for (int kind = 0; kind < 3; kind++) {
                double x = borders[kind];
                if (f == 2 && x <= 0) continue;
                for (int i = 0; i < 8; i++) x = nextafter(x, -INFINITY);
                double before = rising[f](x);
                for (int i = 0; i < 16; i++) {
                    x = nextafter(x, INFINITY);
                    const double value = rising[f](x);
                    if (value < before) fail_msg("function %zu falls at %a", f, x);
                    before = value;
                }
            }
        }
}

/* Ten functions at 100,000 points, all exact in binary; every NaN is hashed as one. */
static void test_mathfun__bits_depend_on_nothing(void **state)
{
    (void)state;
    enum { N = 100000, N_FUNCTIONS = 8 };
    double (*const functions[N_FUNCTIONS])(double) = {mlsd__exp,   mlsd__expm1, mlsd__log,
                                                      mlsd__log1p, mlsd__tanh,  mlsd__erf,
                                                      mlsd__erfc,  mlsd__lgamma};
    const uint64_t expected[N_FUNCTIONS + 2] = {
        0xc897d68628896bc5, 0xd7dc6185377b23dd, 0x68fe4c27d73cd5f7, 0x7e217a42e0125af1,
        0xdc7fa5191185f32c, 0x031201ce1fd204e8, 0x3366e97186dde3f7, 0x6f9559a42dfbfc94,
        0xc49c347e1d03b9db, 0xc810b3595e92dbf0};
    double *const values = malloc(N * sizeof *values);
    assert_non_null(values);
    int n_wrong = 0;
    for (int f = 0; f < N_FUNCTIONS + 2; f++) {
        uint64_t draw = 88172645463325252;
        for (int i = 0; i < N; i++) {
            draw = draw * 6364136223846793005 + 1442695040888963407;
            const double size = (double)(draw >> 11) * 0x1p-53;
            const double x = ldexp((draw & 1) != 0 ? size : -size, (int)(draw >> 5 & 15) - 5);
            double value = 0;
            if (f < N_FUNCTIONS)
                value = functions[f](f == 2 ? fabs(x) : x);
            else
                value = f == N_FUNCTIONS ? mlsd__pow(fabs(x), x * 4) : mlsd__sigmoid(x);
            values[i] = isnan(value) ? 0.5 : value;
            unsigned char bytes[8];
            uint64_t bits = 0;
            memcpy(&bits, &values[i], 8);
            for (int b = 0; b < 8; b++) bytes[b] = (unsigned char)(bits >> 8 * b);
            memcpy(&values[i], bytes, 8); /* little-endian everywhere */
        }
        const uint64_t hash = XXH3_64bits(values, N * sizeof *values);
        if (hash != expected[f])
            print_error("function %d: 0x%016llx\n", f, (unsigned long long)hash);
        n_wrong += hash != expected[f];
    }
    free(values);
    assert_int_equal(n_wrong, 0);
}

/* Moments 0, 1, 0, 3 of the normal distribution; five standard errors. */
static void test_mathfun__normal_stream_has_normal_moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    mlsd__stream stream;
    mlsd__stream_init(&stream, 42, 1, 2, 3, MLSD__PURPOSE_INIT);
    double sum[5] = {0};
    for (int i = 0; i < N; i++) {
        const double z = mlsd__stream_normal(&stream);
        sum[1] += z;
        sum[2] += z * z;
        sum[3] += z * z * z;
        sum[4] += z * z * z * z;
    }
    const double root_n = sqrt((double)N);
    assert_true(fabs(sum[1] / N) < 5 / root_n);
    assert_true(fabs(sum[2] / N - 1) < 5 * sqrt(2) / root_n);
    assert_true(fabs(sum[3] / N) < 5 * sqrt(15) / root_n);
    assert_true(fabs(sum[4] / N - 3) < 5 * sqrt(96) / root_n);
}

/* Several at a time have the bits of one: over all ranges, at special values, and for lengths that
 * leave a rest. */
static void test_mathfun__blocks_have_the_bits_of_one(void **state)
{
    (void)state;
    static const double scales[] = {1, 40, 690, 1500, 1e-3, 1e-12, 1e-20, 1e300};
    static const double special[] = {0.0,  -0.0,  INFINITY, -INFINITY, NAN,  690,
                                     -690, 1e-17, 0x1p-54,  1.0,       -1.0, 0x1p-1074};
    enum { N = 1003 };
    double x[N], exps[N], logs[N], plain[N];
    mlsd__stream stream;
    mlsd__stream_init(&stream, 11, 0, 0, 0, MLSD__PURPOSE_SHUFFLE);
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < N; i++) {
            const double u = 2 * mlsd__stream_double(&stream) - 1;
            x[i] = u * scales[(round + (round % 2 == 0 ? 0 : i / 100)) % 8];
            if (round % 3 == 2) x[i] = fabs(u) * (i % 5 == 0 ? 0x1p-50 : 1);
            if (round > 50 && i % 97 == 0) x[i] = special[i / 97 % 12];
        }
        memcpy(exps, x, sizeof x);
        memcpy(plain, x, sizeof x);
        mlsd__log_block(plain, N - round % 9);
        mlsd__exp_block(exps, N - round % 9);
        mlsd__log1p_block(x, N - round % 9, logs);
        for (int i = 0; i < N - round % 9; i++) {
            const double one = mlsd__exp(x[i]), log_one = mlsd__log1p(x[i]), ln = mlsd__log(x[i]);
            const bool same_exp = memcmp(&one, &exps[i], sizeof one) == 0;
            const bool same_log = memcmp(&log_one, &logs[i], sizeof log_one) == 0;
            if (!same_exp && !(isnan(one) && isnan(exps[i])))
                fail_msg("exp of %.17g is %.17g, alone %.17g", x[i], exps[i], one);
            if (!same_log && !(isnan(log_one) && isnan(logs[i])))
                fail_msg("log1p of %.17g is %.17g, alone %.17g", x[i], logs[i], log_one);
            if (memcmp(&ln, &plain[i], sizeof ln) != 0 && !(isnan(ln) && isnan(plain[i])))
                fail_msg("log of %.17g is %.17g, alone %.17g", x[i], plain[i], ln);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mathfun__blocks_have_the_bits_of_one),
        cmocka_unit_test(test_mathfun__sigmoid_has_no_overflow_and_is_symmetric),
        cmocka_unit_test(test_mathfun__log1pexp_keeps_its_identities),
        cmocka_unit_test(test_mathfun__softmax_survives_large_scores),
        cmocka_unit_test(test_mathfun__lgamma_leaves_signgam_alone),
        cmocka_unit_test(test_mathfun__special_values_are_those_of_annex_f),
        cmocka_unit_test(test_mathfun__pow_has_the_special_values_of_annex_f),
        cmocka_unit_test(test_mathfun__pow_is_exact_where_the_power_is_a_double),
        cmocka_unit_test(test_mathfun__hard_points_are_within_a_unit),
        cmocka_unit_test(test_mathfun__functions_rise_across_the_borders_of_tables),
        cmocka_unit_test(test_mathfun__bits_depend_on_nothing),
        cmocka_unit_test(test_mathfun__normal_stream_has_normal_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
