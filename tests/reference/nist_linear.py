"""NIST's linear least squares sets: the data, the digits of ours and of the peers, and the table of docs/numerics.md.

Run it as a program to print the table; test_nist_linear.py holds ours to it. A digit is the logarithm of the relative error
(of the error itself where the certified value is 0), 15 at most because NIST prints 15; the worst of a set's numbers counts.
"""

import json
import math
import pathlib
import subprocess
import tempfile
from decimal import Decimal
from fractions import Fraction

import numpy as np

DATA = pathlib.Path(__file__).parents[1] / "data" / "nist_linear.json"
SETS = json.loads(DATA.read_text())["sets"]


def design(name):
    """(X without the column of ones, y, has_intercept) as doubles; powers of x are rounded once."""
    nist = SETS[name]
    degree = nist["model"]["degree"]
    rows = [[Decimal(v) for v in row] for row in nist["x"]]
    if degree > 1:
        rows = [[row[0] ** k for k in range(1, degree + 1)] for row in rows]
    return np.array([[float(v) for v in row] for row in rows]), np.array(nist["y"], dtype=float), nist["model"]["intercept"]


def digits(values, certified):
    """The fewest correct digits among some numbers."""
    worst = 15.0
    for value, text in zip(values, certified):
        if not math.isfinite(value):
            return 0.0
        exact = Decimal(text)
        error = abs(Decimal(float(value)) - exact)
        if exact != 0:
            error /= abs(exact)
        if error > 0:
            worst = min(worst, max(0.0, -float(error.log10())))
    return worst


def with_ones(X, has_intercept):
    return np.column_stack([np.ones(len(X)), X]) if has_intercept else X


def fit_mlsd(X, y, has_intercept, **params):
    """Coefficients, standard errors (intercept first), residual standard error, R2, F."""
    from mlsd.linear_model import LinearRegression

    model = LinearRegression(fit_intercept=has_intercept, **params).fit(X, y)
    first = [model.intercept_] if has_intercept else []
    error = [model.intercept_std_error_] if has_intercept else []
    return {
        "coef": [*first, *model.coef_],
        "std_error": [*error, *model.std_error_],
        "residual_std_error": [model.residual_std_error_],
        "r2": [model.r2_],
        "f": [model.f_value_],
    }


def fit_numpy(X, y, has_intercept):
    return {"coef": np.linalg.lstsq(with_ones(X, has_intercept), y, rcond=None)[0]}


def fit_sklearn(X, y, has_intercept):
    from sklearn.linear_model import LinearRegression

    model = LinearRegression(fit_intercept=has_intercept).fit(X, y)
    return {"coef": [*([model.intercept_] if has_intercept else []), *model.coef_]}


def fit_statsmodels(X, y, has_intercept, method="pinv"):
    import statsmodels.api as sm

    result = sm.OLS(y, with_ones(X, has_intercept)).fit(method=method)
    return {"coef": result.params, "std_error": result.bse, "residual_std_error": [math.sqrt(result.mse_resid)]}


def fit_r(X, y, has_intercept):
    """R's lm(): columns that it drops come back as NA."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "data.csv"
        rows = [",".join(v.hex() for v in (yi, *row)) for yi, row in zip(y.tolist(), X.tolist())]
        path.write_text("\n".join(rows) + "\n")
        script = (
            f"z <- as.matrix(read.csv('{path}', header=FALSE, colClasses='character')); storage.mode(z) <- 'double';"
            f"m <- lm(z[,1] ~ z[,-1]{'' if has_intercept else ' - 1'});"
            "cat(sprintf('%.17g', coef(m)), '|', sprintf('%.17g', summary(m)$coefficients[,2]), '|', sprintf('%.17g', summary(m)$sigma))"
        )
        out = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True).stdout
    parts = [[float("nan" if v == "NA" else v) for v in part.split()] for part in out.split("|")]
    error = parts[1] if len(parts[1]) == len(parts[0]) else [math.nan] * len(parts[0])
    return {"coef": parts[0], "std_error": error, "residual_std_error": parts[2]}


def solve_exactly(A, B):
    """A^-1 B of rational matrices by Gauss and Jordan, A symmetric and positive definite."""
    rows = [[*a, *b] for a, b in zip(A, B)]
    for i, pivot in enumerate(rows):
        rows[i] = [v / pivot[i] for v in pivot]
        for k, row in enumerate(rows):
            if k != i and row[i] != 0:
                rows[k] = [v - row[i] * u for v, u in zip(row, rows[i])]
    return [row[len(A):] for row in rows]


def fit_exactly(X, y, has_intercept):
    """The ceiling: rational arithmetic on the doubles, rounded at the end."""
    X = [[Fraction(v) for v in row] for row in with_ones(X, has_intercept).tolist()]
    y = [Fraction(v) for v in y.tolist()]
    n, p = len(X), len(X[0])
    gram = [[sum(row[i] * row[j] for row in X) for j in range(p)] for i in range(p)]
    right = [[sum(row[i] * v for row, v in zip(X, y)), *(Fraction(i == j) for j in range(p))] for i in range(p)]
    solved = solve_exactly(gram, right)
    squares = sum((v - sum(u * b[0] for u, b in zip(row, solved))) ** 2 for row, v in zip(X, y))
    mean = sum(y) / n if has_intercept else 0
    total = sum((v - mean) ** 2 for v in y)
    variance, explained = squares / (n - p), (total - squares) / (p - has_intercept)
    return {
        "coef": [float(b[0]) for b in solved],
        "std_error": [math.sqrt(variance * b[1 + i]) for i, b in enumerate(solved)],
        "residual_std_error": [math.sqrt(variance)],
        "r2": [float(1 - squares / total)],
        "f": [float(explained / variance) if variance else math.inf],
    }


PEERS = {
    "ceiling": fit_exactly,
    "mlsd": fit_mlsd,
    "mlsd, fast": lambda *a: fit_mlsd(*a, accuracy="fast"),
    "numpy lstsq": fit_numpy,
    "scikit-learn": fit_sklearn,
    "statsmodels": fit_statsmodels,
    "statsmodels qr": lambda *a: fit_statsmodels(*a, method="qr"),
    "R lm": fit_r,
}


def score(fitted, name):
    """Digits of each kind of number that was fitted."""
    nist = SETS[name]
    certified = {key: nist[key] if isinstance(nist[key], list) else [nist[key]] for key in fitted if nist[key] is not None}
    return {key: digits(fitted[key], certified[key]) for key in certified}


def table(key):
    """Rows of a Markdown table: a row for each peer, a column for each set."""
    lines = ["| | " + " | ".join(SETS) + " |", "| --- |" + " --- |" * len(SETS)]
    for peer, fit in PEERS.items():
        cells = []
        for name in SETS:
            found = score(fit(*design(name)), name)
            cells.append(f"{found[key]:.1f}" if key in found else "")
        if any(cells):
            lines.append(f"| {peer} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    import warnings

    warnings.simplefilter("ignore")
    for key, title in (("coef", "coefficients"), ("std_error", "standard errors"), ("residual_std_error", "residual standard error"),
                       ("r2", "R2"), ("f", "F")):
        print(f"\n{title}\n\n{table(key)}")


if __name__ == "__main__":
    main()
