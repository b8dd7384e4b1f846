/* cli_predict.c - mlsd predict: a saved model on the rows of a CSV file. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

typedef struct predict_job {
    mlsd_context *context;
    mlsd_model *model;
    mlsd_table *table, *out;
    mlsd_dataset *dataset;
    double *values; /* n x n_outputs */
    double *column; /* n */
    const char **names;
    const char *culprit; /* the file that is to be named where the message does not */
} predict_job;

static mlsd_status add_probabilities(predict_job *job, int64_t n, int64_t n_classes)
{
    mlsd_status status = mlsd_model_predict(job->context, job->model, job->dataset,
                                            MLSD_OUTPUT_PROBA, job->values, n * n_classes);
    for (int64_t c = 0; status == MLSD_OK && c < n_classes; c++) {
        char name[256];
        snprintf(name, sizeof name, "p_%s", mlsd_model_class_name(job->model, c));
        for (int64_t i = 0; i < n; i++) job->column[i] = job->values[i * n_classes + c];
        status = mlsd_table_set_f64(job->out, name, job->column, n);
    }
    return status;
}

static mlsd_status fill_table(predict_job *job, int64_t n)
{
    const int64_t n_classes = mlsd_model_n_classes(job->model);
    mlsd_status status = mlsd_model_predict(job->context, job->model, job->dataset,
                                            MLSD_OUTPUT_VALUE, job->column, n);
    if (status != MLSD_OK) return status;
    if (n_classes == 0) return mlsd_table_set_f64(job->out, "prediction", job->column, n);
    for (int64_t i = 0; i < n; i++)
        job->names[i] = mlsd_model_class_name(job->model, (int64_t)job->column[i]);
    status = mlsd_table_set_str(job->out, "prediction", job->names, n);
    if (status == MLSD_OK && mlsd_model_n_outputs(job->model, MLSD_OUTPUT_PROBA) == n_classes)
        status = add_probabilities(job, n, n_classes);
    return status;
}

static mlsd_status predict_file(const cli_args *args, predict_job *job)
{
    mlsd_status status = mlsd_model_load(job->context, args->positional[0], &job->model);
    if (status != MLSD_OK) job->culprit = args->positional[0];
    if (status == MLSD_OK)
        status = mlsd_table_read_csv(job->context, args->positional[1], NULL, &job->table);
    if (status == MLSD_OK)
        status = mlsd_dataset_from_table(job->context, job->table, NULL, NULL, 0, MLSD_TASK_NONE,
                                         &job->dataset);
    if (status != MLSD_OK) return status;
    const int64_t n = mlsd_dataset_n_rows(job->dataset);
    const int64_t n_classes = mlsd_model_n_classes(job->model);
    job->values = calloc((size_t)(n * (n_classes + 1) + 1), sizeof *job->values);
    job->column = calloc((size_t)n + 1, sizeof *job->column);
    job->names = calloc((size_t)n + 1, sizeof *job->names);
    if (job->values == NULL || job->column == NULL || job->names == NULL) return MLSD_E_NOMEM;
    status = mlsd_table_new(job->context, &job->out);
    if (status == MLSD_OK) status = fill_table(job, n);
    if (status != MLSD_OK) return status;
    cli_progress_clear();
    const char *path = cli_get(args, "out");
    if (path != NULL) cli_hold_interrupts();
    return mlsd_table_write_csv(job->out, path != NULL ? path : "/dev/stdout");
}

static int run_predict(const cli_args *args)
{
    predict_job job = {.context = cli_context_new(args)};
    if (job.context == NULL) return CLI_USAGE;
    const mlsd_status status = predict_file(args, &job);
    const int code = status == MLSD_OK ? CLI_OK : cli_fail_file(status, job.culprit);
    free(job.values);
    free(job.column);
    free(job.names);
    mlsd_table_free(job.out);
    mlsd_dataset_free(job.dataset);
    mlsd_table_free(job.table);
    mlsd_model_free(job.model);
    cli_context_free(job.context);
    return code;
}

static const cli_option predict_options[] = {
    {"out", "FILE.csv", "where to write (default: standard output)"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"numerics", "WORD", "fast (default), or exact: the same bytes on every machine"},
    {NULL, NULL, NULL},
};

const cli_command cli_predict_command = {
    .name = "predict",
    .usage = "MODEL.mlsd FILE.csv [--out FILE.csv]",
    .summary = "predict the rows of a CSV file with a saved model",
    .options = predict_options,
    .n_positional_min = 2,
    .n_positional_max = 2,
    .run = run_predict,
};
