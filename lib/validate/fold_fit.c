/* fold_fit.c - fits the plain way: one estimator on one split, or on all rows. What goes faster is
 * in fold_paths.c, and gives the same. */
#include <math.h>
#include <string.h>

#include "split/splitter.h"
#include "validate/fold_choices.h"
#include "validate/fold_curves.h"
#include "validate/fold_journal.h"

enum { SINGLE_ROW_TRIES = 15, MANY_ROWS = 4096 };
/* Enough of single rows once they took this long together. */
static const double SINGLE_ROW_SECONDS = 0.02;

/* Score a part of a split with a fitted state. */
static mlsd_status score_part(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                              int64_t split, bool is_train, const mlsd_model *model,
                              const mlsd__train_part *part)
{
    const mlsd__fold_input *const in = set->in;
    mlsd__scoring scoring;
    MLSD__TRY(mlsd__scoring_make_frame(scope, model, &part->frame, part->y, part->weight,
                                       in->metrics, in->n_metrics,
                                       in->keep_predictions && !is_train, &scoring));
    if (!is_train) mlsd__fold_at(set->out, e, split)->predict_seconds = scoring.predict_seconds;
    const mlsd_status status = mlsd__fold_score(scope, set, e, split, is_train, &scoring);
    mlsd__scoring_free(&scoring);
    return status;
}

static mlsd_status fit_and_score(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                                 int64_t split, const mlsd__train_part *train,
                                 const mlsd__train_part *test)
{
    const mlsd_spec *const spec = set->in->estimators[e];
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    void *state = NULL;
    const double start = mlsd__seconds();
    mlsd_status status = mlsd__estimator_fit(scope, spec, &train->train, &state);
    mlsd__fold_at(set->out, e, split)->fit_seconds = mlsd__seconds() - start;
    if (status != MLSD_OK) return status;
    const mlsd_model model = mlsd__model_view(scope, spec, &train->train, train->train.x, state);
    status = mlsd__fold_keep_choices(set, e, split, ops, state);
    if (status == MLSD_OK) status = score_part(scope, set, e, split, false, &model, test);
    if (status == MLSD_OK && set->in->train_scores)
        status = score_part(scope, set, e, split, true, &model, train);
    ops->free_state(scope->allocator, state);
    return status;
}

static mlsd_status run_split(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                             int64_t split)
{
    mlsd__train_part train = {0}, test = {0};
    mlsd__fold_watch watch = {0};
    mlsd_status status = mlsd__fold_side(scope, set, split, false, &train);
    if (status == MLSD_OK) status = mlsd__fold_side(scope, set, split, true, &test);
    if (status == MLSD_OK && train.n == 0)
        status = mlsd__fail(MLSD_E_DATA, "the training set has no rows");
    if (set->in->progress != NULL)
        train.train.progress = &set->in->progress[e * set->out->n_splits + split];
    if (status == MLSD_OK) status = mlsd__fold_watch_open(&watch, set, e, &test);
    train.train.curve = watch.curve;
    train.train.more_valid = &watch.test;
    train.train.n_more_valid = watch.n_sets;
    if (status == MLSD_OK) status = fit_and_score(scope, set, e, split, &train, &test);
    mlsd__fold_watch_close(&watch, set, e, split, status);
    mlsd__train_part_close(&test, scope->allocator);
    mlsd__train_part_close(&train, scope->allocator);
    return status;
}

