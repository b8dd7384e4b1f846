/* paired_slices.c - two models on the same rows, by group. Sets of columns are tasks: each numbers
 * the crossed groups that have rows, sorts the rows by group, and measures every group on its own
 * rows, in their order, so that the number of threads changes nothing. */
#include "slice/paired_slices.h"

#include <math.h>
#include <string.h>

#include "base/kindtable.h"
#include "metric/summary.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

const char mlsd__paired_ok[] = "ok";
const char mlsd__paired_low_support[] = "low support";
const char mlsd__paired_undefined[] = "undefined";

enum { MOST_COLUMNS = 8 }; /* crossed; the bound of max_level */

/* One set of columns, and its groups. */
typedef struct crossing {
    int32_t columns[MOST_COLUMNS];
    int64_t n_columns;
    mlsd__paired_slices made;
} crossing;

typedef struct work {
    const mlsd__sliced *s;
    const mlsd__paired_rows *r;
    const mlsd__paired_options *options;
    crossing *crossings;
    int64_t n_crossings;
} work;

void mlsd__paired_rows_free(mlsd__paired_rows *r, const mlsd__allocator *a)
{
    mlsd__free(a, r->loss[0]);
    mlsd__free(a, r->loss[1]);
    mlsd__free(a, r->weight);
    *r = (mlsd__paired_rows){0};
}

static void free_slice(mlsd__paired_slice *row)
{
    mlsd__text_free(&row->slice);
    mlsd__text_free(&row->predicates);
}

void mlsd__paired_slices_free(mlsd__paired_slices *p, const mlsd__allocator *a)
{
    for (int64_t i = 0; i < p->n; i++) free_slice(&p->rows[i]);
    mlsd__free(a, p->rows);
    *p = (mlsd__paired_slices){0};
}

/* ---- one group ---- */

/* The mean of n numbers, x becoming the distances from it, with its standard error. */
static void estimate_mean(double *x, const double *weight, int64_t n, mlsd__estimate *out)
{
    double mean, variance;
    mlsd__mean_variance(x, weight, n, 0, &mean, &variance);
    for (int64_t i = 0; i < n; i++) x[i] -= mean;
    mlsd__estimate_from_influence(x, weight, n, out);
    out->value = mean;
}

static double sum_of(const double *x, int64_t n)
{
    return x == NULL ? (double)n : mlsd__sum(x, n);
}

/* One model's mean loss; `room` has n numbers. */
static void estimate_loss(const double *loss, const double *weight, int64_t n, bool zero_one,
                          double level, double *room, mlsd__estimate *out)
{
    const double total = sum_of(weight, n);
    const double sum = weight == NULL ? mlsd__sum(loss, n) : mlsd__dot(loss, weight, n);
    mlsd__estimate_undefined(out);
    if (zero_one) {
        const double squares = weight == NULL ? (double)n : mlsd__dot(weight, weight, n);
        mlsd__estimate_share(sum, total, squares, (double)n, level, out);
        return;
    }
    memcpy(room, loss, (size_t)n * sizeof *room);
    estimate_mean(room, weight, n, out);
    mlsd__estimate_interval(out, level, 0, INFINITY);
    out->numerator = sum;
    out->denominator = total;
    out->support = (double)n;
}

/* Losses that differ by the same on every row do not vary: a t test would be certain of it. */
static void compare_by_t(const double *a, const double *b, const double *weight, int64_t n,
                         const mlsd__pair_settings *settings, double *room, mlsd__paired *out)
{
    static const double ROUNDINGS = 8; /* of the largest loss, that a difference may be off by */
    double largest = 0;
    mlsd__estimate e;
    mlsd__paired_clear(out);
    out->n = n;
    for (int64_t i = 0; i < n; i++) {
        room[i] = b[i] - a[i];
        largest = fmax(largest, fmax(a[i], b[i]));
    }
    mlsd__estimate_undefined(&e);
    estimate_mean(room, weight, n, &e);
    const bool varies = e.se * sqrt(e.n_rows) > ROUNDINGS * 0x1p-52 * largest;
    mlsd__paired_by_t(out, settings, e.value, varies ? e.se : (double)NAN, e.df);
}

