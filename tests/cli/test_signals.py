"""Ctrl-C, SIGTERM and kill -9 at any moment: a quick end, one line, nothing half-written. And what progress looks like."""
import os
import pty
import random
import re
import select
import signal
import subprocess
import time

import pytest

from conftest import (CANCELLED, ENVIRONMENT, HMDA, IO, OK, REPORT_FILES, TOOL, assert_refused, result_of,
                      without_timings)

N_MOMENTS = 20
# By what is left: a journal where a fit was finished, else nothing.
CANCELLED_LINES = {(): "mlsd: cancelled; nothing was written",
                   ("report.partial",): "mlsd: cancelled; the same command goes on from what was finished"}
# The promise is 100 ms on a machine that has time; a test must not fail because its machine is busy.
MOST_SECONDS = 1.0


@pytest.fixture(scope="module")
def large_csv(tmp_path_factory):
    """200,000 rows of 20 numbers: a run takes many seconds."""
    return write_csv(tmp_path_factory.mktemp("large") / "large.csv", 200000)


@pytest.fixture(scope="module")
def middling_csv(tmp_path_factory):
    """A run takes some seconds."""
    return write_csv(tmp_path_factory.mktemp("middling") / "middling.csv", 25000)


@pytest.fixture(scope="module")
def small_csv(tmp_path_factory):
    """A run takes about a second."""
    return write_csv(tmp_path_factory.mktemp("small") / "small.csv", 3000)


def write_csv(path, n_rows):
    draw = random.Random(11)
    numbers = [f"{draw.gauss(0, 1):.4f}" for _ in range(100003)]
    with open(path, "w") as file:
        file.write(",".join(f"x{i}" for i in range(20)) + ",y\n")
        at = 0
        for _ in range(n_rows):
            if at + 20 > len(numbers):
                at -= len(numbers) - 20
            row = numbers[at:at + 20]
            at += 20
            file.write(",".join(row) + (",yes\n" if float(row[0]) + draw.gauss(0, 1) > 0 else ",no\n"))
    return path


def start(arguments, cwd, **streams):
    return subprocess.Popen([TOOL, *map(str, arguments)], cwd=cwd, env=ENVIRONMENT, text=True,
                            stdout=streams.get("stdout", subprocess.PIPE), stderr=streams.get("stderr", subprocess.PIPE))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt(mlsd, large_csv, number):
    draw = random.Random(int(number))
    slowest = 0.0
    for k in range(N_MOMENTS if number == signal.SIGINT else 5):
        before = tuple(os.listdir(mlsd.work))
        process = start(["run", large_csv, "--target", "y", "--slices", "x1", "--out", "report"], mlsd.work)
        time.sleep(0.06 + draw.random() * (0.3 if k % 2 else 2.5))
        began = time.monotonic()
        process.send_signal(number)
        process.wait(timeout=30)
        slowest = max(slowest, time.monotonic() - began)
        out, err = process.communicate()
        if process.returncode == OK:  # it had finished: then all of it must be there
            assert set(os.listdir(mlsd.work / "report")) == REPORT_FILES
            subprocess.run(["rm", "-r", mlsd.work / "report"], check=True)
            continue
        if process.returncode == -number:  # before the tool was up and listened
            assert err == "" and os.listdir(mlsd.work) in ([], ["report.partial"])
            continue
        assert process.returncode == CANCELLED, (process.returncode, out, err)
        lines = [line for line in err.splitlines() if not re.fullmatch(r"[a-z -]+: (25|50|75|100) %", line)]
        # Stopped before it looked at the journal of the run before, it wrote nothing and left that one alone.
        left = tuple(os.listdir(mlsd.work))
        allowed = {CANCELLED_LINES[left]} | ({CANCELLED_LINES[()]} if left == before else set())
        assert out == "" and len(lines) == 1 and lines[0] in allowed, err
    print(f"\nslowest end after signal {int(number)}: {1000 * slowest:.0f} ms")
    assert slowest < MOST_SECONDS


