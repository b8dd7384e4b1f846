/* random_resample.c - kinds "random_oversample" and "random_undersample": rows of small classes
 * once more, drawn with replacement, or a part of the rows of large classes, drawn without. */
#include <math.h>

#include "model/augment/class_resample.h"

extern const mlsd_kind mlsd__kind_random_oversample;
extern const mlsd_kind mlsd__kind_random_undersample;

typedef struct params {
    double sampling_strategy;
} params;

static mlsd__stream stream_of(uint64_t seed, int64_t k)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, (uint64_t)k, 0, 0, MLSD__PURPOSE_AUGMENT);
    return stream;
}

static mlsd_status add_draws(const mlsd__class_rows *c, const mlsd__allocator *a,
                             const mlsd__train *train, double ratio, uint64_t seed,
                             mlsd__resampled *out)
{
    const int64_t n = train->x->n_rows;
    int64_t n_new = 0;
    for (int64_t k = 0; k < c->n_classes; k++) n_new += mlsd__class_lacks(c, k, ratio);
    out->rows = mlsd__alloc_raw(a, n + n_new, sizeof *out->rows);
    if (out->rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) out->rows[out->n_rows++] = i;
    for (int64_t k = 0; k < c->n_classes; k++) {
        mlsd__stream stream = stream_of(seed, k);
        const int64_t lacking = mlsd__class_lacks(c, k, ratio);
        for (int64_t i = 0; i < lacking; i++)
            out->rows[out->n_rows++] =
                c->rows[c->start[k] +
                        (int64_t)mlsd__stream_below(&stream, (uint64_t)mlsd__class_count(c, k))];
    }
    return MLSD_OK;
}

static mlsd_status oversample(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                              const mlsd__train *train, mlsd__resampled *out)
{
    const params *const p = mlsd__spec_params(spec);
    mlsd__class_rows classes;
    mlsd_status status = mlsd__class_rows_open(&classes, scope->allocator, train);
    if (status == MLSD_OK)
        status = add_draws(&classes, scope->allocator, train, p->sampling_strategy, seed, out);
    mlsd__class_rows_close(&classes, scope->allocator);
    return status;
}

/* Mark what goes: all but the first so many of each class's rows in a random order. */
static void mark_left_out(const mlsd__class_rows *c, double ratio, uint64_t seed, bool *is_out)
{
    const int64_t most = (int64_t)floor((double)c->n_fewest / ratio + 0.5);
    for (int64_t k = 0; k < c->n_classes; k++) {
        const int64_t n = mlsd__class_count(c, k);
        if (n <= most) continue;
        mlsd__stream stream = stream_of(seed, k);
        mlsd__stream_shuffle(&stream, c->rows + c->start[k], n);
        for (int64_t i = most; i < n; i++) is_out[c->rows[c->start[k] + i]] = true;
    }
}

static mlsd_status undersample(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                               const mlsd__train *train, mlsd__resampled *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const params *const p = mlsd__spec_params(spec);
    const int64_t n = train->x->n_rows;
    mlsd__class_rows classes = {0};
    bool *const is_out = mlsd__alloc(a, n, sizeof *is_out);
    out->rows = mlsd__alloc_raw(a, n, sizeof *out->rows);
    mlsd_status status = is_out == NULL || out->rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__class_rows_open(&classes, a, train);
    if (status == MLSD_OK) {
        mark_left_out(&classes, p->sampling_strategy, seed, is_out);
        for (int64_t i = 0; i < n; i++)
            if (!is_out[i]) out->rows[out->n_rows++] = i;
    }
    mlsd__class_rows_close(&classes, a);
    mlsd__free(a, is_out);
    return status;
}

static const mlsd__augmentation_ops over_ops = {
    .takes_category = true, .check = mlsd__resample_check_classes, .resample = oversample};
static const mlsd__augmentation_ops under_ops = {
    .takes_category = true, .check = mlsd__resample_check_classes, .resample = undersample};

static const mlsd_param over_table[] = {
    MLSD__P_F64(params, sampling_strategy, 0, 1, MLSD__OPEN_LOWER, "1", NULL,
                "rows that each smaller class has afterwards, as a part of the largest class"),
};
static const mlsd_param under_table[] = {
    MLSD__P_F64(params, sampling_strategy, 0, 1, MLSD__OPEN_LOWER, "1", NULL,
                "rows of the smallest class, as a part of what a larger one keeps"),
};

const mlsd_kind mlsd__kind_random_oversample = {
    .name = "random_oversample",
    .family = "augmentation",
    .doc = "Rows of small classes once more, drawn with replacement",
    .params = over_table,
    .n_params = MLSD__COUNT(over_table),
    .params_size = sizeof(params),
    .ops = &over_ops,
    .traits = "{\"resamples\":true}",
};

const mlsd_kind mlsd__kind_random_undersample = {
    .name = "random_undersample",
    .family = "augmentation",
    .doc = "A part of the rows of large classes, drawn without replacement",
    .params = under_table,
    .n_params = MLSD__COUNT(under_table),
    .params_size = sizeof(params),
    .ops = &under_ops,
    .traits = "{\"resamples\":true}",
};
