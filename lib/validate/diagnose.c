/* diagnose.c - kind "diagnosis" and the door to it: curves in, a result out. The verdict is made in
 * lib/curve/diagnosis.c; here the paired test against a probe is added, which alone can tell that a
 * model underfits: how low a loss can get is not seen on its own curve. */
#include "mlsd/diagnose.h"

#include <math.h>

#include "base/handle.h"
#include "numeric/distribution.h"
#include "numeric/sum.h"
#include "validate/corrected.h"
#include "validate/diagnose_impl.h"

/* By less than this part of the loss a probe is not better in earnest. */
static const double PROBE_PART = 0.02;
/* Of the interval of the difference. */
static const double PROBE_LEVEL = 0.9;

#define P mlsd__diagnosis_params
static const mlsd_param PARAMS[] = {
    MLSD__P_STR(P, train, "\"train\"", "name of the series of training losses"),
    MLSD__P_STR(P, valid, "\"valid\"", "name of the series of validation losses"),
    MLSD__P_F64_NULL(P, base, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "validation loss of the constant predictor; null: the first loss"),
    MLSD__P_F64_NULL(P, target, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "loss that is aimed at, such as the noise of the data: what stays more than a "
                     "tenth above it underfits; null: half of the base"),
    MLSD__P_F64(P, floor, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.0", NULL,
                "the lowest loss that there can be"),
    MLSD__P_I64_NULL(P, n_train, 1, INFINITY, "null", "rows trained on in a fold"),
    MLSD__P_I64_NULL(P, n_valid, 1, INFINITY, "null", "rows validated on in a fold"),
    MLSD__P_F64_LIST(P, losses, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     NULL, "this model's loss in each fold; null: the curve's at the best step"),
    MLSD__P_F64_LIST(P, probe_losses, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "null", NULL,
                     "a flexible model's loss in each of the same folds: is this one beaten?"),
    MLSD__P_I64(P, n_resamples, 1, 100000, "200", "log",
                "resamples of the curves that the confidence is counted in"),
    MLSD__P_I64(P, seed, 0, UINT32_MAX, "0", NULL, "seed of the resamples"),
};
#undef P

extern const mlsd_kind mlsd__kind_diagnosis;
const mlsd_kind mlsd__kind_diagnosis = {
    .name = "diagnosis",
    .family = "options",
    .doc = "what is known beside the curves when they are diagnosed",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(mlsd__diagnosis_params),
};

static double rows_or_nan(int64_t n)
{
    return n == MLSD__NULL_I64 ? (double)NAN : (double)n;
}

static mlsd_status check_probe(const mlsd__diagnosis_params *p, const mlsd__fit_series *s)
{
    if (p->probe_losses.values == NULL) return MLSD_OK;
    const int64_t n = p->losses.values != NULL ? p->losses.n : s->n_folds;
    if (p->probe_losses.n != n)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'probe_losses' has %lld losses for the %lld folds of the model",
                          (long long)p->probe_losses.n, (long long)n);
    if (n < 2)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "the test against 'probe_losses' needs two folds or more, got %lld",
                          (long long)n);
    return MLSD_OK;
}

/* Nadeau & Bengio's (2003) corrected t test of the paired differences. */
static mlsd_status test_probe(mlsd__scope *scope, mlsd__fit_findings *f)
{
    const mlsd__diagnosis_params *const p = f->params;
    const mlsd__fit_series *const s = f->series;
    if (p->probe_losses.values == NULL || (p->losses.values == NULL && f->is.best_step < 0))
        return MLSD_OK;
    const int64_t n = p->probe_losses.n;
    double *const losses = mlsd__alloc_raw(scope->allocator, n, sizeof *losses);
    if (losses == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < n; k++)
        losses[k] = p->losses.values != NULL ? p->losses.values[k]
                                             : s->valid[k * s->n_steps + f->is.best_step];
    const double given = rows_or_nan(p->n_valid) / rows_or_nan(p->n_train);
    mlsd__estimate e;
    mlsd__corrected_t_paired(losses, p->probe_losses.values, n,
                             given > 0 ? given : 1 / (double)(n - 1), PROBE_LEVEL, &e);
    const double matters = PROBE_PART * fabs(mlsd__sum(losses, n) / (double)n - p->floor);
    mlsd__free(scope->allocator, losses);
    f->probe =
        (mlsd__probe_test){.is_done = true, .difference = e.value, .low = e.low, .high = e.high};
    f->probe.p_value = e.se > 0 ? mlsd__t_cdf(-e.value / e.se, e.df) : e.value > 0 ? 0 : 1;
    const double over = e.value - matters;
    f->probe.p_better = e.se > 0 ? mlsd__t_cdf(over / e.se, e.df) : over > 0 ? 1 : 0;
    return MLSD_OK;
}

