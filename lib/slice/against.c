/* against.c - a slice against its complement. The two share no row, so their errors are independent
 * and variances add; against all rows, which hold the slice, they would not.
 *
 * Slices are looked at by the thousand, and only far tails count then. A normal approximation is
 * not good enough out there: of rare errors it calls chance a finding. So shares get Fisher's exact
 * test. Welch's t stays for other losses: they are skewed to the right, which makes it cautious
 * about slices that are worse. */
#include "slice/against.h"

#include <math.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"

/* ---- sums ---- */

static void add_row(const mlsd__half *h, double mean, int64_t row, mlsd__errors *s)
{
    const double w = h->weight == NULL ? 1 : h->weight[row];
    const double wd = w * (h->error[row] - mean);
    s->n++;
    s->w += w;
    s->wd += wd;
    s->ww += w * w;
    s->wwd += w * wd;
    s->wwdd += wd * wd;
}

/* Unweighted: all that is needed is two sums. */
static void add_plain(const mlsd__half *h, double mean, int64_t first, uint64_t bits,
                      mlsd__errors *s)
{
    for (; bits != 0; bits &= bits - 1) {
        const double d = h->error[first + __builtin_ctzll(bits)] - mean;
        s->wd += d;
        s->wwdd += d * d;
    }
}

static uint64_t word_of(const mlsd__half *h, const uint64_t *a, const uint64_t *b, int64_t i)
{
    const uint64_t bits = b == NULL ? a[i] : a[i] & b[i];
    return h->counted == NULL ? bits : bits & h->counted[i];
}

void mlsd__errors_of(const mlsd__half *h, const mlsd__half_errors *of, const uint64_t *a,
                     const uint64_t *b, mlsd__errors *out)
{
    *out = (mlsd__errors){0};
    for (int64_t i = 0; i < h->n_words; i++) {
        uint64_t bits = word_of(h, a, b, i);
        if (h->weight == NULL) {
            out->n += __builtin_popcountll(bits);
            add_plain(h, of->mean, i * 64, bits, out);
            continue;
        }
        for (; bits != 0; bits &= bits - 1) {
            add_row(h, of->mean, i * 64 + __builtin_ctzll(bits), out);
        }
    }
    if (h->weight != NULL) return;
    out->w = out->ww = (double)out->n;
    out->wwd = out->wd;
}

void mlsd__half_errors_make(const mlsd__half *h, mlsd__half_errors *out)
{
    double w = 0, we = 0;
    *out = (mlsd__half_errors){0};
    for (int64_t i = 0; i < h->n_rows; i++) {
        if (isnan(h->error[i])) continue;
        const double weight = h->weight == NULL ? 1 : h->weight[i];
        w += weight;
        we += weight * h->error[i];
    }
    out->mean = w > 0 ? we / w : (double)NAN;
    for (int64_t i = 0; i < h->n_rows; i++) {
        if (!isnan(h->error[i])) add_row(h, out->mean, i, &out->all);
    }
}

/* ---- one side ---- */

typedef struct side {
    int64_t n;
    double mean, se, variance; /* of the mean; of a row */
} side;

static side side_of(double mean, const mlsd__errors *s)
{
    side out = {s->n, NAN, NAN, NAN};
    if (s->n < 1 || !(s->w > 0)) return out;
    const double m = s->wd / s->w, c = (double)s->n;
    out.mean = mean + m;
    if (s->n < 2) return out;
    /* sum of (w (d - m))^2, which rounding must not make negative. */
    const double squares = fmax(0, s->wwdd - 2 * m * s->wwd + m * m * s->ww);
    out.se = sqrt(squares * (c / (c - 1))) / s->w;
    out.variance = out.se * out.se * (s->w * s->w / s->ww);
    return out;
}

static mlsd__errors outside_of(const mlsd__errors *all, const mlsd__errors *inside)
{
    return (mlsd__errors){all->n - inside->n,   all->w - inside->w,     all->wd - inside->wd,
                          all->ww - inside->ww, all->wwd - inside->wwd, all->wwdd - inside->wwdd};
}

/* ---- numbers ---- */

static double welch_t(const side *x, const side *y, double *df)
{
    const double vx = x->se * x->se, vy = y->se * y->se;
    *df = (vx + vy) * (vx + vy) / (vx * vx / (double)(x->n - 1) + vy * vy / (double)(y->n - 1));
    return (x->mean - y->mean) / sqrt(vx + vy);
}

static double welch_p(double t, double df, double difference)
{
    if (difference == 0) return 1;
    if (isnan(t) || isnan(df)) return NAN;
    return fmin(1, 2 * mlsd__t_cdf(-fabs(t), df));
}

/* Chance of x or more, or of x or fewer, when n_1 of N rows are drawn and K of N are wrong. From x
 * outward each chance is the one before times a ratio, which soon is small. */
static double tail(int64_t x, int64_t n_1, int64_t K, int64_t N, bool upper)
{
    const int64_t least = K + n_1 - N > 0 ? K + n_1 - N : 0, most = K < n_1 ? K : n_1;
    const double log_first = mlsd__lgamma((double)K + 1) - mlsd__lgamma((double)x + 1) -
                             mlsd__lgamma((double)(K - x) + 1) + mlsd__lgamma((double)(N - K) + 1) -
                             mlsd__lgamma((double)(n_1 - x) + 1) -
                             mlsd__lgamma((double)(N - K - n_1 + x) + 1) -
                             mlsd__lgamma((double)N + 1) + mlsd__lgamma((double)n_1 + 1) +
                             mlsd__lgamma((double)(N - n_1) + 1);
    double term = 1, sum = 1;
    for (int64_t k = x; upper ? k < most : k > least; k += upper ? 1 : -1) {
        term *= upper ? (double)(K - k) * (double)(n_1 - k) /
                            ((double)(k + 1) * (double)(N - K - n_1 + k + 1))
                      : (double)k * (double)(N - K - n_1 + k) /
                            ((double)(K - k + 1) * (double)(n_1 - k + 1));
        sum += term;
        if (term < sum * 0x1p-54) break;
    }
    return fmin(1, sum * mlsd__exp(log_first));
}

