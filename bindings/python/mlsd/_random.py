"""What random_state means: None, a number or a RandomState, drawn from where and as scikit-learn draws.

A number starts a generator of its own. None is NumPy's global state. A RandomState, and the global one, is copied into
the library for a call and set to where the call left it, so that whatever draws from it next goes on there.
"""

import contextlib
import ctypes
import operator

from ._library import Handle, context, lib
from ._signatures import U32S

_N_WORDS = 624


class Generator(Handle):
    """A Mersenne Twister in the library."""

    _free = "mlsd_random_state_free"

    def __init__(self, seed=0):
        self._become(lib.mlsd_random_state_new, context(), seed)

    def shuffle(self, values):
        """Shuffle an int64 array in place, as RandomState.shuffle."""
        from ._arrays import int64s

        lib.mlsd_random_state_shuffle(self._h, int64s(values), len(values))

    def integers(self, low, high, n):
        """n numbers in [low, high), as RandomState.randint."""
        import numpy as np

        from ._arrays import int64s

        out = np.empty(n, dtype=np.int64)
        lib.mlsd_random_state_integers(self._h, low, high, int64s(out), n)
        return out

    def _load(self, words, position):
        import numpy as np

        words = np.ascontiguousarray(words, dtype=np.uint32)
        lib.mlsd_random_state_set(self._h, words.ctypes.data_as(U32S), len(words), position)

    def _words(self):
        import numpy as np

        words, position = np.empty(_N_WORDS, dtype=np.uint32), ctypes.c_int32()
        lib.mlsd_random_state_get(self._h, words.ctypes.data_as(U32S), len(words), ctypes.byref(position))
        return words, position.value


class _OfSeed:
    """A generator that starts at a seed and goes on from use to use. Nobody else draws from it."""

    is_shared = False

    def __init__(self, seed):
        self._generator = Generator(seed)

    @contextlib.contextmanager
    def use(self):
        yield self._generator


class _OfState:
    """A RandomState of NumPy, which is at the generator's place after each use that did not fail."""

    is_shared = True

    def __init__(self, state):
        self._state, self._generator = state, Generator()

    @contextlib.contextmanager
    def use(self):
        name, words, position, *gauss = _numpy_state(self._state)
        self._generator._load(words, position)
        yield self._generator
        self._state.set_state((name, *self._generator._words(), *gauss))


def _numpy_state(state):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # get_state warns of the other bit generators
        found = state.get_state()
    if not isinstance(found, tuple):
        raise ValueError(f"random_state draws from {found['bit_generator']}; RandomState(seed) draws from MT19937")
    return found


def seed_of(random_state):
    """The number that random_state is, or None for None and for a RandomState."""
    if random_state is None or hasattr(random_state, "get_state"):
        return None
    try:
        seed = operator.index(random_state)
    except TypeError:
        seed = -1
    if not 0 <= seed < 2**32:
        wanted = "an integer in [0, 4294967295], a RandomState or None"
        raise ValueError(f"random_state must be {wanted}, got {random_state!r}")
    return seed


def source_of(random_state):
    """What to draw from: its use() gives a Generator."""
    seed = seed_of(random_state)
    if seed is not None:
        return _OfSeed(seed)
    if random_state is None or not hasattr(random_state, "set_state"):
        import numpy as np

        return _OfState(np.random.mtrand._rand)
    return _OfState(random_state)
