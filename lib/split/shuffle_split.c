/* shuffle_split.c - shuffle_split and stratified_shuffle_split: a training and a test part drawn
 * anew for every split, which is Monte-Carlo cross-validation (Picard & Cook 1984).
 *
 * Index for index scikit-learn's ShuffleSplit and StratifiedShuffleSplit: one generator for all
 * splits, and rows in the order in which they were drawn. */
#include "split/part_sizes.h"
#include "split/strata.h"

/* What is tested where no size is given, as in scikit-learn. */
#define DEFAULT_TEST_SIZE 0.1

typedef struct params {
    int64_t n_splits;
    double test_size, train_size;
    int64_t seed, strata_bins;
} params;

/* strata_bins stands last: only the stratified kind has it. */
static const mlsd_param shuffle_params[] = {
    MLSD__P_I64(params, n_splits, 1, INT32_MAX - 1, "10", NULL, "how often the parts are drawn"),
    MLSD__P_F64_NULL(params, test_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "fraction below 1 to test on, or whole number of rows; null: what train_size "
                     "leaves, or 0.1"),
    MLSD__P_F64_NULL(params, train_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "fraction below 1 to train on, or whole number of rows; null: what test_size "
                     "leaves"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the draws: scikit-learn's random_state"),
    MLSD__P_STRATA_BINS(params),
};

/* One permutation a split; the test part takes its first rows. */
static mlsd_status draw_splits(mlsd__scope *scope, mlsd__mt19937 *mt, const int64_t sizes[2],
                               const mlsd_folds *out)
{
    const mlsd__row_numbers rows = mlsd__folds_row_numbers(out);
    mlsd__row_numbers order;
    mlsd_status status = mlsd__row_numbers_new(scope->allocator, out->n_rows, out->n_rows, &order);
    for (int64_t k = 0; status == MLSD_OK && k < out->n_splits; k++) {
        mlsd__row_numbers_count_up(&order, out->n_rows);
        status = mlsd__row_numbers_shuffle(scope, mt, &order, 0, out->n_rows);
        if (status != MLSD_OK) break;
        mlsd__row_numbers_copy(&rows, out->offsets[2 * k], &order, sizes[1], sizes[0]);
        mlsd__row_numbers_copy(&rows, out->offsets[2 * k + 1], &order, 0, sizes[1]);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_numbers_free(&order, scope->allocator);
    return status;
}

static mlsd_status split_shuffled(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    int64_t sizes[2];
    mlsd__mt19937 own;
    MLSD__TRY(mlsd__part_sizes_two("rows", p->test_size, p->train_size, DEFAULT_TEST_SIZE,
                                   in->n_rows, sizes));
    MLSD__TRY(mlsd__folds_make_row_numbers(out, p->n_splits, 2, sizes));
    return draw_splits(scope, mlsd__split_generator(in, p->seed, &own), sizes, out);
}

static const mlsd__splitter_ops shuffle_ops = {.split = split_shuffled};

const mlsd_kind mlsd__kind_shuffle_split = {
    .name = "shuffle_split",
    .family = "splitter",
    .doc = "rows drawn anew for every split: Monte-Carlo cross-validation",
    .params = shuffle_params,
    .n_params = MLSD__COUNT(shuffle_params) - 1,
    .params_size = sizeof(params),
    .ops = &shuffle_ops,
};

static mlsd_status split_stratified(mlsd__scope *scope, const mlsd_spec *spec,
                                    const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    int64_t sizes[2];
    mlsd__strata_codes codes = {0};
    mlsd__strata strata = {0};
    mlsd__mt19937 own;

    MLSD__TRY(mlsd__part_sizes_two("rows", p->test_size, p->train_size, DEFAULT_TEST_SIZE,
                                   in->n_rows, sizes));
    mlsd_status status = mlsd__strata_codes_new(scope, in, p->strata_bins, 2, &codes);
    if (status != MLSD_OK) goto out;
    status = mlsd__strata_new(scope, codes.codes, in->n_rows, codes.n, &strata);
    if (status != MLSD_OK) goto out;
    status = mlsd__strata_check(in, &codes, &strata, sizes, 2);
    if (status != MLSD_OK) goto out;
    status = mlsd__folds_make_row_numbers(out, p->n_splits, 2, sizes);
    if (status != MLSD_OK) goto out;
    status = mlsd__strata_draw_splits(scope, mlsd__split_generator(in, p->seed, &own), &strata,
                                      sizes, out);
out:
    mlsd__strata_free(&strata, a);
    mlsd__strata_codes_free(&codes, a);
    return status;
}

static int32_t needs_strata(const mlsd_spec *spec)
{
    const params *const p = mlsd__spec_params(spec);
    return mlsd__strata_needs(p->strata_bins);
}

static const mlsd__splitter_ops stratified_ops = {.needs = needs_strata, .split = split_stratified};

const mlsd_kind mlsd__kind_stratified_shuffle_split = {
    .name = "stratified_shuffle_split",
    .family = "splitter",
    .doc = "rows drawn anew for every split, with the classes' or quantiles' proportions kept",
    .params = shuffle_params,
    .n_params = MLSD__COUNT(shuffle_params),
    .params_size = sizeof(params),
    .ops = &stratified_ops,
};
