/* logistic_path.c - logistic regression for many C, and many folds, at once (model/path.h).
 *
 * What is solved together goes to the optimum itself, to some 1e-12 of the largest coefficient: so
 * an answer depends neither on the other settings nor on how rows were split. The plain loop stops
 * where `tol` is met, with the default a few millionths away; so far the two differ, and less with
 * a smaller `tol` (ten digits are equal at 1e-14, where nothing but rounding is left). Only
 * settings that ask for as much as the default does are served, and whatever does not get there is
 * fitted as alone. */
#include <string.h>

#include "model/linear/logistic_folds.h"
#include "model/linear/logistic_path.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "model/train_part.h"

static const double GOAL = 1e-12;
/* Looser settings, or such as may end before, end where the plain way ends. */
static const double LOOSEST_TOL = 1e-4;
enum { FEWEST_ITERATIONS = 50 };
enum { MOST_OUT_DOUBLES = 4 * 1024 * 1024 }; /* of predictions that wait to be taken: 32 MB */

static const char KIND[] = "logistic_regression";

static const mlsd__logistic_params *params_of(const mlsd_spec *spec)
{
    return mlsd__spec_params(spec);
}

static bool same_list(const mlsd__f64_list *a, const mlsd__f64_list *b)
{
    return a->n == b->n &&
           (a->n <= 0 || memcmp(a->values, b->values, (size_t)a->n * sizeof *a->values) == 0);
}

static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    const mlsd__logistic_params *const p = params_of(a), *const q = params_of(b);
    return p->penalty == MLSD__PENALTY_L2 && q->penalty == MLSD__PENALTY_L2 &&
           p->fit_intercept == q->fit_intercept && p->max_iter == q->max_iter && p->tol == q->tol &&
           p->class_weight.choice == q->class_weight.choice &&
           same_list(&p->class_weight.given, &q->class_weight.given);
}

static bool is_served(const mlsd__logistic_params *p)
{
    return p->penalty == MLSD__PENALTY_L2 && p->tol <= LOOSEST_TOL &&
           p->max_iter >= FEWEST_ITERATIONS;
}

/* The C of the settings, ascending, and where each setting's stands. */
typedef struct ladder {
    int64_t n;
    double *Cs;
    int64_t *setting; /* of each C */
} ladder;

static mlsd_status ladder_open(ladder *l, const mlsd__allocator *a,
                               const mlsd_spec *const *settings)
{
    const int64_t n = l->n;
    l->Cs = mlsd__alloc(a, n, sizeof *l->Cs);
    l->setting = mlsd__alloc(a, n, sizeof *l->setting);
    if (l->Cs == NULL || l->setting == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const double C = params_of(settings[i])->C;
        int64_t j = i;
        for (; j > 0 && l->Cs[j - 1] > C; j--) {
            l->Cs[j] = l->Cs[j - 1];
            l->setting[j] = l->setting[j - 1];
        }
        l->Cs[j] = C;
        l->setting[j] = i;
    }
    return MLSD_OK;
}

static void ladder_close(ladder *l, const mlsd__allocator *a)
{
    mlsd__free(a, l->Cs);
    mlsd__free(a, l->setting);
}

/* Predictions of n models for all rows of a frame, setting by setting. */
typedef struct many_scores {
    mlsd__linear_scores *const *scores;
    int64_t n, width;
    mlsd_output what;
    const mlsd__frame *rows;
    double *out; /* n x rows x width */
} many_scores;

static mlsd_status predict_many(mlsd__scope *scope, const many_scores *job)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = job->rows->n_rows, width = job->width;
    const int64_t most = n_rows < MLSD__BLOCK_ROWS ? n_rows : MLSD__BLOCK_ROWS;
    double *const scratch =
        mlsd__alloc_raw(a, most * mlsd__linear_scores_scratch(job->scores[0]), sizeof *scratch);
    mlsd__row_reader reader = {0};
    mlsd_status status = MLSD_E_NOMEM;
    if (scratch != NULL) status = mlsd__row_reader_open(&reader, a, job->rows);
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(n_rows); b++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        for (int64_t k = 0; k < job->n; k++)
            mlsd__linear_scores_predict(job->scores[k], x, n, ld, job->what,
                                        job->out + (k * n_rows + first) * width, scratch);
        status = mlsd__checkpoint(scope);
    }
    if (reader.allocator != NULL) mlsd__row_reader_close(&reader);
    mlsd__free(a, scratch);
    return status;
}

