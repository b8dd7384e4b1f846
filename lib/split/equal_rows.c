/* equal_rows.c - the forest over rows, and rows that are equal joined in it.
 *
 * Equal rows are found by a hash of 128 bits in one pass, so it costs O(n p) time and 32 bytes a
 * row. Two rows that differ share a hash once in 2^128. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "split/frame_pass.h"
#include "split/near_duplicates.h"

mlsd_status mlsd__row_forest_new(const mlsd__allocator *a, int64_t n_rows, mlsd__row_forest *out)
{
    out->parent = mlsd__alloc_raw(a, n_rows, sizeof *out->parent);
    if (out->parent == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_rows; i++) out->parent[i] = i;
    return MLSD_OK;
}

void mlsd__row_forest_free(mlsd__row_forest *f, const mlsd__allocator *a)
{
    mlsd__free(a, f->parent);
}

int64_t mlsd__row_forest_find(const mlsd__row_forest *f, int64_t row)
{
    int64_t *const parent = f->parent;
    while (parent[row] != row) row = parent[row] = parent[parent[row]]; /* path halving */
    return row;
}

void mlsd__row_forest_join(const mlsd__row_forest *f, int64_t a, int64_t b)
{
    const int64_t root_a = mlsd__row_forest_find(f, a), root_b = mlsd__row_forest_find(f, b);
    if (root_a < root_b)
        f->parent[root_b] = root_a;
    else
        f->parent[root_a] = root_b;
}

typedef struct row_hash {
    uint64_t low, high;
} row_hash;

typedef struct hash_job {
    int64_t p;
    row_hash *hashes;
} hash_job;

static mlsd_status hash_rows(void *user, int64_t first, int64_t n, double *x, mlsd__scope *scope)
{
    enum { LOW_SEED = 0, HIGH_SEED = 1 };
    const hash_job *const job = user;
    const size_t bytes = (size_t)job->p * sizeof *x;
    (void)scope;
    for (int64_t i = 0; i < n; i++, x += job->p) {
        for (int64_t j = 0; j < job->p; j++) x[j] = isnan(x[j]) ? (double)NAN : x[j] + 0.0;
        job->hashes[first + i] = (row_hash){.low = mlsd__hash64(x, bytes, LOW_SEED),
                                            .high = mlsd__hash64(x, bytes, HIGH_SEED)};
    }
    return MLSD_OK;
}

/* Linear probing over row numbers; slots hold the first row of each hash, -1 when free. */
static mlsd_status join_hashes(mlsd__scope *scope, const row_hash *hashes, int64_t n,
                               const mlsd__row_forest *forest)
{
    int64_t n_slots = 64;
    while (n_slots / 2 < n) n_slots *= 2;
    int64_t *const slots = mlsd__alloc_raw(scope->allocator, n_slots, sizeof *slots);
    if (slots == NULL) return MLSD_E_NOMEM;
    memset(slots, 0xff, (size_t)n_slots * sizeof *slots);
    mlsd_status status = MLSD_OK;
    const uint64_t mask = (uint64_t)n_slots - 1;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        uint64_t at = hashes[i].low & mask;
        while (slots[at] >= 0 &&
               (hashes[slots[at]].low != hashes[i].low || hashes[slots[at]].high != hashes[i].high))
            at = (at + 1) & mask;
        if (slots[at] >= 0)
            mlsd__row_forest_join(forest, slots[at], i);
        else
            slots[at] = i;
        if (i % MLSD__BLOCK_ROWS == 0) status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, slots);
    return status;
}

mlsd_status mlsd__join_equal_rows(mlsd__scope *scope, const mlsd__frame *f,
                                  const mlsd__row_forest *forest)
{
    hash_job job = {.p = f->n_features};
    job.hashes = mlsd__alloc_raw(scope->allocator, f->n_rows, sizeof *job.hashes);
    if (job.hashes == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__frame_pass(scope, f, hash_rows, &job);
    if (status == MLSD_OK) status = join_hashes(scope, job.hashes, f->n_rows, forest);
    mlsd__free(scope->allocator, job.hashes);
    return status;
}
