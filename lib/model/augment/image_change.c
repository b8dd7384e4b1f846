/* image_change.c - kinds "image_flip", "image_shift", "image_crop", "image_rotate", "image_erase"
 * (Zhong et al. 2020, "Random erasing data augmentation") and "image_brightness", for rows that are
 * pictures. What a random number moves is here, how a picture is moved in image_moves.c. */
#include <math.h>
#include <string.h>

#include "model/augment/augmentation.h"
#include "model/augment/draws.h"
#include "model/augment/image_moves.h"

extern const mlsd_kind mlsd__kind_image_flip;
extern const mlsd_kind mlsd__kind_image_shift;
extern const mlsd_kind mlsd__kind_image_crop;
extern const mlsd_kind mlsd__kind_image_rotate;
extern const mlsd_kind mlsd__kind_image_erase;
extern const mlsd_kind mlsd__kind_image_brightness;

/* The size comes first in all of them. */
typedef struct flip_params {
    int64_t height, width, channels, direction;
    double probability;
} flip_params;

typedef struct shift_params {
    int64_t height, width, channels;
    double max_shift, fill;
} shift_params;

typedef struct crop_params {
    int64_t height, width, channels;
    double min_area;
} crop_params;

typedef struct rotate_params {
    int64_t height, width, channels;
    double max_degrees, fill;
} rotate_params;

typedef struct erase_params {
    int64_t height, width, channels;
    double probability, min_area, max_area, max_aspect, fill;
} erase_params;

typedef struct brightness_params {
    int64_t height, width, channels;
    double scale, low, high;
} brightness_params;

static mlsd__image size_of(const void *params)
{
    const int64_t *const n = params;
    return (mlsd__image){n[0], n[1], n[2]};
}

static mlsd_status check_size(const mlsd_spec *spec, const mlsd__train *train)
{
    const mlsd__image size = size_of(mlsd__spec_params(spec));
    int64_t n;
    MLSD__TRY(mlsd__mul_size(size.height, size.width, &n));
    MLSD__TRY(mlsd__mul_size(n, size.channels, &n));
    if (n == train->x->n_features) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "%s: rows have %lld columns, but height x width x channels is %lld x %lld x "
                      "%lld",
                      mlsd_kind_name(mlsd_spec_kind(spec)), (long long)train->x->n_features,
                      (long long)size.height, (long long)size.width, (long long)size.channels);
}

/* The picture as it was. */
static const double *keep(mlsd__augmented_row *row)
{
    memcpy(row->other, row->x, (size_t)row->p * sizeof *row->x);
    return row->other;
}

static void flip_change(mlsd__augmented_row *row)
{
    const flip_params *const p = row->params;
    const mlsd__image size = size_of(p);
    if (!(mlsd__stream_double(&row->stream) < p->probability)) return;
    mlsd__image_flip(&size, keep(row), p->direction != 0, row->x);
}

static int64_t draw_shift(mlsd__stream *stream, double part, int64_t n)
{
    const int64_t most = (int64_t)floor(part * (double)n);
    return (int64_t)mlsd__stream_below(stream, (uint64_t)(2 * most + 1)) - most;
}

static void shift_change(mlsd__augmented_row *row)
{
    const shift_params *const p = row->params;
    const mlsd__image size = size_of(p);
    const int64_t dy = draw_shift(&row->stream, p->max_shift, size.height);
    const int64_t dx = draw_shift(&row->stream, p->max_shift, size.width);
    mlsd__image_shift(&size, keep(row), dy, dx, p->fill, row->x);
}

static void crop_change(mlsd__augmented_row *row)
{
    const crop_params *const p = row->params;
    const mlsd__image size = size_of(p);
    const double side = sqrt(mlsd__draw_between(&row->stream, p->min_area, 1));
    const double rows = side * (double)size.height, columns = side * (double)size.width;
    const double top = mlsd__draw_between(&row->stream, 0, (double)size.height - rows);
    const double left = mlsd__draw_between(&row->stream, 0, (double)size.width - columns);
    mlsd__image_crop(&size, keep(row), top, left, rows, columns, row->x);
}

static void rotate_change(mlsd__augmented_row *row)
{
    const rotate_params *const p = row->params;
    const mlsd__image size = size_of(p);
    const double degrees = mlsd__draw_between(&row->stream, -p->max_degrees, p->max_degrees);
    mlsd__image_rotate(&size, keep(row), degrees, p->fill, row->x);
}

/* At least one pixel, and at most all. */
static int64_t side_of(double length, int64_t most)
{
    const int64_t n = (int64_t)floor(length + 0.5);
    return n < 1 ? 1 : n > most ? most : n;
}

static mlsd_status erase_check(const mlsd_spec *spec, const mlsd__train *train)
{
    const erase_params *const p = mlsd__spec_params(spec);
    if (p->min_area > p->max_area)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'min_area' = %g is above 'max_area' = %g",
                          p->min_area, p->max_area);
    return check_size(spec, train);
}

static void erase_change(mlsd__augmented_row *row)
{
    const erase_params *const p = row->params;
    const mlsd__image size = size_of(p);
    if (!(mlsd__stream_double(&row->stream) < p->probability)) return;
    const double area = mlsd__draw_between(&row->stream, p->min_area, p->max_area) *
                        (double)size.height * (double)size.width;
    const double aspect = mlsd__draw_between(&row->stream, 1 / p->max_aspect, p->max_aspect);
    const int64_t rows = side_of(sqrt(area * aspect), size.height);
    const int64_t columns = side_of(sqrt(area / aspect), size.width);
    const int64_t top =
        (int64_t)mlsd__stream_below(&row->stream, (uint64_t)(size.height - rows + 1));
    const int64_t left =
        (int64_t)mlsd__stream_below(&row->stream, (uint64_t)(size.width - columns + 1));
    mlsd__image_erase(&size, top, left, rows, columns, p->fill, row->x);
}

