/* interval_bootstrap.c - kinds bootstrap_interval and jackknife_interval: replicates side by side
 * on threads, and limits from them. A replicate is a function of its number, so neither threads nor
 * tasks change it. */
#include <math.h>
#include <string.h>

#include "metric/interval_resample.h"
#include "numeric/distribution.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

enum { PERCENTILE, BASIC, BCA, STUDENTIZED, NORMAL };
static const char *const methods[] = {"percentile", "basic", "bca", "studentized", "normal", NULL};

enum { REPLICATES_PER_TASK = 16 };

typedef struct bootstrap_params {
    char *metric_name;
    int64_t method, n_resamples, n_groups, seed;
    double level;
} bootstrap_params;

static const mlsd_param bootstrap_table[] = {
    MLSD__P_STR(bootstrap_params, metric_name, "null",
                "what is asked for, by its name, such as f1_macro; null: the child metric"),
    MLSD__P_CHOICE(bootstrap_params, method, methods, "\"percentile\"",
                   "how limits follow from the replicates: their quantiles, those mirrored at the "
                   "value, those corrected for bias and skewness, quantiles of t, or a normal one"),
    MLSD__P_I64(bootstrap_params, n_resamples, 10, 10000000, "9999", "log",
                "how often the rows are drawn"),
    MLSD__P_F64(bootstrap_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "share of such intervals that hold the true value"),
    MLSD__P_I64(bootstrap_params, seed, 0, UINT32_MAX, "0", NULL, "seed of the draws"),
    MLSD__P_I64(bootstrap_params, n_groups, 0, 10000000, "1000", "log",
                "bca of metrics that are no means: groups of rows that are left out in turn; 0: "
                "each row"),
};

typedef struct replicas {
    const mlsd__statistic *s;
    const mlsd__draws *draws;
    int64_t n;
    double *value, *mean, *se; /* mean and se NULL where nobody asks */
} replicas;

static mlsd_status by_counts(mlsd__scope *scope, const replicas *r, int64_t first, int64_t end)
{
    const mlsd__statistic *const s = r->s;
    const mlsd__allocator *const a = scope->allocator;
    const bool of_cells = s->form == MLSD__OF_CELLS;
    const int64_t n_counts = of_cells ? s->n_cells : s->n_units;
    mlsd_status status = MLSD_E_NOMEM;
    int32_t *const counts = mlsd__alloc_raw(a, n_counts, sizeof *counts);
    double *const weight = mlsd__alloc_raw(a, of_cells ? s->n_cells : s->scored->n, sizeof *weight);
    if (counts == NULL || weight == NULL) goto out;
    status = MLSD_OK;
    for (int64_t b = first; status == MLSD_OK && b < end; b++) {
        memset(counts, 0, (size_t)n_counts * sizeof *counts);
        mlsd__draws_counts(r->draws, b, of_cells ? s->cell_of_unit : NULL, counts);
        status = mlsd__statistic_of_counts(scope, s, counts, weight, &r->value[b]);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
out:
    mlsd__free(a, weight);
    mlsd__free(a, counts);
    return status;
}

static mlsd_status run_task(void *arg, int64_t task, mlsd__scope *scope)
{
    const replicas *const r = arg;
    const int64_t first = task * REPLICATES_PER_TASK;
    const int64_t end = first + REPLICATES_PER_TASK < r->n ? first + REPLICATES_PER_TASK : r->n;
    if (!mlsd__statistic_has_columns(r->s)) {
        MLSD__TRY(by_counts(scope, r, first, end));
    } else {
        double sums[6];
        for (int64_t b = first; b < end; b++) {
            mlsd__draws_sums(r->draws, b, r->s->columns, r->s->n_columns, sums);
            r->value[b] = mlsd__statistic_of_sums(r->s, sums, r->mean == NULL ? NULL : &r->mean[b],
                                                  r->se == NULL ? NULL : &r->se[b]);
            MLSD__TRY(mlsd__checkpoint(scope));
        }
    }
    mlsd__stage_advance(scope, end - first);
    return MLSD_OK;
}

static mlsd_status draw_all(mlsd__scope *scope, replicas *r, uint64_t seed)
{
    mlsd__draws draws = {0};
    MLSD__TRY(mlsd__draws_new(scope->allocator, seed, r->s->sizes, r->s->n_strata, &draws));
    r->draws = &draws;
    mlsd__stage_begin(scope, "resampling", r->n);
    const mlsd_status status = mlsd__parallel_for(
        scope, (r->n + REPLICATES_PER_TASK - 1) / REPLICATES_PER_TASK, run_task, r);
    mlsd__stage_end(scope);
    r->draws = NULL;
    mlsd__draws_free(&draws, scope->allocator);
    return status;
}

int64_t mlsd__drop_undefined(double *x, int64_t n)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(x[i])) x[m++] = x[i];
    }
    return m;
}

static mlsd_status sort(mlsd__scope *scope, double *x, int64_t n)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const copy = mlsd__memdup(a, x, n, sizeof *x);
    mlsd_status status = order == NULL || copy == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, copy, n, order);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) x[i] = copy[order[i]];
    mlsd__free(a, copy);
    mlsd__free(a, order);
    return status;
}

