/* slices.c - for whom is a rule of thumb wrong? From a CSV file to groups with their intervals.
 *
 *   cc slices.c $(pkg-config --cflags --libs mlsd) -o slices && ./slices
 * docs/examples/data/hmda.csv
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <mlsd/mlsd.h>

static const char json[] = "{\"kind\": \"slice_metrics\", \"by\": [\"afam\", \"single\"], "
                           "\"metrics\": [\"recall\"]}";

/* A number of a table; NaN where there is none. */
static double number(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t j = 0;
    double x = NAN;
    if (!mlsd_table_find(t, column, &j)) mlsd_table_get_f64(t, j, row, 1, &x);
    return x;
}

static const char *text(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t j = 0;
    return mlsd_table_find(t, column, &j) ? "" : mlsd_table_get_str(t, j, row);
}

int main(int argc, char **argv)
{
    mlsd_table *people = NULL;
    mlsd_spec *analysis = NULL;
    mlsd_result *found = NULL;
    mlsd_status status = argc > 1 ? MLSD_OK : MLSD_E_ARG;
    if (!status) status = mlsd_table_read_csv(NULL, argv[1], NULL, &people);
    if (!status) status = mlsd_spec_from_json(NULL, json, &analysis);
    const int64_t n = status ? 0 : mlsd_table_n_rows(people);
    double *denied = calloc((size_t)n + 1, sizeof *denied); /* what is true */
    double *guess = calloc((size_t)n + 1, sizeof *guess);   /* what is predicted */
    for (int64_t i = 0; i < n; i++) {
        denied[i] = text(people, "deny", i)[0] == 'y';
        guess[i] = number(people, "pirat", i) > 0.45; /* payments above 45 % of income */
    }
    const mlsd_matrix y = {denied, n, 1, 1, 1, MLSD_F64, 0}, p = {guess, n, 1, 1, 1, MLSD_F64, 0};
    if (!status) status = mlsd_slice_run(NULL, analysis, people, &y, &p, NULL, &found);
    if (!status) {
        const mlsd_table *groups = mlsd_result_get_table(found, "slices");
        for (int64_t g = 0; g < mlsd_table_n_rows(groups); g++)
            printf("%-14s %.3f [%.3f, %.3f] %s\n", text(groups, "slice", g),
                   number(groups, "value", g), number(groups, "low", g), number(groups, "high", g),
                   text(groups, "status", g));
        puts(mlsd_result_verdict(found));
    } else {
        fprintf(stderr, "%s\n", argc > 1 ? mlsd_last_error() : "usage: slices FILE.csv");
    }
    free(guess);
    free(denied);
    mlsd_result_free(found);
    mlsd_spec_free(analysis);
    mlsd_table_free(people);
    return status != MLSD_OK;
}
