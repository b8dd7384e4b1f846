/* simulated_curves.c - loss curves of six kinds of fit with everything around them drawn at random:
 * 20 to 150 steps, one fold or five, noise of 0.1 to 2.5 % of the loss (in a third of the sets with
 * memory from step to step), folds apart by up to 5 % and not alike in shape, exponential or
 * power-law decay, any unit, and in half of the sets a known loss of the constant predictor.
 *
 * What makes the truth, on the curves without noise, in parts of that base loss:
 *   optimal    validation ends at 5 to 40 %, training at 75 to 100 % of it; in the last quarter it
 *              falls by less than 0.8 % of itself
 *   improving  it still falls by 4 % or more of itself in the last quarter
 *   underfit   training ends at 62 to 95 % of the base, flat like optimal
 *   overfit    rise: validation ends 5 to 100 % above its lowest while training falls; gap: it ends
 *              flat, and training is below it by 60 % or more of it and 15 % or more of the base
 *   unstable   noise from step to step of 12 to 50 %, or spikes, or swings
 *   diverged   the loss grows exponentially to 4 to 10^6 times the base, or stops being finite */
#include "simulated_curves.h"

#include <math.h>

#include "base/random.h"
#include "numeric/mathfun.h"

enum { PURPOSE_SIMULATION = 1001 };

static double within(mlsd__stream *s, double low, double high)
{
    return low + (high - low) * mlsd__stream_double(s);
}

static double log_within(mlsd__stream *s, double low, double high)
{
    return mlsd__exp(within(s, mlsd__log(low), mlsd__log(high)));
}

/* How a loss comes down: 1 at the start, towards 0. */
typedef struct decay {
    bool is_power;
    double tau, power, start;
} decay;

static double decay_at(const decay *d, double t)
{
    const double x = (t + d->start) / d->tau;
    return d->is_power ? mlsd__pow(1 + x, -d->power) : mlsd__exp(-x);
}

/* One clean pair of curves. */
typedef struct shape {
    decay down;
    double first, train_floor, valid_floor; /* over the base */
    double train_speed;                     /* training's decay time over validation's */
    double rise, rise_from, rise_power;     /* added by the end; where, over the length; how */
    double blow_from, blow_rate;            /* exponential growth; rate 0: none */
} shape;

static double valid_at(const shape *s, double t, double T)
{
    double v = s->valid_floor + (s->first - s->valid_floor) * decay_at(&s->down, t);
    const double x = (t / (T - 1) - s->rise_from) / (1 - s->rise_from);
    if (s->rise > 0 && x > 0) v += s->rise * mlsd__pow(x, s->rise_power);
    if (s->blow_rate > 0 && t > s->blow_from) v += mlsd__expm1(s->blow_rate * (t - s->blow_from));
    return v;
}

static double train_at(const shape *s, double t)
{
    decay d = s->down;
    d.tau *= s->train_speed;
    double v = s->train_floor + (s->first - s->train_floor) * decay_at(&d, t);
    if (s->blow_rate > 0 && t > s->blow_from) v += mlsd__expm1(s->blow_rate * (t - s->blow_from));
    return v;
}

/* How much of itself the validation loss loses in the last quarter. */
static double last_fall(const shape *s, double T)
{
    const double end = valid_at(s, T - 1, T);
    return (valid_at(s, 0.75 * (T - 1), T) - end) / end;
}

static void draw_decay(mlsd__stream *s, double T, double low, double high, bool has_base,
                       shape *out)
{
    out->down = (decay){.is_power = mlsd__stream_below(s, 3) == 0,
                        .tau = T * log_within(s, low, high),
                        .power = within(s, 1, 2)};
    /* Without a base the first loss is that of a model that has learnt nothing. */
    if (has_base) out->down.start = within(s, 0, 1);
    out->first = within(s, 0.9, 1.1);
    out->train_speed = 1;
}

static void draw_flat(mlsd__stream *s, double T, bool has_base, double low, double high,
                      double train_low, double train_high, shape *out)
{
    do {
        draw_decay(s, T, 0.015, 0.15, has_base, out);
        out->valid_floor = log_within(s, low, high);
        out->train_floor = out->valid_floor * within(s, train_low, train_high);
    } while (last_fall(out, T) > 0.008 || out->first < out->valid_floor);
}

static void draw_improving(mlsd__stream *s, double T, bool has_base, shape *out)
{
    do {
        draw_decay(s, T, 0.1, 2, has_base, out);
        out->valid_floor = log_within(s, 0.05, 0.6);
        out->train_floor = out->valid_floor * within(s, 0.75, 1);
    } while (last_fall(out, T) < 0.04);
}

