/* smoothing_fit.c - least squares for exponential smoothing: Levenberg and Marquardt within bounds
 * (Marquardt 1963; More 1978). The sum of squares has several valleys, so the smoothing parameters
 * start at the best points of a grid. */
#include <math.h>
#include <string.h>

#include "model/series/smoothing_theta.h"
#include "numeric/blas.h"

enum { N_STARTS = 3, N_PHIS = 3, GRID_BY_PHI = 5 * 3 * 3 };

/* Series times parameters up to this: the states are fitted at each point of the grid too. */
enum { SMALL_SERIES = 500 * 1000 };

/* Bounds as in Hyndman & Khandakar 2008, J. Stat. Softw. 27(3): parameters at 0 or 1 leave nothing
 * to smooth, and a trend damped by less than 0.98 can be told from one that is not. */
static const double LEAST = 1e-4, MOST = 0.9999, LEAST_PHI = 0.8, MOST_PHI = 0.98;
/* Steps that lower the sum by a smaller share are the end. */
static const double SMALL_DECREASE = 1e-12;
/* Damping: at the start, and where no step is left to be tried. */
static const double START_DAMPING = 1e-3, MOST_DAMPING = 1e12;

typedef struct fitting {
    mlsd__scope *scope;
    const double *y;
    int64_t n, d;
    int64_t place[MLSD__SEASON + 1]; /* of each parameter in theta, -1: not there */
    double *theta, *trial, *gradient, *step, *matrix, *factor;
    double lower[MLSD__N_SMOOTHING], upper[MLSD__N_SMOOTHING];
} fitting;

/* Initial states from the first rows: means of the first two periods, and each season's distance
 * from them. */
static void guess_states(const mlsd__smoothing *s, fitting *f)
{
    const int64_t m = s->period, n = f->n;
    double first = 0.0, second = 0.0;
    for (int64_t i = 0; i < m; i++) first += f->y[i] / (double)m;
    for (int64_t i = m; i < 2 * m && i < n; i++) second += f->y[i] / (double)m;
    const double trend = s->seasons != MLSD__NO_SEASONS ? (second - first) / (double)m
                                                        : (f->y[n - 1] - f->y[0]) / (double)(n - 1);
    f->theta[f->place[MLSD__LEVEL]] = s->has_trend ? first - trend * 0.5 * (double)(m + 1) : first;
    if (s->has_trend) f->theta[f->place[MLSD__TREND]] = trend;
    for (int64_t i = 0; f->place[MLSD__SEASON] >= 0 && i < m - 1; i++) {
        const bool adds = s->seasons == MLSD__ADDED_SEASONS;
        const double now = adds ? f->y[i] - first : f->y[i] / first;
        const double next = adds ? f->y[m + i] - second : f->y[m + i] / second;
        f->theta[f->place[MLSD__SEASON] + i] = 0.5 * (now + next);
    }
}

static const double GRID[MLSD__N_SMOOTHING][5] = {
    {0.005, 0.1, 0.35, 0.65, 0.92}, {0.02, 0.2, 0.6}, {0.02, 0.2, 0.6}, {0.82, 0.9, 0.97}};
static const int64_t GRID_SIZE[MLSD__N_SMOOTHING] = {5, 3, 3, N_PHIS};

/* The grid's points: smoothing parameters into theta where they are free. */
static void set_grid_point(const fitting *f, int64_t point, double *theta)
{
    for (int i = 0; i < MLSD__N_SMOOTHING; i++) {
        const int64_t at = point % GRID_SIZE[i];
        point /= GRID_SIZE[i];
        if (f->place[i] >= 0)
            theta[f->place[i]] = fmin(fmax(GRID[i][at], f->lower[i]), f->upper[i]);
    }
}

static double bound(const fitting *f, int64_t j, bool is_upper)
{
    for (int i = 0; i < MLSD__N_SMOOTHING; i++)
        if (f->place[i] == j) return is_upper ? f->upper[i] : f->lower[i];
    return is_upper ? INFINITY : -INFINITY;
}

/* Is j at a bound that the gradient would have it cross? */
static bool is_held(const fitting *f, int64_t j)
{
    const double lower = bound(f, j, false), upper = bound(f, j, true);
    return lower == upper || (f->theta[j] <= lower && f->gradient[j] > 0.0) ||
           (f->theta[j] >= upper && f->gradient[j] < 0.0);
}

