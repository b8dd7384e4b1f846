/* diagnosis.c - the verdict on a fit from its loss curves, and how sure it is.
 *
 * The mean curves over folds are smoothed by local lines; what the verdict rests on (rise, slope,
 * gap, level) is compared both with its standard error and with a part of the level that matters.
 * Confidence is the share of resamples with the same verdict: folds are drawn again, and with fewer
 * than three folds blocks of deviations from the smooth curve (Kuensch 1989, "The jackknife and the
 * bootstrap for general stationary observations", Annals of Statistics 17:1217-1241).
 *
 * Everything is computed on losses over the base, capped at CAP, so that no size of numbers
 * overflows. Long curves are looked at through the means of equal runs of steps. The constants were
 * set on curves of tests/support/simulated_curves.c with other seeds than the test's. */
#include "curve/diagnosis.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "curve/diagnosis_measure.h"

/* One-sided 1 %. */
static const double Z = 2.326347874040841;
/* A rise below this part of the best level does not matter. */
static const double LEAST_RISE = 0.02;
/* Nor does a fall by less than this part of the level over half of the last quarter. */
static const double LEAST_FALL = 0.01;
/* A gap is wide from this part of the validation loss on, and this part of the base. */
static const double WIDE_GAP = 0.5, WIDE_GAP_BASE = 0.1;
/* Training loss above this part of the base, or so much over the target: little was learnt. */
static const double HIGH_TRAINING = 0.5, OVER_TARGET = 1.1;
/* Noise from step to step above this part of the level. */
static const double WILD = 0.08;
/* Spikes of this part of the level in this part of the steps are as wild. */
static const double SPIKE = 0.25, SPIKY = 0.04;
/* This part of the base stands for the level where losses come near 0. */
static const double LEAST_LEVEL = 0.02;
/* Diverged: the end at so many times the start, or so many and the training loss rose. */
static const double FAR_ABOVE = 3, ABOVE = 1.5;
/* Training broke when it is not finite at the end or in so large a part of the steps. */
static const double BROKEN = 0.1;
/* A validation loss this far below training, as a part of it, is too good. */
static const double FAR_BELOW = 0.5, TINY_START = 0.01;
/* A standard error of the validation loss above this part of it is large. */
static const double LARGE_SE = 0.05;
/* Within this part of the best a curve is at its plateau. */
static const double AT_BEST = 0.01;
/* Losses over the base are cut here. */
static const double CAP = 1e6;
/* Deviations are drawn from no further away than this part of the curve: they change with it. */
static const double LOCAL = 0.15;
/* Deviations are cut at so many standard deviations. */
static const double CUT = 3;
/* More points are put together. */
enum { MOST_POINTS = 400, LEAST_SLOPE_STEPS = 6 };

static const char *const verdict_names[MLSD__N_FIT_VERDICTS] = {
    [MLSD__FIT_UNKNOWN] = "unknown",     [MLSD__FIT_UNDERFIT] = "underfit",
    [MLSD__FIT_OVERFIT] = "overfit",     [MLSD__FIT_OPTIMAL] = "optimal",
    [MLSD__FIT_IMPROVING] = "improving", [MLSD__FIT_UNSTABLE] = "unstable",
    [MLSD__FIT_DIVERGED] = "diverged",
};

static const char *const kind_names[MLSD__N_FIT_KINDS] = {
    [MLSD__FIT_PLAIN] = "",
    [MLSD__FIT_RISE] = "rise",
    [MLSD__FIT_GAP] = "gap",
    [MLSD__FIT_JITTER] = "jitter",
    [MLSD__FIT_BOTH_RISE] = "both rise",
    [MLSD__FIT_FEW_STEPS] = "too few steps",
    [MLSD__FIT_CONSTANT] = "constant",
    [MLSD__FIT_NEGATIVE] = "negative losses",
};

const char *mlsd__fit_verdict_name(mlsd__fit_verdict verdict)
{
    return verdict_names[verdict];
}

const char *mlsd__fit_kind_name(mlsd__fit_kind kind)
{
    return kind_names[kind];
}

