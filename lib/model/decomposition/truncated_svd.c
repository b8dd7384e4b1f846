/* truncated_svd.c - the first singular vectors of the rows as they are, not centred.
 *
 * Exact, where scikit-learn's TruncatedSVD draws at random. The triangle of centred rows with the
 * row sqrt(n) mean' above it has the singular values of the rows themselves, so that one reduction
 * gives both them and the variance along each vector. */
#include <math.h>
#include <string.h>

#include "model/decomposition/projection.h"
#include "model/row_pass.h"
#include "model/row_triangle.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_truncated_svd;

typedef struct svd_params {
    int64_t n_components;
} svd_params;

typedef struct svd_fit {
    const mlsd__train *train;
    double weight;     /* of all rows */
    double *mean, *m2; /* p */
    double *triangle;  /* p x p, of the centred rows; NULL with fewer rows than columns */
    mlsd__row_svd svd;
} svd_fit;

/* Singular values and vectors of at least as many rows as columns. */
static mlsd_status reduce_tall(mlsd__scope *scope, svd_fit *f)
{
    const int64_t p = f->train->x->n_features;
    const mlsd__centred_rows rows = {
        .x = f->train->x, .weight = f->train->weight, .origin = f->mean};
    int64_t size;
    MLSD__TRY(mlsd__centred_triangle(scope, &rows, &f->triangle));
    MLSD__TRY(mlsd__mul_size(p + 1, p, &size));
    double *const stack = mlsd__alloc_raw(scope->allocator, size, sizeof *stack);
    if (stack == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < p; j++) stack[j] = sqrt(f->weight) * f->mean[j];
    memcpy(stack + p, f->triangle, (size_t)(p * p) * sizeof *stack);
    const mlsd_status status = mlsd__row_svd_reduce(scope, p + 1, p, stack, &f->svd);
    mlsd__free(scope->allocator, stack);
    return status;
}

static mlsd_status reduce_wide(mlsd__scope *scope, svd_fit *f)
{
    const int64_t p = f->train->x->n_features;
    double *const zero = mlsd__alloc(scope->allocator, p, sizeof *zero);
    if (zero == NULL) return MLSD_E_NOMEM;
    const mlsd__centred_rows rows = {.x = f->train->x, .weight = f->train->weight, .origin = zero};
    const mlsd_status status = mlsd__row_svd_new(scope, &rows, &f->svd);
    mlsd__free(scope->allocator, zero);
    return status;
}

/* |triangle v|^2 / weight. */
static mlsd_status variance_tall(mlsd__scope *scope, const svd_fit *f, mlsd__projection *state)
{
    const int64_t p = state->p;
    double *const along = mlsd__alloc_raw(scope->allocator, p, sizeof *along);
    if (along == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < state->k; c++) {
        mlsd__gemv(false, p, p, 1, f->triangle, p, state->components + c * p, 0, along);
        state->variance[c] = mlsd__dot(along, along, p) / f->weight;
    }
    mlsd__free(scope->allocator, along);
    return MLSD_OK;
}

/* Of few rows: from their coordinates. */
static mlsd_status variance_wide(mlsd__scope *scope, const svd_fit *f, mlsd__projection *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = f->train->x->n_rows;
    double *x = NULL, mean;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, state->k + 1, &size));
    double *const out = mlsd__alloc_raw(a, size, sizeof *out);
    if (out == NULL) return MLSD_E_NOMEM;
    double *const column = out + n * state->k;
    mlsd_status status = mlsd__frame_materialize(scope, f->train->x, &x);
    if (status == MLSD_OK) {
        mlsd__project(state->origin, state->components, NULL, state->p, state->k, x, n, state->p,
                      out);
        for (int64_t c = 0; c < state->k; c++) {
            for (int64_t i = 0; i < n; i++) column[i] = out[i * state->k + c];
            mlsd__mean_variance(column, f->train->weight, n, 0, &mean, &state->variance[c]);
        }
    }
    mlsd__free(a, x);
    mlsd__free(a, out);
    return status;
}

static mlsd_status make_state(mlsd__scope *scope, int64_t k, const svd_fit *f,
                              mlsd__projection **out)
{
    double total = 0;
    MLSD__TRY(mlsd__projection_new(scope->allocator, f->svd.p, k, "truncatedsvd", out));
    mlsd__projection *const state = *out;
    memcpy(state->singular, f->svd.s, (size_t)k * sizeof *f->svd.s);
    MLSD__TRY(mlsd__row_svd_vectors(scope, &f->svd, k, state->components));
    MLSD__TRY(f->triangle != NULL ? variance_tall(scope, f, state)
                                  : variance_wide(scope, f, state));
    for (int64_t j = 0; j < f->svd.p; j++) total += f->m2[j] / f->weight;
    for (int64_t c = 0; c < k; c++) state->ratio[c] = total > 0 ? state->variance[c] / total : 0;
    if (isfinite(total)) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns down");
}

static mlsd_status check_count(const mlsd__train *train, int64_t k)
{
    const int64_t n = train->x->n_rows, p = train->x->n_features;
    if (k <= n && k <= p) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "'n_components' is %lld, but the data have %lld: the smaller of rows and "
                      "columns",
                      (long long)k, (long long)(n < p ? n : p));
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const svd_params *const params = mlsd__spec_params(spec);
    const int64_t n = train->x->n_rows, p = train->x->n_features;
    MLSD__TRY(check_count(train, params->n_components));
    svd_fit f = {.train = train};
    f.weight = train->weight != NULL ? mlsd__sum(train->weight, n) : (double)n;
    f.mean = mlsd__alloc_raw(a, p, 3 * sizeof *f.mean);
    if (f.mean == NULL) return MLSD_E_NOMEM;
    f.m2 = f.mean + p;
    mlsd__projection *state = NULL;
    mlsd_status status =
        mlsd__column_moments(scope, train->x, train->weight, f.m2 + p, f.mean, f.m2, NULL);
    if (status == MLSD_OK) status = n >= p ? reduce_tall(scope, &f) : reduce_wide(scope, &f);
    if (status == MLSD_OK) status = make_state(scope, params->n_components, &f, &state);
    mlsd__row_svd_free(&f.svd, a);
    mlsd__free(a, f.triangle);
    mlsd__free(a, f.mean);
    if (status != MLSD_OK && state != NULL) mlsd__projection_free(a, state);
    if (status == MLSD_OK) *out_state = state;
    return status;
}

static const char *attribute(const void *state, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    return i < 4 ? mlsd__projection_attribute(state, i, data, rows, cols) : NULL;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features, (void)n_classes;
    mlsd__projection *state;
    *out_state = NULL;
    MLSD__TRY(mlsd__projection_load(r, n_features, "truncatedsvd", &state));
    *out_state = state;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .fit = fit,
    .features_out = mlsd__projection_features,
    .transform_block = mlsd__projection_block,
    .attribute = attribute,
    .save = mlsd__projection_save,
    .load = load,
    .free_state = mlsd__projection_free,
};

static const mlsd_param table[] = {
    MLSD__P_I64(svd_params, n_components, 1, 9007199254740992.0, "2", NULL,
                "How many singular vectors"),
};

const mlsd_kind mlsd__kind_truncated_svd = {
    .name = "truncated_svd",
    .family = "transform",
    .doc = "The first singular vectors of the rows as they are, not centred",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(svd_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"TruncatedSVD\"}",
};
