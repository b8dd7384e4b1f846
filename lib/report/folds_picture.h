/* folds_picture.h - the picture of folds over rows: a strip for each split, in which each bin of
 * rows shows the shares of the parts. */
#ifndef MLSD_REPORT_FOLDS_PICTURE_H
#define MLSD_REPORT_FOLDS_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

typedef struct mlsd__picture_strip {
    const char *label, *note; /* left and right of it; note may be NULL */
    const float *shares;      /* n_bins x n_kinds; what they lack of 1 stays empty */
    int64_t n_kinds;
    const char *const *styles; /* class of the style sheet of each kind */
} mlsd__picture_strip;

typedef struct mlsd__picture_key {
    const char *style, *label;
} mlsd__picture_key;

typedef struct mlsd__picture {
    const char *description;
    int64_t n_bins, n_rows;
    const mlsd__picture_strip *strips;
    int64_t n_strips;
    const mlsd__picture_key *keys; /* the legend */
    int64_t n_keys;
    const char *remark; /* below; NULL for none */
} mlsd__picture;

/* Bins that the drawing shows apart. */
enum { MLSD__PICTURE_BINS = 235 };

/* Colours and classes; the page's own style sheet holds them as well. */
extern const char mlsd__picture_style[];

/* Write an <svg> element. Alone it has its size, its colours for light and dark pages, and fonts;
 * inside of a page these are the page's. */
void mlsd__picture_draw(mlsd__text *t, const mlsd__picture *p, bool alone);

/* The style of a part: train, valid, test. */
const char *mlsd__part_style(int64_t part, int64_t n_parts);

#endif
