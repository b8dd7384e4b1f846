/* calibration_bins.h - probabilities put in bins beside what happened: what calibration_error and
 * the parts of the Brier score are made of. */
#ifndef MLSD_METRIC_CALIBRATION_BINS_H
#define MLSD_METRIC_CALIBRATION_BINS_H

#include <stdbool.h>
#include <stdint.h>

#include "metric/summary.h"

typedef struct mlsd__calibration_params {
    int64_t n_bins, strategy, multi_class, norm, debiased;
} mlsd__calibration_params;

extern const char *const mlsd__bin_strategies[];
#define MLSD__P_BINS                                                                            \
    MLSD__P_I64(mlsd__calibration_params, n_bins, 1, 1000000, "10", NULL,                       \
                "bins of the probabilities"),                                                   \
        MLSD__P_CHOICE(mlsd__calibration_params, strategy, mlsd__bin_strategies, "\"uniform\"", \
                       "bins of equal width, or of about as many rows each")

/* Sums of a bin, the weight of a row being w, its probability q, what happened y (0 or 1), and u
 * the outcome less the probability. */
typedef struct mlsd__bin {
    double low, high, n, w, w2, wq, wy, wu, wuu, w2u, w2uu, wqq, wqy;
} mlsd__bin;

/* Which probability of a row is asked about: that of a class, or with MLSD__MOST_PROBABLE that of
 * the most probable one, of equal ones the first; it happens if this is the row's class. */
enum { MLSD__MOST_PROBABLE = -1 };

typedef struct mlsd__bins {
    const mlsd__scored *s;
    int64_t which, n;
    mlsd__bin *bin; /* n of them; owned */
    mlsd__bin all;
} mlsd__bins;

mlsd_status mlsd__bins_new(mlsd__scope *scope, const mlsd__calibration_params *p,
                           const mlsd__scored *s, int64_t which, mlsd__bins *out);
void mlsd__bins_free(mlsd__bins *b, const mlsd__allocator *a);
/* The probability of a row; *out_y is 1 where what it is of happened, else 0. */
double mlsd__bins_row(const mlsd__bins *b, int64_t row, double *out_y);
/* The bin that a probability falls in. */
const mlsd__bin *mlsd__bins_at(const mlsd__bins *b, double probability);

/* Mean of u in a bin that has rows. */
static inline double mlsd__bin_gap(const mlsd__bin *b)
{
    return b->wu / b->w;
}
/* Effective rows of a bin that has any. */
static inline double mlsd__bin_rows(const mlsd__bin *b)
{
    return b->w * b->w / b->w2;
}
/* Sample variance of u over the bin's effective rows: that of the gap. NaN below two rows. */
double mlsd__bin_gap_variance(const mlsd__bin *b);

/* Mean over rows of squared distances that bins have: of the observed rate to the probabilities, or
 * to the base rate. `debiased` is less what chance adds. */
typedef struct mlsd__bin_square {
    double plain, debiased, variance;
} mlsd__bin_square;
typedef enum mlsd__bin_distance { MLSD__TO_PROBABILITY, MLSD__TO_BASE_RATE } mlsd__bin_distance;
void mlsd__bins_square(const mlsd__bins *b, mlsd__bin_distance distance, mlsd__bin_square *out);

/* Parts of the Brier score, in this order. */
enum {
    MLSD__RELIABILITY,
    MLSD__RESOLUTION,
    MLSD__UNCERTAINTY,
    MLSD__WITHIN,
    MLSD__BRIER_SCORE,
    MLSD__N_BRIER_PARTS
};
/* Add what the bins say to `plain` and, corrected for chance, to `corrected`. */
void mlsd__bins_brier(const mlsd__bins *b, double *plain, double *corrected);
/* The table "brier" of these. */
mlsd_status mlsd__put_brier(const double *plain, const double *corrected, mlsd__measured *out);

#endif
