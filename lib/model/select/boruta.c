/* boruta.c - keep the columns that count more than noise can (Kursa & Rudnicki 2010): in each round
 * every column gets a shadow, itself in another order, and a column scores a hit where it counts
 * more than the best shadow. Whether it hits more, or less, often than a coin does is tested after
 * each round, for all columns together (Bonferroni); what is rejected leaves.
 *
 * Columns are standardised first, so that coefficients can be compared. With a linear model a round
 * differs from another by its shadows alone: a column that fits the noise of these very rows hits
 * again and again. knockoff_filter bounds the share of such columns, boruta does not. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/select/first_columns.h"
#include "numeric/distribution.h"
#include "numeric/rank.h"

extern const mlsd_kind mlsd__kind_boruta;

typedef struct boruta_params {
    double alpha, percentile;
    int64_t max_iter, keep_tentative, seed;
} boruta_params;

enum { RANKING, HITS, N_ITER };
static const char *const names[] = {"ranking", "hits", "n_iter", NULL};

/* Ranks: what becomes of a column. */
enum { CONFIRMED = 1, TENTATIVE = 2, REJECTED = 3 };

/* At least so many shadows, by copies of the few columns that are left. */
enum { LEAST_SHADOWS = 5 };

typedef struct boruta_job {
    const mlsd__inner_data *data;
    const mlsd_spec *child;
    const boruta_params *params;
    double *x; /* n x (n_left + n_shadows) */
    mlsd__feature *features;
    double *importance;    /* n_left + n_shadows */
    int64_t *left, *order; /* columns that are not rejected; places of rows */
    int64_t n_left, n_shadows, n_most;
} boruta_job;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd_spec *child;
    if (mlsd__spec_slot_child(spec, "estimator") == NULL) return MLSD_OK;
    return mlsd__inner_child(spec, task, &child);
}

/* The columns that are left, and behind them their shadows. */
static void fill_round(const boruta_job *job, int64_t round)
{
    const int64_t n = job->data->frame.n_rows, p = job->data->frame.n_features;
    const int64_t width = job->n_left + job->n_shadows;
    for (int64_t k = 0; k < width; k++) {
        const int64_t j = job->left[k % job->n_left];
        mlsd__stream stream;
        job->features[k] = job->data->frame.features[j];
        for (int64_t i = 0; i < n; i++) job->order[i] = i;
        mlsd__stream_init(&stream, (uint64_t)job->params->seed, (uint64_t)round, (uint64_t)k, 0,
                          MLSD__PURPOSE_SHUFFLE);
        if (k >= job->n_left) mlsd__stream_shuffle(&stream, job->order, n);
        for (int64_t i = 0; i < n; i++) job->x[i * width + k] = job->data->x[job->order[i] * p + j];
    }
}

/* What a shadow reaches: the largest, or another percentile. */
static mlsd_status shadow_level(const boruta_job *job, const mlsd__allocator *a, double *out)
{
    const double *const shadows = job->importance + job->n_left;
    int64_t *const order = mlsd__alloc_raw(a, job->n_shadows, sizeof *order);
    double *const sorted = mlsd__alloc_raw(a, job->n_shadows, sizeof *sorted);
    mlsd_status status = order == NULL || sorted == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort(a, shadows, job->n_shadows, order);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < job->n_shadows; i++) sorted[i] = shadows[order[i]];
        *out = mlsd__quantile_sorted(sorted, job->n_shadows, job->params->percentile / 100);
    }
    mlsd__free(a, order);
    mlsd__free(a, sorted);
    return status;
}

static mlsd_status run_round(mlsd__scope *scope, boruta_job *job, int64_t round, double *hits)
{
    const int64_t n = job->data->frame.n_rows;
    job->n_shadows = job->n_left < LEAST_SHADOWS ? LEAST_SHADOWS : job->n_left;
    const int64_t width = job->n_left + job->n_shadows;
    void *state = NULL;
    double level = INFINITY;
    fill_round(job, round);
    const mlsd__frame frame = {.n_rows = n,
                               .n_features = width,
                               .features = job->features,
                               .matrix = {job->x, n, width, width, 1, MLSD_F64, 0},
                               .n_source = width,
                               .max_width = width};
    mlsd__train train = job->data->train;
    train.x = &frame;
    MLSD__TRY(mlsd__checkpoint(scope));
    MLSD__TRY(mlsd__estimator_fit(scope, job->child, &train, &state));
    mlsd_status status =
        mlsd__importance_of(job->child, state, job->features, width, false, job->importance);
    ((const mlsd__estimator_ops *)mlsd__spec_ops(job->child))->free_state(scope->allocator, state);
    if (status == MLSD_OK) status = shadow_level(job, scope->allocator, &level);
    for (int64_t k = 0; status == MLSD_OK && k < job->n_left; k++)
        hits[job->left[k]] += job->importance[k] > level;
    return status;
}

