/* sgd_regressor.c - kind "sgd_regressor": its losses of a prediction z and a number y. */
#include <math.h>

#include "model/linear/sgd.h"

static double squared_value(double z, double y, double epsilon)
{
    (void)epsilon;
    return 0.5 * (z - y) * (z - y);
}

static double squared_slope(double z, double y, double epsilon)
{
    (void)epsilon;
    return z - y;
}

/* Huber (1964), Annals of Mathematical Statistics 35:73. */
static double huber_value(double z, double y, double epsilon)
{
    const double distance = fabs(z - y);
    return distance <= epsilon ? 0.5 * distance * distance
                               : epsilon * distance - 0.5 * epsilon * epsilon;
}

static double huber_slope(double z, double y, double epsilon)
{
    const double distance = z - y;
    if (distance > epsilon) return epsilon;
    return distance < -epsilon ? -epsilon : distance;
}

static const char *const LOSS_NAMES[] = {"squared_error", "huber", NULL};
const mlsd__sgd_loss mlsd__sgd_squared_error = {squared_value, squared_slope, MLSD__LINK_VALUE,
                                                false};
static const mlsd__sgd_loss HUBER = {huber_value, huber_slope, MLSD__LINK_VALUE, false};
static const mlsd__sgd_loss *const LOSSES[] = {&mlsd__sgd_squared_error, &HUBER};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    return mlsd__sgd_check(mlsd__spec_params(spec));
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__sgd_params *params = mlsd__spec_params(spec);
    return mlsd__sgd_fit(scope, params, mlsd__spec_slot_child(spec, "schedule"),
                         LOSSES[params->loss], train, out_state);
}

static const mlsd__estimator_ops OPS = {
    .regresses = true,
    .takes_start = true,
    .is_iterative = true,
    .augments = true,
    .budget = "max_iter",
    .check = check,
    .fit = fit,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

static const mlsd_param PARAMS[] = {
    MLSD__P_CHOICE(mlsd__sgd_params, loss, LOSS_NAMES, "\"squared_error\"",
                   "what is made small: half the square, or that up to epsilon and lines beyond"),
    MLSD__SGD_PARAMS_TO_TOL,
    MLSD__P_F64(mlsd__sgd_params, epsilon, 0, INFINITY, MLSD__OPEN_UPPER, "0.1", "log",
                "where loss huber turns from a square into lines"),
    MLSD__SGD_PARAMS_FROM_SEED("\"invscaling\"", "0.01", "0.25"),
};

extern const mlsd_kind mlsd__kind_sgd_regressor;
const mlsd_kind mlsd__kind_sgd_regressor = {
    .name = "sgd_regressor",
    .family = "estimator",
    .doc = "linear regression trained by epochs of stochastic gradient descent",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(mlsd__sgd_params),
    .slots = mlsd__sgd_slots,
    .n_slots = 1,
    .ops = &OPS,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":true,\"proba\":false,"
              "\"sklearn\":\"SGDRegressor\"}",
};
