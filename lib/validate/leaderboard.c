/* leaderboard.c - several estimators on the same splits, from simple to strong, and which of them
 * to take by the rule (choose.c). What a clock measured stands among the timings. */
#include <math.h>
#include <string.h>

#include "mlsd/validate.h"
#include "base/handle.h"
#include "base/text.h"
#include "numeric/blas.h"
#include "numeric/rank.h"
#include "split/splitter.h"
#include "validate/choose.h"
#include "validate/compare_impl.h"
#include "validate/corrected.h"
#include "validate/fold_report.h"
#include "validate/leaderboard.h"
#include "validate/result_rows.h"
#include "validate/words.h"

static const double LEVEL = 0.95;

const mlsd__choice_rule mlsd__leaderboard_rule = {
    .rule = MLSD__CHOOSE_ONE_SE, .max_latency_us = NAN, .max_bytes = NAN};

typedef struct board {
    mlsd__choice_rule rule;
    mlsd__contender *models;
    mlsd__estimate *differences; /* to the first */
    int64_t *simpler;            /* the best of those before it; -1 for none */
    double *p_better;            /* chance of being better than that one */
    bool *fast_front;            /* on the front of score, latency and size; in the contenders it
                                    is that of score and size, which no clock moves */
    mlsd__choice choice;
    int64_t n;
} board;

/* Is the complex model worth it? Each beside the best of the simpler ones. */
static void compare_with_simpler(board *b, int64_t n_splits)
{
    mlsd__pair_settings settings = MLSD__PAIR_DEFAULTS;
    settings.level = b->rule.level;
    settings.power = NAN;
    int64_t best = -1;
    for (int64_t e = 0; e < b->n; e++) {
        const mlsd__contender *const model = &b->models[e];
        b->simpler[e] = best;
        b->p_better[e] = NAN;
        if (!model->is_eligible) continue;
        const bool greater = b->rule.greater_is_better;
        if (best >= 0) {
            mlsd__paired is;
            mlsd__compare_corrected_t(b->models[best].scores, model->scores, n_splits,
                                      b->rule.test_train, &settings, &is);
            b->p_better[e] = greater ? is.p_above : is.p_below;
        }
        const double gain = best < 0 ? 1 : model->score.value - b->models[best].score.value;
        if (best < 0 || (greater ? gain > 0 : gain < 0)) best = e;
    }
}

static mlsd_status us_per_row(const mlsd__fold_output *runs, int64_t e, double *out);

static mlsd_status fill_board(board *b, const mlsd__leaderboard_input *in,
                              const mlsd__fold_output *runs)
{
    for (int64_t e = 0; e < b->n; e++) {
        const mlsd__fold_run *refit = mlsd__fold_at(runs, e, runs->n_splits);
        b->models[e] =
            (mlsd__contender){.scores = mlsd__fold_scores(runs, e, 0),
                              .is_out = refit->status != MLSD_OK,
                              .n_bytes = refit->n_bytes > 0 ? (double)refit->n_bytes : NAN};
        MLSD__TRY(us_per_row(runs, e, &b->models[e].latency_us));
        mlsd__corrected_t_paired(mlsd__fold_scores(runs, e, 0), mlsd__fold_scores(runs, 0, 0),
                                 runs->n_splits, runs->test_train, in->level, &b->differences[e]);
    }
    return MLSD_OK;
}

/* Twice: with the seconds for the choice under a budget and for the front of all three, and without
 * them for the front of score and size. */
static mlsd_status choose(board *b, const mlsd__allocator *a, int64_t n_splits)
{
    mlsd__contender *const timeless = mlsd__memdup(a, b->models, b->n, sizeof *timeless);
    if (timeless == NULL) return MLSD_E_NOMEM;
    mlsd__choice unused;
    for (int64_t e = 0; e < b->n; e++) timeless[e].latency_us = NAN;
    mlsd_status status = mlsd__choose(a, &b->rule, timeless, b->n, n_splits, &unused);
    if (status == MLSD_OK)
        status = mlsd__choose(a, &b->rule, b->models, b->n, n_splits, &b->choice);
    for (int64_t e = 0; e < b->n && status == MLSD_OK; e++) {
        b->fast_front[e] = b->models[e].on_front;
        b->models[e].on_front = timeless[e].on_front;
    }
    mlsd__free(a, timeless);
    return status;
}