/* trial = theta + a damped step, within the bounds; false where there is none. */
static bool set_trial(fitting *f, double damping)
{
    const int64_t d = f->d;
    bool ok = false;
    memcpy(f->factor, f->matrix, (size_t)(d * d) * sizeof *f->factor);
    for (int64_t j = 0; j < d; j++) {
        const bool held = is_held(f, j);
        f->step[j] = held ? 0.0 : -f->gradient[j];
        for (int64_t i = 0; held && i < d; i++) {
            if (i <= j) f->factor[i * d + j] = 0.0;
            if (i >= j) f->factor[j * d + i] = 0.0;
        }
        double *const diagonal = &f->factor[j * d + j];
        *diagonal = *diagonal > 0.0 ? *diagonal * (1.0 + damping) : 1.0;
    }
    mlsd__posv(d, 1, f->factor, d, f->step, 1, &ok);
    if (!ok) return false;
    for (int64_t j = 0; j < d; j++)
        f->trial[j] = fmin(fmax(f->theta[j] + f->step[j], bound(f, j, false)), bound(f, j, true));
    return true;
}

/* Down from theta; *out_sse is the sum there. */
static mlsd_status descend(mlsd__smoothing *s, fitting *f, int64_t max_iter, double *out_sse)
{
    double damping = START_DAMPING, sse = INFINITY;
    s->converged = false;
    MLSD__TRY(
        mlsd__smoothing_errors(f->scope, s, f->theta, f->y, f->n, &sse, f->gradient, f->matrix));
    for (s->n_iter = 0; s->n_iter < max_iter && !s->converged; s->n_iter++) {
        double next = INFINITY;
        while (damping <= MOST_DAMPING) {
            if (set_trial(f, damping))
                MLSD__TRY(
                    mlsd__smoothing_errors(f->scope, s, f->trial, f->y, f->n, &next, NULL, NULL));
            if (next < sse) break;
            damping *= 10.0;
        }
        if (!(next < sse)) { /* flat to rounding */
            s->converged = true;
            break;
        }
        s->converged = sse - next <= SMALL_DECREASE * sse || next == 0.0;
        damping = fmax(damping * 0.1, 1e-12);
        sse = next;
        memcpy(f->theta, f->trial, (size_t)f->d * sizeof *f->theta);
        MLSD__TRY(mlsd__smoothing_errors(f->scope, s, f->theta, f->y, f->n, &next, f->gradient,
                                         f->matrix));
    }
    *out_sse = sse;
    return MLSD_OK;
}

/* The sum of squares at a point of the grid: with the states that suit it best, to first order,
 * where that is cheap. */
static mlsd_status try_point(mlsd__smoothing *s, fitting *f, int64_t point, double *sse)
{
    double lower[MLSD__N_SMOOTHING], upper[MLSD__N_SMOOTHING];
    mlsd_status status = MLSD_OK;
    set_grid_point(f, point, f->theta);
    if (f->n > SMALL_SERIES / f->d)
        return mlsd__smoothing_errors(f->scope, s, f->theta, f->y, f->n, sse, NULL, NULL);
    memcpy(lower, f->lower, sizeof lower);
    memcpy(upper, f->upper, sizeof upper);
    for (int i = 0; i < MLSD__N_SMOOTHING; i++)
        if (f->place[i] >= 0) f->lower[i] = f->upper[i] = f->theta[f->place[i]];
    status = descend(s, f, 1, sse);
    memcpy(f->lower, lower, sizeof lower);
    memcpy(f->upper, upper, sizeof upper);
    return status;
}

/* The best N_STARTS points of the grid with the phi-th damping into the rows of `best` (d wide). */
static mlsd_status search_grid(mlsd__smoothing *s, fitting *f, const double *start, int64_t phi,
                               double *best, int64_t *out_n)
{
    const int64_t d = f->d;
    double sums[N_STARTS];
    int64_t n_best = 0;
    for (int64_t point = phi * GRID_BY_PHI; point < (phi + 1) * GRID_BY_PHI; point++) {
        int64_t rest = point;
        bool is_new = true; /* parameters that are not there or given have one value only */
        for (int i = 0; i < MLSD__N_SMOOTHING; i++) {
            if (rest % GRID_SIZE[i] > 0 && (f->place[i] < 0 || f->lower[i] == f->upper[i]))
                is_new = false;
            rest /= GRID_SIZE[i];
        }
        if (!is_new) continue;
        double sse = INFINITY;
        memcpy(f->theta, start, (size_t)d * sizeof *start);
        MLSD__TRY(try_point(s, f, point, &sse));
        if (!isfinite(sse) || (n_best == N_STARTS && sse >= sums[N_STARTS - 1])) continue;
        if (n_best < N_STARTS) n_best++;
        int64_t at = n_best - 1;
        for (; at > 0 && sums[at - 1] > sse; at--) {
            sums[at] = sums[at - 1];
            memcpy(best + at * d, best + (at - 1) * d, (size_t)d * sizeof *best);
        }
        sums[at] = sse;
        memcpy(best + at * d, f->theta, (size_t)d * sizeof *best);
    }
    *out_n = n_best;
    return MLSD_OK;
}

