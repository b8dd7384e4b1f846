/* slice_search.c - the kind slice_search: losses, halves, the exact search on the first, the
 * effects on the second. */
#include <math.h>

#include "metric/adjust.h"
#include "slice/finding.h"
#include "slice/row_bits.h"
#include "slice/search_lattice.h"
#include "slice/slice_loss.h"
#include "validate/result_rows.h"

typedef struct search_params {
    mlsd__str_list by;
    int64_t loss, k, min_support, max_level, confirm_support, max_values, n_bins, binning, seed;
    double alpha, confirm, level;
} search_params;

enum { BINS_QUANTILE, BINS_EQUAL_WIDTH };
static const char *const binnings[] = {"quantile", "equal_width", NULL};

static const mlsd_param params[] = {
    MLSD__P_STR_LIST(search_params, by, "null", "columns to slice by; null: all"),
    MLSD__P_CHOICE(search_params, loss, mlsd__slice_losses, "\"auto\"",
                   "loss of a row; auto: given without y, zero_one for classes, else squared"),
    MLSD__P_I64(search_params, k, 1, 10000, "10", "log", "slices to report"),
    MLSD__P_F64(search_params, alpha, 0, 1, MLSD__OPEN_LOWER, "0.95", NULL,
                "weight of a slice's loss against its size; 1: loss alone"),
    MLSD__P_I64(search_params, max_level, 1, MLSD__MOST_PREDICATES, "3", NULL,
                "predicates of a slice at most"),
    MLSD__P_I64_NULL(search_params, min_support, 1, 1000000000000.0, "null",
                     "rows a slice needs where it is searched; null: max(32, 1 % of them)"),
    MLSD__P_F64(search_params, confirm, 0, 0.9, 0, "0.5", NULL,
                "share of rows kept from the search, by which effects are measured; 0: none"),
    MLSD__P_I64_NULL(search_params, confirm_support, 1, 1000000000000.0, "null",
                     "rows on both sides to judge a slice; null: 30, or min_support if less"),
    MLSD__P_I64(search_params, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are sliced by value"),
    MLSD__P_I64(search_params, n_bins, 1, 10000, "4", "log", "bins of other columns of numbers"),
    MLSD__P_CHOICE(search_params, binning, binnings, "\"quantile\"",
                   "bins of equally many rows, or of equal width"),
    MLSD__P_F64(search_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "level of intervals"),
    MLSD__P_I64(search_params, seed, 0, UINT32_MAX, "0", NULL, "seed of the halves"),
};

static const char *const loss_words[] = {
    [MLSD__LOSS_AUTO] = "mean loss",
    [MLSD__LOSS_GIVEN] = "mean loss",
    [MLSD__LOSS_ZERO_ONE] = "share of errors",
    [MLSD__LOSS_ABSOLUTE] = "mean absolute error",
    [MLSD__LOSS_SQUARED] = "mean squared error",
    [MLSD__LOSS_LOG] = "log loss",
};

/* One run. */
typedef struct run {
    const search_params *p;
    int64_t loss, min_support, confirm_support;
    mlsd__sliced sliced;
    mlsd__lattice lattice;
    mlsd__half_errors halves[MLSD__N_HALVES];
    double *q_values;
    mlsd__findings findings;
} run;

static mlsd_status read_rows(mlsd__scope *scope, run *r, const mlsd__slicing_input *in)
{
    const mlsd__allocator *const a = scope->allocator;
    double *error = NULL, *weight = NULL;
    const search_params *const p = r->p;
    const mlsd__sliced_options options = {
        .by = &p->by,
        .bins = {p->max_values, p->n_bins, p->binning == BINS_EQUAL_WIDTH},
        .confirm = p->confirm,
        .seed = (uint64_t)p->seed,
        .min_rows = p->min_support == MLSD__NULL_I64 ? -1 : p->min_support,
    };
    mlsd_status status = mlsd__slice_loss_read(scope, in, p->loss, &r->loss, &error);
    if (status == MLSD_OK) status = mlsd__slicing_weights(scope, in, &weight);
    if (status == MLSD_OK) {
        status = mlsd__sliced_make(scope, in, &options, error, weight, &r->sliced);
    }
    mlsd__free(a, weight);
    mlsd__free(a, error);
    return status;
}

static void settle(run *r)
{
    const search_params *const p = r->p;
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        mlsd__half_errors_make(&r->sliced.half[h], &r->halves[h]);
    }
    r->min_support = p->min_support != MLSD__NULL_I64
                         ? p->min_support
                         : mlsd__min_support(r->sliced.half[MLSD__SEARCH].n_rows);
    r->confirm_support = p->confirm_support != MLSD__NULL_I64     ? p->confirm_support
                         : r->min_support < MLSD__CONFIRM_SUPPORT ? r->min_support
                                                                  : MLSD__CONFIRM_SUPPORT;
}

