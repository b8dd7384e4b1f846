/* patterns.c - frequent patterns by depth-first search over sets of rows as bits (Eclat: Zaki 2000,
 * IEEE Transactions on Knowledge and Data Engineering 12:372), and Shapley values over them.
 *
 * A task is all patterns that begin with one item. Within a pattern its extensions are tried from
 * the last item down, so that when one is gone into, it is known which of the later ones are
 * frequent beside it: only those can be frequent within. */
#include "slice/patterns.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "slice/row_bits.h"

/* What a task finds. */
typedef struct shelf {
    mlsd__pattern *patterns;
    int32_t *items;
    int64_t n, pattern_capacity, item_capacity;
    int64_t n_looked_at;
} shelf;

typedef struct mining {
    const mlsd__sliced *s;
    const mlsd__half_errors *halves;
    const mlsd__patterns_options *options;
    int64_t stride;
    shelf *shelves; /* by first item */
} mining;

/* One task while it works. */
typedef struct digger {
    const mining *m;
    shelf *out;
    mlsd__scope *scope;
    uint64_t *room;      /* rows of the pattern at each depth, both halves */
    int32_t *candidates; /* at each depth: n_items of them */
    int32_t items[MLSD__MOST_PREDICATES];
} digger;

/* ---- one pattern ---- */

static mlsd_status too_many(int64_t n)
{
    return mlsd__fail(MLSD_E_DATA,
                      "there are more than %lld frequent patterns; raise 'min_support', lower "
                      "'max_level' or raise 'max_patterns'",
                      (long long)n);
}

/* Returns the mean; of events that are counted it is one division, so that equal rates are equal.
 */
static double count_half(const mlsd__half *h, const mlsd__half_errors *of, const uint64_t *rows,
                         mlsd__errors *out)
{
    if (h->wrong == NULL) {
        mlsd__errors_of(h, of, rows, NULL, out);
        return out->n > 0 ? of->mean + out->wd / out->w : (double)NAN;
    }
    int64_t n_wrong;
    *out = (mlsd__errors){0};
    out->n = mlsd__bits_count(rows, h->counted == NULL ? rows : h->counted, h->wrong, h->n_words,
                              &n_wrong);
    out->w = out->ww = (double)out->n;
    out->wd = (double)n_wrong - of->mean * (double)out->n;
    return out->n > 0 ? (double)n_wrong / (double)out->n : (double)NAN;
}

static mlsd_status put_down(digger *d, int32_t n_items, int64_t n_rows, uint64_t *const rows[2])
{
    const mining *const m = d->m;
    const mlsd__allocator *const a = d->scope->allocator;
    shelf *const out = d->out;
    mlsd__errors found;
    MLSD__TRY(mlsd__reserve(a, (void **)&out->patterns, &out->pattern_capacity, out->n + 1,
                            sizeof *out->patterns));
    MLSD__TRY(mlsd__reserve(a, (void **)&out->items, &out->item_capacity, (out->n + 1) * m->stride,
                            sizeof *out->items));
    if (out->n >= m->options->max_patterns) return too_many(m->options->max_patterns);
    mlsd__pattern *const p = &out->patterns[out->n];
    const double value =
        count_half(&m->s->half[MLSD__SEARCH], &m->halves[MLSD__SEARCH], rows[MLSD__SEARCH], &found);
    *p = (mlsd__pattern){.n_items = n_items, .n_rows = n_rows, .n = found.n, .value = value};
    const mlsd__half *const confirm = &m->s->half[MLSD__CONFIRM];
    (void)count_half(confirm, &m->halves[MLSD__CONFIRM], rows[MLSD__CONFIRM], &found);
    p->p_value = confirm->n_rows == 0
                     ? (double)NAN
                     : mlsd__against_p(&m->halves[MLSD__CONFIRM], &found, confirm->wrong != NULL,
                                       m->options->confirm_support, false);
    int32_t *const items = out->items + out->n * m->stride;
    for (int64_t j = 0; j < m->stride; j++) items[j] = j < n_items ? d->items[j] : -1;
    out->n++;
    return MLSD_OK;
}

