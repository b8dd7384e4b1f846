/* calibrated_classifier.c - kind "calibrated_classifier": a classifier whose scores are turned into
 * probabilities by curves that are fitted on rows it has not seen. Names are those of
 * scikit-learn's CalibratedClassifierCV.
 *
 * With an ensemble each inner fold leaves a member: the estimator of the other folds, and the
 * curves of this one; their probabilities are averaged. Without, the folds give every row a score,
 * the curves are fitted to all of them, and the one member is fitted to all rows. More than two
 * classes: a curve for each against the rest, made to sum to 1 (Zadrozny & Elkan 2002); the
 * temperature is one for all. */
#include "model/calibration/calibrated_classifier.h"

#include <math.h>
#include <string.h>

#include "model/calibration/calibrators.h"
#include "model/row_pass.h"
#include "model/train_part.h"

extern const mlsd_kind mlsd__kind_calibrated_classifier;

typedef struct calibrate_job {
    const mlsd__train *train; /* rows of weight 0 are not in it */
    const mlsd_spec *child;
    const mlsd_folds *folds;
    bool is_ensemble;
    mlsd__calibrated *state;
    double *scores; /* without an ensemble: n x n_scores, of the model that has not seen the row */
    bool *has_converged; /* n_members x n_curves */
} calibrate_job;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    if (child == NULL)
        return mlsd__fail(MLSD_E_CHILD,
                          "calibrated_classifier has no estimator; put a classifier into its slot "
                          "'estimator'");
    const mlsd_spec *const final = mlsd__estimator_final(child);
    if (final == NULL) return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(final);
    if (!ops->classifies)
        return mlsd__fail(MLSD_E_CHILD, "calibrated_classifier: %s is no classifier",
                          mlsd_kind_name(mlsd_spec_kind(final)));
    const bool has_proba =
        ops->has_proba && (ops->spec_has_proba == NULL || ops->spec_has_proba(final));
    if (ops->lacks_decision && !has_proba)
        return mlsd__fail(MLSD_E_CHILD,
                          "calibrated_classifier: %s gives neither scores nor probabilities",
                          mlsd_kind_name(mlsd_spec_kind(final)));
    const mlsd__estimator_ops *const own = mlsd__spec_ops(child);
    return own->check != NULL ? own->check(child, task) : MLSD_OK;
}

/* ---- scores and curves ---- */

static mlsd_status score_block(mlsd__scope *scope, const mlsd__calibrated *s, const void *member,
                               const double *x, int64_t first, int64_t n, int64_t ld, double *out,
                               double *scratch)
{
    if (s->child->check_block != NULL) {
        bool has_nan = false;
        for (int64_t i = 0; i < n && !has_nan; i++) has_nan = mlsd__any_nonfinite(x + i * ld, s->p);
        MLSD__TRY(s->child->check_block(member, x, n, ld, first, has_nan, scratch));
    }
    return mlsd__estimator_predict(scope, s->child, member, x, n, ld, mlsd__calibrated_asks(s), out,
                                   scratch);
}

/* Scores (n x n_scores) of the rows of a frame by a fitted child. */
static mlsd_status score_rows(mlsd__scope *scope, const mlsd__calibrated *s, const void *member,
                              const mlsd__frame *frame, double *out)
{
    const mlsd__allocator *const a = scope->allocator;
    if (mlsd__estimator_by_rows(s->child, member)) {
        const mlsd__rows_job job = {.ops = s->child,
                                    .state = member,
                                    .frame = frame,
                                    .what = mlsd__calibrated_asks(s),
                                    .width = s->n_scores,
                                    .out = out};
        return mlsd__estimator_predict_rows(scope, a, &job);
    }
    const int64_t asked =
        s->child->block_rows != NULL ? s->child->block_rows(member) : MLSD__BLOCK_ROWS;
    const int64_t n_most = frame->n_rows < asked ? frame->n_rows : asked;
    mlsd__row_reader reader = {0};
    double *const scratch =
        mlsd__alloc_raw(a, n_most * mlsd__scratch_width(s->child, member), sizeof *scratch);
    mlsd_status status = scratch == NULL ? MLSD_E_NOMEM : mlsd__row_reader_open(&reader, a, frame);
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(frame->n_rows); b++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        for (int64_t i = 0; status == MLSD_OK && i < n; i += n_most) {
            const int64_t n_here = n - i < n_most ? n - i : n_most;
            status = score_block(scope, s, member, x + i * ld, first + i, n_here, ld,
                                 out + (first + i) * s->n_scores, scratch);
        }
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, scratch);
    if (reader.frame != NULL) mlsd__row_reader_close(&reader);
    return status;
}

