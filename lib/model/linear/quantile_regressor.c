/* quantile_regressor.c - kind "quantile_regressor": linear regression for a quantile (Koenker &
 * Bassett 1978, Econometrica 46), with scikit-learn's objective
 *   sum w pinball(y - x'b - b0) / sum w + alpha |b|_1,
 * solved exactly: the answer is a vertex, with coefficients that are 0 exactly where the penalty
 * has them so. Where several vertices are best, one of them. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/linear_scores.h"
#include "model/linear/design.h"
#include "model/linear/quantile_simplex.h"
#include "model/linear/target_scale.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_quantile_regressor;

typedef struct quantile_params {
    double quantile, alpha;
    int64_t fit_intercept;
} quantile_params;

/* Rows of positive weight, as the simplex method wants them. */
typedef struct problem {
    mlsd__scope *scope;
    const quantile_params *params;
    const mlsd__train *train;
    mlsd__design design;
    double centre, scale, weight_sum;
    double *z, *y, *weight, *penalty, *theta;
    mlsd__quantile_problem rows;
    mlsd__quantile_outcome outcome;
} problem;

typedef struct copy_job {
    problem *p;
    mlsd__row_reader *readers;
} copy_job;

static mlsd_status copy_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const copy_job *const job = arg;
    problem *const p = job->p;
    int64_t first = 0, n = 0, ld = 0;
    const double *const x =
        mlsd__row_reader_block(&job->readers[scope->worker], block, &first, &n, &ld);
    mlsd__design_scale(&p->design, x, n, ld, p->z + first * p->design.n_columns);
    return mlsd__checkpoint(scope);
}

static mlsd_status copy_rows(problem *p)
{
    mlsd__scope *const scope = p->scope;
    const mlsd__frame *const frame = p->design.rows.frame;
    mlsd__row_reader *const readers =
        mlsd__alloc(scope->allocator, scope->n_threads, sizeof *readers);
    mlsd_status status = readers == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int32_t t = 0; status == MLSD_OK && t < scope->n_threads; t++)
        status = mlsd__row_reader_open(&readers[t], scope->allocator, frame);
    copy_job job = {p, readers};
    if (status == MLSD_OK)
        status = mlsd__parallel_for(scope, mlsd__n_blocks(frame->n_rows), copy_block, &job);
    for (int32_t t = 0; readers != NULL && t < scope->n_threads; t++)
        if (readers[t].allocator != NULL) mlsd__row_reader_close(&readers[t]);
    mlsd__free(scope->allocator, readers);
    return status;
}

/* Rows of weight 0 are none. */
static void drop_rows(problem *p)
{
    const int64_t q = p->design.n_columns, n = p->train->x->n_rows;
    const double *const weight = p->train->weight;
    int64_t kept = 0;
    for (int64_t i = 0; weight != NULL && i < n; i++) {
        if (!(weight[i] > 0.0)) continue;
        memmove(p->z + kept * q, p->z + i * q, (size_t)q * sizeof *p->z);
        p->y[kept] = p->y[i];
        p->weight[kept++] = weight[i];
    }
    p->rows = (mlsd__quantile_problem){.n = weight != NULL ? kept : n,
                                       .q = q,
                                       .z = p->z,
                                       .y = p->y,
                                       .weight = weight != NULL ? p->weight : NULL,
                                       .penalty = p->penalty,
                                       .quantile = p->params->quantile};
    p->weight_sum = weight != NULL ? mlsd__sum(p->weight, kept) : (double)n;
}