def test_interrupt_leaves_the_earlier_report(mlsd, large_csv):
    assert mlsd("run", HMDA, "--target", "deny", "--quick", "--out", "report").code == OK
    before = {name: (mlsd.work / "report" / name).read_bytes() for name in REPORT_FILES}
    process = start(["run", large_csv, "--target", "y", "--out", "report", "--overwrite"], mlsd.work)
    time.sleep(0.7)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == CANCELLED
    assert before == {name: (mlsd.work / "report" / name).read_bytes() for name in REPORT_FILES}
    assert set(os.listdir(mlsd.work / "report")) - {".partial"} == REPORT_FILES


def test_kill(mlsd):
    """Not even kill -9 leaves a part of a report under its final name, whenever it comes."""
    began = time.monotonic()
    assert mlsd("run", HMDA, "--target", "deny", "--quick", "--out", "report").code == OK
    usual = time.monotonic() - began
    complete = {name: (mlsd.work / "report" / name).stat().st_size for name in REPORT_FILES - {"result.json", "report.html"}}
    subprocess.run(["rm", "-r", mlsd.work / "report"], check=True)
    for k in range(25):
        process = start(["run", HMDA, "--target", "deny", "--quick", "--out", "report"], mlsd.work)
        time.sleep(usual * (0.5 + 0.6 * k / 25))
        process.kill()
        process.communicate(timeout=30)
        if (mlsd.work / "report").exists():
            assert set(os.listdir(mlsd.work / "report")) == REPORT_FILES
            for name, size in complete.items():
                assert (mlsd.work / "report" / name).stat().st_size == size
            assert (mlsd.work / "report/report.html").read_text().endswith("</html>\n")
        for name in os.listdir(mlsd.work):
            assert name in ("report", "report.partial")
            subprocess.run(["rm", "-r", mlsd.work / name], check=True)


def contents(directory):
    """What a run gives that no clock decides."""
    return without_timings(directory), *((directory / name).read_bytes() for name in ("model.mlsd", "experiment.json", "looks.csv"))


def test_killed_runs_go_on(mlsd, small_csv):
    """Killed at any moment and started again until it ends: the same bytes as of a run that nothing stopped, and no fit
    that was finished is done again, so that it ends however early it is killed each time."""
    command = ["run", small_csv, "--target", "y", "--slices", "x1"]
    began = time.monotonic()
    assert mlsd(*command, "--out", "whole").code == OK
    usual = time.monotonic() - began
    whole = contents(mlsd.work / "whole")
    draw = random.Random(7)
    n_kills, n_going_on = 0, 0
    for k in range(6):
        told = False
        for _ in range(40):
            process = start([*command, "--out", f"report{k}"], mlsd.work)
            try:
                out, err = process.communicate(timeout=usual * (0.2 + draw.random()))
                assert process.returncode == OK, (process.returncode, out, err)
                n_going_on += "went on from what a run that was stopped had finished" in out
                break
            except subprocess.TimeoutExpired:
                process.kill()
                out, _ = process.communicate(timeout=30)
                n_kills += 1
                assert not (mlsd.work / f"report{k}").exists() or set(os.listdir(mlsd.work / f"report{k}")) == REPORT_FILES
                if f"report: report{k}/report.html" in out:  # it had told all, and only its end was cut off
                    told = True
                    break
        assert contents(mlsd.work / f"report{k}") == whole
        assert told or not (mlsd.work / f"report{k}.partial").exists()
    print(f"\n{n_kills} kills, {n_going_on} of 6 runs went on from an earlier one")
    assert n_kills > 0 and n_going_on > 0


def test_a_cancelled_run_goes_on(mlsd, middling_csv):
    """Ctrl-C in the middle of cross-validation, with the report's directory there already."""
    command = ["run", middling_csv, "--target", "y", "--quick", "--out", "report"]
    (mlsd.work / "report").mkdir()
    process = start(command, mlsd.work)
    while not has_journal(mlsd.work / "report/.partial/journal") and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == CANCELLED and "the same command goes on from what was finished" in err
    assert os.listdir(mlsd.work / "report") == [".partial"]
    again = mlsd(*command)
    assert again.code == OK and "went on from what a run that was stopped had finished" in again.out
    assert set(os.listdir(mlsd.work / "report")) == REPORT_FILES
    assert mlsd(*command[:-1], "whole").code == OK
    assert contents(mlsd.work / "report") == contents(mlsd.work / "whole")


