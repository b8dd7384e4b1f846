/* image_moves.h - pictures stored as rows, h x w x c: row y, then column x, then channel. Each of
 * these makes a picture of the same size; in and out do not overlap. */
#ifndef MLSD_MODEL_AUGMENT_IMAGE_MOVES_H
#define MLSD_MODEL_AUGMENT_IMAGE_MOVES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct mlsd__image {
    int64_t height, width, channels;
} mlsd__image;

void mlsd__image_flip(const mlsd__image *size, const double *in, bool upside_down, double *out);
/* Down by dy and right by dx; what comes in from outside is `fill`. */
void mlsd__image_shift(const mlsd__image *size, const double *in, int64_t dy, int64_t dx,
                       double fill, double *out);
/* The window of so many rows and columns from (top, left) on, which may be fractions, stretched to
 * the whole: bilinear between the centres of pixels. */
void mlsd__image_crop(const mlsd__image *size, const double *in, double top, double left,
                      double rows, double columns, double *out);
/* Turned about the centre by an angle, anticlockwise as one looks at it; bilinear, with `fill`
 * outside. */
void mlsd__image_rotate(const mlsd__image *size, const double *in, double degrees, double fill,
                        double *out);
void mlsd__image_erase(const mlsd__image *size, int64_t top, int64_t left, int64_t rows,
                       int64_t columns, double fill, double *image);

/* Cosine and sine of an angle in degrees, exact for multiples of 90. */
void mlsd__turn(double degrees, double *out_cos, double *out_sin);

#endif
