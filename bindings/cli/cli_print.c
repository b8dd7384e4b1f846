/* cli_print.c - an experiment's result in a terminal of 80 columns: what was found, the
 * leaderboard, the loss curves as characters, the test part, the slices as dots with intervals, the
 * verdict. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_print.h"

static const mlsd_table *table_of(const mlsd_result *r, const char *name)
{
    const mlsd_table *t = mlsd_result_get_table(r, name);
    return t != NULL && mlsd_table_n_rows(t) > 0 ? t : NULL;
}

static double number_of(const mlsd_result *r, const char *name)
{
    double value = NAN;
    return mlsd_result_get_f64(r, name, &value) == MLSD_OK ? value : NAN;
}

static const char *text_of(const mlsd_result *r, const char *name)
{
    const char *text = "";
    return mlsd_result_get_str(r, name, &text) == MLSD_OK ? text : "";
}

static double cell(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t c = 0;
    double value = NAN;
    if (t == NULL || mlsd_table_find(t, column, &c) != MLSD_OK) return NAN;
    return mlsd_table_get_f64(t, c, row, 1, &value) == MLSD_OK ? value : NAN;
}

static const char *cell_text(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t c = 0;
    if (t == NULL || mlsd_table_find(t, column, &c) != MLSD_OK) return "";
    const char *text = mlsd_table_get_str(t, c, row);
    return text != NULL ? text : "";
}

/* Four significant digits at most nine wide; "-" where there is none. */
static const char *show(double value, char out[32])
{
    const double size = fabs(value);
    if (isnan(value))
        snprintf(out, 32, "-");
    else if (size != 0 && (size < 1e-3 || size >= 1e6))
        snprintf(out, 32, "%.2e", value);
    else if (size >= 1000 || value == nearbyint(value))
        snprintf(out, 32, "%.0f", value);
    else
        snprintf(out, 32, "%.*f", size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4, value);
    return out;
}

static void show_interval(double low, double high, char out[72])
{
    char a[32], b[32];
    if (isnan(low) || isnan(high))
        snprintf(out, 72, "-");
    else
        snprintf(out, 72, "[%s, %s]", show(low, a), show(high, b));
}

/* Bytes of the longest beginning of `text` that is at most `width` characters (code points). */
static int cut(const char *text, int width, int *out_characters)
{
    int bytes = 0, characters = 0;
    while (text[bytes] != '\0') {
        int next = bytes + 1;
        while (((unsigned char)text[next] & 0xc0) == 0x80) next++;
        if (characters == width) break;
        bytes = next;
        characters++;
    }
    *out_characters = characters;
    return bytes;
}

static void print_name(const char *text, int width)
{
    int characters;
    const int bytes = cut(text, width, &characters);
    printf("%.*s%*s", bytes, text, width - characters, "");
}

static void print_wrapped(const char *text)
{
    const int width = cli_width();
    while (*text != '\0') {
        int characters;
        int n = cut(text, width, &characters);
        if (text[n] != '\0') {
            int blank = n;
            while (blank > 0 && text[blank] != ' ') blank--;
            if (blank > 0) n = blank;
        }
        printf("%.*s\n", n, text);
        text += n;
        while (*text == ' ') text++;
    }
}

static void heading(const char *text)
{
    printf("\n%s\n", text);
}

static void print_data(const mlsd_result *r)
{
    const mlsd_table *columns = table_of(r, "columns"), *parts = table_of(r, "parts");
    char a[32];
    if (parts != NULL) {
        printf("parts:");
        for (int64_t i = 0; i < mlsd_table_n_rows(parts); i++)
            printf("%s %s %s", i > 0 ? "," : "", cell_text(parts, "part", i),
                   show(cell(parts, "rows", i), a));
        printf(" rows\n");
    }
    for (int64_t i = 0; columns != NULL && i < mlsd_table_n_rows(columns); i++) {
        const char *reason = cell_text(columns, "reason", i);
        if (*reason == '\0') continue;
        printf("  %s: %s (%s)\n", cell_text(columns, "column", i), cell_text(columns, "action", i),
               reason);
    }
}

static void print_leaderboard(const mlsd_result *r)
{
    const mlsd_table *board = table_of(r, "leaderboard");
    const mlsd_table *seconds = table_of(r, "timings.leaderboard");
    if (board == NULL) return;
    printf("\n  %-16s %9s %-18s %-18s%5s %5s %5s\n", "model", text_of(r, "metric"), "95 % interval",
           "vs simplest", "fit s", "us/row", "bytes");
    for (int64_t i = 0; i < mlsd_table_n_rows(board); i++) {
        char a[32], interval[72], difference[72];
        show_interval(cell(board, "low", i), cell(board, "high", i), interval);
        show_interval(cell(board, "difference_low", i), cell(board, "difference_high", i),
                      difference);
        printf("%c ", cell(board, "chosen", i) == 1 ? '>' : ' ');
        print_name(cell_text(board, "model", i), 16);
        printf(" %9s %-18s %-18s%5.2f %6.2f %5.0f\n", show(cell(board, "score", i), a), interval,
               i == 0 ? "" : difference, cell(seconds, "fit_seconds", i),
               cell(seconds, "predict_us_per_row", i), cell(board, "model_bytes", i));
    }
}

enum { CHART_ROWS = 12, CHART_LEFT = 10, MAX_CHART_COLUMNS = 200 };

static void range_of(const double *y, int64_t n, double *low, double *high)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(y[i])) continue;
        if (!(y[i] >= *low)) *low = y[i];
        if (!(y[i] <= *high)) *high = y[i];
    }
}

