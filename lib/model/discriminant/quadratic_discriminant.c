/* quadratic_discriminant.c - kind "quadratic_discriminant_analysis": each class is normal with a
 * covariance of its own (Hastie, Tibshirani & Friedman 2009, section 4.3).
 *
 * Each class's centred rows are reduced to a triangle, whose singular values give the covariance's
 * eigenvalues with all their digits. Names are scikit-learn's. Unlike there, a covariance that is
 * singular is an error that names the class, and with reg_param it also counts the directions in
 * which few rows have no spread: a row given twice must not change the answer. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/bayes/class_sums.h"
#include "model/decomposition/projection.h"
#include "model/discriminant/class_folds.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "model/row_triangle.h"
#include "model/train_part.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_quadratic_discriminant_analysis;

/* Singular values below so many roundings of the largest are 0, of columns of one length. */
static const double RANK_SLACK = 8;

typedef struct qda_params {
    mlsd__f64_list priors;
    double reg_param;
    int64_t store_covariance;
    double tol;
} qda_params;

/* What is shown and saved, then what prediction needs, in one block. */
typedef struct state {
    int64_t k, p, n_saved;
    bool has_covariance;
    double *prior, *means, *rotations, *scalings, *covariance;
    double *divisor, *start; /* k x p: deviations along the axes; k: log prior - log det / 2 */
    double numbers[];
} state;

static void free_state(const mlsd__allocator *a, void *s)
{
    mlsd__free(a, s);
}

static mlsd_status state_new(const mlsd__allocator *a, int64_t k, int64_t p, bool has_covariance,
                             state **out)
{
    int64_t square, cells, n;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(p, (has_covariance ? 2 : 1) * p + 3, &square));
    MLSD__TRY(mlsd__mul_size(k, square + 2, &cells));
    MLSD__TRY(mlsd__mul_size(cells, (int64_t)sizeof(double), &n));
    state *const s = mlsd__alloc(a, n + (int64_t)sizeof *s, 1);
    if (s == NULL) return MLSD_E_NOMEM;
    *s = (state){.k = k, .p = p, .has_covariance = has_covariance};
    s->prior = s->numbers;
    s->means = s->prior + k;
    s->scalings = s->means + k * p;
    s->rotations = s->scalings + k * p;
    s->covariance = s->rotations + k * p * p;
    s->divisor = s->covariance + (has_covariance ? k * p * p : 0);
    s->start = s->divisor + k * p;
    s->n_saved = s->divisor - s->numbers;
    *out = s;
    return MLSD_OK;
}

/* What follows from scalings and priors. */
static void prepare(state *s)
{
    for (int64_t c = 0; c < s->k; c++) {
        s->start[c] = mlsd__log_prior(s->prior[c]);
        for (int64_t j = 0; j < s->p; j++) {
            const double variance = s->scalings[c * s->p + j];
            s->divisor[c * s->p + j] = variance > 0 ? sqrt(variance) : INFINITY;
            if (variance > 0) s->start[c] -= mlsd__log(variance) / 2;
        }
    }
}

/* ---- fit ---- */

/* The rows of one class that have weight. */
static mlsd_status rows_of_class(const mlsd__allocator *a, const mlsd__train *train, int64_t c,
                                 mlsd__train_part *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < train->x->n_rows; i++) n += train->y[i] == (double)c;
    MLSD__TRY(mlsd__train_part_open(out, a, n));
    out->n = 0;
    for (int64_t i = 0; i < train->x->n_rows; i++) {
        const bool counts = train->weight == NULL || train->weight[i] > 0;
        if (train->y[i] == (double)c && counts) out->rows[out->n++] = i;
    }
    mlsd__train_part_gather(out, train);
    return MLSD_OK;
}

static mlsd_status fail_singular(const mlsd__train *train, int64_t c, int64_t column)
{
    return mlsd__fail(MLSD_E_DATA,
                      "class %lld: column '%.100s' is constant, or a combination of those before "
                      "it; set 'reg_param' above 0, or leave it out",
                      (long long)c, train->x->features[column].name);
}

/* Of a triangle, the first column with too little of its length at right angles to those before it;
 * -1 where none is. */
static int64_t find_dependent(int64_t p, const double *r, const double *mean, double weight)
{
    for (int64_t j = 0; j < p; j++) {
        double square = 0;
        for (int64_t i = 0; i <= j; i++) square += r[i * p + j] * r[i * p + j];
        if (mlsd__is_constant(4, mean[j], square / weight)) return j;
        if (fabs(r[j * p + j]) <= RANK_SLACK * DBL_EPSILON * (double)p * sqrt(square)) return j;
    }
    return -1;
}

