/* adjust.c - p-values corrected for how many there are. All corrections are one walk over the
 * p-values in order: a factor for each place, and the running extreme, which keeps the order. */
#include <math.h>
#include <string.h>

#include "mlsd/compare.h"
#include "base/text.h"
#include "numeric/rank.h"
#include "validate/compare_impl.h"

const char *const mlsd__corrections[] = {"holm", "hochberg", "bonferroni", "benjamini_hochberg",
                                         "none", NULL};

/* The factor of the p-value of that place, from 1 for the smallest, among n. */
static double factor(int64_t correction, int64_t place, int64_t n)
{
    switch (correction) {
    case MLSD__HOLM:
    case MLSD__HOCHBERG:
        return (double)(n - place + 1);
    case MLSD__BONFERRONI:
        return (double)n;
    case MLSD__BENJAMINI_HOCHBERG:
        return (double)n / (double)place;
    default:
        return 1;
    }
}

mlsd_status mlsd__adjust_p_values(const mlsd__allocator *a, int64_t correction, const double *p,
                                  int64_t n, double *out)
{
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort(a, p, n, order);
    int64_t known = 0;
    while (status == MLSD_OK && known < n && !isnan(p[order[known]])) known++;
    const bool goes_up = correction == MLSD__HOLM;
    double extreme = goes_up ? 0 : 1;
    for (int64_t k = 0; k < known; k++) {
        const int64_t place = goes_up ? k + 1 : known - k;
        const int64_t i = order[place - 1];
        const double value = fmin(1, p[i] * factor(correction, place, known));
        if (correction == MLSD__HOLM || correction == MLSD__HOCHBERG ||
            correction == MLSD__BENJAMINI_HOCHBERG) {
            extreme = goes_up ? fmax(extreme, value) : fmin(extreme, value);
            out[i] = extreme;
        } else {
            out[i] = value;
        }
    }
    for (int64_t k = known; k < n && status == MLSD_OK; k++) out[order[k]] = NAN;
    mlsd__free(a, order);
    return status;
}

static const char *correction_at(const void *user, int64_t i)
{
    (void)user;
    return mlsd__corrections[i];
}

static mlsd_status find_correction(const char *name, int64_t *out)
{
    for (*out = 0; mlsd__corrections[*out] != NULL; (*out)++) {
        if (strcmp(mlsd__corrections[*out], name) == 0) return MLSD_OK;
    }
    const char *const near = mlsd__nearest_name(name, correction_at, NULL, *out);
    if (near != NULL)
        return mlsd__fail(MLSD_E_ARG, "no correction '%.60s'; did you mean '%s'?", name, near);
    return mlsd__fail(MLSD_E_ARG,
                      "no correction '%.60s'; there are holm, hochberg, bonferroni, "
                      "benjamini_hochberg, none",
                      name);
}

mlsd_status mlsd_adjust_p_values(const char *correction, const double *p_values, int64_t n,
                                 double *out)
{
    int64_t chosen;
    MLSD__REQUIRE(correction != NULL, "the correction is NULL");
    MLSD__REQUIRE(n >= 0, "the number of p-values must not be negative, got %lld", (long long)n);
    MLSD__REQUIRE(n == 0 || (p_values != NULL && out != NULL), "the array of p-values is NULL");
    MLSD__TRY(find_correction(correction, &chosen));
    for (int64_t i = 0; i < n; i++)
        MLSD__REQUIRE(!(p_values[i] < 0) && !(p_values[i] > 1), "p-value %lld is outside of [0, 1]",
                      (long long)i);
    return mlsd__adjust_p_values(&mlsd__libc_allocator, chosen, p_values, n, out);
}
