/* nested.c - nested: an outer splitter sets the test rows aside, an inner one cuts what is left
 * into training and validation, and both are one object of three parts.
 *
 * Split number = outer * n_inner + inner, so every outer split must have equally many inner ones.
 * The inner splitter is given the outer training rows in ascending order and nothing of the others:
 * what it learns of y, groups or times (strata, quantiles, folds) cannot come from test rows. Inner
 * splits of one outer split draw with seeds of their own, see inner_seed.
 *
 * Rows that neither splitter uses (a gap before the test) are in no part. Source of the procedure:
 * Varma & Simon (2006), "Bias in error estimation when using cross-validation for model selection",
 * BMC Bioinformatics 7:91. */
#include <string.h>

#include "base/hash.h"
#include "base/spec_impl.h"
#include "split/splitter.h"

/* Parts of a nested split. */
enum { TRAIN = 0, VALIDATION = 1, TEST = 2, N_PARTS = 3 };

/* The low 32 bits of XXH3-64 of the 16 little-endian bytes of the inner splitter's seed and the
 * outer split's number: so the inner draws differ from the outer ones, and from each other, even
 * where both splitters have the same seed. */
static int64_t inner_seed(int64_t seed, int64_t outer)
{
    unsigned char bytes[16];
    for (int k = 0; k < 8; k++) bytes[k] = (unsigned char)((uint64_t)seed >> (8 * k));
    for (int k = 0; k < 8; k++) bytes[8 + k] = (unsigned char)((uint64_t)outer >> (8 * k));
    return (int64_t)(mlsd__hash64(bytes, sizeof bytes, 0) & UINT32_MAX);
}

/* Give a splitter, and those it is made of, the seeds for an outer split. */
static void set_seeds(mlsd_spec *to, const mlsd_spec *from, int64_t outer)
{
    for (int64_t k = 0; k < from->kind->n_params; k++) {
        const mlsd_param *const p = from->kind->params + k;
        if (p->type != MLSD_PARAM_I64 || strcmp(p->name, "seed") != 0) continue;
        const int64_t seed = *(const int64_t *)mlsd__value_at(from, p);
        if (seed != MLSD__NULL_I64) *(int64_t *)mlsd__value_at(to, p) = inner_seed(seed, outer);
    }
    for (int64_t k = 0; k < from->n_children; k++)
        set_seeds(to->children[k].spec, from->children[k].spec, outer);
}

/* What a row brings, of some rows only. */
typedef struct subset {
    mlsd__split_raw raw;
    double *y, *groups;
    int64_t *times, *ends, *frame_rows;
    uint64_t *ids;
    uint8_t *labels;
    mlsd__frame features;
} subset;

static void subset_free(subset *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->y);
    mlsd__free(a, s->groups);
    mlsd__free(a, s->times);
    mlsd__free(a, s->ends);
    mlsd__free(a, s->frame_rows);
    mlsd__free(a, s->ids);
    mlsd__free(a, s->labels);
}

/* Elements of `size` bytes of some rows; *out stays NULL where `from` is. */
static mlsd_status gather(const mlsd__allocator *a, const void *from, size_t size,
                          const int64_t *rows, int64_t n, void **out)
{
    *out = NULL;
    if (from == NULL) return MLSD_OK;
    char *const to = mlsd__alloc_raw(a, n, size);
    if (to == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * size, (const char *)from + (size_t)rows[i] * size, size);
    *out = to;
    return MLSD_OK;
}

/* Numbers of eight bytes, of either type. */
static const void *either(const mlsd__split_numbers *x)
{
    return x->i64 != NULL ? (const void *)x->i64 : x->f64;
}

static mlsd__split_numbers in_place_of(const mlsd__split_numbers *x, const void *gathered)
{
    return x->i64 != NULL ? (mlsd__split_numbers){.i64 = gathered}
                          : (mlsd__split_numbers){.f64 = gathered};
}

