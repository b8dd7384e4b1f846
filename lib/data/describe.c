/* describe.c - a table about a table: one row for each column, with what a person should know
 * before trusting it.
 *
 * Distinct values are counted exactly up to UNIQUE_LIMIT, in one open-addressing set of bit
 * patterns; of categories the levels that occur are counted. NaN is missing; -0 and 0 are one
 * value. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/scope.h"
#include "base/text.h"
#include "data/table_impl.h"

enum { UNIQUE_LIMIT = 100001, SET_SLOTS = 1 << 18, CHECK_ROWS = 1 << 14 };

typedef struct summary {
    int64_t n_missing, n_unique, n_infinite;
    double least, greatest; /* NaN without numbers */
    bool is_capped;         /* there may be more distinct values */
} summary;

typedef struct describe_work {
    const mlsd_table *table;
    summary *summaries;
} describe_work;

typedef struct value_set {
    uint64_t *slots; /* the bits plus one: 0 is free; the one pattern that wraps is kept apart */
    int64_t n;
    bool has_all_ones;
} value_set;

static void set_add(value_set *s, uint64_t bits)
{
    if (s->n >= UNIQUE_LIMIT) return;
    const uint64_t key = bits + 1;
    if (key == 0) {
        s->n += !s->has_all_ones;
        s->has_all_ones = true;
        return;
    }
    /* Fibonacci hashing; the fold brings the high bits of round numbers down first. */
    uint64_t i = ((bits ^ bits >> 32) * UINT64_C(0x9e3779b97f4a7c15)) >> 46;
    while (s->slots[i] != 0 && s->slots[i] != key) i = (i + 1) & (SET_SLOTS - 1);
    s->n += s->slots[i] == 0;
    s->slots[i] = key;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    const double positive_zero = value + 0.0;
    memcpy(&bits, &positive_zero, sizeof bits);
    return bits;
}

static void widen_range(summary *s, double value)
{
    if (!(s->least <= value)) s->least = value;
    if (!(s->greatest >= value)) s->greatest = value;
}

static mlsd_status describe_numbers(mlsd__scope *scope, const mlsd__column *c, summary *s)
{
    value_set set = {.slots = mlsd__alloc(scope->allocator, SET_SLOTS, sizeof *set.slots)};
    if (set.slots == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < c->n; i++) {
        if (i % CHECK_ROWS == 0 && (status = mlsd__checkpoint(scope)) != MLSD_OK) break;
        if (c->type == MLSD_COLUMN_I64) {
            const int64_t value = ((const int64_t *)c->values)[i];
            set_add(&set, (uint64_t)value);
            widen_range(s, (double)value);
            continue;
        }
        const double value = ((const double *)c->values)[i];
        if (isnan(value)) {
            s->n_missing++;
            continue;
        }
        s->n_infinite += isinf(value) != 0;
        set_add(&set, bits_of(value));
        widen_range(s, value);
    }
    mlsd__free(scope->allocator, set.slots);
    s->n_unique = set.n;
    s->is_capped = set.n >= UNIQUE_LIMIT;
    return status;
}

