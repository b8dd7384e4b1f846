/* compare_flips.c - comparisons by flipping signs: where two models are alike, each row's
 * difference might as well have had the other sign. The sign test counts signs, the permutation
 * test adds differences up, and max t does so for many models at once. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "numeric/distribution.h"
#include "numeric/rank.h"
#include "numeric/sum.h"
#include "validate/compare_impl.h"
#include "validate/detectable.h"

static const char NO_ROWS[] = "no row has both scores";
static const char SAME_EVERYWHERE[] = "both have the same score on every row";

/* The t test's, stretched for a test that is less efficient where differences are normal. */
static double detectable(const mlsd__comparison *c, const double *d, int64_t n, double efficiency)
{
    double mean, variance;
    mlsd__mean_variance(d, NULL, n, 1, &mean, &variance);
    if (n < 2 || !(variance > 0)) return NAN;
    return sqrt(variance / ((double)n * efficiency)) *
           mlsd__detectable_t((double)n - 1, 1 - c->settings.level, c->settings.power,
                              c->settings.alternative != MLSD__TWO_SIDED);
}

/* ---- sign test ---- */

static const double SIGN_EFFICIENCY = 0.63661977236758134308; /* 2 / pi */

/* Median of the differences with the interval of order statistics whose coverage is at least the
 * level (Conover 1999, section 3.2). */
static mlsd_status estimate_median(const mlsd__comparison *c, const double *d, int64_t n,
                                   const mlsd__allocator *a, mlsd__paired *out)
{
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort(a, d, n, order);
    if (status == MLSD_OK) {
        out->difference = 0.5 * (d[order[(n - 1) / 2]] + d[order[n / 2]]);
        /* Smallest k with P(X <= k) > alpha / 2: one less is still allowed outside. */
        const double tail = (1 - c->settings.level) / 2;
        int64_t k = (int64_t)mlsd__binomial_quantile(tail, n, 0.5);
        if (mlsd__binomial_cdf(k, n, 0.5) <= tail) k++;
        if (k > 0) {
            out->low = d[order[k - 1]];
            out->high = d[order[n - k]];
        }
    }
    mlsd__free(a, order);
    return status;
}

static mlsd_status sign_test(mlsd__scope *scope, const mlsd__comparison *c, const double *d,
                             mlsd__paired *out)
{
    int64_t above = 0, below = 0;
    if (out->n == 0) {
        out->reason = NO_ROWS;
        return MLSD_OK;
    }
    for (int64_t i = 0; i < out->n; i++) {
        above += d[i] > 0;
        below += d[i] < 0;
    }
    MLSD__TRY(estimate_median(c, d, out->n, scope->allocator, out));
    const int64_t n = above + below;
    if (n == 0) {
        out->reason = SAME_EVERYWHERE;
        return MLSD_OK;
    }
    out->statistic = (double)above;
    out->direction = (double)(above - below); /* the median may be 0 */
    out->effect = (double)above / (double)n;
    out->p_value = mlsd__paired_p(&c->settings, mlsd__binomial_cdf(above, n, 0.5),
                                  mlsd__binomial_cdf(below, n, 0.5));
    out->min_detectable = detectable(c, d, out->n, SIGN_EFFICIENCY);
    return mlsd__checkpoint(scope);
}

static mlsd_status pair_sign(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    double *const d = mlsd__alloc_raw(scope->allocator, c->n_rows, sizeof *d);
    if (d == NULL) return MLSD_E_NOMEM;
    mlsd__paired_clear(&pair->is);
    pair->is.n = mlsd__comparison_differences(c, pair->a, pair->b, d);
    const mlsd_status status = sign_test(scope, c, d, &pair->is);
    mlsd__free(scope->allocator, d);
    return status;
}

const mlsd__comparison_ops mlsd__compare_sign_ops = {
    .test = "sign test",
    .effect_is = "share of the rows that differ in which the later is greater",
    .rows = "rows",
    .pair = pair_sign,
};

/* ---- flips of signs ---- */

/* Rows that are flipped together, one bit each: block g of flip f, f from 0. All flips there are
 * where they are few, with flip 0 the data as they are; drawn ones otherwise. */
typedef struct flips {
    int64_t n_flips, n_blocks, block_rows;
    bool is_exact;
    uint64_t seed;
} flips;

