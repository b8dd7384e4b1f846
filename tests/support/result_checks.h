/* result_checks.h - short ways to ask a result for a number, a cell or a text, and to validate what
 * JSON says; what is not there fails the test. */
#ifndef MLSD_TESTS_RESULT_CHECKS_H
#define MLSD_TESTS_RESULT_CHECKS_H

#include "unit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "mlsd/mlsd.h"

static inline double number(const mlsd_result *r, const char *name)
{
    double value = NAN;
    ASSERT_OK(mlsd_result_get_f64(r, name, &value));
    return value;
}

typedef struct named_number {
    const char *name;
    double value, tolerance; /* NaN: not defined */
} named_number;

/* The numbers of a result, up to a name that is NULL. */
static inline void assert_numbers(const mlsd_result *r, const named_number *list)
{
    for (; list->name != NULL; list++) {
        const double got = number(r, list->name);
        const bool is_right =
            isnan(list->value) ? isnan(got)
                               : fabs(got - list->value) <= list->tolerance || got == list->value;
        if (!is_right)
            fail_msg("'%s' is %.17g, wanted %.17g within %g", list->name, got, list->value,
                     list->tolerance);
    }
}

static inline const mlsd_table *table_of(const mlsd_result *r, const char *table)
{
    const mlsd_table *const t = mlsd_result_get_table(r, table);
    if (t == NULL) fail_msg("%s", mlsd_last_error());
    return t;
}

static inline int64_t n_rows_of(const mlsd_result *r, const char *table)
{
    return mlsd_table_n_rows(table_of(r, table));
}

static inline double cell(const mlsd_result *r, const char *table, const char *column, int64_t row)
{
    const mlsd_table *const t = table_of(r, table);
    int64_t j = -1;
    double value = NAN;
    ASSERT_OK(mlsd_table_find(t, column, &j));
    ASSERT_OK(mlsd_table_get_f64(t, j, row, 1, &value));
    return value;
}

static inline const char *cell_text(const mlsd_result *r, const char *table, const char *column,
                                    int64_t row)
{
    const mlsd_table *const t = table_of(r, table);
    int64_t j = -1;
    ASSERT_OK(mlsd_table_find(t, column, &j));
    return mlsd_table_get_str(t, j, row);
}

static inline void assert_verdict(const mlsd_result *r, const char *text)
{
    if (strstr(mlsd_result_verdict(r), text) == NULL)
        fail_msg("verdict \"%s\" lacks \"%s\"", mlsd_result_verdict(r), text);
}

/* mlsd_validate of a spec in JSON; folds may be NULL. */
static inline mlsd_status validate(const mlsd_context *context, const char *json,
                                   const mlsd_dataset *data, const mlsd_folds *folds,
                                   mlsd_result **out)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    const mlsd_status status = mlsd_validate(context, spec, data, folds, out);
    mlsd_spec_free(spec);
    return status;
}

/* The whole result; free() it. */
static inline char *json_of(const mlsd_result *r)
{
    int64_t n = 0;
    ASSERT_OK(mlsd_result_to_json(r, NULL, 0, &n));
    char *const text = malloc((size_t)n + 1);
    assert_non_null(text);
    ASSERT_OK(mlsd_result_to_json(r, text, n + 1, NULL));
    return text;
}

/* What no clock has a part in; free() it. */
static inline char *json_without_timings(const mlsd_result *r)
{
    char *const text = json_of(r), *const timings = strstr(text, "\"timings\"");
    assert_non_null(timings);
    *timings = '\0';
    return text;
}

/* A validation gives the same bytes on 1, 2 and 7 threads. */
static inline void assert_threads_change_nothing(const char *json, const mlsd_dataset *data)
{
    static const int64_t n_threads[] = {1, 2, 7};
    char *texts[3];
    for (int i = 0; i < 3; i++) {
        mlsd_context *context = NULL;
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads[i]));
        ASSERT_OK(validate(context, json, data, NULL, &r));
        texts[i] = json_of(r);
        mlsd_result_free(r);
        mlsd_context_free(context);
    }
    assert_string_equal(texts[0], texts[1]);
    assert_string_equal(texts[0], texts[2]);
    for (int i = 0; i < 3; i++) free(texts[i]);
}

/* What mlsd_validate must refuse: a spec, the status, and words of the message. */
typedef struct refused_case {
    const char *json;
    mlsd_status status;
    const char *message;
} refused_case;

static inline void assert_refused(const refused_case *cases, size_t n_cases,
                                  const mlsd_dataset *data)
{
    mlsd_result *r = NULL;
    for (size_t i = 0; i < n_cases; i++) {
        ASSERT_FAILS(cases[i].status, cases[i].message,
                     validate(NULL, cases[i].json, data, NULL, &r));
        assert_null(r);
    }
}

#endif