static mlsd_status brightness_check(const mlsd_spec *spec, const mlsd__train *train)
{
    const brightness_params *const p = mlsd__spec_params(spec);
    if (p->low > p->high)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'low' = %g is above 'high' = %g", p->low,
                          p->high);
    return check_size(spec, train);
}

static void brightness_change(mlsd__augmented_row *row)
{
    const brightness_params *const p = row->params;
    const double factor = mlsd__draw_between(&row->stream, 1 - p->scale, 1 + p->scale);
    for (int64_t i = 0; i < row->p; i++) {
        row->x[i] *= factor;
        if (row->x[i] < p->low) row->x[i] = p->low;
        if (row->x[i] > p->high) row->x[i] = p->high;
    }
}

static const mlsd__augmentation_ops flip_ops = {.check = check_size, .change = flip_change};
static const mlsd__augmentation_ops shift_ops = {.check = check_size, .change = shift_change};
static const mlsd__augmentation_ops crop_ops = {.check = check_size, .change = crop_change};
static const mlsd__augmentation_ops rotate_ops = {.check = check_size, .change = rotate_change};
static const mlsd__augmentation_ops erase_ops = {.check = erase_check, .change = erase_change};
static const mlsd__augmentation_ops brightness_ops = {.check = brightness_check,
                                                      .change = brightness_change};

enum { MOST_PIXELS = 1 << 20 };
#define SIZE(S)                                                                   \
    MLSD__P_I64(S, height, 1, MOST_PIXELS, "1", NULL, "rows of a picture"),       \
        MLSD__P_I64(S, width, 1, MOST_PIXELS, "1", NULL, "columns of a picture"), \
        MLSD__P_I64(S, channels, 1, MOST_PIXELS, "1", NULL,                       \
                    "values of a pixel: a data row holds height x width x channels of them")
#define FILL(S)                                                                               \
    MLSD__P_F64(S, fill, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0", NULL, \
                "value of pixels that have none")

static const char *const directions[] = {"horizontal", "vertical", NULL};
static const mlsd_param flip_table[] = {
    SIZE(flip_params),
    MLSD__P_CHOICE(flip_params, direction, directions, "\"horizontal\"",
                   "left and right change places, or top and bottom"),
    MLSD__P_F64(flip_params, probability, 0, 1, 0, "0.5", NULL, "how often a picture is flipped"),
};
static const mlsd_param shift_table[] = {
    SIZE(shift_params),
    MLSD__P_F64(shift_params, max_shift, 0, 1, 0, "0.1", NULL,
                "farthest shift each way, in whole pixels, as a part of height and of width"),
    FILL(shift_params),
};
static const mlsd_param crop_table[] = {
    SIZE(crop_params),
    MLSD__P_F64(crop_params, min_area, 0, 1, MLSD__OPEN_LOWER, "0.8", NULL,
                "smallest part of the picture that is kept"),
};
static const mlsd_param rotate_table[] = {
    SIZE(rotate_params),
    MLSD__P_F64(rotate_params, max_degrees, 0, 180, 0, "15", NULL, "largest angle each way"),
    FILL(rotate_params),
};
static const mlsd_param erase_table[] = {
    SIZE(erase_params),
    MLSD__P_F64(erase_params, probability, 0, 1, 0, "0.5", NULL,
                "how often a picture loses a rectangle"),
    MLSD__P_F64(erase_params, min_area, 0, 1, MLSD__OPEN_LOWER, "0.02", NULL,
                "smallest part of the picture that is erased"),
    MLSD__P_F64(erase_params, max_area, 0, 1, MLSD__OPEN_LOWER, "0.33", NULL, "largest part"),
    MLSD__P_F64(erase_params, max_aspect, 1, 1000, 0, "3.3", NULL,
                "height over width of the rectangle is between 1 / max_aspect and this"),
    FILL(erase_params),
};
static const mlsd_param brightness_table[] = {
    SIZE(brightness_params),
    MLSD__P_F64(brightness_params, scale, 0, 1, 0, "0.2", NULL,
                "the factor is between 1 - scale and 1 + scale"),
    MLSD__P_F64_NULL(brightness_params, low, -INFINITY, INFINITY, 0, "null",
                     "values below become this"),
    MLSD__P_F64_NULL(brightness_params, high, -INFINITY, INFINITY, 0, "null",
                     "values above become this"),
};

#define KIND(variable, name_, doc_, S, table, ops_)             \
    const mlsd_kind variable = {.name = name_,                  \
                                .family = "augmentation",       \
                                .doc = doc_,                    \
                                .params = table,                \
                                .n_params = MLSD__COUNT(table), \
                                .params_size = sizeof(S),       \
                                .ops = &ops_}

KIND(mlsd__kind_image_flip, "image_flip", "Pictures mirrored, some of them", flip_params,
     flip_table, flip_ops);
KIND(mlsd__kind_image_shift, "image_shift", "Pictures moved by some pixels", shift_params,
     shift_table, shift_ops);
KIND(mlsd__kind_image_crop, "image_crop", "A part of each picture, stretched to the whole",
     crop_params, crop_table, crop_ops);
KIND(mlsd__kind_image_rotate, "image_rotate", "Pictures turned about their centre", rotate_params,
     rotate_table, rotate_ops);
KIND(mlsd__kind_image_erase, "image_erase", "Pictures that lose a rectangle, some of them",
     erase_params, erase_table, erase_ops);
KIND(mlsd__kind_image_brightness, "image_brightness", "Pictures made darker or brighter",
     brightness_params, brightness_table, brightness_ops);
