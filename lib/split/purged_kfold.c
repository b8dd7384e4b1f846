/* purged_kfold.c - purged_kfold and combinatorial_purged_split: every stretch of time is tested,
 * and what overlaps it is not trained on.
 *
 * A label is about the interval from its row's time to its end, both included. Rows are cut into
 * folds that are contiguous in time; a row is left out of training where its interval overlaps that
 * of a tested fold (purging), or where it begins within the embargo after it. Source: Lopez de
 * Prado (2018), Advances in Financial Machine Learning, snippets 7.1 to 7.3 and section 12.4. Rows
 * that overlap the same folds are one unit, so that folds take four bytes a row however many
 * splits there are. */
#include "split/time_order.h"

#include <math.h>

typedef struct params {
    int64_t n_splits, n_folds, n_test_folds, time_unit;
    char *label_horizon, *embargo;
    double embargo_fraction;
} params;

enum { CHECK_ROWS = 1 << 16, MAX_FOLDS = 1000000 };

#define PURGE_PARAMS                                                                              \
    MLSD__P_STR(params, label_horizon, "null",                                                    \
                "how long after its time a row's label ends, such as 5d; instead of a time_end"), \
        MLSD__P_STR(params, embargo, "null",                                                      \
                    "how long after a tested fold nothing is trained on, such as 1d"),            \
        MLSD__P_F64_NULL(params, embargo_fraction, 0, 1, MLSD__OPEN_UPPER, "null",                \
                         "the same as a share of all rows"),                                      \
        MLSD__P_TIME_UNIT(params)

static const mlsd_param purged_params[] = {
    MLSD__P_I64(params, n_splits, 2, MAX_FOLDS, "5", NULL, "number of folds"),
    PURGE_PARAMS,
};

static const mlsd_param combinatorial_params[] = {
    MLSD__P_I64(params, n_folds, 2, MAX_FOLDS, "6", NULL, "number of folds, N"),
    MLSD__P_I64(params, n_test_folds, 1, MAX_FOLDS, "2", NULL,
                "folds that are tested at a time, k: each is tested in C(N-1, k-1) splits, which "
                "make that many backtest paths"),
    PURGE_PARAMS,
};

/* Folds of time. What begins at `reach` of a fold or before and ends at its `start` or after
 * overlaps it. */
typedef struct blocks {
    int64_t n;
    int64_t *first; /* place of each, and the number of rows */
    int64_t *start, *reach;
} blocks;

static int64_t block_first(int64_t n_rows, int64_t n_blocks, int64_t b)
{
    const int64_t longer = n_rows % n_blocks;
    return b * (n_rows / n_blocks) + (b < longer ? b : longer);
}

static mlsd_status read_embargo(const params *p, const mlsd__split_input *in,
                                const mlsd__labels *labels, int64_t *out_ticks, int64_t *out_rows)
{
    if (p->embargo != NULL && !isnan(p->embargo_fraction))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'embargo' and 'embargo_fraction' are both set; use one of the two");
    *out_ticks = labels->embargo;
    *out_rows =
        isnan(p->embargo_fraction) ? 0 : (int64_t)floor(p->embargo_fraction * (double)in->n_rows);
    return MLSD_OK;
}

/* The last moment at which rows that begin after the fold's labels have ended are left out. */
static int64_t embargo_end(const mlsd__time_order *order, int64_t end, int64_t ticks, int64_t rows)
{
    if (rows == 0) return mlsd__tick_add(end, ticks);
    const int64_t after =
        end == INT64_MAX ? order->n : mlsd__ticks_below(order->times, order->n, end + 1);
    const int64_t last = after < order->n - rows ? after + rows - 1 : order->n - 1;
    return order->times[last] > end ? order->times[last] : end;
}