static mlsd_status fit_temperature(mlsd__scope *scope, const calibrate_job *job, int64_t member,
                                   const double *scores, const mlsd__train_part *rows)
{
    mlsd__calibrated *const s = job->state;
    mlsd__temperature_fit fit;
    double *const logits = mlsd__alloc_raw(scope->allocator, rows->n * s->k, sizeof *logits);
    if (logits == NULL) return MLSD_E_NOMEM;
    mlsd__calibrated_logits(s, scores, rows->n, logits);
    const mlsd_status status =
        mlsd__fit_temperature(scope, logits, rows->y, rows->weight, rows->n, s->k, &fit);
    mlsd__free(scope->allocator, logits);
    s->temperature[member] = 1 / fit.inverse_temperature;
    job->has_converged[member * s->n_curves] = fit.has_converged;
    return status;
}

/* The curve of one class: score is n numbers, room has n. */
static mlsd_status fit_curve(mlsd__scope *scope, const calibrate_job *job, int64_t at,
                             double positive, const double *score, const mlsd__train_part *rows,
                             double *room)
{
    mlsd__calibrated *const s = job->state;
    if (s->method == MLSD__CALIBRATE_ISOTONIC) {
        for (int64_t i = 0; i < rows->n; i++) room[i] = rows->y[i] == positive;
        return mlsd__isotonic_fit(scope, score, room, rows->weight, rows->n, true, 0, 1,
                                  &s->isotonic[at]);
    }
    mlsd__sigmoid_fit fit;
    MLSD__TRY(mlsd__fit_sigmoid(scope, score, rows->y, positive, rows->weight, rows->n, &fit));
    s->slope[at] = fit.slope;
    s->offset[at] = fit.offset;
    job->has_converged[at] = fit.has_converged;
    return MLSD_OK;
}

/* The curves of a member from scores (n x n_scores) of rows that it has not seen. */
static mlsd_status fit_curves(mlsd__scope *scope, const calibrate_job *job, int64_t member,
                              const double *scores, const mlsd__train_part *rows)
{
    const mlsd__calibrated *const s = job->state;
    const int64_t n = rows->n, m = s->n_scores;
    for (int64_t i = 0; i < n * m; i++)
        if (!isfinite(scores[i]))
            return mlsd__fail(MLSD_E_NUMERIC, "the estimator's score of a row is not finite; scale "
                                              "the columns (a standardize step does)");
    if (s->method == MLSD__CALIBRATE_TEMPERATURE)
        return fit_temperature(scope, job, member, scores, rows);
    double *const column = mlsd__alloc_raw(scope->allocator, n, 2 * sizeof *column);
    mlsd_status status = column == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < s->n_curves; c++) {
        const int64_t from = s->n_curves == 1 ? m - 1 : c;
        for (int64_t i = 0; i < n; i++) column[i] = scores[i * m + from];
        status = fit_curve(scope, job, member * s->n_curves + c, s->n_curves == 1 ? 1 : (double)c,
                           column, rows, column + n);
    }
    mlsd__free(scope->allocator, column);
    return status;
}

/* ---- folds ---- */

