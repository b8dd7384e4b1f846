/* group_kfold.c - group_kfold: k folds that never cut a group, as even as whole groups allow.
 *
 * Index for index scikit-learn's GroupKFold of the release that `compat` names. Without shuffling,
 * groups go by falling size to the fold that has least rows so far (Graham 1969, longest processing
 * time first); a heap finds that fold in O(log k). Among groups of one size the last by value comes
 * first since 1.9; before, the order is that of NumPy's quicksort. */
#include "split/splitter.h"

#include "numeric/rank.h"
#include "split/compat.h"

typedef struct params {
    int64_t n_splits, shuffle, seed, compat;
} params;

static const mlsd_param group_kfold_params[] = {
    MLSD__P_I64(params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    MLSD__P_BOOL(params, shuffle, "false",
                 "draw the groups of each fold, equally many in each, whatever their sizes"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the shuffle: scikit-learn's random_state"),
    MLSD__P_CHOICE(params, compat, mlsd__compat_choices, "\"1.9\"",
                   "scikit-learn release to follow"),
};

/* Folds, the lightest first and of equal ones the lowest. */
typedef struct fold_heap {
    int64_t *loads; /* by fold */
    int32_t *folds;
    int64_t n;
} fold_heap;

static bool is_lighter(const fold_heap *h, int32_t a, int32_t b)
{
    return h->loads[a] != h->loads[b] ? h->loads[a] < h->loads[b] : a < b;
}

/* Put the first fold, grown heavier, where it belongs. */
static void sink_first(fold_heap *h)
{
    const int32_t moved = h->folds[0];
    int64_t at = 0;
    for (int64_t child; (child = 2 * at + 1) < h->n; at = child) {
        if (child + 1 < h->n && is_lighter(h, h->folds[child + 1], h->folds[child])) child++;
        if (is_lighter(h, moved, h->folds[child])) break;
        h->folds[at] = h->folds[child];
    }
    h->folds[at] = moved;
}

/* Groups by rising size; they are dealt from the end. */
static mlsd_status order_groups(const mlsd__allocator *a, const params *p, const int64_t *counts,
                                int64_t n_groups, int64_t *order)
{
    if (p->compat < MLSD__SK_1_9) {
        mlsd__numpy_argsort(counts, n_groups, order);
        return MLSD_OK;
    }
    double *const sizes = mlsd__alloc_raw(a, n_groups, sizeof *sizes);
    if (sizes == NULL) return MLSD_E_NOMEM;
    for (int64_t g = 0; g < n_groups; g++) sizes[g] = (double)counts[g];
    const mlsd_status status = mlsd__argsort(a, sizes, n_groups, order);
    mlsd__free(a, sizes);
    return status;
}

static mlsd_status deal_by_size(mlsd__scope *scope, const params *p, const int64_t *counts,
                                int64_t n_groups, int64_t *order, int32_t *fold_of, int64_t *loads)
{
    const mlsd__allocator *const a = scope->allocator;
    MLSD__TRY(order_groups(a, p, counts, n_groups, order));
    fold_heap heap = {.loads = loads, .n = p->n_splits};
    heap.folds = mlsd__alloc_raw(a, heap.n, sizeof *heap.folds);
    if (heap.folds == NULL) return MLSD_E_NOMEM;
    for (int64_t f = 0; f < heap.n; f++) heap.folds[f] = (int32_t)f;
    for (int64_t k = n_groups - 1; k >= 0; k--) {
        const int64_t g = order[k];
        fold_of[g] = heap.folds[0];
        loads[heap.folds[0]] += counts[g];
        sink_first(&heap);
    }
    mlsd__free(a, heap.folds);
    return mlsd__checkpoint(scope);
}

/* Fold after fold takes its share of the shuffled groups; the first shares are one longer. */
static mlsd_status deal_shuffled(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                                 const int64_t *counts, int64_t *order, int32_t *fold_of,
                                 int64_t *loads)
{
    const int64_t n_groups = in->n_groups;
    mlsd__mt19937 own;
    mlsd__mt19937 *const mt = mlsd__split_generator(in, p->seed, &own);
    MLSD__TRY(mlsd__split_permutation(scope, mt, order, n_groups));
    int64_t k = 0;
    for (int64_t f = 0; f < p->n_splits; f++) {
        const int64_t end = k + n_groups / p->n_splits + (f < n_groups % p->n_splits);
        for (; k < end; k++) {
            fold_of[order[k]] = (int32_t)f;
            loads[f] += counts[order[k]];
        }
    }
    return MLSD_OK;
}

static mlsd_status check(const params *p, const mlsd__split_input *in)
{
    if (p->shuffle && p->compat < MLSD__SK_1_6)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'shuffle' needs 'compat' 1.6 or newer: before, there was none");
    if (p->n_splits <= in->n_groups) return MLSD_OK;
    if (in->n_groups < 2)
        return mlsd__fail(MLSD_E_DATA,
                          "all %lld rows are of one group, which cannot be cut; use kfold, or "
                          "other groups",
                          (long long)in->n_rows);
    return mlsd__fail(MLSD_E_DATA, "n_splits=%lld is more than the %lld groups; use at most %lld",
                      (long long)p->n_splits, (long long)in->n_groups, (long long)in->n_groups);
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    int64_t *counts = NULL, *order = NULL;
    int32_t *fold_of = NULL;

    MLSD__TRY(check(p, in));
    mlsd_status status = mlsd__split_group_counts(a, in, &counts);
    if (status != MLSD_OK) return status;
    status = MLSD_E_NOMEM;
    order = mlsd__alloc_raw(a, in->n_groups, sizeof *order);
    if (order == NULL) goto out;
    fold_of = mlsd__alloc_raw(a, in->n_groups, sizeof *fold_of);
    if (fold_of == NULL) goto out;
    status = mlsd__folds_take_ids(out, p->n_splits, &in->made->groups);
    if (status != MLSD_OK) goto out;
    status = p->shuffle ? deal_shuffled(scope, p, in, counts, order, fold_of, out->sizes)
                        : deal_by_size(scope, p, counts, in->n_groups, order, fold_of, out->sizes);
    if (status != MLSD_OK) goto out;
    for (int64_t i = 0; i < in->n_rows; i++) out->ids[i] = fold_of[in->groups[i]];
out:
    mlsd__free(a, fold_of);
    mlsd__free(a, order);
    mlsd__free(a, counts);
    return status;
}

static const mlsd__splitter_ops group_kfold_ops = {.needs = mlsd__needs_groups, .split = split};

const mlsd_kind mlsd__kind_group_kfold = {
    .name = "group_kfold",
    .family = "splitter",
    .doc = "k folds that never cut a group, as even as whole groups allow",
    .params = group_kfold_params,
    .n_params = MLSD__COUNT(group_kfold_params),
    .params_size = sizeof(params),
    .ops = &group_kfold_ops,
};
