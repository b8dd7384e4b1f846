/* folds.c - folds: made by a splitter's table of functions.
 *
 * Here is what all splitters share: the public calls that make folds, and shuffling. What rows
 * bring is read in split_columns.c, what splitters ask for of it in split_input.c; the forms in
 * which rows are stored and how parts are read from them are in fold_forms.c; how rows are dealt
 * stands in kfold.c and its neighbours. Folds never change once made, so any number of threads may
 * read them. */
#include "split/splitter.h"

#include "base/handle.h"
#include "base/random_state.h"
#include "data/dataset_impl.h"
#include "data/matrix_view.h"
#include "split/split_columns.h"

/* Swaps between two looks at the cancel flag: some milliseconds. */
enum { SHUFFLE_STEP = 1 << 18 };

mlsd_status mlsd__split_shuffle(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t *values, int64_t n)
{
    while (n > 1) {
        n = mlsd__mt_shuffle_some(mt, values, n, SHUFFLE_STEP);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

mlsd_status mlsd__split_shuffle_i32(mlsd__scope *scope, mlsd__mt19937 *mt, int32_t *values,
                                    int64_t n)
{
    while (n > 1) {
        n = mlsd__mt_shuffle_some_i32(mt, values, n, SHUFFLE_STEP);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
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

int32_t mlsd__splitter_needs(const mlsd_spec *splitter)
{
    const mlsd__splitter_ops *const ops = mlsd__spec_ops(splitter);
    return ops->needs != NULL ? ops->needs(splitter) : 0;
}

bool mlsd__splitter_is_by_time(const mlsd_spec *splitter)
{
    const int32_t by_time = MLSD__NEEDS_TIMES | MLSD__MAY_USE(MLSD__NEEDS_TIMES);
    return mlsd__splitter_needs(splitter) & by_time;
}

mlsd__mt19937 *mlsd__split_generator(const mlsd__split_input *in, int64_t seed, mlsd__mt19937 *own)
{
    if (in->raw->generator != NULL) return in->raw->generator;
    mlsd__mt_seed(own, (uint32_t)seed);
    return own;
}

mlsd_status mlsd__folds_split_raw(mlsd__scope *scope, const mlsd_spec *splitter,
                                  const mlsd__split_raw *raw, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__splitter_ops *const ops = mlsd__spec_ops(splitter);
    mlsd__split_arrays made = {0};
    mlsd__split_input in = {.kind = mlsd_kind_name(mlsd_spec_kind(splitter)), .made = &made};
    mlsd_folds *folds = NULL;

    *out = NULL;
    if (raw->n_rows < 1) return mlsd__fail(MLSD_E_DATA, "%s has no rows to split", in.kind);
    mlsd_status status =
        mlsd__split_read_input(scope, mlsd__splitter_needs(splitter), raw, &in, &made);
    if (status != MLSD_OK) goto out;
    folds = mlsd__alloc(a, 1, sizeof *folds);
    if (folds == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    folds->magic = MLSD__MAGIC_FOLDS;
    folds->allocator = *a;
    folds->n_rows = raw->n_rows;
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
    const mlsd__split_raw raw = {.n_rows = n_rows, .y = {.f64 = y}};
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    return mlsd__folds_split_raw(scope, splitter, &raw, out);
}

mlsd_status mlsd__folds_split_dataset(mlsd__scope *scope, const mlsd_spec *splitter,
                                      const mlsd_dataset *dataset, mlsd_folds **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    mlsd__split_columns columns = {0};
    mlsd_status status =
        mlsd__split_gather(scope, mlsd__splitter_needs(splitter), dataset, &columns);
    if (status == MLSD_OK) status = mlsd__folds_split_raw(scope, splitter, &columns.raw, out);
    mlsd__split_columns_free(&columns);
    return status;
}

static mlsd_status split_columns(const mlsd_context *context, const mlsd_spec *splitter, int64_t n,
                                 const char *const *roles, const mlsd_matrix *const *values,
                                 int64_t n_columns, mlsd__mt19937 *generator, mlsd_folds **out)
{
    mlsd__scope scope;
    mlsd__split_columns columns = {0};
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = mlsd__split_read_columns(&scope, mlsd__splitter_needs(splitter), n, roles,
                                                  values, n_columns, &columns);
    columns.raw.generator = generator;
    if (status == MLSD_OK) status = mlsd__folds_split_raw(&scope, splitter, &columns.raw, out);
    mlsd__split_columns_free(&columns);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_folds_split(const mlsd_context *context, const mlsd_spec *splitter, int64_t n,
                             const mlsd_matrix *y, const mlsd_matrix *groups, mlsd_folds **out)
{
    static const char *const names[2] = {"target", "group"};
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(splitter, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(n >= 0, "the number of rows must not be negative, got %lld", (long long)n);
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    if (y != NULL) MLSD__TRY(mlsd__matrix_check_vector(y, "y", n));
    if (groups != NULL) MLSD__TRY(mlsd__matrix_check_vector(groups, "groups", n));

    const mlsd_matrix *const values[2] = {y, groups};
    return split_columns(context, splitter, n, names, values, 2, NULL, out);
}

mlsd_status mlsd_folds_split_columns(const mlsd_context *context, const mlsd_spec *splitter,
                                     int64_t n, const char *const *roles,
                                     const mlsd_matrix *const *columns, int64_t n_columns,
                                     mlsd_random_state *random_state, mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(splitter, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(n >= 0, "the number of rows must not be negative, got %lld", (long long)n);
    MLSD__REQUIRE(n_columns >= 0, "the number of columns must not be negative, got %lld",
                  (long long)n_columns);
    MLSD__REQUIRE(n_columns == 0 || (roles != NULL && columns != NULL),
                  "roles or columns are NULL, but %lld are given", (long long)n_columns);
    if (random_state != NULL)
        MLSD__REQUIRE_LIVE(random_state, MLSD__MAGIC_RANDOM_STATE, "random_state");
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    return split_columns(context, splitter, n, roles, columns, n_columns,
                         random_state != NULL ? &random_state->mt : NULL, out);
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
    mlsd__free(&a, folds->rows32);
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
