/* test_arrow_column.c - Arrow columns of every format become columns of a table with the same
 * values, and what is malformed is refused and left to the caller. The arrays are laid out by hand
 * from the Arrow columnar format ("Physical memory layout") and the C data interface, which are the
 * witness. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "arrow_batch.h"

static void expect_refused(batch *b, mlsd_status status, const char *message)
{
    mlsd_table *t = (mlsd_table *)1;
    ASSERT_FAILS(status, message, mlsd_table_import_arrow(NULL, &b->array, &b->schema, &t));
    assert_null(t);
    assert_non_null(b->array.release);
    assert_non_null(b->schema.release);
    assert_int_equal(b->n_array_released, 0);
    assert_int_equal(b->n_schema_released, 0);
}

static void test_arrow_column__numbers_of_every_width(void **state)
{
    (void)state;
    static const int8_t i8[] = {0, -128, 127, 5, 9};
    static const uint8_t u8[] = {0, 255, 1, 5, 9};
    static const int16_t i16[] = {0, -32768, 32767, 5, 9};
    static const uint16_t u16[] = {0, 65535, 1, 5, 9};
    static const int32_t i32[] = {0, INT32_MIN, INT32_MAX, 5, 9};
    static const uint32_t u32[] = {0, UINT32_MAX, 1, 5, 9};
    static const int64_t i64[] = {0, INT64_MIN, INT64_MAX, 5, 9};
    static const uint64_t u64[] = {0, INT64_MAX, 1, 5, 9};
    static const uint64_t big[] = {0, UINT64_MAX, 1, 5, 9};
    static const float f32[] = {0, 0.5F, -1e30F, 5, 9};
    static const double f64[] = {0, 0.1, 1e300, 5, 9};
    /* 1.5, -2, 2^-24, infinity: IEEE 754 binary16. */
    static const uint16_t f16[] = {0, 0x3e00, 0xc000, 0x0001, 0x7c00};
    static const uint8_t bits[] = {0x0a};
    static const struct {
        const char *format;
        const void *values;
        mlsd_column_type type;
        double wanted[4]; /* rows 1 .. 4 of the buffer */
    } cases[] = {
        {"c", i8, MLSD_COLUMN_I64, {-128, 127, 5, 9}},
        {"C", u8, MLSD_COLUMN_I64, {255, 1, 5, 9}},
        {"s", i16, MLSD_COLUMN_I64, {-32768, 32767, 5, 9}},
        {"S", u16, MLSD_COLUMN_I64, {65535, 1, 5, 9}},
        {"i", i32, MLSD_COLUMN_I64, {INT32_MIN, INT32_MAX, 5, 9}},
        {"I", u32, MLSD_COLUMN_I64, {UINT32_MAX, 1, 5, 9}},
        {"l", i64, MLSD_COLUMN_I64, {(double)INT64_MIN, (double)INT64_MAX, 5, 9}},
        {"L", u64, MLSD_COLUMN_I64, {(double)INT64_MAX, 1, 5, 9}},
        {"L", big, MLSD_COLUMN_F64, {18446744073709551615.0, 1, 5, 9}},
        {"e", f16, MLSD_COLUMN_F64, {1.5, -2, 0x1p-24, INFINITY}},
        {"f", f32, MLSD_COLUMN_F64, {0.5, -1e30F, 5, 9}},
        {"g", f64, MLSD_COLUMN_F64, {0.1, 1e300, 5, 9}},
        {"b", bits, MLSD_COLUMN_I64, {1, 0, 1, 0}},
        {"tdD", i32, MLSD_COLUMN_I64, {INT32_MIN, INT32_MAX, 5, 9}},
        {"tdm", i64, MLSD_COLUMN_I64, {(double)INT64_MIN, (double)INT64_MAX, 5, 9}},
        {"ttm", i32, MLSD_COLUMN_I64, {INT32_MIN, INT32_MAX, 5, 9}},
        {"ttn", i64, MLSD_COLUMN_I64, {(double)INT64_MIN, (double)INT64_MAX, 5, 9}},
        {"tsu:", i64, MLSD_COLUMN_I64, {(double)INT64_MIN, (double)INT64_MAX, 5, 9}},
        {"tsn:Europe/Berlin", i64, MLSD_COLUMN_I64, {(double)INT64_MIN, (double)INT64_MAX, 5, 9}},
        {"tDs", i64, MLSD_COLUMN_I64, {(double)INT64_MIN, (double)INT64_MAX, 5, 9}},
    };
    /* Valid: all but element 3, row 2 below. */
    static const uint8_t validity[] = {0x17};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (int nulls = 0; nulls < 2; nulls++) {
            /* One element is skipped by the column's offset, or by the batch's. */
            for (int64_t own = 0; own < 2; own++) {
                batch b;
                const void *buffers[] = {nulls ? validity : NULL, cases[k].values};
                begin(&b, 4);
                b.array.offset = 1 - own;
                add(&b, "x", cases[k].format, 2, buffers, nulls ? -1 : 0, own);
                mlsd_table *const t = import(&b);
                assert_int_equal(mlsd_table_n_rows(t), 4);
                assert_string_equal(mlsd_table_name(t, 0), "x");
                assert_int_equal(mlsd_table_type(t, 0), nulls ? MLSD_COLUMN_F64 : cases[k].type);
                double got[4];
                ASSERT_OK(mlsd_table_get_f64(t, 0, 0, 4, got));
                for (int i = 0; i < 4; i++) {
                    if (nulls && i == 2)
                        assert_true(isnan(got[i]));
                    else
                        assert_true(got[i] == cases[k].wanted[i]);
                }
                expect_released(&b, t);
            }
        }
    }
    /* Exact at the ends of int64. */
    batch b;
    const void *buffers[] = {NULL, i64};
    begin(&b, 3);
    add(&b, "x", "l", 2, buffers, 0, 0);
    mlsd_table *const t = import(&b);
    int64_t got[3];
    ASSERT_OK(mlsd_table_get_i64(t, 0, 0, 3, got));
    assert_memory_equal(got, i64, sizeof got);
    expect_released(&b, t);
}

