/* Drawing: escaped text, numbers for people, positions by hand, labels that do not lie on each
 * other. That the pictures are well-formed XML is judged by an independent parser in
 * tests/cli/test_report.py. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "failing_allocator.h"
#include "report/svg.h"

static char *take(mlsd__text *t)
{
    assert_int_equal(t->status, MLSD_OK);
    return t->data;
}

static void check_text(const char *text, const char *wanted)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__text_append(&t, "");
    mlsd__html_text(&t, text);
    assert_string_equal(take(&t), wanted);
    mlsd__text_free(&t);
}

static void test_svg__escapes_text(void **state)
{
    (void)state;
    check_text("plain", "plain");
    check_text("<script>\"a\" & 'b'</script>",
               "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
    check_text("&amp;", "&amp;amp;");
    check_text("h\xc3\xa9\n\t", "h\xc3\xa9\n\t");
    check_text("a\x1b[31m\x01", "a\xef\xbf\xbd[31m\xef\xbf\xbd");
    check_text("\xff<\xc3", "\xef\xbf\xbd&lt;\xef\xbf\xbd");
}

static void check_number(void (*write)(mlsd__text *, double), double value, const char *wanted)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    write(&t, value);
    assert_string_equal(take(&t), wanted);
    mlsd__text_free(&t);
}

static void test_svg__writes_numbers_for_people(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *wanted;
    } rows[] = {
        {0, "0"},
        {1, "1"},
        {0.25, "0.2500"},
        {-0.25, "\xe2\x88\x92"
                "0.2500"},
        {12.3456, "12.35"},
        {123.456, "123.5"},
        {1234.5, "1,234"},
        {1234567, "1,234,567"},
        {-1234567, "\xe2\x88\x92"
                   "1,234,567"},
        {1.23456e-7, "1.23e-7"},
        {9.999e-9, "1.00e-8"},
        {1e300, "1.00e300"},
        {NAN, "\xe2\x80\x93"},
        {INFINITY, "\xe2\x88\x9e"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_number(mlsd__html_number, rows[i].value, rows[i].wanted);
    check_number(mlsd__html_time, 4e-5, "&lt; 0.001");
    check_number(mlsd__html_time, 0.0123, "0.012");
    check_number(mlsd__html_time, 61, "61");
}

/* The number after `name="` of the k-th element that begins with `element`. */
static double attribute(const char *text, const char *element, int k, const char *name)
{
    for (int i = 0; i <= k; i++) {
        text = strstr(text, element);
        if (text == NULL) fail_msg("no '%s' of number %d", element, k);
        if (i < k) text++;
    }
    const char *at = strstr(text, name);
    if (at == NULL) fail_msg("no '%s' in '%s'", name, element);
    return strtod(at + strlen(name), NULL);
}

/* Values 1 and 3 span the axis, widened by a twentieth on both sides: 2 is its middle. */
static void test_svg__places_intervals(void **state)
{
    (void)state;
    const double folds[] = {1.5, NAN};
    const mlsd__svg_row rows[] = {
        {.label = "a <b>", .value = 2, .low = 1, .high = 3, .points = folds, .n_points = 2},
        {.label = "undefined", .note = "n = 0", .value = NAN, .low = NAN, .high = NAN}};
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__svg_intervals(&t, "scores", "rmse", rows, 2, NAN, "");
    const char *text = take(&t);
    const double low = attribute(text, "<line class=\"whisker\"", 0, "x1=\"");
    const double high = attribute(text, "<line class=\"whisker\"", 0, "x2=\"");
    const double middle = attribute(text, "<circle class=\"value\"", 0, "cx=\"");
    const double fold = attribute(text, "<circle class=\"fold\"", 0, "cx=\"");
    ASSERT_NEAR(middle, 0.5 * (low + high), 0.11);
    ASSERT_NEAR(fold, low + 0.25 * (high - low), 0.11);
    assert_null(strstr(strstr(text, "<circle class=\"value\"") + 1, "<circle"));
    assert_non_null(strstr(text, "a &lt;b&gt;"));
    assert_non_null(strstr(text, "n = 0"));
    assert_null(strstr(text, "nan"));
    mlsd__text_free(&t);
}

