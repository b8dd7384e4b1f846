/* line_integral.c - the trapezoidal rule on the whole line, with the step halved till two sums
 * agree. Trefethen & Weideman (2014), "The exponentially convergent trapezoidal rule", SIAM Review
 * 56(3), section 5: halving the step squares the relative error, so the last comparison is far
 * stricter than it looks. All terms are positive: nothing cancels. */
#include "numeric/line_integral.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "numeric/mathfun.h"

/* Add the terms at start, start + step, ... while they count. */
static void sweep(mlsd__integrand *f, const void *arg, double start, double step,
                  double sum[MLSD__N_INTEGRALS])
{
    enum { MAX_TERMS = 200000 };
    static const double negligible = 1e-18;
    double previous = INFINITY;
    for (int64_t j = 0; j < MAX_TERMS; j++) {
        double term[MLSD__N_INTEGRALS] = {0};
        f(arg, start + (double)j * step, term);
        for (int k = 0; k < MLSD__N_INTEGRALS; k++) sum[k] += term[k];
        if (!(term[0] > negligible * sum[0]) && term[0] <= previous) return;
        previous = term[0];
    }
}

void mlsd__line_integral(mlsd__integrand *f, const void *arg, double start, double step,
                         double out[MLSD__N_INTEGRALS])
{
    enum { MAX_HALVINGS = 12 };
    static const double agreement = 1e-8; /* the error of the finer sum is about its square */
    double sum[MLSD__N_INTEGRALS] = {0};
    sweep(f, arg, start, step, sum);
    sweep(f, arg, start - step, -step, sum);
    for (int i = 0; i < MAX_HALVINGS; i++) {
        double between[MLSD__N_INTEGRALS] = {0};
        sweep(f, arg, start + 0.5 * step, step, between);
        sweep(f, arg, start - 0.5 * step, -step, between);
        const bool is_done = !(fabs(between[0] - sum[0]) > agreement * sum[0]);
        for (int k = 0; k < MLSD__N_INTEGRALS; k++) sum[k] += between[k];
        step *= 0.5;
        if (is_done) break;
    }
    for (int k = 0; k < MLSD__N_INTEGRALS; k++) out[k] = step * sum[k];
}

typedef struct half_line {
    double (*density)(const void *arg, double t);
    const void *arg;
    double scale;
} half_line;

/* t = scale exp(y - exp(-y)): both ends fall doubly exponentially. Same paper, section 14. */
static void on_whole_line(const void *arg, double y, double out[MLSD__N_INTEGRALS])
{
    const half_line *const h = arg;
    const double e = mlsd__exp(-y);
    const double t = h->scale * mlsd__exp(y - e);
    out[0] = h->density(h->arg, t) * t * (1 + e);
    out[1] = 0;
}

double mlsd__tail_integral(double (*density)(const void *arg, double t), const void *arg,
                           double scale)
{
    static const double first_step = 0.25;
    const half_line h = {.density = density, .arg = arg, .scale = scale};
    double out[MLSD__N_INTEGRALS] = {0};
    mlsd__line_integral(on_whole_line, &h, 0, first_step, out);
    return out[0];
}
