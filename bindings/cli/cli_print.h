/* cli_print.h - an experiment's result in a terminal. */
#ifndef MLSD_CLI_PRINT_H
#define MLSD_CLI_PRINT_H

#include "mlsd/mlsd.h"

/* The whole story: data, split, leaderboard, curve, test, slices, verdict. */
void cli_print_experiment(const mlsd_result *result);

#endif
