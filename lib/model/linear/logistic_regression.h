/* logistic_regression.h - what logistic regression and its cross-validated sister share. */
#ifndef MLSD_MODEL_LOGISTIC_REGRESSION_H
#define MLSD_MODEL_LOGISTIC_REGRESSION_H

#include "model/class_weight.h"
#include "model/linear/design.h"
#include "model/linear/linear_scores.h"
#include "model/linear/logistic_solve.h"

enum {
    MLSD__PENALTY_L2 = 0,
    MLSD__PENALTY_NONE = 1,
    MLSD__PENALTY_L1 = 2,
    MLSD__PENALTY_ELASTICNET = 3
};

typedef struct mlsd__logistic_params {
    double C;
    int64_t penalty;
    int64_t fit_intercept;
    int64_t max_iter;
    double tol;
    double l1_ratio; /* NaN: not given */
    mlsd__class_weight class_weight;
} mlsd__logistic_params;

/* A training set ready to be fitted several times, with different C. Classes without a row of
 * positive weight are left out: they get coefficients 0, intercept -infinity and so probability 0.
 */
typedef struct mlsd__logistic_problem {
    mlsd__design design;
    const mlsd__train *train;
    int32_t *label;    /* number among the classes that are there */
    int64_t *class_of; /* the class of each label */
    int64_t n_labels;
    double weight; /* sum */
    double *theta; /* coefficients in the design's units; start and answer */
    int64_t n_theta;
    bool is_cold;                      /* theta is zero */
    const mlsd__logistic_watch *watch; /* of what solves it; NULL: nobody */
} mlsd__logistic_problem;

/* Errors: MLSD_E_DATA where fewer than two classes have rows; `what` names the kind in messages. */
mlsd_status mlsd__logistic_problem_open(mlsd__logistic_problem *p, mlsd__scope *scope,
                                        const mlsd__train *train, bool fit_intercept,
                                        const char *what);
void mlsd__logistic_problem_close(mlsd__logistic_problem *p, const mlsd__allocator *a);

/* MLSD_E_PARAM_CONFLICT where a penalty lacks what it needs. */
mlsd_status mlsd__logistic_params_check(const mlsd__logistic_params *params);

/* Minimise C sum w_i loss_i + r |coef|_1 + (1 - r) ||coef||^2 / 2, with r 0 for l2, 1 for l1 and
 * l1_ratio for elasticnet, from where theta is. Errors: MLSD_E_DATA (NaN or
 * infinity), MLSD_E_NUMERIC (overflow). */
mlsd_status mlsd__logistic_problem_solve(mlsd__logistic_problem *p, mlsd__scope *scope,
                                         const mlsd__logistic_params *params,
                                         mlsd__logistic_outcome *out);

/* Say in the log why a fit did not converge, and what to do; `what` names the kind. */
void mlsd__logistic_problem_warn(const mlsd__logistic_problem *p, mlsd__scope *scope,
                                 const mlsd__logistic_params *params,
                                 const mlsd__logistic_outcome *outcome, const char *what);

/* The answer as scores for all classes, with n_iter, converged, loss, objective and, with l1,
 * violation. */
mlsd_status mlsd__logistic_problem_scores(const mlsd__logistic_problem *p, const mlsd__allocator *a,
                                          const mlsd__logistic_params *params,
                                          const mlsd__logistic_outcome *outcome,
                                          mlsd__linear_scores **out);

/* Whether l2 and no penalty are solved by Newton's method. */
bool mlsd__logistic_is_newton(const mlsd__logistic_problem *p, int64_t n_scores);

/* Coefficients in the design's units as scores (empty ones, of LINK_LOGISTIC) in the columns' own.
 */
void mlsd__logistic_fill_scores(const mlsd__logistic_problem *p, const double *theta,
                                mlsd__linear_scores *s);

#endif
