/* report_curves.c - the losses of the folds' trainings: for each model the mean over folds on
 * training and on test rows, with its band, and how many steps to train for. */
#include <math.h>
#include <string.h>

#include "base/kindtable.h"
#include "report/html_table.h"
#include "report/report_validation.h"
#include "report/svg.h"

enum { STEP, TRAIN, TRAIN_LOW, TRAIN_HIGH, TEST, TEST_LOW, TEST_HIGH, N_COLUMNS, MOST_MODELS = 8 };

static bool is_series(const mlsd_table *t, int64_t row, const char *model, const char *set)
{
    const char *const found[] = {mlsd__cell_text(t, "model", row), mlsd__cell_text(t, "set", row),
                                 mlsd__cell_text(t, "metric", row)};
    for (int64_t i = 0; i < MLSD__COUNT(found); i++)
        if (found[i] == NULL) return false;
    return strcmp(found[0], model) == 0 && strcmp(found[1], set) == 0 &&
           strcmp(found[2], "loss") == 0;
}

/* The means of a set at the steps of the training set, both by ascending step; NaN where it has
 * none. */
static void read_set(const mlsd_table *t, const char *model, const char *set, int64_t n,
                     const double *step, double *const columns[3])
{
    static const char *const names[3] = {"mean", "lower", "upper"};
    int64_t at = 0;
    for (int64_t i = 0; i < n; i++) columns[0][i] = columns[1][i] = columns[2][i] = NAN;
    for (int64_t row = 0; row < mlsd_table_n_rows(t); row++) {
        if (!is_series(t, row, model, set)) continue;
        const double x = mlsd__cell_number(t, "step", row);
        while (at < n && step[at] < x) at++;
        if (at == n || step[at] != x) continue;
        for (int c = 0; c < 3; c++) columns[c][at] = mlsd__cell_number(t, names[c], row);
    }
}

static void draw_model(mlsd__text *t, const mlsd_table *means, const char *model, double best,
                       double *values)
{
    const int64_t n_rows = mlsd_table_n_rows(means);
    double *column[N_COLUMNS];
    int64_t n = 0;
    for (int c = 0; c < N_COLUMNS; c++) column[c] = values + c * n_rows;
    for (int64_t row = 0; row < n_rows; row++)
        if (is_series(means, row, model, "train"))
            column[STEP][n++] = mlsd__cell_number(means, "step", row);
    if (n < 2) return;
    read_set(means, model, "train", n, column[STEP], column + TRAIN);
    read_set(means, model, "test", n, column[STEP], column + TEST);
    const mlsd__svg_line lines[] = {
        {"test rows", "valid", column[TEST], column[TEST_LOW], column[TEST_HIGH]},
        {"training rows", "train", column[TRAIN], column[TRAIN_LOW], column[TRAIN_HIGH]},
    };
    mlsd__text_append(t, "<p>");
    mlsd__html_text(t, model);
    mlsd__text_append(t, "</p>\n");
    mlsd__svg_lines(t, "Loss by epoch, mean over the folds", "epoch", "loss", column[STEP], n,
                    lines, MLSD__COUNT(lines), best - 1, "best");
}

static void draw_models(mlsd__text *t, const mlsd_table *means, const mlsd_table *steps)
{
    double *const values =
        mlsd__alloc(t->allocator, mlsd_table_n_rows(means) * N_COLUMNS, sizeof *values);
    if (values == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    for (int64_t i = 0; i < mlsd_table_n_rows(steps) && i < MOST_MODELS; i++) {
        const char *const model = mlsd__cell_text(steps, "model", i);
        if (model != NULL) draw_model(t, means, model, mlsd__cell_number(steps, "best", i), values);
    }
    mlsd__free(t->allocator, values);
}

void mlsd__report_fold_curves(mlsd__text *t, const mlsd_result *r)
{
    static const mlsd__html_column columns[] = {{"model", "model", NULL},
                                                {"n_folds", "folds", NULL},
                                                {"loss", "least mean loss", NULL},
                                                {"best", "epochs: best mean", NULL},
                                                {"one_se", "within one standard error", NULL},
                                                {"refit", "to refit on all rows", NULL}};
    const mlsd_table *const means = mlsd__report_table(r, "curve_means");
    const mlsd_table *const steps = mlsd__report_table(r, "refit_steps");
    const char *const missing = mlsd__report_text(r, "curves.missing");
    if (means == NULL || steps == NULL) return;
    mlsd__text_append(t, "<h2>How the folds were trained</h2>\n");
    if (mlsd_table_n_rows(steps) > 0) {
        draw_models(t, means, steps);
        mlsd__text_append(t, "<p class=\"soft\">Bands are 95 % intervals of the mean over folds, "
                             "somewhat too narrow because folds share training rows. Test rows "
                             "were looked at and decided nothing.</p>\n");
        mlsd__html_table(t, steps, columns, MLSD__COUNT(columns), NULL);
    }
    if (*missing == '\0') return;
    mlsd__text_append(t, "<p class=\"soft\">");
    mlsd__html_text(t, missing);
    mlsd__text_append(t, ".</p>\n");
}
