/* bench_predict.c - how long one row takes through C: loads a model file and rows of doubles,
 * predicts row after row, and prints one JSON object with the microseconds of a call, the process's
 * peak memory and the first predictions, which run.py compares with scikit-learn's. Blocks of calls
 * are timed, since one call is about as short as the clock is coarse.
 *
 * Usage: bench_predict MODEL ROWS N_COLUMNS OUTPUT N_CALLS
 * OUTPUT is "value" or "proba"; ROWS holds row-major doubles in the machine's byte order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mlsd/mlsd.h"

enum { CALLS_IN_BLOCK = 256, MAX_PRINTED = 100 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "bench_predict: %s: %s\n", what, why);
    return 1;
}

/* All whole rows of the file; NULL when there is none. */
static double *read_rows(const char *path, int64_t n_columns, int64_t *out_rows)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL) return NULL;
    double *rows = NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        const long size = ftell(file);
        *out_rows = size / (n_columns * (int64_t)sizeof *rows);
        rewind(file);
        if (*out_rows > 0) rows = malloc((size_t)size);
        if (rows != NULL && fread(rows, 1, (size_t)size, file) != (size_t)size) {
            free(rows);
            rows = NULL;
        }
    }
    fclose(file);
    return rows;
}

static long peak_kilobytes(void)
{
    char line[256];
    long kilobytes = 0;
    FILE *const file = fopen("/proc/self/status", "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) kilobytes = strtol(line + 6, NULL, 10);
    }
    fclose(file);
    return kilobytes;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Seconds of a call in each block, sorted. */
static mlsd_status time_calls(const mlsd_context *context, const mlsd_model *model,
                              const double *rows, int64_t n_rows, int64_t n_columns,
                              mlsd_output what, int64_t n_blocks, double *seconds)
{
    double out[64];
    int64_t row = 0;
    for (int64_t block = 0; block < n_blocks; block++) {
        const double start = now();
        for (int i = 0; i < CALLS_IN_BLOCK; i++) {
            const mlsd_matrix x = {rows + row * n_columns, 1, n_columns, n_columns, 1, MLSD_F64, 0};
            const mlsd_status status = mlsd_model_predict_matrix(context, model, &x, what, out, 64);
            if (status != MLSD_OK) return status;
            if (++row == n_rows) row = 0;
        }
        seconds[block] = (now() - start) / CALLS_IN_BLOCK;
    }
    qsort(seconds, (size_t)n_blocks, sizeof *seconds, ascending);
    return MLSD_OK;
}

/* The last output of each of the first rows: the number, or the probability of the last class. */
static mlsd_status print_predictions(const mlsd_context *context, const mlsd_model *model,
                                     const double *rows, int64_t n_rows, int64_t n_columns,
                                     mlsd_output what)
{
    double out[64];
    const int64_t width = mlsd_model_n_outputs(model, what);
    for (int64_t i = 0; i < n_rows && i < MAX_PRINTED; i++) {
        const mlsd_matrix x = {rows + i * n_columns, 1, n_columns, n_columns, 1, MLSD_F64, 0};
        const mlsd_status status = mlsd_model_predict_matrix(context, model, &x, what, out, 64);
        if (status != MLSD_OK) return status;
        printf("%s%.17g", i == 0 ? "" : ", ", out[width - 1]);
    }
    return MLSD_OK;
}

static int run(char **argv)
{
    const int64_t n_columns = strtoll(argv[3], NULL, 10);
    const mlsd_output what = strcmp(argv[4], "proba") == 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
    const int64_t n_blocks = 1 + strtoll(argv[5], NULL, 10) / CALLS_IN_BLOCK;
    int64_t n_rows = 0;
    mlsd_context *context = NULL;
    mlsd_model *model = NULL;
    double *const rows = n_columns > 0 ? read_rows(argv[2], n_columns, &n_rows) : NULL;
    double *const seconds = calloc((size_t)n_blocks, sizeof *seconds);
    int code = 1;
    if (rows == NULL || seconds == NULL) {
        fail(argv[2], "no rows of doubles there, or no memory for them");
        goto out;
    }
    if (mlsd_context_new(&context) != MLSD_OK ||
        mlsd_model_load(context, argv[1], &model) != MLSD_OK) {
        fail(argv[1], mlsd_last_error());
        goto out;
    }
    if (mlsd_model_n_outputs(model, what) > 64 ||
        time_calls(context, model, rows, n_rows, n_columns, what, n_blocks, seconds) != MLSD_OK) {
        fail("predict", mlsd_last_error());
        goto out;
    }
    double total = 0;
    for (int64_t i = 0; i < n_blocks; i++) total += seconds[i];
    printf("{\"mean_us\": %.6g, \"median_us\": %.6g, \"best_us\": %.6g, \"p99_us\": %.6g, "
           "\"peak_kb\": %ld, ",
           1e6 * total / (double)n_blocks, 1e6 * seconds[n_blocks / 2], 1e6 * seconds[0],
           1e6 * seconds[n_blocks * 99 / 100], peak_kilobytes());
    printf("\"predictions\": [");
    if (print_predictions(context, model, rows, n_rows, n_columns, what) != MLSD_OK) goto out;
    printf("]}\n");
    code = 0;
out:
    free(seconds);
    free(rows);
    mlsd_model_free(model);
    mlsd_context_free(context);
    return code;
}

int main(int argc, char **argv)
{
    if (argc != 6) return fail("usage", "bench_predict MODEL ROWS N_COLUMNS OUTPUT N_CALLS");
    return run(argv);
}
