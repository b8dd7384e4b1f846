"""mlsd.Curve: points in, tables out. Witnesses: numpy's mean and std, and the definitions."""

import io
import json

import numpy as np
import pytest

import mlsd


def folded():
    rng = np.random.default_rng(0)
    values = rng.random((4, 6)) + 1.0
    curve = mlsd.Curve()
    for fold, row in enumerate(values):
        for x, value in enumerate(row):
            curve.add("valid", x, value, fold=fold)
            curve.add("train", x, value - 0.5, fold=fold)
    return curve, values


def test_points_come_back_in_order():
    curve = mlsd.Curve()
    for x, value in ((3, 0.5), (1, float("nan")), (2.5, float("inf")), (3, 0.25)):
        curve.add("train", x, value)
    points = curve.series()["train"]
    assert [x for x, _ in points] == [1, 2.5, 3]
    assert np.isnan(points[0][1]) and points[1][1] == np.inf and points[2][1] == 0.25
    assert curve.keys() == [("loss", "train", -1, 0)]


def test_rule_stops():
    rule = mlsd.Spec("early_stopping", patience=2, monitor=["valid"])
    curve = mlsd.Curve(rule)
    for step, value in enumerate([3.0, 1.0, 2.0, 2.0, 0.5]):
        curve.add("valid", step, value)
        if curve.should_stop:
            break
    assert (step, curve.stop_reason, curve.best_step, curve.best_value) == (3, "patience", 1, 1.0)


def test_mean_and_gap_over_folds():
    curve, values = folded()
    mean = curve.mean().to_dict()
    np.testing.assert_allclose(mean["mean"], values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(mean["sd"], values.std(0, ddof=1), rtol=1e-12)
    gap = curve.gap().to_dict()
    np.testing.assert_allclose(gap["mean"], 0.5, rtol=1e-12)
    steps = curve.refit_steps(rows_ratio=2.0)
    assert steps["best"] == values.mean(0).argmin() + 1
    assert steps["refit"] == int(np.floor(np.median(values.argmin(1) + 1) * 2.0 + 0.5))


def test_files_and_lines(tmp_path):
    curve, _ = folded()
    curve.x = "epoch"
    for layout in ("wide", "long"):
        path = tmp_path / f"{layout}.csv"
        curve.write_csv(path, layout)
        assert mlsd.Curve.read_csv(path).to_jsonl() == curve.to_jsonl()
    lines = [json.loads(line) for line in io.StringIO(curve.to_jsonl())]
    assert len(lines) == 48 and lines[0]["epoch"] == 0 and lines[0]["set"] == "valid"
    assert mlsd.Curve.from_table(curve.to_table("long")).keys() == curve.keys()
    with pytest.raises(ValueError, match="wide"):
        curve.to_table("tall")


def test_merged_and_smoothed():
    curve, fold = mlsd.Curve(), mlsd.Curve()
    for step in range(5):
        fold.add("valid", step, float(step))
    curve.merge(fold, 3)
    assert list(curve.series()) == ["valid fold 3"]
    assert curve.smooth(0, "median", 3) is not None
    with pytest.raises(mlsd.MlsdError):
        curve.merge(curve, 0)


def test_fit_fills_it():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((80, 3))
    data = mlsd.Dataset(X, X @ [1.0, -1.0, 0.5])
    curve = mlsd.Curve()
    curve.x = "epoch"
    mlsd.Model(mlsd.Spec("sgd_regressor", max_iter=5), data, valid=data, curve=curve)
    assert [len(v) for v in curve.series().values()] == [5, 5]
    assert curve.to_table() is not None
