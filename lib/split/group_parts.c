/* group_parts.c - whole groups dealt to parts of given sizes, with the strata in proportion.
 *
 * How far a deal is off is a whole number, so ties are ties on every machine: with S a power of two
 * and w(g,c) = round(S * rows of stratum c in group g / rows of stratum c), it is the sum over
 * parts k and strata c of (sum of w(g,c) over k's groups - k's fraction of the sum over all
 * groups)^2, where the rows as a whole count as one stratum more. Groups come in a random order,
 * each to the part where it helps most; then moves of one group and swaps of two are taken as long
 * as they help. The best of several such starts counts. What random numbers are needed beyond the
 * order come from a stream of their own, whose seed the generator draws. */
#include "split/group_parts.h"

#include <string.h>

#include "base/random.h"

enum {
    MAX_SCALE_BITS = 28, /* S: a row in a million is still a few hundred units */
    MAX_PARTS = 126,     /* marks are bytes, and rows left over are a part */
    MAX_PASSES = 20,
    TRIALS_A_PASS = 1 << 16, /* pairs that are tried, about */
    MIN_TRIALS = 8,          /* partners of one group */
    GROUPS_OF_ALL_STARTS = 2048,
    MAX_STARTS = 8,
    STEP = 64 /* groups between two looks at the cancel flag */
};

typedef struct deal {
    int64_t n_groups, n_strata; /* strata: the rows as a whole stand last */
    int64_t n_parts;            /* with one for what is left over, where there is that */
    int64_t n_filled;           /* those that need a group */
    int64_t *starts;            /* n_groups + 1: where a group's cells start */
    int32_t *strata;            /* of each cell, ascending */
    int64_t *weights;           /* w of each cell */
    int64_t *targets;           /* n_parts x n_strata: minus k's fraction of all weight */
    int64_t *excess;            /* n_parts x n_strata: of the present deal */
    int64_t *n_in;              /* groups of each part */
    int64_t *order;             /* groups, shuffled */
    int8_t *part_of;            /* the present deal */
    int8_t *best;
} deal;

static void deal_free(deal *d, const mlsd__allocator *a)
{
    mlsd__free(a, d->starts);
    mlsd__free(a, d->strata);
    mlsd__free(a, d->weights);
    mlsd__free(a, d->targets);
    mlsd__free(a, d->excess);
    mlsd__free(a, d->n_in);
    mlsd__free(a, d->order);
    mlsd__free(a, d->part_of);
    mlsd__free(a, d->best);
}

