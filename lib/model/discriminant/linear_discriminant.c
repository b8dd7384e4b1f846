/* linear_discriminant.c - kind "linear_discriminant_analysis": classes are normal with one
 * covariance (Fisher 1936; Hastie, Tibshirani & Friedman 2009, section 4.3), which makes their
 * scores linear; the directions that part the means best are a transform. Solvers are in
 * discriminant_solve.c.
 *
 * Names are scikit-learn's. Scores of more than two classes are counted from the centre of the
 * means with every solver (there with svd only), so that a large mean costs no digits: differences
 * between classes, and so decisions and probabilities, are the same. A class without rows is never
 * told. */
#include <math.h>
#include <string.h>

#include "model/bayes/class_sums.h"
#include "model/decomposition/projection.h"
#include "model/discriminant/class_folds.h"
#include "model/discriminant/discriminant.h"
#include "model/linear/linear_scores.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "model/train_part.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_linear_discriminant_analysis;

enum { SVD, LSQR, EIGEN };

/* Least deviation beside the means for which moments of folds serve. */
static const double LEAST_DEVIATION = 1e-4;

typedef struct lda_params {
    int64_t solver;
    double shrinkage; /* NaN: none */
    int64_t auto_shrinkage;
    mlsd__f64_list priors;
    int64_t n_components; /* null: all */
    int64_t store_covariance;
    double tol;
} lda_params;

/* The scores hold all that is shown, and saved; the rest is made of it. */
typedef struct lda_state {
    mlsd__linear_scores *scores;
    int64_t n_out;
    mlsd__feature *features; /* n_out */
    double *origin;          /* p: what rows are taken from before they are projected */
    double *directions;      /* n_out x p, behind origin */
} lda_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    lda_state *const s = state_;
    if (s->scores != NULL) mlsd__linear_scores_free(a, s->scores);
    mlsd__features_free(a, s->features, s->n_out);
    mlsd__free(a, s->origin);
    mlsd__free(a, s);
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const lda_params *const p = mlsd__spec_params(spec);
    const bool has_share = !isnan(p->shrinkage);
    (void)task;
    if (has_share && p->auto_shrinkage != 0)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'auto_shrinkage' is true, but 'shrinkage' is %g; leave one of them out",
                          p->shrinkage);
    if (p->solver == SVD && (has_share || p->auto_shrinkage != 0))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "solver svd makes no covariance that could be shrunk; set 'solver' to "
                          "lsqr or eigen");
    return MLSD_OK;
}

static bool spec_transforms(const mlsd_spec *spec)
{
    return ((const lda_params *)mlsd__spec_params(spec))->solver != LSQR;
}

/* ---- fit ---- */

static void free_work(const mlsd__allocator *a, mlsd__discriminant *d)
{
    mlsd__free(a, d->count);
    mlsd__free(a, d->coef);
    mlsd__free(a, d->directions);
    mlsd__free(a, d->covariance);
}

static mlsd_status make_work(const mlsd__allocator *a, const mlsd__train *train,
                             mlsd__discriminant *d)
{
    const int64_t p = train->x->n_features, k = train->n_classes;
    int64_t cells, n;
    *d = (mlsd__discriminant){.train = train, .p = p, .k = k, .n_scores = k == 2 ? 1 : k};
    MLSD__TRY(mlsd__mul_size(k, p + 1, &cells));
    MLSD__TRY(mlsd__mul_size(cells + p, 3, &n));
    d->count = mlsd__alloc(a, n, sizeof *d->count);
    d->coef = mlsd__alloc(a, n, sizeof *d->coef);
    if (d->count == NULL || d->coef == NULL) return MLSD_E_NOMEM;
    d->prior = d->count + k;
    d->mean = d->prior + k;
    d->variance = d->mean + k * p;
    d->centre = d->variance + k * p;
    d->between = d->coef + k * p;
    d->ratio = d->between + k * p;
    return MLSD_OK;
}

/* Weights, means and variances of the classes. */
static mlsd_status find_means(mlsd__scope *scope, mlsd__discriminant *d)
{
    return mlsd__class_moments(scope, d->train, d->count, d->mean, d->variance, d->between);
}

