/* search_bound.h - SliceLine's score of a slice, and the most that any slice within given limits
 * can score. Sagadeeva & Boehm (2021), "SliceLine: Fast, linear-algebra-based slice finding for ML
 * model debugging", SIGMOD, equations 1 and 3.
 *
 *   score = alpha (e / s / mean - 1) - (1 - alpha) (n / s - 1)
 *
 * s is the slice's size, e the sum of its errors, n the size of all: rows, or their weights. n is
 * not the number of one-hot columns, by which some implementations bound: with more columns than
 * rows that bound is below scores that it should be above. */
#ifndef MLSD_SLICE_SEARCH_BOUND_H
#define MLSD_SLICE_SEARCH_BOUND_H

typedef struct mlsd__search_whole {
    double alpha;      /* weight of the error against that of the size, in (0, 1] */
    double size, mean; /* of all rows; mean > 0 */
    double least;      /* size of the smallest slice that counts */
} mlsd__search_whole;

double mlsd__search_score(const mlsd__search_whole *all, double size, double error);

/* No slice of at most `size`, of at least all->least, whose errors sum to at most `error` and are
 * each at most `worst`, scores more; -INFINITY where there is none. */
double mlsd__search_bound(const mlsd__search_whole *all, double size, double error, double worst);

#endif