static mlsd_status deal_new(deal *d, const mlsd__allocator *a)
{
    int64_t n = 0;
    MLSD__TRY(mlsd__mul_size(d->n_parts, d->n_strata, &n));
    d->starts = mlsd__alloc(a, d->n_groups + 1, sizeof *d->starts);
    if (d->starts == NULL) return MLSD_E_NOMEM;
    d->targets = mlsd__alloc_raw(a, n, sizeof *d->targets);
    if (d->targets == NULL) return MLSD_E_NOMEM;
    d->excess = mlsd__alloc_raw(a, n, sizeof *d->excess);
    if (d->excess == NULL) return MLSD_E_NOMEM;
    d->n_in = mlsd__alloc_raw(a, d->n_parts, sizeof *d->n_in);
    if (d->n_in == NULL) return MLSD_E_NOMEM;
    d->order = mlsd__alloc_raw(a, d->n_groups, sizeof *d->order);
    if (d->order == NULL) return MLSD_E_NOMEM;
    d->part_of = mlsd__alloc_raw(a, d->n_groups, sizeof *d->part_of);
    if (d->part_of == NULL) return MLSD_E_NOMEM;
    d->best = mlsd__alloc_raw(a, d->n_groups, sizeof *d->best);
    return d->best == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

/* Rows are handed out stratum by stratum, so the strata of a group ascend. `next` is moved to the
 * end of each group's cells; with `strata` NULL it only counts them. */
static void walk_cells(const mlsd__strata *by_stratum, const int32_t *groups, int64_t *last,
                       int64_t *next, int32_t *strata, int64_t *counts)
{
    for (int64_t c = 0; c < by_stratum->n; c++) {
        for (int64_t i = by_stratum->starts[c]; i < by_stratum->starts[c + 1]; i++) {
            const int32_t g = groups[mlsd__row_number(&by_stratum->rows, i)];
            if (last[g] != c) {
                last[g] = c;
                if (strata != NULL) strata[next[g]] = (int32_t)c;
                next[g]++;
            }
            if (strata != NULL) counts[next[g] - 1]++;
        }
    }
}

/* The rows of each group by stratum, weights being counts at first; by_stratum NULL: only as a
 * whole. */
static mlsd_status fill_cells(deal *d, const mlsd__allocator *a, const mlsd__split_input *in,
                              const mlsd__strata *by_stratum)
{
    mlsd_status status = MLSD_E_NOMEM;
    int64_t *const next = mlsd__alloc(a, d->n_groups, sizeof *next);
    int64_t *const last = mlsd__alloc_raw(a, d->n_groups, sizeof *last);
    if (next == NULL || last == NULL) goto out;
    for (int64_t g = 0; g < d->n_groups; g++) last[g] = -1;
    if (by_stratum != NULL) walk_cells(by_stratum, in->groups, last, next, NULL, NULL);
    for (int64_t g = 0; g < d->n_groups; g++) {
        d->starts[g + 1] = d->starts[g] + next[g] + 1;
        next[g] = d->starts[g];
        last[g] = -1;
    }
    d->strata = mlsd__alloc_raw(a, d->starts[d->n_groups], sizeof *d->strata);
    if (d->strata == NULL) goto out;
    d->weights = mlsd__alloc(a, d->starts[d->n_groups], sizeof *d->weights);
    if (d->weights == NULL) goto out;
    if (by_stratum != NULL) walk_cells(by_stratum, in->groups, last, next, d->strata, d->weights);
    for (int64_t g = 0; g < d->n_groups; g++)
        d->strata[d->starts[g + 1] - 1] = (int32_t)d->n_strata - 1;
    for (int64_t i = 0; i < in->n_rows; i++) d->weights[d->starts[in->groups[i] + 1] - 1]++;
    status = MLSD_OK;
out:
    mlsd__free(a, last);
    mlsd__free(a, next);
    return status;
}

/* As many bits as leave the objective and every product within int64. */
static int64_t scale_bits(const deal *d, int64_t n_rows)
{
    int64_t cells = d->n_parts * d->n_strata, bits = 62, row_bits = 0;
    for (; cells > 0; cells >>= 1) bits--;
    for (; n_rows > 0; n_rows >>= 1) row_bits++;
    bits = bits / 2 - 1;
    if (bits > MAX_SCALE_BITS) bits = MAX_SCALE_BITS;
    if (bits > 62 - row_bits) bits = 62 - row_bits;
    return bits > 1 ? bits : 1;
}

/* x * y / z, about, without a product that is too large. */
static int64_t fraction_of(int64_t x, int64_t y, int64_t z)
{
    return x / z * y + (int64_t)((double)(x % z) * (double)y / (double)z);
}

/* Counts become weights, and parts have their fractions of the weights' sums. */
static mlsd_status weigh(deal *d, const mlsd__allocator *a, const mlsd__split_input *in,
                         const int64_t *sizes, int64_t n_parts)
{
    int64_t *const totals = mlsd__alloc(a, d->n_strata, sizeof *totals);
    int64_t *const sums = mlsd__alloc(a, d->n_strata, sizeof *sums);
    if (totals == NULL || sums == NULL) {
        mlsd__free(a, sums);
        mlsd__free(a, totals);
        return MLSD_E_NOMEM;
    }
    const int64_t n_cells = d->starts[d->n_groups], bits = scale_bits(d, in->n_rows);
    for (int64_t i = 0; i < n_cells; i++) totals[d->strata[i]] += d->weights[i];
    for (int64_t i = 0; i < n_cells; i++) {
        const int64_t total = totals[d->strata[i]];
        d->weights[i] = ((d->weights[i] << bits) + total / 2) / total;
        sums[d->strata[i]] += d->weights[i];
    }
    int64_t left = in->n_rows;
    for (int64_t k = 0; k < d->n_parts; k++) {
        const int64_t size = k < n_parts ? sizes[k] : left;
        left -= size;
        for (int64_t c = 0; c < d->n_strata; c++)
            d->targets[k * d->n_strata + c] = -fraction_of(sums[c], size, in->n_rows);
    }
    mlsd__free(a, sums);
    mlsd__free(a, totals);
    return MLSD_OK;
}

/* By how much the objective grows when group g enters (sign 1) or leaves (-1) part k. */
static int64_t gain(const deal *d, int64_t g, int64_t k, int64_t sign)
{
    const int64_t *const excess = d->excess + k * d->n_strata;
    int64_t sum = 0;
    for (int64_t i = d->starts[g]; i < d->starts[g + 1]; i++)
        sum += d->weights[i] * (2 * sign * excess[d->strata[i]] + d->weights[i]);
    return sum;
}

static void put(deal *d, int64_t g, int64_t k, int64_t sign)
{
    int64_t *const excess = d->excess + k * d->n_strata;
    for (int64_t i = d->starts[g]; i < d->starts[g + 1]; i++)
        excess[d->strata[i]] += sign * d->weights[i];
    d->n_in[k] += sign;
}

static void move(deal *d, int64_t g, int64_t to)
{
    put(d, g, d->part_of[g], -1);
    put(d, g, to, 1);
    d->part_of[g] = (int8_t)to;
}

static int64_t objective(const deal *d)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < d->n_parts * d->n_strata; i++) sum += d->excess[i] * d->excess[i];
    return sum;
}

