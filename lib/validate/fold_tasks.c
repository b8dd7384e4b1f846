/* fold_tasks.c - every estimator on every split and once on all rows. First what one pass over the
 * data serves for all splits, then the rest in one queue of tasks. A task writes only its own
 * slots, and is numbered by what it is, so that neither the number of threads nor their order
 * changes a score. Seconds are kept apart. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "split/splitter.h"
#include "validate/fold_impl.h"
#include "validate/fold_journal.h"
#include "validate/validation.h"

/* Cells of data below which the first tasks are run on this thread, as long as they take less than
 * these seconds together: threads cost more than small fits. */
enum { SMALL_CELLS = 1 << 16 };
static const double SMALL_SECONDS = 0.002;
/* Chunks that the last steps of a group are cut into, so that there are tasks for all threads. */
enum { TASKS_A_THREAD = 4 };

mlsd__fold_run *mlsd__fold_at(const mlsd__fold_output *out, int64_t estimator, int64_t split)
{
    return &out->runs[estimator * (out->n_splits + 1) + split];
}

double *mlsd__fold_scores(const mlsd__fold_output *out, int64_t estimator, int64_t metric)
{
    return out->scores + (estimator * out->n_metrics + metric) * out->n_splits;
}

double *mlsd__fold_train_scores(const mlsd__fold_output *out, int64_t estimator, int64_t metric)
{
    return out->train_scores + (estimator * out->n_metrics + metric) * out->n_splits;
}

int64_t mlsd__fold_n_done(const mlsd__fold_output *out, int64_t estimator)
{
    int64_t n = 0;
    for (int64_t k = 0; k < out->n_splits; k++) {
        if (mlsd__fold_at(out, estimator, k)->status == MLSD_OK) n++;
    }
    return n;
}

const char *mlsd__fold_first_message(const mlsd__fold_output *out, int64_t estimator)
{
    for (int64_t k = 0; k <= out->n_splits; k++) {
        const mlsd__fold_run *run = mlsd__fold_at(out, estimator, k);
        if (run->status != MLSD_OK) return run->message;
    }
    return NULL;
}

mlsd_status mlsd__fold_check(const mlsd__fold_input *in)
{
    MLSD__REQUIRE_LIVE(in->dataset, MLSD__MAGIC_DATASET, "dataset");
    MLSD__REQUIRE_LIVE(in->folds, MLSD__MAGIC_FOLDS, "folds");
    MLSD__REQUIRE(in->n_estimators >= 1 && in->estimators != NULL, "there is no estimator");
    for (int64_t e = 0; e < in->n_estimators; e++) {
        MLSD__REQUIRE_LIVE(in->estimators[e], MLSD__MAGIC_SPEC, "spec");
        MLSD__TRY(mlsd__spec_require(in->estimators[e], "estimator,search"));
    }
    MLSD__TRY(mlsd__folds_check_dataset(in->folds, in->dataset));
    const mlsd_task task = mlsd_dataset_task(in->dataset);
    if (task == MLSD_TASK_NONE) {
        return mlsd__fail(MLSD_E_DATA, "the data set has no target to cross-validate on");
    }
    for (int64_t m = 0; m < in->n_metrics; m++) {
        MLSD__REQUIRE(in->metrics[m] != NULL, "metric %lld is NULL", (long long)m);
        MLSD__TRY(mlsd__metric_check(in->metrics[m], task));
    }
    return MLSD_OK;
}

static mlsd_status make_scores(const mlsd__fold_output *out, int64_t n, double **scores)
{
    *scores = mlsd__alloc(&out->allocator, n, sizeof **scores);
    if (*scores == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) (*scores)[i] = NAN;
    return MLSD_OK;
}

