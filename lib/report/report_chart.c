/* report_chart.c - the pictures of a report: models with their interval and their folds, losses
 * over epochs. Where there are more models than a picture holds the first are shown. */
#include "report/report_chart.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "report/html_table.h"
#include "report/svg.h"

enum { MOST_ROWS = 60 };

static bool texts_equal(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The scores of a model's folds, next to each other in `out`; returns their number. */
static int64_t fold_scores(const mlsd_table *folds, const char *model, double *out)
{
    int64_t n = 0;
    for (int64_t i = 0; folds != NULL && i < mlsd_table_n_rows(folds); i++) {
        if (texts_equal(mlsd__cell_text(folds, "model", i), model))
            out[n++] = mlsd__cell_number(folds, "score", i);
    }
    return n;
}

void mlsd__chart_leaderboard(mlsd__text *t, const mlsd_result *r, const mlsd_table *board)
{
    const mlsd_table *folds = mlsd__report_table(r, "fold_scores");
    const int64_t n_board = mlsd_table_n_rows(board);
    const int64_t n = n_board < MOST_ROWS ? n_board : MOST_ROWS;
    const int64_t n_scores = folds != NULL ? mlsd_table_n_rows(folds) : 0;
    mlsd__svg_row rows[MOST_ROWS] = {0};
    double *scores = mlsd__alloc(t->allocator, n_scores + 1, sizeof *scores);
    if (scores == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    double *free_scores = scores;
    for (int64_t i = 0; i < n; i++) {
        const char *model = mlsd__cell_text(board, "model", i);
        rows[i].label = model != NULL ? model : "";
        rows[i].value = mlsd__cell_number(board, "score", i);
        rows[i].low = mlsd__cell_number(board, "low", i);
        rows[i].high = mlsd__cell_number(board, "high", i);
        rows[i].strong = mlsd__cell_number(board, "chosen", i) == 1;
        rows[i].note = rows[i].strong ? "chosen" : NULL;
        rows[i].points = free_scores;
        if (free_scores < scores + n_scores)
            rows[i].n_points = fold_scores(folds, rows[i].label, free_scores);
        free_scores += rows[i].n_points;
    }
    mlsd__svg_intervals(t, "Score of each model with its interval and its folds",
                        mlsd__report_text(r, "metric"), rows, n, NAN, "");
    mlsd__free(t->allocator, scores);
}

void mlsd__chart_front(mlsd__text *t, const mlsd_result *r, const mlsd_table *board,
                       const mlsd_table *seconds)
{
    const int64_t n_board = mlsd_table_n_rows(board);
    const int64_t n = n_board < MLSD__SVG_POINTS ? n_board : MLSD__SVG_POINTS;
    mlsd__svg_point points[MLSD__SVG_POINTS];
    for (int64_t i = 0; i < n; i++) {
        const char *model = mlsd__cell_text(board, "model", i);
        points[i] = (mlsd__svg_point){
            .label = model != NULL ? model : "",
            .x = mlsd__cell_number(seconds, "predict_us_per_row", i),
            .value = mlsd__cell_number(board, "score", i),
            .low = mlsd__cell_number(board, "low", i),
            .high = mlsd__cell_number(board, "high", i),
            .size = mlsd__cell_number(board, "model_bytes", i),
            .strong = mlsd__cell_number(board, "chosen", i) == 1,
            .muted = mlsd__cell_number(seconds, "on_front", i) != 1,
        };
    }
    mlsd__svg_front(t, "Score of each model over the time that a prediction takes",
                    "microseconds a row", mlsd__report_text(r, "metric"), points, n);
}

static const char *const curve_lines[] = {"train", "valid"};
static const char *const curve_labels[] = {"training", "validation"};
enum { N_CURVES = 2 };

static bool read_column(const mlsd_table *table, const char *name, double *out, int64_t n)
{
    for (int64_t column = 0; column < mlsd_table_n_columns(table); column++) {
        if (strcmp(mlsd_table_name(table, column), name) == 0)
            return mlsd_table_get_f64(table, column, 0, n, out) == MLSD_OK;
    }
    return false;
}

static void draw_curve(mlsd__text *t, const mlsd_result *r, const mlsd_table *curve, double *values)
{
    const int64_t n = mlsd_table_n_rows(curve);
    mlsd__svg_line lines[N_CURVES];
    int64_t n_lines = 0;
    double *x = values;
    if (!read_column(curve, "epoch", x, n) && !read_column(curve, "step", x, n)) return;
    for (int k = 0; k < N_CURVES; k++) {
        double *y = values + (k + 1) * n;
        if (!read_column(curve, curve_lines[k], y, n)) continue;
        lines[n_lines++] = (mlsd__svg_line){curve_labels[k], curve_lines[k], y, NULL, NULL};
    }
    if (n_lines > 0)
        mlsd__svg_lines(t, "Training and validation loss by epoch", "epoch", "loss", x, n, lines,
                        n_lines, mlsd__report_number(r, "curve.best_epoch"), "best");
}

void mlsd__chart_curve(mlsd__text *t, const mlsd_result *r, const mlsd_table *curve)
{
    double *values =
        mlsd__alloc(t->allocator, mlsd_table_n_rows(curve) * (N_CURVES + 1), sizeof *values);
    if (values == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    draw_curve(t, r, curve, values);
    mlsd__free(t->allocator, values);
}
