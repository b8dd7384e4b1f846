/* elastic_net_cv.c - kinds "lasso_cv" and "elastic_net_cv": the penalty (and the share of L1 in it)
 * chosen inside the fit by the mean squared error of folds, which are parts of the rows in their
 * order (kfold). Folds run side by side, each down the whole path.
 *
 * With more rows than columns each part's moments are made once: all rows are all parts merged, the
 * training rows of a fold are all parts but one merged, so nothing is ever a difference. Otherwise,
 * and where that would take too much memory, each fold reads its training rows. */
#include <math.h>
#include <string.h>

#include "model/linear/design.h"
#include "model/linear/elastic_net.h"
#include "model/row_pass.h"
#include "model/train_part.h"
#include "numeric/blas.h"

extern const mlsd_kind mlsd__kind_lasso_cv;
extern const mlsd_kind mlsd__kind_elastic_net_cv;

/* Moments of all parts together take at most so many doubles: 512 MB. */
static const int64_t MOST_MOMENTS = INT64_C(64) * 1024 * 1024;

typedef struct enet_cv_params {
    mlsd__f64_list l1_ratio;
    double eps;
    int64_t n_alphas;
    mlsd__f64_list alphas;
    int64_t n_splits, fit_intercept, max_iter;
    double tol;
    int64_t positive, selection, seed;
} enet_cv_params;

enum { ALPHA, L1_RATIO, DUAL_GAP, N_ITER, CONVERGED, ALPHAS, MSE_PATH, COEF_PATH };
static const char *const extra_names[] = {"alpha",          "l1_ratio",  "dual_gap", "n_iter",
                                          "converged",      "alphas",    "mse_path", "coef_path",
                                          "intercept_path", "dual_gaps", "n_iters",  NULL};

/* What a worker needs for each fold, kept from one to the next: megabytes that the system would
 * have to give anew. */
typedef struct fold_room {
    mlsd__gram train;
    double *gram; /* NULL: there is none of this yet */
} fold_room;

typedef struct cv_job {
    const mlsd__train *train; /* its frame is cheap to read, and finite */
    const mlsd_folds *folds;
    const enet_cv_params *params;
    const double *l1_ratios;
    int64_t n_ratios, n_alphas, n_splits;
    double *alphas;      /* n_ratios x n_alphas, each row falling */
    mlsd__gram *moments; /* of each part; NULL: read rows */
    fold_room *rooms;    /* of each worker, with moments */
    double *mse;         /* (n_ratios x n_alphas) x n_splits; NaN: the fold's rows have no weight */
    int64_t *n_short;    /* n_splits: penalties that did not converge */
} cv_job;

static mlsd__enet_options options_of(const enet_cv_params *p, double l1_ratio)
{
    return (mlsd__enet_options){.l1_ratio = l1_ratio,
                                .tol = p->tol,
                                .max_iter = p->max_iter,
                                .seed = p->seed,
                                .positive = p->positive != 0,
                                .is_random = p->selection != 0};
}

static mlsd_status side_open(mlsd__train_part *side, const mlsd__allocator *a, const cv_job *job,
                             int64_t split, int64_t part)
{
    MLSD__TRY(mlsd__train_part_of_fold(side, a, job->train, job->folds, split, part));
    side->train.x_is_finite = true;
    mlsd__frame_straighten(&side->frame);
    return MLSD_OK;
}

static mlsd_status part_moments(const cv_job *job, mlsd__scope *scope, int64_t split)
{
    mlsd__train_part test;
    mlsd_status status = side_open(&test, scope->allocator, job, split, 1);
    if (status == MLSD_OK) status = mlsd__enet_moments(scope, &test.train, &job->moments[split]);
    mlsd__train_part_close(&test, scope->allocator);
    return status;
}

/* All parts but one (-1: all) merged, in their order, into the room's `train`. */
static mlsd_status unite_parts(const cv_job *job, mlsd__scope *scope, int64_t left_out,
                               fold_room *room)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = job->moments[0].q, p = q - 1;
    if (room->train.mean == NULL) MLSD__TRY(mlsd__gram_init(&room->train, a, q));
    if (room->gram == NULL) room->gram = mlsd__alloc_raw(a, p * p, sizeof *room->gram);
    if (room->gram == NULL) return MLSD_E_NOMEM;
    const mlsd__gram **const parts = mlsd__alloc_raw(a, job->n_splits, sizeof *parts);
    double *const numbers = mlsd__alloc_raw(a, job->n_splits * (q + 1), sizeof *numbers);
    int64_t n = 0;
    for (int64_t k = 0; parts != NULL && k < job->n_splits; k++)
        if (k != left_out) parts[n++] = &job->moments[k];
    if (numbers != NULL) mlsd__gram_unite(&room->train, parts, n, numbers);
    const mlsd_status status =
        parts == NULL || numbers == NULL ? MLSD_E_NOMEM : mlsd__checkpoint(scope);
    mlsd__free(a, numbers);
    mlsd__free(a, parts);
    return status;
}

