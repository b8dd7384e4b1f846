/* slice_tree.c - the kind slice_tree: the leaves of a small tree on the losses as slices. They are
 * disjoint and cover all rows, so that each row is in one, which overlapping slices cannot say. */
#include <math.h>

#include "metric/adjust.h"
#include "slice/finder.h"
#include "slice/level_set.h"
#include "slice/loss_tree.h"
#include "slice/row_bits.h"
#include "slice/slice_loss.h"
#include "numeric/rank.h"
#include "validate/result_rows.h"

static const mlsd_param params[] = {
    MLSD__FINDER_BY,
    MLSD__P_CHOICE(mlsd__finder_params, loss, mlsd__slice_losses, "\"auto\"",
                   "loss of a row; auto: given without y, zero_one for classes, else squared"),
    MLSD__P_I64(mlsd__finder_params, max_leaves, 1, 10000, "8", "log", "slices at most"),
    MLSD__P_I64(mlsd__finder_params, max_depth, 1, 64, "4", NULL, "splits on the way to a slice"),
    MLSD__P_F64(mlsd__finder_params, min_gain, 0, 1, 0, "0.0", NULL,
                "share of the losses' variance that a split must explain"),
    MLSD__FINDER_SUPPORT,
    MLSD__FINDER_HALVES,
};

typedef struct run {
    mlsd__finder finder;
    mlsd__loss_tree tree;
    int64_t loss;
    int64_t *leaves;                  /* nodes, the highest loss first */
    int64_t *leaf_of[MLSD__N_HALVES]; /* by row */
} run;

static mlsd_status open_run(mlsd__scope *scope, const mlsd__finder_params *p,
                            const mlsd__slicing_input *in, run *r)
{
    double *error = NULL;
    mlsd_status status = mlsd__slice_loss_read(scope, in, p->loss, &r->loss, &error);
    if (status == MLSD_OK) status = mlsd__finder_open(scope, p, in, error, true, &r->finder);
    mlsd__free(scope->allocator, error);
    return status;
}

/* Leaves by their loss, ties as they were made. */
static mlsd_status order_leaves(run *r, const mlsd__allocator *a)
{
    const mlsd__loss_tree *const t = &r->tree;
    double *const keys = mlsd__alloc_raw(a, t->n, sizeof *keys);
    int64_t *const order = mlsd__alloc_raw(a, t->n, sizeof *order);
    r->leaves = mlsd__alloc_raw(a, t->n_leaves, sizeof *r->leaves);
    mlsd_status status =
        keys == NULL || order == NULL || r->leaves == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < t->n && status == MLSD_OK; i++) {
        keys[i] = t->nodes[i].column >= 0 ? (double)NAN : -t->nodes[i].mean;
    }
    if (status == MLSD_OK) status = mlsd__argsort(a, keys, t->n, order);
    for (int64_t i = 0; i < t->n_leaves && status == MLSD_OK; i++) r->leaves[i] = order[i];
    mlsd__free(a, order);
    mlsd__free(a, keys);
    return status;
}

static mlsd_status find_leaves(mlsd__scope *scope, run *r)
{
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        const int64_t n = r->finder.sliced.half[h].n_rows;
        r->leaf_of[h] = mlsd__alloc_raw(scope->allocator, n, sizeof *r->leaf_of[h]);
        if (r->leaf_of[h] == NULL) return MLSD_E_NOMEM;
        for (int64_t i = 0; i < n; i++) {
            r->leaf_of[h][i] = mlsd__loss_tree_leaf(&r->tree, &r->finder.sliced, h, i);
            if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
    }
    return MLSD_OK;
}

static mlsd_status grow(mlsd__scope *scope, run *r)
{
    const mlsd__finder *const f = &r->finder;
    const mlsd__loss_tree_options options = {.max_leaves = f->p->max_leaves,
                                             .max_depth = f->p->max_depth,
                                             .min_support = f->min_support,
                                             .min_gain = f->p->min_gain};
    MLSD__TRY(
        mlsd__loss_tree_grow(scope, &f->sliced, &f->halves[MLSD__SEARCH], &options, &r->tree));
    MLSD__TRY(order_leaves(r, scope->allocator));
    return find_leaves(scope, r);
}

