/* test_csv_read.c - CSV text becomes the values it says, wherever it is cut, or one clear line.
 *
 * Witnesses: strtod of the C library for numbers; for whole files random tables that the test
 * itself writes out, so that the truth is known; RFC 4180 and pandas 1.5.3 for the single cases. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mlsd/table.h"
#include "data/csv_impl.h"
#include "failing_allocator.h"

static void *__attribute__((returns_nonnull)) grab(size_t size)
{
    void *const block = malloc(size);
    if (block == NULL) abort();
    return block;
}

/* Parse with the defaults. */
static mlsd_status parse(const char *text, mlsd_table **out)
{
    return mlsd_table_parse_csv(NULL, text, strlen(text), NULL, out);
}

static mlsd_table *parsed(const char *text)
{
    mlsd_table *t;
    ASSERT_OK(parse(text, &t));
    return t;
}

/* Parse in chunks of that many bytes. */
static mlsd_status parse_cut(const char *text, size_t size, int64_t chunk_bytes, int64_t n_threads,
                             mlsd_table **out)
{
    mlsd_context *context;
    mlsd_spec *options;
    mlsd__scope scope;
    *out = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(mlsd_spec_new(context, "csv", &options));
    ASSERT_OK(mlsd__scope_open(&scope, context));
    const mlsd_status status =
        mlsd__csv_read_text(&scope, NULL, text, size, mlsd__spec_params(options), chunk_bytes, out);
    mlsd__scope_close(&scope);
    mlsd_spec_free(options);
    mlsd_context_free(context);
    return status;
}

static double number(const mlsd_table *t, int64_t column, int64_t row)
{
    double value;
    ASSERT_OK(mlsd_table_get_f64(t, column, row, 1, &value));
    return value;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void assert_same_table(const mlsd_table *a, const mlsd_table *b)
{
    assert_int_equal(mlsd_table_n_columns(a), mlsd_table_n_columns(b));
    assert_int_equal(mlsd_table_n_rows(a), mlsd_table_n_rows(b));
    for (int64_t j = 0; j < a->n_columns; j++) {
        assert_string_equal(a->names[j], b->names[j]);
        const mlsd__column *const c = a->columns[j], *const d = b->columns[j];
        assert_int_equal(c->type, d->type);
        const size_t size = c->type == MLSD_COLUMN_CATEGORY ? 4 : 8;
        assert_memory_equal(c->values, d->values, (size_t)c->n * size);
        assert_int_equal(c->n_levels, d->n_levels);
        for (int64_t i = 0; i < c->n_levels; i++) assert_string_equal(c->levels[i], d->levels[i]);
    }
    assert_int_equal(a->notes == NULL, b->notes == NULL);
    if (a->notes != NULL) assert_string_equal(a->notes, b->notes);
}

/* --- numbers -----------------------------------------------------------------------------------
 */

static uint64_t random_state = 88172645463325252U;

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void check_number(const char *text)
{
    mlsd__csv_number n;
    const mlsd__csv_kind kind = mlsd__csv_read_number(text, strlen(text), &n);
    if (kind == MLSD__CSV_TEXT) fail_msg("'%s' is not read as a number", text);
    const double wanted = strtod(text, NULL);
    if (bits_of(n.real) != bits_of(wanted) && !(isnan(n.real) && isnan(wanted)))
        if (!(kind == MLSD__CSV_WHOLE && n.real == wanted))
            fail_msg("'%s' gives %a, strtod %a", text, n.real, wanted);
}

static void test_csv_read__numbers_are_the_nearest_double(void **state)
{
    (void)state;
    static const char *const formats[] = {"%.17g", "%.16g", "%.6g", "%.3f",
                                          "%.20e", "%.9f",  "%.0f"};
    char text[512];
    for (int i = 0; i < 400000; i++) {
        uint64_t bits = draw();
        double x;
        memcpy(&x, &bits, sizeof x);
        if (i % 2 == 0) x = (double)(int64_t)draw() * pow(10, -(double)(draw() % 40));
        if (!isfinite(x)) continue;
        if (i % 7 == 3 || i % 7 == 5 || i % 7 == 6) x = fmod(x, 1e9);
        snprintf(text, sizeof text, formats[i % 7], x);
        check_number(text);
        /* Digits and exponents of every length, near halves included. */
        snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(draw() >> (draw() % 64)),
                 (unsigned long long)(draw() >> (draw() % 64)), (int)(draw() % 120) - 60);
        check_number(text);
        snprintf(text, sizeof text, "%llu", (unsigned long long)(draw() >> (draw() % 64)));
        check_number(text);
    }
    static const char *const hard[] = {"9007199254740993",
                                       "9007199254740993.0",
                                       "9007199254740992.999999999999999999",
                                       "0.1",
                                       "1e23",
                                       "8.5e22",
                                       "2.2250738585072011e-308",
                                       "4.9e-324",
                                       "2e-324",
                                       "1e-400",
                                       "1.7976931348623158e308",
                                       "1.7976931348623159e308",
                                       "1e308",
                                       "1e400",
                                       "-1e400",
                                       "9223372036854775807",
                                       "9223372036854775808",
                                       "-9223372036854775808",
                                       "-9223372036854775809",
                                       "18446744073709551616",
                                       "0.000000000000000000000000000000001",
                                       "123456789012345678901234567890",
                                       "1.",
                                       ".5",
                                       "-.5",
                                       "+1",
                                       "+1.5",
                                       "007",
                                       "00.50",
                                       "-0",
                                       "-0.0",
                                       "0e999999999999",
                                       "1E5",
                                       "1e+5",
                                       "1e-5",
                                       "inf",
                                       "-inf",
                                       "Infinity",
                                       "nan",
                                       "6929495644600919.5",
                                       "3.7455744005952583e15",
                                       "9214843084008499.0",
                                       "0.500000000000000166533453693773481063544750213623046875"};
    for (int64_t i = 0; i < MLSD__COUNT(hard); i++) check_number(hard[i]);
}

