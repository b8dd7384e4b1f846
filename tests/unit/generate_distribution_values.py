"""Values of distribution functions to 25 digits, as the table tests/unit/distribution_values.h.

    /usr/bin/python3 tests/unit/generate_distribution_values.py > tests/unit/distribution_values.h

mpmath evaluates the incomplete functions at 60 digits, noncentral t and the studentized range as integrals at 40, the
latter's double integrals at 20. Parameters
are doubles, taken as they are.
"""

import mpmath as mp

mp.mp.dps = 60


def gamma(x, a):
    return mp.gammainc(a, 0, x, regularized=True), mp.gammainc(a, x, mp.inf, regularized=True)


def chi_square(x, df):
    return gamma(mp.mpf(x) / 2, mp.mpf(df) / 2)


def beta(x, a, b):
    x = mp.mpf(x)
    return mp.betainc(a, b, 0, x, regularized=True), mp.betainc(b, a, 0, 1 - x, regularized=True)


def f(x, df_1, df_2):
    x, df_1, df_2 = map(mp.mpf, (x, df_1, df_2))
    u = df_1 * x / (df_1 * x + df_2)
    v = df_2 / (df_1 * x + df_2)
    return (mp.betainc(df_1 / 2, df_2 / 2, 0, u, regularized=True),
            mp.betainc(df_2 / 2, df_1 / 2, 0, v, regularized=True))


def t(x, df):
    x, df = mp.mpf(x), mp.mpf(df)
    tail = mp.betainc(df / 2, mp.mpf(1) / 2, 0, df / (df + x * x), regularized=True) / 2
    return (tail, 1 - tail) if x < 0 else (1 - tail, tail)


def binomial(k, n, chance):
    p = mp.mpf(chance)
    terms = [mp.binomial(n, i) * p**i * (1 - p) ** (n - i) for i in range(int(n) + 1)]
    return mp.fsum(terms[: int(k) + 1]), mp.fsum(terms[int(k) + 1 :])


def poisson(k, mean):
    return mp.gammainc(int(k) + 1, mean, mp.inf, regularized=True), mp.gammainc(int(k) + 1, 0, mean, regularized=True)


def chi_density(s, df):
    """Of the square root of chi-square over its degrees of freedom."""
    half = mp.mpf(df) / 2
    return 2 * half**half / mp.gamma(half) * s ** (df - 1) * mp.exp(-half * s * s)


def noncentral_t(x, df, shift):
    x, df, shift = map(mp.mpf, (x, df, shift))
    width = 1 / mp.sqrt(2 * df)
    nodes = [0] + [max(mp.mpf(0), 1 + k * width) for k in (-8, -4, -2, -1, 0, 1, 2, 4, 8, 16)] + [mp.inf]
    nodes = sorted(set(nodes))
    lower = mp.quad(lambda s: mp.ncdf(x * s - shift) * chi_density(s, df), nodes)
    upper = mp.quad(lambda s: mp.ncdf(shift - x * s) * chi_density(s, df), nodes)
    return lower, upper


def normal_range(w, k):
    """Over short pieces, since with many groups the integrand is a narrow peak, and brought to size, since quad's error is absolute."""
    pieces = [-w / 2 + mp.mpf(i) / 2 for i in range(-28, 29)]
    inner = lambda z: mp.npdf(z) * (mp.ncdf(z + w) - mp.ncdf(z)) ** (k - 1)
    size = inner(-w / 2)
    return k * size * mp.quad(lambda z: inner(z) / size, pieces, method="gauss-legendre")


def studentized_range(q, k, df):
    """Over the estimate of the standard deviation where its degrees of freedom are finite."""
    if mp.isinf(df):
        lower = normal_range(mp.mpf(q), k)
        return lower, 1 - lower
    width = 1 / mp.sqrt(2 * df)
    nodes = sorted({max(mp.mpf(0), 1 + i * width) for i in (-30, -6, -3, -1, 1, 3, 6, 12)})
    outer = lambda s: normal_range(q * s, k) * chi_density(s, df)
    lower = mp.quad(outer, nodes)
    return lower, 1 - lower


POINTS = {
    gamma: [(x, a) for a in (1e-3, 0.3, 1, 4.5, 100, 12345.5) for x in (a * 1e-3, a * 0.5, a, a * 1.5 + 1, a * 3 + 30)],
    chi_square: [(x, df) for df in (1, 2, 5, 30) for x in (1e-8, 0.5, 3.841458820694124, 20, 200)],
    beta: [(x, a, b) for a, b in ((0.1, 0.2), (0.5, 0.5), (2, 3), (40, 2), (300, 700)) for x in (1e-6, 0.1, 0.3, 0.9)],
    f: [(x, a, b) for a, b in ((1, 1), (3, 7), (10, 250), (500, 4)) for x in (1e-4, 0.5, 1, 4, 100)],
    t: [(x, df) for df in (0.5, 1, 3, 30, 1e6) for x in (-40.0, -2.5, -0.1, 1.0, 6.0)],
    binomial: [(k, n, c) for n, c in ((10, 0.5), (50, 0.03), (400, 0.9)) for k in (0, n // 10, n // 2, n - 2)],
    poisson: [(k, m) for m in (0.1, 5, 300) for k in (0, int(m), int(2 * m) + 3)],
    noncentral_t: [(x, df, d) for df, d in ((3, 1), (10, -2), (50, 5), (4, 0)) for x in (-6, 0.5, 3, 12)],
    studentized_range: [(q, k, mp.inf) for k in (2, 3, 10, 50) for q in (0.05, 1, 3.5, 8)],
}
DOUBLE_INTEGRALS = [(3.5, 3, 10)]  # minutes each


def text(value, digits):
    """What no normal double holds is 0."""
    return mp.nstr(value, digits) if value > mp.mpf("1e-307") else "0.0"


def main():
    print("/* distribution_values.h - made by generate_distribution_values.py with mpmath; see there. */")
    print("#ifndef MLSD_TESTS_DISTRIBUTION_VALUES_H\n#define MLSD_TESTS_DISTRIBUTION_VALUES_H\n")
    print("#include <math.h>\n")
    print("typedef struct distribution_value {\n    double x, a, b, cdf, sf;\n} distribution_value;\n")
    for function, points in POINTS.items():
        mp.mp.dps = 40 if function in (noncentral_t, studentized_range) else 60
        print(f"static const distribution_value {function.__name__}_values[] = {{")
        for point in points:
            point = [*map(float, point)]
            cdf, sf = function(*point)
            args = ["INFINITY" if v == float("inf") else repr(v) for v in point + [0.0] * (3 - len(point))]
            print(f"    {{{', '.join(args)}, {text(cdf, 20)}, {text(sf, 20)}}},")
        if function is studentized_range:
            mp.mp.dps = 20
            for point in DOUBLE_INTEGRALS:
                cdf, sf = function(*map(mp.mpf, point))
                args = ", ".join(repr(float(v)) for v in point)
                print(f"    {{{args}, {text(cdf, 16)}, {text(sf, 16)}}},")
        print("};\n")
    print("#endif")


if __name__ == "__main__":
    main()