/* ---- slices ---- */

static mlsd_status name_leaf(const run *r, const mlsd__allocator *a, int64_t node, mlsd__finding *f)
{
    const mlsd__sliced *const s = &r->finder.sliced;
    mlsd__text_append(&f->predicates, "[");
    for (int32_t j = 0; j < s->n_columns; j++) {
        bool *const allowed = mlsd__alloc_raw(a, s->groupings[j].n_levels, sizeof *allowed);
        if (allowed == NULL) return MLSD_E_NOMEM;
        if (mlsd__loss_tree_levels(&r->tree, node, s, j, allowed)) {
            if (f->n_predicates++ > 0) {
                mlsd__text_append(&f->slice, " and ");
                mlsd__text_append(&f->predicates, ", ");
            }
            mlsd__level_set_words(s, j, allowed, &f->slice);
            mlsd__level_set_json(s, j, allowed, &f->predicates);
        }
        mlsd__free(a, allowed);
    }
    mlsd__text_append(&f->predicates, "]");
    if (f->n_predicates == 0) mlsd__text_append(&f->slice, "all rows");
    return f->slice.status != MLSD_OK ? f->slice.status : f->predicates.status;
}

static void collect_rows(run *r, int64_t node)
{
    for (int h = 0; h < MLSD__N_HALVES; h++) {
        const mlsd__half *const half = &r->finder.sliced.half[h];
        for (int64_t i = 0; i < half->n_words; i++) r->finder.rows[h][i] = 0;
        for (int64_t i = 0; i < half->n_rows; i++) {
            if (r->leaf_of[h][i] == node) mlsd__bit_set(r->finder.rows[h], i);
        }
    }
}

static double leaf_p(const run *r)
{
    const mlsd__finder *const f = &r->finder;
    const mlsd__half *const h = &f->sliced.half[MLSD__CONFIRM];
    mlsd__errors inside;
    if (h->n_rows == 0) return NAN;
    mlsd__errors_of(h, &f->halves[MLSD__CONFIRM], f->rows[MLSD__CONFIRM], NULL, &inside);
    return mlsd__against_p(&f->halves[MLSD__CONFIRM], &inside, h->wrong != NULL, f->confirm_support,
                           true);
}

/* All leaves were looked at, and each is tested. */
static mlsd_status correct(run *r, const mlsd__allocator *a)
{
    mlsd__findings *const found = &r->finder.findings;
    double *const q = mlsd__alloc_raw(a, found->n, sizeof *q);
    if (q == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < found->n; i++) {
        collect_rows(r, r->leaves[i]);
        q[i] = leaf_p(r);
    }
    found->n_looked_at = found->n;
    found->n_tested = mlsd__count_known(q, found->n);
    const mlsd_status status = mlsd__adjust_p_values(a, MLSD__BENJAMINI_HOCHBERG, q, found->n, q);
    for (int64_t i = 0; i < found->n && status == MLSD_OK; i++) found->rows[i].q_value = q[i];
    mlsd__free(a, q);
    return status;
}