double mlsd__fisher_p(int64_t a, int64_t n_1, int64_t b, int64_t n_0)
{
    const int64_t N = n_1 + n_0, K = a + b;
    if (n_1 < 1 || n_0 < 1) return NAN;
    const bool upper = (double)a * (double)N >= (double)K * (double)n_1;
    return fmin(1, 2 * tail(a, n_1, K, N, upper));
}

static int64_t count_wrong(double mean, const mlsd__errors *s)
{
    return llround(s->wd + mean * (double)s->n);
}

/* Wilson (1927). */
static void wilson(double p, double n, double z, double *low, double *high)
{
    const double z2 = z * z, centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = z / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4 * n * n));
    *low = fmin(p, fmax(0, centre - half));
    *high = fmax(p, fmin(1, centre + half));
}

/* DivExplorer's t, from the moments of Beta(k + 1, n - k + 1). */
static double beta_t(double a, double n_1, double b, double n_0)
{
    const double m_1 = (a + 1) / (n_1 + 2), m_0 = (b + 1) / (n_0 + 2);
    const double v_1 = m_1 * (1 - m_1) / (n_1 + 3), v_0 = m_0 * (1 - m_0) / (n_0 + 3);
    return fabs(m_1 - m_0) / sqrt(v_1 + v_0);
}

/* z of two proportions with the pooled variance, and Newcombe (1998), Statistics in Medicine
 * 17:873, method 10. */
static void compare_shares(const mlsd__half_errors *of, const mlsd__errors *inside,
                           const mlsd__errors *outside, double level, mlsd__against *out)
{
    const int64_t a = count_wrong(of->mean, inside), b = count_wrong(of->mean, outside);
    const double n_1 = (double)inside->n, n_0 = (double)outside->n;
    const double p_1 = (double)a / n_1, p_0 = (double)b / n_0, d = p_1 - p_0;
    const double pooled = (double)(a + b) / (n_1 + n_0);
    const double se = sqrt(pooled * (1 - pooled) * (1 / n_1 + 1 / n_0));
    const double spread = sqrt((p_1 * (1 - p_1) + p_0 * (1 - p_0)) / 2);
    out->inside = p_1;
    out->outside = p_0;
    out->difference = d;
    out->statistic = se > 0 ? d / se : d == 0 ? 0 : (double)NAN;
    out->effect = spread > 0 ? d / spread : d == 0 ? 0 : (double)NAN;
    out->beta_t = beta_t((double)a, n_1, (double)b, n_0);
    out->p_value = mlsd__fisher_p(a, inside->n, b, outside->n);
    if (isnan(level)) return;
    const double z = mlsd__normal_quantile(0.5 + level / 2);
    double low_0, high_0;
    wilson(p_1, n_1, z, &out->inside_low, &out->inside_high);
    wilson(p_0, n_0, z, &low_0, &high_0);
    out->low = d - sqrt((p_1 - out->inside_low) * (p_1 - out->inside_low) +
                        (high_0 - p_0) * (high_0 - p_0));
    out->high = d + sqrt((out->inside_high - p_1) * (out->inside_high - p_1) +
                         (p_0 - low_0) * (p_0 - low_0));
}

static void compare_means(const mlsd__half_errors *of, const mlsd__errors *inside,
                          const mlsd__errors *outside, double level, mlsd__against *out)
{
    const side x = side_of(of->mean, inside), y = side_of(of->mean, outside);
    out->inside = x.mean;
    out->outside = y.mean;
    out->difference = x.mean - y.mean;
    if (x.n < 2 || y.n < 2) return;
    double df;
    const double spread = sqrt((x.variance + y.variance) / 2);
    out->statistic = welch_t(&x, &y, &df);
    out->p_value = welch_p(out->statistic, df, out->difference);
    out->effect = spread > 0 ? out->difference / spread : out->difference == 0 ? 0 : (double)NAN;
    if (isnan(level) || isnan(df)) return;
    const double half = mlsd__t_quantile(0.5 + level / 2, df) * sqrt(x.se * x.se + y.se * y.se);
    out->low = out->difference - half;
    out->high = out->difference + half;
    const double half_x = mlsd__t_quantile(0.5 + level / 2, (double)(x.n - 1)) * x.se;
    out->inside_low = x.mean - half_x;
    out->inside_high = x.mean + half_x;
}

void mlsd__against_make(const mlsd__half_errors *of, const mlsd__errors *inside, bool is_share,
                        double level, mlsd__against *out)
{
    const mlsd__errors outside = outside_of(&of->all, inside);
    *out = (mlsd__against){inside->n, outside.n, NAN, NAN, NAN, NAN, NAN,
                           NAN,       NAN,       NAN, NAN, NAN, NAN};
    if (is_share && inside->n > 0 && outside.n > 0) {
        compare_shares(of, inside, &outside, level, out);
    } else {
        compare_means(of, inside, &outside, level, out);
    }
}

double mlsd__against_p(const mlsd__half_errors *of, const mlsd__errors *inside, bool is_share,
                       int64_t min_rows)
{
    mlsd__against found;
    const int64_t n_outside = of->all.n - inside->n;
    if (inside->n < min_rows || n_outside < min_rows) return NAN;
    mlsd__against_make(of, inside, is_share, NAN, &found);
    return found.p_value;
}
