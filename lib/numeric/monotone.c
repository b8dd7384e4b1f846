/* monotone.c - the inverse of a positive monotone function of a positive unknown: what the
 * quantiles of t, beta, gamma, F, noncentral t and the studentized range have in common. Solved on
 * a multiplicative scale, on which tails that are powers are straight lines. */
#include "numeric/monotone.h"

#include <float.h>
#include <math.h>

#include "numeric/mathfun.h"

/* log(value / target), also where the ratio leaves the range of double. */
static double log_ratio(double value, double target)
{
    const double ratio = value / target;
    if (fabs(ratio - 1) < 0.5) return mlsd__log1p((value - target) / target);
    return ratio > 0 && isfinite(ratio) ? mlsd__log(ratio) : mlsd__log(value) - mlsd__log(target);
}

/* Newton's method on logarithms inside a bracket. A step that leaves the bracket, or that comes
 * after one that failed to halve the residual, is replaced by the bracket's geometric middle. */
double mlsd__invert(const mlsd__monotone *f, double target, double start)
{
    enum { MAX_STEPS = 300 };
    static const double last_step = 1e-8; /* what is left after it is of the order of its square */
    double low = DBL_TRUE_MIN;
    double high = f->highest;
    double x = start > low && start < high ? start : sqrt(low) * sqrt(high);
    double previous = INFINITY;
    for (int i = 0; i < MAX_STEPS; i++) {
        double x_derivative = 0;
        const double value = f->value(f, x, &x_derivative);
        const double residual = log_ratio(value, target);
        if (residual == 0) return x;
        if ((residual < 0) != f->is_decreasing)
            low = x;
        else
            high = x;
        const double down = residual * (value / x_derivative);
        const double step = f->is_decreasing ? down : -down;
        if (fabs(step) < last_step && fabs(residual) < last_step) return x + x * step;

        const double next = x * mlsd__exp(step);
        const bool is_fine = next > low && next < high && fabs(residual) < 0.5 * previous;
        const double middle = sqrt(low) * sqrt(high);
        if (!is_fine && !(middle > low && middle < high)) return x;
        previous = is_fine ? fabs(residual) : INFINITY;
        x = is_fine ? next : middle;
    }
    return x;
}
