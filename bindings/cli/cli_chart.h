/* cli_chart.h - loss curves in a terminal: braille dots where it shows UTF-8, letters elsewhere. */
#ifndef MLSD_CLI_CHART_H
#define MLSD_CLI_CHART_H

#include <stdint.h>

/* Draw training and validation losses over the same n ascending x, NaN where there is none, and a
 * line at `best` (NaN: none), cli_width() wide. Heights go by logarithms where losses span more
 * than a factor of 30. Nothing is drawn of fewer than two different losses. */
void cli_chart_print(const double *x, const double *train, const double *valid, int64_t n,
                     double best);

/* What stands for training, validation and best, for a heading: ". training, o validation, ..." */
const char *cli_chart_legend(void);

#endif