/* Priors, and what stands between the means. */
static mlsd_status use_means(const lda_params *params, mlsd__discriminant *d)
{
    const int64_t p = d->p, k = d->k;
    MLSD__TRY(mlsd__class_priors(&params->priors, true, d->count, k, d->prior));
    double present = 0;
    for (int64_t c = 0; c < k; c++) {
        d->weight += d->count[c];
        d->n_present += d->count[c] > 0;
        present += d->count[c] > 0 ? d->prior[c] : 0;
    }
    if (!(present > 0))
        return mlsd__fail(MLSD_E_DATA, "every class that has rows has the prior probability 0");
    for (int64_t c = 0; c < k; c++)
        for (int64_t j = 0; j < p && d->count[c] > 0; j++)
            d->centre[j] += d->prior[c] / present * d->mean[c * p + j];
    for (int64_t c = 0; c < d->n_scores; c++) {
        const double *const from = k == 2 ? d->mean : d->centre;
        const double *const to = d->mean + (k == 2 ? 1 : c) * p;
        const bool is_there = k == 2 ? d->n_present == 2 : d->count[c] > 0;
        for (int64_t j = 0; j < p; j++) d->between[c * p + j] = is_there ? to[j] - from[j] : 0;
    }
    if (d->weight > (double)d->n_present) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "the weights of the rows sum to %g for %lld classes; there must be more rows "
                      "than classes",
                      d->weight, (long long)d->n_present);
}

static mlsd_status count_out(const lda_params *params, const mlsd__discriminant *d)
{
    const int64_t most = d->n_present - 1 < d->p ? d->n_present - 1 : d->p;
    if (params->n_components == MLSD__NULL_I64 || params->n_components <= most) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "'n_components' is %lld, but %lld classes in %lld columns have %lld "
                      "directions between them",
                      (long long)params->n_components, (long long)d->n_present, (long long)d->p,
                      (long long)most);
}

static mlsd_status solve(mlsd__scope *scope, const lda_params *params, mlsd__discriminant *d)
{
    const mlsd__shrinkage shrinkage = {.share = isnan(params->shrinkage) ? 0 : params->shrinkage,
                                       .is_automatic = params->auto_shrinkage != 0};
    if (params->solver == LSQR) return mlsd__discriminant_by_covariance(scope, d, &shrinkage);
    if (params->solver == EIGEN) return mlsd__discriminant_by_eigen(scope, d, &shrinkage);
    MLSD__TRY(mlsd__discriminant_by_svd(scope, d, params->tol));
    if (params->store_covariance == 0) return MLSD_OK;
    int64_t size;
    mlsd__gram *grams;
    MLSD__TRY(mlsd__mul_size(d->p, d->p, &size));
    d->covariance = mlsd__alloc(scope->allocator, size, sizeof *d->covariance);
    if (d->covariance == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__class_grams(scope, d->train, &grams));
    const mlsd_status status =
        mlsd__class_covariance(scope, d->train, grams, d->prior, &shrinkage, d->covariance, NULL);
    mlsd__class_grams_free(scope->allocator, grams, d->k);
    return status;
}

/* score_c(x) = (x - centre)'C^-1 b_c - b_c'C^-1 b_c / 2 + log prior_c, b_c = mean_c - centre; of
 * two classes the difference, in which the middle of both means takes the part of b / 2. */
static void set_scores(const mlsd__discriminant *d, mlsd__linear_scores *out)
{
    const int64_t p = d->p, k = d->k;
    memcpy(out->coef, d->coef, (size_t)(d->n_scores * p) * sizeof *d->coef);
    for (int64_t c = 0; c < d->n_scores; c++) {
        const double *const coef = d->coef + c * p;
        const double from_centre = mlsd__dot(d->centre, coef, p);
        if (k != 2) {
            out->intercept[c] = d->count[c] > 0 ? mlsd__log_prior(d->prior[c]) - from_centre -
                                                      mlsd__dot(d->between + c * p, coef, p) / 2
                                                : mlsd__log_prior(0);
            continue;
        }
        const double first = d->count[0] > 0 ? mlsd__log_prior(d->prior[0]) : mlsd__log_prior(0);
        const double second = d->count[1] > 0 ? mlsd__log_prior(d->prior[1]) : mlsd__log_prior(0);
        double middle = 0;
        for (int64_t j = 0; j < p && d->n_present == 2; j++)
            middle += ((d->mean[j] - d->centre[j]) + (d->mean[p + j] - d->centre[j])) * coef[j];
        out->intercept[c] = second - first - from_centre - middle / 2;
    }
}

