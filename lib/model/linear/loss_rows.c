/* loss_rows.c - losses of rows by their scores, with first and second derivatives. The squared
 * losses have a second derivative but at their corners, where the one of the steep side is taken
 * (Mangasarian 2002, Optim. Methods Softw. 17(5): the generalised Hessian). */
#include "model/linear/loss_rows.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "numeric/mathfun.h"

static void log_rows(const mlsd__loss_rows *rows, int64_t first, int64_t n, const double *score,
                     double *residual, double *curvature, mlsd__loss_sums *sums)
{
    double loss = 0.0, weight = 0.0, margin = sums->min_margin;
    for (int64_t i = 0; i < n; i++) {
        const double w = rows->weight != NULL ? rows->weight[first + i] : 1.0;
        const bool is_one = rows->label[first + i] == rows->positive;
        const double z = score[i];
        const double signed_score = is_one ? z : -z;
        const double e = mlsd__exp(-fabs(z)); /* never overflows, and is enough for all of them */
        const double small = e / (1.0 + e), large = 1.0 / (1.0 + e);
        const double p_wrong = signed_score >= 0.0 ? small : large;
        loss += w * ((signed_score < 0.0 ? -signed_score : 0.0) + mlsd__log1p(e));
        weight += w;
        residual[i] = is_one ? -w * p_wrong : w * p_wrong;
        curvature[i] = w * small * large;
        if (w > 0.0 && !(signed_score >= margin)) margin = signed_score;
    }
    sums->loss += loss;
    sums->weight += weight;
    sums->min_margin = margin;
}

static void hinge_rows(const mlsd__loss_rows *rows, int64_t first, int64_t n, const double *score,
                       double *residual, double *curvature, mlsd__loss_sums *sums)
{
    double loss = 0.0, weight = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double w = rows->weight != NULL ? rows->weight[first + i] : 1.0;
        const double y = rows->label[first + i] == rows->positive ? 1.0 : -1.0;
        const double lack = 1.0 - y * score[i];
        const double active = lack > 0.0 || isnan(lack) ? w : 0.0;
        loss += active * lack * lack;
        weight += w;
        residual[i] = -2.0 * active * lack * y;
        curvature[i] = 2.0 * active;
    }
    sums->loss += loss;
    sums->weight += weight;
    sums->min_margin = -1.0;
}

static void epsilon_rows(const mlsd__loss_rows *rows, int64_t first, int64_t n, const double *score,
                         double *residual, double *curvature, mlsd__loss_sums *sums)
{
    double loss = 0.0, weight = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double w = rows->weight != NULL ? rows->weight[first + i] : 1.0;
        const double error = score[i] - rows->target[first + i];
        const double beyond = fabs(error) - rows->epsilon;
        const double active = beyond > 0.0 || isnan(beyond) ? w : 0.0;
        loss += active * beyond * beyond;
        weight += w;
        residual[i] = 2.0 * active * (error < 0.0 ? -beyond : beyond);
        curvature[i] = 2.0 * active;
    }
    sums->loss += loss;
    sums->weight += weight;
    sums->min_margin = -1.0;
}

void mlsd__loss_of_scores(const mlsd__loss_rows *rows, int64_t first, int64_t n,
                          const double *score, double *residual, double *curvature,
                          mlsd__loss_sums *sums)
{
    static void (*const by_kind[])(const mlsd__loss_rows *, int64_t, int64_t, const double *,
                                   double *, double *,
                                   mlsd__loss_sums *) = {log_rows, hinge_rows, epsilon_rows};
    by_kind[rows->kind](rows, first, n, score, residual, curvature, sums);
}

void mlsd__loss_of_classes(const mlsd__loss_rows *rows, int64_t first, int64_t n, int64_t k,
                           double *score, double *residual, mlsd__loss_sums *sums)
{
    double loss = 0.0, weight = 0.0, margin = sums->min_margin;
    for (int64_t i = 0; i < n; i++) {
        const double w = rows->weight != NULL ? rows->weight[first + i] : 1.0;
        const int32_t label = rows->label[first + i];
        double *const row = score + i * k;
        const double right = row[label];
        double best_other = -INFINITY;
        for (int64_t c = 0; c < k; c++)
            if (c != label && row[c] > best_other) best_other = row[c];
        if (w > 0.0 && !(right - best_other >= margin)) margin = right - best_other;
        loss += w * (mlsd__softmax(row, k) - right);
        weight += w;
        for (int64_t c = 0; c < k; c++)
            residual[i * k + c] = w * (row[c] - (c == label ? 1.0 : 0.0));
    }
    sums->loss += loss;
    sums->weight += weight;
    sums->min_margin = margin;
}