static void make_flips(const mlsd__comparison *c, int64_t n, flips *out)
{
    enum { MOST_BITS = 40 };
    const int64_t block = c->params->block_rows > 0 ? c->params->block_rows : 1;
    *out = (flips){.n_blocks = (n + block - 1) / block,
                   .block_rows = block,
                   .seed = (uint64_t)c->params->seed};
    out->is_exact =
        out->n_blocks <= MOST_BITS && (INT64_C(1) << out->n_blocks) <= c->params->n_permutations;
    /* The data as they are count as one of the drawn (Phipson & Smyth 2010). */
    out->n_flips = out->is_exact ? INT64_C(1) << out->n_blocks : c->params->n_permutations + 1;
}

/* Signs of flip f: 1 where a block is flipped. */
static void flip(const flips *f, int64_t number, uint8_t *is_flipped)
{
    if (f->is_exact || number == 0) {
        for (int64_t g = 0; g < f->n_blocks; g++)
            is_flipped[g] = g < 63 ? (uint8_t)((number >> g) & 1) : 0;
        return;
    }
    mlsd__stream stream;
    mlsd__stream_init(&stream, f->seed, (uint64_t)number, 0, 0, MLSD__PURPOSE_SHUFFLE);
    uint32_t bits = 0;
    for (int64_t g = 0; g < f->n_blocks; g++) {
        if (g % 32 == 0) bits = mlsd__stream_u32(&stream);
        is_flipped[g] = (uint8_t)(bits >> (g % 32) & 1);
    }
}

/* ---- permutation test of the mean ---- */

typedef struct flipped_sums {
    const mlsd__comparison *c;
    const double *d;
    int64_t n;
    flips flips;
    double total, tolerance;
    double *means; /* of each flip: mean of what is flipped, NaN for nothing */
    int64_t below, above;
} flipped_sums;

static void add_flip(flipped_sums *s, const uint8_t *is_flipped, double *out_mean)
{
    double sum = 0, n = 0;
    for (int64_t g = 0, i = 0; g < s->flips.n_blocks; g++) {
        const int64_t end = i + s->flips.block_rows < s->n ? i + s->flips.block_rows : s->n;
        for (; i < end; i++) {
            if (!is_flipped[g]) continue;
            sum += s->d[i];
            n++;
        }
    }
    /* The flipped sum is total - 2 sum. */
    s->above += sum <= s->tolerance;
    s->below += sum >= -s->tolerance;
    *out_mean = n > 0 ? sum / n : (double)NAN;
}

/* A shift t is rejected by the flips whose flipped rows have a mean on its far side, so the ends of
 * the interval are order statistics of those means (Hartigan 1969, JASA 64:1303). */
static mlsd_status flip_interval(mlsd__scope *scope, const flipped_sums *s, mlsd__paired *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < s->flips.n_flips; i++) n += !isnan(s->means[i]);
    int64_t *const order = mlsd__alloc_raw(scope->allocator, s->flips.n_flips, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort_rows(scope, s->means, s->flips.n_flips, order);
    const double alpha = 1 - s->c->settings.level;
    const int64_t n_empty = s->flips.n_flips - n;
    const int64_t k =
        (int64_t)floor(alpha / 2 * (double)s->flips.n_flips * (1 + 1e-12)) - n_empty + 1;
    if (status == MLSD_OK && k >= 1 && k <= n) {
        out->low = s->means[order[k - 1]];
        out->high = s->means[order[n - k]];
    }
    mlsd__free(scope->allocator, order);
    return status;
}

static mlsd_status permute(mlsd__scope *scope, flipped_sums *s, uint8_t *is_flipped,
                           mlsd__paired *out)
{
    double mean, variance, size = 0;
    mlsd__mean_variance(s->d, NULL, s->n, 1, &mean, &variance);
    for (int64_t i = 0; i < s->n; i++) size += fabs(s->d[i]);
    s->tolerance = 1e-12 * size;
    out->difference = mean;
    if (size == 0) {
        out->reason = SAME_EVERYWHERE;
        return MLSD_OK;
    }
    for (int64_t f = 0; f < s->flips.n_flips; f++) {
        flip(&s->flips, f, is_flipped);
        add_flip(s, is_flipped, &s->means[f]);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    const double n = (double)s->flips.n_flips;
    out->statistic = mean;
    out->p_value = mlsd__paired_p(&s->c->settings, (double)s->below / n, (double)s->above / n);
    if (variance > 0) out->effect = mean / sqrt(variance);
    out->min_detectable = detectable(s->c, s->d, s->n, 1);
    return flip_interval(scope, s, out);
}

static mlsd_status pair_permutation(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const d = mlsd__alloc_raw(a, c->n_rows, sizeof *d);
    if (d == NULL) return MLSD_E_NOMEM;
    mlsd__paired_clear(&pair->is);
    flipped_sums s = {.c = c, .d = d};
    s.n = pair->is.n = mlsd__comparison_differences(c, pair->a, pair->b, d);
    make_flips(c, s.n, &s.flips);
    uint8_t *const is_flipped = mlsd__alloc_raw(a, s.flips.n_blocks, 1);
    s.means = mlsd__alloc_raw(a, s.flips.n_flips, sizeof *s.means);
    mlsd_status status = is_flipped == NULL || s.means == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK && s.n == 0) {
        pair->is.reason = NO_ROWS;
    } else if (status == MLSD_OK) {
        status = permute(scope, &s, is_flipped, &pair->is);
    }
    mlsd__free(a, s.means);
    mlsd__free(a, is_flipped);
    mlsd__free(a, d);
    return status;
}

