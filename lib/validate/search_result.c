/* search_result.c - what a search hands out: tables of candidates, folds and rungs, the numbers of
 * the chosen one, and the sentences. Nothing is computed here but means. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/mathfun.h"
#include "validate/audit_impl.h"
#include "validate/corrected.h"
#include "validate/fold_choices.h"
#include "validate/search_impl.h"
#include "validate/search_table.h"
#include "validate/words.h"

/* ---- candidates ---- */

static mlsd_status put_parameters(mlsd__columns *c, const mlsd__candidates *candidates)
{
    for (int64_t i = 0; i < c->n; i++) c->i64[i] = i;
    MLSD__TRY(mlsd__columns_i64(c, "candidate"));
    for (int64_t k = 0; k < candidates->n_names; k++) {
        for (int64_t i = 0; i < c->n; i++)
            c->texts[i] = candidates->texts[i * candidates->n_names + k];
        MLSD__TRY(mlsd__columns_texts(c, candidates->names[k]));
    }
    return MLSD_OK;
}

mlsd_status mlsd__candidates_table(const mlsd__candidates *candidates, mlsd_table **out)
{
    mlsd__columns c;
    *out = NULL;
    MLSD__TRY(mlsd__columns_open(&c, &candidates->allocator, candidates->n));
    const mlsd_status status = put_parameters(&c, candidates);
    if (status == MLSD_OK) {
        *out = c.table;
        c.table = NULL;
    }
    mlsd__columns_close(&c);
    return status;
}

static void estimate_of(const mlsd__search *s, int64_t candidate, int64_t metric,
                        mlsd__t_memo *memo, mlsd__estimate *out)
{
    mlsd__corrected_t_many(mlsd__search_scores(s, candidate, metric), s->n_splits, s->test_train,
                           s->rule.level, memo, out);
}

/* A number of an estimate as a column of its own. */
typedef struct estimate_column {
    const char *suffix;
    size_t field;
} estimate_column;

static const estimate_column ESTIMATE_COLUMNS[] = {
    {".mean", offsetof(mlsd__estimate, value)},
    {".se", offsetof(mlsd__estimate, se)},
    {".low", offsetof(mlsd__estimate, low)},
    {".high", offsetof(mlsd__estimate, high)},
};

static mlsd_status put_scores(mlsd__columns *c, const mlsd__search *s)
{
    mlsd__t_memo memo = {0};
    for (int64_t m = 0; m < s->metrics.n; m++) {
        for (int64_t f = 0; f < MLSD__COUNT(ESTIMATE_COLUMNS); f++) {
            for (int64_t i = 0; i < s->n; i++) {
                mlsd__estimate e;
                estimate_of(s, i, m, &memo, &e);
                memcpy(&c->f64[i], (const char *)&e + ESTIMATE_COLUMNS[f].field, sizeof c->f64[i]);
            }
            MLSD__TRY(mlsd__columns_f64(c, s->metrics.names[m], ESTIMATE_COLUMNS[f].suffix));
        }
    }
    return MLSD_OK;
}

static mlsd_status put_rungs_of(mlsd__columns *c, const mlsd__search *s)
{
    const struct {
        const char *name;
        const int64_t *values;
    } numbers[] = {{"bracket", s->bracket}, {"rung", s->rung}, {"n_resources", s->n_resources}};
    for (int64_t j = 0; s->strategy->halves && j < MLSD__COUNT(numbers); j++) {
        memcpy(c->i64, numbers[j].values, (size_t)s->n * sizeof *c->i64);
        MLSD__TRY(mlsd__columns_i64(c, numbers[j].name));
    }
    return MLSD_OK;
}

static int64_t count_splits(const mlsd__search *s, int64_t candidate, bool failed)
{
    int64_t n = 0;
    for (int64_t k = 0; k < s->n_splits; k++) {
        const mlsd__search_cell *const cell = mlsd__search_cell_at(s, candidate, k);
        n += cell->is_done && (cell->status != MLSD_OK) == failed;
    }
    return n;
}

