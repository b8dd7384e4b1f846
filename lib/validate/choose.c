/* choose.c - rules of choosing. The best by mean score; the simplest that is within one corrected
 * standard error of it (Breiman, Friedman, Olshen & Stone 1984, Classification and Regression
 * Trees, section 3.4.3); within a part of its score; or not practically worse, by the Bayesian
 * correlated t test (Corani & Benavoli 2015, Machine Learning 100:285, whose posterior of the mean
 * difference is Student's t with the corrected standard error): P(worse by more than the rope) <
 * 0.05. Budgets come first: what is too slow or too large is not in the race. Where all are, there
 * is a choice all the same: the one that exceeds the budgets by the smallest factor, which the
 * sentence says. Ties go to the simpler. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/distribution.h"
#include "numeric/rank.h"
#include "validate/choose.h"
#include "validate/corrected.h"
#include "validate/words.h"

const char *const mlsd__choose_names[] = {"best", "one_se", "tolerance", "rope", NULL};

/* A candidate is given up when it is practically worse with at least this probability. */
static const double ROPE_LIMIT = 0.05;

static bool is_better(const mlsd__choice_rule *rule, double x, double y)
{
    return rule->greater_is_better ? x > y : x < y;
}

/* Of two that the rule allows. */
static bool is_simpler(const mlsd__contender *contenders, int64_t i, int64_t j)
{
    return contenders[i].simplicity < contenders[j].simplicity ||
           (contenders[i].simplicity == contenders[j].simplicity && i < j);
}

/* Only what has a score on as many splits as any is compared: a mean over fewer splits is another
 * number. */
static void find_eligible(mlsd__contender *contenders, int64_t n, int64_t n_splits,
                          mlsd__choice *choice)
{
    int64_t most = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < n; i++) {
            mlsd__contender *const c = &contenders[i];
            int64_t n_scores = 0;
            if (c->is_out) continue;
            for (int64_t k = 0; k < n_splits; k++) n_scores += !isnan(c->scores[k]);
            if (pass == 0 && n_scores > most) most = n_scores;
            if (pass == 0) continue;
            c->is_eligible = n_scores > 0 && n_scores == most;
            choice->n_eligible += c->is_eligible;
        }
    }
}

static bool is_affordable(const mlsd__choice_rule *rule, const mlsd__contender *c)
{
    return c->is_eligible &&
           (isnan(rule->max_latency_us) || c->latency_us <= rule->max_latency_us) &&
           (isnan(rule->max_bytes) || c->n_bytes <= rule->max_bytes);
}

/* Eligible contenders from best to worst, ties by place. */
static mlsd_status sort_eligible(const mlsd__allocator *a, const mlsd__choice_rule *rule,
                                 const mlsd__contender *contenders, int64_t n, int64_t *order)
{
    double *const keys = mlsd__alloc(a, n, sizeof *keys);
    if (keys == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const double value = contenders[i].score.value;
        keys[i] = !contenders[i].is_eligible ? NAN : rule->greater_is_better ? -value : value;
    }
    const mlsd_status status = mlsd__argsort(a, keys, n, order);
    mlsd__free(a, keys);
    return status;
}

static void set_ranks(mlsd__contender *contenders, const int64_t *order, int64_t n,
                      int64_t n_eligible)
{
    for (int64_t k = 0; k < n; k++) {
        mlsd__contender *const c = &contenders[order[k]];
        c->rank = k + 1;
        if (k >= n_eligible)
            c->rank = n_eligible + 1;
        else if (k > 0 && contenders[order[k - 1]].score.value == c->score.value)
            c->rank = contenders[order[k - 1]].rank;
    }
}

/* -1, 0 or 1 as x is less than, about or more than y; what is not known is like anything. */
static int compare_cost(double x, double y)
{
    return x < y ? -1 : x > y ? 1 : 0;
}

