/* crossing.h - the rows of a table by the values of several columns at once. */
#ifndef MLSD_SLICE_CROSSING_H
#define MLSD_SLICE_CROSSING_H

#include <stdint.h>

#include "base/kindtable.h"
#include "base/scope.h"
#include "slice/slice_impl.h"

/* Groups that have rows, in the order of the first column's levels, then the second's, ... */
typedef struct mlsd__crossing {
    int64_t n_rows, n_groups;
    int32_t *of_row;  /* the group of each row */
    int64_t n_binned; /* columns of numbers that were cut into bins */
    char **labels;    /* "white"; of several columns "race = white and sex = male" */
} mlsd__crossing;

/* Cross the columns `by` (positions); none: one group, labelled "". More than max_groups groups are
 * refused: MLSD_E_DATA with the name of the parameter `what` and what to do. */
mlsd_status mlsd__crossing_make(mlsd__scope *scope, const mlsd_table *table, const int64_t *by,
                                int64_t n_by, const mlsd__grouping_options *options,
                                int64_t max_groups, const char *what, mlsd__crossing *out);
void mlsd__crossing_free(mlsd__crossing *c, const mlsd__allocator *a);

/* The group of that label, -1 where there is none; of a single column also "column = label". */
int64_t mlsd__crossing_find(const mlsd__crossing *c, const mlsd_table *table, const int64_t *by,
                            int64_t n_by, const char *label);

#endif
