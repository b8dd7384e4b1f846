/* corrected.c - the corrected resampled t interval.
 *
 * Scores of overlapping training sets are not independent, so s^2 / J is too small a variance for
 * their mean. Nadeau & Bengio (2003), "Inference for the generalization error", Machine Learning
 * 52:239-281, eq. 8 and section 3.2: variance (1/J + n_test/n_train) s^2, Student's t with J - 1
 * degrees of freedom. Letters as there: J splits, s^2 with divisor J - 1. */
#include <math.h>
#include <stddef.h>

#include "numeric/distribution.h"
#include "validate/corrected.h"

static double score_at(const double *a, const double *b, int64_t i)
{
    return b == NULL ? a[i] : a[i] - b[i];
}

static void corrected(const double *a, const double *b, int64_t n, double test_train, double level,
                      mlsd__estimate *out)
{
    *out = (mlsd__estimate){.value = NAN, .se = NAN, .low = NAN, .high = NAN};
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
    const double half = mlsd__t_quantile(0.5 + level / 2, (double)(J - 1)) * out->se;
    out->low = mean - half;
    out->high = mean + half;
}

void mlsd__corrected_t(const double *scores, int64_t n, double test_train, double level,
                       mlsd__estimate *out)
{
    corrected(scores, NULL, n, test_train, level, out);
}

void mlsd__corrected_t_paired(const double *a, const double *b, int64_t n, double test_train,
                              double level, mlsd__estimate *out)
{
    corrected(a, b, n, test_train, level, out);
}