static mlsd_status board_open(board *b, const mlsd__allocator *a, const mlsd__leaderboard_input *in,
                              const mlsd__fold_output *runs)
{
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find(in->metric, &metric));
    b->n = in->n_estimators;
    b->rule = in->rule;
    b->rule.level = in->level;
    b->rule.test_train = runs->test_train;
    b->rule.greater_is_better = metric->greater_is_better;
    b->models = mlsd__alloc(a, b->n, sizeof *b->models);
    b->differences = mlsd__alloc(a, b->n, sizeof *b->differences);
    b->simpler = mlsd__alloc(a, b->n, sizeof *b->simpler);
    b->p_better = mlsd__alloc(a, b->n, sizeof *b->p_better);
    b->fast_front = mlsd__alloc(a, b->n, sizeof *b->fast_front);
    if (b->models == NULL || b->differences == NULL || b->simpler == NULL || b->p_better == NULL ||
        b->fast_front == NULL)
        return MLSD_E_NOMEM;
    MLSD__TRY(fill_board(b, in, runs));
    MLSD__TRY(choose(b, a, runs->n_splits));
    compare_with_simpler(b, runs->n_splits);
    return MLSD_OK;
}

static void board_close(board *b, const mlsd__allocator *a)
{
    mlsd__free(a, b->models);
    mlsd__free(a, b->differences);
    mlsd__free(a, b->simpler);
    mlsd__free(a, b->p_better);
    mlsd__free(a, b->fast_front);
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
        {"difference_detectable", MLSD_COLUMN_F64},
        {"simpler", MLSD_COLUMN_CATEGORY},
        {"p_better", MLSD_COLUMN_F64},
        {"model_bytes", MLSD_COLUMN_I64},
        {"n_splits", MLSD_COLUMN_I64},
        {"on_front", MLSD_COLUMN_I64},
        {"within", MLSD_COLUMN_I64},
        {"chosen", MLSD_COLUMN_I64},
        {"message", MLSD_COLUMN_CATEGORY},
    };
    mlsd__rows rows;
    mlsd__rows_init(&rows, &runs->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < b->n; e++) {
        const mlsd__contender *s = &b->models[e];
        const mlsd__estimate *difference = &b->differences[e];
        mlsd__rows_str(&rows, in->names[e]);
        mlsd__rows_f64(&rows, s->score.value);
        mlsd__rows_f64(&rows, s->score.low);
        mlsd__rows_f64(&rows, s->score.high);
        mlsd__rows_f64(&rows, s->score.se);
        mlsd__rows_f64(&rows, difference->value);
        mlsd__rows_f64(&rows, difference->low);
        mlsd__rows_f64(&rows, difference->high);
        mlsd__rows_f64(
            &rows, e == 0 ? NAN : mlsd__detectable_difference(difference, in->level, MLSD__POWER));
        mlsd__rows_str(&rows, b->simpler[e] < 0 ? NULL : in->names[b->simpler[e]]);
        mlsd__rows_f64(&rows, b->p_better[e]);
        mlsd__rows_i64(&rows, mlsd__fold_at(runs, e, runs->n_splits)->n_bytes);
        mlsd__rows_i64(&rows, mlsd__fold_n_done(runs, e));
        mlsd__rows_i64(&rows, s->on_front);
        mlsd__rows_i64(&rows, s->is_within);
        mlsd__rows_i64(&rows, e == b->choice.chosen);
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
            if (run->status != MLSD_OK || run->n_test == 0 || isnan(run->predict_seconds)) continue;
            values[n++] = 1e6 * run->predict_seconds / (double)run->n_test;
        }
        status = mlsd__argsort(&runs->allocator, values, n, order);
    }
    if (status == MLSD_OK) {
        double *sorted = values + runs->n_splits;
        for (int64_t i = 0; i < n; i++) sorted[i] = values[order[i]];
        const mlsd__fold_run *const refit = mlsd__fold_at(runs, e, runs->n_splits);
        *out = n > 0                      ? mlsd__quantile_sorted(sorted, n, 0.5)
               : refit->status == MLSD_OK ? refit->us_per_row
                                          : NAN;
    }
    mlsd__free(&runs->allocator, order);
    mlsd__free(&runs->allocator, values);
    return status;
}

