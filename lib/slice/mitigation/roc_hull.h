/* roc_hull.h - what thresholds can do to each group, and the best that they can do to all of them
 * while rates are kept equal. Nothing is known of tables here. */
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
    mlsd__chain upper, lower;          /* what `constraint` needs; see roc_hull.c */
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

/* Choose at_fpr, at_tpr and the rules of every side. */
mlsd_status mlsd__sides_choose(mlsd__scope *scope, mlsd__side *sides, int64_t n, int64_t constraint,
                               double tolerance);

/* What the constraint is about: selection rate, TPR, FPR. */
double mlsd__side_rate(const mlsd__side *s, int64_t constraint, double fpr, double tpr);
/* gain * tpr - cost * fpr over all; how far bound sides are apart. */
double mlsd__sides_objective(const mlsd__side *sides, int64_t n);
double mlsd__sides_gap(const mlsd__side *sides, int64_t n, int64_t constraint);

#endif
