/* metric_brier_parts.c - what a Brier score is made of: brier_reliability, brier_resolution,
 * brier_uncertainty and brier_within, so that
 *
 *     brier = reliability - resolution + uncertainty + within
 *
 * to rounding, for any bins (Murphy 1973; Stephenson, Coelho & Jolliffe 2008). Of more than two
 * classes, as brier does, each is the sum over the classes against the rest.
 *
 * Intervals: reliability and resolution are means of squares, so theirs are those of the debiased
 * squares, as of calibration_error with norm l2, the standard deviations of classes being added,
 * which is the widest. Uncertainty of two classes has Wilson's of the base rate, mapped; that of
 * more, and what is within bins, go by the rows' influence. */
#include <math.h>

#include "metric/calibration_bins.h"
#include "numeric/distribution.h"

/* The influence of a row on each part of a class; the plug-in's, at fixed edges. */
static void row_parts(const mlsd__bins *b, int64_t i, double *part)
{
    double y;
    const double q = mlsd__bins_row(b, i, &y), u = y - q, base = b->all.wy / b->all.w;
    const mlsd__bin *const bin = mlsd__bins_at(b, q);
    const double gap = mlsd__bin_gap(bin), rate = bin->wy / bin->w;
    part[MLSD__RELIABILITY] = gap * (2 * u - gap);
    part[MLSD__RESOLUTION] = rate * (2 * y - rate) - base * (2 * y - base);
    part[MLSD__UNCERTAINTY] = y - base * (2 * y - base);
    part[MLSD__WITHIN] =
        u * u - part[MLSD__RELIABILITY] + part[MLSD__RESOLUTION] - part[MLSD__UNCERTAINTY];
}

static mlsd_status spread_by_rows(mlsd__scope *scope, const mlsd__finish *f, int which,
                                  const mlsd__bins *bins, int64_t n_bins, mlsd__estimate *e)
{
    const mlsd__scored *const s = bins[0].s;
    double plain[MLSD__N_BRIER_PARTS] = {0}, unused[MLSD__N_BRIER_PARTS] = {0};
    double *const influence = mlsd__alloc(scope->allocator, s->n, sizeof *influence);
    if (influence == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < n_bins; c++) mlsd__bins_brier(&bins[c], plain, unused);
    for (int64_t i = 0; i < s->n; i++) {
        influence[i] = -plain[which];
        if (s->weight != NULL && !(s->weight[i] > 0)) continue;
        for (int64_t c = 0; c < n_bins; c++) {
            double part[MLSD__N_BRIER_PARTS];
            row_parts(&bins[c], i, part);
            influence[i] += part[which];
        }
    }
    mlsd__estimate_from_influence(influence, s->weight, s->n, e);
    mlsd__free(scope->allocator, influence);
    const bool is_share = which == MLSD__UNCERTAINTY; /* 1 less the sum of squared base rates */
    mlsd__estimate_interval(e, f->level, is_share ? 0 : -INFINITY,
                            is_share ? 1 - 1 / (double)n_bins : INFINITY);
    return MLSD_OK;
}

static void spread_by_squares(const mlsd__finish *f, mlsd__bin_distance distance,
                              const mlsd__bins *bins, int64_t n_bins, mlsd__estimate *e)
{
    double square = 0, sd = 0;
    for (int64_t c = 0; c < n_bins; c++) {
        mlsd__bin_square one;
        mlsd__bins_square(&bins[c], distance, &one);
        square += one.debiased;
        sd += sqrt(one.variance);
    }
    /* The most that is possible: of distances to the outcome, and of those to the base rate. */
    const bool is_binary = n_bins == 1;
    const double most = distance == MLSD__TO_PROBABILITY ? (is_binary ? 1 : 2)
                        : is_binary                      ? 0.25
                                                         : 1 - 1 / (double)n_bins;
    const double half = mlsd__normal_quantile(0.5 + f->level / 2) * sd;
    if (!(sd > 1e-12)) return; /* nothing tells a spread */
    e->se = sd;
    e->df = INFINITY;
    e->low = fmax(0, square - half);
    e->high = fmin(most, fmax(0, square) + half);
}

