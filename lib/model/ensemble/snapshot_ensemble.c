/* snapshot_ensemble.c - kinds "snapshot_ensemble_classifier" and "snapshot_ensemble_regressor"
 * (Huang, Li, Pleiss, Liu, Hopcroft & Weinberger 2017, "Snapshot ensembles: train 1, get M for
 * free"): one training whose step goes down like a cosine and starts anew, cycle after cycle, and
 * the mean of what the models at the ends of the cycles say.
 *
 * A cycle is max_iter epochs of the estimator and begins where the one before ended, as
 * mlsd_model_fit_more does: with the weights, with what momentum and Adam remember, and with draws
 * that go on; only its schedule starts anew. Its last state is the snapshot. An end within a cycle
 * (the curve's rule, numbers that break down) is the end of the training, and gives a snapshot in
 * the first cycle only, where there is no other. */
#include "model/ensemble/snapshot.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/spec_impl.h"

extern const mlsd_kind mlsd__kind_snapshot_ensemble_classifier,
    mlsd__kind_snapshot_ensemble_regressor;

const mlsd_spec *mlsd__snapshot_trained(const mlsd_spec *spec)
{
    if (spec == NULL || (spec->kind != &mlsd__kind_snapshot_ensemble_classifier &&
                         spec->kind != &mlsd__kind_snapshot_ensemble_regressor))
        return spec;
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    return child != NULL ? child : spec;
}

static const char *name_of(const mlsd_spec *spec)
{
    return mlsd_kind_name(mlsd_spec_kind(spec));
}

static bool has_schedule(const mlsd_kind *kind)
{
    for (int64_t i = 0; i < kind->n_slots; i++)
        if (strcmp(kind->slots[i].name, "schedule") == 0) return true;
    return false;
}

/* Parameters of the estimator that keep it from going on. */
static mlsd_status check_goes_on(const mlsd_spec *spec, const mlsd_spec *child)
{
    for (int64_t i = 0; i < child->kind->n_params; i++) {
        const mlsd_param *const p = &child->kind->params[i];
        int32_t asked = 0;
        const char *solver = NULL;
        if (strcmp(p->name, "average") == 0) {
            MLSD__TRY(mlsd_spec_get_bool(child, "average", &asked));
            if (asked != 0)
                return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                                  "%s: with 'average' %s does not know where a cycle ended; "
                                  "set it to false",
                                  name_of(spec), name_of(child));
        }
        if (strcmp(p->name, "solver") != 0) continue;
        MLSD__TRY(mlsd_spec_get_str(child, "solver", &solver));
        if (strcmp(solver, "lbfgs") == 0)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "%s: 'solver' lbfgs of %s finds its own steps, which have no "
                              "schedule; choose sgd, adam or adamw",
                              name_of(spec), name_of(child));
    }
    return MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd__snapshot_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    const bool classifies = spec->kind == &mlsd__kind_snapshot_ensemble_classifier;
    const char *const those =
        classifies ? "mlp_classifier and sgd_classifier" : "mlp_regressor and sgd_regressor";
    if (child == NULL)
        return mlsd__fail(MLSD_E_CHILD,
                          "%s has no estimator; put one into its slot 'estimator': "
                          "%s go on by epochs with a schedule",
                          name_of(spec), those);
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(child);
    if (!has_schedule(child->kind) || !ops->takes_start || !ops->is_iterative)
        return mlsd__fail(MLSD_E_CHILD,
                          "%s: %s cannot be trained on by epochs with a schedule; %s can, and "
                          "steps before them go into a pipeline that ends in the ensemble",
                          name_of(spec), name_of(child), those);
    if (classifies ? !ops->classifies : !ops->regresses)
        return mlsd__fail(MLSD_E_CHILD, "%s: %s is no %s", name_of(spec), name_of(child),
                          classifies ? "classifier" : "regressor");
    if (params->n_last != MLSD__NULL_I64 && params->n_last > params->n_snapshots)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'n_last' is %lld, more than the %lld of 'n_snapshots'",
                          (long long)params->n_last, (long long)params->n_snapshots);
    MLSD__TRY(check_goes_on(spec, child));
    return ops->check != NULL ? ops->check(child, task) : MLSD_OK;
}

/* ---- the fit ---- */