static void close_room(fold_room *room, const mlsd__allocator *a)
{
    mlsd__gram_free(&room->train, a);
    mlsd__free(a, room->gram);
}

/* What is to be solved on the training rows of a fold, or on all rows (-1). */
static mlsd_status open_problem(const cv_job *job, mlsd__scope *scope, int64_t split,
                                mlsd__enet_problem *problem)
{
    const mlsd__allocator *const a = scope->allocator;
    const bool fit_intercept = job->params->fit_intercept != 0;
    *problem = (mlsd__enet_problem){0};
    if (job->moments != NULL) {
        /* Outside of the walk over folds, `worker` is that of some outer region. */
        fold_room *const room = &job->rooms[split < 0 ? 0 : scope->worker];
        MLSD__TRY(unite_parts(job, scope, split, room));
        return mlsd__enet_open_moments(scope, &room->train, fit_intercept,
                                       split < 0 ? NULL : room->gram, problem);
    }
    if (split < 0) return mlsd__enet_open(scope, job->train, fit_intercept, problem);
    mlsd__train_part side;
    mlsd_status status = side_open(&side, a, job, split, 0);
    if (status == MLSD_OK) status = mlsd__enet_open(scope, &side.train, fit_intercept, problem);
    mlsd__train_part_close(&side, a);
    return status;
}

/* Mean squared errors of the rows of a part under n models. */
static mlsd_status score(mlsd__scope *scope, const mlsd__train_part *test, int64_t n,
                         const double *coef, const double *intercept, double *mse, int64_t stride)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = test->frame.n_rows, p = test->frame.n_features;
    const int64_t most = n_rows < MLSD__BLOCK_ROWS ? n_rows : MLSD__BLOCK_ROWS;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(most + 1, n, &size));
    double *const fitted = mlsd__alloc(a, size, sizeof *fitted);
    if (fitted == NULL) return MLSD_E_NOMEM;
    double *const sum = fitted + most * n;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, a, &test->frame);
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(n_rows); b++) {
        int64_t first, n_here, ld;
        const double *const x = mlsd__row_reader_block(&reader, b, &first, &n_here, &ld);
        mlsd__gemm(false, true, n_here, n, p, 1, x, ld, coef, p, 0, fitted, n);
        for (int64_t i = 0; i < n_here; i++) {
            const double w = test->weight != NULL ? test->weight[first + i] : 1;
            const double y = test->y[first + i];
            for (int64_t k = 0; k < n; k++) {
                const double e = y - intercept[k] - fitted[i * n + k];
                sum[k] += w * e * e;
            }
        }
        status = mlsd__checkpoint(scope);
    }
    for (int64_t k = 0; k < n; k++) mse[k * stride] = sum[k] / test->total;
    mlsd__row_reader_close(&reader);
    mlsd__free(a, fitted);
    return status;
}

/* The whole path for one share of L1 on the training rows of a fold, scored on its test rows. */
static mlsd_status run_ratio(const cv_job *job, mlsd__scope *scope,
                             const mlsd__enet_problem *problem, const mlsd__train_part *test,
                             int64_t split, int64_t ratio)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = job->n_alphas, p = problem->p;
    const mlsd__enet_options options = options_of(job->params, job->l1_ratios[ratio]);
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, p + 1, &size));
    double *const coef = mlsd__alloc(a, size, sizeof *coef);
    mlsd__enet_end *const ends = mlsd__alloc(a, n, sizeof *ends);
    mlsd_status status = coef == NULL || ends == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK)
        status = mlsd__enet_path(scope, problem, &options, n, job->alphas + ratio * n, coef, ends);
    if (status == MLSD_OK) {
        double *const intercept = coef + n * p;
        for (int64_t k = 0; k < n; k++) {
            intercept[k] = mlsd__enet_intercept(problem, coef + k * p);
            job->n_short[split] += !ends[k].converged;
        }
        status = score(scope, test, n, coef, intercept,
                       job->mse + ratio * n * job->n_splits + split, job->n_splits);
    }
    mlsd__free(a, ends);
    mlsd__free(a, coef);
    return status;
}

