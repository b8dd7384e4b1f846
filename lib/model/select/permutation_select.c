/* permutation_select.c - keep the columns without whose order an estimator does worse on rows that
 * it has not seen: permutation importance (Breiman 2001; Fisher, Rudin & Dominici 2019) on the
 * held-out part of each inner split. It asks nothing of the estimator but predictions.
 *
 * A column stays where the mean loss of score over the splits is above 0 at a level: a one-sided t
 * test with the variance that Nadeau & Bengio (2003) give for splits that share training rows. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/select/inner_fit.h"
#include "numeric/distribution.h"

extern const mlsd_kind mlsd__kind_permutation_select;

typedef struct permutation_params {
    double alpha;
    int64_t n_repeats;
    char *scoring;
    int64_t n_splits, seed;
} permutation_params;

enum { IMPORTANCES, DEVIATIONS, PVALUES };
static const char *const names[] = {"importances", "importances_std", "pvalues", NULL};

typedef struct permutation_job {
    const mlsd_spec *child;
    mlsd__inner_splits splits;
    int64_t p, n_repeats;
    uint64_t seed;
    double *drops; /* n_splits x p: mean loss of score */
} permutation_job;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd_spec *child;
    return mlsd__inner_child(spec, task, &child);
}

/* The held-out rows of a split in memory, to be permuted. */
typedef struct held_out {
    const mlsd__train *test;
    const void *state;
    mlsd__frame frame;
    double *x, *column;
    int64_t *order;
} held_out;

static mlsd_status score_permuted(mlsd__scope *scope, const permutation_job *job, int64_t split,
                                  int64_t j, double whole, held_out *h)
{
    const int64_t n = h->frame.n_rows, p = job->p;
    double sum = 0;
    int64_t n_defined = 0;
    for (int64_t i = 0; i < n; i++) h->column[i] = h->x[i * p + j];
    mlsd_status status = MLSD_OK;
    for (int64_t r = 0; status == MLSD_OK && r < job->n_repeats; r++) {
        mlsd__stream stream;
        double score = NAN;
        mlsd__stream_init(&stream, job->seed, (uint64_t)split, (uint64_t)j, (uint64_t)r,
                          MLSD__PURPOSE_SHUFFLE);
        for (int64_t i = 0; i < n; i++) h->order[i] = i;
        mlsd__stream_shuffle(&stream, h->order, n);
        for (int64_t i = 0; i < n; i++) h->x[i * p + j] = h->column[h->order[i]];
        status = mlsd__inner_score(scope, job->child, h->state, h->test, &h->frame, &job->splits,
                                   &score);
        if (isnan(score)) continue;
        sum += job->splits.sign * (whole - score);
        n_defined++;
    }
    for (int64_t i = 0; i < n; i++) h->x[i * p + j] = h->column[i];
    job->drops[split * p + j] = n_defined > 0 ? sum / (double)n_defined : NAN;
    return status;
}

static mlsd_status score_columns(mlsd__scope *scope, const permutation_job *job, int64_t split,
                                 held_out *h)
{
    double whole = NAN;
    MLSD__TRY(
        mlsd__inner_score(scope, job->child, h->state, h->test, &h->frame, &job->splits, &whole));
    for (int64_t j = 0; j < job->p; j++) {
        MLSD__TRY(mlsd__checkpoint(scope));
        MLSD__TRY(score_permuted(scope, job, split, j, whole, h));
    }
    return MLSD_OK;
}

