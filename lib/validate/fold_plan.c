/* fold_plan.c - which estimators share what. Two of one kind whose path says so are settings of it;
 * pipelines of equal steps share those. Steps that do nothing to this data are taken out first, so
 * that a pipeline with an imputer and an encoder is, for numbers without gaps, its last step. */
#include <string.h>

#include "model/class_weight.h"
#include "model/pipeline/pipeline_prefix.h"
#include "validate/fold_curves.h"

static bool has_class_weight(const mlsd__estimator_ops *ops, const mlsd_spec *spec)
{
    if (ops->class_weight == NULL) return false;
    const mlsd__class_weight *const w = ops->class_weight(spec);
    return w->choice != MLSD__CLASS_WEIGHT_NONE || w->given.values != NULL;
}

static bool same_class_weight(const mlsd__estimator_ops *ops, const mlsd_spec *a,
                              const mlsd_spec *b)
{
    if (ops->class_weight == NULL) return true;
    const mlsd__class_weight *const x = ops->class_weight(a), *const y = ops->class_weight(b);
    if (x->choice != y->choice || x->given.n != y->given.n) return false;
    if ((x->given.values == NULL) != (y->given.values == NULL)) return false;
    return x->given.values == NULL ||
           memcmp(x->given.values, y->given.values, (size_t)x->given.n * sizeof(double)) == 0;
}

/* Steps from the first on that would give the rows back as they are. */
static int64_t count_idle(const mlsd__fold_set *set, const mlsd__fold_member *m)
{
    int64_t n = 0;
    for (; set->all.x_is_finite && n < m->n_steps; n++) {
        const mlsd__estimator_ops *const ops = mlsd__spec_ops(m->steps[n]);
        if (ops->does_nothing == NULL || !ops->does_nothing(m->steps[n], &set->x)) break;
        if (ops->check != NULL && ops->check(m->steps[n], set->all.task) != MLSD_OK) break;
    }
    return n;
}

/* Whether an estimator may share at all; a pipeline that cannot be fitted fails by itself. */
static bool may_share(const mlsd__fold_set *set, const mlsd_spec *spec, const mlsd__fold_member *m)
{
    if (set->in->is_plain_loop || mlsd__fold_by_model(set, spec) || mlsd__spec_is_custom(spec))
        return false;
    if (mlsd__fold_tells_curve(set->in, spec)) return false;
    for (int64_t i = 0; i < m->n_steps; i++) {
        if (!mlsd__spec_transforms(m->steps[i])) return false;
    }
    return !mlsd__only_transforms(m->ops);
}

static bool same_steps(const mlsd__fold_member *a, const mlsd__fold_member *b)
{
    if (a->n_steps != b->n_steps) return false;
    for (int64_t i = 0; i < a->n_steps; i++) {
        if (strcmp(a->names[i], b->names[i]) != 0) return false;
        if (!mlsd__spec_equals(a->steps[i], b->steps[i])) return false;
    }
    return true;
}

static bool has_path(const mlsd__fold_member *m)
{
    return m->ops->path != NULL && m->ops->path->shares != NULL;
}

/* Does b belong to the group that a was the first of? */
static bool belongs(const mlsd__fold_member *a, const mlsd__fold_member *b)
{
    if (has_path(a) != has_path(b)) return false;
    if (has_path(a)) {
        if (mlsd_spec_kind(a->last) != mlsd_spec_kind(b->last)) return false;
        if (!same_class_weight(a->ops, a->last, b->last)) return false;
        if (!a->ops->path->shares(a->last, b->last)) return false;
    }
    return same_steps(a, b);
}

/* Rows to be listed where a kind takes all splits at once: more would be a burden beside the data.
 */
static const int64_t MOST_LISTED_ROWS = INT64_C(1) << 25;

static bool may_try_folds(const mlsd__fold_set *set, const mlsd__fold_member *m)
{
    /* Sums over rows do not see what stands in a row of weight 0, and a fit refuses it. */
    if (!(m->ops->takes_nan ? set->all.x_lacks_infinity : set->all.x_is_finite)) return false;
    if (!has_path(m) || m->ops->path->run_folds == NULL) return false;
    /* To score training rows splits are solved twice: next to nothing where moments are there. */
    if (set->in->train_scores && !m->ops->fits_moments) return false;
    if (has_class_weight(m->ops, m->last) || set->last_part != 1) return false;
    if (m->n_steps > 1) return false;
    if (m->n_steps == 1 && strcmp(mlsd_kind_name(mlsd_spec_kind(m->steps[0])), "standardize") != 0)
        return false;
    int64_t n = 0;
    for (int64_t k = 0; k < set->out->n_splits && n <= MOST_LISTED_ROWS; k++) {
        const mlsd__fold_run *const run = mlsd__fold_at(set->out, 0, k);
        n += (set->in->train_scores ? 2 : 1) * run->n_train + run->n_test;
    }
    return n <= MOST_LISTED_ROWS;
}

