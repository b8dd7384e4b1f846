/* group_thresholds.c - the kind group_thresholds: a policy of the rows given. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/text.h"
#include "numeric/blas.h"
#include "numeric/rank.h"
#include "slice/mitigation/group_thresholds.h"

const char *const mlsd__constraints[] = {
    [MLSD__FREE] = "none",
    [MLSD__EQUAL_SELECTION] = "demographic_parity",
    [MLSD__EQUAL_TPR] = "equal_opportunity",
    [MLSD__EQUAL_FPR] = "predictive_equality",
    [MLSD__EQUAL_ODDS] = "equalized_odds",
    NULL,
};
const char *const mlsd__objectives[] = {
    [MLSD__MAX_ACCURACY] = "accuracy",
    [MLSD__MAX_BALANCED_ACCURACY] = "balanced_accuracy",
    [MLSD__MIN_COST] = "cost",
    NULL,
};

static const mlsd_param params[] = {
    MLSD__P_STR_LIST(mlsd__thresholds_params, by, "null",
                     "columns whose values, crossed, are the groups; null: all but the id"),
    MLSD__P_CHOICE(
        mlsd__thresholds_params, constraint, mlsd__constraints, "\"equalized_odds\"",
        "what is kept equal: selection rates, true positive rates, false positive rates, "
        "both of these, or nothing"),
    MLSD__P_F64(mlsd__thresholds_params, tolerance, 0, 1, 0, "0", NULL,
                "how far apart the groups' rates may be"),
    MLSD__P_CHOICE(mlsd__thresholds_params, objective, mlsd__objectives, "\"accuracy\"",
                   "what is best among all that is equal enough"),
    MLSD__P_F64(mlsd__thresholds_params, cost_fp, 0, 1e12, 0, "1", "log",
                "cost of a false positive; of objective cost"),
    MLSD__P_F64(mlsd__thresholds_params, cost_fn, 0, 1e12, 0, "1", "log",
                "cost of a false negative; of objective cost"),
    MLSD__P_STR(mlsd__thresholds_params, id, "null",
                "column that tells units apart, whose hash is the coin; null: none"),
    MLSD__P_I64(mlsd__thresholds_params, seed, 0, UINT32_MAX, "0", NULL, "seed of the coins"),
    MLSD__P_I64(mlsd__thresholds_params, max_groups, 1, 10000, "1000", "log", "groups at most"),
    MLSD__P_I64(mlsd__thresholds_params, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are grouped by value"),
    MLSD__P_I64(mlsd__thresholds_params, group_bins, 1, 10000, "4", "log",
                "quantile bins of other columns of numbers"),
};

/* ---- reading ---- */

void mlsd__thresholds_free(mlsd__thresholds_work *w, const mlsd__allocator *a)
{
    for (int64_t g = 0; w->sides != NULL && g < w->groups.n_groups; g++) {
        mlsd__side_free(&w->sides[g], a);
    }
    mlsd__free(a, w->sides);
    mlsd__free(a, w->by);
    mlsd__crossing_free(&w->groups, a);
}

static mlsd_status find_by(mlsd__scope *scope, const mlsd__thresholds_params *p,
                           const mlsd__slicing_input *in, mlsd__thresholds_work *w)
{
    MLSD__TRY(mlsd__slicing_by(scope, in, &p->by, &w->by, &w->n_by));
    if (p->by.values != NULL || p->id == NULL) return MLSD_OK;
    int64_t n = 0;
    for (int64_t j = 0; j < w->n_by; j++) {
        if (strcmp(mlsd_table_name(in->groups, j), p->id) != 0) w->by[n++] = j;
    }
    w->n_by = n;
    return n > 0 ? MLSD_OK : mlsd__fail(MLSD_E_COLUMN, "there is no column to make groups of");
}