/* The finite steps, put together where they are many, over the base. */
typedef struct view {
    const mlsd__fit_curves *in;
    mlsd__scope *scope;
    int64_t K, n, run;                   /* folds, points, steps in a point */
    int64_t n_finite, *finite;           /* the finite steps */
    double *train, *valid;               /* K x n */
    double *jitter_train, *jitter_valid; /* K: of the steps themselves */
    double unit;                         /* what the losses were divided by */
    bool has_base;
    double target;
    mlsd__smoother smoother;
    double *room;      /* 8 x n + 2 x K */
    double *long_room; /* 2 x n_finite */
} view;

/* The first step of a point. */
static int64_t step_of(const view *v, int64_t point)
{
    return v->finite[point * v->run];
}

/* Mean curves, and the folds they are of: all where draw is NULL; none where they were shaken. */
typedef struct sample {
    const double *train, *valid;
    const int64_t *draw;
    bool is_shaken;
} sample;

/* One look at a sample. */
typedef struct look {
    mlsd__fit_verdict verdict;
    mlsd__fit_kind kind;
    int64_t best, slope_steps;
    double s_best, s_last, s_train_last, rise, rise_se, gap, slope, slope_se, base, jitter;
    double noise_train, noise_valid, noise_best; /* at the end, and around the best point */
} look;

/* Standard error of a difference of two with these. */
static double both(double a, double b)
{
    return sqrt(a * a + b * b);
}

static double tail_median(const double *y, int64_t first, int64_t n, double *room)
{
    memcpy(room, y + first, (size_t)(n - first) * sizeof *room);
    return mlsd__median_in_place(room, n - first);
}

static int64_t at_least(double value, int64_t least)
{
    return value < (double)least ? least : (int64_t)value;
}

/* Standard deviation over folds of the difference of the smoothed curves at two points, over the
 * folds of `draw`. Cross-validated folds share rows, hence Nadeau & Bengio's (2003) factor. */
static double fold_se(const view *v, const int64_t *draw, int64_t a, int64_t b)
{
    double mean = 0, m2 = 0;
    for (int64_t k = 0; k < v->K; k++) {
        const double *const y = v->valid + (draw != NULL ? draw[k] : k) * v->n;
        const double x = mlsd__smooth_at(&v->smoother, y, a) -
                         (b >= 0 ? mlsd__smooth_at(&v->smoother, y, b) : 0);
        const double delta = x - mean;
        mean += delta / (double)(k + 1);
        m2 += delta * (x - mean);
    }
    if (v->K < 2) return 0;
    const double share = v->in->n_valid / v->in->n_train;
    const double factor = 1.0 / (double)v->K + (share > 0 ? share : 0);
    return sqrt(m2 / (double)(v->K - 1) * factor);
}

static double median_jitter(const view *v, const double *of, const int64_t *draw)
{
    double *const room = v->room + 8 * v->n;
    for (int64_t k = 0; k < v->K; k++) room[k] = of[draw != NULL ? draw[k] : k];
    return mlsd__median_in_place(room, v->K);
}

/* Losses jump about, measured by the validation loss around each step: from step to step in the
 * median fold, or in spikes again and again. */
static bool is_wild(const view *v, const sample *m, look *out)
{
    const int64_t n = v->n;
    const double *const level = v->room + 6 * n;
    double *const noise = v->room + 8 * n, *const spikes = noise + v->K;
    double most_spikes = 0;
    out->jitter = 0;
    for (int s = 0; s < 2; s++) {
        for (int64_t k = 0; k < v->K; k++) {
            const double *const y =
                (s == 0 ? v->train : v->valid) + (m->draw != NULL ? m->draw[k] : k) * n;
            const double *const shaken = s == 0 ? m->train : m->valid;
            noise[k] = mlsd__step_noise(m->is_shaken ? shaken : y, level, n, v->room);
            /* Blocks that were moved make spikes of their own where a curve is steep. */
            spikes[k] = (double)mlsd__count_spikes(y, level, n, SPIKE);
        }
        out->jitter = fmax(out->jitter, mlsd__median_in_place(noise, v->K));
        most_spikes = fmax(most_spikes, mlsd__median_in_place(spikes, v->K));
    }
    return out->jitter > WILD || most_spikes >= fmax(SPIKY * (double)n, 2);
}

