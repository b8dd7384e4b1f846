"""Transforms of different columns side by side, as sklearn.compose."""

from ._arrays import is_frame
from ._estimators import Estimator, Transformer
from ._handles import Spec


class ColumnTransformer(Transformer):
    """Transforms of some of the columns, their outputs side by side.

    Parameters
    ----------
    transformers : list of (name, transformer, columns)
        The transformer is one of mlsd's own (a Pipeline of them, too), 'passthrough' or 'drop'. Columns are a name, a
        number, a slice of numbers, a list of names, numbers or truths, or a function that gives one of these for X.
    remainder : {'drop', 'passthrough'}, default 'drop'
        What becomes of columns that are in no entry.

    Most of mlsd's transforms need it not: they change numbers, or categories, and leave the others as they are. Names
    of columns out have no prefix.
    """

    _kind = "column_transform"
    _required_parameters = ("transformers",)  # for scikit-learn's checks

    def __init__(self, transformers, *, remainder="drop"):
        self.transformers = transformers
        self.remainder = remainder

    @property
    def _needs_target(self):
        return any(getattr(step, "_needs_target", False) for _, step, _ in self.transformers)

    @property
    def named_transformers_(self):
        """The transformers as a dict."""
        return {name: step for name, step, _ in self.transformers}

    def get_params(self, deep=True):
        """The parameters, and with deep those of the transformers as <name>__<parameter>."""
        out = {"transformers": self.transformers, "remainder": self.remainder}
        for name, step, _ in self.transformers if deep else ():
            out[name] = step
            if isinstance(step, Estimator):
                out.update({f"{name}__{k}": v for k, v in step.get_params().items()})
        return out

    def set_params(self, **params):
        """Set parameters, transformers by name, or parameters of these as <name>__<parameter>, and return self."""
        for key, value in params.items():
            name, _, rest = key.partition("__")
            if key in ("transformers", "remainder"):
                setattr(self, key, value)
            elif name not in self.named_transformers_:
                raise ValueError(f"there is no transformer {name!r}; there are {', '.join(self.named_transformers_)}")
            elif rest:
                self.named_transformers_[name].set_params(**{rest: value})
            else:
                self.transformers = [(n, value if n == name else s, c) for n, s, c in self.transformers]
        return self

    def __repr__(self):
        rest = "" if self.remainder == "drop" else f", remainder={self.remainder!r}"
        return f"ColumnTransformer(transformers={self.transformers!r}{rest})"

    def dataset(self, X, y=None, sample_weight=None):
        """The Dataset that fit would use."""
        self._see(X)
        return Transformer.dataset(self, X, y, sample_weight)

    def _see(self, X):
        """Remember which columns X has, for those that are told by number, and what functions say of it."""
        import numpy as np

        if is_frame(X):
            self._names = [str(name) for name in (X.keys() if hasattr(X, "keys") else X.schema.names)]
        else:
            shape = np.asarray(X).shape
            self._names = [f"x{j}" for j in range(shape[1] if len(shape) > 1 else 0)]
        self._chosen = [columns(X) if callable(columns) else columns for _, _, columns in self.transformers]

    def _columns(self, columns):
        import numpy as np

        if isinstance(columns, (str, int, np.integer)):
            columns = [columns]
        if isinstance(columns, slice):
            columns = range(len(self._known()))[columns]
        columns = list(columns)
        if columns and all(isinstance(c, (bool, np.bool_)) for c in columns):
            columns = [j for j, wanted in enumerate(columns) if wanted]
        return [c if isinstance(c, str) else self._known()[c] for c in columns]

    def _known(self):
        if "_names" not in self.__dict__:
            raise ValueError("columns told by number are those of the X that fit is given; after other steps, name the columns")
        return self._names

    def spec(self):
        """The Spec that fit would use; checks the parameters."""
        spec = Spec("column_transform", remainder=self.remainder)
        chosen = self.__dict__.get("_chosen", [columns for _, _, columns in self.transformers])
        for (name, step, _), columns in zip(self.transformers, chosen):
            part = Spec("on_columns", columns=self._columns(columns))
            if isinstance(step, str) and step == "drop":
                part.set("drop", True)
            elif isinstance(step, Estimator):
                part.add("transform", step.spec())
            elif not (isinstance(step, str) and step == "passthrough"):
                raise TypeError(f"the transformers must be mlsd's own, 'drop' or 'passthrough', got {step!r}; "
                                "sklearn.compose takes others")
            spec.add("transforms", part, name)
        return spec


def make_column_transformer(*transformers, remainder="drop"):
    """A ColumnTransformer from (transformer, columns); its parts are named after their classes."""
    kinds = [step if isinstance(step, str) else type(step).__name__.lower() for step, _ in transformers]
    names = [kind if kinds.count(kind) == 1 else f"{kind}-{kinds[: i + 1].count(kind)}" for i, kind in enumerate(kinds)]
    return ColumnTransformer([(n, s, c) for n, (s, c) in zip(names, transformers)], remainder=remainder)


__all__ = ["ColumnTransformer", "make_column_transformer"]
