/* suite_goal.c - sets that a model need not pass: the metric is reported with its interval and its
 * trend, and the set fails only when the model is worse than last time by more than chance.
 *
 * The test is paired, case by case, so it sees what two intervals side by side do not. What is
 * compared of a case depends on the metric: whether it is right (McNemar), its loss (permutation),
 * or its score (DeLong). Metrics that are no mean over cases, such as f1, are guarded by what they
 * are made of: right or wrong. */
#include <math.h>
#include <string.h>

#include "mlsd/compare.h"
#include "metric/metric_impl.h"
#include "base/hash.h"
#include "numeric/mathfun.h"
#include "slice/suite_impl.h"

typedef int32_t outcome_type;
enum { RIGHT = 0, LOG_LOSS, SQUARED, ABSOLUTE, SCORE };

/* By how a metric's name begins; the others by task: right or wrong, squared error. */
static const struct {
    const char *start;
    outcome_type type;
} types[] = {{"log_loss", LOG_LOSS},       {"neg_log_loss", LOG_LOSS}, {"brier", SQUARED},
             {"roc_auc", SCORE},           {"mae", ABSOLUTE},          {"mean_absolute", ABSOLUTE},
             {"median_absolute", ABSOLUTE}};

static outcome_type type_of(const mlsd__predictor *p, const char *metric)
{
    outcome_type type = p->n_classes == 0 ? SQUARED : RIGHT;
    for (int64_t i = 0; i < MLSD__COUNT(types); i++) {
        if (strncmp(metric, types[i].start, strlen(types[i].start)) == 0) type = types[i].type;
    }
    if (p->n_classes == 0) return type == ABSOLUTE ? ABSOLUTE : SQUARED;
    if (type == SCORE && p->n_classes != 2) type = LOG_LOSS;
    return p->has_proba ? type : RIGHT;
}

static double outcome_of(const mlsd__predictor *p, outcome_type type, const mlsd__answers *answers,
                         int64_t row, double label)
{
    /* A probability of 0 is as bad as the smallest that a loss is told of elsewhere. */
    static const double least = 2.220446049250313e-16;
    const double error = answers->value[row] - label;
    const double *const proba = answers->proba == NULL ? NULL : answers->proba + row * p->n_classes;
    double sum = 0;
    switch (type) {
    case RIGHT:
        return error == 0;
    case LOG_LOSS:
        return -mlsd__log(fmax(proba[(int64_t)label], least));
    case SCORE:
        return proba[1];
    case ABSOLUTE:
        return fabs(error);
    default:
        if (p->n_classes == 0) return error * error;
        for (int64_t c = 0; c < p->n_classes; c++) {
            const double miss = proba[c] - ((double)c == label);
            sum += miss * miss;
        }
        return sum;
    }
}

/* ---- now and last time, case by case ---- */

typedef struct pairs {
    int64_t n;
    double *scores; /* n x 2: last, now */
    double *labels;
} pairs;

static mlsd_status look_up(const mlsd__allocator *a, const mlsd__suite_last *last,
                           mlsd__dictionary **out)
{
    MLSD__TRY(mlsd__dictionary_new(a, out));
    for (int64_t i = 0; i < last->n; i++) {
        int32_t number;
        MLSD__TRY(mlsd__dictionary_intern(*out, last->keys[i], strlen(last->keys[i]), &number));
    }
    return MLSD_OK;
}

static mlsd_status match(const mlsd__allocator *a, const mlsd__suite_set *set, char *const *keys,
                         const double *now, const double *labels, pairs *out)
{
    mlsd__dictionary *known = NULL;
    out->scores = mlsd__alloc_raw(a, 2 * set->n_rows, sizeof *out->scores);
    out->labels = mlsd__alloc_raw(a, set->n_rows, sizeof *out->labels);
    mlsd_status status =
        out->scores == NULL || out->labels == NULL ? MLSD_E_NOMEM : look_up(a, &set->last, &known);
    for (int64_t i = 0; i < set->n_rows && status == MLSD_OK; i++) {
        const int32_t at = mlsd__dictionary_find(known, keys[i], strlen(keys[i]));
        if (at < 0) continue;
        out->scores[2 * out->n] = set->last.outcomes[at];
        out->scores[2 * out->n + 1] = now[i];
        out->labels[out->n++] = labels[i];
    }
    if (known != NULL) mlsd__dictionary_free(known);
    return status;
}