static double lowest(const shape *s, double T, double *at)
{
    double best = INFINITY;
    for (double t = 0; t < T; t++) {
        const double v = valid_at(s, t, T);
        if (v >= best) continue;
        best = v;
        *at = t;
    }
    return best;
}

static void draw_rise(mlsd__stream *s, double T, bool has_base, shape *out)
{
    double part, at = 0;
    do {
        draw_decay(s, T, 0.02, 0.2, has_base, out);
        out->valid_floor = log_within(s, 0.1, 0.6);
        out->train_floor = out->valid_floor * within(s, 0, 0.9);
        out->train_speed = within(s, 1, 3);
        out->rise_from = within(s, 0.02, 0.6);
        out->rise_power = within(s, 0.7, 1.6);
        out->rise = out->valid_floor * log_within(s, 0.05, 1.2);
        const double low = lowest(out, T, &at);
        part = (valid_at(out, T - 1, T) - low) / low;
    } while (part < 0.05 || part > 1 || at > 0.75 * T);
}

static void draw_gap(mlsd__stream *s, double T, bool has_base, shape *out)
{
    do {
        draw_flat(s, T, has_base, 0.25, 0.8, 0, 0.4, out);
    } while (out->valid_floor - out->train_floor < 0.15);
}

static void draw_diverged(mlsd__stream *s, double T, bool has_base, shape *out)
{
    draw_decay(s, T, 0.05, 0.5, has_base, out);
    out->valid_floor = within(s, 0.2, 0.8);
    out->train_floor = out->valid_floor * within(s, 0.75, 1);
    out->blow_from = T * within(s, 0, 0.6);
    /* At the end so many times the base; half of the way there the tenth before the end is. */
    const double end = log_within(s, 4, 1e6);
    out->blow_rate = mlsd__log1p(end) / (0.93 * T - out->blow_from);
}

/* Noise of one series: white, or with memory; spikes and swings where training is unstable. */
typedef struct noise {
    double sd, memory;
    double spike_rate, spike_height, swing, period;
} noise;

static void draw_noise(mlsd__stream *s, mlsd__fit_verdict truth, noise *out)
{
    *out = (noise){.sd = log_within(s, 0.001, 0.025)};
    if (mlsd__stream_below(s, 3) == 0) out->memory = within(s, 0, 0.5);
    if (truth != MLSD__FIT_UNSTABLE) return;
    switch (mlsd__stream_below(s, 3)) {
    case 0:
        out->sd = log_within(s, 0.12, 0.5);
        out->memory = 0;
        break;
    case 1:
        out->spike_rate = within(s, 0.1, 0.25);
        out->spike_height = log_within(s, 0.6, 4);
        break;
    default:
        out->swing = within(s, 0.2, 0.6);
        out->period = within(s, 2, 6);
    }
}

/* The same jumps for both series of a fold, noise of their own for each. */
static void add_noise(mlsd__stream *s, const noise *z, int64_t T, double *train, double *valid)
{
    double last[2] = {mlsd__stream_normal(s), mlsd__stream_normal(s)};
    double phase = mlsd__stream_double(s);
    for (int64_t t = 0; t < T; t++) {
        double jump = 0;
        if (z->spike_rate > 0 && mlsd__stream_double(s) < z->spike_rate)
            jump = z->spike_height * within(s, 0.5, 1.5);
        if (z->swing > 0) {
            /* A triangle wave. */
            phase += 1 / z->period;
            phase -= floor(phase);
            jump = z->swing * (fabs(4 * phase - 2) - 1);
        }
        for (int k = 0; k < 2; k++) {
            last[k] =
                z->memory * last[k] + sqrt(1 - z->memory * z->memory) * mlsd__stream_normal(s);
            double *const y = k == 0 ? &train[t] : &valid[t];
            *y *= fmax(0.02, 1 + z->sd * last[k] + jump);
        }
    }
}

static const struct simulated_class {
    mlsd__fit_verdict truth;
    mlsd__fit_kind kind;
} classes[] = {
    {MLSD__FIT_UNDERFIT, MLSD__FIT_PLAIN},  {MLSD__FIT_OVERFIT, MLSD__FIT_RISE},
    {MLSD__FIT_OPTIMAL, MLSD__FIT_PLAIN},   {MLSD__FIT_IMPROVING, MLSD__FIT_PLAIN},
    {MLSD__FIT_UNSTABLE, MLSD__FIT_JITTER}, {MLSD__FIT_DIVERGED, MLSD__FIT_PLAIN},
    {MLSD__FIT_UNDERFIT, MLSD__FIT_PLAIN},  {MLSD__FIT_OVERFIT, MLSD__FIT_GAP},
    {MLSD__FIT_OPTIMAL, MLSD__FIT_PLAIN},   {MLSD__FIT_IMPROVING, MLSD__FIT_PLAIN},
    {MLSD__FIT_UNSTABLE, MLSD__FIT_JITTER}, {MLSD__FIT_DIVERGED, MLSD__FIT_PLAIN},
};