static mlsd_status part_view(mlsd__scope *scope, const mlsd__fold_input *in, int64_t split,
                             int64_t part, mlsd_dataset **out)
{
    *out = NULL;
    const int64_t n = mlsd_folds_part_size(in->folds, split, part);
    int64_t *rows = mlsd__alloc_raw(scope->allocator, n, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_folds_part(in->folds, split, part, rows, n);
    if (status == MLSD_OK) status = mlsd_dataset_rows(in->dataset, rows, n, out);
    mlsd__free(scope->allocator, rows);
    return status;
}

static mlsd_status score_view(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                              int64_t split, bool is_train, const mlsd_model *model,
                              const mlsd_dataset *view)
{
    const mlsd__fold_input *const in = set->in;
    mlsd__scoring scoring;
    MLSD__TRY(mlsd__scoring_make(scope, model, view, in->metrics, in->n_metrics,
                                 in->keep_predictions && !is_train, &scoring));
    if (!is_train) mlsd__fold_at(set->out, e, split)->predict_seconds = scoring.predict_seconds;
    const mlsd_status status = mlsd__fold_score(scope, set, e, split, is_train, &scoring);
    mlsd__scoring_free(&scoring);
    return status;
}

/* The whole of a model on data sets of its own. */
static mlsd_status run_split_by_model(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                                      int64_t split)
{
    const mlsd__fold_input *const in = set->in;
    mlsd_dataset *train = NULL, *test = NULL;
    mlsd_model *model = NULL;
    mlsd__fold_watch watch = {0};
    mlsd_status status = part_view(scope, in, split, 0, &train);
    if (status == MLSD_OK) status = part_view(scope, in, split, set->last_part, &test);
    if (status == MLSD_OK) status = mlsd__fold_watch_view(&watch, set, e, test);
    const double start = mlsd__seconds();
    if (status == MLSD_OK)
        status = mlsd__model_fit(scope, in->estimators[e], train, NULL, watch.curve, &model);
    mlsd__fold_at(set->out, e, split)->fit_seconds = mlsd__seconds() - start;
    if (status == MLSD_OK)
        status = mlsd__fold_keep_choices(set, e, split, model->ops, model->state);
    if (status == MLSD_OK) status = score_view(scope, set, e, split, false, model, test);
    if (status == MLSD_OK && in->train_scores)
        status = score_view(scope, set, e, split, true, model, train);
    mlsd__fold_watch_close(&watch, set, e, split, status);
    mlsd_model_free(model);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    return status;
}

mlsd_status mlsd__fold_fit_plain(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                                 int64_t split)
{
    const mlsd__fold_unit unit = {.members = &e, .n_members = 1, .split = split};
    if (mlsd__fold_recall(set, &unit)) return MLSD_OK;
    mlsd_status status = mlsd__fold_by_model(set, set->in->estimators[e])
                             ? run_split_by_model(scope, set, e, split)
                             : run_split(scope, set, e, split);
    mlsd__fold_at(set->out, e, split)->is_done = status == MLSD_OK;
    if (status != MLSD_OK) status = mlsd__fold_failed(set, e, split, status);
    if (status == MLSD_OK) mlsd__fold_record(set, &unit);
    return status;
}

/* The median time of some predictions of the first n rows, in seconds. */
static mlsd_status time_rows(mlsd__scope *scope, const mlsd__fold_set *set, const mlsd_model *model,
                             int64_t n_rows, double *out_seconds)
{
    const int64_t proba = mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA);
    const mlsd_output what = proba > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
    const int64_t width = mlsd__model_width(model, what);
    double seconds[SINGLE_ROW_TRIES], total = 0;
    int64_t n = 0;
    mlsd_dataset *view = NULL;
    double *const out = mlsd__alloc(scope->allocator, n_rows * width, sizeof *out);
    int64_t *const rows = mlsd__alloc(scope->allocator, n_rows, sizeof *rows);
    mlsd_status status = out == NULL || rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n_rows; i++) rows[i] = i;
    if (status == MLSD_OK) status = mlsd_dataset_rows(set->in->dataset, rows, n_rows, &view);
    while (status == MLSD_OK && n < SINGLE_ROW_TRIES && total < SINGLE_ROW_SECONDS) {
        const double start = mlsd__seconds();
        status = mlsd__model_predict(scope, model, view, what, out, n_rows * width);
        const double taken = mlsd__seconds() - start;
        int64_t i = n++;
        for (; i > 0 && seconds[i - 1] > taken; i--) seconds[i] = seconds[i - 1];
        seconds[i] = taken;
        total += taken;
    }
    if (status == MLSD_OK) *out_seconds = seconds[n / 2];
    mlsd_dataset_free(view);
    mlsd__free(scope->allocator, rows);
    mlsd__free(scope->allocator, out);
    return status;
}

static mlsd_status refit(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e)
{
    mlsd__fold_run *run = mlsd__fold_at(set->out, e, set->out->n_splits);
    const double start = mlsd__seconds();
    MLSD__TRY(
        mlsd__model_fit(scope, set->in->estimators[e], set->in->dataset, NULL, NULL, &run->model));
    run->fit_seconds = mlsd__seconds() - start;
    /* A user's estimator may have no bytes; that is no reason not to compare it. */
    const mlsd_status status = mlsd__model_n_bytes(run->model, &run->n_bytes);
    if (status != MLSD_OK && status != MLSD_E_UNSUPPORTED) return status;
    run->us_per_row = NAN;
    if (run->model->ops->clock != NULL) return MLSD_OK; /* no row comes after all rows */
    /* Where predictions of the folds are shared work, they have no time of their own. */
    if (set->out->plans[2 * e] != NULL || set->out->plans[2 * e + 1] != NULL) {
        const int64_t n_all = mlsd_dataset_n_rows(set->in->dataset);
        const int64_t n = n_all < MANY_ROWS ? n_all : MANY_ROWS;
        double seconds = 0;
        MLSD__TRY(time_rows(scope, set, run->model, n, &seconds));
        run->us_per_row = 1e6 * seconds / (double)n;
    }
    return time_rows(scope, set, run->model, 1, &run->predict_seconds);
}

mlsd_status mlsd__fold_refit(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e)
{
    const mlsd_status status = refit(scope, set, e);
    return status == MLSD_OK ? MLSD_OK : mlsd__fold_failed(set, e, set->out->n_splits, status);
}