static mlsd_status describe_texts(mlsd__scope *scope, const mlsd__column *c, summary *s)
{
    unsigned char *const occurs = mlsd__alloc(scope->allocator, c->n_levels, 1);
    if (occurs == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    const int32_t *const codes = c->values;
    for (int64_t i = 0; i < c->n; i++) {
        if (i % CHECK_ROWS == 0 && (status = mlsd__checkpoint(scope)) != MLSD_OK) break;
        if (codes[i] < 0)
            s->n_missing++;
        else
            occurs[codes[i]] = 1;
    }
    for (int64_t i = 0; i < c->n_levels; i++) s->n_unique += occurs[i];
    mlsd__free(scope->allocator, occurs);
    if (s->n_unique > UNIQUE_LIMIT) s->n_unique = UNIQUE_LIMIT;
    s->is_capped = s->n_unique == UNIQUE_LIMIT;
    return status;
}

static mlsd_status describe_task(void *arg, int64_t j, mlsd__scope *scope)
{
    const describe_work *const work = arg;
    const mlsd__column *const c = work->table->columns[j];
    summary *const s = &work->summaries[j];
    *s = (summary){.least = (double)NAN, .greatest = (double)NAN};
    return c->type == MLSD_COLUMN_CATEGORY ? describe_texts(scope, c, s)
                                           : describe_numbers(scope, c, s);
}

static void add_note(mlsd__text *note, const char *what)
{
    if (note->length > 0) mlsd__text_append(note, "; ");
    mlsd__text_append(note, what);
}

static void write_note(const mlsd__column *c, const summary *s, mlsd__text *note)
{
    const int64_t n_present = c->n - s->n_missing;
    const bool can_identify = c->type != MLSD_COLUMN_F64 && n_present > 1 && !s->is_capped;
    if (c->n == 0) add_note(note, "no rows");
    if (c->n > 0 && n_present == 0) add_note(note, "all missing");
    if (n_present > 0 && s->n_unique == 1) add_note(note, "constant");
    if (can_identify && s->n_unique == n_present) add_note(note, "all different");
    if (s->is_capped) add_note(note, "more than 100,000 different values");
    if (n_present > 0 && 2 * s->n_missing > c->n) add_note(note, "mostly missing");
    if (s->n_infinite > 0) {
        add_note(note, "");
        mlsd__text_format(note, "%lld infinite", (long long)s->n_infinite);
    }
}

/* The columns of the result, as arrays. */
typedef struct description {
    const char **names, **types;
    char **notes;
    int64_t *missing, *unique;
    double *least, *greatest;
} description;

static const char *const type_names[] = {
    [MLSD_COLUMN_F64] = "f64",
    [MLSD_COLUMN_I64] = "i64",
    [MLSD_COLUMN_CATEGORY] = "category",
};

static mlsd_status fill_row(const mlsd__allocator *a, const describe_work *work, int64_t j,
                            description *d)
{
    const mlsd__column *const c = work->table->columns[j];
    const summary *const s = &work->summaries[j];
    d->names[j] = work->table->names[j];
    d->types[j] = type_names[c->type];
    d->missing[j] = s->n_missing;
    d->unique[j] = s->n_unique;
    d->least[j] = s->least;
    d->greatest[j] = s->greatest;

    mlsd__text note;
    mlsd__text_init(&note, a);
    write_note(c, s, &note);
    mlsd_status status = note.status;
    if (status == MLSD_OK) {
        d->notes[j] = mlsd__strdup(a, note.data == NULL ? "" : note.data);
        if (d->notes[j] == NULL) status = MLSD_E_NOMEM;
    }
    mlsd__text_free(&note);
    return status;
}

static mlsd_status fill_table(const mlsd__allocator *a, const description *d, int64_t n,
                              mlsd_table **out)
{
    mlsd_table *table;
    mlsd_status st;
    MLSD__TRY(mlsd__table_new(a, &table));
    if ((st = mlsd_table_set_str(table, "column", d->names, n)) != MLSD_OK ||
        (st = mlsd_table_set_str(table, "type", d->types, n)) != MLSD_OK ||
        (st = mlsd_table_set_i64(table, "missing", d->missing, n)) != MLSD_OK ||
        (st = mlsd_table_set_i64(table, "unique", d->unique, n)) != MLSD_OK ||
        (st = mlsd_table_set_f64(table, "min", d->least, n)) != MLSD_OK ||
        (st = mlsd_table_set_f64(table, "max", d->greatest, n)) != MLSD_OK ||
        (st = mlsd_table_set_str(table, "note", (const char *const *)d->notes, n)) != MLSD_OK) {
        mlsd_table_free(table);
        return st;
    }
    *out = table;
    return MLSD_OK;
}

static mlsd_status describe(mlsd__scope *scope, const mlsd_table *table, mlsd_table **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = table->n_columns;
    describe_work work = {.table = table, .summaries = mlsd__alloc(a, n, sizeof *work.summaries)};
    description d = {
        .names = mlsd__alloc(a, n, sizeof *d.names),
        .types = mlsd__alloc(a, n, sizeof *d.types),
        .notes = mlsd__alloc(a, n, sizeof *d.notes),
        .missing = mlsd__alloc(a, n, sizeof *d.missing),
        .unique = mlsd__alloc(a, n, sizeof *d.unique),
        .least = mlsd__alloc(a, n, sizeof *d.least),
        .greatest = mlsd__alloc(a, n, sizeof *d.greatest),
    };
    mlsd_status status = MLSD_E_NOMEM;
    if (work.summaries == NULL || d.names == NULL || d.types == NULL || d.notes == NULL ||
        d.missing == NULL || d.unique == NULL || d.least == NULL || d.greatest == NULL)
        goto out;
    if ((status = mlsd__parallel_for(scope, n, describe_task, &work)) != MLSD_OK) goto out;
    for (int64_t j = 0; j < n; j++) {
        if ((status = fill_row(a, &work, j, &d)) != MLSD_OK) goto out;
    }
    status = fill_table(a, &d, n, out);
out:
    for (int64_t j = 0; d.notes != NULL && j < n; j++) mlsd__free(a, d.notes[j]);
    mlsd__free(a, d.greatest);
    mlsd__free(a, d.least);
    mlsd__free(a, d.unique);
    mlsd__free(a, d.missing);
    mlsd__free(a, d.notes);
    mlsd__free(a, d.types);
    mlsd__free(a, d.names);
    mlsd__free(a, work.summaries);
    return status;
}

mlsd_status mlsd_table_describe(const mlsd_context *context, const mlsd_table *table,
                                mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd_status status = describe(&scope, table, out);
    mlsd__scope_close(&scope);
    return status;
}
