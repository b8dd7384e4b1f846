/* detectable.c - power, turned round: the effect at which a test rejects with a given chance. Power
 * grows with the effect, so there is one. */
#include "validate/detectable.h"

#include <math.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"

/* The searches end long before. */
enum { STEPS = 200 };

/* What a search is about: power(effect) grows from alpha at 0 towards 1. */
typedef struct power_of {
    double (*power)(const struct power_of *p, double effect);
    double df_1, df_2, critical;
    bool one_sided;
} power_of;

/* False position, halving the end that stays (Dowell & Jarratt 1971, BIT 11:168, the Illinois
 * algorithm): a noncentral t costs more than everything else here. */
static double solve(const power_of *p, double power, double guess)
{
    static const double PRECISION = 1e-12;
    double low = 0, high = guess, at_low = p->power(p, 0) - power, at_high;
    if (at_low >= 0) return 0;
    while (at_high = p->power(p, high) - power, at_high < 0) {
        low = high;
        at_low = at_high;
        high *= 2;
        if (high > 1e12) return NAN;
    }
    int last = 0; /* the end that moved */
    for (int i = 0; i < STEPS && high - low > PRECISION * high; i++) {
        double x = high - at_high * (high - low) / (at_high - at_low);
        if (!(x > low && x < high)) x = 0.5 * (low + high);
        const double at_x = p->power(p, x) - power;
        if (at_x == 0) return x;
        if (at_x < 0) {
            low = x;
            at_low = at_x;
            if (last < 0) at_high *= 0.5;
            last = -1;
        } else {
            high = x;
            at_high = at_x;
            if (last > 0) at_low *= 0.5;
            last = 1;
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
    return solve(&p, power, p.critical + mlsd__normal_quantile(power));
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
    return solve(&p, power, df_1);
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