/* The probe settles what the curves cannot: underfit, or as good as it gets. Which is likelier, and
 * how likely, by the t distribution of the difference. */
static void hear_probe(mlsd__fit_findings *f)
{
    mlsd__fit_diagnosis *const d = &f->is;
    mlsd__probe_test *const t = &f->probe;
    if (!t->is_done || isnan(t->p_better)) return;
    if (d->verdict != MLSD__FIT_OPTIMAL && d->verdict != MLSD__FIT_UNDERFIT) return;
    const bool is_beaten = t->p_better > 0.5;
    t->has_decided = is_beaten || d->verdict == MLSD__FIT_UNDERFIT;
    if (!t->has_decided) return;
    d->verdict = is_beaten ? MLSD__FIT_UNDERFIT : MLSD__FIT_OPTIMAL;
    d->confidence = is_beaten ? t->p_better : 1 - t->p_better;
}

static mlsd_status judge(mlsd__scope *scope, mlsd__fit_findings *f, double *smooth)
{
    const mlsd__diagnosis_params *const p = f->params;
    const mlsd__fit_series *const s = f->series;
    const mlsd__fit_curves curves = {.train = s->train,
                                     .valid = s->valid,
                                     .n_folds = s->n_folds,
                                     .n_steps = s->n_steps,
                                     .base = p->base,
                                     .target = p->target,
                                     .floor = p->floor,
                                     .n_train = rows_or_nan(p->n_train),
                                     .n_valid = rows_or_nan(p->n_valid)};
    MLSD__TRY(
        mlsd__diagnose_fit(scope, &curves, p->n_resamples, (uint64_t)p->seed, smooth, &f->is));
    MLSD__TRY(test_probe(scope, f));
    hear_probe(f);
    return MLSD_OK;
}

mlsd_status mlsd__curve_diagnose(mlsd__scope *scope, const mlsd_curve *curve,
                                 const mlsd__diagnosis_params *p, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__fit_series s;
    double *smooth = NULL;
    mlsd_result *r = NULL;
    MLSD__TRY(mlsd__fit_series_read(scope, curve, p, &s));
    mlsd__fit_findings f = {.params = p, .series = &s};
    mlsd_status status = s.missing == NULL ? check_probe(p, &s) : MLSD_OK;
    if (status == MLSD_OK) {
        smooth = mlsd__alloc_raw(a, 4 * s.n_steps, sizeof *smooth);
        if (smooth == NULL) status = MLSD_E_NOMEM;
    }
    f.smooth = smooth;
    if (status == MLSD_OK) status = judge(scope, &f, smooth);
    if (status == MLSD_OK) status = mlsd__result_new(a, "diagnosis", &r);
    if (status == MLSD_OK) status = mlsd__diagnosis_report(&f, r);
    mlsd__free(a, smooth);
    mlsd__fit_series_free(a, &s);
    if (status != MLSD_OK) {
        mlsd_result_free(r);
        return status;
    }
    *out = r;
    return MLSD_OK;
}

mlsd_status mlsd_curve_diagnose(const mlsd_context *context, const mlsd_curve *curve,
                                const mlsd_spec *spec, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    if (spec != NULL) MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");

    mlsd__scope scope;
    mlsd_spec *defaults = NULL;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = MLSD_OK;
    if (spec == NULL) {
        status = mlsd__spec_new_of(scope.allocator, &mlsd__kind_diagnosis, &defaults);
        spec = defaults;
    }
    if (status == MLSD_OK && mlsd_spec_kind(spec) != &mlsd__kind_diagnosis)
        status =
            mlsd__fail(MLSD_E_KIND, "curves are diagnosed by a spec of kind 'diagnosis', got '%s'",
                       mlsd_kind_name(mlsd_spec_kind(spec)));
    if (status == MLSD_OK)
        status = mlsd__curve_diagnose(&scope, curve, mlsd__spec_params(spec), out);
    mlsd_spec_free(defaults);
    mlsd__scope_close(&scope);
    return status;
}
