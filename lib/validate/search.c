/* search.c - a search from its spec to its choice: candidates and their checks, folds, rounds of
 * fits. A round hands all of its candidates to the queue of fold_tasks.c at once, which may then
 * serve many by one fit; here are the places where what comes back is kept. */
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "split/splitter.h"
#include "validate/search_impl.h"

/* Predictions are kept for the bootstrap of the choice up to so many numbers (200 MB). Unless it
 * was asked for, there is none where rows times candidates are more than so many (half a second).
 */
static const double MOST_KEPT = 25e6, MOST_UNASKED = 2e5;

static mlsd_status make_candidates(mlsd__search *s)
{
    const mlsd__search_params *const p = s->params;
    int64_t n = p->n_iter;
    /* A race is over all combinations or over draws, as n_iter says. */
    const bool draws = s->strategy->draws || (s->strategy->races && n != MLSD__NULL_I64);
    if (!draws) return mlsd__space_grid(&s->space, s->estimator, &s->candidates);
    if (s->strategy->count != NULL) MLSD__TRY(s->strategy->count(s, &n));
    return mlsd__space_draw(&s->space, s->estimator, n, p->seed, &s->candidates);
}

static mlsd_status make_room(mlsd__search *s)
{
    int64_t n_cells, n_scores;
    MLSD__TRY(mlsd__mul_size(s->n, s->n_splits, &n_cells));
    MLSD__TRY(mlsd__mul_size(n_cells, s->metrics.n, &n_scores));
    s->scores = mlsd__alloc(s->a, n_scores, sizeof *s->scores);
    s->cells = mlsd__alloc(s->a, n_cells, sizeof *s->cells);
    s->n_resources = mlsd__alloc(s->a, s->n, sizeof *s->n_resources);
    s->bracket = mlsd__alloc(s->a, s->n, sizeof *s->bracket);
    s->rung = mlsd__alloc(s->a, s->n, sizeof *s->rung);
    s->is_given_up = mlsd__alloc(s->a, s->n, sizeof *s->is_given_up);
    s->contenders = mlsd__alloc(s->a, s->n, sizeof *s->contenders);
    s->front = mlsd__alloc(s->a, s->n, sizeof *s->front);
    if (s->scores == NULL || s->cells == NULL || s->n_resources == NULL || s->bracket == NULL ||
        s->rung == NULL || s->is_given_up == NULL || s->contenders == NULL || s->front == NULL)
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_scores; i++) s->scores[i] = NAN;
    return MLSD_OK;
}

/* Average n_test / n_train of the splits. */
static double test_train_of(const mlsd_folds *folds)
{
    const int64_t last = mlsd_folds_n_parts(folds) - 1, n = mlsd_folds_n_splits(folds);
    double ratio = 0;
    for (int64_t k = 0; k < n; k++)
        ratio += (double)mlsd_folds_part_size(folds, k, last) /
                 (double)mlsd_folds_part_size(folds, k, 0) / (double)n;
    return ratio;
}

/* Whether the bootstrap of the choice can be had, and why not. */
static void decide_on_predictions(mlsd__search *s)
{
    const mlsd__metric_ops *metric;
    const int64_t width = 3 + mlsd_dataset_n_classes(s->dataset);
    const int64_t last = mlsd_folds_n_parts(s->folds) - 1;
    double n_tested = 0;
    if (s->params->n_bootstraps == 0 || s->n == 1) return;
    for (int64_t k = 0; k < s->n_splits; k++)
        n_tested += (double)mlsd_folds_part_size(s->folds, k, last);
    s->keeps_predictions = false;
    if (mlsd__metric_find(s->metrics.names[0], &metric) != MLSD_OK || metric->row_loss == NULL)
        (void)snprintf(s->note, sizeof s->note, "no BBC-CV estimate: %.60s is not a mean over rows",
                       s->metrics.names[0]);
    else if (s->params->n_bootstraps == MLSD__NULL_I64 && n_tested * (double)s->n > MOST_UNASKED)
        (void)snprintf(
            s->note, sizeof s->note,
            "no BBC-CV estimate: for %.0f rows and %lld candidates it is made only where "
            "'n_bootstraps' asks for it",
            n_tested, (long long)s->n);
    else if (n_tested * (double)s->n * (double)width > MOST_KEPT)
        (void)snprintf(s->note, sizeof s->note,
                       "no BBC-CV estimate: the predictions of %lld candidates for %.0f rows are "
                       "too many to keep",
                       (long long)s->n, n_tested);
    else
        s->keeps_predictions = true;
}

/* All that is known before there are folds. */
static mlsd_status check_spec(mlsd__search *s)
{
    s->estimator = mlsd__spec_slot_child(s->spec, "estimator");
    if (s->estimator == NULL)
        return mlsd__fail(MLSD_E_CHILD, "%s has no estimator; put one into its slot 'estimator'",
                          mlsd_kind_name(mlsd_spec_kind(s->spec)));
    if (mlsd__estimator_final(s->estimator) == NULL)
        return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    MLSD__TRY(mlsd__validation_metrics(&s->params->metrics, s->dataset, &s->metrics));
    MLSD__TRY(mlsd__space_read(s->a, s->estimator, &s->params->space, &s->space));
    if (s->strategy->check != NULL) MLSD__TRY(s->strategy->check(s));
    return mlsd__search_check_choice(s);
}

