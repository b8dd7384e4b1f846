/* near_duplicate_split.c - near_duplicate_split: rows that are the same or nearly the same are kept
 * together as groups, which a group splitter of the caller's choice then deals.
 *
 * Groups of the caller's hold as well: what shares a group or is nearly the same, also by way of
 * other rows, stays on one side. Groups are numbered by their first row. */
#include "split/near_duplicates.h"
#include "split/splitter.h"

typedef struct params {
    double tolerance;
} params;

static const mlsd_param near_duplicate_params[] = {
    MLSD__P_F64(params, tolerance, 0, 1, 0, "0.001", "log",
                "rows are near up to this share of the median distance to the nearest row, with "
                "features of variance 1; 0: only equal rows"),
};

static mlsd_status require_splitter(const mlsd_spec *spec)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "splitter");
    if (child == NULL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "near_duplicate_split needs a splitter in its slot 'splitter'; add one "
                          "that deals groups, such as group_kfold");
    const int32_t needs = mlsd__splitter_needs(child);
    if ((needs & (MLSD__NEEDS_GROUPS | MLSD__MAY_USE(MLSD__NEEDS_GROUPS))) != 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "near_duplicate_split cannot use %s, which would cut groups apart; use a "
                      "splitter that deals groups, such as group_kfold",
                      mlsd_kind_name(mlsd_spec_kind(child)));
}

/* Join rows of each group of the caller's. */
static mlsd_status join_groups(mlsd__scope *scope, const mlsd__split_input *in,
                               const mlsd__row_forest *forest)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_status status = MLSD_OK;
    if (in->groups == NULL) return MLSD_OK;
    int64_t *const first = mlsd__alloc_raw(a, in->n_groups, sizeof *first);
    if (first == NULL) return MLSD_E_NOMEM;
    for (int64_t g = 0; g < in->n_groups; g++) first[g] = -1;
    for (int64_t i = 0; status == MLSD_OK && i < in->n_rows; i++) {
        int64_t *const row = first + in->groups[i];
        if (*row < 0)
            *row = i;
        else
            mlsd__row_forest_join(forest, *row, i);
        if (i % MLSD__BLOCK_ROWS == 0) status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, first);
    return status;
}

/* The group of each row, by first row: roots come before the rest of their tree. */
static int64_t number_groups(const mlsd__row_forest *forest, int64_t n_rows, double *groups)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_rows; i++) {
        const int64_t root = mlsd__row_forest_find(forest, i);
        groups[i] = root == i ? (double)n++ : groups[root];
    }
    return n;
}

static mlsd_status find_groups(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                               double *groups)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__row_forest forest;
    MLSD__TRY(mlsd__row_forest_new(a, in->n_rows, &forest));
    mlsd_status status = mlsd__join_equal_rows(scope, in->features, &forest);
    if (status == MLSD_OK && p->tolerance > 0)
        status = mlsd__join_near_rows(scope, in->features, p->tolerance, &forest);
    if (status == MLSD_OK) status = join_groups(scope, in, &forest);
    if (status == MLSD_OK) {
        const int64_t n = number_groups(&forest, in->n_rows, groups);
        mlsd__log_line(scope, MLSD_LOG_INFO, "near_duplicate_split: %lld rows make %lld groups",
                       (long long)in->n_rows, (long long)n);
        if (n == 1 && in->n_rows > 1)
            status = mlsd__fail(MLSD_E_DATA,
                                "all %lld rows are nearly the same, directly or by way of others; "
                                "use a lower 'tolerance', or a splitter that cuts them apart",
                                (long long)in->n_rows);
    }
    mlsd__row_forest_free(&forest, a);
    return status;
}

static mlsd_status split(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_folds *made = NULL;
    mlsd__split_raw raw = *in->raw;
    MLSD__TRY(require_splitter(spec));
    double *const groups = mlsd__alloc_raw(a, in->n_rows, sizeof *groups);
    if (groups == NULL) return MLSD_E_NOMEM;
    mlsd_status status = find_groups(scope, mlsd__spec_params(spec), in, groups);
    raw.groups = (mlsd__split_numbers){.f64 = groups};
    raw.group_names = NULL;
    if (status == MLSD_OK)
        status = mlsd__folds_split_raw(scope, mlsd__spec_slot_child(spec, "splitter"), &raw, &made);
    mlsd__free(a, groups);
    if (status != MLSD_OK) return status;
    *out = *made; /* what it holds goes over, the shell is left */
    mlsd__free(a, made);
    return MLSD_OK;
}

static int32_t needs(const mlsd_spec *spec)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "splitter");
    const int32_t below = child != NULL ? mlsd__splitter_needs(child) : 0;
    return MLSD__NEEDS_FEATURES | MLSD__MAY_USE(MLSD__NEEDS_GROUPS) | (below & ~MLSD__NEEDS_GROUPS);
}

static const mlsd__slot near_duplicate_slots[] = {
    {"splitter", "splitter", 0, "deals the groups, such as group_kfold or group_shuffle_split"},
};

static const mlsd__splitter_ops near_duplicate_ops = {.needs = needs, .split = split};

const mlsd_kind mlsd__kind_near_duplicate_split = {
    .name = "near_duplicate_split",
    .family = "splitter",
    .doc = "rows that are the same or nearly the same stay together, whatever group splitter deals",
    .params = near_duplicate_params,
    .n_params = MLSD__COUNT(near_duplicate_params),
    .params_size = sizeof(params),
    .slots = near_duplicate_slots,
    .n_slots = MLSD__COUNT(near_duplicate_slots),
    .ops = &near_duplicate_ops,
};
