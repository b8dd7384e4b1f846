/* permuted_targets.c - a model's scores on permuted targets: all permutations from one
 * factorisation a fold where the kind knows how (permuted_squares.h), otherwise a cross-validation
 * for each. Permutations are drawn in order by the thread that entered; the cross-validations of
 * some of them then run side by side. */
#include "validate/permuted_targets.h"

#include <math.h>
#include <string.h>

#include "numeric/rank.h"
#include "validate/fold_tasks.h"
#include "validate/permuted_squares.h"

/* Row numbers of permutations that are in memory at a time, and the most permutations. */
enum { MOST_ROW_NUMBERS = 1 << 22, MOST_AT_A_TIME = 64 };

static const char *const PLAIN_PLAN = "plain loop";
static const char *const SQUARES_PLAN = "one factorisation a fold for all permutations";

static mlsd_status number_groups(mlsd__permuter *p, mlsd__scope *scope, const double *groups)
{
    const mlsd__allocator *const a = scope->allocator;
    double *values = NULL;
    mlsd_status status = MLSD_E_NOMEM;
    int32_t *const codes = mlsd__alloc_raw(a, p->n_rows, sizeof *codes);
    if (codes == NULL) goto out;
    status = mlsd__factorize_new(scope, groups, p->n_rows, &values, &p->n_groups, codes);
    if (status != MLSD_OK) goto out;
    p->n_groups++; /* missing groups are a group at the end, like any other value */
    status = MLSD_E_NOMEM;
    p->starts = mlsd__alloc(a, p->n_groups + 2, sizeof *p->starts);
    p->rows = mlsd__alloc_raw(a, p->n_rows, sizeof *p->rows);
    p->scratch = mlsd__alloc_raw(a, p->n_rows, sizeof *p->scratch);
    if (p->starts == NULL || p->rows == NULL || p->scratch == NULL) goto out;
    status = MLSD_OK;
    const int32_t missing = (int32_t)p->n_groups - 1;
    int64_t *const ends = p->starts + 2;
    for (int64_t i = 0; i < p->n_rows; i++) ends[codes[i] < 0 ? missing : codes[i]]++;
    for (int64_t g = 1; g < p->n_groups; g++) ends[g] += ends[g - 1];
    for (int64_t i = 0; i < p->n_rows; i++)
        p->rows[ends[(codes[i] < 0 ? missing : codes[i]) - 1]++] = i;
out:
    mlsd__free(a, values);
    mlsd__free(a, codes);
    return status;
}

mlsd_status mlsd__permuter_open(mlsd__permuter *p, mlsd__scope *scope, const mlsd_dataset *dataset,
                                bool within_groups, int64_t seed)
{
    const mlsd__allocator *const data_allocator = &dataset->store->allocator;
    double *groups = NULL;
    char **names = NULL;
    memset(p, 0, sizeof *p);
    p->n_rows = mlsd_dataset_n_rows(dataset);
    mlsd__mt_seed(&p->mt, (uint32_t)seed);
    if (!within_groups) return MLSD_OK;
    MLSD__TRY(mlsd__dataset_gather_group(dataset, &groups, &names));
    const mlsd_status status = groups == NULL ? MLSD_OK : number_groups(p, scope, groups);
    mlsd__free(data_allocator, groups);
    mlsd__free(data_allocator, names);
    return status;
}

void mlsd__permuter_close(mlsd__permuter *p, const mlsd__allocator *a)
{
    mlsd__free(a, p->starts);
    mlsd__free(a, p->rows);
    mlsd__free(a, p->scratch);
    p->starts = p->rows = p->scratch = NULL;
}

mlsd_status mlsd__permuter_next(mlsd__permuter *p, mlsd__scope *scope, int64_t *order)
{
    if (p->n_groups == 0) return mlsd__split_permutation(scope, &p->mt, order, p->n_rows);
    for (int64_t g = 0; g < p->n_groups; g++) {
        const int64_t first = p->starts[g], n = p->starts[g + 1] - first;
        if (n == 0) continue;
        const int64_t *const rows = p->rows + first;
        memcpy(p->scratch, rows, (size_t)n * sizeof *rows);
        MLSD__TRY(mlsd__split_shuffle(scope, &p->mt, p->scratch, n));
        for (int64_t i = 0; i < n; i++) order[rows[i]] = p->scratch[i];
    }
    return MLSD_OK;
}

