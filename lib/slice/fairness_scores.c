/* fairness_scores.c - calibration within groups. */
#include <math.h>
#include <string.h>

#include "metric/interval_rates.h"
#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"

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
        const double s = mlsd__fair_score(&f->rows, i, part->positive),
                     w = mlsd__fair_weight(&f->rows, i);
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
