/* metric_ranking.c - roc_auc: the chance that a row of the class is scored above one of another.
 *
 * O(n log n) or better for value and interval together: one sort, and a sweep that gives each row
 * its placement, the weighted share of the other side that it beats (ties count half). Of two
 * classes the interval is DeLong's. Where several areas are averaged (classes against the rest,
 * labels), a row's influence on the average is the average of its influences, and the interval is
 * that of their mean; so it stands for the rows, which are what varies, also where a row is in
 * many areas. A class that no row has makes the value undefined.
 *
 * Sources: one against the rest as Provost & Domingos (2000), one against one as Hand & Till
 * (2001), Machine Learning 45:171; the standardised partial area is McClish (1989), Medical
 * Decision Making 9:190. */
#include <math.h>

#include "metric/auc_count.h"
#include "metric/interval_rates.h"
#include "metric/score_sweep.h"
#include "metric/summary.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

/* Rows between two looks at the cancel flag. */
enum { CHECK_ROWS = 1 << 16 };

enum { MACRO, MICRO, WEIGHTED, SAMPLES, NONE };
static const char *const averages[] = {"macro", "micro", "weighted", "samples", "none", NULL};
enum { OVR, OVO };
static const char *const pairings[] = {"ovr", "ovo", NULL};
enum { NO_CURVE, CORNERS, ALL_POINTS };
static const char *const curves[] = {"none", "corners", "all", NULL};

typedef struct roc_params {
    int64_t average, multi_class, curve;
    double max_fpr;
} roc_params;

/* Scratch for one sort, shared by the classes. */
typedef struct sweep {
    int64_t n;
    double *weight;    /* NULL: ones */
    double *score;     /* of the class that is swept */
    double *placement; /* out: by row */
    double *influence; /* of the average over classes */
    bool *is_positive;
    int64_t *order;
    double n_positive, n_negative;           /* rows that weigh anything */
    double positive_weight, negative_weight; /* and what they weigh */
} sweep;

static void sweep_free(sweep *w, const mlsd__allocator *a)
{
    mlsd__free(a, w->weight);
    mlsd__free(a, w->score);
    mlsd__free(a, w->placement);
    mlsd__free(a, w->influence);
    mlsd__free(a, w->is_positive);
    mlsd__free(a, w->order);
}

