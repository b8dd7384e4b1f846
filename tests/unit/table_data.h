/* table_data.h - tables and data sets with text columns, in few words. */
#ifndef MLSD_TESTS_TABLE_DATA_H
#define MLSD_TESTS_TABLE_DATA_H

#include "linear_data.h"

static inline mlsd_table *new_table(void)
{
    mlsd_table *t = NULL;
    assert_int_equal(mlsd_table_new(NULL, &t), MLSD_OK);
    return t;
}

static inline void put_numbers(mlsd_table *t, const char *name, const double *values, int64_t n)
{
    if (mlsd_table_set_f64(t, name, values, n) != MLSD_OK) fail_msg("%s", mlsd_last_error());
}

/* One letter a row; '.' is missing. */
static inline void put_letters(mlsd_table *t, const char *name, const char *letters)
{
    const int64_t n = (int64_t)strlen(letters);
    char(*texts)[2] = calloc((size_t)n, sizeof *texts);
    const char **values = calloc((size_t)n, sizeof *values);
    assert_true(texts != NULL && values != NULL);
    for (int64_t i = 0; i < n; i++) {
        texts[i][0] = letters[i];
        values[i] = letters[i] == '.' ? NULL : texts[i];
    }
    if (mlsd_table_set_str(t, name, values, n) != MLSD_OK) fail_msg("%s", mlsd_last_error());
    free(values);
    free(texts);
}

/* Takes the table; target and weight may be NULL. */
static inline mlsd_dataset *dataset_of_table(mlsd_table *t, const char *target, const char *weight,
                                             mlsd_task task)
{
    const char *columns[2], *roles[2];
    int64_t n = 0;
    if (target != NULL) columns[n] = target, roles[n++] = "target";
    if (weight != NULL) columns[n] = weight, roles[n++] = "weight";
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_table(NULL, t, columns, roles, n, task, &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_table_free(t);
    return data;
}

/* All that a transform makes of a data set; free() it. */
static inline double *transformed(const mlsd_model *model, const mlsd_dataset *data, int64_t *p)
{
    *p = mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES);
    const int64_t n = mlsd_dataset_n_rows(data) * *p;
    double *const out = malloc((size_t)(n + 1) * sizeof *out);
    assert_non_null(out);
    if (mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_FEATURES, out, n) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return out;
}

static inline void expect_fit_failure(const char *json, const mlsd_dataset *data, mlsd_status want,
                                      const char *words)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    const mlsd_status status = mlsd_model_fit(NULL, spec, data, NULL, NULL, &model);
    if (status != want) fail_msg("status %d: %s", (int)status, mlsd_last_error());
    assert_null(model);
    if (strstr(mlsd_last_error(), words) == NULL) fail_msg("%s", mlsd_last_error());
    mlsd_spec_free(spec);
}

#endif
