/* train_part.c - see the header. */
#include "model/train_part.h"

#include "numeric/sum.h"
#include "split/splitter.h"

void mlsd__train_part_close(mlsd__train_part *part, const mlsd__allocator *a)
{
    mlsd__free(a, part->rows);
    mlsd__free(a, part->y);
    *part = (mlsd__train_part){0};
}

mlsd_status mlsd__train_part_open(mlsd__train_part *part, const mlsd__allocator *a, int64_t n)
{
    *part = (mlsd__train_part){.n = n};
    part->rows = mlsd__alloc_raw(a, n, 2 * sizeof *part->rows);
    part->y = mlsd__alloc(a, n, 2 * sizeof *part->y);
    if (part->rows == NULL || part->y == NULL) return MLSD_E_NOMEM;
    part->storage = part->rows + n;
    return MLSD_OK;
}

void mlsd__train_part_gather(mlsd__train_part *part, const mlsd__train *train)
{
    const int64_t n = part->n;
    part->weight = train->weight != NULL ? part->y + n : NULL;
    for (int64_t i = 0; i < n; i++) {
        if (train->y != NULL) part->y[i] = train->y[part->rows[i]];
        if (part->weight != NULL) part->weight[i] = train->weight[part->rows[i]];
    }
    part->total = part->weight != NULL ? mlsd__sum(part->weight, n) : (double)n;
    mlsd__frame_select(train->x, part->rows, n, part->storage, &part->frame);
    part->train = *train;
    part->train.x = &part->frame;
    part->train.y = train->y != NULL ? part->y : NULL;
    part->train.weight = part->weight;
    part->train.curve = NULL;
    part->train.augment = NULL;
    part->train.file = NULL;
}

mlsd_status mlsd__train_part_of_fold(mlsd__train_part *part, const mlsd__allocator *a,
                                     const mlsd__train *train, const mlsd_folds *folds,
                                     int64_t split, int64_t number)
{
    MLSD__TRY(mlsd__train_part_open(part, a, mlsd_folds_part_size(folds, split, number)));
    MLSD__TRY(mlsd_folds_part(folds, split, number, part->rows, part->n));
    mlsd__train_part_gather(part, train);
    return MLSD_OK;
}

mlsd_status mlsd__train_part_of_weight(mlsd__scope *scope, const mlsd__train *train, bool takes_nan,
                                       mlsd__train_part *out)
{
    const int64_t n = train->x->n_rows;
    int64_t row = -1, feature;
    *out = (mlsd__train_part){0};
    if (!train->x_is_finite)
        MLSD__TRY(mlsd__frame_find_bad(scope, train->x, false, &row, &feature));
    if (row >= 0) MLSD__TRY(mlsd__frame_require_finite(scope, train->x, takes_nan));
    MLSD__TRY(mlsd__train_part_open(out, scope->allocator, n));
    out->n = 0;
    for (int64_t i = 0; i < n; i++)
        if (train->weight == NULL || train->weight[i] > 0) out->rows[out->n++] = i;
    mlsd__train_part_gather(out, train);
    out->train.x_is_finite = row < 0;
    out->train.x_lacks_infinity = true;
    return MLSD_OK;
}

mlsd_status mlsd__inner_folds(mlsd__scope *scope, const char *kind, int64_t n_splits,
                              const mlsd__train *train, mlsd_folds **out)
{
    mlsd_spec *splitter = NULL;
    MLSD__TRY(mlsd__spec_new(scope->allocator, kind, &splitter));
    mlsd_status status = mlsd_spec_set_i64(splitter, "n_splits", n_splits);
    if (status == MLSD_OK)
        status = mlsd__folds_split(scope, splitter, train->x->n_rows, train->y, out);
    mlsd_spec_free(splitter);
    return status;
}
