/* group_shuffle_split.c - group_shuffle_split and stratified_group_shuffle_split: whole groups
 * drawn anew for every split.
 *
 * The first is index for index scikit-learn's GroupShuffleSplit, whose sizes are of groups. The
 * second has sizes of rows and keeps the strata in proportion, as near as whole groups allow, by
 * the deal of group_parts.c. Rows ascend. */
#include "split/group_parts.h"
#include "split/part_sizes.h"

/* What is tested where no size is given: of groups as in scikit-learn, and of rows. */
#define DEFAULT_TEST_GROUPS 0.2
#define DEFAULT_TEST_ROWS 0.1

typedef struct params {
    int64_t n_splits;
    double test_size, train_size;
    int64_t seed, strata_bins;
} params;

static const mlsd_param group_params[] = {
    MLSD__P_I64(params, n_splits, 1, INT32_MAX - 1, "5", NULL, "how often the parts are drawn"),
    MLSD__P_F64_NULL(params, test_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "fraction below 1 of the groups to test on, or whole number of groups; null: "
                     "what train_size leaves, or 0.2"),
    MLSD__P_F64_NULL(params, train_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "fraction below 1 of the groups to train on, or whole number of groups; null: "
                     "what test_size leaves"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the draws: scikit-learn's random_state"),
};

static const mlsd_param stratified_params[] = {
    MLSD__P_I64(params, n_splits, 1, INT32_MAX - 1, "10", NULL, "how often the parts are drawn"),
    MLSD__P_F64_NULL(params, test_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "fraction below 1 of the rows to test on, or whole number of rows; null: what "
                     "train_size leaves, or 0.1"),
    MLSD__P_F64_NULL(
        params, train_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
        "fraction below 1 of the rows to train on, or whole number of rows; null: what "
        "test_size leaves"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL, "seed of the draws"),
    MLSD__P_STRATA_BINS(params),
};

static mlsd_status draw_groups(mlsd__scope *scope, mlsd__mt19937 *mt, const int64_t sizes[2],
                               const mlsd_folds *out)
{
    mlsd__row_numbers order;
    mlsd_status status =
        mlsd__row_numbers_new(scope->allocator, out->n_units, out->n_units, &order);
    for (int64_t k = 0; status == MLSD_OK && k < out->n_splits; k++) {
        int8_t *const marks = out->marks + k * out->n_units;
        mlsd__row_numbers_count_up(&order, out->n_units);
        status = mlsd__row_numbers_shuffle(scope, mt, &order, 0, out->n_units);
        if (status != MLSD_OK) break;
        for (int64_t j = 0; j < sizes[1] + sizes[0]; j++)
            marks[mlsd__row_number(&order, j)] = j < sizes[1] ? 1 : 0;
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_numbers_free(&order, scope->allocator);
    return status;
}

static mlsd_status split_groups(mlsd__scope *scope, const mlsd_spec *spec,
                                const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    int64_t sizes[2];
    mlsd__mt19937 own;
    if (in->n_groups < 2)
        return mlsd__fail(MLSD_E_DATA,
                          "all %lld rows are of one group, which cannot be cut; use shuffle_split, "
                          "or other groups",
                          (long long)in->n_rows);
    MLSD__TRY(mlsd__part_sizes_two("groups", p->test_size, p->train_size, DEFAULT_TEST_GROUPS,
                                   in->n_groups, sizes));
    MLSD__TRY(mlsd__folds_make_marks(out, in->groups, in->n_groups, p->n_splits, 2));
    MLSD__TRY(draw_groups(scope, mlsd__split_generator(in, p->seed, &own), sizes, out));
    mlsd__folds_count_marks(out);
    return MLSD_OK;
}

static const mlsd__splitter_ops group_ops = {.needs = mlsd__needs_groups, .split = split_groups};

const mlsd_kind mlsd__kind_group_shuffle_split = {
    .name = "group_shuffle_split",
    .family = "splitter",
    .doc = "whole groups drawn anew for every split; sizes are of groups",
    .params = group_params,
    .n_params = MLSD__COUNT(group_params),
    .params_size = sizeof(params),
    .ops = &group_ops,
};

static mlsd_status split_strata(mlsd__scope *scope, const mlsd_spec *spec,
                                const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    int64_t sizes[2];
    mlsd__strata_codes codes;
    mlsd__mt19937 own;
    MLSD__TRY(mlsd__part_sizes_two("rows", p->test_size, p->train_size, DEFAULT_TEST_ROWS,
                                   in->n_rows, sizes));
    mlsd_status status = mlsd__strata_codes_new(scope, in, p->strata_bins, 2, &codes);
    if (status == MLSD_OK)
        status = mlsd__group_parts_draw(scope, mlsd__split_generator(in, p->seed, &own), in, &codes,
                                        sizes, 2, p->n_splits, out);
    mlsd__strata_codes_free(&codes, scope->allocator);
    return status;
}

static int32_t needs_strata(const mlsd_spec *spec)
{
    const params *const p = mlsd__spec_params(spec);
    return mlsd__strata_needs(p->strata_bins) | MLSD__NEEDS_GROUPS;
}

static const mlsd__splitter_ops stratified_ops = {.needs = needs_strata, .split = split_strata};

const mlsd_kind mlsd__kind_stratified_group_shuffle_split = {
    .name = "stratified_group_shuffle_split",
    .family = "splitter",
    .doc = "whole groups drawn anew for every split, with the classes' or quantiles' proportions "
           "about kept; sizes are of rows",
    .params = stratified_params,
    .n_params = MLSD__COUNT(stratified_params),
    .params_size = sizeof(params),
    .ops = &stratified_ops,
};
