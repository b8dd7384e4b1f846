/* policy.c - deciding by a policy, and what it says of itself. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "base/coin.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "slice/mitigation/policy_impl.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"

mlsd_status mlsd__policy_new(const mlsd__allocator *a, mlsd_policy **out)
{
    mlsd_policy *const p = mlsd__alloc(a, 1, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    p->magic = MLSD__MAGIC_POLICY;
    p->allocator = *a;
    *out = p;
    return MLSD_OK;
}

void mlsd_policy_free(mlsd_policy *policy)
{
    if (!MLSD__IS_LIVE(policy, MLSD__MAGIC_POLICY)) return;
    const mlsd__allocator a = policy->allocator;
    policy->magic = MLSD__DEAD_MAGIC;
    mlsd__group_map_free(&policy->map, &a);
    mlsd__free(&a, policy->groups);
    mlsd__free(&a, policy->id);
    mlsd__free(&a, policy->constraint);
    mlsd__free(&a, policy->objective);
    mlsd__free(&a, policy);
}

mlsd_status mlsd__policy_check_score(double score, int64_t row)
{
    char text[MLSD__NUMBER_CAPACITY];
    if (isfinite(score)) return MLSD_OK;
    mlsd__format_double(score, text);
    return mlsd__fail(MLSD_E_DATA, "score[%lld] is %s, not a finite number; leave the row out",
                      (long long)row, text);
}

bool mlsd__policy_is_random(const mlsd_policy *p)
{
    for (int64_t g = 0; g < p->map.n_groups; g++) {
        if (p->groups[g].n_rules > 1) return true;
    }
    return false;
}

/* The rows of one call. */
typedef struct rows {
    int64_t n;
    int64_t *group;
    double *score;
} rows;

static void rows_free(rows *r, const mlsd__allocator *a)
{
    mlsd__free(a, r->group);
    mlsd__free(a, r->score);
}

static mlsd_status read_rows(const mlsd_policy *p, const mlsd_table *table,
                             const mlsd_matrix *score, rows *r)
{
    const mlsd__allocator *const a = &p->allocator;
    r->group = mlsd__alloc_raw(a, r->n, sizeof *r->group);
    if (r->group == NULL) return MLSD_E_NOMEM;
    r->score = mlsd__alloc_raw(a, r->n, sizeof *r->score);
    if (r->score == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(score, NULL, 0, r->n, r->score);
    for (int64_t i = 0; i < r->n; i++) MLSD__TRY(mlsd__policy_check_score(r->score[i], i));
    MLSD__TRY(mlsd__group_map_find(&p->map, a, table, r->group));
    for (int64_t i = 0; i < r->n; i++) {
        if (p->groups[r->group[i]].n > 0) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "row %lld is of group '%.100s', whose rows all had weight 0 when the "
                          "policy was fitted; fit it anew with rows that count",
                          (long long)i, p->map.labels[r->group[i]]);
    }
    return MLSD_OK;
}

/* The text of a cell of the id column. */
static mlsd_status id_of(const mlsd_table *table, int64_t column, int64_t row, const char *name,
                         char room[MLSD__NUMBER_CAPACITY], const char **out)
{
    *out = room;
    if (mlsd_table_type(table, column) == MLSD_COLUMN_CATEGORY) {
        *out = mlsd_table_get_str(table, column, row);
    } else {
        double x;
        MLSD__TRY(mlsd_table_get_f64(table, column, row, 1, &x));
        mlsd__format_double(x, room);
        if (isnan(x)) *out = NULL;
        if (fabs(x) >= MLSD__EXACT_I64) {
            return mlsd__fail(MLSD_E_DATA,
                              "row %lld has the id %s in '%.100s', too large to be told from its "
                              "neighbours as a number; give ids as texts",
                              (long long)row, room, name);
        }
    }
    if (*out != NULL) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "row %lld has no id in '%.100s'", (long long)row, name);
}

static double decide(const mlsd__policy_group *g, double score, double coin)
{
    double sum = 0;
    int64_t k = 0;
    while (k < g->n_rules - 1 && coin >= (sum += g->rules[k].chance)) k++;
    return score >= g->rules[k].threshold;
}

static mlsd_status decide_all(const mlsd_policy *p, const mlsd_table *table, const rows *r,
                              double *out)
{
    int64_t column = -1;
    if (p->id != NULL && mlsd__policy_is_random(p)) {
        MLSD__TRY(mlsd_table_find(table, p->id, &column));
    }
    for (int64_t i = 0; i < r->n; i++) {
        const mlsd__policy_group *const g = &p->groups[r->group[i]];
        double coin = 0;
        if (g->n_rules > 1) {
            char room[MLSD__NUMBER_CAPACITY];
            const char *id = NULL;
            if (column < 0) {
                return mlsd__fail(MLSD_E_DATA,
                                  "group '%.100s' needs a coin, and the policy names no id; set "
                                  "'id' to the column that tells units apart and fit again",
                                  p->map.labels[r->group[i]]);
            }
            MLSD__TRY(id_of(table, column, i, p->id, room, &id));
            coin = mlsd__coin(id, p->seed);
        }
        out[i] = decide(g, r->score[i], coin);
    }
    return MLSD_OK;
}

