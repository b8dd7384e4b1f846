/* cli_log.h - loss curves in CSV files as programs log them. */
#ifndef MLSD_CLI_LOG_H
#define MLSD_CLI_LOG_H

#include <stdint.h>

#include "cli.h"

typedef struct cli_log {
    mlsd_curve *curve; /* losses of the sets "train" and "valid", in folds or outside */
    double scale;      /* a step of the curve is the file's times this */
    char train[128], valid[128], step[128]; /* the columns; step "" where rows were counted */
    int n_folds;
} cli_log;

/* Find the columns of step, training and validation loss by their names, or take those that
 * --step, --train and --valid give; wide form (a column a series) or long (a column "set" or
 * "split", a value a row). An empty cell is a step that was not logged; "nan" and "inf" are losses.
 * Returns an exit code, having said what is wrong. */
int cli_log_read(const cli_args *args, const mlsd_context *context, const char *path, cli_log *out);

#endif
