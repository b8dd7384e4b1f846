/* fit_diagnosis.c - what the curve of the watched model means: underfit, overfit, or right. The
 * loss of a constant prediction on the validation part, which the diagnosis measures against, is
 * taken where the loss that the model was trained by is a metric. */
#include <math.h>
#include <string.h>

#include "experiment/experiment_impl.h"
#include "numeric/sum.h"
#include "validate/diagnose_impl.h"
#include "validate/scoring.h"

/* Losses that are metrics, or made of one. */
static const struct known_loss {
    const char *kind, *loss, *metric;
    double factor; /* times the metric, or its square */
    bool is_square;
} known_losses[] = {
    {"sgd_classifier", "log_loss", "log_loss", 1, false},
    {"sgd_regressor", "squared_error", "rmse", 0.5, true},
    {"mlp_classifier", "log_loss", "log_loss", 1, false},
    {"mlp_regressor", "squared_error", "rmse", 0.5, true},
};

static const struct known_loss *find_loss(const mlsd_spec *model)
{
    const mlsd_spec *const final = mlsd__estimator_final(model);
    const char *const kind = final != NULL ? mlsd_kind_name(mlsd_spec_kind(final)) : "";
    for (int64_t i = 0; i < MLSD__COUNT(known_losses); i++) {
        const char *loss = NULL;
        if (strcmp(kind, known_losses[i].kind) == 0 &&
            mlsd_spec_get_str(final, "loss", &loss) == MLSD_OK && loss != NULL &&
            strcmp(loss, known_losses[i].loss) == 0)
            return &known_losses[i];
    }
    return NULL;
}

/* The loss of a constant prediction; NaN where it is not known. */
static mlsd_status find_base(mlsd__experiment *x, double *out)
{
    const struct known_loss *const known = find_loss(x->models[x->watched]);
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    mlsd__scoring scoring = {0};
    mlsd__estimate e;
    *out = NAN;
    if (known == NULL) return MLSD_OK;
    mlsd_status status = mlsd__spec_new(
        x->scope->allocator,
        x->task == MLSD_TASK_REGRESSION ? "dummy_regressor" : "dummy_classifier", &spec);
    if (status == MLSD_OK)
        status = mlsd__model_fit(x->scope, spec, x->parts[MLSD__TRAIN], NULL, NULL, &model);
    if (status == MLSD_OK)
        status = mlsd__scoring_make(x->scope, model, x->parts[MLSD__VALID], &known->metric, 1,
                                    false, &scoring);
    if (status == MLSD_OK) status = mlsd__scoring_score(x->scope, &scoring, known->metric, NAN, &e);
    if (status == MLSD_OK) *out = known->factor * (known->is_square ? e.value * e.value : e.value);
    mlsd__scoring_free(&scoring);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    return status;
}

/* The losses of the watched model in the folds of the comparison, and of the best of the others but
 * the baseline: it may reach what the watched one does not. */
static mlsd_status set_probe(mlsd__experiment *x, mlsd_spec *spec)
{
    const int64_t n = x->runs.n_splits;
    int64_t best = -1;
    double lowest = INFINITY;
    if (x->metric->greater_is_better || n < 2) return MLSD_OK;
    for (int64_t i = 1; i < x->n_models; i++) {
        const double mean = mlsd__sum(mlsd__fold_scores(&x->runs, i, 0), n) / (double)n;
        if (i == x->watched && isnan(mean)) return MLSD_OK;
        if (i == x->watched || !(mean < lowest)) continue;
        lowest = mean;
        best = i;
    }
    if (best < 0) return MLSD_OK;
    MLSD__TRY(
        mlsd_spec_set_f64_list(spec, "losses", mlsd__fold_scores(&x->runs, x->watched, 0), n));
    return mlsd_spec_set_f64_list(spec, "probe_losses", mlsd__fold_scores(&x->runs, best, 0), n);
}

static mlsd_status tell(mlsd_result *r, const mlsd_result *diagnosis)
{
    static const char *const texts[] = {"diagnosis", "kind", "why", "remedy"};
    double confidence;
    mlsd__text name;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < MLSD__COUNT(texts) && status == MLSD_OK; i++) {
        const char *value = "";
        status = mlsd_result_get_str(diagnosis, texts[i], &value);
        mlsd__text_init(&name, &r->allocator);
        mlsd__text_format(&name, "curve.%s", texts[i]);
        if (status == MLSD_OK) status = name.status;
        if (status == MLSD_OK) status = mlsd__result_set_str(r, name.data, value, false);
        mlsd__text_free(&name);
    }
    if (status == MLSD_OK) status = mlsd_result_get_f64(diagnosis, "confidence", &confidence);
    if (status == MLSD_OK) status = mlsd__result_set_f64(r, "curve.confidence", confidence, false);
    if (status == MLSD_OK)
        status = mlsd__result_set_str(r, "curve.verdict", mlsd_result_verdict(diagnosis), false);
    return status;
}

mlsd_status mlsd__experiment_diagnose(mlsd__experiment *x, const mlsd_curve *curve)
{
    mlsd_spec *spec = NULL;
    mlsd_result *diagnosis = NULL;
    double base;
    MLSD__TRY(find_base(x, &base));
    mlsd_status status = mlsd__spec_new(x->scope->allocator, "diagnosis", &spec);
    if (status == MLSD_OK && base > 0) status = mlsd_spec_set_f64(spec, "base", base);
    if (status == MLSD_OK) status = set_probe(x, spec);
    if (status == MLSD_OK)
        status = mlsd_spec_set_i64(spec, "n_valid", mlsd_dataset_n_rows(x->parts[MLSD__VALID]));
    if (status == MLSD_OK)
        status = mlsd__curve_diagnose(x->scope, curve, mlsd__spec_params(spec), &diagnosis);
    if (status == MLSD_OK) status = tell(x->result, diagnosis);
    mlsd_result_free(diagnosis);
    mlsd_spec_free(spec);
    return status;
}
