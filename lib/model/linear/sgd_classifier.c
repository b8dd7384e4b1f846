/* sgd_classifier.c - kind "sgd_classifier": its losses of a score z and a class y = -1 or +1. With
 * log_loss there are probabilities; more than two classes share one softmax. The other losses take
 * each class against the rest. Unlike scikit-learn's, the default loss is log_loss. */
#include <math.h>

#include "base/fail.h"
#include "model/class_weight.h"
#include "model/linear/sgd.h"
#include "numeric/mathfun.h"

static double log_value(double z, double y, double epsilon)
{
    (void)epsilon;
    return mlsd__log1pexp(-y * z);
}

static double log_slope(double z, double y, double epsilon)
{
    (void)epsilon;
    return -y * mlsd__sigmoid(-y * z);
}

static double hinge_value(double z, double y, double epsilon)
{
    (void)epsilon;
    const double margin = 1.0 - y * z;
    return margin > 0.0 || isnan(margin) ? margin : 0.0;
}

static double hinge_slope(double z, double y, double epsilon)
{
    (void)epsilon;
    return y * z <= 1.0 ? -y : 0.0;
}

/* Zhang (2004), Annals of Statistics 32:56, example 2.4. */
static double huber_value(double z, double y, double epsilon)
{
    (void)epsilon;
    const double margin = y * z;
    if (margin >= 1.0) return 0.0;
    return margin >= -1.0 ? (1.0 - margin) * (1.0 - margin) : -4.0 * margin;
}

static double huber_slope(double z, double y, double epsilon)
{
    (void)epsilon;
    const double margin = y * z;
    if (margin >= 1.0) return 0.0;
    return margin >= -1.0 ? -2.0 * y * (1.0 - margin) : -4.0 * y;
}

/* Those of both kinds, and what only classes have. */
typedef struct classifier_params {
    mlsd__sgd_params sgd;
    mlsd__class_weight class_weight;
} classifier_params;

static const char *const LOSS_NAMES[] = {"log_loss", "hinge", "modified_huber", NULL};
const mlsd__sgd_loss mlsd__sgd_log_loss = {log_value, log_slope, MLSD__LINK_LOGISTIC, true};
const mlsd__sgd_loss mlsd__sgd_hinge = {hinge_value, hinge_slope, MLSD__LINK_NONE, false};
static const mlsd__sgd_loss HUBER = {huber_value, huber_slope, MLSD__LINK_HUBER, false};
static const mlsd__sgd_loss *const LOSSES[] = {&mlsd__sgd_log_loss, &mlsd__sgd_hinge, &HUBER};

static const mlsd__sgd_loss *loss_of(const mlsd_spec *spec)
{
    return LOSSES[((const mlsd__sgd_params *)mlsd__spec_params(spec))->loss];
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    return mlsd__sgd_check(mlsd__spec_params(spec));
}

static const mlsd__class_weight *class_weight(const mlsd_spec *spec)
{
    return &((const classifier_params *)mlsd__spec_params(spec))->class_weight;
}

static bool spec_has_proba(const mlsd_spec *spec)
{
    return loss_of(spec)->link != MLSD__LINK_NONE;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    *out_state = NULL;
    MLSD__TRY(mlsd__sgd_require_classes(train, "sgd_classifier"));
    return mlsd__sgd_fit(scope, mlsd__spec_params(spec), mlsd__spec_slot_child(spec, "schedule"),
                         loss_of(spec), train, out_state);
}

static const mlsd__estimator_ops OPS = {
    .classifies = true,
    .takes_start = true,
    .is_iterative = true,
    .augments = true,
    .budget = "max_iter",
    .has_proba = true,
    .spec_has_proba = spec_has_proba,
    .check = check,
    .class_weight = class_weight,
    .fit = fit,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

static const mlsd_param PARAMS[] = {
    MLSD__P_CHOICE(mlsd__sgd_params, loss, LOSS_NAMES, "\"log_loss\"",
                   "what is made small; all but hinge give probabilities"),
    MLSD__SGD_PARAMS_TO_TOL,
    MLSD__SGD_PARAMS_FROM_SEED("\"optimal\"", "0.0", "0.5"),
    MLSD__CLASS_WEIGHT_PARAMS(classifier_params),
};

extern const mlsd_kind mlsd__kind_sgd_classifier;
const mlsd_kind mlsd__kind_sgd_classifier = {
    .name = "sgd_classifier",
    .family = "estimator",
    .doc = "linear classifier trained by epochs of stochastic gradient descent",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(classifier_params),
    .slots = mlsd__sgd_slots,
    .n_slots = 1,
    .ops = &OPS,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":true,\"proba\":true,"
              "\"sklearn\":\"SGDClassifier\"}",
};
