/* fairness_scores.c - what is judged by probabilities: calibration within groups, and areas under
 * ROC curves within and across groups. */
#include <math.h>
#include <string.h>

#include "metric/interval_rates.h"
#include "metric/metric_impl.h"
#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"

static double score_of(const mlsd__fairness *f, int64_t i, int64_t positive)
{
    return f->rows.score[i * f->rows.n_classes + positive];
}

/* ---- calibration ---- */

/* Rows of a group in a bin of scores, and what they are and were said to be. */
typedef struct bin {
    double weight, squares, rows, positive, score;
} bin;

static void bin_rate(const bin *b, int64_t min_support, mlsd__fair_rate *r)
{
    memset(r, 0, sizeof *r);
    r->numerator = b->positive;
    r->denominator = b->weight;
    r->support = b->rows;
    r->is_low = b->rows > 0 && b->rows < (double)min_support;
    r->value = r->trials = r->successes = NAN;
    if (!(b->weight > 0)) return;
    r->value = fmin(1, b->positive / b->weight);
    r->trials = b->weight * b->weight / b->squares;
    r->successes = r->value * r->trials;
}

static void fill_bins(const mlsd__fairness *f, const mlsd__fair_part *part, bin *bins)
{
    const int64_t n_bins = f->p->n_bins;
    for (int64_t i = 0; i < f->rows.n; i++) {
        if (f->controls.of_row[i] != part->control) continue;
        const double s = score_of(f, i, part->positive), w = mlsd__fair_weight(&f->rows, i);
        int64_t k = (int64_t)floor(s * (double)n_bins);
        if (k >= n_bins) k = n_bins - 1;
        bin *const b = &bins[k * f->groups.n_groups + f->groups.of_row[i]];
        b->weight += w;
        b->squares += w * w;
        b->rows += w > 0;
        b->positive += f->rows.y[i] == part->positive ? w : 0;
        b->score += w * s;
    }
}

static void put_bin(mlsd__fairness *f, const mlsd__fair_part *part, int64_t k, int64_t g,
                    const bin *b, const mlsd__fair_rate *r)
{
    mlsd__rows *const t = &f->calibration_rows;
    double low, high;
    const mlsd__fair_status status = isnan(r->value) ? MLSD__FAIR_UNDEFINED
                                     : r->is_low     ? MLSD__FAIR_LOW_SUPPORT
                                                     : MLSD__FAIR_OK;
    mlsd__proportion_interval(MLSD__WILSON, (mlsd__rate){r->successes, r->trials}, f->p->level,
                              &low, &high);
    mlsd__rows_str(t, f->controls.labels[part->control]);
    mlsd__rows_i64(t, part->positive);
    mlsd__rows_str(t, f->groups.labels[g]);
    mlsd__rows_f64(t, (double)k / (double)f->p->n_bins);
    mlsd__rows_f64(t, (double)(k + 1) / (double)f->p->n_bins);
    mlsd__rows_f64(t, b->weight > 0 ? b->score / b->weight : (double)NAN);
    mlsd__rows_f64(t, r->value);
    mlsd__rows_f64(t, low);
    mlsd__rows_f64(t, high);
    mlsd__rows_f64(t, r->numerator);
    mlsd__rows_f64(t, r->denominator);
    mlsd__rows_i64(t, (int64_t)r->support);
    mlsd__rows_str(t, mlsd__fair_statuses[status]);
}

/* The largest difference between groups of what is true in one bin of scores. Bins in which fewer
 * than two groups have rows enough are left out. */
static mlsd_status worst_bin(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part,
                             const bin *bins, mlsd__fair_rate *rates, const mlsd__fair_room *room)
{
    const int64_t n = f->groups.n_groups, n_bins = f->p->n_bins;
    const double each = mlsd__fair_together(f->p->level, n_bins);
    mlsd__fair_measure worst, m;
    mlsd__fair_measure_init(&worst, "calibration_difference", part, MLSD__AT_MOST);
    for (int64_t k = 0; k < n_bins; k++) {
        for (int64_t g = 0; g < n; g++) {
            bin_rate(&bins[k * n + g], f->p->min_support, &rates[g]);
            put_bin(f, part, k, g, &bins[k * n + g], &rates[g]);
        }
        const mlsd__fair_gap_of of = {
            .rates = rates, .n = n, .form = MLSD__FAIR_DIFFERENCE, .method = MLSD__BETWEEN_GROUPS};
        mlsd__fair_measure_init(&m, "calibration_difference", part, MLSD__AT_MOST);
        MLSD__TRY(mlsd__fair_gap(scope, &of, each, room, &m));
        if (m.status > worst.status || m.status == MLSD__FAIR_UNDEFINED) continue;
        if (m.status < worst.status) {
            worst = m;
            continue;
        }
        const double low = fmax(m.low, worst.low), high = fmax(m.high, worst.high);
        if (m.value > worst.value) worst = m;
        worst.low = low;
        worst.high = high;
    }
    return mlsd__fair_measure_add(f, &worst);
}

