/* pca.c - principal components: the directions in which centred rows vary most.
 *
 * Rows are centred and reduced to a triangle, whose singular values keep the digits of components
 * that hardly vary (row_triangle.h). Names are those of scikit-learn's PCA; of each component the
 * number largest in absolute value is positive, as there from release 1.5 on. A weight counts how
 * often its row was seen. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/decomposition/projection.h"
#include "model/row_triangle.h"
#include "model/row_pass.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_pca;

typedef struct pca_params {
    double n_components; /* NaN: all */
    int64_t whiten;
} pca_params;

/* Singular values below so many roundings of the largest are none. */
static const double RANK_SLACK = 8;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const pca_params *const p = mlsd__spec_params(spec);
    (void)task;
    if (!(p->n_components > 1) || p->n_components == floor(p->n_components)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "'n_components' is %g: give a whole number, or a share of the variance below "
                      "1",
                      p->n_components);
}

/* How many components are asked for, of n there are. */
static mlsd_status count_components(const pca_params *params, const mlsd__row_svd *svd, int64_t n,
                                    double total, int64_t *out)
{
    const double asked = params->n_components;
    *out = n;
    if (isnan(asked)) return MLSD_OK;
    if (asked > (double)n)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'n_components' is %g, but the data have %lld: the smaller of rows and "
                          "columns",
                          asked, (long long)n);
    if (asked >= 1) {
        *out = (int64_t)asked;
        return MLSD_OK;
    }
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += svd->s[i] * svd->s[i];
        *out = i + 1;
        if (sum > asked * total || !(total > 0)) break;
    }
    return MLSD_OK;
}

/* Coordinates are divided by their standard deviation; those that are rounding become 0. */
static void set_divisor(const pca_params *params, mlsd__projection *state)
{
    for (int64_t i = 0; params->whiten != 0 && i < state->k; i++) {
        const double least = RANK_SLACK * DBL_EPSILON * (double)state->p * state->singular[0];
        state->divisor[i] = state->singular[i] > least ? sqrt(state->variance[i]) : INFINITY;
    }
}

static mlsd_status make_state(mlsd__scope *scope, const pca_params *params, const double *mean,
                              double df, int64_t n, const mlsd__row_svd *svd,
                              mlsd__projection **out)
{
    double total = 0;
    int64_t k;
    for (int64_t i = 0; i < svd->n; i++) total += svd->s[i] * svd->s[i];
    if (!isfinite(total))
        return mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns down (a "
                                          "standardize step does)");
    MLSD__TRY(count_components(params, svd, n, total, &k));
    MLSD__TRY(mlsd__projection_new(scope->allocator, svd->p, k, "pca", out));
    mlsd__projection *const state = *out;
    memcpy(state->origin, mean, (size_t)state->p * sizeof *mean);
    for (int64_t i = 0; i < n; i++) {
        const double square = svd->s[i] * svd->s[i];
        if (i >= k) {
            *state->noise += square / df / (double)(n - k);
            continue;
        }
        state->singular[i] = svd->s[i];
        state->variance[i] = square / df;
        state->ratio[i] = total > 0 ? square / total : 0;
    }
    set_divisor(params, state);
    return mlsd__row_svd_vectors(scope, svd, k, state->components);
}

/* Means; NaN and infinity show in them. */
static mlsd_status find_means(mlsd__scope *scope, const mlsd__train *train, double *mean)
{
    const int64_t p = train->x->n_features;
    double *const weight = mlsd__alloc_raw(scope->allocator, p, 2 * sizeof *weight);
    if (weight == NULL) return MLSD_E_NOMEM;
    double *const missing = weight + p;
    mlsd_status status =
        mlsd__column_moments(scope, train->x, train->weight, weight, mean, NULL, missing);
    bool is_finite = true;
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        is_finite = is_finite && missing[j] == 0 && isfinite(mean[j]);
    mlsd__free(scope->allocator, weight);
    if (status != MLSD_OK || is_finite) return status;
    MLSD__TRY(mlsd__frame_require_finite(scope, train->x, false));
    return mlsd__fail(MLSD_E_NUMERIC, "the sum of a column overflows; scale the columns down");
}

/* Rows that count, and the sum of their weights. */
static mlsd_status count_rows(const mlsd__train *train, int64_t *n, double *total)
{
    *n = train->x->n_rows;
    *total = (double)*n;
    if (train->weight != NULL) {
        *n = 0;
        for (int64_t i = 0; i < train->x->n_rows; i++) *n += train->weight[i] > 0;
        *total = mlsd__sum(train->weight, train->x->n_rows);
    }
    if (*total > 1) return MLSD_OK;
    return mlsd__fail(
        MLSD_E_DATA,
        "pca needs more than one row to see any variance; the weights of the rows sum "
        "to %g",
        *total);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features;
    int64_t n;
    double total;
    if (p == 0) return mlsd__fail(MLSD_E_DATA, "pca needs at least one column");
    MLSD__TRY(count_rows(train, &n, &total));
    double *const mean = mlsd__alloc_raw(a, p, sizeof *mean);
    if (mean == NULL) return MLSD_E_NOMEM;
    mlsd__projection *state = NULL;
    mlsd__row_svd svd = {0};
    const mlsd__centred_rows rows = {.x = train->x, .weight = train->weight, .origin = mean};
    mlsd_status status = find_means(scope, train, mean);
    if (status == MLSD_OK) status = mlsd__row_svd_new(scope, &rows, &svd);
    if (status == MLSD_OK)
        status = make_state(scope, mlsd__spec_params(spec), mean, total - 1, n < p ? n : p, &svd,
                            &state);
    mlsd__row_svd_free(&svd, a);
    mlsd__free(a, mean);
    if (status != MLSD_OK && state != NULL) mlsd__projection_free(a, state);
    if (status == MLSD_OK) *out_state = state;
    return status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)features, (void)n_classes;
    mlsd__projection *state;
    *out_state = NULL;
    MLSD__TRY(mlsd__projection_load(r, n_features, "pca", &state));
    set_divisor(mlsd__spec_params(spec), state);
    *out_state = state;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .checks_x = true,
    .check = check,
    .fit = fit,
    .features_out = mlsd__projection_features,
    .transform_block = mlsd__projection_block,
    .attribute = mlsd__projection_attribute,
    .save = mlsd__projection_save,
    .load = load,
    .free_state = mlsd__projection_free,
};

static const mlsd_param table[] = {
    MLSD__P_F64_NULL(pca_params, n_components, 0, 9007199254740992.0, MLSD__OPEN_LOWER, "null",
                     "How many components; below 1: as many as explain that share of the "
                     "variance; null: all"),
    MLSD__P_BOOL(pca_params, whiten, "false", "Bring each component to standard deviation 1"),
};

const mlsd_kind mlsd__kind_pca = {
    .name = "pca",
    .family = "transform",
    .doc = "Principal components: the directions in which the rows vary most",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(pca_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"PCA\"}",
};
