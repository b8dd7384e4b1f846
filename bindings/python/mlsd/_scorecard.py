"""Many metrics of many groups in one pass over the rows."""

import ctypes

from ._arrays import Matrices
from ._handles import Spec, bytes_of
from ._library import Handle, call_long, context, encode, lib
from ._results import Result


def _spec(metric):
    if isinstance(metric, Spec):
        return metric
    return Spec._made(lib.mlsd_metric_new, context(), encode(metric))


class Scorecard(Handle):
    """Rows are added as they come, cards of other processes or days merged, and finished as often as wanted.

    `metrics` are names ("accuracy", "f1_macro") or Specs; n_classes 0 is for metrics of numbers; groups are numbers
    from 0 to n_groups - 1, and -1 stands for none.
    """

    _free = "mlsd_scorecard_free"

    def __init__(self, metrics, n_classes=2, n_groups=0):
        specs = [_spec(m) for m in metrics]
        handles = (ctypes.c_void_p * len(specs))(*(s._h for s in specs))
        self._become(lib.mlsd_scorecard_new, context(), handles, len(specs), n_classes, n_groups)

    def add(self, y, prediction, sample_weight=None, groups=None):
        """Add rows; returns self."""
        import numpy as np

        kept = Matrices(y=y, prediction=prediction, sample_weight=sample_weight)
        if groups is not None:
            groups = np.ascontiguousarray(groups, dtype=np.int32)
            if groups.shape != (len(y),):
                raise ValueError(f"groups has shape {groups.shape}, y has {len(y)} rows")
            groups = groups.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
        call_long(lib.mlsd_scorecard_add, self._h, *kept.pointers, groups)
        return self

    def merge(self, other):
        """Add what another card holds behind what this one holds; returns self."""
        call_long(lib.mlsd_scorecard_merge, self._h, other._h)
        return self

    @property
    def n_rows(self):
        """Rows added so far."""
        return lib.mlsd_scorecard_n_rows(self._h)

    def finish(self, level=0.95, min_support=0):
        """A Result whose table "scores" has a row for each group (-1: all rows) and metric."""
        return Result._made(call_long, lib.mlsd_scorecard_finish, self._h, level, min_support)

    def to_bytes(self):
        """What it holds, the same bytes on every machine."""
        return bytes_of(lib.mlsd_scorecard_to_bytes, self._h)

    @classmethod
    def from_bytes(cls, data):
        """A card that holds what to_bytes gave."""
        return cls._made(lib.mlsd_scorecard_from_bytes, context(), data, len(data))

    def __reduce__(self):
        return Scorecard.from_bytes, (self.to_bytes(),)

    def __copy__(self):
        return Scorecard.from_bytes(self.to_bytes())

    def __deepcopy__(self, memo):
        return Scorecard.from_bytes(self.to_bytes())