static void test_svg__survives_ranges_without_extent(void **state)
{
    (void)state;
    const double values[] = {0, 7, -7, 1e300, 5e-324, NAN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const mlsd__svg_row row = {
            .label = "x", .value = values[i], .low = values[i], .high = values[i]};
        mlsd__text t;
        mlsd__text_init(&t, &mlsd__libc_allocator);
        mlsd__svg_intervals(&t, "d", "m", &row, 1, NAN, "");
        mlsd__svg_intervals(&t, "d", "m", &row, 0, NAN, "");
        mlsd__svg_lines(&t, "d", "x", "y", (const double[]){0}, 1,
                        &(mlsd__svg_line){"l", "train", &values[i], &values[i], &values[i]}, 1, NAN,
                        "");
        assert_null(strstr(take(&t), "=\"nan"));
        assert_null(strstr(t.data, "inf"));
        mlsd__text_free(&t);
    }
}

static void test_svg__shortens_long_labels_between_characters(void **state)
{
    (void)state;
    char label[126] = "";
    for (int i = 0; i < 60; i++) strcat(label, "\xc3\xa4");
    strcat(label, "end");
    const mlsd__svg_row row = {.label = label, .value = 1, .low = 0, .high = 2};
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__svg_intervals(&t, "d", "m", &row, 1, NAN, "");
    const char *text = take(&t);
    assert_non_null(strstr(text, label)); /* whole in the title */
    assert_non_null(strstr(text, "\xc3\xa4\xe2\x80\xa6\xc3\xa4"));
    assert_non_null(strstr(text, "\xc3\xa4\x65nd</text>")); /* names differ at their ends */
    assert_null(strstr(text, "\xef\xbf\xbd"));
    mlsd__text_free(&t);
}

static void test_svg__keeps_end_labels_apart(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2}, a[] = {3, 2, 1}, b[] = {3, 2, 1.001}, c[] = {NAN, NAN, NAN};
    const mlsd__svg_line lines[] = {
        {"one", "train", a, c, c}, {"two", "valid", b, a, b}, {"three", "x", c, NULL, NULL}};
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__svg_lines(&t, "d", "epoch", "loss", x, 3, lines, 3, 2, "best");
    const char *text = take(&t);
    const double first = attribute(text, "<text class=\"end\"", 0, " y=\"");
    const double second = attribute(text, "<text class=\"end\"", 1, " y=\"");
    assert_true(fabs(first - second) >= 14);
    assert_null(strstr(text, "three"));
    assert_null(strstr(text, "nan"));
    mlsd__text_free(&t);
}

/* Points of one score have labels that do not lie on each other, and stay in the picture. */
static void test_svg__front_keeps_labels_apart(void **state)
{
    (void)state;
    enum { POINTS = 12 };
    mlsd__svg_point points[POINTS];
    char names[POINTS][8];
    for (int i = 0; i < POINTS; i++) {
        (void)snprintf(names[i], sizeof names[i], "m%d", i);
        points[i] = (mlsd__svg_point){.label = names[i],
                                      .x = 0.01 * (i + 1),
                                      .value = 0.5,
                                      .low = 0.4,
                                      .high = 0.6,
                                      .size = i};
    }
    points[3].value = NAN; /* a model that failed */
    points[4].x = NAN;
    points[5].low = points[5].high = NAN;
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__svg_front(&t, "d", "us", "rmse", points, POINTS);
    const char *text = take(&t);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "m3<"));
    assert_null(strstr(text, "m4<"));
    double at[POINTS - 2];
    for (int i = 0; i < POINTS - 2; i++) {
        at[i] = attribute(text, "<text class=\"name-right\"", i, " y=\"");
        assert_true(at[i] > 0 && at[i] < 300);
        for (int k = 0; k < i; k++) assert_true(fabs(at[i] - at[k]) >= 14);
    }
    /* Areas as the sizes: radii beyond the smallest go by the root. */
    const double small = attribute(text, "<circle class=\"size\"", 1, " r=\"") - 3;
    const double large = attribute(text, "<circle class=\"size\"", POINTS - 3, " r=\"") - 3;
    ASSERT_NEAR(large, 17, 0.06);
    ASSERT_NEAR(small / large, sqrt(1.0 / 11), 0.01);
    mlsd__text_free(&t);

    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__svg_front(&t, "d", "us", "rmse", points + 3, 2); /* nothing to draw */
    assert_int_equal(t.length, 0);
    mlsd__svg_front(&t, "d", "us", "rmse", points, 1); /* one point alone */
    assert_null(strstr(take(&t), "inf"));
    mlsd__text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_svg__escapes_text),
        cmocka_unit_test(test_svg__writes_numbers_for_people),
        cmocka_unit_test(test_svg__places_intervals),
        cmocka_unit_test(test_svg__survives_ranges_without_extent),
        cmocka_unit_test(test_svg__shortens_long_labels_between_characters),
        cmocka_unit_test(test_svg__keeps_end_labels_apart),
        cmocka_unit_test(test_svg__front_keeps_labels_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