static mlsd_status make_blocks(mlsd__scope *scope, const mlsd__time_order *order,
                               const mlsd__labels *labels, int64_t embargo_ticks,
                               int64_t embargo_rows, blocks *b)
{
    const mlsd__allocator *const a = scope->allocator;
    b->first = mlsd__alloc_raw(a, b->n + 1, sizeof *b->first);
    b->start = mlsd__alloc_raw(a, b->n, sizeof *b->start);
    b->reach = mlsd__alloc_raw(a, b->n, sizeof *b->reach);
    if (b->first == NULL || b->start == NULL || b->reach == NULL) return MLSD_E_NOMEM;
    b->first[b->n] = order->n;
    for (int64_t k = 0; k < b->n; k++) {
        const int64_t first = block_first(order->n, b->n, k);
        int64_t end = INT64_MIN;
        for (int64_t p = first; p < block_first(order->n, b->n, k + 1); p++) {
            const int64_t label_end = labels->ends[mlsd__row_at(order, p)];
            end = label_end > end ? label_end : end;
            if (p % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
        b->first[k] = first;
        b->start[k] = order->times[first];
        b->reach[k] = embargo_end(order, end, embargo_ticks, embargo_rows);
    }
    return MLSD_OK;
}

static void blocks_free(blocks *b, const mlsd__allocator *a)
{
    mlsd__free(a, b->first);
    mlsd__free(a, b->start);
    mlsd__free(a, b->reach);
}

/* Rows that no split tells apart: of one fold, whose intervals overlap the same folds. Any of them
 * stands for all. */
typedef struct unit {
    int64_t block, time, end, n_rows;
} unit;

typedef struct units {
    unit *items;
    int64_t n, capacity;
    int32_t *of_row;
} units;

static mlsd_status add_unit(const mlsd__allocator *a, units *u, unit item)
{
    if (u->n == INT32_MAX) return mlsd__fail_nomem();
    void *items = u->items;
    const mlsd_status status = mlsd__reserve(a, &items, &u->capacity, u->n + 1, sizeof *u->items);
    u->items = items;
    if (status != MLSD_OK) return status;
    u->items[u->n++] = item;
    return MLSD_OK;
}

/* The reaches in ascending order: a time exceeds the first so many of them. */
static mlsd_status sort_reaches(mlsd__scope *scope, const blocks *b, int64_t *out)
{
    int64_t *const order = mlsd__alloc_raw(scope->allocator, b->n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort_ticks(scope, b->reach, b->n, order);
    for (int64_t k = 0; status == MLSD_OK && k < b->n; k++) out[k] = b->reach[order[k]];
    mlsd__free(scope->allocator, order);
    return status;
}

/* Times ascend, so rows of one fold that exceed as many reaches stand together; among them only the
 * number of folds that begin before a label ends makes a difference, and seen_in remembers which of
 * these have a unit already. */
static mlsd_status number_units(mlsd__scope *scope, const mlsd__time_order *order,
                                const mlsd__labels *labels, const blocks *b, const int64_t *reaches,
                                int64_t *seen_in, int32_t *unit_of, units *u)
{
    int64_t block = 0, n_past = 0, stretch = 0;
    for (int64_t p = 0; p < order->n; p++) {
        const int64_t row = mlsd__row_at(order, p), time = order->times[p];
        if (p % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t block_before = block, past_before = n_past;
        while (p >= b->first[block + 1]) block++;
        while (n_past < b->n && reaches[n_past] < time) n_past++;
        stretch += block != block_before || n_past != past_before;
        const int64_t end = labels->ends[row];
        const int64_t n_begun =
            end == INT64_MAX ? b->n : mlsd__ticks_below(b->start, b->n, end + 1);
        if (seen_in[n_begun] != stretch) {
            MLSD__TRY(add_unit(scope->allocator, u, (unit){block, time, end, 0}));
            seen_in[n_begun] = stretch;
            unit_of[n_begun] = (int32_t)(u->n - 1);
        }
        u->of_row[row] = unit_of[n_begun];
        u->items[unit_of[n_begun]].n_rows++;
    }
    return MLSD_OK;
}

static mlsd_status make_units(mlsd__scope *scope, const mlsd__time_order *order,
                              const mlsd__labels *labels, const blocks *b, units *u)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *const reaches = mlsd__alloc_raw(a, b->n, sizeof *reaches);
    int64_t *const seen_in = mlsd__alloc_raw(a, b->n + 1, sizeof *seen_in);
    int32_t *const unit_of = mlsd__alloc_raw(a, b->n + 1, sizeof *unit_of);
    mlsd_status status = MLSD_E_NOMEM;
    u->of_row = mlsd__alloc_raw(a, order->n, sizeof *u->of_row);
    if (reaches == NULL || seen_in == NULL || unit_of == NULL || u->of_row == NULL) goto out;
    for (int64_t k = 0; k <= b->n; k++) seen_in[k] = -1;
    status = sort_reaches(scope, b, reaches);
    if (status == MLSD_OK)
        status = number_units(scope, order, labels, b, reaches, seen_in, unit_of, u);
out:
    mlsd__free(a, unit_of);
    mlsd__free(a, seen_in);
    mlsd__free(a, reaches);
    return status;
}

static bool overlaps(const unit *x, const blocks *b, int64_t block)
{
    return x->time <= b->reach[block] && x->end >= b->start[block];
}

/* Part of a unit where the folds `tested` (n of them, ascending) are tested. */
static int8_t part_of(const unit *x, const blocks *b, const int64_t *tested, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        if (x->block == tested[j]) return 1;
    for (int64_t j = 0; j < n; j++)
        if (overlaps(x, b, tested[j])) return -1;
    return 0;
}

/* The next combination of n out of n_blocks, in lexicographic order. */
static void next_combination(int64_t *tested, int64_t n, int64_t n_blocks)
{
    int64_t j = n - 1;
    while (j >= 0 && tested[j] == n_blocks - n + j) j--;
    if (j < 0) return;
    tested[j]++;
    for (int64_t i = j + 1; i < n; i++) tested[i] = tested[i - 1] + 1;
}

static mlsd_status fill_marks(mlsd__scope *scope, const blocks *b, const units *u, int64_t *tested,
                              int64_t n_tested, mlsd_folds *out)
{
    for (int64_t j = 0; j < n_tested; j++) tested[j] = j;
    for (int64_t k = 0; k < out->n_splits; k++) {
        int8_t *const marks = out->marks + k * u->n;
        int64_t *const sizes = out->sizes + k * 2;
        for (int64_t i = 0; i < u->n; i++) {
            marks[i] = part_of(u->items + i, b, tested, n_tested);
            if (marks[i] >= 0) sizes[marks[i]] += u->items[i].n_rows;
            if (i % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
        if (sizes[0] == 0)
            return mlsd__fail(
                MLSD_E_DATA,
                "split %lld of %lld has nothing left to train on: all of the other "
                "%lld rows overlap what is tested or lie in the embargo after it; use "
                "%s, shorter labels or a shorter embargo",
                (long long)k, (long long)out->n_splits, (long long)(out->n_rows - sizes[1]),
                n_tested > 1 ? "fewer n_test_folds" : "more folds");
        next_combination(tested, n_tested, b->n);
    }
    return MLSD_OK;
}

/* n over k, or INT64_MAX where there are too many. */
static int64_t binomial(int64_t n, int64_t k)
{
    const int64_t least = k < n - k ? k : n - k;
    int64_t c = 1;
    for (int64_t i = 0; i < least; i++) {
        if (c > INT32_MAX) return INT64_MAX;
        c = c * (n - i) / (i + 1);
    }
    return c > INT32_MAX ? INT64_MAX : c;
}

static mlsd_status make_folds(mlsd__scope *scope, const blocks *b, const units *u, int64_t n_tested,
                              mlsd_folds *out)
{
    const int64_t n_splits = binomial(b->n, n_tested);
    if (n_splits > INT32_MAX)
        return mlsd__fail(MLSD_E_DATA,
                          "testing %lld of %lld folds at a time makes more than %d splits; use "
                          "fewer folds",
                          (long long)n_tested, (long long)b->n, INT32_MAX);
    int64_t *const tested = mlsd__alloc_raw(scope->allocator, n_tested, sizeof *tested);
    if (tested == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__folds_make_marks(out, u->of_row, u->n, n_splits, 2);
    if (status == MLSD_OK) status = fill_marks(scope, b, u, tested, n_tested, out);
    mlsd__free(scope->allocator, tested);
    return status;
}

static mlsd_status split_blocks(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                                int64_t n_blocks, int64_t n_tested, mlsd_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__ruler ruler = {.scale = in->time_scale, .time_unit = p->time_unit};
    const mlsd__purge_params purge = {.label_horizon = p->label_horizon, .embargo = p->embargo};
    int64_t embargo_ticks = 0, embargo_rows = 0;
    mlsd__time_order order = {0};
    mlsd__labels labels = {0};
    blocks b = {.n = n_blocks};
    units u = {0};
    mlsd_status status = mlsd__labels_read(scope, in, &ruler, &purge, &labels);
    if (status == MLSD_OK) status = read_embargo(p, in, &labels, &embargo_ticks, &embargo_rows);
    if (status == MLSD_OK) status = mlsd__time_order_make(scope, in->times, in->n_rows, &order);
    if (status == MLSD_OK)
        status = make_blocks(scope, &order, &labels, embargo_ticks, embargo_rows, &b);
    if (status == MLSD_OK) status = make_units(scope, &order, &labels, &b, &u);
    if (status == MLSD_OK) status = make_folds(scope, &b, &u, n_tested, out);
    mlsd__free(a, u.items);
    mlsd__free(a, u.of_row);
    blocks_free(&b, a);
    mlsd__labels_free(&labels, a);
    mlsd__time_order_free(&order, a);
    return status;
}

static mlsd_status split_purged(mlsd__scope *scope, const mlsd_spec *spec,
                                const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    if (p->n_splits > in->n_rows)
        return mlsd__fail(MLSD_E_DATA,
                          "n_splits=%lld is more than there are rows, %lld; use fewer splits",
                          (long long)p->n_splits, (long long)in->n_rows);
    return split_blocks(scope, p, in, p->n_splits, 1, out);
}

static mlsd_status split_combinatorial(mlsd__scope *scope, const mlsd_spec *spec,
                                       const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    if (p->n_folds > in->n_rows)
        return mlsd__fail(MLSD_E_DATA,
                          "n_folds=%lld is more than there are rows, %lld; use fewer folds",
                          (long long)p->n_folds, (long long)in->n_rows);
    if (p->n_test_folds >= p->n_folds)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'n_test_folds' is %lld, but must be below 'n_folds', which is %lld",
                          (long long)p->n_test_folds, (long long)p->n_folds);
    return split_blocks(scope, p, in, p->n_folds, p->n_test_folds, out);
}

/* Without label_horizon the ends must be given. */
static int32_t needs(const mlsd_spec *spec)
{
    const params *const p = mlsd__spec_params(spec);
    return MLSD__NEEDS_TIMES |
           (p->label_horizon != NULL ? MLSD__MAY_USE(MLSD__NEEDS_ENDS) : MLSD__NEEDS_ENDS);
}

static const mlsd__splitter_ops purged_ops = {.needs = needs, .split = split_purged};
static const mlsd__splitter_ops combinatorial_ops = {.needs = needs, .split = split_combinatorial};

const mlsd_kind mlsd__kind_purged_kfold = {
    .name = "purged_kfold",
    .family = "splitter",
    .doc = "folds that are contiguous in time; rows whose labels overlap the tested one, or that "
           "follow it within an embargo, are not trained on",
    .params = purged_params,
    .n_params = MLSD__COUNT(purged_params),
    .params_size = sizeof(params),
    .ops = &purged_ops,
};

const mlsd_kind mlsd__kind_combinatorial_purged_split = {
    .name = "combinatorial_purged_split",
    .family = "splitter",
    .doc = "purged folds of which every choice of k out of N is tested: C(N, k) splits, which make "
           "k / N * C(N, k) backtest paths",
    .params = combinatorial_params,
    .n_params = MLSD__COUNT(combinatorial_params),
    .params_size = sizeof(params),
    .ops = &combinatorial_ops,
};