static bool is_far_above(const view *v, const double *st, const double *mv, double noise_train,
                         double base)
{
    const int64_t n = v->n, q = at_least((double)n / 10, 3);
    const double end = tail_median(mv, n - q, n, v->room);
    double start = base;
    if (!v->has_base) {
        memcpy(v->room, mv, (size_t)q * sizeof *mv);
        start = mlsd__median_in_place(v->room, q);
    }
    if (end > FAR_ABOVE * start) return true;
    int64_t lowest = 0;
    for (int64_t t = 1; t < n; t++)
        if (st[t] < st[lowest]) lowest = t;
    const double *const c = v->smoother.norm;
    return end > ABOVE * start &&
           st[n - 1] - st[lowest] > Z * noise_train * both(c[n - 1], c[lowest]);
}

/* The validation loss rose from its best, for sure and by what matters; did training fall? */
static bool has_risen(const view *v, const double *st, const int64_t *draw, look *out)
{
    const int64_t last = v->n - 1, e = out->best;
    const double *const c = v->smoother.norm;
    const double apart = both(c[last], c[e]);
    out->rise_se = both(out->noise_valid * c[last], out->noise_best * c[e]);
    if (v->K >= 3) out->rise_se = fmax(out->rise_se, fold_se(v, draw, last, e));
    const double least = fmax(3, (double)v->smoother.half / 2);
    if (!(out->rise > Z * out->rise_se && out->rise > LEAST_RISE * out->s_best)) return false;
    if ((double)(last - e) < least) return false;
    const double train_rise = st[last] - st[e];
    out->kind = train_rise > Z * out->noise_train * apart && train_rise > LEAST_RISE * st[e]
                    ? MLSD__FIT_BOTH_RISE
                    : MLSD__FIT_RISE;
    return true;
}

static bool is_falling(const view *v, const double *mv, look *out)
{
    const int64_t w = at_least(ceil(0.25 * (double)v->n), LEAST_SLOPE_STEPS);
    double norm;
    out->slope_steps = w;
    out->slope = mlsd__end_slope(mv, v->n - w, v->n, &norm);
    out->slope_se = out->noise_valid * norm;
    return out->slope + Z * out->slope_se < 0 &&
           -out->slope * (double)w / 2 > LEAST_FALL * out->s_last;
}

static void decide(const view *v, const sample *m, const double *st, look *out)
{
    if (is_far_above(v, st, m->valid, out->noise_train, out->base)) {
        out->verdict = MLSD__FIT_DIVERGED;
    } else if (is_wild(v, m, out)) {
        out->verdict = MLSD__FIT_UNSTABLE;
        out->kind = MLSD__FIT_JITTER;
    } else if (has_risen(v, st, m->draw, out)) {
        out->verdict = out->kind == MLSD__FIT_BOTH_RISE ? MLSD__FIT_UNSTABLE : MLSD__FIT_OVERFIT;
    } else if (is_falling(v, m->valid, out)) {
        out->verdict = MLSD__FIT_IMPROVING;
    } else if (out->gap > WIDE_GAP * out->s_last && out->gap > WIDE_GAP_BASE * out->base) {
        out->verdict = MLSD__FIT_OVERFIT;
        out->kind = MLSD__FIT_GAP;
    } else if (out->s_train_last >
               (v->target > 0 ? OVER_TARGET * v->target : HIGH_TRAINING * out->base)) {
        out->verdict = MLSD__FIT_UNDERFIT;
    } else {
        out->verdict = MLSD__FIT_OPTIMAL;
    }
}

/* Noise is measured where it matters, in half of the curve: it is often larger while losses are. */
static void measure_noise(const view *v, const double *mt, const double *mv, look *out)
{
    const int64_t n = v->n, half = n - n / 2;
    const double *const st = v->room + 4 * n, *const sv = v->room + 5 * n;
    int64_t first = out->best - half / 2;
    first = first < 0 ? 0 : first > n - half ? n - half : first;
    const mlsd__smoother *const s = &v->smoother;
    out->noise_train = mlsd__curve_noise(s, mt, st, n - half, half, v->room);
    out->noise_valid = mlsd__curve_noise(s, mv, sv, n - half, half, v->room);
    out->noise_best = mlsd__curve_noise(s, mv, sv, first, half, v->room);
}