/* The largest distance, over groups, between the mean score and what came true. */
static mlsd_status in_the_large(mlsd__fairness *f, const mlsd__fair_part *part, const bin *bins,
                                mlsd__fair_rate *rates, const mlsd__fair_room *room)
{
    const int64_t n = f->groups.n_groups;
    mlsd__fair_measure m;
    mlsd__fair_measure_init(&m, "calibration_gap", part, MLSD__AT_MOST);
    for (int64_t g = 0; g < n; g++) {
        bin all = {0};
        for (int64_t k = 0; k < f->p->n_bins; k++) {
            const bin *const b = &bins[k * n + g];
            all.weight += b->weight;
            all.squares += b->squares;
            all.rows += b->rows;
            all.positive += b->positive;
            all.score += b->score;
        }
        bin_rate(&all, f->p->min_support, &rates[g]);
        room->values[g] = all.score / all.weight;
    }
    mlsd__fair_usable(rates, n, room->counts, &m);
    const double level = mlsd__pow(f->p->level, 1 / fmax(1, (double)m.n_groups));
    for (int64_t g = 0; g < n && m.status != MLSD__FAIR_UNDEFINED; g++) {
        double low, high;
        if (!room->counts[g]) continue;
        const double said = room->values[g], gap = fabs(rates[g].value - said);
        mlsd__proportion_interval(MLSD__WILSON, (mlsd__rate){rates[g].successes, rates[g].trials},
                                  level, &low, &high);
        m.low = fmax(isnan(m.low) ? 0 : m.low, fmax(low - said, said - high));
        m.high = fmax(isnan(m.high) ? 0 : m.high, fmax(high - said, said - low));
        if (m.group >= 0 && !(gap > m.value)) continue;
        m.value = gap;
        m.group = g;
        m.n_group = rates[g].support;
    }
    return mlsd__fair_measure_add(f, &m);
}

mlsd_status mlsd__fair_calibration(mlsd__scope *scope, mlsd__fairness *f,
                                   const mlsd__fair_part *part)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = f->groups.n_groups;
    mlsd__fair_room room = {NULL, NULL};
    bin *const bins = mlsd__alloc(a, n * f->p->n_bins, sizeof *bins);
    mlsd__fair_rate *const rates = mlsd__alloc_raw(a, n, sizeof *rates);
    mlsd_status status = bins == NULL || rates == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__fair_room_new(a, n, &room);
    if (status == MLSD_OK) {
        fill_bins(f, part, bins);
        status = worst_bin(scope, f, part, bins, rates, &room);
    }
    if (status == MLSD_OK) status = in_the_large(f, part, bins, rates, &room);
    mlsd__fair_room_free(&room, a);
    mlsd__free(a, rates);
    mlsd__free(a, bins);
    return status;
}

/* ---- areas under curves (Borkan, Dixon, Sorensen, Thain & Vasserman 2019, WWW companion) ---- */

enum { SUBGROUP, BPSN, BNSP, N_AUCS };
static const struct {
    const char *name, *least, *mean;
} aucs[N_AUCS] = {
    {"subgroup_auc", "subgroup_auc_min", "subgroup_auc_mean"},
    {"bpsn_auc", "bpsn_auc_min", "bpsn_auc_mean"},
    {"bnsp_auc", "bnsp_auc_min", "bnsp_auc_mean"},
};

typedef struct auc_work {
    double *y, *two; /* 0 and 1; probabilities of both, n x 2 */
    int64_t *rows;
    mlsd__estimate *is; /* N_AUCS x groups */
    double *n_positive, *n_negative;
} auc_work;

static void auc_work_free(auc_work *w, const mlsd__allocator *a)
{
    mlsd__free(a, w->y);
    mlsd__free(a, w->two);
    mlsd__free(a, w->rows);
    mlsd__free(a, w->is);
    mlsd__free(a, w->n_positive);
    mlsd__free(a, w->n_negative);
}

static mlsd_status auc_work_new(auc_work *w, const mlsd__fairness *f, int64_t positive)
{
    const mlsd__allocator *const a = f->allocator;
    const int64_t n = f->rows.n, n_cells = N_AUCS * f->groups.n_groups;
    w->y = mlsd__alloc_raw(a, n, sizeof *w->y);
    if (w->y == NULL) return MLSD_E_NOMEM;
    w->two = mlsd__alloc_raw(a, 2 * n, sizeof *w->two);
    if (w->two == NULL) return MLSD_E_NOMEM;
    w->rows = mlsd__alloc_raw(a, n, sizeof *w->rows);
    if (w->rows == NULL) return MLSD_E_NOMEM;
    w->is = mlsd__alloc(a, n_cells, sizeof *w->is);
    if (w->is == NULL) return MLSD_E_NOMEM;
    w->n_positive = mlsd__alloc(a, n_cells, sizeof *w->n_positive);
    if (w->n_positive == NULL) return MLSD_E_NOMEM;
    w->n_negative = mlsd__alloc(a, n_cells, sizeof *w->n_negative);
    if (w->n_negative == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        w->y[i] = f->rows.y[i] == positive;
        w->two[2 * i + 1] = score_of(f, i, positive);
        w->two[2 * i] = 1 - w->two[2 * i + 1];
    }
    return MLSD_OK;
}

