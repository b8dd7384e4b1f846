/* dummy.c - constant baselines: what a model must beat. They look at no feature, so any data will
 * do. Names and defaults are scikit-learn's; its random strategies are left out, because a baseline
 * that changes with the seed is no baseline. */
#include <math.h>
#include <string.h>

#include "model/estimator.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_dummy_classifier;
extern const mlsd_kind mlsd__kind_dummy_regressor;

enum { PRIOR, MOST_FREQUENT };
enum { MEAN, MEDIAN, CONSTANT };

typedef struct classifier_params {
    int64_t strategy;
} classifier_params;

typedef struct regressor_params {
    int64_t strategy;
    double constant;
} regressor_params;

/* n values that every row gets: class probabilities, or one number. */
typedef struct dummy_state {
    int64_t n;
    double values[];
} dummy_state;

static dummy_state *state_new(const mlsd__allocator *a, int64_t n)
{
    const size_t bytes = sizeof(dummy_state) + (size_t)n * sizeof(double);
    dummy_state *const state = mlsd__alloc(a, 1, bytes);
    if (state != NULL) state->n = n;
    return state;
}

static mlsd_status fit_classifier(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__train *train, void **out_state)
{
    const classifier_params *const params = mlsd__spec_params(spec);
    dummy_state *const state = state_new(scope->allocator, train->n_classes);
    if (state == NULL) return MLSD_E_NOMEM;
    double total = 0;
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        const double w = train->weight != NULL ? train->weight[i] : 1;
        state->values[(int64_t)train->y[i]] += w;
        total += w;
    }
    int64_t best = 0;
    for (int64_t k = 0; k < state->n; k++) {
        state->values[k] /= total;
        if (state->values[k] > state->values[best]) best = k;
    }
    for (int64_t k = 0; params->strategy == MOST_FREQUENT && k < state->n; k++)
        state->values[k] = k == best;
    *out_state = state;
    return MLSD_OK;
}

static mlsd_status check_regressor(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const regressor_params *const params = mlsd__spec_params(spec);
    if (params->strategy == CONSTANT && isnan(params->constant))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'strategy' is constant, but 'constant' is null");
    return MLSD_OK;
}

/* The value that half of the weight lies on either side of; the middle of two where it falls
 * between them. With equal weights the usual median. */
static mlsd_status median(mlsd__scope *scope, const double *y, const double *weight, int64_t n,
                          double *out)
{
    int64_t *const order = mlsd__alloc_raw(scope->allocator, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort_rows(scope, y, n, order);
    double total = 0, below = 0;
    for (int64_t i = 0; i < n; i++) total += weight != NULL ? weight[i] : 1;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        const double w = weight != NULL ? weight[order[i]] : 1;
        if (w == 0) continue;
        if (below == total / 2) {
            *out += (y[order[i]] - *out) / 2;
            break;
        }
        *out = y[order[i]];
        below += w;
        if (below > total / 2) break;
    }
    mlsd__free(scope->allocator, order);
    return status;
}

static mlsd_status fit_regressor(mlsd__scope *scope, const mlsd_spec *spec,
                                 const mlsd__train *train, void **out_state)
{
    const regressor_params *const params = mlsd__spec_params(spec);
    const int64_t n = train->x->n_rows;
    dummy_state *const state = state_new(scope->allocator, 1);
    if (state == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    double variance;
    if (params->strategy == CONSTANT)
        state->values[0] = params->constant;
    else if (params->strategy == MEDIAN)
        status = median(scope, train->y, train->weight, n, &state->values[0]);
    else
        mlsd__mean_variance(train->y, train->weight, n, 0, &state->values[0], &variance);
    if (status != MLSD_OK) {
        mlsd__free(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static void predict_block(const void *state_, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    const dummy_state *const state = state_;
    (void)x, (void)ld, (void)what, (void)scratch;
    for (int64_t i = 0; i < n; i++)
        memcpy(out + i * state->n, state->values, (size_t)state->n * sizeof *out);
}

static const char *classifier_attribute(const void *state_, int64_t i, const double **data,
                                        int64_t *rows, int64_t *cols)
{
    const dummy_state *const state = state_;
    if (i > 0) return NULL;
    *data = state->values;
    *rows = 1;
    *cols = state->n;
    return "class_prior";
}

static const char *regressor_attribute(const void *state, int64_t i, const double **data,
                                       int64_t *rows, int64_t *cols)
{
    return classifier_attribute(state, i, data, rows, cols) != NULL ? "constant" : NULL;
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const dummy_state *const state = state_;
    mlsd__put_f64s(w, state->values, state->n);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features, (void)n_features;
    *out_state = NULL;
    int64_t n = 0;
    double *const values = mlsd__take_f64s(r, &n);
    if (r->status != MLSD_OK) return r->status;
    dummy_state *state = NULL;
    mlsd_status status = MLSD_OK;
    if (n != (n_classes > 0 ? n_classes : 1))
        status = mlsd__fail(MLSD_E_CORRUPT, "a baseline of %lld values cannot be", (long long)n);
    else if ((state = state_new(r->allocator, n)) == NULL)
        status = MLSD_E_NOMEM;
    else
        memcpy(state->values, values, (size_t)n * sizeof *values);
    mlsd__free(r->allocator, values);
    *out_state = state;
    return status;
}

static void free_state(const mlsd__allocator *a, void *state)
{
    mlsd__free(a, state);
}

static const mlsd__estimator_ops classifier_ops = {
    .classifies = true,
    .takes_nan = true,
    .takes_category = true,
    .has_proba = true,
    .lacks_decision = true,
    .fit = fit_classifier,
    .predict_block = predict_block,
    .attribute = classifier_attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const mlsd__estimator_ops regressor_ops = {
    .regresses = true,
    .takes_nan = true,
    .takes_category = true,
    .check = check_regressor,
    .fit = fit_regressor,
    .predict_block = predict_block,
    .attribute = regressor_attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const char *const classifier_strategies[] = {"prior", "most_frequent", NULL};
static const mlsd_param classifier_table[] = {
    MLSD__P_CHOICE(
        classifier_params, strategy, classifier_strategies, "\"prior\"",
        "prior: the shares of the classes; most_frequent: 1 for the most frequent class"),
};

static const char *const regressor_strategies[] = {"mean", "median", "constant", NULL};
static const mlsd_param regressor_table[] = {
    MLSD__P_CHOICE(regressor_params, strategy, regressor_strategies, "\"mean\"",
                   "What is predicted for every row: the target's mean, its median, or `constant`"),
    MLSD__P_F64_NULL(regressor_params, constant, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "The number predicted with strategy constant"),
};

const mlsd_kind mlsd__kind_dummy_classifier = {
    .name = "dummy_classifier",
    .family = "estimator",
    .doc = "Predicts class shares without looking at any feature: the floor for classifiers",
    .params = classifier_table,
    .n_params = MLSD__COUNT(classifier_table),
    .params_size = sizeof(classifier_params),
    .ops = &classifier_ops,
    .traits =
        "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,\"decision\":false,"
        "\"sklearn\":\"DummyClassifier\"}",
};

const mlsd_kind mlsd__kind_dummy_regressor = {
    .name = "dummy_regressor",
    .family = "estimator",
    .doc = "Predicts one number without looking at any feature: the floor for regressors",
    .params = regressor_table,
    .n_params = MLSD__COUNT(regressor_table),
    .params_size = sizeof(regressor_params),
    .ops = &regressor_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"DummyRegressor\"}",
};
