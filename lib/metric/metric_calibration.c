/* metric_calibration.c - calibration_error: how far probabilities are from what happens, by bins.
 *
 * Of two classes it is asked of the probability of class 1. Of more either of that of the most
 * probable class (confidence: Guo, Pleiss, Sun & Weinberger 2017, ICML) or of every class against
 * the rest, as a mean over classes (classwise: the static calibration error of Nixon et al. 2019,
 * CVPR Workshops, and, with bins of equal mass, its adaptive one; with norm l2 the marginal
 * calibration error of Kumar, Liang & Ma 2019, NeurIPS, of equal weights).
 *
 * Norms: l1 is the expected calibration error (Naeini, Cooper & Hauskrecht 2015, AAAI), l2 its root
 * mean square, max the largest of the bins. The plug-in values are too large, since even perfect
 * forecasts miss the observed rate by chance: `debiased` takes that off, for l2 exactly and for l1
 * by the normal approximation (Kumar, Liang & Ma; the folded normal's mean in closed form).
 *
 * Intervals: of l1 the t interval of the mean of the rows' signed misses about the value less what
 * chance adds, from 0 on where a test does not show any probability to be wrong; of l2 the normal
 * one of the debiased square with the variance of its bins' U-statistics (Sun et al. 2023), classes
 * being taken to err together, which is the widest; of max that of the bins' Clopper-Pearson
 * intervals at a level at which all of them hold together (Bonferroni). Rows' weights enter bins as
 * effective numbers of rows. */
#include <math.h>

#include "data/table_impl.h"
#include "metric/calibration_bins.h"
#include "metric/interval_rates.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"

enum { CONFIDENCE, CLASSWISE };
static const char *const manners[] = {"confidence", "classwise", NULL};
enum { L1, L2, MAX };
static const char *const norms[] = {"l1", "l2", "max", NULL};

/* What is asked: one probability of each row, or one of each class. */
typedef struct job {
    mlsd__scope *scope;
    const mlsd__finish *f;
    const mlsd__calibration_params *p;
    const mlsd__scored *s;
    mlsd__bins *bins;
    int64_t n_bins; /* how many of these there are */
    mlsd__measured *out;
} job;

/* Mean of |x| where x is normal. */
static double folded_mean(double mean, double sd)
{
    if (!(sd > 0)) return fabs(mean);
    const double z = mean / sd;
    return sd * 0.79788456080286535588 * mlsd__exp(-z * z / 2) +
           mean * (1 - 2 * mlsd__normal_cdf(-z));
}

/* Could the probabilities be right? Chi-square of the gaps by the spread that they themselves
 * foretell (Hosmer & Lemeshow 1980, of probabilities that were not fitted to these rows): not
 * rejected with a chance of `tail` to be so by mistake. */
static bool may_be_right(const mlsd__bins *bins, double tail)
{
    double statistic = 0, n = 0;
    for (int64_t k = 0; k < bins->n; k++) {
        const mlsd__bin *const b = &bins->bin[k];
        if (!(b->w > 0)) continue;
        const double gap = mlsd__bin_gap(b);
        const double variance = (b->wq - b->wqq) / b->w / mlsd__bin_rows(b);
        if (!(variance > 0) && gap != 0) return false; /* certain, and wrong */
        if (!(variance > 0)) continue;
        statistic += gap * gap / variance;
        n += 1;
    }
    return n == 0 || mlsd__chi_square_sf(statistic, n) >= tail;
}

/* The interval is about the value less what chance adds, whichever is shown; and it begins at 0
 * where no class's probabilities are shown to be wrong, since near 0 the value is not normal. */
static void set_l1(const job *j, const mlsd__bins *bins, int64_t n_bins, double plain, double bias,
                   mlsd__estimate *e)
{
    const double level = j->f->level;
    e->value = plain - bias;
    mlsd__estimate_interval(e, level, 0, 1);
    bool is_open = !isnan(e->low);
    for (int64_t c = 0; c < n_bins && is_open; c++) {
        is_open = may_be_right(&bins[c], (1 - level) / 2 / (double)n_bins);
    }
    if (is_open) e->low = 0;
    e->high = fmax(e->low, e->high);
    e->value = j->p->debiased ? fmax(0, plain - bias) : plain;
}

