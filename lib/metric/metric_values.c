/* metric_values.c - many outputs, an output at a time, and how they are put together; quantiles
 * with weights. The average of outputs has a standard error because each output says by how much
 * each row moves it, and those moves add up. */
#include <math.h>
#include <string.h>

#include "metric/values.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

const char *const mlsd__mean_choices[] = {"uniform_average", "raw_values", NULL};
const char *const mlsd__multioutput_choices[] = {"uniform_average", "variance_weighted",
                                                 "raw_values", NULL};

mlsd_status mlsd__values_check_columns(const mlsd__shape *shape, int64_t cols, const char *what)
{
    if (shape->y_cols != 1) {
        return mlsd__fail(MLSD_E_SHAPE, "y must be n x 1 for this metric, got %lld columns",
                          (long long)shape->y_cols);
    }
    if (shape->prediction_cols == cols) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "prediction must be n x %lld%s, got %lld columns",
                      (long long)cols, what, (long long)shape->prediction_cols);
}

mlsd_status mlsd__values_check(const void *params, const mlsd__shape *shape)
{
    const mlsd__value_params *const p = params;
    if (shape->prediction_cols != shape->y_cols) {
        return mlsd__fail(MLSD_E_SHAPE, "prediction must have as many columns as y, %lld, got %lld",
                          (long long)shape->y_cols, (long long)shape->prediction_cols);
    }
    if (p->output_weights.n > 0 && p->output_weights.n != shape->y_cols) {
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'output_weights' has %lld numbers for %lld outputs",
                          (long long)p->output_weights.n, (long long)shape->y_cols);
    }
    double sum = 0;
    for (int64_t j = 0; j < p->output_weights.n; j++) sum += p->output_weights.values[j];
    if (p->output_weights.n > 0 && !(sum > 0)) {
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'output_weights' are all 0; one must be positive");
    }
    return MLSD_OK;
}

static mlsd_status sorted_of(mlsd__scope *scope, const double *x, const mlsd__column *c,
                             double *values, double *weights)
{
    int64_t *const order = mlsd__alloc_raw(scope->allocator, c->n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort_rows(scope, x, c->n, order);
    for (int64_t i = 0; status == MLSD_OK && i < c->n; i++) {
        values[i] = x[order[i]];
        if (c->weight != NULL) weights[i] = c->weight[order[i]];
    }
    mlsd__free(scope->allocator, order);
    return status;
}

/* Smallest value with at least a share q of the weight at or below it. */
static double inverse_share(const double *values, const double *weights, int64_t n, double total,
                            double q)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += weights[i];
        if (sum >= q * total) return values[i];
    }
    return values[n - 1];
}

/* Hoare (1961), Comm. ACM 4:321: x[k] becomes the k-th smallest, with none greater before it and
 * none smaller behind. false where bad luck would make it slow; x is then in some other order. */
static bool select_nth(double *x, int64_t low, int64_t high, int64_t k)
{
    for (int64_t left = 8 * (high - low + 1) + 64; low < high;) {
        left -= high - low + 1;
        if (left < 0) return false;
        const double a = x[low], b = x[low + (high - low) / 2], c = x[high];
        const double pivot = fmax(fmin(a, b), fmin(fmax(a, b), c)); /* the middle one */
        int64_t i = low, j = high;
        while (i <= j) {
            while (x[i] < pivot) i++;
            while (x[j] > pivot) j--;
            if (i > j) break;
            const double swap = x[i];
            x[i++] = x[j];
            x[j--] = swap;
        }
        if (k <= j) {
            high = j;
        } else if (k >= i) {
            low = i;
        } else {
            return true;
        }
    }
    return true;
}

/* Type 7 by selection: the two neighbours and what lies between. false: sort after all. */
static bool quantile_by_selection(double *x, int64_t n, double q, double *out)
{
    const double at = q * (double)(n - 1);
    const int64_t k = (int64_t)at;
    if (!select_nth(x, 0, n - 1, k)) return false;
    double next = x[k];
    if (k + 1 < n) {
        next = x[k + 1];
        for (int64_t i = k + 2; i < n; i++) next = fmin(next, x[i]);
    }
    *out = mlsd__between(x[k], next, at - (double)k);
    return true;
}

