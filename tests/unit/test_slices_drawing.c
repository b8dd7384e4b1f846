/* test_slices_drawing.c - the picture of slices: well-formed XML by a reader written here, a dot
 * and a whisker for each group that has a value, names that cannot break out, what cannot be judged
 * in grey, and never more than 60 rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "slice_checks.h"

enum { MOST = 20000, DEEPEST = 16 };

/* Groups of `sizes` rows; in the last of them nothing is of class 1. */
static mlsd_result *slice_names(const char *const *names, const int *sizes, int n_groups)
{
    static const char *group[MOST];
    static double y[MOST], p[MOST];
    int64_t n = 0;
    for (int g = 0; g < n_groups; g++) {
        for (int i = 0; i < sizes[g]; i++, n++) {
            group[n] = names[g];
            y[n] = g < n_groups - 1 && i % 2 == 0;
            p[n] = (i + g) % 3 == 0;
        }
    }
    mlsd_table *groups = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_str(groups, "<g>", group, n));
    ASSERT_OK(mlsd_spec_from_json(
        NULL,
        "{\"kind\":\"slice_metrics\",\"metrics\":[\"accuracy\",\"recall\"],\"permutations\":0}",
        &spec));
    const mlsd_matrix ym = vector(y, n), pm = vector(p, n);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, &ym, &pm, NULL, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return r;
}

static char *picture_of(const mlsd_result *r)
{
    int64_t n = 0;
    (void)mlsd_slices_svg(NULL, r, NULL, 0, &n);
    char *const text = malloc((size_t)n + 1);
    assert_non_null(text);
    ASSERT_OK(mlsd_slices_svg(NULL, r, text, n + 1, NULL));
    assert_int_equal(strlen(text), n);
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) n++;
    return n;
}

/* ---- a reader of the XML that pictures are made of: elements, attributes in double quotes, text,
 * five entities; whatever else is an error ---- */

static const char *skip_entity(const char *at)
{
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strncmp(at, known[i], strlen(known[i])) == 0) return at + strlen(known[i]);
    }
    fail_msg("an entity that XML does not know: %.20s", at);
    return NULL;
}

static int is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == ':';
}

/* Behind the tag that starts at '<'; its name, and whether it has an end of its own. */
static const char *read_tag(const char *at, char name[32], int *is_empty)
{
    int n = 0;
    for (at++; is_name(*at) && n < 31; at++) name[n++] = *at;
    name[n] = '\0';
    assert_true(n > 0);
    while (*at == ' ') {
        while (*at == ' ') at++;
        assert_true(is_name(*at));
        while (is_name(*at)) at++;
        assert_true(at[0] == '=' && at[1] == '"');
        for (at += 2; *at != '"';) {
            assert_true(*at != '<' && *at != '\0');
            at = *at == '&' ? skip_entity(at) : at + 1;
        }
        at++;
    }
    *is_empty = *at == '/';
    at += *is_empty;
    assert_int_equal(*at, '>');
    return at + 1;
}

static void assert_well_formed(const char *text)
{
    char open[DEEPEST][32], name[32];
    int depth = 0, is_empty = 0;
    for (const char *at = text; *at != '\0';) {
        const unsigned char byte = (unsigned char)*at;
        if (strncmp(at, "</", 2) == 0) {
            const size_t n = strcspn(at + 2, ">");
            assert_true(depth > 0);
            depth--;
            assert_true(strlen(open[depth]) == n && strncmp(open[depth], at + 2, n) == 0);
            at += n + 3;
        } else if (byte == '<') {
            at = read_tag(at, name, &is_empty);
            assert_true(is_empty || depth < DEEPEST);
            if (!is_empty) strcpy(open[depth++], name);
        } else {
            assert_true(byte >= 0x20 || byte == '\n' || byte == '\t');
            assert_true(depth > 0 || byte == '\n'); /* one root */
            at = byte == '&' ? skip_entity(at) : at + 1;
        }
    }
    assert_int_equal(depth, 0);
}

/* ---- pictures ---- */

static void test_slices_drawing__a_dot_for_each_group(void **state)
{
    (void)state;
    static const char *const names[] = {"women", "men", "few", "none"};
    static const int sizes[] = {60, 80, 6, 40};
    mlsd_result *const r = slice_names(names, sizes, 4);
    char *const picture = picture_of(r);
    assert_well_formed(picture);
    assert_int_equal(count(picture, "<svg "), 1);
    /* Accuracy of four groups, recall of three; few are grey, and none has no positives. */
    assert_int_equal(count(picture, "<circle"), 4 + 3);
    assert_int_equal(count(picture, "class=\"whisker\""), 4 + 3);
    assert_int_equal(count(picture, "class=\"row muted\""), 1 + 2);
    assert_int_equal(count(picture, "n = 6, low support<"), 2);
    assert_int_equal(count(picture, "n = 40, undefined<"), 1);
    assert_int_equal(count(picture, "class=\"row strong\""), 1); /* the worst of the first metric */
    assert_int_equal(count(picture, ">all rows<"), 2);
    assert_null(strstr(picture, "nan"));
    free(picture);
    mlsd_result_free(r);
}