/* Efron (1987), JASA 82:171: the quantiles at which the limits stand. */
static void bca_shares(const double *sorted, int64_t n, double value, double acceleration,
                       double tail, double share[2])
{
    int64_t below = 0, equal = 0;
    for (int64_t i = 0; i < n; i++) {
        below += sorted[i] < value;
        equal += sorted[i] == value;
    }
    const double bias = mlsd__normal_quantile(((double)below + (double)equal / 2) / (double)n);
    for (int side = 0; side < 2; side++) {
        const double z = bias + mlsd__normal_quantile(side == 0 ? tail : 1 - tail);
        share[side] = mlsd__normal_cdf(bias + z / (1 - acceleration * z));
    }
}

/* Limits from the n ascending replicates that are defined. */
static mlsd_status quantile_limits(mlsd__scope *scope, const bootstrap_params *p,
                                   const mlsd__statistic *s, const double *sorted, int64_t n,
                                   mlsd__resampled *out)
{
    const double tail = (1 - p->level) / 2;
    double share[2] = {tail, 1 - tail};
    if (p->method == BCA) {
        mlsd__left_out left;
        MLSD__TRY(mlsd__leave_out(scope, s, out->value, p->n_groups, (uint64_t)p->seed, &left));
        bca_shares(sorted, n, out->value, left.acceleration, tail, share);
        if (isnan(share[0]) || isnan(share[1])) return MLSD_OK;
    }
    out->low = mlsd__quantile_sorted(sorted, n, share[0]);
    out->high = mlsd__quantile_sorted(sorted, n, share[1]);
    if (p->method == BASIC) {
        const double low = 2 * out->value - out->high;
        out->high = 2 * out->value - out->low;
        out->low = low;
    }
    return MLSD_OK;
}

/* Efron & Tibshirani (1993), section 12.5; `t` becomes the studentized replicates. */
static mlsd_status studentized_limits(mlsd__scope *scope, const bootstrap_params *p,
                                      const mlsd__statistic *s, const replicas *r, double mean,
                                      double se, mlsd__resampled *out)
{
    const double tail = (1 - p->level) / 2;
    for (int64_t b = 0; b < r->n; b++) {
        r->se[b] = r->se[b] > 0 ? (r->mean[b] - mean) / r->se[b] : NAN;
    }
    const int64_t n = mlsd__drop_undefined(r->se, r->n);
    if (!((double)(r->n - n) <= tail * (double)r->n)) return MLSD_OK;
    MLSD__TRY(sort(scope, r->se, n));
    out->low = mean - se * mlsd__quantile_sorted(r->se, n, 1 - tail);
    out->high = mean - se * mlsd__quantile_sorted(r->se, n, tail);
    if (s->is_root) {
        out->low = sqrt(fmax(0, out->low));
        out->high = sqrt(fmax(0, out->high));
    }
    return MLSD_OK;
}

static mlsd_status conclude(mlsd__scope *scope, const bootstrap_params *p, const mlsd__statistic *s,
                            replicas *r, double mean, double se, mlsd__resampled *out)
{
    const double tail = (1 - p->level) / 2;
    double replicate_mean, variance;
    if (p->method == STUDENTIZED) {
        MLSD__TRY(studentized_limits(scope, p, s, r, mean, se, out));
    }
    const int64_t n = mlsd__drop_undefined(r->value, r->n);
    if (n < 2) return MLSD_OK;
    mlsd__mean_variance(r->value, NULL, n, 1, &replicate_mean, &variance);
    out->se = sqrt(variance);
    out->bias = replicate_mean - out->value;
    if (p->method == STUDENTIZED || !((double)(r->n - n) <= tail * (double)r->n)) return MLSD_OK;
    if (p->method == NORMAL) {
        const double z = mlsd__normal_quantile(1 - tail);
        out->low = out->value - out->bias - z * out->se;
        out->high = out->value - out->bias + z * out->se;
        return MLSD_OK;
    }
    MLSD__TRY(sort(scope, r->value, n));
    return quantile_limits(scope, p, s, r->value, n, out);
}

/* With one unit in each stratum every draw is the same, which says nothing about how sure it is. */
static bool draws_vary(const mlsd__statistic *s)
{
    for (int64_t h = 0; h < s->n_strata; h++) {
        if (s->sizes[h] > 1) return true;
    }
    return false;
}

