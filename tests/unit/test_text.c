/* test_text.c - numbers to text and back against exact decimals, Python's repr and strtod, in the C
 * and in a comma locale; growing texts, JSON, UTF-8, nearest names. */
#include "base/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mt19937.h"
#include "base/scope.h"
#include "failing_allocator.h"
#include "unit.h"

static bool parse(const char *text, double *out)
{
    return mlsd__parse_double(text, strlen(text), out);
}

static uint64_t bits(double v)
{
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    return b;
}

static const char *format(double v)
{
    static char text[MLSD__NUMBER_CAPACITY];
    const int32_t n = mlsd__format_double(v, text);
    assert_int_equal(n, strlen(text));
    return text;
}

static double random_bits(mlsd__mt19937 *mt)
{
    for (;;) {
        const uint64_t b = (uint64_t)mlsd__mt_u32(mt) << 32 | mlsd__mt_u32(mt);
        double v;
        memcpy(&v, &b, sizeof v);
        if (isfinite(v)) return v;
    }
}

/* Exact decimal expansions (midpoints by hand, and one digit beyond them) and cases that known
 * readers got wrong, as Python 3.11 reads them. */
static const struct {
    const char *text;
    double value;
} exact_cases[] = {
    {"0", 0x0p0},
    {"-0", -0x0p0},
    {"1e5", 100000.0},
    {"-.5", -0.5},
    {"5.", 5.0},
    {"+1.25E+2", 125.0},
    {"9007199254740993", 0x1p53},
    {"9007199254740993.00000000000000000000000000000000001", 0x1.0000000000001p53},
    {"9007199254740995", 0x1.0000000000002p53},
    {"1.00000000000000011102230246251565404236316680908203125", 1.0},
    {"1.00000000000000011102230246251565404236316680908203124", 1.0},
    {"1.00000000000000011102230246251565404236316680908203126", 0x1.0000000000001p0},
    {"1.00000000000000033306690738754696212708950042724609375", 0x1.0000000000002p0},
    {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
    {"2.2250738585072012e-308", 0x1p-1022},
    {"2.2250738585072014e-308", 0x1p-1022},
    {"1.7976931348623157e308", DBL_MAX},
    {"1.7976931348623158e308", DBL_MAX},
    {"4.9406564584124654e-324", 0x1p-1074},
    {"2.4703282292062328e-324", 0x1p-1074},
    {"2.4703282292062327e-324", 0.0},
    {"7.4109846876186981e-324", 0x1p-1074},
    {"7.4109846876186982e-324", 0x1p-1073},
    {"1e23", 0x1.52d02c7e14af6p+76},
    {"8.5e22", 0x1.1ffdbf6b2b2ebp+76},
    {"6.631236846766476e-316", 0x0.0000008p-1022},
    {"1e-400", 0.0},
    {"0e99999999999999999999", 0.0},
    {"1e-99999999999999999999", 0.0},
};

static void check_exact_cases(void)
{
    for (size_t i = 0; i < sizeof exact_cases / sizeof exact_cases[0]; i++) {
        double v = 77;
        if (!parse(exact_cases[i].text, &v) || bits(v) != bits(exact_cases[i].value))
            fail_msg("%s: got %a, wanted %a", exact_cases[i].text, v, exact_cases[i].value);
    }
}

static void test_text__parse_is_correctly_rounded(void **state)
{
    (void)state;
    check_exact_cases();
    double v = 0;
    const char *const infinite[] = {"1e400",    "1.7976931348623159e308", "inf", "INF",
                                    "Infinity", "1e99999999999999999999", "+inf"};
    for (size_t i = 0; i < sizeof infinite / sizeof infinite[0]; i++) {
        assert_true(parse(infinite[i], &v));
        assert_true(v == (double)INFINITY);
    }
    assert_true(parse("-1e400", &v) && v == -(double)INFINITY);
    assert_true(parse("NaN", &v) && isnan(v));
    assert_true(parse("-nan", &v) && isnan(v));
}

/* A midpoint with hundreds of zeros, and a last digit far behind what is kept, on either side. */
static void test_text__parse_reads_digits_however_many(void **state)
{
    (void)state;
    static char text[4096];
    const char *const midpoint = "1.00000000000000011102230246251565404236316680908203125";
    double v = 0;
    for (int n_zeros = 0; n_zeros < 3000; n_zeros += 123) {
        const int n = snprintf(text, sizeof text, "%s%0*d", midpoint, n_zeros + 1, 0);
        assert_true(parse(text, &v) && v == 1.0);
        text[n - 1] = '1';
        assert_true(parse(text, &v) && v == 0x1.0000000000001p0);
    }
    snprintf(text, sizeof text, "1%0*de-2000", 2000, 0);
    assert_true(parse(text, &v) && v == 1.0);
    snprintf(text, sizeof text, "0.%0*d1e2001", 2000, 0);
    assert_true(parse(text, &v) && v == 1.0);
    snprintf(text, sizeof text, "%0*d.5", 2000, 3);
    assert_true(parse(text, &v) && v == 3.5);
    memset(text, '9', 4000);
    strcpy(text + 4000, "e-4000");
    assert_true(parse(text, &v) && v == 1.0);
}

static void test_text__parse_refuses_what_is_no_number(void **state)
{
    (void)state;
    const char *const bad[] = {"",     " ",     ".",    "-",    "+",    "e5",    "1e",
                               "1e+",  "1e5 ",  " 1",   "1,5",  "0x10", "1.5.2", "--1",
                               "+-1",  "1_000", "nan(", "infi", "inf ", "1e5f",  "infinityx",
                               "1e5.", ".e1",   "0b1",  "1\n",  "na",   "١",     "∞"};
    double v = 77;
    int64_t k = 77;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (parse(bad[i], &v)) fail_msg("'%s' was read as %a", bad[i], v);
        assert_false(mlsd__parse_int64(bad[i], strlen(bad[i]), &k));
    }
    assert_false(mlsd__parse_double("1\0002", 3, &v));
    assert_false(mlsd__parse_double(NULL, 0, &v));
    assert_true(v == 77 && k == 77);
    assert_true(mlsd__parse_double("1234", 2, &v));
    assert_true(v == 12.0);
}