static void chances(const mlsd_policy *p, const rows *r, double *out)
{
    for (int64_t i = 0; i < r->n; i++) {
        const mlsd__policy_group *const g = &p->groups[r->group[i]];
        double sum = 0;
        bool all = true;
        for (int64_t k = 0; k < g->n_rules; k++) {
            const bool is = r->score[i] >= g->rules[k].threshold;
            sum += is ? g->rules[k].chance : 0;
            all = all && is;
        }
        out[i] = all ? 1 : sum;
    }
}

static mlsd_status check_call(const mlsd_policy *policy, const mlsd_table *groups,
                              const mlsd_matrix *score, const double *out, int64_t n)
{
    MLSD__REQUIRE_LIVE(policy, MLSD__MAGIC_POLICY, "policy");
    MLSD__REQUIRE_LIVE(groups, MLSD__MAGIC_TABLE, "table");
    MLSD__REQUIRE(out != NULL, "the place for the decisions is NULL");
    if (n != mlsd_table_n_rows(groups)) {
        return mlsd__fail(MLSD_E_SHAPE, "the table of groups has %lld rows, n is %lld",
                          (long long)mlsd_table_n_rows(groups), (long long)n);
    }
    return mlsd__matrix_check_vector(score, "score", n);
}

mlsd_status mlsd_policy_predict(const mlsd_policy *policy, const mlsd_table *groups,
                                const mlsd_matrix *score, double *out, int64_t n)
{
    rows r = {.n = n};
    MLSD__TRY(check_call(policy, groups, score, out, n));
    mlsd_status status = read_rows(policy, groups, score, &r);
    if (status == MLSD_OK) status = decide_all(policy, groups, &r, out);
    rows_free(&r, &policy->allocator);
    return status;
}

mlsd_status mlsd_policy_chance(const mlsd_policy *policy, const mlsd_table *groups,
                               const mlsd_matrix *score, double *out, int64_t n)
{
    rows r = {.n = n};
    MLSD__TRY(check_call(policy, groups, score, out, n));
    const mlsd_status status = read_rows(policy, groups, score, &r);
    if (status == MLSD_OK) chances(policy, &r, out);
    rows_free(&r, &policy->allocator);
    return status;
}

/* ---- what it says ---- */

static const mlsd__row_column rule_columns[] = {
    {"group", MLSD_COLUMN_CATEGORY}, {"chance", MLSD_COLUMN_F64}, {"threshold", MLSD_COLUMN_F64}};
static const mlsd__row_column group_columns[] = {
    {"group", MLSD_COLUMN_CATEGORY},     {"n", MLSD_COLUMN_F64},     {"positives", MLSD_COLUMN_F64},
    {"selection_rate", MLSD_COLUMN_F64}, {"tpr", MLSD_COLUMN_F64},   {"fpr", MLSD_COLUMN_F64},
    {"accuracy", MLSD_COLUMN_F64},       {"bound", MLSD_COLUMN_I64},
};

static mlsd_status put_tables(const mlsd_policy *p, const mlsd__allocator *a, mlsd_result *r)
{
    mlsd__rows rules, groups;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rules, a, rule_columns, MLSD__COUNT(rule_columns));
    for (int64_t g = 0; g < p->map.n_groups; g++) {
        for (int64_t k = 0; k < p->groups[g].n_rules; k++) {
            mlsd__rows_str(&rules, p->map.labels[g]);
            mlsd__rows_f64(&rules, p->groups[g].rules[k].chance);
            mlsd__rows_f64(&rules, p->groups[g].rules[k].threshold);
        }
    }
    MLSD__TRY(mlsd__rows_to_table(&rules, &table));
    MLSD__TRY(mlsd__result_set_table(r, "thresholds", table, false));
    mlsd__rows_init(&groups, a, group_columns, MLSD__COUNT(group_columns));
    for (int64_t g = 0; g < p->map.n_groups; g++) {
        const mlsd__policy_group *const is = &p->groups[g];
        mlsd__rows_str(&groups, p->map.labels[g]);
        mlsd__rows_f64(&groups, is->n);
        mlsd__rows_f64(&groups, is->positives);
        mlsd__rows_f64(&groups, is->selection_rate);
        mlsd__rows_f64(&groups, is->tpr);
        mlsd__rows_f64(&groups, is->fpr);
        mlsd__rows_f64(&groups, is->accuracy);
        mlsd__rows_i64(&groups, is->bound);
    }
    MLSD__TRY(mlsd__rows_to_table(&groups, &table));
    return mlsd__result_set_table(r, "groups", table, false);
}

