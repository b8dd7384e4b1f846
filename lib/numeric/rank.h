/* rank.h - sorting numbers by index, and midranks. Ties go by index; NaN last; -0 equals 0. */
#ifndef MLSD_NUMERIC_RANK_H
#define MLSD_NUMERIC_RANK_H

#include <stdint.h>

#include "base/memory.h"
#include "base/scope.h"

/* Ascending stable order: out[k] is the index of the k-th smallest. Radix sort, O(n). */
mlsd_status mlsd__argsort(const mlsd__allocator *a, const double *x, int64_t n, int64_t *out);
/* The same for any number of rows: it can be cancelled while it works. */
mlsd_status mlsd__argsort_rows(mlsd__scope *scope, const double *x, int64_t n, int64_t *out);
/* Midranks (1-based, ties share their mean). */
mlsd_status mlsd__midranks(const mlsd__allocator *a, const double *x, int64_t n, double *out);
/* The same of the numbers that an ascending order of any n of them lists; out is by number. */
void mlsd__midranks_of_order(const double *x, const int64_t *order, int64_t n, double *out);
/* Distinct values ascending into `values` (room for n), and each row's position among them into
 * `code` (may be NULL); NaN gets code -1. _rows can be cancelled while it works. */
mlsd_status mlsd__factorize(const mlsd__allocator *a, const double *x, int64_t n, double *values,
                            int64_t *out_n_values, int32_t *code);
mlsd_status mlsd__factorize_rows(mlsd__scope *scope, const double *x, int64_t n, double *values,
                                 int64_t *out_n_values, int32_t *code);
/* The same into room of its own for no more values than there are, the caller's by mlsd__free. */
mlsd_status mlsd__factorize_new(mlsd__scope *scope, const double *x, int64_t n, double **values,
                                int64_t *out_n_values, int32_t *code);
/* Of whole numbers, which are told apart as doubles only below 2^53. */
mlsd_status mlsd__factorize_new_i64(mlsd__scope *scope, const int64_t *x, int64_t n,
                                    double **values, int64_t *out_n_values, int32_t *code);
/* Quantile with linear interpolation (Hyndman & Fan 1996, type 7) of an ascending array. */
double mlsd__quantile_sorted(const double *sorted, int64_t n, double q);
/* low + share * (high - low) for a share in [0, 1), never outside [low, high]. */
double mlsd__between(double low, double high, double share);

#endif
