/* fold_forms.c - the forms in which folds store their rows: room for each, and how large a part is
 * and which rows it has. What the forms mean is in splitter.h. */
#include "split/splitter.h"

#include <string.h>

#include "base/handle.h"
#include "split/collect.h"

mlsd_status mlsd__folds_make_ids(mlsd_folds *f, int64_t n_ids, int64_t n_repeats)
{
    int64_t n = 0;
    f->form = MLSD__FOLDS_IDS;
    f->n_parts = 2;
    f->n_ids = n_ids;
    MLSD__TRY(mlsd__mul_size(n_ids, n_repeats, &f->n_splits));
    MLSD__TRY(mlsd__mul_size(f->n_rows, n_repeats, &n));
    f->sizes = mlsd__alloc(&f->allocator, f->n_splits, sizeof *f->sizes);
    if (f->sizes == NULL) return MLSD_E_NOMEM;
    f->ids = mlsd__alloc_raw(&f->allocator, n, sizeof *f->ids);
    return f->ids == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

mlsd_status mlsd__folds_take_ids(mlsd_folds *f, int64_t n_ids, int32_t **numbers)
{
    f->form = MLSD__FOLDS_IDS;
    f->n_parts = 2;
    f->n_ids = f->n_splits = n_ids;
    f->sizes = mlsd__alloc(&f->allocator, n_ids, sizeof *f->sizes);
    if (f->sizes == NULL) return MLSD_E_NOMEM;
    f->ids = *numbers;
    *numbers = NULL;
    return MLSD_OK;
}

static mlsd_status copy_units(mlsd_folds *f, const int32_t *units, int64_t n_units)
{
    f->n_units = n_units;
    if (units == NULL) return MLSD_OK;
    f->units = mlsd__memdup(&f->allocator, units, f->n_rows, sizeof *f->units);
    return f->units == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

mlsd_status mlsd__folds_make_marks(mlsd_folds *f, const int32_t *units, int64_t n_units,
                                   int64_t n_splits, int64_t n_parts)
{
    int64_t n_marks = 0, n_sizes = 0;
    f->form = MLSD__FOLDS_MARKS;
    f->n_splits = n_splits;
    f->n_parts = n_parts;
    MLSD__TRY(mlsd__mul_size(n_units, n_splits, &n_marks));
    MLSD__TRY(mlsd__mul_size(n_parts, n_splits, &n_sizes));
    MLSD__TRY(copy_units(f, units, n_units));
    f->sizes = mlsd__alloc(&f->allocator, n_sizes, sizeof *f->sizes);
    if (f->sizes == NULL) return MLSD_E_NOMEM;
    f->marks = mlsd__alloc_raw(&f->allocator, n_marks, sizeof *f->marks);
    if (f->marks == NULL) return MLSD_E_NOMEM;
    memset(f->marks, -1, (size_t)n_marks);
    return MLSD_OK;
}

void mlsd__folds_count_marks(mlsd_folds *f)
{
    for (int64_t k = 0; k < f->n_splits; k++) {
        const int8_t *const marks = f->marks + k * f->n_units;
        int64_t *const sizes = f->sizes + k * f->n_parts;
        for (int64_t i = 0; i < f->n_rows; i++) {
            const int8_t part = marks[f->units != NULL ? f->units[i] : i];
            if (part >= 0) sizes[part]++;
        }
    }
}

mlsd_status mlsd__folds_make_rows(mlsd_folds *f, int64_t n_splits, int64_t n_parts,
                                  const int64_t *sizes)
{
    int64_t n = 0;
    f->form = MLSD__FOLDS_ROWS;
    f->n_splits = n_splits;
    f->n_parts = n_parts;
    MLSD__TRY(mlsd__mul_size(n_splits, n_parts, &n));
    f->offsets = mlsd__alloc_raw(&f->allocator, n + 1, sizeof *f->offsets);
    if (f->offsets == NULL) return MLSD_E_NOMEM;
    f->offsets[0] = 0;
    for (int64_t k = 0; k < n; k++) {
        if (__builtin_add_overflow(f->offsets[k], sizes[k % n_parts], &f->offsets[k + 1]))
            return mlsd__fail_nomem();
    }
    f->rows = mlsd__alloc_raw(&f->allocator, f->offsets[n], sizeof *f->rows);
    return f->rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

/* n over p, or INT64_MAX where it is above INT32_MAX. */
static int64_t binomial(int64_t n, int64_t p)
{
    const int64_t q = p < n - p ? p : n - p;
    int64_t c = 1;
    for (int64_t i = 0; i < q; i++) {
        int64_t product = 0; /* c is i choices of n: the division is exact */
        if (__builtin_mul_overflow(c, n - i, &product)) return INT64_MAX;
        c = product / (i + 1);
        if (c > INT32_MAX) return INT64_MAX; /* choices grow up to n / 2 */
    }
    return c;
}

mlsd_status mlsd__folds_make_combinations(mlsd_folds *f, const int32_t *units, int64_t n_units,
                                          int64_t p, const char *noun)
{
    f->form = MLSD__FOLDS_COMBINATIONS;
    f->n_parts = 2;
    f->p = p;
    f->n_splits = binomial(n_units, p);
    if (f->n_splits > INT32_MAX) {
        return mlsd__fail(MLSD_E_DATA,
                          "leaving out %lld of %lld %s makes more than %d splits; use a k-fold or "
                          "shuffle splitter",
                          (long long)p, (long long)n_units, noun, INT32_MAX);
    }
    MLSD__TRY(copy_units(f, units, n_units));
    if (units == NULL) return MLSD_OK;
    f->unit_sizes = mlsd__alloc(&f->allocator, n_units, sizeof *f->unit_sizes);
    if (f->unit_sizes == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < f->n_rows; i++) f->unit_sizes[units[i]]++;
    return MLSD_OK;
}

/* Walks over units 0, 1, ... and tells of each whether it is in the combination of that rank.
 * `n_after` units follow the present one, `n_with` of the combinations that are left contain it:
 * n_after over n_left - 1. */
typedef struct combination {
    int64_t rank, n_left, n_after, n_with;
} combination;

static combination combination_at(const mlsd_folds *f, int64_t rank)
{
    return (combination){.rank = rank,
                         .n_left = f->p,
                         .n_after = f->n_units - 1,
                         .n_with = f->n_splits * f->p / f->n_units};
}

static bool combination_takes(combination *c)
{
    if (c->n_left == 0) return false;
    const bool takes = c->rank < c->n_with;
    const int64_t n_after = c->n_after--;
    if (takes) {
        if (--c->n_left > 0) c->n_with = c->n_with * c->n_left / n_after;
    } else {
        c->rank -= c->n_with;
        c->n_with = c->n_with * (n_after - c->n_left + 1) / n_after;
    }
    return takes;
}

static int64_t tested_rows(const mlsd_folds *f, int64_t split)
{
    if (f->units == NULL) return f->p;
    combination c = combination_at(f, split);
    int64_t n = 0;
    for (int64_t u = 0; c.n_left > 0; u++) n += combination_takes(&c) ? f->unit_sizes[u] : 0;
    return n;
}

static int64_t part_size(const mlsd_folds *f, int64_t split, int64_t part)
{
    const int64_t at = split * f->n_parts + part;
    switch (f->form) {
    case MLSD__FOLDS_RANGES:
        return f->ranges[2 * at + 1] - f->ranges[2 * at];
    case MLSD__FOLDS_ROWS:
        return f->offsets[at + 1] - f->offsets[at];
    case MLSD__FOLDS_MARKS:
        return f->sizes[at];
    default:
        break;
    }
    const int64_t tested = f->form == MLSD__FOLDS_IDS ? f->sizes[split] : tested_rows(f, split);
    return part == 1 ? tested : f->n_rows - tested;
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

/* Every row is written and the end moves only past those that belong, which spares a branch that
 * no processor can foresee. */
static mlsd_status collect_combination(const mlsd_folds *f, int64_t split, int64_t part,
                                       int64_t size, int64_t *out)
{
    combination c = combination_at(f, split);
    const bool wanted = part == 1;
    int64_t n = 0;
    if (f->units == NULL) {
        for (int64_t i = 0; n < size; i++) {
            out[n] = i;
            n += combination_takes(&c) == wanted;
        }
        return MLSD_OK;
    }
    bool *const is_tested = mlsd__alloc_raw(&f->allocator, f->n_units, sizeof *is_tested);
    if (is_tested == NULL) return MLSD_E_NOMEM;
    for (int64_t u = 0; u < f->n_units; u++) is_tested[u] = combination_takes(&c);
    for (int64_t i = 0; n < size; i++) {
        out[n] = i;
        n += is_tested[f->units[i]] == wanted;
    }
    mlsd__free(&f->allocator, is_tested);
    return MLSD_OK;
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
    if (folds->form == MLSD__FOLDS_COMBINATIONS)
        return collect_combination(folds, split, part, size, out);
    if (folds->form == MLSD__FOLDS_IDS) {
        mlsd__collect_i32(folds->ids + split / folds->n_ids * folds->n_rows,
                          (int32_t)(split % folds->n_ids), part == 1, size, out);
    } else if (folds->form == MLSD__FOLDS_MARKS) {
        mlsd__collect_i8(folds->marks + split * folds->n_units, folds->units, (int8_t)part, size,
                         out);
    } else if (folds->form == MLSD__FOLDS_RANGES) {
        for (int64_t i = 0; i < size; i++) out[i] = folds->ranges[2 * at] + i;
    } else if (folds->rows32 != NULL) {
        for (int64_t i = 0; i < size; i++) out[i] = folds->rows32[folds->offsets[at] + i];
    } else if (size > 0) {
        memcpy(out, folds->rows + folds->offsets[at], (size_t)size * sizeof *out);
    }
    return MLSD_OK;
}
