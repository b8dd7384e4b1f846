/* report_chart.c - the pictures of a report: models with their interval and their folds, slices
 * with their interval, losses over epochs. Where there are more rows than a picture holds, models
 * are shown from the first and slices from the worst. */
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

/* Slices that cannot be judged come after the others, those with more rows first. */
static const double UNJUDGED = 1e15;

/* Larger is worse. */
static double badness(const mlsd_table *slices, int64_t row, double sign)
{
    const double value = mlsd__cell_number(slices, "value", row);
    const bool is_ok = texts_equal(mlsd__cell_text(slices, "status", row), "ok");
    if (is_ok && isfinite(value)) return -sign * value;
    return mlsd__cell_number(slices, "n", row) - UNJUDGED;
}

/* The rows to draw, in the table's order: all, or the worst ones. */
static int64_t choose_slices(const mlsd_table *slices, double sign, int64_t out[MOST_ROWS])
{
    const int64_t n = mlsd_table_n_rows(slices);
    double bad[MOST_ROWS];
    int64_t n_out = 0;
    for (int64_t i = 0; i < n; i++) {
        const double new_bad = badness(slices, i, sign);
        int64_t place = n_out;
        if (n_out == MOST_ROWS) {
            int64_t mildest = 0;
            for (int64_t k = 1; k < MOST_ROWS; k++) {
                if (bad[k] <= bad[mildest]) mildest = k;
            }
            if (!(new_bad > bad[mildest])) continue;
            place = MOST_ROWS - 1;
            memmove(out + mildest, out + mildest + 1, (size_t)(place - mildest) * sizeof *out);
            memmove(bad + mildest, bad + mildest + 1, (size_t)(place - mildest) * sizeof *bad);
        } else {
            n_out++;
        }
        out[place] = i;
        bad[place] = new_bad;
    }
    return n_out;
}

typedef struct slice_texts {
    mlsd__text labels[MOST_ROWS]; /* "column = level" */
    mlsd__text notes[MOST_ROWS];  /* "n = 48" */
} slice_texts;

static void fill_slice(const mlsd_table *slices, int64_t row, const char *worst, mlsd__text *label,
                       mlsd__text *note, mlsd__svg_row *out)
{
    const char *column = mlsd__cell_text(slices, "column", row);
    const char *level = mlsd__cell_text(slices, "level", row);
    const char *status = mlsd__cell_text(slices, "status", row);
    const bool is_ok = status == NULL || strcmp(status, "ok") == 0;
    mlsd__text_format(label, "%s = %s", column != NULL ? column : "", level != NULL ? level : "");
    mlsd__text_append(note, "n = ");
    mlsd__html_number(note, mlsd__cell_number(slices, "n", row));
    if (!is_ok) mlsd__text_format(note, ", %s", status);
    *out = (mlsd__svg_row){
        .label = label->data != NULL ? label->data : "",
        .note = note->data,
        .value = mlsd__cell_number(slices, "value", row),
        .low = mlsd__cell_number(slices, "low", row),
        .high = mlsd__cell_number(slices, "high", row),
        .muted = !is_ok,
    };
    out->strong = strcmp(worst, out->label) == 0;
}

void mlsd__chart_slices(mlsd__text *t, const mlsd_result *r, const mlsd_table *slices)
{
    const double sign = mlsd__report_number(r, "direction") > 0 ? 1 : -1;
    int64_t chosen[MOST_ROWS];
    const int64_t n = choose_slices(slices, sign, chosen);
    mlsd__svg_row rows[MOST_ROWS];
    slice_texts texts;
    for (int64_t i = 0; i < n; i++) {
        mlsd__text_init(&texts.labels[i], t->allocator);
        mlsd__text_init(&texts.notes[i], t->allocator);
        fill_slice(slices, chosen[i], mlsd__report_text(r, "slices.worst"), &texts.labels[i],
                   &texts.notes[i], &rows[i]);
        if (texts.labels[i].status != MLSD_OK || texts.notes[i].status != MLSD_OK)
            t->status = MLSD_E_NOMEM;
    }
    mlsd__svg_intervals(t, "Score of each slice with its interval", mlsd__report_text(r, "metric"),
                        rows, n, mlsd__cell_number(mlsd__report_table(r, "test"), "value", 0),
                        "all test rows");
    for (int64_t i = 0; i < n; i++) {
        mlsd__text_free(&texts.labels[i]);
        mlsd__text_free(&texts.notes[i]);
    }
    if (n < mlsd_table_n_rows(slices))
        mlsd__text_format(t, "<p class=\"soft\">The worst %lld of %lld slices.</p>\n", (long long)n,
                          (long long)mlsd_table_n_rows(slices));
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
