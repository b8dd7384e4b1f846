/* final_fit.c - the curve and the models that the test part is shown to. The iterative model (the
 * chosen one, otherwise the best iterative rung) is trained on the training part while the
 * validation part is watched, and keeps its best epoch. Where the chosen model is not iterative,
 * the validation part has served nothing else, so it is fitted on training and validation together;
 * the baseline beside it is fitted on the same rows. */
#include <math.h>
#include <string.h>

#include "curve/curve_impl.h"
#include "experiment/experiment_impl.h"
#include "validate/corrected.h"

/* The chosen model where it is iterative, otherwise the best iterative one; -1 without any. */
static int64_t choose_watched(const mlsd__experiment *x)
{
    int64_t best = -1;
    double best_score = NAN;
    for (int64_t i = 0; i < x->n_models; i++) {
        const mlsd__estimator_ops *ops = mlsd__estimator_final_ops(x->models[i]);
        if (ops == NULL || !ops->is_iterative) continue;
        if (i == x->chosen) return i;
        mlsd__estimate e;
        mlsd__corrected_t(mlsd__fold_scores(&x->runs, i, 0), x->runs.n_splits, x->runs.test_train,
                          x->params->level, &e);
        const bool better =
            x->metric->greater_is_better ? e.value > best_score : e.value < best_score;
        if (isnan(best_score) ? !isnan(e.value) : better) {
            best = i;
            best_score = e.value;
        }
    }
    return best;
}

static mlsd_status put_curve(mlsd__experiment *x, const mlsd_curve *curve, double seconds)
{
    mlsd_result *r = x->result;
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd_curve_to_table(x->context, curve, &table));
    const double n_epochs = (double)table->n_rows;
    MLSD__TRY(mlsd__result_set_table(r, "curve", table, false));
    const char *reason = mlsd_stop_reason_name(mlsd_curve_stop_reason(curve));
    MLSD__TRY(mlsd__result_set_str(r, "curve.model", x->names[x->watched], false));
    MLSD__TRY(mlsd__result_set_str(r, "curve.stop_reason", reason, false));
    MLSD__TRY(mlsd__result_set_f64(r, "curve.n_epochs", n_epochs, false));
    MLSD__TRY(
        mlsd__result_set_f64(r, "curve.best_epoch", (double)mlsd_curve_best_step(curve), false));
    MLSD__TRY(mlsd__result_set_f64(r, "curve.best_value", mlsd_curve_best_value(curve), false));
    return mlsd__result_set_f64(r, "curve.fit_seconds", seconds, true);
}

/* Train the watched model; it is the final one where it is the chosen one. */
static mlsd_status fit_watched(mlsd__experiment *x)
{
    x->watched = choose_watched(x);
    if (x->watched < 0) return MLSD_OK;
    const mlsd_spec *rule = mlsd__spec_slot_child(x->spec, "early_stopping");
    mlsd_curve *curve;
    MLSD__TRY(mlsd_curve_new(x->context, rule, &curve));
    mlsd_model *model = NULL;
    const double start = mlsd__seconds();
    mlsd__stage_begin(x->scope, "train", 0);
    mlsd_status status = mlsd_curve_set_x(curve, "epoch");
    if (status == MLSD_OK)
        status = mlsd__model_fit(x->scope, x->models[x->watched], x->parts[MLSD__TRAIN],
                                 x->parts[MLSD__VALID], curve, &model);
    mlsd__stage_end(x->scope);
    if (status == MLSD_OK) status = put_curve(x, curve, mlsd__seconds() - start);
    if (status == MLSD_OK) status = mlsd__experiment_diagnose(x, curve);
    if (status == MLSD_OK && x->watched == x->chosen) {
        x->final = model;
        model = NULL;
    }
    mlsd_model_free(model);
    mlsd_curve_free(curve);
    return status;
}

/* Training and validation rows together, in that order. */
static mlsd_status both_parts(mlsd__experiment *x, mlsd_dataset **out)
{
    const int64_t n_train = mlsd_folds_part_size(x->partition, 0, MLSD__TRAIN);
    const int64_t n_valid = mlsd_folds_part_size(x->partition, 0, MLSD__VALID);
    int64_t *rows = mlsd__alloc_raw(x->scope->allocator, n_train + n_valid, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_folds_part(x->partition, 0, MLSD__TRAIN, rows, n_train);
    if (status == MLSD_OK) {
        status = mlsd_folds_part(x->partition, 0, MLSD__VALID, rows + n_train, n_valid);
    }
    if (status == MLSD_OK) status = mlsd_dataset_rows(x->data, rows, n_train + n_valid, out);
    mlsd__free(x->scope->allocator, rows);
    return status;
}

mlsd_status mlsd__experiment_fit(mlsd__experiment *x)
{
    MLSD__TRY(fit_watched(x));
    x->fitted_on_valid = x->final == NULL;
    mlsd_dataset *both = NULL;
    mlsd_status status = MLSD_OK;
    if (x->fitted_on_valid) status = both_parts(x, &both);
    const mlsd_dataset *rows = x->fitted_on_valid ? both : x->parts[MLSD__TRAIN];

    mlsd__stage_begin(x->scope, "fit", 0);
    const double start = mlsd__seconds();
    if (status == MLSD_OK && x->final == NULL) {
        status = mlsd__model_fit(x->scope, x->models[x->chosen], rows, NULL, NULL, &x->final);
    }
    const double seconds = mlsd__seconds() - start;
    if (status == MLSD_OK && x->chosen != 0) {
        status = mlsd__model_fit(x->scope, x->models[0], rows, NULL, NULL, &x->baseline);
    }
    mlsd__stage_end(x->scope);
    if (status == MLSD_OK && x->fitted_on_valid) {
        status = mlsd__result_set_f64(x->result, "fit_seconds", seconds, true);
    }
    if (status == MLSD_OK) {
        status = mlsd__result_set_str(x->result, "fitted_on",
                                      x->fitted_on_valid ? "training and validation" : "training",
                                      false);
    }
    mlsd_dataset_free(both);
    return status;
}
