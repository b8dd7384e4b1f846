/* logistic_regression_cv.c - kind "logistic_regression_cv": logistic regression whose C is chosen
 * inside the fit, by the log loss of stratified folds. Penalties go from strong to weak, each fit
 * starting where the last one ended: those of all folds together (logistic_folds.h) where Newton's
 * method pays, otherwise fold by fold. The model given back is the one that logistic_regression
 * makes of all rows with the C chosen, bit for bit.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/fail.h"
#include "base/kindtable.h"
#include "model/linear/logistic_curve.h"
#include "model/linear/logistic_folds.h"
#include "model/train_part.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_logistic_regression_cv;

static const char KIND[] = "logistic_regression_cv";

typedef struct logistic_cv_params {
    mlsd__f64_list Cs;
    int64_t n_splits, fit_intercept, max_iter;
    double tol;
    int64_t penalty; /* as in mlsd__logistic_params, which has one more choice */
    double l1_ratio;
    mlsd__class_weight class_weight; /* of all rows together, in every fold */
} logistic_cv_params;

/* Probabilities are held off zero by the spacing of numbers at one, as scikit-learn's log_loss
 * does. */
static const double LEAST_PROBA = 2.220446049250313e-16;

typedef struct cv_job {
    const mlsd__train *train; /* its frame is cheap to read */
    const mlsd_folds *folds;
    const logistic_cv_params *params;
    const double *Cs; /* ascending */
    int64_t n_Cs, n_splits;
    double *losses; /* n_Cs x n_splits; NaN where a fold's test rows have no weight */
    mlsd__logistic_problem problem; /* of all rows, where folds are solved together */
    mlsd__logistic_paths paths;     /* of each split; nothing where they are not */
} cv_job;

/* Mean log losses of a split's test rows under a model for each C. */
static mlsd_status score(const cv_job *job, mlsd__scope *scope, mlsd__linear_scores *const *models,
                         const mlsd__train_part *test, int64_t split)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t n_rows = test->n < MLSD__BLOCK_ROWS ? test->n : MLSD__BLOCK_ROWS;
    const int64_t k = models[0]->n_classes, n_Cs = job->n_Cs;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(n_rows, k + models[0]->n_scores, &size));
    double *const proba = mlsd__alloc(a, size + n_Cs, sizeof *proba);
    if (proba == NULL) return MLSD_E_NOMEM;
    double *const loss = proba + size;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, a, &test->frame);
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(test->n); b++) {
        int64_t first = 0, n = 0, ld = 0;
        const double *x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        for (int64_t c = 0; c < n_Cs; c++) {
            mlsd__linear_scores_predict(models[c], x, n, ld, MLSD_OUTPUT_PROBA, proba,
                                        proba + n * k);
            for (int64_t i = 0; i < n; i++) {
                const double w = test->weight != NULL ? test->weight[first + i] : 1.0;
                const double p = proba[i * k + (int64_t)test->y[first + i]];
                loss[c] -= w * mlsd__log(fmax(p, LEAST_PROBA));
            }
        }
        status = mlsd__checkpoint(scope);
    }
    for (int64_t c = 0; c < n_Cs; c++)
        job->losses[c * job->n_splits + split] = test->total > 0.0 ? loss[c] / test->total : NAN;
    mlsd__row_reader_close(&reader);
    mlsd__free(a, proba);
    return status;
}

static const char *const PENALTIES[] = {"l2", "l1", "elasticnet", NULL};
static const int64_t PENALTY_OF[] = {MLSD__PENALTY_L2, MLSD__PENALTY_L1, MLSD__PENALTY_ELASTICNET};

static mlsd__logistic_params params_with(const logistic_cv_params *p, double C)
{
    return (mlsd__logistic_params){.C = C,
                                   .penalty = PENALTY_OF[p->penalty],
                                   .l1_ratio = p->l1_ratio,
                                   .fit_intercept = p->fit_intercept,
                                   .max_iter = p->max_iter,
                                   .tol = p->tol};
}