/* Mean over the splits, NaN where one has none. */
static double mean_score(const double *scores, int64_t n)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++) sum += scores[k];
    return sum / (double)n;
}

typedef struct chunk_job {
    const mlsd__permuted_input *in;
    const int64_t *orders; /* n x n_rows; NULL: the target as it is */
    const double *y;
    int64_t n_rows;
    double *scores;  /* of each permutation of the chunk */
    char **messages; /* of the first fit that failed, or NULL */
} chunk_job;

static mlsd_status score_target(mlsd__scope *scope, const mlsd__permuted_input *in,
                                const mlsd_dataset *data, double *score, char **message)
{
    mlsd_folds *drawn = NULL;
    mlsd__fold_output runs = {0};
    mlsd_status status =
        in->folds == NULL ? mlsd__folds_split_dataset(scope, in->splitter, data, &drawn) : MLSD_OK;
    if (status == MLSD_OK) {
        const mlsd__fold_input fits = {.estimators = &in->estimator,
                                       .n_estimators = 1,
                                       .dataset = data,
                                       .folds = in->folds != NULL ? in->folds : drawn,
                                       .metrics = &in->metric,
                                       .n_metrics = 1};
        status = mlsd__fold_run_all(scope, &fits, &runs);
    }
    if (status == MLSD_OK) {
        const char *const first = mlsd__fold_first_message(&runs, 0);
        *score = mean_score(mlsd__fold_scores(&runs, 0, 0), runs.n_splits);
        if (first != NULL) {
            *message = mlsd__strdup(scope->allocator, first);
            if (*message == NULL) status = MLSD_E_NOMEM;
        }
    }
    mlsd__fold_output_free(&runs);
    mlsd_folds_free(drawn);
    return status;
}

static mlsd_status run_permutation(void *arg, int64_t i, mlsd__scope *scope)
{
    const chunk_job *const j = arg;
    const int64_t *const order = j->orders + i * j->n_rows;
    mlsd_dataset *data = NULL;
    double *const y = mlsd__alloc_raw(scope->allocator, j->n_rows, sizeof *y);
    if (y == NULL) return MLSD_E_NOMEM;
    for (int64_t row = 0; row < j->n_rows; row++) y[row] = j->y[order[row]];
    mlsd_status status = mlsd__dataset_with_target(j->in->dataset, y, &data);
    mlsd__free(scope->allocator, y);
    if (status == MLSD_OK)
        status = score_target(scope, j->in, data, &j->scores[i], &j->messages[i]);
    mlsd_dataset_free(data);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* Keep the first message, free the others. */
static void take_message(const mlsd__allocator *a, char **kept, char **messages, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (*kept == NULL) {
            *kept = messages[i];
        } else {
            mlsd__free(a, messages[i]);
        }
        messages[i] = NULL;
    }
}

