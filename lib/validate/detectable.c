/* detectable.c - power, turned round: the effect at which a test rejects with a given chance, found
 * by bisection, because power grows with the effect. */
#include "validate/detectable.h"

#include <math.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"

/* Bisection ends long before: each step halves an interval of doubles. */
enum { STEPS = 200 };

/* What a search is about: power(effect) grows from alpha at 0 towards 1. */
typedef struct power_of {
    double (*power)(const struct power_of *p, double effect);
    double df_1, df_2, critical;
    bool one_sided;
} power_of;

static double solve(const power_of *p, double power)
{
    double low = 0, high = 1;
    while (p->power(p, high) < power) {
        low = high;
        high *= 2;
        if (high > 1e12) return NAN;
    }
    for (int i = 0; i < STEPS; i++) {
        const double middle = 0.5 * (low + high);
        if (middle <= low || middle >= high || high - low < 1e-13 * high) break;
        if (p->power(p, middle) < power) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

static double power_t(const power_of *p, double shift)
{
    const double upper = mlsd__noncentral_t_sf(p->critical, p->df_1, shift);
    return p->one_sided ? upper : upper + mlsd__noncentral_t_cdf(-p->critical, p->df_1, shift);
}

double mlsd__detectable_t(double df, double alpha, double power, bool one_sided)
{
    const power_of p = {.power = power_t,
                        .df_1 = df,
                        .critical = -mlsd__t_quantile(one_sided ? alpha : alpha / 2, df),
                        .one_sided = one_sided};
    return solve(&p, power);
}

/* A Poisson mixture of central ones (Johnson, Kotz & Balakrishnan 1995, Continuous Univariate
 * Distributions 2, eq. 30.3), from the largest weight outwards. */
double mlsd__noncentral_f_sf(double f, double df_1, double df_2, double noncentrality)
{
    if (noncentrality == 0) return mlsd__f_sf(f, df_1, df_2);
    static const double NEGLIGIBLE = 1e-17;
    const double mean = noncentrality / 2, x = df_1 * f / (df_1 * f + df_2);
    const double middle = floor(mean);
    double sum = 0;
    for (int side = 0; side < 2; side++) {
        for (double j = side == 0 ? middle : middle - 1; j >= 0; j += side == 0 ? 1 : -1) {
            const double weight = mlsd__exp(j * mlsd__log(mean) - mean - mlsd__lgamma(j + 1));
            sum += weight * mlsd__beta_sf(x, df_1 / 2 + j, df_2 / 2);
            if (weight < NEGLIGIBLE) break;
        }
    }
    return sum < 1 ? sum : 1;
}

static double power_f(const power_of *p, double noncentrality)
{
    return mlsd__noncentral_f_sf(p->critical, p->df_1, p->df_2, noncentrality);
}

double mlsd__detectable_f(double df_1, double df_2, double alpha, double power)
{
    const power_of p = {.power = power_f,
                        .df_1 = df_1,
                        .df_2 = df_2,
                        .critical = mlsd__f_upper_quantile(alpha, df_1, df_2)};
    return solve(&p, power);
}

/* Connor (1987), Biometrics 43:207: the test finds it when
 * z_alpha sqrt(discordant) + z_power sqrt(discordant - difference^2) <= difference sqrt(n). */
double mlsd__detectable_mcnemar(double n, double discordant, double alpha, double power,
                                bool one_sided)
{
    const double z_alpha = -mlsd__normal_quantile(one_sided ? alpha : alpha / 2);
    const double z_power = mlsd__normal_quantile(power);
    double low = 0, high = discordant;
    for (int i = 0; i < STEPS; i++) {
        const double d = i == 0 ? high : 0.5 * (low + high);
        const double needed = z_alpha * sqrt(discordant) + z_power * sqrt(discordant - d * d);
        const bool found = needed <= d * sqrt(n);
        if (i == 0 && !found) return NAN;
        if (found) {
            high = d;
        } else {
            low = d;
        }
    }
    return discordant > 0 ? high : (double)NAN;
}
