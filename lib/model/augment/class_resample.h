/* class_resample.h - what resamplers share: rows by class, how many each class is to have, nearest
 * rows of a set, and the new rows as they are made. Rows of weight 0 are not there for a resampler:
 * they are kept and otherwise play no part. */
#ifndef MLSD_MODEL_AUGMENT_CLASS_RESAMPLE_H
#define MLSD_MODEL_AUGMENT_CLASS_RESAMPLE_H

#include "model/augment/augmentation.h"

typedef struct mlsd__class_rows {
    int64_t n_classes, n_most, n_fewest; /* rows of the largest and the smallest class */
    int64_t *start;                      /* n_classes + 1 */
    int64_t *rows;                       /* in ascending order within a class */
} mlsd__class_rows;
mlsd_status mlsd__class_rows_open(mlsd__class_rows *c, const mlsd__allocator *a,
                                  const mlsd__train *train);
void mlsd__class_rows_close(mlsd__class_rows *c, const mlsd__allocator *a);
int64_t mlsd__class_count(const mlsd__class_rows *c, int64_t k);

/* How many rows a class lacks of `ratio` times the largest class; 0 for one without rows. */
int64_t mlsd__class_lacks(const mlsd__class_rows *c, int64_t k, double ratio);

/* MLSD_E_DATA where the target is a number. */
mlsd_status mlsd__resample_check_classes(const mlsd_spec *spec, const mlsd__train *train);

/* The k rows of `points` (n x p) nearest to each of n_queries rows of `queries`, by Euclidean
 * distance, nearest first, without the one that is the query itself: number self[i] of points, -1
 * for none. 1 <= k <= n - 1. out is n_queries x k. */
typedef struct mlsd__near_job {
    const double *points, *queries;
    int64_t n, n_queries, p, k;
    const int64_t *self;
    int64_t *out;
} mlsd__near_job;
mlsd_status mlsd__nearest_others(mlsd__scope *scope, const mlsd__near_job *job);

/* Rows that new ones are made of, and where they go. */
typedef struct mlsd__synthesis {
    const mlsd__train *train;
    const double *x; /* all training rows, packed */
    int64_t p;
    uint64_t seed;
    mlsd__resampled *out;
    int64_t capacity;
} mlsd__synthesis;
/* All rows kept, and room for n_new more. Memory of `out` is the resampler's caller's. */
mlsd_status mlsd__synthesis_open(mlsd__synthesis *s, mlsd__scope *scope, const mlsd__train *train,
                                 const double *x, uint64_t seed, int64_t n_new,
                                 mlsd__resampled *out);
/* Add the point `gap` of the way from row i to row j, of i's class. */
void mlsd__synthesis_add(mlsd__synthesis *s, int64_t i, int64_t j, double gap);
/* The stream of the number-th new row of a class. */
mlsd__stream mlsd__synthesis_stream(const mlsd__synthesis *s, int64_t k, int64_t number);

/* Rows rows[i] of x (p wide), packed; mlsd__free it. */
mlsd_status mlsd__pack_rows(const mlsd__allocator *a, const double *x, int64_t p,
                            const int64_t *rows, int64_t n, double **out);

#endif
