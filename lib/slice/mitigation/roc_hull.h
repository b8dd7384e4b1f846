/* roc_hull.h - what thresholds can do to each group (roc_hull.c), and the best that they can do to
 * all of them while rates are kept equal (equal_rates.c). Nothing is known of tables here. */
#ifndef MLSD_SLICE_MITIGATION_ROC_HULL_H
#define MLSD_SLICE_MITIGATION_ROC_HULL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* A concave (upper) or convex (lower) chain of vertices, x ascending. */
typedef struct mlsd__chain {
    int64_t n;
    double *x, *y;
    int64_t *point; /* of the group's */
} mlsd__chain;

/* A threshold with its chance. */
typedef struct mlsd__rule {
    double chance, threshold;
} mlsd__rule;
enum { MLSD__MOST_RULES = 4 };

typedef struct mlsd__side {
    double positives, negatives, rows; /* weights, and rows that weigh more than 0 */
    int64_t n_points;                  /* from all 0 to all 1 */
    double *fpr, *tpr, *threshold;     /* decide 1 for scores of at least it */
    double gain, cost;                 /* the objective: gain * tpr - cost * fpr */
    mlsd__chain upper, lower;          /* what `constraint` needs */
    bool bound;                        /* the constraint is defined for it */
    double at_fpr, at_tpr;             /* what was chosen */
    mlsd__rule rules[MLSD__MOST_RULES];
    int64_t n_rules;
} mlsd__side;

enum { MLSD__FREE, MLSD__EQUAL_SELECTION, MLSD__EQUAL_TPR, MLSD__EQUAL_FPR, MLSD__EQUAL_ODDS };
enum { MLSD__MAX_ACCURACY, MLSD__MAX_BALANCED_ACCURACY, MLSD__MIN_COST };

/* Points of a group from its scores, sorted. `order` is ascending; weights NULL: ones. */
mlsd_status mlsd__side_make(const mlsd__allocator *a, const double *score, const double *y,
                            const double *weight, const int64_t *order, int64_t n, mlsd__side *out);
void mlsd__side_free(mlsd__side *s, const mlsd__allocator *a);

/* Chains for a constraint; needs gain and cost. */
mlsd_status mlsd__side_prepare(const mlsd__allocator *a, int64_t constraint, mlsd__side *s);

/* The height of a chain at x, and its slope there (at a vertex that on the right). */
double mlsd__chain_height(const mlsd__chain *c, double x, double *out_slope);
/* The smallest x at which an upper chain of not descending y is at least y, and dx / dy there. */
double mlsd__chain_reaches(const mlsd__chain *c, double y, double *out_lean);
/* The x at which gain * y - cost * x is highest on a concave chain: the first such vertex. */
double mlsd__chain_peak(const mlsd__chain *c, double gain, double cost);

/* What is chosen for a side: nothing yet; the point of the upper chain at x; a point between the
 * chains, as a mixture of theirs at the same x; the best single threshold. */
void mlsd__side_clear(mlsd__side *s);
void mlsd__side_mix(mlsd__side *s, double x);
void mlsd__side_mix_point(mlsd__side *s, double x, double y);
void mlsd__side_choose_freely(mlsd__side *s);
/* Thresholds descend, so that of two coins the larger one never needs a higher score; chances sum
 * to 1. */
void mlsd__side_order(mlsd__side *s);

/* Choose at_fpr, at_tpr and the rules of every side: the optimum, see equal_rates.c. */
mlsd_status mlsd__sides_choose(mlsd__scope *scope, mlsd__side *sides, int64_t n, int64_t constraint,
                               double tolerance);

/* What the constraint is about: selection rate, TPR, FPR. */
double mlsd__side_rate(const mlsd__side *s, int64_t constraint, double fpr, double tpr);
/* gain * tpr - cost * fpr over all; how far bound sides are apart. */
double mlsd__sides_objective(const mlsd__side *sides, int64_t n);
double mlsd__sides_gap(const mlsd__side *sides, int64_t n, int64_t constraint);

#endif