static mlsd_status subset_new(const mlsd__allocator *a, const mlsd__split_raw *raw,
                              const int64_t *rows, int64_t n, subset *out)
{
    void *y = NULL, *groups = NULL, *times = NULL, *ends = NULL, *ids = NULL, *labels = NULL;
    mlsd_status status = gather(a, either(&raw->y), sizeof *raw->y.f64, rows, n, &y);
    if (status == MLSD_OK)
        status = gather(a, either(&raw->groups), sizeof *raw->groups.f64, rows, n, &groups);
    if (status == MLSD_OK) status = gather(a, raw->times, sizeof *raw->times, rows, n, &times);
    if (status == MLSD_OK) status = gather(a, raw->ends, sizeof *raw->ends, rows, n, &ends);
    if (status == MLSD_OK) status = gather(a, raw->ids, sizeof *raw->ids, rows, n, &ids);
    if (status == MLSD_OK) status = gather(a, raw->labels, (size_t)raw->n_labels, rows, n, &labels);
    *out = (subset){.raw = *raw,
                    .y = y,
                    .groups = groups,
                    .times = times,
                    .ends = ends,
                    .ids = ids,
                    .labels = labels};
    if (status != MLSD_OK) return status;
    if (raw->features != NULL) {
        out->frame_rows = mlsd__alloc_raw(a, n, sizeof *out->frame_rows);
        if (out->frame_rows == NULL) return MLSD_E_NOMEM;
        mlsd__frame_select(raw->features, rows, n, out->frame_rows, &out->features);
        out->raw.features = &out->features;
    }
    out->raw.n_rows = n;
    out->raw.y = in_place_of(&raw->y, out->y);
    out->raw.groups = in_place_of(&raw->groups, out->groups);
    out->raw.times = out->times;
    out->raw.ends = out->ends;
    out->raw.ids = out->ids;
    out->raw.labels = out->labels;
    return MLSD_OK;
}

/* What is worked with, one place to free it. */
typedef struct work {
    mlsd_folds *outer, *inner;
    mlsd_spec *inner_spec; /* with the seeds of the outer split */
    int64_t *rows;         /* outer training rows, ascending */
    int64_t *part;         /* rows of a part as folds hand them out */
    int64_t capacity;      /* of part */
    int8_t *marks;         /* outer parts */
    int64_t n_inner;
    subset subset;
} work;

static void work_free(work *w, const mlsd__allocator *a)
{
    subset_free(&w->subset, a);
    mlsd_folds_free(w->outer);
    mlsd_folds_free(w->inner);
    mlsd_spec_free(w->inner_spec);
    mlsd__free(a, w->rows);
    mlsd__free(a, w->part);
    mlsd__free(a, w->marks);
}

/* Mark the rows of a part of a split. A row that is marked already is there twice. */
static mlsd_status mark_part(const mlsd__allocator *a, work *w, const char *slot,
                             const mlsd_folds *folds, int64_t split, int64_t part, int8_t mark,
                             const int64_t *rows, int8_t *marks)
{
    void *room = w->part;
    const int64_t n = mlsd_folds_part_size(folds, split, part);
    const mlsd_status status = mlsd__reserve(a, &room, &w->capacity, n, sizeof *w->part);
    w->part = room;
    if (status != MLSD_OK) return status;
    MLSD__TRY(mlsd_folds_part(folds, split, part, w->part, n));
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = rows != NULL ? rows[w->part[i]] : w->part[i];
        if (marks[row] >= 0)
            return mlsd__fail(MLSD_E_DATA,
                              "nested: the %s splitter takes row %lld twice in split %lld, but a "
                              "row can be in one part only; use one that draws without replacement",
                              slot, (long long)row, (long long)split);
        marks[row] = mark;
    }
    return MLSD_OK;
}

static mlsd_status require_two_parts(const char *slot, const mlsd_folds *folds)
{
    if (folds->n_parts == 2) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "nested: the %s splitter makes %lld parts; one that makes two is needed, "
                      "because the validation part is cut by the inner one",
                      slot, (long long)folds->n_parts);
}

/* Make room once the number of inner splits is known, and hold all to it. */
static mlsd_status settle_n_inner(work *w, int64_t outer, mlsd_folds *out)
{
    int64_t n_splits = 0;
    const int64_t n = w->inner->n_splits;
    if (outer > 0 && n != w->n_inner)
        return mlsd__fail(MLSD_E_DATA,
                          "nested: the inner splitter makes %lld splits of outer split 0 but %lld "
                          "of outer split %lld; use one with a number of splits of its own, such "
                          "as kfold or group_kfold",
                          (long long)w->n_inner, (long long)n, (long long)outer);
    if (outer > 0) return MLSD_OK;
    w->n_inner = n;
    MLSD__TRY(mlsd__mul_size(w->outer->n_splits, n, &n_splits));
    return mlsd__folds_make_marks(out, NULL, out->n_rows, n_splits, N_PARTS);
}