static void finish_l1(const mlsd__bins *bins, mlsd__estimate *e, double *out_plain,
                      double *out_bias)
{
    const mlsd__bin *const all = &bins->all;
    double value = 0, bias = 0, squares = 0;
    for (int64_t k = 0; k < bins->n; k++) {
        const mlsd__bin *const b = &bins->bin[k];
        if (!(b->w > 0)) continue;
        const double share = b->w / all->w, g = fabs(mlsd__bin_gap(b));
        const double variance = mlsd__bin_gap_variance(b);
        value += share * g;
        if (!isnan(variance)) bias += share * (folded_mean(g, sqrt(variance)) - g);
    }
    for (int64_t k = 0; k < bins->n; k++) {
        const mlsd__bin *const b = &bins->bin[k];
        const double sign = b->wu < 0 ? -1 : 1;
        squares += b->w2uu - 2 * value * sign * b->w2u + value * value * b->w2;
    }
    *out_plain = value;
    *out_bias = bias;
    e->df = all->n - 1;
    if (all->n >= 2) e->se = sqrt(fmax(0, squares) * (all->n / (all->n - 1))) / all->w;
}

/* From a mean square and the standard deviation of the debiased one. */
static void set_root(const job *j, double plain, double square, double sd, mlsd__estimate *e)
{
    e->value = sqrt(j->p->debiased ? fmax(0, square) : plain);
    if (isnan(j->f->level) || !(sd > 1e-12)) return; /* nothing tells a spread */
    const double half = mlsd__normal_quantile(0.5 + j->f->level / 2) * sd;
    e->low = sqrt(fmax(0, square - half));
    e->high = sqrt(fmin(1, fmax(0, square) + half));
    if (e->value > 0) e->se = sd / (2 * e->value);
    e->df = INFINITY;
}

static double count_filled(const mlsd__bins *bins)
{
    double n = 0;
    for (int64_t k = 0; k < bins->n; k++) n += bins->bin[k].w > 0;
    return n;
}

/* The binomial is the widest of the distributions that the outcomes of a bin can have, given their
 * mean probability (Hoeffding 1956, Ann. Math. Statist. 27:713). `n_together`: bins whose intervals
 * must hold at once. */
static void finish_max(const job *j, const mlsd__bins *bins, double n_together, mlsd__estimate *e)
{
    const bool wants_interval = !isnan(j->f->level);
    e->value = 0;
    if (wants_interval) e->low = e->high = 0;
    for (int64_t k = 0; k < bins->n; k++) {
        const mlsd__bin *const b = &bins->bin[k];
        if (!(b->w > 0)) continue;
        e->value = fmax(e->value, fabs(mlsd__bin_gap(b)));
        if (!wants_interval) continue;
        const double n = mlsd__bin_rows(b), q = b->wq / b->w;
        double low, high;
        mlsd__proportion_interval(MLSD__CLOPPER_PEARSON, (mlsd__rate){fmin(n, b->wy / b->w * n), n},
                                  1 - (1 - j->f->level) / n_together, &low, &high);
        e->low = fmax(e->low, fmax(low - q, q - high));
        e->high = fmax(e->high, fmax(high - q, q - low));
    }
}

/* One probability of each row. */
static void finish_one(const job *j, const mlsd__bins *bins, mlsd__estimate *e)
{
    double plain = 0, bias = 0;
    mlsd__bin_square square;
    mlsd__estimate_undefined(e);
    e->support = bins->all.n;
    if (!(bins->all.w > 0)) return;
    e->n_rows = mlsd__bin_rows(&bins->all);
    switch (j->p->norm) {
    case L1:
        finish_l1(bins, e, &plain, &bias);
        set_l1(j, bins, 1, plain, bias, e);
        break;
    case L2:
        mlsd__bins_square(bins, MLSD__TO_PROBABILITY, &square);
        set_root(j, square.plain, square.debiased, sqrt(square.variance), e);
        break;
    default:
        finish_max(j, bins, count_filled(bins), e);
        break;
    }
}

/* ---- every class ---- */

/* A row's part in the mean of the classes' errors is the mean of its signed misses. */
static mlsd_status spread_l1(const job *j, const double *plain, mlsd__estimate *e)
{
    const mlsd__scored *const s = j->s;
    double *const influence = mlsd__alloc(j->scope->allocator, s->n, sizeof *influence);
    if (influence == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < j->n_bins; c++) {
        for (int64_t i = 0; i < s->n; i++) {
            double y;
            const double q = mlsd__bins_row(&j->bins[c], i, &y);
            const double sign = mlsd__bins_at(&j->bins[c], q)->wu < 0 ? -1 : 1;
            influence[i] += (sign * (y - q) - plain[c]) / (double)j->n_bins;
        }
    }
    mlsd__estimate_from_influence(influence, s->weight, s->n, e);
    mlsd__free(j->scope->allocator, influence);
    return MLSD_OK;
}

