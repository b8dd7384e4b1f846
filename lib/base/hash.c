/* hash.c - XXH3 and the dictionary: linear probing over numbers, texts in an arena of blocks that
 * never move, so that what at() returned stays valid until the dictionary is freed. Invariant: a
 * failed intern leaves the dictionary as it was. */
#include "base/hash.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#include "base/fail.h"

enum { FIRST_SLOTS = 64, FIRST_BLOCK = 1024, LARGEST_BLOCK = 1 << 20 };

uint64_t mlsd__hash64(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(size == 0 ? "" : bytes, size, seed);
}

typedef struct entry {
    const char *text;
    size_t length;
    uint64_t hash;
} entry;

/* `number` is one more than the entry's, 0 for a free slot; the tag saves most looks at the entry.
 */
typedef struct slot {
    uint32_t tag;
    uint32_t number;
} slot;

typedef struct block {
    struct block *previous;
    size_t used, capacity;
    char bytes[];
} block;

struct mlsd__dictionary {
    mlsd__allocator allocator;
    entry *entries;
    int64_t n_entries, entries_capacity;
    slot *slots;
    uint64_t n_slots; /* a power of two, more than 4/3 of n_entries */
    block *newest;
};

mlsd_status mlsd__dictionary_new(const mlsd__allocator *a, mlsd__dictionary **out)
{
    *out = NULL;
    mlsd__dictionary *d = mlsd__alloc(a, 1, sizeof *d);
    if (d == NULL) return MLSD_E_NOMEM;
    d->allocator = *a;
    d->slots = mlsd__alloc(a, FIRST_SLOTS, sizeof *d->slots);
    if (d->slots == NULL) {
        mlsd__dictionary_free(d);
        return MLSD_E_NOMEM;
    }
    d->n_slots = FIRST_SLOTS;
    *out = d;
    return MLSD_OK;
}

void mlsd__dictionary_free(mlsd__dictionary *d)
{
    if (d == NULL) return;
    const mlsd__allocator a = d->allocator;
    while (d->newest != NULL) {
        block *const freed = d->newest;
        d->newest = freed->previous;
        mlsd__free(&a, freed);
    }
    mlsd__free(&a, d->entries);
    mlsd__free(&a, d->slots);
    mlsd__free(&a, d);
}

/* The slot that holds the text, or the free one where it belongs. */
static uint64_t find_slot(const mlsd__dictionary *d, const char *text, size_t length, uint64_t hash)
{
    const uint64_t mask = d->n_slots - 1;
    const uint32_t tag = (uint32_t)(hash >> 32);
    for (uint64_t i = hash & mask;; i = (i + 1) & mask) {
        const slot s = d->slots[i];
        if (s.number == 0) return i;
        if (s.tag != tag) continue;
        const entry *const e = &d->entries[s.number - 1];
        if (e->hash == hash && e->length == length &&
            (length == 0 || memcmp(e->text, text, length) == 0))
            return i;
    }
}

static mlsd_status double_slots(mlsd__dictionary *d)
{
    const uint64_t n_slots = 2 * d->n_slots;
    slot *const slots = mlsd__alloc(&d->allocator, (int64_t)n_slots, sizeof *slots);
    if (slots == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < d->n_entries; k++) {
        const uint64_t hash = d->entries[k].hash;
        uint64_t i = hash & (n_slots - 1);
        while (slots[i].number != 0) i = (i + 1) & (n_slots - 1);
        slots[i] = (slot){.tag = (uint32_t)(hash >> 32), .number = (uint32_t)k + 1};
    }
    mlsd__free(&d->allocator, d->slots);
    d->slots = slots;
    d->n_slots = n_slots;
    return MLSD_OK;
}

/* A copy of the text in the arena; NULL when memory runs out. Long texts get a block of their own,
 * put behind the newest one, whose room stays in use. */
static const char *arena_copy(mlsd__dictionary *d, const char *text, size_t length)
{
    if (length >= (size_t)INT64_MAX - sizeof(block) - 1) {
        mlsd__fail_nomem();
        return NULL;
    }
    block *target = d->newest;
    if (target == NULL || target->capacity - target->used <= length) {
        size_t capacity = target == NULL ? FIRST_BLOCK : 2 * target->capacity;
        if (capacity > LARGEST_BLOCK) capacity = LARGEST_BLOCK;
        const bool alone = length >= capacity / 4 && target != NULL;
        if (alone || capacity <= length) capacity = length + 1;
        block *const fresh = mlsd__alloc_raw(&d->allocator, (int64_t)(sizeof *fresh + capacity), 1);
        if (fresh == NULL) return NULL;
        fresh->used = 0;
        fresh->capacity = capacity;
        fresh->previous = alone ? target->previous : target;
        if (alone)
            target->previous = fresh;
        else
            d->newest = fresh;
        target = fresh;
    }
    char *const copy = target->bytes + target->used;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    target->used += length + 1;
    return copy;
}

mlsd_status mlsd__dictionary_intern(mlsd__dictionary *d, const char *text, size_t length,
                                    int32_t *out)
{
    const uint64_t hash = mlsd__hash64(text, length, 0);
    uint64_t i = find_slot(d, text, length, hash);
    if (d->slots[i].number != 0) {
        *out = (int32_t)(d->slots[i].number - 1);
        return MLSD_OK;
    }
    if (d->n_entries == INT32_MAX)
        return mlsd__fail(MLSD_E_DATA, "more than %d distinct texts", INT32_MAX);
    if ((uint64_t)d->n_entries + 1 > d->n_slots / 4 * 3) {
        MLSD__TRY(double_slots(d));
        i = find_slot(d, text, length, hash);
    }
    void *entries = d->entries;
    const mlsd_status status = mlsd__reserve(&d->allocator, &entries, &d->entries_capacity,
                                             d->n_entries + 1, sizeof *d->entries);
    d->entries = entries;
    if (status != MLSD_OK) return status;
    const char *const copy = arena_copy(d, text, length);
    if (copy == NULL) return MLSD_E_NOMEM;

    d->entries[d->n_entries] = (entry){.text = copy, .length = length, .hash = hash};
    d->slots[i] = (slot){.tag = (uint32_t)(hash >> 32), .number = (uint32_t)d->n_entries + 1};
    *out = (int32_t)d->n_entries++;
    return MLSD_OK;
}

int32_t mlsd__dictionary_find(const mlsd__dictionary *d, const char *text, size_t length)
{
    const uint64_t i = find_slot(d, text, length, mlsd__hash64(text, length, 0));
    return (int32_t)d->slots[i].number - 1;
}

int64_t mlsd__dictionary_count(const mlsd__dictionary *d)
{
    return d->n_entries;
}

const char *mlsd__dictionary_at(const mlsd__dictionary *d, int64_t i, size_t *out_length)
{
    if (i < 0 || i >= d->n_entries) return NULL;
    if (out_length != NULL) *out_length = d->entries[i].length;
    return d->entries[i].text;
}