/* The group of n rows whose losses and weights stand together; `room` has n numbers. */
static void measure(const double *a, const double *b, const double *weight, int64_t n,
                    bool zero_one, const mlsd__paired_options *options, double *room,
                    mlsd__paired_slice *out)
{
    mlsd__pair_settings settings = MLSD__PAIR_DEFAULTS;
    settings.level = options->level;
    out->n = n;
    out->worse = out->better = 0;
    for (int64_t i = 0; i < n; i++) {
        out->worse += b[i] > a[i];
        out->better += b[i] < a[i];
    }
    estimate_loss(a, weight, n, zero_one, options->level, room, &out->loss[0]);
    estimate_loss(b, weight, n, zero_one, options->level, room, &out->loss[1]);
    if (zero_one && weight == NULL) {
        /* Shares of errors: what only the second has right is better, so it comes first. */
        mlsd__compare_counts(n, out->better, out->worse, options->test, &settings, &out->is);
    } else {
        compare_by_t(a, b, weight, n, &settings, room, &out->is);
    }
    out->q_value = NAN;
    out->status = n == 0 || isnan(out->is.difference) ? mlsd__paired_undefined
                  : n < options->min_support          ? mlsd__paired_low_support
                                                      : mlsd__paired_ok;
    if (out->status != mlsd__paired_ok) out->is.p_value = NAN;
}