/* One fold: an estimator of the other rows, and its scores of these. */
static mlsd_status fit_fold(mlsd__scope *scope, const calibrate_job *job, int64_t split,
                            const mlsd__train_part *seen, const mlsd__train_part *kept,
                            void **out_member)
{
    const mlsd__calibrated *const s = job->state;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(kept->n, s->n_scores, &size));
    double *const scores = mlsd__alloc_raw(scope->allocator, size, sizeof *scores);
    if (scores == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__estimator_fit(scope, job->child, &seen->train, out_member);
    if (status == MLSD_OK) status = score_rows(scope, s, *out_member, &kept->frame, scores);
    if (status == MLSD_OK && job->is_ensemble) status = fit_curves(scope, job, split, scores, kept);
    for (int64_t i = 0; status == MLSD_OK && !job->is_ensemble && i < kept->n; i++)
        memcpy(job->scores + kept->rows[i] * s->n_scores, scores + i * s->n_scores,
               (size_t)s->n_scores * sizeof *scores);
    mlsd__free(scope->allocator, scores);
    return status;
}

static mlsd_status run_fold(void *arg, int64_t split, mlsd__scope *scope)
{
    const calibrate_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    mlsd__train_part seen = {0}, kept = {0};
    void *member = NULL;
    mlsd_status status = mlsd__train_part_of_fold(&seen, a, job->train, job->folds, split, 0);
    if (status == MLSD_OK)
        status = mlsd__train_part_of_fold(&kept, a, job->train, job->folds, split, 1);
    if (status == MLSD_OK) status = fit_fold(scope, job, split, &seen, &kept, &member);
    if (member != NULL && job->is_ensemble)
        job->state->members[split] = member;
    else if (member != NULL)
        job->state->child->free_state(a, member);
    mlsd__train_part_close(&seen, a);
    mlsd__train_part_close(&kept, a);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* Every class that has rows has one for each fold, as scikit-learn asks. */
static mlsd_status count_classes(const mlsd__train *train, int64_t n_splits, double *present)
{
    const int64_t k = train->n_classes;
    for (int64_t i = 0; i < train->x->n_rows; i++) present[(int64_t)train->y[i]]++;
    for (int64_t c = 0; c < k; c++) {
        if (present[c] > 0 && present[c] < (double)n_splits)
            return mlsd__fail(MLSD_E_DATA,
                              "class %lld has %.0f rows, fewer than the %lld inner folds; lower "
                              "'n_splits'",
                              (long long)c, present[c], (long long)n_splits);
        present[c] = present[c] > 0;
    }
    return MLSD_OK;
}

/* Whether all curves were found; says so where not. */
static void tell_convergence(mlsd__scope *scope, const calibrate_job *job)
{
    mlsd__calibrated *const s = job->state;
    *s->converged = 1;
    for (int64_t i = 0; i < s->n_members * s->n_curves; i++)
        if (!job->has_converged[i]) *s->converged = 0;
    if (*s->converged != 0) return;
    if (s->method == MLSD__CALIBRATE_TEMPERATURE)
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "calibrated_classifier: a temperature is at its bound, because the scores "
                       "part the classes without error or say nothing; use the method sigmoid");
    else
        mlsd__log_line(
            scope, MLSD_LOG_WARNING,
            "calibrated_classifier: a sigmoid did not converge; scale the scores, or use "
            "the method isotonic");
}