/* Groups that nothing binds, by name where there are few. */
static void say_unbound(mlsd__text *t, const mlsd_policy *p, int64_t n)
{
    enum { MOST_NAMED = 3 };
    int64_t named = 0;
    mlsd__text_append(t, n == 1 ? "; the rate is not defined for group"
                                : "; the rate is not "
                                  "defined for groups");
    for (int64_t g = 0; g < p->map.n_groups && named < MOST_NAMED; g++) {
        if (p->groups[g].bound != 0) continue;
        mlsd__text_format(t, "%s '%s'", named++ > 0 ? "," : "", p->map.labels[g]);
    }
    if (n > MOST_NAMED) mlsd__text_format(t, " and %lld more", (long long)(n - MOST_NAMED));
    mlsd__text_append(t, ", which nothing binds");
}

/* Columns of numbers whose values are not groups of their own. */
static void say_bins(mlsd__text *t, const mlsd_policy *p)
{
    for (int64_t j = 0; j < p->map.n_columns; j++) {
        const mlsd__group_column *const c = &p->map.columns[j];
        if (c->levels[0].kind != MLSD__LEVEL_RANGE) continue;
        mlsd__text_format(
            t, "; the numbers of '%s' are cut into %lld bins", c->name,
            (long long)(c->n_levels - (c->levels[c->n_levels - 1].kind == MLSD__LEVEL_MISSING)));
    }
}

static mlsd_status put_verdict(const mlsd_policy *p, const mlsd__allocator *a, int64_t n_unbound,
                               mlsd_result *r)
{
    enum { DIGITS = 4 };
    mlsd__text t;
    mlsd__text_init(&t, a);
    if (p->map.n_groups == 1) {
        mlsd__text_format(&t,
                          "1 group, with none that it could be equal to under %s: ", p->constraint);
    } else {
        mlsd__text_format(&t, "%lld groups under %s: ", (long long)p->map.n_groups, p->constraint);
    }
    mlsd__text_format(&t, "%s is ", p->objective);
    mlsd__text_double(&t, mlsd__round_significant(p->value, DIGITS));
    mlsd__text_append(&t, " on the rows that the thresholds were chosen on, where the best without "
                          "the constraint is ");
    mlsd__text_double(&t, mlsd__round_significant(p->unconstrained, DIGITS));
    if (!isnan(p->gap) && p->map.n_groups > 1) {
        mlsd__text_append(&t, "; groups are ");
        mlsd__text_double(&t, mlsd__round_significant(p->gap, DIGITS));
        mlsd__text_append(&t, " apart");
    }
    if (n_unbound > 0 && !isnan(p->gap)) say_unbound(&t, p, n_unbound);
    say_bins(&t, p);
    if (mlsd__policy_is_random(p)) {
        mlsd__text_append(&t, p->id != NULL
                                  ? "; a coin, the hash of the id, decides for some scores"
                                  : "; a coin decides for some scores, so name the id's column to "
                                    "use it");
    }
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status fill_result(const mlsd_policy *p, const mlsd__allocator *a, mlsd_result *r)
{
    int64_t n_unbound = 0;
    for (int64_t g = 0; g < p->map.n_groups; g++) n_unbound += p->groups[g].bound == 0;
    MLSD__TRY(mlsd__result_set_f64(r, "objective", p->value, false));
    MLSD__TRY(mlsd__result_set_f64(r, "unconstrained", p->unconstrained, false));
    MLSD__TRY(mlsd__result_set_f64(r, "gap", p->gap, false));
    MLSD__TRY(mlsd__result_set_f64(r, "tolerance", p->tolerance, false));
    MLSD__TRY(mlsd__result_set_f64(r, "n_unbound", (double)n_unbound, false));
    MLSD__TRY(mlsd__result_set_f64(r, "is_random", mlsd__policy_is_random(p), false));
    MLSD__TRY(mlsd__result_set_str(r, "constraint", p->constraint, false));
    MLSD__TRY(put_tables(p, a, r));
    return put_verdict(p, a, n_unbound, r);
}

mlsd_status mlsd__policy_describe(const mlsd_policy *p, const mlsd__allocator *a, mlsd_result **out)
{
    mlsd_result *r = NULL;
    mlsd_status status = mlsd__result_new(a, "group_thresholds", &r);
    if (status == MLSD_OK) status = fill_result(p, a, r);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

mlsd_status mlsd_policy_describe(const mlsd_policy *policy, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(policy, MLSD__MAGIC_POLICY, "policy");
    return mlsd__policy_describe(policy, &policy->allocator, out);
}
