"""Digits of NIST's certified values that numpy and scipy reach, beside the ceiling.

    /usr/bin/python3 bench/nist_digits.py

Prints log relative errors, -log10(|got - certified| / |certified|) up to 15, for the univariate and the analysis of
variance sets of NIST's Statistical Reference Datasets. The ceiling is exact rational arithmetic on the doubles nearest to
the decimals: what is lost there is lost before anybody computes. tests/unit/test_moments.c asserts mlsd's digits. PiDigits is left out: the
mean of the first 5,000 digits of pi is 4.5358, not the certified 4.5348, so its data are not quite what its name says.
"""
import pathlib
import re
import sys
from fractions import Fraction

import mpmath
import numpy as np
import scipy.stats

HEADER = pathlib.Path(__file__).parent.parent / "tests" / "unit" / "nist_univariate.h"


def stored(name):
    body = re.search(r"nist_%s\[\] = \{(.*?)\}" % name, HEADER.read_text(), re.S).group(1)
    return [float(word) for word in body.split(",") if word.strip()]


def alternating(base, n):
    """base + 0.2, then + 0.1 and + 0.3 in turn, each the double nearest to the decimal."""
    return [float(f"{base}.{tenth}") for tenth in [2] + [1, 3] * (n // 2)]


def simon_lesage(base, n):
    groups = []
    for first in (4, 3, 5, 3, 5, 3, 5, 3, 5):
        tenths = [first] + [first - 1, first + 1] * (n // 2)
        groups.append([float(f"{base}.{tenth}") for tenth in tenths])
    return groups


def univariate_sets():
    yield "Lottery", stored("lottery"), "518.958715596330", "291.699727470969", "-0.120948622967393"
    yield "Lew", stored("lew"), "-177.435", "277.332168044316", "-0.307304800605679"
    yield "Mavro", stored("mavro"), "2.001856", "0.000429123454003053", "0.937989183438248"
    yield "Michelso", stored("michelso"), "299.8524", "0.0790105478190518", "0.535199668621283"
    yield "NumAcc1", [10000001.0, 10000003.0, 10000002.0], "10000002", "1", "-0.5"
    yield "NumAcc2", alternating(1, 1001), "1.2", "0.1", "-0.999"
    yield "NumAcc3", alternating(1000000, 1001), "1000000.2", "0.1", "-0.999"
    yield "NumAcc4", alternating(10000000, 1001), "10000000.2", "0.1", "-0.999"


def anova_sets():
    """Name, groups, certified F."""
    five = stored("sirstv")
    yield "SiRstv", [five[i:i + 5] for i in range(0, 25, 5)], "1.18046237440255"
    silver = stored("atmwtag")
    yield "AtmWtAg", [silver[:24], silver[24:]], "15.9467335677930"
    for k in range(9):
        n = (21, 201, 2001)[k % 3]
        yield f"SmLs0{k + 1}", simon_lesage((1, 10**6, 10**12)[k // 3], n), str(n)


def lre(got, certified):
    wrong = abs(mpmath.mpf(got) - mpmath.mpf(certified)) / abs(mpmath.mpf(certified))
    return 15.0 if wrong == 0 else min(15.0, max(0.0, float(-mpmath.log10(wrong))))


def as_mpf(fraction):
    return mpmath.mpf(fraction.numerator) / fraction.denominator


def exact_univariate(values):
    x = [Fraction(v) for v in values]
    mean = sum(x) / len(x)
    d = [v - mean for v in x]
    squares = sum(v * v for v in d)
    products = sum(a * b for a, b in zip(d, d[1:]))
    return as_mpf(mean), mpmath.sqrt(as_mpf(squares / (len(x) - 1))), as_mpf(products / squares)


def numpy_univariate(values):
    x = np.array(values)
    d = x - x.mean()
    return x.mean(), x.std(ddof=1), np.dot(d[:-1], d[1:]) / np.dot(d, d)


def exact_f(groups):
    x = [[Fraction(v) for v in g] for g in groups]
    n = sum(len(g) for g in x)
    grand = sum(sum(g) for g in x) / n
    between = sum(len(g) * (sum(g) / len(g) - grand) ** 2 for g in x)
    within = sum(sum((v - sum(g) / len(g)) ** 2 for v in g) for g in x)
    return as_mpf(between / (len(x) - 1) / (within / (n - len(x))))


def main():
    mpmath.mp.dps = 40
    print(f"numpy {np.__version__}, scipy {scipy.__version__}, python {sys.version.split()[0]}")
    print("univariate: mean / standard deviation / lag-1 autocorrelation")
    for name, values, *certified in univariate_sets():
        mpmath.mp.dps = 40
        rows = [[lre(g, c) for g, c in zip(f(values), certified)] for f in (exact_univariate, numpy_univariate)]
        print(f"{name:9} ceiling {'/'.join('%.1f' % v for v in rows[0]):16} numpy {'/'.join('%.1f' % v for v in rows[1])}")
    print("analysis of variance: F")
    for name, groups, certified in anova_sets():
        got = scipy.stats.f_oneway(*map(np.array, groups)).statistic
        print(f"{name:9} ceiling {lre(exact_f(groups), certified):4.1f} scipy {lre(float(got), certified):4.1f}")


if __name__ == "__main__":
    main()