static mlsd_status search(mlsd__scope *scope, run *r)
{
    const mlsd__lattice_options options = {.alpha = r->p->alpha,
                                           .k = r->p->k,
                                           .max_level = r->p->max_level,
                                           .min_support = r->min_support,
                                           .confirm_support = r->confirm_support};
    if (!(r->halves[MLSD__SEARCH].mean > 0)) return MLSD_OK; /* nothing to find */
    MLSD__TRY(mlsd__lattice_search(scope, &r->sliced, &options, &r->lattice));
    r->q_values = mlsd__alloc_raw(scope->allocator, r->lattice.n_tests, sizeof *r->q_values);
    if (r->q_values == NULL) return MLSD_E_NOMEM;
    return mlsd__adjust_p_values(scope->allocator, MLSD__BENJAMINI_HOCHBERG, r->lattice.p_values,
                                 r->lattice.n_tests, r->q_values);
}

/* The slice's rows in one half, into `out`. */
static void rows_of(const run *r, const mlsd__best *b, int h, uint64_t *out)
{
    const mlsd__item *const items = r->sliced.items;
    const int64_t n_words = r->sliced.half[h].n_words;
    const uint64_t *const first = items[b->items[0]].bits[h];
    (void)mlsd__bits_and(first, first, n_words, out);
    for (int32_t j = 1; j < b->n_items; j++) {
        (void)mlsd__bits_and(out, items[b->items[j]].bits[h], n_words, out);
    }
}

static mlsd_status judge(run *r, int64_t i, uint64_t *room)
{
    const mlsd__best *const b = &r->lattice.best[i];
    mlsd__finding *const f = &r->findings.rows[i];
    const mlsd__half_errors *const of = &r->halves[MLSD__SEARCH];
    mlsd__errors inside;
    mlsd__against seen;
    MLSD__TRY(mlsd__finding_name(f, &r->sliced, b->items, b->n_items));
    rows_of(r, b, MLSD__SEARCH, room);
    mlsd__errors_of(&r->sliced.half[MLSD__SEARCH], of, room, NULL, &inside);
    mlsd__against_make(of, &inside, r->sliced.half[MLSD__SEARCH].wrong != NULL, NAN, &seen);
    f->search_n = b->n_rows;
    f->search_error = seen.inside;
    f->search_effect = seen.difference;
    f->score = b->score;
    f->q_value = r->q_values[b->test];
    rows_of(r, b, MLSD__CONFIRM, room);
    mlsd__finding_judge(f, &r->sliced.half[MLSD__CONFIRM], &r->halves[MLSD__CONFIRM], room,
                        r->confirm_support, r->p->level);
    return MLSD_OK;
}

static mlsd_status judge_all(mlsd__scope *scope, run *r)
{
    const mlsd__half *const h = r->sliced.half;
    const int64_t n_words = h[0].n_words > h[1].n_words ? h[0].n_words : h[1].n_words;
    MLSD__TRY(mlsd__findings_make(scope->allocator, r->lattice.n_best, &r->findings));
    uint64_t *const room = mlsd__alloc_raw(scope->allocator, n_words, sizeof *room);
    mlsd_status status = room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < r->findings.n && status == MLSD_OK; i++) {
        status = judge(r, i, room);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, room);
    return status;
}

