"""inverse_transform of the transforms that have one: from what was fitted, with NumPy."""

from ._handles import Table

_EDGE = 1e-7  # normal places end there, see quantile_transform.c


def _matrix(transformer, X):
    import numpy as np

    out = np.array(X, dtype=float)
    if out.ndim != 2 or out.shape[1] != len(transformer.get_feature_names_out()):
        raise ValueError(
            f"{type(transformer).__name__} gives {len(transformer.get_feature_names_out())} columns; "
            f"got an array of shape {out.shape}"
        )
    return out


def _standard(self, X):
    shift = self.mean_ if self.with_mean else 0.0
    return _matrix(self, X) * (self.scale_ if self.with_std else 1.0) + shift


def _min_max(self, X):
    return (_matrix(self, X) - self.min_) / self.scale_


def _max_abs(self, X):
    return _matrix(self, X) * self.scale_


def _robust(self, X):
    return _matrix(self, X) * self.scale_ + self.center_


def _log(self, X):
    import numpy as np

    X = _matrix(self, X)
    if self.signed:
        return np.sign(X) * np.expm1(np.abs(X)) * self.offset
    return np.expm1(X) if self.offset == 1 else np.exp(X) - self.offset


def _normal_places(X):
    """The standard normal distribution function."""
    import math

    import numpy as np

    return np.frompyfunc(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), 1, 1)(X).astype(float)


def _quantile(self, X):
    import numpy as np

    X = _matrix(self, X)
    if self.output_distribution == "normal":
        X = _normal_places(X)
        X = np.where(X < _EDGE, 0.0, np.where(X > 1 - _EDGE, 1.0, X))
    known = ~np.isnan(X)
    for j in range(X.shape[1]):
        X[known[:, j], j] = np.interp(X[known[:, j], j], self.references_, self.quantiles_[:, j])
    return X


def _root(exponent, powered):
    """The logarithm whose power this is: d with (exp(exponent d) - 1) / exponent = powered."""
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        return powered if exponent == 0 else np.log1p(exponent * powered) / exponent


def _plain_root(exponent, box_cox, x):
    import numpy as np

    if box_cox:
        return np.exp(_root(exponent, x))
    return np.where(x >= 0, np.expm1(_root(exponent, x)), -np.expm1(_root(2 - exponent, -x)))


def _power(self, X):
    """The way back from power_fit.c: values are told by their distance from a reference where all were on one side."""
    import numpy as np

    X, box_cox = _matrix(self, X), self.method == "box-cox"
    for j in range(X.shape[1]):
        exponent, reference, side = self.lambdas_[j], self.reference_[j], self.side_[j]
        if not self.standardize or side == 0:
            scale, mean = (self.scale_[j], self.mean_[j]) if self.standardize else (1.0, 0.0)
            X[:, j] = _plain_root(exponent, box_cox, X[:, j] * scale + mean)
            continue
        own = 2 - exponent if side < 0 else exponent
        shifted = side * (X[:, j] * self.scale_[j] + self.mean_[j])
        with np.errstate(invalid="ignore", over="ignore"):
            at_zero = -reference if own == 0 else np.expm1(-own * reference) / own
            near = reference + _root(own, shifted)
            far = side * (shifted - at_zero) * np.exp(own * reference)
            if box_cox:
                X[:, j] = np.exp(near)
            else:
                beyond = _plain_root(exponent, False, far)
                X[:, j] = np.where(shifted >= at_zero, side * np.expm1(near), beyond)
    return X


def _bins(self, X):
    """The middle of each row's bin."""
    import numpy as np

    X = _matrix(self, X)
    if self.encode != "ordinal":
        ends = np.cumsum(self.n_bins_)
        parts = [X[:, end - n : end] for n, end in zip(self.n_bins_, ends)]
        X = np.column_stack([np.where(np.isnan(p[:, 0]), np.nan, p.argmax(axis=1)) for p in parts])
    for j, edges in enumerate(self.bin_edges_):
        known = ~np.isnan(X[:, j])
        X[known, j] = ((edges[1:] + edges[:-1]) / 2)[X[known, j].astype(int)]
    return X


def learn_levels(encoder, X):
    """categories_ of an OrdinalEncoder: the texts of each column's numbers (None: a column of numbers), in their order."""
    import numpy as np

    table, codes = Table(X), encoder.transform(X)
    encoder.categories_ = []
    for j, name in enumerate(encoder.model_.feature_names):
        values = np.asarray(table[name])
        if values.dtype.kind not in "OU":
            encoder.categories_.append(None)
            continue
        texts = {}
        for code, text in zip(codes[:, j], values):
            if code >= 0 and text is not None:
                texts.setdefault(int(code), set()).add(text)
        levels = [texts[code].pop() if len(texts[code]) == 1 else "infrequent" for code in sorted(texts)]
        encoder.categories_.append(np.array(levels, dtype=object))


def _ordinal(self, X):
    import numpy as np

    X = _matrix(self, X)
    if "categories_" not in self.__dict__:
        return X
    out = X.astype(object)
    for j, levels in enumerate(self.categories_):
        if levels is not None:
            known = (X[:, j] >= 0) & (X[:, j] < len(levels))
            out[:, j] = None
            out[known, j] = levels[X[known, j].astype(int)]
    return out


_METHODS = {
    "OrdinalEncoder": _ordinal,
    "KBinsDiscretizer": _bins,
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
    "LogTransformer": _log,
    "QuantileTransformer": _quantile,
    "PowerTransformer": _power,
}


def add(classes):
    """Give those of the classes (by name) their inverse_transform."""
    for name, method in _METHODS.items():
        if name not in classes:
            continue

        def inverse_transform(self, X, _method=method):
            """The numbers that transform would turn into X (n x columns out)."""
            self._fitted()
            return _method(self, X)

        inverse_transform.__qualname__ = f"{name}.inverse_transform"
        classes[name].inverse_transform = inverse_transform
