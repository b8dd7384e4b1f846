/* series_change.c - kinds "series_jitter", "series_scale", "series_time_warp",
 * "series_window_slice" and "series_permute", for rows that are series: n_steps x channels, one
 * step after the other. As in Um et al. 2017, "Data augmentation of wearable sensor data", and Le
 * Guennec, Malinowski & Tavenard 2016 (slices). A value between two steps is on the line between
 * them. */
#include <math.h>
#include <string.h>

#include "model/augment/augmentation.h"
#include "model/augment/draws.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_series_jitter;
extern const mlsd_kind mlsd__kind_series_scale;
extern const mlsd_kind mlsd__kind_series_time_warp;
extern const mlsd_kind mlsd__kind_series_window_slice;
extern const mlsd_kind mlsd__kind_series_permute;

enum { MOST_PARTS = 256 };

/* `channels` comes first in all of them. */
typedef struct jitter_params {
    int64_t channels;
    double scale;
} jitter_params;

typedef struct warp_params {
    int64_t channels;
    double scale;
    int64_t n_segments;
} warp_params;

typedef struct slice_params {
    int64_t channels;
    double fraction;
} slice_params;

typedef struct permute_params {
    int64_t channels, n_segments;
} permute_params;

static int64_t channels_of(const mlsd__augmented_row *row)
{
    return *(const int64_t *)row->params;
}

static mlsd_status check_steps(const mlsd_spec *spec, const mlsd__train *train)
{
    const int64_t channels = *(const int64_t *)mlsd__spec_params(spec);
    const int64_t p = train->x->n_features;
    if (p % channels == 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "%s: rows of %lld columns are no series of 'channels' = %lld values a step",
                      mlsd_kind_name(mlsd_spec_kind(spec)), (long long)p, (long long)channels);
}

/* The series as it was, to take values from. */
static const double *keep(mlsd__augmented_row *row)
{
    memcpy(row->other, row->x, (size_t)row->p * sizeof *row->x);
    return row->other;
}

/* Step t of the series becomes what was at time `at`. */
static void take_at(const mlsd__augmented_row *row, const double *from, int64_t t, double at)
{
    const int64_t c = channels_of(row), n_steps = row->p / c;
    const int64_t left = at >= (double)(n_steps - 1) ? n_steps - 1 : at > 0 ? (int64_t)at : 0;
    const int64_t right = left + 1 < n_steps ? left + 1 : left;
    const double part = fmin(fmax(at - (double)left, 0), 1);
    for (int64_t j = 0; j < c; j++)
        row->x[t * c + j] = (1 - part) * from[left * c + j] + part * from[right * c + j];
}

/* ---- series_jitter ---- */

/* Of one channel; 0 where it does not vary. */
static double sd_of(const double *x, int64_t n_steps, int64_t c)
{
    double mean = 0, m2 = 0;
    for (int64_t t = 0; t < n_steps; t++) {
        const double from_mean = x[t * c] - mean;
        mean += from_mean / (double)(t + 1);
        m2 += from_mean * (x[t * c] - mean);
    }
    return sqrt(m2 / (double)n_steps);
}

static void jitter_change(mlsd__augmented_row *row)
{
    const jitter_params *const params = row->params;
    const int64_t c = params->channels, n_steps = row->p / c;
    for (int64_t j = 0; j < c; j++) {
        const double sd = params->scale * sd_of(row->x + j, n_steps, c);
        for (int64_t t = 0; t < n_steps && sd > 0; t++)
            row->x[t * c + j] += sd * mlsd__stream_normal(&row->stream);
    }
}

/* ---- series_scale ---- */

static void scale_change(mlsd__augmented_row *row)
{
    const jitter_params *const params = row->params;
    const int64_t c = params->channels;
    for (int64_t j = 0; j < c; j++) {
        const double factor = 1 + params->scale * mlsd__stream_normal(&row->stream);
        for (int64_t i = j; i < row->p; i += c) row->x[i] *= factor;
    }
}

/* ---- series_time_warp ---- */

/* Time runs at another speed in each of n segments of equal length, and takes as long in all. */
static void warp_change(mlsd__augmented_row *row)
{
    const warp_params *const params = row->params;
    const int64_t n_steps = row->p / params->channels, n = params->n_segments;
    if (n_steps < 2) return;
    const double *const from = keep(row);
    double ends[MOST_PARTS + 1] = {0};
    for (int64_t i = 0; i < n; i++)
        ends[i + 1] = ends[i] + mlsd__exp(params->scale * mlsd__stream_normal(&row->stream));
    for (int64_t t = 0; t < n_steps; t++) {
        const double at = (double)t / (double)(n_steps - 1) * (double)n; /* in segments */
        const int64_t i = at >= (double)n ? n - 1 : (int64_t)at;
        const double passed = ends[i] + (at - (double)i) * (ends[i + 1] - ends[i]);
        take_at(row, from, t, passed / ends[n] * (double)(n_steps - 1));
    }
}

/* ---- series_window_slice ---- */