static mlsd_status prepare(problem *p)
{
    const mlsd__allocator *const a = p->scope->allocator;
    const int64_t n = p->train->x->n_rows, q = p->design.n_columns;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(n, q, &size));
    p->z = mlsd__alloc_raw(a, size, sizeof *p->z);
    p->y = mlsd__alloc_raw(a, n, sizeof *p->y);
    p->penalty = mlsd__alloc(a, q, sizeof *p->penalty);
    p->theta = mlsd__alloc(a, q, sizeof *p->theta);
    if (p->train->weight != NULL) p->weight = mlsd__alloc_raw(a, n, sizeof *p->weight);
    if (p->z == NULL || p->y == NULL || p->penalty == NULL || p->theta == NULL ||
        (p->train->weight != NULL && p->weight == NULL))
        return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__target_scale(p->scope, p->train, p->params->fit_intercept != 0, p->y,
                                 &p->centre, &p->scale));
    MLSD__TRY(copy_rows(p));
    if (mlsd__any_nonfinite(p->z, size))
        MLSD__TRY(mlsd__frame_require_finite(p->scope, p->train->x, false));
    if (mlsd__any_nonfinite(p->z, size) || mlsd__any_nonfinite(p->y, n))
        return mlsd__fail(MLSD_E_NUMERIC, "quantile_regressor: columns or target overflow; scale "
                                          "them down");
    drop_rows(p);
    for (int64_t j = 0; j < p->design.n_features; j++)
        p->penalty[j] = fmin(p->params->alpha * p->weight_sum * p->design.inverse[j], 1e290);
    return MLSD_OK;
}

static mlsd_status tell(const problem *p, mlsd__linear_scores *s)
{
    const double share = p->scale / p->weight_sum;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"n_iter", (double)p->outcome.n_pivots},
        {"converged", p->outcome.converged ? 1.0 : 0.0},
        {"objective", p->outcome.objective * share},
        {"dual_gap", p->outcome.gap * share},
    };
    for (int i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__linear_scores_number(s, numbers[i].name, numbers[i].value));
    if (!p->outcome.converged)
        mlsd__log_line(p->scope, MLSD_LOG_WARNING,
                       "quantile_regressor: not converged after %lld pivots, the objective may be "
                       "%g above its minimum; add a standardize step or look for columns that "
                       "nearly depend on each other",
                       (long long)p->outcome.n_pivots, p->outcome.gap * share);
    return MLSD_OK;
}

static mlsd_status solve(problem *p, mlsd__linear_scores *s)
{
    MLSD__TRY(prepare(p));
    if (p->rows.q > 0)
        MLSD__TRY(mlsd__quantile_solve(p->scope, &p->rows, p->theta, &p->outcome));
    else
        p->outcome.converged = true;
    mlsd__design_from_scaled(&p->design, p->theta, s->coef, s->intercept);
    for (int64_t j = 0; j < s->n_features; j++) s->coef[j] *= p->scale;
    s->intercept[0] = s->intercept[0] * p->scale + p->centre;
    if (mlsd__any_nonfinite(s->coef, s->n_features) || !isfinite(s->intercept[0]))
        return mlsd__fail(MLSD_E_NUMERIC, "quantile_regressor: the coefficients overflow; scale "
                                          "the columns up or the target down");
    return tell(p, s);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    problem p = {.scope = scope, .params = mlsd__spec_params(spec), .train = train};
    mlsd__linear_scores *s = NULL;
    MLSD__TRY(mlsd__design_open(&p.design, scope, train->x, p.params->fit_intercept != 0));
    mlsd_status status = mlsd__linear_scores_new(a, MLSD__LINK_VALUE, train->x->n_features, 0, &s);
    if (status == MLSD_OK) status = solve(&p, s);
    mlsd__free(a, p.z);
    mlsd__free(a, p.y);
    mlsd__free(a, p.weight);
    mlsd__free(a, p.penalty);
    mlsd__free(a, p.theta);
    mlsd__design_close(&p.design, a);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .regresses = true,
    .checks_x = true,
    .fit = fit,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

static const mlsd_param table[] = {
    MLSD__P_F64(quantile_params, quantile, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.5", NULL,
                "which quantile to predict"),
    MLSD__P_F64(quantile_params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", "log",
                "strength of the penalty on the absolute slopes"),
    MLSD__P_BOOL(quantile_params, fit_intercept, "true", "whether there is an intercept"),
};

const mlsd_kind mlsd__kind_quantile_regressor = {
    .name = "quantile_regressor",
    .family = "estimator",
    .doc = "linear regression for a quantile, such as the median, with an L1 penalty",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(quantile_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"QuantileRegressor\"}",
};
