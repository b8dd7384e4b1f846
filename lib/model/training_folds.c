/* training_folds.c - the rows of a training frame told apart by their numbers in the source, and
 * cut by the splitters there are. */
#include "model/training_folds.h"

#include "split/splitter.h"

void mlsd__training_folds_free(const mlsd__allocator *a, mlsd__training_folds *folds)
{
    mlsd__free(a, folds->fold);
    *folds = (mlsd__training_folds){0};
}

static int64_t number_of(const mlsd__frame *x, int64_t row)
{
    return x->rows != NULL ? x->rows[row] : row;
}

/* The first row of each number that has weight: its number and its class. */
static int64_t list_units(const mlsd__train *train, int16_t *fold, int64_t *numbers, double *y)
{
    int64_t n = 0;
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        const int64_t number = number_of(train->x, i);
        if ((train->weight != NULL && !(train->weight[i] > 0)) || fold[number] >= 0) continue;
        fold[number] = 0;
        numbers[n] = number;
        y[n++] = train->y != NULL ? train->y[i] : 0;
    }
    return n;
}

/* Does a class have a row for each fold? */
static mlsd_status can_stratify(const mlsd__allocator *a, const mlsd__train *train, const double *y,
                                int64_t n, int64_t n_splits, bool *out)
{
    *out = false;
    if (train->y == NULL || train->task == MLSD_TASK_REGRESSION || train->n_classes < 1)
        return MLSD_OK;
    int64_t *const counts = mlsd__alloc(a, train->n_classes, sizeof *counts);
    if (counts == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) *out |= ++counts[(int64_t)y[i]] >= n_splits;
    mlsd__free(a, counts);
    return MLSD_OK;
}

static mlsd_status split(mlsd__scope *scope, const char *kind, int64_t n_splits, bool shuffle,
                         int64_t seed, int64_t n, const double *y, mlsd_folds **out)
{
    mlsd_spec *splitter = NULL;
    MLSD__TRY(mlsd__spec_new(scope->allocator, kind, &splitter));
    mlsd_status status = mlsd_spec_set_i64(splitter, "n_splits", n_splits);
    if (status == MLSD_OK) status = mlsd_spec_set_bool(splitter, "shuffle", shuffle ? 1 : 0);
    if (status == MLSD_OK) status = mlsd_spec_set_i64(splitter, "seed", seed);
    if (status == MLSD_OK) status = mlsd__folds_split(scope, splitter, n, y, out);
    mlsd_spec_free(splitter);
    return status;
}

static mlsd_status number_folds(const mlsd__allocator *a, const mlsd_folds *folds,
                                const int64_t *numbers, int64_t n, int64_t n_splits, int16_t *fold)
{
    int64_t *const tested = mlsd__alloc_raw(a, n, sizeof *tested);
    if (tested == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < n_splits; k++) {
        const int64_t n_tested = mlsd_folds_part_size(folds, k, 1);
        status = mlsd_folds_part(folds, k, 1, tested, n);
        for (int64_t i = 0; status == MLSD_OK && i < n_tested; i++)
            fold[numbers[tested[i]]] = (int16_t)k;
    }
    mlsd__free(a, tested);
    return status;
}

mlsd_status mlsd__training_folds_new(mlsd__scope *scope, const mlsd__train *train, int64_t n_splits,
                                     bool shuffle, int64_t seed, mlsd__training_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = train->x->n_rows;
    *out = (mlsd__training_folds){0};
    for (int64_t i = 0; i < n_rows; i++) {
        const int64_t number = number_of(train->x, i);
        if (number >= out->n_source) out->n_source = number + 1;
    }
    out->fold = mlsd__alloc_raw(a, out->n_source, sizeof *out->fold);
    int64_t *const numbers = mlsd__alloc_raw(a, n_rows, sizeof *numbers);
    double *const y = mlsd__alloc_raw(a, n_rows, sizeof *y);
    mlsd_folds *folds = NULL;
    mlsd_status status = out->fold == NULL || numbers == NULL || y == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < out->n_source; i++) out->fold[i] = -1;
        const int64_t n = list_units(train, out->fold, numbers, y);
        out->n_splits = n < 2 ? 0 : n < n_splits ? n : n_splits;
        bool by_class = false;
        status = can_stratify(a, train, y, n, out->n_splits, &by_class);
        if (status == MLSD_OK && out->n_splits > 0)
            status = split(scope, by_class ? "stratified_kfold" : "kfold", out->n_splits, shuffle,
                           seed, n, y, &folds);
        if (status == MLSD_OK && out->n_splits > 0)
            status = number_folds(a, folds, numbers, n, out->n_splits, out->fold);
    }
    mlsd_folds_free(folds);
    mlsd__free(a, numbers);
    mlsd__free(a, y);
    if (status != MLSD_OK) mlsd__training_folds_free(a, out);
    return status;
}