/* All C on the training rows of one fold, each from where the last one ended. */
static mlsd_status run_path(const cv_job *job, mlsd__scope *scope, const mlsd__train_part *fold,
                            const char *what, mlsd__linear_scores **models)
{
    mlsd__logistic_problem problem;
    MLSD__TRY(mlsd__logistic_problem_open(&problem, scope, &fold->train,
                                          job->params->fit_intercept != 0, what));
    mlsd_status status = MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < job->n_Cs; c++) {
        const mlsd__logistic_params params = params_with(job->params, job->Cs[c]);
        mlsd__logistic_outcome outcome;
        status = mlsd__logistic_problem_solve(&problem, scope, &params, &outcome);
        if (status == MLSD_OK)
            status = mlsd__logistic_problem_scores(&problem, scope->allocator, &params, &outcome,
                                                   &models[c]);
    }
    mlsd__logistic_problem_close(&problem, scope->allocator);
    return status;
}

static bool is_solved(const cv_job *job, int64_t split)
{
    bool all = job->paths.is_solved != NULL;
    for (int64_t c = 0; all && c < job->n_Cs; c++)
        all = job->paths.is_solved[split * job->n_Cs + c] != 0;
    return all;
}

static mlsd_status models_of_split(const cv_job *job, mlsd__scope *scope, int64_t split,
                                   mlsd__linear_scores **models)
{
    const mlsd__allocator *const a = scope->allocator;
    char what[96];
    if (is_solved(job, split)) {
        const int64_t m = job->problem.n_theta;
        for (int64_t c = 0; c < job->n_Cs; c++) {
            MLSD__TRY(mlsd__linear_scores_new(a, MLSD__LINK_LOGISTIC,
                                              job->problem.design.n_features, job->train->n_classes,
                                              &models[c]));
            mlsd__logistic_fill_scores(&job->problem,
                                       job->paths.theta + (split * job->n_Cs + c) * m, models[c]);
        }
        return MLSD_OK;
    }
    (void)snprintf(what, sizeof what, "logistic_regression_cv: fold %lld of %lld",
                   (long long)(split + 1), (long long)job->n_splits);
    mlsd__train_part fold;
    mlsd_status status = mlsd__train_part_of_fold(&fold, a, job->train, job->folds, split, 0);
    if (status == MLSD_OK) status = run_path(job, scope, &fold, what, models);
    mlsd__train_part_close(&fold, a);
    return status;
}

static mlsd_status run_fold(void *arg, int64_t split, mlsd__scope *scope)
{
    const cv_job *job = arg;
    const mlsd__allocator *a = scope->allocator;
    mlsd__train_part test = {0};
    mlsd__linear_scores **const models = mlsd__alloc(a, job->n_Cs, sizeof(mlsd__linear_scores *));
    mlsd_status status = models == NULL ? MLSD_E_NOMEM : models_of_split(job, scope, split, models);
    if (status == MLSD_OK)
        status = mlsd__train_part_of_fold(&test, a, job->train, job->folds, split, 1);
    if (status == MLSD_OK) status = score(job, scope, models, &test, split);
    for (int64_t c = 0; models != NULL && c < job->n_Cs; c++)
        mlsd__linear_scores_free(a, models[c]);
    mlsd__free(a, models);
    mlsd__train_part_close(&test, a);
    mlsd__stage_advance(scope, 1);
    return status;
}