static mlsd_status sweep_new(sweep *w, const mlsd__allocator *a, int64_t n)
{
    w->n = n;
    w->score = mlsd__alloc_raw(a, n, sizeof *w->score);
    if (w->score == NULL) return MLSD_E_NOMEM;
    w->placement = mlsd__alloc_raw(a, n, sizeof *w->placement);
    if (w->placement == NULL) return MLSD_E_NOMEM;
    w->influence = mlsd__alloc(a, n, sizeof *w->influence);
    if (w->influence == NULL) return MLSD_E_NOMEM;
    w->is_positive = mlsd__alloc_raw(a, n, sizeof *w->is_positive);
    if (w->is_positive == NULL) return MLSD_E_NOMEM;
    w->order = mlsd__alloc_raw(a, n, sizeof *w->order);
    return w->order == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static double weight_of(const sweep *w, int64_t i)
{
    return w->weight == NULL ? 1 : w->weight[i];
}

static bool has_labels(const mlsd__scored *s)
{
    return s->y_cols > 1;
}

static int64_t n_columns(const mlsd__scored *s)
{
    return has_labels(s) ? s->y_cols : s->n_classes;
}

/* Is row `row` of class or label c? */
static bool is_of(const mlsd__scored *s, int64_t row, int64_t c)
{
    return has_labels(s) ? s->y[row * s->y_cols + c] != 0 : s->y[row] == (double)c;
}

/* Count what load_* wrote. */
static void count_sides(sweep *w)
{
    w->n_positive = w->n_negative = w->positive_weight = w->negative_weight = 0;
    for (int64_t i = 0; i < w->n; i++) {
        const double weight = weight_of(w, i);
        if (w->is_positive[i]) {
            w->n_positive += weight > 0;
            w->positive_weight += weight;
        } else {
            w->n_negative += weight > 0;
            w->negative_weight += weight;
        }
    }
}

static void load_class(sweep *w, const mlsd__scored *s, const int64_t *rows, int64_t c)
{
    for (int64_t i = 0; i < w->n; i++) {
        const int64_t row = mlsd__scored_row(rows, i);
        w->score[i] = s->prediction[row * n_columns(s) + c];
        w->is_positive[i] = is_of(s, row, c);
    }
    count_sides(w);
}

/* Rows order[first .. end - 1] are tied: each stands above what lies below and half of its equals.
 */
static void place_ties(sweep *w, int64_t first, int64_t end, double *positive_below,
                       double *negative_below, double *wins)
{
    double positive_tied = 0, negative_tied = 0;
    for (int64_t k = first; k < end; k++) {
        const int64_t i = w->order[k];
        if (w->is_positive[i]) {
            positive_tied += weight_of(w, i);
        } else {
            negative_tied += weight_of(w, i);
        }
    }
    const double beaten = *negative_below + negative_tied / 2;
    const double beating = w->positive_weight - *positive_below - positive_tied / 2;
    for (int64_t k = first; k < end; k++) {
        const int64_t i = w->order[k];
        w->placement[i] =
            w->is_positive[i] ? beaten / w->negative_weight : beating / w->positive_weight;
    }
    *wins += positive_tied * beaten;
    *positive_below += positive_tied;
    *negative_below += negative_tied;
}

/* Without weights every sum is of halves, so the value is the Mann-Whitney count, rounded once. */
static mlsd_status sweep_class(mlsd__scope *scope, sweep *w, double *out_auc)
{
    *out_auc = NAN;
    if (!(w->positive_weight > 0 && w->negative_weight > 0)) return MLSD_OK;
    MLSD__TRY(mlsd__argsort_rows(scope, w->score, w->n, w->order));
    MLSD__TRY(mlsd__checkpoint(scope));
    double positive_below = 0, negative_below = 0, wins = 0;
    int64_t check_at = CHECK_ROWS;
    for (int64_t first = 0, end = 0; first < w->n; first = end) {
        if (first >= check_at) {
            MLSD__TRY(mlsd__checkpoint(scope));
            check_at = first + CHECK_ROWS;
        }
        const double score = w->score[w->order[first]];
        for (end = first + 1; end < w->n && w->score[w->order[end]] == score;) end++;
        place_ties(w, first, end, &positive_below, &negative_below, &wins);
    }
    const double auc = wins / (w->positive_weight * w->negative_weight);
    *out_auc = auc > 1 ? 1 : auc; /* NaN stays */
    return mlsd__checkpoint(scope);
}

/* ---- the area up to a false positive rate ---- */

/* A run of equal scores from the highest down: the weights of either side above it and in it. */
typedef struct run_of_ties {
    int64_t first, end; /* in `order`, which rises */
    double hits, alarms, rise, step;
} run_of_ties;

static run_of_ties next_ties(const sweep *w, const run_of_ties *before)
{
    run_of_ties r = {.end = before->first,
                     .first = before->first - 1,
                     .hits = before->hits + before->rise,
                     .alarms = before->alarms + before->step};
    const double score = w->score[w->order[r.first]];
    while (r.first > 0 && w->score[w->order[r.first - 1]] == score) r.first--;
    for (int64_t k = r.first; k < r.end; k++) {
        const int64_t i = w->order[k];
        if (w->is_positive[i]) {
            r.rise += weight_of(w, i);
        } else {
            r.step += weight_of(w, i);
        }
    }
    return r;
}

/* The part of a run, in its step, that lies below `limit` alarms. */
static double inside(const run_of_ties *r, double limit)
{
    return fmax(0, fmin(limit - r->alarms, r->step));
}

/* Give each row of one side its share of the area, in the weights of the other side: to a row of
 * the class the alarms up to the limit that it beats, to another one the hits up to the limit that
 * it stands above of, which are lost to it. On a straight piece both are means over it. */
static void share_side(sweep *w, bool of_positives, double limit, double hits_at_limit)
{
    for (run_of_ties r = {.first = w->n}; r.first > 0;) {
        r = next_ties(w, &r);
        const double part = inside(&r, limit);
        const bool is_whole = part == r.step;
        double share = 0;
        if (of_positives) {
            share = is_whole ? fmax(0, limit - r.alarms - r.step / 2) : part * part / (2 * r.step);
        } else if (is_whole) {
            share = fmax(0, hits_at_limit - r.hits - r.rise / 2);
        } else {
            share = r.rise * (part / r.step) * (part / r.step) / 2;
        }
        for (int64_t k = r.first; k < r.end; k++) {
            const int64_t i = w->order[k];
            if (w->is_positive[i] == of_positives) w->placement[i] = share;
        }
    }
}

static double hits_at(const sweep *w, double limit)
{
    for (run_of_ties r = {.first = w->n}; r.first > 0;) {
        r = next_ties(w, &r);
        if (r.alarms + r.step > limit) return r.hits + r.rise * inside(&r, limit) / r.step;
    }
    return w->positive_weight;
}

/* A is the mean over the class of max(0, max_fpr - the share of alarms above a row): the integrand
 * is 0 at the limit, so that where the limit falls does not matter to first order, and a row's
 * influence is its share less the mean of its side's (Dodd & Pepe 2003, Biometrics 59:614; He &
 * Escobar 2008, Statistics in Medicine 27:5291). Placements are those of McClish's standardised
 * area, shifted so that both sides have it as their mean: delong_se and the averages then hold. */
static mlsd_status sweep_partial(mlsd__scope *scope, sweep *w, double max_fpr, double *out_auc)
{
    const double p = w->positive_weight, n = w->negative_weight, limit = max_fpr * n;
    *out_auc = NAN;
    if (!(p > 0 && n > 0)) return MLSD_OK;
    MLSD__TRY(mlsd__argsort_rows(scope, w->score, w->n, w->order));
    MLSD__TRY(mlsd__checkpoint(scope));
    share_side(w, true, limit, NAN);
    share_side(w, false, limit, hits_at(w, limit));
    double won = 0, lost = 0;
    for (int64_t i = 0; i < w->n; i++) {
        if (w->is_positive[i]) {
            won += weight_of(w, i) * w->placement[i];
        } else {
            lost += weight_of(w, i) * w->placement[i];
        }
    }
    const double area = won / (p * n), least = max_fpr * max_fpr / 2;
    const double scale = 1 / (2 * (max_fpr - least));
    *out_auc = fmin(1, 0.5 + scale * (area - least));
    for (int64_t i = 0; i < w->n; i++) {
        const double off =
            w->is_positive[i] ? w->placement[i] / n - area : (lost / n - w->placement[i]) / p;
        w->placement[i] = *out_auc + scale * off;
    }
    return mlsd__checkpoint(scope);
}

/* DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44:837, by placements as in Sun & Xu (2014),
 * IEEE Signal Processing Letters 21:1389: the variance is S10 / m + S01 / n with the sample
 * variances of the placements of either side; weights enter as in a weighted mean. */
static double delong_se(const sweep *w, double auc)
{
    if (w->n_positive < 2 || w->n_negative < 2) return NAN;
    double squares[2] = {0};
    for (int64_t i = 0; i < w->n; i++) {
        const double d = weight_of(w, i) * (w->placement[i] - auc);
        squares[w->is_positive[i]] += d * d;
    }
    const double p = w->positive_weight, n = w->negative_weight;
    return sqrt(squares[1] / (p * p) * (w->n_positive / (w->n_positive - 1)) +
                squares[0] / (n * n) * (w->n_negative / (w->n_negative - 1)));
}

/* What the area is known from: the rarer class, however many rows the other has. */
static double support_of(const sweep *w)
{
    return fmin(w->n_positive, w->n_negative);
}

/* Two classes that are apart have no spread of placements, and 1 would be given as certain. But the
 * rarer class, of k rows, makes k pairs that share no row, and each of them is in order with the
 * chance that the area is: so all are with area^k, and the limit is Clopper & Pearson's of k of k.
 * All pairs being in order is less likely still, so that it holds. */
void mlsd__area_interval(mlsd__estimate *e, double n_pairs, double level)
{
    mlsd__estimate_interval(e, level, 0, 1);
    const double end = e->value > 0.5 ? 1 : 0; /* sums of weights round */
    const bool is_near = fabs(e->value - end) < 1e-10 && !mlsd__has_spread(e);
    if (isnan(level) || !(e->value == end || is_near)) return;
    const mlsd__rate pairs = {end * n_pairs, n_pairs};
    mlsd__proportion_interval(MLSD__CLOPPER_PEARSON, pairs, level, &e->low, &e->high);
}

/* Without any spread there is nothing to tell an interval from. */
static void interval_of_spread(mlsd__estimate *e, double level)
{
    mlsd__estimate_interval(e, level, 0, 1);
    if (!mlsd__has_spread(e)) e->low = e->high = NAN;
}

/* Of how many rows of equal weights the rarer class tells as much. */
static double effective_pairs(const sweep *w)
{
    double sum[2] = {0}, squares[2] = {0};
    for (int64_t i = 0; i < w->n; i++) {
        const double x = weight_of(w, i);
        sum[w->is_positive[i] != 0] += x;
        squares[w->is_positive[i] != 0] += x * x;
    }
    return fmin(sum[0] * sum[0] / squares[0], sum[1] * sum[1] / squares[1]);
}

/* Rows that weigh anything, and of how many rows of equal weights they tell as much. */
static double count_rows(const sweep *w, double *out_effective)
{
    double n = 0, sum = 0, squares = 0;
    for (int64_t i = 0; i < w->n; i++) {
        const double x = weight_of(w, i);
        n += x > 0;
        sum += x;
        squares += x * x;
    }
    *out_effective = sum * sum / squares;
    return n;
}

static void estimate_class(const sweep *w, double auc, bool is_whole, double level,
                           mlsd__estimate *out)
{
    mlsd__estimate_undefined(out);
    out->value = auc;
    out->support = support_of(w);
    if (isnan(auc) || isnan(level)) return;
    out->se = delong_se(w, auc);
    out->df = INFINITY;
    (void)count_rows(w, &out->n_rows);
    if (is_whole) {
        mlsd__area_interval(out, effective_pairs(w), level);
    } else {
        interval_of_spread(out, level);
    }
}

/* The rows at hand, what is asked of them, and where the answer goes. */
typedef struct job {
    mlsd__scope *scope;
    const mlsd__scored *s;
    const int64_t *rows;
    int64_t n_rows;
    const roc_params *p;
    double level;
    double *weight;      /* of the rows; NULL: ones */
    mlsd__measured *out; /* parts and tables; NULL: none are wanted */
    mlsd__estimate *estimate;
} job;

static mlsd_status open_sweep(const job *j, sweep *w)
{
    MLSD__TRY(mlsd__scored_weights(j->scope, j->s, j->rows, j->n_rows, &w->weight));
    return sweep_new(w, j->scope->allocator, j->n_rows);
}

/* The sums down to each threshold of the class that `w` holds. */
static mlsd_status put_curve(const job *j, const sweep *w)
{
    const mlsd__allocator *const a = j->scope->allocator;
    mlsd__sweep points = {0};
    mlsd_table *table = NULL;
    double *is_positive = mlsd__alloc_raw(a, w->n, sizeof *is_positive);
    if (is_positive == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < w->n; i++) is_positive[i] = w->is_positive[i];
    mlsd_status status = mlsd__sweep_new(j->scope, w->score, is_positive, w->weight, w->n, &points);
    if (status == MLSD_OK) status = mlsd__sweep_table(&points, j->p->curve == CORNERS, &table);
    if (status == MLSD_OK) status = mlsd__measured_table(j->out, "curve", table);
    mlsd__sweep_free(&points);
    mlsd__free(a, is_positive);
    return status;
}

static bool is_partial(const roc_params *p)
{
    return p->max_fpr < 1;
}

/* The area of the class that `w` holds, and its rows' placements. */
static mlsd_status area_of(const job *j, sweep *w, double *out_auc)
{
    return is_partial(j->p) ? sweep_partial(j->scope, w, j->p->max_fpr, out_auc)
                            : sweep_class(j->scope, w, out_auc);
}

bool mlsd__auc_is_plain(const void *params)
{
    const roc_params *const p = params;
    return !is_partial(p) && p->curve == NO_CURVE;
}

static mlsd_status score_two_classes(const job *j, sweep *w)
{
    load_class(w, j->s, j->rows, 1);
    double auc = NAN;
    MLSD__TRY(area_of(j, w, &auc));
    estimate_class(w, auc, !is_partial(j->p), j->level, j->estimate);
    return j->out == NULL || j->p->curve == NO_CURVE ? MLSD_OK : put_curve(j, w);
}

/* Each class or label against the rest. */
static mlsd_status score_each(const job *j, sweep *w)
{
    const int64_t k = n_columns(j->s);
    const bool by_rows = j->p->average == WEIGHTED;
    double sum = 0, total = 0, rarest = INFINITY;
    for (int64_t c = 0; c < k && by_rows; c++) {
        load_class(w, j->s, j->rows, c);
        total += w->positive_weight;
    }
    for (int64_t c = 0; c < k; c++) {
        double auc = NAN;
        load_class(w, j->s, j->rows, c);
        const double share = by_rows ? w->positive_weight / total : 1 / (double)k;
        MLSD__TRY(area_of(j, w, &auc));
        const bool is_out = by_rows && !(w->positive_weight > 0); /* weighs nothing in the mean */
        if (!is_out) sum += share * auc;
        if (!is_out) rarest = fmin(rarest, support_of(w));
        if (j->out != NULL) {
            mlsd__estimate part;
            estimate_class(w, auc, !is_partial(j->p), j->level, &part);
            MLSD__TRY(mlsd__measured_part(j->out, c, &part));
        }
        const double all = w->positive_weight + w->negative_weight;
        for (int64_t i = 0; i < w->n && !isnan(auc); i++) {
            const double side = w->is_positive[i] ? w->positive_weight : w->negative_weight;
            w->influence[i] += (w->placement[i] - auc) * (all / side) * share;
        }
    }
    j->estimate->support = rarest;
    if (j->p->average == NONE) return MLSD_OK;
    j->estimate->value = sum;
    if (isnan(j->level) || isnan(sum)) return MLSD_OK;
    mlsd__estimate_from_influence(w->influence, w->weight, w->n, j->estimate);
    j->estimate->df = INFINITY;
    return MLSD_OK;
}

/* All decisions in one heap, each of a row's that many times as heavy as the row. */
static mlsd_status score_micro(const job *j, sweep *w)
{
    const int64_t k = n_columns(j->s), n = w->n;
    sweep flat = {0};
    int64_t size = 0;
    double auc = NAN;
    MLSD__TRY(mlsd__mul_size(n, k, &size));
    mlsd_status status = sweep_new(&flat, j->scope->allocator, size);
    if (status == MLSD_OK && w->weight != NULL) {
        flat.weight = mlsd__alloc_raw(j->scope->allocator, size, sizeof *flat.weight);
        if (flat.weight == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t e = 0; e < size && status == MLSD_OK; e++) {
        const int64_t row = mlsd__scored_row(j->rows, e / k);
        flat.score[e] = j->s->prediction[row * k + e % k];
        flat.is_positive[e] = is_of(j->s, row, e % k);
        if (w->weight != NULL) flat.weight[e] = w->weight[e / k];
    }
    if (status == MLSD_OK) {
        count_sides(&flat);
        status = area_of(j, &flat, &auc);
    }
    if (status == MLSD_OK) {
        j->estimate->value = auc;
        j->estimate->support = count_rows(w, &j->estimate->n_rows);
    }
    if (status == MLSD_OK && !isnan(auc) && !isnan(j->level)) {
        const double all = (flat.positive_weight + flat.negative_weight) / (double)k;
        for (int64_t e = 0; e < size; e++) {
            const double side = flat.is_positive[e] ? flat.positive_weight : flat.negative_weight;
            w->influence[e / k] += (flat.placement[e] - auc) * (all / side);
        }
        mlsd__estimate_from_influence(w->influence, w->weight, n, j->estimate);
        j->estimate->df = INFINITY;
    }
    sweep_free(&flat, j->scope->allocator);
    return status;
}

/* The mean over rows of the area among a row's labels. A row of one side has none: it makes the
 * value undefined, as a class without rows does. */
static mlsd_status score_samples(const job *j, sweep *w)
{
    const int64_t k = n_columns(j->s);
    sweep one = {0};
    mlsd_status status = sweep_new(&one, j->scope->allocator, k);
    double sum = 0, total = 0;
    for (int64_t i = 0; i < w->n && status == MLSD_OK; i++) {
        const int64_t row = mlsd__scored_row(j->rows, i);
        double auc = NAN;
        w->influence[i] = 0;
        if (!(weight_of(w, i) > 0)) continue;
        for (int64_t c = 0; c < k; c++) {
            one.score[c] = j->s->prediction[row * k + c];
            one.is_positive[c] = is_of(j->s, row, c);
        }
        count_sides(&one);
        status = area_of(j, &one, &auc);
        w->influence[i] = auc;
        sum += weight_of(w, i) * auc;
        total += weight_of(w, i);
    }
    sweep_free(&one, j->scope->allocator);
    MLSD__TRY(status);
    j->estimate->value = sum / total;
    j->estimate->support = count_rows(w, &j->estimate->n_rows);
    if (isnan(j->estimate->value) || isnan(j->level)) return MLSD_OK;
    for (int64_t i = 0; i < w->n; i++) {
        if (weight_of(w, i) > 0) w->influence[i] -= j->estimate->value;
    }
    mlsd__estimate_from_influence(w->influence, w->weight, w->n, j->estimate);
    return MLSD_OK;
}

/* The mean of both classes' areas among the rows of the two, each by its own column. `rows` gets
 * which rows these are, and `by_row` the sum of their influences on that mean, weights aside. */
static mlsd_status score_pair(const job *j, const sweep *all, sweep *w, int64_t a, int64_t b,
                              int64_t *rows, double *by_row, double *out_auc)
{
    *out_auc = 0;
    for (int side = 0; side < 2; side++) {
        const int64_t own = side == 0 ? a : b;
        double auc = NAN;
        w->n = 0;
        for (int64_t i = 0; i < j->n_rows; i++) {
            const int64_t row = mlsd__scored_row(j->rows, i);
            if (j->s->y[row] != (double)a && j->s->y[row] != (double)b) continue;
            w->score[w->n] = j->s->prediction[row * j->s->n_classes + own];
            w->is_positive[w->n] = j->s->y[row] == (double)own;
            if (all->weight != NULL) w->weight[w->n] = all->weight[i];
            rows[w->n++] = i;
        }
        count_sides(w);
        MLSD__TRY(sweep_class(j->scope, w, &auc));
        *out_auc += auc / 2;
        for (int64_t i = 0; i < w->n && !isnan(auc); i++) {
            const double weight = w->is_positive[i] ? w->positive_weight : w->negative_weight;
            by_row[i] = (side == 0 ? 0 : by_row[i]) + (w->placement[i] - auc) / weight / 2;
        }
    }
    return MLSD_OK;
}

/* Each pair's area has the influence of its rows on it, as DeLong has it of two classes; those on
 * the average are averaged. */
static mlsd_status add_pairs(const job *j, sweep *all, sweep *pair, int64_t *rows, double *by_row)
{
    const int64_t k = j->s->n_classes;
    double sum = 0, total = 0, everything = 0, rarest = INFINITY;
    for (int64_t a = 0; a < k; a++) {
        for (int64_t b = a + 1; b < k; b++) {
            double auc = NAN;
            MLSD__TRY(score_pair(j, all, pair, a, b, rows, by_row, &auc));
            if (isnan(auc)) continue; /* of classes without rows */
            const double both = pair->positive_weight + pair->negative_weight;
            rarest = fmin(rarest, support_of(pair));
            const double weight = j->p->average == WEIGHTED ? both : 1;
            sum += weight * auc;
            total += weight;
            for (int64_t i = 0; i < pair->n; i++) all->influence[rows[i]] += weight * by_row[i];
        }
    }
    j->estimate->support = isinf(rarest) ? 0 : rarest;
    j->estimate->value = total > 0 ? sum / total : NAN;
    if (isnan(j->estimate->value) || isnan(j->level)) return MLSD_OK;
    for (int64_t i = 0; i < all->n; i++) everything += weight_of(all, i);
    for (int64_t i = 0; i < all->n; i++) all->influence[i] *= everything / total;
    mlsd__estimate_from_influence(all->influence, all->weight, all->n, j->estimate);
    j->estimate->df = INFINITY;
    return MLSD_OK;
}

static mlsd_status score_pairs(const job *j, sweep *all)
{
    const mlsd__allocator *const a = j->scope->allocator;
    sweep pair = {0};
    mlsd_status status = open_sweep(j, &pair);
    int64_t *const rows = mlsd__alloc_raw(a, all->n, sizeof *rows);
    double *const by_row = mlsd__alloc_raw(a, all->n, sizeof *by_row);
    if (status == MLSD_OK && (rows == NULL || by_row == NULL)) status = MLSD_E_NOMEM;
    if (status == MLSD_OK) status = add_pairs(j, all, &pair, rows, by_row);
    mlsd__free(a, by_row);
    mlsd__free(a, rows);
    sweep_free(&pair, a);
    return status;
}

static mlsd_status run(const job *j)
{
    sweep w = {0};
    mlsd__estimate_undefined(j->estimate);
    mlsd_status status = open_sweep(j, &w);
    if (status != MLSD_OK) goto out;
    if (!has_labels(j->s) && j->s->n_classes == 2) {
        status = score_two_classes(j, &w);
        goto out;
    }
    if (!has_labels(j->s) && j->p->multi_class == OVO) {
        status = score_pairs(j, &w);
    } else if (j->p->average == MICRO) {
        status = score_micro(j, &w);
    } else if (j->p->average == SAMPLES) {
        status = score_samples(j, &w);
    } else {
        status = score_each(j, &w);
    }
    if (status == MLSD_OK) {
        j->estimate->n_rows = (double)j->n_rows;
        interval_of_spread(j->estimate, j->level);
    }
out:
    sweep_free(&w, j->scope->allocator);
    return status;
}

static const roc_params defaults = {.max_fpr = NAN};

static mlsd_status score_roc_auc(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                                 int64_t n_rows, double level, mlsd__estimate *out)
{
    const job j = {.scope = scope,
                   .s = s,
                   .rows = rows,
                   .n_rows = n_rows,
                   .p = s->params != NULL ? s->params : &defaults,
                   .level = level,
                   .estimate = out};
    return run(&j);
}

static mlsd_status finish_roc_auc(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__scored s;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    const job j = {.scope = scope,
                   .s = &s,
                   .n_rows = s.n,
                   .p = f->params,
                   .level = f->level,
                   .out = f->wants_parts ? out : NULL,
                   .estimate = &out->estimate};
    return run(&j);
}

static mlsd_status check_roc_auc(const void *params, const mlsd__shape *shape)
{
    const roc_params *const p = params;
    const bool is_multiclass = shape->y_cols == 1 && shape->n_classes > 2;
    if (is_multiclass && is_partial(p)) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'max_fpr' is for two classes, there are %lld; leave it null",
                          (long long)shape->n_classes);
    }
    if (is_multiclass && p->average == SAMPLES) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "average = samples is for many labels a row; choose macro");
    }
    if (is_multiclass && p->multi_class == OVO && (p->average == MICRO || p->average == NONE)) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "average = %s is not for multi_class = ovo; choose macro or weighted",
                          averages[p->average]);
    }
    return MLSD_OK;
}

