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

static mlsd_status fit_class(mlsd__scope *scope, const qda_params *params, const mlsd__train *train,
                             int64_t c, state *s, double *out_weight)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = s->p;
    mlsd__train_part rows;
    double *r = NULL, *room = NULL;
    mlsd_status status = rows_of_class(a, train, c, &rows);
    *out_weight = rows.total;
    if (status != MLSD_OK || !(rows.total > 0)) goto out;
    if (!(rows.total > 1)) {
        status = mlsd__fail(MLSD_E_DATA,
                            "class %lld has rows of weight %g; to see how it spreads takes more "
                            "than one row",
                            (long long)c, rows.total);
        goto out;
    }
    room = mlsd__alloc_raw(a, p, sizeof *room);
    status = room == NULL ? MLSD_E_NOMEM
                          : mlsd__column_moments(scope, &rows.frame, rows.weight, room,
                                                 s->means + c * p, NULL, NULL);
    const mlsd__centred_rows centred = {
        .x = &rows.frame, .weight = rows.weight, .origin = s->means + c * p};
    if (status == MLSD_OK) status = mlsd__centred_triangle(scope, &centred, &r);
    if (status == MLSD_OK) status = decompose(scope, params, train, c, rows.total - 1, r, s);
out:
    mlsd__free(a, r);
    mlsd__free(a, room);
    mlsd__train_part_close(&rows, a);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const qda_params *const params = mlsd__spec_params(spec);
    const int64_t p = train->x->n_features, k = train->n_classes;
    state *s = NULL;
    if (p == 0)
        return mlsd__fail(MLSD_E_DATA, "quadratic_discriminant_analysis needs at least one column");
    MLSD__TRY(state_new(a, k, p, params->store_covariance != 0, &s));
    double *const weight = mlsd__alloc(a, k, sizeof *weight);
    mlsd_status status = weight == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < k; c++)
        status = fit_class(scope, params, train, c, s, &weight[c]);
    if (status == MLSD_OK) status = mlsd__class_priors(&params->priors, true, weight, k, s->prior);
    for (int64_t c = 0; status == MLSD_OK && c < k; c++)
        if (!(weight[c] > 0)) s->prior[c] = 0; /* never told, whatever was given */
    mlsd__free(a, weight);
    if (status != MLSD_OK) {
        free_state(a, s);
        return status;
    }
    prepare(s);
    *out_state = s;
    return MLSD_OK;
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

static const mlsd__estimator_ops ops = {
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