static void test_text__parse_int64_to_the_last_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } rows[] = {{"0", true, 0},
                {"-0", true, 0},
                {"+7", true, 7},
                {"007", true, 7},
                {"9223372036854775807", true, INT64_MAX},
                {"9223372036854775808", false, 0},
                {"-9223372036854775808", true, INT64_MIN},
                {"-9223372036854775809", false, 0},
                {"18446744073709551616", false, 0},
                {"92233720368547758070", false, 0},
                {"1.0", false, 0},
                {"1e3", false, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t v = 0;
        assert_int_equal(mlsd__parse_int64(rows[i].text, strlen(rows[i].text), &v), rows[i].ok);
        assert_true(v == rows[i].value);
    }
}

/* Texts by Python 3.11's repr, but for whole numbers, which base/text.h lays out differently. */
static void check_formats(void)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-17.0, "-17"},
        {999999999999999.0, "999999999999999"},
        {1e15, "1e+15"},
        {1234567890123456.0, "1.234567890123456e+15"},
        {1e300, "1e+300"},
        {0.1, "0.1"},
        {0.5, "0.5"},
        {100.25, "100.25"},
        {-1.0 / 3.0, "-0.3333333333333333"},
        {2.0 / 3.0, "0.6666666666666666"},
        {0.1 + 0.2, "0.30000000000000004"},
        {12345678901234.5, "12345678901234.5"},
        {999999999999999.5, "999999999999999.5"},
        {0.0001, "0.0001"},
        {0.00012345, "0.00012345"},
        {0.00001, "1e-05"},
        {1.5e-5, "1.5e-05"},
        {1e23, "1e+23"},
        {9.5367431640625e-07, "9.5367431640625e-07"},
        {0x1p-44, "5.684341886080802e-14"},
        {0x1p-1022, "2.2250738585072014e-308"},
        {0x1p-1074, "5e-324"},
        {0x1.8p-1073, "1.5e-323"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {-DBL_MAX, "-1.7976931348623157e+308"},
        {0x1p-1074 * 123456, "6.09954e-319"},
        {(double)NAN, "nan"},
        {-(double)NAN, "nan"},
        {(double)INFINITY, "inf"},
        {-(double)INFINITY, "-inf"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(format(rows[i].value), rows[i].text);
}

static void test_text__format_is_short_and_exact(void **state)
{
    (void)state;
    check_formats();
}

static size_t count_digits(const char *text)
{
    size_t n = 0, n_zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0')) continue;
        n++;
        n_zeros = *text == '0' ? n_zeros + 1 : 0;
    }
    return n - n_zeros;
}

/* What is written reads back, by strtod too; and no text of fewer digits does, by snprintf. */
static void check_round_trip(double v)
{
    const char *const text = format(v);
    double back = 0;
    if (!parse(text, &back) || bits(back) != bits(v)) fail_msg("%a: %s reads as %a", v, text, back);
    if (bits(strtod(text, NULL)) != bits(v)) fail_msg("%a: strtod reads %s differently", v, text);
    const size_t n = count_digits(text);
    if (n < 2) return;
    char shorter[40];
    snprintf(shorter, sizeof shorter, "%.*e", (int)n - 2, v);
    if (strtod(shorter, NULL) == v) fail_msg("%a: %s is shorter than %s", v, shorter, text);
}

