/* halving.c - successive halving (Jamieson & Talwalkar 2016, AISTATS) and Hyperband (Li, Jamieson,
 * DeSalvo, Rostamizadeh & Talwalkar 2018, JMLR 18:185): all candidates get few resources, the
 * better ones go on with more. Resources are rows to train on, or a parameter that counts
 * something, such as epochs. The schedule of halving is scikit-learn's, rung by rung; test rows are
 * always all of a split, so that scores of a rung are as sure as they can be. */
#include <string.h>

#include "base/fail.h"
#include "base/spec_impl.h"
#include "model/estimator.h"
#include "numeric/rank.h"
#include "validate/search_folds.h"

static const char *const ROWS = "n_samples";

static bool counts_rows(const mlsd__search *s)
{
    return s->params->resource == NULL || strcmp(s->params->resource, ROWS) == 0;
}

/* Can the resource have that value? */
static mlsd_status check_value(const mlsd__search *s, int64_t value)
{
    mlsd_spec *scratch;
    MLSD__TRY(mlsd_spec_clone(s->estimator, &scratch));
    const mlsd_status status = mlsd_spec_set_i64(scratch, s->params->resource, value);
    mlsd_spec_free(scratch);
    return status;
}

mlsd_status mlsd__halving_check(const mlsd__search *s)
{
    const mlsd__search_params *const p = s->params;
    if (counts_rows(s)) {
        const mlsd__estimator_ops *const final = mlsd__estimator_final_ops(s->estimator);
        if (final->clock != NULL)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "'resource' = n_samples leaves rows out, and a series with holes is "
                              "another one; use grid_search or random_search");
    } else {
        mlsd_spec *owner;
        const mlsd_param *param;
        MLSD__TRY(mlsd__spec_resolve(s->estimator, p->resource, &owner, &param));
        if (param->type != MLSD_PARAM_I64)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "'resource' = %.60s is no whole number that could grow", p->resource);
        if (p->max_resources == MLSD__NULL_I64)
            return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                              "'resource' = %.60s needs 'max_resources', its largest value",
                              p->resource);
        MLSD__TRY(check_value(s, p->max_resources));
        if (p->min_resources != MLSD__NULL_I64 && p->min_resources > 0)
            MLSD__TRY(check_value(s, p->min_resources));
        for (int64_t i = 0; i < s->space.n_names; i++) {
            if (strcmp(s->space.names[i], p->resource) == 0)
                return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                                  "'%.60s' is the resource, so it cannot be in 'space'",
                                  p->resource);
        }
    }
    if (p->max_resources != MLSD__NULL_I64 && p->min_resources != MLSD__NULL_I64 &&
        p->min_resources > p->max_resources)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'min_resources' must be at most 'max_resources', got %lld and %lld",
                          (long long)p->min_resources, (long long)p->max_resources);
    const int64_t n_rows = mlsd_dataset_n_rows(s->dataset);
    if (counts_rows(s) && p->max_resources != MLSD__NULL_I64 && p->max_resources > n_rows)
        return mlsd__fail(MLSD_E_DATA, "'max_resources' is %lld, the data set has %lld rows",
                          (long long)p->max_resources, (long long)n_rows);
    return MLSD_OK;
}

/* ---- how much there is ---- */

/* The smallest and the largest resources. min 0 or null: the smallest that make sense. */
static mlsd_status find_limits(const mlsd__search *s, int64_t *min, int64_t *max)
{
    const mlsd__search_params *const p = s->params;
    const int64_t n_classes = mlsd_dataset_n_classes(s->dataset);
    *max = p->max_resources != MLSD__NULL_I64 ? p->max_resources : mlsd_dataset_n_rows(s->dataset);
    *min = p->min_resources;
    if (p->min_resources == MLSD__NULL_I64 || p->min_resources == 0)
        *min = counts_rows(s) ? 2 * s->n_splits * (n_classes > 0 ? n_classes : 1) : 1;
    if (*min <= *max) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "the smallest rung needs %lld %s, and there are at most %lld; use fewer "
                      "splits, or grid_search",
                      (long long)*min, counts_rows(s) ? "rows" : "resources", (long long)*max);
}

