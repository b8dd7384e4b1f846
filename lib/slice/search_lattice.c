/* search_lattice.c - the search of SliceLine (Sagadeeva & Boehm 2021, algorithm 1), with sets of
 * rows as bits in place of sparse matrices.
 *
 * A level is the list of slices that may still have slices among the best within them, in
 * lexicographic order of their items. Two of them that share all but the last item make a
 * candidate of the next level; so each candidate is made once. It is looked at only if all its
 * parents are in the list (one that is not was proved useless, and what lies within it with it) and
 * the bound by the least size, error and worst error of its parents allows a place among the best.
 *
 * One task is one slice of the level with all its candidates: the set of its rows is made once.
 * Tasks run in batches of a fixed number, those with the highest bounds first, and the k-th score
 * is raised after each batch. What is looked at therefore does not depend on threads. */
#include "slice/search_lattice.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "numeric/rank.h"
#include "slice/row_bits.h"

enum { BATCH = 64 };

/* What is known of a slice in the search half. */
typedef struct facts {
    int64_t n_rows;
    double size, error, worst;
} facts;

/* A slice that a task looked at: the task's slice and one more item. */
typedef struct looked {
    int32_t item;
    bool keeps; /* supported, with errors */
    facts is;
    double p_value;
} looked;

typedef struct level {
    int64_t n, n_items; /* slices; items of each */
    int32_t *items;     /* n x n_items */
    facts *facts;
    int64_t *slots; /* open addressing: position of a slice, or -1 */
    int64_t n_slots;
} level;

typedef struct search {
    const mlsd__sliced *s;
    const mlsd__lattice_options *options;
    mlsd__search_whole all;
    mlsd__half_errors confirm;
    bool is_share, confirms;
    mlsd__lattice *out;
    level now;
    double *bounds; /* of the level's slices */
    int64_t *order; /* of them, the highest bound first */
    struct found {  /* by slice of the level */
        looked *looked;
        int64_t n, capacity;
        mlsd__level_counts counts;
    } * found;
    int64_t batch; /* where the batch begins in `order` */
    double bar;    /* the score that a candidate must reach; 0 until there are k */
} search;

/* ---- levels ---- */

static void level_free(level *l, const mlsd__allocator *a)
{
    mlsd__free(a, l->items);
    mlsd__free(a, l->facts);
    mlsd__free(a, l->slots);
    *l = (level){0};
}

static uint64_t hash_items(const int32_t *items, int64_t n)
{
    return mlsd__hash64(items, (size_t)n * sizeof *items, 0);
}

static mlsd_status level_index(level *l, const mlsd__allocator *a)
{
    l->n_slots = 16;
    while (l->n_slots < 2 * l->n) l->n_slots *= 2;
    l->slots = mlsd__alloc_raw(a, l->n_slots, sizeof *l->slots);
    if (l->slots == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < l->n_slots; i++) l->slots[i] = -1;
    for (int64_t i = 0; i < l->n; i++) {
        const uint64_t mask = (uint64_t)l->n_slots - 1;
        uint64_t at = hash_items(l->items + i * l->n_items, l->n_items) & mask;
        while (l->slots[at] >= 0) at = (at + 1) & mask;
        l->slots[at] = i;
    }
    return MLSD_OK;
}

/* -1 where there is none. */
static int64_t level_find(const level *l, const int32_t *items)
{
    const uint64_t mask = (uint64_t)l->n_slots - 1;
    uint64_t at = hash_items(items, l->n_items) & mask;
    while (l->slots[at] >= 0) {
        const int64_t i = l->slots[at];
        if (memcmp(l->items + i * l->n_items, items, (size_t)l->n_items * sizeof *items) == 0)
            return i;
        at = (at + 1) & mask;
    }
    return -1;
}

/* ---- looking at one slice ---- */

static void look_at_rows(const mlsd__half *h, const uint64_t *a, const uint64_t *b, facts *out)
{
    for (int64_t i = 0; i < h->n_words; i++) {
        uint64_t bits = a[i] & b[i];
        out->n_rows += __builtin_popcountll(bits);
        for (; bits != 0; bits &= bits - 1) {
            const int64_t row = i * 64 + __builtin_ctzll(bits);
            const double e = h->error[row], w = h->weight == NULL ? 1 : h->weight[row];
            out->size += w;
            out->error += w * e;
            out->worst = fmax(out->worst, e);
        }
    }
}

