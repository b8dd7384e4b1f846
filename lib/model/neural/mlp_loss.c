/* mlp_loss.c - losses of rows of scores and their slopes. */
#include "model/neural/mlp_loss.h"

#include <math.h>
#include <stddef.h>

#include "numeric/mathfun.h"
#include "numeric/mathfun_block.h"

enum { RUN = 64 }; /* rows that go through exp and log1p together */

/* log(1 + exp(z)) - t z, without overflow: max(z, 0) - t z + log(1 + exp(-|z|)). */
static double log_loss_of_two(const double *target, const double *weight, double scale, int64_t n,
                              double *score)
{
    double sum = 0.0, e[RUN], tail[RUN];
    for (int64_t first = 0; first < n; first += RUN) {
        const int64_t m = n - first < RUN ? n - first : RUN;
        for (int64_t i = 0; i < m; i++) e[i] = -fabs(score[first + i]);
        mlsd__exp_block(e, m);
        mlsd__log1p_block(e, m, tail);
        for (int64_t i = 0; i < m; i++) {
            const double z = score[first + i], t = target[first + i];
            const double w = weight != NULL ? weight[first + i] : 1.0;
            const double small = 1.0 / (1.0 + e[i]);
            sum += w * ((z < 0.0 ? 0.0 : z) - t * z + tail[i]);
            score[first + i] = scale * w * ((z < 0.0 ? e[i] * small : small) - t);
        }
    }
    return sum;
}

/* Times a row's slope by a row's probabilities; losses are those of log(sum of exp). */
static double log_loss_of_many(const double *target, const double *weight, double scale, int64_t n,
                               int64_t k, double *score)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[i] : 1.0;
        const double *const t = target + i * k;
        double *const z = score + i * k;
        double met = 0.0, total = 0.0;
        for (int64_t c = 0; c < k; c++) {
            met += t[c] * z[c];
            total += t[c];
        }
        sum += w * (total * mlsd__softmax(z, k) - met);
        for (int64_t c = 0; c < k; c++) z[c] = scale * w * (total * z[c] - t[c]);
    }
    return sum;
}

/* Brier (1950), Monthly Weather Review 78:1; half of it, so that it is (p - t)^2 for two classes.
 */
static double brier(const double *target, const double *weight, double scale, int64_t n, int64_t k,
                    double *score)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[i] : 1.0;
        const double *const t = target + i * k;
        double *const z = score + i * k;
        double loss = 0.0, mean = 0.0;
        if (k == 1) {
            const double p = mlsd__sigmoid(z[0]);
            sum += w * (p - t[0]) * (p - t[0]);
            z[0] = scale * w * 2.0 * (p - t[0]) * p * mlsd__sigmoid(-z[0]);
            continue;
        }
        (void)mlsd__softmax(z, k);
        for (int64_t c = 0; c < k; c++) {
            loss += 0.5 * (z[c] - t[c]) * (z[c] - t[c]);
            mean += z[c] * (z[c] - t[c]);
        }
        sum += w * loss;
        for (int64_t c = 0; c < k; c++) z[c] = scale * w * z[c] * (z[c] - t[c] - mean);
    }
    return sum;
}

static double squared(double z, double y, double delta, double *slope)
{
    (void)delta;
    *slope = z - y;
    return 0.5 * (z - y) * (z - y);
}

static double absolute(double z, double y, double delta, double *slope)
{
    (void)delta;
    *slope = z > y ? 1.0 : z < y ? -1.0 : z - y; /* NaN stays */
    return fabs(z - y);
}

/* Huber (1964), Annals of Mathematical Statistics 35:73. */
static double huber(double z, double y, double delta, double *slope)
{
    const double r = z - y;
    *slope = r > delta ? delta : r < -delta ? -delta : r;
    return fabs(r) <= delta ? 0.5 * r * r : delta * (fabs(r) - 0.5 * delta);
}

static double poisson(double z, double y, double delta, double *slope)
{
    (void)delta;
    const double mean = mlsd__exp(z);
    *slope = mean - y;
    return mean - y * z;
}

typedef double (*loss_fn)(double z, double y, double delta, double *slope);
static const loss_fn of_numbers[] = {[MLSD__MLP_SQUARED] = squared,
                                     [MLSD__MLP_ABSOLUTE] = absolute,
                                     [MLSD__MLP_HUBER] = huber,
                                     [MLSD__MLP_POISSON] = poisson};

double mlsd__mlp_loss_rows(mlsd__mlp_loss loss, double delta, const double *target,
                           const double *weight, double scale, int64_t n, int64_t k, double *score)
{
    if (loss == MLSD__MLP_LOG_LOSS)
        return k == 1 ? log_loss_of_two(target, weight, scale, n, score)
                      : log_loss_of_many(target, weight, scale, n, k, score);
    if (loss == MLSD__MLP_BRIER) return brier(target, weight, scale, n, k, score);
    const loss_fn of_number = of_numbers[loss];
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[i] : 1.0;
        for (int64_t c = i * k; c < (i + 1) * k; c++) {
            double slope;
            sum += w * of_number(score[c], target[c], delta, &slope);
            score[c] = scale * w * slope;
        }
    }
    return sum;
}
