"""mlsd.diagnose: what it takes, what it gives, what it refuses."""
import numpy as np
import pytest

import mlsd

T = np.arange(40.0)
WIGGLE = 0.002 * (T * 7 % 5)
TRAIN = 0.05 + 0.95 * np.exp(-T / 4) + WIGGLE
RISE = 0.3 + 0.7 * np.exp(-T / 4) + 0.01 * np.maximum(T - 12, 0) + WIGGLE


def test_attributes():
    d = mlsd.diagnose({"train": TRAIN, "valid": RISE})
    assert (d.diagnosis, d.kind) == ("overfit", "rise") and d.confidence > 0.99 and 10 <= d.best_step <= 16
    assert str(d) == d.verdict and d.why in d.verdict and d.verdict.startswith("overfit (rise), confidence 1.00")
    assert "early_stopping" in d.remedies[0] and d.flags == {}
    assert sum(d.table("shares")["share"]) == pytest.approx(1)
    assert list(d.table("curve")["step"]) == list(T)


def test_kinds_of_curves():
    expected = mlsd.diagnose({"train": TRAIN, "valid": RISE})
    curve = mlsd.Curve()
    for t in range(40):
        curve.add("train", t, TRAIN[t])
        curve.add("valid", t, RISE[t])
    forms = [
        curve, {"loss": list(TRAIN), "val_loss": list(RISE), "accuracy": [0.5] * 40}, {"step": T, "Train": TRAIN, "Valid": RISE},
        {"validation_0": {"rmse": TRAIN}, "validation_1": {"rmse": RISE}}, {"dtrain": {"rmse": TRAIN}, "dval": {"rmse": RISE}},
        {"train": [*TRAIN, *[0.05] * 3], "valid": [*RISE, None, None, None]},
    ]
    for form in forms:
        d = mlsd.diagnose(form)
        assert d.number("rise") == expected.number("rise") and d.best_step == expected.best_step, form
    pd = pytest.importorskip("pandas")
    assert mlsd.diagnose(pd.DataFrame({"epoch": T + 1, "train": TRAIN, "valid": RISE})).best_step == expected.best_step + 1


def test_folds_of_different_lengths_and_the_probe():
    folds = {"train": [TRAIN, TRAIN[:30], TRAIN], "valid": [RISE, RISE[:30], RISE + 0.01]}
    d = mlsd.diagnose(folds)
    assert d.number("n_folds") == 3 and d.number("n_steps") == 30 and d.diagnosis == "overfit"
    flat = {"train": [TRAIN + 0.25] * 3, "valid": [0.3 + 0.7 * np.exp(-T / 4) + WIGGLE + 0.01 * k for k in range(3)]}
    assert mlsd.diagnose(flat).diagnosis == "optimal"
    probed = mlsd.diagnose(flat, probe_losses=[0.2, 0.21, 0.22])
    assert probed.diagnosis == "underfit" and "another model" in probed.why
    with pytest.raises(mlsd.ParameterError, match="'probe_losses' has 1 losses for the 3 folds"):
        mlsd.diagnose(flat, probe_losses=[0.2])


def test_unknown_says_why():
    for curves, why in [
        ({"train": [1.0], "valid": [1.0]}, "1 step with finite losses"),
        ({"train": [1.0] * 20, "valid": [1.0] * 20}, "never change"),
        ({"train": -T, "valid": -T}, "below the lowest loss"),
        ({"train": [], "valid": []}, "no series 'train'"),
    ]:
        d = mlsd.diagnose(curves)
        assert d.diagnosis == "unknown" and why in d.why and np.isnan(d.confidence)
    assert mlsd.diagnose({"train": TRAIN - 5, "valid": RISE - 5}, floor=-5.0).diagnosis == "overfit"


def test_broken_losses():
    d = mlsd.diagnose({"train": [*TRAIN, np.nan, np.nan], "valid": [*RISE, np.inf, np.nan]})
    assert d.diagnosis == "diverged" and d.number("first_broken_step") == 40


def test_refusals():
    with pytest.raises(ValueError, match="no validation loss among .'train'.: name it 'valid'"):
        mlsd.diagnose({"train": TRAIN})
    with pytest.raises(ValueError, match="of 2 folds, validation losses of 1"):
        mlsd.diagnose({"train": [TRAIN, TRAIN], "valid": RISE})
    with pytest.raises(ValueError, match="40 losses of 'train' for 3 steps"):
        mlsd.diagnose({"step": [1, 2, 3], "train": TRAIN, "valid": RISE})
    with pytest.raises(mlsd.ParameterError, match="bases"):
        mlsd.diagnose({"train": TRAIN, "valid": RISE}, bases=1.0)
