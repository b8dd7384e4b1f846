/* minimize.c - steps that grow by the golden ratio until three points hold a minimum, then Brent's
 * method on them: parabolas through the three best points, golden sections where those do not help.
 * Brent (1973), Algorithms for Minimization without Derivatives, chapter 5. */
#include "numeric/minimize.h"

#include <math.h>
#include <stdbool.h>

static const double GROWTH = 1.618033988749895, SECTION = 0.3819660112501051;
static const double RELATIVE = 1.48e-8, ABSOLUTE = 1e-11; /* the first: sqrt of rounding */
enum { MOST_STEPS = 200 };

typedef struct point {
    double x, f;
} point;

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Brent's step from the best point: that of the parabola through the three, or 0 where it is no
 * good: out of the interval, or not less than half of the step before the last. */
static double parabola(const point *best, const point *second, const point *third, double left,
                       double right, double before_last)
{
    const double r = (best->x - second->x) * (best->f - third->f);
    double q = (best->x - third->x) * (best->f - second->f);
    double p = (best->x - third->x) * q - (best->x - second->x) * r;
    q = 2 * (q - r);
    if (q > 0)
        p = -p;
    else
        q = -q;
    const bool is_good = fabs(p) < fabs(0.5 * q * before_last) && p > q * (left - best->x) &&
                         p < q * (right - best->x);
    return is_good ? p / q : 0;
}

static double brent(mlsd__function f, void *arg, double left, double right, point best)
{
    point second = best, third = best;
    double step = 0, before_last = 0;
    for (int k = 0; k < MOST_STEPS; k++) {
        const double middle = left + (right - left) / 2;
        const double tolerance = RELATIVE * fabs(best.x) + ABSOLUTE;
        if (fabs(best.x - middle) <= 2 * tolerance - (right - left) / 2) break;
        double next = 0;
        if (fabs(before_last) > tolerance)
            next = parabola(&best, &second, &third, left, right, before_last);
        if (next != 0) {
            before_last = step;
            const double x = best.x + next;
            if (x - left < 2 * tolerance || right - x < 2 * tolerance)
                next = best.x < middle ? tolerance : -tolerance;
        } else {
            before_last = best.x < middle ? right - best.x : left - best.x;
            next = SECTION * before_last;
        }
        step = next;
        if (fabs(step) < tolerance) step = step > 0 ? tolerance : -tolerance;
        point here = {.x = clamp(best.x + step, left, right)};
        here.f = f(arg, here.x);
        if (here.f <= best.f) {
            if (here.x < best.x)
                right = best.x;
            else
                left = best.x;
            third = second;
            second = best;
            best = here;
            continue;
        }
        if (here.x < best.x)
            left = here.x;
        else
            right = here.x;
        if (here.f <= second.f || second.x == best.x) {
            third = second;
            second = here;
        } else if (here.f <= third.f || third.x == best.x || third.x == second.x) {
            third = here;
        }
    }
    return best.x;
}

double mlsd__minimize(mlsd__function f, void *arg, double a, double b, double low, double high)
{
    point from = {.x = clamp(a, low, high)}, best = {.x = clamp(b, low, high)};
    from.f = f(arg, from.x);
    best.f = f(arg, best.x);
    if (best.f > from.f) {
        const point swap = from;
        from = best;
        best = swap;
    }
    for (int k = 0; k < MOST_STEPS; k++) {
        point next = {.x = clamp(best.x + GROWTH * (best.x - from.x), low, high)};
        next.f = next.x == best.x ? best.f : f(arg, next.x);
        if (next.f >= best.f) {
            const double left = from.x < next.x ? from.x : next.x;
            return brent(f, arg, left, from.x < next.x ? next.x : from.x, best);
        }
        from = best;
        best = next;
    }
    return best.x;
}