/* (1 - reg_param) R'R / df + reg_param. */
static void set_covariance(int64_t p, const double *r, double df, double reg_param, double *out)
{
    mlsd__syrk(p, p, (1 - reg_param) / df, r, p, 0, out, p);
    for (int64_t i = 0; i < p; i++) {
        out[i * p + i] += reg_param;
        for (int64_t j = 0; j < i; j++) out[i * p + j] = out[j * p + i];
    }
}

/* Scalings and rotations of one class from its triangle, which is spoiled. */
static mlsd_status decompose(mlsd__scope *scope, const qda_params *params, const mlsd__train *train,
                             int64_t c, double df, double *r, state *s)
{
    const int64_t p = s->p;
    double *const scalings = s->scalings + c * p;
    mlsd__row_svd svd;
    if (s->has_covariance) set_covariance(p, r, df, params->reg_param, s->covariance + c * p * p);
    const int64_t dependent = find_dependent(p, r, s->means + c * p, df + 1);
    if (dependent >= 0 && params->reg_param <= 0) return fail_singular(train, c, dependent);
    mlsd_status status = mlsd__row_svd_reduce(scope, p, p, r, &svd);
    if (status == MLSD_OK) status = mlsd__row_svd_vectors(scope, &svd, p, s->rotations + c * p * p);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        scalings[j] = (1 - params->reg_param) * (svd.s[j] * svd.s[j] / df) + params->reg_param;
    if (status == MLSD_OK && dependent < 0 && !(svd.s[p - 1] > params->tol))
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "quadratic_discriminant_analysis: the columns are nearly collinear in class "
                       "%lld (least singular value %g)",
                       (long long)c, svd.s[p - 1]);
    mlsd__row_svd_free(&svd, scope->allocator);
    if (status == MLSD_OK && !(scalings[p - 1] > 0 && isfinite(scalings[0])))
        status = mlsd__fail(MLSD_E_NUMERIC,
                            "the variances of class %lld overflow or vanish; scale the columns (a "
                            "standardize step does)",
                            (long long)c);
    return status;
}

/* What settings share: weight and mean of each class, and the triangle of its centred rows, of
 * those that have more than one row. */
typedef struct class_sums {
    int64_t k, p;
    double *weight, *mean, *triangle; /* k, k x p, k x p x p; one block */
} class_sums;

static mlsd_status sums_new(const mlsd__allocator *a, int64_t k, int64_t p, class_sums *out)
{
    int64_t cells, n;
    *out = (class_sums){.k = k, .p = p};
    MLSD__TRY(mlsd__mul_size(p, p + 1, &cells));
    MLSD__TRY(mlsd__mul_size(k, cells + 1, &n));
    out->weight = mlsd__alloc(a, n, sizeof *out->weight);
    if (out->weight == NULL) return MLSD_E_NOMEM;
    out->mean = out->weight + k;
    out->triangle = out->mean + k * p;
    return MLSD_OK;
}

static mlsd_status sum_class(mlsd__scope *scope, const mlsd__train *train, int64_t c,
                             const class_sums *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = s->p;
    mlsd__train_part rows;
    double *r = NULL, *room = NULL;
    mlsd_status status = rows_of_class(a, train, c, &rows);
    s->weight[c] = rows.total;
    if (status != MLSD_OK || !(rows.total > 1)) goto out;
    room = mlsd__alloc_raw(a, p, sizeof *room);
    status = room == NULL ? MLSD_E_NOMEM
                          : mlsd__column_moments(scope, &rows.frame, rows.weight, room,
                                                 s->mean + c * p, NULL, NULL);
    const mlsd__centred_rows centred = {
        .x = &rows.frame, .weight = rows.weight, .origin = s->mean + c * p};
    if (status == MLSD_OK) status = mlsd__centred_triangle(scope, &centred, &r);
    if (status == MLSD_OK) memcpy(s->triangle + c * p * p, r, (size_t)(p * p) * sizeof *r);
out:
    mlsd__free(a, r);
    mlsd__free(a, room);
    mlsd__train_part_close(&rows, a);
    return status;
}

static mlsd_status sum_up(mlsd__scope *scope, const mlsd__train *train, class_sums *out)
{
    *out = (class_sums){.k = 0};
    if (train->x->n_features == 0)
        return mlsd__fail(MLSD_E_DATA, "quadratic_discriminant_analysis needs at least one column");
    MLSD__TRY(sums_new(scope->allocator, train->n_classes, train->x->n_features, out));
    mlsd_status status = MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < out->k; c++)
        status = sum_class(scope, train, c, out);
    return status;
}