/* room: st, sv of 2 n are kept at v->room + 4 n and + 5 n. */
static void judge(const view *v, const sample *m, look *out)
{
    const double *const mt = m->train, *const mv = m->valid;
    const int64_t n = v->n;
    double *const st = v->room + 4 * n, *const sv = v->room + 5 * n;
    mlsd__smooth(&v->smoother, mt, st);
    mlsd__smooth(&v->smoother, mv, sv);
    *out = (look){.base = v->has_base ? 1 : fmax(mt[0], mv[0])};
    for (int64_t t = 1; t < n; t++)
        if (sv[t] < sv[out->best]) out->best = t;
    out->s_best = sv[out->best];
    out->s_last = sv[n - 1];
    out->s_train_last = st[n - 1];
    out->rise = out->s_last - out->s_best;
    out->gap = fmax(sv[n - 1] - st[n - 1], sv[out->best] - st[out->best]);
    for (int64_t t = 0; t < n; t++) v->room[6 * n + t] = fmax(sv[t], LEAST_LEVEL * out->base);
    measure_noise(v, mt, mv, out);
    decide(v, m, st, out);
    /* What later checks would have measured is told whatever the verdict is. */
    look rest = *out;
    (void)is_wild(v, m, &rest);
    (void)has_risen(v, st, m->draw, &rest);
    (void)is_falling(v, mv, &rest);
    rest.kind = out->kind;
    *out = rest;
}

static void mean_of(const view *v, const double *of, const int64_t *draw, double *out)
{
    memset(out, 0, (size_t)v->n * sizeof *out);
    for (int64_t k = 0; k < v->K; k++) {
        const double *const y = of + (draw != NULL ? draw[k] : k) * v->n;
        for (int64_t t = 0; t < v->n; t++) out[t] += y[t] / (double)v->K;
    }
}

/* What moves blocks: the smooth curves, and the deviations from them. */
typedef struct shaker {
    const double *smooth[2], *deviation[2];
} shaker;

/* Where a curve is steep and bent a line misses it by more than noise: such deviations are cut, for
 * moved elsewhere they would be bends that no curve has. */
static void take_deviations(const view *v, const look *seen, const double *const mean[2],
                            const double *const smooth[2], double *const out[2])
{
    const double most[2] = {CUT * seen->noise_train,
                            CUT * fmax(seen->noise_valid, seen->noise_best)};
    for (int s = 0; s < 2; s++) {
        for (int64_t t = 0; t < v->n; t++)
            out[s][t] = fmin(fmax(mean[s][t] - smooth[s][t], -most[s]), most[s]);
    }
}

/* The smooth curve with blocks of the deviations from it, drawn anew from near by: the same blocks
 * for both curves, since what moves one at a step moves the other. */
static void shake(const view *v, mlsd__stream *stream, const shaker *from, double *const out[2])
{
    const int64_t n = v->n;
    int64_t length = 1; /* the cube root, up */
    while (length * length * length < n) length++;
    const int64_t reach = at_least(LOCAL * (double)n, length);
    for (int64_t t = 0; t < n; t += length) {
        const int64_t low = t - reach < 0 ? 0 : t - reach;
        const int64_t high = t + reach > n - length ? n - length : t + reach;
        const int64_t at = low + (int64_t)mlsd__stream_below(stream, (uint64_t)(high - low + 1));
        for (int64_t i = 0; i < length && t + i < n; i++) {
            for (int s = 0; s < 2; s++)
                out[s][t + i] = from->smooth[s][t + i] + from->deviation[s][at + i];
        }
    }
}

