/* folds_fingerprint.c - a number for the content of folds: which rows are in which part of which
 * split, in order, whatever the form in which they are stored.
 *
 * Invariant: what is hashed is defined by content alone. Of each part its size and its rows as
 * little-endian int64 in pieces of MLSD__PIECE_ROWS, each piece seeded with the hash of the one
 * before it; a training part that is all other rows, ascending, stands as that (REST), which spares
 * dealt folds from hashing every row for every split. Hashes of splits are chained inside blocks,
 * and those of the blocks in their order. Fingerprints are kept by users: never change any of it.
 */
#include "mlsd/split.h"

#include <string.h>

#include "base/handle.h"
#include "base/hash.h"
#include "split/folds_walk.h"

enum { BLOCK_SPLITS = 16 };
enum { LISTED = 0, REST = 1 };

static uint64_t hash_words(const int64_t *words, int64_t n, uint64_t seed)
{
    unsigned char bytes[MLSD__PIECE_ROWS * 8];
    for (int64_t i = 0; i < n; i++) {
        for (int b = 0; b < 8; b++)
            bytes[8 * i + b] = (unsigned char)((uint64_t)words[i] >> (8 * b));
    }
    return mlsd__hash64(bytes, (size_t)n * 8, seed);
}

static uint64_t chain_part(uint64_t chain, int64_t size, int64_t how, uint64_t rows)
{
    const int64_t words[] = {size, how, (int64_t)rows};
    return hash_words(words, 3, chain);
}

static mlsd_status hash_part(mlsd__scope *scope, const mlsd_folds *f, int64_t split, int64_t part,
                             uint64_t *out)
{
    mlsd__fold_cursor cursor;
    MLSD__TRY(mlsd__fold_cursor_open(&cursor, f, split, part));
    mlsd_status status = MLSD_OK;
    *out = 0;
    for (int64_t n; status == MLSD_OK && (n = mlsd__fold_cursor_read(&cursor)) > 0;) {
        *out = hash_words(cursor.rows, n, *out);
        status = mlsd__checkpoint(scope);
    }
    mlsd__fold_cursor_close(&cursor);
    return status;
}

typedef struct work {
    const mlsd_folds *folds;
    uint64_t *chains; /* one a block of splits */
} work;

static mlsd_status hash_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const work *const w = arg;
    const mlsd_folds *const f = w->folds;
    const int64_t first = block * BLOCK_SPLITS;
    const int64_t end = first + BLOCK_SPLITS < f->n_splits ? first + BLOCK_SPLITS : f->n_splits;
    uint64_t *const bits =
        mlsd__alloc_raw(scope->allocator, mlsd__fold_bit_words(f->n_rows), sizeof *bits);
    if (bits == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    uint64_t chain = 0;
    for (int64_t k = first; status == MLSD_OK && k < end; k++) {
        bool is_rest = false;
        status = mlsd__fold_trains_on_rest(scope, f, k, bits, &is_rest);
        for (int64_t p = 0; status == MLSD_OK && p < f->n_parts; p++) {
            const bool skipped = p == 0 && is_rest;
            uint64_t rows = 0;
            if (!skipped) status = hash_part(scope, f, k, p, &rows);
            chain = chain_part(chain, mlsd_folds_part_size(f, k, p), skipped ? REST : LISTED, rows);
        }
    }
    w->chains[block] = chain;
    mlsd__free(scope->allocator, bits);
    return status;
}

/* All splits of dealt folds, a repeat at a time. */
static mlsd_status hash_dealt(mlsd__scope *scope, const work *w)
{
    const mlsd_folds *const f = w->folds;
    const int64_t n_dealt = mlsd__folds_n_dealt(f);
    for (int64_t repeat = 0; repeat < f->n_splits / n_dealt; repeat++) {
        mlsd__fold_buckets buckets;
        mlsd_status status = mlsd__fold_buckets_make(scope, f, repeat, &buckets);
        if (status != MLSD_OK) return status;
        for (int64_t id = 0; status == MLSD_OK && id < n_dealt; id++) {
            uint64_t *const chain = &w->chains[(repeat * n_dealt + id) / BLOCK_SPLITS];
            const int64_t end = buckets.starts[id + 1], size = end - buckets.starts[id];
            uint64_t rows = 0;
            for (int64_t i = buckets.starts[id]; i < end; i += MLSD__PIECE_ROWS) {
                const int64_t n = end - i < MLSD__PIECE_ROWS ? end - i : MLSD__PIECE_ROWS;
                rows = hash_words(buckets.rows + i, n, rows);
            }
            *chain = chain_part(*chain, f->n_rows - size, REST, 0);
            *chain = chain_part(*chain, size, LISTED, rows);
            status = mlsd__checkpoint(scope);
        }
        mlsd__fold_buckets_free(scope->allocator, &buckets);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

mlsd_status mlsd_folds_fingerprint(const mlsd_context *context, const mlsd_folds *folds,
                                   uint64_t *out)
{
    MLSD__REQUIRE(out != NULL, "the place for the fingerprint is NULL");
    *out = 0;
    MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const int64_t n_blocks = (folds->n_splits + BLOCK_SPLITS - 1) / BLOCK_SPLITS;
    work w = {.folds = folds, .chains = mlsd__alloc(scope.allocator, n_blocks, sizeof *w.chains)};
    mlsd_status status = MLSD_E_NOMEM;
    if (w.chains != NULL)
        status = mlsd__folds_are_dealt(folds)
                     ? hash_dealt(&scope, &w)
                     : mlsd__parallel_for(&scope, n_blocks, hash_block, &w);
    if (status == MLSD_OK) {
        const int64_t head[] = {folds->n_rows, folds->n_splits, folds->n_parts};
        uint64_t hash = hash_words(head, 3, 0);
        for (int64_t b = 0; b < n_blocks; b++) {
            const int64_t word = (int64_t)w.chains[b];
            hash = hash_words(&word, 1, hash);
        }
        *out = hash;
    }
    mlsd__free(scope.allocator, w.chains);
    mlsd__scope_close(&scope);
    return status;
}