static mlsd_status put_timings(mlsd_result *r, const mlsd__leaderboard_input *in, const board *b,
                               const mlsd__fold_output *runs)
{
    static const mlsd__row_column columns[] = {
        {"model", MLSD_COLUMN_CATEGORY},         {"fit_seconds", MLSD_COLUMN_F64},
        {"predict_us_per_row", MLSD_COLUMN_F64}, {"predict_us_one_row", MLSD_COLUMN_F64},
        {"on_front", MLSD_COLUMN_I64},
    };
    mlsd__rows rows;
    mlsd__rows_init(&rows, &runs->allocator, columns, MLSD__COUNT(columns));
    for (int64_t e = 0; e < in->n_estimators; e++) {
        const mlsd__fold_run *refit = mlsd__fold_at(runs, e, runs->n_splits);
        const bool fitted = refit->status == MLSD_OK;
        mlsd__rows_str(&rows, in->names[e]);
        mlsd__rows_f64(&rows, fitted ? refit->fit_seconds : NAN);
        mlsd__rows_f64(&rows, b->models[e].latency_us);
        mlsd__rows_f64(&rows, fitted ? 1e6 * refit->predict_seconds : NAN);
        mlsd__rows_i64(&rows, b->fast_front[e]);
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
    const int64_t chosen = b->choice.chosen;
    mlsd__text_format(t, "'%s' is chosen: %s ", in->names[chosen], in->metric);
    mlsd__words_estimate(t, &b->models[chosen].score, in->level);
    mlsd__choice_say(&b->rule, b->models, &b->choice, "model", in->names[b->choice.best], t);
    if (chosen > 0 && !isnan(b->differences[chosen].value)) {
        mlsd__text_format(t, "; difference to '%s': ", in->names[0]);
        mlsd__words_estimate(t, &b->differences[chosen], in->level);
    }
}

/* "the simplest within one standard error of the best, 'sgd' (0.37)" */
static mlsd_status put_reason(mlsd_result *r, const mlsd__leaderboard_input *in, const board *b)
{
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    mlsd__choice_say(&b->rule, b->models, &b->choice, "model", in->names[b->choice.best], &t);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "chosen_because", t.data + 2, false);
    mlsd__text_free(&t);
    return status;
}

static mlsd_status put_words(mlsd_result *r, const mlsd__leaderboard_input *in, const board *b)
{
    MLSD__TRY(put_reason(r, in, b));
    MLSD__TRY(mlsd__result_set_str(r, "metric", in->metric, false));
    MLSD__TRY(mlsd__result_set_str(r, "chosen", in->names[b->choice.chosen], false));
    MLSD__TRY(mlsd__result_set_str(r, "best", in->names[b->choice.best], false));
    if (mlsd__choice_has_budget(&b->rule))
        MLSD__TRY(
            mlsd__result_set_f64(r, "n_within_budget", (double)b->choice.n_affordable, false));
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    say(&t, in, b);
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status make_result(const mlsd__leaderboard_input *in, const board *b,
                               const mlsd__fold_output *runs, mlsd_result **out)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(&runs->allocator, "leaderboard", &r));
    mlsd_status status = put_board(r, in, b, runs);
    if (status == MLSD_OK) status = put_timings(r, in, b, runs);
    if (status == MLSD_OK) status = put_fold_scores(r, in, runs);
    if (status == MLSD_OK) status = mlsd__report_plan(r, runs);
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
    const char *message = NULL;
    for (int64_t e = 0; e < in->n_estimators && message == NULL; e++)
        message = mlsd__fold_first_message(runs, e);
    board b = {0};
    mlsd_status status = board_open(&b, scope->allocator, in, runs);
    if (status == MLSD_OK) status = mlsd__choice_require(&b.choice, "model", in->metric, message);
    if (status == MLSD_OK) {
        *out_chosen = b.choice.chosen;
        status = make_result(in, &b, runs, out);
    }
    board_close(&b, scope->allocator);
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
                                        .level = LEVEL,
                                        .rule = mlsd__leaderboard_rule};
    int64_t chosen;
    mlsd__fold_output runs;
    const mlsd_status status = mlsd__leaderboard(&scope, &in, &chosen, &runs, out);
    mlsd__fold_output_free(&runs);
    mlsd__scope_close(&scope);
    return status;
}
