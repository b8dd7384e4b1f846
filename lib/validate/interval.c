/* interval.c - Wald and nested cross-validation intervals.
 *
 * Wald: Bayle, Bayle, Janson & Mackey (2020), "Cross-validation confidence intervals for test
 * error", NeurIPS 33, eq. 4.1 (within folds) and 4.2 (all losses, divisor n).
 *
 * Nested: Bates, Hastie & Tibshirani (2023), "Cross-validation: what does it estimate and how well
 * does it do it?", JASA 119:1434, algorithm 1. The losses of the folds j != k by models that saw
 * neither j nor k tell how far the error of the other folds is from that of fold k; from its square
 * the variance of fold k's own mean is taken, and what is left is the mean squared error of
 * cross-validation on n (K - 1) / K rows. Rescaling to n rows, the bounds of the standard error
 * (folds as good as independent, folds all alike) and the correction of the bias from training on
 * fewer rows, (1 + (K - 2) / K) times the difference of two stages, are those of Schulz-Kuempel et
 * al. (2024), "Constructing confidence intervals for the generalization error: a comprehensive
 * benchmark", arXiv 2409.18836. */
#include <math.h>

#include "numeric/distribution.h"
#include "numeric/sum.h"
#include "validate/interval.h"

static void normal_interval(mlsd__estimate *e, double level)
{
    const double half = mlsd__normal_quantile(0.5 + level / 2) * e->se;
    e->df = INFINITY;
    e->low = e->value - half;
    e->high = e->value + half;
}

double mlsd__effective_rows(const double *weight, int64_t n)
{
    if (weight == NULL) return (double)n;
    const double total = mlsd__sum(weight, n);
    return total * total / mlsd__dot(weight, weight, n);
}

static double count_weighted(const double *weight, int64_t n)
{
    if (weight == NULL) return (double)n;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += weight[i] > 0;
    return (double)count;
}

/* Sum of (w (x - mean))^2, by blocks. */
static double sum_of_influence(const double *loss, const double *weight, int64_t n, double mean)
{
    double squares[128], sum = 0;
    int64_t filled = 0;
    for (int64_t i = 0; i < n; i++) {
        const double term = (weight == NULL ? 1 : weight[i]) * (loss[i] - mean);
        squares[filled++] = term * term;
        if (filled == 128 || i == n - 1) {
            sum += mlsd__sum(squares, filled);
            filled = 0;
        }
    }
    return sum;
}

void mlsd__loss_moments_of(const double *loss, const double *weight, int64_t n,
                           mlsd__loss_moments *out)
{
    double variance = 0;
    *out = (mlsd__loss_moments){0};
    out->n = count_weighted(weight, n);
    out->weight = weight == NULL ? (double)n : mlsd__sum(weight, n);
    if (!(out->weight > 0)) return;
    mlsd__mean_variance(loss, weight, n, 0, &out->mean, &variance);
    out->m2 = variance * out->weight;
}

void mlsd__loss_moments_merge(mlsd__loss_moments *a, const mlsd__loss_moments *b)
{
    if (!(b->weight > 0)) return;
    a->n += b->n;
    mlsd__merge_moments(&a->weight, &a->mean, &a->m2, b->weight, b->mean, b->m2);
}

double mlsd__loss_mean_variance(const double *loss, const double *weight, int64_t n)
{
    mlsd__loss_moments m;
    mlsd__loss_moments_of(loss, weight, n, &m);
    if (m.n < 2) return NAN;
    return sum_of_influence(loss, weight, n, m.mean) * (m.n / (m.n - 1)) / (m.weight * m.weight);
}

void mlsd__interval_wald(const double *loss, const double *weight, const int64_t *starts,
                         int64_t n_folds, bool within, double level, mlsd__estimate *out)
{
    mlsd__estimate_undefined(out);
    const int64_t n = starts[n_folds];
    mlsd__loss_moments m;
    mlsd__loss_moments_of(loss, weight, n, &m);
    out->n_rows = mlsd__effective_rows(weight, n);
    if (!(m.weight > 0)) return;
    out->value = m.mean;
    double variance = sum_of_influence(loss, weight, n, m.mean) / (m.weight * m.weight);
    if (within) {
        variance = 0;
        for (int64_t k = 0; k < n_folds; k++) {
            const double *const w = weight == NULL ? NULL : weight + starts[k];
            const int64_t size = starts[k + 1] - starts[k];
            const double rows = mlsd__effective_rows(w, size);
            variance += mlsd__loss_mean_variance(loss + starts[k], w, size) * rows /
                        (double)n_folds / out->n_rows;
        }
    }
    out->se = sqrt(variance);
    normal_interval(out, level);
}

void mlsd__nested_add(mlsd__nested_sums *s, const mlsd__loss_moments *outer,
                      double outer_mean_variance, const mlsd__loss_moments *inner)
{
    const double difference = inner->mean - outer->mean;
    s->excess += difference * difference - outer_mean_variance;
    s->n++;
    mlsd__loss_moments_merge(&s->outer, outer);
    mlsd__loss_moments_merge(&s->inner, inner);
}

void mlsd__nested_merge(mlsd__nested_sums *a, const mlsd__nested_sums *b)
{
    a->excess += b->excess;
    a->n += b->n;
    mlsd__loss_moments_merge(&a->outer, &b->outer);
    mlsd__loss_moments_merge(&a->inner, &b->inner);
}

void mlsd__nested_finish(const mlsd__nested_sums *s, int64_t n_folds, double n_rows, double level,
                         mlsd__nested_estimate *out)
{
    const double K = (double)n_folds;
    const mlsd__loss_moments *const inner = &s->inner;
    mlsd__estimate *const e = &out->estimate;
    mlsd__estimate_undefined(e);
    out->inner = inner->mean;
    out->outer = s->outer.mean;
    out->mse = (K - 1) / K * s->excess / (double)s->n;
    out->bias = (1 + (K - 2) / K) * (out->inner - out->outer);
    /* The standard deviation of the inner losses, divisor n - 1 where rows weigh alike. */
    const double variance = inner->m2 / inner->weight * (inner->n / (inner->n - 1));
    const double lowest = sqrt(variance / n_rows), highest = sqrt(variance * K / n_rows);
    e->value = out->inner - out->bias;
    e->n_rows = n_rows;
    e->se = fmax(lowest, fmin(sqrt(fmax(0, out->mse)), highest));
    if (isnan(out->mse)) e->se = NAN;
    normal_interval(e, level);
}
