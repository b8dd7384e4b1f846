/* smooth_lbfgs.c - L-BFGS (Nocedal & Wright 2006, algorithm 7.4) with a bisecting search for a step
 * that satisfies the weak Wolfe conditions (Lewis & Overton 2013, algorithm 2.6). */
#include <math.h>
#include <string.h>

#include "model/linear/smooth.h"
#include "numeric/sum.h"

enum { MEMORY = MLSD__LBFGS_MEMORY, MAX_TRIALS = 40 };

/* Wolfe constants (Nocedal & Wright 2006, section 3.1), and rounding of the value. */
static const double DECREASE = 1e-4, CURVATURE = 0.9, ROUNDING = 4e-16;

typedef mlsd__lbfgs lbfgs;

static double max_abs(const double *x, int64_t n)
{
    double top = 0.0;
    for (int64_t i = 0; i < n; i++) top = !(fabs(x[i]) <= top) ? fabs(x[i]) : top;
    return top;
}

static void add_scaled(double *into, double factor, const double *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) into[i] += factor * from[i];
}

/* Two-loop recursion: direction = -H g. */
static void set_direction(lbfgs *b)
{
    double alpha[MEMORY] = {0};
    for (int64_t i = 0; i < b->n; i++) b->direction[i] = -b->gradient[i];
    for (int64_t k = 0; k < b->n_pairs; k++) {
        const int64_t at = (b->newest - k + MEMORY) % MEMORY;
        alpha[at] = b->rho[at] * mlsd__dot(b->s + at * b->n, b->direction, b->n);
        add_scaled(b->direction, -alpha[at], b->y + at * b->n, b->n);
    }
    b->is_scaled = b->f->precondition != NULL && b->f->precondition(b->f->user, b->direction);
    if (!b->is_scaled && b->n_pairs > 0) {
        const double *y = b->y + b->newest * b->n;
        const double scale = 1.0 / (b->rho[b->newest] * mlsd__dot(y, y, b->n));
        for (int64_t i = 0; i < b->n; i++) b->direction[i] *= scale;
        b->is_scaled = true;
    }
    for (int64_t k = b->n_pairs - 1; k >= 0; k--) {
        const int64_t at = (b->newest - k + MEMORY) % MEMORY;
        const double beta = b->rho[at] * mlsd__dot(b->y + at * b->n, b->direction, b->n);
        add_scaled(b->direction, alpha[at] - beta, b->s + at * b->n, b->n);
    }
}

static void remember(lbfgs *b)
{
    const int64_t at = (b->newest + 1) % MEMORY;
    double *const s = b->s + at * b->n, *const y = b->y + at * b->n;
    for (int64_t i = 0; i < b->n; i++) {
        s[i] = b->trial[i] - b->theta[i];
        y[i] = b->trial_gradient[i] - b->gradient[i];
    }
    const double sy = mlsd__dot(s, y, b->n);
    if (!(sy > 0.0)) return;
    b->rho[at] = 1.0 / sy;
    b->newest = at;
    if (b->n_pairs < MEMORY) b->n_pairs++;
}

/* Find a step along the direction; *out_moved false when there is none. */
static mlsd_status search(lbfgs *b, mlsd__smooth_outcome *out, bool *out_moved)
{
    const double slope = mlsd__dot(b->gradient, b->direction, b->n);
    const double before = out->value, slack = ROUNDING * fabs(before);
    double low = 0.0, high = INFINITY;
    double length = b->is_scaled ? 1.0 : fmin(1.0, 1.0 / max_abs(b->direction, b->n));
    *out_moved = false;
    for (int trial = 0; slope < 0.0 && trial < MAX_TRIALS; trial++) {
        double value = NAN;
        for (int64_t i = 0; i < b->n; i++) b->trial[i] = b->theta[i] + length * b->direction[i];
        MLSD__TRY(b->f->at(b->f->user, b->scope, b->trial, &value, b->trial_gradient, NULL));
        const double slope_there = mlsd__dot(b->trial_gradient, b->direction, b->n);
        if (!(value <= before + DECREASE * length * slope + slack) || !isfinite(slope_there)) {
            high = length;
        } else if (slope_there < CURVATURE * slope) {
            low = length;
        } else {
            out->value = value;
            *out_moved = true;
            return MLSD_OK;
        }
        length = isinf(high) ? 2.0 * low : 0.5 * (low + high);
    }
    return MLSD_OK;
}

