/* suite_paired.c - is the model worse than the one of a run that was kept, by more than chance? The
 * same cases were judged twice, so the test is paired, and sees what two intervals side by side do
 * not. The metric's kind says which test:
 *
 *   a mean of right and wrong              McNemar's, mid-p
 *   any other mean over cases              signs of the cases' differences, flipped
 *   the area under the ROC curve           DeLong's
 *   the rest (r2, f1, ndcg, ...)           the two models' answers to a case exchanged, and the
 *                                          metric computed again: were both alike, either might
 * have given either (Noreen 1989, "Computer-intensive methods for testing hypotheses", ch. 2; Yeh
 * 2000, COLING, 947)
 *
 * Of weighted cases a mean is that of weighted parts, whose signs are flipped; DeLong's test has no
 * weights, so answers are exchanged. */
#include <math.h>
#include <string.h>

#include "mlsd/compare.h"
#include "base/random.h"
#include "slice/suite_impl.h"

/* ---- the comparisons that there are ---- */

/* 999 tell whether p is below 0.05; a level that asks for more certainty needs more. */
static int64_t fewest_permutations(double level)
{
    static const double fewest = 999, most = 999999, times = 40;
    return (int64_t)fmin(most, fmax(fewest, ceil(times / (1 - level))));
}

/* As many more as some seconds allow. */
static int64_t n_flips(int64_t n, double level)
{
    static const int64_t most_flips = 200000000, most = 9999;
    const int64_t fewest = fewest_permutations(level), affordable = most_flips / n;
    const int64_t wanted = affordable < most ? affordable : most;
    return wanted > fewest ? wanted : fewest;
}

static mlsd_status make_spec(const mlsd__suite_run *run, const mlsd__suite_set *set,
                             const char *test, bool greater_is_better, int64_t n, mlsd_spec **out)
{
    static const char *const names[] = {"then", "now"};
    MLSD__TRY(mlsd_spec_new(run->context, test, out));
    MLSD__TRY(mlsd_spec_set_f64(*out, "level", set->level));
    MLSD__TRY(mlsd_spec_set_str(*out, "alternative", greater_is_better ? "less" : "greater"));
    MLSD__TRY(mlsd_spec_set_str_list(*out, "names", names, 2));
    if (strcmp(test, "paired_permutation") != 0) return MLSD_OK;
    MLSD__TRY(mlsd_spec_set_bool(*out, "greater_is_better", greater_is_better));
    return mlsd_spec_set_i64(*out, "n_permutations", n_flips(n, set->level));
}