/* ---- depth first ---- */

static void rows_at(const digger *d, int32_t n_items, uint64_t *rows[2])
{
    const mlsd__half *const h = d->m->s->half;
    rows[0] = d->room + (int64_t)(n_items - 1) * (h[0].n_words + h[1].n_words);
    rows[1] = rows[0] + h[0].n_words;
}

/* Extensions that a pattern of so many items is tried with, ascending. */
static int32_t *candidates_at(const digger *d, int32_t n_items)
{
    return d->candidates + (int64_t)(2 * n_items) * d->m->s->n_items;
}

/* Those of them that were frequent, from the end of this list down. */
static int32_t *frequent_at(const digger *d, int32_t n_items)
{
    return candidates_at(d, n_items) + d->m->s->n_items;
}

static mlsd_status dig(digger *d, int32_t n_items, int64_t n_candidates);

/* Go into the pattern that d->items says, whose last item is `item`: what was frequent beside it is
 * tried within. */
static mlsd_status go_into(digger *d, int32_t n_items, const int32_t *beside, int64_t n_beside)
{
    const mlsd__item *const items = d->m->s->items;
    const int32_t column = items[d->items[n_items - 1]].column;
    int32_t *const mine = candidates_at(d, n_items);
    int64_t n = 0;
    for (int64_t k = 0; k < n_beside; k++) {
        if (items[beside[k]].column != column) mine[n++] = beside[k];
    }
    return n == 0 ? MLSD_OK : dig(d, n_items, n);
}

/* Extend the pattern of n_items items, whose rows stand in its room, by each candidate. */
static mlsd_status dig(digger *d, int32_t n_items, int64_t n_candidates)
{
    const mining *const m = d->m;
    const mlsd__half *const h = m->s->half;
    const int32_t *const mine = candidates_at(d, n_items);
    int32_t *const end = frequent_at(d, n_items) + m->s->n_items;
    uint64_t *rows[2], *inner[2];
    int64_t n_frequent = 0;
    rows_at(d, n_items, rows);
    rows_at(d, n_items + 1, inner);
    for (int64_t i = n_candidates - 1; i >= 0; i--) {
        const mlsd__item *const item = &m->s->items[mine[i]];
        const int64_t n = mlsd__bits_and(rows[0], item->bits[0], h[0].n_words, inner[0]);
        d->out->n_looked_at++;
        MLSD__TRY(mlsd__checkpoint(d->scope));
        if (n < m->options->min_support) continue;
        (void)mlsd__bits_and(rows[1], item->bits[1], h[1].n_words, inner[1]);
        d->items[n_items] = mine[i];
        MLSD__TRY(put_down(d, n_items + 1, n, inner));
        if (n_items + 1 < m->stride) {
            MLSD__TRY(go_into(d, n_items + 1, end - n_frequent, n_frequent));
        }
        n_frequent++;
        end[-n_frequent] = mine[i];
    }
    return MLSD_OK;
}

static mlsd_status begin(digger *d, int32_t first)
{
    const mlsd__sliced *const s = d->m->s;
    const mlsd__item *const item = &s->items[first];
    uint64_t *rows[2];
    int64_t n = 0;
    d->out->n_looked_at++;
    if (item->n_rows[0] < d->m->options->min_support) return MLSD_OK;
    rows_at(d, 1, rows);
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        (void)mlsd__bits_and(item->bits[h], item->bits[h], s->half[h].n_words, rows[h]);
    }
    d->items[0] = first;
    MLSD__TRY(put_down(d, 1, item->n_rows[0], rows));
    if (d->m->stride == 1) return MLSD_OK;
    int32_t *const mine = candidates_at(d, 1);
    for (int32_t i = first + 1; i < s->n_items; i++) {
        if (s->items[i].column != item->column) mine[n++] = i;
    }
    return dig(d, 1, n);
}

