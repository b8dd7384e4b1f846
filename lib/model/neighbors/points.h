/* points.h - rows that can be asked for those nearest to a query: always the k that come first by
 * reduced distance and then by number, whichever way they are found. */
#ifndef MLSD_MODEL_NEIGHBORS_POINTS_H
#define MLSD_MODEL_NEIGHBORS_POINTS_H

#include "base/scope.h"
#include "model/neighbors/measure.h"
#include "numeric/near_filter.h"

/* The nearest rows of several queries so far, up to k of each: heaps with the last of them on top.
 * All are doubles, as they lie in scratch. */
typedef struct mlsd__nearest {
    int64_t k;
    double *n;                 /* how many there are */
    double *distance, *number; /* k each */
} mlsd__nearest;
mlsd__nearest mlsd__nearest_of(const mlsd__nearest *first, int64_t query);
/* Reduced distance that a row must not be above; infinity before there are k. */
double mlsd__nearest_worst(const mlsd__nearest *near);
void mlsd__nearest_add(mlsd__nearest *near, double distance, double number);
/* In ascending order; a heap no longer. */
void mlsd__nearest_sort(mlsd__nearest *near);

typedef struct mlsd__points {
    mlsd__measure measure;
    int64_t n, p, width;
    double *x;          /* n x width: in the order of their numbers, or in that of the tree */
    double *low, *high; /* of all rows, width each */
    /* One of three: a filter, a tree, or neither. */
    bool has_filter;
    mlsd__near_filter filter;
    int64_t n_levels; /* of the tree, 0 without one: nodes 0 .. 2^n_levels - 2, leaves the last */
    double *boxes;    /* for each node: low, high */
    double *number;   /* of each row of x; NULL: its place */
} mlsd__points;

typedef enum mlsd__search { MLSD__SEARCH_AUTO, MLSD__SEARCH_BRUTE, MLSD__SEARCH_TREE } mlsd__search;

/* Takes x over, n x width as mlsd__measure_row makes them, also where it fails. */
mlsd_status mlsd__points_new(mlsd__scope *scope, const mlsd__allocator *a, const mlsd__measure *m,
                             double *x, int64_t n, int64_t p, mlsd__search search,
                             int64_t leaf_size, mlsd__points **out);
void mlsd__points_free(const mlsd__allocator *a, mlsd__points *points);

/* Doubles of scratch for each query. */
int64_t mlsd__points_scratch(const mlsd__points *points);
/* The k <= n nearest rows of each of n_queries rows of p numbers: reduced distances and numbers
 * (n_queries x k), ascending. scope may be NULL. */
mlsd_status mlsd__points_find(mlsd__scope *scope, const mlsd__points *points, const double *x,
                              int64_t n_queries, int64_t ld, int64_t k, double *distance,
                              double *number, double *scratch);
/* Fails where a query is so far away that distances overflow. */
mlsd_status mlsd__points_check(const mlsd__points *points, const double *x, int64_t n_queries,
                               int64_t ld, int64_t first_row, double *scratch);

/* The ways to search; queries are width wide, `near` is the first one's. */
int64_t mlsd__filter_scratch(const mlsd__points *points);
mlsd_status mlsd__filter_search(mlsd__scope *scope, const mlsd__points *points,
                                const double *queries, int64_t n_queries, const mlsd__nearest *near,
                                double *scratch);
mlsd_status mlsd__tree_build(mlsd__scope *scope, const mlsd__allocator *a, int64_t leaf_size,
                             mlsd__points *points);
mlsd_status mlsd__tree_search(mlsd__scope *scope, const mlsd__points *points, const double *query,
                              mlsd__nearest *near);
/* Rows first .. last - 1 of x, as they are. */
void mlsd__points_scan(const mlsd__points *points, const double *query, int64_t first, int64_t last,
                       mlsd__nearest *near);

#endif
