/* tweedie_regressor.c - kinds "poisson_regressor", "gamma_regressor" and "tweedie_regressor":
 * generalised linear models with scikit-learn's objective,
 * sum w d(y, mean) / (2 sum w) + alpha |b|^2 / 2, d the deviance, the intercept free.
 *
 * Rates with exposures: y = count / exposure and weight = exposure give the estimates that counts
 * with an offset log(exposure) give, for Poisson with the log link. A target of zeros alone has its
 * optimum at mean 0: with an intercept that is what is predicted. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/leave_rows.h"
#include "model/linear/linear_scores.h"
#include "model/linear/tweedie_loss.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_poisson_regressor, mlsd__kind_gamma_regressor,
    mlsd__kind_tweedie_regressor;

enum { LINK_AUTO, LINK_IDENTITY, LINK_LOG };

typedef struct params {
    double alpha;
    int64_t fit_intercept, max_iter;
    double tol;
    double power; /* tweedie_regressor only, as is link */
    int64_t link;
} params;

enum { CHUNK = 512 };

/* What a fit knows of its rows. */
typedef struct problem {
    mlsd__scope *scope;
    const char *kind;
    const params *params;
    const mlsd__train *train;
    mlsd__tweedie family;
    mlsd__design design;
    double weight, mean; /* sum, and weighted mean of the target */
    double *theta;
    mlsd__smooth_outcome outcome;
} problem;

static mlsd__tweedie family_of(const char *kind, const params *p)
{
    if (strcmp(kind, "poisson_regressor") == 0) return (mlsd__tweedie){1.0, true};
    if (strcmp(kind, "gamma_regressor") == 0) return (mlsd__tweedie){2.0, true};
    return (mlsd__tweedie){p->power, p->link == LINK_AUTO ? p->power > 0.0 : p->link == LINK_LOG};
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(spec));
    const double power = family_of(kind, mlsd__spec_params(spec)).power;
    if (power > 0.0 && power < 1.0)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'power' must not be between 0 and 1, where no distribution is, got %g",
                          power);
    return MLSD_OK;
}

/* Targets that the distribution does not have, in rows that count. */
static mlsd_status check_target(const problem *p)
{
    const double power = p->family.power;
    const mlsd__train *const t = p->train;
    if (power <= 0.0) return MLSD_OK;
    for (int64_t i = 0; i < t->x->n_rows; i++) {
        if (t->weight != NULL && !(t->weight[i] > 0.0)) continue;
        if (t->y[i] > 0.0 || (t->y[i] == 0.0 && power < 2.0)) continue;
        if (power >= 2.0)
            return mlsd__fail(MLSD_E_DATA,
                              "%s: the target of row %lld is %g, it must be above 0; "
                              "tweedie_regressor with a power between 1 and 2 takes zeros",
                              p->kind, (long long)i, t->y[i]);
        return mlsd__fail(MLSD_E_DATA, "%s: the target of row %lld is %g, it must not be below 0",
                          p->kind, (long long)i, t->y[i]);
    }
    return MLSD_OK;
}

static mlsd_status fail_overflow(const problem *p)
{
    MLSD__TRY(mlsd__frame_require_finite(p->scope, p->train->x, false));
    return mlsd__fail(MLSD_E_NUMERIC,
                      "%s: the deviance overflows; scale the columns or the target down (a "
                      "standardize step does it for columns)",
                      p->kind);
}

static mlsd_status find_mean(problem *p)
{
    const mlsd__train *const t = p->train;
    const int64_t n = t->x->n_rows;
    p->weight = t->weight != NULL ? mlsd__sum(t->weight, n) : (double)n;
    p->mean = (t->weight != NULL ? mlsd__dot(t->weight, t->y, n) : mlsd__sum(t->y, n)) / p->weight;
    return isfinite(p->mean) ? MLSD_OK : fail_overflow(p);
}