static void slice_change(mlsd__augmented_row *row)
{
    const slice_params *const params = row->params;
    const int64_t n_steps = row->p / params->channels;
    const int64_t wanted = (int64_t)floor(params->fraction * (double)n_steps + 0.5);
    const int64_t n_kept = wanted < 2 ? 2 : wanted;
    if (n_steps < 2 || n_kept >= n_steps) return;
    const double *const from = keep(row);
    const int64_t first =
        (int64_t)mlsd__stream_below(&row->stream, (uint64_t)(n_steps - n_kept + 1));
    const double stretch = (double)(n_kept - 1) / (double)(n_steps - 1);
    for (int64_t t = 0; t < n_steps; t++)
        take_at(row, from, t, (double)first + (double)t * stretch);
}

/* ---- series_permute ---- */

static mlsd_status permute_check(const mlsd_spec *spec, const mlsd__train *train)
{
    const permute_params *const p = mlsd__spec_params(spec);
    MLSD__TRY(check_steps(spec, train));
    const int64_t n_steps = train->x->n_features / p->channels;
    if (p->n_segments > n_steps)
        return mlsd__fail(MLSD_E_DATA,
                          "series_permute: 'n_segments' = %lld, but a series has %lld steps",
                          (long long)p->n_segments, (long long)n_steps);
    return MLSD_OK;
}

static void permute_change(mlsd__augmented_row *row)
{
    const permute_params *const params = row->params;
    const int64_t c = params->channels, n_steps = row->p / c, n = params->n_segments;
    int64_t order[MOST_PARTS];
    const double *const from = keep(row);
    for (int64_t i = 0; i < n; i++) order[i] = i;
    mlsd__stream_shuffle(&row->stream, order, n);
    double *to = row->x;
    for (int64_t i = 0; i < n; i++) {
        const int64_t first = order[i] * n_steps / n, end = (order[i] + 1) * n_steps / n;
        memcpy(to, from + first * c, (size_t)((end - first) * c) * sizeof *to);
        to += (end - first) * c;
    }
}

/* ---- tables ---- */

#define CHANNELS(S)                                 \
    MLSD__P_I64(S, channels, 1, 1000000, "1", NULL, \
                "values of one step: a row holds n_steps x channels, one step after the other")

static const mlsd_param jitter_table[] = {
    CHANNELS(jitter_params),
    MLSD__P_F64(jitter_params, scale, 0, INFINITY, MLSD__OPEN_UPPER, "0.05", "log",
                "standard deviation of the noise, as a part of the series' own"),
};
static const mlsd_param scale_table[] = {
    CHANNELS(jitter_params),
    MLSD__P_F64(jitter_params, scale, 0, INFINITY, MLSD__OPEN_UPPER, "0.1", "log",
                "standard deviation of the factor, whose mean is 1"),
};
static const mlsd_param warp_table[] = {
    CHANNELS(warp_params),
    MLSD__P_F64(warp_params, scale, 0, 10, 0, "0.2", "log",
                "standard deviation of the logarithm of a segment's speed"),
    MLSD__P_I64(warp_params, n_segments, 1, MOST_PARTS, "4", NULL,
                "segments of equal length, each with a speed of its own"),
};
static const mlsd_param slice_table[] = {
    CHANNELS(slice_params),
    MLSD__P_F64(slice_params, fraction, 0, 1, MLSD__OPEN_LOWER, "0.9", NULL,
                "part of the steps that a slice has, at least two"),
};
static const mlsd_param permute_table[] = {
    CHANNELS(permute_params),
    MLSD__P_I64(permute_params, n_segments, 1, MOST_PARTS, "4", NULL,
                "segments of equal length that are put into another order"),
};

static const mlsd__augmentation_ops jitter_ops = {.check = check_steps, .change = jitter_change};
static const mlsd__augmentation_ops scale_ops = {.check = check_steps, .change = scale_change};
static const mlsd__augmentation_ops warp_ops = {.check = check_steps, .change = warp_change};
static const mlsd__augmentation_ops slice_ops = {.check = check_steps, .change = slice_change};
static const mlsd__augmentation_ops permute_ops = {.check = permute_check,
                                                   .change = permute_change};

#define KIND(variable, name_, doc_, S, table, ops_)             \
    const mlsd_kind variable = {.name = name_,                  \
                                .family = "augmentation",       \
                                .doc = doc_,                    \
                                .params = table,                \
                                .n_params = MLSD__COUNT(table), \
                                .params_size = sizeof(S),       \
                                .ops = &ops_}

KIND(mlsd__kind_series_jitter, "series_jitter", "Gaussian noise on every step of a series",
     jitter_params, jitter_table, jitter_ops);
KIND(mlsd__kind_series_scale, "series_scale", "A whole series times one factor, a channel each",
     jitter_params, scale_table, scale_ops);
KIND(mlsd__kind_series_time_warp, "series_time_warp",
     "A series whose time runs faster here and slower there", warp_params, warp_table, warp_ops);
KIND(mlsd__kind_series_window_slice, "series_window_slice",
     "A part of a series, stretched to the length of the whole", slice_params, slice_table,
     slice_ops);
KIND(mlsd__kind_series_permute, "series_permute", "The segments of a series in another order",
     permute_params, permute_table, permute_ops);
