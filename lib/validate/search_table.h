/* search_table.h - tables of results made column by column, and an estimate's four numbers. */
#ifndef MLSD_VALIDATE_SEARCH_TABLE_H
#define MLSD_VALIDATE_SEARCH_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "metric/metric_impl.h"
#include "validate/result_impl.h"

/* A table being made, with room for a column of each type: fill it, then add the column. */
typedef struct mlsd__columns {
    const mlsd__allocator *a;
    mlsd_table *table;
    int64_t n;
    double *f64;
    int64_t *i64;
    const char **texts;
} mlsd__columns;

mlsd_status mlsd__columns_open(mlsd__columns *c, const mlsd__allocator *a, int64_t n);
void mlsd__columns_close(mlsd__columns *c);
mlsd_status mlsd__columns_f64(mlsd__columns *c, const char *left, const char *right);
mlsd_status mlsd__columns_i64(mlsd__columns *c, const char *name);
mlsd_status mlsd__columns_texts(mlsd__columns *c, const char *name);
/* Put the table into a result unless `status` is a failure, and end it in any case. */
mlsd_status mlsd__columns_to_result(mlsd_result *r, mlsd__columns *c, const char *name, bool timing,
                                    mlsd_status status);

/* The numbers "<metric>.mean", ".se", ".low" and ".high". */
mlsd_status mlsd__result_set_estimate(mlsd_result *r, const char *metric, const mlsd__estimate *e);

#endif