/* Who takes predictions of some settings of a split's part. */
typedef struct taking {
    const mlsd__path_sink *sink;
    int64_t split, part, width, n;
    mlsd_output what;
    const mlsd__frame *rows;
    const int64_t *setting;             /* of each model */
    mlsd__linear_scores *const *scores; /* n; NULL where there is no model */
} taking;

static mlsd_status take_all(mlsd__scope *scope, const taking *t)
{
    const int64_t size = t->rows->n_rows * t->width;
    const int64_t fitting = MOST_OUT_DOUBLES / (size > 0 ? size : 1);
    const int64_t most = fitting < 1 ? 1 : fitting < t->n ? fitting : t->n;
    int64_t n_doubles;
    MLSD__TRY(mlsd__mul_size(most, size, &n_doubles));
    double *const out = mlsd__alloc_raw(scope->allocator, n_doubles, sizeof *out);
    mlsd_status status = out == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && first < t->n;) {
        int64_t n = 0;
        while (first < t->n && t->scores[first] == NULL) first++;
        while (n < most && first + n < t->n && t->scores[first + n] != NULL) n++;
        if (n == 0) break;
        const many_scores job = {.scores = t->scores + first,
                                 .n = n,
                                 .width = t->width,
                                 .what = t->what,
                                 .rows = t->rows,
                                 .out = out};
        status = predict_many(scope, &job);
        for (int64_t k = 0; status == MLSD_OK && k < n; k++)
            status = t->sink->take(t->sink->user, scope, t->split, t->setting[first + k], t->part,
                                   out + k * size);
        first += n;
    }
    mlsd__free(scope->allocator, out);
    return status;
}

static mlsd_status scores_new(const mlsd__allocator *a, const mlsd__logistic_problem *problem,
                              const double *theta, mlsd__linear_scores **out)
{
    MLSD__TRY(mlsd__linear_scores_new(a, MLSD__LINK_LOGISTIC, problem->design.n_features,
                                      problem->train->n_classes, out));
    mlsd__logistic_fill_scores(problem, theta, *out);
    return MLSD_OK;
}

static void scores_free(mlsd__linear_scores **scores, int64_t n, const mlsd__allocator *a)
{
    for (int64_t i = 0; scores != NULL && i < n; i++) mlsd__linear_scores_free(a, scores[i]);
    mlsd__free(a, scores);
}

/* As logistic_regression fits it alone. */
static mlsd_status fit_alone(mlsd__scope *scope, mlsd__logistic_problem *problem,
                             const mlsd__logistic_params *params, mlsd__linear_scores **out)
{
    mlsd__logistic_outcome outcome;
    memset(problem->theta, 0, (size_t)problem->n_theta * sizeof *problem->theta);
    problem->is_cold = true;
    MLSD__TRY(mlsd__logistic_problem_solve(problem, scope, params, &outcome));
    mlsd__logistic_problem_warn(problem, scope, params, &outcome, KIND);
    return mlsd__logistic_problem_scores(problem, scope->allocator, params, &outcome, out);
}

static mlsd_status fit_fold(mlsd__scope *scope, const mlsd__path_fold *fold, const ladder *l,
                            mlsd__linear_scores **scores)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__logistic_params *const first = params_of(fold->settings[0]);
    mlsd__logistic_problem problem;
    mlsd__logistic_paths paths = {0};
    MLSD__TRY(
        mlsd__logistic_problem_open(&problem, scope, fold->train, first->fit_intercept != 0, KIND));
    mlsd_status status = MLSD_OK;
    if (l->n > 1 && is_served(first))
        status =
            mlsd__logistic_paths_solve(scope, &problem, NULL, 0, NULL, l->Cs, l->n, GOAL, &paths);
    for (int64_t i = 0; status == MLSD_OK && i < l->n; i++) {
        if (paths.is_solved != NULL && paths.is_solved[i])
            status = scores_new(a, &problem, paths.theta + i * problem.n_theta, &scores[i]);
        else
            status =
                fit_alone(scope, &problem, params_of(fold->settings[l->setting[i]]), &scores[i]);
    }
    mlsd__logistic_paths_free(&paths, a);
    mlsd__logistic_problem_close(&problem, a);
    return status;
}

