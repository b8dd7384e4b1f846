/* metric_calibration.c - calibration_error: how far probabilities of class 1 are from what happens,
 * by bins; and with them the parts of the Brier score.
 *
 * Norms: l1 is the expected calibration error (Naeini, Cooper & Hauskrecht 2015, AAAI), l2 its root
 * mean square, max the largest of the bins. The plug-in values are too large, since even perfect
 * forecasts miss the observed rate by chance: `debiased` takes that off, for l2 exactly and for l1
 * by the normal approximation (Kumar, Liang & Ma 2019, NeurIPS; the folded normal's mean in closed
 * form). The interval of l1 is the t interval of the mean of the rows' signed misses, of l2 the
 * normal one of the debiased square with the variance of its bins' U-statistics (Sun et al. 2023);
 * max has none. Rows' weights enter bins as effective numbers of rows. */
#include <math.h>

#include "data/table_impl.h"
#include "metric/summary.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"

enum { UNIFORM, QUANTILE };
static const char *const strategies[] = {"uniform", "quantile", NULL};
enum { L1, L2, MAX };
static const char *const norms[] = {"l1", "l2", "max", NULL};

typedef struct calibration_params {
    int64_t n_bins, strategy, norm, debiased;
} calibration_params;

/* Sums of a bin; u is the outcome less the probability. */
typedef struct bin {
    double low, high, n, w, w2, wp, wy, wu, wuu, w2u, w2uu, wpp, wpy;
} bin;

static double gap(const bin *b)
{
    return b->wu / b->w;
}

static double effective(const bin *b)
{
    return b->w * b->w / b->w2;
}

/* Sample variance of u in a bin, over its effective rows: of the gap. NaN below two rows. */
static double gap_variance(const bin *b)
{
    const double n = effective(b), mean = gap(b);
    if (b->n < 2 || !(n > 1)) return NAN;
    return fmax(0, b->wuu / b->w - mean * mean) / (n - 1);
}

static mlsd_status set_edges(mlsd__scope *scope, const calibration_params *p, const mlsd__scored *s,
                             bin *bins)
{
    const mlsd__allocator *const a = scope->allocator;
    const double n = (double)p->n_bins;
    for (int64_t b = 0; b < p->n_bins; b++) {
        bins[b].low = (double)b / n;
        bins[b].high = (double)(b + 1) / n;
    }
    if (p->strategy == UNIFORM || s->n == 0) return MLSD_OK;
    int64_t *const order = mlsd__alloc_raw(a, s->n, sizeof *order);
    double *const score = mlsd__alloc_raw(a, s->n, 2 * sizeof *score);
    mlsd_status status = order != NULL && score != NULL ? MLSD_OK : MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->n && status == MLSD_OK; i++) score[i] = s->prediction[2 * i + 1];
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, score, s->n, order);
    if (status == MLSD_OK) {
        double *const sorted = score + s->n;
        for (int64_t i = 0; i < s->n; i++) sorted[i] = score[order[i]];
        for (int64_t b = 0; b < p->n_bins; b++) {
            bins[b].low = mlsd__quantile_sorted(sorted, s->n, (double)b / n);
            bins[b].high = mlsd__quantile_sorted(sorted, s->n, (double)(b + 1) / n);
        }
    }
    mlsd__free(a, order);
    mlsd__free(a, score);
    return status;
}