static const char *message_of(const mlsd__search *s, int64_t candidate)
{
    for (int64_t k = 0; k < s->n_splits; k++) {
        const char *const message = mlsd__search_cell_at(s, candidate, k)->message;
        if (message != NULL) return message;
    }
    return NULL;
}

static mlsd_status put_standing(mlsd__columns *c, const mlsd__search *s)
{
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = s->contenders[i].rank;
    MLSD__TRY(mlsd__columns_i64(c, "rank"));
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = count_splits(s, i, false);
    MLSD__TRY(mlsd__columns_i64(c, "n_splits"));
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = count_splits(s, i, true);
    MLSD__TRY(mlsd__columns_i64(c, "n_failed"));
    for (int64_t i = 0; i < s->n; i++) c->f64[i] = s->contenders[i].n_bytes;
    MLSD__TRY(mlsd__columns_f64(c, "model_bytes", ""));
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = s->contenders[i].on_front;
    MLSD__TRY(mlsd__columns_i64(c, "on_front"));
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = s->contenders[i].is_within;
    MLSD__TRY(mlsd__columns_i64(c, "within"));
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = i == s->choice.chosen;
    MLSD__TRY(mlsd__columns_i64(c, "chosen"));
    for (int64_t i = 0; i < s->n; i++) c->texts[i] = message_of(s, i);
    return mlsd__columns_texts(c, "message");
}

static mlsd_status put_candidates(mlsd_result *r, const mlsd__search *s)
{
    mlsd__columns c;
    MLSD__TRY(mlsd__columns_open(&c, s->a, s->n));
    mlsd_status status = put_parameters(&c, &s->candidates);
    if (status == MLSD_OK) status = put_rungs_of(&c, s);
    if (status == MLSD_OK) status = put_scores(&c, s);
    if (status == MLSD_OK) status = put_standing(&c, s);
    return mlsd__columns_to_result(r, &c, "candidates", false, status);
}

/* Seconds are those of all fits of the candidate, of every rung. */
static mlsd_status fill_timings(mlsd__columns *c, const mlsd__search *s)
{
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = i;
    MLSD__TRY(mlsd__columns_i64(c, "candidate"));
    for (int64_t i = 0; i < s->n; i++) {
        c->f64[i] = 0;
        for (int64_t k = 0; k < s->n_splits; k++)
            c->f64[i] += mlsd__search_cell_at(s, i, k)->fit_seconds;
    }
    MLSD__TRY(mlsd__columns_f64(c, "fit_seconds", ""));
    for (int64_t i = 0; i < s->n; i++) c->f64[i] = s->contenders[i].latency_us;
    MLSD__TRY(mlsd__columns_f64(c, "predict_us_per_row", ""));
    for (int64_t i = 0; i < s->n; i++) c->i64[i] = s->front[i];
    return mlsd__columns_i64(c, "on_front");
}

static mlsd_status put_timings(mlsd_result *r, const mlsd__search *s)
{
    mlsd__columns c;
    MLSD__TRY(mlsd__columns_open(&c, s->a, s->n));
    return mlsd__columns_to_result(r, &c, "candidates", true, fill_timings(&c, s));
}

/* ---- folds ---- */

/* The cells that were fitted, candidate by candidate; their number, and places where not NULL. */
static int64_t list_done(const mlsd__search *s, int64_t *places)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->n * s->n_splits; i++) {
        if (!s->cells[i].is_done) continue;
        if (places != NULL) places[n] = i;
        n++;
    }
    return n;
}

static mlsd_status fill_cell_names(mlsd__columns *c, const mlsd__search *s, const int64_t *places)
{
    for (int64_t i = 0; i < c->n; i++) c->i64[i] = places[i] / s->n_splits;
    MLSD__TRY(mlsd__columns_i64(c, "candidate"));
    for (int64_t i = 0; i < c->n; i++) c->i64[i] = places[i] % s->n_splits;
    return mlsd__columns_i64(c, "fold");
}