/* Give theta's numbers their names, and the states after the last row. */
static mlsd_status hand_over(mlsd__smoothing *s, const fitting *f)
{
    const int64_t m = s->period;
    const mlsd__smoother p = mlsd__smoother_of(s, f->place, f->theta);
    double season_sum = 0.0;
    MLSD__TRY(mlsd__smoothing_errors(f->scope, s, f->theta, f->y, f->n, &s->sse, NULL, NULL));
    s->alpha = p.alpha;
    s->beta = p.beta;
    s->gamma = p.gamma;
    s->phi = p.phi;
    s->level = f->theta[f->place[MLSD__LEVEL]];
    s->trend = s->has_trend ? f->theta[f->place[MLSD__TREND]] : 0.0;
    for (int64_t i = 0; f->place[MLSD__SEASON] >= 0 && i < m; i++) {
        const double whole = s->seasons == MLSD__MULTIPLIED_SEASONS ? (double)m : 0.0;
        s->season[i] = i < m - 1 ? f->theta[f->place[MLSD__SEASON] + i] : whole - season_sum;
        season_sum += s->season[i];
    }
    return MLSD_OK;
}

static void set_bounds(mlsd__smoothing *s, fitting *f)
{
    const double given[] = {s->alpha, s->beta, s->gamma, s->phi};
    s->n_estimated = f->d;
    for (int i = 0; i < MLSD__N_SMOOTHING; i++) {
        f->lower[i] = i == MLSD__PHI ? LEAST_PHI : LEAST;
        f->upper[i] = i == MLSD__PHI ? MOST_PHI : MOST;
        if (isnan(given[i])) continue;
        f->lower[i] = f->upper[i] = given[i];
        if (f->place[i] >= 0) s->n_estimated--;
    }
}

/* The least of the minima that the best points of the grid lead to. `room` has place for theta
 * 2 + N_STARTS times. */
static mlsd_status fit_all(mlsd__smoothing *s, fitting *f, int64_t max_iter, double *room)
{
    const size_t bytes = (size_t)f->d * sizeof *room;
    double *const kept = room, *const start = room + f->d, *const best = room + 2 * f->d;
    double least = INFINITY;
    int64_t n_iter = 0;
    bool converged = false;
    set_bounds(s, f);
    guess_states(s, f);
    set_grid_point(f, 0, f->theta);
    memcpy(start, f->theta, bytes);
    memcpy(kept, f->theta, bytes);
    for (int64_t phi = 0; phi < N_PHIS; phi++) {
        int64_t n_starts = 0;
        MLSD__TRY(search_grid(s, f, start, phi, best, &n_starts));
        for (int64_t k = 0; k < n_starts; k++) {
            double sse = INFINITY;
            memcpy(f->theta, best + k * f->d, bytes);
            MLSD__TRY(descend(s, f, max_iter, &sse));
            if (!(sse < least)) continue;
            least = sse;
            n_iter = s->n_iter;
            converged = s->converged;
            memcpy(kept, f->theta, bytes);
        }
    }
    memcpy(f->theta, kept, bytes);
    s->n_iter = n_iter;
    s->converged = converged;
    return hand_over(s, f);
}

mlsd_status mlsd__smoothing_fit(mlsd__scope *scope, const double *y, int64_t n, int64_t max_iter,
                                mlsd__smoothing *s)
{
    fitting f = {.scope = scope, .y = y, .n = n};
    mlsd__smoothing_places(s, f.place, &f.d);
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(f.d, 2 * f.d + 6 + N_STARTS, &size));
    double *const room = mlsd__alloc(scope->allocator, size, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    f.theta = room;
    f.trial = room + f.d;
    f.gradient = room + 2 * f.d;
    f.step = room + 3 * f.d;
    f.matrix = room + (6 + N_STARTS) * f.d;
    f.factor = f.matrix + f.d * f.d;
    const mlsd_status status = fit_all(s, &f, max_iter, room + 4 * f.d);
    mlsd__free(scope->allocator, room);
    return status;
}