mlsd_status mlsd__paired_overall(mlsd__scope *scope, const mlsd__paired_rows *r,
                                 const mlsd__paired_options *options, mlsd__paired_slice *out)
{
    double *const room = mlsd__alloc_raw(scope->allocator, r->n, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    mlsd__text_init(&out->slice, scope->allocator);
    mlsd__text_init(&out->predicates, scope->allocator);
    measure(r->loss[0], r->loss[1], r->weight, r->n, r->zero_one, options, room, out);
    mlsd__free(scope->allocator, room);
    return mlsd__checkpoint(scope);
}

/* ---- the groups of a set of columns ---- */

/* Rows by group: those of group g stand, ascending, in rows[starts[g] .. starts[g + 1] - 1]. */
typedef struct numbered {
    int64_t n_groups;
    int64_t *rows, *starts;
} numbered;

static void free_numbered(numbered *g, const mlsd__allocator *a)
{
    mlsd__free(a, g->rows);
    mlsd__free(a, g->starts);
}

/* Number the groups that have rows: column after column, so that the number never exceeds that of
 * the rows. */
static mlsd_status number_rows(mlsd__scope *scope, const work *w, const crossing *c, int32_t *code,
                               int64_t *out_n)
{
    const int64_t n = w->r->n;
    int64_t *const id = mlsd__alloc_raw(scope->allocator, n, sizeof *id);
    if (id == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    *out_n = 1;
    memset(code, 0, (size_t)n * sizeof *code);
    for (int64_t k = 0; k < c->n_columns && status == MLSD_OK; k++) {
        const int32_t *const level = w->s->codes[MLSD__SEARCH] + c->columns[k] * n;
        const int64_t n_levels = w->s->groupings[c->columns[k]].n_levels;
        double *values = NULL;
        for (int64_t i = 0; i < n; i++) id[i] = (int64_t)code[i] * n_levels + level[i];
        status = mlsd__factorize_new_i64(scope, id, n, &values, out_n, code);
        mlsd__free(scope->allocator, values);
    }
    mlsd__free(scope->allocator, id);
    return status;
}

static mlsd_status sort_rows(const int32_t *code, int64_t n, const mlsd__allocator *a, numbered *g)
{
    g->starts = mlsd__alloc(a, g->n_groups + 2, sizeof *g->starts);
    g->rows = mlsd__alloc_raw(a, n, sizeof *g->rows);
    if (g->starts == NULL || g->rows == NULL) return MLSD_E_NOMEM;
    /* Counts are put two places up, so that filling moves each start to where it belongs. */
    for (int64_t i = 0; i < n; i++) g->starts[code[i] + 2]++;
    for (int64_t k = 2; k <= g->n_groups + 1; k++) g->starts[k] += g->starts[k - 1];
    for (int64_t i = 0; i < n; i++) g->rows[g->starts[code[i] + 1]++] = i;
    return MLSD_OK;
}

static mlsd_status too_many(const work *w, const crossing *c, int64_t n)
{
    return mlsd__fail(MLSD_E_DATA,
                      "%s '%.60s'%s makes %lld groups, more than max_groups %lld; leave it out of "
                      "'by', lower max_level, or raise max_groups",
                      c->n_columns == 1 ? "column" : "crossing column",
                      mlsd_table_name(w->s->groups, w->s->columns[c->columns[0]]),
                      c->n_columns == 1 ? "" : " with others", (long long)n,
                      (long long)w->options->max_groups);
}

static mlsd_status name_slice(const work *w, const crossing *c, int64_t row,
                              mlsd__paired_slice *out)
{
    out->n_predicates = c->n_columns;
    mlsd__text_append(&out->predicates, "[");
    for (int64_t k = 0; k < c->n_columns; k++) {
        const int32_t j = c->columns[k];
        const mlsd__item item = {.column = j,
                                 .level = w->s->codes[MLSD__SEARCH][j * w->r->n + row]};
        if (k > 0) mlsd__text_append(&out->slice, " and ");
        if (k > 0) mlsd__text_append(&out->predicates, ", ");
        mlsd__sliced_words(w->s, &item, &out->slice);
        mlsd__sliced_json(w->s, &item, &out->predicates);
    }
    mlsd__text_append(&out->predicates, "]");
    return out->slice.status != MLSD_OK ? out->slice.status : out->predicates.status;
}

/* Does one of the crossed columns alone have no more rows in this group's level? Then the group is
 * that column's, and has been measured as such. */
static bool is_redundant(const work *w, const crossing *c, int64_t row, int64_t n,
                         int64_t *const *level_rows)
{
    for (int64_t k = 0; k < c->n_columns && c->n_columns > 1; k++) {
        const int32_t j = c->columns[k];
        if (level_rows[k][w->s->codes[MLSD__SEARCH][j * w->r->n + row]] == n) return true;
    }
    return false;
}

/* Room for a group's numbers, and how many rows each level of each column has. */
typedef struct scratch {
    double *a, *b, *weight, *room;
    int64_t *level_rows[MOST_COLUMNS];
} scratch;

static void free_scratch(scratch *t, const mlsd__allocator *a)
{
    for (int k = 0; k < MOST_COLUMNS; k++) mlsd__free(a, t->level_rows[k]);
    mlsd__free(a, t->a);
    mlsd__free(a, t->b);
    mlsd__free(a, t->weight);
    mlsd__free(a, t->room);
}

static mlsd_status make_scratch(const work *w, const crossing *c, const mlsd__allocator *a,
                                scratch *t)
{
    const int64_t n = w->r->n;
    t->a = mlsd__alloc_raw(a, n, sizeof *t->a);
    t->b = mlsd__alloc_raw(a, n, sizeof *t->b);
    t->weight = mlsd__alloc_raw(a, n, sizeof *t->weight);
    t->room = mlsd__alloc_raw(a, n, sizeof *t->room);
    if (t->a == NULL || t->b == NULL || t->weight == NULL || t->room == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < c->n_columns; k++) {
        const int32_t *const level = w->s->codes[MLSD__SEARCH] + c->columns[k] * n;
        const int64_t n_levels = w->s->groupings[c->columns[k]].n_levels;
        t->level_rows[k] = mlsd__alloc(a, n_levels, sizeof *t->level_rows[k]);
        if (t->level_rows[k] == NULL) return MLSD_E_NOMEM;
        for (int64_t i = 0; i < n; i++) t->level_rows[k][level[i]]++;
    }
    return MLSD_OK;
}

static mlsd_status measure_group(const work *w, crossing *c, const int64_t *rows, int64_t n,
                                 const mlsd__allocator *a, scratch *t)
{
    mlsd__paired_slices *const made = &c->made;
    if (is_redundant(w, c, rows[0], n, t->level_rows)) {
        made->n_redundant++;
        return MLSD_OK;
    }
    mlsd__paired_slice *const out = &made->rows[made->n++];
    mlsd__text_init(&out->slice, a);
    mlsd__text_init(&out->predicates, a);
    for (int64_t i = 0; i < n; i++) {
        t->a[i] = w->r->loss[0][rows[i]];
        t->b[i] = w->r->loss[1][rows[i]];
        if (w->r->weight != NULL) t->weight[i] = w->r->weight[rows[i]];
    }
    measure(t->a, t->b, w->r->weight == NULL ? NULL : t->weight, n, w->r->zero_one, w->options,
            t->room, out);
    return name_slice(w, c, rows[0], out);
}

static mlsd_status measure_groups(mlsd__scope *scope, const work *w, crossing *c, const numbered *g)
{
    const mlsd__allocator *const a = scope->allocator;
    scratch t = {0};
    c->made.rows = mlsd__alloc(a, g->n_groups, sizeof *c->made.rows);
    mlsd_status status = c->made.rows == NULL ? MLSD_E_NOMEM : make_scratch(w, c, a, &t);
    for (int64_t k = 0; k < g->n_groups && status == MLSD_OK; k++) {
        const int64_t first = g->starts[k];
        status = measure_group(w, c, g->rows + first, g->starts[k + 1] - first, a, &t);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    free_scratch(&t, a);
    return status;
}

static mlsd_status crossing_task(void *arg, int64_t task, mlsd__scope *scope)
{
    const work *const w = arg;
    crossing *const c = &w->crossings[task];
    const mlsd__allocator *const a = scope->allocator;
    numbered g = {0};
    int32_t *const code = mlsd__alloc_raw(a, w->r->n, sizeof *code);
    mlsd_status status = code == NULL ? MLSD_E_NOMEM : number_rows(scope, w, c, code, &g.n_groups);
    if (status == MLSD_OK && g.n_groups > w->options->max_groups)
        status = too_many(w, c, g.n_groups);
    if (status == MLSD_OK) status = sort_rows(code, w->r->n, a, &g);
    if (status == MLSD_OK) status = measure_groups(scope, w, c, &g);
    free_numbered(&g, a);
    mlsd__free(a, code);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* ---- sets of columns ---- */

/* The next set of as many columns in lexicographic order; false after the last. */
static bool next_set(int32_t *set, int64_t size, int64_t n)
{
    int64_t k = size - 1;
    while (k >= 0 && set[k] == n - size + k) k--;
    if (k < 0) return false;
    set[k]++;
    for (int64_t i = k + 1; i < size; i++) set[i] = set[i - 1] + 1;
    return true;
}

static mlsd_status list_crossings(work *w, const mlsd__allocator *a)
{
    int64_t capacity = 0;
    const int64_t n = w->s->n_columns;
    for (int64_t size = 1; size <= w->options->max_level && size <= n; size++) {
        int32_t set[MOST_COLUMNS] = {0};
        for (int64_t k = 0; k < size; k++) set[k] = (int32_t)k;
        do {
            void *room = w->crossings;
            if (w->n_crossings == w->options->max_groups)
                return mlsd__fail(MLSD_E_DATA,
                                  "%lld columns crossed up to max_level %lld make more groups than "
                                  "max_groups %lld; name fewer in 'by' or lower max_level",
                                  (long long)n, (long long)w->options->max_level,
                                  (long long)w->options->max_groups);
            const mlsd_status status =
                mlsd__reserve(a, &room, &capacity, w->n_crossings + 1, sizeof *w->crossings);
            w->crossings = room;
            MLSD__TRY(status);
            crossing *const c = &w->crossings[w->n_crossings++];
            *c = (crossing){.n_columns = size};
            memcpy(c->columns, set, sizeof set);
        } while (next_set(set, size, n));
    }
    return MLSD_OK;
}

/* All groups in one list, which takes their texts over. */
static mlsd_status join(work *w, const mlsd__allocator *a, mlsd__paired_slices *out)
{
    int64_t n = 0;
    for (int64_t k = 0; k < w->n_crossings; k++) n += w->crossings[k].made.n;
    if (n > w->options->max_groups)
        return mlsd__fail(MLSD_E_DATA,
                          "'by' makes %lld groups, more than max_groups %lld; name fewer columns, "
                          "lower max_level, or raise max_groups",
                          (long long)n, (long long)w->options->max_groups);
    out->rows = mlsd__alloc_raw(a, n, sizeof *out->rows);
    if (out->rows == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < w->n_crossings; k++) {
        mlsd__paired_slices *const made = &w->crossings[k].made;
        for (int64_t i = 0; i < made->n; i++) out->rows[out->n++] = made->rows[i];
        out->n_redundant += made->n_redundant;
        made->n = 0;
    }
    return MLSD_OK;
}

mlsd_status mlsd__paired_slices_make(mlsd__scope *scope, const mlsd__sliced *s,
                                     const mlsd__paired_rows *r,
                                     const mlsd__paired_options *options, mlsd__paired_slices *out)
{
    const mlsd__allocator *const a = scope->allocator;
    work w = {.s = s, .r = r, .options = options};
    *out = (mlsd__paired_slices){0};
    mlsd_status status = list_crossings(&w, a);
    if (status == MLSD_OK) {
        mlsd__stage_begin(scope, "groups", w.n_crossings);
        status = mlsd__parallel_for(scope, w.n_crossings, crossing_task, &w);
        mlsd__stage_end(scope);
    }
    if (status == MLSD_OK) status = join(&w, a, out);
    for (int64_t k = 0; k < w.n_crossings; k++) mlsd__paired_slices_free(&w.crossings[k].made, a);
    mlsd__free(a, w.crossings);
    return status;
}