static mlsd_status fill_folds(mlsd__columns *c, const mlsd__search *s, const int64_t *places)
{
    MLSD__TRY(fill_cell_names(c, s, places));
    for (int64_t m = 0; m < s->metrics.n; m++) {
        for (int64_t i = 0; i < c->n; i++)
            c->f64[i] = mlsd__search_scores(s, places[i] / s->n_splits, m)[places[i] % s->n_splits];
        MLSD__TRY(mlsd__columns_f64(c, s->metrics.names[m], ""));
    }
    for (int64_t i = 0; i < c->n; i++) c->i64[i] = s->cells[places[i]].n_train;
    MLSD__TRY(mlsd__columns_i64(c, "n_train"));
    for (int64_t i = 0; i < c->n; i++) c->i64[i] = s->cells[places[i]].n_test;
    MLSD__TRY(mlsd__columns_i64(c, "n_test"));
    for (int64_t i = 0; i < c->n; i++) {
        const mlsd_status status = s->cells[places[i]].status;
        c->texts[i] = status == MLSD_OK ? "ok" : mlsd_status_name(status);
    }
    MLSD__TRY(mlsd__columns_texts(c, "status"));
    for (int64_t i = 0; i < c->n; i++) c->texts[i] = s->cells[places[i]].message;
    return mlsd__columns_texts(c, "message");
}

static mlsd_status fill_fold_timings(mlsd__columns *c, const mlsd__search *s, const int64_t *places)
{
    MLSD__TRY(fill_cell_names(c, s, places));
    for (int64_t i = 0; i < c->n; i++) c->f64[i] = s->cells[places[i]].fit_seconds;
    MLSD__TRY(mlsd__columns_f64(c, "fit_seconds", ""));
    for (int64_t i = 0; i < c->n; i++) c->f64[i] = s->cells[places[i]].predict_seconds;
    return mlsd__columns_f64(c, "predict_seconds", "");
}

static mlsd_status put_folds(mlsd_result *r, const mlsd__search *s)
{
    int64_t *const places = mlsd__alloc(s->a, list_done(s, NULL), sizeof *places);
    if (places == NULL) return MLSD_E_NOMEM;
    const int64_t n = list_done(s, places);
    mlsd__columns c;
    mlsd_status status = mlsd__columns_open(&c, s->a, n);
    if (status == MLSD_OK)
        status = mlsd__columns_to_result(r, &c, "folds", false, fill_folds(&c, s, places));
    if (status == MLSD_OK) status = mlsd__columns_open(&c, s->a, n);
    if (status == MLSD_OK)
        status = mlsd__columns_to_result(r, &c, "folds", true, fill_fold_timings(&c, s, places));
    mlsd__free(s->a, places);
    return status;
}

/* ---- rungs ---- */

/* One row a candidate and rung, or with `by_fold` one a split of it. */
static mlsd_status fill_rungs(mlsd__columns *c, const mlsd__search *s, bool by_fold)
{
    const int64_t step = by_fold ? s->n_splits : 1;
    static const char *const names[] = {"bracket", "rung", "candidate", "n_resources"};
    for (int64_t j = 0; j < MLSD__COUNT(names); j++) {
        for (int64_t i = 0; i < c->n; i++) {
            const mlsd__rung_entry *const e = &s->rungs[i / step];
            const int64_t numbers[] = {e->bracket, e->rung, e->candidate, e->n_resources};
            c->i64[i] = numbers[j];
        }
        MLSD__TRY(mlsd__columns_i64(c, names[j]));
    }
    if (by_fold) {
        for (int64_t i = 0; i < c->n; i++) c->i64[i] = i % step;
        MLSD__TRY(mlsd__columns_i64(c, "fold"));
    }
    mlsd__t_memo memo = {0};
    for (int64_t m = 0; m < s->metrics.n; m++) {
        for (int64_t i = 0; i < c->n; i++) {
            const double *const scores =
                s->rung_scores + ((i / step) * s->metrics.n + m) * s->n_splits;
            mlsd__estimate e;
            mlsd__corrected_t_many(scores, s->n_splits, s->test_train, s->rule.level, &memo, &e);
            c->f64[i] = by_fold ? scores[i % step] : e.value;
        }
        MLSD__TRY(mlsd__columns_f64(c, s->metrics.names[m], by_fold ? "" : ".mean"));
    }
    if (by_fold) return MLSD_OK;
    for (int64_t i = 0; i < c->n; i++) c->i64[i] = s->rungs[i].n_failed;
    return mlsd__columns_i64(c, "n_failed");
}