static void test_slices_drawing__names_cannot_break_out(void **state)
{
    (void)state;
    static const char *const names[] = {
        "<script>alert(1)</script>",
        "\"/><svg onload=\"x\">",
        "]]>&amp;'",
        "a\x01\x1f\nb",
        "\xe6\x9d\xb1\xe4\xba\xac",
        "a name that is far too long for its place, of the kind red",
        "a name that is far too long for its place, of the kind blue"};
    static const int sizes[] = {40, 40, 40, 40, 40, 40, 40};
    mlsd_result *const r = slice_names(names, sizes, 7);
    char *const picture = picture_of(r);
    assert_well_formed(picture);
    assert_int_equal(count(picture, "<circle"), 7 + 6);
    assert_null(strstr(picture, "<script"));
    assert_null(strstr(picture, "<svg onload"));
    assert_non_null(strstr(picture, "&lt;g&gt; = \xe6\x9d\xb1\xe4\xba\xac</text>"));
    assert_non_null(strstr(picture, "]]&gt;&amp;amp;&#39;</text>"));
    /* Cut in the middle, so that one can be told from the other; whole in the title. */
    assert_int_equal(count(picture, "the kind red</text>"), 2);
    assert_int_equal(count(picture, "he kind blue</text>"), 2);
    assert_non_null(strstr(picture, "far too long for its place, of the kind red</title>"));
    free(picture);
    mlsd_result_free(r);
}

/* Within the values of another column: the group, then the value; nobody is in one of the cells. */
static void test_slices_drawing__control(void **state)
{
    (void)state;
    enum { N = 180 };
    const char *g[N], *h[N];
    double y[N], p[N];
    mlsd_table *groups = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < N; i++) {
        g[i] = i % 3 == 0 ? "red" : i % 3 == 1 ? "green" : "blue";
        h[i] = i % 2 == 0 || i % 3 == 0 ? "day" : "night";
        y[i] = i % 4 == 0;
        p[i] = i % 5 == 0;
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_str(groups, "g", g, N));
    ASSERT_OK(mlsd_table_set_str(groups, "h", h, N));
    ASSERT_OK(mlsd_spec_from_json(NULL,
                                  "{\"kind\":\"slice_metrics\",\"by\":[\"g\"],\"control\":[\"h\"],"
                                  "\"metrics\":[\"accuracy\"],\"permutations\":0}",
                                  &spec));
    const mlsd_matrix ym = vector(y, N), pm = vector(p, N);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, &ym, &pm, NULL, &r));
    char *const picture = picture_of(r);
    assert_well_formed(picture);
    assert_int_equal(count(picture, "<circle"), 5);
    assert_int_equal(count(picture, "class=\"name\""), 6);
    assert_int_equal(count(picture, ">g = red | night</text>"), 1);
    assert_int_equal(count(picture, "n = 0, undefined<"), 1);
    assert_int_equal(count(picture, "class=\"row strong\""), 1); /* not in every control value */
    free(picture);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

/* Of 90 groups the 60 worst that can be judged, in the table's order. */
static void test_slices_drawing__many_groups(void **state)
{
    (void)state;
    enum { N = 90 };
    static char text[N][16];
    static const char *names[N];
    static int sizes[N];
    for (int g = 0; g < N; g++) {
        snprintf(text[g], sizeof text[g], "g%02d", g);
        names[g] = text[g];
        sizes[g] = g < 20 ? 5 : 60 + g;
    }
    mlsd_result *const r = slice_names(names, sizes, N);
    char *const picture = picture_of(r);
    assert_well_formed(picture);
    assert_int_equal(count(picture, "class=\"name\""), 2 * 60);
    assert_int_equal(count(picture, "low support"), 0);
    assert_int_equal(count(picture, "<circle"), 2 * 60);
    free(picture);
    mlsd_result_free(r);
}

static void test_slices_drawing__what_it_refuses(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b"};
    static const int sizes[] = {30, 30};
    char small[40] = "x";
    int64_t n = 0;
    mlsd_result *const r = slice_names(names, sizes, 2);
    assert_int_equal(mlsd_slices_svg(NULL, r, small, sizeof small, &n), MLSD_E_BUFFER);
    assert_true(n > (int64_t)sizeof small);
    ASSERT_FAILS(MLSD_E_ARG, "result", mlsd_slices_svg(NULL, NULL, small, sizeof small, &n));
    mlsd_result_free(r);
    const double g[4] = {0, 0, 1, 1}, e[4] = {0, 1, 1, 1};
    const mlsd_matrix em = vector(e, 4);
    mlsd_table *groups = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *found = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", g, 4));
    ASSERT_OK(mlsd_spec_new(NULL, "slice_search", &spec));
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &em, NULL, &found));
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "'slice_search' has no slices to draw",
                 mlsd_slices_svg(NULL, found, small, sizeof small, &n));
    mlsd_result_free(found);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices_drawing__a_dot_for_each_group),
        cmocka_unit_test(test_slices_drawing__names_cannot_break_out),
        cmocka_unit_test(test_slices_drawing__control),
        cmocka_unit_test(test_slices_drawing__many_groups),
        cmocka_unit_test(test_slices_drawing__what_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
