/* gram.c - the centred Gram summary: rows are added in blocks that are centred about their own
 * mean, multiplied by BLAS and merged into the total about the common mean, so that nothing is ever
 * the difference of two large sums. A constant column has exactly zero scatter. Adding never
 * allocates: `mean` has room for q more numbers, the block's own means. */
#include "numeric/gram.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "numeric/blas.h"
#include "numeric/sum.h"

/* Rows of q numbers behind `mean`: the mean, what its rounding left, and the same two of the block
 * that is being added. */
enum { MEAN, MEAN_LOW, BLOCK_MEAN, BLOCK_LOW, N_MEAN_ROWS };

mlsd_status mlsd__gram_init(mlsd__gram *g, const mlsd__allocator *a, int64_t q)
{
    *g = (mlsd__gram){.q = q};
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(q, N_MEAN_ROWS + q, &size));
    g->mean = mlsd__alloc(a, size, sizeof *g->mean);
    if (g->mean == NULL) return MLSD_E_NOMEM;
    g->scatter = g->mean + N_MEAN_ROWS * q;
    return MLSD_OK;
}

void mlsd__gram_free(mlsd__gram *g, const mlsd__allocator *a)
{
    mlsd__free(a, g->mean);
    *g = (mlsd__gram){.q = 0};
}

/* Sums of the rows' distances from the first row: four rows at a time, in the order of the rows.
 * Distances, because then a constant column gives exactly 0 and its mean has no rounding. */
static void distance_sums(const double *restrict z, int64_t n, int64_t q, int64_t ld,
                          double *restrict sum)
{
    for (int64_t j = 0; j < q; j++) sum[j] = 0;
    int64_t i = 1;
    for (; i + 4 <= n; i += 4) {
        const double *restrict r0 = z + i * ld;
        const double *restrict r1 = r0 + ld;
        const double *restrict r2 = r1 + ld;
        const double *restrict r3 = r2 + ld;
        for (int64_t j = 0; j < q; j++)
            sum[j] += ((r0[j] - z[j]) + (r1[j] - z[j])) + ((r2[j] - z[j]) + (r3[j] - z[j]));
    }
    for (; i < n; i++)
        for (int64_t j = 0; j < q; j++) sum[j] += z[i * ld + j] - z[j];
}

static void weighted_distance_sums(const double *restrict z, int64_t n, int64_t q, int64_t ld,
                                   const double *restrict weight, double *restrict sum)
{
    for (int64_t j = 0; j < q; j++) sum[j] = 0;
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = 0; j < q; j++) sum[j] += weight[i] * (z[i * ld + j] - z[j]);
}

/* Rows become sqrt(w) (z - mean). */
static void centre(double *restrict z, int64_t n, int64_t q, int64_t ld,
                   const double *restrict mean, const double *restrict weight)
{
    for (int64_t i = 0; i < n; i++) {
        double *restrict row = z + i * ld;
        if (weight == NULL) {
            for (int64_t j = 0; j < q; j++) row[j] -= mean[j];
            continue;
        }
        const double scale = sqrt(weight[i]);
        for (int64_t j = 0; j < q; j++) row[j] = scale * (row[j] - mean[j]);
    }
}

/* a + b in *high, and what its rounding left in *low: Knuth (1997), The Art of Computer Programming
 * 2, section 4.2.2, theorem B. Inputs that are not finite leave nothing. */
static void two_sum(double a, double b, double *high, double *low)
{
    const double sum = a + b;
    const double b_part = sum - a;
    const double rest = (a - (sum - b_part)) + (b - b_part);
    *high = sum;
    *low = isfinite(rest) ? rest : 0;
}

static void add_row(double *restrict row, const double *restrict row_b, double scaled,
                    const double *restrict delta, int64_t first, int64_t q)
{
    for (int64_t j = first; j < q; j++) row[j] = (row[j] + row_b[j]) + scaled * delta[j];
}

/* The first half of Chan, Golub & LeVeque (1983), eq. 2.1: means and weight, where a's is not 0.
 * Scatter is still to be increased by b's and by the factor returned times delta delta'; delta may
 * be mean_b. */
static double join_means(mlsd__gram *a, double weight_b, const double *mean_b, double *delta)
{
    const int64_t q = a->q;
    double *const mean = a->mean;
    double *const low = a->mean + MEAN_LOW * q;
    const double total = a->weight + weight_b;
    const double share_b = weight_b / total;
    const double factor = a->weight * share_b;
    for (int64_t j = 0; j < q; j++) delta[j] = (mean_b[j] - mean[j]) + (mean_b[q + j] - low[j]);
    for (int64_t j = 0; j < q; j++)
        two_sum(mean[j], low[j] + share_b * delta[j], &mean[j], &low[j]);
    a->weight = total;
    return factor;
}

