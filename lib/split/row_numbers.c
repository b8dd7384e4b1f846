/* row_numbers.c - lists of row numbers, 32 bits wide where that is enough, and folds that are made
 * of them. Both widths draw the same words and hold the same rows. */
#include "split/row_numbers.h"

#include <string.h>

/* Below this a shuffle asks for its words one by one; above, tempering a whole block ahead pays. */
enum { SHORT_SHUFFLE = 48 };

mlsd_status mlsd__row_numbers_new(const mlsd__allocator *a, int64_t n_rows, int64_t count,
                                  mlsd__row_numbers *out)
{
    *out = (mlsd__row_numbers){NULL, NULL};
    if (n_rows <= INT32_MAX)
        out->narrow = mlsd__alloc_raw(a, count, sizeof *out->narrow);
    else
        out->wide = mlsd__alloc_raw(a, count, sizeof *out->wide);
    return out->narrow == NULL && out->wide == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

void mlsd__row_numbers_free(mlsd__row_numbers *r, const mlsd__allocator *a)
{
    mlsd__free(a, r->narrow);
    mlsd__free(a, r->wide);
    *r = (mlsd__row_numbers){NULL, NULL};
}

void mlsd__row_numbers_count_up(const mlsd__row_numbers *r, int64_t n)
{
    if (r->narrow != NULL) {
        for (int64_t i = 0; i < n; i++) r->narrow[i] = (int32_t)i;
    } else {
        for (int64_t i = 0; i < n; i++) r->wide[i] = i;
    }
}

void mlsd__row_numbers_copy(const mlsd__row_numbers *to, int64_t to_first,
                            const mlsd__row_numbers *from, int64_t from_first, int64_t n)
{
    if (n == 0) return;
    if (to->narrow != NULL) {
        memcpy(to->narrow + to_first, from->narrow + from_first, (size_t)n * sizeof *to->narrow);
    } else {
        memcpy(to->wide + to_first, from->wide + from_first, (size_t)n * sizeof *to->wide);
    }
}

/* Of few numbers, where the words of a whole block would be tempered in vain. */
static void shuffle_few(mlsd__mt19937 *mt, int32_t *values, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)mlsd__mt_interval(mt, (uint64_t)i);
        const int32_t swapped = values[i];
        values[i] = values[j];
        values[j] = swapped;
    }
}

mlsd_status mlsd__row_numbers_shuffle(mlsd__scope *scope, mlsd__mt19937 *mt,
                                      const mlsd__row_numbers *r, int64_t first, int64_t n)
{
    if (r->wide != NULL) return mlsd__split_shuffle(scope, mt, r->wide + first, n);
    if (n > SHORT_SHUFFLE) return mlsd__split_shuffle_i32(scope, mt, r->narrow + first, n);
    shuffle_few(mt, r->narrow + first, n);
    return MLSD_OK;
}

mlsd__row_numbers mlsd__folds_row_numbers(const mlsd_folds *f)
{
    return (mlsd__row_numbers){.narrow = f->rows32, .wide = f->rows};
}

static mlsd_status begin(mlsd_folds *f, int64_t n_splits, int64_t n_parts, int64_t *n)
{
    f->form = MLSD__FOLDS_ROWS;
    f->n_splits = n_splits;
    f->n_parts = n_parts;
    MLSD__TRY(mlsd__mul_size(n_splits, n_parts, n));
    f->offsets = mlsd__alloc_raw(&f->allocator, *n + 1, sizeof *f->offsets);
    if (f->offsets == NULL) return MLSD_E_NOMEM;
    f->offsets[0] = 0;
    return MLSD_OK;
}

mlsd_status mlsd__folds_make_row_numbers(mlsd_folds *f, int64_t n_splits, int64_t n_parts,
                                         const int64_t *sizes)
{
    int64_t n = 0;
    MLSD__TRY(begin(f, n_splits, n_parts, &n));
    for (int64_t k = 0; k < n; k++) {
        if (__builtin_add_overflow(f->offsets[k], sizes[k % n_parts], &f->offsets[k + 1]))
            return mlsd__fail_nomem();
    }
    mlsd__row_numbers rows;
    MLSD__TRY(mlsd__row_numbers_new(&f->allocator, f->n_rows, f->offsets[n], &rows));
    f->rows32 = rows.narrow;
    f->rows = rows.wide;
    return MLSD_OK;
}

mlsd_status mlsd__folds_begin_row_numbers(mlsd_folds *f, int64_t n_splits, int64_t n_parts)
{
    int64_t n = 0;
    return begin(f, n_splits, n_parts, &n);
}

mlsd_status mlsd__folds_end_row_numbers(mlsd_folds *f)
{
    const int64_t n = f->offsets[f->n_splits * f->n_parts];
    if (f->rows32 != NULL) {
        int32_t *const rows = mlsd__realloc(&f->allocator, f->rows32, n, sizeof *rows);
        if (rows == NULL) return MLSD_E_NOMEM;
        f->rows32 = rows;
    } else if (f->rows != NULL) {
        int64_t *const rows = mlsd__realloc(&f->allocator, f->rows, n, sizeof *rows);
        if (rows == NULL) return MLSD_E_NOMEM;
        f->rows = rows;
    }
    return MLSD_OK;
}

mlsd_status mlsd__folds_add_row_numbers(mlsd_folds *f, int64_t part, int64_t size,
                                        int64_t *capacity, int64_t *out_first)
{
    int64_t end = 0;
    *out_first = f->offsets[part];
    if (__builtin_add_overflow(f->offsets[part], size, &end)) return mlsd__fail_nomem();
    f->offsets[part + 1] = end;
    if (f->n_rows > INT32_MAX) {
        void *wide = f->rows;
        const mlsd_status status =
            mlsd__reserve(&f->allocator, &wide, capacity, end, sizeof *f->rows);
        f->rows = wide;
        return status;
    }
    void *narrow = f->rows32;
    const mlsd_status status =
        mlsd__reserve(&f->allocator, &narrow, capacity, end, sizeof *f->rows32);
    f->rows32 = narrow;
    return status;
}
