/* knockoff_filter.c - keep columns so that at most a share of them says nothing, in expectation
 * (Barber & Candes 2015; Candes, Fan, Janson & Lv 2018): each column competes with a knockoff, a
 * copy that is to the other columns as the column is, but made without the target. What says
 * nothing wins as often as it loses, so the losses tell how many of the winners do.
 *
 * The estimator is fitted to columns and copies together; a column's statistic is the size of its
 * coefficient less that of its copy. Columns and copies change places at random, so that no order
 * favours either. The promise is for rows whose columns are normal, or whose dependence is told
 * well by correlations. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/select/first_columns.h"
#include "model/select/knockoff_copies.h"

extern const mlsd_kind mlsd__kind_knockoff_filter;

typedef struct knockoff_params {
    double fdr;
    int64_t seed;
} knockoff_params;

enum { STATISTICS, THRESHOLD };
static const char *const names[] = {"statistics", "threshold", NULL};

typedef struct knockoff_job {
    const mlsd__inner_data *data;
    const mlsd_spec *child;
    int64_t n, p;
    double *copies, *x; /* n x p, n x 2 p */
    double *importance; /* 2 p */
    mlsd__feature *features;
    int64_t *is_swapped; /* p: the copy stands in the column's place */
} knockoff_job;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd_spec *child;
    if (mlsd__spec_slot_child(spec, "estimator") == NULL) return MLSD_OK;
    return mlsd__inner_child(spec, task, &child);
}

static void fill_columns(const knockoff_job *job, uint64_t seed)
{
    const int64_t n = job->n, p = job->p;
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 1, MLSD__PURPOSE_SHUFFLE);
    for (int64_t j = 0; j < p; j++) {
        job->is_swapped[j] = (int64_t)mlsd__stream_below(&stream, 2);
        job->features[j] = job->features[p + j] = job->data->frame.features[j];
    }
    for (int64_t i = 0; i < n; i++) {
        double *const row = job->x + i * 2 * p;
        for (int64_t j = 0; j < p; j++) {
            row[job->is_swapped[j] * p + j] = job->data->x[i * p + j];
            row[(1 - job->is_swapped[j]) * p + j] = job->copies[i * p + j];
        }
    }
}

static mlsd_status fit_both(mlsd__scope *scope, const knockoff_job *job, double *statistic)
{
    const int64_t n = job->n, p = job->p;
    const mlsd__frame frame = {.n_rows = n,
                               .n_features = 2 * p,
                               .features = job->features,
                               .matrix = {job->x, n, 2 * p, 2 * p, 1, MLSD_F64, 0},
                               .n_source = 2 * p,
                               .max_width = 2 * p};
    mlsd__train train = job->data->train;
    void *state = NULL;
    train.x = &frame;
    MLSD__TRY(mlsd__estimator_fit(scope, job->child, &train, &state));
    const mlsd_status status =
        mlsd__importance_of(job->child, state, job->features, 2 * p, false, job->importance);
    ((const mlsd__estimator_ops *)mlsd__spec_ops(job->child))->free_state(scope->allocator, state);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        statistic[j] =
            (job->importance[j] - job->importance[p + j]) * (job->is_swapped[j] != 0 ? -1 : 1);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const knockoff_params *params, const knockoff_job *job,
                       mlsd__selection *s)
{
    const uint64_t seed = (uint64_t)params->seed;
    double *statistic, *threshold;
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, STATISTICS, 1, s->p, &statistic));
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, THRESHOLD, 1, 1, &threshold));
    MLSD__TRY(mlsd__knockoff_copies(scope, job->data->x, job->data->train.weight, job->n, job->p,
                                    seed, job->copies));
    fill_columns(job, seed);
    MLSD__TRY(fit_both(scope, job, statistic));
    MLSD__TRY(mlsd__knockoff_threshold(scope->allocator, statistic, s->p, params->fdr, threshold));
    for (int64_t j = 0; j < s->p; j++) s->support[j] = statistic[j] >= *threshold;
    return MLSD_OK;
}

static mlsd_status fit_columns(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_spec *child,
                               mlsd__inner_data *data, mlsd__selection *s)
{
    const knockoff_params *const params = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    knockoff_job job = {.data = data, .child = child, .n = data->frame.n_rows, .p = s->p};
    int64_t size;
    MLSD__TRY(mlsd__inner_standardise(scope, data));
    MLSD__TRY(mlsd__mul_size(job.n, 3 * s->p, &size));
    job.copies = mlsd__alloc_raw(a, size, sizeof *job.copies);
    job.importance = mlsd__alloc_raw(a, 2 * s->p, sizeof *job.importance);
    job.features = mlsd__alloc_raw(a, 2 * s->p, sizeof *job.features);
    job.is_swapped = mlsd__alloc_raw(a, s->p, sizeof *job.is_swapped);
    mlsd_status status = MLSD_E_NOMEM;
    if (job.copies != NULL && job.importance != NULL && job.features != NULL &&
        job.is_swapped != NULL) {
        job.x = job.copies + job.n * s->p;
        status = run(scope, params, &job, s);
    }
    mlsd__free(a, job.copies);
    mlsd__free(a, job.importance);
    mlsd__free(a, job.features);
    mlsd__free(a, job.is_swapped);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    static const mlsd__inner_kind kind = {.names = names,
                                          .for_numbers = "lasso_cv",
                                          .for_classes = "logistic_regression_cv",
                                          .with_l1 = true,
                                          .finite_only = true,
                                          .choose = fit_columns};
    return mlsd__inner_selection(scope, spec, train, &kind, out_state);
}

static const mlsd__selection_ops ops =
    MLSD__SELECTION_OPS(names, .checks_x = true, .check = check, .fit = fit);

static const mlsd_param table[] = {
    MLSD__P_F64(
        knockoff_params, fdr, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.1", NULL,
        "The expected share of false discoveries among the columns that stay: at most that; "
        "at least 1 / fdr columns stay, or none"),
    MLSD__P_I64(knockoff_params, seed, 0, INFINITY, "0", NULL, "Seed of the copies"),
};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "One with coefficients or importances; without one lasso_cv, or "
            "logistic_regression_cv with an l1 penalty"},
};

const mlsd_kind mlsd__kind_knockoff_filter = {
    .name = "knockoff_filter",
    .family = "transform",
    .doc =
        "Keep columns that beat copies made without the target, with the share of false ones held",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(knockoff_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"KnockoffFilter\"}",
};