/* The first bin whose upper edge is not below x, as scikit-learn's calibration_curve. */
static int64_t bin_of(const bin *bins, int64_t n, double x)
{
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (bins[middle].high < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void fill_bins(const calibration_params *p, const mlsd__scored *s, bin *bins, bin *all)
{
    for (int64_t i = 0; i < s->n; i++) {
        const double w = s->weight == NULL ? 1 : s->weight[i];
        const double q = s->prediction[2 * i + 1], y = s->y[i], u = y - q;
        if (!(w > 0)) continue;
        bin *const into[] = {&bins[bin_of(bins, p->n_bins, q)], all};
        for (int k = 0; k < 2; k++) {
            bin *const b = into[k];
            b->n += 1;
            b->w += w;
            b->w2 += w * w;
            b->wp += w * q;
            b->wy += w * y;
            b->wu += w * u;
            b->wuu += w * u * u;
            b->w2u += w * w * u;
            b->w2uu += w * w * u * u;
            b->wpp += w * q * q;
            b->wpy += w * q * y;
        }
    }
}

/* Mean of |x| where x is normal. */
static double folded_mean(double mean, double sd)
{
    if (!(sd > 0)) return fabs(mean);
    const double z = mean / sd;
    return sd * 0.79788456080286535588 * mlsd__exp(-z * z / 2) +
           mean * (1 - 2 * mlsd__normal_cdf(-z));
}

static void finish_l1(const calibration_params *p, const bin *bins, const bin *all, double level,
                      mlsd__estimate *e)
{
    double value = 0, bias = 0, squares = 0;
    for (int64_t k = 0; k < p->n_bins; k++) {
        const bin *const b = &bins[k];
        if (!(b->w > 0)) continue;
        const double share = b->w / all->w, g = fabs(gap(b)), variance = gap_variance(b);
        value += share * g;
        if (!isnan(variance)) bias += share * (folded_mean(g, sqrt(variance)) - g);
    }
    for (int64_t k = 0; k < p->n_bins; k++) {
        const double sign = bins[k].wu < 0 ? -1 : 1;
        squares += bins[k].w2uu - 2 * value * sign * bins[k].w2u + value * value * bins[k].w2;
    }
    e->value = p->debiased ? fmax(0, value - bias) : value;
    e->df = all->n - 1;
    if (all->n >= 2) e->se = sqrt(fmax(0, squares) * (all->n / (all->n - 1))) / all->w;
    mlsd__estimate_interval(e, level, 0, 1);
}

static void finish_l2(const calibration_params *p, const bin *bins, const bin *all, double level,
                      mlsd__estimate *e)
{
    double plain = 0, square = 0, variance = 0, between = 0;
    for (int64_t k = 0; k < p->n_bins; k++) {
        const bin *const b = &bins[k];
        if (!(b->w > 0)) continue;
        const double share = b->w / all->w, g = gap(b), v = gap_variance(b);
        plain += share * g * g;
        square += share * (g * g - (isnan(v) ? 0 : v));
        if (!isnan(v)) variance += share * share * (4 * g * g * v + 2 * v * v);
        between += share * g * g * g * g;
    }
    variance += fmax(0, between - plain * plain) / effective(all);
    e->value = sqrt(p->debiased ? fmax(0, square) : plain);
    if (isnan(level)) return;
    const double half = mlsd__normal_quantile(0.5 + level / 2) * sqrt(variance);
    e->low = sqrt(fmax(0, square - half));
    e->high = sqrt(fmin(1, fmax(0, square) + half));
    if (e->value > 0) e->se = sqrt(variance) / (2 * e->value);
    e->df = INFINITY;
}

static void finish_max(const calibration_params *p, const bin *bins, mlsd__estimate *e)
{
    e->value = 0;
    for (int64_t k = 0; k < p->n_bins; k++) {
        if (bins[k].w > 0) e->value = fmax(e->value, fabs(gap(&bins[k])));
    }
}

enum { BIN_COLUMNS = 8 };
static const char *const bin_names[BIN_COLUMNS] = {
    "low", "high", "n", "weight", "mean_prediction", "rate", "rate_low", "rate_high"};

static mlsd_status put_bins(const calibration_params *p, const bin *bins, double level,
                            mlsd__measured *out)
{
    const mlsd__allocator *const a = out->allocator;
    mlsd_table *table = NULL;
    double *const cells = mlsd__alloc_raw(a, p->n_bins, BIN_COLUMNS * sizeof *cells);
    mlsd_status status = cells == NULL ? MLSD_E_NOMEM : mlsd__table_new(a, &table);
    for (int64_t k = 0; k < p->n_bins && status == MLSD_OK; k++) {
        const bin *const b = &bins[k];
        mlsd__estimate e;
        mlsd__estimate_share(fmin(b->wy, b->w), b->w, b->w2, b->n, level, &e);
        const double row[BIN_COLUMNS] = {b->low,       b->high, b->n,  b->w,
                                         b->wp / b->w, e.value, e.low, e.high};
        for (int c = 0; c < BIN_COLUMNS; c++) cells[c * p->n_bins + k] = row[c];
    }
    for (int c = 0; c < BIN_COLUMNS && status == MLSD_OK; c++) {
        status = mlsd_table_set_f64(table, bin_names[c], cells + c * p->n_bins, p->n_bins);
    }
    mlsd__free(a, cells);
    if (status == MLSD_OK) return mlsd__measured_table(out, "bins", table);
    mlsd_table_free(table);
    return status;
}

/* Murphy (1973), J. Applied Meteorology 12:595, with what varies within bins (Stephenson, Coelho &
 * Jolliffe 2008, Weather and Forecasting 23:752): score = reliability - resolution + uncertainty +
 * within. Corrected for chance by Ferro & Fricker (2012), QJRMS 138:1954. */
static mlsd_status put_brier(const calibration_params *p, const bin *bins, const bin *all,
                             mlsd__measured *out)
{
    static const char *const terms[] = {"reliability", "resolution", "uncertainty", "within",
                                        "score"};
    const double rate = all->wy / all->w, n = effective(all);
    double value[5] = {0}, corrected[5], chance = 0;
    mlsd_table *table = NULL;
    for (int64_t k = 0; k < p->n_bins; k++) {
        const bin *const b = &bins[k];
        if (!(b->w > 0)) continue;
        const double share = b->w / all->w, y = b->wy / b->w, q = b->wp / b->w, m = effective(b);
        value[0] += share * (q - y) * (q - y);
        value[1] += share * (y - rate) * (y - rate);
        value[3] += share * ((b->wpp / b->w - q * q) - 2 * (b->wpy / b->w - q * y));
        if (b->n > 1 && m > 1) chance += share * y * (1 - y) / (m - 1);
    }
    value[2] = rate * (1 - rate);
    value[4] = all->wuu / all->w;
    const double unseen = all->n > 1 && n > 1 ? value[2] / (n - 1) : NAN;
    corrected[0] = value[0] - chance;
    corrected[1] = value[1] - chance + unseen;
    corrected[2] = value[2] + unseen;
    corrected[3] = value[3];
    corrected[4] = value[4];
    MLSD__TRY(mlsd__table_new(out->allocator, &table));
    mlsd_status status = mlsd_table_set_str(table, "term", terms, 5);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "value", value, 5);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "corrected", corrected, 5);
    if (status == MLSD_OK) return mlsd__measured_table(out, "brier", table);
    mlsd_table_free(table);
    return status;
}

