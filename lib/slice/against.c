/* against.c - a slice against its complement. The two share no row, so their errors are independent
 * and variances add; against all rows, which hold the slice, they would not.
 *
 * Slices are looked at by the thousand, and only far tails count then. A normal approximation is
 * not good enough out there: of rare errors it calls chance a finding. So shares get Fisher's exact
 * test. Other losses get the more cautious of Welch's and Student's t: Welch's is too bold where a
 * few rows happen to be alike, so that they seem to have no variance, and Student's where the
 * smaller side varies more. */
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
    out->zero_one = h->zero_one;
    for (int64_t i = 0; i < h->n_rows; i++) {
        if (!isnan(h->error[i])) add_row(h, out->mean, i, &out->all);
    }
}

/* ---- one side ---- */

typedef struct side {
    int64_t n;
    double mean, se, variance; /* of the mean; of a row */
    double n_effective;        /* (sum of weights)^2 / sum of their squares */
} side;

static side side_of(double mean, const mlsd__errors *s)
{
    side out = {s->n, NAN, NAN, NAN, NAN};
    if (s->n < 1 || !(s->w > 0)) return out;
    const double m = s->wd / s->w, c = (double)s->n;
    out.mean = mean + m;
    out.n_effective = s->w * s->w / s->ww;
    if (s->n < 2) return out;
    /* sum of (w (d - m))^2, which rounding must not make negative. */
    const double squares = fmax(0, s->wwdd - 2 * m * s->wwd + m * m * s->ww);
    out.se = sqrt(squares * (c / (c - 1))) / s->w;
    out.variance = out.se * out.se * out.n_effective;
    return out;
}

static mlsd__errors outside_of(const mlsd__errors *all, const mlsd__errors *inside)
{
    return (mlsd__errors){all->n - inside->n,   all->w - inside->w,     all->wd - inside->wd,
                          all->ww - inside->ww, all->wwd - inside->wwd, all->wwdd - inside->wwdd};
}

/* ---- numbers ---- */

/* One way to test a difference of means; p NaN where it has none. */
typedef struct test {
    double se, df, p;
} test;

static test test_of(double difference, double se, double df)
{
    test t = {se, df, NAN};
    if (difference == 0) t.p = 1;
    if (difference == 0 || !(se > 0) || !(df > 0)) return t;
    const double x = -fabs(difference / se);
    t.p = fmin(1, 2 * (isinf(df) ? mlsd__normal_cdf(x) : mlsd__t_cdf(x, df)));
    return t;
}

static test more_cautious(test a, test b)
{
    if (isnan(a.p)) return b;
    return isnan(b.p) || a.p >= b.p ? a : b;
}

/* Welch (1947), Biometrika 34:28. */
static test welch(double difference, const side *x, const side *y)
{
    const double vx = x->se * x->se, vy = y->se * y->se, v = vx + vy;
    const double df = v * v / (vx * vx / (double)(x->n - 1) + vy * vy / (double)(y->n - 1));
    return test_of(difference, sqrt(v), df);
}

/* One variance of both sides. */
static test student(double difference, const side *x, const side *y)
{
    const double df = (double)(x->n + y->n - 2);
    const double v = ((double)(x->n - 1) * x->variance + (double)(y->n - 1) * y->variance) / df;
    return test_of(difference, sqrt(v * (1 / x->n_effective + 1 / y->n_effective)), df);
}

/* The variance of all rows together, as if nothing were apart. */
static test together(double difference, const side *all, const side *x, const side *y)
{
    const double share = 1 / x->n_effective + 1 / y->n_effective;
    return test_of(difference, sqrt(all->variance * share), (double)(all->n - 1));
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

/* Newcombe (1998), Statistics in Medicine 17:873, method 10. */
static void newcombe(double p_1, double n_1, double p_0, double n_0, double level,
                     mlsd__against *out)
{
    const double z = mlsd__normal_quantile(0.5 + level / 2);
    double low_0, high_0;
    wilson(p_1, n_1, z, &out->inside_low, &out->inside_high);
    wilson(p_0, n_0, z, &low_0, &high_0);
    const double below = p_1 - out->inside_low, above = out->inside_high - p_1;
    const double below_0 = p_0 - low_0, above_0 = high_0 - p_0;
    out->low = p_1 - p_0 - sqrt(below * below + above_0 * above_0);
    out->high = p_1 - p_0 + sqrt(above * above + below_0 * below_0);
}

/* DivExplorer's t, from the moments of Beta(k + 1, n - k + 1). */
static double beta_t(double a, double n_1, double b, double n_0)
{
    const double m_1 = (a + 1) / (n_1 + 2), m_0 = (b + 1) / (n_0 + 2);
    const double v_1 = m_1 * (1 - m_1) / (n_1 + 3), v_0 = m_0 * (1 - m_0) / (n_0 + 3);
    return fabs(m_1 - m_0) / sqrt(v_1 + v_0);
}

/* z of two proportions with the pooled variance. */
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
    newcombe(p_1, n_1, p_0, n_0, level, out);
}

static void mean_intervals(const side *x, const side *y, const test *t, double level,
                           mlsd__against *out)
{
    const double half_x = mlsd__t_quantile(0.5 + level / 2, (double)(x->n - 1)) * x->se;
    out->inside_low = x->mean - half_x;
    out->inside_high = x->mean + half_x;
    if (isnan(t->p) || !(t->df > 0)) return;
    const double half = mlsd__t_quantile(0.5 + level / 2, t->df) * t->se;
    out->low = x->mean - y->mean - half;
    out->high = x->mean - y->mean + half;
}

/* Weighted shares are means too, but their intervals are of shares, by effective numbers of rows,
 * and a side that is all right or all wrong has a variance. */
static void compare_means(const mlsd__half_errors *of, const mlsd__errors *inside,
                          const mlsd__errors *outside, double level, mlsd__against *out)
{
    const side x = side_of(of->mean, inside), y = side_of(of->mean, outside);
    const double d = x.mean - y.mean;
    out->inside = x.mean;
    out->outside = y.mean;
    out->difference = d;
    if (x.n < 2 || y.n < 2) return;
    const side all = side_of(of->mean, &of->all);
    const double spread = sqrt((x.variance + y.variance) / 2);
    test t = more_cautious(welch(d, &x, &y), student(d, &x, &y));
    if (of->zero_one || isnan(t.p)) t = more_cautious(t, together(d, &all, &x, &y));
    out->p_value = t.p;
    out->statistic = t.se > 0 ? d / t.se : d == 0 ? 0 : (double)NAN;
    out->effect = spread > 0 ? d / spread : d == 0 ? 0 : (double)NAN;
    if (isnan(level)) return;
    if (of->zero_one) {
        newcombe(fmin(1, fmax(0, x.mean)), x.n_effective, fmin(1, fmax(0, y.mean)), y.n_effective,
                 level, out);
    } else {
        mean_intervals(&x, &y, &t, level, out);
    }
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
                       int64_t min_rows, bool only_worse)
{
    mlsd__against found;
    const int64_t n_outside = of->all.n - inside->n;
    if (inside->n < min_rows || n_outside < min_rows) return NAN;
    mlsd__against_make(of, inside, is_share, NAN, &found);
    return only_worse && found.difference <= 0 ? 1 : found.p_value;
}