/* `scores` is n x 2, then and now. */
static mlsd_status compare(const mlsd__suite_run *run, const mlsd__suite_set *set, const char *test,
                           bool greater_is_better, const double *scores, const double *labels,
                           int64_t n, double *out_p)
{
    mlsd_spec *spec = NULL;
    mlsd_result *found = NULL;
    const mlsd_matrix columns = {scores, n, 2, 2, 1, MLSD_F64, 0};
    const mlsd_matrix truth = {labels, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_status status = make_spec(run, set, test, greater_is_better, n, &spec);
    if (status == MLSD_OK)
        status = mlsd_compare(run->context, spec, &columns, labels == NULL ? NULL : &truth, &found);
    if (status == MLSD_OK) status = mlsd_result_get_f64(found, "p_value", out_p);
    mlsd_result_free(found);
    mlsd_spec_free(spec);
    return status;
}

/* Columns then and now: parts of the mean by weight, or the scores of the second class. */
static mlsd_status pair_columns(const mlsd__allocator *a, const mlsd__outcome_pairs *pairs,
                                double **out)
{
    const int64_t n = pairs->n, at = pairs->width - 1;
    double *const scores = mlsd__alloc_raw(a, 2 * n, sizeof *scores);
    if (scores == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const double weight = pairs->weights == NULL ? 1 : pairs->weights[i];
        scores[2 * i] = weight * pairs->before[i * pairs->width + at];
        scores[2 * i + 1] = weight * pairs->now[i * pairs->width + at];
    }
    *out = scores;
    return MLSD_OK;
}

/* ---- exchanged answers ---- */

typedef struct exchange {
    const mlsd__metric_ops *metric;
    const mlsd__outcome_pairs *pairs;
    int64_t n_classes, seed;
    int64_t first;    /* number of the first that is being made; 0 is the data as they are */
    double *worse_by; /* of each of those: how much worse now would be */
} exchange;

static mlsd_status score(mlsd__scope *scope, const exchange *e, const double *prediction,
                         double *out)
{
    mlsd__estimate found;
    const mlsd__scored scored = {.n = e->pairs->n,
                                 .n_classes = e->n_classes,
                                 .y = e->pairs->labels,
                                 .prediction = prediction,
                                 .weight = e->pairs->weights};
    MLSD__TRY(mlsd__metric_score(scope, e->metric, &scored, NULL, scored.n, NAN, &found));
    *out = found.value;
    return MLSD_OK;
}

/* Half of the cases change sides, by a coin each that depends on seed and number alone. */
static void exchange_some(const exchange *e, int64_t number, double *then, double *now)
{
    const int64_t n = e->pairs->n, k = e->pairs->width;
    mlsd__stream stream;
    uint32_t bits = 0;
    mlsd__stream_init(&stream, (uint64_t)e->seed, (uint64_t)number, 0, 0, MLSD__PURPOSE_SHUFFLE);
    for (int64_t i = 0; i < n; i++) {
        if (i % 32 == 0) bits = mlsd__stream_u32(&stream);
        if ((bits >> (i % 32) & 1) == 0) continue;
        memcpy(then + i * k, e->pairs->now + i * k, (size_t)k * sizeof *then);
        memcpy(now + i * k, e->pairs->before + i * k, (size_t)k * sizeof *now);
    }
}

static mlsd_status score_exchange(void *arg, int64_t task, mlsd__scope *scope)
{
    const exchange *const e = arg;
    const int64_t number = e->first + task, size = e->pairs->n * e->pairs->width;
    double *const room = mlsd__alloc_raw(scope->allocator, 2 * size, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const then = room, *const now = room + size, value_then = NAN, value_now = NAN;
    memcpy(then, e->pairs->before, (size_t)size * sizeof *then);
    memcpy(now, e->pairs->now, (size_t)size * sizeof *now);
    if (number > 0) exchange_some(e, number, then, now);
    mlsd_status status = score(scope, e, then, &value_then);
    if (status == MLSD_OK) status = score(scope, e, now, &value_now);
    e->worse_by[task] =
        e->metric->greater_is_better ? value_then - value_now : value_now - value_then;
    mlsd__free(scope->allocator, room);
    return status == MLSD_OK ? mlsd__checkpoint(scope) : status;
}

/* Exchanges are made until so many are as bad as the data, for then it is clear that these are
 * nothing special, or until there are n (Besag & Clifford 1991, Biometrika 78:301: p-values hold
 * their level either way); the data as they are count as one then (Phipson & Smyth 2010). One of
 * which the metric is not defined counts against a verdict. */
static mlsd_status exchange_until_clear(mlsd__scope *scope, exchange *e, int64_t n, double *out_p)
{
    enum { AT_A_TIME = 128, ENOUGH = 100 };
    double worse_by[AT_A_TIME];
    int64_t as_bad = 0;
    e->worse_by = worse_by;
    MLSD__TRY(mlsd__parallel_for(scope, 1, score_exchange, e));
    const double seen = worse_by[0], tolerance = 1e-12 * (1 + fabs(seen));
    if (isnan(seen)) return MLSD_OK;
    for (e->first = 1; e->first <= n; e->first += AT_A_TIME) {
        const int64_t left = n - e->first + 1, batch = left < AT_A_TIME ? left : AT_A_TIME;
        MLSD__TRY(mlsd__parallel_for(scope, batch, score_exchange, e));
        for (int64_t r = 0; r < batch; r++) {
            as_bad += !(worse_by[r] < seen - tolerance);
            if (as_bad < ENOUGH) continue;
            *out_p = (double)as_bad / (double)(e->first + r);
            return MLSD_OK;
        }
    }
    *out_p = (double)(as_bad + 1) / (double)(n + 1);
    return MLSD_OK;
}

static mlsd_status test_exchanges(mlsd__suite_run *run, const mlsd__suite_set *set,
                                  const mlsd__metric_ops *metric, const mlsd__outcome_pairs *pairs,
                                  double *out_p)
{
    exchange e = {
        .metric = metric, .pairs = pairs, .n_classes = run->predictor.n_classes, .seed = set->seed};
    return exchange_until_clear(run->scope, &e, fewest_permutations(set->level), out_p);
}

/* ---- which of them ---- */

/* DeLong's is of the area without further parameters (max_fpr is one), and knows no weights. */
static bool is_delongs(const mlsd__suite_set *set, const mlsd__outcomes *now,
                       const mlsd__outcome_pairs *pairs)
{
    return set->ops.is_area && set->parameters == NULL && now->width == 2 && pairs->weights == NULL;
}

static const char *test_of(const mlsd__suite_set *set, const mlsd__outcomes *now,
                           const mlsd__outcome_pairs *pairs)
{
    if (now->is_part && now->metric->is_share && pairs->weights == NULL) return "mcnemar";
    if (now->is_part) return "paired_permutation";
    return is_delongs(set, now, pairs) ? "delong" : NULL;
}

mlsd_status mlsd__outcomes_test(mlsd__suite_run *run, const mlsd__suite_set *set,
                                const mlsd__outcomes *now, const mlsd__outcome_pairs *pairs,
                                double *out_p)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const char *const test = test_of(set, now, pairs);
    double *scores = NULL;
    *out_p = 1; /* answers that are all the same are not worse; tests do not speak of them */
    const int64_t size = pairs->n * pairs->width;
    if (memcmp(pairs->before, pairs->now, (size_t)size * sizeof *pairs->now) == 0) return MLSD_OK;
    *out_p = NAN;
    if (test != NULL) {
        MLSD__TRY(pair_columns(a, pairs, &scores));
        const bool needs_labels = strcmp(test, "delong") == 0;
        const mlsd_status status = compare(run, set, test, now->metric->greater_is_better, scores,
                                           needs_labels ? pairs->labels : NULL, pairs->n, out_p);
        mlsd__free(a, scores);
        MLSD__TRY(status);
    }
    /* Also where curves do not vary, as when all cases are in order. */
    if (test == NULL || (isnan(*out_p) && !now->is_part))
        return test_exchanges(run, set, now->metric, pairs, out_p);
    return MLSD_OK;
}
