/* Pictures of comparisons: which models stand under one bar, by brute force over what the table of
 * pairs says, and that every line fits and every name is escaped. */
#include "unit.h"

#include <stdbool.h>

#include "mlsd/mlsd.h"
#include "base/random.h"

enum { CAPACITY = 1 << 16 };
static char picture[CAPACITY];

static mlsd_result *compare(const char *test, const double *scores, int64_t rows, int64_t cols)
{
    mlsd_spec *spec;
    mlsd_result *r;
    ASSERT_OK(mlsd_spec_from_json(NULL, test, &spec));
    const mlsd_matrix x = {scores, rows, cols, cols, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_compare(NULL, spec, &x, NULL, &r));
    mlsd_spec_free(spec);
    return r;
}

/* The letters at the end of a model's line. */
static const char *letters_of(const char *name, char out[32])
{
    const char *line = picture;
    while (strncmp(line, name, strlen(name)) != 0 || line[strlen(name)] != ' ') {
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
    }
    const char *const end = strchr(line, '\n'), *at = end;
    while (at[-1] != ' ') at--;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return out;
}

static void test_comparison_drawing__letters_are_the_pairs(void **state)
{
    (void)state;
    enum { ROWS = 25, MODELS = 8 };
    static const char *const names[MODELS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (uint64_t seed = 0; seed < 8; seed++) {
        double scores[ROWS * MODELS];
        mlsd__stream stream;
        mlsd__stream_init(&stream, seed, 0, 0, 0, 1);
        for (int i = 0; i < ROWS * MODELS; i++)
            scores[i] = mlsd__stream_normal(&stream) + 0.4 * (double)((i * 5) % MODELS);
        mlsd_result *r = compare("{\"kind\":\"friedman\"}", scores, ROWS, MODELS);
        ASSERT_OK(mlsd_comparison_draw_text(NULL, r, 80, 1, picture, CAPACITY, NULL));
        const mlsd_table *const pairs = mlsd_result_get_table(r, "pairs");
        int64_t better;
        ASSERT_OK(mlsd_table_find(pairs, "better", &better));
        int64_t row = 0, n_together = 0;
        for (int i = 0; i < MODELS; i++) {
            for (int j = i + 1; j < MODELS; j++, row++) {
                char u[32], v[32];
                const bool together = *mlsd_table_get_str(pairs, better, row) == '\0';
                n_together += together;
                const char *const shared =
                    strpbrk(letters_of(names[i], u), letters_of(names[j], v));
                if ((shared != NULL) != together)
                    fail_msg("%s (%s) and %s (%s)\n%s", names[i], u, names[j], v, picture);
            }
        }
        assert_in_range(n_together, 1, MODELS * (MODELS - 1) / 2 - 1);
        mlsd_result_free(r);
    }
}

static void test_comparison_drawing__lines_fit(void **state)
{
    (void)state;
    static const double scores[] = {1, 2, 3, 2, 3, 5, 0, 4, 5, 1, 2, 2.5};
    static const char *const tests[] = {
        "{\"kind\":\"friedman\",\"names\":[\"a name with far more characters than fit\",\"b\","
        "\"<&>\\u0001\"]}",
        "{\"kind\":\"wilcoxon\",\"names\":[\"a name with far more characters than fit\",\"b\","
        "\"<&>\\u0001\"]}",
        "{\"kind\":\"friedman\",\"control\":1}",
        "{\"kind\":\"corrected_t\",\"test_train\":0.1,\"control\":0}",
    };
    for (int k = 0; k < 4; k++) {
        mlsd_result *r = compare(tests[k], scores, 4, 3);
        for (int32_t width = 40; width <= 120; width += 20) {
            ASSERT_OK(mlsd_comparison_draw_text(NULL, r, width, 1, picture, CAPACITY, NULL));
            int n_lines = 0;
            for (const char *line = picture; *line != '\0'; n_lines++) {
                const size_t n = strcspn(line, "\n");
                if (n > (size_t)width) fail_msg("%d: %.*s", (int)width, (int)n, line);
                for (size_t i = 0; i < n; i++) assert_true(line[i] >= 0x20);
                assert_true(n == 0 || line[n - 1] != ' ');
                line += n + 1;
            }
            assert_true(n_lines >= 3); /* two pairs or three models, and what they stand on */
        }
        ASSERT_OK(mlsd_comparison_svg(NULL, r, picture, CAPACITY, NULL));
        assert_non_null(strstr(picture, "<svg class=\"compare\""));
        assert_null(strstr(picture, "<&>"));
        assert_null(strstr(picture, "nan"));
        if (k < 2) assert_non_null(strstr(picture, "&lt;&amp;&gt;\xef\xbf\xbd"));
        mlsd_result_free(r);
    }
}

/* An interval that is not defined is not drawn. */
static void test_comparison_drawing__undefined(void **state)
{
    (void)state;
    static const double alike[] = {1, 1, 2, 2, 3, 3};
    mlsd_result *r = compare("{\"kind\":\"corrected_t\",\"test_train\":0.1}", alike, 3, 2);
    ASSERT_OK(mlsd_comparison_svg(NULL, r, picture, CAPACITY, NULL));
    assert_null(strstr(picture, "nan"));
    ASSERT_OK(mlsd_comparison_draw_text(NULL, r, 80, 0, picture, CAPACITY, NULL));
    assert_non_null(strstr(picture, "b - a    \xe2\x97\x8f\n")); /* no interval beside it */
    mlsd_result_free(r);
    r = compare("{\"kind\":\"friedman\"}", alike, 3, 2); /* no critical difference */
    ASSERT_OK(mlsd_comparison_svg(NULL, r, picture, CAPACITY, NULL));
    assert_null(strstr(picture, "nan"));
    mlsd_result_free(r);
}

static void test_comparison_drawing__bad_input(void **state)
{
    (void)state;
    static const double scores[] = {1, 2, 3, 5, 0, 4};
    mlsd_result *r = compare("{\"kind\":\"wilcoxon\"}", scores, 3, 2);
    int64_t length = -1;
    ASSERT_FAILS(MLSD_E_ARG, "the width must be in [40, 1000], got 39",
                 mlsd_comparison_draw_text(NULL, r, 39, 0, picture, CAPACITY, &length));
    assert_int_equal(length, 0);
    ASSERT_FAILS(MLSD_E_ARG, "'ascii' must be 0 or 1",
                 mlsd_comparison_draw_text(NULL, r, 80, 2, picture, CAPACITY, NULL));
    ASSERT_FAILS(MLSD_E_BUFFER, "", mlsd_comparison_svg(NULL, r, picture, 10, &length));
    assert_true(length > 500);
    ASSERT_FAILS(MLSD_E_ARG, "the result is NULL",
                 mlsd_comparison_svg(NULL, NULL, picture, CAPACITY, NULL));
    mlsd_result_free(r);
    mlsd_table *table;
    mlsd_result *slices;
    static const double y[] = {1, 2, 3, 4}, p[] = {1, 2, 3, 5};
    static const char *const metric = "rmse";
    mlsd_spec *by_group = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "g", y, 4));
    const mlsd_matrix truth = {y, 4, 1, 1, 1, MLSD_F64, 0}, guess = {p, 4, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_spec_new(NULL, "slice_metrics", &by_group));
    ASSERT_OK(mlsd_spec_set_str_list(by_group, "metrics", &metric, 1));
    ASSERT_OK(mlsd_slice_run(NULL, by_group, table, &truth, &guess, NULL, &slices));
    mlsd_spec_free(by_group);
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "only those of mlsd_compare are drawn",
                 mlsd_comparison_svg(NULL, slices, picture, CAPACITY, NULL));
    mlsd_result_free(slices);
    mlsd_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comparison_drawing__letters_are_the_pairs),
        cmocka_unit_test(test_comparison_drawing__lines_fit),
        cmocka_unit_test(test_comparison_drawing__undefined),
        cmocka_unit_test(test_comparison_drawing__bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