static mlsd_status finish_mean_l1(const job *j, mlsd__estimate *e)
{
    double *const plain = mlsd__alloc_raw(j->scope->allocator, j->n_bins, sizeof *plain);
    if (plain == NULL) return MLSD_E_NOMEM;
    double mean = 0, mean_bias = 0;
    for (int64_t c = 0; c < j->n_bins; c++) {
        mlsd__estimate one;
        double bias = 0;
        mlsd__estimate_undefined(&one);
        finish_l1(&j->bins[c], &one, &plain[c], &bias);
        mean += plain[c] / (double)j->n_bins;
        mean_bias += bias / (double)j->n_bins;
    }
    const mlsd_status status = isnan(j->f->level) ? MLSD_OK : spread_l1(j, plain, e);
    set_l1(j, j->bins, j->n_bins, mean, mean_bias, e);
    mlsd__free(j->scope->allocator, plain);
    return status;
}

static void finish_mean_l2(const job *j, mlsd__estimate *e)
{
    double plain = 0, square = 0, sd = 0;
    for (int64_t c = 0; c < j->n_bins; c++) {
        mlsd__bin_square one;
        mlsd__bins_square(&j->bins[c], MLSD__TO_PROBABILITY, &one);
        plain += one.plain / (double)j->n_bins;
        square += one.debiased / (double)j->n_bins;
        sd += sqrt(one.variance) / (double)j->n_bins;
    }
    set_root(j, plain, square, sd, e);
}

static void finish_largest(const job *j, mlsd__estimate *e)
{
    double n_together = 0;
    for (int64_t c = 0; c < j->n_bins; c++) n_together += count_filled(&j->bins[c]);
    for (int64_t c = 0; c < j->n_bins; c++) {
        mlsd__estimate one;
        mlsd__estimate_undefined(&one);
        finish_max(j, &j->bins[c], n_together, &one);
        e->value = fmax(c == 0 ? 0 : e->value, one.value);
        e->low = fmax(c == 0 ? one.low : e->low, one.low);
        e->high = fmax(c == 0 ? one.high : e->high, one.high);
    }
}

static mlsd_status finish_classwise(const job *j, mlsd__estimate *e)
{
    const mlsd__bin *const all = &j->bins[0].all;
    for (int64_t c = 0; c < j->n_bins && j->f->wants_parts; c++) {
        mlsd__estimate part;
        finish_one(j, &j->bins[c], &part);
        MLSD__TRY(mlsd__measured_part(j->out, c, &part));
    }
    e->support = all->n;
    if (!(all->w > 0)) return MLSD_OK;
    e->n_rows = mlsd__bin_rows(all);
    if (j->p->norm == L1) return finish_mean_l1(j, e);
    if (j->p->norm == L2) finish_mean_l2(j, e);
    if (j->p->norm == MAX) finish_largest(j, e);
    return MLSD_OK;
}

/* ---- tables ---- */

enum { BIN_COLUMNS = 8 };
static const char *const bin_names[BIN_COLUMNS] = {
    "low", "high", "n", "weight", "mean_prediction", "rate", "rate_low", "rate_high"};

static void fill_bin_row(const mlsd__bin *b, double level, double *row, int64_t stride)
{
    mlsd__estimate e;
    mlsd__estimate_share(fmin(b->wy, b->w), b->w, b->w2, b->n, level, &e);
    const double cells[BIN_COLUMNS] = {b->low,       b->high, b->n,  b->w,
                                       b->wq / b->w, e.value, e.low, e.high};
    for (int c = 0; c < BIN_COLUMNS; c++) row[c * stride] = cells[c];
}

