/* leaderboard.c - several estimators on the same splits, from simple to strong, and the choice of
 * the simplest that is within one standard error of the best (Breiman, Friedman, Olshen & Stone
 * 1984, Classification and Regression Trees, section 3.4.3), with the corrected standard error of
 * corrected.c. Ties go to the simpler. */
#include <math.h>
#include <string.h>

#include "mlsd/validate.h"
#include "base/handle.h"
#include "base/text.h"
#include "numeric/blas.h"
#include "numeric/rank.h"
#include "split/splitter.h"
#include "validate/corrected.h"
#include "validate/leaderboard.h"
#include "validate/result_rows.h"
#include "validate/words.h"

static const double LEVEL = 0.95;

typedef struct standing {
    mlsd__estimate score, difference;
    bool eligible, within_one_se;
} standing;

typedef struct board {
    standing *standings;
    int64_t n, best, chosen;
    bool greater_is_better;
} board;

static bool is_better(const board *b, double x, double y)
{
    return b->greater_is_better ? x > y : x < y;
}

/* Only models with a score on as many splits as any, and that could be fitted on all rows, are
 * compared: a mean over fewer splits is another number. */
static void find_eligible(board *b, const mlsd__fold_output *runs)
{
    int64_t most = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t e = 0; e < b->n; e++) {
            if (mlsd__fold_at(runs, e, runs->n_splits)->status != MLSD_OK) continue;
            int64_t n_scores = 0;
            for (int64_t k = 0; k < runs->n_splits; k++) {
                n_scores += !isnan(mlsd__fold_scores(runs, e, 0)[k]);
            }
            if (pass == 0 && n_scores > most) most = n_scores;
            if (pass == 1) b->standings[e].eligible = n_scores > 0 && n_scores == most;
        }
    }
}

static void rank(board *b, const mlsd__fold_output *runs, double level)
{
    for (int64_t e = 0; e < b->n; e++) {
        standing *s = &b->standings[e];
        const double *scores = mlsd__fold_scores(runs, e, 0),
                     *first = mlsd__fold_scores(runs, 0, 0);
        mlsd__corrected_t(scores, runs->n_splits, runs->test_train, level, &s->score);
        mlsd__corrected_t_paired(scores, first, runs->n_splits, runs->test_train, level,
                                 &s->difference);
    }
    find_eligible(b, runs);
    b->best = b->chosen = -1;
    for (int64_t e = 0; e < b->n; e++) {
        if (!b->standings[e].eligible) continue;
        if (b->best < 0 ||
            is_better(b, b->standings[e].score.value, b->standings[b->best].score.value)) {
            b->best = e;
        }
    }
    if (b->best < 0) return;
    const mlsd__estimate *best = &b->standings[b->best].score;
    const double se = isnan(best->se) ? 0 : best->se;
    const double limit = b->greater_is_better ? best->value - se : best->value + se;
    for (int64_t e = 0; e < b->n; e++) {
        standing *s = &b->standings[e];
        s->within_one_se = s->eligible && !is_better(b, limit, s->score.value);
        if (s->within_one_se && b->chosen < 0) b->chosen = e;
    }
}

static mlsd_status put_board(mlsd_result *r, const mlsd__leaderboard_input *in, const board *b,
                             const mlsd__fold_output *runs)
{
    static const mlsd__row_column columns[] = {
        {"model", MLSD_COLUMN_CATEGORY},
        {"score", MLSD_COLUMN_F64},
        {"low", MLSD_COLUMN_F64},
        {"high", MLSD_COLUMN_F64},
        {"se", MLSD_COLUMN_F64},
        {"difference", MLSD_COLUMN_F64},
        {"difference_low", MLSD_COLUMN_F64},
        {"difference_high", MLSD_COLUMN_F64},
        {"model_bytes", MLSD_COLUMN_I64},
        {"n_splits", MLSD_COLUMN_I64},
        {"within_one_se", MLSD_COLUMN_I64},
        {"chosen", MLSD_COLUMN_I64},
        {"message", MLSD_COLUMN_CATEGORY},
    };
    mlsd__rows rows;
    mlsd__rows_init(&rows, &runs->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < b->n; e++) {
        const standing *s = &b->standings[e];
        mlsd__rows_str(&rows, in->names[e]);
        mlsd__rows_f64(&rows, s->score.value);
        mlsd__rows_f64(&rows, s->score.low);
        mlsd__rows_f64(&rows, s->score.high);
        mlsd__rows_f64(&rows, s->score.se);
        mlsd__rows_f64(&rows, s->difference.value);
        mlsd__rows_f64(&rows, s->difference.low);
        mlsd__rows_f64(&rows, s->difference.high);
        mlsd__rows_i64(&rows, mlsd__fold_at(runs, e, runs->n_splits)->n_bytes);
        mlsd__rows_i64(&rows, mlsd__fold_n_done(runs, e));
        mlsd__rows_i64(&rows, s->within_one_se);
        mlsd__rows_i64(&rows, e == b->chosen);
        mlsd__rows_str(&rows, mlsd__fold_first_message(runs, e));
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "leaderboard", table, false);
}

