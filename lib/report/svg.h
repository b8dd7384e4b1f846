/* svg.h - the pictures of a report, as inline SVG: dots with intervals, lines over epochs, points
 * of score over cost. Colours come from the page's style sheet, so they follow its light and dark
 * themes. */
#ifndef MLSD_REPORT_SVG_H
#define MLSD_REPORT_SVG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* One row of an interval chart; low and high may be NaN, and so may value (the note then stands
 * alone). */
typedef struct mlsd__svg_row {
    const char *label, *note;
    double value, low, high;
    const double *points; /* single values behind the mean, drawn faintly; NULL for none */
    int64_t n_points;
    bool strong, muted;
} mlsd__svg_row;

/* `reference` is a vertical line with a label; NaN for none. */
void mlsd__svg_intervals(mlsd__text *t, const char *description, const char *axis,
                         const mlsd__svg_row *rows, int64_t n, double reference,
                         const char *reference_label);

/* The same within another picture, from `y` down; returns its height. */
double mlsd__svg_intervals_at(mlsd__text *t, double y, const char *axis, const mlsd__svg_row *rows,
                              int64_t n, double reference, const char *reference_label);
/* Width of all pictures. */
enum { MLSD__SVG_WIDTH = 720 };

typedef struct mlsd__svg_line {
    const char *label, *style; /* style: class of the page's style sheet */
    const double *y;           /* NaN leaves a gap */
    const double *low, *high;  /* a band around it; NULL for none */
} mlsd__svg_line;

/* Lines over the same x (n ascending values); `mark_x` is a vertical line with a label, NaN for
 * none. */
void mlsd__svg_lines(mlsd__text *t, const char *description, const char *x_axis, const char *y_axis,
                     const double *x, int64_t n, const mlsd__svg_line *lines, int64_t n_lines,
                     double mark_x, const char *mark_label);

/* A model among others: what it costs to the right, how good it is upwards, its size as an area. */
typedef struct mlsd__svg_point {
    const char *label;
    double x; /* above 0; drawn by its logarithm */
    double value, low, high;
    double size;
    bool strong, muted;
} mlsd__svg_point;

/* Points with intervals, labelled at the right edge. At most MLSD__SVG_POINTS are drawn; those
 * without x or value are not. */
enum { MLSD__SVG_POINTS = 60 };
void mlsd__svg_front(mlsd__text *t, const char *description, const char *x_axis, const char *y_axis,
                     const mlsd__svg_point *points, int64_t n);

/* Text with & < > " ' escaped; what XML cannot hold (control characters, bytes that are not UTF-8)
 * becomes U+FFFD. */
void mlsd__html_text(mlsd__text *t, const char *text);
/* A number for people: four significant digits, thousands set apart, a dash for NaN. */
void mlsd__html_number(mlsd__text *t, double value);
/* Seconds or microseconds: three decimals at most. */
void mlsd__html_time(mlsd__text *t, double value);

#endif