static mlsd_status check_rows(const double *y, const double *score, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (y[i] != 0 && y[i] != 1) {
            char text[MLSD__NUMBER_CAPACITY];
            mlsd__format_double(y[i], text);
            return mlsd__fail(MLSD_E_DATA,
                              "y[%lld] is %s, not 0 or 1; 1 is the class that a high score speaks "
                              "for, 0 the other",
                              (long long)i, text);
        }
        MLSD__TRY(mlsd__policy_check_score(score[i], i));
    }
    return MLSD_OK;
}

/* What the objective gives for a TPR and takes for an FPR of each group; constants are left to
 * mlsd__thresholds_value. */
static mlsd_status weigh(const mlsd__thresholds_params *p, mlsd__thresholds_work *w)
{
    const int64_t n = w->groups.n_groups;
    for (int64_t g = 0; g < n; g++) {
        w->positives += w->sides[g].positives;
        w->negatives += w->sides[g].negatives;
    }
    if (p->objective == MLSD__MAX_BALANCED_ACCURACY && !(w->positives > 0 && w->negatives > 0)) {
        return mlsd__fail(MLSD_E_DATA, "balanced_accuracy needs rows of both classes in y");
    }
    const double all = w->positives + w->negatives;
    for (int64_t g = 0; g < n; g++) {
        mlsd__side *const s = &w->sides[g];
        s->gain = s->positives / all;
        s->cost = s->negatives / all;
        if (p->objective == MLSD__MAX_BALANCED_ACCURACY) {
            s->gain = s->positives / w->positives / 2;
            s->cost = s->negatives / w->negatives / 2;
        } else if (p->objective == MLSD__MIN_COST) {
            s->gain *= p->cost_fn;
            s->cost *= p->cost_fp;
        }
    }
    return MLSD_OK;
}

/* Does the constraint bind anything, and are the groups groups? */
static mlsd_status check_groups(const mlsd__thresholds_params *p, const mlsd__thresholds_work *w)
{
    enum { FEW = 20 }; /* rows that may well be a group each */
    static const char *const lacks[] = {
        [MLSD__EQUAL_SELECTION] = "rows that weigh anything",
        [MLSD__EQUAL_TPR] = "a row of class 1",
        [MLSD__EQUAL_FPR] = "a row of class 0",
        [MLSD__EQUAL_ODDS] = "rows of both classes",
    };
    const int64_t n = w->groups.n_groups;
    int64_t n_bound = 0;
    for (int64_t g = 0; g < n; g++) n_bound += w->sides[g].bound;
    if (p->by.values == NULL && n == w->groups.n_rows && n > FEW) {
        return mlsd__fail(MLSD_E_DATA,
                          "each of the %lld rows is a group of its own; name the columns that make "
                          "groups in 'by'%s",
                          (long long)n,
                          p->id == NULL ? ", and the one that tells units apart in "
                                          "'id'"
                                        : "");
    }
    if (n_bound > 0 || p->constraint == MLSD__FREE) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "no group has %s in y, so that %s binds nothing; is y right?",
                      lacks[p->constraint], mlsd__constraints[p->constraint]);
}

double mlsd__thresholds_value(const mlsd__thresholds_params *p, const mlsd__thresholds_work *w)
{
    const double sum = mlsd__sides_objective(w->sides, w->groups.n_groups);
    const double all = w->positives + w->negatives;
    if (p->objective == MLSD__MAX_ACCURACY) return sum + w->negatives / all;
    if (p->objective == MLSD__MAX_BALANCED_ACCURACY) return sum + 0.5;
    return p->cost_fn * w->positives / all - sum; /* a cost: less is better */
}