/* p (1 - p) over an interval of p: largest at 1/2. */
static void spread_by_rate(const mlsd__finish *f, const mlsd__bin *all, mlsd__estimate *e)
{
    mlsd__estimate rate;
    mlsd__estimate_share(fmin(all->wy, all->w), all->w, all->w2, all->n, f->level, &rate);
    const double at_low = rate.low * (1 - rate.low), at_high = rate.high * (1 - rate.high);
    e->low = fmin(at_low, at_high);
    e->high = rate.low < 0.5 && rate.high > 0.5 ? 0.25 : fmax(at_low, at_high);
    e->se = fabs(1 - 2 * rate.value) * rate.se;
    e->df = INFINITY;
}

static mlsd_status finish_bins(mlsd__scope *scope, const mlsd__finish *f, const mlsd__bins *bins,
                               int64_t n_bins, mlsd__measured *out)
{
    const mlsd__calibration_params *const p = f->params;
    const int which = *(const int *)f->metric->data;
    double plain[MLSD__N_BRIER_PARTS] = {0}, corrected[MLSD__N_BRIER_PARTS] = {0};
    mlsd__estimate *const e = &out->estimate;
    e->support = bins[0].all.n;
    if (!(bins[0].all.w > 0)) return MLSD_OK;
    e->n_rows = mlsd__bin_rows(&bins[0].all);
    for (int64_t c = 0; c < n_bins; c++) mlsd__bins_brier(&bins[c], plain, corrected);
    if (f->wants_parts) MLSD__TRY(mlsd__put_brier(plain, corrected, out));
    e->value = p->debiased ? corrected[which] : plain[which];
    if (isnan(f->level)) return MLSD_OK;
    if (which == MLSD__RELIABILITY || which == MLSD__RESOLUTION) {
        spread_by_squares(f, which == MLSD__RELIABILITY ? MLSD__TO_PROBABILITY : MLSD__TO_BASE_RATE,
                          bins, n_bins, e);
        return MLSD_OK;
    }
    if (which == MLSD__UNCERTAINTY && n_bins == 1) {
        spread_by_rate(f, &bins[0].all, e);
        return MLSD_OK;
    }
    return spread_by_rows(scope, f, which, bins, n_bins, e);
}

static mlsd_status finish_part(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__scored s;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    const int64_t n_bins = s.n_classes == 2 ? 1 : s.n_classes;
    mlsd__bins *const bins = mlsd__alloc(a, n_bins, sizeof *bins);
    mlsd_status status = bins == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t c = 0; c < n_bins && status == MLSD_OK; c++) {
        status = mlsd__bins_new(scope, f->params, &s, n_bins == 1 ? 1 : c, &bins[c]);
    }
    if (status == MLSD_OK) status = finish_bins(scope, f, bins, n_bins, out);
    for (int64_t c = 0; c < n_bins && bins != NULL; c++) mlsd__bins_free(&bins[c], a);
    mlsd__free(a, bins);
    return status;
}

static const mlsd_param part_table[] = {
    MLSD__P_BINS,
    MLSD__P_BOOL(mlsd__calibration_params, debiased, "false",
                 "corrected for chance, as Ferro and Fricker (2012) do"),
};
static const mlsd__calibration_params defaults = {.n_bins = 10};
static const int reliability = MLSD__RELIABILITY, resolution = MLSD__RESOLUTION,
                 uncertainty = MLSD__UNCERTAINTY, within = MLSD__WITHIN;

#define KIND(name_, greater_, direction_, doc_)                                                   \
    static const mlsd__metric_ops brier_##name_##_ops = {.params = &defaults,                     \
                                                         .params_size = sizeof defaults,          \
                                                         .data = &(name_),                        \
                                                         .greater_is_better = greater_,           \
                                                         .for_classification = true,              \
                                                         .needs_proba = true,                     \
                                                         .finish = finish_part};                  \
    MLSD__METRIC_KIND_WITH(brier_##name_, part_table, mlsd__calibration_params, MLSD__OF_CLASSES, \
                           direction_, doc_)

KIND(reliability, false, "-1",
     "part of the Brier score: squared distance of the bins' probabilities to what happened "
     "(table \"brier\" has all parts); interval by U-statistics");
KIND(resolution, true, "1",
     "part of the Brier score that is gained: squared distance of the bins' observed rates to the "
     "base rate; interval by U-statistics");
KIND(uncertainty, false, "-1",
     "part of the Brier score that is the data's: base rate x (1 - base rate); Wilson interval of "
     "the base rate, of more than two classes by the influence function");
KIND(within, false, "-1",
     "part of the Brier score from within bins: variance of the probabilities there less twice "
     "their covariance with what happened; t interval by the influence function");
