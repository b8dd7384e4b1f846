/* slice_views.h - groups of rows by columns and their crossings, and all metrics of all groups in
 * one pass over the rows. */
#ifndef MLSD_SLICE_SLICE_VIEWS_H
#define MLSD_SLICE_SLICE_VIEWS_H

#include "base/text.h"
#include "metric/intake.h"
#include "slice/slice_impl.h"
#include "slice/slicing.h"

enum { MLSD__VIEW_COLUMNS = 5, MLSD__MOST_VIEWS = 10000 };

/* A column by its levels; rare ones may be one level, "(other)". */
typedef struct mlsd__view_column {
    const char *name; /* the table's */
    mlsd__grouping grouping;
    int32_t *code; /* of each row */
    int64_t n_levels;
    int64_t other;   /* the level "(other)"; -1: none */
    int32_t *merged; /* the level that each of the grouping's levels went into */
} mlsd__view_column;

/* Rows by some columns (and by the control columns): every row is in one cell. */
typedef struct mlsd__view {
    int32_t columns[MLSD__VIEW_COLUMNS]; /* among those sliced by */
    int32_t n_columns;
    bool is_hidden; /* only for what stands within the strata of another column */
    int64_t n_cells;
    int32_t *cell_of; /* of each row */
    int32_t *levels;  /* n_cells x n_columns */
    int32_t *control; /* of each cell */
    double *n;        /* rows of each cell that weigh more than 0 */
    void **states;    /* a summary each */
} mlsd__view;

typedef struct mlsd__views_options {
    const mlsd__str_list *by, *control;
    int64_t intersections; /* columns of a view at most */
    bool strata;           /* hidden views of all pairs of columns */
    mlsd__grouping_options bins;
    double merge_rare; /* levels with fewer rows, or below 1 a smaller share, are one; 0: none */
    int64_t max_levels;
} mlsd__views_options;

typedef struct mlsd__views {
    const mlsd__allocator *allocator;
    int64_t n_rows, n_columns, n_by; /* the first n_by are sliced by, the others control */
    mlsd__view_column *columns;
    int64_t n_views;
    mlsd__view *views;
    mlsd__view control; /* by the control columns alone: a cell each */
    int64_t n_metrics, n_summaries;
    const mlsd__metric_ops *metrics; /* the caller's */
    int64_t *summary_of;
    const mlsd__summary_ops **summaries;
    const mlsd__metric_ops **owners;
    mlsd__shape shape;
} mlsd__views;

/* Cut the rows into cells. The caller ends it by mlsd__views_free, also after a failure. */
mlsd_status mlsd__views_make(mlsd__scope *scope, const mlsd__slicing_input *in,
                             const mlsd__views_options *options, mlsd__views *out);
void mlsd__views_free(mlsd__views *v);

/* Read all rows once. */
mlsd_status mlsd__views_add(mlsd__scope *scope, mlsd__views *v, const mlsd__slicing_input *in,
                            const mlsd__metric_ops *metrics, int64_t n_metrics);

/* All metrics of the rows of a cell, and of those outside it with the same control; either may be
 * NULL. */
mlsd_status mlsd__views_finish(mlsd__scope *scope, const mlsd__views *v, const mlsd__view *view,
                               int64_t cell, double level, mlsd__estimate *inside,
                               mlsd__estimate *outside);

/* "sex = F and dept = A", the same as JSON, the columns and the levels. */
void mlsd__views_words(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t);
void mlsd__views_json(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t);
void mlsd__views_columns(const mlsd__views *v, const mlsd__view *view, mlsd__text *t);
void mlsd__views_levels(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t);

#endif