static mlsd_status take_parts(mlsd__scope *scope, const mlsd__path_fold *fold, const ladder *l,
                              mlsd__linear_scores **scores)
{
    for (int64_t part = 0; part < fold->n_parts; part++) {
        const taking t = {.sink = fold->sink,
                          .split = fold->split,
                          .part = part,
                          .width = fold->width,
                          .n = l->n,
                          .what = fold->what,
                          .rows = &fold->parts[part],
                          .setting = l->setting,
                          .scores = scores};
        MLSD__TRY(take_all(scope, &t));
    }
    return MLSD_OK;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = fold->n_settings;
    ladder l = {.n = n};
    mlsd__linear_scores **const scores = mlsd__alloc(a, n, sizeof(mlsd__linear_scores *));
    mlsd_status status = scores == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = ladder_open(&l, a, fold->settings);
    if (status != MLSD_OK) goto out;
    status = fit_fold(scope, fold, &l, scores);
    if (status == MLSD_OK) status = mlsd__path_require_finite(scope, fold);
    if (status == MLSD_OK)
        status = take_parts(scope, fold, &l, scores);
    else if (mlsd__path_is_about_data(status))
        status = mlsd__path_fail_all(fold, status);

out:
    ladder_close(&l, a);
    scores_free(scores, n, a);
    return status;
}

/* All folds at once. */
typedef struct folds_job {
    const mlsd__path_folds *folds;
    const ladder *l;
    const mlsd__logistic_problem *problem;
    const mlsd__logistic_paths *paths;
    int32_t *part; /* of each row */
    double *scale; /* n_splits x n_features; NULL: ones */
    bool *is_served;
} folds_job;

/* The standard deviations that the step before finds in the training rows of a split. */
static mlsd_status find_scale(void *arg, int64_t split, mlsd__scope *scope)
{
    static const char *const SCALE = "scale";
    const folds_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__path_rows *const rows = &job->folds->splits[split];
    const mlsd_spec *const spec = job->folds->standardize;
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    const int64_t p = job->folds->all->x->n_features;
    mlsd__train_part train;
    void *state = NULL;
    mlsd_status status = mlsd__train_part_open(&train, a, rows->n_train);
    if (status == MLSD_OK) {
        memcpy(train.rows, rows->train, (size_t)rows->n_train * sizeof *train.rows);
        mlsd__train_part_gather(&train, job->folds->all);
        status = mlsd__estimator_fit(scope, spec, &train.train, &state);
    }
    for (int64_t i = 0; status == MLSD_OK; i++) {
        const double *data;
        int64_t n_rows, n_cols;
        const char *const name = ops->attribute(state, i, &data, &n_rows, &n_cols);
        if (name == NULL) break;
        if (strcmp(name, SCALE) == 0)
            memcpy(job->scale + split * p, data, (size_t)p * sizeof *data);
    }
    if (state != NULL) ops->free_state(a, state);
    mlsd__train_part_close(&train, a);
    return status;
}

/* Whether the step before only changes what the penalty weighs: with an intercept, means change
 * nothing. */
static mlsd_status read_standardize(const folds_job *job, bool fit_intercept, bool *out_scales,
                                    bool *out_ok)
{
    *out_scales = false;
    *out_ok = true;
    if (job->folds->standardize == NULL) return MLSD_OK;
    int32_t with_mean, with_std;
    MLSD__TRY(mlsd_spec_get_bool(job->folds->standardize, "with_mean", &with_mean));
    MLSD__TRY(mlsd_spec_get_bool(job->folds->standardize, "with_std", &with_std));
    *out_scales = with_std != 0;
    *out_ok = fit_intercept || with_mean == 0;
    return MLSD_OK;
}

