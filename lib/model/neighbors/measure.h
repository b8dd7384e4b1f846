/* measure.h - how far two rows are apart. What is compared is a reduced distance that costs less
 * (squares for the Euclidean one); which row is nearer it tells as well. Terms are summed in the
 * order of the columns, one after the other, and nothing else in lib/model/neighbors changes its
 * bits. */
#ifndef MLSD_MODEL_NEIGHBORS_MEASURE_H
#define MLSD_MODEL_NEIGHBORS_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum mlsd__metric {
    MLSD__EUCLIDEAN,
    MLSD__MANHATTAN,
    MLSD__CHEBYSHEV,
    MLSD__MINKOWSKI,
    MLSD__COSINE
} mlsd__metric;

typedef struct mlsd__measure {
    mlsd__metric metric;
    double power; /* of minkowski */
} mlsd__measure;

/* Numbers that a row of p is stored as, and these numbers: the row itself; for cosine the row at
 * length 1, and a place that only rows of zeros have, which keeps them away from all others. */
int64_t mlsd__measure_width(const mlsd__measure *m, int64_t p);
void mlsd__measure_row(const mlsd__measure *m, int64_t p, const double *row, double *out);

/* Whether a query is equally far from all rows, by this reduced distance. */
bool mlsd__measure_is_aloof(const mlsd__measure *m, int64_t p, const double *query);
#define MLSD__ALOOF_REDUCED 2.0

/* Reduced distances of four rows from a query, all of that width. */
void mlsd__measure_four(const mlsd__measure *m, int64_t width, const double *query,
                        const double *const rows[4], double out[4]);

/* The least and the largest reduced distance from a query to any point in a box. The least one is
 * never above that of a row in the box, bit for bit. */
double mlsd__measure_nearest(const mlsd__measure *m, int64_t width, const double *query,
                             const double *low, const double *high);
double mlsd__measure_farthest(const mlsd__measure *m, int64_t width, const double *query,
                              const double *low, const double *high);

/* The distance that a reduced one stands for. */
double mlsd__measure_distance(const mlsd__measure *m, double reduced);

#endif