static mlsd_status number_parts(const cv_job *job, const mlsd__allocator *a, int32_t *part)
{
    for (int64_t k = 0; k < job->n_splits; k++) {
        const int64_t n = mlsd_folds_part_size(job->folds, k, 1);
        int64_t *const rows = mlsd__alloc_raw(a, n, sizeof *rows);
        if (rows == NULL) return MLSD_E_NOMEM;
        const mlsd_status status = mlsd_folds_part(job->folds, k, 1, rows, n);
        for (int64_t i = 0; status == MLSD_OK && i < n; i++) part[rows[i]] = (int32_t)k;
        mlsd__free(a, rows);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

/* How near to its optimum a fit ends, as a share of the largest coefficient: what `tol` leaves. */
static double goal_of(const logistic_cv_params *params)
{
    return fmax(fmin(1e-3 * params->tol, 1e-7), 1e-13);
}

/* All folds together, where that is possible. */
static mlsd_status solve_together(cv_job *job, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    MLSD__TRY(mlsd__logistic_problem_open(&job->problem, scope, job->train,
                                          job->params->fit_intercept != 0, KIND));
    int32_t *const part = mlsd__alloc(a, job->problem.design.n_rows, sizeof *part);
    mlsd_status status = part == NULL ? MLSD_E_NOMEM : number_parts(job, a, part);
    if (status == MLSD_OK)
        status = mlsd__logistic_paths_solve(scope, &job->problem, part, job->n_splits, NULL,
                                            job->Cs, job->n_Cs, goal_of(job->params), &job->paths);
    mlsd__free(a, part);
    return status;
}

static mlsd_status run_folds(cv_job *job, mlsd__scope *scope)
{
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(scope, "choose C", job->n_splits);
    if (PENALTY_OF[job->params->penalty] == MLSD__PENALTY_L2) status = solve_together(job, scope);
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, job->n_splits, run_fold, job);
    mlsd__stage_end(scope);
    mlsd__logistic_paths_free(&job->paths, scope->allocator);
    if (job->problem.train != NULL) mlsd__logistic_problem_close(&job->problem, scope->allocator);
    return status;
}

/* The C of the smallest mean loss over the folds; the strongest penalty among equals. */
static double choose(const cv_job *job)
{
    double best = INFINITY, chosen = job->Cs[0];
    for (int64_t c = 0; c < job->n_Cs; c++) {
        double sum = 0.0;
        int64_t n = 0;
        for (int64_t k = 0; k < job->n_splits; k++) {
            const double loss = job->losses[c * job->n_splits + k];
            if (isnan(loss)) continue;
            sum += loss;
            n++;
        }
        if (n == 0 || !(sum / (double)n < best)) continue;
        best = sum / (double)n;
        chosen = job->Cs[c];
    }
    return chosen;
}

static void sort_ascending(double *x, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const double value = x[i];
        int64_t j = i;
        for (; j > 0 && x[j - 1] > value; j--) x[j] = x[j - 1];
        x[j] = value;
    }
}