/* The largest k with factor^k <= x, for x >= 1. */
static int64_t floor_log(double x, double factor)
{
    int64_t k = 0;
    for (double power = factor; power <= x; power *= factor) k++;
    return k;
}

static double power_of(double factor, int64_t k)
{
    double power = 1;
    for (; k > 0; k--) power *= factor;
    for (; k < 0; k++) power /= factor;
    return power;
}

/* ---- rungs ---- */

/* Put the scores of a rung on record. */
static mlsd_status record_rung(mlsd__search *s, int64_t bracket, int64_t rung,
                               const int64_t *members, int64_t n, int64_t n_resources)
{
    const int64_t size = s->metrics.n * s->n_splits;
    void *rungs = s->rungs, *scores = s->rung_scores;
    mlsd_status status =
        mlsd__reserve(s->a, &rungs, &s->rung_capacity, s->n_rungs + n, sizeof *s->rungs);
    s->rungs = rungs;
    if (status == MLSD_OK)
        status = mlsd__reserve(s->a, &scores, &s->rung_score_capacity, (s->n_rungs + n) * size,
                               sizeof *s->rung_scores);
    s->rung_scores = scores;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        const int64_t c = members[i];
        int64_t n_failed = 0;
        for (int64_t k = 0; k < s->n_splits; k++)
            n_failed += mlsd__search_cell_at(s, c, k)->status != MLSD_OK;
        s->bracket[c] = bracket;
        s->rung[c] = rung;
        memcpy(s->rung_scores + s->n_rungs * size, mlsd__search_scores(s, c, 0),
               (size_t)size * sizeof *s->rung_scores);
        s->rungs[s->n_rungs++] = (mlsd__rung_entry){bracket, rung, c, n_resources, n_failed};
    }
    return status;
}

static mlsd_status fit_rung(mlsd__search *s, const mlsd__prefixes *prefixes, const int64_t *members,
                            int64_t n, int64_t n_resources)
{
    mlsd_folds *fewer = NULL;
    mlsd_status status = MLSD_OK;
    if (!counts_rows(s)) {
        for (int64_t i = 0; i < n && status == MLSD_OK; i++)
            status = mlsd_spec_set_i64(s->candidates.specs[members[i]], s->params->resource,
                                       n_resources);
    } else if (n_resources < mlsd_dataset_n_rows(s->dataset)) {
        const double share = (double)n_resources / (double)mlsd_dataset_n_rows(s->dataset);
        status = mlsd__prefixes_folds(s->scope, prefixes, share, &fewer);
    }
    const mlsd__search_round round = {.members = members,
                                      .n_members = n,
                                      .folds = fewer != NULL ? fewer : s->folds,
                                      .n_resources = n_resources};
    if (status == MLSD_OK) status = mlsd__search_fit(s, &round);
    mlsd_folds_free(fewer);
    return status;
}

/* Keep the n_kept best members, in the order of their numbers. */
static mlsd_status keep_best(mlsd__search *s, int64_t *members, int64_t n, int64_t n_kept)
{
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find(s->metrics.names[0], &metric));
    double *const keys = mlsd__alloc(s->a, n, sizeof *keys);
    int64_t *const order = mlsd__alloc(s->a, n, sizeof *order);
    mlsd_status status = keys == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) {
            const double mean = mlsd__search_mean(s, members[i]);
            keys[i] = metric->greater_is_better ? -mean : mean;
        }
        status = mlsd__argsort(s->a, keys, n, order);
    }
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) s->is_given_up[members[i]] = true;
        for (int64_t i = 0; i < n_kept; i++) s->is_given_up[members[order[i]]] = false;
        int64_t kept = 0;
        for (int64_t i = 0; i < n; i++) {
            if (s->is_given_up[members[i]])
                mlsd__search_forget(s, members[i]);
            else
                members[kept++] = members[i];
        }
    }
    mlsd__free(s->a, order);
    mlsd__free(s->a, keys);
    return status;
}