/* Whether rows of a part that weigh anything are there, without gathering it. */
static mlsd_status has_weight(const cv_job *job, const mlsd__allocator *a, int64_t split,
                              int64_t part, bool *out)
{
    const double *const weight = job->train->weight;
    const int64_t n = mlsd_folds_part_size(job->folds, split, part);
    *out = weight == NULL && n > 0;
    if (weight == NULL) return MLSD_OK;
    int64_t *const rows = mlsd__alloc(a, n, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_folds_part(job->folds, split, part, rows, n);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) *out = *out || weight[rows[i]] > 0;
    mlsd__free(a, rows);
    return status;
}

static mlsd_status run_fold(void *arg, int64_t split, mlsd__scope *scope)
{
    const cv_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    mlsd__enet_problem problem = {0};
    mlsd__train_part test = {0};
    bool trains, tests;
    MLSD__TRY(has_weight(job, a, split, 0, &trains));
    MLSD__TRY(has_weight(job, a, split, 1, &tests));
    if (!trains || !tests) {
        for (int64_t k = 0; k < job->n_ratios * job->n_alphas; k++)
            job->mse[k * job->n_splits + split] = NAN;
        return MLSD_OK;
    }
    mlsd_status status = open_problem(job, scope, split, &problem);
    if (status == MLSD_OK) status = side_open(&test, a, job, split, 1);
    for (int64_t r = 0; status == MLSD_OK && r < job->n_ratios; r++)
        status = run_ratio(job, scope, &problem, &test, split, r);
    mlsd__train_part_close(&test, a);
    mlsd__enet_close(&problem, a);
    mlsd__stage_advance(scope, 1);
    return status;
}

static void make_alphas(cv_job *job, const mlsd__enet_problem *problem)
{
    const mlsd__f64_list *const given = &job->params->alphas;
    const int64_t n = job->n_alphas;
    for (int64_t r = 0; r < job->n_ratios; r++) {
        double *const row = job->alphas + r * n;
        if (given->n == 0) {
            mlsd__enet_grid(problem, job->l1_ratios[r], job->params->eps, n, row);
            continue;
        }
        memcpy(row, given->values, (size_t)n * sizeof *row);
        mlsd__enet_sort_falling(row, n);
    }
}

/* Ratio and penalty of the least mean error over the folds; the first of equals. */
static void choose(const cv_job *job, int64_t *out_ratio, int64_t *out_alpha)
{
    double best = INFINITY;
    *out_ratio = *out_alpha = 0;
    for (int64_t k = 0; k < job->n_ratios * job->n_alphas; k++) {
        double sum = 0;
        int64_t n = 0;
        for (int64_t s = 0; s < job->n_splits; s++) {
            const double mse = job->mse[k * job->n_splits + s];
            if (isnan(mse)) continue;
            sum += mse;
            n++;
        }
        if (n == 0 || !(sum / (double)n < best)) continue;
        best = sum / (double)n;
        *out_ratio = k / job->n_alphas;
        *out_alpha = k % job->n_alphas;
    }
}

static void warn_of_folds(const cv_job *job, mlsd__scope *scope, const char *kind)
{
    int64_t n = 0;
    for (int64_t s = 0; s < job->n_splits; s++) n += job->n_short[s];
    if (n == 0) return;
    mlsd__log_line(scope, MLSD_LOG_WARNING,
                   "%s: %lld of %lld fits of folds did not converge; raise max_iter or tol, or "
                   "scale the columns (a standardize step does)",
                   kind, (long long)n, (long long)(job->n_splits * job->n_ratios * job->n_alphas));
}

/* The path of all rows at the share of L1 chosen, and the model of the penalty chosen. */
static mlsd_status refit(const cv_job *job, mlsd__scope *scope, const char *kind,
                         const mlsd__enet_problem *problem, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = job->n_alphas, p = problem->p;
    int64_t ratio, best, size;
    choose(job, &ratio, &best);
    const double *const alphas = job->alphas + ratio * n;
    const mlsd__enet_options options = options_of(job->params, job->l1_ratios[ratio]);
    MLSD__TRY(mlsd__mul_size(n, p, &size));
    double *const coef = mlsd__alloc(a, size, sizeof *coef);
    mlsd__enet_end *const ends = mlsd__alloc(a, n, sizeof *ends);
    mlsd_status status = coef == NULL || ends == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK)
        status = mlsd__enet_path(scope, problem, &options, n, alphas, coef, ends);
    if (status == MLSD_OK) {
        warn_of_folds(job, scope, kind);
        mlsd__enet_warn(scope, kind, problem, &options, n, alphas, ends);
        state->extras[ALPHA].data[0] = alphas[best];
        state->extras[L1_RATIO].data[0] = options.l1_ratio;
        status = mlsd__enet_keep_model(a, problem, coef + best * p, &ends[best], DUAL_GAP, state);
    }
    if (status == MLSD_OK)
        status = mlsd__enet_keep_path(a, problem, n, coef, ends, COEF_PATH, state);
    mlsd__free(a, ends);
    mlsd__free(a, coef);
    return status;
}

