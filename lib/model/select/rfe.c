/* rfe.c - kinds "rfe" and "rfecv": recursive feature elimination to a given number of columns, or
 * to the number whose models do best on held-out rows, the elimination being made anew on the
 * training part of each split. Names are those of scikit-learn's RFE and RFECV. */
#include <math.h>
#include <string.h>

#include "model/select/elimination.h"

extern const mlsd_kind mlsd__kind_rfe;
extern const mlsd_kind mlsd__kind_rfecv;

typedef struct rfe_params {
    double n_features_to_select, step;
} rfe_params;

typedef struct rfecv_params {
    double step;
    int64_t min_features_to_select;
    char *scoring;
    int64_t n_splits;
} rfecv_params;

enum { RANKING, SCORES, DEVIATIONS, COUNTS };
static const char *const rfe_names[] = {"ranking", NULL};
static const char *const rfecv_names[] = {"ranking", "scores", "scores_std", "n_features", NULL};

static mlsd_status check_step(double step)
{
    if (step < 1 || step == floor(step)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_RANGE,
                      "'step' is %g: give a whole number, or a share of the columns below 1", step);
}

static mlsd_status check_rfe(const mlsd_spec *spec, mlsd_task task)
{
    const rfe_params *const params = mlsd__spec_params(spec);
    const double n = params->n_features_to_select;
    const mlsd_spec *child;
    if (n >= 1 && n != floor(n))
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'n_features_to_select' is %g: give a whole number, or a share of the "
                          "columns below 1",
                          n);
    MLSD__TRY(check_step(params->step));
    return mlsd__inner_child(spec, task, &child);
}

static mlsd_status check_rfecv(const mlsd_spec *spec, mlsd_task task)
{
    const rfecv_params *const params = mlsd__spec_params(spec);
    const mlsd_spec *child;
    MLSD__TRY(check_step(params->step));
    return mlsd__inner_child(spec, task, &child);
}

/* null: half; below 1: a share. */
static int64_t count_kept(double asked, int64_t p)
{
    if (isnan(asked)) return p / 2 > 0 ? p / 2 : 1;
    const double n = asked < 1 ? floor(asked * (double)p) : asked;
    return n < 1 ? 1 : n > (double)p ? p : (int64_t)n;
}

static mlsd_status fit_rfe_columns(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd_spec *child, mlsd__inner_data *data,
                                   mlsd__selection *s)
{
    const rfe_params *const params = mlsd__spec_params(spec);
    double *ranking;
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, RANKING, 1, s->p, &ranking));
    const mlsd__elimination e = {.child = child,
                                 .train = &data->train,
                                 .n_keep = count_kept(params->n_features_to_select, s->p),
                                 .step = mlsd__elimination_step(params->step, s->p)};
    return mlsd__eliminate(scope, &e, s->support, ranking);
}

/* ---- rfecv ---- */

typedef struct rfecv_job {
    const mlsd_spec *child;
    mlsd__inner_splits splits;
    int64_t p, n_keep, step, n_sizes;
    double *scores; /* n_splits x n_sizes, from all columns down */
} rfecv_job;

/* How a split's models do as they are met on the way down. */
typedef struct split_scores {
    const rfecv_job *job;
    int64_t split, n_seen;
} split_scores;

static mlsd_status see_model(void *user, mlsd__scope *scope, const void *state,
                             mlsd__some_columns *some)
{
    split_scores *const seen = user;
    const rfecv_job *const job = seen->job;
    const mlsd__train_part *const test = &job->splits.parts[2 * seen->split + 1];
    mlsd__frame frame;
    mlsd__some_columns_frame(some, &test->frame, &frame);
    return mlsd__inner_score(scope, job->child, state, &test->train, &frame, &job->splits,
                             &job->scores[seen->split * job->n_sizes + seen->n_seen++]);
}