static void test_text__every_double_comes_back(void **state)
{
    (void)state;
    mlsd__mt19937 mt;
    mlsd__mt_seed(&mt, 5);
    for (int k = -1074; k < 1024; k++) {
        const double v = ldexp(1.0, k);
        check_round_trip(v);
        check_round_trip(nextafter(v, 0.0));
        if (k < 1023) check_round_trip(-nextafter(v, (double)INFINITY));
    }
    for (int i = 0; i < 30000; i++) {
        check_round_trip(random_bits(&mt));
        check_round_trip(mlsd__mt_double(&mt));
        check_round_trip((double)mlsd__mt_interval(&mt, 100000000) / 1000.0);
        check_round_trip((double)mlsd__mt_interval(&mt, UINT64_C(1) << 50) * 0x1p-1074);
        check_round_trip((double)mlsd__mt_interval(&mt, UINT64_C(1) << 60));
    }
}

/* Random digit strings against glibc's strtod, which rounds correctly for any length. */
static void test_text__parse_agrees_with_strtod(void **state)
{
    (void)state;
    mlsd__mt19937 mt;
    mlsd__mt_seed(&mt, 6);
    for (int i = 0; i < 60000; i++) {
        char text[80];
        int n = 0;
        const int n_digits = 1 + (int)mlsd__mt_interval(&mt, 30);
        const int point = (int)mlsd__mt_interval(&mt, 40);
        for (int k = 0; k < n_digits; k++) {
            if (k == point) text[n++] = '.';
            text[n++] = (char)('0' + mlsd__mt_interval(&mt, 9));
        }
        const int largest = i % 2 ? 30 : 340;
        const int exponent = (int)mlsd__mt_interval(&mt, (uint64_t)(2 * largest)) - largest;
        snprintf(text + n, sizeof text - (size_t)n, "e%d", exponent);
        double v = 0;
        assert_true(parse(text, &v));
        if (bits(v) != bits(strtod(text, NULL)))
            fail_msg("%s: got %a, strtod %a", text, v, strtod(text, NULL));
    }
}

static void test_text__a_comma_locale_changes_nothing(void **state)
{
    (void)state;
    const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && found == NULL; i++)
        found = setlocale(LC_ALL, names[i]);
    if (found == NULL) skip();
    char witness[16];
    snprintf(witness, sizeof witness, "%.1f", 0.5);
    const bool has_comma = strcmp(witness, "0,5") == 0;
    check_exact_cases();
    check_formats();
    double v = 0;
    const bool reads_comma = parse("1,5", &v);
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__text_fixed(&t, 1234567.891, 2);
    const double rounded = mlsd__round_significant(0.123456, 3);
    setlocale(LC_ALL, "C");
    assert_true(rounded == 0.123);
    assert_true(has_comma);
    assert_false(reads_comma);
    assert_string_equal(t.data, "1234567.89");
    mlsd__text_free(&t);
}

static void check_fixed(double value, int decimals, const char *wanted)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__text_fixed(&t, value, decimals);
    assert_string_equal(t.data, wanted);
    assert_int_equal(t.length, strlen(wanted));
    mlsd__text_free(&t);
}

static void test_text__fixed_is_for_people(void **state)
{
    (void)state;
    check_fixed(1.005, 2, "1.00");
    check_fixed(0.125, 2, "0.12");
    check_fixed(-2.5, 0, "-2");
    check_fixed(-0.001, 2, "0.00");
    check_fixed(-0.0, 1, "0.0");
    check_fixed(99.999, 1, "100.0");
    check_fixed(12, -3, "12");
    check_fixed(0.1, 20, "0.10000000000000000555");
    check_fixed((double)NAN, 2, "nan");
    check_fixed(-(double)INFINITY, 2, "-inf");
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__text_fixed(&t, -DBL_MAX, 1000);
    assert_int_equal(t.length, 1 + 309 + 1 + 60);
    mlsd__text_free(&t);
}

