/* mlp_regressor.c - kind "mlp_regressor": a network whose scores are held against numbers, one or
 * several. */
#include <math.h>

#include "base/fail.h"
#include "model/linear/sgd.h"
#include "model/neural/mlp.h"

static const char *const LOSS_NAMES[] = {"squared_error", "absolute_error", "huber", "poisson",
                                         NULL};
static const mlsd__mlp_loss LOSSES[] = {MLSD__MLP_SQUARED, MLSD__MLP_ABSOLUTE, MLSD__MLP_HUBER,
                                        MLSD__MLP_POISSON};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    return mlsd__mlp_check(spec);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__mlp_params *const params = mlsd__spec_params(spec);
    const mlsd__mlp_loss loss = LOSSES[params->loss];
    const int64_t n_numbers = train->x->n_rows * (1 + train->n_more_targets);
    for (int64_t i = 0; loss == MLSD__MLP_POISSON && i < n_numbers; i++)
        if (train->y[i] < 0.0)
            return mlsd__fail(MLSD_E_DATA,
                              "loss poisson needs targets of at least 0, got %g in row %lld",
                              train->y[i], (long long)(i / (1 + train->n_more_targets)));
    if (train->n_more_targets > 0 && train->x_valid != NULL)
        return mlsd__fail(MLSD_E_UNSUPPORTED, "mlp_regressor takes no validation set with several "
                                              "targets; early_stopping holds rows out");
    return mlsd__mlp_fit(scope, spec, loss, train, out_state);
}

static const mlsd__estimator_ops OPS = {
    .regresses = true,
    .takes_targets = true,
    .takes_category = true,
    .takes_start = true,
    .is_iterative = true,
    .augments = true,
    .budget = "max_iter",
    .check = check,
    .fit = fit,
    .predict_block = mlsd__mlp_predict,
    .scratch_width = mlsd__mlp_scratch,
    .block_rows = mlsd__mlp_block_rows,
    .n_targets = mlsd__mlp_n_targets,
    .attribute = mlsd__mlp_attribute,
    .save = mlsd__mlp_save,
    .load = mlsd__mlp_load,
    .free_state = mlsd__mlp_free,
};

static const mlsd_param PARAMS[] = {
    MLSD__P_CHOICE(mlsd__mlp_params, loss, LOSS_NAMES, "\"squared_error\"",
                   "what is made small; poisson predicts the exponential of the score"),
    MLSD__P_F64(mlsd__mlp_params, delta, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0",
                "log", "where loss huber turns from a square into lines"),
    MLSD__P_BOOL(mlsd__mlp_params, scale_target, "true",
                 "train on the target less its mean over its standard deviation, of which alpha, "
                 "tol and the learning rate are then; losses and predictions are in the target's "
                 "own unit. Not of poisson"),
    MLSD__MLP_PARAMS_LAYERS,
    MLSD__MLP_PARAMS_ROWS,
};

extern const mlsd_kind mlsd__kind_mlp_regressor;
const mlsd_kind mlsd__kind_mlp_regressor = {
    .name = "mlp_regressor",
    .family = "estimator",
    .doc = "multi-layer perceptron that predicts numbers, trained by epochs",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(mlsd__mlp_params),
    .slots = mlsd__sgd_slots,
    .n_slots = 1,
    .ops = &OPS,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":true,\"proba\":false,"
              "\"sklearn\":\"MLPRegressor\"}",
};
