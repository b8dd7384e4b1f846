/* result_checks.h - short ways to ask a result for a number, a cell or a text, and to validate what
 * JSON says; what is not there fails the test. */
#ifndef MLSD_TESTS_RESULT_CHECKS_H
#define MLSD_TESTS_RESULT_CHECKS_H

#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "mlsd/mlsd.h"

static inline double number(const mlsd_result *r, const char *name)
{
    double value = NAN;
    ASSERT_OK(mlsd_result_get_f64(r, name, &value));
    return value;
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

/* The whole result of a validation on so many threads as JSON; free() it. */
static inline char *validated_json(const char *json, const mlsd_dataset *data, int64_t n_threads)
{
    mlsd_context *context = NULL;
    mlsd_result *r = NULL;
    int64_t n = 0;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
    ASSERT_OK(validate(context, json, data, NULL, &r));
    ASSERT_OK(mlsd_result_to_json(r, NULL, 0, &n));
    char *const text = malloc((size_t)n + 1);
    assert_non_null(text);
    ASSERT_OK(mlsd_result_to_json(r, text, n + 1, NULL));
    mlsd_result_free(r);
    mlsd_context_free(context);
    return text;
}

#endif
