/* stratified.c - stratified_kfold: k folds, each with the classes in the proportions of the whole;
 * and repeated_stratified_kfold, the same several times with one generator that goes on.
 *
 * Index for index scikit-learn's StratifiedKFold and RepeatedStratifiedKFold (its algorithm since
 * 0.22), in O(n) for any number of classes. Folds are stored as one fold number a row. */
#include "split/splitter.h"

typedef struct params {
    int64_t n_splits, shuffle, seed;
} params;

static const mlsd_param stratified_params[] = {
    MLSD__P_I64(params, n_splits, 2, INT32_MAX - 1, "5", NULL, "number of folds"),
    MLSD__P_BOOL(params, shuffle, "false", "shuffle each class before it is dealt to the folds"),
    MLSD__P_I64(params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of the shuffles: scikit-learn's random_state"),
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

/* Some class must reach every fold; a class that cannot is worth a warning. */
static mlsd_status check_counts(mlsd__scope *scope, const mlsd__split_input *in,
                                const int64_t *counts, int64_t k)
{
    int64_t smallest = 0, largest = 0;
    for (int64_t c = 1; c < in->n_classes; c++) {
        if (counts[c] < counts[smallest]) smallest = c;
        if (counts[c] > counts[largest]) largest = c;
    }
    char text[MLSD__CLASS_TEXT_CAPACITY];
    if (k > counts[largest]) {
        const char *const name = mlsd__split_class_text(in, largest, text);
        return counts[largest] < 2
                   ? mlsd__fail(
                         MLSD_E_DATA,
                         "no class has the 2 rows that a stratified split needs: every value "
                         "of y is there once; use kfold")
                   : mlsd__fail(MLSD_E_DATA,
                                "n_splits=%lld is more than the rows of every class: the largest, "
                                "class %s, has %lld; use at most %lld",
                                (long long)k, name, (long long)counts[largest],
                                (long long)counts[largest]);
    }
    if (k > counts[smallest]) {
        mlsd__log_line(
            scope, MLSD_LOG_WARNING,
            "class %s has %lld rows, fewer than n_splits=%lld: some folds will not test it",
            mlsd__split_class_text(in, smallest, text), (long long)counts[smallest], (long long)k);
    }
    return MLSD_OK;
}

/* Were the rows sorted by class and dealt round the folds like cards, fold f would get this many of
 * the class that stands at places first .. first + n - 1. */
static int64_t rows_of_fold(int64_t first, int64_t n, int64_t f, int64_t k)
{
    const int64_t skip = (f - first % k + k) % k; /* places from `first` to the first of fold f */
    return skip >= n ? 0 : (n - skip + k - 1) / k;
}

/* Where each class starts when classes stand one behind another in the order in which they first
 * appear (that order, not the labels', is scikit-learn's); `order` lists the classes in it. */
static void order_by_appearance(const mlsd__split_input *in, const int64_t *counts, int64_t *starts,
                                int64_t *order)
{
    for (int64_t c = 0; c < in->n_classes; c++) starts[c] = -1;
    int64_t n_seen = 0, next = 0;
    for (int64_t i = 0; n_seen < in->n_classes; i++) {
        const int32_t c = in->classes[i];
        if (starts[c] >= 0) continue;
        starts[c] = next;
        next += counts[c];
        order[n_seen++] = c;
    }
}

/* starts are moved on while rows are dealt, and put back. ids may be the classes' own memory. */
static mlsd_status deal(mlsd__scope *scope, mlsd__mt19937 *mt, const params *p,
                        const mlsd__split_input *in, const int64_t *counts, int64_t *starts,
                        const int64_t *order, int32_t *cards, int64_t *sizes, int32_t *ids)
{
    for (int64_t j = 0; j < in->n_classes; j++) {
        const int64_t c = order[j];
        int64_t at = starts[c];
        for (int64_t f = 0; f < p->n_splits; f++) {
            const int64_t n = rows_of_fold(starts[c], counts[c], f, p->n_splits);
            sizes[f] += n;
            for (const int64_t end = at + n; at < end; at++) cards[at] = (int32_t)f;
        }
        if (p->shuffle) {
            MLSD__TRY(mlsd__split_shuffle_i32(scope, mt, cards + starts[c], counts[c]));
        }
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    for (int64_t i = 0; i < in->n_rows; i++) ids[i] = cards[starts[in->classes[i]]++];
    for (int64_t c = 0; c < in->n_classes; c++) starts[c] -= counts[c];
    return MLSD_OK;
}

static mlsd_status split_repeats(mlsd__scope *scope, const params *p, int64_t n_repeats,
                                 const mlsd__split_input *in, mlsd_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *counts = NULL, *starts = NULL, *order = NULL;
    int32_t *cards = NULL;

    if (p->n_splits > in->n_rows) {
        return mlsd__fail(MLSD_E_DATA, "n_splits=%lld is more than the %lld rows",
                          (long long)p->n_splits, (long long)in->n_rows);
    }
    mlsd_status status = mlsd__split_class_counts(a, in, &counts);
    if (status != MLSD_OK) return status;
    status = check_counts(scope, in, counts, p->n_splits);
    if (status != MLSD_OK) goto out;

    status = n_repeats == 1 ? mlsd__folds_take_ids(out, p->n_splits, &in->made->classes)
                            : mlsd__folds_make_ids(out, p->n_splits, n_repeats);
    if (status != MLSD_OK) goto out;
    status = MLSD_E_NOMEM;
    starts = mlsd__alloc_raw(a, in->n_classes, sizeof *starts);
    if (starts == NULL) goto out;
    order = mlsd__alloc_raw(a, in->n_classes, sizeof *order);
    if (order == NULL) goto out;
    cards = mlsd__alloc_raw(a, in->n_rows, sizeof *cards);
    if (cards == NULL) goto out;
    order_by_appearance(in, counts, starts, order);
    mlsd__mt19937 own;
    mlsd__mt19937 *const mt = mlsd__split_generator(in, p->seed, &own);
    status = MLSD_OK;
    for (int64_t r = 0; status == MLSD_OK && r < n_repeats; r++)
        status = deal(scope, mt, p, in, counts, starts, order, cards, out->sizes + r * p->n_splits,
                      out->ids + r * in->n_rows);
out:
    mlsd__free(a, cards);
    mlsd__free(a, order);
    mlsd__free(a, starts);
    mlsd__free(a, counts);
    return status;
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    return split_repeats(scope, mlsd__spec_params(spec), 1, in, out);
}

static const mlsd__splitter_ops stratified_ops = {.needs = mlsd__needs_classes, .split = split};

const mlsd_kind mlsd__kind_stratified_kfold = {
    .name = "stratified_kfold",
    .family = "splitter",
    .doc = "k folds with the classes in the same proportions in each",
    .params = stratified_params,
    .n_params = MLSD__COUNT(stratified_params),
    .params_size = sizeof(params),
    .ops = &stratified_ops,
};

static mlsd_status split_repeated(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__split_input *in, mlsd_folds *out)
{
    const repeated_params *const p = mlsd__spec_params(spec);
    const params each = {.n_splits = p->n_splits, .shuffle = 1, .seed = p->seed};
    return split_repeats(scope, &each, p->n_repeats, in, out);
}

static const mlsd__splitter_ops repeated_ops = {.needs = mlsd__needs_classes,
                                                .split = split_repeated};

const mlsd_kind mlsd__kind_repeated_stratified_kfold = {
    .name = "repeated_stratified_kfold",
    .family = "splitter",
    .doc = "k shuffled folds with the classes' proportions kept, several times",
    .params = repeated_params_table,
    .n_params = MLSD__COUNT(repeated_params_table),
    .params_size = sizeof(repeated_params),
    .ops = &repeated_ops,
};