/* Training as '.', validation as 'o', the best epoch as a column of '|'. */
static void plot(const double *train, const double *valid, int64_t n, double best)
{
    static char canvas[CHART_ROWS][MAX_CHART_COLUMNS];
    const int width = cli_width() - CHART_LEFT - 2 < MAX_CHART_COLUMNS
                          ? cli_width() - CHART_LEFT - 2
                          : MAX_CHART_COLUMNS;
    double low = NAN, high = NAN;
    range_of(train, n, &low, &high);
    range_of(valid, n, &low, &high);
    if (!(high > low)) return;
    memset(canvas, ' ', sizeof canvas);
    const int64_t last = n > 1 ? n - 1 : 1;
    if (isfinite(best) && best >= 0 && best < (double)n)
        for (int y = 0; y < CHART_ROWS; y++) canvas[y][(int64_t)best * (width - 1) / last] = '|';
    const double *const series[] = {train, valid};
    for (int s = 0; s < 2; s++) {
        for (int64_t i = 0; i < n; i++) {
            if (!isfinite(series[s][i])) continue;
            const int y = (int)((high - series[s][i]) / (high - low) * (CHART_ROWS - 1) + 0.5);
            canvas[y][i * (width - 1) / last] = s == 0 ? '.' : 'o';
        }
    }
    for (int y = 0; y < CHART_ROWS; y++) {
        char a[32] = "";
        if (y == 0) show(high, a);
        if (y == CHART_ROWS - 1) show(low, a);
        printf("%*s |%.*s\n", CHART_LEFT - 2, a, width, canvas[y]);
    }
}

static void print_curve(const mlsd_result *r)
{
    const mlsd_table *curve = table_of(r, "curve");
    if (curve == NULL) return;
    const int64_t n = mlsd_table_n_rows(curve);
    double *values = malloc((size_t)n * 2 * sizeof *values);
    if (values == NULL) return;
    for (int64_t i = 0; i < n; i++) {
        values[i] = cell(curve, "train", i);
        values[n + i] = cell(curve, "valid", i);
    }
    const double best = number_of(r, "curve.best_epoch");
    printf("\nloss of '%s' over %lld epochs: . training, o validation, | best (epoch %.0f)\n",
           text_of(r, "curve.model"), (long long)n, best);
    plot(values, values + n, n, best);
    printf("  ended by: %s\n", text_of(r, "curve.stop_reason"));
    free(values);
}

static void print_test(const mlsd_result *r)
{
    const mlsd_table *test = table_of(r, "test");
    if (test == NULL) return;
    heading("test part, looked at once");
    printf("  %-16s %9s  %-20s %9s\n", "metric", "value", "95 % interval", "constant");
    for (int64_t i = 0; i < mlsd_table_n_rows(test); i++) {
        char a[32], b[32], interval[72];
        show_interval(cell(test, "low", i), cell(test, "high", i), interval);
        printf("  %-16s %9s  %-20s %9s\n", cell_text(test, "metric", i),
               show(cell(test, "value", i), a), interval, show(cell(test, "baseline", i), b));
    }
}

enum { SLICE_CELLS = 24 };

/* A dot in its interval, drawn in SLICE_CELLS characters over [low, high]. */
static void draw_interval(const mlsd_table *t, int64_t row, double low, double high,
                          char out[SLICE_CELLS + 1])
{
    memset(out, ' ', SLICE_CELLS);
    out[SLICE_CELLS] = '\0';
    const double value = cell(t, "value", row);
    const double from = cell(t, "low", row), to = cell(t, "high", row);
    if (!(high > low) || isnan(value)) return;
    const double unit = (SLICE_CELLS - 1) / (high - low);
    if (isfinite(from) && isfinite(to))
        for (int i = (int)((from - low) * unit); i <= (int)((to - low) * unit + 0.5); i++)
            if (i >= 0 && i < SLICE_CELLS) out[i] = '-';
    out[(int)((value - low) * unit + 0.5)] = 'o';
}

static void print_slices(const mlsd_result *r)
{
    const mlsd_table *slices = table_of(r, "slices");
    if (slices == NULL) return;
    const int64_t n = mlsd_table_n_rows(slices);
    double low = NAN, high = NAN;
    for (int64_t i = 0; i < n; i++) {
        const double ends[] = {cell(slices, "value", i), cell(slices, "low", i),
                               cell(slices, "high", i)};
        range_of(ends, 3, &low, &high);
    }
    printf("\n  %-22s %5s %9s  %-*s %s\n", "slice", "rows", text_of(r, "metric"), SLICE_CELLS, "",
           "p");
    for (int64_t i = 0; i < n; i++) {
        char a[32], b[32], name[128], picture[SLICE_CELLS + 1];
        const char *status = cell_text(slices, "status", i);
        snprintf(name, sizeof name, "%s = %s", cell_text(slices, "column", i),
                 cell_text(slices, "level", i));
        draw_interval(slices, i, low, high, picture);
        printf("  ");
        print_name(name, 22);
        printf(" %5.0f %9s  %s %s\n", cell(slices, "n", i), show(cell(slices, "value", i), a),
               picture, strcmp(status, "ok") == 0 ? show(cell(slices, "p_value", i), b) : status);
    }
}

void cli_print_experiment(const mlsd_result *result)
{
    print_data(result);
    print_leaderboard(result);
    print_curve(result);
    print_test(result);
    print_slices(result);
    putchar('\n');
    print_wrapped(mlsd_result_verdict(result));
}
