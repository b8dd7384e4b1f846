/* loss_tree.c - growing the tree. Of a column of categories, levels are put in order of their mean
 * loss, and only cuts of that order need be tried (Fisher 1958, JASA 53:789; Breiman et al. 1984,
 * Classification and Regression Trees, theorem 4.5); of a column of numbers, in their own order,
 * with the missing ones at either end. Losses are centred by the mean of all, so that sums of
 * squares lose no digits. */
#include "slice/loss_tree.h"

#include <math.h>
#include <string.h>

#include "numeric/rank.h"

/* Sums of one level in one node. */
typedef struct level_sums {
    int64_t n;
    double w, wd;
} level_sums;

/* The best split of a node. */
typedef struct split {
    int32_t column;
    double gain;     /* of the sum of squares */
    bool *goes_left; /* owned; by level */
} split;

typedef struct growing {
    const mlsd__sliced *s;
    const mlsd__half_errors *of;
    const mlsd__loss_tree_options *options;
    mlsd__loss_tree *out;
    split *splits;  /* by node */
    int64_t room;   /* nodes at most */
    double squares; /* about the mean, of all rows */
    int64_t node;   /* whose columns are tried */
    split *tries;   /* by column */
} growing;

static double weight_of(const mlsd__half *h, int64_t row)
{
    return h->weight == NULL ? 1 : h->weight[row];
}

/* ---- one column of one node ---- */

static void sum_levels(const growing *g, int64_t column, level_sums *sums)
{
    const mlsd__half *const h = &g->s->half[MLSD__SEARCH];
    const mlsd__loss_node *const node = &g->out->nodes[g->node];
    const int32_t *const codes = g->s->codes[MLSD__SEARCH] + column * h->n_rows;
    for (int64_t i = node->first; i < node->first + node->n; i++) {
        const int64_t row = g->out->order[i];
        level_sums *const of = &sums[codes[row]];
        const double w = weight_of(h, row);
        of->n++;
        of->w += w;
        of->wd += w * (h->error[row] - g->of->mean);
    }
}

/* The levels in the order in which they are cut. */
static mlsd_status order_levels(const mlsd__grouping *g, const level_sums *sums, bool missing_first,
                                const mlsd__allocator *a, double *keys, int64_t *order)
{
    const bool by_mean = g->levels[0].kind == MLSD__LEVEL_CATEGORY;
    for (int64_t k = 0; k < g->n_levels; k++) {
        keys[k] = by_mean ? (sums[k].n > 0 ? sums[k].wd / sums[k].w : (double)NAN) : (double)k;
        if (!by_mean && missing_first && g->levels[k].kind == MLSD__LEVEL_MISSING) keys[k] = -1;
    }
    return mlsd__argsort(a, keys, g->n_levels, order);
}

/* Try all cuts of an order; levels without rows, which are last in that by mean, go right. */
static void try_cuts(const growing *g, const mlsd__grouping *grouping, const level_sums *sums,
                     const int64_t *order, int32_t column, split *best)
{
    const int64_t n_levels = grouping->n_levels, least = g->options->min_support;
    level_sums all = {0}, left = {0};
    int64_t cut = -1;
    for (int64_t k = 0; k < n_levels; k++) {
        all.n += sums[k].n;
        all.w += sums[k].w;
        all.wd += sums[k].wd;
    }
    for (int64_t k = 0; k < n_levels - 1; k++) {
        const level_sums *const of = &sums[order[k]];
        left.n += of->n;
        left.w += of->w;
        left.wd += of->wd;
        if (of->n == 0 || left.n < least || all.n - left.n < least) continue;
        const double right_w = all.w - left.w, right_wd = all.wd - left.wd;
        const double apart = left.wd / left.w - right_wd / right_w;
        const double gain = left.w * right_w / all.w * apart * apart;
        if (!(gain > best->gain)) continue;
        best->gain = gain;
        best->column = column;
        cut = k;
    }
    if (cut < 0) return;
    for (int64_t k = 0; k < n_levels; k++) best->goes_left[order[k]] = k <= cut;
}