/* By hand; 2.5 and 0.125 are exact ties, which go to even as printf's do. */
static void test_text__round_significant(void **state)
{
    (void)state;
    assert_true(mlsd__round_significant(0.00035938136638046257, 4) == 0.0003594);
    assert_true(mlsd__round_significant(-9.99961e-7, 4) == -1e-6);
    assert_true(mlsd__round_significant(123456789, 2) == 1.2e8);
    assert_true(mlsd__round_significant(2.5, 1) == 2);
    assert_true(mlsd__round_significant(0.1, 17) == 0.1);
    assert_true(mlsd__round_significant(5e-324, 4) == 5e-324);
    assert_true(mlsd__round_significant(DBL_MAX, 17) == DBL_MAX);
    assert_true(mlsd__round_significant(0, 4) == 0);
    assert_true(isinf(mlsd__round_significant((double)INFINITY, 4)));
    assert_true(isnan(mlsd__round_significant((double)NAN, 4)));
}

static void test_text__grows_and_hands_over(void **state)
{
    (void)state;
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    char buf[8] = "unused";
    int64_t length = -1;
    ASSERT_OK(mlsd__text_to_buffer(&t, buf, sizeof buf, &length));
    assert_string_equal(buf, "");
    assert_int_equal(length, 0);

    mlsd__text_append(&t, "ab");
    mlsd__text_append_n(&t, "cdef", 2);
    mlsd__text_format(&t, "-%d%s", 42, "");
    assert_string_equal(t.data, "abcd-42");
    ASSERT_OK(mlsd__text_to_buffer(&t, NULL, 0, &length));
    assert_int_equal(length, 7);
    ASSERT_OK(mlsd__text_to_buffer(&t, buf, 8, NULL));
    assert_string_equal(buf, "abcd-42");
    length = -1;
    ASSERT_FAILS(MLSD_E_BUFFER, "8", mlsd__text_to_buffer(&t, buf, 7, &length));
    assert_string_equal(buf, "");
    assert_int_equal(length, 7);
    buf[0] = 'x';
    ASSERT_FAILS(MLSD_E_BUFFER, "8", mlsd__text_to_buffer(&t, buf, 0, NULL));
    assert_int_equal(buf[0], 'x');
    ASSERT_FAILS(MLSD_E_ARG, "-1", mlsd__text_to_buffer(&t, buf, -1, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd__text_to_buffer(&t, NULL, 5, NULL));

    static char longer[3000];
    memset(longer, 'y', sizeof longer - 1);
    mlsd__text_format(&t, "<%s>", longer);
    assert_int_equal(t.length, 7 + 2 + 2999);
    assert_int_equal(t.data[t.length], 0);
    assert_int_equal(t.data[t.length - 1], '>');
    mlsd__text_free(&t);
    assert_null(t.data);
    mlsd__text_free(&t);
}

static void test_text__refused_memory_sticks(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *const context = failing_context(&f, 1);
        const long long before = f.live_blocks;
        f.fail_at = f.calls + k;
        mlsd__text t;
        mlsd__text_init(&t, mlsd__context_allocator(context));
        for (int i = 0; i < 200; i++) {
            mlsd__text_json_string(&t, "some \"text\"\n");
            mlsd__text_double(&t, 0.1 * i);
            mlsd__text_format(&t, "%0*d", 300, i);
        }
        char buf[4];
        const bool failed = f.failed > 0;
        if (failed) {
            assert_int_equal(t.status, MLSD_E_NOMEM);
            assert_int_equal(mlsd__text_to_buffer(&t, buf, sizeof buf, NULL), MLSD_E_NOMEM);
        } else {
            assert_int_equal(t.status, MLSD_OK);
        }
        mlsd__text_free(&t);
        assert_int_equal(f.live_blocks, before);
        mlsd_context_free(context);
        if (!failed) {
            assert_true(k > 2);
            return;
        }
    }
}

/* Replacements by Python: bytes.decode('utf-8', 'replace'); R stands for U+FFFD. */
#define R "\xef\xbf\xbd"
static void test_text__json_strings_are_always_valid(void **state)
{
    (void)state;
    static const struct {
        const char *text, *json;
    } rows[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
        {"\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"ab\xff"
         "cd",
         "\"ab" R "cd\""},
        {"\xe4\xb8", "\"" R "\""},
        {"\xe4\xb8x", "\"" R "x\""},
        {"\xc0\xaf", "\"" R R "\""},
        {"\xed\xa0\x80", "\"" R R R "\""},
        {"\xf0\x9f\x98", "\"" R "\""},
        {"\xf4\x90\x80\x80", "\"" R R R R "\""},
        {"\xf0\x80\x80\xaf", "\"" R R R R "\""},
        {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
         "A",
         "\"" R R R R "A\""},
        {"\x80\"", "\"" R "\\\"\""},
        {NULL, "null"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mlsd__text t;
        mlsd__text_init(&t, &mlsd__libc_allocator);
        mlsd__text_json_string(&t, rows[i].text);
        assert_string_equal(t.data, rows[i].json);
        assert_true(mlsd__utf8_valid(t.data, (size_t)t.length, NULL));
        mlsd__text_free(&t);
    }
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    const double numbers[] = {1.5, (double)NAN, (double)INFINITY, -(double)INFINITY, -0.0, 1e-7};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        mlsd__text_json_double(&t, numbers[i]);
        mlsd__text_append(&t, ",");
    }
    assert_string_equal(t.data, "1.5,null,\"inf\",\"-inf\",-0,1e-07,");
    mlsd__text_free(&t);
}