/* Fit members and curves; job's train, child and state are set. */
static mlsd_status fit_members(mlsd__scope *scope, calibrate_job *job, const mlsd__train_part *all,
                               int64_t n_splits)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__calibrated *const s = job->state;
    mlsd_folds *folds = NULL;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(all->n, s->n_scores, &size));
    job->scores = mlsd__alloc(a, job->is_ensemble ? 0 : size, sizeof *job->scores);
    job->has_converged = mlsd__alloc(a, s->n_members * s->n_curves, sizeof *job->has_converged);
    mlsd_status status = job->scores == NULL || job->has_converged == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < s->n_members * s->n_curves; i++)
        job->has_converged[i] = true;
    if (status == MLSD_OK)
        status = mlsd__inner_folds(scope, "stratified_kfold", n_splits, job->train, &folds);
    if (status == MLSD_OK) {
        job->folds = folds;
        mlsd__stage_begin(scope, "calibrate", n_splits);
        status = mlsd__parallel_for(scope, n_splits, run_fold, job);
        mlsd__stage_end(scope);
    }
    if (status == MLSD_OK && !job->is_ensemble)
        status = fit_curves(scope, job, 0, job->scores, all);
    if (status == MLSD_OK && !job->is_ensemble)
        status = mlsd__estimator_fit(scope, job->child, job->train, &s->members[0]);
    if (status == MLSD_OK) tell_convergence(scope, job);
    mlsd_folds_free(folds);
    mlsd__free(a, job->scores);
    mlsd__free(a, job->has_converged);
    return status == MLSD_OK ? mlsd__calibrated_finish(s) : status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__calibrated_params *const params = mlsd__spec_params(spec);
    calibrate_job job = {.child = mlsd__spec_slot_child(spec, "estimator"),
                         .is_ensemble = params->ensemble != 0};
    const mlsd__estimator_ops *const child = mlsd__spec_ops(job.child);
    mlsd__train_part all = {0};
    mlsd_status status = mlsd__train_part_of_weight(scope, train, child->takes_nan, &all);
    job.train = &all.train;
    if (status == MLSD_OK)
        status = mlsd__calibrated_new(a, spec, train->x->features, train->x->n_features,
                                      train->n_classes, &job.state);
    if (status == MLSD_OK) status = count_classes(job.train, params->n_splits, job.state->present);
    if (status == MLSD_OK) status = fit_members(scope, &job, &all, params->n_splits);
    mlsd__train_part_close(&all, a);
    if (status != MLSD_OK) {
        if (job.state != NULL) mlsd__calibrated_free(a, job.state);
        return status;
    }
    *out_state = job.state;
    return MLSD_OK;
}

/* What the estimator cannot take, its own fit finds out. */
static const mlsd__estimator_ops ops = {
    .classifies = true,
    .takes_nan = true,
    .takes_category = true,
    .has_proba = true,
    .lacks_decision = true,
    .checks_x = true,
    .splits_rows = true,
    .check = check,
    .fit = fit,
    .check_block = mlsd__calibrated_check_block,
    .predict_long = mlsd__calibrated_predict,
    .scratch_width = mlsd__calibrated_scratch,
    .block_rows = mlsd__calibrated_block_rows,
    .predicts_rows = mlsd__calibrated_by_rows,
    .predict_rows = mlsd__calibrated_predict_rows,
    .attribute = mlsd__calibrated_attribute,
    .save = mlsd__calibrated_save,
    .load = mlsd__calibrated_load,
    .free_state = mlsd__calibrated_free,
};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "The classifier whose scores are calibrated, which may be a pipeline"},
};

static const char *const methods[] = {"sigmoid", "isotonic", "temperature", NULL};
#define P mlsd__calibrated_params
static const mlsd_param table[] = {
    MLSD__P_CHOICE(
        P, method, methods, "\"sigmoid\"",
        "sigmoid: Platt's, for few rows; isotonic: any rising curve, for a thousand rows "
        "or more; temperature: one number, which changes no decision"),
    MLSD__P_I64(
        P, n_splits, 2, 1000000, "5", NULL,
        "stratified inner folds: curves are fitted on rows that the estimator has not seen"),
    MLSD__P_BOOL(
        P, ensemble, "true",
        "average one calibrated estimator for each fold; false: one estimator of all rows, "
        "and curves from the scores of the folds"),
};
#undef P

const mlsd_kind mlsd__kind_calibrated_classifier = {
    .name = "calibrated_classifier",
    .family = "estimator",
    .doc =
        "A classifier whose scores become probabilities by curves fitted on rows it has not seen",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(mlsd__calibrated_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"decision\":false,\"sklearn\":\"CalibratedClassifierCV\"}",
};
