"""fit_more and partial_fit: for estimators whose models can be trained further."""


class GoesOn:
    """Goes before Classifier or Regressor."""

    def fit_more(self, X, y, sample_weight=None, **params):
        """Go on from where the model is, for up to max_iter more epochs, and return self.

        The solver goes on with what it remembers. params, such as a learning rate, are for these epochs only. Of a classifier, labels of y
        are two or more of those of the first fit.
        """
        spec = self.spec()
        for name, value in params.items():
            spec.set(name, value)
        self.model_ = self._fitted().fit_more(self._more_data(X, y, sample_weight), spec)
        return self

    def _partial_fit(self, X, y, classes, sample_weight):
        params = {"max_iter": 1, "early_stopping": False}
        if "model_" in self.__dict__:
            return self.fit_more(X, y, sample_weight, **params)
        if classes is not None and len(set(classes) - set(y)) > 0:
            raise ValueError(f"the first call of partial_fit must see all classes; y lacks {sorted(set(classes) - set(y))[0]!r}")
        before = {name: getattr(self, name) for name in params}
        try:
            return self.set_params(**params).fit(X, y, sample_weight)
        finally:
            self.set_params(**before)


class ClassifierGoesOn(GoesOn):
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One epoch over these rows; the first call must see all labels, which `classes` may list."""
        return self._partial_fit(X, y, classes, sample_weight)

    def _more_data(self, X, y, sample_weight):
        import numpy as np

        y = np.asarray(y)
        unknown = ~np.isin(y, self.classes_)
        if unknown.any():
            raise ValueError(f"y has {y[unknown][0]!r}, which is no label of the first fit")
        codes = np.searchsorted(self.classes_, y)
        numbers = self.classes_.dtype.kind in "iuf"
        target = self.classes_[codes] if numbers or self.classes_.dtype.kind in "OU" and hasattr(X, "columns") else codes
        return self._data(X, target, sample_weight, "binary" if len(self.classes_) == 2 else "multiclass")


class RegressorGoesOn(GoesOn):
    def partial_fit(self, X, y, sample_weight=None):
        """One epoch over these rows."""
        return self._partial_fit(X, y, None, sample_weight)

    def _more_data(self, X, y, sample_weight):
        return self._data(X, y, sample_weight, "regression")