/* Room for what the choice is made of: in the state, because it stays there. */
static mlsd_status open_job(cv_job *job, const mlsd__allocator *a, mlsd__linear_state *state)
{
    int64_t n_models, n_errors;
    MLSD__TRY(mlsd__mul_size(job->n_ratios, job->n_alphas, &n_models));
    MLSD__TRY(mlsd__mul_size(n_models, job->n_splits, &n_errors));
    job->alphas = mlsd__linear_state_extra(a, state, ALPHAS, job->n_ratios, job->n_alphas);
    job->mse = mlsd__linear_state_extra(a, state, MSE_PATH, n_models, job->n_splits);
    job->n_short = mlsd__alloc(a, job->n_splits, sizeof *job->n_short);
    const bool is_full = job->alphas != NULL && job->mse != NULL && job->n_short != NULL &&
                         mlsd__linear_state_extra(a, state, ALPHA, 1, 1) != NULL &&
                         mlsd__linear_state_extra(a, state, L1_RATIO, 1, 1) != NULL;
    return is_full ? MLSD_OK : MLSD_E_NOMEM;
}

/* Moments of the parts, where they pay and fit. */
static mlsd_status open_moments(cv_job *job, mlsd__scope *scope)
{
    const int64_t n = job->train->x->n_rows, q = job->train->x->n_features + 1;
    const int64_t n_least = n - n / job->n_splits - 1;
    if (!mlsd__enet_wants_moments(n_least, q - 1) || q * q > MOST_MOMENTS / job->n_splits)
        return MLSD_OK;
    job->moments = mlsd__alloc(scope->allocator, job->n_splits, sizeof *job->moments);
    job->rooms = mlsd__alloc(scope->allocator, scope->n_threads, sizeof *job->rooms);
    if (job->moments == NULL || job->rooms == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < job->n_splits; k++) MLSD__TRY(part_moments(job, scope, k));
    return MLSD_OK;
}

static void close_moments(cv_job *job, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    for (int64_t k = 0; job->rooms != NULL && k < scope->n_threads; k++)
        close_room(&job->rooms[k], a);
    mlsd__free(a, job->rooms);
    job->rooms = NULL;
    for (int64_t k = 0; job->moments != NULL && k < job->n_splits; k++)
        mlsd__gram_free(&job->moments[k], a);
    mlsd__free(a, job->moments);
    job->moments = NULL;
}

static mlsd_status fit_job(cv_job *job, mlsd__scope *scope, const char *kind,
                           mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__enet_problem problem = {0};
    mlsd_status status = open_job(job, a, state);
    if (status == MLSD_OK) status = open_moments(job, scope);
    if (status == MLSD_OK) status = open_problem(job, scope, -1, &problem);
    if (status == MLSD_OK) {
        make_alphas(job, &problem);
        mlsd__stage_begin(scope, "choose alpha", job->n_splits);
        status = mlsd__parallel_for(scope, job->n_splits, run_fold, job);
        mlsd__stage_end(scope);
    }
    close_moments(job, scope);
    if (status == MLSD_OK) status = refit(job, scope, kind, &problem, state);
    mlsd__enet_close(&problem, a);
    mlsd__free(a, job->n_short);
    return status;
}