/* Buffers that are not aligned are copied. */
static void test_arrow_column__misaligned_buffers(void **state)
{
    (void)state;
    static char bytes[8 * 4 + 1];
    const double x[] = {1, 2, 3, 4};
    memcpy(bytes + 1, x, sizeof x);
    const void *buffers[] = {NULL, bytes + 1};
    batch b;
    begin(&b, 4);
    add(&b, "x", "g", 2, buffers, 0, 0);
    mlsd_table *const t = import(&b);
    assert_int_equal(b.n_array_released, 1);
    double got[4];
    ASSERT_OK(mlsd_table_get_f64(t, 0, 0, 4, got));
    assert_memory_equal(got, x, sizeof x);
    expect_released(&b, t);
}

static const char *const five_texts[] = {"\xc3\xa4hm", "", NULL, "no", "\xc3\xa4hm"};
static const char text_bytes[] = "skip\xc3\xa4hmxxno\xc3\xa4hm";
static const int32_t offsets32[] = {0, 4, 8, 8, 10, 12, 16};
static const int64_t offsets64[] = {0, 4, 8, 8, 10, 12, 16};
static const uint8_t third_null[] = {0x37}; /* element 3: row 2 behind an offset of 1 */

static void test_arrow_column__texts_plain_and_large(void **state)
{
    (void)state;
    const void *small[] = {third_null, offsets32, text_bytes};
    const void *large[] = {third_null, offsets64, text_bytes};
    batch b;
    begin(&b, 5);
    add(&b, "u", "u", 3, small, 1, 1);
    add(&b, "U", "U", 3, large, -1, 1);
    mlsd_table *const t = import(&b);
    assert_int_equal(b.n_array_released, 1); /* nothing to keep */
    for (int j = 0; j < 2; j++) {
        expect_texts(t, j, five_texts, 5);
        /* Texts have no order of their own: levels ascend. */
        assert_int_equal(mlsd_table_level_count(t, j), 3);
        assert_string_equal(mlsd_table_level_at(t, j, 0), "");
        assert_string_equal(mlsd_table_level_at(t, j, 1), "no");
    }
    expect_released(&b, t);
}

