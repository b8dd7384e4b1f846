/* split_chart.c - the picture of parts and folds in a report, from the table that
 * lib/experiment/draw_splits.c made. A table from elsewhere that does not fit is not drawn. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "report/folds_picture.h"
#include "report/html_table.h"
#include "report/report_chart.h"
#include "split/folds_bins.h"

enum { MOST_STRIPS = 24, MOST_KINDS = 3, NOTE_CAPACITY = 80 };

/* Each row of the table is a part; rows of one split follow each other. */
typedef struct split_strip {
    int64_t first, n; /* rows of the table */
    const char *styles[MOST_KINDS];
    char note[NOTE_CAPACITY];
} split_strip;

static const char *style_of(const char *part)
{
    return part == NULL                      ? "train"
           : strcmp(part, "test") == 0       ? "test"
           : strcmp(part, "validation") == 0 ? "valid"
                                             : "train";
}

static bool same_split(const mlsd_table *t, int64_t a, int64_t b)
{
    const char *left = mlsd__cell_text(t, "split", a), *right = mlsd__cell_text(t, "split", b);
    return left != NULL && right != NULL && strcmp(left, right) == 0;
}

static int64_t find_strips(const mlsd_table *t, split_strip strips[MOST_STRIPS])
{
    int64_t n_strips = 0;
    const int64_t n = mlsd_table_n_rows(t);
    for (int64_t i = 0; i < n && n_strips < MOST_STRIPS;) {
        split_strip *s = &strips[n_strips++];
        size_t length = 0;
        *s = (split_strip){.first = i};
        for (; i < n && s->n < MOST_KINDS && same_split(t, s->first, i); i++) {
            s->styles[s->n] = style_of(mlsd__cell_text(t, "part", i));
            if (length < NOTE_CAPACITY - 1)
                length += (size_t)snprintf(s->note + length, NOTE_CAPACITY - length, "%s%.0f",
                                           s->n > 0 ? " / " : "", mlsd__cell_number(t, "rows", i));
            s->n++;
        }
        if (s->n == 0) return 0;
    }
    return n_strips;
}

/* The letters of a split's parts side by side; false where they are not what they should be. */
static bool read_shares(const mlsd_table *t, const split_strip *s, int64_t n_bins, float *out)
{
    for (int64_t p = 0; p < s->n; p++) {
        const char *letters = mlsd__cell_text(t, "shares", s->first + p);
        if (letters == NULL || (int64_t)strlen(letters) != n_bins) return false;
        for (int64_t b = 0; b < n_bins; b++) {
            const double share = mlsd__share_of_letter(letters[b]);
            if (share < 0) return false;
            out[b * s->n + p] = (float)share;
        }
    }
    return true;
}

void mlsd__chart_splits(mlsd__text *t, const mlsd_result *r, const mlsd_table *splits)
{
    static const mlsd__picture_key keys[] = {
        {"train", "trained on"}, {"valid", "validation"}, {"test", "tested"}};
    split_strip found[MOST_STRIPS];
    mlsd__picture_strip strips[MOST_STRIPS];
    const char *letters = mlsd__cell_text(splits, "shares", 0);
    const int64_t n_bins = letters != NULL ? (int64_t)strlen(letters) : 0;
    const int64_t n = find_strips(splits, found);
    const double n_rows = mlsd__report_number(r, "data.rows_used");
    if (n_bins == 0 || n == 0 || isnan(n_rows)) return;
    float *const shares = mlsd__alloc(t->allocator, n * n_bins, MOST_KINDS * sizeof *shares);
    if (shares == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    bool is_sound = true;
    for (int64_t k = 0; is_sound && k < n; k++) {
        float *const own = shares + k * n_bins * MOST_KINDS;
        is_sound = read_shares(splits, &found[k], n_bins, own);
        strips[k] = (mlsd__picture_strip){.label = mlsd__cell_text(splits, "split", found[k].first),
                                          .note = found[k].note,
                                          .shares = own,
                                          .n_kinds = found[k].n,
                                          .styles = found[k].styles};
    }
    const mlsd__picture picture = {
        .description = "Rows of the three parts and of the folds",
        .n_bins = n_bins,
        .n_rows = (int64_t)n_rows,
        .strips = strips,
        .n_strips = n,
        .keys = keys,
        .n_keys = MLSD__COUNT(keys),
    };
    if (is_sound) mlsd__picture_draw(t, &picture, false);
    mlsd__free(t->allocator, shares);
}