/* Unicode 15, table 3-7, tried by brute force: of all texts of one to three bytes exactly
 * 128, 1920 and 65536 - 2048 - 2048 are one code point. */
static void test_text__utf8_by_brute_force(void **state)
{
    (void)state;
    const int wanted[4] = {0, 128, 1920, 61440};
    for (int n = 1; n <= 3; n++) {
        int n_single = 0;
        for (uint32_t code = 0; code < 1u << 8 * n; code++) {
            const char text[3] = {(char)(code >> 8 * (n - 1)),
                                  (char)(n > 1 ? code >> 8 * (n - 2) : 0), (char)code};
            if (n > 1 && mlsd__utf8_valid(text, 1, NULL)) continue;
            if (n > 2 && mlsd__utf8_valid(text, 2, NULL)) continue;
            n_single += mlsd__utf8_valid(text, (size_t)n, NULL);
        }
        assert_int_equal(n_single, wanted[n]);
    }
    size_t bad = 99;
    assert_true(mlsd__utf8_valid(NULL, 0, &bad));
    assert_true(mlsd__utf8_valid("\xf4\x8f\xbf\xbf\xf0\x90\x80\x80", 8, &bad));
    assert_int_equal(bad, 99);
    assert_false(mlsd__utf8_valid("abc\xe2\x82", 5, &bad));
    assert_int_equal(bad, 3);
    assert_false(mlsd__utf8_valid("\xf4\x90\x80\x80", 4, &bad));
    assert_int_equal(bad, 0);
    assert_false(mlsd__utf8_valid("\xc3\xa4\xf5\x80\x80\x80", 6, &bad));
    assert_int_equal(bad, 2);
}
#undef R

static const char *name_at(const void *user, int64_t i)
{
    return ((const char *const *)user)[i];
}

static void test_text__nearest_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "alpha",          "max_depth", "kfold",    "stratified_kfold", "ridge", "learning_rate",
        "early_stopping", "n_splits",  "max_iter", "ridge_classifier", NULL};
    static const struct {
        const char *wanted, *nearest;
    } rows[] = {{"alhpa", "alpha"},
                {"Alpha", "alpha"},
                {"RIDGE", "ridge"},
                {"rige", "ridge"},
                {"maxdepth", "max_depth"},
                {"max_dpeth", "max_depth"},
                {"strat", "stratified_kfold"},
                {"learn", "learning_rate"},
                {"k_fold", "kfold"},
                {"nsplit", "n_splits"},
                {"ridge_class", "ridge_classifier"},
                {"zzz", NULL},
                {"", NULL},
                {"x", NULL},
                {"completely_different", NULL},
                {NULL, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *const got = mlsd__nearest_name(rows[i].wanted, name_at, names, 11);
        if (rows[i].nearest == NULL)
            assert_null(got);
        else
            assert_string_equal(got, rows[i].nearest);
    }
    char endless[1000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_null(mlsd__nearest_name(endless, name_at, names, 10));
    assert_null(mlsd__nearest_name("alpha", name_at, names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text__parse_is_correctly_rounded),
        cmocka_unit_test(test_text__parse_reads_digits_however_many),
        cmocka_unit_test(test_text__parse_refuses_what_is_no_number),
        cmocka_unit_test(test_text__parse_int64_to_the_last_number),
        cmocka_unit_test(test_text__format_is_short_and_exact),
        cmocka_unit_test(test_text__every_double_comes_back),
        cmocka_unit_test(test_text__parse_agrees_with_strtod),
        cmocka_unit_test(test_text__a_comma_locale_changes_nothing),
        cmocka_unit_test(test_text__fixed_is_for_people),
        cmocka_unit_test(test_text__round_significant),
        cmocka_unit_test(test_text__grows_and_hands_over),
        cmocka_unit_test(test_text__refused_memory_sticks),
        cmocka_unit_test(test_text__json_strings_are_always_valid),
        cmocka_unit_test(test_text__utf8_by_brute_force),
        cmocka_unit_test(test_text__nearest_names),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
