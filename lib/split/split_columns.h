/* split_columns.h - what rows bring to a split, gathered from a data set or from the caller's
 * columns. */
#ifndef MLSD_SPLIT_SPLIT_COLUMNS_H
#define MLSD_SPLIT_SPLIT_COLUMNS_H

#include "split/splitter.h"

/* Raw data and what it owns; ends by mlsd__split_columns_free, also after a failure. */
typedef struct mlsd__split_columns {
    mlsd__split_raw raw;
    mlsd__allocator allocator;
    bool is_set; /* the allocator */
    double *y, *groups;
    char **group_names;
    int64_t *times, *ends;
    uint64_t *ids;
    uint8_t *labels;
    mlsd__frame frame;
    mlsd__feature *features;
} mlsd__split_columns;

/* Of the data set only what a splitter with these needs looks at. */
mlsd_status mlsd__split_gather(mlsd__scope *scope, int32_t needs, const mlsd_dataset *dataset,
                               mlsd__split_columns *out);

/* n_columns matrices with n rows each and their roles; a matrix that is NULL is not there. */
mlsd_status mlsd__split_read_columns(mlsd__scope *scope, int32_t needs, int64_t n,
                                     const char *const *roles, const mlsd_matrix *const *columns,
                                     int64_t n_columns, mlsd__split_columns *out);

void mlsd__split_columns_free(mlsd__split_columns *c);

#endif
