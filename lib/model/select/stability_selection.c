/* stability_selection.c - keep the columns that are chosen again and again in halves of the rows
 * (Meinshausen & Buehlmann 2010). Without an estimator each half chooses the first q columns that
 * an l1 penalty lets in; with one, those to which it gives a coefficient other than 0.
 *
 * Their theorem 1: where every column that says nothing is as likely to be chosen as another, and
 * the choice is no worse than at random, at most q^2 / ((2 threshold - 1) p) such columns are kept,
 * in expectation, q being how many a half chooses on average. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/select/first_columns.h"

extern const mlsd_kind mlsd__kind_stability_selection;

typedef struct stability_params {
    double threshold, max_false;
    int64_t n_chosen, n_subsamples, seed;
} stability_params;

enum { FREQUENCIES, N_CHOSEN, FALSE_BOUND };
static const char *const names[] = {"frequencies", "n_chosen", "false_bound", NULL};

typedef struct stability_job {
    const mlsd__train *train;
    const mlsd_spec *child; /* NULL: the first q columns */
    int64_t p, q;
    uint64_t seed;
    double *chosen; /* n_subsamples x p */
} stability_job;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd_spec *child;
    if (mlsd__spec_slot_child(spec, "estimator") == NULL) return MLSD_OK;
    return mlsd__inner_child(spec, task, &child);
}

/* Half of the rows, of each class half of its own (of odd ones the smaller half, but one), in their
 * order. */
