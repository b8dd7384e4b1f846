/* loss_tree.h - a small regression tree on the losses of the search half: each split parts the
 * levels of one column in two. Leaves are disjoint slices that cover all rows. */
#ifndef MLSD_SLICE_LOSS_TREE_H
#define MLSD_SLICE_LOSS_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "slice/against.h"
#include "slice/sliced.h"

typedef struct mlsd__loss_tree_options {
    int64_t max_leaves, max_depth, min_support;
    double min_gain; /* share of the losses' variance that a split must explain */
} mlsd__loss_tree_options;

typedef struct mlsd__loss_node {
    int32_t parent, left, right; /* -1: none */
    int32_t depth;
    int32_t column;   /* of its split; -1 of a leaf */
    bool *goes_left;  /* by level of that column; owned */
    bool is_left;     /* of its parent */
    int64_t first, n; /* its rows: order[first .. first + n - 1] */
    double mean;      /* loss of its rows */
    double gain;      /* of its split: share of the variance of all rows */
} mlsd__loss_node;

typedef struct mlsd__loss_tree {
    mlsd__loss_node *nodes;
    int64_t n, n_leaves;
    int64_t *order; /* rows of the search half */
} mlsd__loss_tree;

/* Needs codes. Grown best first: the leaf whose split explains most is split next (ties: the leaf
 * that was made first, then columns in order). The caller ends it, also after a failure. */
mlsd_status mlsd__loss_tree_grow(mlsd__scope *scope, const mlsd__sliced *s,
                                 const mlsd__half_errors *of,
                                 const mlsd__loss_tree_options *options, mlsd__loss_tree *out);
void mlsd__loss_tree_free(mlsd__loss_tree *t, const mlsd__allocator *a);

/* The leaf that a row of a half falls into. */
int64_t mlsd__loss_tree_leaf(const mlsd__loss_tree *t, const mlsd__sliced *s, int half,
                             int64_t row);

/* Levels of a column that a node's rows may have: allowed[] has a place for each. False where the
 * way to the node does not ask for the column. */
bool mlsd__loss_tree_levels(const mlsd__loss_tree *t, int64_t node, const mlsd__sliced *s,
                            int32_t column, bool *allowed);

#endif
