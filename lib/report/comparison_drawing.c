/* comparison_drawing.c - a comparison of models as a picture, for a page (SVG) and for a terminal.
 * Of mean ranks the diagram of Demsar (2006), JMLR 7:1, figure 1: models on a line of ranks, bars
 * over those that cannot be told apart. Of everything else a line for each pair: the difference
 * and its interval beside zero. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mlsd/report.h"
#include "base/handle.h"
#include "base/scope.h"
#include "base/text.h"
#include "numeric/rank.h"
#include "report/svg.h"
#include "validate/result_impl.h"
#include "validate/words.h"

enum { MOST_PAIRS = 40, MOST_BARS = 26, NAME_WIDTH = 24 };

typedef struct drawn_model {
    const char *name;
    double rank;
} drawn_model;

typedef struct drawn_pair {
    const char *a, *b;
    double value, low, high;
    bool is_apart;
} drawn_pair;

/* Models from first to last that cannot be told apart, by position. */
typedef struct drawn_bar {
    int64_t first, last;
} drawn_bar;

typedef struct comparison_drawing {
    bool is_of_ranks;
    double critical;     /* difference of mean ranks */
    drawn_model *models; /* by mean rank, where it is of ranks */
    drawn_pair *pairs;
    int64_t n_models, n_pairs;
    drawn_bar bars[MOST_BARS];
    int64_t n_bars;
} comparison_drawing;

static double number_at(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t j;
    double value = NAN;
    if (mlsd_table_find(t, column, &j) != MLSD_OK) return NAN;
    return mlsd_table_get_f64(t, j, row, 1, &value) == MLSD_OK ? value : (double)NAN;
}

static const char *text_at(const mlsd_table *t, const char *column, int64_t row)
{
    int64_t j;
    const char *text = NULL;
    if (mlsd_table_find(t, column, &j) == MLSD_OK) text = mlsd_table_get_str(t, j, row);
    return text != NULL ? text : "";
}

/* ---- what is drawn ---- */

static mlsd_status read_models(mlsd__scope *scope, const mlsd_table *ranks, comparison_drawing *d)
{
    const mlsd__allocator *const a = scope->allocator;
    d->n_models = mlsd_table_n_rows(ranks);
    d->models = mlsd__alloc(a, d->n_models, sizeof *d->models);
    double *const rank = mlsd__alloc_raw(a, d->n_models, sizeof *rank);
    int64_t *const order = mlsd__alloc_raw(a, d->n_models, sizeof *order);
    mlsd_status status =
        d->models == NULL || rank == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t j = 0; j < d->n_models && status == MLSD_OK; j++)
        rank[j] = number_at(ranks, "mean_rank", j);
    if (status == MLSD_OK) status = mlsd__argsort(a, rank, d->n_models, order);
    for (int64_t j = 0; j < d->n_models && status == MLSD_OK; j++)
        d->models[j] =
            (drawn_model){.name = text_at(ranks, "model", order[j]), .rank = rank[order[j]]};
    mlsd__free(a, order);
    mlsd__free(a, rank);
    return status;
}

static mlsd_status read_pairs(mlsd__scope *scope, const mlsd_table *pairs, comparison_drawing *d)
{
    d->n_pairs = mlsd_table_n_rows(pairs);
    d->pairs = mlsd__alloc(scope->allocator, d->n_pairs, sizeof *d->pairs);
    if (d->pairs == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < d->n_pairs; i++)
        d->pairs[i] = (drawn_pair){.a = text_at(pairs, "a", i),
                                   .b = text_at(pairs, "b", i),
                                   .value = number_at(pairs, "difference", i),
                                   .low = number_at(pairs, "low", i),
                                   .high = number_at(pairs, "high", i),
                                   .is_apart = *text_at(pairs, "better", i) != '\0'};
    return MLSD_OK;
}

/* Was the pair of these positions compared without being told apart? */
static bool is_together(const comparison_drawing *d, int64_t i, int64_t j)
{
    const char *const u = d->models[i].name, *const v = d->models[j].name;
    for (int64_t k = 0; k < d->n_pairs; k++) {
        const drawn_pair *const p = &d->pairs[k];
        if ((strcmp(p->a, u) == 0 && strcmp(p->b, v) == 0) ||
            (strcmp(p->a, v) == 0 && strcmp(p->b, u) == 0))
            return !p->is_apart;
    }
    return false;
}