static mlsd_status put_rungs(mlsd_result *r, const mlsd__search *s)
{
    mlsd__columns c;
    if (!s->strategy->halves) return MLSD_OK;
    MLSD__TRY(mlsd__columns_open(&c, s->a, s->n_rungs));
    MLSD__TRY(mlsd__columns_to_result(r, &c, "rungs", false, fill_rungs(&c, s, false)));
    MLSD__TRY(mlsd__columns_open(&c, s->a, s->n_rungs * s->n_splits));
    return mlsd__columns_to_result(r, &c, "rung_folds", false, fill_rungs(&c, s, true));
}

/* ---- numbers and texts ---- */

static mlsd_status put_metric_numbers(mlsd_result *r, const mlsd__search *s)
{
    for (int64_t m = 0; m < s->metrics.n; m++) {
        mlsd__t_memo memo = {0};
        mlsd__estimate e;
        estimate_of(s, s->choice.chosen, m, &memo, &e);
        MLSD__TRY(mlsd__result_set_estimate(r, s->metrics.names[m], &e));
    }
    return MLSD_OK;
}

/* About how much the best of so many candidates looks better than it is, where they are all alike:
 * noise sqrt(2 log n), the size of the largest of n normal numbers. */
static double expected_optimism(const mlsd__search *s)
{
    const int64_t n = s->choice.n_eligible;
    if (n < 2) return 0;
    return mlsd__choice_noise(&s->rule, s->contenders, s->n, s->n_splits) *
           sqrt(2 * mlsd__log((double)n));
}

/* The smallest difference between two candidates that their comparison would find four times in
 * five. */
static double detectable_difference(const mlsd__search *s)
{
    int64_t n = 0;
    const double *const scores = s->contenders[s->choice.chosen].scores;
    for (int64_t k = 0; k < s->n_splits; k++) n += !isnan(scores[k]);
    const mlsd__estimate typical = {
        .se = sqrt(2.0) * mlsd__choice_noise(&s->rule, s->contenders, s->n, s->n_splits),
        .df = (double)(n - 1)};
    return mlsd__detectable_difference(&typical, s->rule.level, MLSD__POWER);
}

static mlsd_status put_numbers(mlsd_result *r, const mlsd__search *s)
{
    const struct {
        const char *name;
        double value;
        bool is_there;
    } numbers[] = {
        {"n_candidates", (double)s->n, true},
        {"n_splits", (double)s->n_splits, true},
        {"n_fits", (double)s->n_fits, true},
        {"chosen_candidate", (double)s->choice.chosen, true},
        {"best_candidate", (double)s->choice.best, true},
        {"n_within_budget", (double)s->choice.n_affordable, mlsd__choice_has_budget(&s->rule)},
        {"direction", s->rule.greater_is_better ? 1 : -1, true},
        {"optimism.expected", expected_optimism(s), true},
        {"detectable_difference", detectable_difference(s), true},
        {"bbc.value", s->bbc.estimate.value, s->has_bbc},
        {"bbc.se", s->bbc.estimate.se, s->has_bbc},
        {"bbc.low", s->bbc.estimate.low, s->has_bbc},
        {"bbc.high", s->bbc.estimate.high, s->has_bbc},
    };
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++) {
        if (numbers[i].is_there)
            MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    }
    return s->model != NULL ? mlsd__result_set_f64(r, "refit_seconds", s->refit_seconds, true)
                            : MLSD_OK;
}

static mlsd_status put_candidate_text(mlsd_result *r, const mlsd__search *s, const char *name,
                                      int64_t candidate)
{
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    mlsd__candidate_say(&s->candidates, candidate, &t);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__result_set_str(r, name, t.data, false);
    mlsd__text_free(&t);
    return status;
}