static void look_for(const search *s, const uint64_t *a, const uint64_t *b, facts *out)
{
    const mlsd__half *const h = &s->s->half[MLSD__SEARCH];
    *out = (facts){0};
    if (h->wrong == NULL) {
        look_at_rows(h, a, b, out);
        return;
    }
    int64_t n_wrong;
    out->n_rows = mlsd__bits_count(a, b, h->wrong, h->n_words, &n_wrong);
    out->size = (double)out->n_rows;
    out->error = (double)n_wrong;
    out->worst = n_wrong > 0;
}

static double test(const search *s, const uint64_t *a, const uint64_t *b)
{
    const mlsd__half *const h = &s->s->half[MLSD__CONFIRM];
    mlsd__errors inside = {0};
    if (!s->confirms) return NAN;
    if (s->is_share) {
        int64_t n_wrong;
        inside.n = mlsd__bits_count(a, b, h->wrong, h->n_words, &n_wrong);
        inside.wd = (double)n_wrong - s->confirm.mean * (double)inside.n;
    } else {
        mlsd__errors_of(h, &s->confirm, a, b, &inside);
    }
    return mlsd__against_p(&s->confirm, &inside, s->is_share, s->options->confirm_support, true);
}

static bool keeps(const search *s, const facts *f)
{
    return f->n_rows >= s->options->min_support && f->error > 0;
}

static double bound_of(const search *s, const facts *f)
{
    return mlsd__search_bound(&s->all, f->size, f->error, f->worst);
}

/* ---- the best so far ---- */

static int compare_best(const mlsd__best *x, const mlsd__best *y)
{
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->n_items != y->n_items) return x->n_items < y->n_items ? -1 : 1;
    for (int32_t j = 0; j < x->n_items; j++) {
        if (x->items[j] != y->items[j]) return x->items[j] < y->items[j] ? -1 : 1;
    }
    return 0;
}

static void offer(search *s, const mlsd__best *b)
{
    mlsd__lattice *const out = s->out;
    const int64_t k = s->options->k;
    if (!(b->score > 0)) return;
    if (out->n_best == k && compare_best(b, &out->best[k - 1]) > 0) return;
    int64_t at = out->n_best < k ? out->n_best++ : k - 1;
    for (; at > 0 && compare_best(b, &out->best[at - 1]) < 0; at--) {
        out->best[at] = out->best[at - 1];
    }
    out->best[at] = *b;
    if (out->n_best == k) s->bar = out->best[k - 1].score;
}

/* Take in what a task found: the slice's items, then one more. */
static mlsd_status take_in(search *s, mlsd__scope *scope, const int32_t *items, int64_t n_items,
                           const struct found *f)
{
    mlsd__lattice *const out = s->out;
    for (int64_t i = 0; i < f->n; i++) {
        const looked *const l = &f->looked[i];
        if (l->is.n_rows < s->options->min_support) continue;
        MLSD__TRY(mlsd__reserve(scope->allocator, (void **)&out->p_values, &out->capacity,
                                out->n_tests + 1, sizeof *out->p_values));
        out->p_values[out->n_tests] = l->p_value;
        mlsd__best b = {.n_items = (int32_t)n_items + 1,
                        .n_rows = l->is.n_rows,
                        .size = l->is.size,
                        .error = l->is.error,
                        .score = mlsd__search_score(&s->all, l->is.size, l->is.error),
                        .test = out->n_tests++};
        if (n_items > 0) memcpy(b.items, items, (size_t)n_items * sizeof *items);
        b.items[n_items] = l->item;
        offer(s, &b);
    }
    return MLSD_OK;
}

/* ---- one task: a slice of the level and its candidates ---- */

