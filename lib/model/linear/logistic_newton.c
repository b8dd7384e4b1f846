/* logistic_newton.c - Newton's method with step halving for the logistic objective (iteratively
 * reweighted least squares; McCullagh & Nelder 1989, section 2.5).
 *
 * Most of the way is gone on every 32nd and 8th block of a large frame; from there the full data
 * need two or three iterations. Where a step is short the Hessian hardly changes: it is kept, which
 * makes a pass half as long, while the slopes fall as they should. A start that is worse than zero
 * is thrown away, so the answer never depends on it. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/kindtable.h"
#include "model/linear/logistic_solve.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

enum {
    START_BLOCKS = 64,    /* frames of at least so many blocks get one */
    START_ITERATIONS = 8, /* more would polish what is only a start */
    MAX_HALVINGS = 30
};

/* Every how many-th block a start is found on: the error of a start falls by the square root of its
 * rows, and halving it twice saves an iteration on all of them. */
static const int64_t START_STRIDES[] = {32, 8};
/* Least damping relative to the largest diagonal: below what Cholesky's rounding leaves of the
 * pivots of collinear columns (1e-16 times their number) by far, so that such columns share evenly.
 */
static const double DAMPING = 1e-11;
/* The last step must be small beside theta: far steps with a small gradient are a run to infinity.
 */
static const double SMALL_STEP = 1e-3;
/* After a step this small beside theta the Hessian is kept; it is good while slopes fall to this
 * share; and the last step with it must be this small. */
static const double KEPT_STEP = 0.02, KEPT_CONTRACTION = 0.2, KEPT_SMALL_STEP = 1e-4;
/* Near an optimum Newton's slopes fall quadratically; on a run to infinity they fall by e at best
 * (each step adds about one to the scores). Asked for only without a penalty. */
static const double CONTRACTION = 0.2;
/* Slopes and steps that are rounding of numbers around one. */
static const double ROUNDING_SLOPE = 1e-14, ROUNDING_STEP = 1e-14;
/* Sufficient decrease (Nocedal & Wright 2006, eq. 3.4), and rounding of the objective. */
static const double DECREASE = 1e-4, ROUNDING = 4e-16;

typedef struct newton {
    mlsd__logistic_loss *loss;
    mlsd__scope *scope;
    int64_t n, stride;
    double *theta, *trial, *step;
    double *gradient, *hessian, *factor;
    bool is_kept; /* the factor is that of a point before this one */
} newton;

static double max_abs(const double *x, int64_t n)
{
    double top = 0.0;
    for (int64_t i = 0; i < n; i++) top = !(fabs(x[i]) <= top) ? fabs(x[i]) : top;
    return top;
}

/* Scores that may all be shifted together leave one direction flat: the intercepts with a penalty,
 * every column without. A curvature across the scores there holds their sum at zero and changes
 * nothing else. */
static void hold_sum_of_scores(const newton *s)
{
    const mlsd__design *d = s->loss->design;
    const int64_t k = s->loss->n_scores, q = d->n_columns;
    if (k == 1) return;
    for (int64_t j = s->loss->penalty.l2 > 0.0 ? d->n_features : 0; j < q; j++)
        for (int64_t a = 0; a < k; a++)
            for (int64_t b = a; b < k; b++) s->factor[(a * q + j) * s->n + b * q + j] += 1.0;
}

/* step = -(H + damping)^-1 g; false when no damping makes it positive definite. */
static bool solve(const newton *s)
{
    double top = 0.0;
    for (int64_t i = 0; i < s->n; i++) top = fmax(top, s->hessian[i * s->n + i]);
    if (!(top > 0.0) || !isfinite(top)) return false;
    for (double damping = DAMPING * top; damping < 1e3 * top; damping *= 100.0) {
        memcpy(s->factor, s->hessian, (size_t)(s->n * s->n) * sizeof *s->factor);
        hold_sum_of_scores(s);
        for (int64_t i = 0; i < s->n; i++) {
            s->factor[i * s->n + i] += damping;
            s->step[i] = -s->gradient[i];
        }
        bool is_definite = false;
        mlsd__posv(s->n, 1, s->factor, s->n, s->step, 1, &is_definite);
        if (is_definite && isfinite(max_abs(s->step, s->n))) return true;
    }
    return false;
}

