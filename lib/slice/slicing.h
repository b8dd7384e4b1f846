/* slicing.h - the family "slicing": analyses of slices, all of which mlsd_slice_run enters.
 *
 * A kind of the family has in its `ops` an mlsd__slicing_ops. It is handed the caller's arguments
 * with their rows checked, reads what it needs, and makes a result. */
#ifndef MLSD_SLICE_SLICING_H
#define MLSD_SLICE_SLICING_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/slice.h"
#include "base/kindtable.h"
#include "base/scope.h"

/* The caller's arguments. y and prediction have n_rows rows and any number of columns, weight is
 * n_rows x 1; each is NULL where it was not given. */
typedef struct mlsd__slicing_input {
    int64_t n_rows;
    const mlsd_table *groups;
    const mlsd_matrix *y, *prediction, *weight;
} mlsd__slicing_input;

typedef struct mlsd__slicing_ops {
    bool needs_y, needs_prediction;
    mlsd_status (*run)(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__slicing_input *in,
                       mlsd_result **out);
} mlsd__slicing_ops;

/* What the kind needs is given, and has a row for each of the table's. */
mlsd_status mlsd__slicing_check(const mlsd_spec *analysis, const mlsd__slicing_input *in);

/* mlsd_slice_run within a scope. */
mlsd_status mlsd__slicing_run(mlsd__scope *scope, const mlsd_spec *analysis,
                              const mlsd__slicing_input *in, mlsd_result **out);

/* A column of the caller's as numbers, owned: MLSD_E_SHAPE unless it is n_rows x 1. */
mlsd_status mlsd__slicing_column(mlsd__scope *scope, const mlsd__slicing_input *in,
                                 const mlsd_matrix *m, const char *name, double **out);

/* The weights, owned; *out is NULL where there are none. Each must be a finite number of at least
 * 0, and one of them above: MLSD_E_DATA. */
mlsd_status mlsd__slicing_weights(mlsd__scope *scope, const mlsd__slicing_input *in, double **out);

/* The positions of the columns named, in that order, of all columns where `by` is null; owned.
 * MLSD_E_COLUMN (there is none of that name, it is named twice, the table is empty). */
mlsd_status mlsd__slicing_by(mlsd__scope *scope, const mlsd__slicing_input *in,
                             const mlsd__str_list *by, int64_t **out, int64_t *out_n);

#endif
