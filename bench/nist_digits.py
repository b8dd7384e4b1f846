"""Digits of NIST's certified values that mlsd and its peers reach, beside the ceiling: the tables of docs/numerics.md.

    /usr/bin/python3 bench/nist_digits.py [--programs build/tests/reference]

Prints log relative errors, -log10(|got - certified| / |certified|) up to 15, for the univariate and the analysis of
variance sets of NIST's Statistical Reference Datasets (the linear ones: tests/reference/nist_linear.py). The ceiling is exact
rational arithmetic on the doubles nearest to the decimals: what is lost there is lost before anybody computes.
tests/unit/test_moments.c asserts mlsd's digits. PiDigits is left out: the mean of the first 5,000 digits of pi is 4.5358, not
the certified 4.5348, so its data are not quite what its name says.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
from fractions import Fraction

import mpmath
import numpy as np
import scipy.stats
import sklearn
import statsmodels
from sklearn.feature_selection import f_classif
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.oneway import anova_oneway
from statsmodels.stats.weightstats import DescrStatsW
from statsmodels.tsa.stattools import acf

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE.parent / "tests" / "unit" / "nist_univariate.h"


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


def exact_f(groups):
    x = [[Fraction(v) for v in g] for g in groups]
    n = sum(len(g) for g in x)
    grand = sum(sum(g) for g in x) / n
    between = sum(len(g) * (sum(g) / len(g) - grand) ** 2 for g in x)
    within = sum(sum((v - sum(g) / len(g)) ** 2 for v in g) for g in x)
    return as_mpf(between / (len(x) - 1) / (within / (n - len(x))))


def numpy_univariate(values):
    x = np.array(values)
    d = x - x.mean()
    return x.mean(), x.std(ddof=1), np.dot(d[:-1], d[1:]) / np.dot(d, d)


def sklearn_univariate(values):
    scaler = StandardScaler().fit(np.array(values)[:, None])
    return scaler.mean_[0], np.sqrt(scaler.var_[0] * len(values) / (len(values) - 1))


def statsmodels_univariate(values):
    summary = DescrStatsW(values, ddof=1)
    return summary.mean, summary.std, acf(np.array(values), nlags=1, fft=False)[1]


def sklearn_f(groups):
    return f_classif(np.concatenate(groups)[:, None], np.repeat(np.arange(len(groups)), list(map(len, groups))))[0][0]


def outside(command, sets):
    """What another program prints of sets, a line of numbers each: lists of groups as tests/reference/moments_values.c reads them."""
    words = []
    for groups in sets:
        words += [str(len(groups)), *(str(len(g)) for g in groups), *(float(v).hex() for g in groups for v in g)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(words) + "\n")
        file.flush()
        out = subprocess.run(command(file.name), shell=True, capture_output=True, text=True, check=True).stdout
    return [[float.fromhex(word) if "0x" in word else float(word) for word in line.split()] for line in out.splitlines()]


R_SCRIPT = """
z <- scan('%s', what='', quiet=TRUE); at <- 1
while (at <= length(z)) {
  k <- as.integer(z[at]); sizes <- as.integer(z[at + seq_len(k)]); n <- sum(sizes)
  x <- as.numeric(z[at + k + seq_len(n)]); at <- at + k + 1 + n
  found <- if (k == 1) c(mean(x), sd(x), acf(x, 1, plot=FALSE)$acf[2])
           else summary(aov(x ~ factor(rep(seq_len(k), sizes))))[[1]][1, 'F value']
  cat(sprintf('%%.17g', found), fill=200)
}
"""


def r_command(path):
    return f"""Rscript -e "{R_SCRIPT % path}" """.replace("$", "\\$")


def table(title, sets, peers):
    """peers: name -> one list of numbers for each set."""
    print(f"\n| {title} | " + " | ".join(peers) + " |\n| --- |" + " --- |" * len(peers))
    for i, (name, _, certified) in enumerate(sets):
        cells = [" / ".join(f"{lre(g, c):.1f}" for g, c in zip(found[i], certified)) for found in peers.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", metavar="DIR", default=HERE.parent / "build" / "tests" / "reference", help="where moments_values lies")
    program = pathlib.Path(parser.parse_args().programs) / "moments_values"
    mpmath.mp.dps = 40
    r_version = subprocess.run(["Rscript", "-e", "cat(as.character(getRversion()))"], capture_output=True, text=True, check=True).stdout
    print(f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-learn {sklearn.__version__}, statsmodels {statsmodels.__version__}, "
          f"R {r_version}, python {sys.version.split()[0]}")
    univariate = [(name, [values], certified) for name, values, *certified in univariate_sets()]
    anova = [(name, groups, [certified]) for name, groups, certified in anova_sets()]

    def each(function, sets):
        return [function(groups) for _, groups, _ in sets]

    def mlsd_and_r(sets):
        data = [groups for _, groups, _ in sets]
        return {"mlsd": outside(lambda path: f"{program} < {path}", data), "R": outside(r_command, data)}

    ours = mlsd_and_r(univariate)
    table("mean / standard deviation / lag-1 autocorrelation", univariate, {
        "ceiling": each(lambda g: exact_univariate(g[0]), univariate), "mlsd": ours["mlsd"],
        "numpy": each(lambda g: numpy_univariate(g[0]), univariate), "scikit-learn": each(lambda g: sklearn_univariate(g[0]), univariate),
        "statsmodels": each(lambda g: statsmodels_univariate(g[0]), univariate), "R": ours["R"],
    })
    ours = mlsd_and_r(anova)
    table("F", anova, {
        "ceiling": each(lambda g: [exact_f(g)], anova), "mlsd": ours["mlsd"],
        "scipy": each(lambda g: [scipy.stats.f_oneway(*map(np.array, g)).statistic], anova),
        "scikit-learn": each(lambda g: [sklearn_f(g)], anova),
        "statsmodels": each(lambda g: [anova_oneway(list(map(np.array, g)), use_var="equal").statistic], anova), "R": ours["R"],
    })


if __name__ == "__main__":
    main()