/* The same with the factor that solve() left. */
static bool solve_again(const newton *s)
{
    for (int64_t i = 0; i < s->n; i++) s->step[i] = -s->gradient[i];
    mlsd__potrs(s->n, 1, s->factor, s->n, s->step, 1);
    return isfinite(max_abs(s->step, s->n));
}

/* Is every component small beside theta's? */
static bool is_small(const newton *s, double part)
{
    for (int64_t i = 0; i < s->n; i++)
        if (!(fabs(s->step[i]) <= part * (1.0 + fabs(s->theta[i])))) return false;
    return true;
}

static void go(const newton *s, double length)
{
    for (int64_t i = 0; i < s->n; i++) s->trial[i] = s->theta[i] + length * s->step[i];
}

static void accept(newton *s, mlsd__logistic_outcome *out, const mlsd__logistic_value *value)
{
    memcpy(s->theta, s->trial, (size_t)s->n * sizeof *s->theta);
    out->at = *value;
}

/* The last step costs a pass without gradient; it is taken unless rounding makes it worse. */
static mlsd_status finish(newton *s, mlsd__logistic_outcome *out)
{
    mlsd__logistic_value value;
    go(s, 1.0);
    MLSD__TRY(mlsd__logistic_loss_at(s->loss, s->scope, s->trial, s->stride, &value, NULL, NULL));
    if (value.objective <= out->at.objective * (1.0 + ROUNDING)) accept(s, out, &value);
    out->converged = true;
    return MLSD_OK;
}

/* Halve the step until the objective falls; *out_moved false when it does not. Gradient and, where
 * wanted, Hessian are then those of the point accepted. */
static mlsd_status search(newton *s, bool wants_hessian, mlsd__logistic_outcome *out,
                          bool *out_moved)
{
    const double slope = mlsd__dot(s->gradient, s->step, s->n);
    const double slack = ROUNDING * fabs(out->at.objective);
    double length = 1.0;
    *out_moved = false;
    for (int halving = 0; halving < MAX_HALVINGS; halving++, length *= 0.5) {
        mlsd__logistic_value value;
        go(s, length);
        MLSD__TRY(mlsd__logistic_loss_at(s->loss, s->scope, s->trial, s->stride, &value,
                                         s->gradient, wants_hessian ? s->hessian : NULL));
        if (!(value.objective <= out->at.objective + DECREASE * length * slope + slack)) continue;
        if (!isfinite(max_abs(s->gradient, s->n))) continue;
        accept(s, out, &value);
        *out_moved = true;
        return MLSD_OK;
    }
    return MLSD_OK;
}

/* Value, gradient and Hessian at theta. */
static mlsd_status begin(newton *s, mlsd__logistic_outcome *out)
{
    MLSD__TRY(mlsd__logistic_loss_at(s->loss, s->scope, s->theta, s->stride, &out->at, s->gradient,
                                     s->hessian));
    out->nonfinite = !isfinite(out->at.objective) || !isfinite(max_abs(s->gradient, s->n));
    return MLSD_OK;
}

/* A step from theta: with the Hessian that was kept while it serves, otherwise with that of here.
 */
static mlsd_status find_step(newton *s, bool serves, mlsd__logistic_outcome *out, bool *out_ok)
{
    if (s->is_kept && serves) {
        *out_ok = solve_again(s);
        if (*out_ok) return MLSD_OK;
    }
    if (s->is_kept) MLSD__TRY(begin(s, out));
    s->is_kept = false;
    *out_ok = !out->nonfinite && solve(s);
    return MLSD_OK;
}