static mlsd_status split_outer(mlsd__scope *scope, const mlsd_spec *inner_spec,
                               const mlsd__split_input *in, int64_t outer, work *w, mlsd_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n_train = 0;
    memset(w->marks, -1, (size_t)in->n_rows);
    MLSD__TRY(mark_part(a, w, "outer", w->outer, outer, 0, TRAIN, NULL, w->marks));
    MLSD__TRY(mark_part(a, w, "outer", w->outer, outer, 1, TEST, NULL, w->marks));
    for (int64_t i = 0; i < in->n_rows; i++) {
        w->rows[n_train] = i;
        n_train += w->marks[i] == TRAIN;
    }
    subset_free(&w->subset, a);
    MLSD__TRY(subset_new(a, in->raw, w->rows, n_train, &w->subset));
    set_seeds(w->inner_spec, inner_spec, outer);
    mlsd_folds_free(w->inner);
    w->inner = NULL;
    MLSD__TRY(mlsd__folds_split_raw(scope, w->inner_spec, &w->subset.raw, &w->inner));
    MLSD__TRY(require_two_parts("inner", w->inner));
    MLSD__TRY(settle_n_inner(w, outer, out));

    for (int64_t k = 0; k < w->n_inner; k++) {
        int8_t *const marks = out->marks + (outer * w->n_inner + k) * in->n_rows;
        MLSD__TRY(mark_part(a, w, "inner", w->inner, k, 0, TRAIN, w->rows, marks));
        MLSD__TRY(mark_part(a, w, "inner", w->inner, k, 1, VALIDATION, w->rows, marks));
        for (int64_t i = 0; i < in->n_rows; i++) {
            if (w->marks[i] == TEST) marks[i] = TEST;
        }
        int64_t *const sizes = out->sizes + (outer * w->n_inner + k) * N_PARTS;
        sizes[TRAIN] = mlsd_folds_part_size(w->inner, k, 0);
        sizes[VALIDATION] = mlsd_folds_part_size(w->inner, k, 1);
        sizes[TEST] = mlsd_folds_part_size(w->outer, outer, 1);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status require_slot(const mlsd_spec *spec, const char *slot)
{
    if (mlsd__spec_slot_child(spec, slot) != NULL) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "nested needs a splitter in its slot '%s'; add one, such as kfold", slot);
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd_spec *const outer_spec = mlsd__spec_slot_child(spec, "outer");
    const mlsd_spec *const inner_spec = mlsd__spec_slot_child(spec, "inner");
    work w = {0};
    MLSD__TRY(require_slot(spec, "outer"));
    MLSD__TRY(require_slot(spec, "inner"));
    mlsd_status status = mlsd__folds_split_raw(scope, outer_spec, in->raw, &w.outer);
    if (status == MLSD_OK) status = require_two_parts("outer", w.outer);
    if (status == MLSD_OK) status = mlsd_spec_clone(inner_spec, &w.inner_spec);
    if (status != MLSD_OK) goto out;
    status = MLSD_E_NOMEM;
    w.rows = mlsd__alloc_raw(a, in->n_rows, sizeof *w.rows);
    if (w.rows == NULL) goto out;
    w.marks = mlsd__alloc_raw(a, in->n_rows, sizeof *w.marks);
    if (w.marks == NULL) goto out;
    status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < w.outer->n_splits; k++)
        status = split_outer(scope, inner_spec, in, k, &w, out);
out:
    work_free(&w, a);
    return status;
}

static int32_t needs(const mlsd_spec *spec)
{
    const mlsd_spec *const outer = mlsd__spec_slot_child(spec, "outer");
    const mlsd_spec *const inner = mlsd__spec_slot_child(spec, "inner");
    return (outer != NULL ? mlsd__splitter_needs(outer) : 0) |
           (inner != NULL ? mlsd__splitter_needs(inner) : 0);
}

static const mlsd__slot nested_slots[] = {
    {"outer", "splitter", 0, "sets the test rows of each outer split aside"},
    {"inner", "splitter", 0, "cuts the outer training rows into training and validation"},
};

static const mlsd__splitter_ops nested_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_nested = {
    .name = "nested",
    .family = "splitter",
    .doc = "test rows by one splitter, training and validation of what is left by another",
    .slots = nested_slots,
    .n_slots = MLSD__COUNT(nested_slots),
    .ops = &nested_ops,
};