static mlsd_status prepare(mlsd__scope *scope, const mlsd__fold_input *in, mlsd__fold_output *out)
{
    memset(out, 0, sizeof *out);
    out->allocator = *scope->allocator;
    out->n_estimators = in->n_estimators;
    out->n_splits = mlsd_folds_n_splits(in->folds);
    out->n_metrics = in->n_metrics;
    int64_t n_runs, n_scores;
    MLSD__TRY(mlsd__mul_size(in->n_estimators, out->n_splits + 1, &n_runs));
    MLSD__TRY(mlsd__mul_size(n_runs, in->n_metrics, &n_scores));
    out->runs = mlsd__alloc(&out->allocator, n_runs, sizeof *out->runs);
    out->plans = mlsd__alloc(&out->allocator, in->n_estimators, 2 * sizeof *out->plans);
    out->has_shared_plan =
        mlsd__alloc(&out->allocator, in->n_estimators, sizeof *out->has_shared_plan);
    if (out->runs == NULL || out->plans == NULL || out->has_shared_plan == NULL)
        return MLSD_E_NOMEM;
    MLSD__TRY(make_scores(out, n_scores, &out->scores));
    if (in->train_scores) MLSD__TRY(make_scores(out, n_scores, &out->train_scores));

    const int64_t last = mlsd_folds_n_parts(in->folds) - 1;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const int64_t n_train = mlsd_folds_part_size(in->folds, k, 0);
        const int64_t n_test = mlsd_folds_part_size(in->folds, k, last);
        out->test_train += (double)n_test / (double)n_train / (double)out->n_splits;
        for (int64_t e = 0; e < in->n_estimators; e++) {
            mlsd__fold_run *run = mlsd__fold_at(out, e, k);
            run->n_train = n_train;
            run->n_test = n_test;
        }
    }
    return MLSD_OK;
}

/* One entry of the queue: some members of a group on a split, or one estimator on a split or (split
 * == n_splits) on all rows. */
typedef struct fold_task {
    const mlsd__fold_group *group; /* or NULL */
    int64_t first, n;              /* members of the group; or the estimator */
    int64_t split;
} fold_task;

typedef struct queue {
    const mlsd__fold_set *set;
    fold_task *tasks;
    int64_t n_tasks, first; /* those before `first` are done */
} queue;

static mlsd_status run_task(void *arg, int64_t number, mlsd__scope *scope)
{
    const queue *const q = arg;
    const fold_task *const t = &q->tasks[q->first + number];
    mlsd_status status;
    if (t->group != NULL)
        status = mlsd__fold_fit_group(scope, q->set, t->group, t->first, t->n, t->split);
    else if (t->split < q->set->out->n_splits)
        status = mlsd__fold_fit_plain(scope, q->set, t->first, t->split);
    else
        status = mlsd__fold_refit(scope, q->set, t->first);
    mlsd__stage_advance(scope, t->group != NULL ? t->n : 1);
    return status;
}

/* Members of a group that go into one task. Settings are run together, whatever the threads: what a
 * path gives for one may depend on the others in the last digits. */
static int64_t chunk_size(const mlsd__scope *scope, const mlsd__fold_group *group, int64_t n_splits)
{
    if (group->runs_settings) return group->n_members;
    const int64_t wanted = TASKS_A_THREAD * scope->n_threads;
    const int64_t n_chunks = (wanted + n_splits - 1) / n_splits;
    return (group->n_members + n_chunks - 1) / n_chunks;
}

static bool is_left(const mlsd__fold_set *set, const mlsd__fold_group *group, int64_t first,
                    int64_t n, int64_t split)
{
    for (int64_t i = first; i < first + n; i++) {
        if (!mlsd__fold_at(set->out, group->members[i], split)->is_done) return true;
    }
    return false;
}

/* A group is served by splits where more than one of its members is left. */
static void queue_group(const mlsd__scope *scope, queue *q, const mlsd__fold_group *group)
{
    const int64_t n_splits = q->set->out->n_splits;
    const bool shares = group->runs_settings || (group->n_steps > 0 && group->n_members > 1);
    const int64_t size = shares ? chunk_size(scope, group, n_splits) : 1;
    for (int64_t first = 0; first < group->n_members; first += size) {
        const int64_t left = group->n_members - first, n = left < size ? left : size;
        for (int64_t k = 0; k < n_splits; k++) {
            if (!is_left(q->set, group, first, n, k)) continue;
            q->tasks[q->n_tasks++] =
                shares ? (fold_task){.group = group, .first = first, .n = n, .split = k}
                       : (fold_task){.first = group->members[first], .n = 1, .split = k};
        }
    }
}

/* Strong estimators take longest and stand last, so they are started first. */
static mlsd_status fill_queue(const mlsd__scope *scope, const mlsd__fold_plan *plan, queue *q)
{
    const mlsd__fold_input *const in = q->set->in;
    const int64_t n_splits = q->set->out->n_splits;
    int64_t most;
    MLSD__TRY(mlsd__mul_size(in->n_estimators, n_splits + 1, &most));
    q->tasks = mlsd__alloc(scope->allocator, most, sizeof *q->tasks);
    if (q->tasks == NULL) return MLSD_E_NOMEM;
    for (int64_t e = in->n_estimators - 1; e >= 0; e--) {
        const int64_t g = plan->members[e].group;
        const mlsd__fold_group *const group = g >= 0 ? &plan->groups[g] : NULL;
        if (group != NULL && group->members[group->n_members - 1] == e)
            queue_group(scope, q, group);
        for (int64_t k = 0; group == NULL && k < n_splits; k++)
            q->tasks[q->n_tasks++] = (fold_task){.first = e, .n = 1, .split = k};
        if (in->refit) q->tasks[q->n_tasks++] = (fold_task){.first = e, .n = 1, .split = n_splits};
    }
    return MLSD_OK;
}