def has_journal(path):
    return path.exists() and path.stat().st_size > 8


def test_two_runs_do_not_share_a_directory(mlsd, middling_csv):
    command = ["run", middling_csv, "--target", "y", "--out", "report"]
    process = start(command, mlsd.work)
    while not has_journal(mlsd.work / "report.partial/journal") and process.poll() is None:
        time.sleep(0.005)
    second = mlsd(*command)
    process.kill()
    process.communicate(timeout=30)
    assert_refused(second, IO, "another mlsd run is writing to 'report'", "--out")


def test_looks_across_runs(mlsd, small_csv):
    """The record of looks survives --overwrite; the same experiment shows nothing new, another one does."""
    command = ["run", small_csv, "--target", "y", "--quick", "--out", "report", "--overwrite"]
    looks = []
    for options in ([], [], ["--drop", "x3"], ["--drop", "x4"], [], ["--seed", "9"]):
        outcome = mlsd(*command, *options)
        assert outcome.code == OK, outcome
        n = result_of(mlsd.work / "report")["numbers"]["test.looks"]
        looks.append(n)
        page = (mlsd.work / "report/report.html").read_text()
        said = f"this test part has been looked at {n:.0f} times: its score is no longer that of unseen rows"
        assert (said in " ".join(outcome.out.split())) == (said in page) == (n > 1)
        assert ("test part, looked at once" in outcome.out) == ("looked at once" in page) == (n == 1)
    assert looks == [1, 1, 2, 3, 1, 1]  # another seed draws another test part
    lines = (mlsd.work / "report/looks.csv").read_text().splitlines()
    assert lines[0] == "test,experiment" and len(lines) == 5 and len(set(lines)) == 5
    assert len({line.split(",")[0] for line in lines[1:]}) == 2
    (mlsd.work / "report/looks.csv").write_text("something else\n" + "\n".join(lines[1:]))
    assert mlsd(*command, "--drop", "x5").code == OK
    assert result_of(mlsd.work / "report")["numbers"]["test.looks"] == 4


def read_terminal(arguments, cwd):
    """Run on a terminal of its own and give back all that it showed, and the exit code."""
    main, other = pty.openpty()
    process = subprocess.Popen([TOOL, *map(str, arguments)], cwd=cwd, env=ENVIRONMENT, stdin=other, stdout=other, stderr=other)
    os.close(other)
    shown = b""
    while True:
        ready, _, _ = select.select([main], [], [], 120)
        assert ready, "nothing for two minutes"
        try:
            piece = os.read(main, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    return shown.decode(), process.wait(timeout=30)


def test_progress_on_a_terminal(mlsd, middling_csv):
    shown, code = read_terminal(["run", middling_csv, "--target", "y", "--out", "report"], mlsd.work)
    assert code == OK, shown[-2000:]
    assert re.search(r"cross-validate +\[#*\.*\] +\d+ %", shown)
    assert re.search(r"about \d+ s left", shown)
    result = shown[shown.rindex("\r\x1b[K") + len("\r\x1b[K"):]
    assert "[#" not in result and "report: report/report.html" in result  # the bar is gone before the result
    assert result.replace("\r\n", "\n").startswith(str(middling_csv))
    steps = re.findall(r"\r\x1b\[K([^\r\x1b]*)", shown)
    assert all(len(step) < 80 and "\n" not in step for step in steps if "[" in step)


def test_progress_without_a_terminal(mlsd, middling_csv):
    """At most a line a quarter of each stage; none for what is done at once."""
    outcome = mlsd("run", middling_csv, "--target", "y", "--out", "report")
    assert outcome.code == OK, outcome
    lines = outcome.err.splitlines()
    assert "\r" not in outcome.err and "\x1b" not in outcome.err
    assert all(re.fullmatch(r"[a-z -]+: (25|50|75|100) %", line) for line in lines), outcome.err
    assert len(lines) == len(set(lines)) <= 12
    assert mlsd("run", HMDA, "--target", "deny", "--quick", "--out", "small").err.count("\n") <= 4