/* The whole of it. mean_b is followed by its low parts; scatter_b is NULL
 * where the caller has added it. */
static void merge_means(mlsd__gram *a, double weight_b, const double *mean_b,
                        const double *scatter_b)
{
    const int64_t q = a->q;
    double *const delta = a->mean + BLOCK_MEAN * q; /* may be mean_b */
    if (a->weight == 0) {
        for (int64_t j = 0; j < 2 * q; j++) a->mean[j] = mean_b[j];
        for (int64_t i = 0; scatter_b != NULL && i < q; i++)
            for (int64_t j = i; j < q; j++) a->scatter[i * q + j] += scatter_b[i * q + j];
        a->weight = weight_b;
        return;
    }
    const double factor = join_means(a, weight_b, mean_b, delta);
    for (int64_t i = 0; i < q; i++) {
        const double scaled = factor * delta[i];
        double *const row = a->scatter + i * q;
        if (scatter_b == NULL) {
            for (int64_t j = i; j < q; j++) row[j] += scaled * delta[j];
        } else {
            add_row(row, scatter_b + i * q, scaled, delta, i, q);
        }
    }
}

void mlsd__gram_add(mlsd__gram *g, double *z, int64_t n, int64_t ld, const double *weight)
{
    const int64_t q = g->q;
    const double total = weight != NULL ? mlsd__sum(weight, n) : (double)n;
    g->n_rows += n;
    if (n <= 0 || total <= 0) return;

    double *const block_mean = g->mean + BLOCK_MEAN * q;
    double *const block_low = g->mean + BLOCK_LOW * q;
    if (weight == NULL)
        distance_sums(z, n, q, ld, block_mean);
    else
        weighted_distance_sums(z, n, q, ld, weight, block_mean);
    for (int64_t j = 0; j < q; j++)
        two_sum(z[j], block_mean[j] / total, &block_mean[j], &block_low[j]);

    /* The low part is left out here: it would enter the scatter as its square. */
    centre(z, n, q, ld, block_mean, weight);
    mlsd__syrk(n, q, 1, z, ld, 1, g->scatter, q);
    merge_means(g, total, block_mean, NULL);
}

/* What the origin's distance from the mean d takes away, W d d', is small beside what is left where
 * the origin is near. */
void mlsd__gram_set(mlsd__gram *g, int64_t n_rows, double weight, const double *origin,
                    const double *sums, const double *product, int64_t ld)
{
    const int64_t q = g->q;
    double *const apart = g->mean + BLOCK_MEAN * q;
    g->n_rows = n_rows;
    if (!(weight > 0)) return;
    g->weight = weight;
    for (int64_t j = 0; j < q; j++) apart[j] = sums[j] / weight;
    for (int64_t i = 0; i < q; i++)
        for (int64_t j = i; j < q; j++)
            g->scatter[i * q + j] = product[i * ld + j] - sums[i] * apart[j];
    for (int64_t j = 0; j < q; j++)
        two_sum(origin[j], apart[j], &g->mean[j], &g->mean[MEAN_LOW * q + j]);
}

void mlsd__gram_merge(mlsd__gram *a, const mlsd__gram *b)
{
    a->n_rows += b->n_rows;
    if (!(b->weight > 0)) return;
    merge_means(a, b->weight, b->mean, b->scatter);
}

/* A row takes all summaries in turn while it is in the cache. */
void mlsd__gram_unite(mlsd__gram *out, const mlsd__gram *const *parts, int64_t n, double *room)
{
    const int64_t q = out->q;
    double *const factor = room, *const delta = room + n;
    memset(out->mean, 0, (size_t)(N_MEAN_ROWS * q) * sizeof *out->mean);
    out->weight = 0;
    out->n_rows = 0;
    for (int64_t k = 0; k < n; k++) {
        const mlsd__gram *const b = parts[k];
        out->n_rows += b->n_rows;
        factor[k] = 0;
        memset(delta + k * q, 0, (size_t)q * sizeof *delta);
        if (!(b->weight > 0)) continue;
        if (out->weight > 0) {
            factor[k] = join_means(out, b->weight, b->mean, delta + k * q);
            continue;
        }
        memcpy(out->mean, b->mean, (size_t)(2 * q) * sizeof *out->mean);
        out->weight = b->weight;
    }
    for (int64_t i = 0; i < q; i++) {
        double *const row = out->scatter + i * q;
        memset(row, 0, (size_t)q * sizeof *row);
        for (int64_t k = 0; k < n; k++) {
            const double *const d = delta + k * q;
            if (!(parts[k]->weight > 0)) continue;
            add_row(row, parts[k]->scatter + i * q, factor[k] * d[i], d, i, q);
        }
    }
}
