/* folds.c - folds: made by a splitter's table of functions, read part by part.
 *
 * Here is what all splitters share: the public calls, turning y into class numbers, the three forms
 * in which rows are stored, and shuffling. How rows are dealt stands in kfold.c, stratified.c,
 * holdout.c and time_series.c. Folds never change once made, so any number of threads may read
 * them. */
#include "split/splitter.h"

#include <string.h>

#include "base/handle.h"
#include "base/text.h"
#include "data/dataset_impl.h"
#include "data/matrix_view.h"
#include "numeric/rank.h"

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

mlsd_status mlsd__split_class_counts(const mlsd__allocator *a, const mlsd__split_input *in,
                                     int64_t **out)
{
    int64_t *const counts = mlsd__alloc(a, in->n_classes, sizeof *counts);
    if (counts == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < in->n_rows; i++) counts[in->classes[i]]++;
    *out = counts;
    return MLSD_OK;
}

const char *mlsd__split_class_text(const mlsd__split_input *in, int64_t c,
                                   char out[MLSD__CLASS_TEXT_CAPACITY])
{
    const double value = in->class_values[c];
    if (in->class_names == NULL) {
        mlsd__format_double(value, out);
        return out;
    }
    const char *const name = in->class_names[(int64_t)value];
    size_t n = strnlen(name, MLSD__CLASS_TEXT_CAPACITY - 3);
    while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80) n--; /* never half a character */
    out[0] = '\'';
    memcpy(out + 1, name, n);
    out[n + 1] = '\'';
    out[n + 2] = '\0';
    return out;
}

/* Number the distinct values of y by size. */
static mlsd_status find_classes(mlsd__scope *scope, const double *y, mlsd__split_input *in,
                                int32_t **out_codes, double **out_values)
{
    const mlsd__allocator *const a = scope->allocator;
    for (int64_t i = 0; i < in->n_rows; i++) {
        if (y[i] != y[i]) {
            return mlsd__fail(MLSD_E_DATA, "y is missing in row %lld: a class is needed",
                              (long long)i);
        }
    }
    *out_codes = mlsd__alloc_raw(a, in->n_rows, sizeof **out_codes);
    if (*out_codes == NULL) return MLSD_E_NOMEM;
    *out_values = mlsd__alloc_raw(a, in->n_rows, sizeof **out_values);
    if (*out_values == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__factorize(a, y, in->n_rows, *out_values, &in->n_classes, *out_codes));
    in->classes = *out_codes;
    in->class_values = *out_values;
    return mlsd__checkpoint(scope);
}

static mlsd_status split_rows(mlsd__scope *scope, const mlsd_spec *splitter, int64_t n_rows,
                              const double *y, char *const *class_names, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__splitter_ops *const ops = mlsd__spec_ops(splitter);
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(splitter));
    mlsd__split_input in = {.n_rows = n_rows, .class_names = class_names};
    mlsd_folds *folds = NULL;
    int32_t *codes = NULL;
    double *values = NULL;
    mlsd_status status = MLSD_OK;

    *out = NULL;
    if (n_rows < 1) return mlsd__fail(MLSD_E_DATA, "%s has no rows to split", kind);
    if (ops->needs_classes != NULL && ops->needs_classes(splitter)) {
        if (y == NULL) {
            return mlsd__fail(MLSD_E_DATA,
                              "%s needs a target with classes; give y, or split without classes",
                              kind);
        }
        status = find_classes(scope, y, &in, &codes, &values);
        if (status != MLSD_OK) goto out;
    }
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
    mlsd__free(a, values);
    mlsd__free(a, codes);
    return status;
}

mlsd_status mlsd__folds_split(mlsd__scope *scope, const mlsd_spec *splitter, int64_t n_rows,
                              const double *y, mlsd_folds **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    return split_rows(scope, splitter, n_rows, y, NULL, out);
}

