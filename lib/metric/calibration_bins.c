/* calibration_bins.c - filling bins, and the sums over them that more than one metric needs. */
#include "metric/calibration_bins.h"

#include <math.h>

#include "data/table_impl.h"
#include "numeric/rank.h"

enum { UNIFORM, QUANTILE };
const char *const mlsd__bin_strategies[] = {"uniform", "quantile", NULL};

void mlsd__bins_free(mlsd__bins *b, const mlsd__allocator *a)
{
    mlsd__free(a, b->bin);
    b->bin = NULL;
}

double mlsd__bins_row(const mlsd__bins *b, int64_t row, double *out_y)
{
    const int64_t k = b->s->n_classes;
    const double *const p = b->s->prediction + row * k;
    int64_t c = b->which;
    if (c == MLSD__MOST_PROBABLE) {
        c = 0;
        for (int64_t j = 1; j < k; j++) c = p[j] > p[c] ? j : c;
    }
    *out_y = b->s->y[row] == (double)c;
    return p[c];
}

/* Quantiles of the probabilities of rows that weigh anything; their weights do not count, as in
 * scikit-learn's calibration_curve. */
static mlsd_status set_quantiles(mlsd__scope *scope, mlsd__bins *b)
{
    const mlsd__allocator *const a = scope->allocator;
    const double *const w = b->s->weight;
    int64_t n = 0; /* rows that weigh anything */
    for (int64_t i = 0; i < b->s->n; i++) n += w == NULL || w[i] > 0;
    if (n == 0) return MLSD_OK;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const q = mlsd__alloc_raw(a, n, 2 * sizeof *q);
    double *const sorted = q == NULL ? NULL : q + n;
    mlsd_status status = order != NULL && q != NULL ? MLSD_OK : MLSD_E_NOMEM;
    double y;
    for (int64_t i = 0, k = 0; i < b->s->n && status == MLSD_OK; i++) {
        if (w == NULL || w[i] > 0) q[k++] = mlsd__bins_row(b, i, &y);
    }
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, q, n, order);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) sorted[i] = q[order[i]];
    for (int64_t k = 0; k < b->n && status == MLSD_OK; k++) {
        b->bin[k].low = mlsd__quantile_sorted(sorted, n, (double)k / (double)b->n);
        b->bin[k].high = mlsd__quantile_sorted(sorted, n, (double)(k + 1) / (double)b->n);
    }
    mlsd__free(a, order);
    mlsd__free(a, q);
    return status;
}

