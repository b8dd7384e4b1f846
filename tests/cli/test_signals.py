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

from conftest import CANCELLED, ENVIRONMENT, HMDA, OK, REPORT_FILES, TOOL

N_MOMENTS = 20
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
            assert err == "" and os.listdir(mlsd.work) == []
            continue
        assert process.returncode == CANCELLED, (process.returncode, out, err)
        lines = [line for line in err.splitlines() if not re.fullmatch(r"[a-z -]+: (25|50|75|100) %", line)]
        assert lines == ["mlsd: cancelled; nothing was written"], err
        assert out == "" and os.listdir(mlsd.work) == []
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
    assert set(os.listdir(mlsd.work / "report")) == REPORT_FILES


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
            assert name == "report" or ".partial-" in name
            subprocess.run(["rm", "-r", mlsd.work / name], check=True)


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