/* Sums over all rows at one score: of the family's losses, or of w slope^2 / w. */
static mlsd_status sum_at(const problem *p, mlsd__score_family rows_of, double score,
                          double *out_loss, double *out_square)
{
    const mlsd__train *const t = p->train;
    double scores[CHUNK], slope[CHUNK] = {0}, curvature[CHUNK];
    *out_loss = 0.0;
    *out_square = 0.0;
    for (int i = 0; i < CHUNK; i++) scores[i] = score;
    for (int64_t first = 0; first < t->x->n_rows; first += CHUNK) {
        const int64_t left = t->x->n_rows - first;
        mlsd__score_rows rows = {.n = left < CHUNK ? left : CHUNK,
                                 .score = scores,
                                 .y = t->y + first,
                                 .weight = t->weight != NULL ? t->weight + first : NULL,
                                 .slope = slope,
                                 .curvature = curvature};
        rows_of(&p->family, &rows);
        *out_loss += rows.loss;
        for (int64_t i = 0; i < rows.n; i++) {
            const double w = rows.weight != NULL ? rows.weight[i] : 1.0;
            if (w > 0.0) *out_square += slope[i] / w * slope[i];
        }
        MLSD__TRY(mlsd__checkpoint(p->scope));
    }
    return MLSD_OK;
}

static double score_of(const problem *p, double mean)
{
    return p->family.is_log ? mlsd__log(mean) : mean;
}

/* Without an intercept and a logarithm, theta = 0 predicts 0, which most of these distributions do
 * not have for a mean: start where all predictions are nearest to the mean of the target. */
static mlsd_status start_through_origin(problem *p, mlsd__score_loss *l)
{
    const int64_t n = p->train->x->n_rows;
    const mlsd__tweedie normal = {0.0, false};
    const mlsd__smooth_limits limits = {.max_iter = p->params->max_iter, .tol = 1e-8};
    double *const level = mlsd__alloc_raw(p->scope->allocator, n, sizeof *level);
    if (level == NULL) return MLSD_E_NOMEM;
    const double mean = p->mean > 0.0 ? p->mean : 1.0;
    for (int64_t i = 0; i < n; i++) level[i] = 1.0;
    mlsd__score_loss start = *l;
    start.y = level;
    start.family = &normal;
    start.penalty = 0.0;
    mlsd_status status =
        mlsd__score_loss_minimise(&start, p->scope, &limits, p->theta, &p->outcome);
    for (int64_t i = 0; i < l->n_theta; i++) p->theta[i] *= mean;
    double value = NAN;
    if (status == MLSD_OK) status = mlsd__score_loss_at(l, p->scope, p->theta, &value, NULL, NULL);
    mlsd__free(p->scope->allocator, level);
    if (status != MLSD_OK || isfinite(value)) return status;
    MLSD__TRY(mlsd__frame_require_finite(p->scope, p->train->x, false));
    return mlsd__fail(MLSD_E_DATA,
                      "%s: no coefficients were found that predict above 0 in every row; set "
                      "'link' to log or 'fit_intercept' to true",
                      p->kind);
}

/* Start at the constant model, and measure slopes by what they are there. */
static mlsd_status prepare(problem *p, mlsd__score_loss *l)
{
    const bool has_intercept = p->params->fit_intercept != 0;
    const bool is_above_0 = p->family.is_log || p->family.power != 0.0;
    double level = p->mean, loss = 0.0, square = 0.0;
    if (is_above_0 && !(level > 0.0)) level = 1.0;
    const double score = score_of(p, level);
    MLSD__TRY(sum_at(p, mlsd__tweedie_rows, score, &loss, &square));
    const double unit = sqrt(square / p->weight);
    if (!isfinite(loss) || !isfinite(unit)) return fail_overflow(p);
    if (unit > 0.0) l->unit = unit;
    if (has_intercept) p->theta[p->design.n_features] = score;
    if (!has_intercept && !p->family.is_log && is_above_0) MLSD__TRY(start_through_origin(p, l));
    return MLSD_OK;
}