static void test_csv_read__what_is_not_a_number(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",        " ",     "-",      "+",     ".",        "-.",  "e5",  "1e",  "1e+",
        "1e5x",    "1.2.3", "1,5",    "0x10",  "--1",      "+-1", "1 2", "12a", "in",
        "infinit", "nanx",  "NaN(1)", "1_000", "\xd9\xa1", "1f",  "$5",  "5%"};
    mlsd__csv_number n;
    for (int64_t i = 0; i < MLSD__COUNT(texts); i++)
        assert_int_equal(mlsd__csv_read_number(texts[i], strlen(texts[i]), &n), MLSD__CSV_TEXT);
}

/* The same numbers through the inner loop, where short ones take another road. */
static void test_csv_read__numbers_in_files_are_the_nearest_double(void **state)
{
    (void)state;
    enum { N = 60000 };
    char *const text = grab(N * 48), *p = text;
    double *const wanted = grab(N * sizeof *wanted);
    p += sprintf(p, "a,b,c\n");
    for (int i = 0; i < N; i++) {
        char field[64];
        const double x = ((double)draw() - 9e18) / pow(10, (double)(draw() % 25));
        static const char *const formats[] = {"%.6g", "%.8g", "%.12g", "%.3f", "%.0f", "%.17g"};
        snprintf(field, sizeof field, formats[draw() % 6], x);
        if (strlen(field) > 40) strcpy(field, "-.5");
        wanted[i] = strtod(field, NULL);
        p += sprintf(p, "%s%s", field, i % 3 < 2 ? "," : i % 2 == 0 ? "\n" : "\r\n");
    }
    for (int64_t chunk = 1000; chunk < INT64_C(10000000); chunk *= 40) {
        mlsd_table *t;
        ASSERT_OK(parse_cut(text, (size_t)(p - text), chunk, 2, &t));
        assert_int_equal(mlsd_table_n_rows(t), N / 3);
        for (int i = 0; i < N; i++)
            assert_true(bits_of(number(t, i % 3, i / 3)) == bits_of(wanted[i]));
        mlsd_table_free(t);
    }
    free(text);
    free(wanted);
}

