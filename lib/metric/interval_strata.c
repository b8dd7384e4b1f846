/* interval_strata.c - the odds ratio that several two-by-two tables have in common, the test of its
 * being 1, and the test of there being one at all. */
#include <math.h>

#include "metric/interval_rates.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"

/* Mantel & Haenszel (1959), J. National Cancer Institute 22:719; the variance of the logarithm is
 * that of Robins, Breslow & Greenland (1986), Biometrics 42:311. Letters as there. */
static void estimate(const double (*tables)[4], int64_t n_strata, double level,
                     mlsd__strata_odds *out)
{
    double r = 0, s = 0, pr = 0, ps_qr = 0, qs = 0;
    for (int64_t k = 0; k < n_strata; k++) {
        const double a = tables[k][0], b = tables[k][1], c = tables[k][2], d = tables[k][3];
        const double n = a + b + c + d;
        if (!(n > 0)) continue;
        const double R = a * d / n, S = b * c / n, P = (a + d) / n, Q = (b + c) / n;
        r += R;
        s += S;
        pr += P * R;
        ps_qr += P * S + Q * R;
        qs += Q * S;
    }
    if (!(s > 0)) return;
    out->value = r / s;
    if (!(r > 0)) return;
    const double variance = pr / (2 * r * r) + ps_qr / (2 * r * s) + qs / (2 * s * s);
    const double half = mlsd__normal_quantile(0.5 + level / 2) * sqrt(variance);
    out->low = out->value * mlsd__exp(-half);
    out->high = out->value * mlsd__exp(half);
}

/* With the continuity correction of R's mantelhaen.test: where less than a half is in excess there
 * is none, rather than a statistic of 0. */
static void test_of_one(const double (*tables)[4], int64_t n_strata, mlsd__strata_odds *out)
{
    double excess = 0, variance = 0;
    for (int64_t k = 0; k < n_strata; k++) {
        const double a = tables[k][0], b = tables[k][1], c = tables[k][2], d = tables[k][3];
        const double n = a + b + c + d;
        if (!(n > 1)) continue;
        excess += a - (a + b) * (a + c) / n;
        variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1));
    }
    if (!(variance > 0)) return;
    const double distance = fabs(excess) - (fabs(excess) >= 0.5 ? 0.5 : 0);
    out->statistic = distance * distance / variance;
    out->p_value = mlsd__chi_square_sf(out->statistic, 1);
}

/* Woolf (1955), Annals of Human Genetics 19:251, by two passes about the weighted mean. */
static void test_of_equality(const double (*tables)[4], int64_t n_strata, mlsd__strata_odds *out)
{
    double total = 0, sum = 0, chi_square = 0;
    int64_t n_used = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t k = 0; k < n_strata; k++) {
            const double a = tables[k][0], b = tables[k][1], c = tables[k][2], d = tables[k][3];
            if (a + b + c + d == 0) continue;
            if (!(a > 0 && b > 0 && c > 0 && d > 0)) return;
            const double weight = 1 / (1 / a + 1 / b + 1 / c + 1 / d);
            const double log_odds = mlsd__log(a * d / (b * c));
            if (pass == 0) {
                total += weight;
                sum += weight * log_odds;
                n_used++;
            } else {
                const double off = log_odds - sum / total;
                chi_square += weight * off * off;
            }
        }
    }
    if (n_used < 2) return;
    out->homogeneity = chi_square;
    out->homogeneity_p = mlsd__chi_square_sf(chi_square, (double)(n_used - 1));
}

void mlsd__common_odds_ratio(const double (*tables)[4], int64_t n_strata, double level,
                             mlsd__strata_odds *out)
{
    *out = (mlsd__strata_odds){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    estimate(tables, n_strata, level, out);
    test_of_one(tables, n_strata, out);
    test_of_equality(tables, n_strata, out);
}