static mlsd_status find_folds(mlsd__search *s, const mlsd_folds *folds)
{
    s->folds = folds;
    if (folds == NULL) {
        MLSD__TRY(mlsd__validation_folds(s->scope, s->spec, s->dataset, &s->own_folds));
        s->folds = s->own_folds;
    }
    MLSD__TRY(mlsd__folds_check_dataset(s->folds, s->dataset));
    s->n_splits = mlsd_folds_n_splits(s->folds);
    s->test_train = test_train_of(s->folds);
    return MLSD_OK;
}

static void begin(mlsd__search *s, const mlsd__allocator *a, const mlsd_spec *spec,
                  const mlsd_dataset *dataset, const mlsd__search_strategy *strategy)
{
    memset(s, 0, sizeof *s);
    s->a = a;
    s->spec = spec;
    s->params = mlsd__spec_params(spec);
    s->strategy = strategy;
    s->dataset = dataset;
    mlsd__text_init(&s->plan, a);
}

mlsd_status mlsd__search_check(const mlsd__allocator *a, const mlsd_spec *spec,
                               const mlsd_dataset *dataset, const mlsd__search_strategy *strategy)
{
    mlsd__search s;
    begin(&s, a, spec, dataset, strategy);
    mlsd_status status = check_spec(&s);
    if (status == MLSD_OK && strategy->count == NULL) {
        status = make_candidates(&s);
        s.n = s.candidates.n;
        if (status == MLSD_OK)
            status = mlsd__candidates_check(&s.candidates, mlsd_dataset_task(dataset));
    }
    mlsd__search_close(&s);
    return status;
}

mlsd_status mlsd__search_open(mlsd__search *s, mlsd__scope *scope, const mlsd_spec *spec,
                              const mlsd_dataset *dataset, const mlsd_folds *folds,
                              const mlsd__search_strategy *strategy)
{
    begin(s, scope->allocator, spec, dataset, strategy);
    s->scope = scope;
    MLSD__TRY(check_spec(s));
    MLSD__TRY(find_folds(s, folds));
    MLSD__TRY(make_candidates(s));
    s->n = s->candidates.n;
    MLSD__TRY(mlsd__candidates_check(&s->candidates, mlsd_dataset_task(s->dataset)));
    if (!s->strategy->halves && !s->strategy->races) decide_on_predictions(s);
    return make_room(s);
}

void mlsd__search_close(mlsd__search *s)
{
    const mlsd__allocator *const a = s->a;
    for (int64_t i = 0; s->cells != NULL && i < s->n * s->n_splits; i++) {
        mlsd__free(a, s->cells[i].message);
        mlsd__scoring_free(&s->cells[i].scoring);
    }
    for (int64_t i = 0; s->progress != NULL && i < s->n; i++) mlsd__search_forget(s, i);
    mlsd__free(a, s->progress);
    mlsd__free(a, s->cells);
    mlsd__free(a, s->scores);
    mlsd__free(a, s->n_resources);
    mlsd__free(a, s->bracket);
    mlsd__free(a, s->rung);
    mlsd__free(a, s->is_given_up);
    mlsd__free(a, s->contenders);
    mlsd__free(a, s->front);
    mlsd__free(a, s->rungs);
    mlsd__free(a, s->rung_scores);
    mlsd__text_free(&s->plan);
    mlsd_model_free(s->model);
    mlsd__candidates_free(&s->candidates);
    mlsd__space_free(&s->space);
    mlsd_folds_free(s->own_folds);
}

double mlsd__search_mean(const mlsd__search *s, int64_t candidate)
{
    const double *const scores = mlsd__search_scores(s, candidate, 0);
    double sum = 0;
    for (int64_t k = 0; k < s->n_splits; k++) sum += scores[k];
    return sum / (double)s->n_splits;
}

/* ---- rounds ---- */

/* Take what run `e` of a round says about split k of it. */
static void keep_run(mlsd__search *s, const mlsd__search_round *round, mlsd__fold_output *runs,
                     int64_t e, int64_t k)
{
    const int64_t c = round->members[e];
    const int64_t split = round->split_of != NULL ? round->split_of[k] : k;
    mlsd__fold_run *const run = mlsd__fold_at(runs, e, k);
    mlsd__search_cell *const cell = mlsd__search_cell_at(s, c, split);
    mlsd__free(s->a, cell->message);
    mlsd__scoring_free(&cell->scoring);
    *cell = (mlsd__search_cell){.is_done = true,
                                .status = run->status,
                                .message = run->message,
                                .n_train = run->n_train,
                                .n_test = run->n_test,
                                .fit_seconds = cell->fit_seconds + run->fit_seconds,
                                .predict_seconds = run->predict_seconds,
                                .scoring = run->scoring};
    run->message = NULL;
    memset(&run->scoring, 0, sizeof run->scoring);
    for (int64_t m = 0; m < s->metrics.n; m++)
        mlsd__search_scores(s, c, m)[split] = mlsd__fold_scores(runs, e, m)[k];
}