/* --- types -------------------------------------------------------------------------------------
 */

static void test_csv_read__types_are_those_of_the_whole_file(void **state)
{
    (void)state;
    mlsd_table *t = parsed("i,f,m,c,q,neg,big,zero,word\n"
                           "1,1,1,x,\"5\",-3,9223372036854775807,-0,inf\n"
                           "007, 2.5 ,NA,1,\"6\",+4,9223372036854775808,1,2\n");
    static const mlsd_column_type types[] = {
        MLSD_COLUMN_I64, MLSD_COLUMN_F64, MLSD_COLUMN_F64, MLSD_COLUMN_CATEGORY, MLSD_COLUMN_I64,
        MLSD_COLUMN_I64, MLSD_COLUMN_F64, MLSD_COLUMN_F64, MLSD_COLUMN_F64};
    assert_int_equal(mlsd_table_n_columns(t), 9);
    for (int j = 0; j < 9; j++) assert_int_equal(mlsd_table_type(t, j), types[j]);
    assert_true(number(t, 0, 1) == 7 && number(t, 1, 1) == 2.5 && isnan(number(t, 2, 1)));
    assert_string_equal(mlsd_table_get_str(t, 3, 1), "1");
    assert_true(number(t, 4, 0) == 5 && number(t, 5, 1) == 4 && number(t, 6, 1) == 0x1p63);
    assert_true(signbit(number(t, 7, 0)) && isinf(number(t, 8, 0)));
    mlsd_table_free(t);
}

/* A column changes its type long after the sample: in each case the whole column must follow. */
static void test_csv_read__late_surprises_change_the_whole_column(void **state)
{
    (void)state;
    enum { N = 5000 };
    static const char *const last[] = {"2", "2.5", "NA", "x", "-0", "1e400"};
    char *const text = grab(N * 20);
    for (int64_t s = 0; s < MLSD__COUNT(last); s++) {
        char *p = text + sprintf(text, "a,b\n");
        for (int i = 0; i < N; i++) p += sprintf(p, "%d,%s\n", i, i == N - 100 ? last[s] : "1");
        for (int64_t chunk = 700; chunk <= 700000; chunk *= 1000) {
            mlsd_table *t;
            ASSERT_OK(parse_cut(text, (size_t)(p - text), chunk, 2, &t));
            assert_int_equal(mlsd_table_n_rows(t), N);
            assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_I64);
            assert_int_equal(mlsd_table_type(t, 1), s == 0   ? MLSD_COLUMN_I64
                                                    : s == 3 ? MLSD_COLUMN_CATEGORY
                                                             : MLSD_COLUMN_F64);
            for (int i = 0; i < N; i++) assert_true(number(t, 0, i) == i);
            assert_true(number(t, 1, 0) == (s == 3 ? 0 : 1));
            assert_true(number(t, 1, N - 1) == (s == 3 ? 0 : 1));
            if (s == 3) assert_string_equal(mlsd_table_get_str(t, 1, N - 100), "x");
            if (s == 3)
                assert_string_equal(t->notes, "column 'b' holds texts because of 'x' in line 4902: "
                                              "before it there are only numbers\n");
            if (s == 5)
                assert_string_equal(t->notes,
                                    "column 'b' has 1 number beyond the largest double, read as "
                                    "infinite; the first is in line 4902\n");
            mlsd_table_free(t);
        }
    }
    free(text);
}