static mlsd_status try_column(void *arg, int64_t column, mlsd__scope *scope)
{
    growing *const g = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__grouping *const grouping = &g->s->groupings[column];
    const int64_t n = grouping->n_levels;
    split *const best = &g->tries[column];
    double *const keys = mlsd__alloc_raw(a, n, sizeof *keys);
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    level_sums *const sums = mlsd__alloc(a, n, sizeof *sums);
    mlsd_status status = MLSD_E_NOMEM;
    *best = (split){.column = -1, .goes_left = mlsd__alloc(a, n, sizeof *best->goes_left)};
    if (keys == NULL || order == NULL || sums == NULL || best->goes_left == NULL) goto out;
    status = MLSD_OK;
    if (n < 2) goto out;
    sum_levels(g, column, sums);
    const bool missing = grouping->levels[0].kind != MLSD__LEVEL_CATEGORY &&
                         grouping->levels[n - 1].kind == MLSD__LEVEL_MISSING;
    for (int first = 0; first <= missing && status == MLSD_OK; first++) {
        status = order_levels(grouping, sums, first, a, keys, order);
        if (status == MLSD_OK) try_cuts(g, grouping, sums, order, (int32_t)column, best);
    }
    if (status == MLSD_OK) status = mlsd__checkpoint(scope);
out:
    mlsd__free(a, sums);
    mlsd__free(a, order);
    mlsd__free(a, keys);
    return status;
}

/* ---- nodes ---- */

/* The best split of a node, into its place; none where it may not be split. */
static mlsd_status look(growing *g, mlsd__scope *scope, int64_t node)
{
    const mlsd__allocator *const a = scope->allocator;
    split *const best = &g->splits[node];
    *best = (split){.column = -1};
    if (g->out->nodes[node].depth >= g->options->max_depth) return MLSD_OK;
    if (g->out->nodes[node].n < 2 * g->options->min_support) return MLSD_OK;
    g->node = node;
    memset(g->tries, 0, (size_t)g->s->n_columns * sizeof *g->tries);
    const mlsd_status status = mlsd__parallel_for(scope, g->s->n_columns, try_column, g);
    for (int64_t j = 0; j < g->s->n_columns && status == MLSD_OK; j++) {
        if (g->tries[j].column < 0 || !(g->tries[j].gain > best->gain)) continue;
        mlsd__free(a, best->goes_left);
        *best = g->tries[j];
        g->tries[j].goes_left = NULL;
    }
    for (int64_t j = 0; j < g->s->n_columns; j++) mlsd__free(a, g->tries[j].goes_left);
    return status;
}

static double mean_of(const growing *g, const mlsd__loss_node *node)
{
    const mlsd__half *const h = &g->s->half[MLSD__SEARCH];
    double w = 0, wd = 0;
    for (int64_t i = node->first; i < node->first + node->n; i++) {
        const int64_t row = g->out->order[i];
        w += weight_of(h, row);
        wd += weight_of(h, row) * (h->error[row] - g->of->mean);
    }
    return g->of->mean + wd / w;
}

/* Rows that go left first, each side in its order. */
static mlsd_status part_rows(const growing *g, const mlsd__allocator *a,
                             const mlsd__loss_node *node, int64_t *out_n_left)
{
    const int64_t n_rows = g->s->half[MLSD__SEARCH].n_rows;
    const int32_t *const codes = g->s->codes[MLSD__SEARCH] + node->column * n_rows;
    int64_t *const rows = g->out->order + node->first;
    int64_t *const right = mlsd__alloc_raw(a, node->n, sizeof *right);
    int64_t n_left = 0, n_right = 0;
    if (right == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < node->n; i++) {
        if (node->goes_left[codes[rows[i]]]) {
            rows[n_left++] = rows[i];
        } else {
            right[n_right++] = rows[i];
        }
    }
    memcpy(rows + n_left, right, (size_t)n_right * sizeof *rows);
    mlsd__free(a, right);
    *out_n_left = n_left;
    return MLSD_OK;
}

static mlsd_status add_child(growing *g, mlsd__scope *scope, int64_t parent, bool is_left,
                             int64_t first, int64_t n)
{
    mlsd__loss_tree *const t = g->out;
    const int64_t at = t->n++;
    t->nodes[at] = (mlsd__loss_node){.parent = (int32_t)parent,
                                     .left = -1,
                                     .right = -1,
                                     .depth = parent < 0 ? 0 : t->nodes[parent].depth + 1,
                                     .column = -1,
                                     .is_left = is_left,
                                     .first = first,
                                     .n = n};
    t->nodes[at].mean = mean_of(g, &t->nodes[at]);
    if (parent >= 0 && is_left) t->nodes[parent].left = (int32_t)at;
    if (parent >= 0 && !is_left) t->nodes[parent].right = (int32_t)at;
    return look(g, scope, at);
}

/* The leaf to be split next; -1 where no split is worth it. */
static int64_t next_leaf(const growing *g)
{
    int64_t best = -1;
    for (int64_t i = 0; i < g->out->n; i++) {
        if (g->out->nodes[i].column >= 0 || g->splits[i].column < 0) continue;
        if (!(g->splits[i].gain > g->options->min_gain * g->squares)) continue;
        if (best < 0 || g->splits[i].gain > g->splits[best].gain) best = i;
    }
    return best;
}