/* Each group in the order to the part where it helps most; the last ones to parts that have none.
 */
static mlsd_status deal_greedily(mlsd__scope *scope, deal *d)
{
    memcpy(d->excess, d->targets, (size_t)(d->n_parts * d->n_strata) * sizeof *d->excess);
    for (int64_t k = 0; k < d->n_parts; k++) d->n_in[k] = 0;
    int64_t n_empty = d->n_filled;
    for (int64_t i = 0; i < d->n_groups; i++) {
        const int64_t g = d->order[i];
        const bool must_fill = d->n_groups - i <= n_empty;
        int64_t best = -1, least = 0;
        for (int64_t k = 0; k < d->n_parts; k++) {
            if (must_fill && (k >= d->n_filled || d->n_in[k] > 0)) continue;
            const int64_t growth = gain(d, g, k, 1);
            if (best >= 0 && growth >= least) continue;
            best = k;
            least = growth;
        }
        n_empty -= best < d->n_filled && d->n_in[best] == 0;
        put(d, g, best, 1);
        d->part_of[g] = (int8_t)best;
        if (i % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* Move a group to the part where it helps most; returns whether that helps at all. */
static bool try_move(deal *d, int64_t g)
{
    const int64_t from = d->part_of[g];
    if (from < d->n_filled && d->n_in[from] == 1) return false;
    const int64_t leaving = gain(d, g, from, -1);
    int64_t best = from, least = 0;
    for (int64_t k = 0; k < d->n_parts; k++) {
        if (k == from) continue;
        const int64_t growth = leaving + gain(d, g, k, 1);
        if (growth >= least) continue;
        best = k;
        least = growth;
    }
    if (best == from) return false;
    move(d, g, best);
    return true;
}

/* Let two groups change places if that helps. */
static bool try_swap(deal *d, int64_t g, int64_t h)
{
    const int64_t a = d->part_of[g], b = d->part_of[h];
    if (a == b) return false;
    const int64_t first = gain(d, g, a, -1) + gain(d, g, b, 1);
    move(d, g, b);
    if (first + gain(d, h, b, -1) + gain(d, h, a, 1) < 0) {
        move(d, h, a);
        return true;
    }
    move(d, g, a);
    return false;
}

/* Every step lowers the objective, so it ends; the passes bound how long that takes. */
static mlsd_status search(mlsd__scope *scope, mlsd__stream *stream, deal *d)
{
    const int64_t n = d->n_groups;
    int64_t n_trials = TRIALS_A_PASS / n;
    if (n_trials < MIN_TRIALS) n_trials = MIN_TRIALS;
    const bool tries_all = n_trials >= n;
    if (tries_all) n_trials = n;
    bool helped = true;
    for (int pass = 0; helped && pass < MAX_PASSES; pass++) {
        helped = false;
        for (int64_t i = 0; i < n; i++) {
            const int64_t g = d->order[i];
            if (try_move(d, g)) helped = true;
            for (int64_t t = 0; t < n_trials; t++) {
                const int64_t h = tries_all ? t : (int64_t)mlsd__stream_below(stream, (uint64_t)n);
                if (try_swap(d, g, h)) helped = true;
            }
            if (i % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
    }
    return MLSD_OK;
}

static mlsd_status deal_once(mlsd__scope *scope, mlsd__mt19937 *mt, deal *d)
{
    int64_t n_starts = GROUPS_OF_ALL_STARTS / d->n_groups, least = 0;
    if (n_starts < 1) n_starts = 1;
    if (n_starts > MAX_STARTS) n_starts = MAX_STARTS;
    for (int64_t start = 0; start < n_starts; start++) {
        mlsd__stream stream;
        MLSD__TRY(mlsd__split_permutation(scope, mt, d->order, d->n_groups));
        mlsd__stream_init(&stream, mlsd__mt_u32(mt), 0, 0, 0, MLSD__PURPOSE_SPLIT);
        MLSD__TRY(deal_greedily(scope, d));
        MLSD__TRY(search(scope, &stream, d));
        const int64_t off = objective(d);
        if (start > 0 && off >= least) continue;
        least = off;
        memcpy(d->best, d->part_of, (size_t)d->n_groups * sizeof *d->best);
    }
    return MLSD_OK;
}

static mlsd_status check(const mlsd__split_input *in, int64_t n_parts)
{
    if (n_parts > MAX_PARTS)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "groups can be dealt to at most %d parts, not %lld",
                          MAX_PARTS, (long long)n_parts);
    if (in->n_groups >= n_parts) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "%lld group%s cannot be dealt to %lld parts without cutting one; there must "
                      "be at least as many groups as parts",
                      (long long)in->n_groups, in->n_groups == 1 ? "" : "s", (long long)n_parts);
}

/* A stratum whose groups do not reach every part is worth a warning. */
static mlsd_status warn_of_rare_stratum(mlsd__scope *scope, const mlsd__split_input *in,
                                        const deal *d, const mlsd__strata_codes *codes)
{
    char text[MLSD__CLASS_TEXT_CAPACITY];
    int64_t rarest = 0;
    int64_t *const n_groups_of = mlsd__alloc(scope->allocator, d->n_strata, sizeof *n_groups_of);
    if (n_groups_of == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < d->starts[d->n_groups]; i++) n_groups_of[d->strata[i]]++;
    for (int64_t c = 1; c < codes->n; c++) {
        if (n_groups_of[c] < n_groups_of[rarest]) rarest = c;
    }
    if (n_groups_of[rarest] < d->n_filled)
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "%s %s has %lld groups, fewer than the %lld parts: some part will lack it",
                       codes->are_bins ? "a bin" : "class",
                       codes->are_bins ? "of y" : mlsd__split_class_text(in, rarest, text),
                       (long long)n_groups_of[rarest], (long long)d->n_filled);
    mlsd__free(scope->allocator, n_groups_of);
    return MLSD_OK;
}

/* What stays the same for every split. */
static mlsd_status prepare(mlsd__scope *scope, const mlsd__split_input *in,
                           const mlsd__strata_codes *codes, const int64_t *sizes, int64_t n_parts,
                           deal *d)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__strata by_stratum = {0};
    mlsd_status status = deal_new(d, a);
    if (status != MLSD_OK) return status;
    if (d->n_strata > 1) {
        status = mlsd__strata_new(scope, codes->codes, in->n_rows, codes->n, &by_stratum);
        if (status == MLSD_OK) status = fill_cells(d, a, in, &by_stratum);
        if (status == MLSD_OK) status = warn_of_rare_stratum(scope, in, d, codes);
        mlsd__strata_free(&by_stratum, a);
    } else {
        status = fill_cells(d, a, in, NULL);
    }
    return status == MLSD_OK ? weigh(d, a, in, sizes, n_parts) : status;
}

mlsd_status mlsd__group_parts_draw(mlsd__scope *scope, mlsd__mt19937 *mt,
                                   const mlsd__split_input *in, const mlsd__strata_codes *codes,
                                   const int64_t *sizes, int64_t n_parts, int64_t n_splits,
                                   mlsd_folds *out)
{
    int64_t left = in->n_rows;
    for (int64_t k = 0; k < n_parts; k++) left -= sizes[k];
    deal d = {.n_groups = in->n_groups,
              .n_strata = (codes != NULL && codes->n > 1 ? codes->n : 0) + 1,
              .n_parts = n_parts + (left > 0),
              .n_filled = n_parts};

    MLSD__TRY(check(in, n_parts));
    mlsd_status status = prepare(scope, in, codes, sizes, n_parts, &d);
    if (status == MLSD_OK)
        status = mlsd__folds_make_marks(out, in->groups, in->n_groups, n_splits, n_parts);
    for (int64_t k = 0; status == MLSD_OK && k < n_splits; k++) {
        int8_t *const marks = out->marks + k * out->n_units;
        status = deal_once(scope, mt, &d);
        for (int64_t g = 0; status == MLSD_OK && g < d.n_groups; g++)
            marks[g] = d.best[g] < n_parts ? d.best[g] : -1;
    }
    if (status == MLSD_OK) mlsd__folds_count_marks(out);
    deal_free(&d, scope->allocator);
    return status;
}