static mlsd_status fit_with(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                            const double *l1_ratios, int64_t n_ratios, void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const enet_cv_params *const params = mlsd__spec_params(spec);
    mlsd__train whole = *train;
    cv_job job = {.train = &whole,
                  .params = params,
                  .l1_ratios = l1_ratios,
                  .n_ratios = n_ratios,
                  .n_alphas = params->alphas.n > 0 ? params->alphas.n : params->n_alphas,
                  .n_splits = params->n_splits};
    mlsd__resident rows = {0};
    mlsd_folds *folds = NULL;
    mlsd__linear_state *state;
    MLSD__TRY(mlsd__linear_state_new(a, train->x->n_features, extra_names, &state));
    mlsd_status status = mlsd__inner_folds(scope, "kfold", params->n_splits, train, &folds);
    if (status == MLSD_OK && !train->x_is_finite)
        status = mlsd__frame_require_finite(scope, train->x, false);
    if (status == MLSD_OK) status = mlsd__resident_open(&rows, scope, train->x);
    if (status == MLSD_OK) {
        whole.x = rows.frame;
        whole.x_is_finite = true;
        job.folds = folds;
        status = fit_job(&job, scope, mlsd_kind_name(mlsd_spec_kind(spec)), state);
    }
    mlsd__resident_close(&rows, a);
    mlsd_folds_free(folds);
    if (status != MLSD_OK) {
        mlsd__linear_free(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static mlsd_status fit_lasso(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                             void **out_state)
{
    static const double only[] = {1};
    return fit_with(scope, spec, train, only, 1, out_state);
}

static mlsd_status fit_elastic_net(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd__train *train, void **out_state)
{
    const enet_cv_params *const params = mlsd__spec_params(spec);
    return fit_with(scope, spec, train, params->l1_ratio.values, params->l1_ratio.n, out_state);
}

static mlsd_status check_elastic_net(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const enet_cv_params *const params = mlsd__spec_params(spec);
    if (params->l1_ratio.n == 0)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'l1_ratio' is empty: give at least one share");
    for (int64_t i = 0; params->alphas.n == 0 && i < params->l1_ratio.n; i++) {
        if (params->l1_ratio.values[i] > 0) continue;
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "no penalty is strong enough to start from where 'l1_ratio' is 0; give "
                          "'alphas'");
    }
    return MLSD_OK;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features, (void)n_classes;
    return mlsd__linear_load(r, n_features, extra_names, out_state);
}

#define ENET_CV_OPS(check_, fit_)                                                     \
    {                                                                                 \
        .regresses = true, .splits_rows = true, .checks_x = true, .check = (check_),  \
        .fit = (fit_), .predict_block = mlsd__linear_predict_block,                   \
        .attribute = mlsd__linear_attribute, .save = mlsd__linear_save, .load = load, \
        .free_state = mlsd__linear_free                                               \
    }
static const mlsd__estimator_ops lasso_ops = ENET_CV_OPS(NULL, fit_lasso);
static const mlsd__estimator_ops elastic_net_ops = ENET_CV_OPS(check_elastic_net, fit_elastic_net);

#define P enet_cv_params
#define CHOICE_PARAMS                                                                            \
    MLSD__P_F64(P, eps, 0, 1, MLSD__OPEN_LOWER, "0.001", "log",                                  \
                "The last penalty of an automatic path as a share of the first"),                \
        MLSD__P_I64(P, n_alphas, 1, 10000, "100", NULL,                                          \
                    "Penalties of an automatic path, falling from the least one that leaves no " \
                    "coefficient"),                                                              \
        MLSD__P_F64_LIST(P, alphas, 0, INFINITY, MLSD__OPEN_UPPER, "null", "log",                \
                         "Penalties to choose from; null is an automatic path"),                 \
        MLSD__P_I64(P, n_splits, 2, INFINITY, "5", NULL,                                         \
                    "Folds that the penalty is chosen on: parts of the rows in their order")
static const mlsd_param lasso_table[] = {CHOICE_PARAMS, MLSD__ENET_PARAMS(P)};
static const mlsd_param elastic_net_table[] = {
    MLSD__P_F64_LIST(P, l1_ratio, 0, 1, 0, "[0.5]", "linear",
                     "Shares of the penalty on sizes to choose from; the rest is on squares"),
    CHOICE_PARAMS, MLSD__ENET_PARAMS(P)};
#undef P

const mlsd_kind mlsd__kind_lasso_cv = {
    .name = "lasso_cv",
    .family = "estimator",
    .doc = "Lasso with the penalty chosen by the mean squared error of inner folds",
    .params = lasso_table,
    .n_params = MLSD__COUNT(lasso_table),
    .params_size = sizeof(enet_cv_params),
    .ops = &lasso_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"LassoCV\"}",
};

const mlsd_kind mlsd__kind_elastic_net_cv = {
    .name = "elastic_net_cv",
    .family = "estimator",
    .doc = "Elastic net with both penalties chosen by the mean squared error of inner folds",
    .params = elastic_net_table,
    .n_params = MLSD__COUNT(elastic_net_table),
    .params_size = sizeof(enet_cv_params),
    .ops = &elastic_net_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"ElasticNetCV\"}",
};
