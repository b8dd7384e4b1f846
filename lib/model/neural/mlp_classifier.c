/* mlp_classifier.c - kind "mlp_classifier": a network whose scores are held against classes; one
 * score for two classes, a softmax over more. */
#include "base/fail.h"
#include "model/class_weight.h"
#include "model/linear/sgd.h"
#include "model/neural/mlp.h"

/* Those of both kinds, and what only classes have. */
typedef struct classifier_params {
    mlsd__mlp_params mlp;
    mlsd__class_weight class_weight;
} classifier_params;

static const char *const LOSS_NAMES[] = {"log_loss", "brier", NULL};
static const mlsd__mlp_loss LOSSES[] = {MLSD__MLP_LOG_LOSS, MLSD__MLP_BRIER};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    return mlsd__mlp_check(spec);
}

static const mlsd__class_weight *class_weight(const mlsd_spec *spec)
{
    return &((const classifier_params *)mlsd__spec_params(spec))->class_weight;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    *out_state = NULL;
    MLSD__TRY(mlsd__sgd_require_classes(train, "mlp_classifier"));
    const mlsd__mlp_params *const params = mlsd__spec_params(spec);
    return mlsd__mlp_fit(scope, spec, LOSSES[params->loss], train, out_state);
}

static const mlsd__estimator_ops OPS = {
    .classifies = true,
    .takes_category = true,
    .takes_start = true,
    .is_iterative = true,
    .augments = true,
    .budget = "max_iter",
    .has_proba = true,
    .check = check,
    .class_weight = class_weight,
    .fit = fit,
    .predict_block = mlsd__mlp_predict,
    .scratch_width = mlsd__mlp_scratch,
    .block_rows = mlsd__mlp_block_rows,
    .attribute = mlsd__mlp_attribute,
    .save = mlsd__mlp_save,
    .load = mlsd__mlp_load,
    .free_state = mlsd__mlp_free,
};

static const mlsd_param PARAMS[] = {
    MLSD__P_CHOICE(mlsd__mlp_params, loss, LOSS_NAMES, "\"log_loss\"",
                   "what is made small; brier is the squared distance of the probabilities"),
    MLSD__MLP_PARAMS_LAYERS,
    MLSD__P_F64(mlsd__mlp_params, label_smoothing, 0, 1, MLSD__OPEN_UPPER, "0.0", NULL,
                "share of each row's class that is dealt out evenly over all classes"),
    MLSD__MLP_PARAMS_ROWS,
    MLSD__CLASS_WEIGHT_PARAMS(classifier_params),
};

extern const mlsd_kind mlsd__kind_mlp_classifier;
const mlsd_kind mlsd__kind_mlp_classifier = {
    .name = "mlp_classifier",
    .family = "estimator",
    .doc = "multi-layer perceptron that tells classes, trained by epochs",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(classifier_params),
    .slots = mlsd__sgd_slots,
    .n_slots = 1,
    .ops = &OPS,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":true,\"proba\":true,"
              "\"sklearn\":\"MLPClassifier\"}",
};
