/* time_folds.h - folds of rows that have times: as fold_text.h, with ticks, ends of labels and
 * groups. */
#ifndef MLSD_TESTS_TIME_FOLDS_H
#define MLSD_TESTS_TIME_FOLDS_H

#include "fold_text.h"

/* What rows bring; what is NULL is not there. */
typedef struct timed_rows {
    int64_t n;
    const int64_t *times, *ends;
    const double *groups;
} timed_rows;

static inline timed_rows timed(int64_t n, const int64_t *times)
{
    return (timed_rows){n, times, NULL, NULL};
}

static inline timed_rows labelled(int64_t n, const int64_t *times, const int64_t *ends)
{
    return (timed_rows){n, times, ends, NULL};
}

static inline mlsd_status split_timed(const mlsd_context *context, const char *json,
                                      const timed_rows *rows, mlsd_folds **out)
{
    static const char *const roles[3] = {"time", "time_end", "group"};
    const mlsd_matrix ticks = {.rows = rows->n, .cols = 1, .row_stride = 1, .dtype = MLSD_I64};
    mlsd_matrix views[3] = {ticks, ticks, ticks};
    views[0].data = rows->times;
    views[1].data = rows->ends;
    views[2].data = rows->groups;
    views[2].dtype = MLSD_F64;
    const mlsd_matrix *columns[3];
    for (int k = 0; k < 3; k++) columns[k] = views[k].data != NULL ? &views[k] : NULL;
    mlsd_spec *spec = NULL;
    *out = NULL;
    mlsd_status status = mlsd_spec_from_json(context, json, &spec);
    if (status == MLSD_OK)
        status = mlsd_folds_split_columns(context, spec, rows->n, roles, columns, 3, NULL, out);
    mlsd_spec_free(spec);
    return status;
}

static inline void assert_timed_split(const char *json, timed_rows rows, const char *expected)
{
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    ASSERT_OK(split_timed(NULL, json, &rows, &folds));
    write_folds(folds, text);
    assert_string_equal(text, expected);
    mlsd_folds_free(folds);
}

static inline void assert_no_timed_split(const char *json, timed_rows rows, mlsd_status status,
                                         const char *message)
{
    mlsd_folds *folds = NULL;
    ASSERT_FAILS(status, message, split_timed(NULL, json, &rows, &folds));
    assert_null(folds);
}

/* The same folds for any number of threads. */
static inline void assert_threads_do_not_matter(const char *json, timed_rows rows)
{
    char text[3][FOLD_TEXT_CAPACITY];
    for (int k = 0; k < 3; k++) {
        static const int64_t n_threads[3] = {1, 2, 7};
        mlsd_context *context = NULL;
        mlsd_folds *folds = NULL;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads[k]));
        ASSERT_OK(split_timed(context, json, &rows, &folds));
        write_folds(folds, text[k]);
        mlsd_folds_free(folds);
        mlsd_context_free(context);
        assert_string_equal(text[k], text[0]);
    }
}

#endif
