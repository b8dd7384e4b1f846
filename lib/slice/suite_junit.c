/* suite_junit.c - a run as JUnit XML, in the shape that the schemas of Ant, Jenkins and GitLab have
 * in common: testsuites, testsuite, testcase with failure or error. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "slice/suite_impl.h"
#include "validate/result_impl.h"

/* Failed cases that a failure lists. */
enum { MOST_CASES = 50 };

/* Bytes of the character at p, 0 where they are no UTF-8 (a path may hold any bytes). */
static int character_length(const unsigned char *p)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (*p < 0x80) return 1;
    const int n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
    uint32_t code = *p & (0x7fu >> n);
    if (*p < 0xc2 || *p > 0xf4) return 0;
    for (int k = 1; k < n; k++) {
        if ((p[k] & 0xc0) != 0x80) return 0;
        code = code << 6 | (p[k] & 0x3fu);
    }
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[n] || is_surrogate || code > 0x10ffff ? 0 : n;
}

/* XML 1.0, 2.2: not every character can be in a document, not even escaped. */
static bool can_hold(const unsigned char *p, int length)
{
    if (length == 1) return *p >= ' ' || *p == '\n' || *p == '\t' || *p == '\r';
    /* U+FFFE and U+FFFF are EF BF BE and EF BF BF. */
    return !(length == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
}

static const char *entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\n':
        return "&#10;";
    case '\t':
        return "&#9;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

/* Escaped for text and attributes; what XML cannot hold becomes U+FFFD. */
static void put_xml(mlsd__text *t, const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    for (const char *p = text; *p != '\0';) {
        const int length = character_length((const unsigned char *)p);
        const char *const entity = entity_of(*p);
        if (length == 0 || !can_hold((const unsigned char *)p, length)) {
            mlsd__text_append(t, replacement);
        } else if (entity != NULL) {
            mlsd__text_append(t, entity);
        } else {
            mlsd__text_append_n(t, p, length);
        }
        p += length > 0 ? length : 1;
    }
}

static void put_attribute(mlsd__text *t, const char *name, const char *value)
{
    mlsd__text_format(t, " %s=\"", name);
    put_xml(t, value);
    mlsd__text_append(t, "\"");
}

static const char *cell(const mlsd_table *t, const char *name, int64_t row)
{
    int64_t column = 0;
    (void)mlsd_table_find(t, name, &column);
    const char *const text = mlsd_table_get_str(t, column, row);
    return text != NULL ? text : "";
}

static double number(const mlsd_table *t, const char *name, int64_t row)
{
    int64_t column = 0;
    (void)mlsd_table_find(t, name, &column);
    return mlsd__suite_cell_number(t, column, row);
}

/* The failed cases of a set, a line each. */
static void put_cases(mlsd__text *t, const mlsd_table *failures, const char *set)
{
    int64_t n = 0;
    for (int64_t i = 0; i < mlsd_table_n_rows(failures); i++) {
        if (strcmp(cell(failures, "set", i), set) != 0 || n++ >= MOST_CASES) continue;
        put_xml(t, cell(failures, "file", i));
        mlsd__text_format(t, ":%lld: ", (long long)number(failures, "line", i));
        const char *const change = cell(failures, "change", i);
        put_xml(t, change);
        mlsd__text_append(t, *change != '\0' ? ": expected " : "expected ");
        put_xml(t, cell(failures, "expected", i));
        mlsd__text_append(t, ", got ");
        put_xml(t, cell(failures, "got", i));
        mlsd__text_append(t, "\n");
    }
    if (n > MOST_CASES) mlsd__text_format(t, "... %lld more\n", (long long)(n - MOST_CASES));
}

static void put_case(mlsd__text *t, const mlsd_result *r, const char *suite, int64_t row)
{
    const mlsd_table *const tests = mlsd_result_get_table(r, "tests");
    const mlsd_table *const seconds = mlsd_result_get_table(r, "timings.tests");
    const char *const set = cell(tests, "set", row), *const status = cell(tests, "status", row);
    const char *path = "";
    (void)mlsd_result_get_str(r, "path", &path);
    mlsd__text_append(t, "    <testcase");
    put_attribute(t, "classname", suite);
    put_attribute(t, "name", set);
    mlsd__text_append(t, " time=\"");
    mlsd__text_fixed(t, number(seconds, "seconds", row), 3);
    mlsd__text_append(t, "\"");
    const char *const element = strcmp(status, "passed") == 0   ? NULL
                                : strcmp(status, "failed") == 0 ? "failure"
                                                                : "error";
    if (element == NULL) {
        mlsd__text_append(t, ">\n      <system-out>");
        put_xml(t, cell(tests, "detail", row));
        mlsd__text_append(t, "</system-out>\n    </testcase>\n");
        return;
    }
    mlsd__text_format(t, ">\n      <%s", element);
    put_attribute(t, "type", status);
    put_attribute(t, "message", cell(tests, "detail", row));
    mlsd__text_append(t, ">");
    put_xml(t, path);
    mlsd__text_format(t, ":%lld: %s set ", (long long)number(tests, "line", row),
                      cell(tests, "role", row));
    put_xml(t, set);
    mlsd__text_append(t, "\n");
    put_cases(t, mlsd_result_get_table(r, "failures"), set);
    mlsd__text_format(t, "</%s>\n    </testcase>\n", element);
}

static void put_counts(mlsd__text *t, const mlsd_result *r)
{
    double n_sets = 0, n_failed = 0, n_cannot_tell = 0, n_error = 0, total = 0;
    (void)mlsd_result_get_f64(r, "n_sets", &n_sets);
    (void)mlsd_result_get_f64(r, "n_failed", &n_failed);
    (void)mlsd_result_get_f64(r, "n_cannot_tell", &n_cannot_tell);
    (void)mlsd_result_get_f64(r, "n_error", &n_error);
    const mlsd_table *const seconds = mlsd_result_get_table(r, "timings.tests");
    for (int64_t i = 0; i < mlsd_table_n_rows(seconds); i++) total += number(seconds, "seconds", i);
    mlsd__text_format(t, " tests=\"%lld\" failures=\"%lld\" errors=\"%lld\" time=\"",
                      (long long)n_sets, (long long)n_failed, (long long)(n_cannot_tell + n_error));
    mlsd__text_fixed(t, total, 3);
    mlsd__text_append(t, "\"");
}

static void put_suite(mlsd__text *t, const mlsd_result *r)
{
    const char *suite = "";
    const mlsd_table *const tests = mlsd_result_get_table(r, "tests");
    (void)mlsd_result_get_str(r, "suite", &suite);
    mlsd__text_append(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    put_attribute(t, "name", suite);
    put_counts(t, r);
    mlsd__text_append(t, ">\n  <testsuite");
    put_attribute(t, "name", suite);
    put_counts(t, r);
    mlsd__text_append(t, " skipped=\"0\">\n");
    for (int64_t i = 0; i < mlsd_table_n_rows(tests); i++) put_case(t, r, suite, i);
    mlsd__text_append(t, "  </testsuite>\n</testsuites>\n");
}

static mlsd_status check(const mlsd_result *result)
{
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    MLSD__REQUIRE(strcmp(mlsd__result_kind(result), "suite") == 0,
                  "the result is of a %s, not of a suite", mlsd__result_kind(result));
    return MLSD_OK;
}

mlsd_status mlsd_suite_junit(const mlsd_result *result, char *buf, int64_t capacity,
                             int64_t *out_length)
{
    MLSD__TRY(check(result));
    mlsd__text t;
    mlsd__text_init(&t, &result->allocator);
    put_suite(&t, result);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    return status;
}

mlsd_status mlsd_suite_junit_save(const mlsd_result *result, const char *path)
{
    MLSD__TRY(check(result));
    MLSD__REQUIRE(path != NULL, "'path' is NULL");
    mlsd__text t;
    mlsd__text_init(&t, &result->allocator);
    put_suite(&t, result);
    mlsd_status status = t.status;
    if (status == MLSD_OK)
        status = mlsd__file_write(&result->allocator, path, t.data, (size_t)t.length);
    mlsd__text_free(&t);
    return status;
}
