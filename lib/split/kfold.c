/* kfold.c - kfold: every row is tested once, in folds whose sizes differ by at most one; and
 * repeated_kfold, the same several times with one generator that goes on.
 *
 * Index for index scikit-learn's KFold and RepeatedKFold. Folds are stored as one fold number a
 * row. */
#include "split/splitter.h"

typedef struct params {
    int64_t n_splits, shuffle, seed;
} params;

static const mlsd_param kfold_params[] = {
    MLSD__P_I64(params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    MLSD__P_BOOL(params, shuffle, "false", "shuffle the rows before they are cut into folds"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the shuffle: scikit-learn's random_state"),
};

typedef struct repeated_params {
    int64_t n_splits, n_repeats, seed;
} repeated_params;

static const mlsd_param repeated_params_table[] = {
    MLSD__P_I64(repeated_params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    MLSD__P_I64(repeated_params, n_repeats, 1, INT32_MAX - 1, "10", NULL,
                "how often the rows are shuffled and dealt anew"),
    MLSD__P_I64(repeated_params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the shuffles: scikit-learn's random_state"),
};

/* The first n % k folds have one row more. */
static void set_sizes(int64_t *sizes, int64_t n, int64_t k)
{
    for (int64_t f = 0; f < k; f++) sizes[f] = n / k + (f < n % k);
}

static void deal_in_order(mlsd_folds *out)
{
    int64_t i = 0;
    for (int64_t f = 0; f < out->n_splits; f++) {
        const int64_t end = i + out->sizes[f];
        for (; i < end; i++) out->ids[i] = (int32_t)f;
    }
}

/* Rows that will be written to are asked for so many rows before. */
enum { AHEAD = 64 };

/* Two widths of the same: 32-bit row numbers halve the memory that the shuffle jumps about in. */
static mlsd_status deal_shuffled(mlsd__scope *scope, mlsd__mt19937 *mt, const mlsd_folds *out,
                                 int32_t *ids)
{
    int32_t *const order = mlsd__alloc_raw(scope->allocator, out->n_rows, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < out->n_rows; i++) order[i] = (int32_t)i;
    const mlsd_status status = mlsd__split_shuffle_i32(scope, mt, order, out->n_rows);
    const int64_t ahead = out->n_rows - AHEAD;
    int64_t i = 0;
    for (int64_t f = 0; status == MLSD_OK && f < out->n_ids; f++) {
        const int64_t end = i + out->sizes[f];
        for (; i < end; i++) {
            if (i < ahead) __builtin_prefetch(ids + order[i + AHEAD], 1);
            ids[order[i]] = (int32_t)f;
        }
    }
    mlsd__free(scope->allocator, order);
    return status;
}

static mlsd_status deal_shuffled_wide(mlsd__scope *scope, mlsd__mt19937 *mt, const mlsd_folds *out,
                                      int32_t *ids)
{
    int64_t *const order = mlsd__alloc_raw(scope->allocator, out->n_rows, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__split_permutation(scope, mt, order, out->n_rows);
    int64_t i = 0;
    for (int64_t f = 0; status == MLSD_OK && f < out->n_ids; f++) {
        const int64_t end = i + out->sizes[f];
        for (; i < end; i++) ids[order[i]] = (int32_t)f;
    }
    mlsd__free(scope->allocator, order);
    return status;
}

static mlsd_status split_repeats(mlsd__scope *scope, const params *p, int64_t n_repeats,
                                 const mlsd__split_input *in, mlsd_folds *out)
{
    if (p->n_splits > in->n_rows) {
        return in->n_rows < 2
                   ? mlsd__fail(MLSD_E_DATA, "%s needs at least 2 rows, got 1", in->kind)
                   : mlsd__fail(
                         MLSD_E_DATA, "n_splits=%lld is more than the %lld rows; use at most %lld",
                         (long long)p->n_splits, (long long)in->n_rows, (long long)in->n_rows);
    }
    MLSD__TRY(mlsd__folds_make_ids(out, p->n_splits, n_repeats));
    for (int64_t r = 0; r < n_repeats; r++)
        set_sizes(out->sizes + r * p->n_splits, in->n_rows, p->n_splits);
    if (!p->shuffle) {
        deal_in_order(out);
        return MLSD_OK;
    }
    mlsd__mt19937 own;
    mlsd__mt19937 *const mt = mlsd__split_generator(in, p->seed, &own);
    for (int64_t r = 0; r < n_repeats; r++) {
        int32_t *const ids = out->ids + r * in->n_rows;
        MLSD__TRY(in->n_rows <= INT32_MAX ? deal_shuffled(scope, mt, out, ids)
                                          : deal_shuffled_wide(scope, mt, out, ids));
    }
    return MLSD_OK;
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    return split_repeats(scope, mlsd__spec_params(spec), 1, in, out);
}

static const mlsd__splitter_ops kfold_ops = {.split = split};

const mlsd_kind mlsd__kind_kfold = {
    .name = "kfold",
    .family = "splitter",
    .doc = "k folds of nearly equal size; each is the test set once",
    .params = kfold_params,
    .n_params = MLSD__COUNT(kfold_params),
    .params_size = sizeof(params),
    .ops = &kfold_ops,
};

static mlsd_status split_repeated(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__split_input *in, mlsd_folds *out)
{
    const repeated_params *const p = mlsd__spec_params(spec);
    const params each = {.n_splits = p->n_splits, .shuffle = 1, .seed = p->seed};
    return split_repeats(scope, &each, p->n_repeats, in, out);
}

static const mlsd__splitter_ops repeated_ops = {.split = split_repeated};

const mlsd_kind mlsd__kind_repeated_kfold = {
    .name = "repeated_kfold",
    .family = "splitter",
    .doc = "k shuffled folds, several times",
    .params = repeated_params_table,
    .n_params = MLSD__COUNT(repeated_params_table),
    .params_size = sizeof(repeated_params),
    .ops = &repeated_ops,
};
