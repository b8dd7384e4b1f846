/* audit_rows.c - rows as numbers and as values: the check "overlap", which rows stand in which part
 * of a split, and the hashes by which equal rows find each other. Two independent 64-bit hashes
 * stand for a row, each the sum of what its columns add, so that a column can be taken out again.
 */
#include <string.h>

#include "model/row_pass.h"
#include "validate/audit_impl.h"

typedef struct hash_job {
    const mlsd__frame *frame;
    uint64_t *out;
} hash_job;

static mlsd_status hash_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const hash_job *const job = arg;
    mlsd__row_reader reader;
    int64_t first, n, ld;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, job->frame);
    if (status == MLSD_OK) {
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) {
            uint64_t sum[2] = {0, 0};
            for (int64_t j = 0; j < job->frame->n_features; j++) {
                uint64_t part[2];
                mlsd__audit_hash_value(j, x[i * ld + j], part);
                sum[0] += part[0];
                sum[1] += part[1];
            }
            job->out[2 * (first + i)] = sum[0];
            job->out[2 * (first + i) + 1] = sum[1];
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

enum { CHECK_ROWS = 1 << 16 };

mlsd_status mlsd__audit_first_equal(mlsd__audit *a, const uint64_t *hashes, int64_t n, int64_t *out,
                                    int64_t *out_n_paired)
{
    const mlsd__allocator *const al = a->scope->allocator;
    int64_t capacity = 16;
    while (capacity < 2 * n) capacity *= 2;
    int64_t *const place = mlsd__alloc_raw(al, capacity, sizeof *place);
    if (place == NULL) return MLSD_E_NOMEM;
    memset(place, 0xff, (size_t)capacity * sizeof *place);
    mlsd_status status = MLSD_OK;
    int64_t n_paired = 0;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        uint64_t at = hashes[2 * i] & (uint64_t)(capacity - 1);
        for (; place[at] >= 0; at = (at + 1) & (uint64_t)(capacity - 1)) {
            const uint64_t *const other = hashes + 2 * place[at];
            if (other[0] == hashes[2 * i] && other[1] == hashes[2 * i + 1]) break;
        }
        if (place[at] < 0) place[at] = i;
        out[i] = place[at];
        n_paired += out[i] != i;
        if (i % CHECK_ROWS == 0) status = mlsd__checkpoint(a->scope);
    }
    mlsd__free(al, place);
    *out_n_paired = n_paired;
    return status;
}

mlsd_status mlsd__audit_find_twins(mlsd__audit *a)
{
    const mlsd__allocator *const al = a->scope->allocator;
    if (a->twin != NULL) return MLSD_OK;
    int64_t n_hashes;
    MLSD__TRY(mlsd__mul_size(a->n_rows, 2, &n_hashes));
    a->row_hash = mlsd__alloc_raw(al, n_hashes, sizeof *a->row_hash);
    if (a->row_hash == NULL) return MLSD_E_NOMEM;
    hash_job job = {&a->frame, a->row_hash};
    mlsd__scope serial = mlsd__scope_serial(a->scope);
    mlsd__scope *const scope = mlsd__audit_is_small(a) ? &serial : a->scope;
    MLSD__TRY(mlsd__parallel_for(scope, mlsd__n_blocks(a->n_rows), hash_block, &job));
    a->twin = mlsd__alloc_raw(al, a->n_rows, sizeof *a->twin);
    if (a->twin == NULL) return MLSD_E_NOMEM;
    return mlsd__audit_first_equal(a, a->row_hash, a->n_rows, a->twin, &a->n_with_twin);
}

/* ---- overlap: rows as numbers ---- */

typedef struct overlap {
    mlsd__audit_hits shared, repeated;
    uint8_t *where;   /* by row, of one split: 1 + its part, 0 for none */
    uint8_t *covered; /* stands in some part of some split */
    int64_t n_empty, first_empty, empty_part;
    int64_t n_splits_drawn_twice; /* whose training part repeats rows */
} overlap;