/* The chosen spec as JSON, to be used elsewhere. */
static mlsd_status put_spec(mlsd_result *r, const mlsd__search *s)
{
    const mlsd_spec *const spec = s->candidates.specs[s->choice.chosen];
    int64_t length = 0;
    MLSD__TRY(mlsd_spec_to_json(spec, 0, NULL, 0, &length));
    char *const json = mlsd__alloc(s->a, length + 1, 1);
    if (json == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_spec_to_json(spec, 0, json, length + 1, &length);
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "chosen_spec", json, false);
    mlsd__free(s->a, json);
    return status;
}

static mlsd_status put_words(mlsd_result *r, const mlsd__search *s)
{
    MLSD__TRY(mlsd__result_set_str(r, "metric", s->metrics.names[0], false));
    MLSD__TRY(mlsd__result_set_str(r, "choose", mlsd__choose_names[s->rule.rule], false));
    MLSD__TRY(put_candidate_text(r, s, "chosen", s->choice.chosen));
    MLSD__TRY(put_candidate_text(r, s, "best", s->choice.best));
    MLSD__TRY(put_spec(r, s));
    if (s->plan.data != NULL) MLSD__TRY(mlsd__result_set_str(r, "plan", s->plan.data, false));
    return s->note[0] != '\0' ? mlsd__result_set_str(r, "note", s->note, false) : MLSD_OK;
}

/* What the chosen candidate's steps choose, split by split: it is fitted once more for that. */
static mlsd_status put_choices(mlsd_result *r, const mlsd__search *s)
{
    const mlsd__fold_input in = {.dataset = s->dataset,
                                 .folds = s->folds,
                                 .metrics = s->metrics.names,
                                 .n_metrics = s->metrics.n};
    return mlsd__report_choices_of(r, s->scope, mlsd__search_chosen(s), &in);
}

/* ---- the verdict ---- */

/* What taking the simpler one may cost against the best. */
static void say_price(const mlsd__search *s, mlsd__text *t)
{
    if (s->choice.chosen == s->choice.best) return;
    mlsd__estimate e;
    mlsd__corrected_t_paired(s->contenders[s->choice.chosen].scores,
                             s->contenders[s->choice.best].scores, s->n_splits, s->test_train,
                             s->rule.level, &e);
    const double worst = s->rule.greater_is_better ? -e.low : e.high;
    mlsd__text_append(t, "; that costs ");
    mlsd__words_number(t, fabs(e.value));
    if (!isnan(worst) && worst > 0) {
        mlsd__text_append(t, ", and hardly more than ");
        mlsd__words_number(t, worst);
    }
}

/* What is to be expected of new rows, since the choice was made on the same ones. */
static void say_optimism(const mlsd__search *s, mlsd__text *t)
{
    if (s->has_bbc) {
        mlsd__text_format(t, ". Since the best of %lld looks better than it is, expect %s",
                          (long long)s->choice.n_eligible,
                          s->choice.chosen == s->choice.best ? "" : "of the best ");
        mlsd__words_estimate(t, &s->bbc.estimate, s->rule.level);
        mlsd__text_append(t, " on new rows");
        return;
    }
    const double optimism = expected_optimism(s);
    if (!(optimism > 0)) return;
    mlsd__text_format(t, ". The best of %lld looks better than it is by up to about ",
                      (long long)s->choice.n_eligible);
    mlsd__words_number(t, optimism);
}

/* Is the best candidate's value the first or last of its list of numbers? Then look beyond. */
static void say_edges(const mlsd__search *s, mlsd__text *t)
{
    const int64_t best = s->choice.best;
    for (int64_t g = 0; g < s->space.n_grids; g++) {
        for (int64_t k = 0; k < s->space.grids[g].n_axes; k++) {
            const mlsd__axis *const axis = &s->space.grids[g].axes[k];
            const char *const value =
                s->candidates.texts[best * s->candidates.n_names + axis->column];
            const int side = mlsd__axis_edge(axis, value);
            if (side == 0 || s->space.n_grids > 1) continue;
            mlsd__text_format(t, ". The best '%s' is the %s that was tried: look beyond ",
                              axis->name, side < 0 ? "smallest" : "largest");
            mlsd__words_value(t, value);
        }
    }
}