static mlsd_status minimise(problem *p, mlsd__score_loss *l)
{
    const double power = p->family.power;
    const mlsd__smooth_limits limits = {
        .max_iter = p->params->max_iter,
        .tol = p->params->tol,
        .may_run_away = p->params->alpha == 0.0 && p->family.is_log && power >= 1.0 && power < 2.0};
    MLSD__TRY(prepare(p, l));
    MLSD__TRY(mlsd__score_loss_minimise(l, p->scope, &limits, p->theta, &p->outcome));
    if (p->outcome.nonfinite) return fail_overflow(p);
    if (!p->outcome.converged)
        mlsd__log_line(p->scope, MLSD_LOG_WARNING,
                       "%s: not converged after %lld iterations; raise max_iter or alpha, or add a "
                       "standardize step",
                       p->kind, (long long)p->outcome.n_iter);
    return MLSD_OK;
}

/* Deviance, that of the weighted mean, and the numbers of the iteration. */
static mlsd_status tell(const problem *p, mlsd__score_loss *l, mlsd__linear_scores *s)
{
    double half = 0.0, squares = 0.0, null_half = 0.0, unused = 0.0;
    l->rows = mlsd__tweedie_deviance_rows;
    l->penalty = 0.0;
    l->unit = 1.0;
    if (l->n_theta > 0) MLSD__TRY(mlsd__score_loss_at(l, p->scope, p->theta, &half, NULL, NULL));
    for (int64_t j = 0; j < s->n_features; j++) squares += s->coef[j] * s->coef[j];
    MLSD__TRY(sum_at(p, mlsd__tweedie_deviance_rows, score_of(p, p->mean), &null_half, &unused));
    if (l->n_theta == 0) /* the score is 0 everywhere */
        MLSD__TRY(sum_at(p, mlsd__tweedie_deviance_rows, 0.0, &half, &unused));
    else
        half *= p->weight;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"n_iter", (double)p->outcome.n_iter},
        {"converged", p->outcome.converged ? 1.0 : 0.0},
        {"objective", half / p->weight + 0.5 * p->params->alpha * squares},
        {"deviance", 2.0 * half},
        {"null_deviance", 2.0 * null_half},
        {"d2", null_half > 0.0 ? 1.0 - half / null_half : NAN},
    };
    for (int i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__linear_scores_number(s, numbers[i].name, numbers[i].value));
    return MLSD_OK;
}

static bool is_finite_model(const mlsd__linear_scores *s)
{
    bool is_finite = isfinite(s->intercept[0]);
    for (int64_t j = 0; j < s->n_features; j++) is_finite = is_finite && isfinite(s->coef[j]);
    return is_finite;
}