static mlsd_status run_cycle(mlsd__scope *scope, const mlsd__train *train, int64_t max_iter,
                             mlsd__snapshots *s)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__cycle cycle = {.first_epoch = s->n_epochs};
    mlsd__train part = *train;
    void *state = NULL;
    part.cycle = &cycle;
    part.file = NULL;
    part.progress = NULL;
    part.x_is_finite = true; /* it was looked through before */
    part.start = s->own.n > 0 ? s->own.states[s->own.n - 1] : NULL;
    mlsd_status status = mlsd__estimator_fit(scope, s->own.spec, &part, &state);
    const mlsd__training_outcome *const o = &cycle.outcome;
    const bool is_whole = o->n_epochs == max_iter && o->reason != MLSD_STOP_NONFINITE;
    if (status == MLSD_OK)
        status = mlsd__snapshots_record(s, cycle.history, o->n_epochs, cycle.n_sets,
                                        !isnan(o->valid_loss));
    if (status == MLSD_OK) {
        s->reason = o->reason;
        s->is_over = cycle.is_last;
    }
    mlsd__free(a, cycle.history);
    if (status == MLSD_OK && (is_whole || s->own.n == 0))
        mlsd__snapshots_push(s, state);
    else if (state != NULL)
        s->own.ops->free_state(a, state);
    return status;
}

static mlsd_status run_cycles(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                              mlsd__snapshots *s)
{
    const mlsd__snapshot_params *const params = mlsd__spec_params(spec);
    mlsd__snapshot_file file = {.file = train->file};
    int64_t max_iter;
    MLSD__TRY(mlsd_spec_get_i64(s->own.spec, "max_iter", &max_iter));
    MLSD__TRY(mlsd__snapshot_file_open(&file, scope, train, s));
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(scope, "cycles", params->n_snapshots);
    mlsd__stage_advance(scope, s->n_cycles);
    while (status == MLSD_OK && !s->is_over && s->n_cycles < params->n_snapshots) {
        status = mlsd__checkpoint(scope);
        if (status == MLSD_OK) status = run_cycle(scope, train, max_iter, s);
        if (status == MLSD_OK) status = mlsd__snapshot_file_keep(&file, scope, s);
        mlsd__stage_advance(scope, 1);
    }
    mlsd__stage_end(scope);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__snapshots *s = NULL;
    *out_state = NULL;
    mlsd_status status = mlsd__snapshots_new(a, spec, train->x->features, train->x->n_features,
                                             train->n_classes, &s);
    if (status == MLSD_OK) status = run_cycles(scope, spec, train, s);
    if (status == MLSD_OK) status = mlsd__snapshots_finish(s);
    if (status != MLSD_OK) {
        if (s != NULL) mlsd__snapshots_free(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

/* ---- the kinds ---- */

/* What the estimator cannot take, its own fit finds out. */
#define OPS                                                                                     \
    .takes_category = true, .is_iterative = true, .augments = true, .check = check, .fit = fit, \
    .predict_long = mlsd__snapshots_predict, .scratch_width = mlsd__snapshots_scratch,          \
    .block_rows = mlsd__snapshots_block_rows, .attribute = mlsd__snapshots_attribute,           \
    .save = mlsd__snapshots_save, .load = mlsd__snapshots_load, .free_state = mlsd__snapshots_free

static const mlsd__estimator_ops classifier_ops = {
    .classifies = true, .has_proba = true, .lacks_decision = true, OPS};
static const mlsd__estimator_ops regressor_ops = {
    .regresses = true, .takes_targets = true, .n_targets = mlsd__snapshots_n_targets, OPS};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "What is trained, its max_iter epochs a cycle. Its schedule runs through every cycle; "
            "without one it is cosine_annealing down to 0"},
};

#define P mlsd__snapshot_params
static const mlsd_param table[] = {
    MLSD__P_I64(P, n_snapshots, 1, 100000, "5", "log",
                "cycles of max_iter epochs each; at the end of each a snapshot is taken"),
    MLSD__P_I64_NULL(P, n_last, 1, 100000, "null",
                     "the last so many snapshots are kept and averaged; null: all"),
};
#undef P

const mlsd_kind mlsd__kind_snapshot_ensemble_classifier = {
    .name = "snapshot_ensemble_classifier",
    .family = "estimator",
    .doc = "A classifier trained in cycles, and the mean of the probabilities of its snapshots at "
           "their ends, or votes where it has none",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(mlsd__snapshot_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &classifier_ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":true,\"proba\":true,"
              "\"decision\":false}",
};

const mlsd_kind mlsd__kind_snapshot_ensemble_regressor = {
    .name = "snapshot_ensemble_regressor",
    .family = "estimator",
    .doc = "A regressor trained in cycles, and the mean of what its snapshots at their ends say",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(mlsd__snapshot_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &regressor_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":true,\"proba\":false}",
};