/* A row a bin; classwise those of class 0 first, with a column `class`. */
static mlsd_status put_bins(const job *j)
{
    const mlsd__allocator *const a = j->out->allocator;
    const int64_t per_class = j->bins[0].n;
    int64_t n = 0, size = 0;
    MLSD__TRY(mlsd__mul_size(j->n_bins, per_class, &n));
    MLSD__TRY(mlsd__mul_size(n, BIN_COLUMNS + 1, &size));
    mlsd_table *table = NULL;
    double *const cells = mlsd__alloc_raw(a, size, sizeof *cells);
    mlsd_status status = cells == NULL ? MLSD_E_NOMEM : mlsd__table_new(a, &table);
    double *const classes = cells == NULL ? NULL : cells + n * BIN_COLUMNS;
    for (int64_t k = 0; k < n && status == MLSD_OK; k++) {
        fill_bin_row(&j->bins[k / per_class].bin[k % per_class], j->f->level, cells + k, n);
        classes[k] = (double)(k / per_class);
    }
    if (status == MLSD_OK && j->n_bins > 1) status = mlsd_table_set_f64(table, "class", classes, n);
    for (int c = 0; c < BIN_COLUMNS && status == MLSD_OK; c++) {
        status = mlsd_table_set_f64(table, bin_names[c], cells + c * n, n);
    }
    mlsd__free(a, cells);
    if (status == MLSD_OK) return mlsd__measured_table(j->out, "bins", table);
    mlsd_table_free(table);
    return status;
}

static mlsd_status put_tables(const job *j)
{
    double plain[MLSD__N_BRIER_PARTS] = {0}, corrected[MLSD__N_BRIER_PARTS] = {0};
    MLSD__TRY(put_bins(j));
    if (j->bins[0].which == MLSD__MOST_PROBABLE) return MLSD_OK;
    for (int64_t c = 0; c < j->n_bins; c++) mlsd__bins_brier(&j->bins[c], plain, corrected);
    return mlsd__put_brier(plain, corrected, j->out);
}

static mlsd_status run(const job *j)
{
    const bool is_binary = j->s->n_classes == 2, is_classwise = j->n_bins > 1;
    for (int64_t c = 0; c < j->n_bins; c++) {
        const int64_t which = is_classwise ? c : is_binary ? 1 : MLSD__MOST_PROBABLE;
        MLSD__TRY(mlsd__bins_new(j->scope, j->p, j->s, which, &j->bins[c]));
    }
    mlsd__estimate *const e = &j->out->estimate;
    if (is_classwise) MLSD__TRY(finish_classwise(j, e));
    if (!is_classwise) finish_one(j, &j->bins[0], e);
    const bool has_rows = j->bins[0].all.w > 0;
    return has_rows && j->f->wants_parts ? put_tables(j) : MLSD_OK;
}

static mlsd_status finish_calibration(mlsd__scope *scope, const mlsd__finish *f,
                                      mlsd__measured *out)
{
    mlsd__scored s;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    job j = {.scope = scope, .f = f, .p = f->params, .s = &s, .n_bins = 1, .out = out};
    if (s.n_classes > 2 && j.p->multi_class == CLASSWISE) j.n_bins = s.n_classes;
    j.bins = mlsd__alloc(scope->allocator, j.n_bins, sizeof *j.bins);
    const mlsd_status status = j.bins == NULL ? MLSD_E_NOMEM : run(&j);
    for (int64_t c = 0; c < j.n_bins && j.bins != NULL; c++) {
        mlsd__bins_free(&j.bins[c], scope->allocator);
    }
    mlsd__free(scope->allocator, j.bins);
    return status;
}

static const mlsd_param table[] = {
    MLSD__P_BINS,
    MLSD__P_CHOICE(mlsd__calibration_params, multi_class, manners, "\"confidence\"",
                   "of more than two classes: of the most probable one (confidence), or the mean "
                   "over each against the rest (classwise)"),
    MLSD__P_CHOICE(mlsd__calibration_params, norm, norms, "\"l1\"",
                   "how bins are put together: l1 (mean distance), l2 (root mean square), max"),
    MLSD__P_BOOL(mlsd__calibration_params, debiased, "false",
                 "take off what perfect probabilities would miss by chance (l1 and l2)"),
};
static const mlsd__calibration_params defaults = {.n_bins = 10};

static const mlsd__metric_ops calibration_error_ops = {.params = &defaults,
                                                       .params_size =
                                                           sizeof(mlsd__calibration_params),
                                                       .for_classification = true,
                                                       .needs_proba = true,
                                                       .finish = finish_calibration};
MLSD__METRIC_KIND_WITH(
    calibration_error, table, mlsd__calibration_params, MLSD__OF_CLASSES, "-1",
    "distance between probabilities and what happens, by bins (table \"bins\", with Wilson "
    "intervals; table \"brier\": the parts of the Brier score); t interval of l1, by "
    "U-statistics of l2, simultaneous of max");