static void test_csv_read__missing_markers(void **state)
{
    (void)state;
    mlsd_table *t = parsed("n,s,q\n1,NA,\"NA\"\n NA ,a, ?\n?,,\"\"\n\"NA\",b,x\n");
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_F64);
    assert_true(isnan(number(t, 0, 1)) && isnan(number(t, 0, 2)) && isnan(number(t, 0, 3)));
    assert_null(mlsd_table_get_str(t, 1, 0));
    assert_null(mlsd_table_get_str(t, 1, 2));
    assert_string_equal(mlsd_table_get_str(t, 2, 0), "NA"); /* quoted: Namibia */
    assert_null(mlsd_table_get_str(t, 2, 1));
    assert_null(mlsd_table_get_str(t, 2, 2));
    mlsd_table_free(t);

    /* All missing is numbers. */
    t = parsed("a,b\n,\nNA,?\n");
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_F64);
    assert_int_equal(mlsd_table_n_rows(t), 2);
    mlsd_table_free(t);

    /* Own markers, numbers among them. */
    mlsd_spec *options;
    const char *const markers[] = {"-999", "none"};
    ASSERT_OK(mlsd_spec_new(NULL, "csv", &options));
    ASSERT_OK(mlsd_spec_set_str_list(options, "missing", markers, 2));
    const char text[] = "a,b,c\n1,-999,NA\n-999,2,x\nnone,3,\n";
    ASSERT_OK(mlsd_table_parse_csv(NULL, text, strlen(text), options, &t));
    assert_true(isnan(number(t, 0, 1)) && isnan(number(t, 0, 2)) && isnan(number(t, 1, 0)));
    assert_string_equal(mlsd_table_get_str(t, 2, 0), "NA");
    assert_string_equal(mlsd_table_get_str(t, 2, 2), "");
    mlsd_table_free(t);
    mlsd_spec_free(options);
}

/* --- rows and fields ---------------------------------------------------------------------------
 */

static void test_csv_read__quotes_newlines_and_ends(void **state)
{
    (void)state;
    mlsd_table *t = parsed("\xef\xbb\xbf"
                           "a,\"b \"\"q\"\"\",c\r\n"
                           "\r\n"
                           "1,\"x,y\",\"line one\r\nline two\"\r\n"
                           "  \n"
                           "2,it's 5\" wide,\"\"\"\"\n"
                           "\n"
                           "3,\"\r\",z");
    assert_int_equal(mlsd_table_n_rows(t), 3);
    assert_string_equal(mlsd_table_name(t, 0), "a");
    assert_string_equal(mlsd_table_name(t, 1), "b \"q\"");
    assert_string_equal(mlsd_table_get_str(t, 1, 0), "x,y");
    assert_string_equal(mlsd_table_get_str(t, 2, 0), "line one\r\nline two");
    assert_string_equal(mlsd_table_get_str(t, 1, 1), "it's 5\" wide");
    assert_string_equal(mlsd_table_get_str(t, 2, 1), "\"");
    assert_string_equal(mlsd_table_get_str(t, 1, 2), "\r");
    assert_string_equal(mlsd_table_get_str(t, 2, 2), "z");
    assert_true(number(t, 0, 2) == 3);
    mlsd_table_free(t);

    t = parsed("only\n1\n2"); /* one column, no newline at the end */
    assert_int_equal(mlsd_table_n_rows(t), 2);
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_I64);
    mlsd_table_free(t);
    t = parsed("a,b\n1,"); /* the last field is empty and the text ends */
    assert_int_equal(mlsd_table_n_rows(t), 1);
    assert_true(isnan(number(t, 1, 0)));
    mlsd_table_free(t);
    t = parsed("a,b\n1,2\r"); /* a lone CR at the very end belongs to the row end */
    assert_true(number(t, 1, 0) == 2);
    mlsd_table_free(t);
}

static void test_csv_read__headers_become_distinct(void **state)
{
    (void)state;
    mlsd_table *t = parsed("x, y ,x,,x_2,x,\n1,2,3,4,5,6,7\n");
    static const char *const names[] = {"x", "y", "x_3", "column_4", "x_2", "x_4", "column_7"};
    for (int j = 0; j < 7; j++) assert_string_equal(mlsd_table_name(t, j), names[j]);
    assert_string_equal(t->notes, "column 3 repeats the name 'x' and is called 'x_3'\n"
                                  "column 4 has no name and is called 'column_4'\n"
                                  "column 6 repeats the name 'x' and is called 'x_4'\n"
                                  "column 7 has no name and is called 'column_7'\n");
    mlsd_table_free(t);
    t = parsed("a;b\n1;2\n");
    assert_string_equal(t->notes,
                        "the header is one name that holds ';': is that the delimiter?\n");
    mlsd_table_free(t);
}