static mlsd_status solve(problem *p, mlsd__linear_scores *s)
{
    mlsd__score_loss l = {.design = &p->design,
                          .y = p->train->y,
                          .weight = p->train->weight,
                          .rows = mlsd__tweedie_rows,
                          .family = &p->family,
                          .penalty = p->params->alpha,
                          .unit = 1.0};
    const bool is_zero =
        p->mean == 0.0 && p->family.power >= 1.0 && (p->design.has_intercept || !p->family.is_log);
    p->theta = mlsd__alloc(p->scope->allocator, p->design.n_columns, sizeof *p->theta);
    if (p->theta == NULL) return MLSD_E_NOMEM;
    mlsd_status status =
        mlsd__score_loss_open(&l, p->scope, mlsd__score_loss_is_newton(&p->design));
    if (status != MLSD_OK) return status;
    if (is_zero || l.n_theta == 0) {
        status = mlsd__frame_require_finite(p->scope, p->train->x, false);
        p->outcome.converged = true;
        if (is_zero && p->design.has_intercept) p->theta[p->design.n_features] = score_of(p, 0.0);
    } else {
        status = minimise(p, &l);
    }
    if (status == MLSD_OK) {
        mlsd__design_from_scaled(&p->design, p->theta, s->coef, s->intercept);
        status = is_zero || is_finite_model(s) ? tell(p, &l, s) : fail_overflow(p);
    }
    mlsd__score_loss_close(&l, p->scope->allocator);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    problem p = {.scope = scope,
                 .kind = mlsd_kind_name(mlsd_spec_kind(spec)),
                 .params = mlsd__spec_params(spec),
                 .train = train};
    mlsd__linear_scores *s = NULL;
    p.family = family_of(p.kind, p.params);
    MLSD__TRY(check_target(&p));
    MLSD__TRY(find_mean(&p));
    MLSD__TRY(mlsd__design_open(&p.design, scope, train->x, p.params->fit_intercept != 0));
    mlsd_status status = mlsd__linear_scores_new(
        scope->allocator, p.family.is_log ? MLSD__LINK_LOG : MLSD__LINK_VALUE, train->x->n_features,
        0, &s);
    if (status == MLSD_OK) status = solve(&p, s);
    mlsd__free(scope->allocator, p.theta);
    mlsd__design_close(&p.design, scope->allocator);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(scope->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static mlsd_status leave_out(const mlsd_spec *spec, const mlsd__train *train, const void *state,
                             mlsd__leave_out *out)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__linear_scores *const s = state;
    const int64_t n = train->x->n_rows;
    const double weight = train->weight != NULL ? mlsd__sum(train->weight, n) : (double)n;
    *out = (mlsd__leave_out){.coef = s->coef,
                             .intercept = s->intercept[0],
                             .has_intercept = p->fit_intercept != 0,
                             .l2 = p->alpha * weight,
                             .l2_share = p->alpha,
                             .rows = mlsd__tweedie_rows,
                             .tweedie = family_of(mlsd_kind_name(mlsd_spec_kind(spec)), p),
                             .link = s->link};
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .regresses = true,
    .checks_x = true,
    .check = check,
    .fit = fit,
    .leave_out = leave_out,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

static const char *const links[] = {"auto", "identity", "log", NULL};

/* Poisson's and the gamma's tables are the first rows of this one. */
static const mlsd_param table[] = {
    MLSD__P_F64(params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", "log",
                "strength of the penalty on the squared slopes"),
    MLSD__P_BOOL(params, fit_intercept, "true", "whether there is an intercept"),
    MLSD__P_I64(params, max_iter, 1, INFINITY, "100", "log", "most iterations"),
    MLSD__P_F64(
        params, tol, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.0001", "log",
        "stop where no slope of the objective, by standard deviation of a column, is larger "
        "than this share of the rows' slopes at the mean"),
    MLSD__P_F64(
        params, power, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.0", NULL,
        "power of the mean that the variance goes with: 0 normal, 1 Poisson, 1 to 2 compound "
        "Poisson, 2 gamma, 3 inverse Gaussian"),
    MLSD__P_CHOICE(
        params, link, links, "\"auto\"",
        "log: the mean is exp of the linear score; auto: log where the power is above 0"),
};
enum { N_COMMON = 4 };

#define TRAITS(class_name)                                             \
    "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false," \
    "\"sklearn\":\"" class_name "\"}"

const mlsd_kind mlsd__kind_poisson_regressor = {
    .name = "poisson_regressor",
    .family = "estimator",
    .doc = "counts and rates: Poisson regression with the log link and an L2 penalty",
    .params = table,
    .n_params = N_COMMON,
    .params_size = sizeof(params),
    .ops = &ops,
    .traits = TRAITS("PoissonRegressor"),
};

const mlsd_kind mlsd__kind_gamma_regressor = {
    .name = "gamma_regressor",
    .family = "estimator",
    .doc = "targets above 0: gamma regression with the log link and an L2 penalty",
    .params = table,
    .n_params = N_COMMON,
    .params_size = sizeof(params),
    .ops = &ops,
    .traits = TRAITS("GammaRegressor"),
};

const mlsd_kind mlsd__kind_tweedie_regressor = {
    .name = "tweedie_regressor",
    .family = "estimator",
    .doc = "generalised linear model of a Tweedie distribution with an L2 penalty",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .ops = &ops,
    .traits = TRAITS("TweedieRegressor"),
};
