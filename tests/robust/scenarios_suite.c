/* scenarios_suite.c - a suite with a set of each role, run on a model, kept, and run again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario_data.h"

static const char suite_text[] =
    "{\"cases\": \"%s\", \"label\": \"y\", \"sets\": ["
    "{\"role\": \"regression\", \"low\": 0.4, \"rate\": 0.5},"
    "{\"role\": \"uniformity\", \"by\": \"g\", \"metric\": \"accuracy\", \"margin\": 0.3},"
    "{\"role\": \"goal\", \"name\": \"g\", \"metric\": \"log_loss\", \"goal\": 0.1},"
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
    const char *groups[N];
    sample s;
    make_sample(&s);
    for (int i = 0; i < N; i++) groups[i] = i % 2 ? "a" : "b";
    const mlsd_matrix X = matrix_of(s.x, N, P);
    mlsd_status status;
    TRY(mlsd_table_from_matrix(context, &X, NULL, table));
    TRY(mlsd_table_set_f64(*table, "y", s.label, N));
    TRY(mlsd_table_set_str(*table, "g", groups, N));
    TRY(mlsd_table_write_csv(*table, path));
    TRY(mlsd_dataset_from_table(context, *table, columns, roles, 2, MLSD_TASK_BINARY, data));
    TRY(mlsd_spec_new(context, "logistic_regression", spec));
    TRY(mlsd_model_fit(context, *spec, *data, NULL, NULL, model));
out:
    return status;
}

static mlsd_status run_once(const mlsd_context *context, const char *path, const char *cases,
                            const mlsd_model *model, uint64_t *hash)
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
    TRY(mlsd_suite_run(context, suite, model, &result));
    const mlsd_table *const tests = mlsd_result_get_table(result, "tests");
    for (int64_t j = 0; j < mlsd_table_n_columns(tests); j++) {
        double values[6];
        if (strcmp(mlsd_table_name(tests, j), "detail") == 0) continue; /* names the path */
        TRY(mlsd_table_get_f64(tests, j, 0, 6, values));
        mix(hash, values, sizeof values);
    }
    TRY(mlsd_suite_junit(result, NULL, 0, &length));
    junit = malloc((size_t)length + 1);
    if (junit == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    TRY(mlsd_suite_junit(result, junit, length + 1, NULL));
    TRY(mlsd_suite_keep(context, suite, result, name));
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
    TRY(run_once(context, path, cases, model, hash));
    TRY(run_once(context, path, cases, model, hash));
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