static void test_csv_read__options(void **state)
{
    (void)state;
    mlsd_spec *o, *other;
    mlsd_table *t;
    const char text[] = "007\t1.5\n\"8\n\"\t2\n9\t3";
    ASSERT_OK(mlsd_spec_new(NULL, "csv", &o));
    ASSERT_OK(mlsd_spec_set_bool(o, "header", 0));
    ASSERT_OK(mlsd_spec_set_text(o, "delimiter", "\\t"));
    ASSERT_OK(mlsd_spec_set_i64(o, "max_rows", 2));
    const char *const column[] = {"column_1"};
    ASSERT_OK(mlsd_spec_set_str_list(o, "text_columns", column, 1));
    ASSERT_OK(mlsd_table_parse_csv(NULL, text, strlen(text), o, &t));
    assert_int_equal(mlsd_table_n_rows(t), 2);
    assert_string_equal(mlsd_table_name(t, 1), "column_2");
    assert_string_equal(mlsd_table_get_str(t, 0, 0), "007");
    assert_string_equal(mlsd_table_get_str(t, 0, 1), "8\n");
    assert_true(number(t, 1, 1) == 2);
    mlsd_table_free(t);

    const char *const absent[] = {"colum_1"};
    ASSERT_OK(mlsd_spec_set_str_list(o, "text_columns", absent, 1));
    ASSERT_FAILS(MLSD_E_COLUMN, "did you mean 'column_1'?",
                 mlsd_table_parse_csv(NULL, text, strlen(text), o, &t));
    assert_null(t);
    static const char *const bad[] = {"", ";;", "\"", "\n", "5", "\xc2\xa7"};
    for (int64_t i = 0; i < MLSD__COUNT(bad); i++) {
        ASSERT_OK(mlsd_spec_set_str(o, "delimiter", bad[i]));
        ASSERT_FAILS(MLSD_E_PARAM_RANGE, "'delimiter' must be one ASCII character",
                     mlsd_table_parse_csv(NULL, text, strlen(text), o, &t));
    }
    mlsd_spec_free(o);
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &other));
    ASSERT_FAILS(MLSD_E_KIND, "got 'kfold'", mlsd_table_parse_csv(NULL, text, 3, other, &t));
    mlsd_spec_free(other);
}

static void test_csv_read__says_what_is_wrong(void **state)
{
    (void)state;
    mlsd_table *t;
    ASSERT_FAILS(MLSD_E_PARSE, "line 4 has 1 field, expected 2", parse("a,b\n1,2\n\n3\n", &t));
    assert_null(t);
    ASSERT_FAILS(MLSD_E_PARSE, "line 3 has 4 fields, expected 2",
                 parse("a,b\n1,2\n1,\"2,\n\",3,4\n5,6\n", &t));
    ASSERT_FAILS(MLSD_E_PARSE, "line 3: the quote that opens at byte 3 is never closed",
                 parse("a,b\n1,2\n3,\"x\n4,5\n", &t));
    ASSERT_FAILS(MLSD_E_PARSE, "line 2, byte 4: text after a closing quote",
                 parse("a,b\n\"x\"y,2\n", &t));
    ASSERT_FAILS(MLSD_E_PARSE, "line 3, byte 4 (0xfc) is not UTF-8",
                 parse("a,b\n1,x\n2,M\xfcnster\n", &t));
    ASSERT_FAILS(MLSD_E_PARSE, "line 1, byte 3 (0xfc) is not UTF-8", parse("a,\xfc\n1,x\n", &t));
    ASSERT_FAILS(MLSD_E_PARSE, "line 2, byte 4 is NUL",
                 mlsd_table_parse_csv(NULL, "a,b\n1,x\0y\n", 10, NULL, &t));
    ASSERT_FAILS(MLSD_E_DATA, "is empty", parse("", &t));
    ASSERT_FAILS(MLSD_E_DATA, "is empty", parse("\xef\xbb\xbf", &t));
    ASSERT_FAILS(MLSD_E_DATA, "is empty", parse("\n \r\n\n", &t));
    ASSERT_FAILS(MLSD_E_DATA, "has a header and no rows", parse("a,b\n", &t));
    ASSERT_FAILS(MLSD_E_DATA, "has a header and no rows", parse("a,b", &t));
    ASSERT_FAILS(MLSD_E_DATA, "bare carriage returns", parse("a,b\r1,2\r", &t));
    ASSERT_FAILS(MLSD_E_PARSE, "UTF-16",
                 parse("\xff\xfe"
                       "a",
                       &t));
    ASSERT_FAILS(MLSD_E_PARSE, "gzip", parse("\x1f\x8b\x08", &t));
    ASSERT_FAILS(MLSD_E_ARG, "the text is NULL", mlsd_table_parse_csv(NULL, NULL, 1, NULL, &t));
    ASSERT_FAILS(MLSD_E_DATA, "is empty", mlsd_table_parse_csv(NULL, NULL, 0, NULL, &t));
}

