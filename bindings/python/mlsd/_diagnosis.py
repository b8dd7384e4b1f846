"""diagnose: under- or overfit? From loss curves that mlsd or any other program logged."""

from ._handles import Spec
from ._library import call_long, lib
from ._loss_curve import Curve
from ._results import Result

_TRAIN = ("train", "training", "train_loss", "training_loss", "loss", "train_score", "learn", "validation_0")
_VALID = ("valid", "validation", "val", "valid_loss", "validation_loss", "val_loss", "eval", "eval_loss", "validation_1",
          "valid_0", "valid_1", "test", "test_loss")
_STEP = ("step", "epoch", "iteration", "x")


class Diagnosis(Result):
    """What loss curves mean. str() of it is one sentence; further numbers and tables as of any Result."""

    @property
    def diagnosis(self):
        """"underfit", "overfit", "optimal", "improving", "unstable", "diverged" or "unknown"."""
        return self.text("diagnosis")

    @property
    def kind(self):
        """Of overfit "rise" or "gap", of unstable "jitter" or "both rise", of unknown the reason; else ""."""
        return self.text("kind")

    @property
    def confidence(self):
        """The share of resamples of the curves with the same diagnosis; NaN where it is unknown."""
        return self.number("confidence")

    @property
    def best_step(self):
        """The step with the lowest validation loss, or None."""
        step = self.number("best_step")
        return None if step != step else int(step)

    @property
    def why(self):
        """The numbers that it rests on, in words."""
        return self.text("why")

    @property
    def remedies(self):
        """What to try, the first thing first."""
        return list(self.table("remedies")["remedy"])

    @property
    def flags(self):
        """{flag: what it means}"""
        flags = self.table("flags")
        return dict(zip(flags["flag"], flags["message"]))

    def __str__(self):
        return self.verdict


def _pick(curves, names, what):
    lower = {str(name).lower(): name for name in curves}
    for name in names:
        if name in lower:
            return curves[lower[name]]
    raise ValueError(f"no {what} loss among {sorted(lower)}: name it '{names[0]}'")


def _folds(losses):
    """A list with the losses of each fold."""
    losses = losses.tolist() if hasattr(losses, "tolist") else list(losses)
    return losses if losses and hasattr(losses[0], "__len__") else [losses]


def _flat(curves):
    """XGBoost's and LightGBM's {set: {metric: losses}} as {set: losses}: the first metric that all sets have."""
    if not all(isinstance(value, dict) for value in curves.values()) or not curves:
        return curves
    first = next(iter(curves.values()))
    metric = next((name for name in first if all(name in of for of in curves.values())), None)
    if metric is None:
        raise ValueError(f"no metric is logged of all of {list(curves)}")
    flat = {name: of[metric] for name, of in curves.items()}
    if len(flat) == 2 and {"validation_0", "validation_1"} != set(flat) and not set(map(str.lower, flat)) & set(_TRAIN):
        flat = dict(zip(("train", "valid"), flat.values()))
    return flat


def _curve_of(curves):
    curves = _flat({name: curves[name] for name in curves.keys()})
    train, valid = _folds(_pick(curves, _TRAIN, "training")), _folds(_pick(curves, _VALID, "validation"))
    if len(train) != len(valid):
        raise ValueError(f"training losses are of {len(train)} folds, validation losses of {len(valid)}")
    steps = next((list(curves[name]) for name in curves if str(name).lower() in _STEP), None)
    if steps is not None and any(int(step) != step for step in steps):
        raise ValueError("steps must be whole numbers: leave them out to count from 0")
    curve = Curve()
    for k, pair in enumerate(zip(train, valid)):
        for name, losses in zip(("train", "valid"), pair):
            if steps is not None and len(losses) > len(steps):
                raise ValueError(f"{len(losses)} losses of '{name}' for {len(steps)} steps")
            for i, loss in enumerate(losses):
                if loss is not None:
                    curve.add(name if len(train) == 1 else f"{name}.{k}", i if steps is None else int(steps[i]), float(loss))
    return curve


def diagnose(curves, **params):
    """Does the fit behind these loss curves underfit or overfit, how sure is that, and what helps?

    curves: a Curve; or a mapping (dict, frame, Keras' History.history, XGBoost's evals_result()) with the losses "train"
    and "valid" (also "loss" and "val_loss", ...), each a list of one loss a step or a list of such lists, one a fold, and
    perhaps "step". None is a step that was not logged; NaN and infinities are losses. Lower is better.
    params: those of mlsd.kinds("diagnosis"): base (loss of the constant predictor), target, floor, n_train, n_valid,
    probe_losses (losses of a flexible model on the same folds), ... Returns a Diagnosis.
    """
    if not isinstance(curves, Curve):
        curves = _curve_of(curves)
    spec = Spec("diagnosis", **params)
    return Diagnosis._made(call_long, lib.mlsd_curve_diagnose, curves._h, spec._h)