/* More, or fewer, hits in so many rounds than a coin would have. Returns how many are open. */
static int64_t decide(boruta_job *job, int64_t n_rounds, int64_t p, const double *hits,
                      double *ranking)
{
    int64_t n_open = 0, n_left = 0;
    for (int64_t k = 0; k < job->n_left; k++) {
        const int64_t j = job->left[k], h = (int64_t)hits[j];
        const double alpha = job->params->alpha / (double)p;
        if (ranking[j] == TENTATIVE) {
            if (mlsd__binomial_sf(h - 1, n_rounds, 0.5) < alpha)
                ranking[j] = CONFIRMED;
            else if (mlsd__binomial_cdf(h, n_rounds, 0.5) < alpha)
                ranking[j] = REJECTED;
        }
        n_open += ranking[j] == TENTATIVE;
        if (ranking[j] != REJECTED) job->left[n_left++] = j;
    }
    job->n_left = n_left;
    return n_open;
}

static mlsd_status run_rounds(mlsd__scope *scope, boruta_job *job, mlsd__selection *s)
{
    double *ranking, *hits, *n_rounds;
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, RANKING, 1, s->p, &ranking));
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, HITS, 1, s->p, &hits));
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, N_ITER, 1, 1, &n_rounds));
    for (int64_t j = 0; j < s->p; j++) {
        ranking[j] = TENTATIVE;
        job->left[j] = j;
    }
    job->n_left = s->p;
    int64_t n_open = s->p;
    for (int64_t round = 0; n_open > 0 && round < job->params->max_iter; round++) {
        MLSD__TRY(run_round(scope, job, round, hits));
        n_open = decide(job, round + 1, s->p, hits, ranking);
        *n_rounds = (double)(round + 1);
        mlsd__stage_advance(scope, 1);
    }
    for (int64_t j = 0; j < s->p; j++)
        s->support[j] =
            ranking[j] == CONFIRMED || (ranking[j] == TENTATIVE && job->params->keep_tentative);
    return MLSD_OK;
}

static mlsd_status fit_columns(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_spec *child,
                               mlsd__inner_data *data, mlsd__selection *s)
{
    const boruta_params *const params = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = data->frame.n_rows;
    int64_t size;
    boruta_job job = {.data = data, .child = child, .params = params};
    job.n_most = s->p + (s->p < LEAST_SHADOWS ? LEAST_SHADOWS : s->p);
    MLSD__TRY(mlsd__inner_standardise(scope, data));
    MLSD__TRY(mlsd__mul_size(n, job.n_most, &size));
    job.x = mlsd__alloc_raw(a, size, sizeof *job.x);
    job.features = mlsd__alloc_raw(a, job.n_most, sizeof *job.features);
    job.importance = mlsd__alloc_raw(a, job.n_most, sizeof *job.importance);
    job.left = mlsd__alloc_raw(a, s->p + n, sizeof *job.left);
    mlsd_status status = MLSD_E_NOMEM;
    if (job.x != NULL && job.features != NULL && job.importance != NULL && job.left != NULL) {
        job.order = job.left + s->p;
        mlsd__stage_begin(scope, "boruta", params->max_iter);
        status = run_rounds(scope, &job, s);
        mlsd__stage_end(scope);
    }
    mlsd__free(a, job.x);
    mlsd__free(a, job.features);
    mlsd__free(a, job.importance);
    mlsd__free(a, job.left);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    static const mlsd__inner_kind kind = {.names = names,
                                          .for_numbers = "ridge",
                                          .for_classes = "logistic_regression",
                                          .finite_only = true,
                                          .choose = fit_columns};
    return mlsd__inner_selection(scope, spec, train, &kind, out_state);
}

static const mlsd__selection_ops ops =
    MLSD__SELECTION_OPS(names, .checks_x = true, .check = check, .fit = fit);

static const mlsd_param table[] = {
    MLSD__P_F64(boruta_params, alpha, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.01", NULL,
                "Level of the tests of all columns together"),
    MLSD__P_F64(boruta_params, percentile, 0, 100, 0, "100", NULL,
                "Percentile of the shadows that a column must exceed; 100: the best one"),
    MLSD__P_I64(boruta_params, max_iter, 1, 100000, "100", "log", "Most rounds"),
    MLSD__P_BOOL(boruta_params, keep_tentative, "false",
                 "Keep the columns that are still open after the last round"),
    MLSD__P_I64(boruta_params, seed, 0, INFINITY, "0", NULL, "Seed of the shadows"),
};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "One with coefficients or importances; without one ridge, or logistic_regression"},
};

const mlsd_kind mlsd__kind_boruta = {
    .name = "boruta",
    .family = "transform",
    .doc = "Keep the columns that count more than shuffled copies of them",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(boruta_params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"Boruta\"}",
};