static mlsd_status judge_all(mlsd__scope *scope, run *r)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__finder *const f = &r->finder;
    MLSD__TRY(mlsd__findings_make(a, r->tree.n_leaves, &f->findings));
    f->findings.what = mlsd__slice_loss_words[r->loss];
    f->findings.claim = "worse";
    MLSD__TRY(correct(r, a));
    for (int64_t i = 0; i < f->findings.n; i++) {
        mlsd__finding *const found = &f->findings.rows[i];
        MLSD__TRY(name_leaf(r, a, r->leaves[i], found));
        collect_rows(r, r->leaves[i]);
        found->score = r->tree.nodes[r->leaves[i]].mean;
        mlsd__finding_judge(found, f->sliced.half, f->halves, f->rows, f->confirm_support,
                            f->p->level, false);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* ---- the tree ---- */

static const mlsd__row_column node_columns[] = {
    {"node", MLSD_COLUMN_I64},    {"parent", MLSD_COLUMN_I64}, {"predicate", MLSD_COLUMN_CATEGORY},
    {"n", MLSD_COLUMN_I64},       {"value", MLSD_COLUMN_F64},  {"gain", MLSD_COLUMN_F64},
    {"is_leaf", MLSD_COLUMN_I64},
};

/* What parts a node from its sibling. */
static mlsd_status put_predicate(mlsd__rows *rows, const run *r, int64_t at)
{
    const mlsd__loss_tree *const t = &r->tree;
    const mlsd__allocator *const a = rows->allocator;
    const mlsd__sliced *const s = &r->finder.sliced;
    if (t->nodes[at].parent < 0) {
        mlsd__rows_str(rows, "all rows");
        return MLSD_OK;
    }
    const int32_t column = t->nodes[t->nodes[at].parent].column;
    bool *const allowed = mlsd__alloc_raw(a, s->groupings[column].n_levels, sizeof *allowed);
    mlsd__text text;
    mlsd__text_init(&text, a);
    if (allowed != NULL) {
        (void)mlsd__loss_tree_levels(t, at, s, column, allowed);
        mlsd__level_set_words(s, column, allowed, &text);
    }
    const mlsd_status status = allowed == NULL ? MLSD_E_NOMEM : text.status;
    mlsd__rows_str(rows, text.data);
    mlsd__text_free(&text);
    mlsd__free(a, allowed);
    return status;
}

static mlsd_status put_nodes(const run *r, mlsd_result *out, const mlsd__allocator *a)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd_status status = MLSD_OK;
    mlsd__rows_init(&rows, a, node_columns, MLSD__COUNT(node_columns));
    for (int64_t i = 0; i < r->tree.n && status == MLSD_OK; i++) {
        const mlsd__loss_node *const node = &r->tree.nodes[i];
        mlsd__rows_i64(&rows, i);
        mlsd__rows_i64(&rows, node->parent);
        status = put_predicate(&rows, r, i);
        mlsd__rows_i64(&rows, node->n);
        mlsd__rows_f64(&rows, node->mean);
        mlsd__rows_f64(&rows, node->column >= 0 ? node->gain : (double)NAN);
        mlsd__rows_i64(&rows, node->column < 0);
    }
    const mlsd_status made = mlsd__rows_to_table(&rows, &table);
    if (status == MLSD_OK) status = made;
    if (status == MLSD_OK) return mlsd__result_set_table(out, "nodes", table, false);
    mlsd_table_free(table);
    return status;
}

static mlsd_status run_tree(mlsd__scope *scope, const mlsd_spec *spec,
                            const mlsd__slicing_input *in, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    run r = {0};
    mlsd_result *result = NULL;
    mlsd_status status = open_run(scope, mlsd__spec_params(spec), in, &r);
    if (status == MLSD_OK) status = grow(scope, &r);
    if (status == MLSD_OK) status = judge_all(scope, &r);
    if (status == MLSD_OK) status = mlsd__finder_result(&r.finder, "slice_tree", a, &result);
    if (status == MLSD_OK) {
        status = mlsd__result_set_str(result, "loss", mlsd__slice_losses[r.loss], false);
    }
    if (status == MLSD_OK) status = put_nodes(&r, result, a);
    for (int h = 0; h < MLSD__N_HALVES; h++) mlsd__free(a, r.leaf_of[h]);
    mlsd__free(a, r.leaves);
    mlsd__loss_tree_free(&r.tree, a);
    mlsd__finder_close(&r.finder, a);
    if (status == MLSD_OK) {
        *out = result;
    } else {
        mlsd_result_free(result);
    }
    return status;
}

static const mlsd__slicing_ops ops = {.needs_prediction = true, .run = run_tree};

const mlsd_kind mlsd__kind_slice_tree = {
    .name = "slice_tree",
    .family = "slicing",
    .doc = "Disjoint slices: the leaves of a small regression tree on the losses, measured on rows "
           "that the tree did not see",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__finder_params),
    .ops = &ops,
};
