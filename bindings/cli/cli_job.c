/* cli_job.c - see the header. */
#include "cli_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_grid.h"

enum { NAME_CAPACITY = 128, LINE_CAPACITY = 4096 };

int cli_job_open(cli_job *job, const cli_args *args)
{
    *job = (cli_job){.args = args, .context = cli_context_new(args)};
    return job->context != NULL ? CLI_OK : CLI_USAGE;
}

void cli_job_close(cli_job *job)
{
    for (int i = 0; i < job->n_remarks; i++) free(job->remarks[i]);
    mlsd_result_free(job->result);
    mlsd_folds_free(job->folds);
    mlsd_dataset_free(job->dataset);
    mlsd_table_free(job->table);
    mlsd_spec_free(job->spec);
    if (job->context != NULL) cli_context_free(job->context);
}

static void on_log(mlsd_log_level level, const char *text, void *user)
{
    cli_job *const job = user;
    (void)level;
    for (int i = 0; i < job->n_remarks; i++)
        if (strcmp(job->remarks[i], text) == 0) return;
    if (job->n_remarks == CLI_MAX_REMARKS) return;
    char *const copy = strdup(text);
    if (copy != NULL) job->remarks[job->n_remarks++] = copy;
}

void cli_job_keep_remarks(cli_job *job)
{
    (void)mlsd_context_set_log(job->context, MLSD_LOG_WARNING, on_log, job, NULL);
}

void cli_job_print_remarks(const cli_job *job)
{
    char line[LINE_CAPACITY];
    for (int i = 0; i < job->n_remarks; i++) {
        snprintf(line, sizeof line, "note: %s", job->remarks[i]);
        cli_print_wrapped(line, 6);
    }
}

int cli_job_make_spec(cli_job *job, const char *kind_or_json)
{
    const bool is_json = kind_or_json[strspn(kind_or_json, " \t\n")] == '{';
    const mlsd_status status = is_json ? mlsd_spec_from_json(job->context, kind_or_json, &job->spec)
                                       : mlsd_spec_new(job->context, kind_or_json, &job->spec);
    return status == MLSD_OK ? CLI_OK : cli_fail(CLI_USAGE, "%s", mlsd_last_error());
}

int cli_set_parameter(mlsd_spec *spec, const char *assignment)
{
    char name[NAME_CAPACITY];
    const size_t length = strcspn(assignment, "=");
    if (assignment[length] != '=' || length == 0 || length >= sizeof name)
        return cli_fail(CLI_USAGE, "'--set' needs name=value, got '%s'", assignment);
    memcpy(name, assignment, length);
    name[length] = '\0';
    if (mlsd_spec_set_text(spec, name, assignment + length + 1) == MLSD_OK) return CLI_OK;
    return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
}

int cli_job_set_parameters(const cli_job *job)
{
    const cli_args *const args = job->args;
    int code = CLI_OK;
    for (int i = 0; i < args->n_given && code == CLI_OK; i++) {
        if (strcmp(args->given[i].name, "set") == 0)
            code = cli_set_parameter(job->spec, args->given[i].value);
    }
    return code;
}

int64_t cli_list_roles(const cli_args *args, const cli_role *roles, int n_roles,
                       const char **columns, const char **names)
{
    int64_t n = 0;
    for (int i = 0; i < args->n_given; i++) {
        for (int k = 0; k < n_roles; k++) {
            const char *const option = args->given[i].name, *const value = args->given[i].value;
            if (strcmp(option, roles[k].option) != 0) continue;
            if (!roles[k].is_repeated && cli_get(args, option) != value) continue;
            columns[n] = value;
            names[n++] = roles[k].role;
        }
    }
    return n;
}

mlsd_status cli_job_make_dataset(cli_job *job, const cli_role *roles, int n_roles, mlsd_task task)
{
    const char *columns[CLI_MAX_OPTIONS], *names[CLI_MAX_OPTIONS];
    const int64_t n = cli_list_roles(job->args, roles, n_roles, columns, names);
    return mlsd_dataset_from_table(job->context, job->table, columns, names, n, task,
                                   &job->dataset);
}

int cli_job_load_folds(cli_job *job, const char *data_file)
{
    const char *const path = cli_get(job->args, "folds");
    const mlsd_status status = mlsd_folds_load(job->context, path, &job->folds);
    if (status != MLSD_OK) return cli_fail_file(status, path);
    const int64_t n = mlsd_dataset_n_rows(job->dataset), split = mlsd_folds_n_rows(job->folds);
    if (n == split) return CLI_OK;
    return cli_fail(CLI_DATA, "the folds in '%s' split %lld rows, '%s' has %lld", path,
                    (long long)split, data_file, (long long)n);
}
