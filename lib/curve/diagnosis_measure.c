/* diagnosis_measure.c - the smooth line, the noise and the slope that a diagnosis rests on. Noise
 * is always measured by medians, so that a few wild steps do not hide what the others say. */
#include "curve/diagnosis_measure.h"

#include <math.h>
#include <stddef.h>

#include "base/fail.h"

/* Half the smoothing window as a part of the curve. */
static const double WINDOW = 0.08;
/* A normal distribution's standard deviation over its median absolute deviation. */
static const double MAD_TO_SD = 1.4826022185056018;

/* Local linear with the tricube kernel (Cleveland 1979): the weights that give the fitted line's
 * value at t from the steps around it. */
static double weigh_step(int64_t n, int64_t half, int64_t t, double *l)
{
    const double reach = (double)half + 1;
    double s0 = 0, s1 = 0, s2 = 0, square = 0;
    for (int64_t k = -half; k <= half; k++) {
        if (t + k < 0 || t + k >= n) continue;
        const double u = fabs((double)k) / reach, c = 1 - u * u * u, w = c * c * c;
        s0 += w;
        s1 += w * (double)k;
        s2 += w * (double)(k * k);
    }
    const double det = s0 * s2 - s1 * s1;
    for (int64_t k = -half; k <= half; k++) {
        double *const out = &l[k + half];
        *out = 0;
        if (t + k < 0 || t + k >= n) continue;
        const double u = fabs((double)k) / reach, c = 1 - u * u * u, w = c * c * c;
        *out = det > 0 ? w * (s2 - s1 * (double)k) / det : w / s0;
        square += *out * *out;
    }
    return sqrt(square);
}

mlsd_status mlsd__smoother_make(const mlsd__allocator *a, int64_t n, mlsd__smoother *out)
{
    const double half = ceil(WINDOW * (double)n);
    *out = (mlsd__smoother){.n = n, .half = half < 2 ? 2 : (int64_t)half};
    const int64_t width = 2 * out->half + 1;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n, width + 1, &size));
    out->weights = mlsd__alloc_raw(a, size, sizeof *out->weights);
    if (out->weights == NULL) return MLSD_E_NOMEM;
    out->norm = out->weights + n * width;
    for (int64_t t = 0; t < n; t++)
        out->norm[t] = weigh_step(n, out->half, t, out->weights + t * width);
    return MLSD_OK;
}

void mlsd__smoother_free(const mlsd__allocator *a, mlsd__smoother *s)
{
    mlsd__free(a, s->weights);
    s->weights = s->norm = NULL;
}

double mlsd__smooth_at(const mlsd__smoother *s, const double *y, int64_t t)
{
    const double *const l = s->weights + t * (2 * s->half + 1) + s->half;
    const int64_t first = t < s->half ? -t : -s->half;
    const int64_t last = t + s->half >= s->n ? s->n - 1 - t : s->half;
    double sum = 0;
    for (int64_t k = first; k <= last; k++) sum += l[k] * y[t + k];
    return sum;
}

void mlsd__smooth(const mlsd__smoother *s, const double *y, double *out)
{
    for (int64_t t = 0; t < s->n; t++) out[t] = mlsd__smooth_at(s, y, t);
}

/* Shell sort with the gaps of Ciura (2001): short arrays, no scratch. */
static void sort(double *x, int64_t n)
{
    static const int64_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++) {
        for (int64_t i = gaps[g]; i < n; i++) {
            const double value = x[i];
            int64_t j = i;
            for (; j >= gaps[g] && x[j - gaps[g]] > value; j -= gaps[g]) x[j] = x[j - gaps[g]];
            x[j] = value;
        }
    }
}

double mlsd__median_in_place(double *x, int64_t n)
{
    if (n < 1) return NAN;
    sort(x, n);
    return n % 2 == 1 ? x[n / 2] : x[n / 2 - 1] + (x[n / 2] - x[n / 2 - 1]) / 2;
}

double mlsd__step_noise(const double *y, const double *level, int64_t n, double *room)
{
    for (int64_t t = 1; t + 1 < n; t++) {
        room[t - 1] = fabs(y[t - 1] - 2 * y[t] + y[t + 1]);
        if (level != NULL) room[t - 1] /= level[t];
    }
    /* A second difference of white noise has six times its variance. */
    return n < 3 ? 0 : MAD_TO_SD * mlsd__median_in_place(room, n - 2) / sqrt(6);
}

/* More is not believed of a correlation that was measured on a few dozen steps. */
static const double MOST_CORRELATION = 0.8;

/* Deviation at t, made as large as one of a line that did not know y[t]'s noise. */
static double deviation(const mlsd__smoother *s, const double *y, const double *smooth, int64_t t)
{
    const double own = s->weights[t * (2 * s->half + 1) + s->half];
    return (y[t] - smooth[t]) / sqrt(fmax(1 - 2 * own + s->norm[t] * s->norm[t], 0.1));
}

double mlsd__curve_noise(const mlsd__smoother *s, const double *y, const double *smooth,
                         int64_t first, int64_t n, double *room)
{
    double cross = 0, square = 0, before = 0;
    for (int64_t i = 0; i < n; i++) room[i] = fabs(deviation(s, y, smooth, first + i));
    const double sd = MAD_TO_SD * mlsd__median_in_place(room, n);
    /* Neighbours' correlation, of deviations that are cut at three standard deviations. */
    for (int64_t i = 0; i < n; i++) {
        const double r = deviation(s, y, smooth, first + i);
        const double cut = r > 3 * sd ? 3 * sd : r < -3 * sd ? -3 * sd : r;
        square += cut * cut;
        if (i > 0) cross += cut * before;
        before = cut;
    }
    double rho = square > 0 ? cross / square : 0;
    rho = rho < 0 ? 0 : rho > MOST_CORRELATION ? MOST_CORRELATION : rho;
    return fmax(sd * sqrt((1 + rho) / (1 - rho)), mlsd__step_noise(y + first, NULL, n, room));
}

double mlsd__end_slope(const double *y, int64_t first, int64_t n, double *norm)
{
    const double middle = (double)(first + n - 1) / 2;
    double mean = 0, cross = 0, square = 0;
    for (int64_t t = first; t < n; t++) mean += (y[t] - mean) / (double)(t - first + 1);
    for (int64_t t = first; t < n; t++) {
        const double x = (double)t - middle;
        cross += x * (y[t] - mean);
        square += x * x;
    }
    *norm = square > 0 ? 1 / sqrt(square) : 0;
    return square > 0 ? cross / square : 0;
}

int64_t mlsd__count_spikes(const double *y, const double *level, int64_t n, double height)
{
    int64_t count = 0;
    for (int64_t t = 1; t + 1 < n; t++)
        count += y[t] - fmax(y[t - 1], y[t + 1]) > height * level[t];
    return count;
}
