/* folds_describe.c - folds as a table: one row a split and part, with its size and what its rows
 * are like: classes or target, groups, times.
 *
 * Dealt folds are gone through once: each test part is summed up, and what is trained on is the sum
 * of all rows but those (counts and sums by subtraction, least and greatest by the parts before and
 * after). Other folds are read part by part, splits in parallel. Sums carry their rounding errors
 * along (Neumaier 1974), so that both ways give the same mean. */
#include "mlsd/split.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/handle.h"
#include "base/text.h"
#include "data/dataset_impl.h"
#include "numeric/rank.h"
#include "split/folds_walk.h"

static const int64_t NO_TIME = INT64_MIN;

/* What is known of the rows; NULL for what is not. */
typedef struct row_facts {
    int64_t n_rows;
    double *target;
    int64_t n_classes; /* then target has their numbers */
    int32_t *groups;   /* -1 where missing */
    int64_t n_groups;
    int64_t *group_sizes;
    const mlsd__column *time;
    int64_t *times; /* in the order of time: whole numbers, bits of numbers, or places of texts */
    int32_t *level_order; /* texts by place */
} row_facts;

/* What is summed up of a part. */
typedef struct summary {
    int64_t n, n_groups, first, last;
    double sum, carried, least, greatest;
} summary;

static const summary NOTHING = {
    .first = INT64_MAX, .last = INT64_MIN, .least = INFINITY, .greatest = -INFINITY};

/* Memory of one thread. */
typedef struct tally {
    int64_t *classes;
    int64_t *seen;  /* of each group: the stamp of the part that it was last seen in */
    int64_t *count; /* and its rows there */
    int64_t stamp;
    int64_t n_whole; /* groups that have all their rows in the part */
} tally;

/* The columns of the table to be, a value a split and part. */
typedef struct columns {
    int64_t n;
    int64_t *split, *rows, *groups, *first, *last;
    int32_t *part;
    double *share, *mean, *least, *greatest;
    double **classes;
} columns;

/* ---- the rows ---- */

/* Bits of doubles that order as the numbers do. */
static int64_t ordered_bits(double value)
{
    int64_t bits;
    const double positive_zero = value + 0.0;
    memcpy(&bits, &positive_zero, sizeof bits);
    return bits >= 0 ? bits : bits ^ INT64_MAX;
}

