/* audit_math.c - the few statistics that the audit needs and nobody below it has: an area under the
 * curve without weights or interval, Spearman's correlation, and the tails of chi-square and
 * Poisson counts by the incomplete gamma function. */
#include <math.h>

#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "validate/audit_impl.h"

/* Mann-Whitney by midranks. */
mlsd_status mlsd__audit_auc(const mlsd__allocator *al, const double *score, const uint8_t *positive,
                            int64_t n, double *out)
{
    *out = NAN;
    double *const ranks = mlsd__alloc_raw(al, n, sizeof *ranks);
    if (ranks == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__midranks(al, score, n, ranks);
    double n_positive = 0, sum = 0;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        if (!positive[i]) continue;
        n_positive++;
        sum += ranks[i];
    }
    mlsd__free(al, ranks);
    const double n_negative = (double)n - n_positive;
    if (status == MLSD_OK && n_positive > 0 && n_negative > 0)
        *out = (sum - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative);
    return status;
}

double mlsd__audit_rank_correlation(const double *x, const double *y, int64_t n)
{
    /* Midranks have this mean whatever the ties. */
    const double mean = ((double)n + 1) / 2;
    double xy = 0, xx = 0, yy = 0;
    for (int64_t i = 0; i < n; i++) {
        const double u = x[i] - mean, v = y[i] - mean;
        xy += u * v;
        xx += u * u;
        yy += v * v;
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

mlsd_status mlsd__audit_spearman(const mlsd__allocator *al, const double *x, const double *y,
                                 int64_t n, double *out)
{
    *out = NAN;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, 4, &size));
    double *const scratch = mlsd__alloc_raw(al, size, sizeof *scratch);
    if (scratch == NULL) return MLSD_E_NOMEM;
    double *const u = scratch, *const v = scratch + n, *const rank_u = v + n,
                  *const rank_v = rank_u + n;
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        u[m] = x[i];
        v[m++] = y[i];
    }
    mlsd_status status = mlsd__midranks(al, u, m, rank_u);
    if (status == MLSD_OK) status = mlsd__midranks(al, v, m, rank_v);
    if (status == MLSD_OK && m > 1) *out = mlsd__audit_rank_correlation(rank_u, rank_v, m);
    mlsd__free(al, scratch);
    return status;
}

/* The order without the row that is left out. */
static int64_t skip_row(const int64_t *order, int64_t n, int64_t row, int64_t *out)
{
    int64_t m = 0;
    for (int64_t k = 0; k < n; k++) {
        if (order[k] != row) out[m++] = order[k];
    }
    return m;
}

mlsd_status mlsd__audit_serial_ranks(const mlsd__allocator *al, const double *y, int64_t n,
                                     double *out_serial, double *out_trend)
{
    *out_serial = *out_trend = NAN;
    if (n < 3) return MLSD_OK;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, 2, &size));
    double *const rank = mlsd__alloc_raw(al, size, sizeof *rank);
    int64_t *const order = mlsd__alloc_raw(al, size, sizeof *order);
    mlsd_status status = rank == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort(al, y, n, order);
    if (status == MLSD_OK) {
        double *const other = rank + n;
        int64_t *const some = order + n;
        mlsd__midranks_of_order(y, order, n, rank);
        for (int64_t i = 0; i < n; i++) other[i] = (double)(i + 1);
        *out_trend = mlsd__audit_rank_correlation(other, rank, n);
        mlsd__midranks_of_order(y, some, skip_row(order, n, n - 1, some), rank);
        mlsd__midranks_of_order(y, some, skip_row(order, n, 0, some), other);
        *out_serial = mlsd__audit_rank_correlation(rank, other + 1, n - 1);
    }
    mlsd__free(al, order);
    mlsd__free(al, rank);
    return status;
}

/* Sums and fractions stop when a step no longer changes the double. */
enum { MOST_STEPS = 100000 };

/* Lower tail P(a, x) by its series (Abramowitz & Stegun 6.5.29), good for x < a + 1. */
static double gamma_series(double a, double x)
{
    double term = 1 / a, sum = term;
    for (int i = 1; i < MOST_STEPS && term > sum * 1e-17; i++) {
        term *= x / (a + i);
        sum += term;
    }
    return sum * mlsd__exp(-x + a * mlsd__log(x) - mlsd__lgamma(a));
}

/* Upper tail Q(a, x) by its continued fraction (6.5.31) after Lentz, good for x >= a + 1. */
static double gamma_fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int i = 1; i < MOST_STEPS; i++) {
        const double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        c = b + an / c;
        d = 1 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        const double step = c * d;
        h *= step;
        if (fabs(step - 1) < 1e-16) break;
    }
    return h * mlsd__exp(-x + a * mlsd__log(x) - mlsd__lgamma(a));
}

static double gamma_q(double a, double x)
{
    if (isnan(a) || isnan(x) || a <= 0) return NAN;
    if (x <= 0) return 1;
    if (isinf(x)) return 0;
    return x < a + 1 ? 1 - gamma_series(a, x) : gamma_fraction(a, x);
}

double mlsd__audit_chi2_tail(double x, double df)
{
    return gamma_q(df / 2, x / 2);
}

double mlsd__audit_poisson_tail(int64_t k, double mean)
{
    if (k <= 0) return 1;
    if (!(mean > 0)) return 0;
    /* P(X >= k) is the lower tail P(k, mean). */
    return mean < (double)k + 1 ? gamma_series((double)k, mean)
                                : 1 - gamma_fraction((double)k, mean);
}
