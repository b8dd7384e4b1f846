/* row_noise.c - kinds "jitter", "feature_dropout" and "swap_noise": noise for the columns of a
 * table. Numbers only, but swap_noise, which swaps texts as well. */
#include <math.h>

#include "model/augment/augmentation.h"

extern const mlsd_kind mlsd__kind_jitter;
extern const mlsd_kind mlsd__kind_feature_dropout;
extern const mlsd_kind mlsd__kind_swap_noise;

static bool is_number(const mlsd__frame *x, int64_t j)
{
    return x->features[j].type == MLSD__NUMERIC;
}

/* Mean and sum of squares about it, n_features each, one block for mlsd__free; *out_weight is what
 * each column sums over. */
static mlsd_status find_moments(mlsd__scope *scope, const mlsd__train *train, double **out)
{
    int64_t size;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(train->x->n_features, 3, &size));
    *out = mlsd__alloc(scope->allocator, size, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    double *const weight = *out + 2 * train->x->n_features;
    return mlsd__column_moments(scope, train->x, train->weight, weight, *out,
                                *out + train->x->n_features, NULL);
}

/* ---- jitter ---- */

typedef struct jitter_params {
    double scale;
    int64_t relative;
    mlsd__f64_list scales;
} jitter_params;

static mlsd_status jitter_check(const mlsd_spec *spec, const mlsd__train *train)
{
    const jitter_params *const p = mlsd__spec_params(spec);
    if (p->scales.values != NULL && p->scales.n != train->x->n_features)
        return mlsd__fail(MLSD_E_DATA, "jitter: 'scales' has %lld values for %lld columns",
                          (long long)p->scales.n, (long long)train->x->n_features);
    return MLSD_OK;
}

/* The state is the standard deviation of the noise, by column; 0 for texts. */
static mlsd_status jitter_open(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               void **out_state)
{
    const jitter_params *const p = mlsd__spec_params(spec);
    const int64_t n = train->x->n_features;
    double *sd = NULL;
    const mlsd_status status = find_moments(scope, train, &sd);
    *out_state = sd;
    MLSD__TRY(status);
    const double *const m2 = sd + n, *const weight = sd + 2 * n;
    for (int64_t j = 0; j < n; j++) {
        const double of_column = weight[j] > 0 ? sqrt(m2[j] / weight[j]) : 0;
        const double scale = p->scales.values != NULL ? p->scales.values[j] : p->scale;
        sd[j] = is_number(train->x, j) ? scale * (p->relative != 0 ? of_column : 1) : 0;
    }
    return MLSD_OK;
}

static void jitter_change(mlsd__augmented_row *row)
{
    const double *const sd = row->state;
    for (int64_t j = 0; j < row->p; j++)
        if (sd[j] > 0) row->x[j] += sd[j] * mlsd__stream_normal(&row->stream);
}

static const mlsd__augmentation_ops jitter_ops = {
    .takes_category = true, .check = jitter_check, .open = jitter_open, .change = jitter_change};

static const mlsd_param jitter_table[] = {
    MLSD__P_F64(jitter_params, scale, 0, INFINITY, MLSD__OPEN_UPPER, "0.1", "log",
                "standard deviation of the noise, as a part of each column's own"),
    MLSD__P_BOOL(jitter_params, relative, "true",
                 "scale is a part of the column's standard deviation; false: it is in the column's "
                 "units"),
    MLSD__P_F64_LIST(jitter_params, scales, 0, INFINITY, MLSD__OPEN_UPPER, "null", NULL,
                     "one for each column, in place of scale; 0 leaves a column alone"),
};

const mlsd_kind mlsd__kind_jitter = {
    .name = "jitter",
    .family = "augmentation",
    .doc = "Gaussian noise on every number, in proportion to its column's spread",
    .params = jitter_table,
    .n_params = MLSD__COUNT(jitter_table),
    .params_size = sizeof(jitter_params),
    .ops = &jitter_ops,
};

/* ---- feature_dropout ---- */

enum { FILL_MEAN, FILL_ZERO };

typedef struct dropout_params {
    double probability;
    int64_t fill;
} dropout_params;

/* The state is what takes a value's place, by column. */
static mlsd_status dropout_open(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                                void **out_state)
{
    const dropout_params *const p = mlsd__spec_params(spec);
    double *fill = NULL;
    const mlsd_status status = find_moments(scope, train, &fill);
    *out_state = fill;
    MLSD__TRY(status);
    for (int64_t j = 0; p->fill == FILL_ZERO && j < train->x->n_features; j++) fill[j] = 0;
    return MLSD_OK;
}

static void dropout_change(mlsd__augmented_row *row)
{
    const dropout_params *const p = row->params;
    const double *const fill = row->state;
    for (int64_t j = 0; j < row->p; j++) {
        if (!is_number(row->source->rows.frame, j)) continue;
        if (mlsd__stream_double(&row->stream) < p->probability) row->x[j] = fill[j];
    }
}

static const mlsd__augmentation_ops dropout_ops = {
    .takes_category = true, .open = dropout_open, .change = dropout_change};

static const char *const fills[] = {"mean", "zero", NULL};
static const mlsd_param dropout_table[] = {
    MLSD__P_F64(dropout_params, probability, 0, 1, 0, "0.1", NULL,
                "how often a value is dropped, each by itself"),
    MLSD__P_CHOICE(dropout_params, fill, fills, "\"mean\"",
                   "what takes its place: the column's mean over the training rows, or zero"),
};

const mlsd_kind mlsd__kind_feature_dropout = {
    .name = "feature_dropout",
    .family = "augmentation",
    .doc = "Single values of a row are dropped: replaced by their column's mean, or zero",
    .params = dropout_table,
    .n_params = MLSD__COUNT(dropout_table),
    .params_size = sizeof(dropout_params),
    .ops = &dropout_ops,
};

/* ---- swap_noise ---- */

typedef struct swap_params {
    double probability;
} swap_params;

static void swap_change(mlsd__augmented_row *row)
{
    const swap_params *const p = row->params;
    const mlsd__augment_source *const s = row->source;
    for (int64_t j = 0; j < row->p; j++) {
        if (!(mlsd__stream_double(&row->stream) < p->probability)) continue;
        const int64_t from = mlsd__augment_draw_row(s, &row->stream);
        row->x[j] = mlsd__augment_source_value(s, from, j, row->other);
    }
}

static const mlsd__augmentation_ops swap_ops = {.takes_category = true, .change = swap_change};

static const mlsd_param swap_table[] = {
    MLSD__P_F64(swap_params, probability, 0, 1, 0, "0.1", NULL,
                "how often a value is swapped, each by itself"),
};

const mlsd_kind mlsd__kind_swap_noise = {
    .name = "swap_noise",
    .family = "augmentation",
    .doc = "Single values of a row are replaced by those of other training rows in their column",
    .params = swap_table,
    .n_params = MLSD__COUNT(swap_table),
    .params_size = sizeof(swap_params),
    .ops = &swap_ops,
};
