/* dataset_looks.c - how often rows were looked at. Scores of rows that choices were made by are too
 * good, whoever made them and through whichever view, so the counts stand in the store, one a row,
 * and a data set answers for the row that was looked at most. They are made at the first look and
 * are the only part of a store that is written later: atomically, without a lock. Of looks at the
 * same rows at the same time one at most is told that it is the first, for it must be the first at
 * every row. */
#include "base/handle.h"
#include "data/dataset_impl.h"

mlsd_status mlsd__dataset_look_prepare(const mlsd_dataset *d)
{
    mlsd__data_store *const s = d->store;
    if (atomic_load_explicit(&s->looks, memory_order_acquire) != NULL) return MLSD_OK;
    atomic_uint *const made = mlsd__alloc(&s->allocator, s->n_rows, sizeof *made);
    if (made == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->n_rows; i++) atomic_init(&made[i], 0);
    atomic_uint *none = NULL;
    if (!atomic_compare_exchange_strong_explicit(&s->looks, &none, made, memory_order_acq_rel,
                                                 memory_order_acquire))
        mlsd__free(&s->allocator, made); /* another thread was faster */
    return MLSD_OK;
}

/* One more look at a row; as many as an unsigned int holds. */
static int64_t count_row(atomic_uint *count)
{
    unsigned seen = atomic_load_explicit(count, memory_order_relaxed);
    while (seen < UINT32_MAX &&
           !atomic_compare_exchange_weak_explicit(count, &seen, seen + 1, memory_order_acq_rel,
                                                  memory_order_relaxed)) {
    }
    return (int64_t)seen + 1;
}

mlsd_status mlsd__dataset_look(const mlsd_dataset *d, int64_t *out)
{
    const mlsd__data_store *const s = d->store;
    atomic_uint *const looks = atomic_load_explicit(&s->looks, memory_order_acquire);
    unsigned char *is_counted = NULL;
    *out = 0;
    if (d->rows != NULL) {
        is_counted = mlsd__alloc(&s->allocator, s->n_rows, sizeof *is_counted);
        if (is_counted == NULL) return MLSD_E_NOMEM;
    }
    for (int64_t i = 0; i < d->n_rows; i++) {
        const int64_t r = d->rows != NULL ? d->rows[i] : i;
        if (is_counted != NULL && is_counted[r]) continue;
        if (is_counted != NULL) is_counted[r] = 1;
        const int64_t number = count_row(&looks[r]);
        if (number > *out) *out = number;
    }
    mlsd__free(&s->allocator, is_counted);
    return MLSD_OK;
}

int64_t mlsd_dataset_n_looks(const mlsd_dataset *dataset)
{
    if (!MLSD__IS_LIVE(dataset, MLSD__MAGIC_DATASET)) return 0;
    atomic_uint *const looks = atomic_load_explicit(&dataset->store->looks, memory_order_acquire);
    int64_t most = 0;
    for (int64_t i = 0; looks != NULL && i < dataset->n_rows; i++) {
        const int64_t r = dataset->rows != NULL ? dataset->rows[i] : i;
        const int64_t n = (int64_t)atomic_load_explicit(&looks[r], memory_order_acquire);
        if (n > most) most = n;
    }
    return most;
}