/* What most resamples say, the curves' own verdict where it is no less. */
static void elect(int64_t count[MLSD__N_FIT_VERDICTS][MLSD__N_FIT_KINDS], int64_t n,
                  mlsd__fit_diagnosis *out)
{
    mlsd__fit_verdict most = out->verdict;
    for (int i = 0; i < MLSD__N_FIT_VERDICTS; i++) {
        int64_t sum = 0;
        for (int k = 0; k < MLSD__N_FIT_KINDS; k++) sum += count[i][k];
        out->shares[i] = (double)sum / (double)n;
    }
    for (int i = 0; i < MLSD__N_FIT_VERDICTS; i++)
        if (out->shares[i] > out->shares[most]) most = (mlsd__fit_verdict)i;
    out->confidence = out->shares[most];
    if (most == out->verdict) return;
    out->verdict = most;
    out->kind = MLSD__FIT_PLAIN;
    for (int k = 0; k < MLSD__N_FIT_KINDS; k++)
        if (count[most][k] > count[most][out->kind]) out->kind = (mlsd__fit_kind)k;
}

static mlsd_status resample(const view *v, int64_t n_resamples, uint64_t seed, const shaker *from,
                            double *const made[2], int64_t *draw, mlsd__fit_diagnosis *out)
{
    int64_t count[MLSD__N_FIT_VERDICTS][MLSD__N_FIT_KINDS] = {{0}};
    for (int64_t b = 0; b < n_resamples; b++) {
        mlsd__stream stream;
        look seen;
        sample m = {.train = made[0], .valid = made[1]};
        MLSD__TRY(mlsd__checkpoint(v->scope));
        mlsd__stream_init(&stream, seed, (uint64_t)b, 0, 0, MLSD__PURPOSE_BOOTSTRAP);
        if (v->K >= 3) {
            for (int64_t k = 0; k < v->K; k++)
                draw[k] = (int64_t)mlsd__stream_below(&stream, (uint64_t)v->K);
            mean_of(v, v->train, draw, made[0]);
            mean_of(v, v->valid, draw, made[1]);
            m.draw = draw;
        } else {
            shake(v, &stream, from, made);
            m.is_shaken = true;
        }
        judge(v, &m, &seen);
        count[seen.verdict][seen.kind]++;
    }
    elect(count, n_resamples, out);
    return MLSD_OK;
}

static int32_t flags_of(const view *v, const look *seen, const double *mv, const double *st,
                        const double *sv)
{
    const int64_t n = v->n, last = n - 1;
    const double *const c = v->smoother.norm;
    int32_t flags = 0;
    int64_t n_below = 0;
    for (int64_t t = n / 2; t < n; t++) {
        const double se = both(seen->noise_train, seen->noise_valid) * c[t];
        n_below += sv[t] < st[t] - Z * se && sv[t] < (1 - LEAST_RISE) * st[t];
    }
    if ((double)n_below >= 0.8 * (double)(n - n / 2)) {
        flags |= sv[last] < FAR_BELOW * st[last] ? MLSD__FLAG_LEAK : MLSD__FLAG_VALIDATION_EASIER;
    }
    if (v->has_base && mv[0] < TINY_START) flags |= MLSD__FLAG_LEAK;

    /* Down, up, and down again to where it had been: the highest point after a first minimum. */
    double low = sv[0], peak = sv[0], first_low = NAN;
    int64_t at_low = 0, at_peak = 0;
    double bump = 0;
    for (int64_t t = 1; t < n; t++) {
        if (sv[t] < low) {
            low = sv[t];
            at_low = t;
        }
        if (sv[t] - low > bump) {
            bump = sv[t] - low;
            first_low = low;
            peak = sv[t];
            at_peak = t;
        }
        if (sv[t] <= low && bump > 0) break;
    }
    const double se = seen->noise_valid * both(c[at_peak], c[at_low]);
    if (bump > Z * se && bump > 2 * LEAST_RISE * first_low && sv[last] <= first_low + se &&
        peak > first_low)
        flags |= MLSD__FLAG_DOUBLE_DESCENT;
    return flags;
}

static void find_plateau(const view *v, const look *seen, const double *sv,
                         mlsd__fit_diagnosis *out)
{
    const double *const c = v->smoother.norm;
    int64_t first = v->n;
    for (int64_t t = v->n - 1; t >= 0; t--) {
        const double near =
            fmax(AT_BEST * seen->s_best, Z * seen->noise_valid * both(c[t], c[seen->best]));
        if (sv[t] > seen->s_best + near) break;
        first = t;
    }
    /* A last tenth is no plateau. */
    if (first >= v->n - at_least((double)v->n / 10, 3)) return;
    if (seen->verdict == MLSD__FIT_IMPROVING) return;
    out->flags |= MLSD__FLAG_PLATEAU;
    out->plateau_step = step_of(v, first);
}

