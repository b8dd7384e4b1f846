/* folds_drawing.c - folds and the rows' classes and groups as strips: for a page (SVG, drawn by
 * folds_picture.c) and for a terminal (one character a bin). Large data are binned: a character or
 * shape shows the shares of its rows. */
#include "mlsd/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "data/dataset_impl.h"
#include "numeric/rank.h"
#include "report/folds_picture.h"
#include "split/folds_bins.h"
#include "split/folds_walk.h"

/* Kinds of a strip of classes or groups: those beyond share a colour or letter with an earlier one.
 */
enum { MOST_KINDS = 8, MOST_STRIPS = 20, NOTE_CAPACITY = 128, LABEL_CAPACITY = 32 };

static const char *const kind_styles[MOST_KINDS] = {"k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"};

/* What both drawings show. */
typedef struct drawing {
    const mlsd_dataset *dataset;
    mlsd__fold_bins bins;
    int64_t n_splits;
    int64_t n_classes, n_groups; /* 0 without */
    float *classes, *groups;     /* n_bins x kinds */
    char labels[MOST_STRIPS][LABEL_CAPACITY], notes[MOST_STRIPS][NOTE_CAPACITY];
} drawing;

static int64_t kinds_of(int64_t n)
{
    return n < MOST_KINDS ? n : MOST_KINDS;
}

