/* factorization_machine.c - kinds "factorization_machine_classifier" and "_regressor" (fm.h). The
 * fitted state is that of linear scores, with the factors beside them. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/class_weight.h"
#include "model/factorization/fm.h"

/* Those of both kinds, and what only classes have. */
typedef struct classifier_params {
    mlsd__fm_params fm;
    mlsd__class_weight class_weight;
} classifier_params;

static const char *const SOLVERS[] = {"sgd", "adam", NULL}; /* as in the optimiser */

static mlsd_status fit_classes(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               void **out_state)
{
    *out_state = NULL;
    MLSD__TRY(mlsd__sgd_require_classes(train, "factorization_machine_classifier"));
    return mlsd__fm_fit(scope, mlsd__spec_params(spec), &mlsd__sgd_log_loss, train, out_state);
}

static mlsd_status fit_numbers(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               void **out_state)
{
    return mlsd__fm_fit(scope, mlsd__spec_params(spec), &mlsd__sgd_squared_error, train, out_state);
}

static const mlsd__class_weight *class_weight(const mlsd_spec *spec)
{
    return &((const classifier_params *)mlsd__spec_params(spec))->class_weight;
}

static int64_t scratch_width(const void *state)
{
    const mlsd__linear_scores *const s = state;
    return s->n_scores + mlsd__fm_scratch(s->extras[0].cols);
}

static void predict(const void *state, const double *x, int64_t n, int64_t ld, mlsd_output what,
                    double *out, double *scratch)
{
    const mlsd__linear_scores *const s = state;
    const int64_t k = s->n_scores, p = s->n_features, f = s->extras[0].cols;
    const double *const factors = s->extras[0].data;
    double *const scores = what == MLSD_OUTPUT_PROBA ? scratch : out;
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < k; c++)
            scores[i * k + c] = mlsd__fm_score(x + i * ld, p, s->coef + c * p, s->intercept[c],
                                               factors + c * p * f, f, scratch + n * k);
    if (what == MLSD_OUTPUT_PROBA) mlsd__linear_scores_proba(s, scores, n, out);
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    MLSD__TRY(mlsd__linear_scores_load(r, spec, features, n_features, n_classes, out_state));
    mlsd__linear_scores *const s = *out_state;
    const mlsd__fitted_array *const factors = &s->extras[0];
    if (s->n_extras > 0 && strcmp(factors->name, "factors") == 0 &&
        factors->rows == s->n_scores * s->n_features && factors->cols >= 1)
        return MLSD_OK;
    mlsd__linear_scores_free(r->allocator, s);
    *out_state = NULL;
    r->status = mlsd__fail(MLSD_E_CORRUPT, "the factors in the file are not those of its columns");
    return r->status;
}

static const mlsd__estimator_ops CLASSIFIER = {
    .classifies = true,
    .is_iterative = true,
    .budget = "max_iter",
    .has_proba = true,
    .class_weight = class_weight,
    .fit = fit_classes,
    .predict_block = predict,
    .scratch_width = scratch_width,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = load,
    .free_state = mlsd__linear_scores_free,
};

static const mlsd__estimator_ops REGRESSOR = {
    .regresses = true,
    .is_iterative = true,
    .budget = "max_iter",
    .fit = fit_numbers,
    .predict_block = predict,
    .scratch_width = scratch_width,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = load,
    .free_state = mlsd__linear_scores_free,
};

#define SHARED_PARAMS                                                                              \
    MLSD__P_I64(mlsd__fm_params, n_factors, 1, 65536, "8", "log",                                  \
                "numbers by which each column meets the others"),                                  \
        MLSD__P_F64(mlsd__fm_params, l2_reg_w, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",     \
                    "strength of the l2 penalty of the coefficients, beside the mean loss"),       \
        MLSD__P_F64(mlsd__fm_params, l2_reg_V, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",     \
                    "strength of the l2 penalty of the factors, beside the mean loss"),            \
        MLSD__P_F64(mlsd__fm_params, init_stdev, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, \
                    "0.1", "log", "standard deviation of the factors at the start"),               \
        MLSD__P_CHOICE(mlsd__fm_params, solver, SOLVERS, "\"adam\"",                               \
                       "plain steps along the slope, or steps by Adam"),                           \
        MLSD__P_F64(mlsd__fm_params, learning_rate_init, 0, INFINITY,                              \
                    MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.01", "log", "length of a step"),       \
        MLSD__P_I64(mlsd__fm_params, batch_size, 1, 65536, "32", "log",                            \
                    "rows whose mean slope makes one update"),                                     \
        MLSD__P_I64(mlsd__fm_params, max_iter, 1, INFINITY, "200", "log", "most epochs"),          \
        MLSD__P_F64(mlsd__fm_params, tol, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",          \
                    "progress is a loss lower by more than this"),                                 \
        MLSD__P_I64(mlsd__fm_params, n_iter_no_change, 1, INFINITY, "10", "log",                   \
                    "stop after so many epochs without progress"),                                 \
        MLSD__P_BOOL(mlsd__fm_params, early_stopping, "false",                                     \
                     "hold rows out and stop by their loss"),                                      \
        MLSD__P_F64(mlsd__fm_params, validation_fraction, 0, 1,                                    \
                    MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.1", NULL,                              \
                    "part of the rows that early_stopping holds out"),                             \
        MLSD__P_BOOL(mlsd__fm_params, shuffle, "true",                                             \
                     "go through the rows in another order each epoch"),                           \
        MLSD__P_I64(mlsd__fm_params, seed, 0, INFINITY, "0", NULL,                                 \
                    "of the first factors, the order of the rows and the rows held out")

static const mlsd_param CLASSIFIER_PARAMS[] = {
    SHARED_PARAMS,
    MLSD__CLASS_WEIGHT_PARAMS(classifier_params),
};

static const mlsd_param REGRESSOR_PARAMS[] = {SHARED_PARAMS};

extern const mlsd_kind mlsd__kind_factorization_machine_classifier;
const mlsd_kind mlsd__kind_factorization_machine_classifier = {
    .name = "factorization_machine_classifier",
    .family = "estimator",
    .doc = "factorization machine that tells classes: a linear score and one for each pair of "
           "columns, by epochs",
    .params = CLASSIFIER_PARAMS,
    .n_params = MLSD__COUNT(CLASSIFIER_PARAMS),
    .params_size = sizeof(classifier_params),
    .ops = &CLASSIFIER,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":true,\"proba\":true,"
              "\"sklearn\":\"FactorizationMachineClassifier\"}",
};

extern const mlsd_kind mlsd__kind_factorization_machine_regressor;
const mlsd_kind mlsd__kind_factorization_machine_regressor = {
    .name = "factorization_machine_regressor",
    .family = "estimator",
    .doc = "factorization machine of numbers: a linear score and one for each pair of columns, by "
           "epochs",
    .params = REGRESSOR_PARAMS,
    .n_params = MLSD__COUNT(REGRESSOR_PARAMS),
    .params_size = sizeof(mlsd__fm_params),
    .ops = &REGRESSOR,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":true,\"proba\":false,"
              "\"sklearn\":\"FactorizationMachineRegressor\"}",
};