static mlsd_status list_steps(mlsd__scope *scope, const mlsd__fold_set *set, mlsd__fold_plan *plan)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__fold_input *const in = set->in;
    int64_t n = 0, at = 0;
    for (int64_t e = 0; e < in->n_estimators; e++)
        n += mlsd__pipeline_leaves(in->estimators[e], NULL, NULL, 0);
    plan->leaves = mlsd__alloc(a, n, sizeof *plan->leaves);
    plan->names = mlsd__alloc(a, n, sizeof *plan->names);
    plan->members = mlsd__alloc(a, in->n_estimators, sizeof *plan->members);
    if (plan->leaves == NULL || plan->names == NULL || plan->members == NULL) return MLSD_E_NOMEM;
    for (int64_t e = 0; e < in->n_estimators; e++) {
        mlsd__fold_member *const m = &plan->members[e];
        const int64_t n_leaves =
            mlsd__pipeline_leaves(in->estimators[e], plan->leaves + at, plan->names + at, n - at);
        m->group = -1;
        if (n_leaves == 0) continue;
        *m = (mlsd__fold_member){.steps = plan->leaves + at,
                                 .names = plan->names + at,
                                 .n_steps = n_leaves - 1,
                                 .last = plan->leaves[at + n_leaves - 1],
                                 .group = -1};
        at += n_leaves;
        if (strcmp(mlsd_kind_family(mlsd_spec_kind(m->last)), "search") == 0) continue;
        m->ops = mlsd__spec_ops(m->last);
        if (!may_share(set, in->estimators[e], m)) {
            m->ops = NULL;
            continue;
        }
        const int64_t n_idle = count_idle(set, m);
        m->steps += n_idle;
        m->names += n_idle;
        m->n_steps -= n_idle;
    }
    return MLSD_OK;
}

/* Number the groups: plan->numbers[g] is the first member of group g, for now. */
static mlsd_status find_groups(mlsd__scope *scope, const mlsd__fold_set *set, mlsd__fold_plan *plan)
{
    const int64_t n = set->in->n_estimators;
    plan->numbers = mlsd__alloc(scope->allocator, n, sizeof *plan->numbers);
    plan->lasts = mlsd__alloc(scope->allocator, n, sizeof *plan->lasts);
    if (plan->numbers == NULL || plan->lasts == NULL) return MLSD_E_NOMEM;
    for (int64_t e = 0; e < n; e++) {
        mlsd__fold_member *const m = &plan->members[e];
        if (m->ops == NULL || (!has_path(m) && m->n_steps == 0)) continue;
        int64_t g = 0;
        while (g < plan->n_groups && !belongs(&plan->members[plan->numbers[g]], m)) g++;
        if (g == plan->n_groups) plan->numbers[plan->n_groups++] = e;
        m->group = g;
    }
    return MLSD_OK;
}

/* What a group of that many members is worth; false where the plain loop does as well. */
static bool describe(const mlsd__fold_set *set, const mlsd__fold_member *first,
                     mlsd__fold_group *group)
{
    group->steps = first->steps;
    group->names = first->names;
    group->n_steps = first->n_steps;
    group->ops = first->ops;
    group->runs_settings = has_path(first) && first->ops->path->run != NULL && group->n_members > 1;
    group->tries_folds = may_try_folds(set, first);
    return group->runs_settings || group->tries_folds ||
           (group->n_steps > 0 && group->n_members > 1);
}

static mlsd_status fill_groups(mlsd__scope *scope, const mlsd__fold_set *set, mlsd__fold_plan *plan)
{
    const int64_t n = set->in->n_estimators;
    plan->groups = mlsd__alloc(scope->allocator, plan->n_groups, sizeof *plan->groups);
    int64_t *const firsts = mlsd__memdup(scope->allocator, plan->numbers, n, sizeof *firsts);
    if (plan->groups == NULL || firsts == NULL) {
        mlsd__free(scope->allocator, firsts);
        return MLSD_E_NOMEM;
    }
    int64_t at = 0, n_kept = 0;
    for (int64_t g = 0; g < plan->n_groups; g++) {
        mlsd__fold_group *const group = &plan->groups[n_kept];
        *group = (mlsd__fold_group){.members = plan->numbers + at, .lasts = plan->lasts + at};
        for (int64_t e = firsts[g]; e < n; e++) {
            if (plan->members[e].group != g) continue;
            group->members[group->n_members] = e;
            group->lasts[group->n_members++] = plan->members[e].last;
        }
        at += group->n_members;
        const bool is_kept = describe(set, &plan->members[firsts[g]], group);
        for (int64_t i = 0; i < group->n_members; i++)
            plan->members[group->members[i]].group = is_kept ? n_kept : -1;
        n_kept += is_kept;
    }
    plan->n_groups = n_kept;
    mlsd__free(scope->allocator, firsts);
    return MLSD_OK;
}

/* What results will say. */
static void note_plans(const mlsd__fold_set *set, const mlsd__fold_plan *plan)
{
    for (int64_t g = 0; g < plan->n_groups; g++) {
        const mlsd__fold_group *const group = &plan->groups[g];
        for (int64_t i = 0; i < group->n_members; i++) {
            const int64_t e = group->members[i];
            set->out->has_shared_plan[e] = group->n_steps > 0;
            if (group->runs_settings) set->out->plans[2 * e] = group->ops->path->run_plan;
            if (group->tries_folds) set->out->plans[2 * e + 1] = group->ops->path->folds_plan;
        }
    }
}

mlsd_status mlsd__fold_plan_make(mlsd__scope *scope, const mlsd__fold_set *set,
                                 mlsd__fold_plan *out)
{
    *out = (mlsd__fold_plan){0};
    MLSD__TRY(list_steps(scope, set, out));
    MLSD__TRY(find_groups(scope, set, out));
    if (out->n_groups == 0) return MLSD_OK;
    MLSD__TRY(fill_groups(scope, set, out));
    note_plans(set, out);
    return MLSD_OK;
}

void mlsd__fold_plan_free(const mlsd__allocator *a, mlsd__fold_plan *plan)
{
    mlsd__free(a, plan->members);
    mlsd__free(a, plan->groups);
    mlsd__free(a, plan->leaves);
    mlsd__free(a, plan->names);
    mlsd__free(a, plan->lasts);
    mlsd__free(a, plan->numbers);
    *plan = (mlsd__fold_plan){0};
}