static mlsd_status fit_class(mlsd__scope *scope, const qda_params *params, const mlsd__train *train,
                             int64_t c, const class_sums *sums, double *r, state *s)
{
    const int64_t p = s->p;
    const double weight = sums->weight[c];
    if (!(weight > 0)) return MLSD_OK;
    if (!(weight > 1))
        return mlsd__fail(MLSD_E_DATA,
                          "class %lld has rows of weight %g; to see how it spreads takes more than "
                          "one row",
                          (long long)c, weight);
    memcpy(s->means + c * p, sums->mean + c * p, (size_t)p * sizeof *r);
    memcpy(r, sums->triangle + c * p * p, (size_t)(p * p) * sizeof *r);
    return decompose(scope, params, train, c, weight - 1, r, s);
}

/* The model of a setting from sums; train is asked for names only. */
static mlsd_status finish(mlsd__scope *scope, const qda_params *params, const mlsd__train *train,
                          const class_sums *sums, state **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t k = sums->k, p = sums->p;
    state *s = NULL;
    MLSD__TRY(state_new(a, k, p, params->store_covariance != 0, &s));
    double *const r = mlsd__alloc_raw(a, p * p, sizeof *r);
    mlsd_status status = r == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < k; c++)
        status = fit_class(scope, params, train, c, sums, r, s);
    if (status == MLSD_OK)
        status = mlsd__class_priors(&params->priors, true, sums->weight, k, s->prior);
    for (int64_t c = 0; status == MLSD_OK && c < k; c++)
        if (!(sums->weight[c] > 0)) s->prior[c] = 0; /* never told, whatever was given */
    mlsd__free(a, r);
    if (status != MLSD_OK) {
        free_state(a, s);
        return status;
    }
    prepare(s);
    *out = s;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    class_sums sums;
    state *s = NULL;
    mlsd_status status = sum_up(scope, train, &sums);
    if (status == MLSD_OK) status = finish(scope, mlsd__spec_params(spec), train, &sums, &s);
    mlsd__free(scope->allocator, sums.weight);
    if (status == MLSD_OK) *out_state = s;
    return status;
}

/* ---- prediction ---- */

static int64_t scratch_width(const void *s)
{
    return ((const state *)s)->k + ((const state *)s)->p;
}

static void predict_block(const void *state_, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    const state *const s = state_;
    const int64_t p = s->p, k = s->k;
    double *const joint = scratch, *const along = scratch + n * k;
    for (int64_t c = 0; c < k; c++) {
        mlsd__project(s->means + c * p, s->rotations + c * p * p, s->divisor + c * p, p, p, x, n,
                      ld, along);
        for (int64_t i = 0; i < n; i++)
            joint[i * k + c] = s->start[c] - mlsd__dot(along + i * p, along + i * p, p) / 2;
    }
    mlsd__joint_to_output(joint, n, k, what, out);
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const state *const s = state_;
    static const char *const names[] = {"means", "priors", "scalings", "rotations", "covariance"};
    const double *const values[] = {s->means, s->prior, s->scalings, s->rotations, s->covariance};
    const int64_t heights[] = {s->k, 1, s->k, s->k * s->p, s->k * s->p};
    if (i >= MLSD__COUNT(names) - (s->has_covariance ? 0 : 1)) return NULL;
    *data = values[i];
    *rows = heights[i];
    *cols = i == 1 ? s->k : s->p;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const state *const s = state_;
    mlsd__put_f64s(w, s->numbers, s->n_saved);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    const qda_params *const params = mlsd__spec_params(spec);
    int64_t n = 0, cells = 0, expected = 0;
    state *s = NULL;
    (void)features;
    *out_state = NULL;
    double *const numbers = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    const int64_t squares = params->store_covariance != 0 ? 2 : 1;
    if (status == MLSD_OK) status = mlsd__mul_size(n_features, squares * n_features + 2, &cells);
    if (status == MLSD_OK) status = mlsd__mul_size(n_classes, cells + 1, &expected);
    if (status == MLSD_OK && (n != expected || n_classes < 1 || n_features < 1))
        status = mlsd__fail(MLSD_E_CORRUPT,
                            "quadratic_discriminant_analysis has %lld numbers for %lld features",
                            (long long)n, (long long)n_features);
    if (status == MLSD_OK)
        status = state_new(r->allocator, n_classes, n_features, params->store_covariance != 0, &s);
    if (status == MLSD_OK) {
        memcpy(s->numbers, numbers, (size_t)n * sizeof *numbers);
        prepare(s);
        *out_state = s;
    }
    mlsd__free(r->allocator, numbers);
    return status;
}