/* Is `b`, whose score is at least as good, as good as `c` in all, and better in one? */
static bool dominates(const mlsd__contender *b, const mlsd__contender *c)
{
    const int latency = compare_cost(b->latency_us, c->latency_us);
    const int bytes = compare_cost(b->n_bytes, c->n_bytes);
    if (latency > 0 || bytes > 0) return false;
    return latency < 0 || bytes < 0 || b->score.value != c->score.value;
}

/* By falling score, what no member of the front so far dominates becomes one: a later one can only
 * dominate where scores are equal, which the second look is for. */
static void find_front(mlsd__contender *contenders, const int64_t *order, int64_t n_eligible,
                       int64_t *front)
{
    int64_t n_front = 0;
    for (int64_t k = 0; k < n_eligible; k++) {
        mlsd__contender *const c = &contenders[order[k]];
        c->on_front = true;
        for (int64_t f = 0; f < n_front && c->on_front; f++)
            c->on_front = !dominates(&contenders[front[f]], c);
        if (!c->on_front) continue;
        int64_t kept = 0;
        for (int64_t f = 0; f < n_front; f++) {
            mlsd__contender *const b = &contenders[front[f]];
            b->on_front = b->score.value != c->score.value || !dominates(c, b);
            if (b->on_front) front[kept++] = front[f];
        }
        n_front = kept;
        front[n_front++] = order[k];
    }
}

/* P(c is worse than the best by more than the rope). */
static double chance_of_worse(const mlsd__choice_rule *rule, const mlsd__contender *c,
                              const mlsd__contender *best, int64_t n_splits)
{
    mlsd__estimate e;
    mlsd__corrected_t_paired(c->scores, best->scores, n_splits, rule->test_train, rule->level, &e);
    const double worse = rule->greater_is_better ? -e.value : e.value;
    if (!(e.se > 0)) return worse > rule->rope ? 1 : 0;
    int64_t n = 0;
    for (int64_t k = 0; k < n_splits; k++) n += !isnan(c->scores[k]) && !isnan(best->scores[k]);
    return mlsd__t_cdf((worse - rule->rope) / e.se, (double)(n - 1));
}

static bool satisfies(const mlsd__choice_rule *rule, const mlsd__contender *c,
                      const mlsd__contender *best, int64_t n_splits)
{
    double slack = 0;
    if (rule->rule == MLSD__CHOOSE_ROPE)
        return c == best || chance_of_worse(rule, c, best, n_splits) < ROPE_LIMIT;
    if (rule->rule == MLSD__CHOOSE_ONE_SE) slack = isnan(best->score.se) ? 0 : best->score.se;
    if (rule->rule == MLSD__CHOOSE_TOLERANCE) slack = rule->tolerance * fabs(best->score.value);
    const double limit =
        rule->greater_is_better ? best->score.value - slack : best->score.value + slack;
    return !is_better(rule, limit, c->score.value);
}

/* Is i in front of j (-1: nobody) by score, and of equal ones by simplicity? */
static bool is_in_front(const mlsd__choice_rule *rule, const mlsd__contender *contenders, int64_t i,
                        int64_t j)
{
    if (j < 0) return true;
    const double x = contenders[i].score.value, y = contenders[j].score.value;
    return is_better(rule, x, y) || (x == y && is_simpler(contenders, i, j));
}

/* How many times its budgets a contender costs, by the one it exceeds most; what is not known is
 * too much. */
static double excess(const mlsd__choice_rule *rule, const mlsd__contender *c)
{
    const double us = isnan(rule->max_latency_us) ? 0 : c->latency_us / rule->max_latency_us,
                 bytes = isnan(rule->max_bytes) ? 0 : c->n_bytes / rule->max_bytes;
    return isnan(us) || isnan(bytes) ? INFINITY : us > bytes ? us : bytes;
}

