/* sequential_select.c - add (or drop) one column after the other, each time the one whose model
 * then does best on held-out rows. Names and rules are scikit-learn's SequentialFeatureSelector; of
 * columns that do alike the first one is taken. */
#include <math.h>
#include <string.h>

#include "model/select/inner_fit.h"

extern const mlsd_kind mlsd__kind_sequential_select;

enum { FORWARD, BACKWARD };
static const char *const directions[] = {"forward", "backward", NULL};

typedef struct sequential_params {
    double n_features_to_select, tol;
    int64_t direction;
    char *scoring;
    int64_t n_splits;
} sequential_params;

enum { SCORES, ORDER };
static const char *const names[] = {"scores", "order", NULL};

typedef struct sequential_job {
    const mlsd_spec *child;
    mlsd__inner_splits splits;
    int64_t p;
    bool is_backward;
    bool *moved;         /* p: added, or dropped */
    int64_t *candidates; /* columns that may be next */
    int64_t n_candidates;
    double *scores; /* n_candidates x n_splits */
} sequential_job;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const sequential_params *const params = mlsd__spec_params(spec);
    const double n = params->n_features_to_select;
    const mlsd_spec *child;
    if (n >= 1 && n != floor(n))
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'n_features_to_select' is %g: give a whole number, or a share of the "
                          "columns below 1",
                          n);
    if (!isnan(n) && !isnan(params->tol))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'tol' decides how many columns stay, and so does "
                                                 "'n_features_to_select'; set one of them");
    if (params->tol < 0 && params->direction == FORWARD)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'tol' must not be negative going forward, got %g",
                          params->tol);
    return mlsd__inner_child(spec, task, &child);
}

/* The columns of a candidate: those added and it, or those not dropped without it. */
static int64_t list_columns(const sequential_job *job, int64_t candidate, int64_t *out)
{
    int64_t n = 0;
    for (int64_t j = 0; j < job->p; j++) {
        const bool has_moved = job->moved[j] || j == candidate;
        if (has_moved != job->is_backward) out[n++] = j;
    }
    return n;
}

static mlsd_status run_candidate(void *arg, int64_t task, mlsd__scope *scope)
{
    const sequential_job *const job = arg;
    const int64_t k = job->splits.n, candidate = job->candidates[task / k];
    int64_t *const columns = mlsd__alloc_raw(scope->allocator, job->p, sizeof *columns);
    if (columns == NULL) return MLSD_E_NOMEM;
    const int64_t n = list_columns(job, candidate, columns);
    mlsd_status status = mlsd__checkpoint(scope);
    if (status == MLSD_OK)
        status = mlsd__inner_fit_score(scope, job->child, &job->splits, task % k, columns, n,
                                       &job->scores[task]);
    mlsd__free(scope->allocator, columns);
    return status;
}

/* The next column and its mean score. */
static mlsd_status find_next(mlsd__scope *scope, sequential_job *job, int64_t *out_column,
                             double *out_mean)
{
    const int64_t k = job->splits.n;
    double best = -INFINITY, deviation;
    job->n_candidates = 0;
    for (int64_t j = 0; j < job->p; j++)
        if (!job->moved[j]) job->candidates[job->n_candidates++] = j;
    MLSD__TRY(mlsd__parallel_for(scope, job->n_candidates * k, run_candidate, job));
    *out_column = -1;
    for (int64_t c = 0; c < job->n_candidates; c++) {
        double mean;
        mlsd__mean_of_defined(job->scores + c * k, k, &mean, &deviation);
        if (!(job->splits.sign * mean > best)) continue;
        best = job->splits.sign * mean;
        *out_mean = mean;
        *out_column = job->candidates[c];
    }
    if (*out_column >= 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "sequential_select: %s is undefined on every inner split",
                      job->splits.metric_name);
}

/* How many columns stay at most (forward) or at least (backward). */
static int64_t count_kept(const sequential_params *params, int64_t p)
{
    const double asked = params->n_features_to_select;
    if (!isnan(params->tol)) return params->direction == FORWARD ? p - 1 : 1;
    if (isnan(asked)) return p / 2;
    const double n = asked < 1 ? floor(asked * (double)p) : asked;
    return n < 1 ? 1 : n > (double)p ? p : (int64_t)n;
}

