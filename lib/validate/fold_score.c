/* fold_score.c - where predictions become scores, and where failures are recorded. */
#include <math.h>
#include <string.h>

#include "validate/fold_impl.h"

static double *place(const mlsd__fold_set *set, int64_t e, int64_t m, int64_t split, bool is_train)
{
    double *const scores =
        is_train ? mlsd__fold_train_scores(set->out, e, m) : mlsd__fold_scores(set->out, e, m);
    return &scores[split];
}

mlsd_status mlsd__fold_score(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                             int64_t split, bool is_train, mlsd__scoring *scoring)
{
    for (int64_t m = 0; m < set->in->n_metrics; m++) {
        mlsd__estimate estimate;
        mlsd__scored scored;
        mlsd__scoring_view(scoring, set->metrics[m], &scored);
        MLSD__TRY(
            mlsd__metric_score(scope, set->metrics[m], &scored, NULL, scored.n, NAN, &estimate));
        *place(set, e, m, split, is_train) = estimate.value;
    }
    if (is_train || !set->in->keep_predictions) return MLSD_OK;
    MLSD__TRY(mlsd__scoring_own(&set->out->allocator, scoring));
    mlsd__fold_at(set->out, e, split)->scoring = *scoring;
    memset(scoring, 0, sizeof *scoring);
    return MLSD_OK;
}

void mlsd__fold_score_squares(const mlsd__fold_set *set, int64_t e, int64_t split, bool is_train,
                              double mean_square, double variance)
{
    for (int64_t m = 0; m < set->in->n_metrics; m++)
        *place(set, e, m, split, is_train) = set->metrics[m]->of_squares(mean_square, variance);
}

bool mlsd__fold_is_about_data(mlsd_status status)
{
    return status == MLSD_E_DATA || status == MLSD_E_NUMERIC || status == MLSD_E_SHAPE;
}

/* What an estimator of the user's ends the call with says in which fold. */
static mlsd_status fail_of_fold(mlsd_status status, int64_t n_splits, int64_t k)
{
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    if (strcmp(message, "cancelled") == 0) return status;
    if (k == n_splits) return mlsd__fail(status, "fit on all rows: %s", message);
    return mlsd__fail(status, "fold %lld of %lld: %s", (long long)k, (long long)n_splits, message);
}

mlsd_status mlsd__fold_failed(const mlsd__fold_set *set, int64_t e, int64_t split,
                              mlsd_status status)
{
    if (!mlsd__fold_is_about_data(status)) {
        const bool is_ours =
            status == MLSD_E_NOMEM || !mlsd__spec_is_custom(set->in->estimators[e]);
        return is_ours ? status : fail_of_fold(status, set->out->n_splits, split);
    }
    mlsd__fold_run *const run = mlsd__fold_at(set->out, e, split);
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    run->status = status;
    run->message = mlsd__strdup(&set->out->allocator, message);
    run->is_done = true;
    for (int64_t m = 0; m < set->in->n_metrics && split < set->out->n_splits; m++) {
        *place(set, e, m, split, false) = NAN;
        if (set->in->train_scores) *place(set, e, m, split, true) = NAN;
    }
    return run->message != NULL ? MLSD_OK : MLSD_E_NOMEM;
}