/* Nobody is within the budgets: the best of all, and the nearest to them. */
static void choose_nearest(const mlsd__choice_rule *rule, const mlsd__contender *contenders,
                           int64_t n, mlsd__choice *choice)
{
    double least = NAN;
    for (int64_t i = 0; i < n; i++) {
        if (!contenders[i].is_eligible) continue;
        if (is_in_front(rule, contenders, i, choice->best)) choice->best = i;
        const double x = excess(rule, &contenders[i]);
        if (x > least || (x == least && !is_in_front(rule, contenders, i, choice->chosen)))
            continue;
        least = x;
        choice->chosen = i;
    }
}

static void apply_rule(const mlsd__choice_rule *rule, mlsd__contender *contenders, int64_t n,
                       int64_t n_splits, mlsd__choice *choice)
{
    for (int64_t i = 0; i < n; i++) {
        if (!is_affordable(rule, &contenders[i])) continue;
        choice->n_affordable++;
        if (is_in_front(rule, contenders, i, choice->best)) choice->best = i;
    }
    if (choice->n_affordable == 0) {
        choose_nearest(rule, contenders, n, choice);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        mlsd__contender *const c = &contenders[i];
        c->is_within =
            is_affordable(rule, c) && satisfies(rule, c, &contenders[choice->best], n_splits);
        if (c->is_within && (choice->chosen < 0 || is_simpler(contenders, i, choice->chosen)))
            choice->chosen = i;
    }
}

