/* cv_interval_nested.c - nested cross-validation, repeat by repeat.
 *
 * With K folds, the inner model of outer fold k and inner fold j is that of outer fold j and inner
 * fold k: both are fitted to the rows that are in neither. So a repeat needs K (K + 1) / 2 fits,
 * not K^2. They are splits like any others, and the work that a kind can share among splits is
 * shared. */
#include <math.h>
#include <string.h>

#include "split/folds_lists.h"
#include "split/folds_walk.h"
#include "validate/cv_interval.h"
#include "validate/interval.h"
#include "validate/result_rows.h"

typedef struct nested_repeat {
    mlsd__nested_sums sums; /* n is 0 where a fit failed */
    char *message;
} nested_repeat;

typedef struct nested_job {
    const mlsd__interval_job *job;
    int64_t model, n_folds;
    nested_repeat *repeats;
    mlsd__cv_interval *out; /* of which a repeat sees the plan only, and only the first does */
} nested_job;

/* Splits 0 .. K - 1 test one fold; those behind test two, in the order of (0, 1), (0, 2), ... */
static int64_t pair_split(int64_t n_folds, int64_t j, int64_t k)
{
    const int64_t a = j < k ? j : k, b = j < k ? k : j;
    return n_folds + a * (2 * n_folds - a - 1) / 2 + (b - a - 1);
}

/* The splits of a repeat, and the fold of each row (-1: never tested). */
static mlsd_status make_splits(mlsd__scope *scope, const nested_job *n, int64_t repeat,
                               int32_t **fold_of, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = mlsd_folds_n_rows(n->job->folds), K = n->n_folds;
    mlsd__fold_buckets buckets = {0};
    mlsd_folds *f = NULL;
    mlsd_status status = mlsd__fold_buckets_make(scope, n->job->folds, repeat, &buckets);
    if (status == MLSD_OK) status = mlsd__folds_new(a, n_rows, &f);
    if (status == MLSD_OK) status = mlsd__folds_make_marks(f, NULL, n_rows, K * (K + 1) / 2, 2);
    if (status == MLSD_OK) {
        *fold_of = mlsd__alloc_raw(a, n_rows, sizeof **fold_of);
        if (*fold_of == NULL) status = MLSD_E_NOMEM;
    }
    if (status != MLSD_OK) goto out;
    memset(f->marks, 0, (size_t)(K * (K + 1) / 2 * n_rows));
    for (int64_t k = 0; k <= K; k++) {
        for (int64_t i = buckets.starts[k]; i < buckets.starts[k + 1]; i++) {
            const int64_t row = buckets.rows[i];
            (*fold_of)[row] = k < K ? (int32_t)k : -1;
            if (k == K) continue;
            f->marks[k * n_rows + row] = 1;
            for (int64_t j = 0; j < K; j++) {
                if (j != k) f->marks[pair_split(K, j, k) * n_rows + row] = 1;
            }
        }
    }
    mlsd__folds_count_marks(f);
    *out = f;
    f = NULL;
out:
    mlsd_folds_free(f);
    mlsd__fold_buckets_free(a, &buckets);
    return status;
}

/* Losses of the test rows of a split that are of one fold, packed to the front; how many. */
static int64_t pick_fold(const int32_t *fold_of, int64_t n_rows, int64_t j, int64_t k,
                         int64_t wanted, const double *losses, const double *weight, double *out,
                         double *out_weight)
{
    int64_t n = 0, at = 0;
    for (int64_t i = 0; i < n_rows; i++) {
        if (fold_of[i] != j && fold_of[i] != k) continue;
        if (fold_of[i] == wanted) {
            if (weight != NULL) out_weight[n] = weight[at];
            out[n++] = losses[at];
        }
        at++;
    }
    return n;
}

/* What one repeat's runs say, fold by fold. inner has room for K x K moments: those of the losses
 * of fold j by the model without j and k stand at j * K + k. */
typedef struct scratch {
    double *losses, *picked, *weight;
    mlsd__loss_moments *inner;
} scratch;