static void set_view(unsigned char *view, const char *text, int32_t buffer, int32_t offset)
{
    const int32_t length = (int32_t)strlen(text);
    memset(view, 0, 16);
    memcpy(view, &length, 4);
    memcpy(view + 4, text, length > 12 ? 4 : (size_t)length);
    if (length <= 12) return;
    memcpy(view + 8, &buffer, 4);
    memcpy(view + 12, &offset, 4);
}

static void test_arrow_column__text_views(void **state)
{
    (void)state;
    static const char *const wanted[] = {"twelve bytes", "thirteen byte", "", NULL,
                                         "another that is long"};
    static const char first[] = "..thirteen byte", second[] = "another that is long";
    static const int64_t sizes[] = {15, 20};
    unsigned char views[5 * 16];
    set_view(views, wanted[0], 0, 0);
    set_view(views + 16, wanted[1], 0, 2);
    set_view(views + 32, wanted[2], 0, 0);
    set_view(views + 48, "", 0, 0);
    set_view(views + 64, wanted[4], 1, 0);
    static const uint8_t validity[] = {0x17};
    const void *buffers[] = {validity, views, first, second, sizes};
    batch b;
    begin(&b, 5);
    add(&b, "v", "vu", 5, buffers, 1, 0);
    mlsd_table *const t = import(&b);
    expect_texts(t, 0, wanted, 5);
    expect_released(&b, t);

    const int32_t beyond = 1;
    memcpy(views + 64 + 12, &beyond, 4);
    begin(&b, 5);
    add(&b, "v", "vu", 5, buffers, 1, 0);
    expect_refused(&b, MLSD_E_DATA, "'v' is malformed");
    const int32_t third = 2;
    memcpy(views + 64 + 8, &third, 4);
    expect_refused(&b, MLSD_E_DATA, "'v' is malformed");
}

static void test_arrow_column__dictionaries_of_every_index(void **state)
{
    (void)state;
    /* Entries 1 .. 5 of the texts: ähm, "", null, no, ähm again. */
    static const int8_t i8[] = {99, 3, 1, 0, 4, 2, 0};
    static const uint8_t u8[] = {99, 3, 1, 0, 4, 2, 0};
    static const int16_t i16[] = {99, 3, 1, 0, 4, 2, 0};
    static const uint16_t u16[] = {99, 3, 1, 0, 4, 2, 0};
    static const int32_t i32[] = {99, 3, 1, 0, 4, 2, 0};
    static const uint32_t u32[] = {99, 3, 1, 0, 4, 2, 0};
    static const int64_t i64[] = {99, 3, 1, 0, 4, 2, 0};
    static const uint64_t u64[] = {99, 3, 1, 0, 4, 2, 0};
    static const struct {
        const char *format;
        const void *indices;
    } cases[] = {{"c", i8},  {"C", u8},  {"s", i16}, {"S", u16},
                 {"i", i32}, {"I", u32}, {"l", i64}, {"L", u64}};
    static const char *const wanted[] = {"no",         NULL, "\xc3\xa4hm",
                                         "\xc3\xa4hm", NULL, "\xc3\xa4hm"};
    static const uint8_t validity[] = {0x7b}; /* element 2, row 1, is null; element 0 is skipped */
    const void *entries32[] = {third_null, offsets32, text_bytes};
    const void *entries64[] = {third_null, offsets64, text_bytes};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const void *buffers[] = {validity, cases[k].indices};
        batch b;
        begin(&b, 6);
        add(&b, "d", cases[k].format, 2, buffers, -1, 1);
        add_dictionary(&b, k % 2 ? "U" : "u", 5, k % 2 ? entries64 : entries32, -1, 1);
        mlsd_table *const t = import(&b);
        expect_texts(t, 0, wanted, 6);
        /* The dictionary's order is kept, with what is not used; repeats are one level. */
        assert_int_equal(mlsd_table_level_count(t, 0), 3);
        assert_string_equal(mlsd_table_level_at(t, 0, 0), "\xc3\xa4hm");
        assert_string_equal(mlsd_table_level_at(t, 0, 1), "");
        assert_string_equal(mlsd_table_level_at(t, 0, 2), "no");
        expect_released(&b, t);
        begin(&b, 6);
        add(&b, "d", cases[k].format, 2, buffers, -1, 0); /* 99 is not skipped now */
        add_dictionary(&b, "u", 5, entries32, -1, 1);
        expect_refused(&b, MLSD_E_DATA, "'d' is malformed: an index points outside");
    }
}

