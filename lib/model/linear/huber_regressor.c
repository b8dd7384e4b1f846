/* huber_regressor.c - kind "huber_regressor": linear regression that far rows cannot pull away,
 * with scikit-learn's objective
 *   sum w (s + H((y - x'b - b0) / s) s) + alpha |b|^2,  H(u) = u^2 up to epsilon, then linear,
 * convex in coefficients and scale s together (Huber 1981, Robust Statistics, section 7.7; Owen
 * 2007, Contemporary Mathematics 443).
 *
 * The target is centred and scaled by its median and median deviation first. Where rows lie on a
 * plane to the last digit the scale would be 0: it stops at FLOOR of the target's scale. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/linear_scores.h"
#include "model/linear/score_loss.h"
#include "model/linear/target_scale.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_huber_regressor;

/* Scales below are rounding of residuals beside targets of the order of one. */
static const double FLOOR = 1e-11;

typedef struct params {
    double epsilon;
    int64_t max_iter;
    double alpha;
    int64_t fit_intercept;
    double tol;
} params;

typedef struct problem {
    mlsd__scope *scope;
    const params *params;
    const mlsd__train *train;
    mlsd__design design;
    double *target; /* centred and scaled */
    double centre, scale, weight;
    double *theta; /* coefficients, intercept and scale */
    mlsd__smooth_outcome outcome;
} problem;

/* `family` is epsilon. The Hessian of a near row is 2 w / s times (x, u)(x, u)', u = r / s. */
static void huber_rows(const void *family, mlsd__score_rows *rows)
{
    const double epsilon = *(const double *)family, s = fmax(rows->nuisance, FLOOR);
    const bool is_free = rows->nuisance > FLOOR;
    double loss = 0.0, slope_of_s = 0.0;
    for (int64_t i = 0; i < rows->n; i++) {
        const double w = rows->weight != NULL ? rows->weight[i] : 1.0;
        const double r = rows->y[i] - rows->score[i], u = r / s;
        const bool is_near = fabs(u) <= epsilon;
        const double far_loss = 2.0 * epsilon * fabs(r) + s * (1.0 - epsilon * epsilon);
        loss += w * (is_near ? s + u * r : far_loss);
        slope_of_s += w * (1.0 - (is_near ? u * u : epsilon * epsilon));
        rows->slope[i] = -2.0 * w * (is_near ? u : copysign(epsilon, u));
        rows->curvature[i] = is_near ? 2.0 * w / s : 0.0;
        rows->column[i * rows->stride] = is_near && is_free ? u : 0.0;
    }
    rows->loss = rows->nuisance > 0.0 ? loss : INFINITY;
    rows->nuisance_slope = is_free ? slope_of_s : 0.0;
}

static mlsd_status fail_overflow(const problem *p)
{
    MLSD__TRY(mlsd__frame_require_finite(p->scope, p->train->x, false));
    return mlsd__fail(MLSD_E_NUMERIC, "huber_regressor: the sums overflow; scale the columns or "
                                      "the target down (a standardize step does it for columns)");
}

static mlsd_status minimise(problem *p)
{
    mlsd__score_loss l = {.design = &p->design,
                          .y = p->target,
                          .weight = p->train->weight,
                          .rows = huber_rows,
                          .family = &p->params->epsilon,
                          .has_nuisance = true,
                          .penalty = fmin(2.0 * p->params->alpha * p->scale / p->weight, 1e300),
                          .unit = 1.0};
    const mlsd__smooth_limits limits = {.max_iter = p->params->max_iter, .tol = p->params->tol};
    p->theta[p->design.n_columns] = 1.0;
    MLSD__TRY(mlsd__score_loss_open(&l, p->scope, mlsd__score_loss_is_newton(&p->design)));
    mlsd_status status = mlsd__score_loss_minimise(&l, p->scope, &limits, p->theta, &p->outcome);
    mlsd__score_loss_close(&l, p->scope->allocator);
    if (status == MLSD_OK && p->outcome.nonfinite) status = fail_overflow(p);
    if (status == MLSD_OK && !p->outcome.converged)
        mlsd__log_line(p->scope, MLSD_LOG_WARNING,
                       "huber_regressor: not converged after %lld iterations; raise max_iter, or "
                       "add a standardize step",
                       (long long)p->outcome.n_iter);
    return status;
}