/* What one bracket does: the resources of each rung, and how many go on after it. */
typedef struct bracket {
    int64_t number, n_rungs;
    int64_t n_resources[64], n_kept[64];
} bracket;

static mlsd_status run_bracket(mlsd__search *s, const mlsd__prefixes *prefixes, const bracket *b,
                               int64_t *members, int64_t n)
{
    for (int64_t rung = 0; rung < b->n_rungs && n > 0; rung++) {
        const int64_t kept = b->n_kept[rung] < n ? b->n_kept[rung] : n;
        MLSD__TRY(fit_rung(s, prefixes, members, n, b->n_resources[rung]));
        MLSD__TRY(record_rung(s, b->number, rung, members, n, b->n_resources[rung]));
        if (rung + 1 == b->n_rungs) break;
        MLSD__TRY(keep_best(s, members, n, kept));
        n = kept;
    }
    return MLSD_OK;
}

/* Is the resource what the estimator's kind can go on with? Where a schedule knows how many epochs
 * there are, a larger budget is another training from its first epoch on. */
static bool goes_on(const mlsd__search *s)
{
    const mlsd_spec *const final = mlsd__estimator_final(s->estimator);
    const char *const budget = ((const mlsd__estimator_ops *)mlsd__spec_ops(final))->budget;
    mlsd_spec *owner;
    const mlsd_param *param;
    if (counts_rows(s) || budget == NULL || mlsd__spec_slot_child(final, "schedule") != NULL)
        return false;
    return mlsd__spec_resolve(s->estimator, s->params->resource, &owner, &param) == MLSD_OK &&
           owner == final && strcmp(param->name, budget) == 0;
}

static mlsd_status keep_progress(mlsd__search *s)
{
    int64_t n;
    MLSD__TRY(mlsd__mul_size(s->n, s->n_splits, &n));
    s->progress = mlsd__alloc(s->a, n, sizeof *s->progress);
    if (s->progress == NULL) return MLSD_E_NOMEM;
    mlsd__text_append(&s->plan, "training goes on from rung to rung");
    return s->plan.status;
}

/* Run fn with the numbers of all candidates, and the orders of rows where they are the resource. */
typedef mlsd_status (*brackets_fn)(mlsd__search *s, const mlsd__prefixes *prefixes,
                                   int64_t *members);

static mlsd_status with_prefixes(mlsd__search *s, brackets_fn fn)
{
    mlsd__prefixes prefixes = {0};
    int64_t *const members = mlsd__alloc(s->a, s->n, sizeof *members);
    mlsd_status status = members == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < s->n && status == MLSD_OK; i++) members[i] = i;
    if (status == MLSD_OK && goes_on(s)) status = keep_progress(s);
    if (status == MLSD_OK && counts_rows(s))
        status = mlsd__prefixes_new(s->scope, s->dataset, s->folds, s->params->seed, &prefixes);
    if (status == MLSD_OK) status = fn(s, &prefixes, members);
    mlsd__prefixes_free(s->a, &prefixes);
    mlsd__free(s->a, members);
    return status;
}

/* ---- halving ---- */

mlsd_status mlsd__halving_count(mlsd__search *s, int64_t *out)
{
    int64_t min, max;
    if (s->params->n_iter != MLSD__NULL_I64) {
        *out = s->params->n_iter;
        return MLSD_OK;
    }
    MLSD__TRY(find_limits(s, &min, &max));
    *out = max / min;
    return MLSD_OK;
}

