/* test_folds_drawing.c - pictures of folds, held against what a person would draw by hand, and
 * their shape: lines fit, markup closes, foreign names are escaped. */
#include "fold_samples.h"

#include "mlsd/report.h"
#include "table_data.h"

enum { CAPACITY = 1 << 18 };
static char drawn[CAPACITY];

static const char *draw_text(const mlsd_folds *folds, const mlsd_dataset *data, int32_t width,
                             int32_t ascii)
{
    ASSERT_OK(mlsd_folds_draw_text(NULL, folds, data, width, ascii, drawn, CAPACITY, NULL));
    return drawn;
}

static const char *draw_svg(const mlsd_folds *folds, const mlsd_dataset *data)
{
    int64_t length = 0;
    ASSERT_OK(mlsd_folds_svg(NULL, folds, data, NULL, 0, &length));
    ASSERT_OK(mlsd_folds_svg(NULL, folds, data, drawn, CAPACITY, NULL));
    assert_int_equal(strlen(drawn), length);
    return drawn;
}

static void test_folds_drawing__small_folds_are_drawn_row_by_row(void **state)
{
    (void)state;
    mlsd_folds *const parts = make_sample(6), *const three = make_sample(9);
    assert_string_equal(draw_text(parts, NULL, 80, 1), "         row 0     11\n"
                                                       "split 0  ...###        3 / 3\n"
                                                       "split 1  ......###     6 / 3\n"
                                                       "split 2  .........###  9 / 3\n"
                                                       "         . trained on  # tested  "
                                                       ":+% some tested\n");
    (void)draw_text(three, NULL, 80, 0);
    assert_non_null(strstr(drawn, "  6 / 3 / 3\n"));
    assert_non_null(strstr(drawn, "\xe2\x96\x92 validation"));
    mlsd_folds_free(three);
    mlsd_folds_free(parts);
}

static void test_folds_drawing__classes_and_groups_have_strips(void **state)
{
    (void)state;
    mlsd_table *const t = new_table();
    put_numbers(t, "x", sample_y, SAMPLE_ROWS);
    put_letters(t, "y", "babbaabaabab");
    put_letters(t, "g", "uuvvvwwzz.zu");
    const char *columns[] = {"y", "g"}, *roles[] = {"target", "group"};
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, columns, roles, 2, MLSD_TASK_BINARY, &data));
    mlsd_folds *const folds = make_sample(5);
    (void)draw_text(folds, data, 80, 1);
    assert_non_null(strstr(drawn, "class    101100100101  2 classes\n"));
    assert_non_null(strstr(drawn, "group    001112233 30  4 groups\n"));
    assert_non_null(strstr(drawn, "         0 a  1 b\n"));
    (void)draw_svg(folds, data);
    assert_non_null(strstr(drawn, ">2 classes<"));
    assert_non_null(strstr(drawn, "class=\"k3\""));
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    mlsd_table_free(t);
}

/* Characters of the longest line. */
static int widest(const char *text)
{
    int most = 0, n = 0;
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            n = 0;
        else
            n += ((unsigned char)*text & 0xc0) != 0x80;
        most = n > most ? n : most;
    }
    return most;
}

static void test_folds_drawing__lines_fit(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "{\"kind\":\"kfold\",\"n_splits\":30,\"shuffle\":true}",
        "{\"kind\":\"time_series_split\",\"n_splits\":9}",
        "{\"kind\":\"holdout\",\"parts\":[0.25,0.25,0.25,0.125,0.125]}",
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        mlsd_folds *folds = NULL;
        ASSERT_OK(split_json(NULL, specs[i], 123457, NULL, &folds));
        for (int32_t width = 80; width <= 160; width += 40) {
            assert_true(widest(draw_text(folds, NULL, width, 0)) <= width);
            assert_true(widest(draw_text(folds, NULL, width, 1)) <= width);
        }
        assert_int_equal(strstr(drawn, "the first 20 of 30 splits") != NULL, i == 0);
        mlsd_folds_free(folds);
    }
}

