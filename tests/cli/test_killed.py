"""kill -9 right after each single call of `mlsd run` that changes what stands on the disk (kill_at.c stops it there):
the same command afterwards ends in the report of a run that nothing stopped, and leaves nothing else."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from conftest import ENVIRONMENT, IO, OK, REPORT_FILES, SOURCE, TOOL, Outcome, assert_refused, without_timings

KILL_AT = pathlib.Path(os.environ.get("MLSD_KILL_AT", SOURCE / "build/tests/cli/libkill_at.so"))
pytestmark = pytest.mark.skipif(not KILL_AT.is_file(), reason="kill_at.c is not built with a sanitizer")

TOLD = "report: report/report.html"
GOES_ON = "went on from what a run that was stopped had finished"


@pytest.fixture
def run(mlsd, binary_csv):
    """run(option, ..., KILL_AT=7): the tool with kill_at.c before it."""
    def call(*options, out="report", **variables):
        place = ("--out", out) if out else ()
        environment = ENVIRONMENT | {"LD_PRELOAD": str(KILL_AT)} | {k: str(v) for k, v in variables.items()}
        command = [TOOL, "run", str(binary_csv), "--target", "y", "--quick", "--threads", "1", *place, *options]
        return Outcome(subprocess.run(command, cwd=mlsd.work, env=environment, timeout=120, text=True, capture_output=True))
    call.work = mlsd.work
    call.csv = binary_csv
    return call


def killed(outcome):
    return outcome.code == -signal.SIGKILL


def calls_of(run, *options, out="report"):
    """Of a run that ends: what it calls, in order, as pairs of a function and a path."""
    log = run.work / "log"
    outcome = run(*options, out=out, KILL_LOG=log)
    assert outcome.code == OK, outcome
    calls = [tuple(line.split(" ")[1:]) for line in log.read_text().splitlines()]
    log.unlink()
    return calls


def number_of(calls, function, path):
    return calls.index((function, path)) + 1


def moments(calls, before):
    """All of them but the middle of the journal, whose records are alike; where there was a directory before, the
    beginning and what comes when the files are whole."""
    saving = next(i for i, (function, _) in enumerate(calls) if function == "openat")
    whole = next(i for i, (_, path) in enumerate(calls) if path.endswith("moving"))
    assert 10 < saving < whole
    return [i + 1 for i in range(len(calls)) if i < 5 or i >= (saving - 1 if before == "nothing" else whole - 2)]


def contents(directory):
    """What no clock decides."""
    return without_timings(directory), *((directory / name).read_bytes() for name in ("model.mlsd", "experiment.json", "looks.csv"))


def set_up(run, before):
    """The place as it is before the run: nothing, an empty directory, or an earlier report."""
    for name in os.listdir(run.work):
        if name != "before":
            shutil.rmtree(run.work / name)
    if before == "empty":
        (run.work / "report").mkdir()
    elif before == "report":
        if not (run.work / "before").exists():
            assert run("--seed", "3", out="before").code == OK
        shutil.copytree(run.work / "before", run.work / "report")


@pytest.mark.parametrize("before", ["nothing", "empty", "report"])
def test_killed_after_each_call(run, before):
    options = ["--overwrite"] if before == "report" else []
    set_up(run, before)
    calls = calls_of(run, *options)
    whole = contents(run.work / "report")
    whole_from = number_of(calls, "rename", os.path.join("report.partial" if before == "nothing" else "report/.partial", "moving"))
    earlier = contents(run.work / "before") if before == "report" else None
    for number in moments(calls, before):
        set_up(run, before)
        moment = (number, calls[number - 1])
        first = run(*options, KILL_AT=number)
        assert killed(first), (moment, first)
        if before == "nothing":  # not even for a moment a part of a report
            assert not (run.work / "report").exists() or set(os.listdir(run.work / "report")) == REPORT_FILES, moment
        elif number < whole_from:
            assert set(os.listdir(run.work / "report")) == {".partial"} | (REPORT_FILES if earlier else set()), moment
            assert earlier is None or contents(run.work / "report") == earlier, moment
        second = run(*options)
        if TOLD in first.out and not options and second.code == IO:
            # It had said all that it had to say, and was killed between that and its end.
            assert calls[number - 1][1].endswith(("/moved", ".partial")), moment
            assert_refused(second, IO, "'report' exists", "--overwrite")
        else:
            assert second.code == OK and TOLD in second.out, (moment, second)
            assert os.listdir(run.work / "report") and set(os.listdir(run.work / "report")) == REPORT_FILES, moment
            assert set(os.listdir(run.work)) - {"before"} == {"report"}, moment
            assert GOES_ON in second.out or number < whole_from or TOLD in first.out, (moment, second)
        assert contents(run.work / "report") == whole, moment


@pytest.mark.parametrize("path", ["report/experiment.json", "report/.partial/moved"])
def test_another_command_ends_what_was_begun(run, path):
    """Killed as its files moved into a directory that was there: any run moves the rest, and lets the report stand."""
    set_up(run, "empty")
    calls = calls_of(run)
    whole = contents(run.work / "report")
    for change in ("seed", "data"):
        set_up(run, "empty")
        assert killed(run(KILL_AT=number_of(calls, "rename", path)))
        if change == "data":
            os.utime(run.csv)
        assert_refused(run(*(["--seed", "5"] if change == "seed" else [])), IO, "'report' exists", "--overwrite")
        assert set(os.listdir(run.work / "report")) == REPORT_FILES and os.listdir(run.work) == ["report"]
        assert contents(run.work / "report") == whole


def test_without_a_name_the_same_report(run):
    """Killed at its end, a run without --out finds its report again; another one makes its own."""
    calls = calls_of(run, out=None)
    at = number_of(calls, "rename", "binary-report")
    for same in (True, False):
        set_up(run, "nothing")
        assert killed(run(out=None, KILL_AT=at))
        again = run(*([] if same else ["--seed", "5"]), out=None)
        assert again.code == OK and (GOES_ON in again.out) == same, again
        assert set(os.listdir(run.work)) == {"binary-report"} | (set() if same else {"binary-report-2"})


def test_killed_again_and_again(run):
    """Killed after its files have moved, and each time again as it tells so."""
    calls = calls_of(run)
    whole = contents(run.work / "report")
    set_up(run, "nothing")
    assert killed(run(KILL_AT=number_of(calls, "rename", "report")))
    for number in range(1, 4):
        outcome = run(KILL_AT=number)
        assert killed(outcome) and contents(run.work / "report") == whole, (number, outcome)
        assert set(os.listdir(run.work / "report")) == REPORT_FILES
    last = run()
    assert last.code == OK and TOLD in last.out and GOES_ON in last.out, last
    assert contents(run.work / "report") == whole and os.listdir(run.work) == ["report"]


def test_the_report_of_a_stopped_run_was_removed(run):
    calls = calls_of(run)
    whole = contents(run.work / "report")
    set_up(run, "nothing")
    assert killed(run(KILL_AT=number_of(calls, "rename", "report")))
    shutil.rmtree(run.work / "report")
    outcome = run()
    assert outcome.code == OK, outcome
    assert contents(run.work / "report") == whole and os.listdir(run.work) == ["report"]
