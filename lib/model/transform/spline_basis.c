/* spline_basis.c - the degree + 1 splines that are not 0 in an interval between knots: de Boor
 * (1978), A Practical Guide to Splines, chapter X, eq. 11 to 15. */
#include "model/transform/spline_basis.h"

#include <math.h>
#include <string.h>

int64_t mlsd__spline_count(const mlsd__spline *s)
{
    return s->extrapolation == MLSD__SPLINE_PERIODIC ? s->n_knots - 1 : s->n_knots + s->degree - 1;
}

void mlsd__spline_extend(int64_t degree, int64_t n_knots, int64_t extrapolation, double *knots)
{
    double *const base = knots + degree, *const last = base + n_knots - 1;
    const double period = *last - *base, below = base[1] - base[0], above = last[0] - last[-1];
    for (int64_t k = 1; k <= degree; k++) {
        if (extrapolation == MLSD__SPLINE_PERIODIC) {
            base[-k] = last[-k] - period;
            last[k] = base[k] + period;
        } else {
            base[-k] = base[0] - (double)k * below;
            last[k] = last[0] + (double)k * above;
        }
    }
}

/* The interval [t_k, t_k+1) of x between the base knots, not an empty one; the nearest where x lies
 * outside. */
static int64_t interval_of(const mlsd__spline *s, double x)
{
    const double *const t = s->knots;
    int64_t low = s->degree, high = s->degree + s->n_knots - 1; /* t[low] <= x < t[high] */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (t[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    while (low > s->degree && t[low] == t[low + 1]) low--;
    while (t[low] == t[low + 1]) low++;
    return low;
}

/* Splines k - degree .. k of that degree at x. */
static void recur(const double *t, int64_t k, int64_t degree, double x, double *out)
{
    out[0] = 1;
    for (int64_t d = 1; d <= degree; d++) {
        double carry = 0;
        for (int64_t r = 0; r < d; r++) {
            const double right = t[k + r + 1], left = t[k + r + 1 - d];
            const double part = out[r] / (right - left); /* at least the interval's width */
            out[r] = carry + (right - x) * part;
            carry = (x - left) * part;
        }
        out[d] = carry;
    }
}

/* Their derivatives at x (de Boor 1978, chapter X, eq. 12). */
static void slopes(const mlsd__spline *s, int64_t k, double x, double *out)
{
    double lower[MLSD__MOST_SPLINE_DEGREE + 1];
    const double *const t = s->knots;
    const int64_t d = s->degree;
    out[0] = 0;
    if (d == 0) return;
    recur(t, k, d - 1, x, lower);
    double carry = 0;
    for (int64_t r = 0; r < d; r++) {
        const double part = (double)d * lower[r] / (t[k + r + 1] - t[k + r + 1 - d]);
        out[r] = carry - part;
        carry = part;
    }
    out[d] = carry;
}

void mlsd__spline_values(const mlsd__spline *s, double x, int64_t n_out, double *out)
{
    double value[MLSD__MOST_SPLINE_DEGREE + 1], slope[MLSD__MOST_SPLINE_DEGREE + 1];
    const int64_t n = mlsd__spline_count(s), degree = s->degree;
    const double lowest = s->knots[degree], highest = s->knots[degree + s->n_knots - 1];
    double at = x;
    if (s->extrapolation == MLSD__SPLINE_PERIODIC) {
        const double period = highest - lowest;
        at = x - period * floor((x - lowest) / period);
        at = at < lowest || at > highest ? lowest : at; /* rounding */
    } else if (s->extrapolation != MLSD__SPLINE_CONTINUE) {
        at = x < lowest ? lowest : x > highest ? highest : x;
    }
    const int64_t k = interval_of(s, at);
    recur(s->knots, k, degree, at, value);
    if (at != x && s->extrapolation == MLSD__SPLINE_LINEAR) {
        slopes(s, k, at, slope);
        for (int64_t r = 0; r <= degree; r++) value[r] += (x - at) * slope[r];
    }
    memset(out, 0, (size_t)n_out * sizeof *out);
    for (int64_t r = 0; r <= degree; r++) {
        const int64_t which = (k - degree + r) % n;
        if (which < n_out) out[which] += value[r];
    }
}
