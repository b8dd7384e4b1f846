#!/usr/bin/env python3
"""Prints math_tables.c, the tables of our own exp, log, erf, erfc and lgamma, from their definitions.

Run by hand (needs mpmath): python3 generate_math_tables.py | clang-format > math_tables.c

Everything is computed with 60 digits and rounded once. Polynomials interpolate at Chebyshev's nodes, which comes
within a small factor of the best one; what the degree leaves is printed to standard error, in bits.
"""

import math
import sys

from mpmath import cos, diff, erfc, exp, ldexp, log, loggamma, mp, mpf, nint, pi, polyval, sqrt

mp.dps = 60


def parts(value):
    high = float(value)
    return high, float(value - mpf(high))


def hexadecimal(values):
    return "{" + ", ".join(float(v).hex() for v in values) + "}"


def polynomial(f, low, high, degree):
    """Coefficients, from the constant up, of the interpolation at Chebyshev's nodes; and the largest relative error."""
    n = degree + 1
    middle, half = (mpf(low) + high) / 2, (mpf(high) - low) / 2
    nodes = [middle + half * cos(pi * (2 * j + 1) / (2 * n)) for j in range(n)]
    # Newton's divided differences, then to powers.
    column = [f(x) for x in nodes]
    for level in range(1, n):
        for j in range(n - 1, level - 1, -1):
            column[j] = (column[j] - column[j - 1]) / (nodes[j] - nodes[j - level])
    coefficients = [column[-1]]
    for j in range(n - 2, -1, -1):
        shifted = [mpf(0)] + coefficients
        for i, c in enumerate(coefficients):
            shifted[i] -= nodes[j] * c
        shifted[0] += column[j]
        coefficients = shifted
    tried = [middle + half * (mpf(j) / 40 - 1) for j in range(81)]
    error = max(abs(polyval(coefficients[::-1], x) / f(x) - 1) for x in tried)
    return coefficients, error


def table(comment, declaration, rows):
    print(f"/* {comment} */\n{declaration} = {{")
    print(",\n".join(rows) + ",")
    print("};\n")


def exp_table():
    rows = []
    for i in range(128):
        value = mpf(2) ** (mpf(i) / 128)
        high = float(value)
        rows.append(hexadecimal([high, float(value / mpf(high) - 1)]))
    table("2^(i/128) as high (1 + low).", "const double mlsd__exp_table[128][2]", rows)


def log_table():
    """Intervals of 2^-8 below 1 and 2^-7 above it, from 11/16. The inverse has eleven bits, so that products with it are
    exact in two parts; beside 1 it is 1, so that nothing cancels there."""
    rows, largest = [], 0
    low = mpf(11) / 16
    for _ in range(128):
        width = ldexp(mpf(1), -8 if low < 1 else -7)
        inverse = nint(1024 / (low + width / 2)) / 1024
        if low == 1 or low + width == 1:
            inverse = mpf(1)
        largest = max(largest, abs(low * inverse - 1), abs((low + width) * inverse - 1))
        value = -log(inverse)
        high = nint(ldexp(value, 42)) / mpf(2) ** 42  # so that adding k log(2) to it is exact
        rows.append(hexadecimal([inverse, high, value - high]))
        low += width
    print(f"log: reduced argument up to {float(largest):.3g}", file=sys.stderr)
    table(
        "The inverse of a point in each interval, and minus its logarithm as high + low.",
        "const double mlsd__log_table[128][3]", rows,
    )


def erfcx(x):
    return exp(x * x) * erfc(x)


def erfc_table():
    rows, worst = [], 0
    for octave in range(-1, 5):
        for step in range(16):
            width = ldexp(mpf(1), octave - 4)
            low = ldexp(mpf(1), octave) + step * width
            centre = low + width / 2
            coefficients, error = polynomial(lambda d: erfcx(centre + d), -width / 2, width / 2, 10)
            worst = max(worst, error)
            rows.append(hexadecimal([centre, *parts(coefficients[0]), *coefficients[1:]]))
    print(f"exp(x^2) erfc(x): {float(log(worst, 2)):.1f} bits", file=sys.stderr)
    table(
        "A centre, and exp(x^2) erfc(x) as a polynomial about it, the constant in two parts.",
        "const double mlsd__erfc_table[96][13]", rows,
    )


def series(comment, name, f, low, high, degree):
    coefficients, error = polynomial(f, low, high, degree)
    print(f"{name}: {float(log(error, 2)):.1f} bits", file=sys.stderr)
    values = [*parts(coefficients[0]), *parts(coefficients[1]), *coefficients[2:]]
    print(f"/* {comment} */\nconst double {name}[{len(values)}] = {hexadecimal(values)};\n")


def erf_over_x(square):
    x = sqrt(abs(square))
    return (1 - erfc(x)) / x if x != 0 else 2 / sqrt(pi)


def lgamma_over_t(t):
    return loggamma(2 + t) / t if t != 0 else diff(loggamma, 2)


def main():
    print(
        "/* math_tables.c - what our own exp, log, erf, erfc and lgamma are computed with. Printed by\n"
        " * generate_math_tables.py, which says what each number is; not edited by hand. */\n"
        '#include "numeric/math_tables.h"\n'
    )
    exp_table()
    log_table()
    erfc_table()
    series(
        "erf(x) / x by x^2 up to 1/4, the first two constants in two parts each.", "mlsd__erf_series", erf_over_x,
        mpf(0), mpf(1) / 4, 9,
    )
    series(
        "log(gamma(2 + t)) / t up to 1/2, the first two constants in two parts each.", "mlsd__lgamma_series", lgamma_over_t,
        -mpf(1) / 2, mpf(1) / 2, 21,
    )
    unit = mpf(2) ** 42
    high = nint(log(2) / 128 * unit) / unit
    print(f"LN2/128 in 35 bits: {float(high).hex()} {float(log(2) / 128 - high).hex()}", file=sys.stderr)
    high = nint(log(2) * mpf(2) ** 42) / mpf(2) ** 42
    print(f"LN2 in 42 bits: {float(high).hex()} {float(log(2) - high).hex()}", file=sys.stderr)
    print(f"128/LN2: {float(128 / log(2)).hex()}", file=sys.stderr)
    for name, value in (("log(pi)", log(pi)), ("log(2 pi)/2", log(2 * pi) / 2)):
        print(name, *(v.hex() for v in parts(value)), file=sys.stderr)
    terms = [float((-1) ** (n // 2) * pi**n / math.factorial(n)).hex() for n in range(17)]
    print("sin(pi f):", *terms[1:16:2], file=sys.stderr)
    print("cos(pi f):", *terms[::2], file=sys.stderr)


if __name__ == "__main__":
    main()