/* The least of all parents of (slice p, item of slice q); false where one is missing. */
static bool parents(const search *s, int64_t p, int64_t q, facts *out)
{
    const level *const l = &s->now;
    const int64_t n = l->n_items;
    int32_t items[MLSD__MOST_PREDICATES], parent[MLSD__MOST_PREDICATES];
    memcpy(items, l->items + p * n, (size_t)n * sizeof *items);
    items[n] = l->items[q * n + n - 1];
    *out = l->facts[p];
    for (int64_t left_out = n - 1; left_out >= 0; left_out--) {
        int64_t at = q; /* without the last item but one, it is q */
        if (left_out < n - 1) {
            int64_t m = 0;
            for (int64_t j = 0; j <= n; j++) {
                if (j != left_out) parent[m++] = items[j];
            }
            at = level_find(l, parent);
        }
        if (at < 0) return false;
        const facts *const f = &l->facts[at];
        out->n_rows = out->n_rows < f->n_rows ? out->n_rows : f->n_rows;
        out->size = fmin(out->size, f->size);
        out->error = fmin(out->error, f->error);
        out->worst = fmin(out->worst, f->worst);
    }
    return true;
}

/* The rows of slice p in both halves; of a slice of one item they stand there already. */
typedef struct rows_of {
    const uint64_t *bits[MLSD__N_HALVES];
    uint64_t *owned[MLSD__N_HALVES];
} rows_of;

static mlsd_status make_rows(const search *s, const mlsd__allocator *a, int64_t p, rows_of *out)
{
    const int64_t n = s->now.n_items;
    const int32_t *const items = s->now.items + p * n;
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        const int64_t n_words = s->s->half[h].n_words;
        out->bits[h] = s->s->items[items[0]].bits[h];
        if (n == 1) continue;
        out->owned[h] = mlsd__alloc_raw(a, n_words, sizeof *out->owned[h]);
        if (out->owned[h] == NULL) return MLSD_E_NOMEM;
        memcpy(out->owned[h], out->bits[h], (size_t)n_words * sizeof *out->owned[h]);
        for (int64_t j = 1; j < n; j++) {
            (void)mlsd__bits_and(out->owned[h], s->s->items[items[j]].bits[h], n_words,
                                 out->owned[h]);
        }
        out->bits[h] = out->owned[h];
    }
    return MLSD_OK;
}

static mlsd_status add_looked(const search *s, mlsd__scope *scope, struct found *f,
                              const rows_of *rows, int32_t item)
{
    const mlsd__item *const more = &s->s->items[item];
    MLSD__TRY(mlsd__reserve(scope->allocator, (void **)&f->looked, &f->capacity, f->n + 1,
                            sizeof *f->looked));
    looked *const l = &f->looked[f->n++];
    *l = (looked){.item = item, .p_value = NAN};
    look_for(s, rows->bits[MLSD__SEARCH], more->bits[MLSD__SEARCH], &l->is);
    l->keeps = keeps(s, &l->is);
    f->counts.n_looked_at++;
    if (l->is.n_rows < s->options->min_support) return MLSD_OK;
    f->counts.n_supported++;
    l->p_value = test(s, rows->bits[MLSD__CONFIRM], more->bits[MLSD__CONFIRM]);
    return MLSD_OK;
}

static bool same_prefix(const level *l, int64_t p, int64_t q)
{
    const size_t size = (size_t)(l->n_items - 1) * sizeof *l->items;
    return memcmp(l->items + p * l->n_items, l->items + q * l->n_items, size) == 0;
}