static const mlsd_param table[] = {
    MLSD__P_CHOICE(roc_params, average, averages, "\"macro\"",
                   "how classes or labels are put together: macro (mean), micro (all decisions in "
                   "one curve), weighted (by their rows), samples (mean of the rows, of many "
                   "labels), none (each alone)"),
    MLSD__P_CHOICE(roc_params, multi_class, pairings, "\"ovr\"",
                   "of more than two classes: each against the rest, or against each other one"),
    MLSD__P_CHOICE(roc_params, curve, curves, "\"none\"",
                   "table \"curve\" of two classes: its corners, or a point for each score"),
    MLSD__P_F64_NULL(roc_params, max_fpr, 0, 1, MLSD__OPEN_LOWER, "null",
                     "area up to this false positive rate, standardised (1/2 for chance); null: "
                     "all of it"),
};

#define OPS(params_, is_area_)                                                                   \
    {                                                                                            \
        .params = params_, .params_size = sizeof(roc_params), .is_usual = true,                  \
        .greater_is_better = true, .for_classification = true, .needs_proba = true,              \
        .any_score = true, .for_labels = true, .check = check_roc_auc, .finish = finish_roc_auc, \
        .score = score_roc_auc, .direct = mlsd__auc_direct, .is_area = is_area_,                 \
    }
static const mlsd__metric_ops roc_auc_ops = OPS(&defaults, true);
MLSD__METRIC_KIND_WITH(
    roc_auc, table, roc_params, MLSD__OF_CLASSES, "1",
    "area under the ROC curve, of more than two classes the mean of each against the rest; "
    "DeLong interval");

/* scikit-learn's names of scorers. */
static const roc_params ovr_weighted = {.average = WEIGHTED, .max_fpr = NAN};
static const roc_params ovo = {.multi_class = OVO, .max_fpr = NAN};
static const roc_params ovo_weighted = {.average = WEIGHTED, .multi_class = OVO, .max_fpr = NAN};
static const roc_params micro = {.average = MICRO, .max_fpr = NAN};
const mlsd__metric_alias mlsd__ranking_aliases[] = {
    {"roc_auc_ovr", "roc_auc", OPS(&defaults, true)},
    {"roc_auc_ovr_weighted", "roc_auc", OPS(&ovr_weighted, false)},
    {"roc_auc_ovo", "roc_auc", OPS(&ovo, false)},
    {"roc_auc_ovo_weighted", "roc_auc", OPS(&ovo_weighted, false)},
    {"roc_auc_micro", "roc_auc", OPS(&micro, false)},
    {0},
};