static mlsd_status mine_task(void *arg, int64_t task, mlsd__scope *scope)
{
    mining *const m = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__half *const h = m->s->half;
    digger d = {.m = m, .out = &m->shelves[task], .scope = scope};
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(2 * (m->stride + 1), m->s->n_items, &size));
    d.room = mlsd__alloc_raw(a, (m->stride + 1) * (h[0].n_words + h[1].n_words), sizeof *d.room);
    d.candidates = d.room == NULL ? NULL : mlsd__alloc_raw(a, size, sizeof *d.candidates);
    const mlsd_status status = d.candidates == NULL ? MLSD_E_NOMEM : begin(&d, (int32_t)task);
    mlsd__free(a, d.candidates);
    mlsd__free(a, d.room);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* ---- all of them ---- */

static mlsd_status index_patterns(mlsd__patterns *p, const mlsd__allocator *a)
{
    p->n_slots = 16;
    while (p->n_slots < 2 * p->n) p->n_slots *= 2;
    p->slots = mlsd__alloc_raw(a, p->n_slots, sizeof *p->slots);
    if (p->slots == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < p->n_slots; i++) p->slots[i] = -1;
    for (int64_t i = 0; i < p->n; i++) {
        const uint64_t mask = (uint64_t)p->n_slots - 1;
        const size_t size = (size_t)p->all[i].n_items * sizeof *p->items;
        uint64_t at = mlsd__hash64(mlsd__pattern_items(p, i), size, 0) & mask;
        while (p->slots[at] >= 0) at = (at + 1) & mask;
        p->slots[at] = i;
    }
    return MLSD_OK;
}

static mlsd_status join_shelves(const mining *m, const mlsd__allocator *a, mlsd__patterns *out)
{
    int64_t size = 0, at = 0;
    for (int64_t k = 0; k < m->s->n_items; k++) {
        out->n += m->shelves[k].n;
        out->n_looked_at += m->shelves[k].n_looked_at;
    }
    if (out->n > m->options->max_patterns) return too_many(m->options->max_patterns);
    MLSD__TRY(mlsd__mul_size(out->n, m->stride, &size));
    out->all = mlsd__alloc_raw(a, out->n, sizeof *out->all);
    if (out->all == NULL) return MLSD_E_NOMEM;
    out->items = mlsd__alloc_raw(a, size, sizeof *out->items);
    if (out->items == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < m->s->n_items; k++) {
        const shelf *const from = &m->shelves[k];
        if (from->n == 0) continue;
        memcpy(out->all + at, from->patterns, (size_t)from->n * sizeof *from->patterns);
        memcpy(out->items + at * m->stride, from->items,
               (size_t)(from->n * m->stride) * sizeof *from->items);
        at += from->n;
    }
    return index_patterns(out, a);
}

mlsd_status mlsd__patterns_make(mlsd__scope *scope, const mlsd__sliced *s,
                                const mlsd__half_errors halves[MLSD__N_HALVES],
                                const mlsd__patterns_options *options, mlsd__patterns *out)
{
    const mlsd__allocator *const a = scope->allocator;
    mining m = {.s = s, .halves = halves, .options = options};
    m.stride = options->max_level < s->n_columns ? options->max_level : s->n_columns;
    *out = (mlsd__patterns){.stride = m.stride, .whole = halves[MLSD__SEARCH].mean};
    m.shelves = mlsd__alloc(a, s->n_items, sizeof *m.shelves);
    if (m.shelves == NULL) return MLSD_E_NOMEM;
    mlsd__stage_begin(scope, "patterns", s->n_items);
    mlsd_status status = mlsd__parallel_for(scope, s->n_items, mine_task, &m);
    mlsd__stage_end(scope);
    if (status == MLSD_OK) status = join_shelves(&m, a, out);
    for (int64_t k = 0; k < s->n_items; k++) {
        mlsd__free(a, m.shelves[k].patterns);
        mlsd__free(a, m.shelves[k].items);
    }
    mlsd__free(a, m.shelves);
    return status;
}

