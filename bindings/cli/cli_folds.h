/* cli_folds.h - folds in a terminal: a picture, and a table of what is in each part. */
#ifndef MLSD_CLI_FOLDS_H
#define MLSD_CLI_FOLDS_H

#include "mlsd/mlsd.h"

typedef struct cli_folds_view {
    const mlsd_context *context;
    const mlsd_folds *folds;
    const mlsd_dataset *dataset;
    mlsd_table *table; /* made by cli_folds_prepare, as is what follows */
    char *picture;
    uint64_t fingerprint;
} cli_folds_view;

/* Make what is printed; everything that can fail or take long is here. */
mlsd_status cli_folds_prepare(cli_folds_view *view);
/* `path` is where they were saved, NULL for nowhere. */
void cli_folds_print(const cli_folds_view *view, const char *path);
void cli_folds_release(cli_folds_view *view);

/* One line a split on standard error: how many rows each part has. */
void cli_folds_print_sizes(const mlsd_folds *folds);

#endif
