/* exponentiated_gradient.c - kind "exponentiated_gradient": the reduction of Agarwal, Beygelzimer,
 * Dudik, Langford & Wallach 2018, "A reductions approach to fair classification", algorithm 1. Its
 * letters: Q the mixture, lambda the multipliers, B their bound, nu the gap that is good enough.
 *
 * A mixture of classifiers plays against multipliers of the constraints. Multipliers are moved by
 * the exponentiated gradient, and the estimator answers each by a classifier of weighted,
 * relabelled rows. After each step the mixture of all answers and the mean of all multipliers are a
 * pair whose distance from the saddle point is known: what either side could still gain by its best
 * response. With lp_step, as in Fairlearn, so is a second pair, the exact saddle point among the
 * classifiers found so far (a game of a finite table); the best response to its multipliers is a
 * new column of that table. The nearer pair is kept. */
#include "model/fair/exponentiated_gradient.h"

#include <math.h>
#include <string.h>

#include "base/spec_impl.h"
#include "model/class_weight.h"
#include "model/fair/matrix_game.h"
#include "model/train_part.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_exponentiated_gradient;

/* Gaps are differences of numbers up to lambda_bound: this is their rounding, and as good as 0. */
static const double LEAST_NU = 1e-10;
/* Shares of a mixture below this are rounding of the linear program. */
static const double LEAST_WEIGHT = 1e-9;

/* ---- checks ---- */