/* Median microseconds a row over the splits that ran: one slow moment of the machine does not
 * count. */
static mlsd_status us_per_row(const mlsd__fold_output *runs, int64_t e, double *out)
{
    double *values = mlsd__alloc(&runs->allocator, 2 * runs->n_splits, sizeof *values);
    int64_t *order = mlsd__alloc(&runs->allocator, runs->n_splits, sizeof *order);
    mlsd_status status = values == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    int64_t n = 0;
    if (status == MLSD_OK) {
        for (int64_t k = 0; k < runs->n_splits; k++) {
            const mlsd__fold_run *run = mlsd__fold_at(runs, e, k);
            if (run->status != MLSD_OK || run->n_test == 0) continue;
            values[n++] = 1e6 * run->predict_seconds / (double)run->n_test;
        }
        status = mlsd__argsort(&runs->allocator, values, n, order);
    }
    if (status == MLSD_OK) {
        double *sorted = values + runs->n_splits;
        for (int64_t i = 0; i < n; i++) sorted[i] = values[order[i]];
        *out = n > 0 ? mlsd__quantile_sorted(sorted, n, 0.5) : NAN;
    }
    mlsd__free(&runs->allocator, order);
    mlsd__free(&runs->allocator, values);
    return status;
}

static mlsd_status put_timings(mlsd_result *r, const mlsd__leaderboard_input *in,
                               const mlsd__fold_output *runs)
{
    static const mlsd__row_column columns[] = {
        {"model", MLSD_COLUMN_CATEGORY},
        {"fit_seconds", MLSD_COLUMN_F64},
        {"predict_us_per_row", MLSD_COLUMN_F64},
        {"predict_us_one_row", MLSD_COLUMN_F64},
    };
    mlsd__rows rows;
    mlsd__rows_init(&rows, &runs->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < in->n_estimators; e++) {
        const mlsd__fold_run *refit = mlsd__fold_at(runs, e, runs->n_splits);
        const bool fitted = refit->status == MLSD_OK;
        double us = NAN;
        const mlsd_status status = us_per_row(runs, e, &us);
        if (status != MLSD_OK) {
            mlsd__rows_free(&rows);
            return status;
        }
        mlsd__rows_str(&rows, in->names[e]);
        mlsd__rows_f64(&rows, fitted ? refit->fit_seconds : NAN);
        mlsd__rows_f64(&rows, us);
        mlsd__rows_f64(&rows, fitted ? 1e6 * refit->predict_seconds : NAN);
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "leaderboard", table, true);
}

static mlsd_status put_fold_scores(mlsd_result *r, const mlsd__leaderboard_input *in,
                                   const mlsd__fold_output *runs)
{
    static const mlsd__row_column columns[] = {
        {"model", MLSD_COLUMN_CATEGORY}, {"fold", MLSD_COLUMN_I64}, {"score", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &runs->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < in->n_estimators; e++) {
        for (int64_t k = 0; k < runs->n_splits; k++) {
            mlsd__rows_str(&rows, in->names[e]);
            mlsd__rows_i64(&rows, k);
            mlsd__rows_f64(&rows, mlsd__fold_scores(runs, e, 0)[k]);
        }
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "fold_scores", table, false);
}

static void say(mlsd__text *t, const mlsd__leaderboard_input *in, const board *b)
{
    const standing *chosen = &b->standings[b->chosen];
    mlsd__text_format(t, "'%s' is chosen: %s ", in->names[b->chosen], in->metric);
    mlsd__words_estimate(t, &chosen->score, in->level);
    if (b->chosen == b->best) {
        mlsd__text_append(t, ", the best; no simpler model is within one standard error of it");
    } else {
        mlsd__text_format(t, ", the simplest within one standard error of the best, '%s' (",
                          in->names[b->best]);
        mlsd__words_number(t, b->standings[b->best].score.value);
        mlsd__text_append(t, ")");
    }
    if (b->chosen > 0 && !isnan(chosen->difference.value)) {
        mlsd__text_format(t, "; difference to '%s': ", in->names[0]);
        mlsd__words_estimate(t, &chosen->difference, in->level);
    }
}

static mlsd_status put_words(mlsd_result *r, const mlsd__leaderboard_input *in, const board *b)
{
    MLSD__TRY(mlsd__result_set_str(r, "metric", in->metric, false));
    MLSD__TRY(mlsd__result_set_str(r, "chosen", in->names[b->chosen], false));
    MLSD__TRY(mlsd__result_set_str(r, "best", in->names[b->best], false));
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    say(&t, in, b);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__result_set_verdict(r, t.data);
    mlsd__text_free(&t);
    return status;
}

static mlsd_status make_result(const mlsd__leaderboard_input *in, const board *b,
                               const mlsd__fold_output *runs, mlsd_result **out)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(&runs->allocator, "leaderboard", &r));
    mlsd_status status = put_board(r, in, b, runs);
    if (status == MLSD_OK) status = put_timings(r, in, runs);
    if (status == MLSD_OK) status = put_fold_scores(r, in, runs);
    if (status == MLSD_OK) status = put_words(r, in, b);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

