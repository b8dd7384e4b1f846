/* cli_job.h - what commands that read a CSV file and work on it share: the handles and how they
 * end, remarks that wait for the result, `--set`, roles of columns, folds of a file. */
#ifndef MLSD_CLI_JOB_H
#define MLSD_CLI_JOB_H

#include "cli.h"

enum { CLI_MAX_REMARKS = 100 };

typedef struct cli_job {
    const cli_args *args;
    mlsd_context *context;
    mlsd_table *table;
    mlsd_spec *spec; /* of what is done: a splitter, a search, a test, an experiment */
    mlsd_dataset *dataset;
    mlsd_folds *folds;
    mlsd_result *result;
    char *remarks[CLI_MAX_REMARKS];
    int n_remarks;
} cli_job;

/* A job with a context, nothing else made yet; CLI_USAGE after saying why. Close after either. */
int cli_job_open(cli_job *job, const cli_args *args);
void cli_job_close(cli_job *job);

/* From here on remarks of the library are kept, each once, for when the result is shown: an error
 * stands alone, and a bar is not torn apart. */
void cli_job_keep_remarks(cli_job *job);
void cli_job_print_remarks(const cli_job *job);

/* job->spec from a kind's name or JSON. */
int cli_job_make_spec(cli_job *job, const char *kind_or_json);
/* "name=value" as `--set` gives it; and all that were given. */
int cli_set_parameter(mlsd_spec *spec, const char *assignment);
int cli_job_set_parameters(const cli_job *job);

/* An option that names a column, and the role that the column gets. */
typedef struct cli_role {
    const char *option, *role;
    bool is_repeated; /* otherwise the last that was named counts */
} cli_role;

/* The columns that options name, and their roles: room for CLI_MAX_OPTIONS each. */
int64_t cli_list_roles(const cli_args *args, const cli_role *roles, int n_roles,
                       const char **columns, const char **names);
/* job->dataset from job->table. */
mlsd_status cli_job_make_dataset(cli_job *job, const cli_role *roles, int n_roles, mlsd_task task);

/* job->folds from the file of `--folds`, which must split the rows of job->dataset, those of
 * `data_file`. */
int cli_job_load_folds(cli_job *job, const char *data_file);

#endif
