/* row_dots.h - rows that lie anywhere in memory times one vector, and the weighted sum of the same
 * rows: the two halves of a step of a linear score, without a copy of the rows. Multiply, then add,
 * in an order that the number of columns fixes: the same bits on every processor. */
#ifndef MLSD_NUMERIC_ROW_DOTS_H
#define MLSD_NUMERIC_ROW_DOTS_H

#include <stdint.h>

#include "numeric/tile_product.h"

typedef struct mlsd__rows_at {
    const double *x;
    int64_t ld, p;
    const int64_t *order; /* row i is x + order[i] * ld; NULL: x + i * ld */
    int64_t n_order;      /* rows from here on, of which later ones are asked for ahead; 0: none */
} mlsd__rows_at;

/* out[i] = start + row i times v, of n rows. With fewer than eight columns the products are added
 * one after the other; otherwise product j belongs to sum j mod 8, but those of the last p mod 8
 * columns to the last ones of the eight sums, which are then added by halves: 0 + 4, 1 + 5, ... */
void mlsd__row_dots(mlsd__tile_isa isa, const mlsd__rows_at *rows, int64_t n, const double *v,
                    double start, double *out);

/* out[j] += w[0] x[0][j], then w[1] x[1][j], ..., of n rows. */
void mlsd__row_add(mlsd__tile_isa isa, const mlsd__rows_at *rows, int64_t n, const double *w,
                   double *out);

/* Each of these functions asks memory for a third of every row that comes some places later, so
 * that there is no time in which memory has nothing to do. This one does nothing else. */
void mlsd__row_ask(const mlsd__rows_at *rows, int64_t n);

#endif