/* The model of all rows, with what the choice was made of. */
static mlsd_status refit(const cv_job *job, mlsd__scope *scope, double C, mlsd__linear_scores **out)
{
    const mlsd__allocator *a = scope->allocator;
    const mlsd__logistic_params params = params_with(job->params, C);
    mlsd__logistic_problem problem;
    mlsd__logistic_outcome outcome;
    MLSD__TRY(
        mlsd__logistic_problem_open(&problem, scope, job->train, params.fit_intercept != 0, KIND));
    mlsd_status status = mlsd__logistic_problem_solve_watched(&problem, scope, &params, &outcome);
    if (status == MLSD_OK)
        status = mlsd__logistic_problem_scores(&problem, a, &params, &outcome, out);
    if (status == MLSD_OK) mlsd__logistic_problem_warn(&problem, scope, &params, &outcome, KIND);
    mlsd__logistic_problem_close(&problem, a);
    if (status != MLSD_OK) return status;
    status = mlsd__linear_scores_number(*out, "C", C);
    if (status == MLSD_OK) status = mlsd__linear_scores_array(*out, "Cs", job->Cs, job->n_Cs, 1);
    if (status == MLSD_OK)
        status = mlsd__linear_scores_array(*out, "losses", job->losses, job->n_Cs, job->n_splits);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(a, *out);
        *out = NULL;
    }
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *a = scope->allocator;
    const logistic_cv_params *params = mlsd__spec_params(spec);
    mlsd__train all = *train;
    cv_job job = {
        .train = &all, .params = params, .n_Cs = params->Cs.n, .n_splits = params->n_splits};
    mlsd__resident rows = {0};
    mlsd_folds *folds = NULL;
    mlsd__linear_scores *scores = NULL;
    int64_t n_losses = 0;
    double *Cs = NULL;
    *out_state = NULL;
    mlsd_status status = mlsd__mul_size(job.n_Cs, job.n_splits, &n_losses);
    if (status == MLSD_OK)
        status = mlsd__inner_folds(scope, "stratified_kfold", params->n_splits, train, &folds);
    if (status == MLSD_OK) status = mlsd__resident_open(&rows, scope, train->x);
    if (status == MLSD_OK) {
        Cs = mlsd__memdup(a, params->Cs.values, job.n_Cs, sizeof *Cs);
        job.losses = mlsd__alloc(a, n_losses, sizeof *job.losses);
        if (Cs == NULL || job.losses == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK) {
        sort_ascending(Cs, job.n_Cs);
        job.Cs = Cs;
        all.x = rows.frame;
        job.folds = folds;
        status = run_folds(&job, scope);
    }
    if (status == MLSD_OK) status = refit(&job, scope, choose(&job), &scores);
    *out_state = scores;
    mlsd__resident_close(&rows, a);
    mlsd_folds_free(folds);
    mlsd__free(a, Cs);
    mlsd__free(a, job.losses);
    return status;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const logistic_cv_params *params = mlsd__spec_params(spec);
    if (params->Cs.n <= 0)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'Cs' is empty: give at least one value to choose");
    const mlsd__logistic_params one = params_with(params, 1.0);
    return mlsd__logistic_params_check(&one);
}

static const mlsd__class_weight *class_weight(const mlsd_spec *spec)
{
    return &((const logistic_cv_params *)mlsd__spec_params(spec))->class_weight;
}

static const mlsd__estimator_ops OPS = {
    .classifies = true,
    .fills_curve = true,
    .splits_rows = true,
    .has_proba = true,
    .check = check,
    .class_weight = class_weight,
    .fit = fit,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

#define P logistic_cv_params
static const mlsd_param PARAMS[] = {
    MLSD__P_F64_LIST(P, Cs, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "[0.0001,0.000774263682681127,0.005994842503189409,0.046415888336127774,"
                     "0.3593813663804626,2.782559402207126,21.54434690031882,166.81005372000558,"
                     "1291.5496650148827,10000.0]",
                     "log", "values of C to choose from"),
    MLSD__P_I64(P, n_splits, 2, INFINITY, "5", NULL, "stratified folds that C is chosen on"),
    MLSD__P_CHOICE(P, penalty, PENALTIES, "\"l2\"", "what keeps the coefficients small"),
    MLSD__P_F64_NULL(P, l1_ratio, 0, 1, 0, "null",
                     "part of l1 in penalty elasticnet; the rest is l2"),
    MLSD__P_BOOL(P, fit_intercept, "true", "fit an intercept, which is never penalised"),
    MLSD__P_I64(P, max_iter, 1, INFINITY, "100", "log", "most iterations of a fit"),
    MLSD__P_F64(
        P, tol, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.0001", "log",
        "stop where no slope of the mean loss, by standard deviation of a column, is larger"),
    MLSD__CLASS_WEIGHT_PARAMS(P),
};
#undef P

const mlsd_kind mlsd__kind_logistic_regression_cv = {
    .name = "logistic_regression_cv",
    .family = "estimator",
    .doc = "logistic regression with the penalty chosen by the log loss of inner folds",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(logistic_cv_params),
    .ops = &OPS,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"sklearn\":\"LogisticRegressionCV\"}",
};