/* What was done, each plan once. */
static mlsd_status note_plan(mlsd__search *s, const mlsd__fold_output *runs)
{
    mlsd__text plan;
    mlsd__text_init(&plan, s->a);
    mlsd_status status = mlsd__fold_say_plans(runs, &plan);
    const bool is_known =
        status == MLSD_OK && s->plan.data != NULL && strstr(s->plan.data, plan.data) != NULL;
    if (status == MLSD_OK && !is_known) {
        if (s->plan.length > 0) mlsd__text_append(&s->plan, "; ");
        mlsd__text_append(&s->plan, plan.data);
        status = s->plan.status;
    }
    mlsd__text_free(&plan);
    return status;
}

void mlsd__search_forget(mlsd__search *s, int64_t candidate)
{
    for (int64_t k = 0; s->progress != NULL && k < s->n_splits; k++) {
        mlsd__free(s->a, s->progress[candidate * s->n_splits + k]);
        s->progress[candidate * s->n_splits + k] = NULL;
    }
}

/* Lend the progress of a round's members to its fits, or take it back. */
static void move_progress(mlsd__search *s, const mlsd__search_round *round, void **lent, bool back)
{
    const int64_t n_splits = mlsd_folds_n_splits(round->folds);
    for (int64_t i = 0; lent != NULL && i < round->n_members * n_splits; i++) {
        const int64_t k = i % n_splits;
        const int64_t split = round->split_of != NULL ? round->split_of[k] : k;
        void **const own = &s->progress[round->members[i / n_splits] * s->n_splits + split];
        void **const from = back ? &lent[i] : own, **const to = back ? own : &lent[i];
        *to = *from;
        *from = NULL;
    }
}

static mlsd_status run_round(mlsd__search *s, const mlsd__search_round *round,
                             const mlsd_spec *const *specs, void **progress,
                             mlsd__fold_output *runs)
{
    const mlsd__fold_input in = {.estimators = specs,
                                 .n_estimators = round->n_members,
                                 .dataset = s->dataset,
                                 .folds = round->folds,
                                 .metrics = s->metrics.names,
                                 .n_metrics = s->metrics.n,
                                 .keep_predictions = s->keeps_predictions,
                                 .is_plain_loop = progress != NULL,
                                 .progress = progress};
    move_progress(s, round, progress, false);
    mlsd_status status = mlsd__fold_run_all(s->scope, &in, runs);
    move_progress(s, round, progress, true);
    if (status == MLSD_OK) status = note_plan(s, runs);
    for (int64_t e = 0; e < round->n_members && status == MLSD_OK; e++) {
        for (int64_t k = 0; k < runs->n_splits; k++) keep_run(s, round, runs, e, k);
        s->n_resources[round->members[e]] = round->n_resources;
        s->n_fits += runs->n_splits;
    }
    return status;
}

mlsd_status mlsd__search_fit(mlsd__search *s, const mlsd__search_round *round)
{
    const int64_t n_cells = round->n_members * mlsd_folds_n_splits(round->folds);
    const mlsd_spec **const specs = mlsd__alloc(s->a, round->n_members, sizeof *specs);
    void **const progress =
        s->progress != NULL ? mlsd__alloc(s->a, n_cells, sizeof *progress) : NULL;
    mlsd__fold_output runs = {0};
    mlsd_status status = MLSD_E_NOMEM;
    if (specs != NULL && (s->progress == NULL || progress != NULL)) {
        for (int64_t i = 0; i < round->n_members; i++)
            specs[i] = s->candidates.specs[round->members[i]];
        status = run_round(s, round, specs, progress, &runs);
    }
    mlsd__fold_output_free(&runs);
    mlsd__free(s->a, progress);
    mlsd__free(s->a, specs);
    return status;
}

/* Every candidate on every split. */
mlsd_status mlsd__search_all(mlsd__search *s)
{
    int64_t *const members = mlsd__alloc(s->a, s->n, sizeof *members);
    if (members == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->n; i++) members[i] = i;
    const mlsd__search_round round = {
        .members = members, .n_members = s->n, .folds = s->folds, .n_resources = 1};
    const mlsd_status status = mlsd__search_fit(s, &round);
    mlsd__free(s->a, members);
    return status;
}

mlsd_status mlsd__search_run(mlsd__search *s)
{
    MLSD__TRY(s->strategy->run(s));
    return mlsd__search_choose(s);
}

mlsd_status mlsd__search_refit(mlsd__search *s)
{
    if (!s->params->refit) return MLSD_OK;
    const double start = mlsd__seconds();
    mlsd__stage_begin(s->scope, "refit", 1);
    const mlsd_status status =
        mlsd__model_fit(s->scope, mlsd__search_chosen(s), s->dataset, NULL, NULL, &s->model);
    mlsd__stage_end(s->scope);
    s->refit_seconds = mlsd__seconds() - start;
    return status;
}