static mlsd_status take_split(void *arg, int64_t split, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__path_folds *const folds = job->folds;
    const mlsd__path_rows *const rows = &folds->splits[split];
    const int64_t n = job->l->n;
    mlsd__frame test;
    mlsd__linear_scores **const scores = mlsd__alloc(a, n, sizeof(mlsd__linear_scores *));
    int64_t *const storage = mlsd__alloc_raw(a, rows->n_test, sizeof *storage);
    mlsd_status status = scores == NULL || storage == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        const int64_t at = split * n + i;
        if (!job->paths->is_solved[at]) continue;
        status =
            scores_new(a, job->problem, job->paths->theta + at * job->problem->n_theta, &scores[i]);
        job->is_served[split] = true;
    }
    if (status == MLSD_OK) {
        mlsd__frame_select(job->problem->design.rows.frame, rows->test, rows->n_test, storage,
                           &test);
        const taking t = {.sink = folds->sink,
                          .split = split,
                          .width = folds->width,
                          .n = n,
                          .what = folds->what,
                          .rows = &test,
                          .setting = job->l->setting,
                          .scores = scores};
        status = take_all(scope, &t);
    }
    mlsd__free(a, storage);
    scores_free(scores, n, a);
    return status;
}

static void number_rows(const folds_job *job)
{
    for (int64_t k = 0; k < job->folds->n_splits; k++)
        for (int64_t i = 0; i < job->folds->splits[k].n_test; i++)
            job->part[job->folds->splits[k].test[i]] = (int32_t)k;
}

/* Class weights are not in the weights of all rows, as balanced ones are another in each fold. */
static bool is_for_folds(const mlsd__path_folds *folds)
{
    const mlsd__logistic_params *const p = params_of(folds->settings[0]);
    const bool has_factors =
        p->class_weight.choice != MLSD__CLASS_WEIGHT_NONE || p->class_weight.given.n > 0;
    return folds->is_partition && folds->n_splits > 1 && is_served(p) && !has_factors;
}

static mlsd_status run_job(mlsd__scope *scope, folds_job *job,
                           const mlsd__logistic_problem *problem)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__path_folds *const folds = job->folds;
    bool scales, ok;
    MLSD__TRY(read_standardize(job, problem->design.has_intercept, &scales, &ok));
    if (!ok) return MLSD_OK;
    job->part = mlsd__alloc(a, problem->design.n_rows, sizeof *job->part);
    job->is_served = mlsd__alloc(a, folds->n_splits, sizeof *job->is_served);
    if (job->part == NULL || job->is_served == NULL) return MLSD_E_NOMEM;
    number_rows(job);
    if (scales) {
        job->scale = mlsd__alloc(a, folds->n_splits * problem->design.n_features, sizeof(double));
        if (job->scale == NULL) return MLSD_E_NOMEM;
        MLSD__TRY(mlsd__parallel_for(scope, folds->n_splits, find_scale, job));
    }
    mlsd__logistic_paths paths;
    MLSD__TRY(mlsd__logistic_paths_solve(scope, problem, job->part, folds->n_splits, job->scale,
                                         job->l->Cs, job->l->n, GOAL, &paths));
    job->problem = problem;
    job->paths = &paths;
    const mlsd_status status = mlsd__parallel_for(scope, folds->n_splits, take_split, job);
    mlsd__logistic_paths_free(&paths, a);
    return status;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    const mlsd__allocator *const a = scope->allocator;
    ladder l = {.n = folds->n_settings};
    folds_job job = {.folds = folds, .l = &l};
    mlsd__logistic_problem problem;
    *out_served = false;
    if (!is_for_folds(folds)) return MLSD_OK;
    mlsd_status status = mlsd__logistic_problem_open(
        &problem, scope, folds->all, params_of(folds->settings[0])->fit_intercept != 0, KIND);
    if (status == MLSD_E_DATA) return MLSD_OK;
    if (status != MLSD_OK) return status;
    status = ladder_open(&l, a, folds->settings);
    if (status == MLSD_OK) status = run_job(scope, &job, &problem);
    if (mlsd__path_is_about_data(status)) status = MLSD_OK; /* of standardize */
    for (int64_t k = 0; job.is_served != NULL && k < folds->n_splits; k++)
        *out_served = *out_served || job.is_served[k];
    mlsd__free(a, job.part);
    mlsd__free(a, job.scale);
    mlsd__free(a, job.is_served);
    ladder_close(&l, a);
    mlsd__logistic_problem_close(&problem, a);
    return status;
}

const mlsd__path_ops mlsd__logistic_path = {
    .run_plan = "penalties from strong to weak, one Hessian for many of them",
    .folds_plan = "all folds' Newton steps in common passes, one Hessian for all of them",
    .shares = shares,
    .run = run,
    .run_folds = run_folds,
};
