/* fairness_cells.h - what a classifier did to the groups, as counts of four cells, and the rates
 * that are made of them. */
#ifndef MLSD_SLICE_FAIRNESS_CELLS_H
#define MLSD_SLICE_FAIRNESS_CELLS_H

#include <stdbool.h>
#include <stdint.h>

#include "slice/crossing.h"
#include "slice/slicing.h"

/* True and predicted: the bits that masks of cells are made of. */
enum { MLSD__TP = 1, MLSD__FP = 2, MLSD__TN = 4, MLSD__FN = 8 };
enum { MLSD__N_CELLS = 4 };

/* The rows of a group (in one cell of the control columns, of one class against the rest). */
typedef struct mlsd__cells {
    double weight[MLSD__N_CELLS], squares[MLSD__N_CELLS];
    double rows[MLSD__N_CELLS]; /* that weigh more than 0 */
} mlsd__cells;

enum {
    MLSD__SELECTION_RATE,
    MLSD__BASE_RATE,
    MLSD__TPR,
    MLSD__FPR,
    MLSD__TNR,
    MLSD__FNR,
    MLSD__PPV,
    MLSD__NPV,
    MLSD__ACCURACY,
    MLSD__TREATMENT, /* false negatives for each false positive: odds, not a share */
    MLSD__N_FAIR_RATES
};
typedef struct mlsd__fair_rate_row {
    const char *name;
    int numerator, denominator; /* masks of cells */
    bool is_odds;
} mlsd__fair_rate_row;
extern const mlsd__fair_rate_row mlsd__fair_rates[MLSD__N_FAIR_RATES];

/* A rate with all it is made of. With weights, trials are the effective rows of the denominator
 * (Kish: the square of the sum over the sum of the squares), and successes their share. Of odds
 * both are of numerator and denominator together. */
typedef struct mlsd__fair_rate {
    double numerator, denominator, support; /* support: rows of the denominator */
    double value;                           /* NaN where the denominator is 0: never 0 */
    double successes, trials;
    bool is_low; /* fewer rows than min_support, but some */
} mlsd__fair_rate;

void mlsd__fair_rate_make(const mlsd__cells *c, int rate, int64_t min_support,
                          mlsd__fair_rate *out);
void mlsd__cells_add(mlsd__cells *into, const mlsd__cells *from);
double mlsd__cells_weight(const mlsd__cells *c, int mask);

/* The caller's rows, read and checked. */
typedef struct mlsd__fair_rows {
    int64_t n, n_classes;
    int32_t *y, *predicted; /* class numbers */
    double *score;          /* n x n_classes probabilities, row-major; NULL: labels were given */
    double *weight;         /* NULL: ones */
} mlsd__fair_rows;

/* y: n x 1 class numbers. prediction: n x 1 class numbers, n x 1 probabilities of class 1 of two
 * (whole numbers all over mean labels), or n x n_classes probabilities. Class 1 of two is predicted
 * above `threshold`; of more classes the most probable. Errors: MLSD_E_SHAPE, MLSD_E_DATA. */
mlsd_status mlsd__fair_rows_read(mlsd__scope *scope, const mlsd__slicing_input *in,
                                 double threshold, mlsd__fair_rows *out);
void mlsd__fair_rows_free(mlsd__fair_rows *r, const mlsd__allocator *a);

static inline double mlsd__fair_weight(const mlsd__fair_rows *r, int64_t i)
{
    return r->weight == NULL ? 1 : r->weight[i];
}

/* The probability of a class; there must be scores. */
static inline double mlsd__fair_score(const mlsd__fair_rows *r, int64_t i, int64_t positive)
{
    return r->score[i * r->n_classes + positive];
}

/* Which of the four cells (0: TP, 1: FP, 2: TN, 3: FN) row i is in, of a class against the rest. */
int mlsd__cell_of(const mlsd__fair_rows *r, int64_t i, int64_t positive);

/* Count: cells of (control, group), n_controls x n_groups. */
mlsd_status mlsd__cells_count(mlsd__scope *scope, const mlsd__fair_rows *r, int64_t positive,
                              const mlsd__crossing *groups, const mlsd__crossing *controls,
                              mlsd__cells *out);

#endif
