/* univariate_select.c - keep the columns that by themselves say most about the target: so many, a
 * share, or those that a test finds at a level, with or without control over all columns.
 *
 * Which columns stay, ties included, is as in scikit-learn's GenericUnivariateSelect. False
 * discovery rate: Benjamini & Hochberg (1995), and Benjamini & Yekutieli (2001) for tests that
 * depend on each other in any way. */
#include <math.h>
#include <string.h>

#include "model/select/selection.h"
#include "model/select/univariate_scores.h"
#include "numeric/rank.h"

extern const mlsd_kind mlsd__kind_univariate_select;

enum { SCORE_F, SCORE_F_CLASSIF, SCORE_F_REGRESSION, SCORE_CHI2, SCORE_MUTUAL_INFO, SCORE_R };
static const char *const scores[] = {"f", "f_classif", "f_regression", "chi2", "mutual_info",
                                     "r", NULL};

enum { MODE_K_BEST, MODE_PERCENTILE, MODE_FPR, MODE_FDR, MODE_BY, MODE_FWE };
static const char *const modes[] = {"k_best", "percentile", "fpr", "fdr", "by", "fwe", NULL};

typedef struct univariate_params {
    int64_t score_func, mode, k;
    double percentile, alpha;
    int64_t center, discrete_features, n_neighbors, seed;
} univariate_params;

enum { SCORES, PVALUES };
static const char *const names[] = {"scores", "pvalues", NULL};

/* What "f" means for this target. */
static int64_t score_for(int64_t score, mlsd_task task)
{
    if (score != SCORE_F) return score;
    return task == MLSD_TASK_REGRESSION ? SCORE_F_REGRESSION : SCORE_F_CLASSIF;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const univariate_params *const params = mlsd__spec_params(spec);
    const int64_t score = score_for(params->score_func, task);
    if (score == SCORE_MUTUAL_INFO && params->mode >= MODE_FPR)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'mode' is \"%s\", but mutual_info has no p-values; use \"k_best\" or "
                          "\"percentile\"",
                          modes[params->mode]);
    return MLSD_OK;
}

static mlsd_status check_target(int64_t score, const mlsd__train *train)
{
    const bool is_number = train->task == MLSD_TASK_REGRESSION;
    if (train->y == NULL)
        return mlsd__fail(MLSD_E_DATA, "univariate_select needs a target%s",
                          train->n_more_targets > 0 ? ", and one only" : "");
    if ((score == SCORE_F_CLASSIF || score == SCORE_CHI2) && is_number)
        return mlsd__fail(MLSD_E_DATA,
                          "the score %s compares classes, but the target is a number; use "
                          "f_regression, r or mutual_info",
                          scores[score]);
    for (int64_t j = 0; score != SCORE_MUTUAL_INFO && j < train->x->n_features; j++) {
        if (train->x->features[j].type != MLSD__NUMERIC)
            return mlsd__fail(MLSD_E_DATA,
                              "univariate_select: column '%.100s' holds text; add a one_hot step "
                              "before, or use mutual_info as 'score_func'",
                              train->x->features[j].name);
    }
    return MLSD_OK;
}

static mlsd_status find_scores(mlsd__scope *scope, const univariate_params *params, int64_t which,
                               const mlsd__train *train, double *score, double *p_value)
{
    const mlsd__mutual_options options = {.n_neighbors = params->n_neighbors,
                                          .seed = params->seed,
                                          .is_discrete = params->discrete_features != 0};
    switch (which) {
    case SCORE_F_CLASSIF:
        return mlsd__score_f_classif(scope, train, score, p_value);
    case SCORE_CHI2:
        return mlsd__score_chi2(scope, train, score, p_value);
    case SCORE_MUTUAL_INFO:
        return mlsd__score_mutual_information(scope, train, &options, score);
    default:
        return mlsd__score_correlation(scope, train, which == SCORE_F_REGRESSION,
                                       params->center != 0, score, p_value);
    }
}

/* A column without a score comes last. */
static double strength(double score)
{
    return isnan(score) ? -INFINITY : fabs(score);
}

/* The k strongest; of equals the last ones, as scikit-learn has it. */
static void keep_k_best(const int64_t *rising, int64_t p, int64_t k, double *support)
{
    for (int64_t i = p - 1; i >= 0 && i >= p - k; i--) support[rising[i]] = 1;
}

/* Above the percentile of the scores; of those at it the first ones, as many as belong. */
static void keep_percentile(const double *value, const int64_t *rising, int64_t p,
                            double percentile, double *sorted, double *support)
{
    if (percentile >= 100) {
        for (int64_t j = 0; j < p; j++) support[j] = 1;
        return;
    }
    if (percentile <= 0) return;
    for (int64_t i = 0; i < p; i++) sorted[i] = value[rising[i]];
    const double cut = mlsd__quantile_sorted(sorted, p, (100 - percentile) / 100);
    int64_t n_left = (int64_t)((double)p * percentile / 100);
    for (int64_t j = 0; j < p; j++) {
        support[j] = value[j] > cut;
        n_left -= support[j] != 0;
    }
    for (int64_t j = 0; j < p && n_left > 0; j++) {
        if (value[j] != cut) continue;
        support[j] = 1;
        n_left--;
    }
}