static mlsd_status arrive(const lbfgs *b, int64_t n_iter, bool *out_ends)
{
    if (b->f->arrived == NULL) return MLSD_OK;
    return b->f->arrived(b->f->user, b->scope, b->theta, n_iter, out_ends);
}

/* Is the gradient small, and what the direction promises too? */
static bool is_flat(const lbfgs *b, const mlsd__smooth_limits *limits, double value)
{
    if (!(max_abs(b->gradient, b->n) <= limits->tol)) return false;
    const double gain = -0.5 * mlsd__dot(b->gradient, b->direction, b->n);
    return !(limits->gain > 0.0 && gain > limits->gain * fabs(value));
}

mlsd_status mlsd__lbfgs_start(mlsd__lbfgs *b, mlsd__scope *scope, mlsd__smooth_outcome *out)
{
    *out = (mlsd__smooth_outcome){0};
    b->scope = scope;
    b->n_pairs = 0;
    b->ends = false;
    MLSD__TRY(b->f->at(b->f->user, scope, b->theta, &out->value, b->gradient, NULL));
    out->nonfinite = !isfinite(out->value) || !isfinite(max_abs(b->gradient, b->n));
    return out->nonfinite ? MLSD_OK : arrive(b, 0, &b->ends);
}

mlsd_status mlsd__lbfgs_step(mlsd__lbfgs *b, mlsd__scope *scope, const mlsd__smooth_limits *limits,
                             mlsd__smooth_outcome *out, bool *out_done)
{
    bool moved = false;
    b->scope = scope;
    *out_done = true;
    if (out->nonfinite) return MLSD_OK;
    set_direction(b);
    out->converged = is_flat(b, limits, out->value);
    if (out->converged || b->ends || out->n_iter >= limits->max_iter) return MLSD_OK;
    MLSD__TRY(search(b, out, &moved));
    if (!moved && b->n_pairs == 0) return MLSD_OK;
    *out_done = false;
    if (!moved) {
        b->n_pairs = 0; /* once more, along the gradient */
        return MLSD_OK;
    }
    remember(b);
    memcpy(b->theta, b->trial, (size_t)b->n * sizeof *b->theta);
    memcpy(b->gradient, b->trial_gradient, (size_t)b->n * sizeof *b->gradient);
    out->n_iter++;
    return arrive(b, out->n_iter, &b->ends);
}

mlsd_status mlsd__lbfgs_open(mlsd__lbfgs *b, const mlsd__allocator *a, const mlsd__smooth *f,
                             double *theta)
{
    const int64_t n = f->n;
    *b = (mlsd__lbfgs){.f = f, .n = n, .theta = theta};
    MLSD__TRY(mlsd__mul_size(n, 4 + 2 * MEMORY, &b->n_room));
    b->room = mlsd__alloc(a, b->n_room, sizeof *b->room);
    if (b->room == NULL) return MLSD_E_NOMEM;
    b->gradient = b->room;
    b->trial = b->room + n;
    b->trial_gradient = b->room + 2 * n;
    b->direction = b->room + 3 * n;
    b->s = b->room + 4 * n;
    b->y = b->room + (4 + MEMORY) * n;
    return MLSD_OK;
}

void mlsd__lbfgs_close(mlsd__lbfgs *b, const mlsd__allocator *a)
{
    mlsd__free(a, b->room);
}

mlsd_status mlsd__smooth_lbfgs(const mlsd__smooth *f, mlsd__scope *scope,
                               const mlsd__smooth_limits *limits, double *theta,
                               mlsd__smooth_outcome *out)
{
    mlsd__lbfgs b;
    bool done = false;
    *out = (mlsd__smooth_outcome){0};
    MLSD__TRY(mlsd__lbfgs_open(&b, scope->allocator, f, theta));
    mlsd_status status = mlsd__lbfgs_start(&b, scope, out);
    while (status == MLSD_OK && !done) status = mlsd__lbfgs_step(&b, scope, limits, out, &done);
    mlsd__lbfgs_close(&b, scope->allocator);
    return status;
}