/* Is the validation set so small that its loss is not known well? Over folds it shows; with one,
 * losses of rows are taken to be as spread as their mean is high. */
static void weigh_validation(const view *v, const look *seen, mlsd__fit_diagnosis *out)
{
    double se = NAN;
    if (v->K >= 3)
        se = fold_se(v, NULL, seen->best, -1);
    else if (v->in->n_valid > 0)
        se = seen->s_best / sqrt((double)v->K * v->in->n_valid);
    out->fold_se = se * v->unit;
    if (se > LARGE_SE * seen->s_best) out->flags |= MLSD__FLAG_FEW_VALIDATION_ROWS;
}

/* The step with the lowest mean validation loss among those of the best point. */
static int64_t best_step_of(const view *v, int64_t point)
{
    const mlsd__fit_curves *const in = v->in;
    const int64_t end = point + 1 < v->n ? step_of(v, point + 1) : in->n_steps;
    int64_t best = step_of(v, point);
    double lowest = INFINITY;
    if (v->run == 1) return best;
    for (int64_t t = step_of(v, point); t < end; t++) {
        double mean = 0;
        for (int64_t k = 0; k < in->n_folds; k++)
            mean += in->valid[k * in->n_steps + t] / (double)in->n_folds;
        if (mean < lowest) {
            lowest = mean;
            best = t;
        }
    }
    return best;
}

static void report(const view *v, const look *seen, mlsd__fit_diagnosis *out)
{
    const double unit = v->unit, run = (double)v->run;
    out->verdict = seen->verdict;
    out->kind = seen->kind;
    out->best_step = best_step_of(v, seen->best);
    out->best_value = seen->s_best * unit + v->in->floor;
    out->last_value = seen->s_last * unit + v->in->floor;
    out->train_last = seen->s_train_last * unit + v->in->floor;
    out->base = seen->base * unit + v->in->floor;
    out->rise = seen->rise * unit;
    out->rise_se = seen->rise_se * unit;
    out->gap = seen->gap * unit;
    out->slope = seen->slope * unit / run;
    out->slope_se = seen->slope_se * unit / run;
    out->slope_steps = seen->slope_steps * v->run;
    /* The fall slows down: half of what the last steps would give if it did not. */
    out->expected_gain = fmax(0, -seen->slope * (double)seen->slope_steps / 2) * unit;
    out->noise_train = median_jitter(v, v->jitter_train, NULL) * unit;
    out->noise_valid = median_jitter(v, v->jitter_valid, NULL) * unit;
    out->jitter = seen->jitter;
}

/* curves: 8 x n, the first four as `smooth` wants them. */
static mlsd_status look_around(const view *v, int64_t n_resamples, uint64_t seed, double *curves,
                               int64_t *draw, mlsd__fit_diagnosis *out)
{
    const int64_t n = v->n;
    double *const mt = curves, *const st = mt + n, *const mv = st + n, *const sv = mv + n;
    double *const deviation[2] = {sv + n, sv + 2 * n}, *const made[2] = {sv + 3 * n, sv + 4 * n};
    const double *const mean[2] = {mt, mv};
    const shaker from = {.smooth = {st, sv}, .deviation = {deviation[0], deviation[1]}};
    look seen;
    mean_of(v, v->train, NULL, mt);
    mean_of(v, v->valid, NULL, mv);
    judge(v, &(sample){.train = mt, .valid = mv}, &seen);
    mlsd__smooth(&v->smoother, mt, st);
    mlsd__smooth(&v->smoother, mv, sv);
    report(v, &seen, out);
    out->flags |= flags_of(v, &seen, mv, st, sv);
    find_plateau(v, &seen, sv, out);
    weigh_validation(v, &seen, out);
    take_deviations(v, &seen, mean, from.smooth, deviation);
    return resample(v, n_resamples, seed, &from, made, draw, out);
}