/* All of them by selection where weights are equal; *out_done false where that was slow. */
static mlsd_status select_quantiles(mlsd__scope *scope, double *x, int64_t n, const double *q,
                                    int64_t n_q, double *out, bool *out_done)
{
    *out_done = true;
    for (int64_t k = 0; *out_done && k < n_q; k++) {
        *out_done = quantile_by_selection(x, n, q[k], &out[k]);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

mlsd_status mlsd__weighted_quantile(mlsd__scope *scope, const double *x, const mlsd__column *c,
                                    const double *q, int64_t n_q, double *out)
{
    const mlsd__allocator *const a = scope->allocator;
    bool done = false;
    double *const values = mlsd__alloc_raw(a, 2 * c->n, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    double *const weights = values + c->n;
    mlsd_status status = MLSD_OK;
    if (c->weight == NULL) {
        memcpy(values, x, (size_t)c->n * sizeof *x);
        status = select_quantiles(scope, values, c->n, q, n_q, out, &done);
    }
    if (status == MLSD_OK && !done) status = sorted_of(scope, x, c, values, weights);
    double total = 0; /* in the order of the values, so that the whole weight is reached */
    for (int64_t i = 0; status == MLSD_OK && c->weight != NULL && i < c->n; i++) {
        total += weights[i];
    }
    for (int64_t k = 0; status == MLSD_OK && !done && k < n_q; k++) {
        out[k] = c->weight == NULL ? mlsd__quantile_sorted(values, c->n, q[k])
                                   : inverse_share(values, weights, c->n, total, q[k]);
    }
    mlsd__free(a, values);
    return status;
}

/* ---- one output ---- */

static double mean_of(const mlsd__column *c, const double *x)
{
    return c->weight == NULL ? mlsd__sum(x, c->n) / (double)c->n
                             : mlsd__dot(c->weight, x, c->n) / c->total;
}

static void losses_of(const mlsd__value_metric *m, const mlsd__column *c, double *out)
{
    const mlsd__scored s = {.n = c->n,
                            .y = c->y,
                            .prediction = c->prediction,
                            .params = &c->params,
                            .y_cols = 1,
                            .prediction_cols = 1};
    m->loss(&s, NULL, 0, c->n, out);
}

static mlsd_status outside_domain(const mlsd__value_metric *m)
{
    return mlsd__fail(MLSD_E_DATA, "a row has no finite loss; this metric takes %s",
                      m->domain == NULL ? "finite numbers whose squares are finite" : m->domain);
}

/* The mean of the losses, or its root. */
static mlsd_status measure_mean(const mlsd__value_metric *m, const mlsd__column *c, double level,
                                mlsd__estimate *out, double *influence)
{
    losses_of(m, c, influence);
    out->value = mean_of(c, influence);
    if (isnan(out->value)) return outside_domain(m);
    for (int64_t i = 0; i < c->n; i++) influence[i] -= out->value;
    mlsd__estimate_from_influence(influence, c->weight, c->n, out);
    mlsd__estimate_interval(out, level, 0, INFINITY);
    if (!m->is_root) return MLSD_OK;
    out->value = sqrt(out->value);
    out->low = sqrt(out->low);
    out->high = sqrt(out->high);
    if (!(out->value > 0)) return MLSD_OK;
    out->se /= 2 * out->value;
    for (int64_t i = 0; i < c->n; i++) influence[i] /= 2 * out->value;
    return MLSD_OK;
}

static void centre_errors(const mlsd__column *c, double *l)
{
    for (int64_t i = 0; i < c->n; i++) l[i] = c->y[i] - c->prediction[i];
    const double mean = mean_of(c, l);
    for (int64_t i = 0; i < c->n; i++) l[i] = (l[i] - mean) * (l[i] - mean);
}

/* 1 - A / B with A the mean loss and B that of the best constant. Row i moves it by
 * -(l - (A / B) l0) / B: that the constant is estimated too does not matter, because B is smallest
 * there. What moves B itself is left in l0. */
static mlsd_status measure_skill(mlsd__scope *scope, const mlsd__value_metric *m,
                                 const mlsd__column *c, double level, mlsd__estimate *out,
                                 double *influence, double *l0, bool *out_known)
{
    if (m->centres) {
        centre_errors(c, influence);
    } else {
        losses_of(m, c, influence);
    }
    MLSD__TRY(m->reference(scope, c, l0));
    out->numerator = mean_of(c, influence);
    if (isnan(out->numerator)) return outside_domain(m);
    out->denominator = mean_of(c, l0);
    out->df = (double)c->n - 1;
    *out_known = out->denominator > 0;
    if (!*out_known) return MLSD_OK;
    const double b = out->denominator, ratio = out->numerator / b;
    out->value = 1 - ratio;
    for (int64_t i = 0; i < c->n; i++) {
        influence[i] = -(influence[i] - ratio * l0[i]) / b;
        l0[i] -= b;
    }
    mlsd__estimate_from_influence(influence, c->weight, c->n, out);
    mlsd__estimate_interval(out, level, -INFINITY, 1);
    return MLSD_OK;
}

static mlsd_status measure(mlsd__scope *scope, const mlsd__value_metric *m, const mlsd__column *c,
                           double level, mlsd__estimate *out, double *influence, double *l0,
                           bool *out_known)
{
    *out_known = false;
    mlsd__estimate_undefined(out);
    out->support = (double)c->n;
    if (m->measure != NULL) return m->measure(scope, c, level, out, influence, out_known);
    if (m->reference != NULL) {
        return measure_skill(scope, m, c, level, out, influence, l0, out_known);
    }
    *out_known = true;
    return measure_mean(m, c, level, out, influence);
}

/* ---- all outputs ---- */

typedef struct outputs {
    const mlsd__value_params *params;
    mlsd__scored rows;
    int64_t n;    /* rows that weigh more than 0 */
    bool unequal; /* their weights */
    double *y, *prediction, *weight, *influence, *l0;
    double *sum; /* of the influences on the outputs, times their share */
    double total, value, shares;
    double *denominators; /* sum over outputs of the influence on the denominator */
    bool known;
} outputs;

static bool counts(const mlsd__scored *s, int64_t i)
{
    return s->weight == NULL || s->weight[i] > 0;
}

static void read_weights(outputs *o)
{
    const mlsd__scored *const s = &o->rows;
    double first = NAN;
    for (int64_t i = 0; i < s->n; i++) {
        if (!counts(s, i)) continue;
        const double w = s->weight == NULL ? 1 : s->weight[i];
        if (o->n == 0) first = w;
        o->unequal |= w != first;
        o->weight[o->n++] = w;
    }
    o->total = o->unequal ? mlsd__sum(o->weight, o->n) : (double)o->n;
}

static void read_column(outputs *o, int64_t j)
{
    const mlsd__scored *const s = &o->rows;
    const int64_t y_cols = s->y_cols, cols = s->prediction_cols, of_y = y_cols == 1 ? 0 : j;
    int64_t k = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (!counts(s, i)) continue;
        o->y[k] = s->y[i * y_cols + of_y];
        o->prediction[k++] = s->prediction[i * cols + j];
    }
}

/* Value and moves of the weighted sum of outputs: sum a v / sum a, where a may move as well. */
static void put_output(outputs *o, int64_t j, const mlsd__estimate *e, bool known)
{
    const mlsd__value_params *const p = o->params;
    if (isnan(e->value)) return; /* an average leaves out what is undefined */
    const bool by_variance = p->multioutput == MLSD__VARIANCE_WEIGHTED;
    const double share = by_variance               ? e->denominator
                         : p->output_weights.n > 0 ? p->output_weights.values[j]
                                                   : 1;
    o->value += share * e->value;
    o->shares += share;
    o->known &= known;
    for (int64_t i = 0; known && i < o->n; i++) {
        o->sum[i] += share * o->influence[i] + (by_variance ? e->value * o->l0[i] : 0);
        o->denominators[i] += by_variance ? o->l0[i] : 0;
    }
}

static void put_together(outputs *o, const mlsd__metric_ops *metric, double level,
                         mlsd__estimate *out)
{
    const mlsd__value_metric *const m = metric->data;
    if (!(o->shares > 0)) return;
    out->value = o->value / o->shares;
    if (!o->known) return;
    for (int64_t i = 0; i < o->n; i++) {
        o->sum[i] = (o->sum[i] - out->value * o->denominators[i]) / o->shares;
    }
    mlsd__estimate_from_influence(o->sum, o->unequal ? o->weight : NULL, o->n, out);
    const bool is_skill = m->reference != NULL;
    mlsd__estimate_interval(out, level, is_skill ? -INFINITY : 0, is_skill ? 1 : INFINITY);
}

static mlsd_status each_output(mlsd__scope *scope, const mlsd__finish *f, outputs *o,
                               mlsd__measured *out)
{
    const int64_t n_outputs = o->rows.prediction_cols;
    const bool is_raw = o->params->multioutput == MLSD__RAW_VALUES && n_outputs > 1;
    for (int64_t j = 0; j < n_outputs; j++) {
        mlsd__column c = {.n = o->n,
                          .y = o->y,
                          .prediction = o->prediction,
                          .weight = o->unequal ? o->weight : NULL,
                          .total = o->total,
                          .params = *o->params};
        mlsd__estimate e;
        bool known = false;
        if (c.params.quantiles.n > 0) {
            c.params.alpha = c.params.quantiles.values[j];
            c.params.quantiles.n = 0;
        }
        read_column(o, j);
        MLSD__TRY(measure(scope, f->metric->data, &c, f->level, &e, o->influence, o->l0, &known));
        if (n_outputs == 1) out->estimate = e;
        if (f->wants_parts && n_outputs > 1) MLSD__TRY(mlsd__measured_part(out, j, &e));
        if (n_outputs > 1 && !is_raw) put_output(o, j, &e, known);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    if (n_outputs > 1 && !is_raw) put_together(o, f->metric, f->level, &out->estimate);
    return MLSD_OK;
}

mlsd_status mlsd__values_finish_rows(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const mlsd__allocator *const a = scope->allocator;
    outputs o = {.params = f->params, .known = true};
    mlsd__rows_read(f->state, f->slot, f->metric, &o.rows);
    const int64_t n = o.rows.n;
    if (n == 0) return MLSD_OK;
    const bool many = o.rows.prediction_cols > 1;
    double *const room = mlsd__alloc_raw(a, n, (many ? 7 : 5) * sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    o.y = room;
    o.prediction = room + n;
    o.weight = room + 2 * n;
    o.influence = room + 3 * n;
    o.l0 = room + 4 * n;
    if (many) {
        o.sum = room + 5 * n;
        o.denominators = room + 6 * n;
        memset(o.sum, 0, 2 * (size_t)n * sizeof *o.sum);
    }
    read_weights(&o);
    mlsd_status status = MLSD_OK;
    if (o.n > 0) status = each_output(scope, f, &o, out);
    out->estimate.support = (double)o.n;
    mlsd__free(a, room);
    return status;
}

static bool is_one_column(const mlsd__shape *shape)
{
    return shape->y_cols == 1 && shape->prediction_cols == 1;
}

const mlsd__summary_ops *mlsd__values_choose(const void *params, const mlsd__shape *shape)
{
    (void)params;
    return is_one_column(shape) ? &mlsd__summary_row_loss : &mlsd__summary_rows;
}

mlsd_status mlsd__values_finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    if (mlsd__values_choose(f->params, f->shape) == &mlsd__summary_rows) {
        return mlsd__values_finish_rows(scope, f, out);
    }
    MLSD__TRY(mlsd__row_loss_finish(scope, f, out));
    if (out->estimate.support > 0 && isnan(out->estimate.value)) {
        return outside_domain(f->metric->data);
    }
    return MLSD_OK;
}
