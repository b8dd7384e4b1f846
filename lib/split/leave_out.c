/* leave_out.c - leave_one_out, leave_p_out, leave_one_group_out, leave_p_groups_out and
 * predefined_split: splits that nothing is drawn for.
 *
 * Index for index scikit-learn's. Combinations of rows or groups stand in lexicographic order and
 * are not stored but counted off when a part is read. */
#include "split/splitter.h"

#include <math.h>

#include "base/text.h"

typedef struct p_params {
    int64_t p;
} p_params;

typedef struct groups_params {
    int64_t n_groups;
} groups_params;

static const mlsd_param p_out_params[] = {
    MLSD__P_I64(p_params, p, 1, INT32_MAX - 1, "2", NULL, "rows that are tested at a time"),
};

static const mlsd_param p_groups_params[] = {
    MLSD__P_I64(groups_params, n_groups, 1, INT32_MAX - 1, "2", NULL,
                "groups that are tested at a time"),
};

static mlsd_status leave_rows(const mlsd__split_input *in, int64_t p, mlsd_folds *out)
{
    if (p >= in->n_rows)
        return mlsd__fail(MLSD_E_DATA,
                          "leaving out %lld of %lld rows leaves none to train on; there must be "
                          "more rows",
                          (long long)p, (long long)in->n_rows);
    return mlsd__folds_make_combinations(out, NULL, in->n_rows, p, "rows");
}

static mlsd_status leave_groups(const mlsd__split_input *in, int64_t p, mlsd_folds *out)
{
    if (p >= in->n_groups)
        return mlsd__fail(MLSD_E_DATA,
                          "leaving out %lld of %lld groups leaves none to train on; there must be "
                          "more groups",
                          (long long)p, (long long)in->n_groups);
    return mlsd__folds_make_combinations(out, in->groups, in->n_groups, p, "groups");
}

static mlsd_status split_one_out(mlsd__scope *scope, const mlsd_spec *spec,
                                 const mlsd__split_input *in, mlsd_folds *out)
{
    (void)scope;
    (void)spec;
    return leave_rows(in, 1, out);
}

static mlsd_status split_p_out(mlsd__scope *scope, const mlsd_spec *spec,
                               const mlsd__split_input *in, mlsd_folds *out)
{
    const p_params *const p = mlsd__spec_params(spec);
    (void)scope;
    return leave_rows(in, p->p, out);
}

static mlsd_status split_one_group_out(mlsd__scope *scope, const mlsd_spec *spec,
                                       const mlsd__split_input *in, mlsd_folds *out)
{
    (void)scope;
    (void)spec;
    return leave_groups(in, 1, out);
}

static mlsd_status split_p_groups_out(mlsd__scope *scope, const mlsd_spec *spec,
                                      const mlsd__split_input *in, mlsd_folds *out)
{
    const groups_params *const p = mlsd__spec_params(spec);
    (void)scope;
    return leave_groups(in, p->n_groups, out);
}

/* Groups are the numbers of the folds; -1 is never tested. */
static mlsd_status split_predefined(mlsd__scope *scope, const mlsd_spec *spec,
                                    const mlsd__split_input *in, mlsd_folds *out)
{
    int64_t n_folds = 0;
    (void)scope;
    (void)spec;
    int32_t *const fold_of = mlsd__alloc_raw(&out->allocator, in->n_groups, sizeof *fold_of);
    if (fold_of == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t g = 0; g < in->n_groups; g++) {
        const bool is_text = in->group_names != NULL;
        if (status == MLSD_OK && !is_text && in->group_values[g] != floor(in->group_values[g])) {
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(in->group_values[g], text);
            status = mlsd__fail(MLSD_E_DATA,
                                "a fold of predefined_split must be a whole number, got %s", text);
        }
        const bool is_never_tested = !is_text && in->group_values[g] == -1;
        fold_of[g] = is_never_tested ? -1 : (int32_t)n_folds++;
    }
    if (status == MLSD_OK && n_folds == 0)
        status = mlsd__fail(MLSD_E_DATA,
                            "every row has fold -1, which is never tested; give some rows a fold");
    if (status == MLSD_OK) status = mlsd__folds_make_ids(out, n_folds, 1);
    for (int64_t i = 0; status == MLSD_OK && i < in->n_rows; i++) {
        out->ids[i] = fold_of[in->groups[i]];
        if (out->ids[i] >= 0) out->sizes[out->ids[i]]++;
    }
    mlsd__free(&out->allocator, fold_of);
    return status;
}

static const mlsd__splitter_ops one_out_ops = {.split = split_one_out};
static const mlsd__splitter_ops p_out_ops = {.split = split_p_out};
static const mlsd__splitter_ops one_group_out_ops = {.needs = mlsd__needs_groups,
                                                     .split = split_one_group_out};
static const mlsd__splitter_ops p_groups_out_ops = {.needs = mlsd__needs_groups,
                                                    .split = split_p_groups_out};
static const mlsd__splitter_ops predefined_ops = {.needs = mlsd__needs_groups,
                                                  .split = split_predefined};

const mlsd_kind mlsd__kind_leave_one_out = {
    .name = "leave_one_out",
    .family = "splitter",
    .doc = "each row is tested once, alone",
    .ops = &one_out_ops,
};

const mlsd_kind mlsd__kind_leave_p_out = {
    .name = "leave_p_out",
    .family = "splitter",
    .doc = "every choice of p rows is tested once",
    .params = p_out_params,
    .n_params = MLSD__COUNT(p_out_params),
    .params_size = sizeof(p_params),
    .ops = &p_out_ops,
};

const mlsd_kind mlsd__kind_leave_one_group_out = {
    .name = "leave_one_group_out",
    .family = "splitter",
    .doc = "each group is tested once, alone",
    .ops = &one_group_out_ops,
};

const mlsd_kind mlsd__kind_leave_p_groups_out = {
    .name = "leave_p_groups_out",
    .family = "splitter",
    .doc = "every choice of n_groups groups is tested once",
    .params = p_groups_params,
    .n_params = MLSD__COUNT(p_groups_params),
    .params_size = sizeof(groups_params),
    .ops = &p_groups_out_ops,
};

const mlsd_kind mlsd__kind_predefined_split = {
    .name = "predefined_split",
    .family = "splitter",
    .doc = "folds from a file or column: the groups are fold numbers, -1 is never tested",
    .ops = &predefined_ops,
};