/* A block that is wholly tested, one that is not, and one with a tenth of its rows tested. */
static void test_folds_drawing__a_bin_shows_its_share(void **state)
{
    (void)state;
    enum { N = 30000 };
    static int64_t rows[N];
    const int64_t offsets[] = {0, 19000, N};
    int64_t n_train = 0, n_test = 19000;
    for (int64_t i = 0; i < N; i++) {
        const int is_tested = i < 10000 || (i >= 20000 && i % 10 == 0);
        rows[is_tested ? n_test++ : n_train++] = i;
    }
    mlsd_folds *folds = NULL;
    ASSERT_OK(mlsd_folds_from_rows(NULL, N, 1, 2, offsets, rows, &folds));
    (void)draw_text(folds, NULL, 80, 0);
    assert_non_null(strstr(drawn, "split 0  \xe2\x96\x88\xe2\x96\x88"));
    assert_non_null(strstr(drawn, "\xc2\xb7\xc2\xb7\xc2\xb7\xc2\xb7"));
    assert_non_null(strstr(drawn, "\xe2\x96\x81\xe2\x96\x81  19000 / 11000\n"));
    mlsd_folds_free(folds);
}

static void test_folds_drawing__names_are_escaped(void **state)
{
    (void)state;
    static const char *const labels[SAMPLE_ROWS] = {
        "</svg><b>", "a\"&", "</svg><b>", "a\"&", "a\"&", "a\"&",
        "a\"&",      "a\"&", "a\"&",      "a\"&", "a\"&", "\x1b[31mred"};
    mlsd_table *const t = new_table();
    put_numbers(t, "x", sample_y, SAMPLE_ROWS);
    ASSERT_OK(mlsd_table_set_str(t, "y", labels, SAMPLE_ROWS));
    mlsd_dataset *const data = dataset_of_table(t, "y", NULL, MLSD_TASK_MULTICLASS);
    mlsd_folds *const folds = make_sample(0);
    (void)draw_svg(folds, data);
    assert_null(strstr(drawn, "<b>"));
    assert_non_null(strstr(drawn, "&lt;/svg&gt;&lt;b&gt;"));
    assert_null(strchr(drawn, 0x1b));
    (void)draw_text(folds, data, 80, 1);
    assert_null(strchr(drawn, 0x1b));
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static void test_folds_drawing__every_form_can_be_drawn(void **state)
{
    (void)state;
    for (int i = 0; i < N_FOLD_SAMPLES; i++) {
        mlsd_folds *const folds = make_sample(i);
        assert_int_equal(strncmp(draw_svg(folds, NULL), "<svg class=\"folds\" ", 19), 0);
        assert_non_null(strstr(drawn, "</svg>\n"));
        (void)draw_text(folds, NULL, 40, 0);
        mlsd_folds_free(folds);
    }
}

static void test_folds_drawing__arguments_are_checked(void **state)
{
    (void)state;
    mlsd_folds *const folds = make_sample(0);
    mlsd_folds *other = NULL;
    mlsd_table *const t = new_table();
    put_numbers(t, "x", sample_y, SAMPLE_ROWS);
    mlsd_dataset *const data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    ASSERT_OK(split_json(NULL, "{\"kind\":\"kfold\"}", 11, NULL, &other));
    int64_t length = 0;
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_svg(NULL, NULL, NULL, NULL, 0, &length));
    ASSERT_FAILS(MLSD_E_SHAPE, "11 rows", mlsd_folds_svg(NULL, other, data, NULL, 0, &length));
    ASSERT_FAILS(MLSD_E_BUFFER, "", mlsd_folds_svg(NULL, folds, NULL, drawn, 10, &length));
    ASSERT_FAILS(MLSD_E_ARG, "[40, 1000], got 39",
                 mlsd_folds_draw_text(NULL, folds, NULL, 39, 0, NULL, 0, &length));
    ASSERT_FAILS(MLSD_E_ARG, "'ascii' must be 0 or 1, got 2",
                 mlsd_folds_draw_text(NULL, folds, NULL, 80, 2, NULL, 0, &length));
    mlsd_folds_free(other);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds_drawing__small_folds_are_drawn_row_by_row),
        cmocka_unit_test(test_folds_drawing__classes_and_groups_have_strips),
        cmocka_unit_test(test_folds_drawing__lines_fit),
        cmocka_unit_test(test_folds_drawing__a_bin_shows_its_share),
        cmocka_unit_test(test_folds_drawing__names_are_escaped),
        cmocka_unit_test(test_folds_drawing__every_form_can_be_drawn),
        cmocka_unit_test(test_folds_drawing__arguments_are_checked),
    };
    return cmocka_run_group_tests_name("folds_drawing", tests, NULL, NULL);
}