static const mlsd__path_ops path;

static const mlsd__estimator_ops ops = {
    .path = &path,
    .classifies = true,
    .has_proba = true,
    .fits_moments = true,
    .fit = fit,
    .predict_block = predict_block,
    .scratch_width = scratch_width,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

/* ---- many settings, many folds ---- */

/* Settings differ in what is made of the same triangles. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    (void)a, (void)b;
    return true;
}

static mlsd_status run_setting(mlsd__scope *scope, const mlsd__path_fold *fold, int64_t i,
                               const class_sums *sums)
{
    state *s = NULL;
    const mlsd_status status =
        finish(scope, mlsd__spec_params(fold->settings[i]), fold->train, sums, &s);
    return mlsd__path_end_fold(scope, fold, &ops, i, status, s);
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    class_sums sums = {.k = 0};
    mlsd_status status = mlsd__path_require_finite(scope, fold);
    if (status == MLSD_OK) status = sum_up(scope, fold->train, &sums);
    if (mlsd__path_is_about_data(status)) {
        status = mlsd__path_fail_all(fold, status);
    } else {
        for (int64_t i = 0; status == MLSD_OK && i < fold->n_settings; i++)
            status = run_setting(scope, fold, i, &sums);
    }
    mlsd__free(scope->allocator, sums.weight);
    return status;
}

/* The triangles that moments are the squares of; false where rows may have digits that these have
 * lost. `room` has p * p numbers. */
static bool read_moments(const mlsd__class_fold *fold, double *room, const class_sums *out)
{
    const int64_t p = out->p;
    for (int64_t c = 0; c < out->k; c++) {
        const mlsd__gram *const g = &fold->grams[c];
        out->weight[c] = g->weight;
        if (!(g->weight > 0)) continue;
        if (!(g->weight > 1)) return false;
        memcpy(out->mean + c * p, g->mean, (size_t)p * sizeof *g->mean);
        if (!mlsd__class_factor(p, g->scatter, g->mean, g->weight, room, out->triangle + c * p * p))
            return false;
    }
    return true;
}

static mlsd_status solve_fold(mlsd__scope *scope, const mlsd__class_fold *fold, bool *out_served)
{
    const mlsd__path_folds *const folds = fold->folds;
    const mlsd__allocator *const a = scope->allocator;
    class_sums sums;
    MLSD__TRY(sums_new(a, folds->all->n_classes, folds->all->x->n_features, &sums));
    double *const room = mlsd__alloc_raw(a, sums.p * sums.p, sizeof *room);
    mlsd_status status = room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    const bool is_known = status == MLSD_OK && read_moments(fold, room, &sums);
    for (int64_t i = 0; status == MLSD_OK && is_known && i < folds->n_settings; i++) {
        state *s = NULL;
        status = finish(scope, mlsd__spec_params(folds->settings[i]), folds->all, &sums, &s);
        if (status == MLSD_OK) {
            *out_served = true;
            status = mlsd__class_fold_take(scope, fold, &ops, i, s);
        } else if (mlsd__path_is_about_data(status)) {
            status = MLSD_OK; /* the plain way says it */
        }
        if (s != NULL) free_state(a, s);
    }
    mlsd__free(a, room);
    mlsd__free(a, sums.weight);
    return status;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    return mlsd__class_run_folds(scope, folds, solve_fold, out_served);
}

static const mlsd__path_ops path = {
    .run_plan = "one triangle of each class's rows for all settings",
    .folds_plan = "moments of the classes of all folds from one pass over the data",
    .shares = shares,
    .run = run,
    .run_folds = run_folds,
};

static const mlsd_param table[] = {
    MLSD__P_F64_LIST(qda_params, priors, 0, 1, 0, "null", NULL,
                     "prior probability of each class; null: its share of the rows"),
    MLSD__P_F64(qda_params, reg_param, 0, 1, 0, "0.0", NULL,
                "share by which the variances of each class are drawn to 1"),
    MLSD__P_BOOL(qda_params, store_covariance, "false", "keep the covariance of each class"),
    MLSD__P_F64(qda_params, tol, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",
                "singular values of a class's centred rows below this are reported"),
};

const mlsd_kind mlsd__kind_quadratic_discriminant_analysis = {
    .name = "quadratic_discriminant_analysis",
    .family = "estimator",
    .doc = "each class is normal with a covariance of its own",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(qda_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"sklearn\":\"QuadraticDiscriminantAnalysis\"}",
};