static double number_of_bits(int64_t ordered)
{
    const int64_t bits = ordered >= 0 ? ordered : ordered ^ INT64_MAX;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static mlsd_status read_times(const mlsd__allocator *a, const mlsd_dataset *d, row_facts *f)
{
    const mlsd__column *const c = f->time;
    int32_t *place = NULL;
    f->times = mlsd__alloc_raw(a, f->n_rows, sizeof *f->times);
    if (f->times == NULL) return MLSD_E_NOMEM;
    if (c->type == MLSD_COLUMN_CATEGORY) {
        f->level_order = mlsd__alloc_raw(a, c->n_levels, sizeof *f->level_order);
        place = mlsd__alloc_raw(a, c->n_levels, sizeof *place);
        if (f->level_order == NULL || place == NULL) {
            mlsd__free(a, place);
            return MLSD_E_NOMEM;
        }
        for (int64_t k = 0; k < c->n_levels; k++) f->level_order[k] = (int32_t)k;
        mlsd__levels_sort(c->levels, f->level_order, c->n_levels);
        for (int64_t k = 0; k < c->n_levels; k++) place[f->level_order[k]] = (int32_t)k;
    }
    for (int64_t i = 0; i < f->n_rows; i++) {
        const int64_t row = d->rows != NULL ? d->rows[i] : i;
        if (c->type == MLSD_COLUMN_I64) {
            f->times[i] = ((const int64_t *)c->values)[row];
        } else if (c->type == MLSD_COLUMN_F64) {
            const double value = ((const double *)c->values)[row];
            f->times[i] = isnan(value) ? NO_TIME : ordered_bits(value);
        } else {
            const int32_t code = ((const int32_t *)c->values)[row];
            f->times[i] = code < 0 ? NO_TIME : place[code];
        }
    }
    mlsd__free(a, place);
    return MLSD_OK;
}

static mlsd_status read_groups(mlsd__scope *scope, const mlsd_dataset *d, row_facts *f)
{
    const mlsd__allocator *const a = scope->allocator;
    double *values = NULL, *distinct = NULL;
    char **names = NULL;
    mlsd_status status = mlsd__dataset_gather_group(d, &values, &names);
    if (status == MLSD_OK) {
        f->groups = mlsd__alloc_raw(a, f->n_rows, sizeof *f->groups);
        distinct = mlsd__alloc_raw(a, f->n_rows, sizeof *distinct);
        if (f->groups == NULL || distinct == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK)
        status = mlsd__factorize_rows(scope, values, f->n_rows, distinct, &f->n_groups, f->groups);
    if (status == MLSD_OK) {
        f->group_sizes = mlsd__alloc(a, f->n_groups, sizeof *f->group_sizes);
        if (f->group_sizes == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t i = 0; status == MLSD_OK && i < f->n_rows; i++) {
        if (f->groups[i] >= 0) f->group_sizes[f->groups[i]]++;
    }
    mlsd__free(a, distinct);
    mlsd__free(&d->store->allocator, names);
    mlsd__free(&d->store->allocator, values);
    return status;
}

static mlsd_status read_facts(mlsd__scope *scope, const mlsd_dataset *d, row_facts *f)
{
    if (d == NULL) return MLSD_OK;
    const mlsd__data_store *const store = d->store;
    if (store->target != NULL && store->n_targets == 1) {
        f->target = mlsd__alloc_raw(scope->allocator, f->n_rows, sizeof *f->target);
        if (f->target == NULL) return MLSD_E_NOMEM;
        MLSD__TRY(mlsd_dataset_target(d, f->target, f->n_rows));
        f->n_classes = store->n_classes;
    }
    if (store->group != NULL) MLSD__TRY(read_groups(scope, d, f));
    f->time = store->time;
    return f->time != NULL ? read_times(scope->allocator, d, f) : MLSD_OK;
}

static void facts_free(const mlsd__allocator *a, row_facts *f)
{
    mlsd__free(a, f->target);
    mlsd__free(a, f->groups);
    mlsd__free(a, f->group_sizes);
    mlsd__free(a, f->times);
    mlsd__free(a, f->level_order);
}

/* ---- summing up ---- */

static mlsd_status tally_init(const mlsd__allocator *a, const row_facts *f, tally *t)
{
    *t = (tally){.stamp = 0};
    t->classes = mlsd__alloc(a, f->n_classes, sizeof *t->classes);
    t->seen = mlsd__alloc(a, f->n_groups, sizeof *t->seen);
    t->count = mlsd__alloc(a, f->n_groups, sizeof *t->count);
    return t->classes == NULL || t->seen == NULL || t->count == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static void tally_free(const mlsd__allocator *a, tally *t)
{
    mlsd__free(a, t->classes);
    mlsd__free(a, t->seen);
    mlsd__free(a, t->count);
}

static void begin_part(const row_facts *f, tally *t)
{
    memset(t->classes, 0, (size_t)f->n_classes * sizeof *t->classes);
    t->stamp++;
    t->n_whole = 0;
}

static void add_sum(summary *s, double value, double carried)
{
    const double sum = s->sum + value;
    const bool is_larger = fabs(s->sum) >= fabs(value);
    s->carried += (is_larger ? (s->sum - sum) + value : (value - sum) + s->sum) + carried;
    s->sum = sum;
}

static void add_number(summary *s, double value)
{
    add_sum(s, value, 0);
    s->least = value < s->least ? value : s->least;
    s->greatest = value > s->greatest ? value : s->greatest;
}

static void add_groups(const row_facts *f, const int64_t *rows, int64_t n, tally *t, summary *s)
{
    for (int64_t i = 0; i < n; i++) {
        const int32_t g = f->groups[rows[i]];
        if (g < 0) continue;
        if (t->seen[g] != t->stamp) {
            t->seen[g] = t->stamp;
            t->count[g] = 0;
            s->n_groups++;
        }
        t->n_whole += ++t->count[g] == f->group_sizes[g];
    }
}

static void add_rows(const row_facts *f, const int64_t *rows, int64_t n, tally *t, summary *s)
{
    s->n += n;
    if (f->target != NULL && f->n_classes > 0) {
        for (int64_t i = 0; i < n; i++) t->classes[(int64_t)f->target[rows[i]]]++;
    } else if (f->target != NULL) {
        for (int64_t i = 0; i < n; i++) add_number(s, f->target[rows[i]]);
    }
    if (f->groups != NULL) add_groups(f, rows, n, t, s);
    for (int64_t i = 0; f->times != NULL && i < n; i++) {
        const int64_t time = f->times[rows[i]];
        if (time == NO_TIME) continue;
        s->first = time < s->first ? time : s->first;
        s->last = time > s->last ? time : s->last;
    }
}

/* Least, greatest, first and last of both. */
static void widen(summary *s, const summary *other)
{
    s->least = other->least < s->least ? other->least : s->least;
    s->greatest = other->greatest > s->greatest ? other->greatest : s->greatest;
    s->first = other->first < s->first ? other->first : s->first;
    s->last = other->last > s->last ? other->last : s->last;
}

static void put_summary(columns *c, const row_facts *f, int64_t at, int64_t n_parts,
                        const summary *s, const int64_t *classes)
{
    const double n = (double)s->n;
    c->split[at] = at / n_parts;
    c->part[at] = (int32_t)(at % n_parts);
    c->rows[at] = s->n;
    c->share[at] = n / (double)f->n_rows;
    for (int64_t k = 0; k < f->n_classes; k++)
        c->classes[k][at] = s->n > 0 ? (double)classes[k] / n : (double)NAN;
    if (c->mean != NULL) {
        c->mean[at] = s->n > 0 ? (s->sum + s->carried) / n : (double)NAN;
        c->least[at] = s->n > 0 ? s->least : (double)NAN;
        c->greatest[at] = s->n > 0 ? s->greatest : (double)NAN;
    }
    if (c->groups != NULL) c->groups[at] = s->n_groups;
    if (c->first != NULL) {
        c->first[at] = s->first;
        c->last[at] = s->last;
    }
}

/* ---- all folds ---- */

typedef struct work {
    const mlsd_folds *folds;
    const row_facts *facts;
    columns *columns;
    tally *tallies; /* one a thread */
} work;

static mlsd_status describe_split(void *arg, int64_t split, mlsd__scope *scope)
{
    const work *const w = arg;
    tally *const t = &w->tallies[scope->worker];
    for (int64_t p = 0; p < w->folds->n_parts; p++) {
        mlsd__fold_cursor cursor;
        MLSD__TRY(mlsd__fold_cursor_open(&cursor, w->folds, split, p));
        mlsd_status status = MLSD_OK;
        summary s = NOTHING;
        begin_part(w->facts, t);
        for (int64_t n; status == MLSD_OK && (n = mlsd__fold_cursor_read(&cursor)) > 0;) {
            add_rows(w->facts, cursor.rows, n, t, &s);
            status = mlsd__checkpoint(scope);
        }
        mlsd__fold_cursor_close(&cursor);
        MLSD__TRY(status);
        put_summary(w->columns, w->facts, split * w->folds->n_parts + p, w->folds->n_parts, &s,
                    t->classes);
    }
    return MLSD_OK;
}

static mlsd_status describe_splits(mlsd__scope *scope, work *w)
{
    const mlsd__allocator *const a = scope->allocator;
    w->tallies = mlsd__alloc(a, scope->n_threads, sizeof *w->tallies);
    mlsd_status status = w->tallies == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int32_t k = 0; status == MLSD_OK && k < scope->n_threads; k++)
        status = tally_init(a, w->facts, &w->tallies[k]);
    if (status == MLSD_OK)
        status = mlsd__parallel_for(scope, w->folds->n_splits, describe_split, w);
    for (int32_t k = 0; w->tallies != NULL && k < scope->n_threads; k++)
        tally_free(a, &w->tallies[k]);
    mlsd__free(a, w->tallies);
    return status;
}

/* ---- dealt folds ---- */

/* Everything about one repeat; classes are n + 1 rows of n_classes, the last those never tested. */
typedef struct repeat_sums {
    summary *parts; /* n + 1 */
    summary *after; /* what comes from each on */
    int64_t *n_whole, *classes, *all_classes;
    summary all;
} repeat_sums;

static mlsd_status sums_new(const mlsd__allocator *a, int64_t n, int64_t n_classes, repeat_sums *s)
{
    int64_t n_counts = 0;
    MLSD__TRY(mlsd__mul_size(n + 1, n_classes, &n_counts));
    s->parts = mlsd__alloc_raw(a, n + 1, sizeof *s->parts);
    s->after = mlsd__alloc_raw(a, n + 2, sizeof *s->after);
    s->n_whole = mlsd__alloc(a, n + 1, sizeof *s->n_whole);
    s->classes = mlsd__alloc(a, n_counts, sizeof *s->classes);
    s->all_classes = mlsd__alloc(a, n_classes, sizeof *s->all_classes);
    const bool has_all = s->parts != NULL && s->after != NULL && s->n_whole != NULL &&
                         s->classes != NULL && s->all_classes != NULL;
    return has_all ? MLSD_OK : MLSD_E_NOMEM;
}

static void sums_free(const mlsd__allocator *a, repeat_sums *s)
{
    mlsd__free(a, s->parts);
    mlsd__free(a, s->after);
    mlsd__free(a, s->n_whole);
    mlsd__free(a, s->classes);
    mlsd__free(a, s->all_classes);
}

static mlsd_status sum_buckets(mlsd__scope *scope, const row_facts *f, const mlsd__fold_buckets *b,
                               tally *t, repeat_sums *s)
{
    s->all = NOTHING;
    for (int64_t k = 0; k <= b->n; k++) {
        s->parts[k] = NOTHING;
        begin_part(f, t);
        for (int64_t i = b->starts[k]; i < b->starts[k + 1]; i += MLSD__PIECE_ROWS) {
            const int64_t left = b->starts[k + 1] - i;
            add_rows(f, b->rows + i, left < MLSD__PIECE_ROWS ? left : MLSD__PIECE_ROWS, t,
                     &s->parts[k]);
            MLSD__TRY(mlsd__checkpoint(scope));
        }
        s->n_whole[k] = t->n_whole;
        for (int64_t c = 0; c < f->n_classes; c++) {
            s->classes[k * f->n_classes + c] = t->classes[c];
            s->all_classes[c] += t->classes[c];
        }
        add_sum(&s->all, s->parts[k].sum, s->parts[k].carried);
    }
    s->after[b->n + 1] = NOTHING;
    for (int64_t k = b->n; k >= 0; k--) {
        s->after[k] = s->after[k + 1];
        widen(&s->after[k], &s->parts[k]);
    }
    return MLSD_OK;
}

static void put_repeat(const work *w, const mlsd__fold_buckets *b, int64_t repeat, tally *t,
                       const repeat_sums *s)
{
    const row_facts *const f = w->facts;
    summary before = NOTHING;
    for (int64_t k = 0; k < b->n; k++) {
        const summary *const test = &s->parts[k];
        const int64_t at = 2 * (repeat * b->n + k);
        summary train = before;
        widen(&train, &s->after[k + 1]);
        train.n = f->n_rows - test->n;
        train.n_groups = f->n_groups - s->n_whole[k];
        train.sum = s->all.sum;
        train.carried = s->all.carried;
        add_sum(&train, -test->sum, -test->carried);
        for (int64_t c = 0; c < f->n_classes; c++)
            t->classes[c] = s->all_classes[c] - s->classes[k * f->n_classes + c];
        put_summary(w->columns, f, at, 2, &train, t->classes);
        put_summary(w->columns, f, at + 1, 2, test, s->classes + k * f->n_classes);
        widen(&before, test);
    }
}

static mlsd_status describe_repeat(mlsd__scope *scope, const work *w, int64_t repeat, tally *t)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__fold_buckets b;
    repeat_sums sums = {0};
    MLSD__TRY(mlsd__fold_buckets_make(scope, w->folds, repeat, &b));
    mlsd_status status = sums_new(a, b.n, w->facts->n_classes, &sums);
    if (status == MLSD_OK) status = sum_buckets(scope, w->facts, &b, t, &sums);
    if (status == MLSD_OK) put_repeat(w, &b, repeat, t, &sums);
    sums_free(a, &sums);
    mlsd__fold_buckets_free(a, &b);
    return status;
}

static mlsd_status describe_dealt(mlsd__scope *scope, const work *w)
{
    tally t;
    const int64_t n_repeats = w->folds->n_splits / mlsd__folds_n_dealt(w->folds);
    mlsd_status status = tally_init(scope->allocator, w->facts, &t);
    for (int64_t k = 0; status == MLSD_OK && k < n_repeats; k++)
        status = describe_repeat(scope, w, k, &t);
    tally_free(scope->allocator, &t);
    return status;
}

/* ---- the table ---- */

static mlsd_status columns_new(const mlsd__allocator *a, const mlsd_folds *folds,
                               const row_facts *f, columns *c)
{
    MLSD__TRY(mlsd__mul_size(folds->n_splits, folds->n_parts, &c->n));
    const bool has_mean = f->target != NULL && f->n_classes == 0;
    const struct {
        void *place;
        bool is_wanted;
    } wanted[] = {{&c->split, true},
                  {&c->rows, true},
                  {&c->share, true},
                  {&c->mean, has_mean},
                  {&c->least, has_mean},
                  {&c->greatest, has_mean},
                  {&c->groups, f->groups != NULL},
                  {&c->first, f->times != NULL},
                  {&c->last, f->times != NULL}};
    for (int64_t k = 0; k < MLSD__COUNT(wanted); k++) {
        if (!wanted[k].is_wanted) continue;
        void *const values = mlsd__alloc_raw(a, c->n, sizeof(int64_t));
        if (values == NULL) return MLSD_E_NOMEM;
        memcpy(wanted[k].place, &values, sizeof values);
    }
    c->part = mlsd__alloc_raw(a, c->n, sizeof *c->part);
    c->classes = mlsd__alloc(a, f->n_classes, sizeof *c->classes);
    if (c->part == NULL || c->classes == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < f->n_classes; k++) {
        c->classes[k] = mlsd__alloc_raw(a, c->n, sizeof **c->classes);
        if (c->classes[k] == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

static void columns_free(const mlsd__allocator *a, columns *c, int64_t n_classes)
{
    for (int64_t k = 0; c->classes != NULL && k < n_classes; k++) mlsd__free(a, c->classes[k]);
    mlsd__free(a, c->classes);
    mlsd__free(a, c->part);
    mlsd__free(a, c->split);
    mlsd__free(a, c->rows);
    mlsd__free(a, c->groups);
    mlsd__free(a, c->first);
    mlsd__free(a, c->last);
    mlsd__free(a, c->share);
    mlsd__free(a, c->mean);
    mlsd__free(a, c->least);
    mlsd__free(a, c->greatest);
}

/* The values go over to the table; *values is NULL then. */
static mlsd_status put_column(mlsd_table *t, const char *name, mlsd_column_type type, int64_t n,
                              void *place)
{
    void *values;
    memcpy(&values, place, sizeof values);
    if (values == NULL) return MLSD_OK;
    mlsd__column *column = NULL;
    MLSD__TRY(mlsd__column_new(&t->allocator, type, values, n, &column));
    memset(place, 0, sizeof values);
    return mlsd__table_append_column(t, name, column);
}

static mlsd_status put_parts(mlsd_table *t, int64_t n_parts, columns *c)
{
    char buffer[MLSD__PART_NAME_CAPACITY];
    mlsd__dictionary *names = NULL;
    mlsd__column *column = NULL;
    mlsd_status status = mlsd__dictionary_new(&t->allocator, &names);
    for (int64_t p = 0; status == MLSD_OK && p < n_parts; p++) {
        int32_t code = 0;
        const char *const name = mlsd__part_name(p, n_parts, buffer);
        status = mlsd__dictionary_intern(names, name, strlen(name), &code);
    }
    if (status == MLSD_OK)
        status = mlsd__column_new_category(&t->allocator, c->part, c->n, names, &column);
    mlsd__dictionary_free(names);
    MLSD__TRY(status);
    c->part = NULL;
    return mlsd__table_append_column(t, "part", column);
}

static mlsd_status put_time(mlsd_table *t, const row_facts *f, const char *name, columns *c,
                            int64_t *times)
{
    if (f->time->type == MLSD_COLUMN_I64) {
        for (int64_t i = 0; i < c->n; i++) times[i] = c->rows[i] > 0 ? times[i] : 0;
        return mlsd_table_set_i64(t, name, times, c->n);
    }
    mlsd_status status = MLSD_E_NOMEM;
    double *const numbers = mlsd__alloc_raw(&t->allocator, c->n, sizeof *numbers);
    const char **const texts = mlsd__alloc_raw(&t->allocator, c->n, sizeof *texts);
    if (numbers != NULL && texts != NULL) {
        const bool is_text = f->time->type == MLSD_COLUMN_CATEGORY;
        for (int64_t i = 0; i < c->n; i++) {
            const bool has_time = times[i] != INT64_MAX && times[i] != INT64_MIN;
            numbers[i] = has_time && !is_text ? number_of_bits(times[i]) : (double)NAN;
            texts[i] = has_time && is_text ? f->time->levels[f->level_order[times[i]]] : NULL;
        }
        status = is_text ? mlsd_table_set_str(t, name, texts, c->n)
                         : mlsd_table_set_f64(t, name, numbers, c->n);
    }
    mlsd__free(&t->allocator, texts);
    mlsd__free(&t->allocator, numbers);
    return status;
}

static mlsd_status put_classes(mlsd_table *t, const mlsd_dataset *d, const row_facts *f, columns *c)
{
    mlsd__text name;
    mlsd__text_init(&name, &t->allocator);
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < f->n_classes; k++) {
        name.length = 0;
        mlsd__text_append(&name, "class ");
        mlsd__text_append(&name, mlsd_dataset_class_name(d, k));
        status = name.status;
        if (status == MLSD_OK)
            status = put_column(t, name.data, MLSD_COLUMN_F64, c->n, &c->classes[k]);
    }
    mlsd__text_free(&name);
    return status;
}

static mlsd_status make_table(const mlsd__allocator *a, const mlsd_folds *folds,
                              const mlsd_dataset *d, const row_facts *f, columns *c,
                              mlsd_table **out)
{
    mlsd_table *t = NULL;
    mlsd_status status = mlsd__table_new(a, &t);
    int64_t *const rows = c->rows;
    if (status == MLSD_OK) status = put_column(t, "split", MLSD_COLUMN_I64, c->n, &c->split);
    if (status == MLSD_OK) status = put_parts(t, folds->n_parts, c);
    /* Times need the sizes, which therefore are copied. */
    if (status == MLSD_OK) status = mlsd_table_set_i64(t, "rows", rows, c->n);
    if (status == MLSD_OK) status = put_column(t, "share", MLSD_COLUMN_F64, c->n, &c->share);
    if (status == MLSD_OK) status = put_classes(t, d, f, c);
    if (status == MLSD_OK) status = put_column(t, "target_mean", MLSD_COLUMN_F64, c->n, &c->mean);
    if (status == MLSD_OK) status = put_column(t, "target_min", MLSD_COLUMN_F64, c->n, &c->least);
    if (status == MLSD_OK)
        status = put_column(t, "target_max", MLSD_COLUMN_F64, c->n, &c->greatest);
    if (status == MLSD_OK) status = put_column(t, "groups", MLSD_COLUMN_I64, c->n, &c->groups);
    if (status == MLSD_OK && f->time != NULL) status = put_time(t, f, "time_first", c, c->first);
    if (status == MLSD_OK && f->time != NULL) status = put_time(t, f, "time_last", c, c->last);
    if (status == MLSD_OK) {
        *out = t;
        t = NULL;
    }
    mlsd_table_free(t);
    return status;
}

mlsd_status mlsd_folds_describe(const mlsd_context *context, const mlsd_folds *folds,
                                const mlsd_dataset *dataset, mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the table is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(folds, MLSD__MAGIC_FOLDS, "folds");
    if (dataset != NULL) MLSD__TRY(mlsd__folds_fit_dataset(folds, dataset));
    mlsd__scope scope;
    row_facts facts = {.n_rows = folds->n_rows};
    columns c = {0};
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd__allocator *const a = scope.allocator;
    work w = {.folds = folds, .facts = &facts, .columns = &c};
    mlsd_status status = read_facts(&scope, dataset, &facts);
    if (status == MLSD_OK) status = columns_new(a, folds, &facts, &c);
    if (status == MLSD_OK)
        status =
            mlsd__folds_are_dealt(folds) ? describe_dealt(&scope, &w) : describe_splits(&scope, &w);
    if (status == MLSD_OK) status = make_table(a, folds, dataset, &facts, &c, out);
    columns_free(a, &c, facts.n_classes);
    facts_free(a, &facts);
    mlsd__scope_close(&scope);
    return status;
}
