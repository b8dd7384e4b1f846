/* near_filter.h - which of many rows may be nearer than a bound? In single precision, with an error
 * bound: rows that cannot be are left out, the others must be measured properly. No bit that is
 * computed here reaches a result; only how many rows are measured in vain depends on them. */
#ifndef MLSD_NUMERIC_NEAR_FILTER_H
#define MLSD_NUMERIC_NEAR_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* Rows lie in panels, queries that are looked for together in groups. */
enum { MLSD__NEAR_PANEL = 32, MLSD__NEAR_GROUP = 12 };

/* Floats that may lie in memory declared as doubles. */
typedef float mlsd__near_float __attribute__((may_alias));

/* How the sums of a panel are made on this processor. True where one reaches its bound. */
typedef bool (*mlsd__near_group_fn)(int64_t p, const float *panel, const float *offset,
                                    const mlsd__near_float *queries, const mlsd__near_float *bound,
                                    float sums[MLSD__NEAR_GROUP][MLSD__NEAR_PANEL]);
typedef bool (*mlsd__near_row_fn)(int64_t p, const float *panel, const float *offset,
                                  const mlsd__near_float *query, float bound,
                                  float sums[MLSD__NEAR_PANEL]);
typedef struct mlsd__near_isa {
    mlsd__near_group_fn group; /* queries[j * MLSD__NEAR_GROUP + i] */
    mlsd__near_row_fn row;     /* query[j] */
} mlsd__near_isa;

/* The i-th way that this processor has, the best one first; *out is filled. */
bool mlsd__near_isa_at(int64_t i, mlsd__near_isa *out);

typedef struct mlsd__near_filter {
    mlsd__near_isa isa;
    int64_t n_rows, p, n_panels;
    double scale;            /* a power of two: centred rows times it are at most 1 */
    double relative, slight; /* the error bound, of squares of scaled numbers */
    double *origin;          /* p */
    float *panels;           /* n_panels x p x MLSD__NEAR_PANEL */
    float *offsets;          /* n_panels x MLSD__NEAR_PANEL */
} mlsd__near_filter;

/* Of finite rows (n x p, n and p at least 1) whose squared distances neither overflow nor are
 * below 2^-900 all. scope may be NULL; then it cannot be cancelled. */
mlsd_status mlsd__near_filter_init(mlsd__scope *scope, const mlsd__allocator *a, const double *x,
                                   int64_t n, int64_t p, mlsd__near_filter *f);
void mlsd__near_filter_free(mlsd__near_filter *f, const mlsd__allocator *a);

/* A query as floats, out[j * stride]; returns what mlsd__near_bound wants to know of it. */
double mlsd__near_query(const mlsd__near_filter *f, const double *query, mlsd__near_float *out,
                        int64_t stride);

/* A row whose sum is below this is further away than the squared distance `worst`, as a plain loop
 * in double would compute it; -infinity where that cannot be told. */
float mlsd__near_bound(const mlsd__near_filter *f, double query_square, double worst);

#endif
