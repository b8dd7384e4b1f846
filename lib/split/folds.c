/* folds.c - folds: made by a splitter's table of functions.
 *
 * Here is what all splitters share: the public calls that make folds, and shuffling. What they are
 * given is read in split_input.c; the forms in which rows are stored and how parts are read from
 * them are in fold_forms.c; how rows are dealt stands in kfold.c and its neighbours. Folds never
 * change once made, so any number of threads may read them. */
#include "split/splitter.h"

#include <math.h>

#include "base/handle.h"
#include "data/dataset_impl.h"
#include "data/matrix_view.h"

/* The fast shuffle cannot be stopped, and takes some tens of milliseconds for so many elements;
 * those beyond are swapped one by one, with a look at the cancel flag every millisecond or so. */
enum { FAST_SHUFFLE = 1 << 22, SHUFFLE_STEP = 1 << 16 };

mlsd_status mlsd__split_shuffle(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t *values, int64_t n)
{
    int64_t i = n - 1;
    for (; i >= FAST_SHUFFLE; i--) {
        const int64_t j = (int64_t)mlsd__mt_interval(mt, (uint64_t)i);
        const int64_t swapped = values[i];
        values[i] = values[j];
        values[j] = swapped;
        if (i % SHUFFLE_STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    mlsd__mt_shuffle(mt, values, i + 1);
    return mlsd__checkpoint(scope);
}

mlsd_status mlsd__split_shuffle_i32(mlsd__scope *scope, mlsd__mt19937 *mt, int32_t *values,
                                    int64_t n)
{
    int64_t i = n - 1;
    for (; i >= FAST_SHUFFLE; i--) {
        const int64_t j = (int64_t)mlsd__mt_interval(mt, (uint64_t)i);
        const int32_t swapped = values[i];
        values[i] = values[j];
        values[j] = swapped;
        if (i % SHUFFLE_STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    mlsd__mt_shuffle_i32(mt, values, i + 1);
    return mlsd__checkpoint(scope);
}

mlsd_status mlsd__split_permutation(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) out[i] = i;
    return mlsd__split_shuffle(scope, mt, out, n);
}

int32_t mlsd__needs_classes(const mlsd_spec *spec)
{
    (void)spec;
    return MLSD__NEEDS_CLASSES;
}

int32_t mlsd__needs_groups(const mlsd_spec *spec)
{
    (void)spec;
    return MLSD__NEEDS_GROUPS;
}

int32_t mlsd__needs_classes_and_groups(const mlsd_spec *spec)
{
    (void)spec;
    return MLSD__NEEDS_CLASSES | MLSD__NEEDS_GROUPS;
}

static int32_t needs_of(const mlsd_spec *splitter)
{
    const mlsd__splitter_ops *const ops = mlsd__spec_ops(splitter);
    return ops->needs != NULL ? ops->needs(splitter) : 0;
}

/* Texts by place in y and groups, NULL where these are numbers. */
typedef struct names {
    char *const *classes, *const *groups;
} names;

static mlsd_status split_rows(mlsd__scope *scope, const mlsd_spec *splitter, int64_t n_rows,
                              const double *y, const double *groups, names texts, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__splitter_ops *const ops = mlsd__spec_ops(splitter);
    mlsd__split_input in = {.kind = mlsd_kind_name(mlsd_spec_kind(splitter)),
                            .n_rows = n_rows,
                            .class_names = texts.classes,
                            .group_names = texts.groups};
    mlsd__split_arrays made = {0};
    mlsd_folds *folds = NULL;

    *out = NULL;
    if (n_rows < 1) return mlsd__fail(MLSD_E_DATA, "%s has no rows to split", in.kind);
    mlsd_status status = mlsd__split_read_input(scope, needs_of(splitter), y, groups, &in, &made);
    if (status != MLSD_OK) goto out;
    folds = mlsd__alloc(a, 1, sizeof *folds);
    if (folds == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    folds->magic = MLSD__MAGIC_FOLDS;
    folds->allocator = *a;
    folds->n_rows = n_rows;
    status = ops->split(scope, splitter, &in, folds);
    if (status != MLSD_OK) goto out;
    *out = folds;
    folds = NULL;
out:
    mlsd_folds_free(folds);
    mlsd__split_arrays_free(&made, a);
    return status;
}

mlsd_status mlsd__folds_split(mlsd__scope *scope, const mlsd_spec *splitter, int64_t n_rows,
                              const double *y, mlsd_folds **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    return split_rows(scope, splitter, n_rows, y, NULL, (names){NULL, NULL}, out);
}

mlsd_status mlsd__folds_split_dataset(mlsd__scope *scope, const mlsd_spec *splitter,
                                      const mlsd_dataset *dataset, mlsd_folds **out)
{
    const mlsd__data_store *const store = dataset->store;
    double *y = NULL, *groups = NULL;
    char **group_names = NULL;
    mlsd_status status = MLSD_OK;

    *out = NULL;
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    const int32_t needs = needs_of(splitter);
    if ((needs & MLSD__NEEDS_Y) || ((needs & MLSD__NEEDS_CLASSES) && store->n_classes > 0))
        status = mlsd__dataset_gather_target(dataset, &y);
    if (status == MLSD_OK && (needs & MLSD__NEEDS_GROUPS))
        status = mlsd__dataset_gather_group(dataset, &groups, &group_names);
    if (status == MLSD_OK)
        status = split_rows(scope, splitter, dataset->n_rows, y, groups,
                            (names){store->class_names, group_names}, out);
    mlsd__free(&store->allocator, group_names);
    mlsd__free(&store->allocator, groups);
    mlsd__free(&store->allocator, y);
    return status;
}

/* A column of the caller's as doubles; *out is the caller's by mlsd__free, NULL without. */
static mlsd_status read_vector(const mlsd__allocator *a, const mlsd_matrix *m, double **out)
{
    if (m == NULL) return MLSD_OK;
    *out = mlsd__alloc_raw(a, m->rows, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(m, NULL, 0, m->rows, *out);
    return MLSD_OK;
}

static mlsd_status check_exact(const mlsd_matrix *groups, const double *values)
{
    if (groups == NULL || groups->dtype != MLSD_I64) return MLSD_OK;
    for (int64_t i = 0; i < groups->rows; i++) {
        if (fabs(values[i]) < MLSD__EXACT_I64) continue;
        return mlsd__fail(
            MLSD_E_DATA,
            "the group of row %lld is not below 2^53, where neighbouring numbers look "
            "alike; number the groups anew",
            (long long)i);
    }
    return MLSD_OK;
}

mlsd_status mlsd_folds_split(const mlsd_context *context, const mlsd_spec *splitter, int64_t n,
                             const mlsd_matrix *y, const mlsd_matrix *groups, mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(splitter, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(n >= 0, "the number of rows must not be negative, got %lld", (long long)n);
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    if (y != NULL) MLSD__TRY(mlsd__matrix_check_vector(y, "y", n));
    if (groups != NULL) MLSD__TRY(mlsd__matrix_check_vector(groups, "groups", n));

    mlsd__scope scope;
    double *y_values = NULL, *group_values = NULL;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd__allocator *const a = scope.allocator;
    mlsd_status status = read_vector(a, y, &y_values);
    if (status == MLSD_OK) status = read_vector(a, groups, &group_values);
    if (status == MLSD_OK) status = check_exact(groups, group_values);
    if (status == MLSD_OK)
        status = split_rows(&scope, splitter, n, y_values, group_values, (names){NULL, NULL}, out);
    mlsd__free(a, group_values);
    mlsd__free(a, y_values);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_folds_split_dataset(const mlsd_context *context, const mlsd_spec *splitter,
                                     const mlsd_dataset *dataset, mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(splitter, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");

    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd_status status = mlsd__folds_split_dataset(&scope, splitter, dataset, out);
    mlsd__scope_close(&scope);
    return status;
}

void mlsd_folds_free(mlsd_folds *folds)
{
    if (!MLSD__IS_LIVE(folds, MLSD__MAGIC_FOLDS)) return;
    const mlsd__allocator a = folds->allocator;
    mlsd__free(&a, folds->ids);
    mlsd__free(&a, folds->sizes);
    mlsd__free(&a, folds->ranges);
    mlsd__free(&a, folds->offsets);
    mlsd__free(&a, folds->rows);
    mlsd__free(&a, folds->units);
    mlsd__free(&a, folds->marks);
    mlsd__free(&a, folds->unit_sizes);
    folds->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, folds);
}

int64_t mlsd_folds_n_rows(const mlsd_folds *folds)
{
    return MLSD__IS_LIVE(folds, MLSD__MAGIC_FOLDS) ? folds->n_rows : 0;
}

int64_t mlsd_folds_n_splits(const mlsd_folds *folds)
{
    return MLSD__IS_LIVE(folds, MLSD__MAGIC_FOLDS) ? folds->n_splits : 0;
}

int64_t mlsd_folds_n_parts(const mlsd_folds *folds)
{
    return MLSD__IS_LIVE(folds, MLSD__MAGIC_FOLDS) ? folds->n_parts : 0;
}
