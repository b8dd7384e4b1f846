/* mlp.h - multi-layer perceptrons: what the classifier and the regressor share. */
#ifndef MLSD_MODEL_NEURAL_MLP_H
#define MLSD_MODEL_NEURAL_MLP_H

#include "base/kindtable.h"
#include "curve/schedule.h"
#include "model/estimator.h"
#include "model/neural/mlp_net.h"

/* Indices of the parameter's choices. */
enum { MLSD__MLP_SINGLE = 0, MLSD__MLP_DOUBLE = 1 };
enum { MLSD__MLP_SGD = 0, MLSD__MLP_ADAM = 1, MLSD__MLP_ADAMW = 2, MLSD__MLP_LBFGS = 3 };

typedef struct mlsd__mlp_params {
    int64_t loss; /* index of the kind's own choices */
    mlsd__f64_list hidden_layer_sizes;
    int64_t activation, solver;
    double alpha;
    int64_t batch_size; /* MLSD__NULL_I64: 200 */
    double learning_rate_init, momentum;
    int64_t nesterovs_momentum;
    double beta_1, beta_2, epsilon, weight_decay; /* weight_decay NaN: by solver */
    double clip_norm;                             /* 0: none */
    double dropout;
    int64_t batch_norm;
    double delta, label_smoothing, mixup, input_noise;
    double pruning;
    int64_t pruning_epochs, embedding_dim; /* MLSD__NULL_I64: by the number of levels */
    int64_t max_iter;
    double tol;
    int64_t n_iter_no_change, early_stopping;
    double validation_fraction;
    int64_t scale_target; /* of the regressor */
    int64_t shuffle, precision, seed;
} mlsd__mlp_params;

/* A fitted network: the functions of mlsd__estimator_ops but for fit. */
typedef struct mlsd__mlp_state mlsd__mlp_state;

/* Check the parameters of a spec of either kind against each other. */
mlsd_status mlsd__mlp_check(const mlsd_spec *spec);

mlsd_status mlsd__mlp_fit(mlsd__scope *scope, const mlsd_spec *spec, mlsd__mlp_loss loss,
                          const mlsd__train *train, void **out_state);

void mlsd__mlp_predict(const void *state, const double *x, int64_t n, int64_t ld, mlsd_output what,
                       double *out, double *scratch);
int64_t mlsd__mlp_scratch(const void *state);
int64_t mlsd__mlp_block_rows(const void *state);
int64_t mlsd__mlp_n_targets(const void *state);
const char *mlsd__mlp_attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                                int64_t *cols);
mlsd_status mlsd__mlp_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__mlp_load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                           int64_t n_features, int64_t n_classes, void **out_state);
void mlsd__mlp_free(const mlsd__allocator *a, void *state);

extern const char *const mlsd__mlp_solvers[];
extern const char *const mlsd__mlp_precisions[];