static const mlsd__row_column level_columns[] = {
    {"predicates", MLSD_COLUMN_I64},     {"candidates", MLSD_COLUMN_I64},
    {"missing_parent", MLSD_COLUMN_I64}, {"pruned_by_bound", MLSD_COLUMN_I64},
    {"looked_at", MLSD_COLUMN_I64},      {"supported", MLSD_COLUMN_I64},
};

static mlsd_status put_levels(const mlsd__lattice *l, mlsd_result *out, const mlsd__allocator *a)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, level_columns, MLSD__COUNT(level_columns));
    for (int64_t i = 0; i < l->n_levels; i++) {
        const mlsd__level_counts *const c = &l->levels[i];
        mlsd__rows_i64(&rows, i + 1);
        mlsd__rows_i64(&rows, c->n_candidates);
        mlsd__rows_i64(&rows, c->n_no_parent);
        mlsd__rows_i64(&rows, c->n_by_bound);
        mlsd__rows_i64(&rows, c->n_looked_at);
        mlsd__rows_i64(&rows, c->n_supported);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(out, "levels", table, false);
}

/* The mean of both halves together. */
static double whole_mean(const run *r)
{
    double sum = 0, size = 0;
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        if (!(r->halves[h].all.w > 0)) continue;
        sum += r->halves[h].mean * r->halves[h].all.w;
        size += r->halves[h].all.w;
    }
    return size > 0 ? sum / size : (double)NAN;
}

static mlsd_status report(run *r, mlsd_result *out, const mlsd__allocator *a)
{
    mlsd__findings *const f = &r->findings;
    f->what = loss_words[r->loss];
    f->n_search = r->halves[MLSD__SEARCH].all.n;
    f->n_confirm = r->halves[MLSD__CONFIRM].all.n;
    f->n_rows = f->n_search + f->n_confirm;
    f->mean = whole_mean(r);
    f->level = r->p->level;
    f->n_looked_at = f->n_tested = 0;
    for (int64_t i = 0; i < r->lattice.n_levels; i++) {
        f->n_looked_at += r->lattice.levels[i].n_looked_at;
    }
    for (int64_t i = 0; i < r->lattice.n_tests; i++) {
        f->n_tested += !isnan(r->lattice.p_values[i]);
    }
    MLSD__TRY(mlsd__result_set_str(out, "loss", mlsd__slice_losses[r->loss], false));
    MLSD__TRY(mlsd__result_set_f64(out, "min_support", (double)r->min_support, false));
    MLSD__TRY(mlsd__result_set_f64(out, "confirm_support", (double)r->confirm_support, false));
    MLSD__TRY(mlsd__findings_report(f, out, a));
    return put_levels(&r->lattice, out, a);
}

static mlsd_status run_search(mlsd__scope *scope, const mlsd_spec *spec,
                              const mlsd__slicing_input *in, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    run r = {.p = mlsd__spec_params(spec)};
    mlsd_result *result = NULL;
    if (in->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "there are no rows to look for slices in");
    mlsd_status status = read_rows(scope, &r, in);
    if (status == MLSD_OK) {
        settle(&r);
        status = search(scope, &r);
    }
    if (status == MLSD_OK) status = judge_all(scope, &r);
    if (status == MLSD_OK) status = mlsd__result_new(a, "slice_search", &result);
    if (status == MLSD_OK) status = report(&r, result, a);
    mlsd__findings_free(&r.findings, a);
    mlsd__free(a, r.q_values);
    mlsd__lattice_free(&r.lattice, a);
    mlsd__sliced_free(&r.sliced, a);
    if (status == MLSD_OK) {
        *out = result;
    } else {
        mlsd_result_free(result);
    }
    return status;
}

static const mlsd__slicing_ops ops = {.needs_prediction = true, .run = run_search};

const mlsd_kind mlsd__kind_slice_search = {
    .name = "slice_search",
    .family = "slicing",
    .doc =
        "The slices with the highest losses by exact search (SliceLine, Sagadeeva & Boehm 2021), "
        "measured on rows that the search did not see",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(search_params),
    .ops = &ops,
};