static mlsd_status move_columns(mlsd__scope *scope, const sequential_params *params,
                                sequential_job *job, mlsd__selection *s)
{
    const int64_t n_kept = count_kept(params, s->p);
    const int64_t n_moves = job->is_backward ? s->p - n_kept : n_kept;
    double *score, *order, before = -INFINITY;
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, SCORES, 1, s->p, &score));
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, ORDER, 1, s->p, &order));
    for (int64_t j = 0; j < s->p; j++) score[j] = NAN;
    mlsd__stage_begin(scope, "select", n_moves);
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n_moves; i++) {
        int64_t next = -1;
        double mean = NAN;
        status = find_next(scope, job, &next, &mean);
        if (status != MLSD_OK) break;
        const double now = job->splits.sign * mean;
        if (!isnan(params->tol) && now - before < params->tol) break;
        before = now;
        job->moved[next] = true;
        score[next] = mean;
        order[next] = (double)(i + 1);
        mlsd__stage_advance(scope, 1);
    }
    mlsd__stage_end(scope);
    for (int64_t j = 0; j < s->p; j++) s->support[j] = job->moved[j] != job->is_backward;
    return status;
}

static mlsd_status fit_columns(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_spec *child,
                               mlsd__inner_data *data, mlsd__selection *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const sequential_params *const params = mlsd__spec_params(spec);
    sequential_job job = {.child = child, .p = s->p, .is_backward = params->direction == BACKWARD};
    int64_t size = 0;
    if (s->p < 2)
        return mlsd__fail(
            MLSD_E_DATA,
            "sequential_select chooses among columns, and there is %lld: 1 feature(s) "
            "(shape=(%lld, 1)) while a minimum of 2 is required",
            (long long)s->p, (long long)data->frame.n_rows);
    mlsd_status status = mlsd__inner_splits_open(scope, spec, params->n_splits, params->scoring,
                                                 &data->train, &job.splits);
    if (status == MLSD_OK) status = mlsd__mul_size(s->p, job.splits.n, &size);
    job.moved = mlsd__alloc(a, s->p, sizeof *job.moved);
    job.candidates = mlsd__alloc(a, s->p, sizeof *job.candidates);
    job.scores = mlsd__alloc(a, size, sizeof *job.scores);
    if (status == MLSD_OK && (job.moved == NULL || job.candidates == NULL || job.scores == NULL))
        status = MLSD_E_NOMEM;
    if (status == MLSD_OK) status = move_columns(scope, params, &job, s);
    mlsd__free(a, job.moved);
    mlsd__free(a, job.candidates);
    mlsd__free(a, job.scores);
    mlsd__inner_splits_close(&job.splits, a);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    static const mlsd__inner_kind kind = {.names = names, .choose = fit_columns};
    return mlsd__inner_selection(scope, spec, train, &kind, out_state);
}

static const mlsd__selection_ops ops =
    MLSD__SELECTION_OPS(names, .takes_nan = true, .takes_category = true, .splits_rows = true,
                        .checks_x = true, .check = check, .fit = fit);

static const mlsd_param table[] = {
    MLSD__P_F64_NULL(sequential_params, n_features_to_select, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "Columns that stay: a number, or a share of all below 1; null: half, or as "
                     "many as tol lets in"),
    MLSD__P_F64_NULL(sequential_params, tol, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "Stop where the score rises by less; backward it may be negative: what a "
                     "dropped column may cost"),
    MLSD__P_CHOICE(sequential_params, direction, directions, "\"forward\"",
                   "Add columns to none, or drop them from all"),
    MLSD__INNER_CV_PARAMS(sequential_params),
};

const mlsd_kind mlsd__kind_sequential_select = {
    .name = "sequential_select",
    .family = "transform",
    .doc = "Add or drop columns one by one, as the score on held-out rows says",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(sequential_params),
    .slots = mlsd__inner_slots,
    .n_slots = 2,
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"SequentialFeatureSelector\"}",
};