static mlsd_status look_at(const view *v, int64_t n_resamples, uint64_t seed, double *smooth,
                           mlsd__fit_diagnosis *out)
{
    const mlsd__allocator *const a = v->scope->allocator;
    const int64_t n = v->n;
    double *const curves = mlsd__alloc_raw(a, 8 * n, sizeof *curves);
    int64_t *const draw = mlsd__alloc_raw(a, v->K, sizeof *draw);
    mlsd_status status = curves == NULL || draw == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = look_around(v, n_resamples, seed, curves, draw, out);
    for (int64_t i = 0; i < 4 * n && smooth != NULL && status == MLSD_OK; i++)
        smooth[i / n * v->in->n_steps + step_of(v, i % n)] = curves[i] * v->unit + v->in->floor;
    mlsd__free(a, draw);
    mlsd__free(a, curves);
    return status;
}

static bool is_finite_step(const mlsd__fit_curves *in, int64_t t)
{
    for (int64_t k = 0; k < in->n_folds; k++) {
        if (!isfinite(in->train[k * in->n_steps + t]) || !isfinite(in->valid[k * in->n_steps + t]))
            return false;
    }
    return true;
}

typedef struct extent {
    double low, high, first; /* of finite losses; first: the larger mean at the first finite step */
    bool is_constant;
} extent;

static extent extent_of(const mlsd__fit_curves *in)
{
    extent e = {INFINITY, -INFINITY, NAN, true};
    int64_t before = -1;
    for (int64_t t = 0; t < in->n_steps; t++) {
        if (!is_finite_step(in, t)) continue;
        double train = 0, valid = 0;
        for (int64_t k = 0; k < in->n_folds; k++) {
            const int64_t at = k * in->n_steps;
            e.low = fmin(e.low, fmin(in->train[at + t], in->valid[at + t]));
            e.high = fmax(e.high, fmax(in->train[at + t], in->valid[at + t]));
            train += in->train[at + t] / (double)in->n_folds;
            valid += in->valid[at + t] / (double)in->n_folds;
            if (before >= 0 && (in->train[at + t] != in->train[at + before] ||
                                in->valid[at + t] != in->valid[at + before]))
                e.is_constant = false;
        }
        if (before < 0) e.first = fmax(train, valid);
        before = t;
    }
    return e;
}

/* One fold's series over the base, a point for each `run` finite steps; the last takes what is
 * left.
 */
static void fill_fold(const view *v, const double *y, double *out, double *jitter)
{
    const mlsd__fit_curves *const in = v->in;
    for (int64_t i = 0; i < v->n_finite; i++)
        v->long_room[i] = fmin((y[v->finite[i]] - in->floor) / v->unit, CAP);
    for (int64_t p = 0; p < v->n; p++) {
        const int64_t end = p + 1 < v->n ? (p + 1) * v->run : v->n_finite;
        double mean = 0;
        for (int64_t i = p * v->run; i < end; i++)
            mean += (v->long_room[i] - mean) / (double)(i - p * v->run + 1);
        out[p] = mean;
    }
    *jitter = mlsd__step_noise(v->long_room, NULL, v->n_finite, v->long_room + v->n_finite);
}