const mlsd__comparison_ops mlsd__compare_permutation_ops = {
    .test = "paired permutation",
    .effect_is = "mean difference over its standard deviation",
    .rows = "rows",
    .pair = pair_permutation,
};

/* ---- max t: many models against one ---- */

/* Westfall & Young (1993), Resampling-Based Multiple Testing, algorithm 4.1 (step-down): a model's
 * |t| is held against the largest of its own and all smaller ones' under the same flips. */
typedef struct many_t {
    mlsd__comparison *c;
    flips flips;
    int64_t n, n_others;
    double *d;       /* pair by pair, n each: differences to the control */
    double *squares; /* sum of squares: flips do not change it */
    double *t;       /* as seen */
    int64_t *order;  /* from the largest |t| */
    int64_t *counts; /* block by block of flips: n_others each, one-model and step-down */
} many_t;

enum { FLIPS_IN_TASK = 64 };

static double t_of(double sum, double squares, double n)
{
    const double mean = sum / n, variance = (squares - n * mean * mean) / (n - 1);
    return variance > 1e-14 * squares / n ? mean / sqrt(variance / n)
           : mean == 0                    ? 0
                                          : copysign(INFINITY, mean);
}

/* The alternative's side of t. */
static double extremeness(const many_t *m, double t)
{
    const int64_t alternative = m->c->settings.alternative;
    return alternative == MLSD__GREATER ? t : alternative == MLSD__LESS ? -t : fabs(t);
}

static void flipped_t(const many_t *m, const uint8_t *is_flipped, double *out)
{
    for (int64_t p = 0; p < m->n_others; p++) {
        const double *const d = m->d + p * m->n;
        double sum = 0;
        for (int64_t g = 0, i = 0; g < m->flips.n_blocks; g++) {
            const int64_t end = i + m->flips.block_rows < m->n ? i + m->flips.block_rows : m->n;
            double part = 0;
            for (; i < end; i++) part += d[i];
            sum += is_flipped[g] ? -part : part;
        }
        out[p] = extremeness(m, t_of(sum, m->squares[p], (double)m->n));
    }
}

static mlsd_status count_flips(void *arg, int64_t task, mlsd__scope *scope)
{
    const many_t *const m = arg;
    const mlsd__allocator *const a = scope->allocator;
    uint8_t *const is_flipped = mlsd__alloc_raw(a, m->flips.n_blocks, 1);
    double *const t = mlsd__alloc_raw(a, m->n_others, sizeof *t);
    mlsd_status status = is_flipped == NULL || t == NULL ? MLSD_E_NOMEM : MLSD_OK;
    int64_t *const alone = m->counts + task * 2 * m->n_others, *const joint = alone + m->n_others;
    const int64_t end = (task + 1) * FLIPS_IN_TASK;
    for (int64_t f = task * FLIPS_IN_TASK; f < end && f < m->flips.n_flips && status == MLSD_OK;
         f++) {
        flip(&m->flips, f, is_flipped);
        flipped_t(m, is_flipped, t);
        double largest = -INFINITY;
        for (int64_t k = m->n_others - 1; k >= 0; k--) {
            const int64_t p = m->order[k];
            const double seen = extremeness(m, m->t[p]), margin = 1e-12 * (1 + fabs(seen));
            largest = fmax(largest, t[p]);
            alone[p] += t[p] >= seen - margin;
            joint[p] += largest >= seen - margin;
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, t);
    mlsd__free(a, is_flipped);
    return status;
}

/* Differences to the control in the rows that all have, and their t. */
static mlsd_status read_many(many_t *m)
{
    const mlsd__comparison *const c = m->c;
    const mlsd__allocator *const a = c->scope->allocator;
    int64_t *const rows = mlsd__alloc_raw(a, c->n_rows, sizeof *rows);
    double *const key = mlsd__alloc_raw(a, m->n_others, sizeof *key);
    mlsd_status status = rows == NULL || key == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) m->n = mlsd__comparison_complete_rows(c, rows);
    for (int64_t p = 0; p < m->n_others && status == MLSD_OK; p++) {
        double *const d = m->d + p * m->n;
        const double *const x = mlsd__comparison_scores(c, c->pairs[p].a),
                            *const y = mlsd__comparison_scores(c, c->pairs[p].b);
        for (int64_t i = 0; i < m->n; i++) d[i] = y[rows[i]] - x[rows[i]];
        m->squares[p] = mlsd__dot(d, d, m->n);
        m->t[p] = t_of(mlsd__sum(d, m->n), m->squares[p], (double)m->n);
        key[p] = -extremeness(m, m->t[p]);
    }
    if (status == MLSD_OK) status = mlsd__argsort(a, key, m->n_others, m->order);
    mlsd__free(a, key);
    mlsd__free(a, rows);
    return status;
}

