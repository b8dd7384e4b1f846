/* projection.h - what a fitted decomposition is: directions, the origin they go out from, and how
 * much of the variance each has. Shared by pca and truncated_svd; the product itself also by what
 * else projects. */
#ifndef MLSD_MODEL_PROJECTION_H
#define MLSD_MODEL_PROJECTION_H

#include "model/estimator.h"

typedef struct mlsd__projection {
    int64_t p, k;
    mlsd__feature *features;             /* k, names out */
    double *origin;                      /* p */
    double *components;                  /* k x p */
    double *variance, *ratio, *singular; /* k */
    double *noise;                       /* 1: mean variance of the directions left out */
    double *divisor; /* k: what coordinates are divided by; infinite where they are to be 0 */
    double numbers[];
} mlsd__projection;

/* Zeroes; columns out are called prefix0, prefix1, ... */
mlsd_status mlsd__projection_new(const mlsd__allocator *a, int64_t p, int64_t k, const char *prefix,
                                 mlsd__projection **out);

/* Columns named prefix0, prefix1, ...; the caller's by mlsd__features_free. */
mlsd_status mlsd__numbered_features(const mlsd__allocator *a, const char *prefix, int64_t n,
                                    mlsd__feature **out);

/* out (n x k) = (x - origin) components' / divisor for n rows (row stride ld); divisor NULL for
 * ones. A row's numbers never depend on the rows beside it. */
void mlsd__project(const double *origin, const double *components, const double *divisor, int64_t p,
                   int64_t k, const double *x, int64_t n, int64_t ld, double *out);

/* Members of the ops table. The last two attributes are of an origin: pca's. */
void mlsd__projection_block(const void *state, const double *in, int64_t n, double *out);
const mlsd__feature *mlsd__projection_features(const void *state, int64_t *out_n);
const char *mlsd__projection_attribute(const void *state, int64_t i, const double **data,
                                       int64_t *rows, int64_t *cols);
mlsd_status mlsd__projection_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__projection_load(mlsd__reader *r, int64_t p, const char *prefix,
                                  mlsd__projection **out);
void mlsd__projection_free(const mlsd__allocator *a, void *state);

#endif