/* Iterate from theta, where value, gradient and Hessian are known. */
static mlsd_status iterate(newton *s, const mlsd__logistic_limits *limits,
                           mlsd__logistic_outcome *out)
{
    double slope_before = INFINITY;
    out->converged = false;
    s->is_kept = false;
    MLSD__TRY(mlsd__logistic_tell(limits, s->scope, s->theta, 0, &out->at));
    for (out->n_iter = 0; out->n_iter < limits->max_iter; out->n_iter++) {
        const double slope = max_abs(s->gradient, s->n);
        const bool separated = limits->stops_separated && out->at.min_margin > 0.0;
        if (separated && out->at.mean_loss <= limits->tol) return MLSD_OK;
        bool ok = false, moved = false;
        MLSD__TRY(find_step(s, slope <= KEPT_CONTRACTION * slope_before, out, &ok));
        if (!ok) return MLSD_OK;
        const bool is_trusted = !limits->stops_separated || slope <= CONTRACTION * slope_before ||
                                slope <= ROUNDING_SLOPE;
        const bool is_flat = slope <= limits->tol && !separated &&
                             is_small(s, s->is_kept ? KEPT_SMALL_STEP : SMALL_STEP);
        slope_before = slope;
        if (is_trusted && (is_flat || is_small(s, ROUNDING_STEP))) {
            out->n_iter++;
            MLSD__TRY(finish(s, out));
            return mlsd__logistic_tell(limits, s->scope, s->theta, out->n_iter, &out->at);
        }
        const bool keeps = is_small(s, KEPT_STEP);
        MLSD__TRY(search(s, !keeps, out, &moved));
        if (!moved && s->is_kept) { /* once more, with the Hessian of here */
            MLSD__TRY(begin(s, out));
            s->is_kept = false;
            slope_before = INFINITY;
            continue;
        }
        if (!moved) {
            out->converged = slope <= limits->tol && !separated;
            return MLSD_OK;
        }
        s->is_kept = keeps;
        MLSD__TRY(mlsd__logistic_tell(limits, s->scope, s->theta, out->n_iter + 1, &out->at));
    }
    return MLSD_OK;
}

/* Leave theta near the optimum of a part of the rows, or at zero: on every 16th block first, and
 * from there on every 4th. */
static mlsd_status find_start(newton *s, const mlsd__logistic_limits *limits, bool *out_found)
{
    const mlsd__logistic_limits rough = {
        .max_iter = START_ITERATIONS, .tol = fmax(limits->tol, 1e-3), .stops_separated = true};
    mlsd_status status = MLSD_OK;
    *out_found = true;
    for (int i = 0; i < MLSD__COUNT(START_STRIDES) && status == MLSD_OK && *out_found; i++) {
        mlsd__logistic_outcome part = {0};
        s->stride = START_STRIDES[i];
        status = begin(s, &part);
        if (status == MLSD_OK && !part.nonfinite && part.at.weight > 0.0)
            status = iterate(s, &rough, &part);
        *out_found = status == MLSD_OK && part.converged;
    }
    s->stride = 1;
    if (!*out_found) memset(s->theta, 0, (size_t)s->n * sizeof *s->theta);
    return status;
}

static mlsd_status run(newton *s, const mlsd__logistic_limits *limits, bool is_cold,
                       mlsd__logistic_outcome *out)
{
    const int64_t k = s->loss->n_scores;
    const double at_zero = mlsd__log(k == 1 ? 2.0 : (double)k);
    bool found = false;
    if (is_cold && mlsd__n_blocks(s->loss->design->n_rows) >= START_BLOCKS)
        MLSD__TRY(find_start(s, limits, &found));
    MLSD__TRY(begin(s, out));
    if (found && (out->nonfinite || out->at.objective > at_zero)) {
        memset(s->theta, 0, (size_t)s->n * sizeof *s->theta);
        MLSD__TRY(begin(s, out));
    }
    return out->nonfinite ? MLSD_OK : iterate(s, limits, out);
}

mlsd_status mlsd__logistic_newton(mlsd__logistic_loss *l, mlsd__scope *scope,
                                  const mlsd__logistic_limits *limits, bool is_cold, double *theta,
                                  mlsd__logistic_outcome *out)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t n = l->n_theta;
    *out = (mlsd__logistic_outcome){0};
    newton s = {.loss = l, .scope = scope, .n = n, .stride = 1, .theta = theta};
    mlsd_status status = MLSD_E_NOMEM;
    s.trial = mlsd__alloc(a, 3 * n, sizeof *s.trial);
    s.hessian = mlsd__alloc(a, 2 * n * n, sizeof *s.hessian);
    if (s.trial != NULL && s.hessian != NULL) {
        s.step = s.trial + n;
        s.gradient = s.trial + 2 * n;
        s.factor = s.hessian + n * n;
        status = run(&s, limits, is_cold, out);
    }
    mlsd__free(a, s.trial);
    mlsd__free(a, s.hessian);
    return status;
}