static void test_csv_read__files(void **state)
{
    (void)state;
    char directory[] = "/tmp/mlsd-csv-XXXXXX", path[64];
    mlsd_table *t;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/x.csv", directory);
    ASSERT_FAILS(MLSD_E_IO, path, mlsd_table_read_csv(NULL, path, NULL, &t));
    assert_null(t);
    ASSERT_FAILS(MLSD_E_IO, directory, mlsd_table_read_csv(NULL, directory, NULL, &t));
    ASSERT_FAILS(MLSD_E_ARG, "path is NULL", mlsd_table_read_csv(NULL, NULL, NULL, &t));

    FILE *file = fopen(path, "w");
    ASSERT_OK(fclose(file));
    ASSERT_FAILS(MLSD_E_DATA, "x.csv is empty", mlsd_table_read_csv(NULL, path, NULL, &t));
    file = fopen(path, "w");
    fputs("a,b\n1,2\n3\n", file);
    ASSERT_OK(fclose(file));
    ASSERT_FAILS(MLSD_E_PARSE, "x.csv, line 3 has 1 field, expected 2",
                 mlsd_table_read_csv(NULL, path, NULL, &t));
    if (geteuid() != 0) {
        ASSERT_OK(chmod(path, 0));
        ASSERT_FAILS(MLSD_E_IO, path, mlsd_table_read_csv(NULL, path, NULL, &t));
        ASSERT_OK(chmod(path, 0600));
    }
    /* The end of the text is the end of a page: nothing behind it may be touched. */
    file = fopen(path, "w");
    fputs("a,b\n", file);
    for (int i = 0; i < 1023; i++) fputs("1,2\n", file);
    ASSERT_OK(fclose(file));
    ASSERT_OK(mlsd_table_read_csv(NULL, path, NULL, &t));
    assert_int_equal(mlsd_table_n_rows(t), 1023);
    assert_true(number(t, 1, 1022) == 2);
    mlsd_table_free(t);
    ASSERT_OK(unlink(path));
    ASSERT_OK(rmdir(directory));
}

static void test_csv_read__a_hundred_thousand_categories(void **state)
{
    (void)state;
    enum { N = 100000 };
    char *const text = grab(N * 32), *p = text;
    p += sprintf(p, "id,name\n");
    for (int i = 0; i < N; i++) p += sprintf(p, "%d,user %06d\n", i, (i * 7919) % N);
    mlsd_table *t;
    ASSERT_OK(parse_cut(text, (size_t)(p - text), 50000, 2, &t));
    assert_int_equal(mlsd_table_level_count(t, 1), N);
    for (int i = 0; i < N; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, "user %06d", (i * 7919) % N);
        assert_string_equal(mlsd_table_get_str(t, 1, i), wanted);
        assert_true(number(t, 1, i) == (i * 7919) % N); /* ascending codes */
    }
    mlsd_table_free(t);
    free(text);
}

