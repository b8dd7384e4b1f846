/* schedule.c - the kinds of family "schedule". All start with the same two parameters, a warm-up;
 * what a kind itself says begins after it.
 *
 * step_decay and exponential_decay change from epoch to epoch, as PyTorch's StepLR and
 * ExponentialLR; cosine_annealing is Loshchilov & Hutter's (2017, SGDR, equation 5) with restarts,
 * one_cycle Smith & Topin's (2017) as PyTorch's OneCycleLR with cosine ramps, and both change from
 * batch to batch. reduce_on_plateau is Keras's ReduceLROnPlateau, but that epochs of cooldown count
 * for nothing, as in PyTorch. */
#include "curve/schedule.h"

#include <float.h>
#include <math.h>

#include "numeric/mathfun.h"

/* What every kind's parameters begin with. */
typedef struct warm_up {
    double warmup_epochs, warmup_start;
} warm_up;

#define WARM_UP                                                                     \
    MLSD__P_F64(warm_up, warmup_epochs, 0, INFINITY, MLSD__OPEN_UPPER, "0.0", NULL, \
                "epochs over which the step grows to its size in a straight line"), \
        MLSD__P_F64(warm_up, warmup_start, 0, 1, 0, "0.0", NULL, "and where that begins")

/* (1 + cos(pi share)) / 2 = cos(h)^2 with h = pi share / 2, for a share in [0, 1]: by Taylor's
 * series about the nearer end of [0, pi / 2], to the last bit or so and alike on every machine. */
static double half_cosine(double share)
{
    static const double HALF_PI = 1.5707963267948966;
    enum { N_TERMS = 10 };
    const bool is_near_0 = share <= 0.5;
    const double z = HALF_PI * (is_near_0 ? share : 1.0 - share);
    double term = is_near_0 ? 1.0 : z, sum = term;
    for (int k = 1; k <= N_TERMS; k++) {
        const double a = is_near_0 ? 2.0 * k - 1.0 : 2.0 * k;
        term *= -z * z / (a * (a + 1.0));
        sum += term;
    }
    return sum * sum;
}

/* From `from` to `to` as share goes from 0 to 1. */
static double cosine_ramp(double from, double to, double share)
{
    return to + (from - to) * half_cosine(fmin(fmax(share, 0.0), 1.0));
}

/* ---- constant_rate ---- */

typedef struct constant_params {
    warm_up warm;
} constant_params;

static double constant_factor(const void *params, double t, double n_epochs,
                              const mlsd__schedule_state *state)
{
    (void)params, (void)t, (void)n_epochs, (void)state;
    return 1.0;
}

/* ---- step_decay, exponential_decay ---- */

typedef struct decay_params {
    warm_up warm;
    int64_t step_size;
    double gamma;
} decay_params;

static double step_factor(const void *params, double t, double n_epochs,
                          const mlsd__schedule_state *state)
{
    const decay_params *const p = params;
    (void)n_epochs, (void)state;
    return mlsd__pow(p->gamma, floor(floor(t) / (double)p->step_size));
}

static double exponential_factor(const void *params, double t, double n_epochs,
                                 const mlsd__schedule_state *state)
{
    const decay_params *const p = params;
    (void)n_epochs, (void)state;
    return mlsd__pow(p->gamma, floor(t));
}

/* ---- cosine_annealing ---- */

typedef struct cosine_params {
    warm_up warm;
    int64_t t_0;
    double t_mult, min_factor;
} cosine_params;

static double cosine_factor(const void *params, double t, double n_epochs,
                            const mlsd__schedule_state *state)
{
    const cosine_params *const p = params;
    (void)state;
    double length = p->t_0 != MLSD__NULL_I64 ? (double)p->t_0 : n_epochs;
    if (!(length > 0.0)) return 1.0;
    if (p->t_0 == MLSD__NULL_I64) return cosine_ramp(1.0, p->min_factor, t / length);
    if (p->t_mult == 1.0) {
        t -= length * floor(t / length);
    } else {
        while (t >= length) {
            t -= length;
            length *= p->t_mult;
        }
    }
    return cosine_ramp(1.0, p->min_factor, t / length);
}

/* ---- one_cycle ---- */

typedef struct one_cycle_params {
    warm_up warm;
    double pct_start, div_factor, final_div_factor;
} one_cycle_params;

static double one_cycle_factor(const void *params, double t, double n_epochs,
                               const mlsd__schedule_state *state)
{
    const one_cycle_params *const p = params;
    const double up = p->pct_start * n_epochs, first = 1.0 / p->div_factor;
    (void)state;
    if (t < up) return cosine_ramp(first, 1.0, t / up);
    return n_epochs > up ? cosine_ramp(1.0, first / p->final_div_factor, (t - up) / (n_epochs - up))
                         : 1.0;
}

/* ---- reduce_on_plateau ---- */

typedef struct plateau_params {
    warm_up warm;
    double gamma;
    int64_t patience;
    double min_delta;
    int64_t cooldown;
    double min_factor;
} plateau_params;

static double plateau_factor(const void *params, double t, double n_epochs,
                             const mlsd__schedule_state *state)
{
    (void)params, (void)t, (void)n_epochs;
    return state->factor;
}

static void plateau_watch(const void *params, double loss, mlsd__schedule_state *s)
{
    const plateau_params *const p = params;
    const bool is_better = loss < s->best - p->min_delta;
    if (is_better) s->best = loss;
    if (s->cooldown > 0.0) {
        s->cooldown--;
        s->wait = 0.0;
        return;
    }
    s->wait = is_better ? 0.0 : s->wait + 1.0;
    if (s->wait < (double)p->patience) return;
    s->factor = fmax(s->factor * p->gamma, p->min_factor);
    s->cooldown = (double)p->cooldown;
    s->wait = 0.0;
}

