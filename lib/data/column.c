/* column.c - columns: typed values that are counted by reference and never change once shared.
 *
 * Here is how columns are made, kept alive and let go, and how the texts of a category column are
 * laid out; tables are in table.c. Invariant: the levels of a category column are distinct C
 * strings, and every code is -1 or in [0, n_levels). */
#include <stdbool.h>
#include <string.h>

#include "base/fail.h"
#include "data/table_impl.h"

mlsd__column *mlsd__column_retain(const mlsd__column *column)
{
    /* Counting is the one write that is allowed behind const. */
    mlsd__column *const shared = (mlsd__column *)column;
    if (shared != NULL) atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return shared;
}

void mlsd__column_release(mlsd__column *column)
{
    if (column == NULL) return;
    if (atomic_fetch_sub_explicit(&column->references, 1, memory_order_acq_rel) != 1) return;

    const mlsd__allocator a = column->allocator;
    if (column->release != NULL) column->release(column->release_user);
    mlsd__free(&a, column->owned);
    if (column->levels_of != NULL) {
        mlsd__column_release(column->levels_of);
    } else {
        mlsd__free(&a, column->levels);
        mlsd__free(&a, column->level_arena);
    }
    mlsd__free(&a, column);
}

mlsd_status mlsd__column_new(const mlsd__allocator *a, mlsd_column_type type, void *owned,
                             int64_t n, mlsd__column **out)
{
    *out = NULL;
    mlsd__column *const column = mlsd__alloc(a, 1, sizeof *column);
    if (column == NULL) return MLSD_E_NOMEM;
    atomic_init(&column->references, 1);
    column->allocator = *a;
    column->type = type;
    column->n = n;
    column->values = owned;
    column->owned = owned;
    *out = column;
    return MLSD_OK;
}

static bool text_is_less(const mlsd__dictionary *texts, int32_t left, int32_t right)
{
    size_t n_left, n_right;
    const char *const a = mlsd__dictionary_at(texts, left, &n_left);
    const char *const b = mlsd__dictionary_at(texts, right, &n_right);
    /* Bytes of UTF-8 sort as their code points do. */
    const int order = memcmp(a, b, n_left < n_right ? n_left : n_right);
    return order < 0 || (order == 0 && n_left < n_right);
}

static void merge(const mlsd__dictionary *texts, const int32_t *from, int64_t first, int64_t middle,
                  int64_t last, int32_t *to)
{
    int64_t i = first, j = middle;
    for (int64_t k = first; k < last; k++) {
        const bool take_right = i == middle || (j < last && text_is_less(texts, from[j], from[i]));
        to[k] = take_right ? from[j++] : from[i++];
    }
}

/* Merge sort from the bottom up: libc's qsort allocates behind the context's back. The result ends
 * up in one of the two buffers, which is returned. */
static int32_t *sort_texts(const mlsd__dictionary *texts, int32_t *order, int32_t *scratch,
                           int64_t n)
{
    for (int64_t width = 1; width < n; width *= 2) {
        for (int64_t first = 0; first < n; first += 2 * width) {
            const int64_t middle = first + width < n ? first + width : n;
            const int64_t last = first + 2 * width < n ? first + 2 * width : n;
            merge(texts, order, first, middle, last, scratch);
        }
        int32_t *const swap = order;
        order = scratch;
        scratch = swap;
    }
    return order;
}

/* Copy the texts into one arena; order[i] is the dictionary's number of level i, NULL for the same.
 */
static mlsd_status set_levels(mlsd__column *column, const mlsd__dictionary *texts,
                              const int32_t *order)
{
    const mlsd__allocator *const a = &column->allocator;
    const int64_t n = mlsd__dictionary_count(texts);
    int64_t n_bytes = 0;
    for (int64_t i = 0; i < n; i++) {
        size_t length;
        mlsd__dictionary_at(texts, i, &length);
        n_bytes += (int64_t)length + 1;
    }
    column->levels = mlsd__alloc(a, n, sizeof *column->levels);
    if (column->levels == NULL) return MLSD_E_NOMEM;
    column->level_arena = mlsd__alloc_raw(a, n_bytes, 1);
    if (column->level_arena == NULL) return MLSD_E_NOMEM;

    char *end = column->level_arena;
    for (int64_t i = 0; i < n; i++) {
        size_t length;
        const char *const text = mlsd__dictionary_at(texts, order == NULL ? i : order[i], &length);
        column->levels[i] = end;
        memcpy(end, text, length);
        end[length] = '\0';
        end += length + 1;
    }
    column->n_levels = n;
    return MLSD_OK;
}

static mlsd_status new_category(const mlsd__allocator *a, int32_t *owned_codes, int64_t n,
                                const mlsd__dictionary *levels, const int32_t *order,
                                mlsd__column **out)
{
    mlsd__column *column;
    MLSD__TRY(mlsd__column_new(a, MLSD_COLUMN_CATEGORY, owned_codes, n, &column));
    const mlsd_status status = set_levels(column, levels, order);
    if (status != MLSD_OK) {
        column->owned = NULL; /* the codes stay the caller's */
        mlsd__column_release(column);
        return status;
    }
    *out = column;
    return MLSD_OK;
}

mlsd_status mlsd__column_new_category(const mlsd__allocator *a, int32_t *owned_codes, int64_t n,
                                      const mlsd__dictionary *levels, mlsd__column **out)
{
    *out = NULL;
    return new_category(a, owned_codes, n, levels, NULL, out);
}

mlsd_status mlsd__column_new_sorted(const mlsd__allocator *a, int32_t *owned_codes, int64_t n,
                                    const mlsd__dictionary *levels, mlsd__column **out)
{
    *out = NULL;
    mlsd_status status = MLSD_E_NOMEM;
    const int64_t n_levels = mlsd__dictionary_count(levels);
    int32_t *const first = mlsd__alloc_raw(a, n_levels, sizeof *first);
    int32_t *const second = mlsd__alloc_raw(a, n_levels, sizeof *second);
    if (first == NULL || second == NULL) goto out;

    for (int64_t i = 0; i < n_levels; i++) first[i] = (int32_t)i;
    const int32_t *const order = sort_texts(levels, first, second, n_levels);
    status = new_category(a, owned_codes, n, levels, order, out);
    if (status != MLSD_OK) goto out;

    int32_t *const rank = order == first ? second : first;
    for (int64_t i = 0; i < n_levels; i++) rank[order[i]] = (int32_t)i;
    for (int64_t i = 0; i < n; i++) {
        if (owned_codes[i] >= 0) owned_codes[i] = rank[owned_codes[i]];
    }
out:
    mlsd__free(a, second);
    mlsd__free(a, first);
    return status;
}
