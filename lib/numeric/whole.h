/* whole.h - numbering the distinct values of columns of whole numbers, as labels and groups mostly
 * are, by a table instead of a sort. */
#ifndef MLSD_NUMERIC_WHOLE_H
#define MLSD_NUMERIC_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* A column of doubles or of int64 (the other NULL), and the whole numbers low .. low + width - 1
 * among which all of it lies; NaN is no number. */
typedef struct mlsd__whole {
    const double *f64;
    const int64_t *i64;
    int64_t n, low, width;
} mlsd__whole;

/* Find low and width. False where there are none, a number is not whole or beyond 2^52, or the
 * table would have to be longer than `most`. */
bool mlsd__whole_range(mlsd__whole *w, int64_t most);

/* Fill the table (room for width): the place of each number among the distinct ones, -1 for numbers
 * that do not occur; and each row's place into code (may be NULL), -1 for NaN. scope NULL: nobody
 * can cancel. */
mlsd_status mlsd__whole_number(mlsd__scope *scope, const mlsd__whole *w, int32_t *table,
                               int64_t *out_n_values, int32_t *code);

/* The distinct values, ascending. */
void mlsd__whole_values(const mlsd__whole *w, const int32_t *table, double *values);

#endif
