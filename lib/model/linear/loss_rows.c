/* loss_rows.c - losses of rows by their scores, with first and second derivatives. The squared
 * losses have a second derivative but at their corners, where the one of the steep side is taken
 * (Mangasarian 2002, Optim. Methods Softw. 17(5): the generalised Hessian). */
#include "model/linear/loss_rows.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "numeric/mathfun.h"
#include "numeric/mathfun_block.h"

enum { CHUNK = 64 }; /* rows whose exponentials are taken together */

static double weight_of(const mlsd__loss_rows *rows, int64_t i)
{
    return rows->weight != NULL ? rows->weight[i] : 1.0;
}

static void log_chunk(const mlsd__loss_rows *rows, int64_t first, int64_t n, const double *score,
                      double *residual, double *curvature, mlsd__loss_sums *sums)
{
    double e[CHUNK], log_sum[CHUNK];
    for (int64_t i = 0; i < n; i++) e[i] = -fabs(score[i]); /* exp of it never overflows */
    mlsd__exp_block(e, n);
    mlsd__log1p_block(e, n, log_sum);
    for (int64_t i = 0; i < n; i++) {
        const double w = weight_of(rows, first + i);
        const bool is_one = rows->label[first + i] == rows->positive;
        const double signed_score = is_one ? score[i] : -score[i];
        const double large = 1.0 / (1.0 + e[i]), small = e[i] / (1.0 + e[i]);
        const double p_wrong = signed_score >= 0.0 ? small : large;
        sums->loss += w * ((signed_score < 0.0 ? -signed_score : 0.0) + log_sum[i]);
        sums->weight += w;
        residual[i] = is_one ? -w * p_wrong : w * p_wrong;
        curvature[i] = w * small * large;
        if (w > 0.0 && !(signed_score >= sums->min_margin)) sums->min_margin = signed_score;
    }
}

static void log_rows(const mlsd__loss_rows *rows, int64_t first, int64_t n, const double *score,
                     double *residual, double *curvature, mlsd__loss_sums *sums)
{
    mlsd__loss_sums here = {.min_margin = sums->min_margin};
    for (int64_t i = 0; i < n; i += CHUNK)
        log_chunk(rows, first + i, n - i < CHUNK ? n - i : CHUNK, score + i, residual + i,
                  curvature + i, &here);
    sums->loss += here.loss;
    sums->weight += here.weight;
    sums->min_margin = here.min_margin;
}

static void hinge_rows(const mlsd__loss_rows *rows, int64_t first, int64_t n, const double *score,
                       double *residual, double *curvature, mlsd__loss_sums *sums)
{
    double loss = 0.0, weight = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight_of(rows, first + i);
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
        const double w = weight_of(rows, first + i);
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

/* The lead of the right class's score over the best other; the row loses its largest score, which
 * is given back. */
static double shift_row(double *row, int64_t k, int32_t label, double *out_lead)
{
    double best_other = -INFINITY;
    for (int64_t c = 0; c < k; c++)
        if (c != label && row[c] > best_other) best_other = row[c];
    *out_lead = row[label] - best_other;
    const double top = row[label] > best_other ? row[label] : best_other;
    for (int64_t c = 0; c < k; c++) row[c] -= top;
    return top;
}

/* The softmax of mathfun.h, its exponentials taken together. */
static void class_chunk(const mlsd__loss_rows *rows, int64_t first, int64_t n, int64_t k,
                        double *score, double *residual, mlsd__loss_sums *sums)
{
    double right[CHUNK], top[CHUNK];
    for (int64_t i = 0; i < n; i++) {
        const int32_t label = rows->label[first + i];
        double lead;
        right[i] = score[i * k + label];
        top[i] = shift_row(score + i * k, k, label, &lead);
        if (weight_of(rows, first + i) > 0.0 && !(lead >= sums->min_margin))
            sums->min_margin = lead;
    }
    mlsd__exp_block(score, n * k);
    for (int64_t i = 0; i < n; i++) {
        const double w = weight_of(rows, first + i);
        const int32_t label = rows->label[first + i];
        double *const row = score + i * k;
        double sum = 0.0;
        for (int64_t c = 0; c < k; c++) sum += row[c];
        for (int64_t c = 0; c < k; c++) {
            row[c] /= sum;
            residual[i * k + c] = w * row[c];
        }
        residual[i * k + label] = w * (row[label] - 1.0);
        sums->loss += w * (top[i] + mlsd__log(sum) - right[i]);
        sums->weight += w;
    }
}

void mlsd__loss_of_classes(const mlsd__loss_rows *rows, int64_t first, int64_t n, int64_t k,
                           double *score, double *residual, mlsd__loss_sums *sums)
{
    mlsd__loss_sums here = {.min_margin = sums->min_margin};
    for (int64_t i = 0; i < n; i += CHUNK)
        class_chunk(rows, first + i, n - i < CHUNK ? n - i : CHUNK, k, score + i * k,
                    residual + i * k, &here);
    sums->loss += here.loss;
    sums->weight += here.weight;
    sums->min_margin = here.min_margin;
}
