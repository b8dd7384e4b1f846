/* adjust.c - p-values corrected for how many there are. All corrections are one walk over the
 * p-values in order: what becomes of the p-value of each place, and for some the running extreme,
 * which keeps the order. */
#include "metric/adjust.h"

#include <math.h>
#include <string.h>

#include "mlsd/interval.h"
#include "base/fail.h"
#include "base/text.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"

const char *const mlsd__corrections[] = {
    "holm",  "hochberg",   "bonferroni", "benjamini_hochberg", "none", "benjamini_yekutieli",
    "sidak", "holm_sidak", NULL};

/* Does the running extreme go up from the smallest p-value, down from the largest, or is none kept?
 */
typedef enum walk { APART, UP, DOWN } walk;
static const walk walks[] = {
    [MLSD__HOLM] = UP,
    [MLSD__HOCHBERG] = DOWN,
    [MLSD__BONFERRONI] = APART,
    [MLSD__BENJAMINI_HOCHBERG] = DOWN,
    [MLSD__NO_CORRECTION] = APART,
    [MLSD__BENJAMINI_YEKUTIELI] = DOWN,
    [MLSD__SIDAK] = APART,
    [MLSD__HOLM_SIDAK] = UP,
};

/* 1 - (1 - p)^m without loss where p is small: Sidak (1967), JASA 62:626. */
static double sidak(double p, int64_t m)
{
    return -mlsd__expm1((double)m * mlsd__log1p(-p));
}

/* The p-value of that place, from 1 for the smallest, among n; harmonic: sum of 1 / i to n. */
static double corrected(int64_t correction, double p, int64_t place, int64_t n, double harmonic)
{
    switch (correction) {
    case MLSD__HOLM:
    case MLSD__HOCHBERG:
        return p * (double)(n - place + 1);
    case MLSD__BONFERRONI:
        return p * (double)n;
    case MLSD__BENJAMINI_HOCHBERG:
        return p * ((double)n / (double)place);
    case MLSD__BENJAMINI_YEKUTIELI:
        return p * (harmonic * (double)n / (double)place);
    case MLSD__SIDAK:
        return sidak(p, n);
    case MLSD__HOLM_SIDAK:
        return sidak(p, n - place + 1);
    default:
        return p;
    }
}

/* known[order[0 .. n - 1]] ascend. */
static void correct_in_order(int64_t correction, const double *p, const int64_t *order, int64_t n,
                             double *out)
{
    const walk way = walks[correction];
    double harmonic = 0, extreme = way == UP ? 0 : 1;
    for (int64_t i = n; i > 0; i--) harmonic += 1 / (double)i;
    for (int64_t k = 0; k < n; k++) {
        const int64_t place = way == UP ? k + 1 : n - k;
        const int64_t i = order[place - 1];
        const double value = fmin(1, corrected(correction, p[i], place, n, harmonic));
        extreme = way == APART ? value : way == UP ? fmax(extreme, value) : fmin(extreme, value);
        out[i] = extreme;
    }
}

mlsd_status mlsd__adjust_p_values(const mlsd__allocator *a, int64_t correction, const double *p,
                                  int64_t n, double *out)
{
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort(a, p, n, order);
    if (status == MLSD_OK) {
        int64_t known = 0;
        while (known < n && !isnan(p[order[known]])) known++;
        correct_in_order(correction, p, order, known, out);
        for (int64_t k = known; k < n; k++) out[order[k]] = NAN;
    }
    mlsd__free(a, order);
    return status;
}

/* e-BH calls the k largest significant for the largest k with e_[k] >= n / (k alpha): that is
 * Benjamini & Hochberg's rule for the values 1 / e, which need not be at most 1. */
mlsd_status mlsd__adjust_e_values(const mlsd__allocator *a, const double *e, int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = 1 / e[i];
    return mlsd__adjust_p_values(a, MLSD__BENJAMINI_HOCHBERG, out, n, out);
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
                      "no correction '%.60s'; there are holm, hochberg, bonferroni, sidak, "
                      "holm_sidak, benjamini_hochberg, benjamini_yekutieli, none",
                      name);
}

static mlsd_status bad_value(const char *name, int64_t i, double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_ARG, "%s[%lld] is %s, %s", name, (long long)i, text, what);
}

mlsd_status mlsd_adjust_p_values(const char *correction, const double *p_values, int64_t n,
                                 double *out)
{
    int64_t chosen;
    MLSD__REQUIRE(correction != NULL, "the correction is NULL");
    MLSD__REQUIRE(n >= 0, "the number of p-values must not be negative, got %lld", (long long)n);
    MLSD__REQUIRE(n == 0 || (p_values != NULL && out != NULL), "the array of p-values is NULL");
    MLSD__TRY(find_correction(correction, &chosen));
    for (int64_t i = 0; i < n; i++) {
        if (p_values[i] < 0 || p_values[i] > 1)
            return bad_value("p_values", i, p_values[i], "outside of [0, 1]");
    }
    return mlsd__adjust_p_values(&mlsd__libc_allocator, chosen, p_values, n, out);
}

mlsd_status mlsd_adjust_e_values(const double *e_values, int64_t n, double *out)
{
    MLSD__REQUIRE(n >= 0, "the number of e-values must not be negative, got %lld", (long long)n);
    MLSD__REQUIRE(n == 0 || (e_values != NULL && out != NULL), "the array of e-values is NULL");
    for (int64_t i = 0; i < n; i++) {
        if (e_values[i] < 0) return bad_value("e_values", i, e_values[i], "below 0");
    }
    return mlsd__adjust_e_values(&mlsd__libc_allocator, e_values, n, out);
}