/* The first bin whose upper edge is not below x, as scikit-learn's calibration_curve. */
const mlsd__bin *mlsd__bins_at(const mlsd__bins *b, double x)
{
    int64_t low = 0, high = b->n - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (b->bin[middle].high < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return &b->bin[low];
}

static void add_row(mlsd__bin *b, double w, double q, double y)
{
    const double u = y - q;
    b->n += 1;
    b->w += w;
    b->w2 += w * w;
    b->wq += w * q;
    b->wy += w * y;
    b->wu += w * u;
    b->wuu += w * u * u;
    b->w2u += w * w * u;
    b->w2uu += w * w * u * u;
    b->wqq += w * q * q;
    b->wqy += w * q * y;
}

mlsd_status mlsd__bins_new(mlsd__scope *scope, const mlsd__calibration_params *p,
                           const mlsd__scored *s, int64_t which, mlsd__bins *out)
{
    *out = (mlsd__bins){.s = s, .which = which, .n = p->n_bins};
    out->bin = mlsd__alloc(scope->allocator, p->n_bins, sizeof *out->bin);
    if (out->bin == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < out->n; k++) {
        const double width = 1 / (double)out->n; /* the edges of NumPy's linspace, to the bit */
        out->bin[k].low = (double)k * width;
        out->bin[k].high = k + 1 == out->n ? 1 : (double)(k + 1) * width;
    }
    mlsd_status status = MLSD_OK;
    if (p->strategy == QUANTILE && s->n > 0) status = set_quantiles(scope, out);
    for (int64_t i = 0; i < s->n && status == MLSD_OK; i++) {
        const double w = s->weight == NULL ? 1 : s->weight[i];
        double y;
        const double q = mlsd__bins_row(out, i, &y);
        if (!(w > 0)) continue;
        add_row(&out->bin[mlsd__bins_at(out, q) - out->bin], w, q, y);
        add_row(&out->all, w, q, y);
    }
    if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    if (status != MLSD_OK) mlsd__bins_free(out, scope->allocator);
    return status;
}

double mlsd__bin_gap_variance(const mlsd__bin *b)
{
    if (b->n < 2) return NAN;
    const double n = mlsd__bin_rows(b), mean = mlsd__bin_gap(b);
    if (!(n > 1)) return NAN;
    return fmax(0, b->wuu / b->w - mean * mean) / (n - 1);
}

/* The same of the observed rate. */
static double rate_variance(const mlsd__bin *b)
{
    if (b->n < 2) return NAN;
    const double n = mlsd__bin_rows(b), rate = b->wy / b->w;
    return n > 1 ? rate * (1 - rate) / (n - 1) : NAN;
}

/* The square of a mean less its variance is without bias; 4 d^2 v + 2 v^2 is the variance of that
 * (a U-statistic of order 2), and to it comes how the rows fell into the bins. Sun et al. (2023),
 * "Minimum-risk recalibration of classifiers", have the first two. */
void mlsd__bins_square(const mlsd__bins *b, mlsd__bin_distance distance, mlsd__bin_square *out)
{
    const double base = b->all.wy / b->all.w;
    double between = 0;
    *out = (mlsd__bin_square){0};
    for (int64_t k = 0; k < b->n; k++) {
        const mlsd__bin *const bin = &b->bin[k];
        if (!(bin->w > 0)) continue;
        const bool to_base = distance == MLSD__TO_BASE_RATE;
        const double share = bin->w / b->all.w;
        const double d = to_base ? bin->wy / bin->w - base : mlsd__bin_gap(bin);
        const double v = to_base ? rate_variance(bin) : mlsd__bin_gap_variance(bin);
        out->plain += share * d * d;
        out->debiased += share * (d * d - (isnan(v) ? 0 : v));
        if (!isnan(v)) out->variance += share * share * (4 * d * d * v + 2 * v * v);
        between += share * d * d * d * d;
    }
    out->variance += fmax(0, between - out->plain * out->plain) / mlsd__bin_rows(&b->all);
}

/* Murphy (1973), J. Applied Meteorology 12:595, with what varies within bins (Stephenson, Coelho &
 * Jolliffe 2008, Weather and Forecasting 23:752): score = reliability - resolution + uncertainty +
 * within. Corrected for chance by Ferro & Fricker (2012), QJRMS 138:1954. */
void mlsd__bins_brier(const mlsd__bins *b, double *plain, double *corrected)
{
    const double rate = b->all.wy / b->all.w, n = mlsd__bin_rows(&b->all);
    double value[MLSD__N_BRIER_PARTS] = {0}, chance = 0;
    for (int64_t k = 0; k < b->n; k++) {
        const mlsd__bin *const bin = &b->bin[k];
        if (!(bin->w > 0)) continue;
        const double share = bin->w / b->all.w, y = bin->wy / bin->w, q = bin->wq / bin->w;
        const double variance = rate_variance(bin);
        value[MLSD__RELIABILITY] += share * (q - y) * (q - y);
        value[MLSD__RESOLUTION] += share * (y - rate) * (y - rate);
        value[MLSD__WITHIN] +=
            share * ((bin->wqq / bin->w - q * q) - 2 * (bin->wqy / bin->w - q * y));
        if (!isnan(variance)) chance += share * variance;
    }
    value[MLSD__UNCERTAINTY] = rate * (1 - rate);
    value[MLSD__BRIER_SCORE] = b->all.wuu / b->all.w;
    const double unseen = b->all.n > 1 && n > 1 ? value[MLSD__UNCERTAINTY] / (n - 1) : NAN;
    for (int i = 0; i < MLSD__N_BRIER_PARTS; i++) plain[i] += value[i];
    value[MLSD__RELIABILITY] -= chance;
    value[MLSD__RESOLUTION] += unseen - chance;
    value[MLSD__UNCERTAINTY] += unseen;
    for (int i = 0; i < MLSD__N_BRIER_PARTS; i++) corrected[i] += value[i];
}

mlsd_status mlsd__put_brier(const double *plain, const double *corrected, mlsd__measured *out)
{
    static const char *const terms[] = {"reliability", "resolution", "uncertainty", "within",
                                        "score"};
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd__table_new(out->allocator, &table));
    mlsd_status status = mlsd_table_set_str(table, "term", terms, MLSD__N_BRIER_PARTS);
    if (status == MLSD_OK) {
        status = mlsd_table_set_f64(table, "value", plain, MLSD__N_BRIER_PARTS);
    }
    if (status == MLSD_OK) {
        status = mlsd_table_set_f64(table, "corrected", corrected, MLSD__N_BRIER_PARTS);
    }
    if (status == MLSD_OK) return mlsd__measured_table(out, "brier", table);
    mlsd_table_free(table);
    return status;
}