mlsd_status mlsd__leaderboard(mlsd__scope *scope, const mlsd__leaderboard_input *in,
                              int64_t *out_chosen, mlsd__fold_output *runs, mlsd_result **out)
{
    *out = NULL;
    const mlsd__fold_input fits = {.estimators = in->estimators,
                                   .n_estimators = in->n_estimators,
                                   .dataset = in->dataset,
                                   .folds = in->folds,
                                   .metrics = &in->metric,
                                   .n_metrics = 1,
                                   .refit = true};
    memset(runs, 0, sizeof *runs);
    MLSD__TRY(mlsd__fold_run_all(scope, &fits, runs));
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find(in->metric, &metric));
    board b = {.n = in->n_estimators, .greater_is_better = metric->greater_is_better};
    b.standings = mlsd__alloc(scope->allocator, b.n, sizeof *b.standings);
    if (b.standings == NULL) return MLSD_E_NOMEM;
    rank(&b, runs, in->level);
    mlsd_status status;
    if (b.best < 0) {
        const char *message = NULL;
        for (int64_t e = 0; e < b.n && message == NULL; e++) {
            message = mlsd__fold_first_message(runs, e);
        }
        status = mlsd__fail(MLSD_E_DATA, "no model has a %s on any of %lld splits: %s", in->metric,
                            (long long)runs->n_splits,
                            message != NULL ? message : "it is not defined on their test rows");
    } else {
        *out_chosen = b.chosen;
        status = make_result(in, &b, runs, out);
    }
    mlsd__free(scope->allocator, b.standings);
    return status;
}

static mlsd_status check_names(const char *const *names, int64_t n)
{
    MLSD__REQUIRE(names != NULL, "the names are NULL");
    for (int64_t i = 0; i < n; i++) {
        MLSD__REQUIRE(names[i] != NULL, "name %lld is NULL", (long long)i);
        for (int64_t j = 0; j < i; j++) {
            MLSD__REQUIRE(strcmp(names[i], names[j]) != 0, "two models are called '%s'", names[i]);
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd_leaderboard(const mlsd_context *context, const mlsd_spec *const *estimators,
                             const char *const *names, int64_t n_estimators,
                             const mlsd_dataset *dataset, const mlsd_folds *folds,
                             const char *metric, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE(metric != NULL, "the metric is NULL");
    const mlsd__fold_input check = {.estimators = estimators,
                                    .n_estimators = n_estimators,
                                    .dataset = dataset,
                                    .folds = folds,
                                    .metrics = &metric,
                                    .n_metrics = 1};
    MLSD__TRY(mlsd__fold_check(&check));
    MLSD__TRY(check_names(names, n_estimators));

    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd__leaderboard_input in = {.estimators = estimators,
                                        .names = names,
                                        .n_estimators = n_estimators,
                                        .dataset = dataset,
                                        .folds = folds,
                                        .metric = metric,
                                        .level = LEVEL};
    int64_t chosen;
    mlsd__fold_output runs;
    const mlsd_status status = mlsd__leaderboard(&scope, &in, &chosen, &runs, out);
    mlsd__fold_output_free(&runs);
    mlsd__scope_close(&scope);
    return status;
}
