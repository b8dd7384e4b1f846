/* intake_block.h - numbers of a block read, checked and turned, several at a time. Functions that
 * return false found a number that does not fit; what they wrote is then of no use. */
#ifndef MLSD_METRIC_INTAKE_BLOCK_H
#define MLSD_METRIC_INTAKE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Class numbers 0 .. n_classes - 1. */
bool mlsd__block_classes_f64(const double *x, int64_t n, int32_t n_classes, int32_t *out);
bool mlsd__block_classes_i64(const int64_t *x, int64_t n, int32_t n_classes, int32_t *out);
bool mlsd__block_classes_i32(const int32_t *x, int64_t n, int32_t n_classes, int32_t *out);
/* The largest of whole numbers, at least *largest; false where one is below 0 or above 2^31 - 2. */
bool mlsd__block_largest_i64(const int64_t *x, int64_t n, int32_t *largest);
void mlsd__block_doubles(const int32_t *x, int64_t n, double *out);
/* Class 1 above 1/2; all lie in [0, 1]. */
bool mlsd__block_halves(const double *p, int64_t n, int32_t *out_class);
/* (1 - p, p) of each. */
void mlsd__block_widen(const double *p, int64_t n, double *out);
/* Groups 0 .. n_groups - 1, and n_groups for -1. */
bool mlsd__block_slots(const int32_t *group, int64_t n, int32_t n_groups, int32_t *out);
/* slot x n_classes^2 + y x n_classes + p; slot NULL: 0. */
void mlsd__block_cells(const int32_t *slot, const int32_t *y, const int32_t *p, int64_t n,
                       int32_t n_classes, int32_t *out);
/* Of probabilities of two classes that of what happened, as log_loss takes it: clipped at the
 * machine epsilon, as a share of both. */
void mlsd__block_chosen(const double *y, const double *p, int64_t n, double *out);
/* The same of one column, the probabilities of class 1; y are 0 and 1, p lie in [0, 1]. */
bool mlsd__block_happened_f64(const double *y, const double *p, int64_t n, double *out);
bool mlsd__block_happened_i64(const int64_t *y, const double *p, int64_t n, double *out);
/* The same of rows that were checked. */
void mlsd__block_chosen_of_column(const double *y, const double *p, int64_t n, double *out);
/* In place. */
void mlsd__block_negate(double *x, int64_t n);
/* (p - y)^2. */
void mlsd__block_squares(const double *y, const double *p, int64_t n, double *out);
/* Weights, finite and at least 0. */
bool mlsd__block_weights(const double *w, int64_t n);

#endif
