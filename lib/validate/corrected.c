/* corrected.c - the corrected resampled t interval, and what its test can find.
 *
 * Scores of overlapping training sets are not independent, so s^2 / J is too small a variance for
 * their mean. Nadeau & Bengio (2003), "Inference for the generalization error", Machine Learning
 * 52:239-281, eq. 8 and section 3.2: variance (1/J + n_test/n_train) s^2, Student's t with J - 1
 * degrees of freedom. Letters as there: J splits, s^2 with divisor J - 1. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "numeric/distribution.h"
#include "validate/corrected.h"
#include "validate/detectable.h"

static double score_at(const double *a, const double *b, int64_t i)
{
    return b == NULL ? a[i] : a[i] - b[i];
}

static void corrected(const double *a, const double *b, int64_t n, double test_train, double level,
                      mlsd__t_memo *memo, mlsd__estimate *out)
{
    *out = (mlsd__estimate){.value = NAN, .se = NAN, .low = NAN, .high = NAN, .df = NAN};
    /* Welford: one pass, no cancellation when scores are nearly equal. */
    int64_t J = 0;
    double mean = 0, m2 = 0;
    for (int64_t i = 0; i < n; i++) {
        const double x = score_at(a, b, i);
        if (isnan(x)) continue;
        J++;
        const double delta = x - mean;
        mean += delta / (double)J;
        m2 += delta * (x - mean);
    }
    if (J == 0) return;
    out->value = mean;
    if (J == 1) return;
    const double s2 = m2 / (double)(J - 1);
    out->se = sqrt((1.0 / (double)J + test_train) * s2);
    out->df = (double)(J - 1);
    if (memo->df != out->df || memo->level != level)
        *memo = (mlsd__t_memo){out->df, level, mlsd__t_quantile(0.5 + level / 2, out->df)};
    const double half = memo->quantile * out->se;
    out->low = mean - half;
    out->high = mean + half;
}

void mlsd__corrected_t(const double *scores, int64_t n, double test_train, double level,
                       mlsd__estimate *out)
{
    mlsd__t_memo memo = {0};
    corrected(scores, NULL, n, test_train, level, &memo, out);
}

void mlsd__corrected_t_many(const double *scores, int64_t n, double test_train, double level,
                            mlsd__t_memo *memo, mlsd__estimate *out)
{
    corrected(scores, NULL, n, test_train, level, memo, out);
}

void mlsd__corrected_t_paired(const double *a, const double *b, int64_t n, double test_train,
                              double level, mlsd__estimate *out)
{
    mlsd__t_memo memo = {0};
    corrected(a, b, n, test_train, level, &memo, out);
}

double mlsd__detectable_difference(const mlsd__estimate *difference, double level, double power)
{
    if (isnan(difference->se) || !(difference->df >= 1)) return NAN;
    return mlsd__detectable_t(difference->df, 1 - level, power, false) * difference->se;
}

double mlsd__rows_factor_for(const mlsd__estimate *difference, double wanted, double level,
                             double power)
{
    const double ratio = mlsd__detectable_difference(difference, level, power) / fabs(wanted);
    return ratio * ratio;
}

/* Most splits that are thought of. */
static const double MOST_SPLITS = 1e6;

double mlsd__splits_for(const mlsd__estimate *difference, int64_t n_splits, double test_train,
                        double wanted, double level, double power)
{
    if (isnan(difference->se) || !(difference->df >= 1)) return NAN;
    /* The standard deviation of single differences, from se^2 = (1/J + n_test/n_train) s^2. */
    const double s = difference->se / sqrt(1.0 / (double)n_splits + test_train);
    double low = 1, high = 2; /* low does not do, high may */
    for (;;) {
        const double shift = mlsd__detectable_t(high - 1, 1 - level, power, false);
        if (shift * s * sqrt(1 / high + test_train) <= fabs(wanted)) break;
        if (high >= MOST_SPLITS) return INFINITY;
        low = high;
        high *= 2;
    }
    while (high - low > 1) {
        const double middle = floor(low + (high - low) / 2);
        const double shift = mlsd__detectable_t(middle - 1, 1 - level, power, false);
        const bool does = shift * s * sqrt(1 / middle + test_train) <= fabs(wanted);
        *(does ? &high : &low) = middle;
    }
    return high;
}