static void draw_shape(mlsd__stream *s, const struct simulated_class *c, double T, bool has_base,
                       shape *out)
{
    *out = (shape){0};
    switch (c->truth) {
    case MLSD__FIT_UNDERFIT:
        draw_flat(s, T, has_base, 0.66, 0.95, 0.94, 1, out);
        break;
    case MLSD__FIT_OVERFIT:
        if (c->kind == MLSD__FIT_RISE)
            draw_rise(s, T, has_base, out);
        else
            draw_gap(s, T, has_base, out);
        break;
    case MLSD__FIT_IMPROVING:
        draw_improving(s, T, has_base, out);
        break;
    case MLSD__FIT_DIVERGED:
        draw_diverged(s, T, has_base, out);
        break;
    case MLSD__FIT_UNSTABLE:
        if (mlsd__stream_below(s, 2) == 0) {
            draw_improving(s, T, has_base, out);
            break;
        }
        draw_flat(s, T, has_base, 0.05, 0.4, 0.75, 1, out);
        break;
    default:
        draw_flat(s, T, has_base, 0.05, 0.4, 0.75, 1, out);
    }
}

/* A fold's own shape: as all folds', a little faster or slower, higher or lower. */
static shape vary(mlsd__stream *s, const shape *of, int64_t n_folds)
{
    shape one = *of;
    if (n_folds == 1) return one;
    const double level = within(s, 0.95, 1.05);
    one.valid_floor *= level;
    one.first *= level;
    one.rise *= within(s, 0.8, 1.2);
    one.down.tau *= within(s, 0.9, 1.1);
    one.train_floor *= within(s, 0.98, 1.02);
    return one;
}

void simulate_curves(uint64_t seed, int64_t i, simulated *out)
{
    mlsd__stream stream, *const s = &stream;
    mlsd__stream_init(s, seed, (uint64_t)i, 0, 0, PURPOSE_SIMULATION);
    const struct simulated_class *const c =
        &classes[i % (int64_t)(sizeof classes / sizeof *classes)];
    const int64_t T = 20 + (int64_t)mlsd__stream_below(s, 131);
    const int64_t K = mlsd__stream_below(s, 2) == 0 ? 1 : 5;
    const bool has_base = mlsd__stream_below(s, 2) == 0;
    const double unit = log_within(s, 1e-3, 1e3);
    shape common;
    noise z;
    draw_shape(s, c, (double)T, has_base, &common);
    draw_noise(s, c->truth, &z);
    *out = (simulated){.truth = c->truth, .kind = c->kind, .best_value = INFINITY};
    for (int64_t t = 0; t < T; t++) {
        out->clean_valid[t] = unit * valid_at(&common, (double)t, (double)T);
        out->best_value = fmin(out->best_value, out->clean_valid[t]);
    }
    for (int64_t k = 0; k < K; k++) {
        const shape one = vary(s, &common, K);
        double *const train = out->train + k * T, *const valid = out->valid + k * T;
        for (int64_t t = 0; t < T; t++) {
            train[t] = unit * train_at(&one, (double)t);
            valid[t] = unit * valid_at(&one, (double)t, (double)T);
        }
        add_noise(s, &z, T, train, valid);
    }
    if (c->truth == MLSD__FIT_DIVERGED && mlsd__stream_below(s, 4) == 0) {
        const int64_t from = T / 2 + (int64_t)mlsd__stream_below(s, (uint64_t)(T - T / 2));
        for (int64_t t = from; t < T; t++)
            out->valid[t] = out->train[t] =
                mlsd__stream_below(s, 2) == 0 ? (double)NAN : (double)INFINITY;
    }
    out->curves = (mlsd__fit_curves){.train = out->train,
                                     .valid = out->valid,
                                     .n_folds = K,
                                     .n_steps = T,
                                     .base = has_base ? unit : (double)NAN,
                                     .target = NAN,
                                     .n_train = K == 5 ? 4000 : (double)NAN,
                                     .n_valid = K == 5 ? 1000 : (double)NAN};
}
