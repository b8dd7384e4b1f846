/* walsh.c - selection among the n (n + 1) / 2 Walsh averages: how many are at most t is counted in
 * one walk over the sorted numbers, and t is found by bisection over the doubles themselves, so
 * that the answer is one of the averages, to the bit. */
#include "validate/walsh.h"

#include <math.h>
#include <string.h>

#include "numeric/distribution.h"
#include "numeric/rank.h"

enum { MOST_EXACT = 50 };

static mlsd_status sort(mlsd__scope *scope, double *d, int64_t n)
{
    int64_t *const order = mlsd__alloc_raw(scope->allocator, n, sizeof *order);
    double *const sorted = mlsd__alloc_raw(scope->allocator, n, sizeof *sorted);
    mlsd_status status = order == NULL || sorted == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, d, n, order);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) sorted[i] = d[order[i]];
        memcpy(d, sorted, (size_t)n * sizeof *d);
    }
    mlsd__free(scope->allocator, sorted);
    mlsd__free(scope->allocator, order);
    return status;
}

/* Doubles in their order as integers, and back. */
static int64_t position(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits >= 0 ? bits : INT64_MIN - bits;
}

static double at_position(int64_t position_)
{
    const int64_t bits = position_ >= 0 ? position_ : INT64_MIN - position_;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Pairs i <= j with d_i + d_j <= t. */
static int64_t count_sums(const double *d, int64_t n, double t)
{
    int64_t count = 0, end = n;
    for (int64_t i = 0; i < n; i++) {
        while (end > 0 && d[i] + d[end - 1] > t) end--;
        if (end <= i) break;
        count += end - i;
    }
    return count;
}

/* The k-th smallest sum of a pair, k from 1; d is sorted. */
static mlsd_status select_sum(mlsd__scope *scope, const double *d, int64_t n, int64_t k,
                              double *out)
{
    int64_t low = position(d[0] + d[0]), high = position(d[n - 1] + d[n - 1]);
    while (low < high) {
        const int64_t middle = (low & high) + ((low ^ high) >> 1);
        if (count_sums(d, n, at_position(middle)) >= k) {
            high = middle;
        } else {
            low = middle + 1;
        }
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    *out = at_position(low);
    return MLSD_OK;
}

mlsd_status mlsd__walsh_median(mlsd__scope *scope, double *d, int64_t n, double *out)
{
    *out = NAN;
    if (n == 0) return MLSD_OK;
    const int64_t count = n * (n + 1) / 2;
    double lower, upper;
    MLSD__TRY(sort(scope, d, n));
    MLSD__TRY(select_sum(scope, d, n, (count + 1) / 2, &lower));
    MLSD__TRY(select_sum(scope, d, n, count / 2 + 1, &upper));
    *out = 0.25 * (lower + upper);
    return MLSD_OK;
}

/* Largest k with P(W < k) <= alpha / 2, W the signed-rank sum of n untied numbers; 0 for none. */
static int64_t exact_quantile(int64_t n, double alpha)
{
    double chance[MOST_EXACT * (MOST_EXACT + 1) / 2 + 1] = {1}, below = 0;
    const int64_t top = n * (n + 1) / 2;
    for (int64_t r = 1; r <= n; r++) {
        for (int64_t t = r * (r + 1) / 2; t >= 0; t--)
            chance[t] = 0.5 * chance[t] + (t >= r ? 0.5 * chance[t - r] : 0);
    }
    for (int64_t k = 0; k <= top; k++) {
        below += chance[k];
        if (below > alpha / 2) return k;
    }
    return top;
}

static int64_t normal_quantile(int64_t n, double alpha)
{
    const double N = (double)n, mean = N * (N + 1) / 4;
    const double sd = sqrt(N * (N + 1) * (2 * N + 1) / 24);
    return (int64_t)floor(mean + mlsd__normal_quantile(alpha / 2) * sd - 0.5) + 1;
}

mlsd_status mlsd__walsh_interval(mlsd__scope *scope, double *d, int64_t n, double alpha,
                                 double *out_low, double *out_high)
{
    *out_low = *out_high = NAN;
    if (n == 0) return MLSD_OK;
    const int64_t count = n * (n + 1) / 2;
    const int64_t k = n <= MOST_EXACT ? exact_quantile(n, alpha) : normal_quantile(n, alpha);
    if (k < 1) return MLSD_OK;
    double low, high;
    MLSD__TRY(sort(scope, d, n));
    MLSD__TRY(select_sum(scope, d, n, k, &low));
    MLSD__TRY(select_sum(scope, d, n, count + 1 - k, &high));
    *out_low = 0.5 * low;
    *out_high = 0.5 * high;
    return MLSD_OK;
}