static mlsd_status make_sides(mlsd__scope *scope, const double *y, const double *score,
                              const double *weight, mlsd__thresholds_work *w)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = w->groups.n_rows, n_groups = w->groups.n_groups;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    int64_t *const sorted = mlsd__alloc_raw(a, n, sizeof *sorted);
    int64_t *const start = mlsd__alloc(a, n_groups + 1, sizeof *start);
    mlsd_status status = order == NULL || sorted == NULL || start == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, score, n, order);
    if (status != MLSD_OK) goto out;
    for (int64_t i = 0; i < n; i++) start[w->groups.of_row[i] + 1]++;
    for (int64_t g = 0; g < n_groups; g++) start[g + 1] += start[g];
    for (int64_t i = 0; i < n; i++) sorted[start[w->groups.of_row[order[i]]]++] = order[i];
    for (int64_t g = 0, first = 0; g < n_groups && status == MLSD_OK; g++) {
        status =
            mlsd__side_make(a, score, y, weight, sorted + first, start[g] - first, &w->sides[g]);
        first = start[g];
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
out:
    mlsd__free(a, start);
    mlsd__free(a, sorted);
    mlsd__free(a, order);
    return status;
}

mlsd_status mlsd__thresholds_read(mlsd__scope *scope, const mlsd__thresholds_params *p,
                                  const mlsd__slicing_input *in, mlsd__thresholds_work *w)
{
    const mlsd__allocator *const a = scope->allocator;
    double *y = NULL, *score = NULL, *weight = NULL;
    w->options = (mlsd__grouping_options){.max_values = p->max_values, .n_bins = p->group_bins};
    if (in->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "there are no rows to fit thresholds to");
    mlsd_status status = mlsd__slicing_column(scope, in, in->y, "y", &y);
    if (status == MLSD_OK) {
        status = mlsd__slicing_column(scope, in, in->prediction, "score", &score);
    }
    if (status == MLSD_OK) status = mlsd__slicing_weights(scope, in, &weight);
    if (status == MLSD_OK) status = check_rows(y, score, in->n_rows);
    if (status == MLSD_OK) status = find_by(scope, p, in, w);
    if (status == MLSD_OK) {
        status = mlsd__crossing_make(scope, in->groups, w->by, w->n_by, &w->options, p->max_groups,
                                     "by", &w->groups);
    }
    if (status == MLSD_OK) {
        w->sides = mlsd__alloc(a, w->groups.n_groups, sizeof *w->sides);
        status = w->sides == NULL ? MLSD_E_NOMEM : make_sides(scope, y, score, weight, w);
    }
    if (status == MLSD_OK) status = weigh(p, w);
    for (int64_t g = 0; status == MLSD_OK && g < w->groups.n_groups; g++) {
        status = mlsd__side_prepare(a, p->constraint, &w->sides[g]);
    }
    if (status == MLSD_OK) status = check_groups(p, w);
    mlsd__free(a, weight);
    mlsd__free(a, score);
    mlsd__free(a, y);
    return status;
}

/* ---- the policy ---- */

static void take_over(const mlsd__side *s, mlsd__policy_group *g)
{
    const double all = s->positives + s->negatives;
    g->n = s->rows;
    g->positives = s->positives;
    g->tpr = s->positives > 0 ? s->at_tpr : (double)NAN;
    g->fpr = s->negatives > 0 ? s->at_fpr : (double)NAN;
    g->selection_rate = (s->positives * s->at_tpr + s->negatives * s->at_fpr) / all;
    g->accuracy = (s->positives * s->at_tpr + s->negatives * (1 - s->at_fpr)) / all;
    g->bound = s->bound;
    g->n_rules = s->n_rules;
    memcpy(g->rules, s->rules, sizeof g->rules);
}