/* As scikit-learn's: enough rungs to come below `factor` candidates, where the resources last. */
static mlsd_status plan_halving(const mlsd__search *s, bracket *b)
{
    const double factor = s->params->factor;
    const int64_t n_required = 1 + floor_log((double)s->n, factor);
    int64_t min, max;
    MLSD__TRY(find_limits(s, &min, &max));
    if (s->params->min_resources == MLSD__NULL_I64) {
        const int64_t exhausting = (int64_t)((double)max / power_of(factor, n_required - 1));
        if (exhausting > min) min = exhausting;
    }
    const int64_t n_possible = 1 + floor_log((double)(max / min), factor);
    const bool is_aggressive = s->params->aggressive_elimination != 0;
    b->n_rungs = is_aggressive || n_required < n_possible ? n_required : n_possible;
    if (b->n_rungs > MLSD__COUNT(b->n_kept))
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'factor' is so near 1 that there would be %lld rungs; use 2 or more",
                          (long long)b->n_rungs);
    int64_t n = s->n;
    for (int64_t rung = 0; rung < b->n_rungs; rung++) {
        int64_t power = rung;
        if (is_aggressive) {
            power = rung - n_required + n_possible;
            if (power < 0) power = 0;
        }
        const int64_t wanted = (int64_t)(power_of(factor, power) * (double)min);
        b->n_resources[rung] = wanted < max ? wanted : max;
        n = (int64_t)ceil((double)n / factor);
        b->n_kept[rung] = n;
    }
    return MLSD_OK;
}

static mlsd_status run_halving(mlsd__search *s, const mlsd__prefixes *prefixes, int64_t *members)
{
    bracket b = {0};
    MLSD__TRY(plan_halving(s, &b));
    return run_bracket(s, prefixes, &b, members, s->n);
}

mlsd_status mlsd__halving_run(mlsd__search *s)
{
    return with_prefixes(s, run_halving);
}

/* ---- hyperband ---- */

/* Bracket k of k_max, 0 .. k_max: how many candidates it begins with. */
static int64_t bracket_size(int64_t k, int64_t k_max, double factor)
{
    return (int64_t)ceil((double)(k_max + 1) / (double)(k + 1) * power_of(factor, k));
}

static mlsd_status largest_bracket(const mlsd__search *s, int64_t *k_max, int64_t *max)
{
    int64_t min;
    MLSD__TRY(find_limits(s, &min, max));
    *k_max = floor_log((double)*max / (double)min, s->params->factor);
    if (*k_max < MLSD__COUNT(((bracket *)0)->n_kept)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_RANGE,
                      "'factor' is so near 1 that there would be %lld brackets; use 2 or more",
                      (long long)*k_max + 1);
}

mlsd_status mlsd__hyperband_count(mlsd__search *s, int64_t *out)
{
    int64_t k_max, max;
    MLSD__TRY(largest_bracket(s, &k_max, &max));
    *out = 0;
    for (int64_t k = k_max; k >= 0; k--) *out += bracket_size(k, k_max, s->params->factor);
    return MLSD_OK;
}

/* From the bracket of many candidates and few resources to the one that gives all at once. */
static mlsd_status run_hyperband(mlsd__search *s, const mlsd__prefixes *prefixes, int64_t *members)
{
    const double factor = s->params->factor;
    int64_t k_max, max, first = 0;
    MLSD__TRY(largest_bracket(s, &k_max, &max));
    for (int64_t k = k_max; k >= 0; k--) {
        bracket b = {.number = k_max - k, .n_rungs = k + 1};
        int64_t n = bracket_size(k, k_max, factor);
        for (int64_t rung = 0; rung <= k; rung++) {
            const int64_t r = (int64_t)((double)max * power_of(factor, rung - k));
            b.n_resources[rung] = r < 1 ? 1 : r;
            const int64_t kept = (int64_t)((double)n * power_of(factor, -(rung + 1)));
            b.n_kept[rung] = kept < 1 ? 1 : kept;
        }
        if (n > s->n - first) n = s->n - first;
        MLSD__TRY(run_bracket(s, prefixes, &b, members + first, n));
        first += n;
    }
    return MLSD_OK;
}

mlsd_status mlsd__hyperband_run(mlsd__search *s)
{
    return with_prefixes(s, run_hyperband);
}