static void test_arrow_column__names_become_distinct(void **state)
{
    (void)state;
    const double x[] = {1, 2};
    const void *buffers[] = {NULL, x};
    static const char *const given[] = {"a", "", "a", NULL, "a_2", "a", "column_1"};
    static const char *const wanted[] = {"a",     "column_1", "a_2",       "column_3",
                                         "a_2_2", "a_3",      "column_1_2"};
    batch b;
    begin(&b, 2);
    for (int j = 0; j < 7; j++) add(&b, given[j], "g", 2, buffers, 0, 0);
    add(&b, "nothing", "n", 0, NULL, 2, 0);
    mlsd_table *const t = import(&b);
    for (int j = 0; j < 7; j++) assert_string_equal(mlsd_table_name(t, j), wanted[j]);
    double got[2];
    ASSERT_OK(mlsd_table_get_f64(t, 7, 0, 2, got));
    assert_true(isnan(got[0]) && isnan(got[1]));
    expect_released(&b, t);
}

static void test_arrow_column__refused_arrays_stay_the_callers(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3};
    const void *numbers[] = {NULL, x};
    const void *missing[] = {NULL, NULL};
    const int32_t falling[] = {0, 4, 2, 5};
    const void *texts[] = {NULL, falling, text_bytes};
    const int32_t whole[] = {0, 1, 2, 3};
    const void *bad_utf8[] = {NULL, whole,
                              "a\xff"
                              "b"};
    const void *with_nul[] = {NULL, whole, "a\0b"};
    batch b;

    begin(&b, 3);
    add(&b, "list", "+l", 2, numbers, 0, 0);
    expect_refused(&b, MLSD_E_TYPE, "'list' has the format '+l'");
    begin(&b, 3);
    add(&b, "ok", "g", 2, numbers, 0, 0);
    add(&b, "d", "d:10,2", 2, numbers, 0, 0);
    expect_refused(&b, MLSD_E_TYPE, "'d' has the format 'd:10,2'");
    begin(&b, 3);
    b.schema.format = "g";
    expect_refused(&b, MLSD_E_TYPE, "'g'");
    begin(&b, 3);
    add(&b, "x", "g", 3, numbers, 0, 0);
    expect_refused(&b, MLSD_E_DATA, "number of buffers");
    begin(&b, 3);
    add(&b, "x", "g", 2, missing, 0, 0);
    expect_refused(&b, MLSD_E_DATA, "a buffer is missing");
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 1, 0);
    expect_refused(&b, MLSD_E_DATA, "no validity bitmap");
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 0, 0)->length = 2;
    expect_refused(&b, MLSD_E_DATA, "shorter");
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 0, -1);
    expect_refused(&b, MLSD_E_DATA, "column 0");
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 0, INT64_MAX);
    expect_refused(&b, MLSD_E_DATA, "column 0");
    begin(&b, 3);
    add(&b, "t", "u", 3, texts, 0, 0);
    expect_refused(&b, MLSD_E_DATA, "'t' is malformed");
    begin(&b, 3);
    add(&b, "t", "u", 3, bad_utf8, 0, 0);
    expect_refused(&b, MLSD_E_DATA, "'t' is not UTF-8");
    begin(&b, 3);
    add(&b, "t", "u", 3, with_nul, 0, 0);
    expect_refused(&b, MLSD_E_DATA, "NUL");
    begin(&b, 3);
    add(&b, "\xff", "g", 2, numbers, 0, 0);
    expect_refused(&b, MLSD_E_DATA, "name of Arrow column 0");
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 0, 0);
    b.schema.n_children = 0;
    expect_refused(&b, MLSD_E_DATA, "has 1 columns, its schema 0");
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 0, 0);
    b.array.length = -1;
    expect_refused(&b, MLSD_E_DATA, "length -1");
    begin(&b, 3);
    add(&b, "x", "f", 2, numbers, 0, 0);
    add_dictionary(&b, "u", 3, texts, 0, 0);
    expect_refused(&b, MLSD_E_TYPE, "dictionary index 'f'");
    begin(&b, 3);
    add(&b, "x", "i", 2, numbers, 0, 0);
    add_dictionary(&b, "g", 3, texts, 0, 0);
    expect_refused(&b, MLSD_E_TYPE, "dictionary of format 'g'");
    const uint8_t some[] = {0x05};
    const void *rows_valid[] = {some};
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 0, 0);
    b.array.buffers = rows_valid;
    b.array.null_count = -1;
    expect_refused(&b, MLSD_E_DATA, "row 1");

    mlsd_table *t;
    begin(&b, 3);
    add(&b, "x", "g", 2, numbers, 0, 0);
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_import_arrow(NULL, NULL, &b.schema, &t));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_import_arrow(NULL, &b.array, NULL, &t));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_import_arrow(NULL, &b.array, &b.schema, NULL));
    b.array.release = NULL;
    ASSERT_FAILS(MLSD_E_ARG, "released", mlsd_table_import_arrow(NULL, &b.array, &b.schema, &t));
}