/* The longest bar from each model on that no earlier bar holds. */
static mlsd_status find_bars(mlsd__scope *scope, comparison_drawing *d)
{
    int64_t reached = -1;
    for (int64_t i = 0; i < d->n_models && d->n_bars < MOST_BARS; i++) {
        int64_t last = i;
        for (int64_t j = d->n_models - 1; j > i && last == i; j--) {
            if (is_together(d, i, j)) last = j;
        }
        if (last > reached && last > i) d->bars[d->n_bars++] = (drawn_bar){i, last};
        if (last > reached) reached = last;
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status drawing_make(mlsd__scope *scope, const mlsd_result *result,
                                comparison_drawing *d)
{
    const mlsd_table *const ranks = mlsd_result_get_table(result, "ranks"),
                            *const pairs = mlsd_result_get_table(result, "pairs");
    if (ranks == NULL || pairs == NULL) return MLSD_E_INTERNAL;
    MLSD__TRY(read_pairs(scope, pairs, d));
    d->critical = NAN;
    for (int64_t i = 0; i < result->n_entries; i++) {
        if (strcmp(result->entries[i].name, "critical_difference") == 0)
            d->critical = result->entries[i].number;
    }
    d->is_of_ranks = !isnan(d->critical);
    if (!d->is_of_ranks) return MLSD_OK;
    MLSD__TRY(read_models(scope, ranks, d));
    return find_bars(scope, d);
}

static void drawing_free(const mlsd__allocator *a, comparison_drawing *d)
{
    mlsd__free(a, d->models);
    mlsd__free(a, d->pairs);
}

static int64_t n_shown(const comparison_drawing *d)
{
    return d->n_pairs < MOST_PAIRS ? d->n_pairs : MOST_PAIRS;
}

/* What the lines of pairs span: intervals and zero, with a margin. */
static void find_span(const comparison_drawing *d, double *low, double *high)
{
    *low = *high = 0;
    for (int64_t i = 0; i < n_shown(d); i++) {
        const double ends[] = {d->pairs[i].value, d->pairs[i].low, d->pairs[i].high};
        for (int k = 0; k < 3; k++) {
            if (!isfinite(ends[k])) continue;
            *low = fmin(*low, ends[k]);
            *high = fmax(*high, ends[k]);
        }
    }
    if (*high == *low) *high = *low + 1;
    const double margin = 0.04 * (*high - *low);
    *low -= margin;
    *high += margin;
}

/* ---- a page ---- */

enum {
    WIDTH = 720,
    LEFT = 195,
    RIGHT = 195,
    AXIS_TOP = 58,
    BAR_STEP = 9,
    LABEL_STEP = 22,
    PAIR_STEP = 24,
    PAGE_NAME = 20, /* characters that fit */
    PAIR_NAME = 13,
    PAIR_LEFT = 220,
    PAIR_RIGHT = 190
};

static const char page_style[] =
    ".compare{--ink:#1b1f24;--soft:#57606a;--paper:#fff;--mark:#0969da;--apart:#b84a00;"
    "font:13px system-ui,sans-serif}\n"
    "@media(prefers-color-scheme:dark){.compare{--ink:#e6edf3;--soft:#9198a1;--paper:#0d1117;"
    "--mark:#58a6ff;--apart:#ffb077}}\n"
    ".compare .paper{fill:var(--paper)}.compare text{fill:var(--ink)}"
    ".compare .soft{fill:var(--soft);font-size:12px}\n"
    ".compare .end{text-anchor:end}.compare .middle{text-anchor:middle}\n"
    ".compare .axis{stroke:var(--soft);stroke-width:1;fill:none}"
    ".compare .lead{stroke:var(--ink);stroke-width:1;fill:none}\n"
    ".compare .bar{stroke:var(--mark);stroke-width:5;stroke-linecap:round}"
    ".compare .pair{stroke:var(--mark);stroke-width:2}.compare circle{fill:var(--mark)}\n"
    ".compare .apart .pair{stroke:var(--apart)}.compare .apart circle{fill:var(--apart)}\n";

static void number(mlsd__text *t, const char *before, double value)
{
    mlsd__text_append(t, before);
    mlsd__text_fixed(t, value, 1);
}

static void put_line(mlsd__text *t, const char *style, double x1, double y1, double x2, double y2)
{
    mlsd__text_format(t, "<line class=\"%s\"", style);
    number(t, " x1=\"", x1);
    number(t, "\" y1=\"", y1);
    number(t, "\" x2=\"", x2);
    number(t, "\" y2=\"", y2);
    mlsd__text_append(t, "\"/>\n");
}

static void open_text(mlsd__text *t, const char *style, double x, double y)
{
    mlsd__text_format(t, "<text class=\"%s\"", style);
    number(t, " x=\"", x);
    number(t, "\" y=\"", y);
    mlsd__text_append(t, "\">");
}

/* A name, cut at a whole character. */
static size_t cut_name(const char *name, int most, bool *is_cut)
{
    size_t end = 0, before_last = 0;
    int n = 0;
    for (; name[end] != '\0'; end++) {
        if (((unsigned char)name[end] & 0xc0) == 0x80) continue;
        if (++n == most) before_last = end;
        if (n > most) break;
    }
    *is_cut = n > most;
    return *is_cut ? before_last : end;
}

static void put_name_text(mlsd__text *t, const mlsd__allocator *a, const char *name, int most)
{
    bool is_cut;
    char *const copy = mlsd__strndup(a, name, cut_name(name, most, &is_cut));
    if (copy == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    mlsd__html_text(t, copy);
    if (is_cut) mlsd__text_append(t, "\xe2\x80\xa6");
    mlsd__free(a, copy);
}

static void open_page(mlsd__text *t, int height, const char *title)
{
    mlsd__text_format(
        t,
        "<svg class=\"compare\" xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
        "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\"><title>%s</title>\n<style>\n",
        WIDTH, height, WIDTH, height, title);
    mlsd__text_append(t, page_style);
    mlsd__text_format(t,
                      "</style>\n<rect class=\"paper\" x=\"0\" y=\"0\" width=\"%d\" "
                      "height=\"%d\"/>\n",
                      WIDTH, height);
}

static double rank_x(const comparison_drawing *d, double rank)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * (rank - 1) / (double)(d->n_models - 1);
}

static void draw_axis(mlsd__text *t, const comparison_drawing *d)
{
    put_line(t, "axis", LEFT, AXIS_TOP, WIDTH - RIGHT, AXIS_TOP);
    const int64_t step = d->n_models > 20 ? d->n_models / 10 : 1;
    for (int64_t k = 1; k <= d->n_models; k += step) {
        const double x = rank_x(d, (double)k);
        put_line(t, "axis", x, AXIS_TOP - 6, x, AXIS_TOP);
        open_text(t, "soft middle", x, AXIS_TOP - 10);
        mlsd__text_format(t, "%lld</text>\n", (long long)k);
    }
    const double end = fmin(rank_x(d, 1 + d->critical), WIDTH - 10);
    put_line(t, "lead", LEFT, 20, end, 20);
    put_line(t, "lead", LEFT, 15, LEFT, 25);
    put_line(t, "lead", end, 15, end, 25);
    open_text(t, "soft end", LEFT - 10, 24);
    mlsd__text_append(t, "critical difference ");
    mlsd__html_number(t, d->critical);
    mlsd__text_append(t, "</text>\n");
}

/* The better half to the left from the top, the other to the right, the last at the top: no line
 * crosses another. */
static void draw_model(mlsd__text *t, const mlsd__allocator *a, const comparison_drawing *d,
                       int64_t j, double top)
{
    const int64_t n_left = (d->n_models + 1) / 2;
    const bool is_left = j < n_left;
    const double x = rank_x(d, d->models[j].rank);
    const double y = top + LABEL_STEP * (double)(is_left ? j : d->n_models - 1 - j);
    const double side = is_left ? LEFT - 24 : WIDTH - RIGHT + 24;
    mlsd__text_append(t, "<path class=\"lead\"");
    number(t, " d=\"M", x);
    number(t, " ", AXIS_TOP);
    number(t, "V", y);
    number(t, "H", side);
    mlsd__text_append(t, "\"/>\n");
    open_text(t, is_left ? "end" : "", is_left ? side - 6 : side + 6, y + 4);
    put_name_text(t, a, d->models[j].name, PAGE_NAME);
    mlsd__text_append(t, "</text>\n");
    open_text(t, is_left ? "soft" : "soft end", is_left ? side + 2 : side - 2, y - 3);
    mlsd__text_fixed(t, d->models[j].rank, 2);
    mlsd__text_append(t, "</text>\n");
}

static void draw_ranks(mlsd__text *t, const mlsd__allocator *a, const comparison_drawing *d)
{
    const double top = AXIS_TOP + 22 + BAR_STEP * (double)d->n_bars;
    const int64_t n_left = (d->n_models + 1) / 2;
    open_page(t, (int)(top + LABEL_STEP * (double)n_left + 6),
              "Mean ranks; models under one bar cannot be told apart");
    draw_axis(t, d);
    for (int64_t j = 0; j < d->n_models; j++) draw_model(t, a, d, j, top);
    for (int64_t b = 0; b < d->n_bars; b++) {
        const double y = AXIS_TOP + 10 + BAR_STEP * (double)b;
        put_line(t, "bar", rank_x(d, d->models[d->bars[b].first].rank) - 2, y,
                 rank_x(d, d->models[d->bars[b].last].rank) + 2, y);
    }
    mlsd__text_append(t, "</svg>\n");
}

static void draw_pair(mlsd__text *t, const mlsd__allocator *a, const drawn_pair *p, double low,
                      double high, double y)
{
    const double unit = (WIDTH - PAIR_LEFT - PAIR_RIGHT) / (high - low);
    open_text(t, "end", PAIR_LEFT - 12, y + 4);
    put_name_text(t, a, p->b, PAIR_NAME);
    mlsd__text_append(t, " \xe2\x88\x92 ");
    put_name_text(t, a, p->a, PAIR_NAME);
    mlsd__text_append(t, "</text>\n");
    if (isnan(p->value)) return;
    mlsd__text_append(t, p->is_apart ? "<g class=\"apart\">" : "<g>");
    if (isfinite(p->low) && isfinite(p->high))
        put_line(t, "pair", PAIR_LEFT + (p->low - low) * unit, y,
                 PAIR_LEFT + (p->high - low) * unit, y);
    number(t, "<circle cx=\"", PAIR_LEFT + (p->value - low) * unit);
    number(t, "\" cy=\"", y);
    mlsd__text_append(t, "\" r=\"4.5\"/></g>\n");
    open_text(t, "soft", WIDTH - PAIR_RIGHT + 10, y + 4);
    mlsd__html_number(t, p->value);
    if (isfinite(p->low) && isfinite(p->high)) {
        mlsd__text_append(t, " (");
        mlsd__html_number(t, p->low);
        mlsd__text_append(t, " to ");
        mlsd__html_number(t, p->high);
        mlsd__text_append(t, ")");
    }
    mlsd__text_append(t, "</text>\n");
}

static void draw_pairs(mlsd__text *t, const mlsd__allocator *a, const comparison_drawing *d)
{
    double low, high;
    find_span(d, &low, &high);
    const double bottom = 14 + PAIR_STEP * (double)n_shown(d);
    const double zero = PAIR_LEFT - low * (WIDTH - PAIR_LEFT - PAIR_RIGHT) / (high - low);
    open_page(t, (int)bottom + 24, "Differences between models with their intervals");
    put_line(t, "axis", zero, 6, zero, bottom);
    open_text(t, "soft middle", zero, bottom + 16);
    mlsd__text_append(t, "no difference</text>\n");
    for (int64_t i = 0; i < n_shown(d); i++)
        draw_pair(t, a, &d->pairs[i], low, high, 18 + PAIR_STEP * (double)i);
    mlsd__text_append(t, "</svg>\n");
}

/* ---- a terminal ---- */

typedef struct marks {
    const char *dot, *line, *left, *right, *zero;
} marks;

static const marks mark_sets[2] = {
    {"\xe2\x97\x8f", "\xe2\x94\x80", "\xe2\x94\x9c", "\xe2\x94\xa4", "\xe2\x94\x82"},
    {"o", "-", "|", "|", ":"},
};

/* A name on one line of printable characters, filled up with blanks. */
static void put_name(mlsd__text *t, const char *name, int width)
{
    bool is_cut;
    const size_t end = cut_name(name, width, &is_cut);
    int n = 0;
    for (size_t i = 0; i < end; i++) {
        const char c = (unsigned char)name[i] < 0x20 || name[i] == 0x7f ? '?' : name[i];
        mlsd__text_append_n(t, &c, 1);
        n += ((unsigned char)c & 0xc0) != 0x80;
    }
    if (is_cut) {
        mlsd__text_append(t, ".");
        n++;
    }
    for (; n < width; n++) mlsd__text_append(t, " ");
}

static int name_width(const char *name)
{
    int n = 0;
    for (const char *c = name; *c != '\0'; c++) n += ((unsigned char)*c & 0xc0) != 0x80;
    return n < NAME_WIDTH ? n : NAME_WIDTH;
}

/* Cells first to last of a strip, each by what stands there. */
typedef struct strip {
    int64_t dot, first, last, zero; /* -1: none */
} strip;

static void put_strip(mlsd__text *t, const strip *s, int64_t n, const marks *m)
{
    for (int64_t i = 0; i < n; i++)
        mlsd__text_append(t, i == s->dot                                    ? m->dot
                             : s->first >= 0 && i == s->first               ? m->left
                             : s->first >= 0 && i == s->last                ? m->right
                             : i == s->zero                                 ? m->zero
                             : s->first >= 0 && i > s->first && i < s->last ? m->line
                                                                            : " ");
}

/* No blanks at the end of a line. */
static void end_line(mlsd__text *t)
{
    while (t->status == MLSD_OK && t->length > 0 && t->data[t->length - 1] == ' ') t->length--;
    mlsd__text_append(t, "\n");
}

static int64_t cell_of(double value, double low, double high, int64_t n)
{
    if (!isfinite(value)) return -1;
    const int64_t cell = (int64_t)floor((double)n * (value - low) / (high - low));
    return cell < 0 ? 0 : cell >= n ? n - 1 : cell;
}

/* A line for each model; those that share a letter share a bar. */
static void write_ranks(mlsd__text *t, const comparison_drawing *d, int32_t width, const marks *m)
{
    enum { RANK_WIDTH = 8, HEADING_WIDTH = 11 };
    int names = 0;
    for (int64_t j = 0; j < d->n_models; j++)
        names = name_width(d->models[j].name) > names ? name_width(d->models[j].name) : names;
    if (names > width / 3) names = width / 3;
    const int64_t after = RANK_WIDTH + d->n_bars;
    int64_t n = width - names - 2 - (after > HEADING_WIDTH ? after : HEADING_WIDTH);
    n = n < 10 ? 10 : n;
    const double low = 1, high = (double)d->n_models + 1e-9 * (double)d->n_models;
    put_name(t, "", names);
    mlsd__text_append(t, "  1");
    char last[24];
    const int n_last = snprintf(last, sizeof last, "%lld", (long long)d->n_models);
    for (int64_t i = 1; i < n - n_last; i++) mlsd__text_append(t, " ");
    mlsd__text_format(t, "%s  mean rank\n", last);
    for (int64_t j = 0; j < d->n_models; j++) {
        const strip s = {
            .dot = cell_of(d->models[j].rank, low, high, n), .first = -1, .last = -1, .zero = -1};
        put_name(t, d->models[j].name, names);
        mlsd__text_append(t, "  ");
        put_strip(t, &s, n, m);
        mlsd__text_append(t, d->models[j].rank < 9.995 ? "   " : "  ");
        mlsd__text_fixed(t, d->models[j].rank, 2);
        mlsd__text_append(t, d->n_bars > 0 ? " " : "");
        for (int64_t b = 0; b < d->n_bars; b++) {
            const char letter = (char)('a' + b);
            const bool is_in = d->bars[b].first <= j && j <= d->bars[b].last;
            if (is_in) mlsd__text_append_n(t, &letter, 1);
        }
        end_line(t);
    }
    mlsd__text_append(t, "critical difference ");
    mlsd__words_number(t, d->critical);
    mlsd__text_append(t, d->n_bars > 0 ? "\na shared letter: cannot be told apart\n"
                                       : "\nevery two models compared differ\n");
}

static void write_pairs(mlsd__text *t, const comparison_drawing *d, int32_t width, const marks *m)
{
    int names = 0;
    double low, high;
    find_span(d, &low, &high);
    for (int64_t i = 0; i < n_shown(d); i++) {
        const int both = name_width(d->pairs[i].a) + name_width(d->pairs[i].b) + 3;
        names = both > names ? both : names;
    }
    if (names > width / 2) names = width / 2;
    const int64_t n = width - names - 2;
    for (int64_t i = 0; i < n_shown(d); i++) {
        const drawn_pair *const p = &d->pairs[i];
        mlsd__text label;
        mlsd__text_init(&label, t->allocator);
        put_name(&label, p->b, name_width(p->b));
        mlsd__text_append(&label, " - ");
        put_name(&label, p->a, name_width(p->a));
        if (label.status != MLSD_OK) t->status = label.status;
        if (label.data != NULL) put_name(t, label.data, names);
        mlsd__text_free(&label);
        const strip s = {.dot = cell_of(p->value, low, high, n),
                         .first = cell_of(p->low, low, high, n),
                         .last = cell_of(p->high, low, high, n),
                         .zero = cell_of(0, low, high, n)};
        mlsd__text_append(t, "  ");
        put_strip(t, &s, n, m);
        end_line(t);
    }
    put_name(t, "", names + 2);
    const int64_t zero = cell_of(0, low, high, n);
    for (int64_t i = 0; i < zero; i++) mlsd__text_append(t, " ");
    mlsd__text_append(t, "0\n");
    if (d->n_pairs > n_shown(d))
        mlsd__text_format(t, "%lld more pairs\n", (long long)(d->n_pairs - n_shown(d)));
}

/* ---- public ---- */

/* `width` 0: a page. */
static mlsd_status draw(const mlsd_context *context, const mlsd_result *result, int32_t width,
                        bool ascii, char *buf, int64_t capacity, int64_t *out_length)
{
    mlsd__scope scope;
    comparison_drawing d = {0};
    mlsd__text t;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd__text_init(&t, scope.allocator);
    mlsd_status status = drawing_make(&scope, result, &d);
    if (status == MLSD_OK) {
        if (width == 0 && d.is_of_ranks) draw_ranks(&t, scope.allocator, &d);
        if (width == 0 && !d.is_of_ranks) draw_pairs(&t, scope.allocator, &d);
        if (width > 0 && d.is_of_ranks) write_ranks(&t, &d, width, &mark_sets[ascii ? 1 : 0]);
        if (width > 0 && !d.is_of_ranks) write_pairs(&t, &d, width, &mark_sets[ascii ? 1 : 0]);
        status = t.status;
    }
    if (status == MLSD_OK) status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    drawing_free(scope.allocator, &d);
    mlsd__scope_close(&scope);
    return status;
}

static mlsd_status check(const mlsd_result *result, int64_t *out_length)
{
    if (out_length != NULL) *out_length = 0;
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    if (strcmp(mlsd__result_kind(result), "comparison") != 0)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "the result is of %s; only those of mlsd_compare are drawn",
                          mlsd__result_kind(result));
    return MLSD_OK;
}

mlsd_status mlsd_comparison_svg(const mlsd_context *context, const mlsd_result *result, char *buf,
                                int64_t capacity, int64_t *out_length)
{
    MLSD__TRY(check(result, out_length));
    return draw(context, result, 0, false, buf, capacity, out_length);
}

mlsd_status mlsd_comparison_draw_text(const mlsd_context *context, const mlsd_result *result,
                                      int32_t width, int32_t ascii, char *buf, int64_t capacity,
                                      int64_t *out_length)
{
    MLSD__TRY(check(result, out_length));
    MLSD__REQUIRE(width >= 40 && width <= 1000, "the width must be in [40, 1000], got %d",
                  (int)width);
    MLSD__REQUIRE(ascii == 0 || ascii == 1, "'ascii' must be 0 or 1, got %d", (int)ascii);
    return draw(context, result, width, ascii == 1, buf, capacity, out_length);
}