static mlsd_status run_split(void *arg, int64_t split, mlsd__scope *scope)
{
    const rfecv_job *const job = arg;
    split_scores seen = {.job = job, .split = split};
    double *const room = mlsd__alloc_raw(scope->allocator, job->p, 2 * sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    const mlsd__elimination e = {.child = job->child,
                                 .train = &job->splits.parts[2 * split].train,
                                 .n_keep = job->n_keep,
                                 .step = job->step,
                                 .see = see_model,
                                 .user = &seen};
    const mlsd_status status = mlsd__eliminate(scope, &e, room, room + job->p);
    mlsd__free(scope->allocator, room);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* Columns after i steps down. */
static int64_t size_after(const rfecv_job *job, int64_t i)
{
    const int64_t n = job->p - i * job->step;
    return n > job->n_keep ? n : job->n_keep;
}

/* Mean scores over the splits, from few columns to many; returns the number of columns of the best,
 * the smallest of equals. */
static mlsd_status summarise(const rfecv_job *job, const mlsd__allocator *a, mlsd__selection *s,
                             int64_t *out_best)
{
    double *mean, *deviation, *count, best = -INFINITY;
    MLSD__TRY(mlsd__selection_array_new(a, s, SCORES, 1, job->n_sizes, &mean));
    MLSD__TRY(mlsd__selection_array_new(a, s, DEVIATIONS, 1, job->n_sizes, &deviation));
    MLSD__TRY(mlsd__selection_array_new(a, s, COUNTS, 1, job->n_sizes, &count));
    double *const column = mlsd__alloc_raw(a, job->splits.n, sizeof *column);
    if (column == NULL) return MLSD_E_NOMEM;
    *out_best = -1;
    for (int64_t i = 0; i < job->n_sizes; i++) {
        const int64_t at = job->n_sizes - 1 - i;
        for (int64_t k = 0; k < job->splits.n; k++) column[k] = job->scores[k * job->n_sizes + at];
        mlsd__mean_of_defined(column, job->splits.n, &mean[i], &deviation[i]);
        count[i] = (double)size_after(job, at);
        if (!(job->splits.sign * mean[i] > best)) continue;
        best = job->splits.sign * mean[i];
        *out_best = (int64_t)count[i];
    }
    mlsd__free(a, column);
    if (*out_best < 0)
        return mlsd__fail(MLSD_E_DATA, "rfecv: %s is undefined on every inner split",
                          job->splits.metric_name);
    return MLSD_OK;
}

static mlsd_status choose_size(mlsd__scope *scope, rfecv_job *job, mlsd__selection *s,
                               int64_t *out_best)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t size;
    while (size_after(job, job->n_sizes) > job->n_keep) job->n_sizes++;
    job->n_sizes++;
    MLSD__TRY(mlsd__mul_size(job->splits.n, job->n_sizes, &size));
    job->scores = mlsd__alloc(a, size, sizeof *job->scores);
    if (job->scores == NULL) return MLSD_E_NOMEM;
    mlsd__stage_begin(scope, "eliminate", job->splits.n);
    mlsd_status status = mlsd__parallel_for(scope, job->splits.n, run_split, job);
    mlsd__stage_end(scope);
    if (status == MLSD_OK) status = summarise(job, a, s, out_best);
    mlsd__free(a, job->scores);
    return status;
}

static mlsd_status fit_rfecv_columns(mlsd__scope *scope, const mlsd_spec *spec,
                                     const mlsd_spec *child, mlsd__inner_data *data,
                                     mlsd__selection *s)
{
    const rfecv_params *const params = mlsd__spec_params(spec);
    const int64_t least = params->min_features_to_select;
    rfecv_job job = {.child = child,
                     .p = s->p,
                     .n_keep = least < s->p ? least : s->p,
                     .step = mlsd__elimination_step(params->step, s->p)};
    double *ranking;
    int64_t best = s->p;
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, RANKING, 1, s->p, &ranking));
    mlsd_status status = mlsd__inner_splits_open(scope, spec, params->n_splits, params->scoring,
                                                 &data->train, &job.splits);
    if (status == MLSD_OK) status = choose_size(scope, &job, s, &best);
    mlsd__inner_splits_close(&job.splits, scope->allocator);
    const mlsd__elimination e = {
        .child = job.child, .train = &data->train, .n_keep = best, .step = job.step};
    return status == MLSD_OK ? mlsd__eliminate(scope, &e, s->support, ranking) : status;
}

/* ---- both ---- */

static bool is_rfecv(const mlsd_spec *spec)
{
    return mlsd_spec_kind(spec) == &mlsd__kind_rfecv;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    static const mlsd__inner_kind rfe = {.names = rfe_names, .choose = fit_rfe_columns},
                                  rfecv = {.names = rfecv_names, .choose = fit_rfecv_columns};
    return mlsd__inner_selection(scope, spec, train, is_rfecv(spec) ? &rfecv : &rfe, out_state);
}

static const mlsd__selection_ops rfe_ops =
    MLSD__SELECTION_OPS(rfe_names, .takes_nan = true, .takes_category = true, .checks_x = true,
                        .check = check_rfe, .fit = fit);
static const mlsd__selection_ops rfecv_ops =
    MLSD__SELECTION_OPS(rfecv_names, .takes_nan = true, .takes_category = true, .splits_rows = true,
                        .checks_x = true, .check = check_rfecv, .fit = fit);

static const char STEP_DOC[] =
    "Columns dropped after each fit: a number, or a share of all columns below 1";

static const mlsd_param rfe_table[] = {
    MLSD__P_F64_NULL(rfe_params, n_features_to_select, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "Columns that stay: a number, or a share of all below 1; null: half"),
    MLSD__P_F64(rfe_params, step, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1", NULL,
                STEP_DOC),
};

static const mlsd_param rfecv_table[] = {
    MLSD__P_F64(rfecv_params, step, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1", NULL,
                STEP_DOC),
    MLSD__P_I64(rfecv_params, min_features_to_select, 1, INFINITY, "1", NULL,
                "At least so many columns stay"),
    MLSD__INNER_CV_PARAMS(rfecv_params),
};

const mlsd_kind mlsd__kind_rfe = {
    .name = "rfe",
    .family = "transform",
    .doc = "Recursive feature elimination: drop what counts least in a fitted model, and fit again",
    .params = rfe_table,
    .n_params = MLSD__COUNT(rfe_table),
    .params_size = sizeof(rfe_params),
    .slots = mlsd__inner_slots,
    .n_slots = 1,
    .ops = &rfe_ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"RFE\"}",
};

const mlsd_kind mlsd__kind_rfecv = {
    .name = "rfecv",
    .family = "transform",
    .doc = "Recursive feature elimination to the number of columns that does best on held-out rows",
    .params = rfecv_table,
    .n_params = MLSD__COUNT(rfecv_table),
    .params_size = sizeof(rfecv_params),
    .slots = mlsd__inner_slots,
    .n_slots = 2,
    .ops = &rfecv_ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"RFECV\"}",
};
