/* multilabel_split.c - multilabel_stratified_kfold and multilabel_stratified_shuffle_split: every
 * fold or part has its share of each label of rows that have several.
 *
 * Index for index the classes of the Python package iterative-stratification 0.1.9. Rows ascend. A
 * shuffle split deals every row, in the proportion of its two sizes. */
#include <math.h>

#include "split/multilabel.h"
#include "split/part_sizes.h"

/* What is tested where no size is given. */
#define DEFAULT_TEST_SIZE 0.1

typedef struct kfold_params {
    int64_t n_splits, shuffle, seed;
} kfold_params;

static const mlsd_param kfold_params_table[] = {
    MLSD__P_I64(kfold_params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    MLSD__P_BOOL(kfold_params, shuffle, "false", "shuffle the rows before they are dealt"),
    MLSD__P_I64(kfold_params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the shuffle, and of choices among folds that want a row equally"),
};

typedef struct shuffle_params {
    int64_t n_splits;
    double test_size, train_size;
    int64_t seed;
} shuffle_params;

static const mlsd_param shuffle_params_table[] = {
    MLSD__P_I64(shuffle_params, n_splits, 1, INT32_MAX - 1, "10", NULL,
                "how often the parts are drawn"),
    MLSD__P_F64_NULL(shuffle_params, test_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "null",
                     "fraction below 1 to test on, or whole number of rows; null: what train_size "
                     "leaves, or 0.1"),
    MLSD__P_F64_NULL(shuffle_params, train_size, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "null",
                     "fraction below 1 to train on, or whole number of rows; null: what test_size "
                     "leaves"),
    MLSD__P_I64(shuffle_params, seed, 0, UINT32_MAX, "0", NULL, "seed of the draws"),
};

static mlsd_status deal_folds(mlsd__scope *scope, const kfold_params *p, mlsd__mt19937 *mt,
                              const mlsd__split_input *in, mlsd__multilabel *m, mlsd_folds *out)
{
    int32_t *const order = mlsd__alloc_raw(scope->allocator, in->n_rows, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < in->n_rows; i++) order[i] = (int32_t)i;
    mlsd_status status = MLSD_OK;
    if (p->shuffle) status = mlsd__split_shuffle_i32(scope, mt, order, in->n_rows);
    if (status == MLSD_OK) status = mlsd__multilabel_deal(scope, mt, m, order, out->ids);
    for (int64_t i = 0; status == MLSD_OK && i < in->n_rows; i++) out->sizes[out->ids[i]]++;
    mlsd__free(scope->allocator, order);
    for (int64_t k = 0; status == MLSD_OK && k < p->n_splits; k++) {
        if (out->sizes[k] == 0)
            status = mlsd__fail(MLSD_E_DATA,
                                "fold %lld of %lld got none of the %lld rows; use fewer folds",
                                (long long)k, (long long)p->n_splits, (long long)in->n_rows);
    }
    return status;
}

static mlsd_status split_kfold(mlsd__scope *scope, const mlsd_spec *spec,
                               const mlsd__split_input *in, mlsd_folds *out)
{
    const kfold_params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    mlsd__multilabel m = {0};
    mlsd__mt19937 own;

    if (p->n_splits > in->n_rows)
        return mlsd__fail(MLSD_E_DATA, "n_splits=%lld is more than the %lld rows; use at most %lld",
                          (long long)p->n_splits, (long long)in->n_rows, (long long)in->n_rows);
    double *const fractions = mlsd__alloc_raw(a, p->n_splits, sizeof *fractions);
    if (fractions == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < p->n_splits; k++) fractions[k] = 1 / (double)p->n_splits;
    mlsd_status status = mlsd__multilabel_new(a, in, fractions, p->n_splits, &m);
    if (status == MLSD_OK) status = mlsd__folds_make_ids(out, p->n_splits, 1);
    if (status == MLSD_OK)
        status = deal_folds(scope, p, mlsd__split_generator(in, p->seed, &own), in, &m, out);
    mlsd__multilabel_free(&m, a);
    mlsd__free(a, fractions);
    return status;
}

static int32_t needs_labels(const mlsd_spec *spec)
{
    (void)spec;
    return MLSD__NEEDS_LABELS;
}

static const mlsd__splitter_ops kfold_ops = {.needs = needs_labels, .split = split_kfold};

const mlsd_kind mlsd__kind_multilabel_stratified_kfold = {
    .name = "multilabel_stratified_kfold",
    .family = "splitter",
    .doc = "k folds with each of several labels in the same proportions in each",
    .params = kfold_params_table,
    .n_params = MLSD__COUNT(kfold_params_table),
    .params_size = sizeof(kfold_params),
    .ops = &kfold_ops,
};

/* Dealt to parts 0 and 1, which are train and test. */
static mlsd_status deal_splits(mlsd__scope *scope, mlsd__mt19937 *mt, mlsd__multilabel *m,
                               mlsd_folds *out)
{
    const int64_t n = out->n_rows;
    const mlsd__allocator *const a = scope->allocator;
    int32_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    int32_t *const part_of = mlsd__alloc_raw(a, n, sizeof *part_of);
    mlsd_status status = order == NULL || part_of == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < out->n_splits; k++) {
        for (int64_t i = 0; i < n; i++) order[i] = (int32_t)i;
        status = mlsd__split_shuffle_i32(scope, mt, order, n);
        if (status == MLSD_OK) status = mlsd__multilabel_deal(scope, mt, m, order, part_of);
        for (int64_t i = 0; status == MLSD_OK && i < n; i++)
            out->marks[k * n + i] = (int8_t)part_of[i];
    }
    mlsd__free(a, part_of);
    mlsd__free(a, order);
    if (status != MLSD_OK) return status;
    mlsd__folds_count_marks(out);
    for (int64_t k = 0; k < 2 * out->n_splits; k++) {
        if (out->sizes[k] == 0)
            return mlsd__fail(MLSD_E_DATA,
                              "part %lld of split %lld got none of the %lld rows; ask for more "
                              "even parts",
                              (long long)(k % 2), (long long)(k / 2), (long long)n);
    }
    return MLSD_OK;
}

static mlsd_status split_shuffle(mlsd__scope *scope, const mlsd_spec *spec,
                                 const mlsd__split_input *in, mlsd_folds *out)
{
    const shuffle_params *const p = mlsd__spec_params(spec);
    int64_t sizes[2];
    mlsd__multilabel m = {0};
    mlsd__mt19937 own;

    MLSD__TRY(mlsd__part_sizes_two("rows", p->test_size, p->train_size, DEFAULT_TEST_SIZE,
                                   in->n_rows, sizes));
    const double all = (double)(sizes[0] + sizes[1]);
    const double fractions[2] = {(double)sizes[0] / all, (double)sizes[1] / all};
    mlsd_status status = mlsd__multilabel_new(scope->allocator, in, fractions, 2, &m);
    if (status == MLSD_OK) status = mlsd__folds_make_marks(out, NULL, in->n_rows, p->n_splits, 2);
    if (status == MLSD_OK)
        status = deal_splits(scope, mlsd__split_generator(in, p->seed, &own), &m, out);
    mlsd__multilabel_free(&m, scope->allocator);
    return status;
}

static const mlsd__splitter_ops shuffle_ops = {.needs = needs_labels, .split = split_shuffle};

const mlsd_kind mlsd__kind_multilabel_stratified_shuffle_split = {
    .name = "multilabel_stratified_shuffle_split",
    .family = "splitter",
    .doc = "parts drawn anew for every split, with each of several labels in proportion",
    .params = shuffle_params_table,
    .n_params = MLSD__COUNT(shuffle_params_table),
    .params_size = sizeof(shuffle_params),
    .ops = &shuffle_ops,
};