static mlsd_status look_through(mlsd__scope *scope, const mlsd__fit_curves *in, int64_t n_resamples,
                                uint64_t seed, double unit, double *smooth,
                                mlsd__fit_diagnosis *out)
{
    const mlsd__allocator *const a = scope->allocator;
    view v = {.in = in, .scope = scope, .K = in->n_folds, .unit = unit};
    v.run = (out->n_finite + MOST_POINTS - 1) / MOST_POINTS;
    v.n = out->n_finite / v.run;
    v.has_base = in->base > in->floor;
    v.target = (in->target - in->floor) / unit;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(v.K, 2 * v.n + 2, &size));
    v.n_finite = out->n_finite;
    v.finite = mlsd__alloc(a, v.n_finite, sizeof *v.finite);
    v.long_room = mlsd__alloc(a, 2 * v.n_finite, sizeof *v.long_room);
    v.train = mlsd__alloc(a, size, sizeof *v.train);
    v.room = mlsd__alloc(a, 8 * v.n + 2 * v.K, sizeof *v.room);
    mlsd_status status = mlsd__smoother_make(a, v.n, &v.smoother);
    if (v.finite == NULL || v.long_room == NULL || v.train == NULL || v.room == NULL)
        status = MLSD_E_NOMEM;
    if (status == MLSD_OK) {
        for (int64_t t = 0, i = 0; t < in->n_steps; t++)
            if (is_finite_step(in, t)) v.finite[i++] = t;
        v.valid = v.train + v.K * v.n;
        v.jitter_train = v.valid + v.K * v.n;
        v.jitter_valid = v.jitter_train + v.K;
        for (int64_t k = 0; k < v.K; k++) {
            fill_fold(&v, in->train + k * in->n_steps, v.train + k * v.n, v.jitter_train + k);
            fill_fold(&v, in->valid + k * in->n_steps, v.valid + k * v.n, v.jitter_valid + k);
        }
        status = look_at(&v, n_resamples, seed, smooth, out);
    }
    mlsd__smoother_free(a, &v.smoother);
    mlsd__free(a, v.room);
    mlsd__free(a, v.train);
    mlsd__free(a, v.long_room);
    mlsd__free(a, v.finite);
    return status;
}

static void settle(mlsd__fit_diagnosis *out, mlsd__fit_verdict verdict, mlsd__fit_kind kind)
{
    out->verdict = verdict;
    out->kind = kind;
    out->shares[verdict] = 1;
    out->confidence = 1;
}

/* The best of the finite steps of training that broke. */
static void find_lowest(const mlsd__fit_curves *in, mlsd__fit_diagnosis *out)
{
    for (int64_t t = 0; t < in->n_steps; t++) {
        if (!is_finite_step(in, t)) continue;
        double mean = 0;
        for (int64_t k = 0; k < in->n_folds; k++)
            mean += in->valid[k * in->n_steps + t] / (double)in->n_folds;
        if (out->best_step >= 0 && !(mean < out->best_value)) continue;
        out->best_value = mean;
        out->best_step = t;
    }
}

mlsd_status mlsd__diagnose_fit(mlsd__scope *scope, const mlsd__fit_curves *curves,
                               int64_t n_resamples, uint64_t seed, double *smooth,
                               mlsd__fit_diagnosis *out)
{
    *out = (mlsd__fit_diagnosis){.broken = -1, .best_step = -1, .plateau_step = -1};
    out->best_value = out->last_value = out->train_last = out->base = NAN;
    out->rise = out->rise_se = out->gap = out->slope = out->slope_se = out->expected_gain = NAN;
    out->noise_train = out->noise_valid = out->jitter = out->fold_se = NAN;
    for (int64_t i = 0; i < 4 * curves->n_steps && smooth != NULL; i++) smooth[i] = NAN;
    for (int64_t t = 0; t < curves->n_steps; t++) {
        if (is_finite_step(curves, t)) {
            out->n_finite++;
        } else if (out->broken < 0) {
            out->broken = t;
        }
    }
    const int64_t n_broken = curves->n_steps - out->n_finite;
    if (n_broken > 0 && (!is_finite_step(curves, curves->n_steps - 1) ||
                         (double)n_broken > BROKEN * (double)curves->n_steps)) {
        find_lowest(curves, out);
        settle(out, MLSD__FIT_DIVERGED, MLSD__FIT_PLAIN);
        return MLSD_OK;
    }
    if (out->n_finite < MLSD__FIT_LEAST_STEPS) {
        find_lowest(curves, out);
        settle(out, MLSD__FIT_UNKNOWN, MLSD__FIT_FEW_STEPS);
        return MLSD_OK;
    }
    const extent e = extent_of(curves);
    if (e.low < curves->floor || e.is_constant) {
        find_lowest(curves, out);
        settle(out, MLSD__FIT_UNKNOWN, e.is_constant ? MLSD__FIT_CONSTANT : MLSD__FIT_NEGATIVE);
        return MLSD_OK;
    }
    double unit = (curves->base > curves->floor ? curves->base : e.first) - curves->floor;
    if (!(unit > 0)) unit = e.high - curves->floor;
    return look_through(scope, curves, n_resamples, seed, unit, smooth, out);
}
