"""mlsd curve: logs as other programs write them are read, the verdict is printed, and --json is for programs."""
import json
import math

import pytest

from conftest import DATA, IO, OK, USAGE, assert_refused

FOUND = 5
N = 40


def train(t):
    return 0.05 + 0.95 * math.exp(-t / 4) + 0.002 * (t * 7 % 5)


def valid(t):
    return 0.3 + 0.7 * math.exp(-t / 4) + 0.01 * max(0, t - 12) + 0.002 * (t * 3 % 7)


def flat(t):
    return 0.3 + 0.7 * math.exp(-t / 4) + 0.002 * (t * 3 % 7)


@pytest.fixture
def diagnose(mlsd, make_csv):
    def call(header, rows, *options, name="log.csv"):
        outcome = mlsd("curve", make_csv(name, header, rows), "--json", *options)
        assert outcome.code == OK, outcome
        return json.loads(outcome.out)
    return call


def test_story_in_80_columns(mlsd, make_csv):
    file = make_csv("log.csv", ["step", "train", "valid"], [[t, train(t), valid(t)] for t in range(N)])
    outcome = mlsd("curve", file)
    assert outcome.code == OK and "overfit (rise), confidence 1.00" in outcome.out, outcome
    for words in ("why: the validation loss rose from", "best step: 1", "try: stop at the best step", "^ best 1", ". training"):
        assert words in outcome.out, (words, outcome)
    assert all(len(line) <= 80 for line in outcome.out.splitlines()[1:])
    dots = mlsd("curve", file, variables={"LC_ALL": "C.UTF-8"}).out
    assert any("\u2801" <= c <= "\u28ff" for c in dots) and all(len(line) <= 80 for line in dots.splitlines()[1:])
    assert mlsd("curve", file, "--check").code == FOUND
    good = make_csv("good.csv", ["step", "train", "valid"], [[t, flat(t), flat(t) + 0.01] for t in range(N)])
    assert mlsd("curve", good, "--check").code == OK
    assert mlsd("curve", good, "--check", "--target", "0.1").code == FOUND


def test_names_that_programs_use(diagnose):
    forms = [
        ["step", "train", "valid"], ["epoch", "loss", "val_loss"], ["iteration", "train-rmse", "eval-rmse"],
        ["", "validation_0-logloss", "validation_1-logloss"], ["step", "training l2", "valid_1's l2"],
        ["epoch", "train_loss_epoch", "val_loss"], ["global_step", "loss", "eval_loss"], ["x", "Train Loss", "Validation Loss"],
    ]
    for header in forms:
        found = diagnose(header, [[t, train(t), valid(t)] for t in range(N)])
        assert (found["verdict"], found["kind"]) == ("overfit", "rise"), header
        assert found["confidence"] > 0.95 and 10 <= found["best_step"] <= 16
    # Other metrics beside the loss, a test set beside validation, rows counted where there is no step.
    found = diagnose(["accuracy", "loss", "val_accuracy", "val_loss", "test_loss", "lr"],
                     [[0.5, train(t), 0.5, valid(t), 9, 0.1] for t in range(N)])
    assert found["verdict"] == "overfit" and 10 <= found["best_step"] <= 16


def test_rows_of_one_set_at_a_time(diagnose):
    rows = []
    for t in range(N):
        rows += [[10 * t + i, train(t), ""] for i in range(1, 11)]
        rows.append([10 * t + 10, "", valid(t)])
    found = diagnose(["step", "train_loss", "val_loss"], rows)
    assert found["verdict"] == "overfit" and found["n_steps"] == N and 110 <= found["best_step"] <= 170


def test_folds_wide_and_long(diagnose):
    wide = diagnose(["step"] + [f"{s}.{k}" for k in range(3) for s in ("train", "valid")],
                    [[t] + [f(t) * (1 + 0.01 * k) for k in range(3) for f in (train, valid)] for t in range(N)])
    long = diagnose(["metric", "set", "fold", "step", "value"],
                    [["loss", s, k, t, f(t) * (1 + 0.01 * k)] for k in range(3) for t in range(N)
                     for s, f in (("train", train), ("valid", valid))] + [["auc", "valid", 0, 0, 0.5]])
    assert wide == long and wide["n_folds"] == 3 and wide["verdict"] == "overfit"


def test_columns_that_are_named(diagnose, mlsd, make_csv):
    rows = [[t, train(t), valid(t)] for t in range(N)]
    assert diagnose(["when", "a", "b"], rows, "--step", "when", "--train", "a", "--valid", "b")["verdict"] == "overfit"
    file = make_csv("log.csv", ["when", "a", "b"], rows)
    assert_refused(mlsd("curve", file), DATA, "no column that looks like a training loss", "--train COLUMN")
    assert_refused(mlsd("curve", file, "--train", "a"), USAGE, "'--train' and '--valid' equally often, got 1 and 0")
    assert_refused(mlsd("curve", file, "--train", "aa", "--valid", "b"), DATA, "'aa'")
    assert_refused(mlsd("curve", file, "--step", "whem"), DATA, "did you mean 'when'")


def test_broken_and_unknown(diagnose):
    rows = [[t, train(t), valid(t)] for t in range(N)]
    for bad in ("nan", "NaN", "inf", ""):
        found = diagnose(["step", "train", "valid"], rows + [[N + i, bad, bad] for i in range(5)])
        assert found["verdict"] == "diverged" and found["first_broken_step"] == N, bad
    for rows, why in [([[0, 1, 1]], "1 step with finite losses"), ([[t, 1, 1] for t in range(20)], "never change"),
                      ([[t, -t, -t] for t in range(20)], "below the lowest loss")]:
        found = diagnose(["step", "train", "valid"], rows)
        assert found["verdict"] == "unknown" and why in found["why"] and found["confidence"] is None


def test_steps_again_and_not_whole(diagnose):
    once = diagnose(["step", "train", "valid"], [[t, train(t), valid(t)] for t in range(N)])
    again = diagnose(["step", "train", "valid"], [[t, 9, 9] for t in range(N)] + [[t, train(t), valid(t)] for t in range(N)])
    assert once == again  # what was logged last counts
    parts = diagnose(["epoch", "train", "valid"], [[t / 4, train(t), valid(t)] for t in range(N)])
    assert parts["best_step"] == once["best_step"] / 4 and parts["rise"] == once["rise"]


def test_refusals(mlsd, make_csv):
    assert_refused(mlsd("curve", "none.csv"), IO, "none.csv")
    file = make_csv("log.csv", ["step", "train", "valid"], [[0, 1, "high"]])
    assert_refused(mlsd("curve", file), DATA, "column 'valid' holds 'high' in row 1, not a number")
    file = make_csv("log.csv", ["step", "train", "valid"], [["a", 1, 1]])
    assert_refused(mlsd("curve", file), DATA, "column 'step' holds 'a'")
    assert_refused(mlsd("curve"), USAGE, "FILE.csv")
    file = make_csv("log.csv", ["step", "train", "valid"], [[t, train(t), valid(t)] for t in range(N)])
    assert_refused(mlsd("curve", file, "--base", "high"), USAGE, "base")


def test_everything_to_a_file(mlsd, make_csv):
    file = make_csv("log.csv", ["step", "train", "valid"], [[t, train(t), valid(t)] for t in range(N)])
    assert mlsd("curve", file, "--out", "found.json").code == OK
    found = json.loads((mlsd.work / "found.json").read_text())
    assert found["kind"] == "diagnosis" and len(found["tables"]["curve"]) == N
    assert found["verdict"].startswith("overfit (rise), confidence 1.00: the validation loss rose")
