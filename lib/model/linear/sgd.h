/* sgd.h - stochastic gradient descent for linear scores: what the classifier and the regressor
 * share. */
#ifndef MLSD_MODEL_SGD_H
#define MLSD_MODEL_SGD_H

#include "base/kindtable.h"
#include "curve/curve_impl.h"
#include "curve/schedule.h"
#include "model/linear/design.h"
#include "model/linear/linear_scores.h"
#include "model/trainer.h"

enum { MLSD__SGD_L2 = 0, MLSD__SGD_L1 = 1, MLSD__SGD_ELASTICNET = 2, MLSD__SGD_NO_PENALTY = 3 };
enum {
    MLSD__SGD_CONSTANT = 0,
    MLSD__SGD_OPTIMAL = 1,
    MLSD__SGD_INVSCALING = 2,
    MLSD__SGD_ADAPTIVE = 3
};

typedef struct mlsd__sgd_params {
    int64_t loss; /* index of the kind's own choices */
    int64_t penalty;
    double alpha, l1_ratio;
    int64_t fit_intercept, max_iter;
    double tol;
    int64_t shuffle;
    double epsilon; /* huber's */
    int64_t seed;
    int64_t learning_rate;
    double eta0, power_t;
    int64_t batch_size, early_stopping;
    double validation_fraction;
    int64_t n_iter_no_change, average;
    int64_t passive; /* below; then loss has slopes of -1, 0 and 1, and batch_size is 1 */
    double C;
} mlsd__sgd_params;

/* Steps of a length of their own, in place of learning_rate's: passive-aggressive ones. */
enum { MLSD__SGD_NOT_PASSIVE = 0, MLSD__SGD_PA1 = 1, MLSD__SGD_PA2 = 2 };

/* A loss of one score and its target: a number, or -1 and +1. `epsilon` is huber's. */
typedef struct mlsd__sgd_loss {
    double (*value)(double score, double target, double epsilon);
    double (*slope)(double score, double target, double epsilon);
    mlsd__link link;
    bool is_softmax; /* over more than two classes: one loss for all scores */
} mlsd__sgd_loss;

/* Rows of a frame, their targets (numbers or class numbers) and their weights, or NULL. */
typedef struct mlsd__sgd_rows {
    mlsd__resident rows;
    const double *y, *weight;
    double total_weight;
} mlsd__sgd_rows;

/* The rows of every set where they can be read fast. End them with _close, also after a failure. */
mlsd_status mlsd__sgd_rows_open(mlsd__scope *scope, const mlsd__training_sets *sets,
                                mlsd__sgd_rows **out);
void mlsd__sgd_rows_close(const mlsd__allocator *a, const mlsd__training_sets *sets,
                          mlsd__sgd_rows *rows);

/* The numbers of the fit, by name. */
mlsd_status mlsd__sgd_tell_outcome(mlsd__linear_scores *scores,
                                   const mlsd__training_outcome *outcome);

/* The mean loss over the rows of a frame (weights, or NULL) at theta: n_scores x n_features
 * coefficients and then n_scores intercepts. y are numbers or class numbers. */
mlsd_status mlsd__sgd_mean_loss(mlsd__scope *scope, const mlsd__sgd_loss *loss, double epsilon,
                                const mlsd__sgd_rows *rows, int64_t n_scores, const double *theta,
                                double *out);

/* What gives n rows their scores (n x n_scores): by coefficients, or by more than that. */
typedef struct mlsd__sgd_scorer mlsd__sgd_scorer;
struct mlsd__sgd_scorer {
    void (*scores)(const mlsd__sgd_scorer *self, const double *x, int64_t n, int64_t ld,
                   double *out, double *scratch);
    const double *theta;
    int64_t n_features, n_scores;
    int64_t n_scratch; /* doubles, however many rows */
    int64_t n_factors; /* of a factorization machine */
};
mlsd_status mlsd__sgd_scorer_loss(mlsd__scope *scope, const mlsd__sgd_loss *loss, double epsilon,
                                  const mlsd__sgd_rows *rows, const mlsd__sgd_scorer *scorer,
                                  double *out);

/* The target of score c of a row: its number, or +1 where the score speaks for its class. */
double mlsd__sgd_target(const mlsd__sgd_loss *loss, double y, int64_t c, int64_t n_scores);

/* The sum of weight x loss over n rows of scores, which may be spoiled; and the slopes in the
 * scores' place. factor (NULL: ones) is the weight. */
double mlsd__sgd_row_sum(const mlsd__sgd_loss *loss, double epsilon, const double *y,
                         const double *factor, int64_t n, int64_t n_scores, double *scores);