static mlsd_status overlap_open(mlsd__audit *a, void **out_state)
{
    overlap *const o = mlsd__alloc(a->scope->allocator, 1, sizeof *o);
    if (o == NULL) return MLSD_E_NOMEM;
    *out_state = o;
    o->where = mlsd__alloc(a->scope->allocator, a->n_rows, 1);
    o->covered = mlsd__alloc(a->scope->allocator, a->n_rows, 1);
    return o->where == NULL || o->covered == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void overlap_free(mlsd__audit *a, void *state)
{
    overlap *const o = state;
    if (o == NULL) return;
    mlsd__free(a->scope->allocator, o->where);
    mlsd__free(a->scope->allocator, o->covered);
    mlsd__audit_hits_free(a, &o->shared);
    mlsd__audit_hits_free(a, &o->repeated);
    mlsd__free(a->scope->allocator, o);
}

static mlsd_status overlap_visit(mlsd__audit *a, void *state, const mlsd__audit_split *s)
{
    overlap *const o = state;
    bool is_drawn_twice = false;
    memset(o->where, 0, (size_t)a->n_rows);
    for (int64_t p = 0; p < s->n_parts; p++) {
        const uint8_t here = (uint8_t)(p < UINT8_MAX - 1 ? p + 1 : UINT8_MAX);
        if (s->sizes[p] == 0 && o->n_empty++ == 0) {
            o->first_empty = s->number;
            o->empty_part = p;
        }
        for (int64_t i = 0; i < s->sizes[p]; i++) {
            const int64_t row = s->parts[p][i];
            const uint8_t before = o->where[row];
            o->where[row] = here;
            o->covered[row] = 1;
            if (before == 0) continue;
            if (before != here) {
                MLSD__TRY(mlsd__audit_hit_add(a, &o->shared, s->number, row, row));
            } else if (p == 0) {
                is_drawn_twice = true;
            } else {
                MLSD__TRY(mlsd__audit_hit_add(a, &o->repeated, s->number, row, -1));
            }
        }
    }
    o->n_splits_drawn_twice += is_drawn_twice;
    return MLSD_OK;
}

static mlsd_status report_unused(mlsd__audit *a, const overlap *o)
{
    int64_t n_unused = 0, first = -1;
    for (int64_t i = 0; i < a->n_rows; i++) {
        if (o->covered[i]) continue;
        if (n_unused++ == 0) first = i;
    }
    if (n_unused == 0 || a->n_looked < a->n_splits) return MLSD_OK;
    char rows[64];
    return mlsd__audit_report(a, "unused_rows", MLSD__INFO, -1, n_unused, NULL, NULL,
                              "%s (the first is %lld) in no part of any split: fine where the "
                              "splitter leaves rows out on purpose",
                              mlsd__audit_counted(n_unused, "row", rows), (long long)first);
}

static mlsd_status overlap_close(mlsd__audit *a, void *state)
{
    overlap *const o = state;
    char rows[64];
    if (o->n_empty > 0) {
        MLSD__TRY(mlsd__audit_report(
            a, "empty_part", MLSD__ERROR, o->n_empty == 1 ? o->first_empty : -1, o->n_empty, NULL,
            NULL, "part %lld of split %lld has no rows: use fewer splits, or a splitter that fits",
            (long long)o->empty_part, (long long)o->first_empty));
    }
    if (o->shared.n_rows > 0) {
        const int64_t n_splits = o->shared.n_splits;
        MLSD__TRY(mlsd__audit_report(
            a, "overlap", MLSD__ERROR, -1, -1, NULL, &o->shared,
            "%s in two parts of the same split (%lld of %lld splits): make the parts disjoint",
            mlsd__audit_counted(o->shared.n_rows, "row", rows), (long long)n_splits,
            (long long)a->n_looked));
    }
    if (o->repeated.n_rows > 0) {
        MLSD__TRY(mlsd__audit_report(a, "repeated_test_rows", MLSD__WARNING, -1, -1, NULL,
                                     &o->repeated,
                                     "%s more than once in a test part, so their errors count more "
                                     "than once: name each row once",
                                     mlsd__audit_counted(o->repeated.n_rows, "row", rows)));
    }
    if (o->n_splits_drawn_twice > 0) {
        MLSD__TRY(mlsd__audit_report(
            a, "repeated_training_rows", MLSD__INFO, -1, o->n_splits_drawn_twice, NULL, NULL,
            "training rows are drawn more than once in %lld of %lld splits: fine for a bootstrap",
            (long long)o->n_splits_drawn_twice, (long long)a->n_looked));
    }
    return report_unused(a, o);
}

const mlsd__audit_check mlsd__audit_overlap = {.name = "overlap",
                                               .is_cheap = true,
                                               .open = overlap_open,
                                               .visit = overlap_visit,
                                               .close = overlap_close,
                                               .free_state = overlap_free};
