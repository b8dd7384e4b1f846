/* bootstrap.c - bootstrap: training rows drawn with replacement, tested on the rows that were not
 * drawn, the sets behind the .632 estimate (Efron 1983, JASA 78; Efron & Tibshirani 1997, JASA 92).
 *
 * The drawn rows are those of scikit-learn's utils.resample, one generator for all splits, in drawn
 * order with repeats; the rows out of the bag ascend. With `grouped` whole groups are drawn, each
 * with its rows in ascending order. A draw that leaves nothing out of the bag is drawn again. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "split/resample_draw.h"

/* After so many draws that left nothing out of the bag it is hopeless. */
enum { MAX_DRAWS = 1000 };

typedef struct params {
    int64_t n_splits;
    double sample_size;
    int64_t stratify, strata_bins, grouped, seed;
} params;

static const mlsd_param bootstrap_params[] = {
    MLSD__P_I64(params, n_splits, 1, INT32_MAX - 1, "25", NULL, "how often rows are drawn"),
    MLSD__P_F64_NULL(params, sample_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "rows (with grouped, groups) to draw, a whole number or a fraction below 1; "
                     "null: as many as there are"),
    MLSD__P_BOOL(params, stratify, "false", "draw from each class in proportion"),
    MLSD__P_STRATA_BINS(params),
    MLSD__P_BOOL(params, grouped, "false", "draw whole groups"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the draws: scikit-learn's random_state"),
};

/* Units are rows or groups; what is drawn are units. */
typedef struct bag {
    int64_t n_units, n_samples;
    mlsd__strata strata;      /* of units; n is 0 without */
    mlsd__strata members;     /* rows by group; n is 0 where units are rows */
    int64_t *shares;          /* by stratum */
    mlsd__row_numbers sample; /* the units drawn */
    uint8_t *is_drawn;        /* by unit */
} bag;

static void bag_free(bag *b, const mlsd__allocator *a)
{
    mlsd__strata_free(&b->strata, a);
    mlsd__strata_free(&b->members, a);
    mlsd__free(a, b->shares);
    mlsd__row_numbers_free(&b->sample, a);
    mlsd__free(a, b->is_drawn);
}

static mlsd_status read_sample_size(const params *p, const char *noun, int64_t n, int64_t *out)
{
    char text[MLSD__NUMBER_CAPACITY];
    *out = n;
    if (isnan(p->sample_size)) return MLSD_OK;
    mlsd__format_double(p->sample_size, text);
    if (p->sample_size < 1) {
        *out = (int64_t)(p->sample_size * (double)n);
        if (*out > 0) return MLSD_OK;
        return mlsd__fail(MLSD_E_DATA, "sample_size=%s of %lld %s draws none; use a larger one",
                          text, (long long)n, noun);
    }
    if (p->sample_size != floor(p->sample_size) || p->sample_size > INT32_MAX)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'sample_size' must be a fraction below 1 or a whole number of %s up to "
                          "%d, got %s",
                          noun, INT32_MAX, text);
    *out = (int64_t)p->sample_size;
    return MLSD_OK;
}

/* A group is drawn from the stratum of its rows, so they must be of one. */
static mlsd_status strata_of_groups(mlsd__scope *scope, const mlsd__split_input *in,
                                    const mlsd__strata_codes *codes, mlsd__strata *out)
{
    const mlsd__allocator *const a = scope->allocator;
    char text[MLSD__CLASS_TEXT_CAPACITY];
    mlsd_status status = MLSD_OK;
    int32_t *const of_group = mlsd__alloc_raw(a, in->n_groups, sizeof *of_group);
    if (of_group == NULL) return MLSD_E_NOMEM;
    for (int64_t g = 0; g < in->n_groups; g++) of_group[g] = -1;
    for (int64_t i = 0; status == MLSD_OK && i < in->n_rows; i++) {
        int32_t *const c = &of_group[in->groups[i]];
        if (*c >= 0 && *c != codes->codes[i])
            status = mlsd__fail(MLSD_E_DATA,
                                "group %s has rows of two %s: 'stratify' can only draw whole "
                                "groups of one; use stratify=false or grouped=false",
                                mlsd__split_group_text(in, in->groups[i], text),
                                codes->are_bins ? "bins of y" : "classes");
        *c = codes->codes[i];
    }
    if (status == MLSD_OK) status = mlsd__strata_new(scope, of_group, in->n_groups, codes->n, out);
    mlsd__free(a, of_group);
    return status;
}