mlsd_status mlsd__folds_split_dataset(mlsd__scope *scope, const mlsd_spec *splitter,
                                      const mlsd_dataset *dataset, mlsd_folds **out)
{
    double *y = NULL;

    *out = NULL;
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    const mlsd__splitter_ops *const ops = mlsd__spec_ops(splitter);
    const bool wants_classes = ops->needs_classes != NULL && ops->needs_classes(splitter);
    const mlsd__data_store *const store = dataset->store;
    if (wants_classes && store->n_classes > 0) MLSD__TRY(mlsd__dataset_gather_target(dataset, &y));
    const mlsd_status status =
        split_rows(scope, splitter, dataset->n_rows, y, store->class_names, out);
    mlsd__free(&store->allocator, y);
    return status;
}

mlsd_status mlsd_folds_split(const mlsd_context *context, const mlsd_spec *splitter, int64_t n,
                             const mlsd_matrix *y, mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(splitter, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE(n >= 0, "the number of rows must not be negative, got %lld", (long long)n);
    MLSD__TRY(mlsd__spec_require(splitter, "splitter"));
    if (y != NULL) MLSD__TRY(mlsd__matrix_check_vector(y, "y", n));

    mlsd__scope scope;
    double *values = NULL;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = MLSD_OK;
    if (y != NULL) {
        values = mlsd__alloc_raw(scope.allocator, n, sizeof *values);
        if (values == NULL)
            status = MLSD_E_NOMEM;
        else
            mlsd__matrix_read(y, NULL, 0, n, values);
    }
    if (status == MLSD_OK) status = mlsd__folds_split(&scope, splitter, n, values, out);
    mlsd__free(scope.allocator, values);
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

static int64_t part_size(const mlsd_folds *f, int64_t split, int64_t part)
{
    const int64_t at = split * f->n_parts + part;
    if (f->form == MLSD__FOLDS_RANGES) return f->ranges[2 * at + 1] - f->ranges[2 * at];
    if (f->form == MLSD__FOLDS_ROWS) return f->offsets[at + 1] - f->offsets[at];
    return part == 1 ? f->sizes[split] : f->n_rows - f->sizes[split];
}

int64_t mlsd_folds_part_size(const mlsd_folds *folds, int64_t split, int64_t part)
{
    if (!MLSD__IS_LIVE(folds, MLSD__MAGIC_FOLDS) || split < 0 || split >= folds->n_splits ||
        part < 0 || part >= folds->n_parts) {
        (void)mlsd__fail(MLSD_E_ARG, "there is no part %lld of split %lld", (long long)part,
                         (long long)split);
        return -1;
    }
    return part_size(folds, split, part);
}

/* The rows whose id is (part 1) or is not (part 0) the split's. Every row is written and the end
 * moves only past those that belong, which spares a branch that no processor can foresee. */
static void collect_ids(const mlsd_folds *f, int64_t split, int64_t part, int64_t *out)
{
    const int64_t size = part_size(f, split, part);
    const int32_t id = (int32_t)split;
    const bool wanted = part == 1;
    int64_t n = 0;
    for (int64_t i = 0; n < size; i++) {
        out[n] = i;
        n += (f->ids[i] == id) == wanted;
    }
}

mlsd_status mlsd_folds_part(const mlsd_folds *folds, int64_t split, int64_t part, int64_t *out,
                            int64_t capacity)
{
    MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    MLSD__REQUIRE(split >= 0 && split < folds->n_splits, "there is no split %lld of %lld",
                  (long long)split, (long long)folds->n_splits);
    MLSD__REQUIRE(part >= 0 && part < folds->n_parts, "there is no part %lld of %lld",
                  (long long)part, (long long)folds->n_parts);
    const int64_t size = part_size(folds, split, part);
    if (capacity < size) {
        return mlsd__fail(MLSD_E_BUFFER, "part %lld of split %lld has %lld rows, room is for %lld",
                          (long long)part, (long long)split, (long long)size, (long long)capacity);
    }
    MLSD__REQUIRE(out != NULL || size == 0, "the place for the rows is NULL");

    const int64_t at = split * folds->n_parts + part;
    if (folds->form == MLSD__FOLDS_IDS) {
        collect_ids(folds, split, part, out);
    } else if (folds->form == MLSD__FOLDS_RANGES) {
        for (int64_t i = 0; i < size; i++) out[i] = folds->ranges[2 * at] + i;
    } else if (size > 0) {
        memcpy(out, folds->rows + folds->offsets[at], (size_t)size * sizeof *out);
    }
    return MLSD_OK;
}