/* Shares of the kinds of numbered rows in each bin; -1 is none. */
static mlsd_status bin_kinds(mlsd__scope *scope, const drawing *d, const int32_t *codes, int64_t n,
                             float **out)
{
    enum { STEP = 1 << 16 };
    const int64_t n_kinds = kinds_of(n), n_bins = d->bins.n_bins, n_rows = d->bins.n_rows;
    int64_t counts[MOST_KINDS];
    *out = mlsd__alloc(scope->allocator, n_bins * n_kinds, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t b = 0; b < n_bins; b++) {
        const int64_t first = mlsd__bin_start(b, n_rows, n_bins);
        const int64_t end = mlsd__bin_start(b + 1, n_rows, n_bins);
        memset(counts, 0, sizeof counts);
        for (int64_t i = first; i < end; i++) {
            if (codes[i] >= 0) counts[codes[i] % MOST_KINDS]++;
            if (i % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
        for (int64_t k = 0; k < n_kinds; k++)
            (*out)[b * n_kinds + k] = (float)((double)counts[k] / (double)(end - first));
    }
    return MLSD_OK;
}

/* Number the values, then bin them. */
static mlsd_status bin_values(mlsd__scope *scope, const drawing *d, const double *values,
                              int64_t *out_n, float **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = d->bins.n_rows;
    double *const distinct = mlsd__alloc_raw(a, n, sizeof *distinct);
    int32_t *const codes = mlsd__alloc_raw(a, n, sizeof *codes);
    mlsd_status status = distinct == NULL || codes == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__factorize_rows(scope, values, n, distinct, out_n, codes);
    if (status == MLSD_OK) status = bin_kinds(scope, d, codes, *out_n, out);
    mlsd__free(a, codes);
    mlsd__free(a, distinct);
    return status;
}

static mlsd_status bin_dataset(mlsd__scope *scope, drawing *d)
{
    if (d->dataset == NULL) return MLSD_OK;
    const mlsd__data_store *const store = d->dataset->store;
    mlsd_status status = MLSD_OK;
    if (store->target != NULL && store->n_classes > 0) {
        double *y = NULL;
        int64_t n = 0;
        status = mlsd__dataset_gather_target(d->dataset, &y);
        /* Classes keep their numbers where some of them have no row: they are numbers already. */
        int32_t *const codes = mlsd__alloc_raw(scope->allocator, d->bins.n_rows, sizeof *codes);
        if (codes == NULL) status = MLSD_E_NOMEM;
        for (; status == MLSD_OK && n < d->bins.n_rows; n++) codes[n] = (int32_t)y[n];
        if (status == MLSD_OK) status = bin_kinds(scope, d, codes, store->n_classes, &d->classes);
        if (status == MLSD_OK) d->n_classes = store->n_classes;
        mlsd__free(scope->allocator, codes);
        mlsd__free(&store->allocator, y);
    }
    if (status == MLSD_OK && store->group != NULL) {
        double *groups = NULL;
        char **names = NULL;
        status = mlsd__dataset_gather_group(d->dataset, &groups, &names);
        if (status == MLSD_OK) status = bin_values(scope, d, groups, &d->n_groups, &d->groups);
        mlsd__free(&store->allocator, names);
        mlsd__free(&store->allocator, groups);
    }
    return status;
}

/* Sizes of the parts: "320 / 80". */
static void write_note(const mlsd_folds *folds, int64_t split, char out[NOTE_CAPACITY])
{
    size_t n = 0;
    const int64_t n_parts = folds->n_parts, n_shown = n_parts < 4 ? n_parts : 4;
    for (int64_t p = 0; p < n_shown; p++)
        n += (size_t)snprintf(out + n, NOTE_CAPACITY - n, "%s%lld", p > 0 ? " / " : "",
                              (long long)mlsd_folds_part_size(folds, split, p));
    if (n_shown < n_parts) (void)snprintf(out + n, NOTE_CAPACITY - n, " / ...");
}

static mlsd_status drawing_make(mlsd__scope *scope, const mlsd_folds *folds,
                                const mlsd_dataset *dataset, int64_t most_bins, drawing *d)
{
    const int64_t n_strips = folds->n_splits < MOST_STRIPS ? folds->n_splits : MOST_STRIPS;
    d->dataset = dataset;
    d->n_splits = folds->n_splits;
    MLSD__TRY(
        mlsd__fold_bins_make(scope, folds, n_strips, NULL, folds->n_rows, most_bins, &d->bins));
    for (int64_t k = 0; k < n_strips; k++) {
        (void)snprintf(d->labels[k], LABEL_CAPACITY, "split %lld", (long long)k);
        write_note(folds, k, d->notes[k]);
    }
    return bin_dataset(scope, d);
}

static void drawing_free(const mlsd__allocator *a, drawing *d)
{
    mlsd__free(a, d->classes);
    mlsd__free(a, d->groups);
    mlsd__fold_bins_free(a, &d->bins);
}

static void write_remark(const drawing *d, char out[NOTE_CAPACITY])
{
    out[0] = '\0';
    if (d->n_splits > d->bins.n_strips)
        (void)snprintf(out, NOTE_CAPACITY, "the first %lld of %lld splits",
                       (long long)d->bins.n_strips, (long long)d->n_splits);
}

/* ---- a page ---- */

enum { MOST_KEYS = MOST_KINDS + 4 };

static int64_t list_keys(const drawing *d, mlsd__picture_key keys[MOST_KEYS])
{
    int64_t n = 0;
    keys[n++] = (mlsd__picture_key){"train", "trained on"};
    if (d->bins.n_parts == 3) keys[n++] = (mlsd__picture_key){"valid", "validation"};
    if (d->bins.n_parts > 3) keys[n++] = (mlsd__picture_key){"valid", "parts between"};
    keys[n++] = (mlsd__picture_key){"test", "tested"};
    for (int64_t k = 0; d->n_classes <= MOST_KINDS && k < d->n_classes; k++)
        keys[n++] = (mlsd__picture_key){kind_styles[k], mlsd_dataset_class_name(d->dataset, k)};
    return n;
}

static void draw_page(mlsd__text *t, const drawing *d, const mlsd__picture_strip *strips,
                      int64_t n_strips)
{
    char remark[NOTE_CAPACITY];
    mlsd__picture_key keys[MOST_KEYS];
    write_remark(d, remark);
    const mlsd__picture picture = {
        .description = "Rows of each split: trained on, tested, in no part",
        .n_bins = d->bins.n_bins,
        .n_rows = d->bins.n_rows,
        .strips = strips,
        .n_strips = n_strips,
        .keys = keys,
        .n_keys = list_keys(d, keys),
        .remark = *remark != '\0' ? remark : NULL,
    };
    mlsd__picture_draw(t, &picture, true);
}

static mlsd_status write_svg(mlsd__scope *scope, const drawing *d, mlsd__text *t)
{
    const int64_t n_parts = d->bins.n_parts;
    mlsd__picture_strip strips[MOST_STRIPS + 2];
    char notes[2][NOTE_CAPACITY];
    int64_t n = d->bins.n_strips;
    const char **const styles = mlsd__alloc_raw(scope->allocator, n_parts, sizeof *styles);
    if (styles == NULL) return MLSD_E_NOMEM;
    for (int64_t p = 0; p < n_parts; p++) styles[p] = mlsd__part_style(p, n_parts);
    for (int64_t k = 0; k < n; k++)
        strips[k] = (mlsd__picture_strip){.label = d->labels[k],
                                          .note = d->notes[k],
                                          .shares = d->bins.shares + k * d->bins.n_bins * n_parts,
                                          .n_kinds = n_parts,
                                          .styles = styles};
    const struct {
        const char *label, *noun;
        int64_t n;
        const float *shares;
    } more[] = {{"class", "classes", d->n_classes, d->classes},
                {"group", "groups", d->n_groups, d->groups}};
    for (int k = 0; k < 2; k++) {
        if (more[k].shares == NULL) continue;
        (void)snprintf(notes[k], NOTE_CAPACITY, "%lld %s", (long long)more[k].n, more[k].noun);
        strips[n++] = (mlsd__picture_strip){.label = more[k].label,
                                            .note = notes[k],
                                            .shares = more[k].shares,
                                            .n_kinds = kinds_of(more[k].n),
                                            .styles = kind_styles};
    }
    draw_page(t, d, strips, n);
    mlsd__free(scope->allocator, styles);
    return t->status;
}

/* ---- a terminal ---- */

/* Marks of a bin: nothing in it, trained on, a part between, and tested, of more and more rows. */
typedef struct alphabet {
    const char *none, *train, *valid;
    const char *test[8];
    const char *legend;
} alphabet;

static const alphabet alphabets[2] = {
    {" ",
     "\xc2\xb7",
     "\xe2\x96\x92",
     {"\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84", "\xe2\x96\x85",
      "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"},
     "\xc2\xb7 trained on%s  \xe2\x96\x88 tested  \xe2\x96\x81\xe2\x96\x83\xe2\x96\x86 some "
     "tested"},
    {" ",
     ".",
     "v",
     {":", ":", "+", "+", "+", "%", "%", "#"},
     ". trained on%s  # tested  :+%% some tested"},
};

static const char *mark_of(const alphabet *a, const float *shares, int64_t n_parts)
{
    double between = 0, all = 0;
    const double train = (double)shares[0], test = (double)shares[n_parts - 1];
    for (int64_t p = 1; p < n_parts - 1; p++) between += (double)shares[p];
    all = train + between + test;
    if (between > test && between >= train) return a->valid;
    if (test > 0) {
        const int level = (int)ceil(8 * test - 0.01) - 1;
        return a->test[level < 0 ? 0 : level > 7 ? 7 : level == 7 && test < 0.999 ? 6 : level];
    }
    return all < 0.5 ? a->none : a->train;
}

static char kind_mark(const float *shares, int64_t n_kinds)
{
    int64_t most = 0;
    double all = 0;
    for (int64_t k = 0; k < n_kinds; k++) {
        all += (double)shares[k];
        if (shares[k] > shares[most]) most = k;
    }
    return all > 0 ? (char)('0' + most) : ' ';
}

static void put_padded(mlsd__text *t, const char *text, int width)
{
    mlsd__text_append(t, text);
    for (int n = (int)strlen(text); n < width; n++) mlsd__text_append_n(t, " ", 1);
}

enum { LABEL_WIDTH = 9, GAP = 2 };

static void put_kinds(mlsd__text *t, const drawing *d, const char *label, const char *noun,
                      const float *shares, int64_t n)
{
    const int64_t n_kinds = kinds_of(n);
    if (shares == NULL) return;
    put_padded(t, label, LABEL_WIDTH);
    for (int64_t b = 0; b < d->bins.n_bins; b++) {
        const char mark = kind_mark(shares + b * n_kinds, n_kinds);
        mlsd__text_append_n(t, &mark, 1);
    }
    mlsd__text_format(t, "  %lld %s\n", (long long)n, noun);
}

/* Class names may hold anything; a terminal gets one line of printable characters. */
static void put_name(mlsd__text *t, const char *name)
{
    enum { LONGEST = 16 };
    size_t n = strnlen(name, LONGEST);
    while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80) n--;
    for (size_t i = 0; i < n; i++) {
        const char c = (unsigned char)name[i] < 0x20 || name[i] == 0x7f ? '?' : name[i];
        mlsd__text_append_n(t, &c, 1);
    }
}

static void put_legend(mlsd__text *t, const drawing *d, const alphabet *a, int32_t width)
{
    char between[NOTE_CAPACITY] = "";
    if (d->bins.n_parts > 2)
        (void)snprintf(between, sizeof between, "  %s %s", a->valid,
                       d->bins.n_parts == 3 ? "validation" : "parts between");
    put_padded(t, "", LABEL_WIDTH);
    mlsd__text_format(t, a->legend, between);
    mlsd__text_append(t, "\n");
    if (d->classes == NULL || d->n_classes > MOST_KINDS) return;
    put_padded(t, "", LABEL_WIDTH);
    int64_t line_start = t->length;
    for (int64_t k = 0; k < d->n_classes; k++) {
        if (t->length - line_start > width - LABEL_WIDTH - 20) {
            mlsd__text_append(t, "\n");
            put_padded(t, "", LABEL_WIDTH);
            line_start = t->length;
        }
        mlsd__text_format(t, "%s%lld ", t->length > line_start ? "  " : "", (long long)k);
        put_name(t, mlsd_dataset_class_name(d->dataset, k));
    }
    mlsd__text_append(t, "\n");
}

static void write_terminal(mlsd__text *t, const drawing *d, int32_t width, const alphabet *a)
{
    char remark[NOTE_CAPACITY], last[32];
    const int64_t n_bins = d->bins.n_bins, n_parts = d->bins.n_parts;
    const int n_last = snprintf(last, sizeof last, "%lld", (long long)d->bins.n_rows - 1);
    put_padded(t, "", LABEL_WIDTH);
    if (n_bins >= n_last + 6) {
        put_padded(t, "row 0", (int)n_bins - n_last);
        mlsd__text_append(t, last);
    } else {
        mlsd__text_format(t, "rows 0 to %s", last);
    }
    mlsd__text_append(t, "\n");
    for (int64_t k = 0; k < d->bins.n_strips; k++) {
        put_padded(t, d->labels[k], LABEL_WIDTH);
        const float *const shares = d->bins.shares + k * n_bins * n_parts;
        for (int64_t b = 0; b < n_bins; b++)
            mlsd__text_append(t, mark_of(a, shares + b * n_parts, n_parts));
        mlsd__text_format(t, "  %s\n", d->notes[k]);
    }
    put_kinds(t, d, "class", "classes", d->classes, d->n_classes);
    put_kinds(t, d, "group", "groups", d->groups, d->n_groups);
    write_remark(d, remark);
    if (*remark != '\0') {
        put_padded(t, "", LABEL_WIDTH);
        mlsd__text_format(t, "%s\n", remark);
    }
    put_legend(t, d, a, width);
}

/* Bins that leave room for the longest note. */
static int64_t choose_bins(const mlsd_folds *folds, int32_t width)
{
    enum { FEWEST = 10 };
    char note[NOTE_CAPACITY];
    size_t longest = sizeof "10 classes";
    for (int64_t k = 0; k < folds->n_splits && k < MOST_STRIPS; k++) {
        write_note(folds, k, note);
        if (strlen(note) > longest) longest = strlen(note);
    }
    const int64_t n = width - LABEL_WIDTH - GAP - (int64_t)longest;
    return n > FEWEST ? n : FEWEST;
}

/* ---- public ---- */

/* `width` 0: a page. */
static mlsd_status draw(const mlsd_context *context, const mlsd_folds *folds,
                        const mlsd_dataset *dataset, int32_t width, bool ascii, char *buf,
                        int64_t capacity, int64_t *out_length)
{
    mlsd__scope scope;
    drawing d = {0};
    mlsd__text t;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd__text_init(&t, scope.allocator);
    const int64_t most_bins = width > 0 ? choose_bins(folds, width) : MLSD__PICTURE_BINS;
    mlsd_status status = drawing_make(&scope, folds, dataset, most_bins, &d);
    if (status == MLSD_OK && width == 0) status = write_svg(&scope, &d, &t);
    if (status == MLSD_OK && width > 0) write_terminal(&t, &d, width, &alphabets[ascii ? 1 : 0]);
    if (status == MLSD_OK) status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    drawing_free(scope.allocator, &d);
    mlsd__scope_close(&scope);
    return status;
}

static mlsd_status check(const mlsd_folds *folds, const mlsd_dataset *dataset, int64_t *out_length)
{
    if (out_length != NULL) *out_length = 0;
    MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    return dataset != NULL ? mlsd__folds_fit_dataset(folds, dataset) : MLSD_OK;
}

mlsd_status mlsd_folds_svg(const mlsd_context *context, const mlsd_folds *folds,
                           const mlsd_dataset *dataset, char *buf, int64_t capacity,
                           int64_t *out_length)
{
    MLSD__TRY(check(folds, dataset, out_length));
    return draw(context, folds, dataset, 0, false, buf, capacity, out_length);
}

mlsd_status mlsd_folds_draw_text(const mlsd_context *context, const mlsd_folds *folds,
                                 const mlsd_dataset *dataset, int32_t width, int32_t ascii,
                                 char *buf, int64_t capacity, int64_t *out_length)
{
    MLSD__TRY(check(folds, dataset, out_length));
    MLSD__REQUIRE(width >= 40 && width <= 1000, "the width must be in [40, 1000], got %d",
                  (int)width);
    MLSD__REQUIRE(ascii == 0 || ascii == 1, "'ascii' must be 0 or 1, got %d", (int)ascii);
    return draw(context, folds, dataset, width, ascii == 1, buf, capacity, out_length);
}