static mlsd_status finish_calibration(mlsd__scope *scope, const mlsd__finish *f,
                                      mlsd__measured *out)
{
    const calibration_params *const p = f->params;
    const mlsd__allocator *const a = scope->allocator;
    mlsd__estimate *const e = &out->estimate;
    mlsd__scored s;
    bin all = {0};
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    bin *const bins = mlsd__alloc(a, p->n_bins, sizeof *bins);
    if (bins == NULL) return MLSD_E_NOMEM;
    mlsd_status status = set_edges(scope, p, &s, bins);
    if (status != MLSD_OK) goto out;
    fill_bins(p, &s, bins, &all);
    status = mlsd__checkpoint(scope);
    e->support = all.n;
    if (status != MLSD_OK || !(all.w > 0)) goto out;
    e->n_rows = effective(&all);
    if (p->norm == L1) finish_l1(p, bins, &all, f->level, e);
    if (p->norm == L2) finish_l2(p, bins, &all, f->level, e);
    if (p->norm == MAX) finish_max(p, bins, e);
    if (f->wants_parts) status = put_bins(p, bins, f->level, out);
    if (f->wants_parts && status == MLSD_OK) status = put_brier(p, bins, &all, out);
out:
    mlsd__free(a, bins);
    return status;
}

static const mlsd_param table[] = {
    MLSD__P_I64(calibration_params, n_bins, 1, 1000000, "10", NULL, "bins of the probabilities"),
    MLSD__P_CHOICE(calibration_params, strategy, strategies, "\"uniform\"",
                   "bins of equal width, or of about as many rows each"),
    MLSD__P_CHOICE(calibration_params, norm, norms, "\"l1\"",
                   "how bins are put together: l1 (mean distance), l2 (root mean square), max"),
    MLSD__P_BOOL(calibration_params, debiased, "false",
                 "take off what perfect probabilities would miss by chance (l1 and l2)"),
};
static const calibration_params defaults = {.n_bins = 10};

static const mlsd__metric_ops calibration_ops = {.params = &defaults,
                                                 .params_size = sizeof(calibration_params),
                                                 .for_classification = true,
                                                 .for_binary_only = true,
                                                 .needs_proba = true,
                                                 .finish = finish_calibration};
const mlsd_kind mlsd__kind_calibration_error = {
    .name = "calibration_error",
    .family = "metric",
    .doc = "distance between probabilities of class 1 and what happens, by bins (table \"bins\", "
           "with Wilson intervals; table \"brier\": reliability, resolution and uncertainty); t "
           "interval",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(calibration_params),
    .ops = &calibration_ops,
    .traits = "{\"tasks\":[\"binary\"],\"direction\":-1}",
};