static void say_failures(const mlsd__search *s, mlsd__text *t)
{
    int64_t n_failed = 0, n_done = 0;
    const char *message = NULL;
    for (int64_t i = 0; i < s->n * s->n_splits; i++) {
        n_done += s->cells[i].is_done;
        n_failed += s->cells[i].is_done && s->cells[i].status != MLSD_OK;
        if (message == NULL) message = s->cells[i].message;
    }
    if (n_failed == 0) return;
    mlsd__text_format(t, ". %lld of %lld fits failed, the first with: %s", (long long)n_failed,
                      (long long)n_done, message);
}

static mlsd_status put_verdict(mlsd_result *r, const mlsd__search *s)
{
    mlsd__text t, best;
    mlsd__text_init(&t, &r->allocator);
    mlsd__text_init(&best, &r->allocator);
    mlsd__candidate_words(&s->candidates, s->choice.best, &best);
    mlsd__text_append(&t, "'");
    mlsd__candidate_words(&s->candidates, s->choice.chosen, &t);
    if (s->n == 1)
        mlsd__text_format(&t, "' is the only candidate: %s ", s->metrics.names[0]);
    else
        mlsd__text_format(&t, "' is chosen of %lld candidates: %s ", (long long)s->n,
                          s->metrics.names[0]);
    mlsd__words_estimate(&t, &s->contenders[s->choice.chosen].score, s->rule.level);
    if (best.status == MLSD_OK)
        mlsd__choice_say(&s->rule, s->contenders, &s->choice, "candidate", best.data, &t);
    say_price(s, &t);
    say_optimism(s, &t);
    say_edges(s, &t);
    say_failures(s, &t);
    mlsd__audit_say(&t, ". The audit of the folds: ", r, MLSD__AUDIT_PREFIX);
    mlsd_status status = best.status != MLSD_OK ? best.status : t.status;
    if (status == MLSD_OK) status = mlsd__result_set_verdict(r, t.data);
    mlsd__text_free(&best);
    mlsd__text_free(&t);
    return status;
}

/* ---- all of it ---- */

mlsd_status mlsd__search_audit(mlsd_result *r, mlsd__scope *scope, const mlsd_context *context,
                               const mlsd_dataset *dataset, const mlsd_folds *folds)
{
    if (!mlsd__scope_audits(scope)) return MLSD_OK;
    mlsd_result *audit;
    MLSD__TRY(mlsd__audit_run(scope, context, NULL, dataset, folds, &audit));
    mlsd_status status = mlsd__result_absorb(r, MLSD__AUDIT_PREFIX, audit);
    if (status == MLSD_OK) status = mlsd__audit_log(scope, audit);
    mlsd_result_free(audit);
    return status;
}

static mlsd_status put_model(mlsd_result *r, mlsd__search *s)
{
    if (s->model == NULL) return MLSD_OK;
    mlsd_model *const model = s->model;
    s->model = NULL;
    return mlsd__result_set_model(r, "chosen", model);
}

mlsd_status mlsd__search_result(mlsd__search *s, const mlsd_context *context, mlsd_result **out)
{
    mlsd_result *r;
    *out = NULL;
    MLSD__TRY(mlsd__result_new(s->a, mlsd_kind_name(mlsd_spec_kind(s->spec)), &r));
    mlsd_status status = put_candidates(r, s);
    if (status == MLSD_OK) status = put_timings(r, s);
    if (status == MLSD_OK) status = put_folds(r, s);
    if (status == MLSD_OK) status = put_rungs(r, s);
    if (status == MLSD_OK) status = put_metric_numbers(r, s);
    if (status == MLSD_OK) status = put_numbers(r, s);
    if (status == MLSD_OK) status = put_words(r, s);
    if (status == MLSD_OK) status = put_choices(r, s);
    if (status == MLSD_OK) status = mlsd__search_audit(r, s->scope, context, s->dataset, s->folds);
    if (status == MLSD_OK) status = put_verdict(r, s);
    if (status == MLSD_OK) status = put_model(r, s);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}