static void add_inner(const nested_job *n, const mlsd__fold_output *runs, const int32_t *fold_of,
                      const scratch *s)
{
    const int64_t n_rows = mlsd_folds_n_rows(n->job->folds), K = n->n_folds;
    for (int64_t j = 0; j < K; j++) {
        for (int64_t k = j + 1; k < K; k++) {
            const mlsd__scoring *const p = &mlsd__fold_at(runs, 0, pair_split(K, j, k))->scoring;
            mlsd__row_losses(n->job->metric, p, s->losses);
            for (int side = 0; side < 2; side++) {
                const int64_t wanted = side == 0 ? j : k, other = side == 0 ? k : j;
                const int64_t m = pick_fold(fold_of, n_rows, j, k, wanted, s->losses, p->weight,
                                            s->picked, s->weight);
                mlsd__loss_moments_of(s->picked, p->weight == NULL ? NULL : s->weight, m,
                                      &s->inner[wanted * K + other]);
            }
        }
    }
}

static void add_outer(const nested_job *n, const mlsd__fold_output *runs, const scratch *s,
                      mlsd__nested_sums *out)
{
    const int64_t K = n->n_folds;
    for (int64_t k = 0; k < K; k++) {
        const mlsd__scoring *const p = &mlsd__fold_at(runs, 0, k)->scoring;
        mlsd__loss_moments outer, inner = {0};
        mlsd__row_losses(n->job->metric, p, s->losses);
        mlsd__loss_moments_of(s->losses, p->weight, p->n, &outer);
        for (int64_t j = 0; j < K; j++) {
            if (j != k) mlsd__loss_moments_merge(&inner, &s->inner[j * K + k]);
        }
        mlsd__nested_add(out, &outer, mlsd__loss_mean_variance(s->losses, p->weight, p->n), &inner);
    }
}

static mlsd_status sum_up(const mlsd__allocator *a, const nested_job *n,
                          const mlsd__fold_output *runs, const int32_t *fold_of,
                          mlsd__nested_sums *out)
{
    const int64_t n_rows = mlsd_folds_n_rows(n->job->folds);
    scratch s = {.losses = mlsd__alloc_raw(a, n_rows, sizeof(double)),
                 .picked = mlsd__alloc_raw(a, n_rows, sizeof(double)),
                 .weight = mlsd__alloc_raw(a, n_rows, sizeof(double)),
                 .inner = mlsd__alloc(a, n->n_folds * n->n_folds, sizeof(mlsd__loss_moments))};
    mlsd_status status = MLSD_E_NOMEM;
    if (s.losses != NULL && s.picked != NULL && s.weight != NULL && s.inner != NULL) {
        add_inner(n, runs, fold_of, &s);
        add_outer(n, runs, &s, out);
        status = MLSD_OK;
    }
    mlsd__free(a, s.losses);
    mlsd__free(a, s.picked);
    mlsd__free(a, s.weight);
    mlsd__free(a, s.inner);
    return status;
}