static void test_csv_read__a_very_long_field(void **state)
{
    (void)state;
    enum { LENGTH = 5000000 };
    char *const text = grab(LENGTH + 64);
    const int n = sprintf(text, "a,b\n1,");
    memset(text + n, 'x', LENGTH);
    strcpy(text + n + LENGTH, "\n2,y\n");
    mlsd_table *const t = parsed(text);
    assert_int_equal(mlsd_table_n_rows(t), 2);
    assert_int_equal(strlen(mlsd_table_get_str(t, 1, 0)), LENGTH);
    assert_string_equal(mlsd_table_get_str(t, 1, 1), "y");
    mlsd_table_free(t);
    free(text);
}

/* --- cuts --------------------------------------------------------------------------------------
 */

/* A table of texts that contain everything that is special, written with random quoting. */
static char *random_file(char cells[][4][16], int n_rows, size_t *size)
{
    static const char alphabet[] = "ab,\"\n\r ";
    char *const text = grab((size_t)n_rows * 4 * 40 + 64), *p = text;
    p += sprintf(p, "w,x,y,z\n");
    for (int i = 0; i < n_rows; i++) {
        if (draw() % 5 == 0) p += sprintf(p, draw() % 2 == 0 ? "\n" : " \r\n");
        for (int j = 0; j < 4; j++) {
            char *const cell = cells[i][j];
            const int n = (int)(draw() % 10);
            cell[0] = 't'; /* never empty, never a number, never a marker */
            for (int k = 1; k <= n; k++) cell[k] = alphabet[draw() % 7];
            cell[n + 1] = '\0';
            const int is_special = strpbrk(cell, ",\n\r\"") != NULL;
            if (is_special || draw() % 4 == 0) {
                *p++ = '"';
                for (const char *c = cell; *c != '\0'; c++) {
                    if (*c == '"') *p++ = '"';
                    *p++ = *c;
                }
                *p++ = '"';
            } else {
                p += sprintf(p, "%s", cell);
            }
            *p++ = j < 3 ? ',' : '\n';
        }
    }
    *p = '\0';
    *size = (size_t)(p - text);
    return text;
}

static void test_csv_read__cuts_anywhere_give_the_same_table(void **state)
{
    (void)state;
    enum { N = 40 };
    static char cells[N][4][16];
    for (int round = 0; round < 60; round++) {
        size_t size;
        char *const text = random_file(cells, N, &size);
        mlsd_table *whole;
        ASSERT_OK(parse_cut(text, size, INT64_C(1) << 20, 1, &whole));
        assert_int_equal(mlsd_table_n_rows(whole), N);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < 4; j++)
                assert_string_equal(mlsd_table_get_str(whole, j, i), cells[i][j]);
        for (int64_t chunk = 1; chunk < 300; chunk += 1 + chunk / 4) {
            static const int64_t n_threads[] = {1, 2, 7};
            mlsd_table *cut;
            ASSERT_OK(parse_cut(text, size, chunk, n_threads[chunk % 3], &cut));
            assert_same_table(whole, cut);
            mlsd_table_free(cut);
        }
        mlsd_table_free(whole);
        free(text);
    }
}

/* Any bytes at all: the same table or the same message however they are cut. */
static void test_csv_read__cuts_anywhere_give_the_same_fault(void **state)
{
    (void)state;
    static const char alphabet[] = "aa11,,\"\n\n\r .\xc3\xa9";
    int n_ok = 0;
    for (int round = 0; round < 1000; round++) {
        char text[160], message[512];
        const size_t size = 4 + draw() % 100;
        memcpy(text, "h,i\n", 4);
        for (size_t i = 4; i < size; i++) text[i] = alphabet[draw() % 14];
        if (round % 2 == 0) /* mostly well formed, quotes in odd places */
            for (size_t i = 6; i < size; i += 4) memcpy(text + i - 2, "a,1\n", 4);
        if (round % 4 == 0) text[4 + draw() % (size - 3)] = '"';
        mlsd_table *whole, *cut;
        const mlsd_status wanted = parse_cut(text, size, INT64_C(1) << 20, 1, &whole);
        n_ok += wanted == MLSD_OK;
        snprintf(message, sizeof message, "%s", mlsd_last_error());
        for (int64_t chunk = 1; chunk < 40; chunk += 1 + chunk / 3) {
            const mlsd_status status = parse_cut(text, size, chunk, round % 16 == 0 ? 2 : 1, &cut);
            assert_int_equal(status, wanted);
            if (wanted == MLSD_OK)
                assert_same_table(whole, cut);
            else
                assert_string_equal(mlsd_last_error(), message);
            mlsd_table_free(cut);
        }
        mlsd_table_free(whole);
    }
    assert_true(n_ok > 80);
}