static mlsd_status copy_names(const mlsd__thresholds_params *p, mlsd_policy *policy)
{
    const mlsd__allocator *const a = &policy->allocator;
    policy->constraint = mlsd__strdup(a, mlsd__constraints[p->constraint]);
    policy->objective = mlsd__strdup(a, mlsd__objectives[p->objective]);
    if (policy->constraint == NULL || policy->objective == NULL) return MLSD_E_NOMEM;
    if (p->id == NULL) return MLSD_OK;
    policy->id = mlsd__strdup(a, p->id);
    return policy->id == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static mlsd_status make_policy(mlsd__scope *scope, const mlsd__thresholds_params *p,
                               const mlsd__slicing_input *in, mlsd__thresholds_work *w,
                               mlsd_policy *policy)
{
    const int64_t n = w->groups.n_groups;
    MLSD__TRY(mlsd__sides_choose(scope, w->sides, n, MLSD__FREE, 0));
    policy->unconstrained = mlsd__thresholds_value(p, w);
    MLSD__TRY(mlsd__sides_choose(scope, w->sides, n, p->constraint, p->tolerance));
    policy->value = mlsd__thresholds_value(p, w);
    policy->gap = mlsd__sides_gap(w->sides, n, p->constraint);
    policy->tolerance = p->tolerance;
    policy->seed = p->seed;
    MLSD__TRY(copy_names(p, policy));
    policy->groups = mlsd__alloc(scope->allocator, n, sizeof *policy->groups);
    if (policy->groups == NULL) return MLSD_E_NOMEM;
    for (int64_t g = 0; g < n; g++) take_over(&w->sides[g], &policy->groups[g]);
    return mlsd__group_map_make(scope, in->groups, w->by, w->n_by, &w->options, &w->groups,
                                &policy->map);
}

mlsd_status mlsd__policy_fit(mlsd__scope *scope, const mlsd_spec *spec,
                             const mlsd__slicing_input *in, mlsd_policy **out)
{
    const mlsd__thresholds_params *const p = mlsd__spec_params(spec);
    mlsd__thresholds_work w;
    mlsd_policy *policy = NULL;
    memset(&w, 0, sizeof w);
    mlsd_status status = mlsd__thresholds_read(scope, p, in, &w);
    if (status == MLSD_OK) status = mlsd__policy_new(scope->allocator, &policy);
    if (status == MLSD_OK) status = make_policy(scope, p, in, &w, policy);
    mlsd__thresholds_free(&w, scope->allocator);
    if (status == MLSD_OK) {
        *out = policy;
    } else {
        mlsd_policy_free(policy);
    }
    return status;
}

mlsd_status mlsd_policy_fit(const mlsd_context *context, const mlsd_spec *spec,
                            const mlsd_table *groups, const mlsd_matrix *y,
                            const mlsd_matrix *score, const mlsd_matrix *weight, mlsd_policy **out)
{
    mlsd__scope scope;
    MLSD__REQUIRE(out != NULL, "the place for the policy is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE_LIVE(groups, MLSD__MAGIC_TABLE, "table");
    if (mlsd_spec_kind(spec) != &mlsd__kind_group_thresholds) {
        return mlsd__fail(MLSD_E_KIND, "a policy is fitted by a spec of kind group_thresholds");
    }
    const mlsd__slicing_input in = {.n_rows = mlsd_table_n_rows(groups),
                                    .groups = groups,
                                    .y = y,
                                    .prediction = score,
                                    .weight = weight};
    MLSD__TRY(mlsd__slicing_check(spec, &in));
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd_status status = mlsd__policy_fit(&scope, spec, &in, out);
    mlsd__scope_close(&scope);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__slicing_input *in,
                       mlsd_result **out)
{
    mlsd_policy *policy = NULL;
    mlsd_status status = mlsd__policy_fit(scope, spec, in, &policy);
    if (status == MLSD_OK) status = mlsd__policy_describe(policy, scope->allocator, out);
    mlsd_policy_free(policy);
    return status;
}

static const mlsd__slicing_ops ops = {.needs_y = true, .needs_prediction = true, .run = run};

const mlsd_kind mlsd__kind_group_thresholds = {
    .name = "group_thresholds",
    .family = "slicing",
    .doc =
        "A threshold for each group, the best of those that keep the groups' rates equal (Hardt, "
        "Price & Srebro 2016); mlsd_policy_fit makes the policy that decides",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__thresholds_params),
    .ops = &ops,
};
