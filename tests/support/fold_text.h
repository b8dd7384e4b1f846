/* fold_text.h - folds as one text, so that a test states what it expects on one line: rows apart by
 * blanks, parts by '|', splits by ';'. */
#ifndef MLSD_TESTS_FOLD_TEXT_H
#define MLSD_TESTS_FOLD_TEXT_H

#include <stdio.h>
#include <stdlib.h>

#include "mlsd/split.h"
#include "unit.h"

enum { FOLD_TEXT_CAPACITY = 4096 };

/* Split n rows by a spec in JSON; y and groups may be NULL. */
static inline mlsd_status split_groups_json(const mlsd_context *context, const char *json,
                                            int64_t n, const double *y, const double *groups,
                                            mlsd_folds **out)
{
    mlsd_spec *spec = NULL;
    const mlsd_matrix view = {.data = y, .rows = n, .cols = 1, .row_stride = 1, .dtype = MLSD_F64};
    mlsd_matrix group_view = view;
    group_view.data = groups;
    *out = NULL;
    mlsd_status status = mlsd_spec_from_json(context, json, &spec);
    if (status == MLSD_OK) {
        status = mlsd_folds_split(context, spec, n, y == NULL ? NULL : &view,
                                  groups == NULL ? NULL : &group_view, out);
    }
    mlsd_spec_free(spec);
    return status;
}

static inline mlsd_status split_json(const mlsd_context *context, const char *json, int64_t n,
                                     const double *y, mlsd_folds **out)
{
    return split_groups_json(context, json, n, y, NULL, out);
}

static inline void write_folds(const mlsd_folds *folds, char text[FOLD_TEXT_CAPACITY])
{
    int64_t *const rows = calloc((size_t)mlsd_folds_n_rows(folds) + 1, sizeof *rows);
    size_t at = 0;
    assert_non_null(rows);
    text[0] = '\0';
    for (int64_t k = 0; k < mlsd_folds_n_splits(folds); k++) {
        for (int64_t p = 0; p < mlsd_folds_n_parts(folds); p++) {
            const int64_t n = mlsd_folds_part_size(folds, k, p);
            ASSERT_OK(mlsd_folds_part(folds, k, p, rows, n));
            for (int64_t i = 0; i < n && at < FOLD_TEXT_CAPACITY - 32; i++) {
                at += (size_t)sprintf(text + at, i > 0 ? " %lld" : "%lld", (long long)rows[i]);
            }
            if (p + 1 < mlsd_folds_n_parts(folds)) at += (size_t)sprintf(text + at, "|");
        }
        if (k + 1 < mlsd_folds_n_splits(folds)) at += (size_t)sprintf(text + at, ";");
    }
    free(rows);
}

static inline void assert_group_split(const char *json, int64_t n, const double *y,
                                      const double *groups, const char *expected)
{
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    ASSERT_OK(split_groups_json(NULL, json, n, y, groups, &folds));
    write_folds(folds, text);
    assert_string_equal(text, expected);
    mlsd_folds_free(folds);
}

static inline void assert_split(const char *json, int64_t n, const double *y, const char *expected)
{
    assert_group_split(json, n, y, NULL, expected);
}

static inline void assert_no_group_split(const char *json, int64_t n, const double *y,
                                         const double *groups, mlsd_status status,
                                         const char *message)
{
    mlsd_folds *folds = NULL;
    ASSERT_FAILS(status, message, split_groups_json(NULL, json, n, y, groups, &folds));
    assert_null(folds);
}

static inline void assert_no_split(const char *json, int64_t n, const double *y, mlsd_status status,
                                   const char *message)
{
    assert_no_group_split(json, n, y, NULL, status, message);
}

#endif