static mlsd_status draw_half(const stability_job *job, const mlsd__allocator *a, int64_t number,
                             mlsd__train_part *part)
{
    const mlsd__train *const train = job->train;
    const int64_t n = train->x->n_rows;
    const bool is_number = train->task == MLSD_TASK_REGRESSION;
    mlsd__stream stream;
    MLSD__TRY(mlsd__train_part_open(part, a, n));
    int64_t *const order = mlsd__alloc_raw(a, 2 * n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    int64_t *const is_drawn = order + n;
    memset(is_drawn, 0, (size_t)n * sizeof *is_drawn);
    mlsd__stream_init(&stream, job->seed, 0, (uint64_t)number, 0, MLSD__PURPOSE_SUBSAMPLE);
    for (int64_t c = 0; c < (is_number ? 1 : train->n_classes); c++) {
        int64_t m = 0;
        for (int64_t i = 0; i < n; i++)
            if (is_number || train->y[i] == (double)c) order[m++] = i;
        if (m > 1) mlsd__stream_shuffle(&stream, order, m);
        for (int64_t i = 0; i < (m == 1 ? 1 : m / 2); i++) is_drawn[order[i]] = 1;
    }
    part->n = 0;
    for (int64_t i = 0; i < n; i++)
        if (is_drawn[i] != 0) part->rows[part->n++] = i;
    mlsd__free(a, order);
    mlsd__train_part_gather(part, train);
    return MLSD_OK;
}

static mlsd_status choose_by_child(mlsd__scope *scope, const stability_job *job,
                                   const mlsd__train *half, double *chosen)
{
    void *state = NULL;
    MLSD__TRY(mlsd__estimator_fit(scope, job->child, half, &state));
    const mlsd_status status =
        mlsd__importance_of(job->child, state, half->x->features, job->p, false, chosen);
    ((const mlsd__estimator_ops *)mlsd__spec_ops(job->child))->free_state(scope->allocator, state);
    for (int64_t j = 0; status == MLSD_OK && j < job->p; j++) chosen[j] = chosen[j] > 0;
    return status;
}

static mlsd_status run_half(void *arg, int64_t number, mlsd__scope *scope)
{
    const stability_job *const job = arg;
    double *const chosen = job->chosen + number * job->p;
    mlsd__train_part half = {0};
    mlsd_status status = draw_half(job, scope->allocator, number, &half);
    if (status == MLSD_OK)
        status = job->child != NULL ? choose_by_child(scope, job, &half.train, chosen)
                                    : mlsd__first_columns(scope, &half.train, job->q, chosen);
    mlsd__train_part_close(&half, scope->allocator);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* How many columns a half may choose so that the bound is at most max_false. */
static int64_t count_chosen(const stability_params *params, int64_t p)
{
    if (params->n_chosen != MLSD__NULL_I64) return params->n_chosen < p ? params->n_chosen : p;
    const double q = sqrt((2 * params->threshold - 1) * params->max_false * (double)p);
    return q < 1 ? 1 : q > (double)p ? p : (int64_t)q;
}

static mlsd_status summarise(const mlsd__allocator *a, const stability_job *job,
                             const stability_params *params, mlsd__selection *s)
{
    double *frequency, *n_chosen, *bound;
    MLSD__TRY(mlsd__selection_array_new(a, s, FREQUENCIES, 1, s->p, &frequency));
    MLSD__TRY(mlsd__selection_array_new(a, s, N_CHOSEN, 1, 1, &n_chosen));
    MLSD__TRY(mlsd__selection_array_new(a, s, FALSE_BOUND, 1, 1, &bound));
    for (int64_t j = 0; j < s->p; j++) {
        for (int64_t b = 0; b < params->n_subsamples; b++)
            frequency[j] += job->chosen[b * s->p + j];
        frequency[j] /= (double)params->n_subsamples;
        *n_chosen += frequency[j];
        s->support[j] = frequency[j] >= params->threshold;
    }
    *bound = *n_chosen * *n_chosen / ((2 * params->threshold - 1) * (double)s->p);
    return MLSD_OK;
}

static mlsd_status fit_columns(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_spec *child,
                               mlsd__inner_data *data, mlsd__selection *s)
{
    const stability_params *const params = mlsd__spec_params(spec);
    stability_job job = {.train = &data->train,
                         .child = child,
                         .p = s->p,
                         .q = count_chosen(params, s->p),
                         .seed = (uint64_t)params->seed};
    int64_t size;
    if (data->frame.n_rows < 4)
        return mlsd__fail(
            MLSD_E_DATA, "stability_selection halves the rows, and there are %lld (n_samples=%lld)",
            (long long)data->frame.n_rows, (long long)data->frame.n_rows);
    MLSD__TRY(mlsd__inner_standardise(scope, data));
    MLSD__TRY(mlsd__mul_size(params->n_subsamples, s->p, &size));
    job.chosen = mlsd__alloc(scope->allocator, size, sizeof *job.chosen);
    if (job.chosen == NULL) return MLSD_E_NOMEM;
    mlsd__stage_begin(scope, "subsample", params->n_subsamples);
    mlsd_status status = mlsd__parallel_for(scope, params->n_subsamples, run_half, &job);
    mlsd__stage_end(scope);
    if (status == MLSD_OK) status = summarise(scope->allocator, &job, params, s);
    mlsd__free(scope->allocator, job.chosen);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    static const mlsd__inner_kind kind = {
        .names = names, .finite_only = true, .choose = fit_columns};
    return mlsd__inner_selection(scope, spec, train, &kind, out_state);
}

static const mlsd__selection_ops ops =
    MLSD__SELECTION_OPS(names, .checks_x = true, .check = check, .fit = fit);

static const mlsd_param table[] = {
    MLSD__P_F64(stability_params, threshold, 0.5, 1, MLSD__OPEN_LOWER, "0.75", NULL,
                "The share of halves in which a column must be chosen"),
    MLSD__P_F64(
        stability_params, max_false, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1", NULL,
        "Without an estimator: columns that say nothing and may be kept, in expectation; it "
        "decides how many a half chooses"),
    MLSD__P_I64_NULL(stability_params, n_chosen, 1, INFINITY, "null",
                     "Without an estimator: how many a half chooses, in place of max_false"),
    MLSD__P_I64(stability_params, n_subsamples, 2, 100000, "100", "log", "Halves of the rows"),
    MLSD__P_I64(stability_params, seed, 0, INFINITY, "0", NULL, "Seed of the halves"),
};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "One that makes coefficients 0, such as lasso; without one the first columns that an "
            "l1 penalty lets in"},
};

const mlsd_kind mlsd__kind_stability_selection = {
    .name = "stability_selection",
    .family = "transform",
    .doc =
        "Keep the columns that are chosen again and again in halves of the rows, with a bound on "
        "the false ones",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(stability_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"StabilitySelection\"}",
};