mlsd_status mlsd__choose(const mlsd__allocator *a, const mlsd__choice_rule *rule,
                         mlsd__contender *contenders, int64_t n, int64_t n_splits,
                         mlsd__choice *out)
{
    mlsd__t_memo memo = {0};
    *out = (mlsd__choice){.best = -1, .chosen = -1};
    for (int64_t i = 0; i < n; i++) {
        mlsd__contender *const c = &contenders[i];
        mlsd__corrected_t_many(c->scores, n_splits, rule->test_train, rule->level, &memo,
                               &c->score);
        c->is_eligible = c->is_within = c->on_front = false;
    }
    find_eligible(contenders, n, n_splits, out);
    int64_t *const order = mlsd__alloc(a, 2 * n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = sort_eligible(a, rule, contenders, n, order);
    if (status == MLSD_OK) {
        set_ranks(contenders, order, n, out->n_eligible);
        find_front(contenders, order, out->n_eligible, order + n);
        apply_rule(rule, contenders, n, n_splits, out);
    }
    mlsd__free(a, order);
    return status;
}

mlsd_status mlsd__choice_front(const mlsd__allocator *a, const mlsd__choice_rule *rule,
                               mlsd__contender *contenders, int64_t n)
{
    int64_t *const order = mlsd__alloc(a, 2 * n, sizeof *order);
    int64_t n_eligible = 0;
    if (order == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) n_eligible += contenders[i].is_eligible;
    const mlsd_status status = sort_eligible(a, rule, contenders, n, order);
    if (status == MLSD_OK) find_front(contenders, order, n_eligible, order + n);
    mlsd__free(a, order);
    return status;
}

/* ---- what is said of it ---- */

mlsd_status mlsd__choice_require(const mlsd__choice *choice, const char *what, const char *metric,
                                 const char *message)
{
    if (choice->n_eligible > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "no %s has a %s on any split: %s", what, metric,
                      message != NULL ? message : "it is not defined on their test rows");
}

bool mlsd__choice_has_budget(const mlsd__choice_rule *rule)
{
    return !isnan(rule->max_latency_us) || !isnan(rule->max_bytes);
}

bool mlsd__choice_misses(const mlsd__choice *choice)
{
    return choice->n_eligible > 0 && choice->n_affordable == 0;
}

/* "700 bytes where 'max_bytes' is 10", behind a comma where it is not the first. */
static void say_excess(double cost, const char *unit, const char *name, double limit,
                       bool *is_first, mlsd__text *t)
{
    if (isnan(limit) || cost <= limit) return;
    if (!*is_first) mlsd__text_append(t, ", ");
    *is_first = false;
    mlsd__words_number(t, cost);
    mlsd__text_format(t, " %s where '%s' is ", unit, name);
    mlsd__words_number(t, limit);
}

static void say_nearest(const mlsd__choice_rule *rule, const mlsd__contender *contenders,
                        const mlsd__choice *choice, const char *what, const char *best_name,
                        mlsd__text *t)
{
    const mlsd__contender *const c = &contenders[choice->chosen];
    bool is_first = true;
    mlsd__text_format(t, ", the nearest to the budget, which no %s meets (", what);
    say_excess(c->latency_us, "us a row", "max_latency_us", rule->max_latency_us, &is_first, t);
    say_excess(c->n_bytes, "bytes", "max_bytes", rule->max_bytes, &is_first, t);
    mlsd__text_append(t, ")");
    if (choice->chosen == choice->best) return;
    mlsd__text_format(t, "; the best without it is '%s' (", best_name);
    mlsd__words_number(t, contenders[choice->best].score.value);
    mlsd__text_append(t, ")");
}

static void say_rule(const mlsd__choice_rule *rule, mlsd__text *t)
{
    switch (rule->rule) {
    case MLSD__CHOOSE_ONE_SE:
        mlsd__text_append(t, "within one standard error of ");
        return;
    case MLSD__CHOOSE_TOLERANCE:
        mlsd__text_append(t, "within ");
        mlsd__words_number(t, 100 * rule->tolerance);
        mlsd__text_append(t, " % of ");
        return;
    case MLSD__CHOOSE_ROPE:
        mlsd__text_append(t, "that is not worse by more than ");
        mlsd__words_number(t, rule->rope);
        mlsd__text_append(t, " (probability below 5 %) than ");
        return;
    default:
        mlsd__text_append(t, "as good as ");
    }
}

void mlsd__choice_say(const mlsd__choice_rule *rule, const mlsd__contender *contenders,
                      const mlsd__choice *choice, const char *what, const char *best_name,
                      mlsd__text *t)
{
    const bool has_budget = choice->n_affordable < choice->n_eligible;
    if (mlsd__choice_misses(choice)) {
        say_nearest(rule, contenders, choice, what, best_name, t);
        return;
    }
    if (choice->chosen != choice->best) {
        mlsd__text_append(t, ", the simplest ");
        say_rule(rule, t);
        mlsd__text_format(t, "the best, '%s' (", best_name);
        mlsd__words_number(t, contenders[choice->best].score.value);
        mlsd__text_append(t, ")");
    } else {
        mlsd__text_append(t, ", the best");
        if (rule->rule != MLSD__CHOOSE_BEST) {
            mlsd__text_format(t, "; no simpler %s is ", what);
            say_rule(rule, t);
            mlsd__text_append(t, "it");
        }
    }
    if (has_budget)
        mlsd__text_format(t, " (of the %lld of %lld within the budget)",
                          (long long)choice->n_affordable, (long long)choice->n_eligible);
}

/* ---- noise ---- */

double mlsd__choice_noise(const mlsd__choice_rule *rule, const mlsd__contender *contenders,
                          int64_t n, int64_t n_splits)
{
    int64_t n_used = 0, n_counted = 0;
    for (int64_t i = 0; i < n; i++) n_used += contenders[i].is_eligible;
    if (n_used < 2) return NAN;
    /* Two-way layout: a split without a score of each is left out. */
    double sum_squares = 0;
    for (int64_t k = 0; k < n_splits; k++) {
        double mean = 0;
        for (int64_t i = 0; i < n; i++) {
            if (contenders[i].is_eligible)
                mean += (contenders[i].scores[k] - contenders[i].score.value) / (double)n_used;
        }
        if (isnan(mean)) continue;
        n_counted++;
        for (int64_t i = 0; i < n; i++) {
            if (!contenders[i].is_eligible) continue;
            const double r = contenders[i].scores[k] - contenders[i].score.value - mean;
            sum_squares += r * r;
        }
    }
    if (n_counted < 2) return NAN;
    const double s2 = sum_squares / (double)(n_used - 1) / (double)(n_counted - 1);
    return sqrt((1.0 / (double)n_counted + rule->test_train) * s2);
}
