/* scenarios_suite.c - a suite with a set of each role, run on a model, kept, and run again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario_data.h"

/* Few, so that each allocation can be made to fail. */
enum { N_CASES = 40 };

static const char suite_text[] =
    "{\"cases\": \"%s\", \"label\": \"y\", \"sets\": ["
    "{\"role\": \"regression\", \"low\": 0.4, \"rate\": 0.5},"
    "{\"role\": \"uniformity\", \"by\": \"g\", \"metric\": \"accuracy\", \"margin\": 0.3},"
    "{\"role\": \"goal\", \"name\": \"g\", \"metric\": {\"kind\": "
    "\"log_loss\"}, \"goal\": 0.1},"
    "{\"role\": \"stretch\", \"name\": \"s\", \"metric\": \"roc_auc\"},"
    "{\"role\": \"edge\", \"change\": {\"x0\": {\"noise\": 0.1}, \"g\": {\"swap\": [\"a\", "
    "\"b\"]}},"
    " \"expect\": \"same\", \"tolerance\": 0.01},"
    "{\"role\": \"edge\", \"change\": {\"x1\": [0, 1, 2]}, \"class\": \"1\", \"expect\": "
    "\"higher\"},"
    "{\"role\": \"regression\", \"class\": \"none\", \"low\": 0}]}";

/* Cases as a file, and the model that is tested on them. */
static mlsd_status make_model(const mlsd_context *context, const char *path, mlsd_table **table,
                              mlsd_dataset **data, mlsd_spec **spec, mlsd_model **model)
{
    static const char *const columns[] = {"y", "g"}, *const roles[] = {"target", "ignore"};
    const char *groups[N_CASES];
    sample s;
    make_sample(&s);
    for (int i = 0; i < N_CASES; i++) groups[i] = i % 2 ? "a" : "b";
    const mlsd_matrix X = matrix_of(s.x, N_CASES, P);
    mlsd_status status;
    TRY(mlsd_table_from_matrix(context, &X, NULL, table));
    TRY(mlsd_table_set_f64(*table, "y", s.label, N_CASES));
    TRY(mlsd_table_set_str(*table, "g", groups, N_CASES));
    TRY(mlsd_table_write_csv(*table, path));
    TRY(mlsd_dataset_from_table(context, *table, columns, roles, 2, MLSD_TASK_BINARY, data));
    TRY(mlsd_spec_new(context, "logistic_regression", spec));
    TRY(mlsd_model_fit(context, *spec, *data, NULL, NULL, model));
out:
    return status;
}

/* Every case is as likely as not. */
static int32_t guess(void *user, const mlsd_table *cases, double *out)
{
    (void)user;
    for (int64_t i = 0; i < 2 * mlsd_table_n_rows(cases); i++) out[i] = 0.5;
    return MLSD_OK;
}

static mlsd_status mix_tests(const mlsd_result *result, uint64_t *hash)
{
    const mlsd_table *const tests = mlsd_result_get_table(result, "tests");
    mlsd_status status = MLSD_OK;
    for (int64_t j = 0; j < mlsd_table_n_columns(tests) && status == MLSD_OK; j++) {
        double values[6];
        if (strcmp(mlsd_table_name(tests, j), "detail") == 0) continue; /* names the path */
        status = mlsd_table_get_f64(tests, j, 0, 6, values);
        if (status == MLSD_OK) mix(hash, values, sizeof values);
    }
    return status;
}

/* The same suite from its file, on predictions that were made elsewhere, and on a function. */
static mlsd_status run_others(const mlsd_context *context, const char *path, const char *text,
                              uint64_t *hash)
{
    static const char *const classes[] = {"0", "1"};
    double p[N_CASES];
    mlsd_suite *suite = NULL;
    mlsd_table *predictions = NULL;
    mlsd_result *by_table = NULL, *by_function = NULL;
    mlsd_status status;
    FILE *const file = fopen(path, "w");
    if (file == NULL) return MLSD_E_IO;
    (void)fputs(text, file);
    (void)fclose(file);
    for (int i = 0; i < N_CASES; i++) p[i] = 0.5;
    TRY(mlsd_suite_load(context, path, &suite));
    TRY(mlsd_table_new(context, &predictions));
    TRY(mlsd_table_set_f64(predictions, "p_0", p, N_CASES));
    TRY(mlsd_table_set_f64(predictions, "p_1", p, N_CASES));
    TRY(mlsd_suite_run_predictions(context, suite, predictions, &by_table));
    TRY(mix_tests(by_table, hash));
    TRY(mlsd_suite_run_function(context, suite, guess, NULL, classes, 2, 1, &by_function));
    TRY(mix_tests(by_function, hash));
out:
    mlsd_result_free(by_function);
    mlsd_result_free(by_table);
    mlsd_table_free(predictions);
    mlsd_suite_free(suite);
    (void)remove(path);
    return status;
}

static mlsd_status run_once(const mlsd_context *context, const char *path, const char *cases,
                            const mlsd_model *model, int is_last, uint64_t *hash)
{
    static const char name[] = "again";
    char text[2048];
    char *junit = NULL;
    int64_t length = 0;
    mlsd_suite *suite = NULL;
    mlsd_result *result = NULL;
    mlsd_status status;
    snprintf(text, sizeof text, suite_text, cases);
    TRY(mlsd_suite_parse(context, text, strlen(text), path, &suite));
    const int64_t where[] = {mlsd_suite_case_count(suite, 0), mlsd_suite_case_line(suite, 0, 3),
                             mlsd_suite_case_file(suite, 0) != NULL};
    mix(hash, where, sizeof where);
    TRY(mlsd_suite_run(context, suite, model, &result));
    TRY(mix_tests(result, hash));
    TRY(mlsd_suite_junit(result, NULL, 0, &length));
    junit = malloc((size_t)length + 1);
    if (junit == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    TRY(mlsd_suite_junit(result, junit, length + 1, NULL));
    TRY(mlsd_suite_keep(context, suite, result, name));
    if (is_last) TRY(mlsd_suite_keep_baseline(context, suite, result, NULL));
    if (is_last) TRY(mlsd_suite_junit_save(result, path));
    if (is_last) TRY(run_others(context, path, text, hash));
out:
    free(junit);
    mlsd_result_free(result);
    mlsd_suite_free(suite);
    return status;
}

mlsd_status run_suites(const mlsd_context *context, uint64_t *hash)
{
    static const char *const endings[] = {".csv", ".suite.last.csv", ".suite.history.csv"};
    char base[160], path[200], cases[200], name[200];
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    mlsd_status status;
    file_path(base, "t");
    snprintf(path, sizeof path, "%s.suite.json", base);
    snprintf(cases, sizeof cases, "%s.csv", base);
    TRY(make_model(context, cases, &table, &data, &spec, &model));
    TRY(run_once(context, path, cases, model, 0, hash));
    TRY(run_once(context, path, cases, model, 1, hash));
out:
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", base, endings[i]);
        (void)remove(name);
    }
    return status;
}