/* Group only; the group's negatives with the others' positives; or the other way round. */
static bool belongs(int which, bool inside, bool positive)
{
    if (which == SUBGROUP) return inside;
    return inside == (which == BNSP ? positive : !positive);
}

static mlsd_status auc_of(mlsd__scope *scope, const mlsd__fairness *f, const mlsd__fair_part *part,
                          auc_work *w, int which, int64_t group)
{
    const mlsd__metric_ops *metric;
    const int64_t cell = which * f->groups.n_groups + group;
    const double level = mlsd__pow(f->p->level, 1 / (double)f->groups.n_groups);
    const mlsd__scored scored = {
        .n = f->rows.n, .n_classes = 2, .y = w->y, .prediction = w->two, .weight = f->rows.weight};
    int64_t n = 0;
    for (int64_t i = 0; i < f->rows.n; i++) {
        if (f->controls.of_row[i] != part->control) continue;
        if (!belongs(which, f->groups.of_row[i] == group, w->y[i] > 0)) continue;
        if (!(mlsd__fair_weight(&f->rows, i) > 0)) continue;
        w->rows[n++] = i;
        *(w->y[i] > 0 ? &w->n_positive[cell] : &w->n_negative[cell]) += 1;
    }
    MLSD__TRY(mlsd__metric_find("roc_auc", &metric));
    return mlsd__metric_score(scope, metric, &scored, w->rows, n, level, &w->is[cell]);
}

static mlsd__fair_status auc_status(const mlsd__fairness *f, const auc_work *w, int64_t cell)
{
    if (isnan(w->is[cell].value)) return MLSD__FAIR_UNDEFINED;
    const double least = fmin(w->n_positive[cell], w->n_negative[cell]);
    return least < (double)f->p->min_support ? MLSD__FAIR_LOW_SUPPORT : MLSD__FAIR_OK;
}

static void put_auc(mlsd__fairness *f, const mlsd__fair_part *part, const auc_work *w, int which,
                    int64_t group)
{
    mlsd__rows *const t = &f->auc_rows;
    const int64_t cell = which * f->groups.n_groups + group;
    mlsd__rows_str(t, f->controls.labels[part->control]);
    mlsd__rows_i64(t, part->positive);
    mlsd__rows_str(t, f->groups.labels[group]);
    mlsd__rows_str(t, aucs[which].name);
    mlsd__rows_f64(t, w->is[cell].value);
    mlsd__rows_f64(t, w->is[cell].low);
    mlsd__rows_f64(t, w->is[cell].high);
    mlsd__rows_i64(t, (int64_t)w->n_positive[cell]);
    mlsd__rows_i64(t, (int64_t)w->n_negative[cell]);
    mlsd__rows_str(t, mlsd__fair_statuses[auc_status(f, w, cell)]);
}

/* The least over groups, and their generalised mean. */
static mlsd_status sum_up(mlsd__fairness *f, const mlsd__fair_part *part, const auc_work *w,
                          int which)
{
    const int64_t n = f->groups.n_groups;
    const double power = f->p->mean_power;
    mlsd__fair_measure least, mean;
    double sum = 0, count = 0;
    mlsd__fair_measure_init(&least, aucs[which].least, part, MLSD__NO_RULE);
    for (int64_t g = 0; g < n; g++) {
        const int64_t cell = which * n + g;
        const mlsd__estimate *const e = &w->is[cell];
        if (auc_status(f, w, cell) != MLSD__FAIR_OK) continue;
        count++;
        sum += power == 0 ? mlsd__log(e->value) : mlsd__pow(e->value, power);
        least.low = fmin(least.low, e->low);
        least.high = fmin(least.high, e->high);
        if (least.group >= 0 && !(e->value < least.value)) continue;
        least.value = e->value;
        least.group = g;
        least.n_group = w->n_positive[cell] + w->n_negative[cell];
    }
    least.n_groups = (int64_t)count;
    least.n_skipped = n - least.n_groups;
    if (count > 0) least.status = MLSD__FAIR_OK;
    mean = least;
    mean.name = aucs[which].mean;
    mean.group = -1;
    mean.low = mean.high = NAN;
    if (count > 0 && power == 0) mean.value = mlsd__exp(sum / count);
    if (count > 0 && power != 0) mean.value = mlsd__pow(sum / count, 1 / power);
    MLSD__TRY(mlsd__fair_measure_add(f, &least));
    return mlsd__fair_measure_add(f, &mean);
}

mlsd_status mlsd__fair_aucs(mlsd__scope *scope, mlsd__fairness *f, const mlsd__fair_part *part)
{
    auc_work w = {0};
    mlsd_status status = auc_work_new(&w, f, part->positive);
    for (int which = 0; which < N_AUCS && status == MLSD_OK; which++) {
        for (int64_t g = 0; g < f->groups.n_groups && status == MLSD_OK; g++) {
            status = auc_of(scope, f, part, &w, which, g);
            if (status == MLSD_OK) put_auc(f, part, &w, which, g);
        }
        if (status == MLSD_OK) status = sum_up(f, part, &w, which);
    }
    auc_work_free(&w, scope->allocator);
    return status;
}