static mlsd_status check_class_weight(const mlsd_spec *final)
{
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(final);
    const mlsd__class_weight *const given =
        ops->class_weight != NULL ? ops->class_weight(final) : NULL;
    if (given == NULL || (given->choice == 0 && given->given.values == NULL)) return MLSD_OK;
    return mlsd__fail(
        MLSD_E_PARAM_CONFLICT,
        "exponentiated_gradient relabels rows, so that %s cannot weigh their classes; "
        "unset 'class_weight' and weigh the rows",
        mlsd_kind_name(mlsd_spec_kind(final)));
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd__fair_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    if (child == NULL)
        return mlsd__fail(MLSD_E_CHILD, "exponentiated_gradient has no estimator; put a classifier "
                                        "into its slot 'estimator'");
    const mlsd_spec *const final = mlsd__estimator_final(child);
    if (final == NULL) return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(final), *const own =
                                                                      mlsd__spec_ops(child);
    if (!ops->classifies || ops->clock != NULL)
        return mlsd__fail(MLSD_E_CHILD, "exponentiated_gradient: %s is no classifier",
                          mlsd_kind_name(mlsd_spec_kind(final)));
    if (params->sensitive_features.n == 0)
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'sensitive_features' names no column; name those that make the groups");
    if (params->randomize != 0 && params->id == NULL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'randomize' needs the column whose hash is the coin; set 'id'");
    MLSD__TRY(check_class_weight(final));
    return own->check != NULL ? own->check(child, task) : MLSD_OK;
}

/* ---- the game ---- */

typedef struct game {
    const mlsd__fair_params *params;
    mlsd__hypotheses *h;
    int64_t n_signed;                           /* 2 x events x groups: multipliers */
    double *theta, *lambda, *lambda_sum, *mean; /* n_signed each */
    double *count, *mixture;                    /* of hypotheses; Q of one pair */
    double *best_mixture, *best_lambda, best_gap;
    double nu;
} game;

static mlsd_status game_open(const mlsd__allocator *a, game *g)
{
    const int64_t k = g->n_signed, n = g->h->capacity;
    double *const block = mlsd__alloc(a, 5 * k + 3 * n, sizeof *block);
    if (block == NULL) return MLSD_E_NOMEM;
    g->theta = block;
    g->lambda = block + k;
    g->lambda_sum = block + 2 * k;
    g->mean = block + 3 * k;
    g->best_lambda = block + 4 * k;
    g->count = block + 5 * k;
    g->mixture = g->count + n;
    g->best_mixture = g->mixture + n;
    g->best_gap = INFINITY;
    return MLSD_OK;
}

/* lambda_k = B exp(theta_k) / (1 + sum exp(theta)). */
static void set_lambda(game *g)
{
    double top = 0, sum;
    for (int64_t k = 0; k < g->n_signed; k++) top = fmax(top, g->theta[k]);
    sum = mlsd__exp(-top);
    for (int64_t k = 0; k < g->n_signed; k++) sum += g->lambda[k] = mlsd__exp(g->theta[k] - top);
    for (int64_t k = 0; k < g->n_signed; k++) {
        g->lambda[k] *= g->params->lambda_bound / sum;
        g->lambda_sum[k] += g->lambda[k];
    }
}

static double signed_gap(const mlsd__hypothesis *h, int64_t k)
{
    return k % 2 == 0 ? h->gaps[k / 2] : -h->gaps[k / 2];
}

/* L(Q, lambda), and in *out_worst L(Q, the best response to Q). */
static double mixture_cost(const game *g, int64_t n, const double *mixture, const double *lambda,
                           double *out_worst)
{
    double error = 0, cost, most = 0;
    for (int64_t i = 0; i < n; i++) error += mixture[i] * g->h->list[i].error;
    cost = error;
    for (int64_t k = 0; k < g->n_signed; k++) {
        double over = -g->params->eps;
        for (int64_t i = 0; i < n; i++) over += mixture[i] * signed_gap(&g->h->list[i], k);
        cost += lambda[k] * over;
        most = fmax(most, over);
    }
    *out_worst = error + g->params->lambda_bound * most;
    return cost;
}

/* What either side of the pair could gain, and keep the pair where that is less than ever. */
static mlsd_status judge(mlsd__scope *scope, game *g, const double *lambda)
{
    const int64_t n = g->h->n;
    double worst;
    int64_t answer = 0;
    const double cost = mixture_cost(g, n, g->mixture, lambda, &worst);
    MLSD__TRY(mlsd__hypotheses_answer(scope, g->h, g->params->eps, lambda, &answer));
    const double least =
        mlsd__hypothesis_cost(&g->h->list[answer], g->h->m, g->params->eps, lambda);
    const double gap = fmax(cost - least, worst - cost);
    if (gap >= g->best_gap) return MLSD_OK;
    g->best_gap = gap;
    memcpy(g->best_mixture, g->mixture, (size_t)n * sizeof *g->mixture);
    memcpy(g->best_lambda, lambda, (size_t)g->n_signed * sizeof *lambda);
    return MLSD_OK;
}

/* The saddle point among what is fitted: rows are no constraint, and each at its bound. */
static mlsd_status solve(mlsd__scope *scope, game *g)
{
    const int64_t n = g->h->n, m = g->n_signed + 1;
    const double eps = g->params->eps, bound = g->params->lambda_bound;
    bool solved = false;
    double *const pay = mlsd__alloc_raw(scope->allocator, m * n + m, sizeof *pay);
    if (pay == NULL) return MLSD_E_NOMEM;
    double *const rows = pay + m * n;
    for (int64_t i = 0; i < n; i++) {
        const mlsd__hypothesis *const h = &g->h->list[i];
        pay[i] = h->error;
        for (int64_t k = 0; k < g->n_signed; k++)
            pay[(k + 1) * n + i] = h->error + bound * (signed_gap(h, k) - eps);
    }
    mlsd_status status = mlsd__matrix_game(scope, pay, m, n, g->mixture, rows, &solved);
    for (int64_t k = 0; solved && k < g->n_signed; k++) g->mean[k] = bound * rows[k + 1];
    mlsd__free(scope->allocator, pay);
    if (status == MLSD_OK && solved) status = judge(scope, g, g->mean);
    return status;
}

static mlsd_status one_step(mlsd__scope *scope, game *g, int64_t step)
{
    int64_t answer = 0;
    set_lambda(g);
    MLSD__TRY(mlsd__hypotheses_answer(scope, g->h, g->params->eps, g->lambda, &answer));
    g->count[answer]++;
    if (step == 1 && isnan(g->nu)) { /* half a standard error of the first one's error */
        const double error = g->h->list[0].error;
        g->nu = 0.5 * sqrt(error * (1 - error) / (double)g->h->moments->n);
    }
    g->nu = fmax(g->nu, LEAST_NU);
    for (int64_t i = 0; i < g->h->n; i++) g->mixture[i] = g->count[i] / (double)step;
    for (int64_t k = 0; k < g->n_signed; k++) g->mean[k] = g->lambda_sum[k] / (double)step;
    MLSD__TRY(judge(scope, g, g->mean));
    if (g->best_gap > g->nu && g->params->lp_step != 0) MLSD__TRY(solve(scope, g));
    for (int64_t k = 0; k < g->n_signed; k++)
        g->theta[k] += g->params->eta / g->params->lambda_bound *
                       (signed_gap(&g->h->list[answer], k) - g->params->eps);
    return MLSD_OK;
}

static mlsd_status play(mlsd__scope *scope, game *g, int64_t *out_steps)
{
    const int64_t most = g->params->max_iter;
    mlsd_status status = MLSD_OK;
    *out_steps = 0;
    mlsd__stage_begin(scope, "exponentiated_gradient", most);
    while (status == MLSD_OK && *out_steps < most && !(g->best_gap <= g->nu)) {
        status = one_step(scope, g, ++*out_steps);
        mlsd__stage_advance(scope, 1);
    }
    mlsd__stage_end(scope);
    return status;
}

/* ---- the fit ---- */

/* Rates of the mixture of members, which are those of `list` with a weight. */
static void tell(const game *g, int64_t steps, mlsd__fair *s)
{
    const mlsd__fair_moments *const m = g->h->moments;
    for (int64_t i = 0, at = 0; i < g->h->n; i++) {
        mlsd__hypothesis *const h = &g->h->list[i];
        if (g->best_mixture[i] == 0) continue;
        s->weights[at] = g->best_mixture[i];
        s->constants[at] = h->member.constant;
        s->own.states[at++] = h->member.state;
        h->member.state = NULL;
        s->scalars[MLSD__FAIR_ERROR] += g->best_mixture[i] * h->error;
        for (int64_t j = 0; j < g->h->m; j++) {
            s->rates[j] += g->best_mixture[i] * h->rates[j];
            s->gaps[j] += g->best_mixture[i] * h->gaps[j];
        }
    }
    for (int64_t j = 0; j < g->h->m; j++) {
        const bool is_bound = mlsd__fair_is_bound(m, j / m->n_groups, j % m->n_groups);
        s->gaps[j] = is_bound ? s->gaps[j] : (double)NAN;
        s->slack[j] = g->params->eps - fabs(s->gaps[j]);
        s->scalars[MLSD__FAIR_N_UNBOUND] += !is_bound;
    }
    memcpy(s->multipliers, g->best_lambda, (size_t)g->n_signed * sizeof *s->multipliers);
    memcpy(s->groups, m->values, (size_t)(m->n_groups * s->n_sensitive) * sizeof *s->groups);
    s->scalars[MLSD__FAIR_GAP] = g->best_gap;
    s->scalars[MLSD__FAIR_NU] = g->nu;
    s->scalars[MLSD__FAIR_N_ITER] = (double)steps;
    s->scalars[MLSD__FAIR_CONVERGED] = g->best_gap <= g->nu;
}

static mlsd_status finish(const game *g, int64_t steps, mlsd__fair *s)
{
    int64_t n = 0;
    double sum = 0;
    for (int64_t i = 0; i < g->h->n; i++) {
        if (g->best_mixture[i] < LEAST_WEIGHT) g->best_mixture[i] = 0;
        n += g->best_mixture[i] > 0;
        sum += g->best_mixture[i];
    }
    for (int64_t i = 0; i < g->h->n; i++) g->best_mixture[i] /= sum;
    MLSD__TRY(mlsd__fair_make_room(s, n, g->h->moments->n_groups));
    tell(g, steps, s);
    return MLSD_OK;
}

static mlsd_status find_mixture(mlsd__scope *scope, const mlsd__fair_params *params,
                                const mlsd__train *train, const mlsd__fair_moments *moments,
                                mlsd__fair *s)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__frame frame;
    mlsd__hypotheses h = {.fair = s, .moments = moments, .train = train, .frame = &frame};
    game g = {.params = params, .h = &h, .nu = params->nu};
    int64_t steps = 0;
    mlsd__fair_frame(s, train->x, &frame);
    mlsd_status status = mlsd__hypotheses_open(a, 3 * params->max_iter + 1, &h);
    g.n_signed = 2 * h.m;
    if (status == MLSD_OK) status = game_open(a, &g);
    if (status == MLSD_OK) status = play(scope, &g, &steps);
    if (status == MLSD_OK) status = finish(&g, steps, s);
    if (status == MLSD_OK && !(g.best_gap <= g.nu))
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "exponentiated_gradient: after %lld steps the mixture may be %g from the "
                       "best, more than nu = %g; raise 'max_iter'",
                       (long long)steps, g.best_gap, g.nu);
    mlsd__free(a, g.theta);
    mlsd__hypotheses_close(a, &h);
    return status;
}

