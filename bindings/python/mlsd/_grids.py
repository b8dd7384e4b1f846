"""Which settings a search tries: all of a grid, or some that are drawn, in scikit-learn's order and with its draws."""

import itertools

from ._library import _frames_to_user
from ._random import seed_of


def random_state_of(random_state):
    """What random_state stands for as a RandomState: a new one for a number, NumPy's global one for None."""
    import numpy as np

    seed = seed_of(random_state)
    if seed is not None:
        return np.random.RandomState(seed)
    return np.random.mtrand._rand if random_state is None else random_state


def _dicts_of(given, what):
    """A list of dicts."""
    grids = [given] if hasattr(given, "items") else given
    if isinstance(grids, str) or not hasattr(grids, "__iter__"):
        raise TypeError(f"Parameter {what} should be a dict or a list, got: {given!r} of type {type(given).__name__}")
    grids = list(grids)
    for grid in grids:
        if not hasattr(grid, "items"):
            raise TypeError(f"Parameter {what} is not a dict ({grid!r})")
    return grids


class ParameterGrid:
    """Every combination of the values of a dict of lists, or of several such dicts; keys in order, the last the fastest."""

    def __init__(self, param_grid):
        self.param_grid = _dicts_of(param_grid, "grid")
        for grid in self.param_grid:
            for name, values in grid.items():
                self._check(name, values)

    @staticmethod
    def _check(name, values):
        if getattr(values, "ndim", 1) > 1:
            raise ValueError(f"Parameter array for {name!r} should be one-dimensional, got: {values!r} with shape {values.shape}")
        if isinstance(values, str) or not (hasattr(values, "__getitem__") and hasattr(values, "__len__")):
            raise TypeError(
                f"Parameter grid for parameter {name!r} needs to be a list or a numpy array, but got {values!r} (of type "
                f"{type(values).__name__}) instead. Single values need to be wrapped in a list with one element."
            )
        if len(values) == 0:
            raise ValueError(f"Parameter grid for parameter {name!r} need to be a non-empty sequence, got: {values!r}")

    def __iter__(self):
        for grid in self.param_grid:
            names = sorted(grid)
            if len(names) == 1:
                yield from ({names[0]: value} for value in grid[names[0]])
                continue
            for values in itertools.product(*(grid[name] for name in names)):
                yield dict(zip(names, values))

    def _sizes(self):
        return [_product(map(len, grid.values())) for grid in self.param_grid]

    def __len__(self):
        return sum(self._sizes())

    def __getitem__(self, index):
        for grid, size in zip(self.param_grid, self._sizes()):
            if index < size:
                out = {}
                for name in sorted(grid, reverse=True):
                    index, at = divmod(index, len(grid[name]))
                    out[name] = grid[name][at]
                return dict(sorted(out.items()))
            index -= size
        raise IndexError("ParameterGrid index out of range")


def _product(numbers):
    out = 1
    for number in numbers:
        out *= number
    return out


def _without_replacement(n, n_samples, rng):
    """n_samples different numbers below n, in the order in which scikit-learn's sample_without_replacement draws them."""
    if n_samples > 0.01 * n and n_samples < 0.99 * n:
        return rng.permutation(n)[:n_samples].tolist()
    if n_samples < 0.2 * n:
        seen, out = set(), []
        while len(out) < n_samples:
            number = int(rng.randint(n))
            if number not in seen:
                seen.add(number)
                out.append(number)
        return out
    out = list(range(n_samples))
    for i in range(n_samples, n):
        at = int(rng.randint(0, i + 1))
        if at < n_samples:
            out[at] = i
    return out


class ParameterSampler:
    """Settings drawn from lists and distributions (whatever has rvs); without replacement where all are lists."""

    def __init__(self, param_distributions, n_iter, *, random_state=None):
        self.n_iter, self.random_state = n_iter, random_state
        self.param_distributions = _dicts_of(param_distributions, "distribution")
        for distributions in self.param_distributions:
            for name, values in distributions.items():
                if isinstance(values, str) or not (hasattr(values, "rvs") or hasattr(values, "__getitem__") or hasattr(values, "__iter__")):
                    raise TypeError(
                        f"Parameter grid for parameter {name!r} is not iterable or a distribution (value={values!r})"
                    )

    def _is_grid(self):
        return not any(hasattr(values, "rvs") for one in self.param_distributions for values in one.values())

    def __iter__(self):
        rng = random_state_of(self.random_state)
        if self._is_grid():
            yield from self._from_grid(rng)
            return
        for _ in range(self.n_iter):
            n = len(self.param_distributions)
            distributions = self.param_distributions[rng.randint(n) if n > 1 else 0]
            out = {}
            for name in sorted(distributions):
                values = distributions[name]
                out[name] = values.rvs(random_state=rng) if hasattr(values, "rvs") else values[rng.randint(len(values))]
            yield out

    def _from_grid(self, rng):
        import warnings

        grid = ParameterGrid(self.param_distributions)
        size, n = len(grid), self.n_iter
        if size < n:
            warnings.warn(
                f"The total space of parameters {size} is smaller than n_iter={n}. Running {size} iterations. For exhaustive "
                "searches, use GridSearchCV.",
                UserWarning,
                stacklevel=_frames_to_user(),
            )
            n = size
        for index in _without_replacement(size, n, rng):
            yield grid[index]

    def __len__(self):
        return min(self.n_iter, len(ParameterGrid(self.param_distributions))) if self._is_grid() else self.n_iter