void mlsd__patterns_free(mlsd__patterns *p, const mlsd__allocator *a)
{
    mlsd__free(a, p->all);
    mlsd__free(a, p->items);
    mlsd__free(a, p->slots);
    *p = (mlsd__patterns){0};
}

int64_t mlsd__patterns_find(const mlsd__patterns *p, const int32_t *items, int32_t n_items)
{
    const uint64_t mask = (uint64_t)p->n_slots - 1;
    const size_t size = (size_t)n_items * sizeof *items;
    uint64_t at = mlsd__hash64(items, size, 0) & mask;
    for (; p->slots[at] >= 0; at = (at + 1) & mask) {
        const int64_t i = p->slots[at];
        if (p->all[i].n_items == n_items && memcmp(mlsd__pattern_items(p, i), items, size) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- divergence and Shapley values ---- */

double mlsd__divergence(const mlsd__patterns *p, const int32_t *items, int32_t n_items)
{
    if (n_items == 0) return 0;
    const int64_t i = mlsd__patterns_find(p, items, n_items);
    return i < 0 ? (double)NAN : p->all[i].value - p->whole;
}

/* |J|! (n - |J| - 1)! / n! = 1 / (n binomial(n - 1, |J|)). */
static double shapley_weight(int32_t n_before, int64_t n)
{
    double binomial = 1;
    for (int32_t j = 1; j <= n_before; j++) {
        binomial = binomial * (double)(n - j) / (double)j;
    }
    return 1 / ((double)n * binomial);
}

/* The items of a mask, but one that may be left out. */
static int32_t items_of_mask(const int32_t *items, int32_t n_items, uint32_t mask, int32_t *out)
{
    int32_t n = 0;
    for (int32_t j = 0; j < n_items; j++) {
        if (mask >> j & 1) out[n++] = items[j];
    }
    return n;
}

void mlsd__shapley_of_pattern(const mlsd__patterns *p, int64_t i, double *out)
{
    const int32_t n = p->all[i].n_items;
    const int32_t *const items = mlsd__pattern_items(p, i);
    for (int32_t j = 0; j < n; j++) {
        out[j] = 0;
        for (uint32_t mask = 0; mask < UINT32_C(1) << n; mask++) {
            int32_t some[MLSD__MOST_PREDICATES];
            if (mask >> j & 1) continue;
            const int32_t n_before = items_of_mask(items, n, mask, some);
            const double before = mlsd__divergence(p, some, n_before);
            const int32_t n_after = items_of_mask(items, n, mask | UINT32_C(1) << j, some);
            const double after = mlsd__divergence(p, some, n_after);
            out[j] += shapley_weight(n_before, n) * (after - before);
        }
    }
}

void mlsd__shapley_of_items(const mlsd__patterns *p, const mlsd__sliced *s, double *out)
{
    for (int64_t k = 0; k < s->n_items; k++) out[k] = 0;
    for (int64_t i = 0; i < p->n; i++) {
        const int32_t n = p->all[i].n_items;
        const int32_t *const items = mlsd__pattern_items(p, i);
        double share = shapley_weight(n - 1, s->n_columns);
        if (isnan(p->all[i].value)) continue;
        for (int32_t j = 0; j < n; j++) {
            share /= (double)s->n_seen[s->items[items[j]].column];
        }
        for (int32_t j = 0; j < n; j++) {
            int32_t rest[MLSD__MOST_PREDICATES];
            const uint32_t mask = ((UINT32_C(1) << n) - 1) & ~(UINT32_C(1) << j);
            const double before = mlsd__divergence(p, rest, items_of_mask(items, n, mask, rest));
            if (isnan(before)) continue;
            out[items[j]] += share * (p->all[i].value - p->whole - before);
        }
    }
}