/* --- guests ------------------------------------------------------------------------------------
 */

static const char sample[] = "a,a,c,d\n1,x,2.5,1e400\n2,\"y \"\"\",,1\n3,z,4,2\n";

static void test_csv_read__every_failed_allocation_is_handled(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1 + k % 2);
        if (context == NULL) continue;
        mlsd_table *t;
        const mlsd_status status = mlsd_table_parse_csv(context, sample, strlen(sample), NULL, &t);
        mlsd_table_free(t);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (f.failed == 0) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
}

static int stop_at_once(const mlsd_event *event, void *user)
{
    ++*(int *)user;
    assert_string_equal(mlsd_event_stage(event), "read csv");
    return 1;
}

static void hear(mlsd_log_level level, const char *line, void *user)
{
    (void)level;
    snprintf(user, 200, "%s", line);
}

static void test_csv_read__can_be_stopped_and_speaks_to_the_log(void **state)
{
    (void)state;
    enum { N = 4000000 };
    int calls = 0;
    char heard[200] = "";
    char *const text = grab(N + 8);
    strcpy(text, "a,a\n");
    for (int i = 4; i < N; i += 4) memcpy(text + i, "1,x\n", 5);
    mlsd_context *context;
    mlsd_table *t;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", 2));
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_WARNING, hear, heard, NULL));
    ASSERT_OK(mlsd_table_parse_csv(context, text, N, NULL, &t));
    assert_string_equal(heard, "the text: column 2 repeats the name 'a' and is called 'a_2'");
    mlsd_table_free(t);

    /* Long enough for the twentieth of a second between two calls: read until it comes. */
    ASSERT_OK(mlsd_context_set_progress(context, stop_at_once, &calls, NULL));
    mlsd_status status = MLSD_OK;
    for (int i = 0; i < 1000 && status == MLSD_OK; i++) {
        status = mlsd_table_parse_csv(context, text, N, NULL, &t);
        if (status == MLSD_OK) mlsd_table_free(t);
    }
    if (calls > 0) {
        assert_int_equal(status, MLSD_E_CANCELLED);
        assert_null(t);
    }
    ASSERT_OK(mlsd_context_set_progress(context, NULL, NULL, NULL));
    mlsd_context_cancel(context);
    ASSERT_FAILS(MLSD_E_CANCELLED, "", mlsd_table_parse_csv(context, text, N, NULL, &t));
    mlsd_context_free(context);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_read__numbers_are_the_nearest_double),
        cmocka_unit_test(test_csv_read__what_is_not_a_number),
        cmocka_unit_test(test_csv_read__numbers_in_files_are_the_nearest_double),
        cmocka_unit_test(test_csv_read__types_are_those_of_the_whole_file),
        cmocka_unit_test(test_csv_read__late_surprises_change_the_whole_column),
        cmocka_unit_test(test_csv_read__missing_markers),
        cmocka_unit_test(test_csv_read__quotes_newlines_and_ends),
        cmocka_unit_test(test_csv_read__headers_become_distinct),
        cmocka_unit_test(test_csv_read__options),
        cmocka_unit_test(test_csv_read__says_what_is_wrong),
        cmocka_unit_test(test_csv_read__files),
        cmocka_unit_test(test_csv_read__a_hundred_thousand_categories),
        cmocka_unit_test(test_csv_read__a_very_long_field),
        cmocka_unit_test(test_csv_read__cuts_anywhere_give_the_same_table),
        cmocka_unit_test(test_csv_read__cuts_anywhere_give_the_same_fault),
        cmocka_unit_test(test_csv_read__every_failed_allocation_is_handled),
        cmocka_unit_test(test_csv_read__can_be_stopped_and_speaks_to_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