static const char *const type_names[] = {
    [RIGHT] = "right",           [LOG_LOSS] = "log_loss",
    [SQUARED] = "squared_error", [ABSOLUTE] = "absolute_error",
    [SCORE] = "score",
};

static const char *const test_names[] = {
    [RIGHT] = "mcnemar",
    [LOG_LOSS] = "paired_permutation",
    [SQUARED] = "paired_permutation",
    [ABSOLUTE] = "paired_permutation",
    [SCORE] = "delong",
};

/* As many as some seconds allow; 999 tell whether p is below 0.05. */
static int64_t n_permutations(int64_t n)
{
    static const int64_t most_flips = 200000000, fewest = 999, most = 9999;
    const int64_t affordable = most_flips / n;
    return affordable < fewest ? fewest : affordable > most ? most : affordable;
}

/* One-sided p of "now is worse". */
static mlsd_status test(const mlsd__suite_run *run, const mlsd__suite_set *set, outcome_type type,
                        const pairs *both, double *out_p)
{
    static const char *const names[] = {"last", "now"};
    const bool is_loss = type != RIGHT && type != SCORE;
    mlsd_spec *spec = NULL;
    mlsd_result *found = NULL;
    mlsd_status status = mlsd_spec_new(run->context, test_names[type], &spec);
    if (status == MLSD_OK) status = mlsd_spec_set_f64(spec, "level", set->level);
    if (status == MLSD_OK)
        status = mlsd_spec_set_str(spec, "alternative", is_loss ? "greater" : "less");
    if (status == MLSD_OK) status = mlsd_spec_set_str_list(spec, "names", names, 2);
    if (status == MLSD_OK && is_loss) status = mlsd_spec_set_bool(spec, "greater_is_better", 0);
    if (status == MLSD_OK && is_loss)
        status = mlsd_spec_set_i64(spec, "n_permutations", n_permutations(both->n));
    if (status == MLSD_OK) {
        const mlsd_matrix scores = {both->scores, both->n, 2, 2, 1, MLSD_F64, 0};
        const mlsd_matrix truth = {both->labels, both->n, 1, 1, 1, MLSD_F64, 0};
        status = mlsd_compare(run->context, spec, &scores, type == SCORE ? &truth : NULL, &found);
    }
    if (status == MLSD_OK) status = mlsd_result_get_f64(found, "p_value", out_p);
    mlsd_result_free(found);
    mlsd_spec_free(spec);
    return status;
}

/* ---- the finding ---- */

static void say_score(const mlsd__suite_set *set, const mlsd__suite_finding *f, mlsd__text *t)
{
    const mlsd__metric_ops *ops = NULL;
    mlsd__text_format(t, "%s ", set->metric);
    mlsd__short_text(f->value, t);
    if (!isnan(set->goal) && !isnan(f->value) && mlsd__metric_find(set->metric, &ops) == MLSD_OK) {
        const bool is_reached =
            ops->greater_is_better ? f->value >= set->goal : f->value <= set->goal;
        mlsd__text_append(t, is_reached ? ", goal " : ", short of the goal ");
        mlsd__short_text(set->goal, t);
        if (is_reached) mlsd__text_append(t, " reached");
    }
    if (!isnan(f->last)) {
        mlsd__text_append(t, "; last ");
        mlsd__short_text(f->last, t);
    }
}

static void say_p(double p, mlsd__text *t)
{
    static const double smallest = 0.0001;
    mlsd__text_append(t, p < smallest ? " (p < " : " (p = ");
    mlsd__text_double(t, p < smallest ? smallest : mlsd__round_significant(p, 2));
}

static void conclude(const mlsd__suite_set *set, const char *what, const pairs *both,
                     mlsd__suite_finding *out)
{
    mlsd__text *const t = &out->detail;
    if (isnan(out->value)) {
        out->status = MLSD__SET_CANNOT_TELL;
        mlsd__text_format(t, "%s is not defined for these cases", set->metric);
        return;
    }
    say_score(set, out, t);
    if (set->last.n == 0 && set->n_trend > 0) {
        out->status = MLSD__SET_CANNOT_TELL;
        mlsd__text_append(t, "; the history has earlier runs, but the cases of the last are gone: "
                             "restore the file, or keep this run");
        return;
    }
    if (set->last.n == 0) {
        mlsd__text_append(t, "; nothing was kept to compare with");
        return;
    }
    if (strcmp(set->last.what, what) != 0) {
        out->status = MLSD__SET_CANNOT_TELL;
        mlsd__text_append(t, "; what was kept is of another metric: keep this run");
        return;
    }
    if (both->n == 0) {
        out->status = MLSD__SET_CANNOT_TELL;
        mlsd__text_append(t, "; none of the cases was there last time: name them by 'id', or keep "
                             "this run");
        return;
    }
    const bool is_worse = out->p_value < 1 - set->level;
    out->status = is_worse ? MLSD__SET_FAILED : MLSD__SET_PASSED;
    mlsd__text_append(t, is_worse ? "; worse than last time by more than chance"
                                  : "; not worse than last time by more than chance");
    if (!isnan(out->p_value)) say_p(out->p_value, t);
    mlsd__text_format(t, "%s%lld common case%s)", isnan(out->p_value) ? " (" : ", ",
                      (long long)both->n, both->n == 1 ? "" : "s");
}

