/* smoothing.c - exponential smoothing over a series: one-step errors, their sum of squares, and
 * their derivatives by smoothing parameters and initial states, carried along with the states. */
#include <math.h>
#include <string.h>

#include "model/series/smoothing_theta.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"

enum { BLOCK = 256 };

void mlsd__smoothing_places(const mlsd__smoothing *s, int64_t place[MLSD__SEASON + 1],
                            int64_t *out_d)
{
    const bool is_there[] = {true, s->has_trend, s->seasons != MLSD__NO_SEASONS, s->is_damped,
                             true, s->has_trend, s->seasons != MLSD__NO_SEASONS};
    int64_t d = 0;
    for (int i = 0; i <= MLSD__SEASON; i++) {
        place[i] = is_there[i] ? d : -1;
        d += is_there[i] ? (i == MLSD__SEASON ? s->period - 1 : 1) : 0;
    }
    *out_d = d;
}

int64_t mlsd__smoothing_width(const mlsd__smoothing *s)
{
    int64_t place[MLSD__SEASON + 1], d;
    mlsd__smoothing_places(s, place, &d);
    return d;
}

/* States and their derivatives by theta (d each). */
typedef struct states {
    double level, trend;
    double *season;                       /* ring of period */
    double *d_level, *d_trend, *d_season; /* d, d, period x d; NULL: not asked for */
    double *d_error;                      /* d: of the error */
} states;

static void set_start(const mlsd__smoothing *s, const int64_t place[], int64_t d,
                      const double *theta, states *t)
{
    const int64_t m = s->period;
    const bool has_seasons = place[MLSD__SEASON] >= 0;
    double rest = s->seasons == MLSD__MULTIPLIED_SEASONS ? (double)m : 0.0;
    t->level = theta[place[MLSD__LEVEL]];
    t->trend = s->has_trend ? theta[place[MLSD__TREND]] : 0.0;
    for (int64_t i = 0; has_seasons && i < m; i++) {
        t->season[i] = i < m - 1 ? theta[place[MLSD__SEASON] + i] : rest;
        rest -= t->season[i];
    }
    if (t->d_level == NULL) return;
    memset(t->d_level, 0, (size_t)d * sizeof *t->d_level);
    memset(t->d_trend, 0, (size_t)d * sizeof *t->d_trend);
    memset(t->d_season, 0, (size_t)(m * d) * sizeof *t->d_season);
    t->d_level[place[MLSD__LEVEL]] = 1.0;
    if (s->has_trend) t->d_trend[place[MLSD__TREND]] = 1.0;
    for (int64_t i = 0; has_seasons && i < m - 1; i++) {
        t->d_season[i * d + place[MLSD__SEASON] + i] = 1.0;
        t->d_season[(m - 1) * d + place[MLSD__SEASON] + i] = -1.0;
    }
}

/* The k-th season's derivatives, and all others': de and the corrected states. `q` and `e` are of
 * the step, season the value that was used. */
static void derive(const mlsd__smoothing *s, const mlsd__smoother *p, const int64_t place[],
                   int64_t d, states *t, int64_t k, double q, double season, double e, double trend)
{
    const bool multiplies = s->seasons == MLSD__MULTIPLIED_SEASONS;
    const double r = multiplies ? e / season : e, u = multiplies ? e / q : e;
    double *const ds = t->d_season + k * d;
    for (int64_t j = 0; j < d; j++) {
        const double dq =
            t->d_level[j] + p->phi * t->d_trend[j] + (j == place[MLSD__PHI] ? trend : 0.0);
        const double de = multiplies ? -(season * dq + q * ds[j]) : -(dq + ds[j]);
        const double dr = multiplies ? (de - r * ds[j]) / season : de;
        const double du = multiplies ? (de - u * dq) / q : de;
        const double d_alpha = j == place[MLSD__ALPHA] ? 1.0 : 0.0;
        const double d_beta =
            d_alpha * p->beta_by_alpha + (j == place[MLSD__BETA] ? p->beta_by_beta : 0.0);
        const double d_gamma =
            d_alpha * p->gamma_by_alpha + (j == place[MLSD__GAMMA] ? p->gamma_by_share : 0.0);
        t->d_error[j] = de;
        if (s->has_trend) t->d_trend[j] = dq - t->d_level[j] + p->alpha * p->beta * dr + r * d_beta;
        t->d_level[j] = dq + p->alpha * dr + r * d_alpha;
        if (s->seasons != MLSD__NO_SEASONS) ds[j] += p->gamma * du + u * d_gamma;
    }
}