/* ---- all ---- */

void mlsd__schedule_init(mlsd__schedule_state *state)
{
    *state = (mlsd__schedule_state){.factor = 1.0, .best = DBL_MAX};
}

double mlsd__schedule_factor(const mlsd_spec *schedule, double t, int64_t n_epochs,
                             const mlsd__schedule_state *state)
{
    if (schedule == NULL) return 1.0;
    const mlsd__schedule_ops *const ops = mlsd__spec_ops(schedule);
    const void *const params = mlsd__spec_params(schedule);
    const warm_up *const warm = params;
    if (t < warm->warmup_epochs) {
        const double share = t / warm->warmup_epochs;
        const double start = ops->factor(params, 0.0, (double)n_epochs, state);
        return start * (warm->warmup_start + (1.0 - warm->warmup_start) * share);
    }
    return ops->factor(params, t - warm->warmup_epochs, (double)n_epochs - warm->warmup_epochs,
                       state);
}

void mlsd__schedule_watch(const mlsd_spec *schedule, double loss, mlsd__schedule_state *state)
{
    if (schedule == NULL) return;
    const mlsd__schedule_ops *const ops = mlsd__spec_ops(schedule);
    if (ops->watch != NULL) ops->watch(mlsd__spec_params(schedule), loss, state);
}

static const mlsd_param CONSTANT[] = {WARM_UP};
static const mlsd_param STEP[] = {
    WARM_UP,
    MLSD__P_I64(decay_params, step_size, 1, INFINITY, "10", "log",
                "epochs from one cut to the next"),
    MLSD__P_F64(decay_params, gamma, 0, 1, MLSD__OPEN_LOWER, "0.1", "log", "what a cut leaves"),
};
static const mlsd_param EXPONENTIAL[] = {
    WARM_UP,
    MLSD__P_F64(decay_params, gamma, 0, 1, MLSD__OPEN_LOWER, "0.95", "log", "what an epoch leaves"),
};
static const mlsd_param COSINE[] = {
    WARM_UP,
    MLSD__P_I64_NULL(cosine_params, t_0, 1, INFINITY, "null",
                     "epochs up to the first restart; null: one descent over all of them"),
    MLSD__P_F64(cosine_params, t_mult, 1, INFINITY, MLSD__OPEN_UPPER, "1.0", NULL,
                "each cycle is so many times as long as the one before"),
    MLSD__P_F64(cosine_params, min_factor, 0, 1, 0, "0.0", NULL, "of the step, at the lowest"),
};
static const mlsd_param ONE_CYCLE[] = {
    WARM_UP,
    MLSD__P_F64(one_cycle_params, pct_start, 0, 1, 0, "0.3", NULL, "part of the epochs going up"),
    MLSD__P_F64(one_cycle_params, div_factor, 1, INFINITY, MLSD__OPEN_UPPER, "25.0", "log",
                "it begins at the step over this"),
    MLSD__P_F64(one_cycle_params, final_div_factor, 1, INFINITY, MLSD__OPEN_UPPER, "10000.0", "log",
                "and ends at that over this"),
};
static const mlsd_param PLATEAU[] = {
    WARM_UP,
    MLSD__P_F64(plateau_params, gamma, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.1", "log",
                "what a cut leaves"),
    MLSD__P_I64(plateau_params, patience, 1, INFINITY, "10", "log",
                "cut after so many epochs without progress of the watched loss"),
    MLSD__P_F64(plateau_params, min_delta, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",
                "progress is a loss lower by more than this"),
    MLSD__P_I64(plateau_params, cooldown, 0, INFINITY, "0", NULL,
                "epochs after a cut that do not count"),
    MLSD__P_F64(plateau_params, min_factor, 0, 1, 0, "0.0", NULL, "of the step, at the lowest"),
};

#define SCHEDULE(id, NAME_PARAMS, params_type, factor_fn, watch_fn, doc_)                \
    static const mlsd__schedule_ops id##_ops = {.factor = factor_fn, .watch = watch_fn}; \
    extern const mlsd_kind mlsd__kind_##id;                                              \
    const mlsd_kind mlsd__kind_##id = {                                                  \
        .name = #id,                                                                     \
        .family = "schedule",                                                            \
        .doc = doc_,                                                                     \
        .params = NAME_PARAMS,                                                           \
        .n_params = MLSD__COUNT(NAME_PARAMS),                                            \
        .params_size = sizeof(params_type),                                              \
        .ops = &id##_ops,                                                                \
    }

SCHEDULE(constant_rate, CONSTANT, constant_params, constant_factor, NULL,
         "the step stays, after a warm-up");
SCHEDULE(step_decay, STEP, decay_params, step_factor, NULL,
         "the step is cut every step_size epochs");
SCHEDULE(exponential_decay, EXPONENTIAL, decay_params, exponential_factor, NULL,
         "the step is cut a little every epoch");
SCHEDULE(cosine_annealing, COSINE, cosine_params, cosine_factor, NULL,
         "the step goes down like a cosine, once or with warm restarts");
SCHEDULE(one_cycle, ONE_CYCLE, one_cycle_params, one_cycle_factor, NULL,
         "the step goes up and then down to almost nothing");
SCHEDULE(reduce_on_plateau, PLATEAU, plateau_params, plateau_factor, plateau_watch,
         "the step is cut where the watched loss does not fall any more");
