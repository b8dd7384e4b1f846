/* mlp_fit.c - from parameters and rows to a fitted network. */
#include "model/neural/mlp_state.h"

#include <math.h>

#include "base/fail.h"

const char *const mlsd__mlp_solvers[] = {"sgd", "adam", "adamw", "lbfgs", NULL};
const char *const mlsd__mlp_precisions[] = {"single", "double", NULL};

/* Solver lbfgs needs the same function wherever it asks, and finds the lengths of its steps. */
static mlsd_status check_lbfgs(const mlsd__mlp_params *params, const mlsd_spec *schedule)
{
    const struct {
        const char *name;
        bool is_set;
    } without[] = {{"dropout", params->dropout > 0.0},
                   {"batch_norm", params->batch_norm != 0},
                   {"mixup", params->mixup > 0.0},
                   {"input_noise", params->input_noise > 0.0},
                   {"clip_norm", params->clip_norm > 0.0},
                   {"pruning", params->pruning > 0.0},
                   {"weight_decay", params->weight_decay > 0.0},
                   {"schedule", schedule != NULL}};
    for (int64_t i = 0; i < MLSD__COUNT(without); i++)
        if (without[i].is_set)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "'%s' is for solver sgd, adam and adamw, not for lbfgs",
                              without[i].name);
    return MLSD_OK;
}

mlsd_status mlsd__mlp_check(const mlsd_spec *spec)
{
    const mlsd__mlp_params *const params = mlsd__spec_params(spec);
    const mlsd__f64_list *const hidden = &params->hidden_layer_sizes;
    const int64_t n = hidden->values != NULL ? hidden->n : 0;
    if (n > MLSD__MLP_MOST_LAYERS - 1)
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'hidden_layer_sizes' has %lld layers, %d at most",
                          (long long)n, MLSD__MLP_MOST_LAYERS - 1);
    for (int64_t l = 0; l < n; l++)
        if (hidden->values[l] != floor(hidden->values[l]))
            return mlsd__fail(MLSD_E_PARAM_RANGE,
                              "'hidden_layer_sizes' must be whole numbers, got %g",
                              hidden->values[l]);
    return params->solver == MLSD__MLP_LBFGS
               ? check_lbfgs(params, mlsd__spec_slot_child(spec, "schedule"))
               : MLSD_OK;
}

static void say_how_it_ended(mlsd__scope *scope, const mlsd__training_outcome *outcome,
                             bool is_cycle)
{
    if (outcome->reason == MLSD_STOP_NONFINITE)
        mlsd__log_line(
            scope, MLSD_LOG_WARNING,
            "the training diverged in epoch %lld: its numbers are no longer finite, and "
            "the best state before is kept; lower 'learning_rate_init', set 'clip_norm', "
            "or add a standardize step",
            (long long)outcome->n_epochs);
    if (outcome->reason == MLSD_STOP_BUDGET && !is_cycle)
        mlsd__log_line(scope, MLSD_LOG_WARNING, "not converged after %lld epochs; raise 'max_iter'",
                       (long long)outcome->n_epochs);
}

mlsd_status mlsd__mlp_fit(mlsd__scope *scope, const mlsd_spec *spec, mlsd__mlp_loss loss,
                          const mlsd__train *train, void **out_state)
{
    const mlsd__mlp_params *const params = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__hold_out hold_out = {params->early_stopping != 0, params->validation_fraction,
                                     params->seed};
    const bool has_valid = params->early_stopping || train->x_valid != NULL;
    const bool ends_itself = params->solver == MLSD__MLP_LBFGS && !has_valid;
    mlsd__trainer_rule rule = {params->max_iter, ends_itself ? INT64_MAX : params->n_iter_no_change,
                               params->tol, params->pruning > 0.0 ? params->pruning_epochs - 1 : 0};
    mlsd__training_sets sets;
    mlsd__training_outcome outcome;
    mlsd__mlp_training t = {0};
    mlsd__mlp_state *state = NULL;
    if (params->solver == MLSD__MLP_LBFGS && train->augment != NULL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "augmentations are for solver sgd, adam and adamw, not for lbfgs");
    mlsd_status status = mlsd__training_sets_open(&sets, scope, train, &hold_out);
    if (status == MLSD_OK) status = mlsd__mlp_training_open(&t, scope, params, loss, &sets, train);
    t.schedule = mlsd__spec_slot_child(spec, "schedule");
    if (status == MLSD_OK && train->start != NULL) status = mlsd__mlp_state_start(train->start, &t);
    rule.tol *= t.loss_unit;
    if (status == MLSD_OK)
        status = mlsd__trainer_run(scope, &rule, &mlsd__mlp_trainee, &t, &sets, train, &outcome);
    if (status == MLSD_OK) {
        say_how_it_ended(scope, &outcome, train->cycle != NULL);
        status = mlsd__mlp_state_take(
            &t, a, train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes, &outcome, &state);
    }
    mlsd__mlp_training_close(&t, a);
    mlsd__training_sets_close(&sets, a);
    *out_state = state;
    return status;
}