/* ---- state ---- */

static const mlsd__fitted_array *find_extra(const mlsd__linear_scores *s, const char *name)
{
    for (int64_t i = 0; i < s->n_extras; i++)
        if (strcmp(s->extras[i].name, name) == 0) return &s->extras[i];
    return NULL;
}

/* What is shown besides the scores. Of svd rows are taken from the centre before they are
 * projected, as in scikit-learn. */
static mlsd_status set_extras(const mlsd__allocator *a, const mlsd__discriminant *d,
                              mlsd__linear_scores *out)
{
    const int64_t p = d->p, k = d->k, r = d->n_directions;
    MLSD__TRY(mlsd__linear_scores_array(out, "means", d->mean, k, p));
    MLSD__TRY(mlsd__linear_scores_array(out, "priors", d->prior, 1, k));
    MLSD__TRY(mlsd__linear_scores_array(out, "xbar", d->centre, 1, p));
    if (d->covariance != NULL)
        MLSD__TRY(mlsd__linear_scores_array(out, "covariance", d->covariance, p, p));
    if (d->directions == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__linear_scores_array(out, "explained_variance_ratio", d->ratio, 1, d->n_ratio));
    double *const scalings = mlsd__alloc_raw(a, p * r, sizeof *scalings);
    if (scalings == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < p; j++)
        for (int64_t i = 0; i < r; i++) scalings[j * r + i] = d->directions[i * p + j];
    const mlsd_status status = mlsd__linear_scores_array(out, "scalings", scalings, p, r);
    mlsd__free(a, scalings);
    return status;
}

/* The transform, from what is shown. */
static mlsd_status prepare(const mlsd__allocator *a, const lda_params *params, lda_state *s)
{
    const int64_t p = s->scores->n_features, k = s->scores->n_classes;
    const mlsd__fitted_array *const scalings = find_extra(s->scores, "scalings");
    const mlsd__fitted_array *const xbar = find_extra(s->scores, "xbar");
    const mlsd__fitted_array *const ratio = find_extra(s->scores, "explained_variance_ratio");
    if ((params->solver != LSQR) != (scalings != NULL) || xbar == NULL || xbar->rows != 1 ||
        xbar->cols != p || (scalings != NULL && (scalings->rows != p || ratio == NULL)))
        return mlsd__fail(MLSD_E_CORRUPT,
                          "the discriminant analysis in the file contradicts itself");
    const int64_t r = scalings != NULL ? scalings->cols : 0;
    int64_t n = r < k - 1 ? r : k - 1;
    if (ratio != NULL && ratio->cols < n) n = ratio->cols;
    if (params->n_components != MLSD__NULL_I64 && params->n_components < n)
        n = params->n_components;
    s->origin = mlsd__alloc(a, p, (size_t)(n + 1) * sizeof *s->origin);
    if (s->origin == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__numbered_features(a, "lineardiscriminantanalysis", n, &s->features));
    s->n_out = n;
    s->directions = s->origin + p;
    if (params->solver == SVD) memcpy(s->origin, xbar->data, (size_t)p * sizeof *xbar->data);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < p; j++) s->directions[i * p + j] = scalings->data[j * r + i];
    return MLSD_OK;
}

/* The state of what a solver found. */
static mlsd_status set_state(const mlsd__allocator *a, const lda_params *params,
                             mlsd__discriminant *d, lda_state *s)
{
    if (params->n_components != MLSD__NULL_I64 && params->n_components < d->n_ratio)
        d->n_ratio = params->n_components;
    MLSD__TRY(mlsd__linear_scores_new(a, MLSD__LINK_LOGISTIC, d->p, d->k, &s->scores));
    set_scores(d, s->scores);
    if (mlsd__any_nonfinite(s->scores->coef, d->n_scores * d->p) ||
        mlsd__any_nonfinite(s->scores->intercept, d->n_scores))
        return mlsd__fail(MLSD_E_NUMERIC, "the scores overflow; scale the columns (a standardize "
                                          "step does)");
    MLSD__TRY(set_extras(a, d, s->scores));
    return prepare(a, params, s);
}