static mlsd_status run_chunks(mlsd__scope *scope, const mlsd__permuted_input *in,
                              mlsd__permuter *permuter, chunk_job *j, int64_t *orders,
                              int64_t n_at_a_time, double *out, char **out_message)
{
    j->orders = orders;
    for (int64_t first = 0; first < in->n_permutations; first += n_at_a_time) {
        const int64_t left = in->n_permutations - first;
        const int64_t n = left < n_at_a_time ? left : n_at_a_time;
        mlsd_status status = MLSD_OK;
        for (int64_t i = 0; i < n && status == MLSD_OK; i++)
            status = mlsd__permuter_next(permuter, scope, orders + i * j->n_rows);
        j->scores = out + first;
        if (status == MLSD_OK) status = mlsd__parallel_for(scope, n, run_permutation, j);
        take_message(scope->allocator, out_message, j->messages, n);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

static mlsd_status run_plain(mlsd__scope *scope, const mlsd__permuted_input *in,
                             mlsd__permuter *permuter, double *out, char **out_message)
{
    const mlsd__allocator *const a = scope->allocator;
    chunk_job j = {.in = in, .n_rows = mlsd_dataset_n_rows(in->dataset)};
    int64_t n = MOST_ROW_NUMBERS / j.n_rows;
    n = n < scope->n_threads ? scope->n_threads : n > MOST_AT_A_TIME ? MOST_AT_A_TIME : n;
    double *y = NULL;
    int64_t size = 0, *orders = NULL;
    mlsd_status status = mlsd__mul_size(n, j.n_rows, &size);
    if (status == MLSD_OK) status = mlsd__dataset_gather_target(in->dataset, &y);
    if (status != MLSD_OK) return status;
    status = MLSD_E_NOMEM;
    orders = mlsd__alloc_raw(a, size, sizeof *orders);
    j.messages = mlsd__alloc(a, n, sizeof *j.messages);
    if (orders != NULL && j.messages != NULL) {
        j.y = y;
        mlsd__stage_begin(scope, "permutations", in->n_permutations);
        status = run_chunks(scope, in, permuter, &j, orders, n, out, out_message);
        mlsd__stage_end(scope);
    }
    mlsd__free(a, j.messages);
    mlsd__free(a, orders);
    mlsd__free(&in->dataset->store->allocator, y);
    return status;
}

typedef struct permute_arg {
    mlsd__permuter *permuter;
    mlsd__scope *scope;
} permute_arg;

static mlsd_status next_order(void *user, int64_t permutation, int64_t *order)
{
    const permute_arg *const p = user;
    (void)permutation;
    return mlsd__permuter_next(p->permuter, p->scope, order);
}

/* All permutations at once; *out_served is false where that is not to be had. */
static mlsd_status run_squares(mlsd__scope *scope, const mlsd__permuted_input *in,
                               const mlsd__metric_ops *metric, mlsd__permuter *permuter,
                               double *out, bool *out_served)
{
    const mlsd__allocator *const a = scope->allocator;
    *out_served = false;
    if (metric->of_squares == NULL || in->folds == NULL) return MLSD_OK;
    if (mlsd_dataset_task(in->dataset) != MLSD_TASK_REGRESSION) return MLSD_OK;
    const int64_t n_splits = mlsd_folds_n_splits(in->folds);
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(in->n_permutations, n_splits, &size));
    permute_arg arg = {permuter, scope};
    const mlsd__permutations permutations = {.estimator = in->estimator,
                                             .dataset = in->dataset,
                                             .folds = in->folds,
                                             .n_permutations = in->n_permutations,
                                             .permute = next_order,
                                             .user = &arg};
    mlsd_status status = MLSD_E_NOMEM;
    double *const squares = mlsd__alloc_raw(a, size, sizeof *squares);
    double *const variances = mlsd__alloc_raw(a, size, sizeof *variances);
    if (squares == NULL || variances == NULL) goto out;
    status = mlsd__permuted_squares(scope, &permutations, squares, variances, out_served);
    for (int64_t i = 0; i < in->n_permutations && status == MLSD_OK && *out_served; i++) {
        double sum = 0;
        for (int64_t k = 0; k < n_splits; k++) {
            const int64_t at = i * n_splits + k;
            sum += metric->of_squares(squares[at], variances[at] > 0 ? variances[at] : NAN);
        }
        out[i] = sum / (double)n_splits;
    }
out:
    mlsd__free(a, variances);
    mlsd__free(a, squares);
    return status;
}

mlsd_status mlsd__permuted_scores(mlsd__scope *scope, const mlsd__permuted_input *in,
                                  double *out_score, double *out_permuted, char **out_message,
                                  const char **out_plan)
{
    const mlsd__metric_ops *metric = NULL;
    mlsd__permuter permuter;
    bool is_served = false;
    *out_message = NULL;
    *out_plan = PLAIN_PLAN;
    MLSD__TRY(mlsd__metric_find(in->metric, &metric));
    mlsd_status status =
        mlsd__permuter_open(&permuter, scope, in->dataset, in->within_groups, in->seed);
    const mlsd__mt19937 start = permuter.mt;
    if (status == MLSD_OK) status = score_target(scope, in, in->dataset, out_score, out_message);
    if (status == MLSD_OK)
        status = run_squares(scope, in, metric, &permuter, out_permuted, &is_served);
    if (is_served) *out_plan = SQUARES_PLAN;
    permuter.mt = start;
    if (status == MLSD_OK && !is_served)
        status = run_plain(scope, in, &permuter, out_permuted, out_message);
    mlsd__permuter_close(&permuter, scope->allocator);
    if (status != MLSD_OK) {
        mlsd__free(scope->allocator, *out_message);
        *out_message = NULL;
    }
    return status;
}