static mlsd_status extend(search *s, mlsd__scope *scope, int64_t p, rows_of *rows)
{
    const level *const l = &s->now;
    struct found *const f = &s->found[p];
    const int32_t last = l->items[(p + 1) * l->n_items - 1];
    for (int64_t q = p + 1; q < l->n && same_prefix(l, p, q); q++) {
        const int32_t item = l->items[(q + 1) * l->n_items - 1];
        facts least;
        if (s->s->items[item].column == s->s->items[last].column) continue;
        f->counts.n_candidates++;
        if (!parents(s, p, q, &least)) {
            f->counts.n_no_parent++;
            continue;
        }
        if (bound_of(s, &least) <= s->bar) {
            f->counts.n_by_bound++;
            continue;
        }
        if (rows->bits[0] == NULL) MLSD__TRY(make_rows(s, scope->allocator, p, rows));
        MLSD__TRY(add_looked(s, scope, f, rows, item));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status extend_task(void *arg, int64_t task, mlsd__scope *scope)
{
    search *const s = arg;
    rows_of rows = {{NULL}, {NULL}};
    const int64_t p = s->order[s->batch + task];
    if (s->bounds[p] <= s->bar) return MLSD_OK;
    const mlsd_status status = extend(s, scope, p, &rows);
    for (int h = 0; h < MLSD__N_HALVES; h++) mlsd__free(scope->allocator, rows.owned[h]);
    return status;
}

/* ---- one level ---- */

static void add_counts(mlsd__level_counts *to, const mlsd__level_counts *from)
{
    to->n_candidates += from->n_candidates;
    to->n_no_parent += from->n_no_parent;
    to->n_by_bound += from->n_by_bound;
    to->n_looked_at += from->n_looked_at;
    to->n_supported += from->n_supported;
}

static mlsd_status run_batches(search *s, mlsd__scope *scope, mlsd__level_counts *counts)
{
    const level *const l = &s->now;
    for (s->batch = 0; s->batch < l->n; s->batch += BATCH) {
        const int64_t left = l->n - s->batch, n = left < BATCH ? left : BATCH;
        if (s->bounds[s->order[s->batch]] <= s->bar) break;
        MLSD__TRY(mlsd__parallel_for(scope, n, extend_task, s));
        for (int64_t t = 0; t < n; t++) {
            const int64_t p = s->order[s->batch + t];
            add_counts(counts, &s->found[p].counts);
            MLSD__TRY(take_in(s, scope, l->items + p * l->n_items, l->n_items, &s->found[p]));
        }
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static bool goes_on(const search *s, const looked *l)
{
    return l->keeps && bound_of(s, &l->is) > s->bar;
}

/* The next level: what was found and may hold one of the best. */
static mlsd_status next_level(const search *s, const mlsd__allocator *a, level *out)
{
    const level *const l = &s->now;
    const int64_t n_items = l->n_items + 1;
    int64_t size = 0;
    *out = (level){.n_items = n_items};
    for (int64_t p = 0; p < l->n; p++) {
        for (int64_t i = 0; i < s->found[p].n; i++) out->n += goes_on(s, &s->found[p].looked[i]);
    }
    MLSD__TRY(mlsd__mul_size(out->n, n_items, &size));
    out->items = mlsd__alloc_raw(a, size, sizeof *out->items);
    out->facts = out->items == NULL ? NULL : mlsd__alloc_raw(a, out->n, sizeof *out->facts);
    if (out->facts == NULL) return MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t p = 0; p < l->n; p++) {
        for (int64_t i = 0; i < s->found[p].n; i++) {
            const looked *const f = &s->found[p].looked[i];
            if (!goes_on(s, f)) continue;
            int32_t *const items = out->items + at * n_items;
            if (l->n_items > 0) {
                memcpy(items, l->items + p * l->n_items, (size_t)l->n_items * sizeof *items);
            }
            items[l->n_items] = f->item;
            out->facts[at++] = f->is;
        }
    }
    return level_index(out, a);
}

/* Bounds of the level's slices, and their order: the highest first, ties as they stand. */
static mlsd_status order_level(search *s, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    const level *const l = &s->now;
    s->bounds = mlsd__alloc_raw(a, l->n, sizeof *s->bounds);
    if (s->bounds == NULL) return MLSD_E_NOMEM;
    s->order = mlsd__alloc_raw(a, l->n, sizeof *s->order);
    if (s->order == NULL) return MLSD_E_NOMEM;
    s->found = mlsd__alloc(a, l->n, sizeof *s->found);
    if (s->found == NULL) return MLSD_E_NOMEM;
    for (int64_t p = 0; p < l->n; p++) s->bounds[p] = -bound_of(s, &l->facts[p]);
    MLSD__TRY(mlsd__argsort_rows(scope, s->bounds, l->n, s->order));
    for (int64_t p = 0; p < l->n; p++) s->bounds[p] = -s->bounds[p];
    return MLSD_OK;
}

static void end_level(search *s, const mlsd__allocator *a)
{
    for (int64_t p = 0; s->found != NULL && p < s->now.n; p++) mlsd__free(a, s->found[p].looked);
    mlsd__free(a, s->found);
    mlsd__free(a, s->order);
    mlsd__free(a, s->bounds);
    s->found = NULL;
    s->order = NULL;
    s->bounds = NULL;
}

static mlsd_status run_level(search *s, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    level next = {0};
    mlsd_status status = order_level(s, scope);
    if (status == MLSD_OK) {
        status = run_batches(s, scope, &s->out->levels[s->out->n_levels++]);
    }
    if (status == MLSD_OK) status = next_level(s, a, &next);
    end_level(s, a);
    level_free(&s->now, a);
    s->now = next;
    return status;
}

/* ---- the first level ---- */

static mlsd_status item_task(void *arg, int64_t task, mlsd__scope *scope)
{
    search *const s = arg;
    const mlsd__item *const item = &s->s->items[task];
    looked *const l = &s->found[0].looked[task];
    (void)scope;
    *l = (looked){.item = (int32_t)task, .p_value = NAN};
    look_for(s, item->bits[MLSD__SEARCH], item->bits[MLSD__SEARCH], &l->is);
    l->keeps = keeps(s, &l->is);
    if (l->is.n_rows >= s->options->min_support) {
        l->p_value = test(s, item->bits[MLSD__CONFIRM], item->bits[MLSD__CONFIRM]);
    }
    return MLSD_OK;
}

/* As if it were the candidates of one slice without items. */
static mlsd_status first_level(search *s, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = s->s->n_items;
    struct found all = {.n = n, .counts = {.n_candidates = n, .n_looked_at = n}};
    level next = {0};
    all.looked = mlsd__alloc(a, n, sizeof *all.looked);
    if (all.looked == NULL) return MLSD_E_NOMEM;
    s->found = &all;
    s->now = (level){.n = 1};
    mlsd_status status = mlsd__parallel_for(scope, n, item_task, s);
    if (status == MLSD_OK) status = take_in(s, scope, NULL, 0, &all);
    if (status == MLSD_OK) {
        all.counts.n_supported = s->out->n_tests;
        s->out->levels[s->out->n_levels++] = all.counts;
        status = next_level(s, a, &next);
    }
    mlsd__free(a, all.looked);
    s->found = NULL;
    s->now = next;
    return status;
}

/* ---- the whole ---- */

static void prepare(search *s)
{
    const mlsd__half *const h = &s->s->half[MLSD__SEARCH];
    mlsd__half_errors whole;
    double least_weight = 1;
    mlsd__half_errors_make(h, &whole);
    for (int64_t i = 0; h->weight != NULL && i < h->n_rows; i++) {
        least_weight = i == 0 ? h->weight[0] : fmin(least_weight, h->weight[i]);
    }
    const int64_t least = s->options->min_support > 1 ? s->options->min_support : 1;
    s->all = (mlsd__search_whole){.alpha = s->options->alpha,
                                  .size = whole.all.w,
                                  .mean = whole.mean,
                                  .least = (double)least * least_weight};
    s->is_share = h->wrong != NULL;
    s->confirms = s->s->half[MLSD__CONFIRM].n_rows > 0;
    mlsd__half_errors_make(&s->s->half[MLSD__CONFIRM], &s->confirm);
}

mlsd_status mlsd__lattice_search(mlsd__scope *scope, const mlsd__sliced *sliced,
                                 const mlsd__lattice_options *options, mlsd__lattice *out)
{
    const mlsd__allocator *const a = scope->allocator;
    search s = {.s = sliced, .options = options, .out = out};
    *out = (mlsd__lattice){0};
    out->best = mlsd__alloc_raw(a, options->k, sizeof *out->best);
    if (out->best == NULL) return MLSD_E_NOMEM;
    prepare(&s);
    mlsd__stage_begin(scope, "slices", options->max_level);
    mlsd_status status = first_level(&s, scope);
    mlsd__stage_advance(scope, 1);
    while (status == MLSD_OK && s.now.n > 1 && s.now.n_items < options->max_level) {
        status = run_level(&s, scope);
        mlsd__stage_advance(scope, 1);
    }
    mlsd__stage_end(scope);
    level_free(&s.now, a);
    return status;
}

void mlsd__lattice_free(mlsd__lattice *l, const mlsd__allocator *a)
{
    mlsd__free(a, l->best);
    mlsd__free(a, l->p_values);
    *l = (mlsd__lattice){0};
}