static mlsd_status run_split(void *arg, int64_t split, mlsd__scope *scope)
{
    const permutation_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__train_part *const fit = &job->splits.parts[2 * split], *const test = fit + 1;
    void *state = NULL;
    held_out h = {.test = &test->train};
    mlsd_status status = mlsd__estimator_fit(scope, job->child, &fit->train, &state);
    if (status == MLSD_OK) status = mlsd__frame_materialize(scope, &test->frame, &h.x);
    h.state = state;
    h.column = mlsd__alloc_raw(a, test->n, sizeof *h.column);
    h.order = mlsd__alloc_raw(a, test->n, sizeof *h.order);
    if (status == MLSD_OK && (h.column == NULL || h.order == NULL)) status = MLSD_E_NOMEM;
    h.frame = (mlsd__frame){.n_rows = test->n,
                            .n_features = job->p,
                            .features = test->frame.features,
                            .matrix = {h.x, test->n, job->p, job->p, 1, MLSD_F64, 0},
                            .n_source = job->p,
                            .max_width = job->p};
    if (status == MLSD_OK) status = score_columns(scope, job, split, &h);
    if (state != NULL)
        ((const mlsd__estimator_ops *)mlsd__spec_ops(job->child))->free_state(a, state);
    mlsd__free(a, h.x);
    mlsd__free(a, h.column);
    mlsd__free(a, h.order);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* P of a mean that large or larger, were there nothing in it; divisor: the mean ratio of test to
 * training rows. */
static double test_mean(double mean, double deviation, double n, double test_train)
{
    if (isnan(mean)) return NAN;
    if (n < 2) return mean > 0 ? 0 : 1;
    const double se = deviation * sqrt(n / (n - 1)) * sqrt(1 / n + test_train);
    if (!(se > 0)) return mean > 0 ? 0 : 1;
    return mlsd__t_cdf(-mean / se, n - 1);
}

static mlsd_status summarise(const mlsd__allocator *a, const permutation_job *job, double alpha,
                             mlsd__selection *s)
{
    const int64_t k = job->splits.n;
    double *mean, *deviation, *p_value, test_train = 0;
    MLSD__TRY(mlsd__selection_array_new(a, s, IMPORTANCES, 1, s->p, &mean));
    MLSD__TRY(mlsd__selection_array_new(a, s, DEVIATIONS, 1, s->p, &deviation));
    MLSD__TRY(mlsd__selection_array_new(a, s, PVALUES, 1, s->p, &p_value));
    double *const column = mlsd__alloc_raw(a, k, sizeof *column);
    if (column == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < k; i++)
        test_train +=
            (double)job->splits.parts[2 * i + 1].n / (double)job->splits.parts[2 * i].n / (double)k;
    for (int64_t j = 0; j < s->p; j++) {
        int64_t n_defined = 0;
        for (int64_t i = 0; i < k; i++) {
            column[i] = job->drops[i * s->p + j];
            n_defined += !isnan(column[i]);
        }
        mlsd__mean_of_defined(column, k, &mean[j], &deviation[j]);
        p_value[j] = test_mean(mean[j], deviation[j], (double)n_defined, test_train);
        s->support[j] = mean[j] > 0 && p_value[j] < alpha;
    }
    mlsd__free(a, column);
    return MLSD_OK;
}

static mlsd_status fit_columns(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_spec *child,
                               mlsd__inner_data *data, mlsd__selection *s)
{
    const permutation_params *const params = mlsd__spec_params(spec);
    permutation_job job = {
        .child = child, .p = s->p, .n_repeats = params->n_repeats, .seed = (uint64_t)params->seed};
    int64_t size = 0;
    mlsd_status status = mlsd__inner_splits_open(scope, spec, params->n_splits, params->scoring,
                                                 &data->train, &job.splits);
    if (status == MLSD_OK) status = mlsd__mul_size(job.splits.n, s->p, &size);
    if (status == MLSD_OK) {
        job.drops = mlsd__alloc(scope->allocator, size, sizeof *job.drops);
        status = job.drops == NULL ? MLSD_E_NOMEM : MLSD_OK;
    }
    if (status == MLSD_OK) {
        mlsd__stage_begin(scope, "permute", job.splits.n);
        status = mlsd__parallel_for(scope, job.splits.n, run_split, &job);
        mlsd__stage_end(scope);
    }
    if (status == MLSD_OK) status = summarise(scope->allocator, &job, params->alpha, s);
    mlsd__free(scope->allocator, job.drops);
    mlsd__inner_splits_close(&job.splits, scope->allocator);
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
    MLSD__P_F64(permutation_params, alpha, 0, 1, 0, "0.05", NULL,
                "A column stays where permuting it costs score with a p-value below"),
    MLSD__P_I64(permutation_params, n_repeats, 1, 100000, "5", "log",
                "Permutations of each column of each held-out part"),
    MLSD__INNER_CV_PARAMS(permutation_params),
    MLSD__P_I64(permutation_params, seed, 0, INFINITY, "0", NULL, "Seed of the permutations"),
};

const mlsd_kind mlsd__kind_permutation_select = {
    .name = "permutation_select",
    .family = "transform",
    .doc = "Keep the columns without whose order an estimator does worse on held-out rows",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(permutation_params),
    .slots = mlsd__inner_slots,
    .n_slots = 2,
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"PermutationSelect\"}",
};