/* The rows of the parameter table that both kinds have alike. */
#define MLSD__MLP_PARAMS_LAYERS                                                                    \
    MLSD__P_F64_LIST(mlsd__mlp_params, hidden_layer_sizes, 1, 1048576, 0, "[100]", "log",          \
                     "units of each hidden layer; [] is a linear model"),                          \
        MLSD__P_CHOICE(mlsd__mlp_params, activation, mlsd__activation_names, "\"relu\"",           \
                       "what a hidden unit makes of its sum"),                                     \
        MLSD__P_CHOICE(mlsd__mlp_params, solver, mlsd__mlp_solvers, "\"adam\"",                    \
                       "how the weights move"),                                                    \
        MLSD__P_F64(mlsd__mlp_params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",       \
                    "strength of the penalty alpha / (2 batch) |weights|^2 beside the mean loss"), \
        MLSD__P_I64_NULL(mlsd__mlp_params, batch_size, 1, 1048576, "null",                         \
                         "rows whose mean slope makes one update; null: 200, or all of fewer"),    \
        MLSD__P_F64(mlsd__mlp_params, learning_rate_init, 0, INFINITY,                             \
                    MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.001", "log", "length of a step"),      \
        MLSD__P_F64(mlsd__mlp_params, momentum, 0, 1, MLSD__OPEN_UPPER, "0.9", NULL,               \
                    "part of the last step that solver sgd goes on with"),                         \
        MLSD__P_BOOL(mlsd__mlp_params, nesterovs_momentum, "true",                                 \
                     "solver sgd looks ahead along its momentum"),                                 \
        MLSD__P_F64(mlsd__mlp_params, beta_1, 0, 1, MLSD__OPEN_UPPER, "0.9", NULL,                 \
                    "memory of solver adam and adamw for slopes"),                                 \
        MLSD__P_F64(mlsd__mlp_params, beta_2, 0, 1, MLSD__OPEN_UPPER, "0.999", NULL,               \
                    "memory of solver adam and adamw for squares of slopes"),                      \
        MLSD__P_F64(mlsd__mlp_params, epsilon, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,   \
                    "1e-08", "log", "keeps solver adam and adamw from dividing by 0"),             \
        MLSD__P_F64_NULL(mlsd__mlp_params, weight_decay, 0, 1, 0, "null",                          \
                         "part of each weight that a step of length 1 takes away, beside the "     \
                         "slopes; null: 0.01 for solver adamw, otherwise 0"),                      \
        MLSD__P_F64(mlsd__mlp_params, clip_norm, 0, INFINITY, MLSD__OPEN_UPPER, "0.0", "log",      \
                    "longest slope that is not shortened to this length; 0: none is"),             \
        MLSD__P_F64(mlsd__mlp_params, dropout, 0, 1, MLSD__OPEN_UPPER, "0.0", NULL,                \
                    "part of the hidden units that a training row does not see"),                  \
        MLSD__P_BOOL(mlsd__mlp_params, batch_norm, "false",                                        \
                     "centre and scale the sums of each hidden layer over the batch")

#define MLSD__MLP_PARAMS_ROWS                                                                     \
    MLSD__P_F64(mlsd__mlp_params, mixup, 0, INFINITY, MLSD__OPEN_UPPER, "0.0", "log",             \
                "mix each training row with another, shares drawn from Beta(mixup, mixup); 0: "   \
                "none"),                                                                          \
        MLSD__P_F64(mlsd__mlp_params, input_noise, 0, INFINITY, MLSD__OPEN_UPPER, "0.0", "log",   \
                    "standard deviation of normal noise on the numbers of training rows, in the " \
                    "columns' own units"),                                                        \
        MLSD__P_F64(mlsd__mlp_params, pruning, 0, 1, MLSD__OPEN_UPPER, "0.0", NULL,               \
                    "share of each layer's weights that is 0 in the end, the smallest first; "    \
                    "what is given back is of an epoch from there on"),                           \
        MLSD__P_I64(mlsd__mlp_params, pruning_epochs, 1, INFINITY, "10", "log",                   \
                    "epochs over which that share is reached"),                                   \
        MLSD__P_I64_NULL(mlsd__mlp_params, embedding_dim, 1, 4096, "null",                        \
                         "numbers that stand for a level of a category column; null: half the "   \
                         "number of levels, 50 at most"),                                         \
        MLSD__P_I64(mlsd__mlp_params, max_iter, 1, INFINITY, "200", "log",                        \
                    "most epochs; of solver lbfgs most steps"),                                   \
        MLSD__P_F64(mlsd__mlp_params, tol, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",        \
                    "progress is a loss lower by more than this"),                                \
        MLSD__P_I64(mlsd__mlp_params, n_iter_no_change, 1, INFINITY, "10", "log",                 \
                    "stop after so many epochs without progress"),                                \
        MLSD__P_BOOL(mlsd__mlp_params, early_stopping, "false",                                   \
                     "hold rows out and stop by their loss"),                                     \
        MLSD__P_F64(mlsd__mlp_params, validation_fraction, 0, 1,                                  \
                    MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.1", NULL,                             \
                    "part of the rows that early_stopping holds out"),                            \
        MLSD__P_BOOL(mlsd__mlp_params, shuffle, "true",                                           \
                     "go through the rows in another order each epoch"),                          \
        MLSD__P_CHOICE(mlsd__mlp_params, precision, mlsd__mlp_precisions, "\"single\"",           \
                       "what slopes are computed in: float, or double, which takes twice as "     \
                       "long; weights and losses are double, and so is all of solver lbfgs"),     \
        MLSD__P_I64(mlsd__mlp_params, seed, 0, INFINITY, "0", NULL,                               \
                    "of the first weights, the order of the rows, the rows held out, dropout, "   \
                    "noise and mixing")

#endif
