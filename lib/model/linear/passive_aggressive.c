/* passive_aggressive.c - kinds "passive_aggressive_classifier" and "passive_aggressive_regressor":
 * SGD's epochs (sgd.h), with steps that take each row's loss to 0, or as near as C allows (Crammer,
 * Dekel, Keshet, Shalev-Shwartz & Singer 2006, Journal of Machine Learning Research 7:551). Losses
 * hinge and epsilon_insensitive are PA-I, squared ones PA-II; as in scikit-learn a row's weight
 * multiplies its step, and the loss that is told is the plain one. */
#include <math.h>

#include "base/fail.h"
#include "model/class_weight.h"
#include "model/linear/sgd.h"

/* Those of both kinds, and what only classes have. */
typedef struct classifier_params {
    mlsd__sgd_params sgd;
    mlsd__class_weight class_weight;
} classifier_params;

static double insensitive_value(double z, double y, double epsilon)
{
    const double beyond = fabs(z - y) - epsilon;
    return beyond > 0.0 || isnan(beyond) ? beyond : 0.0;
}

static double insensitive_slope(double z, double y, double epsilon)
{
    (void)epsilon;
    return z > y ? 1.0 : -1.0;
}

static const mlsd__sgd_loss INSENSITIVE = {insensitive_value, insensitive_slope, MLSD__LINK_VALUE,
                                           false};

/* The n-th loss of each kind makes the n-th of these. */
static const int64_t VARIANTS[] = {MLSD__SGD_PA1, MLSD__SGD_PA2};
static const char *const HINGES[] = {"hinge", "squared_hinge", NULL};
static const char *const INSENSITIVES[] = {"epsilon_insensitive", "squared_epsilon_insensitive",
                                           NULL};

static mlsd_status fit_loss(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__sgd_loss *loss,
                            const mlsd__train *train, void **out_state)
{
    mlsd__sgd_params params = *(const mlsd__sgd_params *)mlsd__spec_params(spec);
    params.passive = VARIANTS[params.loss];
    params.penalty = MLSD__SGD_NO_PENALTY;
    params.learning_rate = MLSD__SGD_CONSTANT;
    params.eta0 = 1.0;
    params.batch_size = 1;
    return mlsd__sgd_fit(scope, &params, NULL, loss, train, out_state);
}

static mlsd_status fit_classes(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               void **out_state)
{
    *out_state = NULL;
    MLSD__TRY(mlsd__sgd_require_classes(train, "passive_aggressive_classifier"));
    return fit_loss(scope, spec, &mlsd__sgd_hinge, train, out_state);
}

static mlsd_status fit_numbers(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               void **out_state)
{
    return fit_loss(scope, spec, &INSENSITIVE, train, out_state);
}

static const mlsd__class_weight *class_weight(const mlsd_spec *spec)
{
    return &((const classifier_params *)mlsd__spec_params(spec))->class_weight;
}

static const mlsd__estimator_ops CLASSIFIER = {
    .classifies = true,
    .takes_start = true,
    .is_iterative = true,
    .budget = "max_iter",
    .class_weight = class_weight,
    .fit = fit_classes,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

static const mlsd__estimator_ops REGRESSOR = {
    .regresses = true,
    .takes_start = true,
    .is_iterative = true,
    .budget = "max_iter",
    .fit = fit_numbers,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

#define PARAM_C                                                                               \
    MLSD__P_F64(mlsd__sgd_params, C, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0", \
                "log", "the longest step (PA-I), or how little steps are softened (PA-II)")

static const mlsd_param CLASSIFIER_PARAMS[] = {
    MLSD__P_CHOICE(mlsd__sgd_params, loss, HINGES, "\"hinge\"",
                   "hinge takes steps of PA-I, squared_hinge of PA-II"),
    PARAM_C,
    MLSD__SGD_PARAMS_PASSES,
    MLSD__SGD_PARAM_SEED,
    MLSD__SGD_PARAMS_STOP,
    MLSD__CLASS_WEIGHT_PARAMS(classifier_params),
};

static const mlsd_param REGRESSOR_PARAMS[] = {
    MLSD__P_CHOICE(mlsd__sgd_params, loss, INSENSITIVES, "\"epsilon_insensitive\"",
                   "epsilon_insensitive takes steps of PA-I, the squared one of PA-II"),
    PARAM_C,
    MLSD__SGD_PARAMS_PASSES,
    MLSD__P_F64(mlsd__sgd_params, epsilon, 0, INFINITY, MLSD__OPEN_UPPER, "0.1", "log",
                "predictions this near to the target are right"),
    MLSD__SGD_PARAM_SEED,
    MLSD__SGD_PARAMS_STOP,
};

extern const mlsd_kind mlsd__kind_passive_aggressive_classifier;
const mlsd_kind mlsd__kind_passive_aggressive_classifier = {
    .name = "passive_aggressive_classifier",
    .family = "estimator",
    .doc =
        "linear classifier that corrects itself on each row it gets wrong, and no more than that",
    .params = CLASSIFIER_PARAMS,
    .n_params = MLSD__COUNT(CLASSIFIER_PARAMS),
    .params_size = sizeof(classifier_params),
    .ops = &CLASSIFIER,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":true,\"proba\":false,"
              "\"sklearn\":\"PassiveAggressiveClassifier\"}",
};

extern const mlsd_kind mlsd__kind_passive_aggressive_regressor;
const mlsd_kind mlsd__kind_passive_aggressive_regressor = {
    .name = "passive_aggressive_regressor",
    .family = "estimator",
    .doc = "linear regression that corrects itself on each row it misses by more than epsilon",
    .params = REGRESSOR_PARAMS,
    .n_params = MLSD__COUNT(REGRESSOR_PARAMS),
    .params_size = sizeof(mlsd__sgd_params),
    .ops = &REGRESSOR,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":true,\"proba\":false,"
              "\"sklearn\":\"PassiveAggressiveRegressor\"}",
};