static mlsd_status fit_rows(mlsd__scope *scope, const mlsd__fair_params *params,
                            const mlsd__train *train, mlsd__fair *s)
{
    const mlsd__fair_groups how = {.columns = s->sensitive,
                                   .n_columns = s->n_sensitive,
                                   .max_groups = params->max_groups,
                                   .max_values = params->max_values,
                                   .n_bins = params->group_bins};
    mlsd__fair_moments moments;
    MLSD__TRY(mlsd__fair_moments_open(scope, train, &how, params->constraint, &moments));
    const mlsd_status status = find_mixture(scope, params, train, &moments, s);
    mlsd__fair_moments_close(&moments, scope->allocator);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__train_part all = {0};
    mlsd__fair *s = NULL;
    *out_state = NULL;
    if (train->n_classes != 2)
        return mlsd__fail(MLSD_E_DATA, "exponentiated_gradient is for 2 classes, got %lld",
                          (long long)train->n_classes);
    MLSD__TRY(mlsd__fair_new(a, spec, train->x->features, train->x->n_features, &s));
    /* NaN may stand in a sensitive column; in the others the estimator's own fit finds it. */
    mlsd_status status = mlsd__train_part_of_weight(scope, train, true, &all);
    if (status == MLSD_OK) status = fit_rows(scope, mlsd__spec_params(spec), &all.train, s);
    mlsd__train_part_close(&all, a);
    if (status != MLSD_OK) {
        mlsd__fair_free(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

/* ---- the kind ---- */

static bool predicts_rows(const void *state)
{
    (void)state;
    return true; /* so that a row's number is there for the coin */
}

static const mlsd__estimator_ops ops = {
    .classifies = true,
    .has_proba = true,
    .lacks_decision = true,
    .gives_classes = true,
    .takes_nan = true,
    .takes_category = true,
    .checks_x = true,
    .check = check,
    .fit = fit,
    .predicts_rows = predicts_rows,
    .predict_rows = mlsd__fair_predict_rows,
    .attribute = mlsd__fair_attribute,
    .save = mlsd__fair_save,
    .load = mlsd__fair_load,
    .free_state = mlsd__fair_free,
};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "A classifier, which may be a pipeline; it is fitted to weighted, relabelled rows"},
};

static const char *const constraints[] = {"demographic_parity", "equal_opportunity",
                                          "predictive_equality", "equalized_odds", NULL};

#define P mlsd__fair_params
static const mlsd_param table[] = {
    MLSD__P_CHOICE(
        P, constraint, constraints, "\"demographic_parity\"",
        "what groups are to have alike: the share of class 1, true positive rates, false "
        "positive rates, or both of these"),
    MLSD__P_STR_LIST(P, sensitive_features, "null",
                     "columns whose values, crossed, are the groups; they must be named"),
    MLSD__P_BOOL(P, keep_sensitive, "false", "the estimator sees these columns too"),
    MLSD__P_F64(P, eps, 0, 1, 0, "0.01", NULL, "how far a group's rate may be from that of all"),
    MLSD__P_I64(P, max_iter, 1, 10000, "50", "log",
                "steps at most; each fits the estimator up to three times"),
    MLSD__P_F64_NULL(P, nu, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "gap to the best mixture at which it ends; null: half the standard error of "
                     "the first classifier's error"),
    MLSD__P_F64(P, eta, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "2.0", "log",
                "length of a step, in units of 1/lambda_bound"),
    MLSD__P_F64(P, lambda_bound, 0, 1e9, MLSD__OPEN_LOWER, "100.0", "log",
                "sum of the multipliers at most: what a unit beyond eps costs, in errors"),
    MLSD__P_BOOL(P, lp_step, "true",
                 "look for the best mixture of all classifiers so far after each step"),
    MLSD__P_STR(P, id, "null",
                "column of whole numbers that tell units apart, not seen by the estimator; null: "
                "none"),
    MLSD__P_BOOL(P, randomize, "false",
                 "predict classes by a coin, the hash of the id, with the chance of class 1; "
                 "otherwise the likelier class"),
    MLSD__P_I64(P, seed, 0, UINT32_MAX, "0", NULL, "seed of the coins"),
    MLSD__P_I64(P, max_groups, 1, 1000, "50", "log", "groups at most"),
    MLSD__P_I64(P, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are grouped by value"),
    MLSD__P_I64(P, group_bins, 1, 10000, "4", "log", "quantile bins of other columns of numbers"),
};
#undef P

const mlsd_kind mlsd__kind_exponentiated_gradient = {
    .name = "exponentiated_gradient",
    .family = "estimator",
    .doc = "A mixture of classifiers, each fitted to weighted and relabelled rows, that errs least "
           "of those that treat groups alike",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(mlsd__fair_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"decision\":false,\"sklearn\":\"ExponentiatedGradient\"}",
};