/* The same table for any number of threads, and 100,000 rows in more than one chunk. */
static void test_arrow_column__many_rows(void **state)
{
    (void)state;
    enum { ROWS = 100000 };
    int16_t *const small = malloc(ROWS * sizeof *small);
    uint8_t *const validity = calloc(ROWS / 8 + 1, 1);
    int32_t *const offsets = malloc((ROWS + 1) * sizeof *offsets);
    char *const bytes = malloc(ROWS * 3);
    offsets[0] = 0;
    for (int32_t i = 0; i < ROWS; i++) {
        small[i] = (int16_t)(i % 30000);
        if (i % 5 != 0) validity[i / 8] = (uint8_t)(validity[i / 8] | 1u << (i % 8));
        char text[8];
        offsets[i + 1] = offsets[i] + snprintf(text, sizeof text, "%d", i % 100);
        memcpy(bytes + offsets[i], text, (size_t)(offsets[i + 1] - offsets[i]));
    }
    const void *numbers[] = {validity, small}, *texts[] = {validity, offsets, bytes};
    for (int64_t n_threads = 1; n_threads <= 7; n_threads += 3) {
        mlsd_context *context;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
        batch b;
        begin(&b, ROWS);
        add(&b, "small", "s", 2, numbers, -1, 0);
        add(&b, "text", "u", 3, texts, ROWS / 5, 0);
        mlsd_table *t;
        ASSERT_OK(mlsd_table_import_arrow(context, &b.array, &b.schema, &t));
        mlsd_context_free(context);
        for (int64_t i = 0; i < ROWS; i += 7) {
            double x;
            ASSERT_OK(mlsd_table_get_f64(t, 0, i, 1, &x));
            const char *const text = mlsd_table_get_str(t, 1, i);
            assert_true(i % 5 == 0 ? isnan(x) && text == NULL
                                   : x == (double)(i % 30000) && atoi(text) == i % 100);
        }
        expect_released(&b, t);
    }
    free(bytes);
    free(offsets);
    free(validity);
    free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrow_column__numbers_of_every_width),
        cmocka_unit_test(test_arrow_column__misaligned_buffers),
        cmocka_unit_test(test_arrow_column__texts_plain_and_large),
        cmocka_unit_test(test_arrow_column__text_views),
        cmocka_unit_test(test_arrow_column__dictionaries_of_every_index),
        cmocka_unit_test(test_arrow_column__names_become_distinct),
        cmocka_unit_test(test_arrow_column__refused_arrays_stay_the_callers),
        cmocka_unit_test(test_arrow_column__many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
