"""Loss curves by epoch, and stopping early by them."""

import ctypes

from ._handles import Table
from ._library import Handle, context, encode, encode_path, lib, text_of


class Curve(Handle):
    """Loss curves by epoch, watched by an "early_stopping" spec.

    A series is told by its metric, its set, and the fold and repeat of a cross-validation; its points are (x, value) by
    ascending x. NaN and infinities are kept; of two points at one x the later counts.
    """

    _free = "mlsd_curve_free"
    _sets = ()  # data sets that it looks at

    def __init__(self, early_stopping=None):
        self._become(lib.mlsd_curve_new, context(), early_stopping._h if early_stopping else None)

    @classmethod
    def from_table(cls, table):
        """A curve of a table, long (metric, set, fold, repeat, step, value) or wide (step and a column for each series)."""
        return cls._made(lib.mlsd_curve_from_table, context(), table._h)

    @classmethod
    def read_csv(cls, path):
        """The same of a CSV file, also one that another program logged ("epoch,loss,val_loss")."""
        return cls._made(lib.mlsd_curve_read_csv, context(), encode_path(path))

    def add(self, set, x, value, *, metric="loss", fold=-1, repeat=0):
        """Add a point to a series ("train", "valid", ...)."""
        series = ctypes.c_int64()
        lib.mlsd_curve_series(self._h, encode(metric), encode(set), fold, repeat, ctypes.byref(series))
        lib.mlsd_curve_add_point(self._h, series, x, value)

    def add_set(self, name, data):
        """A further validation set: fits by epochs that are given this curve look at its loss after each epoch."""
        lib.mlsd_curve_add_set(self._h, encode(name), data._h)
        self._sets = (*self._sets, data)

    def merge(self, other, fold, repeat=0):
        """Put the series of another curve under a fold of this one."""
        lib.mlsd_curve_merge(self._h, other._h, fold, repeat)

    @property
    def x(self):
        """What x counts: "step", "epoch", "seconds", ..."""
        return lib.mlsd_curve_x(self._h).decode()

    @x.setter
    def x(self, name):
        lib.mlsd_curve_set_x(self._h, encode(name))

    @property
    def should_stop(self):
        """Does the rule say stop?"""
        return bool(lib.mlsd_curve_should_stop(self._h))

    @property
    def stop_reason(self):
        """Why: "patience", "target", "budget", ...; "none" before the end."""
        return lib.mlsd_stop_reason_name(lib.mlsd_curve_stop_reason(self._h)).decode()

    @property
    def best_step(self):
        """The step of the best point of the watched series; -1 without one."""
        return lib.mlsd_curve_best_step(self._h)

    @property
    def best_value(self):
        """Its value; NaN without one."""
        return lib.mlsd_curve_best_value(self._h)

    def keys(self):
        """(metric, set, fold, repeat) of every series, in the order they were made."""
        return [
            (
                lib.mlsd_curve_series_metric(self._h, s).decode(),
                lib.mlsd_curve_series_set(self._h, s).decode(),
                lib.mlsd_curve_series_fold(self._h, s),
                lib.mlsd_curve_series_repeat(self._h, s),
            )
            for s in range(lib.mlsd_curve_series_count(self._h))
        ]

    def series(self):
        """{name: [(x, value), ...]}; a name is "valid", "accuracy/valid", "valid fold 3", ..."""
        x, value, out = ctypes.c_double(), ctypes.c_double(), {}
        for s in range(lib.mlsd_curve_series_count(self._h)):
            points = out.setdefault(lib.mlsd_curve_series_name(self._h, s).decode(), [])
            for i in range(lib.mlsd_curve_point_count(self._h, s)):
                lib.mlsd_curve_point(self._h, s, i, ctypes.byref(x), ctypes.byref(value))
                points.append((int(x.value) if x.value.is_integer() else x.value, value.value))
        return out

    def mean(self, set="valid", metric="loss"):
        """Mean over folds and repeats by x: columns x, mean, sd, se, lower, upper, n."""
        return Table._made(lib.mlsd_curve_mean, context(), self._h, encode(metric), encode(set))

    def gap(self, set="valid", reference="train", metric="loss"):
        """Mean over folds of set - reference by x, as mean()."""
        return Table._made(lib.mlsd_curve_gap, context(), self._h, encode(metric), encode(set), encode(reference))

    def smooth(self, series, method="ema", parameter=0.6):
        """The series of that number smoothed: columns x, value, smoothed; method "ema" or "median"."""
        return Table._made(lib.mlsd_curve_smooth, context(), self._h, series, encode(method), parameter)

    def refit_steps(self, set="valid", metric="loss", rows_ratio=1.0):
        """Epochs to train for: {"best": by the mean over folds, "one_se": fewest within one standard error, "refit": of all rows}."""
        best, one_se, refit = ctypes.c_int64(), ctypes.c_int64(), ctypes.c_int64()
        outs = (ctypes.byref(best), ctypes.byref(one_se), ctypes.byref(refit))
        lib.mlsd_curve_refit_steps(self._h, encode(metric), encode(set), rows_ratio, *outs)
        return {"best": best.value, "one_se": one_se.value, "refit": refit.value}

    def to_table(self, layout="wide"):
        """Wide: x and a column for each series. Long: metric, set, fold, repeat, x, value."""
        make = {"wide": lib.mlsd_curve_to_table, "long": lib.mlsd_curve_to_points}.get(layout)
        if make is None:
            raise ValueError(f"layout is 'wide' or 'long', got {layout!r}")
        return Table._made(make, context(), self._h)

    def write_csv(self, path, layout="wide"):
        """Write that table as a CSV file."""
        lib.mlsd_curve_write_csv(context(), self._h, encode(layout), encode_path(path))

    def to_jsonl(self):
        """JSON lines, one for each point."""
        return text_of(lib.mlsd_curve_to_jsonl, self._h)