/* Small data first on this thread alone, until it turns out to be work. */
static mlsd_status run_first(mlsd__scope *scope, bool is_small, queue *q)
{
    const double start = mlsd__seconds();
    mlsd__scope serial = mlsd__scope_serial(scope);
    while (is_small && q->first < q->n_tasks && mlsd__seconds() - start < SMALL_SECONDS) {
        MLSD__TRY(mlsd__checkpoint(&serial));
        MLSD__TRY(run_task(q, 0, &serial));
        q->first++;
    }
    return MLSD_OK;
}

static mlsd_status run_queue(mlsd__scope *scope, bool is_small, queue *q)
{
    MLSD__TRY(run_first(scope, is_small, q));
    const int64_t n = q->n_tasks - q->first;
    if (n >= scope->n_threads) return mlsd__parallel_for(scope, n, run_task, q);
    for (int64_t t = 0; t < n; t++) MLSD__TRY(run_task(q, t, scope));
    return MLSD_OK;
}

static mlsd_status run_all(mlsd__scope *scope, bool is_small, const mlsd__fold_set *set)
{
    mlsd__scope serial = mlsd__scope_serial(scope);
    mlsd__fold_plan plan;
    queue q = {.set = set};
    mlsd_status status = mlsd__fold_plan_make(scope, set, &plan);
    for (int64_t g = 0; status == MLSD_OK && g < plan.n_groups; g++) {
        if (plan.groups[g].tries_folds)
            status = mlsd__fold_fit_folds(is_small ? &serial : scope, set, &plan.groups[g]);
    }
    if (status == MLSD_OK) status = fill_queue(scope, &plan, &q);
    if (status == MLSD_OK) status = run_queue(scope, is_small, &q);
    mlsd__free(scope->allocator, q.tasks);
    mlsd__fold_plan_free(scope->allocator, &plan);
    return status;
}

mlsd_status mlsd__fold_run_all(mlsd__scope *scope, const mlsd__fold_input *in,
                               mlsd__fold_output *out)
{
    MLSD__TRY(prepare(scope, in, out));
    mlsd__fold_input input = *in;
    input.is_plain_loop |= !mlsd__scope_has_fast_paths(scope);
    const int64_t n_runs = in->n_estimators * (out->n_splits + (in->refit ? 1 : 0));
    const int64_t p = mlsd_dataset_n_features(in->dataset), n = mlsd_dataset_n_rows(in->dataset);
    const bool is_small = n <= SMALL_CELLS / (p > 0 ? p : 1);
    mlsd__scope serial = mlsd__scope_serial(scope);
    mlsd__fold_set set;
    mlsd__stage_begin(scope, "cross-validate", n_runs);
    serial.stage_depth = scope->stage_depth;
    mlsd_status status = mlsd__fold_set_open(is_small ? &serial : scope, &input, out, &set);
    if (status == MLSD_OK) status = mlsd__fold_journal_open(is_small ? &serial : scope, &set);
    if (status == MLSD_OK) status = run_all(scope, is_small, &set);
    mlsd__fold_journal_close(scope, &set);
    mlsd__fold_set_close(scope->allocator, &set);
    mlsd__stage_end(scope);
    return status;
}

void mlsd__fold_output_free(mlsd__fold_output *out)
{
    const mlsd__allocator *const a = &out->allocator;
    if (out->runs != NULL) {
        const int64_t n_runs = out->n_estimators * (out->n_splits + 1);
        for (int64_t i = 0; i < n_runs; i++) {
            mlsd__free(a, out->runs[i].message);
            mlsd__free(a, out->runs[i].choices);
            mlsd_curve_free(out->runs[i].curve);
            mlsd_model_free(out->runs[i].model);
            mlsd__scoring_free(&out->runs[i].scoring);
        }
        mlsd__free(a, out->runs);
    }
    if (out->scores != NULL) mlsd__free(a, out->scores);
    if (out->train_scores != NULL) mlsd__free(a, out->train_scores);
    if (out->plans != NULL) mlsd__free(a, out->plans);
    if (out->has_shared_plan != NULL) mlsd__free(a, out->has_shared_plan);
    memset(out, 0, sizeof *out);
}