static mlsd_status make_strata(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                               bag *b)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__strata_codes codes;
    mlsd_status status = mlsd__strata_codes_new(scope, in, p->strata_bins, 1, &codes);
    if (status != MLSD_OK) goto out;
    status = p->grouped ? strata_of_groups(scope, in, &codes, &b->strata)
                        : mlsd__strata_new(scope, codes.codes, in->n_rows, codes.n, &b->strata);
    if (status != MLSD_OK) goto out;
    b->shares = mlsd__alloc_raw(a, codes.n, sizeof *b->shares);
    if (b->shares == NULL) status = MLSD_E_NOMEM;
out:
    mlsd__strata_codes_free(&codes, a);
    return status;
}

static mlsd_status bag_new(mlsd__scope *scope, const params *p, const mlsd__split_input *in, bag *b)
{
    const mlsd__allocator *const a = scope->allocator;
    const char *const noun = p->grouped ? "groups" : "rows";
    b->n_units = p->grouped ? in->n_groups : in->n_rows;
    if (p->strata_bins != MLSD__NULL_I64 && !p->stratify)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'strata_bins' needs stratify=true");
    if (b->n_units < 2)
        return mlsd__fail(MLSD_E_DATA,
                          "bootstrap of a single %s leaves nothing to test on; it needs at least 2",
                          p->grouped ? "group" : "row");
    MLSD__TRY(read_sample_size(p, noun, b->n_units, &b->n_samples));
    if (p->stratify) MLSD__TRY(make_strata(scope, p, in, b));
    if (p->grouped)
        MLSD__TRY(mlsd__strata_new(scope, in->groups, in->n_rows, in->n_groups, &b->members));
    MLSD__TRY(mlsd__row_numbers_new(a, b->n_units, b->n_samples, &b->sample));
    b->is_drawn = mlsd__alloc_raw(a, b->n_units, sizeof *b->is_drawn);
    return b->is_drawn == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status draw(mlsd__scope *scope, mlsd__mt19937 *mt, bag *b, int64_t *n_left_out)
{
    const mlsd__row_numbers *const sample = &b->sample;
    MLSD__TRY(b->strata.n > 0
                  ? mlsd__resample_draw_strata(scope, mt, &b->strata, b->n_samples, true, b->shares,
                                               sample, 0)
                  : mlsd__resample_draw(scope, mt, b->n_units, b->n_samples, true, sample, 0));
    memset(b->is_drawn, 0, (size_t)b->n_units);
    *n_left_out = b->n_units;
    for (int64_t i = 0; i < b->n_samples; i++) {
        uint8_t *const is_drawn = &b->is_drawn[mlsd__row_number(sample, i)];
        *n_left_out -= !*is_drawn;
        *is_drawn = 1;
    }
    return mlsd__checkpoint(scope);
}

static mlsd_status draw_until_some_are_left_out(mlsd__scope *scope, mlsd__mt19937 *mt, bag *b,
                                                int64_t *n_left_out)
{
    for (int64_t i = 0; i < MAX_DRAWS; i++) {
        MLSD__TRY(draw(scope, mt, b, n_left_out));
        if (*n_left_out > 0) return MLSD_OK;
    }
    const char *const noun = b->members.n > 0 ? "groups" : "rows";
    return mlsd__fail(MLSD_E_DATA,
                      "drawing %lld of %lld %s left none out to test on, %d times; lower "
                      "'sample_size', or use more %s%s",
                      (long long)b->n_samples, (long long)b->n_units, noun, MAX_DRAWS, noun,
                      b->strata.n > 0 ? " of a class" : "");
}

/* How many rows were drawn, and how many were left out. */
static void count_rows(const bag *b, int64_t n_left_out, int64_t n_rows, int64_t sizes[2])
{
    sizes[0] = b->n_samples;
    sizes[1] = n_left_out;
    if (b->members.n == 0) return;
    sizes[0] = 0;
    sizes[1] = n_rows;
    for (int64_t i = 0; i < b->n_samples; i++)
        sizes[0] += b->members.counts[mlsd__row_number(&b->sample, i)];
    for (int64_t g = 0; g < b->n_units; g++) sizes[1] -= b->is_drawn[g] ? b->members.counts[g] : 0;
}

static void write_drawn(const bag *b, const mlsd__row_numbers *rows, int64_t at)
{
    if (b->members.n == 0) {
        mlsd__row_numbers_copy(rows, at, &b->sample, 0, b->n_samples);
        return;
    }
    for (int64_t i = 0; i < b->n_samples; i++) {
        const int64_t g = mlsd__row_number(&b->sample, i), n = b->members.counts[g];
        mlsd__row_numbers_copy(rows, at, &b->members.rows, b->members.starts[g], n);
        at += n;
    }
}

/* Every row is written and the end moves only past those that belong, which spares a branch that no
 * processor can foresee. */
static void write_left_out(const bag *b, const int32_t *groups, const mlsd__row_numbers *rows,
                           int64_t at, int64_t end)
{
    for (int64_t i = 0; at < end; i++) {
        mlsd__row_number_set(rows, at, i);
        at += !b->is_drawn[groups != NULL ? groups[i] : i];
    }
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    mlsd__mt19937 own, *const mt = mlsd__split_generator(in, p->seed, &own);
    bag b = {0};
    int64_t capacity = 0;
    mlsd_status status = bag_new(scope, p, in, &b);
    if (status == MLSD_OK) status = mlsd__folds_begin_row_numbers(out, p->n_splits, 2);
    for (int64_t k = 0; status == MLSD_OK && k < p->n_splits; k++) {
        int64_t n_left_out = 0, sizes[2], firsts[2];
        status = draw_until_some_are_left_out(scope, mt, &b, &n_left_out);
        if (status != MLSD_OK) break;
        count_rows(&b, n_left_out, in->n_rows, sizes);
        status = mlsd__folds_add_row_numbers(out, 2 * k, sizes[0], &capacity, &firsts[0]);
        if (status != MLSD_OK) break;
        status = mlsd__folds_add_row_numbers(out, 2 * k + 1, sizes[1], &capacity, &firsts[1]);
        if (status != MLSD_OK) break;
        const mlsd__row_numbers rows = mlsd__folds_row_numbers(out);
        write_drawn(&b, &rows, firsts[0]);
        write_left_out(&b, p->grouped ? in->groups : NULL, &rows, firsts[1], firsts[1] + sizes[1]);
    }
    bag_free(&b, scope->allocator);
    return status == MLSD_OK ? mlsd__folds_end_row_numbers(out) : status;
}

static int32_t needs(const mlsd_spec *spec)
{
    const params *const p = mlsd__spec_params(spec);
    return (p->stratify ? mlsd__strata_needs(p->strata_bins) : 0) |
           (p->grouped ? MLSD__NEEDS_GROUPS : 0);
}

static const mlsd__splitter_ops bootstrap_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_bootstrap = {
    .name = "bootstrap",
    .family = "splitter",
    .doc = "rows drawn with replacement to train on, the rows that were not drawn to test on",
    .params = bootstrap_params,
    .n_params = MLSD__COUNT(bootstrap_params),
    .params_size = sizeof(params),
    .ops = &bootstrap_ops,
};