static void put_many(many_t *m, int64_t n_tasks)
{
    mlsd__comparison *const c = m->c;
    double largest = 0;
    for (int64_t k = 0; k < m->n_others; k++) {
        const int64_t p = m->order[k];
        int64_t alone = 0, joint = 0;
        for (int64_t task = 0; task < n_tasks; task++) {
            alone += m->counts[task * 2 * m->n_others + p];
            joint += m->counts[(task * 2 + 1) * m->n_others + p];
        }
        mlsd__paired *const is = &c->pairs[p].is;
        double mean, variance;
        mlsd__mean_variance(m->d + p * m->n, NULL, m->n, 1, &mean, &variance);
        mlsd__paired_by_t(is, &c->settings, mean, sqrt(variance / (double)m->n), (double)m->n - 1);
        is->effect = variance > 0 ? mean / sqrt(variance) : (double)NAN;
        is->p_value = (double)alone / (double)m->flips.n_flips;
        largest = fmax(largest, (double)joint / (double)m->flips.n_flips);
        is->p_adjusted = largest;
        if (m->squares[p] > 0) continue;
        is->statistic = is->p_value = is->p_adjusted = NAN;
        is->reason = SAME_EVERYWHERE;
    }
}

static mlsd_status all_max_t(mlsd__comparison *c)
{
    const mlsd__allocator *const a = c->scope->allocator;
    many_t m = {.c = c, .n_others = c->n_pairs};
    int64_t size;
    for (int64_t p = 0; p < c->n_pairs; p++) mlsd__paired_clear(&c->pairs[p].is);
    MLSD__TRY(mlsd__mul_size(c->n_rows, m.n_others, &size));
    m.d = mlsd__alloc_raw(a, size, sizeof *m.d);
    m.squares = mlsd__alloc_raw(a, 2 * m.n_others, sizeof *m.squares);
    m.order = mlsd__alloc_raw(a, m.n_others, sizeof *m.order);
    m.t = m.squares != NULL ? m.squares + m.n_others : NULL;
    mlsd_status status =
        m.d == NULL || m.squares == NULL || m.order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = read_many(&m);
    for (int64_t p = 0; p < c->n_pairs; p++) c->pairs[p].is.n = m.n;
    if (status == MLSD_OK && m.n >= 2) {
        make_flips(c, m.n, &m.flips);
        const int64_t n_tasks = (m.flips.n_flips + FLIPS_IN_TASK - 1) / FLIPS_IN_TASK;
        m.counts = mlsd__alloc(a, n_tasks * 2 * m.n_others, sizeof *m.counts);
        status = m.counts == NULL ? MLSD_E_NOMEM
                                  : mlsd__parallel_for(c->scope, n_tasks, count_flips, &m);
        if (status == MLSD_OK) put_many(&m, n_tasks);
    }
    for (int64_t p = 0; p < c->n_pairs && m.n < 2; p++)
        c->pairs[p].is.reason = "fewer than two rows have all scores";
    mlsd__free(a, m.counts);
    mlsd__free(a, m.order);
    mlsd__free(a, m.squares);
    mlsd__free(a, m.d);
    return status;
}

const mlsd__comparison_ops mlsd__compare_max_t_ops = {
    .test = "max t by sign flips",
    .effect_is = "mean difference over its standard deviation",
    .rows = "rows",
    .all = all_max_t,
};
