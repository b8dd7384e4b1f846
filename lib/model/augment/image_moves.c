/* image_moves.c - see the header. */
#include "model/augment/image_moves.h"

#include <math.h>
#include <string.h>

static int64_t at(const mlsd__image *size, int64_t y, int64_t x)
{
    return (y * size->width + x) * size->channels;
}

static bool is_inside(const mlsd__image *size, int64_t y, int64_t x)
{
    return y >= 0 && y < size->height && x >= 0 && x < size->width;
}

static void put(const mlsd__image *size, const double *in, int64_t y, int64_t x, double fill,
                double *to)
{
    for (int64_t c = 0; c < size->channels; c++)
        to[c] = is_inside(size, y, x) ? in[at(size, y, x) + c] : fill;
}

void mlsd__image_flip(const mlsd__image *size, const double *in, bool upside_down, double *out)
{
    for (int64_t y = 0; y < size->height; y++)
        for (int64_t x = 0; x < size->width; x++)
            put(size, in, upside_down ? size->height - 1 - y : y,
                upside_down ? x : size->width - 1 - x, 0, out + at(size, y, x));
}

void mlsd__image_shift(const mlsd__image *size, const double *in, int64_t dy, int64_t dx,
                       double fill, double *out)
{
    for (int64_t y = 0; y < size->height; y++)
        for (int64_t x = 0; x < size->width; x++)
            put(size, in, y - dy, x - dx, fill, out + at(size, y, x));
}

/* The picture at a place between four pixels. */
static void blend(const mlsd__image *size, const double *in, double y, double x, double fill,
                  double *to)
{
    const int64_t top = (int64_t)floor(y), left = (int64_t)floor(x);
    const double dy = y - (double)top, dx = x - (double)left;
    for (int64_t c = 0; c < size->channels; c++) {
        double sum = 0;
        for (int64_t k = 0; k < 4; k++) {
            const int64_t below = k / 2, right = k % 2;
            const double part = (below ? dy : 1 - dy) * (right ? dx : 1 - dx);
            if (part == 0) continue; /* a pixel that plays no part may be missing */
            const bool inside = is_inside(size, top + below, left + right);
            sum += part * (inside ? in[at(size, top + below, left + right) + c] : fill);
        }
        to[c] = sum;
    }
}

void mlsd__image_crop(const mlsd__image *size, const double *in, double top, double left,
                      double rows, double columns, double *out)
{
    const double last_y = (double)(size->height - 1), last_x = (double)(size->width - 1);
    for (int64_t y = 0; y < size->height; y++) {
        for (int64_t x = 0; x < size->width; x++) {
            const double from_y = top + ((double)y + 0.5) * rows / (double)size->height - 0.5;
            const double from_x = left + ((double)x + 0.5) * columns / (double)size->width - 0.5;
            blend(size, in, fmin(fmax(from_y, 0), last_y), fmin(fmax(from_x, 0), last_x), 0,
                  out + at(size, y, x));
        }
    }
}

/* Taylor's series about 0, for angles up to pi / 4: the terms left out are below 1e-17. */
static void series(double angle, double *out_cos, double *out_sin)
{
    double c = 0, s = 0, term = 1;
    for (int k = 0; k < 20; k++) {
        if (k % 2 == 0)
            c += k % 4 == 0 ? term : -term;
        else
            s += k % 4 == 1 ? term : -term;
        term *= angle / (double)(k + 1);
    }
    *out_cos = c;
    *out_sin = s;
}

void mlsd__turn(double degrees, double *out_cos, double *out_sin)
{
    static const double RADIANS = 3.141592653589793 / 180;
    const double quarters = floor(degrees / 90 + 0.5);
    double c, s;
    series((degrees - 90 * quarters) * RADIANS, &c, &s);
    const int quarter = (int)(quarters - 4 * floor(quarters / 4));
    *out_cos = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
    *out_sin = quarter == 0 ? s : quarter == 1 ? c : quarter == 2 ? -s : -c;
}

/* Each pixel takes what is where it was before the turn. y points down. */
void mlsd__image_rotate(const mlsd__image *size, const double *in, double degrees, double fill,
                        double *out)
{
    const double mid_y = 0.5 * (double)(size->height - 1), mid_x = 0.5 * (double)(size->width - 1);
    double c, s;
    mlsd__turn(degrees, &c, &s);
    for (int64_t y = 0; y < size->height; y++) {
        for (int64_t x = 0; x < size->width; x++) {
            const double dy = (double)y - mid_y, dx = (double)x - mid_x;
            blend(size, in, mid_y + s * dx + c * dy, mid_x + c * dx - s * dy, fill,
                  out + at(size, y, x));
        }
    }
}

void mlsd__image_erase(const mlsd__image *size, int64_t top, int64_t left, int64_t rows,
                       int64_t columns, double fill, double *image)
{
    for (int64_t y = top; y < top + rows; y++)
        for (int64_t x = left; x < left + columns; x++)
            for (int64_t c = 0; c < size->channels; c++) image[at(size, y, x) + c] = fill;
}
