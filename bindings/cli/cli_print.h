/* cli_print.h - an experiment's result in a terminal. */
#ifndef MLSD_CLI_PRINT_H
#define MLSD_CLI_PRINT_H

#include <stdbool.h>

#include "mlsd/mlsd.h"

/* The whole story: data, remarks, split, leaderboard, curve, test, slices, verdict. */
void cli_print_experiment(const mlsd_result *result, char *const *remarks, int n_remarks);

/* The findings of an audit, of those in a larger result behind "audit." or "folds_audit."; false
 * where there are none. */
bool cli_print_findings(const mlsd_result *result, const char *prefix, bool with_infos);

/* cli_slices.c: the slices of an experiment. */
void cli_print_slices(const mlsd_result *result);
/* Those of mlsd slices, a picture for each metric. */
void cli_print_slice_metrics(const mlsd_result *result);

/* cli_value.c: reading a result, and numbers as people read them. */
enum { CLI_NUMBER_CAPACITY = 32, CLI_INTERVAL_CAPACITY = 72, CLI_DIAGNOSIS_CAPACITY = 160 };

/* A table with rows, else NULL; NaN and "" for a number, text or cell that is not there. */
const mlsd_table *cli_result_table(const mlsd_result *r, const char *name);
double cli_result_number(const mlsd_result *r, const char *name);
const char *cli_result_text(const mlsd_result *r, const char *name);
double cli_cell_number(const mlsd_table *t, const char *column, int64_t row);
const char *cli_cell_text(const mlsd_table *t, const char *column, int64_t row);

/* `digits` significant digits; "-" for NaN. */
const char *cli_show_number(double value, int digits, char out[CLI_NUMBER_CAPACITY]);
/* A text of at most `width` bytes. A number with more digits than a person types, such as a drawn
 * value of a parameter, gets `digits`. */
void cli_show_text(const char *text, int digits, int width, char *out, size_t capacity);
/* "[low, high]", "-" where one is NaN. */
const char *cli_show_interval(double low, double high, int digits, char out[CLI_INTERVAL_CAPACITY]);
/* "725", "23.8k", "1.2M". */
const char *cli_show_bytes(double bytes, char out[CLI_NUMBER_CAPACITY]);
/* Seconds or microseconds: two decimals, fewer when large. */
const char *cli_show_time(double value, char out[CLI_NUMBER_CAPACITY]);

/* cli_diagnosis.c: "overfitting (late), confidence 0.93" by the texts of that prefix; "" where the
 * result has no diagnosis. */
const char *cli_show_diagnosis(const mlsd_result *r, const char *prefix,
                               char out[CLI_DIAGNOSIS_CAPACITY]);

/* Write a whole file beside its place and rename it: what fails leaves what was there. */
int cli_write_file(const char *path, const char *text);

#endif