static mlsd_status split_leaf(growing *g, mlsd__scope *scope, int64_t at)
{
    mlsd__loss_node *const node = &g->out->nodes[at];
    int64_t n_left = 0;
    node->column = g->splits[at].column;
    node->gain = g->splits[at].gain / g->squares;
    node->goes_left = g->splits[at].goes_left;
    g->splits[at].goes_left = NULL;
    MLSD__TRY(part_rows(g, scope->allocator, node, &n_left));
    g->out->n_leaves++;
    MLSD__TRY(add_child(g, scope, at, true, node->first, n_left));
    return add_child(g, scope, at, false, node->first + n_left, node->n - n_left);
}

static double squares_about_mean(const mlsd__half *h, double mean)
{
    double sum = 0;
    for (int64_t i = 0; i < h->n_rows; i++) {
        const double d = h->error[i] - mean;
        sum += weight_of(h, i) * d * d;
    }
    return sum;
}

static mlsd_status grow(growing *g, mlsd__scope *scope)
{
    const int64_t n = g->s->half[MLSD__SEARCH].n_rows;
    for (int64_t i = 0; i < n; i++) g->out->order[i] = i;
    g->squares = g->of->all.w > 0 ? squares_about_mean(&g->s->half[MLSD__SEARCH], g->of->mean) : 0;
    MLSD__TRY(add_child(g, scope, -1, false, 0, n));
    g->out->n_leaves = 1;
    while (g->out->n_leaves < g->options->max_leaves) {
        const int64_t leaf = next_leaf(g);
        if (leaf < 0) break;
        MLSD__TRY(split_leaf(g, scope, leaf));
        mlsd__stage_advance(scope, 1);
    }
    return MLSD_OK;
}

mlsd_status mlsd__loss_tree_grow(mlsd__scope *scope, const mlsd__sliced *s,
                                 const mlsd__half_errors *of,
                                 const mlsd__loss_tree_options *options, mlsd__loss_tree *out)
{
    const mlsd__allocator *const a = scope->allocator;
    growing g = {.s = s, .of = of, .options = options, .out = out};
    *out = (mlsd__loss_tree){0};
    g.room = 2 * options->max_leaves - 1;
    mlsd_status status = MLSD_E_NOMEM;
    out->nodes = mlsd__alloc(a, g.room, sizeof *out->nodes);
    out->order = mlsd__alloc_raw(a, s->half[MLSD__SEARCH].n_rows, sizeof *out->order);
    g.splits = mlsd__alloc(a, g.room, sizeof *g.splits);
    g.tries = mlsd__alloc(a, s->n_columns, sizeof *g.tries);
    if (out->nodes != NULL && out->order != NULL && g.splits != NULL && g.tries != NULL) {
        mlsd__stage_begin(scope, "leaves", options->max_leaves);
        status = grow(&g, scope);
        mlsd__stage_end(scope);
    }
    for (int64_t i = 0; g.splits != NULL && i < g.room; i++) mlsd__free(a, g.splits[i].goes_left);
    mlsd__free(a, g.tries);
    mlsd__free(a, g.splits);
    return status;
}

void mlsd__loss_tree_free(mlsd__loss_tree *t, const mlsd__allocator *a)
{
    for (int64_t i = 0; i < t->n; i++) mlsd__free(a, t->nodes[i].goes_left);
    mlsd__free(a, t->nodes);
    mlsd__free(a, t->order);
    *t = (mlsd__loss_tree){0};
}

/* ---- reading it ---- */

int64_t mlsd__loss_tree_leaf(const mlsd__loss_tree *t, const mlsd__sliced *s, int half, int64_t row)
{
    int64_t at = 0;
    while (t->nodes[at].column >= 0) {
        const mlsd__loss_node *const node = &t->nodes[at];
        const int32_t level = s->codes[half][node->column * s->half[half].n_rows + row];
        at = node->goes_left[level] ? node->left : node->right;
    }
    return at;
}

bool mlsd__loss_tree_levels(const mlsd__loss_tree *t, int64_t node, const mlsd__sliced *s,
                            int32_t column, bool *allowed)
{
    const int64_t n_levels = s->groupings[column].n_levels;
    bool asked = false;
    for (int64_t k = 0; k < n_levels; k++) allowed[k] = true;
    for (int64_t at = node; t->nodes[at].parent >= 0; at = t->nodes[at].parent) {
        const mlsd__loss_node *const parent = &t->nodes[t->nodes[at].parent];
        if (parent->column != column) continue;
        asked = true;
        for (int64_t k = 0; k < n_levels; k++) {
            allowed[k] = allowed[k] && parent->goes_left[k] == t->nodes[at].is_left;
        }
    }
    return asked;
}