/* From weights, means and variances. */
static mlsd_status fit_state(mlsd__scope *scope, const lda_params *params, mlsd__discriminant *d,
                             lda_state *s)
{
    MLSD__TRY(use_means(params, d));
    MLSD__TRY(count_out(params, d));
    MLSD__TRY(solve(scope, params, d));
    return set_state(scope->allocator, params, d, s);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    if (train->x->n_features == 0)
        return mlsd__fail(MLSD_E_DATA, "linear_discriminant_analysis needs at least one column");
    lda_state *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    mlsd__discriminant d;
    mlsd_status status = make_work(a, train, &d);
    if (status == MLSD_OK) status = find_means(scope, &d);
    if (status == MLSD_OK) status = fit_state(scope, mlsd__spec_params(spec), &d, s);
    free_work(a, &d);
    if (status != MLSD_OK) {
        free_state(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static void predict_block(const void *state, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    mlsd__linear_scores_predict(((const lda_state *)state)->scores, x, n, ld, what, out, scratch);
}

static int64_t scratch_width(const void *state)
{
    return mlsd__linear_scores_scratch(((const lda_state *)state)->scores);
}

static void transform_block(const void *state, const double *in, int64_t n, double *out)
{
    const lda_state *const s = state;
    const int64_t p = s->scores->n_features;
    mlsd__project(s->origin, s->directions, NULL, p, s->n_out, in, n, p, out);
}

static const mlsd__feature *features_out(const void *state, int64_t *out_n)
{
    const lda_state *const s = state;
    *out_n = s->n_out;
    return s->features;
}

static const char *attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    return mlsd__linear_scores_attribute(((const lda_state *)state)->scores, i, data, rows, cols);
}

/* The number of classes stands in front: a pipeline that only transforms knows none. */
static mlsd_status save(const void *state, mlsd__writer *w)
{
    const lda_state *const s = state;
    mlsd__put_i64(w, s->scores->n_classes);
    return mlsd__linear_scores_save(s->scores, w);
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    void *scores = NULL;
    *out_state = NULL;
    const int64_t k = mlsd__take_count(r, (int64_t)r->size);
    MLSD__TRY(r->status);
    if (k < 2 || (n_classes > 0 && k != n_classes))
        return mlsd__fail(MLSD_E_CORRUPT, "the discriminant analysis in the file has %lld classes",
                          (long long)k);
    lda_state *const s = mlsd__alloc(r->allocator, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__linear_scores_load(r, spec, features, n_features, k, &scores);
    s->scores = scores;
    if (status == MLSD_OK) status = prepare(r->allocator, mlsd__spec_params(spec), s);
    if (status != MLSD_OK) {
        free_state(r->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static const mlsd__path_ops path;

static const mlsd__estimator_ops ops = {
    .path = &path,
    .classifies = true,
    .transforms = true,
    .spec_transforms = spec_transforms,
    .has_proba = true,
    .check = check,
    .fits_moments = true,
    .fit = fit,
    .predict_block = predict_block,
    .scratch_width = scratch_width,
    .features_out = features_out,
    .transform_block = transform_block,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

/* ---- many settings, many folds ---- */

/* Settings differ in what is made of the same moments. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    (void)a, (void)b;
    return true;
}

/* A copy of what was found about the classes, with room for a solver. */
static mlsd_status copy_means(const mlsd__allocator *a, const mlsd__discriminant *from,
                              mlsd__discriminant *out)
{
    const int64_t cells = from->k * from->p;
    MLSD__TRY(make_work(a, from->train, out));
    out->grams = from->grams;
    memcpy(out->count, from->count, (size_t)from->k * sizeof *out->count);
    memcpy(out->mean, from->mean, (size_t)cells * sizeof *out->mean);
    memcpy(out->variance, from->variance, (size_t)cells * sizeof *out->variance);
    return MLSD_OK;
}

static mlsd_status run_setting(mlsd__scope *scope, const mlsd__path_fold *fold, int64_t i,
                               const mlsd__discriminant *means)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__discriminant d;
    lda_state *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    mlsd_status status = copy_means(a, means, &d);
    if (status == MLSD_OK) status = fit_state(scope, mlsd__spec_params(fold->settings[i]), &d, s);
    free_work(a, &d);
    return mlsd__path_end_fold(scope, fold, &ops, i, status, s);
}

static bool wants_grams(const mlsd__path_fold *fold)
{
    for (int64_t i = 0; i < fold->n_settings; i++)
        if (((const lda_params *)mlsd__spec_params(fold->settings[i]))->solver != SVD) return true;
    return false;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__discriminant means = {0};
    mlsd__gram *grams = NULL;
    mlsd_status status = mlsd__path_require_finite(scope, fold);
    if (status == MLSD_OK && fold->train->x->n_features == 0)
        status = mlsd__fail(MLSD_E_DATA, "linear_discriminant_analysis needs at least one column");
    if (status == MLSD_OK) status = make_work(a, fold->train, &means);
    if (status == MLSD_OK) status = find_means(scope, &means);
    if (status == MLSD_OK && wants_grams(fold)) {
        status = mlsd__class_grams(scope, fold->train, &grams);
        means.grams = grams;
    }
    if (mlsd__path_is_about_data(status)) {
        status = mlsd__path_fail_all(fold, status);
    } else {
        for (int64_t i = 0; status == MLSD_OK && i < fold->n_settings; i++)
            status = run_setting(scope, fold, i, &means);
    }
    mlsd__class_grams_free(a, grams, fold->train->n_classes);
    free_work(a, &means);
    return status;
}

/* Weights, means and variances from moments; false where rows may have digits that these have
 * lost. */
static bool read_moments(const mlsd__class_fold *fold, mlsd__discriminant *d)
{
    const int64_t p = d->p;
    double total = 0;
    for (int64_t c = 0; c < d->k; c++) {
        const mlsd__gram *const g = &fold->grams[c];
        d->count[c] = g->weight;
        total += g->weight;
        for (int64_t j = 0; j < p && g->weight > 0; j++) {
            d->mean[c * p + j] = g->mean[j];
            d->variance[c * p + j] = g->scatter[j * p + j] / g->weight;
        }
    }
    for (int64_t j = 0; j < p; j++) {
        double within = 0, largest = 0;
        for (int64_t c = 0; c < d->k; c++) {
            within += d->count[c] / total * d->variance[c * p + j];
            largest = fmax(largest, fabs(d->mean[c * p + j]));
        }
        if (!(within > 0) || !(sqrt(within) > LEAST_DEVIATION * largest)) return false;
    }
    return true;
}

/* Has the covariance the digits? */
static mlsd_status is_safe(mlsd__scope *scope, const lda_params *params, mlsd__discriminant *d,
                           bool *out)
{
    const int64_t p = d->p;
    const mlsd__shrinkage shrinkage = {.share = isnan(params->shrinkage) ? 0 : params->shrinkage,
                                       .is_automatic = params->auto_shrinkage != 0};
    int64_t size;
    MLSD__TRY(mlsd__mul_size(p, 3 * p + 1, &size));
    double *const room = mlsd__alloc(scope->allocator, size, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const within = room + 2 * p * p, *const zero = within + p * p;
    const mlsd_status status =
        mlsd__class_covariance(scope, d->train, d->grams, d->prior, &shrinkage, within, NULL);
    if (status == MLSD_OK) *out = mlsd__class_factor(p, within, zero, 1, room, room + p * p);
    mlsd__free(scope->allocator, room);
    return status;
}

static mlsd_status solve_moments(mlsd__scope *scope, const lda_params *params,
                                 mlsd__discriminant *d, bool *out_ok)
{
    MLSD__TRY(use_means(params, d));
    MLSD__TRY(count_out(params, d));
    if (params->solver == SVD) return mlsd__discriminant_by_moments(scope, d, params->tol, out_ok);
    MLSD__TRY(is_safe(scope, params, d, out_ok));
    return *out_ok ? solve(scope, params, d) : MLSD_OK;
}

/* One setting of a split; *out_ok: it was taken. */
static mlsd_status fold_setting(mlsd__scope *scope, const mlsd__class_fold *fold, int64_t i,
                                const mlsd__discriminant *means, bool *out_ok)
{
    const mlsd__allocator *const a = scope->allocator;
    const lda_params *const params = mlsd__spec_params(fold->folds->settings[i]);
    mlsd__discriminant d;
    bool ok = false;
    lda_state *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    mlsd_status status = copy_means(a, means, &d);
    if (status == MLSD_OK) status = solve_moments(scope, params, &d, &ok);
    if (status == MLSD_OK && ok) status = set_state(a, params, &d, s);
    free_work(a, &d);
    if (status != MLSD_OK) ok = false;
    if (ok) status = mlsd__class_fold_take(scope, fold, &ops, i, s);
    free_state(a, s);
    *out_ok = *out_ok || ok;
    const bool is_told = mlsd__path_is_about_data(status) || status == MLSD_E_PARAM_CONFLICT;
    return is_told && !ok ? MLSD_OK : status; /* the plain way says it */
}

/* Shrinkage that the data choose looks at the rows, as they are. */
static bool wants_rows(const mlsd__class_fold *fold, int64_t i)
{
    return ((const lda_params *)mlsd__spec_params(fold->folds->settings[i]))->auto_shrinkage != 0;
}

static mlsd_status solve_fold(mlsd__scope *scope, const mlsd__class_fold *fold, bool *out_served)
{
    const mlsd__path_folds *const folds = fold->folds;
    const mlsd__path_rows *const split = &folds->splits[fold->split];
    const mlsd__allocator *const a = scope->allocator;
    mlsd__train_part rows = {0};
    mlsd__discriminant means = {0};
    bool wants = false;
    for (int64_t i = 0; i < folds->n_settings; i++) wants = wants || wants_rows(fold, i);
    wants = wants && fold->shift == NULL;
    mlsd_status status = wants ? mlsd__train_part_open(&rows, a, split->n_train) : MLSD_OK;
    if (status == MLSD_OK && wants) {
        memcpy(rows.rows, split->train, (size_t)split->n_train * sizeof *rows.rows);
        mlsd__train_part_gather(&rows, folds->all);
    }
    if (status == MLSD_OK) status = make_work(a, wants ? &rows.train : folds->all, &means);
    means.grams = fold->grams;
    if (status == MLSD_OK && read_moments(fold, &means)) {
        for (int64_t i = 0; status == MLSD_OK && i < folds->n_settings; i++)
            if (wants || !wants_rows(fold, i))
                status = fold_setting(scope, fold, i, &means, out_served);
    }
    free_work(a, &means);
    if (wants) mlsd__train_part_close(&rows, a);
    return status;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    return mlsd__class_run_folds(scope, folds, solve_fold, out_served);
}

static const mlsd__path_ops path = {
    .run_plan = "moments of the classes once for all settings",
    .folds_plan = "moments of the classes of all folds from one pass over the data",
    .shares = shares,
    .run = run,
    .run_folds = run_folds,
};

static const char *const solvers[] = {"svd", "lsqr", "eigen", NULL};
static const mlsd_param table[] = {
    MLSD__P_CHOICE(lda_params, solver, solvers, "\"svd\"",
                   "svd: from the rows, for any number of columns; lsqr and eigen: from the "
                   "covariance, which can be shrunk; lsqr has no transform"),
    MLSD__P_F64_NULL(lda_params, shrinkage, 0, 1, 0, "null",
                     "share by which covariances are drawn to a multiple of the unit matrix; null: "
                     "none"),
    MLSD__P_BOOL(lda_params, auto_shrinkage, "false",
                 "let the data choose the shrinkage of each class (Ledoit & Wolf)"),
    MLSD__P_F64_LIST(lda_params, priors, 0, 1, 0, "null", NULL,
                     "prior probability of each class; null: its share of the rows"),
    MLSD__P_I64_NULL(lda_params, n_components, 1, 9007199254740992.0, "null",
                     "columns of the transform; null: one less than classes, or all columns"),
    MLSD__P_BOOL(lda_params, store_covariance, "false",
                 "keep the covariance within classes with solver svd; the others keep it anyway"),
    MLSD__P_F64(
        lda_params, tol, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",
        "singular values that count for 0 in solver svd, of columns with standard deviation "
        "1"),
};

const mlsd_kind mlsd__kind_linear_discriminant_analysis = {
    .name = "linear_discriminant_analysis",
    .family = "estimator",
    .doc = "classes are normal with one covariance: linear scores, and the directions that part "
           "them",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(lda_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"classification\"],\"transform\":true,\"iterative\":false,"
              "\"proba\":true,\"sklearn\":\"LinearDiscriminantAnalysis\"}",
};
