/* fair_moments.h - what a classifier's answers mean for groups of rows: the moments that
 * constraints of fairness bound, and the price that multipliers put on answering 1.
 *
 * The rows are the groups' (g), and those in which a rate is taken are an event's (e): all, those
 * of class 1, of class 0. gap(e, g) = P(1 | e, g) - P(1 | e), and each |gap| is bounded. */
#ifndef MLSD_MODEL_FAIR_MOMENTS_H
#define MLSD_MODEL_FAIR_MOMENTS_H

#include "base/kindtable.h"
#include "model/estimator.h"

enum {
    MLSD__FAIR_DEMOGRAPHIC_PARITY,
    MLSD__FAIR_EQUAL_OPPORTUNITY,
    MLSD__FAIR_PREDICTIVE_EQUALITY,
    MLSD__FAIR_EQUALIZED_ODDS
};

typedef struct mlsd__fair_moments {
    int64_t n, n_groups, n_events, constraint;
    int32_t *group; /* n */
    double *values; /* n_groups x columns: what makes a group, NaN for missing; of a column
                       of numbers that was cut the least of the group's */
    const double *y, *weight; /* borrowed; weight may be NULL */
    double total, *mass;      /* weights: of all; of events x groups */
    double event_mass[2];
} mlsd__fair_moments;

/* How groups are made of columns. */
typedef struct mlsd__fair_groups {
    const int64_t *columns;
    int64_t n_columns, max_groups, max_values, n_bins;
} mlsd__fair_groups;

/* MLSD_E_DATA for more groups than asked for. The rows of train have weight. */
mlsd_status mlsd__fair_moments_open(mlsd__scope *scope, const mlsd__train *train,
                                    const mlsd__fair_groups *groups, int64_t constraint,
                                    mlsd__fair_moments *out);
void mlsd__fair_moments_close(mlsd__fair_moments *m, const mlsd__allocator *a);

/* Whether the group has rows of the event, so that its rate is bound. */
bool mlsd__fair_is_bound(const mlsd__fair_moments *m, int64_t event, int64_t group);

/* Of answers 0 or 1: the share of errors, and rates and gaps (events x groups each). A rate of
 * nothing is NaN and its gap 0. */
double mlsd__fair_measure(const mlsd__fair_moments *m, const double *answers, double *rates,
                          double *gaps);

/* The classification that multipliers (events x groups, of gap less those of -gap) ask for: the
 * class that costs less, and as weight by how much, scaled to the weights' sum. *out_class is -1,
 * or the one class that all rows ask for. */
void mlsd__fair_relabel(const mlsd__fair_moments *m, const double *multipliers, double *y,
                        double *weight, int64_t *out_class);

#endif