static void put_point(mlsd__rows *rows, const mlsd__suite_set *set, const mlsd__suite_point *x)
{
    mlsd__rows_str(rows, set->name);
    mlsd__rows_i64(rows, x->run);
    mlsd__rows_str(rows, x->name);
    mlsd__rows_i64(rows, x->n);
    mlsd__rows_f64(rows, x->value);
    mlsd__rows_f64(rows, x->low);
    mlsd__rows_f64(rows, x->high);
}

static void put_tables(mlsd__suite_run *run, const mlsd__suite_set *set, const char *what,
                       char *const *keys, const double *outcomes, const mlsd__suite_finding *f)
{
    const mlsd__suite_point now = {run->suite->n_runs + 1, "now", f->n, f->value, f->low, f->high};
    for (int64_t i = 0; i < set->n_trend; i++) put_point(&run->trend, set, &set->trend[i]);
    put_point(&run->trend, set, &now);
    for (int64_t i = 0; i < set->n_rows; i++) {
        mlsd__rows_str(&run->outcomes, set->name);
        mlsd__rows_str(&run->outcomes, what);
        mlsd__rows_str(&run->outcomes, keys[i]);
        mlsd__rows_f64(&run->outcomes, outcomes[i]);
    }
}

static mlsd_status judge(mlsd__suite_run *run, const mlsd__suite_set *set,
                         const mlsd__answers *answers, const double *labels,
                         mlsd__suite_finding *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const mlsd__predictor *const p = &run->predictor;
    const outcome_type type = type_of(p, set->metric);
    char **keys = NULL;
    pairs both = {0};
    double *const now = mlsd__alloc_raw(a, set->n_rows, sizeof *now);
    mlsd_status status = now == NULL ? MLSD_E_NOMEM : mlsd__case_keys(a, set, &keys);
    for (int64_t i = 0; i < set->n_rows && status == MLSD_OK; i++)
        now[i] = mlsd__round_significant(outcome_of(p, type, answers, set->rows[i], labels[i]), 9);
    if (status == MLSD_OK) status = match(a, set, keys, now, labels, &both);
    if (status == MLSD_OK && both.n > 0 && strcmp(set->last.what, type_names[type]) == 0)
        status = test(run, set, type, &both, &out->p_value);
    if (status == MLSD_OK) {
        conclude(set, type_names[type], &both, out);
        put_tables(run, set, type_names[type], keys, now, out);
    }
    mlsd__free(a, both.labels);
    mlsd__free(a, both.scores);
    mlsd__case_keys_free(a, set, keys);
    mlsd__free(a, now);
    return status;
}

mlsd_status mlsd__suite_run_goal(mlsd__suite_run *run, const mlsd__suite_set *set,
                                 mlsd__suite_finding *out)
{
    const mlsd__answers *answers;
    mlsd__suite_score score;
    double *labels = NULL;
    out->n = set->n_rows;
    out->wanted = set->goal;
    if (set->n_trend > 0) out->last = set->trend[set->n_trend - 1].value;
    MLSD__TRY(mlsd__suite_metric_check(run, set));
    MLSD__TRY(mlsd__suite_answers(run, set, &answers));
    MLSD__TRY(mlsd__suite_labels(run, set, false, &labels));
    mlsd_status status =
        mlsd__suite_score_rows(run, set, answers, labels, NULL, set->n_rows, set->level, &score);
    if (status == MLSD_OK) {
        out->value = score.value;
        out->low = score.low;
        out->high = score.high;
        status = judge(run, set, answers, labels, out);
    }
    mlsd__free(run->scope->allocator, labels);
    return status;
}