static mlsd_status run_bootstrap(mlsd__scope *scope, const mlsd_spec *how, const mlsd__statistic *s,
                                 double *replicates, mlsd__resampled *out)
{
    const bootstrap_params *const p = mlsd__spec_params(how);
    const mlsd__allocator *const a = scope->allocator;
    replicas r = {.s = s, .n = p->n_resamples};
    double mean, se;
    MLSD__TRY(mlsd__statistic_value(scope, s, &out->value, &mean, &se));
    mlsd_status status = MLSD_E_NOMEM;
    r.value = mlsd__alloc_raw(a, r.n, sizeof *r.value);
    if (r.value == NULL) goto out;
    if (p->method == STUDENTIZED) {
        r.mean = mlsd__alloc_raw(a, r.n, sizeof *r.mean);
        if (r.mean == NULL) goto out;
        r.se = mlsd__alloc_raw(a, r.n, sizeof *r.se);
        if (r.se == NULL) goto out;
    }
    status = draw_all(scope, &r, (uint64_t)p->seed);
    if (status != MLSD_OK) goto out;
    if (replicates != NULL) memcpy(replicates, r.value, (size_t)r.n * sizeof *r.value);
    if (!isnan(out->value) && draws_vary(s)) status = conclude(scope, p, s, &r, mean, se, out);
out:
    mlsd__free(a, r.value);
    mlsd__free(a, r.mean);
    mlsd__free(a, r.se);
    return status;
}

static bool bootstrap_needs_spread(const mlsd_spec *how)
{
    return ((const bootstrap_params *)mlsd__spec_params(how))->method == STUDENTIZED;
}

static int64_t bootstrap_n_replicates(const mlsd_spec *how)
{
    return ((const bootstrap_params *)mlsd__spec_params(how))->n_resamples;
}

static const char *bootstrap_metric_name(const mlsd_spec *how)
{
    return ((const bootstrap_params *)mlsd__spec_params(how))->metric_name;
}

static const mlsd__interval_ops bootstrap_interval_ops = {
    .metric_name = bootstrap_metric_name,
    .needs_spread = bootstrap_needs_spread,
    .n_replicates = bootstrap_n_replicates,
    .run = run_bootstrap,
};

const mlsd__slot mlsd__interval_slots[1] = {
    {"metric", "metric", 0,
     "what is asked for, with its parameters; without one and without metric_name the mean of y"},
};

const mlsd_kind mlsd__kind_bootstrap_interval = {
    .name = "bootstrap_interval",
    .family = "interval",
    .doc = "interval of a metric or a mean by rows, or clusters of rows, drawn with replacement",
    .params = bootstrap_table,
    .n_params = MLSD__COUNT(bootstrap_table),
    .params_size = sizeof(bootstrap_params),
    .slots = mlsd__interval_slots,
    .n_slots = 1,
    .ops = &bootstrap_interval_ops,
};

typedef struct jackknife_params {
    char *metric_name;
    int64_t n_groups, seed;
    double level;
} jackknife_params;

static const mlsd_param jackknife_table[] = {
    MLSD__P_STR(jackknife_params, metric_name, "null",
                "what is asked for, by its name, such as f1_macro; null: the child metric"),
    MLSD__P_I64(jackknife_params, n_groups, 0, 10000000, "1000", "log",
                "of metrics that are no means: groups of rows that are left out in turn; 0: each "
                "row"),
    MLSD__P_F64(jackknife_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "share of such intervals that hold the true value"),
    MLSD__P_I64(jackknife_params, seed, 0, UINT32_MAX, "0", NULL, "seed of the groups"),
};

static mlsd_status run_jackknife(mlsd__scope *scope, const mlsd_spec *how, const mlsd__statistic *s,
                                 double *replicates, mlsd__resampled *out)
{
    const jackknife_params *const p = mlsd__spec_params(how);
    mlsd__left_out left;
    double mean, se;
    (void)replicates;
    MLSD__TRY(mlsd__statistic_value(scope, s, &out->value, &mean, &se));
    if (isnan(out->value)) return MLSD_OK;
    MLSD__TRY(mlsd__leave_out(scope, s, out->value, p->n_groups, (uint64_t)p->seed, &left));
    mlsd__estimate e = {.value = out->value, .se = left.se, .df = left.df};
    mlsd__estimate_interval(&e, p->level, -INFINITY, INFINITY);
    out->low = e.low;
    out->high = e.high;
    out->se = left.se;
    out->bias = left.bias;
    return MLSD_OK;
}

static bool jackknife_needs_spread(const mlsd_spec *how)
{
    (void)how;
    return false;
}

static int64_t jackknife_n_replicates(const mlsd_spec *how)
{
    (void)how;
    return 0;
}

static const char *jackknife_metric_name(const mlsd_spec *how)
{
    return ((const jackknife_params *)mlsd__spec_params(how))->metric_name;
}

static const mlsd__interval_ops jackknife_interval_ops = {
    .metric_name = jackknife_metric_name,
    .needs_spread = jackknife_needs_spread,
    .n_replicates = jackknife_n_replicates,
    .run = run_jackknife,
};

const mlsd_kind mlsd__kind_jackknife_interval = {
    .name = "jackknife_interval",
    .family = "interval",
    .doc = "interval of a metric or a mean by rows, or clusters of rows, left out in turn; for "
           "metrics that change smoothly with the rows",
    .params = jackknife_table,
    .n_params = MLSD__COUNT(jackknife_table),
    .params_size = sizeof(jackknife_params),
    .slots = mlsd__interval_slots,
    .n_slots = 1,
    .ops = &jackknife_interval_ops,
};