void mlsd__sgd_row_slopes(const mlsd__sgd_loss *loss, double epsilon, const double *y,
                          const double *factor, int64_t n, int64_t n_scores, double *scores);

/* max(0, 1 - y z); log(1 + exp(-y z)), softmax over more classes; half the square of z - y. */
extern const mlsd__sgd_loss mlsd__sgd_hinge, mlsd__sgd_log_loss, mlsd__sgd_squared_error;

/* Check parameters against each other. */
mlsd_status mlsd__sgd_check(const mlsd__sgd_params *params);

/* MLSD_E_DATA, by the name of the kind, where all rows are of one class. */
mlsd_status mlsd__sgd_require_classes(const mlsd__train *train, const char *kind);

/* schedule (may be NULL) is a factor of the step. */
mlsd_status mlsd__sgd_fit(mlsd__scope *scope, const mlsd__sgd_params *params,
                          const mlsd_spec *schedule, const mlsd__sgd_loss *loss,
                          const mlsd__train *train, void **out_state);

/* The one slot of the kinds that have a schedule. */
extern const mlsd__slot mlsd__sgd_slots[];

/* The rows of the parameter tables that the kinds have alike. */
#define MLSD__SGD_PARAMS_PASSES                                                             \
    MLSD__P_BOOL(mlsd__sgd_params, fit_intercept, "true",                                   \
                 "fit an intercept, which is never penalised"),                             \
        MLSD__P_I64(mlsd__sgd_params, max_iter, 1, INFINITY, "1000", "log", "most epochs"), \
        MLSD__P_F64(mlsd__sgd_params, tol, 0, INFINITY, MLSD__OPEN_UPPER, "0.001", "log",   \
                    "progress is a loss lower by more than this"),                          \
        MLSD__P_BOOL(mlsd__sgd_params, shuffle, "true",                                     \
                     "go through the rows in another order each epoch")

#define MLSD__SGD_PARAMS_TO_TOL                                                              \
    MLSD__P_CHOICE(mlsd__sgd_params, penalty, mlsd__sgd_penalties, "\"l2\"",                 \
                   "what keeps the coefficients small"),                                     \
        MLSD__P_F64(mlsd__sgd_params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log", \
                    "strength of the penalty, beside the mean loss"),                        \
        MLSD__P_F64(mlsd__sgd_params, l1_ratio, 0, 1, 0, "0.15", NULL,                       \
                    "part of l1 in penalty elasticnet"),                                     \
        MLSD__SGD_PARAMS_PASSES

#define MLSD__SGD_PARAM_SEED                                    \
    MLSD__P_I64(mlsd__sgd_params, seed, 0, INFINITY, "0", NULL, \
                "of the order of the rows and of the rows held out")

#define MLSD__SGD_PARAMS_STOP                                                    \
    MLSD__P_BOOL(mlsd__sgd_params, early_stopping, "false",                      \
                 "hold rows out and stop by their loss"),                        \
        MLSD__P_F64(mlsd__sgd_params, validation_fraction, 0, 1,                 \
                    MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.1", NULL,            \
                    "part of the rows that early_stopping holds out"),           \
        MLSD__P_I64(mlsd__sgd_params, n_iter_no_change, 1, INFINITY, "5", "log", \
                    "stop after so many epochs without progress"),               \
        MLSD__P_BOOL(mlsd__sgd_params, average, "false",                         \
                     "give back the mean of the coefficients over all updates")

#define MLSD__SGD_PARAMS_FROM_SEED(learning_rate_, eta0_, power_t_)                               \
    MLSD__SGD_PARAM_SEED,                                                                         \
        MLSD__P_CHOICE(mlsd__sgd_params, learning_rate, mlsd__sgd_learning_rates, learning_rate_, \
                       "how the step goes with the number t of updates: eta0; "                   \
                       "1 / (alpha (t0 + t)); eta0 / t^power_t; eta0, less when there is no "     \
                       "progress"),                                                               \
        MLSD__P_F64(mlsd__sgd_params, eta0, 0, INFINITY, MLSD__OPEN_UPPER, eta0_, "log",          \
                    "first step of every learning_rate but optimal"),                             \
        MLSD__P_F64(mlsd__sgd_params, power_t, 0, INFINITY, MLSD__OPEN_UPPER, power_t_, NULL,     \
                    "exponent of learning_rate invscaling"),                                      \
        MLSD__P_I64(mlsd__sgd_params, batch_size, 1, 65536, "32", "log",                          \
                    "rows whose mean slope makes one update; 1 is scikit-learn's"),               \
        MLSD__SGD_PARAMS_STOP

extern const char *const mlsd__sgd_penalties[];
extern const char *const mlsd__sgd_learning_rates[];

#endif