/* Numbers of the rows whose residual is beyond epsilon scales. */
static mlsd_status find_outliers(const problem *p, const mlsd__linear_scores *s, double scale,
                                 double *rows, int64_t *out_n)
{
    const mlsd__frame *const frame = p->design.rows.frame;
    mlsd__row_reader reader;
    *out_n = 0;
    MLSD__TRY(mlsd__row_reader_open(&reader, p->scope->allocator, frame));
    mlsd_status status = MLSD_OK;
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(frame->n_rows); b++) {
        int64_t first = 0, n = 0, ld = 0;
        const double *const x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        double value[MLSD__BLOCK_ROWS];
        mlsd__linear_scores_predict(s, x, n, ld, MLSD_OUTPUT_VALUE, value, NULL);
        for (int64_t i = 0; i < n; i++)
            if (fabs(p->train->y[first + i] - value[i]) > p->params->epsilon * scale)
                rows[(*out_n)++] = (double)(first + i);
        status = mlsd__checkpoint(p->scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

static mlsd_status tell(problem *p, mlsd__linear_scores *s)
{
    const double scale = fmax(p->theta[p->design.n_columns], FLOOR) * p->scale;
    bool is_finite = isfinite(s->intercept[0]) && isfinite(scale);
    for (int64_t j = 0; j < s->n_features; j++) is_finite = is_finite && isfinite(s->coef[j]);
    if (!is_finite) return fail_overflow(p);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"scale", scale},
        {"n_iter", (double)p->outcome.n_iter},
        {"converged", p->outcome.converged ? 1.0 : 0.0},
        {"objective", p->outcome.value * p->scale * p->weight},
        {"n_rows", (double)p->train->x->n_rows},
    };
    for (int i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__linear_scores_number(s, numbers[i].name, numbers[i].value));
    int64_t n = 0;
    MLSD__TRY(find_outliers(p, s, scale, p->target, &n)); /* the target is no longer needed */
    return mlsd__linear_scores_array(s, "outlier_rows", p->target, 1, n);
}

static mlsd_status solve(problem *p, mlsd__linear_scores *s)
{
    MLSD__TRY(mlsd__target_scale(p->scope, p->train, p->params->fit_intercept != 0, p->target,
                                 &p->centre, &p->scale));
    MLSD__TRY(minimise(p));
    mlsd__design_from_scaled(&p->design, p->theta, s->coef, s->intercept);
    for (int64_t j = 0; j < s->n_features; j++) s->coef[j] *= p->scale;
    s->intercept[0] = s->intercept[0] * p->scale + p->centre;
    return tell(p, s);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    problem p = {.scope = scope, .params = mlsd__spec_params(spec), .train = train};
    mlsd__linear_scores *s = NULL;
    MLSD__TRY(mlsd__design_open(&p.design, scope, train->x, p.params->fit_intercept != 0));
    p.weight = train->weight != NULL ? mlsd__sum(train->weight, train->x->n_rows)
                                     : (double)train->x->n_rows;
    p.target = mlsd__alloc_raw(a, train->x->n_rows, sizeof *p.target);
    p.theta = mlsd__alloc(a, p.design.n_columns + 1, sizeof *p.theta);
    mlsd_status status = p.target == NULL || p.theta == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK)
        status = mlsd__linear_scores_new(a, MLSD__LINK_VALUE, train->x->n_features, 0, &s);
    if (status == MLSD_OK) status = solve(&p, s);
    mlsd__free(a, p.theta);
    mlsd__free(a, p.target);
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
    MLSD__P_F64(params, epsilon, 1, INFINITY, MLSD__OPEN_UPPER, "1.35", "log",
                "rows count as outliers where the residual is beyond so many scales"),
    MLSD__P_I64(params, max_iter, 1, INFINITY, "100", "log", "most iterations"),
    MLSD__P_F64(params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",
                "strength of the penalty on the squared slopes"),
    MLSD__P_BOOL(params, fit_intercept, "true", "whether there is an intercept"),
    MLSD__P_F64(params, tol, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1e-05", "log",
                "stop where no slope of the mean loss, by standard deviation of a column and by "
                "the scale of the target, is larger"),
};

const mlsd_kind mlsd__kind_huber_regressor = {
    .name = "huber_regressor",
    .family = "estimator",
    .doc = "linear regression that outliers cannot pull away: Huber's loss with its scale",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"HuberRegressor\"}",
};
