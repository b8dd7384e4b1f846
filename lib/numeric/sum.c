/* sum.c - sums over rows whose order is part of the result. Eight lanes inside a block of 512, the
 * lanes folded in a fixed order, the blocks by a binary tree that is kept as a stack: partial sum k
 * of the stack covers a power of two of blocks, as the bits of the block counter say. The order
 * does not depend on the compiler, the width of SIMD registers or the threads; the error grows with
 * log(n). */
#include "numeric/sum.h"

#include <math.h>
#include <stddef.h>

enum {
    N_LANES = 8,
    BLOCK = 512,
    MAX_DEPTH = 64 /* bits of a block counter */
};

typedef struct tree {
    double partial[MAX_DEPTH];
    int depth;
    uint64_t n_blocks;
} tree;

static void tree_push(tree *t, double sum)
{
    for (uint64_t bits = t->n_blocks; bits & 1; bits >>= 1) sum = t->partial[--t->depth] + sum;
    t->partial[t->depth++] = sum;
    t->n_blocks++;
}

static double tree_total(const tree *t)
{
    if (t->depth == 0) return 0;
    double sum = t->partial[t->depth - 1];
    for (int k = t->depth - 2; k >= 0; k--) sum = t->partial[k] + sum;
    return sum;
}

static double fold_lanes(const double lane[N_LANES])
{
    return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
           ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static int64_t block_length(int64_t n, int64_t first)
{
    return n - first < BLOCK ? n - first : BLOCK;
}

static double block_sum(const double *x, int64_t n)
{
    double lane[N_LANES] = {0};
    int64_t i = 0;
    for (; i + N_LANES <= n; i += N_LANES)
        for (int k = 0; k < N_LANES; k++) lane[k] += x[i + k];
    for (int k = 0; i < n; i++, k++) lane[k] += x[i];
    return fold_lanes(lane);
}

static double block_dot(const double *x, const double *y, int64_t n)
{
    double lane[N_LANES] = {0};
    int64_t i = 0;
    for (; i + N_LANES <= n; i += N_LANES)
        for (int k = 0; k < N_LANES; k++) lane[k] += x[i + k] * y[i + k];
    for (int k = 0; i < n; i++, k++) lane[k] += x[i] * y[i];
    return fold_lanes(lane);
}

double mlsd__sum(const double *x, int64_t n)
{
    tree t = {.depth = 0, .n_blocks = 0};
    for (int64_t first = 0; first < n; first += BLOCK)
        tree_push(&t, block_sum(x + first, block_length(n, first)));
    return tree_total(&t);
}

double mlsd__dot(const double *x, const double *y, int64_t n)
{
    tree t = {.depth = 0, .n_blocks = 0};
    for (int64_t first = 0; first < n; first += BLOCK)
        tree_push(&t, block_dot(x + first, y + first, block_length(n, first)));
    return tree_total(&t);
}

/* Sums of w (x - mean) and of w (x - mean)^2. */
static void deviations(const double *x, const double *weight, int64_t n, double mean,
                       double *out_sum, double *out_squares)
{
    double d[BLOCK];
    double wd[BLOCK];
    tree sum = {.depth = 0, .n_blocks = 0};
    tree squares = {.depth = 0, .n_blocks = 0};
    for (int64_t first = 0; first < n; first += BLOCK) {
        const int64_t length = block_length(n, first);
        for (int64_t i = 0; i < length; i++) d[i] = x[first + i] - mean;
        if (weight != NULL)
            for (int64_t i = 0; i < length; i++) wd[i] = weight[first + i] * d[i];
        const double *scaled = weight != NULL ? wd : d;
        tree_push(&sum, block_sum(scaled, length));
        tree_push(&squares, block_dot(scaled, d, length));
    }
    *out_sum = tree_total(&sum);
    *out_squares = tree_total(&squares);
}

static int64_t first_different(const double *x, int64_t n)
{
    int64_t i = 0;
    while (i < n && x[i] == x[0]) i++;
    return i;
}

void mlsd__mean_variance(const double *x, const double *weight, int64_t n, int64_t ddof,
                         double *out_mean, double *out_variance)
{
    const double total = weight != NULL ? mlsd__sum(weight, n) : (double)n;
    const double divisor = total - (double)ddof;
    *out_mean = NAN;
    *out_variance = NAN;
    if (!(total > 0)) return;

    /* A constant has exactly no variance, whatever the rounding of its mean: callers test for 0. */
    if (isfinite(x[0]) && first_different(x, n) == n) {
        *out_mean = x[0];
        if (divisor > 0) *out_variance = 0;
        return;
    }

    const double mean = (weight != NULL ? mlsd__dot(x, weight, n) : mlsd__sum(x, n)) / total;
    double rest = 0;
    double squares = 0;
    deviations(x, weight, n, mean, &rest, &squares);
    const double m2 = squares - rest * rest / total;
    *out_mean = isfinite(rest) ? mean + rest / total : mean;
    if (divisor > 0) *out_variance = (m2 < 0 ? 0 : m2) / divisor;
}

void mlsd__merge_moments(double *w_a, double *mean_a, double *m2_a, double w_b, double mean_b,
                         double m2_b)
{
    if (w_b == 0) return;
    if (*w_a == 0) {
        *w_a = w_b;
        *mean_a = mean_b;
        *m2_a = m2_b;
        return;
    }
    const double w = *w_a + w_b;
    const double delta = mean_b - *mean_a;
    *m2_a += m2_b + delta * delta * (*w_a * (w_b / w));
    *mean_a += delta * (w_b / w);
    *w_a = w;
}
