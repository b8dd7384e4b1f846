/* holdout.c - holdout: the rows cut once into two or more parts.
 *
 * Two parts are index for index scikit-learn's train_test_split (ShuffleSplit and
 * StratifiedShuffleSplit inside). More parts continue the same draws: one permutation, of which the
 * last part takes the first rows, the part before it the next, and part 0 the rest; or, stratified,
 * rows of each class are drawn for part 0, then part 1, and so on. Whole groups are dealt by
 * group_parts.c. A part is never empty. */
#include <math.h>

#include "split/group_parts.h"
#include "split/part_sizes.h"
#include "split/strata.h"

typedef struct params {
    mlsd__f64_list parts;
    double test_size, train_size;
    int64_t stratify, strata_bins, grouped, shuffle, seed;
} params;

static const mlsd_param holdout_params[] = {
    MLSD__P_F64_LIST(params, parts, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "[0.75,0.25]", NULL,
                     "fraction of the rows in each part, training first and test last; sum 1"),
    MLSD__P_F64_NULL(params, test_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "instead of parts: fraction below 1 to test on, or whole number of rows"),
    MLSD__P_F64_NULL(params, train_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "instead of parts: fraction below 1 to train on, or whole number of rows"),
    MLSD__P_BOOL(params, stratify, "false",
                 "keep the classes in the same proportions in each part"),
    MLSD__P_STRATA_BINS(params),
    MLSD__P_BOOL(
        params, grouped, "false",
        "rows of one group stay in one part; sizes are then as near as whole groups allow"),
    MLSD__P_BOOL(params, shuffle, "true", "draw the rows; otherwise they are cut in order"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the draw: scikit-learn's random_state"),
};

static bool are_default_parts(const mlsd__f64_list *parts)
{
    return parts->n == 2 && parts->values[0] == 0.75 && parts->values[1] == 0.25;
}

static mlsd_status check_params(const params *p)
{
    if (p->strata_bins != MLSD__NULL_I64 && !p->stratify)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'strata_bins' needs stratify=true");
    if (p->shuffle || (!p->stratify && !p->grouped)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'%s' draws %s, so it cannot go with shuffle=false",
                      p->stratify ? "stratify" : "grouped", p->stratify ? "rows" : "groups");
}

/* Rows of each part; *out_sizes is the caller's by mlsd__free. */
static mlsd_status choose_sizes(const mlsd__allocator *a, const params *p, int64_t n,
                                int64_t **out_sizes, int64_t *out_n_parts)
{
    const bool by_size = !isnan(p->test_size) || !isnan(p->train_size);
    if (by_size && !are_default_parts(&p->parts)) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'parts' and '%s' both say how large the parts are; give one",
                          isnan(p->test_size) ? "train_size" : "test_size");
    }
    if (!by_size) MLSD__TRY(mlsd__part_sizes_check_fractions(&p->parts));
    *out_n_parts = p->parts.n;
    *out_sizes = mlsd__alloc(a, p->parts.n, sizeof **out_sizes);
    if (*out_sizes == NULL) return MLSD_E_NOMEM;
    return p->parts.n == 2 ? mlsd__part_sizes_two("rows", p->test_size, p->train_size,
                                                  p->parts.values[1], n, *out_sizes)
                           : mlsd__part_sizes_many(a, &p->parts, "rows", n, *out_sizes);
}

static mlsd_status cut_in_order(const int64_t *sizes, mlsd_folds *out)
{
    out->form = MLSD__FOLDS_RANGES;
    out->ranges = mlsd__alloc_raw(&out->allocator, out->n_parts, 2 * sizeof *out->ranges);
    if (out->ranges == NULL) return MLSD_E_NOMEM;
    int64_t first = 0;
    for (int64_t k = 0; k < out->n_parts; k++) {
        out->ranges[2 * k] = first;
        first += sizes[k];
        out->ranges[2 * k + 1] = first;
    }
    return MLSD_OK;
}

/* The last part takes the first rows of one permutation, the part before it the next, and so on. */
static mlsd_status draw(mlsd__scope *scope, mlsd__mt19937 *mt, const int64_t *sizes,
                        mlsd_folds *out)
{
    mlsd__row_numbers order;
    MLSD__TRY(mlsd__folds_make_row_numbers(out, 1, out->n_parts, sizes));
    const mlsd__row_numbers rows = mlsd__folds_row_numbers(out);
    mlsd_status status = mlsd__row_numbers_new(scope->allocator, out->n_rows, out->n_rows, &order);
    if (status != MLSD_OK) return status;
    mlsd__row_numbers_count_up(&order, out->n_rows);
    status = mlsd__row_numbers_shuffle(scope, mt, &order, 0, out->n_rows);
    int64_t next = 0;
    for (int64_t k = out->n_parts - 1; status == MLSD_OK && k >= 0; k--) {
        mlsd__row_numbers_copy(&rows, out->offsets[k], &order, next, sizes[k]);
        next += sizes[k];
    }
    mlsd__row_numbers_free(&order, scope->allocator);
    return status;
}

static mlsd_status draw_strata(mlsd__scope *scope, mlsd__mt19937 *mt, const mlsd__split_input *in,
                               const mlsd__strata_codes *codes, const int64_t *sizes,
                               mlsd_folds *out)
{
    mlsd__strata strata;
    mlsd_status status = mlsd__strata_new(scope, codes->codes, in->n_rows, codes->n, &strata);
    if (status != MLSD_OK) goto out;
    status = mlsd__strata_check(in, codes, &strata, sizes, out->n_parts);
    if (status != MLSD_OK) goto out;
    status = mlsd__folds_make_row_numbers(out, 1, out->n_parts, sizes);
    if (status != MLSD_OK) goto out;
    status = mlsd__strata_draw_splits(scope, mt, &strata, sizes, out);
out:
    mlsd__strata_free(&strata, scope->allocator);
    return status;
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    mlsd__mt19937 own, *const mt = mlsd__split_generator(in, p->seed, &own);
    mlsd__strata_codes codes = {0};
    int64_t *sizes = NULL;

    MLSD__TRY(check_params(p));
    out->n_splits = 1;
    mlsd_status status = choose_sizes(a, p, in->n_rows, &sizes, &out->n_parts);
    if (status != MLSD_OK) goto out;
    if (p->stratify) {
        status = mlsd__strata_codes_new(scope, in, p->strata_bins, out->n_parts, &codes);
        if (status != MLSD_OK) goto out;
    }
    if (p->grouped) {
        status = mlsd__group_parts_draw(scope, mt, in, p->stratify ? &codes : NULL, sizes,
                                        out->n_parts, 1, out);
    } else if (p->stratify) {
        status = draw_strata(scope, mt, in, &codes, sizes, out);
    } else {
        status = p->shuffle ? draw(scope, mt, sizes, out) : cut_in_order(sizes, out);
    }
out:
    mlsd__strata_codes_free(&codes, a);
    mlsd__free(a, sizes);
    return status;
}

static int32_t needs(const mlsd_spec *spec)
{
    const params *const p = mlsd__spec_params(spec);
    return (p->stratify ? mlsd__strata_needs(p->strata_bins) : 0) |
           (p->grouped ? MLSD__NEEDS_GROUPS : 0);
}

static const mlsd__splitter_ops holdout_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_holdout = {
    .name = "holdout",
    .family = "splitter",
    .doc = "rows cut once into training, (validation) and test parts",
    .params = holdout_params,
    .n_params = MLSD__COUNT(holdout_params),
    .params_size = sizeof(params),
    .ops = &holdout_ops,
};
