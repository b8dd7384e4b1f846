/* smooth_newton.c - Newton's method with a damped Hessian and step halving (Nocedal & Wright 2006,
 * sections 3.1 and 3.4). With Fisher's information for the Hessian it is iteratively reweighted
 * least squares (McCullagh & Nelder 1989, section 2.5). */
#include <math.h>
#include <string.h>

#include "model/linear/smooth.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

enum { MAX_HALVINGS = 40 };

/* Least damping relative to the diagonal (Marquardt 1963, so that penalties of 1e300 hide nothing):
 * above the rounding that Cholesky leaves of the pivots of collinear columns. */
static const double DAMPING = 1e-11;
/* The last step must be small beside theta: far steps with a small gradient are a run to infinity.
 */
static const double SMALL_STEP = 1e-3;
/* Near a minimum Newton's slopes fall quadratically, on a run to infinity by e at best. */
static const double CONTRACTION = 0.2;
/* Slopes and steps that are rounding of numbers around one. */
static const double ROUNDING_SLOPE = 1e-14, ROUNDING_STEP = 1e-14;
/* Sufficient decrease (Nocedal & Wright 2006, eq. 3.4), and rounding of the value. */
static const double DECREASE = 1e-4, ROUNDING = 4e-16;

typedef struct newton {
    const mlsd__smooth *f;
    mlsd__scope *scope;
    int64_t n;
    double *theta, *trial, *step;
    double *gradient, *hessian, *factor;
} newton;

static double max_abs(const double *x, int64_t n)
{
    double top = 0.0;
    for (int64_t i = 0; i < n; i++) top = !(fabs(x[i]) <= top) ? fabs(x[i]) : top;
    return top;
}

/* step = -(H + damping)^-1 g; false when no damping makes it positive definite. */
static bool solve(const newton *s)
{
    for (double damping = DAMPING; damping < 1e3; damping *= 100.0) {
        memcpy(s->factor, s->hessian, (size_t)(s->n * s->n) * sizeof *s->factor);
        for (int64_t i = 0; i < s->n; i++) {
            double *const diagonal = &s->factor[i * s->n + i];
            *diagonal = *diagonal > 0.0 ? *diagonal * (1.0 + damping) : 1.0; /* 0: no equation */
            s->step[i] = -s->gradient[i];
        }
        bool is_definite = false;
        mlsd__posv(s->n, 1, s->factor, s->n, s->step, 1, &is_definite);
        if (is_definite && isfinite(max_abs(s->step, s->n))) return true;
    }
    return false;
}

/* Is every component small beside theta's? */
static bool is_small(const newton *s, double part)
{
    for (int64_t i = 0; i < s->n; i++)
        if (!(fabs(s->step[i]) <= part * (1.0 + fabs(s->theta[i])))) return false;
    return true;
}

/* Halve the step until the value falls; *out_moved false when it does not. Gradient and Hessian are
 * then those of the point accepted, unless `is_last`. */
static mlsd_status search(newton *s, bool is_last, mlsd__smooth_outcome *out, bool *out_moved)
{
    const double slope = mlsd__dot(s->gradient, s->step, s->n);
    const double slack = ROUNDING * fabs(out->value);
    double length = 1.0;
    *out_moved = false;
    for (int halving = 0; halving < MAX_HALVINGS; halving++, length *= 0.5) {
        double value = NAN;
        for (int64_t i = 0; i < s->n; i++) s->trial[i] = s->theta[i] + length * s->step[i];
        MLSD__TRY(s->f->at(s->f->user, s->scope, s->trial, &value, is_last ? NULL : s->gradient,
                           is_last ? NULL : s->hessian));
        const bool is_lower = value <= out->value + DECREASE * length * slope + slack;
        if (is_lower && (is_last || isfinite(max_abs(s->gradient, s->n)))) {
            memcpy(s->theta, s->trial, (size_t)s->n * sizeof *s->theta);
            out->value = value;
            *out_moved = true;
            return MLSD_OK;
        }
        if (is_last) return MLSD_OK;
    }
    return MLSD_OK;
}

/* Gradient and Hessian are known at theta. */
static mlsd_status iterate(newton *s, const mlsd__smooth_limits *limits, mlsd__smooth_outcome *out)
{
    double slope_before = INFINITY;
    while (out->n_iter < limits->max_iter) {
        const double slope = max_abs(s->gradient, s->n);
        if (slope == 0.0) {
            out->converged = true;
            return MLSD_OK;
        }
        if (!solve(s)) return MLSD_OK;
        const bool is_trusted =
            !limits->may_run_away || slope <= CONTRACTION * slope_before || slope <= ROUNDING_SLOPE;
        const bool is_flat = slope <= limits->tol && is_small(s, SMALL_STEP);
        bool moved = false;
        slope_before = slope;
        out->n_iter++;
        if (is_trusted && (is_flat || is_small(s, ROUNDING_STEP))) {
            out->converged = true; /* and the last step is taken, unless rounding makes it worse */
            return search(s, true, out, &moved);
        }
        MLSD__TRY(search(s, false, out, &moved));
        if (!moved) {
            out->converged = slope <= limits->tol && is_trusted;
            return MLSD_OK;
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__smooth_newton(const mlsd__smooth *f, mlsd__scope *scope,
                                const mlsd__smooth_limits *limits, double *theta,
                                mlsd__smooth_outcome *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = f->n;
    *out = (mlsd__smooth_outcome){0};
    newton s = {.f = f, .scope = scope, .n = n, .theta = theta};
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(2 * n, n, &size));
    mlsd_status status = MLSD_E_NOMEM;
    s.trial = mlsd__alloc(a, 3 * n, sizeof *s.trial);
    s.hessian = mlsd__alloc(a, size, sizeof *s.hessian);
    if (s.trial != NULL && s.hessian != NULL) {
        s.step = s.trial + n;
        s.gradient = s.trial + 2 * n;
        s.factor = s.hessian + n * n;
        status = f->at(f->user, scope, theta, &out->value, s.gradient, s.hessian);
        out->nonfinite = !isfinite(out->value) || !isfinite(max_abs(s.gradient, n));
        if (status == MLSD_OK && !out->nonfinite) status = iterate(&s, limits, out);
    }
    mlsd__free(a, s.trial);
    mlsd__free(a, s.hessian);
    return status;
}