/* Step-up: the largest p-value that is at most its rank's share of alpha, and all below. */
static void keep_discoveries(const double *p_value, const int64_t *rising, int64_t p, double alpha,
                             double *support)
{
    double largest = -1;
    for (int64_t i = 0; i < p; i++) {
        if (p_value[rising[i]] <= alpha / (double)p * (double)(i + 1)) largest = p_value[rising[i]];
    }
    for (int64_t j = 0; j < p; j++) support[j] = p_value[j] <= largest;
}

static void keep_level(const double *p_value, int64_t p, double alpha, double *support)
{
    for (int64_t j = 0; j < p; j++) support[j] = p_value[j] < alpha;
}

/* 1 + 1/2 + ... + 1/p: what Benjamini & Yekutieli divide the level by. */
static double harmonic(int64_t p)
{
    double sum = 0;
    for (int64_t i = 1; i <= p; i++) sum += 1 / (double)i;
    return sum;
}

static mlsd_status choose(mlsd__scope *scope, const univariate_params *params,
                          const mlsd__selection *s)
{
    const int64_t p = s->p;
    const double *const score = s->arrays[SCORES].data, *const p_value = s->arrays[PVALUES].data;
    double *const value = mlsd__alloc_raw(scope->allocator, p, 2 * sizeof *value);
    int64_t *const rising = mlsd__alloc_raw(scope->allocator, p, sizeof *rising);
    mlsd_status status = value == NULL || rising == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        value[j] = params->mode < MODE_FPR ? strength(score[j]) : p_value[j];
    if (status == MLSD_OK) status = mlsd__argsort(scope->allocator, value, p, rising);
    if (status == MLSD_OK) {
        switch (params->mode) {
        case MODE_K_BEST:
            keep_k_best(rising, p, params->k == MLSD__NULL_I64 ? p : params->k, s->support);
            break;
        case MODE_PERCENTILE:
            keep_percentile(value, rising, p, params->percentile, value + p, s->support);
            break;
        case MODE_FDR:
            keep_discoveries(value, rising, p, params->alpha, s->support);
            break;
        case MODE_BY:
            keep_discoveries(value, rising, p, params->alpha / harmonic(p), s->support);
            break;
        case MODE_FWE:
            keep_level(value, p, params->alpha / (double)p, s->support);
            break;
        default:
            keep_level(value, p, params->alpha, s->support);
        }
    }
    mlsd__free(scope->allocator, value);
    mlsd__free(scope->allocator, rising);
    return status;
}

static mlsd_status fit_columns(mlsd__scope *scope, const univariate_params *params,
                               const mlsd__train *train, mlsd__selection *s)
{
    const int64_t which = score_for(params->score_func, train->task);
    double *score, *p_value = NULL;
    MLSD__TRY(check_target(which, train));
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, SCORES, 1, s->p, &score));
    if (which != SCORE_MUTUAL_INFO)
        MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, PVALUES, 1, s->p, &p_value));
    MLSD__TRY(find_scores(scope, params, which, train, score, p_value));
    return choose(scope, params, s);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    mlsd__selection *s;
    mlsd_status status =
        mlsd__selection_new(scope->allocator, train->x->features, train->x->n_features, names, &s);
    if (status == MLSD_OK) status = fit_columns(scope, mlsd__spec_params(spec), train, s);
    return mlsd__selection_hand_over(scope, status, s, out_state);
}

static const mlsd__selection_ops ops =
    MLSD__SELECTION_OPS(names, .takes_category = true, .check = check, .fit = fit);

static const mlsd_param table[] = {
    MLSD__P_CHOICE(univariate_params, score_func, scores, "\"f\"",
                   "f: f_classif for classes and f_regression for numbers, which test means and a "
                   "correlation; chi2 for counts by class; mutual_info finds any dependence; r is "
                   "the correlation, of which the size decides"),
    MLSD__P_CHOICE(univariate_params, mode, modes, "\"k_best\"",
                   "k_best and percentile keep so many; fpr those with a p-value below alpha; fdr "
                   "(Benjamini-Hochberg), by (Benjamini-Yekutieli) hold the share of false ones at "
                   "alpha, fwe (Bonferroni) the chance of any"),
    MLSD__P_I64_NULL(univariate_params, k, 0, INFINITY, "10", "Columns of k_best; null: all"),
    MLSD__P_F64(univariate_params, percentile, 0, 100, 0, "10", NULL,
                "Percent of the columns that percentile keeps"),
    MLSD__P_F64(univariate_params, alpha, 0, 1, 0, "0.05", NULL, "Level of fpr, fdr, by and fwe"),
    MLSD__P_BOOL(univariate_params, center, "true",
                 "f_regression, r: whether means are taken away first"),
    MLSD__P_BOOL(univariate_params, discrete_features, "false",
                 "mutual_info: whether all columns are discrete; categories always are"),
    MLSD__P_I64(univariate_params, n_neighbors, 1, 1000, "3", NULL,
                "mutual_info: neighbors that are counted; more vary less and blur more"),
    MLSD__P_I64(univariate_params, seed, 0, UINT32_MAX, "0", NULL,
                "mutual_info: seed of the noise that parts ties, scikit-learn's random_state"),
};

const mlsd_kind mlsd__kind_univariate_select = {
    .name = "univariate_select",
    .family = "transform",
    .doc = "Keep the columns that by themselves say most about the target",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(univariate_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"UnivariateSelect\"}",
};