static mlsd_status run_repeat(void *arg, int64_t repeat, mlsd__scope *scope)
{
    const nested_job *const n = arg;
    const mlsd__allocator *const a = scope->allocator;
    nested_repeat *const r = &n->repeats[repeat];
    mlsd_folds *splits = NULL;
    int32_t *fold_of = NULL;
    mlsd__fold_output runs = {0};
    mlsd_status status = make_splits(scope, n, repeat, &fold_of, &splits);
    if (status == MLSD_OK) status = mlsd__interval_run(scope, n->job, splits, n->model, 1, &runs);
    if (status == MLSD_OK && repeat == 0) status = mlsd__cv_interval_plan(n->out, &runs);
    if (status == MLSD_OK) {
        const char *const message = mlsd__fold_first_message(&runs, 0);
        if (message != NULL) {
            r->message = mlsd__strdup(a, message);
            status = r->message == NULL ? MLSD_E_NOMEM : MLSD_OK;
        } else {
            status = sum_up(a, n, &runs, fold_of, &r->sums);
        }
    }
    mlsd__fold_output_free(&runs);
    mlsd__free(a, fold_of);
    mlsd_folds_free(splits);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* Table "repeats": repeat, outer, inner, mse of each, message. */
static mlsd_status tell_repeats(const mlsd__allocator *a, const nested_job *n, int64_t n_repeats,
                                double n_rows, mlsd_table **out)
{
    static const mlsd__row_column columns[] = {{"repeat", MLSD_COLUMN_I64},
                                               {"outer", MLSD_COLUMN_F64},
                                               {"inner", MLSD_COLUMN_F64},
                                               {"mse", MLSD_COLUMN_F64},
                                               {"message", MLSD_COLUMN_CATEGORY}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, a, columns, MLSD__COUNT(columns));
    for (int64_t r = 0; r < n_repeats; r++) {
        const nested_repeat *const repeat = &n->repeats[r];
        mlsd__nested_estimate e = {.inner = NAN, .outer = NAN, .mse = NAN};
        if (repeat->message == NULL) {
            mlsd__nested_finish(&repeat->sums, n->n_folds, n_rows, n->job->params->level, &e);
        }
        mlsd__rows_i64(&rows, r);
        mlsd__rows_f64(&rows, e.outer);
        mlsd__rows_f64(&rows, e.inner);
        mlsd__rows_f64(&rows, e.mse);
        mlsd__rows_str(&rows, repeat->message);
    }
    return mlsd__rows_to_table(&rows, out);
}

static double on_metric_scale(const mlsd__metric_ops *metric, double mean)
{
    mlsd__estimate e = {.value = mean, .se = NAN, .low = NAN, .high = NAN};
    mlsd__row_loss_to_metric(metric, &e);
    return e.value;
}

static void conclude(const nested_job *n, int64_t n_repeats, double n_rows, mlsd__cv_interval *out)
{
    mlsd__nested_sums all = {0};
    for (int64_t r = 0; r < n_repeats; r++) {
        mlsd__cv_interval_note(out, n->repeats[r].message);
        if (n->repeats[r].message != NULL) {
            out->n_failed++;
            continue;
        }
        out->n_done++;
        mlsd__nested_merge(&all, &n->repeats[r].sums);
    }
    if (out->n_done == 0) return;
    mlsd__nested_estimate e;
    mlsd__nested_finish(&all, n->n_folds, n_rows, n->job->params->level, &e);
    const double lowest =
        sqrt(all.inner.m2 / all.inner.weight * all.inner.n / (all.inner.n - 1) / n_rows);
    mlsd__cv_interval_number(out, "inflation", e.estimate.se / lowest);
    out->estimate = e.estimate;
    mlsd__row_loss_to_metric(n->job->metric, &out->estimate);
    const double inner = on_metric_scale(n->job->metric, e.inner);
    mlsd__cv_interval_number(out, "outer", on_metric_scale(n->job->metric, e.outer));
    mlsd__cv_interval_number(out, "inner", inner);
    mlsd__cv_interval_number(out, "bias", inner - out->estimate.value);
}

static mlsd_status effective_rows(const mlsd_dataset *d, double *out)
{
    double *weight = NULL;
    MLSD__TRY(mlsd__dataset_gather_weight(d, &weight));
    *out = mlsd__effective_rows(weight, mlsd_dataset_n_rows(d));
    mlsd__free(&d->store->allocator, weight);
    return MLSD_OK;
}

mlsd_status mlsd__cv_interval_nested(mlsd__scope *scope, const mlsd__interval_job *job,
                                     int64_t model, mlsd__cv_interval *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t K = mlsd__folds_n_dealt(job->folds);
    const int64_t n_repeats = mlsd_folds_n_splits(job->folds) / K;
    double n_rows = NAN;
    MLSD__TRY(effective_rows(job->in->dataset, &n_rows));
    nested_job n = {.job = job, .model = model, .n_folds = K, .out = out};
    n.repeats = mlsd__alloc(a, n_repeats, sizeof *n.repeats);
    if (n.repeats == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(scope, "nested cross-validation", n_repeats);
    if (n_repeats >= scope->n_threads) {
        status = mlsd__parallel_for(scope, n_repeats, run_repeat, &n);
    } else {
        for (int64_t r = 0; r < n_repeats && status == MLSD_OK; r++)
            status = run_repeat(&n, r, scope);
    }
    mlsd__stage_end(scope);
    if (status == MLSD_OK) conclude(&n, n_repeats, n_rows, out);
    if (status == MLSD_OK) status = tell_repeats(a, &n, n_repeats, n_rows, &out->repeats);
    for (int64_t r = 0; r < n_repeats; r++) mlsd__free(a, n.repeats[r].message);
    mlsd__free(a, n.repeats);
    return status;
}