mlsd__smoother mlsd__smoother_of(const mlsd__smoothing *s, const int64_t place[],
                                 const double *theta)
{
    mlsd__smoother p = {.alpha = theta[place[MLSD__ALPHA]], .phi = 1.0};
    if (s->has_trend) {
        p.beta = theta[place[MLSD__BETA]];
        p.beta_by_alpha = p.beta;
        p.beta_by_beta = p.alpha;
    }
    if (s->is_damped) p.phi = theta[place[MLSD__PHI]];
    if (s->seasons == MLSD__NO_SEASONS) return p;
    if (!isnan(s->gamma)) { /* given, and so no share of what alpha leaves */
        p.gamma = s->gamma;
        return p;
    }
    p.gamma = (1.0 - p.alpha) * theta[place[MLSD__GAMMA]];
    p.gamma_by_alpha = -theta[place[MLSD__GAMMA]];
    p.gamma_by_share = 1.0 - p.alpha;
    return p;
}

/* Add a block's errors and derivatives (rows x d). */
static void add_block(int64_t d, int64_t n, const double *error, const double *derivative,
                      double *gradient, double *matrix)
{
    mlsd__gemv(true, n, d, 1.0, derivative, d, error, 1.0, gradient);
    mlsd__syrk(n, d, 1.0, derivative, d, 1.0, matrix, d);
}

/* Run over the series from theta; states end where the series does. */
static mlsd_status run(mlsd__scope *scope, const mlsd__smoothing *s, const double *theta,
                       const double *y, int64_t n, states *t, double *errors, double *sse,
                       double *gradient, double *matrix)
{
    int64_t place[MLSD__SEASON + 1], d, k = 0, in_block = 0;
    mlsd__smoothing_places(s, place, &d);
    const mlsd__smoother p = mlsd__smoother_of(s, place, theta);
    const bool multiplies = s->seasons == MLSD__MULTIPLIED_SEASONS;
    double *const block = gradient != NULL ? errors + BLOCK : NULL;
    double sum = 0.0, compensation = 0.0;
    set_start(s, place, d, theta, t);
    for (int64_t i = 0; i < n; i++) {
        const double q = t->level + p.phi * t->trend, trend = t->trend;
        const double season = t->season[k];
        const double e = y[i] - (multiplies ? q * season : q + season);
        if (multiplies && !(q > 0.0 && season > 0.0)) {
            *sse = INFINITY;
            return MLSD_OK;
        }
        if (gradient != NULL) {
            t->d_error = block + in_block * d;
            derive(s, &p, place, d, t, k, q, season, e, trend);
            errors[in_block++] = e;
        }
        const double r = multiplies ? e / season : e;
        t->level = q + p.alpha * r;
        t->trend = s->has_trend ? p.phi * trend + p.alpha * p.beta * r : 0.0;
        if (s->seasons != MLSD__NO_SEASONS)
            t->season[k] = season + p.gamma * (multiplies ? e / q : e);
        k = k + 1 < s->period ? k + 1 : 0;
        const double term = e * e - compensation, next = sum + term; /* Kahan 1965 */
        compensation = (next - sum) - term;
        sum = next;
        if (in_block == BLOCK || (gradient != NULL && i == n - 1)) {
            add_block(d, in_block, errors, block, gradient, matrix);
            in_block = 0;
        }
        if (i % BLOCK == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    *sse = isfinite(sum) ? sum : INFINITY;
    return MLSD_OK;
}

mlsd_status mlsd__smoothing_errors(mlsd__scope *scope, mlsd__smoothing *s, const double *theta,
                                   const double *y, int64_t n, double *sse, double *gradient,
                                   double *matrix)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t d = mlsd__smoothing_width(s), m = s->period;
    const int64_t size = m + (gradient != NULL ? BLOCK * (d + 1) + (m + 2) * d : 0);
    double *const room = mlsd__alloc(a, size, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    states t = {.season = room};
    double *const errors = room + m;
    if (gradient != NULL) {
        t.d_level = errors + BLOCK * (d + 1);
        t.d_trend = t.d_level + d;
        t.d_season = t.d_trend + d;
        memset(gradient, 0, (size_t)d * sizeof *gradient);
        memset(matrix, 0, (size_t)(d * d) * sizeof *matrix);
    }
    const mlsd_status status = run(scope, s, theta, y, n, &t, errors, sse, gradient, matrix);
    s->final_level = t.level;
    s->final_trend = t.trend;
    for (int64_t i = 0; i < m; i++) s->final_season[i] = t.season[(n + i) % m];
    mlsd__free(a, room);
    return status;
}

double mlsd__smoothing_forecast(const mlsd__smoothing *s, int64_t step)
{
    double q = s->final_level;
    if (s->has_trend) {
        const double damped = s->phi * (1.0 - mlsd__pow(s->phi, (double)step)) / (1.0 - s->phi);
        q += (s->is_damped && s->phi < 1.0 ? damped : (double)step) * s->final_trend;
    }
    const double season = s->final_season[(step - 1) % s->period];
    return s->seasons == MLSD__NO_SEASONS      ? q
           : s->seasons == MLSD__ADDED_SEASONS ? q + season
                                               : q * season;
}
